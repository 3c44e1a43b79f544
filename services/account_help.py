"""What the helpdesk does for an account while its owner is on the telephone.

By the id of the account: no address is typed, and none is told to whoever calls.
"""

from sqlalchemy import select
from sqlmodel import col

from models.accounts import Account
from models.database import ActorSession, change
from models.errors import TrousseauError
from models.language import say
from models.scope import not_allowed
from services.forgotten_passwords import queue_reset


class AccountHelpRefused(TrousseauError):
    """What was asked for an account that is not as it was shown."""


def send_reset(session: ActorSession, account_id: int) -> int:
    """Queue the mail with a token for a new password, and return its id.

    It goes to the address of the account, whoever calls, and replaces the tokens asked for
    before. Raises `AccountHelpRefused` for an account that is closed or does not exist,
    `OutOfScope` for whoever is not the helpdesk.
    """
    account = _account(session, account_id)
    if account.disabled_at is not None:
        raise AccountHelpRefused(say("This account is closed: open it again first."))
    return queue_reset(session, account)


def unlock(session: ActorSession, account_id: int) -> None:
    """Lift the wait after wrong passwords; nothing happens where there is none any more.

    The owner is told of those tries at the next sign-in nevertheless. Raises as `send_reset`.
    """
    _account(session, account_id)
    waiting = (col(Account.id) == account_id) & col(Account.locked_until).is_not(None)
    change(session, Account, waiting, locked_until=None, failed_tries=0)


def enable(session: ActorSession, account_id: int) -> None:
    """Open a closed account again, as it was; raises as `send_reset`."""
    _account(session, account_id)
    closed = (col(Account.id) == account_id) & col(Account.disabled_at).is_not(None)
    change(session, Account, closed, disabled_at=None)


def _account(session: ActorSession, account_id: int) -> Account:
    if not session.actor.sees_all:
        raise not_allowed()
    wanted = select(Account).where(col(Account.id) == account_id).with_for_update()
    account = session.scalars(wanted).one_or_none()
    if account is None:
        raise AccountHelpRefused(say("There is no such account any more."))
    return account
