"""The numbers that identify schools, governing bodies and staff, and their checks (DOMAIN §3)."""

import re
from datetime import date

from models.language import Wording, say

_SEPARATORS = re.compile(r"[\s./-]+")
_FASE = re.compile(r"[1-9][0-9]{0,4}")
_DIGITS_10 = re.compile(r"[0-9]{10}")
_DIGITS_11 = re.compile(r"[0-9]{11}")
_SEX_DIGITS = {"M": "1", "F": "2"}
#: Longer texts are refused before anything looks at them, in characters.
LONGEST_NUMBER = 40


class NumberError(ValueError):
    """The text is no such number. `wording` says why; it never repeats the text itself."""

    def __init__(self, wording: Wording) -> None:
        super().__init__(wording.message)
        self.wording = wording


def parse_fase(text: str) -> int:
    """Return the FASE number that `text` writes: 1 to 5 digits, no leading zero.

    Blanks at the ends are ignored. Raises `NumberError`.
    """
    digits = text.strip()
    if not digits:
        raise NumberError(say("The FASE number is missing."))
    if _FASE.fullmatch(digits):
        return int(digits)
    if not (digits.isascii() and digits.isdigit()):
        raise NumberError(say("A FASE number holds digits only."))
    if digits.startswith("0"):
        raise NumberError(say("A FASE number does not begin with a zero."))
    raise NumberError(say("A FASE number has at most 5 digits."))


def parse_enterprise_number(text: str) -> str:
    """Return the ten digits of an enterprise number (BCE).

    Points, spaces, hyphens and a leading `BE` are ignored; the last two digits must be
    97 − (first eight mod 97). Raises `NumberError`.
    """
    digits = _SEPARATORS.sub("", text[:LONGEST_NUMBER]).upper().removeprefix("BE")
    if not digits:
        raise NumberError(say("The enterprise number is missing."))
    if not _DIGITS_10.fullmatch(digits):
        raise NumberError(
            say("An enterprise number has 10 digits, the first of which is often a zero.")
        )
    if int(digits[8:]) != 97 - int(digits[:8]) % 97:
        raise NumberError(
            say("The check digits of this enterprise number are wrong: one digit is mistyped.")
        )
    return digits


def parse_staff_number(text: str) -> str:
    """Return the eleven digits of a staff number (matricule).

    Sex (1 or 2), birth date as `AAMMJJ`, four digits. Points, spaces and hyphens are
    ignored. Raises `NumberError`, with its own reason for a national number, which must
    never be kept.
    """
    digits = _SEPARATORS.sub("", text[:LONGEST_NUMBER])
    if not digits:
        raise NumberError(say("The staff number is missing."))
    if not _DIGITS_11.fullmatch(digits):
        raise NumberError(say("A staff number has 11 digits."))
    if digits[0] in "12" and _birth_dates(digits[1:7]):
        return digits
    # The national number of anyone of working age begins with another digit than 1 or 2,
    # so a true staff number is never taken for one.
    if looks_like_national_number(digits):
        raise NumberError(say("This is a national number, not a staff number: it is not kept."))
    if digits[0] not in "12":
        raise NumberError(say("A staff number begins with 1 (man) or 2 (woman)."))
    raise NumberError(
        say("Digits 2 to 7 of a staff number are a date of birth; here they are no date.")
    )


def staff_number_disagreements(
    number: str, sex: str = "", birth_date: date | None = None
) -> list[Wording]:
    """Return what in a parsed staff number contradicts a sex (`M`, `F`) and a birth date.

    What is unknown (empty sex, no date) contradicts nothing.
    """
    found = []
    digit = _SEX_DIGITS.get(sex)
    if digit is not None and number[0] != digit:
        found.append(say("The staff number does not agree with the sex."))
    if birth_date is not None and number[1:7] != birth_date.strftime("%y%m%d"):
        found.append(
            say("The staff number does not agree with the date of birth (%(day)s).", day=birth_date)
        )
    return found


def looks_like_national_number(text: str) -> bool:
    """Tell whether `text` is a Belgian national register number, so that it is not stored.

    Eleven digits with or without separators, a possible date (months raised by 20 or 40 for
    numbers given to non-residents, 00 for unknown), and check digits that are right for a
    birth before or from 2000.
    """
    digits = _SEPARATORS.sub("", text.strip()) if len(text) <= LONGEST_NUMBER else ""
    if not _DIGITS_11.fullmatch(digits):
        return False
    month, day = int(digits[2:4]), int(digits[4:6])
    if month % 20 > 12 or month > 52 or (day > 31 and month % 20):
        return False
    first_nine, check = int(digits[:9]), int(digits[9:])
    return check in (97 - first_nine % 97, 97 - (2_000_000_000 + first_nine) % 97)


def _birth_dates(yymmdd: str) -> list[date]:
    """Return the days of the last two centuries that six digits may mean."""
    year, month, day = int(yymmdd[:2]), int(yymmdd[2:4]), int(yymmdd[4:])
    found = []
    for century in (1900, 2000):
        try:
            found.append(date(century + year, month, day))
        except ValueError:
            continue
    return found
