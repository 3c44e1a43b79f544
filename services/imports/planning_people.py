"""From a roster's people and posts to changes: persons, posts, accesses, who left, doubles.

One line of the plan holds all that one person's rows in one school change: the person, the
post, the accesses. So that 100,000 rows take seconds, rows are lists in the order of the
column names below, and nothing is an ORM object.
"""

from collections import Counter, defaultdict
from collections.abc import Iterable
from dataclasses import dataclass, field
from datetime import date
from typing import Any

from sqlalchemy import select

from models.access import search_key_for
from models.addresses import address_key
from models.bulk import neutral, table_named
from models.consents import SIGNED_FORM
from models.functions import FUNCTION_RANK, FUNCTIONS
from models.language import N_, Wording, say
from models.roles import role_from
from services.belonging import NOT_FROM_HERE
from services.imports.differences import differences, sentences
from services.imports.drafting import MASS_FROM, Drafting, SchoolPlace
from services.imports.matching import (
    PERSON,
    Days,
    Home,
    Incoming,
    Known,
    Matched,
    Register,
    load_register,
    match,
)
from services.imports.planning_doubles import plan_doubles
from services.imports.planning_schools import Schools
from services.imports.roster import PostRecord
from services.plans import NOW, update_change

KEY = ("source_id", "key", "person_id")
_POST = (
    "person_id", "school_id", "school_year_id", "source_id", "function", "other_functions",
    "role", "start_date", "exit_date", "present", "school_email", "school_email_key",
    "school_email_field",
)  # fmt: skip
ACCESS = (
    "person_id", "school_id", "school_year_id", "service_id", "post_id", "search_key",
    "function_key",
)  # fmt: skip
SUSPENSION = ("access_id", "school_id", "reason")
#: What every new row of a table has alike; not written again for each.
ALIKE: dict[str, dict[str, Any]] = {
    "person": {"created_at": NOW, "merged_into_id": None},
    "post": {"role_by_hand": False, "created_at": NOW, "disappeared_at": None},
    "access": {"granted_at": NOW, "activated_at": None, "activation": ""},
    "suspension": {"from_at": NOW, "until_at": None},
}
LEFT = "left"
_NEW_PERSON = say("New person: post and access created.")
_NEW_POST = say("Person known already: post and access created.")
_FURTHER_POST = say("Further post of this person: post and access created.")
_NEW_LEFT = say("New, but has left already: the access is created deactivated.")
_NEW_ACCESS = say("Access created.")
_HAS_LEFT = say("Has left: the exit date has passed and presence is unticked; access deactivated.")
_CAME_BACK = say("Has come back: access reactivated.")
_REAPPEARED = say("Is in the file again.")
_DISAPPEARED = say(
    "Disappeared: no longer in the file; the access stays until somebody deactivates it."
)
_REMOVED = say("Removed in the source; the access stays until somebody deactivates it.")
_STILL_PRESENT = N_("The exit date (%(day)s) has passed, but presence is still ticked.")
_NOT_STATED = N_(
    "The exit date (%(day)s) has passed; the file does not tell whether still present."
)
_NOT_PRESENT = say("Presence is unticked, but no exit date has passed.")
_BY_NAME = say(
    "Recognised by the name alone, with another address than before: "
    "check that this is the same person."
)
_KNOWN_ELSEWHERE = say("Known already in another school: what is recorded there stays.")
_REUSED_KEY = say("Row refused: its identifier names somebody else in this file.")
_HIDDEN_KEY = say("Row refused: its identifier names somebody in another school.")
_UNKNOWN_PERSON = say("Row refused: nobody of this identifier is known, and no name is given.")
_KEY_RECORDED = say("The source’s identifier is recorded.")
_RECORDED = say("The field that the address comes from is recorded.")
_ROLE_KEPT = say("The role was set by hand and is kept.")
_ADDRESS_KEPT = say("The address that was signed for is kept; the file has another one.")
_CONSENT_GONE = say("The signed consent does not cover the new address.")
_IDENTITY = frozenset(("surname_key", "first_name_key", "birth_date"))


@dataclass(slots=True, eq=False)
class _Post:
    """A post in the database, neutral values; `accesses` are service → (id, open suspension)."""

    id: int
    person_id: int
    school_id: int
    year_id: int
    source_id: int | None
    values: dict[str, Any]
    role_by_hand: bool
    disappeared_at: str | None
    accesses: dict[int, tuple[int, int | None]] = field(default_factory=dict)
    seen: bool = False


@dataclass(slots=True)
class _Touched:
    """How many of a school's people an import changes gravely, against those it had."""

    had: Counter[int] = field(default_factory=Counter)
    people: defaultdict[int, set[int]] = field(default_factory=lambda: defaultdict(set))


class People:
    """Plans the people of a roster, once its schools are planned."""

    def __init__(self, drafting: Drafting, schools: Schools) -> None:
        self.drafting = drafting
        self.schools = schools
        self.today = drafting.request.today.isoformat()
        self.days = Days()
        self.posts: dict[tuple[int, int, int], _Post] = {}
        self.touched = _Touched()
        self.gone_posts = 0
        self.gone_people: set[int] = set()
        self.services: list[int] = []
        self.changed_people: list[tuple[Incoming, Known]] = []
        #: What the families of the same roster need to know: who is made here, with the values
        #: of the row, and the school addresses and identifiers that this import brings.
        self.made: dict[int, list[Any]] = {}
        self.school_emails: dict[int, set[str]] = {}
        self.key_refs: dict[str, int] = {}
        self._consents: set[tuple[int, str]] | None = None
        self._roles: dict[str, str | None] = {}
        self._places = {p.ref: p for p in schools.places.values()}
        for table, names in (
            ("person", PERSON), ("person_key", KEY), ("post", _POST), ("access", ACCESS),
            ("suspension", SUSPENSION),
        ):  # fmt: skip
            drafting.draft.columns[table] = names
            drafting.draft.constants[table] = ALIKE.get(table, {})

    # The order of things

    def plan(self) -> None:
        """Plan every post of the roster, then who is missing from it, then doubles."""
        drafting = self.drafting
        service = table_named("service")
        granted = select(service.c.id).where(service.c.granted_by_post.is_(True))
        self.services = sorted(drafting.connection.scalars(granted))
        located = self._locate()
        known_schools = frozenset(ref for ref in self._places if ref > 0)
        self._load_posts(known_schools)
        drafting.look()
        people = drafting.roster.people
        register = load_register(
            drafting.connection, people, drafting.source_id, known_schools, drafting.owned
        )
        drafting.look()
        matched = match(people, register, self._homes(located, register))
        self._refuse_rows(matched)
        rows = self._merged_rows(located, matched.who)
        drafting.look()
        self._plan_rows(rows)
        self._plan_missing(rows, matched.who, register)
        drafting.look()
        plan_doubles(drafting, self._looked_at(matched), register)
        self._ask_before_mass_change()

    # Where the rows belong

    def _locate(self) -> list[tuple[SchoolPlace, int] | None]:
        """Return school and school year of each post, None for one that is refused."""
        places, year_of = self.schools.places, self.schools.year_of
        found: dict[tuple[str, str | None], tuple[SchoolPlace, int] | None] = {}
        located = []
        for post in self.drafting.roster.posts:
            where = (post.school, post.year)
            if where not in found:
                place = places.get(post.school)
                year = year_of(place, post.year) if place is not None else None
                found[where] = None if place is None or year is None else (place, year)
            spot = found[where]
            located.append(spot)
            if spot is None:
                self._refuse(post.person, self.schools.refusal(post), post)
        return located

    def _refuse(self, person: int, text: Wording, at: Any) -> None:
        record = self.drafting.roster.people[person]
        self.drafting.tell("error", "refused", f"{record.surname} {record.first_name}", text, at=at)

    def _refuse_rows(self, matched: Matched) -> None:
        people = self.drafting.roster.people
        for index in matched.reused_keys:
            self._refuse(index, _REUSED_KEY, people[index])
        for index in matched.hidden_keys:
            self._refuse(index, _HIDDEN_KEY, people[index])
            matched.who[index] = None

    # What is known

    def _load_posts(self, schools: frozenset[int]) -> None:
        if not schools:
            return
        connection = self.drafting.connection
        table = table_named("post")
        names = [n for n in _POST if n not in _KEY_COLUMNS]
        columns = [table.c[name] for name in names]
        statement = select(
            table.c.id, table.c.person_id, table.c.school_id, table.c.school_year_id,
            table.c.source_id, table.c.role_by_hand, table.c.disappeared_at, *columns,
        ).where(table.c.school_id.in_(sorted(schools)))  # fmt: skip
        by_id: dict[int, _Post] = {}
        days = self.days
        for row in connection.execute(statement):
            values = dict(zip(names, row[7:], strict=True))
            values["start_date"], values["exit_date"] = (
                days[values["start_date"]],
                days[values["exit_date"]],
            )
            post = _Post(row[0], row[1], row[2], row[3], row[4], values, row[5], neutral(row[6]))
            by_id[post.id] = self.posts[row[1], row[2], row[3]] = post
        if by_id:
            self._load_accesses(schools, by_id)

    def _load_accesses(self, schools: frozenset[int], by_id: dict[int, _Post]) -> None:
        connection = self.drafting.connection
        access, suspension = table_named("access"), table_named("suspension")
        suspended = {
            row[0]: row[1]
            for row in connection.execute(
                select(suspension.c.access_id, suspension.c.id).where(
                    suspension.c.until_at.is_(None), suspension.c.reason == LEFT
                )
            )
        }
        statement = select(access.c.post_id, access.c.service_id, access.c.id).where(
            access.c.school_id.in_(sorted(schools))
        )
        for post_id, service_id, access_id in connection.execute(statement):
            if post_id in by_id:
                by_id[post_id].accesses[service_id] = (access_id, suspended.get(access_id))

    def _homes(
        self, located: list[tuple[SchoolPlace, int] | None], register: Register
    ) -> list[Home]:
        """Return for each person of the roster who was in their first school before."""
        nowhere: Home = {}
        by_school: dict[int, Home] = {}
        for post in self.posts.values():
            known = register.by_id.get(post.person_id)
            if known is not None and post.source_id == self.drafting.source_id:
                home = by_school.setdefault(post.school_id, {})
                namesakes = home.setdefault((known.values[2], known.values[3]), [])
                if known not in namesakes:
                    namesakes.append(known)
        homes = [nowhere] * len(self.drafting.roster.people)
        if by_school:
            for post_record, spot in zip(self.drafting.roster.posts, located, strict=True):
                if spot is not None:
                    homes[post_record.person] = by_school.get(spot[0].ref, nowhere)
        return homes

    # Rows

    def _merged_rows(
        self, located: list[tuple[SchoolPlace, int] | None], who: list[Incoming | None]
    ) -> dict[tuple[int, int, int], tuple[Incoming, SchoolPlace, int, PostRecord]]:
        """Bring the rows of one person in one school and school year together."""
        rows: dict[tuple[int, int, int], tuple[Incoming, SchoolPlace, int, PostRecord]] = {}
        for post, spot in zip(self.drafting.roster.posts, located, strict=True):
            person = who[post.person]
            if spot is None or person is None:
                continue
            if not person.surname_key and person.known is None:
                if not (record := person.record).removed:
                    self._tell("error", "refused", person, None, record, _UNKNOWN_PERSON)
                continue
            place, year = spot
            key = (id(person), place.ref, year)
            if key in rows:
                _merge_posts(rows[key][3], post)
            else:
                rows[key] = (person, place, year, post)
        return rows

    def _plan_rows(self, rows: dict[Any, tuple[Incoming, SchoolPlace, int, PostRecord]]) -> None:
        tick = self.drafting.ticker(len(rows))
        for done, (person, place, year, record) in enumerate(rows.values()):
            tick(done)
            known = self.posts.get((person.ref, place.ref, year)) if person.ref > 0 else None
            removed = record.removed or person.removed
            if known is not None:
                self._plan_known_post(person, place, known, record, removed)
            elif not removed:
                self._plan_new_post(person, place, year, record)

    def _plan_new_post(
        self, person: Incoming, place: SchoolPlace, year: int, record: PostRecord
    ) -> None:
        is_new = person.ref == 0
        told: list[Wording] = []
        if is_new:
            changes = self._new_person(person)
        else:
            changes, told = self._person_changes(person, place)
        post = self._post_values(person, place, year, record)
        refs = self.drafting.draft.new_ref
        post_ref = refs("post")
        changes.append(["+", "post", post_ref, post])
        if post[11] and person.ref < 0:
            self.school_emails.setdefault(person.ref, set()).add(post[11])
        gone = self._is_gone(post[8], record.present)
        search = self._search_key(person, post[11])
        for service in self.services:
            access = refs("access")
            values = [person.ref, place.ref, year, service, post_ref, search, post[4]]
            changes.append(["+", "access", access, values])
            if gone:
                changes.append(["+", "suspension", refs("suspension"), [access, place.ref, LEFT]])
        text = _NEW_PERSON if is_new else _NEW_POST if person.ref > 0 else _FURTHER_POST
        text = _NEW_LEFT if gone else text
        if told:
            text = sentences([*told, text])
        self._tell("warning", "new", person, place, record, text, changes)
        self._tell_anomaly(person, place, record, post[8], gone)

    def _search_key(self, person: Incoming, school_email_key: str | None) -> str:
        """Return an access's search key; "" lets the database make it from the person's row."""
        if person.ref > 0:
            return ""
        return search_key_for(
            person.surname_key, person.first_name_key, person.email_key, school_email_key
        )

    def _new_person(self, person: Incoming) -> list[Any]:
        record = person.record
        draft = self.drafting.draft
        person.ref = draft.new_ref("person")
        values = [
            record.surname, record.first_name, person.surname_key, person.first_name_key,
            person.birth, person.number, record.sex, record.language,
            record.personal_email or None, person.email_key, record.personal_email_field,
        ]  # fmt: skip
        self.made[person.ref] = values
        changes: list[Any] = [["+", "person", person.ref, values]]
        if person.key is not None:
            changes.append(self._new_key(person))
        return changes

    def _new_key(self, person: Incoming) -> list[Any]:
        assert person.key is not None
        self.key_refs[person.key] = person.ref
        values = [self.drafting.source_id, person.key, person.ref]
        return ["+", "person_key", self.drafting.draft.new_ref("person_key"), values]

    def _post_values(
        self, person: Incoming, place: SchoolPlace, year: int, record: PostRecord
    ) -> list[Any]:
        email = record.school_email
        return [
            person.ref, place.ref, year, self.drafting.source_id, record.function,
            record.other_functions, self._role(person, record) if record.role else None,
            self.days[record.start_date], self.days[record.exit_date],
            record.present is not False, email or None, address_key(email) if email else None,
            record.school_email_field,
        ]  # fmt: skip

    def _role(self, person: Incoming, record: PostRecord) -> str | None:
        role = self._roles.get(record.role)
        if role is None and record.role not in self._roles:
            role = self._roles[record.role] = role_from(record.role)
        if role is None:
            text = say(
                "The role “%(role)s” is not known; the function’s is used.", role=record.role
            )
            self._tell("warning", "role", person, None, record, text)
        return role

    def _is_gone(self, exit_day: str | None, present: bool | None) -> bool:
        """Exit date passed and presence unticked (DOMAIN §3, "Who loses it")."""
        return present is False and exit_day is not None and exit_day < self.today

    def _tell_anomaly(
        self,
        person: Incoming,
        place: SchoolPlace,
        record: PostRecord,
        exit_day: str | None,
        gone: bool,
    ) -> None:
        if gone:
            return
        if exit_day is not None and exit_day < self.today:
            sentence = _STILL_PRESENT if record.present else _NOT_STATED
            text = Wording(sentence, {"day": date.fromisoformat(exit_day)})
        elif record.present is False:
            text = _NOT_PRESENT
        else:
            return
        self._tell("warning", "anomaly", person, place, record, text)

    # Persons known

    def _person_changes(
        self, person: Incoming, place: SchoolPlace
    ) -> tuple[list[Any], list[Wording]]:
        """Return what the file changes in a person, and how to tell it; once for each."""
        # Once is enough, however many posts follow.
        known, person.known = person.known, None
        if known is None:
            return [], []
        after = self._person_difference(person, known)
        self._keep_signed(person, place, known, after)
        if not known.visible:
            return [], [_KNOWN_ELSEWHERE] if after else []
        changes: list[Any] = []
        told: list[Wording] = []
        if after:
            before = {name: known.values[PERSON.index(name)] for name in after}
            changes.append(update_change("person", known.id, before, after))
            self.drafting.note_change("person", known.id)
            told = self._weigh_person(person, place, known, before, after)
        if person.key is not None and person.key not in known.keys.get(self.drafting.source_id, ()):
            changes.append(self._new_key(person))
            told = told or [_KEY_RECORDED]
        return changes, told

    def _person_difference(self, person: Incoming, known: Known) -> dict[str, Any]:
        record = person.record
        new = [
            record.surname, record.first_name, person.surname_key, person.first_name_key,
            person.birth, person.number, record.sex, record.language,
            record.personal_email or None, person.email_key, record.personal_email_field,
        ]  # fmt: skip
        if new == known.values:
            return {}
        after = {
            name: value
            for name, value, old in zip(PERSON, new, known.values, strict=True)
            if value not in (None, "") and value != old
        }
        for name, key in (("surname", "surname_key"), ("first_name", "first_name_key")):
            if name in after and key not in after and _is_poorer(after[name], known.values, name):
                del after[name]
        if "personal_email" in after and "personal_email_key" not in after:
            del after["personal_email"]
        return after

    def _keep_signed(
        self, person: Incoming, place: SchoolPlace, known: Known, after: dict[str, Any]
    ) -> None:
        """Leave the address alone that was signed for, until the source has it too; and that
        of somebody whom another school writes to as well."""
        field = known.values[PERSON.index("personal_email_field")]
        signed = field == SIGNED_FORM
        if "personal_email_key" not in after or not (signed or known.shared):
            return
        for name in ("personal_email", "personal_email_key", "personal_email_field"):
            after.pop(name, None)
        if known.shared:
            self._tell("warning", "kept", person, place, person.record, NOT_FROM_HERE)
        elif known.visible:
            self._tell("information", "kept", person, place, person.record, _ADDRESS_KEPT)

    def _weigh_person(
        self,
        person: Incoming,
        place: SchoolPlace,
        known: Known,
        before: dict[str, Any],
        after: dict[str, Any],
    ) -> list[Wording]:
        """Take note of a person's changes and of what follows from them; return how to tell."""
        self.changed_people.append((person, known))
        if any(before[name] for name in _IDENTITY & after.keys()):
            self.touched.people[place.ref].add(known.id)
        if "personal_email_key" in after and before["personal_email_key"]:
            self._tell_address(person, place, before["personal_email_key"], known.id, person.record)
            if person.by_name:
                self._tell("warning", "identity", person, place, person.record, _BY_NAME)
        what = differences(before, after)
        return [what] if what is not None else []

    def _tell_address(
        self, person: Incoming, place: SchoolPlace, old: str, person_id: int, at: Any
    ) -> None:
        if self._consents is None:
            table = table_named("consent")
            live = select(table.c.person_id, table.c.email_key).where(
                table.c.withdrawn_at.is_(None)
            )
            if (owned := self.drafting.owned) is not None:
                live = live.where(table.c.school_id.in_(sorted(owned)))
            self._consents = {(row[0], row[1]) for row in self.drafting.connection.execute(live)}
        if (person_id, old) in self._consents:
            self._tell("warning", "address", person, place, at, _CONSENT_GONE)

    # Posts known

    def _plan_known_post(
        self,
        person: Incoming,
        place: SchoolPlace,
        known: _Post,
        record: PostRecord,
        removed: bool,
    ) -> None:
        known.seen = True
        if removed:
            self._plan_disappeared(person.ref, person.label, place, known, _REMOVED, record)
            return
        changes, told = self._person_changes(person, place)
        after = self._post_difference(person, place, known, record)
        if (what := differences(known.values, after)) is not None:
            told.append(what)
        if known.disappeared_at is not None:
            after["disappeared_at"] = None
            if known.source_id != self.drafting.source_id:
                after["source_id"] = self.drafting.source_id
            told.append(_REAPPEARED)
        if after:
            changes.append(update_change("post", known.id, _before(known, after), after))
            self.drafting.note_change("post", known.id)
        level, action = "information", "changed"
        exit_day = self.days[record.exit_date]
        present = known.values["present"] if record.present is None else record.present
        gone = self._is_gone(exit_day, present)
        if moved := self._accesses(known, place, gone):
            extra, text = moved
            changes += extra
            told.append(text)
            level, action = "warning", "access"
            if text is _HAS_LEFT:
                self.touched.people[place.ref].add(known.person_id)
        if changes:
            text = sentences(told) if told else _RECORDED
            self._tell(level, action, person, place, record, text, changes)
        elif told:
            self._tell("information", "kept", person, place, record, sentences(told))
        self._tell_anomaly(person, place, record, exit_day, gone)

    def _post_difference(
        self, person: Incoming, place: SchoolPlace, known: _Post, record: PostRecord
    ) -> dict[str, Any]:
        old = known.values
        email = record.school_email
        new: dict[str, Any] = {}
        if record.function:
            new["function"], new["other_functions"] = record.function, record.other_functions
        if record.role and (role := self._role(person, record)):
            if not known.role_by_hand:
                new["role"] = role
            elif role != old["role"]:
                self._tell("information", "kept", person, place, record, _ROLE_KEPT)
        if record.start_date is not None:
            new["start_date"] = self.days[record.start_date]
        new["exit_date"] = self.days[record.exit_date]
        if record.present is not None:
            new["present"] = record.present
        if email:
            key = address_key(email)
            if key != old["school_email_key"] and old["school_email_field"] == SIGNED_FORM:
                self._tell("information", "kept", person, place, record, _ADDRESS_KEPT)
                email = ""
            elif key != old["school_email_key"]:
                new["school_email"], new["school_email_key"] = email, key
                if old["school_email_key"]:
                    self._tell_address(
                        person, place, old["school_email_key"], known.person_id, record
                    )
        if email:
            new["school_email_field"] = record.school_email_field
        return {name: value for name, value in new.items() if value != old[name]}

    def _accesses(
        self, known: _Post, place: SchoolPlace, gone: bool
    ) -> tuple[list[Any], Wording] | None:
        """Return what a known post's accesses need: made, suspended, or ended suspension."""
        refs = self.drafting.draft.new_ref
        changes: list[Any] = []
        text: Wording | None = None
        for service in self.services:
            if service not in known.accesses:
                access = refs("access")
                # Without a search key the database makes it, from what it then knows.
                values = [known.person_id, place.ref, known.year_id, service, known.id, "", ""]
                changes.append(["+", "access", access, values])
                text = _NEW_ACCESS
                if gone:
                    changes.append(
                        ["+", "suspension", refs("suspension"), [access, place.ref, LEFT]]
                    )
                continue
        for access_id, suspension in known.accesses.values():
            if gone and suspension is None:
                changes.append(
                    ["+", "suspension", refs("suspension"), [access_id, place.ref, LEFT]]
                )
                text = _HAS_LEFT
            elif suspension is not None and not gone:
                ended = update_change(
                    "suspension", suspension, {"until_at": None}, {"until_at": NOW}
                )
                changes.append(ended)
                text = _CAME_BACK
            else:
                continue
            self.drafting.note_change("access", access_id)
        return (changes, text) if text is not None else None

    # Who is missing

    def _plan_missing(
        self,
        rows: dict[Any, tuple[Incoming, SchoolPlace, int, PostRecord]],
        who: list[Incoming | None],
        register: Register,
    ) -> None:
        covered = {(place.ref, year) for _person, place, year, _record in rows.values()}
        for post in self.posts.values():
            if (post.school_id, post.year_id) in covered and post.disappeared_at is None:
                self.touched.had[post.school_id] += 1
        if self.drafting.roster.complete:
            covered |= self._empty_schools(covered)
            for post in self.posts.values():
                if not post.seen and (post.school_id, post.year_id) in covered:
                    self._plan_leaver(post, register, _DISAPPEARED)
        gone = {one.ref: one for one in who if one is not None and one.removed and one.ref > 0}
        if gone:
            for post in self.posts.values():
                if not post.seen and post.person_id in gone:
                    self._plan_leaver(post, register, _REMOVED, gone[post.person_id].record)

    def _empty_schools(self, covered: set[tuple[int, int]]) -> set[tuple[int, int]]:
        """A school that a source names with nobody in it any more has lost everybody."""
        named = {self.schools.places[r.key].ref for r in self.drafting.roster.schools
                 if r.key in self.schools.places}  # fmt: skip
        empty = named - {school for school, _year in covered}
        years = {year for _school, year in covered}
        return {(school, year) for school in empty for year in years}

    def _plan_leaver(
        self, post: _Post, register: Register, text: Wording, record: Any = None
    ) -> None:
        if post.source_id != self.drafting.source_id or post.disappeared_at is not None:
            return
        post.seen = True
        known = register.by_id.get(post.person_id)
        label = f"{known.values[0]} {known.values[1]}" if known else ""
        place = self._places[post.school_id]
        self._plan_disappeared(post.person_id, label, place, post, text, record)

    def _plan_disappeared(
        self, person_id: int, label: str, place: SchoolPlace, post: _Post, text: Wording, at: Any
    ) -> None:
        if post.disappeared_at is not None:
            return
        change = update_change("post", post.id, {"disappeared_at": None}, {"disappeared_at": NOW})
        self.gone_posts += 1
        self.gone_people.add(person_id)
        self.touched.people[place.ref].add(person_id)
        self.drafting.tell(
            "warning", "disappeared", label, text, [change], at=at,
            person_id=person_id, school_id=place.ref,
        )  # fmt: skip

    def _looked_at(self, matched: Matched) -> list[Incoming]:
        """Return whom somebody known may be the same person as: those new or changed."""
        looked: dict[int, Incoming] = {}
        for one in matched.who:
            if one is not None and one.ref < 0:
                looked[id(one)] = one
        for one, known in self.changed_people:
            # Taken away when the changes were told, and needed to tell one from oneself.
            one.known = known
            looked[id(one)] = one
        return list(looked.values())

    # Mass change

    def _ask_before_mass_change(self) -> None:
        request = self.drafting.request
        worst: tuple[float, str, int, int] | None = None
        for school, people in self.touched.people.items():
            had, lost = self.touched.had[school], len(people)
            if had and lost >= MASS_FROM and lost / had > request.mass_share:
                found = (lost / had, self._places[school].number, lost, had)
                worst = max(worst, found) if worst is not None else found
        if worst is None:
            return
        _share, number, lost, had = worst
        self.drafting.draft.confirm_number = number
        text = say(
            "%(lost)s of the %(had)s people of school %(school)s would disappear, be "
            "deactivated or change identity: is this the right file?",
            lost=lost,
            had=had,
            school=number,
        )
        self.drafting.tell("warning", "mass", "", text)

    # Telling

    def _tell(
        self,
        level: Any,
        action: str,
        person: Incoming,
        place: SchoolPlace | None,
        at: Any,
        text: Wording,
        changes: list[Any] | None = None,
    ) -> None:
        self.drafting.tell(
            level, action, person.label, text, changes, at=at,
            person_id=person.ref, school_id=place.ref if place is not None else None,
        )  # fmt: skip


_KEY_COLUMNS = frozenset(("person_id", "school_id", "school_year_id", "source_id"))


def _merge_posts(kept: PostRecord, more: PostRecord) -> None:
    """Bring a further row of the same person, school and year into the first.

    The highest function leads, the others follow; the stretch is the widest that the rows
    tell; one row that is still present makes the person present.
    """
    functions = _codes(kept) | _codes(more)
    ranked = sorted(functions, key=lambda code: FUNCTION_RANK.get(code, len(FUNCTIONS)))
    if ranked:
        kept.function, kept.other_functions = ranked[0], ",".join(ranked[1:])
    kept.role = kept.role or more.role
    starts = [day for day in (kept.start_date, more.start_date) if day is not None]
    kept.start_date = min(starts, default=None)
    ends = (kept.exit_date, more.exit_date)
    kept.exit_date = None if None in ends else max(day for day in ends if day is not None)
    kept.present = _either(kept.present, more.present)
    kept.removed = kept.removed and more.removed
    if not kept.school_email:
        kept.school_email, kept.school_email_field = more.school_email, more.school_email_field


def _codes(post: PostRecord) -> set[str]:
    return {code for code in (post.function, *post.other_functions.split(",")) if code}


def _either(one: bool | None, other: bool | None) -> bool | None:
    if one is None or other is None:
        return one if other is None else other
    return one or other


def _is_poorer(new: str, values: list[Any], name: str) -> bool:
    """Tell whether a spelling of the same name says less: all capitals, or without accents."""
    old: str = values[PERSON.index(name)]
    return (new.isupper() and not old.isupper()) or (new.isascii() and not old.isascii())


def _before(post: _Post, after: Iterable[str]) -> dict[str, Any]:
    own = {"disappeared_at": post.disappeared_at, "source_id": post.source_id}
    return {name: own[name] if name in own else post.values[name] for name in after}
