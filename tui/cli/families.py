"""`trousseau families`: a school's guardians, their children, and who has signed in."""

from typing import Annotated

import typer

from models.language import N_, _
from tui.cli.names import HELP
from tui.cli.office import office
from tui.cli.options import Json, School, Year
from tui.cli.output import print_json, print_table

Status = Annotated[
    str | None, typer.Option("--status", help=N_("Only those with this status, as in --json."))
]


def register(app: typer.Typer) -> None:
    app.command("families", help=HELP["families"])(families)


def families(
    school: School, status: Status = None, year: Year = None, as_json: Json = False
) -> None:
    from models.access import STATUS_CODES
    from services import families as service
    from services.findings import STATUS_WORDS

    if status is not None and status not in STATUS_CODES:
        raise typer.BadParameter(", ".join(STATUS_CODES), param_hint="--status")
    with office() as here:
        team = here.team(school, year)
        found = here.desk.read(service.all_rows, team.school_id, team.school_year_id, status=status)
    rows = [service.family_json(row) for row in found]
    if as_json:
        print_json(rows)
        return
    headings = (_("No."), _("Guardian"), _("Children"), _("E-mail"), _("Status"))
    print_table(
        headings,
        (
            (
                row["person"],
                f"{row['surname']} {row['first_name']}",
                ", ".join(
                    " ".join(filter(None, (c["surname"], c["first_name"], c["class"])))
                    for c in row["children"]
                ),
                row["email"],
                STATUS_WORDS[row["status"]].label,
            )
            for row in rows
        ),
    )
