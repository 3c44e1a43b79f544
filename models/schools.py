"""Schools and what they stand in: sites, governing bodies, calendars, school years, sources."""

from datetime import date
from typing import Any, ClassVar

from sqlalchemy import JSON, UniqueConstraint
from sqlmodel import Field

from models.base import Table

#: The calendar of the French Community, to which a school belongs unless its source says else.
DEFAULT_CALENDAR = "fwb"
DEFAULT_TIME_ZONE = "Europe/Brussels"


class Calendar(Table, table=True):
    """A set of school years that schools follow (DOMAIN §3, School year)."""

    __tablename__ = "calendar"
    scope: ClassVar[str] = "reference"

    id: int | None = Field(default=None, primary_key=True)
    code: str = Field(unique=True)
    name: str


class SchoolYear(Table, table=True):
    """One school year of a calendar.

    `last_day` is the last day of class; `access_ends` the last day, inclusive, on which an
    access of this year counts: the eve of the next year's first day. `status` is one of
    official, computed, undecided, imported, edited.
    """

    __tablename__ = "school_year"
    __table_args__: Any = (
        UniqueConstraint("calendar_id", "label"),
        {"sqlite_autoincrement": True},
    )
    scope: ClassVar[str] = "reference"

    id: int | None = Field(default=None, primary_key=True)
    calendar_id: int = Field(foreign_key="calendar.id")
    label: str
    first_day: date
    last_day: date
    access_ends: date
    status: str


class SchoolHoliday(Table, table=True):
    """Days without school in a calendar, both inclusive; `names` by language (`fr`, `en`, …).

    `source_key` is what the list that it came from calls it, so that it is found again.
    """

    __tablename__ = "school_holiday"
    __table_args__: Any = (
        UniqueConstraint("calendar_id", "source_key"),
        {"sqlite_autoincrement": True},
    )
    scope: ClassVar[str] = "reference"

    id: int | None = Field(default=None, primary_key=True)
    calendar_id: int = Field(foreign_key="calendar.id")
    first_day: date
    last_day: date
    names: Any = Field(sa_type=JSON)
    source_key: str


class GoverningBody(Table, table=True):
    """A pouvoir organisateur: employs the staff and owns schools."""

    __tablename__ = "governing_body"
    __table_args__: Any = (
        UniqueConstraint("source", "source_key"),
        {"sqlite_autoincrement": True},
    )
    scope: ClassVar[str] = "reference"

    id: int | None = Field(default=None, primary_key=True)
    name: str
    name_key: str = Field(index=True)
    fase_number: int | None = Field(default=None, unique=True)
    source: str | None = None
    source_key: str | None = None
    enterprise_number: str = ""
    street: str = ""
    postal_code: str = ""
    locality: str = ""


class School(Table, table=True):
    """A school, or (`kind` office) the staff of a governing body itself.

    Known by its FASE number, or where it has none by source and identifier. The contact is
    whom its people are told to ask.
    """

    __tablename__ = "school"
    __table_args__: Any = (
        UniqueConstraint("source", "source_key"),
        {"sqlite_autoincrement": True},
    )
    scope: ClassVar[str] = "school"

    id: int | None = Field(default=None, primary_key=True)
    name: str
    name_key: str = Field(index=True)
    kind: str = "school"
    fase_number: int | None = Field(default=None, unique=True)
    source: str | None = None
    source_key: str | None = None
    governing_body_id: int | None = Field(default=None, foreign_key="governing_body.id", index=True)
    calendar_id: int = Field(foreign_key="calendar.id")
    time_zone: str = DEFAULT_TIME_ZONE
    language: str = "fr"
    enterprise_number: str = ""
    network: str = ""
    street: str = ""
    postal_code: str = ""
    locality: str = ""
    contact_name: str = ""
    contact_email: str = ""
    contact_phone: str = ""


class Site(Table, table=True):
    """An implantation: its number is its own, and may equal some school's."""

    __tablename__ = "site"
    __table_args__: Any = (
        UniqueConstraint("school_id", "fase_number"),
        {"sqlite_autoincrement": True},
    )

    id: int | None = Field(default=None, primary_key=True)
    school_id: int = Field(foreign_key="school.id")
    fase_number: int = Field(index=True)
    street: str = ""
    postal_code: str = ""
    locality: str = ""


class Source(Table, table=True):
    """Where records come from, and the rules that hold for it.

    `address_rule` says which address wins: personal_first or school_first (DOMAIN §3).
    `mapping` is the remembered choice of columns of a staff file.
    """

    __tablename__ = "source"
    scope: ClassVar[str] = "school_or_reference"

    id: int | None = Field(default=None, primary_key=True)
    code: str = Field(unique=True)
    name: str
    format: str
    school_id: int | None = Field(default=None, foreign_key="school.id", index=True)
    address_rule: str = "personal_first"
    fase_identifiers: bool = False
    mapping: Any = Field(default=None, sa_type=JSON)
