"""Questions that are compiled once: the same rows as through the session, the same limits."""

from datetime import timedelta
from typing import Any

import pytest
from sqlalchemy import Engine, bindparam, func, select
from sqlalchemy.orm import aliased
from sqlmodel import col

from models.access import Access
from models.database import OutOfScope, dialect_of
from models.people import Person, Post
from models.prepared import fetch, fetch_value
from models.schools import School
from tests.worlds import World, make_world


@pytest.fixture
def world(engine: Engine) -> World:
    world = make_world(engine)
    for school in (world.mine, world.mine, world.other):
        world.person(school)
    return world


ROWS: Any = (
    select(Access.id, Access.granted_at, Post.present, Person.surname.label("name"))  # type: ignore[attr-defined]
    .join(Post, col(Post.id) == Access.post_id)
    .join(Person, col(Person.id) == Access.person_id)
    .where(col(Access.granted_at) <= bindparam("at", type_=Access.granted_at.type))  # type: ignore[attr-defined]
    .where(col(Access.school_id).in_(bindparam("schools", expanding=True)))
    .order_by(col(Access.id))
)


def values(world: World, *schools: int) -> dict[str, Any]:
    return {"at": world.clock(), "schools": schools or (world.mine, world.other)}


def test_rows_are_those_of_the_session(world: World) -> None:
    for desk in (world.desk, world.director(), world.director(world.other)):
        for _turn in range(2):
            asked = values(world)
            expected = desk.read(lambda s, asked=asked: s.execute(ROWS, asked).all())
            found = desk.read(fetch, ROWS, asked)
            assert [tuple(row) for row in found] == [tuple(row) for row in expected]
            assert all(row.granted_at.utcoffset() == timedelta(0) for row in found)
            assert all(row.present is True for row in found)


def test_each_actor_sees_the_own_schools_only(world: World) -> None:
    assert len(world.desk.read(fetch, ROWS, values(world))) == 3
    assert len(world.director().read(fetch, ROWS, values(world))) == 2
    assert len(world.director(world.other).read(fetch, ROWS, values(world))) == 1
    assert len(world.director(world.mine, world.other).read(fetch, ROWS, values(world))) == 3
    assert world.director().read(fetch, ROWS, values(world, world.other)) == []


def test_sequences_of_every_length(world: World) -> None:
    for length in (0, 1, 2, 7, 8, 9, 64, 65, 200):
        schools = [world.other] * max(0, length - 1) + [world.mine] * min(1, length)
        asked = {"at": world.clock(), "schools": schools}
        number = {0: 0, 1: 2}.get(length, 3)
        assert len(world.desk.read(fetch, ROWS, asked)) == number


def test_a_question_that_can_not_be_limited_is_refused(world: World) -> None:
    bare = select(func.count()).select_from(School.__table__)  # type: ignore[attr-defined]
    assert world.desk.read(fetch_value, bare, {}) == 2
    for _turn in range(2):
        with pytest.raises(OutOfScope):
            world.director().read(fetch_value, bare, {})


def test_an_alias_and_a_subquery_are_limited_too(world: World) -> None:
    other: Any = aliased(Access)
    elsewhere = select(other.person_id).where(other.school_id == bindparam("school"))
    found = select(func.count(col(Person.id))).where(col(Person.id).in_(elsewhere))
    assert world.desk.read(fetch_value, found, {"school": world.other}) == 1
    assert world.director().read(fetch_value, found, {"school": world.other}) == 0


def test_what_was_written_before_is_seen(world: World) -> None:
    def write(session: Any) -> int:
        session.add(School(name="x", name_key="x", fase_number=9903, calendar_id=1))
        return int(fetch_value(session, NUMBER, {}))

    assert world.desk.write(write) == 3
    assert world.desk.read(dialect_of) in ("sqlite", "postgresql")


NUMBER: Any = select(func.count(col(School.id)))
