"""What values of the data are called: one place for imports, plans and the story of a person."""

import re
from collections.abc import Callable, Mapping
from datetime import date
from typing import Any

from models.functions import FUNCTION_RANK, function_label
from models.language import Wording, say
from models.rights import ROLES as CONSOLE_ROLES
from models.roles import MISSIONS, ROLES, role_label
from services import profiles

__all__ = ["value_words"]

_NOTHING, _YES, _NO = say("nothing"), say("yes"), say("no")
_DAY = re.compile(r"\d{4}-\d\d-\d\d")
_LANGUAGES = {
    "fr": say("French"),
    "en": say("English"),
    "nl": say("Dutch"),
    "de": say("German"),
}
_SCHOOL_YEARS = {
    "official": say("official"),
    "computed": say("computed"),
    "undecided": say("first day undecided"),
    "imported": say("imported"),
    "edited": say("corrected by hand"),
}
_DOUBLES = {"same": say("the same person"), "different": say("not the same person")}
_TRUTHS = {"True": _YES, "False": _NO}


def value_words(column: str, value: Any, table: str = "") -> Any:
    """Return a value of a column as people read it: in words, as a date, or as it is.

    `value` stands in a plan or in the journal, bare or as text. What is no known code stays, for
    sources write what they like. `table` is asked only where tables share a column's name.
    """
    if value is None or value == "":
        return _NOTHING
    name_of = _NAMES_OF.get((table, column)) or _NAMES.get(column)
    if name_of is not None:
        return name_of(value)
    if value is True or value is False:
        return _TRUTHS[str(value)]
    if isinstance(value, str):
        if value in _TRUTHS:
            return _TRUTHS[value]
        return _day(value)
    return value


def _day(text: str) -> date | str:
    """Return the day that a text says, the text itself where it says none."""
    try:
        return date.fromisoformat(text) if _DAY.fullmatch(text) else text
    except ValueError:
        return text


def _function(code: Any) -> Any:
    return function_label(code) if code in FUNCTION_RANK else code


def _functions(codes: Any) -> Any:
    """Return several functions, as the records keep them: codes with commas between them."""
    known = [function_label(code) for code in str(codes).split(",") if code in FUNCTION_RANK]
    if not known:
        return codes
    whole = known[0]
    for label in known[1:]:
        whole = say("%(first)s; %(second)s", first=whole, second=label)
    return whole


def _role(code: Any) -> Any:
    return role_label(code) if code in ROLES else code


def _console_role(code: Any) -> Any:
    return profiles.role_label(code) if code in CONSOLE_ROLES else code


def _mission(code: Any) -> Any:
    return MISSIONS[code].label if code in MISSIONS else code


def _among(words: Mapping[str, Wording]) -> Callable[[Any], Any]:
    return lambda code: words.get(code, code)


_NAMES: dict[str, Callable[[Any], Any]] = {
    "function": _function,
    "other_functions": _functions,
    "role": _role,
    "language": _among(_LANGUAGES),
}
_NAMES_OF: dict[tuple[str, str], Callable[[Any], Any]] = {
    ("account_role", "role"): _console_role,
    ("mission", "code"): _mission,
    ("school_year", "status"): _among(_SCHOOL_YEARS),
    ("suspected_double", "decision"): _among(_DOUBLES),
}
