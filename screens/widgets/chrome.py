"""The two lines around every screen: where one is, and which keys work here."""

from collections.abc import Collection, Iterable
from dataclasses import dataclass, replace
from typing import Any

from rich.cells import cell_len
from rich.segment import Segment
from textual.content import Content
from textual.screen import Screen
from textual.strip import Strip
from textual.widget import Widget

from models.language import Wording, _
from screens.commands import Command, allowed, known
from screens.key_names import key_name
from screens.widgets.text import KEY, TITLE, fit, safe, shorten, shown, toned


@dataclass(frozen=True, slots=True)
class Situation:
    """What the title bar says. `place` is a message id or a wording; the rest are data.

    `school` may say in words as what one works there.
    """

    place: str | Wording
    school: str | Wording = ""
    year: str = ""
    who: str = ""
    working: str = ""


class TitleBar(Widget):
    """One line on top: place, school, school year, who; and the work in progress if any.

    What doesn't fit goes in this order: who, year, school. There is no clock, for a clock
    sends bytes while nobody types.
    """

    DEFAULT_CSS = "TitleBar { dock: top; height: 1; width: 100%; }"

    def __init__(
        self,
        place: str | Wording,
        school: str | Wording = "",
        year: str = "",
        who: str = "",
    ) -> None:
        super().__init__()
        self._situation = Situation(place, school, year, who)

    @property
    def situation(self) -> Situation:
        return self._situation

    def show(self, **parts: Any) -> None:
        """Change parts of the situation by name; the line is painted only if it differs."""
        situation = replace(self._situation, **parts)
        if situation != self._situation:
            self._situation = situation
            self.refresh()

    def language_changed(self) -> None:
        self.refresh()

    def render_line(self, y: int) -> Strip:
        now = self._situation
        width = self.size.width
        place = now.place.text() if isinstance(now.place, Wording) else _(now.place)
        left = f" {shown(place)} "
        room = width - cell_len(left)
        parts = [shown(part) for part in (now.working, now.school, now.year, now.who) if part]
        while len(parts) > 1 and cell_len("  ·  ".join(parts)) + 2 > room:
            parts.pop()
        right = fit("  ·  ".join(parts), max(0, room - 1), right=True) + " "
        return Strip([*toned(fit(left, width - cell_len(right)), TITLE), Segment(right)])


class KeyBar(Widget):
    """One line at the bottom: the keys of the footer that work where the focus is.

    It paints itself only when its text changes, so that opening a modal costs nothing here.
    `also` are commands that only this screen shows there.
    """

    DEFAULT_CSS = "KeyBar { dock: bottom; height: 1; width: 100%; }"

    def __init__(self, *also: str) -> None:
        super().__init__()
        self._also = also
        self._commands: tuple[tuple[Command, str], ...] = ()

    def on_mount(self) -> None:
        self.screen.bindings_updated_signal.subscribe(self, self._look)
        self._look(self.screen)

    def _look(self, screen: Screen[Any]) -> None:
        commands = tuple(footer_commands(screen, self._also))
        if commands != self._commands:
            self._commands = commands
            self.refresh()

    def language_changed(self) -> None:
        self.refresh()

    def render_line(self, y: int) -> Strip:
        pieces = [(key_name(key), _(command.label)) for command, key in self._commands]
        helps = [i for i, (command, _key) in enumerate(self._commands) if command.id == "app.help"]
        # The way to all other keys is kept however narrow the screen is.
        kept = pieces.pop(helps[0]) if helps else None
        room = self.size.width - (_size(*kept) if kept else 0)
        segments: list[Segment] = []
        for key, label in pieces:
            room -= _size(key, label)
            if room < 0:
                break
            segments += [Segment(f" {key}", KEY), Segment(f" {label}  ")]
        if kept:
            segments += [Segment(f" {kept[0]}", KEY), Segment(f" {kept[1]}  ")]
        return Strip(segments).adjust_cell_length(self.size.width)


def _size(key: str, label: str) -> int:
    return cell_len(key) + cell_len(label) + 4


def footer_commands(
    screen: Screen[Any], also: Collection[str] = ()
) -> Iterable[tuple[Command, str]]:
    """Yield the commands for the key bar, each with the key that works where the focus is.

    The screen's own come first, those of everywhere last. Those with an id in `also` are yielded
    too, the first of everywhere.
    """
    found: dict[str, Command] = {}
    keys: dict[str, set[str]] = {}
    for key, active in screen.active_bindings.items():
        command = known(active.binding.id)
        if not command or not (command.footer or command.id in also):
            continue
        if active.enabled and is_offered(command, screen):
            found[command.id] = command
            keys.setdefault(command.id, set()).add(key)
    order = {"screen": 0, "dialog": 1, "form": 2, "list": 3, "everywhere": 4}
    for command in sorted(found.values(), key=lambda c: (order[c.group], c.id not in also)):
        working = keys[command.id]
        first = next((key for key in command.keys.split(",") if key in working), None)
        yield command, first or min(working)


def is_offered(command: Command, screen: Screen[Any]) -> bool:
    """Tell whether the role of whoever is signed in is offered a command."""
    return allowed(command.needs, getattr(screen.app, "role", ""))


class Sentence(Widget):
    """A sentence of ours that follows the language: a message id or a wording, in one tone.

    Its values may come from outside: they are shown by the safe helper.
    """

    DEFAULT_CSS = "Sentence { height: auto; width: 100%; padding: 0 3; }"

    def __init__(
        self, sentence: str | Wording, *, id: str | None = None, classes: str | None = None
    ) -> None:
        super().__init__(id=id, classes=classes)
        self._sentence = sentence

    @property
    def text(self) -> str:
        """What is said, in the current language."""
        said = self._sentence
        return said.text() if isinstance(said, Wording) else _(said) if said else ""

    def show(self, sentence: str | Wording) -> None:
        if sentence != self._sentence:
            self._sentence = sentence
            self._say_anew()

    def language_changed(self) -> None:
        self._say_anew()

    def _say_anew(self) -> None:
        # Laying out the screen anew takes longer than painting these lines.
        self.refresh(layout=self.styles.auto_dimensions)
        if self.is_attached and not self.is_mounted:
            # It may be measured already, and `refresh` forgets no measures before it is mounted.
            self.call_later(self.refresh, layout=True)

    def render(self) -> Any:
        return safe(self.text)


class LineDetail(Sentence):
    """What a list says of its current line, on so many lines; what is cut off says that it is.

    The rest is told by the command that shows the whole line (`screens.whole_line`).
    """

    def __init__(self, *, id: str) -> None:
        super().__init__("", id=id, classes="line-detail")

    def render(self) -> Any:
        said = safe(self.text)
        width, lines = self.content_size
        wrapped = said.wrap(width) if width and lines else []
        if len(wrapped) <= lines:
            return said
        last = Content(shorten(wrapped[lines - 1].plain.rstrip(" ·"), width))
        return Content("\n").join([*(line.rstrip() for line in wrapped[: lines - 1]), last])
