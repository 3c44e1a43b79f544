"""Questions: yes or no, and the one that wants a number typed.

Asked only where something leaves the house or cannot be undone; everything else is done at
once and has its undo.
"""

from textual.app import ComposeResult
from textual.containers import Vertical
from textual.widgets import Static

from models.language import Wording, _, say
from models.text import squeeze
from screens.commands import bindings
from screens.widgets.ask import AskDialog
from screens.widgets.dialog import Dialog, said
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


class TypedConfirmScreen(AskDialog[bool]):
    """Ask for a word or number to be typed before something large is done.

    The result is True only when exactly `expected` was typed, blanks around it aside.
    """

    def __init__(self, title: str | Wording, question: Wording, expected: str) -> None:
        super().__init__(said(title), question, say("Enter confirms   Esc no"), longest=40)
        self._expected = expected

    def read(self, text: str) -> bool | Wording:
        if squeeze(text) == self._expected:
            return True
        return say("This is not the number asked for.")
