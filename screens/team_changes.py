"""What a team's list and a person's page ask before they change something."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from functools import partial

from textual import on
from textual.app import ComposeResult
from textual.containers import Vertical
from textual.message import Message
from textual.widgets import Static

from models.language import N_, Wording, _, say, say_n
from models.roles import MISSIONS, ROLES, role_label
from models.text import clean, squeeze
from screens.commands import bindings
from screens.led_to import LedTo
from screens.plan import PlanScreen, plan_calls
from screens.sending import SendingScreen
from screens.widgets.ask import AskDialog
from screens.widgets.dialog import Dialog
from screens.widgets.table import Column, Page, PagedTable, Row, Sort
from screens.widgets.text import safe
from services import team_changes
from services.access_rows import AccessRow
from services.team_changes import LONGEST_REASON, TeamChange


class ChangeScreen(Dialog[TeamChange | None]):
    """Offer a few changes, one a line; the result is the one chosen, or None."""

    DEFAULT_CSS = """
    ChangeScreen > .dialog-box { width: 70; height: 80%; max-height: 21; }
    ChangeScreen Static { height: 1; }
    """
    BINDINGS = [*bindings("dialog.close")]

    def __init__(self, about: Wording | str, changes: Sequence[tuple[TeamChange, Wording]]) -> None:
        """`about` says whose access it is; each change comes with what it does, in words."""
        super().__init__()
        self._about, self._changes = about, tuple(changes)

    def compose(self) -> ComposeResult:
        columns = [Column("change", N_("What to change"), 40, grow=1, sortable=False)]
        with Vertical(classes="dialog-box") as box:
            box.border_title = safe(self._about)
            yield PagedTable(columns, self._load, selectable=False, at_once=True)
            yield Static(safe(_("Enter does what the line says   Esc closes")), classes="keys")

    def _load(self, offset: int, limit: int, wanted: str, sort: Sort | None) -> Page:
        rows = [Row(n, (label.text(),)) for n, (_change, label) in enumerate(self._changes)]
        return Page(rows[offset : offset + limit], len(rows))

    @on(PagedTable.Opened)
    def _choose(self, event: PagedTable.Opened) -> None:
        event.stop()
        assert isinstance(event.row.key, int)
        self.dismiss(self._changes[event.row.key][0])

    def action_close(self) -> None:
        self.dismiss(None)


class ReasonScreen(AskDialog[TeamChange]):
    """Ask why an access is deactivated; the result is the change, or None."""

    def __init__(self, about: Wording | str) -> None:
        question = say(
            "Why? The reason is shown to whoever asks later. "
            "The access ends at once, and an open invitation with it."
        )
        keys = say("Enter deactivates   Esc closes")
        super().__init__(about, question, keys, longest=LONGEST_REASON)

    def read(self, text: str) -> TeamChange | Wording:
        reason = squeeze(clean(text, LONGEST_REASON))
        return TeamChange("deactivate", reason) if reason else say("A few words are needed.")


def mission_changes(row: AccessRow | None) -> list[tuple[TeamChange, Wording]]:
    """Return what can be done with missions: for one person what makes sense, else all."""
    held = row.missions if row else ()
    given = [
        (TeamChange("give_mission", code), say("Give: %(mission)s", mission=kind.label))
        for code, kind in MISSIONS.items()
        if code not in held
    ]
    removed = [
        (TeamChange("remove_mission", code), say("Take away: %(mission)s", mission=kind.label))
        for code, kind in MISSIONS.items()
        if row is None or code in held
    ]
    return [*removed, *given] if row else [*given, *removed]


def role_changes() -> list[tuple[TeamChange, Wording]]:
    """Return the roles that can be set by hand, and how to take one away."""
    back = say("The role of the function: take away what was set by hand")
    return [
        *((TeamChange("set_role", role), role_label(role)) for role in ROLES),
        (TeamChange("set_role", ""), back),
    ]


class ChangingScreen(SendingScreen):
    """A screen from which accesses of a team are changed and invitations sent.

    What is done to one person is done at once and told with how to undo it; what is done
    to several is shown as a plan first.
    """

    @dataclass
    class Changed(Message):
        """Accesses were changed: what is shown has to be read again.

        `plan_id` is the plan by which one person was changed at once.
        """

        plan_id: int | None = None

    @dataclass
    class _Done(Message):
        text: Wording
        plan_id: int

    @dataclass
    class _ToApply(Message):
        plan_id: int

    led_to = LedTo()

    def choose_mission(self, people: Sequence[int], row: AccessRow | None) -> None:
        """Ask for a mission to give or take away; `row` where it is about one person."""
        self._ask(ChangeScreen(_about(people, row), mission_changes(row)), people)

    def choose_role(self, people: Sequence[int], row: AccessRow | None) -> None:
        self._ask(ChangeScreen(_about(people, row), role_changes()), people)

    def ask_reason(self, people: Sequence[int], row: AccessRow | None) -> None:
        """Deactivate after asking why; one person who is deactivated is reactivated instead."""
        if row is not None and row.status == "deactivated":
            self.change(people, TeamChange("reactivate"))
            return
        self._ask(ReasonScreen(_about(people, row)), people)

    def _ask(self, dialog: Dialog[TeamChange | None], people: Sequence[int]) -> None:
        def answered(wanted: TeamChange | None) -> None:
            if wanted is not None:
                self.change(people, wanted)

        self.app.push_screen(dialog, answered)

    def change(self, people: Sequence[int], wanted: TeamChange) -> None:
        if len(people) == 1:
            self.attempt(partial(self._change_one, people[0], wanted))
        elif people:
            self.attempt(partial(self._plan_many, people, wanted))

    def _change_one(self, person_id: int, wanted: TeamChange) -> None:
        from services import plans

        desk = self.workplace.desk
        plan_id = desk.write(team_changes.change_now, *self.team, person_id, wanted)
        (line,) = desk.read(plans.rows, plan_id, 0, 1)
        told = say("%(name)s: %(what)s", name=line.label, what=line.text)
        self.post_message(self._Done(told, plan_id))

    def _plan_many(self, people: Sequence[int], wanted: TeamChange) -> None:
        plan_id = self.workplace.desk.write(
            team_changes.plan_change, *self.team, set(people), wanted
        )
        self.post_message(self._ToApply(plan_id))

    @on(_Done)
    def _tell_done(self, message: _Done) -> None:
        message.stop()
        told = say("%(what)s. To undo it: g, p, then u.", what=message.text)
        self.app.notify(told.text(), timeout=10, markup=False)
        self.led_to = LedTo(plan_id=message.plan_id)
        self.post_message(self.Changed(message.plan_id))

    @on(_ToApply)
    def _show_change(self, message: _ToApply) -> None:
        message.stop()
        school, year, who = self.workplace.title
        screen = PlanScreen(
            plan_calls(self.workplace.desk, message.plan_id),
            close_when_applied=True,
            school=school,
            year=year,
            who=who,
        )
        self.app.push_screen(screen, partial(self._plan_closed, message.plan_id))

    def _plan_closed(self, plan_id: int, outcome: str | None) -> None:
        if outcome == "applied":
            self.led_to = LedTo(plan_id=plan_id)
        self.post_message(self.Changed())


def _about(people: Sequence[int], row: AccessRow | None) -> Wording | str:
    if row is not None:
        return row.name
    return say_n("%(count)s person selected", "%(count)s people selected", len(people))
