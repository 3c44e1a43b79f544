"""The languages of the program, and sentences that are translated when they are shown.

A service never returns a finished sentence: it returns a `Wording`, which the screen,
the command line or a mail turns into text in its reader's language. Wordings can be
stored (plans keep theirs) and are translated anew each time they are read.
"""

import gettext as _gettext
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import date, datetime
from functools import cache
from pathlib import Path
from typing import Any

LANGUAGES = ("fr", "en")
DEFAULT_LANGUAGE = "fr"
LOCALE_FOLDER = Path(__file__).parent / "locale"

_current = DEFAULT_LANGUAGE


def use_language(language: str) -> None:
    """Make `language` the one that `_`, `ngettext` and `Wording.text` speak from now on."""
    global _current
    if language not in LANGUAGES:
        raise ValueError(f"unknown language {language!r}")
    _current = language


def current_language() -> str:
    return _current


@cache
def translations(language: str) -> _gettext.NullTranslations:
    """Return the catalogue of a language; English is the language of the message ids."""
    if language == "en":
        return _gettext.NullTranslations()
    return _gettext.translation("trousseau", LOCALE_FOLDER, languages=[language], fallback=True)


def _(message: str) -> str:
    return translations(_current).gettext(message)


def ngettext(singular: str, plural: str, n: int) -> str:
    return translations(_current).ngettext(singular, plural, n)


def N_(message: str) -> str:
    """Mark a message for translation without translating it yet."""
    return message


@dataclass(frozen=True)
class Wording:
    """A sentence with its values, not yet in any language.

    `message` is the English sentence with `%(name)s` places. A value may be text, a
    number, a `date`, an aware `datetime`, or another wording.
    """

    message: str
    values: Mapping[str, Any] = field(default_factory=dict)
    plural: str | None = None
    count: int = 0

    def text(self, language: str | None = None) -> str:
        """Return the sentence in `language`, or in the current one."""
        language = language or _current
        if not self.message:
            return ""  # gettext answers the empty message with the catalogue's header
        catalogue = translations(language)
        if self.plural is None:
            sentence = catalogue.gettext(self.message)
        else:
            sentence = catalogue.ngettext(self.message, self.plural, self.count)
        if not self.values:
            return sentence
        return sentence % {name: _shown(value, language) for name, value in self.values.items()}

    def __str__(self) -> str:
        return self.text()

    def to_json(self) -> Any:
        """Return a JSON value from which `wording_from_json` makes the same wording."""
        if not self.values and self.plural is None:
            return self.message
        packed: list[Any] = [self.message, {k: _packed(v) for k, v in self.values.items()}]
        if self.plural is not None:
            packed += [self.plural, self.count]
        return packed


def wording_from_json(packed: Any) -> Wording:
    if isinstance(packed, str):
        return Wording(packed)
    values = {k: _unpacked(v) for k, v in packed[1].items()}
    return Wording(packed[0], values, *packed[2:])


def say(message: str, /, **values: Any) -> Wording:
    """Return the wording of a sentence: `say("%(name)s has no address", name=...)`."""
    return Wording(message, values)


def say_n(singular: str, plural: str, count: int, /, **values: Any) -> Wording:
    """Return the wording of a sentence whose form depends on `count`, given as `%(count)s`."""
    return Wording(singular, {"count": count, **values}, plural, count)


def _shown(value: Any, language: str) -> Any:
    if isinstance(value, Wording):
        return value.text(language)
    if isinstance(value, datetime):
        return format_day(value, language) + _BEFORE_TIME[language] + value.strftime("%H:%M")
    if isinstance(value, date):
        return format_day(value, language)
    return value


def format_day(day: date, language: str | None = None) -> str:
    """Return a date as people of the language write it: 24/08/2026 in both, day first."""
    return day.strftime("%d/%m/%Y")


#: What stands between day and time, as in `01/09/2026 10:30` and `01/09/2026, 10:30`.
_BEFORE_TIME = {"fr": " ", "en": ", "}


def _packed(value: Any) -> Any:
    if isinstance(value, Wording):
        return {"wording": value.to_json()}
    if isinstance(value, datetime):
        return {"instant": value.isoformat()}
    if isinstance(value, date):
        return {"day": value.isoformat()}
    return value


def _unpacked(value: Any) -> Any:
    if not isinstance(value, dict):
        return value
    ((kind, inner),) = value.items()
    if kind == "wording":
        return wording_from_json(inner)
    return datetime.fromisoformat(inner) if kind == "instant" else date.fromisoformat(inner)


def dumps(value: Any) -> str:
    """Return compact JSON, letters kept readable."""
    import json

    return json.dumps(value, ensure_ascii=False, separators=(",", ":"))
