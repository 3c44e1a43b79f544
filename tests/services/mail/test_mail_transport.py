"""Delivery over real connections, with every answer a server may give."""

import asyncio
import time
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path

import aiosmtplib
import pytest

from services.mail.replies import Outcome, Result
from services.mail.transport import MailboxUnusable, Transport, open_transport
from services.mail.url import MailSettings, mail_settings
from tests.services.mail.conftest import Certificates, Serve, Server

MESSAGE = b"Subject: x\r\nMessage-ID: <m@example.be>\r\n\r\nBonjour\r\n"
SENDER = "b+1.1.abc@example.be"


def settings_for(server: Server, options: str = "", scheme: str = "smtp") -> MailSettings:
    return mail_settings(f"{scheme}://127.0.0.1:{server.port}?timeout=5&final_timeout=5{options}")


@asynccontextmanager
async def connected(server: Server, options: str = "") -> AsyncIterator[Transport]:
    async with open_transport(settings_for(server, options), pause_after_failure=0) as transport:
        yield transport


async def send(transport: Transport, recipient: str = "anne@example.be") -> Outcome:
    return await transport.deliver(SENDER, recipient, MESSAGE)


async def test_a_message_arrives_once_and_whole(serve: Serve) -> None:
    async with serve() as server, connected(server) as transport:
        outcome = await send(transport)
    assert outcome == Outcome(Result.SENT, 250, "2.0.0", "2.0.0 queued as 4F2")
    assert server.taken == [(SENDER, ["anne@example.be"], MESSAGE)]


async def test_dots_and_missing_ends_do_no_harm(serve: Serve) -> None:
    bodies = [b".\r\n", b".\r\n.\r\nMAIL FROM:<x@y.be>\r\n", b"..x\r\n.y", b"", b"x"]
    async with serve() as server, connected(server) as transport:
        for body in bodies:
            outcome = await transport.deliver(SENDER, "a@b.be", b"Subject: x\r\n\r\n" + body)
            assert outcome.result is Result.SENT
    received = [content.removeprefix(b"Subject: x\r\n\r\n") for _, _, content in server.taken]
    assert [content.removesuffix(b"\r\n") for content in received] == [
        body.removesuffix(b"\r\n") for body in bodies
    ]


async def test_one_connection_serves_many_messages(serve: Serve) -> None:
    async with serve() as server, connected(server) as transport:
        for i in range(20):
            assert (await send(transport, f"p{i}@example.be")).result is Result.SENT
        assert server.connections == 1
    assert [recipients for _, recipients, _ in server.taken] == [
        [f"p{i}@example.be"] for i in range(20)
    ]


async def test_several_connections_never_more_than_allowed(serve: Serve) -> None:
    async with serve() as server, connected(server, "&connections=3") as transport:
        outcomes = await asyncio.gather(*(send(transport, f"p{i}@x.be") for i in range(40)))
    assert {outcome.result for outcome in outcomes} == {Result.SENT}
    assert len({recipients[0] for _, recipients, _ in server.taken}) == 40
    assert server.most_at_once == server.connections == 3


async def test_a_connection_is_renewed_after_its_messages(serve: Serve) -> None:
    async with serve() as server, connected(server, "&messages=4&connections=1") as transport:
        for _ in range(10):
            assert (await send(transport)).result is Result.SENT
    assert server.connections == 3


@pytest.mark.parametrize(
    ("command", "reply", "result", "status"),
    [
        ("MAIL", "451 4.3.0 later", Result.RETRY, "4.3.0"),
        ("MAIL", "550 5.7.1 sender rejected", Result.HELD, "5.7.1"),
        ("MAIL", "553 5.1.8 no such sender", Result.HELD, "5.1.8"),
        ("MAIL", "530 5.7.0 Authentication required", Result.STOP, "5.7.0"),
        ("RCPT", "450 4.2.0 greylisted", Result.RETRY, "4.2.0"),
        ("RCPT", "452 4.2.2 over quota", Result.FULL, "4.2.2"),
        ("RCPT", "550 5.1.1 User unknown", Result.REFUSED, "5.1.1"),
        ("RCPT", "550 no such user here", Result.REFUSED, ""),
        ("RCPT", "552 5.2.2 mailbox full", Result.FULL, "5.2.2"),
        ("RCPT", "554 5.7.1 Relay access denied", Result.HELD, "5.7.1"),
        ("RCPT", "550 relay not permitted", Result.HELD, ""),
        ("RCPT", "550 5.4.4 host not found", Result.HELD, "5.4.4"),
        ("DATA", "451 4.7.1 try again", Result.RETRY, "4.7.1"),
        ("DATA", "554 5.7.1 looks like spam", Result.HELD, "5.7.1"),
        ("DATA", "552 5.3.4 too big", Result.HELD, "5.3.4"),
        ("DATA", "550 5.1.1 unknown after all", Result.REFUSED, "5.1.1"),
    ],
)
async def test_a_refusal_is_told_and_the_next_message_goes(
    serve: Serve, command: str, reply: str, result: Result, status: str
) -> None:
    async with serve(**{command: [reply]}) as server, connected(server) as transport:
        outcome = await send(transport)
        assert (outcome.result, outcome.status) == (result, status)
        assert outcome.code == int(reply[:3])
        assert outcome.words == reply[4:]
        assert "RSET" in server.commands
        following = await send(transport, "next@example.be")
        # Only a refused sign-in stops what follows.
        assert following.result is (Result.STOP if result is Result.STOP else Result.SENT)
    assert server.connections == 1
    assert all(recipients != ["anne@example.be"] for _, recipients, _ in server.taken)


async def test_the_servers_words_are_shown_harmless_and_short(serve: Serve) -> None:
    reply = "550 5.1.1 \x1b]52;c;AAAA\x07 [b]no " + "x" * 900
    async with serve(RCPT=[reply]) as server, connected(server) as transport:
        outcome = await send(transport)
    assert outcome.result is Result.REFUSED
    assert "\x1b" not in outcome.words
    assert len(outcome.words) <= 300


@pytest.mark.parametrize("command", ["RCPT", "DATA"])
async def test_421_means_later_and_a_new_connection(serve: Serve, command: str) -> None:
    async with serve(**{command: ["421 4.3.2 closing"]}) as server, connected(server) as transport:
        assert (await send(transport)).result is Result.RETRY
        assert (await send(transport)).result is Result.SENT
        assert server.connections == 2


async def test_421_to_an_idle_connection_costs_the_message_nothing(serve: Serve) -> None:
    replies = ["250 OK", "421 4.4.2 idle for too long"]
    async with serve(MAIL=list(replies)) as server, connected(server) as transport:
        assert (await send(transport)).result is Result.SENT
        assert (await send(transport)).result is Result.SENT
        assert server.connections == 2
    async with serve(MAIL=["421 4.3.2 busy"]) as server, connected(server) as transport:
        assert (await send(transport)).result is Result.RETRY, "new connections are not tried twice"


async def cut(server: Server) -> str:
    server.cut()
    return "250 never seen"


async def test_a_line_dropped_before_the_message_is_tried_again(serve: Serve) -> None:
    for command in ("MAIL", "RCPT"):
        async with serve(**{command: [cut]}) as server, connected(server) as transport:
            outcome = await send(transport)
            assert outcome.result is Result.RETRY
            assert not outcome.about_server, "it must count as an attempt"
            assert outcome.reason is not None
            assert (await send(transport)).result is Result.SENT


async def test_a_line_dropped_while_idle_is_not_noticed(serve: Serve) -> None:
    async with serve() as server, connected(server) as transport:
        assert (await send(transport)).result is Result.SENT
        server.cut()
        assert (await send(transport)).result is Result.SENT
        assert server.connections == 2


async def test_a_line_dropped_after_the_message_is_uncertain(serve: Serve) -> None:
    async with serve(DATA=[cut]) as server, connected(server) as transport:
        outcome = await send(transport)
        assert outcome.result is Result.UNCERTAIN
        assert (await send(transport)).result is Result.SENT


async def test_silence_after_the_message_is_uncertain(serve: Serve) -> None:
    never = asyncio.Event()

    async def silence(_: Server) -> str:
        await never.wait()
        return "250 never said"

    async with serve(DATA=[silence]) as server:
        settings = mail_settings(f"smtp://127.0.0.1:{server.port}?timeout=5&final_timeout=0.05")
        async with open_transport(settings) as transport:
            outcome = await send(transport)
            assert outcome.result is Result.UNCERTAIN
            assert outcome.reason is not None
            assert len(server.taken) == 1, "the server has the message"
            assert (await send(transport)).result is Result.SENT
        assert server.connections == 2, "the late answer must not be taken for another's"


async def test_silence_before_the_message_is_tried_again(serve: Serve) -> None:
    never = asyncio.Event()

    async def silence(_: Server) -> str:
        await never.wait()
        return "250 never said"

    async with serve(RCPT=[silence]) as server:
        settings = mail_settings(f"smtp://127.0.0.1:{server.port}?timeout=0.05")
        async with open_transport(settings) as transport:
            assert (await send(transport)).result is Result.RETRY
    assert server.taken == []


async def test_an_answer_out_of_step_ends_the_connection(serve: Serve) -> None:
    async with serve(DATA=["354 go on?", "250 OK"]) as server, connected(server) as transport:
        assert (await send(transport)).result is Result.UNCERTAIN
        assert (await send(transport)).result is Result.SENT
        assert server.connections == 2


async def test_a_server_out_of_reach_is_not_asked_once_a_message(serve: Serve) -> None:
    async with serve() as server:
        settings = settings_for(server)
    async with open_transport(settings, pause_after_failure=60) as transport:
        outcomes = [await send(transport) for _ in range(3)]
    assert {outcome.result for outcome in outcomes} == {Result.RETRY}
    assert all(outcome.about_server for outcome in outcomes)
    assert outcomes[0] is outcomes[1], "the second was answered without a try"
    async with open_transport(settings, pause_after_failure=0) as transport:
        assert (await send(transport)).result is Result.RETRY
        async with serve(port=settings.port):
            assert (await send(transport)).result is Result.SENT


async def test_cancelling_leaves_a_transport_that_works(serve: Serve) -> None:
    never = asyncio.Event()
    reached = asyncio.Event()

    async def silence(_: Server) -> str:
        reached.set()
        await never.wait()
        return "250 never said"

    for command in ("RCPT", "DATA"):
        reached.clear()
        options = "&connections=1"
        async with serve(**{command: [silence]}) as server, connected(server, options) as transport:
            task = asyncio.create_task(send(transport))
            await reached.wait()
            task.cancel()
            with pytest.raises(asyncio.CancelledError):
                await task
            assert (await send(transport)).result is Result.SENT
            assert server.connections == 2


@pytest.mark.parametrize(
    "recipient",
    ["", "a", "a@", "a@x.be, b@x.be", "p@x.be SIZE=1", "<a@x.be>", "a@x.be\r\nRCPT TO:<b@x.be>",
     "A <a@x.be>", "a@[127.0.0.1]", '"a b"@x.be', "a@x.be\x00", "a..b@x.be"],
)  # fmt: skip
async def test_what_is_not_one_address_never_reaches_the_server(
    serve: Serve, recipient: str
) -> None:
    async with serve() as server, connected(server) as transport:
        outcome = await send(transport, recipient)
        assert outcome.result is Result.REFUSED
        assert outcome.reason is not None
        assert server.connections == 0


async def test_international_addresses(serve: Serve) -> None:
    async with serve() as server, connected(server) as transport:
        assert (await send(transport, "anne@écoles.be")).result is Result.SENT
        assert (await send(transport, "andré@example.be")).result is Result.SENT
    assert [recipients for _, recipients, _ in server.taken] == [
        ["anne@xn--coles-9ra.be"],
        ["andré@example.be"],
    ]
    assert "SMTPUTF8" not in server.options[0]
    assert "SMTPUTF8" in server.options[1]
    async with serve(smtputf8=False) as server, connected(server) as transport:
        outcome = await send(transport, "andré@example.be")
        assert outcome.result is Result.REFUSED
        assert outcome.reason is not None
        assert (await send(transport, "anne@écoles.be")).result is Result.SENT


async def test_starttls_is_required_and_verified(serve: Serve, certificates: Certificates) -> None:
    trusted = f"&tls=starttls&ca={certificates.ca_file}"
    async with serve(tls=certificates.server) as server:
        async with connected(server, trusted) as transport:
            assert (await send(transport)).result is Result.SENT
        async with connected(server, "&tls=starttls") as transport:
            outcome = await send(transport)
            assert outcome.result is Result.STOP
            assert (await send(transport)) is outcome, "a refused certificate is not tried again"
    assert len(server.taken) == 1
    async with serve() as server, connected(server, trusted) as transport:
        assert (await send(transport)).result is Result.STOP, "never in clear text instead"
    assert server.taken == []


async def test_implicit_tls_is_verified(serve: Serve, certificates: Certificates) -> None:
    async with serve(implicit=certificates.server) as server:
        options = f"&ca={certificates.ca_file}"
        async with open_transport(settings_for(server, options, "smtps")) as transport:
            assert (await send(transport)).result is Result.SENT
        async with open_transport(settings_for(server, "", "smtps")) as transport:
            assert (await send(transport)).result is Result.STOP
    assert len(server.taken) == 1


@pytest.mark.filterwarnings("ignore:Requiring AUTH while not requiring TLS")
async def test_signing_in(serve: Serve) -> None:
    async with serve(password=b"right") as server:
        url = f"smtp://anne%40example.be@127.0.0.1:{server.port}?timeout=5"
        async with open_transport(mail_settings(url, password="right")) as transport:
            assert (await send(transport)).result is Result.SENT
        assert server.sign_ins == [(b"anne@example.be", b"right")]
        async with open_transport(mail_settings(url, password="wrong")) as transport:
            outcomes = [await send(transport) for _ in range(5)]
        assert {outcome.result for outcome in outcomes} == {Result.STOP}
        assert outcomes[0].code == 535
        tried = [password for _, password in server.sign_ins if password == b"wrong"]
        assert len(tried) <= 2, "one try, by each of two mechanisms; more would lock the account"
        assert "wrong" not in repr(outcomes)
    async with serve() as server:
        url = f"smtp://anne@127.0.0.1:{server.port}"
        async with open_transport(mail_settings(url, password="x")) as transport:
            assert (await send(transport)).result is Result.STOP


async def test_the_rate_is_kept_by_all_connections_together(serve: Serve) -> None:
    options = "&rate=50&connections=4"
    async with serve() as server, connected(server, options) as transport:
        start = time.monotonic()
        await asyncio.gather(*(send(transport) for _ in range(6)))
        assert time.monotonic() - start >= 5 / 50
    assert len(server.taken) == 6


async def test_a_maildir_holds_whole_private_files(tmp_path: Path) -> None:
    settings = MailSettings(maildir=tmp_path / "mail")
    async with open_transport(settings) as transport:
        outcomes = await asyncio.gather(*(send(transport, f"p{i}@x.be") for i in range(10)))
    assert {outcome.result for outcome in outcomes} == {Result.SENT}
    files = sorted((tmp_path / "mail" / "new").iterdir())
    assert len(files) == 10
    assert list((tmp_path / "mail" / "tmp").iterdir()) == []
    assert {file.stat().st_mode & 0o777 for file in files} == {0o600}
    recipients = {f"p{i}@x.be" for i in range(10)}
    for file in files:
        head, _, rest = file.read_bytes().partition(b"\nSubject:")
        assert head.startswith(f"Return-Path: <{SENDER}>\nDelivered-To: ".encode())
        recipients.remove(head.decode().rpartition(" ")[2])
        assert (b"Subject:" + rest) == MESSAGE.replace(b"\r\n", b"\n")
    async with open_transport(settings) as transport:
        assert (await send(transport, "a@x.be, b@x.be")).result is Result.REFUSED


async def test_a_maildir_that_cannot_be_written(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("")
    with pytest.raises(MailboxUnusable):
        async with open_transport(MailSettings(maildir=tmp_path / "file")):
            pass
    async with open_transport(MailSettings(maildir=tmp_path / "mail")) as transport:
        for name in ("new", "tmp"):
            (tmp_path / "mail" / name).rmdir()
        outcome = await send(transport)
    assert outcome.result is Result.RETRY
    assert outcome.about_server


async def _bare(server: Server, count: int) -> float:
    async with aiosmtplib.SMTP(hostname="127.0.0.1", port=server.port, start_tls=False) as smtp:
        await smtp.sendmail(SENDER, ["a@x.be"], MESSAGE)
        start = time.perf_counter()
        for _ in range(count):
            await smtp.sendmail(SENDER, ["a@x.be"], MESSAGE)
        return time.perf_counter() - start


async def test_speed_is_measured_beside_bare_aiosmtplib(
    serve: Serve, capsys: pytest.CaptureFixture[str]
) -> None:
    count = 200
    async with serve() as server:
        bare = await _bare(server, count)
        async with connected(server) as transport:
            assert (await send(transport)).result is Result.SENT
            start = time.perf_counter()
            for _ in range(count):
                await send(transport)
            ours = time.perf_counter() - start
    with capsys.disabled():
        print(f"\ndeliver: {count / ours:.0f}/s, bare sendmail: {count / bare:.0f}/s")
    assert len(server.taken) == 2 * count + 2
