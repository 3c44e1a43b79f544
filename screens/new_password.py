"""One's own password, after a token: typed twice, its strength told in words meanwhile."""

from __future__ import annotations

from typing import TYPE_CHECKING

from textual import on
from textual.app import ComposeResult
from textual.containers import Vertical

from models.addresses import AddressError, likely_typing_error, parse_address
from models.language import N_, Wording, say
from screens.commands import bindings
from screens.doorway import (
    LONGEST_ADDRESS,
    LONGEST_PASSWORD,
    DoorForm,
    DoorScreen,
    Doorway,
    MailQueued,
)
from screens.widgets.chrome import KeyBar, Sentence, TitleBar
from screens.widgets.field import Field, Form, TextInput
from services.password_strength import strength

if TYPE_CHECKING:
    from services.admission import Admission


class PasswordForm(DoorForm):
    """Fields with a new password, `password` and `again`, and what is said of the two.

    `personal` are words that must not make up the password; `others` are fields before it.
    """

    DEFAULT_CSS = """
    PasswordForm #strength, PasswordForm #same { padding: 0 0 0 21; }
    PasswordForm #strength { height: 2; }
    PasswordForm #same { height: 1; margin-bottom: 1; }
    PasswordForm #field-password, PasswordForm #field-again { margin-bottom: 0; }
    """
    BINDINGS = [*bindings("password.set", "password.show")]

    def __init__(self, name: str, *others: Field, personal: tuple[str, ...] = ()) -> None:
        self._personal = personal
        self._password = _secret("password", N_("New password"), self._weakness)
        self._again = _secret("again", N_("Once more"), self._difference)
        super().__init__(name, *others, self._password, self._again)
        self._strength = Sentence(strength("").wording, id="strength")
        self._same = Sentence("", id="same")

    def compose(self) -> ComposeResult:
        yield from self._fields[:-2]
        yield self._password
        yield self._strength
        yield self._again
        yield self._same

    def _weakness(self, password: str) -> Wording | None:
        # The sentence below the field says what is wrong; beside it there is no room.
        return None if strength(password, *self._words).accepted else say("Not yet")

    def _difference(self, again: str) -> Wording | None:
        return None if again == self._password.value else say("Differs")

    @property
    def _words(self) -> tuple[str, ...]:
        shown = [field.value for field in self._fields if not field.secret]
        return (*self._personal, *shown)

    @on(Field.Edited)
    def _judge(self, event: Field.Edited) -> None:
        password, again = self._password.value, self._again.value
        self._strength.show(strength(password, *self._words).wording)
        if not again:
            self._same.show("")
        elif again == password:
            self._same.show(N_("The same, twice"))
        elif password.startswith(again):
            self._same.show(N_("The same so far"))
        else:
            self._same.show(N_("Not the same as above"))

    def action_show(self) -> None:
        """Show what is typed in every secret field, or hide it again."""
        for field in self._fields:
            if field.secret and isinstance(field.entry, TextInput):
                field.entry.password = not field.entry.password


def _secret(name: str, label: str, check: object = None) -> Field:
    return Field(
        name,
        label,
        max_length=LONGEST_PASSWORD,
        required=True,
        password=True,
        check=check,  # type: ignore[arg-type]
    )


class NewPasswordScreen(DoorScreen):
    """Ask for a password for whom the token admits; F8 sets it and signs in at once.

    Only that uses the token up: Esc, a dropped line or a refusal leave it as it was. With an
    invitation the reference address may be changed in the same step.
    """

    DEFAULT_CSS = """
    NewPasswordScreen Field > .message { width: 16; }
    NewPasswordScreen.-narrow Field > .message { width: auto; max-width: 20; }
    """

    def __init__(self, door: Doorway, admission: Admission, token: str) -> None:
        super().__init__(door)
        self._admission, self._token = admission, token
        self._invited = admission.kind == "invitation"
        address = Field(
            "address",
            N_("Reference address"),
            "" if admission.shared else admission.email,
            max_length=LONGEST_ADDRESS,
            required=True,
            check=address_fault,
        )
        self._form = PasswordForm(
            "new-password",
            *([address] if self._invited else []),
            personal=(admission.name, admission.email),
        )

    def compose(self) -> ComposeResult:
        yield TitleBar(N_("Define your password"))
        with Vertical(classes="door"):
            yield Sentence(greeting(self._admission), classes="heading")
            yield Sentence(validity(self._admission))
            yield self._form
            yield self.answer
        yield KeyBar()

    def on_mount(self) -> None:
        first = "address" if self._admission.shared else "password"
        self.set_focus(self._form[first].entry)
        self.answer.say(_about_address(self._admission))

    @on(Form.Saved)
    def _set(self, event: Form.Saved) -> None:
        event.stop()
        token, password = self._token, event.values["password"]
        address = event.values.get("address")

        def set_it() -> None:
            self.post_message(self.SignedIn(self.door.set_password(token, password, address)))
            self.app.post_message(MailQueued())

        self.ask(set_it)


def address_fault(text: str) -> Wording | None:
    """Return what is wrong with an address, in the few words that fit beside a field."""
    try:
        address = parse_address(text)
    except AddressError:
        return say("Not an address")
    better = likely_typing_error(address)
    return say("%(better)s?", better=better.rpartition("@")[2]) if better else None


def _about_address(admission: Admission) -> Wording:
    if admission.shared:
        return say(
            "%(email)s is the user name of another person who shares this mailbox: give an "
            "address of your own to sign in with.",
            email=admission.email,
        )
    if admission.kind == "invitation":
        return say("You sign in with this address; you may give another one here.")
    return say("You sign in with %(email)s and this password.", email=admission.email)


def greeting(admission: Admission) -> Wording:
    if admission.service and admission.school:
        return say(
            "%(name)s: %(service)s, %(school)s",
            name=admission.name or admission.email,
            service=admission.service,
            school=admission.school,
        )
    return say("Password of %(name)s", name=admission.name or admission.email)


def validity(admission: Admission) -> Wording:
    return say(
        "The token stays valid until %(until)s; only F8 uses it up. Esc goes back.",
        until=admission.valid_until,
    )
