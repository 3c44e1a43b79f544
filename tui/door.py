"""The door: it opens the installation and lets people in, by password, token or key.

Nothing of the data layer is imported before it is needed, which is in a thread, after the
first picture.
"""

import os
from collections.abc import Callable, Sequence
from contextlib import AbstractContextManager, nullcontext
from dataclasses import dataclass
from datetime import timedelta
from threading import Lock
from typing import TYPE_CHECKING

from models.language import Wording, say
from models.rights import may_see
from tui import collector
from tui.cli.office import now

if TYPE_CHECKING:
    from sqlalchemy import Engine

    from models.database import Actor
    from screens.workplace import Workplace
    from services.admission import Admission
    from services.demo_guests import Guest
    from services.profiles import Identity, Profile
    from services.sign_in import Entrance, SignedIn
    from services.whom_to_ask import SchoolContact
    from tui.settings import Settings

#: After how long without a key somebody is signed out, until the settings are read.
_IDLE = timedelta(minutes=20)
#: What a head reads whose session ends before he or she has.
HEADSHIP_CLOSED = say(
    "Your HeadNet access has ended, or a newer password has come into force: sign in with the "
    "one of the latest e-mail."
)
#: What somebody reads who is in and has lost what they came in as.
CLOSED = say(
    "Your account has been closed, or what it was open for has ended. Ask your school or the "
    "helpdesk."
)


def closed(actor: "Actor") -> Wording:
    """Return what somebody reads who is in and has lost what they came in as."""
    return HEADSHIP_CLOSED if actor.account_id is None else CLOSED


@dataclass(frozen=True)
class Entered:
    """Somebody who is in: the workplace, and the language to speak."""

    workplace: "Workplace"
    account_id: int | None
    language: str


@dataclass(frozen=True)
class Arrived:
    """Somebody who has shown who they are. `entered` is None while they have to choose."""

    identity: "Identity"
    entered: Entered | None
    notices: tuple[Wording, ...] = ()


class Door:
    """Opens the installation once, in whichever thread comes first, and lets people in.

    `origin` is where whoever stands there comes from, as wrong tries are counted by it; this
    machine where it is empty.
    `opening` surrounds the opening, and may turn what is wrong with it into other words.
    """

    def __init__(
        self, origin: str = "", opening: Callable[[], AbstractContextManager[None]] = nullcontext
    ) -> None:
        self._opening = opening
        self._lock = Lock()
        self._opened: tuple[Settings, Engine] | None = None
        self._origin = origin
        self._offered = ""

    def open(self) -> "tuple[Settings, Engine]":
        """Return the settings and an engine; the first call makes what is missing."""
        from services.opening import open_database
        from tui.settings import load_settings

        with self._lock, self._opening():
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
                collector.resume()
            return self._opened

    def prepare(self) -> Wording | None:
        """Open, and return what there is to say to somebody who wants to sign in."""
        from models.database import SYSTEM
        from services import accounts
        from services.desk import Desk
        from services.maintenance import FIRST_ACCOUNT

        _settings, engine = self.open()
        return None if Desk(engine, SYSTEM, now).read(accounts.are_there_any) else FIRST_ACCOUNT

    @property
    def idle(self) -> timedelta:
        """After how long without a key somebody is signed out."""
        if self._opened is None:
            return _IDLE
        return timedelta(minutes=self._opened[0].idle_minutes)

    def entrance(self) -> "Entrance":
        """Return what signing in and changing one's own account are made with."""
        from models.keys import load_key
        from services.passwords import Hasher
        from services.sign_in import Entrance

        settings, engine = self.open()
        key = load_key(settings.folders.key_file)
        return Entrance(
            engine, Hasher(settings.folders.state), key, now, self._origin or local_origin(),
            offered=self._offered,
        )  # fmt: skip

    # What screens.doorway asks for

    def sign_in(self, email: str, password: str) -> Arrived:
        from services import sign_in

        return self.let_in(sign_in.sign_in(self.entrance(), email, password))

    def look_at_token(self, token: str) -> "Admission":
        from services import admission

        return admission.look_at_token(self.entrance(), token)

    def set_password(self, token: str, password: str, address: str | None) -> Arrived:
        from services import activation

        return self.let_in(
            activation.set_password(self.entrance(), token, password, address=address)
        )

    def confirm_address(self, token: str) -> None:
        from services import own_account

        own_account.confirm_address(self.entrance(), token)

    def forgot_password(self, address: str) -> None:
        from services import forgotten_passwords

        forgotten_passwords.forgot_password(self.entrance(), address)

    def whom_to_ask(self, text: str) -> "Sequence[SchoolContact]":
        from services.whom_to_ask import whom_to_ask

        return whom_to_ask(self.entrance(), text)

    def send_waiting(self) -> None:
        """Send the mails that wait, such as the one somebody at the door has just asked for."""
        from services.mail.sender import send_now

        settings, engine = self.open()
        mailing = settings.mailing()
        send_now(engine, mailing.settings, mailing.key, mailing.letterhead, clock=now)

    def do_overdue_night(self) -> None:
        """Do the nightly update where an hour after it was due nobody has."""
        from services.nightly import do_if_overdue

        settings, engine = self.open()
        do_if_overdue(settings.nightwork(engine, now))

    # Whoever is let in

    def by_key(self, fingerprint: str) -> Arrived | None:
        """Let the owner of a key in that OpenSSH has checked; None where it is nobody's.

        What many have, of a desk or a kiosk, is nobody's, whoever has added it to an account.
        """
        from models.ssh_keys import fingerprints_in
        from services.sign_in import SignInRefused, sign_in_by_key

        settings, _engine = self.open()
        if fingerprint in fingerprints_in(settings.shared_keys):
            return None
        self._offered = fingerprint
        try:
            return self.let_in(sign_in_by_key(self.entrance(), fingerprint))
        except SignInRefused:
            return None

    def let_in(self, who: "SignedIn") -> Arrived:
        """Return somebody with the desk of the only account, or with several to choose from."""
        profiles = who.identity.profiles
        entered = self.admit(who.identity, profiles[0]) if len(profiles) == 1 else None
        return Arrived(who.identity, entered, tuple(who.notices))

    def admit(self, identity: "Identity", profile: "Profile") -> Entered:
        """Return the workplace of one of somebody's accounts."""
        from services.profiles import actor_for

        several = profile if len(identity.profiles) > 1 else None
        workplace = self.workplace(actor_for(identity, profile), identity.name, several)
        return Entered(workplace, identity.account_id, identity.language)

    def choose(self, identity: "Identity", profile: "Profile") -> Entered:
        """Do what `admit` does, for somebody who came in a while ago; raises `NoAccessNow`."""
        from services.profiles import actor_for
        from services.sign_in import NoAccessNow

        if not self.still_lets_in(actor_for(identity, profile)):
            raise NoAccessNow(CLOSED)
        return self.admit(identity, profile)

    def still_lets_in(self, actor: "Actor") -> bool:
        """Tell whether somebody who is in may still work as what they came in as."""
        from services.profiles import still_holds

        with self.entrance().looking() as session:
            return still_holds(session, actor)

    def show(self, who: "Guest") -> Entered:
        """Return the workplace of somebody of the demonstration, who has no password."""
        return Entered(self.workplace(who.actor, who.name), who.actor.account_id, who.language)

    def workplace(self, actor: "Actor", name: str, profile: "Profile | None" = None) -> "Workplace":
        from screens.workplace import Workplace
        from services.dashboard import only_school
        from services.desk import Desk

        settings, engine = self.open()
        desk = Desk(engine, actor, now)
        return Workplace(
            desk,
            who=name or actor.name,
            here=desk.read(only_school) if may_see(actor.role, "team") else None,
            mailing=settings.mailing,
            mass_share=settings.mass_change_share,
            profile=profile,
            entrance=self.entrance,
            meetings=settings.meetings,
            nights=settings.schedule,
            helpdesk=lambda: settings.support_address,
        )


def local_origin() -> str:
    """Return by what name tries are counted of somebody at this machine."""
    import getpass

    try:
        return f"local:{getpass.getuser()}"
    except (KeyError, OSError):  # a user without a name, as in a container
        return f"local:{os.getuid()}"
