"""One's own account: what it shows, and changing password, address and keys by keyboard alone."""

import base64
import struct
from pathlib import Path
from typing import Any

import pytest
from textual.pilot import Pilot

from models.keys import Key
from models.language import _
from screens.account_keys import AccountKeysScreen, AddKeyScreen
from screens.change_password import ChangePasswordScreen
from screens.own_account import ConfirmAddressScreen, OwnAccountScreen
from screens.workplace import Workplace
from services import accounts, drafts, school_years, sign_in
from services.desk import Desk
from services.passwords import Hasher
from services.profiles import actor_for
from services.sign_in import Entrance
from tests.screens.conftest import MakeApp, screen_text, settled
from tests.typed import at_once
from tests.worlds import World

ADDRESS = "anne.lambert@saint-exemple.example"
PASSWORD, OTHER = "quatre tortues lisent Kant", "sept girafes relisent Spinoza"


def public_key(number: int) -> str:
    """Return the line of an Ed25519 key; its bytes mean nothing."""
    kind = b"ssh-ed25519"
    body = bytes([number]) * 32
    packed = struct.pack(">I", len(kind)) + kind + struct.pack(">I", len(body)) + body
    return f"ssh-ed25519 {base64.b64encode(packed).decode()} anne@portable"


@pytest.fixture
def entrance(world: World, tmp_path: Path) -> Entrance:
    return Entrance(world.engine, Hasher(tmp_path / "locks"), Key(bytes(32)), world.clock)


@pytest.fixture
def place(world: World, entrance: Entrance) -> Workplace:
    """The workplace of a director who has signed in with a password."""
    world.desk.write(
        accounts.add_account,
        ADDRESS,
        "director",
        [world.mine],
        password_hash=entrance.hasher.hash(PASSWORD),
        name="Anne Lambert",
    )
    identity = sign_in.sign_in(entrance, ADDRESS, PASSWORD).identity
    desk = Desk(world.engine, actor_for(identity, identity.profiles[0]), world.clock)
    here = desk.read(school_years.here, world.mine)
    return Workplace(desk, who=identity.name, here=here, entrance=lambda: entrance)


def shown(app: Any) -> str:
    return " ".join(screen_text(app).split())


async def press(pilot: Pilot[Any], *keys: str) -> None:
    await settled(pilot)
    await pilot.press(*keys)
    await settled(pilot)


async def test_the_password_is_changed(
    console: MakeApp, place: Workplace, entrance: Entrance
) -> None:
    async with console(lambda: OwnAccountScreen(place)).run_test() as pilot:
        await press(pilot, "p")
        assert isinstance(pilot.app.screen, ChangePasswordScreen)
        await press(pilot, *"wrong", "tab", *OTHER, "tab", *OTHER, "f8")
        assert isinstance(pilot.app.screen, ChangePasswordScreen)
        await press(pilot, "shift+tab", "shift+tab", "ctrl+u", *PASSWORD, "f8")
        assert isinstance(pilot.app.screen, OwnAccountScreen)
        assert PASSWORD not in shown(pilot.app)
    assert sign_in.sign_in(entrance, ADDRESS, OTHER).identity.email == ADDRESS
    with pytest.raises(sign_in.SignInRefused):
        sign_in.sign_in(entrance, ADDRESS, PASSWORD)


async def test_nothing_secret_becomes_a_draft(console: MakeApp, place: Workplace) -> None:
    async with console(lambda: OwnAccountScreen(place)).run_test() as pilot:
        await press(pilot, "p", *PASSWORD, "tab", *OTHER, "tab", *OTHER, "escape")
        await press(pilot, "e", *"neuve@chez.example", "tab", *PASSWORD, "escape")
    for form in ("change-password", "change-address"):
        assert place.desk.read(drafts.load, form) is None


async def test_a_key_is_pasted_and_removed(
    console: MakeApp, place: Workplace, entrance: Entrance
) -> None:
    async with console(lambda: OwnAccountScreen(place)).run_test() as pilot:
        await press(pilot, "s", "n")
        assert isinstance(pilot.app.screen, AddKeyScreen)
        await press(pilot, *"not a key", "f8")
        assert isinstance(pilot.app.screen, AddKeyScreen)
        await press(pilot, "ctrl+u", *public_key(7), "f8")
        assert isinstance(pilot.app.screen, AddKeyScreen)  # not without the password
        assert _(sign_in.WrongPassword.heading) in shown(pilot.app)
        await press(pilot, "tab", "tab", *PASSWORD, "f8")
        assert isinstance(pilot.app.screen, AccountKeysScreen)
        assert "anne@portable" in shown(pilot.app)
        await press(pilot, "delete", "n")
        assert "anne@portable" in shown(pilot.app)
        await press(pilot, "delete", "o")
        pilot.app.clear_notifications()
        await press(pilot)
        assert "anne@portable" not in shown(pilot.app)


async def test_an_address_to_be_confirmed_asks_for_its_token(
    console: MakeApp, place: Workplace
) -> None:
    async with console(lambda: OwnAccountScreen(place)).run_test() as pilot:
        await press(pilot, "c")
        assert isinstance(pilot.app.screen, OwnAccountScreen)  # nothing to be confirmed
        await press(pilot, "e", *"neuve@chez.example", "tab", *PASSWORD, "f8")
        assert "neuve@chez.example" in shown(pilot.app)
        await press(pilot, "c")
        assert isinstance(pilot.app.screen, ConfirmAddressScreen)
        await press(pilot, *"mistyped", "enter")
        assert isinstance(pilot.app.screen, OwnAccountScreen)
        assert "neuve@chez.example" in shown(pilot.app)


# --- pictures -----------------------------------------------------------------------------

#: What leads from one's own account to each picture.
KEYS: dict[str, tuple[str, ...]] = {
    "own-account": (),
    "change-password": ("p", *PASSWORD, "tab", *OTHER, "tab", *OTHER),
    "change-address": ("e", *"anne@gmial.com", "tab"),
    "keys": ("s", "n", *public_key(1), "tab", "tab", *PASSWORD, "f8"),
    "add-key": ("s", "n", *public_key(1), "tab", *"portable", "tab", *PASSWORD),
    "confirm-address": ("e", *"anne@chez.example", "tab", *PASSWORD, "f8", "c"),
}


@pytest.mark.parametrize("name", KEYS)
def test_picture(console: MakeApp, place: Workplace, snap_compare: Any, name: str) -> None:
    async def go(pilot: Pilot[Any]) -> None:
        await settled(pilot)
        for typed in at_once(KEYS[name]):
            await pilot.press(*typed)
            if len(typed[-1]) > 1 or len(pilot.app.screen_stack) == 1:
                await settled(pilot)
                pilot.app.clear_notifications()  # they pass by themselves
        await settled(pilot)

    app = console(lambda: OwnAccountScreen(place))
    assert snap_compare(app, terminal_size=(80, 24), run_before=go)
