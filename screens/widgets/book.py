"""A document by parts: what is drawn is laid out, and no more than that is kept.

A document of 10,000 lines is cut where nothing is torn apart, into parts of a hundred lines or
so. Each is read when it is shown, or counted, or searched.
"""

from __future__ import annotations

import re
import unicodedata
from collections import OrderedDict
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from functools import lru_cache
from typing import Literal

from screens.widgets.flow import PLAIN, STRONG, Around, Block, Flow, Grid, Line, Span, Unit
from screens.widgets.markdown import References, markdown_blocks, references_of, text_blocks
from screens.widgets.reader import Paragraph
from screens.widgets.text import TONES, shown

Media = Literal["markdown", "text"]

#: How long a part is in lines of the source, and what none exceeds.
WANTED, MOST = 60, 200
#: What none exceeds in characters; a longer line is cut.
MOST_CHARACTERS = 12_000
#: Parts that are held as blocks and as lines: the one on the screen and its neighbours.
_HELD = 4

_NEW_PARAGRAPH = re.compile(r"#|[^\W\d_]")
_FENCE = re.compile(r" {0,3}(`{3,}|~{3,})")
_UNDER_HEAD = re.compile(r"[ \t>]*\|?[ \t]*:?-+:?[ \t]*(\|[ \t]*:?-+:?[ \t]*)*\|?[ \t]*$")


@dataclass(frozen=True, slots=True)
class Part:
    """Some lines of the source; `apart` from the part before by an empty line."""

    lines: tuple[str, ...]
    apart: bool = True


@dataclass(frozen=True, slots=True)
class Measure:
    """What is known of a part once it was laid out: its lines, its texts, its headings."""

    lines: int
    texts: tuple[str, ...]
    headings: tuple[int, ...]


@dataclass(frozen=True, slots=True, order=True)
class Match:
    """Where something that was looked for begins."""

    part: int
    unit: int
    place: int


class Book:
    """A document, to be shown to a width. What is read `aloud` has words for its signs.

    `above` are blocks of ours that stand before the text, such as `facts` makes.
    """

    def __init__(
        self,
        text: str,
        media: Media = "markdown",
        *,
        aloud: bool = False,
        above: Sequence[Block] = (),
    ) -> None:
        source = text.replace("\r\n", "\n").replace("\r", "\n").replace("\f", "\n").rstrip()
        marked = media == "markdown"
        lines = list(_cut_lines(source.split("\n")))
        self._media, self._aloud = media, aloud
        self._parts = list(markdown_parts(lines) if marked else text_parts(lines))
        self._above = list(above)
        if above:
            self._parts = [Part(()), *(self._parts if source else [])]
        self._references = references_of(source) if marked else References()
        self._blocks: OrderedDict[int, list[Block]] = OrderedDict()
        self._lines: OrderedDict[tuple[int, int], list[Line]] = OrderedDict()

    @property
    def parts(self) -> int:
        return len(self._parts)

    def again(self) -> None:
        """Forget what was read in another language."""
        self._blocks.clear()
        self._lines.clear()

    def lines(self, part: int, width: int) -> list[Line]:
        """Return the lines of a part; on the event loop only."""
        found = self._lines.get((part, width))
        if found is None:
            blocks = self._blocks.get(part)
            if blocks is None:
                blocks = self._blocks[part] = self._read(part)
            found = self._lines[part, width] = _laid(blocks, width)
        self._lines.move_to_end((part, width))
        for held in (self._blocks, self._lines):
            while len(held) > _HELD:
                held.popitem(last=False)
        return found

    def measure(self, part: int, width: int) -> Measure:
        """Return what is to be known of a part; in a thread."""
        blocks = self._read(part)
        units = [unit for block in blocks for unit in block.units]
        texts = tuple(fold(unit.text) for unit in units)
        headings = tuple(block.units[0].number for block in blocks if block.is_heading)
        return Measure(len(_laid(blocks, width)), texts, headings)

    def _read(self, part: int) -> list[Block]:
        source = self._parts[part]
        if self._above and part == 0:
            return self._above
        if self._media == "text":
            return text_blocks(source.lines)
        return markdown_blocks(
            "\n".join(source.lines),
            self._references,
            aloud=self._aloud,
            apart=part > 0 and source.apart,
        )


def facts(paragraphs: Sequence[Paragraph], first: int = 0) -> list[Block]:
    """Return what we say ourselves as blocks, to stand above a text or in its place.

    They are numbered from `first`: see `followed`.
    """
    return [
        Flow(
            Unit(number, (Span(shown(each.text), TONES[each.tone]),)),
            Around(rest=" " * each.hang, apart=each.apart and number > 0),
        )
        for number, each in enumerate(paragraphs, first)
    ]


def followed(blocks: Sequence[Block]) -> int:
    """Return the number of the first unit below some blocks."""
    return sum(len(block.units) for block in blocks)


def grid(head: Sequence[str], rows: Sequence[Sequence[str]], first: int) -> Grid:
    """Return a table of ours right below what stands above; it is numbered from `first`."""
    cells = [[shown(cell) for cell in row] for row in (head, *rows)]
    units = [
        tuple(
            Unit(first + y * len(head) + x, (Span(cell, STRONG if y == 0 else PLAIN),))
            for x, cell in enumerate(row)
        )
        for y, row in enumerate(cells)
    ]
    return Grid(units[0], tuple(units[1:]), (False,) * len(head))


def _laid(blocks: Sequence[Block], width: int) -> list[Line]:
    return [line for block in blocks for line in block.lines(width)]


# --- searching ----------------------------------------------------------------------------


def matches(texts: Sequence[Sequence[str]], wanted: str, most: int) -> list[Match]:
    """Return where the folded text `wanted` stands in the texts of the parts, in order."""
    found: list[Match] = []
    for part, units in enumerate(texts):
        for unit, text in enumerate(units):
            place = text.find(wanted)
            while place >= 0:
                found.append(Match(part, unit, place))
                if len(found) >= most:
                    return found
                place = text.find(wanted, place + len(wanted))
    return found


def fold(text: str) -> str:
    """Return a text as it is searched: without case and accents, each letter where it was."""
    if text.isascii():
        return text.lower().replace("\n", " ")
    return "".join(map(_fold_letter, text))


@lru_cache(maxsize=4_096)
def _fold_letter(letter: str) -> str:
    plain = unicodedata.normalize("NFD", letter)[0].lower()[:1]
    if plain in "\n\N{NO-BREAK SPACE}\N{NARROW NO-BREAK SPACE}":
        return " "
    return "'" if plain == "’" else plain


# --- parts --------------------------------------------------------------------------------


def _cut_lines(lines: Sequence[str]) -> Iterator[str]:
    """Yield lines none of which is too long for a part, cut at a blank if there is one."""
    for line in lines:
        while len(line) > MOST_CHARACTERS:
            end = line.rfind(" ", MOST_CHARACTERS // 2, MOST_CHARACTERS) + 1 or MOST_CHARACTERS
            yield line[:end]
            line = line[end:]
        yield line


def text_parts(lines: Sequence[str]) -> Iterator[Part]:
    current: list[str] = []
    size = 0
    for line in lines:
        if len(current) >= WANTED or size + len(line) > MOST_CHARACTERS:
            yield Part(tuple(current), apart=False)
            current, size = [], 0
        current.append(line)
        size += len(line) + 1
    yield Part(tuple(current), apart=False)


def markdown_parts(lines: Sequence[str]) -> Iterator[Part]:
    """Yield a document by parts that can be read by themselves.

    They begin with a paragraph or a heading at the margin, which ends every list and quote.
    Where none comes for long, a block of code or a table is gone on with in the next part.
    """
    current: list[str] = []
    fence, apart, size = "", True, 0
    for line in lines:
        if not fence and len(current) >= WANTED and _begins_anew(line, current):
            yield Part(tuple(current), apart)
            current, apart, size = [], True, 0
        elif len(current) >= MOST or (current and size + len(line) > MOST_CHARACTERS):
            yield Part(tuple(current), apart)
            current, apart = [fence] if fence else _head_of_table(current), False
            size = sum(map(len, current))
        current.append(line)
        size += len(line) + 1
        if found := _FENCE.match(line):
            fence = _after(fence, line, found.group(1))
    yield Part(tuple(current), apart)


def _begins_anew(line: str, before: Sequence[str]) -> bool:
    if before[-1].strip() or _NEW_PARAGRAPH.match(line) is None:
        return False
    above = next((each for each in reversed(before) if each.strip()), "")
    return not above.startswith("#")


def _after(fence: str, line: str, signs: str) -> str:
    """Return the line that opened the code one is in after a line of such signs."""
    if not fence:
        return line
    found = _FENCE.match(fence)
    assert found is not None
    closes = signs.startswith(found.group(1)) and not line.strip().strip(signs[0])
    return "" if closes else fence


def _head_of_table(before: Sequence[str]) -> list[str]:
    """Return the two lines that a table begins with, where one is being read."""
    begin = len(before)
    while begin and "|" in before[begin - 1]:
        begin -= 1
    head = list(before[begin : begin + 2])
    return head if len(head) == 2 and _UNDER_HEAD.match(head[1]) else []
