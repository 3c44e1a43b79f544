"""What an import changes in a person or post, in words."""

from typing import Any

from models.language import Wording, say
from services.field_words import value_words

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


def differences(before: dict[str, Any], after: dict[str, Any]) -> Wording | None:
    """Return "function: Teacher → Educator; …" of what a person may read, None for nothing."""
    told = [
        say(
            "%(what)s: %(before)s → %(after)s",
            what=_LABELS[name],
            before=value_words(name, before[name]),
            after=value_words(name, value),
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
