"""The ten commonest causes of a week's calls, and how many were about which school."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, timedelta
from zoneinfo import ZoneInfo

from textual import on
from textual.app import ComposeResult
from textual.message import Message

from models.language import N_, format_day, say, say_n
from models.schools import DEFAULT_TIME_ZONE
from screens.commands import bindings
from screens.widgets.chrome import KeyBar, LineDetail, Sentence, TitleBar
from screens.widgets.deeds import DeedScreen
from screens.widgets.table import Column, Page, PagedTable, Row, Sort
from screens.workplace import Workplace
from services import calls, faq
from services.calls import CommonCause

_COLUMNS = (
    Column("place", N_("No."), 4, sortable=False, align="right"),
    Column("calls", N_("Calls"), 7, sortable=False, align="right"),
    Column("cause", N_("What callers ask"), 30, grow=3, sortable=False),
    Column("schools", N_("Schools"), 20, grow=2, priority=1, sortable=False),
)
_WEEK = timedelta(days=7)


class CommonestCausesScreen(DeedScreen[None]):
    """This week's first; the arrows go to the weeks before. `f` narrows it to one school."""

    DEFAULT_CSS = """
    CommonestCausesScreen > #week { text-style: bold; }
    CommonestCausesScreen > #commonest-detail { height: 4; padding: 0 3; }
    """
    BINDINGS = [*bindings("commonest.earlier", "commonest.later", "commonest.school", "app.back")]

    @dataclass
    class _Read(Message):
        """What was found; `schools` are those of the whole week, the most called about first."""

        found: Sequence[CommonCause]
        schools: Sequence[tuple[int, str]]

    def __init__(self, workplace: Workplace) -> None:
        super().__init__()
        self._workplace, self._desk = workplace, workplace.desk
        self._today = self._desk.now().astimezone(ZoneInfo(DEFAULT_TIME_ZONE)).date()
        self._day = self._today
        self._school: int | None = None
        self._schools: Sequence[tuple[int, str]] = ()
        self._found: Sequence[CommonCause] = ()
        self._week = Sentence("", id="week")
        self._detail = LineDetail(id="commonest-detail")
        self._table = PagedTable(
            _COLUMNS,
            self._load,
            selectable=False,
            at_once=True,
            empty=N_("No cause was found in a call of this week."),
        )

    def compose(self) -> ComposeResult:
        yield TitleBar(N_("Commonest causes"), "", "", self._workplace.who)
        yield self._week
        yield self._table
        yield self._detail
        yield KeyBar()

    def on_mount(self) -> None:
        self._table.focus()
        self._look()

    def language_changed(self) -> None:
        self._table.reload()

    # Reading

    @on(PagedTable.Refreshed)
    def _look(self) -> None:
        self._tell()
        self.attempt(self._read, "read", reads=True)

    def _read(self) -> None:
        whole = self._desk.read(calls.commonest, self._day, None, 1_000)
        found: Sequence[CommonCause] = whole[: calls.MOST_COMMON]
        if self._school is not None:
            found = self._desk.read(calls.commonest, self._day, self._school)
        self.post_message(self._Read(found, _schools(whole)))

    @on(_Read)
    def _show(self, message: _Read) -> None:
        message.stop()
        self._found, self._schools = message.found, message.schools
        self._table.reload()
        self._tell()
        self.refresh_bindings()

    def _tell(self) -> None:
        monday = self._day - timedelta(days=self._day.weekday())
        school = next((name for each, name in self._schools if each == self._school), "")
        values = {
            "first": format_day(monday),
            "last": format_day(monday + _WEEK - timedelta(days=1)),
            "school": school or say("all schools"),
        }
        self._week.show(say("From %(first)s to %(last)s: %(school)s", **values))

    def _load(self, offset: int, limit: int, _text: str, _sort: Sort | None) -> Page:
        rows = [
            Row(each.code, (str(place), str(each.calls), asked(each.code), _first(each)))
            for place, each in enumerate(self._found, start=1)
        ]
        return Page(rows[offset : offset + limit], len(rows))

    @on(PagedTable.Highlighted)
    def _show_detail(self, event: PagedTable.Highlighted) -> None:
        event.stop()
        key = event.row.key if event.row else None
        cause = next((each for each in self._found if each.code == key), None)
        told = [asked(cause.code), *_told_schools(cause)] if cause else []
        self._detail.show(" · ".join(told))

    @on(PagedTable.Opened)
    def _open(self, event: PagedTable.Opened) -> None:
        """Show what is answered to whoever asks."""
        from screens.faq import FaqScreen

        event.stop()
        self.app.push_screen(FaqScreen(self._workplace, str(event.row.key)))

    # Going about

    def check_action(self, action: str, parameters: tuple[object, ...]) -> bool | None:
        if action == "later":
            return self._day + _WEEK <= _last_day(self._today)
        return action != "school" or bool(self._schools)

    def action_earlier(self) -> None:
        self._go(self._day - _WEEK)

    def action_later(self) -> None:
        self._go(self._day + _WEEK)

    def _go(self, day: date) -> None:
        self._day, self._school = day, None
        self._table.action_first()
        self._look()
        self.refresh_bindings()

    def action_school(self) -> None:
        """Go from all schools to each that was called about, one after the other."""
        order = [None, *(each for each, _name in self._schools)]
        now = order.index(self._school) if self._school in order else 0
        self._school = order[(now + 1) % len(order)]
        self._look()


def asked(code: str) -> str:
    """Return a cause as callers ask about it; its code where there is no such question."""
    question = faq.question_of(code)
    return question.question if question else code


def _last_day(day: date) -> date:
    return day + timedelta(days=6 - day.weekday())


def _schools(found: Sequence[CommonCause]) -> list[tuple[int, str]]:
    """Return the schools of some causes with their names, the most called about first."""
    totals: dict[tuple[int, str], int] = {}
    for cause in found:
        for school_id, name, number in cause.schools:
            if school_id is not None:
                totals[school_id, name] = totals.get((school_id, name), 0) + number
    return sorted(totals, key=lambda school: (-totals[school], school[1]))


def _told_schools(cause: CommonCause) -> list[str]:
    return [
        say_n(
            "%(school)s: %(count)s call",
            "%(school)s: %(count)s calls",
            number,
            school=name or say("about no school"),
        ).text()
        for _school, name, number in cause.schools
    ]


def _first(cause: CommonCause) -> str:
    """Return the schools as shortly as a column takes them."""
    return ", ".join(f"{name or '–'} {number}" for _school, name, number in cause.schools)
