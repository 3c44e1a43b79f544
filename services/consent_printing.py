"""Consent forms on their way to the printer: a PDF in a folder, and the note that it was made."""

import os
from collections.abc import Collection
from dataclasses import dataclass
from datetime import date
from pathlib import Path
from zoneinfo import ZoneInfo

import platformdirs

from models.database import ActorSession
from models.errors import TrousseauError
from models.language import N_, say
from models.schools import School
from models.text import clean, name_key
from services import consents
from services.consent_forms import ConsentForm, render_forms
from services.desk import Desk
from services.imports.roster import Progress

#: A second file of the same day gets a number behind its name, up to this one.
_MOST_OF_A_DAY = 999
_LONGEST_NAME = 40


class FormsNotWritten(TrousseauError):
    """The forms could not be made or put where they were to go."""

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
    place. Raises `FormsNotWritten`; `Cancelled` through `progress`.
    """
    sheets, school, today = desk.read(_forms, school_id, school_year_id, person_ids)
    if not sheets:
        raise FormsNotWritten(say("Nobody is in this team, so there is no form to print."))
    content = render_forms(sheets, today=today, progress=progress)
    path = _write(content, folder, f"{say('consent-forms')}-{school}-{today.isoformat()}")
    desk.write(consents.note_printed, sheets)
    return PrintedForms(path, len(sheets))


def _forms(
    session: ActorSession,
    school_id: int,
    school_year_id: int,
    person_ids: Collection[int] | None,
) -> tuple[list[ConsentForm], str, date]:
    sheets = consents.forms(session, school_id, school_year_id, person_ids)
    school = session.get_one(School, school_id)
    today = session.at.astimezone(ZoneInfo(school.time_zone)).date()
    return sheets, str(school.fase_number or name_key(school.name)[:_LONGEST_NAME]), today


def _write(content: bytes, folder: Path, name: str) -> Path:
    try:
        folder.mkdir(mode=0o700, parents=True, exist_ok=True)
        target = _reserve(folder, name)
        try:
            _fill(target, content)
        except OSError:
            target.unlink(missing_ok=True)
            target.with_suffix(".part").unlink(missing_ok=True)
            raise
        return target
    except OSError as error:
        raise FormsNotWritten(
            say(
                "The forms cannot be written to %(folder)s: %(reason)s.",
                folder=clean(str(folder), 200),
                reason=error.strerror or type(error).__name__,
            )
        ) from None


def _fill(target: Path, content: bytes) -> None:
    """Put the content in place of the reserved file, whole or not at all."""
    unfinished = target.with_suffix(".part")
    with os.fdopen(os.open(unfinished, os.O_CREAT | os.O_EXCL | os.O_WRONLY, 0o600), "wb") as file:
        file.write(content)
        file.flush()
        os.fsync(file.fileno())
    unfinished.replace(target)


def _reserve(folder: Path, name: str) -> Path:
    """Make an empty file of the first free name, so that nobody else takes it."""
    for number in range(1, _MOST_OF_A_DAY + 1):
        target = folder / (f"{name}.pdf" if number == 1 else f"{name}-{number}.pdf")
        try:
            os.close(os.open(target, os.O_CREAT | os.O_EXCL | os.O_WRONLY, 0o600))
            return target
        except FileExistsError:
            continue
    raise FormsNotWritten(
        say(
            "The folder %(folder)s is full of today’s forms: clear it.",
            folder=clean(str(folder), 200),
        )
    )
