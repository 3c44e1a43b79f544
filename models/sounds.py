"""How a name sounds in French: what is heard on the telephone and written otherwise.

`Philippe` and `Filipe`, `Jacques` and `Jak`, `Thiry` and `Tiri` sound alike; so do doubled
letters, and what a Fleming and a Walloon write of one sound.
"""

import re
from functools import lru_cache

#: In this order: each is replaced in what the ones before have left.
_REPLACED = (
    ("sch", "1"),
    ("sh", "1"),
    ("ch", "1"),
    ("ph", "f"),
    ("eau", "o"),
    ("au", "o"),
    ("qu", "k"),
    ("ck", "k"),
    ("ij", "i"),
)
_SOFT_C, _SOFT_G = re.compile("c(?=[eiy])"), re.compile("g(?=[eiy])")
_LETTERS = str.maketrans({"c": "k", "q": "k", "y": "i", "z": "s", "w": "v", "h": None})
_DOUBLED = re.compile(r"(.)\1+")


@lru_cache(maxsize=1_024)
def sound_key(key: str) -> str:
    """Return the sound of a normal form (`models.text.name_key`); equal ones sound alike."""
    return sound_of(key)


def sound_of(key: str) -> str:
    """Return what `sound_key` does without keeping it, for whole vocabularies."""
    for written, heard in _REPLACED:
        if written in key:
            key = key.replace(written, heard)
    if "c" in key:
        key = _SOFT_C.sub("s", key)
    if "g" in key:
        key = _SOFT_G.sub("j", key)
    return _DOUBLED.sub(r"\1", key.translate(_LETTERS))
