"""Pasting a list: a box that takes lines from a paste, or as they are typed, and keeps them."""

from __future__ import annotations

from dataclasses import dataclass
from threading import Lock

from rich.segment import Segment
from textual import events, on
from textual.app import ComposeResult
from textual.containers import Vertical
from textual.message import Message
from textual.strip import Strip
from textual.widget import Widget
from textual.widgets import Static

from models.language import Wording, _, say, say_n
from screens.commands import bindings
from screens.widgets.deeds import DeedScreen
from screens.widgets.dialog import Dialog
from screens.widgets.text import CURSOR, fit, safe
from screens.workplace import Workplace
from services import drafts

#: More than this is no list of participants.
LONGEST_PASTE = 200_000


def draft_name(workshop_id: int) -> str:
    """Return the name of the draft of what was pasted and has become no plan yet."""
    return f"participants-paste-{workshop_id}"


class PasteBox(Widget, can_focus=True):
    """Lines, the last ones shown. Enter begins a line, Tab a cell, Backspace takes back."""

    DEFAULT_CSS = "PasteBox { height: 8; border: none; }"

    @dataclass
    class Changed(Message):
        text: str

    def __init__(self) -> None:
        super().__init__()
        self._text = ""
        self.is_cut = False

    @property
    def text(self) -> str:
        return self._text

    @text.setter
    def text(self, text: str) -> None:
        self.is_cut = len(text) > LONGEST_PASTE
        if self.is_cut:  # after a whole line: half an address may be somebody else's
            text = text[: text.rfind("\n", 0, LONGEST_PASTE) + 1] or text[:LONGEST_PASTE]
        self._text = text
        self.refresh()

    def _change(self, text: str) -> None:
        self.text = text
        self.post_message(self.Changed(self._text))

    def on_paste(self, event: events.Paste) -> None:
        event.stop()
        text = event.text.replace("\r\n", "\n").replace("\r", "\n")
        self._change(self._text + text)

    def on_key(self, event: events.Key) -> None:
        typed = {"enter": "\n", "tab": "\t"}.get(event.key, "")
        if not typed and event.character and event.is_printable:
            typed = event.character
        if typed:
            self._change(self._text + typed)
        elif event.key == "backspace":
            self._change(self._text[:-1])
        else:
            return
        event.stop()
        event.prevent_default()

    def render_line(self, y: int) -> Strip:
        width, height = self.size.width, self.size.height
        lines = self._text.split("\n")[-height:]
        if y >= len(lines):
            return Strip.blank(width)
        shown = fit(lines[y].replace("\t", " | "), width).rstrip()
        if y < len(lines) - 1 or not self.has_focus:
            return Strip([Segment(shown)]).adjust_cell_length(width)
        shown = shown[: max(0, width - 1)]
        return Strip([Segment(shown), Segment(" ", CURSOR)]).adjust_cell_length(width)


class PasteScreen(Dialog[str], DeedScreen[str]):
    """Take a list from the clipboard; the result is its text, None where it was closed."""

    DEFAULT_CSS = """
    PasteScreen > .dialog-box { width: 76; }
    PasteScreen #rows { height: auto; margin-top: 1; text-style: bold; }
    """
    BINDINGS = [*bindings("paste.plan", "paste.clear", "dialog.close")]

    @dataclass
    class _Restored(Message):
        text: str

    def __init__(self, workplace: Workplace, workshop_id: int) -> None:
        super().__init__()
        self._drafts = drafts.DraftsOf(workplace.desk)
        self._draft = draft_name(workshop_id)
        self._lines = PasteBox()
        self._saving = Lock()

    def compose(self) -> ComposeResult:
        with Vertical(classes="dialog-box") as box:
            box.border_title = safe(_("Paste a list"))
            yield Static(safe(_(
                "Copy the cells in the spreadsheet and paste them here: surname, first name, "
                "e-mail; title and FASE number if you like; with or without headings."
            )))  # fmt: skip
            yield Static("", id="rows")
            yield self._lines
            yield Static(safe(_("F8 shows the plan   Ctrl+U clears   Esc closes")), classes="keys")

    def on_mount(self) -> None:
        self._lines.focus()
        self._count()
        self.attempt(self._restore)

    def _restore(self) -> None:
        self.post_message(self._Restored(self._drafts.load(self._draft).get("text", "")))

    @on(_Restored)
    def _show_restored(self, message: _Restored) -> None:
        message.stop()
        if message.text:
            self._lines.text = message.text + self._lines.text
            self._count()

    @on(PasteBox.Changed)
    def _keep(self, message: PasteBox.Changed) -> None:
        message.stop()
        self._count()
        self.attempt(self._save)

    def _save(self) -> None:
        """Keep the text as it is when its turn comes: whoever writes last writes the latest."""
        with self._saving:
            if self._lines.text:
                self._drafts.save(self._draft, {"text": self._lines.text})
            else:
                self._drafts.forget(self._draft)

    def _count(self) -> None:
        self.query_one("#rows", Static).update(safe(_counted(self._lines).text()))

    def action_clear(self) -> None:
        self._lines.text = ""
        self._count()
        self.attempt(self._save)

    def action_plan(self) -> None:
        text = self._lines.text
        if text.strip():
            self.dismiss(text)

    def action_close(self) -> None:
        self.dismiss(None)


def _counted(box: PasteBox) -> Wording:
    lines = [line for line in box.text.split("\n") if line.strip()]
    told = say_n("%(count)s line", "%(count)s lines", len(lines))
    if box.is_cut:
        return say("%(lines)s: the rest is too long and is left out. F3 takes files.", lines=told)
    return told
