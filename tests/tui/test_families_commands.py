"""`trousseau import --as families`, `families` and `invite --families`."""

import json
from pathlib import Path
from typing import Any

import pytest
from sqlalchemy import Engine

from tests.families import HEADER, THREE_FAMILIES
from tests.worlds import World, make_world
from tui.command_line import run

SCHOOL = ("--school", "9901", "--year", "2026-2027")


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


@pytest.fixture
def imported(command: Any, tmp_path: Path) -> dict[str, Any]:
    file = tmp_path / "familles.csv"
    file.write_text(HEADER + THREE_FAMILIES, encoding="cp1252")
    status, told = command("import", str(file), "--as", "families", *SCHOOL, "--yes", "--json")
    assert status == 0
    return json.loads(told)


def test_an_import_counts_pupils_and_guardianships(imported: dict[str, Any]) -> None:
    assert imported["applied"] and imported["format"] == "families"
    created = imported["created"]
    assert (created["pupils"], created["people"], created["guardianships"]) == (3, 3, 4)
    assert set(created) == set(imported["changed"]) == set(imported["disappeared"])


def test_the_list_as_json_and_for_people(imported: dict[str, Any], command: Any) -> None:
    status, told = command("families", *SCHOOL, "--json")
    rows = {row["first_name"]: row for row in json.loads(told)}
    assert status == 0 and set(rows) == {"Anne", "Jean", "Ngozi"}
    assert [child["class"] for child in rows["Anne"]["children"]] == ["3A", "1B"]
    assert rows["Ngozi"]["status"] == "no_address" and rows["Ngozi"]["reason"]
    _status, told = command("families", *SCHOOL, "--status", "no_address")
    assert "Okoye Ngozi" in told and "Okoye Ada 2C" in told and "Martin" not in told


def test_an_unknown_status_is_a_usage_error(imported: dict[str, Any], command: Any) -> None:
    assert command("families", *SCHOOL, "--status", "nonsense")[0] == 2


def test_guardians_are_invited_and_the_team_is_not(
    imported: dict[str, Any], command: Any, world: World
) -> None:
    world.person(surname="Prof", first_name="Luc", email="prof@ecole.example")
    status, told = command("invite", *SCHOOL, "--families", "--json")
    result = json.loads(told)
    assert status == 0
    assert (result["queued"], result["left_out"]) == (2, {"no_address": 1})
    _status, told = command("invite", *SCHOOL, "--families", "--again", "--dry-run", "--json")
    assert json.loads(told)["left_out"] == {"waiting": 2, "no_address": 1}


def test_the_tokens_are_mailed_in_the_words_of_a_parent(
    imported: dict[str, Any], command: Any, home: Path
) -> None:
    command("invite", *SCHOOL, "--families")
    status, told = command("send", "--json")
    assert status == 0 and json.loads(told)["sent"] == 2
    mails = [path.read_bytes() for path in (home / "data" / "mail").rglob("*") if path.is_file()]
    assert len(mails) == 2
    assert any(b"dont vous" in mail and b"responsable" in mail for mail in mails)
    assert any(b"a child you are responsible for" in mail.replace(b"=\r\n", b"") for mail in mails)
