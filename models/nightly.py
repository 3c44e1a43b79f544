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
        03:30 that day); of one that comes twice, the first counts.
        """
        return datetime.combine(night, self.time, self.zone).astimezone(UTC)

    def night_at(self, at: datetime) -> date:
        """Return the night whose update was the last to become due at or before `at`."""
        today = at.astimezone(self.zone).date()
        return today if self.due_at(today) <= at else today - _DAY

    def next_due(self, at: datetime) -> datetime:
        """Return when the first update after `at` is due."""
        return self.due_at(self.night_at(at) + _DAY)


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
