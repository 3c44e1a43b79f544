"""Documents of the reading room: versions, what is told of them, what the dashboard says."""

from concurrent.futures import ThreadPoolExecutor
from datetime import date, time
from threading import Barrier

import pytest
from sqlalchemy import Engine

from services import documents, reading_room
from services.dashboard import overview
from services.document_files import MOST_SHOWN
from services.documents import DocumentFacts, Replaced
from services.reading_room import RoomQuery
from services.reading_room_rules import NotInRoom, RoomRefused
from tests.services.room_world import DAY, Room, make_room, upload


@pytest.fixture
def room(engine: Engine) -> Room:
    return make_room(engine)


def test_versions_follow_each_other_and_the_same_contents_make_none(room: Room) -> None:
    document = room.publish("Règlement", "Un")
    assert room.replace(document, "Deux", "Plus clair") == Replaced(document, 2, is_new=True)
    assert room.replace(document, "Deux") == Replaced(document, 2, is_new=False)
    assert room.replace(document, "Un") == Replaced(document, 3, is_new=True)
    page = room.head.read(documents.page, document)
    assert [(v.number, v.note, v.size) for v in page.versions] == [
        (3, "", 2), (2, "Plus clair", 4), (1, "", 2),
    ]  # fmt: skip
    assert room.head.read(documents.text, document).text == "Un"
    assert room.head.read(documents.text, document, 2).text == "Deux"
    with pytest.raises(NotInRoom):
        room.head.read(documents.text, document, 4)


def test_a_version_that_was_wrong_is_taken_back(room: Room) -> None:
    document = room.publish("Règlement", "Un")
    with pytest.raises(RoomRefused):
        room.helpdesk.write(documents.withdraw_version, document, 1)
    room.replace(document, "Deux")
    room.head.write(documents.mark_read, document, 2)
    room.helpdesk.write(documents.withdraw_version, document, 2)
    with pytest.raises(NotInRoom):
        room.head.read(documents.contents, document, 2)
    assert room.helpdesk.read(documents.contents, document, 2).contents == b"Deux"
    page = room.head.read(documents.page, document)
    assert [v.number for v in page.versions] == [1] and page.unread
    assert room.replace(document, "Trois").number == 3
    room.helpdesk.write(documents.withdraw_version, document, 1)
    (row,) = room.head.read(reading_room.all_rows, RoomQuery())
    assert row.version == 3
    with pytest.raises(RoomRefused):
        room.helpdesk.write(documents.withdraw_version, document, 2)


def test_it_is_opened_in_several_sessions_at_once(room: Room) -> None:
    document, start = room.publish("Règlement", "Un"), Barrier(4)

    def open_it(_session: int) -> bool:
        start.wait(30)
        return bool(room.head.write(documents.mark_read, document))

    with ThreadPoolExecutor(4) as sessions:
        assert sorted(sessions.map(open_it, range(4))) == [False, False, False, True]


def test_what_is_said_of_a_document_is_corrected(room: Room) -> None:
    bureau = room.committee("Bureau")
    document = room.publish("Reglement", kind="minutes")
    facts = DocumentFacts("official", "  Règlement ", date(2026, 1, 2), bureau, "en")
    assert room.helpdesk.write(documents.correct, document, facts)
    assert not room.helpdesk.write(documents.correct, document, facts)
    page = room.head.read(documents.page, document)
    assert (page.kind, page.title, page.dated_on, page.committee, page.language) == (
        "official", "Règlement", date(2026, 1, 2), "Bureau", "en",
    )  # fmt: skip


@pytest.mark.parametrize(
    ("field", "facts"),
    [
        ("title", DocumentFacts("official", " ", DAY)),
        ("title", DocumentFacts("official", "x" * 201, DAY)),
        ("kind", DocumentFacts("secret", "x", DAY)),
        ("dated_on", DocumentFacts("official", "x", date(26, 1, 1))),
        ("language", DocumentFacts("official", "x", DAY, language="xx")),
        ("committee", DocumentFacts("official", "x", DAY, 99)),
    ],
)
def test_what_cannot_be_is_refused_with_its_field(
    sqlite_engine: Engine, field: str, facts: DocumentFacts
) -> None:
    room = make_room(sqlite_engine)
    with pytest.raises(RoomRefused) as refused:
        room.helpdesk.write(documents.publish, facts, upload("x"))
    assert refused.value.field == field
    assert room.head.read(reading_room.all_rows, RoomQuery()) == []


@pytest.mark.parametrize(
    "name", ["", ".md", "a/b.md", "..\\x.md", "x" * 160 + ".md", "a\x1b.md", "a\n.md", "CON:.txt"]
)
def test_names_that_no_file_should_have_are_refused(sqlite_engine: Engine, name: str) -> None:
    room = make_room(sqlite_engine)
    with pytest.raises(RoomRefused) as refused:
        room.publish("Titre", "x", file_name=name)
    assert refused.value.field == "file"


def test_a_long_text_is_shown_in_part_and_given_whole(sqlite_engine: Engine) -> None:
    room = make_room(sqlite_engine)
    text = "mot " * 200_000
    document = room.publish("Long", text, file_name="long.txt")
    said = room.head.read(documents.text, document)
    assert said.cut and len(said.text) <= MOST_SHOWN
    assert room.head.read(documents.contents, document).contents == text.encode()


def test_no_bytes_are_in_what_could_be_logged(sqlite_engine: Engine) -> None:
    room = make_room(sqlite_engine)
    document = room.publish("Plan", b"\x00secret", file_name="plan.pdf")
    found = room.head.read(documents.contents, document)
    assert "secret" not in repr(found) + repr(upload("secret"))


def test_a_head_is_told_what_is_new_and_what_is_next(room: Room) -> None:
    def told(desk_of: str = "head") -> dict[str, tuple[int, str | None]]:
        lines = getattr(room, desk_of).read(overview).attention
        return {line.cause: (line.count, line.status) for line in lines}

    assert "documents_unread" not in told() and "conference_next" not in told()
    document = room.publish()
    room.publish("Autre", "Autre")
    room.conference("Loin", first_day=date(2027, 3, 1), last_day=date(2027, 3, 1))
    assert told()["documents_unread"] == (2, "unread") and "conference_next" not in told()
    room.head.write(documents.mark_read, document)
    room.conference(
        "Bientôt", first_day=date(2026, 12, 9), last_day=date(2026, 12, 9),
        begins=time(10), ends=time(11), time_zone="America/New_York",
    )  # fmt: skip
    assert told()["documents_unread"] == (1, "unread")
    assert told()["conference_next"] == (1, "conference")
    (line,) = [x for x in room.head.read(overview).attention if x.cause == "conference_next"]
    assert "Bientôt" in line.sentence.text() and "09/12/2026 16:00" in line.sentence.text("fr")
    assert not {"documents_unread", "conference_next"} & told("helpdesk").keys()
