"""How tests type: a text as one, every other key by itself.

Textual's Pilot waits after each key until the process rests, a tenth of a second for each letter
of an address or a password, of which only the whole matters.
"""

from collections.abc import Iterable, Iterator
from itertools import groupby
from typing import Any

from textual import events
from textual.app import App
from textual.keys import _character_to_key
from textual.widgets import Input, TextArea

#: So many letters and figures one after the other are a text, and not keys that mean something.
_TEXT = 4


def at_once(keys: Iterable[str]) -> Iterator[list[str]]:
    """Yield what is typed before anybody looks again: a text as a whole, each other key alone."""
    for is_letter, run in groupby(keys, key=lambda key: len(key) == 1):
        typed = list(run)
        if is_letter and len(typed) >= _TEXT:
            yield typed
        else:
            yield from ([key] for key in typed)


def type_texts_at_once() -> None:
    """Let whatever every Pilot types into an entry come in at once, from now on."""
    press_each = App._press_keys

    async def press(app: App[Any], keys: Iterable[str]) -> None:
        for typed in at_once(keys):
            while typed and not isinstance(app.focused, Input | TextArea):
                await press_each(app, [typed.pop(0)])
            for letter in typed[:-1]:
                _send(app, letter)
            if typed:
                await press_each(app, typed[-1:])

    App._press_keys = press  # type: ignore[assignment,method-assign]


def _send(app: App[Any], letter: str) -> None:
    key = events.Key(letter if letter.isalnum() else _character_to_key(letter), letter)
    key.set_sender(app)
    assert app._driver is not None
    app._driver.send_message(key)
