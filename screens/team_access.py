"""Gestion des accès: the team with the status of each access, and what can be done about it."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from functools import partial
from typing import ClassVar

from textual import on
from textual.message import Message

from models.language import N_, Wording, say, say_n
from screens.commands import bindings
from screens.facts import function_name, mission_name, role_name
from screens.print_forms import PrintingScreen
from screens.status_list import SENT_BEFORE, STATUS_KINDS, ListService, Looks, StatusListScreen
from screens.team_changes import ChangingScreen
from screens.widgets.table import Cell, Column, PagedTable, Row, Selection, Sort
from services import team_access
from services.access_rows import AccessRow
from services.findings import CONSENT_WORDS, STATUS_WORDS
from services.team_access import TeamQuery

_COLUMNS = (
    Column("status", N_("Status"), 24),
    Column("name", N_("Name"), 19, grow=3),
    Column("function", N_("Function"), 10, grow=1, priority=2),
    Column("email", N_("E-mail"), 17, grow=3, priority=1),
    Column("role", N_("Role"), 14, grow=1, priority=3),
    Column("consent", N_("Consent"), 14, priority=4, sortable=False),
    Column("missions", N_("Missions"), 16, grow=1, priority=5, sortable=False),
    Column("source", N_("Address from"), 20, grow=1, priority=6, sortable=False),
)


class TeamAccessScreen(StatusListScreen[AccessRow], ChangingScreen, PrintingScreen):
    """The team's list: sorted, filtered as one types, by status; everything starts from here."""

    BINDINGS = [
        *bindings("team.invite", "team.status", "team.mission", "team.role", "team.deactivate"),
        *bindings("team.doubles", "team.print", "person.why"),
    ]
    looks = Looks(
        "team-access",
        N_("Team access"),
        _COLUMNS,
        empty=N_("Nobody here yet. Import the staff records first: g, then m."),
        nothing_found=N_("Nobody matches. f shows other statuses, Esc all names."),
        search=N_("/ to search: name, e-mail or function"),
    )
    service: ClassVar[ListService] = team_access

    @dataclass
    class _Chosen(Message):
        """The people of a selection are known; `then` says what is to be done with them."""

        people: list[int]
        then: Callable[[Sequence[int]], None]

    # The list

    def query_for(self, text: str, sort: Sort) -> TeamQuery:
        return TeamQuery(
            *self.team, text, self._status, sort=sort.column, descending=sort.descending
        )

    def as_row(self, entry: AccessRow) -> Row:
        kind = STATUS_KINDS[entry.status]
        return Row(
            entry.person_id,
            (
                Cell(kind.text, kind.tone),
                entry.name,
                function_name(entry.function),
                entry.email or "–",
                role_name(entry.role),
                CONSENT_WORDS[entry.consent].text(),
                ", ".join(mission_name(code) for code in entry.missions),
                entry.email_source,
            ),
        )

    def told(self, entry: AccessRow) -> Wording:
        """Return two sentences: where things stand, and what everything rests on."""
        return _detail(entry)

    @on(ChangingScreen.Changed)
    def _look_again(self) -> None:
        self.read_again()

    # Doing

    @on(PagedTable.Opened)
    def _open(self, event: PagedTable.Opened) -> None:
        from screens.person import PersonScreen

        assert isinstance(event.row.key, int)
        self.app.push_screen(PersonScreen(self.workplace, event.row.key))

    def action_doubles(self) -> None:
        from screens.doubles import DoublesScreen

        self.app.push_screen(DoublesScreen(self.workplace))

    def action_invite(self) -> None:
        """Invite those selected, or the whole team; whoever was invited before is left out."""
        again = self._status in SENT_BEFORE
        if self.table.selection == Selection(filter=self.table.wanted) and self._status is None:
            self.invite()
            return
        self._with_people(lambda people: self.invite(people, again=again), everyone=True)

    def action_mission(self) -> None:
        self._with_people(lambda people: self.choose_mission(people, self._only(people)))

    def action_role(self) -> None:
        self._with_people(lambda people: self.choose_role(people, self._only(people)))

    def action_deactivate(self) -> None:
        self._with_people(lambda people: self.ask_reason(people, self._only(people)))

    def action_print(self) -> None:
        if self.may_print:
            self._with_people(partial(self.print_forms, self.workplace.desk, self.team))

    def _only(self, people: Sequence[int]) -> AccessRow | None:
        return self._rows.get(people[0]) if len(people) == 1 else None

    def _with_people(
        self, then: Callable[[Sequence[int]], None], *, everyone: bool = False
    ) -> None:
        """Do something with those selected, or the one on the line; or all that are listed."""
        chosen = self.table.selected_or_current
        if everyone and not self.table.selection.keys:
            chosen = Selection(all_matching=True, filter=self.table.wanted)
        if not chosen.all_matching:
            people = sorted(key for key in chosen.keys if isinstance(key, int))
            if people:
                then(people)
            return
        self.attempt(partial(self._choose, self.finder(chosen), then))

    def _choose(self, find: Callable[[], list[int]], then: Callable[[Sequence[int]], None]) -> None:
        self.post_message(self._Chosen(find(), then))

    @on(_Chosen)
    def _go_on(self, message: _Chosen) -> None:
        message.stop()
        if message.people:
            message.then(message.people)

    @on(PrintingScreen.Printed)
    def _tell_printed(self, message: PrintingScreen.Printed) -> None:
        message.stop()
        printed = message.printed
        told = say_n(
            "%(count)s form is in %(path)s. Have it signed, then record it: g, c, r.",
            "%(count)s forms are in %(path)s. Have them signed, then record them: g, c, r.",
            printed.count,
            path=str(printed.path),
        )
        self.app.notify(told.text(), timeout=20, markup=False)
        self.table.clear_selection()
        self.read_again()


def _detail(row: AccessRow) -> Wording:
    """Return two sentences about the line: where things stand, and what everything rests on."""
    stands = row.reason or STATUS_WORDS[row.status].label
    held = ", ".join(mission_name(code) for code in row.missions)
    facts = {"role": role_name(row.role), "source": row.email_source or "–", "stands": stands}
    if held:
        return say(
            "%(stands)s · Role: %(role)s (%(missions)s) · Address from %(source)s",
            missions=held,
            **facts,
        )
    return say("%(stands)s · Role: %(role)s · Address from %(source)s", **facts)
