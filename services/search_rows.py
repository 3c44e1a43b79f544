"""What a search shows: people with their school, function and status, schools with their place.

Only what is shown is asked for, by statements that are kept and prepared (DESIGN §8).
"""

from collections import defaultdict
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import date
from functools import cache
from typing import Any
from zoneinfo import ZoneInfo

from sqlalchemy import bindparam, exists, or_, select
from sqlmodel import col

from models.access import Access, FactColumns, Service, joined
from models.among import among
from models.database import ActorSession
from models.functions import function_label
from models.headnet import Headship
from models.language import Wording, say
from models.people import Person, Post
from models.prepared import fetch
from models.references import make_workshop_reference
from models.schools import School, SchoolYear
from services.access_rows import AT, DAY, SERVICE
from services.findings import STATUS_WORDS
from services.school_years import identifier
from services.workshop_queue import WorkshopQuery
from services.workshop_queue import page as workshop_page
from services.workshops import STATUS_WORDS as WORKSHOP_WORDS

_GUARDIAN = say("Guardian")
#: Namesakes of one surname and first name that are looked at.
MOST_NAMESAKES = 200
#: Somebody found to be another, who was found to be a third, and so on.
_MOST_MERGES = 5


@dataclass(frozen=True, slots=True)
class Hit:
    """One result. `kind` is one of `services.search.KINDS`, and `id` the row's in its table.

    `detail` is the second line, `matched` what was found in what was typed. `status` is a
    code, of `models.access.STATUSES` for people and their tokens, and `status_words` says it
    ("" and None where there is none). The other ids say where to go from here: a person's
    page takes person, school and school year. `fit` is 1 for what was typed exactly.
    """

    kind: str
    id: int
    title: str | Wording
    detail: str | Wording
    matched: Wording
    fit: float = 1.0
    status: str = ""
    status_words: Wording | None = None
    person_id: int | None = None
    school_id: int | None = None
    school_year_id: int | None = None
    access_id: int | None = None
    schools: int = 0
    generation: int | None = None


@dataclass(frozen=True, slots=True)
class Found:
    """That somebody or something was found: which row, by what, and how well it fits."""

    id: int
    fit: float
    matched: Wording


# --- people -------------------------------------------------------------------------------


def people_named(
    session: ActorSession,
    names: Iterable[tuple[str, str]],
    school_ids: Sequence[int] | None = None,
) -> list[Any]:
    """Return (id, surname_key, first_name_key, merged_into_id) of the people of these names.

    With `school_ids` only of those who have a post in one of them, in whatever year. Somebody
    found to be another (`merged_into_id`) is among them, for that is a name that they had.
    """
    wanted = set(names)
    if not wanted:
        return []
    values: dict[str, Any] = {
        "surnames": sorted({surname for surname, _first in wanted}),
        "first_names": sorted({first for _surname, first in wanted}),
    }
    if school_ids is not None:
        values["schools"] = list(school_ids)
    rows = fetch(session, _named(school_ids is not None), values)
    return [row for row in rows if (row.surname_key, row.first_name_key) in wanted]


@cache
def _named(of_schools: bool) -> Any:
    named = (
        select(
            col(Person.id),
            col(Person.surname_key),
            col(Person.first_name_key),
            col(Person.merged_into_id),
        )
        .where(
            col(Person.surname_key).in_(bindparam("surnames", expanding=True)),
            col(Person.first_name_key).in_(bindparam("first_names", expanding=True)),
        )
        # PostgreSQL would go through all people in the order of their ids instead.
        .order_by(col(Person.id) + 0)
        .limit(MOST_NAMESAKES)
    )
    if not of_schools:
        return named
    there = among(Post.school_id, "schools")
    whose = or_(col(Post.person_id) == Person.id, col(Post.person_id) == Person.merged_into_id)
    return named.where(exists(select(col(Post.id)).where(whose, there)))


def kept_of(session: ActorSession, merged_ids: Iterable[int]) -> dict[int, int]:
    """Return for each of these people whom they were found to be, themselves for most."""
    found = {person: person for person in merged_ids}
    looked_at = set(found)
    for _merge in range(_MOST_MERGES):
        rows = fetch(session, _merged(), {"ids": sorted(looked_at)}) if looked_at else []
        into = {row.id: row.merged_into_id for row in rows}
        found = {person: into.get(kept, kept) for person, kept in found.items()}
        looked_at = set(into.values())
    return found


@cache
def _merged() -> Any:
    return select(col(Person.id), col(Person.merged_into_id)).where(
        among(Person.id, "ids"), col(Person.merged_into_id).is_not(None)
    )


def people(session: ActorSession, found: Sequence[Found]) -> list[Hit]:
    """Return each person once, with the access in force, in the order given."""
    ids = [one.id for one in found]
    if not ids:
        return []
    named = {row.id: row for row in fetch(session, _people(), {"ids": ids})}
    accesses = _accesses(session, ids)
    chosen = {person: _in_force(rows) for person, rows in accesses.items()}
    status = _statuses(session, chosen.values())
    return [
        _person(one, named[one.id], accesses.get(one.id, ()), chosen.get(one.id), status)
        for one in found
        if one.id in named
    ]


@cache
def _people() -> Any:
    return select(col(Person.id), col(Person.surname), col(Person.first_name)).where(
        among(Person.id, "ids")
    )


@dataclass(frozen=True, slots=True)
class _Place:
    """An access: where, in which year; `rank` says whether it is in force on `day` there."""

    access_id: int
    school_id: int
    school: str
    school_year_id: int
    function: str | None
    day: date
    rank: tuple[int, int, int]


def _accesses(session: ActorSession, ids: Sequence[int]) -> dict[int, list[_Place]]:
    found: defaultdict[int, list[_Place]] = defaultdict(list)
    days: dict[str, date] = {}
    for row in fetch(session, _places(), {"ids": ids}):
        day = days.get(row.time_zone)
        if day is None:
            day = days[row.time_zone] = session.at.astimezone(ZoneInfo(row.time_zone)).date()
        rank = (_of_day(row, day), int(row.code != SERVICE), -row.first_day.toordinal())
        found[row.person_id].append(
            _Place(
                row.access_id,
                row.school_id,
                row.school,
                row.school_year_id,
                row.function,
                day,
                rank,
            )
        )
    return found


def _of_day(row: Any, day: date) -> int:
    """Return 0 for the year that a day is in, 1 for one to come, 2 for one that is over."""
    if row.access_ends < day:
        return 2
    return int(row.first_day > day)


@cache
def _places() -> Any:
    return (
        select(
            col(Access.person_id),
            col(Access.id).label("access_id"),
            col(Access.school_id),
            col(Access.school_year_id),
            col(School.name).label("school"),
            col(School.time_zone),
            col(SchoolYear.first_day),
            col(SchoolYear.access_ends),
            col(Service.code),
            col(Post.function),
        )
        .select_from(Access)
        .join(School, col(School.id) == Access.school_id)
        .join(SchoolYear, col(SchoolYear.id) == Access.school_year_id)
        .join(Service, col(Service.id) == Access.service_id)
        .outerjoin(Post, col(Post.id) == Access.post_id)
        .where(among(Access.person_id, "ids"))
    )


def _in_force(places: Sequence[_Place]) -> _Place:
    """Return the access that counts now, else the next one to come, else the last one."""
    return min(places, key=lambda place: (*place.rank, place.school, place.access_id))


def _statuses(session: ActorSession, places: Iterable[_Place]) -> dict[int, str]:
    by_day: defaultdict[date, list[int]] = defaultdict(list)
    for place in places:
        by_day[place.day].append(place.access_id)
    found: dict[int, str] = {}
    for day, ids in by_day.items():
        rows = fetch(session, _status(), {"at": session.at, "day": day, "ids": ids})
        found |= {row.access_id: row.status for row in rows}
    return found


@cache
def _status() -> Any:
    facts = FactColumns(AT, DAY)
    columns: tuple[Any, ...] = (col(Access.id).label("access_id"), facts.status.label("status"))
    statement = joined(select(*columns).select_from(Access), AT, of_guardians=True)
    return statement.where(among(Access.id, "ids"))


def _person(
    one: Found, row: Any, places: Sequence[_Place], place: _Place | None, statuses: dict[int, str]
) -> Hit:
    title = f"{row.surname} {row.first_name}".strip()
    if place is None:
        return Hit("person", one.id, title, "", one.matched, one.fit, person_id=one.id)
    status = statuses.get(place.access_id, "")
    schools = len({each.school_id for each in places if each.rank[0] == place.rank[0]})
    return Hit(
        "person",
        one.id,
        title,
        _detail(place, schools),
        one.matched,
        one.fit,
        status,
        STATUS_WORDS[status].label if status else None,
        person_id=one.id,
        school_id=place.school_id,
        school_year_id=place.school_year_id,
        access_id=place.access_id,
        schools=schools,
    )


def _detail(place: _Place, schools: int) -> Wording:
    function = _GUARDIAN if place.function is None else function_label(place.function or None)
    if schools > 1:
        return say(
            "%(school)s and %(count)s more, %(function)s",
            school=place.school,
            count=schools - 1,
            function=function,
        )
    return say("%(school)s, %(function)s", school=place.school, function=function)


# --- schools ------------------------------------------------------------------------------


def schools(session: ActorSession, found: Sequence[Found]) -> list[Hit]:
    """Return the schools of these ids, in the order given."""
    ids = [one.id for one in found]
    if not ids:
        return []
    rows = {row.id: row for row in fetch(session, _schools(), {"ids": ids})}
    return [
        Hit(
            "school",
            one.id,
            row.name,
            _where(row),
            one.matched,
            one.fit,
            school_id=one.id,
        )
        for one in found
        if (row := rows.get(one.id)) is not None
    ]


@cache
def _schools() -> Any:
    return select(
        col(School.id),
        col(School.name),
        col(School.locality),
        col(School.fase_number),
        col(School.source_key),
    ).where(among(School.id, "ids"))


def _where(row: Any) -> Wording | str:
    number = identifier(row)
    if not row.locality:
        return number
    return say("%(place)s – %(number)s", place=row.locality, number=number)


# --- heads of school ----------------------------------------------------------------------


def heads_named(session: ActorSession, names: Iterable[tuple[str, str]]) -> list[Any]:
    """Return (id, surname_key, first_name_key) of the heads of these names, past ones too.

    Only for whoever may see them (`services.headnet_rows.is_manager`).
    """
    wanted = set(names)
    values = {
        "surnames": sorted({surname for surname, _first in wanted}),
        "first_names": sorted({first for _surname, first in wanted}),
    }
    rows = fetch(session, _heads_named(), values) if wanted else []
    return [row for row in rows if (row.surname_key, row.first_name_key) in wanted]


@cache
def _heads_named() -> Any:
    return (
        select(col(Headship.id), col(Headship.surname_key), col(Headship.first_name_key))
        .where(
            col(Headship.surname_key).in_(bindparam("surnames", expanding=True)),
            col(Headship.first_name_key).in_(bindparam("first_names", expanding=True)),
        )
        .order_by(col(Headship.id))
        .limit(MOST_NAMESAKES)
    )


def heads(session: ActorSession, found: Sequence[Found]) -> list[Hit]:
    """Return the heads of these headships, with their school, in the order given."""
    ids = [one.id for one in found]
    rows = {row.id: row for row in fetch(session, _heads(), {"ids": ids})} if ids else {}
    return [_head(one, rows[one.id]) for one in found if one.id in rows]


@cache
def _heads() -> Any:
    return (
        select(
            col(Headship.id),
            col(Headship.school_id),
            col(Headship.surname),
            col(Headship.first_name),
            col(Headship.since),
            col(Headship.ended_at),
            col(School.name).label("school"),
            col(School.time_zone),
        )
        .join(School, col(School.id) == Headship.school_id)
        .where(among(Headship.id, "ids"))
    )


def _head(one: Found, row: Any) -> Hit:
    zone = ZoneInfo(row.time_zone)
    if row.ended_at is None:
        status = say("Head since %(day)s", day=row.since.astimezone(zone).date())
    else:
        status = say("Head until %(day)s", day=row.ended_at.astimezone(zone).date())
    return Hit(
        "head",
        row.id,
        f"{row.surname} {row.first_name}".strip(),
        row.school,
        one.matched,
        one.fit,
        "current" if row.ended_at is None else "ended",
        status,
        school_id=row.school_id,
    )


# --- workshops ----------------------------------------------------------------------------


def workshops(session: ActorSession, found: Sequence[Found]) -> list[Hit]:
    """Return the workshops of these ids, in the order given."""
    hits = []
    for one in found:
        if one.id < 1:
            continue
        query = WorkshopQuery(text=make_workshop_reference(one.id))
        hits += [
            Hit(
                "workshop",
                row.id,
                row.title,
                say("%(school)s, %(day)s", school=row.school, day=row.first_day),
                one.matched,
                one.fit,
                row.status,
                WORKSHOP_WORDS[row.status][1],
                school_id=row.school_id,
            )
            for row in workshop_page(session, query, 0, 1, count=False).rows
            if row.id == one.id
        ]
    return hits
