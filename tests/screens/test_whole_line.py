"""A line in full: what a narrow list cuts off or leaves out, and what is told below it."""

from typing import Any

from screens.whole_line import WholeLineScreen
from screens.widgets.reader import Reader
from tests.screens.conftest import MakeApp, screen_text, settled
from tests.screens.samples import People
from tests.screens.widgets.test_table import ListScreen


async def ask(pilot: Any) -> None:
    await settled(pilot)
    await pilot.press("l")
    await settled(pilot)
    assert isinstance(pilot.app.screen, WholeLineScreen)


async def test_columns_that_are_left_out_are_told(console: MakeApp) -> None:
    app = console(ListScreen(People()))
    async with app.run_test(size=(60, 20)) as pilot:
        await settled(pilot)
        assert "Fonction" not in screen_text(app)
        await ask(pilot)
        shown = screen_text(app)
        assert "Fonction\u00a0: enseignant" in shown
        assert "Statut\u00a0: activée" in shown
        assert isinstance(app.focused, Reader)
        await pilot.press("escape")
        assert isinstance(app.screen, ListScreen)


def test_picture(console: MakeApp, snap_compare: Any) -> None:
    assert snap_compare(console(ListScreen(People())), terminal_size=(80, 24), run_before=ask)
