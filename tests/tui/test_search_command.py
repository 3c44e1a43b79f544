"""`trousseau search`, for people and for scripts."""

import json
import sys
from typing import Any

import pytest

from tests.tui.conftest import type_in
from tests.worlds import World
from tui.cli.files import LONGEST_LINE


def test_words_find_people_for_scripts(world: World, command: Any) -> None:
    wanted = world.person(surname="Vandenbroeck", first_name="Élise", email="secret@ex.be")
    status, told, _err = command("search", "elise", "vandenbrouck", "--json")
    (hit,) = json.loads(told)
    assert status == 0
    assert (hit["kind"], hit["id"], hit["person"]) == ("person", wanted.person, wanted.person)
    assert (hit["school"], hit["school_year"]) == (world.mine, world.year)
    assert {"title", "detail", "matched", "fit", "status", "access", "generation"} <= set(hit)
    assert "secret@" not in told


def test_words_find_schools_for_people(world: World, command: Any) -> None:
    status, told, _err = command("search", "inst st exemple")
    assert status == 0
    assert "Institut Saint-Exemple" in told and "FASE number 9901" in told


def test_nothing_found_is_an_empty_list(world: World, as_json: Any) -> None:
    assert as_json("search", "zzzz") == []
    assert as_json("search", "%") == []


def test_a_limit_is_kept_and_checked(world: World, command: Any) -> None:
    world.people(5)
    _status, told, _err = command("search", "membre", "--limit", "2", "--json")
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
        type_in(monkeypatch, line)
        status, told, _err = command("search", "-")
        assert (status, found[1] in told) == (found[0], True), line[:40]
    monkeypatch.setattr(sys, "stdin", None)  # words that are given read nothing
    assert command("search", "-", "elise", "--json")[0] == 0
