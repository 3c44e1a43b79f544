"""Filter as you type, and the list it filters."""

from dataclasses import dataclass

from rich.cells import cell_len
from textual import events, on
from textual.app import ComposeResult
from textual.containers import Vertical
from textual.message import Message
from textual.widgets import Input

from models.language import N_, _
from models.text import clean, squeeze
from screens.commands import bindings
from screens.widgets.table import PagedTable
from screens.widgets.text import shown

LONGEST_FILTER = 80


def as_one_line(pasted: str, room: int) -> str:
    """Return all lines of what was pasted as one, safe, of `room` characters at most."""
    room = max(0, room)
    return squeeze(clean(pasted[: 2 * room]))[:room]


class FilterInput(Input):
    """One line in which somebody types what to look for.

    `Edited` follows every key; whoever listens cancels the older query, so that nothing
    waits for a pause in the typing. What is pasted is cut and made safe.
    """

    DEFAULT_CSS = """
    FilterInput, FilterInput:focus { border: none; height: 1; padding: 0 3; }
    FilterInput:ansi, FilterInput:focus:ansi {
        border: none; background: ansi_default; color: ansi_default;
    }
    FilterInput:ansi > .input--placeholder { text-style: dim; color: ansi_default; }
    FilterInput:ansi > .input--cursor {
        text-style: reverse; color: ansi_default; background: ansi_default;
    }
    """
    BINDINGS = [*bindings("search.to-list", "search.clear")]

    @dataclass
    class Edited(Message):
        """The text changed. `text` is safe and without blanks around it."""

        field: "FilterInput"
        text: str

        @property
        def control(self) -> "FilterInput":
            return self.field

        def can_replace(self, message: Message) -> bool:
            return isinstance(message, type(self)) and message.field is self.field

    @dataclass
    class Left(Message):
        """Enter or the arrow down was pressed: back to the list."""

        field: "FilterInput"

    def __init__(self, hint: str = N_("/ to search"), *, id: str | None = None) -> None:
        self._hint = hint
        super().__init__(
            placeholder=shown(_(hint)), max_length=LONGEST_FILTER, select_on_focus=False, id=id
        )
        self.cursor_blink = False

    def language_changed(self) -> None:
        self._show_hint()

    def on_resize(self) -> None:
        self._show_hint()

    def _show_hint(self) -> None:
        """Show the hint, or its shortest form where it would be cut off."""
        hint = shown(_(self._hint))
        fits = cell_len(hint) < self.content_size.width
        self.placeholder = hint if fits else shown(_("/ to search"))

    def _on_paste(self, event: events.Paste) -> None:
        event.stop()
        event.prevent_default()
        room = LONGEST_FILTER - len(self.value)
        self.replace(as_one_line(event.text, room), *self.selection)

    @on(Input.Changed)
    def _tell(self, event: Input.Changed) -> None:
        event.stop()
        self.post_message(self.Edited(self, squeeze(clean(event.value, LONGEST_FILTER))))

    def action_to_list(self) -> None:
        self.post_message(self.Left(self))

    def action_clear(self) -> None:
        self.value = ""


class FilteredTable(Vertical):
    """A `PagedTable` below its `FilterInput`: `/` goes up to the one, Enter or `↓` back down.

    `text` is what is looked for first. In the search line, Esc goes back to the list and keeps
    the search; in the list it takes a search away first, and only then goes back.
    """

    DEFAULT_CSS = "FilteredTable { height: 1fr; }"
    BINDINGS = [*bindings("list.search", "app.back", app_back="step_back")]

    def __init__(
        self,
        table: PagedTable,
        hint: str = N_("/ to search"),
        *,
        text: str = "",
        id: str | None = None,
    ) -> None:
        super().__init__(id=id)
        self.table = table
        self.search = FilterInput(hint)
        self._text = text

    def compose(self) -> ComposeResult:
        yield self.search
        yield self.table

    def on_mount(self) -> None:
        self.table.focus()
        if self._text:
            self.search.value = self._text

    @on(FilterInput.Edited)
    def _narrow(self, event: FilterInput.Edited) -> None:
        event.stop()
        self.table.search(event.text)

    @on(FilterInput.Left)
    def _to_list(self, event: FilterInput.Left) -> None:
        event.stop()
        self.table.focus()

    def check_action(self, action: str, parameters: tuple[object, ...]) -> bool | None:
        return action != "search" or not self.search.has_focus

    def action_search(self) -> None:
        self.search.focus()

    async def action_step_back(self) -> None:
        if self.search.has_focus:
            self.table.focus()
        elif self.search.value:
            self.search.value = ""
        elif hasattr(self.screen, "action_back"):
            await self.screen.run_action("back")
        else:
            await self.run_action("app.back")
