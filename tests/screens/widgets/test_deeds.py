"""What a screen does in a thread: of two readings the later one is what is shown."""

from dataclasses import dataclass
from threading import Event

import pytest
from textual import on
from textual.message import Message

from screens.widgets.deeds import DeedScreen
from tests.screens.conftest import MakeApp, settled


class Page(DeedScreen[None]):
    """Notes what its deeds have found, in the order in which it came."""

    @dataclass
    class Found(Message):
        text: str

    def __init__(self) -> None:
        super().__init__()
        self.found: list[str] = []

    def look(self, text: str, gate: Event, ended: Event, *, reads: bool) -> None:
        def deed() -> None:
            gate.wait(20)
            self.post_message(self.Found(text))
            ended.set()

        self.attempt(deed, "read", exclusive=True, reads=reads)

    @on(Found)
    def _note(self, message: Found) -> None:
        message.stop()
        self.found.append(message.text)


@pytest.mark.parametrize(("reads", "found"), [(True, ["new"]), (False, ["new", "old"])])
async def test_what_an_earlier_reading_finds_too_late_is_not_shown(
    console: MakeApp, reads: bool, found: list[str]
) -> None:
    """The thread of the first goes on; a deed that writes tells in any case what it has done."""
    page, gate, at_once = Page(), Event(), Event()
    old_ended, new_ended = Event(), Event()
    at_once.set()
    async with console(page).run_test() as pilot:
        await settled(pilot)
        page.look("old", gate, old_ended, reads=reads)
        await pilot.pause()
        page.look("new", at_once, new_ended, reads=reads)
        while not page.found:
            await pilot.pause()
        gate.set()
        while not old_ended.is_set():
            await pilot.pause()
        await settled(pilot)
        assert page.found == found
