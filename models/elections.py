"""Elections for committees: candidates, the schools that have voted, and a sealed urn.

That a school has voted is a row with its name and its time; what it voted is in the urn and
nowhere else. The urn of an election is one row: all its ballots, in the order of their random
receipts and all of one length, sealed under a key that is not in the database
(`services.urn`), and sealed anew with each vote. So neither the order of rows nor numbers of
transactions nor two copies of the database tell which ballot came with which voter. After the
close the ballots are published in the order of their receipts (`ElectionBallot`), and anyone
counts them.
"""

from datetime import datetime
from typing import Any, ClassVar

from sqlalchemy import Index, LargeBinary, UniqueConstraint
from sqlmodel import Field

from models.base import Instant, Table, partial_index


class Election(Table, table=True):
    """An election: open from `opens_at` (inclusive) to `closes_at` (exclusive).

    `seats` is how many are elected, and how many names a ballot may hold at most. It can be
    changed until it opens. `published_at` is when its ballots were published after the close,
    `ballots_digest` the SHA-256 of their list, `electorate` how many schools there were then.
    """

    __tablename__ = "election"
    __table_args__: Any = (
        Index("ix_election_closes_at", "closes_at", "id"),
        partial_index("election", "committee_id"),
        {"sqlite_autoincrement": True},
    )
    scope: ClassVar[str] = "reference"

    id: int | None = Field(default=None, primary_key=True)
    committee_id: int | None = Field(default=None, foreign_key="committee.id")
    title: str
    title_key: str
    information: str = ""
    seats: int = 1
    opens_at: datetime = Field(sa_type=Instant)
    closes_at: datetime = Field(sa_type=Instant)
    created_at: datetime = Field(sa_type=Instant)
    cancelled_at: datetime | None = Field(default=None, sa_type=Instant)
    cancelled_reason: str = ""
    published_at: datetime | None = Field(default=None, sa_type=Instant)
    ballots_digest: str = ""
    electorate: int | None = None


class Candidate(Table, table=True):
    """Somebody who stands, with a statement; `number` is the place on the ballot."""

    __tablename__ = "candidate"
    __table_args__: Any = (
        UniqueConstraint("election_id", "number"),
        {"sqlite_autoincrement": True},
    )
    scope: ClassVar[str] = "reference"

    id: int | None = Field(default=None, primary_key=True)
    election_id: int = Field(foreign_key="election.id")
    number: int
    name: str
    school_name: str = ""
    statement: str = ""


class ElectionVoter(Table, table=True):
    """That a school has voted; never what."""

    __tablename__ = "election_voter"
    __table_args__: Any = (
        UniqueConstraint("election_id", "school_id"),
        {"sqlite_autoincrement": True},
    )

    id: int | None = Field(default=None, primary_key=True)
    election_id: int = Field(foreign_key="election.id")
    school_id: int = Field(foreign_key="school.id", index=True)
    voted_at: datetime = Field(sa_type=Instant)


class ElectionUrn(Table, table=True):
    """The sealed ballots of an election. Not journaled: before and after would tell a vote."""

    __tablename__ = "election_urn"
    scope: ClassVar[str] = "nobody"
    journaled: ClassVar[bool] = False

    id: int | None = Field(default=None, primary_key=True)
    election_id: int = Field(foreign_key="election.id", unique=True)
    ballots: bytes = Field(sa_type=LargeBinary, repr=False)


class ElectionBallot(Table, table=True):
    """A published ballot: its receipt, and its choice.

    `choice` is the numbers of the candidates, in order, with commas (`1,4`); `blank`; or
    `abstention`. Rows are inserted in the order of the receipts. Not journaled: the election's
    digest, which is, stands for the list.
    """

    __tablename__ = "election_ballot"
    __table_args__: Any = (
        UniqueConstraint("election_id", "receipt"),
        {"sqlite_autoincrement": True},
    )
    scope: ClassVar[str] = "reference"
    journaled: ClassVar[bool] = False

    id: int | None = Field(default=None, primary_key=True)
    election_id: int = Field(foreign_key="election.id")
    receipt: str
    choice: str
