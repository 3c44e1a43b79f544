"""Keys one after the other, each once the one before it has had its effect.

A slow line brings keys together, and so does whoever types ahead. Textual gives each at once
to whatever has the focus then, so that of `/dupont` the letters would be commands to the list
which the slash was to leave, and of `ga/dupont` most would be lost while the list opens.
"""

import asyncio
from collections import deque
from collections.abc import Callable, Iterable
from typing import Any

from textual import events
from textual.app import App
from textual.message import Message
from textual.message_pump import MessagePump
from textual.widgets import Input, TextArea
from textual.worker import Worker

from screens.widgets.threads import DRAFT

#: A message passes from the focus up to the App, and what it makes a widget post once more.
_ROUNDS = 2
#: So many rounds at most: a screen that opens takes five.
_MOST_ROUNDS = 30
#: How often it is looked whether a widget was taken away, which never says that it is done,
#: in seconds; and after how many looks at the same widget the next key goes on all the same.
#: Looks are counted, for a program that imports a screen for a second has no time to answer.
_LOOK, _PATIENCE = 0.05, 100
#: How often it is looked whether a screen has read what it shows, in seconds, and how many
#: times at most: for keys that came together, and for one that came while it was reading.
_WORK_LOOK, _WORK_PATIENCE, _LATER_PATIENCE = 0.01, 100, 30


class Turns:
    """Hands messages on by `hand`, the next one when everybody has seen the key before it.

    Everybody are the widgets from the focus up to the App, until neither screen nor focus
    changes any more. What the key made a screen read or write in a thread is waited for, too,
    but not between two letters of a text, nor for long.
    """

    def __init__(self, app: App[Any], hand: Callable[[Message], None]) -> None:
        self._app, self._hand = app, hand
        self._waiting: deque[Message] = deque()
        self._in_turn: events.Key | None = None  # or the last one that was
        self._idle = True
        self._workers: frozenset[Worker[Any]] = frozenset()
        self._stage = 0  # what is said to an earlier one comes too late
        self._at: MessagePump = app
        self._way: deque[MessagePump] = deque()
        self._timer: asyncio.TimerHandle | None = None
        self._looks = self._work_looks = self._rounds = 0
        self._before: tuple[object, object] | None = None

    def add(self, messages: Iterable[Message]) -> None:
        """Hand these on, in their order, behind those that wait."""
        self._waiting.extend(messages)
        if not self._idle or not self._waiting:
            return
        if self._in_turn is not None and self._works():
            self._idle, self._rounds = False, _ROUNDS
            self._work_looks = _WORK_PATIENCE - _LATER_PATIENCE
            self._go_round()
        else:
            self._next()

    def clear(self) -> None:
        """Forget those that wait."""
        self._waiting.clear()

    def _next(self) -> None:
        self._idle = True
        while self._waiting:
            if self._must_wait(self._waiting[0]):
                self._idle = False
                self._later(_LOOK, self._next)
                return
            message = self._waiting.popleft()
            if isinstance(message, events.Key):
                self._in_turn, self._idle = message, False
                self._workers = frozenset(self._app.workers)
                self._hand(message)
                self._rounds = self._work_looks = 0
                self._before = None
                self._go(deque([self._app]))
                return
            self._hand(message)

    def _must_wait(self, message: Message) -> bool:
        """Tell whether a key is for a screen that is not there yet.

        It is being mounted, or comes after one which `awaits_another`.
        """
        if not isinstance(message, events.Key) or not self._app.screen_stack:
            return False
        screen = self._app.screen
        if not screen.is_mounted:
            return True
        own = screen._bindings.key_to_bindings
        return getattr(screen, "awaits_another", False) and message.key not in own

    # From queue to queue behind the key: each has handled it when this comes out

    def _go(self, way: deque[MessagePump]) -> None:
        self._stage += 1
        self._way, self._looks = way, 0
        if self._timer is not None:
            self._timer.cancel()
        self._timer = asyncio.get_running_loop().call_later(_LOOK, self._look, self._stage)
        self._pass(self._stage)

    def _pass(self, stage: int) -> None:
        if stage != self._stage:
            return
        self._looks = 0
        while self._way:
            self._at = self._way.popleft()
            if self._at.call_later(self._pass, stage):
                return
        self._come_round()

    def _look(self, stage: int) -> None:
        if stage != self._stage:
            return
        self._looks += 1
        if self._at._closed:
            self._go(self._way)
        elif self._looks > _PATIENCE:
            self._done()
        else:
            self._timer = asyncio.get_running_loop().call_later(_LOOK, self._look, stage)

    def _come_round(self) -> None:
        if not self._app.screen_stack:
            self._done()
            return
        now = (self._app.screen, self._app.focused)
        settled = now == self._before and self._rounds >= _ROUNDS
        self._before, self._rounds = now, self._rounds + 1
        if not settled and self._rounds <= _MOST_ROUNDS:
            self._go_round()
        elif self._waiting and self._works() and self._work_looks < _WORK_PATIENCE:
            self._work_looks += 1
            self._rounds = _ROUNDS - 1
            self._later(_WORK_LOOK, self._go_round)
        else:
            self._done()

    def _go_round(self) -> None:
        focus = self._app.focused or self._app.screen
        self._go(deque([*focus.ancestors_with_self]))

    def _later(self, seconds: float, then: Callable[[], None]) -> None:
        self._stage += 1
        if self._timer is not None:
            self._timer.cancel()
        self._timer = asyncio.get_running_loop().call_later(seconds, then)

    def _works(self) -> bool:
        """Tell whether a screen reads or writes because of the key in turn.

        The App's own workers are for long work, which goes on behind whatever one does; but
        for a draft, which may be read again at once.
        """
        if isinstance(self._app.focused, Input | TextArea) and self._is_text():
            return False
        return any(
            worker not in self._workers
            and not worker.is_finished
            and (worker.node is not self._app or worker.group == DRAFT)
            for worker in self._app.workers
        )

    def _is_text(self) -> bool:
        """Tell whether the key in turn and the one that waits are letters, or the like."""
        keys = (self._in_turn, self._waiting[0])
        return all(isinstance(key, events.Key) and key.is_printable for key in keys)

    def _done(self) -> None:
        self._stage += 1
        if self._timer is not None:
            self._timer.cancel()
            self._timer = None
        self._next()
