"""The list of calls and the commonest causes of a week: who waits longest, about which school."""

from dataclasses import replace
from datetime import timedelta
from typing import Any

import pytest
from textual.pilot import Pilot

from models.database import Actor
from models.language import say
from screens.call import CallScreen
from screens.calls import CallsScreen, told_wait
from screens.commonest_causes import CommonestCausesScreen
from screens.faq import FaqScreen
from services import calls, support
from services.calls import About, Caller
from services.findings import Finding
from services.support import SupportForm
from tests.screens.conftest import MakeApp, settled
from tests.screens.headnet_place import press, write
from tests.screens.samples import HOSTILE
from tests.screens.test_call import LOOKS, agent, place, shown
from tests.screens.test_support import EMAIL, HELPDESK, entrance, teacher
from tests.worlds import World

MINUTE, DAY = timedelta(minutes=1), timedelta(days=1)
LACKING = Finding("no_consent", say("No signed consent for %(address)s.", address="e@d.be"))
LOCKED = Finding("locked", say("Too many tries."))


def a_day(world: World) -> list[int]:
    """Six calls: one of last week, three open, one handed on, one closed."""
    desk, opened = agent(world), []
    now = world.clock.now
    for ago, surname, first, school, findings in (
        (8 * DAY, "Ancien", "Guy", world.mine, [LOCKED]),
        (3 * DAY, "Bastin", "Léa", world.mine, [LACKING]),
        (200 * MINUTE, "D’Hondt", "Éloïse", world.other, [LACKING, LOCKED]),
        (90 * MINUTE, "Maes", "", None, [LACKING]),
        (35 * MINUTE, "Nys", "Paul", world.mine, []),
        (2 * MINUTE, "", "", None, []),
    ):
        world.clock.now = now - ago
        caller = Caller(surname, first, 9901 if school else None, "0475 12 34 56")
        about = About(school_id=school)
        opened.append(desk.write(calls.open_call, surname.lower(), caller, about, findings))
    world.clock.now = now
    desk.write(calls.close, opened[0])
    desk.write(calls.close, opened[3])
    desk.write(calls.hand_on, opened[4], "c.renard@aide.example")
    return opened


def order(screen: CallsScreen) -> list[Any]:
    return list(screen._rows)


async def test_who_has_waited_longest_comes_first_and_f_shows_the_others(
    console: MakeApp, world: World
) -> None:
    old, bastin, hondt, maes, nys, nobody = a_day(world)
    screen = CallsScreen(place(world))
    async with console(screen, role="helpdesk").run_test(size=(80, 24)) as pilot:
        await settled(pilot)
        assert order(screen) == [bastin, hondt, nys, nobody]
        for expected in ([bastin, hondt, nobody], [nys], [maes, old], [bastin, hondt, nys, nobody]):
            await press(pilot, "f")
            assert order(screen) == expected
        await press(pilot, "slash")
        await write(pilot, "hondt")
        assert order(screen) == [hondt]
        await press(pilot, "enter", "enter")
        assert isinstance(pilot.app.screen, CallScreen) and pilot.app.screen.call_id == hondt
        await press(pilot, "f4")
        assert pilot.app.screen is screen
        assert "Rien ne correspond" in shown(pilot)  # it is not open any more
        await press(pilot, "escape", "n")
        assert isinstance(pilot.app.screen, CallScreen) and pilot.app.screen.call_id is None


async def test_t_shows_the_commonest_causes_week_by_week_and_school_by_school(
    console: MakeApp, world: World
) -> None:
    a_day(world)
    screen = CallsScreen(place(world))
    async with console(screen, role="helpdesk").run_test(size=(80, 24)) as pilot:
        await settled(pilot)
        await press(pilot, "t")
        causes = pilot.app.screen
        assert isinstance(causes, CommonestCausesScreen)
        assert [(each.code, each.calls) for each in causes._found] == [
            ("no_consent", 2), ("locked", 1),
        ]  # fmt: skip
        await press(pilot, "left")
        assert [each.code for each in causes._found] == ["locked", "no_consent"]
        assert "Du 24/08/2026 au 30/08/2026" in shown(pilot)
        await press(pilot, "right", "right", "f")
        assert [each.code for each in causes._found] == ["locked", "no_consent"]
        assert "06/09/2026 : Athénée" in shown(pilot)
        await press(pilot, "home", "enter")
        assert isinstance(pilot.app.screen, FaqScreen)
        assert pilot.app.screen.table.row.key == "locked"  # type: ignore[union-attr]


def write_to_helpdesk(world: World, ago: timedelta = 50 * MINUTE) -> Actor:
    """A teacher writes to the helpdesk; she has an account, and no signed form."""
    actor = teacher(world)
    door = replace(entrance(world), clock=lambda: world.clock.now - ago)
    form = SupportForm("Bastin", "Léa", "9901", EMAIL, "Je n’ai rien reçu depuis lundi.")
    support.contact_support(door, actor, form, HELPDESK)
    return actor


async def test_a_message_is_taken_from_the_list_and_opened(console: MakeApp, world: World) -> None:
    actor = write_to_helpdesk(world)
    screen = CallsScreen(place(world))
    async with console(screen, role="helpdesk").run_test(size=(80, 24)) as pilot:
        await settled(pilot)
        told = shown(pilot)
        assert "Message : " in told and "Je n’ai rien reçu depuis lundi." in told
        await press(pilot, "enter")
        note = pilot.app.screen
        assert isinstance(note, CallScreen) and note._form is not None
        assert note._form.values == {
            "surname": "Bastin", "first_name": "Léa", "fase_number": "9901", "contact": EMAIL,
            "remarks": "Je n’ai rien reçu depuis lundi.",
        }  # fmt: skip
        assert "Écrit le" in shown(pilot) and f"par {actor.name}" in shown(pilot)
        note._table.focus()
        await press(pilot, "end", "enter")
        assert HELPDESK in shown(pilot)  # the mail itself
        await press(pilot, "escape", "f4")
        assert pilot.app.screen is screen and order(screen) == []


@pytest.mark.parametrize(
    ("waited", "told"),
    [(-MINUTE, "0 min"), (59 * MINUTE, "59 min"), (61 * MINUTE, "1 h 01"), (DAY, "1 jour")],
)
def test_how_long_somebody_waits(waited: timedelta, told: str) -> None:
    assert told_wait(waited).replace("\u00a0", " ") == told


async def test_hostile_words_show_nothing_raw(console: MakeApp, world: World) -> None:
    desk = agent(world)
    for text in HOSTILE:
        words = text.replace("\ud800", "")[:300]
        finding = Finding("locked", say("%(words)s", words=words))
        caller = Caller(words, words, None, words)
        call = desk.write(calls.open_call, words, caller, None, [finding])
        desk.write(calls.hand_on, call, words or "x")
    async with console(CallsScreen(place(world)), role="helpdesk").run_test() as pilot:
        await settled(pilot)
        for _line in HOSTILE:
            assert not any(m in shown(pilot) for m in ("\x1b", "\x07", "\x9b", "\u202e", "\u200b"))
            await pilot.press("down")


@pytest.mark.parametrize("look", LOOKS)
def test_picture(console: MakeApp, world: World, snap_compare: Any, look: str) -> None:
    a_day(world)
    write_to_helpdesk(world)
    size, options, language = LOOKS[look]
    screen = CallsScreen(place(world))
    app = console(screen, role="helpdesk", language=language, **options)
    assert snap_compare(app, run_before=settled, terminal_size=size)


@pytest.mark.parametrize("look", LOOKS)
def test_picture_of_the_causes(
    console: MakeApp, world: World, snap_compare: Any, look: str
) -> None:
    a_day(world)
    size, options, language = LOOKS[look]
    screen = CommonestCausesScreen(place(world))

    async def earlier(pilot: Pilot[Any]) -> None:
        await settled(pilot)
        await press(pilot, "left")

    app = console(screen, role="helpdesk", language=language, **options)
    assert snap_compare(app, run_before=earlier, terminal_size=size)
