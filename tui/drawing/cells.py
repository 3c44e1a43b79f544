"""The picture that the screen should show, as a grid of cells, read from what Textual writes.

Textual moves the cursor, sets a pen and writes text, whole regions at a time. All of it is
carried out here on a grid instead of a terminal; what then differs from the grid that the
terminal shows is the business of `changes`.
"""

import re
from collections.abc import Callable
from functools import lru_cache

from rich.cells import split_graphemes

from tui.drawing.pens import Pens

#: A run of text; SGR; a cursor position; another control sequence; a string sequence (OSC,
#: DCS and their like); an escape sequence; a control character.
_TOKENS = re.compile(
    r"([^\x00-\x1f\x7f-\x9f]+)"
    r"|\x1b\[([\d;:]{0,128})m"
    r"|\x1b\[(\d{0,5})(?:;(\d{0,5}))?H"
    r"|\x1b\[([0-?]{0,64}[ -/]{0,2}[@-~])"
    r"|(\x1b[]PX^_][^\x07\x1b]*(?:\x07|\x1b\\))"
    r"|(\x1b[ -/]*[0-OQ-WYZ\\`-~])"
    r"|([\x00-\x1f\x7f-\x9f])"
)
_TEXT, _PEN, _ROW, _COLUMN, _CONTROL, _STRING, _ESCAPE = range(1, 8)
#: Links, and the shape of a mouse's pointer: nothing that a cell shows.
_UNSEEN = ("\x1b]8;", "\x1b]22;")
#: A sequence whose end is still to come.
_UNFINISHED = re.compile(r"\x1b(?:\[[0-?]*[ -/]*|[]PX^_][^\x07\x1b]*\x1b?)?\Z")
#: The longest unfinished sequence that is waited for, in characters.
_PATIENCE = 65_536


class Grid:
    """A screen of cells: what stands in each, and the number of its pen.

    A blank keeps its pen though no colour shows on it, for the screens of the two drivers are
    compared to the last attribute. A cell holds one character with its accents. A wide
    character fills its cell and leaves the next one empty: `""` stands always and only to the
    right of a wide character.
    """

    __slots__ = ("height", "pens", "text", "width")

    def __init__(self, width: int, height: int) -> None:
        self.width, self.height = width, height
        self.text = [[" "] * width for _row in range(height)]
        self.pens = [[0] * width for _row in range(height)]

    def put(self, x: int, y: int, cells: tuple[str, ...] | str, pen: int) -> None:
        """Write cells from a place on; what would leave the line is cut off.

        Half of a wide character that is written over leaves a blank.
        """
        text, width = self.text[y], self.width
        if x + len(cells) > width:
            cut = tuple(cells[: width - x])
            if cells[width - x] == "" and cut:
                cut = (*cut[:-1], " ")
            cells = cut
        end = x + len(cells)
        if text[x] == "":
            text[x - 1] = " "
        if end < width and text[end] == "":
            text[end] = " "
        text[x:end] = cells
        self.pens[y][x:end] = [pen] * len(cells)

    def erase(self, x: int, y: int, end: int, pen: int) -> None:
        self.put(x, y, " " * (end - x), pen)

    def scroll(self) -> None:
        """Move every line up by one."""
        del self.text[0], self.pens[0]
        self.text.append([" "] * self.width)
        self.pens.append([0] * self.width)

    def line(self, y: int) -> str:
        """Return the text of a line, for people and tests."""
        return "".join(self.text[y])


@lru_cache(maxsize=1_024)
def _cells(text: str, shown: Callable[[str], str] | None) -> tuple[str, tuple[str, ...]]:
    """Return what joins the character before a run, and the cells of the run.

    Widths are Rich's, with which Textual lays out. `shown` gives what the terminal can show
    in the place of a cluster, as wide.
    """
    joins, cells = "", list[str]()
    for start, end, width in split_graphemes(text)[0]:
        cluster = text[start:end]
        if not width:
            joins += cluster  # only at the beginning of a run
            continue
        what = cluster if shown is None else shown(cluster)
        if width == len(what) and (width == 1 or what != cluster):
            cells += what  # not the two of a wide character and its accent
        else:
            cells += (what, "") if width == 2 else (what,)
    return joins, tuple(cells)


def _finished(data: str) -> int:
    """Return where the sequence begins that is cut at the end, else the length."""
    at = data.rfind("\x1b")
    if at < 0 or len(data) - at > _PATIENCE or not _UNFINISHED.match(data, at):
        return len(data)
    if at == len(data) - 1:  # perhaps half of the end of a string sequence
        before = data.rfind("\x1b", 0, at)
        if before >= 0 and _UNFINISHED.match(data, before):
            return before
    return at


class Reader:
    """Carries out on a grid what is written to it. `x` and `y` are where the cursor stands.

    `shown` gives what stands for a character that the terminal cannot show; None where it
    shows all. What is no part of a picture is kept in `passing` for the terminal, in order.
    """

    def __init__(self, grid: Grid, pens: Pens, shown: Callable[[str], str] | None = None) -> None:
        self.grid, self._pens, self._shown = grid, pens, shown
        self.x = self.y = 0
        self.cursor_shown = False
        self.passing: list[str] = []
        self._asked = self._pen = 0
        self._rest = ""

    def read(self, data: str) -> None:
        """Carry out some output. A sequence may be cut anywhere between two calls."""
        if self._rest:
            data, self._rest = self._rest + data, ""
        end = _finished(data)
        if end < len(data):
            data, self._rest = data[:end], data[end:]
        pens = self._pens
        for token in _TOKENS.finditer(data):
            kind = token.lastindex
            if kind == _TEXT:
                self._write(token[1])
            elif kind == _PEN:
                self._asked = pens.read(self._asked, token[2])
                self._pen = pens.drawn(self._asked)
            elif kind in (_COLUMN, _ROW):
                self._go(int(token[4] or 1) - 1, int(token[3] or 1) - 1)
            elif kind is not None:
                self._other(kind, token[0], token[kind])

    def moved_to(self, grid: Grid) -> None:
        """Go on with another grid, as after a change of the window."""
        self.grid = grid
        self._go(self.x, self.y)

    def _go(self, x: int, y: int) -> None:
        self.x = max(0, min(x, self.grid.width - 1))
        self.y = max(0, min(y, self.grid.height - 1))

    def _write(self, text: str) -> None:
        grid, x = self.grid, self.x
        cells: tuple[str, ...] | str = text
        if not text.isascii():
            joins, cells = _cells(text, self._shown)
            if joins:
                self._join(joins)
        if cells and x < grid.width:
            grid.put(x, self.y, cells, self._pen)
        self.x = min(x + len(cells), grid.width)

    def _join(self, marks: str) -> None:
        """Add accents to the character before the cursor."""
        text, x = self.grid.text[self.y], self.x - 1
        if x > 0 and text[x] == "":
            x -= 1
        if x >= 0 and self._shown is None:
            text[x] += marks

    def _other(self, kind: int, token: str, what: str) -> None:
        if kind == _CONTROL:
            self._control(token, what)
        elif kind in (_STRING, _ESCAPE):
            if not token.startswith(_UNSEEN):
                self.passing.append(token)
        elif what == "\n":
            self.x = 0
            if self.y + 1 < self.grid.height:
                self.y += 1
            else:
                self.grid.scroll()
        elif what == "\r":
            self.x = 0
        elif what == "\b":
            self.x = max(0, min(self.x, self.grid.width) - 1)
        elif what == "\a":
            self.passing.append(what)

    def _control(self, token: str, what: str) -> None:
        """Carry out a control sequence, or keep it for the terminal."""
        if what in ("?25h", "?25l"):
            self.cursor_shown = what == "?25h"
        elif what in ("?2026h", "?2026l"):
            pass  # a frame leaves at once, in one piece or in none
        elif (erase := _ERASES.get(what)) is not None:
            erase(self)
        elif what[-1] in "ABCDGd" and (what[:-1] or "1").isdecimal():
            self._step(int(what[:-1] or 1), what[-1])
        else:
            self.passing.append(token)

    def _step(self, count: int, way: str) -> None:
        x, y, count = min(self.x, self.grid.width - 1), self.y, max(1, count)
        places = {
            "A": (x, y - count), "B": (x, y + count), "C": (x + count, y), "D": (x - count, y),
            "G": (count - 1, y), "d": (x, count - 1),
        }  # fmt: skip
        self._go(*places[way])

    def _erase_line(self) -> None:
        x = min(self.x, self.grid.width - 1)
        self.grid.erase(x, self.y, self.grid.width, self._pen)

    def _erase_below(self) -> None:
        self._erase_line()
        for y in range(self.y + 1, self.grid.height):
            self.grid.erase(0, y, self.grid.width, self._pen)

    def _erase_all(self) -> None:
        for y in range(self.grid.height):
            self.grid.erase(0, y, self.grid.width, self._pen)


_ERASES: dict[str, Callable[[Reader], None]] = {
    "K": Reader._erase_line,
    "0K": Reader._erase_line,
    "J": Reader._erase_below,
    "0J": Reader._erase_below,
    "2J": Reader._erase_all,
}
