"""A screen that is left once, however many keys came before it had gone."""

from typing import TypeVar

from textual.await_complete import AwaitComplete
from textual.screen import Screen

Result = TypeVar("Result")


class LeftOnce(Screen[Result]):
    """A screen that takes away nothing but itself.

    Keys that come in one packet, as on a slow line, all wait for the screen that was there
    then. The second Escape among them would close the screen below, or end the program with
    the last one: Textual takes the top screen away, whoever asks.
    """

    def dismiss(self, result: Result | None = None) -> AwaitComplete:
        """Leave with a result; nothing happens where this is not the screen in front."""
        in_front = self.app.screen is self  # `is_current` holds below a dialog, too
        return super().dismiss(result) if in_front else AwaitComplete.nothing()
