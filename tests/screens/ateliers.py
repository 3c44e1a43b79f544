"""Workplaces of those who ask for workshops and of those who answer, for tests of screens."""

from typing import Any

from textual.pilot import Pilot

from screens.workplace import Workplace
from services import drafts, school_years, workshops
from services.desk import Desk
from tests.screens.conftest import settled
from tests.services.workshop_world import Ateliers, form


def at_school(ateliers: Ateliers, desk: Desk | None = None) -> Workplace:
    """Return the workplace of the coordinator, or of another desk, in the school that asks."""
    desk = desk or ateliers.coordinator
    here = desk.read(school_years.here, ateliers.world.mine)
    return Workplace(desk, who="A. Lecomte", here=here)


def in_office(ateliers: Ateliers) -> Workplace:
    return Workplace(ateliers.office, who="Bureau des ateliers")


def begin(ateliers: Ateliers, replaced: int | None = None, **values: str) -> None:
    """Leave a draft of the coordinator's in which all is right but for what is given."""
    name = workshops.draft_name(replaced)
    ateliers.coordinator.write(drafts.save, name, form(**values))


async def press(pilot: Pilot[Any], *keys: str) -> None:
    await pilot.press(*keys)
    await settled(pilot)
