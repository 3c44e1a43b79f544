"""The meeting of a workshop: made on its server, and the links by which people join it."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from datetime import UTC, datetime
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING

from textual import on
from textual.app import ComposeResult
from textual.containers import Vertical
from textual.message import Message
from textual.widgets import Static

from models.errors import TrousseauError
from models.language import N_, Wording, _, format_day, say
from models.text import name_key
from screens.commands import bindings
from screens.facts import told_at
from screens.widgets.chrome import KeyBar, Sentence, TitleBar
from screens.widgets.deeds import DeedScreen
from screens.widgets.dialog import Dialog
from screens.widgets.filter import FilteredTable
from screens.widgets.table import Column, Page, PagedTable, Row, Sort
from screens.widgets.text import safe
from screens.workplace import Workplace
from screens.workshop_dialogs import AskLineScreen, ask_folder, tell
from services import workshop_attendance, workshop_meetings, workshop_page
from services.new_files import write_new
from services.workshop_meetings import Joiner, MeetingRow, meeting_id_of
from services.workshop_page import WorkshopPage

if TYPE_CHECKING:
    from services.bigbluebutton import MeetingServer, Role

_LONGEST_NAME = 64
#: By what the server knows whoever leads; nobody who takes part has such an id.
_LEADER = "leader"
_COLUMNS = (
    Column("name", N_("Name"), 22, grow=2, sortable=False),
    Column("email", N_("E-mail"), 24, grow=2, priority=1, sortable=False),
)
_NO_SERVER = say(
    "No meeting server is set up. Whoever runs the console gives its address and secret "
    "(TROUSSEAU_BIGBLUEBUTTON_URL)."
)


class JoinLinkScreen(Dialog[bool]):
    """Show one link, true where it is to go to a file. Whoever has it comes in under that name.

    It fills whole lines from the first column on, with nothing beside it: so a terminal's own
    selection takes the link and nothing else.
    """

    DEFAULT_CSS = """
    JoinLinkScreen > .dialog-box {
        width: 100%; border-left: none; border-right: none; padding: 0;
    }
    JoinLinkScreen #link { margin: 1 0; color: ansi_cyan; }
    """
    BINDINGS = [*bindings("dialog.close", "link.file")]

    def __init__(self, name: str, link: str) -> None:
        super().__init__()
        self._whose, self._link = name, link

    def compose(self) -> ComposeResult:
        with Vertical(classes="dialog-box") as box:
            box.border_title = safe(self._whose)
            told = _(
                "Whoever has this link comes in under this name. It is one link, though it takes "
                "several lines."
            )
            yield Static(safe(told))
            yield Static(safe(self._link), id="link")
            keys = _("F8 writes it to a file, on one line   Esc closes")
            yield Static(safe(keys), classes="keys")

    def action_file(self) -> None:
        self.dismiss(True)

    def action_close(self) -> None:
        self.dismiss(False)


class WorkshopMeetingScreen(DeedScreen[None]):
    """Whether the meeting is made, F8 makes it; below it everybody, with a link each."""

    DEFAULT_CSS = """
    WorkshopMeetingScreen > #state { height: auto; text-style: bold; }
    WorkshopMeetingScreen > #hint { height: auto; }
    """
    BINDINGS = [*bindings("meeting.create", "meeting.leader", "meeting.links")]

    @dataclass
    class _Read(Message):
        page: WorkshopPage
        meeting: MeetingRow | None
        people: list[Joiner]

    @dataclass
    class _Made(Message):
        already: bool

    @dataclass
    class _Refused(Message):
        error: TrousseauError

    @dataclass
    class _Written(Message):
        path: str

    class _Linked(Message):
        """A link to show. It stands in no field that is put into words somewhere."""

        def __init__(self, name: str, link: str) -> None:
            super().__init__()
            self.name, self.shown = name, lambda: link

    def __init__(self, workplace: Workplace, workshop_id: int) -> None:
        super().__init__()
        self._workplace, self._desk, self._workshop = workplace, workplace.desk, workshop_id
        self._page: WorkshopPage | None = None
        self._meeting: MeetingRow | None = None
        self._people: dict[str, Joiner] = {}
        self._asking = False
        self._state = Sentence("", id="state")
        self._hint = Sentence(
            N_("Enter shows the link of the line, m that of whoever leads."), id="hint"
        )
        self._list = FilteredTable(
            PagedTable(
                _COLUMNS,
                self._load,
                selectable=False,
                empty=N_("Nobody takes part yet: enter the participants first."),
                nothing_found=N_("Nobody matches. Esc shows everybody."),
            ),
            N_("/ to search: a name"),
        )

    @property
    def table(self) -> PagedTable:
        return self._list.table

    def compose(self) -> ComposeResult:
        yield TitleBar(N_("Meeting"), *self._workplace.title)
        yield self._state
        yield self._hint
        yield self._list
        yield KeyBar()

    # Reading

    def _load(self, offset: int, limit: int, text: str, sort: Sort | None) -> Page:
        desk = self._desk
        people = desk.read(workshop_meetings.joiners, self._workshop)
        page = desk.read(workshop_page.page, self._workshop)
        meeting = desk.read(workshop_meetings.meeting_of, self._workshop)
        self.post_message(self._Read(page, meeting, people))
        found = [each for each in people if name_key(text) in name_key(each.name)]
        rows = [Row(each.user_id, (each.name, each.email)) for each in found]
        return Page(rows[offset : offset + limit], len(found))

    @on(_Read)
    def _take(self, message: _Read) -> None:
        message.stop()
        self._page, self._meeting = message.page, message.meeting
        self._people = {each.user_id: each for each in message.people}
        self._show()

    def language_changed(self) -> None:
        self._show()

    def _show(self) -> None:
        if self._asking:
            self._state.show(N_("The meeting server is asked…"))
        elif self._page is not None:
            self._state.show(_told_state(self._page, self._meeting))
        self.refresh_bindings()

    def check_action(self, action: str, parameters: tuple[object, ...]) -> bool | None:
        if action == "create":
            return self._page is not None and not self._asking
        return True

    # Making it

    def action_create(self) -> None:
        self._asking = True
        self._show()
        self.attempt(self._create, "server", exclusive=True)

    def _server(self) -> MeetingServer:
        server = self._workplace.meetings()
        if server is None:
            raise TrousseauError(_NO_SERVER)
        return server

    def _create(self) -> None:
        """Ask the server, in no transaction, and note what it answered."""
        from services.bigbluebutton import Meeting, MeetingRefused, create

        desk, meeting_id = self._desk, meeting_id_of(self._workshop)
        server = self._server()
        page = desk.read(workshop_page.page, self._workshop)
        sessions = desk.read(workshop_attendance.sessions, self._workshop)
        ends = max((each.ends_at for each in sessions), default=page.event.ends_at)
        try:
            made = create(server, Meeting(meeting_id, page.title, ends), desk.now())
        except MeetingRefused as error:
            words = error.wording.text()
            desk.write(workshop_meetings.note_meeting, self._workshop, meeting_id, None, words)
            self.post_message(self._Refused(error))
            return
        at = datetime.fromtimestamp(made.create_time / 1000, UTC)
        desk.write(workshop_meetings.note_meeting, self._workshop, meeting_id, at)
        self.post_message(self._Made(made.already))

    @on(_Made)
    def _tell_made(self, message: _Made) -> None:
        message.stop()
        self._asking = False
        told = say("The meeting is open on the server: people can join it by their links.")
        if message.already:
            told = say("The meeting was open on the server already.")
        tell(self, told)
        self.table.reload()

    @on(_Refused)
    def _tell_refused(self, message: _Refused) -> None:
        message.stop()
        self.failed(message.error)
        self.table.reload()

    def failed(self, error: Exception) -> None:
        self._asking = False
        self._show()
        super().failed(error)

    # Links

    @on(PagedTable.Opened)
    def _open(self, event: PagedTable.Opened) -> None:
        event.stop()
        each = self._people.get(str(event.row.key))
        if each is not None:
            self.attempt(partial(self._link, each.name, each.user_id, "viewer"))

    def action_leader(self) -> None:
        dialog = AskLineScreen(
            say("Leader’s link"),
            say("Who leads the workshop? The others see this name."),
            say("Enter shows the link   Esc closes"),
            lambda text: text or say("A name is needed."),
            longest=_LONGEST_NAME,
        )

        def show(name: str | None) -> None:
            if name:
                self.attempt(partial(self._link, name, _LEADER, "moderator"))

        self.app.push_screen(dialog, show)

    def _link(self, name: str, user_id: str, role: Role) -> None:
        self.post_message(self._Linked(name, self._made(name, user_id, role)))

    def _made(self, name: str, user_id: str, role: Role) -> str:
        from services.bigbluebutton import join_link

        meeting_id = meeting_id_of(self._workshop)
        return join_link(self._server(), meeting_id, name=name, user_id=user_id, role=role)

    @on(_Linked)
    def _show_link(self, message: _Linked) -> None:
        message.stop()
        link = message.shown
        self.app.push_screen(
            JoinLinkScreen(message.name, link()),
            lambda wanted: self._ask_folder_for(link) if wanted else None,
        )

    # Links in files: on one line each, to be sent on

    def _ask_folder_for(self, link: Callable[[], str]) -> None:
        ask_folder(
            self,
            say("The link as a file"),
            say("Folder for the file. Whoever reads it comes in under that name:"),
            lambda folder: self._write(folder, "txt", lambda: f"{link()}\n"),
        )

    def action_links(self) -> None:
        ask_folder(
            self,
            say("All links as CSV"),
            say("Folder for the list with everybody’s link. Whoever reads it comes in as them:"),
            lambda folder: self._write(folder, "csv", self._links),
        )

    def _links(self) -> str:
        return self._desk.read(
            workshop_meetings.links_as_csv,
            self._workshop,
            self._server(),
            (_("Name"), _("E-mail"), _("Link")),
        )

    def _write(self, folder: Path, ending: str, text: Callable[[], str]) -> None:
        assert self._page is not None
        name = f"{say('link')}-{self._page.reference}"
        # A spreadsheet takes a list without a mark for another encoding.
        encoding = "utf-8-sig" if ending == "csv" else "utf-8"

        def write() -> None:
            path = write_new(text().encode(encoding), folder, name, ending)
            self.post_message(self._Written(str(path)))

        self.attempt(write)

    @on(_Written)
    def _tell_written(self, message: _Written) -> None:
        message.stop()
        tell(self, say("Written: %(path)s. Delete it when it is not needed.", path=message.path))


def _told_state(page: WorkshopPage, meeting: MeetingRow | None) -> Wording:
    if meeting is None:
        return say(
            "No meeting yet. F8 has it made on the server; it stays open until the end of the "
            "workshop, %(day)s.",
            day=format_day(page.event.days[-1]),
        )
    if meeting.created_at is not None and not meeting.reply:
        at = told_at(meeting.created_at, page.zone)
        return say("The meeting is open since %(at)s. F8 opens it again.", at=at)
    return say(
        "The server did not make it, %(at)s: %(words)s",
        at=told_at(meeting.tried_at, page.zone),
        words=meeting.reply,
    )
