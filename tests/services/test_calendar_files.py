"""Calendar files, read back by `ical` and by a strict reader of our own."""

import subprocess
import sys
from dataclasses import replace
from datetime import UTC, date, datetime, time, timedelta
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from ical.calendar_stream import IcsCalendarStream

from models.addresses import AddressError
from models.language import say
from models.text import is_clean
from services.calendar_files import CalendarEvent, Deadline, attachment, calendar_file, packed
from tests import calendars

EVENT = CalendarEvent(
    "V-2027-0042",
    "Évaluer, puis enseigner ; catégorie 1",
    date(2027, 3, 15),
    2,
    time(9),
    time(15, 30),
    ZoneInfo("Europe/Brussels"),
    datetime(2026, 11, 22, 8, 30, tzinfo=UTC),
    description=("Atelier virtuel", "Assistance technique : 081 00 00 00"),
    url="https://bbb.example.org/bigbluebutton/api/join?fullName=A%2CB&checksum=00",
    organizer="ateliers@écoles.example.be",
)
DEADLINES = (
    Deadline("request", say("Surname"), date(2027, 1, 18)),
    Deadline("invoice", "Facture due", date(2027, 3, 30), ("Deux semaines",), reminders=(0,)),
)


def local_times(event: CalendarEvent) -> list[tuple[datetime, datetime]]:
    """Return when the event is, by the zone database and not by the file."""
    nights = timedelta(days=0 if event.ends > event.starts else 1)
    return [
        (
            datetime.combine(day, event.starts, event.zone).astimezone(UTC),
            datetime.combine(day + nights, event.ends, event.zone).astimezone(UTC),
        )
        for day in (event.first_day + timedelta(days=n) for n in range(event.days))
    ]


def test_both_readers_find_the_event_and_its_deadlines() -> None:
    content = calendar_file(EVENT, DEADLINES)
    strict = calendars.read(content)
    event, request, invoice = strict.all("VEVENT")
    assert event["SUMMARY"].text == EVENT.title
    assert event["DESCRIPTION"].text == "\n".join(EVENT.description)
    assert event["URL"].value == EVENT.url
    assert event["ORGANIZER"].value == "mailto:ateliers@xn--coles-9ra.example.be"
    assert calendars.spans(strict, event) == local_times(EVENT)
    assert request["SUMMARY"].text == "Nom"
    assert (calendars.day(request), calendars.day(invoice)) == (DEADLINES[0].day, DEADLINES[1].day)
    reminders = [calendars.duration(each["TRIGGER"].value) for each in request.all("VALARM")]
    assert reminders == [timedelta(hours=9) - timedelta(days=n) for n in (7, 1)]
    assert [each["TRIGGER"].value for each in invoice.all("VALARM")] == ["PT9H"]

    other = IcsCalendarStream.calendar_from_ics(content.decode())
    by_uid = {each.uid: each for each in other.events}
    workshop = by_uid[event["UID"].value]
    assert (workshop.summary, workshop.location) == (EVENT.title, "BigBlueButton")
    assert workshop.description == "\n".join(EVENT.description)
    found = [each for each in other.timeline if each.uid == workshop.uid]
    assert [(e.start.astimezone(UTC), e.end.astimezone(UTC)) for e in found] == local_times(EVENT)  # type: ignore[union-attr]
    assert by_uid[invoice["UID"].value].dtstart == DEADLINES[1].day
    assert len(by_uid[request["UID"].value].alarm) == 2


@pytest.mark.parametrize("first", [date(2027, 3, 27), date(2027, 10, 30), date(2028, 2, 28)])
@pytest.mark.parametrize(
    "zone",
    ["Europe/Brussels", "Pacific/Honolulu", "Pacific/Auckland", "America/St_Johns",
     "Asia/Kathmandu", "Africa/Casablanca", "UTC", "Australia/Lord_Howe"],
)  # fmt: skip
def test_the_hours_are_those_of_the_zone_on_each_day(zone: str, first: date) -> None:
    for starts, ends in ((time(9), time(15, 30)), (time(20), time(2, 30)), (time(0), time(0))):
        event = replace(EVENT, zone=ZoneInfo(zone), first_day=first, starts=starts, ends=ends)
        content = calendar_file(event)
        strict = calendars.read(content)
        (entry,) = strict.all("VEVENT")
        assert calendars.spans(strict, entry) == local_times(event)
        other = IcsCalendarStream.calendar_from_ics(content.decode())
        begins = [each.start.astimezone(UTC) for each in other.timeline]  # type: ignore[union-attr]
        assert begins == [begin for begin, _ in local_times(event)]


def test_the_same_facts_give_the_same_bytes_and_a_change_the_same_identifier() -> None:
    assert calendar_file(EVENT, DEADLINES) == calendar_file(EVENT, DEADLINES)
    later = replace(EVENT, first_day=date(2027, 4, 12), sequence=1, status="tentative")
    before, after = (calendars.read(calendar_file(e, DEADLINES)) for e in (EVENT, later))
    for old, new in zip(before.all("VEVENT"), after.all("VEVENT"), strict=True):
        assert old["UID"].value == new["UID"].value
        assert (old["SEQUENCE"].value, new["SEQUENCE"].value) == ("0", "1")
        assert new["STATUS"].value == "TENTATIVE"
    assert after["METHOD"].value == "PUBLISH"


def test_a_cancelled_workshop_is_taken_out_of_the_calendars() -> None:
    content = calendar_file(replace(EVENT, status="cancelled", sequence=2), DEADLINES)
    strict = calendars.read(content)
    assert strict["METHOD"].value == "CANCEL"
    assert {each["STATUS"].value for each in strict.all("VEVENT")} == {"CANCELLED"}
    assert not any(each.all("VALARM") for each in strict.all("VEVENT"))
    other = IcsCalendarStream.calendar_from_ics(content.decode())
    assert other.method == "CANCEL" and len(other.events) == 3


def test_a_file_to_keep_is_no_message() -> None:
    strict = calendars.read(calendar_file(replace(EVENT, organizer="", url=""), DEADLINES))
    assert "METHOD" not in strict
    assert not any("ORGANIZER" in each or "URL" in each for each in strict.all("VEVENT")[1:])


@pytest.mark.parametrize(
    "changes",
    [
        {"reference": "V\r\nX:1"}, {"reference": ""}, {"url": "javascript:alert(1)"},
        {"url": "https://a.be/\r\nATTENDEE:x"}, {"days": 0}, {"sequence": -1},
        {"organizer": "a@b.be\r\nX:1"}, {"organizer": "a@b.be,c@d.be"},
    ],
)  # fmt: skip
def test_what_would_break_the_file_is_refused(changes: dict[str, object]) -> None:
    with pytest.raises((ValueError, AddressError)):
        calendar_file(replace(EVENT, **changes))  # type: ignore[arg-type]
    with pytest.raises(ValueError):
        calendar_file(EVENT, [Deadline("a b", "x", EVENT.first_day)])


def test_a_packed_event_makes_the_same_file_as_the_event_itself() -> None:
    kept = packed(replace(EVENT, url="https://ibo.example.org/register"), DEADLINES)
    made = attachment(kept, organizer=EVENT.organizer)
    whole = calendar_file(replace(EVENT, url="https://ibo.example.org/register"), DEADLINES)
    assert (made.name, made.content) == ("V-2027-0042.ics", whole)
    assert made.media_type.endswith('method="PUBLISH"')
    assert EVENT.organizer != "a@b.be" and b"a@b.be" in attachment(kept, organizer="a@b.be").content
    assert "checksum" not in kept
    with pytest.raises(ValueError):
        packed(EVENT)  # its link lets somebody in


@pytest.mark.parametrize("text", ["", "[]", "{}", "null", '{"deadlines": [5]}', "5"])
def test_what_is_no_packed_event_is_refused(text: str) -> None:
    with pytest.raises(ValueError):
        attachment(text, organizer="a@b.be")


@given(st.text(max_size=300), st.lists(st.text(max_size=90), max_size=4))
@settings(max_examples=25, deadline=None)
def test_any_text_comes_back_and_none_gets_out(title: str, lines: list[str]) -> None:
    event = replace(EVENT, title=title, description=tuple(lines), location=title)
    strict = calendars.read(calendar_file(event, [Deadline("x", title, event.first_day)]))
    entry = strict.all("VEVENT")[0]
    assert is_clean(entry["SUMMARY"].text)
    assert entry["SUMMARY"].text == strict.all("VEVENT")[1]["SUMMARY"].text
    if "DESCRIPTION" in entry:
        assert entry["DESCRIPTION"].text.count("\n") == len(lines) - 1


def test_the_library_is_loaded_when_a_file_is_made_and_not_before() -> None:
    program = (
        "import sys; import services.calendar_files; assert not"
        " {'icalendar', 'dateutil', 'email'} & set(sys.modules)"
    )
    subprocess.run([sys.executable, "-c", program], check=True, timeout=30)
