"""The calendar of the workshops: from a date, from today, what falls when; files to keep."""

from pathlib import Path
from typing import Any

import pytest
from sqlalchemy import Engine
from textual.pilot import Pilot
from textual.widgets import Input

from screens.workshop_calendar import DateScreen, WorkshopCalendarScreen
from screens.workshop_dialogs import AskLineScreen
from screens.workshop_request import WorkshopRequestScreen
from tests.calendars import read
from tests.screens.ateliers import at_school, in_office, press
from tests.screens.conftest import MakeApp, screen_text, settled
from tests.services.workshop_world import Ateliers, make_ateliers


@pytest.fixture
def ateliers(sqlite_engine: Engine) -> Ateliers:
    return make_ateliers(sqlite_engine)


def opened(console: MakeApp, ateliers: Ateliers) -> Any:
    return console(WorkshopCalendarScreen(at_school(ateliers)), role="coordinator")


async def go_to(pilot: Pilot[Any], day: str) -> None:
    await press(pilot, "f2")
    assert isinstance(pilot.app.screen, DateScreen)
    pilot.app.screen.query_one(Input).value = day
    await press(pilot, "enter")


async def test_from_a_date_all_that_follows_is_told(console: MakeApp, ateliers: Ateliers) -> None:
    async with opened(console, ateliers).run_test(size=(80, 24)) as pilot:
        await settled(pilot)
        assert "dim. 17/01/2027" in screen_text(pilot.app)  # the first date still in time
        await go_to(pilot, "15/3/2027")
        shown = screen_text(pilot.app)
        assert "janvier 2027" in shown and "mars 2027" in shown
        for letter, day in (("a", "18/01/2027"), ("b", "21/02/2027"), ("d", "15/03/2027")):
            assert f"{letter}  " in shown and day in shown
            assert f"{letter}{int(day[:2]):2}" in shown
        assert "dans 57 jours" in shown and "g  mar. 30/03/2027" in shown
        await press(pilot, "right")
        assert "19/01/2027" in screen_text(pilot.app)
        await press(pilot, "pagedown", "up", "left")
        assert "+ jeu. 08/04/2027" in screen_text(pilot.app)


async def test_from_today_the_other_way_round(console: MakeApp, ateliers: Ateliers) -> None:
    async with opened(console, ateliers).run_test(size=(80, 24)) as pilot:
        await settled(pilot)
        await press(pilot, "v")
        shown = screen_text(pilot.app)
        assert "aujourd’hui, dim. 22/11/2026" in shown
        told = "a  Dernier jour pour demander à temps : pour l’atelier du dim. 17/01/2027"
        assert told in shown.replace("\N{NO-BREAK SPACE}", " ")
        assert "l’atelier du lun. 14/12/2026" in shown


async def test_what_falls_on_the_days_is_listed(console: MakeApp, ateliers: Ateliers) -> None:
    ateliers.accepted(title="L’oral au PP")
    async with opened(console, ateliers).run_test(size=(80, 24)) as pilot:
        await settled(pilot)
        await go_to(pilot, "20/03/2027")
        assert "*15" in screen_text(pilot.app) and "*16" in screen_text(pilot.app)
        await press(pilot, "v", "v")
        shown = screen_text(pilot.app)
        assert "L’oral au PP" in shown and "lun. 15/03/2027" in shown
        assert "Clôture des inscriptions" in shown
        await press(pilot, "v")
        assert "+ sam. 20/03/2027" in screen_text(pilot.app)


async def test_days_off_are_marked_and_told(console: MakeApp, ateliers: Ateliers) -> None:
    async with opened(console, ateliers).run_test(size=(80, 24)) as pilot:
        await settled(pilot)
        await go_to(pilot, "01/05/2027")
        shown = screen_text(pilot.app)
        assert "01/05/2027 est un jour férié" in shown
        assert "-29" in shown  # Easter Monday, in March


async def test_enter_asks_for_a_workshop_on_that_day(console: MakeApp, ateliers: Ateliers) -> None:
    app = opened(console, ateliers)
    async with app.run_test(size=(80, 24)) as pilot:
        await settled(pilot)
        await go_to(pilot, "15/03/2027")
        await press(pilot, "enter")
        assert isinstance(app.screen, WorkshopRequestScreen)
        assert app.screen._form.values["first_day"] == "15/03/2027"


async def test_without_a_school_one_looks_only(console: MakeApp, ateliers: Ateliers) -> None:
    app = console(WorkshopCalendarScreen(in_office(ateliers)), role="helpdesk")
    async with app.run_test(size=(80, 24)) as pilot:
        await settled(pilot)
        before = app.screen
        await press(pilot, "enter")
        assert app.screen is before


@pytest.mark.parametrize("listed", [False, True])
async def test_the_file_holds_event_and_deadlines(
    listed: bool, console: MakeApp, ateliers: Ateliers, tmp_path: Path
) -> None:
    ateliers.accepted()
    app = opened(console, ateliers)
    async with app.run_test(size=(80, 24)) as pilot:
        await settled(pilot)
        await go_to(pilot, "15/03/2027")
        if listed:
            await press(pilot, "v", "v")
        await press(pilot, "f8")
        assert isinstance(app.screen, AskLineScreen)
        app.screen.query_one(Input).value = str(tmp_path / "agenda")
        await press(pilot, "enter")
    (made,) = (tmp_path / "agenda").iterdir()
    events = read(made.read_bytes()).all("VEVENT")
    assert len(events) == (4 if listed else 6)
    days = {event["DTSTART"].value[:8] for event in events}
    assert {"20270315", "20270221", "20270330"} <= days
    assert ("20270118" in days) is not listed


def test_picture(console: MakeApp, ateliers: Ateliers, snap_compare: Any) -> None:
    ateliers.accepted()

    async def look(pilot: Pilot[Any]) -> None:
        await settled(pilot)
        await go_to(pilot, "28/03/2027")

    assert snap_compare(opened(console, ateliers), terminal_size=(80, 24), run_before=look)


@pytest.mark.parametrize("keys", ["v", "vv"], ids=["today", "requests"])
def test_picture_of_a_view(
    keys: str, console: MakeApp, ateliers: Ateliers, snap_compare: Any
) -> None:
    ateliers.accepted()

    async def look(pilot: Pilot[Any]) -> None:
        await settled(pilot)
        await go_to(pilot, "15/03/2027")
        await press(pilot, *keys)

    assert snap_compare(opened(console, ateliers), terminal_size=(80, 24), run_before=look)


def test_picture_of_the_folder(console: MakeApp, ateliers: Ateliers, snap_compare: Any) -> None:
    async def look(pilot: Pilot[Any]) -> None:
        await settled(pilot)
        await press(pilot, "f8")
        pilot.app.screen.query_one(Input).value = "/home/a.lecomte/Documents/trousseau"
        await settled(pilot)

    assert snap_compare(opened(console, ateliers), terminal_size=(80, 24), run_before=look)


def test_picture_of_the_date(console: MakeApp, ateliers: Ateliers, snap_compare: Any) -> None:
    async def look(pilot: Pilot[Any]) -> None:
        await settled(pilot)
        await press(pilot, "f2")

    assert snap_compare(opened(console, ateliers), terminal_size=(80, 24), run_before=look)
