"""A program on a pseudo-terminal of 80×24: what it paints, when, in how many bytes."""

import fcntl
import os
import pty
import select
import signal
import struct
import subprocess
import termios
import time
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path

import pyte

COLUMNS, LINES = 80, 24
#: Seconds without a byte after which a picture is taken for whole.
_QUIET_START, _QUIET_KEY = 0.5, 0.2
_LONGEST = 20.0
_ROOT = Path(__file__).parent.parent


@dataclass(frozen=True, slots=True)
class Paint:
    """What came of one thing done: bytes in all, and seconds until the picture was whole."""

    bytes: int
    seconds: float


@dataclass
class Terminal:
    """A running program and the screen that it paints. `started` is a monotonic time."""

    process: "subprocess.Popen[bytes]"
    line: int
    started: float
    _screen: pyte.Screen = field(default_factory=lambda: pyte.Screen(COLUMNS, LINES))

    def __post_init__(self) -> None:
        self._stream = pyte.ByteStream(self._screen)

    @property
    def picture(self) -> str:
        """The characters on the screen, line by line."""
        return "\n".join(self._screen.display)

    def first_paint(self, title: str = "") -> Paint:
        """Wait for the picture with this title to be whole, from the start of the program on."""
        return self._watch(self.started, _QUIET_START, title)

    def press(self, keys: bytes, quiet: float = _QUIET_KEY, title: str = "") -> Paint:
        """Press keys and wait for what they paint; no bytes where nothing is painted."""
        pressed = time.monotonic()
        os.write(self.line, keys)
        return self._watch(pressed, quiet, title)

    def shows(self, title: str) -> bool:
        """Tell whether the first line of the screen holds this text."""
        return title in self._screen.display[0]

    @property
    def last_words(self) -> str:
        """The last line on the screen, for when the program has ended too early."""
        lines = [line.strip() for line in self.picture.splitlines() if line.strip()]
        return lines[-1][:100] if lines else f"it ended with {self.process.returncode}"

    @property
    def ended(self) -> bool:
        return self.process.poll() is not None

    def cpu(self) -> float:
        """Return the seconds of CPU that the program has used, in steps of a hundredth."""
        fields = Path(f"/proc/{self.process.pid}/stat").read_text().rpartition(")")[2].split()
        return (int(fields[11]) + int(fields[12])) / os.sysconf("SC_CLK_TCK")

    def memory(self) -> int:
        """Return the resident memory in bytes."""
        pages = Path(f"/proc/{self.process.pid}/statm").read_text().split()[1]
        return int(pages) * os.sysconf("SC_PAGE_SIZE")

    def _watch(self, since: float, quiet: float, title: str) -> Paint:
        count, whole, last, now = 0, None, self.picture, since
        wait = _LONGEST if quiet == _QUIET_START else 2.0
        longest = time.monotonic() + _LONGEST
        while select.select([self.line], [], [], wait)[0]:
            try:
                part = os.read(self.line, 65536)
            except OSError:  # the program has ended
                break
            now = time.monotonic()
            count += len(part)
            self._stream.feed(part)
            if self.picture != last:
                last, whole = self.picture, now
            wait = quiet if self.shows(title) else max(0.0, longest - now)
        # A picture without a character, as of an empty program, is whole with its last byte.
        return Paint(count, (now if whole is None else whole) - since)


@contextmanager
def opened(program: Sequence[str], home: Path) -> Iterator[Terminal]:
    """Start a program with an environment that says nothing of this machine's; end it after."""
    ours, theirs = pty.openpty()
    fcntl.ioctl(theirs, termios.TIOCSWINSZ, struct.pack("HHHH", LINES, COLUMNS, 0, 0))
    started = time.monotonic()
    process = subprocess.Popen(
        program,
        stdin=theirs,
        stdout=theirs,
        stderr=theirs,
        start_new_session=True,
        preexec_fn=_take_the_terminal,
        cwd=_ROOT,
        env=environment(home),
    )
    os.close(theirs)
    try:
        yield Terminal(process, ours, started)
    finally:
        process.send_signal(signal.SIGHUP)
        try:
            process.wait(timeout=3)
        except subprocess.TimeoutExpired:
            process.kill()
            process.wait()
        os.close(ours)


def environment(home: Path) -> dict[str, str]:
    """Return the environment of a person who has just signed in over SSH."""
    return {
        "PATH": os.environ.get("PATH", os.defpath),
        "HOME": str(home),
        "TROUSSEAU_HOME": str(home / "trousseau"),
        "TERM": "xterm-256color",
        "LANG": "C.UTF-8",
        "TROUSSEAU_LANGUAGE": "fr",
        "PYTHONPATH": str(_ROOT),
    }


def _take_the_terminal() -> None:
    fcntl.ioctl(0, termios.TIOCSCTTY, 0)
