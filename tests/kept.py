"""What a test builds in a fresh database, kept for the next test that wants the same.

A third of the CPU of a test of services went into building the same small world anew. A process
now builds each once for each kind of database; from then on its rows are put in as they were.
"""

from collections.abc import Callable, Hashable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any, TypeVar

from sqlalchemy import Engine
from sqlmodel import SQLModel

Told = TypeVar("Told")

_kept: dict[tuple[str, Hashable], Any] = {}


def kept(engine: Engine, key: Hashable, build: Callable[[], Told]) -> Told:
    """Do to a database what `build` does, and return what it tells, which must not be changed.

    `key` says what is built, with all that it depends on. A database that already holds
    something is built in as ever.
    """
    kind: Any = {"sqlite": _File, "postgresql": _Rows}[engine.dialect.name]
    if not _is_empty(engine):
        return build()
    if (known := _kept.get((engine.dialect.name, key))) is None:
        told = build()
        known = _kept[engine.dialect.name, key] = kind.of(engine), told
    else:
        known[0].put_into(engine)
    return known[1]  # type: ignore[no-any-return]


def _tables() -> list[str]:
    return [f'"{table.name}"' for table in SQLModel.metadata.sorted_tables]


def _is_empty(engine: Engine) -> bool:
    # Whatever was written by a service before the file was copied has left a line in the journal.
    tables = ['"journal"', '"calendar"'] if _is_copied(engine) else _tables()
    held = " OR ".join(f"EXISTS(SELECT 1 FROM {table})" for table in tables)
    with _connection(engine) as connection:
        return not connection.execute(f"SELECT {held}").fetchone()[0]


def _is_copied(engine: Engine) -> bool:
    """Tell whether nothing was written to a SQLite file since it came to its place."""
    if engine.dialect.name != "sqlite":
        return False
    written = Path(f"{engine.url.database}-wal")
    return not (written.exists() and written.stat().st_size)


@contextmanager
def _connection(engine: Engine) -> Iterator[Any]:
    """The driver's own connection; SQLAlchemy takes longer to ask than the database to answer."""
    pooled: Any = engine.raw_connection()
    try:
        yield pooled.driver_connection
        if engine.dialect.name == "postgresql":
            pooled.commit()
    finally:
        pooled.close()


@dataclass(frozen=True)
class _File:
    """A whole SQLite database, in memory."""

    pages: Any

    @classmethod
    def of(cls, engine: Engine) -> "_File":
        with _connection(engine) as connection:
            pages = type(connection)(":memory:", check_same_thread=False)
            connection.backup(pages)
        return cls(pages)

    def put_into(self, engine: Engine) -> None:
        with _connection(engine) as connection:
            self.pages.backup(connection)


@dataclass(frozen=True)
class _Rows:
    """The rows of the tables of a PostgreSQL database that have any, and how far it has counted."""

    tables: dict[str, bytes]
    counted: str

    @classmethod
    def of(cls, engine: Engine) -> "_Rows":
        with _connection(engine) as connection:
            tables = {}
            for table in _tables():
                if connection.execute(f"SELECT EXISTS(SELECT 1 FROM {table})").fetchone()[0]:
                    with connection.cursor().copy(f"COPY {table} TO STDOUT (FORMAT binary)") as out:
                        tables[table] = b"".join(bytes(part) for part in out)
            counted = connection.execute(
                "SELECT format('SELECT setval(%L, %s)', sequencename, last_value) "
                "FROM pg_sequences WHERE last_value IS NOT NULL"
            ).fetchall()
        return cls(tables, "; ".join(row[0] for row in counted))

    def put_into(self, engine: Engine) -> None:
        with _connection(engine) as connection:
            # No triggers: what they wrote is among the rows.
            connection.execute("SET LOCAL session_replication_role = replica")
            for table, rows in self.tables.items():
                with connection.cursor().copy(f"COPY {table} FROM STDIN (FORMAT binary)") as into:
                    into.write(rows)
            connection.execute(self.counted)
