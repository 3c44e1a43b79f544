"""The rows behind the tokens of an account: their order, their numbers, and how they end."""

from typing import Any

from sqlalchemy import func, select
from sqlmodel import col

from models.accounts import Account, AddressChange, PasswordReset
from models.database import ActorSession, change


def hold_account(session: ActorSession, account_id: int) -> None:
    """Lock an account, if there is such a one, before any of its tokens.

    Always in this order, for what sets a password and what gives a token do both: one that
    began with the token would wait for the other, and the other for it.
    """
    session.scalars(select(col(Account.id)).where(col(Account.id) == account_id).with_for_update())


def next_generation(session: ActorSession, table: Any, account_id: int) -> int:
    """Return the number of an account's next token of a kind."""
    highest = select(func.max(table.generation)).where(table.account_id == account_id)
    return int(session.scalar(highest) or 0) + 1


def close_resets(session: ActorSession, account_id: int, but: int | None = None) -> None:
    """Make the tokens worthless that were given for a forgotten password, all but one."""
    others = (
        (col(PasswordReset.account_id) == account_id)
        & col(PasswordReset.used_at).is_(None)
        & col(PasswordReset.replaced_at).is_(None)
        & (col(PasswordReset.id) != (but or 0))
    )
    change(session, PasswordReset, others, replaced_at=session.at)


def close_address_changes(session: ActorSession, account_id: int) -> None:
    """Take back the new addresses that an account has not been given yet.

    With every new password: whoever sets one because somebody else knew the old one must not
    lose the account to an address that the other has asked for.
    """
    waiting = (
        (col(AddressChange.account_id) == account_id)
        & col(AddressChange.applied_at).is_(None)
        & col(AddressChange.cancelled_at).is_(None)
    )
    change(session, AddressChange, waiting, cancelled_at=session.at)
