"""What all modals share: an opaque box in the middle, over a screen that does not change."""

from typing import TypeVar

from textual.screen import ModalScreen

from models.language import Wording, _
from screens.widgets.leaving import LeftOnce

Result = TypeVar("Result")


class Dialog(ModalScreen[Result], LeftOnce[Result]):  # in this order for ModalScreen's CSS
    """A modal whose contents stand in a `DialogBox`.

    The screen below stays as it is: nothing is dimmed, so a modal sends its own box and no
    more (FACTS, "Terminals, bytes and time"). Nothing moves in.
    """

    DEFAULT_CSS = """
    Dialog { align: center middle; background: transparent; }
    Dialog > .dialog-box {
        width: 64; max-width: 100%; height: auto; max-height: 100%;
        border: round ansi_cyan; background: ansi_default; padding: 0 1;
        border-title-color: ansi_default; border-title-style: bold;
        border-subtitle-color: ansi_default; border-subtitle-style: none;
    }
    """
    AUTO_FOCUS = "*"


def said(sentence: str | Wording) -> str:
    """Return the text of a wording or of a message id, in the current language."""
    return sentence.text() if isinstance(sentence, Wording) else _(sentence)
