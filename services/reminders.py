"""Reminders: one mail more to whoever was invited, has not activated, and still can.

It carries the token that the invitation brought, and so spends none and replaces none. Each
invitation is brought back to mind once at most, whoever asks and however often.
"""

from datetime import datetime, timedelta
from typing import Any
from zoneinfo import ZoneInfo

from sqlalchemy import case, exists, func, not_, select
from sqlmodel import col

from models.access import Access, FactColumns, joined
from models.accounts import Account
from models.database import ActorSession, change
from models.invitations import REMINDER, Invitation
from models.mail import Mail
from models.schools import School
from services.outbox import REMINDABLE

#: For how long a token must still live: a reminder is read the next morning, or the next.
LEAST_LIFE = timedelta(days=1)


def remind(session: ActorSession, days: int, after: int, limit: int) -> tuple[int, int | None]:
    """Put reminders of invitations that left `days` days ago or more into the outbox.

    Reminded are those, and no others, whose invitation may leave again to the same address
    (consent, access, role are looked at anew), who have not activated, and whose token lives
    for a day more. Looks at `limit` of them from the invitation after `after` on. Returns how
    many were queued, and the last invitation looked at, None where there are no more.
    """
    found = session.execute(_due(session, days, after, limit)).all()
    still = _untouched(session, [row.invitation_id for row in found])
    due = [row for row in found if row.invitation_id in still]
    session.add_all([_mail(session.at, row) for row in due])
    session.flush()
    if due:
        ids = [row.invitation_id for row in due]
        change(session, Invitation, col(Invitation.id).in_(ids), reminded_at=session.at)
    return len(due), found[-1].invitation_id if len(found) == limit else None


def _due(session: ActorSession, days: int, after: int, limit: int) -> Any:
    at: Any = session.at
    facts = FactColumns(at, _days(session))
    left = func.coalesce(Mail.sent_at, Mail.uncertain_at)
    return (
        joined(
            select(  # type: ignore[call-overload]
                col(Invitation.id).label("invitation_id"), Invitation.valid_until,
                Invitation.generation, Access.id.label("access_id"), Access.person_id,  # type: ignore[union-attr]
                Access.school_id, Mail.recipient, Mail.language,
            ).select_from(Access),
            at,
            of_guardians=True,
        )
        .join(School, col(School.id) == Access.school_id)
        .where(
            col(Invitation.id) > after,
            col(Invitation.reminded_at).is_(None),
            col(Invitation.used_at).is_(None),
            col(Invitation.valid_until) >= at + LEAST_LIFE,
            left <= at - timedelta(days=days),
            facts.address == Mail.recipient,
            facts.status.in_(REMINDABLE),
            not_(_is_shut_out()),
        )
        .order_by(col(Invitation.id))
        .limit(limit)
    )  # fmt: skip


def _is_shut_out() -> Any:
    """SQL: the person has an account that was disabled, and no token opens it."""
    return exists(
        select(col(Account.id)).where(
            col(Account.person_id) == Access.person_id, col(Account.disabled_at).is_not(None)
        )
    )


def _days(session: ActorSession) -> Any:
    """SQL: the date it is in the school of an access, joined to the statement."""
    zones = session.scalars(select(col(School.time_zone)).distinct()).all()
    dates = {zone: session.at.astimezone(ZoneInfo(zone)).date() for zone in zones}
    today = session.at.date()
    return case(dates, value=col(School.time_zone), else_=today) if dates else today


def _untouched(session: ActorSession, ids: list[int]) -> set[int]:
    """Return the invitations that nobody has used, replaced or reminded of meanwhile, and
    hold them until the end of the transaction."""
    rows = session.scalars(
        select(col(Invitation.id))
        .where(
            col(Invitation.id).in_(ids),
            col(Invitation.reminded_at).is_(None),
            col(Invitation.used_at).is_(None),
            col(Invitation.replaced_at).is_(None),
            col(Invitation.cancelled_at).is_(None),
        )
        .with_for_update()
    )
    return {row for row in rows if row is not None}


def _mail(at: datetime, row: Any) -> Mail:
    return Mail(
        school_id=row.school_id,
        person_id=row.person_id,
        access_id=row.access_id,
        template=REMINDER,
        language=row.language,
        generation=row.generation,
        recipient=row.recipient,
        queued_at=at,
        expires_at=row.valid_until,
        next_attempt_at=at,
    )
