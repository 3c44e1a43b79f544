"""Mails about an account itself: queued in the transaction of their reason.

They belong to the account and to no school, so that no school sees the address: it may be
another than the one that the person has agreed to (DOMAIN §3).
"""

from datetime import timedelta
from typing import Any

from sqlalchemy import select
from sqlmodel import col

from models.access import Access
from models.accounts import Account
from models.database import ActorSession
from models.mail import Mail
from models.schools import DEFAULT_TIME_ZONE, School

PASSWORD_RESET = "password_reset"
PASSWORD_CHANGED = "password_changed"
ADDRESS_CONFIRM = "address_confirm"
ADDRESS_CHANGED = "address_changed"
KEY_ADDED = "key_added"

#: For how long a mail that only tells something is tried.
TOLD_FOR = timedelta(days=7)


def queue(
    session: ActorSession,
    account: Account,
    template: str,
    recipient: str,
    *,
    generation: int = 1,
    life: timedelta = TOLD_FOR,
) -> int:
    """Put a mail for an account in the outbox and return its id.

    `generation` numbers the token it brings, and `life` is how long that token is valid.
    """
    mail = Mail(
        account_id=account.id,
        template=template,
        language=account.language,
        generation=generation,
        recipient=recipient,
        values=letterhead(session, account.person_id),
        queued_at=session.at,
        expires_at=session.at + life,
        next_attempt_at=session.at,
    )
    session.add(mail)
    session.flush()
    assert mail.id is not None
    return mail.id


def letterhead(session: ActorSession, person_id: int | None) -> dict[str, Any]:
    """Return what a mail says of the person's school, where they have exactly one."""
    schools = select(col(Access.school_id)).where(col(Access.person_id) == (person_id or 0))
    found = session.scalars(select(School).where(col(School.id).in_(schools)).limit(2)).all()
    if len(found) != 1:
        return {"school": "", "contact": "", "zone": DEFAULT_TIME_ZONE}
    (school,) = found
    return {"school": school.name, "contact": contact_of(school), "zone": school.time_zone}


def contact_of(school: School) -> str:
    """Return whom to ask, in one line: the school itself where it names nobody."""
    parts = (school.contact_name, school.contact_email, school.contact_phone)
    return ", ".join(part for part in parts if part) or school.name
