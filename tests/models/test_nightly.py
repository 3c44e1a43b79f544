"""When a night is due, minute by minute over both changes of the clock."""

from datetime import UTC, date, datetime, time, timedelta
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given
from hypothesis import strategies as st

from models.nightly import Schedule, parse_schedule

MINUTE = timedelta(minutes=1)
BRUSSELS = ZoneInfo("Europe/Brussels")
#: The clock goes from 2:00 to 3:00 on 28 March 2027, from 3:00 to 2:00 on 31 October 2027.
SPRING, AUTUMN = date(2027, 3, 28), date(2027, 10, 31)


@pytest.mark.parametrize("changed", [SPRING, AUTUMN])
@pytest.mark.parametrize("clock", [time(1, 59), time(2), time(2, 30), time(3), time(0), time(23)])
def test_each_night_is_due_once_whatever_the_clock_does(changed: date, clock: time) -> None:
    schedule = Schedule(clock, BRUSSELS)
    start = datetime(changed.year, changed.month, changed.day - 2, 12, tzinfo=UTC)
    nights = [schedule.night_at(start + n * MINUTE) for n in range(4 * 24 * 60)]
    first = nights[0]
    assert nights == sorted(nights), "a night that was due is due no more"
    assert sorted(set(nights)) == [first + timedelta(days=n) for n in range(5)]
    for night in set(nights) - {first}:
        moment = start + nights.index(night) * MINUTE
        assert moment == schedule.due_at(night), "it is due at that minute, and not before"


def test_a_time_that_the_clock_leaves_out_is_an_hour_later() -> None:
    half_past_two = Schedule(time(2, 30), BRUSSELS)
    assert half_past_two.due_at(SPRING) == datetime(2027, 3, 28, 1, 30, tzinfo=UTC)
    assert half_past_two.due_at(SPRING).astimezone(BRUSSELS).time() == time(3, 30)
    assert half_past_two.due_at(SPRING + timedelta(days=1)).hour == 0


def test_of_a_time_that_comes_twice_the_first_counts() -> None:
    half_past_two = Schedule(time(2, 30), BRUSSELS)
    first = datetime(2027, 10, 31, 0, 30, tzinfo=UTC)
    assert half_past_two.due_at(AUTUMN) == first
    again = first + timedelta(hours=1)
    assert half_past_two.night_at(first - MINUTE) == AUTUMN - timedelta(days=1)
    assert half_past_two.night_at(first) == half_past_two.night_at(again) == AUTUMN


@given(
    st.datetimes(datetime(2025, 1, 1), datetime(2030, 1, 1), timezones=st.just(UTC)),
    st.sampled_from(["Europe/Brussels", "America/St_Johns", "Australia/Lord_Howe", "UTC"]),
    st.times(),
)
def test_the_next_night_is_due_after_now(at: datetime, zone: str, clock: time) -> None:
    schedule = Schedule(clock.replace(second=0, microsecond=0, fold=0), ZoneInfo(zone))
    night = schedule.night_at(at)
    assert schedule.due_at(night) <= at < schedule.next_due(at)
    assert schedule.night_at(schedule.next_due(at)) == night + timedelta(days=1)


def test_a_setting_is_a_time_and_perhaps_a_zone() -> None:
    assert parse_schedule("03:00") == Schedule() == Schedule(time(3), BRUSSELS)
    found = parse_schedule(" 23:15 America/Toronto ")
    assert found == Schedule(time(23, 15), ZoneInfo("America/Toronto"))


@pytest.mark.parametrize(
    "text",
    ["", "3", "24:00", "03:60", "3:0", "-1:00", "03:00 Europe", "03:00 Mars/Phobos", "٠٣:00",
     "03:00 ../../etc/passwd", "03:00 /etc/localtime", "03:00:00", "three"],
)  # fmt: skip
def test_anything_else_is_refused(text: str) -> None:
    with pytest.raises(ValueError):
        parse_schedule(text)
