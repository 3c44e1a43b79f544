"""Recording who is head of a school, and to which address HeadNet's passwords go."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from functools import partial
from zoneinfo import ZoneInfo

from textual import on
from textual.app import ComposeResult
from textual.message import Message

from models.addresses import LONGEST_ADDRESS
from models.language import N_, Wording, _, current_language, say
from models.text import clean
from screens.commands import bindings
from screens.confirm import ConfirmScreen
from screens.facts import told_at
from screens.widgets.chrome import KeyBar, Sentence, TitleBar
from screens.widgets.deeds import DeedScreen
from screens.widgets.email import EmailField
from screens.widgets.field import Field, Form
from screens.widgets.reader import Paragraph, Reader
from screens.widgets.text import signed
from screens.workplace import Workplace
from screens.workshop_dialogs import tell
from services import drafts, head_addresses, heads
from services.head_addresses import AddressChangePlan
from services.headnet_school import HeadnetPage
from services.heads import LONGEST_NAME, Ending, FormWrong, NewHead

#: The states of a password with which the head signs in, or will.
_USABLE = ("waiting", "overdue", "valid")
_LANGUAGES: list[tuple[str, str | Wording]] = [("fr", say("French")), ("en", say("English"))]


class _Sheet(Form, inherit_bindings=False):
    DEFAULT_CSS = """
    _Sheet Field { height: 2; }
    _Sheet #field-language { height: 1; }
    _Sheet Field > .label { width: 12; }
    _Sheet Field > .entry { width: 34; }
    _Sheet Field > .message { width: 1fr; height: 2; }
    """
    BINDINGS = [*bindings("form.next", "form.previous")]


class HeadFormScreen(DeedScreen[bool]):
    """A form about the head of a school; what is typed is kept. The result is whether it is done.

    `page` is how the account stood when it was opened.
    """

    HORIZONTAL_BREAKPOINTS = [(0, "-narrow"), (72, "-wide")]
    DEFAULT_CSS = """
    HeadFormScreen > #heading { text-style: bold; margin-top: 1; }
    HeadFormScreen > Reader { margin-top: 1; }
    HeadFormScreen.-narrow Form { padding: 0 1; }
    HeadFormScreen.-narrow Field > .entry { width: 24; }
    HeadFormScreen.-narrow Field > .message { width: 20; max-width: 20; height: 2; }
    """

    #: Of the screen, for the text below can have the focus, too.
    BINDINGS = [*bindings("form.save")]

    @dataclass
    class _Known(Message):
        due: str
        domains: frozenset[str]

    @dataclass
    class _Done(Message):
        told: Wording

    def __init__(self, workplace: Workplace, page: HeadnetPage, form: str, *fields: Field) -> None:
        super().__init__()
        self._workplace, self._desk, self._account = workplace, workplace.desk, page
        self._zone = ZoneInfo(page.zone)
        self._due = ""
        self._form = _Sheet(
            f"{form}-{page.school_id}", *fields, drafts=drafts.DraftsOf(workplace.desk)
        )
        self._reader = Reader()

    def called(self) -> str:
        """Return what the form is called, a message id."""
        raise NotImplementedError

    def heading(self) -> Wording:
        raise NotImplementedError

    def follows(self) -> Iterator[Paragraph]:
        """Yield what saving brings about."""
        raise NotImplementedError

    def compose(self) -> ComposeResult:
        yield TitleBar(self.called(), self._account.school, "", self._workplace.who)
        yield Sentence(self.heading(), id="heading")
        yield self._form
        yield self._reader
        yield KeyBar()

    def on_mount(self) -> None:
        fields = list(self._form.query(Field))
        next((field for field in fields if not field.value), fields[0]).entry.focus()
        self.attempt(self._look_up, "look-up")

    def language_changed(self) -> None:
        self._show()

    def action_save(self) -> None:
        self._form.action_save()

    def _look_up(self) -> None:
        from services.attention import known_domains

        due = self._workplace.nights().next_due(self._desk.now())
        domains = self._desk.read(known_domains, self._account.school_id)
        self.post_message(self._Known(told_at(due, self._zone), domains))

    @on(_Known)
    def _know(self, message: _Known) -> None:
        message.stop()
        self._due = message.due
        for field in self.query(EmailField):
            field.domains = message.domains
        self._show()

    def _show(self) -> None:
        self._reader.show(list(self.follows()))

    def _at(self, at: object) -> str:
        return told_at(at, self._zone)  # type: ignore[arg-type]

    @on(_Done)
    def _leave(self, message: _Done) -> None:
        message.stop()
        self._form.submitted()
        tell(self, message.told, mailed=True)
        self.dismiss(True)

    def failed(self, error: Exception) -> None:
        """Tell what is wrong beside the fields where it is about them, else as everywhere."""
        if isinstance(error, FormWrong):
            for name, wrong in error.form.wrong.items():
                self._form[name].complain(wrong)
        super().failed(error)

    def _ask(self, question: Wording, detail: Wording | None, deed: Callable[[], None]) -> None:
        dialog = ConfirmScreen(Wording(self.called()), question, detail)
        self.app.push_screen(dialog, lambda yes: self.attempt(deed) if yes else None)


def _name_field(key: str, label: str, value: str) -> Field:
    return Field(key, label, value, max_length=LONGEST_NAME, required=True)


def _email_field(value: str = "") -> EmailField:
    return EmailField("email", N_("E-mail"), value, max_length=LONGEST_ADDRESS, required=True)


class HeadAddressScreen(HeadFormScreen):
    """Change the recorded address: it counts from the next nightly update on."""

    @dataclass
    class _Prepared(Message):
        plan: AddressChangePlan

    def __init__(self, workplace: Workplace, page: HeadnetPage, email: str = "") -> None:
        """`email` is what the form begins with, such as an address that was tried."""
        super().__init__(workplace, page, "head-address", _email_field(email))

    def called(self) -> str:
        return N_("Change the head’s address")

    def heading(self) -> Wording:
        assert self._account.head is not None
        name, address = self._account.head.name, self._account.address
        if address is None:
            return say("%(name)s: no address is recorded.", name=name)
        return say("%(name)s: mails go to %(email)s now.", name=name, email=address.email)

    def follows(self) -> Iterator[Paragraph]:
        page = self._account
        if page.address is None:
            yield Paragraph(_("The address counts at once."))
            return
        values = {"at": self._due, "email": clean(page.address.email)}
        yield Paragraph(
            _("The change counts from %(at)s on, with the nightly update.") % values, "strong"
        )
        yield Paragraph(
            _("Until then mails go to %(email)s, which is told when it counts no more.") % values
        )
        if page.latest is not None and page.latest.state in _USABLE:
            yield Paragraph(
                _("The password stays the same; it is typed with the new address from then on.")
            )
        if page.pending is not None:
            told = say(
                "It takes the place of the change to %(email)s, which is waiting.",
                email=page.pending.email,
            )
            yield Paragraph(signed("!", told), "warning")

    @on(Form.Saved)
    def _save(self, event: Form.Saved) -> None:
        event.stop()
        self.attempt(partial(self._prepare, event.values["email"]))

    def _prepare(self, email: str) -> None:
        prepare, nights = head_addresses.prepare_change, self._workplace.nights()
        plan = self._desk.read(prepare, self._account.school_id, email, nights)
        self.post_message(self._Prepared(plan))

    @on(_Prepared)
    def _go_on(self, message: _Prepared) -> None:
        message.stop()
        plan = message.plan
        write = partial(self._write, plan.email)
        if plan.hint is None:
            self.attempt(write)
        else:
            self._ask(say("Record %(email)s?", email=plan.email), plan.hint, write)

    def _write(self, email: str) -> None:
        deed, nights = head_addresses.change_address, self._workplace.nights()
        plan = self._desk.write(deed, self._account.school_id, email, nights)
        at = self._at(plan.takes_effect_at)
        told = say("%(email)s counts from %(at)s on.", email=plan.email, at=at)
        self.post_message(self._Done(told))


class NewHeadScreen(HeadFormScreen):
    """Record the head of a school; where there is one, what ends with that is listed first."""

    @dataclass
    class _Prepared(Message):
        plan: NewHead

    def __init__(
        self, workplace: Workplace, page: HeadnetPage, surname: str = "", first_name: str = ""
    ) -> None:
        """The names are what the form begins with, where it is known who the head is."""
        super().__init__(
            workplace,
            page,
            "new-head",
            _name_field("first_name", N_("First name"), first_name),
            _name_field("surname", N_("Surname"), surname),
            _email_field(),
            Field("language", N_("Language"), current_language(), options=_LANGUAGES),
        )

    def called(self) -> str:
        return N_("New head of school") if self._account.head else N_("Record the head of school")

    def heading(self) -> Wording:
        if self._account.head is None:
            return say("Who is head of %(school)s?", school=self._account.school)
        return say("Who follows %(name)s?", name=self._account.head.name)

    def follows(self) -> Iterator[Paragraph]:
        if ends := list(self._ends()):
            yield Paragraph(_("What ends at once when you save"), "strong")
            for end in ends:
                yield Paragraph(f"  {signed('!', end)}", "warning", apart=False)
        yield Paragraph(_("What begins"), "strong")
        yield Paragraph("  " + _("The new address counts at once."), apart=False)
        yield Paragraph("  " + _("Continue (F8) then mails the first password."), apart=False)

    def _ends(self) -> Iterator[Wording]:
        page = self._account
        if page.head is None:
            return
        yield say("The access of %(name)s to HeadNet; a mail tells of it.", name=page.head.name)
        latest = page.latest
        if latest is not None and latest.state == "valid":
            since = self._at(latest.in_force_at)
            yield say("The password that works since %(at)s.", at=since)
        elif latest is not None and latest.state in _USABLE:
            at = self._at(latest.takes_effect_at)
            yield say("The password that waits for the update of %(at)s.", at=at)
        if page.pending is not None:
            yield say("The waiting change to %(email)s.", email=page.pending.email)

    @on(Form.Saved)
    def _save(self, event: Form.Saved) -> None:
        event.stop()
        self.attempt(partial(self._prepare, dict(event.values)))

    def _prepare(self, values: dict[str, str]) -> None:
        plan = self._desk.read(heads.prepare_new_head, self._account.school_id, values)
        self.post_message(self._Prepared(plan))

    @on(_Prepared)
    def _go_on(self, message: _Prepared) -> None:
        message.stop()
        plan = message.plan
        write, hint = partial(self._write, plan), plan.form.hints.get("email")
        if plan.ending is not None:
            question = say(
                "%(name)s becomes head of %(school)s. It cannot be taken back.",
                name=plan.name,
                school=plan.school,
            )
            self._ask(question, together(*_about(plan, plan.ending), hint), write)
        elif hint is not None:
            self._ask(say("Record %(email)s?", email=plan.form.email), hint, write)
        else:
            self.attempt(write)

    def _write(self, plan: NewHead) -> None:
        self._desk.write(heads.record_new_head, plan)
        told = say("%(name)s is recorded. F8 has the first password mailed.", name=plan.name)
        self.post_message(self._Done(told))


def _about(plan: NewHead, ending: Ending) -> Iterator[Wording]:
    """Yield what ends as the service has found it just now."""
    if plan.same_person:
        yield say("It is the same name: to change the address alone, Esc and F2.")
    yield from told_end(ending)


def told_end(ending: Ending) -> Iterator[Wording]:
    """Yield what ends with a headship, for the question whether it is to."""
    yield say("The access of %(name)s ends at once; a mail tells of it.", name=ending.head)
    if ending.passwords:
        yield say("The password stops working at once.")
    if ending.mails:
        yield say("Its mail, which has not left yet, is not sent.")
    if ending.waiting_email is not None:
        yield say("The change to %(email)s is dropped.", email=ending.waiting_email)


def together(*parts: Wording | None) -> Wording | None:
    """Return sentences as one, None where there is none."""
    said: Wording | None = None
    for part in filter(None, parts):
        said = part if said is None else say("%(first)s %(second)s", first=said, second=part)
    return said
