"""What a list is told and tells: columns, rows, pages, order, selection."""

from collections.abc import Hashable, Sequence
from dataclasses import dataclass, replace
from typing import Literal

from screens.widgets.text import Tone

Key = Hashable

#: No column is squeezed below this many cells.
_LEAST = 4


@dataclass(frozen=True, slots=True)
class Column:
    """A column. `title` is a message id; `width` its least width in cells.

    What is left over is shared out by `grow`. Where the screen is narrow the columns with
    the highest `priority` go first; those of priority 0 always stay.
    """

    key: str
    title: str
    width: int
    grow: int = 0
    priority: int = 0
    sortable: bool = True
    align: Literal["left", "right"] = "left"


@dataclass(frozen=True, slots=True)
class Cell:
    """A cell that is meant in a tone; a plain `str` will do for all others."""

    text: str
    tone: Tone = ""


@dataclass(frozen=True, slots=True)
class Row:
    """A row: its key in the data, one cell a column, and a tone for the whole."""

    key: Key
    cells: Sequence[str | Cell]
    tone: Tone = ""


@dataclass(frozen=True, slots=True)
class Sort:
    column: str
    descending: bool = False


@dataclass(frozen=True, slots=True)
class Page:
    """Rows from an offset on. `total` may stay None: the table then asks `count`, or reads on."""

    rows: Sequence[Row]
    total: int | None = None


@dataclass(frozen=True, slots=True)
class Selection:
    """Keys, or everything that matches `filter` except `keys`."""

    keys: frozenset[Key] = frozenset()
    all_matching: bool = False
    filter: str = ""

    def __contains__(self, key: Key) -> bool:
        return (key in self.keys) != self.all_matching

    def count(self, total: int) -> int:
        """Return how many rows are selected when `total` match the filter."""
        return max(0, total - len(self.keys)) if self.all_matching else len(self.keys)

    def toggled(self, key: Key) -> "Selection":
        return replace(self, keys=self.keys ^ {key})


def share_out(columns: Sequence[Column], width: int) -> list[tuple[int, Column, int]]:
    """Return which columns fit into `width` cells and how wide each one is."""
    kept = list(enumerate(columns))
    while len(kept) > 1 and sum(c.width + 2 for _i, c in kept) - 2 > width:
        least = max(kept, key=lambda pair: (pair[1].priority, pair[0]))
        if least[1].priority == 0:
            break
        kept.remove(least)
    spare = max(0, width - sum(c.width + 2 for _i, c in kept) + 2)
    parts = sum(c.grow for _i, c in kept)
    shared: list[tuple[int, Column, int]] = []
    for position, column in kept:
        extra = spare * column.grow // parts if parts else 0
        spare, parts = spare - extra, parts - column.grow
        shared.append((position, column, column.width + extra))
    return _squeezed(shared, width)


def _squeezed(shared: list[tuple[int, Column, int]], width: int) -> list[tuple[int, Column, int]]:
    """Take from the widest columns what the screen lacks, so that the last is not cut off."""
    sizes = [size for _position, _column, size in shared]
    for _cell in range(sum(size + 2 for size in sizes) - 2 - width):
        widest = sizes.index(max(sizes))
        sizes[widest] = max(_LEAST, sizes[widest] - 1)
    return [
        (position, column, size)
        for (position, column, _size), size in zip(shared, sizes, strict=True)
    ]
