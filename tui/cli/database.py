"""`trousseau db` and `trousseau doctor`: looking after the installation."""

import os
import sys
from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from models.language import N_, _, say
from tui.cli.names import HELP
from tui.cli.office import now, office
from tui.cli.options import Json, group
from tui.cli.output import print_json, print_line, tell

if TYPE_CHECKING:
    from services.maintenance import Check, Installation

Target = Annotated[Path, typer.Argument(metavar="FILE", help=N_("A file that does not exist yet."))]
Backup = Annotated[Path, typer.Argument(metavar="FILE", help=N_("A file made by db backup."))]
Yes = Annotated[bool, typer.Option("--yes", help=N_("Do not ask."))]


def register(app: typer.Typer) -> None:
    database = group(app, "db", HELP["db"])
    database.command("upgrade", help=N_("Bring the tables up to date."))(upgrade)
    database.command("verify", help=N_("Look the whole database through."))(verify)
    database.command("backup", help=N_("Copy the database into a new file."))(backup)
    database.command("restore", help=N_("Bring back what a backup holds."))(restore)
    app.command("doctor", help=HELP["doctor"])(doctor)


def upgrade() -> None:
    from models.database import make_engine
    from services import opening
    from services.desk import told_in_words
    from tui.settings import load_settings

    settings = load_settings()
    settings.folders.create()
    engine = make_engine(settings.database())
    try:
        with told_in_words():
            opening.upgrade_database(engine, now())
    finally:
        engine.dispose()
    tell(say("The tables are those of this version."))


def verify(as_json: Json = False) -> None:
    from models.database import make_engine
    from services import maintenance
    from services.desk import told_in_words
    from tui.settings import load_settings

    engine = make_engine(load_settings().database())
    try:
        with told_in_words():
            checks = maintenance.verify(engine, now())
    finally:
        engine.dispose()
    _report(checks, as_json)


def backup(file: Target) -> None:
    from services import maintenance

    with office() as here:
        size = maintenance.backup(here.desk.engine, file)
        key_file = here.settings.folders.key_file
    tell(say("The backup %(file)s has %(size)s bytes.", file=str(file), size=size))
    tell(
        say(
            "It does not hold the key of the tokens. Keep a copy of %(key)s in another place.",
            key=str(key_file),
        )
    )


def restore(file: Backup, yes: Yes = False) -> None:
    from models.database import make_engine
    from services import maintenance
    from services.desk import told_in_words
    from tui.settings import load_settings

    _confirm(yes, file)
    settings = load_settings()
    settings.folders.create()
    engine = make_engine(settings.database())
    try:
        with told_in_words():
            aside = maintenance.restore(engine, file, now())
    finally:
        engine.dispose()
    tell(say("%(file)s is brought back. What was there before is %(aside)s.",
             file=str(file), aside=str(aside)))  # fmt: skip


def _confirm(yes: bool, file: Path) -> None:
    if yes:
        return
    if not sys.stdin.isatty():
        raise typer.BadParameter(_("Without a terminal to ask at, --yes is needed."))
    question = _("Everything in the database is replaced by %(file)s. Go on?")
    typer.confirm(question % {"file": str(file)}, abort=True, err=True)


# --- doctor -----------------------------------------------------------------------------


def doctor(as_json: Json = False) -> None:
    from services import maintenance

    _report(maintenance.doctor(installation(), now()), as_json)


def installation() -> "Installation":
    """Return what the doctor looks at: this installation, as it is configured now."""
    from services.maintenance import Installation
    from tui.settings import load_settings

    settings = load_settings()
    places = settings.folders
    return Installation(
        folders={"config": places.config, "data": places.data, "state": places.state},
        key_file=places.key_file,
        database_url=settings.database(),
        mail=settings.mail,
        encoding=sys.stdout.encoding or "",
        streams={"stdin": sys.stdin.isatty(), "stdout": sys.stdout.isatty()},
        terminal=os.environ.get("TERM", ""),
        nightly=settings.schedule,
        meetings=settings.meetings,
    )


def _report(checks: "Sequence[Check]", as_json: bool) -> None:
    """Print what was found; something wrong is exit 1."""
    if as_json:
        print_json([_as_json(check) for check in checks])
    else:
        for check in checks:
            _print(check)
    if any(check.state == "wrong" for check in checks):
        raise typer.Exit(1)


def _print(check: "Check") -> None:
    words = {"good": _("good"), "warning": _("note"), "wrong": _("WRONG")}
    width = max(len(word) for word in words.values())
    print_line(f"{words[check.state]:{width}}  {check.found}")
    if check.remedy is not None:
        print_line(f"{'':{width}}  → {check.remedy}")


def _as_json(check: "Check") -> dict[str, Any]:
    return {
        "check": check.name,
        "state": check.state,
        "found": check.found.text(),
        "remedy": check.remedy.text() if check.remedy else None,
    }
