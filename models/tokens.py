"""Sign-in tokens and marks for bounces: functions of a key, never stored anywhere.

A token is 25 characters in five groups: six for the row it belongs to, eighteen (90 bits)
of HMAC-SHA-256 over purpose, row and generation, one check character. Raising a row's
generation cancels the former token; the same generation always gives the same token, so a
mail that arrives twice does no harm (FACTS, Mail). Nothing here says whether a token has
expired or was used: that is for the row.
"""

import hmac
import re
from dataclasses import dataclass

from models.errors import TrousseauError
from models.keys import Key
from models.language import N_, say

#: Crockford's base 32: no I, L, O or U, so that nothing is mistaken when read aloud or typed.
ALPHABET = "0123456789ABCDEFGHJKMNPQRSTVWXYZ"
MAX_ROW_ID = 2**30 - 1
#: How many generations back a token is still recognised as "replaced by a newer one".
EARLIER_GENERATIONS = 100

_GROUP = 5
_ROW_CHARACTERS = 6
_MAC_CHARACTERS = 18
_LENGTH = _ROW_CHARACTERS + _MAC_CHARACTERS + 1
_SLIPS = 3
_BOUNCE_MAC_CHARACTERS = 10
_MESSAGE_MAC_CHARACTERS = 12
_VALUES = {character: value for value, character in enumerate(ALPHABET)}
_SAME_SHAPE = str.maketrans("OIL", "011")
# Pasted text brings hyphens of every length, soft hyphens and zero-width characters.
_IGNORED = re.compile(r"[\s\u00ad\u200b-\u200f\u2010-\u2015\u2060\u2212\ufe58\ufe63\ufeff\uff0d-]+")
_BOUNCE_MARK = re.compile(
    rf"[^+@\s]*\+([1-9][0-9]{{0,18}})\.([1-9][0-9]{{0,8}})\."
    rf"([0-9a-z]{{{_BOUNCE_MAC_CHARACTERS}}})(?:@.*)?",
    re.ASCII | re.IGNORECASE,
)


class TokenMistyped(TrousseauError):
    """What was typed cannot be any token: a character is missing, wrong or swapped."""

    heading = N_("The token is mistyped")


@dataclass(frozen=True, slots=True)
class ParsedToken:
    """A token that is well formed; whether it is genuine, `matching_generation` tells."""

    row_id: int
    mac: str

    def __repr__(self) -> str:
        # The mac is most of a valid token.
        return f"ParsedToken(row_id={self.row_id})"


def make_token(key: Key, purpose: str, row_id: int, generation: int) -> str:
    """Return the token of one generation of a row: `XXXXX-XXXXX-XXXXX-XXXXX-XXXXX`.

    `purpose` keeps the tokens of two tables apart; `row_id` is 0 to `MAX_ROW_ID`. Raises
    ValueError when a number is out of range.
    """
    if not 0 <= row_id <= MAX_ROW_ID:
        raise ValueError(f"row id {row_id} does not fit in a token")
    body = _base32(row_id, _ROW_CHARACTERS) + _token_mac(key, purpose, row_id, generation)
    text = body + _check_character(body)
    return "-".join(text[i : i + _GROUP] for i in range(0, _LENGTH, _GROUP))


def parse_token(text: str) -> ParsedToken:
    """Return what a typed or pasted token says.

    Spaces of every kind, hyphens and case do not matter, O is read as 0, I and L as 1
    (DOMAIN §3, Tokens). Raises `TokenMistyped` when the length or the check is wrong, so
    that a slip is told apart from a token that is invalid (DOMAIN §5, 5).
    """
    # Nothing that long is a slip of the hand: do not spend time on it.
    if len(text) > 10 * _LENGTH:
        raise _wrong_length()
    typed = _IGNORED.sub("", text).upper().translate(_SAME_SHAPE)
    if len(typed) != _LENGTH:
        raise _wrong_length()
    strange = next((character for character in typed if character not in _VALUES), None)
    if strange is not None or _check_character(typed[:-1]) != typed[-1]:
        raise TokenMistyped(
            say(
                "One or more characters of the token are wrong. Compare it with the e-mail, or"
                " copy and paste it."
            )
        )
    row_id = 0
    for character in typed[:_ROW_CHARACTERS]:
        row_id = row_id << 5 | _VALUES[character]
    return ParsedToken(row_id, typed[_ROW_CHARACTERS:-1])


def count_characters(text: str) -> tuple[int, int]:
    """Return how many characters of a token were typed, and how many it has."""
    return len(_IGNORED.sub("", text[: 10 * _LENGTH])), _LENGTH


def is_nearly_token(text: str) -> bool:
    """Tell whether a typed text is probably a token with a slip in it, and no other password.

    By its form alone: some characters more or fewer, one or two that no token has. A token has
    digits, for it begins with a row's number.
    """
    if len(text) > 10 * _LENGTH:
        return False
    typed = _IGNORED.sub("", text).upper()
    strange = sum(c not in _VALUES for c in typed.translate(_SAME_SHAPE))
    digits = sum(c.isdigit() or c == "O" for c in typed)
    return abs(len(typed) - _LENGTH) <= _SLIPS and strange <= 2 and digits >= _SLIPS


def matching_generation(key: Key, purpose: str, parsed: ParsedToken, latest: int) -> int | None:
    """Return the generation that `parsed` is the token of, or None when it is not genuine.

    `latest` is the row's generation now: a smaller answer means a token that a newer one
    has replaced. Every candidate is compared in constant time, the found one too.
    """
    found = None
    for generation in range(latest, max(0, latest - EARLIER_GENERATIONS), -1):
        expected = _token_mac(key, purpose, parsed.row_id, generation)
        if hmac.compare_digest(expected.encode("ascii"), parsed.mac.encode("utf-8")):
            found = generation
    return found


def mark_for_bounce(key: Key, row_id: int, generation: int, mailbox: str = "b") -> str:
    """Return the local part of the envelope sender, `b+id.generation.mac`.

    It comes back as the recipient of a bounce and says which message bounced; the
    authentication keeps others from reporting bounces of mails they never received. It
    survives a change of case on the way.
    """
    return f"{mailbox}+{row_id}.{generation}.{_bounce_mac(key, row_id, generation)}"


def read_bounce_mark(key: Key, address: str) -> tuple[int, int] | None:
    """Return (row id, generation) from an address or local part, or None if not genuine."""
    found = _BOUNCE_MARK.fullmatch(address.strip()) if len(address) <= 320 else None
    if found is None:
        return None
    row_id, generation = int(found[1]), int(found[2])
    expected = _bounce_mac(key, row_id, generation)
    if not hmac.compare_digest(expected.encode(), found[3].lower().encode()):
        return None
    return row_id, generation


def mark_for_message(key: Key, purpose: str, row_id: int, generation: int) -> str:
    """Return what makes a `Message-ID` of this generation unique, and the same on every try.

    It is computed apart from the mark for bounces: a Message-ID is quoted in replies and
    forwarded mails, and must not let their readers report a bounce.
    """
    mac = _mac(key, "message", purpose, row_id, generation, _MESSAGE_MAC_CHARACTERS)
    return f"{purpose}.{row_id}.{generation}.{mac.lower()}"


def _wrong_length() -> TokenMistyped:
    return TokenMistyped(
        say(
            "A token has %(length)s characters, in groups of five. Some are missing or too many:"
            " compare it with the e-mail, or copy and paste it.",
            length=_LENGTH,
        )
    )


def _token_mac(key: Key, purpose: str, row_id: int, generation: int) -> str:
    return _mac(key, "token", purpose, row_id, generation, _MAC_CHARACTERS)


def _bounce_mac(key: Key, row_id: int, generation: int) -> str:
    return _mac(key, "bounce", "", row_id, generation, _BOUNCE_MAC_CHARACTERS).lower()


def _mac(key: Key, use: str, purpose: str, row_id: int, generation: int, length: int) -> str:
    if "|" in purpose:
        raise ValueError("a purpose may not contain |")
    digest = key.mac(f"trousseau {use}|{purpose}|{row_id}|{generation}".encode())
    return _base32(int.from_bytes(digest, "big") >> (256 - 5 * length), length)


def _base32(number: int, length: int) -> str:
    return "".join([ALPHABET[number >> shift & 31] for shift in range(5 * (length - 1), -1, -5)])


def _field_powers() -> list[int]:
    """Return the 31 non-zero elements of the field of 32 elements, as powers of 2."""
    powers = [1]
    while len(powers) < 31:
        doubled = powers[-1] << 1
        powers.append(doubled ^ 0b100101 if doubled & 32 else doubled)
    return powers


_POWERS = _field_powers()
_LOGARITHMS = {element: exponent for exponent, element in enumerate(_POWERS)}


def _check_character(body: str) -> str:
    """Return the character that makes the weighted sum of all characters zero.

    The sum is taken in the field of 32 elements, each place having a weight of its own, 1
    for the check. A wrong character changes the sum by weight × difference, a swap of two
    places by difference of weights × difference: neither is ever zero, so every wrong
    character and every swap of any two is found.
    """
    total = 0
    for place, character in enumerate(reversed(body), start=1):
        value = _VALUES[character]
        if value:
            total ^= _POWERS[(_LOGARITHMS[value] + place) % 31]
    return ALPHABET[total]
