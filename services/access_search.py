"""What is typed to search a team, as conditions on the one index that its lists are read from.

Statements are built once for each *shape* of what was typed, and executed with its words:
building one anew for every key pressed would cost more than the database needs for it.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from sqlalchemy import ColumnElement, bindparam, or_
from sqlmodel import col

from models.access import Access
from models.functions import FUNCTIONS, function_label
from models.language import LANGUAGES
from models.text import clean, name_key

#: What is typed is cut to this many characters and this many words.
_LONGEST_TEXT = 80
_MOST_WORDS = 8

#: For each word, in how many ways it may be written, and whether it names functions.
Shape = tuple[tuple[int, bool], ...]


@dataclass(frozen=True, slots=True)
class Word:
    """One word that must occur: how it may be written, and the functions named so."""

    forms: tuple[str, ...]
    functions: tuple[str, ...] = ()


def words_of(text: str, *, functions: bool) -> tuple[Word, ...]:
    """Return the words of what was typed; with `functions` they may name some too."""
    return tuple(
        _word(word, functions) for word in clean(text, _LONGEST_TEXT).split()[:_MOST_WORDS]
    )


def _word(word: str, functions: bool) -> Word:
    # An address keeps its dots and its @, a name has lost its accents and hyphens.
    key = name_key(word)
    named = [code for code in FUNCTIONS if functions and _names_function(key, code)]
    return Word(tuple(sorted({key, word.casefold()} - {""})), tuple(named))


def _names_function(word: str, code: str) -> bool:
    """Tell whether a word of the function's name begins so, in any of our languages."""
    names = (function_label(code).text(language) for language in LANGUAGES)
    return bool(word) and any(
        name_key(part).startswith(word) for name in names for part in name.split()
    )


def shape_of(words: Sequence[Word]) -> Shape:
    """Return what the conditions of these words depend on."""
    return tuple((len(word.forms), bool(word.functions)) for word in words)


def matching(shape: Shape) -> list[ColumnElement[bool]]:
    """SQL: one condition for each word; to be executed with `values_of` the words."""
    return [_matches(place, *each) for place, each in enumerate(shape)]


def _matches(place: int, forms: int, functions: bool) -> ColumnElement[bool]:
    found: list[ColumnElement[bool]] = [
        col(Access.search_key).like(bindparam(f"word_{place}_{form}"), escape="/")
        for form in range(forms)
    ]
    if functions:
        found.append(col(Access.function_key).in_(bindparam(f"functions_{place}", expanding=True)))
    return or_(*found)


def values_of(words: Sequence[Word]) -> dict[str, Any]:
    """Return the values that the conditions of `matching` are executed with."""
    values: dict[str, Any] = {}
    for place, word in enumerate(words):
        for number, form in enumerate(word.forms):
            values[f"word_{place}_{number}"] = f"%{_literally(form)}%"
        if word.functions:
            values[f"functions_{place}"] = word.functions
    return values


def _literally(text: str) -> str:
    """Return a text in which no sign means anything to LIKE."""
    return text.replace("/", "//").replace("%", "/%").replace("_", "/_")
