"""Who was at which session of a workshop: marked by keyboard, or read from a file by a plan."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime, time
from functools import partial
from pathlib import Path
from threading import Lock
from typing import TYPE_CHECKING
from zoneinfo import ZoneInfo

from textual import on
from textual.app import ComposeResult
from textual.message import Message

from models.errors import TrousseauError
from models.language import N_, Wording, _, format_day, say, say_n
from models.text import clean, name_key
from screens.commands import bindings
from screens.confirm import ConfirmScreen
from screens.jobs import Jobs
from screens.progress import ProgressScreen
from screens.widgets.chrome import KeyBar, Sentence, TitleBar
from screens.widgets.deeds import DeedScreen
from screens.widgets.filter import FilteredTable
from screens.widgets.table import Cell, Column, Page, PagedTable, Row, Sort
from screens.widgets.text import is_accessible
from screens.workplace import Workplace
from screens.workshop_dialogs import AskLineScreen, ask_file, ask_folder, content_of, tell
from screens.workshop_plan import show_plan
from services import workshop_attendance, workshop_page
from services.imports.roster import Progress
from services.workshop_attendance import Completed, Presence, Result, SessionRow
from services.workshop_certificates import (
    LONGEST_LEADER,
    PrintedCertificates,
    print_certificates,
)
from services.workshop_form import time_from
from services.workshop_page import WorkshopPage

if TYPE_CHECKING:
    from services.attendance_files import AttendanceFile

_LONGEST_HOURS = 200
#: Present, absent, and not recorded, as signs; and what Space makes of each.
_SIGNS = {True: "+", False: "-", None: "."}
_NEXT = {None: True, True: False, False: None}
_COLUMNS = (
    Column("name", N_("Name"), 20, grow=1, sortable=False),
    Column("sessions", N_("Sessions"), 12, grow=2, sortable=False),
    Column("met", N_("Requirements"), 16, grow=1, priority=1, sortable=False),
)
_Mark = tuple[int, int]


class WorkshopAttendanceScreen(DeedScreen[None]):
    """Sessions and people. The arrows left and right choose the session that Space marks."""

    DEFAULT_CSS = """
    WorkshopAttendanceScreen > #session { height: auto; text-style: bold; }
    WorkshopAttendanceScreen > #who { height: 2; }
    """
    BINDINGS = [
        *bindings("attendance.complete", "attendance.certificates", "attendance.mark"),
        *bindings("attendance.earlier", "attendance.later", "attendance.all"),
        *bindings("attendance.file", "attendance.sessions"),
    ]

    @dataclass
    class _Read(Message):
        page: WorkshopPage
        sessions: tuple[SessionRow, ...]
        results: list[Result]

    @dataclass
    class _Marked(Message):
        pass

    @dataclass
    class _Planned(Message):
        plan_id: int

    @dataclass
    class _Completed(Message):
        completed: Completed

    @dataclass
    class _Printed(Message):
        printed: PrintedCertificates

    @dataclass
    class _SessionsSet(Message):
        pass

    def __init__(self, workplace: Workplace, workshop_id: int) -> None:
        super().__init__()
        self._workplace, self._desk, self._workshop = workplace, workplace.desk, workshop_id
        self._page: WorkshopPage | None = None
        self._sessions: tuple[SessionRow, ...] = ()
        self._results: dict[int, Result] = {}
        self._chosen = 0
        self._marks: dict[_Mark, bool | None] = {}  # not written yet, the latest of each
        self._writing = Lock()
        self._session = Sentence("", id="session")
        self._who = Sentence("", id="who", classes="line-detail")
        self._list = FilteredTable(
            PagedTable(
                _COLUMNS,
                self._load,
                selectable=False,
                openable=False,
                empty=N_("Nobody takes part yet: enter the participants first."),
                nothing_found=N_("Nobody matches. Esc shows everybody."),
            ),
            N_("/ to search: a name"),
        )

    @property
    def table(self) -> PagedTable:
        return self._list.table

    def compose(self) -> ComposeResult:
        yield TitleBar(N_("Attendance"), *self._workplace.title)
        yield self._session
        yield self._list
        yield self._who
        yield KeyBar()

    def on_screen_resume(self) -> None:
        if self._page is not None:
            self.table.reload()

    # Reading

    def _load(self, offset: int, limit: int, text: str, sort: Sort | None) -> Page:
        with self._writing:  # what was marked is written before it is read again
            results = self._desk.read(workshop_attendance.results, self._workshop)
        sessions = self._desk.read(workshop_attendance.sessions, self._workshop)
        self.post_message(
            self._Read(self._desk.read(workshop_page.page, self._workshop), sessions, results)
        )
        found = [each for each in results if _matches(each, text)]
        rows = [self._as_row(each) for each in found[offset : offset + limit]]
        return Page(rows, len(found))

    @on(_Read)
    def _take(self, message: _Read) -> None:
        message.stop()
        self._page, self._sessions = message.page, message.sessions
        self._results = {each.participant_id: each for each in message.results}
        self._show()

    def _show(self) -> None:
        self._session.show(self._told_session())
        self._show_who()

    @property
    def _current(self) -> Result | None:
        row = self.table.row
        return self._results.get(row.key) if row and isinstance(row.key, int) else None

    @on(PagedTable.Highlighted)
    def _show_who(self) -> None:
        each = self._current
        self._who.show(self._about(each) if each else "")
        self.refresh_bindings()

    def language_changed(self) -> None:
        self._show()

    def _present(self, each: Result, place: int) -> bool | None:
        """Return what is known of a session, with what has been marked and is being written."""
        number = place + 1
        if (each.participant_id, number) in self._marks:
            return self._marks[each.participant_id, number]
        return each.sessions[place].present

    def _as_row(self, each: Result) -> Row:
        known = [self._present(each, place) for place in range(len(each.sessions))]
        signs = [
            f"[{_SIGNS[one]}]" if place == self._chosen else f" {_SIGNS[one]} "
            for place, one in enumerate(known)
        ]
        text = _spoken(known, self._chosen) if is_accessible(self) else "".join(signs)
        met = Cell(_("not yet known"), "quiet")
        if False in known:
            met = Cell(_("x not met"), "error")
        elif known and None not in known:
            met = Cell(_("+ met"), "good")
        name = f"{each.surname} {each.first_name}"
        return Row(each.participant_id, (name, text, met))

    def _told_session(self) -> Wording | str:
        if self._page is None:
            return ""
        if not self._sessions:
            return say("There are no sessions before the workshop is accepted.")
        at = self._sessions[self._chosen]
        known = [self._present(each, self._chosen) for each in self._results.values()]
        return say(
            "Session %(number)s of %(count)s, %(when)s: %(present)s present, %(absent)s absent, "
            "%(open)s to record",
            number=at.number,
            count=len(self._sessions),
            when=_when(at, self._page.event.zone),
            present=known.count(True),
            absent=known.count(False),
            open=known.count(None),
        )

    def _about(self, each: Result) -> Wording:
        name = f"{each.first_name} {each.surname}"
        if self._chosen >= len(each.sessions):
            return say("%(name)s: %(address)s", name=name, address=each.email)
        presence = each.sessions[self._chosen]
        told = _told_presence(presence, self._present(each, self._chosen))
        if each.finding is not None:
            return say(
                "%(name)s: %(told)s. %(finding)s",
                name=name,
                told=told,
                finding=each.finding.sentence,
            )
        return say("%(name)s: %(told)s.", name=name, told=told)

    # Marking

    @property
    def _may_record(self) -> bool:
        page = self._page
        return (
            page is not None
            and page.may_decide
            and bool(self._sessions)
            and page.status in ("accepted", "held", "attended")
        )

    def check_action(self, action: str, parameters: tuple[object, ...]) -> bool | None:
        page = self._page
        if action in ("mark", "all", "file"):
            return self._may_record
        if action == "sessions":
            return self._may_record and not self._anything_recorded
        if action == "complete":
            return page is not None and "complete" in page.steps
        if action == "certificates":
            return page is not None and page.status in ("attended", "invoiced")
        return True

    @property
    def _anything_recorded(self) -> bool:
        known = (one.present for each in self._results.values() for one in each.sessions)
        return any(present is not None for present in known)

    def action_earlier(self) -> None:
        self._choose(self._chosen - 1)

    def action_later(self) -> None:
        self._choose(self._chosen + 1)

    def _choose(self, place: int) -> None:
        if 0 <= place < len(self._sessions):
            self._chosen = place
            self._show()
            self.table.reload()

    def action_mark(self) -> None:
        each = self._current
        if each is None or self._chosen >= len(each.sessions):
            return
        if not self._has_begun():
            return
        present = _NEXT[self._present(each, self._chosen)]
        self._marks[each.participant_id, self._chosen + 1] = present
        self.table.replace_row(self._as_row(each))
        self._show()
        self.attempt(self._write_marks, "marks")

    def _has_begun(self) -> bool:
        """Whether the chosen session has begun; where not, that is told."""
        begun = self._sessions[self._chosen].starts_at <= self._desk.now()
        if not begun:
            self.app.notify(_("This session has not begun yet."), markup=False)
        return begun

    def _write_marks(self) -> None:
        """Write what is marked when its turn comes, so that the latest mark is written last."""
        with self._writing:
            marks = dict(self._marks)
            try:
                for (person, number), present in marks.items():
                    self._desk.write(
                        workshop_attendance.record, self._workshop, person, number, present
                    )
            finally:
                for mark, present in marks.items():
                    if self._marks.get(mark, present) == present:
                        self._marks.pop(mark, None)
        if marks:
            self.post_message(self._Marked())

    @on(_Marked)
    def _read_again(self, message: Message) -> None:
        message.stop()
        self.table.reload()

    def failed(self, error: Exception) -> None:
        super().failed(error)
        self.table.reload()

    # Many at once

    def action_all(self) -> None:
        if self._has_begun():
            self.attempt(partial(self._plan_all, self._chosen))

    def _plan_all(self, place: int) -> None:
        """Plan that whoever is not recorded at the session was there."""
        from services.attendance_files import AttendanceFile, AttendanceRow

        number = place + 1
        found = self._desk.read(workshop_attendance.results, self._workshop)
        rows = tuple(
            AttendanceRow(
                workshop_attendance.user_id_of(each.participant_id), "", "", number, None, True, 0
            )
            for each in found
            if each.sessions[place].present is None
        )
        if not rows:
            raise TrousseauError(say("Everybody is recorded at this session."))
        self._plan(AttendanceFile(rows, (), ()), "hand")

    def action_file(self) -> None:
        question = say(
            "A list (CSV, workbook) or the meeting server’s report (.json). A list that names no "
            "session is of session %(number)s.",
            number=self._chosen + 1,
        )
        ask_file(
            self,
            say("Attendance from a file"),
            question,
            lambda path: self.attempt(partial(self._read_file, path, self._chosen + 1)),
        )

    def _read_file(self, path: Path, number: int) -> None:
        from services.attendance_files import EventSession, read_attendance_table
        from services.meeting_reports import read_callback
        from services.workshop_meetings import meeting_id_of

        assert self._page is not None
        content = content_of(path)
        its = [EventSession(s.number, s.starts_at, s.ends_at) for s in self._sessions]
        if not _is_report(content):
            zone = self._page.event.zone
            found = read_attendance_table(content, its, zone, name=path.name, session=number)
            self._plan(found, "file")
            return
        server = self._workplace.meetings()
        secret, meeting = server.secret if server else "", meeting_id_of(self._workshop)
        self._plan(read_callback(content, its, secret=secret, meeting_id=meeting), "server")

    def _plan(self, found: AttendanceFile, source: str) -> None:
        plan = self._desk.write(
            workshop_attendance.plan_attendance,
            self._workshop,
            found,
            source,
        )
        self.post_message(self._Planned(plan))

    @on(_Planned)
    def _show_plan(self, message: _Planned) -> None:
        message.stop()
        show_plan(self, self._workplace, message.plan_id)

    # Sessions

    def action_sessions(self) -> None:
        assert self._page is not None
        zone = self._page.event.zone
        first = self._sessions[0].starts_at.astimezone(zone).date()
        dialog: AskLineScreen[list[tuple[time, time]]] = AskLineScreen(
            say("Sessions"),
            say(
                "The sessions of each of the two days, by the event’s clocks (%(zone)s). Whoever "
                "misses one does not meet the requirements.",
                zone=zone.key,
            ),
            say("Enter sets the sessions   Esc closes"),
            _hours_from,
            longest=_LONGEST_HOURS,
            value=" ".join(
                _when(each, zone, day=False)
                for each in self._sessions
                if each.starts_at.astimezone(zone).date() == first
            ),
        )
        self.app.push_screen(dialog, self._set_sessions)

    def _set_sessions(self, hours: list[tuple[time, time]] | None) -> None:
        if hours is not None:
            self.attempt(partial(self._write_sessions, hours))

    def _write_sessions(self, hours: list[tuple[time, time]]) -> None:
        assert self._page is not None
        event = self._page.event
        times = [
            (
                datetime.combine(day, begins, event.zone),
                datetime.combine(day, ends, event.zone),
            )
            for day in event.days
            for begins, ends in hours
        ]
        self._desk.write(workshop_attendance.set_sessions, self._workshop, times)
        self.post_message(self._SessionsSet())

    @on(_SessionsSet)
    def _show_sessions(self, message: _SessionsSet) -> None:
        self._chosen = 0
        self._read_again(message)

    # Complete, and the certificates

    def action_complete(self) -> None:
        known = {
            number: [self._present(each, place) for place in range(len(each.sessions))]
            for number, each in self._results.items()
        }
        unknown = [
            self._results[number]
            for number, each in known.items()
            if False not in each and (None in each or not each)
        ]
        if unknown:
            told = workshop_attendance.not_recorded(unknown).text()
            self.app.notify(told, severity="warning", markup=False)
            return
        self.app.push_screen(
            ConfirmScreen(
                say("Attendance complete"),
                say(
                    "%(met)s of %(people)s meet the requirements. Is the list complete?",
                    met=sum(all(each) for each in known.values()),
                    people=len(known),
                ),
                say("Whoever asked for the workshop is told by e-mail."),
            ),
            lambda yes: self.attempt(self._complete) if yes else None,
        )

    def _complete(self) -> None:
        done = self._desk.write(workshop_attendance.complete, self._workshop)
        self.post_message(self._Completed(done))

    @on(_Completed)
    def _tell_completed(self, message: _Completed) -> None:
        done = message.completed
        told = say(
            "Complete: %(met)s of %(people)s meet the requirements. c makes their certificates.",
            met=done.met,
            people=done.people,
        )
        tell(self, told, mailed=True)
        self._read_again(message)

    def action_certificates(self) -> None:
        dialog: AskLineScreen[tuple[str]] = AskLineScreen(
            say("Certificates"),
            say("Who led the workshop? Left empty, there is a line to write the name on."),
            say("Enter goes on   Esc closes"),
            lambda text: (text,),
            longest=LONGEST_LEADER,
        )
        self.app.push_screen(dialog, self._ask_folder)

    def _ask_folder(self, leader: tuple[str] | None) -> None:
        if leader is None:
            return

        def work(folder: Path, report: Progress) -> PrintedCertificates:
            printed = print_certificates(self._desk, self._workshop, *leader, folder, report)
            self.post_message(self._Printed(printed))
            return printed

        def start(folder: Path) -> None:
            jobs: Jobs = self.app.jobs  # type: ignore[attr-defined]
            job = jobs.start(say("Printing the certificates"), partial(work, folder))
            self.app.push_screen(ProgressScreen(job))

        ask_folder(self, say("Certificates"), say("Folder for the certificates, as PDF:"), start)

    @on(_Printed)
    def _tell_printed(self, message: _Printed) -> None:
        message.stop()
        printed = message.printed
        told = say_n(
            "%(count)s certificate is in %(path)s.",
            "%(count)s certificates are in %(path)s.",
            printed.count,
            path=str(printed.path),
        )
        if printed.doubtful:
            told = say(
                "%(told)s Look at the letters of these names: %(names)s.",
                told=told,
                names=", ".join(printed.doubtful[:5]),
            )
        tell(self, told)


def _matches(each: Result, text: str) -> bool:
    key = name_key(f"{each.first_name} {each.surname} {each.first_name}")
    return all(name_key(word) in key for word in text.split())


def _is_report(content: bytes) -> bool:
    """Tell the meeting server's report, with or without its head, from a list."""
    start = content.removeprefix(b"\xef\xbb\xbf").lstrip()[:200].lower()
    return start.startswith((b"{", b"post ", b"ey")) or b"authorization:" in start


def _when(at: SessionRow, zone: ZoneInfo, *, day: bool = True) -> str:
    begins, ends = at.starts_at.astimezone(zone), at.ends_at.astimezone(zone)
    hours = f"{begins:%H:%M}-{ends:%H:%M}"
    return f"{format_day(begins.date())} {hours}" if day else hours


def _hours_from(text: str) -> list[tuple[time, time]] | Wording:
    """Return the hours that `09:00-12:00 13:00-16:00` says, or what is wrong with it."""
    found = []
    for part in text.replace(",", " ").split():
        begins, dash, ends = part.replace("–", "-").partition("-")
        one, other = time_from(begins), time_from(ends)
        if not dash or one is None or other is None:
            return say("Write the hours as in 09:00-12:00 13:00-16:00.")
        found.append((one, other))
    return found or say("Write the hours as in 09:00-12:00 13:00-16:00.")


_WORDS: dict[bool | None, Wording] = {
    True: say("attended"),
    False: say("absent"),
    None: say("not recorded"),
}


def _spoken(known: list[bool | None], chosen: int) -> str:
    """Return the sessions in words, for a screen reader: the one chosen first."""
    if chosen >= len(known):
        return ""
    told = _("session %(number)d %(word)s") % {
        "number": chosen + 1,
        "word": _WORDS[known[chosen]],
    }
    return told + " " + "".join(_SIGNS[one] for one in known)


_SOURCES: dict[str, Wording] = {
    "hand": say("by hand"),
    "file": say("from a file"),
    "server": say("from the meeting server"),
}


def _told_presence(presence: Presence, present: bool | None) -> Wording:
    if present is None or presence.present != present:
        return _WORDS[present]
    source: Wording | str = _SOURCES.get(presence.source, clean(presence.source))
    if presence.minutes is not None:
        return say(
            "%(word)s, %(minutes)s min, %(source)s",
            word=_WORDS[present],
            minutes=presence.minutes,
            source=source,
        )
    return say("%(word)s, %(source)s", word=_WORDS[present], source=source)
