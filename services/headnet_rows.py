"""What the services of HeadNet look up: the school, its head, the addresses, the latest password.

Whoever changes something of a head holds the row of the headship first, and all else after it:
so two that come at once wait for each other and never for each other's rows.
"""

from typing import Any
from zoneinfo import ZoneInfo

from sqlalchemy import select
from sqlmodel import col

from models.database import ActorSession
from models.errors import TrousseauError
from models.headnet import HeadAddress, HeadnetPassword, Headship, in_force, is_waiting
from models.language import N_, say
from models.rights import may_change
from models.schools import School
from models.scope import not_allowed


class HeadnetRefused(TrousseauError):
    """This can't be done with an account of HeadNet as it is."""

    heading = N_("HeadNet account")


class HeadnetNotFound(TrousseauError):
    """No school or head of that number is among those that the actor manages."""

    heading = N_("Not found")


def is_manager(session: ActorSession) -> bool:
    """Tell whether the session's actor manages the accounts of heads, of some school."""
    return session.actor.sees_all or may_change(session.actor.role, "headnet")


def require_manager(session: ActorSession) -> None:
    """Raise `OutOfScope` for whoever is neither the coordinator nor the helpdesk (DOMAIN §1)."""
    if not is_manager(session):
        raise not_allowed()


def school_of(session: ActorSession, school_id: int) -> School:
    """Return a school whose head's account the actor manages.

    Raises `OutOfScope` for whoever manages none, `HeadnetNotFound` for another's school.
    """
    require_manager(session)
    school = session.scalars(select(School).where(col(School.id) == school_id)).one_or_none()
    if school is None:
        raise HeadnetNotFound(say("There is no such school among yours."))
    return school


def zone_of(school: School) -> ZoneInfo:
    return ZoneInfo(school.time_zone)


def head_of(session: ActorSession, school_id: int, *, hold: bool = False) -> Headship | None:
    """Return the head that a school has now; with `hold` nobody else changes it meanwhile."""
    live = select(Headship).where(
        col(Headship.school_id) == school_id, col(Headship.ended_at).is_(None)
    )
    return session.scalars(live.with_for_update() if hold else live).one_or_none()


def required_head(session: ActorSession, school_id: int, *, hold: bool = False) -> Headship:
    """Return the head that a school has now; raises `HeadnetRefused` where it has none."""
    school = school_of(session, school_id)
    head = head_of(session, school_id, hold=hold)
    if head is None:
        raise HeadnetRefused(
            say("%(school)s has no head of school: record one first.", school=school.name)
        )
    return head


def address_in_force(session: ActorSession, headship_id: int | None) -> HeadAddress | None:
    return _address(session, headship_id, in_force(HeadAddress))


def waiting_address(session: ActorSession, headship_id: int | None) -> HeadAddress | None:
    return _address(session, headship_id, is_waiting(HeadAddress))


def _address(session: ActorSession, headship_id: int | None, which: Any) -> HeadAddress | None:
    of_head = select(HeadAddress).where(col(HeadAddress.headship_id) == headship_id, which)
    return session.scalars(of_head.order_by(col(HeadAddress.id).desc()).limit(1)).one_or_none()


def latest_generation(session: ActorSession, headship_id: int | None) -> int:
    """Return the generation of the latest password that was asked for, 0 where none was."""
    of_head = select(col(HeadnetPassword.generation)).where(
        col(HeadnetPassword.headship_id) == headship_id
    )
    latest = of_head.order_by(col(HeadnetPassword.generation).desc()).limit(1)
    return session.scalar(latest) or 0


def name_of(head: Headship) -> str:
    return f"{head.first_name} {head.surname}".strip()
