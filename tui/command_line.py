"""The program's entry point: `trousseau`, and the commands of DESIGN §7.

`--help`, `--version` and usage errors are answered without Textual and without the data
layer: every command imports what it needs when it runs. Exit 0 done, 1 refused or failed
(the reason on standard error), 2 usage, 130 stopped with Ctrl+C.
"""

import os
import sys
from collections.abc import Sequence
from datetime import UTC, datetime
from typing import Annotated, Any

import typer

from models.errors import TrousseauError
from models.language import LANGUAGES, N_, _, say, use_language
from tui.appearance import appearance
from tui.cli import (
    access,
    accounts,
    consents,
    database,
    demo,
    families,
    imports,
    mail,
    nightly,
    plans,
)
from tui.cli.output import tell
from tui.environment import NoTerminal, require_terminal, tidy
from tui.settings_file import VARIABLE, take_settings

PROGRAM = "trousseau"

_app = typer.Typer(
    name=PROGRAM,
    help=N_("Open and close the accounts of a school's team; with no command, the console."),
    add_completion=False,
    rich_markup_mode=None,
    pretty_exceptions_enable=False,
    context_settings={"help_option_names": ["-h", "--help"]},
)


def _show_version(asked: bool) -> None:
    if asked:
        from importlib.metadata import version

        print(PROGRAM, version(PROGRAM))
        raise typer.Exit


Version = Annotated[
    bool,
    typer.Option("--version", is_eager=True, callback=_show_version, help=N_("Print the version.")),
]


@_app.callback(invoke_without_command=True)
def _console(context: typer.Context, version: Version = False) -> None:
    if context.invoked_subcommand is None:
        require_terminal()
        from tui.console import open_console

        raise typer.Exit(open_console())


for commands in (
    imports,
    plans,
    access,
    consents,
    families,
    mail,
    nightly,
    accounts,
    database,
    demo,
):
    commands.register(_app)


def main() -> None:
    """Run the command line of this process and end it with its exit status."""
    if VARIABLE in os.environ:
        try:
            take_settings(os.environ)
        except (OSError, ValueError):
            sys.exit("trousseau: the file of TROUSSEAU_SETTINGS cannot be read")
    tidy(os.environ)
    sys.exit(run(sys.argv[1:]))


def run(arguments: Sequence[str]) -> int:
    """Run one command and return its exit status; what it says goes to the standard streams."""
    use_language(language(os.environ))
    command = _translated(typer.main.get_command(_app))
    try:
        command.main(args=list(arguments), prog_name=PROGRAM, standalone_mode=True)
    except SystemExit as end:
        return _status(end.code)
    except TrousseauError as error:
        tell(error.wording)
    except NoTerminal:
        tell(_("The console needs a terminal. Over SSH, ask for one: ssh -t"))
    except KeyboardInterrupt:
        return 130
    except BrokenPipeError:  # whoever read our output has read enough
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
    except Exception as error:
        _tell_crash(error, arguments)
    return 1


def _status(code: Any) -> int:
    if code is None or isinstance(code, int):
        return code or 0
    return 1


def language(environ: Any) -> str:
    """Return the language of TROUSSEAU_LANGUAGE, else the one of the locale, else French."""
    if environ.get("TROUSSEAU_LANGUAGE", "").strip():
        return appearance(environ).language
    locale = next(
        (environ[name] for name in ("LC_ALL", "LC_MESSAGES", "LANG") if environ.get(name)), ""
    )
    prefix = locale[:2].lower()
    return prefix if prefix in LANGUAGES else appearance(environ).language


def _translated(command: Any) -> Any:
    """Put the help of a command and of all below it into the current language."""
    for part in (command, *command.params):
        if getattr(part, "help", None):
            part.help = _(part.help)
    for below in getattr(command, "commands", {}).values():
        _translated(below)
    return command


def _tell_crash(error: Exception, arguments: Sequence[str]) -> None:
    """Say one sentence and a number; type, places and the command's name go to the log."""
    from tui import crash
    from tui.state import state_folder

    words = [word for word in arguments[:2] if word.isalpha()]
    reference = crash.record(
        error, state_folder(os.environ), datetime.now(UTC), command=" ".join(words)
    )
    tell(
        say(
            "This did not work, by a mistake in the program. "
            "Tell the helpdesk this number: %(number)s",
            number=reference,
        )
    )
