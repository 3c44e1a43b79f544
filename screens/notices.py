"""What somebody has to know on signing in: wrong tries since the last time, for instance."""

from collections.abc import Sequence

from textual.app import ComposeResult
from textual.containers import Vertical
from textual.widgets import Static

from models.language import Wording, _
from screens.commands import bindings
from screens.widgets.dialog import Dialog
from screens.widgets.text import safe


class NoticesScreen(Dialog[None]):
    """Show sentences until they are put away: a message that fades may be missed."""

    BINDINGS = [*bindings("notices.close")]

    def __init__(self, notices: Sequence[Wording]) -> None:
        super().__init__()
        self._notices = tuple(notices)

    def compose(self) -> ComposeResult:
        with Vertical(classes="dialog-box") as box:
            box.border_title = safe(_("For your attention"))
            for place, notice in enumerate(self._notices):
                yield Static(safe(notice.text()), classes="detail" if place else None)
            yield Static(safe(_("Enter or Esc goes on")), classes="keys")

    def action_close(self) -> None:
        self.dismiss(None)
