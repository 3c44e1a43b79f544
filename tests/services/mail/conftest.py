"""A real SMTP server on loopback whose answers each test writes down beforehand."""

import asyncio
import ssl
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import AbstractAsyncContextManager, asynccontextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import pytest
import trustme
from aiosmtpd.smtp import SMTP, AuthResult, Envelope, Session

#: What a script says for one command: an answer, or something to do first.
Line = str | Callable[["Server"], Awaitable[str]]


@dataclass
class Server:
    """What the server was told, and what it is to answer, command by command."""

    port: int = 0
    script: dict[str, list[Line]] = field(default_factory=dict)
    taken: list[tuple[str | None, list[str], bytes]] = field(default_factory=list)
    connections: int = 0
    most_at_once: int = 0
    commands: list[str] = field(default_factory=list)
    sign_ins: list[tuple[bytes, bytes]] = field(default_factory=list)
    protocols: list[SMTP] = field(default_factory=list)
    transports: list[asyncio.WriteTransport] = field(default_factory=list)
    options: list[list[str]] = field(default_factory=list)

    async def answer(self, command: str, usual: str) -> str:
        self.commands.append(command)
        lines = self.script.get(command, [])
        if not lines:
            return usual
        line = lines.pop(0)
        return line if isinstance(line, str) else await line(self)

    def cut(self) -> None:
        """Drop every connection without a word."""
        for transport in self.transports:
            transport.abort()

    async def handle_MAIL(
        self, _: SMTP, session: Session, envelope: Envelope, address: str, options: list[str]
    ) -> str:
        answer = await self.answer("MAIL", "250 2.1.0 OK")
        if answer.startswith("250"):
            envelope.mail_from = address
            self.options.append(options)
        return answer

    async def handle_RCPT(
        self, _: SMTP, session: Session, envelope: Envelope, address: str, options: list[str]
    ) -> str:
        answer = await self.answer("RCPT", "250 2.1.5 OK")
        if answer.startswith("250"):
            envelope.rcpt_tos.append(address)
        return answer

    async def handle_RSET(self, _: SMTP, session: Session, envelope: Envelope) -> str:
        return await self.answer("RSET", "250 OK")

    async def handle_DATA(self, _: SMTP, session: Session, envelope: Envelope) -> str:
        content = envelope.content
        assert isinstance(content, bytes)
        self.taken.append((envelope.mail_from, list(envelope.rcpt_tos), content))
        answer = await self.answer("DATA", "250 2.0.0 queued as 4F2")
        if not answer.startswith("250"):
            self.taken.pop()
        return answer


class _Protocol(SMTP):
    """aiosmtpd's protocol, with the first answer and its connections known to the test."""

    def __init__(self, server: Server, **options: Any) -> None:
        self._server = server
        self._counted = False
        super().__init__(server, enable_SMTPUTF8=True, hostname="mail.example.be", **options)

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        # Called a second time when STARTTLS changes the transport.
        if not self._counted:
            self._counted = True
            self._server.connections += 1
            self._server.protocols.append(self)
            assert isinstance(transport, asyncio.WriteTransport)
            self._server.transports.append(transport)
            self._server.most_at_once = max(self._server.most_at_once, len(self._server.protocols))
        super().connection_made(transport)

    def connection_lost(self, error: Exception | None) -> None:
        if self in self._server.protocols:
            self._server.protocols.remove(self)
        super().connection_lost(error)


Serve = Callable[..., AbstractAsyncContextManager[Server]]


@pytest.fixture
def serve() -> Serve:
    """Return a context manager that runs the server: `async with serve(RCPT=["550 no"]) as s`."""

    @asynccontextmanager
    async def run(
        *,
        tls: ssl.SSLContext | None = None,
        implicit: ssl.SSLContext | None = None,
        password: bytes | None = None,
        smtputf8: bool = True,
        port: int = 0,
        **script: list[Line],
    ) -> AsyncIterator[Server]:
        server = Server(script=script)

        def check(_: Any, session: Any, envelope: Any, mechanism: str, data: Any) -> AuthResult:
            server.sign_ins.append((data.login, data.password))
            return AuthResult(success=data.password == password, handled=False)

        def make() -> _Protocol:
            protocol = _Protocol(
                server,
                tls_context=tls,
                auth_require_tls=False,
                authenticator=check if password is not None else None,
                auth_required=password is not None,
            )
            protocol.enable_SMTPUTF8 = smtputf8
            return protocol

        loop = asyncio.get_running_loop()
        listening = await loop.create_server(make, "127.0.0.1", port, ssl=implicit)
        server.port = listening.sockets[0].getsockname()[1]
        try:
            yield server
        finally:
            listening.close()
            server.cut()
            await listening.wait_closed()
            # Let the loop close the sockets. A protocol whose handshake failed is never told.
            for _ in range(20):
                await asyncio.sleep(0)

    return run


@dataclass(frozen=True)
class Certificates:
    """A server's certificate and the authority that vouches for it."""

    server: ssl.SSLContext
    ca_file: Path


@pytest.fixture(scope="session")
def certificates(tmp_path_factory: pytest.TempPathFactory) -> Certificates:
    authority = trustme.CA()
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    authority.issue_cert("127.0.0.1", "localhost").configure_cert(context)
    ca_file = tmp_path_factory.mktemp("ca") / "ca.pem"
    authority.cert_pem.write_to_path(str(ca_file))
    return Certificates(context, ca_file)
