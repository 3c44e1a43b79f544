"""A conference of the reading room: when by the clocks there and here, where, what for."""

from __future__ import annotations

from dataclasses import dataclass
from functools import partial
from zoneinfo import ZoneInfo

from textual import on
from textual.app import ComposeResult
from textual.message import Message

from models.language import N_, Wording, _, format_day, say
from models.workshop_dates import DayShown, local_day
from screens.commands import bindings
from screens.room_words import RoomScreen, calendar_commands
from screens.widgets.book import Book, facts, followed, grid
from screens.widgets.book_reader import SearchedBook
from screens.widgets.chrome import KeyBar, Sentence, TitleBar
from screens.widgets.flow import Block
from screens.widgets.reader import Paragraph
from screens.widgets.text import is_accessible
from screens.workplace import Workplace
from screens.workshop_calendar import told_day
from services import conferences
from services.conferences import ConferencePage, ConferenceRow


class ConferenceScreen(RoomScreen[None]):
    """All about a conference; its information is read as Markdown."""

    DEFAULT_CSS = """
    ConferenceScreen > #headline { height: auto; max-height: 2; text-style: bold; }
    ConferenceScreen > #facts { height: auto; max-height: 2; margin-bottom: 1; }
    ConferenceScreen.-narrow > #facts { margin-bottom: 0; }
    """
    HORIZONTAL_BREAKPOINTS = [(0, "-narrow"), (72, "-wide")]
    BINDINGS = [
        *bindings("conference.file", "conference.correct", "conference.withdraw", "app.refresh"),
    ]

    @dataclass
    class _Read(Message):
        page: ConferencePage

    @dataclass
    class _Form(Message):
        values: dict[str, str]

    def __init__(self, workplace: Workplace, conference_id: int) -> None:
        super().__init__()
        self.workplace, self._desk = workplace, workplace.desk
        self._conference = conference_id
        self._page: ConferencePage | None = None
        self._headline = Sentence("", id="headline")
        self._facts = Sentence("", id="facts")
        self._book = SearchedBook()

    def compose(self) -> ComposeResult:
        yield TitleBar(N_("Conference"), *self.workplace.title)
        yield self._headline
        yield self._facts
        yield self._book
        yield KeyBar()

    def on_mount(self) -> None:
        self._book.reader.focus()
        self.read_again()

    def action_refresh(self) -> None:
        self.read_again()

    def language_changed(self) -> None:
        self._show()

    # Reading

    def read_again(self) -> None:
        self.attempt(self._read, "read", reads=True)

    def _read(self) -> None:
        self.post_message(self._Read(self._desk.read(conferences.page, self._conference)))

    @on(_Read)
    def _take(self, message: _Read) -> None:
        message.stop()
        self._page = message.page
        self._show()
        self.refresh_bindings()

    def _show(self) -> None:
        if self._page is not None:
            self._headline.show(say("%(title)s", title=self._page.row.title))
            self._facts.show(_told_facts(self._page.row, self.zone))
            aloud = is_accessible(self)
            above = _above(self._page)
            self._book.show(Book(self._page.information, above=above, aloud=aloud))

    # Keeping and managing

    def check_action(self, action: str, parameters: tuple[object, ...]) -> bool | None:
        return action not in ("file", "correct", "withdraw") or self._page is not None

    def action_file(self) -> None:
        name = conferences.calendar_name(self._conference)
        self.keep_file(
            partial(self._desk.read, conferences.calendar, self._conference),
            name,
            say("Calendar file"),
            say("%(name)s: the days of the conference. Folder for the file:", name=name),
            calendar_commands(self._conference, name),
        )

    def action_correct(self) -> None:
        self.attempt(self._read_form)

    def _read_form(self) -> None:
        self.post_message(self._Form(self._desk.read(conferences.form_of, self._conference)))

    @on(_Form)
    def _show_form(self, message: _Form) -> None:
        message.stop()
        from screens.conference_form import ConferenceFormScreen

        form = ConferenceFormScreen(self.workplace, self._conference, message.values)
        self.app.push_screen(form, lambda done: self.read_again() if done else None)

    def action_withdraw(self) -> None:
        assert self._page is not None
        row, desk = self._page.row, self._desk
        self.ask_to_withdraw(
            row.title,
            withdrawn=row.withdrawn_at is not None,
            withdraw=partial(desk.write, conferences.withdraw, row.id),
            publish_again=partial(desk.write, conferences.publish_again, row.id),
            detail=say("Its calendar file then says that it is cancelled."),
        )


def _told_facts(row: ConferenceRow, zone: ZoneInfo) -> Wording:
    """Return days and place in a line; that it is withdrawn or past comes first."""
    told = say("%(title)s", title=told_day(row.first_day))
    if row.last_day != row.first_day:
        told = say(
            "%(first)s to %(last)s", first=told_day(row.first_day), last=told_day(row.last_day)
        )
    if row.place:
        told = say("%(told)s · %(more)s", told=told, more=row.place)
    if row.withdrawn_at is not None:
        away = say("Withdrawn on %(day)s", day=local_day(row.withdrawn_at, zone))
        return say("%(first)s · %(second)s", first=away, second=told)
    return say("%(first)s · %(second)s", first=say("Over"), second=told) if row.is_past else told


def _above(page: ConferencePage) -> list[Block]:
    """Return the hours of each day there and here, and the link."""
    if not page.days_there:
        told = _("Whole days: no hours are given.")
    elif page.has_other_hours:
        told = _("By the clocks there, and by those of the school:")
    else:
        told = _("By the clocks there, which the school has too:")
    blocks = facts([Paragraph(told)])
    if page.days_there:
        blocks.append(_hours(page, followed(blocks)))
    if page.link:
        link = Paragraph(_("Link: %(link)s") % {"link": page.link})
        blocks += facts([link], followed(blocks))
    if page.information:
        blocks += facts([Paragraph(_("Information"), "strong")], followed(blocks))
    return blocks


def _hours(page: ConferencePage, first: int) -> Block:
    head = [_("Day"), page.row.zone.key]
    rows = [[told_day(each.day), _told_hours(each)] for each in page.days_there]
    if page.has_other_hours:
        head.append(page.own_zone.key)
        for row, here in zip(rows, page.days_here, strict=True):
            row.append(_told_hours(here))
    return grid(head, rows, first)


def _told_hours(day: DayShown) -> str:
    """Return from when until when, with the day where it is not the conference's own."""
    begins = f"{day.begins:%H:%M}"
    if day.begins.date() != day.day:
        begins = f"{format_day(day.begins.date())} {begins}"
    ends = f"{day.ends:%H:%M}"
    if day.ends.date() != day.begins.date():
        ends = f"{format_day(day.ends.date())} {ends}"
    return f"{begins} – {ends}"
