"""What the places of the console share: the desk, and the school and year chosen there.

The App's `places` are made of it: `lambda: workplace.place("consents", ConsentsScreen)`.
A place that is about one school is preceded by the choice of a school where none is chosen.
"""

from __future__ import annotations

from collections.abc import Callable
from copy import copy
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from textual.screen import Screen

from models.language import Wording, say

if TYPE_CHECKING:
    from models.keys import Key
    from models.nightly import Schedule
    from services.bigbluebutton import MeetingServer
    from services.desk import Desk
    from services.mail.sender import Mailing
    from services.profiles import Profile
    from services.school_years import Here
    from services.sign_in import Entrance


@dataclass(frozen=True, slots=True)
class Wish:
    """What a place is to be filtered by when somebody comes to it from a finding."""

    status: str | None = None
    text: str = ""


def no_mailing() -> Mailing:
    """Refuse to send, where the console was opened without the means."""
    from models.errors import TrousseauError

    raise TrousseauError(say("This console cannot send mail. What is queued stays queued."))


def no_entrance() -> Entrance:
    """Refuse what is done at the door, where the console was opened without one."""
    from models.errors import TrousseauError

    raise TrousseauError(say("This console was opened without signing in."))


def no_meetings() -> MeetingServer | None:
    """Return that no meeting server is set up, where the console was opened without one."""
    return None


def no_helpdesk() -> str:
    """Return that no address of the helpdesk is set."""
    return ""


def usual_nights() -> Schedule:
    """Return when the nightly update is due where nobody said otherwise."""
    from models.nightly import Schedule

    return Schedule()


class Workplace:
    """One signed-in person's desk, and where it stands just now.

    `here` is None while no school is chosen (the helpdesk: all schools). Read and changed on
    the event loop only; what is read in a thread comes back by a message. `mailing` returns
    what mail is sent with, or raises an error in words; it is called in a thread. `mass_share`
    is the share of a school's people above which an import asks for a number (None: as shipped).
    `profile` is which of several accounts is used, None for whoever has one only; `entrance`
    returns what a change of one's own account is made with, and is called in a thread. So is
    `meetings`, which returns the server of the workshops' meetings, None where there is none,
    `nights`, which returns when the nightly update is due, and `helpdesk`, which returns the
    address that messages to the helpdesk go to, "" where none is set.
    """

    def __init__(
        self,
        desk: Desk,
        *,
        who: str = "",
        here: Here | None = None,
        mailing: Callable[[], Mailing] = no_mailing,
        mass_share: float | None = None,
        profile: Profile | None = None,
        entrance: Callable[[], Entrance] = no_entrance,
        meetings: Callable[[], MeetingServer | None] = no_meetings,
        nights: Callable[[], Schedule] = usual_nights,
        helpdesk: Callable[[], str] = no_helpdesk,
    ) -> None:
        self.desk = desk
        self.who = who or desk.actor.name
        self.here = here
        self.mailing = mailing
        self.mass_share = mass_share
        self.profile = profile
        self.entrance = entrance
        self.meetings = meetings
        self.nights = nights
        self.helpdesk = helpdesk
        #: What was searched last, without tokens.
        self.searched = ""
        self._wishes: dict[str, Wish] = {}

    def key(self) -> Key | None:
        """Return what proves tokens genuine, None where the console was opened without it.

        It reads a file: called in a thread.
        """
        from models.errors import TrousseauError

        try:
            return self.entrance().key
        except TrousseauError:
            return None

    def at(self, here: Here) -> Workplace:
        """Return the same desk in another school, for screens that are opened from here."""
        other = copy(self)
        other.here, other._wishes = here, {}
        return other

    @property
    def role(self) -> str:
        return self.desk.actor.role

    @property
    def title(self) -> tuple[str | Wording, str, str]:
        """School, school year and person, for a title bar; before them which account it is."""
        if self.here is None:
            return self.profile.label if self.profile else "", "", self.who
        year = self.here.year.label if self.here.year else ""
        if self.profile is None:
            return self.here.school, year, self.who
        return say("%(role)s: %(school)s", role=self._role, school=self.here.school), year, self.who

    @property
    def _role(self) -> Wording:
        from services.profiles import role_label

        return role_label(self.role)

    @property
    def chosen(self) -> tuple[int, int]:
        """The school and the school year; ValueError where none is chosen or known."""
        if self.here is None or self.here.year is None:
            raise ValueError("no school and year are chosen")
        return self.here.school_id, self.here.year.id

    def place(self, place: str, make: Callable[[Workplace], Screen[Any]]) -> Screen[Any]:
        """Return the screen of a place about one school, or the choice of what it lacks first."""
        if self.here is None:
            from screens.schools import SchoolsScreen

            return SchoolsScreen(self, then=place)
        if self.here.year is None:
            from screens.school_years import SchoolYearsScreen

            return SchoolYearsScreen(self, then=place)
        return make(self)

    def wish(self, place: str, status: str | None = None, text: str = "") -> None:
        """Remember what a place is to show first; it asks once, by `wished`."""
        self._wishes[place] = Wish(status, text)

    def wished(self, place: str) -> Wish:
        return self._wishes.pop(place, Wish())
