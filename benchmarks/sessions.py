"""Sessions over SSH: each a process that starts by itself, or forked from `trousseau serve`.

What is started is what the forced command starts, without sshd: both to the dashboard of a
director of the sample schools, who comes in with a key. The floor of the forked one is the one
that starts by itself. Memory is PSS: of what several processes share, each has its part.
"""

import base64
import fcntl
import os
import pty
import select
import signal
import struct
import subprocess
import sys
import termios
import time
from collections.abc import Iterable, Iterator, Sequence
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from itertools import cycle, product
from pathlib import Path
from statistics import median
from threading import Event, Thread

from benchmarks.databases import NOW, Databases
from benchmarks.measuring import Figure, Goal, Line
from benchmarks.terminal import COLUMNS, LINES, Terminal, opened_with
from tests.servers import make_folder

NAME = "sessions"
TITLE = "Sessions over SSH"
SIZES = (1, 10, 50, 100)
QUICK = (1, 5)

ALONE = (sys.executable, "-I", "-m", "tui.ssh")
_ROOT = Path(__file__).parent.parent
FORKED = (sys.executable, "-I", "-S", str(_ROOT / "tui" / "serve" / "caller.py"))
#: A word of the dashboard where the screen before it has nothing, so that it is sent whole.
_WORD = "attention"
_LONGEST = 120.0
#: What is on the team's list once it is read.
_TEAM = "–15 sur "
#: How many type beside the one whose keys are measured, and how often a second each.
TYPISTS, _A_SECOND = 50, 2
_DOWN, _UP = b"\x1b[B", b"\x1b[A"
_QUIET = 1.0


@dataclass(frozen=True, slots=True)
class Place:
    """An installation with one account, whose owner comes in with a key."""

    folder: Path

    @property
    def socket(self) -> Path:
        return self.folder / "run" / "console"

    @property
    def environment(self) -> dict[str, str]:
        """What the wrapper of `deploy/` sets for somebody who comes in."""
        return {
            "PATH": os.defpath,
            "PYTHONUTF8": "1",
            "TERM": "xterm-256color",
            "HOME": str(self.folder),
            "TROUSSEAU_SETTINGS": str(self.folder / "environment"),
            "TROUSSEAU_SOCKET": str(self.socket),
            "SSH_CONNECTION": "192.0.2.7 50000 192.0.2.1 22",
            "SSH_USER_AUTH": str(self.folder / "auth"),
        }


def measure(
    databases: Databases, sizes: Sequence[int], rounds: int, keys: int = 10
) -> Iterator[Line]:
    """Yield the start of one more session, the memory of each among so many, then a key's time."""
    with place() as here, parent(here) as process:
        yield from starts(here, rounds)
        for size in sizes:
            yield memory(here, process, size)
        yield from latency(here, min(TYPISTS, max(sizes)), keys * rounds)


# --- the installation ---------------------------------------------------------------------


@contextmanager
def place() -> Iterator[Place]:
    """Make the sample schools with a director's key; removed at the end."""
    with ExitStack() as last:
        folder = make_folder()
        last.callback(subprocess.run, ["rm", "-rf", str(folder)], check=False)
        made = Place(folder)
        blob = b"".join(
            struct.pack(">I", len(part)) + part for part in (b"ssh-ed25519", bytes(range(32)))
        )
        key = f"ssh-ed25519 {base64.b64encode(blob).decode()}"
        (folder / "auth").write_text(f"publickey {key}\n")
        (folder / "auth").chmod(0o600)
        limits = "TROUSSEAU_SESSIONS_A_PERSON=4096\nTROUSSEAU_SESSIONS=4096\n"
        (folder / "environment").write_text(f"TROUSSEAU_HOME={folder / 'home'}\n{limits}")
        _fill(folder / "home", key)
        yield made


def _fill(home: Path, key: str) -> None:
    from models.database import SYSTEM, ActorSession
    from models.keys import load_key
    from services import account_keys, accounts, demo, lookup
    from services.desk import Desk
    from services.opening import open_database
    from tui.settings import folders

    places = folders(home)
    places.create()
    engine = open_database(f"sqlite:///{places.database}", embedded=True, at=NOW)
    demo.build(engine, load_key(places.key_file), NOW)

    def add(session: ActorSession) -> None:
        school = lookup.find_school(session, "98101").id
        assert school is not None
        account = accounts.add_account(
            session, "director@bench.example", "director", [school], password_hash=None
        )
        account_keys.add_key(session, account, key)

    Desk(engine, SYSTEM, lambda: NOW).write(add)
    engine.dispose()


@contextmanager
def parent(here: Place) -> Iterator[int]:
    """Run `trousseau serve` for an installation; gives its process."""
    from tui.serve.__main__ import command

    with subprocess.Popen(command(str(here.socket)), env=here.environment, cwd=_ROOT) as process:
        try:
            end = time.monotonic() + _LONGEST
            while not here.socket.exists():
                if process.poll() is not None or time.monotonic() > end:
                    raise RuntimeError("trousseau serve does not start")
                select.select([], [], [], 0.05)
            yield process.pid
        finally:
            process.terminate()


# --- how long one takes -------------------------------------------------------------------


def starts(here: Place, rounds: int) -> Iterator[Line]:
    """Yield the first byte and the whole dashboard of a session, both ways in turn."""
    times: dict[Sequence[str], list[tuple[float, float]]] = {ALONE: [], FORKED: []}
    for _round in range(rounds):
        for way, taken in times.items():
            with opened_with(way, here.environment) as terminal:
                taken.append(_start(terminal))
    for number, what, goal in (
        (0, "one more session: first byte", Goal(ratio_most=0.2)),
        (1, "one more session: dashboard", Goal(ratio_most=1)),
    ):
        alone, forked = (min(each[number] for each in times[way]) for way in (ALONE, FORKED))
        yield Figure(what, forked * 1e3, "ms", floor=alone * 1e3, goal=goal)


def _start(terminal: Terminal) -> tuple[float, float]:
    """Return the seconds to the first byte and to the whole picture."""
    select.select([terminal.line], [], [], _LONGEST)
    first = time.monotonic() - terminal.started
    return first, terminal.first_paint(_WORD).seconds


# --- what many take -----------------------------------------------------------------------


def memory(here: Place, parent: int, size: int) -> Figure:
    """Return the memory of each of so many sessions at their dashboards, in MB."""
    with _many(here, ALONE, size) as lines:
        alone = sum(map(pss, lines.values())) / size
    before = pss(parent)
    with _many(here, FORKED, size) as lines:
        forks = children(parent)
        if len(forks) < size:
            raise RuntimeError(f"only {len(forks)} of {size} sessions were forked")
        everybody = [*lines.values(), *forks, parent]
        forked = (sum(map(pss, everybody)) - before) / size
    return Figure(
        "memory of each session",
        forked / 2**20,
        "MB",
        size=size,
        floor=alone / 2**20,
        goal=Goal(ratio_most=0.5),
    )


@contextmanager
def _many(here: Place, way: Sequence[str], size: int) -> Iterator[dict[int, int]]:
    """Open so many sessions, each at its dashboard and quiet; gives their lines and processes."""
    lines: dict[int, int] = {}
    try:
        for _number in range(size):
            process, line = pty.fork()
            if not process:
                fcntl.ioctl(0, termios.TIOCSWINSZ, struct.pack("HHHH", LINES, COLUMNS, 0, 0))
                os.execve(way[0], list(way), here.environment)
            lines[line] = process
        _wait_for_all(list(lines))
        yield lines
    finally:
        for line, process in lines.items():
            os.kill(process, signal.SIGHUP)
            os.close(line)
        for process in lines.values():
            os.waitpid(process, 0)


def _wait_for_all(lines: Sequence[int]) -> None:
    """Read until every line has shown the dashboard and none says anything more."""
    told = dict.fromkeys(lines, b"")
    end = time.monotonic() + _LONGEST
    while True:
        ready = select.select(lines, [], [], _QUIET)[0]
        for line in ready:
            told[line] = (told[line] + os.read(line, 65_536))[-100_000:]
        if not ready and all(_WORD.encode() in content for content in told.values()):
            return
        if time.monotonic() > end:
            raise RuntimeError("not every session has come up")


# --- how long a key takes -----------------------------------------------------------------


def latency(here: Place, others: int, keys: int) -> Iterator[Line]:
    """Yield how long a cursor key takes to its last byte while so many others type."""
    times: dict[Sequence[str], list[float]] = {}
    for way in (ALONE, FORKED):
        with _many(here, way, others) as lines, opened_with(way, here.environment) as terminal:
            terminal.first_paint(_WORD)
            _go_to_the_team(lines)
            terminal.press(b"g")
            terminal.press(b"a", words=_TEAM, quiet=_QUIET)
            with _typing(list(lines)):
                times[way] = [_key(terminal, number) for number in range(keys)]
    alone, forked = times[ALONE], times[FORKED]
    for what, worth in (("in the median", median), ("at worst", max)):
        yield Figure(
            f"a key while others type, {what}",
            worth(forked) * 1e3,
            "ms",
            size=others,
            floor=worth(alone) * 1e3,
        )


def _key(terminal: Terminal, number: int) -> float:
    # Down first: at the top of the list there is no way up, and nothing to be painted.
    return terminal.press(_UP if number % 2 else _DOWN, quiet=0.15).until_last_byte


def _go_to_the_team(lines: Iterable[int]) -> None:
    for key in (b"g", b"a"):
        for line in lines:
            os.write(line, key)
        while ready := select.select(lines, [], [], _QUIET)[0]:
            _drain(ready)


def _drain(lines: Iterable[int]) -> None:
    for line in lines:
        os.read(line, 65_536)


@contextmanager
def _typing(lines: Sequence[int]) -> Iterator[None]:
    """Have each of these press a cursor key twice a second, one after the other."""
    stop = Event()

    def type_on() -> None:
        for key, line in cycle(product((_DOWN, _UP), lines)):
            if stop.wait(1 / _A_SECOND / len(lines)):
                return
            os.write(line, key)
            _drain(select.select(lines, [], [], 0)[0])

    typist = Thread(target=type_on)
    typist.start()
    try:
        yield
    finally:
        stop.set()
        typist.join()


def pss(process: int) -> int:
    """Return the proportional share of memory of a process, in bytes."""
    for line in Path(f"/proc/{process}/smaps_rollup").read_text().splitlines():
        if line.startswith("Pss:"):
            return int(line.split()[1]) * 1_024
    raise ValueError("no PSS")


def children(process: int) -> list[int]:
    """Return the children of a process."""
    told = Path(f"/proc/{process}/task/{process}/children").read_text()
    return [int(word) for word in told.split()]
