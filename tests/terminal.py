"""The real program on a terminal of its own, as a person sees it."""

import contextlib
import fcntl
import os
import pty
import select
import signal
import struct
import sys
import termios
import time
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from types import TracebackType

import pyte

PROGRAM = Path(sys.executable).parent / "trousseau"


class Terminal:
    """Runs `program` with `arguments` on a pseudo-terminal; `screen` is what it shows.

    Nothing sleeps: `wait_for` reads until the screen says what is expected, and fails with
    what it says instead after `patience` seconds. `bytes` counts what came down the line.
    """

    def __init__(
        self,
        arguments: Sequence[str] = (),
        *,
        program: Path = PROGRAM,
        environment: Mapping[str, str] | None = None,
        columns: int = 80,
        lines: int = 24,
        patience: float = 45.0,
    ) -> None:
        self.bytes = 0
        self.patience = patience
        self._screen = pyte.Screen(columns, lines)
        self._stream = pyte.ByteStream(self._screen)
        self._process, self._line = pty.fork()
        if not self._process:
            os.environ.update({"TERM": "xterm-256color", **(environment or {})})
            signal.signal(signal.SIGHUP, signal.SIG_DFL)  # which nohup has ignored for all
            os.execv(program, [str(program), *arguments])
        size = struct.pack("HHHH", lines, columns, 0, 0)
        fcntl.ioctl(self._line, termios.TIOCSWINSZ, size)
        self._status: int | None = None

    def __enter__(self) -> "Terminal":
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        if self._status is None:
            with contextlib.suppress(ProcessLookupError):
                os.kill(self._process, signal.SIGKILL)
            os.waitpid(self._process, 0)
        os.close(self._line)

    @property
    def screen(self) -> str:
        return "\n".join(line.rstrip() for line in self._screen.display)

    @property
    def is_raw(self) -> bool:
        """Whether keys go to the program as they are, and no longer make signals."""
        return not termios.tcgetattr(self._line)[3] & termios.ISIG

    def type(self, keys: str) -> None:
        os.write(self._line, keys.encode())

    def wait_for(self, *words: str) -> None:
        """Read until all of these words are on the screen."""
        self._read_until(lambda: all(word in self.screen for word in words), words)

    def wait_for_end(self) -> int:
        """Read until the program has ended, and return its exit status."""
        self._read_until(lambda: False, ("the end",))
        if self._status is None:
            self._status = os.waitstatus_to_exitcode(os.waitpid(self._process, 0)[1])
        return self._status

    def hang_up(self) -> None:
        """Kill the program at once, as a power cut would."""
        os.kill(self._process, signal.SIGKILL)
        self.wait_for_end()

    def _read_until(self, done: Callable[[], bool], wanted: Sequence[str]) -> None:
        end = time.monotonic() + self.patience
        while not done():
            if time.monotonic() > end:
                raise AssertionError(f"{wanted} did not come; on the screen:\n{self.screen}")
            ready, _, _ = select.select([self._line], [], [], 0.2)
            if not ready:
                continue
            try:
                content = os.read(self._line, 65_536)
            except OSError:  # the other side is closed
                content = b""
            if not content:
                if wanted == ("the end",):
                    return
                raise AssertionError(f"it ended before {wanted}; on the screen:\n{self.screen}")
            self.bytes += len(content)
            self._stream.feed(content)
