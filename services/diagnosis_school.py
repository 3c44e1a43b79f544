"""What holds for a school: its team, the head's account, the workshops.

The lines of the dashboard and the findings of HeadNet and workshops, narrowed to one school.
"""

from collections.abc import Iterator
from dataclasses import replace

from sqlalchemy import select
from sqlmodel import col

from models.database import ActorSession
from models.rights import may_see, right
from models.workshops import Workshop
from services import diagnosis_remedies as remedies
from services import workshop_findings
from services.attention import AttentionLine, attention
from services.diagnosis_person import no_consents, of_headnet, with_words
from services.diagnosis_words import Told, tell
from services.findings import (
    CORRECT_IN_SOURCE,
    CORRECT_POST,
    DECIDE_DOUBLE,
    INVITE,
    INVITE_AGAIN,
    RENEW,
    SET_ROLE,
    TELL_HELPDESK,
    About,
    Finding,
    Remedy,
)
from services.headnet_rows import is_manager
from services.school_years import Here, here
from services.team_access import counts

#: Workshops of a school that are looked at, the latest first.
_MOST_WORKSHOPS = 5

#: Lines whose sentence is told as that of a person: the line's own names an address.
_TOLD = ("typing_error", "no_consents_at_all")

#: What is done about each line of the dashboard that is a school's.
_REMEDIES: dict[str, Remedy] = {
    "refused": CORRECT_IN_SOURCE,
    "bounced": CORRECT_IN_SOURCE,
    "typing_error": CORRECT_IN_SOURCE,
    "no_address": CORRECT_IN_SOURCE,
    "expired": INVITE_AGAIN,
    "duplicate": DECIDE_DOUBLE,
    "no_consents_at_all": remedies.PRINT_ALL,
    "no_consent": remedies.PRINT_ALL,
    "no_role": SET_ROLE,
    "to_invite": INVITE,
    "held": TELL_HELPDESK,
    "date_passed": CORRECT_POST,
    "absent": CORRECT_POST,
    "disappeared": CORRECT_POST,
    "former_head": remedies.END_POST,
    "mission_not_renewed": remedies.GIVE_MISSION,
    "nothing_imported": RENEW,
    "no_school_year": remedies.SCHOOL_YEARS,
    "school_year_undecided": remedies.SCHOOL_YEARS,
}


def of_school(session: ActorSession, school_id: int) -> Iterator[Finding]:
    """Yield what holds for a school at the session's moment, in no order.

    Raises `SchoolYearRefused` for a school that is not the actor's.
    """
    place = here(session, school_id)
    actor = session.actor
    if actor.sees_all or right(actor.role, "team").reach in ("all", "schools"):
        yield from _of_team(session, place)
    if is_manager(session):
        yield from of_headnet(session, school_id, place.school)
    if actor.sees_all or may_see(actor.role, "workshops"):
        yield from _of_workshops(session, place)


def _of_team(session: ActorSession, place: Here) -> Iterator[Finding]:
    year = place.school_year_id
    known = counts(session, place.school_id, year) if year else None
    about = About(school_id=place.school_id, school_year_id=year, school=place.school)
    lines = attention(session, place.school_id, year, session.at, known)
    for line in lines:
        finding = _of_line(line, about)
        if line.cause == "no_consents_at_all":
            finding = replace(finding, sentence=no_consents(place.school))
        yield finding


def _of_line(line: AttentionLine, about: About) -> Finding:
    remedy = _REMEDIES.get(line.cause)
    finding = Finding(line.cause, line.sentence, remedy=remedy)
    # The sentence of a whole team has a number in it and no address.
    told = tell(line.cause, Told(school=about.school)) if line.cause in _TOLD else line.sentence
    shown = remedies.filled(remedy, about, go_to=line.go_to, status=line.status, text=line.text)
    if shown is not None and line.go_to:
        shown = replace(shown, kind="form")  # for many: whom, is seen and chosen in the list
    return replace(finding, tell=told, about=about, remedy=shown)


def _of_workshops(session: ActorSession, place: Here) -> Iterator[Finding]:
    latest = (
        select(col(Workshop.id))
        .where(col(Workshop.school_id) == place.school_id)
        .order_by(col(Workshop.school_day).desc(), col(Workshop.id).desc())
        .limit(_MOST_WORKSHOPS)
    )
    for workshop_id in session.scalars(latest).all():
        assert workshop_id is not None
        yield from of_workshop(session, workshop_id, place.school_id, place.school)


def of_workshop(
    session: ActorSession, workshop_id: int, school_id: int | None, school: str
) -> Iterator[Finding]:
    """Yield what is wrong with one workshop; raises `WorkshopNotFound`."""
    about = About(school_id=school_id, workshop_id=workshop_id, school=school)
    for finding in workshop_findings.findings(session, workshop_id):
        yield with_words(finding, about, Told(school=school))
