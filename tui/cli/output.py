"""What commands write: one JSON value or plain aligned text on standard output, the rest aside."""

import json
import shutil
import sys
from collections.abc import Iterable, Sequence
from datetime import date, datetime
from textwrap import fill
from typing import Any

from models.language import Wording
from models.text import clean

#: No cell of a table is wider, for somebody reads it on a terminal; no sentence is wider either.
_WIDEST = 60
_WIDEST_LINE = 100


def tell(sentence: str | Wording) -> None:
    """Say something to the person, beside the result: on standard error."""
    print(clean(str(sentence)), file=sys.stderr)


def print_line(sentence: str | Wording = "") -> None:
    """Write a line of the result for people."""
    print(clean(str(sentence)))


def print_sentence(sentence: str | Wording, sign: str = "") -> None:
    """Write a sentence whole, in lines as wide as the terminal, behind a sign for its first."""
    width = min(shutil.get_terminal_size().columns, _WIDEST_LINE)
    print(
        fill(
            clean(str(sentence)), width, initial_indent=sign, subsequent_indent=" " * len(sign),
            break_long_words=False, break_on_hyphens=False,
        )
    )  # fmt: skip


def print_json(value: Any) -> None:
    """Write the one JSON value of a command; dates and instants as ISO 8601."""
    print(json.dumps(value, ensure_ascii=False, indent=2, default=_plain))


def _plain(value: Any) -> str:
    if isinstance(value, date | datetime):
        return value.isoformat()
    if isinstance(value, Wording):
        return value.text()
    raise TypeError(f"{type(value).__name__} is not JSON")


def print_table(headings: Sequence[str], rows: Iterable[Sequence[Any]]) -> None:
    """Write rows below headings in aligned columns, two spaces apart."""
    cells = [[shown(value) for value in row] for row in (headings, *rows)]
    widths = [max(_width(row[place]) for row in cells) for place in range(len(headings))]
    for row in cells:
        padded = (
            text + " " * (width - _width(text)) for text, width in zip(row, widths, strict=True)
        )
        print("  ".join(padded).rstrip())


def shown(value: Any) -> str:
    """Return a value as a cell: empty for None, instants in local time, safe and short."""
    if value is None:
        return ""
    if isinstance(value, datetime):
        return value.astimezone().strftime("%d/%m/%Y %H:%M")
    if isinstance(value, date):
        return value.strftime("%d/%m/%Y")
    return clean(str(value), _WIDEST)


def _width(text: str) -> int:
    # Letters and accents only would do with len; names of other scripts take two cells.
    if text.isascii():
        return len(text)
    from rich.cells import cell_len

    return cell_len(text)
