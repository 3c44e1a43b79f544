"""What the consent forms say: every version of the text, word for word."""

from datetime import date

from textual.app import ComposeResult
from textual.screen import Screen

from models.consent_texts import CONSENT_TEXTS, ConsentText, current_version
from models.language import N_, Wording, _, current_language, say
from screens.commands import bindings
from screens.widgets.chrome import KeyBar, Sentence, TitleBar
from screens.widgets.reader import Paragraph, Reader


class ConsentTextScreen(Screen[None]):
    """Show the version in force on `today`; the arrows go to the others, F9 to the other
    language."""

    DEFAULT_CSS = "ConsentTextScreen > #version { height: 1; padding: 0 3; text-style: bold; }"
    BINDINGS = [*bindings("text.older", "text.newer")]

    def __init__(self, today: date) -> None:
        super().__init__()
        self._in_force = current_version(today)
        self._place = next(i for i, t in enumerate(CONSENT_TEXTS) if t.version == self._in_force)
        self._version = Sentence("", id="version")
        self._reader = Reader()

    def compose(self) -> ComposeResult:
        yield TitleBar(N_("The text of the consent"))
        yield self._version
        yield self._reader
        yield KeyBar()

    def on_mount(self) -> None:
        self._reader.focus()
        self._show()

    def language_changed(self) -> None:
        self._show()

    def action_older(self) -> None:
        self._go(-1)

    def action_newer(self) -> None:
        self._go(1)

    def _go(self, step: int) -> None:
        self._place = max(0, min(self._place + step, len(CONSENT_TEXTS) - 1))
        self._show()

    def check_action(self, action: str, parameters: tuple[object, ...]) -> bool | None:
        if action in ("older", "newer"):
            return len(CONSENT_TEXTS) > 1
        return True

    def _show(self) -> None:
        text = CONSENT_TEXTS[self._place]
        self._version.show(_told(text, self._in_force))
        self._reader.show(_paragraphs(text))


def _told(text: ConsentText, in_force: int) -> Wording:
    if text.version == in_force:
        return say(
            "Version %(version)s, in force since %(day)s", version=text.version, day=text.since
        )
    return say("Version %(version)s of %(day)s", version=text.version, day=text.since)


def _paragraphs(text: ConsentText) -> list[Paragraph]:
    words = text.in_language(current_language())
    shown = [Paragraph(words.title, "strong"), Paragraph(words.statement)]
    for each in words.paragraphs(
        _("(the governing body or the school)"), _("(the school’s contact)")
    ):
        shown += [Paragraph(each.heading, "accent"), Paragraph(each.body, apart=False)]
    return shown
