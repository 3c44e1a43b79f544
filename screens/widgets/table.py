"""A list of up to 100,000 rows that is read by pages and painted by lines."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from functools import partial
from textwrap import wrap

from rich.segment import Segment
from rich.style import Style
from textual import events, on
from textual.geometry import Offset, Region
from textual.message import Message
from textual.strip import Strip
from textual.timer import Timer
from textual.widget import Widget
from textual.worker import get_current_worker

from models.language import N_, Wording, _, current_language, ngettext
from screens.commands import bindings
from screens.widgets.rows import Cell, Column, Key, Page, Row, Selection, Sort, share_out
from screens.widgets.text import (
    CURSOR,
    CURSOR_ELSEWHERE,
    HEADER,
    TONES,
    fit,
    is_accessible,
    number,
    shown,
    toned,
)
from screens.widgets.window import CHUNK, Window

#: Seconds in which rows that are being read are waited for with the old ones on the screen.
#: Reading takes a tenth of it, and blank rows in between double the bytes of a page.
_PATIENCE = 0.15

EMPTY = N_("There is nothing here yet.")
NOTHING_FOUND = N_("Nothing matches. Esc takes the search away.")


#: `load(offset, limit, filter, sort)` runs in a thread and may take its time.
Loader = Callable[[int, int, str, Sort | None], Page]
Counter = Callable[[str], int]
Locator = Callable[[Key, str, Sort | None], int | None]


class PagedTable(Widget, can_focus=True):
    """A table that holds only the rows it shows plus a page or two.

    Rows come from `load` in a thread worker: a newer filter, order or place cancels the
    older query. The first page is painted before the total is known. `count` gives the
    total where `load` doesn't; `locate` gives a row's position, so that the cursor stays on
    its row over a refresh or another order. Moving the cursor repaints two lines; at the
    edge the list moves by half a page, so that most keys cost two lines and no more.
    """

    DEFAULT_CSS = "PagedTable { height: 1fr; width: 100%; }"
    #: Its current line is shown as chosen even while something else has the focus.
    lit = False
    BINDINGS = [
        *bindings(
            "list.open", "list.select", "list.select-all", "list.sort", "list.reverse", "list.whole"
        ),
        *bindings("list.up", "list.down", "list.page-up", "list.page-down"),
        *bindings("list.first", "list.last", "app.refresh"),
    ]

    @dataclass
    class _About(Message):
        table: "PagedTable"

        @property
        def control(self) -> "PagedTable":
            return self.table

    @dataclass
    class Opened(_About):
        """Enter was pressed on a row."""

        row: Row

    @dataclass
    class Refreshed(_About):
        """F5 was pressed: what a screen shows beside the list is to be read anew too."""

    @dataclass
    class Highlighted(_About):
        """The cursor came to a row, or to none."""

        row: Row | None

        def can_replace(self, message: Message) -> bool:
            return isinstance(message, type(self)) and message.table is self.table

    @dataclass
    class SelectionChanged(_About):
        selection: Selection

    @dataclass
    class SortChanged(_About):
        sort: Sort | None

    @dataclass
    class LoadFailed(_About):
        """Reading the rows failed; the table says so in words and F5 tries again."""

        error: Exception

    @dataclass
    class _Loaded(Message):
        question: int
        offset: int
        page: Page
        place: int | None = None

    @dataclass
    class _Counted(Message):
        question: int
        total: int

    @dataclass
    class _Failed(Message):
        question: int
        error: Exception

    def __init__(
        self,
        columns: Sequence[Column],
        load: Loader,
        *,
        count: Counter | None = None,
        locate: Locator | None = None,
        sort: Sort | None = None,
        selectable: bool = True,
        openable: bool = True,
        at_once: bool = False,
        empty: str | Wording = EMPTY,
        nothing_found: str | Wording = NOTHING_FOUND,
        id: str | None = None,
    ) -> None:
        """`empty` and `nothing_found` say what to do next; they may be message ids or wordings.

        `load` of rows that are in memory is called `at_once` and in no thread: the first
        picture has them.
        """
        super().__init__(id=id)
        self.columns = tuple(columns)
        self._load, self._count, self._locate = load, count, locate
        self._at_once = at_once
        self._sort, self._filter = sort, ""
        self._forbidden = set() if selectable else {"select", "select_all"}
        if not openable:
            self._forbidden.add("open")
        self._empty, self._nothing_found = empty, nothing_found
        self._window: Window[Row] = Window()
        self._question = 0
        self._cursor = self._top = 0
        self._selection = Selection()
        self._widths: list[tuple[int, Column, int]] = []
        self._widths_of = 0
        self._failed = False
        self._waiting: Timer | None = None
        self._counting: Timer | None = None
        self._said = ""

    # What screens ask and say

    @property
    def wanted(self) -> str:
        """What the rows are filtered by."""
        return self._filter

    def search(self, wanted: str) -> None:
        """Show the rows that match `wanted`, from the first one on."""
        if wanted != self._filter:
            self._filter = wanted
            self._restart(keep_place=False)
            if self._selection.all_matching:
                self._select(Selection())

    @property
    def sort(self) -> Sort | None:
        return self._sort

    @sort.setter
    def sort(self, sort: Sort | None) -> None:
        if sort != self._sort:
            self._sort = sort
            self.refresh()
            self._restart(keep_place=True)
            self.post_message(self.SortChanged(self, sort))

    @property
    def selection(self) -> Selection:
        return replace(self._selection, filter=self._filter)

    @property
    def selected_or_current(self) -> Selection:
        """What an action is about: the selection, or the row under the cursor without one."""
        if self._selection.keys or self._selection.all_matching or self.row is None:
            return self.selection
        return Selection(frozenset({self.row.key}), filter=self._filter)

    @property
    def row(self) -> Row | None:
        """The row under the cursor, if it is there and has been read."""
        return self._window.get(self._cursor)

    @property
    def cursor(self) -> int:
        return self._cursor

    @property
    def total(self) -> int | None:
        """How many rows match, or None while that is not known."""
        return self._window.total

    @property
    def rows_held(self) -> int:
        return self._window.held

    def reload(self) -> None:
        """Read again and keep selection and place."""
        self._restart(keep_place=True)

    def replace_row(self, row: Row) -> None:
        """Show a row that has changed without reading anything again."""
        index = self._window.replace(lambda held: held.key == row.key, row)
        if index is not None:
            self._refresh_row(index)

    def clear_selection(self) -> None:
        self._select(Selection())
        self.refresh()

    def language_changed(self) -> None:
        self.refresh()
        self.reload()

    # Reading

    def on_mount(self) -> None:
        self._restart(keep_place=False)

    def _restart(self, keep_place: bool) -> None:
        if not self.is_attached:
            return
        self._question += 1
        key = self.row.key if keep_place and self.row else None
        if not keep_place and (self._cursor or self._top):
            self._cursor = self._top = 0
            self._paint_once_read(False)
        if self._counting is None and not self._at_once:
            self._counting = self.set_timer(_PATIENCE, self._count_aloud)
        self._read(self._window.chunk_at(self._cursor), key, count=True)

    def _read(self, offset: int, key: Key | None = None, count: bool = False) -> None:
        if self._at_once:
            page = self._load(offset, CHUNK, self._filter, self._sort)
            self._show_rows(self._Loaded(self._question, offset, page))
            return
        count = count or self._window.total is None
        work = partial(self._fetch, self._question, offset, self._filter, self._sort, key, count)
        self.run_worker(work, thread=True, exclusive=True, group="rows", exit_on_error=False)

    def _fetch(
        self,
        question: int,
        offset: int,
        wanted: str,
        sort: Sort | None,
        key: Key | None,
        count: bool,
    ) -> None:
        worker = get_current_worker()
        try:
            place = self._locate(key, wanted, sort) if self._locate and key is not None else None
            if place is not None:
                offset = place - place % CHUNK
            page = self._load(offset, CHUNK, wanted, sort)
            if worker.is_cancelled:
                return
            self.post_message(self._Loaded(question, offset, page, place))
            if count and page.total is None and self._count:
                self.post_message(self._Counted(question, self._count(wanted)))
        except Exception as error:
            if not worker.is_cancelled:
                self.post_message(self._Failed(question, error))

    @on(_Loaded)
    def _show_rows(self, message: _Loaded) -> None:
        message.stop()
        if message.question != self._question:
            return
        before = self._window.total
        painted = self._on_screen()
        key = self.row.key if self.row else None
        self._failed = False
        self._window.put(message.question, message.offset, message.page.rows, message.page.total)
        self._settle(message.place, key)
        if before != self._window.total or not self._window.covers(self._top, self._bottom):
            self._ask_for_missing()
        self._refresh_differences(painted)
        self.post_message(self.Highlighted(self, self.row))

    def _on_screen(self) -> list[object]:
        """Return what decides how each line looks, from the header to the status line."""
        if self._failed or self._window.known == 0:
            return []
        rows: list[object] = [
            (self._window.get(i), i == self._cursor, i < self._window.known)
            for i in range(self._top, self._bottom)
        ]
        return [(self._sort, self.size, current_language()), *rows, self._status()]

    def _paint_once_read(self, read: bool) -> None:
        """Paint all, now that these rows are read or else when they are, or take too long."""
        if read:
            self._stop_waiting()
            self.refresh()
        elif self._waiting is None:
            self._waiting = self.set_timer(_PATIENCE, self._paint_unread)

    def _paint_unread(self) -> None:
        self._stop_waiting()
        self.refresh()
        self.post_message(self.Highlighted(self, self.row))

    def _count_aloud(self) -> None:
        self._counting = None
        if self._window.total is None:
            self._refresh_status()

    def _stop_waiting(self) -> None:
        if self._waiting is not None:
            self._waiting.stop()
            self._waiting = None

    def _refresh_differences(self, painted: list[object]) -> None:
        if self._waiting is not None:
            self._paint_once_read(self._window.covers(self._top, self._bottom))
            return
        now = self._on_screen()
        if len(now) != len(painted) or now[:1] != painted[:1] or not now:
            self.refresh()
            return
        for y, (old, new) in enumerate(zip(painted, now, strict=True)):
            if old != new:
                self.refresh(Region(0, y, self.size.width, 1))

    def _settle(self, place: int | None, key: Key | None) -> None:
        if place is None and key is not None:
            place = self._window.find(lambda row: row.key == key)
        if place is not None and place != self._cursor:
            self._top += place - self._cursor
            self._cursor = place
        self._cursor = max(0, min(self._cursor, self._window.known - 1))
        self._top = max(0, min(self._top, self._window.known - self._height))
        self._keep_in_view()

    @on(_Counted)
    def _show_total(self, message: _Counted) -> None:
        message.stop()
        if message.question == self._question:
            self._window.total = message.total
            self._refresh_status()

    @on(_Failed)
    def _show_failure(self, message: _Failed) -> None:
        message.stop()
        if message.question == self._question:
            self._failed = True
            self._stop_waiting()
            self._window = Window()
            self._cursor = self._top = 0
            self.refresh()
            self.post_message(self.LoadFailed(self, message.error))

    def _ask_for_missing(self) -> None:
        """Read what is shown and not read yet; else what one more page either way will show."""
        missing = self._window.missing(self._top, self._bottom)
        if missing is None and self._height <= CHUNK:
            missing = self._window.missing(self._top - self._height, self._bottom + self._height)
        if missing is not None:
            self._read(missing)

    # Moving

    @property
    def _height(self) -> int:
        """Rows that fit between the header and the status line."""
        return max(1, self.size.height - 2)

    @property
    def _bottom(self) -> int:
        return self._top + self._height

    def _keep_in_view(self) -> bool:
        """Bring the cursor into view, half a page at a time; tell whether the list moved."""
        if self._top <= self._cursor < self._bottom:
            return False
        farthest = max(0, self._window.known - self._height)
        self._top = max(0, min(self._cursor - self._height // 2, farthest))
        return True

    def _move_to(self, index: int, top: int | None = None) -> None:
        index = max(0, min(index, self._window.known - 1))
        before, self._cursor = self._cursor, index
        moved = False
        if top is not None:
            top = max(0, min(top, self._window.known - self._height))
            moved, self._top = top != self._top, top
        if self._keep_in_view() or moved:
            self._window.forget_far_from(self._top)
            self._paint_once_read(self._window.covers(self._top, self._bottom))
            self._ask_for_missing()
        elif before != index:
            self._refresh_row(before)
            self._refresh_row(index)
        if before != index and self.row is not None:
            self.post_message(self.Highlighted(self, self.row))

    @property
    def cursor_screen_offset(self) -> Offset:
        """The first cell of the row under the cursor, where the terminal's own cursor stands."""
        return self.content_region.offset + Offset(0, self._cursor - self._top + 1)

    def action_up(self) -> None:
        self._move_to(self._cursor - 1)

    def action_down(self) -> None:
        self._move_to(self._cursor + 1)

    def action_page_up(self) -> None:
        self._move_to(self._cursor - self._height, self._top - self._height)

    def action_page_down(self) -> None:
        self._move_to(self._cursor + self._height, self._top + self._height)

    def action_first(self) -> None:
        self._move_to(0)

    def action_last(self) -> None:
        self._move_to(self._window.known - 1)

    def action_refresh(self) -> None:
        self.reload()
        self.post_message(self.Refreshed(self))

    def action_open(self) -> None:
        if self.row:
            self.post_message(self.Opened(self, self.row))

    def action_whole(self) -> None:
        """Show the row in full: what is cut off here, columns left out, what is told below."""
        if self.row is None:
            return
        from screens.whole_line import WholeLineScreen, told_about

        titles = [_(column.title) for column in self.columns]
        texts = [cell.text if isinstance(cell, Cell) else cell for cell in self.row.cells]
        told = list(zip(titles, texts, strict=False))
        self.app.push_screen(WholeLineScreen(told, told_about(self)))

    def on_resize(self) -> None:
        if self._widths and self._widths_of != self.size.width:
            # Painted for the new size already, with the columns of the old one.
            self._widths = []
            self.refresh()
        self._keep_in_view()
        self._ask_for_missing()

    def on_focus(self, event: events.Focus) -> None:
        self._refresh_row(self._cursor)

    def on_blur(self, event: events.Blur) -> None:
        self._refresh_row(self._cursor)

    # Choosing

    def check_action(self, action: str, parameters: tuple[object, ...]) -> bool | None:
        return action not in self._forbidden

    def action_select(self) -> None:
        if self.row:
            self._select(self._selection.toggled(self.row.key))
            self._refresh_row(self._cursor)
            self.action_down()

    def action_select_all(self) -> None:
        nothing = not self._selection.keys and not self._selection.all_matching
        self._select(Selection(all_matching=nothing))

    def _select(self, selection: Selection) -> None:
        many = selection.all_matching != self._selection.all_matching
        many = many or len(selection.keys ^ self._selection.keys) > 1
        self._selection = selection
        if many:
            self.refresh()
        else:
            self._refresh_status()
        self.post_message(self.SelectionChanged(self, self.selection))

    def action_sort(self) -> None:
        keys = [column.key for column in self.columns if column.sortable]
        if keys:
            now = keys.index(self._sort.column) if self._sort else -1
            self.sort = Sort(keys[(now + 1) % len(keys)])

    def action_reverse(self) -> None:
        if self._sort:
            self.sort = replace(self._sort, descending=not self._sort.descending)

    # Painting

    def _refresh_row(self, index: int) -> None:
        if self._top <= index < self._bottom:
            self.refresh(Region(0, index - self._top + 1, self.size.width, 1))

    def _refresh_status(self) -> None:
        self.refresh(Region(0, self.size.height - 1, self.size.width, 1))

    def render_line(self, y: int) -> Strip:
        width = self.size.width
        if y == 0:
            return Strip(self._header(), width)
        if y == self.size.height - 1:
            return Strip(toned(fit(self._status(), width), TONES["quiet"]), width)
        if self._window.known == 0:
            return self._hint(y, width)
        index = self._top + y - 1
        if index >= self._window.known:
            return Strip.blank(width)
        return self._painted(index, width)

    def _painted(self, index: int, width: int) -> Strip:
        row = self._window.get(index)
        if row is None:
            return Strip(toned(fit("   …", width), TONES["quiet"]), width)
        over = Style()
        if index == self._cursor:
            over = CURSOR if self.has_focus or self.lit else CURSOR_ELSEWHERE
        segments = [Segment(self._mark(row, index), over)]
        for position, column, size in self._layout():
            value = row.cells[position]
            cell = value if isinstance(value, Cell) else Cell(value)
            tone = TONES[cell.tone or row.tone]
            # One style on the whole line under the cursor: fewer bytes, and no tone is
            # readable on every background.
            fitted = fit(cell.text, size, column.align == "right")
            segments += [Segment(fitted, over)] if over else toned(fitted, tone)
            segments.append(Segment("  ", over))
        segments.pop()
        return Strip(segments).adjust_cell_length(width, over).simplify()

    def _mark(self, row: Row, index: int) -> str:
        selected = row.key in self._selection
        if is_accessible(self):
            return (">" if index == self._cursor else " ") + ("x " if selected else "  ")
        return " • " if selected else "   "

    def _header(self) -> list[Segment]:
        segments = [Segment("   ", HEADER)]
        style = HEADER
        for _position, column, size in self._layout():
            title = _(column.title)
            if self._sort and self._sort.column == column.key:
                arrow = "" if is_accessible(self) else " ↓" if self._sort.descending else " ↑"
                title = fit(title, min(size - len(arrow), len(title))) + arrow
            segments.append(Segment(fit(title, size, column.align == "right"), style))
            segments.append(Segment("  ", HEADER))
        return list(Strip(segments).adjust_cell_length(self.size.width, HEADER).simplify())

    def _status(self) -> str:
        """Return the line below the rows; for a moment the former one, while rows are counted."""
        if self._counting is None or self._window.total is not None or self._failed:
            self._said = self._status_now()
        return self._said

    def _status_now(self) -> str:
        if self._failed or self._window.known == 0:
            return ""
        first, last = self._top + 1, min(self._bottom, self._window.known)
        if self._window.total is None:
            values = {"first": number(first), "last": number(last)}
            text = _("%(first)s–%(last)s, counting…") % values
        else:
            values = {
                "first": number(first),
                "last": number(last),
                "total": number(self._window.total),
            }
            text = _("%(first)s–%(last)s of %(total)s") % values
        selected = self._selection.count(self._window.total or self._window.known)
        if selected:
            text += " · " + ngettext("%(count)d selected", "%(count)d selected", selected) % {
                "count": selected
            }
        if self._sort and is_accessible(self):
            text += " · " + self._told_order(self._sort)
        return "   " + text

    def _told_order(self, sort: Sort) -> str:
        order = N_("by %(column)s, descending") if sort.descending else N_("by %(column)s")
        title = next((column.title for column in self.columns if column.key == sort.column), "")
        return _(order) % {"column": _(title)}

    def _hint(self, y: int, width: int) -> Strip:
        said: str | Wording = self._nothing_found if self._filter else self._empty
        if self._failed:
            said = N_("The list could not be read. F5 tries again.")
        elif self._window.total is None:
            said = N_("Reading…")
        text = said.text() if isinstance(said, Wording) else _(said)
        lines = ["", *wrap(shown(text), max(20, width - 6))]
        told = lines[y - 1] if y <= len(lines) else ""
        return Strip([Segment(fit("   " + told, width))], width)

    def _layout(self) -> list[tuple[int, Column, int]]:
        """Return position in the row, column and width of each column that is shown."""
        if not self._widths:
            self._widths_of = self.size.width
            self._widths = share_out(self.columns, self._widths_of - 4)
        return self._widths


__all__ = [
    "Cell", "Column", "Loader", "Page", "PagedTable", "Row", "Selection", "Sort", "share_out",
]  # fmt: skip
