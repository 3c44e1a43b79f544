"""What needs attention in HeadNet: passwords that never arrived, updates overdue, heads missing."""

from collections.abc import Iterator
from datetime import timedelta
from functools import cache
from typing import Any

from sqlalchemy import bindparam, exists, func, select, true
from sqlmodel import col

from models.base import Instant
from models.database import ActorSession
from models.headnet import (
    HeadAddress,
    HeadnetPassword,
    Headship,
    PasswordColumns,
    in_force,
    is_waiting,
)
from models.language import Wording, say_n
from models.mail import Mail
from models.prepared import fetch_value
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
    return list(_lines(session))


def _lines(session: ActorSession) -> Iterator[AttentionLine]:
    schools = session.actor.schools
    values = {
        "at": session.at,
        "since": session.at - _PATIENCE,
        "schools": sorted(schools or (0,)),
    }
    for cause, status, questions, sentence in (
        ("headnet_overdue", "overdue", (_late_passwords, _late_addresses), _overdue),
        ("headnet_undelivered", "never_delivered", (_lost,), _undelivered),
        ("headnet_no_head", "no_head", (_without_head,), _no_head),
        ("headnet_no_address", "no_address", (_without_address,), _no_address),
    ):
        counts = (fetch_value(session, ask(schools is not None), values) for ask in questions)
        if count := sum(n or 0 for n in counts):
            yield AttentionLine(cause, count, sentence(count), GO_TO, status=status)


# --- statements, kept and prepared: building them takes longer than asking ----------------

_AT: Any = bindparam("at", type_=Instant())
_SINCE: Any = bindparam("since", type_=Instant())


def _of(some: bool, table: Any) -> Any:
    """SQL: the rows of the actor's schools, to be looked up by them: their scope only checks."""
    return table.school_id.in_(bindparam("schools", expanding=True)) if some else true()


_live = col(Headship.ended_at).is_(None)


@cache
def _late_passwords(of_some: bool) -> Any:
    """SQL: passwords that should be in force, and that no update has seen since they should."""
    return (
        select(func.count(col(HeadnetPassword.id)).label("n"))
        .join(Headship, col(Headship.id) == HeadnetPassword.headship_id)
        .where(
            _live,
            _of(of_some, HeadnetPassword),
            col(HeadnetPassword.in_force_at).is_(None),
            col(HeadnetPassword.replaced_at).is_(None),
            col(HeadnetPassword.takes_effect_at) <= _SINCE,
        )
    )


@cache
def _late_addresses(of_some: bool) -> Any:
    return (
        select(func.count(col(HeadAddress.id)).label("n"))
        .join(Headship, col(Headship.id) == HeadAddress.headship_id)
        .where(
            _live,
            _of(of_some, HeadAddress),
            is_waiting(HeadAddress),
            col(HeadAddress.takes_effect_at) <= _SINCE,
        )
    )


@cache
def _lost(of_some: bool) -> Any:
    """SQL: the latest passwords whose mail was refused, came back or was given up."""
    return (
        select(func.count(col(HeadnetPassword.id)).label("n"))
        .join(Headship, col(Headship.id) == HeadnetPassword.headship_id)
        .outerjoin(Mail, col(Mail.id) == HeadnetPassword.mail_id)
        .where(
            _of(of_some, HeadnetPassword),
            col(HeadnetPassword.replaced_at).is_(None),
            PasswordColumns(_AT).status == "never_delivered",
        )
    )


@cache
def _without_head(_of_some: bool) -> Any:
    head = exists(select(col(Headship.id)).where(col(Headship.school_id) == School.id, _live))
    return select(func.count(col(School.id)).label("n")).where(~head)


@cache
def _without_address(of_some: bool) -> Any:
    address = exists(
        select(col(HeadAddress.id)).where(
            col(HeadAddress.headship_id) == Headship.id, in_force(HeadAddress)
        )
    )
    counted = select(func.count(col(Headship.id)).label("n"))
    return counted.where(_of(of_some, Headship), _live, ~address)


# --- sentences ----------------------------------------------------------------------------


def _overdue(n: int) -> Wording:
    return say_n(
        "%(count)s password or address of a head waits for a nightly update that has not run: "
        "run trousseau nightly, or tell the helpdesk.",
        "%(count)s passwords or addresses of heads wait for a nightly update that has not run: "
        "run trousseau nightly, or tell the helpdesk.",
        n,
    )


def _undelivered(n: int) -> Wording:
    return say_n(
        "%(count)s password never reached the head: correct the address, then send again.",
        "%(count)s passwords never reached their heads: correct the address, then send again.",
        n,
    )


def _no_head(n: int) -> Wording:
    return say_n(
        "%(count)s school has no head of school for HeadNet: record one.",
        "%(count)s schools have no head of school for HeadNet: record them.",
        n,
    )


def _no_address(n: int) -> Wording:
    return say_n(
        "%(count)s head of school has no recorded address: no password can be sent.",
        "%(count)s heads of school have no recorded address: no password can be sent.",
        n,
    )
