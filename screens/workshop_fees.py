"""What the workshop office sets: the fee table, and the figures of the rules."""

from __future__ import annotations

import re
from dataclasses import dataclass, fields
from functools import partial

from textual import on
from textual.app import ComposeResult
from textual.message import Message

from models.addresses import LONGEST_ADDRESS
from models.language import N_, Wording, _, format_day, say, say_n
from models.workshop_dates import WorkshopRules
from models.workshops import CATEGORIES, DEFAULT_CURRENCY, PROGRAMMES
from screens.commands import bindings
from screens.confirm import ConfirmScreen
from screens.widgets.chrome import KeyBar, Sentence, TitleBar
from screens.widgets.deeds import DeedScreen
from screens.widgets.field import Field, Form
from screens.widgets.table import Column, Page, PagedTable, Row, Sort
from screens.workplace import Workplace
from screens.workshop_dialogs import AskLineScreen, tell
from services import drafts, workshop_invoices, workshop_rules
from services.workshop_form import CATEGORY_LABELS, day_from
from services.workshop_invoices import FeeRow, told_amount
from services.workshop_rules import RULE_LABELS, Office

_AMOUNT = re.compile(r"(\d{1,7})(?:[.,](\d{1,2}))?")
_CURRENCY = re.compile(r"[A-Z]{3}")
_LONGEST_NAME = 100

_UNITS: dict[str, Wording] = {
    "participant": say("for each participant"),
    "workshop": say("for the workshop"),
}
_COLUMNS = (
    Column("what", N_("Kind of workshop"), 22, grow=2, sortable=False),
    Column("people", N_("Participants"), 12, priority=1, sortable=False),
    Column("amount", N_("Amount"), 14, sortable=False, align="right"),
    Column("unit", N_("Counted"), 20, priority=2, sortable=False),
    Column("since", N_("Valid from"), 10, sortable=False),
)


class WorkshopFeesScreen(DeedScreen[None]):
    """The fee table: of the lines that fit a workshop, the one that says most holds."""

    DEFAULT_CSS = "WorkshopFeesScreen > #hint { height: auto; }"
    BINDINGS = [*bindings("fees.add", "fees.remove", "fees.rules")]

    @dataclass
    class _Removed(Message):
        pass

    def __init__(self, workplace: Workplace) -> None:
        super().__init__()
        self._workplace, self._desk = workplace, workplace.desk
        self._table = PagedTable(
            _COLUMNS,
            self._load,
            selectable=False,
            openable=False,
            empty=N_("No fee yet, so no invoice can be made. F8 adds one."),
        )

    def compose(self) -> ComposeResult:
        yield TitleBar(N_("Fees"), *self._workplace.title)
        yield Sentence(
            N_("Of the lines that fit a workshop, the one that says most about it holds."),
            id="hint",
        )
        yield self._table
        yield KeyBar()

    def on_screen_resume(self) -> None:
        self._table.reload()

    def _load(self, offset: int, limit: int, text: str, sort: Sort | None) -> Page:
        rows = [_as_row(row) for row in self._desk.read(workshop_invoices.fees)]
        return Page(rows[offset : offset + limit], len(rows))

    @on(PagedTable.Highlighted)
    def _look(self) -> None:
        self.refresh_bindings()

    def check_action(self, action: str, parameters: tuple[object, ...]) -> bool | None:
        return action != "remove" or self._table.row is not None

    def action_add(self) -> None:
        self.app.push_screen(FeeScreen(self._workplace))

    def action_rules(self) -> None:
        self.app.push_screen(WorkshopRulesScreen(self._workplace))

    def action_remove(self) -> None:
        row = self._table.row
        if row is None or not isinstance(row.key, int):
            return
        question = say("Take this line out? Invoices that were made keep their amount.")
        remove = partial(self._remove, row.key)
        self.app.push_screen(
            ConfirmScreen(say("Fees"), question),
            lambda yes: self.attempt(remove) if yes else None,
        )

    def _remove(self, fee_id: int) -> None:
        self._desk.write(workshop_invoices.remove_fee, fee_id)
        self.post_message(self._Removed())

    @on(_Removed)
    def _read_again(self, message: _Removed) -> None:
        message.stop()
        self._table.reload()


def _as_row(row: FeeRow) -> Row:
    category = CATEGORY_LABELS[row.category].text() if row.category else _("every category")
    people = ""
    if row.people:
        people = say_n("from %(count)s on", "from %(count)s on", row.people).text()
    return Row(
        row.id,
        (
            f"{row.programme or _('Every programme')}, {category}",
            people,
            told_amount(row.amount, row.currency).text(),
            _UNITS[row.unit].text(),
            format_day(row.valid_from),
        ),
    )


class _Fee(Form, inherit_bindings=False):
    DEFAULT_CSS = """
    _Fee Field > .label { width: 20; }
    _Fee Field > .message { width: 26; height: 2; }
    _Fee #field-since { height: 2; }
    """
    BINDINGS = [*bindings("form.next", "form.previous", "form.save")]


class FeeScreen(DeedScreen[None]):
    """One line of the fee table, in place of one for the same."""

    HORIZONTAL_BREAKPOINTS = [(0, "-narrow"), (72, "-wide")]
    DEFAULT_CSS = """
    FeeScreen.-narrow Form { padding: 0 1; }
    FeeScreen.-narrow Field > .message { width: 22; max-width: 22; height: 2; }
    """

    @dataclass
    class _Saved(Message):
        pass

    def __init__(self, workplace: Workplace) -> None:
        super().__init__()
        self._workplace, self._desk = workplace, workplace.desk
        programmes: list[tuple[str, str | Wording]] = [
            ("", say("every programme")),
            *((each, each) for each in PROGRAMMES),
        ]
        categories: list[tuple[str, str | Wording]] = [
            ("0", say("every category")),
            *((str(each), CATEGORY_LABELS[each]) for each in CATEGORIES),
        ]
        self._form = _Fee(
            "workshop-fee",
            Field("programme", N_("Programme"), options=programmes),
            Field("category", N_("Category"), options=categories),
            Field("people", N_("From participants"), "0", max_length=3, check=_number_fault),
            Field("amount", N_("Amount"), max_length=12, required=True, check=_amount_fault),
            Field("currency", N_("Currency"), DEFAULT_CURRENCY, max_length=3, check=_coin_fault),
            Field("unit", N_("Counted"), options=list(_UNITS.items())),
            Field("since", N_("Valid from"), max_length=20, required=True, check=_day_fault),
            drafts=drafts.DraftsOf(self._desk),
        )

    def compose(self) -> ComposeResult:
        yield TitleBar(N_("New fee"), *self._workplace.title)
        yield self._form
        yield KeyBar()

    def on_mount(self) -> None:
        self._form["programme"].entry.focus()

    @on(Form.Saved)
    def _save(self, event: Form.Saved) -> None:
        event.stop()
        self.attempt(partial(self._write, dict(event.values)))

    def _write(self, values: dict[str, str]) -> None:
        amount, since = _amount(values["amount"]), day_from(values["since"])
        assert amount is not None and since is not None  # looked at by the form
        self._desk.write(
            workshop_invoices.add_fee,
            amount,
            since,
            programme=values["programme"],
            category=int(values["category"]),
            people=int(values["people"] or 0),
            unit=values["unit"],
            currency=values["currency"] or DEFAULT_CURRENCY,
        )
        self.post_message(self._Saved())

    @on(_Saved)
    def _leave(self, message: _Saved) -> None:
        message.stop()
        self._form.submitted()
        tell(self, say("The fee is in the table."))
        self.dismiss(None)


def _amount(text: str) -> int | None:
    """Return an amount in hundredths, None for what is none."""
    found = _AMOUNT.fullmatch(text.replace(" ", ""))
    return int(found[1]) * 100 + int((found[2] or "").ljust(2, "0")) if found else None


def _amount_fault(text: str) -> Wording | None:
    return None if _amount(text) is not None else say("Write it as in 450.00.")


def _number_fault(text: str) -> Wording | None:
    return None if text.isascii() and text.isdigit() else say("A whole number.")


def _coin_fault(text: str) -> Wording | None:
    return None if _CURRENCY.fullmatch(text) else say("Three letters, as in EUR.")


def _day_fault(text: str) -> Wording | None:
    return None if day_from(text) else say("Give a date, as in 15/03/2027.")


# --- the rules ----------------------------------------------------------------------------

_NAME, _EMAIL = "name", "email"
_RULE_COLUMNS = (
    Column("rule", N_("Rule"), 30, grow=3, sortable=False),
    Column("value", N_("Value"), 12, grow=1, sortable=False),
)


class WorkshopRulesScreen(DeedScreen[None]):
    """The figures behind the days of a workshop, and where the office is reached."""

    DEFAULT_CSS = "WorkshopRulesScreen > #hint { height: auto; }"

    @dataclass
    class _Read(Message):
        office: Office

    @dataclass
    class _Saved(Message):
        pass

    def __init__(self, workplace: Workplace) -> None:
        super().__init__()
        self._workplace, self._desk = workplace, workplace.desk
        self._office = Office()
        self._table = PagedTable(_RULE_COLUMNS, self._load, selectable=False)

    def compose(self) -> ComposeResult:
        yield TitleBar(N_("Rules of the workshops"), *self._workplace.title)
        hint = N_("What was asked for before keeps its days. Enter changes the line.")
        yield Sentence(hint, id="hint")
        yield self._table
        yield KeyBar()

    def _load(self, offset: int, limit: int, text: str, sort: Sort | None) -> Page:
        office = self._desk.read(workshop_rules.office)
        self.post_message(self._Read(office))
        rows = [Row(key, (_label(key).text(), value)) for key, value in _values(office).items()]
        return Page(rows[offset : offset + limit], len(rows))

    @on(_Read)
    def _take(self, message: _Read) -> None:
        message.stop()
        self._office = message.office

    @on(PagedTable.Opened)
    def _open(self, event: PagedTable.Opened) -> None:
        event.stop()
        key = str(event.row.key)

        def answer(text: str) -> tuple[str] | Wording:
            figure = key not in (_NAME, _EMAIL)
            return say("A whole number.") if figure and _number_fault(text) else (text,)

        dialog: AskLineScreen[tuple[str]] = AskLineScreen(
            say("Rules of the workshops"),
            say("%(rule)s:", rule=_label(key)),
            say("Enter sets it   Esc closes"),
            answer,
            longest={_NAME: _LONGEST_NAME, _EMAIL: LONGEST_ADDRESS}.get(key, 3),
            value=_values(self._office)[key],
        )

        def write(found: tuple[str] | None) -> None:
            if found is not None:
                self.attempt(partial(self._write, key, *found))

        self.app.push_screen(dialog, write)

    def _write(self, key: str, text: str) -> None:
        office = self._desk.read(workshop_rules.office)
        named = {_NAME: office.name, _EMAIL: office.email}
        figures: dict[str, int] = {}
        if key in named:
            named[key] = text
        else:
            figures[key] = int(text)
        self._desk.write(workshop_rules.set_office, figures, **named)
        self.post_message(self._Saved())

    @on(_Saved)
    def _read_again(self, message: _Saved) -> None:
        message.stop()
        self._table.reload()


def _label(key: str) -> Wording:
    if key == _NAME:
        return say("Name of the workshop office")
    return say("E-mail of the workshop office") if key == _EMAIL else RULE_LABELS[key]


def _values(office: Office) -> dict[str, str]:
    figures = {rule.name: str(getattr(office.rules, rule.name)) for rule in fields(WorkshopRules)}
    return {**figures, _NAME: office.name, _EMAIL: office.email}
