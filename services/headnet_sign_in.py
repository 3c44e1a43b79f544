"""The door for heads of school: an address and the HeadNet password that was mailed there.

Nobody can guess such a password (90 bits), so a headship is never locked: tries are counted
by where they come from, and written down for the helpdesk and the school's coordinator.
Whoever types a password that is genuine has read the head's mail, and may be told why it does
not work now; everybody else is answered in the words of the door (`services.sign_in`).
"""

from dataclasses import dataclass, field
from datetime import datetime
from typing import Any

from sqlalchemy import func, select, update
from sqlmodel import col

from models.accounts import SignInEvent
from models.addresses import address_key
from models.database import ActorSession
from models.headnet import HeadAddress, HeadnetPassword, Headship
from models.keys import Key
from models.language import Wording, say
from models.schools import DEFAULT_TIME_ZONE, School
from models.scope import not_allowed
from models.tokens import (
    ParsedToken,
    TokenMistyped,
    count_characters,
    is_nearly_token,
    parse_token,
)
from services.headnet_passwords import Verdict, accepts
from services.zones import local

#: How a try is written down (`SignInEvent.kind`).
KIND = "headnet"
#: Outcomes of a password that is or was a head's, in the order in which they are told. What
#: nothing can mend comes first, then the address, and an older password before a new one that
#: still waits, for waiting would not help it (DOMAIN §3, HeadNet).
REFUSALS = ("ended", "other_address", "replaced", "too_early")
#: The outcome that is written down, by the reason of a `Verdict`.
_OUTCOMES = {
    "": "ok",
    "ended": "ended",
    "address": "other_address",
    "replaced": "replaced",
    "waiting": "too_early",
    "overdue": "too_early",
}

_headship: Any = Headship.__table__  # type: ignore[attr-defined]


@dataclass(frozen=True, slots=True)
class Typed:
    """What a typed password says by its form alone, which is the same for everybody.

    `parsed` where it has the form of a HeadNet password; `slip` says what keeps it from that
    where it nearly has.
    """

    parsed: ParsedToken | None = field(default=None, repr=False)
    slip: Wording | None = None


def read(password: str) -> Typed:
    """Return what the form of a typed password says; nothing is looked up."""
    try:
        return Typed(parse_token(password))
    except TokenMistyped:
        return Typed(slip=_slip(password) if is_nearly_token(password) else None)


def _slip(password: str) -> Wording:
    typed, wanted = count_characters(password)
    if typed == wanted:
        return say(
            "The address or the password is not right. If it is a HeadNet password, one or more "
            "characters of it are wrong: compare it with the e-mail, or copy and paste it."
        )
    return say(
        "The address or the password is not right. If it is a HeadNet password, it has "
        "%(wanted)s characters and %(typed)s were typed: compare it with the e-mail, or copy "
        "and paste it.",
        wanted=wanted,
        typed=typed,
    )


@dataclass(frozen=True, slots=True)
class Judgement:
    """What a typed password comes to at HeadNet.

    `outcome` is ok, one of `REFUSALS`, wrong, mistyped or unknown; None where it is none of
    HeadNet's affair. `headships` are those for which it is written down; of a genuine
    password that is its own, and `generation` and `told` are known. `has_the_form` where it
    is or nearly is as a HeadNet password is written.
    """

    outcome: str | None
    headships: tuple[int, ...] = ()
    generation: int | None = None
    told: Wording | None = None
    has_the_form: bool = True

    @property
    def is_genuine(self) -> bool:
        return self.generation is not None

    @property
    def opens(self) -> bool:
        return self.outcome == "ok"


def judge(session: ActorSession, key: Key, address: str, password: str, typed: Typed) -> Judgement:
    """Return what becomes of a typed password, with the address that was typed ("" for none).

    `services.headnet_passwords.accepts` is what it has to pass. Reads only.
    """
    if typed.parsed is not None:
        verdict = accepts(session, key, address, password)
        if verdict.meant is not None and verdict.password_id is not None:
            return _judged(session, verdict, verdict.meant, verdict.password_id)
    headships = _known_by(session, address_key(address) if address else None)
    if typed.slip is not None:
        return Judgement("mistyped", headships, told=typed.slip)
    if headships:
        return Judgement("wrong", headships, has_the_form=typed.parsed is not None)
    return Judgement("unknown" if typed.parsed is not None else None)


def _judged(
    session: ActorSession, verdict: Verdict, headship_id: int, password_id: int
) -> Judgement:
    of_mine = select(HeadnetPassword).where(col(HeadnetPassword.id) == password_id)
    typed = session.scalars(of_mine).one()
    outcome = _OUTCOMES[verdict.reason]
    told = None if outcome == "ok" else _told(session, typed, outcome)
    return Judgement(outcome, (headship_id,), typed.generation, told)


def _known_by(session: ActorSession, address_key: str | None) -> tuple[int, ...]:
    """Return the headships that live and have, had or will have this address."""
    if address_key is None:
        return ()
    found = session.scalars(
        select(col(HeadAddress.headship_id))
        .join(Headship, col(Headship.id) == col(HeadAddress.headship_id))
        .where(col(HeadAddress.email_key) == address_key, col(Headship.ended_at).is_(None))
        .distinct()
        .order_by(col(HeadAddress.headship_id))
    )
    return tuple(found)


def _told(session: ActorSession, typed: HeadnetPassword, outcome: str) -> Wording:
    """Return what somebody is told who has shown by the password that the mail was theirs."""
    zone = zone_of(session, typed.headship_id)
    if outcome == "ended":
        return say(
            "This HeadNet access has ended: you are recorded as head of the school no longer. Ask "
            "the school’s IB coordinator."
        )
    if outcome == "other_address":
        return say(
            "This is a HeadNet password, but not of this address: it works with the recorded "
            "address of the head, and with a changed one from the nightly update on."
        )
    if outcome == "replaced":
        latest = _latest(session, typed.headship_id)
        asked = local(latest.asked_at, zone)
        if latest.in_force_at is not None:
            return say(
                "A later e-mail has replaced this password: the one of %(asked)s counts.",
                asked=asked,
            )
        return say(
            "A later e-mail has replaced this password: the one of %(asked)s counts, from "
            "%(works)s on.",
            asked=asked,
            works=local(latest.takes_effect_at, zone),
        )
    works_from = local(typed.takes_effect_at, zone)
    if typed.takes_effect_at <= session.at:
        return say(
            "This password should work since %(works)s, but the nightly update is late. It "
            "works once that is done: tell the helpdesk.",
            works=works_from,
        )
    return say(
        "This password is right, and works from %(works)s on: a new password waits for the "
        "nightly update.",
        works=works_from,
    )


def _latest(session: ActorSession, headship_id: int) -> HeadnetPassword:
    of_head = select(HeadnetPassword).where(col(HeadnetPassword.headship_id) == headship_id)
    latest = of_head.order_by(col(HeadnetPassword.generation).desc()).limit(1)
    return session.scalars(latest).one()


def zone_of(session: ActorSession, headship_id: int | None) -> str:
    """Return the time zone in which a head is told moments: the school's."""
    found = (
        select(col(School.time_zone))
        .join(Headship, col(Headship.school_id) == col(School.id))
        .where(col(Headship.id) == headship_id)
    )
    return session.scalar(found) or DEFAULT_TIME_ZONE


# --- in -----------------------------------------------------------------------------------


def note_sign_in(session: ActorSession, headship_id: int) -> None:
    """Write down that a head has come in; not journaled, for the door keeps the record."""
    if not session.actor.sees_all:
        raise not_allowed()
    session.connection().execute(
        update(_headship).where(_headship.c.id == headship_id).values(last_sign_in_at=session.at)
    )


def last_sign_in(session: ActorSession, headship_id: int | None) -> datetime | None:
    """Return when a head came in last, None for never and for nobody."""
    found = select(col(Headship.last_sign_in_at)).where(col(Headship.id) == headship_id)
    return session.scalar(found)


def wrong_tries(session: ActorSession, headship_id: int) -> tuple[int, datetime] | None:
    """Return how many wrong passwords came for a head since the last sign-in, and since when."""
    since = last_sign_in(session, headship_id)
    counted = select(func.sum(col(SignInEvent.times)), func.min(col(SignInEvent.at))).where(
        col(SignInEvent.headship_id) == headship_id,
        col(SignInEvent.kind) == KIND,
        col(SignInEvent.outcome) == "wrong",
    )
    if since is not None:
        counted = counted.where(col(SignInEvent.at) > since)
    count, first = session.execute(counted).one()
    return (int(count), first) if count else None
