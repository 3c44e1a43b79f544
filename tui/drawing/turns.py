"""Keys one after the other, each once the one before it has had its effect.

A slow line brings keys together. Textual gives each at once to whatever has the focus then, so
that of `/dupont` the letters would be commands to the list which the slash was to leave, and
of `g a` the second would select the whole list.
"""

import asyncio
from collections import deque
from collections.abc import Callable, Iterable
from functools import partial
from typing import Any

from textual import events
from textual.app import App
from textual.message import Message
from textual.message_pump import MessagePump

#: How long the next key waits at most, in seconds: an effect may take longer, and a widget
#: that is taken away never says that it is done.
_PATIENCE = 0.5
#: A message passes from the focus up to the App, and what it makes a widget post once more.
_ROUNDS = 2


class Turns:
    """Hands messages on by `hand`, the next one when everybody has seen the key before it."""

    def __init__(self, app: App[Any], hand: Callable[[Message], None]) -> None:
        self._app, self._hand = app, hand
        self._waiting: deque[Message] = deque()
        self._patience: asyncio.TimerHandle | None = None
        self._turn = 0

    def add(self, messages: Iterable[Message]) -> None:
        """Hand these on, in their order, behind those that wait."""
        self._waiting.extend(messages)
        if self._patience is None:
            self._next()

    def clear(self) -> None:
        """Forget those that wait."""
        self._waiting.clear()

    def _next(self) -> None:
        while self._waiting:
            message = self._waiting.popleft()
            self._hand(message)
            if isinstance(message, events.Key):
                self._wait()
                return

    def _wait(self) -> None:
        self._turn += 1
        done = partial(self._done, self._turn)
        self._patience = asyncio.get_running_loop().call_later(_PATIENCE, done)
        self._pass(deque([self._app]), _ROUNDS, done)

    def _done(self, turn: int) -> None:
        if turn == self._turn and self._patience is not None:
            self._patience.cancel()
            self._patience = None
            self._next()

    def _pass(self, way: deque[MessagePump], rounds: int, done: Callable[[], None]) -> None:
        """Go from queue to queue behind the key: each has handled it when this comes out."""
        while way:
            if way.popleft().call_later(self._pass, way, rounds, done):
                return
        if rounds and self._app.screen_stack:
            focus = self._app.focused or self._app.screen
            self._pass(deque([*focus.ancestors_with_self]), rounds - 1, done)
        else:
            done()
