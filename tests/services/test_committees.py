"""Committees: terms on any day, changed, ended, taken back; names by which they are known."""

from dataclasses import replace
from datetime import date
from typing import Any

import pytest
from sqlalchemy import Engine

from services import committees
from services.committees import Term
from services.reading_room_rules import NotInRoom, RoomRefused
from tests.services.room_world import Room, make_room

TODAY = date(2026, 11, 22)


@pytest.fixture
def room(engine: Engine) -> Room:
    return make_room(engine)


def members(room: Room, committee: int) -> list[tuple[str, str]]:
    page = room.head.read(committees.page, committee)
    return [(member.name, member.state) for member in page.members]


def test_terms_are_present_coming_or_past_on_the_day(room: Room) -> None:
    bureau = room.committee(
        "Bureau",
        Term("Zoé", date(2026, 1, 1)),
        Term("Avant", date(2020, 1, 1), date(2026, 11, 21)),
        Term("Bien avant", date(2010, 1, 1), date(2012, 1, 1)),
        Term("Dernier jour", date(2026, 1, 1), TODAY),
        Term("Premier jour", TODAY, date(2027, 1, 1)),
        Term("Demain", date(2026, 11, 23)),
    )
    assert members(room, bureau) == [
        ("Dernier jour", "present"), ("Premier jour", "present"), ("Zoé", "present"),
        ("Demain", "coming"), ("Avant", "past"), ("Bien avant", "past"),
    ]  # fmt: skip
    (row,) = room.head.read(committees.all_committees)
    assert (row.name, row.members) == ("Bureau", 3)
    room.at("2026-11-22T23:30:00+00:00")  # the 23rd at the schools
    states = dict(members(room, bureau))
    assert (states["Dernier jour"], states["Demain"]) == ("past", "present")


def test_a_term_is_changed_ended_and_taken_back(room: Room) -> None:
    term = Term("Anne", date(2026, 1, 1), school_name="Institut", function="présidente")
    bureau = room.committee("Bureau", term)
    (member,) = room.head.read(committees.page, bureau).members
    assert member.term == term
    better = replace(term, name="Anne Lecomte", function="secrétaire")
    assert room.helpdesk.write(committees.change_term, member.id, better)
    assert not room.helpdesk.write(committees.change_term, member.id, better)
    ended = replace(better, last_day=date(2026, 11, 21))
    assert room.helpdesk.write(committees.change_term, member.id, ended)
    (member,) = room.head.read(committees.page, bureau).members
    assert (member.state, member.term.last_day) == ("past", date(2026, 11, 21))
    before = replace(better, last_day=date(2025, 12, 31))
    with pytest.raises(RoomRefused):
        room.helpdesk.write(committees.change_term, member.id, before)
    room.helpdesk.write(committees.remove_term, member.id)
    assert members(room, bureau) == []
    for deed, *arguments in (
        (committees.remove_term,),
        (committees.change_term, term),
    ):
        with pytest.raises(NotInRoom):
            room.helpdesk.write(deed, member.id, *arguments)  # type: ignore[arg-type]


def test_nobody_is_in_a_committee_twice_at_once(room: Room) -> None:
    first = Term("Jean-Marc D’Hondt", date(2026, 1, 1), date(2026, 12, 31), "Institut")
    bureau = room.committee("Bureau", first)
    for other in (
        replace(first, name="Jean Marc Dhondt"),
        replace(first, first_day=date(2026, 12, 31), last_day=None),
        replace(first, first_day=date(2020, 1, 1), last_day=date(2026, 1, 1)),
    ):
        with pytest.raises(RoomRefused):
            room.helpdesk.write(committees.add_term, bureau, other)
    for other in (
        replace(first, first_day=date(2027, 1, 1), last_day=None),
        replace(first, school_name="Athénée"),
    ):
        room.helpdesk.write(committees.add_term, bureau, other)
    assert len(members(room, bureau)) == 3


def test_a_name_is_one_committees_as_long_as_it_is_not_withdrawn(room: Room) -> None:
    bureau = room.committee("Comité pédagogique")
    with pytest.raises(RoomRefused) as refused:
        room.committee("COMITE  Pédagogique")
    assert refused.value.field == "name"
    room.helpdesk.write(committees.withdraw, bureau)
    room.committee("Comité pédagogique")
    with pytest.raises(RoomRefused):
        room.helpdesk.write(committees.publish_again, bureau)
    assert room.helpdesk.write(committees.alter, bureau, "Ancien comité", "Avant.")
    room.helpdesk.write(committees.publish_again, bureau)
    assert [row.name for row in room.head.read(committees.all_committees)] == [
        "Ancien comité", "Comité pédagogique",
    ]  # fmt: skip


@pytest.mark.parametrize(
    ("field", "facts"),
    [
        ("name", {"name": ""}),
        ("name", {"name": "\u200b…"}),
        ("name", {"name": "x" * 10_000}),
        ("school_name", {"school_name": "x" * 10_000}),
        ("function", {"function": "x" * 10_000}),
        ("first_day", {"first_day": date(26, 1, 1)}),
        ("last_day", {"last_day": date(2025, 12, 31)}),
    ],
)
def test_what_cannot_be_is_refused_with_its_field(
    sqlite_engine: Engine, field: str, facts: dict[str, Any]
) -> None:
    room = make_room(sqlite_engine)
    bureau = room.committee()
    with pytest.raises(RoomRefused) as refused:
        room.helpdesk.write(
            committees.add_term, bureau, replace(Term("Anne", date(2026, 1, 1)), **facts)
        )
    assert refused.value.field == field
