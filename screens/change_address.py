"""Changing the reference address: it counts once the token mailed there is typed."""

from __future__ import annotations

from dataclasses import dataclass

from textual import on
from textual.app import ComposeResult
from textual.containers import Vertical
from textual.message import Message

from models.language import N_, say
from screens.commands import bindings
from screens.doorway import (
    LONGEST_ADDRESS,
    LONGEST_PASSWORD,
    AnswerScreen,
    DoorForm,
    MailQueued,
)
from screens.new_password import address_fault
from screens.widgets.chrome import KeyBar, Sentence, TitleBar
from screens.widgets.field import Field, Form
from screens.workplace import Workplace
from services import own_account


class _AddressForm(DoorForm):
    BINDINGS = [*bindings("account.ask-address")]


class ChangeAddressScreen(AnswerScreen):
    """Ask for the new address and the password; a token is mailed to the new address."""

    @dataclass
    class _Asked(Message):
        email: str

    def __init__(self, workplace: Workplace) -> None:
        super().__init__()
        self._workplace = workplace
        self._form = _AddressForm(
            "change-address",
            Field(
                "address",
                N_("New address"),
                max_length=LONGEST_ADDRESS,
                required=True,
                check=address_fault,
            ),
            Field(
                "password",
                N_("Present password"),
                max_length=LONGEST_PASSWORD,
                required=True,
                password=True,
            ),
        )

    def compose(self) -> ComposeResult:
        yield TitleBar(N_("Change the reference address"), *self._workplace.title)
        with Vertical(classes="door"):
            yield Sentence(N_("With which address do you want to sign in?"), classes="heading")
            yield Sentence(
                N_("A token is mailed there. Until you have typed it, the present address counts.")
            )
            yield self._form
            yield self.answer
        yield KeyBar()

    def on_mount(self) -> None:
        self.set_focus(self._form["address"].entry)

    @on(Form.Saved)
    def _ask_for_it(self, event: Form.Saved) -> None:
        event.stop()
        address, password = event.values["address"], event.values["password"]
        place = self._workplace

        def ask() -> None:
            own_account.ask_for_address(place.entrance(), place.desk.actor, password, address)
            self.post_message(self._Asked(address))

        self.ask(ask)

    @on(_Asked)
    def _close(self, message: _Asked) -> None:
        message.stop()
        self.app.post_message(MailQueued())
        told = say("A token is on its way to %(email)s: c confirms with it.", email=message.email)
        self.app.notify(told.text(), markup=False)
        self.dismiss()
