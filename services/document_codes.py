"""Codes by which a head without an account fetches a file of the reading room.

Who came in with a HeadNet password has no SSH key that a command could be asked for with, and
the console writes no file over SSH. Such a head is shown a code that is good for a quarter of
an hour and for one version: whoever has it may fetch that file without signing in. The code is
a function of the key, the version and the minute in which it was made (`models.tokens`);
nothing of it is stored, and 90 bits are beyond guessing.
"""

from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from typing import NoReturn

from sqlalchemy import select
from sqlmodel import col

from models.database import ActorSession
from models.errors import TrousseauError
from models.keys import Key
from models.language import N_, Wording, say
from models.reading_room import Document, DocumentFile, DocumentVersion
from models.scope import Actor, not_allowed
from models.tokens import (
    ParsedToken,
    TokenMistyped,
    count_characters,
    make_token,
    matching_generation,
    parse_token,
)
from services import documents, tries
from services.documents import DocumentContents
from services.reading_room_rules import not_in_room
from services.sign_in import Entrance

PURPOSE = "download"
#: For how many minutes a code is good; the minute that was running when it was made is extra.
MINUTES = 15
#: The clock of another machine of the installation may be as many minutes ahead.
_AHEAD = 1
_MINUTE = timedelta(minutes=1)
_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)


class CodeMistyped(TrousseauError):
    """What was typed cannot be any code."""

    heading = N_("The code is mistyped")


class CodeRefused(TrousseauError):
    """The code was never given, or is no longer good."""

    heading = N_("The code does not count")


@dataclass(frozen=True, slots=True)
class DownloadCode:
    """A code, and the aware UTC instant until which it is good."""

    text: str = field(repr=False)
    until: datetime


@dataclass(frozen=True, slots=True)
class Fetched:
    """What a code was for: the version, and its file."""

    version_id: int
    contents: DocumentContents


def needs_code(actor: Actor) -> bool:
    """Tell whether somebody has no other way to a file than a code: no account can be named."""
    return actor.account_id is None and actor.headship_id is not None


def code_for(session: ActorSession, key: Key, document_id: int, number: int) -> DownloadCode:
    """Return a code for a version that the actor sees; raises `NotInRoom`.

    For a head without an account, else `OutOfScope`. Until the minute is over it is the same.
    """
    if not needs_code(session.actor):
        raise not_allowed()
    seen = documents.page(session, document_id).versions
    version = next((each for each in seen if each.number == number), None)
    if version is None:
        raise not_in_room()
    code = make_token(key, PURPOSE, version.id, _minute(session.at))
    return DownloadCode(code, session.at + MINUTES * _MINUTE)


def _minute(at: datetime) -> int:
    return (at - _EPOCH) // _MINUTE


def fetch(entrance: Entrance, typed: str) -> Fetched:
    """Return the file that a typed code is for; nobody has to have signed in.

    Raises `CodeMistyped` before anything is looked up; `CodeRefused` for what this program
    never gave, which counts as a try (`TooManyTries` after many of those), and for a code that
    was good; `NotInRoom` where the version or its document has been withdrawn meanwhile. A
    genuine code is good even while its origin waits: nobody can guess one, and so nobody can
    keep its holder out.
    """
    parsed = _parsed(typed)
    now = _minute(entrance.clock())
    made = matching_generation(entrance.key, PURPOSE, parsed, now + _AHEAD)
    if made is None:
        _refuse(entrance)
    if now - made > MINUTES:
        raise CodeRefused(
            say(
                "This code was good for %(count)s minutes and has expired. The page of the "
                "document gives a new one.",
                count=MINUTES,
            )
        )
    with entrance.looking() as session:
        return _published(session, parsed.row_id)


def _parsed(typed: str) -> ParsedToken:
    try:
        return parse_token(typed)
    except TokenMistyped:
        raise CodeMistyped(_slip(typed)) from None


def _slip(typed: str) -> Wording:
    found, wanted = count_characters(typed)
    if found == wanted:
        return say(
            "One or more characters of the code are wrong. Compare it with the page of the "
            "document, or copy and paste it."
        )
    return say(
        "A code has %(wanted)s characters and %(found)s were typed. Compare it with the page of "
        "the document, or copy and paste it.",
        wanted=wanted,
        found=found,
    )


def _refuse(entrance: Entrance) -> NoReturn:
    """Count a guess by where it comes from; while that waits it only reads."""
    with entrance.looking() as session:
        tries.check_origin(session, entrance.knocker)
    with entrance.acting() as session:
        tries.count_origin(session, entrance.knocker)
    raise CodeRefused(
        say(
            "This program has not given this code, or long ago. The page of the document gives one."
        )
    )


def _published(session: ActorSession, version_id: int) -> Fetched:
    """Return a version that heads see just now; the door itself would see all."""
    version = session.scalars(
        select(DocumentVersion)
        .join(Document, col(Document.id) == DocumentVersion.document_id)
        .where(
            col(DocumentVersion.id) == version_id,
            col(DocumentVersion.withdrawn_at).is_(None),
            col(Document.withdrawn_at).is_(None),
        )
    ).one_or_none()
    if version is None:
        raise not_in_room()
    asked = select(col(DocumentFile.contents)).where(col(DocumentFile.id) == version.file_id)
    file = session.scalars(asked).one()
    contents = DocumentContents(version.file_name, version.media, version.number, file)
    return Fetched(version_id, contents)
