"""The console as a person opens it: the demonstration, and signing in with one's own account."""

import base64
import fcntl
import io
import os
import socket
import struct
import subprocess
import sys
from datetime import timedelta
from importlib import import_module
from pathlib import Path

import pytest

from models.language import say
from models.rights import ROLES
from screens.commands import PLACES
from screens.dashboard import DashboardScreen
from screens.opening import OpeningScreen
from tests.demo_home import demo_home, demo_template
from tests.screens.conftest import settled
from tests.terminal import Terminal
from tui.command_line import run
from tui.console import _SCREENS, Console, _console, _home
from tui.door import Door

__all__ = ["demo_home", "demo_template"]

PASSWORD = "quatre tortues lisent Kant"
#: The demonstration's director, and a key whose bytes mean nothing.
DIRECTOR = "anne.lambert@courriel.example"
_PARTS = (b"ssh-ed25519", b"\x07" * 32)
PUBLIC_KEY = (
    "ssh-ed25519 "
    + base64.b64encode(b"".join(struct.pack(">I", len(part)) + part for part in _PARTS)).decode()
)


@pytest.fixture
def temporary(tmp_path: Path) -> Path:
    folder = tmp_path / "temporary"
    folder.mkdir()
    return folder


@pytest.fixture
def demonstration(temporary: Path, run_folder: Path) -> dict[str, str]:
    """Where it is, and where its schools are kept: the first of a run to need them builds them.

    That each would build its own, had it to, is for `test_demo_template` to show.
    """
    return {"TMPDIR": str(temporary), "XDG_CACHE_HOME": str(run_folder / "cache")}


def test_the_demonstration_opens_at_the_directors_dashboard_and_leaves_nothing(
    temporary: Path, demonstration: dict[str, str]
) -> None:
    with Terminal(["demo"], environment=demonstration) as terminal:
        terminal.wait_for("Institut Saint-Aubert", "98101", "Anne Lambert")
        assert len(list(temporary.glob("trousseau-demo-*"))) == 1
        terminal.type("q")
        assert terminal.wait_for_end() == 0
    assert not list(temporary.glob("trousseau-demo-*"))


def test_the_helpdesk_tries_it_too(demonstration: dict[str, str]) -> None:
    environment = {**demonstration, "TROUSSEAU_DATABASE_URL": "mysql://nowhere/x"}
    with Terminal(["demo", "--role", "helpdesk"], environment=environment) as terminal:
        terminal.wait_for("Helpdesk")
        terminal.type("q")
        assert terminal.wait_for_end() == 0


def test_what_a_killed_demonstration_left_is_removed_by_the_next(
    temporary: Path, demonstration: dict[str, str]
) -> None:
    from tui.demonstration import remove_stale

    with Terminal(["demo"], environment=demonstration) as terminal:
        terminal.wait_for("98101")
        remove_stale(temporary)
        (home,) = temporary.glob("trousseau-demo-*")
        assert (home / "data").is_dir()  # somebody is looking at it
        terminal.hang_up()
    assert home.exists()
    remove_stale(temporary)
    assert not home.exists()


def test_a_home_that_is_not_a_demonstrations_is_left_alone(temporary: Path) -> None:
    from tui.demonstration import remove_stale

    dear = temporary / "trousseau-demo-dear"
    dear.mkdir()
    (dear / "letters").write_text("from grandmother")
    remove_stale(temporary)
    assert (dear / "letters").exists()


def test_an_unknown_role_is_a_mistake_in_the_arguments() -> None:
    with Terminal(["demo", "--role", "emperor"]) as terminal:
        assert terminal.wait_for_end() == 2
        assert "helpdesk, director, coordinator" in terminal.screen


def test_signing_in_leads_to_the_dashboard(
    demo_home: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    typed = io.TextIOWrapper(io.BytesIO(f"{PASSWORD}\n".encode()))
    monkeypatch.setattr(sys, "stdin", typed)
    school = ["--role", "director", "--school", "98102"]
    assert run(["account", "add", "new@ecole-tilleuls.example", *school]) == 0
    with Terminal(environment={"TROUSSEAU_LANGUAGE": "en"}) as terminal:
        terminal.wait_for("F8")
        # At once, faster than the screen: no key may reach the field before.
        terminal.type("new@ecole-tilleuls.example\rnot the password\r")
        terminal.wait_for(" new@ecole-tilleuls.example\n", "several wrong")
        terminal.type(f"{PASSWORD}\r")
        # In the language of the account, told of the wrong try that may not have been its own.
        terminal.wait_for("98102", "Les Tilleuls", "1 essai erroné")
        assert "98101" not in terminal.screen
        terminal.type("\r")
        terminal.type("q")
        assert terminal.wait_for_end() == 0


@pytest.mark.parametrize("address", [DIRECTOR, "personne@courriel.example"])
def test_leaving_waits_for_no_mail_server(demo_home: Path, address: str) -> None:
    """Nor does it tell, by how long it takes, whether something was to be sent."""
    with socket.socket() as silent:
        silent.bind(("127.0.0.1", 0))
        silent.listen()
        silent.settimeout(30)
        url = f"smtp://127.0.0.1:{silent.getsockname()[1]}?tls=none"
        environment = {"TROUSSEAU_MAIL_URL": url, "TROUSSEAU_LANGUAGE": "en"}
        with Terminal(environment=environment, patience=30) as terminal:
            terminal.wait_for("F4 Forgotten password")
            terminal.type("\x1bOS")
            terminal.wait_for("A new token is mailed")
            terminal.type(f"{address}\x1b[19~")
            terminal.wait_for("The request is taken")
            held = silent.accept() if address == DIRECTOR else None  # it is being sent
            terminal.type("\x1b")
            terminal.wait_for("First time here?")
            terminal.type("\x1b")
            assert terminal.wait_for_end() == 0
        if held is not None:
            held[0].close()


class TestDoor:
    def test_a_new_installation_says_how_to_begin(self, home: Path) -> None:
        door = Door()
        told = door.prepare()
        assert told is not None
        assert "trousseau account add" in told.text("en")
        door.open()[1].dispose()

    def test_it_is_opened_once(self, demo_home: Path) -> None:
        door = Door()
        assert door.prepare() is None
        assert door.open() is door.open()
        door.open()[1].dispose()

    def test_a_key_lets_its_owner_in_and_nobody_else(
        self, demo_home: Path, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        from services import account_keys
        from services.accounts import DOOR
        from services.desk import Desk

        door = Door("192.0.2.7")
        _settings, engine = door.open()
        desk = Desk(engine, DOOR)
        account = desk.read(account_keys.account_named, DIRECTOR)
        key = desk.write(account_keys.add_key, account, PUBLIC_KEY)
        arrived = door.by_key(key.fingerprint)
        assert arrived is not None
        assert arrived.identity.account_id == account
        assert arrived.entered is not None
        assert arrived.entered.workplace.role == "director"
        assert door.by_key("SHA256:" + "A" * 43) is None
        # What a whole desk has is nobody's, whoever has added it.
        shared = demo_home / "shared_keys"
        shared.write_text(f'# of the desk\nrestrict,command="x" {PUBLIC_KEY}\nno key\n')
        monkeypatch.setenv("TROUSSEAU_SHARED_KEYS", str(shared))
        other = Door("192.0.2.7")
        assert other.by_key(key.fingerprint) is None
        assert other.entrance().offered == ""
        other.open()[1].dispose()
        engine.dispose()

    def test_where_one_comes_from_and_the_key_do_not_show(self, demo_home: Path) -> None:
        door = Door("192.0.2.7")
        entrance = door.entrance()
        assert entrance.knocker == "192.0.2.7"
        assert entrance.key.secret.hex() not in repr(entrance)
        assert repr(entrance.key.secret) not in repr(entrance)
        door.open()[1].dispose()

    def test_how_long_nobody_must_touch_a_key_is_a_setting(
        self, demo_home: Path, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        monkeypatch.setenv("TROUSSEAU_IDLE_MINUTES", "7")
        door = Door()
        assert door.idle == timedelta(minutes=20)  # the settings are not read yet
        door.open()[1].dispose()
        assert door.idle == timedelta(minutes=7)


async def test_over_a_demonstration_there_is_no_signing_out(demo_home: Path) -> None:
    from models.database import SYSTEM
    from services import demo_guests
    from services.desk import Desk

    door = Door()
    _settings, engine = door.open()
    guest = Desk(engine, SYSTEM).read(demo_guests.somebody, "director", "fr")
    entered = door.show(guest)
    app = _console(
        lambda: OpeningScreen("Trousseau", say(""), lambda: entered), door, signs_out=False
    )
    async with app.run_test() as pilot:
        await settled(pilot)
        assert isinstance(app, Console)
        assert isinstance(app.screen, DashboardScreen)
        assert "sign-out" not in app.places
        await pilot.press("g", "q", "escape")
        await settled(pilot)
        assert isinstance(app.screen, DashboardScreen)
    engine.dispose()


def test_the_way_in_is_painted_before_the_data_layer_is_loaded() -> None:
    program = (
        "import sys, tui.console\n"
        "print({'sqlmodel', 'sqlalchemy', 'pydantic', 'babel'} & set(sys.modules))"
    )
    found = subprocess.run(
        [sys.executable, "-c", program],
        cwd=Path(__file__).parents[2],
        capture_output=True,
        text=True,
        timeout=50,
    )
    assert found.stdout.strip() == "set()", found.stderr


@pytest.mark.parametrize("place", _SCREENS)
def test_every_place_has_its_screen(place: str) -> None:
    module, name, _about_a_school = _SCREENS[place]
    assert hasattr(import_module(module), name)
    homes = {_home(role) for role in ROLES}  # `g d` leads there
    assert place in {known.id for known in PLACES} | homes | {"search"}  # Ctrl+R does


def test_a_home_in_use_is_held(temporary: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    import tempfile

    from tui.demonstration import throw_away_home

    monkeypatch.setattr(tempfile, "tempdir", str(temporary))
    monkeypatch.setenv("TROUSSEAU_MAIL_URL", "smtps://real@mail.example")
    for name in [name for name in os.environ if name.startswith("TROUSSEAU_")]:
        monkeypatch.setenv(name, os.environ[name])  # so that each is there again afterwards
    with throw_away_home() as home:
        assert os.environ["TROUSSEAU_HOME"] == str(home)
        assert "TROUSSEAU_MAIL_URL" not in os.environ
        with (home / "in-use").open() as lock, pytest.raises(BlockingIOError):
            fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
    assert not home.exists()
