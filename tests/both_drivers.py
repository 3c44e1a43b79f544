"""One run of the program on two terminals: what Textual meant, and what our driver made of it.

The program runs on a real pseudo-terminal and types through Textual's own reader of keys.
What Textual hands to the driver goes to one emulator as the stock driver would send it, what
comes down the line to another; `Pair.look` holds the two against each other, cell by cell.
"""

import asyncio
import fcntl
import os
import select
import signal
import struct
import sys
import termios
import time
from collections import deque
from collections.abc import Iterable, Iterator
from contextlib import contextmanager, suppress
from threading import Event, Thread
from typing import Any

import pytest
from textual._wait import wait_for_idle
from textual.app import App
from textual.drivers.linux_driver import LinuxDriver
from textual.message import Message
from textual.pilot import Pilot

from tests.emulator import Emulator
from tests.typed import at_once
from tui.app import TrousseauApp

#: Seconds for which what was meant may be under way to the terminal.
PATIENCE = 40.0
_SHOWN_DIFFERENCES = 12
_SEQUENCES = {
    "enter": "\r", "tab": "\t", "shift+tab": "\x1b[Z", "space": " ", "backspace": "\x7f",
    "delete": "\x1b[3~", "up": "\x1b[A", "down": "\x1b[B", "right": "\x1b[C", "left": "\x1b[D",
    "home": "\x1b[H", "end": "\x1b[F", "pageup": "\x1b[5~", "pagedown": "\x1b[6~",
    "f1": "\x1bOP", "f2": "\x1bOQ", "f3": "\x1bOR", "f4": "\x1bOS", "f5": "\x1b[15~",
    "f6": "\x1b[17~", "f7": "\x1b[18~", "f8": "\x1b[19~", "f9": "\x1b[20~",
    # As terminals with kitty's protocol send it: a bare Escape takes a quarter of a second.
    "escape": "\x1b[27u",
    "slash": "/", "question_mark": "?", "asterisk": "*", "plus": "+", "minus": "-",
    "full_stop": ".", "ctrl+up": "\x1b[1;5A", "ctrl+down": "\x1b[1;5B",
}  # fmt: skip


class ScreensDiffer(AssertionError):
    """Somebody sees something else than Textual drew."""


def bytes_of(key: str) -> bytes:
    """Return what a terminal sends for a key that Textual calls by this name."""
    if len(key) == 1:
        return key.encode()
    if key.startswith("ctrl+") and len(key) == 6:
        return bytes([ord(key[5]) & 0x1F])
    return _SEQUENCES[key].encode()


class Pair:
    """Two terminals of the same size and the line between them and one program.

    `meant` shows what Textual wrote, `seen` what has come down the line, which a thread
    reads as a terminal does: at once, unless it is told to `ignore` it.
    """

    def __init__(self, columns: int, lines: int) -> None:
        self.line, self._theirs = os.openpty()
        os.set_blocking(self.line, False)
        self.meant, self.seen = Emulator(columns, lines), Emulator(columns, lines)
        self._set_size(columns, lines)
        self._be_quiet()
        self.looks = 0
        self._messages, self._arrived = 0, asyncio.Event()
        self._come: deque[bytes] = deque()
        self._reads, self._ended = Event(), False
        self._reads.set()
        self._reader = Thread(target=self._read_on, name="terminal", daemon=True)
        self._reader.start()

    def hang_up(self) -> None:
        """Close the line; whoever still writes to it is refused and does not wait."""
        self._ended = True
        self.listen()
        self._reader.join()
        os.close(self.line)
        os.close(self._theirs)

    def _read_on(self) -> None:
        while not self._ended:
            self._reads.wait()
            if select.select([self.line], [], [], 0.02)[0] and self._reads.is_set():
                self._come.append(os.read(self.line, 1 << 16))

    def _set_size(self, columns: int, lines: int) -> None:
        size = struct.pack("HHHH", lines, columns, 0, 0)
        fcntl.ioctl(self.line, termios.TIOCSWINSZ, size)

    def _be_quiet(self) -> None:
        """Echo nothing that is typed before the program has begun, or when it has ended."""
        attributes = termios.tcgetattr(self._theirs)
        attributes[3] &= ~termios.ECHO
        termios.tcsetattr(self._theirs, termios.TCSANOW, attributes)

    @property
    def sent(self) -> str:
        """How many bytes came down the line, and how many Textual wrote."""
        return f"{self.seen.received} of {self.meant.received} bytes"

    @contextmanager
    def as_own_terminal(self) -> Iterator[None]:
        """Make the line the one that a program in this process finds as its terminal."""
        before = sys.__stdin__, sys.__stdout__, sys.__stderr__
        ends = [os.fdopen(os.dup(self._theirs), mode) for mode in ("r", "w", "w")]
        sys.__stdin__, sys.__stdout__, sys.__stderr__ = ends  # type: ignore[misc]
        try:
            yield
        finally:
            self.hang_up()
            sys.__stdin__, sys.__stdout__, sys.__stderr__ = before  # type: ignore[misc]
            for end in ends:
                end.close()

    # The program's side

    def intend(self, data: str) -> None:
        self.meant.feed(data.replace("\n", "\r\n").encode())  # as the line does it: ONLCR

    def read(self) -> None:
        """Show what has come down the line."""
        while self._come:
            self.seen.feed(self._come.popleft())

    def arrived(self) -> None:
        """Note that a key, or another message of the terminal, has reached the program."""
        self._messages += 1
        self._arrived.set()

    # The person's side

    async def type(self, data: bytes, messages: int, app: App[Any]) -> None:
        """Type on the terminal, and wait until so many messages have reached the program, or
        it has ended."""
        wanted = self._messages + messages
        os.write(self.line, data)
        end = time.monotonic() + PATIENCE
        while self._messages < wanted and not app._exit and not app._exception:
            assert time.monotonic() < end, self.report(f"as {data!r} did not reach {app.screen}")
            self._arrived.clear()
            with suppress(TimeoutError):
                await asyncio.wait_for(self._arrived.wait(), 0.05)

    def ignore(self) -> None:
        """Read nothing from the line, as behind a network that stands still."""
        self._reads.clear()

    def listen(self) -> None:
        self._reads.set()

    @property
    def is_ignored(self) -> bool:
        return not self._reads.is_set()

    def take_back(self, words: str) -> None:
        """Hold what a program that was suspended has left, and let the shell write on it."""
        self.look_at_the_end("while it is suspended")
        for screen in (self.meant, self.seen):
            screen.write(words)

    def resize(self, columns: int, lines: int) -> None:
        self.read()
        for screen in (self.meant, self.seen):
            if (screen.columns, screen.lines) != (columns, lines):
                screen.resize(columns, lines)
        self._set_size(columns, lines)
        signal.raise_signal(signal.SIGWINCH)

    async def look(self, what: str) -> None:
        """Wait until both screens are equal. Raises `ScreensDiffer` where they stay different."""
        end = time.monotonic() + PATIENCE
        while not self._are_equal():
            if time.monotonic() > end:
                raise ScreensDiffer(self.report(what))
            await asyncio.sleep(0.002)
        self.looks += 1

    def look_at_the_end(self, what: str) -> None:
        """Do the same when the program has ended, or waits, and nothing more is sent."""
        end = time.monotonic() + PATIENCE
        while not self._are_equal():
            if time.monotonic() > end:
                raise ScreensDiffer(self.report(what))
            time.sleep(0.002)
        self.looks += 1

    def _are_equal(self) -> bool:
        self.read()
        return next(self.seen.differences(self.meant), None) is None

    def report(self, what: str) -> str:
        found = list(self.seen.differences(self.meant))
        more = [f"… and {len(found) - _SHOWN_DIFFERENCES} more"]
        told = found[:_SHOWN_DIFFERENCES] + more * (len(found) > _SHOWN_DIFFERENCES)
        pictures = [
            f"{name}:\n" + "\n".join(f"|{line}|" for line in screen.display)
            for name, screen in (("seen", self.seen), ("meant", self.meant))
        ]
        return "\n".join([f"the screens differ {what} (seen and meant):", *told, *pictures])


#: What the stock driver sends when it takes the terminal and gives it back.
_TAKEN = "\x1b[?1049h\x1b[?25l\x1b[?7l"
_GIVEN_BACK = "\x1b[?7h\x1b[?1049l\x1b[?25h"


def watched(base: type[LinuxDriver], pair: Pair) -> type[LinuxDriver]:
    """Return a driver like `base` whose work can be followed on a pair of terminals."""

    class Watched(base):  # type: ignore[misc, valid-type]
        _cursor = "\x1b[?25l"

        def start_application_mode(self) -> None:
            pair.intend(_TAKEN + self._cursor)
            super().start_application_mode()

        def stop_application_mode(self) -> None:
            pair.listen()  # on a line that nobody reads its last words would be lost
            super().stop_application_mode()
            pair.intend(_GIVEN_BACK)

        def write(self, data: str) -> None:
            pair.intend(data)
            super().write(data)

        def show_cursor(self, shown: bool = True) -> None:
            self._cursor = f"\x1b[?25{'h' if shown else 'l'}"
            pair.intend(self._cursor)
            super().show_cursor(shown)

        def process_message(self, message: Message) -> None:
            super().process_message(message)
            with suppress(RuntimeError):  # the program has ended meanwhile
                self._loop.call_soon_threadsafe(pair.arrived)

    return Watched


class Watch:
    """Makes every console of a test run on a `Pair`. `size` and `style` replace its own."""

    def __init__(self, size: tuple[int, int] | None, style: str | None) -> None:
        self.size, self.style = size, style
        self.pair: Pair | None = None

    def build_driver(self, app: App[Any], size: tuple[int, int] | None) -> LinuxDriver:
        assert self.pair is not None
        columns, lines = self.size or size or (80, 24)
        self.pair.resize(columns, lines)
        base: Any = app.driver_class
        return watched(base, self.pair)(app, debug=False, mouse=False, size=None)

    async def press(self, pilot: Pilot[Any], keys: Iterable[str]) -> None:
        assert self.pair is not None
        for typed in at_once(keys):
            data = b"".join(bytes_of(key) for key in typed)
            await self.pair.type(data, len(typed), pilot.app)
            await pilot._wait_for_screen()
            if not pilot.app._exit:
                await self.pair.look(f"after {''.join(typed)!r}")
            await wait_for_idle(0)  # as Pilot does, lest a journey outrun its own threads


@contextmanager
def both_drivers(
    monkeypatch: pytest.MonkeyPatch,
    size: tuple[int, int] | None = None,
    style: str | None = None,
) -> Iterator[Pair]:
    """Run each console of a test on a pair of terminals; its Pilot types the keys there.

    They are compared after each key, each text, each pause and at the end. `size` and `style`,
    where given, take the place of those that the test asks for.
    """
    watch = Watch(size, style)
    pair = watch.pair = Pair(*(size or (80, 24)))
    _settle(monkeypatch, watch)
    with pair.as_own_terminal():
        yield pair
        pair.look_at_the_end("at the end")


def _settle(monkeypatch: pytest.MonkeyPatch, watch: Watch) -> None:
    pause, begin = Pilot.pause, TrousseauApp.__init__

    def build_driver(app: App[Any], headless: bool, inline: bool, mouse: bool, size: Any) -> Any:
        app._driver = watch.build_driver(app, size)
        return app._driver

    async def press(pilot: Pilot[Any], *keys: str) -> None:
        await watch.press(pilot, keys)

    async def pause_and_look(pilot: Pilot[Any], delay: float | None = None) -> None:
        await pause(pilot, delay)
        if not pilot.app._exit:
            await watch.pair.look("after a pause")  # type: ignore[union-attr]

    async def resize(pilot: Pilot[Any], width: int, height: int) -> None:
        watch.pair.resize(width, height)  # type: ignore[union-attr]
        await pilot.pause()

    def begin_with_style(app: TrousseauApp, *arguments: Any, **options: Any) -> None:
        chosen = {"style": watch.style} if watch.style else {}
        begin(app, *arguments, **{**options, **chosen})

    monkeypatch.setattr(App, "_build_driver", build_driver)
    monkeypatch.setattr(Pilot, "press", press)
    monkeypatch.setattr(Pilot, "pause", pause_and_look)
    monkeypatch.setattr(Pilot, "resize_terminal", resize)
    monkeypatch.setattr(TrousseauApp, "__init__", begin_with_style)
    # It would end the test's own process once the line is closed.
    monkeypatch.setattr("tui.app.watch_for_hang_up", lambda leave: None)
    monkeypatch.setenv("TERM", "xterm-256color")
    for variable in ("COLUMNS", "LINES"):
        monkeypatch.delenv(variable, raising=False)
