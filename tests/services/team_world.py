"""A small world for tests of teams: schools, people with posts and accesses, invitations."""

from dataclasses import dataclass, field
from datetime import UTC, date, datetime, timedelta
from typing import Any

from sqlalchemy import Engine, select
from sqlmodel import col

from models.access import Access, Mission, Service, Suspension
from models.addresses import address_key
from models.consents import Consent, PrintedForm
from models.database import SYSTEM, Actor, ActorSession, writing
from models.invitations import Invitation
from models.mail import Mail
from models.people import Person, Post, SuspectedDouble
from models.schools import School, SchoolYear, Source
from models.text import name_key
from models.upgrades import fill_catalogues
from services.desk import Desk
from tests.kept import kept

#: 1 September 2026, 10:30 in Brussels; people are on record since a week before.
NOW = datetime(2026, 9, 1, 8, 30, tzinfo=UTC)
BEFORE = NOW - timedelta(days=7)


@dataclass
class World:
    """Makes rows and hands out desks. Every `add` opens and commits a session of its own."""

    engine: Engine
    now: datetime = NOW
    year_id: int = 0
    service_id: int = 0
    source_id: int = 0
    schools: list[int] = field(default_factory=list)

    def desk(self, *schools: int, at: datetime | None = None) -> Desk:
        """Return the desk of a director of these schools, of the helpdesk without any."""
        actor = Actor("director", "director", frozenset(schools)) if schools else SYSTEM
        return Desk(self.engine, actor, lambda: at or self.now)

    def add(self, *rows: Any) -> list[int]:
        with writing(self.engine, SYSTEM, BEFORE) as session:
            return self._add(session, *rows)

    def _add(self, session: ActorSession, *rows: Any) -> list[int]:
        session.add_all(rows)
        session.flush()
        return [row.id for row in rows]

    def school(self, name: str = "École") -> int:
        year = self._year()
        (school,) = self.add(
            School(name=name, name_key=name_key(name), calendar_id=year.calendar_id)
        )
        self.schools.append(school)
        return school

    def _year(self) -> SchoolYear:
        with writing(self.engine, SYSTEM, BEFORE) as session:
            return session.scalars(
                select(SchoolYear).where(col(SchoolYear.id) == self.year_id)
            ).one()

    def person(
        self,
        school_id: int,
        surname: str = "Lambert",
        first_name: str = "Anne",
        email: str | None = "anne@ex.be",
        *,
        consent: bool = True,
        function: str = "teacher",
        activated: datetime | None = None,
        post: dict[str, Any] | None = None,
        **person: Any,
    ) -> "Member":
        """Add a person with post, access and, unless told else, a signed consent."""
        key = address_key(email) if email else None
        with writing(self.engine, SYSTEM, BEFORE) as session:
            (person_id,) = self._add(
                session,
                Person(
                    surname=surname,
                    first_name=first_name,
                    surname_key=name_key(surname),
                    first_name_key=name_key(first_name),
                    personal_email=email,
                    personal_email_key=key,
                    personal_email_field="e-mail privé" if email else "",
                    created_at=BEFORE,
                    **person,
                ),
            )
        return self.member(
            person_id, school_id, email if consent else None, function, activated, post
        )

    def member(
        self,
        person_id: int,
        school_id: int,
        consent_for: str | None = None,
        function: str = "teacher",
        activated: datetime | None = None,
        post: dict[str, Any] | None = None,
    ) -> "Member":
        """Give a person a post and an access in a school."""
        with writing(self.engine, SYSTEM, BEFORE) as session:
            place = {
                "person_id": person_id, "school_id": school_id, "school_year_id": self.year_id
            }  # fmt: skip
            (post_id,) = self._add(
                session,
                Post(
                    **place,
                    source_id=self.source_id,
                    function=function,
                    created_at=BEFORE,
                    **post or {},
                ),
            )
            (access_id,) = self._add(
                session,
                Access(
                    **place,
                    service_id=self.service_id,
                    post_id=post_id,
                    granted_at=BEFORE,
                    activated_at=activated,
                    activation="token" if activated else "",
                ),
            )
        member = Member(self, person_id, school_id, post_id, access_id)
        if consent_for:
            member.consent(consent_for)
        return member

    def double(self, one: "Member", other: "Member", **facts: Any) -> int:
        first, second = sorted((one.person_id, other.person_id))
        values = {"score": 4, "found_at": BEFORE, **facts}
        (double_id,) = self.add(SuspectedDouble(person_id=first, other_id=second, **values))
        return double_id


@dataclass
class Member:
    """A person in a team."""

    world: World
    person_id: int
    school_id: int
    post_id: int
    access_id: int

    def consent(self, email: str, **facts: Any) -> int:
        values = {"signed_on": date(2026, 8, 24), "recorded_at": BEFORE, **facts}
        (consent_id,) = self.world.add(
            Consent(
                person_id=self.person_id,
                school_id=self.school_id,
                post_id=self.post_id,
                email=email,
                email_key=address_key(email),
                text_version=1,
                **values,
            )
        )
        return consent_id

    def print_form(self) -> None:
        self.world.add(
            PrintedForm(
                post_id=self.post_id,
                school_id=self.school_id,
                text_version=1,
                language="fr",
                printed_at=BEFORE,
            )
        )

    def suspend(self, reason: str = "congé", **facts: Any) -> None:
        values = {"from_at": BEFORE, **facts}
        self.world.add(
            Suspension(access_id=self.access_id, school_id=self.school_id, reason=reason, **values)
        )

    def mission(self, code: str, role: str | None = None, **facts: Any) -> None:
        values = {"given_at": BEFORE, **facts}
        self.world.add(
            Mission(
                person_id=self.person_id,
                school_id=self.school_id,
                school_year_id=self.world.year_id,
                code=code,
                role=role,
                **values,
            )
        )

    def invite(
        self, generation: int = 1, *, mail: dict[str, Any] | None = None, **facts: Any
    ) -> int:
        """Add an invitation; `mail` holds the facts of its mail, `facts` its own."""
        until = BEFORE + timedelta(days=14)
        (mail_id,) = self.world.add(
            Mail(
                school_id=self.school_id,
                person_id=self.person_id,
                access_id=self.access_id,
                template="invitation",
                language="fr",
                generation=generation,
                recipient="anne@ex.be",
                queued_at=BEFORE,
                expires_at=until,
                next_attempt_at=BEFORE,
                **mail or {},
            )
        )
        values = {"queued_at": BEFORE, "valid_until": until, **facts}
        (invitation_id,) = self.world.add(
            Invitation(
                access_id=self.access_id,
                school_id=self.school_id,
                mail_id=mail_id,
                generation=generation,
                **values,
            )
        )
        return invitation_id


def make_world(engine: Engine) -> World:
    """Return a world with the catalogues, a source and the school year 2026-2027."""
    ids = kept(engine, "team", lambda: _fill(World(engine)))
    return World(engine, **ids)


def _fill(world: World) -> dict[str, int]:
    fill_catalogues(world.engine, BEFORE)
    with writing(world.engine, SYSTEM, BEFORE) as session:
        label = col(SchoolYear.label) == "2026-2027"
        year = session.scalars(select(col(SchoolYear.id)).where(label)).one() or 0
        code = col(Service.code) == "extranet"
        service = session.scalars(select(col(Service.id)).where(code)).one() or 0
    (source,) = world.add(Source(code="proeco", name="ProEco", format="staff"))
    return {"year_id": year, "service_id": service, "source_id": source}
