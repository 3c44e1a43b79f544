"""« Contacter le support » : write to the helpdesk; what is attached stands below the form."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import asdict, dataclass
from functools import partial

from textual import on
from textual.app import ComposeResult
from textual.containers import Vertical
from textual.message import Message

from models.language import N_, Wording, _, current_language, say
from screens.call_form import number_fault
from screens.commands import bindings
from screens.widgets.chrome import KeyBar, Sentence, TitleBar
from screens.widgets.deeds import DeedScreen
from screens.widgets.field import Field, Form
from screens.widgets.reader import Paragraph, Reader
from screens.widgets.writing import WritingField
from screens.workplace import Workplace
from screens.workshop_dialogs import tell
from services import drafts, support
from services.support import SupportForm

_LONGEST_NUMBER = 5


class _SupportSheet(Form, inherit_bindings=False):
    DEFAULT_CSS = """
    _SupportSheet Field > .label { width: 14; }
    _SupportSheet Field > .entry { width: 34; }
    _SupportSheet Field > .message { width: auto; max-width: 26; }
    _SupportSheet WritingField, _SupportSheet WritingField > .entry { height: 4; }
    _SupportSheet WritingField > .entry { width: 1fr; }
    """
    BINDINGS = [*bindings("form.next", "form.previous")]


class SupportScreen(DeedScreen[None]):
    """A message to the helpdesk, prefilled; what is typed is kept until it is sent."""

    HORIZONTAL_BREAKPOINTS = [(0, "-narrow"), (72, "-wide")]
    DEFAULT_CSS = """
    SupportScreen > #sheet { height: auto; }
    SupportScreen > Reader { margin-top: 1; }
    SupportScreen.-narrow _SupportSheet { padding: 0 1; margin-top: 0; }
    SupportScreen.-narrow _SupportSheet .label { width: 11; }
    SupportScreen.-narrow _SupportSheet WritingField { height: 3; }
    SupportScreen.-narrow _SupportSheet WritingField > .entry { height: 3; }
    """
    BINDINGS = [*bindings("support.send", "app.back")]

    @dataclass
    class _Opened(Message):
        form: SupportForm

    @dataclass
    class _Attached(Message):
        lines: list[str]

    @dataclass
    class _Sent(Message):
        pass

    def __init__(self, workplace: Workplace) -> None:
        super().__init__()
        self._workplace, self._desk = workplace, workplace.desk
        self._helpdesk = workplace.helpdesk()
        self._form: _SupportSheet | None = None
        self._sending = False
        self._lines: list[str] | None = None
        self._told = Sentence(self._where_it_goes(), id="told")
        self._reader = Reader()

    def compose(self) -> ComposeResult:
        yield TitleBar(N_("Contact support"), *self._workplace.title)
        yield self._told
        yield Vertical(id="sheet")
        yield self._reader
        yield KeyBar()

    def on_mount(self) -> None:
        self.attempt(self._open, "open")
        self.attempt(self._diagnose, "diagnosis", reads=True)

    def language_changed(self) -> None:
        self.attempt(self._diagnose, "diagnosis", reads=True)

    def check_action(self, action: str, parameters: tuple[object, ...]) -> bool | None:
        return action != "save" or self._form is not None

    def _where_it_goes(self) -> Wording:
        if not self._helpdesk:
            return say(
                "No address of the helpdesk is set here: call it, and read out what is found. "
                "Whoever runs the console sets TROUSSEAU_SUPPORT_ADDRESS."
            )
        return say(
            "F8 sends your message to the helpdesk by e-mail, with what is found below about "
            "your own account."
        )

    # Opening

    def _open(self) -> None:
        entrance, actor = self._workplace.entrance(), self._desk.actor
        self.post_message(self._Opened(support.beginning(entrance, actor)))

    @on(_Opened)
    async def _fill(self, message: _Opened) -> None:
        message.stop()
        if not self._helpdesk:  # nobody is to type for nothing
            self._reader.focus()
            return
        form = _SupportSheet("support", *_fields(message.form), drafts=drafts.DraftsOf(self._desk))
        await self.query_one("#sheet").mount(form)
        self._form = form
        names = ("surname", "contact")
        form[next((name for name in names if not form[name].value), "words")].entry.focus()
        self.refresh_bindings()

    def _diagnose(self) -> None:
        entrance, actor = self._workplace.entrance(), self._desk.actor
        lines = support.attached(entrance, actor, language=current_language())
        self.post_message(self._Attached(lines))

    @on(_Attached)
    def _show(self, message: _Attached) -> None:
        message.stop()
        self._lines = message.lines
        self._reader.show(list(_paragraphs(message.lines, bool(self._helpdesk))))

    # Sending

    def action_save(self) -> None:
        if self._form is not None and not self._sending and not self._form.problems():
            self._sending = True  # once, however often the key is pressed
            form = SupportForm(**{name: self._form.values[name] for name in _NAMES})
            self.attempt(partial(self._send, form), "send", exclusive=True)

    def _send(self, form: SupportForm) -> None:
        entrance, actor = self._workplace.entrance(), self._desk.actor
        support.contact_support(entrance, actor, form, self._helpdesk, language=current_language())
        self.post_message(self._Sent())

    def failed(self, error: Exception) -> None:
        self._sending = False
        super().failed(error)

    @on(_Sent)
    def _leave(self, message: _Sent) -> None:
        message.stop()
        assert self._form is not None
        told = say(
            "Your message goes to the helpdesk, which answers to %(contact)s.",
            contact=self._form["contact"].value,
        )
        self._form.submitted()
        tell(self, told, mailed=True)
        self.dismiss(None)


_NAMES = tuple(asdict(SupportForm()))


def _fields(form: SupportForm) -> list[Field]:
    longest = support.LONGEST_NAME
    return [
        Field("surname", N_("Surname"), form.surname, max_length=longest, required=True),
        Field("first_name", N_("First name"), form.first_name, max_length=longest),
        Field(
            "fase_number", N_("FASE number"), form.fase_number,
            max_length=_LONGEST_NUMBER, check=number_fault,
        ),
        Field(
            "contact", N_("Contact"), form.contact,
            max_length=support.LONGEST_CONTACT, required=True,
        ),
        WritingField(
            "words", N_("Message"), form.words, max_length=support.LONGEST_WORDS, required=True
        ),
    ]  # fmt: skip


def _paragraphs(lines: list[str], sent: bool) -> Iterator[Paragraph]:
    attached = _("Attached: the diagnosis of your account")
    yield Paragraph(attached if sent else _("The diagnosis of your account"), "strong")
    for line in lines:
        tone = "" if line.startswith(" ") else "accent"
        yield Paragraph(line, tone, apart=False, hang=3)  # type: ignore[arg-type]
