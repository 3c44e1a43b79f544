"""Where tests of the screens of workshops work: as the coordinator, the office, the director."""

from collections.abc import Callable
from typing import Any

from textual import events
from textual.pilot import Pilot

from screens.workplace import Workplace
from services import school_years, workshop_attendance
from services import workshop_participants as participants
from services.bigbluebutton import MeetingServer
from services.workshop_participants import Entry
from tests.screens.conftest import screen_text, settled
from tests.services.workshop_world import Ateliers

AFTER = "2027-03-17T08:00Z"
NAMES = ("Adam", "Bodart", "Claes")


def coordinator(ateliers: Ateliers) -> Workplace:
    desk = ateliers.coordinator
    return Workplace(desk, who="C. Renard", here=desk.read(school_years.here, ateliers.world.mine))


def director(ateliers: Ateliers) -> Workplace:
    desk = ateliers.director
    return Workplace(desk, who="A. Lambert", here=desk.read(school_years.here, ateliers.world.mine))


def office(
    ateliers: Ateliers, meetings: Callable[[], MeetingServer | None] = lambda: None
) -> Workplace:
    return Workplace(ateliers.office, who="Bureau", meetings=meetings)


def enter(ateliers: Ateliers, workshop: int, *names: str) -> list[int]:
    return [
        ateliers.coordinator.write(
            participants.add, workshop, Entry("", name, "Jo", f"{name.lower()}@ecole.example")
        )
        for name in names or NAMES
    ]


def attended(ateliers: Ateliers) -> int:
    """Return a workshop whose attendance is complete: one of three has missed a session."""
    workshop = ateliers.accepted()
    people = enter(ateliers, workshop)
    ateliers.at(AFTER)
    for person in people:
        for number in (1, 2):
            there = (person, number) != (people[1], 2)
            ateliers.office.write(workshop_attendance.record, workshop, person, number, there)
    ateliers.office.write(workshop_attendance.complete, workshop)
    return workshop


async def typed(pilot: Pilot[Any], text: str) -> None:
    await pilot.press(*text)


async def paste(pilot: Pilot[Any], text: str) -> None:
    focused = pilot.app.focused
    assert focused is not None
    focused.post_message(events.Paste(text))
    await settled(pilot)


def shown(pilot: Pilot[Any]) -> str:
    """Return the screen with its lines joined, for sentences that are wrapped."""
    return " ".join(screen_text(pilot.app).replace("│", " ").split()).replace("\u00a0", " ")


def told(pilot: Pilot[Any]) -> str:
    """Return what the console has said in its messages."""
    said = " ".join(message.message for message in pilot.app._notifications)
    return said.replace("\u00a0", " ")
