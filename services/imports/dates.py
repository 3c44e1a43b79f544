"""Dates as sources write them: 24/08/2026, 24.8.26, 2026-08-24, 20260824, 24 août 2026."""

import re
from datetime import date
from typing import Literal

from models.text import name_key

Order = Literal["dmy", "mdy"]

#: Two-digit years from this one on are of the last century: of births, and of anything else.
BIRTH_PIVOT = 30
OTHER_PIVOT = 70
#: As many dates that could be read both ways, without one that tells, are worth a remark.
DOUBTFUL_FROM = 12
#: From this year on, sources mean "without end".
NO_END = 2100

_ISO = re.compile(r"(\d{4})[-/.](\d{1,2})[-/.](\d{1,2})(?:[T ]\d.*)?")
_PARTS = re.compile(r"(\d{1,2})([-/. ])(\d{1,2})\2(\d{4}|\d{2})(?:[T ]\d.*)?")
_COMPACT = re.compile(r"\d{8}")
_WORDS = re.compile(r"(\d{1,2})(?:er|st|nd|rd|th)?[ -]([^\W\d]{3,9})\.?[ -](\d{4})")
_BLANKS = frozenset(("", "-", "--", "/", "?", "0", "00/00/0000", "0000-00-00", "n/a", "néant"))
_MONTHS = {
    name: month
    for month, names in enumerate(
        (
            "janvier janv jan january januari",
            "fevrier fevr fev february feb februari",
            "mars mar march maart",
            "avril avr april apr",
            "mai may mei",
            "juin june jun juni",
            "juillet juil july jul juli",
            "aout august aug augustus",
            "septembre sept sep september",
            "octobre oct october okt oktober",
            "novembre nov november",
            "decembre dec december",
        ),
        start=1,
    )
    for name in names.split()
}


def is_blank(text: str) -> bool:
    """Tell whether `text` is one of the ways in which sources write that there is no date."""
    return text in _BLANKS or text.lower() in _BLANKS


class Dates:
    """Reads the dates of one column, and remembers what they show of the order they are in.

    `order` says what 03/04/2026 means; dates with points are always day first. `pivot` is
    the first two-digit year that belongs to the last century.
    """

    def __init__(self, order: Order = "dmy", pivot: int = OTHER_PIVOT) -> None:
        self.order = order
        self.pivot = pivot
        self.day_first = 0
        self.month_first = 0
        self.doubtful = 0
        self.iso = 0
        #: What has been read already, by its text.
        self.known: dict[str, date | None] = {}

    def read(self, text: str) -> date | None:
        """Return the date that `text` (trimmed, not blank) writes, or None when it is none."""
        try:
            return self.known[text]
        except KeyError:
            found = self.known[text] = self._parse(text)
            return found

    def _parse(self, text: str) -> date | None:
        if match := _ISO.fullmatch(text):
            self.iso += 1
            return _day(int(match[1]), int(match[2]), int(match[3]))
        if match := _PARTS.fullmatch(text):
            year = int(match[4]) if len(match[4]) == 4 else self._whole_year(int(match[4]))
            return self._ordered(int(match[1]), int(match[3]), year, match[2])
        if _COMPACT.fullmatch(text):
            first = _day(int(text[:4]), int(text[4:6]), int(text[6:]))
            return first or self._ordered(int(text[:2]), int(text[2:4]), int(text[4:]), "/")
        if match := _WORDS.fullmatch(text):
            return _day(int(match[3]), _MONTHS.get(name_key(match[2]), 0), int(match[1]))
        return None

    def _ordered(self, first: int, second: int, year: int, sign: str) -> date | None:
        if sign not in "/-":
            return _day(year, second, first)
        if first > 12:
            self.day_first += 1
        elif second > 12:
            self.month_first += 1
        elif first != second:
            self.doubtful += 1
        day, month = (first, second) if self.order == "dmy" else (second, first)
        return _day(year, month, day)

    def _whole_year(self, year: int) -> int:
        return 1900 + year if year >= self.pivot else 2000 + year


def _day(year: int, month: int, day: int) -> date | None:
    """Return a date that can stand in a staff record; years outside 1900-9999 cannot."""
    try:
        return date(year, month, day) if year >= 1900 else None
    except ValueError:
        return None
