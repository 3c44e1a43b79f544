"""The participants of a workshop: typed, pasted or read from a file; changes after the deadline."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from functools import partial
from pathlib import Path

from textual import events, on
from textual.app import ComposeResult
from textual.message import Message

from models.addresses import (
    LONGEST_ADDRESS,
    AddressError,
    address_key,
    parse_address,
)
from models.language import N_, Wording, _, say, say_n
from models.text import clean, name_key
from screens.commands import bindings
from screens.confirm import ConfirmScreen
from screens.widgets.chrome import KeyBar, Sentence, TitleBar
from screens.widgets.deeds import DeedScreen
from screens.widgets.email import EmailField
from screens.widgets.field import Field, Form
from screens.widgets.filter import FilteredTable
from screens.widgets.reader import Paragraph, Reader
from screens.widgets.table import Cell, Column, Page, PagedTable, Row, Sort
from screens.workplace import Workplace
from screens.workshop_dialogs import ask_file, ask_folder, content_of, tell
from screens.workshop_paste import LONGEST_PASTE, PasteScreen, draft_name
from screens.workshop_plan import show_plan
from services import drafts, workshop_page, workshop_participants
from services.new_files import write_new
from services.workshop_page import WorkshopPage
from services.workshop_participants import (
    LONGEST_CHANGE,
    LONGEST_NAME,
    LONGEST_TITLE,
    Entry,
    LateMessage,
    ParticipantRow,
)

_COLUMNS = (
    Column("name", N_("Name"), 18, grow=2, sortable=False),
    Column("email", N_("E-mail"), 22, grow=3, sortable=False),
    Column("remark", N_("Remark"), 12, grow=1, priority=1, sortable=False),
    Column("title", N_("Courtesy title"), 8, priority=3, sortable=False),
    Column("school", N_("School"), 7, priority=2, sortable=False),
)


class WorkshopParticipantsScreen(DeedScreen[None]):
    """The list of those who take part, and what can be done with it by whom and until when."""

    DEFAULT_CSS = """
    WorkshopParticipantsScreen > #state { height: auto; text-style: bold; }
    WorkshopParticipantsScreen > #participant { height: 2; }
    """
    BINDINGS = [
        *bindings("participants.add", "participants.late-change", "participants.correct"),
        *bindings("participants.withdraw", "participants.paste", "participants.file"),
        *bindings("participants.csv"),
    ]

    @dataclass
    class _Read(Message):
        page: WorkshopPage
        rows: list[ParticipantRow]

    @dataclass
    class _Planned(Message):
        plan_id: int

    @dataclass
    class _Done(Message):
        told: Wording
        mailed: bool

    def __init__(self, workplace: Workplace, workshop_id: int) -> None:
        super().__init__()
        self._workplace, self._desk, self._workshop = workplace, workplace.desk, workshop_id
        self._page: WorkshopPage | None = None
        self._rows: dict[int, ParticipantRow] = {}
        self._state = Sentence("", id="state")
        self._detail = Sentence("", id="participant", classes="line-detail")
        self._list = FilteredTable(
            PagedTable(
                _COLUMNS,
                self._load,
                selectable=False,
                empty=N_("Nobody is entered yet. F8 enters people, v pastes a list."),
                nothing_found=N_("Nobody matches. Esc shows everybody."),
            ),
            N_("/ to search: a name or an address"),
        )

    @property
    def table(self) -> PagedTable:
        return self._list.table

    def compose(self) -> ComposeResult:
        yield TitleBar(N_("Participants"), *self._workplace.title)
        yield self._state
        yield self._list
        yield self._detail
        yield KeyBar()

    def on_screen_resume(self) -> None:
        if self._page is not None:
            self.table.reload()

    # Reading

    def _load(self, offset: int, limit: int, text: str, sort: Sort | None) -> Page:
        rows = self._desk.read(workshop_participants.listed, self._workshop)
        self.post_message(self._Read(self._desk.read(workshop_page.page, self._workshop), rows))
        found = [_as_row(row) for row in rows if _matches(row, text)]
        return Page(found[offset : offset + limit], len(found))

    @on(_Read)
    def _take(self, message: _Read) -> None:
        message.stop()
        self._page = message.page
        self._rows = {row.id: row for row in message.rows}
        self._state.show(_told_state(message.page, len(message.rows)))
        self._show_detail()

    @property
    def _current(self) -> ParticipantRow | None:
        row = self.table.row
        return self._rows.get(row.key) if row and isinstance(row.key, int) else None

    @on(PagedTable.Highlighted)
    def _show_detail(self) -> None:
        row = self._current
        self._detail.show(_about(row) if row else "")
        self.refresh_bindings()

    def language_changed(self) -> None:
        self._show_detail()

    # What can be done

    def _can(self, step: str) -> bool:
        return self._page is not None and step in self._page.steps

    def check_action(self, action: str, parameters: tuple[object, ...]) -> bool | None:
        if action in ("add", "paste", "file"):
            return self._can("participants")
        if action in ("correct", "withdraw"):
            return self._can("participants") and self._current is not None
        if action == "late_change":
            return self._can("late_change")
        return True

    def action_add(self) -> None:
        self._edit(None)

    @on(PagedTable.Opened)
    def _open(self, event: PagedTable.Opened) -> None:
        event.stop()
        self.action_correct()

    def action_correct(self) -> None:
        if self._can("participants") and self._current is not None:
            self._edit(self._current)

    def _edit(self, row: ParticipantRow | None) -> None:
        assert self._page is not None
        others = [each for each in self._rows.values() if each is not row]
        self.app.push_screen(ParticipantScreen(self._workplace, self._page, row, others))

    def action_withdraw(self) -> None:
        row = self._current
        if row is None or self._page is None:
            return
        told = say("They are told by e-mail.") if self._page.registration_link else None
        self.app.push_screen(
            ConfirmScreen(
                say("Withdraw a participant"),
                say("Withdraw %(name)s?", name=_name(row)),
                told,
            ),
            lambda yes: self.attempt(partial(self._withdraw, row)) if yes else None,
        )

    def _withdraw(self, row: ParticipantRow) -> None:
        self._desk.write(workshop_participants.withdraw, row.id)
        self.post_message(self._Done(say("%(name)s is withdrawn.", name=_name(row)), True))

    @on(_Done)
    def _tell_done(self, message: _Done) -> None:
        message.stop()
        tell(self, message.told, mailed=message.mailed)
        self.table.reload()

    # Many at once

    def on_paste(self, event: events.Paste) -> None:
        """Take what is pasted anywhere in the list for a list of participants."""
        event.stop()
        if self._can("participants"):
            self._plan_list(event.text[:LONGEST_PASTE], "")

    def action_paste(self) -> None:
        screen = PasteScreen(self._workplace, self._workshop)
        self.app.push_screen(screen, lambda text: self._plan_list(text, "") if text else None)

    def action_file(self) -> None:
        question = say("A CSV file or workbook: surname, first name, e-mail, and title and FASE:")
        ask_file(self, say("Participants from a file"), question, self._read_file)

    def _read_file(self, path: Path) -> None:
        self.attempt(lambda: self._plan(content_of(path), path.name))

    def _plan_list(self, content: str, name: str) -> None:
        self.attempt(partial(self._plan, content, name))

    def _plan(self, content: bytes | str, name: str) -> None:
        plan = self._desk.write(
            workshop_participants.plan_participants, self._workshop, content, clean(name)
        )
        self._desk.write(drafts.discard, draft_name(self._workshop))
        self.post_message(self._Planned(plan))

    @on(_Planned)
    def _show_plan(self, message: _Planned) -> None:
        message.stop()
        question = None
        if self._page is not None and self._page.registration_link:
            question = say(
                "Whoever is entered is told by e-mail, which cannot be called back. Go on?"
            )
        show_plan(self, self._workplace, message.plan_id, question)

    # Going out

    def action_csv(self) -> None:
        question = say("Folder for the list of participants, as CSV:")
        ask_folder(
            self,
            say("Participants as CSV"),
            question,
            lambda folder: self.attempt(partial(self._write_csv, folder)),
        )

    def _write_csv(self, folder: Path) -> None:
        headings = (
            _("Courtesy title"), _("Surname"), _("First name"), _("E-mail"), _("FASE number"),
        )  # fmt: skip
        text = self._desk.read(workshop_participants.as_csv, self._workshop, headings)
        assert self._page is not None
        name = f"{say('participants')}-{self._page.reference}"
        # With a mark, for spreadsheets take a file without one for another encoding.
        path = write_new(text.encode("utf-8-sig"), folder, name, "csv")
        self.post_message(self._Done(say("The list is %(path)s.", path=str(path)), False))

    def action_late_change(self) -> None:
        self.app.push_screen(LateChangeScreen(self._workplace, self._workshop))


def _matches(row: ParticipantRow, text: str) -> bool:
    key = name_key(f"{row.first_name} {row.surname} {row.first_name} {row.email}")
    return all(name_key(word) in key for word in text.split())


def _name(row: ParticipantRow) -> str:
    return f"{row.first_name} {row.surname}"


def _as_row(row: ParticipantRow) -> Row:
    remark = Cell("")
    if row.hint is not None:
        meant = {"domain": row.hint.rpartition("@")[2]}
        remark = Cell(_("%(domain)s?") % meant, "warning")
    elif row.changed:
        remark = Cell(_("corrected"), "quiet")
    school = str(row.fase_number) if row.fase_number else ""
    return Row(row.id, (f"{row.surname} {row.first_name}", row.email, remark, row.title, school))


def _about(row: ParticipantRow) -> Wording:
    if row.finding is not None:
        return say("%(name)s: %(finding)s", name=_name(row), finding=row.finding.sentence)
    if row.fase_number is not None:
        return say(
            "%(name)s, of school %(number)s: %(address)s",
            name=_name(row),
            number=row.fase_number,
            address=row.email,
        )
    return say("%(name)s: %(address)s", name=_name(row), address=row.email)


def _told_state(page: WorkshopPage, count: int) -> Wording:
    """Return how many are entered, and until when that can be changed."""
    values = {"count": count, "asked": page.people, "day": page.registration_until}
    if "participants" in page.steps:
        return say("%(count)s entered, %(asked)s asked for. Changes until %(day)s.", **values)
    if "late_change" in page.steps:
        return say(
            "%(count)s entered. Registration closed on %(day)s: changes by message, F8.", **values
        )
    return say("%(count)s entered, %(asked)s asked for.", **values)


# --- one participant ----------------------------------------------------------------------


class _ParticipantSheet(Form, inherit_bindings=False):
    DEFAULT_CSS = """
    _ParticipantSheet Field { height: 2; }
    _ParticipantSheet #field-title, _ParticipantSheet #field-school { height: 1; }
    _ParticipantSheet Field > .label { width: 14; }
    _ParticipantSheet Field > .entry { width: 30; }
    _ParticipantSheet Field > .message { width: 1fr; height: 2; }
    """
    BINDINGS = [*bindings("form.next", "form.previous", "form.save")]


class ParticipantScreen(DeedScreen[None]):
    """Enter participants one after the other, or correct one. What is typed is kept."""

    HORIZONTAL_BREAKPOINTS = [(0, "-narrow"), (72, "-wide")]
    DEFAULT_CSS = """
    ParticipantScreen > #told { height: auto; margin-top: 1; }
    ParticipantScreen.-narrow Form { padding: 0 1; }
    ParticipantScreen.-narrow Field > .entry { width: 20; }
    ParticipantScreen.-narrow Field > .message { width: 24; max-width: 24; height: 2; }
    """

    @dataclass
    class _Known(Message):
        domains: frozenset[str]

    @dataclass
    class _Saved(Message):
        entry: Entry

    def __init__(
        self,
        workplace: Workplace,
        page: WorkshopPage,
        row: ParticipantRow | None,
        others: Sequence[ParticipantRow],
    ) -> None:
        super().__init__()
        self._workplace, self._desk, self._page, self._row = workplace, workplace.desk, page, row
        self._taken = {address_key(each.email) for each in others}
        self._count = len(others)
        self._told = Sentence(self._where_we_are(), id="told")
        name = f"participant-{page.id}" + (f"-{row.id}" if row else "")
        self._form = _ParticipantSheet(name, *self._fields(), drafts=drafts.DraftsOf(self._desk))

    def _fields(self) -> list[Field]:
        row = self._row or ParticipantRow(0, "", "", "", "", None, False, None)
        fields = [
            Field("title", N_("Courtesy title"), row.title, max_length=LONGEST_TITLE),
            Field(
                "first_name", N_("First name"), row.first_name,
                max_length=LONGEST_NAME, required=True, check=_name_fault,
            ),
            Field(
                "surname", N_("Surname"), row.surname,
                max_length=LONGEST_NAME, required=True, check=_name_fault,
            ),
            EmailField(
                "email", N_("E-mail"), row.email,
                max_length=LONGEST_ADDRESS, required=True, check=self._address_fault,
            ),
        ]  # fmt: skip
        if further := self._page.further_schools:
            own: tuple[str, str | Wording] = ("", say("%(school)s", school=self._page.school))
            schools: list[tuple[str, str | Wording]] = [
                (str(each.fase_number), f"{each.fase_number} {clean(each.name)}")
                for each in further
            ]
            value = str(row.fase_number or "")
            fields.append(Field("school", N_("School"), value, options=[own, *schools]))
        return fields

    def _address_fault(self, text: str) -> Wording | None:
        try:
            address = parse_address(text)
        except AddressError as error:
            return error.wording
        if address_key(address) in self._taken:
            return say("This address is entered already.")
        return None

    def compose(self) -> ComposeResult:
        title = N_("Correct a participant") if self._row else N_("Enter participants")
        yield TitleBar(title, *self._workplace.title)
        yield self._form
        yield self._told
        yield KeyBar()

    def on_mount(self) -> None:
        self._form["title"].entry.focus()
        self.attempt(self._look_up)

    def _look_up(self) -> None:
        from services.attention import known_domains

        domains = self._desk.read(known_domains, self._page.school_id)
        self.post_message(self._Known(domains))

    @on(_Known)
    def _know(self, message: _Known) -> None:
        message.stop()
        email = self._form["email"]
        assert isinstance(email, EmailField)
        email.domains = message.domains

    def _where_we_are(self) -> Wording:
        if self._row is not None:
            if self._page.registration_link:
                return say("Where the address is another, both addresses are told by e-mail.")
            return say("F8 saves the correction.")
        return say_n(
            "%(count)s participant is entered. F8 enters this one and goes on to the next.",
            "%(count)s participants are entered. F8 enters this one and goes on to the next.",
            self._count,
        )

    @on(Form.Saved)
    def _save(self, event: Form.Saved) -> None:
        event.stop()
        values = event.values
        number = values.get("school", "")
        entry = Entry(
            values["title"],
            values["surname"],
            values["first_name"],
            values["email"],
            int(number) if number else None,
        )
        self.attempt(partial(self._write, entry))

    def _write(self, entry: Entry) -> None:
        if self._row is None:
            self._desk.write(workshop_participants.add, self._page.id, entry)
        else:
            self._desk.write(workshop_participants.correct, self._row.id, entry)
        self.post_message(self._Saved(entry))

    @on(_Saved)
    def _next(self, message: _Saved) -> None:
        message.stop()
        name = f"{message.entry.first_name} {message.entry.surname}"
        self._form.submitted()
        if self._row is not None:
            tell(self, say("%(name)s is corrected.", name=name), mailed=True)
            self.dismiss(None)
            return
        tell(self, say("%(name)s is entered.", name=name), mailed=True)
        self._taken.add(address_key(message.entry.email))
        self._count += 1
        self._told.show(self._where_we_are())
        with self._form.prevent(Field.Edited):
            for field in ("title", "first_name", "surname", "email"):
                self._form[field].value = ""
        self._form["title"].entry.focus()


def _name_fault(text: str) -> Wording | None:
    return None if any(map(str.isalpha, text)) else say("A name has letters.")


# --- after the deadline -------------------------------------------------------------------


class _LateChange(Form, inherit_bindings=False):
    DEFAULT_CSS = """
    _LateChange Field > .label { width: 14; }
    _LateChange Field > .message { width: auto; max-width: 12; }
    """
    BINDINGS = [*bindings("form.next", "form.previous")]


class LateChangeScreen(DeedScreen[bool]):
    """Ask the workshop office for a change: the message stands there as it will be sent.

    The result is whether it is.
    """

    HORIZONTAL_BREAKPOINTS = [(0, "-narrow"), (72, "-wide")]
    BINDINGS = [*bindings("late.send")]

    @dataclass
    class _Written(Message):
        change: str
        letter: LateMessage | None
        refused: Wording | None

    @dataclass
    class _Sent(Message):
        pass

    def __init__(self, workplace: Workplace, workshop_id: int) -> None:
        super().__init__()
        self._workplace, self._desk, self._workshop = workplace, workplace.desk, workshop_id
        self._hint = Sentence(N_("Say which participant, and what is to be changed."), id="hint")
        self._asked = ""
        field = Field("change", N_("The change"), max_length=LONGEST_CHANGE, required=True)
        self._form = _LateChange(
            f"late-change-{workshop_id}", field, drafts=drafts.DraftsOf(self._desk)
        )
        self._letter = Reader()

    def compose(self) -> ComposeResult:
        yield TitleBar(N_("Change by message"), *self._workplace.title)
        yield self._hint
        yield self._form
        yield self._letter
        yield KeyBar()

    def on_mount(self) -> None:
        self._form["change"].entry.focus()

    @on(Field.Edited)
    def _write(self, event: Field.Edited) -> None:
        self._asked = event.value
        self.attempt(partial(self._read, event.value), "letter", reads=True)

    def _read(self, text: str) -> None:
        from models.errors import TrousseauError

        try:
            letter = self._desk.read(workshop_participants.late_change, self._workshop, text)
        except TrousseauError as error:
            self.post_message(self._Written(text, None, error.wording))
        else:
            self.post_message(self._Written(text, letter, None))

    @on(_Written)
    def _show(self, message: _Written) -> None:
        message.stop()
        if message.change == self._asked:  # an older letter may come after the newest
            self._letter.show(_letter(message.letter, message.refused))

    def action_save(self) -> None:
        if not self._form.problems():
            self.attempt(partial(self._send, self._form["change"].value))

    def _send(self, text: str) -> None:
        self._desk.write(workshop_participants.send_late_change, self._workshop, text)
        self.post_message(self._Sent())

    @on(_Sent)
    def _leave(self, message: _Sent) -> None:
        message.stop()
        self._form.submitted()
        tell(self, say("The message goes to the workshop office."), mailed=True)
        self.dismiss(True)


def _letter(letter: LateMessage | None, refused: Wording | None) -> list[Paragraph]:
    if letter is None:
        return [Paragraph(refused.text(), "warning")] if refused else []
    to = _("To: %(address)s") % {"address": letter.recipient}
    about = _("Subject: %(subject)s") % {"subject": letter.subject}
    lines = [Paragraph(line, apart=False) for line in letter.lines if line]
    return [Paragraph(to, "quiet"), Paragraph(about, "quiet", apart=False), Paragraph(""), *lines]
