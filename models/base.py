"""What every table has in common: column types and a representation without contents."""

from datetime import UTC, datetime
from typing import Any, ClassVar

from sqlalchemy import DateTime, Dialect, Index, MetaData
from sqlalchemy.types import TypeDecorator
from sqlmodel import SQLModel
from sqlmodel._compat import SQLModelConfig

#: Names for constraints, so that migrations can speak of them on every engine.
NAMING = {
    "ix": "ix_%(table_name)s_%(column_0_N_name)s",
    "uq": "uq_%(table_name)s_%(column_0_N_name)s",
    "ck": "ck_%(table_name)s_%(constraint_name)s",
    "fk": "fk_%(table_name)s_%(column_0_name)s",
    "pk": "pk_%(table_name)s",
}
SQLModel.metadata.naming_convention = MetaData(naming_convention=NAMING).naming_convention


class Instant(TypeDecorator[datetime]):
    """An instant: aware in Python, UTC in the database. A naive value is refused."""

    impl = DateTime(timezone=True)
    cache_ok = True

    def process_bind_param(self, value: datetime | None, dialect: Dialect) -> datetime | None:
        if value is None:
            return None
        if value.tzinfo is None:
            raise ValueError("an instant needs a time zone")
        value = value.astimezone(UTC)
        # SQLite has no zones: the stored text is UTC by convention.
        return value.replace(tzinfo=None) if dialect.name == "sqlite" else value

    def process_result_value(self, value: datetime | None, dialect: Dialect) -> datetime | None:
        if value is None:
            return None
        return value.replace(tzinfo=UTC) if value.tzinfo is None else value.astimezone(UTC)

    def result_processor(self, dialect: Dialect, coltype: object) -> Any:
        """Read what SQLite holds in one step, a third of the time of two: lists are full of it."""
        if dialect.name != "sqlite":
            return super().result_processor(dialect, coltype)
        read = datetime.fromisoformat
        return lambda text: None if text is None else read(f"{text}+00:00")


class Table(SQLModel):
    """The root of all tables.

    `scope` says how a row belongs to a school (see `models.database`); `journaled` tells
    whether its changes are written to the journal. The representation names the row and
    shows no column, for columns hold addresses and secrets.
    """

    #: Rows are never validated by pydantic, so what would do it is not built.
    model_config = SQLModelConfig(defer_build=True)

    scope: ClassVar[str] = "school_id"
    journaled: ClassVar[bool] = True
    #: Identifiers are never used twice: tokens are a function of them.
    __table_args__: Any = {"sqlite_autoincrement": True}

    def __repr__(self) -> str:
        return f"<{type(self).__name__} {getattr(self, 'id', None)}>"

    __str__ = __repr__

    def __repr_args__(self) -> list[tuple[str | None, Any]]:
        return [("id", getattr(self, "id", None))]


#: Under what an index keeps its condition, as SQL that both databases read.
CONDITION = "where"


def conditional_index(name: str, *columns: str, where: str, unique: bool = False) -> Index:
    """Return an index over the rows for which a condition holds.

    SQLAlchemy knows such a condition by a name for each database, and imports all drivers of
    both to check it: 60 of 290 ms that the tables take (measured on 22 November 2026). Nobody
    needs it so: migrations make the indexes, and `models.upgrades.differences` compares them.
    """
    return Index(name, *columns, unique=unique, info={CONDITION: where})


def partial_index(table: str, column: str) -> Index:
    """Return an index over the rows that have a value: most rows of a large import have none."""
    return conditional_index(f"ix_{table}_{column}", column, where=f"{column} IS NOT NULL")
