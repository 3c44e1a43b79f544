"""A home of the program with the sample schools in it, built once a run and copied."""

import shutil
from datetime import UTC, datetime
from pathlib import Path

import pytest

#: Some days into the autumn, at half past nine in Brussels.
AT = datetime(2026, 11, 20, 8, 30, tzinfo=UTC)


@pytest.fixture(scope="session")
def demo_template(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The folder of a home with the sample schools as they stand at `AT`."""
    from models.keys import load_key
    from services import demo
    from services.opening import open_database

    home = tmp_path_factory.mktemp("demo") / "home"
    for name in ("config", "data", "state"):
        (home / name).mkdir(mode=0o700, parents=True)
    engine = open_database(f"sqlite:///{home / 'data' / 'trousseau.db'}", embedded=True, at=AT)
    demo.build(engine, load_key(home / "config" / "key"), AT)
    engine.dispose()
    return home


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
