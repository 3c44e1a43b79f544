"""What needs attention in HeadNet: passwords that never arrived, updates overdue, heads missing."""

from collections.abc import Iterator
from datetime import timedelta
from typing import Any

from sqlalchemy import exists, func, select, true
from sqlmodel import col

from models.database import ActorSession
from models.headnet import (
    HeadAddress,
    HeadnetPassword,
    Headship,
    PasswordColumns,
    in_force,
    is_waiting,
)
from models.language import say_n
from models.mail import Mail
from models.rights import may_change
from models.schools import School
from services.attention import AttentionLine

GO_TO = "headnet"
#: After how long what waits for an update that was due is told of: it may just be late.
_PATIENCE = timedelta(hours=1)


def headnet_lines(session: ActorSession) -> list[AttentionLine]:
    """Return what needs attention among the heads whom the actor manages, most pressing first.

    Nothing for whoever manages none, nor for a helpdesk whose schools have no head at all:
    there HeadNet is not used.
    """
    if not may_change(session.actor.role, "headnet"):
        return []
    if session.actor.sees_all and session.scalar(select(col(Headship.id)).limit(1)) is None:
        return []
    return [*_overdue(session), *_undelivered(session), *_missing(session)]


def _of_actor(session: ActorSession, table: Any) -> Any:
    """SQL: the rows of the actor's schools, to be looked up by them: their scope only checks."""
    schools = session.actor.schools
    return true() if schools is None else col(table.school_id).in_(sorted(schools))


def _overdue(session: ActorSession) -> Iterator[AttentionLine]:
    """Tell of what should be in force: no update has run since it was due."""
    since = session.at - _PATIENCE
    live = col(Headship.ended_at).is_(None)
    passwords = (
        select(func.count(col(HeadnetPassword.id)))
        .join(Headship, col(Headship.id) == HeadnetPassword.headship_id)
        .where(
            live,
            _of_actor(session, HeadnetPassword),
            col(HeadnetPassword.in_force_at).is_(None),
            col(HeadnetPassword.replaced_at).is_(None),
            col(HeadnetPassword.takes_effect_at) <= since,
        )
    )
    addresses = (
        select(func.count(col(HeadAddress.id)))
        .join(Headship, col(Headship.id) == HeadAddress.headship_id)
        .where(
            live,
            _of_actor(session, HeadAddress),
            is_waiting(HeadAddress),
            col(HeadAddress.takes_effect_at) <= since,
        )
    )
    count = (session.scalar(passwords) or 0) + (session.scalar(addresses) or 0)
    if count:
        sentence = say_n(
            "%(count)s password or address of a head waits for a nightly update that has not run: "
            "run trousseau nightly, or tell the helpdesk.",
            "%(count)s passwords or addresses of heads wait for a nightly update that has not run: "
            "run trousseau nightly, or tell the helpdesk.",
            count,
        )
        yield AttentionLine("headnet_overdue", count, sentence, GO_TO, status="overdue")


def _undelivered(session: ActorSession) -> Iterator[AttentionLine]:
    """Tell of passwords whose mail was refused, came back or was given up."""
    lost = (
        select(func.count(col(HeadnetPassword.id)))
        .join(Headship, col(Headship.id) == HeadnetPassword.headship_id)
        .outerjoin(Mail, col(Mail.id) == HeadnetPassword.mail_id)
        .where(
            _of_actor(session, HeadnetPassword),
            col(HeadnetPassword.replaced_at).is_(None),
            PasswordColumns(session.at).status == "never_delivered",
        )
    )
    if count := session.scalar(lost) or 0:
        sentence = say_n(
            "%(count)s password never reached the head: correct the address, then send again.",
            "%(count)s passwords never reached their heads: correct the address, then send again.",
            count,
        )
        yield AttentionLine("headnet_undelivered", count, sentence, GO_TO, status="never_delivered")


def _missing(session: ActorSession) -> Iterator[AttentionLine]:
    """Tell of schools without a head, and of heads without an address."""
    head = exists(
        select(col(Headship.id)).where(
            col(Headship.school_id) == School.id, col(Headship.ended_at).is_(None)
        )
    )
    count = session.scalar(select(func.count(col(School.id))).where(~head)) or 0
    if count:
        sentence = say_n(
            "%(count)s school has no head of school for HeadNet: record one.",
            "%(count)s schools have no head of school for HeadNet: record them.",
            count,
        )
        yield AttentionLine("headnet_no_head", count, sentence, GO_TO, status="no_head")
    address = exists(
        select(col(HeadAddress.id)).where(
            col(HeadAddress.headship_id) == Headship.id, in_force(HeadAddress)
        )
    )
    without = select(func.count(col(Headship.id))).where(
        _of_actor(session, Headship), col(Headship.ended_at).is_(None), ~address
    )
    if count := session.scalar(without) or 0:
        sentence = say_n(
            "%(count)s head of school has no recorded address: no password can be sent.",
            "%(count)s heads of school have no recorded address: no password can be sent.",
            count,
        )
        yield AttentionLine("headnet_no_address", count, sentence, GO_TO, status="no_address")
