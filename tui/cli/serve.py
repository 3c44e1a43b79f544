"""`trousseau serve`: the parent of the sessions over SSH, for systemd."""

import os
import sys
from collections.abc import Mapping
from pathlib import Path
from typing import Annotated

import typer

from tui.cli.names import HELP
from tui.state import state_folder

#: What of the environment goes on: of our own settings none, for some are secret.
_KEPT = ("PATH", "HOME", "TZ", "NOTIFY_SOCKET", "WATCHDOG_USEC", "WATCHDOG_PID")
Place = Annotated[Path | None, typer.Argument(metavar="[SOCKET]", show_default=False)]


def register(app: typer.Typer) -> None:
    app.command("serve", help=HELP["serve"])(serve)


def serve(place: Place = None) -> None:
    """Become the parent, in a process that has never seen a setting."""
    from tui.serve.__main__ import command

    place = (place or usual_place(os.environ)).absolute()
    kept = {name: os.environ[name] for name in _KEPT if name in os.environ}
    os.execve(sys.executable, command(str(place)), kept)


def usual_place(environment: Mapping[str, str]) -> Path:
    """Return the socket in the folder that systemd makes, else in the one of the state."""
    folder = environment.get("RUNTIME_DIRECTORY", "").partition(":")[0]
    return (Path(folder) if folder else state_folder(environment) / "serve") / "console"
