"""The one door to the data: engines, migrations, and sessions opened for an actor.

A session reads or writes, never both by accident: a reading one refuses to flush, a
writing one takes the gate and begins as a writer (FACTS, "SQLite shared by many
processes"). Rows that belong to a school are filtered for the actor's schools, writes
outside them are refused, and changes are written to the journal in the same transaction.
"""

import fcntl
import os
import stat
from collections import OrderedDict
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from datetime import datetime
from pathlib import Path
from threading import Lock
from typing import Any

from sqlalchemy import (
    Alias,
    Engine,
    Select,
    create_engine,
    event,
    select,
    update,
)
from sqlalchemy.engine import URL, make_url
from sqlalchemy.orm import FromStatement, ORMExecuteState, Session
from sqlalchemy.sql import visitors

from models import journal
from models.access import Access, Mission, Service, ServiceRole, Suspension
from models.accounts import (
    Account,
    AccountKey,
    AccountRole,
    AddressChange,
    Draft,
    Origin,
    PasswordReset,
    SignInEvent,
)
from models.base import Table
from models.calls import CallCause, CallNote, CallStep, SupportRequest
from models.consents import Consent, PrintedForm
from models.elections import (
    Candidate,
    Election,
    ElectionBallot,
    ElectionUrn,
    ElectionVoter,
)
from models.errors import TrousseauError
from models.families import Guardianship, Pupil
from models.headnet import HeadAddress, HeadnetPassword, Headship
from models.invitations import Invitation
from models.journal import JournalLine
from models.language import say
from models.mail import Mail
from models.nightly import NightlyRun
from models.people import Person, PersonKey, Post, SuspectedDouble
from models.plans import Plan, PlanItem
from models.reading_room import (
    Committee,
    CommitteeMember,
    Conference,
    Document,
    DocumentFile,
    DocumentReading,
    DocumentVersion,
)
from models.schools import (
    Calendar,
    GoverningBody,
    School,
    SchoolHoliday,
    SchoolYear,
    Site,
    Source,
)
from models.scope import (
    SHARED_SCOPES,
    SYSTEM,
    Actor,
    OutOfScope,
    criteria,
    may_write,
    not_allowed,
    not_theirs,
    require_change,
)
from models.workshops import (
    Workshop,
    WorkshopAttendance,
    WorkshopFee,
    WorkshopInvoice,
    WorkshopMeeting,
    WorkshopParticipant,
    WorkshopSchool,
    WorkshopSession,
    WorkshopSetting,
)

__all__ = [
    "SYSTEM", "TABLES", "Actor", "ActorSession", "DatabaseRefused", "OutOfScope", "change",
    "gate", "is_safe_sqlite", "make_engine", "reading", "writing",
]  # fmt: skip

#: Every table, in an order in which rows can be inserted.
TABLES: tuple[type[Table], ...] = (
    Calendar, SchoolYear, GoverningBody, School, Site, Source, Service, ServiceRole,
    Person, PersonKey, Post, SuspectedDouble, Pupil, Guardianship, Access, Suspension, Mission,
    Consent, PrintedForm, Account, AccountRole, AccountKey, SchoolHoliday, WorkshopFee,
    WorkshopSetting, Workshop, WorkshopSchool, WorkshopParticipant, WorkshopSession,
    WorkshopAttendance, WorkshopMeeting, WorkshopInvoice, Headship, HeadAddress, Mail,
    HeadnetPassword, Invitation, PasswordReset, AddressChange, Origin, SignInEvent, NightlyRun,
    Committee, Election, Candidate, ElectionVoter, ElectionUrn, ElectionBallot, CommitteeMember,
    Document, DocumentFile, DocumentVersion, DocumentReading, Conference, Draft, Plan, PlanItem,
    CallNote, CallCause, CallStep, SupportRequest, JournalLine,
)  # fmt: skip

#: A commit may be lost or the file damaged by two processes' checkpoints (FACTS).
_REPAIRED_SQLITE = ((3, 44, 6), (3, 50, 7), (3, 51, 3))
_SHARED_FILE_SYSTEMS = ("nfs", "nfs4", "cifs", "smb3", "smbfs", "9p", "fuse.sshfs", "afs", "ceph")


class DatabaseRefused(TrousseauError):
    """The database can't be used safely as it is."""


def make_engine(url: str | URL) -> Engine:
    """Return an engine for a SQLite or PostgreSQL address, not yet connected.

    Raises `DatabaseRefused` for another kind of database, an affected SQLite version, a
    network file system, or a file that others may read.
    """
    url = make_url(url)
    if url.get_backend_name() == "postgresql":
        return _postgresql(url.set(drivername="postgresql+psycopg"))
    if url.get_backend_name() == "sqlite" and url.database:
        return _sqlite(url, Path(url.database))
    raise DatabaseRefused(
        say("The address of the database names neither a SQLite file nor a PostgreSQL server.")
    )


def _postgresql(url: URL) -> Engine:
    return create_engine(
        url,
        hide_parameters=True,
        pool_pre_ping=True,
        pool_size=4,
        # Compiling a list's statement would take the server longer than executing it.
        connect_args={"options": "-c timezone=UTC -c jit=off"},
    )


def _sqlite(url: URL, path: Path) -> Engine:
    module = _sqlite_module()
    _refuse_unsafe_place(path)
    engine = create_engine(url.set(drivername="sqlite"), module=module, hide_parameters=True)

    @event.listens_for(engine, "connect")
    def _configure(connection: Any, _record: Any) -> None:
        connection.isolation_level = None
        for pragma in (
            "busy_timeout=30000",
            "journal_mode=WAL",
            "synchronous=FULL",
            "foreign_keys=ON",
            "trusted_schema=OFF",
            "secure_delete=ON",
        ):
            connection.execute(f"PRAGMA {pragma}")

    @event.listens_for(engine, "begin")
    def _begin(connection: Any) -> None:
        writes = connection.get_execution_options().get("writes", False)
        if writes:
            connection.exec_driver_sql("BEGIN IMMEDIATE")
        else:
            # Takes no lock, so nothing can go wrong that SQLAlchemy would have to tell.
            connection.connection.driver_connection.execute("BEGIN")

    return engine


def _sqlite_module() -> Any:
    try:
        from pysqlite3 import dbapi2 as module
    except ImportError:  # no wheel for this platform: the interpreter's own may be recent enough
        import sqlite3 as module
    version = tuple(int(part) for part in module.sqlite_version.split("."))
    if not is_safe_sqlite(version):
        raise DatabaseRefused(
            say(
                "SQLite %(version)s can lose data when several people work at once. "
                "Install the package pysqlite3, which brings a repaired one.",
                version=module.sqlite_version,
            )
        )
    return module


def is_safe_sqlite(version: tuple[int, ...]) -> bool:
    """Tell whether this version has no WAL-reset race (FACTS, SQLite)."""
    if version < (3, 7, 0) or version >= (3, 51, 3):
        return True
    return any(version[:2] == fix[:2] and version >= fix for fix in _REPAIRED_SQLITE)


def _refuse_unsafe_place(path: Path) -> None:
    if not path.exists():
        path.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
        os.close(os.open(path, os.O_CREAT | os.O_RDWR, 0o600))
    if stat.S_IMODE(path.stat().st_mode) & 0o077:
        raise DatabaseRefused(
            say(
                "Other users of this machine may read the database %(path)s. "
                "Close it to them with: chmod 600",
                path=str(path),
            )
        )
    if (kind := _file_system(path)) in _SHARED_FILE_SYSTEMS:
        raise DatabaseRefused(
            say(
                "The database %(path)s lies on a network drive (%(kind)s), where SQLite loses "
                "data. Use a local folder, or PostgreSQL.",
                path=str(path),
                kind=kind,
            )
        )


def _file_system(path: Path) -> str:
    """Return the type of the file system that holds `path`, "" where it can't be told."""
    try:
        lines = Path("/proc/self/mounts").read_text().splitlines()
    except OSError:
        return ""
    place, found = str(path.resolve()), ("", "")
    for line in lines:
        _device, mount, kind = line.split()[:3]
        mount = mount.replace("\\040", " ")
        inside = place == mount or place.startswith(mount.rstrip("/") + "/")
        if inside and len(mount) >= len(found[0]):
            found = (mount, kind)
    return found[1]


# --- sessions ---------------------------------------------------------------------------


class ActorSession(Session):
    """A session for one actor at one moment. Made by `reading` and `writing` only."""

    actor: Actor
    at: datetime
    writes: bool
    pending: list[journal.Change]

    def note(self, change: journal.Change) -> None:
        """Write a change that no flush shows to the journal, at the end of the transaction."""
        self.pending.append(change)


@contextmanager
def reading(engine: Engine, actor: Actor, at: datetime) -> Iterator[ActorSession]:
    """Open a session that reads what `actor` may see. It refuses to write."""
    with _session(engine, actor, at, writes=False) as session:
        yield session


@contextmanager
def writing(engine: Engine, actor: Actor, at: datetime) -> Iterator[ActorSession]:
    """Open a session that writes; it commits at the end, or rolls back on any error.

    Keep it short: no mail, file, sleep or person inside it.
    """
    with gate(engine), _session(engine, actor, at, writes=True) as session:
        yield session
        session.commit()


@contextmanager
def _session(engine: Engine, actor: Actor, at: datetime, writes: bool) -> Iterator[ActorSession]:
    bind = engine.execution_options(writes=True) if writes else engine
    with ActorSession(bind, expire_on_commit=False) as session:
        session.actor, session.at, session.writes, session.pending = actor, at, writes, []
        session.info["criteria"] = () if actor.sees_all else criteria(actor)
        yield session


def dialect_of(session: ActorSession) -> str:
    """Return `sqlite` or `postgresql`."""
    return session.get_bind().dialect.name


@contextmanager
def gate(engine: Engine) -> Iterator[None]:
    """Let writers of a SQLite file queue fairly, whatever their process (FACTS)."""
    if engine.dialect.name != "sqlite":
        yield
        return
    handle = os.open(f"{engine.url.database}.gate", os.O_CREAT | os.O_RDWR, 0o600)
    try:
        fcntl.flock(handle, fcntl.LOCK_EX)
        yield
    finally:
        os.close(handle)


def change(session: ActorSession, table: type[Table], where: Any, **values: Any) -> int:
    """Update rows only where `where` still holds, and return how many were changed.

    This is how a state changes: whoever comes second gets 0 (FACTS). Raises `OutOfScope`
    where a row would go over to a school that is not the actor's.
    """
    schools = session.actor.schools
    if schools is not None and "school_id" in values and values["school_id"] not in schools:
        raise not_theirs()
    identifier: Any = vars(table)["id"]
    before = [getattr(table, name) for name in values]
    rows = session.execute(
        select(identifier, *before, *_owners(table)).where(where).with_for_update()
    ).all()
    if not rows:
        return 0
    if schools is not None and table.scope in SHARED_SCOPES:
        _refuse_shared(rows, schools)
    ids = [row[0] for row in rows]
    session.execute(
        update(table).where(identifier.in_(ids), where).values(**values),
        execution_options={"journaled": True, "synchronize_session": "fetch"},
    )
    if table.journaled:
        for row in rows:
            _note_update(session, table, row, values)
    return len(rows)


def _refuse_shared(rows: Sequence[Any], schools: frozenset[int]) -> None:
    """Refuse to change what another school lets be seen, and no more."""
    if any(row.owner_school_id not in schools for row in rows):
        raise not_theirs()


def _owners(table: type[Table]) -> list[Any]:
    return [
        getattr(table, name).label(f"owner_{name}")
        for name in ("person_id", "school_id")
        if name in table.__table__.c  # type: ignore[attr-defined]
    ]


def _note_update(session: ActorSession, table: type[Table], row: Any, values: Any) -> None:
    columns = table.__table__.c  # type: ignore[attr-defined]
    secret = {name for name in values if columns[name].info.get("secret")}
    name = str(table.__tablename__)
    session.note(
        journal.Change(
            action="update",
            entity=name,
            entity_id=row[0],
            person_id=row[0] if name == "person" else getattr(row, "owner_person_id", None),
            school_id=row[0] if name == "school" else getattr(row, "owner_school_id", None),
            data={
                "before": {
                    n: "…" if n in secret else journal.plain(getattr(row, n)) for n in values
                },
                "after": {n: "…" if n in secret else journal.plain(v) for n, v in values.items()},
            },
        )
    )


# --- scope ------------------------------------------------------------------------------


@event.listens_for(ActorSession, "do_orm_execute")
def _keep_scope(state: ORMExecuteState) -> None:
    session: Any = state.session
    changes = state.is_insert or state.is_update or state.is_delete
    if changes and not session.writes:
        raise RuntimeError("a reading session was asked to write")
    if changes and _is_journaled(state) and not state.execution_options.get("journaled"):
        raise RuntimeError("use models.database.change, so that the journal knows")
    if session.actor.sees_all or state.is_column_load or state.is_relationship_load:
        return
    if not _can_be_limited(state):
        raise _not_limited()
    limits = session.info["criteria"]
    if state.is_select:
        state.statement = _limited(state.statement, limits)
        return
    _refuse_changes(session.actor, state)
    state.statement = state.statement.options(*limits)


def _refuse_changes(actor: Actor, state: ORMExecuteState) -> None:
    """Refuse to change what the actor's role may only see, or the actor's schools."""
    mapper = state.bind_mapper
    if mapper is None:
        raise not_allowed()
    table: Any = mapper.class_
    require_change(actor, table.__tablename__)
    if table.scope in SHARED_SCOPES:
        statement: Any = state.statement
        state.statement = statement.where(table.school_id.in_(sorted(actor.schools or ())))


#: Questions that were limited last. One that a service keeps and uses again is the same
#: object each time; limited anew, SQLAlchemy would have to read it from end to end to find
#: its SQL again, which for a list takes five times as long as the database does.
_LIMITED: OrderedDict[tuple[int, int], tuple[Any, Any, Any]] = OrderedDict()
_MOST_LIMITED = 512
_limiting = Lock()


def _limited(statement: Any, criteria: tuple[Any, ...]) -> Any:
    """Return a statement with an actor's conditions; statements never change."""
    if (found := _limited_before(statement, criteria)) is not None:
        return found
    _refuse_joined_aliases(statement)
    limited = statement.options(*criteria)
    with _limiting:
        _LIMITED[id(statement), id(criteria)] = (statement, criteria, limited)
        if len(_LIMITED) > _MOST_LIMITED:
            _LIMITED.popitem(last=False)
    return limited


def _refuse_joined_aliases(statement: Any) -> None:
    """Refuse `JOIN alias ON …`: SQLAlchemy 2.1 puts the criteria of its table there without
    the alias, which then limit nothing. An alias in a subquery's FROM is limited rightly."""
    for element in visitors.iterate(statement):
        for target, *_rest in getattr(element, "_setup_joins", ()):
            if isinstance(target, Alias):
                raise RuntimeError("join the table itself: a joined alias can’t be limited")


def _limited_before(statement: Any, criteria: tuple[Any, ...]) -> Any:
    key = (id(statement), id(criteria))
    with _limiting:
        # What stands here is held, so that nothing else can have come by its identity.
        if (found := _LIMITED.get(key)) is None:
            return None
        _LIMITED.move_to_end(key)
        return found[2]


def let_through(session: ActorSession, question: Select[Any]) -> Any:
    """Return a select as this session lets it through: with its actor's conditions.

    Raises `OutOfScope` where the session would.
    """
    if not question.is_select:
        raise RuntimeError("only questions are let through")
    if session.actor.sees_all:
        return question
    if not _is_of_classes(question):
        raise _not_limited()
    return _limited(question, session.info["criteria"])


def _is_of_classes(statement: Any) -> bool:
    """Tell whether criteria reach the rows: not those of bare tables, nor of bare SQL."""
    if isinstance(statement, FromStatement):
        return False
    # This is how SQLAlchemy's own session tells it.
    return statement._propagate_attrs.get("compile_state_plugin") == "orm"


def _can_be_limited(state: ORMExecuteState) -> bool:
    """Tell whether criteria reach the rows: not those that are changed by their identifiers,
    or that are new and never pass through a flush."""
    if not state.is_orm_statement or not _is_of_classes(state.statement):
        return False
    return not (state.is_insert or (state.is_update and state.is_executemany))


def _not_limited() -> OutOfScope:
    return OutOfScope(say("This statement can’t be limited to your schools."))


def _is_journaled(state: ORMExecuteState) -> bool:
    mapper = state.bind_mapper
    return mapper is None or mapper.class_.journaled


@event.listens_for(ActorSession, "before_flush")
def _check_flush(session: Any, _context: Any, _instances: Any) -> None:
    rows = [*session.new, *session.dirty, *session.deleted]
    if rows and not session.writes:
        raise RuntimeError("a reading session was asked to write")
    if session.actor.sees_all:
        return
    for row in rows:
        if not may_write(session, row):
            raise not_theirs()


@event.listens_for(ActorSession, "after_flush")
def _collect(session: Any, _context: Any) -> None:
    session.pending.extend(journal.changes_of(session))


@event.listens_for(ActorSession, "before_commit")
def _write_journal(session: Any) -> None:
    if not session.writes:
        return
    session.flush()
    pending, session.pending = session.pending, []
    journal.write(session.connection(), pending, session.actor.name, session.at)
