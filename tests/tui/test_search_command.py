"""`trousseau search`, for people and for scripts."""

import io
import json
import sys
from pathlib import Path
from typing import Any

import pytest
from sqlalchemy import Engine

from tests.worlds import World, make_world
from tui.cli.files import LONGEST_LINE
from tui.command_line import run


@pytest.fixture
def world(sqlite_engine: Engine, home: Path, monkeypatch: pytest.MonkeyPatch) -> World:
    made = make_world(sqlite_engine)
    address = sqlite_engine.url.render_as_string(hide_password=False)
    monkeypatch.setenv("TROUSSEAU_DATABASE_URL", address)
    monkeypatch.setenv("TROUSSEAU_LANGUAGE", "en")
    return made


@pytest.fixture
def command(world: World, capsys: pytest.CaptureFixture[str]) -> Any:
    def call(*arguments: str) -> tuple[int, str]:
        capsys.readouterr()
        status = run(arguments)
        return status, capsys.readouterr().out

    return call


def test_words_find_people_for_scripts(world: World, command: Any) -> None:
    wanted = world.person(surname="Vandenbroeck", first_name="Élise", email="secret@ex.be")
    status, told = command("search", "elise", "vandenbrouck", "--json")
    (hit,) = json.loads(told)
    assert status == 0
    assert (hit["kind"], hit["id"], hit["person"]) == ("person", wanted.person, wanted.person)
    assert (hit["school"], hit["school_year"]) == (world.mine, world.year)
    assert {"title", "detail", "matched", "fit", "status", "access", "generation"} <= set(hit)
    assert "secret@" not in told


def test_words_find_schools_for_people(world: World, command: Any) -> None:
    status, told = command("search", "inst st exemple")
    assert status == 0
    assert "Institut Saint-Exemple" in told and "FASE number 9901" in told


def test_nothing_found_is_an_empty_list(command: Any) -> None:
    assert command("search", "zzzz", "--json") == (0, "[]\n")
    assert command("search", "%", "--json") == (0, "[]\n")


def test_a_limit_is_kept_and_checked(world: World, command: Any) -> None:
    world.people(5)
    _status, told = command("search", "membre", "--limit", "2", "--json")
    assert len(json.loads(told)) == 2
    assert command("search", "membre", "--limit", "0")[0] == 2


def test_a_line_of_standard_input_can_say_the_words(
    world: World, command: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    world.person(surname="Vandenbroeck", first_name="Élise")
    for line, found in (
        ("  élise vandenbrouck \r\nmembre\n".encode(), (0, "Vandenbroeck")),
        (b"elise\xff\x1b[2J vandenbroeck", (0, "Vandenbroeck")),
        (b"x" * (LONGEST_LINE + 1), (1, "")),
        (b" \n", (1, "")),
    ):
        monkeypatch.setattr(sys, "stdin", io.TextIOWrapper(io.BytesIO(line), encoding="utf-8"))
        status, told = command("search", "-")
        assert (status, found[1] in told) == (found[0], True), line[:40]
    monkeypatch.setattr(sys, "stdin", None)  # words that are given read nothing
    assert command("search", "-", "elise", "--json")[0] == 0
