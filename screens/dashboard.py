"""The first screen after signing in: where things stand and what needs attention."""

from __future__ import annotations

from dataclasses import dataclass
from functools import partial

from rich.segment import Segment
from textual import on
from textual.app import ComposeResult
from textual.message import Message
from textual.strip import Strip
from textual.widget import Widget

from models.language import N_, Wording, _, ngettext, say, say_n
from screens.commands import PLACES, allowed, bindings, places_for
from screens.widgets.chrome import KeyBar, Sentence, TitleBar
from screens.widgets.deeds import DeedScreen
from screens.widgets.findings import FindingLine, FindingList
from screens.widgets.text import HEADER, TONES, Tone, fit, is_accessible, number, toned
from screens.workplace import Workplace
from services.attention import AttentionLine
from services.dashboard import Overview, overview
from services.findings import STATUS_WORDS

_PLACES = {place.id: place.title for place in PLACES}
#: Causes that keep somebody from working; the rest can wait.
_PRESSING = (
    "night_missed", "refused", "bounced", "held", "no_school_year", "no_school", "duplicate",
)  # fmt: skip
_STATUS_TONES: dict[str, Tone] = {
    "active": "good",
    "no_address": "warning",
    "no_consent": "warning",
    "duplicate": "warning",
    "no_role": "warning",
    "refused": "error",
    "bounced": "error",
    "expired": "warning",
    "deactivated": "quiet",
    "ended": "quiet",
}
#: A sign, a figure and the longest words of a status.
_COUNT_WIDTH = 38
#: The most lines of counts below their heading.
_COUNT_LINES = 5


class StatusCounts(Widget):
    """How many people have each status, in as many columns as fit; what is zero is left out."""

    DEFAULT_CSS = "StatusCounts { height: 3; width: 100%; margin-top: 1; }"

    def __init__(self) -> None:
        super().__init__()
        self._counts: dict[str, int] | None = None

    def show(self, counts: dict[str, int]) -> None:
        if counts != self._counts:
            self._counts = counts
            self._make_room()
            self.refresh()

    def on_resize(self) -> None:
        self._make_room()

    def language_changed(self) -> None:
        self.refresh()

    @property
    def _used(self) -> list[str]:
        return [status for status in STATUS_WORDS if (self._counts or {}).get(status)]

    @property
    def _columns(self) -> int:
        fitting = max(1, (self.size.width - 3) // _COUNT_WIDTH)
        return max(fitting, -(-len(self._used) // _COUNT_LINES))

    @property
    def _rows(self) -> int:
        return -(-len(self._used) // self._columns) or 1

    def _make_room(self) -> None:
        """Take the lines that the counts need, and leave the others to what stands above."""
        if self._counts is not None and self.size.width:
            self.styles.height = 1 + self._rows

    def render_line(self, y: int) -> Strip:
        width = self.size.width
        counts = self._counts or {}
        if y == 0:
            total = sum(counts.values())
            told = ngettext(
                "Where things stand: %(count)s access",
                "Where things stand: %(count)s accesses",
                total,
            )
            heading = fit(told % {"count": number(total)}, max(0, width - 3)).rstrip()
            return Strip([Segment("   "), Segment(heading, HEADER)]).adjust_cell_length(width)
        if y > self._rows:
            return Strip.blank(width)
        room = (width - 3) // self._columns
        segments = [Segment("   ")]
        for status in self._used[y - 1 :: self._rows]:
            words = STATUS_WORDS[status]
            if is_accessible(self):
                named = {"title": words.short, "text": number(counts[status])}
                text = _("%(title)s: %(text)s") % named
            else:
                text = f"{words.sign} {number(counts[status]):>4}  {words.short.text()}"
            segments += toned(fit(text, room - 2), TONES[_STATUS_TONES.get(status, "")])
            segments.append(Segment("  "))
        return Strip(segments).adjust_cell_length(width)


class DashboardScreen(DeedScreen[None]):
    """Where things stand in a school, or in all schools; what needs attention leads there."""

    DEFAULT_CSS = """
    DashboardScreen > #where { height: 1; padding: 0 3; text-style: bold; }
    DashboardScreen > #year { height: auto; padding: 0 3; }
    DashboardScreen > #next { height: auto; padding: 0 3; margin-top: 1; color: ansi_cyan; }
    DashboardScreen > #attention {
        height: auto; margin-top: 1; padding: 0 3; text-style: bold underline;
    }
    """
    BINDINGS = [*bindings("dashboard.all-schools", "app.refresh")]

    @dataclass
    class _Seen(Message):
        overview: Overview

    def __init__(self, workplace: Workplace) -> None:
        super().__init__()
        self._workplace = workplace
        self._bar = TitleBar(N_("Dashboard"), *workplace.title)
        self._where = Sentence("", id="where")
        self._year = Sentence("", id="year")
        self._next = Sentence("", id="next")
        self._attention = Sentence(N_("What needs attention"), id="attention")
        self._findings = FindingList()
        self._counts = StatusCounts()
        self._lines: tuple[AttentionLine, ...] = ()
        self._several = False

    def compose(self) -> ComposeResult:
        yield self._bar
        yield self._where
        yield self._year
        yield self._next
        yield self._attention
        yield self._findings
        yield self._counts
        yield KeyBar("app.search")

    def on_mount(self) -> None:
        self._next.display = False
        self._counts.display = allowed("team", self._workplace.role)
        self._findings.focus()

    def on_screen_resume(self) -> None:
        self._look()

    def action_refresh(self) -> None:
        self._look()

    def language_changed(self) -> None:
        self._look()

    # Reading

    def _look(self) -> None:
        here = self._workplace.here
        school_id = here.school_id if here else None
        year_id = here.school_year_id if here else None
        self.attempt(partial(self._read, school_id, year_id), reads=True)

    def _read(self, school_id: int | None, year_id: int | None) -> None:
        self.post_message(self._Seen(self._workplace.desk.read(overview, school_id, year_id)))

    @on(_Seen)
    def _show(self, message: _Seen) -> None:
        message.stop()
        seen = message.overview
        self._workplace.here = seen.here
        self._several = seen.schools > 1
        self._lines = seen.attention
        school, year, who = self._workplace.title
        self._bar.show(school=school, year=year, who=who)
        self._where.show(_where(seen))
        self._year.show(_year(seen))
        self._year.display = seen.here is not None
        self._next.show(seen.next_step or "")
        self._next.display = seen.next_step is not None
        lines = [_as_line(k, line, self._leads(line)) for k, line in enumerate(seen.attention)]
        self._findings.show(lines)
        self._counts.show(seen.counts)
        self.refresh_bindings()

    # Going

    @on(FindingList.Highlighted)
    def _tell_place(self, message: FindingList.Highlighted) -> None:
        message.stop()
        line = None if message.line is None else self._line(message.line.key)
        if line is None or not self._leads(line):  # the sentence itself says what to do
            self._attention.show(N_("What needs attention"))
            return
        place = Wording(_PLACES[line.go_to])
        self._attention.show(say("What needs attention (Enter: %(place)s)", place=place))

    @on(FindingList.Chosen)
    def _go(self, message: FindingList.Chosen) -> None:
        message.stop()
        line = self._line(message.key)
        if line is not None and self._leads(line):
            self._workplace.wish(line.go_to, line.status, line.text)
            self.app.go(line.go_to)  # type: ignore[attr-defined]

    def _leads(self, line: AttentionLine) -> bool:
        """Whether there is a place that a line leads to, and whoever looks may go there."""
        offered = places_for(getattr(self.app, "role", ""))
        return line.go_to in getattr(self.app, "places", {}) and any(
            place.id == line.go_to for place in offered
        )

    def _line(self, key: int) -> AttentionLine | None:
        """Return a line; None where the list has become shorter than it was when it was told."""
        return self._lines[key] if key < len(self._lines) else None

    def check_action(self, action: str, parameters: tuple[object, ...]) -> bool | None:
        if action == "all_schools":
            return self._several and self._workplace.here is not None
        return True

    def action_all_schools(self) -> None:
        self._workplace.here = None
        self._look()


def _where(seen: Overview) -> Wording | str:
    if seen.here is None:
        if not seen.schools:
            return N_("No school yet")
        return say_n(
            "%(count)s school: all together. g s chooses one.",
            "%(count)s schools: all together. g s chooses one.",
            seen.schools,
        )
    named = seen.here.identifier or "–"
    return say("%(school)s · %(identifier)s", school=seen.here.school, identifier=named)


def _year(seen: Overview) -> Wording | str:
    if seen.here is None:
        return ""
    if seen.here.year is None:
        return N_("No school year runs today: g y shows them.")
    year = seen.here.year
    return say(
        "%(year)s: %(first)s to %(last)s; access until %(ends)s",
        year=year.label,
        first=year.first_day,
        last=year.last_day,
        ends=year.access_ends,
    )


def _as_line(key: int, line: AttentionLine, leads: bool) -> FindingLine:
    tone: Tone = "error" if line.cause in _PRESSING else ""
    return FindingLine(key, line.sentence, tone, leads)
