"""Files that tell who was at a workshop: lists as CSV or workbook, and the meeting server's report.

Both are read into the same rows: who, which session, how many minutes. A list is written by
people, so its columns are recognised by their headers, as in a list of the staff. The report
is what a BigBlueButton server posts to `meta_analytics-callback-url` once a meeting is over
(or keeps as `data.json`): when each person came and went, from which the minutes of each
session are counted here, for one meeting may span several sessions and the pauses between.
"""

import json
import re
from base64 import urlsafe_b64decode
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import UTC, date, datetime, timedelta
from typing import Any
from zoneinfo import ZoneInfo

from models.addresses import AddressError, address_key, parse_address
from models.errors import TrousseauError
from models.language import N_, Wording, say
from models.text import clean, name_key, squeeze
from services.imports.dates import Dates
from services.imports.files import Limits, open_source
from services.imports.notices import Notices
from services.imports.roster import Notice
from services.imports.staff_columns import proposed_columns
from services.imports.tables import Table, open_table, the_only_table


def _words(words: str) -> list[str]:
    return words.split()


#: The session of a row that tells of the whole workshop, or of a meeting without its sessions.
WHOLE = 0
#: More minutes than this in one session are a slip of the pen.
_LONGEST = 24 * 60
_SHOWN = 200
_LIMITS = Limits(
    file_bytes=4 * 2**20, expanded_bytes=32 * 2**20, workbook_bytes=32 * 2**20, lines=100_000
)
_REPORT_BYTES = 16 * 2**20
_MOST_ATTENDEES = 5_000
_MOST_EVENTS = 10_000
#: What the server counts and what its events give may differ by so much without a remark.
_SECONDS_APART = 300


class AttendanceFileRefused(TrousseauError):
    """The file tells nothing of who was there, or cannot be trusted."""

    heading = N_("This attendance cannot be read")


@dataclass(frozen=True, slots=True)
class EventSession:
    """One session of a workshop, by its number from 1. Instants are aware."""

    number: int
    starts_at: datetime
    ends_at: datetime


@dataclass(frozen=True, slots=True)
class AttendanceRow:
    """What a file says of one person and one session (`WHOLE` where it tells none apart).

    Of `user_id`, `email` and `name` at least one is there. `minutes` are whole ones, None
    where the file only says whether somebody was `present`, which is None where it only
    gives minutes. `moderator` is whoever led the meeting.
    """

    user_id: str
    email: str
    name: str
    session: int
    minutes: int | None
    present: bool | None
    line: int
    moderator: bool = False


@dataclass(frozen=True, slots=True)
class AttendanceFile:
    """The rows of a file and what is wrong with the others.

    `sessions` are those that the file tells about: whoever is not in it missed them.
    """

    rows: tuple[AttendanceRow, ...]
    notices: tuple[Notice, ...]
    sessions: tuple[int, ...]


@dataclass(frozen=True, slots=True)
class Expected:
    """A participant, as the workshop knows them; `user_id` is that of their join link."""

    user_id: str
    surname: str
    first_name: str
    email: str


@dataclass(frozen=True, slots=True)
class MatchedFile:
    """The rows of participants, by their `user_id`, and all that is to be told of the file."""

    rows: tuple[tuple[Expected, AttendanceRow], ...]
    notices: tuple[Notice, ...]
    sessions: tuple[int, ...]


# --- whose row it is ----------------------------------------------------------------------


def match(found: AttendanceFile, expected: Iterable[Expected]) -> MatchedFile:
    """Find the participant of each row: by identifier, then by address, then by name.

    A row of nobody is told as an error, one of somebody who led the meeting as information.
    A name that two participants have matches neither. Of two rows of one participant and
    session (a second way in, under a name typed at the door) the longer counts, with a warning.
    """
    people = list(expected)
    by_id = _grouped((person.user_id, person) for person in people)
    by_address = _grouped((_address_key(person.email), person) for person in people)
    by_name = _grouped(
        (key, person)
        for person in people
        for key in {
            name_key(f"{person.first_name}{person.surname}"),
            name_key(f"{person.surname}{person.first_name}"),
        }
    )
    rows: dict[tuple[Expected, int], AttendanceRow] = {}
    notices = list(found.notices)
    for row in found.rows:
        candidates = (
            by_id.get(row.user_id)
            or by_address.get(_address_key(row.email))
            or by_name.get(name_key(row.name))
            or []
        )
        if len(candidates) != 1:
            notices.append(_unmatched(row, len(candidates)))
            continue
        place = (candidates[0], row.session)
        if place in rows:
            notices.append(_repeated(row))
            row = max(rows[place], row, key=_says)
        rows[place] = row
    matched = tuple((person, row) for (person, _), row in rows.items())
    return MatchedFile(matched, tuple(notices), found.sessions)


def _grouped(pairs: Iterable[tuple[str, Expected]]) -> dict[str, list[Expected]]:
    found: dict[str, list[Expected]] = {}
    for key, person in pairs:
        if key:
            found.setdefault(key, []).append(person)
    return found


def _address_key(email: str) -> str:
    try:
        return address_key(parse_address(email)) if email else ""
    except AddressError:
        return ""


def _unmatched(row: AttendanceRow, candidates: int) -> Notice:
    who = clean(row.name or row.email or row.user_id, _SHOWN)
    if candidates:
        text = say("Several participants are called %(who)s: give the e-mail address.", who=who)
        return Notice("error", text, line=row.line)
    if row.moderator:
        text = say("%(who)s led the meeting and is no participant.", who=who)
        return Notice("information", text, line=row.line)
    return Notice(
        "error", say("%(who)s is no participant of this workshop.", who=who), line=row.line
    )


# --- lists --------------------------------------------------------------------------------

# Headers in the form of `name_key`; those of people are known from the lists of the staff.
_HEADERS = {
    header: name
    for name, headers in {
        "user_id": "userid extuserid identifiantparticipant idparticipant participantid",
        "full_name": "participant participante participants attendee name",
        "session": "session seance nsession numerosession nseance numeroseance sessionnumber jour"
        " day date journee bloc",
        "minutes": "minutes min duree dureemin dureeminutes dureeenminutes dureedepresence"
        " minutespresence minutesdepresence nombredeminutes tempsdepresence tempspresence"
        " duration durationminutes durationmin minutespresent timepresent",
        "seconds": "secondes seconds dureesecondes dureeensecondes durationseconds",
        "present": "presence presenceseance attendance attended present presente statut status",
    }.items()
    for header in headers.split()
}
_SESSION_COLUMN = re.compile(r"(?:session|seance|s|bloc)(?:n|no|numero)?(\d{1,2})(?:min|minutes)?")
_DAY_COLUMN = re.compile(r"(?:jour|journee|day|j|d)(\d{1,2})(?:min|minutes)?")
_PEOPLE = ("user_id", "email", "school_email", "surname", "first_name", "full_name")
_CLOCK = re.compile(r"(\d{1,3}):([0-5]\d)(?::([0-5]\d))?")
_HOURS = re.compile(r"(\d{1,2})h(?:(\d{1,2})(?:m|mn|min|minutes)?)?", re.IGNORECASE)
_NUMBER = re.compile(r"(\d{1,5})(?:[.,]\d{1,3})?(?:m|mn|min|minutes?)?", re.IGNORECASE)
_YES = frozenset(_words("1 x oui o yes y true vrai ok p present presente attended ✓ ✔ ☑"))
_NO = frozenset(_words("0 non n no false faux a abs absent absente excuse excusee excused - / ☐"))


def read_attendance_table(
    content: bytes,
    sessions: Sequence[EventSession],
    zone: ZoneInfo,
    *,
    name: str = "",
    session: int = WHOLE,
) -> AttendanceFile:
    """Return what a CSV file or workbook says; encoding, separator and columns are recognised.

    A person's row gives one session (a column *session*, by number or by day in `zone`) or
    all of them (columns *session 1*, *session 2*), as minutes, as a length such as 1:25:00,
    or as present and absent. A file that names no session is of `session`. Raises
    `AttendanceFileRefused` for a file that is no table or lacks a column.
    """
    source = open_source(content, name=name, limits=_LIMITS)
    only = the_only_table(source)
    table = open_table(source, only, is_header=_is_header) if only is not None else None
    if table is None:
        raise _first_hard(source.notices)
    reader = _TableReader(table, sessions, zone, session, source.notices)
    reader.read()
    if source.notices.hard:
        raise _first_hard(source.notices)
    notices = [notice for notice in source.notices.all() if notice.level != "information"]
    rows = _without_repeats(reader.rows, notices)
    return AttendanceFile(rows, tuple(notices), tuple(sorted(reader.told)))


def _first_hard(notices: Notices) -> AttendanceFileRefused:
    found = notices.all()
    return AttendanceFileRefused(next((n for n in found if n.hard), found[0]).text)


def _is_header(cells: list[str]) -> bool:
    return len(_columns(cells)) >= 2


def _columns(headers: Sequence[str]) -> dict[str, int]:
    """Return which column holds what; what tells of sessions goes before what tells of people."""
    found: dict[str, int] = {}
    for place, header in enumerate(headers):
        key = name_key(header)
        if numbered := _SESSION_COLUMN.fullmatch(key):
            found.setdefault(f"session {int(numbered[1])}", place)
        elif numbered := _DAY_COLUMN.fullmatch(key):
            found.setdefault(f"day {int(numbered[1])}", place)
        elif key in _HEADERS:
            found.setdefault(_HEADERS[key], place)
    people = proposed_columns(list(headers))
    if "key" in people and "user_id" not in found:
        people["user_id"] = people["key"]
    if "personal_email" in people:
        people["email"] = people["personal_email"]
    taken = set(found.values())
    for field_ in _PEOPLE:
        if field_ in people and people[field_] not in taken:
            found.setdefault(field_, people[field_])
    return found


class _TableReader:
    """Reads the rows of one table; each gives none, one or several rows of attendance."""

    def __init__(
        self,
        table: Table,
        sessions: Sequence[EventSession],
        zone: ZoneInfo,
        session: int,
        notices: Notices,
    ) -> None:
        self._table, self._session, self._notices = table, session, notices
        self._numbers = {each.number for each in sessions}
        self._by_day: dict[date, list[int]] = {}
        for each in sessions:
            self._by_day.setdefault(each.starts_at.astimezone(zone).date(), []).append(each.number)
        self._places = _columns(table.columns)
        self._dates = Dates()
        self.rows: list[AttendanceRow] = []
        self.told: set[int] = set()

    def read(self) -> None:
        """Read all rows. Raises `AttendanceFileRefused` where nothing can be read from any."""
        if not any(name in self._places for name in _PEOPLE):
            raise AttendanceFileRefused(
                say("No column says who it is: e-mail, surname and first name, or name.")
            )
        columns = self._session_columns()
        if not columns:
            raise AttendanceFileRefused(
                say("No column says who was there: minutes, presence, or one for each session.")
            )
        for line, cells in self._table.rows:
            row = self._who(line, cells)
            if row is not None:
                self._take(row, cells, columns)

    def _session_columns(self) -> list[tuple[int | None, str, int]]:
        """Return for each column with attendance its session (None: told by the row)."""
        found: list[tuple[int | None, str, int]] = []
        for name, place in self._places.items():
            kind, _, number = name.partition(" ")
            if kind == "session" and number:
                found.append((int(number), "", place))
            elif kind == "day" and number:
                found.append((self._session_of_day(int(number)), "", place))
        known = [each for each in found if each[0] in self._numbers]
        if len(known) < len(found):
            text = say("A column names a session that this workshop does not have: left out.")
            self._notices.warning(text, self._table.file, self._table.header_line)
        if known:
            return known
        for kind in ("minutes", "seconds", "present"):
            if kind in self._places:
                return [(None, kind, self._places[kind])]
        return []

    def _session_of_day(self, number: int) -> int | None:
        days = sorted(self._by_day)
        if not 1 <= number <= len(days):
            return None
        numbers = self._by_day[days[number - 1]]
        return numbers[0] if len(numbers) == 1 else None

    def _who(self, line: int, cells: list[str]) -> AttendanceRow | None:
        """Return a row with its person and nothing else yet; None, and told, without one."""
        value = {name: squeeze(cells[place]) for name, place in self._places.items()}
        name = value.get("full_name", "")
        if not name:
            name = squeeze(f"{value.get('first_name', '')} {value.get('surname', '')}")
        email = self._address(value.get("email") or value.get("school_email") or "", line)
        user_id = value.get("user_id", "")
        if not (name or email or user_id):
            self._error(say("This row does not say who it is."), line)
            return None
        return AttendanceRow(
            clean(user_id, _SHOWN), email, clean(name, _SHOWN), self._session, None, None, line
        )

    def _address(self, text: str, line: int) -> str:
        try:
            return parse_address(text) if text else ""
        except AddressError as error:
            self._notices.warning(error.wording, self._table.file, line, "email")
            return ""

    def _take(
        self, row: AttendanceRow, cells: list[str], columns: list[tuple[int | None, str, int]]
    ) -> None:
        for session, kind, place in columns:
            if session is None:
                session = self._session_of_row(row, cells)
                if session is None:
                    return
            cell = squeeze(cells[place])
            if not cell:
                # An empty cell of a list that is ticked is an absence; told, nothing is lost.
                attended: tuple[int | None, bool | None] | None = (None, False)
            else:
                attended = _attended(cell, kind)
            if attended is None:
                text = say(
                    "“%(value)s” is neither minutes nor present or absent.", value=clean(cell, 40)
                )
                self._error(text, row.line, self._table.columns[place])
                continue
            self.told.add(session)
            minutes, present = attended
            self.rows.append(replace(row, session=session, minutes=minutes, present=present))

    def _session_of_row(self, row: AttendanceRow, cells: list[str]) -> int | None:
        if "session" not in self._places:
            return self._session
        place = self._places["session"]
        text = squeeze(cells[place])
        number = self._session_named(text)
        if number is None:
            self._error(
                say(
                    "“%(value)s” is not one of the sessions of this workshop.",
                    value=clean(text, 40),
                ),
                row.line,
                self._table.columns[place],
            )
        return number

    def _session_named(self, text: str) -> int | None:
        key = name_key(text)
        if key.isascii() and key.isdigit() and int(key) in self._numbers:
            return int(key)
        if (numbered := _SESSION_COLUMN.fullmatch(key)) and int(numbered[1]) in self._numbers:
            return int(numbered[1])
        if numbered := _DAY_COLUMN.fullmatch(key):
            return self._session_of_day(int(numbered[1]))
        day = self._dates.read(text) if text else None
        numbers = self._by_day.get(day, []) if day is not None else []
        return numbers[0] if len(numbers) == 1 else None

    def _error(self, text: Wording, line: int, column: str = "") -> None:
        self._notices.error(text, self._table.file, line, column)


def _attended(cell: str, kind: str) -> tuple[int | None, bool | None] | None:
    """Return minutes and presence that a cell says, None where it says nothing of the sort.

    A bare 1 or 0 is a tick, save in a column of minutes.
    """
    if kind not in ("minutes", "seconds"):
        word = name_key(cell) or cell
        if word in _YES or word in _NO:
            return None, word in _YES
    minutes = _minutes(cell, kind == "seconds")
    return None if minutes is None or minutes > _LONGEST else (minutes, None)


def _minutes(cell: str, seconds: bool) -> int | None:
    text = cell.replace(" ", "").replace("\u202f", "").replace("\u00a0", "")
    if clock := _CLOCK.fullmatch(text):
        return int(clock[1]) * 60 + int(clock[2])
    if hours := _HOURS.fullmatch(text):
        return int(hours[1]) * 60 + int(hours[2] or 0)
    if number := _NUMBER.fullmatch(text):
        return int(number[1]) // 60 if seconds else int(number[1])
    return None


def _without_repeats(rows: list[AttendanceRow], notices: list[Notice]) -> tuple[AttendanceRow, ...]:
    """Return one row a person and session: the one that says more, with a warning."""
    kept: dict[tuple[str, int], AttendanceRow] = {}
    for row in rows:
        who = row.user_id or _address_key(row.email) or name_key(row.name)
        former = kept.get((who, row.session))
        if former is not None:
            notices.append(_repeated(row))
            row = max(former, row, key=_says)
        kept[who, row.session] = row
    return tuple(kept.values())


def _repeated(row: AttendanceRow) -> Notice:
    text = say(
        "%(who)s stands here twice for the same session: the longer attendance counts.",
        who=row.name or row.email or row.user_id,
    )
    return Notice("warning", text, line=row.line)


def _says(row: AttendanceRow) -> tuple[int, bool]:
    return row.minutes or 0, bool(row.present)


# --- the server's report ------------------------------------------------------------------


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
    if len(content) > _REPORT_BYTES:
        raise _refused(say("The file is larger than %(limit)s MB.", limit=_REPORT_BYTES >> 20))
    notices: list[Notice] = []
    report = _proven(content, secret, received_at, notices)
    data = report["data"] if isinstance(report.get("data"), dict) else report
    _check_meeting(report, data, meeting_id, notices)
    attendees = data.get("attendees")
    if not isinstance(attendees, list) or len(attendees) > _MOST_ATTENDEES:
        raise _refused(say("This is not a meeting server’s report: it lists no attendees."))
    meeting = _Meeting(sessions, _moment(data.get("start")), _moment(data.get("finish")))
    stays: dict[str, _Stay] = {}
    for place, attendee in enumerate(attendees, start=1):
        _take_attendee(attendee, place, meeting, stays, notices)
    rows = [row for stay in stays.values() for row in meeting.rows(stay, notices)]
    return AttendanceFile(tuple(rows), tuple(notices), meeting.told(bool(stays)))


def _refused(text: Wording) -> AttendanceFileRefused:
    return AttendanceFileRefused(text)


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
        raise _refused(_NO_REPORT) from None
    if not isinstance(found, dict):
        raise _refused(_NO_REPORT)
    return found


def _claims(token: bytes, secret: str, received_at: datetime | None) -> dict[str, Any]:
    """Return what a token says, once its signature is checked with HS512 and nothing else."""
    import hashlib
    import hmac

    if not _TOKEN.fullmatch(token):
        raise _refused(_NOT_PROVEN)
    signed, _, signature = token.rpartition(b".")
    head, _, payload = signed.partition(b".")
    right = hmac.new(secret.encode(), signed, hashlib.sha512).digest()
    if not (secret and hmac.compare_digest(right, _decoded(signature))):
        raise _refused(_NOT_PROVEN)
    if _object(_decoded(head)).get("alg") != "HS512":
        raise _refused(_NOT_PROVEN)
    claims = _object(_decoded(payload))
    expiry = claims.get("exp")
    if isinstance(expiry, bool) or not isinstance(expiry, int | float):
        raise _refused(_NOT_PROVEN)
    if received_at is not None and received_at.timestamp() > expiry:
        raise _refused(
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
        raise _refused(_NOT_PROVEN) from None


def _check_meeting(
    report: Mapping[str, Any], data: Mapping[str, Any], meeting_id: str, notices: list[Notice]
) -> None:
    metadata = data.get("metadata")
    known = metadata if isinstance(metadata, dict) else {}
    named = [report.get("meeting_id"), known.get("meeting_id"), known.get("meetingId")]
    ids = {each for each in named if isinstance(each, str) and each}
    if str(known.get("is_breakout", known.get("isBreakout", ""))).lower() == "true":
        raise _refused(say("This is the report of a small room beside the meeting, not of it."))
    if ids and meeting_id not in ids:
        raise _refused(
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
    attendee: Any, place: int, meeting: "_Meeting", stays: dict[str, _Stay], notices: list[Notice]
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
    stay.spans += _spans(attendee, meeting.finish)


def _plain(value: Any) -> str:
    if isinstance(value, bool) or not isinstance(value, str | int):
        return ""
    return squeeze(clean(str(value)[: 2 * _SHOWN], _SHOWN))


def _seconds(value: Any) -> int:
    if isinstance(value, bool) or not isinstance(value, int | float):
        return 0
    return int(min(max(value, 0), _LONGEST * 60 * 7))


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
        self.start, self.finish = start, finish
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
