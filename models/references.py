"""References of forms and of workshops: short, read aloud without doubt, hard to mistype.

`00K3-1W` is the post's number in Crockford's base 32 (no I, L, O, U; at least four digits),
then the version of the text agreed to, then a check character. The number is grouped by
four from the right: `1-QJ00-1W`. A post number below 1,048,576 gives six characters. A
workshop's reference has its own number, and `Z` where a form has the version.

The check character makes the sum of the digits, each weighed with its own power of a
generator of GF(32), zero. Powers differ over 31 places, so every single wrong character
and every two characters that changed places, neighbours or not, are found; and unlike the
check of Crockford's own (modulo 37) it needs no signs that nobody can read aloud.
"""

import re
import unicodedata

from models.errors import TrousseauError
from models.language import N_, say
from models.text import clean
from models.tokens import ALPHABET

MAX_POST_ID = 2**40 - 1
MAX_VERSION = 30
#: What stands in a workshop's reference for the version of a text.
_WORKSHOP = 31

_VALUES = {character: value for value, character in enumerate(ALPHABET)}
_SHORTEST = 4
_FIELD_POLYNOMIAL = 0b100101  # x^5 + x^2 + 1: primitive, so that x generates the field
_MAX_TYPED = 64

_LOOK_ALIKES = str.maketrans("OIL", "011")
# A scanner is a keyboard. Set to the American layout, on a computer set to the Belgian
# one, it types these signs for digits, hyphen, bracket and five of the letters.
_BELGIAN_DIGITS = "à&é\"'(§è!ç"
_BELGIAN_KEYS = str.maketrans(_BELGIAN_DIGITS + ")$qawz?", "0123456789-]aqzwm")
# By this a scanner names the kind of code it has read: "]Q1" is a QR code.
_SYMBOLOGY = re.compile(r"^\][a-z][0-9a-z]")
_LABEL = re.compile(r"^[^\W\d_]+\s*[.:°#][.:°#\s]*")


class ReferenceMistyped(TrousseauError):
    """What was typed or scanned is no reference of a consent form."""

    heading = N_("This is not a form’s reference")


class NotAWorkshop(TrousseauError):
    """What was typed is no reference of a workshop."""

    heading = N_("This is not a workshop’s reference")


def make_reference(post_id: int, version: int) -> str:
    """Return the reference of the form on which the person of a post agrees to a text.

    `post_id` goes up to `MAX_POST_ID`, `version` from 1 to `MAX_VERSION`; anything else
    raises ValueError.
    """
    if not 0 < post_id <= MAX_POST_ID:
        raise ValueError(f"no reference can be made for post {post_id}")
    if not 0 < version <= MAX_VERSION:
        raise ValueError(f"no reference can be made for version {version}")
    return _reference(post_id, version)


def make_workshop_reference(workshop_id: int) -> str:
    """Return the reference of a workshop; ValueError for an id beyond `MAX_POST_ID`."""
    if not 0 < workshop_id <= MAX_POST_ID:
        raise ValueError(f"no reference can be made for workshop {workshop_id}")
    return _reference(workshop_id, _WORKSHOP)


def _reference(number: int, version: int) -> str:
    digits = _digits(number)
    check = _weighed([*digits, version, 0])
    body = "".join(ALPHABET[digit] for digit in digits)
    return f"{_grouped(body)}-{ALPHABET[version]}{ALPHABET[check]}"


def parse_reference(text: str) -> tuple[int, int]:
    """Return the post's number and the version of the text that a reference stands for.

    Case, spaces, hyphens, a label before it ("Réf. :"), O for 0, I and L for 1, and what a
    scanner adds or mixes up are tolerated. Raises `ReferenceMistyped` for all the rest.
    """
    post_id, version = _parsed(text)
    if version == _WORKSHOP:
        raise ReferenceMistyped(say("This is the reference of a workshop, and not of a form."))
    return post_id, version


def parse_workshop_reference(text: str) -> int:
    """Return the number of the workshop that a reference stands for.

    Tolerates what `parse_reference` does. Raises `NotAWorkshop` for all the rest.
    """
    try:
        workshop_id, version = _parsed(text)
    except ReferenceMistyped as error:
        raise NotAWorkshop(error.wording) from None
    if version != _WORKSHOP:
        raise NotAWorkshop(say("This is the reference of a consent form, and not of a workshop."))
    return workshop_id


def _parsed(text: str) -> tuple[int, int]:
    values = [_value(character) for character in _bare(text)]
    if len(values) < _SHORTEST + 2:
        raise ReferenceMistyped(say("This reference is too short: characters are missing."))
    *number, version, _check = values
    found = _number(number)
    if _weighed(values) or not version or not 0 < found <= MAX_POST_ID:
        raise ReferenceMistyped(
            say("This reference is mistyped: compare it with the sheet, character by character.")
        )
    return found, version


def _bare(text: str) -> str:
    """Return the characters of a reference without what people and scanners put around them."""
    if len(text) > _MAX_TYPED:
        raise ReferenceMistyped(say("This is too long to be a reference."))
    visible = "".join(" " if unicodedata.category(c)[0] in "CZ" else c for c in text)
    bare = _LABEL.sub("", unicodedata.normalize("NFKC", visible).strip().lower())
    if any(sign in bare for sign in _BELGIAN_DIGITS + ")"):
        bare = bare.translate(_BELGIAN_KEYS)
    bare = _SYMBOLOGY.sub("", bare).upper()
    return "".join(c for c in bare if not _is_separator(c)).translate(_LOOK_ALIKES)


def _is_separator(character: str) -> bool:
    return character in " ._,/" or unicodedata.category(character) in ("Pd", "Sm")


def _value(character: str) -> int:
    try:
        return _VALUES[character]
    except KeyError:
        raise ReferenceMistyped(
            say("“%(character)s” never occurs in a reference.", character=clean(character))
        ) from None


def _digits(number: int) -> list[int]:
    digits: list[int] = []
    while number or len(digits) < _SHORTEST:
        number, digit = divmod(number, 32)
        digits.append(digit)
    return digits[::-1]


def _number(digits: list[int]) -> int:
    number = 0
    for digit in digits:
        number = number * 32 + digit
    return number


def _grouped(body: str) -> str:
    first = len(body) % 4 or 4
    return "-".join([body[:first], *(body[i : i + 4] for i in range(first, len(body), 4))])


def _weighed(digits: list[int]) -> int:
    """Return the sum over GF(32) of the last digit times 1, the one before it times x, …"""
    total = 0
    for digit in digits:
        total <<= 1
        if total & 32:
            total ^= _FIELD_POLYNOMIAL
        total ^= digit
    return total
