"""What is wrong with the installation is for whoever runs it, and not for whoever is at the door.

The words of such errors name folders, files and variables of the server.
"""

import os
from collections.abc import Iterator
from contextlib import contextmanager

from models.errors import TrousseauError
from models.language import N_, say
from tui import crash
from tui.cli.office import now
from tui.state import state_folder


class OutOfOrder(TrousseauError):
    """The installation cannot be opened; why is in the log, and `trousseau doctor` tells it."""

    heading = N_("Out of order")


@contextmanager
def discreetly() -> Iterator[None]:
    """Turn every error of opening the installation into a sentence with a number."""
    try:
        yield
    except Exception as error:
        raise out_of_order(error) from None


def out_of_order(error: Exception) -> OutOfOrder:
    """Write an error to the log, and return what may be told of it."""
    return OutOfOrder(
        say(
            "Trousseau cannot be used just now. Tell the helpdesk this number: %(number)s",
            number=crash.record(error, state_folder(os.environ), now(), screen="ssh"),
        )
    )
