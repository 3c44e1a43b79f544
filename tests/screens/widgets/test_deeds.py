"""What a screen does in a thread: of two readings the later one is what is shown.

What writes is done in any case, however many threads are at work when its screen is left.
"""

import asyncio
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from threading import Event

import pytest
from textual import on
from textual.app import ComposeResult
from textual.message import Message
from textual.pilot import Pilot

from screens.widgets.deeds import DeedScreen
from screens.widgets.field import Field, Form
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


#: More than Python has threads for.
_MANY = 40


@contextmanager
def all_threads_at_work() -> Iterator[None]:
    gate = Event()
    for _each in range(_MANY):
        asyncio.get_running_loop().run_in_executor(None, gate.wait, 20)
    try:
        yield
    finally:
        gate.set()


async def left(pilot: Pilot[None], page: DeedScreen[None]) -> None:
    """Leave a page and wait until nothing of it is there any more."""
    page.dismiss(None)
    while page.is_attached or any(worker.node is page for worker in pilot.app.workers):
        await pilot.pause()


async def test_what_writes_is_done_even_where_its_screen_is_left_before_it_began(
    console: MakeApp,
) -> None:
    page, written = Page(), Event()
    async with console(Page()).run_test() as pilot:
        await pilot.app.push_screen(page)
        await settled(pilot)
        with all_threads_at_work():
            page.attempt(written.set)
            await left(pilot, page)
            assert not written.is_set()
    assert written.wait(20)


class Sheet(Page):
    """A form that keeps its draft in a list."""

    def __init__(self, kept: list[str]) -> None:
        super().__init__()
        self.kept = kept
        self.form = Form("sheet", Field("name", "Nom"), drafts=self)

    def compose(self) -> ComposeResult:
        yield self.form

    def load(self, form: str) -> dict[str, str]:
        return {}

    def save(self, form: str, values: Mapping[str, str]) -> None:
        self.kept.append(values["name"])

    def forget(self, form: str) -> None:
        self.kept.clear()


@pytest.mark.parametrize(("sent", "kept"), [(False, ["Lambert"]), (True, [])])
async def test_a_draft_is_kept_or_gone_however_soon_its_form_is_left(
    console: MakeApp, sent: bool, kept: list[str]
) -> None:
    sheet = Sheet(["Lam"] if sent else [])
    async with console(Page()).run_test() as pilot:
        await pilot.app.push_screen(sheet)
        await settled(pilot)
        with all_threads_at_work():
            if sent:
                sheet.form.submitted()
            else:
                sheet.form["name"].entry.value = "Lambert"
                await pilot.pause()
            await left(pilot, sheet)
        await settled(pilot)
        assert sheet.kept == kept
