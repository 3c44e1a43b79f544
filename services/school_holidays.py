"""Days without school, brought in from a published list of a calendar (openholidaysapi, CSV).

The law gives the first and the last day of a school year, and not its holidays: those of each
year are decided and published. So none is shipped; the office reads a list in by a plan.
"""

import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from datetime import date
from typing import Any

from sqlalchemy import select
from sqlmodel import col

from models.database import ActorSession
from models.errors import TrousseauError
from models.language import N_, Wording, say
from models.schools import Calendar, SchoolHoliday
from models.scope import require_change
from models.text import clean, squeeze
from services import plans
from services.imports.files import open_source
from services.imports.tables import Table, open_table

PLAN_KIND = "school_holidays"
#: What the list calls its columns, and those that a row can't do without.
_COLUMNS = ("Id", "StartDate", "EndDate", "Type", "Name", "Groups")
_NEEDED = ("Id", "StartDate", "Name")
#: Longer than this no holidays are: a row that says so is mistaken.
_LONGEST_DAYS = 100
_LONGEST_NAME, _LONGEST_KEY = 100, 80
_NAME = re.compile(r"([A-Z]{2}) (.+)")


class HolidaysRefused(TrousseauError):
    """No list of school holidays can be read into this calendar."""

    heading = N_("School holidays")


@dataclass(frozen=True, slots=True)
class HolidayRow:
    """Holidays of a calendar: both days inclusive, names by language."""

    id: int
    first_day: date
    last_day: date
    names: Mapping[str, str]


@dataclass(frozen=True, slots=True)
class _Read:
    """One row of the list."""

    key: str
    first_day: date
    last_day: date
    names: dict[str, str]


def of_calendar(session: ActorSession, calendar_id: int) -> list[HolidayRow]:
    """Return the holidays of a calendar, in order."""
    return [
        HolidayRow(row.id or 0, row.first_day, row.last_day, row.names)
        for row in _stored(session, calendar_id)
    ]


def _stored(session: ActorSession, calendar_id: int) -> list[SchoolHoliday]:
    rows = session.scalars(
        select(SchoolHoliday)
        .where(col(SchoolHoliday.calendar_id) == calendar_id)
        .order_by(col(SchoolHoliday.first_day))
    )
    return list(rows)


def plan_holidays(
    session: ActorSession,
    content: bytes,
    calendar_id: int,
    *,
    group: str = "",
    name: str = "",
) -> int:
    """Compute and store the plan that takes a list over into a calendar; return its id.

    `content` is a CSV as openholidaysapi gives it (a byte-order mark, `;`, an empty end for one
    day); `group` is whose holidays are read where the list names several ("FR"), "" for
    all. What stands in the calendar already is brought to what the list says, and what the list
    no longer has stays. Raises `HolidaysRefused` for an unknown calendar, `OutOfScope` for
    whoever may not change calendars.
    """
    require_change(session.actor, "school_holiday")
    calendar = session.scalars(
        select(Calendar).where(col(Calendar.id) == calendar_id)
    ).one_or_none()
    if calendar is None:
        raise HolidaysRefused(say("There is no such calendar."))
    draft = plans.PlanDraft(PLAN_KIND, say("School holidays of %(name)s", name=calendar.name))
    reading = _Reading(draft, _known(session, calendar_id), calendar_id, group)
    reading.read(content, name)
    return plans.store(session, draft)


def _known(session: ActorSession, calendar_id: int) -> dict[str, SchoolHoliday]:
    return {row.source_key: row for row in _stored(session, calendar_id)}


class _Reading:
    """Reads a list into the items of a plan."""

    def __init__(
        self,
        draft: plans.PlanDraft,
        known: Mapping[str, SchoolHoliday],
        calendar_id: int,
        group: str,
    ) -> None:
        self.draft, self.known = draft, known
        self.calendar_id, self.group = calendar_id, group
        self.seen: set[str] = set()

    def read(self, content: bytes, name: str) -> None:
        source = open_source(content, name=name or "-")
        files = source.files
        table = open_table(source, files[0], separator=";") if len(files) == 1 else None
        if table is not None:
            self._table(table)
        for notice in source.notices.all():
            self._tell(notice.level, notice.text, notice.line)
            self.draft.refused = self.draft.refused or notice.hard
        if not self.draft.items:
            self._stop(say("There is no row in this list."))

    def _table(self, table: Table) -> None:
        at = {name: table.columns.index(name) for name in _COLUMNS if name in table.columns}
        missing = [name for name in _NEEDED if name not in at]
        if missing:
            self._stop(
                say("The list has no column %(names)s.", names=", ".join(missing)),
                table.header_line,
            )
            return
        for line, cells in table.rows:
            row = {name: squeeze(cells[place]) for name, place in at.items()}
            if self._is_meant(row):
                self._row(line, row)

    def _is_meant(self, row: Mapping[str, str]) -> bool:
        """Tell whether a row is about school holidays, and those of the group asked for."""
        if row.get("Type", "School") not in ("School", ""):
            return False
        groups = row.get("Groups", "").split(",")
        return not self.group or groups == [""] or self.group in groups

    def _row(self, line: int, cells: Mapping[str, str]) -> None:
        try:
            read = _read(cells)
        except ValueError:
            self._tell("error", say("Row refused: its days can’t be read."), line)
            return
        if read.key in self.seen:
            self._tell("warning", say("This row stands twice in the list."), line)
            return
        self.seen.add(read.key)
        if (before := self.known.get(read.key)) is None:
            self._add(line, read)
        else:
            self._compare(line, read, before)

    def _add(self, line: int, read: _Read) -> None:
        new = self.draft.insert(
            "school_holiday",
            calendar_id=self.calendar_id,
            first_day=read.first_day,
            last_day=read.last_day,
            names=read.names,
            source_key=read.key,
        )
        self._item(line, "add", read, _said(read), [new])

    def _compare(self, line: int, read: _Read, before: SchoolHoliday) -> None:
        values = {
            name: getattr(read, name)
            for name in ("first_day", "last_day", "names")
            if getattr(read, name) != getattr(before, name)
        }
        if not values:
            return
        assert before.id is not None
        old = {name: getattr(before, name) for name in values}
        changed = plans.update_change("school_holiday", before.id, old, values)
        self._item(line, "change", read, _said(read), [changed])

    def _item(self, line: int, action: str, read: _Read, text: Wording, changes: list[Any]) -> None:
        label = next(iter(read.names.values()))
        self.draft.items.append(plans.Item("information", action, label, text, changes, line=line))

    def _tell(self, level: str, text: Wording, line: int) -> None:
        self.draft.items.append(plans.Item(level, "told", "", text, line=line))

    def _stop(self, text: Wording, line: int = 0) -> None:
        self.draft.refused = True
        self._tell("error", text, line)


def _said(read: _Read) -> Wording:
    return say("From %(first)s to %(last)s.", first=read.first_day, last=read.last_day)


def _read(cells: Mapping[str, str]) -> _Read:
    """Return what a row says; raises ValueError where it says nothing that can be."""
    first = date.fromisoformat(cells["StartDate"])
    last = date.fromisoformat(cells.get("EndDate") or cells["StartDate"])
    names = dict(_names(cells["Name"]))
    key = cells["Id"]
    if (
        not 0 <= (last - first).days <= _LONGEST_DAYS
        or not names
        or not 0 < len(key) <= _LONGEST_KEY
    ):
        raise ValueError
    return _Read(key, first, last, names)


def _names(text: str) -> Iterator[tuple[str, str]]:
    """Yield language and name of `FR Noël,NL Kerstvakantie`; a comma may be part of a name."""
    for part in re.split(r",(?=[A-Z]{2} )", text):
        if found := _NAME.fullmatch(part.strip()):
            yield found[1].lower(), clean(found[2], _LONGEST_NAME)
