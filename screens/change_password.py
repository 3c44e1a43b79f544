"""Changing one's own password: the present one, then the new one twice."""

from __future__ import annotations

from dataclasses import dataclass

from textual import on
from textual.app import ComposeResult
from textual.containers import Vertical
from textual.message import Message

from models.language import N_, say
from screens.doorway import LONGEST_PASSWORD, AnswerScreen, MailQueued
from screens.new_password import PasswordForm
from screens.widgets.chrome import KeyBar, Sentence, TitleBar
from screens.widgets.field import Field, Form
from screens.workplace import Workplace
from services import own_account


class ChangePasswordScreen(AnswerScreen):
    """Ask for both passwords; F8 changes it. The reference address is told of the change."""

    @dataclass
    class _Changed(Message):
        """The password is the new one."""

    def __init__(self, workplace: Workplace) -> None:
        super().__init__()
        self._workplace = workplace
        present = Field(
            "present",
            N_("Present password"),
            max_length=LONGEST_PASSWORD,
            required=True,
            password=True,
        )
        actor = workplace.desk.actor
        self._form = PasswordForm("change-password", present, personal=(actor.name, workplace.who))

    def compose(self) -> ComposeResult:
        yield TitleBar(N_("Change the password"), *self._workplace.title)
        with Vertical(classes="door"):
            yield Sentence(N_("Choose a new password."), classes="heading")
            yield self._form
            yield self.answer
        yield KeyBar()

    def on_mount(self) -> None:
        self.set_focus(self._form["present"].entry)

    @on(Form.Saved)
    def _change(self, event: Form.Saved) -> None:
        event.stop()
        present, new = event.values["present"], event.values["password"]
        place = self._workplace

        def change() -> None:
            own_account.change_password(place.entrance(), place.desk.actor, present, new)
            self.post_message(self._Changed())

        self.ask(change)

    @on(_Changed)
    def _close(self, message: _Changed) -> None:
        message.stop()
        self.app.post_message(MailQueued())
        told = say("The password is changed. A mail tells your reference address so.")
        self.app.notify(told.text(), markup=False)
        self.dismiss()
