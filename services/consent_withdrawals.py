"""Withdrawing consents: nothing is sent or passed on any more, and what was sent opens nothing."""

from dataclasses import dataclass
from datetime import date
from typing import Any

from sqlalchemy import ColumnElement, and_, func, select, update
from sqlmodel import col

from models.access import Access
from models.consents import Consent
from models.database import ActorSession, change
from models.invitations import Invitation
from models.mail import Mail


@dataclass(frozen=True, slots=True)
class Withdrawal:
    """What withdrawing would do: the consents that stand, with the day on each paper; the
    invitations that would open nothing any more; whether an active access would stay."""

    consents: tuple[tuple[str, date], ...]
    invitations: int
    active: bool


def withdrawal(session: ActorSession, school_id: int, person_id: int) -> Withdrawal:
    """Return what follows if a person's consents in a school are withdrawn."""
    standing = select(Consent).where(_standing(school_id, person_id)).order_by(col(Consent.id))
    open_ones = select(func.count(col(Invitation.id))).where(_open(school_id, person_id))
    active = select(col(Access.id)).where(
        col(Access.person_id) == person_id,
        col(Access.school_id) == school_id,
        col(Access.activated_at) <= session.at,
    )
    return Withdrawal(
        tuple((consent.email, consent.signed_on) for consent in session.scalars(standing)),
        session.scalar(open_ones) or 0,
        session.scalar(active.limit(1)) is not None,
    )


def _standing(school_id: int, person_id: int) -> ColumnElement[bool]:
    return and_(
        col(Consent.person_id) == person_id,
        col(Consent.school_id) == school_id,
        col(Consent.withdrawn_at).is_(None),
    )


def _theirs(school_id: int, person_id: int) -> Any:
    return select(col(Access.id)).where(
        col(Access.person_id) == person_id, col(Access.school_id) == school_id
    )


def _open(school_id: int, person_id: int) -> ColumnElement[bool]:
    """SQL: an invitation of the person that can still be used, or be sent."""
    return and_(
        col(Invitation.access_id).in_(_theirs(school_id, person_id)),
        col(Invitation.used_at).is_(None),
        col(Invitation.cancelled_at).is_(None),
        col(Invitation.replaced_at).is_(None),
    )


def withdraw(session: ActorSession, school_id: int, person_id: int) -> int:
    """Withdraw every consent of a person in a school, and return how many stood.

    What still waits to be sent is cancelled in the same transaction, and an invitation that
    is out opens nothing any more.
    """
    count = change(session, Consent, _standing(school_id, person_id), withdrawn_at=session.at)
    if count:
        cancel_invitations(session, school_id, person_id)
    return count


def cancel_invitations(session: ActorSession, school_id: int, person_id: int) -> None:
    """Cancel the open invitations of a person in a school, and their mails."""
    theirs = _theirs(school_id, person_id)
    change(session, Invitation, _open(school_id, person_id), cancelled_at=session.at)
    session.execute(
        update(Mail)
        .where(
            col(Mail.access_id).in_(theirs),
            col(Mail.school_id) == school_id,
            col(Mail.closed_at).is_(None),
        )
        .values(cancelled_at=session.at, closed_at=session.at),
        execution_options={"synchronize_session": False},
    )
