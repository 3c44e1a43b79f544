"""`trousseau document`, `conference`, `committee`: what scripts rely on, and what is refused."""

import json
from datetime import date, time
from pathlib import Path
from typing import Any

import pytest
from icalendar import Calendar
from sqlalchemy import Engine

from models.keys import load_key
from models.tokens import make_token
from services import document_codes, documents
from services.committees import Term
from services.desk import Desk
from tests.services.room_world import Room, make_room
from tui.cli import office
from tui.cli.office import Office, working_at
from tui.command_line import run


@pytest.fixture
def room(served: Engine, monkeypatch: pytest.MonkeyPatch) -> Room:
    made = make_room(served)
    monkeypatch.setattr(office, "now", made.world.clock)
    return made


@pytest.fixture
def command(room: Room, capfdbinary: pytest.CaptureFixture[bytes]) -> Any:
    """Run `trousseau …`; return status, standard output as bytes, and standard error."""

    def call(*arguments: str) -> tuple[int, bytes, str]:
        capfdbinary.readouterr()
        status = run(list(arguments))
        said = capfdbinary.readouterr()
        return status, said.out, said.err.decode()

    return call


def test_a_document_from_publishing_to_withdrawing(
    command: Any, as_json: Any, tmp_path: Path
) -> None:
    file = tmp_path / "pv.md"
    file.write_text("# Réunion\n\nLe budget.\n")
    made = as_json(
        "document", "publish", str(file), "--title", "Réunion", "--kind", "minutes",
        "--date", "2026-10-03",
    )  # fmt: skip
    assert made == {"document": 1, "version": 1, "is_new": True}
    (row,) = as_json("document", "list")
    assert row == {
        "document": 1, "kind": "minutes", "title": "Réunion", "day": "2026-10-03", "unread": True,
        "version": 1, "media": "markdown", "committee": "", "in_title": True,
    }  # fmt: skip
    assert as_json("document", "replace", "1", str(file)) == {**made, "is_new": False}
    file.write_text("# Réunion\n\nLe budget, revu.\n")
    assert as_json("document", "replace", "1", str(file), "--note", "Revu")["version"] == 2
    shown = as_json("document", "show", "1")
    assert shown["text"] == "# Réunion\n\nLe budget, revu." and shown["shown"] == 2
    assert [(v["version"], v["note"]) for v in shown["versions"]] == [(2, "Revu"), (1, "")]
    assert as_json("document", "show", "1", "--version", "1")["text"].endswith("Le budget.")
    assert as_json("document", "list", "--unread") == []
    assert as_json("document", "list", "--search", "revu")[0]["in_title"] is False
    assert as_json("document", "withdraw", "1") == {"document": 1, "withdrawn": True}
    assert as_json("document", "list") == []
    assert len(as_json("document", "list", "--withdrawn")) == 1
    as_json("document", "withdraw", "1", "--again")
    status, out, _err = command("document", "show", "1")
    assert status == 0 and "Le budget, revu." in out.decode() and "pv.md" in out.decode()


def test_the_file_comes_as_it_was_published(room: Room, command: Any, tmp_path: Path) -> None:
    contents = b"%PDF\x00\xff\x1b[31m\r\n"
    number = str(room.publish("Plan", contents, file_name="plan.pdf"))
    assert command("document", "get", number, "-o", "-") == (0, contents, "")
    target = tmp_path / "ici.pdf"
    status, out, err = command("document", "get", number, "--output", str(target))
    assert (status, out) == (0, b"") and str(target) in err
    assert target.read_bytes() == contents and target.stat().st_mode & 0o077 == 0
    status, out, err = command("document", "get", number, "-o", "-", "--version", "2")
    assert (status, out) == (1, b"") and err


def test_a_code_fetches_a_file_and_that_is_written_down(
    room: Room, command: Any, tmp_path: Path, home: Path
) -> None:
    contents = b"%PDF\x00\xff\x1b[31m\r\n"
    room.publish("Avant")
    number = room.publish("Plan", contents, file_name="plan.pdf")
    key = load_key(home / "config" / "key")
    code = room.head.read(document_codes.code_for, key, number, 1).text
    assert command("document", "fetch", code.lower(), "-o", "-") == (0, contents, "")
    target = tmp_path / "ici.pdf"
    status, out, err = command("document", "fetch", code, "--output", str(target))
    assert (status, out) == (0, b"") and str(target) in err
    assert target.read_bytes() == contents and target.stat().st_mode & 0o077 == 0
    for typed, told in (
        (code[:-1], "25 characters and 24 were typed"),
        (make_token(key, "invitation", 1, 1), "has not given this code"),
    ):
        status, out, err = command("document", "fetch", typed, "-o", "-")
        assert (status, out) == (1, b"") and told in err
    room.helpdesk.write(documents.withdraw, number)
    assert command("document", "fetch", code, "-o", "-")[:2] == (1, b"")
    assert command("document", "fetch", code)[0] == 2
    noted = (home / "state" / "ssh.jsonl").read_text()
    version = room.helpdesk.read(documents.page, number).versions[0].id
    assert [(line["outcome"], line["version"]) for line in map(json.loads, noted.splitlines())] == [
        ("fetched", version)
    ] * 2
    written = "".join(p.read_text(errors="replace") for p in (home / "state").rglob("*.jsonl*"))
    assert code[7:] not in written and code[6:11] not in written


def test_a_folder_is_taken_over_by_a_plan(as_json: Any, command: Any, tmp_path: Path) -> None:
    folder = tmp_path / "dossier"
    (folder / "pv").mkdir(parents=True)
    (folder / "pv" / "2026-10-03 Réunion.md").write_text("Texte")
    (folder / "vide.md").touch()
    dry = as_json("document", "import", str(folder), "--dry-run")
    counted = {"new": 1, "versions": 0, "unchanged": 0, "refused": 1, "withdrawn": 0}
    assert dry["applied"] is False and dry["files"] == counted
    assert as_json("document", "list") == []
    done = as_json("document", "import", str(folder), "--yes")
    assert done["applied"] is True and done["error"] == 1
    again = as_json("document", "import", str(folder), "--yes")
    assert again["files"] == {**counted, "new": 0, "unchanged": 1}
    undone = as_json("plan", "undo", str(done["plan"]))
    assert undone["removed"] == {"document": 1, "document_version": 1}
    assert as_json("document", "list") == []
    assert command("document", "import", str(tmp_path / "nulle part"))[0] == 1


def test_conferences_and_committees(room: Room, as_json: Any, command: Any) -> None:
    hours = {"begins": time(9), "ends": time(16, 30)}
    number = str(room.conference("Printemps", place="Namur", **hours))
    past = room.conference("Automne", first_day=date(2025, 10, 1), last_day=date(2025, 10, 1))
    (row,) = as_json("conference", "list")
    assert (row["title"], row["begins"], row["zone_here"]) == (
        "Printemps",
        "09:00",
        "Europe/Brussels",
    )
    assert row["days"][1]["ends"] == "2027-03-28T16:30:00+02:00"
    assert [each["conference"] for each in as_json("conference", "list", "--past")] == [past]
    status, out, _err = command("conference", "ics", number)
    (event,) = Calendar.from_ical(out).walk("VEVENT")
    assert status == 0 and event["UID"] == f"conference-{number}@conferences.trousseau"
    assert command("conference", "ics")[1].count(b"BEGIN:VEVENT") == 1
    bureau = room.committee("Bureau", Term("Anne", date(2026, 1, 1), function="présidente"))
    room.publish("Réunion", committee_id=bureau)
    assert as_json("committee", "list") == [
        {"committee": bureau, "name": "Bureau", "purpose": "", "members": 1, "documents": 1}
    ]
    shown = as_json("committee", "show", str(bureau))
    assert [(m["name"], m["function"], m["state"]) for m in shown["members"]] == [
        ("Anne", "présidente", "present")
    ]
    assert [d["title"] for d in shown["documents"]] == ["Réunion"]
    for words in (
        ("committee", "show", "9"),
        ("conference", "ics", "9"),
        ("document", "show", "9"),
    ):
        status, out, err = command(*words)
        assert (status, out) == (1, b"") and err


def test_a_head_at_the_command_line_reads_and_no_more(
    room: Room, command: Any, tmp_path: Path
) -> None:
    number = str(room.publish())
    hidden = str(room.publish("Retiré"))
    room.helpdesk.write(documents.withdraw, int(hidden))
    file = tmp_path / "pv.md"
    file.write_text("Texte")
    head: Desk = room.head
    with working_at(Office(None, head)):  # type: ignore[arg-type]
        assert command("document", "get", number, "-o", "-")[0] == 0
        assert b"Retir" not in command("document", "list", "--withdrawn")[1]
        assert command("document", "get", hidden, "-o", "-")[0] == 1
        for words in (
            ("publish", str(file), "--title", "Neuf"),
            ("replace", number, str(file)),
            ("withdraw", number),
            ("import", str(tmp_path), "--yes"),
        ):
            status, out, err = command("document", *words)
            assert (status, out) == (1, b"") and err, words
    assert [v.read for v in head.read(documents.page, int(number)).versions] == [True]
    assert len(room.helpdesk.read(documents.page, int(number)).versions) == 1
