"""Which of one's accounts to use: a role, in a school or for a child (DOMAIN §1)."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

from textual import on
from textual.app import ComposeResult
from textual.message import Message

from models.language import N_, Wording, ngettext
from screens.widgets.chrome import KeyBar, Sentence, TitleBar
from screens.widgets.deeds import DeedScreen
from screens.widgets.table import Cell, Column, Page, PagedTable, Row, Sort
from services.profiles import role_label

if TYPE_CHECKING:
    from services.profiles import Profile

_COLUMNS = (
    Column("role", N_("Account"), 24, grow=1, sortable=False),
    Column("school", N_("School"), 26, grow=3, sortable=False),
    Column("child", N_("Child"), 16, grow=2, priority=1, sortable=False),
)
#: Names of schools that a line holds; the rest is a number.
_NAMED = 2


class ChooseAccountScreen(DeedScreen[None]):
    """List the accounts of one identity; Enter uses one.

    `choose` is called in a thread and returns what `Chosen` brings. `current` is the account
    that is used now, None at the door.
    """

    DEFAULT_CSS = "ChooseAccountScreen > #hint { height: 2; padding: 0 3; }"

    @dataclass
    class Chosen(Message):
        """An account was chosen; `what` is what `choose` returned."""

        what: Any = field(repr=False)

    def __init__(
        self,
        who: str,
        profiles: Sequence[Profile],
        choose: Callable[[Profile], Any],
        current: Profile | None = None,
    ) -> None:
        super().__init__()
        self._who, self._profiles, self._choose = who, tuple(profiles), choose
        self._current = current
        self._table = PagedTable(_COLUMNS, self._load, selectable=False, at_once=True)

    def compose(self) -> ComposeResult:
        yield TitleBar(N_("Choose an account"), who=self._who)
        hint = N_("You hold several accounts. Enter uses one; g, then u, changes later.")
        yield Sentence(hint, id="hint")
        yield self._table
        yield KeyBar()

    def on_mount(self) -> None:
        self._table.focus()

    def _load(self, offset: int, limit: int, wanted: str, sort: Sort | None) -> Page:
        rows = [self._row(key, profile) for key, profile in enumerate(self._profiles)]
        return Page(rows[offset : offset + limit], len(rows))

    def _row(self, key: int, profile: Profile) -> Row:
        role = role_label(profile.role).text()
        here = profile == self._current
        first = Cell(f"> {role}", "strong") if here else Cell(f"  {role}")
        return Row(key, (first, schools_of(profile), profile.child))

    @on(PagedTable.Opened)
    def _use(self, event: PagedTable.Opened) -> None:
        event.stop()
        profile = self._profiles[int(str(event.row.key))]

        def use() -> None:
            self.post_message(self.Chosen(self._choose(profile)))

        self.attempt(use, exclusive=True)


def schools_of(profile: Profile) -> str:
    """Return the schools of an account in a line: all, by name, or how many."""
    if profile.school_ids is None:
        return Wording(N_("All schools")).text()
    if len(profile.schools) <= _NAMED:
        return ", ".join(profile.schools)
    told = ngettext("%(count)s school", "%(count)s schools", len(profile.schools))
    return told % {"count": len(profile.schools)}
