"""When a nightly update is due, and which have been done, so that each is done once."""

from dataclasses import dataclass, field
from datetime import UTC, date, datetime, time, timedelta
from typing import Any, ClassVar
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

from sqlalchemy import JSON
from sqlmodel import Field

from models.base import Instant, Table
from models.schools import DEFAULT_TIME_ZONE

_DAY = timedelta(days=1)


@dataclass(frozen=True, slots=True)
class Schedule:
    """At what time of the day, in the zone of the network, the nightly update is due."""

    time: time = time(3)
    zone: ZoneInfo = field(default_factory=lambda: ZoneInfo(DEFAULT_TIME_ZONE))

    def due_at(self, night: date) -> datetime:
        """Return the instant, in UTC, at which the update of a night is due.

        A time that the clock leaves out counts as if it had not been put forward (02:30 is
        03:30 that day); of one that comes twice, the second counts (see `next_due`).
        """
        there = datetime.combine(night, self.time, self.zone)
        return max(there.replace(fold=fold).astimezone(UTC) for fold in (0, 1))

    def night_at(self, at: datetime) -> date:
        """Return the night whose update was the last to become due at or before `at`."""
        night = at.astimezone(self.zone).date()
        while self.due_at(night) > at:
            night -= _DAY
        return night

    def next_due(self, at: datetime) -> datetime:
        """Return when the first update after `at` is due, in UTC: at most 24 hours later.

        This is when what is asked for at `at` takes effect: at the configured hour of the
        network's zone, and no more than 24 hours after it was asked for (DOMAIN §3, HeadNet).
        Where the clock is put back, 25 hours lie between the same hour of two days, and both
        cannot be kept with one update. So the hour strikes twice that night, by the clock as
        it was and by the clock as it is: first 24 hours after the last update, then at the
        hour that the clock shows. The first brings into force what waits (`services.nightly`),
        the second does all the rest of the night, too. Where the clock is put forward, 23 hours
        lie between two updates, and no second one is needed.
        """
        night = self.night_at(at)
        last = self.due_at(night)
        by_old_clock = last + _DAY * ((at - last) // _DAY + 1)
        return min(by_old_clock, self.due_at(night + _DAY))


def parse_schedule(text: str) -> Schedule:
    """Return the schedule of a setting: `03:00`, or `03:00 Europe/Brussels`.

    Raises ValueError for anything else.
    """
    clock, _, zone = text.strip().partition(" ")
    hours, colon, minutes = clock.partition(":")
    if not (colon and clock.isascii() and hours.isdigit() and len(minutes) == 2):
        raise ValueError("not a time of day")
    try:
        place = ZoneInfo(zone.strip() or DEFAULT_TIME_ZONE)
    except (ZoneInfoNotFoundError, OSError) as error:  # OSError: a folder of the database
        raise ValueError("not a time zone") from error
    return Schedule(time(int(hours), int(minutes)), place)


class NightlyRun(Table, table=True):
    """The update of one night. `night` is the day on which it is due, in the network's zone.

    Whoever does it holds a lease on it: `worker` until `lease_until`. `done` holds for each
    step that was begun how much it has done and the place it has come to, None where the
    step is behind it: `{"reminders": {"count": 12, "place": null}}`.
    """

    __tablename__ = "nightly_run"
    scope: ClassVar[str] = "nobody"
    journaled: ClassVar[bool] = False

    id: int | None = Field(default=None, primary_key=True)
    night: date = Field(unique=True)
    started_at: datetime = Field(sa_type=Instant)
    worker: str = ""
    lease_until: datetime | None = Field(default=None, sa_type=Instant)
    finished_at: datetime | None = Field(default=None, sa_type=Instant)
    done: Any = Field(default=None, sa_type=JSON, nullable=True)
