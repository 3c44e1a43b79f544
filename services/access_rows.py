"""Accesses as lists and pages show them: one row each, with the facts behind its status."""

from collections import defaultdict
from collections.abc import Collection, Sequence
from dataclasses import dataclass
from datetime import UTC, date, datetime, time, timedelta
from functools import cache, lru_cache
from typing import Any
from zoneinfo import ZoneInfo

from sqlalchemy import ColumnElement, Date, and_, bindparam, func, select
from sqlalchemy.orm import aliased
from sqlmodel import col

from models.access import (
    Access,
    FactColumns,
    Mission,
    Service,
    ServiceRole,
    Suspension,
    another,
    holds,
    joined,
)
from models.base import Instant
from models.consents import Consent
from models.database import ActorSession
from models.errors import TrousseauError
from models.invitations import Invitation
from models.language import N_, Wording, say, wording_from_json
from models.mail import Mail
from models.people import Person, Post, SuspectedDouble
from models.prepared import fetch, fetch_value
from models.schools import School, SchoolYear, Source

#: The service that a team's list is about.
SERVICE = "extranet"

#: Identifiers in one statement at most, below every engine's limit.
_CHUNK = 500


class NotFound(TrousseauError):
    """What was asked for does not exist, or belongs to a school that is not the actor's."""

    heading = N_("Not found")


@dataclass(frozen=True, slots=True)
class Moment:
    """When a status is asked for: the instant, the day it falls on, and in which zone."""

    at: datetime
    day: date
    zone: ZoneInfo

    @property
    def values(self) -> dict[str, Any]:
        """The values of `AT` and `DAY` in a statement."""
        return {"at": self.at, "day": self.day}


@dataclass(slots=True)
class AccessDetails:
    """The facts behind a status, as they had happened at the moment asked for.

    Instants are UTC. `access_ends`, `exit_date` are days, inclusive, in the school's zone.
    Not frozen, as the row is not: that would double the time to make a page of them.
    """

    granted_at: datetime
    activated_at: datetime | None
    activation: str
    year: str
    access_ends: date
    ended_at: datetime
    suspended_from: datetime | None
    suspension_reason: str
    consented_at: datetime | None
    withdrawn_at: datetime | None
    double_found_at: datetime | None
    generation: int | None
    queued_at: datetime | None
    valid_until: datetime | None
    sent_at: datetime | None
    uncertain_at: datetime | None
    refused_at: datetime | None
    bounced_at: datetime | None
    held_at: datetime | None
    reply: str
    our_reason: Wording | None
    recipient: str
    exit_date: date | None
    present: bool
    disappeared_at: datetime | None


@dataclass(slots=True)
class AccessRow:
    """One access: who, which function and role, which address, and where things stand.

    `function` and `role` are codes, `missions` those of `models.roles.MISSIONS`.
    `role_origin` is mission, by_hand, recorded, function or none. `consent` is one of
    `models.access.CONSENT_STATES`. `since` is the time of the fact that decides the status,
    `reason` says what blocks it. The address is shown on the director's own screen only:
    whoever lets it out of the house asks for `consent == "signed"` (`may_leave_the_house`).
    """

    access_id: int
    person_id: int
    school_id: int
    school_year_id: int
    post_id: int
    surname: str
    first_name: str
    function: str
    role: str | None
    role_origin: str
    email: str | None
    email_source: str
    consent: str
    missions: tuple[str, ...]
    status: str
    since: datetime | None
    details: AccessDetails
    reason: Wording | None = None

    @property
    def name(self) -> str:
        return f"{self.surname} {self.first_name}".strip()

    @property
    def may_leave_the_house(self) -> bool:
        """Tell whether the address may be passed on (DOMAIN §3, No signed consent)."""
        return self.email is not None and self.consent == "signed"


def moment(
    session: ActorSession, school_id: int, on: date | None = None, at: datetime | None = None
) -> Moment:
    """Return the present, or the end of the day `on` in the school's zone.

    The present is `at`, or the session's moment. Raises `NotFound` for a school that the
    actor doesn't see.
    """
    name = fetch_value(session, _zone_name(), {"school": school_id})
    if name is None:
        raise NotFound(say("There is no such school among yours."))
    zone = ZoneInfo(name)
    at = at or session.at
    today = at.astimezone(zone).date()
    if on is None or on == today:
        return Moment(at, today, zone)
    return Moment(end_of_day(on, zone), on, zone)


@cache
def _zone_name() -> Any:
    return select(col(School.time_zone)).where(col(School.id) == bindparam("school"))


@lru_cache(maxsize=64)
def end_of_day(day: date, zone: ZoneInfo) -> datetime:
    """Return the last instant of a day, to the microsecond, in UTC."""
    midnight = datetime.combine(day + timedelta(days=1), time(), zone)
    return midnight.astimezone(UTC) - timedelta(microseconds=1)


@cache
def of_service() -> ColumnElement[bool]:
    """SQL: the access is one of the service that a team's list is about."""
    service: Any = aliased(Service)
    wanted = select(service.id).where(service.code == SERVICE).scalar_subquery()
    return col(Access.service_id) == wanted


def in_team(school_id: Any, school_year_id: Any) -> ColumnElement[bool]:
    """SQL: the access belongs to one school's team of one school year."""
    return and_(
        col(Access.school_id) == school_id,
        col(Access.school_year_id) == school_year_id,
        of_service(),
    )


#: The moment and the day of a statement that was built beforehand: building one anew for
#: each page would cost ten times what the database needs for it (measured).
AT: Any = bindparam("at", type_=Instant())
DAY: Any = bindparam("day", type_=Date())


def rows_of(session: ActorSession, now: Moment, access_ids: Sequence[int]) -> list[AccessRow]:
    """Return the accesses of those identifiers, in their order."""
    found: dict[int, AccessRow] = {}
    for start in range(0, len(access_ids), _CHUNK):
        chunk = list(access_ids[start : start + _CHUNK])
        rows = fetch(session, _of_chosen(), {**now.values, "chosen": chunk})
        found |= {row.access_id: row for row in _made(session, now, rows)}
    return [found[access_id] for access_id in access_ids if access_id in found]


def rows_where(
    session: ActorSession, now: Moment, condition: ColumnElement[bool]
) -> list[AccessRow]:
    """Return the accesses for which the condition holds, in no order."""
    rows = session.execute(_statement().where(condition), now.values).all()
    return _made(session, now, rows)


def _made(session: ActorSession, now: Moment, rows: Sequence[Any]) -> list[AccessRow]:
    missions = _missions(session, now.at, {(r.person_id, r.school_id) for r in rows})
    return [_row(row, missions, now) for row in rows]


@cache
def _statement() -> Any:
    facts = FactColumns(AT, DAY)
    return joined(select(*_columns(facts, AT)).select_from(Access), AT)


@cache
def _of_chosen() -> Any:
    return _statement().where(col(Access.id).in_(bindparam("chosen", expanding=True)))


def _columns(facts: FactColumns, at: Any) -> list[Any]:
    columns: dict[str, Any] = {
        "access_id": Access.id,
        "person_id": Access.person_id,
        "school_id": Access.school_id,
        "school_year_id": Access.school_year_id,
        "post_id": Access.post_id,
        "surname": Person.surname,
        "first_name": Person.first_name,
        "function": Post.function,
        "recorded_role": Post.role,
        "role_by_hand": Post.role_by_hand,
        "mission_role": facts.mission_role,
        "function_role": ServiceRole.role,
        "email": facts.address,
        "email_field": facts.address_field,
        "source": Source.name,
        "consent": facts.consent_state,
        "status": facts.status,
        "granted_at": Access.granted_at,
        "activated_at": Access.activated_at,
        "activation": Access.activation,
        "year": SchoolYear.label,
        "access_ends": SchoolYear.access_ends,
        "generation": Invitation.generation,
        "queued_at": Invitation.queued_at,
        "valid_until": Invitation.valid_until,
        "sent_at": Mail.sent_at,
        "uncertain_at": Mail.uncertain_at,
        "refused_at": Mail.refused_at,
        "bounced_at": Mail.bounced_at,
        "held_at": Mail.held_at,
        "reply": Mail.reply,
        "our_reason": Mail.reason,
        "recipient": Mail.recipient,
        "exit_date": Post.exit_date,
        "present": Post.present,
        "disappeared_at": Post.disappeared_at,
        **_decisive(facts, at),
    }
    return [column.label(name) for name, column in columns.items()]


def _decisive(facts: FactColumns, at: Any) -> dict[str, ColumnElement[Any]]:
    """SQL: what lies in tables of which several rows may belong to one access."""
    suspension: Any = another(Suspension)
    consent: Any = another(Consent)
    double: Any = another(SuspectedDouble)
    suspended = (
        suspension.access_id == Access.id,
        holds(suspension.from_at, suspension.until_at, at),
    )
    agreed = (consent.person_id == Access.person_id, consent.school_id == Access.school_id)
    one_of_two = (double.person_id == Access.person_id) | (double.other_id == Access.person_id)

    def one(found: Any) -> Any:
        return found.correlate(Access, Person, Post, Source).scalar_subquery()

    def latest(column: Any, *conditions: Any) -> Any:
        # Not "order by … limit 1": for that SQLite walks a whole school's consents.
        return one(select(func.max(column)).where(*conditions))

    reason = select(suspension.reason).where(*suspended).order_by(suspension.from_at.desc())
    return {
        "suspended_from": latest(suspension.from_at, *suspended),
        "suspension_reason": one(reason.limit(1)),
        "consented_at": facts.latest_consent("recorded_at"),
        "withdrawn_at": latest(consent.withdrawn_at, *agreed, consent.withdrawn_at <= at),
        "double_found_at": latest(
            double.found_at, one_of_two, holds(double.found_at, double.decided_at, at)
        ),
    }


_Missions = dict[tuple[int, int, int], list[str]]


def _missions(
    session: ActorSession, at: datetime, people: Collection[tuple[int, int]]
) -> _Missions:
    """Return the codes of the missions held at `at`, by person, school and year."""
    found: _Missions = defaultdict(list)
    persons, schools = ({pair[place] for pair in people} for place in (0, 1))
    if not people:
        return found
    values = {"at": at, "schools": sorted(schools), "persons": sorted(persons)}
    for mission in fetch(session, _held_missions(len(people) > _CHUNK), values):
        key = (mission.person_id, mission.school_id, mission.school_year_id)
        found[key].append(mission.code)
    return found


@cache
def _held_missions(of_many: bool) -> Any:
    """SQL: the missions of some persons; those of their whole schools where they are many."""
    statement = (
        select(Mission.person_id, Mission.school_id, Mission.school_year_id, Mission.code)  # type: ignore[call-overload]
        .where(
            col(Mission.school_id).in_(bindparam("schools", expanding=True)),
            holds(col(Mission.given_at), col(Mission.removed_at), AT),
        )
        .order_by(col(Mission.id))
    )
    if of_many:
        return statement
    return statement.where(col(Mission.person_id).in_(bindparam("persons", expanding=True)))


def _row(row: Any, missions: _Missions, now: Moment) -> AccessRow:
    details = _details(row, now)
    role = row.mission_role or row.recorded_role or row.function_role
    return AccessRow(
        access_id=row.access_id,
        person_id=row.person_id,
        school_id=row.school_id,
        school_year_id=row.school_year_id,
        post_id=row.post_id,
        surname=row.surname,
        first_name=row.first_name,
        function=row.function,
        role=role,
        role_origin=_origin(row),
        email=row.email,
        email_source=address_source(row.source, row.email_field) if row.email else "",
        consent=row.consent,
        missions=tuple(missions.get((row.person_id, row.school_id, row.school_year_id), ())),
        status=row.status,
        since=_since(row.status, details),
        details=details,
    )


def address_source(source: str | None, field: str | None) -> str:
    """Return which field of which source an address comes from: `ProEco, e-mail privé`."""
    return ", ".join(part for part in (source, field) if part)


def _origin(row: Any) -> str:
    if row.mission_role:
        return "mission"
    if row.recorded_role:
        return "by_hand" if row.role_by_hand else "recorded"
    return "function" if row.function_role else "none"


def _details(row: Any, now: Moment) -> AccessDetails:
    def past(moment: datetime | None) -> datetime | None:
        return moment if moment is not None and moment <= now.at else None

    return AccessDetails(
        granted_at=row.granted_at,
        activated_at=past(row.activated_at),
        activation=row.activation,
        year=row.year,
        access_ends=row.access_ends,
        ended_at=end_of_day(row.access_ends, now.zone) + timedelta(microseconds=1),
        suspended_from=row.suspended_from,
        suspension_reason=row.suspension_reason or "",
        consented_at=row.consented_at,
        withdrawn_at=row.withdrawn_at,
        double_found_at=row.double_found_at,
        generation=row.generation,
        queued_at=row.queued_at,
        valid_until=row.valid_until,
        sent_at=past(row.sent_at),
        uncertain_at=past(row.uncertain_at),
        refused_at=past(row.refused_at),
        bounced_at=past(row.bounced_at),
        held_at=past(row.held_at),
        reply=row.reply or "",
        our_reason=wording_from_json(row.our_reason) if row.our_reason else None,
        recipient=row.recipient or "",
        exit_date=row.exit_date,
        present=row.present,
        disappeared_at=past(row.disappeared_at),
    )


#: The fact that decides a status, where there is one alone.
_DECIDING = {
    "deactivated": "suspended_from",
    "ended": "ended_at",
    "active": "activated_at",
    "duplicate": "double_found_at",
    "bounced": "bounced_at",
    "refused": "refused_at",
    "expired": "valid_until",
    "uncertain": "uncertain_at",
    "sent": "sent_at",
    "queued": "queued_at",
}


def _since(status: str, facts: AccessDetails) -> datetime | None:
    """Return the time of the fact that decides a status."""
    if status in _DECIDING:
        since: datetime | None = getattr(facts, _DECIDING[status])
        return since
    if status == "to_invite":
        return max(filter(None, (facts.granted_at, facts.consented_at)))
    return (facts.withdrawn_at if status == "no_consent" else None) or facts.granted_at
