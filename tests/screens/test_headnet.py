"""The list of schools in the account manager, and the ways that lead to a school's page."""

from typing import Any

import pytest
from sqlalchemy import Engine
from textual.pilot import Pilot

from screens.headnet import HeadnetScreen, accounts_or_account
from screens.headnet_account import HeadnetAccountScreen
from screens.schools import SchoolsScreen
from services.headnet import ATTENTION, STATE_WORDS
from tests.screens.conftest import MakeApp, screen_text, settled
from tests.screens.headnet_place import (
    MORNING,
    at_helpdesk,
    at_school,
    bounced,
    change_address,
    press,
    sent,
    write,
)
from tests.services.headnet_world import ADDRESS, Heads, make_heads
from tui.drawing.characters import shown_as


@pytest.fixture
def heads(sqlite_engine: Engine) -> Heads:
    return make_heads(sqlite_engine)


def both(heads: Heads) -> None:
    """Let one school wait for its password, and let the other's have come back."""
    heads.record(heads.world.other, first_name="Ada", surname="Zorn", email="ada@essai.example")
    heads.ask(heads.world.other)
    bounced(heads)
    heads.record()
    heads.later(minutes=5)
    heads.ask()
    sent(heads)


def test_every_state_has_a_sign_of_its_own_on_every_terminal() -> None:
    signs = [sign for sign, _word in STATE_WORDS.values()]
    for codec in ("utf-8", "latin-1", "ascii"):
        told = {shown_as(sign, codec) for sign in signs}
        assert len(told) == len(signs) and not told & set(":,;*")  # nor that of `ATTENTION`


async def test_each_school_with_its_state(console: MakeApp, heads: Heads) -> None:
    both(heads)
    change_address(heads, "luc@ecole.example")
    screen = HeadnetScreen(at_helpdesk(heads))
    async with console(screen, role="helpdesk").run_test(size=(100, 24)) as pilot:
        await settled(pilot)
        shown = screen_text(pilot.app)
        assert "x Jamais arrivé" in shown and "o Attend la mise à jour" in shown
        assert "Zorn Ada" in shown and "23/11 03:00" in shown
        assert "n’est jamais arrivé" in screen._detail.text
        await press(pilot, "down")
        told = screen._detail.text.replace("\u00a0", " ")
        assert f"Adresse : {ADDRESS}, depuis le 22/11/2026 14:00." in told
        assert "À partir du 23/11/2026 03:00 : luc@ecole.example." in told
        assert "FASE 9901" in told


@pytest.mark.parametrize(
    ("typed", "total"),
    [("essai", 1), ("9901", 1), ("hondt", 1), ("ADA@", 1), ("école", 2), ("nobody", 0)],
)
async def test_search_as_one_types(console: MakeApp, heads: Heads, typed: str, total: int) -> None:
    both(heads)
    if typed == "école":
        heads.at(MORNING)
        typed = "e"
    screen = HeadnetScreen(at_helpdesk(heads))
    async with console(screen, role="helpdesk").run_test(size=(80, 24)) as pilot:
        await press(pilot, "slash")
        await write(pilot, typed)
        assert screen.table.total == total


async def test_one_state_after_the_other(console: MakeApp, heads: Heads) -> None:
    both(heads)
    screen = HeadnetScreen(at_helpdesk(heads))
    async with console(screen, role="helpdesk").run_test(size=(80, 24)) as pilot:
        await settled(pilot)
        seen = []
        for _press in range(3):
            await press(pilot, "f")
            seen.append((screen._status, screen.table.total))
        assert seen == [("never_delivered", 1), ("waiting", 1), (None, 2)]


async def test_a_finding_narrows_it_to_what_should_be_looked_at(
    console: MakeApp, heads: Heads
) -> None:
    both(heads)
    place = at_helpdesk(heads)
    place.wish("headnet", ATTENTION)
    screen = HeadnetScreen(place)
    async with console(screen, role="helpdesk").run_test(size=(80, 24)) as pilot:
        await settled(pilot)
        assert "[* À vérifier 1]" in screen_text(pilot.app) and screen.table.total == 1
        await press(pilot, "f")
        assert screen._status == "never_delivered"


async def test_enter_opens_the_page_and_what_changes_there_is_seen(
    console: MakeApp, heads: Heads
) -> None:
    both(heads)
    screen = HeadnetScreen(at_helpdesk(heads))
    async with console(screen, role="helpdesk").run_test(size=(80, 24)) as pilot:
        await settled(pilot)
        await press(pilot, "enter")
        page = pilot.app.screen
        assert isinstance(page, HeadnetAccountScreen)
        assert "Ada Zorn" in screen_text(pilot.app)
        heads.ask(heads.world.other)
        await press(pilot, "escape")
        assert pilot.app.screen is screen
        assert "x Jamais" not in screen_text(pilot.app)


def test_whoever_has_one_school_goes_straight_to_its_page(heads: Heads) -> None:
    assert isinstance(accounts_or_account(at_school(heads)), HeadnetAccountScreen)
    assert isinstance(accounts_or_account(at_helpdesk(heads)), HeadnetScreen)


@pytest.mark.parametrize(("role", "opens"), [("helpdesk", True), ("director", False)])
async def test_the_way_from_the_list_of_schools(
    console: MakeApp, heads: Heads, role: str, opens: bool
) -> None:
    heads.record()
    screen = SchoolsScreen(at_helpdesk(heads))
    async with console(screen, role=role).run_test(size=(80, 24)) as pilot:
        await settled(pilot)
        assert ("Compte HeadNet" in screen_text(pilot.app)) is opens
        await press(pilot, "down", "n")
        assert isinstance(pilot.app.screen, HeadnetAccountScreen) is opens
        assert ("Luc D’Hondt" in screen_text(pilot.app)) is opens


# Pictures


def test_picture(console: MakeApp, heads: Heads, snap_compare: Any) -> None:
    both(heads)

    async def look(pilot: Pilot[Any]) -> None:
        await settled(pilot)
        await press(pilot, "down")

    app = console(HeadnetScreen(at_helpdesk(heads)), role="helpdesk")
    assert snap_compare(app, terminal_size=(80, 24), run_before=look)
