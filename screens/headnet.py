"""The account manager of HeadNet: each school with its head, and how the password stands."""

from __future__ import annotations

from datetime import datetime
from typing import Any
from zoneinfo import ZoneInfo

from textual import on
from textual.screen import Screen

from models.language import N_, Wording, say
from screens.commands import bindings
from screens.counted_list import CountedListScreen
from screens.facts import told_at
from screens.widgets.chrome import LineDetail, TitleBar
from screens.widgets.counts import Counts, Kind
from screens.widgets.filter import FilteredTable
from screens.widgets.table import Cell, Column, Page, PagedTable, Row, Sort
from screens.widgets.text import Tone
from screens.workplace import Workplace
from services import headnet
from services.headnet import ATTENTION, SORTS, STATE_WORDS, STATES, WRONG, HeadnetQuery, HeadnetRow

_TONES: dict[str, Tone] = {
    "no_head": "warning",
    "no_address": "error",
    "no_password": "accent",
    "never_delivered": "error",
    "waiting": "accent",
    "overdue": "error",
    "valid": "good",
    "replaced": "quiet",
    "ended": "quiet",
}
#: Every state of a password or of an account, with its sign.
STATE_KINDS = {
    state: Kind(sign, word, _TONES.get(state, "")) for state, (sign, word) in STATE_WORDS.items()
}
#: What the list can be narrowed to: what should be looked at, then each state.
_KINDS = {
    ATTENTION: Kind("*", say("To look at"), "error"),
    **{state: STATE_KINDS[state] for state in STATES},
}
_COLUMNS = (
    Column("state", N_("Password"), 24, sortable=False),
    Column("school", N_("School"), 17, grow=4),
    Column("head", N_("Head"), 15, grow=2),
    Column("works", N_("Works from"), 11, priority=1, sortable=False),
    Column("sign_in", N_("Signed in"), 11, priority=2),
    Column("asked_at", N_("Asked on"), 11, priority=3),
)


def accounts_or_account(workplace: Workplace) -> Screen[Any]:
    """Return the list of the schools; for whoever works for one only, the page of that one."""
    schools = workplace.desk.actor.schools
    if schools is not None and len(schools) == 1:
        from screens.headnet_account import HeadnetAccountScreen

        workplace.wished("headnet")  # there is nothing to narrow
        return HeadnetAccountScreen(workplace, next(iter(schools)))
    return HeadnetScreen(workplace)


class HeadnetScreen(CountedListScreen[HeadnetRow]):
    """Every school whose head's account somebody manages, those without a head too."""

    DEFAULT_CSS = "HeadnetScreen > #headnet-detail { height: 3; padding: 0 3; }"
    HORIZONTAL_BREAKPOINTS = [(0, "-narrow"), (72, "-wide")]
    BINDINGS = [*bindings("headnet.state")]

    def __init__(self, workplace: Workplace) -> None:
        super().__init__()
        self._workplace, self._desk = workplace, workplace.desk
        wish = workplace.wished("headnet")
        self._status = wish.status if wish.status in _KINDS else None
        # All schools at once: the one that is chosen elsewhere would mislead on top.
        bar = TitleBar(N_("HeadNet accounts"), "", "", workplace.who)
        listed = FilteredTable(
            PagedTable(
                _COLUMNS,
                self._load,
                count=self._total,
                sort=Sort(SORTS[0]),
                selectable=False,
                empty=N_("No school yet. Import the list of schools first: g, then m."),
                nothing_found=N_("Nothing matches. f shows other states, Esc all schools."),
            ),
            N_("/ to search: a school, its FASE number, a head or an address"),
            text=wish.text,
        )
        self.set_out(bar, Counts(_KINDS, lines=2), listed, LineDetail(id="headnet-detail"))

    # Reading

    def _query(self, text: str, sort: Sort | None = None) -> HeadnetQuery:
        sort = sort or Sort(SORTS[0])
        return HeadnetQuery(text, self._status, sort.column, sort.descending)

    def _load(self, offset: int, limit: int, text: str, sort: Sort | None) -> Page:
        query = self._query(text, sort)
        found = self._desk.read(headnet.heads_page, query, offset, limit, count=False)
        self.keep(offset, {row.school_id: row for row in found.rows})
        return Page([_as_row(row) for row in found.rows])

    def _total(self, text: str) -> int:
        return self._desk.read(headnet.total, self._query(text))

    def read_counts(self) -> dict[str, int]:
        return self._desk.read(headnet.counts)

    def show_counts(self) -> None:
        counts = self._counts
        if self._status == ATTENTION:  # counted once more only while the list is narrowed to it
            counts = {**counts, ATTENTION: sum(counts[state] for state in WRONG)}
        self._by_status.show(counts, self._status)

    def told(self, entry: HeadnetRow) -> Wording:
        return _detail(entry)

    def action_state(self) -> None:
        """Go from all to the states that some school is in, one after the other."""
        self.choose_next()

    @on(PagedTable.Opened)
    def _open(self, event: PagedTable.Opened) -> None:
        from screens.headnet_account import HeadnetAccountScreen

        event.stop()
        if isinstance(event.row.key, int):
            self.app.push_screen(HeadnetAccountScreen(self._workplace, event.row.key))


def _as_row(row: HeadnetRow) -> Row:
    kind, zone = STATE_KINDS[row.state], ZoneInfo(row.zone)
    works = row.takes_effect_at if row.state != "never_delivered" else None
    cells = (
        Cell(kind.text, kind.tone),
        row.school,
        row.head or "–",
        _short(works, zone),
        _short(row.last_sign_in_at, zone),
        _short(row.asked_at, zone),
    )
    return Row(row.school_id, cells)


def _short(at: datetime | None, zone: ZoneInfo) -> str:
    return at.astimezone(zone).strftime("%d/%m %H:%M") if at else "–"


def _detail(row: HeadnetRow) -> Wording:
    """Return the school's number, the address, and how address and password stand."""
    zone = ZoneInfo(row.zone)
    told = say("%(identifier)s.", identifier=row.identifier)
    for part in (_address(row, zone), _pending(row, zone), _password(row, zone)):
        if part is not None:
            told = say("%(first)s %(second)s", first=told, second=part)
    return told


def _address(row: HeadnetRow, zone: ZoneInfo) -> Wording | None:
    if not row.email:
        return None
    at = told_at(row.email_since, zone)
    return say("Address: %(email)s, since %(at)s.", email=row.email, at=at)


def _pending(row: HeadnetRow, zone: ZoneInfo) -> Wording | None:
    if not row.pending_email:
        return None
    at = told_at(row.pending_from, zone)
    return say("From %(at)s on: %(email)s.", email=row.pending_email, at=at)


def _password(row: HeadnetRow, zone: ZoneInfo) -> Wording | None:
    at, asked = told_at(row.takes_effect_at, zone), told_at(row.asked_at, zone)
    sentences = {
        "no_head": say("Enter records the head."),
        "no_password": say("No password was asked for yet."),
        "never_delivered": say("The password asked for on %(asked)s never arrived.", asked=asked),
        "waiting": say("The password asked for on %(asked)s works from %(at)s on.",
                       asked=asked, at=at),
        "overdue": say("The update of %(at)s has not been done.", at=at),
        "valid": say("The password asked for on %(asked)s works.", asked=asked),
    }  # fmt: skip
    return sentences.get(row.state)
