"""Choosing a school among those one works for: by name, place or FASE number."""

from __future__ import annotations

from dataclasses import dataclass
from functools import partial

from textual import on
from textual.app import ComposeResult
from textual.message import Message

from models.language import N_, Wording
from screens.commands import bindings
from screens.widgets.chrome import KeyBar, Sentence, TitleBar
from screens.widgets.deeds import DeedScreen
from screens.widgets.filter import FilteredTable
from screens.widgets.table import Cell, Column, Page, PagedTable, Row, Sort
from screens.workplace import Workplace
from services import school_years, schools
from services.school_years import Here
from services.schools import SchoolRow

_COLUMNS = (
    Column("name", N_("School"), 26, grow=4, sortable=False),
    Column("number", N_("Known by"), 27, sortable=False),
    Column("locality", N_("Locality"), 12, grow=1, priority=1, sortable=False),
    Column("people", N_("People"), 9, priority=2, sortable=False, align="right"),
)


class SchoolsScreen(DeedScreen[None]):
    """The actor's schools, those visited lately first. Enter works in one.

    `then` is the place somebody was on the way to; without it the dashboard comes next.
    """

    DEFAULT_CSS = "SchoolsScreen > #hint { height: 1; padding: 0 3; }"
    BINDINGS = [*bindings("schools.headnet", "school.why")]

    @dataclass
    class _Chosen(Message):
        here: Here

    def __init__(self, workplace: Workplace, then: str = "dashboard") -> None:
        super().__init__()
        self._workplace, self._then = workplace, then
        self._list = FilteredTable(
            PagedTable(
                _COLUMNS,
                self._load,
                selectable=False,
                empty=N_("No school yet. Import the list of schools first: g, then m."),
                nothing_found=N_("No school matches. A number must be the whole FASE number."),
            ),
            N_("/ to search: name, locality or FASE number"),
        )
        hint = (
            N_("Choose the school to work in.")
            if then == "dashboard"
            else N_("Choose a school first: this place is about one school.")
        )
        self._hint = Sentence(hint, id="hint")

    def compose(self) -> ComposeResult:
        yield TitleBar(N_("Schools"), *self._workplace.title)
        yield self._hint
        yield self._list
        yield KeyBar()

    def _load(self, offset: int, limit: int, text: str, sort: Sort | None) -> Page:
        rows, total = self._workplace.desk.read(schools.page, text, offset, limit)
        return Page([_as_row(row) for row in rows], total)

    @on(PagedTable.Opened)
    def _choose(self, event: PagedTable.Opened) -> None:
        event.stop()
        if isinstance(event.row.key, int):
            visit = partial(self._visit, event.row.key)
            self.attempt(visit, exclusive=True)

    @on(PagedTable.Highlighted)
    def _look(self) -> None:
        self.refresh_bindings()

    def check_action(self, action: str, parameters: tuple[object, ...]) -> bool | None:
        return self._list.table.row is not None if action in ("headnet", "why") else True

    def action_headnet(self) -> None:
        from screens.headnet_account import HeadnetAccountScreen

        row = self._list.table.row
        if row is not None and isinstance(row.key, int):
            self.app.push_screen(HeadnetAccountScreen(self._workplace, row.key))

    def action_why(self) -> None:
        from screens.diagnosis import DiagnosisScreen

        row = self._list.table.row
        if row is not None and isinstance(row.key, int):
            self.app.push_screen(DiagnosisScreen.of_school(self._workplace, row.key))

    def _visit(self, school_id: int) -> None:
        here = self._workplace.desk.read(school_years.here, school_id)
        self._workplace.desk.write(schools.visit, school_id)
        self.post_message(self._Chosen(here))

    @on(_Chosen)
    def _enter(self, message: _Chosen) -> None:
        message.stop()
        self._workplace.here = message.here
        self.app.go(self._then)  # type: ignore[attr-defined]


def _as_row(row: SchoolRow) -> Row:
    known_by = row.found_by or row.identifier
    told = known_by.text() if isinstance(known_by, Wording) else known_by
    name = Cell(f"* {row.name}", "accent") if row.recent else row.name
    return Row(row.id, (name, told, row.locality, str(row.people) if row.people else ""))
