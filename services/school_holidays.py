"""Days without school: those of a calendar's years, and reading them in from a list.

The law gives the first and the last day of a school year, and not its holidays: those of each
year are decided and published. So none is shipped; the office reads a list in by a plan. The
summer alone follows from the days of the years themselves.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date, timedelta
from typing import Any

from sqlalchemy import select
from sqlmodel import col

from models.database import ActorSession
from models.errors import TrousseauError
from models.language import N_, Wording, current_language, say
from models.rights import may_change
from models.schools import Calendar, SchoolHoliday, SchoolYear
from models.scope import require_change
from models.text import clean
from services import plans
from services.holiday_files import HolidayFile, HolidayRead, read_holidays

PLAN_KIND = "school_holidays"
_LONGEST_NAME = 100
_DAY = timedelta(days=1)
#: What has more days in common with a summer is that summer, under the name of a list.
_PART_OF_A_SUMMER = 14


class HolidaysRefused(TrousseauError):
    """No list of school holidays can be read into this calendar."""

    heading = N_("School holidays")


class SeveralGroups(HolidaysRefused):
    """A list names the holidays of several groups, and nobody has said whose are meant."""

    def __init__(self, groups: Sequence[str]) -> None:
        self.groups = tuple(groups)
        shown = ", ".join(self.groups[:8])
        super().__init__(
            say(
                "The list has the holidays of several groups: say whose (%(groups)s).", groups=shown
            )
        )


@dataclass(frozen=True, slots=True)
class HolidayRow:
    """Holidays of a calendar: both days inclusive, names by language.

    `id` is 0 for a summer that nothing but the school years says.
    """

    id: int
    first_day: date
    last_day: date
    names: Mapping[str, str]

    @property
    def days(self) -> int:
        return (self.last_day - self.first_day).days + 1

    @property
    def name(self) -> str:
        """The name in the current language, else in one that it has."""
        if not self.id:
            return say("Summer holidays").text()
        for language in (current_language(), "fr", "en", *self.names):
            if language in self.names:
                return clean(self.names[language], _LONGEST_NAME)
        return ""


def may_import(role: str) -> bool:
    """Tell whether somebody of that console role may read holidays in."""
    return role == "system" or may_change(role, "reference")


def of_calendar(session: ActorSession, calendar_id: int) -> list[HolidayRow]:
    """Return the holidays of a calendar that were read in, in order."""
    return [
        HolidayRow(row.id or 0, row.first_day, row.last_day, row.names)
        for row in _stored(session, calendar_id)
    ]


def with_summers(session: ActorSession, calendar_id: int) -> list[HolidayRow]:
    """Return the holidays of a calendar, then the summers between its years.

    A summer that was read in is not told a second time.
    """
    known = of_calendar(session, calendar_id)
    years = session.scalars(select(SchoolYear).where(col(SchoolYear.calendar_id) == calendar_id))
    summers = [HolidayRow(0, y.last_day + _DAY, y.access_ends, {}) for y in years]
    told = [s for s in summers if s.days > 0 and not any(_is_part(s, each) for each in known)]
    return [*known, *told]


def _is_part(summer: HolidayRow, known: HolidayRow) -> bool:
    first, last = max(summer.first_day, known.first_day), min(summer.last_day, known.last_day)
    return (last - first).days >= min(_PART_OF_A_SUMMER, summer.days - 1)


def of_year(session: ActorSession, school_year_id: int) -> list[HolidayRow]:
    """Return the days without school of a school year, to the eve of the next, in order."""
    year = session.get(SchoolYear, school_year_id)
    if year is None:
        raise HolidaysRefused(say("There is no such school year."))
    found = (
        row
        for row in with_summers(session, year.calendar_id)
        if row.first_day <= year.access_ends and row.last_day >= year.first_day
    )
    return sorted(found, key=lambda row: (row.first_day, row.last_day))


def _stored(session: ActorSession, calendar_id: int) -> list[SchoolHoliday]:
    rows = session.scalars(
        select(SchoolHoliday)
        .where(col(SchoolHoliday.calendar_id) == calendar_id)
        .order_by(col(SchoolHoliday.first_day), col(SchoolHoliday.id))
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

    `content` is what `services.holiday_files` reads; `group` is whose holidays are read where
    the list names several ("FR"), else `SeveralGroups` is raised. What stands in the calendar
    already is brought to what the list says, and what the list no longer has stays. Raises
    `HolidaysRefused` for an unknown calendar, `OutOfScope` for whoever may not change calendars.
    """
    require_change(session.actor, "school_holiday")
    calendar = session.scalars(
        select(Calendar).where(col(Calendar.id) == calendar_id)
    ).one_or_none()
    if calendar is None:
        raise HolidaysRefused(say("There is no such calendar."))
    found = read_holidays(content, group=group, name=name)
    if len(found.groups) > 1 and not group:
        raise SeveralGroups(found.groups)
    draft = plans.PlanDraft(PLAN_KIND, say("School holidays of %(name)s", name=calendar.name))
    _draw_up(draft, found, _stored(session, calendar_id), calendar_id)
    for item in draft.items:
        item.file = clean(name, _LONGEST_NAME)
    return plans.store(session, draft)


def _draw_up(
    draft: plans.PlanDraft, found: HolidayFile, stored: list[SchoolHoliday], calendar_id: int
) -> None:
    known = {row.source_key: row for row in stored}
    for read in found.rows:
        before = known.get(read.key) or _the_same(read, stored)
        if before is None:
            _add(draft, read, calendar_id)
        else:
            _compare(draft, read, before)
    for notice in found.notices:
        draft.refused = draft.refused or notice.hard
        draft.items.append(plans.Item(notice.level, "told", "", notice.text, line=notice.line))
    if not draft.items:
        text = say("All of it is known already.")
        draft.items.append(plans.Item("information", "told", "", text))


def _the_same(read: HolidayRead, stored: list[SchoolHoliday]) -> SchoolHoliday | None:
    """Return what is known of the same days under the same name from another list."""
    names = set(read.names.values())
    for row in stored:
        days = (row.first_day, row.last_day) == (read.first_day, read.last_day)
        if days and names & set(row.names.values()):
            return row
    return None


def _add(draft: plans.PlanDraft, read: HolidayRead, calendar_id: int) -> None:
    new = draft.insert(
        "school_holiday",
        calendar_id=calendar_id,
        first_day=read.first_day,
        last_day=read.last_day,
        names=read.names,
        source_key=read.key,
    )
    _item(draft, "add", read, new)


def _compare(draft: plans.PlanDraft, read: HolidayRead, before: SchoolHoliday) -> None:
    if before.source_key != read.key:  # the same days from another list: nothing is new
        return
    values = {
        name: getattr(read, name)
        for name in ("first_day", "last_day", "names")
        if getattr(read, name) != getattr(before, name)
    }
    if values:
        assert before.id is not None
        old = {name: getattr(before, name) for name in values}
        _item(draft, "change", read, plans.update_change("school_holiday", before.id, old, values))


def _item(draft: plans.PlanDraft, action: str, read: HolidayRead, change: Any) -> None:
    label = next(iter(read.names.values()))
    text = _said(read)
    draft.items.append(plans.Item("information", action, label, text, [change], line=read.line))


def _said(read: HolidayRead) -> Wording:
    return say("From %(first)s to %(last)s.", first=read.first_day, last=read.last_day)
