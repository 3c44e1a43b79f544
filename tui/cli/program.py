"""The commands as Typer knows them: the one that is asked for, and of the others the names."""

from collections.abc import Sequence
from importlib import import_module
from typing import Annotated, Any

import typer

from models.language import N_, _
from tui import __version__
from tui.cli.names import HELP, MODULES

PROGRAM = "trousseau"


def _show_version(asked: bool) -> None:
    if asked:
        print(PROGRAM, __version__)
        raise typer.Exit


Version = Annotated[
    bool,
    typer.Option("--version", is_eager=True, callback=_show_version, help=N_("Print the version.")),
]


def answer(arguments: Sequence[str]) -> Any:
    """Run a command and return or raise, as `SystemExit`, its exit status."""
    asked = _first_word(arguments)
    command = _translated(typer.main.get_command(_program(asked)))
    if asked not in MODULES and [asked] == list(arguments[:1]):
        return _refuse(command, arguments)
    return command.main(args=list(arguments), prog_name=PROGRAM, standalone_mode=True)


def _refuse(command: Any, arguments: Sequence[str]) -> int:
    """Say that there is no such command, in Typer's words, and return the exit status.

    Typer itself would first read the options that were not given, and load pydantic for it,
    which takes as long as all the rest.
    """
    with command.context_class(command, info_name=PROGRAM, **command.context_settings) as context:
        try:
            command.resolve_command(context, list(arguments))
        except typer.TyperException as error:
            refusal: Any = error  # that it can show itself is not said of the common class
            refusal.show()
            return int(refusal.exit_code)
    raise LookupError("a command that is not named was found")


def _first_word(arguments: Sequence[str]) -> str:
    """Return the command that is asked for: no option that stands before one takes a value."""
    return next((word for word in arguments if not word.startswith("-")), "")


def _program(asked: str) -> typer.Typer:
    """Return the program with one of its commands defined and the others named."""
    program = typer.Typer(
        name=PROGRAM,
        help=N_("Open and close the accounts of a school's team; with no command, the console."),
        add_completion=False,
        rich_markup_mode=None,
        pretty_exceptions_enable=False,
        context_settings={"help_option_names": ["-h", "--help"]},
    )
    program.callback(invoke_without_command=True)(_console)
    module = MODULES.get(asked)
    for name, purpose in HELP.items():
        if MODULES[name] != module:
            program.command(name, help=purpose)(_named_only)
    if module is not None:
        import_module(module).register(program)
    return program


def _named_only() -> None:
    raise LookupError("a command was run that is not the one that was asked for")


def _console(context: typer.Context, version: Version = False) -> None:
    if context.invoked_subcommand is None:
        from tui.console import open_console

        raise typer.Exit(open_console())


def _translated(command: Any) -> Any:
    """Put the help of a command and of all below it into the current language."""
    for part in (command, *command.params):
        if getattr(part, "help", None):
            part.help = _(part.help)
    for below in getattr(command, "commands", {}).values():
        _translated(below)
    return command
