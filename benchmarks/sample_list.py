"""The console's frame around a list of 500 people that are in memory: no database, no service.

`python -m benchmarks.sample_list HOME` runs it; the console's benchmark presses its keys.
"""

import sys
from pathlib import Path

from textual.app import ComposeResult
from textual.screen import Screen

from benchmarks.people import members
from screens.widgets.chrome import KeyBar, TitleBar
from screens.widgets.filter import FilteredTable
from screens.widgets.rows import Cell, Column, Page, Row, Sort
from screens.widgets.table import PagedTable
from tui.app import TrousseauApp, run

_PEOPLE = [
    Row(
        one.number,
        (
            f"{one.surname} {one.first_name}",
            one.function,
            one.function,
            one.email,
            Cell("À inviter", "accent") if one.number % 3 else Cell("Sans accord", "warning"),
        ),
    )
    for one in members(500)
]
_COLUMNS = [
    Column("name", "Nom", 22, grow=3),
    Column("function", "Fonction", 12, priority=2),
    Column("role", "Rôle", 12, priority=3),
    Column("email", "E-mail", 20, grow=2, priority=1),
    Column("status", "État", 18),
]


def load(offset: int, limit: int, words: str, sort: Sort | None) -> Page:
    """Return a page of the people whose name holds what is typed."""
    found = [row for row in _PEOPLE if words.lower() in str(row.cells[0]).lower()]
    if sort is not None:
        found.sort(key=lambda row: str(row.cells[0]), reverse=sort.descending)
    return Page(found[offset : offset + limit], len(found))


class ListScreen(Screen[None]):
    """A list as a screen of the console has it."""

    def compose(self) -> ComposeResult:
        yield TitleBar("Accès de l’équipe", "Institut Saint-Exemple", "2026-2027", "Anne Lecomte")
        yield FilteredTable(PagedTable(_COLUMNS, load, sort=Sort("name")))
        yield KeyBar()


if __name__ == "__main__":
    state = Path(sys.argv[1]) / "state"
    sys.exit(run(TrousseauApp(ListScreen, state_folder=state, role="director", places={})))
