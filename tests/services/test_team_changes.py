"""Missions, roles, deactivation: what each does, when it does nothing, and that it is undone."""

from datetime import timedelta

import pytest
from sqlalchemy import Engine, select
from sqlmodel import col

from models.database import SYSTEM, reading
from models.invitations import Invitation
from models.mail import Mail
from services import plans, team_access
from services.team_changes import ChangeRefused, TeamChange, change_now, plan_change
from tests.services.team_world import BEFORE, NOW, Member, World, make_world


@pytest.fixture
def world(engine: Engine) -> World:
    return make_world(engine)


def row_of(world: World, member: Member) -> team_access.AccessRow:
    desk = world.desk(at=NOW + timedelta(hours=1))
    (row,) = desk.read(team_access.status_rows, member.school_id, world.year_id, {member.person_id})
    return row


def do(world: World, member: Member, action: str, value: str = "") -> int:
    return world.desk(member.school_id).write(
        change_now,
        member.school_id,
        world.year_id,
        member.person_id,
        TeamChange(action, value),  # type: ignore[arg-type]
    )


def undo(world: World, member: Member, plan_id: int) -> None:
    world.desk(member.school_id).write(plans.undo, plan_id)


def test_a_mission_is_given_and_taken_away(world: World) -> None:
    member = world.person(world.school())
    given = do(world, member, "give_mission", "acting_principal")
    row = row_of(world, member)
    assert (row.missions, row.role) == (("acting_principal",), "management")
    with pytest.raises(ChangeRefused):
        do(world, member, "give_mission", "acting_principal")
    removed = do(world, member, "remove_mission", "acting_principal")
    assert row_of(world, member).role == "teaching"
    with pytest.raises(ChangeRefused):
        do(world, member, "remove_mission", "acting_principal")
    undo(world, member, removed)
    assert row_of(world, member).role == "management"
    undo(world, member, given)
    assert row_of(world, member).missions == ()


def test_a_role_is_set_by_hand_and_taken_away(world: World) -> None:
    member = world.person(world.school(), post={"role": "education"})
    set_by_hand = do(world, member, "set_role", "reader")
    assert (row_of(world, member).role, row_of(world, member).role_origin) == ("reader", "by_hand")
    with pytest.raises(ChangeRefused):
        do(world, member, "set_role", "reader")
    do(world, member, "set_role", "")
    assert (row_of(world, member).role, row_of(world, member).role_origin) == (
        "teaching", "function",
    )  # fmt: skip
    with pytest.raises(plans.PlanRefused):
        undo(world, member, set_by_hand)


def test_deactivation_withdraws_the_invitation_and_is_undone(world: World) -> None:
    member = world.person(world.school())
    member.invite()
    plan_id = do(world, member, "deactivate", "  a quitté\x1b[2J ")
    row = row_of(world, member)
    assert (row.status, row.since) == ("deactivated", NOW)
    assert row.details.suspension_reason == "a quitté�[2J"
    with reading(world.engine, SYSTEM, NOW) as session:
        assert session.scalars(select(col(Invitation.cancelled_at))).all() == [NOW]
        assert session.scalars(select(col(Mail.closed_at))).all() == [NOW]
    with pytest.raises(ChangeRefused):
        do(world, member, "deactivate", "encore")
    undo(world, member, plan_id)
    assert row_of(world, member).status == "queued"


def test_reactivation_ends_every_open_suspension(world: World) -> None:
    member = world.person(world.school(), activated=BEFORE)
    with pytest.raises(ChangeRefused):
        do(world, member, "reactivate")
    member.suspend()
    member.suspend()
    do(world, member, "reactivate")
    assert row_of(world, member).status == "active"


@pytest.mark.parametrize(
    ("action", "value"),
    [
        ("give_mission", "unheard of"),
        ("set_role", "emperor"),
        ("deactivate", "  "),
        ("remove_mission", ""),
    ],
)
def test_what_is_no_change_is_refused(world: World, action: str, value: str) -> None:
    member = world.person(world.school())
    with pytest.raises(ChangeRefused):
        do(world, member, action, value)


def test_many_are_one_plan_in_which_some_are_left_out(world: World) -> None:
    school = world.school()
    members = [world.person(school, f"N{n}") for n in range(3)]
    members[1].mission("digital_lead")
    desk = world.desk(school)
    ids = {member.person_id for member in members}
    wanted = TeamChange("give_mission", "digital_lead")
    plan_id = desk.write(plan_change, school, world.year_id, ids, wanted)
    assert desk.read(plans.show, plan_id).actions == {"give_mission": 2, "left_out": 1}
    desk.write(plans.apply, plan_id)
    assert all(row_of(world, member).missions == ("digital_lead",) for member in members)


def test_a_plan_made_before_another_change_is_refused(world: World) -> None:
    member = world.person(world.school())
    desk = world.desk(member.school_id)
    plan_id = desk.write(
        plan_change,
        member.school_id,
        world.year_id,
        {member.person_id},
        TeamChange("set_role", "reader"),
    )
    do(world, member, "set_role", "education")
    with pytest.raises(plans.PlanStale):
        desk.write(plans.apply, plan_id)
    assert row_of(world, member).role == "education"
