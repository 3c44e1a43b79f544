"""A team's list of accesses: pages of it, counts, and the rows of the command line.

A page is read in two steps: which accesses, from one index of the accesses alone, and then
what is known of those few. So a page of a school of 100,000 costs what one of 50 does.
"""

from collections.abc import Collection
from dataclasses import dataclass, replace
from datetime import date
from functools import lru_cache
from typing import Any, Generic, TypeVar

from sqlalchemy import ColumnElement, and_, bindparam, case, func, or_, select
from sqlmodel import col

from models.access import STATUS_CODES, Access, FactColumns, each_by_itself, joined
from models.database import ActorSession, dialect_of
from models.functions import FUNCTION_RANK
from models.language import Wording
from models.prepared import fetch, fetch_value
from models.roles import ROLES
from models.text import name_key
from services.access_rows import (
    AT,
    DAY,
    AccessDetails,
    AccessRow,
    Moment,
    NotFound,
    in_team,
    moment,
    rows_of,
    rows_where,
)
from services.access_search import Shape, matching, shape_of, values_of, words_of
from services.attention import status_counts
from services.findings import why_not

__all__ = [
    "LONGEST_PAGE", "SORTS", "AccessDetails", "AccessRow", "NotFound", "Page", "TeamQuery",
    "access_json", "counts", "page", "person_ids", "position", "status_rows", "total",
]  # fmt: skip

T = TypeVar("T")

#: Rows in a page at most. Screens read a little ahead of what they show.
LONGEST_PAGE = 64
SORTS = ("name", "status", "function", "role", "email")


@dataclass(frozen=True, slots=True)
class TeamQuery:
    """Which accesses of a team, in which order.

    Each word of `text` must occur in the name, in an e-mail address or at the beginning of
    a word of the function, in any order and however it is written. `status` is one of
    `models.access.STATUS_CODES`, `sort` one of `SORTS`. `on` asks for another day than today,
    and means its end in the school's zone.
    """

    school_id: int
    school_year_id: int
    text: str = ""
    status: str | None = None
    sort: str = "name"
    descending: bool = False
    on: date | None = None


@dataclass(frozen=True, slots=True)
class Page(Generic[T]):
    """Rows from an offset on, and how many there are in all, None where it was not asked."""

    rows: tuple[T, ...]
    total: int | None = None


def page(
    session: ActorSession, query: TeamQuery, offset: int, limit: int, *, count: bool = True
) -> Page[AccessRow]:
    """Return a page of a team's list, at most `LONGEST_PAGE` rows.

    Without `count` the total is not asked for, which for a large team takes longer than
    the page. Raises `NotFound` for a school that the actor doesn't see.
    """
    now = moment(session, query.school_id, query.on)
    part = {"offset": max(0, offset), "limit": max(0, min(limit, LONGEST_PAGE))}
    few = _page_of(_form(session, query), query.sort, query.descending)
    ids = [row[0] for row in fetch(session, few, {**_values(query, now), **part})]
    rows = tuple(_explained(row, now) for row in rows_of(session, now, ids))
    return Page(rows, _count(session, query, now) if count else None)


def total(session: ActorSession, query: TeamQuery) -> int:
    """Return how many accesses a query finds."""
    return _count(session, query, moment(session, query.school_id, query.on))


def person_ids(session: ActorSession, query: TeamQuery) -> list[int]:
    """Return everyone whom a query finds, for what is done to all of them."""
    now = moment(session, query.school_id, query.on)
    everyone = _wanted(_form(session, query)).with_only_columns(col(Access.person_id))
    return list(session.scalars(everyone, _values(query, now)))


def position(session: ActorSession, query: TeamQuery, person_id: int) -> int | None:
    """Return where a person stands in a query's order by name, None where not found.

    Only the order by name is answered, for any other would read the whole team.
    """
    if query.sort != "name":
        return None
    now = moment(session, query.school_id, query.on)
    this, identifier = col(Access.search_key), col(Access.id)
    values = _values(query, now)
    found = _wanted(_form(session, query)).with_only_columns(this, identifier)
    own = session.execute(found.where(col(Access.person_id) == person_id), values).first()
    if own is None:
        return None
    key, access_id = own
    before = or_(this < key, and_(this == key, identifier < access_id))
    after = or_(this > key, and_(this == key, identifier > access_id))
    ahead = _wanted(_form(session, query)).where(after if query.descending else before)
    return session.scalar(ahead.with_only_columns(func.count(identifier)), values)


def counts(
    session: ActorSession, school_id: int, year_id: int, on: date | None = None
) -> dict[str, int]:
    """Return how many accesses of a team have each status, zeros too."""
    now = moment(session, school_id, on)
    return status_counts(session, now, _team(school_id, year_id, on))


def status_rows(
    session: ActorSession,
    school_id: int,
    school_year_id: int,
    person_ids: Collection[int] | None = None,
    *,
    status: str | None = None,
    on: date | None = None,
) -> list[AccessRow]:
    """Return the whole team, or some of it, by name."""
    query = TeamQuery(school_id, school_year_id, status=status, on=on)
    now = moment(session, school_id, on)
    if person_ids is None:
        rows = rows_where(session, now, _team(school_id, school_year_id, on))
    else:
        chosen = _wanted(_form(session, query)).where(col(Access.person_id).in_(sorted(person_ids)))
        rows = rows_of(session, now, list(session.scalars(chosen, _values(query, now))))
    order = {row.access_id: _name_order(row) for row in rows}
    kept = (row for row in rows if status is None or row.status == status)
    return [_explained(row, now) for row in sorted(kept, key=lambda row: order[row.access_id])]


def _team(school_id: int, year_id: int, on: date | None) -> ColumnElement[bool]:
    """SQL: the accesses of a team that had been granted by the day asked for."""
    team = in_team(school_id, year_id)
    return team if on is None else and_(team, col(Access.granted_at) <= AT)


def _name_order(row: AccessRow) -> tuple[str, str, int]:
    return name_key(row.surname), name_key(row.first_name), row.access_id


def _explained(row: AccessRow, now: Moment) -> AccessRow:
    if (finding := why_not(row, now.at)) is not None:
        row.reason = finding.sentence
    return row


# --- which accesses, and in which order ---------------------------------------------------


@dataclass(frozen=True, slots=True)
class _Form:
    """What the SQL of a query depends on. All else is a value, so that a statement is built
    once: building it costs ten times what the database needs for a page (measured)."""

    words: Shape
    status: str | None
    on_a_day: bool
    each: bool = False


def _form(session: ActorSession, query: TeamQuery) -> _Form:
    words, each = words_of(query.text, functions=True), each_by_itself(dialect_of(session))
    return _Form(shape_of(words), query.status, query.on is not None, each)


def _values(query: TeamQuery, now: Moment) -> dict[str, Any]:
    return {
        **now.values,
        **values_of(words_of(query.text, functions=True)),
        "school": query.school_id,
        "year": query.school_year_id,
    }


@lru_cache(maxsize=256)
def _wanted(form: _Form, with_facts: bool = False) -> Any:
    """SQL: the identifiers that a query finds; to be executed with its `_values`."""
    statement = select(col(Access.id)).select_from(Access)
    with_facts |= form.status is not None and not form.each
    if with_facts:
        statement = joined(statement, AT)
    if form.status is not None:
        statement = statement.where(
            FactColumns(AT, DAY).has_status(form.status, each=not with_facts)
        )
    if form.on_a_day:
        statement = statement.where(col(Access.granted_at) <= AT)
    return statement.where(_of_team(), *matching(form.words))


def _of_team() -> ColumnElement[bool]:
    return in_team(bindparam("school"), bindparam("year"))


@lru_cache(maxsize=256)
def _page_of(form: _Form, sort: str, descending: bool) -> Any:
    """SQL: the identifiers of one page, in their order."""
    wanted = _wanted(form, with_facts=sort in ("status", "role", "email"))
    ordered = wanted.order_by(*_order(sort, descending))
    return ordered.offset(bindparam("offset")).limit(bindparam("limit"))


@lru_cache(maxsize=256)
def _count_of(form: _Form) -> Any:
    return _wanted(form).with_only_columns(func.count(col(Access.id)))


def _count(session: ActorSession, query: TeamQuery, now: Moment) -> int:
    return fetch_value(session, _count_of(_form(session, query)), _values(query, now)) or 0


def _order(sort: str, descending: bool) -> list[Any]:
    """SQL: the order asked for, then by name, then by age: never the same row twice."""
    columns = [*_first_order(sort), col(Access.search_key), col(Access.id)]
    if not descending:
        return columns
    # Without an address last, whichever way: nobody looks for them at the top.
    return [c if c is columns[0] and sort == "email" else c.desc() for c in columns]


def _first_order(sort: str) -> list[Any]:
    facts = FactColumns(AT, DAY)
    match sort:
        case "status":
            return [_ranked(facts.status, {s: i for i, s in enumerate(STATUS_CODES)})]
        case "function":
            return [_ranked(col(Access.function_key), FUNCTION_RANK)]
        case "role":
            return [_ranked(facts.role, {role: i for i, role in enumerate(ROLES)})]
        case "email":
            return [facts.address.is_(None), facts.address_key]
    return []


def _ranked(column: Any, ranks: dict[str, int]) -> ColumnElement[int]:
    return case(ranks, value=column, else_=len(ranks))


# --- the command line ---------------------------------------------------------------------


def access_json(row: AccessRow) -> dict[str, Any]:
    """Return a row as DESIGN §7 has it; instants as ISO 8601 in UTC.

    The address is empty unless its owner has agreed that this school passes it on: what a
    command prints has left the house (DOMAIN §3).
    """
    return {
        "person": row.person_id,
        "surname": row.surname,
        "first_name": row.first_name,
        "function": row.function,
        "role": row.role,
        "email": row.email if row.may_leave_the_house else "",
        "email_source": row.email_source,
        "consent": row.consent,
        "status": row.status,
        "since": row.since.isoformat() if row.since else None,
        "reason": _without_address(row),
    }


def _without_address(row: AccessRow) -> str | None:
    """Return the reason in words, with no address in it that may not leave the house."""
    if row.reason is None:
        return None
    hidden = {row.email, row.details.recipient} - {row.email if row.may_leave_the_house else None}
    return _hiding(row.reason, hidden).text()


def _hiding(said: Wording, hidden: Collection[str | None]) -> Wording:
    """Return the sentence with `…` for each hidden value, in the sentences within it too."""
    values = {
        name: _hiding(value, hidden)
        if isinstance(value, Wording)
        else ("…" if value in hidden else value)
        for name, value in said.values.items()
    }
    return replace(said, values=values)
