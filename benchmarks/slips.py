"""The slips of the hand and of the ear with which people type a name that they have heard."""

import re
import unicodedata
from collections.abc import Callable
from random import Random

#: The keys beside each, on the Belgian keyboard.
_ROWS = ("azertyuiop", "qsdfghjklm", "wxcvbn")
_ABBREVIATED = (
    (r"\bath[ée]n[ée]e royal\b", "AR"),
    (r"\bnotre[- ]dame\b", "ND"),
    (r"\binstitut\b", "Inst"),
    (r"\bcoll[èe]ge\b", "Coll"),
    (r"\bsainte\b", "Ste"),
    (r"\bsaint\b", "St"),
    (r"\b[ée]coles?\b", "Ec."),
    (r"\bcommunales?\b", "comm"),
    (r"\bfondamentale\b", "fond"),
    (r"\bmaternelle\b", "mat"),
    (r"\bprimaire\b", "prim"),
    (r"\blibre\b", "lib"),
    (r"\bprovincial\b", "prov"),
    (r"\btechnique\b", "tech"),
    (r"\bsp[ée]cialis[ée]e?\b", "spéc"),
)
_HEARD = (
    ("ph", "f"), ("qu", "k"), ("ck", "k"), ("eau", "o"), ("au", "o"), ("y", "i"), ("k", "c"),
    ("c(?=[aou])", "k"), ("i", "y"), ("f", "ph"), (r"([bdfglmnprst])\1", r"\1"),
    (r"(?<=[aeiou])([lmnrst])(?=[aeiou])", r"\1\1"), ("th", "t"), ("z", "s"), ("w", "v"),
)  # fmt: skip

Slip = Callable[[str, Random], str]


def plain(text: str) -> str:
    """Return a text without accents, in small letters."""
    parts = unicodedata.normalize("NFKD", text.replace("ı", "i").replace("ł", "l"))
    return "".join(c for c in parts if not unicodedata.combining(c)).lower()


def _letter(text: str, choices: Random) -> int:
    places = [place for place, c in enumerate(text) if c.isalpha()]
    return choices.choice(places)


def neighbour(text: str, choices: Random) -> str:
    place = _letter(text, choices)
    letter = plain(text[place])[:1]
    row = next((keys for keys in _ROWS if letter in keys), "")
    beside = [row[at] for at in (row.find(letter) - 1, row.find(letter) + 1) if 0 <= at < len(row)]
    return text[:place] + (choices.choice(beside) if row else letter) + text[place + 1 :]


def missing(text: str, choices: Random) -> str:
    place = _letter(text, choices)
    return text[:place] + text[place + 1 :]


def doubled(text: str, choices: Random) -> str:
    place = _letter(text, choices)
    return text[:place] + text[place] + text[place:]


def swapped(text: str, choices: Random) -> str:
    places = [
        p
        for p in range(len(text) - 1)
        if text[p].isalpha() and text[p + 1].isalpha() and plain(text[p]) != plain(text[p + 1])
    ]
    if not places:
        return text
    place = choices.choice(places)
    return text[:place] + text[place + 1] + text[place] + text[place + 2 :]


def bare(text: str, choices: Random) -> str:
    """Leave out every accent, and one hyphen, apostrophe or space."""
    text = plain(text)
    signs = [place for place, c in enumerate(text) if c in "-’' "]
    if not signs:
        return text
    place = choices.choice(signs)
    return text[:place] + text[place + 1 :]


def heard(text: str, choices: Random) -> str:
    """Write something as it sounds."""
    text = plain(text)
    able = [each for each in _HEARD if re.search(each[0], text)]
    if not able:
        return missing(text, choices)
    written, sound = choices.choice(able)
    found = choices.choice(list(re.finditer(written, text)))
    return text[: found.start()] + found.expand(sound) + text[found.end() :]


def half(text: str, _choices: Random) -> str:
    """Return the first half of each word, of three letters or more."""
    return " ".join(word[: max(3, -(-len(word) // 2))] for word in text.split())


def abbreviated(text: str, _choices: Random) -> str:
    for written, said in _ABBREVIATED:
        text = re.sub(written, said, text, flags=re.IGNORECASE)
    return text


#: Of those, the ones that befall one letter.
LETTERS: dict[str, Slip] = {
    "neighbour key": neighbour,
    "missing letter": missing,
    "doubled letter": doubled,
    "swapped letters": swapped,
    "as it sounds": heard,
}


def two(text: str, choices: Random) -> str:
    """Return a text with two slips of two kinds."""
    first, second = choices.sample(sorted(LETTERS), 2)
    return LETTERS[second](LETTERS[first](text, choices), choices)


#: Every kind, by its name in the table.
KINDS: dict[str, Slip] = {
    "as it stands": lambda text, _choices: text,
    **LETTERS,
    "two slips": two,
    "no accent, hyphen or space": bare,
}
