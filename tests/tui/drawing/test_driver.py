"""The driver on a pseudo-terminal of its own, in the loop of the test."""

import asyncio
import codecs
import fcntl
import os
import pty
import random
import select
import string
import struct
import termios
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager, suppress
from dataclasses import dataclass, field

import pytest
from textual import events
from textual.app import App, ComposeResult
from textual.widgets import Label

from tests.emulator import Emulator
from tests.kinds import KINDS
from tui.drawing.abilities import recognise
from tui.drawing.driver import ChangesDriver

_PATIENCE = 10.0


class Board(App[None]):
    """A label on the whole screen, and what was typed."""

    CSS = "Label { width: 100%; height: 100%; }"
    ENABLE_COMMAND_PALETTE = False
    BINDINGS = [("ctrl+l", "repaint")]

    def __init__(self, terminal: tuple[int, int], kind: str) -> None:
        self.terminal = terminal
        self.abilities = recognise({"TERM": kind})
        super().__init__(driver_class=ChangesDriver)
        self.animation_level = "none"
        self.typed: list[str] = []
        self.pasted: list[str] = []

    def compose(self) -> ComposeResult:
        yield Label("nothing yet", markup=False)

    def show(self, text: str) -> None:
        self.query_one(Label).update(text)

    def on_key(self, event: events.Key) -> None:
        self.typed.append(event.key)

    def on_paste(self, event: events.Paste) -> None:
        self.pasted.append(event.text)

    def action_repaint(self) -> None:
        self.driver.repaint()

    @property
    def driver(self) -> ChangesDriver:
        assert isinstance(self._driver, ChangesDriver)
        return self._driver


@dataclass
class Line:
    """The other end of a terminal: what comes is shown, as long as somebody reads."""

    app: Board
    master: int
    theirs: int
    screen: Emulator
    received: str = ""
    _news: asyncio.Event = field(default_factory=asyncio.Event)

    def __post_init__(self) -> None:
        self._decode = codecs.getincrementaldecoder(self.app.abilities.codec)().decode

    def take(self) -> None:
        try:
            data = os.read(self.master, 65_536)
        except OSError:
            data = b""
        self.received += self._decode(data)
        self.screen.feed(data)
        self._news.set()

    def take_what_waits(self) -> None:
        while select.select([self.master], [], [], 0)[0]:
            self.take()

    async def until(self, done: Callable[[], bool]) -> None:
        """Wait until something is so, looking whenever something has come."""
        async with asyncio.timeout(_PATIENCE):
            while not done():
                self._news.clear()
                with suppress(TimeoutError):  # not everything that is waited for is painted
                    await asyncio.wait_for(self._news.wait(), 0.05)

    async def shows(self, *words: str) -> None:
        await self.until(lambda: all(word in self.screen.text for word in words))

    def type(self, keys: bytes) -> None:
        os.write(self.master, keys)

    def window(self, columns: int, lines: int) -> None:
        """Change the size of the window; its content is whatever the terminal makes of it."""
        fcntl.ioctl(self.master, termios.TIOCSWINSZ, struct.pack("HHHH", lines, columns, 0, 0))
        self.screen.resize(columns, lines)
        self.screen.write("garbage" * 9)
        self.app.driver.window_changed()

    def stop_reading(self) -> None:
        asyncio.get_running_loop().remove_reader(self.master)

    def go_on_reading(self) -> None:
        asyncio.get_running_loop().add_reader(self.master, self.take)


@asynccontextmanager
async def running(kind: str = "xterm-256color") -> AsyncIterator[Line]:
    master, theirs = pty.openpty()
    fcntl.ioctl(theirs, termios.TIOCSWINSZ, struct.pack("HHHH", 24, 80, 0, 0))
    app = Board((theirs, theirs), kind)
    line = Line(app, master, theirs, Emulator(kind=KINDS[kind]))
    task = asyncio.create_task(app.run_async(mouse=False))
    line.go_on_reading()
    try:
        await line.shows("nothing yet")
        yield line
    finally:
        line.stop_reading()
        app.exit()
        async with asyncio.timeout(_PATIENCE):
            await task
        os.close(theirs)
        os.close(master)


def _noise(seed: int) -> str:
    chosen = random.Random(seed)
    letters = string.ascii_letters + "éèà─│"
    return "\n".join("".join(chosen.choices(letters, k=78)) for _line in range(23))


@pytest.mark.parametrize("kind", KINDS)
async def test_each_kind_is_sent_nothing_it_does_not_understand(kind: str) -> None:
    async with running(kind) as line:
        line.app.show("Éloïse, déjà là")
        await line.shows("jà là" if kind != "vt100" else "Eloise, deja la")


async def test_the_terminal_is_given_back_as_it_was() -> None:
    async with running() as line:
        assert not termios.tcgetattr(line.theirs)[3] & termios.ECHO
        before = line.app.driver.attrs_before
        line.app.exit()
        await line.until(lambda: line.app._driver is not None and not line.app._running)
        assert termios.tcgetattr(line.theirs) == before
        assert not line.screen.alternate
        assert line.screen.shows_cursor


async def test_whoever_closes_without_a_stop_gives_the_terminal_back_once() -> None:
    """As when an App is shut down while its messages still run."""
    async with running() as line:
        driver = line.app.driver
        before = driver.attrs_before
        driver.close()
        driver.stop_application_mode()
        line.take_what_waits()
        assert termios.tcgetattr(line.theirs) == before
        assert line.received.count("\x1b[?1049l") == 1
        assert not line.screen.alternate
        assert line.screen.shows_cursor


async def test_nothing_is_painted_once_the_terminal_is_given_back() -> None:
    async with running() as line:
        line.app.exit()
        await line.until(lambda: "\x1b[?1049l" in line.received)
        driver = line.app.driver
        driver.write("\x1b[HToo late")
        driver.flush()
        driver._paint()  # as the timer of a large change would
        line.take_what_waits()
        assert line.received.partition("\x1b[?1049l")[2] == "\x1b[?25h"


async def test_the_first_picture_waits_for_nothing_else_that_the_loop_has_to_do() -> None:
    async with running() as line:
        driver = ChangesDriver(line.app)
        driver.start_application_mode()
        line.take_what_waits()
        driver.write("".join(f"\x1b[{row};1H{'first':<80}" for row in range(1, 25)))
        driver.flush()
        line.take_what_waits()  # the loop had no turn meanwhile
        assert line.screen.text.split("\n")[23].rstrip() == "first"
        driver.disable_input()
        driver.close()


async def test_another_size_is_painted_without_what_was_there() -> None:
    async with running() as line:
        for columns, lines in ((60, 20), (160, 50), (80, 24)):
            line.window(columns, lines)
            line.app.show(f"now {columns}×{lines}")
            await line.shows(f"now {columns}×{lines}")
            await line.until(lambda: "garbage" not in line.screen.text)
            assert line.screen.text.split("\n")[0].rstrip() == f"now {columns}×{lines}"


async def test_a_part_of_the_picture_of_the_former_size_is_not_painted() -> None:
    async with running() as line:
        line.window(60, 20)
        driver = line.app.driver
        driver.write("\x1b[2;2Hof the former size")
        driver.flush()
        driver._paint()
        line.take_what_waits()
        assert "former" not in line.received
        await line.shows("nothing yet")


async def test_a_window_that_comes_back_to_its_size_is_painted() -> None:
    async with running() as line:
        line.app.show(_noise(3))
        await line.shows(_noise(3)[:78])
        line.window(20, 5)
        line.window(80, 24)
        await line.shows(*_noise(3).split("\n"))
        assert "garbage" not in line.screen.text


async def test_resumed_after_a_suspension_everything_is_painted() -> None:
    async with running() as line:
        line.app.show(_noise(1))
        await line.shows(_noise(1)[:78])
        line.app.driver.suspend_application_mode()
        assert termios.tcgetattr(line.theirs)[3] & termios.ECHO
        await line.until(lambda: line.screen.shows_cursor)
        line.screen.write("\x1b[2J\x1b[H$ ls\r\nsome files\x1b[1;31m")
        line.app.driver.resume_application_mode()
        await line.until(lambda: _noise(1)[:78] in line.screen.text)
        assert not termios.tcgetattr(line.theirs)[3] & termios.ECHO
        assert "some files" not in line.screen.text


async def test_a_key_repaints_what_something_else_has_written_over() -> None:
    async with running() as line:
        line.screen.write("\x1b[5;1HMessage from root: the machine goes down at 18:00")
        line.type(b"\x0c")
        await line.until(lambda: "Message" not in line.screen.text)
        await line.shows("nothing yet")


async def test_nobody_reads_and_the_loop_goes_on_and_the_latest_picture_comes() -> None:
    async with running() as line:
        line.stop_reading()
        driver = line.app.driver
        most = 0
        for number in range(200):
            line.app.show(_noise(number))
            await asyncio.sleep(0)  # the loop turns: nothing has blocked it
            await _painted(driver)
            assert driver._line is not None
            most = max(most, len(getattr(driver._line, "_rest", b"")))
        assert driver._line is not None
        assert driver._line.busy
        assert most < 12_000, "more than a frame waits"
        line.go_on_reading()
        await line.shows(*_noise(199).split("\n"))


async def _painted(driver: ChangesDriver, at_all: bool = True) -> None:
    """Wait until Textual has written, and then until a frame was computed of it."""
    async with asyncio.timeout(_PATIENCE):
        while not driver._due and not driver._asked:
            await asyncio.sleep(0)
        while driver._asked and at_all:
            await asyncio.sleep(0)


async def test_a_line_that_nobody_reads_does_not_keep_the_program_from_ending() -> None:
    loop = asyncio.get_running_loop()
    async with running() as line:
        line.stop_reading()
        for number in range(100):
            line.app.show(_noise(number))
            await _painted(line.app.driver)
        began = loop.time()
        line.app.exit()
        await line.until(lambda: not line.app._running)
        assert loop.time() - began < 5


async def test_the_program_ends_when_the_other_side_has_gone() -> None:
    master, theirs = pty.openpty()
    app = Board((theirs, theirs), "xterm-256color")
    task = asyncio.create_task(app.run_async(mouse=False))
    async with asyncio.timeout(_PATIENCE):
        while not app._is_mounted:
            await asyncio.sleep(0)
        os.close(master)
        await task
    os.close(theirs)
    assert app.return_code == 129


async def test_bytes_that_are_no_character_do_no_harm() -> None:
    async with running() as line:
        line.type(b"\xe9\xff\xc3(x")
        await line.until(lambda: "x" in line.app.typed)


async def test_accents_are_read_in_the_character_set_of_the_terminal() -> None:
    async with running("vt220") as line:
        line.type("é".encode("iso8859-1"))
        await line.until(lambda: "é" in line.app.typed)


async def test_a_sequence_that_the_line_splits_is_one_key() -> None:
    async with running() as line:
        line.type(b"\x1b")
        await asyncio.sleep(0)
        line.type(b"[")
        await asyncio.sleep(0)
        line.type(b"B")
        await line.until(lambda: bool(line.app.typed))
        assert line.app.typed == ["down"]


async def test_escape_alone_is_a_key() -> None:
    async with running() as line:
        line.type(b"\x1b")
        await line.until(lambda: bool(line.app.typed))
        assert line.app.typed == ["escape"]


async def test_a_paste_in_pieces_is_one() -> None:
    async with running() as line:
        for piece in (b"\x1b[200~Ann", b"e Lec", b"omte \xc3", b"\xa9t\xc3\xa9\x1b[20", b"1~"):
            line.type(piece)
            await asyncio.sleep(0)
        await line.until(lambda: bool(line.app.pasted))
        assert line.app.pasted == ["Anne Lecomte été"]
        assert line.app.typed == []


async def test_the_cursor_is_shown_where_the_app_puts_it() -> None:
    async with running() as line:
        assert not line.screen.shows_cursor
        line.app.cursor_position = line.app.cursor_position.__class__(7, 3)
        line.app.show("with a cursor")
        line.app.driver.show_cursor()
        await line.until(lambda: line.screen.shows_cursor)
        await line.until(lambda: (line.screen.x, line.screen.y) == (7, 3))
        line.app.driver.show_cursor(False)
        await line.until(lambda: not line.screen.shows_cursor)
