"""What a head is told on the dashboard: documents not read yet, and the next conference."""

from collections.abc import Iterator
from datetime import datetime
from zoneinfo import ZoneInfo

from models.database import ActorSession
from models.language import Wording, say, say_n
from models.rights import may_see
from services import conferences, reading_room
from services.attention import AttentionLine
from services.conferences import ConferenceRow
from services.reading_room_rules import local_date, may_manage

GO_TO = "reading-room"
#: So many days before it a conference is told of.
_SOON = 60


def reading_room_lines(session: ActorSession) -> list[AttentionLine]:
    """Return what there is to read and to note for whoever reads the room and does not manage it.

    The filters that a line sets are of the room's list: `status` is "unread", or a kind of
    `reading_room.KINDS`. Nothing for all others.
    """
    if may_manage(session) or not may_see(session.actor.role, "reading_room"):
        return []
    return [*_unread(session), *_conference(session)]


def _unread(session: ActorSession) -> Iterator[AttentionLine]:
    n = reading_room.unread_documents(session)
    if n:
        sentence = say_n(
            "%(count)s document of the reading room is new to you.",
            "%(count)s documents of the reading room are new to you.",
            n,
        )
        yield AttentionLine("documents_unread", n, sentence, GO_TO, "unread")


def _conference(session: ActorSession) -> Iterator[AttentionLine]:
    rows = conferences.coming(session)
    if not rows:
        return
    page = conferences.page(session, rows[0].id)
    if (rows[0].first_day - local_date(session.at, rows[0].zone)).days > _SOON:
        return
    here = page.days_here[0].begins if page.days_here else None
    yield AttentionLine(
        "conference_next", 1, _sentence(page.row, here, page.own_zone), GO_TO, "conference"
    )


def _sentence(row: ConferenceRow, begins: datetime | None, zone: ZoneInfo) -> Wording:
    """Say when it begins as the clocks at the school show it, or on what day."""
    if begins is None:
        return say("Next conference: %(title)s, on %(day)s.", title=row.title, day=row.first_day)
    if begins.utcoffset() == begins.astimezone(row.zone).utcoffset():
        return say("Next conference: %(title)s, %(when)s.", title=row.title, when=begins)
    return say(
        "Next conference: %(title)s, %(when)s (%(zone)s).",
        title=row.title,
        when=begins,
        zone=zone.key,
    )
