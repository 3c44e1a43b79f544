"""One's own account: the password, the reference address, the keys, the latest sign-ins.

Whoever has signed in changes these by the door's own short sessions, after giving the present
password once more where something could be taken over.
"""

from dataclasses import dataclass
from datetime import datetime, timedelta

from sqlalchemy import func, select
from sqlmodel import col

from models.accounts import Account, AddressChange, SignInEvent
from models.addresses import AddressError, address_key, parse_address
from models.database import Actor, ActorSession, change
from models.errors import TrousseauError
from models.language import N_, say
from models.ssh_keys import parse_public_key
from models.tokens import parse_token
from services import account_mail, address_changes, tries
from services.account_keys import AccountKeyRow, keys_of
from services.account_keys import add_key as give_key
from services.account_tokens import (
    close_address_changes,
    close_resets,
    hold_account,
    next_generation,
)
from services.admission import look_at_token
from services.desk import ChangedMeanwhile
from services.passwords import check_password
from services.profiles import Profile, identity_of
from services.sign_in import Entrance, confirm_password
from services.token_refusals import AddressRefused, TokenInvalid, TokenUsed

__all__ = [
    "ADDRESS_LIFE", "AddressRefused", "NotSignedIn", "OwnAccount", "SignInRow", "add_key",
    "ask_for_address", "change_password", "confirm_address", "page",
]  # fmt: skip

#: For how long the token that confirms a new address is valid.
ADDRESS_LIFE = timedelta(days=3)
#: New addresses that an account may ask for within an hour: each of them is written to.
ADDRESSES_OF_ACCOUNT = 5
#: Sign-ins and tries that the page of an account shows.
_SHOWN = 20


class NotSignedIn(TrousseauError):
    """The actor has no account: the program itself, or the owner of its files."""

    heading = N_("There is no account")


@dataclass(frozen=True, slots=True)
class SignInRow:
    """What came to an account's door; `times` where it came again within the hour."""

    at: datetime
    kind: str
    outcome: str
    origin: str
    times: int


@dataclass(frozen=True, slots=True)
class OwnAccount:
    """What the page of the own account shows. `asked_email` waits for its confirmation."""

    email: str
    name: str
    language: str
    password_set_at: datetime | None
    asked_email: str | None
    asked_until: datetime | None
    profiles: tuple[Profile, ...]
    keys: tuple[AccountKeyRow, ...]
    sign_ins: tuple[SignInRow, ...]


def page(entrance: Entrance, actor: Actor) -> OwnAccount:
    """Return the own account as its page shows it; raises `NotSignedIn`."""
    account_id = _own(actor)
    with entrance.looking() as session:
        account = _account(session, account_id)
        asked = _asked(session, account_id)
        return OwnAccount(
            email=account.email,
            name=account.name,
            language=account.language,
            password_set_at=account.password_set_at,
            asked_email=asked.email if asked else None,
            asked_until=asked.valid_until if asked else None,
            profiles=identity_of(session, account_id).profiles,
            keys=tuple(keys_of(session, account_id)),
            sign_ins=tuple(_sign_ins(session, account_id)),
        )


def _own(actor: Actor) -> int:
    if actor.account_id is None:
        raise NotSignedIn(say("Sign in with an account of your own first."))
    return actor.account_id


def _account(session: ActorSession, account_id: int) -> Account:
    whose = select(Account).where(col(Account.id) == account_id)
    if session.writes:
        whose = whose.with_for_update()
    return session.scalars(whose).one()


def _asked(session: ActorSession, account_id: int) -> AddressChange | None:
    """Return the change of address that its owner has still to confirm."""
    return session.scalars(
        select(AddressChange)
        .where(
            col(AddressChange.account_id) == account_id,
            *_OPEN,
            col(AddressChange.valid_until) > session.at,
        )
        .order_by(col(AddressChange.generation).desc())
        .limit(1)
    ).one_or_none()


_OPEN = (
    col(AddressChange.confirmed_at).is_(None),
    col(AddressChange.applied_at).is_(None),
    col(AddressChange.cancelled_at).is_(None),
)


def _sign_ins(session: ActorSession, account_id: int) -> list[SignInRow]:
    events = session.scalars(
        select(SignInEvent)
        .where(col(SignInEvent.account_id) == account_id)
        .order_by(col(SignInEvent.id).desc())
        .limit(_SHOWN)
    )
    return [SignInRow(e.last_at or e.at, e.kind, _told(e), e.origin, e.times) for e in events]


def _told(event: SignInEvent) -> str:
    """Return how it ended as its owner may know it: not that an address is somebody else's."""
    asked = (event.kind, event.outcome) == ("address", address_changes.TAKEN)
    return "queued" if asked else event.outcome


# --- the password -----------------------------------------------------------------------


def change_password(entrance: Entrance, actor: Actor, old: str, new: str) -> None:
    """Give the own account a new password, and tell its address.

    Raises `WrongPassword` or `AccountLocked` for the old one, `PasswordRefused` for the new.
    """
    account_id = _own(actor)
    check_password(new, actor.name)
    stored = confirm_password(entrance, account_id, old)
    hashed = entrance.hasher.hash(new)
    with entrance.acting() as session:
        account = _account(session, account_id)
        check_password(new, account.email, account.name)
        mine = (col(Account.id) == account_id) & (col(Account.password_hash) == stored)
        if not change(session, Account, mine, password_hash=hashed, password_set_at=session.at):
            raise ChangedMeanwhile(say("Your password has just been changed. Try again."))
        close_resets(session, account_id)
        close_address_changes(session, account_id)
        account_mail.queue(session, account, account_mail.PASSWORD_CHANGED, account.email)


# --- the keys ---------------------------------------------------------------------------


def add_key(
    entrance: Entrance, actor: Actor, password: str, line: str, name: str = ""
) -> AccountKeyRow:
    """Add a public key to the own account; see `account_keys.add_key`.

    It asks for the present password, for a key outlives every change of it: a minute at
    somebody's console would be enough to come back for ever. An account that has no password
    is asked for none. The key signs in once that password was given over a connection made
    with it (`services.account_keys`). Raises `WrongPassword` and `AccountLocked`, too.
    """
    account_id = _own(actor)
    parse_public_key(line)
    with entrance.looking() as session:
        has_password = _account(session, account_id).password_hash is not None
    if has_password:
        confirm_password(entrance, account_id, password)
    with entrance.acting() as session:
        return give_key(session, account_id, line, name, proved=False)


# --- the address ------------------------------------------------------------------------


def ask_for_address(entrance: Entrance, actor: Actor, password: str, new: str) -> None:
    """Mail a token to a new reference address; it counts from when it is confirmed.

    The answer is the same where the address is another account's: that one is not written to,
    and the helpdesk sees why. Raises `AddressRefused`, `WrongPassword`, `AccountLocked`.
    """
    account_id = _own(actor)
    try:
        address = parse_address(new)
    except AddressError as error:
        raise AddressRefused(error.wording) from None
    confirm_password(entrance, account_id, password)
    with entrance.acting() as session:
        account = _account(session, account_id)
        if address_key(address) == account.email_key:
            raise AddressRefused(say("This is your reference address already."))
        _require_few(session, account_id)
        taken = select(Account.id).where(col(Account.email_key) == address_key(address))  # type: ignore[call-overload]
        free = session.scalars(taken).first() is None
        tries.record(
            session,
            "address",
            "queued" if free else "taken",
            entrance.knocker,
            account_id=account_id,
            address=address,
            address_key=address_key(address),
        )
        _ask(session, account, address, free)


def _require_few(session: ActorSession, account_id: int) -> None:
    """Refuse to write to more and more people for one who only claims to be them."""
    asked = select(func.count(col(AddressChange.id))).where(
        col(AddressChange.account_id) == account_id,
        col(AddressChange.asked_at) > session.at - timedelta(hours=1),
    )
    if (session.scalar(asked) or 0) >= ADDRESSES_OF_ACCOUNT:
        raise AddressRefused(
            say(
                "You have asked for %(count)s addresses within the hour. Try again later.",
                count=ADDRESSES_OF_ACCOUNT,
            )
        )


def _ask(session: ActorSession, account: Account, address: str, free: bool) -> None:
    assert account.id is not None
    change(
        session,
        AddressChange,
        (col(AddressChange.account_id) == account.id) & _OPEN[0] & _OPEN[1] & _OPEN[2],
        cancelled_at=session.at,
    )
    generation = next_generation(session, AddressChange, account.id)
    mail = None
    if free:
        mail = account_mail.queue(
            session,
            account,
            account_mail.ADDRESS_CONFIRM,
            address,
            generation=generation,
            life=ADDRESS_LIFE,
        )
    session.add(
        AddressChange(
            account_id=account.id,
            generation=generation,
            email=address,
            email_key=address_key(address),
            mail_id=mail,
            asked_at=session.at,
            valid_until=session.at + ADDRESS_LIFE,
        )
    )


def confirm_address(entrance: Entrance, text: str) -> str:
    """Spend the token that was mailed to a new address, and return that address.

    From now on it is the one to sign in with; the old one is told. Raises what
    `look_at_token` raises, and `AddressRefused` where it has become another account's.
    """
    admission = look_at_token(entrance, text)
    if admission.kind != "address":
        raise TokenInvalid(say("This token sets a password, and confirms no address."))
    parsed = parse_token(text)
    with entrance.acting() as session:
        hold_account(session, parsed.row_id)
        unconfirmed = (
            (col(AddressChange.account_id) == parsed.row_id)
            & (col(AddressChange.email) == admission.email)
            & (col(AddressChange.valid_until) > session.at)
            & _OPEN[0]
            & _OPEN[1]
            & _OPEN[2]
        )
        number = session.scalar(select(col(AddressChange.id)).where(unconfirmed))
        mine = (col(AddressChange.id) == (number or 0)) & unconfirmed
        if number is None or not change(
            session, AddressChange, mine, confirmed_at=session.at, takes_effect_at=session.at
        ):
            raise TokenUsed(say("This token was used at this very moment."))
        applied = address_changes.apply(session, number)
        if applied:
            close_resets(session, parsed.row_id)
            tries.record(session, "address", "ok", entrance.knocker, account_id=parsed.row_id)
    if not applied:
        raise AddressRefused(say("This address cannot be used. Give another one."))
    return admission.email
