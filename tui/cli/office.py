"""Where the commands work: settings, database and key, opened when they are needed."""

import os
from collections.abc import Iterator
from contextlib import contextmanager
from contextvars import ContextVar
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import TYPE_CHECKING

from tui import collector

if TYPE_CHECKING:
    from models.keys import Key
    from services.desk import Desk
    from services.lookup import Team
    from services.sign_in import Entrance
    from tui.settings import Settings


@dataclass(frozen=True)
class Office:
    """The desk of whoever owns the files, with the settings of the installation.

    `origin` is where a command comes from, as wrong tries are counted; this machine if empty.
    """

    settings: "Settings"
    desk: "Desk"
    origin: str = ""

    def key(self) -> "Key":
        """Return the key of the tokens, made now if there is none."""
        from models.keys import load_key

        return load_key(self.settings.folders.key_file)

    def entrance(self) -> "Entrance":
        """Return the door, for what is asked there without signing in."""
        from services.passwords import Hasher
        from services.sign_in import Entrance
        from tui.door import local_origin

        hasher, origin = Hasher(self.settings.folders.state), self.origin or local_origin()
        return Entrance(self.desk.engine, hasher, self.key(), self.desk.clock, origin)

    def team(self, school: str, year: str | None = None) -> "Team":
        """Return the school and school year of those names; raises `NotKnown`."""
        from services import lookup

        return self.desk.read(lookup.team, school, year)

    def school_id(self, school: str) -> int:
        """Return the id of the school of that name; raises `NotKnown`."""
        from services import lookup

        found = self.desk.read(lookup.find_school, school).id
        assert found is not None
        return found


def now() -> datetime:
    return datetime.now(UTC)


def owner() -> str:
    """Return how the journal names whoever runs a command."""
    import getpass

    try:
        return f"cli:{getpass.getuser()}"
    except (KeyError, OSError):  # an account without a name, as in a container
        return f"cli:{os.getuid()}"


#: The office of somebody who is not the owner of the files, and has been let in already.
_visited: ContextVar[Office | None] = ContextVar("visited", default=None)


@contextmanager
def working_at(here: Office) -> Iterator[None]:
    """Make the commands work at this office, and so with the rights of its actor."""
    token = _visited.set(here)
    try:
        yield
    finally:
        _visited.reset(token)


@contextmanager
def office() -> Iterator[Office]:
    """Open the installation for the person who owns its files, and who sees every school."""
    if (visited := _visited.get()) is not None:
        yield visited
        return
    from models.database import Actor
    from services.desk import Desk
    from services.opening import open_database
    from tui.settings import load_settings

    collector.resume()
    settings = load_settings()
    settings.folders.create()
    engine = open_database(
        settings.database(),
        embedded=settings.embedded,
        at=now(),
        token_days=settings.token_days,
    )
    try:
        yield Office(settings, Desk(engine, Actor(owner(), "system", None), now))
    finally:
        engine.dispose()
