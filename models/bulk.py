"""Many rows at once, in a neutral form that both databases take as it is.

A neutral value is JSON: dates as `2026-08-24`, instants as `2026-08-24 06:00:00.000000` in
UTC. Nothing here asks for a scope or writes the journal: `services.plans` does both.
"""

import gc
import json
from collections.abc import Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from datetime import UTC, date, datetime
from functools import cache
from itertools import chain, islice
from typing import Any

from sqlalchemy import (
    JSON,
    Column,
    Connection,
    ForeignKey,
    Table,
    bindparam,
    select,
    text,
    update,
)
from sqlalchemy.exc import DBAPIError
from sqlmodel import SQLModel

from models.base import Instant
from models.language import dumps

#: Rows are fetched by this many identifiers at a time, below every engine's limit.
_CHUNK = 500
#: A statement of SQLite's inserts so many rows: the sequence of the table is written, and the
#: way back from a trigger or a broken key prepared, once for each statement and not each row
#: (100,000 people, posts and accesses: 2.4 s instead of 3.8, measured 2026-11).
_ROWS_AT_ONCE = 50
#: From this number of rows on, SQLite gets a page cache of so many KiB.
_MANY = 500
_CACHE_KB = 131_072


def table_named(name: str) -> Table:
    return SQLModel.metadata.tables[name]


def neutral(value: Any) -> Any:
    """Return a column's value in the neutral form."""
    if isinstance(value, datetime):
        return value.astimezone(UTC).strftime("%Y-%m-%d %H:%M:%S.%f")
    if isinstance(value, date):
        return value.isoformat()
    return dumps(value) if isinstance(value, dict | list) else value


@cache
def references(table: str) -> dict[str, str]:
    """Return the columns of `table` that refer to another one, with that one's name."""
    return {
        column.name: key.column.table.name
        for column in table_named(table).columns
        for key in column.foreign_keys
        if isinstance(key, ForeignKey)
    }


@cache
def instant_columns(table: str) -> frozenset[str]:
    return frozenset(c.name for c in table_named(table).columns if isinstance(c.type, Instant))


def reserve_ids(connection: Connection, table: str, count: int) -> int:
    """Reserve `count` identifiers that were never used, and return the first.

    On PostgreSQL the table is locked against other insertions until the transaction ends,
    for the identifiers are to be consecutive.
    """
    if connection.dialect.name == "sqlite":
        used = connection.execute(
            text("SELECT seq FROM sqlite_sequence WHERE name = :name"), {"name": table}
        ).scalar()
        return int(used or 0) + 1
    connection.execute(text(f'LOCK TABLE "{table}" IN SHARE ROW EXCLUSIVE MODE'))
    sequence = connection.execute(
        text("SELECT pg_get_serial_sequence(:name, 'id')"), {"name": table}
    ).scalar_one()
    first = connection.execute(text("SELECT nextval(:name)"), {"name": sequence}).scalar_one()
    connection.execute(
        text("SELECT setval(:name, :last)"), {"name": sequence, "last": first + count - 1}
    )
    return int(first)


def insert_rows(
    connection: Connection,
    table: str,
    columns: Sequence[str],
    rows: Iterable[Sequence[Any]],
    alike: Mapping[str, Any] | None = None,
) -> None:
    """Insert neutral rows, each with the values of `columns`; see `insert_columns`."""
    values = list(zip(*rows, strict=True))
    if values:
        insert_columns(connection, table, dict(zip(columns, values, strict=True)), alike)


def insert_columns(
    connection: Connection,
    table: str,
    columns: Mapping[str, Sequence[Any]],
    alike: Mapping[str, Any] | None = None,
) -> None:
    """Insert neutral rows, given by column and each of as many values.

    On SQLite those are prepared statements of several rows, on PostgreSQL a COPY. `alike`
    holds further columns with the one value that they have in all rows.
    """
    if connection.dialect.name == "sqlite":
        _insert_sqlite(connection, table, columns, alike or {})
    else:
        _copy_postgresql(connection, table, columns, alike or {})


def _insert_sqlite(
    connection: Connection,
    table: str,
    columns: Mapping[str, Sequence[Any]],
    alike: Mapping[str, Any],
) -> None:
    columns, same = _without_same(columns)
    alike = {**alike, **same}
    names = ", ".join(f'"{name}"' for name in [*columns, *alike])
    row = ", ".join(["?"] * len(columns) + [_literal(value) for value in alike.values()])
    statement = f'INSERT INTO "{table}" ({names}) VALUES '
    count = len(next(iter(columns.values()), ()))
    rows = zip(*columns.values(), strict=True)
    together = (
        tuple(chain.from_iterable(islice(rows, _ROWS_AT_ONCE)))
        for _batch in range(count // _ROWS_AT_ONCE)
    )
    with _wrapped(connection, statement):
        cursor: Any = connection.connection.cursor()
        cursor.executemany(statement + ", ".join([f"({row})"] * _ROWS_AT_ONCE), together)
        cursor.executemany(f"{statement}({row})", rows)
        cursor.close()


def _copy_postgresql(
    connection: Connection,
    table: str,
    columns: Mapping[str, Sequence[Any]],
    alike: Mapping[str, Any],
) -> None:
    names = ", ".join(f'"{name}"' for name in [*columns, *alike])
    rows = zip(*columns.values(), strict=True)
    rest = tuple(alike.values())
    statement = f'COPY "{table}" ({names}) FROM STDIN'
    driver: Any = connection.connection
    with _wrapped(connection, statement), driver.cursor() as cursor, cursor.copy(statement) as copy:
        for row in rows:
            copy.write_row((*row, *rest))


def _without_same(
    columns: Mapping[str, Sequence[Any]],
) -> tuple[dict[str, Sequence[Any]], dict[str, Any]]:
    """Part columns from those that hold nothing at all, or one truth value throughout.

    SQLite's driver needs 2 µs for each of these, ten times what a text takes, for it looks
    for a way to convert them (measured 2026-11). A column at least stays.
    """
    kept: dict[str, Sequence[Any]] = {}
    same: dict[str, Any] = {}
    for name, values in columns.items():
        first = values[0] if values else 0
        if (first is None or isinstance(first, bool)) and values.count(first) == len(values):
            same[name] = first
        else:
            kept[name] = values
    return (kept, same) if kept else (dict(columns), {})


@contextmanager
def _wrapped(connection: Connection, statement: str) -> Iterator[None]:
    """Turn the driver's errors into SQLAlchemy's, as it does for its own statements."""
    driver = connection.dialect.loaded_dbapi
    try:
        yield
    except driver.Error as error:
        raise DBAPIError.instance(
            statement, None, error, driver.Error, hide_parameters=True, dialect=connection.dialect
        ) from error


@contextmanager
def many_rows(connection: Connection, count: int) -> Iterator[None]:
    """Make room for work on `count` rows: SQLite's page cache, and no garbage collection.

    With its usual 2 MB the indexes of 100,000 rows are read again and again; and millions of
    lists that all live on are looked through in vain (half of the time, measured 2026-11).
    """
    if count < _MANY:
        yield
        return
    if connection.dialect.name == "sqlite":
        connection.exec_driver_sql(f"PRAGMA cache_size=-{_CACHE_KB}")
    try:
        with no_collection():
            yield
    finally:
        if connection.dialect.name == "sqlite":
            connection.exec_driver_sql("PRAGMA cache_size=-2000")


@contextmanager
def no_collection() -> Iterator[None]:
    """Switch garbage collection off, and on again where it was on.

    What was made meanwhile then counts as old: else the very next collection would go through
    all of it (half a second for a plan of 100,000). Where the program has frozen what it
    loaded, it stays frozen with that: thawing knows no part of it, and the next collection of
    a forked session would make copies of all that it shares with the others.
    """
    was_on, frozen = gc.isenabled(), gc.get_freeze_count()
    gc.disable()
    try:
        yield
    finally:
        if was_on:
            gc.freeze()
            if not frozen:
                gc.unfreeze()
            gc.enable()


def _literal(value: Any) -> str:
    """Return a neutral value as SQL text; it is one of our own, and quoted all the same."""
    if value is None:
        return "NULL"
    if isinstance(value, int | float):
        return str(int(value) if isinstance(value, bool) else value)
    return "'" + str(value).replace("'", "''") + "'"


def fetch_rows(
    connection: Connection, table: str, columns: Sequence[str], ids: Sequence[int]
) -> dict[int, dict[str, Any]]:
    """Return rows by id with neutral values, locked against others' changes."""
    rows = table_named(table)
    wanted: list[Column[Any]] = [rows.c[name] for name in columns]
    found: dict[int, dict[str, Any]] = {}
    for start in range(0, len(ids), _CHUNK):
        statement = select(rows.c.id, *wanted).where(rows.c.id.in_(ids[start : start + _CHUNK]))
        for row in connection.execute(statement.with_for_update()):
            found[row[0]] = {name: neutral(row[i]) for i, name in enumerate(columns, 1)}
    return found


def update_rows(
    connection: Connection, table: str, columns: Sequence[str], rows: Iterable[Sequence[Any]]
) -> None:
    """Set `columns` to neutral values; each row is the values and then the id."""
    target = table_named(table)
    statement = (
        update(target)
        .where(target.c.id == bindparam("row_id"))
        .values({name: bindparam(f"new_{name}") for name in columns})
    )
    names = [*(f"new_{name}" for name in columns), "row_id"]
    batch = [
        dict(zip(names, [*map(_typed, [target.c[n] for n in columns], row), row[-1]], strict=True))
        for row in rows
    ]
    if batch:
        connection.execute(statement, batch)


def delete_rows(connection: Connection, table: str, ids: Sequence[int]) -> None:
    target = table_named(table)
    for start in range(0, len(ids), _CHUNK):
        connection.execute(target.delete().where(target.c.id.in_(ids[start : start + _CHUNK])))


def _typed(column: Column[Any], value: Any) -> Any:
    """Return the Python value that SQLAlchemy expects for a neutral one."""
    if value is None:
        return None
    if isinstance(column.type, JSON):
        return json.loads(value)
    kind = column.type.python_type if not isinstance(column.type, Instant) else datetime
    if kind is datetime:
        return datetime.fromisoformat(value).replace(tzinfo=UTC)
    return date.fromisoformat(value) if kind is date else value
