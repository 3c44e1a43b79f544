"""A folder of documents taken into the reading room: read, planned, applied, undone.

What a file is follows from its place and its name, as in `proces-verbaux/2026-10-03 Bureau.md`,
and from what a marked-up text says of itself between two lines `---` at its top. A file is
known again by its path in the folder; other contents are a new version then, and what is said
of the document stays as it is. What the folder no longer has stays in the room.

The bytes go into the database before the plan does: plans hold none. Those that no version
comes to use are cleaned away later (`document_files.forget_unused`).
"""

import os
import re
import stat
import unicodedata
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, replace
from datetime import date
from pathlib import Path, PurePosixPath
from typing import Any

from sqlalchemy import select
from sqlmodel import col

from models.database import ActorSession
from models.errors import reason_of
from models.language import LANGUAGES, Wording, say
from models.reading_room import Committee, Document, DocumentFile, DocumentVersion
from models.text import clean, is_clean, name_key, squeeze
from services import document_files, plans
from services.desk import Desk
from services.document_files import LARGEST_FILE, CheckedFile, Upload
from services.documents import EARLIEST, KIND_WORDS, LATEST
from services.reading_room_rules import (
    LONGEST_NOTE,
    LONGEST_TITLE,
    RoomRefused,
    require_manager,
    today,
)
from services.workshop_form import day_from

PLAN_KIND = "reading_room_folder"
#: Files that one folder may hold, their bytes in all, and how deep its folders may lie.
MOST_FILES, LARGEST_FOLDER, DEEPEST = 5_000, 512 * 2**20, 8
_LONGEST_PATH = 300
#: Files kept in one transaction: so many, or of so many bytes.
_FILES_AT_ONCE, _BYTES_AT_ONCE = 100, 8 * 2**20
#: Files that systems leave in folders.
_LITTER = frozenset({"thumbs.db", "desktop.ini"})

#: What folders are called, and what a text calls itself, by kind.
_KINDS = {
    "minutes": ("procesverbal", "procesverbaux", "pv", "pvs", "minutes", "compterendu",
                "comptesrendus"),
    "official": ("officiel", "officiels", "officielle", "officielles", "documentofficiel",
                 "documentsofficiels", "official", "officialdocuments", "circulaire",
                 "circulaires"),
}  # fmt: skip
_KIND_OF = {word: kind for kind, words in _KINDS.items() for word in words}
#: What a text may say of itself.
_SAID = {
    "title": ("titre", "title"),
    "date": ("date",),
    "kind": ("type", "kind", "genre"),
    "committee": ("comite", "committee"),
    "language": ("langue", "language", "lang"),
    "note": ("note",),
}
_LANGUAGES = {"francais": "fr", "french": "fr", "anglais": "en", "english": "en"}
_YEAR_FIRST = re.compile(r"(\d{4})[-_. ]?(\d{2})[-_. ]?(\d{2})(?!\d)")
_DAY_FIRST = re.compile(r"(\d{2})[-_. ](\d{2})[-_. ](\d{4})(?!\d)")
_HEADING = re.compile(r"^#\s+(.+?)\s*#*\s*$", re.MULTILINE)

#: Told how many files are done, of how many.
Progress = Callable[[int, int | None], None]


@dataclass(frozen=True, slots=True)
class FolderFile:
    """A file of the folder: `key` is its path in it, with `/`, by which it is known again.

    `path` is how the system names it, which may be another form of the same letters.
    `refused` is why it is not taken. Of one that may be, `said` is what it says of itself,
    `heading` its first one; its bytes are kept under `digest`.
    """

    key: str
    path: str = ""
    refused: Wording | None = None
    file_name: str = ""
    media: str = "file"
    digest: str = ""
    said: tuple[tuple[str, str], ...] = ()
    heading: str = ""


def prepare(desk: Desk, folder: Path, progress: Progress | None = None) -> int:
    """Read a folder, keep its files, and store the plan that publishes them; return its id.

    For who manages the room, else `OutOfScope`. Raises `RoomRefused` for a folder that cannot
    be read or holds too much.
    """
    desk.read(require_manager)
    found = list(_walk(folder))
    read: list[FolderFile] = []
    waiting: list[CheckedFile] = []
    for number, each in enumerate(found, 1):
        file, contents = _read(folder, each)
        read.append(file)
        if contents is not None:
            waiting.append(contents)
        if len(waiting) >= _FILES_AT_ONCE or _size(waiting) > _BYTES_AT_ONCE:
            desk.write(document_files.keep_all, waiting)
            waiting = []
        if progress is not None:
            progress(number, len(found))
    if waiting:
        desk.write(document_files.keep_all, waiting)
    name = clean(folder.resolve().name, LONGEST_TITLE)
    return desk.write(plan_folder, name, read)


def _size(files: list[CheckedFile]) -> int:
    return sum(len(file.contents) for file in files)


# --- the folder ---------------------------------------------------------------------------


def _walk(folder: Path) -> Iterator[FolderFile]:
    """Yield what lies in the folder, in the order of paths, none of it opened yet.

    Nothing that a link leads to is followed; a link is told as refused.
    """
    count, total = 0, 0
    try:
        for path, entry in _entries(folder, PurePosixPath()):
            count += 1
            if count > MOST_FILES:
                raise RoomRefused(say("More than %(count)s files: take fewer.", count=MOST_FILES))
            refused = _no_file(path, entry)
            if refused is None:
                total += entry.stat(follow_symlinks=False).st_size
            if total > LARGEST_FOLDER:
                raise RoomRefused(
                    say("More than %(limit)s MB: take fewer.", limit=LARGEST_FOLDER // 2**20)
                )
            yield FolderFile(_key(path), str(path), refused)
    except OSError as error:
        reason = reason_of(error)
        place = clean(os.fsdecode(error.filename or folder), LONGEST_TITLE)
        raise RoomRefused(say("%(file)s: %(reason)s", file=place, reason=reason)) from None
    if not count:
        raise RoomRefused(say("There is no file in this folder."))


def _entries(
    folder: Path, below: PurePosixPath
) -> Iterator[tuple[PurePosixPath, "os.DirEntry[str]"]]:
    with os.scandir(folder / below) as scan:
        entries = sorted(scan, key=lambda entry: entry.name)
    for entry in entries:
        if entry.name.startswith((".", "~$")) or entry.name.lower() in _LITTER:
            continue
        path = below / entry.name
        if entry.is_dir(follow_symlinks=False) and len(path.parts) <= DEEPEST:
            yield from _entries(folder, path)
        else:
            yield path, entry


def _no_file(path: PurePosixPath, entry: "os.DirEntry[str]") -> Wording | None:
    """Return why an entry is not even opened, None where it may be."""
    if entry.is_symlink():
        return say("A link is not followed: put the file itself there.")
    if entry.is_dir(follow_symlinks=False):
        return say("The folders lie too deep in each other.")
    if not entry.is_file(follow_symlinks=False):
        return say("This is no file.")
    name = str(path)
    if len(name) > _LONGEST_PATH or not is_clean(_key(path)):
        return say("This name cannot be taken: rename the file.")
    if entry.stat(follow_symlinks=False).st_size > LARGEST_FILE:
        return document_files.too_large(LARGEST_FILE)
    return None


def _key(path: PurePosixPath) -> str:
    """Return a path as it is kept: some systems take their accents apart."""
    return unicodedata.normalize("NFC", str(path))


def _read(folder: Path, found: FolderFile) -> tuple[FolderFile, CheckedFile | None]:
    """Return a file with what it says of itself, and its bytes where they may be kept."""
    if found.refused is not None:
        return found, None
    try:
        contents = _contents(folder / found.path)
        name = PurePosixPath(found.key).name
        file = document_files.checked(Upload(name, contents))
    except RoomRefused as error:
        return replace(found, refused=error.wording), None
    except OSError as error:
        reason = reason_of(error)
        return replace(found, refused=say("It cannot be read: %(reason)s.", reason=reason)), None
    said: dict[str, str] = {}
    heading = ""
    if file.media == "markdown":
        said, body = document_files.front_matter(file.text)
        heading = _heading(body)
    known = replace(
        found,
        file_name=file.file_name,
        media=file.media,
        digest=file.digest,
        said=tuple(said.items()),
        heading=heading,
    )
    return known, file


def _contents(path: Path) -> bytes:
    """Return what a file holds, one byte more than allowed at most.

    It may be another thing by now than it was: a link is not followed, a pipe not waited for.
    """
    handle = os.open(path, os.O_RDONLY | os.O_NOFOLLOW | os.O_NONBLOCK | os.O_CLOEXEC)
    with os.fdopen(handle, "rb") as file:
        if not stat.S_ISREG(os.fstat(handle).st_mode):
            raise RoomRefused(say("This is no file."))
        return file.read(LARGEST_FILE + 1)


def _heading(text: str) -> str:
    found = _HEADING.search(text[:4_000])
    return squeeze(clean(found[1], LONGEST_TITLE)) if found else ""


# --- what a file is -----------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class _Meant:
    """What follows from a file's place, its name and what it says; `doubt` is what to look at."""

    kind: str
    title: str
    dated_on: date
    committee_id: int | None
    language: str
    note: str
    doubt: Wording | None


def _meant(file: FolderFile, committees: dict[str, int], day: date) -> _Meant:
    said = {name: _first(dict(file.said), words) for name, words in _SAID.items()}
    path = PurePosixPath(file.key)
    folders = [name_key(part) for part in path.parts[:-1]]
    named, rest = _day_and_rest(path.stem)
    dated = (day_from(said["date"]) if said["date"] else None) or named
    kind = _KIND_OF.get(name_key(said["kind"])) or next(
        (_KIND_OF[part] for part in reversed(folders) if part in _KIND_OF), "official"
    )
    wanted = [name_key(said["committee"])] if said["committee"] else [*reversed(folders)]
    rest_key = name_key(rest)
    committee = next((committees[key] for key in (*wanted, rest_key) if key in committees), None)
    title = said["title"] or (rest if rest_key and rest_key not in committees else "")
    title = title or file.heading or rest or KIND_WORDS[kind].text()
    return _Meant(
        kind,
        clean(title, LONGEST_TITLE),
        dated if dated is not None and EARLIEST <= dated <= LATEST else day,
        committee,
        _language(said["language"]),
        clean(said["note"], LONGEST_NOTE),
        _doubt(said, dated, committees),
    )


def _first(said: dict[str, str], words: Sequence[str]) -> str:
    return next((said[word] for word in words if word in said), "")


def _language(text: str) -> str:
    code = _LANGUAGES.get(name_key(text), text.lower()[:2])
    return code if code in LANGUAGES else LANGUAGES[0]


def _doubt(said: dict[str, str], dated: date | None, committees: dict[str, int]) -> Wording | None:
    if said["committee"] and name_key(said["committee"]) not in committees:
        return say("No committee is called %(name)s.", name=clean(said["committee"], 80))
    if dated is None or not EARLIEST <= dated <= LATEST:
        return say("It bears no date: it gets today’s.")
    return None


def _day_and_rest(stem: str) -> tuple[date | None, str]:
    """Return the day that the name of a file begins with, and what comes behind it."""
    text = squeeze(stem.replace("_", " "))
    for pattern, order in ((_YEAR_FIRST, (1, 2, 3)), (_DAY_FIRST, (3, 2, 1))):
        if found := pattern.match(stem):
            try:
                day = date(*(int(found[place]) for place in order))
            except ValueError:
                break
            return day, squeeze(stem[found.end() :].replace("_", " ").lstrip(" -–—.,"))
    return None, text


# --- the plan -----------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class _Known:
    """A document that came from a folder; `live` is the version that is read, whose contents
    `digest` names, and `number` the highest that there ever was."""

    id: int
    title: str
    withdrawn: bool
    number: int
    live: int
    digest: str


def plan_folder(session: ActorSession, name: str, files: list[FolderFile]) -> int:
    """Store the plan that takes these files over, whose bytes are kept, and return its id.

    For who manages the room, else `OutOfScope`.
    """
    require_manager(session)
    draft = plans.PlanDraft(PLAN_KIND, say("Documents from the folder %(name)s", name=name))
    draft.constants = {
        "document": {"published_at": plans.NOW},
        "document_version": {"published_at": plans.NOW},
    }
    drawing = _Drawing(session, draft, [file for file in files if file.refused is None])
    for file in files:
        drawing.add(file)
    draft.summary = {"files": len(files)}
    return plans.store(session, draft)


class _Drawing:
    """What is known of the room, and the plan that comes of it."""

    def __init__(
        self, session: ActorSession, draft: plans.PlanDraft, files: list[FolderFile]
    ) -> None:
        self.draft = draft
        self.day = today(session)
        self.known = _known(session)
        self.committees = _committees(session)
        self.files = _files(session, {file.digest for file in files})
        self.elsewhere = _live_digests(session)
        self._seen: set[str] = set()

    def add(self, file: FolderFile) -> None:
        refused = file.refused
        if refused is None and file.key in self._seen:
            refused = say("Another file has this name.")
        self._seen.add(file.key)
        if refused is not None:
            self._item("error", "refused", file, refused)
            return
        known = self.known.get(file.key)
        if known is None:
            self._new(file)
        elif known.digest == file.digest:
            self._item("information", "unchanged", file, say("The room has it already."))
        elif known.withdrawn:
            text = say("It has been withdrawn: publish it again first, then import anew.")
            self._item("warning", "withdrawn", file, text)
        else:
            self._version(file, known)

    def _new(self, file: FolderFile) -> None:
        meant = _meant(file, self.committees, self.day)
        document = self.draft.insert(
            "document",
            kind=meant.kind,
            title=meant.title,
            title_key=name_key(meant.title),
            language=meant.language,
            committee_id=meant.committee_id,
            dated_on=meant.dated_on,
            source_key=file.key,
            version=1,
        )
        version = self._made(file, document[2], 1, meant.note)
        text = say(
            "New: %(kind)s of %(day)s, “%(title)s”.",
            kind=KIND_WORDS[meant.kind],
            day=meant.dated_on,
            title=meant.title,
        )
        level, doubt = "information", meant.doubt
        if doubt is None and file.digest in self.elsewhere:
            doubt = say("“%(title)s” has the same contents.", title=self.elsewhere[file.digest])
        if doubt is not None:
            level, text = "warning", say("%(first)s %(second)s", first=text, second=doubt)
        # The same file twice in one folder is worth a word as well.
        self.elsewhere.setdefault(file.digest, meant.title)
        self._item(level, "add", file, text, [document, *version])

    def _version(self, file: FolderFile, known: _Known) -> None:
        meant = _meant(file, self.committees, self.day)
        number = known.number + 1
        changes = [
            plans.guard("document", known.id, withdrawn_at=None),
            plans.update_change("document", known.id, {"version": known.live}, {"version": number}),
            *self._made(file, known.id, number, meant.note),
        ]
        text = say("New version %(number)s of “%(title)s”.", number=number, title=known.title)
        self._item("information", "version", file, text, changes)

    def _made(self, file: FolderFile, document: int, number: int, note: str) -> list[Any]:
        kept = self.files[file.digest]
        version = self.draft.insert(
            "document_version",
            document_id=document,
            number=number,
            file_id=kept,
            file_name=file.file_name,
            media=file.media,
            note=note,
        )
        # Cleaned away meanwhile, the plan is too old.
        return [plans.guard("document_file", kept, digest=file.digest), version]

    def _item(
        self, level: str, action: str, file: FolderFile, text: Wording, changes: Any = ()
    ) -> None:
        label = clean(file.key, LONGEST_TITLE)
        self.draft.items.append(plans.Item(level, action, label, text, list(changes)))


def _known(session: ActorSession) -> dict[str, _Known]:
    rows = session.execute(
        select(  # type: ignore[call-overload]
            Document.source_key, Document.id, Document.title, Document.withdrawn_at,
            Document.version, DocumentVersion.number, DocumentFile.digest,
        )
        .join(DocumentVersion, col(DocumentVersion.document_id) == Document.id)
        .join(DocumentFile, col(DocumentFile.id) == DocumentVersion.file_id)
        .where(col(Document.source_key).is_not(None))
        .order_by(col(DocumentVersion.number))
    )  # fmt: skip
    found: dict[str, _Known] = {}
    for row in rows:
        before = found.get(row.source_key)
        digest = row.digest if row.number == row.version or before is None else before.digest
        found[row.source_key] = _Known(
            row.id, row.title, row.withdrawn_at is not None, row.number, row.version, digest
        )
    return found


def _committees(session: ActorSession) -> dict[str, int]:
    rows = session.execute(
        select(Committee.name_key, Committee.id).where(  # type: ignore[call-overload]
            col(Committee.withdrawn_at).is_(None)
        )
    )
    return {row.name_key: row.id for row in rows}


def _files(session: ActorSession, digests: set[str]) -> dict[str, int]:
    found: dict[str, int] = {}
    wanted = sorted(digests)
    for start in range(0, len(wanted), 500):
        some = col(DocumentFile.digest).in_(wanted[start : start + 500])
        rows = session.execute(
            select(DocumentFile.digest, DocumentFile.id).where(some)  # type: ignore[call-overload]
        )
        found.update({row.digest: row.id for row in rows})
    return found


def _live_digests(session: ActorSession) -> dict[str, str]:
    """Return the titles of the documents that are read, by what their versions hold."""
    rows = session.execute(
        select(DocumentFile.digest, Document.title)  # type: ignore[call-overload]
        .join(DocumentVersion, col(DocumentVersion.file_id) == DocumentFile.id)
        .join(Document, col(Document.id) == DocumentVersion.document_id)
        .where(col(Document.withdrawn_at).is_(None), col(DocumentVersion.withdrawn_at).is_(None))
    )
    return {row.digest: row.title for row in rows}
