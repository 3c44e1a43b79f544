"""The list of plans: to apply, applied, undone; each can be opened, the applied ones undone."""

from __future__ import annotations

from dataclasses import dataclass
from functools import partial
from zoneinfo import ZoneInfo

from textual import on
from textual.app import ComposeResult
from textual.message import Message

from models.language import N_, _
from screens.commands import bindings
from screens.plan import PlanScreen, plan_calls
from screens.widgets.chrome import KeyBar, TitleBar
from screens.widgets.deeds import DeedScreen
from screens.widgets.filter import FilteredTable
from screens.widgets.table import Cell, Column, Page, PagedTable, Row, Sort
from screens.widgets.text import Tone
from screens.workplace import Workplace
from services import plans
from services.plans import PlanSummary

_STATES: dict[str, tuple[str, Tone]] = {
    "open": (N_("To apply"), "accent"),
    "refused": (N_("Not applicable"), "error"),
    "applied": (N_("Applied"), "good"),
    "undone": (N_("Undone"), "quiet"),
}
_COLUMNS = (
    Column("state", N_("State"), 12, sortable=False),
    Column("title", N_("Plan"), 28, grow=3, sortable=False),
    Column("lines", N_("Lines"), 6, priority=1, align="right", sortable=False),
    Column("at", N_("When"), 11, sortable=False),
    Column("actor", N_("Who"), 14, grow=1, priority=2, sortable=False),
)
# Times are told as the clocks of the field tell them.
_ZONE = ZoneInfo("Europe/Brussels")


class PlansScreen(DeedScreen[None]):
    """The latest plans, the newest first. Enter opens one, `u` undoes an applied one."""

    BINDINGS = [*bindings("plan.undo", "app.back")]

    @dataclass
    class _Undone(Message):
        plan_id: int

    def __init__(self, workplace: Workplace) -> None:
        super().__init__()
        self._workplace = workplace
        self._bar = TitleBar(N_("Plans"), *workplace.title)
        self._states: dict[int, str] = {}
        self._table = PagedTable(
            _COLUMNS,
            self._load,
            selectable=False,
            empty=N_("No plan yet. An import makes one: g, then m."),
        )

    def compose(self) -> ComposeResult:
        yield self._bar
        yield FilteredTable(self._table)
        yield KeyBar()

    def _load(self, offset: int, limit: int, wanted: str, _sort: Sort | None) -> Page:
        found = self._workplace.desk.read(plans.list_plans)
        self._states = {plan.id: plan.state for plan in found}
        rows = [_row(plan) for plan in found]
        if wanted:
            word = wanted.casefold()
            rows = [row for row in rows if any(word in _text(c).casefold() for c in row.cells)]
        return Page(rows[offset : offset + limit], len(rows))

    @on(PagedTable.Highlighted)
    def _keys_changed(self) -> None:
        self.refresh_bindings()

    def check_action(self, action: str, parameters: tuple[object, ...]) -> bool | None:
        if action == "undo":
            return self._states.get(self._current or 0) == "applied"
        return True

    @property
    def _current(self) -> int | None:
        row = self._table.row
        return row.key if row is not None and isinstance(row.key, int) else None

    @on(PagedTable.Opened)
    def _open(self, event: PagedTable.Opened) -> None:
        assert isinstance(event.row.key, int)
        school, year, who = self._workplace.title
        calls = plan_calls(self._workplace.desk, event.row.key)
        screen = PlanScreen(calls, school=school, year=year, who=who)
        self.app.push_screen(screen, lambda _outcome: self._table.reload())

    def action_undo(self) -> None:
        if (plan_id := self._current) is not None:
            self.attempt(partial(self._undo, plan_id), exclusive=True)

    def _undo(self, plan_id: int) -> None:
        self._workplace.desk.write(plans.undo, plan_id)
        self.post_message(self._Undone(plan_id))

    @on(_Undone)
    def _tell_undone(self) -> None:
        self.app.notify(_("Undone: everything is as it was before the plan."), markup=False)
        self._table.reload()

    def failed(self, error: Exception) -> None:
        super().failed(error)
        self._table.reload()


def _row(plan: PlanSummary) -> Row:
    word, tone = _STATES[plan.state]
    latest = plan.undone_at or plan.applied_at or plan.created_at
    when = latest.astimezone(_ZONE).strftime("%d/%m %H:%M")
    lines = str(sum(plan.levels.values()))
    return Row(plan.id, (Cell(_(word), tone), plan.title.text(), lines, when, plan.actor))


def _text(cell: str | Cell) -> str:
    return cell if isinstance(cell, str) else cell.text
