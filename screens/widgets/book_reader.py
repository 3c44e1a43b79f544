"""The reader of long documents: a page at a time, searched as one types, the place told."""

from __future__ import annotations

from bisect import bisect_left
from collections.abc import Sequence
from dataclasses import dataclass
from functools import partial
from itertools import accumulate

from rich.segment import Segment
from rich.style import Style
from textual import on
from textual.app import ComposeResult
from textual.containers import Vertical
from textual.geometry import Offset, Region
from textual.message import Message
from textual.strip import Strip
from textual.widget import Widget
from textual.worker import get_current_worker

from models.language import N_, _
from screens.commands import bindings
from screens.widgets.book import Book, Match, Measure, fold, matches
from screens.widgets.filter import FilterInput
from screens.widgets.flow import Line, Piece
from screens.widgets.text import CURSOR, TONES, fit, number, toned

_MARGIN = 3
#: A match that is not on the page comes to this part of it, from above.
_SHOWN_AT = 3
#: More are neither counted nor marked.
MOST_MATCHES = 10_000
#: Parts that are counted before it is told how far one is.
_BATCH = 8
#: Longer lines are hard to read on a wide screen.
_WIDEST = 100
_FOUND = Style(bold=True, underline=True)
_ONE_LINE = N_("line %(first)s of %(total)s")

#: A part and a line in it.
Spot = tuple[int, int]


class BookReader(Widget, can_focus=True):
    """Shows a `Book`. Its last line tells which lines of how many are shown.

    Only the part on the screen is laid out; the others are counted in a thread, and read for
    the search on the way.
    """

    DEFAULT_CSS = "BookReader { height: 1fr; width: 100%; }"
    BINDINGS = [
        *bindings("text.up", "text.down", "text.page-up", "text.page-down"),
        *bindings("text.first", "text.last", "text.next", "text.previous"),
        *bindings("text.next-heading", "text.previous-heading"),
    ]

    @dataclass
    class Counted(Message):
        """All lines of a book are counted, and where what is `wanted` stands: `found` if anywhere.

        It may arrive when another book is shown, or something else is looked for.
        """

        book: Book
        wanted: str
        found: bool

    @dataclass
    class _Measured(Message):
        book: Book
        width: int
        first: int
        measures: list[Measure]

    def __init__(self, book: Book | None = None) -> None:
        super().__init__()
        self._book = book or Book("", "text")
        self._top: Spot = (0, 0)
        self._measures: dict[int, Measure] = {}
        self._measured_for = 0
        self._before: list[int] = []
        self._last: tuple[tuple[int, int], Spot] | None = None
        self._wanted = ""
        self._matches: list[Match] = []
        self._marked: dict[tuple[int, int], list[int]] = {}
        self._match: int | None = None
        self._awaits_match = False

    # What screens ask and say

    def show(self, book: Book) -> None:
        """Show another document from its beginning."""
        self._book, self._top = book, (0, 0)
        self._measures, self._measured_for = {}, 0
        self._wanted, self._matches, self._marked, self._match = "", [], {}, None
        self._settle()

    @property
    def wanted(self) -> str:
        """What is looked for, folded; "" where nothing is."""
        return self._wanted

    def still_holds(self, told: Counted) -> bool:
        """Tell whether what was counted is of what is shown and looked for now."""
        return told.book is self._book and told.wanted == self._wanted

    def search(self, wanted: str) -> None:
        """Look for something from the page that is shown on, or for nothing any more."""
        wanted = fold(wanted)
        if wanted != self._wanted:
            self._wanted = wanted
            self._find()
            self._awaits_match = not self._matches
            self._go_to_match(self._first_below())

    def language_changed(self) -> None:
        self._book.again()
        self._measured_for = 0
        self._settle()

    # Laying out

    @property
    def _width(self) -> int:
        return max(10, min(self.size.width - 2 * _MARGIN, _WIDEST))

    @property
    def _height(self) -> int:
        """Lines of the document on the screen; the last one tells the place."""
        return max(1, self.size.height - 1)

    def on_resize(self) -> None:
        self._settle()

    def _settle(self) -> None:
        """Lay out for the width there is now, at the same place of the text."""
        if not self.size.width:
            return
        if self._measured_for != self._width:
            part, line = self._top
            told = self._measures.get(part)
            now = len(self._lines(part))
            if told and told.lines:  # the part is where it was, its lines are others
                line = line * now // told.lines
            self._top = part, min(line, max(0, now - 1))
            self._measured_for = self._width
            self._measures, self._before = {}, []
            self._count_from_the_beginning()
        self._last = None
        self._top = min(self._top, self._last_top)
        self.refresh()

    def _lines(self, part: int) -> list[Line]:
        return self._book.lines(part, self._width)

    def _count_from_the_beginning(self) -> None:
        work = partial(self._count, self._book, self._width)
        self.run_worker(work, thread=True, exclusive=True, group="count", exit_on_error=False)

    def _count(self, book: Book, width: int) -> None:
        worker = get_current_worker()
        for first in range(0, book.parts, _BATCH):
            last = min(first + _BATCH, book.parts)
            found = []
            for part in range(first, last):
                if worker.is_cancelled:
                    return
                found.append(book.measure(part, width))
            self.post_message(self._Measured(book, width, first, found))

    @on(_Measured)
    def _take_measures(self, message: _Measured) -> None:
        message.stop()
        if message.book is not self._book or message.width != self._measured_for:
            return
        for part, measure in enumerate(message.measures, message.first):
            self._measures[part] = measure
        if self._is_counted:
            counts = [self._measures[part].lines for part in range(self._book.parts)]
            self._before = [0, *accumulate(counts)]
            self._refresh_status()
        if self._wanted:
            at = self._matches[self._match] if self._match is not None else None
            self._find()
            if at is not None:
                self._match = bisect_left(self._matches, at)
            elif self._awaits_match and self._matches:
                self._awaits_match = False
                self._go_to_match(self._first_below())
            self.refresh()
        if self._is_counted:
            self.post_message(self.Counted(self._book, self._wanted, bool(self._matches)))

    @property
    def _is_counted(self) -> bool:
        return len(self._measures) == self._book.parts

    # Moving

    def _moved(self, spot: Spot, lines: int) -> Spot:
        """Return the spot so many lines below another, or above; within the document."""
        part, line = spot
        line += lines
        while line < 0 and part:
            part -= 1
            line += len(self._lines(part))
        while part < self._book.parts - 1 and line >= len(self._lines(part)):
            line -= len(self._lines(part))
            part += 1
        return part, max(0, min(line, len(self._lines(part))))

    @property
    def _last_top(self) -> Spot:
        known = (self._width, self._height)
        if self._last is None or self._last[0] != known:
            last = self._book.parts - 1
            self._last = known, self._moved((last, len(self._lines(last))), -self._height)
        return self._last[1]

    def _go(self, spot: Spot) -> None:
        self._awaits_match = False
        spot = min(spot, self._last_top)
        if spot != self._top:
            self._top = spot
            self.refresh()

    def action_up(self) -> None:
        self._go(self._moved(self._top, -1))

    def action_down(self) -> None:
        self._go(self._moved(self._top, 1))

    def action_page_up(self) -> None:
        self._go(self._moved(self._top, 1 - self._height))

    def action_page_down(self) -> None:
        self._go(self._moved(self._top, self._height - 1))

    def action_first(self) -> None:
        self._go((0, 0))

    def action_last(self) -> None:
        self._go(self._last_top)

    # Headings

    def action_next_heading(self) -> None:
        self._go_to_heading(1)

    def action_previous_heading(self) -> None:
        self._go_to_heading(-1)

    def _go_to_heading(self, step: int) -> None:
        spots = [spot for part in self._parts_around(step) for spot in self._headings_of(part)]
        if step > 0:
            found = min((spot for spot in spots if spot > self._top), default=None)
        else:
            found = max((spot for spot in spots if spot < self._top), default=None)
        if found is not None:
            self._go(found)

    def _headings_of(self, part: int) -> list[Spot]:
        headings = set(self._measures[part].headings)
        return [
            (part, line)
            for line, pieces in enumerate(self._lines(part))
            if any(piece.unit in headings and piece.start == 0 for piece in pieces)
        ]

    def _parts_around(self, step: int) -> list[int]:
        """Return this part and the next one in that direction that has headings."""
        here, last = self._top[0], self._book.parts - 1
        others = range(here + 1, last + 1) if step > 0 else range(here - 1, -1, -1)
        known = [part for part in others if part in self._measures]
        beyond = next((part for part in known if self._measures[part].headings), None)
        return [part for part in (here, beyond) if part in self._measures]

    # Searching

    def _find(self) -> None:
        parts = [
            self._measures[part].texts if part in self._measures else ()
            for part in range(self._book.parts)
        ]
        self._matches = matches(parts, self._wanted, MOST_MATCHES) if self._wanted else []
        self._marked = {}
        for match in self._matches:
            self._marked.setdefault((match.part, match.unit), []).append(match.place)
        self._match = None

    def _first_below(self) -> int | None:
        """Return the first match on the page or below it, else the first of all."""
        if not self._matches:
            return None
        part, line = self._top
        units = [
            Match(part, piece.unit, piece.start)
            for pieces in self._lines(part)[line:]
            for piece in pieces
            if piece.unit >= 0
        ]
        here = units[0] if units else Match(part + 1, 0, 0)
        found = bisect_left(self._matches, here)
        return found if found < len(self._matches) else 0

    def _go_to_match(self, index: int | None) -> None:
        self._match = index
        if index is not None:
            match = self._matches[index]
            spot = self._spot_of(match.part, match.unit, match.place)
            if not self._top <= spot < self._moved(self._top, self._height):
                self._top = min(self._moved(spot, -(self._height // _SHOWN_AT)), self._last_top)
        self.refresh()

    def _spot_of(self, part: int, unit: int, place: int) -> Spot:
        """Return the line where a place of a text is shown."""
        found = 0
        for line, pieces in enumerate(self._lines(part)):
            for piece in pieces:
                if piece.unit == unit and piece.start <= place:
                    found = line
        return part, found

    def action_next(self) -> None:
        self._step(1)

    def action_previous(self) -> None:
        self._step(-1)

    def _step(self, step: int) -> None:
        if not self._matches:
            return
        now = -1 if self._match is None and step > 0 else self._match or 0
        self._go_to_match((now + step) % len(self._matches))

    def check_action(self, action: str, parameters: tuple[object, ...]) -> bool | None:
        return action not in ("next", "previous") or bool(self._wanted)

    # Painting

    @property
    def cursor_screen_offset(self) -> Offset:
        """Where the terminal's own cursor stands: what was found, or the first line."""
        origin = self.content_region.offset + Offset(_MARGIN, 0)
        if self._match is None:
            return origin
        match = self._matches[self._match]
        spot = self._spot_of(match.part, match.unit, match.place)
        for y in range(self._height):
            if self._moved(self._top, y) == spot:
                return origin + Offset(0, y)
        return origin

    def _refresh_status(self) -> None:
        self.refresh(Region(0, self.size.height - 1, self.size.width, 1))

    def render_line(self, y: int) -> Strip:
        width = self.size.width
        if y == self.size.height - 1:
            return Strip(toned(fit(" " * _MARGIN + self._status(), width), TONES["quiet"]), width)
        part, line = self._moved(self._top, y)
        lines = self._lines(part)
        if line >= len(lines):
            return Strip.blank(width)
        segments = [Segment(" " * _MARGIN)]
        for piece in lines[line]:
            segments += self._painted(part, piece)
        return Strip(segments).adjust_cell_length(width).simplify()

    def _painted(self, part: int, piece: Piece) -> Sequence[Segment]:
        """Return a piece of a line, what was looked for being marked in it."""
        places = self._marked.get((part, piece.unit)) if self._marked else None
        if not places:
            return [Segment(piece.text, piece.style)]
        here = self._matches[self._match] if self._match is not None else None
        segments: list[Segment] = []
        done, end = piece.start, piece.start + len(piece.text)
        for place in places:
            first, last = max(place, piece.start), min(place + len(self._wanted), end)
            if first >= last:
                continue
            segments.append(
                Segment(piece.text[done - piece.start : first - piece.start], piece.style)
            )
            style = CURSOR if here == Match(part, piece.unit, place) else piece.style + _FOUND
            segments.append(Segment(piece.text[first - piece.start : last - piece.start], style))
            done = last
        segments.append(Segment(piece.text[done - piece.start :], piece.style))
        return [segment for segment in segments if segment.text]

    def _status(self) -> str:
        told = self._told_place()
        if not self._wanted:
            return told
        if not self._matches:
            found = _("not found") if self._is_counted else _("looking for it…")
        else:
            found = _("match %(place)s of %(count)s") % {
                "place": number((self._match or 0) + 1),
                "count": number(len(self._matches)),
            }
        return f"{told} · {found}"

    def _told_place(self) -> str:
        if not self._before:
            return _("counting the lines…")
        part, line = self._top
        first, total = self._before[part] + line + 1, self._before[-1]
        if not total:
            return _("There is no text in it.")
        last = min(first + self._height - 1, total)
        told = N_("lines %(first)s–%(last)s of %(total)s") if last > first else _ONE_LINE
        return _(told) % {"first": number(first), "last": number(last), "total": number(total)}


class SearchedBook(Vertical):
    """A `BookReader` and the line in which one types what to look for: `/` opens it.

    Esc goes back to the text, and from there takes the search away before it goes back.
    """

    DEFAULT_CSS = """
    SearchedBook { height: 1fr; }
    SearchedBook > FilterInput { display: none; }
    SearchedBook.-searching > FilterInput { display: block; }
    """
    BINDINGS = [*bindings("text.search", "app.back", app_back="step_back")]

    def __init__(self, book: Book | None = None, *, id: str | None = None) -> None:
        super().__init__(id=id)
        self.reader = BookReader(book)
        self.field = FilterInput(N_("Look for in the document"))
        self._asked = ""

    def compose(self) -> ComposeResult:
        yield self.field
        yield self.reader

    def show(self, book: Book) -> None:
        self.field.value = ""
        self.remove_class("-searching")
        self.reader.show(book)
        self.reader.focus()

    def look_for(self, text: str) -> None:
        """Look for a text as if somebody had typed it; where it is not found, for nothing."""
        self._asked = text
        self.field.value = text
        self.add_class("-searching")
        self.reader.search(text)

    @on(BookReader.Counted)
    def _forget_unless_found(self, event: BookReader.Counted) -> None:
        event.stop()
        if not self.reader.still_holds(event):
            return
        if self._asked and self._asked == self.field.value and not event.found:
            self.field.value = ""
            self.remove_class("-searching")
        self._asked = ""

    @on(FilterInput.Edited)
    def _look_for(self, event: FilterInput.Edited) -> None:
        event.stop()
        self.reader.search(event.text)

    @on(FilterInput.Left)
    def _to_text(self, event: FilterInput.Left) -> None:
        event.stop()
        self.set_class(bool(self.field.value), "-searching")
        self.reader.focus()

    def check_action(self, action: str, parameters: tuple[object, ...]) -> bool | None:
        return action != "search" or not self.field.has_focus

    def action_search(self) -> None:
        self.add_class("-searching")
        self.field.focus()

    async def action_step_back(self) -> None:
        if self.field.has_focus:
            self.set_class(bool(self.field.value), "-searching")
            self.reader.focus()
        elif self.field.value:
            self.field.value = ""
            self.remove_class("-searching")
        elif hasattr(self.screen, "action_back"):
            await self.screen.run_action("back")
        else:
            await self.run_action("app.back")
