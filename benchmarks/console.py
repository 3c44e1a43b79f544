"""The console through a pseudo-terminal: time and bytes of pictures, CPU of a key.

The floor of a start is an empty Textual app, that of a command an empty Python, each started
in turn with what is compared with it.
"""

import subprocess
import sys
from collections.abc import Iterator, Sequence
from functools import partial
from pathlib import Path

from benchmarks.databases import Databases
from benchmarks.measuring import NO_GOAL, Figure, Goal, Line, NotMeasured, timed
from benchmarks.terminal import Paint, Terminal, environment, opened
from models.language import translations
from screens.commands import PLACES

NAME = "console"
TITLE = "The console at 80×24"
SIZES = (60,)
QUICK = (10,)

EMPTY_APP = (sys.executable, "-c", "from textual.app import App; App().run(mouse=False)")
_MAIN = "from tui.command_line import main; main()"
PROGRAM = (sys.executable, "-c", _MAIN)
_DOWN, _PAGE_DOWN, _ESCAPE = b"\x1b[B", b"\x1b[6~", b"\x1b"

#: What is pressed on a list, and how many bytes it may paint (DESIGN §8).
_KEYS: tuple[tuple[str, bytes, float], ...] = (
    ("cursor down", _DOWN, 210),
    ("page down", _PAGE_DOWN, 700),
    ("help opened", b"?", 1_200),
    ("help closed", _ESCAPE, 700),
    ("to the search", b"/", 0),
    ("a character typed", b"m", 60),
)


def measure(databases: Databases, sizes: Sequence[int], rounds: int) -> Iterator[Line]:
    """Yield figures of the start, of each key, of CPU and of short commands.

    The size is how often a key is pressed for its CPU.
    """
    home = databases.folder / "home"
    home.mkdir(exist_ok=True)
    yield from sign_in(home, rounds)
    yield from sample_list(home, rounds, sizes[-1])
    yield from demo(home, rounds, sizes[-1])
    yield from short_answers(home, rounds + 2)


def _starts(
    programs: Sequence[tuple[Sequence[str], str]], home: Path, rounds: int
) -> list[list[Paint]]:
    """Return the first paints of programs with their titles started in turn, a list for each."""
    paints: list[list[Paint]] = [[] for _program in programs]
    for _round in range(rounds):
        for (program, title), found in zip(programs, paints, strict=True):
            with opened(program, home) as terminal:
                found.append(terminal.first_paint(title))
    return paints


def _start_figures(
    what: str, floor: list[Paint], ours: list[Paint], time_goal: Goal, bytes_goal: Goal
) -> Iterator[Line]:
    empty, full = (min(paint.seconds for paint in paints) for paints in (floor, ours))
    yield Figure(f"{what}: until it is painted", full, "s", floor=empty, goal=time_goal)
    count = float(min(paint.bytes for paint in ours))
    yield Figure(
        f"{what}: first paint",
        count,
        "bytes",
        floor=float(min(paint.bytes for paint in floor)),
        goal=bytes_goal,
    )


def sign_in(home: Path, rounds: int) -> Iterator[Line]:
    """Yield the start of the program up to its sign-in screen."""
    with opened(PROGRAM, home) as terminal:  # makes keys, folders and database, once
        paint = terminal.first_paint()
        if terminal.ended:
            yield NotMeasured("sign-in screen", terminal.last_words)
            return
    if not paint.bytes:
        yield NotMeasured("sign-in screen", "nothing is painted")
        return
    floor, ours = _starts([(EMPTY_APP, ""), (PROGRAM, "")], home, rounds)
    yield from _start_figures("sign-in screen", floor, ours, Goal(ratio_most=1.15), NO_GOAL)


def sample_list(home: Path, rounds: int, presses: int) -> Iterator[Line]:
    """Yield the figures of a list of 500 in the console's frame, without a database."""
    program = (sys.executable, "-m", "benchmarks.sample_list", str(home))
    floor, ours = _starts([(EMPTY_APP, ""), (program, "")], home, rounds)
    yield from _start_figures("list of 500", floor, ours, NO_GOAL, Goal(most=4_000))
    with opened(program, home) as terminal:
        terminal.first_paint()
        yield from _keys(terminal, "list of 500", presses)


def demo(home: Path, rounds: int, presses: int) -> Iterator[Line]:
    """Yield the figures of the demonstration: its dashboard, and its team's list."""
    program = (sys.executable, "-c", _MAIN, "demo", "--role", "director")
    dashboard, team = (translations("fr").gettext(place.title) for place in PLACES[:2])
    with opened(program, home) as terminal:
        terminal.first_paint(dashboard)
        if not terminal.shows(dashboard):
            yield NotMeasured("demo’s dashboard", terminal.last_words)
            return
        terminal.press(b"g")
        paint = terminal.press(b"a", title=team)
        if not terminal.shows(team):
            yield NotMeasured("demo’s team", "g and a do not lead there")
        else:
            yield Figure("demo’s team: opened", float(paint.bytes), "bytes", goal=Goal(most=4_000))
            yield from _keys(terminal, "demo’s team", presses)
    floor, ours = _starts([(EMPTY_APP, ""), (program, dashboard)], home, rounds)
    yield from _start_figures("demo’s dashboard", floor, ours, Goal(ratio_most=2), NO_GOAL)


def _keys(terminal: Terminal, what: str, presses: int) -> Iterator[Line]:
    """Yield the bytes of each key, the CPU of a cursor key, and the memory."""
    for name, key, most in _KEYS:
        paint = terminal.press(key)
        if not paint.bytes:
            # Said aloud: nothing at all would reach every goal.
            ended = f": {terminal.last_words}" if terminal.ended else ""
            yield NotMeasured(f"{what}: {name}", f"the key paints nothing{ended}")
            continue
        goal = Goal(most=most) if most else NO_GOAL
        yield Figure(f"{what}: {name}", float(paint.bytes), "bytes", goal=goal)
    terminal.press(_ESCAPE)
    terminal.press(_ESCAPE)
    if terminal.ended:
        yield NotMeasured(f"{what}: CPU of a cursor key", terminal.last_words)
        return
    before = terminal.cpu()
    for number in range(presses):
        terminal.press(_DOWN if number < presses * 2 // 3 else b"\x1b[A", quiet=0.03)
    cpu = (terminal.cpu() - before) / presses
    yield Figure(f"{what}: CPU of a cursor key", cpu * 1e3, "ms", goal=Goal(most=15))
    yield Figure(f"{what}: memory", terminal.memory() / 2**20, "MB")


def short_answers(home: Path, rounds: int) -> Iterator[Line]:
    """Yield how long `--help` and `--version` take, beside an interpreter that does nothing."""
    for option in ("--help", "--version"):
        ours, empty = [], []
        for _round in range(rounds):
            empty.append(timed(partial(_run, (sys.executable, "-c", "pass"), home)).wall)
            ours.append(timed(partial(_run, (*PROGRAM, option), home)).wall)
        yield Figure(f"trousseau {option}", min(ours) * 1e3, "ms", floor=min(empty) * 1e3)


def _run(command: Sequence[str], home: Path) -> None:
    subprocess.run(
        command, check=True, stdout=subprocess.DEVNULL, env=environment(home), timeout=30,
        cwd=Path(__file__).parent.parent,
    )  # fmt: skip
