"""Public SSH keys of accounts: added, listed, removed; and whose a key is.

A key signs its account in without a password. It belongs to one account at a time; what was
removed stays in the table with its time, and can be added again, to this account or another.

A public key is no secret: who pastes one has not shown that it is theirs, and would sign its
true owner in to an account not their own. So a key that somebody adds to the own account signs
nobody in before the password of that account was given once over a connection that was made
with that key; until then it keeps nobody else from adding it.
"""

from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime
from typing import TYPE_CHECKING

from sqlalchemy import select
from sqlmodel import col

from models.accounts import Account, AccountKey
from models.addresses import AddressError, address_key, parse_address
from models.database import Actor, ActorSession, change, reading, writing
from models.errors import TrousseauError
from models.language import N_, say
from models.ssh_keys import KeyRefused, PublicKey, is_fingerprint, parse_public_key
from models.text import clean, squeeze
from services import account_mail
from services.accounts import DOOR
from services.desk import told_in_words

if TYPE_CHECKING:
    from sqlalchemy import Engine

__all__ = [
    "AccountKeyRow",
    "KeyRefused",
    "NoSuchKey",
    "PublicKey",
    "account_named",
    "add_key",
    "find_by_fingerprint",
    "keys_of",
    "note_use",
    "own_keys",
    "parse_public_key",
    "prove",
    "remove_all_keys",
    "remove_key",
    "remove_own_key",
]  # fmt: skip

#: Nobody has more computers than that; what is more was added by a script.
MOST_KEYS = 20
LONGEST_NAME = 100

_LIVE = col(AccountKey.removed_at).is_(None)


class NoSuchKey(TrousseauError):
    """There is no such key, or no such account, among those that the actor sees."""

    heading = N_("Not found")


@dataclass(frozen=True, slots=True)
class AccountKeyRow:
    """A key as lists show it."""

    id: int
    kind: str
    fingerprint: str
    name: str
    added_at: datetime
    last_used_at: datetime | None


# --- in a session -----------------------------------------------------------------------


def add_key(
    session: ActorSession, account_id: int, line: str, name: str = "", *, proved: bool = True
) -> AccountKeyRow:
    """Add the public key of `line` to an account, tell its address, and return it.

    `name` is what lists call it, by default the key's own comment. With `proved` it signs in
    at once: whoever keeps the installation knows whose it is. Raises `KeyRefused` for
    what is no acceptable key, for one that belongs to an account already, and for one too
    many; `NoSuchKey` where there is no such account.
    """
    found = parse_public_key(line)
    account = _require_account(session, account_id)
    if len(keys_of(session, account_id)) >= MOST_KEYS:
        raise KeyRefused(
            say("An account has at most %(count)s keys. Remove one first.", count=MOST_KEYS)
        )
    _require_free(session, found, account_id)
    row = AccountKey(
        account_id=account_id,
        kind=found.kind,
        key=found.key,
        fingerprint=found.fingerprint,
        name=squeeze(clean(name or found.comment, LONGEST_NAME)),
        added_at=session.at,
        proved_at=session.at if proved else None,
    )
    session.add(row)
    session.flush()
    account_mail.queue(session, account, account_mail.KEY_ADDED, account.email)
    return _row(row)


def _require_account(session: ActorSession, account_id: int) -> Account:
    known = select(Account).where(col(Account.id) == account_id)
    account = session.scalars(known).first()
    if account is None:
        raise NoSuchKey(say("There is no such account."))
    return account


def _require_free(session: ActorSession, key: PublicKey, account_id: int) -> None:
    owned = select(AccountKey).where(col(AccountKey.fingerprint) == key.fingerprint, _LIVE)
    owner = session.scalars(owned).first()
    if owner is None:
        return
    if owner.account_id == account_id:
        raise KeyRefused(say("This key belongs to this account already."))
    if owner.proved_at is None:
        # Whoever added it has not shown to have it, and keeps nobody from it.
        change(session, AccountKey, (col(AccountKey.id) == owner.id) & _LIVE, removed_at=session.at)
        return
    # Whose it is concerns nobody else.
    raise KeyRefused(say("This key is in use already. Make one of your own: ssh-keygen -t ed25519"))


def remove_key(session: ActorSession, account_id: int, which: int | str) -> AccountKeyRow:
    """Take a key, named by its number or its fingerprint, from an account and return it.

    It signs nobody in from now on. Raises `NoSuchKey`.
    """
    text = str(which).strip()
    named = (
        col(AccountKey.fingerprint) == text
        if is_fingerprint(text)
        else col(AccountKey.id) == (int(text) if text.isascii() and text.isdigit() else 0)
    )
    mine = (col(AccountKey.account_id) == account_id) & _LIVE & named
    row = session.scalars(select(AccountKey).where(mine)).one_or_none()
    if row is None or not change(session, AccountKey, mine, removed_at=session.at):
        raise NoSuchKey(say("There is no key %(which)s here.", which=clean(text, 60)))
    return _row(row)


def remove_all_keys(session: ActorSession, account_id: int) -> int:
    """Take every key from an account, and return how many there were."""
    mine = (col(AccountKey.account_id) == account_id) & _LIVE
    return change(session, AccountKey, mine, removed_at=session.at)


def keys_of(session: ActorSession, account_id: int) -> list[AccountKeyRow]:
    """Return the keys that sign an account in, the latest first."""
    rows = session.scalars(
        select(AccountKey)
        .where(col(AccountKey.account_id) == account_id, _LIVE)
        .order_by(col(AccountKey.id).desc())
    )
    return [_row(row) for row in rows]


def prove(session: ActorSession, account_id: int, fingerprint: str) -> str | None:
    """Let a key sign in whose owner has just given the password over a connection made with it.

    Returns what lists call it; None where the account has no such key that waited for this.
    """
    waiting = (
        (col(AccountKey.account_id) == account_id)
        & (col(AccountKey.fingerprint) == fingerprint)
        & _LIVE
        & col(AccountKey.proved_at).is_(None)
    )
    row = session.scalars(select(AccountKey).where(waiting)).one_or_none()
    if row is None or not change(
        session, AccountKey, waiting, proved_at=session.at, last_used_at=session.at
    ):
        return None
    return row.name or row.fingerprint


def find_by_fingerprint(session: ActorSession, fingerprint: str) -> AccountKey | None:
    """Return the live, proved key of a live account with this fingerprint, None for others."""
    if not is_fingerprint(fingerprint):
        return None
    return session.scalars(
        select(AccountKey)
        .join(Account, col(Account.id) == col(AccountKey.account_id))
        .where(
            col(AccountKey.fingerprint) == fingerprint,
            _LIVE,
            col(AccountKey.proved_at).is_not(None),
            col(Account.disabled_at).is_(None),
        )
    ).one_or_none()


def note_use(session: ActorSession, key_id: int) -> None:
    """Remember that a key has just signed its account in."""
    change(session, AccountKey, (col(AccountKey.id) == key_id) & _LIVE, last_used_at=session.at)


def account_named(session: ActorSession, email: str) -> int:
    """Return the id of the account with this address; raises `NoSuchKey`."""
    try:
        key = address_key(parse_address(email))
    except AddressError:
        key = ""
    account = session.scalars(select(Account).where(col(Account.email_key) == key)).one_or_none()
    if account is None or account.id is None:
        raise NoSuchKey(say("There is no account for %(email)s.", email=clean(email, 254)))
    return account.id


def _row(row: AccountKey) -> AccountKeyRow:
    assert row.id is not None
    return AccountKeyRow(
        row.id, row.kind, row.fingerprint, row.name, row.added_at, row.last_used_at
    )


# --- one's own --------------------------------------------------------------------------

Clock = Callable[[], datetime]


def remove_own_key(engine: "Engine", clock: Clock, actor: Actor, which: int | str) -> AccountKeyRow:
    """Take a key from the actor's own account; see `remove_key`. Opens its own short session."""
    with told_in_words(), writing(engine, DOOR, clock()) as session:
        return remove_key(session, _own(actor), which)


def own_keys(engine: "Engine", clock: Clock, actor: Actor) -> list[AccountKeyRow]:
    """Return the keys of the actor's own account. Opens its own short session."""
    with told_in_words(), reading(engine, DOOR, clock()) as session:
        return keys_of(session, _own(actor))


def _own(actor: Actor) -> int:
    if actor.account_id is None:
        raise NoSuchKey(say("There is no such account."))
    return actor.account_id
