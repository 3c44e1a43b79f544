"""A call typed ahead: no key is lost, and none closes a call that is not to be closed."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from threading import Event
from typing import Any

import pytest
from sqlalchemy import select
from sqlmodel import col
from syrupy.assertion import SnapshotAssertion

from models.calls import CallNote
from screens.dashboard import DashboardScreen
from screens.diagnosis import DiagnosisScreen
from screens.progress import CallProgressScreen
from services.mail import sender
from tests.both_drivers import Pair, bytes_of
from tests.flows.conftest import School, Typist
from tests.flows.telephone import HELPDESK, PASSWORD, Switchboard, Who, seed
from tests.screens.conftest import settled
from tui.app import TrousseauApp

pytestmark = pytest.mark.timeout(300)

#: What is pressed to have somebody invited again whose token has expired, and to hang up.
_KEYS = ("enter", "enter", "f8", "o", "x")
#: Three people whose token has expired.
_WHO: dict[int, Who] = {
    number: (("expired",), {"surname": surname, "first_name": "Ann"})
    for number, surname in enumerate(("Lefèvre", "Quitté", "Refusé"), 1)
}


class Agent(Typist):
    """Types a whole call as one packet, as on a slow line."""

    async def calls(self, words: str, *keys: str, then: type[Any]) -> None:
        """Begin where one is; come to the screen that is to be there at last."""
        pressed = b"".join(map(bytes_of, keys))
        data = bytes_of("ctrl+r") + words.encode() + pressed
        await self._pair.type(data, 1 + len(words) + len(keys), self.app)
        await self.comes_to(then)

    async def comes_to(self, screen: type[Any]) -> None:
        while not (isinstance(self.app.screen, screen) and self.app.screen.is_current):
            await asyncio.sleep(0.02)


@pytest.fixture
def gate(monkeypatch: pytest.MonkeyPatch) -> Event:
    """What a sending waits for before it begins."""
    opened, send_now = Event(), sender.send_now

    def later(*arguments: Any, **options: Any) -> Any:
        assert opened.wait(60)
        return send_now(*arguments, **options)

    monkeypatch.setattr(sender, "send_now", later)
    opened.set()
    return opened


def notes(board: Switchboard) -> list[CallNote]:
    return board.rows(select(CallNote).order_by(col(CallNote.id)))


async def test_the_key_that_hangs_up_waits_for_the_sending(
    school: School,
    open_console: Callable[[], TrousseauApp],
    picture: SnapshotAssertion,
    both_on_two_terminals: Pair,
    gate: Event,
) -> None:
    board = seed(school, _WHO)
    async with open_console().run_test(size=(80, 24)) as pilot:
        agent = Agent(pilot, picture, both_on_two_terminals)
        await agent.settled()
        await agent.comes_in(HELPDESK, PASSWORD)

        # All in one packet: the call is closed when the mail has left, not before.
        gate.clear()
        await agent.calls("ann lefevre", *_KEYS, then=CallProgressScreen)
        while not agent.app.screen.hangs_up:
            await asyncio.sleep(0.02)
        agent.sees("L’appel sera clos après l’envoi.")
        assert notes(board)[-1].closed_at is None and not school.server.messages
        await both_on_two_terminals.type(b"x", 1, agent.app)  # once more changes nothing
        gate.set()
        await agent.comes_to(DashboardScreen)
        await settled(pilot)
        assert [mail.recipients for mail in school.server.messages] == [[board.callers[1].email]]
        assert notes(board)[-1].closed_at is not None and len(notes(board)) == 1
        agent.sees("L’appel n° 1 est clos.")

        # Escape takes it back: the sending goes on, and the call stays open.
        gate.clear()
        await agent.calls("quitte ann", *_KEYS, "escape", then=DiagnosisScreen)
        assert len(school.server.messages) == 1
        gate.set()
        await settled(pilot)
        assert school.server.messages[-1].recipients == [board.callers[2].email]
        assert notes(board)[-1].closed_at is None and len(notes(board)) == 2
        await agent.press("x")
        assert isinstance(agent.app.screen, DashboardScreen)

        # What the server does not take keeps the call open, and says so.
        school.server.answer("RCPT", "550 5.1.1 unknown user")
        await agent.calls("refuse ann", *_KEYS, then=DiagnosisScreen)
        await settled(pilot)
        agent.sees("L’appel reste ouvert")
        assert notes(board)[-1].closed_at is None and len(notes(board)) == 3
