"""What holds for a school beyond its team: the head's account and the workshops."""

from pathlib import Path

import pytest
from sqlalchemy import Engine

from models.keys import Key
from models.tokens import make_token
from services.attention import attention
from services.diagnosis import (
    Diagnosis,
    diagnose,
    diagnose_address,
    diagnose_person,
    diagnose_school,
)
from services.school_years import SchoolYearRefused
from tests.services.diagnosis_world import Town
from tests.services.door_world import make_house
from tests.services.head_world import make_head, ready
from tests.services.workshop_world import Ateliers, make_ateliers
from tests.worlds import make_world


def causes(found: Diagnosis) -> list[str]:
    return [finding.cause for finding in found.findings]


@pytest.fixture
def ateliers(engine: Engine) -> Ateliers:
    return make_ateliers(engine)


def test_a_workshop_asked_for_late_is_told_with_what_it_means(ateliers: Ateliers) -> None:
    workshop = ateliers.ask(first_day="07/01/2027")
    found = ateliers.office.read(diagnose_school, ateliers.world.mine)
    (late,) = (each for each in found.findings if each.cause == "asked_late")
    assert late.about.workshop_id == workshop
    assert late.tell is not None and "eight weeks" in late.tell.text("en")


def test_a_workshop_asked_for_in_time_has_no_finding(ateliers: Ateliers) -> None:
    ateliers.ask()
    found = ateliers.coordinator.read(diagnose_school, ateliers.world.mine)
    assert not any(finding.about.workshop_id for finding in found.findings)


def test_a_school_of_others_is_refused(ateliers: Ateliers) -> None:
    with pytest.raises(SchoolYearRefused):
        ateliers.neighbour.read(diagnose_school, ateliers.world.mine)


def test_the_three_checks_of_a_head_are_the_coordinators_alone(
    engine: Engine, tmp_path: Path
) -> None:
    house = make_house(engine, tmp_path)
    make_head(house).ask()
    world = house.world
    waits = world.desk.read(diagnose_school, world.mine)
    assert "headnet_waits" in causes(waits)
    (finding,) = (each for each in waits.findings if each.cause == "headnet_waits")
    assert finding.tell is not None and "24 hours" in finding.tell.text("en")
    assert not any(c.startswith("headnet") for c in causes(
        world.director().read(diagnose_school, world.mine)
    ))  # fmt: skip


def test_who_asks_for_a_head_is_told_of_headnet_first(engine: Engine, tmp_path: Path) -> None:
    house = make_house(engine, tmp_path)
    house.world.person(email=None)
    make_head(house).ask()
    of_school = house.world.desk.read(diagnose, "9901", None)
    of_head = house.world.desk.read(diagnose, "fontaine claire", None)
    assert causes(of_school)[0] != "headnet_waits" == causes(of_head)[0]
    assert sorted(causes(of_school)) == sorted(causes(of_head))
    for finding in of_head.findings:
        assert finding.tell is not None and "@" not in finding.tell.text("fr"), finding.cause


def test_a_school_is_found_by_its_number(ateliers: Ateliers) -> None:
    found = ateliers.office.read(diagnose, "9901", None)
    assert (found.kind, found.id) == ("school", ateliers.world.mine)


def test_a_try_at_headnet_is_explained_by_the_address_that_was_typed(
    engine: Engine, tmp_path: Path
) -> None:
    house = make_house(engine, tmp_path)
    head = ready(house)
    head.refused(email="autre@ecole.example")
    found = house.world.desk.read(diagnose_address, "autre@ecole.example")
    assert causes(found)[0] == "headnet_address"
    assert found.first is not None and found.first.remedy is not None
    assert found.first.remedy.needs["email"] == "autre@ecole.example"
    head.refused(make_token(Key(bytes(32)), "headnet", head.id, 1), "personne@ecole.example")
    nobody = house.world.desk.read(diagnose_address, "personne@ecole.example").first
    assert nobody is not None and nobody.cause == "headnet_unknown"
    assert nobody.tell is not None and "@" not in nobody.tell.text("en")
    stranger = house.world.director().read(diagnose_address, "autre@ecole.example")
    assert causes(stranger) == ["unknown_address"]


def test_what_is_found_by_one_person_stands_on_the_dashboard_of_the_school(engine: Engine) -> None:
    town = Town(make_world(engine))
    troubles = ["former_head", "mission_not_renewed", "no_consents_at_all"]
    for (trouble,), member in town.callers([(trouble,) for trouble in troubles]):
        first = town.world.desk.read(diagnose_person, member.person).first
        assert first is not None and first.cause == trouble and first.about.school_id
        desk = town.world.director(first.about.school_id)
        lines = desk.read(attention, first.about.school_id, town.world.year)
        assert [line.count for line in lines if line.cause == trouble] == [1]
        assert trouble in causes(desk.read(diagnose_school, first.about.school_id))
    every = town.world.desk.read(attention, None, None)
    assert {line.cause for line in every} >= set(troubles)
