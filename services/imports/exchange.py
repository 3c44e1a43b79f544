"""What the exchange formats have in common: files of organisations, sessions, users, roles.

OneRoster and School Data Sync name staff and pupils alike in `users.csv`; only staff come
through here, and passwords are never looked at.
"""

from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass, field
from datetime import date, timedelta

from models.addresses import AddressError, parse_address
from models.functions import function_from
from models.language import say, say_n
from models.numbers import NumberError, parse_fase
from models.text import clean, name_key, squeeze
from services.imports.dates import Dates
from services.imports.files import Meter, Source
from services.imports.roster import (
    GoverningBodyRecord,
    PersonRecord,
    PostRecord,
    Progress,
    PupilRecord,
    Roster,
    SchoolRecord,
    SchoolYearRecord,
)
from services.imports.tables import Table, open_table

LONGEST_KEY = 200
LONGEST_NAME = 200
_SHOWN = 100

#: Organisations that employ staff and own schools; in lower case.
GOVERNING_TYPES = frozenset(
    (
        *("district", "local", "state", "national", "localauthority", "academictrust"),
        *("ministryofeducation", "departmentofeducation", "municipality", "province", "region"),
    )
)
# In lower case. Guardians, former pupils and contacts are in the same files as the staff.
_NOT_STAFF = frozenset(
    (
        *("student", "pupil", "learner", "parent", "guardian", "relative", "child", "alumni"),
        *("contact", "emergencycontact", "doctor", "family", "sibling", "user", "guest", "other"),
    )
)
# Staff roles whose name says no function, or one that `function_from` has no reason to know.
_FUNCTION_OF_ROLE = {
    "staff": "",
    "affiliate": "",
    "assistant": "",
    "chair": "teacher",
    "researcher": "teacher",
    "coach": "educator",
    "advisor": "educator",
    "specialservices": "paramedical",
    "itadmin": "administrative",
}


@dataclass(slots=True)
class Organisation:
    """One row of `orgs.csv`; `type` is in lower case."""

    key: str
    name: str
    type: str
    identifier: str
    parent: str
    line: int


@dataclass(slots=True)
class RoleRow:
    """That somebody has a staff role somewhere. Days are inclusive."""

    user: str
    org: str
    function: str
    file: str
    line: int
    year: str | None = None
    start: date | None = None
    exit: date | None = None
    primary: bool = False
    removed: bool = False


@dataclass(slots=True)
class ExchangeFile:
    """One file of the set: where its columns are, and its rows, each with a blank cell more."""

    name: str
    table: Table
    at: dict[str, int]
    roster: Roster
    blank: int = field(init=False)

    def __post_init__(self) -> None:
        self.blank = len(self.table.columns)

    def rows(self) -> Iterator[tuple[int, list[str]]]:
        for line, row in self.table.rows:
            self.roster.rows += 1
            row.append("")
            yield line, row


class Exchange:
    """Reads one set of files into a roster.

    `complete` may be changed by a manifest. `all_are_schools` makes a school of every
    organisation that does not govern; without it, only of those called so or holding staff.
    """

    def __init__(
        self,
        source: Source,
        roster: Roster,
        files: tuple[str, ...],
        progress: Progress | None,
        *,
        all_are_schools: bool = False,
        fase_identifiers: bool = False,
    ) -> None:
        self.source = source
        self.notices = source.notices
        self.roster = roster
        self.all_are_schools = all_are_schools
        self.fase_identifiers = fase_identifiers
        self.orgs: dict[str, Organisation] | None = None
        self.people: dict[str, int] = {}
        self.pupils: dict[str, list[PupilRecord]] = {}
        self.passed_over: Counter[str] = Counter()
        self._names = {name.lower(): name for name in source.files}
        self._posts: dict[tuple[int, str, str | None], PostRecord] = {}
        self._roles: dict[str, str | None] = {}
        self._meter = Meter(progress, source.lines(tuple(self.actual(name) for name in files)))

    # Files

    def actual(self, name: str) -> str:
        """Return how the file is called in this source: capitals do not matter."""
        return self._names.get(name.lower(), name)

    def has(self, name: str) -> bool:
        return name.lower() in self._names

    def open(
        self, name: str, needed: tuple[str, ...], optional: tuple[str, ...] = ()
    ) -> ExchangeFile | None:
        """Return a file with the places of its columns, or tell what is missing.

        Column names are case-sensitive (DOMAIN §4). An optional column that is missing is
        read from the blank cell that every row has at its end.
        """
        if not self.has(name):
            self.notices.stop(say("The file %(file)s is missing.", file=name), self.source.name)
            return None
        actual = self.actual(name)
        table = open_table(self.source, actual, meter=self._meter, separator=",")
        if table is None:
            return None
        place = {column: i for i, column in reversed([*enumerate(table.columns)])}
        lacking = [column for column in needed if column not in place]
        for column in lacking:
            self._tell_missing_column(column, table)
        if lacking:
            return None
        blank = len(table.columns)
        at = {column: place.get(column, blank) for column in (*needed, *optional)}
        return ExchangeFile(actual, table, at, self.roster)

    def _tell_missing_column(self, column: str, table: Table) -> None:
        alike = next((c for c in table.columns if name_key(c) == name_key(column)), None)
        text = (
            say("The column “%(column)s” is missing.", column=column)
            if alike is None
            else say(
                "The column “%(column)s” is written “%(found)s”: capitals and signs matter here.",
                column=column,
                found=clean(alike, _SHOWN),
            )
        )
        self.notices.stop(text, table.file, table.header_line, column)

    # Organisations

    def read_orgs(self, file: ExchangeFile) -> None:
        """Take the organisations of an opened `orgs.csv`."""
        self.orgs = {}
        at = file.at
        status = at.get("status", file.blank)
        identifier = at.get("identifier", file.blank)
        for line, row in file.rows():
            key = self.key(row[at["sourcedId"]], file.name, line, "sourcedId")
            name = squeeze(row[at["name"]])[:LONGEST_NAME]
            if key is None:
                continue
            if not name or key in self.orgs:
                text = (
                    say("Row refused: this identifier stands on an earlier row.")
                    if name
                    else say("Row refused: the name is missing.")
                )
                self.notices.error(text, file.name, line, "sourcedId" if name else "name")
            elif is_removed(row[status]):
                text = say("%(name)s is marked as deleted; an import removes no school.", name=name)
                self.notices.warning(text, file.name, line, "status")
            else:
                kind = row[at["type"]].strip().lower()
                parent = row[at["parentSourcedId"]].strip()
                number = row[identifier].strip()[:_SHOWN]
                self.orgs[key] = Organisation(key, name, kind, number, parent, line)

    def finish_orgs(self, file: str) -> None:
        """Make the records of the organisations, once it is known which of them have staff."""
        orgs = self.orgs or {}
        staffed = {post.school for post in self.roster.posts}
        staffed |= {pupil.school for pupil in self.roster.pupils}
        for org in orgs.values():
            number = self._fase(org, file)
            if org.type in GOVERNING_TYPES:
                body = GoverningBodyRecord(org.key, org.name, number, file=file, line=org.line)
                self.roster.governing_bodies.append(body)
                if org.key in staffed:
                    # The number is the governing body's: no school has it.
                    self._add_school(org, "office", None, org.key, file)
            elif self.all_are_schools or org.type == "school" or org.key in staffed:
                self._add_school(org, "school", number, self._governing(org), file)

    def _add_school(
        self, org: Organisation, kind: str, number: int | None, body: str | None, file: str
    ) -> None:
        record = SchoolRecord(
            org.key,
            org.name,
            kind="office" if kind == "office" else "school",
            fase_number=number,
            governing_body=body,
            file=file,
            line=org.line,
        )
        self.roster.schools.append(record)

    def _governing(self, org: Organisation) -> str | None:
        """Return the nearest governing body above; parents may form a circle."""
        orgs = self.orgs or {}
        seen = {org.key}
        above = orgs.get(org.parent)
        while above is not None and above.key not in seen:
            if above.type in GOVERNING_TYPES:
                return above.key
            seen.add(above.key)
            above = orgs.get(above.parent)
        return None

    def _fase(self, org: Organisation, file: str) -> int | None:
        if not (self.fase_identifiers and org.identifier):
            return None
        try:
            return parse_fase(org.identifier)
        except NumberError as fault:
            self.notices.warning(fault.wording, file, org.line, "identifier")
            return None

    # School years

    def read_sessions(self, file: ExchangeFile, *, end_is_exclusive: bool) -> None:
        """Take the sessions of type schoolYear; terms and semesters say nothing of access."""
        at = file.at
        dates = Dates("mdy")
        status = at.get("status", file.blank)
        for line, row in file.rows():
            if row[at["type"]].strip().lower() != "schoolyear" or is_removed(row[status]):
                continue
            key = self.key(row[at["sourcedId"]], file.name, line, "sourcedId")
            first = self.day(dates, row, file, line, "startDate")
            end = self.day(dates, row, file, line, "endDate")
            last = end - timedelta(days=1) if end and end_is_exclusive else end
            if key is None or first is None or last is None or last <= first:
                text = say("This school year is left out: its days are missing or out of order.")
                self.notices.warning(text, file.name, line)
                continue
            if "-" in row[at["schoolYear"]]:
                text = say(
                    "The school year is written %(text)s where the standard has one year.",
                    text=clean(row[at["schoolYear"]].strip(), 20),
                )
                self.notices.information(text, file.name, line, "schoolYear")
            label = str(first.year) if first.year == last.year else f"{first.year}-{last.year}"
            year = SchoolYearRecord(key, label, first, last, file.name, line)
            self.roster.school_years.append(year)

    def only_year(self) -> str | None:
        """Return the key of the school year, where the set speaks of exactly one."""
        years = self.roster.school_years
        return years[0].key if len(years) == 1 else None

    # People

    def function(self, role: str, file: str, line: int) -> str | None:
        """Return the function of a staff role, "" where it says none, None for others."""
        if role not in self._roles:
            self._roles[role] = self._function(role)
        found = self._roles[role]
        if found is None and role.strip().lower() not in _NOT_STAFF:
            text = say("Passed over: the role “%(role)s” is not known.", role=clean(role, _SHOWN))
            self.notices.warning(text, file, line, "role")
        return found

    def _function(self, role: str) -> str | None:
        word = role.strip().lower()
        if not word or word in _NOT_STAFF:
            return None
        return _FUNCTION_OF_ROLE.get(word) if word in _FUNCTION_OF_ROLE else function_from(role)

    def add_person(
        self, key: str, row: list[str], file: ExchangeFile, line: int, *, removed: bool = False
    ) -> int | None:
        """Take a staff member's row; None, and told, where it is refused."""
        if key in self.people:
            text = say("Row refused: this identifier stands on an earlier row.")
            self.notices.error(text, file.name, line, "sourcedId")
            return None
        names = []
        for column in ("familyName", "givenName"):
            name = squeeze(row[file.at[column]])
            if len(name) > LONGEST_NAME:
                text = say(
                    "Row refused: a name of %(length)s characters; the limit is %(limit)s.",
                    length=len(name),
                    limit=LONGEST_NAME,
                )
            elif not name and not removed:
                text = say("Row refused: the name is missing.")
            elif name and not any(map(str.isalpha, name)):
                text = say("Row refused: this is no name, it has no letters.")
            else:
                names.append(name)
                continue
            self.notices.error(text, file.name, line, column)
            return None
        person = PersonRecord(names[0], names[1], key, removed=removed, file=file.name, line=line)
        return self.append_person(person)

    def append_person(self, person: PersonRecord) -> int:
        index = len(self.roster.people)
        self.roster.people.append(person)
        if person.key is not None:
            self.people[person.key] = index
        return index

    def add_post(self, person: int, role: RoleRow, email: str, email_field: str) -> None:
        """Take a post; several roles in one school and year are one post."""
        if self.orgs is not None and self.roster.complete and role.org not in self.orgs:
            text = say(
                "Row refused: the organisation %(org)s is not in orgs.csv.",
                org=clean(role.org, _SHOWN) or "“”",
            )
            self.notices.error(text, role.file, role.line)
            return
        place = (person, role.org, role.year)
        post = self._posts.get(place)
        if post is not None and not (post.removed and not role.removed):
            _merge(post, role)
            return
        post = PostRecord(
            person,
            role.org,
            role.year,
            role.function,
            start_date=role.start,
            exit_date=role.exit,
            school_email=email,
            school_email_field=email_field if email else "",
            removed=role.removed,
            file=role.file,
            line=role.line,
        )
        self._posts[place] = post
        self.roster.posts.append(post)

    def email(self, text: str, file: str, line: int, column: str) -> str:
        """Return the address in a cell, "" (and told) where it holds none that can be used."""
        if not text.strip():
            return ""
        try:
            return parse_address(text)
        except AddressError as fault:
            wording = say("The address is not used. %(reason)s", reason=fault.wording)
            self.notices.warning(wording, file, line, column)
            return ""

    def read_demographics(self, file: ExchangeFile, key_column: str) -> None:
        """Take birth date and sex of the staff, and the birth date of the pupils taken."""
        at = file.at
        dates = Dates("mdy")
        for line, row in file.rows():
            key = row[at[key_column]].strip()
            for pupil in self.pupils.get(key, ()):
                pupil.birth_date = self.day(dates, row, file, line, "birthDate")
            index = self.people.get(key)
            if index is None:
                continue
            person = self.roster.people[index]
            person.birth_date = self.day(dates, row, file, line, "birthDate")
            sex = row[at["sex"]].strip().lower()
            person.sex = "M" if sex in ("male", "m") else "F" if sex in ("female", "f") else ""

    def tell_passed_over(self, file: str) -> None:
        count = self.passed_over.total()
        if count:
            text = say_n(
                "%(count)s person who is not staff (pupils, parents) was passed over.",
                "%(count)s people who are not staff (pupils, parents) were passed over.",
                count,
            )
            self.notices.information(text, file)

    # Cells

    def key(self, text: str, file: str, line: int, column: str) -> str | None:
        """Return an identifier, or tell that the row is refused for want of one."""
        key = text.strip()
        if key and len(key) <= LONGEST_KEY:
            return key
        wording = (
            say("Row refused: the identifier is longer than %(limit)s signs.", limit=LONGEST_KEY)
            if key
            else say("Row refused: the identifier is missing.")
        )
        self.notices.error(wording, file, line, column)
        return None

    def day(
        self, dates: Dates, row: list[str], file: ExchangeFile, line: int, column: str
    ) -> date | None:
        """Return the date in a cell; None where it is blank, or told that it is no date.

        The formats prescribe 2026-08-24; American tools write 8/24/2026, month first.
        """
        text = row[file.at[column]].strip()
        if not text:
            return None
        found = dates.read(text)
        if found is None:
            wording = say("“%(text)s” is no date and is left out.", text=clean(text, 40))
            self.notices.warning(wording, file.name, line, column)
        elif "/" in text:
            wording = say("This date is not written 2026-08-24; it was read month first.")
            self.notices.information(wording, file.name, line, column)
        return found


def is_removed(status: str) -> bool:
    """Tell whether a row's status says that what it speaks of is gone."""
    return status.strip().lower() in ("tobedeleted", "inactive", "deleted")


def _merge(post: PostRecord, role: RoleRow) -> None:
    if role.removed:
        return
    codes = [post.function, *post.other_functions.split(","), role.function]
    if role.primary:
        codes.insert(0, role.function)
    first, *others = list(dict.fromkeys(code for code in codes if code)) or [""]
    post.function, post.other_functions = first, ",".join(others)
    if role.start is None or (post.start_date and role.start < post.start_date):
        post.start_date = role.start
    if role.exit is None or (post.exit_date and role.exit > post.exit_date):
        post.exit_date = role.exit
