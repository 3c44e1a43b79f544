"""Virtual workshops on demand: the request, who takes part, who was there, what it costs.

A workshop row holds what was asked for and when what happened to it; its status is never
stored. `WorkshopFacts.status` derives it in Python, `WorkshopColumns.status` in SQL, from the
same `STATUSES` in the same order, and a test holds them against each other.

`school_id` is everywhere the school that asks and owns the request. Further schools see it
(`WorkshopSchool`), and of the participants their own.
"""

from collections.abc import Callable
from dataclasses import dataclass, fields
from datetime import date, datetime
from typing import Any, ClassVar

from sqlalchemy import ColumnElement, Index, UniqueConstraint, and_
from sqlmodel import Field, col

from models.access import SEARCH_KEY, happened
from models.base import Instant, Table, conditional_index, partial_index
from models.statuses import first_to_hold, is_first_to_hold
from models.text import name_key
from models.workshop_dates import DEFAULT_RULES, WorkshopRules

#: DOMAIN §3: programmes of the IB, categories of workshops, and languages they are held in.
PROGRAMMES = ("PYP", "MYP", "DP", "CP")
CATEGORIES = (1, 2, 3)
LANGUAGES = ("en", "fr", "es")
#: The codes of what a fee is counted by.
FEE_UNITS = ("participant", "workshop")
#: Where an attendance comes from: typed, a file, or the meeting's server.
ATTENDANCE_SOURCES = ("hand", "file", "server")
DEFAULT_CURRENCY = "EUR"


class Workshop(Table, table=True):
    """A workshop that was asked for. A draft is no row of this table (`services.drafts`).

    `first_day` is the date in `time_zone`, the event's; `school_day` the same day as the
    school's clocks show its beginning, from which every deadline is counted. `begins` and `ends`
    are HH:MM. The deadlines are fixed when the request is sent, whatever the rules become.
    `due_on` is the day of the next step that somebody is waited for, None once nobody is: it
    follows from the facts by `next_due` and is kept for the queue's one index.
    """

    __tablename__ = "workshop"
    __table_args__: Any = (
        Index("ix_workshop_due_on", "due_on", "id"),
        # With all that a calendar asks for, so that it reads no row but of a match.
        Index(
            "ix_workshop_days",
            "school_day",
            "id",
            "answer_due",
            "free_until",
            "registration_until",
            "attendance_due",
            "invoice_due",
        ),
        Index("ix_workshop_school_id", "school_id", "school_day"),
        *(partial_index("workshop", column) for column in ("replaced_by_id", "replaces_id")),
        {"sqlite_autoincrement": True},
    )
    scope: ClassVar[str] = "workshop"

    id: int | None = Field(default=None, primary_key=True)
    school_id: int = Field(foreign_key="school.id")
    programme: str
    category: int
    title: str
    language: str
    delivery_type: str
    first_day: date
    begins: str
    ends: str
    time_zone: str
    starts_at: datetime = Field(sa_type=Instant)
    ends_at: datetime = Field(sa_type=Instant)
    school_day: date
    people: int
    support_name: str
    support_contact: str
    contact_name: str
    contact_email: str
    contact_language: str
    remarks: str = ""
    search_key: str = Field(default="", sa_type=SEARCH_KEY)
    free_until: date
    registration_until: date
    answer_due: date
    attendance_due: date
    invoice_due: date
    due_on: date | None = None
    submitted_at: datetime = Field(sa_type=Instant)
    late_confirmed_at: datetime | None = Field(default=None, sa_type=Instant)
    taken_at: datetime | None = Field(default=None, sa_type=Instant)
    accepted_at: datetime | None = Field(default=None, sa_type=Instant)
    registration_link: str = ""
    refused_at: datetime | None = Field(default=None, sa_type=Instant)
    refused_reason: str = ""
    cancelled_at: datetime | None = Field(default=None, sa_type=Instant)
    cancelled_reason: str = ""
    charged: bool = False
    replaced_at: datetime | None = Field(default=None, sa_type=Instant)
    replaced_by_id: int | None = Field(default=None, foreign_key="workshop.id")
    replaces_id: int | None = Field(default=None, foreign_key="workshop.id")
    attended_at: datetime | None = Field(default=None, sa_type=Instant)
    invoiced_at: datetime | None = Field(default=None, sa_type=Instant)
    paid_at: datetime | None = Field(default=None, sa_type=Instant)


class WorkshopSchool(Table, table=True):
    """A further school of a request: `other_id` once the office knows which one is meant.

    A requester knows the other school by its FASE number and may not see it; it sees the
    request only after the office, which sees both, has linked it.
    """

    __tablename__ = "workshop_school"
    __table_args__: Any = (
        UniqueConstraint("workshop_id", "fase_number"),
        partial_index("workshop_school", "other_id"),
        {"sqlite_autoincrement": True},
    )
    scope: ClassVar[str] = "workshop_school"

    id: int | None = Field(default=None, primary_key=True)
    workshop_id: int = Field(foreign_key="workshop.id")
    school_id: int = Field(foreign_key="school.id", index=True)
    fase_number: int
    other_id: int | None = Field(default=None, foreign_key="school.id")
    linked_at: datetime | None = Field(default=None, sa_type=Instant)


class WorkshopParticipant(Table, table=True):
    """Somebody who is to take part: of the requesting school, or (`place_id`) of a further one.

    The address is the one that was given for this workshop, and never one of the staff records.
    """

    __tablename__ = "workshop_participant"
    __table_args__: Any = (
        Index("ix_workshop_participant_names", "workshop_id", "surname_key", "first_name_key"),
        conditional_index(
            "uq_workshop_participant_live",
            "workshop_id",
            "email_key",
            where="withdrawn_at IS NULL",
            unique=True,
        ),
        partial_index("workshop_participant", "place_id"),
        {"sqlite_autoincrement": True},
    )
    scope: ClassVar[str] = "workshop_participant"

    id: int | None = Field(default=None, primary_key=True)
    workshop_id: int = Field(foreign_key="workshop.id")
    school_id: int = Field(foreign_key="school.id", index=True)
    place_id: int | None = Field(default=None, foreign_key="workshop_school.id")
    title: str = ""
    surname: str
    first_name: str
    surname_key: str
    first_name_key: str
    email: str
    email_key: str
    added_at: datetime = Field(sa_type=Instant)
    changed_at: datetime | None = Field(default=None, sa_type=Instant)
    withdrawn_at: datetime | None = Field(default=None, sa_type=Instant)


class WorkshopSession(Table, table=True):
    """One session of a workshop: whoever misses one does not meet the requirements."""

    __tablename__ = "workshop_session"
    __table_args__: Any = (
        UniqueConstraint("workshop_id", "number"),
        {"sqlite_autoincrement": True},
    )
    scope: ClassVar[str] = "workshop_part"

    id: int | None = Field(default=None, primary_key=True)
    workshop_id: int = Field(foreign_key="workshop.id")
    school_id: int = Field(foreign_key="school.id", index=True)
    number: int
    starts_at: datetime = Field(sa_type=Instant)
    ends_at: datetime = Field(sa_type=Instant)


class WorkshopAttendance(Table, table=True):
    """Whether a participant was present at a session; `minutes` where somebody counted them."""

    __tablename__ = "workshop_attendance"
    __table_args__: Any = (
        UniqueConstraint("participant_id", "session_id"),
        Index("ix_workshop_attendance_session_id", "session_id"),
        Index("ix_workshop_attendance_workshop_id", "workshop_id"),
        {"sqlite_autoincrement": True},
    )
    scope: ClassVar[str] = "workshop_attendance"

    id: int | None = Field(default=None, primary_key=True)
    workshop_id: int = Field(foreign_key="workshop.id")
    school_id: int = Field(foreign_key="school.id", index=True)
    session_id: int = Field(foreign_key="workshop_session.id")
    participant_id: int = Field(foreign_key="workshop_participant.id")
    present: bool
    minutes: int | None = None
    source: str
    recorded_at: datetime = Field(sa_type=Instant)


class WorkshopMeeting(Table, table=True):
    """The meeting of a workshop on the BigBlueButton server; no secret and no link is kept.

    `created_at` is when the server made it, None where it refused; `reply` its last words.
    """

    __tablename__ = "workshop_meeting"
    __table_args__: Any = (UniqueConstraint("workshop_id"), {"sqlite_autoincrement": True})

    id: int | None = Field(default=None, primary_key=True)
    workshop_id: int = Field(foreign_key="workshop.id")
    school_id: int = Field(foreign_key="school.id", index=True)
    meeting_id: str = Field(unique=True)
    tried_at: datetime = Field(sa_type=Instant)
    created_at: datetime | None = Field(default=None, sa_type=Instant)
    reply: str = ""


class WorkshopInvoice(Table, table=True):
    """The invoice of a workshop: `amount` in hundredths of `currency`, one for each workshop."""

    __tablename__ = "workshop_invoice"
    __table_args__: Any = (
        UniqueConstraint("workshop_id"),
        Index("ix_workshop_invoice_due_on", "due_on"),
        {"sqlite_autoincrement": True},
    )

    id: int | None = Field(default=None, primary_key=True)
    workshop_id: int = Field(foreign_key="workshop.id")
    school_id: int = Field(foreign_key="school.id", index=True)
    number: str = Field(unique=True)
    quantity: int
    amount: int
    currency: str
    issued_on: date
    due_on: date
    paid_on: date | None = None


class WorkshopFee(Table, table=True):
    """A line of the fee table: `amount`, in hundredths, for each participant or for all.

    An empty programme and the category 0 stand for every one; the line holds from `people`
    participants and from the day `valid_from` (of the event) on.
    """

    __tablename__ = "workshop_fee"
    __table_args__: Any = (
        UniqueConstraint("programme", "category", "people", "valid_from"),
        {"sqlite_autoincrement": True},
    )
    scope: ClassVar[str] = "reference"

    id: int | None = Field(default=None, primary_key=True)
    programme: str = ""
    category: int = 0
    people: int = 0
    unit: str = FEE_UNITS[0]
    amount: int
    currency: str = DEFAULT_CURRENCY
    valid_from: date


class WorkshopSetting(Table, table=True):
    """What the workshop office has set: the figures of `WorkshopRules`, and its own address.

    At most one row; without it the defaults hold. `office_email` is where new requests and
    changes after the registration deadline are told, "" for nowhere.
    """

    __tablename__ = "workshop_setting"
    scope: ClassVar[str] = "reference"

    id: int | None = Field(default=None, primary_key=True)
    notice_days: int = DEFAULT_RULES.notice_days
    free_days: int = DEFAULT_RULES.free_days
    registration_days: int = DEFAULT_RULES.registration_days
    answer_days: int = DEFAULT_RULES.answer_days
    attendance_days: int = DEFAULT_RULES.attendance_days
    invoice_days: int = DEFAULT_RULES.invoice_days
    fewest: int = DEFAULT_RULES.fewest
    most: int = DEFAULT_RULES.most
    per_leader: int = DEFAULT_RULES.per_leader
    presence_percent: int = DEFAULT_RULES.presence_percent
    office_name: str = ""
    office_email: str = ""

    @property
    def rules(self) -> WorkshopRules:
        return WorkshopRules(*(getattr(self, rule.name) for rule in fields(WorkshopRules)))


# --- status -------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class WorkshopFacts:
    """What the status of one workshop at one moment depends on."""

    replaced: bool = False
    cancelled: bool = False
    refused: bool = False
    invoiced: bool = False
    attended: bool = False
    accepted: bool = False
    over: bool = False
    taken: bool = False

    @property
    def status(self) -> str:
        """The first status of `STATUSES` whose test holds."""
        return next(status for status, holds in STATUSES if holds(self))


#: Every status with its test, the deciding one first. The end of a request counts before any
#: step of its life, and a later step before an earlier one.
STATUSES: tuple[tuple[str, Callable[[WorkshopFacts], bool]], ...] = (
    ("replaced", lambda f: f.replaced),
    ("cancelled", lambda f: f.cancelled),
    ("refused", lambda f: f.refused),
    ("invoiced", lambda f: f.invoiced),
    ("attended", lambda f: f.attended),
    ("held", lambda f: f.accepted and f.over),
    ("accepted", lambda f: f.accepted),
    ("in_treatment", lambda f: f.taken),
    ("submitted", lambda f: True),
)
STATUS_CODES = tuple(status for status, _ in STATUSES)
#: Statuses in which something is still to come before or during the event.
OPEN = ("submitted", "in_treatment", "accepted")
#: Statuses that end the life of a request.
ENDED = ("replaced", "cancelled", "refused")


def facts_of(workshop: Workshop, at: datetime) -> WorkshopFacts:
    """Return the facts of a workshop as they had happened at `at`."""

    def had(moment: datetime | None) -> bool:
        return moment is not None and moment <= at

    return WorkshopFacts(
        replaced=had(workshop.replaced_at),
        cancelled=had(workshop.cancelled_at),
        refused=had(workshop.refused_at),
        invoiced=had(workshop.invoiced_at),
        attended=had(workshop.attended_at),
        accepted=had(workshop.accepted_at),
        over=workshop.ends_at <= at,
        taken=had(workshop.taken_at),
    )


class WorkshopColumns:
    """The facts of `WorkshopFacts` as SQL expressions for the moment `at`."""

    def __init__(self, at: datetime) -> None:
        self.at = at

    @property
    def tests(self) -> dict[str, ColumnElement[bool]]:
        """The SQL of each test in `STATUSES`, but the last, which always holds."""

        def had(column: Any) -> ColumnElement[bool]:
            return happened(col(column), self.at)

        accepted = had(Workshop.accepted_at)
        return {
            "replaced": had(Workshop.replaced_at),
            "cancelled": had(Workshop.cancelled_at),
            "refused": had(Workshop.refused_at),
            "invoiced": had(Workshop.invoiced_at),
            "attended": had(Workshop.attended_at),
            "held": and_(accepted, col(Workshop.ends_at) <= self.at),
            "accepted": accepted,
            "in_treatment": had(Workshop.taken_at),
        }

    @property
    def status(self) -> ColumnElement[str]:
        return first_to_hold(STATUS_CODES, self.tests)

    def has_status(self, code: str) -> ColumnElement[bool]:
        """SQL: the status is this one; raises ValueError for none of `STATUS_CODES`."""
        return is_first_to_hold(code, STATUS_CODES, self.tests)


def next_due(workshop: Workshop) -> date | None:
    """Return the day of the next step somebody is waited for, None once nobody is.

    It depends on what has happened and not on the moment it is asked: until the attendance is
    complete an accepted workshop waits for the list, whether it is over or not.
    """
    if workshop.paid_at is not None or workshop.refused_at is not None:
        return None
    if workshop.cancelled_at is not None and not workshop.charged:
        return None
    if workshop.cancelled_at or workshop.attended_at or workshop.invoiced_at:
        return workshop.invoice_due
    return workshop.attendance_due if workshop.accepted_at else workshop.answer_due


#: Longest search key, in characters (see `models.access.LONGEST_SEARCH_KEY`).
_LONGEST_KEY = 400


def search_key_of(title: str, school: str, number: int | None, contact: str) -> str:
    """Return what a workshop is searched by: title, school with its number, and contact."""
    words = f"{title} {school} {number or ''} {contact}".split()
    return " ".join(filter(None, map(name_key, words)))[:_LONGEST_KEY]
