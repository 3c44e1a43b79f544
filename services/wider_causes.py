"""Causes that are found by looking further than one access: each rule once, as SQL.

The diagnosis of a person asks them about one row, the dashboard of a school or of all.
"""

from functools import cache
from typing import Any

from sqlalchemy import ColumnElement, and_, bindparam, exists, or_, select
from sqlalchemy.orm import aliased
from sqlmodel import col

from models.access import Mission
from models.consents import Consent
from models.database import ActorSession
from models.prepared import fetch
from models.schools import SchoolYear

#: The function of a head of school in the records.
HEAD = "principal"


# --- 13. Nobody has signed -----------------------------------------------------------------


def signed_in(school_id: Any) -> ColumnElement[bool]:
    """SQL: somebody of the school has signed, for whatever address, and not withdrawn it."""
    consent: Any = aliased(Consent)
    return exists(
        select(consent.id).where(consent.school_id == school_id, consent.withdrawn_at.is_(None))
    )


def anybody_signed(session: ActorSession, school_id: int) -> bool:
    """Tell whether anything can be sent in a school at all (DOMAIN §3, No signed consent)."""
    return bool(fetch(session, _signed(), {"school": school_id}))


@cache
def _signed() -> Any:
    return (
        select(col(Consent.id))
        .where(col(Consent.school_id) == bindparam("school"), col(Consent.withdrawn_at).is_(None))
        .limit(1)
    )


# --- 12. The former head's post still live -------------------------------------------------


def is_former_head(older: Any, newer: Any, day: Any) -> ColumnElement[bool]:
    """SQL: `older` is a head's post still live on `day` in a school that has a newer head.

    Which is newer the days of beginning say where the records have both, else which came in
    later.
    """
    return and_(
        older.school_id == newer.school_id,
        older.school_year_id == newer.school_year_id,
        older.person_id != newer.person_id,
        older.function == HEAD,
        newer.function == HEAD,
        older.present.is_(True),
        older.disappeared_at.is_(None),
        or_(older.exit_date.is_(None), older.exit_date >= day),
        # A newer head's post that is ended by half is not ended (DOMAIN §3).
        or_(newer.present.is_(True), newer.exit_date.is_(None), newer.exit_date >= day),
        _began_before(older, newer),
    )


def _began_before(older: Any, newer: Any) -> ColumnElement[bool]:
    came_before = older.created_at < newer.created_at
    same_day = older.start_date == newer.start_date
    unknown = or_(older.start_date.is_(None), newer.start_date.is_(None))
    return or_(older.start_date < newer.start_date, and_(or_(unknown, same_day), came_before))


# --- 11. A mission of last year not given again --------------------------------------------


def was_not_renewed(mission: Any, its_year: Any, year: Any) -> ColumnElement[bool]:
    """SQL: a mission of the year before `year`, kept to its end, was not given again in it.

    `its_year` is the mission's own. What was given and taken away again is not meant.
    """
    between: Any = aliased(SchoolYear)
    again: Any = aliased(Mission)
    is_other_before = exists(
        select(between.id)
        .where(
            between.calendar_id == year.calendar_id,
            between.first_day > its_year.first_day,
            between.first_day < year.first_day,
        )
        .correlate_except(between)
    )
    given_again = exists(
        select(again.id)
        .where(
            again.person_id == mission.person_id,
            again.school_id == mission.school_id,
            again.code == mission.code,
            again.school_year_id == year.id,
        )
        .correlate_except(again)
    )
    return and_(
        mission.removed_at.is_(None),
        its_year.calendar_id == year.calendar_id,
        its_year.first_day < year.first_day,
        ~is_other_before,
        ~given_again,
    )
