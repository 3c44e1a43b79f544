"""Keys that come together have their effect one after the other."""

import pytest
from textual import events

from screens.help import GoScreen
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
