"""What whole journeys stand on: the real console over a real database, files and mail server."""

from __future__ import annotations

import shutil
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from datetime import UTC, date, datetime
from pathlib import Path
from typing import Any

import pytest
import pytest_textual_snapshot
from sqlalchemy import Engine
from sqlmodel import col
from syrupy.assertion import SnapshotAssertion
from textual.pilot import Pilot

from models.access import Access
from models.accounts import Account
from models.database import SYSTEM, change, writing
from screens.dashboard import DashboardScreen
from screens.progress import ProgressScreen
from screens.sign_in import SignInScreen
from services import accounts
from services.desk import Desk
from services.opening import open_database
from services.passwords import Hasher
from tests.both_drivers import Pair, both_drivers
from tests.replayed import wanted
from tests.screens.conftest import screen_text, settled
from tests.servers import MailServer
from tests.worlds import Clock, World, make_world
from tui import console
from tui.app import TrousseauApp
from tui.door import Door

#: The eve of the first day of school, at nine in Brussels.
EVE = datetime(2026, 8, 31, 7, 0, tzinfo=UTC)
DIRECTOR, PASSWORD = "anne.lambert@saint-exemple.example", "quatre tortues lisent Kant"

#: As a secretary's program writes it: semicolons, cp1252, doubled spaces, a header of its own.
STAFF = """\
Nom;Prénom;Né(e)  le;Où écrire;Fonction;Registre national
Vandenbroeck;Élise;12/03/1980;elise.vdb@courriel.example;Enseignante;80.03.12-004.55
D'Hondt;Noémie;05/11/1991;noemie.dhondt@courriel.example;Éducatrice;91.11.05-002.31
El Amrani;Fatima;30/06/1985;fatima.elamrani@courriel.example;Enseignante;85.06.30-006.77
Lefèvre;Étienne;21/01/1974;etienne.lefebvre@courriel.example;Économe;74.01.21-001.12
Lejeune;Bérénice;17/09/1988;berenice.lejeune@courriel.example;Enseignante;88.09.17-008.42
Peeters;Zoë;02/02/1993;;Enseignante;93.02.02-004.19
Benali;Aïcha;14/12/1979;aicha.benali@courriel.example;Secrétaire de direction;79.12.14-002.08
"""
#: The mail server knows nobody of this name: a letter too many.
MISTYPED, RIGHT = "etienne.lefebvre@courriel.example", "etienne.lefevre@courriel.example"


@dataclass
class School:
    """An installation with a school in which nothing is imported yet, and a director."""

    world: World
    home: Path
    folder: Path
    server: MailServer
    clock: Clock

    def write_staff(self, name: str, text: str = STAFF) -> None:
        (self.folder / name).write_bytes(text.replace("\n", "\r\n").encode("cp1252"))

    @property
    def formulaires(self) -> Path:
        """Where the consent forms are put: in the director's own folder."""
        return Path("~/formulaires").expanduser()


@pytest.fixture
def school(
    request: pytest.FixtureRequest,
    home: Path,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    mail_server: MailServer,
) -> Any:
    """The installation below TROUSSEAU_HOME, its clock on `EVE`, its mail to a real server.

    On SQLite, or with `postgresql` as parameter there.
    """
    clock = Clock(EVE)
    for module in ("tui.cli.office", "tui.cli.mail", "tui.cli.database", "tui.console", "tui.door"):
        monkeypatch.setattr(f"{module}.now", clock)
    monkeypatch.setenv("TROUSSEAU_MAIL_URL", f"{mail_server.url}?rate=0")
    monkeypatch.setenv("TROUSSEAU_MAIL_FROM", "comptes@saint-exemple.example")
    folder = tmp_path / "listes"
    folder.mkdir()
    monkeypatch.chdir(folder)
    for part in ("config", "data", "state"):
        (home / part).mkdir(parents=True, mode=0o700)
    if getattr(request, "param", "sqlite") == "postgresql":
        url = request.getfixturevalue("postgresql_url")
        monkeypatch.setenv("TROUSSEAU_DATABASE_URL", url)
        engine = open_database(url, embedded=False, at=EVE)
    else:
        template = request.getfixturevalue("sqlite_template")
        shutil.copy2(template, home / "data" / "trousseau.db")
        url = f"sqlite:///{home / 'data' / 'trousseau.db'}"
        engine = open_database(url, embedded=True, at=EVE)
    world = make_world(engine, EVE)
    world.clock = clock
    _active_elsewhere(world)
    _director(engine, world, home)
    found = School(world, home, folder, mail_server, clock)
    found.write_staff("personnel.csv")
    yield found
    engine.dispose()


def _active_elsewhere(world: World) -> None:
    """Bérénice Lejeune has an account already, of the other school."""
    known = world.person(
        world.other,
        surname="Lejeune",
        first_name="Bérénice",
        birth_date=date(1988, 9, 17),
        email="berenice.lejeune@courriel.example",
    )
    with writing(world.engine, SYSTEM, EVE) as session:
        theirs = col(Access.id) == known.access
        change(session, Access, theirs, activated_at=EVE, activation="token")
        email = "berenice.lejeune@courriel.example"
        session.add(
            Account(
                email=email,
                email_key=email,
                person_id=known.person,
                password_set_at=EVE,
                address_proved_at=EVE,
                created_at=EVE,
            )
        )


def _director(engine: Engine, world: World, home: Path) -> None:
    Desk(engine, SYSTEM, lambda: EVE).write(
        accounts.add_account,
        DIRECTOR,
        "director",
        [world.mine],
        password_hash=Hasher(home / "state").hash(PASSWORD),
        name="Anne Lambert",
    )


class Journey:
    """Somebody at the keyboard of the console."""

    def __init__(self, pilot: Pilot[Any], picture: SnapshotAssertion) -> None:
        self.pilot, self.app, self._picture = pilot, pilot.app, picture

    async def press(self, *keys: str) -> None:
        """Press keys one by one, and wait for all that they set going."""
        for key in keys:
            await self.pilot.press(key)
            await self.settled()

    async def type(self, text: str, *keys: str) -> None:
        await self.pilot.press(*text)
        await self.press(*keys)

    async def settled(self) -> None:
        """Wait until no work runs, its window has closed, and everything is shown."""
        await settled(self.pilot)
        if isinstance(self.app.screen, ProgressScreen):
            while isinstance(self.app.screen, ProgressScreen):
                await self.pilot.pause()
            await settled(self.pilot)

    def sees(self, *words: str) -> None:
        """Hold each of `words` against what is on screen or was just told, line ends apart."""
        shown = flat(f"{screen_text(self.app)} {self.told}")
        for each in words:
            assert flat(each) in shown, f"{each!r} is not in\n{screen_text(self.app)}\n{self.told}"

    def sees_not(self, *words: str) -> None:
        shown = flat(screen_text(self.app))
        for each in words:
            assert flat(each) not in shown, f"{each!r} is in\n{screen_text(self.app)}"

    @property
    def told(self) -> str:
        """What the messages on screen say."""
        return " ".join(f"{m.title} {m.message}" for m in self.app._notifications)

    def hear(self) -> str:
        """Return what has been told, and let the messages go."""
        told = self.told
        self.app.clear_notifications()
        return told

    async def picture(self, name: str) -> None:
        """Compare the screen, without passing messages, with its picture in snapshots/."""
        self.hear()
        await self.settled()
        if any(wanted()):
            return  # it is kept at one size and in one style
        svg = pytest_textual_snapshot.normalize_svg(self.app.export_screenshot())
        assert self._picture(name=name) == svg, f"another picture than the one kept: {name}"


class Typist(Journey):
    """Somebody who types a text faster than the console shows it: its letters come in at once."""

    def __init__(self, pilot: Any, picture: SnapshotAssertion, pair: Pair) -> None:
        super().__init__(pilot, picture)
        self._pair = pair

    async def type(self, text: str, *keys: str) -> None:
        await self._pair.type(text.encode(), len(text), self.app)
        await self.settled()
        await self.press(*keys)

    async def paste(self, text: str) -> None:
        """Paste as a terminal does, with the line ends of the Enter key."""
        data = "\x1b[200~" + text.replace("\n", "\r") + "\x1b[201~"
        await self._pair.type(data.encode(), 1, self.app)
        await self.settled()

    async def comes_in(self, address: str, password: str) -> None:
        """Sign in, at the way in."""
        assert isinstance(self.app.screen, SignInScreen)
        await self.type(address, "enter")
        await self.type(password, "enter")
        assert isinstance(self.app.screen, DashboardScreen)


def flat(text: str) -> str:
    """Return the text with every run of spaces, line ends and no-break spaces as one space."""
    return " ".join(text.split())


@pytest.fixture(autouse=True)
def both_on_two_terminals(monkeypatch: pytest.MonkeyPatch) -> Iterator[Pair]:
    """Let whoever follows a journey see each step as Textual drew it, and as our driver sent it.

    Both are compared after each key (`tests.both_drivers`).
    """
    with both_drivers(monkeypatch, *wanted()) as pair:
        yield pair


@pytest.fixture
def picture(snapshot: SnapshotAssertion) -> SnapshotAssertion:
    return snapshot.use_extension(pytest_textual_snapshot.SVGImageExtension)


@pytest.fixture
def open_console(
    school: School, monkeypatch: pytest.MonkeyPatch
) -> Iterator[Callable[[], TrousseauApp]]:
    """Return what `trousseau` would run on the terminal."""
    engines, open_door = set(), Door.open

    def open_and_note(door: Door) -> Any:
        settings, engine = open_door(door)
        engines.add(engine)
        return settings, engine

    def opened() -> TrousseauApp:
        apps: list[TrousseauApp] = []
        monkeypatch.setattr(console, "run", lambda app: apps.append(app) or 0)
        console.open_console()
        return apps[0]

    monkeypatch.setattr(Door, "open", open_and_note)
    # Where the clock goes on by hours, a look between two keys would sign out whoever is at work.
    monkeypatch.setattr(console, "_LOOK_EVERY", 36_000.0)
    yield opened
    for engine in engines:
        engine.dispose()
