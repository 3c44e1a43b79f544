"""The one screen that shows any plan: every line, before and after, apply, undo.

It knows plans only by the callables it is given (`PlanCalls`), so that whatever computes a
plan can hand it over; `plan_calls` makes them for a desk.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from functools import partial
from textwrap import wrap
from typing import TYPE_CHECKING, Literal

from rich.segment import Segment
from textual import on
from textual.app import ComposeResult
from textual.message import Message
from textual.strip import Strip
from textual.widget import Widget

from models.language import N_, Wording, _, ngettext, say
from screens.commands import bindings
from screens.confirm import ConfirmScreen, TypedConfirmScreen
from screens.plan_words import column_name, is_told, value_text
from screens.widgets.chrome import KeyBar, Sentence, TitleBar
from screens.widgets.deeds import DeedScreen
from screens.widgets.table import Cell, Column, Page, PagedTable, Row, Sort
from screens.widgets.text import HEADER, TONES, Tone, fit, shown, toned

if TYPE_CHECKING:
    from services.desk import Desk
    from services.plans import Applied, PlanRow, PlanSummary

Outcome = Literal["applied", "undone"]

_LEVELS: dict[str, tuple[str, Tone]] = {
    "information": (N_("information"), ""),
    "warning": (N_("warning"), "warning"),
    "error": (N_("error"), "error"),
}
_STATES = {
    "open": N_("To apply"),
    "refused": N_("Cannot be applied"),
    "applied": N_("Applied"),
    "undone": N_("Undone"),
}
_COLUMNS = (
    Column("level", N_("Level"), 13, sortable=False),
    Column("label", N_("About"), 18, grow=1, sortable=False),
    Column("text", N_("What happens"), 22, grow=3, sortable=False),
)


@dataclass(frozen=True, slots=True)
class PlanCalls:
    """What the screen asks and does. Each is called in a thread.

    `rows` takes offset, limit and a level or None; `leave_out` a position and whether it is
    to be left out; `apply` the number typed where the plan asks for one, else "".
    """

    show: Callable[[], PlanSummary]
    rows: Callable[[int, int, str | None], Sequence[PlanRow]]
    leave_out: Callable[[int, bool], None]
    apply: Callable[[str], Applied]
    undo: Callable[[], Applied]


def plan_calls(desk: Desk, plan_id: int) -> PlanCalls:
    """Return the callables for a stored plan."""
    from services import plans

    return PlanCalls(
        show=lambda: desk.read(plans.show, plan_id),
        rows=lambda offset, limit, level: desk.read(plans.rows, plan_id, offset, limit, level),
        leave_out=lambda position, out: desk.write(plans.leave_out, plan_id, position, out),
        apply=lambda number: desk.write(plans.apply, plan_id, number),
        undo=lambda: desk.write(plans.undo, plan_id),
    )


class PlanScreen(DeedScreen[Outcome | None]):
    """Show a plan; the result is what became of it, or None if it was only looked at.

    `leaves_the_house` is the question asked before applying, for plans whose effect cannot be
    called back (mails); others are applied at once, for they can be undone. With
    `close_when_applied` the screen ends on success. `school`, `year` and `who` are for the
    title bar.
    """

    DEFAULT_CSS = """
    PlanScreen > #plan-title { height: auto; max-height: 2; padding: 0 3; text-style: bold; }
    PlanScreen > PlanCounts { height: 1; }
    PlanScreen > PlanDetail { height: 6; }
    """
    BINDINGS = [
        *bindings("plan.apply", "plan.undo", "plan.leave-out"),
        *bindings("plan.information", "plan.warnings", "plan.errors"),
        *bindings("app.back"),
    ]

    @dataclass
    class _Shown(Message):
        summary: PlanSummary

    @dataclass
    class _LeftOut(Message):
        summary: PlanSummary
        position: int

    @dataclass
    class _Ended(Message):
        outcome: Outcome
        result: Applied
        summary: PlanSummary

    def __init__(
        self,
        calls: PlanCalls,
        *,
        leaves_the_house: Wording | None = None,
        close_when_applied: bool = False,
        school: str | Wording = "",
        year: str = "",
        who: str = "",
    ) -> None:
        super().__init__()
        self._calls = calls
        self._leaves_the_house = leaves_the_house
        self._close_when_applied = close_when_applied
        self._bar = TitleBar(N_("Plan"), school, year, who)
        self._title = Sentence("", id="plan-title")
        self._counts = PlanCounts()
        self._detail = PlanDetail()
        self._rows: dict[int, PlanRow] = {}
        self._table = PagedTable(
            _COLUMNS,
            self._load,
            selectable=False,
            openable=False,
            empty=N_("This plan changes nothing. Esc goes back."),
            nothing_found=N_("No line of this level. The same key shows all lines again."),
        )
        self._summary: PlanSummary | None = None
        self._busy = False
        self._outcome: Outcome | None = None

    def compose(self) -> ComposeResult:
        yield self._bar
        yield self._title
        yield self._counts
        yield self._table
        yield self._detail
        yield KeyBar()

    # Reading

    def _load(self, offset: int, limit: int, level: str, sort: Sort | None) -> Page:
        summary = self._calls.show()
        found = self._calls.rows(offset, limit, level or None)
        if offset == 0:
            self._rows = {}
        self._rows = {**self._rows, **{row.position: row for row in found}}
        self.post_message(self._Shown(summary))
        total = summary.levels[level] if level else sum(summary.levels.values())
        return Page([_as_row(row) for row in found], total)

    @on(_Shown)
    def _show_summary(self, message: _Shown) -> None:
        self._take(message.summary)

    def _take(self, summary: PlanSummary) -> None:
        self._summary = summary
        state = Wording(_STATES[summary.state])
        self._title.show(Wording("%(title)s · %(state)s", {"title": summary.title, "state": state}))
        self._counts.show(summary, self._table.wanted)
        self.refresh_bindings()

    @on(PagedTable.Highlighted)
    def _show_detail(self, event: PagedTable.Highlighted) -> None:
        self._detail.show(self._rows.get(_position(event.row)) if event.row else None)

    # Levels

    def _only(self, level: str) -> None:
        self._table.search("" if self._table.wanted == level else level)
        if self._summary:
            self._counts.show(self._summary, self._table.wanted)

    def action_information(self) -> None:
        self._only("information")

    def action_warnings(self) -> None:
        self._only("warning")

    def action_errors(self) -> None:
        self._only("error")

    # Doing

    @property
    def awaits_another(self) -> bool:
        """It is being applied, and goes then: keys are for what comes (`tui.drawing.turns`)."""
        return self._busy and self._close_when_applied

    def check_action(self, action: str, parameters: tuple[object, ...]) -> bool | None:
        state = self._summary.state if self._summary else ""
        if action in ("apply", "leave_out"):
            return state == "open" and not self._busy
        if action == "undo":
            return state == "applied" and not self._busy
        return True

    def action_leave_out(self) -> None:
        if row := self._rows.get(_position(self._table.row)) if self._table.row else None:
            self._do(partial(self._leave_out, row.position, not row.left_out))
            self._table.action_down()

    def _leave_out(self, position: int, left_out: bool) -> None:
        self._calls.leave_out(position, left_out)
        self.post_message(self._LeftOut(self._calls.show(), position))

    @on(_LeftOut)
    def _show_left_out(self, message: _LeftOut) -> None:
        self._busy = False
        row = self._rows[message.position]
        self._rows[message.position] = row = _turned(row)
        self._table.replace_row(_as_row(row))
        self._take(message.summary)

    def action_apply(self) -> None:
        if not self._summary:
            return
        number = self._summary.confirm_number
        if number:
            self.app.push_screen(
                TypedConfirmScreen(N_("Apply the plan"), _mass_question(number), number),
                lambda yes: self._apply(number) if yes else None,
            )
        elif self._leaves_the_house:
            self.app.push_screen(
                ConfirmScreen(N_("Apply the plan"), self._leaves_the_house),
                lambda yes: self._apply("") if yes else None,
            )
        else:
            self._apply("")

    def _apply(self, number: str) -> None:
        self._do(partial(self._end, "applied", partial(self._calls.apply, number)))

    def action_undo(self) -> None:
        self._do(partial(self._end, "undone", self._calls.undo))

    def _end(self, outcome: Outcome, deed: Callable[[], Applied]) -> None:
        result = deed()
        self.post_message(self._Ended(outcome, result, self._calls.show()))

    @on(_Ended)
    def _show_end(self, message: _Ended) -> None:
        self._busy = False
        self._outcome = message.outcome
        if self._close_when_applied and message.outcome == "applied":
            self.dismiss(message.outcome)
            return
        self._take(message.summary)
        self.app.notify(_told(message.outcome, message.result), markup=False)

    def _do(self, deed: Callable[[], None]) -> None:
        self._busy = True
        self.refresh_bindings()
        self.attempt(deed)

    def failed(self, error: Exception) -> None:
        self._busy = False
        self.refresh_bindings()
        super().failed(error)
        self._table.reload()

    async def action_back(self) -> None:
        self.dismiss(self._outcome)

    def tell_line(self) -> list[str]:
        """Return everything that is known of the line under the cursor."""
        row = self._rows.get(_position(self._table.row)) if self._table.row else None
        return [text for text, _tone in _detail(row, 10_000, 10_000)] if row else []


class PlanCounts(Widget):
    """State, lines by level with their keys, lines left out; the level shown is underlined."""

    DEFAULT_CSS = "PlanCounts { height: 1; width: 100%; }"

    def __init__(self) -> None:
        super().__init__()
        self._summary: PlanSummary | None = None
        self._level = ""

    def show(self, summary: PlanSummary, level: str) -> None:
        if (summary, level) != (self._summary, self._level):
            self._summary, self._level = summary, level
            self._make_room()
            self.refresh()

    def language_changed(self) -> None:
        self._make_room()
        self.refresh()

    def on_resize(self) -> None:
        self._make_room()

    def _make_room(self) -> None:
        self.styles.height = len(self._lines())

    def _lines(self) -> list[Strip]:
        """Return the line; on a narrow screen with smaller gaps, or what was left out below."""
        if self._summary is None:
            return [Strip([])]
        for gap in ("   ", " "):
            line = Strip(self._segments(self._summary, gap))
            if line.cell_length <= self.size.width:
                return [line]
        *segments, out = self._segments(self._summary, " ")
        return [Strip(segments), Strip([Segment("  " + out.text)])]

    def render_line(self, y: int) -> Strip:
        lines = self._lines()
        width = self.size.width
        return lines[y].adjust_cell_length(width) if y < len(lines) else Strip.blank(width)

    def _segments(self, summary: PlanSummary, gap: str) -> list[Segment]:
        segments: list[Segment] = [Segment("   "[len(gap) :])]
        for key, (level, text) in enumerate(_counted(summary.levels).items(), 1):
            chosen = level == self._level
            tone = TONES[_LEVELS[level][1] if summary.levels[level] else "quiet"]
            segments.append(Segment(f"{gap[1:]}[{text}]" if chosen else f"{gap}{text}", tone))
            segments.append(Segment(f" ({key})", TONES["accent"]))
        if out := summary.left_out:
            text = ngettext("%(count)d left out", "%(count)d left out", out) % {"count": out}
            segments.append(Segment(gap + text))
        return segments


class PlanDetail(Widget):
    """The line under the cursor in full: the sentence, where it comes from, before → after."""

    DEFAULT_CSS = "PlanDetail { height: 6; }"

    def __init__(self) -> None:
        super().__init__()
        self._row: PlanRow | None = None

    def show(self, row: PlanRow | None) -> None:
        if row != self._row:
            self._row = row
            self.refresh()

    def language_changed(self) -> None:
        self.refresh()

    def render_line(self, y: int) -> Strip:
        width = self.size.width
        if y == 0:
            heading = Segment(fit(_("This line"), max(0, width - 3)).rstrip(), HEADER)
            return Strip([Segment("   "), heading]).adjust_cell_length(width)
        lines = _detail(self._row, self.size.height - 1, width - 6) if self._row else []
        y -= 1
        if y >= len(lines):
            return Strip.blank(width)
        text, tone = lines[y]
        return Strip(toned(fit("   " + text, width), TONES[tone]), width)


def _detail(row: PlanRow, height: int, width: int) -> list[tuple[str, Tone]]:
    """Return the lines of the detail: sentence, origin, then as many differences as fit."""
    about = f"{row.label} · {row.text.text()}" if row.label else row.text.text()
    said = wrap(shown(about), max(20, width))
    lines: list[tuple[str, Tone]] = [(part, "") for part in said[:3]]
    if row.file:
        at_line = {"file": row.file, "line": row.line}
        place = _("%(file)s, line %(line)d") % at_line if row.line else shown(row.file)
        lines.append((f"{place}, {row.column}" if row.column else place, "quiet"))
    room = height - len(lines)
    changes = [change for change in row.differences if is_told(change.column, change.table)]
    if len(changes) > room:
        rest = len(changes) - room + 1
        told = ngettext("and %(count)d more change", "and %(count)d more changes", rest)
        changes, more = changes[: max(0, room - 1)], told % {"count": rest}
    else:
        more = ""
    for change in changes:
        before, after = (
            value_text(value, change.column, change.table)
            for value in (change.before, change.after)
        )
        name = column_name(change.column, change.table)
        values = {"name": name, "before": before, "after": after}
        lines.append((_("%(name)s: %(before)s → %(after)s") % values, "accent"))
    if more:
        lines.append((more, "quiet"))
    return lines


def _counted(levels: dict[str, int]) -> dict[str, str]:
    """Return how many lines of each level there are, in words."""
    information, warnings, errors = (levels[level] for level in _LEVELS)
    return {
        "information": ngettext(
            "%(count)d line of information", "%(count)d lines of information", information
        ) % {"count": information},
        "warning": ngettext("%(count)d warning", "%(count)d warnings", warnings)
        % {"count": warnings},
        "error": ngettext("%(count)d error", "%(count)d errors", errors) % {"count": errors},
    }  # fmt: skip


def _as_row(row: PlanRow) -> Row:
    word, tone = _LEVELS[row.level]
    if row.left_out:
        return Row(row.position, (_("left out"), row.label, row.text.text()), "quiet")
    return Row(row.position, (Cell(_(word), tone), row.label, row.text.text()))


def _turned(row: PlanRow) -> PlanRow:
    return row._replace(left_out=not row.left_out)


def _position(row: Row | None) -> int:
    assert row is not None and isinstance(row.key, int)
    return row.key


def _mass_question(number: str) -> Wording:
    return say(
        "This plan touches a large share of the school’s people. "
        "Type the school’s FASE number, %(number)s, to apply it.",
        number=number,
    )


def _told(outcome: Outcome, result: Applied) -> str:
    done = [sum(part.values()) for part in (result.created, result.changed, result.removed)]
    values = dict(zip(("created", "changed", "removed"), done, strict=True))
    if outcome == "undone":
        return _("Undone: everything is as it was before the plan.")
    return (
        _("Applied: %(created)d created, %(changed)d changed, %(removed)d removed. u undoes it.")
        % values
    )
