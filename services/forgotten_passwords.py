"""A token by mail for whoever has forgotten the password.

Nobody learns whether there is an account of an address.
"""

import time
from datetime import timedelta
from typing import Any

from sqlalchemy import func, select
from sqlmodel import col

from models.accounts import Account, PasswordReset, SignInEvent
from models.addresses import AddressError, address_key, parse_address
from models.database import ActorSession
from models.people import Person, Post
from services import account_mail, tries
from services.account_tokens import close_resets, next_generation
from services.admission import account_at
from services.sign_in import Entrance

#: For how long the token of a forgotten password is valid.
RESET_LIFE = timedelta(hours=24)
#: Mails for a forgotten password within an hour, at most.
RESETS_OF_ACCOUNT, RESETS_OF_ORIGIN = 3, 20


def forgot_password(entrance: Entrance, address: str) -> None:
    """Mail a token to an address that an account has; the answer is always none at all.

    It takes `entrance.least` seconds whatever is found. Raises `TooManyTries` for an origin
    that asks for too many, whatever it asks for.
    """
    begin = time.monotonic()
    with entrance.looking() as session:
        tries.check_origin(session, entrance.knocker)
    with entrance.acting() as session:
        _answer(session, entrance.knocker, address)
    time.sleep(max(0.0, entrance.least - (time.monotonic() - begin)))


def _answer(session: ActorSession, origin: str, typed: str) -> None:
    try:
        address = parse_address(typed)
    except AddressError:
        tries.record(session, "reset", "unknown", origin)
        return
    # Held: of two who ask at once, the second would fail, and only where there is an account.
    account = account_at(session, address, hold=True)
    outcome = _reset_outcome(session, account, address, origin)
    told = account is not None or outcome != "limited"  # or made-up ones would fill the record
    tries.record(
        session,
        "reset",
        outcome,
        origin,
        account_id=account.id if account else None,
        address=address if told else "",
        address_key=address_key(address) if told else None,
    )
    if account is not None and outcome == "queued":
        _queue_reset(session, account)


def _reset_outcome(
    session: ActorSession, account: Account | None, address: str, origin: str
) -> str:
    if _asked(session, col(SignInEvent.origin) == origin) >= RESETS_OF_ORIGIN:
        return "limited"
    if account is None:
        return "never_activated" if _is_person(session, address) else "unknown"
    if account.disabled_at is not None:
        return "disabled"
    of_account = (col(SignInEvent.account_id) == account.id) & (
        col(SignInEvent.outcome) == "queued"
    )
    return "limited" if _asked(session, of_account) >= RESETS_OF_ACCOUNT else "queued"


def _asked(session: ActorSession, which: Any) -> int:
    """Return how often that was asked for within the last hour."""
    times = select(func.sum(col(SignInEvent.times))).where(
        which,
        col(SignInEvent.kind) == "reset",
        col(SignInEvent.last_at) > session.at - timedelta(hours=1),
    )
    return int(session.scalar(times) or 0)


def _is_person(session: ActorSession, address: str) -> bool:
    """Tell whether an address is on record for somebody who has not activated yet."""
    key = address_key(address)
    columns: tuple[Any, ...] = (col(Person.personal_email_key), col(Post.school_email_key))
    return any(
        session.scalar(select(column).where(column == key).limit(1)) is not None
        for column in columns
    )


def _queue_reset(session: ActorSession, account: Account) -> None:
    assert account.id is not None
    close_resets(session, account.id)
    generation = next_generation(session, PasswordReset, account.id)
    mail = account_mail.queue(
        session,
        account,
        account_mail.PASSWORD_RESET,
        account.email,
        generation=generation,
        life=RESET_LIFE,
    )
    session.add(
        PasswordReset(
            account_id=account.id,
            generation=generation,
            mail_id=mail,
            asked_at=session.at,
            valid_until=session.at + RESET_LIFE,
        )
    )
