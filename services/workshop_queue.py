"""The list of workshops: the office's queue by risk, a school's own, and the calendar of days.

What is closest to its day, or past it, comes first: `due_on` is the day of the next step that
somebody is waited for, and the list by risk is read from its one index. Statements are kept
and prepared, for they are asked with each key that is typed.
"""

from collections import defaultdict
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from functools import cache, lru_cache
from operator import attrgetter
from typing import Any
from zoneinfo import ZoneInfo

from sqlalchemy import Date, Integer, bindparam, func, or_, select, true
from sqlmodel import col

from models.base import Instant
from models.database import ActorSession
from models.errors import TrousseauError
from models.language import Wording, say
from models.prepared import fetch, fetch_value
from models.references import make_workshop_reference, parse_workshop_reference
from models.schools import DEFAULT_TIME_ZONE, School
from models.text import clean, name_key
from models.workshop_dates import local_day
from models.workshops import (
    OPEN,
    STATUS_CODES,
    Workshop,
    WorkshopColumns,
    WorkshopParticipant,
)
from services.team_access import LONGEST_PAGE, Page
from services.workshop_rules import GREATEST

#: How a list can be sorted: by risk, by the event's day, by when it was asked for.
SORTS = ("risk", "date", "newest")
#: What a list can be narrowed to beside a status: what somebody is waited for, and what is
#: still to come.
GROUPS = ("waiting", "open")
#: So many days before its day a step is told as near.
NEAR = 7
_LONGEST_TEXT, _MOST_WORDS = 80, 8
#: Entries of a calendar at most; a month of 10,000 workshops in two years has 2,500.
MOST_ENTRIES = 5_000


@dataclass(frozen=True, slots=True)
class WorkshopQuery:
    """Which workshops, in which order.

    Each word of `text` must occur in the title, the school's name or number, or the contact's
    name; a reference finds that workshop alone. `status` is one of
    `models.workshops.STATUS_CODES` or of `GROUPS`, `school_id` the school that asks.
    """

    text: str = ""
    status: str | None = None
    school_id: int | None = None
    sort: str = SORTS[0]
    descending: bool = False


@dataclass(slots=True)
class WorkshopRow:
    """One workshop as lists show it. Days are those of the school that asks.

    `due_on` is the day of the next step, `days_left` until then, negative once it is over;
    `risk` is overdue, near or "". `school` is "" where the actor doesn't see it. `late` is
    whether it was asked for too late.
    """

    id: int
    status: str
    title: str
    programme: str
    category: int
    language: str
    school_id: int
    school: str
    first_day: date
    school_day: date
    due_on: date | None
    days_left: int | None
    late: bool
    people: int
    participants: int
    submitted_at: datetime

    @property
    def reference(self) -> str:
        return make_workshop_reference(self.id)

    @property
    def risk(self) -> str:
        if self.days_left is None or self.days_left > NEAR:
            return ""
        return "overdue" if self.days_left < 0 else "near"

    @property
    def next_step(self) -> Wording | None:
        """What is waited for, None where nothing is."""
        if self.due_on is None:
            return None
        return _NEXT.get(self.status)


_NEXT: dict[str, Wording] = {
    "submitted": say("To answer"),
    "in_treatment": say("To answer"),
    "accepted": say("Attendance list"),
    "held": say("Attendance list"),
    "attended": say("To invoice"),
    "invoiced": say("To be paid"),
    "cancelled": say("To be paid"),
    "replaced": say("To be paid"),
}


def page(
    session: ActorSession, query: WorkshopQuery, offset: int, limit: int, *, count: bool = True
) -> Page[WorkshopRow]:
    """Return a page of workshops within the actor's sight, at most `LONGEST_PAGE` rows.

    Without `count` the total is not asked for.
    """
    form, values = _form(query), _values(session, query)
    part = {"offset": max(0, offset), "limit": max(0, min(limit, LONGEST_PAGE))}
    rows = _rows_of(session, query, form, {**values, **part})
    return Page(tuple(rows), _count(session, form, values) if count else None)


#: No list is longer: what stands for no limit in both databases.
_ALL = 2**31 - 1


def all_rows(session: ActorSession, query: WorkshopQuery) -> list[WorkshopRow]:
    """Return all workshops that a query finds, for a file or a script."""
    values = {**_values(session, query), "offset": 0, "limit": _ALL}
    return _rows_of(session, query, _form(query), values)


def _rows_of(
    session: ActorSession, query: WorkshopQuery, form: "_Form", values: dict[str, Any]
) -> list[WorkshopRow]:
    found = fetch(session, _page_of(form, query.sort, query.descending), values)
    zones = {row.zone for row in found}
    todays = {zone: local_day(session.at, ZoneInfo(zone or _ZONE)) for zone in zones}
    return [_row(row, todays[row.zone]) for row in found]


def total(session: ActorSession, query: WorkshopQuery) -> int:
    """Return how many workshops a query finds."""
    return _count(session, _form(query), _values(session, query))


def counts(session: ActorSession, school_id: int | None = None) -> dict[str, int]:
    """Return how many workshops have each status, zeros too."""
    values = {"at": session.at, "school": school_id}
    found = dict(fetch(session, _counts_of(school_id is not None), values))
    return {status: found.get(status, 0) for status in STATUS_CODES}


# --- statements ---------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class _Form:
    """What the statement of a query depends on."""

    words: int
    reference: bool
    status: str | None
    of_school: bool


def _form(query: WorkshopQuery) -> _Form:
    reference = _reference(query.text) is not None
    words = 0 if reference else len(_words(query.text))
    return _Form(words, reference, query.status, query.school_id is not None)


def _words(text: str) -> list[str]:
    words = map(name_key, clean(text, _LONGEST_TEXT).split()[:_MOST_WORDS])
    return [word for word in words if word]


def _reference(text: str) -> int | None:
    try:
        return parse_workshop_reference(text)
    except TrousseauError:
        return None


def _values(session: ActorSession, query: WorkshopQuery) -> dict[str, Any]:
    values: dict[str, Any] = {"at": session.at, "school": query.school_id}
    if (reference := _reference(query.text)) is not None:
        return {**values, "reference": reference}
    return values | {f"word_{n}": f"%{word}%" for n, word in enumerate(_words(query.text))}


_AT: Any = bindparam("at", type_=Instant())


def _conditions(form: _Form) -> Iterator[Any]:
    columns = WorkshopColumns(_AT)
    if form.reference:
        yield col(Workshop.id) == bindparam("reference", type_=Integer())
    for place in range(form.words):
        yield col(Workshop.search_key).like(bindparam(f"word_{place}"))
    if form.of_school:
        yield col(Workshop.school_id) == bindparam("school", type_=Integer())
    if form.status == "waiting":
        yield col(Workshop.due_on).is_not(None)
    elif form.status == "open":
        yield columns.status.in_(OPEN)
    elif form.status in STATUS_CODES:
        yield columns.has_status(form.status)


@lru_cache(maxsize=256)
def _page_of(form: _Form, sort: str, descending: bool) -> Any:
    people: Any = WorkshopParticipant
    entered = (
        select(func.count(people.id))
        .where(people.workshop_id == Workshop.id, people.withdrawn_at.is_(None))
        .correlate(Workshop)
        .scalar_subquery()
    )
    statement = (
        select(  # type: ignore[call-overload]
            Workshop.id, WorkshopColumns(_AT).status.label("status"), Workshop.title,
            Workshop.programme, Workshop.category, Workshop.language, Workshop.school_id,
            col(School.name).label("school"), col(School.time_zone).label("zone"),
            Workshop.first_day, Workshop.school_day, Workshop.due_on,
            col(Workshop.late_confirmed_at).is_not(None).label("late"), Workshop.people,
            entered.label("participants"), Workshop.submitted_at,
        )
        .outerjoin(School, col(School.id) == Workshop.school_id)
        .where(*_conditions(form))
    )  # fmt: skip
    ordered = statement.order_by(*_order(sort, descending))
    return ordered.offset(bindparam("offset", type_=Integer())).limit(
        bindparam("limit", type_=Integer())
    )


def _order(sort: str, descending: bool) -> list[Any]:
    columns = {"date": Workshop.school_day, "newest": Workshop.id}
    if sort == "newest":
        keys = [col(Workshop.id).desc()]
        return [col(Workshop.id)] if descending else keys
    first, identifier = col(columns.get(sort, Workshop.due_on)), col(Workshop.id)
    if descending:
        return [first.desc().nulls_last(), identifier.desc()]
    return [first.nulls_last(), identifier]


def _count(session: ActorSession, form: _Form, values: dict[str, Any]) -> int:
    return fetch_value(session, _count_of(form), values) or 0


@lru_cache(maxsize=256)
def _count_of(form: _Form) -> Any:
    return select(func.count(col(Workshop.id)).label("n")).where(true(), *_conditions(form))


@cache
def _counts_of(of_school: bool) -> Any:
    status = WorkshopColumns(_AT).status.label("status")
    form = _Form(0, False, None, of_school)
    counted = select(status, func.count(col(Workshop.id)).label("n"))
    return counted.where(true(), *_conditions(form)).group_by(status)


#: Whose day it is in a row of a school that the actor doesn't see.
_ZONE = DEFAULT_TIME_ZONE


def _row(row: Any, today: date) -> WorkshopRow:
    left = None if row.due_on is None else (row.due_on - today).days
    return WorkshopRow(
        row.id, row.status, row.title, row.programme, row.category, row.language, row.school_id,
        row.school or "", row.first_day, row.school_day, row.due_on, left,
        row.late, row.people, row.participants, row.submitted_at,
    )  # fmt: skip


# --- calendar -----------------------------------------------------------------------------


@dataclass(slots=True)
class CalendarEntry:
    """One day of one workshop: `code` as in `models.workshop_dates.STEPS`, or `answer`.

    Not frozen: that would double the time to make those of a month.
    """

    day: date
    code: str
    label: Wording
    workshop_id: int
    title: str
    school: str
    status: str

    @property
    def reference(self) -> str:
        return make_workshop_reference(self.workshop_id)


#: What stands in a calendar for each of a workshop's days, with the statuses in which it does.
_ENTRIES: tuple[tuple[str, str, Wording, tuple[str, ...]], ...] = (
    ("answer", "answer_due", say("To answer"), ("submitted", "in_treatment")),
    ("free", "free_until", say("Free cancellation until"), ("accepted",)),
    ("registration", "registration_until", say("Registration closes"), OPEN),
    (
        "first_day",
        "school_day",
        say("Workshop, first day"),
        (*OPEN, "held", "attended", "invoiced"),
    ),
    ("attendance", "attendance_due", say("Attendance list due"), ("accepted", "held")),
    ("invoice", "invoice_due", say("Invoice due"), ("accepted", "held", "attended", "invoiced")),
)


def calendar(
    session: ActorSession, first: date, last: date, school_id: int | None = None
) -> list[CalendarEntry]:
    """Return what falls on the days from `first` to `last`, both inclusive, by day.

    At most `MOST_ENTRIES`. Cancelled, refused and replaced workshops have no days.
    """
    values = {
        "at": session.at,
        "first": first,
        "last": last,
        "eve": first - _DAY,
        "since": first - _FARTHEST,
        "school": school_id,
    }
    found: list[CalendarEntry] = []
    for row in fetch(session, _within(school_id is not None), values):
        number, title, status, school, *days = row
        for place, code, label, later in _BY_STATUS.get(status, ()):
            day = days[place] + later if later else days[place]
            if first <= day <= last:
                entry = CalendarEntry(day, code, label, number, title, school or "", status)
                found.append(entry)
    found.sort(key=attrgetter("day", "workshop_id"))
    return found[:MOST_ENTRIES]


_DAY = timedelta(days=1)
#: By how much a day of a workshop lies after its first at most: no figure of the rules is greater.
_FARTHEST = timedelta(days=GREATEST + 2)


def _by_status() -> dict[str, list[tuple[int, str, Wording, timedelta | None]]]:
    """Return the entries of a workshop by its status: which of `_ENTRIES`, code, label, how
    much later."""
    found: dict[str, list[tuple[int, str, Wording, timedelta | None]]] = defaultdict(list)
    for place, (code, _column, label, statuses) in enumerate(_ENTRIES):
        for status in statuses:
            found[status].append((place, code, label, None))
            if code == "first_day":
                found[status].append((place, "second_day", say("Workshop, second day"), _DAY))
    return dict(found)


_BY_STATUS = _by_status()


@cache
def _within(of_school: bool) -> Any:
    first, last, eve = (bindparam(name, type_=Date()) for name in ("first", "last", "eve"))
    columns = [getattr(Workshop, column) for _code, column, *_rest in _ENTRIES]
    # The second day may lie within where the first does not.
    first_days = col(Workshop.school_day).between(eve, last)
    touched = or_(*(column.between(first, last) for column in columns), first_days)
    statement = (
        select(  # type: ignore[call-overload]
            Workshop.id, Workshop.title, WorkshopColumns(_AT).status.label("status"),
            col(School.name).label("school"), *columns,
        )
        .outerjoin(School, col(School.id) == Workshop.school_id)
        .where(
            # What lies in the index is looked at there: SQLite reads a row only for a match.
            col(Workshop.school_day) >= bindparam("since", type_=Date()),
            touched,
            col(Workshop.cancelled_at).is_(None),
            col(Workshop.refused_at).is_(None),
        )
        .order_by(col(Workshop.school_day), col(Workshop.id))
        .limit(MOST_ENTRIES)
    )  # fmt: skip
    if of_school:
        statement = statement.where(col(Workshop.school_id) == bindparam("school", type_=Integer()))
    return statement
