"""The days of a workshop: what follows from a date, what today is the last day for, what falls.

A day of the plan stands in the calendar with a letter, and below it with the same letter and
in words: nothing is told by colour alone, nor by the place where it stands.
"""

from __future__ import annotations

from calendar import Calendar, monthrange
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import date, time, timedelta
from functools import partial
from typing import Any, TypeVar
from zoneinfo import ZoneInfo

from rich.segment import Segment
from textual import events, on
from textual.app import ComposeResult
from textual.geometry import Offset
from textual.message import Message
from textual.screen import Screen
from textual.strip import Strip
from textual.widget import Widget

from models.language import N_, Wording, _, current_language, format_day, say, say_n
from models.public_holidays import public_holidays
from models.rights import may_change
from models.schools import DEFAULT_TIME_ZONE
from models.workshop_dates import (
    EARLIEST,
    LATEST,
    DateCheck,
    DayNote,
    Event,
    PlanStep,
    WorkshopPlan,
    WorkshopRules,
    backward_plan,
    check_date,
    day_notes,
    first_days_for,
    local_day,
)
from screens.commands import bindings
from screens.widgets.ask import AskDialog
from screens.widgets.chrome import KeyBar, TitleBar
from screens.widgets.reader import Paragraph, Reader
from screens.widgets.table import Cell, Column, Page, PagedTable, Row, Sort
from screens.widgets.text import CURSOR, CURSOR_ELSEWHERE, TONES, Tone, fit, toned
from screens.workplace import Workplace
from screens.workshop_dialogs import CalendarFileScreen
from services import workshop_calendar, workshop_days, workshop_queue
from services.workshop_days import Ground
from services.workshop_form import day_from
from services.workshop_queue import CalendarEntry
from services.workshops import STATUS_WORDS

Result = TypeVar("Result")

_DAY, _WEEK = timedelta(days=1), timedelta(days=7)
_LONGEST_DATE = 10
#: The letters by which the days of a plan are found again in the calendar.
_LETTERS = "abcdefghij"
#: The hours that a plan without a request is written down with.
_BEGINS, _ENDS = time(9), time(16)


def open_workshop(screen: Screen[Any], workplace: Workplace, workshop_id: int) -> None:
    """Show the page of one workshop."""
    from screens.workshop import WorkshopScreen

    screen.app.push_screen(WorkshopScreen(workplace, workshop_id))


# --- a date -------------------------------------------------------------------------------


class DateScreen(AskDialog[date]):
    """Ask for a date; None where there is none."""

    def __init__(self, day: date) -> None:
        super().__init__(
            say("Date"),
            say("First day of the workshop:"),
            say("Enter goes there   Esc closes"),
            value=format_day(day),
            longest=_LONGEST_DATE,
        )

    def read(self, text: str) -> date | Wording:
        return day_from(text) or say("Give a date, as in 15/03/2027.")


# --- days in words ------------------------------------------------------------------------


def told_day(day: date) -> str:
    """Return a date with its day of the week: `lun. 15/03/2027`."""
    return f"{_weekday(day.weekday())} {format_day(day)}"


def told_left(days: int) -> Wording:
    """Return how far off a day is, in words."""
    if days == 0:
        return say("today")
    if days < 0:
        return say_n("%(count)s day ago", "%(count)s days ago", -days)
    return say_n("in %(count)s day", "in %(count)s days", days)


def plan_paragraphs(plan: WorkshopPlan, today: date) -> list[Paragraph]:
    """Return a backward plan line by line, what comes next marked by `>`; what is over, quiet."""
    coming = plan.next_step(today)
    return [
        _told_step(letter, step, step.days_until(today), step is coming)
        for letter, step in zip(_LETTERS, plan.steps, strict=False)
    ]


def _told_step(letter: str, step: PlanStep, left: int, coming: bool) -> Paragraph:
    tone: Tone = "strong" if coming else "quiet" if left < 0 else ""
    told = say("%(label)s: %(left)s", label=step.label, left=told_left(left))
    mark = ">" if coming else " "
    return Paragraph(f"{mark}{letter}  {told_day(step.day)}  {told}", tone, apart=False)


def from_today_paragraphs(steps: Sequence[PlanStep], today: date) -> list[Paragraph]:
    """Return the plan the other way round: of which workshops today is which day."""
    head = _("What today, %(day)s, is for workshops, by their first day:")
    told = _("%(step)s: for the workshop of %(day)s")
    lines = [
        Paragraph(
            f" {letter}  {told % {'step': step.label, 'day': told_day(step.day)}}", apart=False
        )
        for letter, step in zip(_LETTERS, steps, strict=False)
    ]
    return [Paragraph(head % {"day": told_day(today)}, "strong"), *lines]


def _weekday(number: int) -> str:
    from babel.core import Locale

    return str(Locale.parse(current_language()).days["stand-alone"]["abbreviated"][number])


def _month(day: date) -> str:
    from babel.core import Locale

    months = Locale.parse(current_language()).months["stand-alone"]["wide"]
    return f"{months[day.month]} {day.year}"


# --- the months ---------------------------------------------------------------------------


class Months(Widget, can_focus=True):
    """As many months side by side as fit, the last being that of the chosen day.

    Before a day stands its letter in the plan, else `*` where something falls on it, `=` for
    today, `-` for a day without school. The chosen day is in reverse, and told below in words.
    """

    DEFAULT_CSS = "Months { height: 8; width: 100%; }"
    BINDINGS = [
        *bindings("calendar.earlier", "calendar.later", "calendar.week-earlier"),
        *bindings("calendar.week-later", "calendar.month-earlier", "calendar.month-later"),
        *bindings("calendar.today"),
    ]
    #: A month, the blanks between two, and the margin; in cells.
    _WIDTH, _GAP, _MARGIN = 22, 2, 3

    @dataclass
    class Moved(Message):
        """Another day was chosen, or other months are shown."""

        day: date

        def can_replace(self, message: Message) -> bool:
            return isinstance(message, type(self))

    def __init__(self, day: date, today: date) -> None:
        super().__init__()
        self._day, self._today = day, today
        self._letters: dict[date, str] = {}
        self._busy: frozenset[date] = frozenset()
        self._off: frozenset[date] = frozenset()

    @property
    def day(self) -> date:
        return self._day

    @property
    def months(self) -> list[date]:
        """The first days of the months that are shown."""
        count = max(1, (self.size.width - self._MARGIN + self._GAP) // (self._WIDTH + self._GAP))
        return [_months_after(self._day.replace(day=1), n - count + 1) for n in range(count)]

    def mark(self, letters: Mapping[date, str]) -> None:
        """Show the letters of another plan."""
        self._letters = dict(letters)
        self.refresh()

    def note(self, busy: Iterable[date], off: Iterable[date]) -> None:
        """Show on which days something falls, and which are without school."""
        self._busy, self._off = frozenset(busy), frozenset(off)
        self.refresh()

    def language_changed(self) -> None:
        self.refresh()

    def on_resize(self) -> None:
        """Tell that other months are shown now."""
        self.post_message(self.Moved(self._day))

    def on_focus(self, event: events.Focus) -> None:
        self.refresh()

    def on_blur(self, event: events.Blur) -> None:
        self.refresh()

    # Moving

    def go_to(self, day: date) -> None:
        day = min(max(day, EARLIEST), LATEST)
        if day != self._day:
            self._day = day
            self.refresh()
            self.post_message(self.Moved(day))

    def action_earlier(self) -> None:
        self.go_to(self._day - _DAY)

    def action_later(self) -> None:
        self.go_to(self._day + _DAY)

    def action_week_earlier(self) -> None:
        self.go_to(self._day - _WEEK)

    def action_week_later(self) -> None:
        self.go_to(self._day + _WEEK)

    def action_month_earlier(self) -> None:
        self.go_to(_months_after(self._day, -1))

    def action_month_later(self) -> None:
        self.go_to(_months_after(self._day, 1))

    def action_today(self) -> None:
        self.go_to(self._today)

    # Painting

    @property
    def cursor_screen_offset(self) -> Offset:
        """The cell of the chosen day, where the terminal's own cursor stands."""
        first = self._day.replace(day=1)
        place = first.weekday() + self._day.day - 1
        column = (len(self.months) - 1) * (self._WIDTH + self._GAP) + place % 7 * 3
        return self.content_region.offset + Offset(self._MARGIN + column + 1, 2 + place // 7)

    def render_line(self, y: int) -> Strip:
        segments = [Segment(" " * self._MARGIN)]
        for number, first in enumerate(self.months):
            if number:
                segments.append(Segment(" " * self._GAP))
            segments += self._month_line(first, y)
        return Strip(segments).adjust_cell_length(self.size.width).simplify()

    def _month_line(self, first: date, y: int) -> list[Segment]:
        if y == 0:
            return toned(fit(" " + _month(first), self._WIDTH), TONES["strong"])
        if y == 1:
            names = "".join(f" {_weekday(number)[:2]:2}" for number in range(7))
            return toned(fit(names, self._WIDTH), TONES["quiet"])
        weeks = Calendar().monthdatescalendar(first.year, first.month)
        if y - 2 >= len(weeks):
            return [Segment(" " * self._WIDTH)]
        return [*self._week(first, weeks[y - 2]), Segment(" ")]

    def _week(self, first: date, days: Sequence[date]) -> Iterator[Segment]:
        for day in days:
            if day.month != first.month:
                yield Segment("   ")
                continue
            mark, tone = self._sign(day)
            if day == self._day:
                yield Segment(f"{mark}{day.day:2}", CURSOR if self.has_focus else CURSOR_ELSEWHERE)
            else:
                yield Segment(f"{mark}{day.day:2}", TONES[tone])

    def _sign(self, day: date) -> tuple[str, Tone]:
        if letter := self._letters.get(day):
            return letter, "accent"
        if day in self._busy:
            return "*", "strong"
        if day == self._today:
            return "=", "strong"
        if day in self._off:
            return "-", "quiet"
        return " ", "quiet" if day.weekday() > 4 else ""


def _months_after(day: date, months: int) -> date:
    """Return the same day so many months later, or the last that month has."""
    month = day.year * 12 + day.month - 1 + months
    year, month = divmod(month, 12)
    month += 1
    return date(year, month, min(day.day, monthrange(year, month)[1]))


# --- the screen ---------------------------------------------------------------------------

_VIEWS = ("plan", "today", "requests")
_COLUMNS = (
    Column("day", N_("Day"), 15, sortable=False),
    Column("step", N_("What falls on it"), 24, grow=1, sortable=False),
    Column("title", N_("Title"), 16, grow=3, sortable=False),
    Column("school", N_("School"), 14, grow=2, priority=2, sortable=False),
    Column("status", N_("Status"), 12, priority=1, sortable=False),
)


class WorkshopCalendarScreen(CalendarFileScreen[date]):
    """A calendar: what follows from the chosen day, and from today; which workshops fall when.

    With `choosing` Enter gives the chosen day back to whoever opened it; otherwise it begins
    a request for that day, or in the list opens the workshop.
    """

    DEFAULT_CSS = """
    WorkshopCalendarScreen > #days { margin-top: 1; height: 1fr; }
    WorkshopCalendarScreen > PagedTable { display: none; }
    WorkshopCalendarScreen.-requests > #days { display: none; }
    WorkshopCalendarScreen.-requests > PagedTable { display: block; }
    WorkshopCalendarScreen.-narrow > #days { margin-top: 0; }
    """
    HORIZONTAL_BREAKPOINTS = [(0, "-narrow"), (72, "-wide")]
    BINDINGS = [
        *bindings("calendar.view", "calendar.date", "calendar.choose", "calendar.file"),
    ]

    @dataclass
    class _Grounded(Message):
        ground: Ground

    @dataclass
    class _Seen(Message):
        first: date
        entries: list[CalendarEntry]
        off: dict[date, str]

    def __init__(
        self, workplace: Workplace, day: date | None = None, *, choosing: bool = False
    ) -> None:
        super().__init__()
        self._workplace, self._desk = workplace, workplace.desk
        here = workplace.here
        zone = here.zone if here is not None else ZoneInfo(DEFAULT_TIME_ZONE)
        self._ground = Ground(WorkshopRules(), zone)
        self._choosing = choosing
        self._may_ask = may_change(workplace.role, "workshops")
        self._view = _VIEWS[0]
        self._entries: list[CalendarEntry] = []
        self._off: dict[date, str] = {}
        self._read_for: tuple[date, date] | None = None
        rules = self._ground.rules
        begins = day or self._today + timedelta(days=rules.notice_days)
        self._months = Months(begins, self._today)
        self._reader = Reader()
        self._reader.id = "days"
        self._table = PagedTable(
            _COLUMNS,
            self._load,
            at_once=True,
            selectable=False,
            empty=N_("Nothing falls on these days."),
        )

    def compose(self) -> ComposeResult:
        yield TitleBar(N_("Calendar of the workshops"), *self._workplace.title)
        yield self._months
        yield self._reader
        yield self._table
        yield KeyBar()

    def on_mount(self) -> None:
        self._months.focus()
        self.attempt(self._read_ground, "ground")

    def language_changed(self) -> None:
        self._read_for = None
        self._look()

    @property
    def _today(self) -> date:
        return local_day(self._desk.now(), self._ground.zone)

    # Reading

    def _read_ground(self) -> None:
        here = self._workplace.here
        school_id = here.school_id if here is not None else None
        self.post_message(self._Grounded(self._desk.read(workshop_days.ground, school_id)))

    @on(_Grounded)
    def _take_ground(self, message: _Grounded) -> None:
        message.stop()
        self._ground = message.ground
        self._read_for = None
        self._look()

    @on(Months.Moved)
    def _look(self, message: Message | None = None) -> None:
        """Tell of the chosen day; what falls in months that were not shown before is read."""
        if not self.is_attached:
            return
        months = self._months.months
        wanted = months[0], _months_after(months[-1], 1) - _DAY
        if wanted != self._read_for:
            self._read_for = wanted
            self.attempt(partial(self._read, *wanted, self._ground), "days", reads=True)
        self._show()

    def _read(self, first: date, last: date, ground: Ground) -> None:
        off = {
            day: name
            for year in range(first.year, last.year + 1)
            for day, name in public_holidays(ground.zone.key, year).items()
        }
        entries = self._desk.read(workshop_queue.calendar, first, last)
        self.post_message(self._Seen(first, entries, off))

    @on(_Seen)
    def _take(self, message: _Seen) -> None:
        message.stop()
        if self._read_for is None or message.first != self._read_for[0]:
            return
        self._entries, self._off = message.entries, message.off
        self._months.note({entry.day for entry in self._entries}, self._days_off)
        self._table.reload()
        self._show()

    @property
    def _days_off(self) -> Iterator[date]:
        yield from self._off
        first, last = self._read_for or (self._months.day, self._months.day)
        for each in self._ground.breaks:
            begin, end = max(each.first_day, first), min(each.last_day, last)
            yield from (begin + n * _DAY for n in range((end - begin).days + 1))

    def _load(self, offset: int, limit: int, text: str, sort: Sort | None) -> Page:
        found = self._entries[offset : offset + limit]
        return Page([_as_row(offset + n, each) for n, each in enumerate(found)], len(self._entries))

    # Telling

    @property
    def plan(self) -> WorkshopPlan:
        return backward_plan(self._months.day, self._ground.rules)

    def _show(self) -> None:
        day, today = self._months.day, self._today
        if self._view == "today":
            steps = first_days_for(today, self._ground.rules)
            paragraphs = from_today_paragraphs(steps, today)
        else:
            steps = self.plan.steps
            check = check_date(day, self._desk.now(), self._ground.zone, self._ground.rules)
            notes = day_notes((day, check.second_day), self._off, self._ground.breaks)
            paragraphs = [*_verdict(check, notes), *plan_paragraphs(self.plan, today)]
        self._months.mark(_letters(steps))
        self._reader.show(paragraphs)

    # Doing

    def action_view(self) -> None:
        """Go from the plan of the day to that of today, and to what falls on the days."""
        self._view = _VIEWS[(_VIEWS.index(self._view) + 1) % len(_VIEWS)]
        listed = self._view == "requests"
        self.set_class(listed, "-requests")
        (self._table if listed else self._months).focus()
        if listed:
            self._table.reload()
        self._show()
        self.refresh_bindings()

    def action_date(self) -> None:
        self.app.push_screen(DateScreen(self._months.day), self._go_to)

    def _go_to(self, day: date | None) -> None:
        if day is not None:
            self._months.go_to(day)

    def check_action(self, action: str, parameters: tuple[object, ...]) -> bool | None:
        if action == "choose":
            return self._months.has_focus and (
                self._choosing or (self._may_ask and self._workplace.here is not None)
            )
        return True

    def action_choose(self) -> None:
        if self._choosing:
            self.dismiss(self._months.day)
            return
        from screens.workshop_request import WorkshopRequestScreen

        request = WorkshopRequestScreen(self._workplace, first_day=self._months.day)
        self.app.push_screen(request, self._asked)

    def _asked(self, workshop_id: int | None) -> None:
        if workshop_id is not None:
            open_workshop(self, self._workplace, workshop_id)

    @on(PagedTable.Opened)
    def _open(self, event: PagedTable.Opened) -> None:
        event.stop()
        if entry := self._entry:
            open_workshop(self, self._workplace, entry.workshop_id)

    @property
    def _entry(self) -> CalendarEntry | None:
        row = self._table.row
        if row is None or not isinstance(row.key, int) or row.key >= len(self._entries):
            return None
        return self._entries[row.key]

    def action_file(self) -> None:
        """Write the file of the workshop on the line, or of what follows from the chosen day."""
        entry = self._entry if self._view == "requests" else None
        if entry is not None:
            self.keep_workshop(self._desk, entry.workshop_id, entry.reference)
            return
        event = Event(self._months.day, _BEGINS, _ENDS, self._ground.zone)
        make = partial(
            workshop_calendar.of_plan, self.plan, event, self._desk.now(), current_language()
        )
        self.keep_file(make, f"{say('workshop')}-{event.first_day.isoformat()}")


def _letters(steps: Sequence[PlanStep]) -> dict[date, str]:
    found: dict[date, str] = {}
    for letter, step in zip(_LETTERS, steps, strict=False):
        found.setdefault(step.day, letter)
    return found


def _verdict(check: DateCheck, notes: Sequence[DayNote]) -> Iterator[Paragraph]:
    """Yield whether a day can be asked for in time, and what speaks against it."""
    signs: dict[str, tuple[str, Tone]] = {
        "in_time": ("+", "good"), "late": ("!", "warning"), "past": ("x", "error"),
    }  # fmt: skip
    sign, tone = signs[check.verdict]
    yield Paragraph(f"{sign} {told_day(check.first_day)} – {check.sentence}", tone)
    for note in notes:
        yield Paragraph(f"- {note.sentence}", "warning", apart=False)


def _as_row(place: int, entry: CalendarEntry) -> Row:
    sign, word = STATUS_WORDS[entry.status]
    cells = (
        told_day(entry.day),
        entry.label.text(),
        entry.title,
        entry.school or "–",
        Cell(f"{sign} {word}"),
    )
    return Row(place, cells)
