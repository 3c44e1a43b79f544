"""A head of school at the door: refused with the reason, let in by the night, shown out by a newer
password; and what strangers learn there, which is nothing.

The passwords are those of the mails that the program's own sender hands to a real mail server;
the nights are those of `trousseau nightly`.
"""

from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, datetime
from typing import Any

import pytest
from sqlalchemy import select
from sqlmodel import col
from syrupy.assertion import SnapshotAssertion

from models.accounts import SignInEvent
from models.database import SYSTEM, Actor, reading
from models.headnet import HEADNET_PURPOSE, Headship
from models.keys import KEY_BYTES, Key
from models.nightly import Schedule
from models.tokens import make_token
from screens.commands import places_for
from screens.headnet_checks import HeadnetChecksScreen
from screens.help import GoScreen
from screens.sign_in import SignInScreen
from screens.whom_to_ask import WhomToAskScreen
from services import head_addresses, headnet_checks, headnet_passwords, heads
from services.desk import Desk
from tests.flows.conftest import DIRECTOR, Journey, School
from tests.flows.test_first_day import OpenConsole
from tests.flows.test_the_door import token_to
from tests.screens.conftest import screen_text
from tui.command_line import run as run_command
from tui.console import _console
from tui.door import Door

pytestmark = pytest.mark.timeout(300)

CLAIRE, NEW, PAUL = "claire@ecole.example", "direction@ecole.example", "paul@ecole.example"
NIGHTS = Schedule()


class House:
    """What goes on in the school and at night, around the console."""

    def __init__(self, school: School) -> None:
        self.school = school
        file = school.home / "config" / "key"
        file.write_bytes(bytes(range(KEY_BYTES)))
        file.chmod(0o600)
        coordinator = Actor("ib@ecole.example", "coordinator", frozenset({school.world.mine}))
        self.desk = Desk(school.world.engine, coordinator, school.clock)

    def record(self, first_name: str, surname: str, email: str) -> None:
        form = {"first_name": first_name, "surname": surname, "email": email, "language": "fr"}
        plan = self.desk.read(heads.prepare_new_head, self.school.world.mine, form)
        self.desk.write(heads.record_new_head, plan)

    def go_on(self, address: str) -> str:
        """Do what *Continue* does, and return the password from the mail."""
        plan = self.desk.read(headnet_passwords.prepare, self.school.world.mine, NIGHTS)
        self.desk.write(
            headnet_passwords.send, plan, NIGHTS, address_confirmed=True, former_confirmed=True
        )
        self.run("send")
        return token_to(self.school, address)

    def change_address(self, email: str) -> None:
        self.desk.write(head_addresses.change_address, self.school.world.mine, email, NIGHTS)

    def night(self) -> None:
        self.school.clock.now = NIGHTS.next_due(self.school.clock.now)
        self.run("nightly")

    def later(self, hours: int) -> None:
        now = self.school.clock.now
        self.school.clock.now = datetime.fromtimestamp(now.timestamp() + 3600 * hours, UTC)

    def run(self, command: str) -> None:
        with ThreadPoolExecutor(1) as aside:  # a command has its own event loop
            assert aside.submit(run_command, [command]).result() == 0

    def told_the_coordinator(self) -> list[str]:
        found = self.desk.read(headnet_checks.explain, self.school.world.mine)
        return [finding.cause for finding in found]


@pytest.fixture
def house(school: School, monkeypatch: pytest.MonkeyPatch) -> House:
    monkeypatch.setattr("tui.cli.nightly.now", school.clock)
    made = House(school)
    made.record("Claire", "Fontaine", CLAIRE)
    return made


async def knocks(who: Journey, address: str, password: str) -> None:
    screen: Any = who.app.screen
    assert isinstance(screen, SignInScreen)
    for _ in range(3):
        if screen.focused is not screen._form["email"].entry:
            await who.press("shift+tab")
    await who.press("ctrl+u")
    await who.type(address, "enter")
    await who.type(password, "enter")


def is_in(who: Journey) -> bool:
    app: Any = who.app
    assert app.role == "head", screen_text(app)
    return app._actor.account_id is None


async def test_a_head_is_refused_with_the_reason_and_comes_in(
    house: House, open_console: OpenConsole, picture: SnapshotAssertion
) -> None:
    first = house.go_on(CLAIRE)
    house.later(3)
    async with open_console().run_test(size=(80, 24)) as pilot:
        who = Journey(pilot, picture)
        await who.settled()
        # Less than 24 hours.
        await knocks(who, CLAIRE, first)
        who.sees("fonctionne à partir du 01/09/2026 03:00", "F3 donne les trois vérifications")
        await who.picture("1-too-early")
        assert house.told_the_coordinator() == ["headnet_waits"]
        await who.press("f3")
        assert isinstance(who.app.screen, HeadnetChecksScreen)
        await who.picture("2-three-checks")
        await who.press("escape")
        house.night()
        assert house.told_the_coordinator() == []
        await knocks(who, CLAIRE, first.lower().replace("-", " "))
        assert is_in(who)
        who.sees("Claire Fontaine")
        await _has_no_account(who)
        # A second Continue: whoever is in stays, until the newer one is in force.
        second = house.go_on(CLAIRE)
        await _asked_for_rights(who)
        assert is_in(who)
        house.night()
        await _asked_for_rights(who)
        assert isinstance(who.app.screen, SignInScreen)
        who.sees("un mot de passe plus récent est entré en vigueur")
        await who.picture("3-shown-out")
        await knocks(who, CLAIRE, first)
        who.sees("Un e-mail plus récent a remplacé ce mot de passe", "01/09/2026 03:00")
        await who.picture("4-older-one")
        assert house.told_the_coordinator() == ["headnet_replaced"]
        await knocks(who, CLAIRE, second)
        assert is_in(who)
        await who.press("g", "q")
        # Another address, and another head.
        house.change_address(NEW)
        await knocks(who, NEW, second)
        who.sees("mais pas celui de cette adresse")
        await who.picture("5-other-address")
        house.night()
        await knocks(who, NEW, second)
        assert is_in(who)
        house.record("Paul", "Martin", PAUL)
        await _asked_for_rights(who)
        await knocks(who, NEW, second)
        who.sees("Cet accès HeadNet a pris fin : vous n’êtes plus enregistré")
        await who.picture("6-former-head")
        assert house.told_the_coordinator() == ["headnet_ended"]
        third = house.go_on(PAUL)
        house.night()
        await knocks(who, PAUL, third)
        assert is_in(who)
        who.sees("Paul Martin")
    assert _outcomes(house) == [
        "too_early", "ok", "replaced", "ok", "other_address", "ok", "ended", "ok",
    ]  # fmt: skip


async def _has_no_account(who: Journey) -> None:
    """No page of an account, no keys, no other account, none of a school's affairs."""
    app: Any = who.app
    offered = {place.id for place in places_for(app.role)} & set(app.places)
    assert not offered & {"own-account", "own-access", "accounts", "team-access", "headnet"}
    assert "sign-out" in offered
    before = who.app.screen
    for letter in "oua":
        await who.press("g", letter)
        assert isinstance(who.app.screen, GoScreen)  # which knows no such letter
        await who.press("escape")
        assert who.app.screen is before


async def _asked_for_rights(who: Journey) -> None:
    """Do what the console does each minute: ask whether whoever is in may still be."""
    app: Any = who.app
    app.look_after_rights()
    await who.settled()


def _outcomes(house: House) -> list[str]:
    with reading(house.school.world.engine, SYSTEM, house.school.clock()) as session:
        events = select(SignInEvent).where(col(SignInEvent.kind) == "headnet")
        return [e.outcome for e in session.scalars(events.order_by(col(SignInEvent.id)))]


WAYS: dict[str, dict[str, str]] = {
    "english": {"TROUSSEAU_LANGUAGE": "en"},
    "monochrome": {"TROUSSEAU_STYLE": "monochrome"},
}


@pytest.mark.parametrize("way", WAYS)
async def test_the_same_in_another_way(
    way: str,
    house: House,
    open_console: OpenConsole,
    picture: SnapshotAssertion,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    for name, value in WAYS[way].items():
        monkeypatch.setenv(name, value)
    if way == "english":
        from models.language import use_language

        use_language("en")
    password = house.go_on(CLAIRE)
    async with open_console().run_test(size=(80, 24)) as pilot:
        who = Journey(pilot, picture)
        await who.settled()
        await knocks(who, CLAIRE, password)
        await who.picture("1-too-early")
        await knocks(who, CLAIRE, password[:-1])
        await who.picture("2-slip")
        await who.press("f3")
        await who.picture("3-three-checks")
        await who.press("f6")
        assert isinstance(who.app.screen, WhomToAskScreen)


async def test_strangers_see_the_same_whoever_is_head(
    house: House, open_console: OpenConsole, picture: SnapshotAssertion
) -> None:
    house.go_on(CLAIRE)
    house.night()
    forged = make_token(Key(bytes(32)), HEADNET_PURPOSE, 1, 1)
    async with open_console().run_test(size=(80, 24)) as pilot:
        who = Journey(pilot, picture)
        await who.settled()
        for wrong in ("not the password", forged):
            seen = []
            for address in (CLAIRE, DIRECTOR, "nobody@ecole.example"):
                await knocks(who, address, wrong)
                seen.append(screen_text(who.app).partition("Vous n’êtes pas connecté")[2])
            assert "L’adresse ou le mot de passe n’est pas correct." in seen[0]
            assert seen[0] == seen[1] == seen[2]


async def test_over_ssh(house: House, picture: SnapshotAssertion) -> None:
    """The same door, with the network's address as where the try came from."""
    password = house.go_on(CLAIRE)
    door = Door("203.0.113.9")
    first: Callable[[], SignInScreen] = lambda: SignInScreen(door)  # noqa: E731
    app = _console(first, door, may_write_files=False, leaves=True)
    async with app.run_test(size=(80, 24)) as pilot:
        who = Journey(pilot, picture)
        await who.settled()
        await knocks(who, CLAIRE, password)
        who.sees("fonctionne à partir du")
        await who.press("f3")
        assert isinstance(who.app.screen, HeadnetChecksScreen)
        await who.press("escape")
        house.night()
        await knocks(who, CLAIRE, password)
        assert is_in(who)
    with reading(house.school.world.engine, SYSTEM, house.school.clock()) as session:
        events = list(session.scalars(select(SignInEvent).order_by(col(SignInEvent.id))))
        assert [(e.origin, e.outcome) for e in events] == [
            ("203.0.113.9", "too_early"),
            ("203.0.113.9", "ok"),
        ]
        (head,) = session.scalars(select(Headship))
        assert head.last_sign_in_at == house.school.clock.now
