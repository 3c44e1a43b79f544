"""What stands in one cell of a list of people: names, addresses, short texts."""

import re

from models.addresses import AddressError, parse_address
from models.language import Wording, say
from models.numbers import (
    NumberError,
    looks_like_national_number,
    parse_staff_number,
)
from models.text import name_key, squeeze
from services.imports.dates import is_blank


def words(text: str) -> list[str]:
    """Return words that are kept in one line, so that a list of them can be read."""
    return text.split()


LONGEST_NAME = 200
LONGEST_TEXT = 200
LANGUAGE_WORDS = {
    **dict.fromkeys(words("fr fra fre francais francaise french f frans"), "fr"),
    **dict.fromkeys(words("en eng anglais anglaise english e engels"), "en"),
    **dict.fromkeys(words("nl nld dut neerlandais dutch n nederlands"), "nl"),
    **dict.fromkeys(words("de deu ger allemand german d duits"), "de"),
}
SEVERAL = re.compile(r"\s*(?:[;,+&\n|]| / | et | and )\s*")
_PARTICLES = frozenset(
    words(
        "de du des d la le les van von der den vander vanden ten ter el al da di do dos ben abou"
        " st saint sainte mac mc o"
    )
)


class RowRefused(Exception):
    """A row that is refused, and why."""

    def __init__(self, text: Wording, column: str = "") -> None:
        super().__init__(text.message)
        self.text = text
        self.column = column


def checked_name(raw: str, column: str) -> str:
    """Return a name from a cell, trimmed; raises `RowRefused` for what is none."""
    name = squeeze(raw)
    if not name:
        raise RowRefused(say("Row refused: the name is missing."), column)
    if len(name) > LONGEST_NAME:
        raise RowRefused(
            say(
                "Row refused: a name of %(length)s characters; the limit is %(limit)s.",
                length=len(name),
                limit=LONGEST_NAME,
            ),
            column,
        )
    if not any(map(str.isalpha, name)):
        raise RowRefused(say("Row refused: this is no name, it has no letters."), column)
    return name


def address_in(text: str) -> tuple[str, Wording | None]:
    """Return the address in a cell, "" for none, and what is to be told about it."""
    try:
        return parse_address(text), None
    except AddressError as fault:
        wording = fault.wording
    if is_blank(text.strip()):
        return "", None
    for part in SEVERAL.split(text) if len(text) < 1_000 else ():
        try:
            address = parse_address(part)
        except AddressError:
            continue
        return address, say("The cell holds several addresses; the first is used.")
    return "", say("The address is not used. %(reason)s", reason=wording)


def short_text(text: str) -> tuple[str, Wording | None]:
    """Return a short free text and what is to be told about it; national numbers and overlong
    texts are not kept."""
    text = squeeze(text)
    if len(text) > LONGEST_TEXT:
        return "", say(
            "Not kept: %(length)s characters; the limit is %(limit)s.",
            length=len(text),
            limit=LONGEST_TEXT,
        )
    if len(text) >= 11 and is_national(text):
        return "", say("Not kept: this looks like a national number.")
    return text, None


def split_name(whole: str) -> tuple[str, str]:
    """Return surname and first name of a name in one cell; the first name may be "".

    A comma separates them; else the words in capitals are the surname (`DE SMET Jean`,
    `Jean DE SMET`); else the first word is, with the particles before it (`De Smet Jean`).
    """
    if "," in whole:
        surname, _, first_name = whole.partition(",")
        return surname.strip(), first_name.strip()
    parts = whole.split()
    capitals = [word for word in parts if word.isupper() and len(word) > 1]
    others = [word for word in parts if word not in capitals]
    if capitals and others and (parts[0] in capitals or parts[-1] in capitals):
        return " ".join(capitals), " ".join(others)
    end = 1
    while end < len(parts) - 1 and name_key(parts[end - 1]) in _PARTICLES:
        end += 1
    return " ".join(parts[:end]), " ".join(parts[end:])


def is_national(text: str) -> bool:
    """Tell whether a text looks like a national number, and is no staff number."""
    if not looks_like_national_number(text):
        return False
    try:
        parse_staff_number(text)
    except NumberError:
        return True
    return False
