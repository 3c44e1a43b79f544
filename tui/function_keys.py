"""The function keys, for those whose terminal keeps them to itself.

F1, F10 and F11 are taken by many a terminal, F1 to F5 are a real VT220's own, and a telephone
or a tablet has none. Ctrl+F and a digit do instead, also in a field. Escape and a digit, as
in other programs, would not: a slow line holds an Escape back and brings it together with
the key after it.
"""

from textual import events


class FunctionKeys:
    """Makes a function key of Ctrl+F (`await_digit`) and the digit after it; 0 is F10."""

    def __init__(self) -> None:
        self._waiting = False

    def await_digit(self) -> None:
        self._waiting = True

    def read(self, event: events.Key) -> events.Key:
        """Return the key that is meant; any other than a digit is itself."""
        waiting, self._waiting = self._waiting, False
        digit = event.character or ""
        if not waiting or len(digit) != 1 or digit not in "0123456789":
            return event
        return events.Key(f"f{int(digit) or 10}", None)
