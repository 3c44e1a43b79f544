"""Reading one table, CSV or Excel workbook, into rows of clean text.

Encoding and separator are recognised. Every cell that is given out has gone through
`models.text.clean`, so that no reader needs to think of it again; what had to be replaced,
refused or guessed is told in the source's notices.
"""

import csv
import io
import re
import unicodedata
import warnings
from collections import Counter
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass, field, replace
from datetime import date, datetime
from typing import Any

from models.language import Wording, say
from models.text import clean, squeeze
from services.imports.files import (
    Limits,
    Meter,
    Source,
    checked_archive,
    is_open_document,
    is_workbook,
)
from services.imports.notices import Notices

#: One row: the line (of a workbook: the row) it begins on, and its cells.
Row = tuple[int, list[str]]

_SEPARATORS = (";", ",", "\t", "|")
_SEP_LINE = re.compile(r'^"?sep=([;,\t|:^~])"?\s*$', re.IGNORECASE)
# What clean() replaces, without the line ends and tabs that belong to the format.
_UNSAFE = re.compile(
    "[\x00-\x08\x0b\x0c\x0e-\x1f\x7f-\x9f\u200b-\u200f\u2028-\u202e\u2060-\u206f\ufeff\ufffd]"
)
_SAMPLE_ROWS = 40
_SAMPLE_CHARACTERS = 65_536
_HEADER_SHOWN = 100
_CELL_LINES = 20
# A cell over our own limit refuses its row; the module's limit would end the file with it.
csv.field_size_limit(2**30)
_CONTROLS = bytes({*range(32), 127} - set(b"\t\n\r"))
_OLE = b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1"
_SIGNATURES: tuple[tuple[bytes, Wording], ...] = (
    (b"%PDF-", say("a PDF document")),
    (_OLE, say("an old Excel workbook (.xls) or one protected by a password")),
    (b"PK\x03\x04", say("a ZIP archive")),
    (b"PK\x05\x06", say("a ZIP archive")),
    (b"\x1f\x8b", say("a compressed archive")),
    (b"7z\xbc\xaf\x27\x1c", say("a compressed archive")),
    (b"Rar!\x1a\x07", say("a compressed archive")),
    (b"{\\rtf", say("a text document (RTF)")),
    (b"\x89PNG\r\n", say("a picture")),
    (b"\xff\xd8\xff", say("a picture")),
    (b"GIF8", say("a picture")),
    (b"SQLite format 3\x00", say("a database")),
    (b"<!doctype html", say("a web page (HTML)")),
    (b"<html", say("a web page (HTML)")),
    (b"<?xml", say("an XML document")),
)


@dataclass(slots=True)
class Table:
    """A table with its header read; `rows` gives the rest, once.

    `encoding` and `separator` are empty for a workbook, `sheet` for a CSV file. `rows` may
    raise `Cancelled` through the progress callback, and nothing else.
    """

    file: str
    columns: list[str]
    header_line: int
    rows: Iterator[Row]
    encoding: str = ""
    separator: str = ""
    sheet: str = ""
    meter: Meter = field(default_factory=lambda: Meter(None))


def open_table(
    source: Source,
    name: str,
    *,
    meter: Meter | None = None,
    separator: str | None = None,
    is_header: Callable[[list[str]], bool] | None = None,
) -> Table | None:
    """Return the table of one file of the source, or None where it cannot be read as one.

    `separator` is the one that the format prescribes: another is recognised and told.
    `is_header` tells the header from titles that may stand above it; without it, the first
    row that is not blank is the header.
    """
    content = source.read(name)
    if content is None:
        return None
    source.forget(name)
    meter = meter or Meter(None)
    if is_workbook(content):
        return _open_workbook(source, name, content, meter, is_header)
    text, encoding = _decoded(content, name, source.notices)
    if text is None:
        return None
    return _open_csv(source, name, text, encoding, meter, separator, is_header)


def the_only_table(source: Source) -> str | None:
    """Return the name of the one CSV file or workbook in the source, or tell and return None."""
    names = source.files
    if source.archive:
        names = [n for n in names if n.lower().endswith((".csv", ".txt", ".tsv", ".xlsx", ".xlsm"))]
    if len(names) == 1:
        return names[0]
    if not source.notices.hard:
        text = (
            say("Several lists are here: name the one to import (%(names)s).", names=_some(names))
            if names
            else say("No CSV file or Excel workbook (.xlsx) is here.")
        )
        source.notices.stop(text, source.name)
    return None


def _some(names: list[str]) -> str:
    return clean(", ".join(names[:5]) + (", …" if len(names) > 5 else ""))


# Text


def _decoded(content: bytes, file: str, notices: Notices) -> tuple[str | None, str]:
    """Return the text without byte-order marks, and the name of its encoding."""
    fault = _foreign(content)
    if fault is not None:
        notices.stop(fault, file)
        return None, ""
    encoding = _wide_encoding(content)
    if encoding:
        text = content.decode(encoding, "replace")
    else:
        text, encoding = _narrow_text(content, file, notices)
    text = text.lstrip("\ufeff")
    if not text.strip("\x00 \t\r\n;,"):
        notices.stop(say("The file is empty."), file)
        return None, ""
    return text, encoding


def _foreign(content: bytes) -> Wording | None:
    """Return what to tell where the content is no text at all, else None."""
    if is_open_document(content):
        return _not_a_table(say("an OpenDocument file (.ods, .odt)"))
    start = content.lstrip(b"\xef\xbb\xbf \t\r\n")[:1024]
    lowered = start[:16].lower()
    for signature, kind in _SIGNATURES:
        if start.startswith(signature) or lowered.startswith(signature):
            return _not_a_table(kind)
    sample = content[:65_536]
    controls = len(sample) - len(sample.translate(None, _CONTROLS))
    if not _wide_encoding(content) and controls > 0.3 * len(sample):
        return say("This is not text: no CSV file or Excel workbook (.xlsx).")
    return None


def _not_a_table(kind: Wording) -> Wording:
    return say("This is %(kind)s, not a CSV file or an Excel workbook (.xlsx).", kind=kind)


def _wide_encoding(content: bytes) -> str:
    """Return the UTF-16 or UTF-32 encoding that marks or zero bytes show, or ""."""
    if content.startswith((b"\xff\xfe\x00\x00", b"\x00\x00\xfe\xff")):
        return "utf-32"
    if content.startswith((b"\xff\xfe", b"\xfe\xff")):
        return "utf-16"
    sample = content[:4096]
    half = len(sample) // 2
    if half < 8 or sample.count(0) < 0.3 * len(sample):
        return ""
    odd, even = sample[1::2].count(0), sample[::2].count(0)
    if odd > 0.6 * half and even < 0.1 * half:
        return "utf-16-le"
    return "utf-16-be" if even > 0.6 * half and odd < 0.1 * half else ""


def _narrow_text(content: bytes, file: str, notices: Notices) -> tuple[str, str]:
    """Decode UTF-8, or Windows-1252, or a file where somebody has mixed the two."""
    try:
        return content.decode("utf-8"), "utf-8"
    except UnicodeDecodeError:
        pass
    attempt = content.decode("utf-8", "replace")
    faults = attempt.count("\ufffd")
    if len(attempt) - len(attempt.encode("ascii", "ignore")) - faults <= faults:
        return content.decode("cp1252", "replace"), "cp1252"
    lines = content.splitlines(keepends=True)
    return "".join(_line_text(n, line, file, notices) for n, line in enumerate(lines, 1)), "utf-8"


def _line_text(number: int, line: bytes, file: str, notices: Notices) -> str:
    try:
        return line.decode("utf-8")
    except UnicodeDecodeError:
        notices.warning(
            say("Not in UTF-8 as the rest is; read as Windows-1252: check the accents."),
            file,
            number,
        )
        return line.decode("cp1252", "replace")


# CSV


def _open_csv(
    source: Source,
    file: str,
    text: str,
    encoding: str,
    meter: Meter,
    prescribed: str | None,
    is_header: Callable[[list[str]], bool] | None,
) -> Table | None:
    notices, limits = source.notices, source.limits
    lines = list(io.StringIO(text, newline=""))
    if len(lines) > limits.lines:
        notices.stop(say("The file has more than %(limit)s lines.", limit=limits.lines), file)
        return None
    skipped = 0
    stated = _SEP_LINE.match(lines[0])
    if stated:
        # Excel's own way of naming the separator.
        separator, skipped = stated[1], 1
    else:
        separator = _separator(lines, prescribed)
        if prescribed is not None and separator != prescribed:
            notices.information(
                say(
                    "The separator is %(sign)s where the format has a comma.", sign=repr(separator)
                ),
                file,
            )
    reader = _CsvRows(lines, separator, skipped, file, notices, limits, meter)
    reader.dirty = bool(_UNSAFE.search(text)) or not unicodedata.is_normalized("NFC", text)
    # A tab is no separator inside quotation marks.
    reader.dirty = reader.dirty or ("\t" in text and (separator != "\t" or '"' in text))
    header = _find_header(reader.sample(), is_header)
    if header is None:
        notices.stop(say("The file is empty."), file)
        return None
    columns = _columns(header[1], header[0], file, notices, limits)
    if columns is None:
        return None
    if meter.total is None:
        meter.total = len(lines)
    rows = reader.rows(header[0], len(columns), columns)
    return Table(file, columns, header[0], rows, encoding, separator, meter=meter)


def _separator(lines: list[str], prescribed: str | None) -> str:
    """Return the separator that gives the most rows of one and the same width above one."""
    best, best_score = prescribed or ";", (0.0, 0)
    for candidate in _SEPARATORS:
        widths = Counter(len(row) for _, row in _parsed(lines, candidate) if any(row))
        wide = [(n, width) for width, n in widths.items() if width > 1]
        if not wide:
            continue
        n, width = max(wide)
        score = (round(n / widths.total(), 1), width + (candidate == prescribed))
        if score > best_score:
            best, best_score = candidate, score
    return best


def _parsed(lines: list[str], separator: str) -> Iterator[Row]:
    """Yield the first rows with their lines, as far as they can be read."""
    reader = csv.reader(_sample_lines(lines), delimiter=separator)
    last = 0
    try:
        for row in reader:
            yield last + 1, row
            last = reader.line_num
    except csv.Error:
        return


def _sample_lines(lines: list[str]) -> Iterator[str]:
    characters = 0
    for line in lines[:_SAMPLE_ROWS]:
        characters += len(line)
        if characters > _SAMPLE_CHARACTERS:
            return
        yield line


class _CsvRows:
    """The rows of one CSV text."""

    def __init__(
        self,
        lines: list[str],
        separator: str,
        skipped: int,
        file: str,
        notices: Notices,
        limits: Limits,
        meter: Meter,
    ) -> None:
        self.lines = lines
        self.separator = separator
        self.skipped = skipped
        self.file = file
        self.notices = notices
        self.limits = limits
        self.meter = meter
        self.dirty = True

    def sample(self) -> Iterator[Row]:
        for line, row in _parsed(self.lines[self.skipped :], self.separator):
            yield line + self.skipped, row

    def rows(self, header_line: int, width: int, columns: list[str]) -> Iterator[Row]:
        """Yield the rows below the header, each as wide as it, clean, none blank."""
        reader = csv.reader(iter(self.lines), delimiter=self.separator)
        last = self._skip_to_header(reader, header_line)
        plain = not self.dirty
        longest = self.limits.cell
        lines = self.lines
        count = 0
        meter = self.meter
        try:
            for row in reader:
                start, last = last + 1, reader.line_num
                if not (
                    plain
                    and len(row) == width
                    and start == last
                    and len(lines[last - 1]) <= longest
                    and row[0]
                ):
                    mended = self._mended(row, start, last, width, columns)
                    if mended is None:
                        continue
                    row = mended
                count += 1
                if count >= meter.next:
                    meter.at(count)
                yield start, row
        except csv.Error:
            # Only a quotation mark left open can make a cell longer than the module takes.
            self.notices.stop(_open_quote(last + 1), self.file, last + 1)
        meter.file_done(count)

    def _skip_to_header(self, reader: Any, header_line: int) -> int:
        for _ in range(self.skipped):
            next(reader)
        while reader.line_num < header_line:
            next(reader)
        return int(reader.line_num)

    def _mended(
        self, row: list[str], start: int, last: int, width: int, columns: list[str]
    ) -> list[str] | None:
        """Return an unusual row as a usual one, or None where it is blank or refused."""
        if not any(map(str.strip, row)):
            return None
        if last > start and not self._closed(start, last):
            return None
        long = next((i for i, cell in enumerate(row) if len(cell) > self.limits.cell), None)
        if long is not None:
            column = columns[long] if long < width else ""
            text = _too_long(len(row[long]), self.limits)
            self.notices.error(text, self.file, start, column)
            return None
        fitted = _fitted(row, start, width, self.file, self.notices)
        return fitted and _cleaned(fitted, start, columns, self.file, self.notices)

    def _closed(self, start: int, last: int) -> bool:
        """Tell whether a row of several lines is one because a cell really has several."""
        try:
            lines = self.lines[start - 1 : last]
            sound = bool(list(csv.reader(lines, delimiter=self.separator, strict=True)))
        except csv.Error:
            sound = False
        if not sound or last - start >= _CELL_LINES:
            self.notices.stop(_open_quote(start), self.file, start)
            return False
        return True


def _open_quote(line: int) -> Wording:
    return say(
        "A quotation mark opens on line %(line)s and is not closed, so that rows are swallowed.",
        line=line,
    )


def _too_long(length: int, limits: Limits) -> Wording:
    return say(
        "Row refused: a cell of %(length)s characters; the limit is %(limit)s.",
        length=length,
        limit=limits.cell,
    )


def _fitted(row: list[str], line: int, width: int, file: str, notices: Notices) -> list[str] | None:
    """Return the row as wide as the header; None, and told, where values may be displaced."""
    if len(row) > width:
        if any(map(str.strip, row[width:])):
            notices.error(
                say(
                    "Row refused: %(cells)s cells under %(columns)s columns; a separator may "
                    "stand inside a value without quotation marks.",
                    cells=len(row),
                    columns=width,
                ),
                file,
                line,
            )
            return None
        return row[:width]
    if len(row) < width:
        notices.warning(
            say(
                "%(cells)s cells under %(columns)s columns: the last are taken as empty.",
                cells=len(row),
                columns=width,
            ),
            file,
            line,
        )
        return row + [""] * (width - len(row))
    return row


def _cleaned(
    row: list[str], line: int, columns: list[str], file: str, notices: Notices
) -> list[str]:
    cells = [cell if cell.isascii() and cell.isprintable() else clean(cell) for cell in row]
    replaced = next((i for i, cell in enumerate(cells) if "\ufffd" in cell), None)
    if replaced is not None:
        notices.warning(
            say("Signs that cannot be shown, or were lost before, are replaced by \ufffd."),
            file,
            line,
            columns[replaced],
        )
    return cells


# Headers


def _find_header(rows: Iterable[Row], is_header: Callable[[list[str]], bool] | None) -> Row | None:
    first: Row | None = None
    for line, row in rows:
        cells = [squeeze(clean(cell[:_HEADER_SHOWN])) for cell in row]
        if not any(cells):
            continue
        if is_header is None or is_header(cells):
            return line, cells
        first = first or (line, cells)
    return first


def _columns(
    header: list[str], line: int, file: str, notices: Notices, limits: Limits
) -> list[str] | None:
    """Return the names of the columns, spaces made plain; tell of names that stand twice."""
    if len(header) > limits.columns:
        notices.stop(say("The file has more than %(limit)s columns.", limit=limits.columns), file)
        return None
    for name, times in Counter(header).items():
        if times > 1 and name:
            notices.warning(
                say("%(count)s columns have this name; the first is used.", count=times),
                file,
                line,
                name,
            )
    return header


# Excel workbooks


def _open_workbook(
    source: Source,
    file: str,
    content: bytes,
    meter: Meter,
    is_header: Callable[[list[str]], bool] | None,
) -> Table | None:
    notices, limits = source.notices, source.limits
    # Measured 21/11/2026: a megabyte of a workbook's XML takes the library 0.5 s.
    lower = replace(limits, expanded_bytes=limits.workbook_bytes)
    if checked_archive(content, file, notices, lower) is None:
        return None
    found = _find_sheet(content, file, notices, limits, is_header)
    if found is None:
        return None
    sheet, header = found
    while header[1] and not header[1][-1]:
        header[1].pop()
    columns = _columns(header[1], header[0], file, notices, limits)
    if columns is None:
        return None
    if not file.lower().endswith((".xlsx", ".xlsm")) and "." in file:
        notices.information(
            say("This is an Excel workbook although its name says otherwise; read as such."), file
        )
    reader = _SheetRows(sheet, file, notices, limits, meter)
    rows = reader.rows(header[0], columns)
    return Table(file, columns, header[0], rows, sheet=clean(sheet.title, 60), meter=meter)


def _find_sheet(
    content: bytes,
    file: str,
    notices: Notices,
    limits: Limits,
    is_header: Callable[[list[str]], bool] | None,
) -> tuple[Any, Row] | None:
    """Return the first visible sheet that holds anything, and its header."""
    import openpyxl

    # The library warns on standard error of what it passes over, across the screen.
    warnings.filterwarnings("ignore", category=UserWarning, module="openpyxl")
    found: tuple[Any, Row] | None = None
    others = []
    try:
        book = openpyxl.load_workbook(
            io.BytesIO(content), read_only=True, data_only=True, keep_links=False
        )
        for sheet in book.worksheets:
            # The stated dimensions are often wrong, in good faith or not.
            sheet.reset_dimensions()
            header = None
            if sheet.sheet_state == "visible":
                header = _find_header(_first_rows(sheet, limits), is_header)
            if header is not None and found is not None:
                others.append(sheet.title)
            elif header is not None:
                found = sheet, header
    except Exception:  # The library raises whatever a damaged part makes it stumble over.
        notices.stop(_damaged_workbook(), file)
        return None
    if found is None:
        notices.stop(say("The workbook has no visible sheet with a table."), file)
    elif others:
        text = say(
            "The workbook has several sheets; only the first, %(name)s, is read.",
            name=clean(found[0].title, 60),
        )
        notices.information(text, file)
    return found


def _damaged_workbook() -> Wording:
    return say("The workbook is damaged and cannot be read; save it anew as .xlsx or as CSV.")


def _first_rows(sheet: Any, limits: Limits) -> Iterator[Row]:
    rows = sheet.iter_rows(max_row=_SAMPLE_ROWS, max_col=limits.columns + 1, values_only=True)
    for number, values in enumerate(rows, 1):
        cells = [_cell_text(value) for value in values]
        while cells and not cells[-1]:
            cells.pop()
        yield number, cells


class _SheetRows:
    """The rows of one sheet."""

    def __init__(
        self, sheet: Any, file: str, notices: Notices, limits: Limits, meter: Meter
    ) -> None:
        self.sheet = sheet
        self.file = file
        self.notices = notices
        self.limits = limits
        self.meter = meter

    def rows(self, header_line: int, columns: list[str]) -> Iterator[Row]:
        """Yield the rows below the header, each as wide as it, clean, none blank."""
        count = 0
        for number, values in self._values(header_line + 1, len(columns) + 1):
            if number > self.limits.lines:
                text = say("The file has more than %(limit)s lines.", limit=self.limits.lines)
                self.notices.stop(text, self.file)
                break
            row = self._row(number, values, columns)
            if row is None:
                continue
            count += 1
            if count >= self.meter.next:
                self.meter.at(count)
            yield number, row
        self.meter.file_done(count)

    def _values(self, first: int, width: int) -> Iterator[tuple[int, tuple[Any, ...]]]:
        # Only the library's own step is guarded: what the caller raises passes through.
        rows = self.sheet.iter_rows(min_row=first, max_col=width, values_only=True)
        number = first
        while True:
            try:
                values = next(rows, None)
            except Exception:  # As above: a damaged part.
                self.notices.stop(_damaged_workbook(), self.file, number)
                return
            if values is None:
                return
            yield number, values
            number += 1

    def _row(self, number: int, values: tuple[Any, ...], columns: list[str]) -> list[str] | None:
        if not any(value is not None for value in values):
            return None
        cells = [_cell_text(value) for value in values]
        width = len(columns)
        for index, cell in enumerate(cells):
            if len(cell) > self.limits.cell:
                column = columns[index] if index < width else ""
                text = _too_long(len(cell), self.limits)
                self.notices.error(text, self.file, number, column)
                return None
        if not any(map(str.strip, cells)):
            return None
        if len(cells) > width:
            # What stands beside the table has no column and is nobody's value.
            cells = cells[:width]
        cells += [""] * (width - len(cells))
        return _cleaned(cells, number, columns, self.file, self.notices)


def _cell_text(value: Any) -> str:
    """Return a cell's value as text: dates in ISO form, whole numbers without a point."""
    if value is None:
        return ""
    if isinstance(value, str):
        return value
    if isinstance(value, bool):
        return "true" if value else "false"
    if isinstance(value, float) and value.is_integer() and abs(value) < 1e15:
        return str(int(value))
    if isinstance(value, datetime):
        midnight = value.hour == value.minute == value.second == 0
        return value.date().isoformat() if midnight else value.isoformat(" ")
    if isinstance(value, date):
        return value.isoformat()
    return str(value)
