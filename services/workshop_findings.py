"""What is wrong with one workshop, or will cost something (DOMAIN §5, 20)."""

from collections.abc import Iterator

from models.database import ActorSession
from models.language import say, say_n
from models.workshop_dates import local_day
from models.workshops import OPEN, Workshop, facts_of
from services import workshop_attendance, workshop_invoices
from services.findings import Evidence, Finding, Remedy
from services.workshop_rules import office
from services.workshops import find, live_participants, zone_of

ANSWER = Remedy("answer_workshop", say("Accept or refuse the request"))
ENTER = Remedy("enter_participants", say("Enter the participants"))
CHANGE_BY_MESSAGE = Remedy("late_change", say("Send the change as a message"))
RECORD_ATTENDANCE = Remedy("record_attendance", say("Record the attendance"))
ISSUE_INVOICE = Remedy("issue_invoice", say("Make the invoice"))
RECORD_PAYMENT = Remedy("record_payment", say("Record the payment"))


def findings(session: ActorSession, workshop_id: int) -> list[Finding]:
    """Return everything that is wrong with a workshop, what presses most first.

    Raises `WorkshopNotFound`.
    """
    workshop = find(session, workshop_id)
    status = facts_of(workshop, session.at).status
    found = [*_request(session, workshop, status), *_people(session, workshop, status)]
    return [*found, *_afterwards(session, workshop, status)]


def _request(session: ActorSession, workshop: Workshop, status: str) -> Iterator[Finding]:
    today = local_day(session.at, zone_of(session, workshop))
    if status in ("submitted", "in_treatment") and workshop.answer_due < today:
        yield Finding(
            "answer_overdue",
            say("The answer was due by %(day)s.", day=workshop.answer_due),
            (Evidence(say("Request sent"), at=workshop.submitted_at),),
            ANSWER,
        )
    if workshop.late_confirmed_at is not None and status in OPEN:
        yield Finding(
            "asked_late",
            say("It was asked for too late: it may be delayed or refused."),
            (Evidence(say("Read and confirmed that it is late"), at=workshop.late_confirmed_at),),
        )
    if status == "accepted" and workshop.free_until < today:
        sentence = say(
            "Cancelling was free of charge until %(day)s: the registrations are charged in full.",
            day=workshop.free_until,
        )
        yield Finding("cancelling_is_charged", sentence)


def _people(session: ActorSession, workshop: Workshop, status: str) -> Iterator[Finding]:
    if status not in OPEN:
        return
    assert workshop.id is not None
    count, fewest = len(live_participants(session, workshop.id)), office(session).rules.fewest
    closed = local_day(session.at, zone_of(session, workshop)) > workshop.registration_until
    if status == "accepted" and count < fewest:
        sentence = say_n(
            "%(count)s participant is entered, fewer than %(fewest)s: the workshop may not take "
            "place.",
            "%(count)s participants are entered, fewer than %(fewest)s: the workshop may not take "
            "place.",
            count,
            fewest=fewest,
        )
        yield Finding("few_participants", sentence, remedy=CHANGE_BY_MESSAGE if closed else ENTER)
    elif closed:
        yield Finding(
            "registration_closed",
            say(
                "Registration closed on %(day)s: send the change as a message.",
                day=workshop.registration_until,
            ),
            remedy=CHANGE_BY_MESSAGE,
        )


def _afterwards(session: ActorSession, workshop: Workshop, status: str) -> Iterator[Finding]:
    assert workshop.id is not None
    today = local_day(session.at, zone_of(session, workshop))
    if status == "held" and workshop.attendance_due < today:
        sentence = say("The attendance list was due by %(day)s.", day=workshop.attendance_due)
        yield Finding("attendance_overdue", sentence, remedy=RECORD_ATTENDANCE)
    if status in ("held", "attended", "invoiced"):
        missed = [r for r in workshop_attendance.results(session, workshop.id) if r.met is False]
        if missed:
            yield _missed(missed)
    invoice = workshop_invoices.invoice_of(session, workshop.id)
    if invoice is not None and invoice.overdue:
        sentence = workshop_invoices.overdue_sentence(invoice)
        yield Finding("invoice_overdue", sentence, remedy=RECORD_PAYMENT)
    elif invoice is None and (status == "attended" or workshop.charged):
        sentence = say(
            "The invoice is not made yet; it is due on %(day)s.", day=workshop.invoice_due
        )
        yield Finding("invoice_missing", sentence, remedy=ISSUE_INVOICE)


def _missed(missed: list[workshop_attendance.Result]) -> Finding:
    names = ", ".join(f"{each.first_name} {each.surname}" for each in missed[:3])
    return Finding(
        "requirements_not_met",
        say_n(
            "%(count)s participant missed a session: %(names)s.",
            "%(count)s participants missed a session, among them %(names)s.",
            len(missed),
            names=names,
        ),
    )
