"""A strict terminal: what xterm does with the bytes that a program sends, and nothing more.

pyte leaves out what a thrifty program uses (repeat, the background of what is erased, a wide
character cut in two) and lets pass what it does not know. Here whatever is not understood
raises `NotUnderstood`, so that a test tells before a terminal does; and where the terminal is
of a `Kind`, so does whatever that kind does not understand.
"""

import re
from codecs import getincrementaldecoder
from collections.abc import Callable, Iterator
from functools import lru_cache
from typing import NamedTuple

from wcwidth import wcwidth

from tests.kinds import Kind

#: Attributes: foreground and background ("" the terminal's own, "0" to "255", or "#rrggbb"),
#: and the letters of those that are on: bold, dim, italic, underlined, flashing, reversed,
#: concealed, struck.
Look = tuple[str, str, str]
PLAIN: Look = ("", "", "")
_ON = {1: "b", 2: "d", 3: "i", 4: "u", 5: "f", 6: "f", 7: "r", 8: "c", 9: "s", 21: "u"}
_OFF = {22: "bd", 23: "i", 24: "u", 25: "f", 27: "r", 28: "c", 29: "s"}
#: What the second column of a wide character holds.
REST = ""
_LINES = dict(
    zip("`afgjklmnopqrstuvwxyz{|}~", "◆▒°±┘┐┌└┼⎺⎻─⎼⎽├┤┴┬│≤≥π≠£·", strict=True)
)  # fmt: skip
_TOKEN = re.compile(
    r"(?P<text>[^\x00-\x1f\x7f-\x9f]+)"
    r"|\x1b\[(?P<mark>[?><=]?)(?P<numbers>[\d;:]*)(?P<between>[ !$\"]?)(?P<final>[@-~])"
    r"|\x1b(?P<short>[78=>cDEMH])"
    r"|\x1b(?P<set>[()])(?P<charset>.)"
    r"|(?P<string>\x1b\][^\x07\x1b]*(?:\x07|\x1b\\))"
    r"|(?P<control>[\x07-\x0f])"
)
_UNFINISHED = re.compile(r"\x1b(?:[()]|\[[?><=]?[\d;:]*[ !$\"]?|\][^\x07\x1b]*\x1b?)?\Z")
#: Modes that change nothing of what is shown here.
_QUIET_MODES = frozenset({1, 12, 1000, 1002, 1003, 1004, 1006, 1015, 1016, 2004, 2026, 2048})


class NotUnderstood(AssertionError):
    """The program has sent what not every terminal takes as it was meant."""


class Cell(NamedTuple):
    """What stands in a column: a character with its marks, and how it looks."""

    text: str
    look: Look


@lru_cache(1024)
def _width(character: str) -> int:
    return wcwidth(character)


@lru_cache(4096)
def seen(cell: Cell) -> Cell:
    """Return a cell without what nobody sees: how a blank's missing ink looks."""
    if cell.text not in (" ", "\xa0"):
        return cell
    foreground, background, letters = cell.look
    if {"u", "r", "s"}.isdisjoint(letters):
        return Cell(" ", ("", background, ""))
    return Cell(" ", (foreground, background, letters))


@lru_cache(2048)
def _is_narrow(text: str) -> bool:
    """Tell whether each character fills one column."""
    return all(_width(character) == 1 for character in text)


class Emulator:
    """A screen of `columns` by `lines`, fed with bytes or text.

    `rows` are its lines of cells, `x` and `y` the cursor, counted from 0, `shows_cursor`
    whether it is seen. `received` counts the bytes that came. Of no `kind` it takes all that
    Textual writes.
    """

    def __init__(self, columns: int = 80, lines: int = 24, kind: Kind | None = None) -> None:
        self.columns, self.lines = columns, lines
        self._kind = kind
        self._fills = kind is None or kind.bce
        self.received = 0
        self._decode = getincrementaldecoder(kind.codec if kind else "utf-8")().decode
        self._rest = ""
        self._reset()

    def _reset(self) -> None:
        self.rows = self._empty()
        self._other = self._empty()
        self.alternate = False
        self.x = self.y = 0
        self.shows_cursor = True
        self._wraps, self._past_the_end = True, False
        self._look: Look = PLAIN
        self._saved = (0, 0, PLAIN)
        self._last = ""
        self._charsets, self._shift = {"(": "B", ")": "B"}, "("
        self._top, self._bottom = 0, self.lines - 1

    def _empty(self) -> list[list[Cell]]:
        return [[Cell(" ", PLAIN)] * self.columns for _line in range(self.lines)]

    @property
    def _blank(self) -> Cell:
        """What erasing leaves: the background, and nothing else of the attributes."""
        return Cell(" ", ("", self._look[1] if self._fills else "", ""))

    # What is seen

    @property
    def display(self) -> list[str]:
        """The characters of each line."""
        return ["".join(cell.text for cell in row) for row in self.rows]

    @property
    def text(self) -> str:
        """The characters on the screen, line by line."""
        return "\n".join(self.display)

    def cells(self) -> list[list[Cell]]:
        """Return what is seen in each column, line by line."""
        return [[seen(cell) for cell in row] for row in self.rows]

    def differences(self, other: "Emulator") -> Iterator[str]:
        """Yield in words where the two screens do not look the same."""
        for y, (mine, theirs) in enumerate(zip(self.rows, other.rows, strict=True)):
            if mine == theirs:
                continue
            for x, (one, two) in enumerate(zip(mine, theirs, strict=True)):
                if seen(one) != seen(two):
                    yield f"line {y} column {x}: {one} and {two}"
        if self.shows_cursor != other.shows_cursor:
            yield f"the cursor is seen: {self.shows_cursor} and {other.shows_cursor}"
        elif self.shows_cursor and (self.x, self.y) != (other.x, other.y):
            yield f"the cursor is at {self.x, self.y} and {other.x, other.y}"
        if self.alternate != other.alternate:
            yield f"the screen of programs: {self.alternate} and {other.alternate}"

    # What comes from the line

    def feed(self, data: bytes) -> None:
        self.received += len(data)
        self.write(self._decode(data))

    def write(self, text: str) -> None:
        """Take what a program sends; an unfinished sequence waits for its rest."""
        text, place = self._rest + text, 0
        self._rest = ""
        while found := _TOKEN.match(text, place):
            place = found.end()
            self._take(found)
        if place < len(text):
            if not _UNFINISHED.match(text, place):
                raise NotUnderstood(repr(text[place : place + 40]))
            self._rest = text[place:]

    @property
    def waits(self) -> bool:
        """Whether a part of a sequence has come, and its rest has not."""
        return bool(self._rest)

    def _take(self, found: "re.Match[str]") -> None:
        if self._kind and not self._kind.understands(found):
            raise NotUnderstood(f"{self._kind.name} is sent {found[0]!r}")
        if (drawn := found["text"]) is not None:
            self._draw(drawn)
            return
        if found["final"] != "b":
            self._last = ""
        if found["final"]:
            self._sequence(found)
        elif control := found["control"]:
            self._control(control)
        elif short := found["short"]:
            self._short(short)
        elif charset := found["charset"]:
            if charset not in "B0U":
                raise NotUnderstood(repr(found[0]))
            self._charsets[found["set"]] = charset

    def resize(self, columns: int, lines: int) -> None:
        """Become another size. What stays and where is each terminal's own affair, so that
        nothing of it may be relied upon: here it is rubbish."""
        self.columns, self.lines = columns, lines
        self.rows, self._other = self._empty(), self._empty()
        for y, row in enumerate(self.rows):
            for x in range(columns):
                row[x] = Cell("#%&"[(x + y) % 3], (str((x * 7 + y) % 8), "", ""))
        self.x, self.y = min(self.x, columns - 1), min(self.y, lines - 1)
        self._past_the_end = False
        self._top, self._bottom = 0, lines - 1

    # Characters

    def _draw(self, text: str) -> None:
        if self._charsets[self._shift] == "0":
            text = "".join(_LINES.get(character, character) for character in text)
        fits = self.x + len(text) <= self.columns and not self._past_the_end
        if fits and (text.isascii() or _is_narrow(text)):
            self._draw_run(text)
            return
        for character in text:
            self._draw_one(character)

    def _draw_run(self, text: str) -> None:
        row, look, start = self.rows[self.y], self._look, self.x
        end = start + len(text)
        self._cut(start)
        self._cut(end)
        row[start:end] = [Cell(character, look) for character in text]
        self._last = text[-1]
        self._stand_at(end)

    def _draw_one(self, character: str) -> None:
        width = _width(character)
        if width <= 0:
            self._mark(character)
            return
        self._last = character
        if self._past_the_end and self._wraps:
            self.x, self._past_the_end = 0, False
            self._line_feed()
        if self.x + width > self.columns:
            if width > self.columns:
                return
            if self._wraps:
                self.x = 0
                self._line_feed()
            else:
                self.x = self.columns - width
        row = self.rows[self.y]
        self._cut(self.x)
        self._cut(self.x + width)
        row[self.x] = Cell(character, self._look)
        if width == 2:
            row[self.x + 1] = Cell(REST, self._look)
        self._stand_at(self.x + width)

    def _mark(self, mark: str) -> None:
        """Put a mark on the character drawn before."""
        x = self.x if self._past_the_end else self.x - 1
        row = self.rows[self.y]
        if x > 0 and row[x].text == REST:
            x -= 1
        if x >= 0:
            row[x] = Cell(row[x].text + mark, row[x].look)

    def _cut(self, x: int) -> None:
        """Blank both halves of the wide character that a border before column `x` cuts."""
        row = self.rows[self.y]
        if 0 < x < self.columns and row[x].text == REST:
            row[x - 1] = Cell(" ", row[x - 1].look)
            row[x] = Cell(" ", row[x].look)

    def _stand_at(self, x: int) -> None:
        self._past_the_end = x >= self.columns
        self.x = min(x, self.columns - 1)

    # Controls

    def _control(self, control: str) -> None:
        if control == "\r":
            self._go(0, self.y)
        elif control == "\b":
            self._go(self.x - 1, self.y)
        elif control == "\t":
            self._go((self.x // 8 + 1) * 8, self.y)
        elif control in "\n\x0b\x0c":
            self._line_feed()
        elif control == "\x0e":
            self._shift = ")"
        elif control == "\x0f":
            self._shift = "("

    def _short(self, letter: str) -> None:
        if letter == "7":
            self._saved = (self.x, self.y, self._look)
        elif letter == "8":
            x, y, self._look = self._saved
            self._go(x, y)
        elif letter == "D":
            self._line_feed()
        elif letter == "E":
            self._go(0, self.y)
            self._line_feed()
        elif letter == "M":
            if self.y == self._top:
                self._scroll(-1)
            else:
                self._go(self.x, self.y - 1)
        elif letter == "c":
            self._reset()

    def _go(self, x: int, y: int) -> None:
        self.x = max(0, min(x, self.columns - 1))
        self.y = max(0, min(y, self.lines - 1))
        self._past_the_end = False

    def _line_feed(self) -> None:
        self._past_the_end = False
        if self.y == self._bottom:
            self._scroll(1)
        elif self.y < self.lines - 1:
            self.y += 1

    def _scroll(self, count: int, top: int | None = None) -> None:
        """Move the lines of the region up by `count`, or down where it is negative."""
        top = self._top if top is None else top
        region = self.rows[top : self._bottom + 1]
        moved = min(abs(count), len(region))
        fresh = [[self._blank] * self.columns for _line in range(moved)]
        kept = region[moved:] if count > 0 else region[: len(region) - moved]
        self.rows[top : self._bottom + 1] = kept + fresh if count > 0 else fresh + kept

    # Sequences

    def _sequence(self, found: "re.Match[str]") -> None:
        mark, final = found["mark"], found["final"]
        if found["between"]:
            if (mark, found["between"], final) not in (("?", "$", "p"), ("", " ", "q")):
                raise NotUnderstood(repr(found[0]))
            return
        if final == "m" and not mark:
            self._attributes(found["numbers"])
            return
        numbers = [int(number or 0) for number in found["numbers"].split(";")]
        if mark == "?" and final in "hl":
            for number in numbers:
                self._mode(number, final == "h")
        elif mark in "><=" and mark and final in "uq":
            pass  # keyboard protocols
        elif mark or final not in _SEQUENCES:
            raise NotUnderstood(repr(found[0]))
        else:
            _SEQUENCES[final](self, numbers)

    def _mode(self, number: int, on: bool) -> None:
        if number == 7:
            self._wraps = on
        elif number == 25:
            self.shows_cursor = on
        elif number in (47, 1047, 1049):
            self._switch(on)
        elif number not in _QUIET_MODES:
            raise NotUnderstood(f"mode {number}")

    def _switch(self, on: bool) -> None:
        if on == self.alternate:
            return
        if on:
            self._saved = (self.x, self.y, self._look)
        self.alternate = on
        self.rows, self._other = self._other, self.rows
        if on:
            self.rows = self._empty()
        else:
            x, y, self._look = self._saved
            self._go(x, y)

    def _attributes(self, numbers: str) -> None:
        foreground, background, letters = self._look
        parts = iter([int(part or 0) for part in numbers.replace(":", ";").split(";")])
        for part in parts:
            if part == 0:
                foreground, background, letters = PLAIN
            elif part in _ON:
                letters = "".join(sorted({*letters, _ON[part]}))
            elif part in _OFF:
                letters = "".join(letter for letter in letters if letter not in _OFF[part])
            elif part in (38, 39) or 30 <= part <= 37 or 90 <= part <= 97:
                foreground = _colour(part, 30, parts)
            elif part in (48, 49) or 40 <= part <= 47 or 100 <= part <= 107:
                background = _colour(part, 40, parts)
            else:
                raise NotUnderstood(f"attribute {part}")
        self._look = (foreground, background, letters)

    def _place(self, numbers: list[int]) -> None:
        line, column = [*numbers, 0][:2]
        self._go(max(column, 1) - 1, max(line, 1) - 1)

    def _erase_display(self, numbers: list[int]) -> None:
        blank = [self._blank] * self.columns
        what = numbers[0]
        if what == 0:
            self._erase_line([0])
            span = range(self.y + 1, self.lines)
        elif what == 1:
            self._erase_line([1])
            span = range(self.y)
        elif what in (2, 3):
            span = range(self.lines)
        else:
            raise NotUnderstood(f"erase display {what}")
        for y in span:
            self.rows[y] = list(blank)

    def _erase_line(self, numbers: list[int]) -> None:
        spans = {0: (self.x, self.columns), 1: (0, self.x + 1), 2: (0, self.columns)}
        if numbers[0] not in spans:
            raise NotUnderstood(f"erase line {numbers[0]}")
        self._erase(*spans[numbers[0]])

    def _erase(self, start: int, end: int) -> None:
        end = min(end, self.columns)
        self._cut(start)
        self._cut(end)
        self.rows[self.y][start:end] = [self._blank] * (end - start)
        self._past_the_end = False

    def _insert(self, count: int) -> None:
        row, count = self.rows[self.y], min(count, self.columns - self.x)
        self._cut(self.x)
        self._cut(self.columns - count)
        row[self.x :] = [self._blank] * count + row[self.x : self.columns - count]

    def _delete(self, count: int) -> None:
        row, count = self.rows[self.y], min(count, self.columns - self.x)
        self._cut(self.x)
        self._cut(self.x + count)
        row[self.x :] = row[self.x + count :] + [self._blank] * count

    def _shift_lines(self, count: int) -> None:
        if self._top <= self.y <= self._bottom:
            self._scroll(count, top=self.y)
            self.x, self._past_the_end = 0, False

    def _region(self, numbers: list[int]) -> None:
        top, bottom = [*numbers, 0][:2]
        top, bottom = max(top, 1) - 1, min(bottom or self.lines, self.lines) - 1
        if top < bottom:
            self._top, self._bottom = top, bottom
            self._go(0, 0)

    def _repeat(self, count: int) -> None:
        if not self._last:
            raise NotUnderstood("there is nothing right before it that could be repeated")
        self._draw(self._last * count)

    def _quiet(self, numbers: list[int]) -> None:
        """What asks the terminal something, or moves its window: nothing is to be seen."""


def _colour(part: int, base: int, parts: Iterator[int]) -> str:
    if part == base + 9:
        return ""
    if part == base + 8:
        kind = next(parts, None)
        if kind == 5:
            return str(next(parts))
        if kind == 2:
            return "#{:02x}{:02x}{:02x}".format(*(next(parts) for _colour in range(3)))
        raise NotUnderstood(f"colour {kind}")
    return str(part - base if part < base + 10 else part - base - 60 + 8)


def _first(numbers: list[int]) -> int:
    return max(numbers[0], 1)


_SEQUENCES: dict[str, Callable[[Emulator, list[int]], None]] = {
    "A": lambda screen, n: screen._go(screen.x, screen.y - _first(n)),
    "B": lambda screen, n: screen._go(screen.x, screen.y + _first(n)),
    "C": lambda screen, n: screen._go(screen.x + _first(n), screen.y),
    "D": lambda screen, n: screen._go(screen.x - _first(n), screen.y),
    "G": lambda screen, n: screen._go(_first(n) - 1, screen.y),
    "d": lambda screen, n: screen._go(screen.x, _first(n) - 1),
    "H": Emulator._place,
    "f": Emulator._place,
    "J": Emulator._erase_display,
    "K": Emulator._erase_line,
    "X": lambda screen, n: screen._erase(screen.x, screen.x + _first(n)),
    "@": lambda screen, n: screen._insert(_first(n)),
    "P": lambda screen, n: screen._delete(_first(n)),
    "L": lambda screen, n: screen._shift_lines(-_first(n)),
    "M": lambda screen, n: screen._shift_lines(_first(n)),
    "S": lambda screen, n: screen._scroll(_first(n)),
    "T": lambda screen, n: screen._scroll(-_first(n)),
    "b": lambda screen, n: screen._repeat(_first(n)),
    "r": Emulator._region,
    "c": Emulator._quiet,
    "n": Emulator._quiet,
    "t": Emulator._quiet,
}
