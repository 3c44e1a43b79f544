"""Plans: stored, shown, applied once and whole, refused when stale, undone exactly."""

from typing import Any

import pytest
from sqlalchemy import Engine, select
from sqlmodel import SQLModel, col

from models.access import Access
from models.bulk import neutral
from models.database import ActorSession, OutOfScope, change
from models.language import say, use_language
from models.people import Person, Post
from services import plans
from services.desk import ChangedMeanwhile
from services.plans import (
    NOW,
    Item,
    PlanDraft,
    PlanRefused,
    PlanStale,
    guard,
    now_plus,
    update_change,
)
from tests.worlds import World, make_world


@pytest.fixture
def world(engine: Engine) -> World:
    use_language("en")
    return make_world(engine)


def _everything(world: World) -> dict[str, list[Any]]:
    """Every row of every table but the plans themselves and the journal."""
    with world.engine.connect() as connection:
        return {
            table.name: sorted(
                ([neutral(value) for value in row] for row in connection.execute(select(table))),
                key=repr,
            )
            for table in SQLModel.metadata.sorted_tables
            if table.name not in ("plan", "plan_item", "journal", "alembic_version")
        }


def _hire(draft: PlanDraft, world: World, school: int, surname: str) -> Item:
    """An item that makes a person with a post and an access."""
    person = draft.insert(
        "person",
        surname=surname,
        first_name="Aïcha",
        surname_key=surname.lower(),
        first_name_key="aicha",
        sex="",
        language="fr",
        personal_email_field="",
        created_at=NOW,
    )
    post = draft.insert(
        "post",
        person_id=person[2],
        school_id=school,
        school_year_id=world.year,
        function="teacher",
        other_functions="",
        role_by_hand=False,
        present=True,
        school_email_field="",
        created_at=NOW,
    )
    access = draft.insert(
        "access",
        person_id=person[2],
        school_id=school,
        school_year_id=world.year,
        service_id=world.service,
        post_id=post[2],
        granted_at=NOW,
        activated_at=now_plus(60),
        activation="known",
    )
    return Item("warning", "create", surname, say("New"), [person, post, access], school_id=school)


def _hiring(world: World, school: int, *surnames: str, **options: Any) -> PlanDraft:
    draft = PlanDraft("import.staff", say("Hiring"), school_id=school, **options)
    draft.items = [_hire(draft, world, school, surname) for surname in surnames]
    return draft


def test_a_plan_makes_rows_that_refer_to_each_other(world: World) -> None:
    draft = _hiring(world, world.mine, "Un", "Deux", "Trois")
    plan = world.desk.write(plans.store, draft)
    done = world.desk.write(plans.apply, plan)
    assert done.created == {"person": 3, "post": 3, "access": 3}
    rows = world.desk.read(
        lambda s: s.execute(
            select(Person.surname, Post.created_at, Access.activated_at)  # type: ignore[call-overload]
            .join(Post, col(Post.person_id) == Person.id)
            .join(Access, col(Access.post_id) == Post.id)
            .order_by(Person.id)
        ).all()
    )
    assert [row[0] for row in rows] == ["Un", "Deux", "Trois"]
    assert {(row[2] - row[1]).total_seconds() for row in rows} == {60}
    assert world.desk.read(plans.show, plan).state == "applied"


def test_undoing_brings_every_row_back(world: World) -> None:
    member = world.person(surname="Avant")
    before = _everything(world)
    draft = _hiring(world, world.mine, "Un", "Deux")
    change_one = update_change(
        "person", member.person, {"surname": "Avant"}, {"surname": "Après", "language": "en"}
    )
    change_one[3]["language"] = ""
    gone = world.person(surname="Parti", consent=False)
    access = world.desk.read(lambda s: s.get_one(Access, gone.access))
    columns = {name: getattr(access, name) for name in Access.model_fields if name != "id"}
    remove = ["-", "access", gone.access, {n: neutral(v) for n, v in columns.items()}]
    draft.items += [
        Item("information", "change", "Avant", say("Changed"), [change_one]),
        Item("warning", "remove", "Parti", say("Removed"), [remove]),
    ]
    before = _everything(world)
    plan = world.desk.write(plans.store, draft)
    done = world.desk.write(plans.apply, plan)
    assert (done.changed, done.removed) == ({"person": 1}, {"access": 1})
    assert _everything(world) != before
    world.desk.write(plans.undo, plan)
    assert _everything(world) == before
    assert world.desk.read(plans.show, plan).state == "undone"


def test_a_plan_is_applied_once(world: World) -> None:
    plan = world.desk.write(plans.store, _hiring(world, world.mine, "Un"))
    world.desk.write(plans.apply, plan)
    with pytest.raises(PlanRefused, match="applied already"):
        world.desk.write(plans.apply, plan)
    world.desk.write(plans.undo, plan)
    for verb in (plans.apply, plans.undo):
        with pytest.raises(PlanRefused):
            world.desk.write(verb, plan)


def test_a_plan_is_stale_when_its_rows_have_changed(world: World) -> None:
    member = world.person(surname="Avant")
    for changes in (
        [update_change("person", member.person, {"surname": "Avant"}, {"surname": "Après"})],
        [guard("person", member.person, surname="Avant")],
        [guard("person", 424_242, surname="Nobody")],
    ):
        draft = PlanDraft("test", say("Renaming"))
        draft.items = [Item("information", "change", "Avant", say("Changed"), changes)]
        plan = world.desk.write(plans.store, draft)
        rename(world, member.person, "Entre-temps")
        with pytest.raises(PlanStale):
            world.desk.write(plans.apply, plan)
        rename(world, member.person, "Avant")


def rename(world: World, person: int, surname: str) -> None:
    world.desk.write(lambda s: change(s, Person, col(Person.id) == person, surname=surname))


def test_of_two_imports_computed_at_once_the_second_is_stale(world: World) -> None:
    first = world.desk.write(plans.store, _hiring(world, world.mine, "Un"))
    second = world.desk.write(plans.store, _hiring(world, world.mine, "Un"))
    world.clock.now = world.clock.now.replace(minute=5)
    world.desk.write(plans.apply, first)
    with pytest.raises(PlanStale):
        world.desk.write(plans.apply, second)


def test_a_conflict_with_another_row_changes_nothing(world: World) -> None:
    member = world.person()
    draft = PlanDraft("test", say("Twice"))
    new = draft.insert(
        "post",
        person_id=member.person,
        school_id=world.mine,
        school_year_id=world.year,
        function="teacher",
        other_functions="",
        role_by_hand=False,
        present=True,
        school_email_field="",
        created_at=NOW,
    )
    draft.items = [Item("warning", "create", "Twice", say("New"), [new])]
    plan = world.desk.write(plans.store, draft)
    before = _everything(world)
    with pytest.raises(ChangedMeanwhile):
        world.desk.write(plans.apply, plan)
    assert _everything(world) == before
    assert world.desk.read(plans.show, plan).state == "open"


def test_a_left_out_row_takes_along_what_depends_on_it(world: World) -> None:
    draft = PlanDraft("test", say("Hiring"), school_id=world.mine)
    item = _hire(draft, world, world.mine, "Un")
    person, *rest = item.changes
    draft.items = [
        Item("warning", "create", "Un", say("New"), [person]),
        Item("warning", "create", "Un", say("Post"), rest),
        _hire(draft, world, world.mine, "Deux"),
    ]
    plan = world.desk.write(plans.store, draft)
    world.desk.write(plans.leave_out, plan, 0, True)
    done = world.desk.write(plans.apply, plan)
    assert (done.created, done.left_out) == ({"person": 1, "post": 1, "access": 1}, 2)
    assert world.desk.read(lambda s: s.scalars(select(Person.surname)).all()) == ["Deux"]  # type: ignore[call-overload]
    world.desk.write(plans.undo, plan)
    assert world.desk.read(lambda s: s.scalars(select(Person)).all()) == []


def test_a_refused_plan_can_be_seen_and_not_applied(world: World) -> None:
    plan = world.desk.write(plans.store, _hiring(world, world.mine, "Un", refused=True))
    assert world.desk.read(plans.show, plan).state == "refused"
    with pytest.raises(PlanRefused):
        world.desk.write(plans.apply, plan)


def test_a_large_change_asks_for_the_number(world: World) -> None:
    plan = world.desk.write(plans.store, _hiring(world, world.mine, "Un", confirm_number="9901"))
    for typed in ("", "9902"):
        with pytest.raises(PlanRefused, match="large share"):
            world.desk.write(plans.apply, plan, typed)
    world.desk.write(plans.apply, plan, " 9901 ")


def test_undoing_is_refused_when_something_came_later(world: World) -> None:
    plan = world.desk.write(plans.store, _hiring(world, world.mine, "Un"))
    world.desk.write(plans.apply, plan)
    access = world.desk.read(lambda s: s.scalars(select(Access)).one())

    def give_mission(session: ActorSession) -> None:
        from models.access import Mission

        session.add(
            Mission(
                person_id=access.person_id,
                school_id=world.mine,
                school_year_id=world.year,
                code="ib_coordinator",
                given_at=session.at,
            )
        )

    world.desk.write(give_mission)
    with pytest.raises(PlanRefused, match="Something has been done since"):
        world.desk.write(plans.undo, plan)
    assert world.desk.read(plans.show, plan).state == "applied"


def test_undoing_is_refused_when_a_made_row_was_changed(world: World) -> None:
    plan = world.desk.write(plans.store, _hiring(world, world.mine, "Un"))
    world.desk.write(plans.apply, plan)
    person = world.desk.read(lambda s: s.scalars(select(Person)).one())
    assert person.id is not None
    rename(world, person.id, "Autre")
    with pytest.raises(PlanRefused, match="changed since"):
        world.desk.write(plans.undo, plan)


def test_a_director_applies_plans_of_the_own_school_only(world: World) -> None:
    theirs = world.person(world.other)
    desk = world.director()
    plan = desk.write(plans.store, _hiring(world, world.mine, "Un"))
    assert desk.write(plans.apply, plan).created["person"] == 1
    foreign = world.desk.write(plans.store, _hiring(world, world.other, "Deux"))
    with pytest.raises(PlanRefused, match="no plan number"):
        desk.write(plans.apply, foreign)
    for changes in (
        [update_change("post", theirs.post, {"function": "teacher"}, {"function": "worker"})],
        [guard("person", theirs.person, sex="")],
        [update_change("school", world.other, {"network": ""}, {"network": "x"})],
    ):
        draft = PlanDraft("test", say("Reaching"), school_id=world.mine)
        draft.items = [Item("information", "change", "x", say("Changed"), changes)]
        reaching = desk.write(plans.store, draft)
        with pytest.raises(OutOfScope):
            desk.write(plans.apply, reaching)
    smuggled = _hiring(world, world.mine, "Trois")
    smuggled.items += [_hire(smuggled, world, world.other, "Quatre")]
    plan = desk.write(plans.store, smuggled)
    with pytest.raises(OutOfScope):
        desk.write(plans.apply, plan)
    with pytest.raises(OutOfScope):
        desk.write(plans.store, _hiring(world, world.other, "Cinq"))


def test_rows_show_before_and_after(world: World) -> None:
    member = world.person(surname="Avant")
    draft = _hiring(world, world.mine, "Un")
    renamed = update_change("person", member.person, {"surname": "Avant"}, {"surname": "Après"})
    draft.items.append(Item("information", "change", "A\x1b[31m", say("Changed"), [renamed]))
    plan = world.desk.write(plans.store, draft)
    (row,) = world.desk.read(plans.rows, plan, 0, 10, "information")
    assert [(d.column, d.before, d.after) for d in row.differences] == [
        ("surname", "Avant", "Après")
    ]
    assert "\x1b" not in row.label
    assert world.desk.read(plans.show, plan).levels == {"information": 1, "warning": 1, "error": 0}
    assert [p.id for p in world.desk.read(plans.list_plans)] == [plan]
