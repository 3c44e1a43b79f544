"""Databases that benchmarks fill and throw away: both engines, set as the program sets them."""

import shutil
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import UTC, datetime
from itertools import count
from pathlib import Path

from sqlalchemy import Engine
from sqlalchemy.engine import make_url

from models.database import make_engine
from models.upgrades import fill_catalogues, upgrade
from tests.servers import PostgresServer, Unavailable, make_folder

#: The moment at which everything happens: a school year has just begun.
NOW = datetime(2026, 9, 1, 8, tzinfo=UTC)
NAMES = {"sqlite": "SQLite", "postgresql": "PostgreSQL"}


class DurableServer(PostgresServer):
    """PostgreSQL as it is run in earnest: what is committed survives a power cut."""

    def _configuration(self) -> str:
        # The last line of a name counts, so these take the stead of the tests' settings.
        return super()._configuration() + (
            "fsync = on\n"
            "synchronous_commit = on\n"
            "full_page_writes = on\n"
            "shared_buffers = 256MB\n"
            "max_wal_size = 4GB\n"
        )


class Databases:
    """Databases below `folder`, each for one measurement.

    `server` is a running PostgreSQL, None where there is none; then `refusal` says why.
    """

    def __init__(self, folder: Path, server: PostgresServer | None, refusal: str = "") -> None:
        self.folder, self._server, self.refusal = folder, server, refusal
        self._numbers = count(1)
        #: For each kind, the URL of a database with tables and catalogues, to be copied.
        self._templates: dict[str, str] = {}
        self.kinds = ("sqlite", "postgresql") if server is not None else ("sqlite",)

    @contextmanager
    def fresh(self, kind: str) -> Iterator[Engine]:
        """Make a database with tables and catalogues, and remove it at the end."""
        if kind not in self._templates:
            self._templates[kind] = self._make(kind)
            engine = make_engine(self._templates[kind])
            upgrade(engine)
            fill_catalogues(engine, NOW)
            engine.dispose()  # the last connection brings the log into the file to be copied
        with self._opened(self._make(kind, self._templates[kind]), kind) as engine:
            yield engine

    @contextmanager
    def empty(self, kind: str) -> Iterator[Engine]:
        """Make a database without tables, and remove it at the end."""
        with self._opened(self._make(kind), kind) as engine:
            yield engine

    def _make(self, kind: str, template: str = "") -> str:
        name = f"bench_{next(self._numbers)}"
        if kind == "sqlite":
            path = self.folder / name / "trousseau.db"
            path.parent.mkdir(mode=0o700)
            if template:
                shutil.copy2(_path(template), path)
            return f"sqlite:///{path}"
        assert self._server is not None
        of = f" TEMPLATE {make_url(template).database}" if template else ""
        self._server.execute(f"CREATE DATABASE {name}{of}")
        return self._server.url(name)

    @contextmanager
    def _opened(self, url: str, kind: str) -> Iterator[Engine]:
        engine = make_engine(url)
        try:
            yield engine
        finally:
            engine.dispose()
            if kind == "sqlite":
                shutil.rmtree(_path(url).parent)
            elif self._server is not None:
                self._server.execute(f"DROP DATABASE {make_url(url).database} WITH (FORCE)")


def _path(url: str) -> Path:
    return Path(make_url(url).database or "")


@contextmanager
def databases() -> Iterator[Databases]:
    """Start a PostgreSQL of this run's own, and take everything away at the end."""
    folder = make_folder()
    # The server's account must get through, and the databases beside it are closed by themselves.
    server = DurableServer(folder / "p")
    (folder / "p").mkdir(mode=0o755)
    try:
        try:
            server.start()
        except Unavailable as refusal:
            yield Databases(folder, None, str(refusal))
            return
        try:
            yield Databases(folder, server)
        finally:
            server.stop()
    finally:
        shutil.rmtree(folder, ignore_errors=True)


def settle_down(engine: Engine) -> None:
    """Give PostgreSQL the statistics that its own housekeeping would have made by now."""
    if engine.dialect.name == "postgresql":
        with engine.connect().execution_options(isolation_level="AUTOCOMMIT") as connection:
            connection.exec_driver_sql("VACUUM ANALYZE")
