"""The account of one school's head: who it is, where mails go, and every password asked for."""

from dataclasses import dataclass
from datetime import datetime
from typing import Any

from sqlalchemy import func, select
from sqlmodel import col

from models.database import ActorSession
from models.headnet import (
    UNDER_WAY,
    HeadAddress,
    HeadnetPassword,
    Headship,
    facts_of,
    mail_facts_of,
)
from models.language import Wording, say, wording_from_json
from models.mail import Mail
from services.headnet_rows import head_of, school_of
from services.school_years import identifier

#: Passwords, addresses and former heads that a page shows, the latest of each.
MOST_PASSWORDS, MOST_ADDRESSES, MOST_FORMER = 50, 20, 20

#: Every state of a password's mail with one sign that needs no colour (`models.headnet`).
MAIL_STATE_WORDS: dict[str, tuple[str, Wording]] = {
    "queued": (".", say("Queued")),
    "delayed": ("~", say("Delayed")),
    "held": ("!", say("Held back")),
    "sent": ("+", say("Sent to the head")),
    "uncertain": ("?", say("May have arrived")),
    "bounced": ("x", say("Came back")),
    "refused": ("x", say("Refused by the server")),
    "expired": ("x", say("Given up")),
    "withdrawn": ("-", say("Taken back")),
}


@dataclass(frozen=True, slots=True)
class Head:
    """A head of a school, the present or a former one. Instants are UTC."""

    headship_id: int
    surname: str
    first_name: str
    language: str
    since: datetime
    ended_at: datetime | None
    last_sign_in_at: datetime | None

    @property
    def name(self) -> str:
        return f"{self.first_name} {self.surname}".strip()


@dataclass(frozen=True, slots=True)
class Address:
    """An address recorded for the head: it counted from `in_force_at` until `ended_at`.

    `state` is `in_force`, `waiting` (from `takes_effect_at` on), `overdue` (its update was due
    and has not run yet), `former` or `cancelled`.
    """

    address_id: int
    email: str
    state: str
    recorded_at: datetime
    recorded_by: str
    takes_effect_at: datetime
    in_force_at: datetime | None
    cancelled_at: datetime | None
    ended_at: datetime | None


@dataclass(frozen=True, slots=True)
class MailTold:
    """What became of a password's mail, with the server's own words in `reply`, ours in
    `reason`. `since` is when it came to this state; `next_try_at` None where it is not tried.
    """

    mail_id: int
    state: str
    since: datetime
    queued_at: datetime
    sent_at: datetime | None
    next_try_at: datetime | None
    attempts: int
    reply: str
    reason: Wording | None

    @property
    def can_try_now(self) -> bool:
        """Whether it waits for a later try, which could be made at once."""
        return self.state in ("delayed", "held", "uncertain") and self.next_try_at is not None


@dataclass(frozen=True, slots=True)
class Password:
    """One password that was asked for: of it, everything but the password itself.

    `state` is its status (`models.headnet.STATUSES`), `email` where its mail went.
    """

    password_id: int
    generation: int
    state: str
    email: str
    asked_at: datetime
    asked_by: str
    takes_effect_at: datetime
    in_force_at: datetime | None
    replaced_at: datetime | None
    mail: MailTold | None


@dataclass(frozen=True, slots=True)
class HeadnetPage:
    """All that is known of the HeadNet account of one school, the latest first.

    `zone` is the school's time zone. `asked` counts all passwords of the present head, of
    which the page shows `MOST_PASSWORDS`.
    """

    school_id: int
    school: str
    identifier: Wording | str
    zone: str
    head: Head | None
    address: Address | None
    pending: Address | None
    passwords: tuple[Password, ...]
    asked: int
    addresses: tuple[Address, ...]
    former: tuple[Head, ...]

    @property
    def latest(self) -> Password | None:
        """The password that alone can work, None where none was asked for."""
        return self.passwords[0] if self.passwords else None


def school_page(session: ActorSession, school_id: int) -> HeadnetPage:
    """Return the account of a school's head at the session's moment.

    Raises `OutOfScope` for whoever manages none, `HeadnetNotFound` for another's school.
    """
    school = school_of(session, school_id)
    head = head_of(session, school_id)
    addresses = _addresses(session, head.id) if head else ()
    of_state = {address.state: address for address in reversed(addresses)}
    return HeadnetPage(
        school_id=school_id,
        school=school.name,
        identifier=identifier(school),
        zone=school.time_zone,
        head=_head(head) if head else None,
        address=of_state.get("in_force"),
        pending=of_state.get("waiting") or of_state.get("overdue"),
        passwords=_passwords(session, head) if head else (),
        asked=_asked(session, head.id) if head else 0,
        addresses=addresses,
        former=_former(session, school_id),
    )


def passwords_of(session: ActorSession, headship_id: int) -> tuple[Password, ...]:
    """Return the latest passwords of a head, a former one too, within the actor's sight."""
    of_head = select(Headship).where(col(Headship.id) == headship_id)
    head = session.scalars(of_head).one_or_none()
    return _passwords(session, head) if head else ()


def _head(head: Headship) -> Head:
    assert head.id is not None
    return Head(
        head.id, head.surname, head.first_name, head.language, head.since, head.ended_at,
        head.last_sign_in_at,
    )  # fmt: skip


def _former(session: ActorSession, school_id: int) -> tuple[Head, ...]:
    ended = (
        select(Headship)
        .where(col(Headship.school_id) == school_id, col(Headship.ended_at).is_not(None))
        .order_by(col(Headship.id).desc())
        .limit(MOST_FORMER)
    )
    return tuple(map(_head, session.scalars(ended)))


def _addresses(session: ActorSession, headship_id: int | None) -> tuple[Address, ...]:
    of_head = (
        select(HeadAddress)
        .where(col(HeadAddress.headship_id) == headship_id)
        .order_by(col(HeadAddress.id).desc())
        .limit(MOST_ADDRESSES)
    )
    return tuple(address_shown(row, session.at) for row in session.scalars(of_head))


def address_shown(row: HeadAddress, at: datetime) -> Address:
    """Return an address as pages show it, in its state at `at`."""
    assert row.id is not None
    if row.cancelled_at is not None:
        state = "cancelled"
    elif row.in_force_at is None:
        state = "waiting" if row.takes_effect_at > at else "overdue"
    else:
        state = "in_force" if row.ended_at is None else "former"
    return Address(
        row.id, row.email, state, row.recorded_at, row.recorded_by, row.takes_effect_at,
        row.in_force_at, row.cancelled_at, row.ended_at,
    )  # fmt: skip


def _passwords(session: ActorSession, head: Headship) -> tuple[Password, ...]:
    of_head: Any = (
        select(HeadnetPassword, HeadAddress.email, Mail)  # type: ignore[call-overload]
        .join(HeadAddress, col(HeadAddress.id) == HeadnetPassword.address_id)
        .outerjoin(Mail, col(Mail.id) == HeadnetPassword.mail_id)
        .where(col(HeadnetPassword.headship_id) == head.id)
        .order_by(col(HeadnetPassword.generation).desc())
        .limit(MOST_PASSWORDS)
    )
    rows = session.execute(of_head).all()
    return tuple(_password(row, email, mail, head, session.at) for row, email, mail in rows)


def _asked(session: ActorSession, headship_id: int | None) -> int:
    counted = select(func.count(col(HeadnetPassword.id)))
    return session.scalar(counted.where(col(HeadnetPassword.headship_id) == headship_id)) or 0


def _password(
    row: HeadnetPassword, email: str, mail: Mail | None, head: Headship, at: datetime
) -> Password:
    assert row.id is not None
    return Password(
        password_id=row.id,
        generation=row.generation,
        state=facts_of(row, mail, head, at).status,
        email=email,
        asked_at=row.asked_at,
        asked_by=row.asked_by,
        takes_effect_at=row.takes_effect_at,
        in_force_at=row.in_force_at,
        replaced_at=row.replaced_at,
        mail=_mail(mail, at) if mail else None,
    )


def _mail(mail: Mail, at: datetime) -> MailTold:
    assert mail.id is not None
    state = mail_facts_of(mail, at).state
    since: dict[str, datetime | None] = {
        "bounced": mail.bounced_at,
        "refused": mail.refused_at,
        "sent": mail.sent_at,
        "uncertain": mail.uncertain_at,
        "withdrawn": mail.cancelled_at,
        "expired": mail.closed_at or mail.expires_at,
        "held": mail.held_at,
    }
    under_way = state in UNDER_WAY and mail.closed_at is None
    return MailTold(
        mail_id=mail.id,
        state=state,
        since=since.get(state) or mail.queued_at,
        queued_at=mail.queued_at,
        sent_at=mail.sent_at,
        next_try_at=mail.next_attempt_at if under_way else None,
        attempts=mail.attempts,
        reply=mail.reply,
        reason=wording_from_json(mail.reason) if mail.reason else None,
    )
