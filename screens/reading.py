"""A page of facts that is read in a thread and shown below a line that says it shortest."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any, ClassVar, Generic, Self, TypeVar

from textual import on
from textual.app import ComposeResult
from textual.message import Message

from models.language import Wording
from screens.commands import bindings
from screens.widgets.chrome import KeyBar, Sentence, TitleBar
from screens.widgets.deeds import DeedScreen
from screens.widgets.reader import Paragraph, Reader
from screens.workplace import Workplace

Page = TypeVar("Page")


class ReadingScreen(DeedScreen[None], Generic[Page]):
    """What a page has to say; it is read anew whenever somebody comes back to it.

    A screen says what it is called (`place`), how its page is read, and what it tells.
    """

    DEFAULT_CSS = "ReadingScreen > #headline { height: 1; text-style: bold; }"
    BINDINGS = [*bindings("app.refresh")]
    place: ClassVar[str]

    @dataclass
    class _Read(Message):
        page: Any

    def __init__(self, workplace: Workplace) -> None:
        super().__init__()
        self.workplace = workplace
        self._page: Page | None = None
        self._begin = ""
        self._once = False
        #: What it was opened for comes: keys that are not its own are for that.
        self.awaits_another = False
        self._headline = Sentence("", id="headline")
        self._reader = Reader()

    def begin_with(self, action: str) -> Self:
        """Do an action as soon as the page is read, where it can be done; then the page goes.

        Keys that end or cancel are not offered: one came for something else.
        """
        self._begin, self._once, self.awaits_another = action, True, True
        return self

    def look_or_leave(self) -> None:
        """After something was done: leave where one came to do that, else show it as it is now."""
        if self._once:
            self.dismiss(None)
        else:
            self._look()

    def read(self) -> Page:
        """Return the page; called in a thread."""
        raise NotImplementedError

    def headline(self, page: Page) -> Wording | str:
        """Return what says the page shortest: nothing, unless a screen has such a line."""
        return ""

    def paragraphs(self, page: Page) -> Iterator[Paragraph]:
        raise NotImplementedError

    def compose(self) -> ComposeResult:
        yield TitleBar(self.place, *self.workplace.title)
        yield self._headline
        yield self._reader
        yield KeyBar()

    def on_mount(self) -> None:
        self._reader.focus()

    def on_screen_resume(self) -> None:
        self._look()

    def on_screen_suspend(self) -> None:
        self.awaits_another = False

    def action_refresh(self) -> None:
        self._look()

    def language_changed(self) -> None:
        self._show()

    def _look(self) -> None:
        self.attempt(self._read, group="read", reads=True)

    def _read(self) -> None:
        self.post_message(self._Read(self.read()))

    @on(_Read)
    def _take(self, message: _Read) -> None:
        message.stop()
        self._page = message.page
        self._show()
        begin, self._begin = self._begin, ""
        if begin and self.check_action(begin, ()):
            getattr(self, f"action_{begin}")()
        elif begin:
            self.awaits_another = False

    def failed(self, error: Exception) -> None:
        self.awaits_another = False
        self._headline.show(getattr(error, "wording", ""))
        super().failed(error)

    def _show(self) -> None:
        if self._page is not None:
            self._headline.show(self.headline(self._page))
            self._reader.show(list(self.paragraphs(self._page)))
