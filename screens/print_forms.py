"""Printing consent forms from a screen: where the PDF goes, then the printing itself."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING

from textual.message import Message

from models.language import Wording, _, say, say_n
from models.text import clean, squeeze
from screens.jobs import Jobs
from screens.progress import ProgressScreen
from screens.widgets.ask import AskDialog
from screens.widgets.deeds import DeedScreen
from services.consent_printing import PrintedForms, default_folder, print_forms
from services.imports.roster import Progress

if TYPE_CHECKING:
    from services.desk import Desk

_LONGEST_PATH = 1_000


class PrintingScreen(DeedScreen[None]):
    """A screen that prints forms: it calls `print_forms` and is told `Printed` at the end."""

    @dataclass
    class Printed(Message):
        printed: PrintedForms

    @property
    def may_print(self) -> bool:
        """Whether this console may write files; where not, that is told."""
        if not getattr(self.app, "may_write_files", True):
            told = _(
                "Over this connection no file is written. "
                "Ask whoever runs the console for the forms."
            )
            self.app.notify(told, severity="warning", markup=False)
            return False
        return True

    def print_forms(self, desk: Desk, team: tuple[int, int], people: Sequence[int]) -> None:
        """Ask for the folder, then print the forms of these people of a school and year."""

        def work(folder: Path, report: Progress) -> PrintedForms:
            printed = print_forms(desk, *team, people, folder, report)
            self.post_message(self.Printed(printed))
            return printed

        def answered(folder: Path | None) -> None:
            if folder is not None:
                jobs: Jobs = self.app.jobs  # type: ignore[attr-defined]
                self.app.push_screen(ProgressScreen(jobs.start(title, partial(work, folder))))

        title = say_n(
            "Printing %(count)s consent form", "Printing %(count)s consent forms", len(people)
        )
        self.app.push_screen(PrintFormsScreen(len(people), default_folder()), answered)


class PrintFormsScreen(AskDialog[Path]):
    """Ask for the folder that the PDF is put into; the result is that folder, None for none."""

    def __init__(self, count: int, folder: Path) -> None:
        super().__init__(
            say("Print consent forms"),
            _question(count),
            say("Enter makes the PDF   Esc closes"),
            value=str(folder),
            longest=_LONGEST_PATH,
        )

    def read(self, text: str) -> Path | Wording:
        folder = Path(squeeze(clean(text))).expanduser()
        return fault(folder) or folder


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
