"""Accounts of the console: who may sign in, as what, for which schools; and signing in.

The answer to a wrong password, an unknown address, a closed and a locked account is one and
the same, and costs the same hash. Tries are counted before the password is looked at, so
that guessing in parallel gains nothing.
"""

from collections.abc import Callable, Collection
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

from sqlalchemy import Engine, or_, select
from sqlmodel import col

from models.accounts import CONSOLE_ROLES, Account, AccountRole
from models.addresses import AddressError, address_key, parse_address
from models.database import Actor, ActorSession, change, reading, writing
from models.errors import TrousseauError
from models.language import DEFAULT_LANGUAGE, N_, Wording, say
from models.schools import School
from models.text import clean, squeeze
from services.desk import told_in_words
from services.passwords import Hasher

#: Who changes an account while nobody is signed in yet.
DOOR = Actor("sign-in", "system", None)

#: Wrong tries that cost nothing but the hash; then the account waits, each time twice as long.
FREE_TRIES = 5
FIRST_WAIT = timedelta(seconds=30)
LONGEST_WAIT = timedelta(hours=1)

#: Roles that see every school, and so belong to none.
_EVERYWHERE = ("helpdesk",)
_LONGEST_NAME = 200


class AccountRefused(TrousseauError):
    """The account cannot be made as asked."""

    heading = N_("This account cannot be made")


class SignInRefused(TrousseauError):
    """Address and password were not accepted, for a reason that is not told."""

    heading = N_("You are not signed in")


@dataclass(frozen=True, slots=True)
class SignedIn:
    """Somebody who has signed in: the actor, and how to speak to the person."""

    actor: Actor
    name: str
    language: str


@dataclass(frozen=True, slots=True)
class AccountRow:
    """An account as lists show it; `schools` are names."""

    id: int
    email: str
    role: str
    name: str
    schools: tuple[str, ...]
    created_at: datetime
    locked_until: datetime | None
    disabled_at: datetime | None


def role_label(role: str) -> Wording:
    """Return the name of a role of the console. An unknown code raises `KeyError`."""
    return _ROLE_LABELS[role]


_ROLE_LABELS = {
    "helpdesk": say("Helpdesk agent"),
    "director": say("Director"),
    "coordinator": say("Coordinator"),
    "head": say("Head of school"),
    "staff": say("Staff member"),
    "parent": say("Parent"),
}


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
    """Make an account and return its id.

    `password_hash` comes from `Hasher.hash`, of a password that `check_password` let pass:
    hashing takes too long for a transaction; with None nobody can sign in yet. Raises
    `AccountRefused` for an address that is none or has an account already, for an unknown
    role, and where the schools do not go with the role.
    """
    address = check_account(email, role, school_ids)
    taken = select(Account).where(col(Account.email_key) == address_key(address))
    if session.scalars(taken).first() is not None:
        raise AccountRefused(say("There is an account for %(email)s already.", email=address))
    account = Account(
        email=address,
        email_key=address_key(address),
        name=squeeze(clean(name, _LONGEST_NAME)),
        language=language,
        password_hash=password_hash,
        created_at=session.at,
    )
    session.add(account)
    session.flush()
    assert account.id is not None
    _give(session, account.id, role, school_ids)
    return account.id


def _give(session: ActorSession, account_id: int, role: str, school_ids: Collection[int]) -> None:
    """Give an account a role, in some schools or, where there are none, everywhere."""
    schools: list[int | None] = [*sorted(set(school_ids))] or [None]
    for school_id in schools:
        row = AccountRole(
            account_id=account_id, role=role, school_id=school_id, given_at=session.at
        )
        session.add(row)


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
    if role in _EVERYWHERE and school_ids:
        raise AccountRefused(say("The helpdesk sees every school: give it none."))
    if role not in _EVERYWHERE and not school_ids:
        raise AccountRefused(say("Say for which school this account is."))


def are_there_any(session: ActorSession) -> bool:
    """Tell whether anybody can sign in at all."""
    return session.scalars(select(Account).limit(1)).first() is not None


def list_accounts(session: ActorSession) -> list[AccountRow]:
    """Return the accounts that the actor may see, by address."""
    schools: dict[int, list[str]] = {}
    roles: dict[int, str] = {}
    given = (
        select(AccountRole.account_id, AccountRole.role, School.name)  # type: ignore[call-overload]
        .outerjoin(School, col(School.id) == AccountRole.school_id)
        .where(col(AccountRole.ended_at).is_(None))
        .order_by(School.name)
    )
    for account_id, role, name in session.execute(given):
        roles[account_id] = role
        if name is not None:
            schools.setdefault(account_id, []).append(name)
    return [
        AccountRow(
            id=account.id or 0,
            email=account.email,
            role=roles.get(account.id or 0, ""),
            name=account.name,
            schools=tuple(schools.get(account.id or 0, ())),
            created_at=account.created_at,
            locked_until=account.locked_until,
            disabled_at=account.disabled_at,
        )
        for account in session.scalars(select(Account).order_by(col(Account.email_key)))
    ]


# --- signing in -------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class _Attempt:
    account_id: int
    password_hash: str | None


def sign_in(
    engine: Engine,
    hasher: Hasher,
    email: str,
    password: str,
    clock: Callable[[], datetime],
) -> SignedIn:
    """Return who signs in with this address and password; raises `SignInRefused`.

    Opens its own short sessions, for the hash between them takes long. `clock` gives the
    present as an aware UTC instant.
    """
    with told_in_words():
        with writing(engine, DOOR, clock()) as session:
            attempt = _begin(session, email)
        if not hasher.fits(attempt.password_hash if attempt else None, password):
            raise _refused()
        assert attempt is not None
        with writing(engine, DOOR, clock()) as session:
            _succeed(session, attempt)
        with reading(engine, DOOR, clock()) as session:
            return _signed_in(session, attempt.account_id)


def wait_after(failed_tries: int) -> timedelta:
    """Return how long an account waits after that many wrong tries in a row."""
    if failed_tries < FREE_TRIES:
        return timedelta(0)
    doublings = min(failed_tries - FREE_TRIES, 20)  # no overflow, whatever the column holds
    return min(FIRST_WAIT * 2**doublings, LONGEST_WAIT)


def _begin(session: ActorSession, email: str) -> _Attempt | None:
    """Count a try, as if it were wrong, and return what to compare; None refuses it."""
    account = _find(session, email)
    if account is None:
        return None
    assert account.id is not None
    open_now = (
        (col(Account.id) == account.id)
        & (col(Account.failed_tries) == account.failed_tries)
        & col(Account.disabled_at).is_(None)
        & or_(col(Account.locked_until).is_(None), col(Account.locked_until) <= session.at)
    )
    tries = account.failed_tries + 1
    wait = wait_after(tries)
    until = session.at + wait if wait else None
    if not change(session, Account, open_now, failed_tries=tries, locked_until=until):
        return None
    return _Attempt(account.id, account.password_hash)


def _find(session: ActorSession, email: str) -> Account | None:
    try:
        key = address_key(parse_address(email))
    except AddressError:
        return None
    return session.scalars(select(Account).where(col(Account.email_key) == key)).one_or_none()


def _succeed(session: ActorSession, attempt: _Attempt) -> None:
    """Forget the wrong tries, unless password or account have changed since the hash."""
    unchanged = (
        (col(Account.id) == attempt.account_id)
        & (col(Account.password_hash) == attempt.password_hash)
        & col(Account.disabled_at).is_(None)
    )
    if not change(session, Account, unchanged, failed_tries=0, locked_until=None):
        raise _refused()


def _signed_in(session: ActorSession, account_id: int) -> SignedIn:
    account = session.scalars(select(Account).where(col(Account.id) == account_id)).one()
    return SignedIn(actor_of(session, account), account.name or account.email, account.language)


def actor_of(session: ActorSession, account: Account) -> Actor:
    """Return the actor that an account works as: the helpdesk sees every school."""
    given = select(AccountRole.role, AccountRole.school_id).where(  # type: ignore[call-overload]
        col(AccountRole.account_id) == account.id, col(AccountRole.ended_at).is_(None)
    )
    rows = session.execute(given.order_by(AccountRole.id)).all()
    role = rows[0].role if rows else ""
    schools = (
        None if role in _EVERYWHERE else frozenset(r.school_id for r in rows if r.role == role)
    )
    return Actor(account.email, role, schools, account.id, account.person_id)


def _refused() -> SignInRefused:
    return SignInRefused(
        say(
            "The address or the password is not right. After several wrong tries, "
            "wait a few minutes before the next one."
        )
    )
