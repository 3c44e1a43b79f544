"""What the screens of the reading room share: kinds and signs, ways in, files, questions."""

from __future__ import annotations

import re
import shlex
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from functools import partial
from pathlib import Path, PurePosixPath
from typing import TYPE_CHECKING, Any, TypeVar
from zoneinfo import ZoneInfo

from textual import on
from textual.app import ComposeResult
from textual.containers import Vertical
from textual.message import Message
from textual.screen import Screen
from textual.widgets import Static

from models.language import Wording, _, say
from models.schools import DEFAULT_TIME_ZONE
from models.text import clean
from screens.commands import bindings
from screens.confirm import ConfirmScreen
from screens.widgets.counts import Kind
from screens.widgets.deeds import DeedScreen
from screens.widgets.dialog import Dialog
from screens.widgets.reader import Paragraph, Reader
from screens.widgets.text import number, safe
from screens.workplace import Workplace
from screens.workshop_dialogs import ask_folder, tell
from services.new_files import write_new
from services.reading_room import KIND_WORDS, RoomRow

if TYPE_CHECKING:
    from services.document_codes import DownloadCode

Result = TypeVar("Result")

_NOT_PLAIN = re.compile(r"[^\w.]+")
_LONGEST_STEM, _LONGEST_SUFFIX = 36, 12

#: What the list can be narrowed to; the signs differ on every terminal.
ROOM_KINDS: dict[str, Kind] = {
    "unread": Kind("*", say("Unread"), "accent"),
    "official": Kind("#", say("Official")),
    "minutes": Kind("=", KIND_WORDS["minutes"]),
    "conference": Kind("@", KIND_WORDS["conference"]),
    "committee": Kind("&", KIND_WORDS["committee"]),
    "withdrawn": Kind("x", say("Withdrawn"), "quiet"),
}


def open_row(screen: Screen[Any], workplace: Workplace, row: RoomRow, searched: str = "") -> None:
    """Open what a line is about; what only its text holds is looked for in it at once."""
    if row.is_document:
        from screens.document import DocumentScreen

        words = [] if row.in_title else searched.split()
        look_for = max(words, key=len, default="")
        screen.app.push_screen(DocumentScreen(workplace, row.id, look_for=look_for))
    elif row.kind == "conference":
        from screens.conference import ConferenceScreen

        screen.app.push_screen(ConferenceScreen(workplace, row.id))
    else:
        from screens.committee import CommitteeScreen

        screen.app.push_screen(CommitteeScreen(workplace, row.id))


def download_commands(document_id: int, number: int, file_name: str) -> tuple[str, str]:
    """Return the command line that fetches a version: on the machine itself, and over SSH."""
    name = shlex.quote(file_name)
    asked = f"document get {document_id} --version {number}"
    return f"trousseau {asked} --output {name}", f"ssh … {asked} > {name}"


def calendar_commands(conference_id: int | None, name: str) -> tuple[str, str]:
    """Return the command line that writes a conference's calendar file, or that of all.

    Over SSH only the former is offered (`tui.ssh.commands`).
    """
    asked = "conference ics" if conference_id is None else f"conference ics {conference_id}"
    return f"trousseau {asked} --output {name}", f"ssh … {asked} > {name}"


def told_download(commands: tuple[str, str], screen: RoomScreen[Any]) -> Iterator[Paragraph]:
    """Yield how a file is fetched: by F8 where files may be written, and by which commands."""
    here, over_ssh = commands
    if not is_over_line(screen):
        yield Paragraph(_("F8 writes it into a folder. On the command line it is fetched by:"))
        yield Paragraph(f"    {here}", "strong")
        yield Paragraph(_("And from your own computer, over SSH:"))
        yield Paragraph(f"    {over_ssh}", "strong")
        return
    if screen.workplace.desk.actor.account_id is None:  # a head with a HeadNet password alone
        yield Paragraph(
            _(
                "Over this connection no file is written, and fetching one takes an account with "
                "an SSH key. Ask the helpdesk for one, or for this file."
            )
        )
        return
    yield Paragraph(
        _(
            "Over this connection no file is written. Fetch it from your own computer, with the "
            "same user and host as you came in by, and an SSH key that belongs to your account:"
        )
    )
    yield Paragraph(f"    {over_ssh}", "strong")
    yield Paragraph(_("You have no key yet? The page of your account tells how to add one."))


def told_code(code: DownloadCode, file_name: str, zone: ZoneInfo) -> Iterator[Paragraph]:
    """Yield how a file is fetched by a code, without an account; the time is that of `zone`."""
    from services.document_codes import MINUTES

    yield Paragraph(
        _(
            "Over this connection no file is written. Fetch it from your own computer, with the "
            "same user and host as you came in by:"
        )
    )
    # Little of a margin, so that a code stands on one line of a narrow terminal too.
    yield Paragraph(f"  ssh … document fetch {code.text} > {_plain(file_name)}", "strong")
    good = say(
        "The code is for this file alone. It is good for %(count)s minutes, until %(time)s; then "
        "F8 shows a new one.",
        count=number(MINUTES),
        time=f"{code.until.astimezone(zone):%H:%M}",
    )
    yield Paragraph(good.text())


def _plain(file_name: str) -> str:
    """Return a name for a file that no shell asks quotes for, and no line is broken within."""
    path = PurePosixPath(_NOT_PLAIN.sub("_", file_name))
    return f"{path.stem.strip('._')[:_LONGEST_STEM] or 'document'}{path.suffix[:_LONGEST_SUFFIX]}"


def is_over_line(screen: Screen[Any]) -> bool:
    """Whether the console runs on somebody else's machine, whose files are not named."""
    return not getattr(screen.app, "may_write_files", True)


class CommandLineScreen(Dialog[None]):
    """Shows the command line by which something comes or goes."""

    DEFAULT_CSS = """
    CommandLineScreen > .dialog-box { width: 76; }
    CommandLineScreen Reader { height: auto; }
    CommandLineScreen Static { height: 1; }
    """
    BINDINGS = [*bindings("dialog.close")]

    def __init__(self, title: Wording, paragraphs: list[Paragraph]) -> None:
        super().__init__()
        self._title, self._paragraphs = title, paragraphs

    def compose(self) -> ComposeResult:
        reader = Reader(self._paragraphs)
        reader.styles.height = reader.needed(min(76, self.app.size.width) - 4) + 1
        with Vertical(classes="dialog-box") as box:
            box.border_title = safe(self._title)
            yield reader
            yield Static(safe(_("Esc closes")), classes="keys")

    def action_close(self) -> None:
        self.dismiss(None)


class RoomScreen(DeedScreen[Result]):
    """A screen of the reading room: it writes files, asks before it acts, tells what it did."""

    workplace: Workplace

    @property
    def zone(self) -> ZoneInfo:
        """The time zone that days of the room are told in: of the school worked in."""
        here = self.workplace.here
        return here.zone if here is not None else ZoneInfo(DEFAULT_TIME_ZONE)

    @dataclass
    class _Kept(Message):
        path: Path

    @dataclass
    class _Done(Message):
        told: Wording

    def read_again(self) -> None:
        """Read and show anew what has just been changed."""
        raise NotImplementedError

    def keep_file(
        self,
        make: Callable[[], bytes],
        name: str,
        title: Wording,
        question: Wording,
        commands: tuple[str, str],
    ) -> None:
        """Ask for a folder and write the file `name` there; `make` is called in a thread.

        Where no file may be written, the command that fetches it is shown.
        """
        if is_over_line(self):
            self.tell_command(title, list(told_download(commands, self)))
            return
        keep = partial(self._keep, make, name)
        ask_folder(self, title, question, lambda folder: self.attempt(partial(keep, folder)))

    def tell_command(self, title: Wording, paragraphs: list[Paragraph]) -> None:
        self.app.push_screen(CommandLineScreen(title, paragraphs))

    def _keep(self, make: Callable[[], bytes], name: str, folder: Path) -> None:
        path = PurePosixPath(name)
        written = write_new(make(), folder, path.stem, path.suffix.removeprefix(".") or "bin")
        self.post_message(self._Kept(written))

    @on(_Kept)
    def _tell_kept(self, message: _Kept) -> None:
        message.stop()
        tell(self, say("%(path)s is written.", path=clean(str(message.path))))

    def do(self, deed: Callable[[], object], told: Wording) -> None:
        """Do something in a thread, tell that it is done, and show what is different."""

        def work() -> None:
            deed()
            self.post_message(self._Done(told))

        self.attempt(work)

    @on(_Done)
    def _tell_done(self, message: _Done) -> None:
        message.stop()
        tell(self, message.told)
        self.read_again()

    def ask(
        self,
        title: Wording,
        question: Wording,
        deed: Callable[[], object],
        told: Wording,
        detail: Wording | None = None,
    ) -> None:
        """Do something if the answer to a question is yes."""
        self.app.push_screen(
            ConfirmScreen(title, question, detail),
            lambda yes: self.do(deed, told) if yes else None,
        )

    def ask_to_withdraw(
        self,
        title: str,
        *,
        withdrawn: bool,
        withdraw: Callable[[], object],
        publish_again: Callable[[], object],
        detail: Wording,
    ) -> None:
        """Withdraw something if the answer is yes, or publish again what is withdrawn."""
        if withdrawn:
            self.ask(
                say("Publish again"),
                say("Publish “%(title)s” again? Heads see it as before.", title=title),
                publish_again,
                say("It is in the reading room again."),
            )
            return
        self.ask(
            say("Withdraw"),
            say("Withdraw “%(title)s”? Heads no longer see it.", title=title),
            withdraw,
            say("Withdrawn. x publishes it again."),
            detail,
        )
