"""From a roster's organisations to changes: governing bodies, schools, sites, school years.

A school is known by its FASE number, or by source and identifier (DOMAIN §4). Only the
Federation's list, and the source by which alone a school is known, change its data: a staff
file's spelling of its name does not.
"""

from dataclasses import dataclass, field
from typing import Any

from sqlalchemy import RowMapping, select

from models.bulk import table_named
from models.language import Wording, say, say_n
from models.school_years import access_ends_on, school_year_on, start_year_of
from models.schools import DEFAULT_CALENDAR, DEFAULT_TIME_ZONE
from models.text import name_key
from services.imports.drafting import Drafting, SchoolPlace
from services.imports.roster import (
    GoverningBodyRecord,
    PostRecord,
    PupilRecord,
    SchoolRecord,
    SchoolYearRecord,
    SiteRecord,
)
from services.plans import update_change

_BODY = ("name", "fase_number", "enterprise_number", "street", "postal_code", "locality")
_SCHOOL = ("name", "enterprise_number", "network", "street", "postal_code", "locality")
_SITE = ("street", "postal_code", "locality")

_NEW_BODY = say("New governing body.")
_NEW_SCHOOL = say("New school.")
_NEW_OFFICE = say("The staff of the governing body itself, kept like a school.")
_NEW_SITE = say("New site.")
_NEW_YEAR = say("New school year.")
_NEW_CALENDAR = say("New calendar, for the school years of this source.")
_CHANGED = say("Changed.")
_NO_NAME = say(
    "Row refused: no school of this FASE number is known; import the list of schools first."
)
_MAY_NOT_CREATE = say("Row refused: this school is not one of yours.")
_UNKNOWN_SCHOOL = say("Row refused: its school is not known.")
_UNKNOWN_YEAR = say("Row refused: its school year is not known.")


@dataclass(slots=True)
class _Year:
    ref: int
    label: str
    first_day: Any
    last_day: Any
    access_ends: Any
    status: str


@dataclass(slots=True)
class Schools:
    """The schools and school years of a roster, found or planned.

    `places` goes by the key of the roster's schools, "" being the school of the request.
    """

    drafting: Drafting
    places: dict[str, SchoolPlace] = field(default_factory=dict)
    refusals: dict[str, Wording] = field(default_factory=dict)
    _years: dict[int, list[_Year]] = field(default_factory=dict)
    _own_calendar: int | None = None
    _shipped_calendar: int | None = None
    _bodies: dict[str, int] = field(default_factory=dict)
    _resolved: dict[tuple[int, str | None], int | None] = field(default_factory=dict)

    def plan(self) -> None:
        """Plan every organisation and school year of the roster."""
        self._load_years()
        self._plan_request_school()
        roster = self.drafting.roster
        known = self._known_schools() if roster.schools or not roster.complete else []
        if self.drafting.owned is None:
            self._plan_bodies()
        self._plan_schools(known)
        if not roster.complete:
            self._place_schools_known(known)
        if self.drafting.owned is None and roster.sites:
            self._plan_sites()
        if self._own_calendar is not None:
            self._plan_years(self._own_calendar)

    def year_of(self, place: SchoolPlace, key: str | None) -> int | None:
        """Return the school year of a row in a school, or None where it cannot be told."""
        wanted = (place.calendar, key)
        if wanted not in self._resolved:
            self._resolved[wanted] = self._year_of(place, key)
        return self._resolved[wanted]

    def refusal(self, post: PostRecord | PupilRecord) -> Wording:
        if post.school in self.places:
            return _UNKNOWN_YEAR
        return self.refusals.get(post.school, _UNKNOWN_SCHOOL)

    # Calendars and years

    def _load_years(self) -> None:
        rows = self.drafting.connection.execute(select(table_named("school_year")))
        for row in rows.mappings():
            self._years.setdefault(row["calendar_id"], []).append(
                _Year(
                    row["id"],
                    row["label"],
                    row["first_day"],
                    row["last_day"],
                    row["access_ends"],
                    row["status"],
                )
            )
        calendar = table_named("calendar")
        code = select(calendar.c.id).where(calendar.c.code == self._calendar_code)
        self._own_calendar = self.drafting.connection.scalar(code)

    @property
    def _calendar_code(self) -> str:
        return f"source:{self.drafting.request.source}"

    def _calendar_for_new(self) -> int:
        """Return the calendar of a new school: the source's own where it states years."""
        drafting = self.drafting
        if not drafting.roster.school_years:
            if self._shipped_calendar is None:
                calendar = table_named("calendar")
                shipped = select(calendar.c.id).where(calendar.c.code == DEFAULT_CALENDAR)
                self._shipped_calendar = int(drafting.connection.execute(shipped).scalar_one())
            return self._shipped_calendar
        if self._own_calendar is None:
            name = drafting.request.source_name or drafting.request.source
            made = drafting.draft.insert("calendar", code=self._calendar_code, name=name)
            self._own_calendar = int(made[2])
            drafting.tell("information", "new", name, _NEW_CALENDAR, [made])
        return self._own_calendar

    def _plan_years(self, calendar: int) -> None:
        drafting = self.drafting
        if drafting.owned is not None:
            return
        known = {year.label: year for year in self._years.get(calendar, [])}
        first_days = [record.first_day for record in drafting.roster.school_years]
        first_days += [year.first_day for year in known.values()]
        for record in drafting.roster.school_years:
            ends = access_ends_on(record.first_day, record.last_day, first_days)
            year = known.get(record.label)
            if year is None:
                known[record.label] = self._new_year(calendar, record, ends)
            elif (year.first_day, year.last_day) != (record.first_day, record.last_day):
                self._change_year(year, record, ends)
        self._years[calendar] = list(known.values())

    def _new_year(self, calendar: int, record: SchoolYearRecord, ends: Any) -> _Year:
        values = {
            "label": record.label,
            "first_day": record.first_day,
            "last_day": record.last_day,
            "access_ends": ends,
            "status": "imported",
        }
        made = self.drafting.draft.insert("school_year", calendar_id=calendar, **values)
        self.drafting.tell("information", "new", record.label, _NEW_YEAR, [made], at=record)
        return _Year(made[2], *values.values())

    def _change_year(self, year: _Year, record: SchoolYearRecord, ends: Any) -> None:
        if year.ref < 0 or year.status == "edited":
            text = say("The days of this school year differ from those kept here, which stay.")
            self.drafting.tell("information", "kept", record.label, text, at=record)
            return
        names = ("first_day", "last_day", "access_ends")
        before = {name: getattr(year, name) for name in names}
        after = dict(zip(names, (record.first_day, record.last_day, ends), strict=True))
        change = update_change("school_year", year.ref, before, after)
        self.drafting.note_change("school_year", year.ref)
        self.drafting.tell("information", "changed", record.label, _CHANGED, [change], at=record)

    def _year_of(self, place: SchoolPlace, key: str | None) -> int | None:
        years = self._years.get(place.calendar, [])
        request = self.drafting.request
        record = next((r for r in self.drafting.roster.school_years if r.key == key), None)
        if record is not None:
            labelled = _with_label(years, record.label)
            return labelled or _ref(school_year_on(record.first_day, years))
        if request.year is not None:
            return _with_label(years, request.year)
        current = school_year_on(request.today, years)
        if current is None and place.calendar == self._own_calendar and years:
            current = max(years, key=lambda year: year.first_day)
        return _ref(current)

    # Governing bodies

    def _plan_bodies(self) -> None:
        drafting = self.drafting
        if not drafting.roster.governing_bodies:
            return
        table = table_named("governing_body")
        by_number: dict[int, Any] = {}
        by_key: dict[str, Any] = {}
        for row in drafting.connection.execute(select(table)).mappings():
            if row["fase_number"] is not None:
                by_number[row["fase_number"]] = row
            if row["source"] == drafting.request.source and row["source_key"] is not None:
                by_key[row["source_key"]] = row
        for record in drafting.roster.governing_bodies:
            found = by_key.get(record.key)
            if record.fase_number is not None:
                found = by_number.get(record.fase_number, found)
            self._plan_body(record, found)

    def _plan_body(self, record: GoverningBodyRecord, found: Any) -> None:
        if record.key in self._bodies:
            return
        drafting = self.drafting
        values = _values_of(record, _BODY)
        if found is None:
            keyed = record.fase_number is None
            made = drafting.draft.insert(
                "governing_body",
                **values,
                name_key=name_key(record.name),
                source=drafting.request.source if keyed else None,
                source_key=record.key if keyed else None,
            )
            self._bodies[record.key] = made[2]
            drafting.tell("information", "new", record.name, _NEW_BODY, [made], at=record)
            return
        self._bodies[record.key] = found["id"]
        if self._may_change(found):
            self._change("governing_body", found, values, record)

    # Schools

    def _known_schools(self) -> list[RowMapping]:
        table = table_named("school")
        return list(self.drafting.connection.execute(select(table)).mappings())

    def _plan_request_school(self) -> None:
        drafting = self.drafting
        school_id = drafting.request.school_id
        if school_id is None:
            roster = drafting.roster
            named = {post.school for post in roster.posts} | {p.school for p in roster.pupils}
            if "" in named:
                drafting.stop(say("Name the school that this file is about."))
            return
        table = table_named("school")
        row = drafting.connection.execute(select(table).where(table.c.id == school_id))
        found = row.mappings().one_or_none()
        if found is None or not self._is_own(school_id):
            drafting.stop(say("There is no such school among yours."))
            return
        self.places[""] = _place(found)

    def _plan_schools(self, known: list[RowMapping]) -> None:
        drafting = self.drafting
        by_number = {row["fase_number"]: row for row in known if row["fase_number"] is not None}
        by_key = {
            row["source_key"]: row for row in known if row["source"] == drafting.request.source
        }
        for record in drafting.roster.schools:
            if record.key in self.places or record.key in self.refusals:
                continue
            found = by_key.get(record.key)
            if record.fase_number is not None:
                found = by_number.get(record.fase_number, found)
            self._plan_school(record, found)

    def _place_schools_known(self, known: list[RowMapping]) -> None:
        """A delta names only what changed: its other schools are known from before."""
        asked = self.drafting.request.school_id
        for row in known:
            key = row["source_key"]
            if row["source"] != self.drafting.request.source or key in self.places:
                continue
            if self._is_own(row["id"]) and asked in (None, row["id"]):
                self.places[key] = _place(row)

    def _plan_school(self, record: SchoolRecord, found: Any) -> None:
        asked = self.drafting.request.school_id
        if found is None:
            if asked is not None:
                number = str(record.fase_number or record.name or record.key)
                self.refusals[record.key] = _other(number)
            elif self.drafting.owned is not None:
                self.refusals[record.key] = _MAY_NOT_CREATE
            elif not record.name:
                self.refusals[record.key] = _NO_NAME
            else:
                self._new_school(record)
            return
        if not self._is_own(found["id"]):
            self.refusals[record.key] = _MAY_NOT_CREATE
            return
        if asked is not None and found["id"] != asked:
            self.refusals[record.key] = _other(str(found["fase_number"] or found["name"]))
            return
        self.places[record.key] = _place(found)
        if self.drafting.owned is not None:
            return
        values: dict[str, Any] = {}
        if self._may_change(found):
            values = _values_of(record, _SCHOOL)
            if (body := self._bodies.get(record.governing_body or "")) is not None:
                values["governing_body_id"] = body
        if self._keeps_keys and found["source"] is None:
            values["source"], values["source_key"] = self.drafting.request.source, record.key
        self._change("school", found, values, record)

    def _new_school(self, record: SchoolRecord) -> None:
        drafting = self.drafting
        keyed = record.fase_number is None or self._keeps_keys
        made = drafting.draft.insert(
            "school",
            **_values_of(record, _SCHOOL),
            name_key=name_key(record.name),
            kind=record.kind,
            fase_number=record.fase_number,
            source=drafting.request.source if keyed else None,
            source_key=record.key if keyed else None,
            governing_body_id=self._bodies.get(record.governing_body or ""),
            calendar_id=self._calendar_for_new(),
            time_zone=DEFAULT_TIME_ZONE,
            language="fr",
            contact_name="",
            contact_email="",
            contact_phone="",
        )
        self.places[record.key] = SchoolPlace(
            made[2],
            self._calendar_for_new(),
            str(record.fase_number or record.key),
            record.name,
        )
        text = _NEW_OFFICE if record.kind == "office" else _NEW_SCHOOL
        drafting.tell("information", "new", record.name, text, [made], at=record)

    def _is_own(self, school_id: int) -> bool:
        owned = self.drafting.owned
        return owned is None or school_id in owned

    @property
    def _keeps_keys(self) -> bool:
        """Whether the source names its schools by an identifier, in a delta by nothing else."""
        return self.drafting.request.format in ("oneroster", "sds")

    def _may_change(self, found: RowMapping) -> bool:
        """Whether this source is the one that a school's or governing body's data are from."""
        request = self.drafting.request
        if request.format == "schools":
            return True
        return found["fase_number"] is None and found["source"] == request.source

    # Sites

    def _plan_sites(self) -> None:
        drafting = self.drafting
        table = table_named("site")
        known = {
            (row["school_id"], row["fase_number"]): row
            for row in drafting.connection.execute(select(table)).mappings()
        }
        made: dict[int, list[Any]] = {}
        at: dict[int, SiteRecord] = {}
        for record in drafting.roster.sites:
            place = self.places.get(record.school)
            if place is None:
                continue
            values = _values_of(record, _SITE)
            found = known.get((place.ref, record.fase_number))
            if found is not None:
                self._change("site", found, values, record, label=place.name)
                continue
            new = drafting.draft.insert(
                "site", school_id=place.ref, fase_number=record.fase_number, **values
            )
            made.setdefault(place.ref, []).append(new)
            at.setdefault(place.ref, record)
        names = {place.ref: place.name for place in self.places.values()}
        for school, changes in made.items():
            text = (
                _NEW_SITE
                if len(changes) == 1
                else say_n("%(count)s new site.", "%(count)s new sites.", len(changes))
            )
            drafting.tell(
                "information", "new", names[school], text, changes, at=at[school], school_id=school
            )

    def _change(
        self, table: str, found: Any, values: dict[str, Any], record: Any, label: str = ""
    ) -> None:
        """Plan the difference between a row and a record; what the record omits stays."""
        after = {
            name: value
            for name, value in values.items()
            if value not in (None, "") and value != found[name]
        }
        if not after:
            return
        if "name" in after:
            after["name_key"] = name_key(after["name"])
        before = {name: found[name] for name in after}
        self.drafting.note_change(table, found["id"])
        self.drafting.tell(
            "information",
            "changed",
            label or found["name"],
            _CHANGED,
            [update_change(table, found["id"], before, after)],
            at=record,
        )


def _values_of(record: Any, names: tuple[str, ...]) -> dict[str, Any]:
    values = {name: getattr(record, name) for name in names}
    if "enterprise_number" in values:
        values["enterprise_number"] = values["enterprise_number"] or ""
    return values


def _place(row: RowMapping) -> SchoolPlace:
    number = row["fase_number"] or row["source_key"] or row["id"]
    return SchoolPlace(row["id"], row["calendar_id"], str(number), row["name"])


def _other(school: str) -> Wording:
    return say("Row refused: it is about another school (%(school)s).", school=school)


def _with_label(years: list[_Year], label: str) -> int | None:
    start = start_year_of(label)
    for year in years:
        if year.label == label or (start is not None and start_year_of(year.label) == start):
            return year.ref
    return None


def _ref(year: _Year | None) -> int | None:
    return None if year is None else year.ref
