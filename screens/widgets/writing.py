"""A text of several lines, typed or pasted: what stands in a form beside fields of one line."""

from dataclasses import replace
from typing import ClassVar

from rich.style import Style
from textual import on
from textual.binding import Binding, BindingType
from textual.document._document import EditResult, Location
from textual.strip import Strip
from textual.widgets import TextArea

from models.text import clean
from screens.widgets.field import Field, TooLong

_LINE = Style(underline=True)
#: Keys that are the console's own.
_OURS = {"f6", "f7"}


def clean_lines(text: str) -> str:
    """Return a text with each of its lines made safe, and no blanks around the whole."""
    lines = text.replace("\r\n", "\n").replace("\r", "\n").split("\n")
    return "\n".join(clean(line).rstrip() for line in lines).strip()


class TextBox(TextArea, inherit_bindings=False):
    """Several lines, wrapped: a limit, no blinking, one colour. Tab leaves it.

    What is typed or pasted is made safe and cut at `max_length` characters, and that is told.
    """

    DEFAULT_CSS = """
    TextBox, TextBox:focus { border: none; padding: 0; height: 6; scrollbar-size: 0 0; }
    TextBox:ansi, TextBox:focus:ansi {
        border: none; background: ansi_default; color: ansi_default;
    }
    TextBox:focus:ansi { color: ansi_cyan; }
    TextBox:ansi > .text-area--cursor, TextBox:ansi .text-area--cursor {
        text-style: reverse; color: ansi_default; background: ansi_default;
    }
    TextBox:ansi .text-area--cursor-line { background: ansi_default; }
    """
    BINDINGS: ClassVar[list[BindingType]] = [
        replace(each, show=False)
        for each in TextArea.BINDINGS
        if isinstance(each, Binding) and each.key not in _OURS
    ]

    def __init__(self, value: str = "", *, max_length: int) -> None:
        super().__init__(clean_lines(value)[:max_length], highlight_cursor_line=False)
        self.max_length = max_length
        self.cursor_blink = False

    def render_line(self, y: int) -> Strip:
        """Draw the lines that are to be filled in even while they are empty."""
        return super().render_line(y).apply_style(_LINE)

    @property
    def value(self) -> str:
        return clean_lines(self.text)

    @value.setter
    def value(self, value: str) -> None:
        if value != self.text:
            self.load_text(clean_lines(value)[: self.max_length])

    def _replace_via_keyboard(
        self, insert: str, start: Location, end: Location
    ) -> EditResult | None:
        lines = insert.replace("\r\n", "\n").replace("\r", "\n").split("\n")
        safe = "\n".join(clean(line) for line in lines)
        room = self.max_length - len(self.text) + len(self.get_text_range(start, end))
        if len(safe) > room:  # once its change has been told of, which takes complaints back
            self.call_later(self.post_message, TooLong(self.max_length))
        return super()._replace_via_keyboard(safe[: max(0, room)], start, end)


class WritingField(Field):
    """A field of several lines; its message stands beside the first of them."""

    DEFAULT_CSS = """
    WritingField { height: 6; }
    WritingField > .entry { height: 6; }
    """

    entry: TextBox  # type: ignore[assignment]

    def __init__(
        self,
        name: str,
        label: str,
        value: str = "",
        *,
        max_length: int,
        required: bool = False,
    ) -> None:
        """`label` is a message id."""
        super().__init__(name, label, max_length=max_length, required=required)
        self.entry = TextBox(value, max_length=max_length)
        self.entry.add_class("entry")

    @property
    def value(self) -> str:
        """The text, each line safe."""
        return self.entry.value

    @value.setter
    def value(self, value: str) -> None:
        self.entry.value = value

    @on(TextArea.Changed)
    def _tell_change(self, event: TextArea.Changed) -> None:
        event.stop()
        self.complain(None)
        self.post_message(self.Edited(self, self.value))
