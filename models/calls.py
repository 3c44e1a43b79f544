"""Calls to the helpdesk: who called about whom, what was found, what was done (DOMAIN §5).

A note holds what happened and when; its status is never stored. `CallFacts.status` derives it
in Python, `CallColumns.status` in SQL, from the same `STATUSES` in the same order, and a test
holds them against each other. Nothing secret is in a note: what a caller reads out may be a
token, and is not kept (`models.kept_text`).
"""

from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from sqlalchemy import JSON, ColumnElement, Index, UniqueConstraint
from sqlmodel import Field, col

from models.access import SEARCH_KEY, happened
from models.base import Instant, Table, conditional_index, partial_index
from models.statuses import first_to_hold, is_first_to_hold
from models.text import name_key

#: What somebody can have done during a call: applied a plan, sent a mail, or anything else.
STEP_KINDS = ("plan", "mail", "other")
#: Longest search key, in characters (see `models.access.LONGEST_SEARCH_KEY`).
_LONGEST_KEY = 400


class CallNote(Table, table=True):
    """The note of one call. Who called is what the caller said, and may be nobody on record.

    `person_id`, `school_id` and `access_id` are what the call is about, as far as it is known;
    `searched` is what was typed when it was opened. A note that was handed on waits for
    somebody else (`handed_to`) and is still open; `handed_at` is the last time.
    """

    __tablename__ = "call_note"
    __table_args__: Any = (
        conditional_index("ix_call_note_open", "opened_at", "id", where="closed_at IS NULL"),
        Index("ix_call_note_opened_at", "opened_at", "id"),
        *(partial_index("call_note", name) for name in ("person_id", "school_id")),
        {"sqlite_autoincrement": True},
    )

    id: int | None = Field(default=None, primary_key=True)
    surname: str = ""
    first_name: str = ""
    fase_number: int | None = None
    contact: str = ""
    person_id: int | None = Field(default=None, foreign_key="person.id")
    school_id: int | None = Field(default=None, foreign_key="school.id")
    access_id: int | None = Field(default=None, foreign_key="access.id")
    searched: str = ""
    remarks: str = ""
    search_key: str = Field(default="", sa_type=SEARCH_KEY)
    opened_at: datetime = Field(sa_type=Instant)
    opened_by: str
    handed_at: datetime | None = Field(default=None, sa_type=Instant)
    handed_by: str = ""
    handed_to: str = ""
    closed_at: datetime | None = Field(default=None, sa_type=Instant)
    closed_by: str = ""


class CallCause(Table, table=True):
    """A cause that was found during a call: the code of a finding, with its sentence as JSON.

    `place` is its place among them, the likeliest 0. `school_id` is the note's, repeated for
    the causes of a week, school by school.
    """

    __tablename__ = "call_cause"
    __table_args__: Any = (
        UniqueConstraint("call_id", "code"),
        Index("ix_call_cause_found_at", "found_at"),
        partial_index("call_cause", "school_id"),
        {"sqlite_autoincrement": True},
    )

    id: int | None = Field(default=None, primary_key=True)
    call_id: int = Field(foreign_key="call_note.id")
    school_id: int | None = Field(default=None, foreign_key="school.id")
    code: str
    place: int = 0
    sentence: Any = Field(sa_type=JSON)
    found_at: datetime = Field(sa_type=Instant)


class CallStep(Table, table=True):
    """One thing that was done during a call; `code` is the remedy's, where it was one."""

    __tablename__ = "call_step"
    __table_args__: Any = (
        Index("ix_call_step_call_id", "call_id", "id"),
        *(partial_index("call_step", name) for name in ("plan_id", "mail_id")),
        {"sqlite_autoincrement": True},
    )

    id: int | None = Field(default=None, primary_key=True)
    call_id: int = Field(foreign_key="call_note.id")
    kind: str
    code: str = ""
    plan_id: int | None = Field(default=None, foreign_key="plan.id")
    mail_id: int | None = Field(default=None, foreign_key="mail.id")
    sentence: Any = Field(sa_type=JSON)
    done_at: datetime = Field(sa_type=Instant)
    done_by: str


class SupportRequest(Table, table=True):
    """That somebody who was signed in wrote to the helpdesk: who, when, and by which mail.

    What they wrote is in the mail. It bears neither account nor headship, so that a school's
    coordinator, who sees the mails to a head, does not see this one.
    """

    __tablename__ = "support_request"
    __table_args__: Any = (
        Index("ix_support_request_account_id", "account_id", "asked_at"),
        Index("ix_support_request_headship_id", "headship_id", "asked_at"),
        partial_index("support_request", "mail_id"),
        {"sqlite_autoincrement": True},
    )

    id: int | None = Field(default=None, primary_key=True)
    account_id: int | None = Field(default=None, foreign_key="account.id")
    headship_id: int | None = Field(default=None, foreign_key="headship.id")
    mail_id: int = Field(foreign_key="mail.id")
    asked_at: datetime = Field(sa_type=Instant)


def search_key_of(note: CallNote) -> str:
    """Return what a note is searched by: who called, what was typed, to whom it went."""
    parts = (note.surname, note.first_name, note.contact, note.handed_to, note.searched)
    number = "" if note.fase_number is None else str(note.fase_number)
    return " ".join((number, *map(name_key, parts)))[:_LONGEST_KEY]


# --- status -------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class CallFacts:
    """What the status of one call at one moment depends on."""

    closed: bool = False
    handed_on: bool = False

    @property
    def status(self) -> str:
        """The first status of `STATUSES` whose test holds."""
        return next(status for status, holds in STATUSES if holds(self))


#: Every status with its test, the deciding one first.
STATUSES: tuple[tuple[str, Callable[[CallFacts], bool]], ...] = (
    ("closed", lambda f: f.closed),
    ("handed_on", lambda f: f.handed_on),
    ("open", lambda f: True),
)
STATUS_CODES = tuple(status for status, _ in STATUSES)


def facts_of(note: CallNote, at: datetime) -> CallFacts:
    """Return the facts of a note as they had happened at `at`."""

    def had(moment: datetime | None) -> bool:
        return moment is not None and moment <= at

    return CallFacts(closed=had(note.closed_at), handed_on=had(note.handed_at))


class CallColumns:
    """The facts of `CallFacts` as SQL expressions for the moment `at`."""

    def __init__(self, at: Any) -> None:
        self.at = at

    @property
    def tests(self) -> dict[str, ColumnElement[bool]]:
        """The SQL of each test in `STATUSES`, but the last, which always holds."""
        return {
            "closed": happened(col(CallNote.closed_at), self.at),
            "handed_on": happened(col(CallNote.handed_at), self.at),
        }

    @property
    def status(self) -> ColumnElement[str]:
        return first_to_hold(STATUS_CODES, self.tests)

    def has_status(self, code: str) -> ColumnElement[bool]:
        """SQL: the status is this one; raises ValueError for none of `STATUS_CODES`."""
        return is_first_to_hold(code, STATUS_CODES, self.tests)
