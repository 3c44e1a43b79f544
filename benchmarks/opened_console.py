"""The real console over a database that is there already, for the director of its first school.

`python -m benchmarks.opened_console URL` runs it; `benchmarks.team_keys` presses its keys. It
is the program as it is after signing in: only the password is spared.
"""

import sys

from benchmarks.databases import NOW
from models.database import Actor, make_engine
from models.language import say
from screens.workplace import Workplace
from services.dashboard import only_school
from services.desk import Desk
from tui.console import open_directly
from tui.door import Door, Entered


def let_in(url: str) -> Entered:
    """Return the director's workplace, at the moment at which the database was made."""
    actor = Actor("director", "director", frozenset({1}))
    desk = Desk(make_engine(url), actor, lambda: NOW)
    return Entered(Workplace(desk, who="Anne Lecomte", here=desk.read(only_school)), None, "fr")


def main() -> int:
    """Run the console, and return its exit status."""

    def prepare(_door: Door) -> Entered:
        return let_in(sys.argv[1])

    return open_directly(prepare, say("Un instant…"))


if __name__ == "__main__":
    sys.exit(main())
