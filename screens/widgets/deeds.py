"""What a screen does in a thread, and how it tells what goes wrong there."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from functools import partial
from typing import TypeVar

from textual import on
from textual.message import Message
from textual.worker import active_worker

from screens.widgets.errors import tell_error
from screens.widgets.leaving import LeftOnce
from screens.widgets.threads import do_in_any_case

Result = TypeVar("Result")

_READING = "reading"


class DeedScreen(LeftOnce[Result]):
    """A screen that reads and writes in threads: what a deed finds, it posts as a message."""

    @dataclass
    class _Failed(Message):
        error: Exception

    def attempt(
        self,
        deed: Callable[[], None],
        group: str = "deed",
        *,
        exclusive: bool = False,
        reads: bool = False,
    ) -> None:
        """Do it in a thread; what goes wrong comes to `failed`.

        With `exclusive` it takes the place of whatever is still being done in its group. So does
        what only `reads`; and what an earlier reading finds after that is not posted any more.
        Whatever else it is, it is done even where the screen is left before it has begun.
        """
        work = partial(self._attempt, deed)
        if not reads:
            do_in_any_case(self, work, group, exclusive=exclusive)
            return
        self.run_worker(
            work, name=_READING, thread=True, group=group, exclusive=True, exit_on_error=False
        )

    def post_message(self, message: Message) -> bool:
        # A thread goes on when its worker is cancelled, and may end after the one that came later.
        worker = active_worker.get(None)
        if worker is not None and worker.name == _READING and worker.is_cancelled:
            return False
        return super().post_message(message)

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
