"""Signing in: address and password, and what is wrong in words.

Painted before the data layer is imported: what opens the database comes as `prepare`, and
runs in a thread while the person types.
"""

from collections.abc import Callable
from dataclasses import dataclass, replace
from typing import Any

from textual import on, work
from textual.app import ComposeResult
from textual.containers import Vertical
from textual.message import Message
from textual.screen import Screen

from models.errors import TrousseauError
from models.language import N_, Wording, say
from screens.commands import bindings
from screens.widgets.chrome import KeyBar, Sentence, TitleBar
from screens.widgets.field import Field, Form

#: Takes address and password, returns whoever has signed in, raises `TrousseauError`.
SignIn = Callable[[str, str], Any]
#: Opens what signing in needs and returns what there is to say about it, if anything.
Prepare = Callable[[], Wording | None]

_LONGEST_ADDRESS = 254
_LONGEST_PASSWORD = 1_024


class _Entrance(Form, inherit_bindings=False):
    """The two fields; F8 is said to sign in, and saves nothing.

    What moves the focus has priority: such keys are acted on before the next one is given
    to a field. Otherwise whoever types faster than the line would read their password in
    the field of the address.
    """

    BINDINGS = [
        *(replace(key, priority=True) for key in bindings("form.next", "form.previous")),
        *bindings("sign-in.enter", "sign-in.go-on"),
    ]

    def action_go_on(self) -> None:
        password = self["password"].entry
        if self.screen.focused is password:  # `has_focus` follows later
            self.action_save()
        else:
            self.screen.set_focus(password)

    def action_save(self) -> None:
        # Behind the keys that the field has been given and not taken in yet.
        self["password"].entry.call_later(super().action_save)


class SignInScreen(Screen[None]):
    """Ask for address and password, and post `SignedIn` with what `sign_in` returned.

    Enter goes on to the password, and from there signs in; so does F8. Esc leaves the
    program, for nothing has been done that could be lost.
    """

    CSS = """
    SignInScreen { align: center middle; }
    SignInScreen > #entrance { width: 72; max-width: 100%; height: auto; }
    SignInScreen #welcome { text-style: bold; margin-bottom: 1; }
    SignInScreen Field { margin-bottom: 1; }
    SignInScreen Field > .label { width: 20; }
    SignInScreen Field > .message { width: 14; }
    SignInScreen #answer { color: ansi_red; min-height: 3; }
    SignInScreen #answer.-waiting { color: ansi_default; }
    SignInScreen #notice { min-height: 3; }
    """
    BINDINGS = [*bindings("sign-in.leave")]

    @dataclass
    class SignedIn(Message):
        """Address and password were right; `who` is what `sign_in` returned."""

        who: Any

    @dataclass
    class _Refused(Message):
        error: Exception

    @dataclass
    class _Prepared(Message):
        notice: Wording | None

    def __init__(self, sign_in: SignIn, prepare: Prepare = lambda: None) -> None:
        super().__init__()
        self._sign_in, self._open = sign_in, prepare
        self._form = _Entrance(
            "sign-in",
            Field("email", N_("E-mail address"), max_length=_LONGEST_ADDRESS, required=True),
            Field(
                "password",
                N_("Password"),
                max_length=_LONGEST_PASSWORD,
                required=True,
                password=True,
            ),
        )
        self._answer = Sentence("", id="answer")
        self._notice = Sentence("", id="notice")

    def compose(self) -> ComposeResult:
        yield TitleBar(N_("Sign in"))
        with Vertical(id="entrance"):
            yield Sentence(N_("Trousseau: the accounts of your school"), id="welcome")
            yield self._form
            yield self._answer
            yield self._notice
        yield KeyBar()

    def on_mount(self) -> None:
        self._form["email"].entry.focus()
        self._prepare()

    def action_leave(self) -> None:
        self.app.exit(0)

    @on(Form.Saved)
    def _ask(self, event: Form.Saved) -> None:
        event.stop()
        self._answer.set_class(True, "-waiting")
        self._answer.show(N_("One moment…"))
        self._try(event.values["email"], event.values["password"])

    @work(thread=True, exclusive=True, exit_on_error=False, group="prepare")
    def _prepare(self) -> None:
        try:
            self.post_message(self._Prepared(self._open()))
        except Exception as error:
            self.post_message(self._Refused(error))

    # Described, for Textual would otherwise keep the arguments in words: the password.
    @work(thread=True, exclusive=True, exit_on_error=False, group="sign-in", description="sign in")
    def _try(self, email: str, password: str) -> None:
        try:
            self.post_message(self.SignedIn(self._sign_in(email, password)))
        except Exception as error:
            self.post_message(self._Refused(error))

    @on(_Prepared)
    def _tell_notice(self, message: _Prepared) -> None:
        message.stop()
        self._notice.show(message.notice or "")

    @on(_Refused)
    def _tell_refusal(self, message: _Refused) -> None:
        message.stop()
        self._answer.set_class(False, "-waiting")
        if isinstance(message.error, TrousseauError):
            self._answer.show(message.error.wording)
        else:
            self._answer.show(say("Signing in did not work."))
            self.app.tell_error(message.error)  # type: ignore[attr-defined]
        password = self._form["password"]
        password.value = ""
        if self._form["email"].value:
            password.entry.focus()
