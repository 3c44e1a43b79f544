"""The account of a head of school, from the first password to the next head, by keyboard alone.

The coordinator sits at the console that `trousseau` opens; the mails go to a real mail server,
and the nightly update is the program's own. The same journey is made in French, in English and
in monochrome. Each step has its picture in snapshots/flows/.
"""

import re
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from datetime import UTC, datetime

import pytest
from syrupy.assertion import SnapshotAssertion
from textual import events

from models.database import SYSTEM
from models.keys import load_key
from screens.headnet_account import HeadnetAccountScreen
from services import accounts, headnet_sign_in, heads, nightly
from services.desk import Desk
from services.passwords import Hasher
from tests.both_drivers import Pair, both_drivers
from tests.flows.conftest import Journey, School, Typist
from tests.replayed import wanted
from tests.screens.headnet_place import asked
from tui.app import TrousseauApp
from tui.door import Door

pytestmark = pytest.mark.timeout(300)

COORDINATOR, PASSWORD = "c@ecole.example", "sept girafes"
RECORDED, CHANGED, NEXT = "luc@ecole.example", "dir@ecole.example", "ada@ecole.example"
HEAD = {"first_name": "Luc", "surname": "D’Hondt", "email": RECORDED, "language": "fr"}
#: It begins at nine in the morning in Brussels; the update is due at three.
LATER, NIGHT = datetime(2026, 8, 31, 9, tzinfo=UTC), datetime(2026, 9, 1, 1, 0, tzinfo=UTC)
MORNING = datetime(2026, 9, 1, 7, tzinfo=UTC)
WORKS, WORKS_AGAIN = "01/09/2026 03:00", "02/09/2026 03:00"
_A_PASSWORD = re.compile(r"\b([0-9A-Z]{5}(?:-[0-9A-Z]{5}){4})\b")


@dataclass(frozen=True)
class Way:
    """In which language and style somebody makes the journey."""

    language: str
    style: str


@pytest.fixture(
    params=[Way("fr", "colour"), Way("en", "colour"), Way("fr", "monochrome")],
    ids=["fr", "en", "monochrome"],
)
def way(request: pytest.FixtureRequest) -> Way:
    assert isinstance(request.param, Way)
    return request.param


@pytest.fixture(autouse=True)
def both_on_two_terminals(way: Way, monkeypatch: pytest.MonkeyPatch) -> Iterator[Pair | None]:
    """Look at two terminals once, which takes most of the time; at another size always."""
    size, style = wanted()
    if (way.style == "colour" and way.language == "fr") or size or style:
        with both_drivers(monkeypatch, size, style) as pair:
            yield pair
    else:
        monkeypatch.setenv("TROUSSEAU_STYLE", way.style)
        yield None


class Paster(Journey):
    """Somebody on one terminal, where what is typed comes in at once."""

    async def type(self, text: str, *keys: str) -> None:
        assert self.app.focused is not None
        self.app.focused.post_message(events.Paste(text))
        await self.settled()
        await self.press(*keys)

    async def comes_in(self, address: str, password: str) -> None:
        await self.type(address, "enter")
        await self.type(password, "enter")


@dataclass
class Headnet:
    """The school with its head and its coordinator, and who does what at night."""

    school: School

    def desk(self) -> Desk:
        return Desk(self.school.world.engine, SYSTEM, self.school.clock)

    def let_in(self, language: str) -> None:
        desk, mine = self.desk(), self.school.world.mine
        hashed = Hasher(self.school.home / "state").hash(PASSWORD)
        desk.write(
            accounts.add_account,
            COORDINATOR,
            "coordinator",
            [mine],
            password_hash=hashed,
            name="Anne Lecomte",
            language=language,
        )
        desk.write(heads.record_head, mine, HEAD)

    def at(self, now: datetime) -> None:
        self.school.clock.now = now

    def night(self) -> None:
        """Do the nightly update, at the moment at which it is due."""
        self.at(NIGHT)
        settings, engine = Door().open()
        assert nightly.run(settings.nightwork(engine, self.school.clock)).finished

    def mailed(self) -> list[tuple[str, str]]:
        """Return to whom mails went since this was asked last, with the password in each."""
        messages = [mail.message for mail in self.school.server.messages]
        self.school.server.messages.clear()
        found = []
        for message in messages:
            body = message.get_body(("plain",))
            assert body is not None
            password = _A_PASSWORD.search(body.get_content())
            (to,) = message["to"].addresses
            found.append((to.addr_spec, password[1] if password else ""))
        return found

    def opens(self, email: str, password: str) -> bool:
        key = load_key(self.school.home / "config" / "key")
        verdict = self.desk().read(headnet_sign_in.accepts, key, email, password)
        return verdict.headship_id is not None


async def test_the_account_of_a_head(
    way: Way,
    school: School,
    open_console: Callable[[], TrousseauApp],
    picture: SnapshotAssertion,
    both_on_two_terminals: Pair | None,
) -> None:
    headnet = Headnet(school)
    headnet.let_in(way.language)
    async with open_console().run_test(size=(80, 24)) as pilot:
        pair = both_on_two_terminals
        anne = Typist(pilot, picture, pair) if pair else Paster(pilot, picture)
        await anne.settled()
        await anne.comes_in(COORDINATOR, PASSWORD)
        await anne.press("g", "n")
        assert isinstance(anne.app.screen, HeadnetAccountScreen)
        first = await _continue(anne, headnet)
        second = await _again(anne, headnet, first)
        await _change_the_address(anne, headnet, second)
        await _send_again(anne, headnet, second)
        await _new_head(anne, headnet)


async def _continue(anne: Typist | Paster, headnet: Headnet) -> str:
    await anne.press("f8")
    anne.sees(RECORDED)
    await anne.picture("01-address")
    await anne.press("y")
    assert WORKS in asked(anne.pilot) and "! " not in asked(anne.pilot)
    await anne.press("y", "f5")
    anne.sees(RECORDED, WORKS)
    await anne.picture("02-works-from")
    ((to, password),) = headnet.mailed()
    assert to == RECORDED and len(password) == 29
    anne.sees_not(password, password[:5])
    return password


async def _again(anne: Typist | Paster, headnet: Headnet, first: str) -> str:
    """Another one is asked for; what ends is told first, and a hasty Esc keeps it."""
    headnet.at(LATER)
    await anne.press("f8", "y")
    assert "! " in asked(anne.pilot)
    await anne.picture("03-former-ends")
    await anne.press("escape")
    assert headnet.mailed() == []
    await anne.press("f8", "y", "y", "f5")
    ((to, second),) = headnet.mailed()
    assert to == RECORDED and second != first
    return second


async def _change_the_address(anne: Typist | Paster, headnet: Headnet, password: str) -> None:
    await anne.press("f2")
    await anne.type(CHANGED)
    anne.sees(WORKS)
    await anne.picture("04-address")
    await anne.press("f8", "f8")
    anne.sees(CHANGED)
    await anne.picture("05-waits")
    await anne.press("w")
    assert headnet.mailed() == []
    assert not headnet.opens(RECORDED, password)
    headnet.night()
    assert headnet.opens(CHANGED, password) and not headnet.opens(RECORDED, password)
    await anne.press("f5")
    anne.sees(f"+ {CHANGED}")


async def _send_again(anne: Typist | Paster, headnet: Headnet, former: str) -> None:
    """The server does not know the address, and then does."""
    headnet.at(MORNING)
    headnet.school.server.answer("RCPT", "550 5.1.1 User unknown", address=CHANGED)
    await anne.press("f8", "y", "y", "f5")
    anne.sees("5.1.1 User unknown")
    await anne.picture("06-never-delivered")
    headnet.school.server.forget_answers()
    await anne.press("f8", "y", "y", "f5")
    anne.sees(WORKS_AGAIN)
    told_of_the_change, (to, latest) = headnet.mailed()
    assert told_of_the_change == (RECORDED, "")
    assert to == CHANGED and not headnet.opens(CHANGED, former)
    assert not headnet.opens(CHANGED, latest)


async def _new_head(anne: Typist | Paster, headnet: Headnet) -> None:
    await anne.press("n")
    await anne.type("Ada", "tab")
    await anne.type("Zorn", "tab")
    await anne.type(NEXT, "f8")
    assert "Luc D’Hondt" in asked(anne.pilot) and "Ada Zorn" in asked(anne.pilot)
    await anne.picture("07-new-head")
    await anne.press("y", "f5")
    anne.sees("Ada Zorn", NEXT)
    await anne.picture("08-next")
    assert headnet.mailed() == [(CHANGED, "")]
