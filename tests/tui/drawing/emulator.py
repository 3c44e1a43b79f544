"""A strict terminal: it shows what pyte shows, and refuses what its kind does not understand.

On top of pyte 0.8.2, which is put right where it is not what terminals are:

* pyte knows neither dim nor conceal; here they are a part of the colour's name;
* a wide character of which one half is written over leaves a blank, as with xterm and VTE;
* pyte drops the rest of a text after a joiner or a variation selector; here it joins the
  character before it, as an accent does;
* pyte has no REP; and it knows no terminal that erases in its own colours only (no bce).

What a kind understands is written down here anew, from the manuals, so that nothing depends
on what the program believes.
"""

import re
import unicodedata
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any

import pyte
from pyte import modes
from pyte.screens import Char
from wcwidth import wcwidth

_SEQUENCES = re.compile(
    r"\x1b\[(?P<private>[<=>?]?)(?P<parameters>[\d;:]*)(?P<between>[ -/]*)(?P<final>[@-~])"
    r"|\x1b\](?P<string>[^\x07\x1b]*)(?:\x07|\x1b\\)"
    r"|\x1b(?P<escape>[ -/]*[0-~])"
    r"|(?P<control>[\x00-\x1f\x7f-\x9f])"
    r"|(?P<text>[^\x00-\x1f\x7f-\x9f]+)"
)
_COLOURS = {*range(30, 38), 39, *range(40, 48), 49}
_BRIGHT = {*range(90, 98), *range(100, 108)}
_VT100_SGR = frozenset({0, 1, 4, 5, 7})
_VT220_SGR = _VT100_SGR | {22, 24, 25, 27}
_LINUX_SGR = _VT220_SGR | _COLOURS | {2}


@dataclass(frozen=True)
class Kind:
    """What terminals of a name understand: final letters, SGR numbers, private modes."""

    finals: str
    renditions: frozenset[int]
    modes: frozenset[int]
    codec: str = "utf-8"
    bce: bool = True
    strings: bool = False


_VT220_FINALS = "ABCDHJKmrX"
KINDS: dict[str, Kind] = {
    "vt100": Kind("ABCDHJKmr", _VT100_SGR, frozenset({7}), "ascii", bce=False),
    "vt220": Kind(_VT220_FINALS, _VT220_SGR, frozenset({7, 25}), "iso8859-1", bce=False),
    "linux": Kind(_VT220_FINALS + "Gd", _LINUX_SGR, frozenset({7, 25})),
    "screen": Kind(
        "ABCDHJKmrGd", _LINUX_SGR, frozenset({7, 25, 1049, 2004}), bce=False, strings=True
    ),
    "tmux-256color": Kind(
        "ABCDHJKmrGd",
        _LINUX_SGR | _BRIGHT | {3, 8, 9, 23, 28, 29, 38, 48},
        frozenset({7, 25, 1049, 2004}),
        bce=False,
        strings=True,
    ),
    "xterm-256color": Kind(
        _VT220_FINALS + "Gd",
        _LINUX_SGR | _BRIGHT | {3, 8, 9, 23, 28, 29, 38, 48},
        frozenset({7, 25, 1049, 2004}),
        strings=True,
    ),
}
#: A real xterm, which also repeats.
KINDS["xterm"] = Kind(
    KINDS["xterm-256color"].finals + "b",
    KINDS["xterm-256color"].renditions - {38, 48},
    KINDS["xterm-256color"].modes,
    strings=True,
)


class NotUnderstood(AssertionError):
    """The terminal was sent what its kind does not understand."""


class _Screen(pyte.Screen):
    """pyte's screen, put right (see the module)."""

    def __init__(
        self, columns: int, lines: int, bce: bool = True, width_of: Callable[[str], int] = wcwidth
    ) -> None:
        self._bce, self._width_of = bce, width_of
        super().__init__(columns, lines)

    def draw(self, data: str) -> None:
        for character in data:
            self._draw(character, self._width_of(character))

    def _draw(self, character: str, width: int) -> None:
        line = self.buffer[self.cursor.y]
        if width < 1:
            self._join(character)
            return
        if self.cursor.x + width > self.columns:
            if modes.DECAWM in self.mode:
                self.carriage_return()
                self.linefeed()
                line = self.buffer[self.cursor.y]
            else:
                self.cursor.x = self.columns - width
        x = self.cursor.x
        self._break(x)
        self._break(x + width)
        line[x] = self.cursor.attrs._replace(data=character)
        if width == 2:
            line[x + 1] = self.cursor.attrs._replace(data="")
        self.cursor.x = x + width

    def _break(self, x: int) -> None:
        """Blank the halves of a wide character that is cut before this column."""
        line = self.buffer[self.cursor.y]
        if 0 < x < self.columns and line[x].data == "":
            for half in (x - 1, x):
                line[half] = line[half]._replace(data=" ")

    def _join(self, mark: str) -> None:
        line, x = self.buffer[self.cursor.y], self.cursor.x - 1
        if x > 0 and line[x].data == "":
            x -= 1
        if x >= 0:
            line[x] = line[x]._replace(data=line[x].data + mark)

    def repeat(self, count: int) -> None:
        """Write the character before the cursor again (REP)."""
        last = self.buffer[self.cursor.y][self.cursor.x - 1].data
        self.draw(last * count)

    def erase_characters(self, count: int | None = None) -> None:
        x = self.cursor.x
        self._break(x)
        self._break(x + (count or 1))
        self._erasing(super().erase_characters, count)

    def erase_in_line(self, how: int = 0, private: bool = False) -> None:
        self._break(self.cursor.x)
        self._erasing(super().erase_in_line, how)

    def erase_in_display(self, how: int = 0, *args: Any, **kwargs: Any) -> None:
        self._erasing(super().erase_in_display, how)

    def _erasing(self, erase: Callable[[Any], None], how: Any) -> None:
        """Erase in the background that is set, or in none; never with attributes."""
        attributes = self.cursor.attrs
        ground = attributes.bg if self._bce else "default"
        self.cursor.attrs = self.default_char._replace(bg=ground.split(" ")[-1])
        erase(how)
        self.cursor.attrs = attributes

    def select_graphic_rendition(self, *attrs: int) -> None:
        words = {"fg": set(self.cursor.attrs.fg.split()[:-1])}
        words["bg"] = set(self.cursor.attrs.bg.split()[:-1])
        self.cursor.attrs = _plain(self.cursor.attrs)
        super().select_graphic_rendition(*attrs)
        index = 0
        while index < len(attrs):
            number = attrs[index]
            index += {5: 3, 2: 5}.get(attrs[index + 1], 1) if number in (38, 48) else 1
            if number in (0, 22):
                words["fg"].discard("dim")
            if number in (0, 28):
                words["bg"].discard("hidden")
            if number in (2, 8):
                words["fg" if number == 2 else "bg"].add("dim" if number == 2 else "hidden")
        if not attrs:
            words = {"fg": set(), "bg": set()}
        self.cursor.attrs = self.cursor.attrs._replace(
            fg=" ".join((*words["fg"], self.cursor.attrs.fg)),
            bg=" ".join((*words["bg"], self.cursor.attrs.bg)),
        )


def _seen(cell: Char) -> Char:
    """Return a cell without what a blank does not show: terminals differ in what erasing leaves."""
    if cell.data == " " and not (cell.underscore or cell.reverse or cell.strikethrough):
        return Char(" ", bg=cell.bg.split()[-1])
    return cell._replace(data=unicodedata.normalize("NFC", cell.data))


def _plain(character: Char) -> Char:
    return character._replace(fg=character.fg.split()[-1], bg=character.bg.split()[-1])


@dataclass
class Terminal:
    """A terminal of one kind. `strict` refuses what it doesn't understand."""

    kind: str
    columns: int = 80
    lines: int = 24
    strict: bool = True
    width_of: Callable[[str], int] = wcwidth
    passed: list[str] = field(default_factory=list)

    def __post_init__(self) -> None:
        self._kind = KINDS[self.kind]
        self.screen = _Screen(self.columns, self.lines, self._kind.bce, self.width_of)
        self._stream = pyte.Stream(self.screen)
        self.screen.reset_mode(7, private=True)

    def feed(self, data: bytes | str) -> None:
        """Show these bytes; raises `NotUnderstood`. A string is taken as what it encodes."""
        if isinstance(data, bytes):
            data = data.decode(self._kind.codec)
        for match in _SEQUENCES.finditer(data):
            if self.strict:
                self._check(match)
            if match["final"] == "b":
                self.screen.repeat(int(match["parameters"] or 1))
            else:
                self._stream.feed(match[0])
        rest = _SEQUENCES.sub("", data)
        if rest:
            raise NotUnderstood(f"half a sequence: {rest!r}")

    def _check(self, match: "re.Match[str]") -> None:
        kind = self._kind
        if match["final"]:
            numbers = [int(number or 0) for number in match["parameters"].split(";")]
            if match["private"] == "?" and match["final"] in "hl":
                fine = set(numbers) <= kind.modes
            elif match["final"] == "m":
                fine = not match["private"] and self._renditions(numbers) <= kind.renditions
            else:
                fine = not match["private"] and match["final"] in kind.finals
            fine = fine and not match["between"]
        elif match["string"] is not None:
            fine = kind.strings
        elif match["escape"]:
            fine = match["escape"] == "M"
        elif match["control"]:
            fine = match["control"] in "\a\b\n\r"
        else:
            fine = True
        if not fine:
            raise NotUnderstood(f"{self.kind} is sent {match[0]!r}")

    @staticmethod
    def _renditions(numbers: list[int]) -> set[int]:
        found, index = set(), 0
        while index < len(numbers):
            found.add(numbers[index])
            colour = numbers[index] in (38, 48)
            index += {5: 3, 2: 5}[numbers[index + 1]] if colour else 1
        return found

    def cells(self) -> list[list[Char]]:
        """What is seen in each cell, line by line, composed (NFC)."""
        return [
            [_seen(self.screen.buffer[y][x]) for x in range(self.columns)]
            for y in range(self.lines)
        ]

    @property
    def text(self) -> str:
        """The characters on the screen, line by line."""
        return "\n".join("".join(cell.data for cell in line) for line in self.cells())
