"""Somebody who presses keys at random, on a terminal that is looked at after each of them."""

import asyncio
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from random import Random
from typing import Any

from textual.pilot import Pilot
from textual.widgets import Input, TextArea

from tests.both_drivers import PATIENCE, Pair, bytes_of
from tui.app import TrousseauApp

_MOVES = ("up", "down", "left", "right", "pageup", "pagedown", "home", "end", "tab", "shift+tab")
_DEEDS = (
    "enter", "enter", "space", "escape", "escape", "f1", "f2", "f3", "f4", "f5", "f6", "f7", "f8",
    "f9", "backspace", "delete", "ctrl+l", "ctrl+u", "slash", "question_mark", "ctrl+k", "ctrl+e",
    "ctrl+r",
)  # fmt: skip
_LETTERS = "abcdefghijklmnopqrstuvwxyzSABy0123456789.,-+* éèßœ’日本語コ🙂ǩх̌"
#: Where `g` leads; a place that a role does not have leads nowhere.
_PLACES = "dacfipmsyowvnbrhkt"
_PASTES = (
    "Vandenbroeck",
    "élève 日本語 かな",
    "a\u0323\u0308o\u0329n\u0303 \u0b95\u0bbf ก็",
    "two\r\nlines\tand a tab",
    "🙂🙃 wide " * 9,
    "x" * 700,
    "\x07\x0e\x9b31m[bold]markup[/]",
)
#: Sizes that a window has, and some that none should have.
SIZES = ((60, 20), (80, 24), (160, 50))
_ODD_SIZES = ((200, 60), (20, 5), (1, 1), (2, 2), (61, 20), (79, 23), (132, 24), (80, 3), (5, 50))
#: How many keys come at once, for somebody with time and for somebody in haste.
UNHURRIED = (1, 1, 1, 1, 2, 3, 8)
HURRIED = (1, 1, 2, 4, 12, 30, 80)
#: Seconds for which the work that a key sets going is waited for, before the next key.
_WORK = 0.25


@dataclass
class Walk:
    """A walk of `steps` keys and resizes from a seed, through consoles that `make` makes.

    A console that a key ends is followed by a new one. Of the keys one of `bursts` come at
    once, and from time to time nobody reads what is sent until many frames later.
    """

    make: Callable[[], TrousseauApp]
    pair: Pair
    size: tuple[int, int]
    seed: str
    steps: int
    bursts: Sequence[int] = UNHURRIED
    done: int = 0
    consoles: int = 0
    trail: list[str] = field(default_factory=list)

    def __post_init__(self) -> None:
        self._chance = Random(self.seed)
        self._deaf = 0

    async def go(self) -> None:
        """Walk to the end; raises `ScreensDiffer` with the seed, the step and the last keys."""
        while self.done < self.steps:
            self.consoles += 1
            async with self.make().run_test(size=self.size, notifications=True) as pilot:
                await self._settled(pilot)
                while self.done < self.steps and not pilot.app._exit:
                    await self._step(pilot)
                    if pilot.app._exception:
                        raise AssertionError(f"it has failed {self._where}")
                self.pair.listen()
                if not pilot.app._exit:
                    await self.pair.look(self._where)
                elif (ending := pilot.app._task) is not None:
                    await asyncio.wait([ending], timeout=PATIENCE)

    @property
    def _where(self) -> str:
        return (
            f"at step {self.done} of {self.seed!r}, {self.size[0]}×{self.size[1]}, "
            f"after {' '.join(self.trail[-12:])}"
        )

    async def _step(self, pilot: Pilot[Any]) -> None:
        deed = self._chance.random()
        if deed < 0.02:
            await self._resize(pilot)
        elif deed < 0.03:
            await self._paste(pilot)
        elif deed < 0.035:
            await self._suspend(pilot)
        else:
            await self._press(pilot)
        await self._look(pilot)

    async def _look(self, pilot: Pilot[Any]) -> None:
        await self._settled(pilot)
        if pilot.app._exit:
            return  # its last words are to be read
        if self._deaf:
            self._deaf -= 1
            return
        if self.pair.is_ignored:
            self.pair.listen()
        elif self._chance.random() < 0.01:
            self._deaf = self._chance.randint(2, 25)
            self.pair.ignore()
            return
        await self.pair.look(self._where)

    # What somebody does

    async def _press(self, pilot: Pilot[Any]) -> None:
        keys = [self._key(pilot) for _key in range(self._chance.choice(self.bursts))]
        if "g" in keys:
            keys[keys.index("g") + 1 :] = self._chance.choice(_PLACES)
        self.done += len(keys)
        self.trail += keys
        await self.pair.type(b"".join(bytes_of(key) for key in keys), len(keys), pilot.app)

    def _key(self, pilot: Pilot[Any]) -> str:
        kind = self._chance.random()
        if kind < 0.55:
            return self._chance.choice(_MOVES)
        if kind < 0.57:
            return "g"
        if kind < 0.72:
            key = self._chance.choice(_DEEDS)
            # A path that is typed leads nowhere but below the folder of the test.
            typing = isinstance(pilot.app.focused, Input | TextArea)
            return "down" if typing and key == "slash" else key
        letter = self._chance.choice(_LETTERS)
        # The last words of a program that ends would be lost on a line that nobody reads.
        return "x" if letter == "q" and self.pair.is_ignored else letter

    async def _resize(self, pilot: Pilot[Any]) -> None:
        usual = self._chance.random() < 0.5
        size = self.size if usual else self._chance.choice(_ODD_SIZES)
        self.done += 1
        self.trail.append(f"<{size[0]}×{size[1]}>")
        self.pair.resize(*size)
        await self._until(lambda: pilot.app._exit or tuple(pilot.app.size) == size)

    async def _paste(self, pilot: Pilot[Any]) -> None:
        text = self._chance.choice(_PASTES)
        self.done += 1
        self.trail.append(f"<paste {text[:10]!r}>")
        await self.pair.type(f"\x1b[200~{text}\x1b[201~x".encode(), 2, pilot.app)

    async def _suspend(self, pilot: Pilot[Any]) -> None:
        """Leave the terminal to the shell for a moment, which writes on it."""
        self.done += 1
        self.trail.append("<suspended>")
        self.pair.listen()
        self._deaf = 0
        with pilot.app.suspend():
            self.pair.take_back(f"\x1b[31;44m$ fg\x1b[m {self.done}\r\n" * 3)
        await self._settled(pilot)

    # Waiting

    async def _settled(self, pilot: Pilot[Any]) -> None:
        if not pilot.app._exit:
            await pilot._wait_for_screen()
        end = time.monotonic() + _WORK
        while not pilot.app._exit and time.monotonic() < end and _works(pilot.app):
            await asyncio.sleep(0.002)
            await pilot._wait_for_screen()

    async def _until(self, holds: Callable[[], bool]) -> None:
        async with asyncio.timeout(PATIENCE):
            while not holds():
                await asyncio.sleep(0.001)


def _works(app: TrousseauApp) -> bool:
    return any(not worker.is_finished for worker in app.workers)
