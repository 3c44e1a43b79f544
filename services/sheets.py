"""What our PDFs have in common: A4 sheets, their type and colours, text that fits its room."""

from dataclasses import dataclass
from datetime import UTC, date, datetime, time
from pathlib import Path

from fpdf import FPDF
from fpdf.enums import MethodReturnValue

from models.text import clean

_FONTS = Path(__file__).parent / "fonts"
_FONT = "Noto Sans"
_UNPRINTABLE = "\ufffd"
_LONGEST = 320  # an address has 254 characters at most; the rest gets what fits
#: Millimetres in a point.
POINT = 25.4 / 72
_LEADING = 1.36  # line height as a multiple of the size of the type

INK = (28, 32, 38)
QUIET = (92, 100, 110)
ACCENT = (31, 73, 110)
LINE = (150, 158, 168)
TINT = (242, 245, 249)


@dataclass(frozen=True)
class Lines:
    """A text broken into lines of one size, in points, and style ("" or "B" for bold)."""

    lines: tuple[str, ...]
    size: float
    style: str

    @property
    def leading(self) -> float:
        return self.size * POINT * _LEADING

    @property
    def height(self) -> float:
        return len(self.lines) * self.leading


class Sheets(FPDF):
    """The document: its type, and text that keeps within the room it is given.

    `today` is the day it was made on, as the file itself says; `title` what it is called.
    """

    def __init__(self, today: date, title: str, language: str, *, landscape: bool = False) -> None:
        super().__init__("landscape" if landscape else "portrait", unit="mm", format="A4")
        self.set_auto_page_break(False)
        self.set_margins(0, 0, 0)
        self.c_margin = 0
        self.set_creation_date(datetime.combine(today, time(), tzinfo=UTC))
        self.set_title(title)
        self.set_lang(language)
        self._covered: dict[str, frozenset[int]] = {}
        for style, file in (("", "NotoSans-Regular.ttf"), ("B", "NotoSans-Bold.ttf")):
            self.add_font(_FONT, style, _FONTS / file)
            self.set_font(_FONT, style)
            self._covered[style] = frozenset(self.current_font.cmap)  # type: ignore[union-attr]
        self._broken: dict[tuple[str, float, float, str], tuple[str, ...]] = {}

    def printable(self, text: str, style: str = "") -> str:
        """Return outside text cleaned, with U+FFFD for every letter the type has not."""
        covered = self._covered[style]
        cleaned = clean(text[: 4 * _LONGEST], _LONGEST)
        return "".join(c if ord(c) in covered else _UNPRINTABLE for c in cleaned)

    def fit(
        self, text: str, width: float, sizes: tuple[float, ...], most: int, style: str = ""
    ) -> Lines:
        """Break a text into at most `most` lines, in the largest of `sizes` that allows it.

        Where none does, the text is cut and ends with an ellipsis.
        """
        printable = self.printable(text, style)
        for size in sizes:
            lines = self._break(printable, width, size, style)
            if len(lines) <= most:
                return Lines(lines, size, style)
        last = self._cut(lines[most - 1], width, size, style)
        return Lines((*lines[: most - 1], last), size, style)

    def flow(self, text: str, width: float, size: float, style: str = "") -> Lines:
        """Break one of our own texts into as many lines as it takes."""
        return Lines(self._break(text, width, size, style), size, style)

    def put(
        self,
        text: Lines,
        x: float,
        y: float,
        *,
        colour: tuple[int, int, int] = INK,
        right: bool = False,
    ) -> float:
        """Draw lines with the top of the first at `y`; return where the next may begin.

        `x` is their left end, or with `right` their right one.
        """
        self.set_font(_FONT, text.style, text.size)
        self.set_text_color(*colour)
        for line in text.lines:
            start = x - self.get_string_width(line) if right else x
            self.text(start, y + text.size * POINT * 1.04, line)
            y += text.leading
        return y

    def width_of(self, text: Lines) -> float:
        """Return the width of the longest of the lines."""
        self.set_font(_FONT, text.style, text.size)
        return max(self.get_string_width(line) for line in text.lines)

    def _break(self, text: str, width: float, size: float, style: str) -> tuple[str, ...]:
        # Most texts are the same on every sheet, and breaking them takes the most time.
        key = (text, width, size, style)
        if key not in self._broken:
            self.set_font(_FONT, style, size)
            self._broken[key] = self._break_anew(text, width)
        return self._broken[key]

    def _break_anew(self, text: str, width: float) -> tuple[str, ...]:
        if self.get_string_width(text) <= width:
            return (text,)
        lines = self.multi_cell(
            width, text=text, align="L", dry_run=True, output=MethodReturnValue.LINES
        )
        return tuple(line.rstrip() for line in lines)  # type: ignore[union-attr]

    def _cut(self, line: str, width: float, size: float, style: str) -> str:
        self.set_font(_FONT, style, size)
        while line and self.get_string_width(line + "…") > width:
            line = line[:-1]
        return line.rstrip() + "…"
