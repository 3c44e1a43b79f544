"""Which column of a list holds what: the proposal, with values, for correction."""

from collections.abc import Mapping
from typing import Any

from textual.app import ComposeResult

from models.language import N_, Wording, _, say
from screens.commands import bindings
from screens.key_names import key_name
from screens.widgets.chrome import KeyBar, Sentence, TitleBar
from screens.widgets.leaving import LeftOnce
from screens.widgets.table import Cell, Column, Page, PagedTable, Row, Sort
from screens.workplace import Workplace
from services.imports.staff import StaffLayout
from services.imports.staff_columns import named_mapping

_COLUMNS = (
    Column("field", N_("What"), 26, grow=3, sortable=False),
    Column("column", N_("Column of the file"), 22, grow=2, sortable=False),
    Column("values", N_("What stands there"), 16, grow=2, priority=1, sortable=False),
)
_DATES = "dates"
_ORDERS: dict[str, Wording] = {
    "": say("as they seem to be"),
    "dmy": say("day first: 24/08/2026"),
    "mdy": say("month first: 08/24/2026"),
}
_VALUES_SHOWN = 3


class MappingScreen(LeftOnce[dict[str, int | str] | None]):
    """Show and correct the columns; the result is the mapping by names, None for no change.

    The arrows give the field under the cursor another column, Delete none.
    """

    DEFAULT_CSS = """
    MappingScreen > #mapping-file { height: auto; max-height: 2; padding: 0 3; text-style: bold; }
    MappingScreen > #mapping-hint { height: 2; padding: 0 3; }
    """
    BINDINGS = [
        *bindings("mapping.accept", "mapping.older", "mapping.newer", "mapping.none"),
        *bindings("app.back"),
    ]

    def __init__(
        self, workplace: Workplace, layout: StaffLayout, chosen: Mapping[str, int | str]
    ) -> None:
        """`chosen` is what was chosen or remembered before; what it omits has no column."""
        super().__init__()
        self._file = layout
        self._chosen = _by_index(layout, chosen) if chosen else dict(layout.mapping)
        self._order = str(chosen.get(_DATES, "")) if chosen else ""
        self._fields, self._missing = layout.kind.fields, layout.kind.missing
        self._bar = TitleBar(layout.kind.title, *workplace.title)
        self._hint = Sentence("", id="mapping-hint")
        self._table = PagedTable(_COLUMNS, self._load, selectable=False, openable=False)

    def compose(self) -> ComposeResult:
        yield self._bar
        yield Sentence(_described(self._file), id="mapping-file")
        yield self._table
        yield self._hint
        yield KeyBar()

    def on_mount(self) -> None:
        self._table.focus()
        self._show_hint()

    def _load(self, offset: int, limit: int, _wanted: str, _sort: Sort | None) -> Page:
        rows = [self._row(field) for field in (*self._fields, _DATES)]
        return Page(rows[offset : offset + limit], len(rows))

    def _row(self, field: str) -> Row:
        if field == _DATES:
            return Row(field, (_("How dates are written"), _ORDERS[self._order].text(), ""))
        index = self._chosen.get(field)
        label = self._fields[field].text()
        if index is None:
            needed = field in self._missing(self._chosen)
            none = Cell(_("needed") if needed else "–", "error" if needed else "quiet")
            return Row(field, (label, none, ""))
        values = [row[index] for row in self._file.sample if index < len(row) and row[index]]
        shown = ", ".join(dict.fromkeys(values[:_VALUES_SHOWN]))
        return Row(field, (label, Cell(self._file.columns[index], "accent"), shown))

    # Choosing

    def action_older(self) -> None:
        self._turn(-1)

    def action_newer(self) -> None:
        self._turn(1)

    def action_none(self) -> None:
        row = self._table.row
        if row is not None and row.key in self._chosen:
            del self._chosen[str(row.key)]
            self._changed(str(row.key))

    def _turn(self, step: int) -> None:
        row = self._table.row
        if row is None:
            return
        field = str(row.key)
        if field == _DATES:
            orders = list(_ORDERS)
            self._order = orders[(orders.index(self._order) + step) % len(orders)]
        else:
            self._give(field, step)
        self._changed(field)

    def _give(self, field: str, step: int) -> None:
        """Give the field the next column that holds something which may be read, or none."""
        usable: list[int | None] = [
            index
            for index, name in enumerate(self._file.columns)
            if name and name not in self._file.never_read
        ]
        usable.insert(0, None)
        now = self._chosen.get(field)
        place = usable.index(now) if now in usable else 0
        chosen = usable[(place + step) % len(usable)]
        self._chosen.pop(field, None)
        if chosen is not None:
            self._chosen[field] = chosen

    def _changed(self, field: str) -> None:
        self._table.replace_row(self._row(field))
        for other in self._missing(self._chosen):
            self._table.replace_row(self._row(other))
        self._show_hint()

    def _show_hint(self) -> None:
        missing = self._missing(self._chosen)
        if missing:
            text = say("“%(field)s” needs a column.", field=self._fields[missing[0]])
            self._hint.show(text)
        elif self._file.never_read:
            names = ", ".join(self._file.never_read)
            text = say("Never read, for national numbers and passwords are not kept: %(names)s",
                       names=names)  # fmt: skip
            self._hint.show(text)
        else:
            keys = {name: key_name(name) for name in ("left", "right", "delete")}
            told = say("%(left)s and %(right)s give the field another column, %(delete)s none.",
                       **keys)  # fmt: skip
            self._hint.show(told)

    def action_accept(self) -> None:
        missing = self._missing(self._chosen)
        if missing:
            said = say("“%(field)s” needs a column.", field=self._fields[missing[0]])
            self.app.notify(said.text(), severity="warning", markup=False)
            return
        mapping = named_mapping(self._file.columns, self._chosen)
        if self._order:
            mapping[_DATES] = self._order
        self.dismiss(mapping)

    async def action_back(self) -> None:
        self.dismiss(None)


def _by_index(layout: StaffLayout, chosen: Mapping[str, int | str]) -> dict[str, int]:
    """Return a mapping by names as one by places; columns that this file lacks are left out."""
    found: dict[str, int] = {}
    for field, column in chosen.items():
        if field not in layout.kind.fields:
            continue
        if isinstance(column, int):
            if column < len(layout.columns):
                found[field] = column
        elif column in layout.columns:
            found[field] = layout.columns.index(column)
    return found


def _described(layout: StaffLayout) -> Wording:
    separators: dict[str, Any] = {
        ";": say("semicolons"),
        ",": say("commas"),
        "\t": say("tabs"),
        "|": say("bars"),
    }
    if layout.sheet:
        return say("%(file)s, sheet %(sheet)s", file=layout.file, sheet=layout.sheet)
    return say(
        "%(file)s, %(encoding)s, %(separator)s between the columns",
        file=layout.file,
        encoding=layout.encoding,
        separator=separators.get(layout.separator, layout.separator),
    )
