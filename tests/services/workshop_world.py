"""A school that asks for workshops: its coordinator, the workshop office, and a form to send."""

from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any

from sqlalchemy import Engine, select
from sqlmodel import col

from models.database import SYSTEM, Actor, writing
from models.mail import Mail
from models.workshops import Workshop
from services import workshop_rules, workshops
from services.desk import Desk
from tests.worlds import World, make_world

NOW = datetime(2026, 11, 22, 8, 0, tzinfo=UTC)
OFFICE = "ateliers@ib.example"
CONTACT = "coordination@ecole.example"


@dataclass
class Ateliers:
    """Two schools of a world, and who works for the workshops of the first."""

    world: World

    @property
    def coordinator(self) -> Desk:
        return self._desk("coordinator", self.world.mine)

    @property
    def neighbour(self) -> Desk:
        """The coordinator of the other school."""
        return self._desk("coordinator", self.world.other)

    @property
    def director(self) -> Desk:
        return self._desk("director", self.world.mine)

    @property
    def office(self) -> Desk:
        actor = Actor("office", "helpdesk", None)
        return Desk(self.world.engine, actor, self.world.clock)

    def _desk(self, role: str, school: int) -> Desk:
        actor = Actor(f"{role}{school}", role, frozenset({school}))
        return Desk(self.world.engine, actor, self.world.clock)

    def at(self, text: str) -> None:
        """Let it be that instant."""
        self.world.clock.now = datetime.fromisoformat(text)

    def ask(self, **values: str) -> int:
        sent = self.coordinator.write(
            workshops.submit, self.world.mine, form(**values), confirm_late=True
        )
        return sent.workshop_id

    def accepted(self, **values: str) -> int:
        workshop = self.ask(**values)
        self.office.write(workshops.accept, workshop, "https://ib.example/r/1")
        return workshop

    def row(self, workshop: int) -> Workshop:
        with writing(self.world.engine, SYSTEM, self.world.clock()) as session:
            return session.scalars(select(Workshop).where(col(Workshop.id) == workshop)).one()

    def mails(self) -> list[tuple[str, str]]:
        """Return recipient and subject of every letter, in order."""
        with writing(self.world.engine, SYSTEM, self.world.clock()) as session:
            rows = session.scalars(select(Mail).order_by(col(Mail.id))).all()
            return [(mail.recipient, mail.values["subject"]) for mail in rows]


def form(**values: str) -> dict[str, str]:
    """Return a form in which everything is right, but for what is given."""
    return {
        "programme": "PYP",
        "category": "2",
        "title": "L’évaluation au PP",
        "language": "fr",
        "delivery_type": "virtual",
        "first_day": "15/03/2027",
        "begins": "09:00",
        "ends": "16:00",
        "time_zone": "Europe/Brussels",
        "people": "20",
        "support_name": "Paul Renard",
        "support_contact": "+32 2 256 70 11",
        "contact_name": "Anne Lecomte",
        "contact_email": CONTACT,
        **values,
    }


def make_ateliers(engine: Engine, **office: Any) -> Ateliers:
    ateliers = Ateliers(make_world(engine, NOW))
    ateliers.world.clock.now = NOW
    ateliers.office.write(workshop_rules.set_office, office, "Bureau des ateliers", OFFICE)
    return ateliers
