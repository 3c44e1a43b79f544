"""Attendance by keyboard, from a file and from the server; complete, and the certificates."""

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from sqlalchemy import Engine
from textual.pilot import Pilot

from screens.workshop_attendance import WorkshopAttendanceScreen
from screens.workshop_dialogs import AskLineScreen
from screens.workshop_plan import WorkshopPlanScreen
from services import workshop_attendance, workshop_page
from services.workshop_attendance import user_id_of
from services.workshop_meetings import meeting_id_of
from tests.screens.conftest import MakeApp, settled
from tests.screens.workshop_place import (
    AFTER,
    attended,
    coordinator,
    enter,
    office,
    shown,
    told,
)
from tests.services.workshop_world import Ateliers, make_ateliers


@pytest.fixture
def ateliers(sqlite_engine: Engine) -> Ateliers:
    return make_ateliers(sqlite_engine)


@pytest.fixture
def held(ateliers: Ateliers) -> int:
    workshop = ateliers.accepted()
    enter(ateliers, workshop)
    ateliers.at(AFTER)
    return workshop


def known(ateliers: Ateliers, workshop: int) -> list[str]:
    """Return the presences of each participant: + - . by session."""
    signs = {True: "+", False: "-", None: "."}
    rows = ateliers.office.read(workshop_attendance.results, workshop)
    return ["".join(signs[one.present] for one in row.sessions) for row in rows]


async def until(pilot: Pilot[Any], holds: Callable[[], bool]) -> None:
    """Wait for what is read first in another thread; the test's own time-out ends it."""
    while not holds():
        await settled(pilot)


async def test_sessions_and_people_are_marked_by_keyboard(
    console: MakeApp, ateliers: Ateliers, held: int
) -> None:
    app = console(WorkshopAttendanceScreen(office(ateliers), held), role="helpdesk")
    async with app.run_test(size=(80, 24)) as pilot:
        await settled(pilot)
        assert "Séance 1 sur 2, 15/03/2027 09:00-16:00" in shown(pilot)
        await pilot.press("space", "down", "space", "space", "down", "space", "space", "space")
        await settled(pilot)
        assert known(ateliers, held) == ["+.", "-.", ".."]
        assert "présents 1, absents 1, à enregistrer 1" in shown(pilot)
        await pilot.press("home", "right", "space", "down")
        await settled(pilot)
        assert known(ateliers, held) == ["++", "-.", ".."]
        text = shown(pilot)
        assert "Séance 2 sur 2" in text and "+ [+]" in text and "+ remplies" in text
        assert "x non remplies" in text and "Absence à la séance 1" in text


async def test_keys_faster_than_the_database_leave_the_latest(
    console: MakeApp, ateliers: Ateliers, held: int
) -> None:
    app = console(WorkshopAttendanceScreen(office(ateliers), held), role="helpdesk")
    async with app.run_test(size=(80, 24)) as pilot:
        await settled(pilot)
        await pilot.press(*["space"] * 8)
        await settled(pilot)
    assert known(ateliers, held)[0] == "-."


async def test_all_others_were_there(console: MakeApp, ateliers: Ateliers, held: int) -> None:
    app = console(WorkshopAttendanceScreen(office(ateliers), held), role="helpdesk")
    async with app.run_test(size=(80, 24)) as pilot:
        await settled(pilot)
        await pilot.press("space", "space", "a")
        await settled(pilot)
        assert isinstance(pilot.app.screen, WorkshopPlanScreen)
        await pilot.press("f8", "escape")
        await settled(pilot)
        assert known(ateliers, held) == ["-.", "+.", "+."]
        await pilot.press("a")
        await settled(pilot)
        assert "Tout le monde" in told(pilot)


async def test_a_list_is_read_by_a_plan(
    console: MakeApp, ateliers: Ateliers, held: int, tmp_path: Path
) -> None:
    (tmp_path / "l.csv").write_text(
        "E-mail;Séance 1;Séance 2\nadam@ecole.example;x;x\nbodart@ecole.example;x;absent\n", "utf-8"
    )
    app = console(WorkshopAttendanceScreen(office(ateliers), held), role="helpdesk")
    async with app.run_test(size=(80, 24)) as pilot:
        await settled(pilot)
        await pilot.press("f3", *str(tmp_path / "l.csv"), "enter")
        await settled(pilot)
        await pilot.press("f8", "escape")
        await settled(pilot)
    assert known(ateliers, held) == ["++", "+-", "--"]


async def test_the_servers_report_is_read_by_a_plan(
    console: MakeApp, ateliers: Ateliers, held: int, tmp_path: Path
) -> None:
    adam = ateliers.office.read(workshop_attendance.results, held)[0].participant_id
    day = "2027-03-15T{}:00:00.000+00:00".format
    attendee = {
        "ext_user_id": user_id_of(adam), "name": "Jo Adam", "moderator": False, "duration": 25_200,
        "joins": [day("08")], "leaves": [day("15")],
    }  # fmt: skip
    report = {
        "meeting_id": meeting_id_of(held),
        "data": {"start": day("08"), "finish": day("15"), "attendees": [attendee]},
    }
    (tmp_path / "r.json").write_text(json.dumps(report), "utf-8")
    app = console(WorkshopAttendanceScreen(office(ateliers), held), role="helpdesk")
    async with app.run_test(size=(80, 24)) as pilot:
        await settled(pilot)
        await pilot.press("f3", *str(tmp_path / "r.json"), "enter")
        await settled(pilot)
        assert isinstance(pilot.app.screen, WorkshopPlanScreen), told(pilot)
        await pilot.press("f8", "escape")
        await settled(pilot)
    assert known(ateliers, held)[0] == "+."


async def test_no_list_is_told_in_words(
    console: MakeApp, ateliers: Ateliers, held: int, tmp_path: Path
) -> None:
    (tmp_path / "x.csv").write_bytes(b"\x00\x01")
    screen = WorkshopAttendanceScreen(office(ateliers), held)
    async with console(screen, role="helpdesk").run_test(size=(80, 24)) as pilot:
        await settled(pilot)
        await pilot.press("f3", *str(tmp_path / "x.csv"), "enter")
        await settled(pilot)
        assert pilot.app.screen is screen and told(pilot)
        assert "numéro" not in told(pilot)  # not the sentence for a mistake in the program


async def test_the_list_is_complete_once_everybody_is_recorded(
    console: MakeApp, ateliers: Ateliers, held: int
) -> None:
    app = console(WorkshopAttendanceScreen(office(ateliers), held), role="helpdesk")
    async with app.run_test(size=(80, 24)) as pilot:
        await settled(pilot)
        screen = app.screen
        await pilot.press("f8")
        await settled(pilot)
        assert "Jo Adam" in told(pilot) and app.screen is screen  # nothing is asked yet
        for person in enter_ids(ateliers, held):
            for number in (1, 2):
                ateliers.office.write(workshop_attendance.record, held, person, number, True)
        await pilot.press("f5")
        await settled(pilot)
        await pilot.press("f8")
        await settled(pilot)
        assert "3 sur 3 remplissent" in shown(pilot)
        await pilot.press("o")
        await settled(pilot)
    assert ateliers.office.read(workshop_page.page, held).status == "attended"


def enter_ids(ateliers: Ateliers, workshop: int) -> list[int]:
    rows = ateliers.office.read(workshop_attendance.results, workshop)
    return [row.participant_id for row in rows]


async def test_certificates_go_into_a_folder(
    console: MakeApp, ateliers: Ateliers, tmp_path: Path
) -> None:
    workshop = attended(ateliers)
    app = console(WorkshopAttendanceScreen(office(ateliers), workshop), role="helpdesk")
    async with app.run_test(size=(80, 24)) as pilot:
        await settled(pilot)
        await pilot.press("c", *"Anne Dubois", "enter")
        await settled(pilot)
        await pilot.press("ctrl+u", *str(tmp_path), "enter")
        await settled(pilot)
        assert "2 attestations" in told(pilot)
    (file,) = tmp_path.glob("attestations-*.pdf")
    assert file.read_bytes().startswith(b"%PDF") and file.stat().st_mode & 0o077 == 0


async def test_sessions_are_set_for_both_days(
    console: MakeApp, ateliers: Ateliers, held: int
) -> None:
    app = console(WorkshopAttendanceScreen(office(ateliers), held), role="helpdesk")
    async with app.run_test(size=(80, 24)) as pilot:
        await settled(pilot)
        for typed, result in (
            ("9h-12h", "Séance 1 sur 2, 15/03/2027 09:00-12:00"),
            ("09:00-12:00 13:00-16:00", "Séance 1 sur 4"),
        ):
            await pilot.press("f2")
            await until(pilot, lambda: isinstance(pilot.app.screen, AskLineScreen))
            await pilot.press("ctrl+u", *typed, "enter")
            await until(pilot, lambda result=result: result in shown(pilot))
    found = ateliers.office.read(workshop_attendance.sessions, held)
    assert [each.starts_at.hour for each in found] == [8, 12, 8, 12]


async def test_before_a_session_nobody_was_there(console: MakeApp, ateliers: Ateliers) -> None:
    workshop = ateliers.accepted()
    enter(ateliers, workshop)
    app = console(WorkshopAttendanceScreen(office(ateliers), workshop), role="helpdesk")
    async with app.run_test(size=(80, 24)) as pilot:
        await settled(pilot)
        await pilot.press("space", "a", "f8")
        await settled(pilot)
        assert "pas encore commencé" in told(pilot)
    assert known(ateliers, workshop) == ["..", "..", ".."]


async def test_the_school_sees_it_and_marks_nothing(
    console: MakeApp, ateliers: Ateliers, held: int
) -> None:
    screen = WorkshopAttendanceScreen(coordinator(ateliers), held)
    async with console(screen, role="coordinator").run_test(size=(80, 24)) as pilot:
        await settled(pilot)
        await pilot.press("space", "a", "f3", "f8", "c", "f2", "right")
        await settled(pilot)
        assert pilot.app.screen is screen and "Séance 2 sur 2" in shown(pilot)
    assert known(ateliers, held) == ["..", "..", ".."]


async def test_a_screen_reader_hears_the_session_in_words(
    console: MakeApp, ateliers: Ateliers
) -> None:
    workshop = attended(ateliers)
    app = console(WorkshopAttendanceScreen(office(ateliers), workshop), role="helpdesk")
    app.accessible = True  # type: ignore[attr-defined]
    async with app.run_test(size=(100, 24)) as pilot:
        await settled(pilot)
        await pilot.press("right")
        await settled(pilot)
        assert "séance 2 absence" in shown(pilot)


# The picture


def test_picture(console: MakeApp, ateliers: Ateliers, held: int, snap_compare: Any) -> None:
    async def look(pilot: Pilot[Any]) -> None:
        await settled(pilot)
        await pilot.press("space", "right", "space", "down", "space", "space")
        await settled(pilot)

    app = console(WorkshopAttendanceScreen(office(ateliers), held), role="helpdesk")
    assert snap_compare(app, terminal_size=(80, 24), run_before=look)
