"""A committee of heads: who is in it from when until when, who was, what it is for, its minutes."""

from __future__ import annotations

from dataclasses import dataclass
from functools import partial
from zoneinfo import ZoneInfo

from textual import on
from textual.app import ComposeResult
from textual.containers import Vertical
from textual.message import Message
from textual.widgets import Static

from models.language import N_, Wording, _, format_day, say, say_n
from models.workshop_dates import local_day
from screens.commands import bindings
from screens.room_words import RoomScreen
from screens.widgets.book import Book
from screens.widgets.book_reader import BookReader
from screens.widgets.chrome import KeyBar, LineDetail, Sentence, TitleBar
from screens.widgets.dialog import Dialog
from screens.widgets.rows import Cell
from screens.widgets.table import Column, Page, PagedTable, Row, Sort
from screens.widgets.text import Tone, is_accessible, safe, signed
from screens.workplace import Workplace
from services import committees
from services.committees import STATE_WORDS, CommitteePage, MemberRow, Term

_TONES: dict[str, Tone] = {"present": "", "coming": "accent", "past": "quiet"}
_SIGNS = {"present": "+", "coming": ">", "past": "-"}
_COLUMNS = (
    Column("name", N_("Name"), 16, grow=2, sortable=False),
    Column("function", N_("Function"), 14, grow=1, priority=2, sortable=False),
    Column("school", N_("School"), 12, grow=2, priority=3, sortable=False),
    Column("from", N_("From"), 10, priority=1, sortable=False),
    Column("to", N_("Until"), 10, sortable=False),
    Column("state", N_("State"), 13, sortable=False),
)


class CommitteeScreen(RoomScreen[None]):
    """The members of a committee: those in office, those to come, then those who were."""

    DEFAULT_CSS = """
    CommitteeScreen > #headline { height: auto; max-height: 2; text-style: bold; }
    CommitteeScreen > #facts { height: auto; max-height: 2; margin-bottom: 1; }
    CommitteeScreen > #member-detail { height: 2; }
    CommitteeScreen.-narrow > #facts { margin-bottom: 0; }
    """
    HORIZONTAL_BREAKPOINTS = [(0, "-narrow"), (72, "-wide")]
    BINDINGS = [
        *bindings("committee.minutes", "committee.purpose", "committee.add"),
        *bindings("committee.correct", "committee.remove", "committee.edit"),
        *bindings("committee.withdraw"),
    ]

    @dataclass
    class _Read(Message):
        page: CommitteePage

    def __init__(self, workplace: Workplace, committee_id: int) -> None:
        super().__init__()
        self.workplace, self._desk = workplace, workplace.desk
        self._committee = committee_id
        self._page: CommitteePage | None = None
        self._members: dict[object, MemberRow] = {}
        self._headline = Sentence("", id="headline")
        self._facts = Sentence("", id="facts")
        self._table = PagedTable(
            _COLUMNS,
            self._load,
            selectable=False,
            openable=False,
            empty=N_("Nobody is in this committee yet."),
        )
        self._detail = LineDetail(id="member-detail")

    def compose(self) -> ComposeResult:
        yield TitleBar(N_("Committee"), *self.workplace.title)
        yield self._headline
        yield self._facts
        yield self._table
        yield self._detail
        yield KeyBar()

    def on_mount(self) -> None:
        self._table.focus()

    def on_screen_resume(self) -> None:
        if self._page is not None:
            self.read_again()

    # Reading

    def read_again(self) -> None:
        self._table.reload()

    def _load(self, offset: int, limit: int, text: str, sort: Sort | None) -> Page:
        page = self._desk.read(committees.page, self._committee)
        self.post_message(self._Read(page))
        self._members = {each.id: each for each in page.members}
        rows = [_as_row(each) for each in page.members[offset : offset + limit]]
        return Page(rows, len(page.members))

    @on(_Read)
    def _take(self, message: _Read) -> None:
        message.stop()
        self._page = message.page
        self._headline.show(say("%(title)s", title=message.page.name))
        self._facts.show(_told_facts(message.page, self.zone))
        self.refresh_bindings()

    @property
    def current(self) -> MemberRow | None:
        row = self._table.row
        return self._members.get(row.key) if row else None

    @on(PagedTable.Highlighted)
    def _show_detail(self) -> None:
        row = self.current
        self._detail.show(_detail(row) if row else "")
        self.refresh_bindings()

    # Going

    def check_action(self, action: str, parameters: tuple[object, ...]) -> bool | None:
        if action in ("correct", "remove"):
            return self.current is not None
        if action == "purpose":
            return self._page is not None and bool(self._page.purpose)
        return action not in ("minutes", "add", "edit", "withdraw") or self._page is not None

    def action_minutes(self) -> None:
        from screens.reading_room import ReadingRoomScreen

        assert self._page is not None
        committee = (self._page.id, self._page.name)
        self.app.push_screen(ReadingRoomScreen(self.workplace, committee))

    def action_purpose(self) -> None:
        assert self._page is not None
        self.app.push_screen(PurposeScreen(self._page))

    # Managing

    def action_add(self) -> None:
        self._edit_member(None)

    def action_correct(self) -> None:
        self._edit_member(self.current)

    def _edit_member(self, member: MemberRow | None) -> None:
        from screens.committee_form import MemberFormScreen

        form = MemberFormScreen(self.workplace, self._committee, member)
        self.app.push_screen(form)

    def action_remove(self) -> None:
        member = self.current
        assert member is not None
        self.ask(
            say("Remove"),
            say("Take back this line about %(name)s? It is shown no more.", name=member.name),
            partial(self._desk.write, committees.remove_term, member.id),
            say("The line is taken back."),
            say("Only where it was wrong: F2 ends a term on its last day."),
        )

    def action_edit(self) -> None:
        from screens.committee_form import CommitteeFormScreen

        self.app.push_screen(CommitteeFormScreen(self.workplace, self._page))

    def action_withdraw(self) -> None:
        assert self._page is not None
        page, desk = self._page, self._desk
        self.ask_to_withdraw(
            page.name,
            withdrawn=page.withdrawn_at is not None,
            withdraw=partial(desk.write, committees.withdraw, page.id),
            publish_again=partial(desk.write, committees.publish_again, page.id),
            detail=say("Its minutes stay in the reading room."),
        )


def _told_facts(page: CommitteePage, zone: ZoneInfo) -> Wording:
    present, past = len(page.of_state("present")), len(page.of_state("past"))
    told = say(
        "%(present)s, %(past)s · %(minutes)s",
        present=say_n("%(count)s member in office", "%(count)s members in office", present),
        past=say_n("%(count)s former term", "%(count)s former terms", past),
        minutes=say_n("%(count)s document", "%(count)s documents", page.minutes),
    )
    if page.withdrawn_at is not None:
        away = say("Withdrawn on %(day)s", day=local_day(page.withdrawn_at, zone))
        return say("%(first)s · %(second)s", first=away, second=told)
    return told


def _as_row(member: MemberRow) -> Row:
    term, tone = member.term, _TONES[member.state]
    state = STATE_WORDS[member.state]
    return Row(
        member.id,
        (
            Cell(term.name, tone),
            Cell(term.function, tone),
            Cell(term.school_name, tone),
            Cell(format_day(term.first_day), tone),
            Cell(format_day(term.last_day) if term.last_day else "…", tone),
            Cell(signed(_SIGNS[member.state], state), tone),
        ),
    )


def _detail(member: MemberRow) -> Wording:
    term = member.term
    told = say("%(name)s, %(term)s", name=term.name, term=told_term(term))
    for more in (term.function, term.school_name):
        if more:
            told = say("%(told)s · %(more)s", told=told, more=more)
    if term.election_id is not None:
        told = say("%(told)s · %(more)s", told=told, more=say("elected by ballot"))
    return told


def told_term(term: Term) -> Wording:
    """Return from when until when somebody is in a committee, in words."""
    if term.last_day is None:
        return say("from %(day)s on", day=term.first_day)
    return say("from %(first)s to %(last)s", first=term.first_day, last=term.last_day)


class PurposeScreen(Dialog[None]):
    """What a committee is for, read as Markdown."""

    DEFAULT_CSS = """
    PurposeScreen > .dialog-box { width: 76; height: 18; max-height: 90%; }
    PurposeScreen Static { height: 1; }
    """
    BINDINGS = [*bindings("dialog.close")]

    def __init__(self, page: CommitteePage) -> None:
        super().__init__()
        self._page = page

    def compose(self) -> ComposeResult:
        with Vertical(classes="dialog-box") as box:
            box.border_title = safe(self._page.name)
            yield BookReader(Book(self._page.purpose, aloud=is_accessible(self)))
            yield Static(safe(_("Esc closes")), classes="keys")

    def action_close(self) -> None:
        self.dismiss(None)
