"""The same keys in the real console: the team's list over an SQLite database with that team."""

import sys
from collections.abc import Iterator, Sequence
from pathlib import Path

from sqlalchemy import Engine

from benchmarks.databases import Databases
from benchmarks.keys import DRIVERS, bytes_of, pressed, script
from benchmarks.measuring import Figure, Line, NotMeasured
from benchmarks.team import make_team
from benchmarks.terminal import Terminal, opened
from services.findings import STATUS_WORDS

NAME = "team-keys"
TITLE = "Keys in the console over a database, 80×24"
SIZES = (500, 5_000, 50_000)
QUICK = (500,)

#: What is on the screen when the dashboard and the list are read: a status that somebody
#: has, and the first rows of how many.
DASHBOARD, TEAM = STATUS_WORDS["active"].short.text("fr"), "–15 sur "
#: Of a team's list: why is this access to be deactivated?
_QUESTION = b"x"
_REPAINT, _ANEW = b"\x0c", "list painted anew (Ctrl+L)"


def measure(databases: Databases, sizes: Sequence[int], rounds: int) -> Iterator[Line]:
    """Yield the figures of each size and driver."""
    home = databases.folder / "home"
    home.mkdir(exist_ok=True)
    for size in sizes:
        with databases.fresh("sqlite") as engine:
            make_team(engine, size)
            for drawn_by in DRIVERS:
                yield from console(home, engine, size, drawn_by, rounds)


def console(home: Path, engine: Engine, size: int, drawn_by: str, rounds: int) -> Iterator[Line]:
    """Yield the figures from the start to the dashboard, and from there of the team's list."""
    url = engine.url.render_as_string(hide_password=False)
    program = (sys.executable, "-m", "benchmarks.opened_console", url)
    with opened(program, home, DRIVERS[drawn_by]) as terminal:
        first = terminal.first_paint(DASHBOARD)
        if not terminal.shows(DASHBOARD):
            yield NotMeasured("dashboard", f"{drawn_by}, {size:,}: {terminal.last_words}")
            return
        yield Figure("dashboard: until it is painted", first.seconds, "s", size, series=drawn_by)
        yield from bytes_of({"dashboard: first paint": [first]}, {}, size, drawn_by)
        yield from _team(terminal, size, drawn_by, rounds)


def _team(terminal: Terminal, size: int, drawn_by: str, rounds: int) -> Iterator[Line]:
    places = terminal.press(b"g")
    letter = terminal.press(b"a", quiet=1.0, words=TEAM)
    if not terminal.shows(TEAM):
        yield NotMeasured("team", f"{drawn_by}, {size:,}: g and a do not lead there")
        return
    opening = {"places opened (g)": [places], "list opened from there (a)": [letter]}
    goals = {"places opened (g)": 1_200.0, "list opened from there (a)": 4_000.0}
    yield from bytes_of(opening, goals, size, drawn_by)
    if drawn_by == "ours":  # Textual's own driver has no such key
        yield from bytes_of({_ANEW: [terminal.press(_REPAINT)]}, {_ANEW: 4_000.0}, size, drawn_by)
    yield from pressed(terminal, script(_QUESTION, rounds), size, drawn_by)
