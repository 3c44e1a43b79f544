"""Conferences of the reading room: when, where, what for, and the file for a calendar.

A conference has the same hours on each of its days, in its own time zone, or none where whole
days are meant. A withdrawn one leaves the room; its calendar file says that it is cancelled.
"""

import re
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date, datetime, time
from typing import Any
from zoneinfo import ZoneInfo

from sqlalchemy import select
from sqlmodel import col

from models.database import ActorSession, change
from models.language import current_language, say
from models.reading_room import Conference
from models.text import clean, name_key
from models.workshop_dates import DayShown
from services.calendar_files import CalendarEvent, Status, calendar_file, calendar_of
from services.reading_room_rules import (
    RoomRefused,
    local_date,
    many_lines,
    may_manage,
    not_in_room,
    one_line,
    own_zone,
    require_manager,
    text_key,
)
from services.workshop_form import day_from, time_from, zone_from

#: What a form of a conference holds, all of them text (`facts_from`).
FIELDS = (
    "title", "place", "link", "first_day", "last_day", "begins", "ends", "time_zone",
    "information",
)  # fmt: skip
LONGEST_LINK, _MOST_DAYS = 500, 31
_LINK = re.compile(r"https://[!-~]+")
_LONGEST_KEY = 50_000


@dataclass(frozen=True, slots=True)
class ConferenceFacts:
    """A conference as it is to be: both days inclusive, the same hours on each, or none."""

    title: str
    first_day: date
    last_day: date
    begins: time | None = None
    ends: time | None = None
    time_zone: str = "Europe/Brussels"
    place: str = ""
    link: str = ""
    information: str = ""


@dataclass(frozen=True, slots=True)
class ConferenceRow:
    """A conference as lists show it. `begins` and `ends` are HH:MM in `zone`, "" for none."""

    id: int
    title: str
    place: str
    first_day: date
    last_day: date
    begins: str
    ends: str
    zone: ZoneInfo
    is_past: bool
    withdrawn_at: datetime | None


@dataclass(frozen=True, slots=True)
class ConferencePage:
    """All about a conference.

    `days_there` are its days in its own zone, `days_here` in that of the actor's school
    (`own_zone`); both are empty where it has no hours. `information` is safe to show, its
    lines parted by a newline, and may be read as Markdown.
    """

    row: ConferenceRow
    link: str
    information: str
    own_zone: ZoneInfo
    days_there: tuple[DayShown, ...]
    days_here: tuple[DayShown, ...]
    sequence: int
    published_at: datetime
    changed_at: datetime

    @property
    def has_other_hours(self) -> bool:
        """Whether the clocks at the school show other hours than those at the conference."""
        there = [each.begins.utcoffset() for each in self.days_there]
        return there != [each.begins.utcoffset() for each in self.days_here]


# --- reading ------------------------------------------------------------------------------


def coming(session: ActorSession) -> list[ConferenceRow]:
    """Return the conferences that are not over, the next first."""
    return [row for row in _rows(session) if not row.is_past]


def past(session: ActorSession) -> list[ConferenceRow]:
    """Return the conferences that are over, the last first."""
    return [row for row in reversed(_rows(session)) if row.is_past]


def withdrawn(session: ActorSession) -> list[ConferenceRow]:
    """Return the withdrawn ones, the latest first; none for whoever does not manage the room."""
    if not may_manage(session):
        return []
    return list(reversed(_rows(session, withdrawn=True)))


def page(session: ActorSession, conference_id: int) -> ConferencePage:
    """Return all about a conference; raises `NotInRoom`."""
    found = _find(session, conference_id)
    row, zone = _row(session, found), own_zone(session)
    return ConferencePage(
        row,
        found.link,
        found.information,
        zone,
        _days(row, row.zone),
        _days(row, zone),
        found.sequence,
        found.published_at,
        found.changed_at,
    )


def _rows(session: ActorSession, *, withdrawn: bool = False) -> list[ConferenceRow]:
    gone = col(Conference.withdrawn_at)
    asked = (
        select(Conference)
        .where(gone.is_not(None) if withdrawn else gone.is_(None))
        .order_by(col(Conference.first_day), col(Conference.begins), col(Conference.id))
    )
    return [_row(session, found) for found in session.scalars(asked)]


def _row(session: ActorSession, found: Conference) -> ConferenceRow:
    assert found.id is not None
    zone = ZoneInfo(found.time_zone)
    return ConferenceRow(
        found.id, found.title, found.place, found.first_day, found.last_day, found.begins,
        found.ends, zone, found.last_day < local_date(session.at, zone), found.withdrawn_at,
    )  # fmt: skip


def _days(row: ConferenceRow, zone: ZoneInfo) -> tuple[DayShown, ...]:
    if not row.begins:
        return ()
    days = range(row.first_day.toordinal(), row.last_day.toordinal() + 1)
    begins, ends = time.fromisoformat(row.begins), time.fromisoformat(row.ends)
    return tuple(
        DayShown(
            day,
            datetime.combine(day, begins, row.zone).astimezone(zone),
            datetime.combine(day, ends, row.zone).astimezone(zone),
        )
        for day in map(date.fromordinal, days)
    )


def _find(session: ActorSession, conference_id: int) -> Conference:
    found = _known(session, conference_id)
    if found.withdrawn_at is not None and not may_manage(session):
        raise not_in_room()
    return found


def _known(session: ActorSession, conference_id: int) -> Conference:
    asked = select(Conference).where(col(Conference.id) == conference_id)
    found = session.scalars(asked).one_or_none()
    if found is None:
        raise not_in_room()
    return found


# --- calendars ----------------------------------------------------------------------------


def calendar(session: ActorSession, conference_id: int) -> bytes:
    """Return the calendar file of a conference; raises `NotInRoom`.

    Of a withdrawn one too, and for everybody who reads here: it takes the conference out of a
    calendar that has it.
    """
    return calendar_file(_event(_known(session, conference_id)))


def calendar_name(conference_id: int) -> str:
    """Return the name that a calendar file is offered under."""
    return f"conference-{conference_id}.ics"


def calendar_of_all(session: ActorSession) -> bytes:
    """Return one file of all conferences that are not over, withdrawn ones as cancelled.

    Raises `NotInRoom` where there is none.
    """
    asked = select(Conference).order_by(col(Conference.first_day), col(Conference.id))
    found = [row for row in session.scalars(asked) if not _row(session, row).is_past]
    if not found:
        raise not_in_room()
    return calendar_of([_event(row) for row in found])


def _event(found: Conference) -> CalendarEvent:
    status: Status = "cancelled" if found.withdrawn_at else "confirmed"
    return CalendarEvent(
        reference=f"conference-{found.id}",
        title=found.title,
        first_day=found.first_day,
        days=(found.last_day - found.first_day).days + 1,
        starts=time.fromisoformat(found.begins) if found.begins else None,
        ends=time.fromisoformat(found.ends) if found.begins else None,
        zone=ZoneInfo(found.time_zone),
        changed_at=found.changed_at,
        sequence=found.sequence,
        status=status,
        description=tuple(found.information.split("\n")),
        location=found.place,
        url=found.link,
        language=current_language(),
        family="conferences",
    )


# --- managing -----------------------------------------------------------------------------


def facts_from(values: Mapping[str, str]) -> ConferenceFacts:
    """Return what a form says (see `FIELDS`); raises `RoomRefused` with the field meant.

    Without a last day it is one day; without hours whole days are meant.
    """
    first = _day(values, "first_day")
    last = _day(values, "last_day") if values.get("last_day", "").strip() else first
    zone = zone_from(values.get("time_zone", ""))
    if zone is None:
        raise RoomRefused(say("Give a time zone, as in Europe/Brussels."), "time_zone")
    return ConferenceFacts(
        values.get("title", ""),
        first,
        last,
        _clock(values, "begins"),
        _clock(values, "ends"),
        zone.key,
        values.get("place", ""),
        values.get("link", ""),
        values.get("information", ""),
    )


def _day(values: Mapping[str, str], field: str) -> date:
    found = day_from(values.get(field, ""))
    if found is None:
        raise RoomRefused(say("Give a day, as in 15/03/2027."), field)
    return found


def _clock(values: Mapping[str, str], field: str) -> time | None:
    text = values.get(field, "").strip()
    if not text:
        return None
    found = time_from(text)
    if found is None:
        raise RoomRefused(say("Give a time of day, as in 9:30."), field)
    return found


def form_of(session: ActorSession, conference_id: int) -> dict[str, str]:
    """Return a conference as a form holds it (see `FIELDS`); raises `NotInRoom`."""
    found = _find(session, conference_id)
    values = {name: getattr(found, name) for name in FIELDS}
    return {
        **values,
        "first_day": f"{found.first_day:%d/%m/%Y}",
        "last_day": f"{found.last_day:%d/%m/%Y}",
    }


def add(session: ActorSession, facts: ConferenceFacts) -> int:
    """Announce a conference and return its id; raises `RoomRefused` with the field meant."""
    require_manager(session)
    values = _values(facts)
    row = Conference(**values, published_at=session.at, changed_at=session.at)
    session.add(row)
    session.flush()
    assert row.id is not None
    return row.id


def alter(session: ActorSession, conference_id: int, facts: ConferenceFacts) -> bool:
    """Change a conference; tell whether anything is different. Raises `RoomRefused`."""
    require_manager(session)
    found = _find(session, conference_id)
    values = _values(facts)
    different = {name: new for name, new in values.items() if getattr(found, name) != new}
    if different:
        _change(session, found, **different)
    return bool(different)


def withdraw(session: ActorSession, conference_id: int) -> None:
    """Take a conference out of the room; its calendar file cancels it. Raises `RoomRefused`."""
    require_manager(session)
    found = _find(session, conference_id)
    if found.withdrawn_at is not None:
        raise RoomRefused(say("This has been withdrawn already."))
    _change(session, found, withdrawn_at=session.at)


def publish_again(session: ActorSession, conference_id: int) -> None:
    """Bring a withdrawn conference back. Raises `RoomRefused`."""
    require_manager(session)
    found = _find(session, conference_id)
    if found.withdrawn_at is None:
        raise RoomRefused(say("This is not withdrawn."))
    _change(session, found, withdrawn_at=None)


def _change(session: ActorSession, found: Conference, **values: Any) -> None:
    """Change one step on from what was read; whoever comes second is told to look again."""
    still = (col(Conference.id) == found.id) & (col(Conference.sequence) == found.sequence)
    step = {"sequence": found.sequence + 1, "changed_at": session.at}
    if not change(session, Conference, still, **values, **step):
        raise RoomRefused(say("Somebody else has just changed this. Look again."))


def _values(facts: ConferenceFacts) -> dict[str, Any]:
    title = one_line(facts.title, "title", needed=True)
    place = one_line(facts.place, "place")
    information = many_lines(facts.information, "information")
    _check_days(facts)
    return {
        "title": title,
        "title_key": name_key(title),
        "place": place,
        "link": _link(facts.link),
        "first_day": facts.first_day,
        "last_day": facts.last_day,
        "begins": f"{facts.begins:%H:%M}" if facts.begins else "",
        "ends": f"{facts.ends:%H:%M}" if facts.ends else "",
        "time_zone": facts.time_zone,
        "information": information,
        "text_key": text_key(f"{place} {information}", _LONGEST_KEY),
    }


def _check_days(facts: ConferenceFacts) -> None:
    if zone_from(facts.time_zone) is None:
        raise RoomRefused(say("Give a time zone, as in Europe/Brussels."), "time_zone")
    if facts.last_day < facts.first_day:
        raise RoomRefused(say("The last day lies before the first."), "last_day")
    if (facts.last_day - facts.first_day).days >= _MOST_DAYS:
        raise RoomRefused(say("At most %(count)s days.", count=_MOST_DAYS), "last_day")
    if (facts.begins is None) != (facts.ends is None):
        missing = "begins" if facts.begins is None else "ends"
        raise RoomRefused(say("Give both hours, or none for whole days."), missing)
    if facts.begins is not None and facts.ends is not None and facts.ends <= facts.begins:
        raise RoomRefused(say("The end must lie after the beginning."), "ends")


def _link(text: str) -> str:
    link = clean(text).strip()
    if link and (len(link) > LONGEST_LINK or not _LINK.fullmatch(link)):
        raise RoomRefused(say("Give a link that begins with https://"), "link")
    return link
