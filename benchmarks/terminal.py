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
import zlib
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import pyte

COLUMNS, LINES = 80, 24
#: Seconds without a byte after which a picture is taken for whole.
_QUIET_START, _QUIET_KEY = 0.5, 0.25
#: Seconds in which a key has to paint something, if it ever does: Escape waits for a quarter.
_FIRST_BYTE = 5.0
_LONGEST = 20.0
ROOT = Path(__file__).parent.parent


@dataclass(frozen=True, slots=True)
class Way:
    """How a program is shown: the name of the terminal, the locale, and who draws.

    `driver` is `TROUSSEAU_DRIVER`, *stock* for Textual's own; `style` is `TROUSSEAU_STYLE`,
    "" for what the program chooses.
    """

    term: str = "xterm-256color"
    locale: str = "C.UTF-8"
    driver: str = "changes"
    style: str = ""


OURS, STOCK = Way(), Way(driver="stock")


@dataclass(frozen=True, slots=True)
class Paint:
    """What came of one thing done, from the moment it was done on.

    `seconds` until the picture was whole, `until_last_byte` and `cpu` until the last byte was
    there; `cpu` counts every thread of the program. `compressed` is how many bytes an SSH
    connection with compression would have carried, `characters` the bytes of the characters
    alone in the cells that look otherwise than before, without a move or a colour: a program
    that writes characters sends hardly less, unless it erases large parts.
    """

    stream: bytes
    seconds: float
    until_last_byte: float
    cpu: float
    compressed: int
    characters: int

    @property
    def bytes(self) -> int:
        return len(self.stream)


@dataclass
class Terminal:
    """A running program and the screen that it paints. `started` is a monotonic time.

    `late` counts what came when the picture of a key had been taken for whole.
    """

    process: "subprocess.Popen[bytes]"
    line: int
    started: float
    late: int = 0
    _screen: pyte.Screen = field(default_factory=lambda: pyte.Screen(COLUMNS, LINES))

    def __post_init__(self) -> None:
        self._stream = pyte.ByteStream(self._screen)
        # As OpenSSH does: level 6, each packet flushed, one dictionary for the whole session.
        self._deflate = zlib.compressobj(6)
        self._before = self._cells()

    @property
    def picture(self) -> str:
        """The characters on the screen, line by line."""
        return "\n".join(self._screen.display)

    def first_paint(self, words: str = "") -> Paint:
        """Wait for the picture with these words to be whole, from the start of the program on."""
        return self._watch(self.started, 0.0, _QUIET_START, _LONGEST, words)

    def press(self, keys: bytes, quiet: float = _QUIET_KEY, words: str = "") -> Paint:
        """Press keys and wait for what they paint; no bytes where nothing is painted.

        With `words` it waits until these are on the screen and nothing more comes.
        """
        self.untouched(0.0)
        self._before = self._cells()
        pressed, cpu = time.monotonic(), self.cpu()
        os.write(self.line, keys)
        first = _LONGEST if words else _FIRST_BYTE
        return self._watch(pressed, cpu, quiet, first, words)

    def untouched(self, seconds: float) -> int:
        """Return how many bytes come in so many seconds in which no key is pressed."""
        end, count = time.monotonic() + seconds, 0
        while part := self._read(max(0.0, end - time.monotonic())):
            count += len(part)
        self.late += count
        return count

    def shows(self, words: str) -> bool:
        """Tell whether these words are on the screen."""
        return words in self.picture

    @property
    def last_words(self) -> str:
        """The last line on the screen, for when the program has ended too early."""
        lines = [line.strip() for line in self.picture.splitlines() if line.strip()]
        return lines[-1][:100] if lines else f"it ended with {self.process.returncode}"

    @property
    def ended(self) -> bool:
        return self.process.poll() is not None

    def cpu(self) -> float:
        """Return the seconds of CPU that the program has used, all its threads together."""
        try:
            # The CPU clock of another process, as clock_getcpuclockid(3) makes it on Linux.
            return time.clock_gettime((~self.process.pid << 3) | 2)
        except OSError:  # it has ended
            return 0.0

    def memory(self) -> int:
        """Return the resident memory in bytes."""
        pages = Path(f"/proc/{self.process.pid}/statm").read_text().split()[1]
        return int(pages) * os.sysconf("SC_PAGE_SIZE")

    def _watch(self, since: float, cpu: float, quiet: float, first: float, words: str) -> Paint:
        stream, whole, last, compressed = bytearray(), None, self.picture, 0
        now, used, wait = since, cpu, first
        longest = time.monotonic() + _LONGEST
        while part := self._read(wait):
            now, used = time.monotonic(), self.cpu()
            stream += part
            compressed += len(self._deflate.compress(part))
            compressed += len(self._deflate.flush(zlib.Z_PARTIAL_FLUSH))
            if self.picture != last:
                last, whole = self.picture, now
            wait = quiet if self.shows(words) else max(0.0, longest - now)
        # A picture without a character, as of an empty program, is whole with its last byte.
        seen = now if whole is None else whole
        pairs = zip(self._before, self._cells(), self._characters(), strict=True)
        changed = [character for old, new, character in pairs if old != new]
        characters = sum(len(character.encode()) for character in changed)
        seconds = seen - since, now - since, used - cpu
        return Paint(bytes(stream), *seconds, compressed, characters)

    def _cells(self) -> list[Any]:
        """Return what is seen in each cell: the colour of a blank is not."""
        lines = (self._screen.buffer[y] for y in range(LINES))
        return [_seen(line[x]) for line in lines for x in range(COLUMNS)]

    def _characters(self) -> list[str]:
        """Return what stands in each cell, nothing in the right half of a wide character."""
        lines = (self._screen.buffer[y] for y in range(LINES))
        return [line[x].data for line in lines for x in range(COLUMNS)]

    def _read(self, wait: float) -> bytes:
        """Return what comes within so many seconds, on the screen already; b"" for nothing."""
        if not select.select([self.line], [], [], wait)[0]:
            return b""
        try:
            part = os.read(self.line, 65536)
        except OSError:  # the program has ended
            return b""
        self._stream.feed(part)
        return part


@contextmanager
def opened(program: Sequence[str], home: Path, way: Way = OURS) -> Iterator[Terminal]:
    """Start a program with an environment that says nothing of this machine's; end it after."""
    with opened_with(program, environment(home, way)) as terminal:
        yield terminal


@contextmanager
def opened_with(program: Sequence[str], variables: Mapping[str, str]) -> Iterator[Terminal]:
    """Start a program with these variables alone; end it after."""
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
        cwd=ROOT,
        env=variables,
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


def environment(home: Path, way: Way = OURS) -> dict[str, str]:
    """Return the environment of a person who has just signed in over SSH."""
    style = {"TROUSSEAU_STYLE": way.style} if way.style else {}
    return {
        "PATH": os.environ.get("PATH", os.defpath),
        "HOME": str(home),
        "TROUSSEAU_HOME": str(home / "trousseau"),
        "TERM": way.term,
        "LANG": way.locale,
        "TROUSSEAU_LANGUAGE": "fr",
        "TROUSSEAU_DRIVER": way.driver,
        "PYTHONPATH": str(ROOT),
        **style,
    }


def _seen(cell: Any) -> Any:
    marked = cell.reverse or cell.underscore or cell.strikethrough
    return cell if marked or cell.data != " " else cell.bg


def _take_the_terminal() -> None:
    fcntl.ioctl(0, termios.TIOCSCTTY, 0)
