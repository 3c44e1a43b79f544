"""The token of an e-mail: typed or pasted, with spaces or without, in capitals or not."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from textual import on
from textual.app import ComposeResult
from textual.containers import Vertical
from textual.message import Message

from models.language import N_, Wording, say
from models.tokens import count_characters
from screens.commands import bindings
from screens.confirm import ConfirmScreen
from screens.doorway import LONGEST_TOKEN, DoorForm, DoorScreen, Doorway
from screens.widgets.chrome import KeyBar, Sentence, TitleBar
from screens.widgets.field import Field, Form

if TYPE_CHECKING:
    from services.admission import Admission


class _TokenForm(DoorForm):
    BINDINGS = [*bindings("token.look")]


class TokenScreen(DoorScreen):
    """Ask for a token, and go on to what it is for. Reading it does not use it up."""

    DEFAULT_CSS = """
    TokenScreen Field > .label { width: 8; }
    TokenScreen Field > .message { width: 14; }
    """

    @dataclass
    class _Read(Message):
        admission: Admission

    @dataclass
    class _Confirmed(Message):
        email: str = field(repr=False)

    def __init__(self, door: Doorway) -> None:
        super().__init__(door)
        self._form = _TokenForm(
            "token", Field("token", N_("Token"), max_length=LONGEST_TOKEN, required=True)
        )
        self._count = Sentence("", id="count", classes="quiet")

    def compose(self) -> ComposeResult:
        yield TitleBar(N_("Sign in with a token"))
        with Vertical(classes="door"):
            yield Sentence(N_("Type the token of the e-mail, or paste it."), classes="heading")
            yield Sentence(
                N_("Spaces, hyphens and small letters do not matter. O is read as 0, I and L as 1.")
            )
            yield self._form
            yield self._count
            yield self.answer
        yield KeyBar()

    def on_mount(self) -> None:
        self.set_focus(self._form["token"].entry)

    def on_screen_resume(self) -> None:
        self.answer.say("")

    @on(Field.Edited)
    def _tell_length(self, event: Field.Edited) -> None:
        event.stop()
        self._count.show(_length(event.value))

    @property
    def _token(self) -> str:
        return self._form["token"].value

    @on(Form.Saved)
    def _look(self, event: Form.Saved) -> None:
        event.stop()
        token = self._token

        def look() -> None:
            self.post_message(self._Read(self.door.look_at_token(token)))

        self.ask(look)

    @on(_Read)
    def _go_on(self, message: _Read) -> None:
        message.stop()
        admission = message.admission
        if admission.kind == "address":
            self._ask_to_confirm(admission)
            return
        if admission.known:
            from screens.known_account import KnownAccountScreen

            self.app.push_screen(KnownAccountScreen(self.door, admission, self._token))
            return
        from screens.new_password import NewPasswordScreen

        self.app.push_screen(NewPasswordScreen(self.door, admission, self._token))

    # The token that confirms a new address

    def _ask_to_confirm(self, admission: Admission) -> None:
        token, email = self._token, admission.email

        def confirm() -> None:
            self.door.confirm_address(token)
            self.post_message(self._Confirmed(email))

        def answered(yes: bool | None) -> None:
            if yes:
                self.ask(confirm)

        question = say(
            "Is %(email)s from now on the address that %(name)s signs in with?",
            email=email,
            name=admission.name or email,
        )
        self.app.push_screen(ConfirmScreen(say("New reference address"), question), answered)

    @on(_Confirmed)
    def _tell_confirmed(self, message: _Confirmed) -> None:
        message.stop()
        self._form["token"].value = ""
        self.answer.say(
            say("Sign in with %(email)s from now on: Esc goes back.", email=message.email),
            say("The address is confirmed"),
        )


def _length(typed: str) -> Wording | str:
    """Return how much of a token is there: whoever types it need not count."""
    have, needed = count_characters(typed)
    if not have:
        return ""
    return say("%(have)s of %(needed)s characters", have=have, needed=needed)
