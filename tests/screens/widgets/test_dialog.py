"""A dialog paints its box and leaves the rest: the whole must be what painting all would give."""

from collections.abc import Callable
from copy import deepcopy
from typing import Any

import pytest
from textual.events import Paste
from textual.pilot import Pilot
from textual.screen import Screen
from textual.widgets import Input

from models.language import Wording, say
from screens.confirm import ConfirmScreen
from screens.widgets.ask import AskDialog
from screens.widgets.dialog import Dialog
from screens.widgets.table import PagedTable
from tests.both_drivers import both_drivers
from tests.screens.conftest import MakeApp, screen_text, settled
from tests.screens.samples import People
from tests.screens.widgets.test_table import ListScreen

Step = Callable[[Pilot[Any]], Any]


def question() -> ConfirmScreen:
    return ConfirmScreen("Envoyer", say("120 e-mails partiront. Continuer ?"))


async def ask(pilot: Pilot[Any]) -> None:
    pilot.app.push_screen(question())


async def change_below_and_ask(pilot: Pilot[Any]) -> None:
    pilot.app.screen.query_one(PagedTable).action_down()
    pilot.app.push_screen(question())


async def ask_and_change_below(pilot: Pilot[Any]) -> None:
    """While the dialog opens."""
    below = pilot.app.screen.query_one(PagedTable)
    pilot.app.push_screen(question())
    for _line in range(2):
        below.action_down()


async def change_below(pilot: Pilot[Any]) -> None:
    pilot.app.screen_stack[-2].query_one(PagedTable).action_down()


async def tell(pilot: Pilot[Any]) -> None:
    pilot.app.notify("Trois e-mails sont partis.")


async def resize(pilot: Pilot[Any]) -> None:
    await pilot.resize_terminal(60, 20)


def press(key: str) -> Step:
    async def step(pilot: Pilot[Any]) -> None:
        await pilot.press(key)

    return step


@pytest.mark.parametrize("style", ["colour", "accessible"])
@pytest.mark.parametrize(
    "steps",
    [
        [ask, change_below, press("n")],
        [change_below_and_ask, press("n")],
        [ask_and_change_below, press("n")],
        [press("question_mark"), press("down"), ask, press("n"), press("escape")],
        [ask, tell, resize, press("f9"), press("n"), press("f9")],
        [tell, press("question_mark"), resize, press("escape")],
    ],
)
async def test_what_is_left_is_what_stands_there(
    console: MakeApp, steps: list[Step], style: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    with both_drivers(monkeypatch, style=style) as pair:
        app = console(ListScreen(People()))
        async with app.run_test(size=(80, 24)) as pilot:
            await settled(pilot)
            for number, step in enumerate(steps):
                await step(pilot)
                await settled(pilot)
                before = deepcopy(pair.meant)
                app.screen.refresh()
                await settled(pilot)
                assert list(before.differences(pair.meant)) == [], f"after step {number}"


@pytest.mark.parametrize("size", [(1, 1), (2, 2), (20, 5), (5, 50)])
async def test_it_opens_in_a_window_that_is_too_small(
    console: MakeApp, size: tuple[int, int], monkeypatch: pytest.MonkeyPatch
) -> None:
    with both_drivers(monkeypatch) as pair:
        app = console(ListScreen(People()))
        async with app.run_test(size=(80, 24)) as pilot:
            await settled(pilot)
            for opened in (ask, press("question_mark")):
                pair.resize(80, 24)
                await settled(pilot)
                pair.resize(*size)
                await opened(pilot)
                await settled(pilot)
                assert isinstance(app.screen, Dialog)
                await pair.look("with a dialog")
                await pilot.press("escape")
                await settled(pilot)
            assert isinstance(app.screen, ListScreen)


class _Word(AskDialog[str]):
    def read(self, text: str) -> str | Wording:
        return text


async def test_what_does_not_fit_into_the_line_of_a_question_is_told_of(console: MakeApp) -> None:
    async with console(Screen()).run_test(size=(80, 24)) as pilot:
        dialog = _Word("Mot", say("Which word?"), say("Enter takes it"), longest=10)
        await pilot.app.push_screen(dialog)
        entry = dialog.query_one(Input)
        entry.post_message(Paste("y" * 11))
        await settled(pilot)
        assert entry.value == ""
        assert "Trop long : 10 au plus" in screen_text(pilot.app).replace("\u00a0", " ")
