"""The terminal behind the console: its end, its signals, and the last filter before it."""

import asyncio
import os
import select
import signal
import sys
import threading
from collections.abc import Callable
from typing import Any

from rich.cells import get_character_cell_size
from rich.segment import Segment
from textual.color import Color
from textual.filter import LineFilter

from models.text import clean, is_clean

#: How long a clean end may take once the terminal has gone, in seconds. Painting can block
#: for ever on a line that nobody reads.
GRACE = 3.0


class SafeLines(LineFilter):
    """The last line of defence: no unsafe character reaches the driver, whoever drew it."""

    def apply(self, segments: list[Segment], background: Color) -> list[Segment]:
        if all(is_clean(segment.text) for segment in segments):
            return segments
        return [
            Segment(_same_width(segment.text), segment.style, segment.control)
            for segment in segments
        ]


def _same_width(text: str) -> str:
    # A character without width makes way for nothing, or the line would grow and wrap.
    return "".join(
        character
        if is_clean(character)
        else clean(character)
        if get_character_cell_size(character)
        else ""
        for character in text
    )


def watch_for_hang_up(leave: Callable[[], Any]) -> None:
    """Call `leave` once the terminal has gone, and end the process if that doesn't.

    Textual's input thread runs at a whole core, for ever, after the other side has closed.
    """
    thread = threading.Thread(target=_watch, args=(leave,), name="hang-up", daemon=True)
    thread.start()


def _watch(leave: Callable[[], Any]) -> None:
    _gone(None)
    leave()
    threading.Event().wait(GRACE)
    end_without_terminal()


def end_without_terminal() -> None:
    """End the process at once if the terminal has gone: nothing can be flushed to it."""
    if _gone(0):
        os._exit(128 + signal.SIGHUP)


def _gone(wait: float | None) -> bool:
    """Tell whether the terminal has gone; wait so many milliseconds for it, None for ever."""
    assert sys.__stdin__ is not None
    poll = select.poll()
    poll.register(sys.__stdin__.fileno(), 0)  # hang-up and errors are always reported
    return bool(poll.poll(wait))


def leave_on_signals(loop: asyncio.AbstractEventLoop, leave: Callable[[int], None]) -> None:
    """Make the signals that end a program end it cleanly, with the terminal as it was.

    `leave` is given the exit status, 128 and the signal's number.
    """
    for number in (signal.SIGTERM, signal.SIGINT, signal.SIGHUP):
        loop.add_signal_handler(number, leave, 128 + number)
