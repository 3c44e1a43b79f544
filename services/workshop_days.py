"""Until when a day can be asked for, what follows from it, and what today is the last day for.

For whoever asks before there is a request. Days are dates of the school, in its zone.
"""

from dataclasses import dataclass
from datetime import date
from zoneinfo import ZoneInfo

from models.database import ActorSession
from models.workshop_dates import (
    DateCheck,
    DayNote,
    PlanStep,
    WorkshopPlan,
    backward_plan,
    check_date,
    first_days_for,
    local_day,
)
from services.workshop_form import notes_on, place


@dataclass(frozen=True, slots=True)
class DayAsked:
    """What a school is told of a day: the verdict, all that follows, what speaks against it."""

    school: str
    fase_number: int | None
    zone: ZoneInfo
    check: DateCheck
    plan: WorkshopPlan
    notes: tuple[DayNote, ...]


@dataclass(frozen=True, slots=True)
class LastDays:
    """For each step the first day of the workshop whose last day for it is `today`."""

    school: str
    fase_number: int | None
    zone: ZoneInfo
    today: date
    steps: tuple[PlanStep, ...]


def day_asked(session: ActorSession, school_id: int, first_day: date) -> DayAsked:
    """Return what follows for a school from a workshop that begins on `first_day`.

    Raises `FormRefused` for a school that the actor doesn't see. The public holidays are loaded
    (190 ms, once).
    """
    at_place = place(session, school_id)
    rules = at_place.office.rules
    return DayAsked(
        at_place.school,
        at_place.fase_number,
        at_place.zone,
        check_date(first_day, session.at, at_place.zone, rules),
        backward_plan(first_day, rules),
        notes_on(first_day, at_place),
    )


def last_days(session: ActorSession, school_id: int) -> LastDays:
    """Return what today, in the school's zone, is the last day for. Raises as `day_asked`."""
    at_place = place(session, school_id)
    today = local_day(session.at, at_place.zone)
    return LastDays(
        at_place.school,
        at_place.fase_number,
        at_place.zone,
        today,
        first_days_for(today, at_place.office.rules),
    )
