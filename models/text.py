"""Text from outside: made safe to show, and brought to a form that can be compared."""

import re
import unicodedata
from functools import lru_cache

# Measured: each of these reaches the terminal raw through Textual, or turns the
# reading order of what follows (FACTS, "Textual and text from outside").
_UNSAFE = re.compile(
    "[\x00-\x08\x0b-\x1f\x7f-\x9f\u200b-\u200f\u2028-\u202e\u2060-\u206f\ufeff\ud800-\udfff]"
)
# Accents piled up without end are drawn over the lines above and below.
_ACCENT = "[\u0300-\u036f\u1ab0-\u1aff\u1dc0-\u1dff\u20d0-\u20ff\ufe20-\ufe2f]"
_FLOOD = re.compile(f"({_ACCENT}{{4}}){_ACCENT}+")
_BLANKS = re.compile(r"[\t\n]")
_REPLACEMENT = "\ufffd"
# Letters that carry no combining mark and so survive decomposition.
_PLAIN_LETTERS = str.maketrans(
    {"ø": "o", "ł": "l", "đ": "d", "ð": "d", "þ": "th", "ß": "ss", "æ": "ae", "œ": "oe", "ı": "i"}
)


def clean(value: str, limit: int | None = None) -> str:
    """Return `value` safe to show on a terminal: one line, no control or reordering characters.

    TAB and newline become a space, every other control, zero-width or bidirectional
    character becomes U+FFFD, of the accents on one letter four stay, the rest is composed
    (NFC). With `limit` the text is cut to that many characters, the last one an ellipsis.
    """
    if not value.isprintable():
        value = _BLANKS.sub(" ", value.replace("\r\n", " "))
        value = _UNSAFE.sub(_REPLACEMENT, value)
    if not value.isascii():
        value = _FLOOD.sub(r"\1", unicodedata.normalize("NFC", value))
    if limit is not None and len(value) > limit:
        value = value[: limit - 1] + "…"
    return value


def is_clean(value: str) -> bool:
    """Tell whether `value` may be shown as it is."""
    return clean(value) == value


@lru_cache(maxsize=65_536)
def name_key(name: str) -> str:
    """Return the normal form in which names are compared and searched.

    Letters and digits only, without accents or case, so that `D'Hondt` and `Dhondt`,
    `Jean-Marc` and `Jean Marc`, `De Smet` and `Desmet` are equal (DOMAIN §3, Identity).
    Letters of other scripts are kept.
    """
    lowered = name.casefold()
    if not lowered.isascii():
        decomposed = unicodedata.normalize("NFKD", lowered.translate(_PLAIN_LETTERS))
        lowered = decomposed.translate(_PLAIN_LETTERS)
    return "".join(c for c in lowered if c.isalnum())


def squeeze(value: str) -> str:
    """Return `value` with runs of white space made one space and the ends trimmed."""
    return " ".join(value.split())
