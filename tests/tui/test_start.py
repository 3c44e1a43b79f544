"""What a start of the program loads, asked of fresh interpreters, and what it must not.

What is named here has been measured: each costs a start milliseconds for nothing that the
person sees.
"""

import ast
import subprocess
import sys
from collections.abc import Iterator, Sequence
from pathlib import Path

from tui.cli.names import HELP, MODULES
from tui.cli.program import _program
from tui.preload import LIBRARIES

ROOT = Path(__file__).parents[2]
OURS = ("models", "services", "screens", "tui")


def loaded_by(program: str, arguments: Sequence[str] = ()) -> set[str]:
    """Return the modules that a fresh interpreter has loaded after running some lines."""
    lines = (
        f"import sys\nsys.argv = ['trousseau', *{list(arguments)!r}]\n"
        f"try:\n    exec({program!r})\nexcept SystemExit:\n    pass\n"
        "print('\\nloaded', *sys.modules)\n"
    )
    found = subprocess.run(
        [sys.executable, "-I", "-c", lines], cwd=ROOT, capture_output=True, text=True, timeout=50
    )
    assert found.returncode == 0, found.stderr
    return set(found.stdout.rpartition("\nloaded ")[2].split())


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
        missing = {name for name in loaded_late() if name.split(".")[0] not in not_needed} - known
        assert missing == set()

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
