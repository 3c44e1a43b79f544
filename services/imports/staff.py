"""A list of the staff as CSV or Excel workbook, from ProEco or any other staff records.

No layout is published (DOMAIN §4), so columns are recognised by what their headers are
usually called, and the choice can be corrected. A national number is never kept: columns
that are called so are not read, values that look so are refused.
"""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from datetime import date
from typing import Literal

from models.bulk import no_collection
from models.functions import function_from
from models.language import Wording, say
from models.numbers import (
    NumberError,
    parse_fase,
    parse_staff_number,
    staff_number_disagreements,
)
from models.text import clean, name_key, squeeze
from services.imports.cells import (
    LANGUAGE_WORDS,
    LONGEST_NAME,
    SEVERAL,
    RowRefused,
    address_in,
    checked_name,
    short_text,
    split_name,
    words,
)
from services.imports.columns import can_be_read, never_read
from services.imports.dates import BIRTH_PIVOT, DOUBTFUL_FROM, NO_END, Dates, Order, is_blank
from services.imports.files import Meter, Source, SourceLike, open_source
from services.imports.notices import Notices
from services.imports.roster import (
    Notice,
    PersonRecord,
    PostRecord,
    Progress,
    Roster,
    SchoolRecord,
)
from services.imports.staff_columns import (
    STAFF_FIELDS,
    StaffMapping,
    chosen_columns,
    is_header,
    missing_fields,
    proposed_columns,
)
from services.imports.tables import Table, open_table, the_only_table

_SHOWN = 200
_SAMPLE = 8
_LAYOUT_ROWS = 1_000
_YES = frozenset(words("1 x oui o y yes true vrai v ok ✓ ✔ ☑ ja present presente actif active"))
_NO = frozenset(words("0 non n no false faux f nee ☐ absent absente inactif inactive"))
_SEXES: dict[str, Literal["M", "F", ""]] = {
    **dict.fromkeys(words("m h homme masculin male man mr monsieur 1 mannelijk garcon"), "M"),
    **dict.fromkeys(
        words("f femme feminin female woman mme madame mlle mademoiselle mrs ms 2 vrouwelijk"),
        "F",
    ),
}
_SEX_DIGITS = {"M": "1", "F": "2"}


@dataclass(frozen=True, slots=True)
class ListKind:
    """What is peculiar to one kind of list: its fields, and how their columns are found.

    `missing` says which fields a choice of columns still needs, `dates` which are days.
    """

    title: Wording
    fields: Mapping[str, Wording]
    is_header: Callable[[list[str]], bool]
    proposed: Callable[[list[str]], dict[str, int]]
    missing: Callable[[Mapping[str, int]], list[str]]
    dates: tuple[str, ...]


STAFF_LIST = ListKind(
    say("Columns of the staff list"),
    STAFF_FIELDS,
    is_header,
    proposed_columns,
    missing_fields,
    ("birth_date", "start_date", "exit_date"),
)


@dataclass(slots=True)
class StaffLayout:
    """What a staff file, or another list, looks like, for a screen that shows and corrects it.

    `mapping` is the proposal: field to column index; `matched` says which header each was
    recognised by. `never_read` are columns that are passed over for what they hold (national
    numbers, passwords); their samples are blank. `missing` are the fields without which the
    file cannot be read. `date_order` is "dmy", "mdy", "iso" or "" (no date seen).
    """

    file: str = ""
    encoding: str = ""
    separator: str = ""
    sheet: str = ""
    header_line: int = 0
    columns: list[str] = field(default_factory=list)
    sample: list[list[str]] = field(default_factory=list)
    mapping: dict[str, int] = field(default_factory=dict)
    matched: dict[str, str] = field(default_factory=dict)
    never_read: list[str] = field(default_factory=list)
    missing: list[str] = field(default_factory=list)
    date_order: str = ""
    notices: list[Notice] = field(default_factory=list)
    kind: ListKind = STAFF_LIST


def read_layout(source: SourceLike, kind: ListKind = STAFF_LIST) -> StaffLayout:
    """Return how a list is laid out; what is wrong with it is in the notices."""
    source = open_source(source)
    opening, source.notices = source.notices, source.notices.copy()
    layout = _layout(source, kind)
    layout.notices = source.notices.all()
    source.notices = opening
    return layout


def _layout(source: Source, kind: ListKind) -> StaffLayout:
    table = _open(source, kind=kind)
    if table is None:
        return StaffLayout(kind=kind)
    mapping = kind.proposed(table.columns)
    hidden = never_read(table.columns)
    rows = [row for _, row in zip(range(_LAYOUT_ROWS), (r for _, r in table.rows), strict=False)]
    return StaffLayout(
        file=table.file,
        encoding=table.encoding,
        separator=table.separator,
        sheet=table.sheet,
        header_line=table.header_line,
        columns=table.columns,
        sample=[["" if i in hidden else c for i, c in enumerate(r)] for r in rows[:_SAMPLE]],
        mapping=mapping,
        matched={name: table.columns[index] for name, index in mapping.items()},
        never_read=[table.columns[index] for index in sorted(hidden)],
        missing=kind.missing(mapping),
        date_order=_date_order(rows, mapping, kind),
        kind=kind,
    )


@no_collection()
def read_staff(
    source: SourceLike,
    *,
    mapping: StaffMapping | None = None,
    progress: Progress | None = None,
    default_school: str = "",
) -> Roster:
    """Return what a staff file says.

    `mapping` is the choice of columns (see `StaffMapping`), by default the one proposed.
    `default_school` is the key of the school for rows that name none. A row of the same
    person may come several times, once for each post. Raises `Cancelled` through `progress`
    only; whatever is wrong with the file is in the roster's notices.
    """
    source = open_source(source)
    opening, source.notices = source.notices, source.notices.copy()
    choice = dict(mapping) if mapping is not None else None
    stated = choice.pop("dates", None) if choice else None
    if stated in ("dmy", "mdy"):
        order: Order = "mdy" if stated == "mdy" else "dmy"
        reading = _Reading.of(source, choice, order, progress, default_school)
    else:
        reading = _read_by_evidence(source, opening, choice, progress, default_school)
    if reading is not None:
        reading.finish()
    roster = reading.roster if reading is not None else Roster("staff")
    roster.notices = source.notices.all()
    source.notices = opening
    return roster


def _read_by_evidence(
    source: Source,
    opening: Notices,
    choice: StaffMapping | None,
    progress: Progress | None,
    school: str,
) -> "_Reading | None":
    """Read the dates day first, and anew where only all of them showed that the month is."""
    reading = _Reading.of(source, choice, "dmy", progress, school)
    if reading is None:
        return None
    if reading.is_month_first():
        source.notices = opening.copy()
        reading = _Reading.of(source, choice, "mdy", progress, school) or reading
        text = say("The dates are written month first (08/24/2026) and were read so.")
        source.notices.warning(text, reading.file)
    elif reading.is_doubtful():
        text = say("No date shows whether day or month comes first; they were read day first.")
        source.notices.warning(text, reading.file)
    return reading


def _open(source: Source, meter: Meter | None = None, kind: ListKind = STAFF_LIST) -> Table | None:
    name = the_only_table(source)
    if name is None:
        return None
    return open_table(source, name, meter=meter, is_header=kind.is_header)


def _date_order(rows: list[list[str]], mapping: Mapping[str, int], kind: ListKind) -> str:
    dates = Dates()
    for name in kind.dates:
        if name in mapping:
            for row in rows:
                dates.read(row[mapping[name]].strip())
    if dates.month_first and not dates.day_first:
        return "mdy"
    return "dmy" if dates.day_first or dates.doubtful else "iso" if dates.iso else ""


class _Reading:
    """One pass over the rows of a staff file."""

    def __init__(
        self, table: Table, at: Mapping[str, int], order: Order, school: str, notices: Notices
    ) -> None:
        self.table = table
        self.file = table.file
        self.notices = notices
        self.roster = Roster("staff")
        self.default_school = school
        self.births = Dates(order, BIRTH_PIVOT)
        self.days = Dates(order)
        self.at = at
        # A field without a column is read from one blank cell added behind the last.
        self.columns = [*table.columns, ""]
        blank = len(table.columns)
        place = [at.get(name, blank) for name in STAFF_FIELDS]
        (self.surname, self.first_name, self.full_name, self.birth, self.number) = place[:5]
        (self.key, self.sex, self.language, self.personal, self.official) = place[5:10]
        (self.function, self.others, self.role, self.start, self.exit) = place[10:15]
        (self.present, self.school, self.school_name) = place[15:]
        self._names: dict[str, str] = {}
        self._sexes: dict[str, Literal["M", "F", ""]] = {}
        self._functions: dict[str, tuple[str, str, bool]] = {}
        self._schools: dict[str, str] = {}
        self._normal: dict[str, str] = {}
        self._presences: dict[str, bool | None] = {"": None}
        self._unstated: list[PostRecord] = []
        self._answers: set[bool] = set()
        self._school_names: set[str] = set()

    @classmethod
    def of(
        cls,
        source: Source,
        choice: StaffMapping | None,
        order: Order,
        progress: Progress | None,
        school: str,
    ) -> "_Reading | None":
        """Read all rows, or return None where the table or its names cannot be found."""
        table = _open(source, Meter(progress))
        if table is None:
            return None
        notices, columns = source.notices, table.columns
        if choice is None:
            at = proposed_columns(columns)
        else:
            at = chosen_columns(columns, choice, table.file, table.header_line, notices)
        missing = [STAFF_FIELDS[name] for name in missing_fields(at)]
        if not can_be_read(table, missing, notices):
            return None
        reading = cls(table, at, order, school, notices)
        reading._read_rows()
        return reading

    def is_month_first(self) -> bool:
        month = self.births.month_first + self.days.month_first
        return bool(month) and not self.births.day_first + self.days.day_first

    def is_doubtful(self) -> bool:
        told = self.births.day_first + self.days.day_first
        return not told and self.births.doubtful + self.days.doubtful >= DOUBTFUL_FROM

    def finish(self) -> None:
        """Settle what only all rows together tell, before the roster is handed over."""
        if True in self._answers and False not in self._answers:
            # A column of ticks: where none is, the person is absent.
            for post in self._unstated:
                post.present = False
        if "school" not in self.at and len(self._school_names - {""}) > 1:
            text = say(
                "The file names several schools but no FASE numbers: "
                "everybody is taken for the school of this import."
            )
            self.notices.warning(text, self.file, 0, self.columns[self.school_name])
        if not self.roster.rows and not self.notices.hard:
            self.notices.stop(say("The file has headers but no rows."), self.file)

    def _read_rows(self) -> None:
        rows = 0
        for line, row in self.table.rows:
            rows += 1
            row.append("")
            try:
                self._read_row(line, row)
            except RowRefused as refused:
                self.notices.error(refused.text, self.file, line, refused.column)
        self.roster.rows = rows

    def _read_row(self, line: int, row: list[str]) -> None:
        person = self._person(line, row)
        post = self._post(line, row)
        birth, start, leaves = person.birth_date, post.start_date, post.exit_date
        if start and ((leaves and leaves < start) or (birth and start <= birth)):
            self._tell_order_of_dates(line, birth, start)
        self._school_names.add(row[self.school_name])
        self.roster.people.append(person)
        self.roster.posts.append(post)

    def _person(self, line: int, row: list[str]) -> PersonRecord:
        surname, first_name = self._both_names(row, line)
        birth = self._date(self.births, row, self.birth)
        sex = self._sexes.get(row[self.sex])
        if sex is None:
            sex = self._sexes[row[self.sex]] = _SEXES.get(name_key(row[self.sex]), "")
        number = self._staff_number(row, line, sex, birth) if row[self.number] else None
        personal = self._email(row, self.personal, line) if row[self.personal] else ""
        # By position: a tenth of the time of reading goes into making records.
        return PersonRecord(
            surname,
            first_name,
            (self._text(row, self.key, line) or None) if row[self.key] else number,
            birth,
            number,
            sex,
            LANGUAGE_WORDS.get(self._normal_form(row[self.language]), ""),
            personal,
            self.columns[self.personal] if personal else "",
            False,
            self.file,
            line,
        )

    def _post(self, line: int, row: list[str]) -> PostRecord:
        start = self._date(self.days, row, self.start)
        leaves = self._date(self.days, row, self.exit)
        school = self._school(row) if row[self.school] else self.default_school
        official = self._email(row, self.official, line) if row[self.official] else ""
        function, others, known = self._function(row[self.function], row[self.others])
        if not known:
            self._tell_unknown_function(row[self.function], line)
        present = self._present(row[self.present], line)
        post = PostRecord(
            len(self.roster.people),
            school,
            None,
            function,
            others,
            self._text(row, self.role, line) if row[self.role] else "",
            start,
            leaves if leaves and leaves.year < NO_END else None,
            present,
            official,
            self.columns[self.official] if official else "",
            False,
            self.file,
            line,
        )
        if present is None and not row[self.present].strip():
            self._unstated.append(post)
        return post

    # Cells

    def _both_names(self, row: list[str], line: int) -> tuple[str, str]:
        if self.full_name != len(self.columns) - 1:
            return self._split_name(row, line)
        return self._name(row, self.surname, line), self._name(row, self.first_name, line)

    def _name(self, row: list[str], index: int, line: int) -> str:
        raw = row[index]
        name = self._names.get(raw)
        if name is not None:
            return name
        name = checked_name(raw, self.columns[index])
        if name[0] in "=+@-":
            text = say("This name begins like a formula; it is kept as text.")
            self.notices.warning(text, self.file, line, self.columns[index])
        else:
            self._names[raw] = name
        return name

    def _split_name(self, row: list[str], line: int) -> tuple[str, str]:
        whole = self._name(row, self.full_name, line)
        surname, first_name = split_name(whole)
        if not first_name:
            column = self.columns[self.full_name]
            text = say("Row refused: surname and first name cannot be told apart.")
            raise RowRefused(text, column)
        return surname, first_name

    def _date(self, dates: Dates, row: list[str], index: int) -> date | None:
        raw = row[index]
        if not raw:
            return None
        found = dates.known.get(raw)
        if found is not None:
            return found
        text = raw.strip()
        found = dates.read(text) if text else None
        if found is None and not is_blank(text):
            wording = say("Row refused: “%(text)s” is no date.", text=clean(text, 40))
            raise RowRefused(wording, self.columns[index])
        return found

    def _staff_number(self, row: list[str], line: int, sex: str, birth: date | None) -> str | None:
        text = row[self.number].strip()
        # The usual case, decided without the three checks of the rule itself.
        if (
            birth is not None
            and len(text) == 11
            and text.isascii()
            and text.isdigit()
            and text[0] == _SEX_DIGITS.get(sex)
            and int(text[1:7]) == birth.year % 100 * 10_000 + birth.month * 100 + birth.day
        ):
            return text
        if is_blank(text):
            return None
        column = self.columns[self.number]
        try:
            number = parse_staff_number(text)
        except NumberError as fault:
            self.notices.warning(fault.wording, self.file, line, column)
            return None
        for wording in staff_number_disagreements(number, sex, birth):
            self.notices.warning(wording, self.file, line, column)
        return number

    def _text(self, row: list[str], index: int, line: int) -> str:
        text, remark = short_text(row[index])
        if remark is not None:
            self.notices.warning(remark, self.file, line, self.columns[index])
        return text

    def _email(self, row: list[str], index: int, line: int) -> str:
        address, remark = address_in(row[index])
        if remark is not None:
            self.notices.warning(remark, self.file, line, self.columns[index])
        return address

    def _function(self, main: str, others: str) -> tuple[str, str, bool]:
        """Return the code, the further codes separated by commas, and whether all is known."""
        text = f"{main}\n{others}" if others else main
        found = self._functions.get(text)
        if found is None:
            found = self._functions[text] = _functions(main, others)
        return found

    def _tell_unknown_function(self, text: str, line: int) -> None:
        wording = say("The function “%(text)s” is not known.", text=clean(text.strip(), _SHOWN))
        self.notices.warning(wording, self.file, line, self.columns[self.function])

    def _tell_order_of_dates(self, line: int, birth: date | None, start: date) -> None:
        if birth and start <= birth:
            text = say("The date of birth is after the start date.")
            self.notices.warning(text, self.file, line, self.columns[self.birth])
        else:
            text = say("The exit date is before the start date.")
            self.notices.warning(text, self.file, line, self.columns[self.exit])

    def _school(self, row: list[str]) -> str:
        text = row[self.school].strip()
        key = self._schools.get(text)
        if key is None:
            key = self._schools[text] = self._new_school(text, row)
        return key

    def _new_school(self, text: str, row: list[str]) -> str:
        if not text:
            return self.default_school
        try:
            number = parse_fase(text)
        except NumberError as fault:
            reason = say("Row refused. %(reason)s", reason=fault.wording)
            raise RowRefused(reason, self.columns[self.school]) from None
        name = clean(squeeze(row[self.school_name]), LONGEST_NAME)
        self.roster.schools.append(
            SchoolRecord(str(number), name, fase_number=number, file=self.file)
        )
        return str(number)

    def _present(self, text: str, line: int) -> bool | None:
        if text not in self._presences:
            self._presences[text] = self._read_presence(text)
        present = self._presences[text]
        if present is None and text.strip():
            wording = say("“%(text)s” says neither yes nor no.", text=clean(text.strip(), 40))
            self.notices.warning(wording, self.file, line, self.columns[self.present])
        return present

    def _read_presence(self, text: str) -> bool | None:
        answer = self._normal_form(text) or text.strip()
        if answer in _YES or answer in _NO:
            self._answers.add(answer in _YES)
            return answer in _YES
        return None

    def _normal_form(self, text: str) -> str:
        form = self._normal.get(text)
        if form is None:
            form = self._normal[text] = name_key(text)
        return form


def _functions(main: str, others: str) -> tuple[str, str, bool]:
    whole = function_from(main)
    parts = [part for part in SEVERAL.split(main) if part.strip()] if len(main) < 1_000 else []
    codes = [function_from(part) for part in parts]
    codes += [function_from(part) for part in SEVERAL.split(others[:1_000]) if part.strip()]
    found = list(dict.fromkeys(code for code in codes if code))
    if whole and whole not in found:
        found.insert(0, whole)
    known = bool(whole) or not main.strip()
    if not found:
        return "", "", known
    first = whole or found[0]
    return first, ",".join(code for code in found if code != first), known
