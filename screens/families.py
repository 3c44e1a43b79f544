"""Families: every guardian with children and access, tokens sent, and addresses put right."""

from __future__ import annotations

from collections.abc import Collection
from dataclasses import dataclass
from functools import partial
from zoneinfo import ZoneInfo

from textual import on
from textual.app import ComposeResult
from textual.message import Message

from models.addresses import LONGEST_ADDRESS, AddressError, parse_address
from models.language import N_, Wording, format_day, say
from models.text import clean
from screens.commands import bindings
from screens.sending import SendingScreen
from screens.team_access import STATUS_KINDS
from screens.widgets.ask import AskDialog
from screens.widgets.chrome import KeyBar, Sentence, TitleBar
from screens.widgets.counts import Counts
from screens.widgets.filter import FilteredTable
from screens.widgets.table import Cell, Column, Page, PagedTable, Row, Selection, Sort
from screens.workplace import Workplace
from services import families
from services.families import Correction, FamilyQuery, GuardianRow
from services.findings import STATUS_WORDS

_COLUMNS = (
    Column("status", N_("Status"), 21),
    Column("name", N_("Guardian"), 16, grow=3),
    Column("children", N_("Children"), 17, grow=3, sortable=False),
    Column("group", N_("Class"), 6, priority=1, sortable=False),
    Column("email", N_("E-mail"), 10, grow=3, priority=2),
    Column("source", N_("Address from"), 24, grow=1, priority=3, sortable=False),
)
#: Statuses in which a token has been sent, so that sending means sending again.
_AGAIN = ("sent", "uncertain", "refused", "bounced", "expired")


class CorrectionScreen(AskDialog[str]):
    """Ask for the right address of a guardian; the result is the address, or None."""

    def __init__(self, row: GuardianRow) -> None:
        if row.status == "active":
            question = say(
                "The right address? It is what the school holds: the account, which is in use, "
                "keeps its own until its owner changes it."
            )
            keys = say("Enter corrects   Esc closes")
        else:
            question = say("The right address? The token is sent there; a former one dies.")
            keys = say("Enter corrects and sends   Esc closes")
        super().__init__(row.name, question, keys, longest=LONGEST_ADDRESS, value=row.email or "")

    def read(self, text: str) -> str | Wording:
        try:
            return parse_address(text)
        except AddressError as error:
            return error.wording


class FamiliesScreen(SendingScreen):
    """The guardians' list: who has signed in and who hasn't; filtered as one types."""

    DEFAULT_CSS = """
    FamiliesScreen > #family-detail { height: 3; }
    """
    BINDINGS = [*bindings("families.send", "families.status", "families.correct")]

    @dataclass
    class _Counted(Message):
        counts: dict[str, int]

    @dataclass
    class _Chosen(Message):
        people: list[int]
        again: bool

    @dataclass
    class _Corrected(Message):
        correction: Correction

    def __init__(self, workplace: Workplace) -> None:
        super().__init__(workplace)
        assert workplace.here is not None
        self._zone: ZoneInfo = workplace.here.zone
        self._wish = workplace.wished("families")
        self._status = self._wish.status if self._wish.status in STATUS_WORDS else None
        self._counts: dict[str, int] = {}
        self._rows: dict[int, GuardianRow] = {}
        self._statuses = Counts(STATUS_KINDS)
        self._list = FilteredTable(
            PagedTable(
                _COLUMNS,
                self._load,
                count=self._total,
                locate=self._locate,
                sort=Sort("name"),
                empty=N_("No family here yet. Import the list of pupils first: g, then m."),
                nothing_found=N_("Nobody matches. f shows other statuses, Esc all names."),
            ),
            N_("/ to search: guardian, e-mail, child or class"),
        )
        self._detail = Sentence("", id="family-detail")

    @property
    def table(self) -> PagedTable:
        return self._list.table

    def compose(self) -> ComposeResult:
        yield TitleBar(N_("Families"), *self.workplace.title)
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

    def _query(self, text: str, sort: Sort | None) -> FamilyQuery:
        order = sort or Sort("name")
        return FamilyQuery(
            *self.team, text, self._status, sort=order.column, descending=order.descending
        )

    def _load(self, offset: int, limit: int, text: str, sort: Sort | None) -> Page:
        query = self._query(text, sort)
        found = self.workplace.desk.read(families.page, query, offset, limit, count=False)
        kept = self._rows if offset else {}
        self._rows = {**kept, **{row.person_id: row for row in found.rows}}
        return Page([_as_row(row) for row in found.rows])

    def _total(self, text: str) -> int:
        return self.workplace.desk.read(families.total, self._query(text, None))

    def _locate(self, key: object, text: str, sort: Sort | None) -> int | None:
        assert isinstance(key, int)
        return self.workplace.desk.read(families.position, self._query(text, sort), key)

    @on(PagedTable.Refreshed)
    def _count(self) -> None:
        self.attempt(self._read_counts)

    def _read_counts(self) -> None:
        self.post_message(self._Counted(self.workplace.desk.read(families.counts, *self.team)))

    @on(_Counted)
    def _show_counts(self, message: _Counted) -> None:
        message.stop()
        self._counts = message.counts
        self._statuses.show(message.counts, self._status)

    @on(PagedTable.Highlighted)
    def _show_detail(self) -> None:
        row = self._current
        self._detail.show(self._told(row) if row else "")

    @on(SendingScreen.Sent)
    def _read_again(self, _message: Message | None = None) -> None:
        self.table.reload()
        self._count()

    @property
    def _current(self) -> GuardianRow | None:
        row = self.table.row
        return self._rows.get(row.key) if row and isinstance(row.key, int) else None

    def _told(self, row: GuardianRow) -> Wording:
        """Return where a guardian stands, whose guardian it is, and where the address is from."""
        stands: Wording = row.reason or STATUS_WORDS[row.status].label
        if row.status == "active" and row.since is not None:
            at = row.since.astimezone(self._zone)
            day = f"{format_day(at.date())} {at:%H:%M}"
            if row.activation == "known":
                stands = say("Known already: confirmed without a mail, since %(at)s", at=day)
            else:
                stands = say("Has signed in, on %(at)s", at=day)
        children = ", ".join(
            f"{child.name} ({child.relation})" if child.relation else child.name
            for child in row.children
        )
        return say(
            "%(stands)s · %(children)s · %(address)s, from %(source)s",
            stands=stands,
            children=children or "–",
            address=row.email or "–",
            source=say("a correction by the school") if row.corrected else row.email_source or "–",
        )

    def action_status(self) -> None:
        """Go from all to the statuses that somebody has, one after the other."""
        self._status = self._statuses.next
        self._statuses.show(self._counts, self._status)
        self.table.clear_selection()
        self.table.reload()

    # Tokens

    def _plan(self, person_ids: Collection[int] | None, again: bool) -> None:
        from services.invitations import counts_of

        desk = self.workplace.desk
        plan_id = desk.write(families.plan_tokens, *self.team, person_ids=person_ids, again=again)
        self.post_message(self._Planned(plan_id, desk.read(counts_of, plan_id)))

    def action_send(self) -> None:
        """Send tokens to those selected, or to all; again where they have one already."""
        chosen = self.table.selected_or_current
        if not self.table.selection.keys:
            chosen = Selection(all_matching=True, filter=self.table.wanted)
        again = self._status in _AGAIN
        if chosen == Selection(all_matching=True) and self._status is None:
            self.invite()
        elif chosen.all_matching:
            query = self._query(chosen.filter, None)
            self.attempt(partial(self._find_people, query, chosen, again))
        else:
            people = sorted(key for key in chosen.keys if isinstance(key, int))
            known = [self._rows[person].status for person in people if person in self._rows]
            again = again or (bool(known) and all(status in _AGAIN for status in known))
            self.invite(people, again=again)

    def _find_people(self, query: FamilyQuery, chosen: Selection, again: bool) -> None:
        found = self.workplace.desk.read(families.person_ids, query)
        self.post_message(self._Chosen([p for p in found if p in chosen], again))

    @on(_Chosen)
    def _go_on(self, message: _Chosen) -> None:
        message.stop()
        if message.people:
            self.invite(message.people, again=message.again)

    # Addresses

    @on(PagedTable.Opened)
    def _open(self, event: PagedTable.Opened) -> None:
        event.stop()
        self.action_correct()

    def action_correct(self) -> None:
        """Ask for the right address of the guardian on the line."""
        row = self._current
        if row is not None:
            self.app.push_screen(CorrectionScreen(row), partial(self._correct, row.person_id))

    def _correct(self, person_id: int, address: str | None) -> None:
        if address is not None:
            self.attempt(partial(self._write_address, person_id, address))

    def _write_address(self, person_id: int, address: str) -> None:
        desk = self.workplace.desk
        done = desk.write(families.correct_address, *self.team, person_id, address)
        self.post_message(self._Corrected(done))

    @on(_Corrected)
    def _tell_correction(self, message: _Corrected) -> None:
        message.stop()
        told = message.correction.sentence.text()
        self.app.notify(told, timeout=20, markup=False)
        self._read_again()
        if message.correction.sent:
            self.send()


def _as_row(row: GuardianRow) -> Row:
    kind = STATUS_KINDS[row.status]
    groups = dict.fromkeys(child.group for child in row.children if child.group)
    return Row(
        row.person_id,
        (
            Cell(kind.text, kind.tone),
            row.name,
            _children(row) or "–",
            ", ".join(groups) or "–",
            row.email or "–",
            clean(row.email_source) or "–",
        ),
    )


def _children(row: GuardianRow) -> str:
    """Return the children's first names, with the surname once where they share it."""
    surnames = list(dict.fromkeys(child.surname for child in row.children))
    if len(surnames) == 1:
        return f"{surnames[0]} {', '.join(child.first_name for child in row.children)}"
    return ", ".join(child.name for child in row.children)
