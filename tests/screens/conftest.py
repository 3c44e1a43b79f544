"""What tests of screens and widgets stand on: a console around one screen, its messages.

The picture of every screen is taken at 80×24; each such test runs a second time at 60×20, where
no picture is taken but everything must be there: see `tests.screens.small`.
"""

import asyncio
from collections.abc import Callable
from contextlib import suppress
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest
from textual._context import visible_screen_stack
from textual.app import App
from textual.pilot import Pilot
from textual.screen import Screen
from textual.worker import WorkerCancelled

from tests.worlds import World, make_world
from tui.app import TrousseauApp

#: 1 September 2026, 10:30 in Brussels.
NOW = datetime(2026, 9, 1, 8, 30, tzinfo=UTC)

MakeApp = Callable[..., TrousseauApp]

_SMALL = pytest.StashKey[bool]()


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Add the tests at 60×20 to those that take the pictures of `test_pictures`."""
    from tests.screens.test_pictures import PICTURES

    folder = Path(__file__).parent
    for item in list(items):
        if f"{folder.name}/{item.path.stem}/{item.name}" not in PICTURES.values():
            continue
        if not isinstance(item, pytest.Function) or item.path.parent != folder:
            continue
        small = pytest.Function.from_parent(
            item.parent,
            name=f"{item.name} at 60x20",
            callspec=getattr(item, "callspec", None),
            callobj=item.obj,
            fixtureinfo=item._fixtureinfo,
            originalname=item.originalname,
        )
        small.stash[_SMALL] = True
        items.insert(items.index(item) + 1, small)


@pytest.fixture
def snap_compare(request: pytest.FixtureRequest, snap_compare: Any) -> Any:
    """Compare a picture; or in the tests at 60×20 look whether everything is to be had."""
    if not request.node.stash.get(_SMALL, False):
        return snap_compare

    def look(app: App[Any], run_before: Any = None, **_options: Any) -> bool:
        asyncio.run(_look(app, run_before))
        return True

    return look


async def _look(app: App[Any], run_before: Any) -> None:
    from tests.screens.small import check

    async with app.run_test(size=(60, 20)) as pilot:
        if run_before is not None:
            await run_before(pilot)
        await settled(pilot)
        await check(pilot)


@pytest.fixture
def world(sqlite_engine: Any) -> World:
    """Two schools; `world.mine` is the one that tests work in."""
    return make_world(sqlite_engine)


@pytest.fixture
def console(home: Path) -> MakeApp:
    """Make a console whose first screen is the one given, in French, for a director."""

    def make(screen: Screen[Any] | Callable[[], Screen[Any]], **options: Any) -> TrousseauApp:
        first = (lambda: screen) if isinstance(screen, Screen) else screen
        settings = {"role": "director", "state_folder": home / "state", "clock": lambda: NOW}
        return TrousseauApp(first, **{**settings, **options})

    return make


async def settled(pilot: Pilot[Any]) -> None:
    """Wait until every worker has ended and what it posted has been shown."""
    for _round in range(40):
        await pilot.pause()
        if [w for w in pilot.app.workers if not w.is_finished]:
            with suppress(WorkerCancelled):  # one that a newer one has replaced
                await pilot.app.workers.wait_for_complete()
        elif not (_unread(pilot.app) or _not_laid_out(pilot.app)):
            break
    await pilot.pause()


def _unread(app: App[Any]) -> bool:
    """Tell whether a message waits: on a busy machine a pause ends before its handler began.

    Of a screen that is closing, too: what it answers with is still on the way.
    """
    return any(node.message_queue_size or node._next_callbacks for node in (app, *app._registry))


def _not_laid_out(app: App[Any]) -> bool:
    """Tell whether what is to be shown has no place yet: it gets one when its screen is idle."""
    return any(node._layout_required for node in (app.screen, *app.screen.query("*")))


def screen_text(app: App[Any]) -> str:
    """Return what the screen shows, line by line, as plain text."""
    width, height = app.size
    visible_screen_stack.set(app._background_screens)  # what a dialog stands before
    lines = app.screen._compositor.render_strips()
    return "\n".join(line.text.ljust(width) for line in lines[:height])
