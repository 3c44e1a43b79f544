"""A list of pupils and their guardians as CSV or Excel workbook, as school records export it.

A row is about one pupil, with one guardian or several; a further guardian, or a brother or
sister, comes in a row of its own. No layout is published, so columns are recognised by what
their headers are usually called (`family_columns`). National numbers are never kept, and
nothing of a pupil but name, birth date, class and identifier.
"""

from collections.abc import Mapping
from dataclasses import dataclass

from models.bulk import no_collection
from models.language import say
from models.numbers import NumberError, parse_fase
from models.text import clean, name_key, squeeze
from services.imports.cells import (
    LANGUAGE_WORDS,
    LONGEST_NAME,
    RowRefused,
    address_in,
    checked_name,
    short_text,
    split_name,
)
from services.imports.columns import can_be_read
from services.imports.dates import BIRTH_PIVOT, DOUBTFUL_FROM, Dates, Order, is_blank
from services.imports.family_columns import (
    FAMILY_FIELDS,
    FamilyMapping,
    chosen_columns,
    guardian_numbers,
    is_header,
    missing_fields,
    proposed_columns,
)
from services.imports.files import Meter, Source, SourceLike, open_source
from services.imports.notices import Notices
from services.imports.roster import (
    GuardianshipRecord,
    PersonRecord,
    Progress,
    PupilRecord,
    Roster,
    SchoolRecord,
)
from services.imports.staff import ListKind
from services.imports.tables import Table, open_table, the_only_table

FAMILY_LIST = ListKind(
    say("Columns of the list of families"),
    FAMILY_FIELDS,
    is_header,
    proposed_columns,
    missing_fields,
    ("pupil_birth_date",),
)
_LONGEST_GROUP = 60


@no_collection()
def read_families(
    source: SourceLike, *, mapping: FamilyMapping | None = None, progress: Progress | None = None
) -> Roster:
    """Return the pupils and guardians that a list of families names.

    `mapping` is the choice of columns, by default the one proposed by their headers. Raises
    `Cancelled` through `progress` only; whatever is wrong is in the roster's notices.
    """
    source = open_source(source)
    opening, source.notices = source.notices, source.notices.copy()
    choice = dict(mapping) if mapping else None
    stated = choice.pop("dates", None) if choice else None
    reading = _read(source, choice, "mdy" if stated == "mdy" else "dmy", progress)
    if reading is not None and stated is None:
        if reading.births.month_first and not reading.births.day_first:
            source.notices = opening.copy()
            reading = _read(source, choice, "mdy", progress) or reading
            text = say("The dates are written month first (08/24/2026) and were read so.")
            source.notices.warning(text, reading.file)
        elif not reading.births.day_first and reading.births.doubtful >= DOUBTFUL_FROM:
            text = say("No date shows whether day or month comes first; they were read day first.")
            source.notices.warning(text, reading.file)
    roster = reading.roster if reading is not None else Roster("families")
    if reading is not None and not roster.rows and not source.notices.hard:
        source.notices.stop(say("The file has headers but no rows."), reading.file)
    roster.notices = source.notices.all()
    source.notices = opening
    return roster


def _read(
    source: Source, choice: FamilyMapping | None, order: Order, progress: Progress | None
) -> "_Reading | None":
    """Read all rows, or return None where the table or its names cannot be found."""
    name = the_only_table(source)
    table = name and open_table(source, name, meter=Meter(progress), is_header=is_header)
    if not table:
        return None
    notices, columns = source.notices, table.columns
    at = (
        proposed_columns(columns)
        if choice is None
        else chosen_columns(columns, choice, table.file, table.header_line, notices)
    )
    missing = [FAMILY_FIELDS[name] for name in missing_fields(at)]
    if not can_be_read(table, missing, notices):
        return None
    reading = _Reading(table, at, order, notices)
    reading.read_rows()
    return reading


@dataclass(frozen=True, slots=True)
class _Guardian:
    """Where the columns of one guardian are; those that are missing lead to a blank cell."""

    surname: int
    first_name: int
    full_name: int
    email: int
    relation: int
    language: int
    key: int

    def is_blank(self, row: list[str]) -> bool:
        names = (row[self.surname], row[self.first_name], row[self.full_name])
        return not any(name.strip() and not is_blank(name.strip()) for name in names)


class _Reading:
    """One pass over the rows of a list of families."""

    def __init__(self, table: Table, at: Mapping[str, int], order: Order, notices: Notices) -> None:
        self.table = table
        self.file = table.file
        self.notices = notices
        self.roster = Roster("families")
        self.births = Dates(order, BIRTH_PIVOT)
        # A field without a column is read from one blank cell added behind the last.
        self.columns = [*table.columns, ""]
        self._blank = len(table.columns)
        self._pupil = {
            name.removeprefix("pupil_"): at.get(name, self._blank)
            for name in FAMILY_FIELDS
            if name.startswith("pupil_")
        }
        self._guardians = [
            _Guardian(*(at.get(f"guardian{n}_{name}", self._blank) for name in _Guardian.__slots__))
            for n in guardian_numbers(at)
        ]
        self._schools: dict[str, str] = {}

    def read_rows(self) -> None:
        for line, row in self.table.rows:
            self.roster.rows += 1
            row.append("")
            try:
                self._read_row(line, row)
            except RowRefused as refused:
                self.notices.error(refused.text, self.file, line, refused.column)

    def _read_row(self, line: int, row: list[str]) -> None:
        pupil = self._read_pupil(line, row)
        index = len(self.roster.pupils)
        self.roster.pupils.append(pupil)
        named = False
        for at in self._guardians:
            if at.is_blank(row):
                pupil.unsure |= self._tell_nameless(line, row, at)
                continue
            named = True
            try:
                self._read_guardian(line, row, at, index)
            except RowRefused as refused:
                pupil.unsure = True
                text = say("This guardian is left out. %(reason)s", reason=refused.text)
                self.notices.error(text, self.file, line, refused.column)
        if not named and not pupil.unsure:
            text = say("This row names no guardian: nobody receives an access for this pupil.")
            self.notices.warning(text, self.file, line)

    def _tell_nameless(self, line: int, row: list[str], at: _Guardian) -> bool:
        if not row[at.email].strip() or is_blank(row[at.email].strip()):
            return False
        text = say("An e-mail address without a name: this guardian is left out.")
        self.notices.warning(text, self.file, line, self.columns[at.email])
        return True

    def _read_pupil(self, line: int, row: list[str]) -> PupilRecord:
        at = self._pupil
        surname, first_name = self._names(
            row, at["surname"], at["first_name"], at["full_name"], line
        )
        text = row[at["birth_date"]].strip()
        birth = self.births.read(text) if text else None
        if text and birth is None and not is_blank(text):
            wording = say("“%(text)s” is no date and is left out.", text=clean(text, 40))
            self.notices.warning(wording, self.file, line, self.columns[at["birth_date"]])
        return PupilRecord(
            surname,
            first_name,
            self._school(row),
            self._text(row, at["key"], line) or None,
            birth,
            clean(self._text(row, at["group"], line), _LONGEST_GROUP),
            file=self.file,
            line=line,
        )

    def _read_guardian(self, line: int, row: list[str], at: _Guardian, pupil: int) -> None:
        surname, first_name = self._names(row, at.surname, at.first_name, at.full_name, line)
        email, remark = address_in(row[at.email])
        if remark is not None:
            self.notices.warning(remark, self.file, line, self.columns[at.email])
        guardian = PersonRecord(
            surname,
            first_name,
            self._text(row, at.key, line) or None,
            language=LANGUAGE_WORDS.get(name_key(row[at.language]), ""),
            personal_email=email,
            personal_email_field=self.columns[at.email] if email else "",
            file=self.file,
            line=line,
        )
        relation = clean(self._text(row, at.relation, line), _LONGEST_GROUP)
        self.roster.guardianships.append(
            GuardianshipRecord(len(self.roster.guardians), pupil, relation, self.file, line)
        )
        self.roster.guardians.append(guardian)

    # Cells

    def _names(
        self, row: list[str], surname: int, first_name: int, whole: int, line: int
    ) -> tuple[str, str]:
        if whole == self._blank:
            names = (
                checked_name(row[surname], self.columns[surname]),
                checked_name(row[first_name], self.columns[first_name]),
            )
        else:
            names = split_name(checked_name(row[whole], self.columns[whole]))
            if not all(names):
                text = say("Row refused: surname and first name cannot be told apart.")
                raise RowRefused(text, self.columns[whole])
        if names[0][0] in "=+@-" or names[1][0] in "=+@-":
            text = say("This name begins like a formula; it is kept as text.")
            self.notices.warning(text, self.file, line)
        return names

    def _text(self, row: list[str], index: int, line: int) -> str:
        text, remark = short_text(row[index])
        if remark is not None:
            self.notices.warning(remark, self.file, line, self.columns[index])
        return text

    def _school(self, row: list[str]) -> str:
        """Return the key of the row's school, "" for the one that the import is for."""
        text = row[self._pupil["school"]].strip()
        if not text:
            return ""
        if text not in self._schools:
            column = self.columns[self._pupil["school"]]
            try:
                number = parse_fase(text)
            except NumberError as fault:
                reason = say("Row refused. %(reason)s", reason=fault.wording)
                raise RowRefused(reason, column) from None
            name = clean(squeeze(row[self._pupil["school_name"]]), LONGEST_NAME)
            self.roster.schools.append(
                SchoolRecord(str(number), name, fase_number=number, file=self.file)
            )
            self._schools[text] = str(number)
        return self._schools[text]
