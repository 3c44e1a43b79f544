"""What needs the helpdesk's attention and is no school's affair: the door, and the nights."""

from collections.abc import Iterator
from datetime import timedelta
from typing import Any

from sqlalchemy import exists, select
from sqlalchemy.orm import aliased
from sqlmodel import col

from models.accounts import Account, SignInEvent
from models.database import ActorSession
from models.language import say, say_n
from models.nightly import NightlyRun
from models.rights import may_see
from models.schools import DEFAULT_TIME_ZONE
from services.address_changes import TAKEN
from services.attention import AttentionLine
from services.zones import local

#: For how long a new address that could not be given is told of.
_TOLD_FOR = timedelta(days=14)
#: After how long without one a night was missed: a day, and an hour for it to be late.
_WITHOUT_A_NIGHT = timedelta(days=1, hours=1)


def house_lines(session: ActorSession) -> list[AttentionLine]:
    """Return what needs attention in the installation, the most pressing first.

    Nothing for whoever sees nothing of the door (`models.rights`).
    """
    if not may_see(session.actor.role, "door"):
        return []
    return [*_missed_night(session), *_failed_addresses(session)]


def _missed_night(session: ActorSession) -> Iterator[AttentionLine]:
    """Tell of a night that nobody has done, by when the last one was done to its end."""
    finished = col(NightlyRun.finished_at)
    last = session.scalar(select(finished).where(finished.is_not(None)).order_by(finished.desc()))
    if last is None or last > session.at - _WITHOUT_A_NIGHT:
        return
    sentence = say(
        "The nightly update was done last on %(when)s: since then no reminder is sent, no returned "
        "mail read. Run: trousseau nightly",
        when=local(last, DEFAULT_TIME_ZONE),
    )
    yield AttentionLine("night_missed", 1, sentence, "")


def _failed_addresses(session: ActorSession) -> Iterator[AttentionLine]:
    """Tell of new addresses that are another account's, until their owners have another one."""
    later: Any = aliased(SignInEvent)
    mended = exists(
        select(later.id).where(
            later.account_id == SignInEvent.account_id,
            later.kind == "address",
            later.outcome == "ok",
            later.id > col(SignInEvent.id),
        )
    )
    failed = (
        select(col(SignInEvent.account_id), col(SignInEvent.address), col(Account.name))
        .join(Account, col(Account.id) == col(SignInEvent.account_id))
        .where(
            col(SignInEvent.kind) == "address",
            col(SignInEvent.outcome) == TAKEN,
            col(SignInEvent.at) > session.at - _TOLD_FOR,
            ~mended,
        )
        .order_by(col(SignInEvent.id).desc())
    )
    found = {account: (address, name) for account, address, name in session.execute(failed)}
    if not found:
        return
    address, name = next(iter(found.values()))
    sentence = say_n(
        "%(count)s new address is another account’s, so that it was not given: %(name)s asked for "
        "%(address)s. Ask for one that nobody else signs in with.",
        "%(count)s new addresses are other accounts’, so that they were not given: %(name)s asked "
        "for %(address)s, for instance. Ask for ones that nobody else signs in with.",
        len(found),
        name=name or address,
        address=address,
    )
    yield AttentionLine("address_taken", len(found), sentence, "")
