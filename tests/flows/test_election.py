"""An election at the console, by keyboard alone: put up, voted on, dropped lines, counted.

The helpdesk, two heads of schools and the clock take turns. Pictures are in snapshots/flows/,
in French, in English and in monochrome.
"""

from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from dataclasses import dataclass
from datetime import UTC, datetime

import pytest
from syrupy.assertion import SnapshotAssertion

from models.database import SYSTEM
from screens.ballot import BallotScreen, CastScreen
from screens.dashboard import DashboardScreen
from screens.election import ElectionScreen
from services import accounts, committees, elections
from services.desk import Desk
from services.election_form import CandidateEntry
from services.passwords import Hasher
from tests.both_drivers import Pair
from tests.flows.conftest import Journey, School
from tui.app import TrousseauApp

pytestmark = pytest.mark.timeout(300)

OpenConsole = Callable[[], TrousseauApp]

DESK, ANNE, MARC = "b@ib.example", "a@ecole.example", "m@ecole.example"
PASSWORD = "sept girafes"
#: By the clocks of the schools: half past nine of the first day, and an hour after the close.
OPEN, CLOSED = datetime(2026, 9, 1, 7, 30, tzinfo=UTC), datetime(2026, 9, 4, 17, 0, tzinfo=UTC)
RECEIPTS = tuple(f"{n}K3M-Q2XW-91BT-HV5D" for n in (4, 7, 2, 9, 5))


class Voter(Journey):
    """Somebody who types a text faster than the console shows it."""

    def __init__(self, pilot: object, picture: SnapshotAssertion, pair: Pair) -> None:
        super().__init__(pilot, picture)  # type: ignore[arg-type]
        self._pair = pair

    async def type(self, text: str, *keys: str) -> None:
        await self._pair.type(text.encode(), len(text), self.app)
        await self.settled()
        await self.press(*keys)

    async def comes_in(self, address: str) -> None:
        await self.type(address, "enter")
        await self.type(PASSWORD, "enter")
        assert isinstance(self.app.screen, DashboardScreen)

    async def opens_the_election(self) -> None:
        await self.press("g", "b", "enter")
        assert isinstance(self.app.screen, ElectionScreen)


@dataclass
class Scrutin:
    """The two schools with their heads, the helpdesk, and the console where they take turns."""

    school: School
    open_console: OpenConsole
    picture: SnapshotAssertion
    pair: Pair

    @asynccontextmanager
    async def console(self) -> AsyncIterator[Voter]:
        """Open the console for somebody; where it is left, the line drops."""
        async with self.open_console().run_test(size=(80, 24)) as pilot:
            who = Voter(pilot, self.picture, self.pair)
            await who.settled()
            yield who

    def desk(self) -> Desk:
        return Desk(self.school.world.engine, SYSTEM, self.school.clock)

    def at(self, now: datetime) -> None:
        self.school.clock.now = now

    def let_in(self, language: str) -> None:
        hashed, world = Hasher(self.school.home / "state").hash(PASSWORD), self.school.world
        for address, role, schools, name in (
            (DESK, "helpdesk", [], "Bureau"),
            (ANNE, "head", [world.mine], "Anne Lambert"),
            (MARC, "head", [world.other], "Marc Dubois"),
        ):
            self.desk().write(
                accounts.add_account, address, role, schools,
                password_hash=hashed, name=name, language=language,
            )  # fmt: skip
        self.desk().write(committees.add, "Comité des bulletins", "")


@pytest.fixture
def scrutin(
    school: School,
    open_console: OpenConsole,
    picture: SnapshotAssertion,
    both_on_two_terminals: Pair,
    monkeypatch: pytest.MonkeyPatch,
) -> Scrutin:
    drawn = iter(RECEIPTS)  # a paper more is a receipt more
    monkeypatch.setattr("services.urn.new_receipt", lambda: next(drawn))
    return Scrutin(school, open_console, picture, both_on_two_terminals)


# --- the whole life, in French ------------------------------------------------------------


async def test_the_life_of_an_election(scrutin: Scrutin) -> None:
    scrutin.let_in("fr")
    async with scrutin.console() as office:
        await _put_up(office)
    scrutin.at(OPEN)
    async with scrutin.console() as anne:
        await _note_a_receipt(anne)  # and here the line drops, before anything is cast
    async with scrutin.console() as anne:
        await _cast(anne)  # and here it drops again
    async with scrutin.console() as anne:
        await _try_again(anne)
    async with scrutin.console() as marc:
        await _vote_for_the_other(marc)
    scrutin.at(CLOSED)
    async with scrutin.console() as anne:
        await _find_the_receipt(anne)
    async with scrutin.console() as office:
        await _enter_the_elected(office)
    members = scrutin.desk().read(committees.page, 1)
    assert "Bruno Maes" in str(members) and "Zoé Claes" not in str(members)


async def _put_up(office: Voter) -> None:
    await office.comes_in(DESK)
    await office.press("g", "b", "f8")
    await office.type("Bulletins", "tab", "right", "tab", "tab")
    await office.type("01/09/2026", "tab", "tab")
    await office.type("04/09/2026")
    for name, statement in (("Zoé Claes", "Moins de papier."), ("Bruno Maes", "Plus de temps.")):
        await office.press("f4")
        await office.type(name, "tab", "tab")
        await office.type(statement, "f8")
    office.sees("Tout y est.", "Zoé Claes", "Bruno Maes", "Comité des bulletins")
    await office.picture("01-form")
    await office.press("f8")
    office.sees("o À venir", "il s’ouvre le 01/09/2026 09:00", "Plus de temps.")
    await office.press("g", "d")
    office.sees("Le scrutin « Bulletins » s’ouvre le 01/09/2026 09:00.")


async def _note_a_receipt(anne: Voter) -> None:
    await anne.comes_in(ANNE)
    anne.sees("Le scrutin « Bulletins » est ouvert jusqu’au 04/09/2026 18:00")
    await anne.picture("02-dashboard")
    await anne.press("enter", "enter", "f8", "space", "f8")
    assert isinstance(anne.app.screen, CastScreen)
    anne.sees(RECEIPTS[0], "Pas encore déposé")


async def _cast(anne: Voter) -> None:
    await anne.comes_in(ANNE)
    await anne.opens_the_election()
    anne.sees("Votre établissement n’a pas encore voté.")
    await anne.press("f8")
    anne.sees("Marqués : 0")
    await anne.press("space")
    await anne.picture("03-ballot")
    await anne.press("f8")
    anne.sees(RECEIPTS[1])
    await anne.picture("04-receipt")
    await anne.press("f8")
    anne.sees("Déposé le 01/09/2026 09:30. Votre établissement a voté.")


async def _try_again(anne: Voter) -> None:
    await anne.comes_in(ANNE)
    anne.sees_not("Bulletins")  # nothing is waited for any more
    await anne.opens_the_election()
    anne.sees("a voté le 01/09/2026 09:30")
    await anne.press("f8")
    assert isinstance(anne.app.screen, ElectionScreen)
    await anne.picture("05-has-voted")


async def _vote_for_the_other(marc: Voter) -> None:
    await marc.comes_in(MARC)
    await marc.opens_the_election()
    marc.sees("Votre établissement n’a pas encore voté.")
    await marc.press("f8", "down", "space", "f8", "f8", "escape")
    marc.sees("a voté le 01/09/2026 09:30")


async def _find_the_receipt(anne: Voter) -> None:
    await anne.comes_in(ANNE)
    await anne.opens_the_election()
    anne.sees("Égalité pour 1 siège entre Zoé Claes, Bruno Maes.", "2 sur 2 établissements")
    await anne.picture("06-result")
    await anne.press("b", "slash")
    await anne.type(RECEIPTS[0])
    anne.sees("Aucun bulletin ne porte ce code")  # it was shown, and not cast
    await anne.press("ctrl+u")
    await anne.type(RECEIPTS[1].lower())
    anne.sees(f"{RECEIPTS[1]} : 1. Zoé Claes")
    await anne.picture("07-receipt-found")


async def _enter_the_elected(office: Voter) -> None:
    await office.comes_in(DESK)
    office.sees("Le résultat de « Bulletins » est publié")
    await office.press("g", "b", "enter", "e")
    await office.type("01/10/2026", "tab", "tab", "tab", "right")
    await office.picture("08-elected")
    await office.press("f8")
    office.sees("1 membre du comité est inscrit.")


# --- in English, and in monochrome --------------------------------------------------------


@pytest.mark.parametrize(
    ("language", "style"), [("en", "colour"), ("fr", "monochrome")], ids=["english", "monochrome"]
)
async def test_a_vote(
    scrutin: Scrutin, monkeypatch: pytest.MonkeyPatch, language: str, style: str
) -> None:
    monkeypatch.setenv("TROUSSEAU_LANGUAGE", language)
    monkeypatch.setenv("TROUSSEAU_STYLE", style)
    scrutin.let_in(language)
    _put_up_at_once(scrutin.desk())
    scrutin.at(OPEN)
    async with scrutin.console() as anne:
        await anne.comes_in(ANNE)
        await anne.picture("01-dashboard")
        await anne.opens_the_election()
        await anne.picture("02-election")
        await anne.press("f8", "space")
        assert isinstance(anne.app.screen, BallotScreen)
        await anne.picture("03-ballot")
        await anne.press("f8")
        await anne.picture("04-receipt")
        await anne.press("f8")
        await anne.picture("05-cast")
        scrutin.at(CLOSED)
        await anne.press("escape", "f5")
        await anne.picture("06-result")
        await anne.press("b")
        await anne.picture("07-ballots")


def _put_up_at_once(desk: Desk) -> None:
    values = {
        "title": "Bulletins",
        "committee_id": "1",
        "seats": "1",
        "opens_on": "01/09/2026",
        "opens_at": "09:00",
        "closes_on": "04/09/2026",
        "closes_at": "18:00",
    }
    standing = (CandidateEntry("Zoé Claes", "", "Moins de papier."), CandidateEntry("Bruno Maes"))
    desk.write(elections.create, values, standing)
