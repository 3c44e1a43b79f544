"""For which school somebody votes who heads several: one of those that have not voted yet."""

from __future__ import annotations

from textual import on
from textual.app import ComposeResult

from models.language import N_, _, say
from screens.elections import zone_of
from screens.facts import told_at
from screens.widgets.chrome import KeyBar, Sentence, TitleBar
from screens.widgets.deeds import DeedScreen
from screens.widgets.table import Cell, Column, Page, PagedTable, Row, Sort
from screens.widgets.text import signed
from screens.workplace import Workplace
from services import election_voting, elections
from services.elections import ElectionRow

_COLUMNS = (
    Column("school", N_("School"), 24, grow=1, sortable=False),
    Column("voted", N_("Voted on"), 20, sortable=False),
)


class VotingSchoolsScreen(DeedScreen[int]):
    """One's own schools; the result is the one to vote for, None where it was left."""

    DEFAULT_CSS = "VotingSchoolsScreen > #hint { height: auto; text-style: bold; }"

    def __init__(self, workplace: Workplace, row: ElectionRow) -> None:
        super().__init__()
        self._workplace, self._row = workplace, row
        self._voted: set[int] = set()
        self._table = PagedTable(_COLUMNS, self._load, selectable=False)

    def compose(self) -> ComposeResult:
        yield TitleBar(N_("For which school?"), *self._workplace.title)
        yield Sentence(N_("Each school has a vote of its own. Enter takes its ballot."), id="hint")
        yield self._table
        yield KeyBar()

    def on_mount(self) -> None:
        self._table.focus()

    def _load(self, offset: int, limit: int, text: str, sort: Sort | None) -> Page:
        desk, zone = self._workplace.desk, zone_of(self._workplace)
        found = desk.read(election_voting.voting_schools)
        voted = {each.school_id: each for each in desk.read(elections.schools_voted, self._row.id)}
        self._voted = set(voted)
        rows = []
        for number, name in found:
            at = voted.get(number)
            told = Cell(signed("!", _("to vote")), "warning")
            if at is not None:
                told = Cell(signed("+", told_at(at.voted_at, zone)), "good")
            rows.append(Row(number, (name, told)))
        return Page(rows[offset : offset + limit], len(rows))

    @on(PagedTable.Opened)
    def _choose(self, event: PagedTable.Opened) -> None:
        event.stop()
        number = event.row.key
        if number in self._voted:
            told = say("This school has voted.")
            self.app.notify(told.text(), severity="warning", markup=False)
        elif isinstance(number, int):
            self.dismiss(number)
