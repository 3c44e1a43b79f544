"""Whom to ask: the contact of one's school, for somebody who cannot sign in (DOMAIN §3)."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

from textual import on
from textual.app import ComposeResult
from textual.containers import Vertical
from textual.message import Message

from models.language import N_, _
from screens.commands import bindings
from screens.doorway import DoorForm, DoorScreen, Doorway
from screens.widgets.chrome import KeyBar, Sentence, TitleBar
from screens.widgets.field import Field, Form
from screens.widgets.reader import Paragraph, Reader

if TYPE_CHECKING:
    from services.whom_to_ask import SchoolContact

_LONGEST = 80


class _SchoolForm(DoorForm):
    BINDINGS = [*bindings("whom.find")]


class WhomToAskScreen(DoorScreen):
    """Find schools by FASE number or by words of their name, and show who answers there."""

    DEFAULT_CSS = """
    WhomToAskScreen { align: center top; }
    WhomToAskScreen > .door { height: 1fr; padding-top: 1; }
    WhomToAskScreen Answer { min-height: 1; }
    """

    @dataclass
    class _Found(Message):
        schools: Sequence[SchoolContact]

    def __init__(self, door: Doorway) -> None:
        super().__init__(door)
        self._form = _SchoolForm(
            "whom-to-ask", Field("school", N_("School"), max_length=_LONGEST, required=True)
        )
        self._reader = Reader()
        self._schools: Sequence[SchoolContact] = ()

    def compose(self) -> ComposeResult:
        yield TitleBar(N_("Whom to ask"))
        with Vertical(classes="door"):
            yield Sentence(
                N_("Your school’s own contact knows your account. Which school?"),
                classes="heading",
            )
            yield Sentence(N_("Its FASE number, or words of its name."))
            yield self._form
            yield self.answer
            yield self._reader
        yield KeyBar()

    def on_mount(self) -> None:
        self.set_focus(self._form["school"].entry)

    def language_changed(self) -> None:
        self._show()

    @on(Form.Saved)
    def _ask(self, event: Form.Saved) -> None:
        event.stop()
        text = event.values["school"]

        def find() -> None:
            self.post_message(self._Found(self.door.whom_to_ask(text)))

        self.ask(find)

    @on(_Found)
    def _take(self, message: _Found) -> None:
        message.stop()
        self._schools = message.schools
        self.answer.say(
            ""
            if self._schools
            else N_("No school matches. A number must be the whole FASE number.")
        )
        self._show()

    def _show(self) -> None:
        self._reader.show([line for school in self._schools for line in _lines(school)])


def _lines(school: SchoolContact) -> Iterator[Paragraph]:
    number = _("FASE %(number)s") % {"number": school.fase_number} if school.fase_number else ""
    yield Paragraph("  ".join(filter(None, (school.name, number))), "strong")
    contact = [school.contact_name, school.contact_email, school.contact_phone]
    told = "  ·  ".join(part for part in contact if part)
    yield Paragraph(told or _("No contact is known: ask at the school’s office."), apart=False)
