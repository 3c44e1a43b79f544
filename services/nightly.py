"""The nightly update: what falls due with the calendar and not with anybody's key.

It may be run twice, late, or by several machines at once, and does its work once. Whoever
comes first takes the night (`NightlyRun`) with a lease; each step works in short
transactions, each of which also writes down how far the step has come. Whoever is killed
leaves a night that the next one takes over, once the lease is over or the process is known
to be gone, and that goes on where it was left.

A late run does the night that is due and no missed one before it: every step looks at what
is the case now, and what three nights had to do is then done in one. No step relies on
having the night for itself, either: a reminder, an address, a bounce is given by the
conditions of its own row, so that two that overlap share the work and double none.

Not done here, on purpose: nobody is deactivated. An exit date that has passed takes effect
with the next import (DOMAIN §3), and the end of a school year is derived and no fact.
"""

import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import date, datetime, timedelta
from pathlib import Path
from typing import Any

from sqlalchemy import Engine, and_, delete, func, select, update
from sqlalchemy.exc import SQLAlchemyError
from sqlmodel import col

from models import journal
from models.access import Access
from models.accounts import Account, Draft, Origin, SignInEvent
from models.database import SYSTEM, ActorSession, change
from models.errors import TrousseauError, reason_of
from models.keys import Key
from models.language import N_, Wording, say
from models.nightly import NightlyRun, Schedule
from models.schools import SchoolYear
from services import election_results, outbox, returned_mail
from services.address_changes import apply_waiting
from services.desk import ChangedMeanwhile, Desk
from services.document_files import forget_unused
from services.headnet_update import is_due, take_into_force
from services.reminders import remind

#: A worker that has written nothing down for so long is taken to be dead.
LEASE = timedelta(minutes=10)
#: How long after it was due somebody else does it, and the doctor calls it overdue.
PATIENCE = timedelta(hours=1)
#: Rows that one transaction works on at most; lines of the journal that it reads.
_BATCH, _LINES = 200, 2_000
#: For how long what happened at the door is kept, in months; origins, in days.
_SIGN_IN_MONTHS, _DRAFT_MONTHS, _ORIGIN_DAYS = 13, 12, 30


class Overtaken(TrousseauError):
    """Somebody else took the night over, believing that this process was dead."""

    heading = N_("The nightly update went on elsewhere")


@dataclass(frozen=True, slots=True)
class Nightwork:
    """All that a nightly update needs to know of the installation.

    `clock` gives aware UTC instants. `reminder_days` is after how many days a reminder goes,
    0 for never. `bounces` is where returned mails lie, None where nobody said; `key` gives
    the key that tells which of them are ours.
    """

    engine: Engine = field(repr=False)
    clock: Callable[[], datetime] = field(repr=False)
    key: Callable[[], Key] = field(repr=False)
    schedule: Schedule = field(default_factory=Schedule)
    reminder_days: int = 7
    bounces: Path | None = None


@dataclass(frozen=True, slots=True)
class NightResult:
    """What came of a nightly update: each step with its count.

    `already` says that somebody else had done it, or, where it is `running`, is doing it;
    `in_force` is then how much came into force in HeadNet all the same.
    `troubles` are in the user's words; a night with a step that failed is not finished, and
    the next run tries that step again.
    """

    night: date
    done: dict[str, int]
    already: bool
    seconds: float
    running: bool = False
    finished: bool = True
    troubles: tuple[Wording, ...] = ()
    in_force: int = 0


# --- the steps --------------------------------------------------------------------------


@dataclass(slots=True)
class _Step:
    """One step under way: the night it belongs to, how far it has come, and what it found."""

    work: Nightwork
    night: date
    place: int = 0
    trouble: Wording | None = None
    notes: dict[str, Any] = field(default_factory=dict)


#: What one transaction did: how many, and the place it came to, None where that was all.
_Part = tuple[int, int | None]


def _take_into_force(session: ActorSession, _step: _Step) -> _Part:
    count = take_into_force(session, _BATCH)
    return count, 0 if count else None


def _close_expired(session: ActorSession, _step: _Step) -> _Part:
    return outbox.sweep(session), None


def _withdraw_mails(session: ActorSession, step: _Step) -> _Part:
    return outbox.withdraw(session, step.place, _BATCH)


def _apply_addresses(session: ActorSession, step: _Step) -> _Part:
    return apply_waiting(session, step.place, _BATCH)


def _count_ended(session: ActorSession, step: _Step) -> _Part:
    """Count the accesses whose last day has passed since the last night that was done.

    Their end is derived from the school year (DESIGN §2.1); this is for the record.
    """
    before = last_finished(session)
    since = before.night if before is not None else step.night - timedelta(days=1)
    ended = (
        select(func.count(col(Access.id)))
        .join(SchoolYear, col(SchoolYear.id) == Access.school_year_id)
        .where(col(SchoolYear.access_ends) >= since, col(SchoolYear.access_ends) < step.night)
    )
    return int(session.scalar(ended) or 0), None


def _send_reminders(session: ActorSession, step: _Step) -> _Part:
    if not step.work.reminder_days:
        return 0, None
    return remind(session, step.work.reminder_days, step.place, _BATCH)


def _lift_locks(session: ActorSession, _step: _Step) -> _Part:
    """Take away what has no effect any more; how many tries there were stays on record."""
    over = and_(col(Account.locked_until).is_not(None), col(Account.locked_until) <= session.at)
    lifted = change(session, Account, over, locked_until=None)
    of_origins: Any = session.execute(
        update(Origin)
        .where(col(Origin.locked_until).is_not(None), col(Origin.locked_until) <= session.at)
        .values(locked_until=None),
        execution_options={"synchronize_session": False},
    )
    return lifted + int(of_origins.rowcount), None


def _forget_sign_ins(session: ActorSession, step: _Step) -> _Part:
    before = months_before(session.at, _SIGN_IN_MONTHS)
    return _delete(session, SignInEvent, col(SignInEvent.at) < before)


def _forget_origins(session: ActorSession, step: _Step) -> _Part:
    untouched = col(Origin.last_try_at) < session.at - timedelta(days=_ORIGIN_DAYS)
    return _delete(session, Origin, and_(untouched, col(Origin.locked_until).is_(None)))


def _forget_drafts(session: ActorSession, step: _Step) -> _Part:
    before = months_before(session.at, _DRAFT_MONTHS)
    return _delete(session, Draft, col(Draft.saved_at) < before)


def _forget_files(session: ActorSession, _step: _Step) -> _Part:
    """Take away files that came into the reading room for a plan that nobody applied."""
    count = forget_unused(session, _BATCH)
    return count, 0 if count == _BATCH else None


def _publish_ballots(session: ActorSession, step: _Step) -> _Part:
    """Publish the ballots of one election that has closed, the next one after `place`."""
    waiting = [number for number in election_results.overdue(session) if number > step.place]
    if not waiting:
        return 0, None
    number = min(waiting)
    try:
        done = election_results.publish(session, step.work.key(), number)
    except (
        TrousseauError
    ) as error:  # an urn that cannot be opened stays; the others are not held up
        step.trouble, done = error.wording, False
    return int(done), number


def _delete(session: ActorSession, table: Any, condition: Any) -> _Part:
    some = select(table.id).where(condition).limit(_BATCH)
    gone: Any = session.execute(
        delete(table).where(table.id.in_(some)), execution_options={"synchronize_session": False}
    )
    count = int(gone.rowcount)
    # Where to go on is in no place: what is gone is not found again.
    return count, 0 if count == _BATCH else None


def _check_journal(session: ActorSession, step: _Step) -> _Part:
    """Look at the lines that were added since the last night that was done."""
    before = last_finished(session)
    after = step.place or _journal_checked(before)
    found = journal.check_after(session, after, _LINES)
    step.notes["last"] = found.last
    if found.broken is not None:
        step.trouble = say(
            "Line %(line)s of the journal, or one before it, was changed.", line=found.broken
        )
    return found.lines, found.last if found.lines == _LINES else None


def _journal_checked(run: NightlyRun | None) -> int:
    return int((run.done or {}).get("journal", {}).get("last") or 0) if run is not None else 0


#: Each step with what one transaction of it does, in this order: what was promised for this hour
#: comes first, an address that is known to be bad is not written to again, and a new one counts
#: before reminders are made.
_STEPS: dict[str, Callable[[ActorSession, _Step], _Part] | None] = {
    "headnet": _take_into_force,
    "bounces": None,  # reads files, which no transaction waits for
    "expired_mails": _close_expired,
    "withdrawn_mails": _withdraw_mails,
    "ended_accesses": _count_ended,
    "addresses": _apply_addresses,
    "reminders": _send_reminders,
    "locks": _lift_locks,
    "sign_ins": _forget_sign_ins,
    "origins": _forget_origins,
    "drafts": _forget_drafts,
    "files": _forget_files,
    "elections": _publish_ballots,
    "journal": _check_journal,
}
STEPS = tuple(_STEPS)
#: Done by each run, for something may have become due since the step was behind this night.
_EACH_TIME = ("headnet",)


def months_before(at: datetime, months: int) -> datetime:
    """Return the same day and time so many months earlier, or that month's last day."""
    year, month = divmod(at.year * 12 + at.month - 1 - months, 12)
    for day in (at.day, 30, 29, 28):
        try:
            return at.replace(year=year, month=month + 1, day=min(day, at.day))
        except ValueError:
            continue
    raise AssertionError("every month has 28 days")


# --- the night --------------------------------------------------------------------------


def run(work: Nightwork) -> NightResult:
    """Do the night that is due, or what of it nobody has done; return what was done.

    Raises `Overtaken`, and `DataBusy` where the database can't be used. What was done until
    then is done, and the next run goes on from there.
    """
    started = time.monotonic()
    desk = Desk(work.engine, SYSTEM, work.clock)
    night = work.schedule.night_at(work.clock())
    worker = outbox.worker_name()
    taken = _take(desk, night, worker)
    if taken is None:
        in_force = _take_what_is_due(desk)
        found = desk.read(_run_of, night)
        return _result(found, started, already=True, in_force=in_force)
    troubles: list[Wording] = []
    with _released(desk, taken, worker):
        for name in STEPS:
            troubles += _do_step(desk, work, taken, worker, name)
        desk.write(_finish, taken, worker)
    return _result(desk.read(_run_of, night), started, troubles=tuple(troubles))


def do_if_overdue(work: Nightwork) -> NightResult | None:
    """Do the night that nobody has done an hour after it was due; None where there is none.

    What is due in HeadNet comes into force without that hour: it was promised for the minute.
    """
    desk = Desk(work.engine, SYSTEM, work.clock)
    if desk.read(is_overdue, work.schedule):
        return run(work)
    _take_what_is_due(desk)
    return None


def _take_what_is_due(desk: Desk) -> int:
    """Take into force what is due in HeadNet, in short transactions; return how much."""
    if not desk.read(is_due):
        return 0
    total = 0
    while count := desk.write(take_into_force, _BATCH):
        total += count
    return total


def is_overdue(session: ActorSession, schedule: Schedule) -> bool:
    """Tell whether the last night that was due an hour ago or more has not been done."""
    night = schedule.night_at(session.at - PATIENCE)
    last = last_finished(session)
    return last is None or last.night < night


def last_finished(session: ActorSession) -> NightlyRun | None:
    """Return the last nightly update that was done to its end."""
    return session.scalars(
        select(NightlyRun)
        .where(col(NightlyRun.finished_at).is_not(None))
        .order_by(col(NightlyRun.night).desc())
        .limit(1)
    ).one_or_none()


def _result(
    found: NightlyRun,
    started: float,
    *,
    already: bool = False,
    troubles: tuple[Wording, ...] = (),
    in_force: int = 0,
) -> NightResult:
    finished = found.finished_at is not None
    return NightResult(
        night=found.night,
        done={name: state["count"] for name, state in (found.done or {}).items()},
        already=already,
        seconds=round(time.monotonic() - started, 3),
        running=already and not finished,
        finished=finished,
        troubles=troubles,
        in_force=in_force,
    )


def _run_of(session: ActorSession, night: date) -> NightlyRun:
    return session.scalars(select(NightlyRun).where(col(NightlyRun.night) == night)).one()


def _take(desk: Desk, night: date, worker: str) -> int | None:
    """Return the number of the run where `worker` may do it, None where it is done or held."""
    try:
        return desk.write(_begin, night, worker)
    except ChangedMeanwhile:  # somebody else has begun it at this very moment
        return desk.write(_begin, night, worker)


def _begin(session: ActorSession, night: date, worker: str) -> int | None:
    found = session.scalars(
        select(NightlyRun).where(col(NightlyRun.night) == night).with_for_update()
    ).one_or_none()
    if found is None:
        found = NightlyRun(night=night, started_at=session.at, done={})
        session.add(found)
    elif found.finished_at is not None or _is_held(found, session.at):
        return None
    found.worker, found.lease_until = worker, session.at + LEASE
    session.flush()
    return found.id


def _is_held(found: NightlyRun, at: datetime) -> bool:
    if not found.worker or found.lease_until is None or found.lease_until <= at:
        return False
    return not outbox.is_gone(found.worker)


@contextmanager
def _released(desk: Desk, run_id: int, worker: str) -> Iterator[None]:
    """Give the night back at the end, so that nobody waits for the lease of one who failed."""
    try:
        yield
    finally:
        try:
            desk.write(_give_back, run_id, worker)
        except (TrousseauError, SQLAlchemyError):
            pass  # then the lease ends by itself, and an error that is under way is told


def _do_step(desk: Desk, work: Nightwork, run_id: int, worker: str, name: str) -> Iterator[Wording]:
    """Do one step to its end; yield what went wrong, in words."""
    deed = _STEPS[name]
    if deed is None:
        yield from _read_bounces(desk, work, run_id, worker, name)
        return
    going_on = True
    while going_on:
        going_on, trouble = desk.write(_do_part, work, run_id, worker, name, deed)
        if trouble is not None:
            yield trouble


def _do_part(
    session: ActorSession,
    work: Nightwork,
    run_id: int,
    worker: str,
    name: str,
    deed: Callable[[ActorSession, _Step], _Part],
) -> tuple[bool, Wording | None]:
    """Do what one transaction can of a step, and write down how far it has come in the same."""
    mine = _mine(session, run_id, worker)
    state = _state(mine, name)
    if state["place"] is None and name not in _EACH_TIME:
        return False, None
    step = _Step(work, mine.night, state["place"] or 0)
    count, place = deed(session, step)
    note = {**step.notes, "count": state["count"] + count, "place": place}
    _note(mine, name, note, session.at)
    return place is not None, step.trouble


def _read_bounces(
    desk: Desk, work: Nightwork, run_id: int, worker: str, name: str
) -> Iterator[Wording]:
    if desk.read(_is_behind, run_id, name):
        return
    count = 0
    if work.bounces is not None:
        try:
            key = work.key()
        except TrousseauError as error:
            yield error.wording
            return
        try:
            count = _take_in(desk, work.bounces, key, run_id, worker)
        except OSError as error:
            yield say(
                "The returned mails in %(place)s cannot be read: %(reason)s.",
                place=str(work.bounces),
                reason=reason_of(error),
            )
            return
    desk.write(_note_bounces, run_id, worker, name, count)


def _take_in(desk: Desk, source: Path, key: Key, run_id: int, worker: str) -> int:
    """Take in returned mails, and hold the night meanwhile; return how many came back."""
    held_until = desk.now() + LEASE / 2

    def hold() -> None:
        nonlocal held_until
        if desk.now() >= held_until:
            desk.write(_extend, run_id, worker)
            held_until = desk.now() + LEASE / 2

    return returned_mail.take_in(desk, source, key, hold).bounced


def _is_behind(session: ActorSession, run_id: int, name: str) -> bool:
    found = session.scalars(select(NightlyRun).where(col(NightlyRun.id) == run_id)).one()
    return _state(found, name)["place"] is None


def _note_bounces(session: ActorSession, run_id: int, worker: str, name: str, count: int) -> None:
    _note(_mine(session, run_id, worker), name, {"count": count, "place": None}, session.at)


def _mine(session: ActorSession, run_id: int, worker: str) -> NightlyRun:
    """Return the run, held until the end of the transaction; raises `Overtaken`."""
    found = session.scalars(
        select(NightlyRun)
        .where(
            col(NightlyRun.id) == run_id,
            col(NightlyRun.worker) == worker,
            col(NightlyRun.finished_at).is_(None),
        )
        .with_for_update()
    ).one_or_none()
    if found is None:
        raise Overtaken(
            say("The nightly update took too long here, and another machine goes on with it.")
        )
    return found


def _state(found: NightlyRun, name: str) -> dict[str, Any]:
    return (found.done or {}).get(name) or {"count": 0, "place": 0}


def _note(found: NightlyRun, name: str, state: dict[str, Any], at: datetime) -> None:
    # A new value: SQLAlchemy does not see what changes inside the old one.
    found.done = {**(found.done or {}), name: state}
    found.lease_until = at + LEASE


def _extend(session: ActorSession, run_id: int, worker: str) -> None:
    _mine(session, run_id, worker).lease_until = session.at + LEASE


def _finish(session: ActorSession, run_id: int, worker: str) -> None:
    """Close the night where every step is behind it."""
    mine = _mine(session, run_id, worker)
    if all(_state(mine, name)["place"] is None for name in STEPS):
        mine.finished_at = session.at


def _give_back(session: ActorSession, run_id: int, worker: str) -> None:
    session.execute(
        update(NightlyRun)
        .where(col(NightlyRun.id) == run_id, col(NightlyRun.worker) == worker)
        .values(lease_until=None, worker=""),
        execution_options={"synchronize_session": False},
    )
