"""A parent of trial sessions for each test, and one of real consoles for each module."""

import shutil
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.servers import make_folder
from tests.tui.serve.running import Serving, serving
from tui.serve import __main__ as parents


@pytest.fixture
def folder() -> Iterator[Path]:
    """A folder whose path is short enough for a socket's name."""
    folder = make_folder()
    yield folder
    shutil.rmtree(folder, ignore_errors=True)


@pytest.fixture
def trial(folder: Path) -> Iterator[Serving]:
    """A parent whose sessions do what is typed at them; `build` in its folder is its program."""
    build = folder / "build"
    build.write_text("one")

    def command(place: Path) -> list[str]:
        return [sys.executable, "-m", "tests.tui.serve.trial", str(place), str(build)]

    with serving(folder, command) as server:
        yield server


@pytest.fixture(scope="module")
def consoles() -> Iterator[Serving]:
    """A parent of real consoles, without an account in the database yet."""
    folder = make_folder()

    def command(place: Path) -> list[str]:
        return parents.command(str(place))

    with serving(folder, command) as server:
        yield server
    shutil.rmtree(folder, ignore_errors=True)
