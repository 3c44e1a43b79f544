"""The Federation's list of schools: one row for each school, site and type of teaching.

The list has two byte-order marks, `;` and doubled quotes; what is repeated on the rows of a
school is taken from the first. A number may name a school and a site (DOMAIN §2), so each
kind is known by itself.
"""

from models.language import Wording, say
from models.numbers import NumberError, parse_enterprise_number, parse_fase
from models.text import name_key, squeeze
from services.imports.files import Meter, Source, SourceLike, open_source
from services.imports.roster import (
    GoverningBodyRecord,
    Progress,
    Roster,
    SchoolRecord,
    SiteRecord,
)
from services.imports.tables import Table, open_table, the_only_table

# The headers of the list, in the normal form of `name_key`.
_COLUMNS = {
    "number": "nfasedeletablissement",
    "name": "nomdeletablissement",
    "enterprise": "numerobcedeletablissement",
    "network": "reseau",
    "street": "adressedeletablissement",
    "postal_code": "codepostaldeletablissement",
    "locality": "localitedeletablissement",
    "site": "nfasedelimplantation",
    "site_street": "adressedelimplantation",
    "site_postal_code": "codepostaldelimplantation",
    "site_locality": "localitedelimplantation",
    "body": "nfasedupo",
    "body_name": "nomdepo",
    "body_enterprise": "nbcedupo",
    "body_street": "adressedupo",
    "body_postal_code": "codepostaldupo",
    "body_locality": "localitedupo",
}
# The same, as the list writes them, for what is told.
_COLUMN_NAMES = {
    "number": "N° FASE de l'établissement",
    "name": "Nom de l'établissement",
    "site": "N° FASE de l'implantation",
    "body": "N° FASE du P.O.",
    "body_name": "Nom de P.O.",
}
LONGEST_TEXT = 300


def read_schools(source: SourceLike, *, progress: Progress | None = None) -> Roster:
    """Return the schools, sites and governing bodies of the Federation's list.

    Keys are the FASE numbers as text, each kind for itself. Raises `Cancelled` through
    `progress` only; whatever is wrong with the file is in the roster's notices.
    """
    source = open_source(source)
    roster = Roster("schools")
    name = the_only_table(source)
    table = open_table(source, name, meter=Meter(progress), is_header=_is_header) if name else None
    if table is not None:
        _Reading(source, table, roster).read()
    roster.notices = source.notices.all()
    return roster


def _is_header(cells: list[str]) -> bool:
    normal = {name_key(cell) for cell in cells}
    return _COLUMNS["number"] in normal or len(normal & set(_COLUMNS.values())) >= 3


class _Fault(Exception):
    """A row that is refused: why, and the column."""

    def __init__(self, fault: NumberError, field: str) -> None:
        super().__init__(field)
        self.wording = fault.wording
        self.field = field


class _Reading:
    """One pass over the list."""

    def __init__(self, source: Source, table: Table, roster: Roster) -> None:
        self.notices = source.notices
        self.table = table
        self.roster = roster
        self.columns = [*table.columns, ""]
        blank = len(table.columns)
        place = {name_key(column): i for i, column in reversed([*enumerate(table.columns)])}
        self.at = {field: place.get(normal, blank) for field, normal in _COLUMNS.items()}
        self.missing = [field for field in _COLUMN_NAMES if self.at[field] == blank]
        self._schools: dict[str, SchoolRecord] = {}
        self._bodies: dict[str, GoverningBodyRecord] = {}
        self._sites: set[tuple[str, int]] = set()
        self._numbers: dict[str, int] = {}

    def read(self) -> None:
        if self.missing:
            text = say(
                "This is not the Federation’s list of schools: the column “%(column)s” is missing.",
                column=_COLUMN_NAMES[self.missing[0]],
            )
            self.notices.stop(text, self.table.file, self.table.header_line)
            return
        for line, row in self.table.rows:
            self.roster.rows += 1
            row.append("")
            try:
                self._read_row(line, row)
            except _Fault as fault:
                text = say("Row refused. %(reason)s", reason=fault.wording)
                self._refuse(text, line, fault.field)
        if not self.roster.rows and not self.notices.hard:
            self.notices.stop(say("The file has headers but no rows."), self.table.file)

    def _read_row(self, line: int, row: list[str]) -> None:
        number = self._number(row, "number")
        site = self._number(row, "site")
        body = self._number(row, "body")
        for field in ("name", "body_name"):
            if not row[self.at[field]].strip():
                self._refuse(say("Row refused: the name is missing."), line, field)
                return
        if str(body) not in self._bodies:
            self._add_body(str(body), body, line, row)
        school = self._schools.get(str(number))
        if school is None:
            self._add_school(str(number), number, str(body), line, row)
        elif school.governing_body != str(body):
            text = say("The school stands under another governing body on an earlier row.")
            self.notices.warning(text, self.table.file, line, self.columns[self.at["body"]])
        if (str(number), site) not in self._sites:
            self._add_site(str(number), site, line, row)

    def _add_body(self, key: str, number: int, line: int, row: list[str]) -> None:
        body = GoverningBodyRecord(
            key,
            self._text(row, "body_name", line),
            number,
            self._enterprise(row, "body_enterprise", line),
            self._text(row, "body_street", line),
            self._text(row, "body_postal_code", line),
            self._text(row, "body_locality", line),
            self.table.file,
            line,
        )
        self._bodies[key] = body
        self.roster.governing_bodies.append(body)

    def _add_school(self, key: str, number: int, body: str, line: int, row: list[str]) -> None:
        school = SchoolRecord(
            key,
            self._text(row, "name", line),
            fase_number=number,
            governing_body=body,
            enterprise_number=self._enterprise(row, "enterprise", line),
            network=self._text(row, "network", line),
            street=self._text(row, "street", line),
            postal_code=self._text(row, "postal_code", line),
            locality=self._text(row, "locality", line),
            file=self.table.file,
            line=line,
        )
        self._schools[key] = school
        self.roster.schools.append(school)

    def _add_site(self, school: str, number: int, line: int, row: list[str]) -> None:
        self._sites.add((school, number))
        site = SiteRecord(
            school,
            number,
            self._text(row, "site_street", line),
            self._text(row, "site_postal_code", line),
            self._text(row, "site_locality", line),
            self.table.file,
            line,
        )
        self.roster.sites.append(site)

    def _number(self, row: list[str], field: str) -> int:
        text = row[self.at[field]]
        number = self._numbers.get(text)
        if number is None:
            try:
                number = self._numbers[text] = parse_fase(text)
            except NumberError as fault:
                raise _Fault(fault, field) from None
        return number

    def _text(self, row: list[str], field: str, line: int) -> str:
        text = squeeze(row[self.at[field]])
        if len(text) > LONGEST_TEXT:
            wording = say(
                "Cut: %(length)s characters; the limit is %(limit)s.",
                length=len(text),
                limit=LONGEST_TEXT,
            )
            self.notices.warning(wording, self.table.file, line, self.columns[self.at[field]])
            text = text[:LONGEST_TEXT]
        return text

    def _enterprise(self, row: list[str], field: str, line: int) -> str | None:
        text = row[self.at[field]].strip()
        if not text:
            return None
        try:
            return parse_enterprise_number(text)
        except NumberError as fault:
            column = self.columns[self.at[field]]
            self.notices.warning(fault.wording, self.table.file, line, column)
            return None

    def _refuse(self, text: Wording, line: int, field: str) -> None:
        self.notices.error(text, self.table.file, line, self.columns[self.at[field]])
