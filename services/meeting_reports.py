"""The meeting server's report of who was there, read into the rows of an attendance file.

It is what a BigBlueButton server posts to `meta_analytics-callback-url` once a meeting is over
(or keeps as `data.json`): when each person came and went, from which the minutes of each
session are counted here, for one meeting may span several sessions and the pauses between.
"""

import json
import re
from base64 import urlsafe_b64decode
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from typing import Any

from models.language import say
from models.text import clean, name_key, squeeze
from services.attendance_files import (
    WHOLE,
    AttendanceFile,
    AttendanceFileRefused,
    AttendanceRow,
    EventSession,
)
from services.imports.roster import Notice

#: Bytes of a report at most.
LARGEST_REPORT = 16 * 2**20
_MOST_ATTENDEES = 5_000
_MOST_EVENTS = 10_000
#: Nobody was in meetings for longer, in seconds: a week.
_LONGEST = 7 * 24 * 60 * 60
_SHOWN = 200
#: What the server counts and what its events give may differ by so much without a remark.
_SECONDS_APART = 300


def read_callback(
    content: bytes,
    sessions: Sequence[EventSession],
    *,
    secret: str,
    meeting_id: str,
    received_at: datetime | None = None,
) -> AttendanceFile:
    """Return who was in a meeting, and for how long in each session, from the server's report.

    `content` is the report itself (JSON), with or without the head of the request it came in.
    The head holds a token (JWT, HS512) by which the server proves that it knows `secret`; it
    does not cover the report, and is checked strictly where it is there, its expiry where
    `received_at` says when the request came. Without it a warning says that nobody knows
    where the report is from. Raises `AttendanceFileRefused`.
    """
    if len(content) > LARGEST_REPORT:
        raise AttendanceFileRefused(
            say("The file is larger than %(limit)s MB.", limit=LARGEST_REPORT >> 20)
        )
    notices: list[Notice] = []
    report = _proven(content, secret, received_at, notices)
    data = report["data"] if isinstance(report.get("data"), dict) else report
    _check_meeting(report, data, meeting_id, notices)
    attendees = data.get("attendees")
    if not isinstance(attendees, list) or len(attendees) > _MOST_ATTENDEES:
        raise AttendanceFileRefused(
            say("This is not a meeting server’s report: it lists no attendees.")
        )
    finish = _moment(data.get("finish"))
    stays: dict[str, _Stay] = {}
    for place, attendee in enumerate(attendees, start=1):
        _take_attendee(attendee, place, finish, stays, notices)
    meeting = _Meeting(sessions, *_bounds(_moment(data.get("start")), finish, stays))
    rows = [row for stay in stays.values() for row in meeting.rows(stay, notices)]
    return AttendanceFile(tuple(rows), tuple(notices), meeting.told(bool(stays)))


_NO_REPORT = say("This is not a meeting server’s report: it cannot be read as JSON.")
_BEARER = re.compile(
    rb"^authorization:[ \t]*bearer[ \t]+(\S+)[ \t]*$", re.IGNORECASE | re.MULTILINE
)
_TOKEN = re.compile(rb"[A-Za-z0-9_-]{4,}\.[A-Za-z0-9_-]{4,}\.[A-Za-z0-9_-]{4,}")


def _proven(
    content: bytes, secret: str, received_at: datetime | None, notices: list[Notice]
) -> dict[str, Any]:
    """Return the report, and tell what its token proves."""
    content = content.removeprefix(b"\xef\xbb\xbf").strip()
    if _TOKEN.fullmatch(content):  # a token that carries the report itself
        return _claims(content, secret, received_at)
    head, body = b"", content
    if not content.startswith(b"{"):
        head, _, body = content.replace(b"\r\n", b"\n").partition(b"\n\n")
    if token := _BEARER.search(head):
        _claims(token[1], secret, received_at)
    else:
        text = say(
            "The report carries no proof that it comes from the meeting server: make sure of"
            " where the file is from."
        )
        notices.append(Notice("warning", text))
    return _object(body)


def _object(content: bytes) -> dict[str, Any]:
    def no_constant(_: str) -> None:
        raise ValueError

    try:
        found = json.loads(content.decode("utf-8"), parse_constant=no_constant)
    except (ValueError, RecursionError):
        raise AttendanceFileRefused(_NO_REPORT) from None
    if not isinstance(found, dict):
        raise AttendanceFileRefused(_NO_REPORT)
    return found


def _claims(token: bytes, secret: str, received_at: datetime | None) -> dict[str, Any]:
    """Return what a token says, once its signature is checked with HS512 and nothing else."""
    import hashlib
    import hmac

    if not _TOKEN.fullmatch(token):
        raise AttendanceFileRefused(_NOT_PROVEN)
    signed, _, signature = token.rpartition(b".")
    head, _, payload = signed.partition(b".")
    right = hmac.new(secret.encode(), signed, hashlib.sha512).digest()
    if not (secret and hmac.compare_digest(right, _decoded(signature))):
        raise AttendanceFileRefused(_NOT_PROVEN)
    if _object(_decoded(head)).get("alg") != "HS512":
        raise AttendanceFileRefused(_NOT_PROVEN)
    claims = _object(_decoded(payload))
    expiry = claims.get("exp")
    if isinstance(expiry, bool) or not isinstance(expiry, int | float):
        raise AttendanceFileRefused(_NOT_PROVEN)
    if received_at is not None and received_at.timestamp() > expiry:
        raise AttendanceFileRefused(
            say("The report’s proof had expired when it came in: ask the server for it anew.")
        )
    return claims


_NOT_PROVEN = say(
    "The report’s proof does not agree with the secret shared with the meeting server: it comes"
    " from another server, or was made up. Nothing was read."
)


def _decoded(part: bytes) -> bytes:
    try:
        return urlsafe_b64decode(part + b"=" * (-len(part) % 4))
    except ValueError:
        raise AttendanceFileRefused(_NOT_PROVEN) from None


def _check_meeting(
    report: Mapping[str, Any], data: Mapping[str, Any], meeting_id: str, notices: list[Notice]
) -> None:
    metadata = data.get("metadata")
    known = metadata if isinstance(metadata, dict) else {}
    named = [report.get("meeting_id"), known.get("meeting_id"), known.get("meetingId")]
    ids = {each for each in named if isinstance(each, str) and each}
    if str(known.get("is_breakout", known.get("isBreakout", ""))).lower() == "true":
        raise AttendanceFileRefused(
            say("This is the report of a small room beside the meeting, not of it.")
        )
    if ids and meeting_id not in ids:
        raise AttendanceFileRefused(
            say(
                "This is the report of another meeting (%(other)s), not of %(meeting)s.",
                other=clean(min(ids), 64),
                meeting=meeting_id,
            )
        )
    if not ids:
        text = say("The report does not say which meeting it is of.")
        notices.append(Notice("warning", text))


@dataclass(slots=True)
class _Stay:
    """When somebody was there, over all their devices and returns."""

    user_id: str
    name: str
    moderator: bool
    line: int
    seconds: int = 0
    spans: list[tuple[datetime, datetime]] = field(default_factory=list)


def _take_attendee(
    attendee: Any,
    place: int,
    finish: datetime | None,
    stays: dict[str, _Stay],
    notices: list[Notice],
) -> None:
    if not isinstance(attendee, dict):
        notices.append(Notice("error", say("This entry is not an attendee."), line=place))
        return
    user_id, name = (_plain(attendee.get(key)) for key in ("ext_user_id", "name"))
    if not (user_id or name):
        notices.append(Notice("error", say("This row does not say who it is."), line=place))
        return
    stay = stays.setdefault(
        user_id or f" {name_key(name)}",
        _Stay(user_id, name, attendee.get("moderator") is True, place),
    )
    stay.seconds += _seconds(attendee.get("duration"))
    stay.spans += _spans(attendee, finish)


def _bounds(
    start: datetime | None, finish: datetime | None, stays: Mapping[str, _Stay]
) -> tuple[datetime | None, datetime | None]:
    """Return from when to when a meeting was, by its people where the report does not say it.

    Else nobody would have been at the sessions of a day that it tells nothing about.
    """
    spans = [span for stay in stays.values() for span in stay.spans]
    start = start or min((begin for begin, _ in spans), default=None)
    return start, finish or max((end for _, end in spans), default=None)


def _plain(value: Any) -> str:
    if isinstance(value, bool) or not isinstance(value, str | int):
        return ""
    return squeeze(clean(str(value)[: 2 * _SHOWN], _SHOWN))


def _seconds(value: Any) -> int:
    if isinstance(value, bool) or not isinstance(value, int | float):
        return 0
    return int(min(max(value, 0), _LONGEST))


def _moment(value: Any) -> datetime | None:
    """Return an instant as servers write it: `2027-03-15 09:00:00 +0100`, ISO 8601, or a number.

    A text without a zone is UTC, numbers are seconds or milliseconds since 1970.
    """
    if isinstance(value, dict):
        value = value.get("timestamp")
    try:
        if isinstance(value, str):
            found = datetime.fromisoformat(re.sub(r" (?=[+-]\d\d)", "", value.strip())[:40])
            return (found if found.tzinfo else found.replace(tzinfo=UTC)).astimezone(UTC)
        if isinstance(value, int | float) and not isinstance(value, bool) and value > 0:
            return datetime.fromtimestamp(value / 1000 if value > 1e11 else value, UTC)
    except (ValueError, OverflowError, OSError):
        pass
    return None


def _spans(attendee: Mapping[str, Any], finish: datetime | None) -> list[tuple[datetime, datetime]]:
    """Return from when to when an attendee was there, on each device.

    Whoever never left was there until the end of the meeting.
    """
    devices = attendee.get("sessions")
    each = list(devices.values()) if isinstance(devices, dict) and devices else [attendee]
    found: list[tuple[datetime, datetime]] = []
    for device in each:
        if isinstance(device, dict):
            joins = _moments(device.get("joins"))
            lefts = _moments(device.get("lefts", device.get("leaves")))
            found += _paired(joins, lefts, finish)
    return found


def _moments(values: Any) -> list[datetime]:
    if not isinstance(values, list):
        return []
    return sorted(found for each in values[:_MOST_EVENTS] if (found := _moment(each)) is not None)


def _paired(
    joins: list[datetime], lefts: list[datetime], finish: datetime | None
) -> list[tuple[datetime, datetime]]:
    spans: list[tuple[datetime, datetime]] = []
    events = sorted([(at, 1) for at in joins] + [(at, 0) for at in lefts])
    since: datetime | None = None
    for at, is_join in events:
        if is_join and since is None:
            since = at
        elif not is_join and since is not None:
            spans.append((since, at))
            since = None
    if since is not None and finish is not None and finish > since:
        spans.append((since, finish))
    return spans


class _Meeting:
    """When the meeting was, and which sessions lie in it."""

    def __init__(
        self, sessions: Sequence[EventSession], start: datetime | None, finish: datetime | None
    ) -> None:
        self._within = [
            each
            for each in sessions
            if (start is None or each.ends_at > start)
            and (finish is None or each.starts_at < finish)
        ]

    def told(self, somebody: bool) -> tuple[int, ...]:
        return tuple(each.number for each in self._within) if somebody else ()

    def rows(self, stay: _Stay, notices: list[Notice]) -> list[AttendanceRow]:
        """Return a row for each session of the meeting, and tell what does not add up."""
        spans = _merged(stay.spans)
        counted = sum(int((end - begin).total_seconds()) for begin, end in spans)
        if not spans:
            return [self._row(stay, self._only(), stay.seconds)]
        if abs(counted - stay.seconds) > _SECONDS_APART and stay.seconds:
            text = say(
                "%(who)s: the server counts %(told)s minutes, comings and goings give"
                " %(counted)s. The latter count.",
                who=stay.name or stay.user_id,
                told=stay.seconds // 60,
                counted=counted // 60,
            )
            notices.append(Notice("warning", text, line=stay.line))
        if not self._within:
            return [self._row(stay, WHOLE, counted)]
        return [self._row(stay, each.number, _within(spans, each)) for each in self._within]

    def _only(self) -> int:
        return self._within[0].number if len(self._within) == 1 else WHOLE

    def _row(self, stay: _Stay, session: int, seconds: int) -> AttendanceRow:
        return AttendanceRow(
            stay.user_id, "", stay.name, session, seconds // 60, None, stay.line, stay.moderator
        )


def _merged(spans: list[tuple[datetime, datetime]]) -> list[tuple[datetime, datetime]]:
    """Return the spans without what two of them have in common: two devices are one person."""
    merged: list[tuple[datetime, datetime]] = []
    for begin, end in sorted(spans):
        if merged and begin <= merged[-1][1]:
            merged[-1] = (merged[-1][0], max(merged[-1][1], end))
        else:
            merged.append((begin, end))
    return merged


def _within(spans: list[tuple[datetime, datetime]], session: EventSession) -> int:
    shared = [min(end, session.ends_at) - max(begin, session.starts_at) for begin, end in spans]
    return int(sum((each for each in shared if each > timedelta(0)), timedelta(0)).total_seconds())
