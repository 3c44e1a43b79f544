"""Staff members, the posts they hold, and suspected doubles."""

from datetime import date, datetime
from typing import Any, ClassVar

from sqlalchemy import Index, UniqueConstraint
from sqlmodel import Field

from models.base import Instant, Table, partial_index


class Person(Table, table=True):
    """A staff member: one row for one person, across schools.

    The `_key` columns hold the normal forms in which names and addresses are compared.
    `personal_email_field` names the field of the source that the address came from.
    """

    __tablename__ = "person"
    __table_args__: Any = (
        Index("ix_person_names", "surname_key", "first_name_key"),
        *(
            partial_index("person", column)
            for column in ("staff_number", "personal_email_key", "merged_into_id")
        ),
        {"sqlite_autoincrement": True},
    )
    scope: ClassVar[str] = "person"

    id: int | None = Field(default=None, primary_key=True)
    surname: str
    first_name: str
    surname_key: str
    first_name_key: str
    birth_date: date | None = None
    staff_number: str | None = None
    sex: str = ""
    language: str = ""
    personal_email: str | None = None
    personal_email_key: str | None = None
    personal_email_field: str = ""
    created_at: datetime = Field(sa_type=Instant)
    merged_into_id: int | None = Field(default=None, foreign_key="person.id")


class PersonKey(Table, table=True):
    """The identifier by which a source knows a person."""

    __tablename__ = "person_key"
    __table_args__: Any = (
        UniqueConstraint("source_id", "key"),
        {"sqlite_autoincrement": True},
    )
    scope: ClassVar[str] = "person_id"

    id: int | None = Field(default=None, primary_key=True)
    source_id: int = Field(foreign_key="source.id")
    key: str
    person_id: int = Field(foreign_key="person.id", index=True)


class Post(Table, table=True):
    """A situation école: one person in one school for one school year.

    `exit_date` is the last day, inclusive; `present` the tick *présence administrative*.
    `role` is the role recorded on the post, `role_by_hand` that an import leaves it alone.
    `disappeared_at` is when a complete import no longer named the person.
    """

    __tablename__ = "post"
    __table_args__: Any = (
        UniqueConstraint("school_id", "school_year_id", "person_id"),
        partial_index("post", "school_email_key"),
        {"sqlite_autoincrement": True},
    )

    id: int | None = Field(default=None, primary_key=True)
    person_id: int = Field(foreign_key="person.id", index=True)
    school_id: int = Field(foreign_key="school.id")
    school_year_id: int = Field(foreign_key="school_year.id")
    source_id: int | None = Field(default=None, foreign_key="source.id")
    function: str = ""
    other_functions: str = ""
    role: str | None = None
    role_by_hand: bool = False
    start_date: date | None = None
    exit_date: date | None = None
    present: bool = True
    school_email: str | None = None
    school_email_key: str | None = None
    school_email_field: str = ""
    created_at: datetime = Field(sa_type=Instant)
    disappeared_at: datetime | None = Field(default=None, sa_type=Instant)


class SuspectedDouble(Table, table=True):
    """Two persons who may be one, until somebody decides *same* or *different*."""

    __tablename__ = "suspected_double"
    __table_args__: Any = (
        UniqueConstraint("person_id", "other_id"),
        {"sqlite_autoincrement": True},
    )
    scope: ClassVar[str] = "person_pair"

    id: int | None = Field(default=None, primary_key=True)
    person_id: int = Field(foreign_key="person.id")
    other_id: int = Field(foreign_key="person.id", index=True)
    score: int
    found_at: datetime = Field(sa_type=Instant)
    decided_at: datetime | None = Field(default=None, sa_type=Instant)
    decision: str = ""
