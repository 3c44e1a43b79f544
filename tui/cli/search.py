"""`trousseau search`: anybody and anything that a caller names, the best match first."""

from typing import TYPE_CHECKING, Annotated, Any

import typer

from models.language import N_, _, say
from tui.cli.files import words_given
from tui.cli.names import HELP
from tui.cli.office import office
from tui.cli.options import Json
from tui.cli.output import print_json, print_table, tell

if TYPE_CHECKING:
    from services.search import Hit

_MOST = 50
Words = Annotated[
    list[str],
    typer.Argument(
        metavar="WORDS",
        help=N_(
            "A name, an address, a school, a number, a token or a reference. “-” alone reads "
            "them from standard input, one line: a token does not belong on a command line."
        ),
    ),
]
Limit = Annotated[int, typer.Option("--limit", min=1, max=_MOST, help=N_("At most so many."))]


def register(app: typer.Typer) -> None:
    app.command("search", help=HELP["search"])(search)


def search(words: Words, limit: Limit = 12, as_json: Json = False) -> None:
    from services import search as service

    with office() as here:
        hits = here.desk.read(service.search, words_given(words), limit, here.key())
    if as_json:
        print_json([_as_json(hit) for hit in hits])
        return
    if not hits:
        tell(say("Nobody and nothing is found."))
        return
    headings = (_("Kind"), _("No."), _("Name"), _("Where"), _("Status"), _("Found by"))
    print_table(
        headings,
        (
            (
                service.KIND_WORDS[hit.kind], hit.id, hit.title, hit.detail,
                hit.status_words or "", hit.matched,
            )
            for hit in hits
        ),
    )  # fmt: skip


def _as_json(hit: "Hit") -> dict[str, Any]:
    return {
        "kind": hit.kind,
        "id": hit.id,
        "title": str(hit.title),
        "detail": str(hit.detail),
        "matched": str(hit.matched),
        "fit": hit.fit,
        "status": hit.status,
        "person": hit.person_id,
        "school": hit.school_id,
        "school_year": hit.school_year_id,
        "access": hit.access_id,
        "schools": hit.schools,
        "generation": hit.generation,
    }
