"""Workplaces of those who vote and of the helpdesk, for tests of the screens of elections."""

from collections.abc import Callable
from pathlib import Path
from typing import Any

from textual.pilot import Pilot

from screens.workplace import Workplace
from services import school_years
from services.desk import Desk
from services.passwords import Hasher
from services.sign_in import Entrance
from tests.screens.conftest import screen_text, settled
from tests.services.election_world import CLOSES, Scrutin


def entrance_of(scrutin: Scrutin, folder: Path) -> Callable[[], Entrance]:
    """Return what gives the key that the urn is sealed with."""
    world = scrutin.world
    return lambda: Entrance(world.engine, Hasher(folder), scrutin.key, world.clock, "local:test")


def as_head(scrutin: Scrutin, folder: Path, school: int | None = None) -> Workplace:
    """Return the workplace of a head, by default of the first school."""
    number = school or scrutin.world.mine
    desk = scrutin.head(number)
    here = desk.read(school_years.here, number)
    entrance = entrance_of(scrutin, folder)
    return Workplace(desk, who="A. Lambert", here=here, entrance=entrance)


def as_helpdesk(scrutin: Scrutin, folder: Path, desk: Desk | None = None) -> Workplace:
    entrance = entrance_of(scrutin, folder)
    return Workplace(desk or scrutin.helpdesk, who="Helpdesk", entrance=entrance)


async def press(pilot: Pilot[Any], *keys: str) -> None:
    """Press keys one by one, and wait for all that they set going."""
    for key in keys:
        await pilot.press(key)
        await settled(pilot)


async def typed(pilot: Pilot[Any], text: str) -> None:
    await pilot.press(*text)
    await settled(pilot)


def shown(pilot: Pilot[Any]) -> str:
    """Return the screen with its lines joined, for sentences that are wrapped."""
    return " ".join(screen_text(pilot.app).replace("│", " ").split()).replace("\u00a0", " ")


def told(pilot: Pilot[Any]) -> str:
    """Return what the console has said in its messages."""
    said = " ".join(str(message.message) for message in pilot.app._notifications)
    return said.replace("\u00a0", " ")


def tied(scrutin: Scrutin, **values: str) -> tuple[int, dict[int, str]]:
    """Put up an election, let six of eight schools vote and it close; return it and receipts.

    Anne Lecomte is elected, Bruno Maes and Chantal Dupont are tied for the second seat.
    """
    election = scrutin.opened(**values)
    votes = ((1, 2), (1,), (2, 3), (1, 3))
    receipts = {
        school: scrutin.cast(election, school, *numbers)
        for school, numbers in zip(scrutin.schools, votes, strict=False)
    }
    for school, kind in zip(scrutin.schools[4:6], ("blank", "abstention"), strict=True):
        receipts[school] = scrutin.cast(election, school, kind=kind)
    scrutin.at(CLOSES)
    return election, receipts
