"""Files that tell who was at a workshop: lists as CSV or workbook, and whose each row is.

A list is written by people, so its columns are recognised by their headers, as in a list of
the staff. The meeting server's report is read into the same rows by `services.meeting_reports`:
who, which session, how many minutes.
"""

import re
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace
from datetime import date, datetime
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
