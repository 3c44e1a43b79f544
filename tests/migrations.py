"""Check that the migrations lead to the tables of the models: `python -m tests.migrations`."""

import importlib
import pkgutil
import shutil
import sys
from typing import Any

from tests.servers import PostgresServer, Unavailable, make_folder


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


def main() -> int:
    folder = make_folder()
    try:
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
    finally:
        shutil.rmtree(folder, ignore_errors=True)
    for name, changes in found.items():
        for change in changes:
            print(f"{name}: the models and the migrations differ: {change!r}")
        print(f"migrations on {name}: {len(changes)} differences")
    return 1 if any(found.values()) else 0


if __name__ == "__main__":
    sys.exit(main())
