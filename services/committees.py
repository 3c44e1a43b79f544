"""Committees of heads: what they are for, who is in them from when until when, their minutes."""

from dataclasses import dataclass
from datetime import date, datetime
from typing import Any

from sqlalchemy import func, select
from sqlmodel import col

from models.database import ActorSession, change
from models.language import Wording, say
from models.reading_room import Committee, CommitteeMember, Document
from models.text import name_key
from services.reading_room_rules import (
    LONGEST_TITLE,
    RoomRefused,
    many_lines,
    may_manage,
    not_in_room,
    one_line,
    require_manager,
    today,
)

_LONGEST_PURPOSE, _LONGEST_NAME = 4_000, 120
EARLIEST, LATEST = date(1968, 1, 1), date(2100, 12, 31)

#: Where a term stands on a day, in words.
STATE_WORDS: dict[str, Wording] = {
    "present": say("in office"),
    "coming": say("to come"),
    "past": say("ended"),
}


@dataclass(frozen=True, slots=True)
class Term:
    """Somebody in a committee: both days inclusive, `last_day` None for an open end.

    `function` is what the member does there, "" for nothing in particular; `election_id` the
    vote that the term comes from.
    """

    name: str
    first_day: date
    last_day: date | None = None
    school_name: str = ""
    function: str = ""
    election_id: int | None = None


@dataclass(frozen=True, slots=True)
class MemberRow:
    """A term as it is shown; `state` is present, coming or past, today."""

    id: int
    term: Term
    state: str

    @property
    def name(self) -> str:
        return self.term.name


@dataclass(frozen=True, slots=True)
class CommitteeRow:
    """A committee as lists show it: how many are in it today, how many minutes it has."""

    id: int
    name: str
    purpose: str
    members: int
    minutes: int
    withdrawn_at: datetime | None


@dataclass(frozen=True, slots=True)
class CommitteePage:
    """A committee with its terms: present ones first, then those to come, then past ones.

    `purpose` is safe to show, its lines parted by a newline. Its minutes are what
    `reading_room.page` finds with `committee_id`.
    """

    id: int
    name: str
    purpose: str
    published_at: datetime
    withdrawn_at: datetime | None
    members: tuple[MemberRow, ...]
    minutes: int

    def of_state(self, state: str) -> tuple[MemberRow, ...]:
        """Return the terms that are present, coming or past."""
        return tuple(each for each in self.members if each.state == state)


# --- reading ------------------------------------------------------------------------------


def all_committees(session: ActorSession, *, withdrawn: bool = False) -> list[CommitteeRow]:
    """Return the committees by name; with `withdrawn`, for who manages the room, those alone."""
    if withdrawn and not may_manage(session):
        return []
    gone = col(Committee.withdrawn_at)
    rows = session.scalars(
        select(Committee)
        .where(gone.is_not(None) if withdrawn else gone.is_(None))
        .order_by(col(Committee.name_key), col(Committee.id))
    ).all()
    members, minutes = _members_today(session), _minutes(session)
    return [
        CommitteeRow(
            row.id or 0, row.name, row.purpose, members.get(row.id, 0), minutes.get(row.id, 0),
            row.withdrawn_at,
        )
        for row in rows
    ]  # fmt: skip


def _members_today(session: ActorSession) -> dict[int | None, int]:
    day, row = today(session), CommitteeMember
    in_office = (
        select(col(row.committee_id), func.count(col(row.id)))
        .where(
            col(row.removed_at).is_(None),
            col(row.first_day) <= day,
            col(row.last_day).is_(None) | (col(row.last_day) >= day),
        )
        .group_by(col(row.committee_id))
    )
    return {row[0]: row[1] for row in session.execute(in_office)}


def _minutes(session: ActorSession, *conditions: Any) -> dict[int | None, int]:
    kept = (
        select(col(Document.committee_id), func.count(col(Document.id)))
        .where(
            col(Document.committee_id).is_not(None),
            col(Document.withdrawn_at).is_(None),
            *conditions,
        )
        .group_by(col(Document.committee_id))
    )
    return {row[0]: row[1] for row in session.execute(kept)}


def page(session: ActorSession, committee_id: int) -> CommitteePage:
    """Return a committee with its terms; raises `NotInRoom`."""
    found = _find(session, committee_id)
    day = today(session)
    rows = session.scalars(
        select(CommitteeMember).where(
            col(CommitteeMember.committee_id) == committee_id,
            col(CommitteeMember.removed_at).is_(None),
        )
    )
    members = sorted((_member(row, day) for row in rows), key=_order)
    minutes = _minutes(session, col(Document.committee_id) == committee_id)
    return CommitteePage(
        committee_id,
        found.name,
        found.purpose,
        found.published_at,
        found.withdrawn_at,
        tuple(members),
        minutes.get(committee_id, 0),
    )


def _member(row: CommitteeMember, day: date) -> MemberRow:
    term = Term(
        row.name, row.first_day, row.last_day, row.school_name, row.function, row.election_id
    )
    return MemberRow(row.id or 0, term, state_on(term, day))


def state_on(term: Term, day: date) -> str:
    """Return where a term stands on a day: present, coming or past."""
    if day < term.first_day:
        return "coming"
    return "past" if term.last_day is not None and term.last_day < day else "present"


def _order(member: MemberRow) -> tuple[int, int, str, int]:
    """Past terms: the latest first; the others by name."""
    place = tuple(STATE_WORDS).index(member.state)
    last = member.term.last_day.toordinal() if member.term.last_day else 0
    return place, -last if member.state == "past" else 0, name_key(member.name), member.id


def _find(session: ActorSession, committee_id: int) -> Committee:
    asked = select(Committee).where(col(Committee.id) == committee_id)
    found = session.scalars(asked).one_or_none()
    if found is None or (found.withdrawn_at is not None and not may_manage(session)):
        raise not_in_room()
    return found


# --- managing -----------------------------------------------------------------------------


def add(session: ActorSession, name: str, purpose: str = "") -> int:
    """Make a committee known and return its id.

    For who manages the room, else `OutOfScope`; raises `RoomRefused` with the field meant.
    """
    require_manager(session)
    values = _values(session, name, purpose)
    row = Committee(**values, published_at=session.at)
    session.add(row)
    session.flush()
    assert row.id is not None
    return row.id


def alter(session: ActorSession, committee_id: int, name: str, purpose: str) -> bool:
    """Change name or purpose; tell whether anything is different. Raises `RoomRefused`."""
    require_manager(session)
    found = _find(session, committee_id)
    values = _values(session, name, purpose, but=committee_id)
    different = {each: new for each, new in values.items() if getattr(found, each) != new}
    if different:
        change(session, Committee, col(Committee.id) == committee_id, **different)
    return bool(different)


def _values(
    session: ActorSession, name: str, purpose: str, but: int | None = None
) -> dict[str, Any]:
    kept = one_line(name, "name", longest=_LONGEST_NAME, needed=True)
    key = name_key(kept)
    others = select(col(Committee.id)).where(
        col(Committee.name_key) == key,
        col(Committee.withdrawn_at).is_(None),
        col(Committee.id) != (but or 0),
    )
    if session.scalar(others.limit(1)) is not None:
        # By its name a committee is found again when minutes come in from a folder.
        raise RoomRefused(say("There is a committee of that name already."), "name")
    said = many_lines(purpose, "purpose", longest=_LONGEST_PURPOSE)
    return {"name": kept, "name_key": key, "purpose": said}


def withdraw(session: ActorSession, committee_id: int) -> None:
    """Take a committee out of the heads' sight; its documents stay. Raises `RoomRefused`."""
    _withdraw(session, committee_id, away=True)


def publish_again(session: ActorSession, committee_id: int) -> None:
    """Bring a withdrawn committee back. Raises `RoomRefused`."""
    _withdraw(session, committee_id, away=False)


def _withdraw(session: ActorSession, committee_id: int, *, away: bool) -> None:
    require_manager(session)
    found = _find(session, committee_id)
    if not away:
        _values(session, found.name, found.purpose, but=committee_id)
    so_far = col(Committee.withdrawn_at)
    still = so_far.is_(None) if away else so_far.is_not(None)
    when = session.at if away else None
    one = col(Committee.id) == committee_id
    if not change(session, Committee, one & still, withdrawn_at=when):
        if away:
            raise RoomRefused(say("This has been withdrawn already."))
        raise RoomRefused(say("This is not withdrawn."))


# --- terms --------------------------------------------------------------------------------


def add_term(session: ActorSession, committee_id: int, term: Term) -> int:
    """Enter somebody into a committee and return the term's id; raises `RoomRefused`."""
    require_manager(session)
    _find(session, committee_id)
    values = _term_values(term)
    _refuse_double(session, committee_id, values)
    row = CommitteeMember(
        committee_id=committee_id,
        election_id=term.election_id,
        recorded_at=session.at,
        **values,
    )
    session.add(row)
    session.flush()
    assert row.id is not None
    return row.id


def change_term(session: ActorSession, member_id: int, term: Term) -> bool:
    """Change a term, but for the vote it comes from; tell whether anything is different."""
    require_manager(session)
    found = _term(session, member_id)
    values = _term_values(term)
    _refuse_double(session, found.committee_id, values, but=member_id)
    different = {name: new for name, new in values.items() if getattr(found, name) != new}
    if different:
        _change_term(session, member_id, **different)
    return bool(different)


def remove_term(session: ActorSession, member_id: int) -> None:
    """Take back a line that was wrong: it is shown no more. Raises `RoomRefused`."""
    require_manager(session)
    _term(session, member_id)
    _change_term(session, member_id, removed_at=session.at)


def _change_term(session: ActorSession, member_id: int, **values: Any) -> None:
    row = CommitteeMember
    still = (col(row.id) == member_id) & col(row.removed_at).is_(None)
    if not change(session, row, still, **values):
        raise RoomRefused(say("Somebody else has just changed this. Look again."))


def _term(session: ActorSession, member_id: int) -> CommitteeMember:
    row = CommitteeMember
    asked = select(row).where(col(row.id) == member_id, col(row.removed_at).is_(None))
    found = session.scalars(asked).one_or_none()
    if found is None:
        raise not_in_room()
    return found


def _term_values(term: Term) -> dict[str, Any]:
    name = one_line(term.name, "name", longest=_LONGEST_NAME, needed=True)
    if not EARLIEST <= term.first_day <= LATEST:
        raise RoomRefused(say("This day cannot be right."), "first_day")
    if term.last_day is not None and not term.first_day <= term.last_day <= LATEST:
        raise RoomRefused(say("The last day lies before the first."), "last_day")
    return {
        "name": name,
        "name_key": name_key(name),
        "school_name": one_line(term.school_name, "school_name", longest=LONGEST_TITLE),
        "function": one_line(term.function, "function", longest=_LONGEST_NAME),
        "first_day": term.first_day,
        "last_day": term.last_day,
    }


def _refuse_double(
    session: ActorSession, committee_id: int, values: dict[str, Any], but: int = 0
) -> None:
    """Refuse a second term of the same person, of the same school, on the same days."""
    row = CommitteeMember
    asked = select(row).where(
        col(row.committee_id) == committee_id,
        col(row.name_key) == values["name_key"],
        col(row.removed_at).is_(None),
        col(row.id) != but,
        col(row.first_day) <= (values["last_day"] or LATEST),
        col(row.last_day).is_(None) | (col(row.last_day) >= values["first_day"]),
    )
    school = name_key(values["school_name"])
    if any(name_key(found.school_name) == school for found in session.scalars(asked)):
        raise RoomRefused(say("This person is in the committee on these days already."), "name")
