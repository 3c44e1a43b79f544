"""The SSH keys of one's account: added by pasting the public one, and removed."""

from __future__ import annotations

from dataclasses import dataclass
from zoneinfo import ZoneInfo

from textual import on
from textual.app import ComposeResult
from textual.containers import Vertical
from textual.message import Message

from models.language import N_, format_day, say
from models.schools import DEFAULT_TIME_ZONE
from screens.commands import bindings
from screens.confirm import ConfirmScreen
from screens.doorway import LONGEST_PASSWORD, AnswerScreen, DoorForm
from screens.facts import told_at
from screens.widgets.chrome import KeyBar, Sentence, TitleBar
from screens.widgets.deeds import DeedScreen
from screens.widgets.field import Field, Form
from screens.widgets.table import Column, Page, PagedTable, Row, Sort
from screens.workplace import Workplace
from services import account_keys, own_account
from services.account_keys import LONGEST_NAME, AccountKeyRow

#: A public RSA key of 16,384 bits with options and a comment fits.
LONGEST_KEY = 4_096
_COLUMNS = (
    Column("name", N_("Name"), 16, grow=1, sortable=False),
    Column("fingerprint", N_("Fingerprint"), 24, grow=2, priority=1, sortable=False),
    Column("added", N_("Added"), 11, sortable=False),
    Column("used", N_("Last used"), 18, priority=2, sortable=False),
)


class AccountKeysScreen(DeedScreen[None]):
    """The keys that sign the account in, the latest first."""

    DEFAULT_CSS = "AccountKeysScreen > #hint { height: 2; padding: 0 3; }"
    BINDINGS = [*bindings("keys.add", "keys.remove")]

    @dataclass
    class _Removed(Message):
        key: AccountKeyRow

    def __init__(self, workplace: Workplace) -> None:
        super().__init__()
        self._workplace = workplace
        self._row: Row | None = None
        self._table = PagedTable(
            _COLUMNS,
            self._load,
            selectable=False,
            openable=False,
            empty=N_("No key yet. n adds one: paste the line of your file id_ed25519.pub."),
        )

    def compose(self) -> ComposeResult:
        yield TitleBar(N_("SSH keys"), *self._workplace.title)
        hint = N_("One of these keys signs you in over SSH, without a password.")
        yield Sentence(hint, id="hint")
        yield self._table
        yield KeyBar()

    def on_mount(self) -> None:
        self._table.focus()

    def _load(self, offset: int, limit: int, wanted: str, sort: Sort | None) -> Page:
        desk = self._workplace.desk
        keys = account_keys.own_keys(desk.engine, desk.clock, desk.actor)
        rows = [self._as_row(key) for key in keys]
        return Page(rows[offset : offset + limit], len(rows))

    def _as_row(self, key: AccountKeyRow) -> Row:
        here = self._workplace.here
        zone = here.zone if here else ZoneInfo(DEFAULT_TIME_ZONE)
        added = format_day(key.added_at.astimezone(zone).date())
        used = told_at(key.last_used_at, zone)
        return Row(key.id, (key.name or key.kind, key.fingerprint, added, used))

    @on(PagedTable.Highlighted)
    def _remember(self, event: PagedTable.Highlighted) -> None:
        self._row = event.row

    # Changing

    def action_add(self) -> None:
        self.app.push_screen(AddKeyScreen(self._workplace), self._added)

    def _added(self, key: str | None) -> None:
        if key is not None:
            told = say("%(key)s signs you in from now on.", key=key)
            self.app.notify(told.text(), markup=False)
            self._table.reload()

    def action_remove(self) -> None:
        row = self._row
        if row is None:
            return

        def answered(yes: bool | None) -> None:
            if yes:
                self.attempt(lambda: self._remove(int(str(row.key))))

        question = say("Remove the key %(name)s? It signs you in no more.", name=str(row.cells[0]))
        self.app.push_screen(ConfirmScreen(say("SSH keys"), question), answered)

    def _remove(self, key_id: int) -> None:
        desk = self._workplace.desk
        removed = account_keys.remove_own_key(desk.engine, desk.clock, desk.actor, key_id)
        self.post_message(self._Removed(removed))

    @on(_Removed)
    def _tell_removed(self, message: _Removed) -> None:
        message.stop()
        name = message.key.name or message.key.fingerprint
        self.app.notify(say("%(key)s signs nobody in any more.", key=name).text(), markup=False)
        self._table.reload()


class _KeyForm(DoorForm):
    BINDINGS = [*bindings("form.save")]


class AddKeyScreen(AnswerScreen):
    """Ask for the line of a public key; what is dismissed is the name of the key added."""

    @dataclass
    class _Added(Message):
        key: AccountKeyRow

    def __init__(self, workplace: Workplace) -> None:
        super().__init__()
        self._workplace = workplace
        self._form = _KeyForm(
            "add-key",
            Field("key", N_("Public key"), max_length=LONGEST_KEY, required=True),
            Field("name", N_("Name"), max_length=LONGEST_NAME),
            Field("password", N_("Present password"), max_length=LONGEST_PASSWORD, password=True),
        )

    def compose(self) -> ComposeResult:
        yield TitleBar(N_("Add an SSH key"), *self._workplace.title)
        with Vertical(classes="door"):
            yield Sentence(
                N_("Paste the public key: one line, as in id_ed25519.pub."), classes="heading"
            )
            yield Sentence(
                N_("It begins with its kind, such as ssh-ed25519. Never paste a private key.")
            )
            yield self._form
            yield self.answer
        yield KeyBar()

    def on_mount(self) -> None:
        self.set_focus(self._form["key"].entry)
        self.answer.say(
            N_(
                "The first time that you connect with it, sign in with your password: from then "
                "on the key is enough."
            )
        )

    @on(Form.Saved)
    def _add(self, event: Form.Saved) -> None:
        event.stop()
        line, name, password = (event.values[part] for part in ("key", "name", "password"))
        place = self._workplace

        def add() -> None:
            entrance = place.entrance()
            key = own_account.add_key(entrance, place.desk.actor, password, line, name)
            self.post_message(self._Added(key))

        self.ask(add)

    @on(_Added)
    def _close(self, message: _Added) -> None:
        message.stop()
        self.dismiss(message.key.name or message.key.fingerprint)
