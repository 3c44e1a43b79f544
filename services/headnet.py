"""The account manager of HeadNet: the schools with their heads, addresses and passwords.

The coordinator sees the own schools, the helpdesk all of them, and nobody else any (DOMAIN §1).
The list has a row for each school, those without a head too. Its statement is kept and
prepared, for it is asked with each key that is typed.
"""

from collections.abc import Iterator
from dataclasses import dataclass, fields
from datetime import datetime
from functools import lru_cache
from typing import Any

from sqlalchemy import Integer, and_, bindparam, case, exists, func, or_, select
from sqlalchemy.orm import aliased
from sqlmodel import col

from models.base import Instant
from models.database import ActorSession
from models.headnet import (
    STATUS_CODES,
    HeadAddress,
    HeadnetPassword,
    Headship,
    PasswordColumns,
    in_force,
    is_waiting,
)
from models.language import Wording, say
from models.mail import Mail
from models.prepared import fetch, fetch_value
from models.schools import School
from models.text import clean, name_key
from services.headnet_rows import require_manager
from services.team_access import LONGEST_PAGE, Page

#: How the list can be sorted.
SORTS = ("school", "head", "asked_at", "sign_in")
#: Every state of an account with one sign that needs no colour: what is missing first, then
#: the status of the latest password (`models.headnet.STATUSES`).
STATE_WORDS: dict[str, tuple[str, Wording]] = {
    "no_head": ("?", say("No head")),
    "no_address": ("@", say("No address")),
    "no_password": (".", say("No password yet")),
    "never_delivered": ("x", say("Never delivered")),
    "waiting": ("o", say("Waits for the update")),
    "overdue": ("!", say("Update overdue")),
    "valid": ("+", say("Valid")),
    "replaced": (">", say("Replaced by a newer one")),
    "ended": ("-", say("Of a former head")),
}
#: The states in which a list can have a school: a password of theirs is neither replaced nor
#: that of a former head.
STATES = ("no_head", "no_address", "no_password", "never_delivered", "waiting", "overdue", "valid")
#: What a list can be narrowed to beside a state: what somebody should look at.
ATTENTION = "attention"
#: What `ATTENTION` stands for.
WRONG = ("no_head", "no_address", "never_delivered", "overdue")
_LONGEST_TEXT, _MOST_WORDS, _LONGEST_NUMBER = 80, 8, 9


@dataclass(frozen=True, slots=True)
class HeadnetQuery:
    """Which schools, in which order.

    Each word of `text` must occur in the school's name, the head's name or an address, or be
    the school's FASE number. `state` is one of `STATES`, or `ATTENTION`.
    """

    text: str = ""
    state: str | None = None
    sort: str = SORTS[0]
    descending: bool = False


@dataclass(slots=True)
class HeadnetRow:
    """One school as the list shows it. Instants are UTC, None for what there is not.

    `email` is the address in force, since `email_since`; `pending_email` one that counts from
    `pending_from` on. `asked_at` and `takes_effect_at` are of the latest password, whose state
    is `state`.
    """

    school_id: int
    school: str
    fase_number: int | None
    source_key: str
    zone: str
    headship_id: int | None
    surname: str
    first_name: str
    head_since: datetime | None
    email: str
    email_since: datetime | None
    pending_email: str
    pending_from: datetime | None
    generation: int
    asked_at: datetime | None
    takes_effect_at: datetime | None
    last_sign_in_at: datetime | None
    state: str

    @property
    def head(self) -> str:
        return f"{self.surname} {self.first_name}".strip()

    @property
    def identifier(self) -> Wording | str:
        """How the school is told from others: its FASE number, never without its kind."""
        if self.fase_number is not None:
            return say("School, FASE number %(number)s", number=self.fase_number)
        return self.source_key


def heads_page(
    session: ActorSession, query: HeadnetQuery, offset: int, limit: int, *, count: bool = True
) -> Page[HeadnetRow]:
    """Return a page of schools within the actor's sight, at most `LONGEST_PAGE` rows.

    Without `count` the total is not asked for. Raises `OutOfScope` for whoever manages none.
    """
    require_manager(session)
    part = {"offset": max(0, offset), "limit": max(0, min(limit, LONGEST_PAGE))}
    form, values = _form(query), _values(session, query)
    rows = fetch(session, _page_of(form, query.sort, query.descending), {**values, **part})
    return Page(tuple(map(_row, rows)), total(session, query) if count else None)


#: No list is longer: what stands for no limit in both databases.
_ALL = 2**31 - 1


def all_rows(session: ActorSession, query: HeadnetQuery) -> list[HeadnetRow]:
    """Return all schools that a query finds, for a file or a script."""
    require_manager(session)
    values = {**_values(session, query), "offset": 0, "limit": _ALL}
    question = _page_of(_form(query), query.sort, query.descending)
    return [_row(row) for row in fetch(session, question, values)]


def total(session: ActorSession, query: HeadnetQuery) -> int:
    """Return how many schools a query finds."""
    return fetch_value(session, _count_of(_form(query)), _values(session, query)) or 0


def counts(session: ActorSession) -> dict[str, int]:
    """Return how many schools are in each state, zeros too."""
    require_manager(session)
    found = dict(fetch(session, _counts_of(), {"at": session.at}))
    return {state: found.get(state, 0) for state in STATES}


# --- statements ---------------------------------------------------------------------------

_now: Any = HeadAddress
# A joined alias could not be limited to the actor's schools (`models.database`).
_next: Any = aliased(HeadAddress)
_is_next = and_(_next.headship_id == Headship.id, is_waiting(_next))


def _of_next(column: Any) -> Any:
    """SQL: a column of the change of address that waits."""
    return select(column).where(_is_next).correlate(Headship).scalar_subquery()


_AT: Any = bindparam("at", type_=Instant())
_columns = PasswordColumns(_AT)
_state: Any = case(
    (col(Headship.id).is_(None), "no_head"),
    (_now.id.is_(None), "no_address"),
    (col(HeadnetPassword.id).is_(None), "no_password"),
    else_=_columns.status,
)


@dataclass(frozen=True, slots=True)
class _Form:
    """What the statement of a query depends on: for each word whether it may be a number."""

    words: tuple[bool, ...]
    state: str | None


def _words(text: str) -> list[str]:
    return clean(text, _LONGEST_TEXT).split()[:_MOST_WORDS]


def _is_number(word: str) -> bool:
    return word.isascii() and word.isdigit() and len(word) <= _LONGEST_NUMBER


def _form(query: HeadnetQuery) -> _Form:
    return _Form(tuple(map(_is_number, _words(query.text))), query.state)


def _values(session: ActorSession, query: HeadnetQuery) -> dict[str, Any]:
    values: dict[str, Any] = {"at": session.at}
    for place, word in enumerate(_words(query.text)):
        # A word of signs alone is looked for in addresses: no key of a name has a hyphen.
        values[f"name_{place}"] = f"%{name_key(word) or '-'}%"
        values[f"address_{place}"] = f"%{_escaped(word.casefold())}%"
        if _is_number(word):
            values[f"number_{place}"] = int(word)
    return values


def _escaped(word: str) -> str:
    return "".join(f"\\{c}" if c in "%_\\" else c for c in word)


def _conditions(form: _Form) -> Iterator[Any]:
    for place, is_number in enumerate(form.words):
        yield or_(*_places(place, is_number))
    if form.state == ATTENTION:
        yield _state.in_(WRONG)
    elif form.state is not None:
        yield _state == form.state


def _places(place: int, is_number: bool) -> Iterator[Any]:
    """SQL: where a word is looked for."""
    name: Any = bindparam(f"name_{place}")
    address: Any = bindparam(f"address_{place}")
    yield col(School.name_key).like(name)
    yield (Headship.surname_key + Headship.first_name_key).like(name)  # type: ignore[attr-defined]
    yield _now.email_key.like(address, escape="\\")
    waiting = select(_next.id).where(_is_next, _next.email_key.like(address, escape="\\"))
    yield exists(waiting.correlate(Headship))
    if is_number:
        yield col(School.fase_number) == bindparam(f"number_{place}", type_=Integer())


@lru_cache(maxsize=256)
def _page_of(form: _Form, sort: str, descending: bool) -> Any:
    statement = _joined(
        select(  # type: ignore[call-overload]
            col(School.id).label("school_id"), col(School.name).label("school"),
            School.fase_number, School.source_key, col(School.time_zone).label("zone"),
            col(Headship.id).label("headship_id"), Headship.surname, Headship.first_name,
            Headship.since, _now.email, _now.in_force_at, _of_next(_next.email).label("next_email"),
            _of_next(_next.takes_effect_at).label("next_from"),
            HeadnetPassword.generation, HeadnetPassword.asked_at, HeadnetPassword.takes_effect_at,
            Headship.last_sign_in_at, _state.label("state"),
        )
    )  # fmt: skip
    ordered = statement.where(*_conditions(form)).order_by(*_order(sort, descending))
    return ordered.offset(bindparam("offset", type_=Integer())).limit(
        bindparam("limit", type_=Integer())
    )


def _joined(statement: Any) -> Any:
    """Join each school with its live head, the addresses, and the latest password."""
    live = and_(col(Headship.school_id) == School.id, col(Headship.ended_at).is_(None))
    latest = and_(
        col(HeadnetPassword.headship_id) == Headship.id, col(HeadnetPassword.replaced_at).is_(None)
    )
    return (
        statement.select_from(School)
        .outerjoin(Headship, live)
        .outerjoin(_now, and_(_now.headship_id == Headship.id, in_force(_now)))
        .outerjoin(HeadnetPassword, latest)
        .outerjoin(Mail, col(Mail.id) == HeadnetPassword.mail_id)
    )


def _order(sort: str, descending: bool) -> list[Any]:
    by_school = [col(School.name_key), col(School.id)]
    first: dict[str, list[Any]] = {
        "head": [col(Headship.surname_key), col(Headship.first_name_key)],
        "asked_at": [col(HeadnetPassword.asked_at)],
        "sign_in": [col(Headship.last_sign_in_at)],
    }
    keys = first.get(sort, [])
    if descending:
        return [*(key.desc().nulls_last() for key in keys), *(key.desc() for key in by_school)]
    return [*(key.nulls_last() for key in keys), *by_school]


@lru_cache(maxsize=256)
def _count_of(form: _Form) -> Any:
    counted = select(func.count(col(School.id)).label("n"))
    if not form.words and form.state is None:
        return counted
    return _joined(counted).where(*_conditions(form))


@lru_cache(maxsize=1)
def _counts_of() -> Any:
    state = _state.label("its_state")
    return _joined(select(state, func.count(col(School.id)).label("n"))).group_by("its_state")


_TEXTS = ("source_key", "surname", "first_name", "email", "pending_email")
_FIELDS = [field.name for field in fields(HeadnetRow)]


def _row(row: Any) -> HeadnetRow:
    values = dict(zip(_FIELDS, row, strict=True))
    for name in _TEXTS:
        values[name] = values[name] or ""
    values["generation"] = values["generation"] or 0
    return HeadnetRow(**values)


assert set(STATE_WORDS) == {*STATES, *STATUS_CODES}
