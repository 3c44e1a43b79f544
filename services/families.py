"""The school manager's view of the guardians: a list, tokens sent and sent again, addresses.

Only what the school does for its families; what a guardian sees is in `services.children`.
"""

from collections.abc import Collection
from dataclasses import dataclass
from functools import cache, lru_cache
from typing import Any

from sqlalchemy import ColumnElement, bindparam, case, exists, func, or_, select
from sqlalchemy.orm import aliased
from sqlmodel import col

from models.access import STATUS_CODES, Access, FactColumns, joined
from models.addresses import address_key, parse_address
from models.database import ActorSession
from models.errors import TrousseauError
from models.families import CORRECTED, Guardianship, Pupil
from models.language import N_, Wording, say
from models.people import Person
from services import guardians, invitations, plans
from services.access_rows import AT, DAY, Moment, NotFound, moment
from services.access_search import Shape, shape_of, values_of, words_of
from services.belonging import beyond_actor
from services.guardians import SERVICE, Child, GuardianRow, among_guardians
from services.plans import Item, PlanDraft, guard, update_change
from services.team_access import Page

__all__ = [
    "LONGEST_PAGE", "SORTS", "AddressRefused", "Child", "Correction", "FamilyQuery",
    "GuardianRow", "Page", "all_rows", "correct_address", "counts", "family_json", "page",
    "person_ids", "plan_tokens", "position", "total",
]  # fmt: skip

#: Rows in a page at most.
LONGEST_PAGE = 64
SORTS = ("name", "status", "email")
#: The kind of the plan that corrects an address.
CORRECTION = "correction"


class AddressRefused(TrousseauError):
    """The address cannot be corrected so."""

    heading = N_("The address is not changed")


@dataclass(frozen=True, slots=True)
class FamilyQuery:
    """Which guardians of a school and school year, in which order.

    Each word of `text` must occur in the guardian's name or address, or in the name or class
    of a child. `status` is one of `models.access.STATUS_CODES`, `sort` one of `SORTS`.
    """

    school_id: int
    school_year_id: int
    text: str = ""
    status: str | None = None
    sort: str = "name"
    descending: bool = False


# --- the list -----------------------------------------------------------------------------


def page(
    session: ActorSession, query: FamilyQuery, offset: int, limit: int, *, count: bool = True
) -> Page[GuardianRow]:
    """Return a page of the guardians, at most `LONGEST_PAGE`; without `count` no total.

    Raises `NotFound` for a school that the actor doesn't see.
    """
    now = moment(session, query.school_id)
    part = {"offset": max(0, offset), "limit": max(0, min(limit, LONGEST_PAGE))}
    wanted = _page_of(_form(query), query.sort, query.descending)
    ids = list(session.scalars(wanted, {**_values(query, now), **part}))
    rows = tuple(guardians.rows_of(session, now, ids))
    return Page(rows, _count(session, query, now) if count else None)


def total(session: ActorSession, query: FamilyQuery) -> int:
    """Return how many guardians a query finds."""
    return _count(session, query, moment(session, query.school_id))


def person_ids(session: ActorSession, query: FamilyQuery) -> list[int]:
    """Return everyone whom a query finds, for what is done to all of them."""
    now = moment(session, query.school_id)
    everyone = _wanted(_form(query)).with_only_columns(col(Access.person_id))
    return list(session.scalars(everyone, _values(query, now)))


def position(session: ActorSession, query: FamilyQuery, person_id: int) -> int | None:
    """Return where a guardian stands in the order by name, None for any other order."""
    if query.sort != "name":
        return None
    now = moment(session, query.school_id)
    key, identifier = col(Access.search_key), col(Access.id)
    values = _values(query, now)
    found = _wanted(_form(query)).with_only_columns(key, identifier)
    own = session.execute(found.where(col(Access.person_id) == person_id), values).first()
    if own is None:
        return None
    same = key == own[0]
    before = or_(key < own[0], same & (identifier < own[1]))
    after = or_(key > own[0], same & (identifier > own[1]))
    ahead = _wanted(_form(query)).where(after if query.descending else before)
    return session.scalar(ahead.with_only_columns(func.count(identifier)), values)


def counts(session: ActorSession, school_id: int, year_id: int) -> dict[str, int]:
    """Return how many guardians have each status, zeros too."""
    now = moment(session, school_id)
    values = {**now.values, "school": school_id, "year": year_id}
    found = {status: int(count) for status, count in session.execute(_counted(), values)}
    return {status: found.get(status, 0) for status in STATUS_CODES}


@cache
def _counted() -> Any:
    status = FactColumns(AT, DAY).status.label("its_status")
    statement = joined(select(status, func.count()).select_from(Access), AT, of_guardians=True)
    return statement.where(_of_school()).group_by("its_status")


def all_rows(
    session: ActorSession, school_id: int, school_year_id: int, *, status: str | None = None
) -> list[GuardianRow]:
    """Return all guardians of a school and year, by name."""
    query = FamilyQuery(school_id, school_year_id, status=status)
    now = moment(session, school_id)
    wanted = _wanted(_form(query)).order_by(col(Access.search_key), col(Access.id))
    return guardians.rows_of(session, now, list(session.scalars(wanted, _values(query, now))))


@dataclass(frozen=True, slots=True)
class _Form:
    """What the SQL of a query depends on; all else is a value, so that it is built once."""

    words: Shape
    of_status: bool


def _form(query: FamilyQuery) -> _Form:
    return _Form(shape_of(words_of(query.text, functions=False)), query.status is not None)


def _values(query: FamilyQuery, now: Moment) -> dict[str, Any]:
    return {
        **now.values,
        **values_of(words_of(query.text, functions=False)),
        "school": query.school_id,
        "year": query.school_year_id,
        "status": query.status,
    }


def _of_school() -> ColumnElement[bool]:
    return among_guardians(bindparam("school"), bindparam("year"))


@lru_cache(maxsize=64)
def _wanted(form: _Form, with_facts: bool = False) -> Any:
    """SQL: the accesses that a query finds; to be executed with its `_values`."""
    statement = select(col(Access.id)).select_from(Access)
    if with_facts or form.of_status:
        statement = joined(statement, AT, of_guardians=True)
    if form.of_status:
        statement = statement.where(FactColumns(AT, DAY).status == bindparam("status"))
    matching = [_matches(place, forms) for place, (forms, _functions) in enumerate(form.words)]
    return statement.where(_of_school(), *matching)


def _matches(place: int, forms: int) -> ColumnElement[bool]:
    """SQL: a word occurs in the guardian's name or address, or in what is known of a child."""
    link: Any = aliased(Guardianship)
    pupil: Any = aliased(Pupil)
    words: list[Any] = [bindparam(f"word_{place}_{form}") for form in range(forms)]
    child = pupil.surname_key + " " + pupil.first_name_key + " " + func.lower(pupil.group)
    of_child = exists(
        select(link.id).where(
            pupil.id == link.pupil_id,
            link.person_id == Access.person_id,
            link.school_id == Access.school_id,
            link.ended_at.is_(None),
            pupil.disappeared_at.is_(None),
            or_(*(child.like(word, escape="/") for word in words)),
        )
    )
    return or_(*(col(Access.search_key).like(word, escape="/") for word in words), of_child)


@lru_cache(maxsize=64)
def _page_of(form: _Form, sort: str, descending: bool) -> Any:
    wanted = _wanted(form, with_facts=sort in ("status", "email"))
    ordered = wanted.order_by(*_order(sort, descending))
    return ordered.offset(bindparam("offset")).limit(bindparam("limit"))


def _order(sort: str, descending: bool) -> list[Any]:
    facts = FactColumns(AT, DAY)
    first: list[Any] = []
    if sort == "status":
        ranks = {status: rank for rank, status in enumerate(STATUS_CODES)}
        first = [case(ranks, value=facts.status, else_=len(ranks))]
    elif sort == "email":
        # Without an address last, whichever way: nobody looks for them at the top.
        first = [facts.address.is_(None), facts.address_key]
    columns = [*first, col(Access.search_key), col(Access.id)]
    if not descending:
        return columns
    return [c if sort == "email" and c is columns[0] else c.desc() for c in columns]


@lru_cache(maxsize=64)
def _count_of(form: _Form) -> Any:
    return _wanted(form).with_only_columns(func.count(col(Access.id)))


def _count(session: ActorSession, query: FamilyQuery, now: Moment) -> int:
    return session.scalar(_count_of(_form(query)), _values(query, now)) or 0


# --- tokens -------------------------------------------------------------------------------


def plan_tokens(
    session: ActorSession,
    school_id: int,
    school_year_id: int,
    *,
    person_ids: Collection[int] | None = None,
    again: bool = False,
) -> int:
    """Store the plan of sending tokens to guardians, and return its id.

    With `again` they go to those who were invited and have not signed in, and to nobody else
    (DOMAIN §3). iT.SCHOOL asks for no consent: the school writes to its own families.
    """
    return invitations.plan_invitations(
        session, school_id, school_year_id, person_ids=person_ids, again=again, service=SERVICE
    )


# --- addresses ----------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class Correction:
    """What a corrected address came to: `sentence` for people, `sent` whether a token goes out.

    `plan_id` is the plan of the correction, `invitation_plan_id` the one of the token.
    """

    plan_id: int
    invitation_plan_id: int | None
    sentence: Wording

    @property
    def sent(self) -> bool:
        return self.invitation_plan_id is not None


def correct_address(
    session: ActorSession, school_id: int, school_year_id: int, person_id: int, address: str
) -> Correction:
    """Put a guardian's address right, and send the token there where it is still needed.

    Everything in the caller's transaction, as plans that can be undone. The next import keeps
    the correction until the list of the families has it too. Somebody who has signed in keeps
    the address of their account, and is told so. Raises `AddressError` for what is no address,
    `AddressRefused` where it is the one on file, belongs to the staff records or is another
    school's as well, `NotFound` for somebody who is no guardian here.
    """
    email = parse_address(address)
    row = guardian(session, school_id, school_year_id, person_id)
    key = address_key(email)
    person = session.scalars(select(Person).where(col(Person.id) == person_id)).one()
    if row.email is not None and key == person.personal_email_key:
        raise AddressRefused(say("This is the address on file already."))
    if beyond_actor(session, [person_id]):
        # The other school's token would go there, too.
        raise AddressRefused(
            say(
                "This guardian is known in another school too, which writes to the same address: "
                "only the helpdesk can change it. Or the guardian does, once signed in, on the "
                "account page."
            )
        )
    if row.staff:
        # It is also what they signed for.
        raise AddressRefused(
            say(
                "This guardian is staff as well: the address comes from the staff records. "
                "Have it corrected there; it comes with the next import."
            )
        )
    plan = plans.store(session, _correction(person, row, email, key))
    plans.apply(session, plan)
    if row.status == "active":
        return Correction(plan, None, _tell_active(row))
    sending = plan_tokens(session, school_id, school_year_id, person_ids=[person_id])
    done = invitations.counts_of(session, sending)
    if not (done.queued or done.confirmed):
        return Correction(plan, None, _tell_blocked(row, email))
    plans.apply(session, sending)
    return Correction(plan, sending, _tell_sent(session, row, email, key, bool(done.queued)))


def guardian(
    session: ActorSession, school_id: int, school_year_id: int, person_id: int
) -> GuardianRow:
    """Return one guardian of a school; raises `NotFound` for somebody who is none there."""
    now = moment(session, school_id)
    wanted = select(col(Access.id)).where(
        among_guardians(school_id, school_year_id), col(Access.person_id) == person_id
    )
    ids = [found for found in session.scalars(wanted) if found is not None]
    rows = guardians.rows_of(session, now, ids)
    if not rows:
        raise NotFound(say("There is no such guardian in this school."))
    return rows[0]


def _correction(person: Person, row: GuardianRow, email: str, key: str) -> PlanDraft:
    names = ("personal_email", "personal_email_key", "personal_email_field")
    before = {name: getattr(person, name) for name in names}
    after = dict(zip(names, (email, key, CORRECTED), strict=True))
    change = update_change("person", row.person_id, before, after)
    text = say("Address: %(before)s → %(after)s", before=row.email or say("nothing"), after=email)
    item = Item("information", "address", row.name, text, [change], row.person_id, row.school_id)
    item.changes.append(guard("access", row.access_id, person_id=row.person_id))
    title = say("Address of %(name)s", name=row.name)
    return PlanDraft(CORRECTION, title, row.school_id, items=[item])


def _tell_active(row: GuardianRow) -> Wording:
    return say(
        "The address on file is corrected. %(name)s has signed in already: the address of the "
        "account stays as it is, and only its owner can change it, on the account page.",
        name=row.name,
    )


def _tell_blocked(row: GuardianRow, email: str) -> Wording:
    return say(
        "The address on file is now %(email)s. No token is sent: %(reason)s",
        email=email,
        reason=row.reason or say("nothing waits for one."),
    )


def _tell_sent(
    session: ActorSession, row: GuardianRow, email: str, key: str, queued: bool
) -> Wording:
    if not queued:
        return say(
            "The address on file is now %(email)s. %(name)s has an account already, and signs "
            "in with it: no token is needed.",
            email=email,
            name=row.name,
        )
    others = select(col(Person.surname), col(Person.first_name)).where(
        col(Person.personal_email_key) == key, col(Person.id) != row.person_id
    )
    other = session.execute(others.limit(1)).first()
    if other is not None:
        return say(
            "A token is on its way to %(email)s, which %(other)s uses too: each has a token of "
            "their own, and the second to activate chooses another address.",
            email=email,
            other=f"{other[0]} {other[1]}",
        )
    return say("A token is on its way to %(email)s; the former one no longer works.", email=email)


# --- the command line ---------------------------------------------------------------------


def family_json(row: GuardianRow) -> dict[str, Any]:
    """Return a row as `trousseau families --json` prints it; instants as ISO 8601 in UTC.

    The address of somebody who is staff as well is left empty: it is one of the staff records,
    which leave the house with a signed consent only (DOMAIN §3).
    """
    hidden = row.staff
    return {
        "person": row.person_id,
        "surname": row.surname,
        "first_name": row.first_name,
        "email": "" if hidden else row.email or "",
        "email_source": row.email_source,
        "children": [
            {
                "pupil": child.pupil_id,
                "surname": child.surname,
                "first_name": child.first_name,
                "class": child.group,
                "relation": child.relation,
            }
            for child in row.children
        ],
        "status": row.status,
        "since": row.since.isoformat() if row.since else None,
        "reason": None if hidden or not row.reason else row.reason.text(),
    }
