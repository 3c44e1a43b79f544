"""Sending over real SMTP, on both databases: what leaves, what does not, what is written down."""

import asyncio
import re
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager, suppress
from dataclasses import dataclass, replace
from datetime import time, timedelta
from pathlib import Path
from typing import Any
from zoneinfo import ZoneInfo

import pytest
from sqlalchemy import select, update
from sqlmodel import col

from models.access import Access, Suspension
from models.consents import Consent
from models.database import SYSTEM, Actor, OutOfScope, change, writing
from models.invitations import TOKEN_PURPOSE, Invitation
from models.keys import Key
from models.mail import Mail
from models.people import Person, Post
from models.tokens import make_token, read_bounce_mark
from services import invitation_status, outbox, plans
from services.calendar_files import CalendarEvent, Deadline, packed
from services.imports.roster import Cancelled
from services.invitation_status import InvitationQuery, InvitationRow
from services.invitations import plan_invitations
from services.mail.replies import Outcome, Result
from services.mail.sender import CALENDAR, Letterhead, SenderRefused, SendResult, send
from services.mail.url import MailSettings, mail_settings
from services.outbox import Settled
from tests import calendars
from tests.servers import DROP, SILENCE, MailServer
from tests.worlds import NOW, World, make_world

KEY = Key(bytes(range(32)))
BOTH_FORMS = ["text/plain", "text/html"]
LETTERHEAD = Letterhead("trousseau@ecole.example", bounces="retours@mail.ecole.example")


@pytest.fixture
def light(sqlite_engine: Any) -> World:
    """A world on one database alone, for what is no matter of databases."""
    return make_world(sqlite_engine)


def settings_for(server: MailServer, **changes: Any) -> MailSettings:
    return replace(mail_settings(server.url), timeout=5.0, final_timeout=5.0, **changes)


def invite(world: World, **wanted: Any) -> None:
    school = wanted.pop("school", world.mine)
    plan = world.desk.write(plan_invitations, school, world.year, **wanted)
    world.desk.write(plans.apply, plan)


async def deliver(world: World, server: MailServer, **options: Any) -> SendResult:
    settings = options.pop("settings", None) or settings_for(server)
    options = {"clock": world.clock, "pause": 0.0, **options}
    return await send(world.engine, settings, KEY, LETTERHEAD, **options)


def invitations(world: World, state: str | None = None) -> list[InvitationRow]:
    query = InvitationQuery(world.mine, world.year, state)
    return world.desk.read(invitation_status.rows, query)


def only(world: World) -> InvitationRow:
    (row,) = invitations(world)
    return row


def edit(world: World, table: Any, where: Any, **values: Any) -> None:
    with writing(world.engine, SYSTEM, world.clock()) as session:
        assert change(session, table, where, **values)


def one_mail(world: World) -> Any:
    with writing(world.engine, SYSTEM, NOW) as session:
        return session.scalars(select(Mail)).one()


# --- what leaves --------------------------------------------------------------------------


async def test_whole_team_is_sent_once_each_with_its_own_token(
    world: World, mail_server: MailServer
) -> None:
    members = world.people(60)
    invite(world)
    result = await deliver(world, mail_server)
    assert (result.sent, result.remaining, result.stopped) == (60, 0, None)
    assert len(mail_server.messages) == len(set(mail_server.recipients)) == 60
    tokens = {make_token(KEY, TOKEN_PURPOSE, member.access, 1) for member in members}
    found = {
        re.search(r"[0-9A-Z]{5}(-[0-9A-Z]{5}){4}", mail.text)[0] for mail in mail_server.messages
    }  # type: ignore[index]
    assert found == tokens
    assert {row.state for row in invitations(world)} == {"sent"}
    assert {(row.attempts, row.reply) for row in invitations(world)} == {(1, "250 2.0.0 OK: kept")}


async def test_mail_says_who_what_until_when_and_whom_to_ask(
    light: World, mail_server: MailServer
) -> None:
    light.person(surname="D’Hondt", first_name="Noémie", email="noemie@courriel.example")
    invite(light)
    await deliver(light, mail_server)
    (mail,) = mail_server.messages
    message = mail.message
    assert message["From"].addresses[0].addr_spec == "trousseau@ecole.example"
    assert message["From"].addresses[0].display_name == "Institut Saint-Exemple"
    assert message["To"].addresses[0].display_name == "Noémie D’Hondt"
    assert message["Reply-To"].addresses[0].addr_spec == "secretariat@ecole.example"
    assert message["Subject"] == "Votre accès à Extranet – Institut Saint-Exemple"
    assert "mardi 15 septembre 2026 à 10:00" in mail.text
    assert "Anne Lecomte, secretariat@ecole.example" in mail.text
    assert "noemie@courriel.example" in mail.text
    local, _, domain = mail.sender.partition("@")
    assert domain == "mail.ecole.example" and local.startswith("retours+")
    assert read_bounce_mark(KEY, mail.sender) == (one_mail(light).id, 1)


async def test_calendar_file_is_made_when_the_mail_is_sent(
    light: World, mail_server: MailServer
) -> None:
    light.people(2)
    invite(light)
    starts, ends, zone = time(9), time(15, 30), ZoneInfo("Europe/Brussels")
    event = CalendarEvent("V-42", "Évaluer ; puis…", NOW.date(), 2, starts, ends, zone, NOW)
    kept = packed(event, [Deadline("invoice", "Facture due", NOW.date())])
    with writing(light.engine, SYSTEM, NOW) as session:
        session.scalars(select(Mail)).first().values = {CALENDAR: kept}  # type: ignore[union-attr]
    assert len(kept) < 600
    await deliver(light, mail_server)
    with_file, without = sorted(mail_server.messages, key=lambda m: -len(m.message.as_bytes()))
    assert [each.get_content_type() for each in without.message.iter_parts()] == BOTH_FORMS
    inner, file = with_file.message.iter_parts()
    assert [each.get_content_type() for each in inner.iter_parts()] == BOTH_FORMS
    assert (file.get_content_type(), file.get_filename()) == ("text/calendar", "V-42.ics")
    assert file.get_param("method") == "PUBLISH" and file.get_content_charset() == "utf-8"
    calendar = calendars.read(file.get_payload(decode=True))
    assert calendar["METHOD"].value == "PUBLISH"
    workshop, invoice = calendar.all("VEVENT")
    assert workshop["SUMMARY"].text == "Évaluer ; puis…"
    assert workshop["ORGANIZER"].value == f"mailto:{LETTERHEAD.sender}"
    assert calendars.day(invoice) == NOW.date()


async def test_mail_whose_calendar_cannot_be_made_is_told_and_holds_up_nobody(
    light: World, mail_server: MailServer
) -> None:
    light.people(2)
    invite(light)
    with writing(light.engine, SYSTEM, NOW) as session:
        session.scalars(select(Mail)).first().values = {CALENDAR: "{}"}  # type: ignore[union-attr]
    result = await deliver(light, mail_server)
    assert (result.sent, len(mail_server.messages)) == (1, 1)
    assert result.remaining + result.refused == 1


async def test_mail_sent_again_says_so_and_cancels_the_former(
    world: World, mail_server: MailServer
) -> None:
    member = world.person()
    invite(world)
    await deliver(world, mail_server)
    world.clock.now += timedelta(hours=4, minutes=3)
    invite(world, again=True)
    await deliver(world, mail_server)
    first, second = mail_server.messages
    assert second.message["Subject"].endswith("(n°\u00a02, 14:03)")
    assert first.message["Message-ID"] != second.message["Message-ID"]
    assert make_token(KEY, TOKEN_PURPOSE, member.access, 2) in second.text
    assert sorted(row.state for row in invitations(world)) == ["replaced", "sent"]


async def test_language_is_the_persons(light: World, mail_server: MailServer) -> None:
    light.person(language="en")
    invite(light)
    await deliver(light, mail_server)
    assert mail_server.messages[0].message["Content-Language"] == "en"


async def test_hostile_names_stay_text(light: World, mail_server: MailServer) -> None:
    names = [
        "Bob\r\nBcc: all@evil.example",
        "<script>alert(1)</script>",
        "=?utf-8?q?=0d=0aX:_y?=",
        "\x1b]52;c;aGk=\x07",
        "{token} %(token)s",
        "\u202egnp.exe",
        "x" * 10_000,
    ]
    for number, name in enumerate(names):
        light.person(surname=f"{number}", first_name=name, email=f"p{number}@courriel.example")
    invite(light)
    result = await deliver(light, mail_server)
    assert result.sent == len(names)
    assert sorted(mail_server.recipients) == [f"p{n}@courriel.example" for n in range(len(names))]
    for mail in mail_server.messages:
        message = mail.message
        assert message["Bcc"] is None and message["X"] is None
        assert len(message["To"].addresses) == 1
        assert b"\x1b" not in mail.content
        html = message.get_body(("html",)).get_content()  # type: ignore[union-attr]
        assert "<script>" not in html and "\u202e" not in html


# --- no consent, no mail ------------------------------------------------------------------

WITHDRAWN = {
    "consent withdrawn": (Consent, {"withdrawn_at": NOW}),
    "personal address changed": (
        Person,
        {"personal_email": "x@courriel.example", "personal_email_key": "x@courriel.example"},
    ),
    "address removed": (Person, {"personal_email": None, "personal_email_key": None}),
    "activated meanwhile": (Access, {"activated_at": NOW, "activation": "known"}),
    "role gone": (Post, {"function": ""}),
    "invitation cancelled": (Invitation, {"cancelled_at": NOW}),
    "invitation replaced": (Invitation, {"replaced_at": NOW}),
}


@pytest.mark.parametrize("what", WITHDRAWN)
async def test_nothing_leaves_for_whom_it_no_longer_may(
    world: World, mail_server: MailServer, what: str
) -> None:
    world.person()
    invite(world)
    table, values = WITHDRAWN[what]
    edit(world, table, table.id == 1, **values)
    result = await deliver(world, mail_server)
    assert (result.sent, result.remaining) == (0, 0)
    assert mail_server.messages == []
    assert only(world).state == ("replaced" if what.endswith("replaced") else "cancelled")
    assert one_mail(world).cancelled_at or what.endswith("replaced")


async def test_nothing_leaves_for_the_suspended(world: World, mail_server: MailServer) -> None:
    member = world.person()
    invite(world)
    with writing(world.engine, SYSTEM, NOW) as session:
        session.add(
            Suspension(access_id=member.access, school_id=world.mine, from_at=NOW, reason="absent")
        )
    assert (await deliver(world, mail_server)).sent == 0
    assert mail_server.messages == []


async def test_consent_withdrawn_before_a_later_try_stops_it(
    world: World, mail_server: MailServer
) -> None:
    world.person()
    invite(world)
    mail_server.answer("RCPT", "450 4.2.0 later", times=1)
    assert (await deliver(world, mail_server)).retry == 1
    edit(world, Consent, Consent.id == 1, withdrawn_at=NOW)
    world.clock.now += timedelta(hours=1)
    result = await deliver(world, mail_server)
    assert (result.sent, result.remaining, mail_server.messages) == (0, 0, [])
    assert only(world).address_to_pass_on == ""


async def test_expired_mail_is_closed_and_not_sent(world: World, mail_server: MailServer) -> None:
    world.person()
    invite(world)
    world.clock.now += timedelta(days=14)
    result = await deliver(world, mail_server)
    assert (result.sent, result.remaining, mail_server.messages) == (0, 0, [])
    assert only(world).state == "expired"


# --- what servers answer ------------------------------------------------------------------


async def test_refused_for_good_is_final(world: World, mail_server: MailServer) -> None:
    world.person()
    invite(world)
    mail_server.answer("RCPT", "550 5.1.1 <x>: User unknown")
    result = await deliver(world, mail_server)
    assert (result.refused, result.remaining) == (1, 0)
    row = only(world)
    assert (row.state, row.reply) == ("refused", "550 5.1.1 <x>: User unknown")


async def test_refused_for_now_is_tried_again_on_schedule(
    world: World, mail_server: MailServer
) -> None:
    world.person()
    invite(world)
    mail_server.answer("RCPT", "450 4.7.1 greylisted", times=2)
    for minutes, attempts in ((1, 1), (5, 2)):
        result = await deliver(world, mail_server)
        assert (result.retry, result.remaining) == (1, 1)
        row = only(world)
        assert (row.state, row.attempts, row.reply) == ("queued", attempts, "450 4.7.1 greylisted")
        assert row.next_attempt_at is not None
        wait = row.next_attempt_at - world.clock()
        assert timedelta(minutes=minutes * 0.75) <= wait <= timedelta(minutes=minutes * 1.25)
        assert (await deliver(world, mail_server)).retry == 0
        world.clock.now = row.next_attempt_at
    assert (await deliver(world, mail_server)).sent == 1
    assert only(world).attempts == 3


async def test_tried_now_when_somebody_asks(light: World, mail_server: MailServer) -> None:
    light.person()
    invite(light)
    mail_server.answer("DATA", "554 5.7.1 blocked by policy", times=1)
    assert (await deliver(light, mail_server)).held == 1
    row = only(light)
    assert (row.state, row.reply) == ("held", "554 5.7.1 blocked by policy")
    assert (await deliver(light, mail_server)).remaining == 1
    assert light.director(light.other).write(outbox.try_now, [row.mail_id or 0]) == 0
    assert light.director().write(outbox.try_now, [row.mail_id or 0]) == 1
    assert (await deliver(light, mail_server)).sent == 1


@pytest.mark.parametrize("silence", [DROP, SILENCE])
async def test_no_answer_to_the_last_byte_is_uncertain_and_tried_again(
    world: World, mail_server: MailServer, silence: str
) -> None:
    world.person()
    invite(world)
    mail_server.answer("DATA", silence, times=1)
    settings = replace(settings_for(mail_server), final_timeout=0.2)
    result = await deliver(world, mail_server, settings=settings)
    assert (result.uncertain, result.remaining) == (1, 1)
    row = only(world)
    assert row.state == "uncertain" and row.reason is not None and row.next_attempt_at is not None
    world.clock.now = row.next_attempt_at
    assert (await deliver(world, mail_server)).sent == 1
    assert only(world).state == "sent"
    first, second = mail_server.messages
    assert first.content == second.content


async def test_sign_in_refused_stops_the_run_and_says_why(light: World) -> None:
    light.people(30)
    invite(light)
    with MailServer(user="trousseau", password="right") as server:
        settings = replace(settings_for(server), user="trousseau", password="wrong")
        result = await deliver(light, server, settings=settings)
    assert (result.sent, result.remaining) == (0, 30)
    assert result.stopped is not None and "535" in result.stopped.text()
    assert {(row.state, row.attempts) for row in invitations(light)} == {("queued", 0)}
    assert light.desk.read(outbox.counts).due == 30


async def test_unreachable_server_leaves_everything_due(
    light: World, mail_server: MailServer
) -> None:
    light.people(10)
    invite(light)
    settings = replace(settings_for(mail_server), port=1)
    result = await deliver(light, mail_server, settings=settings)
    assert (result.sent, result.remaining) == (0, 10) and result.stopped is not None
    assert (await deliver(light, mail_server)).sent == 10


async def test_lost_connections_lose_no_mail(world: World, mail_server: MailServer) -> None:
    world.people(30)
    invite(world)
    mail_server.answer("DATA", DROP, times=5)
    result = await deliver(world, mail_server)
    assert (result.sent, result.uncertain) == (25, 5)
    world.clock.now += timedelta(minutes=2)
    assert (await deliver(world, mail_server)).sent == 5
    assert len(set(mail_server.recipients)) == 30 and len(mail_server.messages) == 35


async def test_maildir_holds_what_would_have_been_sent(light: World, tmp_path: Path) -> None:
    light.people(5)
    invite(light)
    result = await send(
        light.engine, MailSettings(maildir=tmp_path / "mail"), KEY, LETTERHEAD, clock=light.clock
    )
    assert result.sent == 5
    assert len(list((tmp_path / "mail" / "new").iterdir())) == 5


# --- limits, schools, stopping ------------------------------------------------------------


async def test_limit_and_school_are_kept_to(world: World, mail_server: MailServer) -> None:
    world.people(6)
    world.people(4, world.other, email=None, school_email="info@ecole.example")
    invite(world)
    invite(world, school=world.other)
    director = Actor("director", "director", frozenset({world.other}))
    assert (await deliver(world, mail_server, actor=director)).sent == 4
    assert (await deliver(world, mail_server, actor=director, school_ids={world.mine})).sent == 0
    assert (await deliver(world, mail_server, limit=5)).sent == 5
    result = await deliver(world, mail_server, school_ids={world.mine})
    assert (result.sent, result.remaining) == (1, 0)


async def test_limit_holds_for_what_is_claimed_ahead(world: World, mail_server: MailServer) -> None:
    world.people(60)
    invite(world)
    result = await deliver(world, mail_server, limit=45)
    assert (result.sent, result.remaining) == (45, 15)
    assert (await deliver(world, mail_server)).sent == 15
    assert len(mail_server.messages) == len(set(mail_server.recipients)) == 60


@pytest.mark.parametrize("when", [1, 38, 60])
async def test_who_stops_it_holds_nothing_that_was_claimed_ahead(
    world: World, mail_server: MailServer, when: int
) -> None:
    world.people(120)
    invite(world)
    stop = asyncio.Event()
    sending = asyncio.create_task(deliver(world, mail_server, stop=stop))
    async for _try in _until(lambda: len(mail_server.messages) >= when):
        pass
    stop.set()
    sent = (await sending).sent
    assert sent == len(mail_server.messages) == len(invitations(world, "sent"))
    assert (await deliver(world, mail_server)).sent == 120 - sent
    assert len(set(mail_server.recipients)) == 120


async def test_watching_sends_what_comes_later_until_stopped(
    world: World, mail_server: MailServer, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("services.mail.sender._WATCH_PERIOD", 0.05)
    world.people(2)
    invite(world)
    stop = asyncio.Event()
    watching = asyncio.create_task(deliver(world, mail_server, watch=True, stop=stop))
    async for _try in _until(lambda: len(mail_server.messages) == 2):
        pass
    world.people(3, surname="Suivant")
    await asyncio.to_thread(invite, world)
    async for _try in _until(lambda: len(mail_server.messages) == 5):
        pass
    stop.set()
    assert (await watching).sent == 5


async def test_watching_outlasts_a_server_that_was_away(
    world: World, mail_server: MailServer
) -> None:
    """What was claimed when the server could not be reached is sent when it is back."""
    world.people(30)
    invite(world)
    async with _gateway(mail_server) as gateway:
        settings = replace(settings_for(mail_server), port=gateway.port)
        stop = asyncio.Event()
        watching = asyncio.create_task(
            deliver(world, mail_server, settings=settings, watch=True, stop=stop, pause=0.01)
        )
        async for _try in _until(lambda: gateway.turned_away >= 2):
            pass
        gateway.open = True
        async for _try in _until(lambda: len(mail_server.messages) == 30 or watching.done()):
            pass
        stop.set()
        assert (await watching).sent == 30


@dataclass
class _Gateway:
    """A port that turns callers away until it is opened, and then leads to a server."""

    port: int = 0
    open: bool = False
    turned_away: int = 0


@asynccontextmanager
async def _gateway(server: MailServer) -> AsyncIterator[_Gateway]:
    gateway = _Gateway()
    handled: set[asyncio.Task[None]] = set()

    async def copy(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        try:
            while content := await reader.read(65_536):
                writer.write(content)
        except OSError:
            pass  # the other side has hung up
        finally:
            await _close(writer)

    async def lead(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        if not gateway.open:
            gateway.turned_away += 1
            await _close(writer)
            return
        behind_reader, behind = await asyncio.open_connection(server.host, server.port)
        await asyncio.gather(copy(reader, behind), copy(behind_reader, writer))

    def receive(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        handled.add(asyncio.create_task(lead(reader, writer)))

    listening = await asyncio.start_server(receive, server.host, 0)
    gateway.port = listening.sockets[0].getsockname()[1]
    async with listening:
        yield gateway
        await asyncio.gather(*handled)


async def _close(writer: asyncio.StreamWriter) -> None:
    writer.close()
    with suppress(OSError):
        await writer.wait_closed()


async def _until(holds: Any) -> AsyncIterator[None]:
    while not holds():
        yield
        await asyncio.sleep(0.01)


async def test_who_stops_it_finds_the_rest_queued(world: World, mail_server: MailServer) -> None:
    world.people(80)
    invite(world)

    def report(done: int, total: int | None) -> None:
        assert total in (None, 80)
        if done >= 3:
            raise Cancelled

    settings = replace(settings_for(mail_server), rate=40.0)
    with pytest.raises(Cancelled):
        await deliver(world, mail_server, settings=settings, progress=report)
    sent = len(mail_server.messages)
    assert 3 <= sent < 40
    assert len(invitations(world, "sent")) == sent
    assert world.desk.read(outbox.counts).due == 80 - sent
    assert (await deliver(world, mail_server)).sent == 80 - sent
    assert len(mail_server.messages) == len(set(mail_server.recipients)) == 80


async def test_cancelled_task_gives_back_what_it_claimed(
    world: World, mail_server: MailServer
) -> None:
    world.people(40)
    invite(world)
    settings = replace(settings_for(mail_server), rate=50.0)
    task = asyncio.create_task(deliver(world, mail_server, settings=settings))
    async for _try in _until(lambda: len(mail_server.messages) >= 2):
        pass
    task.cancel()
    with pytest.raises(asyncio.CancelledError):
        await task
    states = [row.state for row in invitations(world)]
    assert states.count("sent") + states.count("uncertain") >= len(mail_server.messages)
    assert states.count("uncertain") <= settings.connections
    world.clock.now += timedelta(minutes=2)
    await deliver(world, mail_server)
    assert {row.state for row in invitations(world)} == {"sent"}


NOWHERE = mail_settings("smtp://127.0.0.1:1?timeout=5&final_timeout=5")


@pytest.mark.parametrize(("lease", "heartbeat"), [(59, 30), (14, 5)])
async def test_lease_that_could_end_in_a_delivery_is_refused(
    light: World, lease: int, heartbeat: int
) -> None:
    times = {"lease": timedelta(seconds=lease), "heartbeat": timedelta(seconds=heartbeat)}
    with pytest.raises(SenderRefused):
        await send(light.engine, NOWHERE, KEY, LETTERHEAD, clock=light.clock, **times)


async def test_sender_that_is_no_address_is_refused(light: World) -> None:
    letterhead = Letterhead("a@b.be\r\nBcc: x@y.be")
    with pytest.raises(SenderRefused):
        await send(light.engine, NOWHERE, KEY, letterhead, clock=light.clock)


# --- the outbox itself --------------------------------------------------------------------

LEASE = timedelta(minutes=5)


def claims(world: World, worker: str, limit: int = 10) -> list[int]:
    return [c.mail_id for c in world.desk.write(outbox.claim, worker, limit, LEASE)]


def test_claimed_by_one_worker_until_its_lease_ends(world: World) -> None:
    world.people(3)
    invite(world)
    first, second = outbox.worker_name(), outbox.worker_name()
    taken = claims(world, first, 2)
    assert len(taken) == 2
    left = claims(world, second)
    assert len(left) == 1 and not set(left) & set(taken)
    world.clock.now += timedelta(minutes=4)
    assert world.desk.write(outbox.extend, first, LEASE) == 2
    world.clock.now += timedelta(minutes=2)
    assert claims(world, "elsewhere|7|1|x") == left
    world.clock.now += timedelta(minutes=4)
    assert sorted(claims(world, "elsewhere|7|1|x")) == sorted(taken)


def test_process_that_has_ended_holds_nothing() -> None:
    name = outbox.worker_name()
    assert not outbox.is_gone(name)
    machine, pid, started, nonce = name.split("|")
    assert outbox.is_gone(f"{machine}|{pid}|{int(started) + 1}|{nonce}")
    assert outbox.is_gone(f"{machine}|4194305|{started}|{nonce}")
    assert not outbox.is_gone(f"another:1|4194305|{started}|{nonce}")
    assert not outbox.is_gone("nonsense")


def test_newer_mail_waits_for_the_older_that_is_on_its_way(world: World) -> None:
    member = world.person()
    invite(world)
    (old,) = claims(world, "elsewhere|7|1|x")
    edit(world, Invitation, col(Invitation.access_id) == member.access, replaced_at=NOW)
    with writing(world.engine, SYSTEM, NOW) as session:
        mail = session.get(Mail, old)
        assert mail is not None
        copied = {**mail.model_dump(exclude={"id", "claimed_by", "lease_until"}), "generation": 2}
        newer = Mail(**copied)
        session.add(newer)
        session.flush()
        session.add(
            Invitation(
                access_id=member.access, school_id=world.mine, mail_id=newer.id, generation=2,
                queued_at=NOW, valid_until=mail.expires_at,
            )
        )  # fmt: skip
    worker = outbox.worker_name()
    assert claims(world, worker) == []
    done = Settled(old, Outcome(Result.SENT, 250), NOW)
    world.desk.write(lambda s: outbox.settle(s, "elsewhere|7|1|x", [done], None))  # type: ignore[arg-type]
    assert claims(world, worker) == [old + 1]


def test_only_sent_counts_from_a_worker_that_lost_its_lease(world: World) -> None:
    world.people(2)
    invite(world)
    one, two = claims(world, "elsewhere|7|1|x")
    world.clock.now += timedelta(minutes=6)
    assert len(claims(world, outbox.worker_name())) == 2
    late = [
        Settled(one, Outcome(Result.REFUSED, 550), world.clock()),
        Settled(two, Outcome(Result.SENT, 250), world.clock()),
    ]
    world.desk.write(lambda s: outbox.settle(s, "elsewhere|7|1|x", late, None))  # type: ignore[arg-type]
    assert sorted(row.state for row in invitations(world)) == ["queued", "sent"]


def test_bounce_counts_even_where_sent_was_never_written(world: World) -> None:
    world.person()
    invite(world)
    (mail,) = claims(world, outbox.worker_name())
    assert not world.desk.write(outbox.record_bounce, mail, 2, "other generation")
    assert world.desk.write(outbox.record_bounce, mail, 1, "550 5.1.1 unknown")
    assert not world.desk.write(outbox.record_bounce, mail, 1, "again")
    sent = Settled(mail, Outcome(Result.SENT, 250, words="taken"), NOW)
    world.desk.write(lambda s: outbox.settle(s, "whoever", [sent], None))  # type: ignore[arg-type]
    row = only(world)
    assert (row.state, row.reply, row.sent_at) == ("bounced", "550 5.1.1 unknown", NOW)


def test_sweep_closes_what_can_never_be_sent(world: World) -> None:
    world.people(3)
    invite(world)
    edit(world, Invitation, Invitation.id == 1, replaced_at=NOW)
    with writing(world.engine, SYSTEM, NOW) as session:
        session.execute(
            update(Mail).where(col(Mail.id) == 2).values(expires_at=NOW, held_at=NOW),
            execution_options={"synchronize_session": False},
        )
    assert world.desk.write(outbox.sweep) == 2
    assert world.desk.read(outbox.counts).remaining == 1


def test_director_counts_and_sees_the_own_school_only(world: World) -> None:
    world.people(2)
    world.people(3, world.other, surname="Autre")
    invite(world)
    invite(world, school=world.other)
    assert world.director().read(outbox.counts).due == 2
    theirs = InvitationQuery(world.other, world.year)
    assert world.director().read(invitation_status.rows, theirs) == []
    assert world.director(world.other).read(invitation_status.page, theirs, 0, 2).total == 3
    with pytest.raises(OutOfScope):
        world.director().write(plan_invitations_of_other, world)


def plan_invitations_of_other(session: Any, world: World) -> None:
    session.add(
        Invitation(access_id=1, school_id=world.other, generation=9, queued_at=NOW, valid_until=NOW)
    )
    session.flush()


def test_status_screen_finds_by_name_address_and_state(world: World) -> None:
    world.person(surname="D’Hondt", email="noemie@courriel.example")
    world.person(surname="Peeters", email="zoe_p@courriel.example")
    invite(world)
    edit(world, Invitation, Invitation.id == 1, used_at=NOW)

    def names(**wanted: Any) -> list[str]:
        query = InvitationQuery(world.mine, world.year, **wanted)
        found = world.desk.read(invitation_status.page, query, 0, 10)
        assert found.total == len(found.rows)
        return [row.surname for row in found.rows]

    assert names(text="dhondt") == names(text="NOEMIE@") == ["D’Hondt"]
    assert names(text="zoe_p") == ["Peeters"] and names(text="zoexp") == []
    assert names(state="queued") == ["Peeters"]
    assert names(sort="name", descending=True) == ["Peeters", "D’Hondt"]
    assert world.desk.read(invitation_status.counts, world.mine, world.year) == {
        **dict.fromkeys(invitation_status.STATES, 0), "queued": 1, "used": 1,
    }  # fmt: skip
