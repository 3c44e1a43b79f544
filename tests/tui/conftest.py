"""What tests of the program stand on: a database it finds, its commands, its console."""

import io
import json
import sys
from typing import Any

import pytest
from sqlalchemy import Engine

from tests.screens.conftest import console
from tests.worlds import World, make_world
from tui.command_line import run

__all__ = ["console"]


def type_in(monkeypatch: pytest.MonkeyPatch, content: bytes) -> None:
    """Let standard input be a file of that content, as a pipe would give it."""
    monkeypatch.setattr(sys, "stdin", io.TextIOWrapper(io.BytesIO(content), encoding="utf-8"))


@pytest.fixture
def served(sqlite_engine: Engine, monkeypatch: pytest.MonkeyPatch) -> Engine:
    """The database that `trousseau` works on; it speaks English there."""
    address = sqlite_engine.url.render_as_string(hide_password=False)
    monkeypatch.setenv("TROUSSEAU_DATABASE_URL", address)
    monkeypatch.setenv("TROUSSEAU_LANGUAGE", "en")
    return sqlite_engine


@pytest.fixture
def world(served: Engine) -> World:
    """Two schools in the database that `trousseau` works on."""
    return make_world(served)


@pytest.fixture
def command(capsys: pytest.CaptureFixture[str]) -> Any:
    """Run `trousseau …`; return status, standard output and standard error."""

    def call(*arguments: str) -> tuple[int, str, str]:
        capsys.readouterr()
        status = run(arguments)
        said = capsys.readouterr()
        return status, said.out, said.err

    return call


@pytest.fixture
def as_json(command: Any) -> Any:
    """Run a command with --json and return its one value."""

    def call(*arguments: str, status: int = 0) -> Any:
        ended, out, err = command(*arguments, "--json")
        assert ended == status, err
        return json.loads(out)

    return call
