"""A home of the program with the sample schools in it, built once a run and copied."""

import shutil
from datetime import UTC, datetime
from pathlib import Path

import pytest

from tests.servers import alone

#: Some days into the autumn, at half past nine in Brussels.
AT = datetime(2026, 11, 20, 8, 30, tzinfo=UTC)


@pytest.fixture(scope="session")
def demo_template(run_folder: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The folder of a home with the sample schools as they stand at `AT`: the worker's own."""
    built = run_folder / "demo"
    with alone(run_folder, "demo"):
        if not built.exists():
            unfinished = run_folder / "unfinished-demo"
            _build(unfinished)
            unfinished.rename(built)
    # Whoever reads a database has files beside it, which another one must not come upon.
    return shutil.copytree(built, tmp_path_factory.mktemp("demo") / "home")


def _build(home: Path) -> None:
    from models.keys import load_key
    from services import demo
    from services.opening import open_database

    for name in ("config", "data", "state"):
        (home / name).mkdir(mode=0o700, parents=True)
    engine = open_database(f"sqlite:///{home / 'data' / 'trousseau.db'}", embedded=True, at=AT)
    demo.build(engine, load_key(home / "config" / "key"), AT)
    engine.dispose()


@pytest.fixture
def demo_home(demo_template: Path, home: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """This test's own copy, which the command line finds by itself, with the clock at `AT`."""
    from tui.cli import office

    shutil.copytree(demo_template, home)
    for path in (home, *home.rglob("*")):
        path.chmod(0o700 if path.is_dir() else 0o600)
    monkeypatch.setattr(office, "now", lambda: AT)
    for module in ("tui.cli.mail", "tui.cli.database", "tui.console"):
        monkeypatch.setattr(f"{module}.now", lambda: AT)
    return home
