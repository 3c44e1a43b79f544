"""Signing in: address and password, what is wrong in words, and the ways for who has neither.

Painted before the data layer is imported: what opens the database is the door's `prepare`,
and runs in a thread while the person types.
"""

from dataclasses import dataclass

from textual import on
from textual.app import ComposeResult
from textual.containers import Vertical
from textual.message import Message

from models.language import N_, Wording
from screens.commands import bindings
from screens.doorway import LONGEST_ADDRESS, LONGEST_PASSWORD, DoorForm, DoorScreen, Doorway
from screens.widgets.chrome import KeyBar, Sentence, TitleBar
from screens.widgets.field import Field, Form


class _Entrance(DoorForm):
    """The two fields; F8 is said to sign in, and saves nothing."""

    BINDINGS = [*bindings("sign-in.enter", "sign-in.go-on")]

    def action_go_on(self) -> None:
        password = self["password"].entry
        if self.screen.focused is password:  # `has_focus` follows later
            self.action_save()
        else:
            self.screen.set_focus(password)


class SignInScreen(DoorScreen):
    """Ask for address and password, and post `SignedIn` with what the door returned.

    Enter goes on to the password, and from there signs in; so does F8. Esc leaves the
    program, for nothing has been done that could be lost. `told` is what there is to say to
    somebody who was signed in before.
    """

    DEFAULT_CSS = """
    SignInScreen #ways { height: auto; margin-top: 1; }
    SignInScreen #notice { margin-top: 1; }
    """
    BINDINGS = [
        *bindings("sign-in.leave", "sign-in.token", "sign-in.forgotten", "sign-in.whom-to-ask"),
        *bindings("sign-in.headnet"),
    ]

    @dataclass
    class _Prepared(Message):
        notice: Wording | None

    def __init__(self, door: Doorway, told: Wording | None = None) -> None:
        super().__init__(door)
        self._told = told
        self._form = _Entrance(
            "sign-in",
            Field("email", N_("E-mail address"), max_length=LONGEST_ADDRESS, required=True),
            Field(
                "password",
                N_("Password"),
                max_length=LONGEST_PASSWORD,
                required=True,
                password=True,
            ),
        )
        self._notice = Sentence("", id="notice")
        self._headnet = Sentence(N_("HeadNet password refused? F3 gives the three checks."))

    def compose(self) -> ComposeResult:
        yield TitleBar(N_("Sign in"))
        with Vertical(classes="door"):
            yield Sentence(N_("Trousseau: the accounts of your school"), classes="heading")
            yield self._form
            yield self.answer
            with Vertical(id="ways"):
                yield Sentence(N_("First time here? F2 takes the token that was mailed to you."))
                yield Sentence(N_("Password forgotten? F4 has a new token mailed."))
                yield Sentence(N_("No e-mail came? F6 tells whom to ask in your school."))
                yield self._headnet
            yield self._notice
        yield KeyBar()

    def on_mount(self) -> None:
        # At once and not by `focus()`, which may come when somebody types the password already.
        self.set_focus(self._form["email"].entry)
        self.answer.say(self._told or "")
        self._notice.display = self._headnet.display = False
        # Behind the first picture, which would have to share the processor with it.
        self.call_after_refresh(self.attempt, self._prepare, group="prepare", reads=True)

    @property
    def untouched(self) -> bool:
        """Whether nothing is typed here that somebody else must not find."""
        return not any(self._form.values.values())

    def action_leave(self) -> None:
        self.app.exit(0)

    # Signing in

    @on(Form.Saved)
    def _ask(self, event: Form.Saved) -> None:
        event.stop()
        email, password = event.values["email"], event.values["password"]

        def try_it() -> None:
            self.post_message(self.SignedIn(self.door.sign_in(email, password)))

        self.ask(try_it)

    def _prepare(self) -> None:
        self.post_message(self._Prepared(self.door.prepare()))

    @on(_Prepared)
    def _tell_notice(self, message: _Prepared) -> None:
        message.stop()
        self._notice.show(message.notice or "")
        self._notice.display = message.notice is not None
        self.query_one("#ways").display = message.notice is None  # they lead nowhere yet

    def failed(self, error: Exception) -> None:
        super().failed(error)
        password = self._form["password"]
        if password.value:  # whoever was refused, and whatever was typed
            self._headnet.display = True
        password.value = ""
        if self._form["email"].value:
            self.set_focus(password.entry)

    # The other ways in. Their modules are loaded when they are needed.

    def action_token(self) -> None:
        from screens.token import TokenScreen

        self.app.push_screen(TokenScreen(self.door))

    def action_forgotten(self) -> None:
        from screens.forgotten_password import ForgottenPasswordScreen

        email = self._form["email"].value
        self.app.push_screen(ForgottenPasswordScreen(self.door, email))

    def action_whom_to_ask(self) -> None:
        from screens.whom_to_ask import WhomToAskScreen

        self.app.push_screen(WhomToAskScreen(self.door))

    def action_headnet(self) -> None:
        from screens.headnet_checks import HeadnetChecksScreen

        self.app.push_screen(HeadnetChecksScreen(self.door))
