"""The outbox: mails are claimed with a lease, sent by somebody, and settled.

Any number of senders may work at once. A claim lasts for its lease or as long as its
process lives, whichever ends first, so that a killed sender loses nothing and delays
little. What must no longer be sent (a newer mail exists, consent was withdrawn, the token
has expired, a participant was withdrawn, a head has another address) is closed when it is
claimed, and never sent.

Claiming, settling and bounces are the program's own affair and run for `SYSTEM`; looking
and `try_now` are open to everybody within their schools.
"""

import os
import secrets
import socket
from collections import defaultdict
from collections.abc import Collection, Iterable, Sequence
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from functools import cache
from pathlib import Path
from random import Random
from typing import Any
from zoneinfo import ZoneInfo

from sqlalchemy import (
    ARRAY,
    Integer,
    Text,
    and_,
    bindparam,
    case,
    column,
    exists,
    func,
    not_,
    null,
    or_,
    select,
    update,
)
from sqlalchemy.orm import aliased
from sqlmodel import col

from models.access import (
    INVITED,
    Access,
    FactColumns,
    Service,
    ServiceRole,
    happened,
    holds,
)
from models.accounts import Account, AddressChange, PasswordReset
from models.addresses import address_key
from models.among import among
from models.database import ActorSession, change
from models.headnet import HeadAddress, HeadnetPassword, Headship, in_force
from models.invitations import REMINDER, Invitation
from models.mail import HEADNET_PASSWORD, INVITES, LETTER_KIND, Mail
from models.people import Person, Post
from models.rights import may_change
from models.schools import School, SchoolYear, Source
from models.workshops import Workshop, WorkshopParticipant
from services.access_rows import AT, DAY
from services.mail.replies import Outcome, Result, next_try

#: Statuses of an access whose open mail may leave the house.
_SENDABLE = INVITED
#: And those in which a reminder may: an invitation has left, and has not come back.
REMINDABLE = ("sent", "uncertain")


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
    account_id: int | None = None
    workshop_id: int | None = None
    headship_id: int | None = None


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
    machine, pid, started, *_nonce = [*worker.split("|"), "", ""]
    if machine != _machine() or not pid.isdigit() or not started:
        return False
    return _started(int(pid)) != started


def _machine() -> str:
    """Return what names the set of processes that this one can see."""
    try:
        boot = Path("/proc/sys/kernel/random/boot_id").read_text().strip()[:8]
        # Two containers of one machine can have the same name, and each its own process 7.
        boot += Path("/proc/self/ns/pid").readlink().name
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


def claim(
    session: ActorSession,
    worker: str,
    limit: int,
    lease: timedelta,
    school_ids: Collection[int] | None = None,
) -> list[Claim]:
    """Claim up to `limit` mails that are due, the oldest first, for `worker`.

    With `school_ids` only mails of these schools. Mails that must not be sent any more are
    closed on the way and not returned.
    """
    _join_as_written(session)
    values = {"at": session.at, "gone": _gone(session), "schools": sorted(school_ids or ())}
    claimed: list[Claim] = []
    while len(claimed) < limit:
        statement, most = _due(school_ids is not None), limit - len(claimed)
        due = [Claim(*row) for row in session.execute(statement, {**values, "most": most})]
        if not due:
            break
        forbidden = _close_forbidden(session, due)
        kept = _one_of_each_head([mail for mail in due if mail.mail_id not in forbidden])
        _take(session, worker, [mail.mail_id for mail in kept], lease)
        claimed += kept
        if len(due) < most:
            break
    return claimed


def _one_of_each_head(mails: Sequence[Claim]) -> list[Claim]:
    """Leave out all mails to a head but the first: the next waits until that has arrived."""
    heads: set[int] = set()
    kept = []
    for mail in mails:
        if mail.headship_id not in heads:
            kept.append(mail)
        if mail.headship_id is not None:
            heads.add(mail.headship_id)
    return kept


def sweep(session: ActorSession, school_ids: Collection[int] | None = None) -> int:
    """Close what waits for a later try, or is held, and can never be sent; return how many.

    That is: what has expired, and what a newer mail of the same access or head has replaced.
    """
    values = {"at": session.at, "gone": _gone(session), "schools": sorted(school_ids or ())}
    ids: set[Any] = set(session.scalars(_over(school_ids is not None), values))
    _close(session, ids)
    return len(ids)


def withdraw(session: ActorSession, after: int, limit: int) -> tuple[int, int | None]:
    """Close what waits and may no longer be sent: consent withdrawn, access ended, address
    another one, participant withdrawn, head followed by another. It is what claiming would do,
    for mails whose time has not come.

    Looks at `limit` mails from the one after `after` on. Returns how many were closed, and
    the last one looked at, None where there are no more.
    """
    values = {"at": session.at, "gone": _gone(session), "after": after, "most": limit}
    found = [Claim(*row) for row in session.execute(_waiting(), values)]
    closed = _close_forbidden(session, found)
    return len(closed), found[-1].mail_id if len(found) == limit else None


@cache
def _waiting() -> Any:
    """SQL: open mails that nobody holds, in order."""
    return (
        select(*_CLAIMED)
        .where(
            col(Mail.closed_at).is_(None),
            col(Mail.id) > bindparam("after"),
            _free(Mail),
        )
        .order_by(col(Mail.id))
        .limit(bindparam("most", type_=Integer()))
        .with_for_update(skip_locked=True)
    )


@cache
def _over(of_some: bool) -> Any:
    its: Any = aliased(Invitation)
    replaced = exists(select(its.id).where(its.mail_id == Mail.id, its.replaced_at.is_not(None)))
    reminded_of = exists(
        select(its.id).where(
            its.access_id == Mail.access_id,
            its.generation == Mail.generation,
            its.replaced_at.is_not(None),
        )
    )
    reminder = and_(col(Mail.template) == REMINDER, reminded_of)
    newer: Any = aliased(HeadnetPassword)
    asked_anew = exists(
        select(newer.id).where(newer.mail_id == Mail.id, newer.replaced_at.is_not(None))
    )
    return (
        select(col(Mail.id))
        .where(
            col(Mail.closed_at).is_(None),
            or_(col(Mail.expires_at) <= AT, replaced, reminder, asked_anew),
            _free(Mail),
            _of(of_some),
        )
        .with_for_update(skip_locked=True)
    )


# Statements are built once, for that takes longer than running them. Their values are `at`,
# `day`, `gone` (workers whose process has ended) and `schools` where they are limited to some.


def _of(some: bool) -> Any:
    return col(Mail.school_id).in_(bindparam("schools", expanding=True)) if some else True


def _free(mail: Any) -> Any:
    """SQL: no living worker holds the mail."""
    gone = mail.claimed_by.in_(bindparam("gone", expanding=True))
    return or_(mail.lease_until.is_(None), mail.lease_until <= AT, gone)


def _gone(session: ActorSession) -> list[str]:
    """Return the workers that still have leases, and whose process has ended."""
    names = session.scalars(_workers(), {"at": session.at})
    return [name for name in names if name and is_gone(name)]


@cache
def _workers() -> Any:
    return (
        select(col(Mail.claimed_by))
        .where(
            col(Mail.claimed_by).is_not(None),
            col(Mail.closed_at).is_(None),
            col(Mail.lease_until) > AT,
        )
        .distinct()
    )


#: The columns of a claim, in its order.
_CLAIMED: tuple[Any, ...] = (
    Mail.id, Mail.template, Mail.language, Mail.generation, Mail.recipient, Mail.person_id,
    Mail.school_id, Mail.access_id, Mail.queued_at, Mail.expires_at, Mail.attempts,
    Mail.account_id, Mail.workshop_id, Mail.headship_id,
)  # fmt: skip


def _join_as_written(session: ActorSession) -> None:
    """Spare PostgreSQL weighing thousands of orders, which takes longer than the joins.

    The statements of a claim begin with its few mails, and look up all else by identifiers.
    """
    connection = session.connection()
    if connection.dialect.name == "postgresql":
        connection.exec_driver_sql("SET LOCAL join_collapse_limit = 1")


@cache
def _due(of_some: bool) -> Any:
    """SQL: what may be claimed, the oldest first, `most` at a time."""
    return (
        select(*_CLAIMED)
        .where(
            col(Mail.closed_at).is_(None),
            col(Mail.held_at).is_(None),
            col(Mail.next_attempt_at) <= AT,
            _free(Mail),
            _no_other_is_on_its_way(),
            _of(of_some),
        )
        .order_by(col(Mail.next_attempt_at), col(Mail.id))
        .limit(bindparam("most", type_=Integer()))
        .with_for_update(skip_locked=True)
    )


def _no_other_is_on_its_way() -> Any:
    """SQL: nobody is sending another mail of the same access, or to the same head, just now.

    The newer one waits for it, or the older could arrive last (FACTS, Mail). Asked once for
    all: asked of each mail, it looks through all that is open each time where the database
    has no statistics yet, as after a team was invited.
    """
    other: Any = aliased(Mail)
    on_their_way = (other.closed_at.is_(None), other.claimed_by.is_not(None), not_(_free(other)))
    accesses = select(other.access_id).where(other.access_id.is_not(None), *on_their_way)
    heads = select(other.headship_id).where(other.headship_id.is_not(None), *on_their_way)
    return and_(
        or_(col(Mail.access_id).is_(None), col(Mail.access_id).not_in(accesses)),
        or_(col(Mail.headship_id).is_(None), col(Mail.headship_id).not_in(heads)),
    )


def _take(session: ActorSession, worker: str, ids: Sequence[int], lease: timedelta) -> None:
    session.execute(
        _taking(),
        {"mails": ids, "worker": worker, "until": session.at + lease},
        execution_options={"synchronize_session": False},
    )


@cache
def _taking() -> Any:
    return (
        update(Mail)
        .where(among(Mail.id, "mails"))
        .values(claimed_by=bindparam("worker"), lease_until=bindparam("until"))
    )


def _close_forbidden(session: ActorSession, due: Sequence[Claim]) -> set[int]:
    """Close the mails among `due` that may no longer be sent, and return their ids."""
    expired = {mail.mail_id for mail in due if mail.expires_at <= session.at}
    bound = [m for m in due if m.access_id is not None and m.mail_id not in expired]
    withdrawn = {mail.mail_id for mail in bound}
    for day, ids in _by_day(session, bound).items():
        withdrawn -= _allowed(session, ids, day)
    accounts = {mail.mail_id for mail in due if mail.account_id is not None} - expired
    withdrawn |= _overtaken(session, accounts)
    withdrawn |= _uninvited(session, [m for m in due if m.workshop_id and m.mail_id not in expired])
    withdrawn |= _of_no_use(session, [m for m in due if m.headship_id and m.mail_id not in expired])
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


def _by_day(session: ActorSession, mails: Iterable[Claim]) -> dict[date, set[int]]:
    """Return the mails by the date it is in their school."""
    schools: dict[int | None, set[int]] = defaultdict(set)
    for mail in mails:
        schools[mail.school_id].add(mail.mail_id)
    zones = session.execute(
        select(col(School.id), col(School.time_zone)).where(col(School.id).in_(list(schools)))
    )
    days: dict[date, set[int]] = defaultdict(set)
    for school, zone in zones:
        days[session.at.astimezone(ZoneInfo(zone)).date()] |= schools[school]
    return days


def _allowed(session: ActorSession, mail_ids: set[int], day: date) -> set[int]:
    """Return those mails whose person may still receive them at that very address."""
    values = {"at": session.at, "day": day, "mails": mail_ids}
    return set(session.scalars(_sendable(), values))


@cache
def _sendable() -> Any:
    """SQL: mails that may leave. Of each access the latest invitation is looked at, and so
    neither a mail of an earlier generation nor a reminder of one is among them.

    Joined as `models.access.joined` has it, but beginning with the mails: the other way round
    PostgreSQL looks at every access there is.
    """
    facts = FactColumns(AT, DAY)
    letter: Any = aliased(Mail)
    latest = and_(
        col(Invitation.access_id) == Access.id,
        col(Invitation.generation) == letter.generation,
        holds(col(Invitation.queued_at), col(Invitation.replaced_at), AT),
        not_(happened(col(Invitation.cancelled_at), AT)),
    )
    role = and_(
        col(ServiceRole.service_id) == Access.service_id,
        col(ServiceRole.function) == Post.function,
    )
    return (
        select(letter.id)
        .select_from(letter)
        .join(Access, col(Access.id) == letter.access_id)
        .join(Invitation, latest)
        .outerjoin(Mail, col(Mail.id) == Invitation.mail_id)
        .outerjoin(Post, col(Post.id) == Access.post_id)
        .join(Person, col(Person.id) == Access.person_id)
        .join(SchoolYear, col(SchoolYear.id) == Access.school_year_id)
        .join(Service, col(Service.id) == Access.service_id)
        .outerjoin(Source, col(Source.id) == Post.source_id)
        .outerjoin(ServiceRole, role)
        .where(
            among(letter.id, "mails"),
            facts.status.in_(_SENDABLE),
            or_(letter.template != REMINDER, facts.status.in_(REMINDABLE)),
            facts.address == letter.recipient,
        )
    )


def _overtaken(session: ActorSession, mail_ids: set[int]) -> set[int]:
    """Return those mails of accounts whose token is used, replaced or taken back already."""
    if not mail_ids:
        return set()
    of_reset = select(col(PasswordReset.mail_id)).join(
        Account, col(Account.id) == col(PasswordReset.account_id)
    )
    of_reset = of_reset.join(Mail, col(Mail.id) == col(PasswordReset.mail_id)).where(
        col(PasswordReset.mail_id).in_(sorted(mail_ids)),
        or_(
            col(PasswordReset.used_at).is_not(None),
            col(PasswordReset.replaced_at).is_not(None),
            col(Account.disabled_at).is_not(None),
            col(Account.email) != col(Mail.recipient),
        ),
    )
    of_address = select(col(AddressChange.mail_id)).where(
        col(AddressChange.mail_id).in_(sorted(mail_ids)),
        or_(
            col(AddressChange.confirmed_at).is_not(None),
            col(AddressChange.cancelled_at).is_not(None),
        ),
    )
    found = (*session.scalars(of_reset), *session.scalars(of_address))
    return {number for number in found if number is not None}


def _uninvited(session: ActorSession, mails: Sequence[Claim]) -> set[int]:
    """Return those mails that invite somebody to a workshop who takes no part in it any more.

    They have been withdrawn or have another address, or the workshop does not take place.
    """
    if not mails:
        return set()
    inviting = set(session.scalars(_inviting(), {"mails": [mail.mail_id for mail in mails]}))
    invited = {
        mail.mail_id: (mail.workshop_id, address_key(mail.recipient))
        for mail in mails
        if mail.mail_id in inviting
    }
    people = WorkshopParticipant
    taking_part = session.execute(
        select(col(people.workshop_id), col(people.email_key))
        .join(Workshop, col(Workshop.id) == col(people.workshop_id))
        .where(
            col(people.workshop_id).in_({workshop for workshop, _key in invited.values()}),
            col(people.email_key).in_({key for _workshop, key in invited.values()}),
            col(people.withdrawn_at).is_(None),
            col(Workshop.cancelled_at).is_(None),
        )
    )
    live = {(workshop, key) for workshop, key in taking_part}
    return {mail_id for mail_id, whom in invited.items() if whom not in live}


@cache
def _inviting() -> Any:
    """SQL: of these mails those that invite to a workshop."""
    letter: Any = Mail
    kind = letter.values[LETTER_KIND].as_string()
    return select(letter.id).where(among(letter.id, "mails"), kind == INVITES)


def _of_no_use(session: ActorSession, mails: Sequence[Claim]) -> set[int]:
    """Return those mails with a head's password that may no longer be sent.

    A newer password was asked for, the head is followed by another, or the address in force
    is not the one that it was asked for.
    """
    with_password = {mail.mail_id for mail in mails if mail.template == HEADNET_PASSWORD}
    if not with_password:
        return set()
    return with_password - set(session.scalars(_of_use(), {"mails": sorted(with_password)}))


@cache
def _of_use() -> Any:
    """SQL: of these mails those that bring a head the latest password to the address in force."""
    password = HeadnetPassword
    return (
        select(col(password.mail_id))
        .join(Mail, col(Mail.id) == password.mail_id)
        .join(Headship, col(Headship.id) == password.headship_id)
        .join(HeadAddress, col(HeadAddress.id) == password.address_id)
        .where(
            among(password.mail_id, "mails"),
            col(password.replaced_at).is_(None),
            col(Headship.ended_at).is_(None),
            in_force(HeadAddress),
            col(HeadAddress.email) == Mail.recipient,
        )
    )


def _close(session: ActorSession, ids: set[int], **facts: Any) -> None:
    if ids:
        session.execute(
            update(Mail)
            .where(col(Mail.id).in_(sorted(ids)))
            .values(closed_at=session.at, claimed_by=None, lease_until=None, **facts),
            execution_options={"synchronize_session": False},
        )


def extend(session: ActorSession, worker: str, lease: timedelta) -> int:
    """Prolong all leases of a worker (its heartbeat); return how many it holds."""
    return _change_claims(session, worker, None, lease_until=session.at + lease)


def release(session: ActorSession, worker: str, mail_ids: Collection[int] | None = None) -> int:
    """Give back what a worker claimed and has not tried to send; return how many.

    Without `mail_ids`, all that it still holds.
    """
    return _change_claims(session, worker, mail_ids, claimed_by=None, lease_until=None)


def _change_claims(
    session: ActorSession, worker: str, mail_ids: Collection[int] | None, **values: Any
) -> int:
    mine = and_(col(Mail.claimed_by) == worker, col(Mail.closed_at).is_(None))
    if mail_ids is not None:
        mine = and_(mine, col(Mail.id).in_(sorted(mail_ids)))
    done: Any = session.execute(
        update(Mail).where(mine).values(**values),
        execution_options={"synchronize_session": False},
    )
    return int(done.rowcount)


# --- settling ---------------------------------------------------------------------------


def settle(
    session: ActorSession, worker: str, results: Sequence[Settled], randomness: Random
) -> None:
    """Write down what came of attempts, many in one commit.

    That a mail was sent is written whoever holds it now; anything else only by the worker
    that still holds it, and only while the mail is open.
    """
    results = _within_sight(session, results)
    sent = [result for result in results if result.outcome.result is Result.SENT]
    if sent:
        _write_sent(session, sent)
    others = {r.mail_id: r for r in results if r.outcome.result is not Result.SENT}
    if not others:
        return
    mine = and_(
        col(Mail.id).in_(list(others)),
        col(Mail.claimed_by) == worker,
        col(Mail.closed_at).is_(None),
    )
    held: Any = select(col(Mail.id), col(Mail.attempts), col(Mail.expires_at)).where(mine)
    for mail_id, attempts, expires_at in session.execute(held.with_for_update()).all():
        session.execute(
            update(Mail)
            .where(col(Mail.id) == mail_id)
            .values(
                claimed_by=None,
                lease_until=None,
                **_facts(others[mail_id], attempts, expires_at, randomness),
            ),
            execution_options={"synchronize_session": False},
        )
        result = others[mail_id]
        if result.outcome.result is Result.REFUSED:
            _tell_invitation(session, mail_id, refused_at=result.at, **_said(result.outcome))


def _tell_invitation(session: ActorSession, mail_id: int, **facts: Any) -> None:
    """Where a mail is a reminder, say of the invitation's own what became of it.

    Both went to one address, and it is the invitation whose state people look at.
    """
    (fact,) = (name for name in facts if name.endswith("_at"))
    letter: Any = aliased(Mail)
    reminded: Any = (
        select(col(Invitation.mail_id))
        .join(
            letter,
            and_(
                letter.access_id == Invitation.access_id,
                letter.generation == Invitation.generation,
            ),
        )
        .where(letter.id == mail_id, letter.template == REMINDER)
    )
    session.execute(
        update(Mail)
        .where(col(Mail.id).in_(reminded), getattr(Mail, fact).is_(None))
        .values(**facts),
        execution_options={"synchronize_session": False},
    )


def _within_sight(session: ActorSession, results: Sequence[Settled]) -> Sequence[Settled]:
    """Leave out mails of schools that are not the actor's: a bare statement knows no scope."""
    if session.actor.sees_all:
        return results
    ids = [result.mail_id for result in results]
    seen = set(session.scalars(select(col(Mail.id)).where(col(Mail.id).in_(ids))))
    return [result for result in results if result.mail_id in seen]


def _write_sent(session: ActorSession, sent: Sequence[Settled]) -> None:
    """Write down what was sent with one statement for all: an outbox's rate hangs on this."""
    connection = session.connection()
    if connection.dialect.name == "postgresql":
        values = {
            "mails": [result.mail_id for result in sent],
            "moments": [result.at for result in sent],
            "replies": [_said(result.outcome)["reply"] for result in sent],
        }
        connection.execute(_ALL_SENT, values)
    else:
        connection.execute(_EACH_SENT, [_sent_values(result) for result in sent])


def _sent_values(result: Settled) -> dict[str, Any]:
    words = _said(result.outcome)["reply"]
    return {"mail_id": result.mail_id, "moment": result.at, "words": words}


_mail: Any = Mail.__table__  # type: ignore[attr-defined]
_moment: Any = _mail.c.sent_at.type


def _as_sent(mail_id: Any, moment: Any, words: Any) -> Any:
    """SQL: the mail was sent; the first time counts, and what a bounce has said since stays."""
    return (
        update(_mail)
        .where(_mail.c.id == mail_id)
        .values(
            sent_at=func.coalesce(_mail.c.sent_at, moment),
            closed_at=func.coalesce(_mail.c.closed_at, moment),
            reply=case((_mail.c.bounced_at.is_(None), words), else_=_mail.c.reply),
            reason=null(),
            attempts=_mail.c.attempts + 1,
            claimed_by=None,
            lease_until=None,
        )
    )


_EACH_SENT = _as_sent(
    bindparam("mail_id"), bindparam("moment", type_=_moment), bindparam("words", type_=Text())
)
# PostgreSQL's driver has more work with a dozen statements than the server with a dozen rows.
_sent = (
    func.unnest(
        bindparam("mails", type_=ARRAY(Integer())),
        bindparam("moments", type_=ARRAY(_moment)),
        bindparam("replies", type_=ARRAY(Text())),
    )
    .table_valued(column("id", Integer()), column("moment", _moment), column("words", Text()))
    .render_derived("sent")
)
_ALL_SENT = _as_sent(_sent.c.id, _sent.c.moment, _sent.c.words)


def _facts(
    result: Settled, attempts: int, expires_at: datetime, randomness: Random
) -> dict[str, Any]:
    """Return the new values of a mail that was tried and not sent."""
    outcome, at = result.outcome, result.at
    said = _said(outcome)
    if outcome.result is Result.STOP or outcome.about_server:
        # Nothing was learnt about this mail, and it is as due as it was.
        return said
    attempts += 1
    tried = {**said, "attempts": attempts}
    if outcome.result is Result.REFUSED:
        return {**tried, "refused_at": at, "closed_at": at}
    if outcome.result is Result.HELD:
        return {**tried, "held_at": at}
    if outcome.result is Result.UNCERTAIN:
        tried["uncertain_at"] = at
    when = next_try(outcome.result, attempts, at, expires_at, randomness)
    return {**tried, "closed_at": at} if when is None else {**tried, "next_attempt_at": when}


def _said(outcome: Outcome) -> dict[str, Any]:
    """Return the server's own words with its code, and our reason where it said nothing."""
    code = str(outcome.code) if outcome.code else ""
    return {
        "reply": " ".join(part for part in (code, outcome.words) if part),
        "reason": outcome.reason.to_json() if outcome.reason else None,
    }


def record_bounce(session: ActorSession, mail_id: int, generation: int, words: str) -> bool:
    """Write down that a mail came back; False where there is no such mail, or it is known.

    The caller has checked the mark, which only a mail that was sent can bear; so the bounce
    counts also where the sender was killed before it could write *sent*.
    """
    done: Any = session.execute(
        update(Mail)
        .where(
            col(Mail.id) == mail_id,
            col(Mail.generation) == generation,
            col(Mail.bounced_at).is_(None),
        )
        .values(
            bounced_at=session.at,
            closed_at=func.coalesce(col(Mail.closed_at), session.at),
            reply=words,
            reason=None,
            claimed_by=None,
            lease_until=None,
        ),
        execution_options={"synchronize_session": False},
    )
    if done.rowcount:
        _tell_invitation(session, mail_id, bounced_at=session.at, reply=words, reason=None)
    return bool(done.rowcount)


def try_now(session: ActorSession, mail_ids: Collection[int]) -> int:
    """Let open mails be tried at once, also those held for a fault of ours; return how many."""
    if not (session.actor.sees_all or may_change(session.actor.role, "mail")):
        return _try_own_now(session, mail_ids)
    done: Any = session.execute(
        update(Mail)
        .where(col(Mail.id).in_(sorted(mail_ids)), col(Mail.closed_at).is_(None))
        .values(next_attempt_at=session.at, held_at=None),
        execution_options={"synchronize_session": False},
    )
    return int(done.rowcount)


def _try_own_now(session: ActorSession, mail_ids: Collection[int]) -> int:
    """Do so for whoever may change mails about some things only, and so row by row."""
    wanted = select(Mail).where(col(Mail.id).in_(sorted(mail_ids)), col(Mail.closed_at).is_(None))
    mails = session.scalars(wanted.order_by(col(Mail.id)).with_for_update()).all()
    for mail in mails:
        mail.next_attempt_at, mail.held_at = session.at, None
    session.flush()
    return len(mails)


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


def counts(session: ActorSession, school_ids: Collection[int] | None = None) -> OutboxCounts:
    """Count the open mails that the actor may see, of `school_ids` only if given."""
    values = {"at": session.at, "schools": sorted(school_ids or ())}
    rows = session.execute(_open_mails(school_ids is not None), values)
    found = {name: int(count) for name, count in rows}
    return OutboxCounts(found.get("due", 0), found.get("later", 0), found.get("held", 0))


@cache
def _open_mails(of_some: bool) -> Any:
    held = col(Mail.held_at).is_not(None)
    due = col(Mail.next_attempt_at) <= AT
    state = case((held, "held"), (due, "due"), else_="later").label("its_state")
    return (
        select(state, func.count(col(Mail.id)))
        .where(col(Mail.closed_at).is_(None), _of(of_some))
        .group_by("its_state")
    )


def next_due(session: ActorSession, school_ids: Collection[int] | None = None) -> datetime | None:
    """Return when the next mail is due that nobody holds back, None where there is none."""
    waiting = select(func.min(col(Mail.next_attempt_at))).where(
        col(Mail.closed_at).is_(None), col(Mail.held_at).is_(None), _of(school_ids is not None)
    )
    return session.scalar(waiting, {"schools": sorted(school_ids or ())})
