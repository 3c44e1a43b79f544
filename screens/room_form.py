"""The forms of the reading room: each message stands below its field, as the service says it."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from functools import partial
from typing import Any

from textual import on
from textual.app import ComposeResult
from textual.containers import Horizontal, VerticalScroll
from textual.message import Message
from textual.widgets import Input

from models.language import Wording, say
from screens.commands import bindings
from screens.widgets.chrome import KeyBar, Sentence, TitleBar
from screens.widgets.deeds import DeedScreen
from screens.widgets.field import Field, Form
from screens.widgets.writing import WritingField
from screens.workplace import Workplace
from screens.workshop_dialogs import tell
from services import drafts
from services.importing import complete_path
from services.reading_room_rules import RoomRefused
from services.workshop_form import day_from

_NAMES_SHOWN = 12


class RoomField(Field):
    """A field with its message below it, where a whole sentence has room."""

    DEFAULT_CSS = """
    RoomField { height: auto; layout: vertical; }
    RoomField > .line { height: auto; width: 1fr; }
    RoomField .label { width: 22; height: 1; padding: 0; }
    RoomField .entry { width: 1fr; }
    RoomField > .message {
        width: 1fr; max-width: 100%; height: auto; padding: 0 0 0 2; color: ansi_red;
        display: none;
    }
    RoomField > .message.-said { display: block; }
    """

    def compose(self) -> ComposeResult:
        with Horizontal(classes="line"):
            yield self._label
            yield self.entry
        yield self._message

    def complain(self, message: Wording | None) -> None:
        self._message.set_class(message is not None, "-said")
        said = say("%(first)s %(second)s", first="!", second=message) if message else None
        super().complain(said)


class RoomWriting(RoomField, WritingField):
    """The same with several lines."""


class RoomFormScreen(DeedScreen[Any]):
    """A form of the reading room; the result is what saving it gave, None where it was left.

    `draft` is the name that what is typed is kept under.
    """

    DEFAULT_CSS = """
    RoomFormScreen > VerticalScroll { height: 1fr; scrollbar-size: 0 0; }
    RoomFormScreen #hint { margin-top: 1; }
    RoomFormScreen.-narrow Form { padding: 0 1; }
    RoomFormScreen.-narrow RoomField .label { width: 20; }
    """
    HORIZONTAL_BREAKPOINTS = [(0, "-narrow"), (72, "-wide")]

    @dataclass
    class _Saved(Message):
        result: Any
        told: Wording

    def __init__(
        self,
        workplace: Workplace,
        title: str,
        draft: str,
        fields: Sequence[Field],
        hint: str | Wording = "",
    ) -> None:
        """`title` and `hint` are message ids or wordings."""
        super().__init__()
        self.workplace, self.desk = workplace, workplace.desk
        self._title = title
        self.fields = list(fields)
        self.form = Form(draft, *self.fields, drafts=drafts.DraftsOf(self.desk))
        self.hint = Sentence(hint, id="hint")

    def compose(self) -> ComposeResult:
        yield TitleBar(self._title, *self.workplace.title)
        with VerticalScroll(can_focus=False):
            yield self.form
            yield self.hint
        yield KeyBar()

    def on_mount(self) -> None:
        self.fields[0].entry.focus()

    def save(self, values: dict[str, str]) -> tuple[Any, Wording]:
        """Do what the form is for, in a thread; return the result and what is told of it."""
        raise NotImplementedError

    def field_of(self, meant: str) -> tuple[str, ...]:
        """Return which field shows what the service says of an entry, the first that is there."""
        return (meant,)

    @on(Form.Saved)
    def _save(self, event: Form.Saved) -> None:
        event.stop()
        self.attempt(partial(self._write, dict(event.values)))

    def _write(self, values: dict[str, str]) -> None:
        self.post_message(self._Saved(*self.save(values)))

    @on(_Saved)
    def _leave(self, message: _Saved) -> None:
        message.stop()
        self.form.submitted()
        tell(self, message.told)
        self.dismiss(message.result)

    def failed(self, error: Exception) -> None:
        """Say below its field what the service has refused; else tell it."""
        meant = getattr(error, "field", "") if isinstance(error, RoomRefused) else ""
        found = [field for field in self.fields if field.key in self.field_of(meant)]
        if isinstance(error, RoomRefused) and found:
            field = found[0]
            field.complain(error.wording)
            field.entry.focus()
            return
        super().failed(error)


class PathFormScreen(RoomFormScreen):
    """A form with the name of a file, which F3 completes."""

    BINDINGS = [*bindings("import.complete")]

    @dataclass
    class _Completed(Message):
        path: str
        names: tuple[str, ...]
        more: int

    def check_action(self, action: str, parameters: tuple[object, ...]) -> bool | None:
        return action != "complete" or any(field.key == "file" for field in self.fields)

    def action_complete(self) -> None:
        text = self.form["file"].value
        self.attempt(partial(self._complete, text), "complete", reads=True)

    def _complete(self, text: str) -> None:
        found = complete_path(text)
        self.post_message(self._Completed(found.path, found.names, found.more))

    @on(_Completed)
    def _show_completion(self, message: _Completed) -> None:
        message.stop()
        field = self.form["file"]
        if message.path and message.path != field.entry.value:
            field.entry.value = message.path
        field.entry.focus()
        if isinstance(field.entry, Input):
            field.entry.cursor_position = len(field.entry.value)
        names = message.names[:_NAMES_SHOWN]
        more = message.more + len(message.names) - len(names)
        if not names:
            self.hint.show(say("Nothing here begins so."))
        elif len(message.names) == 1:
            self.hint.show("")
        elif more:
            listed = "   ".join(names)
            self.hint.show(say("%(names)s   and %(count)s more", names=listed, count=more))
        else:
            self.hint.show(say("%(names)s", names="   ".join(names)))


def day_fault(text: str) -> Wording | None:
    """Return what is wrong with a day as somebody types it."""
    return None if day_from(text) else say("Give a date, as in 15/03/2027.")
