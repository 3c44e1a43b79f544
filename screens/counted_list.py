"""A list with counts above it by status and the current line told below it."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Generic, TypeVar

from textual import on
from textual.app import ComposeResult
from textual.message import Message

from models.language import Wording
from screens.widgets.chrome import KeyBar, Sentence, TitleBar
from screens.widgets.counts import Counts
from screens.widgets.deeds import DeedScreen
from screens.widgets.filter import FilteredTable
from screens.widgets.table import PagedTable

Entry = TypeVar("Entry")


class CountedListScreen(DeedScreen[None], Generic[Entry]):
    """Counts by status, a list that is narrowed to one of them, and what its line says.

    A screen hands its parts to `set_out`; what it loads for the list, it also gives to
    `keep`. Its own action for the next status calls `choose_next`.
    """

    @dataclass
    class Counted(Message):
        """How many there are by status."""

        counts: dict[str, int]

    #: What the list is narrowed to; None for all.
    _status: str | None = None

    def set_out(
        self, bar: TitleBar, by_status: Counts, listed: FilteredTable, detail: Sentence
    ) -> None:
        """Take the parts of the screen, from the top down."""
        self._bar, self._by_status, self._list, self._detail = bar, by_status, listed, detail
        self._counts: dict[str, int] = {}
        self._rows: dict[object, Entry] = {}

    # What a list says of itself

    def read_counts(self) -> dict[str, int]:
        """Return how many there are by status; called in a thread."""
        raise NotImplementedError

    def told(self, entry: Entry) -> Wording | str:
        """Return what is told below the list of its current line."""
        raise NotImplementedError

    # The list

    @property
    def table(self) -> PagedTable:
        return self._list.table

    @property
    def current(self) -> Entry | None:
        row = self.table.row
        return self._rows.get(row.key) if row else None

    def compose(self) -> ComposeResult:
        yield self._bar
        yield self._by_status
        yield self._list
        yield self._detail
        yield KeyBar()

    def on_mount(self) -> None:
        self.count()

    def on_screen_resume(self) -> None:
        if self._counts:
            self.read_again()

    def read_again(self) -> None:
        self.table.reload()
        self.count()

    def keep(self, offset: int, rows: dict[object, Entry]) -> None:
        """Remember what a page was made of; the first page begins anew."""
        kept = self._rows if offset else {}
        self._rows = {**kept, **rows}

    @on(PagedTable.Highlighted)
    def show_detail(self) -> None:
        entry = self.current
        self._detail.show(self.told(entry) if entry else "")

    # The counts

    def count(self) -> None:
        """Read the counts anew; with nothing to do where they are read with the rows."""
        self.attempt(self._read_counts, "count", reads=True)

    @on(PagedTable.Refreshed)
    def _count_again(self) -> None:
        self.count()

    def _read_counts(self) -> None:
        self.post_message(self.Counted(self.read_counts()))

    @on(Counted)
    def _show_counted(self, message: Counted) -> None:
        message.stop()
        self._counts = message.counts
        self.show_counts()
        self.refresh_bindings()

    def show_counts(self) -> None:
        self._by_status.show(self._counts, self._status)

    def choose_next(self) -> None:
        """Go from all to the statuses of which there are any, one after the other."""
        self._status = self._by_status.next
        self.show_counts()
        self.table.clear_selection()
        self.table.reload()
