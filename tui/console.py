"""The console as a program: the way in, then the dashboard, with a desk for whoever entered.

The first screen is painted before the data layer is imported; `Door` and the screens of the
places import it when they are needed.
"""

import os
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from importlib import import_module
from threading import Lock
from typing import TYPE_CHECKING, Any

from textual import on
from textual.screen import Screen

from models.errors import TrousseauError
from models.language import N_, Wording, current_language, say, use_language
from screens.opening import OpeningScreen
from screens.sign_in import SignInScreen
from screens.workplace import Workplace
from tui.app import MakeScreen, TrousseauApp, run
from tui.appearance import appearance
from tui.cli.office import now
from tui.state import state_folder

if TYPE_CHECKING:
    from sqlalchemy import Engine

    from services.accounts import SignedIn
    from tui.settings import Settings

#: Who has something to do here; the others' places come with their own services.
ADMITTED = ("helpdesk", "director", "coordinator")


class NoPlace(TrousseauError):
    """The account is right, and there is nothing for it here yet."""

    heading = N_("Nothing to show")


@dataclass(frozen=True)
class Entered:
    """Somebody who is in: the workplace, and the language to speak."""

    workplace: Workplace
    account_id: int | None
    language: str


class Console(TrousseauApp):
    """The App with its way in: whoever is let in finds the dashboard in its stead."""

    @on(SignInScreen.SignedIn)
    def _enter_signed_in(self, message: SignInScreen.SignedIn) -> None:
        message.stop()
        self.enter(message.who)

    @on(OpeningScreen.Opened)
    def _enter_opened(self, message: OpeningScreen.Opened) -> None:
        message.stop()
        self.enter(message.what)

    def enter(self, entered: Entered) -> None:
        """Open the dashboard for somebody."""
        use_language(entered.language)
        self.role, self.who = entered.workplace.role, entered.account_id
        self.places = places(entered.workplace)
        while len(self.screen_stack) > 2:  # help may be open above the way in
            self.pop_screen()
        self.switch_screen(self.places["dashboard"]())


#: The module and class of each place's screen, and whether it is about one school.
_SCREENS: Mapping[str, tuple[str, str, bool]] = {
    "dashboard": ("screens.dashboard", "DashboardScreen", False),
    "team-access": ("screens.team_access", "TeamAccessScreen", True),
    "consents": ("screens.consents", "ConsentsScreen", True),
    "invitations": ("screens.invitations", "InvitationsScreen", True),
    "plans": ("screens.plans", "PlansScreen", False),
    "import": ("screens.import_file", "ImportScreen", False),
    "schools": ("screens.schools", "SchoolsScreen", False),
    "school-years": ("screens.school_years", "SchoolYearsScreen", False),
}


def places(workplace: Workplace) -> dict[str, MakeScreen]:
    """Return what makes the screen of each place of the console; its module is loaded then."""

    def maker(place: str) -> MakeScreen:
        return lambda: _screen(workplace, place)

    return {place: maker(place) for place in _SCREENS}


def _screen(workplace: Workplace, place: str) -> Screen[Any]:
    module, name, about_a_school = _SCREENS[place]
    make = getattr(import_module(module), name)
    return workplace.place(place, make) if about_a_school else make(workplace)


class Door:
    """Opens the installation once, in whichever thread comes first, and lets people in."""

    def __init__(self) -> None:
        self._lock = Lock()
        self._opened: tuple[Settings, Engine] | None = None

    def open(self) -> "tuple[Settings, Engine]":
        """Return the settings and an engine; the first call makes what is missing."""
        from services.opening import open_database
        from tui.settings import load_settings

        with self._lock:
            if self._opened is None:
                settings = load_settings()
                settings.folders.create()
                engine = open_database(
                    settings.database(),
                    embedded=settings.embedded,
                    at=now(),
                    token_days=settings.token_days,
                )
                self._opened = settings, engine
            return self._opened

    def prepare(self) -> Wording | None:
        """Open, and return what there is to say to somebody who wants to sign in."""
        from models.database import SYSTEM
        from services import accounts
        from services.desk import Desk
        from services.maintenance import FIRST_ACCOUNT

        _settings, engine = self.open()
        return None if Desk(engine, SYSTEM, now).read(accounts.are_there_any) else FIRST_ACCOUNT

    def sign_in(self, email: str, password: str) -> Entered:
        """Let somebody in; raises `SignInRefused` or `NoPlace`."""
        from services import accounts
        from services.passwords import Hasher

        settings, engine = self.open()
        hasher = Hasher(settings.folders.state)
        return self.admit(accounts.sign_in(engine, hasher, email, password, now))

    def admit(self, who: "SignedIn") -> Entered:
        """Return the workplace of somebody who has shown who they are."""
        from services.dashboard import only_school
        from services.desk import Desk

        if who.actor.role not in ADMITTED:
            raise NoPlace(say("There is nothing in the console for this account yet."))
        settings, engine = self.open()
        desk = Desk(engine, who.actor, now)
        workplace = Workplace(
            desk,
            who=who.name,
            here=desk.read(only_school),
            mailing=settings.mailing,
            mass_share=settings.mass_change_share,
        )
        return Entered(workplace, who.actor.account_id, who.language)


def open_console() -> int:
    """Run the console from the sign-in on, and return the exit status."""
    door = Door()
    return run(_console(lambda: SignInScreen(door.sign_in, door.prepare)))


def open_directly(prepare: Callable[[Door], Entered], sentence: Wording) -> int:
    """Run the console for somebody whom `prepare` lets in, saying `sentence` meanwhile."""
    door = Door()
    first = OpeningScreen(N_("Trousseau"), sentence, lambda: prepare(door))
    return run(_console(lambda: first))


def _console(first: MakeScreen) -> Console:
    style = appearance(os.environ).style
    return Console(
        first,
        state_folder=state_folder(os.environ),
        language=current_language(),
        style=style,  # type: ignore[arg-type]
        clock=now,
    )
