"""What tests of screens and widgets stand on: a console around one screen, its messages."""

from collections.abc import Callable
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest
from textual.app import App
from textual.pilot import Pilot
from textual.screen import Screen

from tui.app import TrousseauApp

#: 1 September 2026, 10:30 in Brussels.
NOW = datetime(2026, 9, 1, 8, 30, tzinfo=UTC)

MakeApp = Callable[..., TrousseauApp]


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
    for _round in range(20):
        await pilot.pause()
        if not [w for w in pilot.app.workers if not w.is_finished]:
            break
        await pilot.app.workers.wait_for_complete()
    await pilot.pause()


def screen_text(app: App[Any]) -> str:
    """Return what the screen shows, line by line, as plain text."""
    width, height = app.size
    lines = app.screen._compositor.render_strips()
    return "\n".join(line.text.ljust(width) for line in lines[:height])
