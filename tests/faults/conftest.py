"""What attacks stand on: services, the parent of sessions, and two schools full of everything."""

import shutil
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import pytest

from models.database import make_engine
from tests.faults import two_schools
from tests.faults.two_schools import Schools
from tests.services.conftest import house, light
from tests.tui.serve.conftest import folder

__all__ = ["folder", "house", "light"]


@pytest.fixture(scope="session")
def full(sqlite_template: Path, tmp_path_factory: pytest.TempPathFactory) -> tuple[Path, Schools]:
    """A database with two schools full of everything, to be copied."""
    file = tmp_path_factory.mktemp("two") / "full.db"
    shutil.copy2(sqlite_template, file)
    engine = make_engine(f"sqlite:///{file}")
    schools = two_schools.build(engine)
    engine.dispose()
    return file, schools


@pytest.fixture
def schools(full: tuple[Path, Schools], tmp_path: Path) -> Iterator[Schools]:
    """The two schools, in a database and with a clock of this test's own."""
    file, schools = full
    folder = tmp_path / "schools"
    folder.mkdir(mode=0o700)
    engine = make_engine(f"sqlite:///{shutil.copy2(file, folder / 'trousseau.db')}")
    world = replace(schools.world, engine=engine, clock=replace(schools.world.clock))
    yield replace(schools, world=world)
    engine.dispose()
