"""The outbox: mails are claimed with a lease, sent by somebody, and settled.

Any number of senders may work at once. A claim lasts for its lease or as long as its
process lives, whichever ends first, so that a killed sender loses nothing and delays
little. What must no longer be sent (a newer mail exists, consent was withdrawn, the token
has expired) is closed when it is claimed, and never sent.
"""

import os
import secrets
import socket
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from pathlib import Path
from random import Random
from typing import Any

from sqlalchemy import and_, func, or_, select, update
from sqlmodel import col

from models.access import INVITED, Access, FactColumns, joined
from models.database import ActorSession, change
from models.invitations import Invitation
from models.mail import Mail
from services.mail.replies import Outcome, Result, next_try

#: Statuses of an access whose open mail may leave the house.
_SENDABLE = INVITED


@dataclass(frozen=True, slots=True)
class Claim:
    """A mail that this worker alone may send until its lease ends."""

    mail_id: int
    template: str
    language: str
    generation: int
    recipient: str
    person_id: int | None
    school_id: int | None
    access_id: int | None
    queued_at: datetime
    expires_at: datetime
    attempts: int


@dataclass(frozen=True, slots=True)
class Settled:
    """What came of one attempt, with the moment it ended."""

    mail_id: int
    outcome: Outcome
    at: datetime


def worker_name() -> str:
    """Return a name by which others on this machine can tell whether this process lives."""
    return "|".join((_machine(), str(os.getpid()), _started(os.getpid()), secrets.token_hex(4)))


def is_gone(worker: str) -> bool:
    """Tell for certain that a worker's process has ended; False where it can't be known."""
    machine, _, rest = worker.partition("|")
    pid, started, *_nonce = [*rest.split("|"), "", ""]
    if machine != _machine() or not pid.isdigit() or not started:
        return False
    return _started(int(pid)) != started


def _machine() -> str:
    try:
        boot = Path("/proc/sys/kernel/random/boot_id").read_text().strip()[:8]
    except OSError:
        boot = ""
    return f"{socket.gethostname()}:{boot}"


def _started(pid: int) -> str:
    """Return when a process started, in ticks since boot; "" when there is none."""
    try:
        # The command's name, in parentheses, may itself hold spaces and parentheses.
        fields = Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()
    except OSError:
        return ""
    return "" if fields[0] in "ZX" else fields[19]


# --- claiming ---------------------------------------------------------------------------


def claim(session: ActorSession, worker: str, limit: int, lease: timedelta) -> list[Claim]:
    """Claim up to `limit` mails that are due, the oldest first, for `worker`.

    Mails that must not be sent any more are closed on the way and not returned.
    """
    claimed: list[Claim] = []
    while len(claimed) < limit:
        due = _due(session, limit - len(claimed))
        if not due:
            break
        forbidden = _close_forbidden(session, due)
        kept = [mail for mail in due if mail.mail_id not in forbidden]
        _take(session, worker, [mail.mail_id for mail in kept], lease)
        claimed += kept
    return claimed


def _free(session: ActorSession) -> Any:
    """SQL: no living worker holds the mail."""
    gone = [worker for worker in _workers(session) if is_gone(worker)]
    conditions = [col(Mail.lease_until).is_(None), col(Mail.lease_until) <= session.at]
    if gone:
        conditions.append(col(Mail.claimed_by).in_(gone))
    return or_(*conditions)


def _workers(session: ActorSession) -> list[str]:
    names = (
        select(Mail.claimed_by)
        .where(col(Mail.closed_at).is_(None), col(Mail.lease_until) > session.at)
        .distinct()
    )
    return [name for name in session.scalars(names) if name]


def _is_due(session: ActorSession) -> Any:
    return and_(
        col(Mail.closed_at).is_(None),
        col(Mail.held_at).is_(None),
        col(Mail.next_attempt_at) <= session.at,
        _free(session),
    )


def _due(session: ActorSession, limit: int) -> list[Claim]:
    statement = (
        select(  # type: ignore[call-overload]
            Mail.id,
            Mail.template,
            Mail.language,
            Mail.generation,
            Mail.recipient,
            Mail.person_id,
            Mail.school_id,
            Mail.access_id,
            Mail.queued_at,
            Mail.expires_at,
            Mail.attempts,
        )  # fmt: skip
        .where(_is_due(session))
        .order_by(col(Mail.next_attempt_at), col(Mail.id))
        .limit(limit)
        .with_for_update(skip_locked=True)
    )
    return [Claim(*row) for row in session.execute(statement)]


def _take(session: ActorSession, worker: str, ids: Sequence[int], lease: timedelta) -> None:
    session.execute(
        update(Mail)
        .where(col(Mail.id).in_(ids))
        .values(claimed_by=worker, lease_until=session.at + lease, attempts=col(Mail.attempts) + 1),
        execution_options={"synchronize_session": False},
    )


def _close_forbidden(session: ActorSession, due: Sequence[Claim]) -> set[int]:
    """Close the mails among `due` that may no longer be sent, and return their ids."""
    expired = {mail.mail_id for mail in due if mail.expires_at <= session.at}
    bound = {mail.mail_id for mail in due if mail.access_id is not None} - expired
    withdrawn = bound - _allowed(session, bound)
    _close(session, expired)
    _close(session, withdrawn, cancelled_at=session.at)
    if withdrawn:
        latest = and_(
            col(Invitation.mail_id).in_(sorted(withdrawn)),
            col(Invitation.replaced_at).is_(None),
            col(Invitation.cancelled_at).is_(None),
        )
        change(session, Invitation, latest, cancelled_at=session.at)
    return expired | withdrawn


def _allowed(session: ActorSession, mail_ids: set[int]) -> set[int]:
    """Return those mails whose person may still receive them at that very address.

    The latest invitation is joined, so a mail of an earlier generation is not among them.
    """
    facts = FactColumns(session.at, session.at.date())
    statement = joined(select(Mail.id).select_from(Access), session.at).where(  # type: ignore[call-overload]
        col(Mail.id).in_(sorted(mail_ids)),
        facts.status.in_(_SENDABLE),
        facts.address == Mail.recipient,
    )
    return set(session.scalars(statement))


def _close(session: ActorSession, ids: set[int], **facts: Any) -> None:
    if ids:
        session.execute(
            update(Mail).where(col(Mail.id).in_(sorted(ids))).values(closed_at=session.at, **facts),
            execution_options={"synchronize_session": False},
        )


def extend(session: ActorSession, worker: str, lease: timedelta) -> int:
    """Prolong all leases of a worker (its heartbeat); return how many it holds."""
    done: Any = session.execute(
        update(Mail)
        .where(col(Mail.claimed_by) == worker, col(Mail.closed_at).is_(None))
        .values(lease_until=session.at + lease),
        execution_options={"synchronize_session": False},
    )
    return int(done.rowcount)


def release(session: ActorSession, worker: str) -> None:
    """Give back what a worker claimed and did not send; the tries do not count."""
    session.execute(
        update(Mail)
        .where(col(Mail.claimed_by) == worker, col(Mail.closed_at).is_(None))
        .values(claimed_by=None, lease_until=None, attempts=col(Mail.attempts) - 1),
        execution_options={"synchronize_session": False},
    )


# --- settling ---------------------------------------------------------------------------


def settle(
    session: ActorSession, worker: str, results: Sequence[Settled], randomness: Random
) -> None:
    """Write down what came of attempts, many in one commit.

    That a mail was sent is written whoever holds it now; anything else only by the worker
    that still holds it.
    """
    ids = [result.mail_id for result in results]
    rows = session.execute(
        select(Mail.id, Mail.attempts, Mail.expires_at)  # type: ignore[call-overload]
        .where(col(Mail.id).in_(ids))
        .with_for_update()
    )
    known = {row[0]: (row[1], row[2]) for row in rows}
    for result in results:
        if result.mail_id not in known:
            continue
        attempts, expires_at = known[result.mail_id]
        values = _facts(result, attempts, expires_at, randomness)
        theirs = col(Mail.id) == result.mail_id
        if result.outcome.result is not Result.SENT:
            theirs = and_(theirs, col(Mail.claimed_by) == worker, col(Mail.closed_at).is_(None))
        session.execute(
            update(Mail).where(theirs).values(claimed_by=None, lease_until=None, **values),
            execution_options={"synchronize_session": False},
        )


def _facts(
    result: Settled, attempts: int, expires_at: datetime, randomness: Random
) -> dict[str, Any]:
    outcome, at = result.outcome, result.at
    reply = {"reply": _reply(outcome)}
    match outcome.result:
        case Result.SENT:
            return {**reply, "sent_at": at, "closed_at": at}
        case Result.REFUSED:
            return {**reply, "refused_at": at, "closed_at": at}
        case Result.HELD:
            return {**reply, "held_at": at}
        case Result.STOP:
            return {**reply, "attempts": attempts - 1}
    uncertain = {"uncertain_at": at} if outcome.result is Result.UNCERTAIN else {}
    if outcome.about_server:
        attempts -= 1
    when = next_try(outcome.result, max(attempts, 1), at, expires_at, randomness)
    if when is None:
        return {**reply, **uncertain, "closed_at": at}
    return {**reply, **uncertain, "next_attempt_at": when, "attempts": attempts}


def _reply(outcome: Outcome) -> str:
    """Return the server's own words, with its code, as they are shown."""
    code = str(outcome.code) if outcome.code else ""
    words = outcome.words or (outcome.reason.message if outcome.reason else "")
    return " ".join(part for part in (code, words) if part)


def record_bounce(session: ActorSession, mail_id: int, generation: int, words: str) -> bool:
    """Write down that a mail came back; False where no such mail was sent, or it is known."""
    done: Any = session.execute(
        update(Mail)
        .where(
            col(Mail.id) == mail_id,
            col(Mail.generation) == generation,
            col(Mail.bounced_at).is_(None),
            or_(col(Mail.sent_at).is_not(None), col(Mail.uncertain_at).is_not(None)),
        )
        .values(bounced_at=session.at, closed_at=session.at, reply=words),
        execution_options={"synchronize_session": False},
    )
    return bool(done.rowcount)


def try_now(session: ActorSession, mail_ids: Sequence[int]) -> int:
    """Let open mails be tried at once, also those held for a fault of ours; return how many."""
    done: Any = session.execute(
        update(Mail)
        .where(col(Mail.id).in_(list(mail_ids)), col(Mail.closed_at).is_(None))
        .values(next_attempt_at=session.at, held_at=None),
        execution_options={"synchronize_session": False},
    )
    return int(done.rowcount)


# --- looking ----------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class OutboxCounts:
    """How many mails are open: due now, due later, held."""

    due: int
    later: int
    held: int

    @property
    def remaining(self) -> int:
        return self.due + self.later + self.held


def counts(session: ActorSession) -> OutboxCounts:
    open_mails = col(Mail.closed_at).is_(None)
    held = col(Mail.held_at).is_not(None)
    due = col(Mail.next_attempt_at) <= session.at

    def number(*conditions: Any) -> int:
        statement = select(func.count()).select_from(Mail).where(open_mails, *conditions)
        return session.scalar(statement) or 0

    return OutboxCounts(number(~held, due), number(~held, ~due), number(held))
