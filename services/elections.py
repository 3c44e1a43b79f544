"""Elections for committees: put up and corrected by the helpdesk, listed and read by heads.

An election can be corrected until it opens, and cancelled with a reason until its ballots are
published. Voting is in `services.election_voting`, counting in `services.election_results`.
"""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any, Literal
from zoneinfo import ZoneInfo

from sqlalchemy import and_, bindparam, select
from sqlmodel import col

from models.database import ActorSession, change
from models.elections import Candidate, Election, ElectionVoter
from models.errors import TrousseauError
from models.language import N_, Wording, say
from models.reading_room import Committee
from models.rights import may_change
from models.schools import DEFAULT_TIME_ZONE, School
from models.scope import not_allowed
from models.text import clean, name_key, squeeze
from services import drafts, urn
from services.election_form import (
    FIELDS,
    CandidateEntry,
    ElectionFormRefused,
    Terms,
    check,
)
from services.zones import local

Status = Literal["open", "coming", "closed", "cancelled"]

#: The statuses, what concerns a head most first.
STATUSES: tuple[Status, ...] = ("open", "coming", "closed", "cancelled")
#: Every status in words, with one sign that needs no colour.
STATUS_WORDS: dict[Status, tuple[str, Wording]] = {
    "open": ("*", say("Voting open")),
    "coming": ("o", say("Coming")),
    "closed": ("=", say("Voting closed")),
    "cancelled": ("x", say("Vote cancelled")),
}
#: Longest reason, in characters.
LONGEST_REASON = 500
#: The zone of the network, where nobody said another.
NETWORK_ZONE = ZoneInfo(DEFAULT_TIME_ZONE)


# What every vote asks, while many vote at once: built once, each takes half the time.
_ELECTION = select(Election).where(col(Election.id) == bindparam("id"))
_CANDIDATES = (
    select(Candidate)
    .where(col(Candidate.election_id) == bindparam("id"))
    .order_by(col(Candidate.number))
)
_AFRESH = {"populate_existing": True}


class ElectionNotFound(TrousseauError):
    """There is no election of that number."""

    heading = N_("Not found")


class ElectionRefused(TrousseauError):
    """The election is not where this step begins."""


# --- what it is ---------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class Standing:
    """A candidate as on the ballot: `id` is chosen, `number` is shown and published."""

    id: int
    number: int
    name: str
    school_name: str
    statement: str


@dataclass(frozen=True, slots=True)
class SchoolVoted:
    """That a school has voted, and when; what is known to nobody."""

    school_id: int
    school: str
    voted_at: datetime
    zone: str

    @property
    def sentence(self) -> Wording:
        at = local(self.voted_at, self.zone)
        return say("%(school)s has voted, on %(at)s.", school=self.school, at=at)


@dataclass(frozen=True, slots=True)
class ElectionRow:
    """An election in a list. `voted` are the schools that the actor sees, `voters` is how
    many have voted in all, of `schools`."""

    id: int
    title: str
    status: Status
    committee: str
    seats: int
    candidates: int
    opens_at: datetime
    closes_at: datetime
    published: bool
    voted: tuple[SchoolVoted, ...]
    voters: int
    schools: int


@dataclass(frozen=True, slots=True)
class ElectionPage:
    """All of an election but its result (`election_results.result`).

    `steps` are what the actor may do now: `correct`, `cancel`, `vote`, `result`, `members`.
    """

    row: ElectionRow
    committee_id: int | None
    information: str
    candidates: tuple[Standing, ...]
    created_at: datetime
    cancelled_at: datetime | None
    cancelled_reason: str
    published_at: datetime | None
    ballots_digest: str
    steps: tuple[str, ...]


def status_of(election: Election, at: datetime) -> Status:
    """Return the status at a moment: open from the opening on, closed from the close on."""
    if election.cancelled_at is not None:
        return "cancelled"
    if at < election.opens_at:
        return "coming"
    return "open" if at < election.closes_at else "closed"


def is_manager(session: ActorSession) -> bool:
    """Tell whether the session's actor puts elections up."""
    return session.actor.sees_all or may_change(session.actor.role, "elections")


def require_manager(session: ActorSession) -> None:
    """Raise `OutOfScope` for whoever puts no elections up."""
    if not is_manager(session):
        raise not_allowed()


def may_vote(session: ActorSession) -> bool:
    """Tell whether the session's actor votes, for some school."""
    return bool(session.actor.schools) and may_change(session.actor.role, "votes")


# --- reading ------------------------------------------------------------------------------


def elections(session: ActorSession, status: Status | None = None) -> list[ElectionRow]:
    """Return the elections, or those of a status: open ones first, then those to come.

    What is open or coming is in the order of its moment, what is over the latest first.
    """
    found = session.scalars(select(Election).order_by(col(Election.closes_at), col(Election.id)))
    ours = [row for row in found if status in (None, status_of(row, session.at))]
    rows = _rows(session, ours)
    over = [row for row in reversed(rows) if row.status in ("closed", "cancelled")]
    opening = sorted((row for row in rows if row.status == "coming"), key=lambda r: r.opens_at)
    return [*(row for row in rows if row.status == "open"), *opening, *over]


def page(session: ActorSession, election_id: int) -> ElectionPage:
    """Return all of an election but its result; raises `ElectionNotFound`."""
    election = find(session, election_id)
    (row,) = _rows(session, [election])
    return ElectionPage(
        row=row,
        committee_id=election.committee_id,
        information=election.information,
        candidates=standing(session, election_id),
        created_at=election.created_at,
        cancelled_at=election.cancelled_at,
        cancelled_reason=election.cancelled_reason,
        published_at=election.published_at,
        ballots_digest=election.ballots_digest,
        steps=_steps(session, election, row),
    )


def _steps(session: ActorSession, election: Election, row: ElectionRow) -> tuple[str, ...]:
    steps = []
    if is_manager(session):
        if row.status == "coming":
            steps.append("correct")
        if row.status != "cancelled" and not row.published:
            steps.append("cancel")
    if row.status == "open" and may_vote(session):
        done = {voted.school_id for voted in row.voted}
        if not done.issuperset(session.actor.schools or ()):
            steps.append("vote")
    if row.published:
        steps.append("result")
        if is_manager(session) and election.committee_id is not None:
            steps.append("members")
    return tuple(steps)


def find(session: ActorSession, election_id: int) -> Election:
    """Return an election as it is in the database now; raises `ElectionNotFound`."""
    found = session.scalars(_ELECTION, {"id": election_id}, execution_options=_AFRESH).one_or_none()
    if found is None:
        raise ElectionNotFound(say("There is no election with this number."))
    return found


def standing(session: ActorSession, election_id: int) -> tuple[Standing, ...]:
    """Return the candidates of an election, in their order on the ballot."""
    rows = session.scalars(_CANDIDATES, {"id": election_id}, execution_options=_AFRESH)
    return tuple(
        Standing(row.id or 0, row.number, row.name, row.school_name, row.statement) for row in rows
    )


def schools_voted(session: ActorSession, election_id: int) -> tuple[SchoolVoted, ...]:
    """Return the schools within the actor's sight that have voted, by name."""
    return _voted(session, [election_id]).get(election_id, ())


def _voted(session: ActorSession, ids: Iterable[int]) -> dict[int, tuple[SchoolVoted, ...]]:
    rows = session.execute(
        select(
            col(ElectionVoter.election_id),
            col(School.id),
            col(School.name),
            col(ElectionVoter.voted_at),
            col(School.time_zone),
        )
        .join(School, col(School.id) == ElectionVoter.school_id)
        .where(col(ElectionVoter.election_id).in_(list(ids)))
        .order_by(col(School.name_key), col(School.id))
    )
    found: dict[int, list[SchoolVoted]] = {}
    for election_id, school_id, name, voted_at, zone in rows:
        voted = SchoolVoted(school_id or 0, name, voted_at, zone)
        found.setdefault(election_id, []).append(voted)
    return {election_id: tuple(schools) for election_id, schools in found.items()}


def _rows(session: ActorSession, found: Sequence[Election]) -> list[ElectionRow]:
    ids = [row.id for row in found if row.id is not None]
    voted, voters = _voted(session, ids), urn.count_voters(session, ids)
    schools = urn.count_schools(session)
    names = committees(session, found)
    numbers: dict[int, int] = {}
    for election_id in session.scalars(
        select(col(Candidate.election_id)).where(col(Candidate.election_id).in_(ids))
    ):
        numbers[election_id] = numbers.get(election_id, 0) + 1
    return [
        ElectionRow(
            id=row.id or 0,
            title=row.title,
            status=status_of(row, session.at),
            committee=names.get(row.committee_id or 0, ""),
            seats=row.seats,
            candidates=numbers.get(row.id or 0, 0),
            opens_at=row.opens_at,
            closes_at=row.closes_at,
            published=row.published_at is not None,
            voted=voted.get(row.id or 0, ()),
            voters=voters[row.id or 0],
            schools=schools if row.electorate is None else row.electorate,
        )
        for row in found
    ]


def committees(session: ActorSession, found: Sequence[Election]) -> dict[int, str]:
    """Return the names of the committees that elections are for, by their numbers."""
    wanted = {row.committee_id for row in found} - {None}
    rows = session.execute(
        select(col(Committee.id), col(Committee.name)).where(col(Committee.id).in_(wanted))
    )
    return {number: name for number, name in rows if number is not None}


# --- the helpdesk's steps -----------------------------------------------------------------


def draft_name(election_id: int | None = None) -> str:
    """Return the name of the form's draft (`services.drafts`)."""
    return "election" if election_id is None else f"election:{election_id}"


def form_of(
    session: ActorSession, election_id: int, zone: ZoneInfo = NETWORK_ZONE
) -> tuple[dict[str, str], tuple[CandidateEntry, ...]]:
    """Return an election as its form would be filled in: values and candidates."""
    election = find(session, election_id)
    opens, closes = election.opens_at.astimezone(zone), election.closes_at.astimezone(zone)
    texts = (
        election.title, "" if election.committee_id is None else str(election.committee_id),
        str(election.seats), f"{opens:%d/%m/%Y}", f"{opens:%H:%M}", f"{closes:%d/%m/%Y}",
        f"{closes:%H:%M}", election.information,
    )  # fmt: skip
    entries = tuple(
        CandidateEntry(each.name, each.school_name, each.statement)
        for each in standing(session, election_id)
    )
    return dict(zip(FIELDS, texts, strict=True)), entries


def create(
    session: ActorSession,
    values: Mapping[str, str],
    candidates: Sequence[CandidateEntry],
    zone: ZoneInfo = NETWORK_ZONE,
) -> int:
    """Put up an election (see `services.election_form.FIELDS`); return its number.

    For the helpdesk, else `OutOfScope`; raises `ElectionFormRefused` with what stands beside
    which field.
    """
    require_manager(session)
    terms = _terms(session, values, candidates, zone)
    election = Election(created_at=session.at, **_columns(terms))
    session.add(election)
    session.flush()
    assert election.id is not None
    urn.make(session, election.id)
    _put_candidates(session, election.id, terms)
    drafts.discard(session, draft_name())
    return election.id


def correct(
    session: ActorSession,
    election_id: int,
    values: Mapping[str, str],
    candidates: Sequence[CandidateEntry],
    zone: ZoneInfo = NETWORK_ZONE,
) -> None:
    """Replace all of an election that has not opened yet. For the helpdesk.

    Candidates who change get new identifiers, so that no ballot that somebody still has on a
    screen can be taken for one with other names. Raises `ElectionRefused` once it is open.
    """
    require_manager(session)
    find(session, election_id)
    held = urn.hold(session, election_id)
    _refuse_unless_coming(find(session, election_id), session.at, not held.is_empty)
    terms = _terms(session, values, candidates, zone)
    still = and_(col(Election.id) == election_id, col(Election.opens_at) > session.at)
    _step(session, still, **_columns(terms))
    _put_candidates(session, election_id, terms)
    drafts.discard(session, draft_name(election_id))


def _refuse_unless_coming(election: Election, at: datetime, voted: bool) -> None:
    status = status_of(election, at)
    if status == "cancelled":
        raise ElectionRefused(say("This election was cancelled."))
    # Somebody has voted already where this correction waited while the election opened.
    if status != "coming" or voted:
        raise ElectionRefused(
            say("This election has opened: nothing of it can be changed. It can be cancelled.")
        )


def cancel(session: ActorSession, election_id: int, reason: str) -> None:
    """Cancel an election whose ballots are not published, with a reason. For the helpdesk.

    Its ballots stay sealed for good. Raises `ElectionRefused`.
    """
    require_manager(session)
    said = squeeze(clean(reason))
    if not said:
        raise ElectionRefused(say("Give a reason: every head reads it."))
    if len(said) > LONGEST_REASON:
        raise ElectionRefused(say("At most %(limit)s characters.", limit=LONGEST_REASON))
    find(session, election_id)
    urn.hold(session, election_id)
    still = and_(
        col(Election.id) == election_id,
        col(Election.cancelled_at).is_(None),
        col(Election.published_at).is_(None),
    )
    _step(session, still, cancelled_at=session.at, cancelled_reason=said)


def _step(session: ActorSession, still: Any, **values: Any) -> None:
    if not change(session, Election, still, **values):
        raise ElectionRefused(
            say("This election has opened, was cancelled or counted meanwhile. Look again.")
        )


def _terms(
    session: ActorSession,
    values: Mapping[str, str],
    candidates: Sequence[CandidateEntry],
    zone: ZoneInfo,
) -> Terms:
    found = check(values, candidates, zone, session.at)
    if found.terms is None:
        wording = say("Something is missing or wrong: see beside the fields.")
        raise ElectionFormRefused(wording, found)
    number = found.terms.committee_id
    if number is not None:
        committee = select(col(Committee.id)).where(
            col(Committee.id) == number, col(Committee.withdrawn_at).is_(None)
        )
        if session.scalar(committee) is None:
            raise ElectionFormRefused(say("There is no such committee any more."), found)
    return found.terms


def _columns(terms: Terms) -> dict[str, Any]:
    return {
        "title": terms.title,
        "title_key": name_key(terms.title),
        "committee_id": terms.committee_id,
        "seats": terms.seats,
        "opens_at": terms.opens_at,
        "closes_at": terms.closes_at,
        "information": terms.information,
    }


def _put_candidates(session: ActorSession, election_id: int, terms: Terms) -> None:
    before = [
        CandidateEntry(each.name, each.school_name, each.statement)
        for each in standing(session, election_id)
    ]
    if before == list(terms.candidates):
        return
    for row in session.scalars(select(Candidate).where(col(Candidate.election_id) == election_id)):
        session.delete(row)
    session.flush()
    session.add_all(
        Candidate(
            election_id=election_id,
            number=number,
            name=each.name,
            school_name=each.school_name,
            statement=each.statement,
        )
        for number, each in enumerate(terms.candidates, 1)
    )
    session.flush()
