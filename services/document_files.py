"""Files as documents of the reading room: what kind a file is, what it says, how it is kept.

Each contents are kept once, by their digest. A file called Markdown or text is read in the
console, so it must be text: UTF-8, UTF-16 with its mark, or else Windows-1252. What any other
file holds is not looked into.
"""

import hashlib
import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from pathlib import PurePosixPath

from sqlalchemy import delete, exists, select
from sqlmodel import col

from models.database import ActorSession, change
from models.language import Wording, say
from models.reading_room import DocumentFile, DocumentVersion
from models.text import clean, is_clean, name_key, squeeze
from services.reading_room_rules import RoomRefused, require_manager, safe_lines, text_key

#: Largest file, and largest one that is read as text, in bytes.
LARGEST_FILE, LARGEST_TEXT = 16 * 2**20, 2 * 2**20
#: So many characters of a text are shown; whoever wants the rest takes the file.
MOST_SHOWN = 400_000
LONGEST_NAME = 150
#: How long a file is kept that no version refers to: a plan may still want it.
KEPT_FOR = timedelta(days=30)
#: Longest list of a text's different words.
_LONGEST_KEY = 200_000
#: So many lines a text says of itself at most, and so many characters in each.
_LONGEST_MATTER, _LONGEST_VALUE = 40, 500

_MEDIA_OF: Mapping[str, str] = {
    ".md": "markdown", ".markdown": "markdown", ".txt": "text", ".text": "text",
}  # fmt: skip
_MARKS = {b"\xff\xfe\x00\x00": "utf-32", b"\x00\x00\xfe\xff": "utf-32",
          b"\xff\xfe": "utf-16", b"\xfe\xff": "utf-16", b"\xef\xbb\xbf": "utf-8-sig"}  # fmt: skip
#: Controls that no text has; in files of another kind there are many.
_BINARY = re.compile(r"[\x00-\x08\x0e-\x1a\x1c-\x1f]")
_FEW = 10
#: What some systems do not take in a name, and what names a folder.
_NOT_IN_NAMES = re.compile(r'[/\\:*?"<>|]')


@dataclass(frozen=True, slots=True)
class Upload:
    """A file as somebody gives it: its name, without folders, and its bytes."""

    file_name: str
    contents: bytes

    def __repr__(self) -> str:
        return f"<Upload of {len(self.contents)} bytes>"


@dataclass(frozen=True, slots=True)
class CheckedFile:
    """A file that may be kept: `media` as in `models.reading_room.MEDIA`, `text` where read."""

    file_name: str
    media: str
    digest: str
    contents: bytes
    text: str = ""

    def __repr__(self) -> str:
        return f"<CheckedFile of {len(self.contents)} bytes>"


def checked(upload: Upload) -> CheckedFile:
    """Return a file that may be kept; raises `RoomRefused` for one that may not, and why."""
    name = file_name(upload.file_name)
    if not upload.contents:
        raise _refused(say("The file is empty."))
    if len(upload.contents) > LARGEST_FILE:
        raise _refused(too_large(LARGEST_FILE))
    media = media_of(name)
    text = ""
    if media != "file":
        if len(upload.contents) > LARGEST_TEXT:
            raise _refused(too_large(LARGEST_TEXT))
        text = _text_of(upload.contents)
        if not text.strip():
            raise _refused(say("There is no text in this file."))
    digest = hashlib.sha256(upload.contents).hexdigest()
    return CheckedFile(name, media, digest, upload.contents, text)


def too_large(limit: int) -> Wording:
    """Return what is told of a file of more bytes than `limit`."""
    return say("The file is too large: at most %(limit)s MB.", limit=limit // 2**20)


def file_name(name: str) -> str:
    """Return the name of a file as it is kept; raises `RoomRefused` for one that is none."""
    kept = name.strip()
    wrong = (
        not kept
        or kept.startswith(".")
        or len(kept) > LONGEST_NAME
        or not is_clean(kept)
        or _NOT_IN_NAMES.search(kept) is not None
    )
    if wrong:
        raise RoomRefused(
            say("“%(name)s” cannot be the name of a file here.", name=clean(name, 60)), "file"
        )
    return kept


def media_of(name: str) -> str:
    """Return how a file of that name is read, as in `models.reading_room.MEDIA`."""
    return _MEDIA_OF.get(PurePosixPath(name).suffix.lower(), "file")


def _refused(sentence: Wording) -> RoomRefused:
    return RoomRefused(sentence, "file")


def _text_of(contents: bytes) -> str:
    text = decoded(contents)
    if text is None:
        raise _refused(say("By its name this is a text, by its contents it is not."))
    return text


def decoded(contents: bytes) -> str | None:
    """Return the text of a file, None where it is none; not yet safe to show."""
    mark = next((mark for mark in _MARKS if contents.startswith(mark)), None)
    try:
        text = contents.decode(_MARKS[mark] if mark else "utf-8")
    except UnicodeDecodeError:
        if mark is not None:
            return None
        text = contents.decode("cp1252", "replace")
    sample = text[:65_536]
    # Some texts end their pages with a form feed or have colours in them: few such signs.
    strange = len(_BINARY.findall(sample))
    return None if "\0" in sample or strange > max(_FEW, len(sample) // 100) else text


def shown(contents: bytes, media: str) -> tuple[str, bool]:
    """Return a text safe to show, at most `MOST_SHOWN` characters, and whether that is not all.

    What stands before a marked-up text about itself is left out (`front_matter`).
    """
    text = decoded(contents) or ""
    if media == "markdown":
        _said, text = front_matter(text)
    safe = safe_lines(text[: MOST_SHOWN + 1])
    return safe[:MOST_SHOWN], len(text) > MOST_SHOWN


def front_matter(text: str) -> tuple[dict[str, str], str]:
    """Return what a text says of itself between two lines `---` at its top, and the text itself.

    Names are in the normal form of `name_key`, values safe and on one line. A text without
    both lines says nothing of itself.
    """
    lines = text.lstrip("\ufeff").split("\n", _LONGEST_MATTER + 1)
    if lines[0].strip() != "---":
        return {}, text
    for end, line in enumerate(lines[1 : _LONGEST_MATTER + 1], 1):
        if line.strip() in ("---", "..."):
            pairs = (each.partition(":") for each in lines[1:end])
            said = {name_key(name): _value(value) for name, _colon, value in pairs if _value(value)}
            return said, "\n".join(lines[end + 1 :]).lstrip("\r\n")
    return {}, text


def _value(text: str) -> str:
    value = squeeze(clean(text, _LONGEST_VALUE))
    quoted = len(value) > 1 and value[0] == value[-1] and value[0] in "\"'"
    return value[1:-1] if quoted else value


# --- keeping ------------------------------------------------------------------------------


def keep(session: ActorSession, file: CheckedFile) -> int:
    """Keep a file, once for each contents, and return its id. For who manages the room."""
    return keep_all(session, [file])[file.digest]


def keep_all(session: ActorSession, files: Sequence[CheckedFile]) -> dict[str, int]:
    """Keep some hundred files at most, and return their ids by their digests.

    For who manages the room, else `OutOfScope`.
    """
    require_manager(session)
    by_digest = {file.digest: file for file in files}
    known = col(DocumentFile.digest).in_(by_digest)
    # One that waits for nothing any more would be cleaned away tonight.
    old = col(DocumentFile.stored_at) < session.at - KEPT_FOR / 2
    change(session, DocumentFile, known & old, stored_at=session.at)
    asked = select(DocumentFile.digest, DocumentFile.id).where(known)  # type: ignore[call-overload]
    found = {row.digest: row.id for row in session.execute(asked)}
    made = [_row(file, session.at) for digest, file in by_digest.items() if digest not in found]
    session.add_all(made)
    session.flush()
    for row in made:
        assert row.id is not None
        found[row.digest] = row.id
        # The bytes need not stay in memory until the session ends.
        session.expunge(row)
    return found


def _row(file: CheckedFile, at: datetime) -> DocumentFile:
    return DocumentFile(
        digest=file.digest,
        size=len(file.contents),
        stored_at=at,
        text_key=text_key(file.text, _LONGEST_KEY),
        contents=file.contents,
    )


def forget_unused(session: ActorSession, limit: int) -> int:
    """Remove files that no version refers to and that have waited long enough; return how many.

    At most `limit` at once. For the nightly update.
    """
    used = exists(
        select(col(DocumentVersion.id)).where(col(DocumentVersion.file_id) == DocumentFile.id)
    )
    waiting = (
        select(col(DocumentFile.id))
        .where(col(DocumentFile.stored_at) < session.at - KEPT_FOR, ~used)
        .limit(limit)
    )
    gone = session.execute(
        delete(DocumentFile).where(col(DocumentFile.id).in_(waiting)),
        execution_options={"synchronize_session": False},
    )
    return int(gone.rowcount)  # type: ignore[attr-defined]
