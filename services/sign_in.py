"""Signing in with a password, a head's HeadNet password or a key.

The answer to a wrong password, an unknown address, a disabled and a locked account is one and
the same, and costs the same hash. Tries are counted before the password is looked at, so that
guessing in parallel gains nothing (`services.tries`).
"""

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import NoReturn

from sqlalchemy import Engine, select
from sqlmodel import col

from models.access import Access
from models.accounts import Account
from models.addresses import AddressError, address_key, parse_address
from models.database import ActorSession, reading, writing
from models.errors import TrousseauError
from models.keys import Key
from models.language import N_, Wording, say, say_n
from models.schools import DEFAULT_TIME_ZONE, School
from services import account_keys, headnet_sign_in, tries
from services.account_mail import contact_of
from services.accounts import DOOR
from services.desk import told_in_words
from services.passwords import Hasher
from services.profiles import Identity, identity_of, identity_of_head
from services.tries import TooManyTries
from services.zones import local

__all__ = [
    "AccountLocked", "Entrance", "NoAccessNow", "SignInRefused", "SignedIn", "TooManyTries",
    "WrongPassword", "admitted", "confirm_password", "let_in", "sign_in", "sign_in_by_key",
    "wrong_tries_notice", "zone_of",
]  # fmt: skip


def _utc_now() -> datetime:
    return datetime.now(UTC)


@dataclass(frozen=True)
class Entrance:
    """The door of an installation, and where somebody stands before it.

    `clock` gives the present as an aware UTC instant. `origin` is where tries are counted: an
    address of the network, or a user of this machine. `least` is how many seconds asking for
    a forgotten password takes, so that nothing shows in how long it took. `offered` is the
    fingerprint of the key that the connection was made with, "" for none or a shared one.
    """

    engine: Engine = field(repr=False)
    hasher: Hasher = field(repr=False)
    key: Key = field(repr=False)
    clock: Callable[[], datetime] = field(default=_utc_now, repr=False)
    origin: str = tries.LOCAL
    least: float = 0.2
    offered: str = ""

    @property
    def knocker(self) -> str:
        """The name under which tries from here are counted."""
        return tries.origin_name(self.origin)

    @contextmanager
    def looking(self) -> Iterator[ActorSession]:
        """Open a session that reads for the door."""
        with told_in_words(), reading(self.engine, DOOR, self.clock()) as session:
            yield session

    @contextmanager
    def acting(self) -> Iterator[ActorSession]:
        """Open one transaction of the door."""
        with told_in_words(), writing(self.engine, DOOR, self.clock()) as session:
            yield session


@dataclass(frozen=True, slots=True)
class SignedIn:
    """Somebody who has signed in, and what there is to tell them first."""

    identity: Identity
    notices: tuple[Wording, ...] = ()


class SignInRefused(TrousseauError):
    """Address and password were not accepted, for a reason that is not told.

    `told` is for whoever typed what only a head's own e-mail can have shown, and for what can
    be seen of a password alone, whoever typed it.
    """

    heading = N_("You are not signed in")

    def __init__(self, told: Wording | None = None) -> None:
        super().__init__(
            told
            or say(
                "The address or the password is not right. After several wrong tries, "
                "wait a few minutes before the next one."
            )
        )


class WrongPassword(TrousseauError):
    """Somebody who has signed in, or holds a token, gave another than the own password."""

    heading = N_("This is not your password")


class AccountLocked(TrousseauError):
    """The account waits after too many wrong tries; `until` says how long."""

    heading = N_("The account is locked")

    def __init__(self, until: datetime, zone: str = DEFAULT_TIME_ZONE) -> None:
        super().__init__(
            say(
                "There were too many wrong passwords: this account is locked until %(until)s. "
                "With “Forgotten password” you get in at once, by a token.",
                until=local(until, zone),
            )
        )
        self.until = until


class NoAccessNow(TrousseauError):
    """The person is known, and nothing is open to them now."""

    heading = N_("Nothing is open to you now")


# --- by password ------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class _Attempt:
    """A try that has been counted; without an account or a head it can only fail.

    `told` is what may be said of it nevertheless.
    """

    events: tuple[int, ...]
    account_id: int | None = None
    password_hash: str | None = field(default=None, repr=False)
    head: SignedIn | None = None
    told: Wording | None = None


def sign_in(entrance: Entrance, email: str, password: str) -> SignedIn:
    """Return who signs in with this address and password, or a HeadNet password.

    Opens its own short sessions, for the hash between them takes long. Raises
    `SignInRefused`, always in the same words but for what `services.headnet_sign_in` tells;
    `TooManyTries` while the origin waits, which says nothing of the account and costs no
    hash; and where the password was right `NoAccessNow`.
    """
    with entrance.looking() as session:
        tries.check_origin(session, entrance.knocker)
    typed = headnet_sign_in.read(password)
    with entrance.acting() as session:
        attempt = _begin(session, entrance, email, password, typed)
    if attempt.head is not None:
        return attempt.head
    if not entrance.hasher.fits(attempt.password_hash, password) or attempt.account_id is None:
        _refuse(attempt.told)
    with entrance.acting() as session:
        signed_in = _succeed(session, attempt, entrance.knocker)
        signed_in = _with_key(session, signed_in, entrance.offered)
    return admitted(entrance, signed_in)


def _begin(
    session: ActorSession,
    entrance: Entrance,
    email: str,
    password: str,
    typed: headnet_sign_in.Typed,
) -> _Attempt:
    """Count a try, as if it were wrong, and return what to compare; let a head in at once."""
    origin = entrance.knocker
    tries.count_origin(session, origin)
    address, key = _typed(email)
    judged = headnet_sign_in.judge(session, entrance.key, address, password, typed)
    if judged.opens:
        return _Attempt((), head=_let_head_in(session, judged, origin, address))
    account = _find(session, key)
    events = _record_head(session, judged, origin, address, key, account)
    outcome = _outcome(session, account)
    live = account if outcome == "wrong" else None
    # A genuine password of a head is no guess at an account, and locks none.
    tries.count_account(session, None if judged.is_genuine else live)
    if not judged.is_genuine and (account is not None or not events):
        event = tries.record(
            session,
            "password",
            outcome,
            origin,
            account_id=account.id if account else None,
            address=address,
            address_key=key,
            since=account.tries_since or session.at if account else None,
        )
        events = (*events, event)
    if live is None:
        return _Attempt(events, told=judged.told)
    return _Attempt(events, live.id, live.password_hash, told=judged.told)


def _record_head(
    session: ActorSession,
    judged: headnet_sign_in.Judgement,
    origin: str,
    address: str,
    key: str | None,
    account: Account | None,
) -> tuple[int, ...]:
    """Write down a refused try at HeadNet for each head that it is about; return the rows.

    A password without its form, typed with an address that is an account's too, is none.
    """
    if judged.outcome is None or (account is not None and not judged.has_the_form):
        return ()
    about: tuple[int | None, ...] = judged.headships or (None,)
    return tuple(
        tries.record(
            session,
            headnet_sign_in.KIND,
            judged.outcome,
            origin,
            headship_id=headship,
            address=address,
            address_key=key,
            since=headnet_sign_in.last_sign_in(session, headship),
        )
        for headship in about
    )


def _let_head_in(
    session: ActorSession, judged: headnet_sign_in.Judgement, origin: str, email: str
) -> SignedIn:
    """Let a head in, tell of wrong tries before, and write it down.

    An account of the same address stays as it is, a lock and all.
    """
    (headship,), generation = judged.headships, judged.generation
    assert generation is not None
    wrong = headnet_sign_in.wrong_tries(session, headship)
    identity = identity_of_head(session, headship, generation, email)
    tries.take_back(session, origin)
    headnet_sign_in.note_sign_in(session, headship)
    tries.record(session, headnet_sign_in.KIND, "ok", origin, headship_id=headship)
    if wrong is None:
        return SignedIn(identity)
    count, since = wrong
    zone = headnet_sign_in.zone_of(session, headship)
    return SignedIn(identity, (wrong_tries_notice(count, local(since, zone)),))


def _typed(email: str) -> tuple[str, str | None]:
    """Return what was typed and its key, nothing where it is no address: maybe a password."""
    try:
        address = parse_address(email)
    except AddressError:
        return "", None
    return address, address_key(address)


def _find(session: ActorSession, key: str | None) -> Account | None:
    wanted = select(Account).where(col(Account.email_key) == (key or "")).with_for_update()
    return session.scalars(wanted).one_or_none()


def _outcome(session: ActorSession, account: Account | None) -> str:
    """Return what the try comes to unless the password is right."""
    if account is None:
        return "unknown"
    if account.disabled_at is not None:
        return "disabled"
    if account.locked_until is not None and account.locked_until > session.at:
        return "locked"
    return "wrong" if account.password_hash else "no_password"


def _succeed(session: ActorSession, attempt: _Attempt, origin: str) -> SignedIn:
    """Let somebody in, unless password or account have changed since the hash."""
    # Origin, account, event: locked in the order in which `_begin` locks them.
    tries.take_back(session, origin)
    account = _account(session, attempt.account_id)
    if account.disabled_at is not None or account.password_hash != attempt.password_hash:
        _refuse()
    for event in sorted(attempt.events):
        tries.strike(session, event)
    return let_in(session, account, "password", origin)


def _with_key(session: ActorSession, who: SignedIn, fingerprint: str) -> SignedIn:
    """Let the key of this connection sign in from now on, where the account waits for that."""
    if not fingerprint or who.identity.account_id is None:
        return who
    name = account_keys.prove(session, who.identity.account_id, fingerprint)
    if name is None:
        return who
    told = say(
        "From now on the key %(key)s signs you in as %(email)s.",
        key=name,
        email=who.identity.email,
    )
    return SignedIn(who.identity, (*who.notices, told))


def _account(session: ActorSession, account_id: int | None) -> Account:
    whose = select(Account).where(col(Account.id) == account_id).with_for_update()
    return session.scalars(whose).one()


def _refuse(told: Wording | None = None) -> NoReturn:
    raise SignInRefused(told)


def let_in(session: ActorSession, account: Account, kind: str, origin: str) -> SignedIn:
    """Write down that an account's owner has come in, forget wrong tries, and tell of them."""
    assert account.id is not None
    notices = _notices(session, account)
    tries.forget(session, account.id)
    tries.record(session, kind, "ok", origin, account_id=account.id)
    return SignedIn(identity_of(session, account.id), notices)


def admitted(entrance: Entrance, signed_in: SignedIn) -> SignedIn:
    """Return who has signed in, if there is anything to open; raises `NoAccessNow`.

    After the transaction in which they came in: that the password was right stays on record.
    """
    if signed_in.identity.profiles:
        return signed_in
    with entrance.looking() as session:
        raise NoAccessNow(_why_nothing(session, signed_in.identity.person_id))


def _why_nothing(session: ActorSession, person_id: int | None) -> Wording:
    school = session.scalars(
        select(School)
        .join(Access, col(Access.school_id) == col(School.id))
        .where(col(Access.person_id) == (person_id or 0))
        .order_by(col(Access.id).desc())
        .limit(1)
    ).one_or_none()
    if school is None:
        return say("You are known here, but no role or access is open to you. Ask the helpdesk.")
    return say(
        "You are known here, but your accesses have ended or are deactivated. Ask your school: "
        "%(contact)s.",
        contact=contact_of(school),
    )


def _notices(session: ActorSession, account: Account) -> tuple[Wording, ...]:
    count = tries.wrong_tries(session, account)
    if not count or account.tries_since is None:
        return ()
    since = local(account.tries_since, zone_of(session, account.person_id))
    return (wrong_tries_notice(count, since),)


def wrong_tries_notice(count: int, since: datetime) -> Wording:
    """Return what an owner reads of others' tries; `since` in the owner's own time zone."""
    return say_n(
        "%(count)s wrong try to sign in with your address since %(since)s. If it was not "
        "you, tell the helpdesk.",
        "%(count)s wrong tries to sign in with your address since %(since)s. If it was not "
        "you, tell the helpdesk.",
        count,
        since=since,
    )


def zone_of(session: ActorSession, person_id: int | None) -> str:
    """Return the time zone in which a person is told moments: that of their latest school."""
    if person_id is None:
        return DEFAULT_TIME_ZONE
    zone = session.scalar(
        select(col(School.time_zone))
        .join(Access, col(Access.school_id) == col(School.id))
        .where(col(Access.person_id) == person_id)
        .order_by(col(Access.id).desc())
        .limit(1)
    )
    return zone or DEFAULT_TIME_ZONE


# --- the own password, once more ---------------------------------------------------------


def confirm_password(entrance: Entrance, account_id: int, password: str) -> str:
    """Return the stored hash where `password` is an account's own; tries count as at sign-in.

    For somebody who is known already, by a session or a token, and so may be told more:
    raises `AccountLocked` or `WrongPassword`.
    """
    with entrance.acting() as session:
        account = _account(session, account_id)
        if account.disabled_at is not None:
            _refuse()
        if account.locked_until is not None and account.locked_until > session.at:
            raise AccountLocked(account.locked_until, zone_of(session, account.person_id))
        stored, before = account.password_hash, account.failed_tries
        tries.count_account(session, account)
    if not entrance.hasher.fits(stored, password) or stored is None:
        raise WrongPassword(say("The password is not right. Nothing was changed."))
    with entrance.acting() as session:
        tries.uncount_account(session, account_id, before)
    return stored


# --- by key -----------------------------------------------------------------------------


def sign_in_by_key(entrance: Entrance, fingerprint: str) -> SignedIn:
    """Return whose key it is that sshd has just checked; raises `SignInRefused`.

    Wrong passwords of others do not keep the owner of a key out.
    """
    with entrance.acting() as session:
        found = account_keys.find_by_fingerprint(session, fingerprint)
        if found is None or found.id is None:
            signed_in = None
            tries.record(session, "key", "unknown", entrance.knocker)
        else:
            account_keys.note_use(session, found.id)
            account = _account(session, found.account_id)
            signed_in = let_in(session, account, "key", entrance.knocker)
    if signed_in is None:
        _refuse()
    return admitted(entrance, signed_in)
