"""Delivery of ready-made messages, one recipient each, to an SMTP server or a Maildir.

    async with open_transport(settings) as transport:
        outcome = await transport.deliver(envelope_sender, recipient, message)

`deliver` may be called from any number of tasks of one event loop at once; the transport
holds them to its connections and its rate. It raises for nothing that a server, a network
or an address does: that is in the `Outcome`.
"""

import asyncio
import os
import secrets
import socket
import ssl
import time
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import replace
from pathlib import Path
from typing import Protocol

import aiosmtplib

from models.addresses import AddressError, needs_smtputf8, parse_address, to_ascii
from models.errors import TrousseauError, reason_of
from models.language import N_, Wording, say
from services.mail.replies import Outcome, Result, Stage, outcome_of_reply, server_words
from services.mail.url import MailSettings, is_loopback

#: Seconds for which a server that could not be reached is not asked again.
PAUSE_AFTER_FAILURE = 5.0
_QUIT_TIMEOUT = 5.0


class MailboxUnusable(TrousseauError):
    """The Maildir folder cannot be written."""

    heading = N_("The mail folder cannot be used")


class Transport(Protocol):
    """Where messages are delivered to."""

    async def deliver(self, envelope_sender: str, recipient: str, message: bytes) -> Outcome:
        """Deliver `message` to one recipient and return what came of it.

        `envelope_sender` is where bounces go, "" for none. `message` has its headers and
        CRLF line ends. When the task is cancelled the message may or may not have left.
        """
        ...


@asynccontextmanager
async def open_transport(
    settings: MailSettings, *, pause_after_failure: float = PAUSE_AFTER_FAILURE
) -> AsyncIterator[Transport]:
    """Open the transport that the settings describe; all connections are closed at the end.

    An SMTP server is reached with the first message, so that an unreachable one is an
    outcome too. Raises `MailboxUnusable` for a Maildir that cannot be made.
    """
    if settings.maildir is not None:
        yield MaildirTransport(settings.maildir, _Pace(settings.rate))
        return
    transport = SmtpTransport(settings, pause_after_failure)
    try:
        yield transport
    finally:
        await transport.close()


class _Pace:
    """Holds many tasks to so many messages a second, evenly spaced."""

    def __init__(self, rate: float) -> None:
        self._interval = 1 / rate if rate else 0.0
        self._next = 0.0

    async def wait(self) -> None:
        if not self._interval:
            return
        now = time.monotonic()
        turn = max(self._next, now)
        self._next = turn + self._interval
        if turn > now:
            await asyncio.sleep(turn - now)


class _Envelope:
    """Both addresses of a message, checked, with domains as A-labels."""

    __slots__ = ("needs_smtputf8", "recipient", "sender")

    def __init__(self, sender: str, recipient: str) -> None:
        # Checked here too, although the address was when it was stored: what is not exactly
        # one plain address is rewritten by aiosmtplib, and goes to somebody else.
        recipient = parse_address(recipient)
        sender = parse_address(sender) if sender else ""
        self.recipient = to_ascii(recipient)
        self.sender = to_ascii(sender) if sender else ""
        self.needs_smtputf8 = needs_smtputf8(recipient) or needs_smtputf8(sender)


class _Failed(Exception):
    """The attempt has ended with this outcome."""

    def __init__(self, outcome: Outcome, *, stale: bool = False) -> None:
        super().__init__(outcome.result)
        self.outcome = outcome
        self.stale = stale


class SmtpTransport:
    """A few connections to one SMTP server, opened when needed and used again."""

    def __init__(self, settings: MailSettings, pause_after_failure: float) -> None:
        self._settings = settings
        self._pause = pause_after_failure
        self._pace = _Pace(settings.rate)
        self._slots = asyncio.Semaphore(settings.connections)
        self._idle: list[_Connection] = []
        self._tls: ssl.SSLContext | None = None
        self._own_name: str | None = None
        self._preparing = asyncio.Lock()
        self._standing: Outcome | None = None
        self._standing_until = 0.0

    async def deliver(self, envelope_sender: str, recipient: str, message: bytes) -> Outcome:
        try:
            envelope = _Envelope(envelope_sender, recipient)
        except AddressError as error:
            return Outcome(Result.REFUSED, reason=error.wording)
        message = _for_the_wire(message)
        async with self._slots:
            if standing := self._standing_outcome():
                return standing
            await self._pace.wait()
            return await self._deliver_over_some_connection(envelope, message)

    async def close(self) -> None:
        """Say goodbye on every connection."""
        idle, self._idle = self._idle, []
        await asyncio.gather(*(connection.quit() for connection in idle))

    def _standing_outcome(self) -> Outcome | None:
        """Return what is known to come of any message just now.

        A refused sign-in or certificate stands until the transport is closed, for a server
        locks an account after too many tries; a server out of reach, for a few seconds, so
        that a batch does not wait for the time-out once a message.
        """
        if self._standing is not None and time.monotonic() >= self._standing_until:
            self._standing = None
        return self._standing

    def _remember(self, outcome: Outcome) -> Outcome:
        if outcome.result is Result.STOP:
            self._standing, self._standing_until = outcome, float("inf")
        elif outcome.about_server:
            self._standing, self._standing_until = outcome, time.monotonic() + self._pause
        return outcome

    async def _deliver_over_some_connection(self, envelope: _Envelope, message: bytes) -> Outcome:
        while True:
            connection = self._take_idle()
            used_before = connection is not None
            try:
                connection = connection or await self._connect()
                outcome = await connection.deliver(envelope, message)
            except _Failed as failure:
                # The server ended a connection that had been idle: that says nothing about
                # the message, of which nothing was sent, nor about a new connection.
                if failure.stale and used_before:
                    continue
                return self._remember(failure.outcome)
            await self._give_back(connection)
            return outcome if outcome.result is not Result.STOP else self._remember(outcome)

    def _take_idle(self) -> "_Connection | None":
        while self._idle:
            connection = self._idle.pop()
            if connection.is_open:
                return connection
            connection.abandon()
        return None

    async def _give_back(self, connection: "_Connection") -> None:
        if not connection.is_open:
            connection.abandon()
        elif connection.delivered >= self._settings.messages:
            await connection.quit()
        else:
            self._idle.append(connection)

    async def _connect(self) -> "_Connection":
        async with self._preparing:
            if self._own_name is None:
                self._own_name = await _own_name(self._settings.host)
            if self._tls is None and self._settings.security != "none":
                self._tls = await asyncio.to_thread(_tls_context, self._settings.ca_file)
        return await _Connection.open(self._settings, self._tls, self._own_name)


class _Connection:
    """One connection, on which one message at a time is delivered."""

    def __init__(self, smtp: aiosmtplib.SMTP, settings: MailSettings) -> None:
        self._smtp = smtp
        self._settings = settings
        self.delivered = 0

    @classmethod
    async def open(
        cls, settings: MailSettings, tls: ssl.SSLContext | None, own_name: str
    ) -> "_Connection":
        """Connect, encrypt and sign in; raises `_Failed`."""
        # No time-outs of aiosmtplib's own: one around the whole of it bounds the total, and
        # each of theirs costs as much as the reply itself.
        smtp = aiosmtplib.SMTP(
            hostname=settings.host,
            port=settings.port,
            use_tls=settings.security == "implicit",
            start_tls=settings.security == "starttls",
            tls_context=tls,
            local_hostname=own_name,
            timeout=None,
        )
        connection = cls(smtp, settings)
        try:
            async with asyncio.timeout(settings.timeout):
                await smtp.connect()
                await smtp.ehlo()
                if settings.user:
                    await connection._sign_in()
        except (aiosmtplib.SMTPException, OSError) as error:
            connection.abandon()
            raise _Failed(_session_failure(error)) from error
        except BaseException:
            connection.abandon()
            raise
        return connection

    async def _sign_in(self) -> None:
        try:
            await self._smtp.login(self._settings.user, self._settings.password)
        except aiosmtplib.SMTPResponseException:
            raise
        except (OSError, aiosmtplib.SMTPServerDisconnected):
            raise
        except aiosmtplib.SMTPException as error:
            reason = say("The mail server offers no way of signing in that can be used.")
            raise _Failed(Outcome(Result.STOP, reason=reason, about_server=True)) from error

    @property
    def is_open(self) -> bool:
        return self._smtp.is_connected

    def abandon(self) -> None:
        """Cut the connection without a word."""
        self._smtp.close()

    async def quit(self) -> None:
        """End the connection as the protocol has it, without waiting long for the answer."""
        try:
            async with asyncio.timeout(_QUIT_TIMEOUT):
                await self._smtp.quit()
        except (aiosmtplib.SMTPException, OSError):
            pass
        finally:
            self.abandon()

    async def deliver(self, envelope: _Envelope, message: bytes) -> Outcome:
        """Deliver one message; raises `_Failed` when the connection is lost with it."""
        try:
            async with asyncio.timeout(self._settings.timeout):
                refused = await self._announce(envelope)
            if refused is not None:
                return await self._after_refusal(refused)
        except TimeoutError as error:
            self.abandon()
            raise _Failed(_lost(error)) from error
        except BaseException:
            # Cancelled, or lost: what the server says next would be taken for something else.
            self.abandon()
            raise
        return await self._transfer(message)

    async def _announce(self, envelope: _Envelope) -> Outcome | None:
        """Say from whom, to whom, and that the message comes; return the refusal, if any."""
        options: list[bytes] = []
        if envelope.needs_smtputf8:
            if not self._smtp.supports_extension("smtputf8"):
                return Outcome(Result.REFUSED, status="5.6.7", reason=_no_smtputf8())
            options = [b"SMTPUTF8"]
            if self._smtp.supports_extension("8bitmime"):
                options.append(b"BODY=8BITMIME")
        # Not `SMTP.mail` and `SMTP.rcpt`: they parse each address anew, which takes a fifth of
        # the whole delivery, and rewrite what they do not understand.
        sender, recipient = envelope.sender.encode(), envelope.recipient.encode()
        commands: tuple[tuple[Stage, tuple[bytes, ...], tuple[int, ...]], ...] = (
            ("sender", (b"MAIL", b"FROM:<" + sender + b">", *options), (250,)),
            ("recipient", (b"RCPT", b"TO:<" + recipient + b">"), (250, 251)),
            ("message", (b"DATA",), (354,)),
        )
        for stage, command, welcome in commands:
            try:
                reply = await self._smtp.execute_command(*command)
            except aiosmtplib.SMTPResponseException as error:
                return self._reply(error.code, error.message, stage)
            except (aiosmtplib.SMTPException, OSError) as error:
                raise _Failed(_lost(error), stale=stage == "sender") from error
            if reply.code not in welcome:
                return self._reply(reply.code, reply.message, stage)
        return None

    def _reply(self, code: int, text: str, stage: Stage) -> Outcome:
        """Return the outcome of a refusal, or raise it where it ends the connection."""
        outcome = outcome_of_reply(code, text, stage)
        if code == 421:
            raise _Failed(outcome, stale=stage == "sender")
        if not 400 <= code < 600:
            # Out of step: the next reply would be taken for the answer to something else.
            self.abandon()
            return replace(outcome, result=Result.RETRY)
        return outcome

    async def _after_refusal(self, outcome: Outcome) -> Outcome:
        if self.is_open:
            try:
                async with asyncio.timeout(self._settings.timeout):
                    await self._smtp.rset()
            except (aiosmtplib.SMTPException, OSError):
                self.abandon()
        return outcome

    async def _transfer(self, message: bytes) -> Outcome:
        """Send the message itself. From its last byte on, silence means "perhaps"."""
        protocol = self._smtp.protocol
        try:
            if protocol is None:
                raise aiosmtplib.SMTPServerDisconnected("Connection lost")
            protocol.write(message)
        except aiosmtplib.SMTPServerDisconnected as error:
            self.abandon()
            raise _Failed(_lost(error)) from error
        try:
            async with asyncio.timeout(self._settings.final_timeout):
                reply = await protocol.read_response()
        except aiosmtplib.SMTPResponseException as error:
            self.abandon()
            return Outcome(Result.UNCERTAIN, words=server_words(error.message))
        except (aiosmtplib.SMTPException, OSError):
            self.abandon()
            return Outcome(Result.UNCERTAIN, reason=_no_answer())
        except BaseException:
            self.abandon()
            raise
        return await self._conclude(outcome_of_reply(reply.code, reply.message, "message"))

    async def _conclude(self, outcome: Outcome) -> Outcome:
        self.delivered += 1
        if outcome.result is Result.SENT:
            return outcome
        if outcome.code // 100 not in (4, 5):
            self.abandon()
            return replace(outcome, result=Result.UNCERTAIN)
        if outcome.code == 421:
            self.abandon()
        return await self._after_refusal(outcome)


class MaildirTransport:
    """A Maildir folder: a file a message, complete or not there at all."""

    def __init__(self, folder: Path, pace: _Pace) -> None:
        self._folder = folder
        self._pace = pace
        try:
            for name in ("tmp", "new", "cur"):
                (folder / name).mkdir(mode=0o700, parents=True, exist_ok=True)
        except OSError as error:
            raise MailboxUnusable(_folder_unusable(folder, error)) from error

    async def deliver(self, envelope_sender: str, recipient: str, message: bytes) -> Outcome:
        try:
            envelope = _Envelope(envelope_sender, recipient)
        except AddressError as error:
            return Outcome(Result.REFUSED, reason=error.wording)
        await self._pace.wait()
        # What a mail server adds when it delivers, and what tells where a bounce would go.
        trace = f"Return-Path: <{envelope.sender}>\r\nDelivered-To: {envelope.recipient}\r\n"
        content = (trace.encode() + message).replace(b"\r\n", b"\n")
        try:
            await asyncio.to_thread(_write_into, self._folder, content)
        except OSError as error:
            reason = _folder_unusable(self._folder, error)
            return Outcome(Result.RETRY, reason=reason, about_server=True)
        return Outcome(Result.SENT)


def _write_into(folder: Path, content: bytes) -> None:
    name = f"{time.time_ns()}.P{os.getpid()}R{secrets.token_hex(6)}.{_maildir_host()}"
    draft = folder / "tmp" / name
    try:
        with open(draft, "xb", opener=_private) as file:
            file.write(content)
            file.flush()
            os.fsync(file.fileno())
        draft.rename(folder / "new" / name)
    except OSError:
        draft.unlink(missing_ok=True)
        raise
    descriptor = os.open(folder / "new", os.O_RDONLY | os.O_DIRECTORY)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)


def _private(path: str, flags: int) -> int:
    # A mail holds a token: nobody else may read it.
    return os.open(path, flags, 0o600)


def _maildir_host() -> str:
    return socket.gethostname().replace("/", "\\057").replace(":", "\\072")


def _for_the_wire(message: bytes) -> bytes:
    """Return the message with the dots doubled that would end it, and its end (RFC 5321)."""
    # Twice as fast as to replace.
    message = b"\n..".join(message.split(b"\n."))
    if message.startswith(b"."):
        message = b"." + message
    return message + (b".\r\n" if message.endswith(b"\r\n") else b"\r\n.\r\n")


def _tls_context(ca_file: Path | None) -> ssl.SSLContext:
    context = ssl.create_default_context(cafile=str(ca_file) if ca_file else None)
    context.minimum_version = ssl.TLSVersion.TLSv1_2
    return context


async def _own_name(host: str) -> str:
    """Return the name to greet the server with."""
    if is_loopback(host):
        return "localhost"
    name = await asyncio.to_thread(socket.getfqdn)
    return name if name.isascii() and name.isprintable() and " " not in name else "localhost"


def _session_failure(error: Exception) -> Outcome:
    """Return the outcome when connecting, encrypting or signing in failed."""
    if isinstance(error, aiosmtplib.SMTPResponseException):
        return outcome_of_reply(error.code, error.message, "session")
    result, reason = _session_reason(error)
    return Outcome(result, reason=reason, about_server=True)


def _session_reason(error: BaseException) -> tuple[Result, Wording]:
    cause: BaseException | None = error
    while cause is not None:
        if isinstance(cause, ssl.SSLCertVerificationError):
            words = server_words(cause.verify_message or "")
            return Result.STOP, say(
                "The mail server’s certificate is not trusted: %(reason)s.", reason=words
            )
        if isinstance(cause, ssl.SSLError):
            return Result.RETRY, say("The encrypted connection to the mail server failed.")
        cause = cause.__cause__
    if isinstance(error, TimeoutError):
        return Result.RETRY, say("The mail server did not answer in time.")
    if isinstance(error, aiosmtplib.SMTPServerDisconnected):
        return Result.RETRY, say("The mail server closed the connection.")
    if isinstance(error, OSError):
        return Result.RETRY, say("The mail server cannot be reached.")
    # Nothing else is left but STARTTLS not being offered: never go on in clear text.
    return Result.STOP, say("The mail server does not offer the encryption that is required.")


def _lost(error: Exception) -> Outcome:
    """Return the outcome when the line drops in the middle of a message.

    That may be the message's doing (a recipient on which the server chokes), so it counts
    as an attempt: otherwise it would be tried for ever.
    """
    return Outcome(Result.RETRY, reason=_session_reason(error)[1])


def _no_answer() -> Wording:
    return say("The mail server had the whole message and did not answer: it may have arrived.")


def _no_smtputf8() -> Wording:
    return say("The mail server cannot send to an address with accents before the @.")


def _folder_unusable(folder: Path, error: OSError) -> Wording:
    return say(
        "The mail folder %(path)s cannot be written: %(reason)s.",
        path=str(folder),
        reason=reason_of(error),
    )
