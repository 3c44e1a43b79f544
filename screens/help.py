"""Every key of the screen one comes from; Enter does what a line says. And where `g` leads."""

from collections.abc import Sequence
from typing import Any

from textual.app import ComposeResult
from textual.containers import Grid, Vertical
from textual.screen import Screen
from textual.widgets import Static

from models.language import N_, _
from screens.commands import GROUP_TITLES, Command, Group, Place, bindings, known
from screens.key_names import key_names
from screens.widgets.chrome import is_offered
from screens.widgets.dialog import Dialog
from screens.widgets.table import Cell, Column, Page, PagedTable, Row, Sort
from screens.widgets.text import safe

_ORDER: tuple[Group, ...] = ("screen", "dialog", "form", "list", "everywhere")


def commands_of(screen: Screen[Any]) -> list[Command]:
    """Return every command that works on the screen now, in the order of the table's groups."""
    found: dict[str, Command] = {}
    for active in screen.active_bindings.values():
        command = known(active.binding.id)
        if command and active.enabled and is_offered(command, screen):
            found.setdefault(command.id, command)
    return sorted(found.values(), key=lambda command: _ORDER.index(command.group))


class HelpScreen(Dialog[str | None]):
    """The keys of a screen, and our palette: the result is the command to run, or None."""

    DEFAULT_CSS = """
    HelpScreen > .dialog-box { width: 76; height: 100%; }
    HelpScreen Static { height: 1; }
    """
    asks = False
    BINDINGS = [*bindings("dialog.close")]

    def __init__(self, commands: Sequence[Command]) -> None:
        super().__init__()
        self._rows = _rows(commands)

    def compose(self) -> ComposeResult:
        columns = [
            Column("key", N_("Key"), 14, sortable=False),
            Column("sentence", N_("What it does"), 40, grow=1, sortable=False),
        ]
        with Vertical(classes="dialog-box") as box:
            box.border_title = safe(_("Keys"))
            yield PagedTable(columns, self._load, selectable=False, at_once=True)
            yield Static(safe(_("Enter does what the line says   Esc closes")), classes="keys")

    def _load(self, offset: int, limit: int, wanted: str, sort: Sort | None) -> Page:
        return Page(self._rows[offset : offset + limit], len(self._rows))

    def on_paged_table_opened(self, event: PagedTable.Opened) -> None:
        if known(key := str(event.row.key)):
            self.dismiss(key)

    def action_close(self) -> None:
        self.dismiss(None)


def _rows(commands: Sequence[Command]) -> list[Row]:
    rows: list[Row] = []
    group: Group | None = None
    for command in commands:
        if command.group != group:
            group = command.group
            rows.append(Row(f"group:{group}", (Cell(_(GROUP_TITLES[group]), "strong"), "")))
        keys = Cell(key_names(command.keys), "accent")
        rows.append(Row(command.id, (keys, _(command.sentence))))
    return rows


class GoScreen(Dialog[str | None]):
    """The places and their letters; a letter is enough. The result is a place's identifier."""

    DEFAULT_CSS = """
    GoScreen > .dialog-box { width: 46; }
    GoScreen > .-two { width: 60; }
    GoScreen .places { height: auto; }
    GoScreen .-two .places { grid-size: 2; grid-rows: auto; grid-gutter: 0 1; }
    """
    asks = False
    BINDINGS = [*bindings("dialog.close")]

    def __init__(self, places: Sequence[Place]) -> None:
        super().__init__()
        self._places = tuple(places)

    def compose(self) -> ComposeResult:
        with Vertical(classes="dialog-box") as box:
            box.border_title = safe(_("Go to"))
            # Side by side where they do not fit below each other with the frame and the keys.
            box.set_class(len(self._places) + 3 > self.app.size.height, "-two")
            with Grid(classes="places") if box.has_class("-two") else Vertical(classes="places"):
                for place in self._places:
                    yield Static(_line(place))
            yield Static(safe(_("A letter goes there   Esc closes")), classes="keys")

    def on_key(self, event: Any) -> None:
        for place in self._places:
            if event.key == place.letter:
                event.stop()
                self.dismiss(place.id)

    def action_close(self) -> None:
        self.dismiss(None)


def _line(place: Place) -> Any:
    return safe(f" {place.letter}  ").stylize("bold ansi_cyan") + safe(_(place.title))
