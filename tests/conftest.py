"""What every test stands on: a fixed language and zone, folders of its own, real databases.

`engine` runs a test on SQLite and on PostgreSQL, `sqlite_engine` and `postgresql_engine` on
one of them; each test has a migrated database of its own, as the one that is made once a run.
`mail_server` is a real SMTP server on the loopback.
"""

import gc
import os
import re
import shutil
import sys
import time
from collections import Counter
from collections.abc import Iterator
from contextlib import contextmanager
from importlib import import_module
from pathlib import Path
from typing import Any

import hypothesis
import pytest
import pytest_textual_snapshot
from syrupy.location import PyTestLocation

from services import passwords
from tests import catalogue
from tests.servers import (
    MailServer,
    PostgresDatabase,
    PostgresServer,
    Unavailable,
    alone,
    make_folder,
)
from tests.typed import type_texts_at_once
from tests.worked_out import share_compiled_statements, share_parsed_style_sheets

TESTS = Path(__file__).parent
SNAPSHOTS = TESTS.parent / "snapshots"
_RUN_FOLDER = "TROUSSEAU_TESTS_RUN_FOLDER"
#: Of the variables of this name, those that are the tests' own: `tests.soak` sets the latter.
_OURS = (_RUN_FOLDER, "TROUSSEAU_SOAK_")
_TEMPLATE = "migrated"
#: Of so many cases of a test one runs on PostgreSQL too.
_ONE_IN = 3
#: What a hash costs outside of the tests: memory and passes.
_TRUE_COST = passwords._MEMORY_KIB, passwords._PASSES
# The program clears Textual's variables when it is imported; the snapshot tool needs this one.
_PICTURES_FOLDER = "TEXTUAL_SNAPSHOT_TEMPDIR"
_inherited = os.environ.get(_PICTURES_FOLDER, "")
_pictures = pytest.StashKey[str]()

hypothesis.settings.register_profile("project", deadline=None, derandomize=True, database=None)
hypothesis.settings.load_profile("project")


class _Picture(pytest_textual_snapshot.SVGImageExtension):
    """Keeps the pictures in snapshots/, one folder a test module."""

    @classmethod
    def dirname(cls, *, test_location: PyTestLocation) -> str:
        module = Path(test_location.filepath).relative_to(TESTS).with_suffix("")
        return str(SNAPSHOTS / module)


pytest_textual_snapshot.SVGImageExtension = _Picture


# --- the run as a whole -------------------------------------------------------------------


def pytest_configure(config: pytest.Config) -> None:
    if config.getoption("update_snapshots", False) and sys.version_info[:2] != (3, 11):
        raise pytest.UsageError("the pictures in snapshots/ are made with Python 3.11 only")
    os.environ["TZ"] = "Europe/Brussels"
    time.tzset()
    for name in [name for name in os.environ if _is_from_outside(name)]:
        del os.environ[name]
    if _is_worker():
        return
    catalogue.compile_all()
    os.environ[_RUN_FOLDER] = str(make_folder())


def pytest_unconfigure(config: pytest.Config) -> None:
    if _is_worker() or _RUN_FOLDER not in os.environ:
        return
    folder = Path(os.environ.pop(_RUN_FOLDER))
    server = PostgresServer(folder / "pg")
    if server.running:
        server.stop()
    shutil.rmtree(folder, ignore_errors=True)


@pytest.hookimpl(trylast=True)
def pytest_sessionstart(session: pytest.Session) -> None:
    session.config.stash[_pictures] = os.environ.get(_PICTURES_FOLDER, _inherited)


@pytest.hookimpl(wrapper=True)
def pytest_collection(session: pytest.Session) -> Iterator[None]:
    """Look for garbage seldom, and never among what was collected, all of which stays.

    It takes a fifth of a run's CPU in a process that holds so much, and seconds at its end.
    """
    gc.disable()
    try:
        return (yield)
    finally:
        gc.freeze()
        gc.set_threshold(20_000, 20, 50)
        gc.enable()


def pytest_collection_modifyitems(config: pytest.Config, items: list[pytest.Item]) -> None:
    """Of the cases of a test leave one in three on PostgreSQL, the first among them.

    All run on SQLite, and all on both where `every_case` says that the engines may differ by case.
    """
    cases: Counter[str] = Counter()
    left: list[pytest.Item] = []
    for item in items:
        case = getattr(item, "callspec", None)
        on_postgresql = case is not None and case.params.get("database_url") == "postgresql"
        if on_postgresql and not item.get_closest_marker("every_case"):
            function = item.nodeid.partition("[")[0]
            cases[function] += 1
            if cases[function] % _ONE_IN != 1:
                left.append(item)
    if left:
        config.hook.pytest_deselected(items=left)
        dropped = set(left)
        items[:] = [item for item in items if item not in dropped]


@pytest.hookimpl(tryfirst=True)
def pytest_sessionfinish(session: pytest.Session) -> None:
    os.environ[_PICTURES_FOLDER] = session.config.stash[_pictures]


def _is_worker() -> bool:
    return "PYTEST_XDIST_WORKER" in os.environ


def _is_from_outside(name: str) -> bool:
    """Tell whether the variable would let the caller's own set-up into the tests."""
    mine = name.startswith("TROUSSEAU_") and not name.startswith(_OURS)
    return mine or name in ("COLORTERM", "NO_COLOR", "TEXTUAL_DRIVER", "TEXTUAL")


@pytest.fixture(scope="session")
def run_folder() -> Path:
    """A folder that all workers of this run share."""
    return Path(os.environ[_RUN_FOLDER])


# --- each test ----------------------------------------------------------------------------


@pytest.fixture(scope="session", autouse=True)
def _worked_out_once() -> None:
    share_compiled_statements()
    share_parsed_style_sheets()


@pytest.fixture(scope="session", autouse=True)
def _typed_at_once() -> None:
    type_texts_at_once()


@pytest.fixture(autouse=True)
def home(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, pytestconfig: pytest.Config) -> Path:
    """The program's own folders for this test, so that nothing touches those of the user."""
    from models.language import DEFAULT_LANGUAGE, use_language

    use_language(DEFAULT_LANGUAGE)
    monkeypatch.setenv(_PICTURES_FOLDER, pytestconfig.stash[_pictures])
    home = tmp_path / "home"
    monkeypatch.setenv("TROUSSEAU_HOME", str(home))
    monkeypatch.setenv("HOME", str(tmp_path / "user"))
    for variable in ("XDG_CONFIG_HOME", "XDG_DATA_HOME", "XDG_STATE_HOME", "XDG_CACHE_HOME"):
        monkeypatch.delenv(variable, raising=False)
    return home


@pytest.fixture(scope="session", autouse=True)
def _true_clocks() -> None:
    """Load what takes the clock by its name, before a test sets `office.now` to another.

    Whatever a command loaded meanwhile would keep that clock for good, and for all tests to come.
    """
    root = TESTS.parent
    for path in sorted((root / "tui").rglob("*.py")):
        if re.search(r"^from tui\.cli\.office import .*\bnow\b", path.read_text(), re.MULTILINE):
            import_module(".".join(path.relative_to(root).with_suffix("").parts))


@pytest.fixture(scope="session", autouse=True)
def _light_hashes() -> None:
    """Hash a password of the tests in no time: that it takes 40 ms proves something but once."""
    passwords._MEMORY_KIB, passwords._PASSES = 64, 1


@pytest.fixture
def true_hashes(monkeypatch: pytest.MonkeyPatch) -> None:
    """Hash passwords as the program does, for a test of how, or of how long it takes."""
    monkeypatch.setattr(passwords, "_MEMORY_KIB", _TRUE_COST[0])
    monkeypatch.setattr(passwords, "_PASSES", _TRUE_COST[1])


# --- databases ----------------------------------------------------------------------------


@pytest.fixture(scope="session")
def sqlite_template(run_folder: Path) -> Path:
    """A migrated, empty SQLite file, to be copied."""
    from models.database import make_engine
    from models.upgrades import upgrade

    template = run_folder / f"{_TEMPLATE}.db"
    with alone(run_folder, "sqlite"):
        if not template.exists():
            unfinished = run_folder / "unfinished.db"
            engine = make_engine(f"sqlite:///{unfinished}")
            upgrade(engine)
            engine.dispose()  # the last connection takes the WAL into the file
            unfinished.rename(template)
    return template


@pytest.fixture(scope="session")
def postgres_server(run_folder: Path) -> PostgresServer:
    """The run's PostgreSQL server; skips loudly where this machine cannot run it."""
    server = PostgresServer(run_folder / "pg")
    refusal = run_folder / "no-postgresql"
    with alone(run_folder, "postgresql"):
        if not server.running and not refusal.exists():
            try:
                server.start()
            except Unavailable as error:
                refusal.write_text(str(error))
    if refusal.exists():
        pytest.skip(f"NOT TESTED ON POSTGRESQL: {refusal.read_text()}")
    return server


@pytest.fixture(scope="session")
def postgres_template(run_folder: Path, postgres_server: PostgresServer) -> str:
    """The name of a migrated, empty database, to be cloned."""
    from models.database import make_engine
    from models.upgrades import upgrade

    done = run_folder / "postgresql-migrated"
    with alone(run_folder, "postgresql"):
        if not done.exists():
            postgres_server.execute(f"DROP DATABASE IF EXISTS {_TEMPLATE}")
            postgres_server.execute(f"CREATE DATABASE {_TEMPLATE}")
            engine = make_engine(postgres_server.url(_TEMPLATE))
            upgrade(engine)
            engine.dispose()  # a database with a session in it cannot be cloned
            done.touch()
    return _TEMPLATE


@pytest.fixture
def sqlite_url(sqlite_template: Path, tmp_path: Path) -> str:
    """The address of a migrated SQLite file of this test's own."""
    folder = tmp_path / "database"
    folder.mkdir(mode=0o700)
    shutil.copy2(sqlite_template, folder / "trousseau.db")
    return f"sqlite:///{folder / 'trousseau.db'}"


@pytest.fixture(scope="session")
def postgresql_database(
    postgres_server: PostgresServer, postgres_template: str
) -> Iterator[PostgresDatabase]:
    """The database of this worker, which each of its tests finds as it was made."""
    worker = os.environ.get("PYTEST_XDIST_WORKER", "alone")
    with PostgresDatabase(postgres_server, postgres_template, f"test_{worker}") as database:
        yield database


@pytest.fixture
def postgresql_url(postgresql_database: PostgresDatabase) -> str:
    """The address of a migrated PostgreSQL database that is this test's own until it ends."""
    return postgresql_database.url()


@pytest.fixture(params=["sqlite", "postgresql"])
def database_url(request: pytest.FixtureRequest) -> str:
    """The address of a migrated database of this test's own, on both engines in turn."""
    return str(request.getfixturevalue(f"{request.param}_url"))


@contextmanager
def _engine(url: str) -> Iterator[Any]:
    from models.database import make_engine

    engine = make_engine(url)
    try:
        yield engine
    finally:
        engine.dispose()


@pytest.fixture
def sqlite_engine(sqlite_url: str) -> Iterator[Any]:
    """An engine on a migrated SQLite file of this test's own."""
    with _engine(sqlite_url) as engine:
        yield engine


@pytest.fixture
def postgresql_engine(postgresql_url: str) -> Iterator[Any]:
    """An engine on a migrated PostgreSQL database of this test's own."""
    with _engine(postgresql_url) as engine:
        yield engine


@pytest.fixture
def engine(database_url: str) -> Iterator[Any]:
    """An engine on a migrated database of this test's own, on both engines in turn."""
    with _engine(database_url) as engine:
        yield engine


# --- mail ---------------------------------------------------------------------------------


@pytest.fixture
def mail_server() -> Iterator[MailServer]:
    """A real SMTP server on the loopback that keeps what it accepts."""
    with MailServer() as server:
        yield server
