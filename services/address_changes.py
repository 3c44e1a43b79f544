"""New reference addresses come into force: at once, or with the nightly update (DESIGN §3).

The change was asked for and confirmed from the new address before it comes here. What is
left is to give it to the account while nobody else has it, and to tell the old address.
"""

from datetime import timedelta

from sqlalchemy import select
from sqlalchemy.exc import IntegrityError
from sqlmodel import col

from models.accounts import Account, AddressChange, SignInEvent
from models.database import ActorSession, change
from models.mail import Mail

#: The template of the mail to the address that counts no more.
ADDRESS_CHANGED = "address_changed"
#: What the helpdesk reads where the address was another account's by then.
TAKEN = "taken"
#: For how long the mail to the old address is tried.
_TRIED_FOR = timedelta(days=7)


def apply_waiting(session: ActorSession, after: int, limit: int) -> tuple[int, int | None]:
    """Apply the confirmed changes whose moment has come, at most `limit`, in order.

    Looks from the change after `after` on. Returns how many accounts have a new address, and
    the last change looked at, None where there are no more.
    """
    due = session.scalars(
        select(col(AddressChange.id))
        .where(*_WAITING, col(AddressChange.id) > after)
        .where(col(AddressChange.takes_effect_at) <= session.at)
        .order_by(col(AddressChange.id))
        .limit(limit)
    ).all()
    applied = sum(apply(session, waiting) for waiting in due if waiting is not None)
    return applied, due[-1] if len(due) == limit else None


_WAITING = (
    col(AddressChange.confirmed_at).is_not(None),
    col(AddressChange.applied_at).is_(None),
    col(AddressChange.cancelled_at).is_(None),
)


def apply(session: ActorSession, change_id: int) -> bool:
    """Give an account its confirmed new address, once; False where that is not possible.

    An address that has become another account's meanwhile stays the other's: the change is
    cancelled, and the helpdesk finds why among the tries at the door. The old address is told
    (DOMAIN §3); password, keys and roles are what they were.
    """
    mine = col(AddressChange.id) == change_id
    # The account before its change, as everywhere (`services.account_tokens.hold_account`).
    whose = col(Account.id).in_(select(col(AddressChange.account_id)).where(mine))
    account = session.scalars(select(Account).where(whose).with_for_update()).one_or_none()
    found = session.scalars(select(AddressChange).where(mine, *_WAITING).with_for_update())
    if account is None or (waiting := found.one_or_none()) is None:
        return False
    old = account.email
    if not _give(session, account, waiting):
        change(session, AddressChange, mine, cancelled_at=session.at)
        session.add(_finding(session, waiting))
        return False
    change(session, AddressChange, mine, applied_at=session.at)
    if waiting.email != old:
        session.add(_notice(session, account, old))
    return True


def _give(session: ActorSession, account: Account, waiting: AddressChange) -> bool:
    """Change the account's address where no other account has it."""
    others = select(col(Account.id)).where(
        col(Account.email_key) == waiting.email_key, col(Account.id) != account.id
    )
    if session.scalars(others).first() is not None:
        return False
    try:
        with session.begin_nested():
            whose = col(Account.id) == account.id
            change(
                session,
                Account,
                whose,
                email=waiting.email,
                email_key=waiting.email_key,
                address_proved_at=session.at,
            )
    except IntegrityError:  # an account was made with it at this very moment
        return False
    return True


def _finding(session: ActorSession, waiting: AddressChange) -> SignInEvent:
    return SignInEvent(
        at=session.at,
        last_at=session.at,
        kind="address",
        outcome=TAKEN,
        account_id=waiting.account_id,
        address=waiting.email,
        address_key=waiting.email_key,
    )


def _notice(session: ActorSession, account: Account, old: str) -> Mail:
    return Mail(
        account_id=account.id,
        person_id=account.person_id,
        template=ADDRESS_CHANGED,
        language=account.language,
        recipient=old,
        queued_at=session.at,
        expires_at=session.at + _TRIED_FOR,
        next_attempt_at=session.at,
    )
