"""The team's list, a person's page and suspected doubles on screen."""

from datetime import date, timedelta
from typing import Any

import pytest
from sqlalchemy import Engine
from textual.pilot import Pilot

from models.language import use_language
from screens.doubles import DoublesScreen
from screens.person import PersonScreen
from screens.plan import PlanScreen
from screens.team_access import TeamAccessScreen
from screens.team_changes import ChangeScreen
from screens.workplace import Workplace
from services import school_years, team_access
from services.findings import STATUS_WORDS
from tests.screens.conftest import MakeApp, screen_text, settled
from tests.screens.samples import HOSTILE
from tests.services.team_world import BEFORE, NOW, Member, World, make_world

HOUR = timedelta(hours=1)
SIZES = [(80, 24), (60, 20), (160, 50)]


@pytest.fixture
def world(sqlite_engine: Engine) -> World:
    """Return a world with accesses, where other screens have a smaller one."""
    return make_world(sqlite_engine)


def workplace(world: World, school: int) -> Workplace:
    desk = world.desk(school)
    return Workplace(desk, who="A. Lambert", here=desk.read(school_years.here, school))


def team(world: World) -> dict[str, Member]:
    """One person in each status but one: no access of this school year has ended yet."""
    school = world.school("Institut Saint-Joseph")

    def person(surname: str, first_name: str, **facts: Any) -> Member:
        email = facts.pop("email", f"{first_name.lower()}@courriel.example")
        return world.person(school, surname, first_name, email, **facts)

    members = {
        "active": person("Vandenbroeck", "Élise", activated=BEFORE, function="principal"),
        "deactivated": person("Benali", "Aïcha"),
        "no_address": person("Nowak", "Łukasz", email=None, function="educator"),
        "no_consent": person("D’Hondt", "Noémie", consent=False),
        "duplicate": person("Peeters", "Zoë"),
        "no_role": person("Lejeune", "Bérénice", function=""),
        "to_invite": person("de Brouckère", "Marie-Christine", birth_date=date(1990, 1, 2)),
        "bounced": person("Lefèvre", "Étienne"),
        "refused": person("Dupont", "Jean-Marc"),
        "expired": person("El Amrani", "Fatima"),
        "uncertain": person("Desmet", "Ann"),
        "sent": person("Janssens", "Luc", function="bursar"),
        "queued": person("Claes", "Sofie"),
    }
    members["active"].mission("ib_coordinator")
    members["deactivated"].suspend("congé de maladie")
    world.double(members["duplicate"], person("Peeters", "Zoé", activated=BEFORE))
    members["bounced"].invite(
        mail={"sent_at": BEFORE, "bounced_at": NOW - HOUR, "reply": "550 5.1.1 User unknown"}
    )
    members["refused"].invite(mail={"refused_at": NOW - HOUR, "reply": "550 no"})
    members["expired"].invite(valid_until=NOW - HOUR, mail={"sent_at": BEFORE})
    members["uncertain"].invite(mail={"uncertain_at": NOW - HOUR})
    members["sent"].invite(mail={"sent_at": NOW - HOUR})
    members["queued"].invite()
    return members


def list_screen(world: World) -> TeamAccessScreen:
    return TeamAccessScreen(workplace(world, world.schools[0]))


def status_of(world: World, member: Member) -> str:
    (row,) = world.desk().read(
        team_access.status_rows, member.school_id, world.year_id, {member.person_id}
    )
    return row.status


async def go_to(pilot: Pilot[Any], surname: str) -> None:
    await pilot.press("slash", "ctrl+u", *surname, "enter")
    await settled(pilot)


# --- the list -----------------------------------------------------------------------------


async def test_every_status_is_told_by_sign_and_word(console: MakeApp, world: World) -> None:
    team(world)
    async with console(list_screen(world)).run_test(size=(80, 24)) as pilot:
        await settled(pilot)
        shown = screen_text(pilot.app)
        for status, words in STATUS_WORDS.items():
            if status != "ended":
                assert f"{words.sign} {words.short}" in shown, status
        assert "1–14" in shown and "Vandenbroeck Élise" in shown


async def test_f_goes_through_the_statuses_that_somebody_has(
    console: MakeApp, world: World
) -> None:
    team(world)
    screen = list_screen(world)
    async with console(screen).run_test(size=(80, 24)) as pilot:
        await settled(pilot)
        await pilot.press("f")
        await settled(pilot)
        assert screen.table.total == 1
        assert "Benali" in screen_text(pilot.app)
        assert "congé de maladie" in screen_text(pilot.app)
        for _status in range(13):
            await pilot.press("f")
            await settled(pilot)
        assert screen.table.total == 14


async def test_a_wish_of_the_dashboard_is_shown_first(console: MakeApp, world: World) -> None:
    team(world)
    place = workplace(world, world.schools[0])
    place.wish("team-access", "bounced")
    screen = TeamAccessScreen(place)
    async with console(screen).run_test(size=(80, 24)) as pilot:
        await settled(pilot)
        assert screen.table.total == 1
        assert "Lefèvre" in screen_text(pilot.app)


async def test_every_order_is_offered_and_keeps_the_place(console: MakeApp, world: World) -> None:
    team(world)
    screen = list_screen(world)
    async with console(screen).run_test(size=(160, 50)) as pilot:
        await settled(pilot)
        for _column in range(len(team_access.SORTS)):
            await pilot.press("s")
            await settled(pilot)
            assert screen.table.sort is not None
            assert screen.table.sort.column in team_access.SORTS
            assert screen.table.total == 14


async def test_one_person_is_deactivated_with_a_reason_and_reactivated(
    console: MakeApp, world: World
) -> None:
    members = team(world)
    async with console(list_screen(world)).run_test(size=(80, 24)) as pilot:
        await settled(pilot)
        await go_to(pilot, "Vandenbroeck")
        await pilot.press("x")
        await settled(pilot)
        await pilot.press("enter")  # no reason: nothing happens
        await settled(pilot)
        assert status_of(world, members["active"]) == "active"
        await pilot.press(*"parti", "enter")
        await settled(pilot)
        assert status_of(world, members["active"]) == "deactivated"
        await pilot.press("x")
        await settled(pilot)
        assert status_of(world, members["active"]) == "active"


async def test_several_are_given_a_mission_by_a_plan(console: MakeApp, world: World) -> None:
    team(world)
    screen = list_screen(world)
    async with console(screen).run_test(size=(80, 24)) as pilot:
        await settled(pilot)
        await pilot.press("space", "space", "m")
        await settled(pilot)
        assert isinstance(pilot.app.screen, ChangeScreen)
        await pilot.press("enter")
        await settled(pilot)
        assert isinstance(pilot.app.screen, PlanScreen)
        await pilot.press("f8")
        await settled(pilot)
        assert pilot.app.screen is screen
        rows = world.desk().read(team_access.status_rows, world.schools[0], world.year_id)
        assert sum("acting_principal" in row.missions for row in rows) == 2


async def test_all_found_are_meant_by_a(console: MakeApp, world: World) -> None:
    team(world)
    screen = list_screen(world)
    async with console(screen).run_test(size=(80, 24)) as pilot:
        await settled(pilot)
        await pilot.press("slash", *"peeters", "enter")
        await settled(pilot)
        await pilot.press("a", "r")
        await settled(pilot)
        await pilot.press("end", "up", "enter")
        await settled(pilot)
        assert isinstance(pilot.app.screen, PlanScreen)
        await pilot.press("f8")
        await settled(pilot)
        rows = world.desk().read(team_access.status_rows, world.schools[0], world.year_id)
        assert [row.surname for row in rows if row.role == "reader"] == ["Peeters", "Peeters"]


async def test_f8_plans_the_invitations_of_the_team(console: MakeApp, world: World) -> None:
    team(world)
    async with console(list_screen(world)).run_test(size=(80, 24)) as pilot:
        await settled(pilot)
        await pilot.press("f8")
        await settled(pilot)
        assert isinstance(pilot.app.screen, PlanScreen)


async def test_an_empty_team_says_what_to_do(console: MakeApp, world: World) -> None:
    world.school()
    async with console(list_screen(world)).run_test(size=(80, 24)) as pilot:
        await settled(pilot)
        assert "Importez" in screen_text(pilot.app)


@pytest.mark.parametrize("size", SIZES)
async def test_hostile_names_are_shown_and_do_nothing(
    console: MakeApp, world: World, size: tuple[int, int]
) -> None:
    school = world.school(HOSTILE[0].encode("utf-8", "replace").decode())
    members = []
    for text in HOSTILE:
        text = text.encode("utf-8", "replace").decode().replace("\x00", "")
        member = world.person(school, text, text, function="", post={"role": text[:200]})
        member.suspend(text)
        members.append(member)
    screen = list_screen(world)
    async with console(screen).run_test(size=size) as pilot:
        await settled(pilot)
        for _row in HOSTILE:
            await pilot.press("down")
        await settled(pilot)
        assert not set(screen_text(pilot.app)) & set("\x1b\x9b\x07\u202e\u2066\u200b")
        for member in members[:6]:
            pilot.app.push_screen(PersonScreen(workplace(world, school), member.person_id))
            await settled(pilot)
            await pilot.press("h")
            await settled(pilot)
            assert not set(screen_text(pilot.app)) & set("\x1b\x9b\x07\u202e\u2066\u200b")
            await pilot.press("escape")
            await settled(pilot)


# --- a person, doubles --------------------------------------------------------------------


async def test_a_person_s_page_tells_what_is_wrong_and_what_happened(
    console: MakeApp, world: World
) -> None:
    members = team(world)
    screen = PersonScreen(workplace(world, world.schools[0]), members["bounced"].person_id)
    async with console(screen).run_test(size=(80, 40)) as pilot:
        await settled(pilot)
        shown = screen_text(pilot.app)
        assert "Lefèvre Étienne" in shown
        assert "550 5.1.1 User unknown" in shown
        assert "01/09/2026 09:30" in shown  # in Brussels
        await pilot.press("h")
        await settled(pilot)
        assert "retour de" in screen_text(pilot.app)


async def test_a_mission_is_given_from_a_person_s_page(console: MakeApp, world: World) -> None:
    members = team(world)
    screen = PersonScreen(workplace(world, world.schools[0]), members["sent"].person_id)
    async with console(screen).run_test(size=(80, 40)) as pilot:
        await settled(pilot)
        await pilot.press("m")
        await settled(pilot)
        await pilot.press("enter")
        await settled(pilot)
        assert "Direction ad intérim" in screen_text(pilot.app) or "mission" in screen_text(
            pilot.app
        )
        rows = world.desk().read(team_access.status_rows, world.schools[0], world.year_id)
        assert [row.surname for row in rows if "acting_principal" in row.missions] == ["Janssens"]


async def test_a_double_is_decided_not_the_same(console: MakeApp, world: World) -> None:
    members = team(world)
    screen = DoublesScreen(workplace(world, world.schools[0]))
    async with console(screen).run_test(size=(80, 24)) as pilot:
        await settled(pilot)
        assert status_of(world, members["duplicate"]) == "duplicate"
        await pilot.press("n")
        await settled(pilot)
        assert status_of(world, members["duplicate"]) == "to_invite"
        assert "Aucun doublon" in screen_text(pilot.app)


async def test_a_double_becomes_one_by_a_plan(console: MakeApp, world: World) -> None:
    team(world)
    screen = DoublesScreen(workplace(world, world.schools[0]))
    async with console(screen).run_test(size=(80, 24)) as pilot:
        await settled(pilot)
        await pilot.press("m")
        await settled(pilot)
        assert isinstance(pilot.app.screen, PlanScreen)
        await pilot.press("f8")
        await settled(pilot)
        assert pilot.app.screen is screen
        rows = world.desk().read(team_access.status_rows, world.schools[0], world.year_id)
        assert [row.status for row in rows if row.surname == "Peeters"] == ["active"]


# --- pictures -----------------------------------------------------------------------------


@pytest.mark.parametrize("size", SIZES, ids=lambda size: f"{size[0]}x{size[1]}")
def test_picture_of_the_list(
    console: MakeApp, world: World, snap_compare: Any, size: tuple[int, int]
) -> None:
    team(world)

    async def look(pilot: Pilot[Any]) -> None:
        await settled(pilot)
        await pilot.press("down", "down", "down", "space")
        await settled(pilot)

    assert snap_compare(console(list_screen(world)), run_before=look, terminal_size=size)


@pytest.mark.parametrize("who", ["bounced", "active"])
def test_picture_of_a_person(console: MakeApp, world: World, snap_compare: Any, who: str) -> None:
    members = team(world)
    screen = PersonScreen(workplace(world, world.schools[0]), members[who].person_id)
    assert snap_compare(console(screen), run_before=settled, terminal_size=(80, 24))


@pytest.mark.parametrize("key", ["m", "r", "x"])
def test_picture_of_a_change(console: MakeApp, world: World, snap_compare: Any, key: str) -> None:
    team(world)

    async def look(pilot: Pilot[Any]) -> None:
        await settled(pilot)
        await pilot.press("down", key)
        await settled(pilot)

    assert snap_compare(console(list_screen(world)), run_before=look, terminal_size=(80, 24))


def test_picture_of_doubles(console: MakeApp, world: World, snap_compare: Any) -> None:
    team(world)
    screen = DoublesScreen(workplace(world, world.schools[0]))
    assert snap_compare(console(screen), run_before=settled, terminal_size=(80, 24))


def test_picture_of_the_list_in_english(console: MakeApp, world: World, snap_compare: Any) -> None:
    team(world)
    app = console(lambda: list_screen(world), language="en")
    try:
        assert snap_compare(app, run_before=settled, terminal_size=(80, 24))
    finally:
        use_language("fr")
