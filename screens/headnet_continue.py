"""The two questions before a head is mailed a new password: is it the address, and is it to be."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Literal

from textual.app import ComposeResult
from textual.containers import Vertical
from textual.widgets import Static

from models.language import Wording, _, say
from screens.commands import bindings
from screens.confirm import ConfirmScreen
from screens.widgets.dialog import Dialog
from screens.widgets.text import safe, signed

#: What is said of the address: it is the head's; another one is; a change is to be waited for.
Said = Literal["yes", "other", "wait"]


class AddressCheckScreen(Dialog[Said | None]):
    """Ask whether an address is still the head's; the result is what was said, None by Esc.

    `head` is the head's name, `since` when the address began to count, in words. `warnings` are
    told below the question. Where a change is `waiting`, waiting for it is offered.
    """

    DEFAULT_CSS = """
    AddressCheckScreen .address { text-style: bold; margin: 1 0 1 2; width: 1fr; }
    AddressCheckScreen .warning { color: ansi_yellow; margin-top: 1; }
    """
    BINDINGS = [
        *bindings("dialog.yes-fr", "dialog.yes-en", "dialog.no", "dialog.close"),
        *bindings("address-check.wait"),
    ]

    def __init__(
        self,
        head: str,
        address: str,
        since: Wording,
        warnings: Iterable[Wording] = (),
        *,
        waiting: bool = False,
    ) -> None:
        super().__init__()
        self._head, self._address, self._since = head, address, since
        self._warnings, self._waiting = tuple(warnings), waiting

    def compose(self) -> ComposeResult:
        asked = say(
            "The password is mailed to the recorded address of %(head)s, and to nobody else:",
            head=self._head,
        )
        with Vertical(classes="dialog-box") as box:
            box.border_title = safe(_("Continue, 1 of 2: the address"))
            yield Static(safe(asked))
            yield Static(safe(self._address), classes="address")
            yield Static(safe(self._since))
            yield Static(safe(_("Is this still the head’s address?")))
            for warning in self._warnings:
                yield Static(safe(signed("!", warning)), classes="warning")
            yield Static(safe(self._keys()), classes="keys")

    def _keys(self) -> str:
        if self._waiting:
            return _("y yes   n no, another one   w wait   Esc close")
        return _("y yes   n no, another one   Esc close")

    def check_action(self, action: str, parameters: tuple[object, ...]) -> bool | None:
        return self._waiting if action == "wait" else True

    def action_answer(self, answer: bool) -> None:
        self.dismiss("yes" if answer else "other")

    def action_wait(self) -> None:
        self.dismiss("wait")

    def action_close(self) -> None:
        self.dismiss(None)


class ContinueScreen(ConfirmScreen):
    """Tell when a new password will work and what stops at once, and ask; the result is yes or no.

    `works` says from when it works; each of `ends` is told as a warning before the question.
    """

    DEFAULT_CSS = """
    ContinueScreen .warning { color: ansi_yellow; margin-top: 1; }
    ContinueScreen .question { margin-top: 1; }
    """

    def __init__(self, question: Wording, works: Wording, ends: Iterable[Wording] = ()) -> None:
        super().__init__(say("Continue, 2 of 2: the password"), question)
        self._works, self._ends = works, tuple(ends)

    def compose(self) -> ComposeResult:
        with Vertical(classes="dialog-box") as box:
            box.border_title = safe(_("Continue, 2 of 2: the password"))
            yield Static(safe(self._works))
            for end in self._ends:
                yield Static(safe(signed("!", end)), classes="warning")
            yield Static(safe(self._question), classes="question")
            yield Static(safe(self._keys()), classes="keys")
