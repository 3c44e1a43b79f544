"""The fewest bytes that turn the picture a terminal shows into the one it should show.

Unchanged cells are skipped, or written again where that is shorter than to move over them;
of the ways to move the cursor, to change the pen and to blank cells the shortest is taken.
For large changes two more ways are tried in full, and the shortest of all is sent: to
scroll what has moved, and to begin with an empty screen.

Three things hold on every terminal of the ECMA-48 kind, and nothing more is relied on. Lines
don't wrap by themselves (the driver sees to it), but where the cursor stands after the last
column is not known. A character whose width terminals dispute is followed by an absolute
move, and a line that has one is drawn anew from there on whenever it changes. Nothing is
erased or scrolled but on the terminal's own ground, unless it is known to do so on others.
"""

import re
import unicodedata
from collections import Counter
from collections.abc import Iterator
from functools import lru_cache

from rich.cells import cell_len

from tui.drawing.abilities import Abilities
from tui.drawing.cells import Grid
from tui.drawing.pens import Pens

#: What is written shorter than character by character, by whether it can be erased, whether
#: it can be repeated, and whether nothing follows: blanks are erased, and moved over if need
#: be; other runs are repeated (of ASCII: on that alone terminals agree).
_SHORTER = {
    (True, False, False): re.compile(" {10,}"),
    (True, False, True): re.compile(" {10,}| {6,}$"),
    (True, True, False): re.compile(r" {10,}|([!-~])\1{5,}"),
    (True, True, True): re.compile(r" {10,}| {6,}$|([!-~])\1{5,}"),
    (False, True, False): re.compile(r"([ -~])\1{5,}"),
    (False, True, True): re.compile(r"([ -~])\1{5,}"),
}
_GAP = re.compile(" {4,}")
#: What most lines consist of: nothing of it has a disputed width.
_UNDISPUTED = re.compile(
    "[\x20-\x7e\xa0-\xac\xae-\u02ff\u0370-\u0482\u2010-\u2027\u2190-\u21ff\u2500-\u25fc]*"
)
#: So many blanks at the end of a line are no longer than erasing them.
_ERASED = 3
#: Columns from one stop of the tabulator to the next.
_TAB = 8
#: More bytes than any move takes.
_FAR = 1_000
#: Larger than any picture.
_MANY = 1_000_000
#: So many bytes of pens are worth another try, in the order of the pens.
_TURNED = 40
#: Where no more lines than these have changed, no other way is looked for.
_FEW = 3

#: A line of the screen: its cells and their pens.
Row = tuple[list[str], list[int]]


class Cursor:
    """Where the terminal's cursor stands and what it would write with; None for unknown."""

    __slots__ = ("pen", "x", "y")

    def __init__(self, x: int | None = None, y: int | None = None, pen: int | None = None) -> None:
        self.x, self.y, self.pen = x, y, pen


class Changes:
    """What one terminal shows, and how to change it.

    The picture is unknown at first, and after `forget`; the next change then paints all.
    """

    def __init__(self, abilities: Abilities, pens: Pens, width: int, height: int) -> None:
        self._abilities, self._pens = abilities, pens
        self._grid = Grid(width, height)
        self._known = False
        self._cursor = Cursor()
        self._cursor_shown: bool | None = None

    def forget(self) -> None:
        """Take nothing for granted that the terminal shows, nor where its cursor is."""
        self._known, self._cursor, self._cursor_shown = False, Cursor(), None

    def disturbed(self) -> None:
        """Take the cursor and the pen for unknown; the picture stands."""
        self._cursor = Cursor()

    def leave(self) -> str:
        """Return what sets the pen back to the terminal's own colours."""
        return self._pens.turn(self._cursor.pen, 0)

    def to(self, wanted: Grid, x: int, y: int, shown: bool) -> str:
        """Return what makes the terminal show a picture, with its cursor at `x` and `y`.

        From then on the terminal is taken to show it: what is returned must be sent, whole.
        A cursor that is not `shown` may stand anywhere.
        """
        if (wanted.width, wanted.height) != (self._grid.width, self._grid.height):
            self.forget()
        if self._known:
            best = self._shortest(wanted)
        else:
            best = self._anew(wanted)
        self._set_cursor(best, min(x, wanted.width - 1), y, shown)
        self._cursor, self._known = best.cursor, True
        return best.text

    def _set_cursor(self, drawing: "Drawing", x: int, y: int, shown: bool) -> None:
        if shown or not self._abilities.hides_cursor:
            drawing.move(x, y)
        if shown != self._cursor_shown and self._abilities.hides_cursor:
            drawing.add("\x1b[?25h" if shown else "\x1b[?25l")
        self._cursor_shown = shown

    def _shortest(self, wanted: Grid) -> "Drawing":
        rows = list(zip(self._grid.text, self._grid.pens, strict=True))
        changed = [
            y
            for y, (text, pens) in enumerate(rows)
            if text != wanted.text[y] or pens != wanted.pens[y]
        ]
        best = self._drawing()
        best.draw(rows, wanted, changed)
        if len(changed) > _FEW:
            if best.turned > _TURNED:
                drawing = self._drawing()
                drawing.draw(rows, wanted, changed, by_pens=True)
                best = min(best, drawing, key=_size_of)
            ways = [best]
            if best.size > _least(wanted):
                ways.append(self._anew(wanted, best.size))
            if self._abilities.scrolls:
                ways += self._scrolled(rows, wanted, changed, best.size // 2)
            best = min(ways, key=_size_of)
        self._keep(wanted, changed)
        return best

    def _drawing(self) -> "Drawing":
        cursor = Cursor(self._cursor.x, self._cursor.y, self._cursor.pen)
        return Drawing(self._abilities, self._pens, cursor)

    def _anew(self, wanted: Grid, most: int = _MANY) -> "Drawing":
        """Draw on an empty screen, in fewer bytes than `most` if that can be."""
        empty: Row = ([" "] * wanted.width, [0] * wanted.width)
        rows, lines = [empty] * wanted.height, range(wanted.height)
        best = self._drawing()
        best.clear()
        best.draw(rows, wanted, lines)
        if best.turned > _TURNED and best.size - best.turned < most:
            drawing = self._drawing()
            drawing.clear()
            drawing.draw(rows, wanted, lines, by_pens=True)
            best = min(best, drawing, key=_size_of)
        if not self._known:
            self._grid = Grid(wanted.width, wanted.height)
            self._keep(wanted, range(wanted.height))
        return best

    def _keep(self, wanted: Grid, changed: "range | list[int]") -> None:
        for y in changed:
            self._grid.text[y][:] = wanted.text[y]
            self._grid.pens[y][:] = wanted.pens[y]

    def _scrolled(
        self, rows: list[Row], wanted: Grid, changed: list[int], least: int
    ) -> "Iterator[Drawing]":
        """Yield what scrolling makes of it, if what has moved is worth so many bytes."""
        for top, bottom, up in _moves(rows, wanted, changed, least):
            drawing = self._drawing()
            drawing.scroll(top, bottom, up, wanted.height)
            moved = _moved(rows, top, bottom, up, wanted.width)
            drawing.draw(moved, wanted, range(wanted.height))
            yield drawing


def _moves(
    rows: list[Row], wanted: Grid, changed: list[int], least: int
) -> Iterator[tuple[int, int, int]]:
    """Yield the region and the way (lines up, negative for down) that may spare the most.

    What has moved must hold so many characters at least.
    """
    places: dict[str, list[int]] = {}
    for y, (text, _pens) in enumerate(rows):
        places.setdefault("".join(text), []).append(y)
    votes: Counter[int] = Counter()
    found: dict[int, list[int]] = {}
    for y in changed:
        line = "".join(wanted.text[y])
        if not (worth := len(line) - line.count(" ")):
            continue
        for place in places.get(line, ()):
            if up := place - y:
                votes[up] += worth
                found.setdefault(up, []).append(y)
    for up, worth in votes.most_common(1):
        if worth < least:
            return
        first, last = found[up][0], found[up][-1]
        yield (first, last + up, up) if up > 0 else (first + up, last, up)


def _moved(rows: list[Row], top: int, bottom: int, up: int, width: int) -> list[Row]:
    """Return the lines after a region was scrolled."""
    blank: list[Row] = [([" "] * width, [0] * width)] * abs(up)
    region = rows[top : bottom + 1]
    region = [*region[up:], *blank] if up > 0 else [*blank, *region[:up]]
    return [*rows[:top], *region, *rows[bottom + 1 :]]


class Drawing:
    """Something to be sent: moves, pens and cells in their order.

    `size` is in bytes, and `turned` how many of them change the pen.
    """

    def __init__(self, abilities: Abilities, pens: Pens, cursor: Cursor) -> None:
        self._abilities, self._pens = abilities, pens
        self.cursor = cursor
        self.turned = 0
        self._parts: list[str] = []
        self._wide = abilities.utf8

    @property
    def text(self) -> str:
        return "".join(self._parts)

    @property
    def size(self) -> int:
        return _size(self.text) if self._wide else len(self.text)

    def add(self, sequence: str) -> None:
        """Add something that neither moves the cursor nor changes the pen."""
        self._parts.append(sequence)

    # The whole screen

    def clear(self) -> None:
        """Make the screen empty, in the terminal's own colours."""
        self.turn(0)
        self.add("\x1b[2J")
        self.cursor.x = self.cursor.y = None  # some terminals go home

    def scroll(self, top: int, bottom: int, up: int, height: int) -> None:
        """Scroll a region of lines by so many, up or, where negative, down."""
        self.turn(0)
        whole = (top, bottom) == (0, height - 1)
        if not whole:
            self._set_region(f"{top + 1};{bottom + 1}")
        self.move(0, bottom if up > 0 else top)
        self.add("\n" * up if up > 0 else "\x1bM" * -up)
        if not whole:
            self._set_region("")

    def _set_region(self, region: str) -> None:
        self.add(f"\x1b[{region}r")
        self.cursor.x = self.cursor.y = None  # terminals go home, some emulators stay

    # Lines

    def draw(
        self, rows: list[Row], wanted: Grid, lines: "range | list[int]", by_pens: bool = False
    ) -> None:
        """Draw these lines of what is wanted over what the rows hold.

        They are drawn one after the other; `by_pens` all with one pen, then with the next.
        """
        later: dict[int, list[tuple[int, list[int]]]] = {}
        for y in lines:
            old_text, old_pens = rows[y]
            text, pens = wanted.text[y], wanted.pens[y]
            if old_text == text and old_pens == pens:
                continue
            x = min(_disputed(old_text), _disputed(text))
            if x < len(text):
                old_text, old_pens = self._wiped(x, y, old_text, old_pens)
            columns = _changed(old_text, old_pens, text, pens)
            if by_pens and x == len(text):
                for pen, part in _by_pen(columns, pens).items():
                    later.setdefault(pen, []).append((y, part))
            else:
                self._line(y, columns, text, pens)
        for pen in sorted(later, key=lambda pen: pen != self.cursor.pen):
            for y, part in later[pen]:
                self._line(y, part, wanted.text[y], wanted.pens[y])

    def _wiped(
        self, x: int, y: int, old_text: list[str], old_pens: list[int]
    ) -> tuple[list[str], list[int]]:
        """Erase a line from a column on; what stands there is not known. Return what it holds."""
        rest = len(old_text) - x
        if not self._abilities.erases_line:
            return old_text[:x] + ["\0"] * rest, old_pens[:x] + [0] * rest
        self.move(x, y)
        self.turn(0)
        self.add("\x1b[K")
        return old_text[:x] + [" "] * rest, old_pens[:x] + [0] * rest

    def _line(self, y: int, columns: list[int], text: list[str], pens: list[int]) -> None:
        """Draw these columns of a line."""
        tail = self._tail(text, pens)
        rest = [x for x in columns if x >= tail]
        if len(rest) <= _ERASED:
            rest = []
        else:
            columns = columns[: -len(rest)]
        for start, end in self._joined(_spans(columns, text), text, pens):
            self._reach(start, y, text, pens)
            self._write(start, end, y, text, pens)
        if rest:
            self._erase_from(tail, rest[0], y, pens)

    def _joined(
        self, spans: Iterator[tuple[int, int]], text: list[str], pens: list[int]
    ) -> Iterator[tuple[int, int]]:
        """Yield the spans, those in one that blanks part which are erased with them."""
        last: tuple[int, int] | None = None
        for start, end in spans:
            if last is not None and self._all_blank(last[1] - 1, start + 1, text, pens):
                last = (last[0], end)
                continue
            if last is not None:
                yield last
            last = (start, end)
        if last is not None:
            yield last

    def _all_blank(self, start: int, end: int, text: list[str], pens: list[int]) -> bool:
        """Tell whether these cells can be erased together."""
        pen = pens[start]
        return (
            self._abilities.erases_characters
            and self._pens.erased[pen]
            and all(cell == " " for cell in text[start:end])
            and all(other == pen for other in pens[start:end])
        )

    def _tail(self, text: list[str], pens: list[int]) -> int:
        """Return from where on the line is blank in one pen that erasing leaves behind."""
        width = len(text)
        pen = pens[-1]
        if text[-1] != " " or not self._pens.erased[pen] or not self._abilities.erases_line:
            return width
        x = width - 1
        while x and text[x - 1] == " " and pens[x - 1] == pen:
            x -= 1
        return x

    def _erase_from(self, tail: int, first: int, y: int, pens: list[int]) -> None:
        """Erase to the end of the line, from anywhere between two columns on."""
        self.turn(pens[tail])
        x = self.cursor.x if self.cursor.y == y else None
        if x is None or not tail <= x <= first:
            way, to = min(((self._way(to, y), to) for to in (first, tail)), key=_by_length)
            self._parts.append(way)
            self.cursor.x, self.cursor.y = to, y
        self._parts.append("\x1b[K")

    def _reach(self, x: int, y: int, text: list[str], pens: list[int]) -> None:
        """Get to a cell: by a move, or by writing what stands between once more."""
        here = self.cursor.x
        if self.cursor.y != y or here is None or here >= x:
            self.move(x, y)
            return
        way = self._way(x, y)
        shortest = len(way) + len(self._pens.turn(self.cursor.pen, pens[x]))
        start = x
        for stop, tabs in self._tabs(here, x):
            if x - stop <= shortest:
                length = len(tabs) + self._rewriting(stop, x, text, pens)
                if length < shortest or (length == shortest and not tabs):
                    shortest, start, way = length, stop, tabs
        self._parts.append(way)
        self.cursor.x = start
        self._write(start, x, y, text, pens)

    def _tabs(self, x: int, to: int) -> Iterator[tuple[int, str]]:
        """Yield this column, and the last one before another that tabs lead to, and the tabs."""
        yield x, ""
        stop = to - to % _TAB
        if stop > x and self._abilities.tabs:
            yield stop, "\t" * (stop // _TAB - x // _TAB)

    def _rewriting(self, start: int, end: int, text: list[str], pens: list[int]) -> int:
        """Return how many bytes it takes to write unchanged cells, up to the pen that follows."""
        pen, length = self.cursor.pen, 0
        if text[start] == "":
            return _FAR  # the cursor is in the middle of a wide character
        for x in range(start, end + 1):
            if pens[x] != pen:
                length += len(self._pens.turn(pen, pens[x]))
                pen = pens[x]
            if x < end:
                what = text[x]
                if not what.isascii():
                    if not _is_sure(what):
                        return _FAR
                    length += _size(what) if self._wide else 1
                else:
                    length += 1
        return length

    def _write(self, start: int, end: int, y: int, text: list[str], pens: list[int]) -> None:
        """Write cells from where the cursor is on."""
        width = len(text)
        x = start
        while x < end:
            pen = pens[x]
            stop = x + 1
            while stop < end and pens[stop] == pen:
                stop += 1
            self.turn(pen)
            run = "".join(text[x:stop])
            if run.isascii() and len(run) == stop - x:
                self._put_ascii(run, x, y, stop == end, stop == width)
            else:
                self._put_any(x, stop, y, text)
            x = stop
        if self.cursor.x == width:
            self.cursor.x = None

    def _put_ascii(self, run: str, x: int, y: int, last: bool, to_the_edge: bool) -> None:
        """Write a run of ASCII, some of it erased or repeated."""
        erases = self._abilities.erases_characters and self._pens.erased[self.cursor.pen or 0]
        shorter = _SHORTER.get((erases, self._abilities.repeats, last))
        done = 0
        for match in shorter.finditer(run) if shorter and len(run) > 5 else ():
            start, end = match.span()
            self._put(run[done:start], x + done, y)
            self.move(x + start, y)
            if erases and run[start] == " ":
                self.add(f"\x1b[{end - start}X")
            else:
                end -= to_the_edge and end == len(run)
                self.add(f"{run[start]}\x1b[{end - start - 1}b")
                self.cursor.x = x + end
            done = end
        self._put(run[done:], x + done, y)

    def _put(self, text: str, x: int, y: int) -> None:
        """Write text of as many cells as characters, all of undisputed width."""
        if text:
            self.move(x, y)
            self.add(text)
            self.cursor.x = x + len(text)

    def _put_any(self, start: int, end: int, y: int, text: list[str]) -> None:
        """Write cells that have more than ASCII."""
        here = start
        for x in range(start, end):
            if _is_sure(text[x]):
                continue
            after = x + 2 if text[x + 1 : x + 2] == [""] else x + 1
            self._put_cells(here, after, y, text)
            self.cursor.x = None
            here = after
        self._put_cells(here, end, y, text)

    def _put_cells(self, start: int, end: int, y: int, text: list[str]) -> None:
        if start < end:
            self.move(start, y)
            self.add("".join(text[start:end]))
            self.cursor.x = end

    # The cursor and the pen

    def turn(self, pen: int) -> None:
        """Write with this pen from now on."""
        if pen != self.cursor.pen:
            sequence = self._pens.turn(self.cursor.pen, pen)
            self._parts.append(sequence)
            self.turned += len(sequence)
            self.cursor.pen = pen

    def move(self, x: int, y: int) -> None:
        """Move the cursor to a cell."""
        if (self.cursor.x, self.cursor.y) != (x, y):
            self._parts.append(self._way(x, y))
            self.cursor.x, self.cursor.y = x, y

    def _way(self, x: int, y: int) -> str:
        """Return the shortest move from where the cursor is."""
        ways = [_position(x, y)]
        if self.cursor.y is not None and len(down := self._down(y - self.cursor.y, y)) < 6:
            ways += (down + along for along in self._along(self.cursor.x, x))
        return min(ways, key=len)

    def _down(self, lines: int, y: int) -> str:
        if not lines:
            return ""
        count = "" if abs(lines) == 1 else abs(lines)
        if lines > 0:
            ways = ["\n" * lines, f"\x1b[{count}B"]
        else:
            ways = ["\x1bM" * -lines, f"\x1b[{count}A"]
        if self._abilities.moves_to_row:
            ways.append(f"\x1b[{y + 1}d")
        return min(ways, key=len)

    def _along(self, x: int | None, to: int) -> Iterator[str]:
        if x == to:
            yield ""
            return
        if x is not None:
            count = "" if abs(to - x) == 1 else abs(to - x)
            yield f"\x1b[{count}C" if to > x else f"\x1b[{count}D"
            if to < x:
                yield "\b" * (x - to)
        yield "\r" if to == 0 else f"\r\x1b[{'' if to == 1 else to}C"
        if self._abilities.moves_to_column:
            yield f"\x1b[{to + 1}G"


def _least(wanted: Grid) -> int:
    """Return how many bytes any picture takes that begins with an empty screen, and more.

    Its characters, a move to each line, and one over each gap; not yet any pen.
    """
    size = 0
    for cells in wanted.text:
        if line := "".join(cells).strip():
            words = _GAP.split(line)
            size += sum(map(_size, words)) + 4 * len(words) - 2
    return size


def _size_of(drawing: Drawing) -> int:
    return drawing.size


def _by_length(way: tuple[str, int]) -> int:
    return len(way[0])


def _size(text: str) -> int:
    return len(text) if text.isascii() else len(text.encode("utf-8", "replace"))


def _position(x: int, y: int) -> str:
    if not x:
        return "\x1b[H" if not y else f"\x1b[{y + 1}H"
    return f"\x1b[{y + 1 if y else ''};{x + 1}H"


def _changed(
    old_text: list[str], old_pens: list[int], text: list[str], pens: list[int]
) -> list[int]:
    """Return the columns in which two lines differ."""
    cells = enumerate(zip(old_text, old_pens, text, pens, strict=True))
    return [x for x, (was, had, what, pen) in cells if was != what or had != pen]


def _by_pen(columns: list[int], pens: list[int]) -> dict[int, list[int]]:
    """Return the columns by the pen that they are written with."""
    found: dict[int, list[int]] = {}
    for x in columns:
        found.setdefault(pens[x], []).append(x)
    return found


def _spans(columns: list[int], text: list[str]) -> Iterator[tuple[int, int]]:
    """Yield the runs of columns, no wide character cut in two."""
    start = end = -1
    for x in columns:
        if x < end:
            continue
        if x > end:
            if end > 0:
                yield start, end
            start = x - 1 if text[x] == "" else x
        # A right half is the same "" behind another character, and is no column of its own.
        end = x + 2 if text[x + 1 : x + 2] == [""] else x + 1
    if end > 0:
        yield start, end


def _disputed(text: list[str]) -> int:
    """Return where the first character stands that may reach further, or less far, than it
    should; the width where there is none. From there on a line that changes is drawn anew."""
    if _UNDISPUTED.fullmatch("".join(text)):
        return len(text)
    return next((x for x, cell in enumerate(text) if not _is_sure(cell)), len(text))


@lru_cache(maxsize=2_048)
def _is_sure(cell: str) -> bool:
    """Tell whether all terminals agree on the width of what stands in a cell."""
    if len(cell) != 1:
        return not cell  # the empty right half of a wide character
    code = ord(cell)
    if cell_len(cell) == 2:
        return (
            0x3041 <= code <= 0x30FF  # kana
            or 0x4E00 <= code <= 0x9FA5  # ideographs, as of the first Unicode
            or 0xAC00 <= code <= 0xD7A3  # Hangul
            or 0xFF01 <= code <= 0xFF60  # ASCII drawn wide
        )
    return code < 0x2E80 and not unicodedata.category(cell).startswith(("M", "C"))
