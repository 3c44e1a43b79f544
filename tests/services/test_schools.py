"""Finding schools: by name, place and number, each number with its kind; drafts beside."""

import pytest
from sqlalchemy import Engine

from models.database import SYSTEM, Actor, writing
from models.language import use_language
from models.schools import GoverningBody, School, Site
from models.text import name_key
from services import drafts, schools
from services.desk import Desk
from services.drafts import DraftsOf, DraftTooLong
from services.schools import SchoolRow
from tests.worlds import World, make_world


@pytest.fixture
def world(engine: Engine) -> World:
    use_language("en")
    world = make_world(engine)
    with writing(engine, SYSTEM, world.clock()) as session:
        calendar = session.get_one(School, world.mine).calendar_id
        body = GoverningBody(name="PO", name_key="po", fase_number=9901)
        session.add(body)
        session.flush()
        session.add(
            School(
                name="École Sainte-Thérèse", name_key=name_key("École Sainte-Thérèse"),
                fase_number=12, calendar_id=calendar, locality="Liège", governing_body_id=body.id,
            )
        )  # fmt: skip
        session.add(Site(school_id=world.other, fase_number=9901))
        session.add(Site(school_id=world.other, fase_number=9902))
    return world


def helpdesk(world: World, name: str = "helpdesk") -> Desk:
    return Desk(world.engine, Actor(name, "helpdesk", None), world.clock)


def found(world: World, text: str, desk: Desk | None = None) -> list[SchoolRow]:
    desk = desk or helpdesk(world)
    rows = desk.read(schools.search, text)
    assert desk.read(schools.count, text) == len(rows)
    return rows


@pytest.mark.parametrize(
    ("text", "names"),
    [
        ("sainte therese", ["École Sainte-Thérèse"]),
        ("STE", []),
        ("liège", ["École Sainte-Thérèse"]),
        ("liege", []),
        ("institut", ["Institut Saint-Exemple"]),
        ("saint", ["École Sainte-Thérèse", "Institut Saint-Exemple"]),
        ("12", ["École Sainte-Thérèse"]),
        ("1", []),
        ("0", []),
        ("99999999999999999999", []),
        ("%", []),
    ],
)
@pytest.mark.every_case
def test_by_name_place_or_whole_number(world: World, text: str, names: list[str]) -> None:
    assert [row.name for row in found(world, text)] == names


def test_a_number_is_told_with_its_kind(world: World) -> None:
    told = [(row.name, str(row.found_by or row.identifier)) for row in found(world, "9901")]
    assert told == [
        ("Institut Saint-Exemple", "School, FASE number 9901"),
        ("Athénée de l’Essai", "Site, FASE number 9901"),
        ("École Sainte-Thérèse", "Governing body, FASE number 9901"),
    ]


def test_the_school_of_that_number_is_found_once(world: World) -> None:
    (row,) = found(world, "9902")
    assert row.found_by is None


def test_those_visited_come_first_for_each_person(world: World) -> None:
    mine, others = helpdesk(world), helpdesk(world, "another")
    for school in (world.mine, world.other, world.mine):
        mine.write(schools.visit, school)
    rows = found(world, "", mine)
    assert [(row.id, row.recent) for row in rows[:3]] == [
        (world.mine, True), (world.other, True), (rows[2].id, False)
    ]  # fmt: skip
    assert not any(row.recent for row in found(world, "", others))


def test_a_director_finds_the_own_ones(world: World) -> None:
    assert [row.id for row in found(world, "", world.director())] == [world.mine]
    assert found(world, "9902", world.director()) == []


# --- drafts -------------------------------------------------------------------------------


def test_a_draft_is_its_owners(world: World) -> None:
    mine, other = world.director(), helpdesk(world)
    mine.write(drafts.save, "form", {"name": "Élise"})
    mine.write(drafts.save, "form", {"name": "Élise V."})
    assert mine.read(drafts.load, "form") == {"name": "Élise V."}
    assert other.read(drafts.load, "form") is None
    other.write(drafts.discard, "form")
    assert mine.read(drafts.load, "form") is not None
    mine.write(drafts.discard, "form")
    assert mine.read(drafts.load, "form") is None


def test_forms_keep_texts_by_name(world: World) -> None:
    kept = DraftsOf(world.director())
    assert kept.load("form") == {}
    kept.save("form", {"a": "1"})
    assert kept.load("form") == {"a": "1"}
    world.director().write(drafts.save, "form", ["something else"])
    assert kept.load("form") == {}
    kept.forget("form")
    assert kept.load("form") == {}


def test_a_draft_has_its_limit(world: World) -> None:
    with pytest.raises(DraftTooLong):
        world.director().write(drafts.save, "form", "x" * drafts.LONGEST_DRAFT)
