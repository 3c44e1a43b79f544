"""Check that the migrations lead to the tables of the models: `python -m tests.migrations`."""

import importlib
import pkgutil
import sys
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from tests.servers import PostgresServer, Unavailable


def differences_at(url: str) -> list[Any]:
    """Migrate the empty database at `url`; return what Alembic would still change in it."""
    import models
    from models.database import make_engine
    from models.upgrades import differences, upgrade

    # Every table, also one of a module that nothing imports yet.
    for module in pkgutil.walk_packages(models.__path__, "models."):
        if not module.name.startswith("models.migrations"):
            importlib.import_module(module.name)
    engine = make_engine(url)
    try:
        upgrade(engine)
        return differences(engine)
    finally:
        engine.dispose()


@contextmanager
def _folder() -> Iterator[Path]:
    with tempfile.TemporaryDirectory(prefix="t-") as name:
        Path(name).chmod(0o711)
        yield Path(name)


def main() -> int:
    with _folder() as folder:
        found = {"SQLite": differences_at(f"sqlite:///{folder / 'empty.db'}")}
        server = PostgresServer(folder / "pg")
        try:
            server.start()
        except Unavailable as error:
            print(f"migrations: NOT CHECKED ON POSTGRESQL: {error}", file=sys.stderr)
        else:
            try:
                found["PostgreSQL"] = differences_at(server.url("postgres"))
            finally:
                server.stop()
    for name, changes in found.items():
        for change in changes:
            print(f"{name}: the models and the migrations differ: {change!r}")
        print(f"migrations on {name}: {len(changes)} differences")
    return 1 if any(found.values()) else 0


if __name__ == "__main__":
    sys.exit(main())
