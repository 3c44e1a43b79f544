"""The nightly update of HeadNet: passwords and addresses come into force when their moment has.

Each row is changed where it still waits and its moment has come, and not otherwise: so it may
be done twice, late, or by two at once, and does each once. It is done by every call of the
nightly update, whether the night itself is done or not: on the night on which the clock is put
back, the hour strikes twice (`models.nightly.Schedule.next_due`).
"""

from datetime import datetime

from sqlalchemy import ColumnElement, and_, exists, select
from sqlmodel import col

from models.database import ActorSession, change
from models.headnet import HeadAddress, HeadnetPassword, Headship, in_force, is_waiting
from services import headnet_letters


def take_into_force(session: ActorSession, limit: int) -> int:
    """Take into force what is due at the session's moment, at most `limit` of each kind.

    Addresses come first, for a password works with the address in force. Returns how many came
    into force; 0 where nothing is due.
    """
    return _addresses(session, limit) + _passwords(session, limit)


def is_due(session: ActorSession) -> bool:
    """Tell whether something waits whose moment has come."""
    address = select(col(HeadAddress.id)).where(_due_address(session.at)).limit(1)
    password = select(col(HeadnetPassword.id)).where(_due_password(session.at)).limit(1)
    return session.scalar(address) is not None or session.scalar(password) is not None


def _is_live(table: type[HeadAddress] | type[HeadnetPassword]) -> ColumnElement[bool]:
    """SQL: the head whose address or password it is has not been followed by another."""
    return exists(
        select(col(Headship.id)).where(
            col(Headship.id) == table.headship_id, col(Headship.ended_at).is_(None)
        )
    )


def _due_address(at: datetime) -> ColumnElement[bool]:
    due = col(HeadAddress.takes_effect_at) <= at
    return and_(is_waiting(HeadAddress), due, _is_live(HeadAddress))


def _due_password(at: datetime) -> ColumnElement[bool]:
    waiting = and_(
        col(HeadnetPassword.in_force_at).is_(None), col(HeadnetPassword.replaced_at).is_(None)
    )
    due = col(HeadnetPassword.takes_effect_at) <= at
    return and_(waiting, due, _is_live(HeadnetPassword))


def _passwords(session: ActorSession, limit: int) -> int:
    due = select(col(HeadnetPassword.id)).where(_due_password(session.at))
    ids = session.scalars(due.order_by(col(HeadnetPassword.id)).limit(limit)).all()
    if not ids:
        return 0
    still = and_(col(HeadnetPassword.id).in_(ids), _due_password(session.at))
    return change(session, HeadnetPassword, still, in_force_at=session.at)


def _addresses(session: ActorSession, limit: int) -> int:
    due = select(col(HeadAddress.id), col(HeadAddress.headship_id)).where(_due_address(session.at))
    rows = session.execute(due.order_by(col(HeadAddress.id)).limit(limit)).all()
    return sum(_take(session, address_id, headship_id) for address_id, headship_id in rows)


def _take(session: ActorSession, address_id: int | None, headship_id: int) -> bool:
    """Let one address count and the former one no more, which is told; False where it was done."""
    # The head before its addresses, as everywhere (`services.headnet_rows`).
    whose = select(Headship).where(col(Headship.id) == headship_id).with_for_update()
    head = session.scalars(whose).one()
    mine = col(HeadAddress.id) == address_id
    own = and_(col(HeadAddress.headship_id) == headship_id, in_force(HeadAddress))
    former = session.scalars(select(HeadAddress).where(own)).one_or_none()
    still = and_(mine, _due_address(session.at))
    if not change(session, HeadAddress, still, in_force_at=session.at):
        return False
    if former is not None:
        ended = col(HeadAddress.id) == former.id
        change(session, HeadAddress, ended, ended_at=session.at)
        headnet_letters.queue(session, head, former, headnet_letters.ADDRESS_CHANGED)
    return True
