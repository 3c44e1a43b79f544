"""`trousseau document publish`, `replace`, `withdraw`, `import`: what the helpdesk does."""

from datetime import datetime
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from models.language import N_, say
from tui.cli.files import read_limited
from tui.cli.office import now, office
from tui.cli.options import DocumentId, DryRun, Json
from tui.cli.output import print_json, tell
from tui.cli.plans import conclude, settle

if TYPE_CHECKING:
    from services.document_files import Upload

Source = Annotated[
    Path, typer.Argument(metavar="FILE", help=N_("The file; - is standard input, with --name."))
]
Name = Annotated[
    str, typer.Option("--name", metavar="NAME", help=N_("The file’s name, if it is to be another."))
]
Title = Annotated[str, typer.Option("--title", metavar="TEXT", help=N_("What it is called."))]
Kind = Annotated[str, typer.Option("--kind", help=N_("official or minutes."))]
Day = Annotated[
    datetime | None,
    typer.Option(
        "--date",
        metavar="DATE",
        formats=["%Y-%m-%d", "%d/%m/%Y"],
        help=N_("The day that it bears; today by default."),
    ),
]
Committee = Annotated[
    int | None,
    typer.Option("--committee", metavar="ID", help=N_("The committee that it is of.")),
]
Language = Annotated[str, typer.Option("--language", help=N_("fr or en."))]
Note = Annotated[str, typer.Option("--note", metavar="TEXT", help=N_("What is new in it."))]
Again = Annotated[bool, typer.Option("--again", help=N_("Bring it back."))]
Folder = Annotated[
    Path, typer.Argument(metavar="FOLDER", help=N_("A folder; its folders and names tell more."))
]
Yes = Annotated[bool, typer.Option("--yes", help=N_("Apply the plan without asking."))]


def register(document: typer.Typer) -> None:
    document.command("publish", help=N_("Publish a file as a new document."))(publish)
    document.command("replace", help=N_("Publish a new version of a document."))(replace)
    document.command("withdraw", help=N_("Withdraw a document, or bring it back."))(withdraw)
    document.command("import", help=N_("Take a folder of documents over by a plan."))(import_folder)


def publish(
    source: Source,
    title: Title,
    kind: Kind = "official",
    day: Day = None,
    committee: Committee = None,
    language: Language = "fr",
    name: Name = "",
    note: Note = "",
    as_json: Json = False,
) -> None:
    from services import documents

    dated = day.date() if day else now().astimezone().date()
    facts = documents.DocumentFacts(kind, title, dated, committee, language)
    with office() as here:
        made = here.desk.write(documents.publish, facts, _upload(source, name), note)
    if as_json:
        print_json({"document": made, "version": 1, "is_new": True})
    else:
        tell(say("Published as document %(number)s.", number=made))


def replace(
    document: DocumentId, source: Source, name: Name = "", note: Note = "", as_json: Json = False
) -> None:
    from services import documents

    with office() as here:
        done = here.desk.write(documents.replace, document, _upload(source, name), note)
    if as_json:
        print_json({"document": document, "version": done.number, "is_new": done.is_new})
    elif done.is_new:
        tell(say("Published as version %(number)s.", number=done.number))
    else:
        tell(say("These are the contents of the latest version: nothing is changed."))


def _upload(source: Path, name: str) -> "Upload":
    from services.document_files import LARGEST_FILE, Upload

    if str(source) == "-" and not name:
        raise typer.BadParameter("--name", param_hint="FILE")
    return Upload(name or source.name, read_limited(source, LARGEST_FILE))


def withdraw(document: DocumentId, again: Again = False, as_json: Json = False) -> None:
    from services import documents

    with office() as here:
        if again:
            here.desk.write(documents.publish_again, document)
        else:
            here.desk.write(documents.withdraw, document)
    if as_json:
        print_json({"document": document, "withdrawn": not again})
    elif again:
        tell(say("Document %(number)s is published again.", number=document))
    else:
        tell(say("Document %(number)s is withdrawn.", number=document))


def import_folder(
    folder: Folder, dry_run: DryRun = False, yes: Yes = False, as_json: Json = False
) -> None:
    from services import document_folders, plans

    with office() as here:
        plan = document_folders.prepare(here.desk, folder)
        actions = here.desk.read(plans.show, plan).actions
        done = settle(here, plan, dry_run, yes, as_json)
    counted = {
        "new": actions.get("add", 0),
        "versions": actions.get("version", 0),
        "unchanged": actions.get("unchanged", 0),
        "refused": actions.get("refused", 0),
        "withdrawn": actions.get("withdrawn", 0),
    }
    if as_json:
        print_json({**done, "files": counted})
    else:
        tell(
            say(
                "%(new)s new, %(versions)s new versions, %(unchanged)s unchanged, "
                "%(refused)s refused, %(withdrawn)s withdrawn before",
                **counted,
            )
        )
    raise typer.Exit(conclude(done, dry_run))
