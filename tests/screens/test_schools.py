"""Choosing a school, and a school year: found, remembered, looked at, corrected."""

from datetime import date
from pathlib import Path
from typing import Any

import pytest
from sqlalchemy import Engine
from textual.widgets import Input

from models.database import SYSTEM, Actor, writing
from models.schools import GoverningBody, School, Site
from models.text import name_key
from screens.consents import ConsentsScreen
from screens.dashboard import DashboardScreen
from screens.plan import PlanScreen
from screens.school_holidays import SchoolHolidaysScreen
from screens.school_years import EditYearScreen, SchoolYearsScreen
from screens.schools import SchoolsScreen
from screens.workplace import Workplace
from services import plans, school_holidays, school_years
from services.desk import Desk
from tests.screens.conftest import MakeApp, screen_text, settled
from tests.screens.test_consents import workplace as at_school
from tests.worlds import World, make_world


@pytest.fixture
def world(sqlite_engine: Engine) -> World:
    """Two schools and forty more, one with a site that has the number of another school."""
    world = make_world(sqlite_engine)
    with writing(world.engine, SYSTEM, world.clock()) as session:
        calendar = session.get_one(School, world.mine).calendar_id
        body = GoverningBody(name="PO des Essais", name_key="podesessais", fase_number=77)
        session.add(body)
        session.flush()
        for number in range(40):
            name = f"École communale n° {number + 1}"
            session.add(
                School(
                    name=name, name_key=name_key(name), fase_number=500 + number,
                    calendar_id=calendar, locality="Liège" if number % 2 else "Namur",
                    governing_body_id=body.id,
                )
            )  # fmt: skip
        session.add(Site(school_id=world.other, fase_number=503))
    return world


def helpdesk(world: World) -> Desk:
    return Desk(world.engine, Actor("helpdesk", "helpdesk", None), world.clock)


def places(workplace: Workplace) -> dict[str, Any]:
    return {
        "dashboard": lambda: DashboardScreen(workplace),
        "consents": lambda: workplace.place("consents", ConsentsScreen),
        "schools": lambda: SchoolsScreen(workplace),
        "school-years": lambda: SchoolYearsScreen(workplace),
    }


async def test_a_helpdesk_chooses_a_school_first(console: MakeApp, world: World) -> None:
    workplace = Workplace(helpdesk(world))
    app = console(DashboardScreen(workplace), role="helpdesk", places=places(workplace))
    async with app.run_test(size=(80, 24)) as pilot:
        await settled(pilot)
        await pilot.press("g", "c")
        await settled(pilot)
        assert isinstance(app.screen, SchoolsScreen)
        await pilot.press("slash", *"9902", "enter")
        await settled(pilot)
        await pilot.press("enter")
        await settled(pilot)
        assert isinstance(app.screen, ConsentsScreen)
        assert workplace.chosen == (world.other, world.year)
        await pilot.press("g", "d")
        await settled(pilot)
        assert "Athénée de l’Essai" in screen_text(app)


async def test_the_latest_schools_come_first(console: MakeApp, world: World) -> None:
    workplace = Workplace(helpdesk(world))
    app = console(DashboardScreen(workplace), role="helpdesk", places=places(workplace))
    async with app.run_test(size=(80, 24)) as pilot:
        await settled(pilot)
        for number in ("512", "9901"):
            await pilot.press("g", "s")
            await settled(pilot)
            await pilot.press("slash", *number, "enter")
            await settled(pilot)
            await pilot.press("enter")
            await settled(pilot)
        await pilot.press("g", "s")
        await settled(pilot)
        rows = [line for line in screen_text(app).splitlines() if " * " in line]
        assert ["Institut Saint-Exemple" in rows[0], "n° 13 " in rows[1], len(rows)] == [
            True, True, 2
        ]  # fmt: skip


async def test_a_number_says_whose_it_is(console: MakeApp, world: World) -> None:
    app = console(SchoolsScreen(Workplace(helpdesk(world))), role="helpdesk")
    async with app.run_test(size=(80, 24)) as pilot:
        await settled(pilot)
        await pilot.press("slash", *"503")
        await settled(pilot)
        shown = screen_text(app)
        assert "Établissement, n° FASE 503" in shown and "Implantation, n° FASE 503" in shown


async def test_a_director_sees_the_own_schools_only(console: MakeApp, world: World) -> None:
    app = console(SchoolsScreen(Workplace(world.director(world.mine, world.other))))
    async with app.run_test(size=(80, 24)) as pilot:
        await settled(pilot)
        assert "communale" not in screen_text(app)
        assert "1–2 sur 2" in screen_text(app)


async def test_another_year_is_looked_at(console: MakeApp, world: World) -> None:
    workplace = at_school(world)
    app = console(DashboardScreen(workplace), places=places(workplace))
    async with app.run_test(size=(80, 24)) as pilot:
        await settled(pilot)
        await pilot.press("g", "y")
        await settled(pilot)
        table = app.screen._table  # type: ignore[attr-defined]
        assert table.row.key == world.year  # the cursor stands on the year looked at
        await pilot.press("down", "enter")
        await settled(pilot)
        assert isinstance(app.screen, DashboardScreen)
        assert "2025-2026" in screen_text(app)


async def test_a_director_does_not_correct_years(console: MakeApp, world: World) -> None:
    screen = SchoolYearsScreen(at_school(world))
    async with console(screen).run_test(size=(80, 24)) as pilot:
        await settled(pilot)
        assert "Corriger" not in screen_text(pilot.app)
        await pilot.press("f2")
        await settled(pilot)
        assert pilot.app.screen is screen


async def test_a_helpdesk_corrects_the_days(console: MakeApp, world: World) -> None:
    workplace = Workplace(helpdesk(world), here=helpdesk(world).read(school_years.here, world.mine))
    screen = SchoolYearsScreen(workplace)
    async with console(screen, role="helpdesk").run_test(size=(80, 24)) as pilot:
        await settled(pilot)
        await pilot.press("up", "f2")
        await settled(pilot)
        assert isinstance(pilot.app.screen, EditYearScreen)
        await pilot.press("end", "ctrl+u", *"01/07/2027", "f8")
        await settled(pilot)
        assert isinstance(pilot.app.screen, EditYearScreen)  # it would overlap
        assert "2026-2027" in screen_text(pilot.app)
        await pilot.press("end", "ctrl+u", *"23/08/2027", "f8")
        await settled(pilot)
        assert pilot.app.screen is screen
        found = {y.label: y for y in world.desk.read(school_years.of_school, world.mine)}
        assert found["2027-2028"].first_day == date(2027, 8, 23)
        assert found["2027-2028"].status == "edited"
        assert found["2026-2027"].access_ends == date(2027, 8, 22)


HOLIDAYS = (
    "Congé;Du;Au\nVacances d’automne (Toussaint);19/10/2026;01/11/2026\n"
    "Vacances d’hiver (Noël);21/12/2026;03/01/2027\nTrop tard;31/02/2027;\n"
)


def helpdesk_at_school(world: World) -> Workplace:
    desk = helpdesk(world)
    return Workplace(desk, who="Helpdesk", here=desk.read(school_years.here, world.mine))


async def open_holidays(pilot: Any) -> None:
    """Go from the years to the holidays of the one under the cursor."""
    await settled(pilot)
    await pilot.press("f8")
    await settled(pilot)
    assert isinstance(pilot.app.screen, SchoolHolidaysScreen)


async def test_a_helpdesk_reads_holidays_in_by_a_plan(
    console: MakeApp, world: World, tmp_path: Path
) -> None:
    path = tmp_path / "c.csv"
    path.write_text(HOLIDAYS)
    app = console(SchoolYearsScreen(helpdesk_at_school(world)), role="helpdesk")
    async with app.run_test(size=(80, 24)) as pilot:
        await open_holidays(pilot)
        holidays = app.screen
        await pilot.press("f3")
        await settled(pilot)
        app.screen.query_one(Input).value = str(path)
        await pilot.press("enter")
        await settled(pilot)
        assert isinstance(app.screen, PlanScreen)
        await pilot.press("f8")
        await settled(pilot)
        await pilot.press("escape")
        await settled(pilot)
        assert app.screen is holidays
        shown = screen_text(app)
        assert "Toussaint" in shown and "03/01/2027" in shown and "Trop tard" not in shown
        assert "Vacances d’été" in shown


async def test_of_a_list_of_several_groups_one_is_asked_for(
    console: MakeApp, world: World, tmp_path: Path
) -> None:
    path = tmp_path / "c.csv"
    path.write_text("Id;StartDate;Name;Groups\na;2027-02-01;Krokus;NL\nb;2027-02-22;Gras;FR\n")
    app = console(SchoolYearsScreen(helpdesk_at_school(world)), role="helpdesk")
    async with app.run_test(size=(80, 24)) as pilot:
        await open_holidays(pilot)
        await pilot.press("f3")
        await settled(pilot)
        app.screen.query_one(Input).value = str(path)
        await pilot.press("enter")
        await settled(pilot)
        await pilot.press(*"be", "enter")
        await settled(pilot)
        assert "FR, NL" in screen_text(app)
        await pilot.press("ctrl+u", *"fr", "enter")
        await settled(pilot)
        assert isinstance(app.screen, PlanScreen)
        assert "Gras" in screen_text(app) and "Krokus" not in screen_text(app)


async def test_a_director_looks_at_holidays_and_reads_none_in(
    console: MakeApp, world: World
) -> None:
    async with console(SchoolYearsScreen(at_school(world))).run_test(size=(80, 24)) as pilot:
        await open_holidays(pilot)
        screen = pilot.app.screen
        assert "Vacances d’été" in screen_text(pilot.app) and "F3" not in screen_text(pilot.app)
        await pilot.press("f3")
        await settled(pilot)
        assert pilot.app.screen is screen


def test_school_holidays_at_80_by_24(console: MakeApp, world: World, snap_compare: Any) -> None:
    desk = helpdesk(world)
    calendar = desk.read(school_years.of_school, world.mine)[0].calendar_id
    desk.write(plans.apply, desk.write(school_holidays.plan_holidays, HOLIDAYS.encode(), calendar))
    app = console(SchoolYearsScreen(helpdesk_at_school(world)), role="helpdesk")
    assert snap_compare(app, terminal_size=(80, 24), run_before=open_holidays)


def test_schools_at_80_by_24(console: MakeApp, world: World, snap_compare: Any) -> None:
    app = console(SchoolsScreen(Workplace(helpdesk(world), who="Helpdesk")), role="helpdesk")
    assert snap_compare(app, terminal_size=(80, 24), run_before=settled)


def test_schools_at_60_by_20(console: MakeApp, world: World, snap_compare: Any) -> None:
    app = console(SchoolsScreen(Workplace(helpdesk(world), who="Helpdesk")), role="helpdesk")
    assert snap_compare(app, terminal_size=(60, 20), run_before=settled)


def test_school_years_at_80_by_24(console: MakeApp, world: World, snap_compare: Any) -> None:
    world.people(3)
    assert snap_compare(
        console(SchoolYearsScreen(at_school(world))), terminal_size=(80, 24), run_before=settled
    )


def test_correcting_a_year(console: MakeApp, world: World, snap_compare: Any) -> None:
    async def wrong(pilot: Any) -> None:
        await settled(pilot)
        await pilot.press("f2")
        await settled(pilot)
        await pilot.press("end", "ctrl+u", *"31/02/2026", "tab")
        await settled(pilot)

    desk = helpdesk(world)
    workplace = Workplace(desk, who="Helpdesk", here=desk.read(school_years.here, world.mine))
    app = console(SchoolYearsScreen(workplace), role="helpdesk")
    assert snap_compare(app, terminal_size=(80, 24), run_before=wrong)
