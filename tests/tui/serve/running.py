"""Real parents, and callers on terminals of their own."""

import contextlib
import fcntl
import os
import re
import select
import signal
import socket
import struct
import subprocess
import sys
import termios
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path

from tests.terminal import Terminal
from tests.test_project import ROOT
from tui.serve import messages

CALLER = ROOT / "tui" / "serve" / "caller.py"
PATIENCE = 45.0


def until(done: Callable[[], object], what: str) -> None:
    """Wait until something is so, and fail if it does not come to be."""
    end = time.monotonic() + PATIENCE
    while not done():
        assert time.monotonic() < end, f"not so after {PATIENCE} s: {what}"
        select.select([], [], [], 0.02)


def is_alive(process: int) -> bool:
    """Tell whether a process runs; one that has ended and was not asked for does not."""
    try:
        return "State:\tZ" not in Path(f"/proc/{process}/status").read_text()
    except OSError:
        return False


class Line(Terminal):
    """A caller on a terminal; what can happen to either."""

    @property
    def process(self) -> int:
        return self._process

    def resize(self, columns: int, lines: int) -> None:
        size = struct.pack("HHHH", lines, columns, 0, 0)
        fcntl.ioctl(self._line, termios.TIOCSWINSZ, size)

    def send(self, number: int) -> None:
        os.kill(self._process, number)

    def wait_for_process(self) -> int:
        """Wait for the caller's end without reading a byte; return its status."""
        until(lambda: not is_alive(self._process), "the caller's end")
        self._status = os.waitstatus_to_exitcode(os.waitpid(self._process, 0)[1])
        return self._status

    def cut(self) -> int:
        """Close the terminal under the caller, wait for its end, and return its status."""
        os.close(self._line)
        self._line = os.open(os.devnull, os.O_RDWR)
        return self.wait_for_process()

    @property
    def modes(self) -> list[object]:
        return termios.tcgetattr(self._line)[:4]

    def session(self) -> int:
        """Wait for a session of `trial`, and return its process."""
        self.wait_for("session")
        found: list[int] = []
        # The line may not be whole yet.
        self._read_until(lambda: found.extend(map(int, _SESSION.findall(self.screen))) or found, ())
        return found[0]


_SESSION = re.compile(r"session (\d+) of ")


class Serving:
    """A parent at `place`, started by `command`."""

    def __init__(self, folder: Path, command: Sequence[str]) -> None:
        self.folder, self.place, self._command = folder, folder / "run" / "console", command
        self.settings = folder / "environment"
        self.process = 0

    def start(self, **variables: str) -> None:
        """Start one, and wait until it listens; another one's place is taken over."""
        before = _identity(self.place)
        environment = {"PATH": os.defpath, "HOME": str(self.folder), **variables}
        with self.log.open("ab") as log:
            self._started = subprocess.Popen(
                self._command, env=environment, cwd=ROOT, stdin=subprocess.DEVNULL,
                stdout=log, stderr=log,
            )  # fmt: skip
        self.process = self._started.pid
        until(lambda: _identity(self.place) not in (None, before), "a parent that listens")

    @property
    def log(self) -> Path:
        return self.folder / "serve.log"

    def set(self, **settings: str | int) -> None:
        """Write the file of settings."""
        told = {"HOME": self.folder / "home", "LANGUAGE": "fr", **settings}
        self.settings.write_text("".join(f"TROUSSEAU_{k}={v}\n" for k, v in told.items()))

    def end(self, number: int = signal.SIGTERM) -> int:
        """End the parent by a signal, and return its exit status."""
        self._started.send_signal(number)
        return self._started.wait(PATIENCE)

    @property
    def ended(self) -> bool:
        return self._started.poll() is not None

    @property
    def environment(self) -> dict[str, str]:
        """What the wrapper sets for a caller."""
        return {
            "TROUSSEAU_SOCKET": str(self.place),
            "TROUSSEAU_SETTINGS": str(self.settings),
            "SSH_CONNECTION": "192.0.2.7 50000 192.0.2.1 22",
        }

    def call(self, program: Sequence[str] = (), **variables: str) -> Line:
        """Start a caller on a terminal of its own."""
        first, *rest = program or [sys.executable, "-I", "-S", str(CALLER)]
        environment = {**self.environment, **variables}
        return Line(rest, program=Path(first), environment=environment)

    def connect(self) -> socket.socket:
        """Connect as a caller does, to say other things."""
        connection = socket.socket(socket.AF_UNIX, socket.SOCK_SEQPACKET)
        connection.settimeout(PATIENCE)
        try:
            connection.connect(str(self.place))
        except OSError:
            connection.close()
            raise
        return connection

    def greeted(self) -> socket.socket:
        """Connect as a caller does, and wait for the parent to be there."""
        connection = self.connect()
        assert messages.unpacked(connection.recv(100))[0] == messages.HERE
        return connection

    def ask(self, *descriptors: int, **fields: str) -> socket.socket:
        """Connect and ask for a session as a caller does, but with these fields."""
        known = {"protocol": messages.PROTOCOL, "root": str(ROOT), **fields}
        known = {**{f"${k}": v for k, v in self.environment.items()}, **known}
        connection = self.greeted()
        socket.send_fds(connection, [messages.packed(messages.ASK, known)], descriptors)
        return connection

    def children(self) -> list[int]:
        """Return the processes of live sessions that the parent has."""
        told = Path(f"/proc/{self.process}/task/{self.process}/children").read_text()
        return [int(word) for word in told.split() if is_alive(int(word))]

    def descriptors(self) -> list[str]:
        """Return what the parent has open."""
        found = []
        for entry in Path(f"/proc/{self.process}/fd").iterdir():
            with contextlib.suppress(OSError):
                found.append(str(entry.readlink()))
        return found


def _identity(place: Path) -> int | None:
    try:
        return place.stat().st_ino
    except OSError:
        return None


@contextmanager
def serving(folder: Path, command: Callable[[Path], Sequence[str]]) -> Iterator[Serving]:
    """Run a parent; afterwards it, and every session of it, must be gone."""
    server = Serving(folder, command(folder / "run" / "console"))
    server.set()
    server.start()
    try:
        yield server
        until(lambda: server.ended or not server.children(), "no session left")
    finally:
        left = [] if server.ended else server.children()
        if not server.ended:
            server.end()
        for process in left:
            with contextlib.suppress(ProcessLookupError):
                os.kill(process, signal.SIGKILL)
