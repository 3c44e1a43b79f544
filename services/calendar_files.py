"""Calendar files (iCalendar, RFC 5545) of workshops and what must be done by when; of conferences.

The event has its daily times in its own zone, written out in the file, so that it stays at
the same hour for whoever reads it elsewhere or after a change of the clock. Deadlines are
whole days, with a reminder. A file of the same facts has the same bytes; a later one of the
same workshop has the same identifiers and a higher `sequence`, so that a calendar replaces
what it has.
"""

import re
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, fields
from datetime import date, datetime, time, timedelta
from functools import lru_cache
from typing import TYPE_CHECKING, Any, Literal
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

from models.addresses import parse_address, to_ascii
from models.language import DEFAULT_LANGUAGE, Wording, dumps
from models.text import clean, squeeze

if TYPE_CHECKING:
    from icalendar import Calendar, Event, Timezone

    from services.mail.templates import Attachment

Status = Literal["tentative", "confirmed", "cancelled"]
Family = Literal["workshops", "conferences"]

_REFERENCE = re.compile(r"[A-Za-z0-9._-]{1,64}")
_KEY = re.compile(r"[a-z0-9_-]{1,40}")
_LINK = re.compile(r"https?://[!-~]{1,1900}")
_LONGEST_LINE = 500
_MOST_LINES = 40
#: When a reminder of a deadline comes, on its day or before it.
_REMINDED_AT = timedelta(hours=9)
# Transitions of the zone are written out for so long before and after the event.
_AROUND = timedelta(days=200)


@dataclass(frozen=True, slots=True)
class CalendarEvent:
    """A workshop on one or more days in a row, each day from `starts` to `ends` in `zone`.

    Or a conference, by `family`: that keeps their references apart. Without `starts` and
    `ends` it is about whole days. `reference` names it for ever; `sequence` grows from each
    file of it to the next, and `changed_at` (aware) is when that was. `ends` not after
    `starts` is the next morning. `organizer` is the address that the file comes from; with it
    the file may be sent, and a calendar told of a change or cancellation; without it the file
    is one to keep. `url` is where to go (a link of one person's is a secret of theirs). Texts
    may come from outside.
    """

    reference: str
    title: str
    first_day: date
    days: int
    starts: time | None
    ends: time | None
    zone: ZoneInfo
    changed_at: datetime
    sequence: int = 0
    status: Status = "confirmed"
    description: tuple[str, ...] = ()
    location: str = "BigBlueButton"
    url: str = ""
    organizer: str = ""
    language: str = DEFAULT_LANGUAGE
    family: Family = "workshops"


@dataclass(frozen=True, slots=True)
class Deadline:
    """Something to be done by the end of `day`; `key` tells it from the workshop's others.

    `reminders` are days before it (0 for the day itself), each at nine in the morning.
    """

    key: str
    title: Wording | str
    day: date
    description: tuple[str, ...] = ()
    reminders: tuple[int, ...] = (7, 1)


def calendar_file(event: CalendarEvent, deadlines: Iterable[Deadline] = ()) -> bytes:
    """Return the event and its deadlines as one file, UTF-8 with CRLF.

    With `status` "cancelled" it takes event and deadlines out of the calendars that have
    them. Raises ValueError for a reference, key or link that is none, `AddressError` for an
    organizer that is no address.
    """
    calendar = _calendar(event)
    calendar.add_component(_event(event))
    for deadline in deadlines:
        calendar.add_component(_deadline(event, deadline))
    return calendar.to_ical()


def calendar_of(events: Sequence[CalendarEvent]) -> bytes:
    """Return one file of several events, to keep; ValueError where there is none."""
    if not events:
        raise ValueError("a calendar has an event")
    calendar = _calendar(events[0])
    known = {events[0].zone.key}
    for event in events:
        if event.zone.key not in known and not _is_utc(event.zone):
            calendar.add_component(_zone(event.zone, event.first_day))
            known.add(event.zone.key)
    for event in events:
        calendar.add_component(_event(event))
    return calendar.to_ical()


def packed(event: CalendarEvent, deadlines: Iterable[Deadline] = ()) -> str:
    """Return all that the file says as a short text, for the value `calendar` of a mail's row.

    The mail gets its file from that when it is sent, with the sender as organizer. Raises
    ValueError where the link is one by which somebody joins a meeting: those are kept nowhere.
    """
    if "checksum=" in event.url:
        raise ValueError("a join link is not kept")
    return dumps(
        {
            **{each.name: _packed(getattr(event, each.name)) for each in fields(event)},
            "deadlines": [
                {
                    "key": each.key,
                    "title": _in_words(each.title, event.language),
                    "day": each.day.isoformat(),
                    "description": each.description,
                    "reminders": each.reminders,
                }
                for each in deadlines
            ],
        }
    )


def attachment(text: str, *, organizer: str) -> "Attachment":
    """Return the file of a packed event as it goes with a mail; ValueError where it is none."""
    from services.mail.templates import Attachment

    event, deadlines = _unpacked(text, organizer)
    method = "CANCEL" if event.status == "cancelled" else "PUBLISH"
    return Attachment(
        f"{event.reference}.ics",
        f'text/calendar; charset="utf-8"; method="{method}"',
        calendar_file(event, deadlines),
    )


def _packed(value: Any) -> Any:
    if isinstance(value, date | time):
        return value.isoformat()
    return value.key if isinstance(value, ZoneInfo) else value


def _unpacked(text: str, organizer: str) -> tuple[CalendarEvent, list[Deadline]]:
    import json

    try:
        values = json.loads(text)
        deadlines = [
            Deadline(
                each["key"],
                each["title"],
                date.fromisoformat(each["day"]),
                tuple(each["description"]),
                tuple(each["reminders"]),
            )
            for each in values.pop("deadlines")
        ]
        values |= {
            "first_day": date.fromisoformat(values["first_day"]),
            "starts": time.fromisoformat(values["starts"]),
            "ends": time.fromisoformat(values["ends"]),
            "zone": ZoneInfo(values["zone"]),
            "changed_at": datetime.fromisoformat(values["changed_at"]),
            "description": tuple(values["description"]),
            "organizer": organizer,
        }
        return CalendarEvent(**values), deadlines
    except (TypeError, KeyError, AttributeError, ZoneInfoNotFoundError) as error:
        raise ValueError("not a packed event") from error


def _calendar(event: CalendarEvent) -> "Calendar":
    from icalendar import Calendar

    calendar = Calendar()
    calendar.add("prodid", f"-//Trousseau//{event.family.title()}//{event.language.upper()}")
    calendar.add("version", "2.0")
    calendar.add("calscale", "GREGORIAN")
    if event.organizer:
        calendar.add("method", "CANCEL" if event.status == "cancelled" else "PUBLISH")
    if not _is_utc(event.zone):
        calendar.add_component(_zone(event.zone, event.first_day))
    return calendar


# A zone that never changes its clock takes 30 ms, and a workshop has many participants.
@lru_cache(maxsize=16)
def _zone(zone: ZoneInfo, day: date) -> "Timezone":
    from icalendar import Timezone

    return Timezone.from_tzinfo(zone, zone.key, day - _AROUND, day + _AROUND)


def _is_utc(zone: ZoneInfo) -> bool:
    return zone.key in ("UTC", "Etc/UTC", "Zulu", "Etc/Zulu", "UCT", "Etc/UCT")


def _event(event: CalendarEvent) -> "Event":
    if event.days < 1 or event.sequence < 0:
        raise ValueError("an event has a day and a sequence")
    entry = _entry(event, event.reference, event.title, event.description)
    if event.starts is None or event.ends is None:
        entry.add("dtstart", event.first_day)
        entry.add("dtend", event.first_day + timedelta(days=event.days))
    else:
        begin = datetime.combine(event.first_day, event.starts, event.zone)
        nights = 0 if event.ends > event.starts else 1
        end = datetime.combine(event.first_day + timedelta(days=nights), event.ends, event.zone)
        entry.add("dtstart", begin)
        entry.add("dtend", end)
        if event.days > 1:
            entry.add("rrule", {"freq": "daily", "count": event.days})
    if event.location:
        entry.add("location", _line(event.location))
    if event.url:
        if not _LINK.fullmatch(event.url):
            raise ValueError("not a link")
        entry.add("url", event.url)
    return entry


def _deadline(event: CalendarEvent, deadline: Deadline) -> "Event":
    if not _KEY.fullmatch(deadline.key):
        raise ValueError("not the key of a deadline")
    text = _in_words(deadline.title, event.language)
    entry = _entry(event, f"{event.reference}-{deadline.key}", text, deadline.description)
    entry.add("dtstart", deadline.day)
    entry.add("dtend", deadline.day + timedelta(days=1))
    entry.add("transp", "TRANSPARENT")  # nobody is busy all that day
    if event.status != "cancelled":
        _remind(entry, text, deadline.reminders)
    return entry


def _remind(entry: "Event", text: str, reminders: Sequence[int]) -> None:
    from icalendar import Alarm

    for days in reminders:
        alarm = Alarm()
        alarm.add("action", "DISPLAY")
        alarm.add("description", _line(text))
        alarm.add("trigger", _REMINDED_AT - timedelta(days=days))
        entry.add_component(alarm)


def _entry(event: CalendarEvent, name: str, title: str, description: Sequence[str]) -> "Event":
    """Return an entry with what all entries have."""
    from icalendar import Event, vCalAddress

    if not _REFERENCE.fullmatch(event.reference):
        raise ValueError("not the reference of a workshop")
    entry = Event()
    entry.add("uid", f"{name}@{event.family}.trousseau")
    entry.add("dtstamp", event.changed_at)
    entry.add("last-modified", event.changed_at)
    entry.add("sequence", event.sequence)
    entry.add("status", event.status.upper())
    entry.add("summary", _line(title))
    lines = [_line(line) for line in description[:_MOST_LINES]]
    if any(lines):
        entry.add("description", "\n".join(lines))
    if event.organizer:
        address = to_ascii(parse_address(event.organizer))
        entry.add("organizer", vCalAddress(f"mailto:{address}"))
    return entry


def _in_words(text: Wording | str, language: str) -> str:
    return text.text(language) if isinstance(text, Wording) else text


def _line(text: str) -> str:
    return squeeze(clean(text, limit=_LONGEST_LINE))
