"""HeadNet's reading room: documents, minutes, conferences and committees in one list."""

from __future__ import annotations

from dataclasses import dataclass
from functools import partial
from pathlib import Path

from textual import on
from textual.message import Message

from models.language import N_, Wording, _, format_day, say
from models.rights import may_change
from screens.commands import bindings
from screens.counted_list import CountedListScreen
from screens.jobs import Job, Jobs
from screens.room_words import (
    ROOM_KINDS,
    CommandLineScreen,
    RoomScreen,
    calendar_commands,
    is_over_line,
    open_row,
    told_download,
)
from screens.widgets.chrome import LineDetail, TitleBar
from screens.widgets.counts import Counts
from screens.widgets.filter import FilteredTable
from screens.widgets.reader import Paragraph
from screens.widgets.table import Cell, Column, Page, PagedTable, Row, Sort
from screens.workplace import Workplace
from screens.workshop_dialogs import AskLineScreen
from services import committees, conferences, reading_room
from services.committees import CommitteeRow
from services.documents import MEDIA_WORDS
from services.reading_room import KIND_WORDS, RoomQuery, RoomRow

_LONGEST_PATH = 1_000


def _columns(several: bool) -> tuple[Column, ...]:
    """Return the columns; the minutes of one committee need not name it."""
    columns = (
        Column("read", N_("Read"), 8, sortable=False),
        Column("title", N_("Title"), 24, grow=4, sortable=False),
        Column("kind", N_("Kind"), 17, priority=2, sortable=False),
        Column("day", N_("Date"), 10, sortable=False),
        Column("committee", N_("Committee"), 12, grow=1, priority=3, sortable=False),
    )
    return columns if several else columns[:-1]


class ReadingRoomScreen(CountedListScreen[RoomRow], RoomScreen[None]):
    """The room, the newest first; what is searched is found by its title before its text.

    With `committee`, its identifier and name, the minutes and documents of that one alone.
    """

    DEFAULT_CSS = """
    ReadingRoomScreen > #room-detail { height: 2; padding: 0 3; }
    """
    HORIZONTAL_BREAKPOINTS = [(0, "-narrow"), (72, "-wide")]
    BINDINGS = [
        *bindings("room.kind", "room.publish", "room.conference", "room.committee"),
        *bindings("room.folder", "room.file"),
    ]

    @dataclass
    class _Committees(Message):
        rows: list[CommitteeRow]

    def __init__(self, workplace: Workplace, committee: tuple[int, str] | None = None) -> None:
        super().__init__()
        self.workplace, self._desk = workplace, workplace.desk
        self._committee = committee
        self._manages = may_change(workplace.role, "reading_room")
        wish = workplace.wished("reading-room")
        self._status = wish.status if wish.status in ROOM_KINDS else None
        place = N_("Reading room")
        title = say("Minutes: %(committee)s", committee=committee[1]) if committee else place
        kinds = Counts(ROOM_KINDS, lines=2)
        kinds.display = committee is None
        listed = FilteredTable(
            PagedTable(
                _columns(committee is None),
                self._load,
                count=self._total,
                selectable=False,
                empty=N_("There is nothing to read yet."),
                nothing_found=N_("Nothing matches. f shows other kinds, Esc all of them."),
            ),
            N_("/ to search: titles, texts, committees and their members"),
            text=wish.text,
        )
        bar = TitleBar(title, *workplace.title)
        self.set_out(bar, kinds, listed, LineDetail(id="room-detail"))

    # Reading

    def _query(self, text: str) -> RoomQuery:
        committee = self._committee[0] if self._committee else None
        kind = self._status
        return RoomQuery(
            text,
            kind if kind in KIND_WORDS else None,
            unread=kind == "unread",
            committee_id=committee,
            withdrawn=kind == "withdrawn",
        )

    def _load(self, offset: int, limit: int, text: str, sort: Sort | None) -> Page:
        query = self._query(text)
        found = self._desk.read(reading_room.page, query, offset, limit, count=False)
        self.keep(offset, {_key(row): row for row in found.rows})
        return Page([self._as_row(row) for row in found.rows])

    def _total(self, text: str) -> int:
        return self._desk.read(reading_room.total, self._query(text))

    def read_counts(self) -> dict[str, int]:
        counts = dict(self._desk.read(reading_room.counts))
        if self._manages:
            counts["withdrawn"] = self._desk.read(reading_room.total, RoomQuery(withdrawn=True))
        return counts

    def told(self, entry: RoomRow) -> Wording:
        return _detail(entry, self.table.wanted)

    def _as_row(self, row: RoomRow) -> Row:
        sign = ROOM_KINDS["withdrawn" if self._status == "withdrawn" else "unread"]
        read = say("read") if row.is_document else ""
        marked = row.unread or self._status == "withdrawn"
        cells = (
            Cell(sign.text, sign.tone) if marked else Cell(str(read), "quiet"),
            Cell(row.title, "strong" if row.unread else ""),
            KIND_WORDS[row.kind].text(),
            format_day(row.day),
            row.committee,
        )
        return Row(_key(row), cells if self._committee is None else cells[:-1])

    def action_kind(self) -> None:
        """Go from all to the kinds of which there are any, one after the other."""
        self.choose_next()

    def check_action(self, action: str, parameters: tuple[object, ...]) -> bool | None:
        return action not in ("kind", "conference", "committee") or self._committee is None

    # Going

    @on(PagedTable.Opened)
    def _open(self, event: PagedTable.Opened) -> None:
        event.stop()
        row = self._rows.get(event.row.key)
        if row is not None:
            open_row(self, self.workplace, row, self.table.wanted)

    def action_file(self) -> None:
        """Write the file of all conferences; over a line, where one is fetched at a time, that."""
        if is_over_line(self):
            self._tell_calendar()
            return
        name = "conferences.ics"
        self.keep_file(
            partial(self._desk.read, conferences.calendar_of_all),
            name,
            say("Calendar file"),
            say("%(name)s: all conferences to come. Folder for the file:", name=name),
            calendar_commands(None, name),
        )

    def _tell_calendar(self) -> None:
        row = self.current
        if row is None or row.kind != "conference":
            told = say("Over this connection a conference at a time: go to its line first.")
            self.app.notify(told.text(), markup=False)
            return
        name = conferences.calendar_name(row.id)
        told_by = list(told_download(calendar_commands(row.id, name), self))
        self.app.push_screen(CommandLineScreen(say("Calendar file"), told_by))

    # Managing

    def action_publish(self) -> None:
        self.attempt(self._read_committees)

    def _read_committees(self) -> None:
        self.post_message(self._Committees(self._desk.read(committees.all_committees)))

    @on(_Committees)
    def _show_form(self, message: _Committees) -> None:
        message.stop()
        from screens.document_form import PublishScreen

        committee = self._committee[0] if self._committee else None
        typed = is_over_line(self)
        form = PublishScreen(self.workplace, message.rows, committee, typed=typed)
        self.app.push_screen(form, self._published)

    def _published(self, document_id: int | None) -> None:
        if document_id is not None:
            from screens.document import DocumentScreen

            self.app.push_screen(DocumentScreen(self.workplace, document_id))

    def action_conference(self) -> None:
        from screens.conference import ConferenceScreen
        from screens.conference_form import ConferenceFormScreen

        def show(conference_id: int | None) -> None:
            if conference_id is not None:
                self.app.push_screen(ConferenceScreen(self.workplace, conference_id))

        self.app.push_screen(ConferenceFormScreen(self.workplace), show)

    def action_committee(self) -> None:
        from screens.committee import CommitteeScreen
        from screens.committee_form import CommitteeFormScreen

        def show(committee_id: int | None) -> None:
            if committee_id is not None:
                self.app.push_screen(CommitteeScreen(self.workplace, committee_id))

        self.app.push_screen(CommitteeFormScreen(self.workplace), show)

    # A folder

    def action_folder(self) -> None:
        if is_over_line(self):
            told = _("A folder is taken in on that machine itself, by whoever works there:")
            command = Paragraph("    trousseau document import", "strong")
            self.app.push_screen(
                CommandLineScreen(say("From a folder"), [Paragraph(told), command])
            )
            return

        def folder(text: str) -> Path | Wording:
            path = Path(text).expanduser()
            return path if path.is_dir() else say("There is no such folder.")

        dialog = AskLineScreen(
            say("From a folder"),
            say(
                "Its files are read, and a plan shows what would be published. Kinds, days and "
                "committees follow from names and folders. Which folder?"
            ),
            say("Enter shows the plan   Esc closes"),
            folder,
            longest=_LONGEST_PATH,
        )
        self.app.push_screen(dialog, lambda found: self._plan(found) if found else None)

    def _plan(self, folder: Path) -> None:
        from screens.progress import ProgressScreen
        from services import document_folders

        jobs: Jobs = self.app.jobs  # type: ignore[attr-defined]
        job = jobs.start(
            say("From a folder"), partial(document_folders.prepare, self._desk, folder)
        )
        self.app.push_screen(ProgressScreen(job), self._show_plan)

    def _show_plan(self, job: Job | None) -> None:
        """Open the plan of a job that has ended; one left running ends in the list of plans."""
        if job is None or job.running:
            told = say("The plan will be in the list of plans: g, then p.")
            self.app.notify(told.text(), markup=False)
        elif job.state == "done":
            from screens.plan import PlanScreen, plan_calls

            school, year, who = self.workplace.title
            calls = plan_calls(self._desk, job.result)
            self.app.push_screen(PlanScreen(calls, school=school, year=year, who=who))


def _key(row: RoomRow) -> tuple[str, int]:
    return ("document" if row.is_document else row.kind), row.id


def _detail(row: RoomRow, searched: str) -> Wording:
    """Return what a line is, which version, and where what was searched for was found."""
    told = say("%(kind)s of %(day)s", kind=KIND_WORDS[row.kind], day=row.day)
    if row.kind == "committee":
        told = say("Committee, made known on %(day)s", day=row.day)
    if row.kind == "conference":
        told = say("Conference from %(day)s on", day=row.day)
    if row.committee:
        told = say("%(told)s · %(more)s", told=told, more=row.committee)
    if row.is_document:
        version = say(
            "version %(number)s, %(media)s", number=row.version, media=MEDIA_WORDS[row.media]
        )
        told = say("%(told)s · %(more)s", told=told, more=version)
    if row.unread:
        told = say("%(told)s · %(more)s", told=told, more=say("not read yet"))
    if searched and not row.in_title:
        told = say("%(told)s · %(more)s", told=told, more=say("found in the text"))
    return told
