"""What an account may be chosen for: roles given, accesses, missions, children, in each school."""

from datetime import timedelta
from typing import Any

import pytest
from sqlmodel import col

from models.access import Access, Mission, Suspension
from models.accounts import Account
from models.database import Actor
from models.families import Guardianship
from models.people import Person
from services.accounts import add_account, end_role, give_role
from services.profiles import Identity, Profile, actor_for, identity_of, still_holds
from tests.services.door_world import EMAIL, House
from tests.worlds import Member

MINE, OTHER = "Institut Saint-Exemple", "Athénée de l’Essai"


def active(house: House, school: int | None = None, **facts: Any) -> Member:
    member = house.world.person(school, **facts)
    house.edit(Access, col(Access.id) == member.access, activated_at=house.world.clock())
    return member


def account_of(house: House, person: int | None) -> int:
    now = house.world.clock()
    house.add(
        Account(email=EMAIL, email_key=EMAIL, name="Jeanne", person_id=person, created_at=now)
    )
    account = house.account()
    assert account is not None and account.id is not None
    return account.id


def identity(house: House, account: int) -> Identity:
    return house.world.desk.read(identity_of, account)


def told(found: Identity) -> list[tuple[str, tuple[str, ...]]]:
    return [(profile.role, profile.schools) for profile in found.profiles]


def test_each_role_that_was_given_is_a_profile_with_its_schools(house: House) -> None:
    world = house.world
    for role, schools in (
        ("director", [world.mine, world.other]),
        ("coordinator", [world.mine]),
        ("helpdesk", []),
    ):
        number = world.desk.write(add_account, EMAIL, role, schools, password_hash=None)
    found = identity(house, number)
    assert told(found) == [
        ("helpdesk", ()), ("director", (OTHER, MINE)), ("coordinator", (MINE,)),
    ]  # fmt: skip
    both = frozenset({world.mine, world.other})
    assert actor_for(found, found.profiles[0]) == Actor(EMAIL, "helpdesk", None, number)
    assert actor_for(found, found.profiles[1]) == Actor(EMAIL, "director", both, number)
    house.later()
    world.desk.write(end_role, EMAIL, "director", [world.mine])
    world.desk.write(end_role, EMAIL, "helpdesk")
    assert told(identity(house, number)) == [("director", (OTHER,)), ("coordinator", (MINE,))]


@pytest.mark.parametrize(
    ("function", "role"),
    [("teacher", "staff"), ("worker", "staff"), ("principal", "director"),
     ("deputy_principal", "director")],
)  # fmt: skip
def test_an_active_access_opens_the_console(house: House, function: str, role: str) -> None:
    member = active(house, function=function)
    found = identity(house, account_of(house, member.person))
    assert told(found) == [(role, (MINE,))]
    actor = actor_for(found, found.profiles[0])
    assert (actor.person_id, actor.schools) == (member.person, frozenset({house.world.mine}))


def test_an_access_that_is_not_active_opens_nothing(house: House) -> None:
    member = house.world.person()
    account = account_of(house, member.person)
    assert identity(house, account).profiles == ()
    house.edit(Access, col(Access.id) == member.access, activated_at=house.world.clock())
    assert told(identity(house, account)) == [("staff", (MINE,))]
    school, now = house.world.mine, house.world.clock()
    house.add(Suspension(access_id=member.access, school_id=school, from_at=now, reason="x"))
    assert identity(house, account).profiles == ()


def test_an_access_ends_with_its_year(house: House) -> None:
    member = active(house)
    account = account_of(house, member.person)
    house.later(days=400)
    assert identity(house, account).profiles == ()


@pytest.mark.parametrize(
    ("mission", "mission_role", "function", "roles"),
    [
        ("ib_coordinator", None, "teacher", ["coordinator"]),
        ("ib_coordinator", None, "principal", ["director", "coordinator"]),
        ("access_manager", "access_management", "teacher", ["director"]),
        ("acting_principal", "management", "teacher", ["director"]),
        ("digital_lead", None, "teacher", ["staff"]),
    ],
)
def test_missions(
    house: House, mission: str, mission_role: str | None, function: str, roles: list[str]
) -> None:
    member, world = active(house, function=function), house.world
    house.add(
        Mission(
            person_id=member.person, school_id=world.mine, school_year_id=world.year,
            code=mission, role=mission_role, given_at=world.clock(),
        )
    )  # fmt: skip
    found = identity(house, account_of(house, member.person))
    assert [profile.role for profile in found.profiles] == roles


def test_a_person_in_two_schools_chooses_one(house: House) -> None:
    world = house.world
    member = active(house)
    elsewhere = active(house, world.other, surname="Durand", function="principal")
    house.edit(Access, col(Access.id) == elsewhere.access, person_id=member.person)
    from models.people import Post

    house.edit(Post, col(Post.id) == elsewhere.post, person_id=member.person)
    found = identity(house, account_of(house, member.person))
    assert told(found) == [("director", (OTHER,)), ("staff", (MINE,))]


def test_a_role_given_covers_what_the_access_would_open(house: House) -> None:
    world, member = house.world, active(house)
    account = account_of(house, member.person)
    world.desk.write(give_role, EMAIL, "director", [world.mine, world.other])
    assert told(identity(house, account)) == [("director", (OTHER, MINE))]


def test_an_account_of_somebody_found_to_be_the_same_person(house: House) -> None:
    kept, dropped = active(house), house.world.person(surname="Dupond", email=None)
    account = account_of(house, dropped.person)
    house.edit(Person, col(Person.id) == dropped.person, merged_into_id=kept.person)
    found = identity(house, account)
    assert (found.person_id, told(found)) == (kept.person, [("staff", (MINE,))])


def test_one_profile_for_each_child_while_the_access_is_active(house: House) -> None:
    person, access, children = house.guardian(3)
    account = account_of(house, person)
    assert identity(house, account).profiles == ()
    house.edit(Access, col(Access.id) == access, activated_at=house.world.clock())
    found = identity(house, account)
    assert [profile.child for profile in found.profiles] == [
        "Arthur Parent", "Lina Parent", "Zoé Parent",
    ]  # fmt: skip
    school = frozenset({house.world.mine})
    assert found.profiles[0] == Profile("parent", school, (MINE,), children[1], "Arthur Parent")
    assert actor_for(found, found.profiles[0]).pupils == frozenset({children[1]})
    house.later()
    house.edit(
        Guardianship, col(Guardianship.pupil_id) == children[1], ended_at=house.world.clock()
    )
    assert [profile.child for profile in identity(house, account).profiles] == [
        "Lina Parent", "Zoé Parent",
    ]  # fmt: skip


def test_a_teacher_with_a_child_in_the_school_has_both(house: House) -> None:
    person, access, _children = house.guardian()
    house.edit(Access, col(Access.id) == access, activated_at=house.world.clock())
    member = active(house, surname="Parent", first_name="Luc", email=None)
    from models.people import Post

    house.edit(Post, col(Post.id) == member.post, person_id=person)
    house.edit(Access, col(Access.id) == member.access, person_id=person)
    found = identity(house, account_of(house, person))
    assert [profile.role for profile in found.profiles] == ["staff", "parent"]
    assert [profile.label.text("en") for profile in found.profiles] == [
        f"Staff member, {MINE}", f"Parent of Zoé Parent, {MINE}",
    ]  # fmt: skip


def test_a_role_that_will_be_given_is_not_there_yet(house: House) -> None:
    account = account_of(house, None)
    house.later()
    house.world.desk.write(give_role, EMAIL, "helpdesk")
    house.world.clock.now -= timedelta(seconds=30)
    assert identity(house, account).profiles == ()


# --- what ends while somebody is in ---------------------------------------------------------


def holds(house: House, actor: Actor) -> bool:
    return house.world.desk.read(still_holds, actor)


def test_a_role_that_ends_or_an_account_that_is_closed_shuts_its_owner_out(house: House) -> None:
    world = house.world
    schools = [world.mine, world.other]
    number = world.desk.write(add_account, EMAIL, "director", schools, password_hash=None)
    found = identity(house, number)
    actor = actor_for(found, found.profiles[0])
    assert holds(house, actor)
    house.later()
    world.desk.write(give_role, EMAIL, "helpdesk")
    assert holds(house, actor)  # what is added takes nothing away
    house.later()
    world.desk.write(end_role, EMAIL, "director", [world.other])
    assert not holds(house, actor)
    found = identity(house, number)
    for profile in found.profiles:
        assert holds(house, actor_for(found, profile))
    house.edit(Account, col(Account.id) == number, disabled_at=world.clock())
    assert not [profile for profile in found.profiles if holds(house, actor_for(found, profile))]


def test_an_access_that_is_deactivated_shuts_out_and_another_role_does_not(house: House) -> None:
    member = active(house)
    account = account_of(house, member.person)
    found = identity(house, account)
    actor = actor_for(found, found.profiles[0])
    world, now = house.world, house.world.clock()
    world.desk.write(give_role, EMAIL, "director", [world.mine])
    assert [profile.role for profile in identity(house, account).profiles] == ["director"]
    assert holds(house, actor)
    house.add(Suspension(access_id=member.access, school_id=world.mine, from_at=now, reason="x"))
    assert not holds(house, actor)


def test_a_guardian_stays_in_for_the_child_that_is_still_theirs(house: House) -> None:
    person, access, pupils = house.guardian(2)
    house.edit(Access, col(Access.id) == access, activated_at=house.world.clock())
    found = identity(house, account_of(house, person))
    actors = [actor_for(found, profile) for profile in found.profiles]
    assert [holds(house, actor) for actor in actors] == [True, True]
    (gone,) = (actor for actor in actors if pupils[0] in actor.pupils)
    house.edit(Guardianship, col(Guardianship.pupil_id) == pupils[0], ended_at=house.world.clock())
    assert [holds(house, actor) for actor in actors] == [actor is not gone for actor in actors]


def test_whoever_has_no_account_keeps_what_they_have(house: House) -> None:
    assert holds(house, house.world.desk.actor)
