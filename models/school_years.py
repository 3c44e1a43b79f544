"""School years of the French Community of Belgium: the shipped table and the rule (DOMAIN §3)."""

import re
from collections.abc import Iterable
from dataclasses import dataclass
from datetime import date, timedelta
from typing import Literal, Protocol, TypeVar

Status = Literal["official", "computed", "undecided"]

#: First school year under the decree of 31 March 2022; before it, 1 September to 30 June.
FIRST_YEAR_OF_DECREE = 2022
#: The years that a new installation knows, by the calendar year in which they start.
SHIPPED_YEARS = range(2022, 2036)

_DAY = timedelta(days=1)
_WEEK = timedelta(weeks=1)
_MONDAY, _FRIDAY = 0, 4
# Two school years begin 52 to 54 weeks apart; more than this, and one in between is missing.
_LONGEST_YEAR = timedelta(days=400)


@dataclass(frozen=True, slots=True)
class SchoolYearRule:
    """One school year, with every day inclusive.

    `last_day` is the last day of class; `access_ends` the last day of the accesses of the
    year. `earliest_first_day` differs from `first_day` where it is not decided yet that the
    year does not start a week earlier.
    """

    start_year: int
    first_day: date
    last_day: date
    access_ends: date
    status: Status
    earliest_first_day: date

    @property
    def label(self) -> str:
        return label_for(self.start_year)


class HasYearDays(Protocol):
    """A school year as far as `school_year_on` looks at it."""

    @property
    def first_day(self) -> date: ...
    @property
    def access_ends(self) -> date: ...


Year = TypeVar("Year", bound=HasYearDays)

# What DOMAIN §3 says, row by row; 2027-2028 takes the later of its two first days, so that
# nobody loses the access of the year before too early.
_TABLE: dict[int, tuple[date, date, Status]] = {
    2024: (date(2024, 8, 26), date(2025, 7, 4), "official"),
    2025: (date(2025, 8, 25), date(2026, 7, 3), "official"),
    2026: (date(2026, 8, 24), date(2027, 7, 2), "official"),
    2027: (date(2027, 8, 30), date(2028, 7, 7), "undecided"),
    2028: (date(2028, 8, 28), date(2029, 7, 6), "computed"),
}


def label_for(start_year: int) -> str:
    """Return how a school year is written: `2026-2027`."""
    return f"{start_year:04d}-{start_year + 1:04d}"


_LABEL = re.compile(r"(\d{4})\s*[-/–]\s*(\d{4}|\d{2})")


def start_year_of(label: str) -> int | None:
    """Return the year in which `2026-2027`, `2026-27` or `2026/2027` starts, else None."""
    found = _LABEL.fullmatch(label.strip())
    if found is None:
        return None
    start, end = int(found[1]), found[2]
    return start if 1900 < start < 9998 and str(start + 1).endswith(end) else None


def school_year_rule(start_year: int) -> SchoolYearRule:
    """Return a school year from the shipped table, or else computed.

    Last Monday of August to first Friday of July; where that Monday is 30 or 31 August the
    year may start a week earlier, which makes it undecided.
    """
    first_day, last_day, status = _days(start_year)
    return SchoolYearRule(
        start_year=start_year,
        first_day=first_day,
        last_day=last_day,
        access_ends=_days(start_year + 1)[0] - _DAY,
        status=status,
        earliest_first_day=first_day - _WEEK if status == "undecided" else first_day,
    )


def shipped_school_years(years: Iterable[int] = SHIPPED_YEARS) -> list[SchoolYearRule]:
    """Return the school years that a new installation begins with, oldest first."""
    return [school_year_rule(year) for year in years]


def access_ends_on(first_day: date, last_day: date, known_first_days: Iterable[date] = ()) -> date:
    """Return the last day of the accesses of a year: the eve of the next year's first day.

    `known_first_days` are those of the years of the same calendar. Where the next one is not
    among them it is computed: by the rule of the French Community for a year that begins as
    that rule says, a year later to the day for any other calendar. Never before `last_day`.
    """
    following = [day for day in known_first_days if first_day < day <= first_day + _LONGEST_YEAR]
    next_first_day = min(following, default=None) or _computed_next_first_day(first_day)
    return max(next_first_day - _DAY, last_day)


def school_year_on(day: date, rows: Iterable[Year]) -> Year | None:
    """Return the school year that `day` belongs to, summer holidays included, or None.

    Where two years overlap, as they may after a correction, the one that began last is meant.
    """
    return max(
        (row for row in rows if row.first_day <= day <= row.access_ends),
        key=lambda row: row.first_day,
        default=None,
    )


def _days(start_year: int) -> tuple[date, date, Status]:
    return _TABLE.get(start_year) or _computed_days(start_year)


def _computed_days(start_year: int) -> tuple[date, date, Status]:
    if start_year < FIRST_YEAR_OF_DECREE:
        return _days_before_the_decree(start_year)
    first_day = _back_to(_MONDAY, date(start_year, 8, 31))
    last_day = _on_to(_FRIDAY, date(start_year + 1, 7, 1))
    return first_day, last_day, "undecided" if first_day.day >= 30 else "computed"


def _days_before_the_decree(start_year: int) -> tuple[date, date, Status]:
    """Return 1 September and 30 June, or the nearest days of class inside them."""
    first_day, last_day = date(start_year, 9, 1), date(start_year + 1, 6, 30)
    if first_day.weekday() > _FRIDAY:
        first_day = _on_to(_MONDAY, first_day)
    if last_day.weekday() > _FRIDAY:
        last_day = _back_to(_FRIDAY, last_day)
    return first_day, last_day, "computed"


def _computed_next_first_day(first_day: date) -> date:
    rule = school_year_rule(first_day.year)
    if first_day in (rule.first_day, rule.earliest_first_day):
        return school_year_rule(first_day.year + 1).first_day
    try:
        return first_day.replace(year=first_day.year + 1)
    except ValueError:  # 29 February
        return date(first_day.year + 1, 3, 1)


def _back_to(weekday: int, day: date) -> date:
    return day - timedelta(days=(day.weekday() - weekday) % 7)


def _on_to(weekday: int, day: date) -> date:
    return day + timedelta(days=(weekday - day.weekday()) % 7)
