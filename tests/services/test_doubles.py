"""Suspected doubles: not the same, the same, and back again."""

from datetime import date
from typing import Any

import pytest
from sqlalchemy import Engine, select

from models.database import SYSTEM, TABLES, reading
from models.plans import Plan, PlanItem
from services import doubles, plans, team_access
from services.access_rows import NotFound
from tests.services.team_world import BEFORE, NOW, World, make_world


@pytest.fixture
def world(engine: Engine) -> World:
    return make_world(engine)


def everything(world: World) -> dict[str, Any]:
    """Return every row of every table but what plans and the journal say of themselves."""
    from models.journal import JournalLine

    with reading(world.engine, SYSTEM, NOW) as session:
        return {
            table.__name__: [
                {c.name: getattr(row, c.name) for c in row.__table__.columns}
                for row in session.scalars(select(table).order_by(table.id))
            ]
            for table in TABLES
            if table not in (Plan, PlanItem, JournalLine)
        }


def test_not_the_same_frees_both(world: World) -> None:
    school = world.school()
    one, other = world.person(school), world.person(school)
    double_id = world.double(one, other)
    desk = world.desk(school)
    (pair,) = desk.read(doubles.open_pairs)
    assert {pair.one.person_id, pair.other.person_id} == {one.person_id, other.person_id}
    assert desk.read(team_access.counts, school, world.year_id)["duplicate"] == 2
    desk.write(doubles.decide_different, double_id)
    assert desk.read(team_access.counts, school, world.year_id)["to_invite"] == 2
    assert desk.read(doubles.open_pairs) == []
    with pytest.raises(NotFound):
        desk.write(doubles.decide_different, double_id)


def test_the_same_become_one_and_two_again(world: World) -> None:
    school, second = world.school("Une"), world.school("Deux")
    one = world.person(school, email=None, birth_date=date(1990, 1, 2))
    other = world.person(school, activated=BEFORE, language="fr")
    elsewhere = world.member(one.person_id, second, function="educator")
    third = world.person(school, "Tiers")
    one.invite(mail={"sent_at": BEFORE})
    one.mission("digital_lead")
    other.mission("digital_lead")
    one.suspend(until_at=NOW)
    one.consent("anne@ex.be")
    one.print_form()
    world.double(one, third)
    double_id = world.double(one, other)
    before = everything(world)
    desk = world.desk(school, second)
    plan_id = desk.write(doubles.plan_merge, double_id, school)
    assert everything(world) == before
    desk.write(plans.apply, plan_id)
    # The one who has activated stays, and gets what the other had.
    rows = desk.read(team_access.status_rows, school, world.year_id)
    kept = next(row for row in rows if row.person_id == other.person_id)
    assert kept.missions == ("digital_lead",)
    assert one.person_id not in {row.person_id for row in rows}
    (there,) = desk.read(team_access.status_rows, second, world.year_id)
    assert (there.person_id, there.access_id) == (other.person_id, elsewhere.access_id)
    (left,) = desk.read(doubles.open_pairs)
    assert {left.one.person_id, left.other.person_id} == {other.person_id, third.person_id}
    after = everything(world)
    people = {person["id"]: person for person in after["Person"]}
    assert people[one.person_id]["merged_into_id"] == other.person_id
    assert people[other.person_id]["birth_date"] == date(1990, 1, 2)
    for table in ("Post", "Access", "Consent", "Mail", "Mission"):
        assert one.person_id not in {row["person_id"] for row in after[table]}, table
    desk.write(plans.undo, plan_id)
    assert everything(world) == before


def test_an_open_mail_of_the_one_who_goes_is_not_sent(world: World) -> None:
    school = world.school()
    one, other = world.person(school), world.person(school)
    other.invite()
    desk = world.desk(school)
    plan_id = desk.write(doubles.plan_merge, world.double(one, other), school)
    desk.write(plans.apply, plan_id)
    after = everything(world)
    assert after["Invitation"] == []
    assert [mail["closed_at"] for mail in after["Mail"]] == [NOW]
    (row,) = desk.read(team_access.status_rows, school, world.year_id)
    assert (row.person_id, row.status) == (one.person_id, "to_invite")


def test_what_reaches_into_another_school_is_for_the_helpdesk(world: World) -> None:
    mine, theirs = world.school("Mienne"), world.school("Autre")
    one, other = world.person(mine), world.person(theirs, "Secret", "Nom")
    double_id = world.double(one, other)
    desk = world.desk(mine)
    (pair,) = desk.read(doubles.open_pairs)
    assert {pair.one.visible, pair.other.visible} == {True, False}
    assert "Secret" not in repr(pair)
    with pytest.raises(doubles.NotYours):
        desk.write(doubles.plan_merge, double_id, mine)
    helpdesk = world.desk()
    helpdesk.write(plans.apply, helpdesk.write(doubles.plan_merge, double_id, mine))
    assert helpdesk.read(doubles.open_pairs) == []
