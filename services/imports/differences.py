"""What an import changes in a person or post, in words."""

from datetime import date
from typing import Any

from models.functions import FUNCTION_RANK, function_label
from models.language import Wording, say
from models.roles import ROLES, role_label

_LABELS = {
    "surname": say("surname"),
    "first_name": say("first name"),
    "birth_date": say("birth date"),
    "staff_number": say("staff number"),
    "sex": say("sex"),
    "language": say("language"),
    "personal_email": say("personal e-mail"),
    "function": say("function"),
    "other_functions": say("other functions"),
    "role": say("role"),
    "start_date": say("start date"),
    "exit_date": say("exit date"),
    "present": say("presence"),
    "school_email": say("school e-mail"),
}
_DATES = frozenset(("birth_date", "start_date", "exit_date"))


def differences(before: dict[str, Any], after: dict[str, Any]) -> Wording | None:
    """Return "function: Teacher → Educator; …" of what a person may read, None for nothing."""
    told = [
        say(
            "%(what)s: %(before)s → %(after)s",
            what=_LABELS[name],
            before=_shown(name, before[name]),
            after=_shown(name, value),
        )
        for name, value in after.items()
        if name in _LABELS
    ]
    return _joined(told) if told else None


def _joined(texts: list[Wording]) -> Wording:
    whole = texts[0]
    for text in texts[1:]:
        whole = say("%(first)s; %(second)s", first=whole, second=text)
    return whole


def sentences(texts: list[Wording]) -> Wording:
    """Return several sentences about one line as one."""
    whole = texts[0]
    for text in texts[1:]:
        whole = say("%(first)s · %(second)s", first=whole, second=text)
    return whole


_NOTHING = say("nothing")
_YES, _NO = say("yes"), say("no")


def _shown(name: str, value: Any) -> Any:
    if value in (None, ""):
        return _NOTHING
    if name in _DATES:
        return date.fromisoformat(value)
    if name == "present":
        return _YES if value else _NO
    if name == "function":
        return function_label(value) if value in FUNCTION_RANK else value
    if name == "other_functions":
        return _joined_functions(value)
    if name == "role":
        return role_label(value) if value in ROLES else value
    return value


def _joined_functions(codes: str) -> Any:
    known = [function_label(code) for code in codes.split(",") if code in FUNCTION_RANK]
    return _joined(known) if known else codes
