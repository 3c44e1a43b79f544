"""`trousseau school-years`: the years of the calendars, and their school holidays."""

from dataclasses import asdict
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from models.language import N_, _
from tui.cli.files import read_limited
from tui.cli.names import HELP
from tui.cli.office import Office, office
from tui.cli.options import DryRun, Json, OptionalSchool, School, Year, group
from tui.cli.output import print_json, print_table
from tui.cli.plans import conclude, settle

if TYPE_CHECKING:
    from services.school_holidays import HolidayRow
    from services.school_years import YearRow

#: More than `services.holiday_files` takes, which says so itself.
_LARGEST_FILE = 4 * 2**20

Source = Annotated[
    Path | None,
    typer.Argument(
        metavar="FILE",
        help=N_("Holidays to read in: CSV, workbook or .ics; - is standard input."),
    ),
]
Group = Annotated[
    str,
    typer.Option(
        "--group", metavar="FR", help=N_("Whose holidays, where a list has those of several.")
    ),
]
Yes = Annotated[bool, typer.Option("--yes", help=N_("Apply the plan without asking."))]


def register(app: typer.Typer) -> None:
    years = group(app, "school-years", HELP["school-years"])
    years.command("list", help=N_("The school years of a school, or of all calendars."))(list_years)
    years.command(
        "holidays", help=N_("The school holidays of a year; with a file, read them in by a plan.")
    )(holidays)


def list_years(school: OptionalSchool = None, as_json: Json = False) -> None:
    from services import school_years

    with office() as here:
        if school:
            found = here.desk.read(school_years.of_school, here.school_id(school))
        else:
            found = here.desk.read(school_years.of_calendar)
    if as_json:
        print_json([_year_json(year) for year in found])
        return
    headings = (_("Calendar"), _("School year"), _("Begins"), _("Class ends"), _("Access until"))
    print_table(
        headings,
        ((y.calendar, y.label, y.first_day, y.last_day, y.access_ends) for y in found),
    )


def _year_json(year: "YearRow") -> dict[str, Any]:
    found = asdict(year)
    kept = ("calendar", "label", "first_day", "last_day", "access_ends", "status", "accesses")
    return {name: found[name] for name in kept}


def holidays(
    school: School,
    source: Source = None,
    year: Year = None,
    group: Group = "",
    dry_run: DryRun = False,
    yes: Yes = False,
    as_json: Json = False,
) -> None:
    from services import school_holidays, school_years

    if source is None and (group or dry_run or yes):
        raise typer.BadParameter(_("These options are about a file: give one."), param_hint="FILE")
    with office() as here:
        team = here.team(school, year)
        looked_at = here.desk.read(school_years.here, team.school_id, team.school_year_id).year
        assert looked_at is not None
        done = None
        if source is not None:
            plan = _planned(here, source, looked_at.calendar_id, group)
            done = settle(here, plan, dry_run, yes, as_json)
        found = here.desk.read(school_holidays.of_year, looked_at.id)
    if as_json:
        rows = [_holiday_json(row) for row in found]
        told = {"calendar": looked_at.calendar, "year": looked_at.label}
        print_json({**told, "holidays": rows, "plan": done})
    else:
        headings = (_("School holidays"), _("First day"), _("Last day"), _("Days"))
        print_table(headings, ((r.name, r.first_day, r.last_day, r.days) for r in found))
    if done is not None:
        raise typer.Exit(conclude(done, dry_run))


def _planned(here: Office, source: Path, calendar: int, group: str) -> int:
    from services import school_holidays

    content = read_limited(source, _LARGEST_FILE)
    name = "" if str(source) == "-" else source.name
    return here.desk.write(school_holidays.plan_holidays, content, calendar, group=group, name=name)


def _holiday_json(row: "HolidayRow") -> dict[str, Any]:
    return {
        "name": row.name,
        "first_day": row.first_day,
        "last_day": row.last_day,
        "days": row.days,
        "names": dict(row.names),
    }
