"""What holds in the whole reading room: who manages it, what day it is, how a text is taken."""

import re
from collections.abc import Sequence
from datetime import date, datetime
from zoneinfo import ZoneInfo

from sqlalchemy import select
from sqlmodel import col

from models.database import ActorSession
from models.errors import TrousseauError
from models.language import N_, Wording, say
from models.rights import may_change
from models.schools import DEFAULT_TIME_ZONE, School
from models.scope import require_change
from models.text import clean, name_key, squeeze

#: Longest title or name, in characters; longest note on a version; longest text of many lines.
LONGEST_TITLE, LONGEST_NOTE, LONGEST_TEXT = 200, 500, 20_000
#: Longest text to search for, and how many words of it count.
_LONGEST_SEARCH, _MOST_WORDS = 80, 8
_BETWEEN_WORDS = re.compile(r"[\W_]+")
_TAB = 4


class RoomRefused(TrousseauError):
    """Something may not be in the reading room as it is; `field` says which entry is meant."""

    heading = N_("Reading room")

    def __init__(self, wording: Wording, field: str = "") -> None:
        super().__init__(wording)
        self.field = field


class NotInRoom(TrousseauError):
    """Nothing of that number is in the reading room, or it has been withdrawn."""

    heading = N_("Not found")


def not_in_room() -> NotInRoom:
    """Return what to raise for a number that leads nowhere, or to what is withdrawn."""
    return NotInRoom(say("This is not in the reading room, or no longer."))


def may_manage(session: ActorSession) -> bool:
    """Tell whether the session's actor publishes and withdraws, and sees what is withdrawn."""
    return session.actor.sees_all or may_change(session.actor.role, "reading_room")


def require_manager(session: ActorSession) -> None:
    """Raise `OutOfScope` for whoever only reads here."""
    require_change(session.actor, "document")


def own_zone(session: ActorSession) -> ZoneInfo:
    """Return the time zone of the actor's school; the usual one for several or none."""
    schools = session.actor.schools
    if schools is not None and len(schools) == 1:
        known = session.scalar(select(col(School.time_zone)).where(col(School.id).in_(schools)))
        if known:
            return ZoneInfo(known)
    return ZoneInfo(DEFAULT_TIME_ZONE)


def today(session: ActorSession) -> date:
    """Return what day it is for the actor."""
    return local_date(session.at, own_zone(session))


def local_date(at: datetime, zone: ZoneInfo) -> date:
    return at.astimezone(zone).date()


# --- texts --------------------------------------------------------------------------------


def one_line(text: str, field: str, *, longest: int = LONGEST_TITLE, needed: bool = False) -> str:
    """Return an entry as it is kept, on one line; raises `RoomRefused`."""
    kept = squeeze(clean(text))
    if needed and not name_key(kept):
        raise RoomRefused(say("This is needed."), field)
    if len(kept) > longest:
        raise RoomRefused(say("At most %(limit)s characters.", limit=longest), field)
    return kept


def many_lines(text: str, field: str, *, longest: int = LONGEST_TEXT) -> str:
    """Return an entry of several lines as it is kept; raises `RoomRefused`."""
    kept = safe_lines(text)
    if len(kept) > longest:
        raise RoomRefused(say("At most %(limit)s characters.", limit=longest), field)
    return kept


def safe_lines(text: str) -> str:
    """Return a text safe to show, its lines kept and white space around the whole taken off."""
    lines = text.replace("\r\n", "\n").replace("\r", "\n").replace("\f", "\n").split("\n")
    return "\n".join(clean(line.expandtabs(_TAB)).rstrip() for line in lines).strip("\n")


# --- search -------------------------------------------------------------------------------


def words_of(text: str) -> tuple[str, ...]:
    """Return the words to search for: without accents, case or signs, parted at hyphens."""
    parts = _BETWEEN_WORDS.split(clean(text, _LONGEST_SEARCH))[:_MOST_WORDS]
    return tuple(word for word in map(name_key, parts) if word)


def text_key(text: str, longest: int | None = None) -> str:
    """Return the different words of a text in normal form, in order, for the search.

    A word with hyphens or an apostrophe is one: what is typed without them finds it whole, and
    what is typed with them by its parts.
    """
    words = " ".join(sorted({key for word in text.split() if (key := name_key(word))}))
    return words if longest is None else words[:longest]


def has_all(words: Sequence[str], *keys: str) -> bool:
    """Tell whether each word occurs in one of the normal forms."""
    return all(any(word in key for key in keys) for word in words)
