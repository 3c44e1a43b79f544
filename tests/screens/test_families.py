"""The guardians' list on screen, the correction of an address, and a guardian's child."""

from datetime import timedelta
from random import Random
from typing import Any

import pytest
from sqlalchemy import Engine, select
from sqlmodel import col
from textual.pilot import Pilot

from models.access import Access
from models.database import SYSTEM, Actor, writing
from models.families import Pupil
from models.language import use_language
from models.mail import Mail
from models.people import Person
from models.schools import School
from screens.child import ChildScreen
from screens.families import CorrectionScreen, FamiliesScreen
from screens.mapping import MappingScreen
from screens.plan import PlanScreen
from screens.workplace import Workplace
from services import families, importing, outbox, plans, school_years
from services.desk import Desk
from services.mail.replies import Outcome, Result
from services.outbox import Settled
from tests.families import HEADER, THREE_FAMILIES, load, people, pupils
from tests.screens.conftest import MakeApp, screen_text, settled
from tests.screens.samples import HOSTILE
from tests.worlds import World, make_world

SIZES = [(80, 24), (60, 20), (160, 50)]
MORE = (
    "D’Hondt;Noé;01/02/2014;4B;e4;D’Hondt;Marie-Christine;mc.dhondt@courriel.example;mère;fr\n"
    "D’Hondt;Zoé;05/06/2016;2C;e5;D’Hondt;Marie-Christine;mc.dhondt@courriel.example;mère;fr\n"
    "Nguyễn;Minh;11/11/2015;3A;e6;Nguyễn;Thị Mai;famille.nguyen@courriel.example;mère;fr\n"
    "Nguyễn;Minh;11/11/2015;3A;e6;Nguyễn;Văn An;famille.nguyen@courriel.example;père;fr\n"
    "Janssens;Lotte;09/08/2017;1A;e7;Janssens;Luc;luc@ancienne-boite.example;père;fr\n"
)


@pytest.fixture
def world(sqlite_engine: Engine) -> World:
    made = make_world(sqlite_engine)
    load(made, THREE_FAMILIES + MORE)
    return made


def tell_fates(world: World) -> None:
    """Let one guardian be known, one mail come back, and the others wait for their readers."""
    desk = world.director()
    known = people(world)
    wanted = [known[name] for name in ("Anne", "Luc", "Jean", "Marie-Christine")]
    plan = desk.write(families.plan_tokens, world.mine, world.year, person_ids=wanted)
    desk.write(plans.apply, plan)
    with writing(world.engine, SYSTEM, world.clock()) as session:
        worker = outbox.worker_name()
        claimed = outbox.claim(session, worker, 50, timedelta(minutes=5))
        taken = Outcome(Result.SENT, 250, "2.0.0", "Ok")
        mails = [Settled(mail.mail_id, taken, session.at) for mail in claimed]
        outbox.settle(session, worker, mails, Random(1))
        back = next(mail for mail in claimed if mail.recipient.startswith("luc"))
        outbox.record_bounce(session, back.mail_id, back.generation, "5.1.1 No such user")
        used = select(Access).where(col(Access.person_id) == known["Anne"])
        for access in session.scalars(used):
            access.activated_at, access.activation = world.clock(), "token"


def list_screen(world: World) -> FamiliesScreen:
    desk = world.director()
    here = desk.read(school_years.here, world.mine)
    return FamiliesScreen(Workplace(desk, who="A. Lambert", here=here))


def child_screen(world: World, guardian: str, child: str) -> ChildScreen:
    chosen = frozenset({pupils(world)[child]})
    actor = Actor("parent", "parent", frozenset({world.mine}), 1, people(world)[guardian], chosen)
    desk = Desk(world.engine, actor, world.clock)
    return ChildScreen(Workplace(desk, who="Anne Martin"))


# --- the list -----------------------------------------------------------------------------


async def test_the_list_tells_who_has_signed_in_and_whose_guardian(
    console: MakeApp, world: World
) -> None:
    tell_fates(world)
    use_language("en")
    async with console(list_screen(world), language="en").run_test(size=(160, 50)) as pilot:
        await settled(pilot)
        shown = screen_text(pilot.app)
        assert "Martin Anne" in shown and "Dupont Léa, Tom" in shown and "3A, 1B" in shown
        await pilot.press("slash", *"martin", "enter")
        await settled(pilot)
        assert "Has signed in, on" in screen_text(pilot.app)


async def test_typing_finds_by_the_child(console: MakeApp, world: World) -> None:
    async with console(list_screen(world)).run_test(size=(80, 24)) as pilot:
        await settled(pilot)
        await pilot.press("slash", *"minh", "enter")
        await settled(pilot)
        shown = screen_text(pilot.app)
        assert "Nguyễn Thị Mai" in shown and "Nguyễn Văn An" in shown and "Martin" not in shown


async def test_f8_plans_tokens_for_all_who_wait_for_one(console: MakeApp, world: World) -> None:
    tell_fates(world)
    screen = list_screen(world)
    async with console(screen).run_test(size=(80, 24)) as pilot:
        await settled(pilot)
        await pilot.press("f8")
        await settled(pilot)
        assert isinstance(pilot.app.screen, PlanScreen)
    newest = world.director().read(plans.list_plans)[0]
    assert newest.summary["queued"] == 2
    assert newest.summary["left_out"] == {"active": 1, "already_invited": 3, "no_address": 1}


async def test_f8_sends_again_to_the_one_selected(console: MakeApp, world: World) -> None:
    tell_fates(world)
    screen = list_screen(world)
    async with console(screen).run_test(size=(80, 24)) as pilot:
        await settled(pilot)
        await pilot.press("slash", *"jean", "enter")
        await settled(pilot)
        await pilot.press("space", "f8")
        await settled(pilot)
        assert isinstance(pilot.app.screen, PlanScreen)
        assert "jean@famille.example" in screen_text(pilot.app)


async def test_f2_corrects_an_address_and_queues_the_token(console: MakeApp, world: World) -> None:
    async with console(list_screen(world)).run_test(size=(80, 24)) as pilot:
        await settled(pilot)
        await pilot.press("slash", *"ngozi", "enter")
        await settled(pilot)
        await pilot.press("f2")
        await settled(pilot)
        assert isinstance(pilot.app.screen, CorrectionScreen)
        await pilot.press(*"nulle part", "enter")
        await settled(pilot)
        assert isinstance(pilot.app.screen, CorrectionScreen)
        await pilot.press("ctrl+u", *"ngozi@famille.example", "enter")
        await settled(pilot)
    (mail,) = world.desk.read(lambda s: list(s.scalars(select(Mail))))
    assert mail.recipient == "ngozi@famille.example"


async def test_hostile_names_are_shown_harmlessly(console: MakeApp, world: World) -> None:
    with writing(world.engine, SYSTEM, world.clock()) as session:
        pairs = zip(session.scalars(select(Person)), session.scalars(select(Pupil)), strict=False)
        texts = [t.encode("utf-8", "replace").decode().replace("\x00", "") for t in HOSTILE]
        for number, (person, pupil) in enumerate(pairs):
            person.first_name = person.personal_email_field = texts[number]
            pupil.first_name = pupil.group = texts[-number]
    async with console(list_screen(world)).run_test(size=(160, 50)) as pilot:
        await settled(pilot)
        for _row in range(8):
            await pilot.press("down")
            await settled(pilot)
            assert not set(screen_text(pilot.app)) & set("\x1b\x9b\x07\u202e\u2066\u200b")


# --- a guardian's child -------------------------------------------------------------------


async def test_a_guardian_sees_the_own_entry_and_whom_to_ask(
    console: MakeApp, world: World
) -> None:
    async with console(child_screen(world, "Anne", "Léa"), role="parent").run_test() as pilot:
        await settled(pilot)
        shown = screen_text(pilot.app)
        assert "Léa Dupont" in shown and "anne@famille.example" in shown
        assert "jean@famille.example" not in shown and "Jean" not in shown
        assert "a.lambert@ecole.example" not in shown


async def test_a_child_of_somebody_else_is_told_in_words(console: MakeApp, world: World) -> None:
    async with console(child_screen(world, "Ngozi", "Léa"), role="parent").run_test() as pilot:
        await settled(pilot)
        assert "Dupont" not in screen_text(pilot.app)


# --- pictures -----------------------------------------------------------------------------


@pytest.mark.parametrize("size", SIZES, ids=lambda size: f"{size[0]}x{size[1]}")
def test_picture_of_the_list(
    console: MakeApp, world: World, snap_compare: Any, size: tuple[int, int]
) -> None:
    tell_fates(world)
    assert snap_compare(console(list_screen(world)), terminal_size=size, run_before=settled)


def test_picture_of_a_correction(console: MakeApp, world: World, snap_compare: Any) -> None:
    tell_fates(world)

    async def ask(pilot: Pilot[Any]) -> None:
        await settled(pilot)
        await pilot.press("slash", *"luc", "enter")
        await settled(pilot)
        await pilot.press("f2")
        await settled(pilot)

    assert snap_compare(console(list_screen(world)), terminal_size=(80, 24), run_before=ask)


def test_picture_of_a_child(console: MakeApp, world: World, snap_compare: Any) -> None:
    tell_fates(world)
    with writing(world.engine, SYSTEM, world.clock()) as session:
        school = session.get_one(School, world.mine)
        school.contact_name, school.contact_email = "Bénédicte Noël", "secretariat@ecole.example"
        school.contact_phone, school.locality = "+32 81 00 01 01", "Valmeuse"
        school.postal_code = "5999"
    app = console(child_screen(world, "Anne", "Léa"), role="parent")
    assert snap_compare(app, terminal_size=(80, 24), run_before=settled)


def test_picture_of_the_columns_of_families(
    console: MakeApp, world: World, snap_compare: Any
) -> None:
    layout = importing.layout_of((HEADER + THREE_FAMILIES).encode(), "families")
    assert layout is not None
    screen = MappingScreen(list_screen(world).workplace, layout, {})
    assert snap_compare(console(screen), terminal_size=(80, 24), run_before=settled)
