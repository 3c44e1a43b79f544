"""Consent forms on their way to the printer: a PDF in a folder, and the note that it was made."""

from collections.abc import Collection, Sequence
from dataclasses import dataclass
from datetime import date
from pathlib import Path
from typing import Any
from zoneinfo import ZoneInfo

import platformdirs
from sqlalchemy import select
from sqlmodel import col

from models.access import Access, FactColumns
from models.consent_texts import current_version
from models.consents import PrintedForm
from models.database import ActorSession
from models.errors import TrousseauError
from models.functions import function_label
from models.language import DEFAULT_LANGUAGE, N_, Wording, say
from models.people import Person, Post
from models.references import make_reference, parse_reference
from models.schools import GoverningBody, School, SchoolYear
from models.text import name_key
from services.access_rows import in_team
from services.consent_forms import ConsentForm, render_forms
from services.consents import ConsentUnknown, select_team
from services.desk import Desk
from services.imports.roster import Progress
from services.new_files import write_new

_LONGEST_NAME = 40


class FormsNotWritten(TrousseauError):
    """There is no form to print."""

    heading = N_("Nothing was printed")


@dataclass(frozen=True, slots=True)
class PrintedForms:
    """The file that was written and how many forms are in it."""

    path: Path
    count: int


def default_folder() -> Path:
    """Return where forms go unless somebody says otherwise: the person's own documents."""
    return platformdirs.user_documents_path() / "trousseau"


def print_forms(
    desk: Desk,
    school_id: int,
    school_year_id: int,
    person_ids: Collection[int] | None,
    folder: Path,
    progress: Progress | None = None,
) -> PrintedForms:
    """Write the forms of these persons (None: of the team) as one PDF, and note the printing.

    The file is the person's alone (0600), is complete or not there, and takes no other's
    place. Raises `FormsNotWritten` and `NotWritten`; `Cancelled` through `progress`.
    """
    sheets, school, today = desk.read(_forms, school_id, school_year_id, person_ids)
    if not sheets:
        raise FormsNotWritten(say("Nobody is in this team, so there is no form to print."))
    content = render_forms(sheets, today=today, progress=progress)
    path = write_new(content, folder, f"{say('consent-forms')}-{school}-{today.isoformat()}", "pdf")
    desk.write(note_printed, sheets)
    return PrintedForms(path, len(sheets))


def _forms(
    session: ActorSession,
    school_id: int,
    school_year_id: int,
    person_ids: Collection[int] | None,
) -> tuple[list[ConsentForm], str, date]:
    sheets = forms(session, school_id, school_year_id, person_ids)
    school = session.get_one(School, school_id)
    today = session.at.astimezone(ZoneInfo(school.time_zone)).date()
    return sheets, str(school.fase_number or name_key(school.name)[:_LONGEST_NAME]), today


def forms(
    session: ActorSession,
    school_id: int,
    school_year_id: int,
    person_ids: Collection[int] | None = None,
) -> list[ConsentForm]:
    """Return what is printed for the team or a selection of it, by name."""
    facts = FactColumns(session.at, session.at.date())
    school = session.get(School, school_id)
    if school is None:
        raise ConsentUnknown(say("This school is not one of yours."))
    year = session.get_one(SchoolYear, school_year_id)
    body = (
        session.get(GoverningBody, school.governing_body_id) if school.governing_body_id else None
    )
    team = select_team(
        session.at, Access.post_id, Person.surname, Person.first_name, Person.language,
        Post.function, facts.address, facts.address_field,
    ).where(in_team(school_id, school_year_id))  # fmt: skip
    if person_ids is not None:
        team = team.where(col(Access.person_id).in_(sorted(person_ids)))
    version = current_version(session.at.date())
    return [
        ConsentForm(
            reference=make_reference(post_id, version),
            surname=surname,
            first_name=first_name,
            function=function_label(function or None),
            school_name=school.name,
            school_address=_address_lines(school),
            school_identifier=_identifier(school),
            email=email or "",
            email_field=field or "",
            language=language or school.language or DEFAULT_LANGUAGE,
            text_version=version,
            manager_contact=_contact(school),
            school_year=year.label,
            governing_body=body.name if body else "",
        )
        for post_id, surname, first_name, language, function, email, field in session.execute(
            team.order_by(Access.search_key, Access.id)
        )
    ]


def note_printed(session: ActorSession, printed: Sequence[ConsentForm]) -> None:
    """Write down that these forms were printed, for which address and with which text."""
    by_post = {parse_reference(form.reference)[0]: form for form in printed}
    posts: Any = select(col(Post.id), col(Post.school_id)).where(col(Post.id).in_(sorted(by_post)))
    for post_id, school_id in session.execute(posts):
        form = by_post[post_id]
        session.add(
            PrintedForm(
                post_id=post_id,
                school_id=school_id,
                text_version=form.text_version,
                language=form.language,
                email=form.email or None,
                printed_at=session.at,
            )
        )


def _address_lines(school: School) -> tuple[str, ...]:
    place = " ".join(part for part in (school.postal_code, school.locality) if part)
    return tuple(line for line in (school.street, place) if line)


def _identifier(school: School) -> Wording | str:
    if school.fase_number is not None:
        return say("School, FASE number %(number)s", number=school.fase_number)
    return school.source_key or ""


def _contact(school: School) -> str:
    parts = (school.contact_name, school.contact_email, school.contact_phone)
    return ", ".join(part for part in parts if part)
