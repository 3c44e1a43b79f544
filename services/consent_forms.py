"""The consent form as a PDF: one A4 page a person, in the person's language.

On the page stand who the person is, the address on file, boxes for another one, what is
agreed to, date and signature lines, and the reference, printed and as a QR code, by which
a returned sheet is found again. Same forms and same day, same bytes.
"""

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import date
from itertools import groupby

import segno

from models.consent_texts import ConsentText, Paragraph, consent_text
from models.language import DEFAULT_LANGUAGE, LANGUAGES, Wording, format_day, say
from models.references import parse_reference
from models.text import clean
from services.imports.roster import Progress
from services.sheets import ACCENT, LINE, POINT, QUIET, TINT, Lines, Sheets

# Millimetres, from the top left corner of the A4 page.
_PAGE_WIDTH = 210.0
_LEFT = 20.0
_WIDTH = _PAGE_WIDTH - 2 * _LEFT
_RIGHT = _LEFT + _WIDTH
_BOTTOM = 278.0
_HEADER_BOTTOM = 50.0
_HEADER_WIDTH = 118.0
_QR_SIZE = 25.0
_COLUMN_WIDTH = (_WIDTH - 9) / 2
_PARAGRAPH_GAP = 1.7
_LABEL_WIDTH = 40.0
_BOXES_A_ROW = 28
_BOX_HEIGHT = 7.4


@dataclass(frozen=True)
class ConsentForm:
    """What one sheet says. Every text may come from outside: it is cleaned when printed.

    `reference` is one of `models.references`, made with the same `text_version`: otherwise
    ValueError, or `ReferenceMistyped` if it is none at all. `email_field` says where the
    address on file comes from. An empty `email` asks for one. `governing_body`, where it is
    known, is named as responsible for the data in place of the school.
    """

    reference: str
    surname: str
    first_name: str
    function: Wording | str
    school_name: str
    school_address: tuple[str, ...]
    school_identifier: Wording | str
    email: str
    email_field: Wording | str
    language: str
    text_version: int
    manager_contact: str
    school_year: str
    governing_body: str = ""

    def __post_init__(self) -> None:
        if parse_reference(self.reference)[1] != self.text_version:
            raise ValueError("a form's reference must be made with the version of its text")


def render_forms(
    forms: Iterable[ConsentForm], *, today: date, progress: Progress | None = None
) -> bytes:
    """Return a PDF with one page a form, in the order given.

    `today` is printed as the day of printing, in the school's time zone. `progress` is
    called after each page. Raises ValueError where there is no form, LookupError where a
    form asks for a version of the text that does not exist.
    """
    pages = list(forms)
    if not pages:
        raise ValueError("there is no form to print")
    language = _language(pages[0])
    sheets = Sheets(today, say("Consent forms").text(language), language)
    for done, form in enumerate(pages, start=1):
        _Page(sheets, form, today).draw()
        if progress is not None:
            progress(done, len(pages))
    return bytes(sheets.output())


def _language(form: ConsentForm) -> str:
    return form.language if form.language in LANGUAGES else DEFAULT_LANGUAGE


class _Page:
    """One form on one page, drawn from top to bottom; `_y` is where the next part begins."""

    def __init__(self, sheets: Sheets, form: ConsentForm, today: date) -> None:
        self._sheets = sheets
        self._form = form
        self._today = today
        self._language = _language(form)
        self._consent: ConsentText = consent_text(form.text_version)
        self._words = self._consent.in_language(self._language)
        self._y = 0.0

    def draw(self) -> None:
        self._sheets.add_page()
        self._draw_school()
        self._draw_reference()
        self._draw_title()
        self._draw_person()
        self._draw_address_boxes()
        self._draw_statement()
        self._draw_date_and_signature()
        self._draw_information()
        self._draw_foot()

    def _told(self, text: Wording | str) -> str:
        return text.text(self._language) if isinstance(text, Wording) else text

    def _draw_school(self) -> None:
        sheets, form = self._sheets, self._form
        name = sheets.fit(form.school_name, _HEADER_WIDTH, (12, 10.5, 9), 3, "B")
        y = sheets.put(name, _LEFT, 16, colour=ACCENT) + 0.8
        for line in (*form.school_address[:3], self._told(form.school_identifier)):
            if line:
                shown = sheets.fit(line, _HEADER_WIDTH, (9, 8), 1)
                y = sheets.put(shown, _LEFT, y, colour=QUIET)

    def _draw_reference(self) -> None:
        sheets = self._sheets
        self._draw_code(_RIGHT - _QR_SIZE, 11.5)
        reference = sheets.flow(self._form.reference, _WIDTH, 15, "B")
        sheets.put(reference, _RIGHT, 38.6, right=True)
        label = sheets.flow(self._told(say("Reference")), _WIDTH, 7.5)
        sheets.put(label, _RIGHT, 45.1, colour=QUIET, right=True)

    def _draw_code(self, left: float, top: float) -> None:
        """Draw the QR code: the reference and nothing else, so that any scanner can type it."""
        rows = segno.make_qr(self._form.reference, error="q").matrix
        module = _QR_SIZE / len(rows)
        self._sheets.set_fill_color(0)
        for row, cells in enumerate(rows):
            # A hair higher than a module: some viewers leave white lines between rows.
            for start, length in _runs(cells):
                self._sheets.rect(
                    left + start * module, top + row * module, length * module, module + 0.02, "F"
                )

    def _draw_title(self) -> None:
        sheets = self._sheets
        self._draw_line(_LEFT, _HEADER_BOTTOM, _WIDTH, ACCENT, 0.5)
        title = sheets.flow(self._words.title, _WIDTH, 18, "B")
        y = sheets.put(title, _LEFT, _HEADER_BOTTOM + 5.5)
        year = sheets.fit(
            self._told(say("School year %(year)s", year=self._form.school_year)), _WIDTH, (10.5,), 1
        )
        self._y = sheets.put(year, _LEFT, y + 0.3, colour=QUIET) + 3.5

    def _draw_person(self) -> None:
        sheets, top = self._sheets, self._y
        entries, source = self._entries(), self._source()
        height = 4.6 + sum(text.height + 1.8 for _, text in entries) + source.height
        sheets.set_fill_color(*TINT)
        sheets.rect(_LEFT, top, _WIDTH, height, "F")
        y = top + 3
        for label, text in entries:
            # On one baseline: the small label stands a little lower than the large value.
            lower = (text.size - label.size) * POINT * 1.04
            sheets.put(label, _LEFT + 4, y + lower, colour=QUIET)
            y = sheets.put(text, _LEFT + _LABEL_WIDTH, y) + 1.8
        sheets.put(source, _LEFT + _LABEL_WIDTH, y - 1.6, colour=QUIET)
        self._y = top + height + 5.5

    def _entries(self) -> list[tuple[Lines, Lines]]:
        """Return the labels and values of the person's block; each is bounded in height."""
        sheets, form = self._sheets, self._form
        width, sizes = _WIDTH - _LABEL_WIDTH - 4, (11.5, 10, 8.5)
        address = sheets.fit(form.email, width, (*sizes, 7), 4, "B")
        if not form.email:
            address = sheets.fit(self._told(say("none on file")), width, (10.5,), 1)
        values = {
            self._told(say("Surname")): sheets.fit(form.surname, width, sizes, 2, "B"),
            self._told(say("First name")): sheets.fit(form.first_name, width, sizes, 2, "B"),
            self._told(say("Function")): sheets.fit(self._told(form.function), width, (10.5, 9), 2),
            self._told(say("E-mail address")): address,
        }
        return [(sheets.flow(label, _LABEL_WIDTH, 9), value) for label, value in values.items()]

    def _source(self) -> Lines:
        """Return where the address on file comes from; nothing where it is not known."""
        field = self._told(self._form.email_field)
        if not (field and self._form.email):
            return Lines((), 8, "")
        text = self._told(say("on file under “%(field)s”", field=field))
        return self._sheets.fit(text, _WIDTH - _LABEL_WIDTH - 4, (8,), 1)

    def _draw_address_boxes(self) -> None:
        sheets = self._sheets
        if self._form.email:
            invitation = self._told(
                say(
                    "If this is not the right address, write the right one here, a character a box:"
                )
            )
        else:
            invitation = self._told(say("Write your e-mail address here, a character a box:"))
        asked = sheets.fit(invitation, _WIDTH, (9.5, 8.5), 1, "" if self._form.email else "B")
        y = sheets.put(asked, _LEFT, self._y) + 1.2
        for _row in range(2):
            self._draw_boxes(_LEFT, y, _BOXES_A_ROW, _WIDTH / _BOXES_A_ROW)
            y += _BOX_HEIGHT + 1.6
        self._y = y + 3

    def _draw_statement(self) -> None:
        sheets = self._sheets
        statement = sheets.flow(self._words.statement, _WIDTH - 6, 10.5, "B")
        self._draw_line(_LEFT + 0.5, self._y, statement.height + 0.8, ACCENT, 1, down=True)
        self._y = sheets.put(statement, _LEFT + 5, self._y + 0.2) + 5

    def _draw_date_and_signature(self) -> None:
        sheets, y = self._sheets, self._y
        cell, signature_left = 5.6, _LEFT + 74
        label = sheets.flow(self._told(say("Date (day, month, year)")), 60, 9)
        sheets.put(label, _LEFT, y, colour=QUIET)
        x = _LEFT
        for cells in (2, 2, 4):
            self._draw_boxes(x, y + 5.4, cells, cell)
            x += cells * cell + 3
        label = sheets.flow(self._told(say("Signature")), 60, 9)
        sheets.put(label, signature_left, y, colour=QUIET)
        sheets.set_draw_color(*LINE)
        sheets.set_line_width(0.25)
        sheets.rect(signature_left, y + 5.4, _RIGHT - signature_left, 17)
        if self._form.manager_contact:
            contact = clean(self._form.manager_contact, 120)
            handed_to = self._told(
                say("Please hand in the signed sheet to: %(contact)s", contact=contact)
            )
            hint = sheets.fit(handed_to, signature_left - _LEFT - 6, (8, 7), 2)
            sheets.put(hint, _LEFT, y + 14.8, colour=QUIET)
        self._y = y + 5.4 + 17 + 6

    def _draw_information(self) -> None:
        """Draw what must be told in two columns, as large as the rest of the page allows."""
        sheets = self._sheets
        heading = sheets.flow(self._told(say("What you should know")), _WIDTH, 10.5, "B")
        top = sheets.put(heading, _LEFT, self._y, colour=ACCENT) + 1.4
        for size in (9.0, 8.5, 8.0, 7.5, 7.0, 6.5):
            columns = self._columns(size)
            if top + max(map(_column_height, columns)) <= _BOTTOM:
                break
        for x, column in zip((_LEFT, _RIGHT - _COLUMN_WIDTH), columns, strict=True):
            y = top
            for title, body in column:
                y = sheets.put(body, x, sheets.put(title, x, y)) + _PARAGRAPH_GAP

    def _columns(self, size: float) -> tuple[list[tuple[Lines, Lines]], ...]:
        """Return the paragraphs, broken into lines, in two columns as even as can be."""
        broken = [
            (
                self._sheets.flow(each.heading, _COLUMN_WIDTH, size, "B"),
                self._sheets.flow(each.body, _COLUMN_WIDTH, size),
            )
            for each in self._paragraphs()
        ]
        splits = [(broken[:i], broken[i:]) for i in range(1, len(broken))]
        return min(splits, key=lambda columns: max(map(_column_height, columns)))

    def _paragraphs(self) -> list[Paragraph]:
        form, sheets = self._form, self._sheets
        responsible = clean(form.governing_body or form.school_name, 120)
        contact = clean(form.manager_contact, 120)
        return self._words.paragraphs(sheets.printable(responsible), sheets.printable(contact))

    def _draw_foot(self) -> None:
        sheets = self._sheets
        self._draw_line(_LEFT, _BOTTOM + 3, _WIDTH, LINE, 0.2)
        told = self._told(
            say(
                "Text no. %(version)s of %(day)s · sheet printed on %(today)s · %(reference)s",
                version=self._consent.version,
                day=format_day(self._consent.since, self._language),
                today=format_day(self._today, self._language),
                reference=self._form.reference,
            )
        )
        sheets.put(sheets.flow(told, _WIDTH, 7.5), _LEFT, _BOTTOM + 4.6, colour=QUIET)

    def _draw_boxes(self, left: float, top: float, count: int, width: float) -> None:
        self._sheets.set_draw_color(*LINE)
        self._sheets.set_line_width(0.2)
        self._sheets.rect(left, top, count * width, _BOX_HEIGHT)
        for place in range(1, count):
            x = left + place * width
            self._sheets.line(x, top, x, top + _BOX_HEIGHT)

    def _draw_line(
        self,
        left: float,
        top: float,
        length: float,
        colour: tuple[int, int, int],
        thickness: float,
        *,
        down: bool = False,
    ) -> None:
        self._sheets.set_draw_color(*colour)
        self._sheets.set_line_width(thickness)
        right, bottom = (left, top + length) if down else (left + length, top)
        self._sheets.line(left, top, right, bottom)


def _column_height(column: list[tuple[Lines, Lines]]) -> float:
    return sum(title.height + body.height + _PARAGRAPH_GAP for title, body in column)


def _runs(cells: Iterable[int]) -> list[tuple[int, int]]:
    """Return start and length of each run of dark modules in a row of a QR code."""
    runs: list[tuple[int, int]] = []
    place = 0
    for dark, run in groupby(cells, key=bool):
        length = len(list(run))
        if dark:
            runs.append((place, length))
        place += length
    return runs
