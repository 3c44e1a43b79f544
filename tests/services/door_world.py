"""A world with a door: two schools, people with tokens, and somebody knocking."""

from dataclasses import dataclass, replace
from datetime import date, timedelta
from pathlib import Path
from typing import Any

from sqlalchemy import select
from sqlmodel import col

from models.access import Access, Service
from models.accounts import ADDRESS_PURPOSE, PASSWORD_PURPOSE, Account, SignInEvent
from models.database import SYSTEM, change, reading, writing
from models.families import Guardianship, Pupil
from models.invitations import TOKEN_PURPOSE
from models.keys import Key
from models.mail import Mail
from models.people import Person
from models.text import name_key
from models.tokens import make_token
from services import plans
from services.activation import set_password
from services.invitations import plan_invitations
from services.passwords import Hasher
from services.sign_in import Entrance, SignedIn
from tests.worlds import Member, World, make_world

KEY = Key(bytes(range(32)))
PASSWORD = "quatre tortues lisent Kant"
OTHER_PASSWORD = "cinq loutres jouent du tuba"
EMAIL = "jeanne.dupont@courriel.example"


@dataclass
class House:
    """The world, and the entrance at which somebody stands."""

    world: World
    entrance: Entrance

    def later(self, **time: float) -> None:
        self.world.clock.now += timedelta(**(time or {"minutes": 1}))

    def from_(self, origin: str) -> Entrance:
        return replace(self.entrance, origin=origin)

    def invite(self, member: Member, again: bool = False, school: int | None = None) -> str:
        """Invite somebody and return the token."""
        desk, school = self.world.desk, school or self.world.mine
        plan = desk.write(
            plan_invitations, school, self.world.year, person_ids={member.person}, again=again
        )
        desk.write(plans.apply, plan)
        mails = select(Mail).where(col(Mail.access_id) == member.access)
        latest = self.rows(mails.order_by(col(Mail.id).desc()))[0]
        self.edit(Mail, col(Mail.id) == latest.id, sent_at=self.world.clock(),
                  closed_at=self.world.clock())  # fmt: skip
        return make_token(KEY, TOKEN_PURPOSE, member.access, latest.generation)

    def invited(self, **facts: Any) -> tuple[Member, str]:
        """Add somebody who is invited, and return them with the token, a minute later."""
        member = self.world.person(**{"email": EMAIL, **facts})
        token = self.invite(member, school=facts.get("school"))
        self.later()
        return member, token

    def activated(self, **facts: Any) -> tuple[Member, SignedIn]:
        member, token = self.invited(**facts)
        return member, set_password(self.entrance, token, PASSWORD)

    def reset_token(self, account: int, generation: int = 1) -> str:
        return make_token(KEY, PASSWORD_PURPOSE, account, generation)

    def address_token(self, account: int, generation: int = 1) -> str:
        return make_token(KEY, ADDRESS_PURPOSE, account, generation)

    def guardian(self, children: int = 1) -> tuple[int, int, list[int]]:
        """Add somebody with an access because of children; return person, access, children."""
        world, now = self.world, self.world.clock()
        with writing(world.engine, SYSTEM, now) as session:
            service = session.scalars(select(Service).where(col(Service.code) == "it_school")).one()
            person = Person(
                surname="Parent", first_name="Luc", surname_key="parent", first_name_key="luc",
                personal_email="luc@courriel.example", personal_email_key="luc@courriel.example",
                personal_email_field="email", created_at=now,
            )  # fmt: skip
            session.add(person)
            session.flush()
            pupils = []
            for number in range(children):
                first = ("Zoé", "Arthur", "Lina")[number]
                pupil = Pupil(
                    school_id=world.mine, school_year_id=world.year, surname="Parent",
                    first_name=first, surname_key="parent", first_name_key=name_key(first),
                    birth_date=date(2015, 3, 4), created_at=now,
                )  # fmt: skip
                session.add(pupil)
                session.flush()
                pupils.append(pupil.id)
                session.add(
                    Guardianship(
                        pupil_id=pupil.id, person_id=person.id, school_id=world.mine, since=now
                    )
                )
            access = Access(
                person_id=person.id, school_id=world.mine, school_year_id=world.year,
                service_id=service.id, granted_at=now,
            )  # fmt: skip
            session.add(access)
            session.flush()
            return person.id, access.id, pupils  # type: ignore[return-value]

    # Looking and touching

    def rows(self, statement: Any) -> list[Any]:
        with reading(self.world.engine, SYSTEM, self.world.clock()) as session:
            return list(session.scalars(statement))

    def account(self, email: str = EMAIL) -> Account | None:
        found = self.rows(select(Account).where(col(Account.email_key) == email.lower()))
        return found[0] if found else None

    def mails(self, template: str) -> list[Mail]:
        wanted = select(Mail).where(col(Mail.template) == template)
        return self.rows(wanted.order_by(col(Mail.id)))

    def outcomes(self, kind: str) -> list[str]:
        events = select(SignInEvent).where(col(SignInEvent.kind) == kind)
        return [event.outcome for event in self.rows(events.order_by(col(SignInEvent.id)))]

    def edit(self, table: Any, where: Any, **values: Any) -> None:
        with writing(self.world.engine, SYSTEM, self.world.clock()) as session:
            assert change(session, table, where, **values)

    def add(self, *rows: Any) -> None:
        with writing(self.world.engine, SYSTEM, self.world.clock()) as session:
            session.add_all(rows)


def make_house(engine: Any, folder: Path) -> House:
    world = make_world(engine)
    hasher = Hasher(folder / "locks")
    return House(world, Entrance(engine, hasher, KEY, world.clock, "192.0.2.7", least=0.0))
