"""Elections: what is open first, and whether one's own school has voted."""

from __future__ import annotations

from collections import Counter
from typing import Any
from zoneinfo import ZoneInfo

from textual import on
from textual.screen import Screen

from models.language import N_, Wording, _, say, say_n
from models.rights import may_change
from models.text import name_key
from screens.commands import bindings
from screens.counted_list import CountedListScreen
from screens.facts import told_at
from screens.widgets.chrome import LineDetail, TitleBar
from screens.widgets.counts import Counts, Kind
from screens.widgets.filter import FilteredTable
from screens.widgets.table import Cell, Column, Page, PagedTable, Row, Sort
from screens.widgets.text import Tone, number, signed
from screens.workplace import Workplace
from services import elections
from services.elections import NETWORK_ZONE, STATUS_WORDS, ElectionRow

_TONES: dict[str, Tone] = {"open": "accent", "cancelled": "quiet", "closed": "quiet"}
STATUS_KINDS: dict[str, Kind] = {
    status: Kind(sign, word, _TONES.get(status, ""))
    for status, (sign, word) in STATUS_WORDS.items()
}
_COLUMNS = (
    Column("status", N_("Status"), 15, sortable=False),
    Column("title", N_("Title"), 14, grow=1, sortable=False),
    Column("when", N_("Opens or closes"), 16, priority=1, sortable=False),
)
_OWN = Column("own", N_("Your school"), 14, sortable=False)
_TURNOUT = Column("turnout", N_("Turnout"), 14, sortable=False, align="right")


def zone_of(workplace: Workplace) -> ZoneInfo:
    """Return the zone in which moments are told: of the school, else of the network."""
    return workplace.here.zone if workplace.here is not None else NETWORK_ZONE


def may_manage(workplace: Workplace) -> bool:
    return may_change(workplace.role, "elections")


class ElectionsScreen(CountedListScreen[ElectionRow]):
    """Every election: open ones first, then those to come, then what is over."""

    DEFAULT_CSS = "ElectionsScreen > #election-detail { height: 4; }"
    BINDINGS = [*bindings("elections.new", "elections.status")]

    def __init__(self, workplace: Workplace) -> None:
        super().__init__()
        self._workplace, self._desk = workplace, workplace.desk
        self._manages = may_manage(workplace)
        wish = workplace.wished("elections")
        self._status = wish.status if wish.status in STATUS_KINDS else None
        empty = N_("No election yet. F8 prepares one.") if self._manages else N_("No election yet.")
        listed = FilteredTable(
            PagedTable(
                (*_COLUMNS, _TURNOUT if self._manages else _OWN),
                self._load,
                selectable=False,
                empty=empty,
                nothing_found=N_("Nothing matches. f shows other statuses, Esc all of them."),
            ),
            N_("/ to search: a title or a committee"),
            text=wish.text,
        )
        bar = TitleBar(N_("Elections"), *workplace.title)
        self.set_out(bar, Counts(STATUS_KINDS), listed, LineDetail(id="election-detail"))

    # Reading

    def _load(self, offset: int, limit: int, text: str, sort: Sort | None) -> Page:
        rows = self._desk.read(elections.elections)
        self.keep(0, {row.id: row for row in rows})
        self.post_message(self.Counted(Counter(row.status for row in rows)))
        found = [row for row in rows if self._status in (None, row.status) and _matches(row, text)]
        shown = [self._as_row(row) for row in found[offset : offset + limit]]
        return Page(shown, len(found))

    def _as_row(self, row: ElectionRow) -> Row:
        kind = STATUS_KINDS[row.status]
        last: Cell | str = (
            told_turnout(row) if self._manages else _own(row, own_schools(self._workplace))
        )
        cells = (Cell(kind.text, kind.tone), row.title, _when(row, zone_of(self._workplace)), last)
        return Row(row.id, cells)

    def count(self) -> None:
        """The counts come with the rows."""

    def told(self, entry: ElectionRow) -> Wording:
        own = told_own(entry, own_schools(self._workplace))
        return _detail(entry, zone_of(self._workplace), own)

    def language_changed(self) -> None:
        self.show_detail()

    def action_status(self) -> None:
        """Go from all to the statuses that some election has, one after the other."""
        self.choose_next()

    # Going on

    @on(PagedTable.Opened)
    def _open(self, event: PagedTable.Opened) -> None:
        event.stop()
        if isinstance(event.row.key, int):
            open_election(self, self._workplace, event.row.key)

    def action_new(self) -> None:
        from screens.election_form import ElectionFormScreen

        def made(election_id: int | None) -> None:
            self.table.reload()
            if election_id is not None:
                open_election(self, self._workplace, election_id)

        self.app.push_screen(ElectionFormScreen(self._workplace), made)


def open_election(screen: Screen[Any], workplace: Workplace, election_id: int) -> None:
    from screens.election import ElectionScreen

    screen.app.push_screen(ElectionScreen(workplace, election_id))


def _matches(row: ElectionRow, text: str) -> bool:
    wanted = [name_key(word) for word in text.split()]
    return all(word in name_key(row.title) + " " + name_key(row.committee) for word in wanted)


def _when(row: ElectionRow, zone: ZoneInfo) -> str:
    """Return the moment that matters: of the opening while it is to come, else of the close."""
    return told_at(row.opens_at if row.status == "coming" else row.closes_at, zone)


def told_turnout(row: ElectionRow) -> str:
    """Return how many schools have voted, of how many; nothing before it opens."""
    if row.status == "coming":
        return "–"
    told = _("%(voters)s of %(schools)s")
    return told % {"voters": number(row.voters), "schools": number(row.schools)}


def _own(row: ElectionRow, schools: int) -> Cell:
    if schools > 1 and row.status != "coming":
        told = _("%(voters)s of %(schools)s") % {"voters": len(row.voted), "schools": schools}
        return Cell(told, "good" if len(row.voted) == schools else "")
    if row.voted:
        return Cell(signed("+", _("has voted")), "good")
    if row.status == "open":
        return Cell(signed("!", _("to vote")), "warning")
    return Cell("–" if row.status in ("coming", "cancelled") else _("did not vote"), "quiet")


def _detail(row: ElectionRow, zone: ZoneInfo, own: Wording | None) -> Wording:
    told = say(
        "%(committee)s · %(seats)s, %(candidates)s · from %(opens)s to %(closes)s",
        committee=row.committee or say("No committee"),
        seats=say_n("%(count)s seat", "%(count)s seats", row.seats),
        candidates=say_n("%(count)s candidate", "%(count)s candidates", row.candidates),
        opens=row.opens_at.astimezone(zone),
        closes=row.closes_at.astimezone(zone),
    )
    return say("%(first)s · %(second)s", first=told, second=own) if own is not None else told


def own_schools(workplace: Workplace) -> int:
    """Return for how many schools somebody votes."""
    return 0 if may_manage(workplace) else len(workplace.desk.actor.schools or ())


def told_own(row: ElectionRow, schools: int) -> Wording | None:
    """Return whether one's own school has voted, in a sentence; None for whoever has none."""
    if not schools:
        return None
    if row.status == "coming":
        return say("The vote is not open yet.")
    if schools > 1:
        return say_n(
            "%(count)s of your %(schools)s schools has voted.",
            "%(count)s of your %(schools)s schools have voted.",
            len(row.voted),
            schools=schools,
        )
    if row.voted:
        return row.voted[0].sentence
    if row.status == "open":
        return say("Your school has not voted yet.")
    return say("Your school has not voted.")
