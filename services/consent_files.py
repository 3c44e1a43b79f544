"""Files that list signed consents: columns reference, signed_on, email (DESIGN §7)."""

from dataclasses import dataclass

from models.errors import TrousseauError
from models.language import N_, say
from models.text import name_key
from services.consent_recording import RecordLine
from services.imports.dates import Dates
from services.imports.files import Limits, open_source
from services.imports.notices import Notices
from services.imports.roster import Notice
from services.imports.tables import Row, Table, open_table, the_only_table

#: The columns, with how else people head them, in the form of `name_key`.
_COLUMNS = {
    "reference": ("reference", "référence", "formulaire"),
    "signed_on": ("signed_on", "signed on", "date", "date de signature", "signé le"),
    "email": ("email", "e-mail", "mail", "adresse", "adresse e-mail", "courriel"),
}
_NEEDED = ("reference", "signed_on")
_KNOWN = {name_key(heading): name for name, all_ in _COLUMNS.items() for heading in all_}
_LIMITS = Limits(file_bytes=4 * 2**20, expanded_bytes=32 * 2**20, lines=100_000)


class ConsentFileRefused(TrousseauError):
    """The file is no list of signed consents."""

    heading = N_("This list cannot be read")


@dataclass(frozen=True, slots=True)
class ConsentFile:
    """The lines that can be recorded, and what is wrong with the others."""

    lines: tuple[RecordLine, ...]
    notices: tuple[Notice, ...]


def read_consent_file(content: bytes, name: str = "") -> ConsentFile:
    """Return what a CSV file or workbook says; encoding and separator are recognised.

    Dates are read day first, or as ISO 8601. Raises `ConsentFileRefused` for a file that is
    no table or lacks a column.
    """
    source = open_source(content, name=name, limits=_LIMITS)
    only = the_only_table(source)
    table = open_table(source, only) if only is not None else None
    if table is None:
        raise ConsentFileRefused(_first(source.notices.all()).text)
    places = _places(table)
    lines: list[RecordLine] = []
    dates = Dates()
    for row in table.rows:
        _read(row, places, table.file, dates, lines, source.notices)
    notices = source.notices.all()
    if source.notices.hard:
        raise ConsentFileRefused(next(n for n in notices if n.hard).text)
    return ConsentFile(tuple(lines), tuple(n for n in notices if n.level == "error"))


def _first(notices: list[Notice]) -> Notice:
    return next((notice for notice in notices if notice.hard), notices[0])


def _places(table: Table) -> dict[str, int]:
    found: dict[str, int] = {}
    for place, heading in enumerate(table.columns):
        if (name := _KNOWN.get(name_key(heading))) is not None:
            found.setdefault(name, place)
    for name in _NEEDED:
        if name not in found:
            raise ConsentFileRefused(
                say("The column %(column)s is missing: reference, signed_on, email.", column=name)
            )
    return found


def _read(
    row: Row,
    places: dict[str, int],
    file: str,
    dates: Dates,
    lines: list[RecordLine],
    notices: Notices,
) -> None:
    line, cells = row
    values = {
        name: cells[place].strip() if place < len(cells) else "" for name, place in places.items()
    }
    if not any(values.values()):
        return
    signed_on = dates.read(values["signed_on"])
    if signed_on is None:
        notices.error(say("This is not a date: 24/08/2026 is."), file, line, "signed_on")
        return
    lines.append(RecordLine(values["reference"], signed_on, values.get("email", ""), file, line))
