"""A strict reader of calendar files, by the letter of RFC 5545 and without any zone database.

What is not allowed fails an assertion. It knows no more than our files need: one rule
(FREQ=DAILY;COUNT=n), and zones whose changes are written out one by one.
"""

import re
from collections.abc import Iterator
from dataclasses import dataclass, field
from datetime import UTC, date, datetime, timedelta, timezone

_NAME = re.compile(r"[A-Z][A-Z0-9-]*")
_PARAMETER = re.compile(r'([A-Z-]+)=("[^"\x00-\x1f]*"|[^";:,\x00-\x1f]*)')
_DURATION = re.compile(r"([+-]?)P(?:(\d+)W)?(?:(\d+)D)?(?:T(?:(\d+)H)?(?:(\d+)M)?(?:(\d+)S)?)?")
_ONCE = ("UID", "DTSTAMP", "DTSTART", "DTEND", "SUMMARY", "SEQUENCE", "STATUS", "RRULE", "URL")


@dataclass
class Property:
    """A line: its parameters, and its value as it was written."""

    parameters: dict[str, str]
    value: str

    @property
    def text(self) -> str:
        assert not re.search(r"(?<!\\)(?:\\\\)*[;,]", self.value), "not escaped"
        assert not re.search(r"(?<!\\)(?:\\\\)*\\[^\\;,nN]", self.value), "escaped for nothing"
        return re.sub(
            r"\\(.)", lambda m: "\n" if m[1] in "nN" else m[1], self.value, flags=re.DOTALL
        )


@dataclass
class Component:
    """What stands between BEGIN and END."""

    name: str
    properties: dict[str, list[Property]] = field(default_factory=dict)
    components: list["Component"] = field(default_factory=list)

    def __getitem__(self, name: str) -> Property:
        (found,) = self.properties[name]
        return found

    def __contains__(self, name: str) -> bool:
        return name in self.properties

    def all(self, name: str) -> list["Component"]:
        return [each for each in self.components if each.name == name]


def read(content: bytes) -> Component:
    """Return the calendar of a file that is right in every line."""
    assert content.endswith(b"\r\n")
    raw = content.removesuffix(b"\r\n").split(b"\r\n")
    assert not any(b"\n" in line or b"\r" in line for line in raw)
    assert all(0 < len(line) <= 75 for line in raw), "a line is folded at 75 octets"
    for line in raw:
        line.decode("utf-8")  # no letter is cut in two
    lines = _unfolded(raw)
    calendar = _component(lines)
    assert next(lines, None) is None and calendar.name == "VCALENDAR"
    assert calendar["VERSION"].value == "2.0" and calendar["PRODID"].value
    for event in calendar.all("VEVENT"):
        assert "UID" in event and "DTSTAMP" in event and "DTSTART" in event
        assert all(len(event.properties.get(name, [])) <= 1 for name in _ONCE)
        assert "METHOD" not in calendar or event["ORGANIZER"].value.startswith("mailto:")
    uids = [event["UID"].value for event in calendar.all("VEVENT")]
    assert len(set(uids)) == len(uids)
    return calendar


def _unfolded(raw: list[bytes]) -> Iterator[str]:
    whole = b""
    for line in raw:
        if line.startswith((b" ", b"\t")):
            whole += line[1:]
        else:
            if whole:
                yield whole.decode()
            whole = line
    yield whole.decode()


def _component(lines: Iterator[str]) -> Component:
    begin = next(lines)
    assert begin.startswith("BEGIN:")
    found = Component(begin.removeprefix("BEGIN:"))
    return _filled(found, lines)


def _filled(found: Component, lines: Iterator[str]) -> Component:
    for line in lines:
        assert not re.search(r"[\x00-\x08\x0a-\x1f\x7f]", line)
        if line.startswith("BEGIN:"):
            found.components.append(_filled(Component(line.removeprefix("BEGIN:")), lines))
        elif line.startswith("END:"):
            assert line == f"END:{found.name}"
            return found
        else:
            name, parameter = _property(line)
            found.properties.setdefault(name, []).append(parameter)
    raise AssertionError("no end")


def _property(line: str) -> tuple[str, Property]:
    match = _NAME.match(line)
    assert match
    place, parameters = match.end(), {}
    while line[place] == ";":
        parameter = _PARAMETER.match(line, place + 1)
        assert parameter
        parameters[parameter[1]] = parameter[2].strip('"')
        place = parameter.end()
    assert line[place] == ":"
    return match[0], Property(parameters, line[place + 1 :])


# --- time ---------------------------------------------------------------------------------


def spans(calendar: Component, event: Component) -> list[tuple[datetime, datetime]]:
    """Return begin and end, in UTC, of each time that an event takes place."""
    begin, end = (_local(event[name].value) for name in ("DTSTART", "DTEND"))
    count = 1
    if "RRULE" in event:
        rule = re.fullmatch(r"FREQ=DAILY;COUNT=(\d+)", event["RRULE"].value)
        assert rule
        count = int(rule[1])
    return [
        (
            _instant(calendar, event["DTSTART"], begin + timedelta(days=n)),
            _instant(calendar, event["DTEND"], end + timedelta(days=n)),
        )
        for n in range(count)
    ]


def day(event: Component) -> date:
    """Return the day of an event that lasts a whole one."""
    begin, end = event["DTSTART"], event["DTEND"]
    assert begin.parameters == end.parameters == {"VALUE": "DATE"}
    found = datetime.strptime(begin.value, "%Y%m%d").date()
    assert datetime.strptime(end.value, "%Y%m%d").date() == found + timedelta(days=1)
    return found


def duration(text: str) -> timedelta:
    match = _DURATION.fullmatch(text)
    assert match
    weeks, days, hours, minutes, seconds = (int(part or 0) for part in match.groups()[1:])
    found = timedelta(weeks=weeks, days=days, hours=hours, minutes=minutes, seconds=seconds)
    return -found if match[1] == "-" else found


def _local(value: str) -> datetime:
    return datetime.strptime(value.removesuffix("Z"), "%Y%m%dT%H%M%S")


def _instant(calendar: Component, given: Property, local: datetime) -> datetime:
    if given.value.endswith("Z"):
        assert not given.parameters
        return local.replace(tzinfo=UTC)
    wanted = given.parameters["TZID"]
    (zone,) = [z for z in calendar.all("VTIMEZONE") if z["TZID"].value == wanted]
    onsets = sorted(
        (_local(part["DTSTART"].value), part["TZOFFSETTO"].value)
        for part in zone.components
        if "RRULE" not in part
    )
    assert len(onsets) == len(zone.components)
    offset = [offset for onset, offset in onsets if onset <= local][-1]
    sign = -1 if offset[0] == "-" else 1
    ahead = timedelta(hours=int(offset[1:3]), minutes=int(offset[3:5])) * sign
    return local.replace(tzinfo=timezone(ahead)).astimezone(UTC)
