"""Importing on screen: the file named and recognised, columns corrected, the plan, the list."""

from pathlib import Path
from typing import Any

import pytest
from sqlalchemy import select
from textual.pilot import Pilot

from models.people import Person
from screens.import_file import ImportScreen
from screens.mapping import MappingScreen
from screens.plan import PlanScreen
from screens.plans import PlansScreen
from screens.workplace import Workplace
from services import importing, plans, school_years
from tests.screens.conftest import MakeApp, screen_text, settled
from tests.screens.samples import HOSTILE
from tests.worlds import World

STAFF = (
    "Nom;Prénom;Date de naissance;E-mail privé;Fonction;Présence administrative\r\n"
    "Vandenbroeck;Élise;17/05/1980;elise@courriel.example;Enseignante;Oui\r\n"
    "D'Hondt;Noémie;02/11/1975;noemie@courriel.example;Éducatrice;Oui\r\n"
    "El Amrani;Fatima;24/12/1990;;Directrice;Oui\r\n"
)
STRANGE = "Personne A;Personne B;Courriel\r\nDupont;Anne;anne@courriel.example\r\n"


@pytest.fixture
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A folder with lists, in which the console works."""
    folder = tmp_path / "listes"
    folder.mkdir()
    (folder / "personnel-2026.csv").write_text(STAFF, "cp1252")
    (folder / "autre.csv").write_text(STRANGE, "utf-8")
    (folder / "archives").mkdir()
    monkeypatch.chdir(folder)
    return folder


def workplace(world: World) -> Workplace:
    desk = world.director()
    here = desk.read(school_years.here, world.mine)
    return Workplace(desk, who="A. Lambert", here=here)


async def typed(pilot: Pilot[Any], text: str) -> None:
    await pilot.press(*text)
    await settled(pilot)


def surnames(world: World) -> set[str]:
    return world.desk.read(lambda session: set(session.scalars(select(Person.surname))))


async def test_a_file_is_completed_recognised_and_planned(
    console: MakeApp, world: World, folder: Path
) -> None:
    async with console(lambda: ImportScreen(workplace(world))).run_test(size=(80, 24)) as pilot:
        await settled(pilot)
        await typed(pilot, "pers")
        await pilot.press("f3")
        await settled(pilot)
        shown = screen_text(pilot.app)
        assert "personnel-2026.csv" in shown and "6 " in shown
        await pilot.press("f8")
        await until(pilot, PlanScreen)
        shown = screen_text(pilot.app)
        assert "Vandenbroeck Élise" in shown
        await pilot.press("f8")
        await settled(pilot)
        assert surnames(world) == {"Vandenbroeck", "D'Hondt", "El Amrani"}
        await pilot.press("u")
        await settled(pilot)
        assert surnames(world) == set()


async def until(pilot: Pilot[Any], kind: type[Any]) -> None:
    """Wait for a screen that opens when the work in the background has ended."""
    for _round in range(200):
        await settled(pilot)
        if isinstance(pilot.app.screen, kind):
            await settled(pilot)
            return
        await pilot.pause(0.02)
    raise AssertionError(f"{kind.__name__} did not open")


async def test_a_folder_lists_its_names(console: MakeApp, world: World, folder: Path) -> None:
    async with console(lambda: ImportScreen(workplace(world))).run_test(size=(80, 24)) as pilot:
        await settled(pilot)
        await pilot.press("f3")
        await settled(pilot)
        shown = screen_text(pilot.app)
        assert "archives/" in shown and "autre.csv" in shown


async def test_columns_that_are_not_recognised_are_chosen(
    console: MakeApp, world: World, folder: Path
) -> None:
    async with console(lambda: ImportScreen(workplace(world))).run_test(size=(80, 24)) as pilot:
        await settled(pilot)
        await typed(pilot, "autre.csv")
        await pilot.press("f8")
        await until(pilot, MappingScreen)
        await pilot.press("f8")
        await settled(pilot)
        assert isinstance(pilot.app.screen, MappingScreen)
        await pilot.press("right", "down", "right", "right", "f8")
        await settled(pilot)
        assert isinstance(pilot.app.screen, ImportScreen)
        await pilot.press("f8")
        await until(pilot, PlanScreen)
        await pilot.press("f8")
        await settled(pilot)
    assert surnames(world) == {"Dupont"}
    kept = world.desk.read(importing.remembered, f"staff-{_number(world)}")
    assert kept is not None
    assert (kept.mapping["surname"], kept.mapping["first_name"]) == ("Personne A", "Personne B")


def _number(world: World) -> str:
    code = world.desk.read(importing.default_source, "staff", world.mine)
    return code.removeprefix("staff-")


async def test_a_file_that_is_none_is_told(console: MakeApp, world: World, folder: Path) -> None:
    async with console(lambda: ImportScreen(workplace(world))).run_test(size=(80, 24)) as pilot:
        await settled(pilot)
        await typed(pilot, "nulle-part.csv")
        await pilot.press("f8")
        await settled(pilot)
        assert isinstance(pilot.app.screen, ImportScreen)
    assert world.desk.read(plans.list_plans) == []


async def test_hostile_columns_and_values_are_harmless(
    console: MakeApp, world: World, folder: Path
) -> None:
    cells = [text.replace("\n", " ").replace("\r", " ") for text in HOSTILE if "\ud800" not in text]
    rows = [";".join(f'"{cell}"' for cell in cells)] * 2
    (folder / "x.csv").write_text("\r\n".join(rows), "utf-8")
    async with console(lambda: ImportScreen(workplace(world))).run_test(size=(80, 24)) as pilot:
        await settled(pilot)
        await typed(pilot, "x.csv")
        await pilot.press("f2")
        await settled(pilot)
        for _step in range(len(cells)):
            await pilot.press("right")
            await settled(pilot)
            shown = screen_text(pilot.app)
            assert not any(ord(c) < 32 or 0x7F <= ord(c) < 0xA0 for c in shown.replace("\n", ""))


def imported(world: World, folder: Path) -> int:
    desk = world.director()
    roster = importing.read(folder / "personnel-2026.csv", "staff")
    request = desk.read(importing.request_for, "staff", school_id=world.mine)
    return importing.prepare(desk, roster, request)


async def test_an_applied_plan_is_undone_with_one_key(
    console: MakeApp, world: World, folder: Path
) -> None:
    world.director().write(plans.apply, imported(world, folder))
    async with console(PlansScreen(workplace(world))).run_test(size=(80, 24)) as pilot:
        await settled(pilot)
        await pilot.press("u")
        await settled(pilot)
        assert "Annulé" in screen_text(pilot.app)
    assert surnames(world) == set()


async def test_a_plan_is_opened_from_the_list(console: MakeApp, world: World, folder: Path) -> None:
    imported(world, folder)
    async with console(PlansScreen(workplace(world))).run_test(size=(80, 24)) as pilot:
        await settled(pilot)
        await pilot.press("enter")
        await settled(pilot)
        assert isinstance(pilot.app.screen, PlanScreen)


# Pictures


def test_picture(console: MakeApp, world: World, folder: Path, snap_compare: Any) -> None:
    async def look(pilot: Pilot[Any]) -> None:
        await settled(pilot)
        await typed(pilot, "pers")
        await pilot.press("f3")
        await settled(pilot)

    app = console(lambda: ImportScreen(workplace(world)))
    assert snap_compare(app, terminal_size=(80, 24), run_before=look)


def test_picture_of_columns(
    console: MakeApp, world: World, folder: Path, snap_compare: Any
) -> None:
    async def look(pilot: Pilot[Any]) -> None:
        await settled(pilot)
        await typed(pilot, "personnel-2026.csv")
        await pilot.press("f2")
        await settled(pilot)

    app = console(lambda: ImportScreen(workplace(world)))
    assert snap_compare(app, terminal_size=(80, 24), run_before=look)


def test_picture_of_the_plan(
    console: MakeApp, world: World, folder: Path, snap_compare: Any
) -> None:
    async def look(pilot: Pilot[Any]) -> None:
        await settled(pilot)
        await typed(pilot, "personnel-2026.csv")
        await pilot.press("f8")
        await until(pilot, PlanScreen)

    app = console(lambda: ImportScreen(workplace(world)))
    assert snap_compare(app, terminal_size=(80, 24), run_before=look)


def test_picture_of_the_plans(
    console: MakeApp, world: World, folder: Path, snap_compare: Any
) -> None:
    world.director().write(plans.apply, imported(world, folder))
    imported(world, folder)
    app = console(PlansScreen(workplace(world)))
    assert snap_compare(app, terminal_size=(80, 24), run_before=settled)
