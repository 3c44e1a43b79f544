"""Days and hours of workshops: the table of cases, the plans both ways, the clocks."""

from datetime import UTC, date, datetime, time, timedelta
from pathlib import Path
from typing import NamedTuple
from zoneinfo import ZoneInfo

import pytest

from models.public_holidays import country_of, public_holidays
from models.workshop_dates import (
    DELIVERY_TYPES,
    STEPS,
    Break,
    Event,
    WorkshopRules,
    answer_by,
    backward_plan,
    check_date,
    day_notes,
    delivery_type,
    first_days_for,
    shown_in,
    time_problems,
)

BRUSSELS = ZoneInfo("Europe/Brussels")


class Case(NamedTuple):
    zone: ZoneInfo
    asked_at: datetime
    first_day: date
    last_day: date
    days_left: int
    verdict: str
    first_in_time: date
    reason: str


def cases() -> list[Case]:
    lines = Path(__file__).with_name("workshop_dates.txt").read_text("utf-8")
    return [case(line) for line in lines.splitlines() if not line.startswith("#")]


def case(line: str) -> Case:
    facts, reason = line.split("  ", 1)
    zone, asked, first, last, left, verdict, fits = facts.split()
    day = date.fromisoformat
    asked_at = datetime.fromisoformat(asked)
    return Case(
        ZoneInfo(zone), asked_at, day(first), day(last), int(left), verdict, day(fits), reason
    )


CASES = cases()


def test_there_are_cases_enough_with_a_reason_each() -> None:
    assert len(CASES) >= 200 and all(each.reason for each in CASES)
    assert len({each[:3] for each in CASES}) == len(CASES)
    assert {each.verdict for each in CASES} == {"in_time", "late", "past"}


def test_the_table_of_dates() -> None:
    wrong = []
    for each in CASES:
        found = check_date(each.first_day, each.asked_at, each.zone)
        told = (found.last_day, found.days_left, found.verdict, found.first_in_time)
        if told != each[3:7]:
            wrong.append((each.reason, told, each[3:7]))
    assert not wrong


def test_a_verdict_says_the_days() -> None:
    at = datetime(2026, 11, 22, 8, tzinfo=UTC)
    late = check_date(date(2027, 1, 16), at, BRUSSELS).sentence.text("en")
    assert "21/11/2026" in late and "17/01/2027" in late
    ahead = check_date(date(2027, 3, 15), at, BRUSSELS).sentence.text("en")
    assert "18/01/2027" in ahead and "57" in ahead
    assert "today" in check_date(date(2027, 1, 17), at, BRUSSELS).sentence.text("en")
    assert "gone by" in check_date(date(2026, 11, 21), at, BRUSSELS).sentence.text("en")


def test_an_instant_without_a_zone_is_refused() -> None:
    with pytest.raises(ValueError, match="zone"):
        check_date(date(2027, 3, 15), datetime(2026, 11, 22), BRUSSELS)


# --- plans --------------------------------------------------------------------------------


def test_the_backward_plan_of_a_date() -> None:
    plan = backward_plan(date(2027, 3, 15))
    assert [(step.code, step.day.isoformat(), step.who) for step in plan.steps] == [
        ("ask", "2027-01-18", "school"),
        ("free", "2027-02-21", "school"),
        ("registration", "2027-03-01", "school"),
        ("first_day", "2027-03-15", "everybody"),
        ("second_day", "2027-03-16", "everybody"),
        ("attendance", "2027-03-23", "office"),
        ("invoice", "2027-03-30", "school"),
    ]
    assert plan.next_step(date(2027, 2, 21)) == plan.steps[1]
    assert plan.next_step(date(2027, 2, 22)) == plan.steps[2]
    assert plan.next_step(date(2027, 3, 31)) is None
    assert plan.steps[1].days_until(date(2027, 2, 22)) == -1


def test_other_rules_give_another_plan_in_the_order_of_days() -> None:
    rules = WorkshopRules(notice_days=30, registration_days=25, attendance_days=20)
    plan = backward_plan(date(2027, 3, 15), rules)
    codes = [step.code for step in plan.steps]
    assert codes.index("registration") < codes.index("free")
    assert codes[-2:] == ["invoice", "attendance"]
    assert set(codes) == set(STEPS)


def test_the_plan_the_other_way_round() -> None:
    """For each step: the plan of the day it names has that step today."""
    today = date(2026, 11, 22)
    found = {step.code: step.day for step in first_days_for(today)}
    assert found["ask"] == date(2027, 1, 17) and found["free"] == date(2026, 12, 14)
    assert found["invoice"] == date(2026, 11, 7) and found["first_day"] == today
    assert all(backward_plan(day).day(code) == today for code, day in found.items())


def test_an_answer_is_due_before_registration_closes_and_at_once_when_late() -> None:
    first = date(2027, 3, 15)
    assert answer_by(first, date(2027, 1, 10)) == date(2027, 1, 24)
    rules = WorkshopRules(answer_days=90)
    assert answer_by(first, date(2027, 1, 10), rules) == date(2027, 3, 1)
    assert answer_by(first, date(2027, 1, 18)) == date(2027, 2, 1)
    assert answer_by(first, date(2027, 1, 19)) == date(2027, 1, 19)


# --- hours --------------------------------------------------------------------------------


def event(day: str, begins: str = "09:00", ends: str = "16:00", zone: str = "") -> Event:
    at = time.fromisoformat
    place = ZoneInfo(zone) if zone else BRUSSELS
    return Event(date.fromisoformat(day), at(begins), at(ends), place)


def test_hours_over_the_date_line_are_another_day_in_the_school() -> None:
    asked = event("2027-03-15", "14:00", "21:00")
    auckland = ZoneInfo("Pacific/Auckland")
    first, second = shown_in(asked, auckland)
    assert (first.begins.isoformat(), first.begins_next_day) == ("2027-03-16T02:00:00+13:00", 1)
    assert (second.ends.isoformat(), second.ends_next_day) == ("2027-03-17T09:00:00+13:00", 1)
    assert asked.first_day_in(auckland) == date(2027, 3, 16)
    there = event("2027-03-15", "08:00", "15:00", "Pacific/Auckland")
    honolulu = shown_in(there, ZoneInfo("Pacific/Honolulu"))[0]
    assert (honolulu.begins.isoformat(), honolulu.begins_next_day) == (
        "2027-03-14T09:00:00-10:00",
        -1,
    )


def test_a_change_of_the_clock_between_the_days_moves_the_other_zone() -> None:
    """Brussels goes forward on Sunday 28 March 2027, Tokyo never."""
    first, second = shown_in(event("2027-03-27"), ZoneInfo("Asia/Tokyo"))
    assert (first.begins.hour, second.begins.hour) == (17, 16)
    asked = event("2027-03-27")
    assert asked.hours() == timedelta(hours=14)
    assert asked.ends_at - asked.starts_at == timedelta(hours=30)


@pytest.mark.parametrize(
    ("asked", "codes"),
    [
        (event("2027-03-15"), []),
        (event("2027-03-15", "09:00", "15:00"), []),
        (event("2027-03-15", "09:00", "14:59"), [("too_short", True)]),
        (event("2027-03-15", "16:00", "09:00"), [("backwards", True)]),
        (event("2027-03-15", "09:00", "09:00"), [("backwards", True)]),
        # On 28 March 2027 02:30 does not exist in Brussels, on 31 October it occurs twice.
        (event("2027-03-28", "02:30", "10:00"), [("missing", True)]),
        (event("2027-03-27", "02:30", "10:00"), [("missing", True)]),
        (event("2027-10-31", "02:30", "10:00"), [("twice", False)]),
        (event("2027-10-30", "00:30", "02:30"), [("twice", False), ("too_short", True)]),
        # From 01:30 to 08:00 an hour is missing, or there is one more.
        (event("2027-03-28", "01:30", "07:30"), [("too_short", True)]),
        (event("2027-10-31", "01:30", "07:30"), []),
        (event("2027-03-28", "00:30", "09:00", "Asia/Beirut"), [("missing", True)]),
    ],
)
def test_hours_that_the_clocks_do_not_have(asked: Event, codes: list[tuple[str, bool]]) -> None:
    assert [(p.code, p.refused) for p in time_problems(asked)] == codes
    assert all(p.sentence.text("en") for p in time_problems(asked))


# --- notes and forms ----------------------------------------------------------------------


def test_weekends_holidays_and_breaks_are_pointed_out() -> None:
    breaks = [Break("Vacances de printemps", date(2027, 4, 26), date(2027, 5, 7))]
    days = (date(2027, 4, 30), date(2027, 5, 1), date(2027, 5, 7), date(2027, 5, 8))
    holidays = public_holidays("Europe/Brussels", 2027, "fr")
    found = [(note.day.day, note.kind, note.name) for note in day_notes(days, holidays, breaks)]
    assert found == [
        (30, "school_holiday", "Vacances de printemps"),
        (1, "weekend", ""),
        (1, "public_holiday", "Fête du Travail"),
        (1, "school_holiday", "Vacances de printemps"),
        (7, "school_holiday", "Vacances de printemps"),
        (8, "weekend", ""),
    ]
    assert "Saturday" in day_notes([date(2027, 5, 1)])[0].sentence.text("en")
    assert day_notes([date(2027, 3, 15)], holidays, breaks) == ()


def test_public_holidays_are_those_of_the_country_of_the_zone() -> None:
    fourth = date(2027, 7, 4)
    assert fourth in public_holidays("Pacific/Honolulu", 2027)
    assert fourth not in public_holidays("Europe/Brussels", 2027)
    assert public_holidays("Europe/Paris", 2027, "en")[date(2027, 7, 14)] == "National Day"
    assert country_of("UTC") is None and public_holidays("UTC", 2027) == {}


def test_the_four_mixed_forms_are_refused_with_what_fits() -> None:
    accepted, *refused = DELIVERY_TYPES
    assert accepted.code == "virtual" and accepted.refused is None
    assert [each.code for each in refused] == ["mixed", "grouped", "partly_on_site", "hybrid"]
    assert all(each.refused and "ask" in each.refused.text("en") for each in refused)
    assert {each.fits for each in refused} == {"virtual", "in_school"}
    assert delivery_type("hybrid") is refused[3] and delivery_type("other") is None
