"""`trousseau election`: what scripts rely on, what people read, and a list counted anew."""

import hashlib
import json
from functools import partial
from pathlib import Path
from typing import Any

import pytest
from sqlalchemy import Engine

from models.keys import load_key
from services.election_recount import recount
from tests.services.election_world import CLOSES, Scrutin, make_scrutin
from tui.cli import office
from tui.settings import load_settings


@pytest.fixture
def scrutin(served: Engine, monkeypatch: pytest.MonkeyPatch) -> Scrutin:
    folders = load_settings().folders
    folders.create()
    made = make_scrutin(served, 4, key=load_key(folders.key_file))
    monkeypatch.setattr(office, "now", made.world.clock)
    return made


@pytest.fixture
def voted(scrutin: Scrutin) -> int:
    """An election with five votes: one elected, two tied for the other seat."""
    election = scrutin.opened()
    for school, numbers in zip(scrutin.schools, ((1, 2), (1, 3), (1,)), strict=False):
        scrutin.cast(election, school, *numbers)
    scrutin.cast(election, scrutin.schools[3], kind="blank")
    scrutin.cast(election, scrutin.schools[4], kind="abstention")
    return election


@pytest.fixture
def command(command: Any) -> Any:
    """Run `trousseau election …`."""
    return partial(command, "election")


def test_nothing_is_told_before_the_close(scrutin: Scrutin, voted: int, command: Any) -> None:
    status, out, err = command("ballots", str(voted))
    assert (status, out) == (1, "")
    assert "no result before" in err
    _status, shown, _err = command("show", str(voted), "--json")
    told = json.loads(shown)
    assert (told["status"], told["voters"], told["result"]) == ("open", 5, None)
    assert len(told["voted"]) == 5 and "receipt" not in shown


def test_after_the_close_the_first_who_asks_has_it_counted(
    scrutin: Scrutin, voted: int, command: Any
) -> None:
    scrutin.at(CLOSES)
    _status, out, _err = command("show", str(voted))
    assert "1. Anne Lecomte" in out and "elected" in out
    assert "A tie: Bruno Maes, Chantal Dupont have equal votes for 1 seat." in out
    assert "5 of 6 schools voted." in out and "1 blank ballot." in out
    _status, listed, _err = command("list", "--json")
    (row,) = json.loads(listed)
    assert (row["status"], row["published"]) == ("closed", True)


@pytest.mark.parametrize("form", [(), ("--csv",), ("--json",)])
def test_a_list_counted_anew_says_the_same(
    scrutin: Scrutin, voted: int, command: Any, tmp_path: Path, form: tuple[str, ...]
) -> None:
    scrutin.at(CLOSES)
    shown = json.loads(command("show", str(voted), "--json")[1])
    _status, out, _err = command("ballots", str(voted), *form)
    file = tmp_path / "list"
    file.write_text(out)
    if not form:
        assert hashlib.sha256(file.read_bytes()).hexdigest() == shown["digest"]
    seats = () if form == ("--json",) else ("--seats", "2")
    status, counted, err = command("count", str(file), *seats, "--json")
    assert status == 0, err
    told = json.loads(counted)
    votes = {each["number"]: each["votes"] for each in told["votes"]}
    result = {each["number"]: each["votes"] for each in shown["result"]["candidates"]}
    assert votes == {number: each for number, each in result.items() if each or form == ("--json",)}
    assert (told["elected"], told["tied"]) == ([1], [2, 3])
    assert (told["blank"], told["abstentions"], told["ballots"]) == (1, 1, 5)
    assert told["digest"] == shown["digest"]
    status, words, _err = command("count", str(file), *seats)
    assert status == 0 and "Blank ballots: 1" in words


def test_what_is_wrong_with_a_list_is_told() -> None:
    found = recount("A 1,2\nA blank\nB 1,2,3\nC x\nD 1,1\nE abstention\n", 2)
    assert (found.ballots, found.votes, found.abstentions) == (2, {1: 1, 2: 1}, 1)
    why = [problem.values["why"].message for problem in found.problems]
    assert why == [
        "this receipt stands there twice.",
        "it names more candidates than there are seats.",
        "this is no choice.",
        "this is no choice.",
    ]
    changed = {"seats": 1, "candidates": [{"number": 1, "name": "Une"}], "digest": "0",
               "ballots": [{"receipt": "A", "choice": "2"}]}  # fmt: skip
    problems = recount(json.dumps(changed)).problems
    assert [p.values.get("why", p).message for p in problems] == [
        "nobody stands with this number.",
        "The list does not have the digest that stands in it.",
    ]


def test_a_file_that_is_no_list_is_refused(command: Any, tmp_path: Path) -> None:
    file = tmp_path / "list"
    file.write_text('{"seats": 1}')
    status, _out, err = command("count", str(file))
    assert status == 1 and "JSON" in err
