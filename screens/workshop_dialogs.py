"""What the screens of one workshop ask for and tell: a line, a folder, a file, what was done."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any, Generic, TypeVar

from textual.screen import Screen

from models.errors import TrousseauError
from models.language import Wording, _, say
from models.text import clean, squeeze
from screens.doorway import MailQueued
from screens.print_forms import fault
from screens.widgets.ask import AskDialog

Answer = TypeVar("Answer")

_LONGEST_PATH = 1_000
#: Lists of participants and of who was there are small; what is larger is another file.
_LARGEST_FILE = 16 * 2**20


class AskLineScreen(AskDialog[Answer], Generic[Answer]):
    """Ask for one line; the result is what `answer` makes of it, None where it was closed."""

    def __init__(
        self,
        title: Wording | str,
        question: Wording,
        keys: Wording,
        answer: Callable[[str], Answer | Wording],
        *,
        longest: int,
        value: str = "",
    ) -> None:
        super().__init__(title, question, keys, longest=longest, value=value)
        self._answer = answer

    def read(self, text: str) -> Answer | Wording:
        return self._answer(squeeze(clean(text)))


def may_use_files(screen: Screen[Any]) -> bool:
    """Whether this console may read and write files; where not, that is told."""
    if getattr(screen.app, "may_write_files", True):
        return True
    told = _("Over this connection no file is read or written.")
    screen.app.notify(told, severity="warning", markup=False)
    return False


def ask_folder(
    screen: Screen[Any], title: Wording, question: Wording, then: Callable[[Path], None]
) -> None:
    """Ask for a folder to write to, where this console may; `then` is given it."""
    from services.consent_printing import default_folder

    def folder(text: str) -> Path | Wording:
        path = Path(text).expanduser()
        return fault(path) or path

    if may_use_files(screen):
        keys = say("Enter writes the file   Esc closes")
        value = str(default_folder())
        dialog = AskLineScreen(title, question, keys, folder, longest=_LONGEST_PATH, value=value)
        screen.app.push_screen(dialog, lambda found: then(found) if found else None)


def ask_file(
    screen: Screen[Any], title: Wording, question: Wording, then: Callable[[Path], None]
) -> None:
    """Ask for a file to read, where this console may; `then` is given it."""

    def file(text: str) -> Path | Wording:
        path = Path(text).expanduser()
        return path if path.is_file() else say("There is no such file.")

    if may_use_files(screen):
        keys = say("Enter reads the file   Esc closes")
        dialog = AskLineScreen(title, question, keys, file, longest=_LONGEST_PATH)
        screen.app.push_screen(dialog, lambda found: then(found) if found else None)


def content_of(path: Path) -> bytes:
    """Return what is in a file, cut behind what any reader takes; `TrousseauError` in words."""
    try:
        with path.open("rb") as file:
            return file.read(_LARGEST_FILE + 1)
    except OSError as error:
        reason = error.strerror or type(error).__name__
        raise TrousseauError(say("The file cannot be read: %(reason)s.", reason=reason)) from None


def tell(screen: Screen[Any], told: Wording, *, mailed: bool = False) -> None:
    """Tell what was done; where that has mailed somebody, let the mails leave."""
    screen.app.notify(told.text(), timeout=12, markup=False)
    if mailed:
        screen.app.post_message(MailQueued())
