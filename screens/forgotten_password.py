"""A forgotten password: the answer is the same whatever the address (DOMAIN §3)."""

from dataclasses import dataclass

from textual import on
from textual.app import ComposeResult
from textual.containers import Vertical
from textual.message import Message

from models.language import N_, say
from screens.commands import bindings
from screens.doorway import LONGEST_ADDRESS, DoorForm, DoorScreen, Doorway, MailQueued
from screens.new_password import address_fault
from screens.widgets.chrome import KeyBar, Sentence, TitleBar
from screens.widgets.field import Field, Form


class _AddressForm(DoorForm):
    BINDINGS = [*bindings("forgotten.send")]


class ForgottenPasswordScreen(DoorScreen):
    """Ask for the address a token is mailed to, where it is an account's."""

    BINDINGS = [*bindings("sign-in.token", "sign-in.whom-to-ask")]

    @dataclass
    class _Sent(Message):
        """The door has taken the address; nothing tells whether it knows it."""

    def __init__(self, door: Doorway, email: str = "") -> None:
        super().__init__(door)
        self._form = _AddressForm(
            "forgotten-password",
            Field(
                "email",
                N_("E-mail address"),
                email,
                max_length=LONGEST_ADDRESS,
                required=True,
                check=address_fault,
            ),
        )

    def compose(self) -> ComposeResult:
        yield TitleBar(N_("Forgotten password"))
        with Vertical(classes="door"):
            yield Sentence(
                N_("A new token is mailed to the address you sign in with."), classes="heading"
            )
            yield self._form
            yield self.answer
        yield KeyBar()

    def on_mount(self) -> None:
        self.set_focus(self._form["email"].entry)

    @on(Form.Saved)
    def _ask(self, event: Form.Saved) -> None:
        event.stop()
        address = event.values["email"]

        def forgot() -> None:
            self.door.forgot_password(address)
            self.post_message(self._Sent())

        self.ask(forgot)

    @on(_Sent)
    def _tell(self, message: _Sent) -> None:
        message.stop()
        self.app.post_message(MailQueued())
        self.answer.say(
            say(
                "If this is the address of an account, a token is on its way. It can take a few "
                "minutes; look among the unwanted mail too. F2 takes the token. Nothing came? "
                "The account may have another address, or not be activated yet: F6 tells whom "
                "to ask."
            ),
            say("The request is taken"),
        )

    def action_token(self) -> None:
        from screens.token import TokenScreen

        self.app.switch_screen(TokenScreen(self.door))

    def action_whom_to_ask(self) -> None:
        from screens.whom_to_ask import WhomToAskScreen

        self.app.switch_screen(WhomToAskScreen(self.door))
