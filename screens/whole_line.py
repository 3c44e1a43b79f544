"""A line of a list in full, one thing below the other: for small screens, and to be read out."""

from collections.abc import Sequence

from textual.app import ComposeResult
from textual.containers import Vertical
from textual.widget import Widget
from textual.widgets import Static

from models.language import _
from screens.commands import bindings
from screens.widgets.chrome import Sentence
from screens.widgets.dialog import Dialog
from screens.widgets.reader import Paragraph, Reader
from screens.widgets.text import safe

#: Of the box, in cells.
_WIDTH = 76


class WholeLineScreen(Dialog[None]):
    """Shows each column with its title, then `about`, what the screen tells of the line.

    `title` stands above what is no line of a list but as short.
    """

    DEFAULT_CSS = """
    WholeLineScreen > .dialog-box { width: 76; max-height: 90%; }
    WholeLineScreen Static { height: 1; }
    """
    asks, is_left_for_search = False, True
    BINDINGS = [*bindings("dialog.close")]

    def __init__(
        self, told: Sequence[tuple[str, str]], about: Sequence[str], *, title: str = ""
    ) -> None:
        super().__init__()
        self._title = title
        columns = [
            Paragraph(
                _("%(title)s: %(text)s") % {"title": title, "text": text} if title else text,
                apart=False,
            )
            for title, text in told
            if text.strip()
        ]
        self._paragraphs = [*columns, *(Paragraph(text, apart=True) for text in about)]

    def compose(self) -> ComposeResult:
        with Vertical(classes="dialog-box") as box:
            box.styles.height = self._lines_needed
            box.border_title = safe(self._title or _("The whole line"))
            yield Reader(self._paragraphs)
            yield Static(safe(_("Esc closes")), classes="keys")

    @property
    def _lines_needed(self) -> int:
        """The text, a line that may tell of more below, the key, and a frame around them."""
        return Reader(self._paragraphs).needed(min(_WIDTH, self.app.size.width) - 4) + 5

    def action_close(self) -> None:
        self.dismiss(None)


def told_about(table: Widget) -> list[str]:
    """Return what the screen of a list tells of its line: in `tell_line`, or below the list."""
    if tell := getattr(table.screen, "tell_line", None):
        return [text for text in tell() if text]
    details = table.screen.query(".line-detail").results(Sentence)
    return [sentence.text for sentence in details if sentence.text]
