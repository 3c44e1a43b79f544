"""The published ballots of an election: paged through, and searched for one's own receipt."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

from textual import on
from textual.app import ComposeResult
from textual.message import Message

from models.language import N_, Wording, _, say, say_n
from models.text import name_key
from screens.commands import bindings
from screens.election import told_candidate
from screens.widgets.chrome import KeyBar, LineDetail, Sentence, TitleBar
from screens.widgets.deeds import DeedScreen
from screens.widgets.filter import FilteredTable
from screens.widgets.table import Column, Page, PagedTable, Row, Sort
from screens.workplace import Workplace
from screens.workshop_dialogs import ask_folder, tell
from services import election_results
from services.election_results import ABSTENTION, BLANK, PublishedBallot
from services.elections import ElectionPage
from services.new_files import write_new

_COLUMNS = (
    Column("receipt", N_("Receipt code"), 19, sortable=False),
    Column("choice", N_("Choice"), 24, grow=1, sortable=False),
)
#: Letters that nobody tells apart count as one, as in `services.urn`.
_SAME_SHAPE = str.maketrans("OIL", "011")


class PublishedBallotsScreen(DeedScreen[None]):
    """Every ballot by its receipt code. `/` finds one's own by what one has noted."""

    DEFAULT_CSS = """
    PublishedBallotsScreen > #count { height: auto; text-style: bold; }
    PublishedBallotsScreen > #ballot { height: 2; }
    """
    BINDINGS = [*bindings("ballots.file")]

    @dataclass
    class _Read(Message):
        count: int

    @dataclass
    class _Written(Message):
        path: Path

    def __init__(self, workplace: Workplace, page: ElectionPage) -> None:
        super().__init__()
        self._workplace, self._desk, self._page = workplace, workplace.desk, page
        self._names = {
            str(each.number): told_candidate(each.number, each.name, "") for each in page.candidates
        }
        self._count = Sentence("", id="count")
        self._detail = LineDetail(id="ballot")
        self._ballots: tuple[PublishedBallot, ...] = ()
        self._list = FilteredTable(
            PagedTable(
                _COLUMNS,
                self._load,
                selectable=False,
                empty=N_("No school has voted."),
                nothing_found=N_(
                    "No ballot bears this code. Compare it with your note; one that was shown "
                    "and not cast is in no list. Esc shows all."
                ),
            ),
            N_("/ to find your receipt code"),
        )

    @property
    def table(self) -> PagedTable:
        return self._list.table

    def compose(self) -> ComposeResult:
        yield TitleBar(N_("Published ballots"), *self._workplace.title)
        yield self._count
        yield self._list
        yield self._detail
        yield KeyBar()

    def _load(self, offset: int, limit: int, text: str, sort: Sort | None) -> Page:
        if not self._ballots:  # what is published stays as it is
            self._ballots = self._desk.read(election_results.ballots, self._page.row.id)
        self.post_message(self._Read(len(self._ballots)))
        found = [each for each in self._ballots if _bears(each, text)]
        rows = [Row(each.receipt, (each.receipt, self._told(each))) for each in found]
        return Page(rows[offset : offset + limit], len(rows))

    def _told(self, ballot: PublishedBallot) -> str:
        if ballot.choice == BLANK:
            return _("blank")
        if ballot.choice == ABSTENTION:
            return _("abstention")
        return "; ".join(self._names.get(number, number) for number in ballot.choice.split(","))

    @on(_Read)
    def _show_count(self, message: _Read) -> None:
        message.stop()
        told = say_n("%(count)s ballot", "%(count)s ballots", message.count)
        self._count.show(say("%(title)s: %(count)s", title=self._page.row.title, count=told))

    @on(PagedTable.Highlighted)
    def _show_detail(self) -> None:
        row = self.table.row
        found = next((each for each in self._ballots if row and each.receipt == row.key), None)
        self._detail.show(self._detail_of(found) if found else "")

    def _detail_of(self, ballot: PublishedBallot) -> Wording:
        return say("%(receipt)s: %(told)s", receipt=ballot.receipt, told=self._told(ballot))

    @on(PagedTable.Opened)
    def _open(self, event: PagedTable.Opened) -> None:
        event.stop()
        self.table.action_whole()

    def language_changed(self) -> None:
        self._show_detail()

    # The list as a file

    def action_file(self) -> None:
        number = self._page.row.id
        ask_folder(
            self,
            say("The published ballots as a file"),
            say("One line a ballot, as it is counted and as its SHA-256 is taken. Folder:"),
            lambda folder: self.attempt(lambda: self._write(folder)),
            otherwise=say(
                "Over this connection no file is written. The command “election ballots "
                "%(number)s” prints the list.",
                number=number,
            ),
        )

    def _write(self, folder: Path) -> None:
        number = self._page.row.id
        ballots = self._desk.read(election_results.ballots, number)
        text = "".join(f"{each.receipt} {each.choice}\n" for each in ballots)
        name = f"{say('ballots')}-{number}"
        self.post_message(self._Written(write_new(text.encode(), folder, name, "txt")))

    @on(_Written)
    def _tell_written(self, message: _Written) -> None:
        message.stop()
        told = say(
            "%(path)s is written. “trousseau election count” counts it anew.",
            path=str(message.path),
        )
        tell(self, told)


def _bears(ballot: PublishedBallot, text: str) -> bool:
    """Tell whether a ballot's code begins as is typed, or has that anywhere in it."""
    wanted = name_key(text).upper().translate(_SAME_SHAPE)
    return wanted in ballot.receipt.replace("-", "")
