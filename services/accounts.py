"""Accounts of the console: who may sign in, as what, for which schools.

An account is one address with one password; roles are given to it, and end. What else it may
be chosen for follows from the person's accesses and children (`services.profiles`). Signing in
is at `services.sign_in`.
"""

from collections.abc import Collection, Iterable
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from sqlalchemy import select
from sqlmodel import col

from models.accounts import CONSOLE_ROLES, Account, AccountRole
from models.addresses import AddressError, address_key, parse_address
from models.database import Actor, ActorSession, change
from models.errors import TrousseauError
from models.language import DEFAULT_LANGUAGE, N_, say
from models.schools import School
from models.text import clean, squeeze
from services.profiles import EVERYWHERE, role_label

__all__ = [
    "DOOR", "AccountRefused", "AccountRow", "NoSuchAccount", "RoleRow", "add_account",
    "are_there_any", "check_account", "disable_account", "enable_account", "end_role",
    "give_role", "has_account", "list_accounts", "role_label", "unlock_account",
]  # fmt: skip

#: Who changes an account while nobody is signed in yet.
DOOR = Actor("sign-in", "system", None)

_LONGEST_NAME = 200


class AccountRefused(TrousseauError):
    """The account cannot be made as asked."""

    heading = N_("This account cannot be made")


class NoSuchAccount(TrousseauError):
    """There is no account with this address."""

    heading = N_("Not found")


@dataclass(frozen=True, slots=True)
class RoleRow:
    """A role that was given; `school` is a name, None where the role sees every school."""

    role: str
    school_id: int | None
    school: str | None


@dataclass(frozen=True, slots=True)
class AccountRow:
    """An account as lists show it, with the roles that were given to it and have not ended."""

    id: int
    email: str
    name: str
    roles: tuple[RoleRow, ...]
    created_at: datetime
    locked_until: datetime | None
    disabled_at: datetime | None


# --- accounts ---------------------------------------------------------------------------


def add_account(
    session: ActorSession,
    email: str,
    role: str,
    school_ids: Collection[int] = (),
    *,
    password_hash: str | None,
    name: str = "",
    language: str = DEFAULT_LANGUAGE,
) -> int:
    """Make an account with a role, or give the role to the account of that address.

    Returns the account's id. `password_hash` comes from `Hasher.hash`, of a password that
    `check_password` let pass: hashing takes too long for a transaction; with None the owner
    has a first password made by "forgotten password". An account that exists keeps its own.
    Raises `AccountRefused` for an address that is none, for an unknown role, where the schools
    do not go with the role, and where the account has that role already.
    """
    address = check_account(email, role, school_ids)
    if _found(session, address) is not None:
        return give_role(session, address, role, school_ids)
    account = Account(
        email=address,
        email_key=address_key(address),
        name=squeeze(clean(name, _LONGEST_NAME)),
        language=language,
        password_hash=password_hash,
        password_set_at=session.at if password_hash else None,
        created_at=session.at,
    )
    session.add(account)
    session.flush()
    assert account.id is not None
    _give(session, account.id, role, [*sorted(set(school_ids))] or [None])
    return account.id


def give_role(
    session: ActorSession, email: str, role: str, school_ids: Collection[int] = ()
) -> int:
    """Give an account a further role, in some schools or everywhere, and return its id.

    Raises `NoSuchAccount`, and `AccountRefused` like `add_account`.
    """
    address = check_account(email, role, school_ids)
    account_id = _account(session, address)
    had = {row.school_id for row in _live(session, account_id) if row.role == role}
    wanted: list[int | None] = [*sorted(set(school_ids))] or [None]
    new = [school for school in wanted if school not in had]
    if not new:
        raise AccountRefused(
            say("%(email)s has the role “%(role)s” there already.", email=address, role=role)
        )
    _give(session, account_id, role, new)
    return account_id


def _give(
    session: ActorSession, account_id: int, role: str, school_ids: Iterable[int | None]
) -> None:
    for school_id in school_ids:
        row = AccountRole(
            account_id=account_id, role=role, school_id=school_id, given_at=session.at
        )
        session.add(row)
    session.flush()


def end_role(session: ActorSession, email: str, role: str, school_ids: Collection[int] = ()) -> int:
    """End a role of an account, in some schools or wherever it has it; return in how many.

    What follows from the person's own accesses stays. Raises `NoSuchAccount`, and
    `AccountRefused` where the account has no such role.
    """
    account_id = _account(session, email)
    which = (
        (col(AccountRole.account_id) == account_id)
        & (col(AccountRole.role) == role)
        & col(AccountRole.ended_at).is_(None)
    )
    if school_ids:
        which &= col(AccountRole.school_id).in_(sorted(set(school_ids)))
    ended = change(session, AccountRole, which, ended_at=session.at)
    if not ended:
        raise AccountRefused(
            say(
                "The role “%(role)s” was not given to %(email)s there.",
                role=clean(role, 40),
                email=clean(email, 254),
            )
        )
    return ended


def disable_account(session: ActorSession, email: str) -> bool:
    """Close an account: nobody signs in with it; tell whether it was open. Its rows stay."""
    whose = col(Account.id) == _account(session, email)
    open_now = whose & col(Account.disabled_at).is_(None)
    return bool(change(session, Account, open_now, disabled_at=session.at))


def enable_account(session: ActorSession, email: str) -> bool:
    """Open a closed account again, as it was; tell whether it was closed."""
    whose = col(Account.id) == _account(session, email)
    closed = whose & col(Account.disabled_at).is_not(None)
    return bool(change(session, Account, closed, disabled_at=None))


def unlock_account(session: ActorSession, email: str) -> bool:
    """Lift the wait after wrong tries; tell whether there was one.

    The owner is told of those tries at the next sign-in nevertheless.
    """
    whose = col(Account.id) == _account(session, email)
    waiting = whose & col(Account.locked_until).is_not(None)
    return bool(change(session, Account, waiting, locked_until=None, failed_tries=0))


def has_account(session: ActorSession, email: str) -> bool:
    """Tell whether there is an account with this address; raises `AccountRefused` for none."""
    return _found(session, _address(email)) is not None


def _found(session: ActorSession, address: str) -> int | None:
    whose = select(col(Account.id)).where(col(Account.email_key) == address_key(address))
    return session.scalars(whose).one_or_none()


def _account(session: ActorSession, email: str) -> int:
    address = _address(email)
    account_id = _found(session, address)
    if account_id is None:
        raise NoSuchAccount(say("There is no account for %(email)s.", email=address))
    return account_id


def _live(session: ActorSession, account_id: int) -> list[AccountRole]:
    rows = select(AccountRole).where(
        col(AccountRole.account_id) == account_id, col(AccountRole.ended_at).is_(None)
    )
    return list(session.scalars(rows))


def check_account(email: str, role: str, school_ids: Collection[Any]) -> str:
    """Return the address as it will be stored; raises `AccountRefused` like `add_account`.

    Apart, so that nobody types a password for an account that cannot be made.
    """
    address = _address(email)
    _check_role(role, school_ids)
    return address


def _address(email: str) -> str:
    try:
        return parse_address(email)
    except AddressError as error:
        raise AccountRefused(error.wording) from None


def _check_role(role: str, school_ids: Collection[Any]) -> None:
    if role not in CONSOLE_ROLES:
        raise AccountRefused(
            say(
                "There is no role “%(role)s”. The roles are: %(known)s.",
                role=clean(role, 40),
                known=", ".join(CONSOLE_ROLES),
            )
        )
    if role == EVERYWHERE and school_ids:
        raise AccountRefused(say("The helpdesk sees every school: give it none."))
    if role != EVERYWHERE and not school_ids:
        raise AccountRefused(say("Say for which school this account is."))


def are_there_any(session: ActorSession) -> bool:
    """Tell whether anybody can sign in at all."""
    return session.scalars(select(Account).limit(1)).first() is not None


def list_accounts(session: ActorSession) -> list[AccountRow]:
    """Return the accounts that the actor may see, by address."""
    roles: dict[int, list[RoleRow]] = {}
    given = (
        select(AccountRole.account_id, AccountRole.role, AccountRole.school_id, School.name)  # type: ignore[call-overload]
        .outerjoin(School, col(School.id) == AccountRole.school_id)
        .where(col(AccountRole.ended_at).is_(None))
        .order_by(School.name, AccountRole.id)
    )
    for account_id, role, school_id, name in session.execute(given):
        roles.setdefault(account_id, []).append(RoleRow(role, school_id, name))
    return [
        AccountRow(
            id=account.id or 0,
            email=account.email,
            name=account.name,
            roles=tuple(
                sorted(roles.get(account.id or 0, ()), key=lambda r: CONSOLE_ROLES.index(r.role))
            ),
            created_at=account.created_at,
            locked_until=account.locked_until,
            disabled_at=account.disabled_at,
        )
        for account in session.scalars(select(Account).order_by(col(Account.email_key)))
    ]
