"""The reading room in one list: what heads find there, what is unread, who sees nothing."""

from datetime import date
from typing import Any

import pytest
from sqlalchemy import Engine

from models.scope import OutOfScope
from services import committees, conferences, documents, reading_room
from services.committees import Term
from services.desk import Desk
from services.reading_room import RoomQuery
from services.reading_room_rules import NotInRoom, RoomRefused
from tests.services.room_world import DAY, Room, make_room, upload


@pytest.fixture
def room(engine: Engine) -> Room:
    return make_room(engine)


def found(desk: Desk, text: str = "", **query: Any) -> list[str]:
    """Return the titles that a search finds, and hold page, count and list against each other."""
    asked = RoomQuery(text, **query)
    page = desk.read(reading_room.page, asked, 0, 60)
    everything = desk.read(reading_room.all_rows, asked)
    assert list(page.rows) == everything
    assert page.total == len(everything) == desk.read(reading_room.total, asked)
    return [row.title for row in everything]


# --- the list -----------------------------------------------------------------------------


def test_one_list_holds_documents_conferences_and_committees(room: Room) -> None:
    room.publish("Règlement", kind="official", dated_on=date(2026, 9, 1))
    bureau = room.committee("Bureau")
    room.publish("Réunion d’octobre", committee_id=bureau)
    room.conference("Conférence de printemps")
    rows = room.head.read(reading_room.page, RoomQuery(), 0, 10).rows
    assert [(row.kind, row.title, row.day, row.unread, row.committee) for row in rows] == [
        ("conference", "Conférence de printemps", date(2027, 3, 27), False, ""),
        ("committee", "Bureau", date(2026, 11, 22), False, ""),
        ("minutes", "Réunion d’octobre", DAY, True, "Bureau"),
        ("official", "Règlement", date(2026, 9, 1), True, ""),
    ]
    for kind in reading_room.KINDS:
        assert found(room.head, kind=kind) == [row.title for row in rows if row.kind == kind]
    assert found(room.head, committee_id=bureau) == ["Réunion d’octobre"]
    assert room.head.read(reading_room.counts) == {
        "official": 1, "minutes": 1, "conference": 1, "committee": 1, "unread": 2,
    }  # fmt: skip


def test_every_page_is_a_part_of_the_whole_list(room: Room) -> None:
    for n in range(13):
        room.publish(f"Document {n}", dated_on=date(2026, 10, 1 + n // 2))
    for n in range(5):
        room.committee(f"Comité {n}")
        room.conference(
            f"Conférence {n}", first_day=date(2026, 10, 1 + n), last_day=date(2026, 10, 9)
        )
    everything = room.head.read(reading_room.all_rows, RoomQuery())
    assert len(everything) == 23
    for offset in range(24):
        for limit in (1, 4, 50):
            part = room.head.read(reading_room.page, RoomQuery(), offset, limit)
            assert list(part.rows) == everything[offset : offset + limit]
            assert part.total == 23


def test_unread_until_the_latest_version_was_opened_by_this_head(room: Room) -> None:
    document = room.publish("Règlement")
    assert found(room.head, unread=True) == ["Règlement"]
    assert room.head.write(documents.mark_read, document)
    assert not room.head.write(documents.mark_read, document)
    assert found(room.head, unread=True) == []
    assert found(room.head) == ["Règlement"]
    assert found(room.other_head, unread=True) == ["Règlement"]
    assert found(room.helpdesk, unread=True) == ["Règlement"]
    room.replace(document, "Une deuxième version")
    assert found(room.head, unread=True) == ["Règlement"]
    assert room.head.write(documents.mark_read, document, 1) is False
    assert room.head.read(reading_room.unread_documents) == 1
    room.head.write(documents.mark_read, document, 2)
    assert room.head.read(reading_room.unread_documents) == 0


# --- search -------------------------------------------------------------------------------


@pytest.mark.parametrize(
    "text",
    ["procès", "PROCES", "procès-verbal", "proces verbal", "procesverbal", "verbal budget",
     "bùdget  adopté", "l’adopte", "adopte procès", "week-end", "weekend"],
)  # fmt: skip
@pytest.mark.every_case
def test_accents_case_and_hyphens_do_not_matter(room: Room, text: str) -> None:
    said = "Le budget est adopté ; l’adopté du week-end."
    room.publish("Procès-verbal de la réunion", said)
    room.publish("Autre chose", "Rien.")
    assert found(room.head, text) == ["Procès-verbal de la réunion"]


@pytest.mark.parametrize("text", ["budget refusé", "%", "_", "bud_get x", "'; --", "\x1b[31m"])
def test_what_does_not_occur_is_not_found(room: Room, text: str) -> None:
    room.publish("Procès-verbal", "Le budget est adopté.")
    expected = ["Procès-verbal"] if text in ("%", "_", "'; --") else []  # no word: all
    assert found(room.head, text) == expected


def test_titles_come_before_contents(room: Room) -> None:
    room.publish("Réunion", "On parle du budget.", dated_on=date(2026, 11, 1))
    room.publish("Budget 2026", "Des chiffres.", dated_on=date(2020, 1, 1))
    room.conference("Colloque", information="Le budget des écoles")
    assert found(room.head, "budget") == ["Budget 2026", "Colloque", "Réunion"]
    rows = room.head.read(reading_room.all_rows, RoomQuery("budget"))
    assert [row.in_title for row in rows] == [True, False, False]


def test_only_the_latest_version_and_no_file_is_searched(room: Room) -> None:
    document = room.publish("Règlement", "Une ancienne règle.")
    room.replace(document, "Une nouvelle règle.")
    room.publish("Tableau", "ancienne nouvelle", file_name="tableau.pdf")
    assert found(room.head, "ancienne") == []
    assert found(room.head, "nouvelle") == ["Règlement"]
    room.helpdesk.write(documents.withdraw_version, document, 2)
    assert found(room.head, "ancienne") == ["Règlement"]
    assert found(room.head, "nouvelle") == []


def test_committees_are_found_by_members_and_schools(room: Room) -> None:
    room.committee(
        "Comité pédagogique",
        Term("Élise D’Hondt", DAY, school_name="Collège Saint-Aubert"),
        Term("Paul Renard", date(2020, 1, 1), date(2021, 1, 1), school_name="Athénée"),
    )
    room.committee("Bureau")
    for text in ("dhondt", "saint aubert", "elise aubert", "renard", "pédagogique renard"):
        assert found(room.head, text) == ["Comité pédagogique"], text
    assert found(room.head, "dhondt bureau") == []


def test_minutes_are_found_by_the_name_of_their_committee(room: Room) -> None:
    bureau = room.committee("Bureau exécutif")
    room.publish("Réunion d’octobre", "Le budget.", committee_id=bureau)
    assert found(room.head, "exécutif octobre") == ["Réunion d’octobre"]
    assert found(room.head, "executif") == ["Bureau exécutif", "Réunion d’octobre"]


# --- who sees what ------------------------------------------------------------------------


@pytest.mark.parametrize("role", ["director", "coordinator", "staff", "parent"])
def test_others_see_nothing_and_may_do_nothing(room: Room, role: str) -> None:
    document, committee, conference = room.publish(), room.committee(), room.conference()
    desk = room.desk(role, room.world.mine, account_id=7)
    assert found(desk) == found(desk, "budget") == []
    assert desk.read(reading_room.counts)["unread"] == 0
    assert desk.read(conferences.coming) == desk.read(committees.all_committees) == []
    for read, number in (
        (documents.page, document),
        (documents.text, document),
        (documents.contents, document),
        (conferences.page, conference),
        (conferences.calendar, conference),
        (committees.page, committee),
    ):
        with pytest.raises(NotInRoom):
            desk.read(read, number)
    with pytest.raises(NotInRoom):
        desk.write(documents.mark_read, document)


def test_a_head_changes_nothing(room: Room) -> None:
    document, committee, conference = room.publish(), room.committee(), room.conference()
    facts = documents.DocumentFacts("minutes", "Autre", DAY)
    said = conferences.facts_from(room.helpdesk.read(conferences.form_of, conference))
    deeds: list[tuple[Any, ...]] = [
        (documents.publish, facts, upload("x")),
        (documents.replace, document, upload("x")),
        (documents.withdraw, document),
        (documents.publish_again, document),
        (documents.withdraw_version, document, 1),
        (documents.correct, document, facts),
        (conferences.add, said),
        (conferences.alter, conference, said),
        (conferences.withdraw, conference),
        (conferences.publish_again, conference),
        (committees.add, "Neuf"),
        (committees.alter, committee, "Neuf", ""),
        (committees.withdraw, committee),
        (committees.publish_again, committee),
        (committees.add_term, committee, Term("A", DAY)),
        (committees.change_term, 1, Term("A", DAY)),
        (committees.remove_term, 1),
    ]
    before = room.head.read(reading_room.all_rows, RoomQuery())
    for deed, *arguments in deeds:
        with pytest.raises(OutOfScope):
            room.head.write(deed, *arguments)
    assert room.head.read(reading_room.all_rows, RoomQuery()) == before


def test_what_is_withdrawn_is_shown_to_no_head(room: Room) -> None:
    document, committee, conference = room.publish(), room.committee(), room.conference()
    room.helpdesk.write(documents.withdraw, document)
    room.helpdesk.write(committees.withdraw, committee)
    room.helpdesk.write(conferences.withdraw, conference)
    assert found(room.head) == found(room.head, "budget") == found(room.head, withdrawn=True) == []
    assert found(room.helpdesk) == []
    everything = found(room.helpdesk, withdrawn=True)
    assert sorted(everything) == ["Bureau", "Conférence régionale", "Procès-verbal du bureau"]
    for page, number in (
        (documents.page, document),
        (committees.page, committee),
        (conferences.page, conference),
    ):
        with pytest.raises(NotInRoom):
            room.head.read(page, number)
        assert room.helpdesk.read(page, number)
    for module, number in (
        (documents, document),
        (committees, committee),
        (conferences, conference),
    ):
        with pytest.raises(RoomRefused):
            room.helpdesk.write(module.withdraw, number)
        room.helpdesk.write(module.publish_again, number)
        with pytest.raises(RoomRefused):
            room.helpdesk.write(module.publish_again, number)
    assert sorted(found(room.head)) == sorted(everything)
