"""`trousseau demo`, as the command line knows it; what it does is in `tui.demonstration`."""

from typing import Annotated

import typer

from models.language import N_
from tui.cli.names import HELP
from tui.demonstration import DEFAULT_ROLE, ROLES, demonstrate

Role = Annotated[
    str,
    typer.Option(
        "--role", metavar="R", help=N_("helpdesk, director, coordinator, head or parent.")
    ),
]


def register(app: typer.Typer) -> None:
    app.command("demo", help=HELP["demo"])(demo)


def demo(role: Role = DEFAULT_ROLE) -> None:
    if role not in ROLES:
        raise typer.BadParameter(", ".join(ROLES), param_hint="--role")
    raise typer.Exit(demonstrate(role))
