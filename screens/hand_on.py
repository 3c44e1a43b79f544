"""To whom a call is handed on: in words, or one of the helpdesk's accounts."""

from __future__ import annotations

from dataclasses import dataclass

from textual import on
from textual.app import ComposeResult
from textual.containers import Vertical
from textual.message import Message
from textual.widgets import Input, Static

from models.language import N_, Wording, _
from models.text import clean, name_key, squeeze
from screens.commands import bindings
from screens.widgets.chrome import Sentence
from screens.widgets.dialog import Dialog
from screens.widgets.field import TextInput
from screens.widgets.table import Column, Page, PagedTable, Row, Sort
from screens.widgets.text import safe
from services import calls
from services.desk import Desk

_COLUMNS = (Column("account", N_("Account"), 20, grow=1, sortable=False),)


class _Whom(TextInput):
    """The field; its arrow goes down to the accounts that match."""

    BINDINGS = [*bindings("hand-on.accounts")]

    @dataclass
    class Left(Message):
        pass

    def action_accounts(self) -> None:
        self.post_message(self.Left())


class HandOnScreen(Dialog[str | None]):
    """Ask to whom; the result is what was typed or chosen, None where it was closed."""

    DEFAULT_CSS = """
    HandOnScreen > .dialog-box { height: 16; }
    HandOnScreen Sentence { padding: 0; height: auto; }
    HandOnScreen Static { height: 1; }
    """
    BINDINGS = [*bindings("dialog.close")]

    def __init__(self, desk: Desk) -> None:
        super().__init__()
        self._desk = desk
        self._field = _Whom(max_length=calls.LONGEST_CONTACT)
        self._complaint = Static("", classes="complaint")
        self._table = PagedTable(
            _COLUMNS,
            self._load,
            selectable=False,
            empty=N_("The helpdesk has no account."),
            nothing_found=N_("No account of the helpdesk matches: Enter takes your words."),
        )

    def compose(self) -> ComposeResult:
        with Vertical(classes="dialog-box") as box:
            box.border_title = safe(_("Hand the call on"))
            yield Sentence(N_("To whom: a name, a service, or one of the accounts below:"))
            yield self._field
            yield self._complaint
            yield self._table
            yield Static(safe(_("Enter hands it on   Esc closes")), classes="keys")

    def on_mount(self) -> None:
        self._field.focus()

    def _load(self, offset: int, limit: int, text: str, sort: Sort | None) -> Page:
        key = name_key(text)
        found = [each for each in self._desk.read(calls.agents) if key in name_key(each)]
        rows = [Row(each, (each,)) for each in found]
        return Page(rows[offset : offset + limit], len(rows))

    @on(Input.Changed)
    def _narrow(self, event: Input.Changed) -> None:
        event.stop()
        self._complaint.update("")
        self._table.search(squeeze(clean(event.value)))

    @on(Input.Submitted)
    def _take(self, event: Input.Submitted) -> None:
        event.stop()
        to = squeeze(clean(event.value))
        if to:
            self.dismiss(to)
        else:
            self._complaint.update(safe(Wording(N_("Needed"))))

    @on(_Whom.Left)
    def _to_list(self, event: _Whom.Left) -> None:
        event.stop()
        self._table.focus()

    @on(PagedTable.Opened)
    def _choose(self, event: PagedTable.Opened) -> None:
        event.stop()
        self.dismiss(str(event.row.key))

    def action_close(self) -> None:
        self.dismiss(None)
