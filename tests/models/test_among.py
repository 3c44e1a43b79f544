"""A list of ids as one value: what it finds, and by which index, on both databases."""

from typing import Any

from sqlalchemy import Engine, not_, select

from models.among import among
from models.people import Person
from tests.worlds import World, make_world

PERSON: Any = Person.id


def found(world: World, wanted: Any, ids: Any) -> set[int]:
    statement = select(PERSON).where(wanted)
    return world.desk.read(lambda session: set(session.scalars(statement, {"people": ids})))


def test_finds_those_and_no_others(engine: Engine) -> None:
    world = make_world(engine)
    people = [member.person for member in world.people(5)]
    those = among(PERSON, "people")
    assert found(world, those, people[1:3]) == set(people[1:3])
    assert found(world, those, {people[4], 10**6}) == {people[4]}
    assert found(world, not_(those), people[:4]) == {people[4]}
    assert found(world, those, []) == set()


def test_looks_them_up_by_their_index(sqlite_engine: Engine) -> None:
    statement = select(PERSON).where(among(PERSON, "people"))
    with sqlite_engine.connect() as connection:
        sql = str(statement.compile(connection))
        (plan, *_rest) = connection.exec_driver_sql(f"EXPLAIN QUERY PLAN {sql}", ("[1]",)).all()
    assert "SEARCH person USING INTEGER PRIMARY KEY" in plan[-1]
