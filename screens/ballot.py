"""The vote: a ballot is filled in, its receipt code noted, and it is cast, or it is not.

What is marked stands on the screen and nowhere else: in no draft, title, message or log, for
each of these would tell who has voted how.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from functools import partial

from textual import on
from textual.app import ComposeResult
from textual.message import Message

from models.errors import TrousseauError
from models.language import N_, Wording, _, say, say_n
from screens.commands import bindings
from screens.election import told_candidate
from screens.widgets.chrome import KeyBar, LineDetail, Sentence, TitleBar
from screens.widgets.deeds import DeedScreen
from screens.widgets.reader import Paragraph, Reader
from screens.widgets.rows import Column
from screens.widgets.table import Page, PagedTable, Row, Sort
from screens.widgets.text import is_accessible
from screens.workplace import Workplace
from services import election_voting
from services.desk import DataBusy
from services.election_voting import AlreadyVoted, BallotPaper, Choice, VoteRefused, problem
from services.elections import SchoolVoted, Standing
from services.zones import local

_COLUMNS = (
    Column("candidate", N_("Candidate"), 24, grow=2, sortable=False),
    Column("school", N_("School"), 16, grow=1, priority=1, sortable=False),
)
_BLANK, _ABSTENTION = "blank", "abstention"
_OTHERS = {
    _BLANK: (
        N_("Blank ballot"),
        N_(
            "Blank: your school votes, and for none of the candidates. The ballot counts in the "
            "turnout."
        ),
    ),
    _ABSTENTION: (
        N_("Abstention"),
        N_(
            "Abstention: your school leaves the choice to the others. It is counted apart from "
            "the blank ballots."
        ),
    ),
}


@dataclass
class _Marks:
    """What is marked on a ballot. It shows nothing of itself."""

    seats: int
    kind: str = field(default="candidates", repr=False)
    names: set[int] = field(default_factory=set, repr=False)

    def toggle(self, key: object) -> bool:
        """Mark a line or take it back; tell whether that was possible."""
        if isinstance(key, str):
            self.kind = "candidates" if self.kind == key else key
            self.names.clear()
            return True
        assert isinstance(key, int)
        self.kind = "candidates"
        if key in self.names:
            self.names.discard(key)
        elif len(self.names) < self.seats:
            self.names.add(key)
        else:
            return False
        return True

    def has(self, key: object) -> bool:
        return key == self.kind or key in self.names

    @property
    def choice(self) -> Choice:
        if self.kind == _BLANK:
            return Choice.BLANK
        return Choice.ABSTENTION if self.kind == _ABSTENTION else Choice.of(*self.names)

    def clear(self) -> None:
        self.kind = "candidates"
        self.names.clear()


class BallotScreen(DeedScreen[None]):
    """The ballot: Space marks candidates, or blank, or abstention; F8 goes on to the receipt."""

    DEFAULT_CSS = """
    BallotScreen > #election { height: auto; text-style: bold; }
    BallotScreen > #state { height: auto; color: ansi_cyan; }
    BallotScreen > #kept { height: auto; }
    BallotScreen > #about { height: 3; }
    """
    BINDINGS = [*bindings("ballot.mark", "ballot.receipt")]

    def __init__(self, workplace: Workplace, paper: BallotPaper) -> None:
        super().__init__()
        self._workplace, self._paper = workplace, paper
        self._marks = _Marks(paper.seats)
        self._too_many = False
        self._election = Sentence(say("%(title)s", title=paper.title), id="election")
        self._state = Sentence("", id="state")
        self._about = LineDetail(id="about")
        self._table = PagedTable(_COLUMNS, self._load, selectable=False, at_once=True)

    def compose(self) -> ComposeResult:
        yield TitleBar(N_("Ballot"), *self._workplace.title)
        yield self._election
        yield self._state
        yield self._table
        yield self._about
        yield Sentence(
            N_("Nothing of this is kept before it is cast: Esc or a lost line forgets the marks."),
            id="kept",
        )
        yield KeyBar()

    def on_mount(self) -> None:
        self._table.focus()
        self._tell()

    def language_changed(self) -> None:
        self._tell()

    # The lines

    def _load(self, offset: int, limit: int, text: str, sort: Sort | None) -> Page:
        rows = [self._as_row(each.id) for each in self._paper.candidates]
        rows += [self._as_row(key) for key in _OTHERS]
        return Page(rows[offset : offset + limit], len(rows))

    def _as_row(self, key: int | str) -> Row:
        marked, school = self._marks.has(key), ""
        if isinstance(key, str):
            name = _(_OTHERS[key][0])
        else:
            standing = self._standing(key)
            name, school = told_candidate(standing.number, standing.name, ""), standing.school_name
        return Row(key, (self._marked(name, marked), school), "strong" if marked else "")

    def _marked(self, name: str, marked: bool) -> str:
        if is_accessible(self):
            return _("%(name)s: chosen") % {"name": name} if marked else name
        return f"[x] {name}" if marked else f"[ ] {name}"

    def _standing(self, key: int) -> Standing:
        return next(each for each in self._paper.candidates if each.id == key)

    @on(PagedTable.Highlighted)
    def _show_about(self) -> None:
        row = self._table.row
        if row is None:
            self._about.show("")
        elif isinstance(row.key, str):
            self._about.show(_OTHERS[row.key][1])
        else:
            self._about.show(say("%(text)s", text=_about(self._standing(int(str(row.key))))))

    def tell_line(self) -> list[str]:
        """Return the whole statement of the candidate on the line, for `PagedTable`'s `l`."""
        row = self._table.row
        if row is None:
            return []
        if isinstance(row.key, str):
            return [_(_OTHERS[row.key][1])]
        return _about(self._standing(int(str(row.key)))).split("\n")

    @on(PagedTable.Opened)
    def _read_statement(self, event: PagedTable.Opened) -> None:
        event.stop()
        self._table.action_whole()

    # Marking

    def action_mark(self) -> None:
        row = self._table.row
        if row is not None:
            self._too_many = not self._marks.toggle(row.key)
            self._table.reload()
            self._tell()

    def _tell(self) -> None:
        self._state.show(self._told_state())

    def _told_state(self) -> Wording:
        seats, count = self._paper.seats, len(self._marks.names)
        if self._too_many:
            return say_n(
                "A ballot names %(count)s candidate at most: take one back first.",
                "A ballot names %(count)s candidates at most: take one back first.",
                seats,
            )
        if self._marks.kind in _OTHERS:
            told = Wording(_OTHERS[self._marks.kind][0])
            return say("%(told)s. Space takes it back.", told=told)
        told = say_n("at most %(count)s candidate", "at most %(count)s candidates", seats)
        return say("Marked: %(marked)s, %(most)s.", marked=count, most=told)

    # On to the receipt

    def action_receipt(self) -> None:
        choice = self._marks.choice
        wrong = problem(choice, self._paper.seats, self._paper.candidates)
        if wrong is not None:
            self.app.notify(wrong.text(), severity="warning", markup=False)
            return
        lines = [self._named(key) for key in self._keys if self._marks.has(key)]
        screen = CastScreen(self._workplace, self._paper, choice, lines)
        self.app.push_screen(screen, self._was_cast)

    @property
    def _keys(self) -> list[int | str]:
        return [*(each.id for each in self._paper.candidates), *_OTHERS]

    def _named(self, key: int | str) -> str:
        if isinstance(key, str):
            return _(_OTHERS[key][0])
        each = self._standing(key)
        return told_candidate(each.number, each.name, each.school_name)

    def _was_cast(self, over: bool | None) -> None:
        """Leave too, once there is nothing left to vote on; else go on with what is marked."""
        if over:
            self._marks.clear()
            self.dismiss(None)


def _about(standing: Standing) -> str:
    return standing.statement or _("No statement.")


@dataclass(frozen=True, slots=True)
class _Fate:
    """What has become of a ballot: `cast`, `refused` for good, or `open`, to be tried again."""

    kind: str
    told: Wording


class CastScreen(DeedScreen[bool]):
    """What is going to be cast, and its receipt code; F8 casts it, once and for all.

    The result tells whether it is over: cast, or refused for good.
    """

    DEFAULT_CSS = """
    CastScreen > #fate { height: auto; text-style: bold; }
    CastScreen > #code { height: auto; margin-top: 1; text-style: bold; color: ansi_cyan; }
    CastScreen > Reader { margin-top: 1; }
    """
    BINDINGS = [*bindings("ballot.cast", "app.back", app_back="leave")]

    @dataclass
    class _Came(Message):
        fate: _Fate

    def __init__(
        self, workplace: Workplace, paper: BallotPaper, choice: Choice, lines: list[str]
    ) -> None:
        super().__init__()
        self._workplace, self._paper = workplace, paper
        self._choice: Choice | None = choice
        self._lines = lines
        self._at_work = False
        self._fate: _Fate | None = None
        self._told = Sentence("", id="fate")
        self._code = Sentence(say("Receipt code: %(code)s", code=paper.receipt), id="code")
        self._reader = Reader()

    def compose(self) -> ComposeResult:
        yield TitleBar(N_("Receipt"), *self._workplace.title)
        yield self._told
        yield self._code
        yield self._reader
        yield KeyBar()

    def on_mount(self) -> None:
        self._reader.focus()
        self._show()

    def language_changed(self) -> None:
        self._show()

    # What is told

    def _show(self) -> None:
        self._told.show(self._sentence())
        self._reader.show(list(self._paragraphs()))
        self.refresh_bindings()

    def _sentence(self) -> Wording:
        if self._at_work:
            return say("The ballot is being cast…")
        if self._fate is not None:
            return self._fate.told
        return say("Not cast yet. Note the code before you cast the ballot.")

    def _paragraphs(self) -> list[Paragraph]:
        fate = self._fate
        if fate is not None and fate.kind == "cast":
            return [*self._after(), Paragraph(_("Esc goes back."))]
        if fate is not None and fate.kind == "refused":
            return [
                Paragraph(_("This ballot is in no urn, and its code is worth nothing.")),
                Paragraph(_("Esc goes back to the election.")),
            ]
        return [
            Paragraph(_("Your ballot"), "strong"),
            *(Paragraph(f"  {line}", apart=False) for line in self._lines),
            Paragraph(
                _(
                    "Note the code now: if the line is lost while you cast, it is how you find "
                    "your ballot. It counts only once the ballot is cast."
                )
            ),
            Paragraph(
                _("F8 casts the ballot; it cannot be changed or taken back. Esc casts nothing."),
                apart=False,
            ),
            Paragraph(
                _("Show the code to nobody: whoever has it sees after the close how you voted."),
                apart=False,
            ),
        ]

    def _after(self) -> list[Paragraph]:
        closes = local(self._paper.closes_at, self._paper.zone)
        told = say(
            "After the close, on %(at)s, all ballots are published. Look for this code among "
            "them (g b, then b): beside it stands what you voted.",
            at=closes,
        )
        return [
            Paragraph(told.text()),
            Paragraph(
                _("What you voted is no longer on this screen, and on record nowhere under a name.")
            ),
        ]

    # Casting

    def check_action(self, action: str, parameters: tuple[object, ...]) -> bool | None:
        if action == "cast":
            over = self._fate is not None and self._fate.kind != "open"
            return not over and not self._at_work
        return True

    def action_cast(self) -> None:
        choice = self._choice
        if choice is not None and not self._at_work:
            self._at_work = True
            self._show()
            self.attempt(partial(self._cast, choice), "cast")

    def _cast(self, choice: Choice) -> None:
        """Cast it; where that is cut off, look what has become of it."""
        paper, desk = self._paper, self._workplace.desk
        try:
            key = self._workplace.entrance().key
            done = desk.write(
                election_voting.cast,
                key,
                paper.election_id,
                paper.school_id,
                choice,
                paper.receipt,
            )
            fate = _cast_at(done.voted)
        except (AlreadyVoted, DataBusy):
            fate = self._look()
        except VoteRefused as error:
            fate = _Fate("refused", say("Not cast. %(why)s", why=error.wording))
        except TrousseauError as error:
            fate = _Fate("open", say("Not cast. %(why)s", why=error.wording))
        self.post_message(self._Came(fate))

    def _look(self) -> _Fate:
        """Return what has become of a ballot whose casting was cut off, or came second."""
        paper, desk = self._paper, self._workplace.desk
        try:
            key = self._workplace.entrance().key
            found = desk.write(
                election_voting.sighted, key, paper.election_id, paper.school_id, paper.receipt
            )
        except TrousseauError:
            return _Fate("open", _UNKNOWN)
        if found.seen is None:
            return _Fate("open", _BUSY)
        if found.cast:
            return _cast_at(found.seen)
        told = say(
            "Not cast. Your school had voted already, with another ballot: on %(at)s.",
            at=local(found.seen.voted_at, found.seen.zone),
        )
        return _Fate("refused", told)

    @on(_Came)
    def _take(self, message: _Came) -> None:
        message.stop()
        self._at_work = False
        self._fate = message.fate
        if message.fate.kind != "open":
            self._choice, self._lines = None, []  # nothing of it stays
        self._show()

    def failed(self, error: Exception) -> None:
        self._at_work = False
        self._show()
        super().failed(error)

    # Leaving

    def action_leave(self) -> None:
        if not self._at_work:
            self.dismiss(self._fate is not None and self._fate.kind != "open")


_BUSY = say("Not cast: the database did not answer. F8 tries again, with the same code.")
_UNKNOWN = say(
    "The database does not answer, and does not tell whether the ballot is cast. F8 asks it "
    "again; that can never vote twice."
)


def _cast_at(voted: SchoolVoted) -> _Fate:
    at = local(voted.voted_at, voted.zone)
    told = say("Cast on %(at)s. Your school has voted.", at=at)
    return _Fate("cast", told)
