"""`trousseau school-years`: the years as scripts read them, and holidays read in from a file."""

import json
from pathlib import Path
from typing import Any

import pytest

from tests.worlds import World
from tui.cli import office

SCHOOL = ("--school", "9901")
LIST = "Congé;Du;Au\nToussaint;19/10/2026;01/11/2026\nTrop tard;31/02/2027;\n"
HOLIDAY = {
    "name": "Toussaint", "first_day": "2026-10-19", "last_day": "2026-11-01", "days": 14,
    "names": {"und": "Toussaint"},
}  # fmt: skip


@pytest.fixture
def as_json(world: World, command: Any, monkeypatch: pytest.MonkeyPatch) -> Any:
    """Run a command with --json; return its one value, or what it says where it prints none."""
    monkeypatch.setattr(office, "now", world.clock)

    def call(*arguments: str, status: int = 0) -> Any:
        ended, out, err = command(*arguments, "--json")
        assert ended == status, err
        return json.loads(out) if out else err

    return call


@pytest.fixture
def path(tmp_path: Path) -> str:
    path = tmp_path / "conges.csv"
    path.write_text(LIST)
    return str(path)


def test_the_years_of_a_school(as_json: Any) -> None:
    years = as_json("school-years", "list", *SCHOOL)
    assert years == as_json("school-years", "list")  # one calendar
    this = next(year for year in years if year["label"] == "2026-2027")
    assert (this["first_day"], this["last_day"]) == ("2026-08-24", "2027-07-02")


def test_holidays_are_read_in_and_taken_back(as_json: Any, path: str) -> None:
    tried = as_json("school-years", "holidays", path, *SCHOOL, "--dry-run")
    assert (tried["plan"]["applied"], len(tried["holidays"])) == (False, 1)  # the summer
    done = as_json("school-years", "holidays", path, *SCHOOL, "--yes")
    assert done["holidays"][0] == HOLIDAY
    plan = done["plan"]
    assert (plan["applied"], plan["information"], plan["error"]) == (True, 1, 1)
    assert [row["line"] for row in plan["messages"]] == [2, 3]
    noted = as_json("workshop", "check-date", "2026-10-26", *SCHOOL, status=0)["notes"]
    assert [note["name"] for note in noted if note["kind"] == "school_holiday"] == [
        "Toussaint", "Toussaint"
    ]  # fmt: skip
    as_json("plan", "undo", str(plan["plan"]))
    shown = as_json("school-years", "holidays", *SCHOOL, "--year", "2026-2027")
    assert (shown["plan"], [row["names"] for row in shown["holidays"]]) == (None, [{}])


def test_what_cannot_be_is_refused(as_json: Any, tmp_path: Path, path: str) -> None:
    assert "no-such" in as_json("school-years", "holidays", "no-such", *SCHOOL, status=1)
    picture = tmp_path / "conges.png"
    picture.write_bytes(b"\x89PNG\r\n\x1a\n")
    refused = as_json("school-years", "holidays", str(picture), *SCHOOL, "--yes", status=1)
    assert (refused["plan"]["refused"], refused["plan"]["applied"]) == (True, False)
    as_json("school-years", "holidays", *SCHOOL, "--yes", status=2)
