"""The team's consents: who has signed for which address, the forms to print, withdrawing."""

from __future__ import annotations

from dataclasses import dataclass
from functools import partial
from zoneinfo import ZoneInfo

from textual import events, on
from textual.message import Message

from models.language import N_, Wording, _, format_day, say, say_n
from models.references import ReferenceMistyped, parse_reference
from screens.commands import bindings
from screens.confirm import ConfirmScreen
from screens.consent_text import ConsentTextScreen
from screens.counted_list import CountedListScreen
from screens.print_forms import PrintingScreen
from screens.widgets.chrome import LineDetail, TitleBar
from screens.widgets.counts import Counts, Kind
from screens.widgets.filter import FilteredTable
from screens.widgets.table import Cell, Column, Page, PagedTable, Row, Selection, Sort
from screens.workplace import Workplace
from services import consent_withdrawals, consents
from services.consent_withdrawals import Withdrawal
from services.consents import ConsentRow

#: Each state, with the word for one person.
STATE_KINDS = {
    "signed": Kind("+", say("signed"), "good"),
    "other_address": Kind("!", say("other address"), "warning"),
    "withdrawn": Kind("x", say("withdrawn"), "error"),
    "printed": Kind("o", say("printed"), "accent"),
    "missing": Kind("-", say("missing"), "warning"),
}
_COLUMNS = (
    Column("state", N_("Consent"), 15, sortable=False),
    Column("name", N_("Name"), 17, grow=3, sortable=False),
    Column("email", N_("E-mail on file"), 17, grow=4, priority=1, sortable=False),
    Column("signed_on", N_("Signed on"), 10, priority=2, sortable=False),
    Column("reference", N_("Reference"), 9, priority=0, sortable=False),
)
# What the number keys of a Belgian keyboard give without Shift: a scanner set to another
# layout begins a reference with one of them (models.references).
_BELGIAN_DIGITS = "à&é\"'(§è!ç"


class ConsentList(FilteredTable):
    """The list below its search. A reference may be scanned from anywhere in the list.

    A reference begins with a digit, and no command sits on one: the first digit goes up to
    the search and begins it anew; Enter, which a scanner adds, comes back to the line found.
    """

    def on_key(self, event: events.Key) -> None:
        sign = event.character or ""
        if self.table.has_focus and sign and (sign.isdigit() or sign in _BELGIAN_DIGITS):
            event.stop()
            self.search.focus()
            self.search.value = sign
            self.search.cursor_position = len(sign)

    def action_search(self) -> None:
        if _is_reference(self.search.value):
            self.search.value = ""
        super().action_search()


def _is_reference(text: str) -> bool:
    try:
        parse_reference(text)
    except ReferenceMistyped:
        return False
    return True


class ConsentsScreen(CountedListScreen[ConsentRow], PrintingScreen):
    """The list of a team with the state of each consent, and what can be done about it."""

    DEFAULT_CSS = """
    ConsentsScreen > #consent-detail { height: 2; padding: 0 3; }
    ConsentsScreen.-narrow > #consent-detail { height: 3; }
    """
    HORIZONTAL_BREAKPOINTS = [(0, "-narrow"), (72, "-wide")]
    BINDINGS = [
        *bindings("consents.print", "consents.record", "consents.withdraw", "consents.state"),
        *bindings("consents.text"),
    ]

    @dataclass
    class _ToPrint(Message):
        people: list[int]

    @dataclass
    class _Follows(Message):
        row: ConsentRow
        withdrawal: Withdrawal

    @dataclass
    class _Withdrawn(Message):
        row: ConsentRow

    def __init__(self, workplace: Workplace) -> None:
        super().__init__()
        self._workplace = workplace
        self._desk = workplace.desk
        self._team = workplace.chosen
        assert workplace.here is not None
        self._zone = workplace.here.zone
        wish = workplace.wished("consents")
        self._status = wish.status if wish.status in STATE_KINDS else None
        listed = ConsentList(
            PagedTable(
                _COLUMNS,
                self._load,
                openable=False,
                empty=N_("Nobody here yet. Import the staff records first: g, then m."),
                nothing_found=N_("Nobody matches. f shows other states, Esc all names."),
            ),
            N_("/ to search: a name, or a reference typed or scanned"),
            text=wish.text,
        )
        bar = TitleBar(N_("Consents"), *workplace.title)
        by_state = Counts(STATE_KINDS, zeros=True)
        self.set_out(bar, by_state, listed, LineDetail(id="consent-detail"))

    # Reading

    def _load(self, offset: int, limit: int, text: str, sort: Sort | None) -> Page:
        state = self._status
        found, total, counts = self._desk.read(
            consents.page, *self._team, text=text, state=state, offset=offset, limit=limit
        )
        self.keep(offset, {row.person_id: row for row in found})
        self.post_message(self.Counted(counts))
        return Page([_as_row(row) for row in found], total)

    def count(self) -> None:
        """The counts come with the rows."""

    def told(self, entry: ConsentRow) -> Wording:
        return _detail(entry, self._zone)

    def action_state(self) -> None:
        """Go from all to the states that somebody is in, one after the other."""
        self.choose_next()

    # Doing

    @on(PagedTable.Highlighted)
    def _offer(self) -> None:
        self.refresh_bindings()

    def check_action(self, action: str, parameters: tuple[object, ...]) -> bool | None:
        if action == "withdraw":
            row = self.current
            return row is not None and row.state in ("signed", "other_address")
        return True

    def action_text(self) -> None:
        self.app.push_screen(ConsentTextScreen(self._desk.now().date()))

    def action_record(self) -> None:
        from screens.record_consents import RecordConsentsScreen

        self.app.push_screen(RecordConsentsScreen(self._workplace))

    def action_print(self) -> None:
        if self.may_print:
            self.attempt(partial(self._find_people, self.table.selection, self._status))

    def _find_people(self, selection: Selection, state: str | None) -> None:
        self.post_message(self._ToPrint(self._chosen(selection, state)))

    def _chosen(self, selection: Selection, state: str | None) -> list[int]:
        """Return the persons selected, or without a selection those whose form is still to
        print."""
        if selection.all_matching:
            rows = self._desk.read(consents.listed, *self._team, text=selection.filter, state=state)
            return [row.person_id for row in rows if row.person_id in selection]
        if selection.keys:
            return sorted(key for key in selection.keys if isinstance(key, int))
        return self._desk.read(consents.without_consent, *self._team)

    @on(_ToPrint)
    def _ask_folder(self, message: _ToPrint) -> None:
        message.stop()
        if not message.people:
            told = _("No form is left to print. Select people with Space to print theirs again.")
            self.app.notify(told, markup=False)
            return
        self.print_forms(self._desk, self._team, message.people)

    @on(PrintingScreen.Printed)
    def _tell_printed(self, message: PrintingScreen.Printed) -> None:
        message.stop()
        printed = message.printed
        told = say_n(
            "%(count)s form is in %(path)s. Print it, have it signed, then record it: r.",
            "%(count)s forms are in %(path)s. Print them, have them signed, then record them: r.",
            printed.count,
            path=str(printed.path),
        )
        self.app.notify(told.text(), timeout=20, markup=False)
        self.table.clear_selection()
        self.table.reload()

    def action_withdraw(self) -> None:
        if row := self.current:
            self.attempt(partial(self._foresee, row))

    def _foresee(self, row: ConsentRow) -> None:
        found = self._desk.read(consent_withdrawals.withdrawal, self._team[0], row.person_id)
        self.post_message(self._Follows(row, found))

    @on(_Follows)
    def _ask_withdrawal(self, message: _Follows) -> None:
        message.stop()
        row = message.row
        self.app.push_screen(
            ConfirmScreen(
                N_("Withdraw the consent"),
                say("Withdraw the consent of %(name)s?", name=row.name),
                _follows(message.withdrawal),
            ),
            lambda yes: self.attempt(partial(self._withdraw, row)) if yes else None,
        )

    def _withdraw(self, row: ConsentRow) -> None:
        self._desk.write(consent_withdrawals.withdraw, self._team[0], row.person_id)
        self.post_message(self._Withdrawn(row))

    @on(_Withdrawn)
    def _tell_withdrawn(self, message: _Withdrawn) -> None:
        message.stop()
        told = _("Withdrawn: nothing is sent or passed on to %(name)s any more.")
        self.app.notify(told % {"name": message.row.name}, markup=False)
        self.table.reload()


def _as_row(row: ConsentRow) -> Row:
    kind = STATE_KINDS[row.state]
    signed_on = format_day(row.signed_on) if row.signed_on else ""
    email = row.email or _("none on file")
    return Row(
        row.person_id, (Cell(kind.text, kind.tone), row.name, email, signed_on, row.reference)
    )


def _detail(row: ConsentRow, zone: ZoneInfo) -> Wording:
    """Return the sentence about the person on the line."""
    source = row.email_source or _("no field")
    if row.email is None:
        return say("%(name)s: no address on file; the form asks for one.", name=row.name)
    places = {"name": row.name, "address": row.email, "source": source}
    if row.state == "other_address":
        return say(
            "%(name)s: signed for %(signed)s on %(day)s; on file is %(address)s (%(source)s).",
            **places,
            signed=row.signed_email,
            day=row.signed_on,
        )
    if row.state == "signed":
        return say(
            "%(name)s: %(address)s (%(source)s), signed on %(day)s.", **places, day=row.signed_on
        )
    if row.printed_at is not None:
        printed = row.printed_at.astimezone(zone).date()
        return say(
            "%(name)s: %(address)s (%(source)s), form printed on %(day)s and not returned yet.",
            **places,
            day=printed,
        )
    return say("%(name)s: %(address)s (%(source)s).", **places)


def _follows(found: Withdrawal) -> Wording:
    """Return what follows from a withdrawal, in words."""
    stays = (
        say("The access that is already active stays; deactivate it in the team’s list.")
        if found.active
        else say("An invitation will need a new signed form.")
    )
    if found.invitations:
        invitations = say_n(
            "%(count)s open invitation is cancelled.",
            "%(count)s open invitations are cancelled.",
            found.invitations,
        )
        stays = say("%(first)s %(second)s", first=invitations, second=stays)
    return say(
        "Signed for: %(addresses)s. From now on nothing is sent or passed on there. "
        "%(follows)s It cannot be undone.",
        addresses=", ".join(email for email, _day in found.consents),
        follows=stays,
    )
