"""The App: what every screen stands in. It knows no service and draws no list itself."""

import asyncio
import os
import threading
from collections.abc import Callable, Mapping
from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING, Any

from tui.environment import require_terminal, tidy

tidy(os.environ)  # before Textual, which reads its variables on import

from rich.text import Text  # noqa: E402
from textual import on  # noqa: E402
from textual.dom import DOMNode  # noqa: E402
from textual.screen import Screen  # noqa: E402
from textual.widget import Widget  # noqa: E402

from models.errors import TrousseauError  # noqa: E402
from models.language import LANGUAGES, N_, _, current_language, use_language  # noqa: E402
from screens.commands import Place, allowed, command_behind, places_for  # noqa: E402
from screens.jobs import PERIOD, Job, JobEnded, Jobs  # noqa: E402
from screens.widgets.chrome import TitleBar  # noqa: E402
from tui import crash  # noqa: E402
from tui.appearance import Style  # noqa: E402
from tui.commands import APP_BINDINGS, keymap  # noqa: E402
from tui.styled import StyledApp  # noqa: E402
from tui.terminal import (  # noqa: E402
    end_without_terminal,
    leave_on_signals,
    watch_for_hang_up,
)

if TYPE_CHECKING:
    from screens.widgets.table import PagedTable

#: Makes the screen of a place; called when somebody goes there.
MakeScreen = Callable[[], Screen[Any]]


class TrousseauApp(StyledApp):
    """The console. `first` makes its first screen, `places` those that `g` and a letter reach.

    `role` decides which places are offered (rights are the services' business). Crashes are
    logged in `state_folder`; `who` is the account's identifier there. `clock` gives aware
    UTC instants. With `may_write_files` False no screen writes or reads a file that a person
    names: the console then runs on a machine that is not theirs, under a forced command. The
    result of `run` is the exit status.
    """

    TITLE = "Trousseau"
    ENABLE_COMMAND_PALETTE = False  # its Screenshot writes files; `?` runs our own commands
    ALLOW_SELECT = False
    BINDINGS = APP_BINDINGS
    NOTIFICATION_TIMEOUT = 6

    def __init__(
        self,
        first: MakeScreen,
        *,
        state_folder: Path,
        places: Mapping[str, MakeScreen] | None = None,
        role: str = "",
        who: str | int | None = None,
        language: str = "fr",
        style: Style = "colour",
        arrows: bool = True,
        keys: Mapping[str, str] | None = None,
        clock: Callable[[], datetime] = lambda: datetime.now(UTC),
        may_write_files: bool = True,
    ) -> None:
        use_language(language)
        super().__init__(style, arrows)
        self.first, self.places, self.role, self.who = first, dict(places or {}), role, who
        self.jobs = Jobs(self)
        self._state_folder, self._clock = state_folder, clock
        self.may_write_files = may_write_files
        self._reference = ""
        self.set_keymap(keymap(keys or {}))

    # Beginning and end

    async def on_mount(self) -> None:
        asyncio.get_running_loop().set_exception_handler(self._lost_in_the_loop)
        if not self.is_headless:
            leave_on_signals(asyncio.get_running_loop(), self._leave_with)
            watch_for_hang_up(lambda: self.call_later(self._leave_with, 129))
        self.show_cursor()
        self.set_interval(PERIOD, self.show_work)
        # What was typed before the first field was there comes into it: keys wait until then.
        await self.screen._mounted_event.wait()

    def get_default_screen(self) -> Screen[Any]:
        """Return the first screen: below it would be one that nobody sees, painted before it."""
        screen = self.first()
        # As `push_screen` does; `switch_screen` counts on it.
        screen._push_result_callback(self, None)
        self._load_screen_css(screen)
        return screen

    def clear_selection(self) -> None:
        """Do nothing: nothing can be selected here, and a field made before any screen asks."""

    @property
    def has_ended(self) -> bool:
        """Whether the screens are gone: timers and work may outlive them for a moment."""
        return not self.screen_stack

    def _leave_with(self, status: int) -> None:
        self.jobs.stop_all()
        self.exit(status, return_code=status)

    def action_leave(self) -> None:
        """Quit. Drafts are kept as they are typed, and work that runs is stopped cleanly."""
        self._leave_with(0)

    async def action_quit(self) -> None:
        self.action_leave()

    def action_help_quit(self) -> None:
        self.notify(_("q quits; Esc goes back."))

    # Errors

    def _handle_exception(self, error: Exception) -> None:
        self._note(error)
        super()._handle_exception(error)

    def _fatal_error(self) -> None:
        # Textual's own prints the traceback with every local variable to the terminal.
        self.panic()

    def panic(self, *renderables: Any) -> None:
        """End with a reference number on the terminal, and nothing else."""
        sentence = _(
            "Trousseau has ended because of a mistake in the program. Nothing that was "
            "saved is lost. Tell the helpdesk this number: %(reference)s"
        ) % {"reference": self._reference or crash.new_reference()}
        self._exit_renderables[:] = [Text(sentence)]
        self._close_messages_no_wait()

    def _note(self, error: BaseException) -> str:
        place = type(self.screen).__name__ if self.screen_stack else None
        self._reference = crash.record(
            error, self._state_folder, self._clock(), who=self.who, screen=place
        )
        return self._reference

    def _lost_in_the_loop(self, loop: Any, context: Mapping[str, Any]) -> None:
        if isinstance(error := context.get("exception"), Exception):
            self._note(error)

    def tell_error(self, error: Exception) -> None:
        """Tell a person what went wrong: an error's own words, or a number for the helpdesk."""
        if isinstance(error, TrousseauError):
            self.notify(error.wording.text(), title=error.title.text(), severity="error")
            return
        message = _("This did not work. Tell the helpdesk this number: %(reference)s")
        self.notify(message % {"reference": self._note(error)}, severity="error")

    # By its name, for the first screen has no table, which takes 10 ms to import.
    def on_paged_table_load_failed(self, event: "PagedTable.LoadFailed") -> None:
        self.tell_error(event.error)

    # Going about

    def action_help(self) -> None:
        from screens.help import HelpScreen, commands_of

        self.push_screen(HelpScreen(commands_of(self.screen)), self._run_command)

    async def _run_command(self, identifier: str | None) -> None:
        for active in self.screen.active_bindings.values():
            if identifier and active.binding.id == identifier:
                await self.run_action(active.binding.action, active.node)
                return

    async def run_action(
        self,
        action: Any,
        default_namespace: DOMNode | None = None,
        namespaces: Mapping[str, DOMNode] | None = None,
    ) -> bool:
        """Run an action, unless it is of a command that this role is not offered."""
        command = command_behind(action, default_namespace)
        if command is not None and not allowed(command.needs, self.role):
            return False
        return await super().run_action(action, default_namespace, namespaces)

    def _offered(self) -> list[Place]:
        return [place for place in places_for(self.role) if place.id in self.places]

    def action_go(self) -> None:
        from screens.help import GoScreen

        if offered := self._offered():
            self.push_screen(GoScreen(offered), self.go)

    def go(self, place: str | None) -> None:
        """Leave for a place: it takes the stead of all screens above the first."""
        if place not in {offered.id for offered in self._offered()} or place is None:
            return
        while len(self.screen_stack) > 1:
            self.pop_screen()
        if place != "dashboard":
            self.push_screen(self.places[place]())

    async def action_back(self) -> None:
        """Go back one screen; on the first one there is nowhere to go."""
        if len(self.screen_stack) > 1:
            self.pop_screen()

    async def action_search_everything(self) -> None:
        """Open the one search above all else; in the search itself begin another one.

        Where it is open below screens that hold nothing of their own, it is gone back to, so that
        an agent's calls don't pile up. It is waited for, so that what was typed ahead comes into
        its line.
        """
        search = self._search_below()
        if search is None:
            await self.push_screen(self.places["search"]())
            return
        while self.screen is not search:
            await self.pop_screen()
        search.search_again()  # type: ignore[attr-defined]

    def _search_below(self) -> Screen[Any] | None:
        """Return the lowest search above which nothing would be lost, None where there is none."""
        working = {worker.node for worker in self.workers if not worker.is_finished}
        found = None
        for screen in reversed(self.screen_stack):
            if hasattr(screen, "search_again"):
                found = screen
            elif screen in working or not getattr(screen, "is_left_for_search", False):
                break
        return found

    def check_action(self, action: str, parameters: tuple[object, ...]) -> bool | None:
        if action == "search_everything":
            return "search" in self.places and not getattr(self.screen, "asks", False)
        return action != "back" or self._depth > 1

    @property
    def _depth(self) -> int:
        return sum(not screen.is_modal for screen in self.screen_stack)

    # Language

    def action_language(self) -> None:
        """Switch to the other language and draw every screen anew, with what was typed."""
        now = LANGUAGES.index(current_language())
        use_language(LANGUAGES[(now + 1) % len(LANGUAGES)])
        for screen in self.screen_stack:
            for node in screen.walk_children(Widget):
                if changed := getattr(node, "language_changed", None):
                    changed()
            if changed := getattr(screen, "language_changed", None):
                changed()

    # Work in progress

    def show_work(self) -> None:
        """Say in the title bar which work runs and how far it is."""
        if self.has_ended:
            return
        job = self.jobs.current
        working = f"F7 {job.reading.short()}" if job else ""
        for bar in self.screen.query(TitleBar):
            bar.show(working=working)

    def action_job(self) -> None:
        if job := self.jobs.current:
            from screens.progress import ProgressScreen

            self.push_screen(ProgressScreen(job))
        else:
            self.notify(_("No work is in progress."))

    @on(JobEnded)
    def _tell_end(self, event: JobEnded) -> None:
        job: Job = event.job
        if job not in self.jobs or self.has_ended:
            return  # of somebody who has signed out or left
        self.show_work()
        if job.error:
            self.tell_error(job.error)
            return
        said = N_("Done: %(title)s") if job.state == "done" else N_("Stopped: %(title)s")
        self.notify(_(said) % {"title": job.title.text()})


def run(app: TrousseauApp) -> int:
    """Run the console on the terminal and return the exit status.

    Raises `tui.environment.NoTerminal` where there is none. A mistake in a thread is
    logged like every other and doesn't write over the screen.
    """
    require_terminal()

    def note(unhandled: threading.ExceptHookArgs) -> None:
        if unhandled.exc_value is not None:
            app._note(unhandled.exc_value)

    threading.excepthook = note
    result = app.run(mouse=False)
    end_without_terminal()
    return result if result is not None else app.return_code or 0
