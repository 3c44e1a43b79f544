"""The line to a terminal: bytes leave as it takes them, and the program never waits for it.

A reader that is slow, stopped or gone must not hold the event loop up (FACTS: painting can
block for ever on a line that nobody reads). What was begun is sent to its end before anything
else, so that no sequence is cut in two; the driver gives out the next picture once the line
is free.
"""

import asyncio
import os
import select
import threading
import time
from abc import ABC, abstractmethod
from collections.abc import Callable
from contextlib import suppress

#: The most that is handed to the system at once, in bytes.
_PIECE = 65_536


class Line(ABC):
    """Where a frame goes. Once it is all gone `free` is called, in the event loop."""

    @property
    @abstractmethod
    def busy(self) -> bool:
        """Whether something is still on its way."""

    @abstractmethod
    def send(self, data: bytes) -> None:
        """Send bytes after those that are on their way. Nothing happens if the line is cut."""

    @abstractmethod
    def drain(self, seconds: float) -> bool:
        """Wait so long at most for everything to leave, and tell whether it has."""

    @abstractmethod
    def close(self) -> None:
        """Let go of the line. What has not left is lost."""


def open_line(descriptor: int, loop: asyncio.AbstractEventLoop, free: Callable[[], None]) -> Line:
    """Return the line to the terminal of a descriptor, which stays as it is."""
    own = _opened_anew(descriptor)
    return _ThreadLine(descriptor, loop, free) if own is None else _OwnLine(own, loop, free)


def _opened_anew(descriptor: int) -> int | None:
    """Open the terminal behind a descriptor once more, so as never to wait for it.

    The flag that says so belongs to the open file: on the descriptor itself it would hold
    for the shell as well, which shares it. None where the terminal cannot be opened by its
    name: it belongs to somebody else (su, sudo), or its name means nothing here (containers).
    """
    try:
        name = os.ttyname(descriptor)
        own = os.open(name, os.O_WRONLY | os.O_NOCTTY | os.O_NONBLOCK | os.O_CLOEXEC)
    except OSError:
        return None
    if os.path.sameopenfile(descriptor, own) and os.isatty(own):
        return own
    os.close(own)
    return None


class _OwnLine(Line):
    """A descriptor that never blocks, watched by the event loop while it is full."""

    def __init__(self, own: int, loop: asyncio.AbstractEventLoop, free: Callable[[], None]) -> None:
        self._own, self._loop, self._free = own, loop, free
        self._rest = memoryview(b"")
        self._watched = False
        self._cut = False

    @property
    def busy(self) -> bool:
        return bool(self._rest)

    def send(self, data: bytes) -> None:
        if self._cut:
            return
        self._rest = memoryview(bytes(self._rest) + data if self._rest else data)
        self._push()
        if self._rest and not self._watched:
            self._loop.add_writer(self._own, self._go_on)
            self._watched = True

    def drain(self, seconds: float) -> bool:
        poll = select.poll()
        if not self._cut:
            poll.register(self._own, select.POLLOUT)
        end = time.monotonic() + seconds
        while self._rest and (left := end - time.monotonic()) > 0:
            poll.poll(left * 1_000)
            self._push()
        return not self._rest

    def close(self) -> None:
        self._unwatch()
        if not self._cut:
            self._cut = True
            os.close(self._own)
        self._rest = memoryview(b"")

    def _go_on(self) -> None:
        self._push()
        if not self._rest:
            self._unwatch()
            self._free()

    def _push(self) -> None:
        try:
            while self._rest:
                self._rest = self._rest[os.write(self._own, self._rest[:_PIECE]) :]
        except BlockingIOError:
            pass
        except OSError:  # the other side has gone; whoever reads the keys will notice
            self.close()

    def _unwatch(self) -> None:
        if self._watched:
            self._watched = False
            self._loop.remove_writer(self._own)


class _ThreadLine(Line):
    """A thread that does the waiting, where the terminal cannot be opened anew."""

    def __init__(
        self, descriptor: int, loop: asyncio.AbstractEventLoop, free: Callable[[], None]
    ) -> None:
        self._own, self._loop, self._free = os.dup(descriptor), loop, free
        self._rest = b""
        self._closed = False
        self._changed = threading.Condition()
        threading.Thread(target=self._write, name="terminal-output", daemon=True).start()

    @property
    def busy(self) -> bool:
        return bool(self._rest)

    def send(self, data: bytes) -> None:
        with self._changed:
            if not self._closed:
                self._rest += data
                self._changed.notify_all()

    def drain(self, seconds: float) -> bool:
        with self._changed:
            return self._changed.wait_for(lambda: not self._rest, seconds)

    def close(self) -> None:
        with self._changed:
            self._closed, self._rest = True, b""
            self._changed.notify_all()

    def _write(self) -> None:
        try:
            while data := self._next():
                done = os.write(self._own, data)
                self._done(done)
        except OSError:
            self.close()
        finally:
            os.close(self._own)

    def _next(self) -> bytes:
        """Wait for something to write; nothing means the end."""
        with self._changed:
            self._changed.wait_for(lambda: self._rest or self._closed)
            return self._rest[:_PIECE]

    def _done(self, count: int) -> None:
        with self._changed:
            self._rest = self._rest[count:]
            if self._rest or self._closed:
                return
            self._changed.notify_all()
        with suppress(RuntimeError):  # the loop has ended
            self._loop.call_soon_threadsafe(self._free)
