"""`trousseau document`: the documents of the reading room, found, read and fetched."""

import os
import sys
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from models.language import N_, _, say
from tui.cli import document_managing
from tui.cli.files import FileRefused, write_private
from tui.cli.names import HELP
from tui.cli.office import office
from tui.cli.options import DocumentId, Json, group
from tui.cli.output import print_json, print_line, print_table, tell

if TYPE_CHECKING:
    from services.documents import DocumentContents, DocumentPage
    from services.reading_room import RoomRow

Search = Annotated[
    str,
    typer.Option("--search", metavar="TEXT", help=N_("Words of title, contents or committee.")),
]
Kind = Annotated[str | None, typer.Option("--kind", help=N_("official or minutes."))]
Unread = Annotated[bool, typer.Option("--unread", help=N_("Only what you have not opened yet."))]
Withdrawn = Annotated[bool, typer.Option("--withdrawn", help=N_("Only what is withdrawn."))]
Number = Annotated[
    int | None,
    typer.Option("--version", metavar="N", help=N_("This version, and not the latest.")),
]
Output = Annotated[
    Path, typer.Option("--output", "-o", metavar="FILE", help=N_("The file to write; - prints it."))
]
Code = Annotated[
    str, typer.Argument(metavar="CODE", help=N_("The code that the page of the document shows."))
]


def register(app: typer.Typer) -> None:
    document = group(app, "document", HELP["document"])
    document.command("list", help=N_("The documents, the newest first."))(list_documents)
    document.command("show", help=N_("A document: its versions, and what it says."))(show)
    document.command("get", help=N_("The file of a document, as it was published."))(get)
    document.command("fetch", help=N_("The file that a code of the reading room is for."))(fetch)
    document_managing.register(document)


def list_documents(
    search: Search = "",
    kind: Kind = None,
    unread: Unread = False,
    withdrawn: Withdrawn = False,
    as_json: Json = False,
) -> None:
    from models.reading_room import DOCUMENT_KINDS
    from services import reading_room

    if kind is not None and kind not in DOCUMENT_KINDS:
        raise typer.BadParameter(", ".join(DOCUMENT_KINDS), param_hint="--kind")
    query = reading_room.RoomQuery(search, kind, unread, withdrawn=withdrawn)
    with office() as here:
        rows = [row for row in here.desk.read(reading_room.all_rows, query) if row.is_document]
    if as_json:
        print_json([_row_json(row) for row in rows])
        return
    words = reading_room.KIND_WORDS
    print_table(
        (_("Number"), _("New"), _("Date"), _("Kind"), _("Version"), _("Committee"), _("Title")),
        (
            (row.id, "*" if row.unread else "", row.day, words[row.kind], row.version,
             row.committee, row.title)
            for row in rows
        ),
    )  # fmt: skip


def _row_json(row: "RoomRow") -> dict[str, Any]:
    return {
        "document": row.id,
        "kind": row.kind,
        "title": row.title,
        "day": row.day,
        "unread": row.unread,
        "version": row.version,
        "media": row.media,
        "committee": row.committee,
        "in_title": row.in_title,
    }


# --- one document -------------------------------------------------------------------------


def show(document: DocumentId, version: Number = None, as_json: Json = False) -> None:
    from services import documents

    with office() as here:
        page = here.desk.read(documents.page, document)
        said = here.desk.read(documents.text, document, version)
        if said.media != "file":
            here.desk.write(documents.mark_read, document, version)
    if as_json:
        shown = None if said.media == "file" else said.text
        print_json({**_page_json(page), "shown": said.number, "cut": said.cut, "text": shown})
        return
    _print_page(page)
    print_line()
    if said.media == "file":
        print_line(
            say("To have the file: trousseau document get %(number)s -o FILE", number=document)
        )
    for line in said.text.split("\n") if said.text else ():
        print_line(line)
    if said.cut:
        tell(
            say("That is not all of it: trousseau document get %(number)s -o FILE", number=document)
        )


def _page_json(page: "DocumentPage") -> dict[str, Any]:
    return {
        "document": page.id,
        "kind": page.kind,
        "title": page.title,
        "language": page.language,
        "day": page.dated_on,
        "committee": page.committee,
        "unread": page.unread,
        "published_at": page.published_at,
        "withdrawn_at": page.withdrawn_at,
        "versions": [
            {
                "version": each.number,
                "file": each.file_name,
                "media": each.media,
                "bytes": each.size,
                "note": each.note,
                "published_at": each.published_at,
                "withdrawn_at": each.withdrawn_at,
                "read": each.read,
            }
            for each in page.versions
        ],
    }


def _print_page(page: "DocumentPage") -> None:
    from services.documents import KIND_WORDS

    parts = (KIND_WORDS[page.kind].text(), f"{page.dated_on:%d/%m/%Y}", page.committee)
    print_line(page.title)
    print_line(", ".join(part for part in parts if part))
    if page.withdrawn_at is not None:
        print_line(say("Withdrawn on %(when)s", when=page.withdrawn_at.astimezone()))
    print_table(
        (_("Version"), _("Published"), _("File"), _("Bytes"), _("What is new")),
        (
            (each.number, each.published_at, each.file_name, each.size, each.note)
            for each in page.versions
        ),
    )


def get(document: DocumentId, output: Output, version: Number = None) -> None:
    from services import documents

    with office() as here:
        found = here.desk.read(documents.contents, document, version)
        _hand_out(found, output)
        here.desk.write(documents.mark_read, document, version)


def fetch(code: Code, output: Output) -> None:
    from services import document_codes
    from tui.ssh import log
    from tui.state import state_folder

    with office() as here:
        entrance = here.entrance()
        found = document_codes.fetch(entrance, code)
        log.record(
            state_folder(os.environ),
            here.desk.now(),
            "fetched",
            origin=entrance.origin,
            version=found.version_id,
        )
        _hand_out(found.contents, output)


def _hand_out(found: "DocumentContents", output: Path) -> None:
    if str(output) == "-":
        _print_contents(found)
        return
    write_private(output, found.contents)
    tell(say("The file is %(file)s.", file=str(output)))


def _print_contents(found: "DocumentContents") -> None:
    """Write the bytes as they are, but to a terminal nothing that it would obey."""
    if not sys.stdout.isatty():
        sys.stdout.flush()
        sys.stdout.buffer.write(found.contents)
        sys.stdout.buffer.flush()
        return
    from services.document_files import shown

    if found.media == "file":
        raise FileRefused(say("This file is not for a terminal: send it into a file with > FILE"))
    for line in shown(found.contents, found.media)[0].split("\n"):
        print_line(line)
