"""The certificate of attendance as a PDF: one A4 page a participant, in their language.

Who was at all sessions of a workshop may have one (DOMAIN §3); whether that is so, the caller
knows. Same certificates, same bytes.
"""

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import date

from models.language import DEFAULT_LANGUAGE, LANGUAGES, Wording, say, say_n
from models.text import clean, squeeze
from services.imports.roster import Progress
from services.sheets import ACCENT, INK, LINE, QUIET, Lines, Sheets

# Millimetres, from the top left corner of the A4 page, which lies on its side.
_PAGE_WIDTH = 297.0
_PAGE_HEIGHT = 210.0
_MARGIN = 28.0
_WIDTH = _PAGE_WIDTH - 2 * _MARGIN
_FRAME = 10.0
_FOOT = 158.0
_SIGNATURE_WIDTH = 78.0
_LONGEST = 160


@dataclass(frozen=True, slots=True)
class Certificate:
    """What one certificate says. Every text may come from outside: it is cleaned when printed.

    `name` is with title and first name, as the participant wants it. `hours` are those of the
    workshop. `leader` is who led it, `issued_by` the office, with its place if it likes;
    `issued_on` a date there. `programme` and `category` are told where they are not empty.
    """

    reference: str
    name: str
    school: str
    workshop: str
    first_day: date
    last_day: date
    hours: int
    leader: str
    issued_by: str
    issued_on: date
    programme: str = ""
    category: Wording | str = ""
    language: str = DEFAULT_LANGUAGE


def render_certificates(
    certificates: Iterable[Certificate], *, progress: Progress | None = None
) -> bytes:
    """Return a PDF with one page a certificate, in the order given.

    `progress` is called after each page. Raises ValueError where there is none. A letter that
    the type does not have is printed as a replacement sign: see `unprintable`.
    """
    pages = list(certificates)
    if not pages:
        raise ValueError("there is no certificate to print")
    language = _language(pages[0])
    title = say("Certificate of attendance").text(language)
    sheets = Sheets(pages[0].issued_on, title, language, landscape=True)
    for done, certificate in enumerate(pages, start=1):
        _Page(sheets, certificate).draw()
        if progress is not None:
            progress(done, len(pages))
    return bytes(sheets.output())


def unprintable(certificate: Certificate) -> str:
    """Return the letters of the name that the type does not have, "" where it has them all.

    It has those of Latin, Greek and Cyrillic writing.
    """
    sheets = Sheets(certificate.issued_on, "", DEFAULT_LANGUAGE)
    name = squeeze(clean(certificate.name))
    printed = sheets.printable(name, "B")
    return "".join(dict.fromkeys(c for c, p in zip(name, printed, strict=False) if c != p))


def _language(certificate: Certificate) -> str:
    return certificate.language if certificate.language in LANGUAGES else DEFAULT_LANGUAGE


class _Page:
    """One certificate on one page, drawn from top to bottom; `_y` is where the next part begins."""

    def __init__(self, sheets: Sheets, certificate: Certificate) -> None:
        self._sheets = sheets
        self._certificate = certificate
        self._language = _language(certificate)
        self._y = 0.0

    def draw(self) -> None:
        self._sheets.add_page()
        self._draw_frame()
        self._draw_who()
        self._draw_what()
        self._draw_foot()

    def _told(self, text: Wording | str) -> str:
        return text.text(self._language) if isinstance(text, Wording) else text

    def _draw_frame(self) -> None:
        sheets = self._sheets
        sheets.set_draw_color(*ACCENT)
        for inset, thickness in ((_FRAME, 0.9), (_FRAME + 1.8, 0.25)):
            sheets.set_line_width(thickness)
            sheets.rect(inset, inset, _PAGE_WIDTH - 2 * inset, _PAGE_HEIGHT - 2 * inset)

    def _draw_who(self) -> None:
        certificate = self._certificate
        self._y = 27.0
        self._centre(say("Certificate of attendance"), (30,), 1, "B", ACCENT, 7)
        self._centre(say("This certifies that"), (12,), 1, gap=3)
        self._centre(certificate.name, (27, 23, 19, 15), 2, "B", gap=2)
        if certificate.school:
            self._centre(certificate.school, (13, 11.5, 10), 2, colour=QUIET, gap=6)

    def _draw_what(self) -> None:
        certificate = self._certificate
        self._centre(say("attended all sessions of the virtual workshop"), (12,), 1, gap=2.5)
        self._centre(certificate.workshop, (19, 16, 13.5, 11.5), 3, "B", gap=1.5)
        kind = ", ".join(filter(None, (certificate.programme, self._told(certificate.category))))
        if kind:
            self._centre(kind, (12, 10.5), 1, colour=QUIET, gap=3.5)
        self._centre(self._when(), (12,), 1)
        self._centre(
            say_n("%(count)s hour in all", "%(count)s hours in all", certificate.hours), (12,), 1
        )

    def _when(self) -> Wording:
        first, last = self._certificate.first_day, self._certificate.last_day
        if first == last:
            return say("on %(day)s", day=self._day(first))
        return say("on %(first)s and %(last)s", first=self._day(first), last=self._day(last))

    def _day(self, day: date) -> str:
        """Return a day in words, as a certificate has it: 1er avril 2027."""
        from babel.dates import format_date

        text = format_date(day, "long" if self._language == "fr" else "d MMMM y", self._language)
        return text.replace("1 ", "1er ", 1) if self._language == "fr" and day.day == 1 else text

    def _draw_foot(self) -> None:
        certificate = self._certificate
        right = _PAGE_WIDTH - _MARGIN - _SIGNATURE_WIDTH
        self._signature(_MARGIN, say("Workshop leader"), certificate.leader)
        issued = say("Issued on %(day)s", day=self._day(certificate.issued_on))
        self._signature(right, issued, certificate.issued_by)
        reference = self._told(say("Reference: %(reference)s", reference=certificate.reference))
        shown = self._sheets.fit(reference, _WIDTH, (8,), 1)
        self._put(shown, _PAGE_HEIGHT - _FRAME - 8.5, QUIET)

    def _signature(self, left: float, label: Wording, name: str) -> None:
        """Draw a line to sign on, with who signs below it."""
        sheets = self._sheets
        sheets.set_draw_color(*LINE)
        sheets.set_line_width(0.3)
        sheets.line(left, _FOOT + 14, left + _SIGNATURE_WIDTH, _FOOT + 14)
        y = sheets.put(sheets.fit(name, _SIGNATURE_WIDTH, (11, 9.5, 8), 2), left, _FOOT + 15.5)
        shown = sheets.fit(self._told(label), _SIGNATURE_WIDTH, (9, 8), 1)
        sheets.put(shown, left, y + 0.4, colour=QUIET)

    def _centre(
        self,
        text: Wording | str,
        sizes: tuple[float, ...],
        most: int,
        style: str = "",
        colour: tuple[int, int, int] = INK,
        gap: float = 1.0,
    ) -> None:
        told = squeeze(clean(self._told(text), _LONGEST))
        lines = self._sheets.fit(told, _WIDTH, sizes, most, style)
        self._y = self._put(lines, self._y, colour) + gap

    def _put(self, lines: Lines, y: float, colour: tuple[int, int, int]) -> float:
        """Draw lines in the middle of the page; return where the next may begin."""
        for line in lines.lines:
            one = Lines((line,), lines.size, lines.style)
            width = self._sheets.width_of(one)
            y = self._sheets.put(one, (_PAGE_WIDTH - width) / 2, y, colour=colour)
        return y
