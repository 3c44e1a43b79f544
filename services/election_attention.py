"""What needs attention among the elections: votes to cast; what opens, closes, is counted."""

from collections.abc import Iterator
from datetime import timedelta

from sqlalchemy import and_, or_, select
from sqlmodel import col

from models.database import ActorSession
from models.elections import Election, ElectionVoter
from models.language import Wording, say
from models.schools import School
from services.attention import AttentionLine
from services.elections import NETWORK_ZONE, is_manager, may_vote, status_of
from services.zones import local

GO_TO = "elections"
#: So long before it opens an election is told of, and so long after its ballots are published.
NEAR = timedelta(days=14)


def election_lines(session: ActorSession) -> list[AttentionLine]:
    """Return a line for each election that the actor has to do with now, the nearest first.

    A head is told of the open ones in which a school of hers has not voted, in the time zone
    of that school; the helpdesk of what opens soon, is open, or was just published.
    """
    if may_vote(session):
        return list(_to_vote(session))
    return list(_to_manage(session)) if is_manager(session) else []


def _to_vote(session: ActorSession) -> Iterator[AttentionLine]:
    rows = session.execute(
        select(Election, col(School.name), col(School.time_zone))
        .join(School, col(School.kind) == "school")
        .outerjoin(
            ElectionVoter,
            and_(
                col(ElectionVoter.election_id) == col(Election.id),
                col(ElectionVoter.school_id) == col(School.id),
            ),
        )
        .where(
            col(School.id).in_(session.actor.schools or ()),
            col(Election.opens_at) <= session.at,
            col(Election.closes_at) > session.at,
            col(Election.cancelled_at).is_(None),
            col(ElectionVoter.id).is_(None),
        )
        .order_by(col(Election.closes_at), col(Election.id), col(School.name_key))
    )
    several = len(session.actor.schools or ()) > 1
    for election, school, zone in rows:
        closes = local(election.closes_at, zone)
        told = say(
            "The vote “%(title)s” is open until %(at)s: your school has not voted.",
            title=election.title,
            at=closes,
        )
        if several:
            told = say(
                "The vote “%(title)s” is open until %(at)s: %(school)s has not voted.",
                title=election.title,
                at=closes,
                school=school,
            )
        yield AttentionLine("vote_open", 1, told, GO_TO, "open")


def _to_manage(session: ActorSession) -> Iterator[AttentionLine]:
    at = session.at
    known = select(Election).where(
        col(Election.cancelled_at).is_(None),
        or_(
            and_(col(Election.closes_at) > at, col(Election.opens_at) < at + NEAR),
            col(Election.published_at) > at - NEAR,
            and_(col(Election.closes_at) <= at, col(Election.published_at).is_(None)),
        ),
    )
    for election in session.scalars(known.order_by(col(Election.closes_at), col(Election.id))):
        yield AttentionLine(*_managed(election, session), GO_TO)


def _managed(election: Election, session: ActorSession) -> tuple[str, int, Wording]:
    zone, title = NETWORK_ZONE.key, election.title
    status = status_of(election, session.at)
    if status == "coming":
        opens = local(election.opens_at, zone)
        return "vote_opens", 1, say("The vote “%(title)s” opens on %(at)s.", title=title, at=opens)
    closes = local(election.closes_at, zone)
    if status == "open":
        return (
            "vote_closes",
            1,
            say("The vote “%(title)s” closes on %(at)s.", title=title, at=closes),
        )
    if election.published_at is None:
        told = say(
            "The vote “%(title)s” closed on %(at)s; its ballots are published when somebody "
            "opens it, or by the nightly update.",
            title=title,
            at=closes,
        )
        return "vote_unpublished", 1, told
    published = local(election.published_at, zone)
    told = say("The result of “%(title)s” is published since %(at)s.", title=title, at=published)
    return "vote_published", 1, told
