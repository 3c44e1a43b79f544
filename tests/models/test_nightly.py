"""When a night is due, minute by minute over both changes of the clock."""

from datetime import UTC, date, datetime, time, timedelta
from itertools import pairwise
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


def test_of_a_time_that_comes_twice_the_second_counts() -> None:
    half_past_two = Schedule(time(2, 30), BRUSSELS)
    first = datetime(2027, 10, 31, 0, 30, tzinfo=UTC)
    again = first + timedelta(hours=1)
    assert half_past_two.due_at(AUTUMN) == again
    assert half_past_two.night_at(first) == AUTUMN - timedelta(days=1)
    assert half_past_two.night_at(again - MINUTE) == AUTUMN - timedelta(days=1)
    assert half_past_two.night_at(again) == AUTUMN


@given(
    st.datetimes(datetime(2025, 1, 1), datetime(2030, 1, 1), timezones=st.just(UTC)),
    st.sampled_from(["Europe/Brussels", "America/St_Johns", "Australia/Lord_Howe", "UTC"]),
    st.times(),
)
def test_what_is_next_due_comes_within_24_hours(at: datetime, zone: str, clock: time) -> None:
    schedule = Schedule(clock.replace(second=0, microsecond=0, fold=0), ZoneInfo(zone))
    night, due = schedule.night_at(at), schedule.next_due(at)
    assert schedule.due_at(night) <= at < due <= at + timedelta(days=1)
    following = schedule.due_at(night + timedelta(days=1))
    assert due == min(following, schedule.due_at(night) + timedelta(days=1)) or due == following


#: Zones with their night on which the clock is put forward, and on which it is put back: by an
#: hour or half of one, at midnight too, in the other half of the year.
CHANGES = [
    ("Europe/Brussels", SPRING, AUTUMN),
    ("Europe/Lisbon", SPRING, AUTUMN),
    ("America/Toronto", date(2027, 3, 14), date(2027, 11, 7)),
    ("America/Havana", date(2027, 3, 14), date(2027, 11, 7)),
    ("Australia/Lord_Howe", date(2027, 10, 3), date(2027, 4, 4)),
    ("Asia/Beirut", SPRING, AUTUMN),
    ("America/St_Johns", date(2006, 4, 2), date(2006, 10, 29)),  # at 00:01, to the day before
]
HOURS = [time(hour, minute) for hour in range(24) for minute in (0, 1, 30, 59)]


@pytest.mark.parametrize(("zone", "spring", "autumn"), CHANGES)
def test_the_hour_strikes_as_often_as_both_promises_need(
    zone: str, spring: date, autumn: date
) -> None:
    """Follow the updates one after the other over both changes, for each hour of the day.

    No two lie more than 24 hours apart, each is at the hour that the clock shows or showed
    before it was put back, and there is one a day but for the day on which it is.
    """
    there = ZoneInfo(zone)
    for clock in HOURS:
        schedule = Schedule(clock, there)
        for changed, nights in ((spring, 5), (autumn, 6)):
            noon = datetime.combine(changed, time(12), UTC)
            updates = _updates(schedule, noon - timedelta(days=3), noon + timedelta(days=3))
            gaps = [later - earlier for earlier, later in pairwise(updates)]
            assert max(gaps) <= timedelta(days=1), (clock, changed)
            struck = {due.astimezone(there).time() for due in updates}
            assert clock in struck
            odd = [due for due in updates if due not in _of_nights(schedule, changed)]
            assert len(odd) == (1 if changed == autumn else 0), (clock, changed)
            for due in odd:
                before = (due - timedelta(days=1)).astimezone(there)
                assert before.time() == clock, "24 hours after the last one"
                assert due.astimezone(there).utcoffset() <= before.utcoffset()  # type: ignore[operator]
            assert len(updates) >= nights


def _updates(schedule: Schedule, since: datetime, until: datetime) -> list[datetime]:
    updates = [schedule.next_due(since)]
    while updates[-1] < until:
        updates.append(schedule.next_due(updates[-1]))
    return updates


def _of_nights(schedule: Schedule, changed: date) -> set[datetime]:
    return {schedule.due_at(changed + timedelta(days=n)) for n in range(-5, 6)}


def test_what_is_asked_for_in_between_waits_for_the_next_of_both() -> None:
    """At three, on the night when the clock goes from three to two."""
    schedule = Schedule(time(3), BRUSSELS)
    first, second = (datetime(2027, 10, 31, hour, tzinfo=UTC) for hour in (1, 2))
    assert schedule.next_due(first - MINUTE) == first
    assert schedule.next_due(first) == schedule.next_due(second - MINUTE) == second
    assert schedule.next_due(second) == second + timedelta(days=1)
    assert second.astimezone(BRUSSELS).time() == time(3) == schedule.time
    assert schedule.night_at(first) == AUTUMN - timedelta(days=1), "no night of its own"


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
