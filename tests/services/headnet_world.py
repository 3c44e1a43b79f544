"""Two schools with their coordinators and the helpdesk, and a head's account to manage."""

from dataclasses import dataclass, field
from datetime import UTC, datetime, time, timedelta
from typing import Any
from zoneinfo import ZoneInfo

from sqlalchemy import Engine, select
from sqlmodel import col

from models.database import SYSTEM, Actor, change, reading, writing
from models.headnet import HEADNET_PURPOSE, HeadnetPassword
from models.keys import Key
from models.mail import Mail
from models.nightly import Schedule
from models.tokens import make_token
from services import headnet_passwords, headnet_school, heads, nightly
from services.desk import Desk
from services.headnet_passwords import Asked
from services.headnet_school import HeadnetPage
from services.nightly import NightResult, Nightwork
from tests.worlds import World, make_world

NOW = datetime(2026, 11, 22, 13, 0, tzinfo=UTC)
KEY = Key(bytes(range(32)))
ADDRESS = "direction@ecole.example"
HEAD = {"first_name": "Luc", "surname": "D’Hondt", "email": ADDRESS, "language": "fr"}


@dataclass
class Heads:
    """Two schools of a world, and who manages the account of the first one's head."""

    world: World
    schedule: Schedule = field(
        default_factory=lambda: Schedule(time(3), ZoneInfo("Europe/Brussels"))
    )

    @property
    def coordinator(self) -> Desk:
        return self.desk("coordinator", self.world.mine)

    @property
    def helpdesk(self) -> Desk:
        return Desk(self.world.engine, Actor("office", "helpdesk", None), self.world.clock)

    def desk(self, role: str, school: int) -> Desk:
        actor = Actor(f"{role}{school}", role, frozenset({school}))
        return Desk(self.world.engine, actor, self.world.clock)

    def at(self, text: str) -> None:
        """Let it be that instant."""
        self.world.clock.now = datetime.fromisoformat(text).astimezone(UTC)

    def later(self, **length: float) -> None:
        self.world.clock.now += timedelta(**length)

    def record(self, school: int | None = None, **values: str) -> int:
        school = school or self.world.mine
        return self.helpdesk.write(heads.record_head, school, {**HEAD, **values})

    def ask(self, school: int | None = None) -> Asked:
        """Prepare and send a password, with all confirmed."""
        school = school or self.world.mine
        plan = self.helpdesk.read(headnet_passwords.prepare, school, self.schedule)
        return self.helpdesk.write(
            headnet_passwords.send,
            plan,
            self.schedule,
            address_confirmed=True,
            former_confirmed=True,
        )

    def page(self, school: int | None = None) -> HeadnetPage:
        return self.coordinator.read(headnet_school.school_page, school or self.world.mine)

    def password(self, headship: int, generation: int = 1) -> str:
        return make_token(KEY, HEADNET_PURPOSE, headship, generation)

    def tries(self, email: str, password: str) -> str:
        """Return what becomes of an address and a password: ok, or why not."""
        found = self.world.desk.read(headnet_passwords.accepts, KEY, email, password)
        return "ok" if found.headship_id is not None else found.reason

    def night(self) -> NightResult:
        """Run the nightly update now."""
        return nightly.run(self.nightwork())

    def nightwork(self) -> Nightwork:
        return Nightwork(
            self.world.engine, self.world.clock, lambda: KEY, self.schedule, reminder_days=0
        )

    # Looking and touching

    def rows(self, statement: Any) -> list[Any]:
        with reading(self.world.engine, SYSTEM, self.world.clock()) as session:
            return list(session.scalars(statement))

    def mails(self, template: str) -> list[Mail]:
        wanted = select(Mail).where(col(Mail.template) == template)
        return self.rows(wanted.order_by(col(Mail.id)))

    def latest(self) -> HeadnetPassword:
        wanted = select(HeadnetPassword).order_by(col(HeadnetPassword.id).desc())
        return self.rows(wanted.limit(1))[0]  # type: ignore[no-any-return]

    def edit(self, table: Any, where: Any, **values: Any) -> None:
        with writing(self.world.engine, SYSTEM, self.world.clock()) as session:
            assert change(session, table, where, **values)


def make_heads(engine: Engine, now: datetime = NOW, schedule: Schedule | None = None) -> Heads:
    world = make_world(engine, now)
    return Heads(world, schedule) if schedule else Heads(world)
