"""School years: which one runs, those of a calendar, and correcting their days (DOMAIN §3)."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date, timedelta
from zoneinfo import ZoneInfo

from sqlalchemy import func, select
from sqlmodel import col

from models.access import Access
from models.database import ActorSession, change
from models.errors import TrousseauError
from models.language import N_, Wording, say
from models.school_years import access_ends_on, school_year_on
from models.schools import Calendar, School, SchoolYear

#: A school year is longer than the one and shorter than the other, whatever the calendar.
SHORTEST, LONGEST = timedelta(days=60), timedelta(days=400)
#: Who may correct the days of a school year: they hold for every school of the calendar.
MAY_EDIT = ("helpdesk", "system")


#: Counting reads every access that the actor sees: only the list of the years shows it.
_NOT_COUNTED: Mapping[int, int] = {}


class SchoolYearRefused(TrousseauError):
    """These days can't be those of the school year."""

    heading = N_("School year")


@dataclass(frozen=True, slots=True)
class YearRow:
    """One school year of a calendar. Every day is inclusive.

    `status` is official, computed, undecided, imported or edited; `accesses` how many
    accesses of this year the actor sees, 0 where they were not counted (`here`, `current`).
    """

    id: int
    calendar_id: int
    calendar: str
    label: str
    first_day: date
    last_day: date
    access_ends: date
    status: str
    accesses: int = 0


@dataclass(frozen=True, slots=True)
class Here:
    """Where somebody works: a school, the day there, and the school year looked at.

    `year` is None where no school year is known for that day; `zone` is the school's.
    """

    school_id: int
    school: str
    identifier: Wording | str
    today: date
    year: YearRow | None
    zone: ZoneInfo

    @property
    def school_year_id(self) -> int | None:
        return self.year.id if self.year else None


def here(session: ActorSession, school_id: int, school_year_id: int | None = None) -> Here:
    """Return a school with one of its school years, by default the one that runs there.

    Raises `SchoolYearRefused` for a school that is not the actor's.
    """
    school = _school(session, school_id)
    zone = ZoneInfo(school.time_zone)
    today = session.at.astimezone(zone).date()
    years = _of_calendar(session, school.calendar_id)
    chosen = [year for year in years if year.id == school_year_id]
    year = chosen[0] if chosen else school_year_on(today, years)
    return Here(school_id, school.name, identifier(school), today, year, zone)


def identifier(school: School) -> Wording | str:
    """Return how a school is told from others: its FASE number, never without its kind."""
    if school.fase_number is not None:
        return say("School, FASE number %(number)s", number=school.fase_number)
    return school.source_key or ""


def current(session: ActorSession, school_id: int, on: date | None = None) -> YearRow | None:
    """Return the school year of a school on a day, by default today there; None for none."""
    school = _school(session, school_id)
    day = on or session.at.astimezone(ZoneInfo(school.time_zone)).date()
    return school_year_on(day, _of_calendar(session, school.calendar_id))


def of_school(session: ActorSession, school_id: int) -> list[YearRow]:
    """Return the school years of a school's calendar, the latest first."""
    return of_calendar(session, _school(session, school_id).calendar_id)


def of_calendar(session: ActorSession, calendar_id: int | None = None) -> list[YearRow]:
    """Return the school years of a calendar, or of all of them, the latest first."""
    # In two steps: for a helpdesk the count reads every access, and a year is one of few.
    counted = select(col(Access.school_year_id), func.count()).group_by(col(Access.school_year_id))
    return _of_calendar(session, calendar_id, dict(session.execute(counted).all()))


def _of_calendar(
    session: ActorSession, calendar_id: int | None, accesses: Mapping[int, int] = _NOT_COUNTED
) -> list[YearRow]:
    """Return the school years without counting, unless that is done already."""
    years = (
        select(SchoolYear, Calendar.name)  # type: ignore[call-overload]
        .join(Calendar, col(Calendar.id) == SchoolYear.calendar_id)
        .order_by(col(Calendar.id), col(SchoolYear.first_day).desc())
    )
    if calendar_id is not None:
        years = years.where(col(SchoolYear.calendar_id) == calendar_id)
    return [_row(year, calendar, accesses) for year, calendar in session.execute(years)]


def _row(year: SchoolYear, calendar: str, accesses: Mapping[int, int]) -> YearRow:
    assert year.id is not None
    return YearRow(
        year.id, year.calendar_id, calendar, year.label, year.first_day, year.last_day,
        year.access_ends, year.status, accesses.get(year.id, 0),
    )  # fmt: skip


def _school(session: ActorSession, school_id: int) -> School:
    school = session.scalars(select(School).where(col(School.id) == school_id)).one_or_none()
    if school is None:
        raise SchoolYearRefused(say("This school is not one of yours."))
    return school


# --- correcting ---------------------------------------------------------------------------


def may_edit(role: str) -> bool:
    """Tell whether somebody of that console role may correct school years."""
    return role in MAY_EDIT


def fault(
    years: Sequence[YearRow], year_id: int, first_day: date, last_day: date
) -> tuple[str, Wording] | None:
    """Return which day is wrong, first_day or last_day, and why; None where both can be.

    `years` are all those of the calendar.
    """
    length = last_day - first_day
    if length < SHORTEST:
        return "last_day", say("The last day must come at least two months after the first.")
    if length > LONGEST:
        return "last_day", say("A school year is not longer than thirteen months.")
    this = next(year for year in years if year.id == year_id)
    for other in years:
        if other.id == year_id:
            continue
        if other.first_day < this.first_day and first_day <= other.last_day:
            return "first_day", _overlap(other)
        if other.first_day > this.first_day and last_day >= other.first_day:
            return "last_day", _overlap(other)
    return None


def _overlap(other: YearRow) -> Wording:
    return say(
        "The school year %(year)s runs from %(first)s to %(last)s: the two would overlap.",
        year=other.label,
        first=other.first_day,
        last=other.last_day,
    )


def edit(session: ActorSession, year_id: int, first_day: date, last_day: date) -> list[YearRow]:
    """Correct the days of a school year and return the years whose end of access moved.

    The year is *edited* from then on. Its accesses end on the eve of the next year's first
    day, and those of the year before on the eve of this one's (DOMAIN §3). For the helpdesk
    alone. Raises `SchoolYearRefused`, with nothing changed.
    """
    if not may_edit(session.actor.role):
        raise SchoolYearRefused(say("Only the helpdesk corrects school years."))
    year = session.get(SchoolYear, year_id)
    if year is None:
        raise SchoolYearRefused(say("There is no such school year."))
    years = of_calendar(session, year.calendar_id)
    if (wrong := fault(years, year_id, first_day, last_day)) is not None:
        raise SchoolYearRefused(wrong[1])
    this = col(SchoolYear.id) == year_id
    change(session, SchoolYear, this, first_day=first_day, last_day=last_day, status="edited")
    return _end_accesses_anew(session, year.calendar_id, [y.id for y in _with_eve(years, year_id)])


def _with_eve(years: Sequence[YearRow], year_id: int) -> list[YearRow]:
    """Return a year and the one before it: those whose accesses the edited days may end."""
    order = sorted(years, key=lambda year: year.first_day)
    place = next(i for i, year in enumerate(order) if year.id == year_id)
    return order[max(0, place - 1) : place + 1]


def _end_accesses_anew(
    session: ActorSession, calendar_id: int, year_ids: Sequence[int]
) -> list[YearRow]:
    session.expire_all()
    years = of_calendar(session, calendar_id)
    first_days = [year.first_day for year in years]
    moved: list[int] = []
    for year in (year for year in years if year.id in year_ids):
        ends = access_ends_on(year.first_day, year.last_day, first_days)
        if ends != year.access_ends:
            change(session, SchoolYear, col(SchoolYear.id) == year.id, access_ends=ends)
            moved.append(year.id)
    session.expire_all()
    return [year for year in of_calendar(session, calendar_id) if year.id in moved]
