"""What a guardian sees of the chosen child: what the school holds, and whom to ask.

Works in the session of a parent, who sees the chosen children, the own entry and the own
access, and nothing of anybody else (`models.rights`).
"""

from dataclasses import dataclass
from datetime import date, datetime
from zoneinfo import ZoneInfo

from sqlalchemy import select
from sqlmodel import col

from models.access import Access, Service
from models.database import ActorSession
from models.families import CORRECTED, Guardianship, Pupil
from models.language import Wording, say
from models.people import Person
from models.schools import School, SchoolYear
from services.access_rows import NotFound
from services.guardians import SERVICE


@dataclass(frozen=True, slots=True)
class Contact:
    """Whom a family asks: a person, an address, a telephone number; "" where not known."""

    name: str
    email: str
    phone: str

    @property
    def is_known(self) -> bool:
        return bool(self.name or self.email or self.phone)


@dataclass(frozen=True, slots=True)
class ChildPage:
    """What the school holds of one child, as far as its guardian may see it.

    Instants are UTC, days those of the school's `zone`. `left_at` is when the school's list no
    longer named the child. `address_from` says where the guardian's own address comes from.
    """

    pupil_id: int
    child: str
    birth_date: date | None
    group: str
    school: str
    place: str
    year: str
    zone: ZoneInfo
    access_ends: date
    left_at: datetime | None
    guardian: str
    relation: str
    email: str
    address_from: Wording
    guardian_since: datetime
    access_since: datetime | None
    contact: Contact


def chosen_child(session: ActorSession, pupil_id: int | None = None) -> ChildPage:
    """Return the page of one child of the actor; None means the one that was chosen.

    Raises `NotFound` where the actor has no such child.
    """
    wanted = pupil_id if pupil_id is not None else min(session.actor.pupils, default=0)
    found = session.execute(
        select(Pupil, School, SchoolYear, Guardianship, Person)
        .join(School, col(School.id) == Pupil.school_id)
        .join(SchoolYear, col(SchoolYear.id) == Pupil.school_year_id)
        .join(Guardianship, col(Guardianship.pupil_id) == Pupil.id)
        .join(Person, col(Person.id) == Guardianship.person_id)
        .where(
            col(Pupil.id) == wanted,
            col(Guardianship.person_id) == (session.actor.person_id or 0),
            col(Guardianship.ended_at).is_(None),
        )
    ).first()
    if found is None:
        raise NotFound(say("There is no such child of yours."))
    pupil, school, year, link, person = found
    return ChildPage(
        pupil_id=wanted,
        child=f"{pupil.first_name} {pupil.surname}",
        birth_date=pupil.birth_date,
        group=pupil.group,
        school=school.name,
        place=f"{school.postal_code} {school.locality}".strip(),
        year=year.label,
        zone=ZoneInfo(school.time_zone),
        access_ends=year.access_ends,
        left_at=pupil.disappeared_at,
        guardian=f"{person.first_name} {person.surname}",
        relation=link.relation,
        email=person.personal_email or "",
        address_from=_origin(person),
        guardian_since=link.since,
        access_since=_access_since(session, link, year),
        contact=Contact(school.contact_name, school.contact_email, school.contact_phone),
    )


def _origin(person: Person) -> Wording:
    if not person.personal_email:
        return say("none on file")
    if person.personal_email_field == CORRECTED:
        return say("corrected by the school")
    if not person.personal_email_field:
        return say("given to the school")
    return say("from the school’s records, field “%(field)s”", field=person.personal_email_field)


def _access_since(session: ActorSession, link: Guardianship, year: SchoolYear) -> datetime | None:
    found = select(col(Access.activated_at)).where(
        col(Access.person_id) == link.person_id,
        col(Access.school_id) == link.school_id,
        col(Access.school_year_id) == year.id,
        col(Access.service_id).in_(select(col(Service.id)).where(col(Service.code) == SERVICE)),
    )
    return session.scalars(found).first()
