"""A document of the reading room: read in the console, or fetched; its versions."""

from __future__ import annotations

from dataclasses import dataclass
from functools import partial
from typing import TYPE_CHECKING
from zoneinfo import ZoneInfo

from textual import on
from textual.app import ComposeResult
from textual.message import Message

from models.language import LANGUAGES, N_, Wording, _, current_language, format_day, say, say_n
from models.workshop_dates import local_day
from screens.commands import bindings
from screens.room_words import (
    RoomScreen,
    download_commands,
    is_over_line,
    told_code,
    told_download,
)
from screens.widgets.book import Book, Media, facts
from screens.widgets.book_reader import SearchedBook
from screens.widgets.chrome import KeyBar, Sentence, TitleBar
from screens.widgets.reader import Paragraph
from screens.widgets.table import Cell, Column, Page, PagedTable, Row, Sort
from screens.widgets.text import is_accessible, number
from screens.workplace import Workplace
from services import committees, documents
from services.committees import CommitteeRow
from services.document_files import MOST_SHOWN
from services.documents import KIND_WORDS, DocumentPage, DocumentText, VersionRow

if TYPE_CHECKING:
    from services.document_codes import DownloadCode

_IN: dict[str, Wording] = {"fr": say("in French"), "en": say("in English")}


@dataclass(frozen=True, slots=True)
class Shown:
    """A document, the version of it that is on the screen, and what that says.

    `code` fetches a file that is not read here, where there is no other way to it.
    """

    page: DocumentPage
    version: VersionRow
    text: DocumentText
    book: Book | None
    code: DownloadCode | None


class DocumentScreen(RoomScreen[None]):
    """A document in its latest version, or that of a `number`; opened, it counts as read.

    `look_for` is looked for in it at once.
    """

    DEFAULT_CSS = """
    DocumentScreen > #headline { height: auto; max-height: 2; text-style: bold; }
    DocumentScreen > #facts { height: auto; max-height: 2; margin-bottom: 1; }
    DocumentScreen.-narrow > #facts { margin-bottom: 0; }
    """
    HORIZONTAL_BREAKPOINTS = [(0, "-narrow"), (72, "-wide")]
    BINDINGS = [
        *bindings("document.file", "document.versions", "document.replace", "document.correct"),
        *bindings("document.withdraw", "app.refresh"),
    ]

    @dataclass
    class _Read(Message):
        shown: Shown

    @dataclass
    class _Coded(Message):
        code: DownloadCode
        file_name: str

    @dataclass
    class _Committees(Message):
        rows: list[CommitteeRow]

    def __init__(
        self,
        workplace: Workplace,
        document_id: int,
        number: int | None = None,
        *,
        look_for: str = "",
    ) -> None:
        super().__init__()
        self.workplace, self._desk = workplace, workplace.desk
        self._document, self._number = document_id, number
        self._look_for = look_for
        self._shown: Shown | None = None
        self._bar = TitleBar(N_("Document"), *workplace.title)
        self._headline = Sentence("", id="headline")
        self._facts = Sentence("", id="facts")
        self._book = SearchedBook()

    def compose(self) -> ComposeResult:
        yield self._bar
        yield self._headline
        yield self._facts
        yield self._book
        yield KeyBar()

    def on_mount(self) -> None:
        self._book.reader.focus()
        self._look()

    def action_refresh(self) -> None:
        self._look()

    def read_again(self) -> None:
        self._look()

    def language_changed(self) -> None:
        if self._shown is not None and self._shown.book is None:
            self._book.show(self._told_file(self._shown))

    # Reading

    def _look(self) -> None:
        read = partial(self._read, is_accessible(self), self._needs_code())
        self.attempt(read, "read", reads=True)

    def _needs_code(self) -> bool:
        """Tell whether a file is fetched by a code: over SSH, without an account and its key."""
        actor = self._desk.actor
        return is_over_line(self) and actor.account_id is None and actor.headship_id is not None

    def _code(self, number: int) -> DownloadCode:
        """Make a code for a version. In a thread."""
        from services import document_codes

        key = self.workplace.entrance().key
        return self._desk.read(document_codes.code_for, key, self._document, number)

    def _read(self, aloud: bool, coded: bool) -> None:
        """Read the version, and note that it was opened. In a thread, for texts may be long."""
        page = self._desk.read(documents.page, self._document)
        version = next((v for v in page.versions if v.number == self._number), page.latest)
        text = self._desk.read(documents.text, page.id, version.number)
        book, code = None, None
        if text.media == "file":
            code = self._code(version.number) if coded else None
        else:
            media: Media = "markdown" if text.media == "markdown" else "text"
            book = Book(text.text, media, aloud=aloud)
            book.lines(0, 74)  # what reads it is loaded here, and not on the event loop
        self.post_message(self._Read(Shown(page, version, text, book, code)))
        if not version.read:
            self._desk.write(documents.mark_read, page.id, version.number)

    @on(_Read)
    def _take(self, message: _Read) -> None:
        message.stop()
        before, now = self._shown, message.shown
        self._shown = now
        self._bar.show(place=KIND_WORDS[now.page.kind])
        self._headline.show(say("%(title)s", title=now.page.title))
        self._facts.show(_told_facts(now, self.zone))
        if before is None or (before.version, before.code) != (now.version, now.code):
            self._book.show(now.book or self._told_file(now))
            if self._look_for:
                self._book.look_for(self._look_for)
                self._look_for = ""
        self.refresh_bindings()

    def _told_file(self, shown: Shown) -> Book:
        """Return what a file that is not read here is, and how it is fetched."""
        version = shown.version
        told = say(
            "%(name)s, %(size)s: this file is not read in the console.",
            name=version.file_name,
            size=told_size(version.size),
        )
        if shown.code is not None:
            how = told_code(shown.code, version.file_name, self.zone)
        else:
            commands = download_commands(shown.page.id, version.number, version.file_name)
            how = told_download(commands, self)
        return Book("", "text", above=facts([Paragraph(told.text()), *how]))

    # Going and keeping

    def check_action(self, action: str, parameters: tuple[object, ...]) -> bool | None:
        if action in ("file", "replace", "correct", "withdraw"):
            return self._shown is not None
        if action == "versions":
            return self._shown is not None and len(self._shown.page.versions) > 1
        return True

    def action_file(self) -> None:
        assert self._shown is not None
        page, version = self._shown.page, self._shown.version
        if self._needs_code():
            self.attempt(partial(self._make_code, version))
            return
        self.keep_file(
            lambda: self._desk.read(documents.contents, page.id, version.number).contents,
            version.file_name,
            say("To a file"),
            say(
                "%(name)s, %(size)s. Folder for the file:",
                name=version.file_name,
                size=told_size(version.size),
            ),
            download_commands(page.id, version.number, version.file_name),
        )

    def _make_code(self, version: VersionRow) -> None:
        self.post_message(self._Coded(self._code(version.number), version.file_name))

    @on(_Coded)
    def _tell_code(self, message: _Coded) -> None:
        message.stop()
        told = told_code(message.code, message.file_name, self.zone)
        self.tell_command(say("To a file"), list(told))

    def action_versions(self) -> None:
        assert self._shown is not None
        versions = VersionsScreen(self.workplace, self._document, self._shown.page.title)
        self.app.push_screen(versions, self._show_version)

    def _show_version(self, chosen: int | None) -> None:
        if chosen is not None:
            self._number = chosen
        self._look()

    # Managing

    def action_replace(self) -> None:
        from screens.document_form import ReplaceScreen

        assert self._shown is not None
        form = ReplaceScreen(self.workplace, self._shown.page, typed=is_over_line(self))
        self.app.push_screen(form, self._replaced)

    def _replaced(self, chosen: int | None) -> None:
        if chosen is not None:
            self._number = None
            self._look()

    def action_correct(self) -> None:
        self.attempt(self._read_committees)

    def _read_committees(self) -> None:
        self.post_message(self._Committees(self._desk.read(committees.all_committees)))

    @on(_Committees)
    def _show_form(self, message: _Committees) -> None:
        message.stop()
        from screens.document_form import CorrectDocumentScreen

        assert self._shown is not None
        form = CorrectDocumentScreen(self.workplace, self._shown.page, message.rows)
        self.app.push_screen(form, lambda done: self._look() if done else None)

    def action_withdraw(self) -> None:
        assert self._shown is not None
        page, desk = self._shown.page, self._desk
        self.ask_to_withdraw(
            page.title,
            withdrawn=page.withdrawn_at is not None,
            withdraw=partial(desk.write, documents.withdraw, page.id),
            publish_again=partial(desk.write, documents.publish_again, page.id),
            detail=say("Its versions are kept, and who has read them."),
        )


def _told_facts(shown: Shown, zone: ZoneInfo) -> Wording:
    """Return kind, day, committee and version of a document; that it is withdrawn comes first."""
    page, version = shown.page, shown.version
    told = say("%(kind)s of %(day)s", kind=KIND_WORDS[page.kind], day=page.dated_on)
    if page.committee:
        told = _and(told, page.committee)
    if page.language != current_language() and page.language in LANGUAGES:
        told = _and(told, _IN[page.language])
    told = _and(told, _told_version(page, version, zone))
    if version.note:
        told = _and(told, version.note)
    if shown.text.cut:
        cut = say("only the first %(count)s characters are shown", count=number(MOST_SHOWN))
        told = _and(told, cut)
    gone = page.withdrawn_at or version.withdrawn_at
    if gone is not None:
        away = say("Withdrawn on %(day)s", day=local_day(gone, zone))
        told = say("%(first)s · %(second)s", first=away, second=told)
    return told


def _told_version(page: DocumentPage, version: VersionRow, zone: ZoneInfo) -> Wording:
    day = local_day(version.published_at, zone)
    if version.number == page.latest.number:
        return say("version %(number)s of %(day)s", number=version.number, day=day)
    return say(
        "version %(number)s of %(day)s, the latest is %(latest)s",
        number=version.number,
        day=day,
        latest=page.latest.number,
    )


def _and(first: Wording, second: Wording | str) -> Wording:
    return say("%(first)s · %(second)s", first=first, second=second)


def told_size(size: int) -> Wording:
    """Return the size of a file in words."""
    if size < 1_000:
        return say_n("%(count)s byte", "%(count)s bytes", size)
    if size < 1_000_000:
        return say("%(count)s kB", count=number(round(size / 1_000)))
    return say("%(count)s MB", count=number(round(size / 1_000_000, 1)))


# --- the versions -------------------------------------------------------------------------

_COLUMNS = (
    Column("number", N_("No."), 4, sortable=False, align="right"),
    Column("day", N_("Published"), 10, sortable=False),
    Column("state", N_("State"), 10, sortable=False),
    Column("note", N_("What is new"), 18, grow=3, sortable=False),
    Column("name", N_("File"), 14, grow=1, priority=1, sortable=False),
    Column("size", N_("Size"), 10, priority=2, sortable=False, align="right"),
)


class VersionsScreen(RoomScreen[int]):
    """All versions of a document, the newest first; the result is the one to read."""

    DEFAULT_CSS = "VersionsScreen > #headline { height: auto; max-height: 2; text-style: bold; }"
    BINDINGS = [*bindings("version.withdraw")]

    def __init__(self, workplace: Workplace, document_id: int, title: str) -> None:
        super().__init__()
        self.workplace, self._desk = workplace, workplace.desk
        self._document, self._title = document_id, title
        self._table = PagedTable(_COLUMNS, self._load, selectable=False)

    def compose(self) -> ComposeResult:
        yield TitleBar(N_("Versions"), *self.workplace.title)
        yield Sentence(say("%(title)s", title=self._title), id="headline")
        yield self._table
        yield KeyBar()

    def on_mount(self) -> None:
        self._table.focus()

    def _load(self, offset: int, limit: int, text: str, sort: Sort | None) -> Page:
        page = self._desk.read(documents.page, self._document)
        rows = [_as_row(each, self.zone) for each in page.versions]
        return Page(rows[offset : offset + limit], len(rows))

    @on(PagedTable.Highlighted)
    def _look(self) -> None:
        self.refresh_bindings()

    @on(PagedTable.Opened)
    def _open(self, event: PagedTable.Opened) -> None:
        event.stop()
        if isinstance(event.row.key, int):
            self.dismiss(event.row.key)

    def check_action(self, action: str, parameters: tuple[object, ...]) -> bool | None:
        return action != "withdraw" or self._table.row is not None

    def read_again(self) -> None:
        self._table.reload()

    def action_withdraw(self) -> None:
        row = self._table.row
        if row is None or not isinstance(row.key, int):
            return
        self.ask(
            say("Withdraw"),
            say("Withdraw version %(number)s? The one before it is read again.", number=row.key),
            partial(self._desk.write, documents.withdraw_version, self._document, row.key),
            say("Version %(number)s is withdrawn.", number=row.key),
        )


def _as_row(version: VersionRow, zone: ZoneInfo) -> Row:
    state = Cell(_("read"), "quiet") if version.read else Cell(_("unread"), "accent")
    if version.withdrawn_at is not None:
        state = Cell(_("withdrawn"), "quiet")
    return Row(
        version.number,
        (
            str(version.number),
            format_day(local_day(version.published_at, zone)),
            state,
            version.note,
            version.file_name,
            told_size(version.size).text(),
        ),
    )
