"""The page of one workshop: all that is known of it, and what can be done with it now."""

from dataclasses import dataclass
from dataclasses import replace as with_changes
from datetime import date, datetime, timedelta
from zoneinfo import ZoneInfo

from sqlalchemy import func, select
from sqlmodel import col

from models.database import ActorSession
from models.language import Wording, say
from models.references import make_workshop_reference
from models.schools import School
from models.workshop_dates import (
    DateCheck,
    DayShown,
    Event,
    PlanStep,
    WorkshopPlan,
    WorkshopRules,
    backward_plan,
    check_date,
    local_day,
    shown_in,
)
from models.workshops import OPEN, Workshop, WorkshopParticipant, WorkshopSchool, facts_of
from services.workshop_rules import is_office, may_ask, office
from services.workshops import event_of, find, is_own, zone_of


@dataclass(frozen=True, slots=True)
class FurtherSchool:
    """A further school of a request; `name` is "" where the actor doesn't see it."""

    place_id: int
    fase_number: int
    name: str
    linked: bool


@dataclass(frozen=True, slots=True)
class WorkshopPage:
    """One workshop with all that is known of it. Instants are UTC, days those of the school.

    `own` is whether the actor's school asked for it, `may_decide` whether the actor is the
    office, `steps` the codes of what can be done now: take_up, accept, refuse, cancel,
    replace, participants, late_change, attendance, complete, invoice, pay.
    """

    id: int
    reference: str
    status: str
    school_id: int
    school: str
    further_schools: tuple[FurtherSchool, ...]
    programme: str
    category: int
    title: str
    language: str
    delivery_type: str
    event: Event
    shown: tuple[DayShown, ...]
    zone: ZoneInfo
    plan: WorkshopPlan
    date_check: DateCheck
    people: int
    participants: int
    support_name: str
    support_contact: str
    contact_name: str
    contact_email: str
    remarks: str
    registration_link: str
    registration_until: date
    free_until: date
    due_on: date | None
    charged: bool
    refused_reason: str
    cancelled_reason: str
    replaced_by: str | None
    replaced_by_id: int | None
    replaces: str | None
    replaces_id: int | None
    history: tuple[tuple[str, datetime], ...]
    own: bool
    may_decide: bool
    steps: tuple[str, ...]

    @property
    def done(self) -> frozenset[str]:
        """The steps of the plan that have been done, whatever their day: they wait for nobody."""
        if self.status == "invoiced" and self.due_on is None:
            return _ATTENDED | {"invoice"}
        return _DONE.get(self.status, _ASKED)

    @property
    def is_over(self) -> bool:
        """Whether it was refused, cancelled or replaced: its days concern nobody any more."""
        return self.status in _OVER

    @property
    def coming(self) -> PlanStep | None:
        """The step of the plan that comes next, None where nothing does any more."""
        if self.is_over:
            return None
        today, done = self.date_check.today, self.done
        return next((s for s in self.plan.steps if s.day >= today and s.code not in done), None)


_ASKED = frozenset({"ask"})
_ATTENDED = frozenset({"ask", "attendance"})
#: What has been done in a status; what has no entry has been asked for.
_DONE = {"draft": frozenset[str](), "attended": _ATTENDED, "invoiced": _ATTENDED}
_OVER = ("refused", "cancelled", "replaced")


def page(session: ActorSession, workshop_id: int) -> WorkshopPage:
    """Return everything of one workshop; raises `WorkshopNotFound`."""
    workshop = find(session, workshop_id)
    zone, event, rules = zone_of(session, workshop), event_of(workshop), office(session).rules
    school = session.scalar(select(col(School.name)).where(col(School.id) == workshop.school_id))
    own, decides = is_own(session, workshop), is_office(session)
    return WorkshopPage(
        id=workshop_id,
        reference=make_workshop_reference(workshop_id),
        status=facts_of(workshop, session.at).status,
        school_id=workshop.school_id,
        school=school or "",
        further_schools=_further(session, workshop_id),
        programme=workshop.programme,
        category=workshop.category,
        title=workshop.title,
        language=workshop.language,
        delivery_type=workshop.delivery_type,
        event=event,
        shown=shown_in(event, zone),
        zone=zone,
        plan=backward_plan(workshop.school_day, rules_of(workshop, rules)),
        date_check=check_date(workshop.school_day, session.at, zone, rules),
        people=workshop.people,
        participants=_count_participants(session, workshop_id),
        support_name=workshop.support_name,
        support_contact=workshop.support_contact,
        contact_name=workshop.contact_name,
        contact_email=workshop.contact_email,
        remarks=workshop.remarks,
        registration_link=workshop.registration_link,
        registration_until=workshop.registration_until,
        free_until=workshop.free_until,
        due_on=workshop.due_on,
        charged=workshop.charged,
        refused_reason=workshop.refused_reason,
        cancelled_reason=workshop.cancelled_reason,
        replaced_by=_reference_of(workshop.replaced_by_id),
        replaced_by_id=workshop.replaced_by_id,
        replaces=_reference_of(workshop.replaces_id),
        replaces_id=workshop.replaces_id,
        history=_history(workshop),
        own=own,
        may_decide=decides,
        steps=tuple(_steps(workshop, session.at, zone, own and may_ask(session), decides)),
    )


def _reference_of(workshop_id: int | None) -> str | None:
    return None if workshop_id is None else make_workshop_reference(workshop_id)


def _count_participants(session: ActorSession, workshop_id: int) -> int:
    people = WorkshopParticipant
    counted = select(func.count(col(people.id))).where(
        col(people.workshop_id) == workshop_id, col(people.withdrawn_at).is_(None)
    )
    return session.scalar(counted) or 0


def _further(session: ActorSession, workshop_id: int) -> tuple[FurtherSchool, ...]:
    rows = session.execute(
        select(WorkshopSchool, col(School.name))
        .outerjoin(School, col(School.id) == col(WorkshopSchool.other_id))
        .where(col(WorkshopSchool.workshop_id) == workshop_id)
        .order_by(col(WorkshopSchool.id))
    )
    return tuple(
        FurtherSchool(row.id or 0, row.fase_number, name or "", row.other_id is not None)
        for row, name in rows
    )


#: What has happened to a workshop, in the order in which it usually does, with its column.
_HISTORY = {
    "submitted": "submitted_at",
    "late_confirmed": "late_confirmed_at",
    "in_treatment": "taken_at",
    "accepted": "accepted_at",
    "refused": "refused_at",
    "cancelled": "cancelled_at",
    "replaced": "replaced_at",
    "attended": "attended_at",
    "invoiced": "invoiced_at",
    "paid": "paid_at",
}
HISTORY_WORDS: dict[str, Wording] = {
    "submitted": say("Request sent"),
    "late_confirmed": say("Read and confirmed that it is late"),
    "in_treatment": say("Taken up by the workshop office"),
    "accepted": say("Accepted"),
    "refused": say("Refused"),
    "cancelled": say("Cancelled"),
    "replaced": say("Replaced"),
    "attended": say("Attendance complete"),
    "invoiced": say("Invoiced"),
    "paid": say("Paid"),
}


def _history(workshop: Workshop) -> tuple[tuple[str, datetime], ...]:
    """Return what has happened and when, the earliest first."""
    found = [(code, at) for code, column in _HISTORY.items() if (at := getattr(workshop, column))]
    return tuple(sorted(found, key=lambda each: each[1]))


#: What the office does next, by status.
_OF_OFFICE: dict[str, tuple[str, ...]] = {
    "submitted": ("take_up", "accept", "refuse"),
    "in_treatment": ("accept", "refuse"),
    "held": ("attendance", "complete"),
    "attended": ("invoice",),
}


def _steps(
    workshop: Workshop, at: datetime, zone: ZoneInfo, asks: bool, decides: bool
) -> list[str]:
    """Return what this actor can do with a workshop now."""
    status = facts_of(workshop, at).status
    found: list[str] = []
    if decides:
        found += _OF_OFFICE.get(status, ())
        if workshop.charged and workshop.invoiced_at is None:
            found.append("invoice")
        if workshop.invoiced_at and workshop.paid_at is None:
            found.append("pay")
    if asks and status in OPEN:
        open_still = local_day(at, zone) <= workshop.registration_until
        found.append("participants" if open_still or decides else "late_change")
        if workshop.starts_at > at:
            found += ["cancel", "replace"]
    return found


def rules_of(workshop: Workshop, rules: WorkshopRules) -> WorkshopRules:
    """Return the rules by which a workshop's deadlines were fixed, as far as they are."""
    first, end = workshop.school_day, workshop.school_day + timedelta(days=1)
    return with_changes(
        rules,
        free_days=(first - workshop.free_until).days,
        registration_days=(first - workshop.registration_until).days,
        attendance_days=(workshop.attendance_due - end).days,
        invoice_days=(workshop.invoice_due - end).days,
    )
