"""What is on screen while something is opened that takes a moment: one sentence."""

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from textual import on, work
from textual.app import ComposeResult
from textual.containers import Vertical
from textual.message import Message
from textual.screen import Screen

from models.errors import TrousseauError
from models.language import Wording, say
from screens.commands import bindings
from screens.widgets.chrome import KeyBar, Sentence, TitleBar


class OpeningScreen(Screen[None]):
    """Say `sentence` until `prepare` has ended, then post `Opened` with what it returned.

    While it `awaits_another` screen, keys that are not its own are kept for that one.
    """

    DEFAULT_CSS = """
    OpeningScreen { align: center middle; }
    OpeningScreen > #moment { width: 72; max-width: 100%; height: auto; }
    """
    BINDINGS = [*bindings("sign-in.leave")]

    @dataclass
    class Opened(Message):
        """`prepare` has ended; `what` is what it returned."""

        what: Any

    @dataclass
    class _Failed(Message):
        error: Exception

    def __init__(self, place: str, sentence: Wording, prepare: Callable[[], Any]) -> None:
        super().__init__()
        self._place, self._open = place, prepare
        self._sentence = Sentence(sentence)
        self.awaits_another = True

    def compose(self) -> ComposeResult:
        yield TitleBar(self._place)
        with Vertical(id="moment"):
            yield self._sentence
        yield KeyBar()

    def on_mount(self) -> None:
        self.call_after_refresh(self._prepare)  # behind the first picture

    def action_leave(self) -> None:
        self.app.exit(0)

    @work(thread=True, exit_on_error=False, description="open")
    def _prepare(self) -> None:
        try:
            self.post_message(self.Opened(self._open()))
        except Exception as error:
            self.post_message(self._Failed(error))

    @on(_Failed)
    def _tell_failure(self, message: _Failed) -> None:
        message.stop()
        self.awaits_another = False
        if isinstance(message.error, TrousseauError):
            self._sentence.show(message.error.wording)
        else:
            self._sentence.show(say("This could not be opened."))
            self.app.tell_error(message.error)  # type: ignore[attr-defined]
