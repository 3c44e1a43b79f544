"""Form fields: label, entry and message side by side on one line; drafts kept as typed."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from functools import partial
from threading import Lock
from typing import Protocol

from rich.cells import cell_len
from rich.segment import Segment
from textual import events, on
from textual.app import ComposeResult
from textual.containers import Horizontal, Vertical
from textual.message import Message
from textual.strip import Strip
from textual.widget import Widget
from textual.widgets import Input

from models.language import N_, Wording, _, say
from models.text import clean, squeeze
from screens.commands import bindings
from screens.widgets.chrome import Sentence
from screens.widgets.text import CURSOR, fit, is_accessible
from screens.widgets.threads import DRAFT, do_in_any_case

#: Returns what is wrong with a value, in words, or None.
Check = Callable[[str], Wording | None]


class DraftKeeper(Protocol):
    """Where forms keep what was typed. Each is called in a thread and may use the database."""

    def load(self, form: str) -> Mapping[str, str]: ...

    def save(self, form: str, values: Mapping[str, str]) -> None: ...

    def forget(self, form: str) -> None: ...


@dataclass
class TooLong(Message):
    """What was typed or pasted into an entry is longer than it holds: `most` characters."""

    most: int

    @property
    def complaint(self) -> Wording:
        return say("Too long: %(most)s at most", most=self.most)


class TextInput(Input):
    """One line of text: a limit, no blinking, no selection on focus, one colour.

    What is longer than the limit is not taken at all, for half an address may be somebody else's.
    """

    DEFAULT_CSS = """
    TextInput, TextInput:focus { border: none; height: 1; padding: 0; }
    TextInput:ansi, TextInput:focus:ansi {
        border: none; background: ansi_default; color: ansi_default; text-style: underline;
    }
    TextInput:focus:ansi { color: ansi_cyan; }
    TextInput:ansi > .input--placeholder { text-style: dim; color: ansi_default; }
    TextInput:ansi > .input--cursor {
        text-style: reverse; color: ansi_default; background: ansi_default;
    }
    """

    def __init__(
        self,
        value: str = "",
        *,
        max_length: int,
        password: bool = False,
        id: str | None = None,
    ) -> None:
        super().__init__(
            clean(value, max_length),
            max_length=max_length,
            password=password,
            select_on_focus=False,
            id=id,
        )
        self.cursor_blink = False

    def replace(self, text: str, start: int, end: int) -> None:
        longest = self.max_length
        if longest and text and len(self.value) - abs(end - start) + len(text) > longest:
            self.post_message(TooLong(longest))
        super().replace(text, start, end)

    def render_line(self, y: int) -> Strip:
        """Draw an entry as long as it is even while it is empty, or nobody sees where it is."""
        return super().render_line(y).extend_cell_length(self.size.width, self.rich_style)


class Choice(Widget, can_focus=True):
    """One of a few values, changed with the arrows or Space: `‹ Français ›`."""

    DEFAULT_CSS = "Choice { height: 1; }"
    BINDINGS = [*bindings("form.older", "form.newer")]

    @dataclass
    class Changed(Message):
        choice: "Choice"
        value: str

    def __init__(self, options: Sequence[tuple[str, str | Wording]], value: str) -> None:
        super().__init__()
        self._options = tuple(options)
        self._index = next((i for i, (key, _) in enumerate(options) if key == value), 0)

    @property
    def value(self) -> str:
        return self._options[self._index][0]

    @value.setter
    def value(self, value: str) -> None:
        for index, (key, _label) in enumerate(self._options):
            if key == value and index != self._index:
                self._index = index
                self.refresh()
                self.post_message(self.Changed(self, value))

    def action_older(self) -> None:
        self.value = self._options[(self._index - 1) % len(self._options)][0]

    def action_newer(self) -> None:
        self.value = self._options[(self._index + 1) % len(self._options)][0]

    def language_changed(self) -> None:
        self.refresh()

    def on_focus(self, event: events.Focus) -> None:
        self.refresh()

    def on_blur(self, event: events.Blur) -> None:
        self.refresh()

    def render_line(self, y: int) -> Strip:
        label = self._options[self._index][1]
        text = label.text() if isinstance(label, Wording) else _(label)
        style = CURSOR if self.has_focus else None
        before, after = self._around()
        if is_accessible(self) and cell_len(before + text + after) > self.size.width:
            before, after = "", ""  # the value comes first
        room = self.size.width - len(before) - len(after)
        shown = fit(text, min(room, len(text) + 1)).rstrip()
        return Strip([Segment(f"{before}{shown}{after}", style)]).adjust_cell_length(
            self.size.width
        )

    def _around(self) -> tuple[str, str]:
        """What tells that there are other values: signs, or for a screen reader figures."""
        if not is_accessible(self):
            return "‹ ", " ›"
        places = {"place": self._index + 1, "count": len(self._options)}
        return "", " " + _("(%(place)d of %(count)d)") % places


class Field(Horizontal):
    """Label, entry, message on one line. The message says what is wrong, beside the field.

    `check` is asked when the field is left and by `Form.problems`; `required` comes first.
    """

    DEFAULT_CSS = """
    Field { height: 1; }
    Field > .label { width: 22; height: 1; padding: 0; }
    Field > .entry { width: 1fr; height: 1; }
    Field > .message { width: 26; height: 1; padding: 0 0 0 2; color: ansi_red; }
    .-narrow Field > .message { width: auto; max-width: 16; }
    """

    @dataclass
    class Edited(Message):
        field: "Field"
        value: str

        @property
        def control(self) -> "Field":
            return self.field

    def __init__(
        self,
        name: str,
        label: str | Wording,
        value: str = "",
        *,
        max_length: int = 200,
        required: bool = False,
        password: bool = False,
        options: Sequence[tuple[str, str | Wording]] = (),
        check: Check | None = None,
    ) -> None:
        """`label` is a message id or a wording. With `options` (value, label) it is a choice."""
        super().__init__(id=f"field-{name}")
        self.key, self._required, self._check = name, required, check
        self._secret = password
        self._told = value
        self._label = Sentence(label, classes="label")
        self._message = Sentence("", classes="message")
        self.entry: TextInput | Choice = (
            Choice(options, value)
            if options
            else TextInput(value, max_length=max_length, password=password)
        )
        self.entry.add_class("entry")

    def compose(self) -> ComposeResult:
        yield self._label
        yield self.entry
        yield self._message

    @property
    def value(self) -> str:
        """The value, safe, without blanks around it; a password exactly as typed."""
        return self.entry.value if self._secret else squeeze(clean(self.entry.value))

    @value.setter
    def value(self, value: str) -> None:
        self.entry.value = clean(value)

    @property
    def secret(self) -> bool:
        return self._secret

    def complain(self, message: Wording | None) -> None:
        """Show a message beside the field, or take it away."""
        self._message.show(message or "")

    def problem(self) -> Wording | None:
        """Return what is wrong with the value now, and show it."""
        wrong: Wording | None = None
        if self._required and not self.value:
            wrong = Wording(N_("Needed"))
        elif self._check and self.value:
            wrong = self._check(self.value)
        self.complain(wrong)
        return wrong

    @on(Input.Changed)
    @on(Choice.Changed)
    def _tell(self, event: Message) -> None:
        """Tell of a new value: what an entry begins with is none, and takes no draft's place."""
        event.stop()
        self.complain(None)
        if (value := self.value) != self._told:
            self._told = value
            self.post_message(self.Edited(self, value))

    @on(TooLong)
    def _tell_limit(self, event: TooLong) -> None:
        event.stop()
        self.tell_limit(event.complaint)

    def tell_limit(self, complaint: Wording) -> None:
        """Say that what was typed or pasted is too long to be taken."""
        self.complain(complaint)

    @on(Input.Blurred)
    def _left(self, event: Input.Blurred) -> None:
        event.stop()
        if self.value:
            self.problem()


class Form(Vertical):
    """Fields in a column, kept as a draft while they are typed.

    The form's `name` is the draft's. Passwords are never kept. `submitted()` forgets the
    draft; leaving the screen doesn't.
    """

    DEFAULT_CSS = "Form { height: auto; margin-top: 1; padding: 0 3; }"
    BINDINGS = [*bindings("form.next", "form.previous", "form.save")]

    @dataclass
    class Saved(Message):
        """F8 was pressed and nothing is wrong; `values` by field name."""

        form: "Form"
        values: Mapping[str, str]

    @dataclass
    class _Restored(Message):
        values: Mapping[str, str]

    def __init__(self, name: str, *fields: Field, drafts: DraftKeeper | None = None) -> None:
        super().__init__(id=f"form-{name}")
        self.key, self._fields, self._drafts = name, fields, drafts
        self._lock = Lock()
        self._waiting: Callable[[], None] | None = None
        self._writing = False
        self._typed: set[str] = set()  # what an older draft must not overwrite

    def compose(self) -> ComposeResult:
        yield from self._fields

    def on_mount(self) -> None:
        if self._drafts:
            self.run_worker(self._load_draft, thread=True, group=DRAFT, exit_on_error=False)

    def __getitem__(self, name: str) -> Field:
        return next(field for field in self._fields if field.key == name)

    @property
    def values(self) -> dict[str, str]:
        return {field.key: field.value for field in self._fields}

    def problems(self) -> list[Field]:
        """Show every message and return the fields that have one, the first getting the focus."""
        wrong = [field for field in self._fields if field.problem()]
        if wrong:
            wrong[0].entry.focus()
        return wrong

    def submitted(self) -> None:
        """Say that the values have been taken over: the draft is no longer needed."""
        if self._drafts:
            self._write(partial(self._drafts.forget, self.key))

    def action_save(self) -> None:
        if not self.problems():
            self.post_message(self.Saved(self, self.values))

    def keep(self) -> None:
        """Keep the draft as it is now."""
        if self._drafts:
            kept = {field.key: field.value for field in self._fields if not field.secret}
            self._write(partial(self._drafts.save, self.key, kept))

    @on(Field.Edited)
    def _keep(self, event: Field.Edited) -> None:
        self._typed.add(event.field.key)
        if not event.field.secret:
            self.keep()

    def _load_draft(self) -> None:
        assert self._drafts is not None
        self.post_message(self._Restored(self._drafts.load(self.key)))

    @on(_Restored)
    def _restore(self, message: _Restored) -> None:
        message.stop()
        with self.prevent(Field.Edited):
            for field in self._fields:
                if not field.secret and field.key in message.values.keys() - self._typed:
                    field.value = message.values[field.key]

    def _write(self, work: Callable[[], None]) -> None:
        """Write in a thread, one at a time; of what waits only the latest is written."""
        with self._lock:
            self._waiting = work
            if self._writing:
                return
            self._writing = True
        do_in_any_case(self.app, self._write_latest, DRAFT)

    def _write_latest(self) -> None:
        while work := self._take():
            try:
                work()
            except Exception:
                with self._lock:
                    self._writing = False
                raise

    def _take(self) -> Callable[[], None] | None:
        with self._lock:
            work, self._waiting = self._waiting, None
            self._writing = work is not None
            return work
