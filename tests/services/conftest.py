"""A world of two schools, and one with a door: on both engines, or lighter on SQLite alone."""

from pathlib import Path
from typing import Any

import pytest

from tests.services.door_world import House, make_house
from tests.worlds import World, make_world


@pytest.fixture
def world(engine: Any) -> World:
    return make_world(engine)


@pytest.fixture
def house(engine: Any, tmp_path: Path) -> House:
    return make_house(engine, tmp_path)


@pytest.fixture
def light(sqlite_engine: Any, tmp_path: Path) -> House:
    return make_house(sqlite_engine, tmp_path)
