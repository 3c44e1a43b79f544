"""The life of a workshop: asked for, taken up, accepted or refused, held, attended, invoiced.

Each step is one conditional UPDATE whose row count is checked, and queues its letters in the
same transaction. Requesters ask, cancel and replace; the rest is the workshop office's work.
"""

import re
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC, date, datetime, time
from typing import Any
from zoneinfo import ZoneInfo

from sqlalchemy import and_, select
from sqlmodel import col

from models.database import ActorSession, change
from models.errors import TrousseauError
from models.language import N_, Wording, current_language, say
from models.references import make_workshop_reference, parse_workshop_reference
from models.schools import School
from models.text import clean, squeeze
from models.workshop_dates import (
    Event,
    WorkshopRules,
    answer_by,
    backward_plan,
    local_day,
    shown_in,
)
from models.workshops import (
    OPEN,
    Workshop,
    WorkshopParticipant,
    WorkshopSchool,
    WorkshopSession,
    facts_of,
    next_due,
    search_key_of,
)
from services import drafts, workshop_calendar, workshop_letters
from services.workshop_form import FormPlace, FormRefused, Request, check, empty, place
from services.workshop_rules import (
    office,
    require_office,
    require_requester,
)

#: The draft of a new request, and (with the id behind it) of one that replaces another.
DRAFT = "workshop"
#: Longest reason and longest link, in characters.
LONGEST_REASON, LONGEST_LINK = 500, 500
_LINK = re.compile(r"https://[A-Za-z0-9.-]+(?::\d+)?(?:/[!-~]*)?")

#: Every status in words, with one sign that needs no colour.
STATUS_WORDS: dict[str, tuple[str, Wording]] = {
    "draft": (".", say("Draft")),
    "submitted": ("o", say("Submitted")),
    "in_treatment": ("~", say("In treatment")),
    "accepted": ("+", say("Accepted")),
    "refused": ("!", say("Refused")),
    "held": ("=", say("Held")),
    "attended": ("*", say("List complete")),
    "invoiced": ("§", say("Invoiced")),
    "cancelled": ("x", say("Cancelled")),
    "replaced": (">", say("Replaced")),
}


class WorkshopNotFound(TrousseauError):
    """No workshop of that number or reference is among those that the actor sees."""

    heading = N_("Not found")


class StepRefused(TrousseauError):
    """The workshop is not where this step begins."""


class LateNotConfirmed(TrousseauError):
    """The request is late, and whoever asks has not confirmed having read what that means."""

    heading = N_("Late request")


class ChargeNotConfirmed(TrousseauError):
    """Cancelling is charged in full now, and whoever cancels has not confirmed it."""

    heading = N_("Charged in full")


def draft_name(replaced_id: int | None = None) -> str:
    """Return the name of the form's draft (`services.drafts`)."""
    return DRAFT if replaced_id is None else f"{DRAFT}:{replaced_id}"


# --- asking -------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class Submitted:
    """A request that has been sent."""

    workshop_id: int
    reference: str
    late: bool


def submit(
    session: ActorSession,
    school_id: int,
    values: Mapping[str, str],
    *,
    confirm_late: bool = False,
) -> Submitted:
    """Send a form (see `services.workshop_form.FIELDS`) as a school's request.

    Raises `FormRefused` with what stands beside which field, `LateNotConfirmed` for a late
    date that is not confirmed, `OutOfScope` for whoever may not ask for this school.
    """
    require_requester(session)
    workshop = _asked(session, school_id, values, confirm_late)
    drafts.discard(session, draft_name())
    return _submitted(workshop)


def _submitted(workshop: Workshop) -> Submitted:
    assert workshop.id is not None
    reference = make_workshop_reference(workshop.id)
    return Submitted(workshop.id, reference, workshop.late_confirmed_at is not None)


def _asked(
    session: ActorSession,
    school_id: int,
    values: Mapping[str, str],
    confirm_late: bool,
    replaces_id: int | None = None,
) -> Workshop:
    at_place = place(session, school_id)
    found = check(values, at_place, session.at)
    if found.request is None:
        raise FormRefused(say("Something is missing or wrong: see beside the fields."), found)
    if found.late and not confirm_late:
        assert found.date_check is not None
        raise LateNotConfirmed(found.date_check.sentence)
    workshop = _new(session.at, at_place, found.request)
    workshop.late_confirmed_at = session.at if found.late else None
    workshop.replaces_id = replaces_id
    session.add(workshop)
    session.flush()
    _add_schools(session, workshop, found.request.further_schools)
    kind = "submitted_late" if found.late else "submitted"
    notice = at_place.office.rules.notice_days
    workshop_letters.tell_contact(session, workshop, kind, notice=notice)
    to = at_place.office
    workshop_letters.tell_office(session, workshop, "new_request", to.name, to.email)
    return workshop


def _new(at: datetime, at_place: FormPlace, request: Request) -> Workshop:
    event, title, contact = request.event, request.title, request.contact_name
    days = _days(request.school_day, local_day(at, at_place.zone), at_place.office.rules)
    return Workshop(
        school_id=at_place.school_id,
        programme=request.programme,
        category=request.category,
        title=title,
        language=request.language,
        delivery_type=request.delivery_type,
        first_day=event.first_day,
        begins=f"{event.begins:%H:%M}",
        ends=f"{event.ends:%H:%M}",
        time_zone=event.zone.key,
        starts_at=event.starts_at,
        ends_at=event.ends_at,
        people=request.people,
        support_name=request.support_name,
        support_contact=request.support_contact,
        contact_name=contact,
        contact_email=request.contact_email,
        contact_language=at_place.language,
        remarks=request.remarks,
        search_key=search_key_of(title, at_place.school, at_place.fase_number, contact),
        submitted_at=at,
        **days,
    )


def _days(school_day: date, today: date, rules: WorkshopRules) -> dict[str, Any]:
    """Return the deadlines, fixed as the rules are now."""
    plan, answer = backward_plan(school_day, rules), answer_by(school_day, today, rules)
    return {
        "school_day": school_day,
        "free_until": plan.day("free"),
        "registration_until": plan.day("registration"),
        "attendance_due": plan.day("attendance"),
        "invoice_due": plan.day("invoice"),
        "answer_due": answer,
        "due_on": answer,
    }


def _add_schools(session: ActorSession, workshop: Workshop, numbers: tuple[int, ...]) -> None:
    """Note further schools; those that the actor sees are linked at once."""
    assert workshop.id is not None
    known = _schools_by_number(session, numbers)
    for number in numbers:
        session.add(
            WorkshopSchool(
                workshop_id=workshop.id,
                school_id=workshop.school_id,
                fase_number=number,
                other_id=known.get(number),
                linked_at=session.at if number in known else None,
            )
        )


def _schools_by_number(session: ActorSession, numbers: tuple[int, ...]) -> dict[int, int]:
    rows = session.execute(
        select(col(School.fase_number), col(School.id)).where(col(School.fase_number).in_(numbers))
    )
    return {number: school for number, school in rows if number and school}


# --- steps of the office ------------------------------------------------------------------


def take_up(session: ActorSession, workshop_id: int) -> None:
    """Begin to treat a request: its contact is told, its further schools are linked.

    For the office; raises `StepRefused` where the request has been taken up or has ended.
    """
    workshop = _for_office(session, workshop_id)
    step(session, workshop, _undecided(Workshop.taken_at), taken_at=session.at)
    _link_schools(session, workshop_id)
    workshop_letters.tell_contact(session, workshop, "in_treatment")


def accept(
    session: ActorSession,
    workshop_id: int,
    link: str,
    registration_until: date | None = None,
) -> None:
    """Accept a request: with the link for registration, and another deadline for it if given.

    The contact is told, and everybody who is entered. For the office; raises `StepRefused`.
    """
    workshop = _for_office(session, workshop_id)
    until = registration_until or workshop.registration_until
    if workshop.starts_at <= session.at:
        raise StepRefused(say("This workshop should have begun already: refuse it."))
    if until > workshop.school_day:
        raise StepRefused(say("Registration can’t close after the workshop has begun."))
    if until < local_day(session.at, zone_of(session, workshop)):
        # So it is with a late request: nobody could be entered any more.
        raise StepRefused(
            say("Registration would have closed on %(day)s already: give a later day.", day=until)
        )
    facts: dict[str, Any] = {
        "accepted_at": session.at,
        "taken_at": workshop.taken_at or session.at,
        "registration_link": registration_link(link),
        "registration_until": until,
    }
    step(session, workshop, _undecided(), **facts)
    _link_schools(session, workshop_id)
    session.add_all(_sessions(workshop))
    workshop_letters.tell_contact(session, workshop, "accepted")
    people = live_participants(session, workshop_id)
    workshop_letters.tell_participants(session, workshop, people, "invited")


def registration_link(text: str) -> str:
    """Return a registration link as it is kept; raises `StepRefused` for what is none."""
    link = text.strip()
    if len(link) > LONGEST_LINK or not _LINK.fullmatch(link):
        raise StepRefused(say("Give the registration link, beginning with https://"))
    return link


def _sessions(workshop: Workshop) -> list[WorkshopSession]:
    """Return the sessions that every workshop begins with: one for each day."""
    assert workshop.id is not None
    event = event_of(workshop)
    return [
        WorkshopSession(
            workshop_id=workshop.id,
            school_id=workshop.school_id,
            number=number,
            starts_at=day.begins.astimezone(UTC),
            ends_at=day.ends.astimezone(UTC),
        )
        for number, day in enumerate(shown_in(event, event.zone), 1)
    ]


def refuse(session: ActorSession, workshop_id: int, reason: str) -> None:
    """Refuse a request with a reason, which its contact is told. For the office."""
    workshop = _for_office(session, workshop_id)
    said = _reason(reason, needed=True)
    step(session, workshop, _undecided(), refused_at=session.at, refused_reason=said)
    workshop_letters.tell_contact(session, workshop, "refused", reason=said)


def _undecided(*not_yet: Any) -> Any:
    """SQL: the request has neither been answered nor ended, nor has any of these happened."""
    ended = (Workshop.accepted_at, Workshop.refused_at, Workshop.cancelled_at)
    return and_(*(col(fact).is_(None) for fact in (*ended, *not_yet)))


def _link_schools(session: ActorSession, workshop_id: int) -> None:
    """Let the further schools see the request, now that somebody knows which they are."""
    unknown = session.scalars(
        select(WorkshopSchool).where(
            col(WorkshopSchool.workshop_id) == workshop_id, col(WorkshopSchool.other_id).is_(None)
        )
    ).all()
    known = _schools_by_number(session, tuple(row.fase_number for row in unknown))
    for row in unknown:
        if row.fase_number in known:
            row.other_id, row.linked_at = known[row.fase_number], session.at


# --- cancelling and replacing -------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class Cancellation:
    """What cancelling costs now: nothing, or (`charged`) all of the registrations."""

    charged: bool
    free_until: date
    sentence: Wording


def cancellation(session: ActorSession, workshop_id: int) -> Cancellation:
    """Return what cancelling would mean now; raises `StepRefused` where it is impossible."""
    return _cancellation(session, find(session, workshop_id))


def _cancellation(session: ActorSession, workshop: Workshop) -> Cancellation:
    status = facts_of(workshop, session.at).status
    if status not in OPEN or workshop.starts_at <= session.at:
        raise refused_step(workshop, session.at)
    day = local_day(session.at, zone_of(session, workshop))
    charged = workshop.accepted_at is not None and day > workshop.free_until
    if charged:
        sentence = say(
            "Cancelling was free of charge until %(day)s: the registrations are charged in full.",
            day=workshop.free_until,
        )
    else:
        sentence = say("Cancelling is free of charge until %(day)s.", day=workshop.free_until)
        if workshop.accepted_at is None:
            sentence = say("Cancelling is free of charge: nobody is registered yet.")
    return Cancellation(charged, workshop.free_until, sentence)


def cancel(
    session: ActorSession, workshop_id: int, reason: str = "", *, confirm_charge: bool = False
) -> Cancellation:
    """Cancel a workshop; contact, office and whoever was invited are told.

    Raises `ChargeNotConfirmed` where it costs and `confirm_charge` is not given, `StepRefused`
    where it has begun or ended, `OutOfScope` for whoever did not ask for it.
    """
    workshop = _for_requester(session, workshop_id)
    cost = _charge_confirmed(session, workshop, confirm_charge)
    said = _reason(reason)
    _end(session, workshop, cost, cancelled_reason=said)
    kind = "cancelled_charged" if cost.charged else "cancelled"
    _tell_of_end(session, workshop, kind, reason=said)
    return cost


def _charge_confirmed(session: ActorSession, workshop: Workshop, confirmed: bool) -> Cancellation:
    cost = _cancellation(session, workshop)
    if cost.charged and not confirmed:
        raise ChargeNotConfirmed(cost.sentence)
    return cost


def _end(session: ActorSession, workshop: Workshop, cost: Cancellation, **facts: Any) -> None:
    still = and_(
        col(Workshop.cancelled_at).is_(None),
        col(Workshop.refused_at).is_(None),
        col(Workshop.attended_at).is_(None),
        # Accepted meanwhile, it may cost what was said to be free.
        col(Workshop.accepted_at).is_not(None)
        if workshop.accepted_at
        else col(Workshop.accepted_at).is_(None),
    )
    step(session, workshop, still, cancelled_at=session.at, charged=cost.charged, **facts)


def _tell_of_end(session: ActorSession, workshop: Workshop, kind: str, **values: Any) -> None:
    assert workshop.id is not None
    to = office(session)
    workshop_letters.tell_contact(session, workshop, kind, **values)
    workshop_letters.tell_office(session, workshop, kind, to.name, to.email, **values)
    if workshop.accepted_at is not None:
        people = live_participants(session, workshop.id)
        workshop_letters.tell_participants(session, workshop, people, "called_off")


def replace(
    session: ActorSession,
    workshop_id: int,
    values: Mapping[str, str],
    *,
    confirm_late: bool = False,
    confirm_charge: bool = False,
    reason: str = "",
) -> Submitted:
    """Cancel a workshop and ask anew, for another type or date, in one step (DOMAIN §3).

    The two keep a link to each other, and the participants come along. Raises what `cancel`
    and `submit` raise; then nothing has changed.
    """
    former = _for_requester(session, workshop_id)
    cost = _charge_confirmed(session, former, confirm_charge)
    said = _reason(reason)
    new = _asked(session, former.school_id, values, confirm_late, workshop_id)
    _end(
        session, former, cost,
        cancelled_reason=said, replaced_at=session.at, replaced_by_id=new.id,
    )  # fmt: skip
    _take_along(session, workshop_id, new)
    submitted = _submitted(new)
    kind = "replaced_charged" if cost.charged else "replaced"
    _tell_of_end(session, former, kind, other=submitted.reference, reason=said)
    drafts.discard(session, draft_name(workshop_id))
    return submitted


def _take_along(session: ActorSession, former_id: int, new: Workshop) -> None:
    """Enter the participants of a former request in the one that replaces it."""
    assert new.id is not None
    numbers = dict(_place_numbers(session, former_id))
    places = {number: place for place, number in _place_numbers(session, new.id)}
    for person in live_participants(session, former_id):
        number = numbers.get(person.place_id) if person.place_id else None
        session.add(
            WorkshopParticipant(
                workshop_id=new.id,
                school_id=new.school_id,
                place_id=places.get(number) if number else None,
                title=person.title,
                surname=person.surname,
                first_name=person.first_name,
                surname_key=person.surname_key,
                first_name_key=person.first_name_key,
                email=person.email,
                email_key=person.email_key,
                added_at=session.at,
            )
        )


def _place_numbers(session: ActorSession, workshop_id: int) -> list[tuple[Any, Any]]:
    rows = session.execute(
        select(col(WorkshopSchool.id), col(WorkshopSchool.fase_number)).where(
            col(WorkshopSchool.workshop_id) == workshop_id
        )
    )
    return [(row[0], row[1]) for row in rows]


def live_participants(session: ActorSession, workshop_id: int) -> list[WorkshopParticipant]:
    """Return those who are entered and not withdrawn, by name."""
    people = WorkshopParticipant
    return list(
        session.scalars(
            select(people)
            .where(col(people.workshop_id) == workshop_id, col(people.withdrawn_at).is_(None))
            .order_by(col(people.surname_key), col(people.first_name_key), col(people.id))
        )
    )


# --- one workshop -------------------------------------------------------------------------


def find(session: ActorSession, workshop_id: int) -> Workshop:
    """Return a workshop within the actor's sight; raises `WorkshopNotFound`."""
    found = session.scalars(select(Workshop).where(col(Workshop.id) == workshop_id)).one_or_none()
    if found is None:
        raise WorkshopNotFound(say("There is no such workshop."))
    return found


def by_reference(session: ActorSession, text: str) -> int:
    """Return the id of the workshop that a reference names.

    Raises `NotAWorkshop` for what is none, `WorkshopNotFound` for one that the actor doesn't see.
    """
    found = find(session, parse_workshop_reference(text))
    assert found.id is not None
    return found.id


def is_own(session: ActorSession, workshop: Workshop) -> bool:
    """Tell whether a workshop was asked for by one of the actor's schools."""
    schools = session.actor.schools
    return schools is None or workshop.school_id in schools


def event_of(workshop: Workshop) -> Event:
    """Return when a workshop takes place."""
    at = time.fromisoformat
    zone = ZoneInfo(workshop.time_zone)
    return Event(workshop.first_day, at(workshop.begins), at(workshop.ends), zone)


def zone_of(session: ActorSession, workshop: Workshop) -> ZoneInfo:
    """Return the zone in which a workshop's deadlines are counted: its school's.

    For a further school that does not see the one that asks, the event's.
    """
    found = session.scalar(
        select(col(School.time_zone)).where(col(School.id) == workshop.school_id)
    )
    return ZoneInfo(found or workshop.time_zone)


def beginning(
    session: ActorSession, school_id: int | None, replaced_id: int | None = None
) -> tuple[FormPlace, dict[str, str]]:
    """Return what a form depends on, and its first values: empty, or those to replace.

    Raises `FormRefused` without a school, `WorkshopNotFound`.
    """
    replaced = None if replaced_id is None else find(session, replaced_id)
    school_id = school_id if replaced is None else replaced.school_id
    if school_id is None:
        raise FormRefused(say("Choose a school first: g, then s."))
    at_place = place(session, school_id)
    values = empty(at_place)
    if replaced_id is not None:
        values |= values_of(session, replaced_id)
    return at_place, values


def values_of(session: ActorSession, workshop_id: int) -> dict[str, str]:
    """Return a workshop as the values of the form, to begin one that replaces it."""
    workshop = find(session, workshop_id)
    numbers = [str(number) for _place, number in _place_numbers(session, workshop_id)]
    return {
        "programme": workshop.programme,
        "category": str(workshop.category),
        "title": workshop.title,
        "language": workshop.language,
        "delivery_type": workshop.delivery_type,
        "first_day": f"{workshop.first_day:%d/%m/%Y}",
        "begins": workshop.begins,
        "ends": workshop.ends,
        "time_zone": workshop.time_zone,
        "people": str(workshop.people),
        "further_schools": " ".join(numbers),
        "support_name": workshop.support_name,
        "support_contact": workshop.support_contact,
        "contact_name": workshop.contact_name,
        "contact_email": workshop.contact_email,
        "remarks": workshop.remarks,
    }


def calendar_of(session: ActorSession, workshop_id: int, language: str | None = None) -> bytes:
    """Return a workshop with its deadlines as a calendar file (.ics); `WorkshopNotFound`."""
    workshop = find(session, workshop_id)
    return workshop_calendar.as_file(workshop, session.at, language or current_language())


def complete_attendance(session: ActorSession, workshop_id: int, met: int, people: int) -> None:
    """Note that the attendance list of a workshop that is over is complete.

    Called by `services.workshop_attendance.complete`, which has counted who met the
    requirements. For the office; raises `StepRefused`.
    """
    workshop = _for_office(session, workshop_id)
    over = and_(
        col(Workshop.accepted_at).is_not(None),
        col(Workshop.cancelled_at).is_(None),
        col(Workshop.attended_at).is_(None),
        col(Workshop.ends_at) <= session.at,
    )
    step(session, workshop, over, attended_at=session.at)
    workshop_letters.tell_contact(session, workshop, "attended", met=met, people=people)


# --- what steps have in common ------------------------------------------------------------


def _for_office(session: ActorSession, workshop_id: int) -> Workshop:
    require_office(session)
    return _held(session, workshop_id)


def _for_requester(session: ActorSession, workshop_id: int) -> Workshop:
    """Return a workshop of the actor's own schools; a further school may only see it."""
    require_requester(session)
    workshop = _held(session, workshop_id)
    if not is_own(session, workshop):
        raise StepRefused(say("Another school asked for this workshop: it alone can change it."))
    return workshop


def _held(session: ActorSession, workshop_id: int) -> Workshop:
    """Return a workshop, held until the end of the transaction."""
    mine = select(Workshop).where(col(Workshop.id) == workshop_id).with_for_update()
    found = session.scalars(mine).one_or_none()
    if found is None:
        raise WorkshopNotFound(say("There is no such workshop."))
    return found


def step(session: ActorSession, workshop: Workshop, still: Any, **facts: Any) -> None:
    """Note facts on a workshop where `still` holds; raises `StepRefused` where it does not.

    What is waited for next follows from the facts, and is kept with them.
    """
    after = Workshop(**{**workshop.model_dump(), **facts})
    mine = and_(col(Workshop.id) == workshop.id, still)
    if not change(session, Workshop, mine, **facts, due_on=next_due(after)):
        raise refused_step(workshop, session.at)


def refused_step(workshop: Workshop, at: datetime) -> StepRefused:
    status = facts_of(workshop, at).status
    return StepRefused(
        say(
            "This is not possible now: the workshop is “%(status)s”.",
            status=STATUS_WORDS[status][1],
        )
    )


def _reason(text: str, *, needed: bool = False) -> str:
    reason = squeeze(clean(text, LONGEST_REASON))
    if needed and not reason:
        raise StepRefused(say("Give the reason: whoever asked will read it."))
    return reason
