"""The options that several commands share. A help text is a message id, translated when shown."""

from typing import Annotated

import typer

from models.language import N_

School = Annotated[
    str,
    typer.Option(
        "--school",
        metavar="FASE",
        help=N_("The school's FASE number, or SOURCE:IDENTIFIER for a school that has none."),
    ),
]
OptionalSchool = Annotated[
    str | None,
    typer.Option(
        "--school",
        metavar="FASE",
        help=N_("The school's FASE number, or SOURCE:IDENTIFIER for a school that has none."),
    ),
]
Year = Annotated[
    str | None,
    typer.Option(
        "--year", metavar="2026-2027", help=N_("The school year; by default the present one.")
    ),
]
Json = Annotated[bool, typer.Option("--json", help=N_("Print one JSON value and nothing else."))]
People = Annotated[
    list[int] | None,
    typer.Option(
        "--person",
        metavar="ID",
        help=N_("Only this person, by the number that lists show; may be repeated."),
    ),
]
DryRun = Annotated[
    bool, typer.Option("--dry-run", help=N_("Compute and show the plan; change nothing else."))
]
Confirm = Annotated[
    str,
    typer.Option(
        "--confirm",
        metavar="NUMBER",
        help=N_("The number that a plan asks for before it changes much of a school."),
    ),
]
WorkshopReference = Annotated[
    str,
    typer.Argument(metavar="REFERENCE", help=N_("The workshop’s reference, as in its mails.")),
]
DocumentId = Annotated[
    int, typer.Argument(metavar="ID", help=N_("The document’s number, as in the list."))
]
PlanId = Annotated[int, typer.Argument(metavar="ID", help=N_("The number of the plan."))]


def group(app: typer.Typer, name: str, sentence: str) -> typer.Typer:
    """Add a group of commands to `app` and return it."""
    made = typer.Typer(
        no_args_is_help=True, add_completion=False, rich_markup_mode=None, help=sentence
    )
    app.add_typer(made, name=name)
    return made
