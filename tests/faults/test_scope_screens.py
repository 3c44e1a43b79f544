"""On no screen does a director find or change another school's row, whatever is pressed."""

from pathlib import Path
from random import Random
from typing import Any

import pytest
from textual.pilot import Pilot

from screens.workplace import Workplace
from services import school_years
from services.desk import Desk
from tests.faults.two_schools import MARKER, OTHER_NUMBER, Schools, foreign_rows
from tests.screens.conftest import screen_text, settled
from tui import console
from tui.app import TrousseauApp
from tui.crash import LOG_NAME

PLACES = tuple(console.places(None))  # type: ignore[arg-type]
#: Keys pressed in each place, a few at a time.
STROKES, AT_ONCE = 36, 3
_ALWAYS = ("enter", "escape", "space", "down", "up", "tab", "f2", "f5", "f8", "pagedown", "end")
#: Leaving would end the test early; the rest of the alphabet may be pressed.
_NEVER = ("q", "ctrl+q", "ctrl+c", "ctrl+z")

#: From here random keys lead to no other screen; a file or another school would be needed, and
#: in the reading room a head.
LEAD_NOWHERE = ("import", "schools", "reading-room")
#: What is pressed first: below the page of a workshop there is something to do, and in the
#: questions about a password.
FIRST = {"workshops": ("down", "enter"), "headnet": ("f8",)}


def open_console(schools: Schools, state: Path, place: str, desk: Desk) -> TrousseauApp:
    world = schools.world
    here = desk.read(school_years.here, world.mine, world.year)
    places = console.places(Workplace(desk, here=here))
    return TrousseauApp(
        places[place],
        places=places,
        role=desk.actor.role,
        state_folder=state,
        clock=world.clock,
        may_write_files=False,
    )


def keys_of(app: TrousseauApp, random: Random) -> list[str]:
    """Return keys that mean something here, and some that may not."""
    bound = [key for key in app.screen.active_bindings if key not in _NEVER]
    pool = [*bound, *_ALWAYS, *_ALWAYS, *"aelmn/ 1"]
    return ["space" if key == " " else key for key in random.choices(pool, k=AT_ONCE)]


async def mash(pilot: Pilot[Any], random: Random, seen: set[str], strokes: int) -> None:
    app: Any = pilot.app
    pressed: list[str] = []
    for _ in range(strokes // AT_ONCE):
        keys = keys_of(app, random)
        pressed += keys
        await pilot.press(*keys)
        await settled(pilot)
        seen.add(type(app.screen).__name__)
        text = screen_text(app)
        assert MARKER not in text, (pressed, text)
        assert str(OTHER_NUMBER) not in text, (pressed, text)


@pytest.mark.parametrize(
    ("place", "who"),
    [
        *((place, "director") for place in PLACES),
        ("workshops", "coordinator"),
        ("headnet", "coordinator"),
    ],
)
async def test_no_screen_shows_or_changes_another_school(
    place: str, who: str, schools: Schools, tmp_path: Path
) -> None:
    desk = getattr(schools, who)
    before = foreign_rows(desk.engine, desk.actor)
    app, seen = open_console(schools, tmp_path / "state", place, desk), set[str]()
    async with app.run_test(size=(120, 40)) as pilot:
        await settled(pilot)
        seen.add(type(app.screen).__name__)
        assert "Membre" in screen_text(app) or place not in ("team-access", "consents")
        seen.add(type(app.screen).__name__)
        await pilot.press(*FIRST.get(place, ()))
        await settled(pilot)
        await mash(pilot, Random(place), seen, STROKES if who == "director" else STROKES // 2)
    assert len(seen) > 1 or place in LEAD_NOWHERE, seen
    assert not (tmp_path / "state" / LOG_NAME).exists(), (tmp_path / "state" / LOG_NAME).read_text()
    after = foreign_rows(desk.engine, desk.actor)
    assert {row: after.get(row) for row in before} == before
    assert {row[0] for row in after.keys() - before.keys()} <= {"journal"}
