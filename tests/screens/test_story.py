"""A person's story on screen: the timeline, its kinds, and where each line leads."""

from datetime import UTC, datetime, timedelta
from typing import Any
from zoneinfo import ZoneInfo

import pytest
from sqlalchemy import Engine
from textual.pilot import Pilot

from models.accounts import Account, SignInEvent
from screens.call import CallScreen
from screens.facts import told_moment
from screens.headnet_account import HeadnetAccountScreen
from screens.person import PersonScreen
from screens.plan import PlanScreen
from screens.story import STORY_KINDS, StoryScreen
from screens.whole_line import WholeLineScreen
from screens.workplace import Workplace
from screens.workshop import WorkshopScreen
from services import calls, plans, school_years, team_changes
from services.story_words import KINDS
from services.workshop_participants import Entry, add
from tests.screens.conftest import MakeApp, screen_text, settled
from tests.screens.samples import HOSTILE
from tests.services.headnet_world import ADDRESS, make_heads
from tests.services.team_world import BEFORE, NOW, Member, World, make_world
from tests.services.workshop_world import make_ateliers

HOUR = timedelta(hours=1)


@pytest.fixture
def world(sqlite_engine: Engine) -> World:
    return make_world(sqlite_engine)


def workplace(world: World, *, helpdesk: bool = False) -> Workplace:
    """Return the workplace of the director of the first school, or of the helpdesk there."""
    school = world.schools[0]
    desk = world.desk() if helpdesk else world.desk(school)
    return Workplace(desk, who="A. Lambert", here=desk.read(school_years.here, school))


def life(world: World) -> Member:
    """Somebody to whom much has happened, in two schools."""
    school, other = world.school("Institut Saint-Joseph"), world.school("Athénée royal")
    member = world.person(school, "de Brouckère", "Marie-Christine", "mcdb@courriel.example")
    member.print_form()
    member.mission("ib_coordinator")
    member.invite(
        1,
        replaced_at=NOW - 4 * HOUR,
        mail={
            "sent_at": BEFORE + HOUR,
            "bounced_at": NOW - 30 * HOUR,
            "reply": "550 5.1.1 <mcdb@courriel.example>: Recipient address rejected: User unknown",
        },
    )
    member.invite(2, mail={"sent_at": NOW - 3 * HOUR})
    world.member(member.person_id, other).suspend("congé de maladie")
    desk = world.desk(school)
    wanted = team_changes.TeamChange("set_role", "administration")
    plan = desk.write(team_changes.plan_change, school, world.year_id, [member.person_id], wanted)
    desk.write(plans.apply, plan)
    (account,) = world.add(
        Account(email="mcdb@x.be", email_key="mcdb@x.be", person_id=member.person_id,
                created_at=BEFORE)
    )  # fmt: skip
    world.add(
        SignInEvent(
            at=NOW - 2 * HOUR, kind="password", outcome="wrong", account_id=account, times=3,
            last_at=NOW - HOUR, address="mcdb@x.be",
        )
    )  # fmt: skip
    return member


def story_of(world: World, *, helpdesk: bool = False) -> StoryScreen:
    member = life(world)
    return StoryScreen(workplace(world, helpdesk=helpdesk), member.person_id)


async def go_to(pilot: Pilot[Any], words: str) -> None:
    """Search for words and come to the first line found."""
    await pilot.press("slash", *words, "enter")
    await settled(pilot)


async def test_h_opens_it_from_the_person_and_esc_goes_back(console: MakeApp, world: World) -> None:
    member = life(world)
    screen = PersonScreen(workplace(world), member.person_id)
    async with console(screen).run_test(size=(80, 24)) as pilot:
        await settled(pilot)
        await pilot.press("h")
        await settled(pilot)
        assert isinstance(pilot.app.screen, StoryScreen)
        text = screen_text(pilot.app)
        assert "de Brouckère Marie-Christine" in text and "Athénée" not in text
        await pilot.press("escape")
        assert pilot.app.screen is screen


async def test_enter_opens_the_plan_the_message_or_the_line(console: MakeApp, world: World) -> None:
    screen = story_of(world)
    async with console(screen).run_test(size=(80, 24)) as pilot:
        await settled(pilot)
        await pilot.press("enter")
        await settled(pilot)
        assert isinstance(pilot.app.screen, PlanScreen)
        await pilot.press("escape")
        await settled(pilot)
        await go_to(pilot, "retour")
        await pilot.press("enter")
        await settled(pilot)
        assert isinstance(pilot.app.screen, WholeLineScreen)
        text = screen_text(pilot.app)
        assert "550 5.1.1" in text and "Invitation n° 1" in text
        await pilot.press("escape", "escape")
        await go_to(pilot, "encodée")
        assert "Entrée ouvre l’autorisation" in screen_text(pilot.app)
        await pilot.press("enter")
        await settled(pilot)
        assert isinstance(pilot.app.screen, WholeLineScreen)
        assert "24/08/2026" in screen_text(pilot.app)
        await pilot.press("escape", "escape")
        await go_to(pilot, "mission")
        await pilot.press("enter")
        await settled(pilot)
        assert isinstance(pilot.app.screen, WholeLineScreen)
        assert "Coordonnateur" in screen_text(pilot.app)


async def test_enter_opens_the_workshop(console: MakeApp, sqlite_engine: Engine) -> None:
    ateliers = make_ateliers(sqlite_engine)
    desk, school = ateliers.director, ateliers.world.mine
    lise = ateliers.world.person(surname="Peeters", first_name="Lise", email="lise@x.example")
    ateliers.coordinator.write(add, ateliers.accepted(), Entry("", "Peeters", "Lise", "l@x.be"))
    here = Workplace(desk, who="A. Lambert", here=desk.read(school_years.here, school))
    async with console(StoryScreen(here, lise.person)).run_test(size=(80, 24)) as pilot:
        await settled(pilot)
        await go_to(pilot, "inscription")
        await pilot.press("enter")
        await settled(pilot)
        assert isinstance(pilot.app.screen, WorkshopScreen)


async def test_enter_opens_the_call_and_the_account_of_headnet(
    console: MakeApp, sqlite_engine: Engine
) -> None:
    heads = make_heads(sqlite_engine)
    desk, school = heads.helpdesk, heads.world.mine
    person = heads.world.person(surname="D’Hondt", first_name="Luc", email=ADDRESS).person
    heads.record()
    note = desk.write(calls.open_call, "dhondt", about=calls.About(person, school))
    here = Workplace(desk, who="Aide", here=desk.read(school_years.here, school))
    async with console(StoryScreen(here, person), role="helpdesk").run_test() as pilot:
        await settled(pilot)
        await go_to(pilot, "appel")
        await pilot.press("enter")
        await settled(pilot)
        assert isinstance(pilot.app.screen, CallScreen) and pilot.app.screen.call_id == note
        await pilot.press("escape", "escape")
        await go_to(pilot, "chef")
        await pilot.press("enter")
        await settled(pilot)
        assert isinstance(pilot.app.screen, HeadnetAccountScreen)


def test_the_hour_that_comes_twice_says_which() -> None:
    zone = ZoneInfo("Europe/Brussels")
    first = datetime(2026, 10, 25, 0, 30, tzinfo=UTC)
    told = [told_moment(first + n * HOUR, zone) for n in range(-1, 3)]
    day = "25/10/2026"
    assert told == [f"{day} 01:30", f"{day} 02:30+2", f"{day} 02:30+1", f"{day} 03:30"]


async def test_f_goes_through_the_kinds_there_are(console: MakeApp, world: World) -> None:
    screen = story_of(world)
    async with console(screen).run_test(size=(80, 24)) as pilot:
        await settled(pilot)
        whole = screen._table.total
        counts = dict(screen._counts)
        assert whole == sum(counts.values())
        for kind in [kind for kind in KINDS if counts[kind]]:
            await pilot.press("f")
            await settled(pilot)
            assert screen._kind == kind and screen._table.total == counts[kind]
        await pilot.press("f")
        await settled(pilot)
        assert screen._kind is None and screen._table.total == whole


async def test_the_helpdesk_reads_both_schools_and_the_door(console: MakeApp, world: World) -> None:
    screen = story_of(world, helpdesk=True)
    async with console(screen, role="helpdesk").run_test(size=(160, 50)) as pilot:
        await settled(pilot)
        text = screen_text(pilot.app)
        assert "Athénée royal" in text and "congé de maladie" in text
        assert "Le mot de passe" in text


@pytest.mark.parametrize("text", HOSTILE)
async def test_hostile_words_show_nothing_raw(console: MakeApp, world: World, text: str) -> None:
    text = text.replace("\ud800", "")
    school = world.school("École")
    member = world.person(school, text[:300] or "x", "Anne")
    member.suspend(text[:300])
    member.invite(mail={"refused_at": NOW - HOUR, "reply": text[:500]})
    async with console(StoryScreen(workplace(world), member.person_id)).run_test() as pilot:
        await settled(pilot)
        for _line in range(4):
            await pilot.press("down")
        shown = screen_text(pilot.app)
        assert "Désactivé" in shown or "désactivé" in shown
        assert not any(mark in shown for mark in ("\x1b", "\x07", "\x9b", "\u202e", "\u200b"))
        await pilot.press("enter")
        await settled(pilot)
        assert "\x1b" not in screen_text(pilot.app)


def test_every_kind_has_a_sign_of_its_own() -> None:
    assert tuple(STORY_KINDS) == KINDS
    assert len({kind.sign for kind in STORY_KINDS.values()}) == len(KINDS)


def test_picture(console: MakeApp, world: World, snap_compare: Any) -> None:
    screen = story_of(world)
    assert snap_compare(console(screen), run_before=settled, terminal_size=(80, 24))


def test_picture_for_the_helpdesk(console: MakeApp, world: World, snap_compare: Any) -> None:
    screen = story_of(world, helpdesk=True)
    app = console(screen, role="helpdesk")
    assert snap_compare(app, run_before=settled, terminal_size=(120, 30))


def test_picture_of_a_message(console: MakeApp, world: World, snap_compare: Any) -> None:
    async def look(pilot: Pilot[Any]) -> None:
        await settled(pilot)
        await go_to(pilot, "retour")
        await pilot.press("enter")
        await settled(pilot)

    screen = story_of(world)
    assert snap_compare(console(screen), run_before=look, terminal_size=(80, 24))
