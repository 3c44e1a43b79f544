"""Voting: the ballot paper with its receipt, and the one transaction that casts a vote.

That a school has voted and what it voted are written together or not at all, and nothing
leads from the one to the other (`services.urn`). The receipt is on the screen before the vote
is cast: whoever loses the line meanwhile asks whether the school has voted (`voted`), and
finds the ballot in the published list.

The choice appears in no error, representation, journal line or log.
"""

from dataclasses import dataclass, field
from datetime import datetime
from typing import ClassVar, Literal

from sqlalchemy import bindparam, select
from sqlmodel import col

from models.database import ActorSession
from models.elections import Election, ElectionBallot, ElectionVoter
from models.errors import TrousseauError
from models.keys import Key
from models.language import N_, Wording, say, say_n
from models.rights import right
from models.schools import School
from models.scope import not_allowed, not_theirs
from services import urn
from services.elections import (
    SchoolVoted,
    Standing,
    committees,
    find,
    standing,
    status_of,
)
from services.zones import local

_SCHOOL = select(School).where(col(School.id) == bindparam("id"))
_VOTED = (
    select(col(School.name), col(ElectionVoter.voted_at), col(School.time_zone))
    .join(School, col(School.id) == ElectionVoter.school_id)
    .where(
        col(ElectionVoter.election_id) == bindparam("election"),
        col(ElectionVoter.school_id) == bindparam("school"),
    )
)


class VoteRefused(TrousseauError):
    """This vote can't be cast. It was not, and nothing was written."""

    heading = N_("The vote was not cast")


class AlreadyVoted(VoteRefused):
    """The school has voted; `voted` says when."""

    heading = N_("This school has voted")

    def __init__(self, voted: SchoolVoted) -> None:
        super().__init__(voted.sentence)
        self.voted = voted


@dataclass(frozen=True, slots=True)
class Choice:
    """What a ballot says: names (`Standing.id`), or blank, or abstention. It shows nothing."""

    kind: Literal["candidates", "blank", "abstention"] = field(repr=False)
    candidates: frozenset[int] = field(default=frozenset(), repr=False)

    BLANK: ClassVar["Choice"]
    ABSTENTION: ClassVar["Choice"]

    @classmethod
    def of(cls, *candidates: int) -> "Choice":
        """Return the choice of these candidates, by their `Standing.id`."""
        return cls("candidates", frozenset(candidates))


Choice.BLANK = Choice("blank")
Choice.ABSTENTION = Choice("abstention")


@dataclass(frozen=True, slots=True)
class BallotPaper:
    """All that a head has before the eyes while voting.

    `receipt` is this paper's own: it is new with each paper, and nobody has it before the
    vote is cast with it. `zone` is the school's, in which the close is shown.
    """

    election_id: int
    title: str
    committee: str
    information: str
    seats: int
    closes_at: datetime
    zone: str
    school_id: int
    school: str
    candidates: tuple[Standing, ...]
    receipt: str = field(repr=False)


@dataclass(frozen=True, slots=True)
class Cast:
    """A vote that is in the urn."""

    voted: SchoolVoted
    receipt: str = field(repr=False)


def ballot(session: ActorSession, election_id: int, school_id: int | None = None) -> BallotPaper:
    """Return a ballot paper for a school, the actor's own if there is but one.

    Raises `AlreadyVoted`, `VoteRefused` where the election is not open, `ElectionNotFound`,
    and `OutOfScope` for whoever is not that school's head.
    """
    school = _school(session, school_id)
    election = find(session, election_id)
    _refuse_unless_open(session, election, school)
    return BallotPaper(
        election_id=election_id,
        title=election.title,
        committee=committees(session, [election]).get(election.committee_id or 0, ""),
        information=election.information,
        seats=election.seats,
        closes_at=election.closes_at,
        zone=school.time_zone,
        school_id=school.id or 0,
        school=school.name,
        candidates=standing(session, election_id),
        receipt=urn.new_receipt(),
    )


def voted(session: ActorSession, election_id: int, school_id: int) -> SchoolVoted | None:
    """Return whether and when a school of the actor's has voted; None where it has not."""
    row = session.execute(_VOTED, {"election": election_id, "school": school_id}).one_or_none()
    return None if row is None else SchoolVoted(school_id, *row)


def problem(choice: Choice, seats: int, candidates: tuple[Standing, ...]) -> Wording | None:
    """Return in words why a choice is none, for a screen while it is made; None for a good one."""
    if choice.kind != "candidates":
        return say("A blank ballot or an abstention names nobody.") if choice.candidates else None
    if not choice.candidates:
        return say("Choose a candidate, or a blank ballot, or abstain.")
    if not choice.candidates <= {each.id for each in candidates}:
        return say("The list of candidates has changed: take a new ballot.")
    if len(choice.candidates) > seats:
        return say_n(
            "Choose %(count)s candidate at most.", "Choose %(count)s candidates at most.", seats
        )
    return None


def cast(
    session: ActorSession,
    key: Key,
    election_id: int,
    school_id: int,
    choice: Choice,
    receipt: str,
) -> Cast:
    """Cast a school's vote, with the receipt of its ballot paper: in the urn, or not at all.

    The session's moment decides: from the opening on, before the close. Raises `AlreadyVoted`
    (also where this very ballot is in the urn already), `VoteRefused`, `UrnRefused` where the
    key is another than that of the urn, `OutOfScope` for whoever is not that school's head.
    """
    school = _school(session, school_id)
    held = urn.hold(session, election_id)
    # What is read from here on stays so: whoever would change it waits for the urn.
    election = find(session, election_id)
    _refuse_unless_open(session, election, school)
    candidates = standing(session, election_id)
    if wrong := problem(choice, election.seats, candidates):
        raise VoteRefused(wrong)
    ballots = held.ballots(key, len(candidates))
    ballots.append(urn.SealedBallot(_new(receipt, ballots), _marks(choice, candidates)))
    session.add(ElectionVoter(election_id=election_id, school_id=school_id, voted_at=session.at))
    session.flush()
    held.put(key, len(candidates), ballots)
    seen = SchoolVoted(school_id, school.name, session.at, school.time_zone)
    return Cast(seen, receipt)


@dataclass(frozen=True, slots=True)
class Sighting:
    """What has become of a ballot: `seen` is the vote of its school, if there is one, `cast`
    whether that vote is this very ballot."""

    seen: SchoolVoted | None
    cast: bool


def sighted(
    session: ActorSession, key: Key, election_id: int, school_id: int, receipt: str
) -> Sighting:
    """Return what has become of a ballot whose casting was cut off, so that nobody doubts.

    It waits for whoever is casting just now, and so is asked in a session that writes: what
    it says stays so, unless the same ballot is cast again. Raises `OutOfScope` for whoever is
    not that school's head, `UrnRefused` as `cast` does.
    """
    _school(session, school_id)
    find(session, election_id)
    held = urn.hold(session, election_id)
    seen, found = voted(session, election_id, school_id), urn.read_receipt(receipt)
    if seen is None or found is None:
        return Sighting(seen, cast=False)
    published = select(col(ElectionBallot.id)).where(
        col(ElectionBallot.election_id) == election_id,
        col(ElectionBallot.receipt) == urn.shown_receipt(found),
    )
    if held.is_empty:  # taken apart when its ballots were published
        return Sighting(seen, cast=session.scalar(published) is not None)
    ballots = held.ballots(key, len(standing(session, election_id)))
    return Sighting(seen, cast=any(each.receipt == found for each in ballots))


def voting_schools(session: ActorSession) -> tuple[tuple[int, str], ...]:
    """Return the schools that the actor votes for, by name: number and name of each."""
    wanted = select(col(School.id), col(School.name)).where(
        col(School.id).in_(session.actor.schools or ()), col(School.kind) == "school"
    )
    rows = session.execute(wanted.order_by(col(School.name_key), col(School.id)))
    return tuple((number, name) for number, name in rows if number is not None)


def _school(session: ActorSession, school_id: int | None) -> School:
    """Return the school that the actor votes for; raises `OutOfScope`."""
    actor = session.actor
    its = right(actor.role, "votes")
    if its.reach != "schools" or not its.change or not actor.schools:
        raise not_allowed()
    if school_id is None and len(actor.schools) > 1:
        raise VoteRefused(say("Choose for which of your schools you vote."))
    wanted = next(iter(actor.schools)) if school_id is None else school_id
    found = session.scalars(_SCHOOL, {"id": wanted}).one_or_none()
    if found is None or wanted not in actor.schools:
        raise not_theirs()
    if found.kind != "school":
        raise VoteRefused(say("Only schools vote."))
    return found


def _refuse_unless_open(session: ActorSession, election: Election, school: School) -> None:
    assert election.id is not None and school.id is not None
    if seen := voted(session, election.id, school.id):
        raise AlreadyVoted(seen)
    status = status_of(election, session.at)
    if status == "cancelled":
        raise VoteRefused(
            say("This election was cancelled: %(why)s", why=election.cancelled_reason)
        )
    if status == "coming":
        opens = local(election.opens_at, school.time_zone)
        raise VoteRefused(say("This election opens on %(at)s.", at=opens))
    # Published while this vote waited for the urn: it would not be counted any more.
    if status == "closed" or election.published_at is not None:
        closed = local(election.closes_at, school.time_zone)
        raise VoteRefused(say("This election closed on %(at)s.", at=closed))


def _new(receipt: str, ballots: list[urn.SealedBallot]) -> bytes:
    found = urn.read_receipt(receipt)
    if found is None or any(each.receipt == found for each in ballots):
        raise VoteRefused(say("This receipt can’t be used: take a new ballot."))
    return found


def _marks(choice: Choice, candidates: tuple[Standing, ...]) -> int:
    if choice.kind == "blank":
        return urn.BLANK
    if choice.kind == "abstention":
        return urn.ABSTENTION
    return sum(2 << each.number for each in candidates if each.id in choice.candidates)
