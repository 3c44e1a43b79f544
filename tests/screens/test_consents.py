"""The consents on screen: found, printed, withdrawn; a reference scanned from anywhere."""

from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest
from sqlalchemy import select
from sqlmodel import col
from textual.widgets import Input

from models.consents import Consent, PrintedForm
from models.database import change
from models.language import use_language
from models.people import Person
from models.references import make_reference
from screens.consent_text import ConsentTextScreen
from screens.consents import ConsentsScreen
from screens.print_forms import PrintFormsScreen
from screens.workplace import Workplace
from services import consent_printing, consent_withdrawals, school_years
from tests.screens.conftest import MakeApp, screen_text, settled
from tests.screens.samples import HOSTILE
from tests.worlds import Member, World


def workplace(world: World, desk: Any = None) -> Workplace:
    desk = desk or world.director()
    here = desk.read(school_years.here, world.mine)
    return Workplace(desk, who="A. Lambert", here=here)


def team(world: World) -> dict[str, Member]:
    """One person in each state."""
    members = {
        "signed": world.person(surname="Vandenbroeck", first_name="Élise"),
        "other": world.person(surname="D’Hondt", first_name="Noémie"),
        "withdrawn": world.person(surname="El Amrani", first_name="Fatima"),
        "printed": world.person(surname="Lefèvre", first_name="Étienne", consent=False),
        "missing": world.person(surname="Peeters", first_name="Zoë", consent=False),
        "nothing": world.person(surname="Nowak", first_name="Łukasz", consent=False, email=None),
    }
    desk = world.director()
    sheets = desk.read(consent_printing.forms, world.mine, world.year, {members["printed"].person})
    desk.write(consent_printing.note_printed, sheets)
    new = {"personal_email": "noemie@courriel.example"}
    new["personal_email_key"] = new["personal_email"]
    world.desk.write(lambda s: change(s, Person, col(Person.id) == members["other"].person, **new))
    desk.write(consent_withdrawals.withdraw, world.mine, members["withdrawn"].person)
    return members


async def test_each_state_is_told_by_sign_and_word(console: MakeApp, world: World) -> None:
    team(world)
    async with console(ConsentsScreen(workplace(world))).run_test(size=(80, 24)) as pilot:
        await settled(pilot)
        shown = screen_text(pilot.app)
        for words in ("+ signée", "! autre adresse", "x retirée", "o imprimée", "- manquante"):
            assert words in shown, words
        assert "Vandenbroeck" in shown and "28/08/2026" in shown


async def test_a_scanned_reference_is_found_at_once(console: MakeApp, world: World) -> None:
    members = team(world)
    screen = ConsentsScreen(workplace(world))
    async with console(screen).run_test(size=(80, 24)) as pilot:
        await settled(pilot)
        for name in ("missing", "signed"):  # the second from the list, without clearing the first
            await pilot.press(*make_reference(members[name].post, 1), "enter")
            await settled(pilot)
            assert screen.table.total == 1
            assert screen.table.row and screen.table.row.key == members[name].person
            assert screen.table.has_focus


async def test_a_scanner_on_a_belgian_keyboard_is_understood(
    console: MakeApp, world: World
) -> None:
    members = team(world)
    reference = make_reference(members["missing"].post, 1).lower()
    typed = reference.translate(str.maketrans("0123456789-", "à&é\"'(§è!ç)"))
    typed = typed.translate(str.maketrans("aqzw", "qawz"))
    screen = ConsentsScreen(workplace(world))
    async with console(screen).run_test(size=(80, 24)) as pilot:
        await settled(pilot)
        await pilot.press(*typed, "enter")
        await settled(pilot)
        assert screen.table.row and screen.table.row.key == members["missing"].person


async def test_names_are_found_as_they_are_typed(console: MakeApp, world: World) -> None:
    members = team(world)
    screen = ConsentsScreen(workplace(world))
    async with console(screen).run_test(size=(80, 24)) as pilot:
        await settled(pilot)
        await pilot.press("slash", *"elise vanden")
        await settled(pilot)
        assert screen.table.total == 1
        assert screen.table.row and screen.table.row.key == members["signed"].person


async def test_f_shows_one_state_after_the_other(console: MakeApp, world: World) -> None:
    team(world)
    screen = ConsentsScreen(workplace(world))
    async with console(screen).run_test(size=(80, 24)) as pilot:
        await settled(pilot)
        totals = []
        for _press in range(6):
            await pilot.press("f")
            await settled(pilot)
            totals.append(screen.table.total)
        assert totals == [1, 1, 1, 1, 2, 6]


async def test_f8_prints_what_is_missing_and_notes_it(
    console: MakeApp, world: World, tmp_path: Path
) -> None:
    members = team(world)
    screen = ConsentsScreen(workplace(world))
    async with console(screen).run_test(size=(80, 24)) as pilot:
        await settled(pilot)
        await pilot.press("f8")
        await settled(pilot)
        assert isinstance(pilot.app.screen, PrintFormsScreen)
        pilot.app.screen.query_one(Input).value = str(tmp_path / "new folder" / "forms")
        await pilot.press("enter")
        await settled(pilot)
        (made,) = (tmp_path / "new folder" / "forms").iterdir()
        assert made.read_bytes().startswith(b"%PDF") and made.suffix == ".pdf"
        assert made.stat().st_mode & 0o077 == 0
        noted = world.desk.read(lambda s: s.scalars(select(PrintedForm.post_id)).all())  # type: ignore[call-overload]
        # Those without a valid consent; the one printed before is not printed again.
        names = ("other", "withdrawn", "missing", "nothing", "printed")
        assert sorted(noted) == sorted(members[name].post for name in names)


async def test_f8_prints_the_selection_again(
    console: MakeApp, world: World, tmp_path: Path
) -> None:
    team(world)
    screen = ConsentsScreen(workplace(world))
    async with console(screen).run_test(size=(80, 24)) as pilot:
        await settled(pilot)
        await pilot.press("space", "space", "f8")
        await settled(pilot)
        assert "2 formulaires" in screen_text(pilot.app)
        for _time in range(2):
            pilot.app.screen.query_one(Input).value = str(tmp_path / "forms")
            await pilot.press("enter")
            await settled(pilot)
            while pilot.app.screen is not screen:
                await pilot.pause(0.05)
            await pilot.press("space", "f8")
            await settled(pilot)
        assert len(list((tmp_path / "forms").iterdir())) == 2


async def test_a_path_that_can_not_be_is_told_beside_it(console: MakeApp, world: World) -> None:
    team(world)
    async with console(ConsentsScreen(workplace(world))).run_test(size=(80, 24)) as pilot:
        await settled(pilot)
        await pilot.press("f8")
        await settled(pilot)
        pilot.app.screen.query_one(Input).value = "forms"
        await pilot.press("enter")
        await settled(pilot)
        assert isinstance(pilot.app.screen, PrintFormsScreen)
        assert "chemin" in screen_text(pilot.app)


async def test_nothing_is_written_where_that_is_forbidden(
    console: MakeApp, world: World, tmp_path: Path
) -> None:
    team(world)
    screen = ConsentsScreen(workplace(world))
    async with console(screen, may_write_files=False).run_test(size=(80, 24)) as pilot:
        await settled(pilot)
        await pilot.press("f8")
        await settled(pilot)
        assert pilot.app.screen is screen
        assert [n for n in pilot.app._notifications if "aucun fichier" in n.message]


async def test_withdrawing_asks_and_tells_what_follows(console: MakeApp, world: World) -> None:
    members = team(world)
    screen = ConsentsScreen(workplace(world))
    async with console(screen).run_test(size=(80, 24)) as pilot:
        await settled(pilot)
        await pilot.press(*make_reference(members["signed"].post, 1), "enter")
        await settled(pilot)
        world.clock.now += timedelta(minutes=1)
        await pilot.press("w")
        await settled(pilot)
        assert "vandenbroeck@courriel.example" in screen_text(pilot.app)
        await pilot.press("n")
        await settled(pilot)
        standing = select(Consent).where(
            col(Consent.person_id) == members["signed"].person, col(Consent.withdrawn_at).is_(None)
        )
        assert len(world.desk.read(lambda s: s.scalars(standing).all())) == 1
        await pilot.press("w")
        await settled(pilot)
        await pilot.press("o")
        await settled(pilot)
        assert world.desk.read(lambda s: s.scalars(standing).all()) == []
        assert screen._rows[members["signed"].person].state == "withdrawn"


async def test_only_a_consent_that_stands_can_be_withdrawn(console: MakeApp, world: World) -> None:
    members = team(world)
    screen = ConsentsScreen(workplace(world))
    async with console(screen).run_test(size=(80, 24)) as pilot:
        await settled(pilot)
        await pilot.press(*make_reference(members["missing"].post, 1), "enter", "w")
        await settled(pilot)
        assert pilot.app.screen is screen


async def test_the_text_is_read_in_both_languages(console: MakeApp, world: World) -> None:
    async with console(ConsentsScreen(workplace(world))).run_test(size=(80, 24)) as pilot:
        await settled(pilot)
        await pilot.press("v")
        await settled(pilot)
        assert isinstance(pilot.app.screen, ConsentTextScreen)
        assert "Je déclare" in screen_text(pilot.app)
        await pilot.press("f9")
        await settled(pilot)
        assert "I declare" in screen_text(pilot.app)
        first = screen_text(pilot.app)
        await pilot.press("pagedown")
        await settled(pilot)
        assert screen_text(pilot.app) != first


async def test_hostile_names_are_harmless(console: MakeApp, world: World) -> None:
    for name in HOSTILE:
        if "\x00" not in name and "\ud800" not in name:
            world.person(surname=name, consent=False, email="x@courriel.example")
    async with console(ConsentsScreen(workplace(world))).run_test(size=(80, 24)) as pilot:
        await settled(pilot)
        for _row in range(len(HOSTILE)):
            await pilot.press("down")
            await settled(pilot)
        shown = screen_text(pilot.app)
        assert "[bold]urgent" in shown
        assert not any(ord(c) < 32 or 0x7F <= ord(c) < 0xA0 for c in shown.replace("\n", ""))


def test_at_80_by_24(console: MakeApp, world: World, snap_compare: Any) -> None:
    team(world)
    app = console(ConsentsScreen(workplace(world)))
    assert snap_compare(app, terminal_size=(80, 24), run_before=settled)


def test_at_60_by_20(console: MakeApp, world: World, snap_compare: Any) -> None:
    team(world)
    app = console(ConsentsScreen(workplace(world)))
    assert snap_compare(app, terminal_size=(60, 20), run_before=settled)


def test_in_english(console: MakeApp, world: World, snap_compare: Any) -> None:
    team(world)
    use_language("en")
    app = console(ConsentsScreen(workplace(world)), language="en")
    assert snap_compare(app, terminal_size=(80, 24), run_before=settled)


def test_a_team_without_anybody(console: MakeApp, world: World, snap_compare: Any) -> None:
    app = console(ConsentsScreen(workplace(world)))
    assert snap_compare(app, terminal_size=(80, 24), run_before=settled)


def test_where_the_forms_go(
    console: MakeApp, world: World, monkeypatch: pytest.MonkeyPatch, snap_compare: Any
) -> None:
    team(world)
    folder = Path("/home/anne/Documents/trousseau")
    monkeypatch.setattr("screens.print_forms.default_folder", lambda: folder)

    async def asked(pilot: Any) -> None:
        await settled(pilot)
        await pilot.press("f8")
        await settled(pilot)

    app = console(ConsentsScreen(workplace(world)))
    assert snap_compare(app, terminal_size=(80, 24), run_before=asked)


def test_withdrawing_at_80_by_24(console: MakeApp, world: World, snap_compare: Any) -> None:
    members = team(world)

    async def asked(pilot: Any) -> None:
        await settled(pilot)
        await pilot.press(*make_reference(members["signed"].post, 1), "enter")
        await settled(pilot)
        await pilot.press("w")
        await settled(pilot)

    app = console(ConsentsScreen(workplace(world)))
    assert snap_compare(app, terminal_size=(80, 24), run_before=asked)


def test_the_text_at_80_by_24(console: MakeApp, world: World, snap_compare: Any) -> None:
    async def read(pilot: Any) -> None:
        await settled(pilot)
        await pilot.press("v")
        await settled(pilot)

    app = console(ConsentsScreen(workplace(world)))
    assert snap_compare(app, terminal_size=(80, 24), run_before=read)
