"""The console as a program: the way in, then the dashboard, with a desk for whoever entered.

The first screen is painted before the data layer is imported; `Door` and the screens of the
places import it when they are needed.
"""

import asyncio
import os
from collections.abc import Callable, Mapping
from contextlib import suppress
from dataclasses import dataclass
from datetime import datetime, timedelta
from functools import partial
from importlib import import_module
from threading import Thread
from typing import TYPE_CHECKING, Any

from textual import events, on
from textual.message import Message
from textual.screen import Screen

from models.errors import TrousseauError
from models.language import N_, Wording, _, current_language, say, say_n, use_language
from models.rights import may_see, right
from screens.doorway import DoorScreen, MailQueued
from screens.jobs import Jobs
from screens.sign_in import SignInScreen
from tui.app import MakeScreen, TrousseauApp, run
from tui.appearance import appearance, shows_arrows
from tui.cli.office import now
from tui.door import Arrived, Door, Entered, closed
from tui.state import state_folder

if TYPE_CHECKING:
    from models.scope import Actor
    from screens.opening import OpeningScreen
    from screens.workplace import Workplace
    from services.profiles import Profile
    from tui.ssh.visitor import Visitor

#: How often one looks whether somebody is still there, in seconds.
_LOOK_EVERY = 5.0
#: How often the helpdesk's console looks whether the nightly update was done, in seconds.
_NIGHTS_EVERY = 300.0
#: How often one looks whether whoever is in may still be, in seconds.
_RIGHTS_EVERY = 60.0


class Console(TrousseauApp):
    """The App with its way in: whoever is let in finds the dashboard in its stead.

    `door` lets people in. `signs_out` says whether there is a way in to go back to; where
    there is none the console ends instead, and never by itself. With `leaves` it ends when
    nobody has touched the way in for as long as it takes to be signed out.
    """

    def __init__(
        self,
        first: MakeScreen,
        door: "Door",
        *,
        signs_out: bool = True,
        leaves: bool = False,
        **options: Any,
    ) -> None:
        super().__init__(first, **options)
        self._door, self._signs_out, self._leaves = door, signs_out, leaves
        self._arrived: Arrived | None = None
        self._actor: Actor | None = None
        self._touched: datetime = self._clock()

    async def on_mount(self) -> None:
        await super().on_mount()
        if self._signs_out:
            self.set_interval(_LOOK_EVERY, self.end_if_idle)
            self.set_interval(_NIGHTS_EVERY, self.look_after_nights)
            self.set_interval(_RIGHTS_EVERY, self.look_after_rights)

    # In

    @on(DoorScreen.SignedIn)
    def _enter_signed_in(self, message: DoorScreen.SignedIn) -> None:
        message.stop()
        self.arrive(message.who)

    def on_opening_screen_opened(self, message: "OpeningScreen.Opened") -> None:
        """Let in whoever was looked for meanwhile; nobody goes to the way in."""
        message.stop()
        if message.what is None:
            self.switch_screen(self._way_in())
        elif isinstance(message.what, Arrived):
            self.arrive(message.what)
        else:
            self.enter(message.what)

    def arrive(self, arrived: Arrived) -> None:
        """Let somebody in: to the dashboard, or first to the choice of an account."""
        self._arrived = arrived
        if arrived.entered is not None:
            self.enter(arrived.entered)
        else:
            use_language(arrived.identity.language)
            self._replace_all(self._choice(None))
        if arrived.notices:
            from screens.notices import NoticesScreen

            self.push_screen(NoticesScreen(arrived.notices))

    def enter(self, entered: Entered) -> None:
        """Open the dashboard for somebody."""
        use_language(entered.language)
        self.role, self.who = entered.workplace.role, entered.account_id
        self._actor = entered.workplace.desk.actor
        self.places = places(entered.workplace, self.may_write_files)
        if entered.workplace.desk.actor.person_id is None:
            del self.places["own-access"]
        if entered.account_id is None:
            del self.places["own-account"]
            if entered.workplace.desk.actor.headship_id is None:
                del self.places["support"]
        if (home := _home(self.role)) != "dashboard":
            self.places.pop(home, None)
        profile = entered.workplace.profile
        if profile is not None:
            self.places["accounts"] = partial(self._choice, profile)
        if self._signs_out:
            self.places["sign-out"] = self._way_in
        self._replace_all(self.places["dashboard"]())

    def _replace_all(self, screen: Screen[Any]) -> None:
        while len(self.screen_stack) > 1:  # help may be open above the way in
            self.pop_screen()
        self.switch_screen(screen)

    def _choice(self, current: "Profile | None") -> Screen[Any]:
        from screens.choose_account import ChooseAccountScreen

        assert self._arrived is not None
        identity = self._arrived.identity
        choose = partial(self._door.choose, identity)
        return ChooseAccountScreen(identity.name, identity.profiles, choose, current)

    def on_choose_account_screen_chosen(self, message: Any) -> None:
        """Work with the account that was chosen, at the door or later."""
        message.stop()
        self.jobs.stop_all()
        self.enter(message.what)

    @on(MailQueued)
    def _send_mail(self) -> None:
        self.run_worker(_aside(self._send_waiting), group="mail", exit_on_error=False)

    def _send_waiting(self) -> None:
        """Send what waits. What does not leave from here stays queued for the next sender."""
        try:
            self._door.send_waiting()
        except TrousseauError:
            pass  # this console has not the means; the helpdesk's dashboard tells
        except Exception as error:
            if self.is_running:
                self._note(error)

    # At night

    def look_after_nights(self) -> None:
        """Let the nightly update be done that nothing else has done, while the helpdesk works."""
        if self.role == "helpdesk":
            self.run_worker(_aside(self._do_night), group="nightly", exit_on_error=False)

    def _do_night(self) -> None:
        try:
            self._door.do_overdue_night()
        except TrousseauError:
            pass  # it is tried again, and the doctor tells that it is overdue
        except Exception as error:
            if self.is_running:
                self._note(error)

    # Rights that end

    @dataclass
    class _ShutOut(Message):
        """The account of an actor is closed, or has lost what the actor works as."""

        actor: "Actor"

    def look_after_rights(self) -> None:
        """See to it that nobody stays in who could not come in any more."""
        if (actor := self._actor) is not None:
            look = partial(self._look_at_rights, actor)
            self.run_worker(look, thread=True, group="rights", exit_on_error=False)

    def _look_at_rights(self, actor: "Actor") -> None:
        try:
            if not self._door.still_lets_in(actor):
                self.post_message(self._ShutOut(actor))
        except TrousseauError:
            pass  # the database does not answer: it is asked again in a minute
        except Exception as error:
            self._note(error)

    @on(_ShutOut)
    def _shut_out(self, message: _ShutOut) -> None:
        message.stop()
        if message.actor is self._actor and not self.has_ended:
            self.sign_out(closed(message.actor))

    # Out

    def go(self, place: str | None) -> None:
        if place == "sign-out" and place in self.places:
            self.sign_out()
        else:
            super().go(place)

    async def action_back(self) -> None:
        if self._chooses_at_the_door:
            self.sign_out()
        else:
            await super().action_back()

    def check_action(self, action: str, parameters: tuple[object, ...]) -> bool | None:
        if action == "back" and self._chooses_at_the_door:
            return True
        return super().check_action(action, parameters)

    @property
    def _chooses_at_the_door(self) -> bool:
        return self._arrived is not None and not self.role and len(self.screen_stack) <= 1

    def sign_out(self, told: Wording | None = None) -> None:
        """Go back to the way in, and leave nothing there of whoever was in.

        Drafts were kept as they were typed; work that runs is stopped cleanly.
        """
        self.jobs.stop_all()
        self.jobs = Jobs(self)
        self.role, self.who, self.places, self._arrived = "", None, {}, None
        self._actor = None
        self.clear_notifications()
        self._replace_all(self._way_in(told))

    def _way_in(self, told: Wording | None = None) -> Screen[Any]:
        return SignInScreen(self._door, told)

    # Idleness

    async def on_event(self, event: events.Event) -> None:
        if isinstance(event, events.InputEvent | events.Paste):
            self._touched = self._clock()
        await super().on_event(event)

    def end_if_idle(self) -> None:
        """Sign out whoever has not touched a key for too long; what is at work is waited for."""
        if self.has_ended:
            return
        stays = self._is_untouched and not self._leaves
        if self.jobs.current is not None or stays:
            self._touched = self._clock()
        elif self._clock() - self._touched >= self._door.idle:
            self._touched = self._clock()
            if self._is_untouched:
                self.exit(0, message=_("Nobody was there; this session has ended."))
            else:
                self.sign_out(_idle(self._door.idle))

    @property
    def _is_untouched(self) -> bool:
        """Whether the way in stands there as it did at first, so that nothing is to be hidden."""
        top = self.screen
        return isinstance(top, SignInScreen) and top.untouched


async def _aside(work: Callable[[], None]) -> None:
    """Do `work` in a thread that nobody waits for who leaves.

    A mail server may take minutes to answer; and how long it takes to leave would tell
    whether there was something to send, and so whether an address is known. What is under way
    then is the next sender's, as after a kill.
    """
    loop = asyncio.get_running_loop()
    done = asyncio.Event()

    def do() -> None:
        work()
        with suppress(RuntimeError):  # the loop is closed: everybody has left
            loop.call_soon_threadsafe(done.set)

    Thread(target=do, daemon=True).start()
    await done.wait()


def _idle(idle: timedelta) -> Wording:
    return say_n(
        "You were signed out after %(count)s minute without a key. What you typed is kept.",
        "You were signed out after %(count)s minutes without a key. What you typed is kept.",
        round(idle.total_seconds() / 60),
    )


#: The module and class of each place's screen, and whether it is about one school.
_SCREENS: Mapping[str, tuple[str, str, bool]] = {
    "dashboard": ("screens.dashboard", "DashboardScreen", False),
    "team-access": ("screens.team_access", "TeamAccessScreen", True),
    "consents": ("screens.consents", "ConsentsScreen", True),
    "families": ("screens.families", "FamiliesScreen", True),
    "invitations": ("screens.invitations", "InvitationsScreen", True),
    "workshops": ("screens.workshops", "WorkshopsScreen", False),
    "headnet": ("screens.headnet", "accounts_or_account", False),
    "elections": ("screens.elections", "ElectionsScreen", False),
    "reading-room": ("screens.reading_room", "ReadingRoomScreen", False),
    "plans": ("screens.plans", "PlansScreen", False),
    "import": ("screens.import_file", "ImportScreen", False),
    "schools": ("screens.schools", "SchoolsScreen", False),
    "helpdesk": ("screens.calls", "CallsScreen", False),
    "faq": ("screens.faq", "FaqScreen", False),
    "support": ("screens.support", "SupportScreen", False),
    "school-years": ("screens.school_years", "SchoolYearsScreen", False),
    "child": ("screens.child", "ChildScreen", False),
    "search": ("screens.search", "SearchScreen", False),
    "own-access": ("screens.own_access", "OwnAccessScreen", False),
    "own-account": ("screens.own_account", "OwnAccountScreen", False),
}


#: What stands there instead where no file of this machine may be named.
_WITHOUT_FILES: Mapping[str, tuple[str, str, bool]] = {
    "import": ("screens.import_by_line", "ImportByLineScreen", False),
}


def places(workplace: "Workplace", files: bool = True) -> dict[str, MakeScreen]:
    """Return what makes the screen of each place of the console; its module is loaded then.

    Without `files` none of them names a file of this machine.
    """

    def maker(place: str) -> MakeScreen:
        return lambda: _screen(workplace, place, files)

    return {place: maker(place) for place in _SCREENS}


def _screen(workplace: "Workplace", place: str, files: bool = True) -> Screen[Any]:
    screens = _SCREENS if files else {**_SCREENS, **_WITHOUT_FILES}
    module, name, about_a_school = screens[_home(workplace.role) if place == "dashboard" else place]
    make = getattr(import_module(module), name)
    return workplace.place(place, make) if about_a_school else make(workplace)


def _home(role: str) -> str:
    """Return the place that a role finds first: its schools, the child, or what is held there
    about oneself. Heads find on the dashboard what is new to read and to vote on."""
    if right(role, "families").reach == "children":
        return "child"
    has_team = right(role, "team").reach in ("all", "schools")
    return "dashboard" if has_team or may_see(role, "reading_room") else "own-access"


def open_console() -> int:
    """Run the console from the sign-in on, and return the exit status."""
    door = Door()
    return run(_console(lambda: SignInScreen(door), door))


def open_for(visitor: "Visitor") -> int:
    """Run the console for somebody who came over SSH, and return the exit status.

    The owner of a key is in at once. No screen names a file of this machine.
    """
    from tui.ssh.discretion import discreetly

    door = Door(visitor.origin, discreetly)
    fingerprint = visitor.fingerprint
    first: MakeScreen = lambda: SignInScreen(door)  # noqa: E731
    if fingerprint is not None:
        from screens.opening import OpeningScreen

        first = lambda: OpeningScreen(  # noqa: E731
            N_("Trousseau"), say("One moment…"), lambda: door.by_key(fingerprint)
        )
    return run(_console(first, door, may_write_files=False, leaves=True))


def open_directly(prepare: Callable[[Door], Entered], sentence: Wording) -> int:
    """Run the console for somebody whom `prepare` lets in, saying `sentence` meanwhile."""
    from screens.opening import OpeningScreen

    door = Door()
    first = OpeningScreen(N_("Trousseau"), sentence, lambda: prepare(door))
    return run(_console(lambda: first, door, signs_out=False))


def _console(first: MakeScreen, door: Door, **options: Any) -> Console:
    return Console(
        first,
        door,
        state_folder=state_folder(os.environ),
        language=current_language(),
        style=appearance(os.environ).style,
        arrows=shows_arrows(os.environ),
        clock=now,
        **options,
    )
