"""What attacks stand on: services, the parent of sessions, and two schools full of everything."""

import dataclasses
import shutil
from collections.abc import Iterator
from pathlib import Path

import pytest

from models.database import make_engine
from models.keys import Key, load_key
from tests.faults import two_schools
from tests.faults.two_schools import Schools
from tests.services.conftest import house, light
from tests.tui.serve.conftest import folder
from tests.worlds import Clock

__all__ = ["folder", "house", "light"]


@pytest.fixture(scope="session")
def full(sqlite_template: Path, tmp_path_factory: pytest.TempPathFactory) -> tuple[Path, Schools]:
    """A database with two schools full of everything, to be copied and not to be changed."""
    file = tmp_path_factory.mktemp("two") / "full.db"
    shutil.copy2(sqlite_template, file)
    engine = make_engine(f"sqlite:///{file}")
    schools = two_schools.build(engine)
    engine.dispose()
    return file, schools


@pytest.fixture
def schools(full: tuple[Path, Schools], tmp_path: Path) -> Iterator[Schools]:
    """The two schools in a database, and at a clock, of the test's own."""
    file, schools = full
    copy = tmp_path / "trousseau.db"
    shutil.copy2(file, copy)
    engine = make_engine(f"sqlite:///{copy}")
    clock = Clock(schools.world.clock.now)
    world = dataclasses.replace(schools.world, engine=engine, clock=clock)
    yield dataclasses.replace(schools, world=world)
    engine.dispose()


@pytest.fixture
def key(tmp_path: Path) -> Key:
    return load_key(tmp_path / "key")
