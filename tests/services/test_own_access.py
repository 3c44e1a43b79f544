"""What the schools hold about oneself: all of it, and nothing of anybody else."""

from dataclasses import replace

import pytest
from sqlmodel import col

from models.access import Access
from models.database import SYSTEM, Actor, change, writing
from services.desk import Desk
from services.own_access import NobodyKnown, own_page
from tests.worlds import NOW, Member, World


def desk_of(world: World, member: Member, role: str = "staff") -> Desk:
    actor = Actor("ann@ecole.example", role, frozenset({world.mine}), 1, member.person)
    return Desk(world.engine, actor, world.clock)


@pytest.mark.parametrize("role", ["staff", "head", "director"])
def test_everything_about_oneself_and_nothing_of_others(world: World, role: str) -> None:
    ann = world.person(surname="Peeters", first_name="Ann", email="ann@courriel.example")
    other = world.person(surname="Benali", first_name="Aïcha", email="aicha@courriel.example")
    with writing(world.engine, SYSTEM, NOW) as session:
        change(session, Access, col(Access.id) == ann.access, activated_at=NOW, activation="token")
    page = desk_of(world, ann, role).read(own_page)
    assert page.name == "Ann Peeters"
    assert [post.function for post in page.posts] == ["teacher"]
    (access,) = page.accesses
    assert (access.service, access.school) == ("Extranet", "Institut Saint-Exemple")
    assert (access.row.status, access.row.role, access.missing) == ("active", "teaching", None)
    assert access.row.email == "ann@courriel.example"
    assert access.row.consent == "signed"
    assert [found.email for found in page.addresses] == ["ann@courriel.example"]
    assert [contact.email for contact in page.contacts] == ["secretariat@ecole.example"]
    assert "aicha" not in repr(page)
    assert other.person != ann.person


def test_what_is_missing_is_told_to_the_person_concerned(world: World) -> None:
    ann = world.person(surname="Peeters", first_name="Ann", consent=False)
    (access,) = desk_of(world, ann).read(own_page).accesses
    assert access.row.status == "no_consent"
    assert access.missing is not None
    assert "consent form" in access.missing.text("en")


def test_what_another_school_holds_is_out_of_sight(world: World) -> None:
    ann = world.person(world.other, surname="Peeters", first_name="Ann")
    page = desk_of(world, ann).read(own_page)
    assert (page.posts, page.accesses) == ((), ())


def test_an_account_of_no_person_is_told_so(world: World) -> None:
    desk = desk_of(world, world.person())
    nobody = replace(desk, actor=replace(desk.actor, person_id=None))
    with pytest.raises(NobodyKnown):
        nobody.read(own_page)
