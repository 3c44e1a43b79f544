"""How many there are of each kind, on a line or two above a list."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from rich.segment import Segment
from textual.strip import Strip
from textual.widget import Widget

from models.language import Wording
from screens.widgets.text import TONES, Tone, is_accessible, number, signed


@dataclass(frozen=True, slots=True)
class Kind:
    """A status or state: a sign that needs no colour, a word or two, and how it is meant.

    In the accessible style the word stands alone.
    """

    sign: str
    word: Wording
    tone: Tone = ""

    @property
    def text(self) -> str:
        return signed(self.sign, self.word)


class Counts(Widget):
    """How many are of each kind; the kind that the list is limited to stands in brackets.

    In words where they fit into `lines`, else by signs, else by signs close together; in the
    accessible style in words, on as many lines as they take. Kinds of which there are none
    are left out, or shown quietly with `zeros`.
    """

    DEFAULT_CSS = "Counts { height: 1; width: 100%; }"

    def __init__(self, kinds: Mapping[str, Kind], *, lines: int = 1, zeros: bool = False) -> None:
        super().__init__()
        self._kinds, self._lines, self._zeros = kinds, lines, zeros
        self._counts: dict[str, int] = {}
        self._chosen: str | None = None
        self.styles.height = lines

    def show(self, counts: dict[str, int], chosen: str | None) -> None:
        if (counts, chosen) != (self._counts, self._chosen):
            self._counts, self._chosen = counts, chosen
            self._make_room()
            self.refresh()

    def on_resize(self) -> None:
        self._make_room()

    def _make_room(self) -> None:
        if is_accessible(self) and self.size.width:
            self.styles.height = max(1, len(self._arranged(self.size.width, True, " ")))

    @property
    def next(self) -> str | None:
        """The kind after the chosen one of which there are any; None, for all, after the last."""
        used = [kind for kind in self._kinds if self._counts.get(kind)]
        order: list[str | None] = [None, *used]
        now = order.index(self._chosen) if self._chosen in order else 0
        return order[(now + 1) % len(order)]

    def language_changed(self) -> None:
        self.refresh()

    def render_line(self, y: int) -> Strip:
        width = self.size.width
        for named, gap in ((True, " "), (False, " "), (False, "")):
            found = self._arranged(width, named, gap)
            if len(found) <= self._lines or is_accessible(self):
                break
        return found[y].adjust_cell_length(width) if y < len(found) else Strip.blank(width)

    def _arranged(self, width: int, named: bool, gap: str) -> list[Strip]:
        """Return the counts on as many lines as they need."""
        lines = [Strip([Segment("  ")])]
        for kind in self._shown:
            piece = Strip([self._segment(kind, named, gap)])
            if lines[-1].cell_length + piece.cell_length > width:
                lines.append(Strip([Segment("  ")]))
            lines[-1] = Strip.join([lines[-1], piece])
        return lines

    @property
    def _shown(self) -> list[str]:
        if self._zeros:
            return list(self._kinds) if self._counts else []
        return [kind for kind in self._kinds if self._counts.get(kind) or kind == self._chosen]

    def _segment(self, name: str, named: bool, gap: str) -> Segment:
        kind, count, chosen = self._kinds[name], self._counts.get(name, 0), name == self._chosen
        text = f"{kind.text if named or chosen else kind.sign} {number(count)}"
        text = f"[{text}]" if chosen else f" {text}{gap}"
        return Segment(text, TONES[kind.tone if count or not self._zeros else "quiet"])
