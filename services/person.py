"""Everything known of one person, within the schools that the actor sees."""

from dataclasses import dataclass, replace
from datetime import date, datetime
from typing import Any

from sqlalchemy import or_, select
from sqlalchemy.orm import aliased
from sqlmodel import col

from models.access import Access, Mission
from models.consents import Consent
from models.database import ActorSession
from models.invitations import Invitation
from models.language import Wording, say, wording_from_json
from models.mail import Mail
from models.people import Person, PersonKey, Post, SuspectedDouble
from models.schools import School, SchoolYear, Source
from services.access_rows import (
    AccessRow,
    Moment,
    NotFound,
    address_source,
    moment,
    of_service,
    rows_where,
)
from services.attention import known_domains
from services.findings import Finding, findings_of, why_not


@dataclass(frozen=True, slots=True)
class PostFacts:
    """A post: where, when, as what. Days are inclusive, in the school's zone."""

    post_id: int
    school_id: int
    school: str
    year: str
    function: str
    role: str | None
    role_by_hand: bool
    start_date: date | None
    exit_date: date | None
    present: bool
    disappeared_at: datetime | None
    source: str


@dataclass(frozen=True, slots=True)
class AddressFacts:
    """An address on file. `kind` is personal or school; `source` says which field it is from."""

    email: str
    kind: str
    source: str
    school: str = ""


@dataclass(frozen=True, slots=True)
class ConsentFacts:
    consent_id: int
    school: str
    email: str
    signed_on: date
    text_version: int
    recorded_at: datetime
    withdrawn_at: datetime | None


@dataclass(frozen=True, slots=True)
class MissionFacts:
    mission_id: int
    school: str
    year: str
    code: str
    role: str | None
    given_at: datetime
    removed_at: datetime | None


@dataclass(frozen=True, slots=True)
class InvitationFacts:
    """An invitation and what became of its mail, with the server's own words in `reply`."""

    school: str
    generation: int
    recipient: str
    queued_at: datetime
    valid_until: datetime
    used_at: datetime | None
    replaced_at: datetime | None
    cancelled_at: datetime | None
    sent_at: datetime | None
    uncertain_at: datetime | None
    refused_at: datetime | None
    bounced_at: datetime | None
    held_at: datetime | None
    attempts: int
    reply: str
    reason: Wording | None


@dataclass(frozen=True, slots=True)
class DoubleFacts:
    """A suspicion about this person; `other` is "" where the other one is out of sight."""

    double_id: int
    other_id: int
    other: str
    score: int
    found_at: datetime
    decided_at: datetime | None
    decision: str


@dataclass(frozen=True, slots=True)
class PersonPage:
    """What the page of a person shows. `access` is the one of the team one comes from."""

    person_id: int
    surname: str
    first_name: str
    birth_date: date | None
    staff_number: str | None
    language: str
    school: str
    year: str
    keys: tuple[tuple[str, str], ...]
    posts: tuple[PostFacts, ...]
    addresses: tuple[AddressFacts, ...]
    consents: tuple[ConsentFacts, ...]
    access: AccessRow | None
    accesses: tuple[AccessRow, ...]
    missions: tuple[MissionFacts, ...]
    invitations: tuple[InvitationFacts, ...]
    doubles: tuple[DoubleFacts, ...]
    findings: tuple[Finding, ...]

    @property
    def name(self) -> str:
        return f"{self.surname} {self.first_name}".strip()


def person_page(
    session: ActorSession, person_id: int, school_id: int, school_year_id: int
) -> PersonPage:
    """Return everything known of a person, seen from one school and school year.

    What lies in schools that the actor doesn't see is left out. Raises `NotFound` for a
    person or school out of sight.
    """
    now = moment(session, school_id)
    person = session.scalars(select(Person).where(col(Person.id) == person_id)).one_or_none()
    if person is None:
        raise NotFound(say("There is no such person in your schools."))
    posts = posts_of(session, person_id)
    accesses = _accesses(session, person_id, now)
    access = next((a for a in accesses if _is_of(a, school_id, school_year_id)), None)
    domains = known_domains(session, school_id) if access else frozenset()
    return PersonPage(
        person_id=person_id,
        surname=person.surname,
        first_name=person.first_name,
        birth_date=person.birth_date,
        staff_number=person.staff_number,
        language=person.language,
        school=_school_name(session, school_id),
        year=_year_label(session, school_year_id),
        keys=_keys(session, person_id),
        posts=tuple(post_facts(row) for row in posts),
        addresses=tuple(addresses_of(person, posts)),
        consents=consents_of(session, person_id),
        access=access,
        accesses=tuple(accesses),
        missions=missions_of(session, person_id),
        invitations=_invitations(session, person_id),
        doubles=_doubles(session, person_id),
        findings=tuple(findings_of(access, now.at.astimezone(now.zone), domains)) if access else (),
    )


def _is_of(access: AccessRow, school_id: int, school_year_id: int) -> bool:
    return (access.school_id, access.school_year_id) == (school_id, school_year_id)


def _school_name(session: ActorSession, school_id: int) -> str:
    return session.scalars(select(col(School.name)).where(col(School.id) == school_id)).one()


def _year_label(session: ActorSession, school_year_id: int) -> str:
    found = select(col(SchoolYear.label)).where(col(SchoolYear.id) == school_year_id)
    return session.scalar(found) or ""


def _accesses(session: ActorSession, person_id: int, now: Moment) -> list[AccessRow]:
    rows = rows_where(session, now, (col(Access.person_id) == person_id) & of_service())
    found = [replace(row, reason=_reason(row, now)) for row in rows]
    return sorted(found, key=lambda row: (row.details.access_ends, row.access_id), reverse=True)


def _reason(row: AccessRow, now: Moment) -> Any:
    finding = why_not(row, now.at)
    return finding.sentence if finding else None


def _keys(session: ActorSession, person_id: int) -> tuple[tuple[str, str], ...]:
    keys = (
        select(col(Source.name), col(PersonKey.key))
        .select_from(PersonKey)
        .join(Source, col(Source.id) == PersonKey.source_id)
        .where(col(PersonKey.person_id) == person_id)
        .order_by(col(Source.name), col(PersonKey.key))
    )
    return tuple((name, key) for name, key in session.execute(keys))


def posts_of(session: ActorSession, person_id: int) -> list[Any]:
    """Return a person's posts with school, year and source, the latest year first."""
    posts = (
        select(Post, col(School.name), col(SchoolYear.label), col(Source.name))
        .join(School, col(School.id) == Post.school_id)
        .join(SchoolYear, col(SchoolYear.id) == Post.school_year_id)
        .outerjoin(Source, col(Source.id) == Post.source_id)
        .where(col(Post.person_id) == person_id)
        .order_by(col(SchoolYear.first_day).desc(), col(School.name), col(Post.id))
    )
    return list(session.execute(posts))


def post_facts(row: Any) -> PostFacts:
    """Return the facts of one row of `posts_of`."""
    post, school, year, source = row
    return PostFacts(
        post_id=post.id,
        school_id=post.school_id,
        school=school,
        year=year,
        function=post.function,
        role=post.role,
        role_by_hand=post.role_by_hand,
        start_date=post.start_date,
        exit_date=post.exit_date,
        present=post.present,
        disappeared_at=post.disappeared_at,
        source=source or "",
    )


def addresses_of(person: Person, posts: list[Any]) -> list[AddressFacts]:
    """Return the addresses on file, each once."""
    sources = [source for _post, _school, _year, source in posts if source]
    found: dict[tuple[str, str], AddressFacts] = {}
    if person.personal_email:
        origin = address_source(sources[0] if sources else None, person.personal_email_field)
        facts = AddressFacts(person.personal_email, "personal", origin)
        found[person.personal_email, ""] = facts
    for post, school, _year, source in posts:
        if post.school_email:
            origin = address_source(source, post.school_email_field)
            facts = AddressFacts(post.school_email, "school", origin, school)
            found.setdefault((post.school_email, school), facts)
    return list(found.values())


def consents_of(session: ActorSession, person_id: int) -> tuple[ConsentFacts, ...]:
    """Return the consents of a person, the latest first."""
    consents = (
        select(Consent, col(School.name))
        .join(School, col(School.id) == Consent.school_id)
        .where(col(Consent.person_id) == person_id)
        .order_by(col(Consent.id).desc())
    )
    return tuple(
        ConsentFacts(
            consent_id=row.id or 0,
            school=school,
            email=row.email,
            signed_on=row.signed_on,
            text_version=row.text_version,
            recorded_at=row.recorded_at,
            withdrawn_at=row.withdrawn_at,
        )
        for row, school in session.execute(consents)
    )


def missions_of(session: ActorSession, person_id: int) -> tuple[MissionFacts, ...]:
    """Return the missions of a person, the latest first."""
    missions = (
        select(Mission, col(School.name), col(SchoolYear.label))
        .join(School, col(School.id) == Mission.school_id)
        .join(SchoolYear, col(SchoolYear.id) == Mission.school_year_id)
        .where(col(Mission.person_id) == person_id)
        .order_by(col(Mission.id).desc())
    )
    return tuple(
        MissionFacts(row.id or 0, school, year, row.code, row.role, row.given_at, row.removed_at)
        for row, school, year in session.execute(missions)
    )


def _invitations(session: ActorSession, person_id: int) -> tuple[InvitationFacts, ...]:
    invitations = (
        select(Invitation, Mail, col(School.name))
        .join(Access, col(Access.id) == Invitation.access_id)
        .join(School, col(School.id) == Invitation.school_id)
        .outerjoin(Mail, col(Mail.id) == Invitation.mail_id)
        .where(col(Access.person_id) == person_id)
        .order_by(col(Invitation.queued_at).desc(), col(Invitation.id).desc())
    )
    return tuple(_invitation_facts(*row) for row in session.execute(invitations))


def _invitation_facts(row: Invitation, mail: Mail | None, school: str) -> InvitationFacts:
    return InvitationFacts(
        school=school,
        generation=row.generation,
        recipient=mail.recipient if mail else "",
        queued_at=row.queued_at,
        valid_until=row.valid_until,
        used_at=row.used_at,
        replaced_at=row.replaced_at,
        cancelled_at=row.cancelled_at,
        sent_at=mail.sent_at if mail else None,
        uncertain_at=mail.uncertain_at if mail else None,
        refused_at=mail.refused_at if mail else None,
        bounced_at=mail.bounced_at if mail else None,
        held_at=mail.held_at if mail else None,
        attempts=mail.attempts if mail else 0,
        reply=mail.reply if mail else "",
        reason=wording_from_json(mail.reason) if mail and mail.reason else None,
    )


def _doubles(session: ActorSession, person_id: int) -> tuple[DoubleFacts, ...]:
    pairs = session.scalars(
        select(SuspectedDouble)
        .where(
            or_(
                col(SuspectedDouble.person_id) == person_id,
                col(SuspectedDouble.other_id) == person_id,
            )
        )
        .order_by(col(SuspectedDouble.id).desc())
    ).all()
    others = [p.other_id if p.person_id == person_id else p.person_id for p in pairs]
    someone: Any = aliased(Person)
    seen = session.execute(
        select(someone.id, someone.surname, someone.first_name).where(someone.id.in_(others))
    )
    names = {person: f"{surname} {first_name}".strip() for person, surname, first_name in seen}
    return tuple(
        DoubleFacts(
            double_id=pair.id or 0,
            other_id=other,
            other=names.get(other, ""),
            score=pair.score,
            found_at=pair.found_at,
            decided_at=pair.decided_at,
            decision=pair.decision,
        )
        for pair, other in zip(pairs, others, strict=True)
    )
