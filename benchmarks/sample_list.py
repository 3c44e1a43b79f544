"""The console's frame around a list of people who are in memory: no database, no service.

`python -m benchmarks.sample_list HOME SIZE` runs it; `benchmarks.keys` presses its keys.
"""

import os
import sys
from pathlib import Path
from typing import Any

from textual.app import ComposeResult
from textual.binding import Binding
from textual.screen import Screen

from benchmarks.people import members
from models.language import say
from screens.confirm import ConfirmScreen
from screens.widgets.chrome import KeyBar, TitleBar
from screens.widgets.filter import FilteredTable
from screens.widgets.rows import Cell, Column, Page, Row, Sort
from screens.widgets.table import PagedTable
from tui.app import TrousseauApp, run
from tui.appearance import appearance

_COLUMNS = [
    Column("name", "Nom", 22, grow=3),
    Column("function", "Fonction", 12, priority=2),
    Column("role", "Rôle", 12, priority=3),
    Column("email", "E-mail", 20, grow=2, priority=1),
    Column("status", "État", 18),
]


def people(size: int) -> list[Row]:
    """Return so many rows, ordered by name as the list is at first."""
    rows = [
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
        for one in members(size)
    ]
    return sorted(rows, key=_name)


def _name(row: Row) -> str:
    return str(row.cells[0])


class People:
    """Pages of people, as a service returns them."""

    def __init__(self, size: int) -> None:
        self._rows = people(size)

    def load(self, offset: int, limit: int, words: str, sort: Sort | None) -> Page:
        """Return a page of the people whose name holds what is typed."""
        found = self._rows
        if words:
            found = [row for row in found if words.lower() in _name(row).lower()]
        if sort is not None and sort != Sort("name"):
            found = sorted(found, key=_name, reverse=sort.descending)
        return Page(found[offset : offset + limit], len(found))


class ListScreen(Screen[None]):
    """A list as a screen of the console has it; `c` asks something that any answer closes."""

    BINDINGS = [Binding("c", "ask", show=False)]

    def __init__(self, size: int) -> None:
        super().__init__()
        self._people = People(size)

    def compose(self) -> ComposeResult:
        yield TitleBar("Accès de l’équipe", "Institut Saint-Exemple", "2026-2027", "Anne Lecomte")
        yield FilteredTable(PagedTable(_COLUMNS, self._people.load, sort=Sort("name")))
        yield KeyBar()

    def action_ask(self) -> None:
        question = say("Envoyer 500 invitations ?")
        detail = say("Chaque personne reçoit un e-mail. Ce qui est parti ne revient pas.")
        self.app.push_screen(ConfirmScreen("Invitations", question, detail))


if __name__ == "__main__":
    home, size = Path(sys.argv[1]), int(sys.argv[2])
    style: Any = appearance(os.environ).style
    app = TrousseauApp(
        lambda: ListScreen(size),
        state_folder=home / "state",
        role="director",
        style=style,
    )
    sys.exit(run(app))
