"""The meeting of a workshop: made on a server, refused in words, joined by links kept nowhere."""

import csv
import re
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from sqlalchemy import Engine
from textual.pilot import Pilot

from models.language import say
from screens.workshop_meeting import JoinLinkScreen, WorkshopMeetingScreen
from services import workshop_meetings, workshop_participants
from services.bigbluebutton import MeetingServer, MeetingSettingsRefused, meeting_server
from services.workshop_meetings import meeting_id_of
from services.workshop_participants import Entry
from tests.meetings import SECRET, Bigbluebutton, Running
from tests.screens.conftest import MakeApp, screen_text, settled
from tests.screens.workshop_place import coordinator, enter, office, shown, told
from tests.services.workshop_world import Ateliers, make_ateliers


@pytest.fixture
def ateliers(sqlite_engine: Engine) -> Ateliers:
    return make_ateliers(sqlite_engine)


@pytest.fixture
def workshop(ateliers: Ateliers) -> int:
    workshop = ateliers.accepted()
    enter(ateliers, workshop)
    return workshop


def server(url: str, secret: str = SECRET) -> Callable[[], MeetingServer]:
    return lambda: meeting_server(url, secret=secret)


async def test_the_meeting_is_made_and_asked_for_again_without_harm(
    console: MakeApp, ateliers: Ateliers, workshop: int
) -> None:
    with Running(Bigbluebutton()) as fake:
        screen = WorkshopMeetingScreen(office(ateliers, server(fake.url)), workshop)
        async with console(screen, role="helpdesk").run_test(size=(80, 24)) as pilot:
            await settled(pilot)
            assert "Pas encore de réunion" in shown(pilot)
            await pilot.press("f8")
            await settled(pilot)
            assert "La réunion est ouverte depuis" in shown(pilot)
            await pilot.press("f8")
            await settled(pilot)
            assert "déjà ouverte" in told(pilot)
        assert list(fake.meetings) == [meeting_id_of(workshop)]
    row = ateliers.office.read(workshop_meetings.meeting_of, workshop)
    assert row is not None and row.created_at is not None


async def test_a_refusal_is_told_and_kept_in_words(
    console: MakeApp, ateliers: Ateliers, workshop: int
) -> None:
    with Running(Bigbluebutton()) as fake:
        place = office(ateliers, server(fake.url, "x" * 40))
        screen = WorkshopMeetingScreen(place, workshop)
        async with console(screen, role="helpdesk").run_test(size=(80, 24)) as pilot:
            await settled(pilot)
            await pilot.press("f8")
            await settled(pilot)
            assert "secret" in told(pilot) and "Le serveur ne l’a pas ouverte" in shown(pilot)
            assert "x" * 40 not in told(pilot) + shown(pilot)
    row = ateliers.office.read(workshop_meetings.meeting_of, workshop)
    assert row is not None and row.created_at is None and "secret" in row.reply


def broken() -> MeetingServer:
    raise MeetingSettingsRefused(say("%(words)s", words="l’adresse est fausse"))


@pytest.mark.parametrize(
    ("meetings", "words"),
    [
        (lambda: None, "Aucun serveur de réunions"),
        (broken, "l’adresse est fausse"),
        (server("http://127.0.0.1:1/bigbluebutton/"), "127.0.0.1:1"),
    ],
)
async def test_without_a_server_that_is_said(
    console: MakeApp, ateliers: Ateliers, workshop: int, meetings: Any, words: str
) -> None:
    screen = WorkshopMeetingScreen(office(ateliers, meetings), workshop)
    async with console(screen, role="helpdesk").run_test(size=(80, 24)) as pilot:
        await settled(pilot)
        await pilot.press("f8")
        await settled(pilot)
        assert words in told(pilot)
        await pilot.press("f8")  # it can be asked again
        await settled(pilot)
        assert told(pilot).count(words) >= 1


async def test_links_let_in_and_are_kept_nowhere(
    console: MakeApp, ateliers: Ateliers, workshop: int
) -> None:
    with Running(Bigbluebutton()) as fake:
        screen = WorkshopMeetingScreen(office(ateliers, server(fake.url)), workshop)
        async with console(screen, role="helpdesk").run_test(size=(80, 24)) as pilot:
            await settled(pilot)
            await pilot.press("enter")
            await settled(pilot)
            joined = fake.join(link_on(pilot))
            assert joined[1:] == ("Jo Adam", "VIEWER")
            await pilot.press("escape", "m", *"Anne Dubois", "enter")
            await settled(pilot)
            assert fake.join(link_on(pilot)) == ("leader", "Anne Dubois", "MODERATOR")
    database = Path(str(ateliers.world.engine.url.database))
    kept = b"".join(file.read_bytes() for file in database.parent.glob(f"{database.name}*"))
    assert b"Adam" in kept and b"checksum=" not in kept


def link_on(pilot: Pilot[Any]) -> str:
    """Return the link as a terminal's selection takes it: whole lines, put together."""
    dialog = pilot.app.screen
    assert isinstance(dialog, JoinLinkScreen)
    first, *lines = dialog.query_one("#link").region.line_range
    rows = screen_text(pilot.app).splitlines()[first : max(lines) + 1]
    width = pilot.app.size.width
    assert all(len(row.rstrip()) == width for row in rows[:-1]), rows
    link = "".join(rows).rstrip()
    assert re.fullmatch(r"http://[!-~]*?checksum=[0-9a-f]{64}", link), link
    return link


@pytest.mark.parametrize("one", [True, False])
async def test_links_go_to_a_file_each_on_a_line(
    console: MakeApp, ateliers: Ateliers, workshop: int, tmp_path: Path, one: bool
) -> None:
    odd = Entry("", "Peeters; =Zoé", "Jo", "zoe@ecole.example")
    ateliers.coordinator.write(workshop_participants.add, workshop, odd)
    with Running(Bigbluebutton()) as fake:
        screen = WorkshopMeetingScreen(office(ateliers, server(fake.url)), workshop)
        async with console(screen, role="helpdesk").run_test(size=(80, 24)) as pilot:
            await settled(pilot)
            await pilot.press(*(("enter",) if one else ()))
            await settled(pilot)
            await pilot.press("f8" if one else "c")
            await settled(pilot)
            await pilot.press("ctrl+u", *str(tmp_path / "liens"), "enter")
            await settled(pilot)
            assert "Supprimez-le" in told(pilot)
        (file,) = (tmp_path / "liens").iterdir()
        assert file.stat().st_mode & 0o077 == 0
        text = file.read_bytes().decode("utf-8-sig")
        found = text.splitlines() if one else [row[2] for row in csv.reader(text.splitlines())][1:]
        joined = [fake.join(link)[1:] for link in found]
    names = ("Jo Adam", "Jo Bodart", "Jo Claes", "Jo Peeters; =Zoé")
    assert joined == [(name, "VIEWER") for name in (names[:1] if one else names)]


async def test_over_a_connection_that_writes_no_files_the_link_is_shown_all_the_same(
    console: MakeApp, ateliers: Ateliers, workshop: int
) -> None:
    with Running(Bigbluebutton()) as fake:
        screen = WorkshopMeetingScreen(office(ateliers, server(fake.url)), workshop)
        app = console(screen, role="helpdesk", may_write_files=False)
        async with app.run_test(size=(60, 20)) as pilot:
            await settled(pilot)
            await pilot.press("enter")
            await settled(pilot)
            assert fake.join(link_on(pilot))[1] == "Jo Adam"
            await pilot.press("f8")
            await settled(pilot)
            assert "aucun fichier" in told(pilot) and pilot.app.screen is screen


async def test_whoever_is_not_the_office_has_none_made(
    console: MakeApp, ateliers: Ateliers, workshop: int
) -> None:
    screen = WorkshopMeetingScreen(coordinator(ateliers), workshop)
    async with console(screen, role="coordinator").run_test(size=(80, 24)) as pilot:
        await settled(pilot)
        await pilot.press("f8", "m")
        await settled(pilot)
        assert pilot.app.screen is screen
    assert ateliers.office.read(workshop_meetings.meeting_of, workshop) is None


# Pictures


def test_picture(console: MakeApp, ateliers: Ateliers, workshop: int, snap_compare: Any) -> None:
    app = console(WorkshopMeetingScreen(office(ateliers), workshop), role="helpdesk")
    assert snap_compare(app, terminal_size=(80, 24), run_before=settled)


def test_picture_of_a_link(
    console: MakeApp, ateliers: Ateliers, workshop: int, snap_compare: Any
) -> None:
    async def look(pilot: Pilot[Any]) -> None:
        await settled(pilot)
        await pilot.press("enter")
        await settled(pilot)

    place = office(ateliers, server("https://bbb.ateliers.example/bigbluebutton/"))
    app = console(WorkshopMeetingScreen(place, workshop), role="helpdesk")
    assert snap_compare(app, terminal_size=(80, 24), run_before=look)
