"""The school years of the French Community: table, rule, and what a day belongs to."""

import csv
from calendar import FRIDAY, MONDAY, monthcalendar
from dataclasses import dataclass
from datetime import date, timedelta
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from models.school_years import (
    access_ends_on,
    label_for,
    school_year_on,
    school_year_rule,
    shipped_school_years,
    start_year_of,
)

HOLIDAYS = Path(__file__).parents[2].parent / "shared/data/calendar/holidays.school.fr.csv"
DAY = timedelta(days=1)

# First day, last day of class, status; 2024 to 2028 as in DOMAIN §3.
YEARS = """
2019 02/09/2019 30/06/2020 computed
2020 01/09/2020 30/06/2021 computed
2021 01/09/2021 30/06/2022 computed
2022 29/08/2022 07/07/2023 computed
2023 28/08/2023 05/07/2024 computed
2024 26/08/2024 04/07/2025 official
2025 25/08/2025 03/07/2026 official
2026 24/08/2026 02/07/2027 official
2027 30/08/2027 07/07/2028 undecided
2028 28/08/2028 06/07/2029 computed
2029 27/08/2029 05/07/2030 computed
2030 26/08/2030 04/07/2031 computed
2031 25/08/2031 02/07/2032 computed
2032 30/08/2032 01/07/2033 undecided
2033 29/08/2033 07/07/2034 computed
2034 28/08/2034 06/07/2035 computed
2035 27/08/2035 04/07/2036 computed
2036 25/08/2036 03/07/2037 computed
2037 31/08/2037 02/07/2038 undecided
2038 30/08/2038 01/07/2039 undecided
2039 29/08/2039 06/07/2040 computed
2040 27/08/2040 05/07/2041 computed
2041 26/08/2041 04/07/2042 computed
2042 25/08/2042 03/07/2043 computed
2043 31/08/2043 01/07/2044 undecided
2044 29/08/2044 07/07/2045 computed
2045 28/08/2045 06/07/2046 computed
2046 27/08/2046 05/07/2047 computed
2047 26/08/2047 03/07/2048 computed
2048 31/08/2048 02/07/2049 undecided
2049 30/08/2049 01/07/2050 undecided
2050 29/08/2050 07/07/2051 computed
"""


@pytest.mark.parametrize("line", YEARS.strip().splitlines())
def test_table(line: str) -> None:
    start, first_day, last_day, status = line.split()
    year = school_year_rule(int(start))
    assert f"{year.first_day:%d/%m/%Y} {year.last_day:%d/%m/%Y}" == f"{first_day} {last_day}"
    assert year.status == status
    assert year.label == f"{start}-{int(start) + 1}"


@given(st.integers(2022, 2400).filter(lambda year: year != 2026))
def test_rule_of_the_decree(start_year: int) -> None:
    year = school_year_rule(start_year)
    august = [week[MONDAY] for week in monthcalendar(start_year, 8) if week[MONDAY]]
    july = [week[FRIDAY] for week in monthcalendar(start_year + 1, 7) if week[FRIDAY]]
    assert year.first_day == date(start_year, 8, august[-1])
    assert year.last_day == date(start_year + 1, 7, july[0])
    undecided = year.first_day != year.earliest_first_day
    assert undecided == (august[-1] >= 30) == (year.status == "undecided")
    assert year.first_day - year.earliest_first_day in (0 * DAY, 7 * DAY)


@given(st.dates(date(2019, 9, 2), date(2400, 1, 1)))
def test_every_day_belongs_to_exactly_one_year(day: date) -> None:
    years = shipped_school_years(range(day.year - 1, day.year + 1))
    assert sum(year.first_day <= day <= year.access_ends for year in years) == 1
    found = school_year_on(day, years)
    assert found is not None
    assert found.first_day <= day < school_year_rule(found.start_year + 1).first_day


def test_summer_belongs_to_the_year_that_ends() -> None:
    years = shipped_school_years()
    for day, label in (
        (date(2027, 7, 3), "2026-2027"),
        (date(2027, 8, 29), "2026-2027"),
        (date(2027, 8, 30), "2027-2028"),
        (date(2026, 8, 23), "2025-2026"),
        (date(2026, 8, 24), "2026-2027"),
    ):
        found = school_year_on(day, years)
        assert found is not None
        assert found.label == label
    assert school_year_on(date(2022, 8, 28), years) is None


@dataclass(frozen=True)
class Corrected:
    first_day: date
    access_ends: date


def test_where_corrected_years_overlap_the_later_one_is_meant() -> None:
    older = Corrected(date(2026, 8, 24), date(2027, 8, 29))
    newer = Corrected(date(2027, 8, 23), date(2028, 8, 27))
    assert school_year_on(date(2027, 8, 25), [newer, older]) is newer


def test_access_ends_on_the_eve_of_the_next_known_year() -> None:
    first, last = date(2026, 8, 24), date(2027, 7, 2)
    corrected = date(2027, 8, 23)
    assert access_ends_on(first, last, [first, corrected]) == date(2027, 8, 22)
    assert access_ends_on(first, last, [date(2028, 8, 28), corrected]) == date(2027, 8, 22)


def test_access_end_is_computed_where_the_next_year_is_unknown() -> None:
    assert access_ends_on(date(2026, 8, 24), date(2027, 7, 2)) == date(2027, 8, 29)
    assert access_ends_on(date(2026, 8, 24), date(2027, 7, 2), [date(2028, 8, 28)]) == date(
        2027, 8, 29
    )
    # Another calendar: a year later to the day.
    assert access_ends_on(date(2026, 8, 15), date(2027, 6, 10)) == date(2027, 8, 14)
    assert access_ends_on(date(2028, 2, 29), date(2028, 12, 1)) == date(2029, 2, 28)


def test_access_never_ends_before_the_last_day_of_class() -> None:
    assert access_ends_on(date(2026, 1, 1), date(2027, 3, 1)) == date(2027, 3, 1)


@pytest.mark.parametrize(
    ("text", "year"),
    [
        ("2026-2027", 2026),
        (" 2026-27 ", 2026),
        ("2026/2027", 2026),
        ("2026 – 2027", 2026),
        ("1999-00", 1999),
        ("2026-2028", None),
        ("2026-26", None),
        ("2026", None),
        ("9999-9999", None),
        ("", None),
    ],
)
def test_labels_are_read(text: str, year: int | None) -> None:
    assert start_year_of(text) == year


@given(st.integers(1901, 9997))
def test_label_and_back(year: int) -> None:
    assert start_year_of(label_for(year)) == year


def test_rules_agree_with_the_published_summer_holidays() -> None:
    if not HOLIDAYS.exists():
        pytest.skip("the published school holidays are not here")
    with HOLIDAYS.open(encoding="utf-8-sig", newline="") as file:
        summers = [r for r in csv.DictReader(file, delimiter=";") if "d'été" in r["Name"]]
    assert len(summers) >= 7
    for row in summers:
        begin = date.fromisoformat(row["StartDate"])
        last_day = school_year_rule(begin.year - 1).last_day
        # A week-end may lie between the last day of class and the holidays.
        assert last_day < begin <= last_day + 3 * DAY
        if row["EndDate"]:
            first_day = school_year_rule(begin.year).first_day
            assert date.fromisoformat(row["EndDate"]) == first_day - DAY
