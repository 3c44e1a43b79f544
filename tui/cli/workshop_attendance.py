"""`trousseau workshop attendance`: who was there, and the list or report that says so."""

from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from models.language import N_, _
from tui.cli.files import read_limited
from tui.cli.office import Office, office
from tui.cli.options import DryRun, Json, WorkshopReference
from tui.cli.output import print_json, print_table
from tui.cli.plans import conclude, settle

if TYPE_CHECKING:
    from services.attendance_files import AttendanceFile
    from services.workshop_attendance import Presence, Result, SessionRow

#: What `services.meeting_reports` takes, and more than `services.attendance_files` does.
_LARGEST_FILE = 16 * 2**20

Source = Annotated[
    Path | None,
    typer.Argument(
        metavar="FILE", help=N_("A list to record, CSV or workbook; - is standard input.")
    ),
]
Report = Annotated[
    bool,
    typer.Option("--report", help=N_("The file is what the meeting server has reported.")),
]
Yes = Annotated[bool, typer.Option("--yes", help=N_("Apply the plan without asking."))]


def register(workshop: typer.Typer) -> None:
    workshop.command(
        "attendance", help=N_("Who was at which session; with a file, record it by a plan.")
    )(attendance)


def attendance(
    reference: WorkshopReference,
    source: Source = None,
    report: Report = False,
    dry_run: DryRun = False,
    yes: Yes = False,
    as_json: Json = False,
) -> None:
    from services import workshop_attendance, workshop_page, workshops

    if source is None and (report or dry_run or yes):
        raise typer.BadParameter(_("These options are about a file: give one."), param_hint="FILE")
    with office() as here:
        workshop = here.desk.read(workshops.by_reference, reference)
        done = _recorded(here, workshop, source, report, dry_run, yes, as_json) if source else None
        status = here.desk.read(workshop_page.page, workshop).status
        order = here.desk.read(workshop_attendance.sessions, workshop)
        results = here.desk.read(workshop_attendance.results, workshop)
    if as_json:
        print_json({**_attendance_json(reference, status, order, results), "plan": done})
    else:
        _print_results(order, results)
    if done is not None:
        raise typer.Exit(conclude(done, dry_run))


# --- from a file --------------------------------------------------------------------------


def _recorded(
    here: Office,
    workshop: int,
    source: Path,
    report: bool,
    dry_run: bool,
    yes: bool,
    as_json: bool,
) -> dict[str, Any]:
    """Plan what a file says, apply it where that is wanted, and return what there is to tell."""
    from services import workshop_attendance

    found = _read(here, workshop, source, report)
    said_by = "server" if report else "file"
    plan = here.desk.write(workshop_attendance.plan_attendance, workshop, found, said_by)
    return settle(here, plan, dry_run, yes, as_json)


def _read(here: Office, workshop: int, source: Path, report: bool) -> "AttendanceFile":
    from services import workshop_attendance, workshop_page
    from services.attendance_files import EventSession, read_attendance_table
    from services.meeting_reports import read_callback
    from services.workshop_meetings import meeting_id_of

    content = read_limited(source, _LARGEST_FILE)
    zone = here.desk.read(workshop_page.page, workshop).event.zone
    order = [
        EventSession(each.number, each.starts_at, each.ends_at)
        for each in here.desk.read(workshop_attendance.sessions, workshop)
    ]
    if report:
        server = here.settings.meetings()
        secret = server.secret if server else ""
        return read_callback(content, order, secret=secret, meeting_id=meeting_id_of(workshop))
    name = "" if str(source) == "-" else source.name
    return read_attendance_table(content, order, zone, name=name)


# --- what is known ------------------------------------------------------------------------


def _attendance_json(
    reference: str, status: str, order: tuple["SessionRow", ...], results: list["Result"]
) -> dict[str, Any]:
    counted = [result.met for result in results]
    return {
        "reference": _named(reference),
        "status": status,
        "sessions": [
            {"session": each.number, "starts_at": each.starts_at, "ends_at": each.ends_at}
            for each in order
        ],
        "met": counted.count(True),
        "not_met": counted.count(False),
        "unknown": counted.count(None),
        "participants": [_result_json(order, result) for result in results],
    }


def _named(reference: str) -> str:
    """Return a reference as it is written, however it was typed."""
    from models.references import make_workshop_reference, parse_workshop_reference

    return make_workshop_reference(parse_workshop_reference(reference))


def _result_json(order: tuple["SessionRow", ...], result: "Result") -> dict[str, Any]:
    from services.workshop_attendance import user_id_of

    return {
        "participant": user_id_of(result.participant_id),
        "title": result.title,
        "surname": result.surname,
        "first_name": result.first_name,
        "sessions": [
            {
                "session": each.number,
                "present": known.present,
                "minutes": known.minutes,
                "source": known.source,
            }
            for each, known in zip(order, result.sessions, strict=True)
        ],
        "missed": result.missed,
        "met": result.met,
    }


def _print_results(order: tuple["SessionRow", ...], results: list["Result"]) -> None:
    headings = [_("Name"), *(f"{_('Session')} {each.number}" for each in order), _("Requirements")]
    print_table(
        headings,
        (
            (
                f"{result.surname} {result.first_name}",
                *(_presence(known) for known in result.sessions),
                {True: _("met"), False: _("not met"), None: _("not known yet")}[result.met],
            )
            for result in results
        ),
    )


def _presence(known: "Presence") -> str:
    if known.present is None:
        return "?"
    word = _("was there") if known.present else _("missed")
    return word if known.minutes is None else f"{word}, {known.minutes} min"
