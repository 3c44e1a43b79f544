"""Until when a day can be asked for, what follows from it, and what today is the last day for.

For whoever asks before there is a request. Days are dates of the school, in its zone.
"""

from dataclasses import dataclass
from datetime import date
from zoneinfo import ZoneInfo

from models.database import ActorSession
from models.schools import DEFAULT_TIME_ZONE
from models.workshop_dates import (
    Break,
    DateCheck,
    DayNote,
    PlanStep,
    WorkshopPlan,
    WorkshopRules,
    backward_plan,
    check_date,
    first_days_for,
    local_day,
)
from services import workshop_rules
from services.workshop_form import notes_on, place


@dataclass(frozen=True, slots=True)
class Ground:
    """What days are judged by: rules, the school's zone and its days without school."""

    rules: WorkshopRules
    zone: ZoneInfo
    breaks: tuple[Break, ...] = ()


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


def ground(session: ActorSession, school_id: int | None) -> Ground:
    """Return what days are judged by for a school, or for the office where there is none.

    Raises `FormRefused` for a school that the actor doesn't see.
    """
    if school_id is None:
        return Ground(workshop_rules.office(session).rules, ZoneInfo(DEFAULT_TIME_ZONE))
    at_place = place(session, school_id)
    return Ground(at_place.office.rules, at_place.zone, at_place.breaks)


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
