"""Consents: who has signed for which address.

A consent holds for one address of one person in one school (DOMAIN §3). Forms are printed by
`services.consent_printing`, recorded by `services.consent_recording`, and
`services.consent_withdrawals` takes back what was signed.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, datetime
from functools import cache, lru_cache
from typing import Any

from sqlalchemy import ColumnElement, and_, bindparam, func, or_, select
from sqlalchemy.orm import aliased
from sqlmodel import col

from models.access import CONSENT_STATES, Access, FactColumns, each_by_itself, holds, joined
from models.consent_texts import consent_text, current_version
from models.consents import Consent, PrintedForm
from models.database import ActorSession, dialect_of
from models.errors import TrousseauError
from models.language import say
from models.people import Person, Post
from models.prepared import fetch, fetch_value
from models.references import ReferenceMistyped, make_reference, parse_reference
from models.schools import Source
from models.text import clean
from services.access_rows import AT, DAY, address_source, in_team, of_service
from services.access_search import Shape, matching, shape_of, values_of, words_of

#: States of a person's consent, the deciding one first.
STATES = CONSENT_STATES
#: Identifiers in one statement at most, below every engine's limit.
_CHUNK = 500


class ConsentUnknown(TrousseauError):
    """There is no such person or form among those that may be seen."""


@dataclass(frozen=True, slots=True)
class ConsentRow:
    """One person's consent in one school as lists show it.

    `signed_on` is the date on the paper, `email` the address on file (None for none) and
    `email_source` the field it comes from; `signed_email` is the one signed for where it is
    another. An address whose `state` is not signed is for the school's own eyes and forms: no
    export, mail or transfer takes it along (DOMAIN §3).
    """

    reference: str
    person_id: int
    post_id: int
    surname: str
    first_name: str
    function: str
    email: str | None
    email_source: str
    state: str
    signed_on: date | None
    signed_email: str | None
    printed_at: datetime | None

    @property
    def name(self) -> str:
        return f"{self.surname} {self.first_name}".strip()


class _States:
    """What is known of a person's consents as SQL, beside `FactColumns`."""

    def __init__(self, facts: FactColumns) -> None:
        self.facts = facts
        self.at = facts.at

    def _latest(self, column: str, *conditions: Any) -> Any:
        row: Any = aliased(Consent)
        return (
            select(getattr(row, column))
            .where(
                row.person_id == Access.person_id,
                row.school_id == Access.school_id,
                row.recorded_at <= self.at,
                *[condition(row) for condition in conditions],
            )
            # Not by the identifier alone: for that SQLite walks a whole school's consents.
            .order_by(row.recorded_at.desc(), row.id.desc())
            .limit(1)
            .correlate(Access, Person, Post)
            .scalar_subquery()
        )

    def _standing(self, row: Any) -> ColumnElement[bool]:
        return holds(row.recorded_at, row.withdrawn_at, self.at)

    @property
    def signed_on(self) -> Any:
        return self._latest("signed_on", self._standing)

    @property
    def signed_email(self) -> Any:
        return self._latest("email", self._standing)

    @property
    def printed_at(self) -> Any:
        row: Any = aliased(PrintedForm)
        return (
            select(func.max(row.printed_at))
            .where(row.post_id == Access.post_id, row.printed_at <= self.at)
            .correlate(Access)
            .scalar_subquery()
        )


def select_team(at: Any, *columns: Any) -> Any:
    return joined(select(*columns).select_from(Access), at).where(of_service())


@cache
def _of_chosen() -> Any:
    facts = FactColumns(AT, DAY)
    states = _States(facts)
    return select_team(
        AT, Access.id, Access.post_id, Access.person_id, Person.surname, Person.first_name,
        Post.function, facts.address, facts.address_field, Source.name, facts.consent_state,
        states.signed_on, states.signed_email, states.printed_at,
    ).where(col(Access.id).in_(bindparam("chosen", expanding=True)))  # fmt: skip


def _rows(session: ActorSession, access_ids: Sequence[int]) -> list[ConsentRow]:
    """Return the rows of these accesses, in their order."""
    version, found = current_version(session.at.date()), dict[int, ConsentRow]()
    for start in range(0, len(access_ids), _CHUNK):
        values = {**_moment(session), "chosen": list(access_ids[start : start + _CHUNK])}
        for access_id, *facts in fetch(session, _of_chosen(), values):
            found[access_id] = _row(version, *facts)
    return [found[access_id] for access_id in access_ids if access_id in found]


def _row(
    version: int, post: int, person: int, surname: str, first_name: str, function: str,
    email: str | None, field: str, source: str | None, state: str, signed_on: date | None,
    signed: str | None, printed: datetime | None,
) -> ConsentRow:  # fmt: skip
    return ConsentRow(
        reference=make_reference(post, version),
        person_id=person,
        post_id=post,
        surname=surname,
        first_name=first_name,
        function=function,
        email=email,
        email_source=address_source(source, field) if email else "",
        state=state,
        signed_on=signed_on if state in ("signed", "other_address") else None,
        signed_email=signed if state == "other_address" else None,
        printed_at=printed,
    )


def _moment(session: ActorSession) -> dict[str, Any]:
    """Return the values of `AT` and `DAY`."""
    return {"at": session.at, "day": session.at.date()}


def listed(
    session: ActorSession,
    school_id: int,
    school_year_id: int,
    *,
    text: str = "",
    state: str | None = None,
    offset: int = 0,
    limit: int | None = None,
) -> list[ConsentRow]:
    """Return the team with the state of each consent, by name.

    Each word of `text` must occur in the name or in an address; or it is the reference of
    one form.
    """
    form, values = _wanted(session, school_id, school_year_id, text, state)
    part = {"offset": offset, "limit": _ALL if limit is None else limit}
    return _rows(session, [row[0] for row in fetch(session, _page_of(form), {**values, **part})])


def total(
    session: ActorSession,
    school_id: int,
    school_year_id: int,
    *,
    text: str = "",
    state: str | None = None,
) -> int:
    """Return how many `listed` finds."""
    form, values = _wanted(session, school_id, school_year_id, text, state)
    return fetch_value(session, _count_of(form), values) or 0


def _wanted(
    session: ActorSession, school_id: int, year_id: int, text: str, state: str | None
) -> tuple["_Form", dict[str, Any]]:
    """Return which accesses a list is of, and the values to execute its statements with."""
    words, post_id = words_of(text, functions=False), post_of(text)
    each = each_by_itself(dialect_of(session))
    values = {**_moment(session), **values_of(words), "post": post_id}
    values |= {"school": school_id, "year": year_id}
    return _Form(shape_of(words), state, post_id is not None, each), values


#: More rows than any list has: neither database takes an empty limit.
_ALL = 2**31


@dataclass(frozen=True, slots=True)
class _Form:
    """What the SQL of a list depends on; all else is a value."""

    words: Shape
    state: str | None
    by_reference: bool
    each: bool


@lru_cache(maxsize=64)
def _page_of(form: _Form) -> Any:
    ordered = _found(form).order_by(col(Access.search_key), col(Access.id))
    return ordered.offset(bindparam("offset")).limit(bindparam("limit"))


@lru_cache(maxsize=64)
def _count_of(form: _Form) -> Any:
    return _found(form).with_only_columns(func.count(col(Access.id)))


def _found(form: _Form) -> Any:
    """SQL: the accesses of a list, found before anything is asked about them, from one index
    where no state is asked for."""
    statement = select(col(Access.id)).select_from(Access)
    if form.state is not None:
        statement = statement if form.each else joined(statement, AT)
        facts = FactColumns(AT, DAY)
        statement = statement.where(facts.has_consent_state(form.state, each=form.each))
    statement = statement.where(in_team(bindparam("school"), bindparam("year")))
    words = matching(form.words)
    if not form.by_reference:
        return statement.where(*words)
    # What reads as a reference may still be part of a name.
    return statement.where(or_(col(Access.post_id) == bindparam("post"), and_(*words)))


def counts(session: ActorSession, school_id: int, school_year_id: int) -> dict[str, int]:
    """Return how many of the team are in each state; every state is there."""
    state = FactColumns(session.at, session.at.date()).consent_state
    team = select_team(session.at, state.label("consent_state"), func.count())
    # By its label: PostgreSQL does not see that the expression is the one selected.
    grouped = team.where(in_team(school_id, school_year_id)).group_by("consent_state")
    found: dict[str, int] = dict(session.execute(grouped).all())
    return {state: found.get(state, 0) for state in STATES}


def page(
    session: ActorSession,
    school_id: int,
    school_year_id: int,
    *,
    text: str = "",
    state: str | None = None,
    offset: int = 0,
    limit: int | None = None,
) -> tuple[list[ConsentRow], int, dict[str, int]]:
    """Return a part of what `listed` finds, how many there are in all, and `counts`."""
    team = (school_id, school_year_id)
    found = listed(session, *team, text=text, state=state, offset=offset, limit=limit)
    counted = counts(session, *team)
    known = sum(counted.values()) if state is None else counted[state]
    return found, total(session, *team, text=text, state=state) if text else known, counted


def find_form(session: ActorSession, text: str, school_id: int | None = None) -> ConsentRow:
    """Return the person whose form has this reference, typed or scanned.

    Raises `ReferenceMistyped` where it can't be one, `ConsentUnknown` where no form of the
    actor's schools (or of the one given) has it.
    """
    post_id, version = parse_reference(text)
    check_version(version)
    found = _of_posts(session, [post_id], school_id)
    if not found:
        raise unknown_form(text)
    return found[0]


def of_post(session: ActorSession, post_id: int, school_id: int | None = None) -> ConsentRow | None:
    """Return what is known of the form of a post, None for one that the actor does not see."""
    return next(iter(_of_posts(session, [post_id], school_id)), None)


def find_forms(
    session: ActorSession, texts: Sequence[str], school_id: int | None = None
) -> dict[str, ConsentRow]:
    """Return the people behind these references; those that name nobody are left out."""
    posts = {text: post for text in texts if (post := post_of(text)) is not None}
    rows = {row.post_id: row for row in _of_posts(session, list(posts.values()), school_id)}
    return {text: rows[post] for text, post in posts.items() if post in rows}


def _of_posts(
    session: ActorSession, posts: Sequence[int], school_id: int | None
) -> list[ConsentRow]:
    wanted, found = sorted(set(posts)), list[ConsentRow]()
    for start in range(0, len(wanted), _CHUNK):
        of_these = select(col(Access.id)).where(
            of_service(), col(Access.post_id).in_(wanted[start : start + _CHUNK])
        )
        if school_id is not None:
            of_these = of_these.where(col(Access.school_id) == school_id)
        found += _rows(session, list(session.scalars(of_these.order_by(Access.search_key))))
    return found


def check_version(version: int) -> None:
    try:
        consent_text(version)
    except LookupError:
        raise ConsentUnknown(say("This form has a text that does not exist.")) from None


def without_consent(session: ActorSession, school_id: int, school_year_id: int) -> list[int]:
    """Return the persons whose form is still to be printed, by name.

    Those who have signed for another address or have withdrawn need a new one; those whose
    form is printed already are left out.
    """
    facts = FactColumns(session.at, session.at.date())
    team = select_team(session.at, Access.person_id).where(in_team(school_id, school_year_id))
    waiting = facts.consent_state.in_(("missing", "other_address", "withdrawn"))
    ordered = team.where(waiting).order_by(Access.search_key, Access.id)
    return list(session.scalars(ordered))


def unknown_form(text: str) -> ConsentUnknown:
    return ConsentUnknown(
        say("No form of your school has the reference %(reference)s.", reference=clean(text, 40))
    )


def post_of(reference: str) -> int | None:
    try:
        return parse_reference(reference)[0]
    except ReferenceMistyped:
        return None
