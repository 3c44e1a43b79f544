"""Why a HeadNet password is refused: the three checks, in general words, the same for everybody.

What is the case with one head stands with the coordinator and the helpdesk; here nothing is
asked of the door, and nothing tells whether an address is known (DOMAIN §3, HeadNet).
"""

from __future__ import annotations

from collections.abc import Iterator

from textual.app import ComposeResult
from textual.containers import Vertical

from models.language import N_, _
from screens.commands import bindings
from screens.doorway import DoorScreen, Doorway
from screens.widgets.chrome import KeyBar, TitleBar
from screens.widgets.reader import Paragraph, Reader

#: Question and answer of each check, in the order in which a caller is asked them.
_CHECKS = (
    (
        N_("1  Is it the recorded address?"),
        N_(
            "The password works with the address recorded for the head, and no other. A "
            "changed address counts from the next nightly update on."
        ),
    ),
    (
        N_("2  Is the password less than 24 hours old?"),
        N_(
            "A new password works from the next nightly update on, within 24 hours. Its e-mail "
            "says from when."
        ),
    ),
    (
        N_("3  Is it the latest one?"),
        N_(
            "Each new password cancels the former ones at once: of several e-mails, the latest "
            "counts."
        ),
    ),
)


class HeadnetChecksScreen(DoorScreen):
    """Show the three checks, and whom to ask when they are not what is wrong."""

    DEFAULT_CSS = """
    HeadnetChecksScreen { align: center top; }
    HeadnetChecksScreen > .door { height: 1fr; }
    """
    BINDINGS = [*bindings("sign-in.whom-to-ask")]

    def __init__(self, door: Doorway) -> None:
        super().__init__(door)
        self._reader = Reader()

    def compose(self) -> ComposeResult:
        yield TitleBar(N_("HeadNet password refused"))
        with Vertical(classes="door"):
            yield self._reader
        yield KeyBar()

    def on_mount(self) -> None:
        self.set_focus(self._reader)
        self.language_changed()

    def language_changed(self) -> None:
        self._reader.show(list(_words()))

    def action_whom_to_ask(self) -> None:
        from screens.whom_to_ask import WhomToAskScreen

        self.app.switch_screen(WhomToAskScreen(self.door))


def _words() -> Iterator[Paragraph]:
    yield Paragraph(_("For heads of school: three checks, in this order."), "accent")
    for question, answer in _CHECKS:
        yield Paragraph(_(question), "strong")
        yield Paragraph(_(answer), apart=False)
    yield Paragraph(
        _("Spaces, hyphens and small letters do not matter; copying it from the e-mail is safest.")
    )
    yield Paragraph(
        _(
            "Still refused, or no e-mail? Your school’s IB coordinator sees which of the three "
            "it is, and can have a new password sent (“Forgotten password” sends none for "
            "HeadNet). F6 tells whom to ask."
        )
    )
