"""What became of every invitation: one state each, with the times and the server's words.

A state is derived from the facts of the invitation and of its mail (DESIGN §2.1); it is
nowhere stored. It tells about one invitation, of whatever generation; what holds for the
person is the status of the access (`models.access`).
"""

from collections.abc import Collection
from dataclasses import dataclass, fields, replace
from datetime import datetime
from functools import cache, lru_cache
from typing import Any
from zoneinfo import ZoneInfo

from sqlalchemy import ColumnElement, and_, bindparam, case, func, not_, or_, select
from sqlmodel import col

from models.access import Access, FactColumns, Service, ServiceRole, happened
from models.database import ActorSession
from models.invitations import Invitation
from models.language import Wording, say, wording_from_json
from models.mail import Mail
from models.people import Person, Post
from models.prepared import fetch, fetch_value
from models.schools import School, SchoolYear, Source
from models.text import name_key
from services.access_rows import AT, DAY, in_team

#: Every state with the word for one invitation, in the order in which a summary names them.
STATE_WORDS: dict[str, Wording] = {
    "queued": say("waiting"),
    "sent": say("sent"),
    "uncertain": say("uncertain"),
    "held": say("held"),
    "refused": say("refused"),
    "bounced": say("returned"),
    "expired": say("expired"),
    "used": say("used"),
    "replaced": say("replaced"),
    "cancelled": say("withdrawn"),
}
STATES = tuple(STATE_WORDS)
#: States in which the mail may still leave, and can be tried at once.
OPEN = ("queued", "uncertain", "held")
SORTS = ("name", "state", "queued_at", "sent_at")
#: Identifiers in one statement at most, below every engine's limit.
_CHUNK = 500


@dataclass(frozen=True, slots=True)
class InvitationRow:
    """One invitation. Instants are UTC; `attempts` counts the tries that came to an end.

    `reply` holds the server's own words, `reason` ours where it said nothing. The address is
    for the director's own screen; what leaves the house takes `address_to_pass_on`.
    """

    invitation_id: int
    mail_id: int | None
    access_id: int
    person_id: int
    surname: str
    first_name: str
    recipient: str
    state: str
    generation: int
    queued_at: datetime
    valid_until: datetime
    attempts: int
    next_attempt_at: datetime | None
    sent_at: datetime | None
    uncertain_at: datetime | None
    held_at: datetime | None
    refused_at: datetime | None
    bounced_at: datetime | None
    used_at: datetime | None
    replaced_at: datetime | None
    cancelled_at: datetime | None
    reply: str
    reason: Wording | None
    consented: bool

    @property
    def name(self) -> str:
        return f"{self.surname} {self.first_name}".strip()

    @property
    def address_to_pass_on(self) -> str:
        """The address while a signed consent holds for it, else "" (DOMAIN §3)."""
        return self.recipient if self.consented else ""


@dataclass(frozen=True, slots=True)
class InvitationQuery:
    """Which invitations of a school and year, and in what order.

    `text` is looked for in names and addresses; `sort` is one of `SORTS`.
    """

    school_id: int
    school_year_id: int
    state: str | None = None
    text: str = ""
    sort: str = "name"
    descending: bool = False


@dataclass(frozen=True, slots=True)
class InvitationPage:
    """Rows, and how many there are in all, None where it was not asked."""

    rows: list[InvitationRow]
    total: int | None


def state_at(at: Any) -> ColumnElement[str]:
    """SQL: the state of an invitation joined with its mail; the first test that holds."""
    mail, invitation = Mail, Invitation
    unknown = and_(happened(col(mail.uncertain_at), at), not_(happened(col(mail.sent_at), at)))
    unsent = and_(happened(col(mail.cancelled_at), at), not_(happened(col(mail.sent_at), at)))
    tests = (
        (happened(col(invitation.used_at), at), "used"),
        (happened(col(invitation.replaced_at), at), "replaced"),
        (or_(happened(col(invitation.cancelled_at), at), unsent), "cancelled"),
        (happened(col(mail.bounced_at), at), "bounced"),
        (happened(col(mail.refused_at), at), "refused"),
        (col(invitation.valid_until) <= at, "expired"),
        (and_(happened(col(mail.held_at), at), col(mail.closed_at).is_(None)), "held"),
        (unknown, "uncertain"),
        (happened(col(mail.sent_at), at), "sent"),
        # The outbox gave up: the next try would have come after the token's end.
        (happened(col(mail.closed_at), at), "expired"),
    )
    return case(*tests, else_="queued")


def page(
    session: ActorSession, query: InvitationQuery, offset: int, limit: int, *, count: bool = True
) -> InvitationPage:
    """Return a page of invitations at the session's moment.

    Without `count` the total is not asked for, which for a large school takes longer than
    the page.
    """
    # First which ones, then all about those few: a large school costs no more than a small one.
    ids = _ids(session, query, offset, limit)
    found = {row.invitation_id: row for row in rows_of(session, query.school_id, ids)}
    listed = [found[key] for key in ids if key in found]
    return InvitationPage(listed, total(session, query) if count else None)


def _ids(session: ActorSession, query: InvitationQuery, offset: int, limit: int) -> list[int]:
    if query.text:
        wanted = _searched(col(Invitation.id)).where(*_conditions(session, query))
        ordered = wanted.order_by(*_order(query, session.at))
        return [key for key in session.scalars(ordered.offset(offset).limit(limit)) if key]
    values = {
        "school": query.school_id, "year": query.school_year_id, "at": session.at,
        "state": query.state, "offset": offset, "limit": limit,
    }  # fmt: skip
    form = replace(query, school_id=0, school_year_id=0)
    return [row[0] for row in fetch(session, _page_of(form), values)]


@lru_cache(maxsize=64)
def _page_of(form: InvitationQuery) -> Any:
    """SQL: a page of invitations not searched by name, of whichever school and year."""
    wanted = _searched(col(Invitation.id)).where(in_team(bindparam("school"), bindparam("year")))
    if form.state is not None:
        wanted = wanted.where(state_at(AT) == bindparam("state"))
    return wanted.order_by(*_order(form, AT)).offset(bindparam("offset")).limit(bindparam("limit"))


def total(session: ActorSession, query: InvitationQuery) -> int:
    """Return how many invitations match."""
    counted = _searched(func.count(col(Invitation.id))).where(*_conditions(session, query))
    return session.scalar(counted) or 0


def rows(session: ActorSession, query: InvitationQuery) -> list[InvitationRow]:
    """Return all that match, for the command line."""
    statement = _joined(select(*_columns(AT, DAY)))
    statement = statement.where(*_conditions(session, query)).order_by(*_order(query, AT))
    values = _moment(session, query.school_id)
    return [_row(row) for row in session.execute(statement, values)]


def rows_of(
    session: ActorSession, school_id: int, invitation_ids: Collection[int]
) -> list[InvitationRow]:
    """Return these invitations of one school."""
    values = {**_moment(session, school_id), "school": school_id}
    found: list[InvitationRow] = []
    for start in range(0, len(wanted := sorted(invitation_ids)), _CHUNK):
        chosen = wanted[start : start + _CHUNK]
        found += [_row(row) for row in fetch(session, _of_chosen(), {**values, "chosen": chosen})]
    return found


@cache
def _of_chosen() -> Any:
    return _joined(select(*_columns(AT, DAY))).where(
        col(Invitation.school_id) == bindparam("school"),
        col(Invitation.id).in_(bindparam("chosen", expanding=True)),
    )


def counts(session: ActorSession, school_id: int, school_year_id: int) -> dict[str, int]:
    """Return how many invitations of a school and year are in each state; all states named."""
    # Grouped by its name: PostgreSQL takes the same expression with other parameters for
    # another one.
    state = state_at(session.at).label("its_state")
    statement = (
        _joined(select(state, func.count(col(Invitation.id))))
        .where(*_conditions(session, InvitationQuery(school_id, school_year_id)))
        .group_by("its_state")
    )
    found = {name: int(count) for name, count in session.execute(statement)}
    return {name: found.get(name, 0) for name in STATES}


def _searched(column: Any) -> Any:
    """SQL: a column of the invitations, with what they are found and ordered by."""
    return (
        select(column)
        .select_from(Access)
        .join(Invitation, col(Invitation.access_id) == Access.id)
        .outerjoin(Mail, col(Mail.id) == Invitation.mail_id)
    )


def _joined(statement: Any) -> Any:
    return (
        statement.select_from(Invitation)
        .join(Access, col(Access.id) == Invitation.access_id)
        .join(Person, col(Person.id) == Access.person_id)
        .join(Post, col(Post.id) == Access.post_id)
        .join(SchoolYear, col(SchoolYear.id) == Access.school_year_id)
        .join(Service, col(Service.id) == Access.service_id)
        .outerjoin(Source, col(Source.id) == Post.source_id)
        .outerjoin(
            ServiceRole,
            and_(
                col(ServiceRole.service_id) == Access.service_id,
                col(ServiceRole.function) == Post.function,
            ),
        )
        .outerjoin(Mail, col(Mail.id) == Invitation.mail_id)
    )


def _conditions(session: ActorSession, query: InvitationQuery) -> list[Any]:
    # Not by the invitation's own school: for that SQLite sorts all of the school's.
    conditions: list[Any] = [in_team(query.school_id, query.school_year_id)]
    if query.state is not None:
        conditions.append(state_at(session.at) == query.state)
    conditions += [_matches(word) for word in query.text.split()[:10]]
    return conditions


def _matches(word: str) -> Any:
    key = name_key(word)
    found = [func.lower(col(Mail.recipient)).contains(word.lower(), autoescape=True)]
    if key:
        found.append(col(Access.search_key).contains(key))
    return or_(*found)


def _order(query: InvitationQuery, at: Any) -> list[Any]:
    name = [col(Access.search_key), col(Access.id), col(Invitation.id)]
    first: dict[str, Any] = {
        "state": state_at(at),
        "queued_at": col(Invitation.queued_at),
        # The two databases do not agree on where an empty time goes.
        "sent_at": func.coalesce(col(Mail.sent_at), col(Invitation.queued_at)),
    }
    keys = [first[query.sort], *name] if query.sort in first else name
    return [key.desc() for key in keys] if query.descending else keys


def _moment(session: ActorSession, school_id: int) -> dict[str, Any]:
    """Return the values of `AT` and `DAY` in a school's zone."""
    zone = fetch_value(session, _zone(), {"school": school_id})
    day = session.at.astimezone(ZoneInfo(zone or "UTC")).date()
    return {"at": session.at, "day": day}


@cache
def _zone() -> Any:
    return select(col(School.time_zone)).where(col(School.id) == bindparam("school"))


def _columns(at: Any, day: Any) -> list[Any]:
    facts = FactColumns(at, day)
    same = and_(facts.consented, facts.address == Mail.recipient)
    return [
        Invitation.id, Invitation.mail_id, Invitation.access_id, Person.id, Person.surname,
        Person.first_name, Mail.recipient, state_at(at), Invitation.generation,
        Invitation.queued_at, Invitation.valid_until, Mail.attempts, Mail.next_attempt_at,
        Mail.sent_at, Mail.uncertain_at, Mail.held_at, Mail.refused_at, Mail.bounced_at,
        Invitation.used_at, Invitation.replaced_at,
        func.coalesce(col(Invitation.cancelled_at), col(Mail.cancelled_at)),
        Mail.reply, Mail.reason, case((same, True), else_=False), Mail.closed_at,
    ]  # fmt: skip


def _row(row: Any) -> InvitationRow:
    *facts, reply, reason, consented, closed_at = row
    values = dict(zip(_ROW_FIELDS, facts, strict=True))
    values["recipient"], values["attempts"] = values["recipient"] or "", values["attempts"] or 0
    if closed_at is not None:
        values["next_attempt_at"] = None
    told = wording_from_json(reason) if reason else None
    return InvitationRow(**values, reply=reply or "", reason=told, consented=bool(consented))


_ROW_FIELDS = [field.name for field in fields(InvitationRow)][:-3]
