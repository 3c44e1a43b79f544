"""Guardians call as well: the same causes, and what a school does for its own families."""

import pytest
from sqlalchemy import Engine

from services import families, plans
from services.access_rows import NotFound
from services.diagnosis import Diagnosis, diagnose_address, diagnose_person, prepare
from tests import families as made
from tests.worlds import World, make_world


@pytest.fixture
def world(engine: Engine) -> World:
    world = make_world(engine)
    made.load(world, made.THREE_FAMILIES)
    return world


def causes(found: Diagnosis) -> list[str]:
    return [finding.cause for finding in found.findings]


def test_a_guardian_is_invited_from_the_diagnosis(world: World) -> None:
    anne = made.people(world)["Anne"]
    found = world.desk.read(diagnose_person, anne)
    assert causes(found) == ["not_invited"]
    assert found.first is not None and found.first.remedy is not None
    assert found.first.remedy.kind == "plan"
    world.desk.write(plans.apply, world.desk.write(prepare, found.first.remedy))
    assert causes(world.desk.read(diagnose_person, anne)) == []
    (standing,) = world.desk.read(diagnose_address, "anne@famille.example").standing
    assert standing.status == "queued"


def test_an_address_is_put_right_by_the_school(world: World) -> None:
    ngozi = made.people(world)["Ngozi"]
    found = world.director().read(diagnose_person, ngozi)
    assert causes(found) == ["no_address"]
    assert found.first is not None and found.first.remedy is not None
    remedy = found.first.remedy
    assert (remedy.code, remedy.kind) == ("correct_address", "form")
    place = remedy.needs["school_id"], remedy.needs["school_year_id"], remedy.needs["person_id"]
    world.director().write(families.correct_address, *place, "ngozi@gmial.com")
    assert causes(world.desk.read(diagnose_person, ngozi)) == ["typing_error"]
    with pytest.raises(NotFound):
        world.director(world.other).read(diagnose_person, ngozi)


def test_whose_child_has_left_is_told_so(world: World) -> None:
    jean = made.people(world)["Jean"]
    made.load(world, made.TOM + made.ANNE + made.ADA + made.NGOZI)
    found = world.desk.read(diagnose_person, jean)
    assert causes(found)[0] in ("no_child", "not_invited")
    assert found.first is not None and found.first.tell is not None
    assert "@" not in found.first.tell.text("fr")
