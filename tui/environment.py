"""What may come into the program from the environment it was started in.

Call `tidy` before Textual is imported: Textual reads most of its variables on import
(FACTS: they import code, write files, type keys, allow Ctrl+Z). `PYTHONPATH`, `PYTHONHOME`,
`PYTHONSTARTUP` and `PYTHONINSPECT` have acted before any line of ours runs: only the
launcher can close them (`env -i`, `python -I`); what is still to be acted on is removed
here, so that no child and no end of the program sees it.
"""

import os
import sys
from collections.abc import MutableMapping

#: Milliseconds to wait for the rest of a key that began with Escape. An arrow key that the
#: line splits reads as Escape below 200 (FACTS, "Keys").
ESCAPE_DELAY = 250


class NoTerminal(Exception):
    """Standard input or output is not a terminal, so there is nothing to draw on."""


def tidy(environment: MutableMapping[str, str]) -> None:
    """Remove what would change how Textual or Python behave; set the Escape delay."""
    for name in list(environment):
        foreign = name == "TEXTUAL" or name.startswith(("TEXTUAL_", "PYTHON"))
        if foreign and name != "PYTHONUTF8":
            del environment[name]
    # Truecolor costs a third more bytes and the program uses 16 colours.
    environment.pop("COLORTERM", None)
    environment["ESCDELAY"] = str(ESCAPE_DELAY)


def require_terminal() -> None:
    """Raise `NoTerminal` unless somebody can see the screen and type.

    Without a terminal Textual runs for ever at a whole core (FACTS).
    """
    streams = (sys.__stdin__, sys.__stdout__, sys.__stderr__)
    if not all(stream is not None and os.isatty(stream.fileno()) for stream in streams):
        raise NoTerminal
