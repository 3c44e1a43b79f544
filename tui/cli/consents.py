"""`trousseau consent`: print the forms, list them, record the signed ones, withdraw."""

from pathlib import Path
from typing import Annotated, Any

import typer

from models.language import N_, _, say, say_n
from tui.cli.files import read_limited, write_private
from tui.cli.names import HELP
from tui.cli.office import Office, office
from tui.cli.options import Json, OptionalSchool, People, School, Year, group
from tui.cli.output import print_json, print_line, print_table, tell
from tui.cli.plans import line_json, line_text

COLUMNS = ("reference", "person", "surname", "first_name", "email", "state")
#: A line of a consent file has some 60 bytes; this is room for 60,000.
_LARGEST_FILE = 4 * 1024 * 1024

Pdf = Annotated[Path, typer.Option("--output", "-o", metavar="FILE.pdf", help=N_("The PDF file."))]
Source = Annotated[
    Path,
    typer.Argument(
        metavar="FILE.csv", help=N_("Columns reference, signed_on, email; - is standard input.")
    ),
]


def register(app: typer.Typer) -> None:
    consent = group(app, "consent", HELP["consent"])
    consent.command("form", help=N_("Print the form to sign, one page a person."))(form)
    consent.command("list", help=N_("Who has signed and who has not."))(list_consents)
    consent.command("record", help=N_("Record signed forms."))(record)
    consent.command("withdraw", help=N_("Withdraw the consent of a person."))(withdraw)


def form(school: School, output: Pdf, person: People = None, year: Year = None) -> None:
    from services import consent_printing
    from services.consent_forms import render_forms

    with office() as here:
        team = here.team(school, year)
        forms = here.desk.read(
            consent_printing.forms, team.school_id, team.school_year_id, person or None
        )
        if not forms:
            from tui.cli.files import FileRefused

            raise FileRefused(say("There is nobody to print a form for."))
        write_private(output, render_forms(forms, today=team.today))
        here.desk.write(consent_printing.note_printed, forms)
    tell(
        say_n(
            "%(count)s form is in %(file)s.",
            "%(count)s forms are in %(file)s.",
            len(forms),
            file=str(output),
        )
    )


def list_consents(school: School, year: Year = None, as_json: Json = False) -> None:
    from services.findings import CONSENT_WORDS

    with office() as here:
        rows = consent_rows(here, school, year)
    if as_json:
        print_json(rows)
        return
    headings = (_("Reference"), _("No."), _("Name"), _("E-mail"), _("Consent"))
    print_table(
        headings,
        (
            (
                row["reference"],
                row["person"],
                f"{row['surname']} {row['first_name']}",
                row["email"],
                CONSENT_WORDS[row["state"]],
            )
            for row in rows
        ),
    )


def consent_rows(here: Office, school: str, year: str | None) -> list[dict[str, Any]]:
    """Return the list of DESIGN §7; the address is what a returned form is held against."""
    from services import consents

    team = here.team(school, year)
    return [
        {
            "reference": row.reference,
            "person": row.person_id,
            "surname": row.surname,
            "first_name": row.first_name,
            "email": row.email or "",
            "state": row.state,
        }
        for row in here.desk.read(consents.listed, team.school_id, team.school_year_id)
    ]


def record(source: Source, school: OptionalSchool = None, as_json: Json = False) -> None:
    from services import consent_recording, plans
    from services.consent_files import read_consent_file

    name = "" if str(source) == "-" else source.name
    given = read_consent_file(read_limited(source, _LARGEST_FILE), name)
    with office() as here:
        school_id = here.team(school).school_id if school else None
        plan = here.desk.write(consent_recording.plan_record, school_id, given.lines)
        here.desk.write(plans.apply, plan)
        told = here.desk.read(plans.rows, plan, 0, len(given.lines))
        summary = here.desk.read(plans.show, plan).summary
    counts = {**summary, "refused": summary["refused"] + len(given.notices)}
    _report(plan, counts, [*given.notices, *told], as_json)
    if counts["refused"] and not counts["record"] + counts["known"]:
        raise typer.Exit(1)


def _report(plan: int, counts: dict[str, Any], told: list[Any], as_json: bool) -> None:
    if as_json:
        print_json({"plan": plan, **counts, "messages": [line_json(line) for line in told]})
        return
    for line in told:
        if line.level != "information":
            print_line(line_text(line))
    tell(
        say(
            "%(recorded)s recorded, %(known)s known already, %(refused)s refused.",
            recorded=counts["record"],
            known=counts["known"],
            refused=counts["refused"],
        )
    )


def withdraw(
    school: School,
    person: Annotated[int, typer.Option("--person", metavar="ID", help=N_("Whose consent."))],
    as_json: Json = False,
) -> None:
    from services import consent_withdrawals

    with office() as here:
        count = here.desk.write(consent_withdrawals.withdraw, here.team(school).school_id, person)
    if as_json:
        print_json({"withdrawn": count})
    elif count:
        tell(say("The consent is withdrawn; nothing more is sent to this address."))
    else:
        tell(say("There was no consent to withdraw."))
