"""Schools and school years as people name them on a command line."""

from dataclasses import dataclass
from datetime import date
from zoneinfo import ZoneInfo

from sqlalchemy import select
from sqlmodel import col

from models.database import ActorSession
from models.errors import TrousseauError
from models.language import N_, say
from models.school_years import label_for, school_year_on, start_year_of
from models.schools import School, SchoolYear
from models.text import clean


class NotKnown(TrousseauError):
    """No school or school year of that name is among those that the actor sees."""

    heading = N_("Not found")


@dataclass(frozen=True, slots=True)
class Team:
    """One school in one school year; `today` is the day there, in the school's zone."""

    school_id: int
    school: str
    school_year_id: int
    year: str
    today: date


def team(session: ActorSession, school: str, year: str | None = None) -> Team:
    """Return the school that `school` names and one of its years, by default the present one.

    A school is named by its FASE number, or as `SOURCE:IDENTIFIER` where it has none; a year
    as in `2026-2027` or `2026-27`. Raises `NotKnown`.
    """
    found = find_school(session, school)
    assert found.id is not None
    today = session.at.astimezone(ZoneInfo(found.time_zone)).date()
    its_year = _year(session, found, year, today)
    assert its_year.id is not None
    return Team(found.id, found.name, its_year.id, its_year.label, today)


def find_school(session: ActorSession, text: str) -> School:
    """Return the school that `text` names; raises `NotKnown`.

    A bare number is a school's FASE number, never a site's, which may be the same.
    """
    text = text.strip()
    source, colon, identifier = text.partition(":")
    schools = select(School)
    if colon:
        schools = schools.where(
            col(School.source) == source.strip(), col(School.source_key) == identifier.strip()
        )
    elif text.isascii() and text.isdigit() and len(text) <= 9:
        schools = schools.where(col(School.fase_number) == int(text))
    else:
        raise NotKnown(
            say(
                "“%(text)s” names no school: give its FASE number, or SOURCE:IDENTIFIER.",
                text=clean(text, 60),
            )
        )
    found = session.scalars(schools).one_or_none()
    if found is None:
        raise NotKnown(say("There is no school %(text)s.", text=clean(text, 60)))
    return found


def _year(session: ActorSession, school: School, label: str | None, today: date) -> SchoolYear:
    years = select(SchoolYear).where(col(SchoolYear.calendar_id) == school.calendar_id)
    if label is None:
        found = school_year_on(today, session.scalars(years))
        if found is None:
            raise NotKnown(say("No school year is known for today. Give one: --year 2026-2027"))
        return found
    start = start_year_of(label)
    wanted = label_for(start) if start is not None else label.strip()
    named = session.scalars(years.where(col(SchoolYear.label) == wanted)).one_or_none()
    if named is None:
        raise NotKnown(say("There is no school year %(label)s.", label=clean(label, 20)))
    return named
