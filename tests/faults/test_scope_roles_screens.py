"""A teacher, a parent and a stranger find nobody else's row on any screen, offered or not."""

from pathlib import Path
from random import Random
from typing import Any

import pytest

from screens.workplace import Workplace
from services import school_years
from tests.faults.test_scope_roles import OWN, WHO, secrets_of_others
from tests.faults.test_scope_screens import keys_of
from tests.faults.two_schools import Schools, everything
from tests.screens.conftest import screen_text, settled
from tui import console
from tui.app import TrousseauApp
from tui.crash import LOG_NAME

PLACES = tuple(console.places(None))  # type: ignore[arg-type]
#: How often some keys are pressed in each place.
ROUNDS = 3
#: Names of classes and the like are words of the screens too.
_SHORTEST = 5


@pytest.mark.parametrize("who", WHO)
async def test_no_screen_shows_or_changes_what_is_somebody_elses(
    who: str, schools: Schools, tmp_path: Path
) -> None:
    desk, random = getattr(schools, who), Random(who)
    before = everything(desk.engine)
    secrets = {s for s in secrets_of_others(before, desk.actor) if len(s) >= _SHORTEST}
    # Standing in the school, as if they had got there: the session alone holds them off.
    here = schools.director.read(school_years.here, schools.world.mine, schools.world.year)
    places = console.places(Workplace(desk, here=here))
    app = TrousseauApp(
        places["dashboard"],
        places=places,
        role=desk.actor.role,
        state_folder=tmp_path / "state",
        clock=schools.world.clock,
        may_write_files=False,
    )
    seen: set[str] = set()
    async with app.run_test(size=(120, 40)) as pilot:
        for place in PLACES:
            while len(app.screen_stack) > 1:
                app.pop_screen()
            await app.push_screen(places[place]())  # whatever the role is offered
            for _round in range(ROUNDS):
                await settled(pilot)
                seen.add(type(app.screen).__name__)
                text = screen_text(app)
                assert not [s for s in secrets if s in text], (place, text)
                await pilot.press(*keys_of(app, random))
    assert len(seen) >= len(PLACES) // 2, seen
    assert not (tmp_path / "state" / LOG_NAME).exists(), (tmp_path / "state" / LOG_NAME).read_text()
    after = everything(desk.engine)
    changed: list[Any] = [t for t in after if t not in OWN and after[t] != before[t]]
    assert changed == []
