"""The one search, from everywhere: one line, and below it whom and what it finds.

Typing asks in a thread, one question after the other: of what was typed meanwhile only the
latest is asked. Enter opens a hit of the text as it stands, however far the reading is.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from contextlib import suppress
from dataclasses import dataclass
from importlib import import_module
from threading import Lock

from textual import events, on
from textual.app import ComposeResult
from textual.message import Message
from textual.widgets import Input

from models.kept_text import without_tokens
from models.language import N_, _, ngettext
from models.text import clean, squeeze
from screens.commands import bindings
from screens.status_list import STATUS_KINDS
from screens.widgets.chrome import KeyBar, LineDetail, TitleBar
from screens.widgets.deeds import DeedScreen
from screens.widgets.field import TextInput
from screens.widgets.filter import as_one_line
from screens.widgets.table import Cell, Column, Page, PagedTable, Row, Sort
from screens.widgets.text import signed
from screens.workplace import Workplace
from services.search import KIND_WORDS, Hit, search, warm_up

#: What a hit is, at a glance; the word stands below the list.
KIND_SIGNS = {
    "person": "&",
    "head": "*",
    "account": "o",
    "school": "^",
    "site": "-",
    "token": "#",
    "form": "§",
    "workshop": "¤",
    "message": "@",
}
_MOST = 16
#: What is pasted may be a whole mail: the search takes of it what it can.
_LONGEST = 2_000
_EVERYTHING = N_(
    "Type a surname, a first name or both, an e-mail address, a staff number, a school by its "
    "name or FASE number, or paste a token, the reference of a consent form or of a workshop, "
    "or the id of a message. Capitals, accents and small slips do not matter."
)
_NOTHING = N_(
    "Nobody and nothing matches. It may be a surname, a first name, an e-mail address, a staff "
    "number, a school by its name or FASE number, a token, the reference of a consent form or "
    "of a workshop, or the id of a message. Somebody new appears once the school’s list is "
    "imported."
)


def has_token(text: str) -> bool:
    """Tell whether a text is or holds what may be a token, which is not shown to anybody."""
    return without_tokens(text) != text


class SearchInput(TextInput):
    """The line that is typed in. A token in it is masked; Enter and the arrows are the list's."""

    DEFAULT_CSS = """
    SearchInput, SearchInput:focus { margin: 0 3; }
    SearchInput:ansi > .input--selection {
        text-style: reverse; color: ansi_default; background: ansi_default;
    }
    """
    BINDINGS = [
        *bindings("find.open", "find.up", "find.down", "find.first", "find.last"),
        *bindings("search.clear"),
    ]

    @dataclass
    class Open(Message):
        """Enter was pressed behind `text`."""

        text: str

    @dataclass
    class Move(Message):
        """An arrow was pressed: so many lines down; behind `text`."""

        text: str
        lines: int

    def __init__(self, value: str) -> None:
        super().__init__(value, max_length=_LONGEST)
        self.placeholder = _("name, address, number, school, token, reference")

    def language_changed(self) -> None:
        self.placeholder = _("name, address, number, school, token, reference")

    @property
    def text(self) -> str:
        """What is looked for: safe, on one line, without blanks around it."""
        return squeeze(clean(self.value))

    def watch_value(self, value: str) -> None:
        self.password = has_token(value)

    def _on_paste(self, event: events.Paste) -> None:
        """Take all lines of what is pasted as one: a token may be broken over two."""
        event.stop()
        event.prevent_default()
        room = _LONGEST - len(self.value)
        self.replace(as_one_line(event.text, room), *self.selection)

    def action_clear(self) -> None:
        self.value = ""

    def action_open(self) -> None:
        self.post_message(self.Open(self.text))

    def action_up(self) -> None:
        self.post_message(self.Move(self.text, -1))

    def action_down(self) -> None:
        self.post_message(self.Move(self.text, 1))

    def action_first(self) -> None:
        self.post_message(self.Move(self.text, -_MOST))

    def action_last(self) -> None:
        self.post_message(self.Move(self.text, _MOST))


class HitList(PagedTable, can_focus=False):
    """The hits in memory. Its line is chosen while one types, and shown as if it had the focus."""

    lit = True

    def __init__(self) -> None:
        super().__init__(
            _columns(),
            self._page,
            selectable=False,
            at_once=True,
            empty=_EVERYTHING,
            nothing_found=_NOTHING,
        )
        self._rows: Sequence[Row] = ()
        self._more = False

    def show(self, text: str, hits: Sequence[Hit]) -> None:
        """Show what was found for a text, its first line current; for the same one it stays."""
        self._more = len(hits) > _MOST
        self._rows = [_row(text, hit) for hit in hits[:_MOST]]
        if text == self.wanted:
            self.reload()
        else:
            self.search(text)
        self._refresh_status()

    def move(self, lines: int) -> None:
        """Make the line so many lines below the current one, or the last one, current."""
        self._move_to(self.cursor + lines)

    def _page(self, offset: int, limit: int, _wanted: str, _sort: Sort | None) -> Page:
        return Page(self._rows[offset : offset + limit], len(self._rows))

    def _status_now(self) -> str:
        count = len(self._rows)
        if not count:
            return ""
        if self._more:
            said = _("The best %(count)d, and there are more: type more letters")
        else:
            said = ngettext("%(count)d found", "%(count)d found", count)
        return "   " + said % {"count": count}


class SearchScreen(DeedScreen[None]):
    """Find anybody and anything while typing; Enter opens what is wrong with it and the way out.

    It begins with what was searched last, selected, so that the next letter takes its place.
    """

    DEFAULT_CSS = "SearchScreen > #hit { height: 3; }"
    BINDINGS = [*bindings("app.back", "app.refresh")]

    @dataclass
    class _Answered(Message):
        text: str
        hits: list[Hit]

    def __init__(self, workplace: Workplace) -> None:
        super().__init__()
        self._workplace = workplace
        self._line = SearchInput(workplace.searched)
        self._hits = HitList()
        self._detail = LineDetail(id="hit")
        self._shown: list[Hit] = []
        #: What the hits shown were found for; None before the first answer.
        self._answered: str | None = None
        #: Enter was pressed behind this text, and its hits are not there yet.
        self._to_open: str | None = None
        self._moves = 0
        self._lock = Lock()
        self._asked: str | None = None
        self._wanted: str | None = None
        self._is_asking = self._is_gone = False

    @property
    def awaits_another(self) -> bool:
        """Whether Enter was pressed, so that the next keys are for what it opens."""
        return self._to_open is not None

    def compose(self) -> ComposeResult:
        yield TitleBar(N_("Search"), *self._workplace.title)
        yield self._line
        yield self._hits
        yield self._detail
        yield KeyBar()

    def on_mount(self) -> None:
        self.set_focus(self._line)
        self._line.select_all()
        self._ask(self._line.text)

    def on_unmount(self) -> None:
        self._is_gone = True

    def on_screen_resume(self) -> None:
        if self._answered is not None:
            self._ask(self._line.text)  # something may have been put right meanwhile

    def language_changed(self) -> None:
        self._hits.show(self._hits.wanted, self._shown)
        self._tell_hit()

    def search_again(self) -> None:
        """Select what is typed, so that the next letter begins another search."""
        self._line.select_all()

    def action_refresh(self) -> None:
        self._ask(self._line.text)

    # Asking

    @on(Input.Changed)
    def _typed(self, event: Input.Changed) -> None:
        event.stop()
        text = self._line.text
        self._workplace.searched = "" if has_token(text) else text
        if text == self._asked:
            return  # it was there from the beginning, or a blank has come
        if text != self._to_open:
            self._to_open = None
        self._moves = 0
        self._ask(text)

    def _ask(self, text: str) -> None:
        """Ask for a text in a thread, one question at a time; of those that wait only the last."""
        self._asked = text
        with self._lock:
            self._wanted = text
            if self._is_asking:
                return
            self._is_asking = True
        self.attempt(self._read_on, group="search")

    def _read_on(self) -> None:
        try:
            desk = self._workplace.desk
            if self._answered is None:
                desk.read(warm_up)
                import_module("screens.diagnosis")  # beside the typing, not after Enter
            key = self._workplace.key()
            while (text := self._taken()) is not None:
                hits = desk.read(search, text, _MOST + 1, key)
                self.post_message(self._Answered(text, hits))
        except Exception:
            with self._lock:
                self._is_asking = False
            raise

    def _make_ready(self) -> None:
        """Make the diagnosis ready beside the typing: its first one takes a fifth of a second."""
        from services import diagnosis

        with suppress(Exception):  # nobody has asked for it yet
            self._workplace.desk.read(diagnosis.warm_up)

    def _taken(self) -> str | None:
        with self._lock:
            text, self._wanted = None if self._is_gone else self._wanted, None
            self._is_asking = text is not None
            return text

    def failed(self, error: Exception) -> None:
        self._to_open = None
        super().failed(error)

    # Answers

    @on(_Answered)
    def _show(self, message: _Answered) -> None:
        message.stop()
        if self._answered is None:
            self.attempt(self._make_ready, group="diagnosis")
        self._answered, self._shown = message.text, message.hits[:_MOST]
        self._hits.show(message.text, message.hits)
        if message.text == self._line.text:
            self._hits.move(self._moves)
            self._moves = 0
        self._tell_hit()
        if message.text == self._to_open:
            self._to_open = None
            self._open_current(message.text)

    @property
    def _current(self) -> Hit | None:
        at = self._hits.cursor
        return self._shown[at] if at < len(self._shown) else None

    @on(PagedTable.Highlighted)
    def _tell_hit(self) -> None:
        hit = self._current
        self._detail.show(" · ".join(filter(None, _told(hit))) if hit else "")

    @on(SearchInput.Move)
    def _move(self, message: SearchInput.Move) -> None:
        message.stop()
        if message.text == self._answered:
            self._hits.move(message.lines)
        else:
            self._moves += message.lines

    # Opening

    @on(SearchInput.Open)
    def _open(self, message: SearchInput.Open) -> None:
        message.stop()
        if message.text == self._answered:
            self._open_current(message.text)
        elif message.text:
            self._to_open = message.text

    def _open_current(self, text: str) -> None:
        hit = self._current
        if hit is None or self.app.screen is not self:
            return
        from screens.diagnosis import DiagnosisScreen

        self.app.push_screen(DiagnosisScreen(self._workplace, hit, searched=text))


# --- in words -----------------------------------------------------------------------------


def _columns() -> tuple[Column, ...]:
    """Return the columns; the kind takes a sign, or a word where a screen reader reads it."""
    sign = Column("kind", " ", 1, sortable=False)
    word = Column("kind", N_("Kind"), 14, sortable=False)
    return (
        word if signed("#", "") == "" else sign,
        Column("title", N_("Name"), 22, grow=2, sortable=False),
        Column("where", N_("Where"), 24, grow=3, priority=1, sortable=False),
        Column("status", N_("Status"), 21, sortable=False),
    )


def _row(text: str, hit: Hit) -> Row:
    """Return a line; its key is of this text alone, for with another one begins at the top."""
    sign, word = KIND_SIGNS[hit.kind], KIND_WORDS[hit.kind].text()
    kind = word if signed(sign, "") == "" else sign
    return Row((text, hit.kind, hit.id), (kind, str(hit.title), str(hit.detail), _status(hit)))


def _status(hit: Hit) -> Cell:
    """Return a status as the lists of people show it, or in its own words."""
    if hit.kind in ("person", "form") and (known := STATUS_KINDS.get(hit.status)) is not None:
        return Cell(known.text, known.tone)
    return Cell(str(hit.status_words or ""))


def _told(hit: Hit) -> Iterator[str]:
    """Yield all that is told of a hit, its name first; the list may cut it off."""
    yield str(hit.title)
    yield KIND_WORDS[hit.kind].text()
    yield str(hit.detail)
    yield str(hit.status_words or "")
    yield _("found by: %(what)s") % {"what": hit.matched}
