"""Heads of school at the door: the rows of a headship, as the account manager leaves them."""

from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

from sqlalchemy import select
from sqlmodel import col

from models.accounts import SignInEvent
from models.database import SYSTEM, change, writing
from models.headnet import HEADNET_PURPOSE, HeadAddress, HeadnetPassword, Headship
from models.mail import Mail
from models.nightly import Schedule
from models.text import name_key
from models.tokens import make_token
from services.sign_in import SignedIn, SignInRefused, sign_in
from tests.services.door_world import KEY, House

HEAD_EMAIL = "claire.fontaine@ecole.example"
SCHEDULE = Schedule()


@dataclass
class Head:
    """A headship, and what a coordinator and the nights do with it."""

    house: House
    id: int
    school: int
    generation: int = 0

    def edit(self, table: Any, *where: Any, **values: Any) -> int:
        with writing(self.house.world.engine, SYSTEM, self.now) as session:
            return change(session, table, where[0] if len(where) == 1 else _all(where), **values)

    @property
    def now(self) -> datetime:
        return self.house.world.clock()

    def ask(self) -> str:
        """Ask for a password, as *Continue* does, and return it."""
        mine = col(HeadnetPassword.headship_id) == self.id
        self.edit(HeadnetPassword, mine, col(HeadnetPassword.replaced_at).is_(None),
                  replaced_at=self.now)  # fmt: skip
        self.generation += 1
        address = self.addresses(in_force=True)[0]
        mail = Mail(
            school_id=self.school, headship_id=self.id, template="headnet_password", language="fr",
            generation=self.generation, recipient=address.email, queued_at=self.now,
            expires_at=self.now + timedelta(days=3), next_attempt_at=self.now,
        )  # fmt: skip
        with writing(self.house.world.engine, SYSTEM, self.now) as session:
            session.add(mail)
            session.flush()
            session.add(
                HeadnetPassword(
                    headship_id=self.id, school_id=self.school, generation=self.generation,
                    address_id=address.id, mail_id=mail.id, asked_at=self.now,
                    asked_by="coordinator", takes_effect_at=SCHEDULE.next_due(self.now),
                )
            )  # fmt: skip
        return self.password()

    def password(self, generation: int | None = None) -> str:
        return make_token(KEY, HEADNET_PURPOSE, self.id, generation or self.generation)

    def mail(self, **values: Any) -> None:
        """Have something become of the mail of the latest password."""
        mine = (col(Mail.headship_id) == self.id) & (col(Mail.generation) == self.generation)
        assert self.edit(Mail, mine, **values) == 1

    def record(self, email: str) -> None:
        """Record another address; it waits for the update."""
        waiting = (col(HeadAddress.headship_id) == self.id) & _WAITING
        self.edit(HeadAddress, waiting, cancelled_at=self.now)
        self.house.add(self._address(email, SCHEDULE.next_due(self.now), None))

    def _address(self, email: str, effect: datetime, in_force: datetime | None) -> HeadAddress:
        return HeadAddress(
            headship_id=self.id, school_id=self.school, email=email, email_key=email.casefold(),
            recorded_at=self.now, recorded_by="coordinator", takes_effect_at=effect,
            in_force_at=in_force,
        )  # fmt: skip

    def update(self) -> None:
        """Bring into force what is due, as the nightly update does."""
        due = col(HeadnetPassword.takes_effect_at) <= self.now
        mine = col(HeadnetPassword.headship_id) == self.id
        fresh = col(HeadnetPassword.in_force_at).is_(None)
        latest = col(HeadnetPassword.replaced_at).is_(None)
        self.edit(HeadnetPassword, mine, due, fresh, latest, in_force_at=self.now)
        for change_ in self.addresses(in_force=False):
            if change_.takes_effect_at <= self.now:
                old = (col(HeadAddress.headship_id) == self.id) & (
                    col(HeadAddress.in_force_at).is_not(None)
                )
                self.edit(HeadAddress, old, col(HeadAddress.ended_at).is_(None), ended_at=self.now)
                self.edit(HeadAddress, col(HeadAddress.id) == change_.id, in_force_at=self.now)

    def night(self) -> None:
        """Let the clock come to the next update, and do it."""
        self.house.world.clock.now = SCHEDULE.next_due(self.now)
        self.update()

    def end(self) -> None:
        self.edit(Headship, col(Headship.id) == self.id, ended_at=self.now)
        mine = col(HeadAddress.headship_id) == self.id
        self.edit(HeadAddress, mine, col(HeadAddress.ended_at).is_(None), ended_at=self.now)

    def addresses(self, in_force: bool) -> list[HeadAddress]:
        mine = select(HeadAddress).where(
            col(HeadAddress.headship_id) == self.id,
            col(HeadAddress.ended_at).is_(None),
            col(HeadAddress.cancelled_at).is_(None),
            col(HeadAddress.in_force_at).is_not(None) if in_force
            else col(HeadAddress.in_force_at).is_(None),
        )  # fmt: skip
        return self.house.rows(mine)

    # At the door

    def comes(self, password: str | None = None, email: str = HEAD_EMAIL) -> SignedIn:
        password = self.password() if password is None else password
        return sign_in(self.house.entrance, email, password)

    def refused(self, password: str | None = None, email: str = HEAD_EMAIL) -> str:
        """Return in English what the door answers instead of letting the head in."""
        try:
            self.comes(password, email)
        except SignInRefused as refusal:
            return refusal.wording.text("en")
        raise AssertionError("somebody came in")

    def events(self) -> list[SignInEvent]:
        mine = select(SignInEvent).where(col(SignInEvent.headship_id) == self.id)
        return self.house.rows(mine.order_by(col(SignInEvent.id)))

    @property
    def row(self) -> Headship:
        found: Headship = self.house.rows(select(Headship).where(col(Headship.id) == self.id))[0]
        return found


_WAITING = col(HeadAddress.in_force_at).is_(None) & col(HeadAddress.cancelled_at).is_(None)


def _all(conditions: Any) -> Any:
    first, *others = conditions
    for other in others:
        first = first & other
    return first


def make_head(
    house: House, school: int | None = None, email: str = HEAD_EMAIL, surname: str = "Fontaine"
) -> Head:
    """Record a head of a school, of `mine` unless said otherwise; the address counts at once."""
    school = school or house.world.mine
    now = house.world.clock()
    headship = Headship(
        school_id=school, surname=surname, first_name="Claire", surname_key=name_key(surname),
        first_name_key="claire", since=now,
    )  # fmt: skip
    with writing(house.world.engine, SYSTEM, now) as session:
        session.add(headship)
        session.flush()
        assert headship.id is not None
        head = Head(house, headship.id, school)
    house.add(head._address(email, now, now))
    return head


def ready(house: House, school: int | None = None, email: str = HEAD_EMAIL) -> Head:
    """Record a head whose password works."""
    head = make_head(house, school, email)
    head.ask()
    head.night()
    return head
