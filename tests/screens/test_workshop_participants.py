"""The participants of a workshop by keyboard: typed, pasted, read, corrected, withdrawn."""

from pathlib import Path
from typing import Any

import pytest
from sqlalchemy import Engine
from textual.pilot import Pilot

from models.language import say
from screens.confirm import ConfirmScreen
from screens.workshop_participants import (
    LateChangeScreen,
    ParticipantScreen,
    WorkshopParticipantsScreen,
)
from screens.workshop_paste import LONGEST_PASTE, PasteBox, PasteScreen
from screens.workshop_plan import WorkshopPlanScreen
from services import workshop_participants as participants
from services import workshops
from tests.screens.conftest import MakeApp, settled
from tests.screens.samples import HOSTILE
from tests.screens.workshop_place import (
    coordinator,
    director,
    enter,
    office,
    paste,
    shown,
    told,
)
from tests.services.workshop_world import OFFICE, Ateliers, make_ateliers

LIST = "Nom\tPrénom\tE-mail\nPeeters\tZoë\tzoe@ecole.example\nNowak\tŁukasz\tlukasz@gmial.com\n"
LATE = "2027-03-03T08:00Z"


@pytest.fixture
def ateliers(sqlite_engine: Engine) -> Ateliers:
    return make_ateliers(sqlite_engine)


def listed(ateliers: Ateliers, workshop: int) -> list[tuple[str, str]]:
    rows = ateliers.office.read(participants.listed, workshop)
    return [(row.surname, row.email) for row in rows]


def screen_of(ateliers: Ateliers, workshop: int, who: Any = coordinator) -> Any:
    return WorkshopParticipantsScreen(who(ateliers), workshop)


async def test_participants_are_typed_one_after_the_other(
    console: MakeApp, ateliers: Ateliers
) -> None:
    workshop = ateliers.ask()
    app = console(screen_of(ateliers, workshop), role="coordinator")
    async with app.run_test(size=(80, 24)) as pilot:
        await settled(pilot)
        assert "Encodés : 0, demandés : 20" in shown(pilot)
        await pilot.press("f8")
        await settled(pilot)
        for first, last, email in (
            ("Zoë", "Peeters", "zoe@ecole.example"),
            ("Jo", "Nowak", "jo@gmial.com"),
        ):
            await pilot.press("tab", *first, "tab", *last, "tab", *email)
            await pilot.press("shift+tab", "f8")
            await settled(pilot)
            assert f"{first} {last} est encodé" in told(pilot)
        assert "2 participants sont encodés" in shown(pilot)
        await pilot.press("tab", *"Ann", "tab", *"Desmet", "tab", *"ZOE@ecole.example", "f8")
        await settled(pilot)
        assert "déjà encodée" in shown(pilot)
        await pilot.press("escape")
        await settled(pilot)
        assert "Encodés : 2" in shown(pilot) and "est-ce jo@gmail.com ?" in shown(pilot)
        await pilot.press("f8")  # what was typed and not sent is still there
        await settled(pilot)
        assert "Desmet" in shown(pilot)
    assert listed(ateliers, workshop) == [
        ("Nowak", "jo@gmial.com"), ("Peeters", "zoe@ecole.example"),
    ]  # fmt: skip


async def test_what_is_probably_meant_stands_beside_the_address(
    console: MakeApp, ateliers: Ateliers
) -> None:
    app = console(screen_of(ateliers, ateliers.ask()), role="coordinator")
    async with app.run_test(size=(80, 24)) as pilot:
        await settled(pilot)
        await pilot.press("f8")
        await settled(pilot)
        await pilot.press("tab", "tab", "tab", *"jo@gmial.com", "shift+tab")
        await settled(pilot)
        assert "jo@gmail.com ?" in shown(pilot)


async def test_one_is_corrected_and_one_withdrawn(console: MakeApp, ateliers: Ateliers) -> None:
    workshop = ateliers.accepted()
    enter(ateliers, workshop)
    app = console(screen_of(ateliers, workshop), role="coordinator")
    async with app.run_test(size=(80, 24)) as pilot:
        await settled(pilot)
        await pilot.press("f2")
        await settled(pilot)
        assert isinstance(pilot.app.screen, ParticipantScreen)
        await pilot.press(*["tab"] * 3, "end", *["backspace"] * 21, *"eve@ecole.example", "f8")
        await settled(pilot)
        assert "corrigé" in told(pilot)
        await pilot.press("down", "x")
        await settled(pilot)
        assert isinstance(pilot.app.screen, ConfirmScreen) and "Bodart" in shown(pilot)
        await pilot.press("o")
        await settled(pilot)
        assert "Encodés : 2" in shown(pilot)
    assert listed(ateliers, workshop) == [
        ("Adam", "eve@ecole.example"), ("Claes", "claes@ecole.example"),
    ]  # fmt: skip
    assert [to for to, _subject in ateliers.mails()][-3:] == [
        "adam@ecole.example", "eve@ecole.example", "bodart@ecole.example",
    ]  # fmt: skip


async def test_a_list_is_pasted_where_one_stands(console: MakeApp, ateliers: Ateliers) -> None:
    workshop = ateliers.accepted()
    app = console(screen_of(ateliers, workshop), role="coordinator")
    async with app.run_test(size=(80, 24)) as pilot:
        await settled(pilot)
        await paste(pilot, LIST)
        assert isinstance(pilot.app.screen, WorkshopPlanScreen)
        assert "Sera encodé" in shown(pilot) and "1 avertissement" in shown(pilot)
        await pilot.press("down", "space")  # whoever is mistyped is left out
        await settled(pilot)
        await pilot.press("f8")
        await settled(pilot)
        assert "ne peut être rappelé" in shown(pilot)
        await pilot.press("o")
        await settled(pilot)
        await pilot.press("escape")
        await settled(pilot)
        assert "Encodés : 1" in shown(pilot)
    assert listed(ateliers, workshop) == [("Peeters", "zoe@ecole.example")]
    assert ateliers.mails()[-1][0] == "zoe@ecole.example"


async def test_what_is_pasted_is_kept_until_it_is_a_plan(
    console: MakeApp, ateliers: Ateliers
) -> None:
    workshop = ateliers.ask()
    app = console(screen_of(ateliers, workshop), role="coordinator")
    async with app.run_test(size=(80, 24)) as pilot:
        await settled(pilot)
        await pilot.press("v")
        await settled(pilot)
        await paste(pilot, LIST)
        await pilot.press(*"x;y", "enter", "backspace", "tab", "escape")
        await settled(pilot)
        await pilot.press("v")
        await settled(pilot)
        box = pilot.app.screen.query_one(PasteBox)
        assert box.text == f"{LIST}x;y\t" and "4 lignes" in shown(pilot)
        await pilot.press("f8")
        await settled(pilot)
        assert isinstance(pilot.app.screen, WorkshopPlanScreen)
        await pilot.press("escape", "v")
        await settled(pilot)
        assert pilot.app.screen.query_one(PasteBox).text == ""


async def test_a_huge_paste_is_cut(console: MakeApp, ateliers: Ateliers) -> None:
    app = console(PasteScreen(coordinator(ateliers), ateliers.ask()), role="coordinator")
    async with app.run_test(size=(80, 24)) as pilot:
        await settled(pilot)
        await paste(pilot, "x" * (LONGEST_PASTE + 5))
        assert len(pilot.app.screen.query_one(PasteBox).text) == LONGEST_PASTE
        await pilot.press("ctrl+u")
        await paste(pilot, "Nom;Jo;jo@ecole.example\n" * (LONGEST_PASTE // 24 + 1))
        assert pilot.app.screen.query_one(PasteBox).text.endswith("jo@ecole.example\n")
        assert "lignes : le reste est trop long" in shown(pilot)
        await pilot.press("ctrl+u")
        assert "le reste" not in shown(pilot)
        await paste(pilot, "\n".join(HOSTILE[:9]))
        assert not any(ord(c) < 32 or 0x7F <= ord(c) < 0xA0 for c in shown(pilot))


async def test_a_file_is_read_by_a_plan_and_written_again(
    console: MakeApp, ateliers: Ateliers, tmp_path: Path
) -> None:
    workshop = ateliers.ask()
    (tmp_path / "l.csv").write_text(LIST.replace("\t", ";"), "utf-8")
    app = console(screen_of(ateliers, workshop), role="coordinator")
    async with app.run_test(size=(80, 24)) as pilot:
        await settled(pilot)
        await pilot.press("f3", *str(tmp_path / "l.csv"), "enter")
        await settled(pilot)
        await pilot.press("f8")
        await settled(pilot)
        await pilot.press("escape")
        await settled(pilot)
        await pilot.press("c", "ctrl+u", *str(tmp_path), "enter")
        await settled(pilot)
    (written,) = tmp_path.glob("participants-*.csv")
    assert "Nowak,Łukasz,lukasz@gmial.com" in written.read_text("utf-8-sig")
    assert len(listed(ateliers, workshop)) == 2


async def test_after_the_deadline_a_change_is_a_message(
    console: MakeApp, ateliers: Ateliers
) -> None:
    workshop = ateliers.accepted()
    enter(ateliers, workshop)
    ateliers.at(LATE)
    app = console(screen_of(ateliers, workshop), role="coordinator")
    async with app.run_test(size=(80, 24)) as pilot:
        await settled(pilot)
        assert "closes le 01/03/2027" in shown(pilot)
        await pilot.press("f2", "v", "x", "enter")
        await settled(pilot)
        assert isinstance(pilot.app.screen, WorkshopParticipantsScreen)
        await pilot.press("f8", *"Adam devient Ève", "tab")
        await settled(pilot)
        assert isinstance(pilot.app.screen, LateChangeScreen)
        assert OFFICE in shown(pilot) and "demandé : Adam devient Ève" in shown(pilot)
        await pilot.press("f8")
        await settled(pilot)
        assert isinstance(pilot.app.screen, WorkshopParticipantsScreen)
    assert ateliers.mails()[-1][0] == OFFICE


async def test_whoever_only_sees_is_offered_no_change(console: MakeApp, ateliers: Ateliers) -> None:
    workshop = ateliers.ask()
    enter(ateliers, workshop)
    app = console(screen_of(ateliers, workshop, director), role="director")
    async with app.run_test(size=(80, 24)) as pilot:
        await settled(pilot)
        await pilot.press("f8", "f2", "x", "v", "enter")
        await paste(pilot, LIST)
        assert isinstance(pilot.app.screen, WorkshopParticipantsScreen)
        assert "Adam Jo" in shown(pilot)
    assert len(listed(ateliers, workshop)) == 3


async def test_names_are_found_as_they_are_typed(console: MakeApp, ateliers: Ateliers) -> None:
    workshop = ateliers.ask()
    enter(ateliers, workshop)
    screen = screen_of(ateliers, workshop, office)
    async with console(screen, role="helpdesk").run_test(size=(80, 24)) as pilot:
        await settled(pilot)
        await pilot.press("slash", *"bod")
        await settled(pilot)
        assert screen.table.total == 1


async def test_an_end_meanwhile_is_told(console: MakeApp, ateliers: Ateliers) -> None:
    workshop = ateliers.ask()
    app = console(screen_of(ateliers, workshop), role="coordinator")
    async with app.run_test(size=(80, 24)) as pilot:
        await settled(pilot)
        ateliers.office.write(workshops.refuse, workshop, "Complet")
        await paste(pilot, LIST)
        assert "Refusée" in told(pilot)


# Pictures


def test_picture(console: MakeApp, ateliers: Ateliers, snap_compare: Any) -> None:
    workshop = ateliers.accepted(further_schools="9902")
    enter(ateliers, workshop)
    entry = participants.Entry("Mme", "Lefèvre", "Zoë", "zoe@gmial.com", 9902)
    ateliers.coordinator.write(participants.add, workshop, entry)

    async def look(pilot: Pilot[Any]) -> None:
        await settled(pilot)
        await pilot.press("end")
        await settled(pilot)

    app = console(screen_of(ateliers, workshop), role="coordinator")
    assert snap_compare(app, terminal_size=(80, 24), run_before=look)


def test_picture_of_one(console: MakeApp, ateliers: Ateliers, snap_compare: Any) -> None:
    workshop = ateliers.accepted(further_schools="9902")

    async def look(pilot: Pilot[Any]) -> None:
        await settled(pilot)
        await pilot.press("f8")
        await settled(pilot)
        await pilot.press("tab", *"Zoë", "tab", "tab", *"zoe@gmial.com", "f8")
        await settled(pilot)

    app = console(screen_of(ateliers, workshop), role="coordinator")
    assert snap_compare(app, terminal_size=(80, 24), run_before=look)


def test_picture_of_a_paste(console: MakeApp, ateliers: Ateliers, snap_compare: Any) -> None:
    async def look(pilot: Pilot[Any]) -> None:
        await settled(pilot)
        await pilot.press("v")
        await settled(pilot)
        await paste(pilot, LIST)

    app = console(screen_of(ateliers, ateliers.ask()), role="coordinator")
    assert snap_compare(app, terminal_size=(80, 24), run_before=look)


def test_picture_of_the_plan(console: MakeApp, ateliers: Ateliers, snap_compare: Any) -> None:
    async def look(pilot: Pilot[Any]) -> None:
        await settled(pilot)
        await paste(pilot, LIST)

    app = console(screen_of(ateliers, ateliers.accepted()), role="coordinator")
    assert snap_compare(app, terminal_size=(80, 24), run_before=look)


async def test_an_older_letter_that_comes_late_is_not_shown(
    console: MakeApp, ateliers: Ateliers
) -> None:
    workshop = ateliers.accepted()
    ateliers.at(LATE)
    screen = LateChangeScreen(coordinator(ateliers), workshop)
    async with console(screen, role="coordinator").run_test(size=(80, 24)) as pilot:
        await settled(pilot)
        await pilot.press(*"Zoe")
        await settled(pilot)
        before = shown(pilot)
        assert "demandé : Zoe" in before
        screen.post_message(screen._Written("Zo", None, say("An older letter.")))
        await settled(pilot)
        assert shown(pilot) == before


def test_picture_of_a_late_change(console: MakeApp, ateliers: Ateliers, snap_compare: Any) -> None:
    workshop = ateliers.accepted()
    ateliers.at(LATE)

    async def look(pilot: Pilot[Any]) -> None:
        await settled(pilot)
        await pilot.press(*"Adam devient Ève")
        await settled(pilot)

    app = console(LateChangeScreen(coordinator(ateliers), workshop), role="coordinator")
    assert snap_compare(app, terminal_size=(80, 24), run_before=look)
