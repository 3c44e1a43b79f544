"""A text longer than the screen, wrapped to its width and read by the line or the page."""

from collections.abc import Sequence
from dataclasses import dataclass
from textwrap import wrap

from textual.strip import Strip
from textual.widget import Widget

from models.language import _
from screens.commands import bindings
from screens.key_names import key_name
from screens.widgets.text import TONES, Tone, fit, shown, toned

_MARGIN = 3


@dataclass(frozen=True, slots=True)
class Paragraph:
    """A piece of text in one tone, with an empty line before it where `apart`.

    What does not fit on its first line begins `hang` cells further in; where the text itself
    is indented, two cells further than it.
    """

    text: str
    tone: Tone = ""
    apart: bool = True
    hang: int = 0

    def lines(self, width: int) -> list[str]:
        """Return the text on lines of at most so many cells."""
        text = shown(self.text)
        indent = len(text) - len(text.lstrip(" "))
        return wrap(text, width, subsequent_indent=" " * (indent + 2 if indent else self.hang))


class Reader(Widget, can_focus=True):
    """Shows paragraphs. What stands below the last line is told in it."""

    DEFAULT_CSS = "Reader { height: 1fr; width: 100%; }"
    BINDINGS = [*bindings("text.up", "text.down", "text.page-up", "text.page-down")]

    def __init__(self, paragraphs: Sequence[Paragraph] = ()) -> None:
        super().__init__()
        self._paragraphs = tuple(paragraphs)
        self._lines: list[tuple[str, Tone]] = []
        self._top = 0

    def show(self, paragraphs: Sequence[Paragraph]) -> None:
        """Show another text from its beginning."""
        self._paragraphs, self._top = tuple(paragraphs), 0
        self._wrap()
        self.refresh()

    def needed(self, width: int) -> int:
        """Return how many lines show the whole text in so many cells."""
        return len(self._wrapped(width))

    def on_resize(self) -> None:
        self._wrap()
        self.refresh()

    def _wrap(self) -> None:
        self._lines = self._wrapped(self.size.width)
        self._top = min(self._top, self._last_top)

    def _wrapped(self, width: int) -> list[tuple[str, Tone]]:
        lines: list[tuple[str, Tone]] = []
        for paragraph in self._paragraphs:
            if paragraph.apart and lines:
                lines.append(("", ""))
            wrapped = paragraph.lines(max(20, width - 2 * _MARGIN))
            lines += [(line, paragraph.tone) for line in wrapped]
        return lines

    @property
    def _last_top(self) -> int:
        return max(0, len(self._lines) - self.size.height + 1)

    def _move(self, lines: int) -> None:
        top = max(0, min(self._top + lines, self._last_top))
        if top != self._top:
            self._top = top
            self.refresh()

    def action_up(self) -> None:
        self._move(-1)

    def action_down(self) -> None:
        self._move(1)

    def action_page_up(self) -> None:
        self._move(2 - self.size.height)

    def action_page_down(self) -> None:
        self._move(self.size.height - 2)

    def render_line(self, y: int) -> Strip:
        width = self.size.width
        if y == self.size.height - 1:
            more = len(self._lines) - self._top - y
            values = {"down": key_name("down"), "page_down": key_name("pagedown")}
            told = _("more below: %(down)s or %(page_down)s") % values if more > 0 else ""
            return Strip(toned(fit(" " * _MARGIN + told, width), TONES["quiet"]), width)
        place = self._top + y
        if place >= len(self._lines):
            return Strip.blank(width)
        text, tone = self._lines[place]
        return Strip(toned(fit(" " * _MARGIN + text, width), TONES[tone]), width)
