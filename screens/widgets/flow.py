"""Pieces of text that flow to a width: what a document is made of, on its way to the lines.

No line of a document is markup or an escape of ours: every text here has passed `clean`.
"""

from __future__ import annotations

import itertools
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass

from rich.cells import cell_len, chop_cells
from rich.style import Style

from models.language import _
from screens.widgets.text import HEADER, TONES, divide_between_words

PLAIN = Style()
STRONG = TONES["strong"]
QUIET = TONES["quiet"]
CODE = TONES["accent"]
#: Underlined, for many terminals have no italics.
EMPHASIS = Style(underline=True)

#: Between the columns of a table, in cells.
_GAP = 2
#: What stands before a text takes no more than this part of a line, however deep it is nested.
_DEEPEST = 2


@dataclass(frozen=True, slots=True)
class Span:
    """A text in one style."""

    text: str
    style: Style = PLAIN


@dataclass(frozen=True, slots=True)
class Piece:
    """A part of a line. Where it can be found it is of a unit, `start` being its place there."""

    text: str
    style: Style = PLAIN
    unit: int = -1
    start: int = 0


Line = tuple[Piece, ...]


@dataclass(frozen=True, slots=True)
class Unit:
    """A text that is searched as one: a paragraph, a line of code, a cell of a table."""

    number: int
    spans: tuple[Span, ...]

    @property
    def text(self) -> str:
        return "".join(span.text for span in self.spans)

    def pieces(self, start: int, end: int) -> list[Piece]:
        """Return what stands from a place of the text up to another."""
        return next(self.cut([(start, end)]))

    def cut(self, lines: Iterable[tuple[int, int]]) -> Iterator[list[Piece]]:
        """Yield what stands on each line, which go from one place of the text up to another.

        The lines are in order, so that a long text is gone through once.
        """
        spans = iter(self.spans)
        span, place = next(spans, None), 0
        for start, end in lines:
            found: list[Piece] = []
            while span is not None:
                after = place + len(span.text)
                first, last = max(start, place), min(end, after)
                if first < last:
                    text = span.text[first - place : last - place]
                    found.append(Piece(text, span.style, self.number, first))
                if after > end:
                    break
                span, place = next(spans, None), after
            yield found


@dataclass(frozen=True, slots=True)
class Around:
    """What stands left of a block: before its first line, before the others, between blocks."""

    first: str = ""
    rest: str = ""
    gap: str = ""
    #: An empty line stands before the block.
    apart: bool = False


@dataclass(frozen=True, slots=True)
class Flow:
    """A paragraph; `verbatim` is cut where the line ends, and not between words."""

    unit: Unit
    around: Around = Around()
    verbatim: bool = False
    is_heading: bool = False

    @property
    def units(self) -> tuple[Unit, ...]:
        return (self.unit,)

    def lines(self, width: int) -> Iterator[Line]:
        around = _within(self.around, width)
        if around.apart:
            yield (Piece(around.gap),)
        before = around.first
        for pieces in self.unit.cut(_cut(self.unit.text, width, around, self.verbatim)):
            yield _prefixed(before, pieces)
            before = around.rest


@dataclass(frozen=True, slots=True)
class Grid:
    """A table: in columns where they fit, else each row as lines of heading and value."""

    head: tuple[Unit, ...]
    rows: tuple[tuple[Unit, ...], ...]
    right: tuple[bool, ...]
    around: Around = Around()
    is_heading = False

    @property
    def units(self) -> tuple[Unit, ...]:
        return (*self.head, *(cell for row in self.rows for cell in row))

    def lines(self, width: int) -> Iterator[Line]:
        around = _within(self.around, width)
        if around.apart:
            yield (Piece(around.gap),)
        sizes = self._sizes
        if sum(sizes) + _GAP * (len(sizes) - 1) <= width - cell_len(around.rest):
            yield from self._in_columns(sizes, around)
        else:
            yield from self._one_below_the_other(width, around)

    @property
    def _sizes(self) -> list[int]:
        return [
            max(cell_len(row[n].text) for row in (self.head, *self.rows) if n < len(row))
            for n in range(len(self.head))
        ]

    def _in_columns(self, sizes: Sequence[int], around: Around) -> Iterator[Line]:
        before = around.first
        for row in (self.head, *self.rows):
            pieces: list[Piece] = []
            for number, (cell, size) in enumerate(zip(row, sizes, strict=False)):
                blank = " " * (size - cell_len(cell.text))
                last = number == len(row) - 1
                after = "" if last else " " * _GAP
                found = cell.pieces(0, len(cell.text))
                if self.right[number]:
                    pieces += [Piece(blank), *found, Piece(after)]
                else:
                    pieces += [*found, Piece("" if last else blank + after)]
            if row is self.head:
                pieces = [Piece(p.text, p.style + HEADER, p.unit, p.start) for p in pieces]
            yield _prefixed(before, pieces)
            before = around.rest

    def _one_below_the_other(self, width: int, around: Around) -> Iterator[Line]:
        rest = around.rest + "  "
        before = around.first
        for number, row in enumerate(self.rows):
            if number:
                yield (Piece(around.rest.rstrip()),)
            for head, cell in zip(self.head, row, strict=False):
                named = _("%(title)s: %(text)s") % {"title": head.text, "text": ""}
                named = named if head.text else ""
                joined = Unit(-1, (Span(named, STRONG), Span(cell.text)))
                inner = Around(before, rest)
                for start, end in _cut(joined.text, width, inner, verbatim=False):
                    told = [
                        Piece(piece.text, piece.style)
                        for piece in joined.pieces(start, min(end, len(named)))
                    ]
                    told += cell.pieces(max(0, start - len(named)), max(0, end - len(named)))
                    yield _prefixed(before, told)
                    before = rest
                before = around.rest


Block = Flow | Grid


def _prefixed(before: str, pieces: Sequence[Piece]) -> Line:
    found = tuple(piece for piece in pieces if piece.text)
    return (Piece(before), *found) if before else found


def _within(around: Around, width: int) -> Around:
    """Return what stands before a text, cut so that the text keeps room."""
    most = width // _DEEPEST
    if max(len(around.first), len(around.rest)) <= most:
        return around
    return Around(around.first[-most:], around.rest[-most:], around.gap[-most:], around.apart)


def _cut(text: str, width: int, around: Around, verbatim: bool) -> Iterator[tuple[int, int]]:
    """Yield from where to where in a text each of its lines goes; an empty one has one line."""
    place = 0
    before = around.first
    for part in text.split("\n"):
        room = max(1, width - cell_len(before))
        if cell_len(part) <= room:
            cuts = [0, len(part)]
        else:
            later = max(1, width - cell_len(around.rest))
            cuts = _breaks(part, room, later, verbatim)
        for start, end in itertools.pairwise(cuts):
            whole = part[start:end] if verbatim else part[start:end].rstrip(" ")
            yield place + start, place + start + len(whole)
        place += len(part) + 1
        before = around.rest


def _breaks(text: str, first: int, later: int, verbatim: bool) -> list[int]:
    """Return where the lines begin, and the end: the first may have less room than the others."""
    if first == later:
        return [0, *_divide(text, first, verbatim), len(text)]
    begins = _divide(text, first, verbatim)
    if not begins:
        return [0, len(text)]
    rest = _divide(text[begins[0] :], later, verbatim)
    return [0, begins[0], *(begins[0] + place for place in rest), len(text)]


def _divide(text: str, width: int, verbatim: bool) -> list[int]:
    if not verbatim:
        return divide_between_words(text, width)
    places, place = [], 0
    for part in chop_cells(text, width)[:-1]:
        place += len(part)
        places.append(place)
    return places
