"""The reading room of HeadNet: documents with their versions, conferences, committees.

All heads read the same; the helpdesk publishes, replaces and withdraws. Nothing is deleted:
what is withdrawn keeps its versions, and who had read which is on record.
"""

from datetime import date, datetime
from typing import Any, ClassVar

from sqlalchemy import Index, LargeBinary, UniqueConstraint
from sqlmodel import Field

from models.base import Instant, Table, conditional_index, partial_index

#: The kinds of documents (DOMAIN §1), and how a file is read: as marked-up text, as text, or
#: not in the console but from the disk it is saved to.
DOCUMENT_KINDS = ("official", "minutes")
MEDIA = ("markdown", "text", "file")


class Document(Table, table=True):
    """A document of the room; its contents are those of the version with the number `version`.

    That is the latest one that has not been withdrawn. `dated_on` is the day that the document
    bears: of the decision, or of the meeting. `source_key` is its path in a folder that was
    imported, by which it is found again.
    """

    __tablename__ = "document"
    __table_args__: Any = (
        Index("ix_document_dated_on", "dated_on", "id"),
        partial_index("document", "committee_id"),
        conditional_index(
            "uq_document_source_key", "source_key", where="source_key IS NOT NULL", unique=True
        ),
        {"sqlite_autoincrement": True},
    )
    scope: ClassVar[str] = "reference"

    id: int | None = Field(default=None, primary_key=True)
    kind: str
    title: str
    title_key: str
    language: str = "fr"
    committee_id: int | None = Field(default=None, foreign_key="committee.id")
    dated_on: date
    source_key: str | None = None
    version: int = 1
    published_at: datetime = Field(sa_type=Instant)
    withdrawn_at: datetime | None = Field(default=None, sa_type=Instant)


class DocumentFile(Table, table=True):
    """The bytes of a file, once for each contents, and its words in normal form for the search.

    The words stand before the bytes: SQLite would read through these to come to them. A file
    that no version refers to was kept for a plan; it goes some time after `stored_at`. Not
    journaled: its digest says what it is, and versions that refer to it are.
    """

    __tablename__ = "document_file"
    scope: ClassVar[str] = "reference"
    journaled: ClassVar[bool] = False

    id: int | None = Field(default=None, primary_key=True)
    digest: str = Field(unique=True)
    size: int
    stored_at: datetime = Field(sa_type=Instant)
    text_key: str = ""
    contents: bytes = Field(sa_type=LargeBinary, repr=False)


class DocumentVersion(Table, table=True):
    """A version of a document, numbered from 1; `note` says what is new in it."""

    __tablename__ = "document_version"
    __table_args__: Any = (
        UniqueConstraint("document_id", "number"),
        {"sqlite_autoincrement": True},
    )
    scope: ClassVar[str] = "reference"

    id: int | None = Field(default=None, primary_key=True)
    document_id: int = Field(foreign_key="document.id")
    number: int
    file_id: int = Field(foreign_key="document_file.id", index=True)
    file_name: str
    media: str
    note: str = ""
    published_at: datetime = Field(sa_type=Instant)
    withdrawn_at: datetime | None = Field(default=None, sa_type=Instant)


class DocumentReading(Table, table=True):
    """That somebody (`Actor.owner`) has opened a version; whoever has not sees it as unread."""

    __tablename__ = "document_reading"
    __table_args__: Any = (
        UniqueConstraint("owner", "version_id"),
        {"sqlite_autoincrement": True},
    )
    scope: ClassVar[str] = "owner"
    journaled: ClassVar[bool] = False

    id: int | None = Field(default=None, primary_key=True)
    owner: str
    version_id: int = Field(foreign_key="document_version.id", index=True)
    read_at: datetime = Field(sa_type=Instant)


class Conference(Table, table=True):
    """A conference: both days inclusive, in `time_zone`; `begins` and `ends` are HH:MM or "".

    Each of its days has these times. `text_key` is the words of place and information in
    normal form, for the search. `sequence` grows with each change, so that a calendar takes
    the newer one.
    """

    __tablename__ = "conference"
    __table_args__: Any = (
        Index("ix_conference_first_day", "first_day", "id"),
        {"sqlite_autoincrement": True},
    )
    scope: ClassVar[str] = "reference"

    id: int | None = Field(default=None, primary_key=True)
    title: str
    title_key: str
    place: str = ""
    link: str = ""
    first_day: date
    last_day: date
    begins: str = ""
    ends: str = ""
    time_zone: str
    information: str = ""
    text_key: str = ""
    sequence: int = 0
    published_at: datetime = Field(sa_type=Instant)
    changed_at: datetime = Field(sa_type=Instant)
    withdrawn_at: datetime | None = Field(default=None, sa_type=Instant)


class Committee(Table, table=True):
    """A committee of heads, and what it is for."""

    __tablename__ = "committee"
    __table_args__: Any = (
        Index("ix_committee_name_key", "name_key", "id"),
        {"sqlite_autoincrement": True},
    )
    scope: ClassVar[str] = "reference"

    id: int | None = Field(default=None, primary_key=True)
    name: str
    name_key: str
    purpose: str = ""
    published_at: datetime = Field(sa_type=Instant)
    withdrawn_at: datetime | None = Field(default=None, sa_type=Instant)


class CommitteeMember(Table, table=True):
    """A term in a committee: from the first to the last day, both inclusive, or open.

    `election_id` is the vote that the term comes from, `function` what the member does there
    ("présidente"), as it was written. `removed_at` takes back a line that was wrong.
    """

    __tablename__ = "committee_member"
    __table_args__: Any = (
        Index("ix_committee_member_committee_id", "committee_id", "name_key"),
        {"sqlite_autoincrement": True},
    )
    scope: ClassVar[str] = "reference"

    id: int | None = Field(default=None, primary_key=True)
    committee_id: int = Field(foreign_key="committee.id")
    name: str
    name_key: str
    school_name: str = ""
    function: str = ""
    first_day: date
    last_day: date | None = None
    election_id: int | None = Field(default=None, foreign_key="election.id")
    recorded_at: datetime = Field(sa_type=Instant)
    removed_at: datetime | None = Field(default=None, sa_type=Instant)
