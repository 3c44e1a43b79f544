"""Keys that come together have their effect one after the other."""

import asyncio
from threading import Event

import pytest
from textual import events

from models.language import say
from screens.help import GoScreen
from screens.opening import OpeningScreen
from screens.widgets.filter import FilteredTable
from screens.widgets.table import PagedTable
from tests.screens.conftest import MakeApp, settled
from tests.screens.samples import People
from tests.screens.widgets.test_table import ListScreen
from tui.drawing.turns import Turns


def keys(text: str) -> list[events.Key]:
    names = {"/": "slash", "\r": "enter"}
    return [events.Key(names.get(character, character), character) for character in text]


async def test_what_follows_the_slash_is_searched_for(console: MakeApp) -> None:
    screen = ListScreen(People())
    app = console(screen)
    async with app.run_test() as pilot:
        await settled(pilot)
        Turns(app, app.post_message).add(keys("/ga"))
        await settled(pilot)
        assert screen.query_one(FilteredTable).search.value == "ga"
        assert screen.query_one(PagedTable).selection.count(500) == 0


async def test_the_letter_after_g_leads_to_its_place(console: MakeApp) -> None:
    screen = ListScreen(People())
    other = ListScreen(People())
    app = console(screen, places={"team-access": lambda: other})
    async with app.run_test() as pilot:
        await settled(pilot)
        Turns(app, app.post_message).add(keys("ga"))
        await settled(pilot)
        assert app.screen is other
        assert not isinstance(app.screen, GoScreen)
        assert screen.query_one(PagedTable).selection.count(500) == 0


async def test_what_follows_is_for_the_place_that_opens(console: MakeApp) -> None:
    screen = ListScreen(People())
    other = ListScreen(People())
    app = console(screen, places={"team-access": lambda: other})
    async with app.run_test() as pilot:
        await settled(pilot)
        Turns(app, app.post_message).add(keys("ga/dupont"))
        for _round in range(4):
            await settled(pilot)
        assert app.screen is other
        assert other.query_one(FilteredTable).search.value == "dupont"
        assert screen.query_one(FilteredTable).search.value == ""


async def test_a_line_is_opened_once_the_list_has_been_searched(console: MakeApp) -> None:
    found = Event()
    screen = ListScreen(People(held_back={"fatima": found}))
    app = console(screen)
    async with app.run_test() as pilot:
        await settled(pilot)
        Turns(app, app.post_message).add(keys("/fatima\r\r"))
        await pilot.pause()
        assert screen.heard == []
        found.set()
        for _round in range(4):
            await settled(pilot)
        assert [event.row.cells[0] for event in screen.heard] == ["Fatima El Amrani"]


async def test_keys_are_kept_for_what_is_being_opened(console: MakeApp) -> None:
    may_open = Event()
    opening = OpeningScreen("Trousseau", say(""), may_open.wait)
    other = ListScreen(People())
    app = console(opening)
    async with app.run_test() as pilot:
        Turns(app, app.post_message).add(keys("/du"))
        await pilot.pause()
        assert app.screen is opening
        may_open.set()
        app.switch_screen(other)
        async with asyncio.timeout(20):
            while [table.search.value for table in other.query(FilteredTable)] != ["du"]:
                await settled(pilot)


async def test_many_keys_arrive_in_their_order_and_none_is_lost(console: MakeApp) -> None:
    screen = ListScreen(People())
    app = console(screen)
    async with app.run_test() as pilot:
        await settled(pilot)
        turns = Turns(app, app.post_message)
        for _round in range(20):
            turns.add(keys("/abcdefghij"))
        for _round in range(40):
            await settled(pilot)
        typed = screen.query_one(FilteredTable).search.value
        assert typed == ("abcdefghij/" * 8)[:80]


async def test_those_that_wait_can_be_forgotten(console: MakeApp) -> None:
    screen = ListScreen(People())
    app = console(screen)
    async with app.run_test() as pilot:
        await settled(pilot)
        turns = Turns(app, app.post_message)
        turns.add(keys("/abc"))
        turns.clear()
        await settled(pilot)
        assert screen.query_one(FilteredTable).search.value == ""


@pytest.mark.parametrize("text", ["/", "g"])
async def test_one_key_alone_is_handed_on_at_once(console: MakeApp, text: str) -> None:
    app = console(ListScreen(People()))
    handed = []
    async with app.run_test() as pilot:
        await settled(pilot)
        Turns(app, handed.append).add(keys(text))
        assert len(handed) == 1
