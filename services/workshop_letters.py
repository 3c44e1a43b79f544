"""What people are told of a workshop by mail: queued with the step that it is about (DESIGN §2.5).

A letter is put in words when it is queued, in its reader's language, for what it says is what
held at that step. The template `workshop` brings it into the form of our mails.
"""

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

from sqlalchemy import func, select
from sqlmodel import col

from models.database import ActorSession
from models.language import DEFAULT_LANGUAGE, LANGUAGES, Wording, say
from models.mail import INVITES, LETTER_KIND, Mail
from models.references import make_workshop_reference
from models.workshops import Workshop, WorkshopParticipant
from services import workshop_calendar

TEMPLATE = "workshop"
#: For how long a letter is tried.
TRIED_FOR = timedelta(days=7)


@dataclass(frozen=True, slots=True)
class Letter:
    """The sentences of a letter: what has happened, and what comes next."""

    subject: Wording
    what: Wording
    then: Wording


#: Each kind of letter. Values are those of `_values`, and what the step adds.
LETTERS: dict[str, Letter] = {
    "submitted": Letter(
        say("Workshop %(reference)s: your request has been received"),
        say("Your request for a virtual workshop has been received."),
        say("The workshop office answers it by %(answer_due)s. Keep the reference for questions."),
    ),
    "submitted_late": Letter(
        say("Workshop %(reference)s: your request has been received, late"),
        say(
            "Your request for a virtual workshop has been received. It comes less than "
            "%(notice)s days before the first day: it may be delayed or refused."
        ),
        say("The workshop office answers it as soon as it can. Keep the reference for questions."),
    ),
    "new_request": Letter(
        say("Workshop %(reference)s: new request"),
        say("%(contact)s asks for a virtual workshop."),
        say("It is to be answered by %(answer_due)s."),
    ),
    "in_treatment": Letter(
        say("Workshop %(reference)s: your request is in treatment"),
        say("The workshop office has taken up your request."),
        say("It is answered by %(answer_due)s."),
    ),
    "accepted": Letter(
        say("Workshop %(reference)s: accepted"),
        say("Your request is accepted. Participants register here: %(link)s"),
        say(
            "Enter the participants, and correct them, until %(registration_until)s. Cancelling is "
            "free of charge until %(free_until)s, and charged in full after it."
        ),
    ),
    "refused": Letter(
        say("Workshop %(reference)s: refused"),
        say("Your request could not be accepted: %(reason)s"),
        say("You can ask for another date at any time."),
    ),
    "cancelled": Letter(
        say("Workshop %(reference)s: cancelled"),
        say("The workshop is cancelled, free of charge. %(reason)s"),
        say("There is nothing more to do."),
    ),
    "cancelled_charged": Letter(
        say("Workshop %(reference)s: cancelled, charged in full"),
        say(
            "The workshop is cancelled after %(free_until)s, so that its registrations are charged "
            "in full. %(reason)s"
        ),
        say("The invoice is due on %(invoice_due)s."),
    ),
    "replaced": Letter(
        say("Workshop %(reference)s: replaced by %(other)s"),
        say("The workshop is cancelled and asked for anew, as %(other)s. %(reason)s"),
        say("The workshop office answers the new request."),
    ),
    "replaced_charged": Letter(
        say("Workshop %(reference)s: replaced by %(other)s, charged in full"),
        say(
            "The workshop is cancelled and asked for anew, as %(other)s, after %(free_until)s, so "
            "that its registrations are charged in full. %(reason)s"
        ),
        say("The workshop office answers the new request. The invoice is due on %(invoice_due)s."),
    ),
    "attended": Letter(
        say("Workshop %(reference)s: attendance complete"),
        say("The attendance list is complete: %(met)s of %(people)s meet the requirements."),
        say("The invoice is due on %(invoice_due)s."),
    ),
    "invoiced": Letter(
        say("Workshop %(reference)s: invoice %(number)s"),
        say("The invoice %(number)s is of %(amount)s."),
        say("It is due on %(due)s."),
    ),
    INVITES: Letter(
        say("Workshop “%(title)s”: you are registered"),
        say("%(contact)s has registered you for this virtual workshop."),
        say(
            "Register with the IB here: %(link)s You need a computer of your own, with microphone "
            "and camera, on both days."
        ),
    ),
    "withdrawn": Letter(
        say("Workshop “%(title)s”: you are no longer registered"),
        say("%(contact)s has withdrawn your registration for this virtual workshop."),
        say("A question? Ask %(contact)s."),
    ),
    "called_off": Letter(
        say("Workshop “%(title)s”: it does not take place"),
        say("This virtual workshop is cancelled on these days."),
        say("A question? Ask %(contact)s."),
    ),
    "late_change": Letter(
        say("Workshop %(reference)s: change after the registration deadline"),
        say("A change is asked for: %(change)s"),
        say("Registration closed on %(registration_until)s. Please change it for us. %(contact)s"),
    ),
}


def tell_contact(session: ActorSession, workshop: Workshop, kind: str, **values: Any) -> None:
    """Queue a letter to the contact whom the request names."""
    to = Reader(workshop.contact_email, workshop.contact_name, workshop.contact_language)
    session.add(Mail(**mail_values(workshop, kind, to, session.at, **values)))


def newest_to_contact(session: ActorSession, workshop_id: int) -> int | None:
    """Return the id of the last letter of a workshop to its contact, None where there is none."""
    theirs = (
        select(func.max(col(Mail.id)))
        .join(Workshop, col(Workshop.id) == col(Mail.workshop_id))
        .where(col(Workshop.id) == workshop_id, col(Mail.recipient) == Workshop.contact_email)
    )
    return session.scalar(theirs)


def tell_office(
    session: ActorSession, workshop: Workshop, kind: str, name: str, email: str, **values: Any
) -> None:
    """Queue a letter to the workshop office; nothing where it has given no address."""
    if email:
        to = Reader(email, name, DEFAULT_LANGUAGE)
        session.add(Mail(**mail_values(workshop, kind, to, session.at, **values)))


def tell_participants(
    session: ActorSession,
    workshop: Workshop,
    people: Iterable[WorkshopParticipant],
    kind: str,
    **values: Any,
) -> None:
    """Queue a letter to each of these participants, in the language of the contact."""
    for person in people:
        to = reader(person, workshop.contact_language)
        session.add(Mail(**mail_values(workshop, kind, to, session.at, **values)))


@dataclass(frozen=True, slots=True)
class Reader:
    """To whom a letter goes."""

    email: str
    name: str
    language: str


def reader(person: Any, language: str) -> Reader:
    """Return a participant as the reader of a letter; `person` has title, names and email."""
    name = " ".join(filter(None, (person.title, person.first_name, person.surname)))
    return Reader(person.email, name, language)


def mail_values(
    workshop: Workshop, kind: str, to: Reader, at: datetime, **values: Any
) -> dict[str, Any]:
    """Return the columns of a letter's mail, all that an insertion needs.

    Its kind is kept: one that invites is not sent to whoever takes part no more (`outbox`).
    """
    language = to.language if to.language in LANGUAGES else DEFAULT_LANGUAGE
    return {
        "school_id": workshop.school_id,
        "workshop_id": workshop.id,
        "template": TEMPLATE,
        "language": language,
        "recipient": to.email,
        "values": {
            **letter_in_words(workshop, kind, to.name, language, **values),
            **_calendar(workshop, kind, at, language),
            LETTER_KIND: kind,
        },
        "queued_at": at,
        "expires_at": at + TRIED_FOR,
        "next_attempt_at": at,
    }


#: Letters that bring a calendar file with the deadlines; that take it back from those who ask,
#: and from those who take part.
_WITH_DEADLINES = ("submitted", "submitted_late", "accepted")
_ENDS = ("refused", "cancelled", "cancelled_charged", "replaced", "replaced_charged")
_ENDS_FOR_ONE = ("withdrawn", "called_off")


def _calendar(workshop: Workshop, kind: str, at: datetime, language: str) -> dict[str, str]:
    whole = kind in (*_WITH_DEADLINES, *_ENDS)
    if kind in (*_ENDS, *_ENDS_FOR_ONE):
        told = workshop_calendar.called_off
    elif whole or kind == INVITES:
        told = workshop_calendar.for_mail
    else:
        return {}
    return {"calendar": told(workshop, at, language, deadlines=whole)}


def letter_in_words(
    workshop: Workshop, kind: str, name: str, language: str, **values: Any
) -> dict[str, str]:
    """Return what the template is filled with: subject, who, what, facts (in lines), then."""
    letter = LETTERS[kind]
    said = {**_values(workshop), **values}

    def text(wording: Wording) -> str:
        return " ".join(Wording(wording.message, said).text(language).split())

    return {
        "subject": text(letter.subject),
        "who": name,
        "what": text(letter.what),
        "facts": "\n".join(fact.text(language) for fact in facts(workshop)),
        "then": text(letter.then),
    }


def _values(workshop: Workshop) -> dict[str, Any]:
    assert workshop.id is not None
    return {
        "reference": make_workshop_reference(workshop.id),
        "title": workshop.title,
        "contact": workshop.contact_name,
        "answer_due": workshop.answer_due,
        "free_until": workshop.free_until,
        "registration_until": workshop.registration_until,
        "invoice_due": workshop.invoice_due,
        "link": workshop.registration_link,
        "reason": "",
    }


def facts(workshop: Workshop) -> tuple[Wording, ...]:
    """Return what a workshop is, in one line each."""
    assert workshop.id is not None
    return (
        say("Reference: %(reference)s", reference=make_workshop_reference(workshop.id)),
        say("Workshop: %(title)s", title=workshop.title),
        say(
            "Programme: %(programme)s, category %(category)s",
            programme=workshop.programme,
            category=workshop.category,
        ),
        say("First day: %(day)s", day=workshop.first_day),
        say(
            "Hours, on both days: %(begins)s to %(ends)s (%(zone)s)",
            begins=workshop.begins,
            ends=workshop.ends,
            zone=workshop.time_zone,
        ),
    )
