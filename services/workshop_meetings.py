"""The meeting of a workshop on its server: what was asked of it, and whom it lets in.

Talking to the server is the work of `services.bigbluebutton`; links and secrets are never kept.
"""

from dataclasses import dataclass
from datetime import datetime
from typing import TYPE_CHECKING

from sqlalchemy import select
from sqlmodel import col

from models.database import ActorSession, change
from models.errors import TrousseauError
from models.language import N_, say
from models.references import make_workshop_reference
from models.text import clean, squeeze
from models.workshops import WorkshopMeeting, facts_of
from services.exports import csv_text
from services.workshop_attendance import user_id_of
from services.workshop_rules import require_office
from services.workshops import find, live_participants, refused_step

if TYPE_CHECKING:
    from services.bigbluebutton import MeetingServer

_LONGEST_REPLY, _LONGEST_ID = 500, 100


class MeetingNotNoted(TrousseauError):
    """This can't be noted of a meeting."""

    heading = N_("Meeting")


@dataclass(frozen=True, slots=True)
class MeetingRow:
    """What is known of a meeting: `created_at` None where the server refused, with its words."""

    meeting_id: str
    tried_at: datetime
    created_at: datetime | None
    reply: str


@dataclass(frozen=True, slots=True)
class Joiner:
    """A participant as the server is told of one."""

    user_id: str
    name: str
    email: str


def meeting_id_of(workshop_id: int) -> str:
    """Return the id under which a workshop's meeting is asked for: always the same one."""
    return f"atelier-{make_workshop_reference(workshop_id)}"


def meeting_of(session: ActorSession, workshop_id: int) -> MeetingRow | None:
    """Return the meeting of a workshop, None before the server was asked for one."""
    found = _meeting(session, workshop_id)
    if found is None:
        return None
    return MeetingRow(found.meeting_id, found.tried_at, found.created_at, found.reply)


def _meeting(session: ActorSession, workshop_id: int) -> WorkshopMeeting | None:
    mine = col(WorkshopMeeting.workshop_id) == workshop_id
    return session.scalars(select(WorkshopMeeting).where(mine).with_for_update()).one_or_none()


def note_meeting(
    session: ActorSession,
    workshop_id: int,
    meeting_id: str,
    created_at: datetime | None,
    reply: str = "",
) -> None:
    """Note what the server answered: when the meeting was made, or None and why not.

    A meeting that was made once stays so. For the office; raises `StepRefused` where the
    workshop is not accepted, `MeetingNotNoted` for an id that is none.
    """
    require_office(session)
    workshop = find(session, workshop_id)
    if facts_of(workshop, session.at).status not in ("accepted", "held"):
        raise refused_step(workshop, session.at)
    if not 0 < len(meeting_id) <= _LONGEST_ID or meeting_id != clean(meeting_id):
        raise MeetingNotNoted(say("This is no meeting’s id."))
    said = squeeze(clean(reply, _LONGEST_REPLY))
    row = _meeting(session, workshop_id)
    if row is None:
        session.add(
            WorkshopMeeting(
                workshop_id=workshop_id, school_id=workshop.school_id, meeting_id=meeting_id,
                tried_at=session.at, created_at=created_at, reply=said,
            )
        )  # fmt: skip
        return
    made = row.created_at or created_at
    change(
        session,
        WorkshopMeeting,
        col(WorkshopMeeting.id) == row.id,
        meeting_id=meeting_id,
        tried_at=session.at,
        created_at=made,
        reply=said,
    )


def joiners(session: ActorSession, workshop_id: int) -> list[Joiner]:
    """Return whom the server is to let in, by name; `user_id` comes back in its attendance."""
    find(session, workshop_id)
    return [
        Joiner(user_id_of(person.id or 0), f"{person.first_name} {person.surname}", person.email)
        for person in live_participants(session, workshop_id)
    ]


def links_as_csv(
    session: ActorSession, workshop_id: int, server: "MeetingServer", headings: tuple[str, ...]
) -> str:
    """Return everybody's link as CSV under three headings: name, e-mail, link.

    For the office, to be sent on: a link lets in whoever has it, under that name, and is kept
    nowhere here.
    """
    from services.bigbluebutton import join_link

    require_office(session)
    meeting_id = meeting_id_of(workshop_id)
    return csv_text(
        headings,
        [
            (
                each.name,
                each.email,
                join_link(server, meeting_id, name=each.name, user_id=each.user_id, role="viewer"),
            )
            for each in joiners(session, workshop_id)
        ],
    )
