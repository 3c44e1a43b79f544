"""What keys cost on a list: bytes down the line, and CPU and time to the last of them.

The list is the sample one: five hundred people and more in the console's frame, without a
database. It is drawn by Textual's own driver, by ours, and, with the same lines, by a curses
program. `team_keys` presses the same keys in the real program.
"""

import sys
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from statistics import median

from benchmarks.databases import Databases
from benchmarks.measuring import NO_GOAL, Figure, Goal, Line, NotMeasured
from benchmarks.terminal import OURS, STOCK, Paint, Terminal, Way, opened

NAME = "keys"
TITLE = "Keys on the sample list, 80×24"
SIZES = (500, 5_000, 50_000)
QUICK = (500,)

DOWN, PAGE_DOWN, END, HOME, ESCAPE = b"\x1b[B", b"\x1b[6~", b"\x1b[F", b"\x1b[H", b"\x1b"
_BACKSPACE, _CLEAR = b"\x7f", b"\x15"
_APPLICATION = {DOWN: b"\x1bOB", END: b"\x1bOF", HOME: b"\x1bOH"}
#: What is on the screen once the list is read, whoever draws it.
_READ = "–19 sur "
#: Seconds without a key in which nothing may be painted.
_UNTOUCHED = 3.0

#: Keys of which CPU and time are shown, and the size for which DESIGN §8 names a goal.
_TIMED = (
    "cursor down",
    "page down",
    "help opened",
    "question opened",
    "a character typed, other rows",
    "a character typed, the same rows",
)
_JUDGED = 500

#: Who draws, in the order of the columns; only ours is held to a goal.
CURSES = "curses"
#: Beside ours, at the first size: what compression leaves, and the bytes of the characters in
#: the cells that change.
COMPRESSED, CHARACTERS = "ours, ssh -C", "characters alone"
DRIVERS: dict[str, Way] = {"stock": STOCK, "ours": OURS}


@dataclass(frozen=True, slots=True)
class Step:
    """A key to press. What is pressed several times by one name counts as the median.

    `most` is how many bytes it may send; "" for `what` is pressed and not counted.
    """

    what: str
    keys: bytes
    most: float = 0


def script(question: bytes, rounds: int) -> list[Step]:
    """Return what is pressed on a list; `question` is the key of one that asks something.

    The first letters of the search leave fewer and fewer rows. Whoever is called *lamq…* is
    called *lamquet*, so after the others the list stands as it stood: what is counted there
    is the search line alone, which is what FACTS measured.
    """
    other, same = "a character typed, other rows", "a character typed, the same rows"
    search = [
        *[Step(other, key.encode()) for key in "lamq"],
        *[Step(same, key.encode(), 60) for key in "uet"],
        *[Step("a character taken back, the same rows", _BACKSPACE, 60)] * rounds,
        Step("search cleared", _CLEAR),
    ]
    return [
        *[Step("cursor down", DOWN, 210)] * 3 * rounds,
        *[Step("page down", PAGE_DOWN, 700)] * 2 * rounds,
        *[Step("to the end", END), Step("to the beginning", HOME)] * rounds,
        *[Step("line selected", b" ")] * rounds,
        *[Step("help opened", b"?", 1_200), Step("help closed", ESCAPE, 700)] * rounds,
        *[Step("question opened", question, 1_200), Step("question closed", ESCAPE, 700)] * rounds,
        Step("to the search", b"/"),
        *search * (1 if rounds == 1 else 2),
        Step("", ESCAPE),
    ]


def measure(databases: Databases, sizes: Sequence[int], rounds: int) -> Iterator[Line]:
    """Yield the figures of each size and each way to draw, one after the other."""
    home = databases.folder / "home"
    home.mkdir(exist_ok=True)
    for size in sizes:
        yield from curses_list(home, size, rounds)
        for drawn_by in DRIVERS:
            yield from sample_list(home, size, drawn_by, rounds)


def sample_program(home: Path, size: int) -> tuple[str, ...]:
    """Return how the sample list is started."""
    return (sys.executable, "-m", "benchmarks.sample_list", str(home), str(size))


def sample_list(home: Path, size: int, drawn_by: str, rounds: int) -> Iterator[Line]:
    """Yield the figures of the sample list."""
    with opened(sample_program(home, size), home, DRIVERS[drawn_by]) as terminal:
        first = terminal.first_paint(_READ)
        yield from pressed(terminal, script(b"c", rounds), size, drawn_by, first)


def curses_list(home: Path, size: int, rounds: int) -> Iterator[Line]:
    """Yield the figures of the same list, drawn by curses."""
    program = (sys.executable, "-m", "benchmarks.curses_list", str(size))
    # Curses puts the terminal into the mode in which these keys are other sequences.
    steps = [
        replace(step, keys=_APPLICATION.get(step.keys, step.keys)) for step in script(b"c", rounds)
    ]
    with opened(program, home) as terminal:
        first = terminal.first_paint(_READ)
        yield from pressed(terminal, steps, size, CURSES, first)


def pressed(
    terminal: Terminal, steps: Iterable[Step], size: int, drawn_by: str, first: Paint | None = None
) -> Iterator[Line]:
    """Press the keys and yield what came of them, after the figures of the first paint."""
    goals = {"first paint": 4_000.0}
    paints: dict[str, list[Paint]] = {"first paint": [first]} if first else {}
    for step in steps:
        paint = terminal.press(step.keys)
        if step.what:
            paints.setdefault(step.what, []).append(paint)
            goals[step.what] = step.most
    if terminal.ended:
        yield NotMeasured(f"{drawn_by}, {size:,}", f"it ended: {terminal.last_words}")
        return
    late = terminal.untouched(_UNTOUCHED) + terminal.late
    yield from bytes_of(paints, goals, size, drawn_by)
    yield Figure("later, and while no key is pressed", float(late), "bytes", size,
                 goal=Goal(most=0) if drawn_by == "ours" else NO_GOAL, series=drawn_by)  # fmt: skip
    yield from times_of(paints, size, drawn_by)
    yield Figure("memory", terminal.memory() / 2**20, "MB", size, series=drawn_by)


def bytes_of(
    paints: dict[str, list[Paint]], goals: dict[str, float], size: int, drawn_by: str
) -> Iterator[Line]:
    """Yield the bytes of each kind of key; of ours also what compression leaves, and the floor."""
    for what, found in paints.items():
        if not all(paint.bytes for paint in found):
            # Said aloud: nothing at all would reach every goal.
            yield NotMeasured(what, f"{drawn_by}, {size:,}: the key paints nothing")
            continue
        most = goals.get(what, 0) if drawn_by == "ours" else 0
        count = median(paint.bytes for paint in found)
        goal = Goal(most=most) if most else NO_GOAL
        yield Figure(what, float(count), "bytes", size, goal=goal, series=drawn_by)
        if drawn_by == "ours" and size <= _JUDGED:
            left = median(paint.compressed for paint in found)
            yield Figure(what, float(left), "bytes", size, series=COMPRESSED)
            floor = median(paint.characters for paint in found)
            yield Figure(what, float(floor), "bytes", size, series=CHARACTERS)


def times_of(paints: dict[str, list[Paint]], size: int, drawn_by: str) -> Iterator[Line]:
    """Yield CPU and time to the last byte of the keys that are pressed most."""
    judged = drawn_by == "ours" and size <= _JUDGED
    goal = Goal(most=15) if judged else NO_GOAL
    for what, found in paints.items():
        if what in _TIMED:
            cpu = median(paint.cpu for paint in found)
            yield Figure(f"{what}: CPU", cpu * 1e3, "ms", size, goal=goal, series=drawn_by)
    for what, found in paints.items():
        if what in _TIMED:
            wall = median(paint.until_last_byte for paint in found)
            yield Figure(f"{what}: to the last byte", wall * 1e3, "ms", size, series=drawn_by)
