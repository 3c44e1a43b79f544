"""One election: who stands and what they say, how the vote is kept secret, the result."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from functools import partial
from zoneinfo import ZoneInfo

from textual import on
from textual.app import ComposeResult
from textual.message import Message

from models.errors import TrousseauError
from models.language import N_, Wording, _, ngettext, say
from screens.commands import bindings
from screens.confirm import ConfirmScreen
from screens.election_result import result_paragraphs
from screens.elections import STATUS_KINDS, own_schools, told_own, told_turnout, zone_of
from screens.facts import indented, told_at
from screens.reading import ReadingScreen
from screens.widgets.chrome import KeyBar, Sentence, TitleBar
from screens.widgets.reader import Paragraph
from screens.workplace import Workplace
from screens.workshop_dialogs import AskLineScreen, tell
from services import election_results, election_voting, elections
from services.election_results import ElectionResult
from services.election_voting import BallotPaper, VoteRefused
from services.elections import LONGEST_REASON, ElectionPage, ElectionRefused, ElectionRow


@dataclass(frozen=True, slots=True)
class Facts:
    """All that the page shows. `unpublished` is why ballots that are due are not there."""

    page: ElectionPage
    result: ElectionResult | None
    unpublished: Wording | None


class ElectionScreen(ReadingScreen[Facts]):
    """The page of one election, with what whoever looks can do about it now."""

    DEFAULT_CSS = """
    ElectionScreen > #headline { height: auto; }
    ElectionScreen > #next { height: auto; color: ansi_cyan; }
    """
    BINDINGS = [
        *bindings("election.vote", "election.ballots", "election.correct", "election.voters"),
        *bindings("election.elected", "election.cancel"),
    ]
    place = N_("Election")

    @dataclass
    class _Paper(Message):
        paper: BallotPaper

    @dataclass
    class _Cancelled(Message):
        pass

    def __init__(self, workplace: Workplace, election_id: int) -> None:
        super().__init__(workplace)
        self._election = election_id
        self._schools = own_schools(workplace)
        self._next = Sentence("", id="next")

    def compose(self) -> ComposeResult:
        yield TitleBar(self.place, *self.workplace.title)
        yield self._headline
        yield self._next
        yield self._reader
        yield KeyBar()

    # Reading

    def read(self) -> Facts:
        desk = self.workplace.desk
        unpublished = publish_overdue(self.workplace)
        page = desk.read(elections.page, self._election)
        result = None
        if "result" in page.steps:
            result = desk.read(election_results.result, self._election)
        return Facts(page, result, unpublished)

    def headline(self, page: Facts) -> Wording:
        kind = STATUS_KINDS[page.page.row.status]
        row = page.page.row
        told = _told_state(row, zone_of(self.workplace), told_own(row, self._schools))
        return say("%(status)s: %(told)s", status=kind.text, told=told)

    def paragraphs(self, page: Facts) -> Iterator[Paragraph]:
        yield from _Words(page, zone_of(self.workplace), self._schools).all()

    def _show(self) -> None:
        super()._show()
        if self._page is not None:
            self._next.show(_told_next(self._page.page))
            self.refresh_bindings()

    # What can be done

    def check_action(self, action: str, parameters: tuple[object, ...]) -> bool | None:
        known = _OFFERED.get(action)
        if known is None:
            return True
        return self._page is not None and known(self._page.page)

    def failed(self, error: Exception) -> None:
        """Tell it, and show how the election stands now."""
        super().failed(error)
        if isinstance(error, VoteRefused | ElectionRefused):
            self.action_refresh()

    def action_vote(self) -> None:
        schools = self.workplace.desk.actor.schools or frozenset()
        if len(schools) == 1:
            self._take_paper(next(iter(schools)))
            return
        from screens.voting_schools import VotingSchoolsScreen

        assert self._page is not None
        screen = VotingSchoolsScreen(self.workplace, self._page.page.row)
        self.app.push_screen(screen, lambda school: self._take_paper(school) if school else None)

    def _take_paper(self, school_id: int) -> None:
        desk = self.workplace.desk

        def take() -> None:
            paper = desk.read(election_voting.ballot, self._election, school_id)
            self.post_message(self._Paper(paper))

        self.attempt(take, "paper", reads=True)

    @on(_Paper)
    def _fill_in(self, message: _Paper) -> None:
        message.stop()
        from screens.ballot import BallotScreen

        if self.app.screen is self:
            self.app.push_screen(BallotScreen(self.workplace, message.paper))

    def action_ballots(self) -> None:
        from screens.published_ballots import PublishedBallotsScreen

        assert self._page is not None
        screen = PublishedBallotsScreen(self.workplace, self._page.page)
        self.app.push_screen(screen)

    def action_correct(self) -> None:
        from screens.election_form import ElectionFormScreen

        self.app.push_screen(ElectionFormScreen(self.workplace, self._election))

    def action_voters(self) -> None:
        from screens.election_office import ElectionVotersScreen

        assert self._page is not None
        self.app.push_screen(ElectionVotersScreen(self.workplace, self._page.page.row))

    def action_elected(self) -> None:
        from screens.election_office import EnterElectedScreen

        assert self._page is not None and self._page.result is not None
        self.app.push_screen(EnterElectedScreen(self.workplace, self._page.result))

    # Cancelling

    def action_cancel(self) -> None:
        dialog = AskLineScreen(
            say("Cancel the election"),
            say("Why is it cancelled? Every head reads the reason."),
            say("Enter goes on   Esc closes"),
            lambda text: text or say("A few words are needed."),
            longest=LONGEST_REASON,
        )
        self.app.push_screen(dialog, lambda reason: self._ask_cancel(reason) if reason else None)

    def _ask_cancel(self, reason: str) -> None:
        question = ConfirmScreen(
            say("Cancel the election"),
            say("Cancel this election? It cannot be taken back."),
            say("What was voted stays sealed for good, and nobody is elected."),
        )
        cancel = partial(self._cancel, reason)
        self.app.push_screen(question, lambda yes: self.attempt(cancel) if yes else None)

    def _cancel(self, reason: str) -> None:
        self.workplace.desk.write(elections.cancel, self._election, reason)
        self.post_message(self._Cancelled())

    @on(_Cancelled)
    def _tell_cancelled(self, message: _Cancelled) -> None:
        message.stop()
        tell(self, say("The election is cancelled."))
        self.action_refresh()


def publish_overdue(workplace: Workplace) -> Wording | None:
    """Publish what has closed, so that nobody waits for the night; return why it is not done.

    A page that cannot be counted just now is to be read all the same.
    """
    try:
        election_results.publish_overdue(workplace.desk, lambda: workplace.entrance().key)
    except TrousseauError as error:
        return error.wording
    return None


_OFFERED: dict[str, Callable[[ElectionPage], bool]] = {
    "vote": lambda page: "vote" in page.steps,
    "ballots": lambda page: "result" in page.steps,
    "correct": lambda page: "correct" in page.steps,
    "cancel": lambda page: "cancel" in page.steps,
    "elected": lambda page: "members" in page.steps,
    "voters": lambda page: page.row.status != "coming",
}


def _told_state(row: ElectionRow, zone: ZoneInfo, own: Wording | None) -> Wording:
    opens, closes = row.opens_at.astimezone(zone), row.closes_at.astimezone(zone)
    if row.status == "cancelled":
        return say("%(title)s", title=row.title)
    if row.status == "coming":
        return say("it opens on %(at)s.", at=opens)
    if row.status == "closed":
        return say("since %(at)s.", at=closes)
    if own is None:
        told = told_turnout(row)
        return say("until %(at)s. Schools that have voted: %(told)s.", at=closes, told=told)
    return say("until %(at)s. %(own)s", at=closes, own=own)


def _told_next(page: ElectionPage) -> Wording | str:
    if "vote" in page.steps:
        return say("Next step (F8): fill in the ballot. It leaves only once you cast it.")
    if "members" in page.steps:
        return say("b shows the ballots, e enters those elected as members of the committee.")
    if "result" in page.steps:
        return say("b shows all ballots; by its receipt code you find yours among them.")
    return ""


# --- the words of the page ----------------------------------------------------------------


@dataclass(frozen=True)
class _Words:
    """What the page says, from what presses most to what is seldom asked."""

    facts: Facts
    zone: ZoneInfo
    schools: int

    def all(self) -> Iterator[Paragraph]:
        page = self.facts.page
        yield Paragraph(page.row.title, "strong")
        if page.cancelled_at is not None:
            yield Paragraph(
                _("Cancelled on %(at)s: %(reason)s")
                % {"at": told_at(page.cancelled_at, self.zone), "reason": page.cancelled_reason},
                "warning",
                apart=False,
            )
        if self.facts.unpublished is not None and page.row.status == "closed":
            yield Paragraph(str(self.facts.unpublished), "warning", apart=False)
        if self.facts.result is not None:
            yield from result_paragraphs(self.facts.result)
        yield from indented(self._terms())
        yield from _paragraphs(page.information)
        yield from self._candidates()
        if page.row.status != "cancelled":
            yield Paragraph(_("How the vote is kept secret"), "strong")
            yield from (Paragraph(line, apart=False) for line in secrecy())

    def _terms(self) -> Iterator[str]:
        row = self.facts.page.row
        if row.committee:
            yield _("Committee: %(name)s") % {"name": row.committee}
        told = ngettext(
            "%(count)s seat: a ballot names %(count)s candidate at most",
            "%(count)s seats: a ballot names %(count)s candidates at most",
            row.seats,
        )
        yield told % {"count": row.seats}
        values = {
            "opens": told_at(row.opens_at, self.zone),
            "closes": told_at(row.closes_at, self.zone),
            "zone": self.zone.key,
        }
        yield _("Open from %(opens)s to %(closes)s (%(zone)s)") % values
        own = told_own(row, self.schools)
        if row.status in ("open", "closed") and own is not None:
            yield own.text()

    def _candidates(self) -> Iterator[Paragraph]:
        page = self.facts.page
        yield Paragraph(_("The candidates, in their order on the ballot"), "strong")
        for each in page.candidates:
            yield Paragraph(told_candidate(each.number, each.name, each.school_name), "accent")
            yield from _paragraphs(each.statement or _("No statement."))


def told_candidate(number: int, name: str, school: str) -> str:
    """Return a candidate by number, name and school."""
    values = {"number": number, "name": name, "school": school}
    return (_("%(number)s. %(name)s, %(school)s") if school else _("%(number)s. %(name)s")) % values


def _paragraphs(text: str) -> Iterator[Paragraph]:
    """Yield a text of several lines, an empty one beginning a paragraph."""
    apart = False
    for line in text.split("\n"):
        if line.strip():
            yield Paragraph(line.strip(), apart=apart)
        apart = not line.strip()


def secrecy() -> Iterator[str]:
    """Yield in plain words what is kept of a vote, and what is not."""
    yield _("That your school has voted is on record, with the time. What it voted is not.")
    yield _(
        "The ballot bears a random code and no name. It lies in a sealed urn, in the order of "
        "the codes, and so tells neither who cast it nor when."
    )
    yield _(
        "Before the close nobody sees a ballot or a count, not even the helpdesk. After it all "
        "ballots are published by their codes, and anybody can count them."
    )
    yield _("Where few schools vote, or all alike, the count itself tells what they have voted.")
    yield _(
        "The code is your receipt: you alone know which it is. Show it to nobody, or they know "
        "how you have voted."
    )
    yield _(
        "What you mark is kept nowhere before it is cast: no draft, for a draft bears your "
        "name. Whoever runs this machine and changes the program could still look on."
    )
