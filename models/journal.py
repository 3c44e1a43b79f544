"""The journal: every change, who made it and when, in an append-only chain of hashes.

Each line holds the hash of the line before it, so that a line changed or removed later
shows. The database itself refuses to change or delete lines (triggers of the migration).
"""

import hashlib
from collections.abc import Iterable
from dataclasses import dataclass
from datetime import UTC, date, datetime
from typing import Any, ClassVar

from sqlalchemy import Connection, Index, insert, inspect, select, text
from sqlalchemy.orm import Session
from sqlmodel import Field, SQLModel

from models.base import Instant, Table
from models.language import dumps

#: One lock for the chain on PostgreSQL: "trousseau" read as a number.
_CHAIN_LOCK = 0x7472_6F75
_FIRST_HASH = "0" * 64


class JournalLine(Table, table=True):
    """One change: `data` is JSON with the values before and after."""

    __tablename__ = "journal"
    __table_args__: Any = (
        Index("ix_journal_row", "entity", "entity_id"),
        {"sqlite_autoincrement": True},
    )
    scope: ClassVar[str] = "journal"
    journaled: ClassVar[bool] = False

    id: int | None = Field(default=None, primary_key=True)
    at: datetime = Field(sa_type=Instant)
    actor: str
    action: str
    entity: str
    entity_id: int | None = None
    person_id: int | None = Field(default=None, index=True)
    school_id: int | None = Field(default=None, index=True)
    data: str
    previous: str
    hash: str


@dataclass(frozen=True, slots=True)
class Change:
    """A change on its way to the journal."""

    action: str
    entity: str
    entity_id: int | None
    person_id: int | None
    school_id: int | None
    data: dict[str, Any]


def plain(value: Any) -> Any:
    """Return a column's value as JSON knows it; instants in UTC."""
    if isinstance(value, datetime):
        return value.astimezone(UTC).isoformat() if value.tzinfo else value.isoformat()
    return value.isoformat() if isinstance(value, date) else value


def changes_of(session: Session) -> list[Change]:
    """Return what a flush has just written, without secrets."""
    found = [_change("insert", row, {}, _values(row)) for row in session.new if _journaled(row)]
    found += [
        _change("update", row, *_difference(row))
        for row in session.dirty
        if _journaled(row) and session.is_modified(row)
    ]
    found += [
        _change("delete", row, _values(row), {}) for row in session.deleted if _journaled(row)
    ]
    return found


def write(connection: Connection, changes: Iterable[Change], actor: str, at: datetime) -> None:
    """Append `changes` to the chain, within the caller's transaction."""
    changes = list(changes)
    if not changes:
        return
    if connection.dialect.name == "postgresql":
        connection.execute(text("SELECT pg_advisory_xact_lock(:key)"), {"key": _CHAIN_LOCK})
    lines = SQLModel.metadata.tables["journal"]
    last = connection.scalar(select(lines.c.hash).order_by(lines.c.id.desc()).limit(1))
    previous = str(last or _FIRST_HASH)
    rows = []
    for change in changes:
        row: dict[str, Any] = {
            "at": at,
            "actor": actor,
            "action": change.action,
            "entity": change.entity,
            "entity_id": change.entity_id,
            "person_id": change.person_id,
            "school_id": change.school_id,
            "data": dumps(change.data),
            "previous": previous,
        }
        previous = row["hash"] = _hash(row)
        rows.append(row)
    connection.execute(insert(lines), rows)


def first_broken_line(session: Session) -> int | None:
    """Return the id of the first line that does not fit the chain, or None."""
    previous = _FIRST_HASH
    lines = select(JournalLine).order_by(JournalLine.id)  # type: ignore[arg-type]
    for line in session.scalars(lines.execution_options(yield_per=500)):
        if not _fits(line, previous):
            return line.id
        previous = line.hash
    return None


@dataclass(frozen=True, slots=True)
class Stretch:
    """A part of the chain that was looked at: how many lines, the last, the first broken."""

    lines: int
    last: int
    broken: int | None


def check_after(session: Session, after: int, limit: int) -> Stretch:
    """Look at the next `limit` lines behind the line `after`, 0 for the beginning.

    What was looked at before need not be again: a chain that has grown by a day costs a day.
    """
    previous = _FIRST_HASH
    if after:
        before = select(JournalLine.hash).where(JournalLine.id == after)  # type: ignore[call-overload]
        previous = session.scalar(before) or ""
    columns = [getattr(JournalLine, name) for name in ("id", *_HASHED, "hash")]
    lines = select(*columns).where(JournalLine.id > after)  # type: ignore[operator,arg-type]
    found = session.execute(lines.order_by(JournalLine.id).limit(limit)).all()  # type: ignore[arg-type]
    broken = None
    for line in found:
        if broken is None and not _fits(line, previous):
            broken = line.id
        previous = line.hash
    return Stretch(len(found), found[-1].id if found else after, broken)


def _fits(line: Any, previous: str) -> bool:
    row = {name: getattr(line, name) for name in _HASHED}
    return line.previous == previous and _hash(row) == line.hash


_HASHED = (
    "at", "actor", "action", "entity", "entity_id", "person_id", "school_id", "data", "previous"
)  # fmt: skip


def _hash(row: dict[str, Any]) -> str:
    return hashlib.sha256(dumps([plain(row[name]) for name in _HASHED]).encode()).hexdigest()


def _journaled(row: Any) -> bool:
    return isinstance(row, Table) and row.journaled


def _columns(row: Any) -> list[str]:
    table = row.__table__
    return [c.name for c in table.columns if not c.info.get("secret")]


def _values(row: Any) -> dict[str, Any]:
    values = {name: plain(getattr(row, name)) for name in _columns(row)}
    return {name: value for name, value in values.items() if value not in (None, "")}


def _difference(row: Any) -> tuple[dict[str, Any], dict[str, Any]]:
    before: dict[str, Any] = {}
    after: dict[str, Any] = {}
    state = inspect(row)
    for attribute in state.mapper.column_attrs:
        history = state.attrs[attribute.key].history
        if not history.has_changes():
            continue
        if state.mapper.columns[attribute.key].info.get("secret"):
            before[attribute.key] = after[attribute.key] = "…"
            continue
        before[attribute.key] = plain(history.deleted[0]) if history.deleted else None
        after[attribute.key] = plain(history.added[0]) if history.added else None
    return before, after


def _change(action: str, row: Any, before: dict[str, Any], after: dict[str, Any]) -> Change:
    name = row.__tablename__
    return Change(
        action=action,
        entity=name,
        entity_id=row.id,
        person_id=row.id if name == "person" else getattr(row, "person_id", None),
        school_id=row.id if name == "school" else getattr(row, "school_id", None),
        data={"before": before, "after": after},
    )
