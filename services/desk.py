"""A signed-in person's desk: the one way from a screen or command to the data.

Screens and commands name a service function and its arguments; the desk opens a short
session for its actor, calls the function, closes the session, and turns what a database
can throw into an error in the user's words.
"""

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import Concatenate, ParamSpec, TypeVar

from sqlalchemy import Engine
from sqlalchemy.exc import DBAPIError, IntegrityError, OperationalError, SQLAlchemyError

from models.database import Actor, ActorSession, reading, writing
from models.errors import TrousseauError
from models.language import say

P = ParamSpec("P")
T = TypeVar("T")


class DataBusy(TrousseauError):
    """The database can't be reached just now."""


class ChangedMeanwhile(TrousseauError):
    """Somebody else has changed the same thing."""


def _utc_now() -> datetime:
    return datetime.now(UTC)


@dataclass(frozen=True)
class Desk:
    """Where `actor` works. `clock` gives the present as an aware UTC instant."""

    engine: Engine = field(repr=False)
    actor: Actor
    clock: Callable[[], datetime] = field(default=_utc_now, repr=False)

    def now(self) -> datetime:
        return self.clock()

    def read(
        self, question: Callable[Concatenate[ActorSession, P], T], *args: P.args, **kwargs: P.kwargs
    ) -> T:
        """Return what `question(session, ...)` returns, in a session that reads."""
        with told_in_words(), reading(self.engine, self.actor, self.now()) as session:
            return question(session, *args, **kwargs)

    def write(
        self, deed: Callable[Concatenate[ActorSession, P], T], *args: P.args, **kwargs: P.kwargs
    ) -> T:
        """Return what `deed(session, ...)` returns, in one transaction that is committed."""
        with told_in_words(), writing(self.engine, self.actor, self.now()) as session:
            return deed(session, *args, **kwargs)


@contextmanager
def told_in_words() -> Iterator[None]:
    """Turn the errors of the database into those that can be told to a person."""
    try:
        yield
    except IntegrityError as error:
        raise ChangedMeanwhile(
            say("Somebody else has just made a change that excludes this one. Look again.")
        ) from error
    except OperationalError as error:
        raise DataBusy(
            say(
                "The database does not answer, or its disk is full. Nothing was changed; "
                "try again in a moment."
            )
        ) from error
    except DBAPIError as error:
        raise DataBusy(say("The database refused this. Nothing was changed.")) from error
    except SQLAlchemyError as error:
        raise DataBusy(say("The database could not be used. Nothing was changed.")) from error
