"""Pupils, and the guardians who have an account because of them."""

from datetime import date, datetime
from typing import Any

from sqlalchemy import Index, UniqueConstraint
from sqlmodel import Field

from models.base import Instant, Table

#: What `Person.personal_email_field` says of a guardian's address that the school corrected by
#: hand: an import leaves it alone until the source has it too.
CORRECTED = "corrected"


class Pupil(Table, table=True):
    """A pupil of one school. A pupil has no account: the guardians have.

    `key` is the identifier in the source, where it has one. `group` is the class, as the
    source writes it. `disappeared_at` is when a complete import no longer named the pupil.
    """

    __tablename__ = "pupil"
    __table_args__: Any = (
        UniqueConstraint("school_id", "source_id", "key"),
        Index("ix_pupil_names", "school_id", "surname_key", "first_name_key"),
        {"sqlite_autoincrement": True},
    )
    id: int | None = Field(default=None, primary_key=True)
    school_id: int = Field(foreign_key="school.id")
    school_year_id: int = Field(foreign_key="school_year.id")
    source_id: int | None = Field(default=None, foreign_key="source.id")
    key: str | None = None
    surname: str
    first_name: str
    surname_key: str
    first_name_key: str
    birth_date: date | None = None
    group: str = ""
    created_at: datetime = Field(sa_type=Instant)
    disappeared_at: datetime | None = Field(default=None, sa_type=Instant)


class Guardianship(Table, table=True):
    """That a person answers for a pupil, in the pupil's school, from when until when.

    `relation` is as the source writes it (mère, tuteur…).
    """

    __tablename__ = "guardianship"
    __table_args__: Any = (
        Index("ix_guardianship_person_id", "person_id", "school_id"),
        Index("ix_guardianship_pupil_id", "pupil_id"),
        {"sqlite_autoincrement": True},
    )
    id: int | None = Field(default=None, primary_key=True)
    pupil_id: int = Field(foreign_key="pupil.id")
    person_id: int = Field(foreign_key="person.id")
    school_id: int = Field(foreign_key="school.id", index=True)
    source_id: int | None = Field(default=None, foreign_key="source.id")
    relation: str = ""
    since: datetime = Field(sa_type=Instant)
    ended_at: datetime | None = Field(default=None, sa_type=Instant)
