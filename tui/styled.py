"""How the console looks and where its cursor stands, in each style; and the function keys."""

from collections.abc import Sequence
from typing import Any

from textual import events
from textual.app import App
from textual.filter import LineFilter, Monochrome, NoColor
from textual.geometry import Offset
from textual.notifications import SeverityLevel
from textual.screen import Screen

from models.language import _
from screens.key_names import use_words_for_keys
from screens.widgets.dialog import Dialog
from screens.widgets.text import shown, use_signs
from tui import appearance
from tui.appearance import Style
from tui.drawing.driver import ChangesDriver
from tui.function_keys import FunctionKeys
from tui.styles import TROUSSEAU, focus_in, style_sheets
from tui.terminal import SafeLines


class StyledApp(App[int]):
    """An App in one of the styles. With `arrows` False keys are told by words alone."""

    #: Below 80 columns what stands side by side goes one below the other.
    HORIZONTAL_BREAKPOINTS = [(0, "-narrow"), (80, "-wide")]

    def __init__(self, style: Style, arrows: bool) -> None:
        self.style, self.accessible = style, style == "accessible"
        self._last_filters: list[LineFilter] = [SafeLines()]
        if style != "colour":
            self._last_filters.append(NoColor())
        self._function_keys = FunctionKeys()
        use_words_for_keys(self.accessible or not arrows)
        use_signs(not self.accessible)
        super().__init__(
            css_path=style_sheets(style),
            driver_class=None if appearance.driver() == "stock" else ChangesDriver,
        )
        self.register_theme(TROUSSEAU)
        self.theme = TROUSSEAU.name
        self.animation_level = "none"

    def push_screen(self, screen: Any, *rest: Any, **named: Any) -> Any:
        """Show a screen; a dialog leaves those below as they are."""
        below = self.screen
        changed = below._repaint_required
        pushed = super().push_screen(screen, *rest, **named)
        if isinstance(screen, Dialog):
            below._repaint_required = changed  # Textual paints it, to be dimmed
        return pushed

    def _load_screen_css(self, screen: Screen[Any]) -> None:
        super()._load_screen_css(screen)
        # Textual finds out how wide it is behind the first picture, and styles all of it anew.
        widths = screen.HORIZONTAL_BREAKPOINTS or self.HORIZONTAL_BREAKPOINTS or []
        screen.add_class(*screen._get_breakpoint_classes(self.size.width, widths))

    def show_cursor(self) -> None:
        """Show the terminal's cursor where screen readers follow it; Textual hides it."""
        if self.accessible and isinstance(self._driver, ChangesDriver):
            self._driver.show_cursor()
        elif self.accessible and self._driver:
            self._driver.write("\x1b[?25h")

    def get_line_filters(self) -> Sequence[LineFilter]:
        # Textual's own, for NO_COLOR, would turn what stands for no colour into greys.
        own = [each for each in super().get_line_filters() if not isinstance(each, Monochrome)]
        return [*own, *self._last_filters]

    @property
    def cursor_position(self) -> Offset:
        """Where the terminal's own cursor stands: on what has the focus, wherever it moves."""
        return focus_in(self.screen) if self._running and self.screen_stack else Offset()

    @cursor_position.setter
    def cursor_position(self, position: Offset) -> None:
        """Widgets of Textual set it; it is always worked out anew."""

    def notify(
        self,
        message: str,
        *,
        title: str = "",
        severity: SeverityLevel = "information",
        timeout: float | None = None,
        markup: bool = False,
    ) -> None:
        """Show a message for a few seconds; a word tells how grave it is, before its colour.

        Markup is never read, whatever is asked.
        """
        if severity != "information" and not title:
            title = _("Error") if severity == "error" else _("Warning")
        super().notify(
            shown(message), title=shown(title), severity=severity, timeout=timeout, markup=False
        )

    def action_repaint(self) -> None:
        """Paint everything anew, over whatever else has written on the terminal."""
        if isinstance(self._driver, ChangesDriver):
            self._driver.repaint()
        else:
            self.refresh(layout=True)

    async def on_event(self, event: events.Event) -> None:
        if isinstance(event, events.Key) and not event.is_forwarded:
            event = self._function_keys.read(event)
        await super().on_event(event)

    def action_function_key(self) -> None:
        self._function_keys.await_digit()
