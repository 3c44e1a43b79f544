"""What the screens before signing in share: what they ask of the door, how they tell its answers.

Nothing of the data layer is imported here, for the first picture stands on it. A token or a
password is handed on in a closure and never as an argument of a worker or of a message, for
both are put into words by Textual.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field, replace
from typing import TYPE_CHECKING, Any, Protocol

from textual.containers import Vertical
from textual.message import Message
from textual.widgets import Input

from models.errors import TrousseauError
from models.language import Wording, say
from screens.commands import bindings
from screens.widgets.chrome import Sentence
from screens.widgets.deeds import DeedScreen
from screens.widgets.errors import tell_error
from screens.widgets.field import Form

if TYPE_CHECKING:
    from services.admission import Admission
    from services.whom_to_ask import SchoolContact

#: The longest address there can be, and the longest password that is looked at.
LONGEST_ADDRESS = 254
LONGEST_PASSWORD = 1_024
#: Ten times a token: what a paste may bring along of spaces and line ends.
LONGEST_TOKEN = 250


class Doorway(Protocol):
    """What the door does for somebody who is not in yet; each is called in a thread.

    What is refused is raised as a `TrousseauError` in the person's own words.
    """

    def prepare(self) -> Wording | None:
        """Open what the rest needs; return what there is to say about it."""

    def sign_in(self, email: str, password: str) -> Any:
        """Return whoever has signed in."""

    def look_at_token(self, token: str) -> Admission:
        """Return what a token is for, without using it up."""

    def set_password(self, token: str, password: str, address: str | None) -> Any:
        """Use a token up and return whoever is signed in by that."""

    def confirm_address(self, token: str) -> Any:
        """Use up the token that confirms a new address."""

    def forgot_password(self, address: str) -> None:
        """Have a token mailed, where the address is known; nothing tells whether it is."""

    def whom_to_ask(self, text: str) -> Sequence[SchoolContact]:
        """Return the contacts of the schools of that FASE number or name."""


class MailQueued(Message):
    """Something has just been done that mails somebody: whoever can send now may."""


class Answer(Vertical):
    """What the door has answered: a few words on top, then the sentence."""

    DEFAULT_CSS = """
    Answer { height: auto; min-height: 4; }
    Answer.-refused > #answer-title { color: ansi_red; text-style: bold; }
    Answer > #answer-title { text-style: bold; }
    """

    def __init__(self) -> None:
        super().__init__()
        self._title = Sentence("", id="answer-title")
        self._sentence = Sentence("", id="answer")

    def say(
        self, sentence: str | Wording, title: str | Wording = "", refused: bool = False
    ) -> None:
        if not self._title.is_attached:
            if not sentence:
                return  # the first picture has nothing to answer
            self.mount(self._title, self._sentence)
        self.set_class(refused, "-refused")
        self._title.display = bool(title)
        self._title.show(title)
        self._sentence.show(sentence)

    def refuse(self, error: Exception) -> None:
        """Tell an error of ours in its words; any other gets a number for the helpdesk."""
        if isinstance(error, TrousseauError):
            self.say(error.wording, error.title, refused=True)
        else:
            self.say(say("This did not work."), refused=True)
            tell_error(self, error)


class DoorForm(Form, inherit_bindings=False):
    """Fields of the door: nothing is kept as a draft, and no key overtakes what is typed.

    What moves the focus has priority: such keys are acted on before the next one is given to
    a field. Otherwise whoever types faster than the line would read their password in the
    field of the address.
    """

    BINDINGS = [
        *(replace(key, priority=True) for key in bindings("form.next", "form.previous")),
    ]

    def action_save(self) -> None:
        # Behind the keys that a field has been given and not taken in yet.
        entry = self.screen.focused
        later = entry.call_later if isinstance(entry, Input) else self.call_later
        later(super().action_save)


class AnswerScreen(DeedScreen[Any]):
    """A form in the middle of the screen, and below it what was answered to it."""

    DEFAULT_CSS = """
    AnswerScreen { align: center middle; }
    AnswerScreen > .door { width: 76; max-width: 100%; height: auto; max-height: 100%; }
    AnswerScreen .heading { text-style: bold; margin-bottom: 1; }
    AnswerScreen .quiet { text-style: dim; }
    AnswerScreen Field { margin-bottom: 1; }
    AnswerScreen Field > .label { width: 21; }
    AnswerScreen Field > .message { width: 20; }
    AnswerScreen.-narrow Field > .message { width: auto; max-width: 20; }
    AnswerScreen.-narrow #strength { height: auto; min-height: 2; }
    """

    def __init__(self) -> None:
        super().__init__()
        self.answer = Answer()

    def ask(self, question: Callable[[], None]) -> None:
        """Ask in a thread, saying so meanwhile; one question at a time."""
        self.answer.say(say("One moment…"))
        self.attempt(question, group="door", exclusive=True)

    def failed(self, error: Exception) -> None:
        self.answer.refuse(error)


class DoorScreen(AnswerScreen):
    """A screen before signing in; Esc goes back to the way in."""

    @dataclass
    class SignedIn(Message):
        """Somebody is in; `who` is what the door returned."""

        who: Any = field(repr=False)

    def __init__(self, door: Doorway) -> None:
        super().__init__()
        self.door = door
