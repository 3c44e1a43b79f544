"""What a screen does in a thread, and how it tells what goes wrong there."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from functools import partial
from typing import TypeVar

from textual import on
from textual.message import Message

from screens.widgets.errors import tell_error
from screens.widgets.leaving import LeftOnce

Result = TypeVar("Result")


class DeedScreen(LeftOnce[Result]):
    """A screen that reads and writes in threads: what a deed finds, it posts as a message."""

    @dataclass
    class _Failed(Message):
        error: Exception

    def attempt(
        self, deed: Callable[[], None], group: str = "deed", *, exclusive: bool = False
    ) -> None:
        """Do it in a thread; what goes wrong comes to `failed`.

        With `exclusive` it takes the place of whatever is still being done in its group.
        """
        self.run_worker(
            partial(self._attempt, deed),
            thread=True,
            group=group,
            exclusive=exclusive,
            exit_on_error=False,
        )

    def _attempt(self, deed: Callable[[], None]) -> None:
        try:
            deed()
        except Exception as error:
            self.post_message(self._Failed(error))

    @on(_Failed)
    def _tell_failure(self, message: _Failed) -> None:
        message.stop()
        self.failed(message.error)

    def failed(self, error: Exception) -> None:
        """Tell in words what went wrong; a screen that has to clean up adds to it."""
        tell_error(self, error)
