"""Working through returned forms: reference, date, address, Enter; the list, then the plan."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import date
from functools import partial
from pathlib import Path
from threading import Lock
from typing import Any
from zoneinfo import ZoneInfo

from textual import on
from textual.app import ComposeResult
from textual.message import Message
from textual.widgets import Input

from models.addresses import AddressError, parse_address
from models.errors import TrousseauError, reason_of
from models.functions import function_label
from models.language import N_, Wording, _, format_day, say, say_n
from models.text import clean, squeeze
from screens import returned_forms
from screens.commands import bindings
from screens.led_to import LedTo
from screens.plan import PlanCalls, PlanScreen, plan_calls
from screens.returned_forms import Returned
from screens.widgets.ask import AskDialog
from screens.widgets.chrome import KeyBar, Sentence, TitleBar
from screens.widgets.deeds import DeedScreen
from screens.widgets.field import Field, Form, TextInput
from screens.widgets.table import Page, PagedTable, Sort
from screens.workplace import Workplace
from services import consent_recording, consents, drafts, plans
from services.consent_files import read_consent_file
from services.consent_recording import RecordLine
from services.consents import ConsentRow
from services.imports.dates import Dates
from services.imports.roster import Notice
from services.plans import Applied

_LONGEST_REFERENCE, _LONGEST_DATE, _LONGEST_ADDRESS = 64, 20, 254
_LONGEST_PATH = 1_000
#: A file of consents is small; what is larger is another file.
_LARGEST_FILE = 4 * 2**20

_SCAN = N_("Scan or type the reference of a returned form.")


class _Sheet(Form, inherit_bindings=False):
    """The three fields of one form; F8 belongs to the whole list."""

    DEFAULT_CSS = """
    _Sheet { height: auto; margin-top: 0; padding: 0 3; }
    _Sheet > #whose { height: auto; max-height: 2; padding: 0; text-style: bold; }
    _Sheet Field { height: 2; }
    _Sheet Field > .label { width: 12; }
    _Sheet Field > .entry { width: 14; }
    _Sheet Field > .message { width: 1fr; height: 2; }
    _Sheet #field-email { height: 3; }
    _Sheet #field-email > .entry { width: 34; }
    _Sheet #field-email > .message { height: 3; }
    .-narrow _Sheet Field, .-narrow _Sheet #field-email {
        layout: grid; grid-size: 2 2; grid-columns: 12 1fr; grid-rows: 1 2; height: 3;
    }
    .-narrow _Sheet Field > .message, .-narrow _Sheet #field-email > .message {
        column-span: 2; height: 2; padding: 0;
    }
    .-narrow _Sheet Field > .entry, .-narrow _Sheet #field-email > .entry { width: 1fr; }
    """
    BINDINGS = [*bindings("form.next", "form.previous")]

    def __init__(self, name: str, *fields: Field, drafts: drafts.DraftsOf) -> None:
        super().__init__(name, *fields, drafts=drafts)
        self.person = Sentence(_SCAN, id="whose")

    def compose(self) -> ComposeResult:
        reference, *others = super().compose()
        yield reference
        yield self.person
        yield from others


class RecordConsentsScreen(DeedScreen[None]):
    """Take down returned forms one after the other, then record them by a plan.

    Each form is kept as a draft of its own person as soon as it is on the list, and what
    stands in the fields as it is typed.
    """

    HORIZONTAL_BREAKPOINTS = [(0, "-narrow"), (72, "-wide")]
    BINDINGS = [*bindings("record.plan", "record.file", "record.remove")]
    led_to = LedTo()
    AUTO_FOCUS = ""

    @dataclass
    class _Restored(Message):
        lines: list[Returned]

    @dataclass
    class _Found(Message):
        reference: str
        who: ConsentRow

    @dataclass
    class _NotFound(Message):
        wording: Wording

    @dataclass
    class _ReadFile(Message):
        lines: list[Returned]
        notices: tuple[Notice, ...]

    @dataclass
    class _Planned(Message):
        plan_id: int

    @dataclass
    class _Kept(Message):
        lines: list[Returned]

    def __init__(self, workplace: Workplace, reference: str = "", *, once: bool = False) -> None:
        """`reference` is that of the form to begin with, where one comes from a person.

        With `once` it closes as soon as a plan has recorded all that is on the list.
        """
        super().__init__()
        self._once = once
        self._workplace, self._desk = workplace, workplace.desk
        self._first = reference
        self._school = workplace.chosen[0]
        assert workplace.here is not None
        self._zone: ZoneInfo = workplace.here.zone
        self._draft = f"record-consents:{self._school}"
        self._lines: list[Returned] = []
        self._notices: tuple[Notice, ...] = ()
        self._who: ConsentRow | None = None
        self._saving = Lock()
        self._dates = Dates()
        self._sheet = _Sheet(
            f"consent-sheet-{self._school}",
            Field("reference", N_("Reference"), max_length=_LONGEST_REFERENCE),
            Field("signed_on", N_("Signed on"), max_length=_LONGEST_DATE, check=self._day_fault),
            Field("email", N_("Address"), max_length=_LONGEST_ADDRESS, check=_address_fault),
            drafts=drafts.DraftsOf(self._desk),
        )
        self._table = PagedTable(
            returned_forms.COLUMNS,
            self._load,
            selectable=False,
            empty=N_("The forms you take down are listed here, and kept if the line drops."),
        )

    def compose(self) -> ComposeResult:
        yield TitleBar(N_("Record signed forms"), *self._workplace.title)
        yield self._sheet
        yield self._table
        yield KeyBar()

    def on_mount(self) -> None:
        self._sheet["reference"].entry.focus()
        self.attempt(self._restore)

    # The list

    def _load(self, offset: int, limit: int, text: str, sort: Sort | None) -> Page:
        shown = [returned_forms.as_row(place, each) for place, each in enumerate(self._lines)]
        shown.reverse()  # what was taken down last is what somebody wants to see
        return Page(shown[offset : offset + limit], len(shown))

    def _restore(self) -> None:
        lines = returned_forms.restored(self._desk, self._draft, self._school)
        self.post_message(self._Restored(lines))

    @on(_Restored)
    def _show_restored(self, message: _Restored) -> None:
        message.stop()
        self._lines = message.lines + self._lines
        day = self._sheet["signed_on"]
        if self._lines and not day.value:
            day.value = format_day(self._lines[-1].line.signed_on)
        self._list_changed(save=False)
        if self._first:
            self._sheet["reference"].value, self._first = self._first, ""
            self._look_up()

    def _list_changed(self, save: bool = True) -> None:
        self._table.reload()
        self.refresh_bindings()
        if save:
            self.attempt(self._save)

    def _save(self, given: Sequence[Returned] | None = None) -> None:
        """Keep the list as it is when its turn comes: whoever writes last writes the latest."""
        with self._saving:
            lines = [each.line for each in (tuple(self._lines) if given is None else given)]
            if lines:
                self._desk.write(drafts.save, self._draft, returned_forms.packed(lines))
            else:
                self._desk.write(drafts.discard, self._draft)

    # One form

    @property
    def _today(self) -> date:
        return self._desk.now().astimezone(self._zone).date()

    def _day_fault(self, text: str) -> Wording | None:
        day = self._dates.read(text)
        if day is None:
            return say("Not a date: write 28/08/2026.")
        if day > self._today:
            return say("The date %(day)s is still to come.", day=day)
        return None

    @on(Input.Submitted)
    def _go_on(self, event: Input.Submitted) -> None:
        event.stop()
        fields = [self._sheet[name] for name in ("reference", "signed_on", "email")]
        here = next(field for field in fields if field.entry is event.input)
        if here.key == "reference":
            self._look_up()
        elif here.problem() is None and here.key == "signed_on":
            _focus(fields[2])
        elif here.key == "email":
            self._add()

    def _look_up(self) -> None:
        field = self._sheet["reference"]
        if field.value:
            self.attempt(partial(self._find, field.value))
        else:
            field.complain(Wording(N_("Needed")))

    def _find(self, reference: str) -> None:
        try:
            who = self._desk.read(consents.find_form, reference, self._school)
        except TrousseauError as error:
            self.post_message(self._NotFound(error.wording))
        else:
            self.post_message(self._Found(reference, who))

    @on(_NotFound)
    def _show_not_found(self, message: _NotFound) -> None:
        message.stop()
        self._show_person(None)
        self._sheet["reference"].complain(message.wording)

    @on(_Found)
    def _show_found(self, message: _Found) -> None:
        message.stop()
        if any(each.who and each.who.post_id == message.who.post_id for each in self._lines):
            self._show_person(None)
            self._sheet["reference"].complain(say("This form stands in the list twice."))
            return
        self._show_person(message.who)
        self._sheet["reference"].value = message.who.reference
        self._sheet["email"].value = message.who.email or ""
        day = self._sheet["signed_on"]
        if not day.value:
            day.value = format_day(self._today)
        _focus(day)

    @on(Field.Edited)
    def _forget_person(self, event: Field.Edited) -> None:
        """Take the person away as soon as the reference is no longer theirs."""
        event.stop()
        if event.field.key == "reference" and self._who and event.value != self._who.reference:
            self._show_person(None)

    def _show_person(self, who: ConsentRow | None) -> None:
        self._who = who
        self._sheet.person.show(_about(who) if who else _SCAN)

    def _add(self) -> None:
        """Put the form on the list and begin the next one."""
        wrong = [f for f in (self._sheet["signed_on"], self._sheet["email"]) if f.problem()]
        if wrong:
            wrong[0].entry.focus()
            return
        if self._who is None:
            self._sheet["reference"].entry.focus()
            self._look_up()
            return
        day = self._dates.read(self._sheet["signed_on"].value)
        email = self._sheet["email"].value
        if day is None:
            self._sheet["signed_on"].complain(Wording(N_("Needed")))
            self._sheet["signed_on"].entry.focus()
        elif not email:
            self._sheet["email"].complain(say("Neither the form nor the file gives an address."))
        else:
            line = RecordLine(self._who.reference, day, parse_address(email))
            self._lines.append(Returned(line, self._who))
            self._next()

    def _next(self) -> None:
        self._sheet["reference"].value = self._sheet["email"].value = ""
        self._show_person(None)
        self._sheet["reference"].entry.focus()
        self._list_changed()

    @on(PagedTable.Opened)
    def _take_up(self, event: PagedTable.Opened) -> None:
        """Bring a form of the list back into the fields, to be corrected."""
        event.stop()
        each = self._take_off()
        if each is None:
            return
        self._sheet["reference"].value = each.line.reference
        self._sheet["signed_on"].value = format_day(each.line.signed_on)
        self._sheet["email"].value = each.line.email or (each.who and each.who.email) or ""
        self._show_person(each.who)
        _focus(self._sheet["email" if each.who else "reference"])

    def action_remove(self) -> None:
        self._take_off()

    def _take_off(self) -> Returned | None:
        row = self._table.row
        if row is None or not isinstance(row.key, int) or row.key >= len(self._lines):
            return None
        each = self._lines.pop(row.key)
        self._list_changed()
        return each

    # A file

    def action_file(self) -> None:
        if getattr(self.app, "may_write_files", True):
            self.app.push_screen(_FileScreen(), self._read_file)
        else:
            told = _("Over this connection no file is read. Type or scan the references.")
            self.app.notify(told, severity="warning", markup=False)

    def _read_file(self, path: Path | None) -> None:
        if path is not None:
            self.attempt(partial(self._take_file, path))

    def _take_file(self, path: Path) -> None:
        try:
            with path.open("rb") as file:
                content = file.read(_LARGEST_FILE + 1)
        except OSError as error:
            raise TrousseauError(
                say(
                    "The file cannot be read: %(reason)s.",
                    reason=reason_of(error),
                )
            ) from None
        found = read_consent_file(content, path.name)
        lines = returned_forms.known(self._desk, found.lines, self._school)
        self.post_message(self._ReadFile(lines, found.notices))

    @on(_ReadFile)
    def _add_file(self, message: _ReadFile) -> None:
        message.stop()
        self._lines += message.lines
        self._notices += message.notices
        told = say_n(
            "%(count)s line added to the list.",
            "%(count)s lines added to the list.",
            len(message.lines),
        )
        if message.notices:
            first = message.notices[0]
            told = say(
                "%(told)s Not taken over: %(reason)s (line %(line)s, column %(column)s).",
                told=told,
                reason=first.text,
                line=first.line,
                column=first.column or "–",
            )
        severity: Any = "warning" if message.notices else "information"
        self.app.notify(told.text(), severity=severity, timeout=12, markup=False)
        self._list_changed()

    # The plan

    def check_action(self, action: str, parameters: tuple[object, ...]) -> bool | None:
        if action in ("plan", "remove"):
            return bool(self._lines) and (action == "plan" or self._table.has_focus)
        return True

    def action_plan(self) -> None:
        lines = [each.line for each in self._lines]
        self.attempt(partial(self._plan, lines, self._notices))

    def _plan(self, lines: Sequence[RecordLine], notices: tuple[Notice, ...]) -> None:
        plan_id = self._desk.write(consent_recording.plan_record, self._school, lines, notices)
        self.post_message(self._Planned(plan_id))

    @on(_Planned)
    def _show_plan(self, message: _Planned) -> None:
        message.stop()
        school, year, who = self._workplace.title
        calls = self._calls(message.plan_id, list(self._lines))
        screen = PlanScreen(calls, close_when_applied=self._once, school=school, year=year, who=who)
        self.app.push_screen(screen, self._plan_left)

    def _plan_left(self, outcome: str | None) -> None:
        if self._once and outcome == "applied":
            self.app.notify(_("Applied. To undo it: g, p, then u."), markup=False)
            self.call_later(self._leave)  # once it is known what could not be recorded

    def _leave(self) -> None:
        if not self._lines:
            self.dismiss(None)

    def _calls(self, plan_id: int, planned: list[Returned]) -> PlanCalls:
        """Return the plan's calls; applied or undone, the list follows at once.

        At once and not when the plan is closed: whoever goes elsewhere from the plan never
        comes back to this screen, and must not find recorded forms on its list next time.
        """
        calls = plan_calls(self._desk, plan_id)

        def apply(number: str) -> Applied:
            done = calls.apply(number)
            self.led_to = LedTo(plan_id=plan_id)
            self._keep(self._not_recorded(plan_id, planned))
            return done

        def undo() -> Applied:
            done = calls.undo()
            self._keep(planned)
            return done

        return replace(calls, apply=apply, undo=undo)

    def _not_recorded(self, plan_id: int, planned: list[Returned]) -> list[Returned]:
        """Return what the plan could not record, or what was left out of it."""
        rows = self._desk.read(plans.rows, plan_id, 0, len(planned))
        return [planned[r.position] for r in rows if r.action == "refused" or r.left_out]

    def _keep(self, lines: list[Returned]) -> None:
        self._save(lines)
        self.post_message(self._Kept(lines))

    @on(_Kept)
    def _show_kept(self, message: _Kept) -> None:
        message.stop()
        self._lines, self._notices = message.lines, ()
        self._list_changed(save=False)


def _focus(field: Field) -> None:
    """Go to a field, behind what stands in it."""
    field.entry.focus()
    if isinstance(field.entry, TextInput):
        field.entry.cursor_position = len(field.entry.value)


def _address_fault(text: str) -> Wording | None:
    try:
        parse_address(text)
    except AddressError as error:
        return error.wording
    return None


def _about(who: ConsentRow) -> Wording:
    if who.state == "signed":
        return say(
            "%(name)s: is recorded already for %(address)s", name=who.name, address=who.email
        )
    if who.email is None:
        return say("%(name)s: no address on file, type the one on the form", name=who.name)
    return say(
        "%(name)s, %(function)s (address: %(source)s)",
        name=who.name,
        function=function_label(who.function or None),
        source=who.email_source or _("no field"),
    )


class _FileScreen(AskDialog[Path]):
    """Ask for a file; the result is its path, None for none."""

    def __init__(self) -> None:
        super().__init__(
            say("Record from a file"),
            say("A CSV file or workbook with the columns reference, signed_on, email:"),
            say("Enter reads the file   Esc closes"),
            longest=_LONGEST_PATH,
        )

    def read(self, text: str) -> Path | Wording:
        path = Path(squeeze(clean(text))).expanduser()
        return path if path.is_file() else say("There is no such file.")
