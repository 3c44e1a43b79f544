"""The reading room on screen: found, read, fetched; managed by the helpdesk."""

import re
from datetime import UTC, date, datetime
from pathlib import Path
from typing import Any
from zoneinfo import ZoneInfo

import pytest
from sqlalchemy import Engine
from textual.widgets import Input

from screens.committee import CommitteeScreen, PurposeScreen
from screens.committee_form import CommitteeFormScreen, MemberFormScreen
from screens.conference import ConferenceScreen
from screens.conference_form import ConferenceFormScreen
from screens.document import DocumentScreen, VersionsScreen
from screens.document_form import CorrectDocumentScreen, PublishScreen, ReplaceScreen
from screens.plan import PlanScreen
from screens.progress import ProgressScreen
from screens.reading_room import ReadingRoomScreen
from screens.room_words import ROOM_KINDS, CommandLineScreen, told_code
from services import document_codes, documents, reading_room
from services.document_codes import DownloadCode
from services.reading_room import RoomQuery
from tests.calendars import read
from tests.screens.conftest import MakeApp, screen_text, settled
from tests.screens.reading import (
    Stock,
    door,
    fill,
    head,
    head_with_account,
    helpdesk,
    press,
    stocked,
    told,
)
from tests.services.room_world import Room, make_room
from tui.drawing.characters import shown_as


@pytest.fixture
def room(sqlite_engine: Engine) -> Room:
    return make_room(sqlite_engine)


@pytest.fixture
def stock(room: Room) -> Stock:
    return stocked(room)


def flat(text: str) -> str:
    """Return the screen with its lines joined, for sentences that are wrapped."""
    return " ".join(text.replace("│", " ").split()).replace("\u00a0", " ")


def test_every_kind_has_a_sign_of_its_own_on_every_terminal() -> None:
    signs = [kind.sign for kind in ROOM_KINDS.values()]
    for codec in ("utf-8", "latin-1", "ascii"):
        assert len({shown_as(sign, codec) for sign in signs}) == len(signs)


# --- the list -----------------------------------------------------------------------------


async def test_the_newest_comes_first_and_what_is_unread_says_so(
    console: MakeApp, room: Room, stock: Stock
) -> None:
    screen = ReadingRoomScreen(head(room))
    async with console(screen, role="head").run_test(size=(100, 24)) as pilot:
        await settled(pilot)
        shown = screen_text(pilot.app).splitlines()
        lines = [line for line in shown[2:] if "/20" in line][:5]
        assert ["* Non lu" in line for line in lines] == [False, False, True, True, False]
        assert "Conférence de printemps" in lines[0] and " lu " in lines[4]
        assert "* Non lu 2" in shown[1] and "Retiré" not in shown[1]
        totals = []
        for _press in range(6):
            await press(pilot, "f")
            totals.append(screen.table.total)
        assert totals == [2, 2, 1, 1, 1, 5]


async def test_searching_leads_to_the_place_in_the_text(
    console: MakeApp, room: Room, stock: Stock
) -> None:
    screen = ReadingRoomScreen(head(room))
    async with console(screen, role="head").run_test(size=(80, 24)) as pilot:
        await settled(pilot)
        await press(pilot, "slash", *"unanimite", "enter")
        assert screen.table.total == 1 and "trouvé dans le texte" in flat(screen_text(pilot.app))
        await press(pilot, "enter")
        shown = screen_text(pilot.app)
        assert isinstance(pilot.app.screen, DocumentScreen)
        assert "Le budget est adopté à l’unanimité." in shown
        assert "correspondance 1 sur 1" in shown
        await press(pilot, "escape", "escape")
        assert pilot.app.screen is screen and screen._counts["unread"] == 1


async def test_what_stands_there_otherwise_is_not_looked_for_in_vain(
    console: MakeApp, room: Room, stock: Stock
) -> None:
    screen = ReadingRoomScreen(head(room))
    async with console(screen, role="head").run_test(size=(80, 24)) as pilot:
        await settled(pilot)
        await press(pilot, "slash", *"lunanimite", "enter", "enter")
        shown = screen_text(pilot.app)
        assert "l’unanimité" in shown and "introuvable" not in shown and "lunanimite" not in shown


async def test_a_committee_is_found_by_its_members(
    console: MakeApp, room: Room, stock: Stock
) -> None:
    screen = ReadingRoomScreen(head(room))
    async with console(screen, role="head").run_test(size=(80, 24)) as pilot:
        await settled(pilot)
        await press(pilot, "slash", *"demir", "enter", "enter")
        assert isinstance(pilot.app.screen, CommitteeScreen)


async def test_a_head_is_offered_nothing_that_changes_anything(
    console: MakeApp, room: Room, stock: Stock
) -> None:
    screen = ReadingRoomScreen(head(room))
    async with console(screen, role="head").run_test(size=(80, 24)) as pilot:
        await settled(pilot)
        await press(pilot, "f8", "c", "m", "f3")
        assert pilot.app.screen is screen
        pilot.app.push_screen(DocumentScreen(head(room), stock.minutes))
        await settled(pilot)
        page = pilot.app.screen
        await press(pilot, "r", "f2", "x")
        assert pilot.app.screen is page


# --- a document ---------------------------------------------------------------------------


async def test_opened_it_is_read_and_a_new_version_is_not(
    console: MakeApp, room: Room, stock: Stock
) -> None:
    async with console(DocumentScreen(head(room), stock.minutes), role="head").run_test(
        size=(80, 24)
    ) as pilot:
        await settled(pilot)
        shown = flat(screen_text(pilot.app))
        assert "Procès-verbal du 03/10/2026 · Bureau · version 1 du 22/11/2026" in shown
        assert room.head.read(reading_room.unread_documents) == 1
        await press(pilot, "v")
        assert isinstance(pilot.app.screen, DocumentScreen)  # there is one only
    room.replace(stock.minutes, "# Corrigé", "chiffres corrigés")
    assert room.head.read(reading_room.unread_documents) == 2
    async with console(DocumentScreen(head(room), stock.minutes), role="head").run_test(
        size=(80, 24)
    ) as pilot:
        await settled(pilot)
        assert "version 2 du 22/11/2026 · chiffres corrigés" in flat(screen_text(pilot.app))
        await press(pilot, "v", "down", "enter")
        shown = flat(screen_text(pilot.app))
        assert "version 1 du 22/11/2026, la dernière est la 2" in shown and "Namur" in shown
    assert room.head.read(reading_room.unread_documents) == 1


async def test_a_file_is_written_where_files_may_be(
    console: MakeApp, room: Room, stock: Stock, tmp_path: Path
) -> None:
    app = console(DocumentScreen(head(room), stock.brochure), role="head")
    async with app.run_test(size=(100, 24)) as pilot:
        await settled(pilot)
        shown = screen_text(pilot.app)
        name = "'brochure 2026.pdf'"
        assert f"document get {stock.brochure} --version 1 --output {name}" in shown
        assert f"ssh … document get {stock.brochure} --version 1 > {name}" in shown
        assert "en anglais" in shown and "184 ko" in flat(shown)
        await press(pilot, "f8")
        app.screen.query_one(Input).value = str(tmp_path / "lus")
        await press(pilot, "enter")
        (made,) = (tmp_path / "lus").iterdir()
        assert made.name == "brochure 2026.pdf" and made.stat().st_size == 184_009
        assert made.stat().st_mode & 0o077 == 0 and str(made) in told(pilot)


async def test_over_a_line_the_command_is_told(console: MakeApp, room: Room, stock: Stock) -> None:
    screen = DocumentScreen(head_with_account(room), stock.minutes)
    app = console(screen, role="head", may_write_files=False)
    async with app.run_test(size=(80, 24)) as pilot:
        await settled(pilot)
        await press(pilot, "f8")
        assert isinstance(app.screen, CommandLineScreen)
        assert f"ssh … document get {stock.minutes} --version 1 > pv.md" in screen_text(app)
        assert "trousseau document" not in screen_text(app)
        await press(pilot, "escape")
        assert app.screen is screen


def code_in(app: Any) -> str:
    """Return the code of the command that is on the screen, which stands on one line."""
    assert "ssh … document fetch" in screen_text(app)
    (code,) = set(re.findall(r" ([0-9A-Z]{5}(?:-[0-9A-Z]{5}){4}) >", screen_text(app)))
    return str(code)


@pytest.mark.parametrize("size", [(80, 24), (60, 20)])
async def test_without_an_account_a_code_leads_there(
    console: MakeApp, room: Room, stock: Stock, size: tuple[int, int]
) -> None:
    app = console(DocumentScreen(head(room), stock.brochure), role="head", may_write_files=False)
    async with app.run_test(size=size) as pilot:
        await settled(pilot)
        first, shown = code_in(app), flat(screen_text(app))
        assert "15 minutes, jusqu’à 09:15" in shown and "helpdesk" not in shown
        fetched = document_codes.fetch(door(room), first).contents
        assert (fetched.file_name, len(fetched.contents)) == ("brochure 2026.pdf", 184_009)
        room.at("2026-11-22T08:20:00+00:00")
        await press(pilot, "f8")
        assert isinstance(app.screen, CommandLineScreen)
        again = code_in(app)
        assert again != first and "jusqu’à 09:35" in flat(screen_text(app))
        assert document_codes.fetch(door(room), again).contents == fetched
        await press(pilot, "escape", "f5")
        assert code_in(app) == again


@pytest.mark.parametrize(
    ("name", "plain"),
    [
        ("brochure 2026.pdf", "brochure_2026.pdf"),
        ("Règlement d’ordre intérieur.pdf", "Règlement_d_ordre_intérieur.pdf"),
        ("$(id);`x`/../-.pdf", "id_x.pdf"),
        ("..", "document"),
        ("x" * 190 + ".docx", "x" * 36 + ".docx"),
    ],
)
def test_a_file_is_named_so_that_no_shell_minds(name: str, plain: str) -> None:
    code = DownloadCode("CODE", datetime(2026, 11, 22, tzinfo=UTC))
    (command,) = [p.text for p in told_code(code, name, ZoneInfo("UTC")) if "ssh" in p.text]
    assert command.endswith(f" > {plain}")


async def test_a_text_is_fetched_by_a_code_too(console: MakeApp, room: Room, stock: Stock) -> None:
    app = console(DocumentScreen(head(room), stock.minutes), role="head", may_write_files=False)
    async with app.run_test(size=(80, 24)) as pilot:
        await settled(pilot)
        assert "document fetch" not in screen_text(app)
        await press(pilot, "f8")
        assert document_codes.fetch(door(room), code_in(app)).contents.file_name == "pv.md"


async def test_with_an_account_no_code_is_shown(console: MakeApp, room: Room, stock: Stock) -> None:
    screen = DocumentScreen(head_with_account(room), stock.brochure)
    app = console(screen, role="head", may_write_files=False)
    async with app.run_test(size=(80, 24)) as pilot:
        await settled(pilot)
        assert f"ssh … document get {stock.brochure}" in screen_text(app)
        assert "fetch" not in screen_text(app)


async def test_what_is_withdrawn_gives_no_code(console: MakeApp, room: Room, stock: Stock) -> None:
    app = console(DocumentScreen(head(room), stock.brochure), role="head", may_write_files=False)
    async with app.run_test(size=(80, 24)) as pilot:
        await settled(pilot)
        room.helpdesk.write(documents.withdraw, stock.brochure)
        await press(pilot, "f8")
        assert "ne se trouve pas" in told(pilot)
        assert not isinstance(app.screen, CommandLineScreen)


async def test_what_is_withdrawn_is_gone_for_heads(
    console: MakeApp, room: Room, stock: Stock
) -> None:
    room.helpdesk.write(documents.withdraw, stock.minutes)
    app = console(DocumentScreen(head(room), stock.minutes), role="head")
    async with app.run_test(size=(80, 24)) as pilot:
        await settled(pilot)
        assert "ne se trouve pas" in told(pilot) and "budget" not in screen_text(app)


# --- a conference and a committee ---------------------------------------------------------


async def test_a_conference_in_both_zones_and_its_file(
    console: MakeApp, room: Room, stock: Stock, tmp_path: Path
) -> None:
    app = console(ConferenceScreen(head(room), stock.conference), role="head")
    async with app.run_test(size=(80, 24)) as pilot:
        await settled(pilot)
        shown = screen_text(app)
        # The clocks of both are put forward in the night between the two days.
        assert "sam. 27/03/2027  09:30 – 16:00  10:30 – 17:00" in shown
        assert "Europe/London" in shown and "Europe/Brussels" in shown
        assert "• samedi : ateliers" in flat(shown)
        await press(pilot, "f8")
        app.screen.query_one(Input).value = str(tmp_path / "agenda")
        await press(pilot, "enter")
        (made,) = (tmp_path / "agenda").iterdir()
        assert made.suffix == ".ics"
    events = read(made.read_bytes()).all("VEVENT")
    assert "Conférence de printemps" in str(events[0]["SUMMARY"])


async def test_all_conferences_to_come_in_one_file(
    console: MakeApp, room: Room, stock: Stock, tmp_path: Path
) -> None:
    room.conference("Conférence d’été", first_day=date(2027, 7, 1), last_day=date(2027, 7, 1))
    app = console(ReadingRoomScreen(head(room)), role="head")
    async with app.run_test(size=(80, 24)) as pilot:
        await settled(pilot)
        await press(pilot, "f6")
        app.screen.query_one(Input).value = str(tmp_path)
        await press(pilot, "enter")
    assert len(read((tmp_path / "conferences.ics").read_bytes()).all("VEVENT")) >= 2


async def test_a_committee_tells_who_is_who_was_and_leads_to_its_minutes(
    console: MakeApp, room: Room, stock: Stock
) -> None:
    app = console(CommitteeScreen(head(room), stock.office), role="head")
    async with app.run_test(size=(100, 24)) as pilot:
        await settled(pilot)
        shown = screen_text(app)
        places = [shown.index(name) for name in ("Claire Renard", "Yusuf", "Inès", "Paul Adam")]
        assert places == sorted(places)
        assert "2 membres en fonction, 1 ancien mandat · 1 document" in flat(shown)
        for state in ("+ en fonction", "> à venir", "- terminé"):
            assert state in shown
        await press(pilot, "v")
        assert isinstance(app.screen, PurposeScreen) and "six fois" in screen_text(app)
        await press(pilot, "escape", "p")
        assert isinstance(app.screen, ReadingRoomScreen)
        shown = screen_text(app)
        assert "Réunion du bureau" in shown and "Brochure" not in shown
        await press(pilot, "enter")
        assert isinstance(app.screen, DocumentScreen)


# --- managing -----------------------------------------------------------------------------


async def test_the_helpdesk_publishes_a_file(
    console: MakeApp, room: Room, stock: Stock, tmp_path: Path
) -> None:
    (tmp_path / "pv de mai.md").write_text("# Mai\n\nRien.\n")
    app = console(ReadingRoomScreen(helpdesk(room)), role="helpdesk")
    async with app.run_test(size=(80, 24)) as pilot:
        await settled(pilot)
        await press(pilot, "f8")
        assert isinstance(app.screen, PublishScreen)
        await press(pilot, "f8")
        assert screen_text(app).count("! Obligatoire") == 2
        await fill(pilot, file=f"{tmp_path}/pv")
        await press(pilot, "f3")
        assert app.screen.form["file"].value == f"{tmp_path}/pv de mai.md"
        await fill(pilot, title="Réunion de mai", dated_on="2/5/2026", kind="minutes")
        await fill(pilot, committee=str(stock.office))
        await press(pilot, "f8")
        assert isinstance(app.screen, DocumentScreen)
        assert "Procès-verbal du 02/05/2026 · Bureau" in flat(screen_text(app))
    assert room.head.read(reading_room.total, RoomQuery("mai", unread=True)) == 1


async def test_what_the_service_refuses_stands_below_the_field(
    console: MakeApp, room: Room, stock: Stock, tmp_path: Path
) -> None:
    (tmp_path / "vide.md").write_text(" \n")
    app = console(lambda: PublishScreen(helpdesk(room), [], None), role="helpdesk")
    async with app.run_test(size=(80, 24)) as pilot:
        await fill(pilot, file=str(tmp_path / "vide.md"), title="Vide")
        await press(pilot, "f8")
        assert "! Il n’y a pas de texte dans ce fichier." in flat(screen_text(app))
        await fill(pilot, file=str(tmp_path / "aucun.md"))
        await press(pilot, "f8")
        assert "Ce fichier n’existe pas." in flat(screen_text(app))


async def test_what_was_typed_is_there_again(console: MakeApp, room: Room, stock: Stock) -> None:
    app = console(ReadingRoomScreen(helpdesk(room)), role="helpdesk")
    async with app.run_test(size=(80, 24)) as pilot:
        await settled(pilot)
        await press(pilot, "c")
        assert isinstance(app.screen, ConferenceFormScreen)
        await fill(pilot, title="Conférence d’hiver", information="Un\nDeux")
        await press(pilot, "escape", "c")
        assert app.screen.form["title"].value == "Conférence d’hiver"
        assert app.screen.form["information"].value == "Un\nDeux"


async def test_the_helpdesk_announces_a_conference(console: MakeApp, room: Room) -> None:
    app = console(ReadingRoomScreen(helpdesk(room)), role="helpdesk")
    async with app.run_test(size=(80, 24)) as pilot:
        await settled(pilot)
        await press(pilot, "c")
        await fill(pilot, title="Conférence d’hiver", first_day="1/2/2027", begins="9:00")
        await press(pilot, "f8")
        assert "ou aucune pour des jours entiers" in flat(screen_text(app))
        await fill(pilot, ends="12:00")
        await press(pilot, "f8")
        assert isinstance(app.screen, ConferenceScreen)
        assert "09:00 – 12:00" in screen_text(app)


async def test_the_helpdesk_corrects_a_conference_and_withdraws_it(
    console: MakeApp, room: Room, stock: Stock
) -> None:
    app = console(ConferenceScreen(helpdesk(room), stock.conference), role="helpdesk")
    async with app.run_test(size=(80, 24)) as pilot:
        await settled(pilot)
        await press(pilot, "f2")
        await fill(pilot, place="Mons")
        await press(pilot, "f8")
        assert "Mons" in screen_text(app) and "assemblée" in screen_text(app)
        await press(pilot, "x", "o")
        assert "Retiré le 22/11/2026" in screen_text(app)
    assert room.head.read(reading_room.total, RoomQuery("printemps")) == 0


async def test_over_a_line_a_text_is_typed(console: MakeApp, room: Room, stock: Stock) -> None:
    app = console(ReadingRoomScreen(helpdesk(room)), role="helpdesk", may_write_files=False)
    async with app.run_test(size=(80, 24)) as pilot:
        await settled(pilot)
        await press(pilot, "f8")
        await fill(pilot, title="Avis d’hiver", text="# Avis\n\nIl neige.")
        await press(pilot, "f8")
        assert isinstance(app.screen, DocumentScreen) and "Il neige." in screen_text(app)
        await press(pilot, "r")
        await fill(pilot, text="Il dégèle.", note="redoux")
        await press(pilot, "f8")
        assert "redoux" in screen_text(app) and "Il dégèle." in screen_text(app)
    (row,) = room.head.read(reading_room.page, RoomQuery("hiver"), 0, 5).rows
    assert row.version == 2 and row.media == "markdown"


async def test_the_helpdesk_replaces_corrects_and_withdraws(
    console: MakeApp, room: Room, stock: Stock, tmp_path: Path
) -> None:
    (tmp_path / "neuf.md").write_text("# Neuf\n")
    app = console(DocumentScreen(helpdesk(room), stock.minutes), role="helpdesk")
    async with app.run_test(size=(80, 24)) as pilot:
        await settled(pilot)
        await press(pilot, "r")
        assert isinstance(app.screen, ReplaceScreen)
        await fill(pilot, file=str(tmp_path / "neuf.md"), note="chiffres")
        await press(pilot, "f8")
        assert "version 2 du 22/11/2026 · chiffres" in flat(screen_text(app))
        await press(pilot, "f2")
        assert isinstance(app.screen, CorrectDocumentScreen)
        await fill(pilot, title="Autre titre", committee="")
        await press(pilot, "f8")
        assert "Autre titre" in screen_text(app) and "Bureau" not in screen_text(app)
        await press(pilot, "x", "o")
        assert "Retiré le 22/11/2026" in screen_text(app)
        await press(pilot, "x", "o")
        assert "Retiré le" not in screen_text(app)
        await press(pilot, "v", "x", "o")
        assert isinstance(app.screen, VersionsScreen) and "retirée" in screen_text(app)
        await press(pilot, "down", "x", "o")
        assert "C’est la seule version" in told(pilot)


async def test_the_helpdesk_enters_a_committee_and_its_members(
    console: MakeApp, room: Room
) -> None:
    app = console(ReadingRoomScreen(helpdesk(room)), role="helpdesk")
    async with app.run_test(size=(80, 24)) as pilot:
        await settled(pilot)
        await press(pilot, "m")
        assert isinstance(app.screen, CommitteeFormScreen)
        await fill(pilot, name="Comité pédagogique", purpose="Les **programmes**.")
        await press(pilot, "f8")
        assert isinstance(app.screen, CommitteeScreen)
        await press(pilot, "f8")
        assert isinstance(app.screen, MemberFormScreen)
        await fill(pilot, name="Zoé Claes", first_day="1/9/2026", last_day="31/8/2026")
        await press(pilot, "f8")
        assert "! Le dernier jour" in flat(screen_text(app))
        await fill(pilot, last_day="")
        await press(pilot, "f8")
        assert "Zoé Claes" in screen_text(app) and "+ en fonction" in screen_text(app)


async def test_the_helpdesk_ends_a_term_and_withdraws_a_committee(
    console: MakeApp, room: Room, stock: Stock
) -> None:
    app = console(CommitteeScreen(helpdesk(room), stock.office), role="helpdesk")
    async with app.run_test(size=(80, 24)) as pilot:
        await settled(pilot)
        assert screen_text(app).count("- terminé") == 1
        await press(pilot, "f2")
        await fill(pilot, last_day="31/10/2026")
        await press(pilot, "f8")
        assert screen_text(app).count("- terminé") == 2
        await press(pilot, "end", "delete", "o")
        assert "Paul Adam" not in screen_text(app)
        await press(pilot, "e")
        await fill(pilot, name="Comité des programmes")
        await press(pilot, "f8")
        assert "Comité des programmes" in screen_text(app)
        await press(pilot, "x", "o")
        assert "Retiré le 22/11/2026" in screen_text(app)


async def test_a_folder_becomes_a_plan(
    console: MakeApp, room: Room, stock: Stock, tmp_path: Path
) -> None:
    folder = tmp_path / "proces-verbaux"
    folder.mkdir()
    (folder / "2026-06-05 Bureau.md").write_text("# Réunion de juin\n\nRien.\n")
    screen = ReadingRoomScreen(helpdesk(room))
    app = console(screen, role="helpdesk")
    async with app.run_test(size=(100, 24)) as pilot:
        await settled(pilot)
        await press(pilot, "f3")
        app.screen.query_one(Input).value = str(folder / "absent")
        await press(pilot, "enter")
        assert "Ce dossier n’existe pas." in screen_text(app)
        app.screen.query_one(Input).value = str(folder)
        await press(pilot, "enter")
        while isinstance(app.screen, ProgressScreen):
            await pilot.pause()
        await settled(pilot)
        assert isinstance(app.screen, PlanScreen) and "Réunion de juin" in screen_text(app)
        await press(pilot, "f8", "escape")
        assert app.screen is screen and screen.table.total == 6


async def test_over_a_line_documents_come_by_commands(
    console: MakeApp, room: Room, stock: Stock
) -> None:
    screen = ReadingRoomScreen(helpdesk(room))
    app = console(screen, role="helpdesk", may_write_files=False)
    async with app.run_test(size=(80, 24)) as pilot:
        await settled(pilot)
        for key, said in (("f3", "document import"), ("f6", "conference ics")):  # fmt: skip
            await press(pilot, key)
            assert isinstance(app.screen, CommandLineScreen) and said in screen_text(app)
            await press(pilot, "escape")
        assert app.screen is screen


# --- pictures -----------------------------------------------------------------------------


def picture(console: MakeApp, screen: Any, snap_compare: Any, role: str = "head") -> None:
    app = console(screen, role=role)
    assert snap_compare(app, terminal_size=(80, 24), run_before=settled)


def test_picture(console: MakeApp, room: Room, stock: Stock, snap_compare: Any) -> None:
    picture(console, ReadingRoomScreen(head(room)), snap_compare)


def test_picture_of_a_document(
    console: MakeApp, room: Room, stock: Stock, snap_compare: Any
) -> None:
    picture(console, DocumentScreen(head(room), stock.minutes), snap_compare)


def test_picture_of_a_file(console: MakeApp, room: Room, stock: Stock, snap_compare: Any) -> None:
    picture(console, DocumentScreen(head(room), stock.brochure), snap_compare)


def test_picture_of_the_versions(
    console: MakeApp, room: Room, stock: Stock, snap_compare: Any
) -> None:
    room.replace(stock.minutes, "# Neuf", "montants corrigés")
    title = "Réunion du bureau d’octobre"
    picture(console, VersionsScreen(head(room), stock.minutes, title), snap_compare)


def test_picture_of_a_conference(
    console: MakeApp, room: Room, stock: Stock, snap_compare: Any
) -> None:
    picture(console, ConferenceScreen(head(room), stock.conference), snap_compare)


def test_picture_of_a_committee(
    console: MakeApp, room: Room, stock: Stock, snap_compare: Any
) -> None:
    picture(console, CommitteeScreen(helpdesk(room), stock.office), snap_compare, "helpdesk")


def test_picture_of_a_purpose(
    console: MakeApp, room: Room, stock: Stock, snap_compare: Any
) -> None:
    async def look(pilot: Any) -> None:
        await settled(pilot)
        await press(pilot, "v")

    app = console(CommitteeScreen(head(room), stock.office), role="head")
    assert snap_compare(app, terminal_size=(80, 24), run_before=look)


def test_picture_of_a_command(
    console: MakeApp, room: Room, stock: Stock, snap_compare: Any
) -> None:
    async def look(pilot: Any) -> None:
        await settled(pilot)
        await press(pilot, "f8")

    screen = DocumentScreen(head_with_account(room), stock.minutes)
    app = console(screen, role="head", may_write_files=False)
    assert snap_compare(app, terminal_size=(80, 24), run_before=look)


@pytest.mark.parametrize("dialog", ["page", "dialog"])
def test_picture_of_a_code(
    console: MakeApp, room: Room, stock: Stock, snap_compare: Any, dialog: str
) -> None:
    async def look(pilot: Any) -> None:
        await settled(pilot)
        if dialog == "dialog":
            await press(pilot, "f8")

    screen = DocumentScreen(head(room), stock.brochure)
    app = console(screen, role="head", may_write_files=False)
    assert snap_compare(app, terminal_size=(80, 24), run_before=look)


@pytest.mark.parametrize(
    "form", ["publish", "replace", "correct", "conference", "committee", "member"]
)
def test_picture_of_a_form(
    form: str, console: MakeApp, room: Room, stock: Stock, snap_compare: Any
) -> None:
    place = helpdesk(room)
    page = room.helpdesk.read(documents.page, stock.minutes)
    screens = {
        "publish": lambda: PublishScreen(place, []),
        "replace": lambda: ReplaceScreen(place, page),
        "correct": lambda: CorrectDocumentScreen(place, page, []),
        "conference": lambda: ConferenceFormScreen(place),
        "committee": lambda: CommitteeFormScreen(place),
        "member": lambda: MemberFormScreen(place, stock.office),
    }

    async def look(pilot: Any) -> None:
        await settled(pilot)
        await press(pilot, "f8")

    app = console(screens[form], role="helpdesk")
    assert snap_compare(
        app, terminal_size=(80, 24), run_before=look if form == "publish" else settled
    )
