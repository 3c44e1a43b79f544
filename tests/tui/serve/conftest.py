"""Parents of trial sessions, one for each test or module, and of real consoles."""

import os
import shutil
import signal
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

from tests.servers import make_folder
from tests.tui.serve.running import Serving, serving, until
from tui.serve import __main__ as parents


@pytest.fixture
def folder() -> Iterator[Path]:
    """A folder whose path is short enough for a socket's name."""
    folder = make_folder()
    yield folder
    shutil.rmtree(folder, ignore_errors=True)


@contextmanager
def _trial(folder: Path) -> Iterator[Serving]:
    build = folder / "build"
    build.write_text("one")

    def command(place: Path) -> list[str]:
        return [sys.executable, "-m", "tests.tui.serve.trial", str(place), str(build)]

    with serving(folder, command) as server:
        yield server


@pytest.fixture
def trial(folder: Path) -> Iterator[Serving]:
    """A parent whose sessions do what is typed at them; `build` in its folder is its program."""
    with _trial(folder) as server:
        yield server


@pytest.fixture(scope="module")
def _lasting() -> Iterator[Serving]:
    folder = make_folder()
    with _trial(folder) as server:
        yield server
    shutil.rmtree(folder, ignore_errors=True)


@pytest.fixture
def steady(_lasting: Serving) -> Iterator[Serving]:
    """Such a parent for tests that only come and go: one for all of a module, as it would be.

    Each finds it without a session, and must leave it as it was, and serving.
    """
    before = sorted(_lasting.descriptors())
    assert not _lasting.children()
    try:
        yield _lasting
        until(lambda: not _lasting.children(), "no session left")
        until(lambda: sorted(_lasting.descriptors()) == before, "nothing left open")
        assert not _lasting.ended
    finally:
        for process in _lasting.children():
            os.kill(process, signal.SIGKILL)


@pytest.fixture(scope="module")
def consoles() -> Iterator[Serving]:
    """A parent of real consoles, without an account in the database yet."""
    folder = make_folder()

    def command(place: Path) -> list[str]:
        return parents.command(str(place))

    with serving(folder, command) as server:
        yield server
    shutil.rmtree(folder, ignore_errors=True)
