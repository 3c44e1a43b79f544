"""`trousseau conference`: the conferences, and the file for a calendar."""

import sys
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from models.language import N_, _, say
from tui.cli.files import write_private
from tui.cli.names import HELP
from tui.cli.office import office
from tui.cli.options import Json, group
from tui.cli.output import print_json, print_table, tell

if TYPE_CHECKING:
    from services.conferences import ConferencePage

Past = Annotated[bool, typer.Option("--past", help=N_("Those that are over, the last first."))]
ConferenceId = Annotated[
    int | None,
    typer.Argument(metavar="ID", help=N_("The conference’s number; all to come without it.")),
]
Output = Annotated[
    Path, typer.Option("--output", "-o", metavar="FILE", help=N_("The file to write; - prints it."))
]


def register(app: typer.Typer) -> None:
    conference = group(app, "conference", HELP["conference"])
    conference.command("list", help=N_("The conferences, the next first."))(list_conferences)
    conference.command("ics", help=N_("The file that puts a conference into a calendar."))(ics)


def list_conferences(past: Past = False, as_json: Json = False) -> None:
    from services import conferences

    with office() as here:
        rows = here.desk.read(conferences.past if past else conferences.coming)
        pages = [here.desk.read(conferences.page, row.id) for row in rows]
    if as_json:
        print_json([_page_json(page) for page in pages])
        return
    print_table(
        (_("Number"), _("First day"), _("Last day"), _("Hours"), _("Place"), _("Title")),
        (
            (page.row.id, page.row.first_day, page.row.last_day, _hours(page), page.row.place,
             page.row.title)
            for page in pages
        ),
    )  # fmt: skip


def _hours(page: "ConferencePage") -> str:
    row = page.row
    return f"{row.begins}–{row.ends} ({row.zone.key})" if row.begins else ""


def _page_json(page: "ConferencePage") -> dict[str, Any]:
    row = page.row
    return {
        "conference": row.id,
        "title": row.title,
        "place": row.place,
        "link": page.link,
        "first_day": row.first_day,
        "last_day": row.last_day,
        "begins": row.begins,
        "ends": row.ends,
        "zone": row.zone.key,
        "days": [{"begins": day.begins, "ends": day.ends} for day in page.days_there],
        "days_here": [{"begins": day.begins, "ends": day.ends} for day in page.days_here],
        "zone_here": page.own_zone.key,
        "past": row.is_past,
        "information": page.information,
    }


def ics(conference: ConferenceId = None, output: Output = Path("-")) -> None:
    from services import conferences

    with office() as here:
        if conference is None:
            file = here.desk.read(conferences.calendar_of_all)
        else:
            file = here.desk.read(conferences.calendar, conference)
    if str(output) == "-":
        sys.stdout.write(file.decode())
        return
    write_private(output, file)
    tell(say("The calendar file is %(file)s.", file=str(output)))
