"""Reading lists of school holidays: a table, the list of openholidaysapi, a calendar file (.ics).

Whatever is wrong becomes a notice: a hard one where the file is none of these, else the row is
refused and the others come through.
"""

import hashlib
import re
from collections import Counter
from collections.abc import Iterator, Mapping
from contextlib import suppress
from dataclasses import dataclass
from datetime import date, datetime, time, timedelta
from typing import Any

from models.language import say
from models.text import clean, name_key, squeeze
from services.imports.dates import Dates
from services.imports.files import Limits, open_source
from services.imports.notices import Notices
from services.imports.roster import Notice
from services.imports.tables import Table, open_table, the_only_table

#: A list of holidays is small: those of a century have fewer lines.
_LIMITS = Limits(
    file_bytes=2 * 2**20,
    expanded_bytes=16 * 2**20,
    workbook_bytes=16 * 2**20,
    lines=5_000,
    columns=60,
    cell=1_000,
)
#: Taking a calendar file apart takes a second for so much, and a school's has a tenth of it.
_LARGEST_CALENDAR, _MOST_EVENTS = 512 * 2**10, 2_000
#: Longer than this no holidays are: a row that says so is mistaken.
_LONGEST_DAYS = 100
_LONGEST_NAME, _LONGEST_KEY = 100, 80
#: Years that holidays to be planned with may lie in.
_YEARS = range(1990, 2101)
#: A school year's holidays lie from one August to the next July, wherever it begins exactly.
_AUGUST = 8
_DAY = timedelta(days=1)

#: What lists call their columns, in the form of `name_key`.
_SYNONYMS: Mapping[str, tuple[str, ...]] = {
    "key": ("id", "uid"),
    "first": (
        "startdate", "start", "from", "begins", "firstday", "debut", "datededebut", "datedebut",
        "du", "de", "premierjour", "date",
    ),
    "last": (
        "enddate", "end", "to", "until", "ends", "lastday", "fin", "datedefin", "datefin", "au",
        "dernierjour", "jusquau",
    ),
    "name": (
        "name", "nom", "conge", "conges", "vacances", "congesscolaires", "vacancesscolaires",
        "intitule", "libelle", "description", "holiday", "holidays", "summary", "objet",
    ),
    "type": ("type",),
    "groups": ("groups",),
}  # fmt: skip
_COLUMN_OF = {word: column for column, words in _SYNONYMS.items() for word in words}
_NEEDED = {"first": say("first day"), "name": say("name")}
_NAMED = re.compile(r"([A-Z]{2}) (.+)")
#: Whatever language a name is in that a list doesn't tell the language of.
UNTOLD = "und"


@dataclass(frozen=True, slots=True)
class HolidayRead:
    """One row: both days inclusive, `names` by language, `key` to find it again by."""

    line: int
    key: str
    first_day: date
    last_day: date
    names: dict[str, str]


@dataclass(frozen=True, slots=True)
class HolidayFile:
    """What a list says; `groups` are those that it has holidays of, [] where it has none."""

    rows: tuple[HolidayRead, ...]
    notices: tuple[Notice, ...]
    groups: tuple[str, ...]


def read_holidays(content: bytes, *, group: str = "", name: str = "") -> HolidayFile:
    """Read a list of holidays; never raises for what it holds.

    Taken are CSV and workbooks with a name, a first and (but for single days) a last day, the
    list of openholidaysapi, and calendar files of whole days. `group` is whose holidays are
    read where the list names several ("FR"), "" for all.
    """
    reading = _Reading(group.strip().casefold())
    if content.lstrip(b"\xef\xbb\xbf \t\r\n")[:15].upper() == b"BEGIN:VCALENDAR":
        reading.calendar(content)
    else:
        reading.table(content, name)
    if not reading.rows and not any(notice.level == "error" for notice in reading.notices.all()):
        reading.notices.stop(say("There is no row in this list."))
    notices = tuple(reading.notices.all())
    return HolidayFile(tuple(reading.rows), notices, tuple(sorted(reading.groups)))


class _Reading:
    """Collects the rows of one file."""

    def __init__(self, group: str) -> None:
        self.group = group
        self.notices = Notices()
        self.rows: list[HolidayRead] = []
        self.groups: set[str] = set()
        self._keys: set[str] = set()
        self._alike: Counter[str] = Counter()
        self._dates = Dates()

    # Tables

    def table(self, content: bytes, name: str) -> None:
        source = open_source(content, name=name or "-", limits=_LIMITS)
        self.notices = source.notices
        file = None if source.notices.hard else the_only_table(source)
        table = open_table(source, file, is_header=_is_header) if file else None
        if table is not None:
            self._table(table)

    def _table(self, table: Table) -> None:
        at: dict[str, int] = {}
        for place, heading in enumerate(table.columns):
            at.setdefault(_COLUMN_OF.get(name_key(heading), ""), place)
        missing = [label.text() for column, label in _NEEDED.items() if column not in at]
        if missing:
            self.notices.stop(
                say("The list has no column %(names)s.", names=", ".join(missing)),
                line=table.header_line,
            )
            return
        for line, cells in table.rows:
            row = {column: squeeze(cells[place]) for column, place in at.items() if column}
            if self._is_meant(row):
                self._row(line, row)

    def _is_meant(self, row: Mapping[str, str]) -> bool:
        """Tell whether a row is about school holidays, and those of the group asked for."""
        if row.get("type", "School") not in ("School", ""):
            return False
        groups = {clean(each.strip(), 20) for each in row.get("groups", "").split(",")} - {""}
        self.groups |= groups
        return not self.group or not groups or self.group in {g.casefold() for g in groups}

    def _row(self, line: int, row: Mapping[str, str]) -> None:
        first = self._dates.read(row["first"])
        written = row.get("last", "")
        last = self._dates.read(written) if written else first
        self._add(line, row.get("key", ""), first, last, row["name"])

    # Calendar files

    def calendar(self, content: bytes) -> None:
        from icalendar import Calendar

        if len(content) > _LARGEST_CALENDAR:
            size = _LARGEST_CALENDAR // 2**10
            self.notices.stop(say("The calendar file is larger than %(size)s kB.", size=size))
            return
        # Counted first: to take an event apart takes a while.
        if content.upper().count(b"BEGIN:") > _MOST_EVENTS:
            self.notices.stop(
                say("The calendar has more than %(limit)s events.", limit=_MOST_EVENTS)
            )
            return
        try:
            events = Calendar.from_ical(content.lstrip(b"\xef\xbb\xbf \t\r\n")).walk("VEVENT")
        except Exception:  # a parser of somebody else's, given anything at all
            self.notices.stop(say("This calendar file is damaged and cannot be read."))
            return
        for event in events:
            self._event(event)

    def _event(self, event: Any) -> None:
        name = str(event.get("SUMMARY", ""))
        shown = clean(squeeze(name), _LONGEST_NAME)
        if "RRULE" in event or "RDATE" in event:
            self.notices.error(
                say("“%(name)s” is refused: it repeats; holidays are taken one by one.", name=shown)
            )
            return
        first: date | None = None
        last: date | None = None
        with suppress(Exception):  # values are made when they are asked for, of anything at all
            first, last = _days_of(event)
        if first is None or last is None or not _can_be(first, last):
            self.notices.error(say("“%(name)s” is refused: its days can’t be read.", name=shown))
            return
        self._add(0, str(event.get("UID", "")), first, last, name)

    # Both

    def _add(
        self, line: int, key: str, first: date | None, last: date | None, written: str
    ) -> None:
        names = dict(_names(squeeze(clean(written))))
        if first is None or last is None or not _can_be(first, last):
            self.notices.error(say("Row refused: its days can’t be read."), line=line)
        elif not names:
            self.notices.error(say("Row refused: it has no name."), line=line)
        else:
            key = self._key(squeeze(clean(key)), first, next(iter(names.values())))
            if key in self._keys:
                self.notices.warning(say("This row stands twice in the list."), line=line)
                return
            self._keys.add(key)
            self.rows.append(HolidayRead(line, key, first, last, names))

    def _key(self, given: str, first: date, name: str) -> str:
        """Return what holidays are found again by, also after their days were corrected."""
        if given:
            long = len(given) > _LONGEST_KEY
            return hashlib.sha256(given.encode()).hexdigest() if long else given
        began = first.year if first.month >= _AUGUST else first.year - 1
        key = f"{began}:{name_key(name)[:60] or name[:60]}"
        self._alike[key] += 1
        return key if self._alike[key] == 1 else f"{key}:{self._alike[key]}"


def _is_header(cells: list[str]) -> bool:
    found = {_COLUMN_OF.get(name_key(cell)) for cell in cells}
    return _NEEDED.keys() <= found


def _can_be(first: date, last: date) -> bool:
    return 0 <= (last - first).days <= _LONGEST_DAYS and first.year in _YEARS


def _days_of(event: Any) -> tuple[date, date]:
    """Return the first and the last day of an event: an end is the first day after it."""
    first = event.decoded("DTSTART")
    after = event.decoded("DTEND") if "DTEND" in event else None
    if after is None:
        length = event.decoded("DURATION") if "DURATION" in event else _DAY
        after = first + length
    last = after
    if not isinstance(after, datetime) or after.time() == time():
        last = after - _DAY
    return _day(first), max(_day(last), _day(first))


def _day(moment: date) -> date:
    return moment.date() if isinstance(moment, datetime) else moment


def _names(text: str) -> Iterator[tuple[str, str]]:
    """Yield language and name of `FR Noël,NL Kerstvakantie`, or a name alone.

    A comma may be part of a name.
    """
    found = [_NAMED.fullmatch(part.strip()) for part in re.split(r",(?=[A-Z]{2} )", text)]
    if not all(found):
        if text:
            yield UNTOLD, clean(text, _LONGEST_NAME)
        return
    for each in found:
        assert each is not None
        yield each[1].lower(), clean(each[2], _LONGEST_NAME)
