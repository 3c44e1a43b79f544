"""How long work tells how far it is, and how whoever asked for it ends it."""

from collections.abc import Callable

#: Called with what is done so far and the number in all (None while unknown); it may raise
#: `Cancelled` to end the work.
Progress = Callable[[int, int | None], None]


class Cancelled(Exception):
    """The person who asked for this work has ended it."""
