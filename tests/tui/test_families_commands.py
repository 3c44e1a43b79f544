"""`trousseau import --as families`, `families` and `invite --families`."""

from pathlib import Path
from typing import Any

import pytest

from tests.families import HEADER, THREE_FAMILIES
from tests.worlds import World

SCHOOL = ("--school", "9901", "--year", "2026-2027")


@pytest.fixture
def imported(world: World, as_json: Any, tmp_path: Path) -> Any:
    file = tmp_path / "familles.csv"
    file.write_text(HEADER + THREE_FAMILIES, encoding="cp1252")
    return as_json("import", str(file), "--as", "families", *SCHOOL, "--yes")


def test_an_import_counts_pupils_and_guardianships(imported: Any) -> None:
    assert imported["applied"] and imported["format"] == "families"
    created = imported["created"]
    assert (created["pupils"], created["people"], created["guardianships"]) == (3, 3, 4)
    assert set(created) == set(imported["changed"]) == set(imported["disappeared"])


def test_the_list_as_json_and_for_people(imported: Any, command: Any, as_json: Any) -> None:
    rows = {row["first_name"]: row for row in as_json("families", *SCHOOL)}
    assert set(rows) == {"Anne", "Jean", "Ngozi"}
    assert [child["class"] for child in rows["Anne"]["children"]] == ["3A", "1B"]
    assert rows["Ngozi"]["status"] == "no_address" and rows["Ngozi"]["reason"]
    _status, told, _err = command("families", *SCHOOL, "--status", "no_address")
    assert "Okoye Ngozi" in told and "Okoye Ada 2C" in told and "Martin" not in told


def test_an_unknown_status_is_a_usage_error(imported: Any, command: Any) -> None:
    assert command("families", *SCHOOL, "--status", "nonsense")[0] == 2


def test_guardians_are_invited_and_the_team_is_not(
    imported: Any, as_json: Any, world: World
) -> None:
    world.person(surname="Prof", first_name="Luc", email="prof@ecole.example")
    result = as_json("invite", *SCHOOL, "--families")
    assert (result["queued"], result["left_out"]) == (2, {"no_address": 1})
    tried = as_json("invite", *SCHOOL, "--families", "--again", "--dry-run")
    assert tried["left_out"] == {"waiting": 2, "no_address": 1}


def test_the_tokens_are_mailed_in_the_words_of_a_parent(
    imported: Any, command: Any, as_json: Any, home: Path
) -> None:
    command("invite", *SCHOOL, "--families")
    assert as_json("send")["sent"] == 2
    mails = [path.read_bytes() for path in (home / "data" / "mail").rglob("*") if path.is_file()]
    assert len(mails) == 2
    assert any(b"dont vous" in mail and b"responsable" in mail for mail in mails)
    assert any(b"a child you are responsible for" in mail.replace(b"=\r\n", b"") for mail in mails)
