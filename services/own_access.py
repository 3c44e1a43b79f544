"""What the school holds about oneself, for staff and heads: posts, accesses, address, consent.

It is read in the person's own session, which shows nothing of anybody else; a person is not
shown what the school suspects (doubles) nor what it has not told yet.
"""

from dataclasses import dataclass
from datetime import date
from typing import Any
from zoneinfo import ZoneInfo

from sqlalchemy import select
from sqlmodel import col

from models.access import Access, Service
from models.database import ActorSession
from models.errors import TrousseauError
from models.language import N_, Wording, say
from models.people import Person
from models.schools import School
from services.access_rows import AccessRow, Moment, rows_where
from services.person import (
    AddressFacts,
    ConsentFacts,
    MissionFacts,
    PostFacts,
    addresses_of,
    consents_of,
    missions_of,
    post_facts,
    posts_of,
)
from services.school_years import identifier


class NobodyKnown(TrousseauError):
    """The account is that of no person in the records of a school."""

    heading = N_("Nothing to show")


@dataclass(frozen=True, slots=True)
class Contact:
    """Whom to ask in a school, about what it holds; what the school names nobody for is ""."""

    school: str
    identifier: Wording | str
    name: str
    email: str
    phone: str


@dataclass(frozen=True, slots=True)
class OwnAccess:
    """An access of one's own. `missing` says what keeps one from working with it."""

    service: str
    school: str
    row: AccessRow
    missing: Wording | None


@dataclass(frozen=True, slots=True)
class OwnPage:
    """Everything that the schools of one's account hold about oneself.

    Instants are UTC and shown in `zone`; days are inclusive.
    """

    name: str
    birth_date: date | None
    staff_number: str | None
    zone: ZoneInfo
    posts: tuple[PostFacts, ...]
    addresses: tuple[AddressFacts, ...]
    accesses: tuple[OwnAccess, ...]
    missions: tuple[MissionFacts, ...]
    consents: tuple[ConsentFacts, ...]
    contacts: tuple[Contact, ...]


def own_page(session: ActorSession) -> OwnPage:
    """Return what is held about the actor; raises `NobodyKnown` where no person is known."""
    person_id = session.actor.person_id
    person = _person(session, person_id) if person_id is not None else None
    if person is None or person_id is None:
        raise NobodyKnown(
            say("No school holds anything about you: this account is not that of a staff member.")
        )
    schools = list(session.scalars(select(School).order_by(col(School.name))))
    zone = ZoneInfo(schools[0].time_zone if schools else "UTC")
    posts = posts_of(session, person_id)
    return OwnPage(
        name=f"{person.first_name} {person.surname}".strip(),
        birth_date=person.birth_date,
        staff_number=person.staff_number,
        zone=zone,
        posts=tuple(post_facts(row) for row in posts),
        addresses=tuple(addresses_of(person, posts)),
        accesses=tuple(_accesses(session, person_id, {s.id: s.name for s in schools}, zone)),
        missions=missions_of(session, person_id),
        consents=consents_of(session, person_id),
        contacts=tuple(_contact(school) for school in schools),
    )


def _person(session: ActorSession, person_id: int) -> Person | None:
    return session.scalars(select(Person).where(col(Person.id) == person_id)).one_or_none()


def _accesses(
    session: ActorSession, person_id: int, schools: dict[Any, str], zone: ZoneInfo
) -> list[OwnAccess]:
    """Return the accesses in those schools, the one that runs longest first."""
    now = Moment(session.at, session.at.astimezone(zone).date(), zone)
    mine = (col(Access.person_id) == person_id) & col(Access.school_id).in_(schools)
    named = select(col(Access.id), col(Service.name)).join(Service).where(mine)
    services = {row[0]: row[1] for row in session.execute(named)}
    rows = sorted(
        rows_where(session, now, mine),
        key=lambda row: (row.details.access_ends, row.access_id),
        reverse=True,
    )
    return [
        OwnAccess(services[row.access_id], schools[row.school_id], row, _missing(row))
        for row in rows
    ]


def _missing(row: AccessRow) -> Wording | None:
    """Say what keeps one from working with the access, and what oneself can do about it."""
    if row.status in ("bounced", "refused"):
        return say(
            "The mail to %(address)s did not arrive: have the address corrected in your "
            "school’s records.",
            address=row.details.recipient,
        )
    return _MISSING.get(row.status)


#: What `services.findings` tells whoever runs the school, told to the person concerned.
_MISSING: dict[str, Wording] = {
    "no_address": say("Your school has no e-mail address of yours: give it one."),
    "no_consent": say("Sign your school’s consent form for this address: before, nothing is sent."),
    "no_role": say("Your school has not said what you may do there: ask it."),
    "expired": say("The invitation was not used in time: ask your school for a new one."),
    "deactivated": say("Your school has deactivated this access: ask it why."),
    "ended": say("This access has ended with its school year."),
    "to_invite": say("Your school has still to send you the invitation."),
    "sent": say("The invitation is in your mail: its token activates this access."),
}


def _contact(school: School) -> Contact:
    return Contact(
        school.name,
        identifier(school),
        school.contact_name,
        school.contact_email,
        school.contact_phone,
    )
