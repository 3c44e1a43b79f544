"""Small worlds for tests of services: two schools in the shipped calendar, and people in them."""

from collections.abc import Callable, Hashable
from dataclasses import dataclass, field, replace
from datetime import UTC, date, datetime
from typing import Any

from sqlalchemy import Engine, select
from sqlmodel import col

from models.access import Access, Service
from models.consents import Consent
from models.database import SYSTEM, Actor, ActorSession, writing
from models.headnet import HeadAddress, Headship
from models.people import Person, Post
from models.schools import School, SchoolYear, Source
from models.text import name_key
from models.upgrades import fill_catalogues
from services.desk import Desk
from tests.kept import kept

NOW = datetime(2026, 9, 1, 8, 0, tzinfo=UTC)


@dataclass
class Clock:
    """A clock that a test moves by hand."""

    now: datetime = NOW

    def __call__(self) -> datetime:
        return self.now


@dataclass
class World:
    """Two schools, `mine` and `other`, in the school year 2026-2027."""

    engine: Engine
    mine: int
    other: int
    year: int
    service: int
    source: int
    clock: Clock = field(default_factory=Clock)

    @property
    def desk(self) -> Desk:
        """The desk of the program itself, which sees everything."""
        return Desk(self.engine, SYSTEM, self.clock)

    def director(self, *schools: int) -> Desk:
        """The desk of a director, of `mine` unless said otherwise."""
        actor = Actor("director", "director", frozenset(schools or {self.mine}))
        return Desk(self.engine, actor, self.clock)

    def person(self, school: int | None = None, **facts: Any) -> "Member":
        """Add one staff member with post and access; see `_person` for the facts."""
        with writing(self.engine, SYSTEM, self.clock()) as session:
            return _person(session, self, school or self.mine, facts)

    def head(self, surname: str, first_name: str, email: str, **facts: Any) -> int:
        """Record a head of `mine` whose address counts at once; `facts` are of the headship."""
        now = self.clock()
        with writing(self.engine, SYSTEM, now) as session:
            headship = Headship(
                school_id=self.mine, surname=surname, first_name=first_name,
                surname_key=name_key(surname), first_name_key=name_key(first_name),
                since=now, **facts,
            )  # fmt: skip
            session.add(headship)
            session.flush()
            assert headship.id is not None
            session.add(
                HeadAddress(
                    headship_id=headship.id, school_id=self.mine, email=email, email_key=email,
                    recorded_at=now, recorded_by="office", takes_effect_at=now, in_force_at=now,
                )
            )  # fmt: skip
            return headship.id

    def people(self, count: int, school: int | None = None, **facts: Any) -> list["Member"]:
        with writing(self.engine, SYSTEM, self.clock()) as session:
            return [
                _person(session, self, school or self.mine, {"surname": f"Membre{i:04}", **facts})
                for i in range(count)
            ]


@dataclass(frozen=True)
class Member:
    """The identifiers of a person, the post and the access."""

    person: int
    post: int
    access: int


def make_world(engine: Engine, now: datetime = NOW) -> World:
    def build() -> World:
        return World(engine, *_make_schools(engine, now), clock=Clock(now))

    return kept_world(engine, ("two schools", now), build)


def kept_world(engine: Engine, key: Hashable, build: Callable[[], World]) -> World:
    """Return the world that `build` makes; see `kept`."""
    made = kept(engine, key, build)
    return replace(made, engine=engine, clock=Clock(made.clock.now))


def _make_schools(engine: Engine, now: datetime) -> list[int]:
    """Return the identifiers of the two schools, the year, the service and the source."""
    fill_catalogues(engine, now)
    with writing(engine, SYSTEM, now) as session:
        year = session.scalars(select(SchoolYear).where(col(SchoolYear.label) == "2026-2027")).one()
        service = session.scalars(select(Service).where(col(Service.code) == "extranet")).one()
        schools = [
            School(
                name=name,
                name_key=name_key(name),
                fase_number=number,
                calendar_id=year.calendar_id,
                contact_name="Anne Lecomte",
                contact_email="secretariat@ecole.example",
            )
            for name, number in (("Institut Saint-Exemple", 9901), ("Athénée de l’Essai", 9902))
        ]
        source = Source(code="proeco", name="ProEco", format="staff")
        session.add_all([*schools, source])
        session.flush()
        ids = [row.id for row in (*schools, year, service, source)]
    assert None not in ids
    return ids  # type: ignore[return-value]


def _person(session: ActorSession, world: World, school: int, facts: dict[str, Any]) -> Member:
    """`email`, `school_email`, `consent` (True by default), and any column of person or post."""
    surname, first_name = facts.pop("surname", "Dupont"), facts.pop("first_name", "Jeanne")
    email = facts.pop("email", f"{name_key(surname)}@courriel.example")
    school_email, consent = facts.pop("school_email", None), facts.pop("consent", True)
    columns = {name: facts.pop(name) for name in list(facts) if name in Person.model_fields}
    person = Person(
        surname=surname,
        first_name=first_name,
        surname_key=name_key(surname),
        first_name_key=name_key(first_name),
        personal_email=email,
        personal_email_key=email and email.casefold(),
        personal_email_field="e-mail privé" if email else "",
        created_at=session.at,
        **columns,
    )
    session.add(person)
    session.flush()
    assert person.id is not None
    post = Post(
        person_id=person.id,
        school_id=school,
        school_year_id=world.year,
        source_id=world.source,
        function=facts.pop("function", "teacher"),
        school_email=school_email,
        school_email_key=school_email and school_email.casefold(),
        created_at=session.at,
        **facts,
    )
    session.add(post)
    session.flush()
    assert post.id is not None
    access = Access(
        person_id=person.id,
        school_id=school,
        school_year_id=world.year,
        service_id=world.service,
        post_id=post.id,
        granted_at=session.at,
    )
    session.add(access)
    address = email or school_email
    if consent and address:
        session.add(
            Consent(
                person_id=person.id,
                school_id=school,
                post_id=post.id,
                email=address,
                email_key=address.casefold(),
                text_version=1,
                signed_on=date(2026, 8, 28),
                recorded_at=session.at,
            )
        )
    session.flush()
    assert access.id is not None
    return Member(person.id, post.id, access.id)
