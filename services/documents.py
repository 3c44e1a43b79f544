"""The documents of the reading room: published, replaced by versions, withdrawn, read.

Nothing is deleted. Heads see what is not withdrawn; who manages the room sees all of it. A
document is unread as long as its reader has not opened its latest version.
"""

from dataclasses import dataclass
from datetime import date, datetime
from typing import Any

from sqlalchemy import func, select
from sqlalchemy.exc import IntegrityError
from sqlmodel import col

from models.database import ActorSession, change
from models.language import LANGUAGES, Wording, say
from models.reading_room import (
    DOCUMENT_KINDS,
    Committee,
    Document,
    DocumentFile,
    DocumentReading,
    DocumentVersion,
)
from models.text import name_key
from services import document_files
from services.document_files import Upload, checked
from services.reading_room_rules import (
    LONGEST_NOTE,
    RoomRefused,
    may_manage,
    not_in_room,
    one_line,
    require_manager,
)

#: The kinds of documents in words.
KIND_WORDS: dict[str, Wording] = {
    "official": say("Official document"),
    "minutes": say("Minutes"),
}
#: How each kind of file is read, in words.
MEDIA_WORDS: dict[str, Wording] = {
    "markdown": say("Text with headings"),
    "text": say("Text"),
    "file": say("File to download"),
}
EARLIEST, LATEST = date(1968, 1, 1), date(2100, 12, 31)


@dataclass(frozen=True, slots=True)
class DocumentFacts:
    """What is said of a document beside its contents: `dated_on` is the day it bears."""

    kind: str
    title: str
    dated_on: date
    committee_id: int | None = None
    language: str = "fr"


@dataclass(frozen=True, slots=True)
class VersionRow:
    """One version; `read` is whether the actor has opened it, `size` is in bytes."""

    id: int
    number: int
    file_name: str
    media: str
    size: int
    note: str
    published_at: datetime
    withdrawn_at: datetime | None
    read: bool


@dataclass(frozen=True, slots=True)
class DocumentPage:
    """A document with the versions that the actor sees, the newest first.

    `committee` is the name of the committee that it is of, "" for none.
    """

    id: int
    kind: str
    title: str
    language: str
    dated_on: date
    committee_id: int | None
    committee: str
    published_at: datetime
    withdrawn_at: datetime | None
    versions: tuple[VersionRow, ...]

    @property
    def latest(self) -> VersionRow:
        """The version that is read; one is always there."""
        return next((each for each in self.versions if not each.withdrawn_at), self.versions[0])

    @property
    def unread(self) -> bool:
        return not self.latest.read


@dataclass(frozen=True, slots=True)
class DocumentText:
    """A version as it is read in the console: safe to show, lines parted by a newline.

    `media` is markdown or text; a `file` has no text here. `cut` is whether there is more
    than is shown (`document_files.MOST_SHOWN`).
    """

    title: str
    number: int
    media: str
    text: str
    cut: bool


@dataclass(frozen=True, slots=True)
class DocumentContents:
    """The bytes of a version, as they were published."""

    file_name: str
    media: str
    number: int
    contents: bytes

    def __repr__(self) -> str:
        return f"<DocumentContents of {len(self.contents)} bytes>"


@dataclass(frozen=True, slots=True)
class Replaced:
    """What came of replacing: `is_new` False where the contents are those of the latest version."""

    document_id: int
    number: int
    is_new: bool


# --- reading ------------------------------------------------------------------------------


def page(session: ActorSession, document_id: int) -> DocumentPage:
    """Return a document with its versions; raises `NotInRoom`."""
    document = _document(session, document_id)
    committee = None
    if document.committee_id is not None:
        committee = session.scalar(
            select(col(Committee.name)).where(col(Committee.id) == document.committee_id)
        )
    return DocumentPage(
        document_id,
        document.kind,
        document.title,
        document.language,
        document.dated_on,
        document.committee_id,
        committee or "",
        document.published_at,
        document.withdrawn_at,
        _versions(session, document_id),
    )


def _document(session: ActorSession, document_id: int) -> Document:
    found = session.scalars(select(Document).where(col(Document.id) == document_id)).one_or_none()
    if found is None or (found.withdrawn_at is not None and not may_manage(session)):
        raise not_in_room()
    return found


def _versions(session: ActorSession, document_id: int) -> tuple[VersionRow, ...]:
    columns: Any = (
        DocumentVersion.id, DocumentVersion.number, DocumentVersion.file_name,
        DocumentVersion.media, DocumentFile.size, DocumentVersion.note,
        DocumentVersion.published_at, DocumentVersion.withdrawn_at,
    )  # fmt: skip
    asked = (
        select(*columns)
        .join(DocumentFile, col(DocumentFile.id) == DocumentVersion.file_id)
        .where(col(DocumentVersion.document_id) == document_id)
        .order_by(col(DocumentVersion.number).desc())
    )
    if not may_manage(session):
        asked = asked.where(col(DocumentVersion.withdrawn_at).is_(None))
    rows = session.execute(asked).all()
    read = set(
        session.scalars(
            select(col(DocumentReading.version_id)).where(
                col(DocumentReading.owner) == session.actor.owner,
                col(DocumentReading.version_id).in_([row.id for row in rows]),
            )
        )
    )
    return tuple(
        VersionRow(
            row.id, row.number, row.file_name, row.media, row.size, row.note, row.published_at,
            row.withdrawn_at, row.id in read,
        )
        for row in rows
    )  # fmt: skip


def text(session: ActorSession, document_id: int, number: int | None = None) -> DocumentText:
    """Return what a version says, the latest where none is named; raises `NotInRoom`."""
    document = _document(session, document_id)
    version = _version(session, document_id, number)
    if version.media == "file":
        return DocumentText(document.title, version.number, version.media, "", False)
    said, cut = document_files.shown(_contents(session, version), version.media)
    return DocumentText(document.title, version.number, version.media, said, cut)


def contents(
    session: ActorSession, document_id: int, number: int | None = None
) -> DocumentContents:
    """Return the file of a version, the latest where none is named; raises `NotInRoom`."""
    _document(session, document_id)
    version = _version(session, document_id, number)
    file = _contents(session, version)
    return DocumentContents(version.file_name, version.media, version.number, file)


def _contents(session: ActorSession, version: DocumentVersion) -> bytes:
    asked = select(col(DocumentFile.contents)).where(col(DocumentFile.id) == version.file_id)
    return session.scalars(asked).one()


def _version(session: ActorSession, document_id: int, number: int | None) -> DocumentVersion:
    """Return a version that the actor sees, the latest live one where none is named."""
    asked = select(DocumentVersion).where(col(DocumentVersion.document_id) == document_id)
    if number is not None:
        asked = asked.where(col(DocumentVersion.number) == number)
    if number is None or not may_manage(session):
        asked = asked.where(col(DocumentVersion.withdrawn_at).is_(None))
    newest = asked.order_by(col(DocumentVersion.number).desc()).limit(1)
    found = session.scalars(newest).one_or_none()
    if found is None:
        raise not_in_room()
    return found


def mark_read(session: ActorSession, document_id: int, number: int | None = None) -> bool:
    """Note that the actor has opened a version; tell whether that is new. Raises `NotInRoom`."""
    _document(session, document_id)
    version = _version(session, document_id, number)
    assert version.id is not None
    owner = session.actor.owner
    known = session.scalar(
        select(col(DocumentReading.id)).where(
            col(DocumentReading.owner) == owner, col(DocumentReading.version_id) == version.id
        )
    )
    if known is not None:
        return False
    try:
        with session.begin_nested():
            session.add(DocumentReading(owner=owner, version_id=version.id, read_at=session.at))
    except IntegrityError:  # opened in another session of theirs at this very moment
        return False
    return True


# --- managing -----------------------------------------------------------------------------


def publish(session: ActorSession, facts: DocumentFacts, upload: Upload, note: str = "") -> int:
    """Publish a file as a document and return its id.

    For who manages the room, else `OutOfScope`; raises `RoomRefused` with the field meant.
    """
    require_manager(session)
    values, file = _values(session, facts), checked(upload)
    said = one_line(note, "note", longest=LONGEST_NOTE)
    document = Document(**values, published_at=session.at)
    session.add(document)
    session.flush()
    assert document.id is not None
    _add_version(session, document.id, 1, file, said)
    return document.id


def _add_version(
    session: ActorSession,
    document_id: int,
    number: int,
    file: document_files.CheckedFile,
    note: str,
) -> None:
    session.add(
        DocumentVersion(
            document_id=document_id,
            number=number,
            file_id=document_files.keep(session, file),
            file_name=file.file_name,
            media=file.media,
            note=note,
            published_at=session.at,
        )
    )
    session.flush()


def replace(session: ActorSession, document_id: int, upload: Upload, note: str = "") -> Replaced:
    """Publish a file as a document's newest version; the same contents make none.

    For who manages the room; raises `RoomRefused`, also where the document is withdrawn.
    """
    require_manager(session)
    document = _document(session, document_id)
    if document.withdrawn_at is not None:
        raise RoomRefused(say("This document is withdrawn: publish it again first."))
    file = checked(upload)
    said = one_line(note, "note", longest=LONGEST_NOTE)
    latest = _version(session, document_id, None)
    held = select(col(DocumentFile.digest)).where(col(DocumentFile.id) == latest.file_id)
    if session.scalar(held) == file.digest:
        return Replaced(document_id, latest.number, is_new=False)
    highest = select(func.max(DocumentVersion.number)).where(
        col(DocumentVersion.document_id) == document_id
    )
    number = (session.scalar(highest) or 0) + 1
    _add_version(session, document_id, number, file, said)
    change(session, Document, col(Document.id) == document_id, version=number)
    return Replaced(document_id, number, is_new=True)


def withdraw(session: ActorSession, document_id: int) -> None:
    """Take a document out of the heads' sight; its versions stay. Raises `RoomRefused`."""
    _withdraw(session, document_id, away=True)


def publish_again(session: ActorSession, document_id: int) -> None:
    """Bring a withdrawn document back, with the versions it had. Raises `RoomRefused`."""
    _withdraw(session, document_id, away=False)


def _withdraw(session: ActorSession, document_id: int, *, away: bool) -> None:
    require_manager(session)
    _document(session, document_id)
    so_far = col(Document.withdrawn_at)
    still = so_far.is_(None) if away else so_far.is_not(None)
    when = session.at if away else None
    if not change(session, Document, (col(Document.id) == document_id) & still, withdrawn_at=when):
        raise _already(away)


def _already(away: bool) -> RoomRefused:
    if away:
        return RoomRefused(say("This has been withdrawn already."))
    return RoomRefused(say("This is not withdrawn."))


def withdraw_version(session: ActorSession, document_id: int, number: int) -> None:
    """Take one version back, so that the one before it is read; raises `RoomRefused`.

    For a wrong file. The only version that is left goes with the document, by `withdraw`.
    """
    require_manager(session)
    _document(session, document_id)
    version = _version(session, document_id, number)
    others = select(func.max(DocumentVersion.number)).where(
        col(DocumentVersion.document_id) == document_id,
        col(DocumentVersion.number) != number,
        col(DocumentVersion.withdrawn_at).is_(None),
    )
    latest = session.scalar(others)
    if version.withdrawn_at is None and latest is None:
        raise RoomRefused(say("This is the only version: withdraw the document."))
    still = (col(DocumentVersion.id) == version.id) & col(DocumentVersion.withdrawn_at).is_(None)
    if not change(session, DocumentVersion, still, withdrawn_at=session.at):
        raise _already(True)
    held = (col(Document.id) == document_id) & (col(Document.version) == number)
    change(session, Document, held, version=latest)


def correct(session: ActorSession, document_id: int, facts: DocumentFacts) -> bool:
    """Correct what is said of a document; tell whether anything changed. Raises `RoomRefused`."""
    require_manager(session)
    document = _document(session, document_id)
    values = _values(session, facts)
    different = {name: new for name, new in values.items() if getattr(document, name) != new}
    if different:
        change(session, Document, col(Document.id) == document_id, **different)
    return bool(different)


def _values(session: ActorSession, facts: DocumentFacts) -> dict[str, Any]:
    title = one_line(facts.title, "title", needed=True)
    if facts.kind not in DOCUMENT_KINDS:
        raise RoomRefused(say("This is not a kind of document."), "kind")
    if not EARLIEST <= facts.dated_on <= LATEST:
        raise RoomRefused(say("This day cannot be right."), "dated_on")
    if facts.language not in LANGUAGES:
        raise RoomRefused(say("This language is not known here."), "language")
    if facts.committee_id is not None:
        _known_committee(session, facts.committee_id)
    return {
        "kind": facts.kind,
        "title": title,
        "title_key": name_key(title),
        "language": facts.language,
        "committee_id": facts.committee_id,
        "dated_on": facts.dated_on,
    }


def _known_committee(session: ActorSession, committee_id: int) -> None:
    known = select(col(Committee.id)).where(col(Committee.id) == committee_id)
    if session.scalar(known) is None:
        raise RoomRefused(say("There is no such committee."), "committee")
