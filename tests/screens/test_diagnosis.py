"""The diagnosis on screen: causes, what to say, the remedy on Enter, and the call in hand."""

import ast
from pathlib import Path
from typing import Any

import pytest
from sqlalchemy import select
from sqlmodel import col
from textual.pilot import Pilot

import services
from models.accounts import Account, PasswordReset
from models.calls import CallNote, CallStep
from models.database import Actor
from models.plans import Plan
from screens.confirm import ConfirmScreen
from screens.diagnosis import DiagnosisScreen
from screens.diagnosis_remedies import WAYS
from screens.person import PersonScreen
from screens.plan import PlanScreen
from screens.story import StoryScreen
from screens.whole_line import WholeLineScreen
from screens.workplace import Workplace
from services import school_years
from services.desk import Desk
from services.diagnosis_remedies import kind_of
from services.search import Hit, search
from tests.screens.conftest import MakeApp, screen_text, settled
from tests.screens.samples import HOSTILE
from tests.services.diagnosis_world import Town
from tests.worlds import Member, World


def helpdesk(world: World) -> Desk:
    return Desk(world.engine, Actor("helpdesk", "helpdesk", None), world.clock)


def workplace(world: World, *, director: bool = False) -> Workplace:
    """The helpdesk's without a school, a director's in the own one."""
    if not director:
        return Workplace(helpdesk(world), who="H. Desk")
    desk = world.director()
    return Workplace(desk, who="A. Lambert", here=desk.read(school_years.here, world.mine))


def caller(world: World, *troubles: str) -> Member:
    ((_troubles, member),) = Town(world).callers([troubles])
    return member


def found(world: World, text: str = "appelant1") -> Hit:
    hit: Hit = helpdesk(world).read(search, text)[0]
    return hit


def rows(world: World, table: Any) -> list[Any]:
    def ask(session: Any) -> list[Any]:
        return list(session.scalars(select(table).order_by(col(table.id))))

    return world.desk.read(ask)


async def on_screen(pilot: Pilot[Any], *keys: str) -> str:
    """Press keys, one after the other, and return what is shown then."""
    await settled(pilot)
    for key in keys:
        await pilot.press(key)
        await settled(pilot)
    return " ".join(screen_text(pilot.app).split())


async def test_a_plan_is_shown_applied_and_noted(console: MakeApp, world: World) -> None:
    member = caller(world, "deactivated", "disappeared")
    screen = DiagnosisScreen(workplace(world), found(world), "appelant un")
    async with console(screen, role="helpdesk").run_test(size=(80, 24)) as pilot:
        text = await on_screen(pilot)
        assert "2 causes" in text and "À dire : Institut Saint-Exemple a désactivé" in text
        assert "Remède (Entrée) : Réactiver" in text
        assert not rows(world, CallNote), "a mere look is no call"
        await on_screen(pilot, "enter")
        assert isinstance(pilot.app.screen, PlanScreen)
        text = await on_screen(pilot, "f8")
        assert pilot.app.screen is screen
        assert "1 cause" in text and "Accès activé" in text, "it is read anew"
        (note,), (step,), plan = rows(world, CallNote), rows(world, CallStep), rows(world, Plan)[-1]
        assert (note.person_id, note.searched) == (member.person, "appelant un")
        assert (note.surname, note.closed_at) == ("Appelant1", None)
        assert (step.code, step.plan_id) == ("reactivate", plan.id)
        assert "appel n°" in text.replace("\xa0", " ")
        await on_screen(pilot, "x")
        assert rows(world, CallNote)[0].closed_at is not None


async def test_what_is_said_is_noted_and_x_closes_at_once(console: MakeApp, world: World) -> None:
    caller(world, "several_mails")
    screen = DiagnosisScreen(workplace(world), found(world), "appelant")
    async with console(screen, role="helpdesk").run_test(size=(80, 24)) as pilot:
        await on_screen(pilot, "enter", "x")
        (note,), (step,) = rows(world, CallNote), rows(world, CallStep)
        assert note.closed_at is not None and step.code == "tell_caller"


@pytest.mark.parametrize("trouble", ["locked", "account_disabled", "wrong_password"])
async def test_an_account_is_mended_by_a_plan(console: MakeApp, world: World, trouble: str) -> None:
    member = caller(world, trouble)
    screen = DiagnosisScreen(workplace(world), found(world), "appelant")
    async with console(screen, role="helpdesk").run_test(size=(80, 24)) as pilot:
        await on_screen(pilot, "enter", "f8")
        if trouble == "wrong_password":
            assert isinstance(pilot.app.screen, ConfirmScreen), "a mail leaves the house"
            await on_screen(pilot, "o")
        assert pilot.app.screen is screen
        account = next(a for a in rows(world, Account) if a.person_id == member.person)
        assert account.locked_until is None and account.disabled_at is None
        assert len(rows(world, PasswordReset)) == (trouble == "wrong_password")
        (step,) = rows(world, CallStep)
        assert step.plan_id == rows(world, Plan)[-1].id


async def test_the_helpdesk_looks_further(console: MakeApp, world: World) -> None:
    caller(world, "expired")
    screen = DiagnosisScreen(workplace(world), found(world), "appelant")
    async with console(screen, role="helpdesk").run_test(size=(80, 24)) as pilot:
        await settled(pilot)
        for key, kind in (("h", StoryScreen), ("o", PersonScreen), ("f", WholeLineScreen)):
            await on_screen(pilot, key)
            assert isinstance(pilot.app.screen, kind)
            await on_screen(pilot, "escape")
            assert pilot.app.screen is screen
        assert not rows(world, CallNote)


async def test_w_asks_why_from_a_persons_page(console: MakeApp, world: World) -> None:
    member = caller(world, "no_consent")
    screen = PersonScreen(workplace(world, director=True), member.person)
    async with console(screen).run_test(size=(80, 24)) as pilot:
        text = await on_screen(pilot, "w")
        assert isinstance(pilot.app.screen, DiagnosisScreen)
        assert "Diagnostic" in text and "appel en cours" not in text
        assert "x Clore" not in text, "a director has no calls"


def test_no_remedy_has_a_dead_key() -> None:
    """Every code that the services write opens something where it is a plan or a form."""
    codes = {
        str(node.args[0].value)
        for path in Path(services.__file__).parent.rglob("*.py")
        for node in ast.walk(ast.parse(path.read_text(encoding="utf-8")))
        if isinstance(node, ast.Call) and getattr(node.func, "id", "") == "Remedy"
        if isinstance(node.args[0], ast.Constant)
    }
    assert len(codes) > 30
    assert set(WAYS) == {code for code in codes if kind_of(code) in ("plan", "form")}


@pytest.mark.parametrize("name", HOSTILE)
async def test_hostile_names_show_nothing_raw(console: MakeApp, world: World, name: str) -> None:
    name = name.replace("\ud800", "").replace("\x00", "")
    member = world.person(surname=name, first_name="Anne", email="anne@courriel.example")
    here = workplace(world, director=True)
    screen = DiagnosisScreen.of_person(here, member.person, here.chosen)
    async with console(screen).run_test(size=(60, 20)) as pilot:
        text = await on_screen(pilot, "down", "pagedown")
        assert "Recevra" in text and "À dire" in text
        assert not any(mark in text for mark in ("\x1b", "\x07", "\x9b", "\u202e", "\u200b"))


def test_picture(console: MakeApp, world: World, snap_compare: Any) -> None:
    caller(world, "bounced", "typing_error", "mission_not_renewed")
    screen = DiagnosisScreen(workplace(world), found(world), "appelant")
    app = console(screen, role="helpdesk")
    assert snap_compare(app, run_before=settled, terminal_size=(80, 24))
