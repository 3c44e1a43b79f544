"""The school holidays of one year, and (helpdesk) reading them in from a file by a plan."""

from __future__ import annotations

from dataclasses import dataclass
from functools import partial
from pathlib import Path

from textual import on
from textual.app import ComposeResult
from textual.message import Message

from models.language import N_, Wording, _, format_day, say
from models.text import clean
from screens.commands import bindings
from screens.plan import PlanScreen, plan_calls
from screens.widgets.chrome import KeyBar, Sentence, TitleBar
from screens.widgets.deeds import DeedScreen
from screens.widgets.table import Column, Page, PagedTable, Row, Sort
from screens.widgets.text import number
from screens.workplace import Workplace
from screens.workshop_dialogs import AskLineScreen, ask_file, content_of
from services import school_holidays
from services.school_holidays import HolidayRow, SeveralGroups
from services.school_years import YearRow

_LONGEST_GROUP = 20
_COLUMNS = (
    Column("name", N_("School holidays"), 30, grow=4, sortable=False),
    Column("first_day", N_("First day"), 12, sortable=False),
    Column("last_day", N_("Last day"), 12, sortable=False),
    Column("days", N_("Days"), 6, priority=1, sortable=False, align="right"),
)


class SchoolHolidaysScreen(DeedScreen[None]):
    """What the form of a workshop points out of a school year; F3 reads a list into its calendar.

    A list may hold several years: those of the others are read in too.
    """

    DEFAULT_CSS = "SchoolHolidaysScreen > #hint { height: auto; padding: 0 3; }"
    BINDINGS = [*bindings("holidays.file", "app.refresh")]

    @dataclass
    class _Planned(Message):
        plan_id: int

    @dataclass
    class _Several(Message):
        content: bytes
        name: str
        groups: tuple[str, ...]

    def __init__(self, workplace: Workplace, year: YearRow) -> None:
        super().__init__()
        self._workplace, self._desk, self._year = workplace, workplace.desk, year
        self._may_import = school_holidays.may_import(workplace.role)
        empty = N_("No school holidays of this year are known.")
        if self._may_import:
            empty = N_("No school holidays of this year are known. F3 reads them from a file.")
        self._table = PagedTable(
            _COLUMNS, self._load, selectable=False, openable=False, empty=empty
        )

    def compose(self) -> ComposeResult:
        yield TitleBar(N_("School holidays"), *self._workplace.title)
        told = say(
            "%(calendar)s, school year %(year)s: whoever asks for a workshop on these days is "
            "told so.",
            calendar=self._year.calendar,
            year=self._year.label,
        )
        yield Sentence(told, id="hint")
        yield self._table
        yield KeyBar()

    def on_mount(self) -> None:
        self._table.focus()

    def _load(self, offset: int, limit: int, text: str, sort: Sort | None) -> Page:
        rows = self._desk.read(school_holidays.of_year, self._year.id)
        shown = [_as_row(place, row) for place, row in enumerate(rows)]
        return Page(shown[offset : offset + limit], len(shown))

    def check_action(self, action: str, parameters: tuple[object, ...]) -> bool | None:
        return self._may_import if action == "file" else True

    def action_refresh(self) -> None:
        self._table.reload()

    # From a file

    def action_file(self) -> None:
        question = say(
            "A CSV file or workbook with name, first and last day, or a calendar file (.ics):"
        )
        ask_file(self, say("School holidays from a file"), question, self._read_file)

    def _read_file(self, path: Path) -> None:
        self.attempt(lambda: self._plan(content_of(path), path.name))

    def _plan(self, content: bytes, name: str, group: str = "") -> None:
        make = partial(school_holidays.plan_holidays, group=group, name=clean(name))
        try:
            plan = self._desk.write(make, content, self._year.calendar_id)
        except SeveralGroups as several:
            self.post_message(self._Several(content, name, several.groups))
        else:
            self.post_message(self._Planned(plan))

    @on(_Several)
    def _ask_whose(self, message: _Several) -> None:
        message.stop()
        known = {group.casefold(): group for group in message.groups}

        def answer(text: str) -> str | Wording:
            return known.get(text.casefold()) or say("Write one of them.")

        dialog: AskLineScreen[str] = AskLineScreen(
            say("School holidays from a file"),
            say("Whose holidays: %(groups)s?", groups=", ".join(message.groups[:8])),
            say("Enter reads the file   Esc closes"),
            answer,
            longest=_LONGEST_GROUP,
        )

        def go_on(group: str | None) -> None:
            if group:
                self.attempt(partial(self._plan, message.content, message.name, group))

        self.app.push_screen(dialog, go_on)

    @on(_Planned)
    def _show_plan(self, message: _Planned) -> None:
        message.stop()
        _school, year, who = self._workplace.title
        self.app.push_screen(
            PlanScreen(plan_calls(self._desk, message.plan_id), year=year, who=who),
            lambda _outcome: self._table.reload(),
        )


def _as_row(place: int, row: HolidayRow) -> Row:
    return Row(
        place,
        (row.name or _("School holidays"), format_day(row.first_day), format_day(row.last_day),
         number(row.days)),
    )  # fmt: skip
