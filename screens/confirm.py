"""Questions: yes or no, and the one that wants a number typed.

Asked only where something leaves the house or cannot be undone; everything else is done at
once and has its undo.
"""

from textual import on
from textual.app import ComposeResult
from textual.containers import Vertical
from textual.widgets import Input, Static

from models.language import Wording, _
from models.text import squeeze
from screens.commands import bindings
from screens.widgets.dialog import Dialog, said
from screens.widgets.field import TextInput
from screens.widgets.text import safe


class ConfirmScreen(Dialog[bool]):
    """Ask `question`, with what follows from it in `detail`; the result is the answer.

    Letters by language: `o`/`n` in French, `y`/`n` in English. `Esc` is no. There is no key
    on which a hasty Enter could say yes.
    """

    BINDINGS = [*bindings("dialog.yes-fr", "dialog.yes-en", "dialog.no", "dialog.close")]

    def __init__(self, title: str | Wording, question: Wording, detail: Wording | None = None):
        super().__init__()
        self._title, self._question, self._detail = title, question, detail

    def compose(self) -> ComposeResult:
        with Vertical(classes="dialog-box") as box:
            box.border_title = safe(said(self._title))
            yield Static(safe(self._question.text()))
            if self._detail:
                yield Static(safe(self._detail.text()), classes="detail")
            yield Static(safe(self._keys()), classes="keys")

    def _keys(self) -> str:
        return _("y yes   n no   Esc no")

    def action_answer(self, answer: bool) -> None:
        self.dismiss(answer)

    def action_close(self) -> None:
        self.dismiss(False)


class TypedConfirmScreen(Dialog[bool]):
    """Ask for a word or number to be typed before something large is done.

    The result is True only when exactly `expected` was typed, blanks around it aside.
    """

    BINDINGS = [*bindings("dialog.close")]

    def __init__(self, title: str | Wording, question: Wording, expected: str):
        super().__init__()
        self._title, self._question, self._expected = title, question, expected

    def compose(self) -> ComposeResult:
        with Vertical(classes="dialog-box") as box:
            box.border_title = safe(said(self._title))
            yield Static(safe(self._question.text()))
            yield TextInput(max_length=40, id="typed")
            yield Static("", id="complaint", classes="complaint")
            yield Static(safe(_("Enter confirms   Esc no")), classes="keys")

    @on(Input.Submitted)
    def _check(self, event: Input.Submitted) -> None:
        event.stop()
        if squeeze(event.value) == self._expected:
            self.dismiss(True)
            return
        self.query_one("#complaint", Static).update(safe(_("This is not the number asked for.")))

    def action_close(self) -> None:
        self.dismiss(False)
