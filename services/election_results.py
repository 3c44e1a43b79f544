"""After the close: the ballots published in the order of their receipts, and what they say.

Publishing takes the urn apart, once; from then on everybody reads the same list, whose digest
is in the election's row and so in the journal. The result is counted from that list each time
that it is read. Whoever holds the list counts it without this module (`election_recount`).
"""

import hashlib
from collections import Counter
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import date, datetime

from sqlalchemy import and_, select
from sqlmodel import col

from models.database import SYSTEM, ActorSession, change
from models.elections import Election, ElectionBallot
from models.keys import Key
from models.language import Wording, say, say_n
from models.reading_room import CommitteeMember
from models.scope import not_allowed
from models.text import name_key
from services import urn
from services.desk import Desk
from services.elections import (
    ElectionRefused,
    Standing,
    find,
    require_manager,
    standing,
    status_of,
)

BLANK, ABSTENTION = "blank", "abstention"


# --- publishing ---------------------------------------------------------------------------


def overdue(session: ActorSession) -> tuple[int, ...]:
    """Return the elections that have closed and whose ballots are not published yet."""
    rows = session.scalars(
        select(col(Election.id))
        .where(
            col(Election.closes_at) <= session.at,
            col(Election.cancelled_at).is_(None),
            col(Election.published_at).is_(None),
        )
        .order_by(col(Election.closes_at), col(Election.id))
    )
    return tuple(row for row in rows if row is not None)


def publish(session: ActorSession, key: Key, election_id: int) -> bool:
    """Publish the ballots of an election that has closed; tell whether that was still to do.

    The program's own work (`SYSTEM`): nobody else's session may, else `OutOfScope`. Raises
    `UrnRefused` where the urn can't be opened with this key; it then stays as it is.
    """
    if session.actor.role != SYSTEM.role:
        raise not_allowed()
    find(session, election_id)
    held = urn.hold(session, election_id)
    election = find(session, election_id)
    if election.published_at is not None or status_of(election, session.at) != "closed":
        return False
    number = len(standing(session, election_id))
    ballots = held.ballots(key, number)
    rows = [(urn.shown_receipt(each.receipt), _choice(each.marks, number)) for each in ballots]
    still = and_(col(Election.id) == election_id, col(Election.published_at).is_(None))
    change(
        session,
        Election,
        still,
        published_at=session.at,
        ballots_digest=digest(rows),
        electorate=urn.count_schools(session),
    )
    session.add_all(
        ElectionBallot(election_id=election_id, receipt=receipt, choice=choice)
        for receipt, choice in rows
    )
    session.flush()
    # What is published is sealed no longer: with it goes the last place where it stood.
    held.clear()
    return True


def publish_overdue(desk: Desk, key: Callable[[], Key]) -> tuple[int, ...]:
    """Publish what has closed, as the program itself, whoever opened the page; return which.

    `key` gives the key, and is asked only where there is something to do.
    """
    system = Desk(desk.engine, SYSTEM, desk.clock)
    waiting = system.read(overdue)
    return tuple(each for each in waiting if system.write(publish, key(), each))


def _choice(marks: int, candidates: int) -> str:
    if marks == urn.BLANK:
        return BLANK
    if marks == urn.ABSTENTION:
        return ABSTENTION
    return ",".join(str(n) for n in range(1, candidates + 1) if marks & 2 << n)


def digest(ballots: Sequence[tuple[str, str]]) -> str:
    """Return the SHA-256 of a list, as `sha256sum` has it: `RECEIPT CHOICE` line by line."""
    lines = "".join(f"{receipt} {choice}\n" for receipt, choice in ballots)
    return hashlib.sha256(lines.encode()).hexdigest()


# --- the list -----------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class PublishedBallot:
    """A line of the published list. `choice` is numbers with commas, `blank` or `abstention`."""

    receipt: str
    choice: str


def ballots(session: ActorSession, election_id: int) -> tuple[PublishedBallot, ...]:
    """Return the published list in the order of the receipts.

    Raises `ElectionRefused` before it is published, by when nobody can read any of it.
    """
    _refuse_unless_published(find(session, election_id), session.at)
    return _ballots(session, election_id)


def _ballots(session: ActorSession, election_id: int) -> tuple[PublishedBallot, ...]:
    rows = session.execute(
        select(col(ElectionBallot.receipt), col(ElectionBallot.choice)).where(
            col(ElectionBallot.election_id) == election_id
        )
    )
    # Sorted here: an order of the database's own is not the same everywhere.
    return tuple(sorted((PublishedBallot(*row) for row in rows), key=lambda b: b.receipt))


def _refuse_unless_published(election: Election, at: datetime) -> None:
    status = status_of(election, at)
    if election.published_at is not None:
        return
    if status == "cancelled":
        raise ElectionRefused(say("This election was cancelled: its ballots stay sealed."))
    if status == "closed":
        raise ElectionRefused(say("The ballots are about to be published. Look again in a moment."))
    raise ElectionRefused(say("There is no result before the election has closed."))


# --- the result ---------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class CandidateResult:
    """What a candidate received. `rank` is 1 for the most votes; equal ones share a rank.

    `outcome` is `elected`, `tied` (one of several with equal votes, for too few seats) or
    `not_elected`.
    """

    candidate: Standing
    votes: int
    rank: int
    shared: bool
    outcome: str


@dataclass(frozen=True, slots=True)
class ElectionResult:
    """The result of an election: candidates by their votes.

    Of the `tied` there are more than `tied_seats`, the seats that they stand for; `vacant` seats
    are those for which nobody received a vote. `intact` tells whether the list is still the
    one whose digest was kept.
    """

    election_id: int
    title: str
    seats: int
    candidates: tuple[CandidateResult, ...]
    blank: int
    abstentions: int
    voters: int
    schools: int
    tied_seats: int
    vacant: int
    published_at: datetime
    digest: str
    intact: bool

    @property
    def elected(self) -> tuple[CandidateResult, ...]:
        return tuple(each for each in self.candidates if each.outcome == "elected")

    @property
    def tied(self) -> tuple[CandidateResult, ...]:
        return tuple(each for each in self.candidates if each.outcome == "tied")

    @property
    def sentences(self) -> tuple[Wording, ...]:
        """The result but for the candidates, in sentences: ties, blanks, turnout, the list."""
        told = []
        if self.tied:
            names = ", ".join(each.candidate.name for each in self.tied)
            told.append(
                say_n(
                    "A tie: %(names)s have equal votes for %(count)s seat.",
                    "A tie: %(names)s have equal votes for %(count)s seats.",
                    self.tied_seats,
                    names=names,
                )
            )
        if self.vacant:
            told.append(
                say_n(
                    "%(count)s seat stays vacant: nobody else received a vote.",
                    "%(count)s seats stay vacant: nobody else received a vote.",
                    self.vacant,
                )
            )
        told.append(say_n("%(count)s blank ballot.", "%(count)s blank ballots.", self.blank))
        told.append(say_n("%(count)s abstention.", "%(count)s abstentions.", self.abstentions))
        told.append(
            say(
                "%(voters)s of %(schools)s schools voted.", voters=self.voters, schools=self.schools
            )
        )
        if not self.intact:
            told.append(
                say("The published list was changed since: do not rely on it. Compare a backup.")
            )
        return tuple(told)


def result(session: ActorSession, election_id: int) -> ElectionResult:
    """Return the result; raises `ElectionRefused` before the ballots are published."""
    election = find(session, election_id)
    _refuse_unless_published(election, session.at)
    assert election.published_at is not None
    listed = _ballots(session, election_id)
    votes = Counter(mark for each in listed for mark in each.choice.split(","))
    candidates = standing(session, election_id)
    found, tied_seats, vacant = _outcomes(candidates, votes, election.seats)
    return ElectionResult(
        election_id=election_id,
        title=election.title,
        seats=election.seats,
        candidates=found,
        blank=votes[BLANK],
        abstentions=votes[ABSTENTION],
        voters=len(listed),
        schools=election.electorate or 0,
        tied_seats=tied_seats,
        vacant=vacant,
        published_at=election.published_at,
        digest=election.ballots_digest,
        intact=digest([(b.receipt, b.choice) for b in listed]) == election.ballots_digest,
    )


def _outcomes(
    candidates: Sequence[Standing], votes: Counter[str], seats: int
) -> tuple[tuple[CandidateResult, ...], int, int]:
    """Return each candidate's outcome, for how many seats some are tied, how many stay vacant."""
    received = {each: votes[str(each.number)] for each in candidates}
    in_order = sorted(candidates, key=lambda each: (-received[each], each.number))
    equal = Counter(received.values())
    found, left, tied_seats = [], seats, 0
    for each in in_order:
        number = received[each]
        before = sum(other > number for other in received.values())
        outcome = "not_elected"
        if number and before + equal[number] <= seats:
            outcome = "elected"
            left -= 1
        elif number and before < seats:
            outcome, tied_seats = "tied", seats - before
        found.append(CandidateResult(each, number, before + 1, equal[number] > 1, outcome))
    return tuple(found), tied_seats, left - tied_seats


# --- the committee ------------------------------------------------------------------------


def enter_members(
    session: ActorSession,
    election_id: int,
    first_day: date,
    last_day: date | None = None,
    drawn: Sequence[int] = (),
) -> int:
    """Enter who is elected as members of the committee, in one step; return how many.

    `drawn` are those of the tied (`Standing.id`) whom the committee's own rule has seated, at
    most `tied_seats`. For the helpdesk. Raises `ElectionRefused` where it was done already.
    """
    require_manager(session)
    find(session, election_id)
    urn.hold(session, election_id)
    election = find(session, election_id)
    found = result(session, election_id)
    if election.committee_id is None:
        raise ElectionRefused(say("This election is for no committee that is kept here."))
    _refuse_term(first_day, last_day)
    _refuse_second_entry(session, election_id)
    seated = [each for each in found.tied if each.candidate.id in drawn]
    if len(seated) != len(set(drawn)) or len(seated) > found.tied_seats:
        sentence = say(
            "Of those who are tied, at most %(seats)s can be seated.", seats=found.tied_seats
        )
        raise ElectionRefused(sentence)
    members = [*found.elected, *seated]
    if not members:
        raise ElectionRefused(say("Nobody is elected: there is nobody to enter."))
    session.add_all(
        CommitteeMember(
            committee_id=election.committee_id,
            name=each.candidate.name,
            name_key=name_key(each.candidate.name),
            school_name=each.candidate.school_name,
            first_day=first_day,
            last_day=last_day,
            election_id=election_id,
            recorded_at=session.at,
        )
        for each in members
    )
    session.flush()
    return len(members)


def _refuse_term(first_day: date, last_day: date | None) -> None:
    if last_day is not None and last_day < first_day:
        raise ElectionRefused(say("The term must end after it begins."))


def _refuse_second_entry(session: ActorSession, election_id: int) -> None:
    there = select(col(CommitteeMember.id)).where(
        col(CommitteeMember.election_id) == election_id,
        col(CommitteeMember.removed_at).is_(None),
    )
    if session.scalar(there.limit(1)) is not None:
        raise ElectionRefused(say("Who was elected is entered in the committee already."))
