"""A folder taken into the reading room: what follows from names, plans, hostile files."""

import os
import unicodedata
from datetime import date
from pathlib import Path
from typing import Any

import pytest
from sqlalchemy import Engine, func, select
from sqlmodel import col

from models.database import SYSTEM, reading, writing
from models.reading_room import Document, DocumentFile
from models.scope import OutOfScope
from services import document_files, document_folders, documents, plans, reading_room
from services.desk import ChangedMeanwhile
from services.plans import PlanRefused, PlanRow, PlanStale
from services.reading_room import RoomQuery
from services.reading_room_rules import RoomRefused
from tests.services.room_world import Room, make_room


@pytest.fixture
def room(engine: Engine) -> Room:
    return make_room(engine)


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    made = tmp_path / "dossier"
    made.mkdir()
    return made


def put(folder: Path, name: str, contents: str | bytes = "Un texte.\n") -> Path:
    path = folder / name
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_bytes(contents.encode() if isinstance(contents, str) else contents)
    return path


def planned(room: Room, folder: Path) -> tuple[int, dict[str, PlanRow]]:
    plan = document_folders.prepare(room.helpdesk, folder)
    return plan, {row.label: row for row in room.helpdesk.read(plans.rows, plan, 0, 9_000)}


def taken(room: Room, folder: Path) -> dict[str, str]:
    """Take a folder over, and return what was done with each file."""
    plan, rows = planned(room, folder)
    room.helpdesk.write(plans.apply, plan)
    return {name: row.action for name, row in rows.items()}


def everything(room: Room) -> dict[str, Any]:
    rows = room.head.read(reading_room.all_rows, RoomQuery())
    return {row.title: row for row in rows}


# --- what follows from a name -------------------------------------------------------------


def test_kind_committee_and_date_follow_from_places_and_names(room: Room, folder: Path) -> None:
    room.committee("Bureau")
    room.committee("Comité pédagogique")
    put(folder, "proces-verbaux/2026-10-03 Bureau.md", "Le budget.\n")
    put(folder, "Procès-verbaux/Comité pédagogique/2026-09-15.md", "# Réunion de rentrée\n")
    put(folder, "officiels/20260901_Règlement_d’ordre intérieur.txt", "Article premier.")
    put(folder, "circulaires/01-02-2026 – Frais.pdf", b"%PDF-1.7 \x00\x01")
    put(folder, "Sans date.md")
    put(
        folder,
        "divers.md",
        '---\ntitre: "Autre titre"\nDate: 03/02/2026\nType: PV\ncomité: BUREAU\nlangue: anglais\n'
        "---\n# Heading\nText.\n",
    )
    assert set(taken(room, folder).values()) == {"add"}
    rows = everything(room)
    facts = {
        title: (row.kind, row.day, row.committee, row.media)
        for title, row in rows.items()
        if row.is_document
    }
    assert facts == {
        "Bureau": ("minutes", date(2026, 10, 3), "Bureau", "markdown"),
        "Réunion de rentrée": (
            "minutes", date(2026, 9, 15), "Comité pédagogique", "markdown",
        ),
        "Règlement d’ordre intérieur": ("official", date(2026, 9, 1), "", "text"),
        "Frais": ("official", date(2026, 2, 1), "", "file"),
        "Sans date": ("official", date(2026, 11, 22), "", "markdown"),
        "Autre titre": ("minutes", date(2026, 2, 3), "Bureau", "markdown"),
    }  # fmt: skip
    told = room.head.read(documents.text, rows["Autre titre"].id)
    assert told.text == "# Heading\nText."
    assert room.head.read(documents.page, rows["Autre titre"].id).language == "en"


def test_what_is_in_doubt_is_a_warning_and_can_be_left_out(room: Room, folder: Path) -> None:
    put(folder, "2026-10-03 A.md", "---\ncomite: Inconnu\n---\nA")
    put(folder, "B.md", "B")
    put(folder, "2026-10-04 C.md", "même texte")
    put(folder, "2026-10-05 D.md", "même texte")
    plan, rows = planned(room, folder)
    assert {name: row.level for name, row in rows.items()} == {
        "2026-10-03 A.md": "warning",
        "B.md": "warning",
        "2026-10-04 C.md": "information",
        "2026-10-05 D.md": "warning",
    }
    assert "Inconnu" in rows["2026-10-03 A.md"].text.text()
    assert "C" in rows["2026-10-05 D.md"].text.text().replace("2026-10-05 D", "")
    room.helpdesk.write(plans.leave_out, plan, rows["2026-10-05 D.md"].position, True)
    done = room.helpdesk.write(plans.apply, plan)
    assert done.created == {"document": 3, "document_version": 3} and done.left_out == 1
    assert sorted(everything(room)) == ["A", "B", "C"]


# --- again, changed, undone ---------------------------------------------------------------


def test_a_second_time_only_what_is_new_comes_in(room: Room, folder: Path) -> None:
    put(folder, "2026-10-03 A.md", "A")
    put(folder, "2026-10-03 B.md", "B")
    gone = put(folder, "2026-10-03 D.md", "D")
    taken(room, folder)
    document = everything(room)["B"].id
    room.helpdesk.write(
        documents.correct,
        document,
        documents.DocumentFacts("official", "Corrigé", date(2026, 1, 2)),
    )
    put(folder, "2026-10-03 B.md", "---\nnote: Une coquille.\n---\nB, revu")
    put(folder, "2026-10-03 C.md", "C")
    gone.unlink()
    assert taken(room, folder) == {
        "2026-10-03 A.md": "unchanged",
        "2026-10-03 B.md": "version",
        "2026-10-03 C.md": "add",
    }
    page = room.head.read(documents.page, document)
    assert (page.title, page.latest.number, page.latest.note) == ("Corrigé", 2, "Une coquille.")
    assert sorted(everything(room)) == ["A", "C", "Corrigé", "D"]
    assert set(taken(room, folder).values()) == {"unchanged"}


def test_what_was_withdrawn_stays_so(room: Room, folder: Path) -> None:
    put(folder, "2026-10-03 A.md", "A")
    taken(room, folder)
    document = everything(room)["A"].id
    room.helpdesk.write(documents.withdraw, document)
    put(folder, "2026-10-03 A.md", "A, revu")
    assert taken(room, folder) == {"2026-10-03 A.md": "withdrawn"}
    room.helpdesk.write(documents.publish_again, document)
    assert taken(room, folder) == {"2026-10-03 A.md": "version"}
    room.helpdesk.write(documents.withdraw_version, document, 2)
    put(folder, "2026-10-03 A.md", "A")
    assert taken(room, folder) == {"2026-10-03 A.md": "unchanged"}
    put(folder, "2026-10-03 A.md", "A, encore")
    assert taken(room, folder) == {"2026-10-03 A.md": "version"}
    assert room.head.read(documents.page, document).latest.number == 3


def test_a_plan_is_undone_whole_unless_somebody_has_read_on(room: Room, folder: Path) -> None:
    put(folder, "2026-10-03 A.md", "A")
    taken(room, folder)
    document = everything(room)["A"].id
    put(folder, "2026-10-03 A.md", "A, revu")
    put(folder, "2026-10-03 B.md", "B")
    plan, _rows = planned(room, folder)
    room.helpdesk.write(plans.apply, plan)
    assert room.helpdesk.write(plans.undo, plan).removed == {"document": 1, "document_version": 2}
    assert list(everything(room)) == ["A"]
    assert room.head.read(documents.text, document).text == "A"
    again, _rows = planned(room, folder)
    room.helpdesk.write(plans.apply, again)
    room.head.write(documents.mark_read, document)
    with pytest.raises(PlanRefused):
        room.helpdesk.write(plans.undo, again)


def test_two_plans_of_one_folder_publish_once(room: Room, folder: Path) -> None:
    put(folder, "2026-10-03 A.md", "A")
    first, _rows = planned(room, folder)
    second, _rows = planned(room, folder)
    room.helpdesk.write(plans.apply, first)
    with pytest.raises(ChangedMeanwhile):
        room.helpdesk.write(plans.apply, second)
    put(folder, "2026-10-03 A.md", "A, revu")
    first, _rows = planned(room, folder)
    second, _rows = planned(room, folder)
    room.helpdesk.write(plans.apply, first)
    with pytest.raises(PlanStale):
        room.helpdesk.write(plans.apply, second)
    assert [row.version for row in everything(room).values()] == [2]


# --- what is cleaned away -----------------------------------------------------------------


def test_files_of_plans_that_nobody_applied_go_after_a_while(room: Room, folder: Path) -> None:
    kept = room.publish("Gardé", "gardé")
    put(folder, "2026-10-03 A.md", "A")
    put(folder, "2026-10-03 B.md", "B")
    plan, _rows = planned(room, folder)
    room.at("2026-12-21T08:00:00+00:00")
    assert room.world.desk.write(document_files.forget_unused, 200) == 0
    put(folder, "2026-10-03 A.md", "A")
    (folder / "2026-10-03 B.md").unlink()
    document_folders.prepare(room.helpdesk, folder)  # wants A once more
    room.at("2026-12-23T08:00:00+00:00")
    assert room.world.desk.write(document_files.forget_unused, 200) == 1
    with reading(room.world.engine, SYSTEM, room.clock()) as session:
        assert session.scalar(select(func.count(col(DocumentFile.id)))) == 2
    with pytest.raises(PlanStale):
        room.helpdesk.write(plans.apply, plan)
    room.at("2027-02-23T08:00:00+00:00")
    assert room.world.desk.write(document_files.forget_unused, 200) == 1
    assert room.head.read(documents.text, kept).text == "gardé"


# --- hostile folders ----------------------------------------------------------------------


def test_hostile_files_are_refused_one_by_one(room: Room, folder: Path) -> None:
    secret = put(folder.parent / "ailleurs", "secret.md", "Un secret.")
    put(folder, "2026-01-01 bon.md", "Bon.")
    (folder / "lien.md").symlink_to(secret)
    (folder / "dossier lié").symlink_to(secret.parent)
    os.mkfifo(folder / "tube.md")
    put(folder, "2026-01-01 binaire.md", bytes(range(256)) * 20)
    put(folder, "2026-01-01 vide.md", b"")
    put(folder, "2026-01-01 blanc.txt", b" \r\n\t\n")
    put(folder, "2026-01-01 grand.md", b"a" * (document_files.LARGEST_TEXT + 1))
    put(folder, "2026-01-01 \x1b[31mrouge.md", "Rouge.")
    put(folder, "2026-01-01 \u202egpj.md", "À l’envers.")
    put(folder, "a/b/c/d/e/f/g/h/i/2026-01-01 profond.md", "Profond.")
    put(folder, ".caché.md", "Caché.")
    put(folder, "~$pv.md", "Verrou.")
    (folder / os.fsdecode(b"2026-01-01 \xff.md")).write_bytes(b"Octets.")
    plan, rows = planned(room, folder)
    levels = sorted((row.level, name) for name, row in rows.items())
    assert [name for level, name in levels if level != "error"] == ["2026-01-01 bon.md"]
    assert len(rows) == 12 and "Caché" not in str(rows)
    room.helpdesk.write(plans.apply, plan)
    assert list(everything(room)) == ["bon"]
    with reading(room.world.engine, SYSTEM, room.clock()) as session:
        assert session.scalar(select(func.count(col(DocumentFile.id)))) == 1


@pytest.mark.parametrize(
    ("contents", "text"),
    [
        ("Éléves d’été".encode("cp1252"), "Éléves d’été"),
        ("Élèves".encode("utf-16"), "Élèves"),
        (b"\xef\xbb\xbf" + "Élèves".encode(), "Élèves"),
        ("a\x1b]0;b\x07\u202ec\r\nd\te\x0cf".encode(), "a\ufffd]0;b\ufffd\ufffdc\nd   e\nf"),
        (b"=HYPERLINK(1)\n[bold]gras[/] <script>", "=HYPERLINK(1)\n[bold]gras[/] <script>"),
    ],
    ids=["cp1252", "utf-16", "mark", "escapes", "markup"],
)  # fmt: skip
def test_texts_of_any_make_are_read_safely(
    sqlite_engine: Engine, contents: bytes, text: str
) -> None:
    room = make_room(sqlite_engine)
    document = room.publish("Texte", contents, file_name="texte.txt")
    assert room.head.read(documents.text, document).text == text
    assert room.head.read(documents.contents, document).contents == contents


def test_a_title_of_10_000_characters_is_cut(sqlite_engine: Engine, folder: Path) -> None:
    room = make_room(sqlite_engine)
    put(folder, "2026-10-03 A.md", f"---\ntitre: {'é' * 10_000}\n---\nA")
    put(folder, "2026-10-04.md", f"# [red]{'x' * 10_000}\n\nA")
    put(folder, "2026-10-05.md", "---\n" + "a: b\n" * 10_000)
    assert set(taken(room, folder).values()) == {"add"}
    assert all(len(title) <= 200 for title in everything(room))
    with pytest.raises(RoomRefused):
        room.publish("x" * 10_000)


@pytest.mark.parametrize("form", ["NFC", "NFD"])
def test_names_are_known_again_in_whatever_form(
    sqlite_engine: Engine, folder: Path, form: Any
) -> None:
    room = make_room(sqlite_engine)
    put(folder / "un", "2026-10-03 Été.md", "A")
    taken(room, folder / "un")
    put(folder / "deux", unicodedata.normalize(form, "2026-10-03 Été.md"), "B")
    assert list(taken(room, folder / "deux").values()) == ["version"]


def test_too_much_is_refused_as_a_whole(
    sqlite_engine: Engine, folder: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    room = make_room(sqlite_engine)
    for n in range(4):
        put(folder, f"2026-10-03 {n}.md", "12345")
    monkeypatch.setattr(document_folders, "MOST_FILES", 3)
    with pytest.raises(RoomRefused):
        document_folders.prepare(room.helpdesk, folder)
    monkeypatch.setattr(document_folders, "MOST_FILES", 4)
    monkeypatch.setattr(document_folders, "LARGEST_FOLDER", 19)
    with pytest.raises(RoomRefused):
        document_folders.prepare(room.helpdesk, folder)
    for place in (
        folder / "nulle part",
        folder / "2026-10-03 1.md",
        put(folder / "v", ".x").parent,
    ):
        with pytest.raises(RoomRefused):
            document_folders.prepare(room.helpdesk, place)


def test_whoever_reads_imports_nothing(sqlite_engine: Engine, folder: Path) -> None:
    room = make_room(sqlite_engine)
    put(folder, "2026-10-03 A.md", "A")
    with pytest.raises(OutOfScope):
        document_folders.prepare(room.head, folder)
    plan, _rows = planned(room, folder)
    for deed in (plans.apply, plans.show):
        with pytest.raises(PlanRefused):
            room.head.write(deed, plan)
    with writing(sqlite_engine, SYSTEM, room.clock()) as session:
        assert session.scalar(select(func.count(col(Document.id)))) == 0
