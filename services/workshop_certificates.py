"""Certificates of attendance on their way to the printer: those who meet the requirements."""

from dataclasses import dataclass, replace
from pathlib import Path

from sqlalchemy import select
from sqlmodel import col

from models.database import ActorSession
from models.errors import TrousseauError
from models.language import DEFAULT_LANGUAGE, LANGUAGES, N_, say
from models.references import make_workshop_reference
from models.schools import School
from models.text import clean, squeeze
from models.workshop_dates import HOURS, local_day
from models.workshops import Workshop, WorkshopParticipant, WorkshopSchool, facts_of
from services.certificates import Certificate, render_certificates, unprintable
from services.desk import Desk
from services.imports.roster import Progress
from services.new_files import write_new
from services.workshop_attendance import results
from services.workshop_form import CATEGORY_LABELS
from services.workshop_rules import office, require_office
from services.workshops import find, live_participants, zone_of

#: Longest name of who led a workshop, in characters.
LONGEST_LEADER = 100


class CertificatesRefused(TrousseauError):
    """There is no certificate to print."""

    heading = N_("Certificates")


@dataclass(frozen=True, slots=True)
class PrintedCertificates:
    """The file that was written, how many are in it, and the names with letters it lacks."""

    path: Path
    count: int
    doubtful: tuple[str, ...]


def print_certificates(
    desk: Desk, workshop_id: int, leader: str, folder: Path, progress: Progress | None = None
) -> PrintedCertificates:
    """Write the certificates of a workshop as one PDF into a folder.

    The file is the person's alone (0600), is complete or not there, and takes no other's
    place. For the office; raises `CertificatesRefused` and `NotWritten`, `Cancelled` through
    `progress`.
    """
    pages = desk.read(certificates, workshop_id, leader)
    content = render_certificates(pages, progress=progress)
    name = f"{say('certificates')}-{pages[0].reference}"
    path = write_new(content, folder, name, "pdf")
    doubtful = tuple(page.name for page in pages if unprintable(page))
    return PrintedCertificates(path, len(pages), doubtful)


def certificates(session: ActorSession, workshop_id: int, leader: str) -> list[Certificate]:
    """Return the certificates of those who were at all sessions (DOMAIN §3), by name.

    `leader` stands below the line to sign on, "" for whoever writes it there. For the office;
    raises `CertificatesRefused` before the attendance is complete, or where nobody gets one.
    """
    require_office(session)
    workshop = find(session, workshop_id)
    if facts_of(workshop, session.at).status not in ("attended", "invoiced"):
        raise CertificatesRefused(say("First declare the attendance list complete."))
    met = {row.participant_id for row in results(session, workshop_id) if row.met}
    people = [each for each in live_participants(session, workshop_id) if each.id in met]
    if not people:
        raise CertificatesRefused(say("Nobody was at all sessions: there is no certificate."))
    schools = _school_names(session, workshop)
    blank = _without_a_name(session, workshop, leader)
    return [
        replace(blank, name=_full_name(each), school=schools.get(each.place_id, ""))
        for each in people
    ]


def _without_a_name(session: ActorSession, workshop: Workshop, leader: str) -> Certificate:
    """Return what all certificates of a workshop have in common."""
    assert workshop.id is not None
    zone = zone_of(session, workshop)
    return Certificate(
        reference=make_workshop_reference(workshop.id),
        name="",
        school="",
        workshop=workshop.title,
        first_day=workshop.school_day,
        last_day=local_day(workshop.ends_at, zone),
        hours=int(HOURS.total_seconds()) // 3600,
        leader=squeeze(clean(leader, LONGEST_LEADER)),
        issued_by=office(session).name,
        issued_on=local_day(session.at, zone),
        programme=workshop.programme,
        category=CATEGORY_LABELS[workshop.category],
        language=workshop.language if workshop.language in LANGUAGES else DEFAULT_LANGUAGE,
    )


def _full_name(person: WorkshopParticipant) -> str:
    return squeeze(f"{person.title} {person.first_name} {person.surname}")


def _school_names(session: ActorSession, workshop: Workshop) -> dict[int | None, str]:
    """Return the school's name for each place of a participant; None is the one that asked."""
    own = session.scalar(select(col(School.name)).where(col(School.id) == workshop.school_id))
    rows = session.execute(
        select(col(WorkshopSchool.id), col(School.name))
        .join(School, col(School.id) == col(WorkshopSchool.other_id))
        .where(col(WorkshopSchool.workshop_id) == workshop.id)
    )
    return {None: own or ""} | {row[0]: row[1] for row in rows}
