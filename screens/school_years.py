"""The school years of a calendar: which one to look at, and (helpdesk) correcting their days."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date
from functools import partial

from textual import on
from textual.app import ComposeResult
from textual.containers import Vertical
from textual.message import Message
from textual.widgets import Static

from models.language import N_, Wording, _, format_day, say
from screens.commands import bindings
from screens.widgets.chrome import KeyBar, Sentence, TitleBar
from screens.widgets.deeds import DeedScreen
from screens.widgets.dialog import Dialog
from screens.widgets.field import Field, Form
from screens.widgets.table import Cell, Column, Page, PagedTable, Row, Sort
from screens.widgets.text import Tone, number, safe
from screens.workplace import Workplace
from services import school_years
from services.imports.dates import Dates
from services.school_years import Here, YearRow

STATUS_NAMES: dict[str, tuple[str, Tone]] = {
    "official": (N_("official"), "good"),
    "computed": (N_("computed"), ""),
    "undecided": (N_("first day undecided"), "warning"),
    "imported": (N_("imported"), ""),
    "edited": (N_("corrected by hand"), "accent"),
}
_COLUMNS = (
    Column("label", N_("School year"), 14, sortable=False),
    Column("first_day", N_("Begins"), 10, sortable=False),
    Column("last_day", N_("Class ends"), 13, priority=1, sortable=False),
    Column("access_ends", N_("Access until"), 14, sortable=False),
    Column("status", N_("Days are"), 16, grow=1, sortable=False),
    Column("accesses", N_("Accesses"), 9, priority=2, sortable=False, align="right"),
)
_LONGEST_DATE = 20


class SchoolYearsScreen(DeedScreen[None]):
    """The years of the school's calendar, or of all calendars while no school is chosen.

    Enter looks at a year in the school that is chosen and goes on to `then`. F2 corrects the
    days, for the helpdesk alone; F8 shows the school holidays.
    """

    DEFAULT_CSS = """
    SchoolYearsScreen > #hint { height: auto; padding: 0 3; }
    """
    BINDINGS = [*bindings("years.edit", "years.holidays", "app.refresh")]

    @dataclass
    class _Chosen(Message):
        here: Here

    @dataclass
    class _Edited(Message):
        moved: list[YearRow]

    def __init__(self, workplace: Workplace, then: str = "dashboard") -> None:
        super().__init__()
        self._workplace, self._then = workplace, then
        self._may_edit = school_years.may_edit(workplace.role)
        self._years: dict[int, YearRow] = {}
        self._begun = False
        self._table = PagedTable(
            _COLUMNS,
            self._load,
            selectable=False,
            openable=workplace.here is not None,
            empty=N_("No school year is known. They come with the first start, or an import."),
        )
        self._hint = Sentence(_hint(workplace), id="hint")

    def compose(self) -> ComposeResult:
        yield TitleBar(N_("School years"), *self._workplace.title)
        yield self._hint
        yield self._table
        yield KeyBar()

    def on_mount(self) -> None:
        self._table.focus()

    def _load(self, offset: int, limit: int, text: str, sort: Sort | None) -> Page:
        here = self._workplace.here
        desk = self._workplace.desk
        if here is None:
            years = desk.read(school_years.of_calendar)
        else:
            years = desk.read(school_years.of_school, here.school_id)
        self._years = {year.id: year for year in years}
        several = len({year.calendar_id for year in years}) > 1
        shown = [_as_row(year, here, several) for year in years]
        return Page(shown[offset : offset + limit], len(shown))

    @on(PagedTable.Highlighted)
    def _begin_here(self, event: PagedTable.Highlighted) -> None:
        """Put the cursor on the year that is looked at, the first time."""
        here = self._workplace.here
        if self._begun or event.row is None or here is None:
            return
        self._begun = True
        ids = list(self._years)
        for _step in range(ids.index(here.school_year_id) if here.school_year_id in ids else 0):
            self._table.action_down()

    @property
    def _current(self) -> YearRow | None:
        row = self._table.row
        return self._years.get(row.key) if row and isinstance(row.key, int) else None

    @on(PagedTable.Opened)
    def _choose(self, event: PagedTable.Opened) -> None:
        event.stop()
        here, year = self._workplace.here, self._current
        if here and year:
            self.attempt(partial(self._look_at, here.school_id, year.id))

    def _look_at(self, school_id: int, year_id: int) -> None:
        here = self._workplace.desk.read(school_years.here, school_id, year_id)
        self.post_message(self._Chosen(here))

    @on(_Chosen)
    def _enter(self, message: _Chosen) -> None:
        message.stop()
        self._workplace.here = message.here
        self.app.go(self._then)  # type: ignore[attr-defined]

    # Correcting

    def check_action(self, action: str, parameters: tuple[object, ...]) -> bool | None:
        return self._may_edit if action == "edit" else True

    def action_refresh(self) -> None:
        self._table.reload()

    def action_holidays(self) -> None:
        from screens.school_holidays import SchoolHolidaysScreen

        if (year := self._current) is not None:
            self.app.push_screen(SchoolHolidaysScreen(self._workplace, year))

    def action_edit(self) -> None:
        year = self._current
        if year is None:
            return
        same = [other for other in self._years.values() if other.calendar_id == year.calendar_id]
        self.app.push_screen(
            EditYearScreen(year, same),
            lambda days: self.attempt(partial(self._edit, year.id, *days)) if days else None,
        )

    def _edit(self, year_id: int, first_day: date, last_day: date) -> None:
        moved = self._workplace.desk.write(school_years.edit, year_id, first_day, last_day)
        self.post_message(self._Edited(moved))

    @on(_Edited)
    def _tell_edited(self, message: _Edited) -> None:
        message.stop()
        parts = [
            say("Access of %(year)s now ends on %(day)s.", year=y.label, day=y.access_ends).text()
            for y in message.moved
        ]
        self.app.notify(" ".join([_("Corrected."), *parts]), markup=False)
        self._table.reload()


class EditYearScreen(Dialog[tuple[date, date] | None]):
    """Ask for the first and the last day of a year; `years` are all of its calendar."""

    DEFAULT_CSS = """
    EditYearScreen > .dialog-box { width: 76; }
    EditYearScreen Form { padding: 0; margin: 1 0; }
    EditYearScreen Field { height: 3; }
    EditYearScreen Field > .label { width: 16; }
    EditYearScreen Field > .entry { width: 12; }
    EditYearScreen Field > .message { width: 1fr; height: 3; }
    """
    BINDINGS = [*bindings("dialog.close")]

    def __init__(self, year: YearRow, years: list[YearRow]) -> None:
        super().__init__()
        self._year, self._years, self._dates = year, years, Dates()
        self._form = Form(
            f"school-year-{year.id}",
            self._field("first_day", N_("First day"), year.first_day),
            self._field("last_day", N_("Last day"), year.last_day),
        )

    def _field(self, name: str, label: str, day: date) -> Field:
        return Field(
            name, label, format_day(day), max_length=_LONGEST_DATE, required=True,
            check=self._fault,
        )  # fmt: skip

    def _fault(self, text: str) -> Wording | None:
        return say("Not a date: write 28/08/2026.") if self._dates.read(text) is None else None

    def compose(self) -> ComposeResult:
        with Vertical(classes="dialog-box") as box:
            box.border_title = safe(_("School year %(year)s") % {"year": self._year.label})
            yield Static(
                safe(_("The accesses of the year before end on the eve of the first day."))
            )
            yield self._form
            yield Static(safe(_("F8 saves   Esc closes")), classes="keys")

    def on_mount(self) -> None:
        self._form["first_day"].entry.focus()

    @on(Form.Saved)
    def _check(self, event: Form.Saved) -> None:
        event.stop()
        days = _days(self._dates, event.values)
        wrong = school_years.fault(self._years, self._year.id, *days)
        if wrong is None:
            self.dismiss(days)
            return
        field, wording = wrong
        self._form[field].complain(wording)
        self._form[field].entry.focus()

    def action_close(self) -> None:
        self.dismiss(None)


def _days(dates: Dates, values: Mapping[str, str]) -> tuple[date, date]:
    first, last = dates.read(values["first_day"]), dates.read(values["last_day"])
    assert first is not None and last is not None  # the form has checked both
    return first, last


def _hint(workplace: Workplace) -> str:
    if workplace.here is None:
        return N_("All calendars. Choose a school first (g s) to look at one of its years.")
    if workplace.here.year is None:
        return N_("No school year runs today in this school. Enter looks at one of these.")
    return N_("Enter looks at a year; access runs to the eve of the next year’s first day.")


def _as_row(year: YearRow, here: Here | None, several: bool) -> Row:
    name, tone = STATUS_NAMES.get(year.status, (year.status, ""))
    looked_at = here is not None and here.school_year_id == year.id
    label = f"{year.calendar} {year.label}" if several else year.label
    return Row(
        year.id,
        (
            Cell(f"> {label}", "strong") if looked_at else f"  {label}",
            format_day(year.first_day),
            format_day(year.last_day),
            format_day(year.access_ends),
            Cell(_(name), tone),
            number(year.accesses) if year.accesses else "",
        ),
    )
