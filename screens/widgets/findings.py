"""A short list of sentences with somewhere to go for each: Enter or the line's number."""

from collections.abc import Sequence
from dataclasses import dataclass
from textwrap import wrap

from rich.segment import Segment
from rich.style import Style
from textual import events
from textual.binding import Binding
from textual.geometry import Offset
from textual.message import Message
from textual.strip import Strip
from textual.widget import Widget

from models.language import N_, Wording, _
from screens.commands import bindings, command
from screens.key_names import key_name
from screens.widgets.text import CURSOR, CURSOR_ELSEWHERE, TONES, Tone, fit, shown, toned

_NUMBERED = 9
_MARGIN = 6


@dataclass(frozen=True, slots=True)
class FindingLine:
    """One thing to tell. `key` says to the screen where it leads, if it `leads` anywhere."""

    key: int
    sentence: Wording
    tone: Tone = ""
    leads: bool = True


class FindingList(Widget, can_focus=True):
    """Shows each sentence in full, on as many lines as it takes.

    What stands below the last line is told in it.
    """

    DEFAULT_CSS = "FindingList { height: 1fr; width: 100%; }"
    BINDINGS = [
        *bindings("list.open", "list.up", "list.down", "list.first", "list.last"),
        *[
            Binding(str(n), f"number({n})", command("findings.number").label, show=False,
                    id="findings.number")
            for n in range(1, _NUMBERED + 1)
        ],
    ]  # fmt: skip

    @dataclass
    class Highlighted(Message):
        """The cursor came to a line, or there is none."""

        line: "FindingLine | None"

    @dataclass
    class Chosen(Message):
        """Somebody wants to go where a line leads."""

        key: int

    def __init__(self, empty: str = N_("Nothing needs attention.")) -> None:
        super().__init__()
        self._empty = empty
        self._lines: tuple[FindingLine, ...] | None = None
        self._cursor = self._top = 0
        self._painted: list[tuple[int, str, Tone]] = []
        self._leads = False

    @property
    def lines(self) -> tuple[FindingLine, ...]:
        return self._lines or ()

    def show(self, lines: Sequence[FindingLine]) -> None:
        if tuple(lines) != self._lines:
            self._lines = tuple(lines)
            self._cursor = min(self._cursor, max(0, len(lines) - 1))
            self._lay_out()
            self.refresh()
            self._tell_line()

    def _tell_line(self) -> None:
        line = self.lines[self._cursor] if self.lines else None
        self.post_message(self.Highlighted(line))
        leads = line is not None and line.leads
        if leads != self._leads:
            self._leads = leads
            self.refresh_bindings()

    def check_action(self, action: str, parameters: tuple[object, ...]) -> bool | None:
        return action != "open" or self._leads

    def on_resize(self) -> None:
        self._lay_out()
        self.refresh()

    def language_changed(self) -> None:
        self._lay_out()
        self.refresh()

    def on_focus(self, event: events.Focus) -> None:
        self.refresh()

    def on_blur(self, event: events.Blur) -> None:
        self.refresh()

    def needed(self, width: int) -> int:
        """Return how many lines show all sentences in so many cells."""
        return max(1, len(self._wrapped(width)))

    def _lay_out(self) -> None:
        self._painted = self._wrapped(self.size.width)
        self._keep_in_view()

    def _wrapped(self, width: int) -> list[tuple[int, str, Tone]]:
        """Break the sentences into lines, each with the number of its finding."""
        width = max(20, width - _MARGIN - 1)
        painted: list[tuple[int, str, Tone]] = []
        for place, line in enumerate(self.lines):
            number = f"{place + 1:>3}" if place < _NUMBERED else "  ·"
            pieces = wrap(shown(line.sentence.text()), width)
            for part, text in enumerate(pieces):
                head = f"{number}  " if part == 0 else "     "
                painted.append((place, f"{head} {text}", line.tone))
        return painted

    def _keep_in_view(self) -> None:
        self._top = max(0, min(self._top, len(self._painted) - self.size.height))
        own = [y for y, (place, *_rest) in enumerate(self._painted) if place == self._cursor]
        if not own:
            self._top = 0
        elif own[0] < self._top:
            self._top = own[0]
        elif own[-1] >= self._top + self._room:
            self._top = max(0, own[-1] - self.size.height + 1)
            if self._more_below:
                self._top += 1
            self._top = min(self._top, own[0])  # one that is longer than the room: its beginning

    @property
    def _more_below(self) -> bool:
        below = len(self._painted) > self._top + self.size.height
        own = sum(place == self._cursor for place, *_rest in self._painted)
        return below and own < self.size.height

    @property
    def _room(self) -> int:
        """The lines for sentences: all but the last, where that tells of more below."""
        return self.size.height - self._more_below

    def _move_to(self, place: int) -> None:
        place = max(0, min(place, len(self.lines) - 1))
        if place != self._cursor:
            self._cursor = place
            self._keep_in_view()
            self.refresh()
            self._tell_line()

    @property
    def cursor_screen_offset(self) -> Offset:
        """The first cell of the sentence under the cursor."""
        own = [y for y, (place, *_rest) in enumerate(self._painted) if place == self._cursor]
        return self.content_region.offset + Offset(0, max(0, min(own, default=0) - self._top))

    def action_up(self) -> None:
        self._move_to(self._cursor - 1)

    def action_down(self) -> None:
        self._move_to(self._cursor + 1)

    def action_first(self) -> None:
        self._move_to(0)

    def action_last(self) -> None:
        self._move_to(len(self.lines) - 1)

    def action_open(self) -> None:
        self._choose(self._cursor)

    def action_number(self, number: int) -> None:
        self._move_to(number - 1)
        self._choose(number - 1)

    def _choose(self, place: int) -> None:
        if place < len(self.lines):
            self.post_message(self.Chosen(self.lines[place].key))

    def render_line(self, y: int) -> Strip:
        width = self.size.width
        if not self.lines:
            told = _("Reading…") if self._lines is None else _(self._empty)
            text = "   " + told if y == 0 else ""
            return Strip([Segment(fit(text, width), TONES["good" if self._lines == () else ""])])
        if self._more_below and y == self.size.height - 1:
            told = _("more below: %(down)s") % {"down": key_name("down")}
            return Strip(toned(fit(" " * _MARGIN + told, width), TONES["quiet"]), width)
        place = self._top + y
        if place >= len(self._painted):
            return Strip.blank(width)
        number, text, tone = self._painted[place]
        style: Style = TONES[tone]
        if number == self._cursor:
            style = CURSOR if self.has_focus else CURSOR_ELSEWHERE
        return Strip([Segment(fit(text, width), style)], width)
