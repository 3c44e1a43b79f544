"""A workshop as calendar files tell of it: the event, and the deadlines that follow from it."""

from datetime import datetime, time
from typing import Any
from zoneinfo import ZoneInfo

from models.language import Wording, say
from models.references import make_workshop_reference
from models.workshop_dates import DAYS, Event, WorkshopPlan
from models.workshops import Workshop, facts_of
from services.calendar_files import CalendarEvent, Deadline, Status, calendar_file, packed

#: What each status is to a calendar, and what counts where several are told in one second.
_TOLD: dict[str, tuple[Status, int]] = {
    "submitted": ("tentative", 0),
    "in_treatment": ("tentative", 0),
    "refused": ("cancelled", 2),
    "cancelled": ("cancelled", 2),
    "replaced": ("cancelled", 2),
}
_ACCEPTED: tuple[Status, int] = ("confirmed", 1)
_STAGES = 4
#: The deadlines of those who ask, by the column that holds the day.
_DEADLINES: dict[str, Wording] = {
    "free_until": say("Last day of free cancellation: %(title)s"),
    "registration_until": say("Last day of registration: %(title)s"),
    "invoice_due": say("Invoice due: %(title)s"),
}


def as_file(workshop: Workshop, at: datetime, language: str) -> bytes:
    """Return a workshop, as it stands at `at`, with its deadlines as a file (.ics) to keep."""
    return calendar_file(_event(workshop, at, language), _deadlines(workshop))


def for_mail(workshop: Workshop, at: datetime, language: str, *, deadlines: bool) -> str:
    """Return what a mail's row keeps so that the file goes with it (`calendar_files.packed`).

    With the deadlines for those who ask, without for those who only take part.
    """
    return packed(_event(workshop, at, language), _deadlines(workshop) if deadlines else ())


def of_plan(plan: WorkshopPlan, event: Event, at: datetime, language: str) -> bytes:
    """Return what follows from a date that nobody has asked for yet, as a file (.ics) to keep.

    Every step of the plan but the two days themselves is a deadline; the event is tentative.
    Files of the same date replace each other in a calendar.
    """
    planned = CalendarEvent(
        reference=f"plan-{event.first_day.isoformat()}",
        title=say("Virtual workshop (planned)").text(language),
        first_day=event.first_day,
        days=DAYS,
        starts=event.begins,
        ends=event.ends,
        zone=event.zone,
        changed_at=at,
        status="tentative",
        language=language,
    )
    steps = [step for step in plan.steps if step.code not in ("first_day", "second_day")]
    return calendar_file(planned, [Deadline(step.code, step.label, step.day) for step in steps])


def called_off(workshop: Workshop, at: datetime, language: str, *, deadlines: bool) -> str:
    """Return what takes a workshop out of somebody's calendar, whatever becomes of it itself.

    With the deadlines for those who were told them, as in `for_mail`.
    """
    event = _event(workshop, at, language, ("cancelled", 2))
    return packed(event, _deadlines(workshop) if deadlines else ())


def _event(
    workshop: Workshop, at: datetime, language: str, told: tuple[Status, int] | None = None
) -> CalendarEvent:
    assert workshop.id is not None
    status, stage = told or _TOLD.get(facts_of(workshop, at).status, _ACCEPTED)
    clock = time.fromisoformat
    link = workshop.registration_link
    return CalendarEvent(
        reference=make_workshop_reference(workshop.id),
        title=workshop.title,
        first_day=workshop.first_day,
        days=DAYS,
        starts=clock(workshop.begins),
        ends=clock(workshop.ends),
        zone=ZoneInfo(workshop.time_zone),
        changed_at=at,
        sequence=_sequence(workshop, at, stage),
        status=status,
        # A link by which somebody joins a meeting is kept nowhere.
        url="" if "checksum=" in link else link,
        language=language,
    )


def _sequence(workshop: Workshop, at: datetime, stage: int) -> int:
    """Return by what a calendar knows the latest of several files: it grows with time.

    So whoever was withdrawn and is entered again has the workshop back: a calendar leaves aside
    what has a lower number than the end it was told (RFC 5545, 3.8.7.4).
    """
    seconds = int((at - workshop.submitted_at).total_seconds())
    return _STAGES * max(0, seconds) + stage


def _deadlines(workshop: Workshop) -> list[Deadline]:
    """Return the deadlines of those who ask; one cancelled and charged still has its invoice,
    which its end must not take out."""
    return [
        Deadline(column.partition("_")[0], _titled(label, workshop), getattr(workshop, column))
        for column, label in _DEADLINES.items()
        if not (workshop.charged and column == "invoice_due")
    ]


def _titled(label: Wording, workshop: Workshop) -> Any:
    return Wording(label.message, {"title": workshop.title})
