"""A line that says how far long work is: count, rate, time left."""

from dataclasses import dataclass

from rich.segment import Segment
from rich.style import Style
from textual.strip import Strip
from textual.widget import Widget

from models.language import Wording, _
from screens.widgets.text import fit, is_accessible, number

_BAR = 28


@dataclass(frozen=True, slots=True)
class Reading:
    """How far some work is: `seconds` since it began, `state` as in `screens.progress`."""

    title: Wording
    done: int
    total: int | None
    seconds: float
    state: str = "running"

    @property
    def rate(self) -> float:
        """Pieces a second since the start."""
        return self.done / self.seconds if self.seconds > 0 else 0.0

    @property
    def seconds_left(self) -> float | None:
        if self.total is None or not self.rate:
            return None
        return max(0, self.total - self.done) / self.rate

    @property
    def percent(self) -> int | None:
        """Whole per cent, rounded down, so that 100 means done."""
        return 100 * self.done // self.total if self.total else None

    def counted(self) -> str:
        """Return count, rate and time left in words."""
        if self.state == "stopping":
            return _("Stopping…")
        if self.total is None:
            parts = [_("%(done)s done") % {"done": number(self.done)}]
        else:
            values = {"done": number(self.done), "total": number(self.total)}
            parts = [_("%(done)s of %(total)s") % values]
        if self.rate:
            rate = round(self.rate) if self.rate >= 10 else round(self.rate, 1)
            parts.append(_("%(rate)s a second") % {"rate": number(rate)})
        if (left := self.seconds_left) is not None:
            parts.append(_("%(time)s left") % {"time": duration(left)})
        return " · ".join(parts)

    def short(self) -> str:
        """Return the few words for the title bar."""
        percent = self.percent
        return f"{self.title.text()} {percent} %" if percent is not None else self.title.text()


def duration(seconds: float) -> str:
    """Return a stretch of time as people say it: `7 s`, `3 min`, `1 h 20`."""
    whole = round(seconds)
    if whole < 90:
        return f"{whole} s"
    minutes = round(whole / 60)
    return f"{minutes} min" if minutes < 90 else f"{minutes // 60} h {minutes % 60:02d}"


class ProgressLine(Widget):
    """Two lines: a bar with its per cent, and count, rate and time left."""

    DEFAULT_CSS = "ProgressLine { height: 2; width: 100%; }"

    def __init__(self, reading: Reading) -> None:
        super().__init__()
        self._reading = reading

    def show(self, reading: Reading) -> None:
        if reading != self._reading:
            self._reading = reading
            self.refresh()

    def language_changed(self) -> None:
        self.refresh()

    def render_line(self, y: int) -> Strip:
        width = self.size.width
        if y == 1:
            return Strip([Segment(fit(self._reading.counted(), width))], width)
        percent = self._reading.percent
        if is_accessible(self):
            said = f"{percent} %" if percent is not None else self._reading.title.text()
            return Strip([Segment(fit(said, width))], width)
        full = _BAR * (percent or 0) // 100
        accent = Style(color="cyan")
        segments = [Segment("█" * full, accent), Segment("░" * (_BAR - full), Style(dim=True))]
        segments.append(Segment(f" {percent} %" if percent is not None else ""))
        return Strip(segments).adjust_cell_length(width)
