"""Gestion des accès: the team with the status of each access, and what can be done about it."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from functools import partial
from zoneinfo import ZoneInfo

from textual import on
from textual.app import ComposeResult
from textual.message import Message

from models.functions import FUNCTIONS, function_label
from models.language import N_, Wording, say, say_n
from models.roles import MISSIONS, ROLES, role_label
from screens.commands import bindings
from screens.print_forms import PrintingScreen
from screens.sending import SendingScreen
from screens.team_changes import ChangingScreen
from screens.widgets.chrome import KeyBar, Sentence, TitleBar
from screens.widgets.counts import Counts, Kind
from screens.widgets.filter import FilteredTable
from screens.widgets.table import Cell, Column, Page, PagedTable, Row, Selection, Sort
from screens.widgets.text import Tone
from screens.workplace import Workplace
from services import team_access
from services.access_rows import AccessRow
from services.findings import CONSENT_WORDS, STATUS_WORDS
from services.team_access import TeamQuery

_TONES: dict[str, Tone] = {
    "deactivated": "quiet",
    "ended": "quiet",
    "active": "good",
    "no_address": "warning",
    "no_consent": "warning",
    "duplicate": "warning",
    "no_role": "warning",
    "to_invite": "accent",
    "bounced": "error",
    "refused": "error",
    "expired": "warning",
    "uncertain": "warning",
}
STATUS_KINDS = {
    status: Kind(words.sign, words.short, _TONES.get(status, ""))
    for status, words in STATUS_WORDS.items()
}
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


class TeamAccessScreen(ChangingScreen, PrintingScreen):
    """The team's list: sorted, filtered as one types, by status; everything starts from here."""

    DEFAULT_CSS = """
    TeamAccessScreen > #team-detail { height: 3; }
    """
    BINDINGS = [
        *bindings("team.invite", "team.status", "team.mission", "team.role", "team.deactivate"),
        *bindings("team.doubles", "team.print"),
    ]

    @dataclass
    class _Counted(Message):
        counts: dict[str, int]

    @dataclass
    class _Chosen(Message):
        """The people of a selection are known; `then` says what is to be done with them."""

        people: list[int]
        then: Callable[[Sequence[int]], None]

    def __init__(self, workplace: Workplace) -> None:
        super().__init__(workplace)
        assert workplace.here is not None
        self._zone: ZoneInfo = workplace.here.zone
        self._wish = workplace.wished("team-access")
        self._status = self._wish.status if self._wish.status in STATUS_WORDS else None
        self._counts: dict[str, int] = {}
        self._rows: dict[int, AccessRow] = {}
        self._statuses = Counts(STATUS_KINDS)
        self._list = FilteredTable(
            PagedTable(
                _COLUMNS,
                self._load,
                count=self._total,
                locate=self._locate,
                sort=Sort("name"),
                empty=N_("Nobody here yet. Import the staff records first: g, then m."),
                nothing_found=N_("Nobody matches. f shows other statuses, Esc all names."),
            ),
            N_("/ to search: name, e-mail or function"),
        )
        self._detail = Sentence("", id="team-detail")

    @property
    def table(self) -> PagedTable:
        return self._list.table

    def compose(self) -> ComposeResult:
        yield TitleBar(N_("Team access"), *self.workplace.title)
        yield self._statuses
        yield self._list
        yield self._detail
        yield KeyBar()

    def on_mount(self) -> None:
        if self._wish.text:
            self._list.search.value = self._wish.text
        self._count()

    def on_screen_resume(self) -> None:
        if self._counts:
            self._read_again()

    # Reading

    def _query(self, text: str, sort: Sort | None) -> TeamQuery:
        order = sort or Sort("name")
        return TeamQuery(
            *self.team, text, self._status, sort=order.column, descending=order.descending
        )

    def _load(self, offset: int, limit: int, text: str, sort: Sort | None) -> Page:
        query = self._query(text, sort)
        found = self.workplace.desk.read(team_access.page, query, offset, limit, count=False)
        kept = self._rows if offset else {}
        self._rows = {**kept, **{row.person_id: row for row in found.rows}}
        return Page([_as_row(row) for row in found.rows])

    def _total(self, text: str) -> int:
        return self.workplace.desk.read(team_access.total, self._query(text, None))

    def _locate(self, key: object, text: str, sort: Sort | None) -> int | None:
        assert isinstance(key, int)
        return self.workplace.desk.read(team_access.position, self._query(text, sort), key)

    @on(PagedTable.Refreshed)
    def _count(self) -> None:
        self.attempt(self._read_counts)

    def _read_counts(self) -> None:
        self.post_message(self._Counted(self.workplace.desk.read(team_access.counts, *self.team)))

    @on(_Counted)
    def _show_counts(self, message: _Counted) -> None:
        message.stop()
        self._counts = message.counts
        self._statuses.show(message.counts, self._status)

    @on(PagedTable.Highlighted)
    def _show_detail(self, event: PagedTable.Highlighted) -> None:
        row = self._current
        self._detail.show(_detail(row) if row else "")

    @on(ChangingScreen.Changed)
    @on(SendingScreen.Sent)
    def _read_again(self, _message: Message | None = None) -> None:
        self.table.reload()
        self._count()

    @property
    def _current(self) -> AccessRow | None:
        row = self.table.row
        return self._rows.get(row.key) if row and isinstance(row.key, int) else None

    def action_status(self) -> None:
        """Go from all to the statuses that somebody has, one after the other."""
        self._status = self._statuses.next
        self._statuses.show(self._counts, self._status)
        self.table.clear_selection()
        self.table.reload()

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
        again = self._status in ("sent", "uncertain", "refused", "bounced", "expired")
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
        query = self._query(chosen.filter, None)
        self.attempt(partial(self._find_people, query, chosen, then))

    def _find_people(
        self, query: TeamQuery, chosen: Selection, then: Callable[[Sequence[int]], None]
    ) -> None:
        found = self.workplace.desk.read(team_access.person_ids, query)
        self.post_message(self._Chosen([p for p in found if p in chosen], then))

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
        self._read_again()


def _as_row(row: AccessRow) -> Row:
    kind = STATUS_KINDS[row.status]
    return Row(
        row.person_id,
        (
            Cell(kind.text, kind.tone),
            row.name,
            function_name(row.function),
            row.email or "–",
            role_name(row.role),
            CONSENT_WORDS[row.consent].text(),
            ", ".join(mission_name(code) for code in row.missions),
            row.email_source,
        ),
    )


def role_name(code: str | None) -> str:
    """Return a role in words; one that a source made up is shown as it is."""
    if code is None:
        return "–"
    return role_label(code).text() if code in ROLES else code


def function_name(code: str) -> str:
    """Return a function in words, in the same way."""
    return function_label(code).text() if code in FUNCTIONS else code or "–"


def mission_name(code: str) -> str:
    return MISSIONS[code].label.text() if code in MISSIONS else code


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
