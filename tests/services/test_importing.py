"""What commands and screens call to import: recognise, ask, plan, tell, complete a path."""

import json
import zipfile
from pathlib import Path

import pytest
from sqlalchemy import Engine

from models.language import use_language
from services import importing, plans
from services.importing import ImportRefused, complete_path, import_result, recognise
from tests.worlds import World, make_world

USERS_1_1 = "sourcedId,status,orgSourcedIds,role,givenName,familyName,email\n"
USERS_SDS = "sourcedId,username,givenName,familyName\n"
STAFF = "Nom;Prénom;Date de naissance;E-mail privé;Rôle\nDupont;Anne;17/05/1980;anne@x.be;?\n"


@pytest.fixture
def world(sqlite_engine: Engine) -> World:
    return make_world(sqlite_engine)


def folder(path: Path, **files: str) -> Path:
    path.mkdir()
    for name, text in files.items():
        (path / f"{name}.csv").write_text(text, "utf-8")
    return path


class TestRecognising:
    def test_oneroster_by_its_manifest(self, tmp_path: Path) -> None:
        files = {"users": USERS_SDS, "orgs": "sourcedId\n", "manifest": "propertyName,value\n"}
        assert recognise(folder(tmp_path / "x", **files)) == "oneroster"

    def test_oneroster_by_its_columns(self, tmp_path: Path) -> None:
        assert recognise(folder(tmp_path / "x", users=USERS_1_1, orgs="sourcedId\n")) == "oneroster"

    def test_school_data_sync(self, tmp_path: Path) -> None:
        files = {"users": USERS_SDS, "orgs": "sourcedId\n", "roles": "userSourcedId,role\n"}
        assert recognise(folder(tmp_path / "x", **files)) == "sds"

    def test_in_an_archive(self, tmp_path: Path) -> None:
        with zipfile.ZipFile(tmp_path / "x.zip", "w") as archive:
            archive.writestr("users.csv", USERS_1_1)
            archive.writestr("orgs.csv", "sourcedId\n")
        assert recognise(tmp_path / "x.zip") == "oneroster"

    def test_the_list_of_schools(self) -> None:
        header = "\ufeff\ufeffN° FASE de l'établissement;Nom;N° FASE du P.O.\r\n"
        assert recognise(header.encode()) == "schools"

    def test_a_staff_list(self) -> None:
        assert recognise(STAFF.encode("utf-8")) == "staff"

    @pytest.mark.parametrize("content", [b""])
    def test_nothing_is_nothing(self, content: bytes) -> None:
        assert recognise(content) is None

    def test_what_is_not_there_is_nothing(self, tmp_path: Path) -> None:
        assert recognise(tmp_path / "nowhere") is None


class TestAsking:
    def test_a_school_keeps_its_own_staff_records(self, world: World) -> None:
        request = world.desk.read(importing.request_for, "staff", school_id=world.mine)
        other = world.desk.read(importing.request_for, "staff", school_id=world.other)
        assert request.source != other.source

    def test_a_directors_list_is_about_their_school(self, world: World) -> None:
        request = world.director().read(importing.request_for, "staff")
        assert request.school_id == world.mine

    def test_a_directors_import_names_no_other_school(self, world: World) -> None:
        with pytest.raises(ImportRefused):
            world.director().read(importing.request_for, "staff", school_id=world.other)

    def test_what_does_not_exist_is_refused(self, world: World) -> None:
        with pytest.raises(ImportRefused):
            world.desk.read(importing.request_for, "carrier pigeon")
        with pytest.raises(ImportRefused):
            world.desk.read(importing.request_for, "staff", address_rule="mine")

    def test_the_choice_of_columns_is_remembered_and_forgotten_by_undoing(
        self, world: World
    ) -> None:
        mapping: dict[str, int | str] = {"surname": "Nom", "first_name": "Prénom"}
        request = world.desk.read(
            importing.request_for, "staff", school_id=world.mine, mapping=mapping, source="eco"
        )
        roster = importing.read(STAFF.encode(), "staff", mapping=mapping)
        plan_id = importing.prepare(world.desk, roster, request)
        world.desk.write(plans.apply, plan_id)
        kept = world.desk.read(importing.remembered, "eco")
        assert kept is not None and kept.mapping == mapping
        with pytest.raises(ImportRefused):
            world.desk.read(importing.request_for, "oneroster", source="eco")
        world.desk.write(plans.undo, plan_id)
        assert world.desk.read(importing.remembered, "eco") is None


class TestTelling:
    def test_the_result_is_what_others_rely_on(self, world: World) -> None:
        use_language("en")
        roster = importing.read(STAFF.encode(), "staff")
        request = world.desk.read(importing.request_for, "staff", school_id=world.mine)
        plan_id = world.desk.write(importing.plan_import, roster, request)
        result = world.desk.read(import_result, plan_id)
        assert result == json.loads(json.dumps(result))
        assert {"plan", "format", "applied", "rows", "information", "warning", "error",
                "created", "changed", "disappeared", "messages"} <= result.keys()  # fmt: skip
        assert (result["plan"], result["applied"], result["rows"]) == (plan_id, False, 1)
        assert result["created"]["people"] == 1
        told = {m["text"] for m in result["messages"] if m["line"] == 2}
        assert told == {
            "Dupont Anne: The role “?” is not known; the function’s is used.",
            "Dupont Anne: New person: post and access created.",
        }
        world.desk.write(plans.apply, plan_id)
        assert world.desk.read(import_result, plan_id)["applied"]

    def test_counts_are_those_of_the_messages(self, world: World) -> None:
        request = world.desk.read(importing.request_for, "staff", school_id=world.mine)
        roster = importing.read((STAFF + ";;;;\nX;;;;\n").encode(), "staff")
        plan_id = importing.prepare(world.desk, roster, request)
        result = world.desk.read(import_result, plan_id)
        for level in ("information", "warning", "error"):
            assert result[level] == sum(m["level"] == level for m in result["messages"])
        assert result["error"] > 0


class TestCompletingAPath:
    def test_the_longest_common_beginning_and_the_names(
        self, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        monkeypatch.chdir(tmp_path)
        (tmp_path / "staff-2025.csv").touch()
        (tmp_path / "staff-2026.csv").touch()
        (tmp_path / "schools").mkdir()
        (tmp_path / ".hidden").touch()
        (tmp_path / "staff-\x1b[31m").touch()
        done = complete_path("st")
        assert (done.path, done.names) == ("staff-202", ("staff-2025.csv", "staff-2026.csv"))
        assert complete_path("sc").path == "schools/"
        assert ".hidden" not in complete_path("").names
        assert complete_path(f"{tmp_path}/staff-2026").path == f"{tmp_path}/staff-2026.csv"

    def test_a_folder_that_is_not_there_offers_nothing(self, tmp_path: Path) -> None:
        done = complete_path(f"{tmp_path}/nowhere/x")
        assert (done.path, done.names) == (f"{tmp_path}/nowhere/x", ())
