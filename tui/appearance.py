"""What the first picture needs to know: the language and the style.

Apart from `tui.settings`, because the sign-in screen is painted before the library of the
other settings is imported (108 ms after Textual, measured on 21 November 2026).
"""

import os
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Literal

from models.language import DEFAULT_LANGUAGE, LANGUAGES
from tui.drawing.abilities import recognise

Style = Literal["colour", "monochrome", "accessible"]
STYLES: tuple[Style, ...] = ("colour", "monochrome", "accessible")
DEFAULT_STYLE: Style = "colour"
#: What draws: our own driver, or Textual's.
DRIVERS = ("changes", "stock")


@dataclass(frozen=True, slots=True)
class Appearance:
    """How the program speaks and draws: one of `LANGUAGES`, one of `STYLES`."""

    language: str = DEFAULT_LANGUAGE
    style: Style = DEFAULT_STYLE


def appearance(environ: Mapping[str, str] | None = None) -> Appearance:
    """Return what TROUSSEAU_LANGUAGE and TROUSSEAU_STYLE ask for; the style else recognised.

    A value that does not exist gives the default here, for a screen must be painted to say
    so; `tui.settings.load_settings` refuses it in words.
    """
    environ = os.environ if environ is None else environ
    language = environ.get("TROUSSEAU_LANGUAGE", "").strip().lower()
    wanted = environ.get("TROUSSEAU_STYLE", "").strip().lower()
    chosen = [style for style in STYLES if style == wanted]
    return Appearance(
        language if language in LANGUAGES else DEFAULT_LANGUAGE,
        chosen[0] if chosen else recognised_style(environ),
    )


def driver(environ: Mapping[str, str] | None = None) -> str:
    """Return which of `DRIVERS` TROUSSEAU_DRIVER asks for; the first unless told otherwise."""
    environ = os.environ if environ is None else environ
    asked = environ.get("TROUSSEAU_DRIVER", "").strip().lower()
    return asked if asked in DRIVERS else DRIVERS[0]


def shows_arrows(environ: Mapping[str, str]) -> bool:
    """Tell whether the terminal can show `↑`: what stands for it reads as the letter v."""
    return recognise(environ).codec == "utf-8"


def recognised_style(environ: Mapping[str, str]) -> Style:
    """Return the style that suits the terminal where nobody has chosen one.

    Monochrome where there are no colours, or `NO_COLOR` is set to anything (no-color.org).
    Nothing tells of a screen reader: accessible is always somebody's choice.
    """
    if environ.get("NO_COLOR") or ("TERM" in environ and not recognise(environ).colours):
        return "monochrome"
    return DEFAULT_STYLE
