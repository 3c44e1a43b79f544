"""Text on its way to the screen: the one safe helper, cells cut to a width, tones."""

from functools import lru_cache
from typing import Any, Literal

import textual.content
from rich._wrap import divide_line
from rich.cells import cell_len, get_character_cell_size, set_cell_size
from rich.segment import Segment
from rich.style import Style
from textual.content import Content

from models.language import current_language
from models.text import clean

#: How a piece of text is meant. A word or a sign always says the same as the colour.
Tone = Literal["", "quiet", "strong", "accent", "good", "warning", "error"]

TONES: dict[Tone, Style] = {
    "": Style(),
    "quiet": Style(dim=True),
    "strong": Style(bold=True),
    "accent": Style(color="cyan"),
    "good": Style(color="green"),
    "warning": Style(color="yellow"),
    "error": Style(color="red", bold=True),
}
#: The line under the cursor. Reverse video survives a terminal or a setting without colours.
CURSOR = Style(color="cyan", reverse=True)
CURSOR_ELSEWHERE = Style(bold=True, underline=True)
TITLE = Style(color="cyan", bold=True)
HEADER = Style(bold=True, underline=True)
KEY = Style(color="cyan", bold=True)

_LONGEST = 2_000
_NO_BREAKS = str.maketrans("\N{NO-BREAK SPACE}\N{NARROW NO-BREAK SPACE}", "__")
_signs = True


def divide_between_words(text: str, width: int, fold: bool = True) -> list[int]:
    """Return where the lines of a text begin after the first: never at a no-break space.

    Textual (8.2.8) breaks there as at any blank, and French has one before : ; ? ! and »,
    which would begin a line.
    """
    return divide_line(text.translate(_NO_BREAKS), width, fold)


textual.content.divide_line = divide_between_words  # type: ignore[attr-defined]


def safe(value: Any) -> Content:
    """Return any value as content that can be shown: no markup is read, nothing raw remains.

    The one way to show what came from outside (FACTS, "Textual and text from outside").
    Longer text than any screen holds is cut.
    """
    return Content(shown(value))


def shown(value: Any) -> str:
    """Return any value as one safe line of plain text."""
    return clean(str(value), _LONGEST)


@lru_cache(maxsize=8_192)
def fit(text: str, width: int, right: bool = False) -> str:
    """Return `text`, made safe, in exactly `width` cells; what is cut off ends in an ellipsis.

    Cells and not characters are counted: a Chinese character takes two, an accent none.
    """
    if width <= 0:
        return ""
    text = clean(text, _LONGEST)
    size = cell_len(text)
    if size > width:
        return set_cell_size(shorten(text, width), width)
    blank = " " * (width - size)
    return blank + text if right else text + blank


def toned(fitted: str, tone: Style) -> list[Segment]:
    """Return a text that `fit` has laid out, in a tone, and the blanks around it in none.

    A coloured blank looks like any other, and is written where the others are erased.
    """
    words = fitted.strip(" ")
    before = len(fitted) - len(fitted.lstrip(" ")) if words else len(fitted)
    after = len(fitted) - len(words) - before
    pieces = ((" " * before, Style()), (words, tone), (" " * after, Style()))
    return [Segment(text, style) for text, style in pieces if text]


def use_signs(wanted: bool) -> None:
    """Choose whether `signed` writes signs from now on, in the whole program."""
    global _signs
    _signs = wanted


def signed(sign: str, words: object) -> str:
    """Return words after their sign; alone where a screen reader would read the sign aloud."""
    return f"{sign} {words}" if _signs else str(words)


def is_accessible(widget: Any) -> bool:
    """Tell whether the console draws for a screen reader: words for signs, nothing drawn."""
    return bool(getattr(widget.app, "accessible", False))


def number(value: float) -> str:
    """Return a number as the current language writes it: `100 000`, `2,5`; one decimal at most."""
    if isinstance(value, int) and value < 1_000:
        return str(value)
    from babel.numbers import format_decimal  # 30 ms that no first picture needs

    written = format_decimal(value, "#,##0.#", locale=current_language())
    # The narrow space of French figures is missing from the fonts of many terminals.
    return written.replace("\u202f", "\u00a0")


def shorten(text: str, width: int) -> str:
    """Return a line of safe text with an ellipsis at its end, in at most `width` cells."""
    return _cut(text, width - 1) + "…"


def _cut(text: str, width: int) -> str:
    taken = 0
    for index, character in enumerate(text):
        taken += get_character_cell_size(character)
        if taken > width:
            return text[:index].rstrip()
    return text
