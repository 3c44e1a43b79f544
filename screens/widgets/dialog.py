"""What all modals share: an opaque box in the middle, over a screen that does not change."""

from typing import Self, TypeVar

from textual import events
from textual.geometry import Region
from textual.screen import ModalScreen
from textual.strip import Strip
from textual.widget import Widget

from models.language import Wording, _
from screens.widgets.leaving import LeftOnce

Result = TypeVar("Result")


class Dialog(ModalScreen[Result], LeftOnce[Result]):  # in this order for ModalScreen's CSS
    """A modal whose contents stand in a `DialogBox`.

    The screen below stays as it is: nothing is dimmed, so a modal sends its own box and no
    more (FACTS, "Terminals, bytes and time"). Nothing moves in.

    Textual opens a modal by painting both screens whole, three times, with three layouts and
    two rounds of styles: 33 ms of CPU for a question. Here it is styled and laid out once and
    its box is painted alone: 14 ms (both measured on 22 November 2026).
    """

    DEFAULT_CSS = """
    Dialog { align: center middle; background: transparent; }
    Dialog > .dialog-box {
        width: 64; max-width: 100%; height: auto; max-height: 100%;
        border: round ansi_cyan; background: ansi_default; padding: 0 1;
        border-title-color: ansi_default; border-title-style: bold;
        border-subtitle-color: ansi_default; border-subtitle-style: none;
    }
    """
    AUTO_FOCUS = "*"
    #: A question is to be answered before anything else is done.
    asks = True
    #: The box is painted for the first time, or is all that is painted.
    _opening, _box_alone = True, False
    _changed_below = False

    def _on_screen_resume(self, event: events.ScreenResume) -> None:
        """Open as Textual does, but lay out once and style nothing that has just been styled."""
        if self._opening:
            event.prevent_default()
            self.stack_updates += 1
            self.app._refresh_notifications()
            self._update_auto_focus()
            self._refresh_layout(self.app.size)
            for widget in self.walk_children(Widget):
                widget._layout_required = False  # they ask as they are laid out
            self.call_next(self._opened)

    def _opened(self) -> None:
        """Take for done what was asked for meanwhile, but for what changed on a screen below."""
        self._opening = self._layout_required = False
        self._repaint_required = self._changed_below

    def refresh(self, *regions: Region, **how: bool) -> Self:
        self._changed_below = self._changed_below or bool(regions)
        if how.keys() == {"layout"}:
            how["repaint"] = False  # something was mounted: what moves paints itself
        return super().refresh(*regions, **how)

    async def _on_resize(self, event: events.Resize) -> None:
        """Hear nothing of the size that everything is laid out for."""
        if event.size == self._compositor.size:
            event.prevent_default()
            event.stop()

    def _compositor_refresh(self) -> None:
        """Leave what stands beside the box where only the box is to be painted."""
        whole, dirty = self._compositor.size.region, self._compositor._dirty_regions
        box = self._box.intersection(whole)  # of a window that is too small it hangs out
        if self._opening and box:
            dirty.discard(whole)
            dirty.add(box)
        self._box_alone = all(box.contains_region(region) for region in dirty)
        super()._compositor_refresh()
        self._box_alone = False

    def render_lines(self, crop: Region) -> list[Strip]:
        if self._box_alone:
            return [Strip.blank(crop.width)] * crop.height  # the box covers it
        return super().render_lines(crop)

    @property
    def _box(self) -> Region:
        return self.query_one(".dialog-box").region


def said(sentence: str | Wording) -> str:
    """Return the text of a wording or of a message id, in the current language."""
    return sentence.text() if isinstance(sentence, Wording) else _(sentence)
