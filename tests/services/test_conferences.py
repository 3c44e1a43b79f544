"""Conferences: coming and past, hours in both zones, calendar files that follow every change."""

from datetime import date, time
from typing import Any

import pytest
from icalendar import Calendar
from sqlalchemy import Engine, update
from sqlmodel import col

from models.database import SYSTEM, change, writing
from models.schools import School
from services import conferences
from services.conferences import ConferenceFacts
from services.reading_room_rules import NotInRoom, RoomRefused
from tests.services.room_world import Room, make_room

HOURS: dict[str, Any] = {"begins": time(9), "ends": time(16, 30)}


@pytest.fixture
def room(engine: Engine) -> Room:
    return make_room(engine)


def events(file: bytes) -> list[Any]:
    return list(Calendar.from_ical(file).walk("VEVENT"))


def test_coming_and_past_by_the_day_at_the_conference(room: Room) -> None:
    room.conference("Tokyo", first_day=date(2026, 11, 22), last_day=date(2026, 11, 22),
                    time_zone="Asia/Tokyo")  # fmt: skip
    room.conference("Hawaï", first_day=date(2026, 11, 22), last_day=date(2026, 11, 22),
                    time_zone="Pacific/Honolulu")  # fmt: skip
    room.conference("Demain", first_day=date(2026, 11, 23), last_day=date(2026, 11, 24))
    room.conference("Hier", first_day=date(2026, 11, 20), last_day=date(2026, 11, 21))
    room.at("2026-11-22T16:00:00+00:00")  # the 23rd in Tokyo, the 22nd in Hawaii
    assert [row.title for row in room.head.read(conferences.coming)] == ["Hawaï", "Demain"]
    assert [row.title for row in room.head.read(conferences.past)] == ["Tokyo", "Hier"]


def test_hours_are_shown_in_the_zone_of_the_conference_and_of_the_school(room: Room) -> None:
    number = room.conference(time_zone="America/New_York", **HOURS)
    with writing(room.world.engine, SYSTEM, room.clock()) as session:
        change(session, School, col(School.id) == room.world.other, time_zone="Asia/Tokyo")
    here = room.head.read(conferences.page, number)
    there = room.other_head.read(conferences.page, number)
    assert [f"{day.begins:%d %H:%M}" for day in here.days_there] == ["27 09:00", "28 09:00"]
    # The clocks are put forward in Brussels on the 28th.
    assert [f"{day.begins:%d %H:%M}" for day in here.days_here] == ["27 14:00", "28 15:00"]
    assert [f"{day.ends:%d %H:%M}" for day in there.days_here] == ["28 05:30", "29 05:30"]
    assert (here.own_zone.key, there.own_zone.key) == ("Europe/Brussels", "Asia/Tokyo")
    assert here.has_other_hours
    near = room.head.read(conferences.page, room.conference(time_zone="Europe/Paris", **HOURS))
    assert not near.has_other_hours
    whole = room.head.read(conferences.page, room.conference())
    assert whole.days_there == whole.days_here == ()


def test_a_calendar_follows_every_change(room: Room) -> None:
    number = room.conference("Printemps", place="Namur", link="https://ib.example/p", **HOURS)
    (first,) = events(room.head.read(conferences.calendar, number))
    assert (first["SEQUENCE"], first["STATUS"], first["LOCATION"]) == (0, "CONFIRMED", "Namur")
    assert first["DTSTART"].dt.isoformat() == "2027-03-27T09:00:00+01:00"
    assert first["RRULE"]["COUNT"] == [2]
    facts = conferences.facts_from(
        {**room.helpdesk.read(conferences.form_of, number), "place": "Liège"}
    )
    assert room.helpdesk.write(conferences.alter, number, facts)
    assert not room.helpdesk.write(conferences.alter, number, facts)
    (second,) = events(room.head.read(conferences.calendar, number))
    room.helpdesk.write(conferences.withdraw, number)
    (third,) = events(room.head.read(conferences.calendar, number))
    room.helpdesk.write(conferences.publish_again, number)
    (fourth,) = events(room.head.read(conferences.calendar, number))
    seen = (first, second, third, fourth)
    assert len({str(event["UID"]) for event in seen}) == 1
    assert [event["SEQUENCE"] for event in seen] == [0, 1, 2, 3]
    assert [event["STATUS"] for event in seen] == [
        "CONFIRMED", "CONFIRMED", "CANCELLED", "CONFIRMED",
    ]  # fmt: skip
    assert second["LOCATION"] == "Liège"


def test_whole_days_and_one_file_of_all(room: Room) -> None:
    with pytest.raises(NotInRoom):
        room.head.read(conferences.calendar_of_all)
    room.conference("Semaine", last_day=date(2027, 3, 31))
    room.conference("Ailleurs", time_zone="America/New_York", **HOURS)
    room.conference("Finie", first_day=date(2025, 1, 1), last_day=date(2025, 1, 1))
    gone = room.conference("Retirée")
    room.helpdesk.write(conferences.withdraw, gone)
    file = room.head.read(conferences.calendar_of_all)
    found = {str(event["SUMMARY"]): event for event in events(file)}
    assert sorted(found) == ["Ailleurs", "Retirée", "Semaine"]
    assert (found["Semaine"]["DTSTART"].dt, found["Semaine"]["DTEND"].dt) == (
        date(2027, 3, 27), date(2027, 4, 1),
    )  # fmt: skip
    assert found["Retirée"]["STATUS"] == "CANCELLED"
    assert b"TZID:America/New_York" in file and len({str(e["UID"]) for e in found.values()}) == 3


@pytest.mark.parametrize(
    ("field", "value"),
    [
        ("title", ""), ("title", " \u200b "), ("title", "x" * 10_000), ("first_day", "31/02/2027"),
        ("first_day", ""), ("last_day", "26/03/2027"), ("last_day", "27/05/2027"),
        ("begins", "25:00"), ("ends", "08:00"), ("ends", ""), ("time_zone", "Mars/Olympus"),
        ("time_zone", "../../etc/passwd"), ("link", "javascript:alert(1)"),
        ("link", "https://x\x1b[31m"), ("link", "http://ib.example"),
        ("information", "x" * 100_000),
    ],
)  # fmt: skip
def test_what_cannot_be_is_refused_with_its_field(
    sqlite_engine: Engine, field: str, value: str
) -> None:
    room = make_room(sqlite_engine)
    number = room.conference(**HOURS)
    form = {**room.helpdesk.read(conferences.form_of, number), field: value}
    with pytest.raises(RoomRefused) as refused:
        room.helpdesk.write(conferences.alter, number, conferences.facts_from(form))
    assert refused.value.field == field


def test_hostile_texts_come_out_safe(sqlite_engine: Engine) -> None:
    room = make_room(sqlite_engine)
    number = room.conference(
        "=cmd()\x1b]0;x\x07", information="a\r\n\x9b31mb\u202e\nBEGIN:VEVENT", place="[red]\nx"
    )
    page = room.head.read(conferences.page, number)
    assert page.row.title == "=cmd()\ufffd]0;x\ufffd" and page.row.place == "[red] x"
    assert page.information == "a\n\ufffd31mb\ufffd\nBEGIN:VEVENT"
    assert len(events(room.head.read(conferences.calendar, number))) == 1


def test_whoever_comes_second_is_told(room: Room) -> None:
    number = room.conference()
    facts = ConferenceFacts("Autre", date(2027, 3, 27), date(2027, 3, 28))

    def twice(session: Any) -> None:
        from models.reading_room import Conference

        found = session.get(Conference, number)
        assert found.sequence == 0
        session.execute(
            update(Conference).where(col(Conference.id) == number).values(sequence=5),
            execution_options={"journaled": True, "synchronize_session": False},
        )
        conferences.alter(session, number, facts)

    with pytest.raises(RoomRefused):
        room.helpdesk.write(twice)
    assert room.head.read(conferences.page, number).row.title == "Conférence régionale"
