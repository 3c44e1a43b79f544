"""Finding a school among thousands, by its name, its place or a FASE number."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from sqlalchemy import case, func, literal, or_, select
from sqlmodel import col

from models.access import Access
from models.database import ActorSession
from models.language import Wording, say
from models.schools import GoverningBody, School, Site
from models.text import clean, name_key
from services import drafts
from services.school_years import identifier

#: What is typed is cut to this many characters and this many words.
_LONGEST_TEXT, _MOST_WORDS = 80, 8
#: Schools somebody was in lately, and which so come first.
MOST_RECENT = 12
_RECENT = "recent-schools"
_LONGEST_NUMBER = 9


@dataclass(frozen=True, slots=True)
class SchoolRow:
    """One school as lists show it.

    `found_by` says whose number was typed where it is not the school's own: the numbers of
    schools, of sites and of governing bodies overlap. `recent` is whether the actor was there
    lately, `people` how many have an access there, whatever the year.
    """

    id: int
    name: str
    identifier: Wording | str
    locality: str
    governing_body: str
    found_by: Wording | None
    recent: bool
    people: int


def search(
    session: ActorSession, text: str = "", offset: int = 0, limit: int = 64
) -> list[SchoolRow]:
    """Return the actor's schools that match, those visited lately first, then by name.

    A number is a school's FASE number, or the one of a site or a governing body; every word
    must occur in the name or the locality.
    """
    recent = recent_ids(session)
    order: list[Any] = [col(School.name_key), col(School.id)]
    if recent:
        ranks = {school_id: place for place, school_id in enumerate(recent)}
        order.insert(0, case(ranks, value=col(School.id), else_=len(ranks)))
    if (number := _number(text)) is not None:
        order.insert(0, case((col(School.fase_number) == number, 0), else_=1))
    found = (
        select(School, GoverningBody.name, GoverningBody.fase_number)  # type: ignore[call-overload]
        .outerjoin(GoverningBody, col(GoverningBody.id) == School.governing_body_id)
        .where(*_matching(text))
        .order_by(*order)
        .offset(max(0, offset))
        .limit(limit)
    )
    rows = session.execute(found).all()
    people = _people(session, [school.id for school, *_body in rows])
    return [
        _row(school, body, body_number, number, recent, people)
        for school, body, body_number in rows
    ]


def count(session: ActorSession, text: str = "") -> int:
    """Return how many schools match."""
    found = select(func.count(col(School.id))).select_from(School)
    found = found.outerjoin(GoverningBody, col(GoverningBody.id) == School.governing_body_id)
    return session.scalar(found.where(*_matching(text))) or 0


def page(session: ActorSession, text: str, offset: int, limit: int) -> tuple[list[SchoolRow], int]:
    """Return a part of what `search` finds, and how many there are in all."""
    return search(session, text, offset, limit), count(session, text)


def visit(session: ActorSession, school_id: int) -> None:
    """Remember that the actor went to a school, as the latest one."""
    ids = [school_id, *(known for known in recent_ids(session) if known != school_id)]
    drafts.save(session, _RECENT, ids[:MOST_RECENT])


def recent_ids(session: ActorSession) -> list[int]:
    """Return the schools that the actor went to lately, the latest first."""
    found = drafts.load(session, _RECENT)
    if not isinstance(found, list):
        return []
    return [school_id for school_id in found if isinstance(school_id, int)][:MOST_RECENT]


def _number(text: str) -> int | None:
    text = text.strip()
    if text.isascii() and text.isdigit() and len(text) <= _LONGEST_NUMBER:
        return int(text)
    return None


def _matching(text: str) -> list[Any]:
    number = _number(text)
    if number is not None:
        site = select(literal(1)).where(
            col(Site.school_id) == School.id, col(Site.fase_number) == number
        )
        return [
            or_(
                col(School.fase_number) == number,
                col(GoverningBody.fase_number) == number,
                site.select_from(Site).correlate(School).exists(),
            )
        ]
    words = clean(text, _LONGEST_TEXT).split()[:_MOST_WORDS]
    return [_holds(word) for word in words]


def _holds(word: str) -> Any:
    key = name_key(word)
    in_place = func.lower(School.locality).contains(word.casefold(), autoescape=True)
    own_key = col(School.source_key) == word
    if not key:
        return or_(in_place, own_key)
    return or_(col(School.name_key).contains(key, autoescape=True), in_place, own_key)


def _people(session: ActorSession, school_ids: Sequence[int | None]) -> dict[int, int]:
    counted = (
        select(col(Access.school_id), func.count(col(Access.person_id).distinct()))
        .where(col(Access.school_id).in_(school_ids))
        .group_by(col(Access.school_id))
    )
    return dict(session.execute(counted).all())


def _row(
    school: School,
    body: str | None,
    body_number: int | None,
    number: int | None,
    recent: Sequence[int],
    people: dict[int, int],
) -> SchoolRow:
    assert school.id is not None
    found_by: Wording | None = None
    if number is not None and number != school.fase_number:
        found_by = (
            say("Governing body, FASE number %(number)s", number=number)
            if number == body_number
            else say("Site, FASE number %(number)s", number=number)
        )
    return SchoolRow(
        school.id, school.name, identifier(school), school.locality, body or "", found_by,
        school.id in recent, people.get(school.id, 0),
    )  # fmt: skip
