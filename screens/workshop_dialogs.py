"""What the screens of one workshop ask for and tell: a line, a folder, a file, what was done."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import Any, Generic, TypeVar

from textual import on
from textual.message import Message
from textual.screen import Screen

from models.errors import TrousseauError, reason_of
from models.language import Wording, say
from models.text import clean, squeeze
from screens.doorway import MailQueued
from screens.print_forms import fault
from screens.widgets.ask import AskDialog
from screens.widgets.deeds import DeedScreen
from services import workshops
from services.desk import Desk
from services.new_files import write_new

Answer = TypeVar("Answer")
Result = TypeVar("Result")

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


def may_use_files(screen: Screen[Any], otherwise: Wording | None = None) -> bool:
    """Whether this console may read and write files; where not, that is told, or `otherwise`."""
    if getattr(screen.app, "may_write_files", True):
        return True
    told = otherwise or say("Over this connection no file is read or written.")
    screen.app.notify(told.text(), severity="warning", markup=False)
    return False


def ask_folder(
    screen: Screen[Any],
    title: Wording,
    question: Wording,
    then: Callable[[Path], None],
    *,
    otherwise: Wording | None = None,
) -> None:
    """Ask for a folder to write to, where this console may; `then` is given it.

    Where it may not, that is told, by `otherwise` where there is another way.
    """
    from services.consent_printing import default_folder

    def folder(text: str) -> Path | Wording:
        path = Path(text).expanduser()
        return fault(path) or path

    if may_use_files(screen, otherwise):
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


class CalendarFileScreen(DeedScreen[Result]):
    """A screen that writes calendar files: `keep_file` asks for the folder and tells the end."""

    @dataclass
    class _Kept(Message):
        path: Path

    def keep_workshop(self, desk: Desk, workshop_id: int, reference: str) -> None:
        """Ask for a folder and put the file of a workshop there."""
        make = partial(desk.read, workshops.calendar_of, workshop_id)
        self.keep_file(make, f"{say('workshop')}-{reference}")

    def keep_file(self, make: Callable[[], bytes], name: str) -> None:
        """Ask for a folder and put the file `name.ics` there; `make` is called in a thread."""
        ask_folder(
            self,
            say("Calendar file"),
            say("%(name)s: the event and its deadlines. Folder for the file:", name=f"{name}.ics"),
            lambda folder: self.attempt(partial(self._keep, make, name, folder)),
            otherwise=say(
                "Over this connection no file is written. The mails bring the calendar files."
            ),
        )

    def _keep(self, make: Callable[[], bytes], name: str, folder: Path) -> None:
        self.post_message(self._Kept(write_new(make(), folder, name, "ics")))

    @on(_Kept)
    def _tell_kept(self, message: _Kept) -> None:
        message.stop()
        told = say(
            "%(path)s is written. Open it with a calendar, which takes the days over.",
            path=str(message.path),
        )
        tell(self, told)


def content_of(path: Path) -> bytes:
    """Return what is in a file, cut behind what any reader takes; `TrousseauError` in words."""
    try:
        with path.open("rb") as file:
            return file.read(_LARGEST_FILE + 1)
    except OSError as error:
        reason = reason_of(error)
        raise TrousseauError(say("The file cannot be read: %(reason)s.", reason=reason)) from None


def tell(screen: Screen[Any], told: Wording, *, mailed: bool = False) -> None:
    """Tell what was done; where that has mailed somebody, let the mails leave."""
    screen.app.notify(told.text(), timeout=12, markup=False)
    if mailed:
        screen.app.post_message(MailQueued())
