"""What a start of the program loads, asked of fresh interpreters, and what it must not.

What is named here has been measured: each costs a start milliseconds for nothing that the
person sees.
"""

import ast
import subprocess
import sys
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path

import pytest
from typer.main import get_command

from tui.cli.names import HELP, MODULES
from tui.cli.program import _program
from tui.command_line import run
from tui.preload import LIBRARIES

ROOT = Path(__file__).parents[2]
OURS = ("models", "services", "screens", "tui")


def loaded_by(program: str, arguments: Sequence[str] = (), *options: str) -> set[str]:
    """Return the modules that a fresh interpreter has loaded after running some lines."""
    lines = (
        f"import sys\nsys.argv = ['trousseau', *{list(arguments)!r}]\n"
        f"try:\n    exec({program!r})\nexcept SystemExit:\n    pass\n"
        "print('\\nloaded', *sys.modules)\n"
    )
    found = subprocess.run(
        [sys.executable, "-I", *options, "-c", lines],
        cwd=ROOT,
        capture_output=True,
        text=True,
        timeout=50,
    )
    assert found.returncode == 0, found.stderr
    return set(found.stdout.rpartition("\nloaded ")[2].split())


#: What no start but that of a session may load, and why.
DATA = {
    "sqlalchemy": "the data layer takes longer to load than all the rest",
    "sqlmodel": "the data layer",
    "pydantic_settings": "the settings are read with the data layer",
    "alembic": "tables are made once in the life of an installation",
    "models.base": "the tables",
    "services.desk": "the services",
    "psycopg": "a database",
    "pysqlite3": "a database",
    "sqlite3": "a database",
}
SELDOM = {
    "argon2": "passwords are looked at when one has been typed",
    "cryptography": "nobody votes",
    "babel": "sentences come from gettext",
    "dateutil": "the calendar's",
    "defusedxml": "no server has answered",
    "email": "mails are neither written nor read",
    "fpdf": "nothing is printed",
    "hashlib": "OpenSSL comes with it",
    "holidays": "no date is asked for",
    "http": "no server is asked",
    "icalendar": "no calendar file is written",
    "importlib.metadata": "it reads what every library says of itself",
    "markdown_it": "no document is opened",
    "multiprocessing": "processes are forked by hand",
    "openpyxl": "no file is read",
    "platformdirs.android": "this is none",
    "secrets": "OpenSSL comes with it",
    "services.bigbluebutton": "no meeting is opened",
    "sqlite3": "the library of another is used",
    "unittest": "a test's",
}
SCREEN = {
    "textual": "nothing is painted",
    "rich": "nothing is painted",
    "screens": "nothing is painted",
    "asyncio": "nothing is waited for",
}
COMMANDS = {
    "typer": "the library of the command line, for what has no arguments",
    "argparse": "the same of Python",
    "tui.cli.imports": "a command that was not asked for",
    "tui.cli.mail": "a command that was not asked for",
}
#: What only other screens need.
OTHER_SCREENS = {
    "rich.markdown": "no text is marked up",
    "rich.progress": "our own line is used",
    "rich.traceback": "no place of a mistake is shown",
    "screens.dashboard": "another screen",
    "screens.help": "another screen",
    "screens.opening": "another screen",
    "screens.progress": "another screen",
    "screens.widgets.filter": "another screen's",
    "screens.widgets.table": "another screen's",
    "services.imports": "the services",
    "textual.command": "the palette is switched off",
    "textual.system_commands": "the palette is switched off",
    "textual.widgets._directory_tree": "the palette's",
    "textual.widgets._markdown": "no text is marked up",
    "textual.widgets._option_list": "the palette's",
    "textual.widgets._select": "the palette's",
    "textual.widgets._tree": "the palette's",
    "tui.ssh": "nobody has come in",
}
#: What `collections.abc` brings with it.
OF_TWO_TYPES = {
    "_collections", "_operator", "collections", "collections.abc", "itertools", "keyword",
    "operator", "reprlib",
}  # fmt: skip
MAIN = "from tui.command_line import main; main()"


def offenders(loaded: set[str], *forbidden: Mapping[str, str]) -> dict[str, str]:
    """Return what was loaded of what must not be, and why not."""
    why = {name: reason for each in forbidden for name, reason in each.items()}
    return {
        name: why[root]
        for name in sorted(loaded)
        for root in why
        if name == root or name.startswith(f"{root}.")
    }


def test_an_offender_is_named() -> None:
    loaded = loaded_by("import sqlite3, rich.text")
    found = offenders(loaded, DATA, SCREEN)
    assert found["sqlite3"] == DATA["sqlite3"]
    assert found["rich.text"] == SCREEN["rich"]


def test_the_version_loads_nothing_but_itself() -> None:
    more = loaded_by(MAIN, ["--version"]) - loaded_by("pass")
    assert more <= {"tui", "tui.command_line", "tui.collector", "gc", *OF_TWO_TYPES}


@pytest.mark.parametrize(
    "arguments",
    [["--help"], ["-h"], ["nothing"], ["--nothing"]],
)
def test_help_and_a_mistake_load_neither_screens_nor_data(arguments: list[str]) -> None:
    loaded = loaded_by(MAIN, arguments)
    others = {name: why for name, why in COMMANDS.items() if name.startswith("tui.")}
    assert offenders(loaded, DATA, SELDOM, SCREEN, others, {"pydantic": "no value is read"}) == {}


@pytest.mark.parametrize(
    "arguments",
    [
        ["plan", "show", "many"],
        ["plan"],
        ["plan", "nothing"],
        ["access"],
        ["demo", "--nothing"],
        ["workshop"],
        ["election"],
        ["workshop", "check-date", "many", "--school", "4321"],
    ],
)
def test_a_mistake_after_a_command_loads_neither_screens_nor_data(arguments: list[str]) -> None:
    # Typer reads values by pydantic, and that asks what every library says of itself.
    assert offenders(loaded_by(MAIN, arguments), DATA, SCREEN) == {}


def test_an_unknown_command_is_refused_as_typer_would(capsys: pytest.CaptureFixture[str]) -> None:
    assert run(["invit", "--limit"]) == 2
    ours = capsys.readouterr().err
    with pytest.raises(SystemExit) as end:
        get_command(_program("")).main(args=["invit", "--limit"], prog_name="trousseau")
    assert end.value.code == 2
    assert capsys.readouterr().err == ours


@pytest.mark.parametrize("arguments", [[], ["demo"]])
def test_no_terminal_is_told_before_anything_is_loaded(arguments: list[str]) -> None:
    assert offenders(loaded_by(MAIN, arguments), DATA, SELDOM, SCREEN, COMMANDS) == {}


@pytest.mark.parametrize("asked", ["", "rm -rf /"])
def test_ssh_refuses_before_anything_is_loaded(asked: str) -> None:
    program = f"import os; os.environ['SSH_ORIGINAL_COMMAND'] = {asked!r}"
    loaded = loaded_by(f"{program}; from tui.ssh.__main__ import main; main()")
    assert offenders(loaded, DATA, SCREEN, COMMANDS) == {}


#: `prepare` is called behind the first picture: what is loaded by then was loaded before it.
FIRST_PICTURE = """
from tui.command_line import main
from tui import collector
collector.hold()
from tui.light import load_textual
load_textual()
import os, sys
from screens.sign_in import SignInScreen
from tui.console import _console
from tui.door import Door

class Watched(Door):
    def prepare(self):
        print("\\nloaded", *sys.modules, file=sys.__stdout__, flush=True)
        os._exit(0)

door = Watched()
_console(lambda: SignInScreen(door), door).run(headless=True)
"""


def test_the_sign_in_screen_is_painted_before_anything_else_is_loaded() -> None:
    loaded = loaded_by(FIRST_PICTURE)
    assert "screens.sign_in" in loaded
    assert offenders(loaded, DATA, SELDOM, COMMANDS, OTHER_SCREENS, {"pydantic": "data"}) == {}


#: What the data layer is loaded with where the database is SQLite's.
DASHBOARD = """
import screens.dashboard, screens.workplace, services.demo_guests, services.opening, tui.settings
import services.sign_in
from models.database import make_engine
from sqlalchemy.orm import configure_mappers
configure_mappers()
"""


def test_a_database_of_sqlite_needs_nothing_of_the_other() -> None:
    others = {
        "alembic": DATA["alembic"],
        "sqlalchemy.dialects.postgresql": "an index or a statement names the other database",
    }
    loaded = loaded_by(DASHBOARD)
    assert "sqlalchemy.dialects.sqlite" in loaded
    assert offenders(loaded, others) == {}


#: What is there in every interpreter that has no site, or is built in.
_BUILT_IN = {
    "_collections_abc", "_socket", "_stat", "genericpath", "os", "os.path", "posixpath", "select",
    "stat", "termios",
}  # fmt: skip


def test_who_waits_for_a_session_holds_next_to_nothing() -> None:
    program = f"sys.path.append({str(ROOT)!r}); import tui.serve.calling"
    more = loaded_by(program, (), "-S") - loaded_by("pass", (), "-S")
    ours = {"tui", "tui.serve", "tui.serve.calling", "tui.serve.messages"}
    assert more - _BUILT_IN == ours


def test_whoever_asks_for_the_palette_later_gets_the_real_one() -> None:
    program = (
        "from tui.light import load_textual; load_textual()\n"
        "import textual.app, textual.command as real\n"
        "assert real.CommandPalette is not textual.app.CommandPalette\n"
        "assert issubclass(real.CommandPalette, textual.app.Screen)\n"
        "from tui.app import TrousseauApp\n"
        "assert not TrousseauApp.ENABLE_COMMAND_PALETTE\n"
    )
    assert "textual.command" in loaded_by(program)


def test_every_command_is_named_where_it_is_defined() -> None:
    assert HELP.keys() == MODULES.keys()
    for name in HELP:
        program = _program(name)
        named = {command.name for command in program.registered_commands}
        groups = {group.name for group in program.registered_groups}
        assert named | groups == HELP.keys()
        defined = [c for c in program.registered_commands if c.name == name and c.callback]
        assert name in groups or defined[0].callback.__module__ == MODULES[name]


class TestPreload:
    def test_it_loads_whatever_our_functions_load_by_themselves(self) -> None:
        known = loaded_by("from tui.preload import load_everything\nload_everything()")
        # No session makes tables, and sqlite3 stands in where its better copy is missing.
        not_needed = ("alembic", "sqlite3")
        missing = {
            name
            for name in loaded_late()
            if name.split(".")[0] not in not_needed and not name.endswith(".__main__")
        }
        assert missing - known == set()

    def test_it_names_nothing_for_no_reason(self) -> None:
        late = {name.split(".")[0] for name in loaded_late()} | {"sqlalchemy", "textual", "typer"}
        assert {name.split(".")[0] for name in LIBRARIES} <= late


def loaded_late() -> Iterator[str]:
    """Yield the modules that a function of ours imports."""
    for package in OURS:
        for path in (ROOT / package).rglob("*.py"):
            if "migrations" not in path.parts:
                for node in ast.walk(ast.parse(path.read_text())):
                    if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef):
                        yield from _imports(node)


def _imports(function: ast.AST) -> Iterator[str]:
    for node in ast.walk(function):
        if isinstance(node, ast.Import):
            yield from (name.name for name in node.names)
        elif isinstance(node, ast.ImportFrom) and node.module:
            yield node.module
