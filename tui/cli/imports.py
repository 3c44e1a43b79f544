"""`trousseau import`: read a file, show the plan, apply it."""

import sys
from pathlib import Path
from typing import Annotated, Any

import typer

from models.language import N_, _, say
from tui.cli.files import standard_input
from tui.cli.names import HELP
from tui.cli.office import Office, office
from tui.cli.options import Confirm, DryRun, Json, OptionalSchool, Year
from tui.cli.output import print_json, print_line, tell
from tui.cli.plans import is_wanted

Source = Annotated[
    str,
    typer.Argument(metavar="SOURCE", help=N_("A file, folder or zip; - is standard input.")),
]
Format = Annotated[
    str,
    typer.Option("--as", metavar="FORMAT", help=N_("oneroster, sds, staff, families or schools.")),
]
Code = Annotated[
    str,
    typer.Option(
        "--source", metavar="NAME", help=N_("What the records' origin is called from now on.")
    ),
]
Fase = Annotated[
    bool | None,
    typer.Option(
        "--fase-identifiers/--no-fase-identifiers",
        help=N_("Whether this source knows schools by their FASE numbers."),
    ),
]
Rule = Annotated[
    str | None,
    typer.Option(
        "--address-rule",
        metavar="RULE",
        help=N_("Which address wins: personal_first or school_first."),
    ),
]
Yes = Annotated[bool, typer.Option("--yes", help=N_("Apply the plan without asking."))]

_SHOWN = 40
_KINDS = {
    "schools": N_("schools"),
    "sites": N_("sites"),
    "governing_bodies": N_("governing bodies"),
    "school_years": N_("school years"),
    "people": N_("people"),
    "posts": N_("posts"),
    "accesses": N_("accesses"),
    "pupils": N_("pupils"),
    "guardianships": N_("guardianships"),
}
_VERBS = {
    "created": N_("created: %(what)s"),
    "changed": N_("changed: %(what)s"),
    "disappeared": N_("disappeared: %(what)s"),
}


def register(app: typer.Typer) -> None:
    app.command("import", help=HELP["import"])(import_file)


def import_file(
    source: Source,
    file_format: Format,
    school: OptionalSchool = None,
    year: Year = None,
    code: Code = "",
    fase_identifiers: Fase = None,
    address_rule: Rule = None,
    dry_run: DryRun = False,
    yes: Yes = False,
    confirm: Confirm = "",
    as_json: Json = False,
) -> None:
    from services import importing, plans

    if file_format not in importing.FORMATS:
        raise typer.BadParameter(", ".join(importing.FORMATS), param_hint="--as")
    with office() as here:
        request = here.desk.read(
            importing.request_for,
            file_format,
            school_id=here.school_id(school) if school else None,
            year=year,
            source=code,
            fase_identifiers=fase_identifiers,
            address_rule=address_rule,
            mass_share=here.settings.mass_change_share,
        )
        plan = _prepared(here, source, request)
        result = here.desk.read(importing.import_result, plan)
        if not as_json:
            _print(result)
        if is_wanted(result["refused"], dry_run, yes):
            number = confirm or _typed_number(result)
            here.desk.write(plans.apply, plan, number)
            result = here.desk.read(importing.import_result, plan)
    if as_json:
        print_json(result)
    raise typer.Exit(_conclude(result, dry_run))


def _prepared(here: Office, source: str, request: Any) -> int:
    """Read and plan, and return the plan's id; the choice of columns is the remembered one."""
    from services import importing

    given = standard_input() if source == "-" else Path(source)
    known = here.desk.read(importing.remembered, request.source)
    progress = _Progress()
    try:
        roster = importing.read(
            given,
            request.format,
            mapping=known.mapping if known and known.mapping else None,
            fase_identifiers=request.fase_identifiers,
            progress=progress,
        )
        return importing.prepare(here.desk, roster, request, progress)
    finally:
        progress.end()


class _Progress:
    """Says on a terminal how many rows are done; elsewhere nothing."""

    def __init__(self) -> None:
        self._on = sys.stderr.isatty()

    def __call__(self, done: int, total: int | None) -> None:
        if self._on:
            print(f"\r{done} / {total or '?'} ", end="", file=sys.stderr, flush=True)

    def end(self) -> None:
        if self._on:
            print("\r\x1b[K", end="", file=sys.stderr, flush=True)


def _typed_number(result: dict[str, Any]) -> str:
    """Ask for the number that a mass change wants, where there is somebody to ask."""
    if not result["confirm_number"] or not sys.stdin.isatty():
        return ""
    question = _("This touches a large share of the school’s people. Type its number")
    return str(typer.prompt(question, err=True))


def _print(result: dict[str, Any]) -> None:
    print_line(
        say(
            "Plan %(plan)s: %(rows)s rows, %(information)s to know, %(warning)s warnings, "
            "%(error)s errors",
            **{name: result[name] for name in ("plan", "rows", "information", "warning", "error")},
        )
    )
    for verb, sentence in _VERBS.items():
        parts = [f"{count} {_(_KINDS[kind])}" for kind, count in result[verb].items() if count]
        if parts:
            print_line(_(sentence) % {"what": ", ".join(parts)})
    faults = [told for told in result["messages"] if told["level"] != "information"]
    for told in faults[:_SHOWN]:
        sign = "X" if told["level"] == "error" else "!"
        place = ":".join(str(p) for p in (told["file"], told["line"] or "", told["column"]) if p)
        print_line(" ".join(part for part in (sign, place, told["text"]) if part))
    if len(faults) > _SHOWN:
        print_line(say("All of it: trousseau plan show %(plan)s", plan=result["plan"]))


def _conclude(result: dict[str, Any], dry_run: bool) -> int:
    """Say how it ended and return the exit status."""
    if result["applied"]:
        tell(
            say(
                "The plan is applied. To undo it: trousseau plan undo %(plan)s", plan=result["plan"]
            )
        )
        return 0
    if result["refused"]:
        tell(say("An error stops the whole import. Nothing was changed."))
        for told in result["messages"]:
            if told["level"] == "error":
                tell(told["text"])
                break
        return 1
    tell(
        say("Nothing is changed yet. To do it: trousseau plan apply %(plan)s", plan=result["plan"])
    )
    return 0 if dry_run else 1
