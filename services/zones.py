"""Moments as people read them: in the time zone of their school."""

from datetime import datetime
from zoneinfo import ZoneInfo


def local(moment: datetime, zone: str) -> datetime:
    """Return an instant as the clocks of a time zone show it."""
    return moment.astimezone(ZoneInfo(zone))
