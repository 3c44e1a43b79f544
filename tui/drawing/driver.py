"""The driver: Textual's own for Unix, but that only what changed goes down the line.

Where it differs from Textual's: a picture is kept of what the terminal shows, and a frame is
computed once the line is free, from what is wanted then, so that none is stale; no thread
reads keys and none waits for them ten times a second; keys are read in the terminal's own
character set, and a byte that is none of it does no harm. The terminal is asked nothing
(synchronised output, sizes within the stream) and sends nothing by itself (focus, mouse).
"""

import asyncio
import os
import signal
import sys
import termios
import tty
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager, suppress
from typing import Any

from textual import constants, events
from textual.app import App
from textual.drivers.linux_driver import LinuxDriver
from textual.geometry import Size
from textual.message import Message

from tui.drawing.abilities import Abilities, recognise
from tui.drawing.keys import KeyParser, decoder
from tui.drawing.line import Line, open_line
from tui.drawing.picture import Picture
from tui.drawing.turns import Turns

#: How long the last bytes may take once the program ends, in seconds.
_LAST_WORDS = 1.0
#: How long a picture for a new size is waited for, in seconds.
_NEW_LAYOUT = 0.25
#: From so many characters of Textual's on a change is large, and what follows within so many
#: seconds belongs to it: a screen is painted before the list on it is.
_LARGE, _GATHER = 3_000, 0.008
#: The largest window, in cells. Whoever connects says how large theirs is.
_WIDEST, _HIGHEST = 500, 250
_HUNG_UP = 128 + signal.SIGHUP
#: Has the line turn tabs into blanks.
_TABS = getattr(termios, "TABDLY", 0)


class ChangesDriver(LinuxDriver):
    """Draws changes alone, on any terminal.

    The terminal is that of the descriptors 0 and 2, of which the environment says what it
    understands, unless the App has attributes `terminal` (a pair of descriptors, for keys and
    for output) or `abilities`.
    """

    def __init__(
        self,
        app: App[Any],
        *,
        debug: bool = False,
        mouse: bool = False,
        size: tuple[int, int] | None = None,
    ) -> None:
        super().__init__(app, debug=debug, mouse=mouse, size=size)
        keys, output = getattr(app, "terminal", None) or (self.fileno, _output())
        self.fileno, self._output = keys, output
        self.abilities: Abilities = getattr(app, "abilities", None) or recognise(os.environ)
        self._picture = Picture(self.abilities, *self._get_terminal_size())
        self._line: Line | None = None
        self._reading = self._raw = False
        self._parser = KeyParser(debug, term=self.abilities.term)
        self._decode = decoder(self.abilities.codec)
        self._turns = Turns(app, self.process_message)
        self._timer: asyncio.TimerHandle | None = None
        self._settling: asyncio.TimerHandle | None = None
        self._hold = False  # for the picture of a new size
        self._blank = True  # nobody has seen a picture yet
        self._due = False  # something was written since the last frame
        self._written = 0  # so many characters
        self._asked = False  # a frame is about to be computed

    # Pictures

    def write(self, data: str) -> None:
        """Take a part of a picture. It is shown after `flush`."""
        self._picture.read(data)
        self._written += len(data)
        self._due = True

    def flush(self) -> None:
        """Show what was written, as soon as the line is free."""
        grid = self._picture.grid
        if self._written >= grid.width * grid.height:
            self._hold = False  # a whole picture: that of the new size
            if self._blank:  # Textual lays out anew, for 15 ms, what mostly stays as it is
                self._blank = False
                self._paint()
        self._ask()

    def show_cursor(self, shown: bool = True) -> None:
        """Show the terminal's cursor at `App.cursor_position`, or hide it."""
        self._picture.show_cursor(shown)
        self._due = True
        self._ask()

    def repaint(self) -> None:
        """Paint everything anew: something else has written on the terminal."""
        self._picture.forget()
        self._due = True
        self._ask()

    def window_changed(self) -> None:
        """Take the size of the window anew, as on SIGWINCH, and paint everything for it."""
        if self._picture.resize(*self._get_terminal_size()):
            self._hold, self._written = True, 0
            self._cancel_settling()
            self._settling = self._loop.call_later(_NEW_LAYOUT, self._settle)
        self._send_size()
        self._due = True
        self._ask()

    def _settle(self) -> None:
        """Have Textual paint all once the size is what it is.

        It paints nothing when a window comes back to the size that it had, but the picture
        of that size is gone.
        """
        self._settling, self._hold = None, False
        self._app.refresh()
        self._ask()

    def _cancel_settling(self) -> None:
        if self._settling is not None:
            self._settling.cancel()
            self._settling = None

    def _ask(self) -> None:
        """Have a frame computed soon: at once, or when a large change may be complete."""
        if self._line is not None and not self._asked:
            self._asked = True
            self._loop.call_later(_GATHER if self._written > _LARGE else 0, self._paint)

    def _paint(self) -> None:
        self._asked = False
        line = self._line
        if line is None or line.busy or self._hold or not self._due:
            return
        self._due, self._written = False, 0
        if frame := self._picture.frame():
            line.send(frame)

    # Beginning and end

    def start_application_mode(self) -> None:
        """Take the terminal; called again after a stop, for all is painted anew then."""
        if not self._may_write():
            return
        self._watch_signals()
        if self._line is None:
            self._line = open_line(self._output, self._loop, self._ask)
        self._make_raw()
        self._line.send(_entering(self.abilities))
        self._read_keys()
        self.window_changed()
        if self._must_signal_resume:
            self._must_signal_resume = False
            self.send_message(self.SignalResume())

    def disable_input(self) -> None:
        """Read no more keys, and forget those that wait."""
        if not self._reading:
            return
        self._reading = False
        self._turns.clear()
        self._loop.remove_reader(self.fileno)
        with suppress(ValueError, RuntimeError):
            self._loop.remove_signal_handler(signal.SIGWINCH)
        if self._timer is not None:
            self._timer.cancel()
        with suppress(termios.error):
            termios.tcflush(self.fileno, termios.TCIFLUSH)

    def stop_application_mode(self) -> None:
        """Give the terminal back as it was. Its last bytes are waited for, but not for ever."""
        self._give_back()

    def close(self) -> None:
        """Do the same: an App that is shut down from outside closes first, and stops then."""
        self._give_back()

    def _give_back(self) -> None:
        self.disable_input()
        self._cancel_settling()
        if self._line is not None:
            line, self._line = self._line, None  # or what is due would be painted on the shell
            line.send(self._picture.leave() + _leaving(self.abilities))
            line.drain(_LAST_WORDS)
            line.close()
        if self._raw and self.attrs_before is not None:
            self._raw = False
            with suppress(termios.error):
                termios.tcsetattr(self.fileno, termios.TCSANOW, self.attrs_before)

    def _get_terminal_size(self) -> tuple[int, int]:
        for descriptor in (self._output, self.fileno):
            with suppress(OSError):
                width, height = os.get_terminal_size(descriptor)
                if width and height:
                    return min(width, _WIDEST), min(height, _HIGHEST)
        return 80, 24

    def _send_size(self) -> None:
        size = Size(*self._get_terminal_size())
        self.send_message(events.Resize(size, size))

    def _may_write(self) -> bool:
        """Tell whether the terminal is ours; stop again where it was taken away (`bg`)."""

        def stop_again(*_: object) -> None:
            os.kill(os.getpid(), signal.SIGSTOP)

        with _handling({signal.SIGTTOU: stop_again, signal.SIGTTIN: stop_again}):
            try:
                now = termios.tcgetattr(self.fileno)
                termios.tcsetattr(self.fileno, termios.TCSANOW, now)
            except termios.error:
                return not os.isatty(self.fileno)
        return True

    def _make_raw(self) -> None:
        """Have keys come as they are typed, and lines end where we say."""
        try:
            attributes = termios.tcgetattr(self.fileno)
        except termios.error:
            return
        if not self._raw:
            self._raw = True
            self.attrs_before = [*attributes[:6], list(attributes[6])]
        attributes[tty.LFLAG] = self._patch_lflag(attributes[tty.LFLAG])
        attributes[tty.IFLAG] = self._patch_iflag(attributes[tty.IFLAG])
        # A newline moves the cursor down and nothing else: one byte where a move takes six.
        # And a tab stays one: the line would blank what it moves over.
        attributes[tty.OFLAG] &= ~(termios.ONLCR | termios.OCRNL | termios.ONLRET | _TABS)
        attributes[tty.CC][termios.VMIN] = 1
        attributes[tty.CC][termios.VTIME] = 0
        with suppress(termios.error):
            termios.tcsetattr(self.fileno, termios.TCSANOW, attributes)

    # Signals: in the loop, never in the middle of a picture

    def _watch_signals(self) -> None:
        handlers: Mapping[int, Callable[[], None]] = {
            signal.SIGWINCH: self.window_changed,
            signal.SIGTSTP: self._sigtstp_application,
            signal.SIGCONT: self._sigcont_application,
        }
        for number, handler in handlers.items():
            # Only the main thread has signals; elsewhere `window_changed` is called.
            with suppress(ValueError, RuntimeError):
                self._loop.add_signal_handler(number, handler)

    # Keys

    def _read_keys(self) -> None:
        if self._reading:
            return
        self._reading = True
        self._loop.add_reader(self.fileno, self._take_keys)

    def _take_keys(self) -> None:
        try:
            typed = os.read(self.fileno, 4096)
        except BlockingIOError:
            return
        except OSError:  # the other side has gone
            typed = b""
        if not typed:
            self._hang_up()
            return
        if self._timer is not None:
            self._timer.cancel()
        if text := self._decode(typed):  # nothing yet of a character that the line has split
            self._turns.add(self._parser.feed(text))
        # An Escape that nothing follows is a key of its own.
        self._timer = self._loop.call_later(constants.ESCAPE_DELAY + 0.001, self._tick)

    def _tick(self) -> None:
        if self._reading:
            self._turns.add(self._parser.tick())

    def _hang_up(self) -> None:
        self.disable_input()
        self._app.exit(return_code=_HUNG_UP)

    def send_message(self, message: Message) -> None:
        """Hand a message to the App, in the thread of its loop."""
        self._app.post_message(message)


def _output() -> int:
    """Return the descriptor that Textual's own driver writes to."""
    assert sys.__stderr__ is not None
    return sys.__stderr__.fileno()


@contextmanager
def _handling(handlers: Mapping[int, Any]) -> Iterator[None]:
    """Handle signals for a moment; nothing happens outside the main thread."""
    before = {}
    try:
        for number, handler in handlers.items():
            with suppress(ValueError):
                before[number] = signal.signal(number, handler)
        yield
    finally:
        for number, handler in before.items():
            signal.signal(number, handler)


def _entering(abilities: Abilities) -> bytes:
    """Return what prepares the terminal, in no more than it understands."""
    return b"".join(
        (
            b"\x1b[?1049h" if abilities.alternate_screen else b"",
            b"\x1b[?7l",  # lines don't wrap by themselves
            b"\x1b[?2004h" if abilities.bracketed_paste else b"",
            b"\x1b[>1u" if abilities.tells_keys_apart else b"",
        )
    )


def _leaving(abilities: Abilities) -> bytes:
    """Return what gives the terminal back. Without a screen of our own, ours is wiped off."""
    return b"".join(
        (
            b"\x1b[<u" if abilities.tells_keys_apart else b"",
            b"\x1b[?2004l" if abilities.bracketed_paste else b"",
            b"\x1b[?7h",
            b"\x1b[?1049l" if abilities.alternate_screen else b"\x1b[H\x1b[J",
            b"\x1b[?25h" if abilities.hides_cursor else b"",
        )
    )
