"""What must hold of a screen on the smallest terminal, 60 columns by 20 lines."""

from typing import Any

from textual.geometry import Region
from textual.pilot import Pilot
from textual.widget import Widget
from textual.widgets import Static

from screens.widgets.chrome import KeyBar, Sentence
from screens.widgets.field import TextInput
from screens.widgets.table import PagedTable
from tests.screens.conftest import screen_text

#: What a field needs to be typed in at all, in cells.
_LEAST_FIELD = 8


async def check(pilot: Pilot[Any]) -> None:
    """Look at the screen on top, and give each of its widgets the focus."""
    screen = pilot.app.screen
    window = screen.size.region
    for widget in list(screen.focus_chain):
        widget.focus()
        await pilot.pause()
        _is_seen(widget, window)
    for widget in screen.walk_children(Widget):
        if isinstance(widget, Static | Sentence) and widget.display and widget.region:
            _is_whole(widget, window)
    _tells_the_keys(screen, screen_text(pilot.app))


def _is_seen(widget: Widget, window: Region) -> None:
    """A widget with the focus is on the screen; a list shows a row, a field some letters."""
    assert widget.has_focus, widget
    seen = widget.region.intersection(window)
    assert seen, f"{widget} is off the screen: {widget.region}"
    if isinstance(widget, TextInput):
        assert seen.width >= _LEAST_FIELD, widget
    if isinstance(widget, PagedTable):
        assert seen.height >= 3, widget


def _is_whole(widget: Widget, window: Region) -> None:
    """A text is on the screen to its end; what is told of a line is also told by `l`."""
    if widget.has_class("line-detail"):
        return
    if not str(widget.render()).strip():
        return
    width = widget.content_size.width
    needed = widget.get_content_height(widget.content_size, window.size, width)
    told = f"{widget}: {widget.render()!s}"
    assert needed <= widget.content_size.height, f"cut off: {told}"
    assert widget.content_region.bottom <= window.bottom, f"below the screen: {told}"


def _tells_the_keys(screen: Any, shown: str) -> None:
    """The way to all the keys is told, whatever else does not fit."""
    if screen.query(KeyBar) and not screen.is_modal:
        assert "Touches" in shown.splitlines()[-1] or "Keys" in shown.splitlines()[-1], shown
