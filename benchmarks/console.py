"""The start of the console through a pseudo-terminal: time and bytes of its first pictures.

The floor of a start is an empty Textual app, that of a command an empty Python, each started
in turn with what is compared with it.
"""

import subprocess
import sys
from collections.abc import Iterator, Mapping, Sequence
from functools import partial
from pathlib import Path
from types import MappingProxyType

from benchmarks.databases import Databases
from benchmarks.measuring import Figure, Goal, Line, NotMeasured, timed
from benchmarks.team_keys import DASHBOARD
from benchmarks.terminal import OURS, ROOT, STOCK, Paint, Terminal, Way, environment, opened

NAME = "console"
TITLE = "The start of the console, 80×24"
SIZES = (1,)
QUICK = (1,)

EMPTY_APP = (sys.executable, "-c", "from textual.app import App; App().run(mouse=False)")
_MAIN = "from tui.command_line import main; main()"
PROGRAM = (sys.executable, "-c", _MAIN)
DEMO = (*PROGRAM, "demo", "--role", "director")
NOTHING_GIVEN: Mapping[str, str] = MappingProxyType({})
#: Seconds without a key in which nothing may be painted.
_UNTOUCHED = 5.0


def measure(databases: Databases, sizes: Sequence[int], rounds: int) -> Iterator[Line]:
    """Yield figures of the sign-in screen, of the demonstration and of short commands."""
    home = databases.folder / "home"
    home.mkdir(exist_ok=True)
    yield from sign_in(home, rounds + 2)
    yield from demo(home, rounds)
    yield from short_answers(home, rounds + 2)


def sign_in(home: Path, rounds: int) -> Iterator[Line]:
    """Yield the start of the program up to its sign-in screen."""
    with opened(PROGRAM, home) as terminal:  # makes keys, folders and database, once
        paint = terminal.first_paint()
        if terminal.ended or not paint.bytes:
            yield NotMeasured("sign-in screen", terminal.last_words)
            return
        # It opens the database once it is painted, and says what there is to say.
        opened_later = float(terminal.untouched(_UNTOUCHED))
        yield Figure("sign-in screen: painted when it has opened", opened_later, "bytes")
        yield from _at_rest("sign-in screen", terminal)
    yield from _start("sign-in screen", PROGRAM, "", home, rounds, Goal(ratio_most=1.15))


def demo(home: Path, rounds: int) -> Iterator[Line]:
    """Yield the start of the demonstration up to its dashboard."""
    with opened(DEMO, home) as terminal:
        terminal.first_paint(DASHBOARD)
        if not terminal.shows(DASHBOARD):
            yield NotMeasured("demo’s dashboard", terminal.last_words)
            return
        yield from _at_rest("demo’s dashboard", terminal)
    yield from _start("demo’s dashboard", DEMO, DASHBOARD, home, rounds, Goal(ratio_most=2))


def _start(
    what: str, program: Sequence[str], words: str, home: Path, rounds: int, goal: Goal
) -> Iterator[Line]:
    """Yield time and bytes of a start: the floor is an empty app, then Textual's own driver."""
    floors, ours, stock = [], [], []
    for _round in range(rounds):
        floors.append(_first_paint(EMPTY_APP, "", home, OURS))
        ours.append(_first_paint(program, words, home, OURS))
        stock.append(_first_paint(program, words, home, STOCK))
    best, floor = (min(paint.seconds for paint in found) for found in (ours, floors))
    yield Figure(f"{what}: until it is painted", best, "s", floor=floor, goal=goal)
    count, beside = (float(min(paint.bytes for paint in found)) for found in (ours, stock))
    yield Figure(f"{what}: first paint", count, "bytes", floor=beside, note="stock driver beside")


def _first_paint(program: Sequence[str], words: str, home: Path, way: Way) -> Paint:
    with opened(program, home, way) as terminal:
        return terminal.first_paint(words)


def _at_rest(what: str, terminal: Terminal) -> Iterator[Line]:
    """Yield what is sent while nobody presses a key, and the memory."""
    sent = terminal.untouched(_UNTOUCHED) / _UNTOUCHED
    yield Figure(f"{what}: untouched, in a second", sent, "bytes", goal=Goal(most=0))
    yield Figure(f"{what}: memory", terminal.memory() / 2**20, "MB")


def short_answers(home: Path, rounds: int) -> Iterator[Line]:
    """Yield how long `--help` and `--version` take, beside an interpreter that does nothing."""
    for option in ("--help", "--version"):
        ours, empty = [], []
        for _round in range(rounds):
            empty.append(timed(partial(_run, (sys.executable, "-c", "pass"), home)).wall)
            ours.append(timed(partial(short_answer, (option,), home)).wall)
        yield Figure(f"trousseau {option}", min(ours) * 1e3, "ms", floor=min(empty) * 1e3)


def short_answer(
    arguments: Sequence[str], home: Path, given: Mapping[str, str] = NOTHING_GIVEN
) -> None:
    """Run a command to its end, with `given` in its environment."""
    _run((*PROGRAM, *arguments), home, given)


def _run(command: Sequence[str], home: Path, given: Mapping[str, str] = NOTHING_GIVEN) -> None:
    subprocess.run(
        command, check=True, stdout=subprocess.DEVNULL, env={**environment(home), **given},
        timeout=30, cwd=ROOT,
    )  # fmt: skip
