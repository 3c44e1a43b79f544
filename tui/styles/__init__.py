"""Styles: the colours, sixteen and one of them the accent; frames; where the cursor stands."""

from pathlib import PurePath
from typing import Any

from textual.geometry import Offset
from textual.screen import Screen
from textual.theme import Theme
from textual.widgets import Input

from tui.appearance import Style


def style_sheets(style: Style) -> list[str | PurePath]:
    """Return the style sheets of a style: what holds everywhere, then what it has of its own."""
    folder = PurePath(__file__).parent
    own = [] if style == "colour" else [folder / f"{style}.tcss"]
    return [folder / "trousseau.tcss", *own]


def focus_in(screen: Screen[Any]) -> Offset:
    """Return the cell of a screen on which the terminal's cursor stands.

    Screen readers and Braille displays follow it (FACTS, "Terminals, bytes and time"). It is
    the one that the widget with the focus names (`cursor_screen_offset`), or its first; without
    a focus the first of a question, or of the screen.
    """
    focused = screen.focused
    if focused is None:
        return next((box.content_region.offset for box in screen.query(".dialog-box")), Offset())
    place = getattr(focused, "cursor_screen_offset", None)
    if isinstance(focused, Input) and focused.cursor_at_end:
        # Textual (8.2.8) counts the cell of the cursor that it draws itself.
        return focused.cursor_screen_offset - Offset(1, 0)
    return place if isinstance(place, Offset) else focused.content_region.offset


#: The accent is cyan: of the sixteen it is the one that can be read on black and, reversed,
#: on white. Foreground and background are the terminal's own.
TROUSSEAU = Theme(
    name="trousseau",
    ansi=True,
    dark=True,
    primary="ansi_cyan",
    secondary="ansi_cyan",
    accent="ansi_cyan",
    warning="ansi_yellow",
    error="ansi_red",
    success="ansi_green",
    foreground="ansi_default",
    background="ansi_default",
    surface="ansi_default",
    panel="ansi_default",
    boost="ansi_default",
    variables={
        "ansi-background": "ansi_default",
        "ansi-foreground": "ansi_default",
        "border": "ansi_cyan",
        "border-blurred": "ansi_default",
        "block-cursor-foreground": "ansi_black",
        "block-cursor-background": "ansi_cyan",
        "input-cursor-background": "ansi_default",
        "input-cursor-foreground": "ansi_default",
        "input-cursor-text-style": "reverse",
        "input-selection-background": "ansi_cyan",
        "input-selection-foreground": "ansi_black",
        "screen-selection-background": "ansi_cyan",
        "screen-selection-foreground": "ansi_black",
    },
)
