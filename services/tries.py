"""Tries at the door: counted before anything is compared, by origin and by account.

An origin is where somebody knocks from. It is counted first, so that one guesser locks the
own way in and not the account. An account whose password is guessed from many origins waits
too, but never longer than an hour, and its owner gets in meanwhile by a token or a key.
"""

import ipaddress
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

from sqlalchemy import bindparam, delete, func, select, update
from sqlmodel import col

from models.accounts import Account, Origin, SignInEvent
from models.database import ActorSession
from models.errors import TrousseauError
from models.language import N_, say
from models.schools import DEFAULT_TIME_ZONE
from models.scope import not_allowed
from models.text import clean, squeeze
from services.zones import local

#: Where somebody knocks from who sits at the machine itself.
LOCAL = "local"
_LONGEST_ORIGIN = 64

#: What can come of a try, as the helpdesk reads it in `SignInEvent.outcome`.
OUTCOMES = (
    "ok", "wrong", "locked", "unknown", "disabled", "no_password", "no_access",
    "used", "expired", "replaced", "withdrawn", "other_year", "deactivated", "blocked",
    "queued", "never_activated", "limited", "taken", "shared",
    "mistyped", "too_early", "other_address", "ended",
)  # fmt: skip


@dataclass(frozen=True, slots=True)
class Rule:
    """How long somebody waits after wrong tries: not at all, then each time twice as long."""

    free: int
    first: timedelta
    longest: timedelta

    def wait_after(self, tries: int) -> timedelta:
        """Return the wait after that many wrong tries in a row."""
        if tries < self.free:
            return timedelta(0)
        doublings = min(tries - self.free, 20)  # no overflow, whatever the column holds
        return min(self.first * 2**doublings, self.longest)


OF_ACCOUNT = Rule(free=5, first=timedelta(seconds=30), longest=timedelta(hours=1))
#: A whole school comes from one address of the network: it has more, and they are forgotten.
OF_ORIGIN = Rule(free=20, first=timedelta(seconds=30), longest=timedelta(hours=1))
FORGOTTEN_AFTER = timedelta(minutes=5)
#: What happens again within this time is counted up and makes no row of its own.
_COUNTED_UP = timedelta(hours=1)

_origin: Any = Origin.__table__  # type: ignore[attr-defined]
_account: Any = Account.__table__  # type: ignore[attr-defined]
_event: Any = SignInEvent.__table__  # type: ignore[attr-defined]
#: Built once: it is all that a flood of tries costs.
_LOCKED_UNTIL = select(_origin.c.locked_until).where(_origin.c.name == bindparam("origin"))


class TooManyTries(TrousseauError):
    """Too many wrong tries came from here; `until` is when the next one is looked at.

    It says nothing of any account: it is the same whatever was tried.
    """

    heading = N_("Too many wrong tries")

    def __init__(self, until: datetime) -> None:
        at = local(until, DEFAULT_TIME_ZONE)
        super().__init__(
            say(
                "There were too many wrong tries from here. Wait until %(until)s. A sign-in "
                "token from an e-mail is accepted even now.",
                until=at,
            )
        )
        self.until = until


def origin_name(text: str) -> str:
    """Return the name under which tries from somewhere are counted.

    Of an IPv6 address the network of 64 bits counts, for whoever has one has all of it.
    """
    text = squeeze(clean(text, _LONGEST_ORIGIN)) or LOCAL
    try:
        address = ipaddress.ip_address(text.partition("%")[0])
    except ValueError:
        return text
    if isinstance(address, ipaddress.IPv6Address):
        if address.ipv4_mapped is not None:
            return str(address.ipv4_mapped)
        return str(ipaddress.ip_network((address, 64), strict=False))
    return str(address)


def _of_the_door(session: ActorSession) -> None:
    """Refuse everybody else: what follows speaks to the tables below the sessions' limits."""
    if not session.actor.sees_all:
        raise not_allowed()


# --- origins ----------------------------------------------------------------------------


def check_origin(session: ActorSession, origin: str) -> None:
    """Raise `TooManyTries` while an origin waits. It only reads: a flood costs others little."""
    _of_the_door(session)
    until = session.connection().scalar(_LOCKED_UNTIL, {"origin": origin})
    if until is not None and until > session.at:
        raise TooManyTries(until)


def _insert_for(dialect: str) -> Any:
    """Return the INSERT that may find the row there; each dialect is imported only for itself."""
    if dialect == "sqlite":
        from sqlalchemy.dialects import sqlite

        return sqlite.insert
    from sqlalchemy.dialects import postgresql

    return postgresql.insert


def count_origin(session: ActorSession, origin: str) -> None:
    """Count a try from an origin, as if it were wrong; raises `TooManyTries` while it waits."""
    _of_the_door(session)
    connection = session.connection()
    insert = _insert_for(connection.dialect.name)
    new = insert(_origin).values(name=origin, failed_tries=0, last_try_at=session.at)
    connection.execute(new.on_conflict_do_nothing(index_elements=["name"]))
    row = connection.execute(
        select(_origin).where(_origin.c.name == origin).with_for_update()
    ).one()
    if row.locked_until is not None and row.locked_until > session.at:
        raise TooManyTries(row.locked_until)
    forgotten = max(0, int((session.at - row.last_try_at) / FORGOTTEN_AFTER))
    tries = max(0, row.failed_tries - forgotten) + 1
    wait = OF_ORIGIN.wait_after(tries)
    connection.execute(
        update(_origin)
        .where(_origin.c.id == row.id)
        .values(
            failed_tries=tries,
            last_try_at=session.at,
            locked_until=session.at + wait if wait else None,
        )
    )


def take_back(session: ActorSession, origin: str) -> None:
    """Take back the try that `count_origin` counted: it was right.

    Those before it stay, or a guesser with an account of his own could begin anew each time.
    """
    _of_the_door(session)
    session.connection().execute(
        update(_origin)
        .where(_origin.c.name == origin, _origin.c.failed_tries > 0)
        .values(failed_tries=_origin.c.failed_tries - 1, locked_until=None)
    )


# --- accounts ---------------------------------------------------------------------------


def count_account(session: ActorSession, account: Account | None) -> datetime | None:
    """Count a try at an account, as if it were wrong; return until when it then waits.

    With None it does the same work at nobody's account. Not journaled, or guessing would
    fill the journal; `SignInEvent` is the record.
    """
    _of_the_door(session)
    tries = account.failed_tries + 1 if account else 1
    wait = OF_ACCOUNT.wait_after(tries)
    until = session.at + wait if wait else None
    session.connection().execute(
        update(_account)
        .where(_account.c.id == (account.id if account else 0))
        .values(
            failed_tries=tries,
            locked_until=until,
            tries_since=func.coalesce(_account.c.tries_since, session.at),
        )
    )
    return until


def uncount_account(session: ActorSession, account_id: int, before: int) -> None:
    """Take back a try that came after `before` others: it was right. Those stay to be told."""
    _of_the_door(session)
    since = None if before == 0 else _account.c.tries_since
    session.connection().execute(
        update(_account)
        .where(_account.c.id == account_id, _account.c.failed_tries == before + 1)
        .values(failed_tries=before, locked_until=None, tries_since=since)
    )


def forget(session: ActorSession, account_id: int) -> None:
    """Forget the wrong tries at an account and lift its lock: its owner has come."""
    _of_the_door(session)
    session.connection().execute(
        update(_account)
        .where(_account.c.id == account_id)
        .values(failed_tries=0, locked_until=None, tries_since=None)
    )


def wrong_tries(session: ActorSession, account: Account) -> int:
    """Return how many wrong passwords came for an account since `tries_since`."""
    if account.tries_since is None:
        return 0
    counted = select(func.sum(col(SignInEvent.times))).where(
        col(SignInEvent.account_id) == account.id,
        col(SignInEvent.kind) == "password",
        col(SignInEvent.outcome).in_(("wrong", "locked")),
        col(SignInEvent.at) >= account.tries_since,
    )
    return int(session.scalar(counted) or 0)


# --- the record -------------------------------------------------------------------------


def record(
    session: ActorSession,
    kind: str,
    outcome: str,
    origin: str,
    *,
    account_id: int | None = None,
    access_id: int | None = None,
    headship_id: int | None = None,
    address: str = "",
    address_key: str | None = None,
    since: datetime | None = None,
) -> int:
    """Write down what was tried and how it ended, for the helpdesk; return the row's id.

    The same within the hour is counted up in one row, unless that began before `since`.
    """
    _of_the_door(session)
    begin = session.at - _COUNTED_UP
    facts = {
        "kind": kind,
        "outcome": outcome,
        "origin": origin,
        "account_id": account_id,
        "access_id": access_id,
        "headship_id": headship_id,
        "address_key": address_key,
    }
    connection = session.connection()
    same = [_event.c[name] == value for name, value in facts.items()]  # None: IS NULL
    known = connection.scalar(
        select(_event.c.id)
        .where(*same, _event.c.at > begin, _event.c.at >= (since or begin))
        .order_by(_event.c.id.desc())
        .limit(1)
        .with_for_update()
    )
    if known is None:
        values = {**facts, "at": session.at, "last_at": session.at, "times": 1}
        done: Any = connection.execute(_event.insert().values(address=address, **values))
        return int(done.inserted_primary_key[0])
    connection.execute(
        update(_event)
        .where(_event.c.id == known)
        .values(times=_event.c.times + 1, last_at=session.at)
    )
    return int(known)


def strike(session: ActorSession, event_id: int) -> None:
    """Take back one of the tries that an event counts: it turned out right."""
    _of_the_door(session)
    connection = session.connection()
    connection.execute(
        update(_event).where(_event.c.id == event_id).values(times=_event.c.times - 1)
    )
    connection.execute(delete(_event).where(_event.c.id == event_id, _event.c.times <= 0))
