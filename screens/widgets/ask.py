"""Dialogs that ask for one line of text."""

from __future__ import annotations

from textual import on
from textual.app import ComposeResult
from textual.containers import Vertical
from textual.widgets import Input, Static

from models.language import Wording
from screens.commands import bindings
from screens.widgets.dialog import Dialog, Result
from screens.widgets.field import TextInput, TooLong
from screens.widgets.text import safe


class AskDialog(Dialog[Result | None]):
    """Ask for one line; the result is what `read` makes of it, None where it was closed.

    `title`, `question` and `keys` are wordings or finished text; `longest` counts characters.
    """

    BINDINGS = [*bindings("dialog.close")]

    def __init__(
        self,
        title: Wording | str,
        question: Wording,
        keys: Wording,
        *,
        longest: int,
        value: str = "",
    ) -> None:
        super().__init__()
        self._title, self._question, self._keys = title, question, keys
        self._longest, self._value = longest, value

    def read(self, text: str) -> Result | Wording:
        """Return the result for what was typed, or the complaint about it."""
        raise NotImplementedError

    def compose(self) -> ComposeResult:
        with Vertical(classes="dialog-box") as box:
            box.border_title = safe(self._title)
            yield Static(safe(self._question))
            yield TextInput(self._value, max_length=self._longest)
            yield Static("", id="complaint", classes="complaint")
            yield Static(safe(self._keys), classes="keys")

    @on(Input.Changed)
    def _take_back(self, event: Input.Changed) -> None:
        """Let the complaint go: it was about what is no longer there."""
        event.stop()
        self.query_one("#complaint", Static).update("")

    @on(TooLong)
    def _tell_limit(self, event: TooLong) -> None:
        event.stop()
        self.query_one("#complaint", Static).update(safe(event.complaint.text()))

    @on(Input.Submitted)
    def _check(self, event: Input.Submitted) -> None:
        event.stop()
        found = self.read(event.value)
        if isinstance(found, Wording):
            self.query_one("#complaint", Static).update(safe(found.text()))
        else:
            self.dismiss(found)

    def action_close(self) -> None:
        self.dismiss(None)
