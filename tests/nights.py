"""A school whose invitations left a week ago, and what the nightly update has to do there."""

from collections import Counter
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

from sqlalchemy import Engine, func, select, update
from sqlmodel import col

from models.access import Access, Service
from models.accounts import Account, AddressChange, Draft, Origin, SignInEvent
from models.addresses import address_key
from models.database import SYSTEM, change, reading, writing
from models.invitations import REMINDER, Invitation
from models.keys import Key
from models.mail import Mail
from models.nightly import Schedule
from models.tokens import mark_for_bounce
from services import head_addresses, headnet_passwords, heads, plans
from services.invitations import plan_invitations
from services.nightly import Nightwork
from tests.worlds import World, make_world

KEY = Key(bytes(range(32)))
#: Invited on Tuesday 1 September at 10:00 in Brussels; the night of the 9th at 3:30.
INVITED = datetime(2026, 9, 1, 8, tzinfo=UTC)
NIGHT = datetime(2026, 9, 9, 1, 30, tzinfo=UTC)


def invited(engine: Engine, people: int = 3) -> World:
    """Return a world whose people were invited and have received the mail."""
    world = make_world(engine, INVITED)
    world.people(people)
    invite(world)
    world.clock.now = NIGHT
    return world


def invite(world: World, **options: Any) -> None:
    world.desk.write(
        plans.apply, world.desk.write(plan_invitations, world.mine, world.year, **options)
    )
    deliver(world)


def deliver(world: World) -> None:
    """Let every open mail have been sent at the world's moment."""
    with writing(world.engine, SYSTEM, world.clock()) as session:
        session.execute(
            update(Mail)
            .where(col(Mail.closed_at).is_(None))
            .values(sent_at=session.at, closed_at=session.at)
        )


def nightwork(world: World, bounces: Path | None = None, **facts: Any) -> Nightwork:
    return Nightwork(world.engine, world.clock, lambda: KEY, bounces=bounces, **facts)


def reminders(engine: Engine) -> Counter[int | None]:
    """Return how many reminders each access was given."""
    with reading(engine, SYSTEM, NIGHT) as session:
        found = select(col(Mail.access_id)).where(col(Mail.template) == REMINDER)
        return Counter(session.scalars(found))


def count(engine: Engine, table: Any, *where: Any) -> int:
    with reading(engine, SYSTEM, NIGHT) as session:
        return int(session.scalar(select(func.count()).select_from(table).where(*where)) or 0)


def account(world: World, email: str, **facts: Any) -> int:
    with writing(world.engine, SYSTEM, INVITED) as session:
        row = Account(email=email, email_key=address_key(email), created_at=INVITED, **facts)
        session.add(row)
        session.flush()
        assert row.id is not None
        return row.id


def wants(world: World, account_id: int, email: str, **facts: Any) -> int:
    """Let an account have asked for a new address and confirmed it; it takes effect at night."""
    values = {
        "confirmed_at": INVITED, "takes_effect_at": NIGHT - timedelta(minutes=30), **facts
    }  # fmt: skip
    with writing(world.engine, SYSTEM, INVITED) as session:
        row = AddressChange(
            account_id=account_id,
            generation=1,
            email=email,
            email_key=address_key(email),
            asked_at=INVITED,
            valid_until=INVITED + timedelta(days=1),
            **values,
        )
        session.add(row)
        session.flush()
        assert row.id is not None
        return row.id


def fill_the_door(world: World, old: int, young: int) -> None:
    """Leave traces at the door: `old` to be forgotten, `young` to be kept."""
    with writing(world.engine, SYSTEM, INVITED) as session:
        for number in range(old + young):
            age = timedelta(days=430 if number < old else 20)
            at = NIGHT - age
            session.add(SignInEvent(at=at, last_at=at, kind="password", outcome="wrong"))
            session.add(Origin(name=f"o{number}", last_try_at=at, locked_until=at))
            session.add(Draft(owner=f"d{number}", form="f", contents="{}", saved_at=at))


def heads_wait(world: World) -> None:
    """Give both schools a head whose password and change of address wait for the night."""
    evening = NIGHT - timedelta(hours=6)
    form = {"first_name": "Jo", "surname": "Chef", "email": "chef@b.be", "language": "fr"}
    with writing(world.engine, SYSTEM, evening) as session:
        for school in (world.mine, world.other):
            heads.record_head(session, school, form)
            plan = headnet_passwords.prepare(session, school, Schedule())
            headnet_passwords.send(session, plan, Schedule(), address_confirmed=True)
            head_addresses.change_address(session, school, f"chef{school}@b.be", Schedule())
    deliver(world)


def bounces(world: World, folder: Path, mails: int) -> None:
    """Put reports into a Maildir that so many invitations came back."""
    for name in ("new", "cur", "tmp"):
        (folder / name).mkdir(parents=True, exist_ok=True)
    with reading(world.engine, SYSTEM, NIGHT) as session:
        ids = session.scalars(
            select(col(Mail.id)).where(col(Mail.template) == "invitation").order_by(col(Mail.id))
        ).all()
    for number, mail_id in enumerate(ids[:mails]):
        (folder / "new" / f"{number}.m").write_bytes(report(mail_id or 0))


def report(mail_id: int, generation: int = 1) -> bytes:
    """Return what a server writes when an address does not exist."""
    mark = mark_for_bounce(KEY, mail_id, generation)
    return f"""From: MAILER-DAEMON@relay.example
To: {mark}@ecole.example
Subject: Undelivered Mail
MIME-Version: 1.0
Content-Type: multipart/report; report-type=delivery-status; boundary="x"

--x
Content-Type: text/plain

Could not be delivered.
--x
Content-Type: message/delivery-status

Reporting-MTA: dns; relay.example

Final-Recipient: rfc822; somebody@else.example
Action: failed
Status: 5.1.1
Diagnostic-Code: smtp; 550 5.1.1 no such user
--x--
""".replace("\n", "\r\n").encode()


def activate(world: World, access_id: int) -> None:
    with writing(world.engine, SYSTEM, INVITED + timedelta(hours=1)) as session:
        at = session.at
        change(session, Invitation, col(Invitation.access_id) == access_id, used_at=at)
        change(session, Access, col(Access.id) == access_id, activated_at=at, activation="token")


def shorten_tokens(world: World, days: int) -> None:
    with writing(world.engine, SYSTEM, INVITED) as session:
        change(session, Service, col(Service.code) == "extranet", token_days=days)
