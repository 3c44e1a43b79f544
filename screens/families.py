"""Families: every guardian with children and access, tokens sent, and addresses put right."""

from __future__ import annotations

from collections.abc import Callable, Collection
from dataclasses import dataclass
from functools import partial
from typing import ClassVar

from textual import on
from textual.message import Message

from models.addresses import LONGEST_ADDRESS, AddressError, parse_address
from models.language import N_, Wording, say
from models.text import clean
from screens.commands import bindings
from screens.facts import told_at
from screens.status_list import SENT_BEFORE, STATUS_KINDS, ListService, Looks, StatusListScreen
from screens.widgets.ask import AskDialog
from screens.widgets.table import Cell, Column, PagedTable, Row, Selection, Sort
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


class FamiliesScreen(StatusListScreen[GuardianRow]):
    """The guardians' list: who has signed in and who hasn't; filtered as one types."""

    BINDINGS = [
        *bindings("families.send", "families.status", "families.correct", "person.why"),
    ]
    looks = Looks(
        "families",
        N_("Families"),
        _COLUMNS,
        empty=N_("No family here yet. Import the list of pupils first: g, then m."),
        nothing_found=N_("Nobody matches. f shows other statuses, Esc all names."),
        search=N_("/ to search: guardian, e-mail, child or class"),
    )
    service: ClassVar[ListService] = families

    @dataclass
    class _Chosen(Message):
        people: list[int]
        again: bool

    @dataclass
    class _Corrected(Message):
        correction: Correction

    # The list

    def query_for(self, text: str, sort: Sort) -> FamilyQuery:
        return FamilyQuery(
            *self.team, text, self._status, sort=sort.column, descending=sort.descending
        )

    def as_row(self, entry: GuardianRow) -> Row:
        kind = STATUS_KINDS[entry.status]
        groups = dict.fromkeys(child.group for child in entry.children if child.group)
        return Row(
            entry.person_id,
            (
                Cell(kind.text, kind.tone),
                entry.name,
                _children(entry) or "–",
                ", ".join(groups) or "–",
                entry.email or "–",
                clean(entry.email_source) or "–",
            ),
        )

    def told(self, entry: GuardianRow) -> Wording:
        """Return where a guardian stands, whose guardian it is, and where the address is from."""
        stands: Wording = entry.reason or STATUS_WORDS[entry.status].label
        if entry.status == "active" and entry.since is not None:
            day = told_at(entry.since, self._zone)
            if entry.activation == "known":
                stands = say("Known already: confirmed without a mail, since %(at)s", at=day)
            else:
                stands = say("Has signed in, on %(at)s", at=day)
        source = entry.email_source or "–"
        children = ", ".join(
            f"{child.name} ({child.relation})" if child.relation else child.name
            for child in entry.children
        )
        return say(
            "%(stands)s · %(children)s · %(address)s, from %(source)s",
            stands=stands,
            children=children or "–",
            address=entry.email or "–",
            source=say("a correction by the school") if entry.corrected else source,
        )

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
        again = self._status in SENT_BEFORE
        if chosen == Selection(all_matching=True) and self._status is None:
            self.invite()
        elif chosen.all_matching:
            self.attempt(partial(self._choose, self.finder(chosen), again))
        else:
            people = sorted(key for key in chosen.keys if isinstance(key, int))
            known = [self._rows[person].status for person in people if person in self._rows]
            again = again or (bool(known) and all(status in SENT_BEFORE for status in known))
            self.invite(people, again=again)

    def _choose(self, find: Callable[[], list[int]], again: bool) -> None:
        self.post_message(self._Chosen(find(), again))

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
        row = self.current
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
        self.read_again()
        if message.correction.sent:
            self.send()


def _children(row: GuardianRow) -> str:
    """Return the children's first names, with the surname once where they share it."""
    surnames = list(dict.fromkeys(child.surname for child in row.children))
    if len(surnames) == 1:
        return f"{surnames[0]} {', '.join(child.first_name for child in row.children)}"
    return ", ".join(child.name for child in row.children)
