"""Python's collector of cycles, which has little to find while a program starts.

By itself it looks each time 700 things have been made, which takes an eighth of the time in
which Textual is loaded, and of that in which the data layer is.
"""

import gc

#: More than a start makes: one look at 100,000 things takes 40 ms (22 November 2026).
_MANY = 1_000_000


def hold() -> None:
    """Look seldom, until `resume`, which whoever has finished loading calls.

    Whatever never does still has its memory back, only later.
    """
    gc.set_threshold(_MANY, 10, 10)


def resume() -> None:
    """Look as often as usual again, but never at what is there by now: it stays to the end."""
    if gc.get_threshold()[0] == _MANY:
        gc.freeze()
        gc.set_threshold(700, 10, 10)
