"""Where tests of the account manager work: as the school's coordinator, and as the helpdesk."""

from typing import Any

from sqlmodel import col
from textual.pilot import Pilot
from textual.widgets import Static

from models.mail import Mail
from screens.workplace import Workplace
from services import head_addresses, school_years
from tests.screens.conftest import settled
from tests.screens.workshop_place import paste
from tests.services.headnet_world import Heads
from tests.typed import at_once

MORNING = "2026-11-23T04:00+01:00"


def at_school(heads: Heads) -> Workplace:
    """Return the workplace of the coordinator of one school."""
    desk = heads.coordinator
    here = desk.read(school_years.here, heads.world.mine)
    return Workplace(desk, who="C. Renard", here=here, nights=lambda: heads.schedule)


def at_helpdesk(heads: Heads) -> Workplace:
    return Workplace(heads.helpdesk, who="Helpdesk", nights=lambda: heads.schedule)


def change_address(heads: Heads, email: str) -> None:
    deed = head_addresses.change_address
    heads.coordinator.write(deed, heads.world.mine, email, heads.schedule)


def mail(heads: Heads, **values: Any) -> None:
    """Let that have become of the latest password's mail."""
    heads.edit(Mail, col(Mail.id) == heads.latest().mail_id, **values)


def sent(heads: Heads) -> None:
    now = heads.world.clock()
    mail(heads, sent_at=now, closed_at=now, attempts=1, reply="2.0.0 Ok: queued")


def bounced(heads: Heads) -> None:
    sent(heads)
    mail(heads, bounced_at=heads.world.clock(), reply="5.1.1 Mailbox does not exist")


def delayed(heads: Heads) -> None:
    now = heads.world.clock()
    mail(heads, attempts=1, next_attempt_at=now.replace(hour=23), reply="4.7.1 Greylisted")


def asked(pilot: Pilot[Any]) -> str:
    """Return what the dialog on top says, with its lines joined."""
    said = " ".join(str(each.render()) for each in pilot.app.screen.query(Static))
    return " ".join(said.split()).replace("\u00a0", " ")


async def press(pilot: Pilot[Any], *keys: str) -> None:
    """Press keys one by one, and wait for all that each sets going."""
    for typed in at_once(keys):
        await pilot.press(*typed)
        await settled(pilot)


async def write(pilot: Pilot[Any], text: str) -> None:
    """Write a text where the focus is, all at once: key by key it takes a second."""
    if text:
        await paste(pilot, text)
