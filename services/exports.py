"""CSV that a spreadsheet may open: quoted, and with nothing in it that could be a formula."""

import csv
import io
import re
from collections.abc import Iterable, Sequence
from datetime import date, datetime
from typing import Any

from models.text import clean

#: What makes a cell a formula in Excel, LibreOffice or Google Sheets when it comes first.
_FORMULA = ("=", "+", "-", "@", "＝", "＋", "－", "＠", "|", "%")

#: The same after what another spreadsheet's settings take for the end of a cell.
_FORMULA_INSIDE = re.compile(r"([,;|\t][\"\s]*)(?=[=+\-@＝＋－＠|%])")


def csv_text(
    headings: Sequence[str], rows: Iterable[Sequence[Any]], *, separator: str = ","
) -> str:
    """Return the rows below their headings as CSV (RFC 4180, with CRLF).

    Control characters are taken out; a cell that begins like a formula gets an apostrophe
    in front, which spreadsheets take as "this is text" (DESIGN §9), and so does what would
    begin like one if the file were opened with another separator. Dates and instants are
    written as ISO 8601.
    """
    output = io.StringIO()
    writer = csv.writer(output, delimiter=separator, quoting=csv.QUOTE_MINIMAL)
    for row in (headings, *rows):
        writer.writerow([_cell(value) for value in row])
    return output.getvalue()


def _cell(value: Any) -> Any:
    if value is None:
        return ""
    if isinstance(value, int):
        return value
    if isinstance(value, date | datetime):
        return value.isoformat()
    text = _FORMULA_INSIDE.sub(r"\1'", clean(str(value)))
    return f"'{text}" if text.lstrip().startswith(_FORMULA) else text
