"""`trousseau diagnose`, for people and for scripts."""

import json
from typing import Any

import pytest

from models.invitations import TOKEN_PURPOSE
from models.tokens import make_token
from tests.tui.conftest import type_in
from tests.worlds import World
from tui.cli.office import office


def test_scripts_read_cause_sentence_and_remedy(world: World, command: Any) -> None:
    world.person(surname="Signé")
    wanted = world.person(surname="Vandenbroeck", email="secret@gmial.com", consent=False)
    status, told, _err = command("diagnose", "vandenbrouk", "--json")
    found = json.loads(told)
    assert status == 0 and "secret@" not in told
    assert (found["kind"], found["id"]) == ("person", wanted.person)
    assert [each["cause"] for each in found["findings"]] == ["no_consent", "typing_error"]
    first = found["findings"][0]
    assert (first["number"], first["remedy"]["code"]) == (1, "print_form")
    assert first["remedy"]["needs"]["person_id"] == wanted.person
    assert "signed" in first["tell"]["en"] and first["tell"]["fr"]
    assert [each["status"] for each in found["standing"]] == ["no_consent"]


def test_people_read_what_to_tell(world: World, command: Any) -> None:
    world.person(surname="Vandenbroeck", email="secret@ex.be", consent=False)
    status, told, _err = command("diagnose", "vandenbroeck", "--school", "9901")
    assert status == 0 and "secret@" not in told
    assert "Nothing was sent to anybody" in told


def test_an_address_is_not_repeated(world: World, command: Any) -> None:
    world.person(surname="Vandenbroeck", email="secret@ex.be", consent=False)
    for asked in ("secret@ex.be", "secrett@ex.be"):
        for more in ((), ("--json",)):
            status, told, _err = command("diagnose", asked, *more)
            assert status == 0 and "secret" not in told


def test_who_is_not_found_is_refused(world: World, command: Any) -> None:
    assert command("diagnose", "zzzzzz")[0] == 1
    world.person(surname="Vandenbroeck")
    assert command("diagnose", "vandenbroeck", "--school", "9902")[0] == 1


def test_a_sentence_is_whole_and_within_the_line(world: World, command: Any) -> None:
    world.person(surname="Signé")
    world.person(surname="Vandenbroeck", consent=False)
    _status, told, _err = command("diagnose", "vandenbroeck", "--json")
    (finding,) = json.loads(told)["findings"]
    _status, told, _err = command("diagnose", "vandenbroeck")
    assert max(map(len, told.splitlines())) <= 80 < len(finding["tell"]["en"])
    assert finding["tell"]["en"] in " ".join(told.split())
    assert finding["remedy"]["label"] in told


def test_who_may_have_been_meant_as_well_is_named(world: World, command: Any) -> None:
    first, second = world.person(surname="Nguyen"), world.person(surname="Nguyen")
    world.person(surname="Nguyenne")
    _status, told, _err = command("diagnose", "nguyen", "--json")
    found = json.loads(told)
    assert {found["id"], *(each["id"] for each in found["others"])} == {first.person, second.person}
    assert "May have been meant just as well" in command("diagnose", "nguyen")[1]
    assert "just as well" not in command("diagnose", "nguyenne")[1]


def test_a_token_is_read_from_standard_input(
    world: World, command: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    wanted = world.person(surname="Vandenbroeck")
    with office() as here:
        token = make_token(here.key(), TOKEN_PURPOSE, wanted.access, 1)
    type_in(monkeypatch, f"{token}\n".encode())
    status, told, _err = command("diagnose", "-", "--json")
    assert (status, json.loads(told)["kind"]) == (0, "token")
    assert token not in told
