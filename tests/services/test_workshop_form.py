"""The form of a request: each field's message beside it, and what follows from the date."""

from datetime import UTC, date, datetime
from zoneinfo import ZoneInfo

import pytest
from sqlalchemy import Engine

from models.workshop_dates import Break, WorkshopRules
from services import workshop_form
from services.workshop_form import (
    FIELDS,
    FormPlace,
    check,
    day_from,
    empty,
    time_from,
    zone_from,
)
from services.workshop_rules import Office
from tests.services.workshop_world import NOW, form, make_ateliers

SPRING = Break("Vacances de printemps", date(2027, 4, 26), date(2027, 5, 9))
PLACE = FormPlace(1, "Institut", 9901, ZoneInfo("Europe/Brussels"), "fr", Office(), (SPRING,))


def problems(level: str = "error", place: FormPlace = PLACE, **values: str) -> list[str]:
    found = check(form(**values), place, NOW)
    assert (found.request is None) == any(m.level == "error" for m in found.messages)
    return [message.field for message in found.messages if message.level == level]


def test_a_right_form_is_a_request() -> None:
    found = check(form(), PLACE, NOW)
    assert found.messages == () and not found.late
    request = found.request
    assert request and (request.programme, request.category, request.people) == ("PYP", 2, 20)
    assert request.school_day == date(2027, 3, 15) and found.second_day == date(2027, 3, 16)
    assert found.plan and found.plan.day("ask") == date(2027, 1, 18)
    assert found.date_check and found.date_check.days_left == 57


def test_an_empty_form_says_what_is_needed_and_never_fails() -> None:
    begun = empty(PLACE)
    assert tuple(begun) == FIELDS
    found = check(begun, PLACE, NOW)
    wrong = {message.field for message in found.messages}
    assert wrong == set(FIELDS) - {
        "delivery_type", "begins", "ends", "time_zone", "further_schools", "remarks",
    }  # fmt: skip
    assert found.plan is None and found.request is None
    assert check({}, PLACE, NOW).request is None


@pytest.mark.parametrize(
    ("values", "fields"),
    [
        ({"programme": "ZZ"}, ["programme"]),
        ({"programme": "myp"}, []),
        ({"category": "4"}, ["category"]),
        ({"language": "de"}, ["language"]),
        ({"title": " "}, ["title"]),
        ({"title": "x" * 201}, ["title"]),
        ({"delivery_type": "mixed"}, ["delivery_type"]),
        ({"delivery_type": "grouped"}, ["delivery_type"]),
        ({"delivery_type": "partly_on_site"}, ["delivery_type"]),
        ({"delivery_type": "hybrid"}, ["delivery_type"]),
        ({"delivery_type": ""}, ["delivery_type"]),
        ({"people": "0"}, ["people"]),
        ({"people": "501"}, ["people"]),
        ({"people": "vingt"}, ["people"]),
        ({"first_day": "30/02/2027"}, ["first_day"]),
        ({"first_day": "21/11/2026"}, ["first_day"]),
        ({"first_day": "22/11/2026", "begins": "08:59"}, ["first_day"]),
        ({"first_day": "22/11/2026", "begins": "09:30"}, []),
        ({"begins": "25:00"}, ["begins"]),
        ({"ends": "14:59"}, ["ends"]),
        ({"ends": "08:00"}, ["ends"]),
        ({"first_day": "28/03/2027", "begins": "02:30"}, ["begins"]),
        ({"time_zone": "Europe/Bruxelles"}, ["time_zone"]),
        ({"time_zone": "../../etc/passwd"}, ["time_zone"]),
        ({"further_schools": "9902 12"}, []),
        ({"further_schools": "9901"}, ["further_schools"]),
        ({"further_schools": "0123"}, ["further_schools"]),
        ({"further_schools": "Athénée"}, ["further_schools"]),
        ({"support_contact": "Paul"}, ["support_contact"]),
        ({"support_contact": "paul@ecole"}, ["support_contact"]),
        ({"support_contact": "paul@ecole.example"}, []),
        ({"contact_email": "a@b.example, c@d.example"}, ["contact_email"]),
        ({"remarks": "x" * 1001}, ["remarks"]),
        ({"remarks": ""}, []),
    ],
)
def test_what_is_wrong_stands_beside_its_field(values: dict[str, str], fields: list[str]) -> None:
    assert problems(**values) == fields


def test_what_is_only_pointed_out() -> None:
    assert problems("warning", first_day="01/05/2027") == ["first_day"] * 5
    assert problems("warning", first_day="16/01/2027") == ["first_day"] * 3
    assert problems("warning", people="14") == ["people"]
    assert problems("warning", people="41") == ["people"]
    assert problems("warning", contact_email="anne@gmial.com") == ["contact_email"]
    assert problems("warning", first_day="31/10/2027", begins="02:30", ends="10:00") == [
        "begins", "first_day", "first_day",
    ]  # fmt: skip
    few = FormPlace(1, "I", 1, PLACE.zone, "fr", Office(WorkshopRules(most=18)))
    assert problems("error", few) == ["people"]


def test_days_are_counted_and_notes_made_in_the_schools_zone() -> None:
    """In Auckland the Friday of Brussels begins on a Saturday, which is a day later."""
    place = FormPlace(1, "Kura", 1, ZoneInfo("Pacific/Auckland"), "en", Office())
    found = check(form(first_day="2027-03-19", begins="14:00", ends="21:00"), place, NOW)
    assert found.date_check and found.date_check.first_day == date(2027, 3, 20)
    assert [(note.day.day, note.kind) for note in found.notes] == [(20, "weekend"), (21, "weekend")]
    assert [day.begins.isoformat() for day in found.shown] == [
        "2027-03-20T02:00:00+13:00",
        "2027-03-21T02:00:00+13:00",
    ]


def test_a_workshop_that_began_earlier_today_has_gone_by_in_every_place() -> None:
    today = NOW.astimezone(PLACE.zone).date().isoformat()
    for begins, verdict in (("00:30", "past"), ("23:00", "late")):
        found = check(form(first_day=today, begins=begins, ends="23:59"), PLACE, NOW)
        assert found.date_check and found.date_check.verdict == verdict
        said = [each.sentence for each in found.messages if each.field == "first_day"]
        assert found.date_check.sentence in said


def test_what_may_be_typed_for_a_day_a_time_a_zone() -> None:
    assert {
        day_from(text) for text in ("15/03/2027", "15.3.2027", "2027-03-15", " 15-3-2027 ")
    } == {date(2027, 3, 15)}
    assert [day_from(text) for text in ("", "15/3", "1/1/1999", "31/04/2027", "2027")] == [None] * 5
    nine = {str(time_from(text)) for text in ("9", "09:00", "9h", "9h00", "9 : 00", "9.00")}
    assert nine == {"09:00:00"}
    assert [time_from(text) for text in ("", "24:00", "9:60", "midi")] == [None] * 4
    assert zone_from("Asia/Kathmandu") and not zone_from("/etc") and not zone_from("x" * 200)


def test_a_place_holds_the_holidays_of_its_calendar(sqlite_engine: Engine) -> None:
    ateliers = make_ateliers(sqlite_engine, fewest=12)
    found = ateliers.coordinator.read(workshop_form.place, ateliers.world.mine)
    assert (found.fase_number, found.office.rules.fewest) == (9901, 12)
    summer = [each for each in found.breaks if each.first_day == date(2027, 7, 3)]
    assert [each.name for each in summer] == ["Vacances d’été"]
    at = datetime(2026, 11, 22, tzinfo=UTC)
    notes = check(form(first_day="05/07/2027"), found, at).notes
    assert [note.kind for note in notes] == ["school_holiday", "school_holiday"]
