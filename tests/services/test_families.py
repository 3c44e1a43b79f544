"""What the school's manager does for guardians, and what a guardian sees of a child."""

from datetime import timedelta
from pathlib import Path
from tempfile import gettempdir
from typing import Any

import pytest
from sqlalchemy import Engine, select
from sqlmodel import col

from models.access import Access
from models.accounts import Account
from models.addresses import AddressError
from models.database import SYSTEM, Actor, writing
from models.families import Guardianship, Pupil
from models.invitations import TOKEN_PURPOSE, Invitation
from models.journal import JournalLine
from models.keys import Key
from models.language import use_language
from models.mail import Mail
from models.people import Person, SuspectedDouble
from models.schools import School
from models.tokens import make_token
from services import children, doubles, families, outbox, plans
from services.access_rows import NotFound
from services.activation import set_password
from services.admission import look_at_token
from services.desk import Desk
from services.families import AddressRefused, FamilyQuery
from services.passwords import Hasher
from services.profiles import actor_for, identity_of
from services.sign_in import Entrance
from tests.families import ANNE, THREE_FAMILIES, TOM, load, people, pupils
from tests.worlds import World, kept_world, make_world

KEY = Key(bytes(range(32)))
PASSWORD = "dix-sept tournesols au jardin"


@pytest.fixture(autouse=True)
def _english() -> None:
    use_language("en")


@pytest.fixture
def world(engine: Engine) -> World:
    def build() -> World:
        made = make_world(engine)
        load(made, THREE_FAMILIES)
        return made

    return kept_world(engine, "three families", build)


def later(world: World, **time: float) -> None:
    world.clock.now += timedelta(**time)


def statuses(world: World) -> dict[str, str]:
    rows = world.director().read(families.all_rows, world.mine, world.year)
    return {row.first_name: row.status for row in rows}


def send_tokens(
    world: World, *, again: bool = False, **who: Any
) -> families.invitations.InvitationCounts:
    desk = world.director()
    plan = desk.write(families.plan_tokens, world.mine, world.year, again=again, **who)
    desk.write(plans.apply, plan)
    return desk.read(families.invitations.counts_of, plan)


def deliver(world: World) -> list[Any]:
    from random import Random

    from services.mail.replies import Outcome, Result
    from services.outbox import Settled

    def settle(session: Any) -> list[Any]:
        worker = outbox.worker_name()
        claimed = outbox.claim(session, worker, 50, timedelta(minutes=5))
        done = Outcome(Result.SENT, 250, "2.0.0", "Ok")
        outbox.settle(
            session, worker, [Settled(m.mail_id, done, session.at) for m in claimed], Random(1)
        )
        return claimed

    return world.desk.write(settle)


def entrance(world: World) -> Entrance:
    return Entrance(world.engine, Hasher(Path(gettempdir())), KEY, world.clock)


# --- the list -----------------------------------------------------------------------------


def test_the_list_names_guardians_children_and_classes(world: World) -> None:
    found = world.director().read(families.page, FamilyQuery(world.mine, world.year), 0, 50)
    assert found.total == 3
    assert [row.name for row in found.rows] == ["Dupont Jean", "Martin Anne", "Okoye Ngozi"]
    anne = found.rows[1]
    assert [(c.name, c.group, c.relation) for c in anne.children] == [
        ("Dupont Léa", "3A", "mère"),
        ("Dupont Tom", "1B", "mère"),
    ]
    assert anne.email_source.endswith("E-mail")
    assert (anne.status, found.rows[2].status) == ("to_invite", "no_address")
    assert "F2" in found.rows[2].reason.text()


@pytest.mark.parametrize(
    ("text", "names"),
    [
        ("mart", ["Anne"]),
        ("léa", ["Jean", "Anne"]),
        ("1b", ["Anne"]),
        ("jean@fam", ["Jean"]),
        ("martin tom", ["Anne"]),
        ("jean tom", []),
        ("%", []),
    ],
)
@pytest.mark.every_case
def test_words_find_guardians_by_their_own_and_their_childrens_names(
    world: World, text: str, names: list[str]
) -> None:
    query = FamilyQuery(world.mine, world.year, text)
    found = world.director().read(families.page, query, 0, 50)
    assert [row.first_name for row in found.rows] == names
    assert world.director().read(families.total, query) == len(names)


@pytest.mark.parametrize("sort", families.SORTS)
@pytest.mark.parametrize("descending", [False, True])
@pytest.mark.every_case
def test_every_order_shows_everybody_once(world: World, sort: str, descending: bool) -> None:
    query = FamilyQuery(world.mine, world.year, sort=sort, descending=descending)
    pages = [world.director().read(families.page, query, n, 1).rows for n in range(3)]
    assert len({row.person_id for part in pages for row in part}) == 3


def test_counts_and_positions_agree_with_the_list(world: World) -> None:
    desk = world.director()
    assert desk.read(families.counts, world.mine, world.year)["to_invite"] == 2
    query = FamilyQuery(world.mine, world.year)
    shown = [row.person_id for row in desk.read(families.page, query, 0, 50).rows]
    assert [desk.read(families.position, query, person) for person in shown] == [0, 1, 2]
    assert sorted(desk.read(families.person_ids, query)) == sorted(shown)


def test_another_schools_families_are_not_seen(world: World) -> None:
    other = world.director(world.other)
    with pytest.raises(NotFound):
        other.read(families.page, FamilyQuery(world.mine, world.year), 0, 50)
    assert other.read(families.page, FamilyQuery(world.other, world.year), 0, 50).rows == ()


# --- tokens -------------------------------------------------------------------------------


def test_tokens_go_to_guardians_without_consent_and_in_their_words(world: World) -> None:
    counts = send_tokens(world)
    assert (counts.queued, counts.left_out) == (2, {"no_address": 1})
    mails = deliver(world)
    assert {m.recipient for m in mails} == {"anne@famille.example", "jean@famille.example"}
    assert {m.template for m in mails} == {"guardian_invitation"}
    assert {m.language for m in mails} == {"fr", "en"}
    assert statuses(world) == {"Jean": "sent", "Anne": "sent", "Ngozi": "no_address"}


def test_tokens_are_sent_again_to_those_who_have_not_signed_in_and_nobody_else(
    world: World,
) -> None:
    send_tokens(world)
    (first, _second) = sorted(deliver(world), key=lambda m: m.recipient)
    text = make_token(KEY, TOKEN_PURPOSE, first.access_id, first.generation)
    set_password(entrance(world), text, PASSWORD)
    later(world, hours=1)
    assert send_tokens(world).queued == 0
    counts = send_tokens(world, again=True)
    assert counts.queued == 1
    assert counts.left_out == {"active": 1, "no_address": 1}


def test_the_token_opens_the_account_of_a_parent_with_the_children(world: World) -> None:
    send_tokens(world, person_ids=[people(world)["Anne"]])
    (mail,) = deliver(world)
    text = make_token(KEY, TOKEN_PURPOSE, mail.access_id, mail.generation)
    admission = look_at_token(entrance(world), text)
    assert (admission.kind, admission.service) == ("invitation", "iT.SCHOOL")
    identity = set_password(entrance(world), text, PASSWORD).identity
    profiles = {p.child: p for p in identity.profiles}
    assert {p.role for p in profiles.values()} == {"parent"} and set(profiles) == {
        "Léa Dupont",
        "Tom Dupont",
    }
    actor = actor_for(identity, profiles["Léa Dupont"])
    page = Desk(world.engine, actor, world.clock).read(children.chosen_child)
    assert (page.child, page.group) == ("Léa Dupont", "3A")
    assert page.access_since is not None
    assert statuses(world)["Anne"] == "active"


def test_a_guardian_known_elsewhere_is_confirmed_without_a_mail(world: World) -> None:
    other = world.director(world.other)
    load(world, TOM + ANNE, desk=other, school=world.other)
    send_tokens(world, person_ids=[people(world)["Anne"]])
    (mail,) = deliver(world)
    set_password(
        entrance(world), make_token(KEY, TOKEN_PURPOSE, mail.access_id, mail.generation), PASSWORD
    )
    plan = other.write(families.plan_tokens, world.other, world.year)
    counts = other.read(families.invitations.counts_of, plan)
    assert (counts.queued, counts.confirmed) == (0, 1)
    other.write(plans.apply, plan)
    rows = other.read(families.all_rows, world.other, world.year)
    assert [(row.status, row.activation) for row in rows] == [("active", "known")]


def test_a_teacher_with_an_account_is_confirmed_as_a_guardian(world: World) -> None:
    teacher = world.person(surname="Petit", first_name="Zoé", email="zoe@ecole.example")
    with writing(world.engine, SYSTEM, world.clock()) as session:
        session.add(
            Account(
                email="zoe@ecole.example", email_key="zoe@ecole.example", person_id=teacher.person,
                password_set_at=world.clock(), address_proved_at=world.clock(),
                created_at=world.clock(),
            )
        )  # fmt: skip
    load(world, THREE_FAMILIES + "Petit;Max;;1A;e9;Petit;Zoé;zoe@ecole.example;mère;\n")
    counts = send_tokens(world, person_ids=[teacher.person])
    assert (counts.queued, counts.confirmed) == (0, 1)


# --- addresses ----------------------------------------------------------------------------


def correct(world: World, name: str, address: str, desk: Desk | None = None) -> families.Correction:
    return (desk or world.director()).write(
        families.correct_address, world.mine, world.year, people(world)[name], address
    )


def test_a_first_address_is_entered_and_the_token_goes_there(world: World) -> None:
    done = correct(world, "Ngozi", "ngozi@famille.example")
    assert done.sent
    assert [m.recipient for m in deliver(world)] == ["ngozi@famille.example"]
    row = next(
        r for r in world.director().read(families.all_rows, world.mine, world.year)
        if r.first_name == "Ngozi"
    )  # fmt: skip
    assert row.corrected and row.status == "sent"


@pytest.mark.parametrize("delivered", [True, False])
def test_a_wrong_address_is_corrected_and_the_former_token_dies(
    world: World, delivered: bool
) -> None:
    send_tokens(world, person_ids=[people(world)["Anne"]])
    if delivered:
        deliver(world)
    later(world, minutes=5)
    assert correct(world, "Anne", "anne@neuf.example").sent
    later(world, minutes=1)
    assert [m.recipient for m in deliver(world)] == ["anne@neuf.example"]

    def generations(session: Any) -> list[tuple[int, bool]]:
        rows = session.scalars(select(Invitation).order_by(col(Invitation.id)))
        return [(row.generation, row.replaced_at is None) for row in rows]

    assert world.desk.read(generations) == [(1, False), (2, True)]


def test_a_correction_is_in_the_journal_and_can_be_undone(world: World) -> None:
    done = correct(world, "Ngozi", "ngozi@famille.example")

    def journal(session: Any) -> list[str]:
        rows = session.scalars(select(JournalLine).where(col(JournalLine.action) == "plan.apply"))
        return [row.action for row in rows]

    assert len(world.desk.read(journal)) >= 3
    desk = world.director()
    desk.write(plans.undo, done.invitation_plan_id)
    desk.write(plans.undo, done.plan_id)
    assert statuses(world)["Ngozi"] == "no_address"


def test_who_has_signed_in_keeps_the_address_of_the_account(world: World) -> None:
    send_tokens(world, person_ids=[people(world)["Anne"]])
    (mail,) = deliver(world)
    text = make_token(KEY, TOKEN_PURPOSE, mail.access_id, mail.generation)
    set_password(entrance(world), text, PASSWORD)
    later(world, hours=1)
    done = correct(world, "Anne", "anne@neuf.example")
    assert not done.sent and "stays as it is" in done.sentence.text()
    account = world.desk.read(lambda s: s.scalars(select(Account)).one())
    assert account.email == "anne@famille.example"
    assert world.desk.read(lambda s: len(s.scalars(select(Mail)).all())) == 1


def test_a_correction_to_a_mailbox_of_two_says_so(world: World) -> None:
    assert "Martin Anne uses too" in correct(world, "Jean", "anne@famille.example").sentence.text()


def test_what_cannot_be_corrected_is_refused_in_words(world: World) -> None:
    with pytest.raises(AddressRefused):
        correct(world, "Anne", "ANNE@famille.example")
    with pytest.raises(AddressError):
        correct(world, "Anne", "no address")
    with pytest.raises(NotFound):
        correct(world, "Anne", "x@y.example", world.director(world.other))
    staff = world.person(surname="Okoye", first_name="Ada", email="ada@ecole.example")
    load(world, THREE_FAMILIES + "Okoye;Ben;;1A;e8;Okoye;Ada;ada@ecole.example;mère;\n")
    with pytest.raises(AddressRefused, match="staff"):
        world.director().write(
            families.correct_address, world.mine, world.year, staff.person, "x@y.example"
        )


def test_the_command_lines_rows_hide_the_address_of_staff(world: World) -> None:
    world.person(surname="Okoye", first_name="Ada", email="ada@ecole.example")
    load(world, THREE_FAMILIES + "Okoye;Ben;;1A;e8;Okoye;Ada;ada@ecole.example;mère;\n")
    rows = world.director().read(families.all_rows, world.mine, world.year)
    told = {row["first_name"]: row for row in map(families.family_json, rows)}
    assert told["Ada"]["email"] == "" and told["Anne"]["email"] == "anne@famille.example"
    assert told["Anne"]["children"][0]["class"] == "3A"


# --- a guardian's own view ----------------------------------------------------------------


def parent(world: World, name: str, child: str) -> Desk:
    chosen = frozenset({pupils(world)[child]})
    actor = Actor("parent", "parent", frozenset({world.mine}), 1, people(world)[name], chosen)
    return Desk(world.engine, actor, world.clock)


def test_a_guardian_sees_the_chosen_child_and_whom_to_ask(world: World) -> None:
    with writing(world.engine, SYSTEM, world.clock()) as session:
        school = session.get_one(School, world.mine)
        school.contact_name, school.contact_email = "Mme Noël", "secretariat@ecole.example"
    page = parent(world, "Anne", "Léa").read(children.chosen_child)
    assert (page.child, page.group, page.year) == ("Léa Dupont", "3A", "2026-2027")
    assert (page.guardian, page.relation, page.email) == (
        "Anne Martin", "mère", "anne@famille.example",
    )  # fmt: skip
    assert "E-mail" in page.address_from.text()
    assert page.contact.email == "secretariat@ecole.example" and page.contact.is_known


def test_a_guardian_sees_no_other_child_guardian_or_address(world: World) -> None:
    desk = parent(world, "Jean", "Léa")
    for child in ("Ada", "Tom"):
        with pytest.raises(NotFound):
            desk.read(children.chosen_child, pupils(world)[child])

    def everything(session: Any) -> tuple[list[Any], list[Any], list[Any], list[Any]]:
        return tuple(  # type: ignore[return-value]
            list(session.scalars(select(table))) for table in (Pupil, Guardianship, Person, Access)
        )

    seen_pupils, links, persons, accesses = desk.read(everything)
    jean = people(world)["Jean"]
    assert [p.first_name for p in seen_pupils] == ["Léa"]
    assert {x.person_id for x in (*links, *accesses)} == {jean}
    assert [p.id for p in persons] == [jean]


def test_somebody_elses_child_cannot_be_chosen(world: World) -> None:
    with pytest.raises(NotFound):
        parent(world, "Ngozi", "Léa").read(children.chosen_child)


# --- who turns out to be one person -------------------------------------------------------


def test_a_guardian_who_is_found_to_be_staff_takes_the_children_along(world: World) -> None:
    teacher = world.person(surname="Martin", first_name="Anne", email="a.martin@ecole.example")
    with writing(world.engine, SYSTEM, world.clock()) as session:
        pair = SuspectedDouble(
            person_id=teacher.person, other_id=people(world)["Anne"], score=4,
            found_at=world.clock(),
        )  # fmt: skip
        session.add(pair)
        session.flush()
        double = pair.id
    desk = world.director()
    plan = desk.write(doubles.plan_merge, double, world.mine)
    desk.write(plans.apply, plan)
    rows = {r.first_name: r for r in desk.read(families.all_rows, world.mine, world.year)}
    one = rows["Anne"]
    assert [child.first_name for child in one.children] == ["Léa", "Tom"]
    assert one.staff
    desk.write(plans.undo, plan)
    again = {r.first_name: r for r in desk.read(families.all_rows, world.mine, world.year)}
    assert again["Anne"].children == one.children and not again["Anne"].staff


def test_who_has_a_child_elsewhere_is_left_to_the_helpdesk(world: World) -> None:
    load(world, TOM + ANNE, desk=world.director(world.other), school=world.other)
    teacher = world.person(surname="Martin", first_name="Anne", email="a.martin@ecole.example")
    with writing(world.engine, SYSTEM, world.clock()) as session:
        pair = SuspectedDouble(
            person_id=teacher.person, other_id=people(world)["Anne"], score=4,
            found_at=world.clock(),
        )  # fmt: skip
        session.add(pair)
        session.flush()
        double = pair.id
    with pytest.raises(doubles.NotYours):
        world.director().write(doubles.plan_merge, double, world.mine)


def test_a_child_who_has_left_is_no_profile_any_more(world: World) -> None:
    send_tokens(world, person_ids=[people(world)["Anne"]])
    (mail,) = deliver(world)
    text = make_token(KEY, TOKEN_PURPOSE, mail.access_id, mail.generation)
    account = set_password(entrance(world), text, PASSWORD).identity.account_id
    later(world, hours=1)
    load(world, THREE_FAMILIES.replace(TOM + ANNE, ""))
    later(world, minutes=1)
    identity = world.desk.read(identity_of, account)
    assert [profile.child for profile in identity.profiles] == ["Léa Dupont"]
