"""What the first picture needs to know: the language and the style.

Apart from `tui.settings`, because the sign-in screen is painted before the library of the
other settings is imported (108 ms after Textual, measured on 21 November 2026).
"""

import os
from collections.abc import Mapping
from dataclasses import dataclass

from models.language import DEFAULT_LANGUAGE, LANGUAGES

STYLES = ("colour", "monochrome", "accessible")
DEFAULT_STYLE = "colour"
#: What draws: our own driver, or Textual's.
DRIVERS = ("changes", "stock")


@dataclass(frozen=True, slots=True)
class Appearance:
    """How the program speaks and draws: one of `LANGUAGES`, one of `STYLES`."""

    language: str = DEFAULT_LANGUAGE
    style: str = DEFAULT_STYLE


def appearance(environ: Mapping[str, str] | None = None) -> Appearance:
    """Return what TROUSSEAU_LANGUAGE and TROUSSEAU_STYLE ask for.

    A value that does not exist gives the default here, for a screen must be painted to say
    so; `tui.settings.load_settings` refuses it in words.
    """
    environ = os.environ if environ is None else environ
    language = environ.get("TROUSSEAU_LANGUAGE", "").strip().lower()
    style = environ.get("TROUSSEAU_STYLE", "").strip().lower()
    return Appearance(
        language if language in LANGUAGES else DEFAULT_LANGUAGE,
        style if style in STYLES else DEFAULT_STYLE,
    )


def driver(environ: Mapping[str, str] | None = None) -> str:
    """Return which of `DRIVERS` TROUSSEAU_DRIVER asks for; the first unless told otherwise."""
    environ = os.environ if environ is None else environ
    asked = environ.get("TROUSSEAU_DRIVER", "").strip().lower()
    return asked if asked in DRIVERS else DRIVERS[0]
