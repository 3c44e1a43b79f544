"""School years: the one that runs, those of a calendar, and what correcting one moves."""

from datetime import date

import pytest

from models.database import Actor
from models.school_years import school_year_rule
from services import school_years
from services.desk import Desk
from services.school_years import SchoolYearRefused, YearRow
from tests.worlds import World


def helpdesk(world: World) -> Desk:
    return Desk(world.engine, Actor("helpdesk", "helpdesk", None), world.clock)


def years(world: World) -> dict[str, YearRow]:
    return {y.label: y for y in world.desk.read(school_years.of_school, world.mine)}


@pytest.mark.parametrize(
    ("on", "label"),
    [
        (None, "2026-2027"),
        (date(2026, 8, 23), "2025-2026"),
        (date(2026, 8, 24), "2026-2027"),
        (date(2027, 8, 29), "2026-2027"),  # summer holidays belong to the year before
        (date(2027, 8, 30), "2027-2028"),
    ],
)
def test_the_year_that_runs(world: World, on: date | None, label: str) -> None:
    found = world.director().read(school_years.current, world.mine, on)
    assert found is not None and found.label == label


def test_no_year_runs_before_the_first(world: World) -> None:
    assert world.director().read(school_years.current, world.mine, date(1999, 1, 1)) is None


def test_a_school_of_others_is_refused(world: World) -> None:
    for question in (school_years.current, school_years.of_school, school_years.here):
        with pytest.raises(SchoolYearRefused):
            world.director().read(question, world.other)  # type: ignore[arg-type]


def test_here_is_the_year_asked_for_or_the_one_that_runs(world: World) -> None:
    other = years(world)["2025-2026"].id
    desk = world.director()
    assert desk.read(school_years.here, world.mine).school_year_id == world.year
    assert desk.read(school_years.here, world.mine, other).school_year_id == other
    assert desk.read(school_years.here, world.mine, 4711).school_year_id == world.year


def test_correcting_moves_the_end_of_the_year_before(world: World) -> None:
    before = years(world)
    moved = helpdesk(world).write(
        school_years.edit, before["2027-2028"].id, date(2027, 8, 23), date(2028, 6, 30)
    )
    after = years(world)
    assert [year.label for year in moved] == ["2026-2027"]
    assert after["2026-2027"].access_ends == date(2027, 8, 22)
    assert after["2026-2027"].status == "official"  # its own days were not touched
    edited = after["2027-2028"]
    assert (edited.first_day, edited.last_day, edited.status) == (
        date(2027, 8, 23), date(2028, 6, 30), "edited"
    )  # fmt: skip
    assert edited.access_ends == before["2027-2028"].access_ends
    others = {label: y for label, y in after.items() if label not in ("2026-2027", "2027-2028")}
    assert all(before[label] == year for label, year in others.items())


def test_the_last_year_ends_before_one_that_is_not_known(world: World) -> None:
    last = max(years(world).values(), key=lambda year: year.first_day)
    start = last.first_day.year
    helpdesk(world).write(school_years.edit, last.id, last.first_day, date(start + 1, 7, 3))
    ends = years(world)[last.label].access_ends
    assert ends == school_year_rule(start).access_ends


@pytest.mark.parametrize(
    ("first", "last", "field"),
    [
        (date(2026, 8, 24), date(2026, 8, 23), "last_day"),
        (date(2026, 8, 24), date(2026, 9, 24), "last_day"),
        (date(2026, 8, 24), date(2027, 12, 24), "last_day"),
        (date(2026, 7, 3), date(2027, 7, 2), "first_day"),  # the last day of the year before
        (date(2026, 8, 24), date(2027, 8, 30), "last_day"),  # the first one of the next
    ],
)
def test_days_that_can_not_be_are_refused(
    world: World, first: date, last: date, field: str
) -> None:
    before = years(world)
    wrong = school_years.fault(list(before.values()), world.year, first, last)
    assert wrong is not None and wrong[0] == field
    with pytest.raises(SchoolYearRefused):
        helpdesk(world).write(school_years.edit, world.year, first, last)
    assert years(world) == before


def test_only_the_helpdesk_corrects(world: World) -> None:
    before = years(world)
    for role, schools in (("director", frozenset({world.mine})), ("coordinator", None)):
        desk = Desk(world.engine, Actor("x", role, schools), world.clock)
        with pytest.raises(SchoolYearRefused):
            desk.write(school_years.edit, world.year, date(2026, 8, 31), date(2027, 7, 2))
    assert years(world) == before


def test_accesses_are_counted_within_the_actors_schools(world: World) -> None:
    world.people(3)
    world.people(2, world.other)
    mine = {y.id: y for y in world.director().read(school_years.of_school, world.mine)}
    assert mine[world.year].accesses == 3
    assert years(world)["2026-2027"].accesses == 5
