"""Importing a file: recognise it, read it, plan it; what the plan and its application tell.

Reading and planning happen outside any writing transaction and can be cancelled at any
time; storing the plan and applying it are one short transaction each, so that a process
killed at any moment leaves everything or nothing.
"""

import json
import os
from dataclasses import dataclass
from pathlib import Path
from typing import Any, get_args
from zoneinfo import ZoneInfo

from sqlalchemy import select
from sqlmodel import col

from models.bulk import no_collection
from models.database import ActorSession
from models.errors import TrousseauError
from models.language import Wording, say, wording_from_json
from models.plans import PlanItem
from models.schools import DEFAULT_TIME_ZONE, School, Source
from models.text import clean, is_clean, name_key, squeeze
from services import plans
from services.desk import Desk
from services.imports.drafting import MASS_SHARE, AddressRule, ImportRequest
from services.imports.families import FAMILY_LIST, read_families
from services.imports.files import Source as OpenSource
from services.imports.files import SourceLike, open_source
from services.imports.oneroster import read_oneroster
from services.imports.planning import plan_roster
from services.imports.roster import Progress, Roster
from services.imports.schools import read_schools
from services.imports.sds import read_sds
from services.imports.staff import STAFF_LIST, StaffLayout, read_layout, read_staff
from services.imports.staff_columns import StaffMapping, named_mapping

__all__ = [
    "FORMATS",
    "Completion",
    "ImportRefused",
    "ImportRequest",
    "Remembered",
    "StaffLayout",
    "complete_path",
    "import_result",
    "layout_of",
    "messages",
    "named_mapping",
    "plan_import",
    "prepare",
    "read",
    "read_layout",
    "recognise",
    "remembered",
    "request_for",
]  # fmt: skip

#: What `--as` takes, and what each is called.
FORMATS: dict[str, Wording] = {
    "oneroster": say("OneRoster 1.1 or 1.2"),
    "sds": say("School Data Sync 2.1"),
    "staff": say("Staff list (CSV or Excel)"),
    "families": say("Pupils and guardians (CSV or Excel)"),
    "schools": say("List of schools of the Federation"),
}
#: Lists of which each school keeps its own.
_OF_ONE_SCHOOL = ("staff", "families")
LONGEST_SOURCE = 60
ADDRESS_RULES: tuple[AddressRule, ...] = get_args(AddressRule)

# How much of a file is looked at to tell its format, in bytes.
_GLANCE = 65_536


class ImportRefused(TrousseauError):
    """The import cannot begin as it was asked for."""


# --- recognising and reading ------------------------------------------------------------


def recognise(source: SourceLike) -> str | None:
    """Return the format that a file, folder or archive probably has, None where none fits.

    What is opened once may be given to `read` afterwards (`services.imports.files`).
    """
    source = open_source(source)
    names = {name.lower(): name for name in source.files}
    if "users.csv" in names and "orgs.csv" in names:
        first_lines = [
            _first_line(source.read(names[name]) or b"")
            for name in ("users.csv", "roles.csv")
            if name in names
        ]
        marks = ("orgsourcedids", "roletype", "userprofilesourcedid")
        told = any(mark in line for line in first_lines for mark in marks)
        return "oneroster" if told or "manifest.csv" in names else "sds"
    if not names or (source.archive and len(names) != 1):
        return None
    (name,) = names.values()
    content = source.read(name) or b""
    line = _first_line(content)
    if "nfasedeletablissement" in line and "nfasedupo" in line:
        return "schools"
    if not content:
        return None
    return "families" if _names_families(source) else "staff"


def _names_families(source: OpenSource) -> bool:
    """Tell whether a list's header names pupils and guardians, and no functions."""
    families = read_layout(source, FAMILY_LIST)
    if not families.columns or families.missing:
        return False
    return "function" not in STAFF_LIST.proposed(families.columns)


def layout_of(source: SourceLike, format: str) -> StaffLayout | None:
    """Return how a list is laid out whose columns can be chosen; None for other formats."""
    kinds = {"staff": STAFF_LIST, "families": FAMILY_LIST}
    return read_layout(source, kinds[format]) if format in kinds else None


def _first_line(content: bytes) -> str:
    text = content[:_GLANCE].decode("utf-8", "ignore").strip("\ufeff\n\r")
    return name_key(text.partition("\n")[0])


def read(
    source: SourceLike,
    format: str,
    *,
    mapping: StaffMapping | None = None,
    fase_identifiers: bool = False,
    progress: Progress | None = None,
) -> Roster:
    """Return what a file says, in a format of `FORMATS`. Needs no session.

    Raises `Cancelled` through `progress` only; whatever is wrong is in the roster's notices.
    """
    # The records live on, so looking through them for garbage is in vain.
    with no_collection():
        match format:
            case "oneroster":
                return read_oneroster(source, progress=progress, fase_identifiers=fase_identifiers)
            case "sds":
                return read_sds(source, progress=progress)
            case "schools":
                return read_schools(source, progress=progress)
            case "families":
                return read_families(source, mapping=mapping, progress=progress)
            case "staff":
                return read_staff(source, mapping=mapping, progress=progress)
    raise ImportRefused(say("There is no format “%(format)s”.", format=clean(format, 40)))


# --- asking -----------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class Remembered:
    """What is remembered of a source from its last import."""

    code: str
    name: str
    format: str
    address_rule: str
    fase_identifiers: bool
    mapping: dict[str, int | str]


def remembered(session: ActorSession, code: str) -> Remembered | None:
    """Return the rules of a source that the actor sees, None where it is not known yet."""
    found = session.scalars(select(Source).where(col(Source.code) == code)).one_or_none()
    if found is None:
        return None
    return Remembered(
        found.code,
        found.name,
        found.format,
        found.address_rule,
        found.fase_identifiers,
        dict(found.mapping or {}),
    )


def default_source(session: ActorSession, format: str, school_id: int | None) -> str:
    """Return the code under which records are remembered where nobody gives one.

    The format's own; for a list of staff or families with the number of its school, for each
    school keeps its own records.
    """
    if format not in _OF_ONE_SCHOOL or school_id is None:
        return format
    school = _school(session, school_id)
    return f"{format}-{school.fase_number or school.id}"


def request_for(
    session: ActorSession,
    format: str,
    *,
    school_id: int | None = None,
    year: str | None = None,
    source: str = "",
    fase_identifiers: bool | None = None,
    address_rule: str | None = None,
    mass_share: float | None = None,
    mapping: StaffMapping | None = None,
    file: str = "",
) -> ImportRequest:
    """Return a checked request, completed by what is remembered of its source.

    A limited actor's list is about their school where they have only one. `mapping`,
    by names of columns, is what to remember. Raises `ImportRefused`.
    """
    if format not in FORMATS:
        raise ImportRefused(say("There is no format “%(format)s”.", format=clean(format, 40)))
    if address_rule is not None and address_rule not in ADDRESS_RULES:
        raise ImportRefused(say("An address rule is personal_first or school_first."))
    owned = session.actor.schools
    if format == "schools" and owned is not None:
        raise ImportRefused(say("Only the helpdesk imports the list of schools."))
    if school_id is None and owned is not None and len(owned) == 1 and format in _OF_ONE_SCHOOL:
        (school_id,) = owned
    code = squeeze(clean(source, LONGEST_SOURCE)) or default_source(session, format, school_id)
    before = remembered(session, code)
    if before is not None and before.format != format:
        raise ImportRefused(
            say(
                "The source %(source)s has another format until now (%(format)s): "
                "give this one another name.",
                source=code,
                format=before.format,
            )
        )
    zone = _school(session, school_id).time_zone if school_id is not None else DEFAULT_TIME_ZONE
    return ImportRequest(
        source=code,
        format=format,
        today=session.at.astimezone(ZoneInfo(zone)).date(),
        school_id=school_id,
        year=year,
        fase_identifiers=(
            fase_identifiers
            if fase_identifiers is not None
            else before is not None and before.fase_identifiers
        ),
        address_rule=_address_rule(address_rule),
        mass_share=MASS_SHARE if mass_share is None else mass_share,
        mapping=dict(mapping) if mapping is not None else None,
        file=clean(file, LONGEST_SOURCE),
    )


def _address_rule(text: str | None) -> AddressRule | None:
    return next((rule for rule in ADDRESS_RULES if rule == text), None)


def _school(session: ActorSession, school_id: int) -> School:
    found = session.scalars(select(School).where(col(School.id) == school_id)).one_or_none()
    if found is None:
        raise ImportRefused(say("There is no such school among yours."))
    return found


# --- planning ---------------------------------------------------------------------------


def plan_import(
    session: ActorSession,
    roster: Roster,
    request: ImportRequest,
    progress: Progress | None = None,
) -> int:
    """Plan an import in one writing session and return the plan's id.

    For large rosters `prepare` is better: it writes only once the plan is computed.
    """
    return plans.store(session, plan_roster(session, roster, request, progress))


def prepare(
    desk: Desk, roster: Roster, request: ImportRequest, progress: Progress | None = None
) -> int:
    """Plan an import in a reading session, store the plan in a short writing one.

    Returns the plan's id. Raises `Cancelled` through `progress`, and nothing is stored then.
    """
    draft = desk.read(plan_roster, roster, request, progress)
    if progress is not None:
        # Last chance: from here on the plan is stored whole.
        progress(roster.size, roster.size or None)
    return desk.write(plans.store, draft)


# --- telling ----------------------------------------------------------------------------


def messages(session: ActorSession, plan_id: int) -> list[dict[str, Any]]:
    """Return what an import tells row by row, in the current language (DESIGN §7)."""
    columns = (PlanItem.level, PlanItem.file, PlanItem.line, PlanItem.column, PlanItem.text)
    rows = session.execute(
        select(*columns, PlanItem.label)  # type: ignore[call-overload]
        .where(col(PlanItem.plan_id) == plan_id)
        .order_by(col(PlanItem.position))
    )
    say_it = _Sentences()
    return [
        {
            "level": level,
            "file": file,
            "line": line,
            "column": column,
            "text": f"{label}: {say_it(text)}" if label else say_it(text),
        }
        for level, file, line, column, text, label in rows
    ]


class _Sentences:
    """Stored wordings as text; most lines of a large import share one of a few."""

    def __init__(self) -> None:
        self._texts: dict[str, str] = {}

    def __call__(self, packed: str) -> str:
        text = self._texts.get(packed)
        if text is None:
            text = self._texts[packed] = wording_from_json(json.loads(packed)).text()
        return text


def import_result(session: ActorSession, plan_id: int) -> dict[str, Any]:
    """Return the JSON value of an import (DESIGN §7); `applied` is whether it stands now."""
    plan = plans.find(session, plan_id)
    summary = dict(plan.summary or {})
    return {
        "plan": plan_id,
        "format": summary.pop("format", ""),
        "applied": plans.state_of(plan) == "applied",
        "refused": plan.refused,
        "confirm_number": plan.confirm_number,
        **summary,
        "messages": messages(session, plan_id),
    }


# --- naming a file ----------------------------------------------------------------------

#: How many names of a folder are offered.
NAMES_OFFERED = 200


@dataclass(frozen=True, slots=True)
class Completion:
    """What a half-typed path can become: the longest common beginning, and the names.

    Folders end in a slash. `more` names are not listed.
    """

    path: str
    names: tuple[str, ...] = ()
    more: int = 0


def complete_path(text: str) -> Completion:
    """Return how a path goes on. A folder that cannot be read offers nothing.

    Names that would not be shown as they are (control characters) are not offered.
    """
    folder_text, slash, beginning = text.rpartition("/")
    folder = Path(folder_text + slash if slash else ".").expanduser()
    try:
        found = [
            entry.name + "/" if entry.is_dir() else entry.name
            for entry in os.scandir(folder)
            if entry.name.startswith(beginning)
            and is_clean(entry.name)
            and (beginning or not entry.name.startswith("."))
        ]
    except (OSError, ValueError):
        return Completion(text)
    if not found:
        return Completion(text)
    found.sort(key=str.casefold)
    first, last = min(found), max(found)
    same = next((i for i, (a, b) in enumerate(zip(first, last, strict=False)) if a != b), None)
    path = folder_text + slash + (first if same is None else first[:same])
    return Completion(path, tuple(found[:NAMES_OFFERED]), max(0, len(found) - NAMES_OFFERED))
