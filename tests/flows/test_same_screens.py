"""Our driver shows what the stock one would: after each key, at each size, in each style."""

import os
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from models.database import SYSTEM
from models.language import say
from screens.opening import OpeningScreen
from services import demo_guests
from services.desk import Desk
from tests.both_drivers import Pair, both_drivers
from tests.demo_home import demo_home, demo_template
from tests.walks import HURRIED, SIZES, UNHURRIED, Walk
from tui.app import TrousseauApp
from tui.appearance import STYLES
from tui.console import _console
from tui.door import Door

__all__ = ["demo_home", "demo_template"]

pytestmark = pytest.mark.timeout(36_000 if "TROUSSEAU_SOAK_STEPS" in os.environ else 600)

#: Keys and resizes of a walk in each of the three styles. One costs 10 to 20 ms of CPU, most of
#: it Textual's, so these are 1,500 in all; `python -m tests.soak keys` walks 10,000 of each.
STEPS = {(60, 20): 180, (80, 24): 210, (160, 50): 110}


#: What `tests.soak` sets: how far each walk goes, and what it begins with.
STEPS_WANTED, SEED_WANTED = "TROUSSEAU_SOAK_STEPS", "TROUSSEAU_SOAK_SEED"


@pytest.fixture
def demo_console(demo_home: Path) -> Callable[[str], Callable[[], TrousseauApp]]:
    """Return what makes the console of `trousseau demo` for somebody of a role."""

    def for_role(role: str) -> Callable[[], TrousseauApp]:
        door = Door()
        _settings, engine = door.open()
        entered = door.show(Desk(engine, SYSTEM).read(demo_guests.somebody, role, "fr"))
        return lambda: _console(
            lambda: OpeningScreen("Trousseau", say(""), lambda: entered), door, signs_out=False
        )

    return for_role


@pytest.fixture
def both_on_two_terminals(style: str, monkeypatch: pytest.MonkeyPatch) -> Iterator[Pair]:
    with both_drivers(monkeypatch, style=style) as pair:
        yield pair


@pytest.mark.parametrize("style", STYLES)
@pytest.mark.parametrize("size", SIZES, ids=lambda size: f"{size[0]}x{size[1]}")
async def test_random_keys_show_the_same(
    size: tuple[int, int],
    style: str,
    demo_console: Callable[[str], Callable[[], TrousseauApp]],
    both_on_two_terminals: Pair,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.chdir(tmp_path)
    make = demo_console("director")
    steps = int(os.environ.get(STEPS_WANTED, 0)) or STEPS[size]
    seed = os.environ.get(SEED_WANTED, "keys") + f" {style} {size}"
    bursts = UNHURRIED if STEPS_WANTED in os.environ else HURRIED
    pair = both_on_two_terminals
    walk = Walk(make, pair, size, seed, steps, bursts)
    await walk.go()
    assert walk.done >= steps
    print(f"{walk.done} keys, {walk.consoles} consoles, {pair.looks} looks: {pair.sent}")
