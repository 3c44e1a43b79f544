"""One more access for somebody who has an account already: its own password opens it."""

from __future__ import annotations

from typing import TYPE_CHECKING

from textual import on
from textual.app import ComposeResult
from textual.containers import Vertical

from models.language import N_, say
from screens.commands import bindings
from screens.doorway import LONGEST_PASSWORD, DoorForm, DoorScreen, Doorway, MailQueued
from screens.new_password import greeting, validity
from screens.widgets.chrome import KeyBar, Sentence, TitleBar
from screens.widgets.field import Field, Form

if TYPE_CHECKING:
    from services.admission import Admission


class _KnownForm(DoorForm):
    BINDINGS = [*bindings("known.activate")]


class KnownAccountScreen(DoorScreen):
    """Ask whom the token admits for the password they have; F8 activates and signs in."""

    BINDINGS = [*bindings("sign-in.forgotten")]

    def __init__(self, door: Doorway, admission: Admission, token: str) -> None:
        super().__init__(door)
        self._admission, self._token = admission, token
        self._form = _KnownForm(
            "known-account",
            Field(
                "password",
                N_("Your password"),
                max_length=LONGEST_PASSWORD,
                required=True,
                password=True,
            ),
        )

    def compose(self) -> ComposeResult:
        yield TitleBar(N_("Activate one more access"))
        with Vertical(classes="door"):
            yield Sentence(greeting(self._admission), classes="heading")
            yield Sentence(validity(self._admission))
            yield self._form
            yield self.answer
        yield KeyBar()

    def on_mount(self) -> None:
        self.set_focus(self._form["password"].entry)
        self.answer.say(
            say(
                "You have an account already: %(email)s. Its password activates this access "
                "too. Forgotten? F4 has a token mailed; this one stays valid meanwhile.",
                email=self._admission.email,
            )
        )

    @on(Form.Saved)
    def _activate(self, event: Form.Saved) -> None:
        event.stop()
        token, password = self._token, event.values["password"]

        def activate() -> None:
            self.post_message(self.SignedIn(self.door.set_password(token, password, None)))
            self.app.post_message(MailQueued())

        self.ask(activate)

    def failed(self, error: Exception) -> None:
        super().failed(error)
        self._form["password"].value = ""

    def action_forgotten(self) -> None:
        from screens.forgotten_password import ForgottenPasswordScreen

        self.app.push_screen(ForgottenPasswordScreen(self.door, self._admission.email))
