"""*Continue*: a new password for the head, mailed to the recorded address (DOMAIN §3, HeadNet).

It is asked for in two halves. `prepare` says what will come of it: to which address, from when
the password works, which former ones stop working. `send` does exactly that, or refuses where
it would be anything else by then. Asking cancels the former passwords at once; the new one is
accepted from the nightly update on that is due next.

`accepts` is what a password has to pass to sign in with. No password is in any result, row,
journal or log: it is a function of the key, the headship and its generation (`models.tokens`).
"""

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime
from functools import cache
from typing import Any
from zoneinfo import ZoneInfo

from sqlalchemy import and_, bindparam, select
from sqlmodel import col

from models.addresses import AddressError, address_key, parse_address
from models.database import ActorSession, change
from models.headnet import (
    HEADNET_PURPOSE,
    LIVE,
    HeadAddress,
    HeadnetPassword,
    Headship,
    in_force,
)
from models.keys import Key
from models.language import Wording, say, say_n
from models.nightly import Schedule
from models.tokens import TokenMistyped, matching_generation, parse_token
from services import headnet_letters, outbox
from services.headnet_rows import (
    HeadnetRefused,
    address_in_force,
    latest_generation,
    name_of,
    required_head,
    school_of,
    waiting_address,
)
from services.headnet_school import Password, passwords_of


class NotConfirmed(HeadnetRefused):
    """What has to be confirmed before a password is sent has not been."""


class PreparedMeanwhile(HeadnetRefused):
    """What was shown before holds no more: look again, and decide anew."""


@dataclass(frozen=True, slots=True)
class FormerPassword:
    """A password that stops working when a new one is asked for.

    `state` is one of `models.headnet.LIVE`; `works_from` when its update is, or was, due.
    """

    generation: int
    state: str
    email: str
    asked_at: datetime
    works_from: datetime


@dataclass(frozen=True, slots=True)
class Continuation:
    """What comes of *Continue* as it was shown: `send` does this and nothing else.

    The mail goes to `email`, recorded since `email_since`. `pending_email` counts from
    `pending_from` on, None where no change waits. The password works from `works_from` on, and
    from now on none of `former`, the latest first. `generation` is the new password's number.
    """

    school_id: int
    school: str
    zone: str
    headship_id: int
    head: str
    address_id: int
    email: str
    email_since: datetime
    pending_email: str | None
    pending_from: datetime | None
    works_from: datetime
    former: tuple[FormerPassword, ...]
    generation: int

    @property
    def again(self) -> bool:
        """Whether a password was asked for before, so that there are several mails."""
        return self.generation > 1

    @property
    def advice(self) -> tuple[Wording, ...]:
        """What to consider before going on, the most important first."""
        return tuple(self._advice())

    def _advice(self) -> Iterator[Wording]:
        if self.pending_email is not None and self.pending_from is not None:
            yield say(
                "Another address, %(email)s, counts from %(when)s on. Wait until then, or the "
                "password goes to the former address.",
                email=self.pending_email,
                when=self.pending_from.astimezone(ZoneInfo(self.zone)),
            )
        usable = [former for former in self.former if former.state != "never_delivered"]
        if usable:
            yield say_n(
                "%(count)s password was sent before: it stops working at once, and until the new "
                "one works the head cannot sign in.",
                "%(count)s passwords were sent before: they stop working at once, and until the "
                "new one works the head cannot sign in.",
                len(usable),
            )
        elif self.former:
            yield say("The former password never reached the head: this one replaces it.")


@dataclass(frozen=True, slots=True)
class Asked:
    """A password that has been asked for, and whose mail is in the outbox."""

    password_id: int
    mail_id: int
    generation: int
    email: str
    works_from: datetime


def prepare(session: ActorSession, school_id: int, schedule: Schedule) -> Continuation:
    """Return what *Continue* would do now for a school's head; it changes nothing.

    Raises `OutOfScope` for whoever may not ask, `HeadnetNotFound` for another's school, and
    `HeadnetRefused` where there is no head or no address to send to.
    """
    return _prepared(session, required_head(session, school_id), schedule)


def _prepared(session: ActorSession, head: Headship, schedule: Schedule) -> Continuation:
    assert head.id is not None
    school = school_of(session, head.school_id)
    address, pending = address_in_force(session, head.id), waiting_address(session, head.id)
    if address is None:
        raise HeadnetRefused(
            say("No address is recorded for %(head)s: record one first.", head=name_of(head))
        )
    assert address.id is not None and address.in_force_at is not None
    return Continuation(
        school_id=head.school_id,
        school=school.name,
        zone=school.time_zone,
        headship_id=head.id,
        head=name_of(head),
        address_id=address.id,
        email=address.email,
        email_since=address.in_force_at,
        pending_email=pending.email if pending else None,
        pending_from=pending.takes_effect_at if pending else None,
        works_from=schedule.next_due(session.at),
        former=tuple(map(_former, _live(session, head.id))),
        generation=latest_generation(session, head.id) + 1,
    )


def _live(session: ActorSession, headship_id: int) -> Iterator[Password]:
    return (one for one in passwords_of(session, headship_id) if one.state in LIVE)


def _former(password: Password) -> FormerPassword:
    return FormerPassword(
        password.generation, password.state, password.email, password.asked_at,
        password.takes_effect_at,
    )  # fmt: skip


def send(
    session: ActorSession,
    plan: Continuation,
    schedule: Schedule,
    *,
    address_confirmed: bool,
    former_confirmed: bool = False,
) -> Asked:
    """Ask for the password as `plan` says: cancel the former ones, queue the mail.

    `address_confirmed` says that the address was checked with whoever asks, `former_confirmed`
    that the former passwords may stop working, which only matters where there are any. Raises
    `NotConfirmed`, and `PreparedMeanwhile` where it would not be what was shown any more.
    """
    head = required_head(session, plan.school_id, hold=True)
    if not address_confirmed:
        raise NotConfirmed(
            say("Check the address %(email)s with the school first.", email=plan.email)
        )
    if plan.former and not former_confirmed:
        raise NotConfirmed(
            say("Confirm first that the former passwords of %(head)s stop working.", head=plan.head)
        )
    found = _prepared(session, head, schedule)
    if found != plan:
        raise PreparedMeanwhile(_difference(plan, found))
    return _ask(session, head, found)


def _difference(plan: Continuation, found: Continuation) -> Wording:
    """Return in words what has changed between the two."""
    if found.headship_id != plan.headship_id:
        return say("%(school)s has a new head meanwhile. Look again.", school=found.school)
    if (found.address_id, found.email) != (plan.address_id, plan.email):
        return say("The address in force is another one meanwhile. Look again.")
    if found.generation != plan.generation:
        return say("Somebody else has asked for a password meanwhile. Look again.")
    if found.works_from != plan.works_from:
        return say(
            "An update has become due meanwhile: the password works from %(when)s on. Look again.",
            when=found.works_from.astimezone(ZoneInfo(found.zone)),
        )
    return say("Something about this head has changed meanwhile. Look again.")


def _ask(session: ActorSession, head: Headship, plan: Continuation) -> Asked:
    address = address_in_force(session, plan.headship_id)
    assert address is not None
    live = and_(
        col(HeadnetPassword.headship_id) == plan.headship_id,
        col(HeadnetPassword.replaced_at).is_(None),
    )
    if change(session, HeadnetPassword, live, replaced_at=session.at) != len(plan.former):
        raise PreparedMeanwhile(say("Something about this head has changed meanwhile. Look again."))
    mail_id = headnet_letters.queue(
        session, head, address, headnet_letters.PASSWORD, plan.generation
    )
    password = HeadnetPassword(
        headship_id=plan.headship_id,
        school_id=plan.school_id,
        generation=plan.generation,
        address_id=plan.address_id,
        mail_id=mail_id,
        asked_at=session.at,
        asked_by=session.actor.name,
        takes_effect_at=plan.works_from,
    )
    session.add(password)
    session.flush()
    assert password.id is not None
    return Asked(password.id, mail_id, plan.generation, plan.email, plan.works_from)


def try_now(session: ActorSession, school_id: int) -> int:
    """Let the latest password's mail be tried at once, where it waits for a later try.

    Returns its id. Raises `HeadnetRefused` where there is nothing to try: a mail that was lost
    is sent again by *Continue*, with a new password.
    """
    head = required_head(session, school_id, hold=True)
    assert head.id is not None
    latest = next(_live(session, head.id), None)
    if latest is None or latest.mail is None or not latest.mail.can_try_now:
        raise HeadnetRefused(
            say("No mail waits for a later try. A lost one is sent again with a new password.")
        )
    if not outbox.try_now(session, [latest.mail.mail_id]):
        raise HeadnetRefused(say("This mail has left meanwhile."))
    return latest.mail.mail_id


# --- signing in ---------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class Verdict:
    """Whether an address and a password open HeadNet: `headship_id`, or None and the reason.

    Reasons, the deciding one first: `mistyped` (it can't be any password), `unknown` (it is
    none of ours), `ended` (of a former head), `address` (another one than is in force),
    `replaced` (by a newer one), `waiting` and `overdue` (for the update). `meant` is the
    headship whose password it truly is, whatever the reason, None for the first two;
    `password_id` likewise.
    """

    headship_id: int | None
    reason: str = ""
    meant: int | None = None
    password_id: int | None = None


def accepts(session: ActorSession, key: Key, email: str, password: str) -> Verdict:
    """Return whether `email` and `password` open HeadNet at the session's moment.

    The headship is live, the password its latest, in force, and the address the one in force.
    What was typed is in no result. For the door, which sees every school.
    """
    try:
        parsed = parse_token(password)
    except TokenMistyped:
        return Verdict(None, "mistyped")
    asked = session.execute(_asked_of(), {"headship": parsed.row_id}).all()
    latest = asked[0].generation if asked else 0
    generation = matching_generation(key, HEADNET_PURPOSE, parsed, latest)
    row = next((row for row in asked if row.generation == generation), None)
    if row is None:
        return Verdict(None, "unknown")
    reason = _refusal(row, email, session.at, newer=generation != latest)
    return Verdict(None if reason else row.headship_id, reason, row.headship_id, row.id)


@cache
def _asked_of() -> Any:
    """SQL: the passwords of a headship, the latest first, with all that decides whether one counts.

    Built once and asked once, for whoever guesses costs no more than that.
    """
    address = (
        select(col(HeadAddress.email_key))
        .where(col(HeadAddress.headship_id) == Headship.id, in_force(HeadAddress))
        .limit(1)
        .scalar_subquery()
        .label("email_key")
    )
    password: Any = HeadnetPassword
    head: Any = Headship
    return (
        select(
            password.headship_id, password.id, password.generation, password.replaced_at,
            password.in_force_at, password.takes_effect_at, head.ended_at, address,
        )
        .join(head, head.id == password.headship_id)
        .where(password.headship_id == bindparam("headship"))
        .order_by(password.generation.desc())
    )  # fmt: skip


def _refusal(row: Any, email: str, at: datetime, *, newer: bool) -> str:
    if row.ended_at is not None:
        return "ended"
    if row.email_key is None or _key_of(email) != row.email_key:
        return "address"
    if newer or row.replaced_at is not None:
        return "replaced"
    if row.in_force_at is None:
        return "waiting" if row.takes_effect_at > at else "overdue"
    return ""


def _key_of(email: str) -> str | None:
    try:
        return address_key(parse_address(email))
    except AddressError:
        return None
