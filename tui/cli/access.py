"""`trousseau access` and `trousseau export`: lists for people, scripts and spreadsheets."""

from datetime import datetime
from pathlib import Path
from typing import Annotated, Any

import typer

from models.language import N_, _, say
from tui.cli.names import HELP
from tui.cli.office import Office, office
from tui.cli.options import Json, School, Year, group
from tui.cli.output import print_json, print_table, tell

_COLUMNS = (
    "person", "surname", "first_name", "function", "role", "email", "email_source", "consent",
    "status", "since", "reason",
)  # fmt: skip
#: A byte-order mark, by which spreadsheets know that letters are UTF-8.
_MARK = "\ufeff"

Status = Annotated[
    str | None, typer.Option("--status", help=N_("Only those with this status, as in --json."))
]
Day = Annotated[
    datetime | None,
    typer.Option("--on", formats=["%Y-%m-%d"], help=N_("As it stood, or will, on this day.")),
]
Csv = Annotated[bool, typer.Option("--csv", help=N_("Print CSV."))]
Output = Annotated[
    Path, typer.Option("--output", "-o", metavar="FILE", help=N_("The file to write; - prints it."))
]


def register(app: typer.Typer) -> None:
    app.command("access", help=HELP["access"])(access)
    export = group(app, "export", HELP["export"])
    export.command("access", help=N_("A team's list."))(export_access)
    export.command("consents", help=N_("Who has signed and who has not."))(export_consents)
    export.command("invitations", help=N_("What became of each invitation."))(export_invitations)


def access(
    school: School,
    status: Status = None,
    on: Day = None,
    year: Year = None,
    as_json: Json = False,
    as_csv: Csv = False,
) -> None:
    from models.access import STATUS_CODES
    from services.exports import csv_text

    if status is not None and status not in STATUS_CODES:
        raise typer.BadParameter(", ".join(STATUS_CODES), param_hint="--status")
    if as_json and as_csv:
        raise typer.BadParameter(_("Choose one of --json and --csv."))
    with office() as here:
        rows = _rows(here, school, year, status, on)
    if as_json:
        print_json(rows)
    elif as_csv:
        print(csv_text(_COLUMNS, ([row[name] for name in _COLUMNS] for row in rows)), end="")
    else:
        _print_people(rows)


def _rows(
    here: Office, school: str, year: str | None, status: str | None, on: datetime | None
) -> list[dict[str, Any]]:
    from services import team_access

    team = here.team(school, year)
    day = on.date() if on else None
    found = here.desk.read(
        team_access.status_rows, team.school_id, team.school_year_id, status=status, on=day
    )
    return [team_access.access_json(row) for row in found]


def _print_people(rows: list[dict[str, Any]]) -> None:
    from models.functions import function_label
    from models.roles import role_label
    from services.findings import STATUS_WORDS

    headings = (_("No."), _("Name"), _("Function"), _("Role"), _("E-mail"), _("Status"))
    print_table(
        headings,
        (
            (
                row["person"],
                f"{row['surname']} {row['first_name']}",
                function_label(row["function"] or None),
                role_label(row["role"]) if row["role"] else "",
                row["email"],
                STATUS_WORDS[row["status"]].label,
            )
            for row in rows
        ),
    )


# --- export -----------------------------------------------------------------------------


def export_access(school: School, output: Output, year: Year = None) -> None:
    with office() as here:
        rows = _rows(here, school, year, None, None)
    _write(output, _COLUMNS, [[row[name] for name in _COLUMNS] for row in rows])


def export_consents(school: School, output: Output, year: Year = None) -> None:
    from tui.cli.consents import COLUMNS, consent_rows

    with office() as here:
        rows = consent_rows(here, school, year)
    for row in rows:
        if row["state"] != "signed":
            row["email"] = ""  # no address leaves the house without consent (DOMAIN §3)
    _write(output, COLUMNS, [[row[name] for name in COLUMNS] for row in rows])


def export_invitations(school: School, output: Output, year: Year = None) -> None:
    from tui.cli.mail import COLUMNS, invitation_rows

    with office() as here:
        rows = invitation_rows(here, school, year)
    _write(output, COLUMNS, [[row[name] for name in COLUMNS] for row in rows])


def _write(output: Path, headings: tuple[str, ...], rows: list[list[Any]]) -> None:
    """Write a file as the spreadsheets of the field open it: semicolons, and marked as UTF-8."""
    from services.exports import csv_text

    text = csv_text(headings, rows, separator=";")
    if str(output) == "-":
        print(text, end="")
        return
    from tui.cli.files import write_private

    write_private(output, (_MARK + text).encode())
    tell(say("%(count)s rows are in %(file)s.", count=len(rows), file=str(output)))
