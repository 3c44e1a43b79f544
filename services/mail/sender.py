"""Sending: mails are claimed from the outbox, rendered, delivered, and written down as sent.

The order is *send, then commit "sent"*: a sender that is killed delivers some mails twice,
each with the token it had before, and loses none (FACTS, Mail). A mail counts against the
window of those under way until its result is committed, so that no more than `window` can
be delivered twice.

The event loop does the network and nothing else: the database is worked in two threads, one
that claims the next mails while those before are sent, and one for all the rest.
"""

import asyncio
import signal
import threading
import time
from collections import Counter, OrderedDict, deque
from collections.abc import AsyncIterator, Callable, Collection, Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import asynccontextmanager, contextmanager
from dataclasses import dataclass
from datetime import datetime, timedelta
from functools import cache
from random import Random
from typing import Any, TypeVar
from zoneinfo import ZoneInfo

from sqlalchemy import Engine, select
from sqlmodel import col

from models.access import Access, Service
from models.accounts import ADDRESS_PURPOSE, PASSWORD_PURPOSE, Account
from models.addresses import AddressError, parse_address, to_ascii
from models.among import among
from models.database import SYSTEM, Actor, ActorSession, writing
from models.errors import TrousseauError
from models.headnet import HEADNET_PURPOSE, HeadnetPassword, Headship
from models.invitations import TOKEN_PURPOSE, Invitation
from models.keys import Key
from models.language import DEFAULT_LANGUAGE, LANGUAGES, N_, Wording, say
from models.mail import HEADNET_PASSWORD, REPLY_TO, TEXT_FILE, Mail
from models.people import Person
from models.schools import DEFAULT_TIME_ZONE, School
from models.tokens import make_token, mark_for_bounce, mark_for_message
from services import outbox
from services.account_mail import ADDRESS_CONFIRM, PASSWORD_RESET
from services.desk import DataBusy, told_in_words
from services.mail.replies import Outcome, Result
from services.mail.templates import Attachment, BatchValues, MessageValues, Prepared, prepare
from services.mail.transport import PAUSE_AFTER_FAILURE, Transport, open_transport
from services.mail.url import MailSettings
from services.outbox import Claim, Settled

T = TypeVar("T")

#: Mails under way at most: for each connection one in delivery and a few, and a few more,
#: whose result waits for a commit.
_WINDOW, _MORE = 8, 16
#: The value of a row (`services.calendar_files.packed`) that asks for a calendar file.
CALENDAR = "calendar"
#: What mails about an account call the service that it opens.
PRODUCT = "Trousseau"
#: What mails to a head of school call it.
HEADNET = "IB HeadNet"
#: What the token of a mail about an account is for, by the mail's template.
_PURPOSES = {PASSWORD_RESET: PASSWORD_PURPOSE, ADDRESS_CONFIRM: ADDRESS_PURPOSE}

#: Seconds after which a claimed mail that has not left is claimed anew, so that consent,
#: address and generation were checked that shortly before each mail leaves.
FRESH = 5.0
#: Mails claimed at a time: what is sent in about a second, within these bounds, and not many
#: times what was claimed before; few at first, so that they leave at once.
_SMALLEST_BATCH, _FIRST_BATCH, _LARGEST_BATCH = 8, 40, 500
_GROWTH = 5
#: Seconds before they are needed for which the next mails are claimed.
_AHEAD = 0.1
_TEMPLATES_KEPT = 200
#: Seconds for which results are gathered before a commit: it costs as much for ten as for one.
_GATHER = 0.01
#: Seconds between two reports of progress, and the longest wait for those under way at a stop.
_REPORT_PERIOD, _LAST_WAIT = 0.25, 5.0
_WATCH_PERIOD, _LONGEST_PAUSE = 2.0, 60.0
#: Failures to reach the server in a row after which a run that has sent something gives up.
_PATIENCE = 3

#: `report(done, total)`; raises to end the sending (`services.imports.roster.Cancelled`).
Report = Callable[[int, int | None], None]


def window(connections: int) -> int:
    """Return how many mails are under way at most, and so can be sent twice after a kill."""
    return _WINDOW * connections + _MORE


class SenderRefused(TrousseauError):
    """The sender was given settings with which it could send wrongly."""

    heading = N_("Mail cannot be sent with these settings")


@dataclass(frozen=True, slots=True)
class Letterhead:
    """From whom mails come and where answers and bounces go.

    `sender` is the `From`, whose name is the school's. `bounces` is the mailbox, with its
    domain, to which reports of failure go; each gets a mark (`b+1.1.abc@domain`) that tells
    its mail; "" for `b` at the sender's domain. Answers go to `reply_to`, "" for the
    school's own contact. `sign_in_at` is where a token is used, "" for the service's name.
    """

    sender: str
    bounces: str = ""
    reply_to: str = ""
    sign_in_at: str = ""

    def envelope_sender(self, key: Key, mail_id: int, generation: int) -> str:
        """Return where a report about one mail goes."""
        mailbox, _, domain = (self.bounces or f"b@{self.sender.rpartition('@')[2]}").rpartition("@")
        return f"{mark_for_bounce(key, mail_id, generation, mailbox)}@{domain}"


@dataclass(frozen=True, slots=True)
class Mailing:
    """All that it takes to send from an installation: where to, with which key, from whom."""

    settings: MailSettings
    key: Key
    letterhead: Letterhead


@dataclass(frozen=True, slots=True)
class SendResult:
    """What a run did: mails by what came of them, and how many are still open.

    `remaining` counts those due now, later, and held. `stopped` says why a run ended before
    all was tried, None where all was.
    """

    sent: int
    retry: int
    refused: int
    uncertain: int
    held: int
    remaining: int
    seconds: float
    stopped: Wording | None = None


async def send(
    engine: Engine,
    settings: MailSettings,
    key: Key,
    letterhead: Letterhead,
    *,
    clock: Callable[[], datetime],
    actor: Actor = SYSTEM,
    school_ids: Collection[int] | None = None,
    limit: int | None = None,
    watch: bool = False,
    stop: asyncio.Event | None = None,
    progress: Report | None = None,
    lease: timedelta | None = None,
    heartbeat: timedelta = timedelta(seconds=30),
    pause: float = PAUSE_AFTER_FAILURE,
) -> SendResult:
    """Send the mails that are due, at most `limit`, of `school_ids` within the actor's schools.

    With `watch` it goes on until `stop` is set. Otherwise it ends when nothing is due any
    more, or the server can't be reached. On `stop`, on cancellation and where `progress`
    raises, nothing new leaves, what is under way is waited for, and the rest stays queued.
    Raises `SenderRefused` for a lease shorter than twice the heartbeat or than the longest
    delivery, and `DataBusy` where the database can't be written. `clock` gives aware UTC
    instants; `pause` is how long an unreachable server is left alone, in seconds.
    """
    lease = lease or max(timedelta(minutes=2), timedelta(seconds=settings.longest_delivery + 60))
    _check(settings, letterhead, lease, heartbeat)
    schools = _within(actor, school_ids)
    store = _Store(engine, key, clock, lease, schools)
    sender = _Sender(store, settings, letterhead, key, limit, stop or asyncio.Event(), pause)
    try:
        async with open_transport(settings, pause_after_failure=pause) as transport:
            return await sender.run(transport, watch, progress, heartbeat)
    finally:
        store.close()


def send_now(
    engine: Engine, settings: MailSettings, key: Key, letterhead: Letterhead, **options: Any
) -> SendResult:
    """Do what `send` does from a thread, or a command without an event loop.

    In a command, Ctrl+C and SIGTERM end it cleanly.
    """

    async def run() -> SendResult:
        stop = asyncio.Event()
        with _stopped_by_signals(stop):
            return await send(engine, settings, key, letterhead, stop=stop, **options)

    return asyncio.run(run())


@contextmanager
def _stopped_by_signals(stop: asyncio.Event) -> Iterator[None]:
    if threading.current_thread() is not threading.main_thread():
        yield
        return
    loop = asyncio.get_running_loop()
    caught = (signal.SIGINT, signal.SIGTERM)
    for number in caught:
        loop.add_signal_handler(number, stop.set)
    try:
        yield
    finally:
        for number in caught:
            loop.remove_signal_handler(number)


def _check(
    settings: MailSettings, letterhead: Letterhead, lease: timedelta, heartbeat: timedelta
) -> None:
    if lease < 2 * heartbeat:
        raise SenderRefused(
            say("A lease of %(lease)s s is shorter than twice the heartbeat.", lease=_s(lease))
        )
    if lease.total_seconds() < settings.longest_delivery + FRESH:
        raise SenderRefused(
            say(
                "A lease of %(lease)s s is shorter than the longest delivery, %(longest)s s:"
                " another sender would send the same mail.",
                lease=_s(lease),
                longest=f"{settings.longest_delivery + FRESH:g}",
            )
        )
    for address in (letterhead.sender, letterhead.bounces, letterhead.reply_to):
        try:
            if address:
                to_ascii(parse_address(address))
        except AddressError as error:
            raise SenderRefused(error.wording) from None


def _s(time: timedelta) -> str:
    return f"{time.total_seconds():g}"


def _within(actor: Actor, school_ids: Collection[int] | None) -> frozenset[int] | None:
    """Return the schools whose mails are sent: those asked for that are the actor's."""
    if actor.schools is None:
        return None if school_ids is None else frozenset(school_ids)
    return actor.schools if school_ids is None else actor.schools & frozenset(school_ids)


# --- the database, in a thread ------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class _Letter:
    """A claimed mail with all that its rendering needs. `claimed` is a monotonic time."""

    claim: Claim
    facts: Any
    claimed: float


class _Store:
    """What a sender does to the outbox; each call is one short transaction in a thread.

    Claims have a thread of their own: they lock nothing that another is changing, and results
    need not wait for them. All else has one, so that two never wait for each other.
    """

    def __init__(
        self,
        engine: Engine,
        key: Key,
        clock: Callable[[], datetime],
        lease: timedelta,
        schools: frozenset[int] | None,
    ) -> None:
        self.worker = outbox.worker_name()
        self.clock = clock
        self._engine, self._lease, self._schools = engine, lease, schools
        self._thread = ThreadPoolExecutor(1, "outbox")
        self._claiming = ThreadPoolExecutor(1, "claims")
        self._randomness = Random()

    def close(self) -> None:
        self._claiming.shutdown(wait=True)
        self._thread.shutdown(wait=True)

    async def claim(self, limit: int) -> list[_Letter]:
        loop = asyncio.get_running_loop()
        return await loop.run_in_executor(self._claiming, self._work, self._claim, (limit,), 1)

    async def settle(self, results: Sequence[Settled]) -> None:
        await self._in_thread(
            outbox.settle, self.worker, results, self._randomness, attempts=_PATIENCE
        )

    async def extend(self) -> None:
        await self._in_thread(outbox.extend, self.worker, self._lease)

    async def release(self, mail_ids: Sequence[int]) -> None:
        await self._in_thread(outbox.release, self.worker, mail_ids)

    async def begin(self) -> outbox.OutboxCounts:
        """Close what can never be sent; return how many mails are open."""
        return await self._in_thread(self._begin)

    async def end(self) -> outbox.OutboxCounts:
        """Give back all that is still claimed; return how many mails are open."""
        return await self._in_thread(self._end)

    async def is_something_due(self) -> bool:
        moment = await self._in_thread(outbox.next_due, self._schools)
        return moment is not None and moment <= self.clock()

    def _begin(self, session: ActorSession) -> outbox.OutboxCounts:
        outbox.sweep(session, self._schools)
        return outbox.counts(session, self._schools)

    def _end(self, session: ActorSession) -> outbox.OutboxCounts:
        outbox.release(session, self.worker)
        return outbox.counts(session, self._schools)

    def _claim(self, session: ActorSession, limit: int) -> list[_Letter]:
        started = time.monotonic()
        claims = outbox.claim(session, self.worker, limit, self._lease, self._schools)
        facts = _facts_of(session, [claim.mail_id for claim in claims])
        return [_Letter(claim, facts[claim.mail_id], started) for claim in claims]

    async def _in_thread(self, work: Callable[..., T], *args: Any, attempts: int = 1) -> T:
        loop = asyncio.get_running_loop()
        return await loop.run_in_executor(self._thread, self._work, work, args, attempts)

    def _work(self, work: Callable[..., T], args: Sequence[Any], attempts: int) -> T:
        while True:
            attempts -= 1
            try:
                with told_in_words(), writing(self._engine, SYSTEM, self.clock()) as session:
                    return work(session, *args)
            except DataBusy:
                if not attempts:
                    raise
                time.sleep(0.5)


def _facts_of(session: ActorSession, mail_ids: Sequence[int]) -> dict[int, Any]:
    """Return what the rendering of mails needs, in one read."""
    rows = session.execute(_for_rendering(), {"mails": mail_ids})
    return {row[0]: row for row in rows}


#: Where the columns of the school begin in what `_for_rendering` reads.
_SCHOOL = 11


@cache
def _for_rendering() -> Any:
    return (
        select(  # type: ignore[call-overload]
            Mail.id, Person.surname, Person.first_name, col(Service.name).label("service"),
            Invitation.valid_until, col(Account.name).label("account"), Mail.values,
            col(Headship.id).label("headship"), col(Headship.first_name).label("head_first_name"),
            col(Headship.surname).label("head_surname"),
            col(HeadnetPassword.takes_effect_at).label("works_from"),
            col(School.name).label("school"), School.time_zone,
            School.language, School.contact_name, School.contact_email, School.contact_phone,
        )
        .select_from(Mail)
        .outerjoin(Person, col(Person.id) == Mail.person_id)
        .outerjoin(School, col(School.id) == Mail.school_id)
        .outerjoin(Account, col(Account.id) == Mail.account_id)
        .outerjoin(Access, col(Access.id) == Mail.access_id)
        .outerjoin(Service, col(Service.id) == Access.service_id)
        .outerjoin(Invitation, col(Invitation.mail_id) == Mail.id)
        .outerjoin(Headship, col(Headship.id) == Mail.headship_id)
        .outerjoin(HeadnetPassword, col(HeadnetPassword.mail_id) == Mail.id)
        .where(among(Mail.id, "mails"))
    )  # fmt: skip


# --- rendering ----------------------------------------------------------------------------


class _Renderer:
    """Makes the bytes of mails, with each template prepared once for its school and language."""

    def __init__(self, letterhead: Letterhead, key: Key) -> None:
        self._letterhead, self._key = letterhead, key
        self._prepared: OrderedDict[Any, Prepared] = OrderedDict()

    def render(self, letter: _Letter) -> bytes:
        """Return the message; raises AddressError or ValueError where that is not possible."""
        claim, facts = letter.claim, letter.facts
        language = claim.language if claim.language in LANGUAGES else facts.language
        return self._template(claim.template, language or DEFAULT_LANGUAGE, facts).fill(
            MessageValues(
                recipient=claim.recipient,
                name=_name(facts),
                mark=mark_for_message(self._key, TOKEN_PURPOSE, claim.mail_id, claim.generation),
                prepared_at=claim.queued_at,
                number=claim.generation,
                identifier=claim.recipient,
                token=self._token(claim),
                valid_until=facts.valid_until or claim.expires_at,
                works_from=facts.works_from,
            ),
            self._attachment(facts),
        )

    def _attachment(self, facts: Any) -> Attachment | None:
        """Return the file of a mail whose row holds what it says, made anew each time."""
        values = facts.values or {}
        if (text := values.get(TEXT_FILE)) is not None:
            return Attachment("diagnostic.txt", 'text/plain; charset="utf-8"', text.encode())
        packed = values.get(CALENDAR)
        if packed is None:
            return None
        from services.calendar_files import attachment

        return attachment(packed, organizer=self._letterhead.sender)

    def _token(self, claim: Claim) -> str:
        if claim.account_id is not None:
            purpose = _PURPOSES.get(claim.template)
            if purpose is None:
                return ""
            return make_token(self._key, purpose, claim.account_id, claim.generation)
        if claim.headship_id is not None:
            if claim.template != HEADNET_PASSWORD:
                return ""
            return make_token(self._key, HEADNET_PURPOSE, claim.headship_id, claim.generation)
        if claim.access_id is None:
            return ""
        return make_token(self._key, TOKEN_PURPOSE, claim.access_id, claim.generation)

    def _batch(self, facts: Any) -> BatchValues:
        head = self._letterhead
        if facts.account is not None:
            return self._of_account(facts.values or {})
        service = HEADNET if facts.headship is not None else facts.service or ""
        return BatchValues(
            school=facts.school or "",
            service=service,
            sign_in_at=head.sign_in_at or service,
            contact=_contact(facts),
            sender_address=head.sender,
            zone=ZoneInfo(facts.time_zone or DEFAULT_TIME_ZONE),
            reply_to=_usable((facts.values or {}).get(REPLY_TO))
            or head.reply_to
            or _usable(facts.contact_email),
            letter=facts.values or {},
        )

    def _of_account(self, values: dict[str, str]) -> BatchValues:
        """Return what is said in mails about an account, which is of no school in particular."""
        head = self._letterhead
        return BatchValues(
            school=values.get("school", ""),
            service=PRODUCT,
            sign_in_at=head.sign_in_at or PRODUCT,
            contact=values.get("contact") or head.reply_to or head.sender,
            sender_address=head.sender,
            zone=ZoneInfo(values.get("zone") or DEFAULT_TIME_ZONE),
            sender_name=values.get("school") or PRODUCT,
            reply_to=head.reply_to,
        )

    def _template(self, name: str, language: str, facts: Any) -> Prepared:
        letterhead = tuple((facts.values or {}).items())
        account = facts.account is not None
        service = (facts.service, facts.headship is not None)
        wanted = (name, language, account, letterhead, service, *facts[_SCHOOL:])
        if wanted not in self._prepared:
            self._prepared[wanted] = prepare(name, language, self._batch(facts))
            if len(self._prepared) > _TEMPLATES_KEPT:
                self._prepared.popitem(last=False)
        return self._prepared[wanted]


def _name(facts: Any) -> str:
    if facts.headship is not None:
        return f"{facts.head_first_name} {facts.head_surname}"
    return facts.account or f"{facts.first_name or ''} {facts.surname or ''}"


def _contact(facts: Any) -> str:
    """Return whom to ask, in one line: the school itself where it names nobody."""
    parts = (facts.contact_name, facts.contact_email, facts.contact_phone)
    return ", ".join(part for part in parts if part) or facts.school or ""


def _usable(address: str | None) -> str:
    try:
        return parse_address(address) if address else ""
    except AddressError:
        return ""


# --- the run ------------------------------------------------------------------------------


class _Sender:
    """One run: workers deliver what was claimed, one task writes the results down."""

    def __init__(
        self,
        store: _Store,
        settings: MailSettings,
        letterhead: Letterhead,
        key: Key,
        limit: int | None,
        stop: asyncio.Event,
        pause: float,
    ) -> None:
        self._store, self._letterhead, self._key = store, letterhead, key
        self._renderer = _Renderer(letterhead, key)
        self._left, self._stop, self._pause = limit, stop, pause
        # At less than a mail a second, a second worker would wait for its turn long after
        # its mail was checked.
        slow = 0 < settings.rate < settings.connections
        self._connections = max(1, int(settings.rate)) if slow else settings.connections
        self._last_wait = _LAST_WAIT + (1 / settings.rate if settings.rate else 0)
        self._size = window(self._connections)
        self._window = asyncio.Semaphore(self._size)
        self._waiting: deque[_Letter] = deque()
        self._choosing = asyncio.Lock()
        self._coming: asyncio.Task[list[_Letter]] | None = None
        self._wanted, self._more = 0, False
        self._claimed_at, self._done_then = 0.0, 0
        self._first = min(_FIRST_BATCH, int(settings.rate) or _FIRST_BATCH)
        self._results: list[Settled] = []
        self._to_settle, self._enough = asyncio.Event(), asyncio.Event()
        self._closing = False
        self._seen: Counter[Result] = Counter()
        self._total: int | None = None
        self._open = outbox.OutboxCounts(0, 0, 0)
        self._drained = False
        self._failures, self._failed_at = 0, 0.0
        self._unreachable: Wording | None = None
        self._stopped: Wording | None = None
        self._trouble: Exception | None = None

    async def run(
        self, transport: Transport, watch: bool, progress: Report | None, heartbeat: timedelta
    ) -> SendResult:
        started = time.monotonic()
        async with self._company(progress, heartbeat.total_seconds()):
            await self._send_due(transport)
            while watch and not self._ended():
                await self._wait_for_more()
                await self._send_due(transport)
        if self._trouble is not None:
            raise self._trouble
        if progress is not None:
            progress(self._done, self._done)
        return self._result(time.monotonic() - started)

    def _result(self, seconds: float) -> SendResult:
        seen = self._seen
        return SendResult(
            sent=seen[Result.SENT],
            retry=seen[Result.RETRY] + seen[Result.FULL],
            refused=seen[Result.REFUSED],
            uncertain=seen[Result.UNCERTAIN],
            held=seen[Result.HELD],
            remaining=self._open.remaining,
            seconds=round(seconds, 3),
            stopped=self._stopped or self._unreachable,
        )

    def _ended(self) -> bool:
        """Tell whether nothing new may leave any more."""
        return self._stop.is_set() or (self._left is not None and self._left <= 0)

    @property
    def _done(self) -> int:
        return sum(self._seen.values())

    def _end(self, trouble: Exception) -> None:
        """End the run for what `run` raises once everything is in order."""
        self._trouble = self._trouble or trouble
        self._stop.set()

    # Beside the deliveries

    @asynccontextmanager
    async def _company(self, progress: Report | None, heartbeat: float) -> AsyncIterator[None]:
        """Run heartbeat, reports and settling beside the deliveries, and end them in order."""
        beside = [
            asyncio.create_task(self._beat(heartbeat)),
            asyncio.create_task(self._report(progress)),
        ]
        settling = asyncio.create_task(self._settle())
        try:
            yield
        finally:
            for task in beside:
                task.cancel()
            await asyncio.gather(*beside, return_exceptions=True)
            self._closing = True
            self._to_settle.set()
            self._enough.set()
            await settling
            await self._give_back()

    async def _beat(self, period: float) -> None:
        while True:
            await asyncio.sleep(period)
            try:
                await self._store.extend()
            except TrousseauError as error:
                self._end(error)

    async def _report(self, progress: Report | None) -> None:
        while progress is not None:
            try:
                total = self._total
                progress(self._done, None if total is None else max(total, self._done))
            except Exception as asked:  # whatever it raises is its way to ask for an end
                self._end(asked)
                return
            await asyncio.sleep(_REPORT_PERIOD)

    async def _settle(self) -> None:
        """Write results down, many in one commit, until the end."""
        while self._results or not self._closing:
            await self._gather()
            results, self._results = self._results, []
            try:
                if results:
                    await self._store.settle(results)
            except TrousseauError as error:
                self._end(error)
            for _result in results:
                self._window.release()

    async def _gather(self) -> None:
        """Let results come, but never so many that deliveries wait for the commit."""
        await self._to_settle.wait()
        try:
            async with asyncio.timeout(_GATHER):
                await self._enough.wait()
        except TimeoutError:
            pass
        self._to_settle.clear()
        self._enough.clear()

    async def _give_back(self) -> None:
        try:
            self._open = await self._store.end()
        except TrousseauError as error:
            self._end(error)

    async def _wait_for_more(self) -> None:
        """Wait until a mail is due, or an unreachable server has had its pause."""
        if self._unreachable is not None:
            pause = min(_LONGEST_PAUSE, self._pause * 2 ** min(self._failures, 10))
            await self._sleep(pause)
            return
        for _look in range(int(_LONGEST_PAUSE / _WATCH_PERIOD)):
            await self._sleep(_WATCH_PERIOD)
            if self._stop.is_set() or await self._store.is_something_due():
                return

    async def _sleep(self, seconds: float) -> None:
        """Sleep, but not beyond the order to stop."""
        try:
            async with asyncio.timeout(seconds):
                await self._stop.wait()
        except TimeoutError:
            pass

    # Delivering

    async def _send_due(self, transport: Transport) -> None:
        """Send what is due, and what only waited for another mail to the same reader."""
        while True:
            before = self._done
            await self._drain(transport)
            if self._done == before or self._ended() or self._unreachable is not None:
                return
            await self._until_settled()
            if not await self._store.is_something_due():
                return

    async def _until_settled(self) -> None:
        """Wait until every result is written down: what waits for a mail sees then that it left."""
        for _place in range(self._size):
            await self._window.acquire()
        for _place in range(self._size):
            self._window.release()

    async def _drain(self, transport: Transport) -> None:
        """Send until nothing is due, or sending has to end."""
        self._drained, self._unreachable, self._wanted = False, None, 0
        looking = asyncio.create_task(self._look())
        workers = {asyncio.create_task(self._work(transport)) for _ in range(self._connections)}
        try:
            await self._until_done(workers)
        finally:
            for worker in workers:
                worker.cancel()
            await asyncio.gather(looking, *workers, return_exceptions=True)
            # While this sender watches on, its heartbeat would hold them for ever.
            await self._give_back_waiting()

    async def _look(self) -> None:
        """Close what can never be sent, and see how much there is to do."""
        done, left = self._done, self._left
        try:
            due = (await self._store.begin()).due
        except Exception as error:
            self._end(error)
        else:
            self._total = done + (due if left is None else min(due, left))

    async def _until_done(self, workers: Collection["asyncio.Task[None]"]) -> None:
        stopped = asyncio.create_task(self._stop.wait())
        pending = set(workers)
        try:
            while pending and not stopped.done():
                done, _pending = await asyncio.wait(
                    {*pending, stopped}, return_when=asyncio.FIRST_COMPLETED
                )
                pending -= done
            if pending:
                await asyncio.wait(pending, timeout=self._last_wait)
        finally:
            stopped.cancel()

    async def _work(self, transport: Transport) -> None:
        """Deliver one mail after the other, on what comes to be one connection."""
        try:
            while letter := await self._next():
                await self._window.acquire()
                await self._deliver(transport, letter)
        except Exception as error:
            self._end(error)

    async def _next(self) -> _Letter | None:
        """Return the next mail to deliver, None where there is none or sending has to end."""
        async with self._choosing:
            if self._waiting and time.monotonic() - self._waiting[0].claimed > FRESH:
                await self._give_back_waiting()
            if self._ended() or self._drained or self._unreachable is not None:
                return None
            if not self._waiting and not await self._claim():
                self._drained = True
                return None
            if self._ended():
                return None
            if self._left is not None:
                self._left -= 1
            letter = self._waiting.popleft()
            self._claim_ahead()
            return letter

    async def _give_back_waiting(self) -> None:
        """Give back what is claimed and on no connection yet."""
        if self._coming is not None:
            await asyncio.wait((self._coming,))
            if self._coming.exception() is None:
                self._waiting.extend(self._coming.result())
            self._coming = None
        if waiting := [letter.claim.mail_id for letter in self._waiting]:
            self._waiting.clear()
            await self._store.release(waiting)

    async def _claim(self) -> bool:
        """Claim mails, where they are not coming yet; tell whether there were any."""
        if self._coming is None:
            self._coming = asyncio.create_task(self._store.claim(self._batch()))
        # Who is cancelled here leaves them coming, to be given back.
        letters = await asyncio.shield(self._coming)
        self._coming = None
        self._claimed_at, self._done_then = time.monotonic(), self._done
        self._waiting.extend(letters)
        self._more = len(letters) == self._wanted
        return bool(letters)

    def _claim_ahead(self) -> None:
        """Let the next mails come while the last of those before are sent."""
        waiting = len(self._waiting)
        enough = self._left is not None and self._left <= waiting
        if self._more and not enough and self._coming is None and waiting < _AHEAD * self._pace():
            self._coming = asyncio.create_task(self._store.claim(self._batch()))

    def _batch(self) -> int:
        """Return how many to claim: about as many as are sent in a second."""
        wanted = self._first
        if self._wanted:
            wanted = min(int(self._pace()), self._wanted * _GROWTH, _LARGEST_BATCH)
        wanted = max(_SMALLEST_BATCH, wanted)
        if self._left is not None:
            wanted = min(wanted, self._left - len(self._waiting))
        self._wanted = wanted
        return wanted

    def _pace(self) -> float:
        """Return how many mails a second were sent since the last were claimed."""
        return (self._done - self._done_then) / max(0.001, time.monotonic() - self._claimed_at)

    async def _deliver(self, transport: Transport, letter: _Letter) -> None:
        claim = letter.claim
        sender = self._letterhead.envelope_sender(self._key, claim.mail_id, claim.generation)
        try:
            outcome = self._unfit(letter)
            if isinstance(outcome, bytes):
                outcome = await transport.deliver(sender, claim.recipient, outcome)
        except asyncio.CancelledError:
            self._note(claim, Outcome(Result.UNCERTAIN, reason=_interrupted()))
            raise
        self._note(claim, outcome)
        await self._heed(outcome)

    def _unfit(self, letter: _Letter) -> bytes | Outcome:
        """Return the message, or what keeps it from being made."""
        try:
            return self._renderer.render(letter)
        except AddressError as error:
            return Outcome(Result.REFUSED, reason=error.wording)
        except ValueError:
            return Outcome(Result.HELD, reason=say("This program has no text for such a mail."))

    def _note(self, claim: Claim, outcome: Outcome) -> None:
        self._results.append(Settled(claim.mail_id, outcome, self._store.clock()))
        self._to_settle.set()
        if len(self._results) >= self._size // 2:
            self._enough.set()
        if not _is_about_server(outcome):
            self._seen[outcome.result] += 1

    async def _heed(self, outcome: Outcome) -> None:
        """Draw the conclusions for what follows: go on, pause, or end."""
        if not _is_about_server(outcome):
            self._failures = 0
            return
        if self._left is not None:
            self._left += 1
        if outcome.result is Result.STOP:
            self._stopped = _words_of(outcome)
            self._stop.set()
            return
        # All connections fail at once: that is one failure.
        if time.monotonic() - self._failed_at >= self._pause:
            self._failed_at = time.monotonic()
            self._failures += 1
        if self._failures >= _PATIENCE or not self._seen[Result.SENT]:
            self._unreachable = _words_of(outcome)
            return
        await self._sleep(self._pause)


def _is_about_server(outcome: Outcome) -> bool:
    return outcome.about_server or outcome.result is Result.STOP


def _words_of(outcome: Outcome) -> Wording:
    if outcome.reason is not None:
        return outcome.reason
    words = f"{outcome.code or ''} {outcome.words}".strip()
    return say("The mail server says: %(words)s", words=words)


def _interrupted() -> Wording:
    return say("The sending was interrupted in the middle of this mail: it may have arrived.")
