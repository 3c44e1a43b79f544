"""Which nightly updates have been done, so that each is done once."""

from datetime import date, datetime
from typing import Any, ClassVar

from sqlalchemy import JSON
from sqlmodel import Field

from models.base import Instant, Table


class NightlyRun(Table, table=True):
    """The update of one night. `night` is the day on which it is due, in the network's zone.

    Whoever does it holds a lease on it: `worker` until `lease_until`. `done` are the steps
    that are behind it, with their counts.
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
