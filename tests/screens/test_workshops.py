"""The list of workshops on screen: a school's own, and the office's queue by risk."""

from pathlib import Path
from typing import Any

import pytest
from sqlalchemy import Engine
from textual.pilot import Pilot
from textual.widgets import Input

from models.references import make_workshop_reference
from screens.schools import SchoolsScreen
from screens.workshop import WorkshopScreen
from screens.workshop_calendar import WorkshopCalendarScreen
from screens.workshop_dialogs import AskLineScreen
from screens.workshop_request import WorkshopRequestScreen
from screens.workshops import WorkshopsScreen
from services import workshops
from services.workshops import STATUS_WORDS
from tests.calendars import read
from tests.screens.ateliers import at_school, begin, in_office, press
from tests.screens.conftest import MakeApp, screen_text, settled
from tests.services.workshop_world import Ateliers, form, make_ateliers
from tui.drawing.characters import shown_as


@pytest.fixture
def ateliers(sqlite_engine: Engine) -> Ateliers:
    return make_ateliers(sqlite_engine)


def some(ateliers: Ateliers) -> dict[str, int]:
    """Requests in different states, of two schools; on 22 November one is overdue."""
    ateliers.at("2026-11-02T09:00:00+00:00")
    asked = {
        "overdue": ateliers.ask(title="Évaluer sans noter", first_day="20/01/2027"),
        "accepted": ateliers.accepted(title="L’approche par concepts", programme="MYP"),
        "refused": ateliers.ask(title="Enseigner le TdC", programme="DP", first_day="07/06/2027"),
    }
    ateliers.office.write(workshops.refuse, asked["refused"], "Aucun animateur en juin.")
    ateliers.at("2026-11-20T09:00:00+00:00")
    asked["late"] = ateliers.ask(title="Agir ensemble", first_day="11/01/2027", category="1")
    values = form(title="Chez les voisins")
    neighbour = ateliers.neighbour.write(workshops.submit, ateliers.world.other, values)
    asked["other"] = neighbour.workshop_id
    ateliers.at("2026-11-22T08:00:00+00:00")
    return asked


def test_every_status_has_a_sign_of_its_own_on_every_terminal() -> None:
    signs = [sign for sign, _word in STATUS_WORDS.values()]
    for codec in ("utf-8", "latin-1", "ascii"):
        told = {shown_as(sign, codec) for sign in signs}
        assert len(told) == len(signs) and not told & set(":,;")  # nothing that ends a label


async def test_the_office_finds_what_is_overdue_first(console: MakeApp, ateliers: Ateliers) -> None:
    asked = some(ateliers)
    screen = WorkshopsScreen(in_office(ateliers))
    async with console(screen, role="helpdesk").run_test(size=(120, 30)) as pilot:
        await settled(pilot)
        shown = screen_text(pilot.app)
        order = ("Évaluer sans noter", "Agir ensemble", "Chez les voisins", "Enseigner le TdC")
        places = [shown.index(title) for title in order]
        assert places == sorted(places)
        assert "! -6" in shown and "Athénée de l’Essai" in shown
        assert screen.table.row and screen.table.row.key == asked["overdue"]
        told = "en retard de 6 jours, depuis le 16/11/2026"
        assert told in screen._detail.text
        await press(pilot, "slash", *"voisins")
        assert screen.table.total == 1


async def test_a_school_sees_its_own(console: MakeApp, ateliers: Ateliers) -> None:
    asked = some(ateliers)
    screen = WorkshopsScreen(at_school(ateliers))
    async with console(screen, role="coordinator").run_test(size=(80, 24)) as pilot:
        await settled(pilot)
        shown = screen_text(pilot.app)
        assert "voisins" not in shown and "Réponse à donner" in shown
        assert screen.table.total == 4
        totals = []
        for _press in range(4):
            await press(pilot, "f")
            totals.append(screen.table.total)
        assert totals == [2, 1, 1, 4]
        await press(pilot, "slash", *make_workshop_reference(asked["accepted"]), "enter")
        assert screen.table.row and screen.table.row.key == asked["accepted"]


async def test_a_draft_is_counted_and_gone_on_with(console: MakeApp, ateliers: Ateliers) -> None:
    some(ateliers)
    begin(ateliers, title="Commencé hier")
    screen = WorkshopsScreen(at_school(ateliers))
    async with console(screen, role="coordinator").run_test(size=(80, 24)) as pilot:
        await settled(pilot)
        assert ". Brouillon 1" in screen_text(pilot.app)
        await press(pilot, "f")  # a draft is no line: the next status
        assert screen.table.total == 2
        await press(pilot, "f8")
        assert isinstance(pilot.app.screen, WorkshopRequestScreen)
        assert "Commencé hier" in screen_text(pilot.app)
        await press(pilot, "escape", "c")
        assert isinstance(pilot.app.screen, WorkshopCalendarScreen)


async def test_without_a_school_that_is_chosen_first(console: MakeApp, ateliers: Ateliers) -> None:
    screen = WorkshopsScreen(in_office(ateliers))
    async with console(screen, role="helpdesk").run_test(size=(80, 24)) as pilot:
        await press(pilot, "f8")
        assert isinstance(pilot.app.screen, SchoolsScreen)


async def test_a_director_is_not_offered_to_ask(console: MakeApp, ateliers: Ateliers) -> None:
    some(ateliers)
    screen = WorkshopsScreen(at_school(ateliers, ateliers.director))
    async with console(screen, role="director").run_test(size=(80, 24)) as pilot:
        await settled(pilot)
        assert screen.table.total == 4
        await press(pilot, "f8")
        assert pilot.app.screen is screen


async def test_the_file_of_a_workshop_is_written(
    console: MakeApp, ateliers: Ateliers, tmp_path: Path
) -> None:
    some(ateliers)
    screen = WorkshopsScreen(at_school(ateliers))
    async with console(screen, role="coordinator").run_test(size=(80, 24)) as pilot:
        await settled(pilot)
        await press(pilot, "f6")
        assert isinstance(pilot.app.screen, AskLineScreen)
        pilot.app.screen.query_one(Input).value = str(tmp_path / "agenda")
        await press(pilot, "enter")
        (made,) = (tmp_path / "agenda").iterdir()
        assert made.suffix == ".ics" and made.stat().st_mode & 0o077 == 0
        assert str(made) in notified(pilot)
    assert read(made.read_bytes()).all("VEVENT")


async def test_over_a_line_no_file_is_written(console: MakeApp, ateliers: Ateliers) -> None:
    some(ateliers)
    screen = WorkshopsScreen(at_school(ateliers))
    app = console(screen, role="coordinator", may_write_files=False)
    async with app.run_test(size=(80, 24)) as pilot:
        await settled(pilot)
        await press(pilot, "f6")
        assert pilot.app.screen is screen
        assert "aucun fichier n’est écrit" in notified(pilot)


def notified(pilot: Pilot[Any]) -> str:
    return " ".join(str(each.message) for each in pilot.app._notifications)


async def test_a_line_opens_the_page_of_the_workshop(console: MakeApp, ateliers: Ateliers) -> None:
    some(ateliers)
    screen = WorkshopsScreen(at_school(ateliers))
    async with console(screen, role="coordinator").run_test(size=(80, 24)) as pilot:
        await settled(pilot)
        await press(pilot, "enter")
        assert isinstance(pilot.app.screen, WorkshopScreen)


def test_picture(console: MakeApp, ateliers: Ateliers, snap_compare: Any) -> None:
    some(ateliers)
    begin(ateliers)
    app = console(WorkshopsScreen(at_school(ateliers)), role="coordinator")
    assert snap_compare(app, terminal_size=(80, 24), run_before=settled)


def test_picture_of_the_queue(console: MakeApp, ateliers: Ateliers, snap_compare: Any) -> None:
    some(ateliers)
    app = console(WorkshopsScreen(in_office(ateliers)), role="helpdesk")
    assert snap_compare(app, terminal_size=(80, 24), run_before=settled)
