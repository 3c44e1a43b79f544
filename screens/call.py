"""The note of one call: who called, what was found and done; closing it and handing it on."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from datetime import datetime
from functools import partial
from typing import Literal
from zoneinfo import ZoneInfo

from textual import on
from textual.app import ComposeResult
from textual.containers import Vertical
from textual.message import Message

from models.errors import TrousseauError
from models.language import N_, Wording, _, say
from models.schools import DEFAULT_TIME_ZONE
from models.text import clean
from screens.call_form import CallSheet, DraftKeeper, fields, seen_in, values_of
from screens.commands import bindings
from screens.facts import told_at
from screens.hand_on import HandOnScreen
from screens.mail_told import mail_screen
from screens.plan import PlanScreen, plan_calls
from screens.widgets.chrome import KeyBar, LineDetail, Sentence, TitleBar
from screens.widgets.counts import Kind
from screens.widgets.deeds import DeedScreen
from screens.widgets.field import Field
from screens.widgets.table import Cell, Column, Page, PagedTable, Row, Sort
from screens.widgets.text import Tone
from screens.workplace import Workplace
from screens.workshop_dialogs import tell
from services import call_steps, calls, drafts, story
from services.calls import CallPage, CauseRow, Seen, StepRow
from services.search_rows import Hit

#: What became of a note while it was open on the screen; None where it was only looked at.
Outcome = Literal["closed", "handed_on"]

_TONES: dict[str, Tone] = {"open": "accent", "handed_on": "warning", "closed": "good"}
#: Every status of a call with its sign.
CALL_KINDS = {
    code: Kind(sign, word, _TONES[code]) for code, (sign, word) in calls.STATUS_WORDS.items()
}
_COLUMNS = (
    Column("at", N_("When"), 16, sortable=False),
    Column("kind", N_("Kind"), 9, sortable=False),
    Column("text", N_("What was found and done"), 26, grow=4, sortable=False),
    Column("who", N_("Who"), 14, grow=1, priority=1, sortable=False),
)
_FOUND, _DONE = Kind("!", say("Found"), "warning"), Kind("+", say("Done"), "good")


class CallScreen(DeedScreen[Outcome | None]):
    """One note; without a `call_id` a new one, stored once something is to be kept.

    Closing and handing on keep what was typed. `call_id` is that of the note from then on.
    """

    HORIZONTAL_BREAKPOINTS = [(0, "-narrow"), (72, "-wide")]
    DEFAULT_CSS = """
    CallScreen > #standing { height: auto; text-style: bold; }
    CallScreen > #about { height: auto; }
    CallScreen > #sheet { height: auto; min-height: 8; }
    CallScreen > PagedTable { margin-top: 1; }
    CallScreen > #call-detail { height: 2; padding: 0 3; }
    CallScreen.-narrow > #standing, CallScreen.-narrow > #about { padding: 0 1; }
    CallScreen.-narrow CallSheet { padding: 0 1; margin-top: 0; }
    CallScreen.-narrow CallSheet .label { width: 13; }
    CallScreen.-narrow CallSheet WritingField { height: 2; }
    CallScreen.-narrow CallSheet WritingField > .entry { height: 2; }
    CallScreen.-narrow > PagedTable { margin-top: 0; }
    CallScreen.-narrow > #sheet { min-height: 6; }
    CallScreen.-narrow > #call-detail { padding: 0 1; }
    """
    BINDINGS = [
        *bindings("call.save", "call.close", "call.hand-on", "call.diagnosis", "app.refresh"),
    ]

    @dataclass
    class _Opened(Message):
        page: CallPage | None
        draft: Mapping[str, str]

    @dataclass
    class _Read(Message):
        page: CallPage

    @dataclass
    class _Kept(Message):
        """The note is stored as typed; `outcome` tells what else became of it."""

        call_id: int
        told: Wording
        outcome: Outcome | None = None

    @dataclass
    class _MailRead(Message):
        mail: story.MailTold

    @dataclass
    class _Found(Message):
        hit: Hit | None

    def __init__(self, workplace: Workplace, call_id: int | None = None) -> None:
        super().__init__()
        self._workplace, self._desk = workplace, workplace.desk
        self.call_id = call_id
        self._zone = workplace.here.zone if workplace.here else ZoneInfo(DEFAULT_TIME_ZONE)
        self._page: CallPage | None = None
        self._keeper = DraftKeeper(drafts.DraftsOf(self._desk))
        self._form: CallSheet | None = None
        self._storing = False
        self._standing = Sentence("", id="standing")
        self._about = Sentence("", id="about")
        self._detail = LineDetail(id="call-detail")
        self._table = PagedTable(
            _COLUMNS,
            self._load,
            selectable=False,
            at_once=True,
            empty=N_("Nothing was found or done yet."),
        )

    def compose(self) -> ComposeResult:
        title = N_("Call") if self.call_id is not None else N_("New call")
        yield TitleBar(title, "", "", self._workplace.who)
        yield self._standing
        yield self._about
        yield Vertical(id="sheet")
        yield self._table
        yield self._detail
        yield KeyBar()

    def on_mount(self) -> None:
        self.attempt(self._open, "open")

    def on_screen_resume(self) -> None:
        if self._form is not None:
            self.action_refresh()

    def language_changed(self) -> None:
        self._tell()
        self._table.reload()

    # Reading

    @property
    def _draft(self) -> str:
        return f"call-{self.call_id or 'new'}"

    def _open(self) -> None:
        page = None if self.call_id is None else self._desk.read(calls.page, self.call_id)
        self.post_message(self._Opened(page, self._keeper.drafts.load(self._draft)))

    @on(_Opened)
    async def _fill(self, message: _Opened) -> None:
        message.stop()
        page, draft = message.page, message.draft
        self._take(page)
        values = values_of(self._keeper.seen)
        if self._is_open and draft:
            values |= self._keeper.take_up(draft)
        self._form = CallSheet(self._draft, *fields(values), drafts=self._keeper)
        await self.query_one("#sheet").mount(self._form)
        self._close_fields()
        self._first_entry().focus()

    def _first_entry(self) -> Field | PagedTable:
        """Return where the typing begins: at what is still to be asked, else at the remarks."""
        assert self._form is not None
        if not self._is_open:
            return self._table
        empty = (name for name in ("surname", "contact") if not self._form[name].value)
        return self._form[next(empty, "remarks")].entry  # type: ignore[return-value]

    def action_refresh(self) -> None:
        if self.call_id is not None:
            self.attempt(partial(self._read, self.call_id), "read", reads=True)

    def _read(self, call_id: int) -> None:
        self.post_message(self._Read(self._desk.read(calls.page, call_id)))

    @on(_Read)
    def _renew(self, message: _Read) -> None:
        """Show what others have made of the note; what is typed here stays."""
        message.stop()
        if self._form is None:  # it is still being opened
            return
        before = values_of(self._keeper.seen)
        self._take(message.page)
        for name, value in values_of(self._keeper.seen).items():
            if self._form[name].value == before[name]:
                with self._form.prevent(Field.Edited):
                    self._form[name].value = value
        self._close_fields()

    def _take(self, page: CallPage | None) -> None:
        self._page = page
        if page is not None:
            self._keeper.seen = Seen(page.caller, page.remarks)
        self._tell()
        self._table.reload()
        self.refresh_bindings()

    @property
    def _is_open(self) -> bool:
        return self._page is None or self._page.status != "closed"

    def _close_fields(self) -> None:
        if self._form is not None and not self._is_open:
            for each in self._form.query(Field):
                each.entry.disabled = True
            self._table.focus()

    # Showing

    def _tell(self) -> None:
        page = self._page
        if page is None:
            self._standing.show(say("A new call: it is kept with F8."))
            self._about.show("")
            return
        kind = CALL_KINDS[page.status]
        self._standing.show(
            say("%(status)s. %(since)s", status=kind.text, since=_standing(page, self._zone))
        )
        self._about.show(_about(page))

    def _load(self, offset: int, limit: int, text: str, sort: Sort | None) -> Page:
        page = self._page
        if page is None:
            return Page([], 0)
        told: list[tuple[str, CauseRow | StepRow]] = [
            *((f"cause-{place}", each) for place, each in enumerate(page.causes)),
            *((f"step-{place}", each) for place, each in enumerate(page.steps)),
        ]
        told.sort(key=lambda each: _time(each[1]))  # at one time first what was found
        rows = [self._row(*each) for each in told[offset : offset + limit]]
        return Page(rows, len(told))

    def _row(self, key: str, row: CauseRow | StepRow) -> Row:
        kind, who = (_FOUND, "") if isinstance(row, CauseRow) else (_DONE, row.done_by)
        at = told_at(_time(row), self._zone)
        return Row(key, (at, Cell(kind.text, kind.tone), row.sentence.text(), who))

    def _behind(self, key: object) -> CauseRow | StepRow | None:
        kind, _dash, place = str(key).partition("-")
        page = self._page
        rows = (page.causes if kind == "cause" else page.steps) if page else ()
        return rows[int(place)] if place.isdigit() and int(place) < len(rows) else None

    @on(PagedTable.Highlighted)
    def _show_detail(self, event: PagedTable.Highlighted) -> None:
        event.stop()
        row = self._behind(event.row.key) if event.row else None
        self._detail.show(" · ".join(_details(row)) if row else "")

    # Doing

    def check_action(self, action: str, parameters: tuple[object, ...]) -> bool | None:
        if action in ("save", "close", "hand_on"):
            return self._form is not None and self._is_open
        if action == "diagnosis":
            about = self._page.about if self._page else None
            return about is not None and (about.person_id or about.school_id) is not None
        return True

    @on(PagedTable.Opened)
    def _open_step(self, event: PagedTable.Opened) -> None:
        event.stop()
        row = self._behind(event.row.key)
        if isinstance(row, StepRow) and row.plan_id is not None:
            _school, _year, who = self._workplace.title
            screen = PlanScreen(plan_calls(self._desk, row.plan_id), school="", year="", who=who)
            self.app.push_screen(screen)
        elif isinstance(row, StepRow) and row.mail_id is not None:
            self.attempt(partial(self._read_mail, row.mail_id), "mail", reads=True)
        else:
            self._table.action_whole()

    def _read_mail(self, mail_id: int) -> None:
        self.post_message(self._MailRead(self._desk.read(story.message, mail_id)))

    @on(_MailRead)
    def _show_mail(self, message: _MailRead) -> None:
        message.stop()
        self.app.push_screen(mail_screen(message.mail, self._zone))

    def _store(self, deed: Callable[[Mapping[str, str], Seen], None]) -> None:
        """Store what is typed, once: a key that is pressed twice makes no second note."""
        if self._form is None or self._storing or self._form.problems():
            return
        self._storing = True
        self.attempt(partial(deed, self._form.values, self._keeper.seen))

    def action_save(self) -> None:
        self._store(self._save)

    def _save(self, values: Mapping[str, str], seen: Seen) -> None:
        call_id = self._desk.write(call_steps.store, self.call_id, seen_in(values), seen)
        self.post_message(self._Kept(call_id, say("The note is kept.")))

    def action_close(self) -> None:
        self._store(self._close)

    def _close(self, values: Mapping[str, str], seen: Seen) -> None:
        call_id = self._desk.write(call_steps.store_and_close, self.call_id, seen_in(values), seen)
        self.post_message(self._Kept(call_id, say("The call is closed."), "closed"))

    def action_hand_on(self) -> None:
        def answered(to: str | None) -> None:
            if to is not None:
                self._store(partial(self._hand_on, to))

        if self._form is not None and not self._form.problems():
            self.app.push_screen(HandOnScreen(self._desk), answered)

    def _hand_on(self, to: str, values: Mapping[str, str], seen: Seen) -> None:
        call_id = self._desk.write(
            call_steps.store_and_hand_on, self.call_id, seen_in(values), seen, to
        )
        told = say("The call is handed on to %(to)s.", to=clean(to))
        self.post_message(self._Kept(call_id, told, "handed_on"))

    @on(_Kept)
    def _kept(self, message: _Kept) -> None:
        message.stop()
        assert self._form is not None
        self._storing = False
        self._form.submitted()
        self.call_id = message.call_id
        self._form.key = self._draft  # what is typed from now on is of this note
        self.query_one(TitleBar).show(place=N_("Call"))
        tell(self, message.told)
        if message.outcome is None:
            self.action_refresh()
        else:
            self.dismiss(message.outcome)

    def failed(self, error: Exception) -> None:
        """Tell it, and show how the note stands now where somebody else has changed it."""
        self._storing = False
        super().failed(error)
        if isinstance(error, TrousseauError) and self._form is not None:
            self.action_refresh()

    def action_diagnosis(self) -> None:
        if self.call_id is not None:
            self.attempt(partial(self._find, self.call_id), "find", reads=True)

    def _find(self, call_id: int) -> None:
        self.post_message(self._Found(self._desk.read(calls.hit_of, call_id)))

    @on(_Found)
    def _diagnose(self, message: _Found) -> None:
        from screens.diagnosis import DiagnosisScreen

        message.stop()
        if any(isinstance(below, DiagnosisScreen) for below in self.app.screen_stack[-2:-1]):
            self.dismiss(None)  # one comes from there
        elif message.hit is not None and self._page is not None:
            self.app.push_screen(
                DiagnosisScreen(
                    self._workplace,
                    message.hit,
                    self._page.searched,
                    call=self._is_open,
                    call_id=self.call_id if self._is_open else None,
                )
            )


# --- in words -------------------------------------------------------------------------------


def _standing(page: CallPage, zone: ZoneInfo) -> Wording:
    """Return who did what with the note last, and when."""
    if page.status == "closed":
        at, who = told_at(page.closed_at, zone), page.closed_by
        return say("Closed on %(at)s by %(who)s.", at=at, who=who)
    if page.status == "handed_on":
        return say(
            "Handed on to %(to)s on %(at)s by %(who)s.",
            to=page.handed_to, at=told_at(page.handed_at, zone), who=page.handed_by,
        )  # fmt: skip
    at, who = told_at(page.opened_at, zone), page.opened_by
    if page.written:
        return say("Written on %(at)s by %(who)s.", at=at, who=who)
    return say("Opened on %(at)s by %(who)s.", at=at, who=who)


def _about(page: CallPage) -> Wording | str:
    """Return whom it is about, and what was searched."""
    whom = ", ".join(filter(None, (page.person, page.school)))
    if whom and page.searched:
        return say("About %(whom)s. Searched: %(text)s", whom=whom, text=page.searched)
    if whom:
        return say("About %(whom)s.", whom=whom)
    return say("Searched: %(text)s", text=page.searched) if page.searched else ""


def _time(row: CauseRow | StepRow) -> datetime:
    return row.found_at if isinstance(row, CauseRow) else row.done_at


def _details(row: CauseRow | StepRow) -> Iterator[str]:
    yield row.sentence.text()
    if isinstance(row, StepRow):
        if row.plan_id is not None:
            yield _("Enter opens the plan.")
        elif row.mail_id is not None:
            yield _("Enter opens the message.")
