"""Where the consent forms go: the small form that asks for a folder."""

from pathlib import Path

from textual import on
from textual.app import ComposeResult
from textual.containers import Vertical
from textual.widgets import Input, Static

from models.language import Wording, _, say, say_n
from models.text import clean, squeeze
from screens.commands import bindings
from screens.widgets.dialog import Dialog
from screens.widgets.field import TextInput
from screens.widgets.text import safe

_LONGEST_PATH = 1_000


class PrintFormsScreen(Dialog[Path | None]):
    """Ask for the folder that the PDF is put into; the result is that folder, None for none."""

    BINDINGS = [*bindings("dialog.close")]

    def __init__(self, count: int, folder: Path) -> None:
        super().__init__()
        self._count, self._folder = count, folder

    def compose(self) -> ComposeResult:
        with Vertical(classes="dialog-box") as box:
            box.border_title = safe(_("Print consent forms"))
            yield Static(safe(_question(self._count).text()))
            yield TextInput(str(self._folder), max_length=_LONGEST_PATH, id="folder")
            yield Static("", id="complaint", classes="complaint")
            yield Static(safe(_("Enter makes the PDF   Esc closes")), classes="keys")

    @on(Input.Submitted)
    def _check(self, event: Input.Submitted) -> None:
        event.stop()
        folder = Path(squeeze(clean(event.value))).expanduser()
        if (wrong := fault(folder)) is None:
            self.dismiss(folder)
            return
        self.query_one("#complaint", Static).update(safe(wrong.text()))

    def action_close(self) -> None:
        self.dismiss(None)


def fault(folder: Path) -> Wording | None:
    """Return why nothing can be put into a folder of that name, as far as can be told."""
    if not folder.is_absolute():
        return say("Type the whole path, from / or ~ on.")
    if folder.exists() and not folder.is_dir():
        return say("This is a file and no folder.")
    return None


def _question(count: int) -> Wording:
    return say_n(
        "%(count)s form to sign. Folder for the PDF:",
        "%(count)s forms to sign. Folder for the PDF:",
        count,
    )
