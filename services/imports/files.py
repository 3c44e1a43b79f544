"""Opening what the user names: a file, a folder, a zip archive, or what comes on standard input.

Nothing is ever written to disk, so that no name inside an archive can lead anywhere; sizes
are limited before anything is expanded. Whatever is wrong becomes a notice, never an
exception.
"""

import io
import lzma
import os
import stat
import struct
import zipfile
import zlib
from dataclasses import dataclass
from pathlib import Path, PurePosixPath
from typing import BinaryIO

from models.language import Wording, say
from models.text import clean
from services.imports.notices import Notices
from services.imports.roster import Progress

ARCHIVE_FAULTS = (
    zipfile.BadZipFile,
    zlib.error,
    lzma.LZMAError,
    struct.error,
    EOFError,
    NotImplementedError,
    RuntimeError,
    OSError,
    ValueError,
)
_ARCHIVE_MARK = b"PK\x03\x04"
_DIRECTORY_MARK = b"PK\x01\x02"
_OPEN_DOCUMENT_MARK = b"mimetypeapplication/vnd.oasis.opendocument"
_NAME_SHOWN = 120
_TICK = 1_000


@dataclass(frozen=True, slots=True)
class Limits:
    """What is refused: sizes in bytes, cells in characters.

    A cell over its limit refuses its row, everything else the whole file. `ratio` (how many
    times an archive may grow) counts only above `ratio_from` bytes, for a short list of one
    repeated word is no attack. A workbook may grow less, for its XML is slow to read.
    """

    file_bytes: int = 256 * 2**20
    expanded_bytes: int = 512 * 2**20
    workbook_bytes: int = 128 * 2**20
    ratio: int = 200
    ratio_from: int = 10 * 2**20
    members: int = 2_000
    lines: int = 2_000_000
    columns: int = 500
    cell: int = 10_000


LIMITS = Limits()


class Source:
    """The files that one source is made of, by their base names.

    `archive` tells that they come from a zip archive or a folder. Reading a file that does
    not exist gives None; everything else that goes wrong is in `notices`.
    """

    def __init__(self, name: str, notices: Notices, limits: Limits = LIMITS) -> None:
        self.name = clean(name, _NAME_SHOWN)
        self.notices = notices
        self.limits = limits
        self.archive = False
        self._bytes: dict[str, bytes] = {}
        self._paths: dict[str, Path] = {}
        self._members: dict[str, zipfile.ZipInfo] = {}
        self._zip: zipfile.ZipFile | None = None

    @property
    def files(self) -> list[str]:
        """The base names of the files, in alphabetical order."""
        return sorted({*self._bytes, *self._paths, *self._members})

    def read(self, name: str) -> bytes | None:
        """Return the content of a file, or None where there is none (or it cannot be read)."""
        if name not in self._bytes:
            if name in self._members:
                content = self._read_member(name)
            elif name in self._paths:
                content = _read_path(self._paths[name], self.notices, self.limits)
            else:
                return None
            if content is None:
                return None
            self._bytes[name] = content
        return self._bytes[name]

    def forget(self, name: str) -> None:
        """Let go of a file's content once it has been read for the last time."""
        if name in self._members or name in self._paths:
            self._bytes.pop(name, None)

    def lines(self, names: tuple[str, ...]) -> int | None:
        """Return about how many lines these files have together, None where none is found."""
        return sum((self.read(name) or b"").count(b"\n") for name in names) or None

    def _read_member(self, name: str) -> bytes | None:
        assert self._zip is not None
        info = self._members[name]
        if info.flag_bits & 0x1:
            self.notices.stop(say("This file of the archive is protected by a password."), name)
            return None
        try:
            with self._zip.open(info) as member:
                content = member.read(self.limits.file_bytes + 1)
        except ARCHIVE_FAULTS:
            self.notices.stop(say("This file of the archive is damaged and cannot be read."), name)
            return None
        return content if _fits(content, name, self.notices, self.limits) else None


#: What may be named as a source: a path, the content itself, an open binary stream.
SourceLike = Source | Path | str | bytes | BinaryIO


class Meter:
    """Counts the rows of several files for one progress bar."""

    def __init__(self, progress: Progress | None, total: int | None = None) -> None:
        self._progress = progress
        self._base = 0
        self.total = total
        #: The row of the current file at which to call `at` next.
        self.next = _TICK

    def at(self, rows: int) -> None:
        """Tell that `rows` rows of the current file are read; may raise `Cancelled`."""
        self.next = rows + _TICK
        if self._progress is not None:
            done = self._base + rows
            self._progress(done, max(self.total, done) if self.total else None)

    def file_done(self, rows: int) -> None:
        """Tell that the current file is read and had so many rows; may raise `Cancelled`."""
        self.at(rows)
        self._base += rows
        self.next = _TICK


def open_source(what: SourceLike, *, name: str = "", limits: Limits = LIMITS) -> Source:
    """Return the files of what the user names; what is wrong is in the source's notices.

    `what` is a path (file, folder or zip archive), the content itself, or an open binary
    stream such as standard input. `name` is how content without a path is called.
    """
    if isinstance(what, Source):
        return what
    notices = Notices()
    if isinstance(what, str | Path):
        return _open_path(Path(what).expanduser(), name, notices, limits)
    source = Source(name or "-", notices, limits)
    try:
        content = what if isinstance(what, bytes) else what.read(limits.file_bytes + 1)
    except (OSError, ValueError):
        notices.stop(say("The file cannot be read: check that you may open it."), source.name)
        return source
    if _fits(content, source.name, notices, limits):
        _take_content(source, content, may_be_archive=True)
    return source


def is_archive(content: bytes) -> bool:
    return content.startswith(_ARCHIVE_MARK)


def is_workbook(content: bytes) -> bool:
    """Tell whether this zip archive is an Excel workbook (.xlsx, .xlsm), by its parts."""
    return is_archive(content) and b"xl/workbook" in content and b"[Content_Types].xml" in content


def is_open_document(content: bytes) -> bool:
    """Tell whether this zip archive is an OpenDocument file (.ods, .odt), by its first part."""
    return is_archive(content) and _OPEN_DOCUMENT_MARK in content[:120]


def checked_archive(
    content: bytes, name: str, notices: Notices, limits: Limits
) -> zipfile.ZipFile | None:
    """Return the archive if it is sound and grows within the limits, else None and a notice."""
    # Counted before the directory is parsed, for each entry parsed costs half a kilobyte.
    if content.count(_DIRECTORY_MARK) > 5 * limits.members:
        notices.stop(_too_many_members(limits), name)
        return None
    try:
        archive = zipfile.ZipFile(io.BytesIO(content))
    except ARCHIVE_FAULTS:
        notices.stop(say("The archive is damaged and cannot be opened."), name)
        return None
    fault = _archive_fault(archive, len(content), limits)
    if fault is not None:
        notices.stop(fault, name)
        return None
    return archive


def _archive_fault(archive: zipfile.ZipFile, size: int, limits: Limits) -> Wording | None:
    entries = archive.infolist()
    expanded = sum(entry.file_size for entry in entries)
    if len(entries) > limits.members:
        return _too_many_members(limits)
    if expanded > limits.expanded_bytes:
        return say(
            "The archive would grow to %(size)s MB; the limit is %(limit)s MB.",
            size=expanded >> 20,
            limit=limits.expanded_bytes >> 20,
        )
    if expanded > limits.ratio_from and expanded > limits.ratio * size:
        return say(
            "The archive would grow %(times)s times when opened, which no list of people does.",
            times=expanded // max(size, 1),
        )
    return None


def _too_many_members(limits: Limits) -> Wording:
    return say("The archive holds more than %(limit)s files.", limit=limits.members)


def _open_path(path: Path, name: str, notices: Notices, limits: Limits) -> Source:
    source = Source(name or path.name or str(path), notices, limits)
    try:
        mode = path.stat().st_mode
    except (OSError, ValueError):
        notices.stop(say("There is no file or folder of this name."), source.name)
        return source
    if stat.S_ISDIR(mode):
        _take_folder(source, path)
    elif not stat.S_ISREG(mode):
        notices.stop(say("This is neither a file nor a folder."), source.name)
    else:
        content = _read_path(path, notices, limits)
        if content is not None:
            text_name = path.suffix.lower() in {".csv", ".txt", ".tsv", ".tab"}
            _take_content(source, content, may_be_archive=not text_name)
    return source


def _take_content(source: Source, content: bytes, *, may_be_archive: bool) -> None:
    """Fill the source from one file's content: the file itself, or what the archive holds."""
    document = is_workbook(content) or is_open_document(content)
    if document or not (may_be_archive and is_archive(content)):
        source._bytes[source.name] = content
        return
    source.archive = True
    archive = checked_archive(content, source.name, source.notices, source.limits)
    if archive is not None:
        source._zip = archive
        _take_members(source, archive)


def _take_members(source: Source, archive: zipfile.ZipFile) -> None:
    depths: dict[str, int] = {}
    for entry in archive.infolist():
        path = PurePosixPath(entry.filename.replace("\\", "/"))
        if entry.is_dir() or path.name.startswith(".") or "__MACOSX" in path.parts:
            continue
        base = clean(path.name, _NAME_SHOWN)
        if path.is_absolute() or ".." in path.parts or ":" in entry.filename:
            source.notices.warning(say("Left out: its place is outside the archive."), base)
        elif stat.S_ISLNK(entry.external_attr >> 16):
            source.notices.warning(say("Left out: it is a link to another file."), base)
        elif base in depths and depths[base] == len(path.parts):
            source.notices.stop(say("The archive holds this file twice."), base)
        elif base not in depths or len(path.parts) < depths[base]:
            depths[base] = len(path.parts)
            source._members[base] = entry


def _take_folder(source: Source, folder: Path) -> None:
    source.archive = True
    try:
        entries = sorted(os.scandir(folder), key=lambda entry: entry.name)
        root = folder.resolve(strict=True)
    except OSError:
        source.notices.stop(say("The folder cannot be read."), source.name)
        return
    if len(entries) > source.limits.members:
        source.notices.stop(
            say("The folder holds more than %(limit)s files.", limit=source.limits.members),
            source.name,
        )
        return
    for entry in entries:
        _take_entry(source, entry, root)


def _take_entry(source: Source, entry: "os.DirEntry[str]", root: Path) -> None:
    if entry.name.startswith("."):
        return
    name = clean(entry.name, _NAME_SHOWN)
    try:
        path = Path(entry.path).resolve(strict=True)
        regular = stat.S_ISREG(path.stat().st_mode)
    except (OSError, RuntimeError):
        source.notices.warning(say("Left out: it cannot be read."), name)
        return
    if entry.is_symlink() and not path.is_relative_to(root):
        source.notices.warning(say("Left out: it is a link to another file."), name)
    elif regular:
        source._paths[name] = path


def _read_path(path: Path, notices: Notices, limits: Limits) -> bytes | None:
    name = clean(path.name, _NAME_SHOWN)
    try:
        with path.open("rb") as file:
            content = file.read(limits.file_bytes + 1)
    except OSError:
        notices.stop(say("The file cannot be read: check that you may open it."), name)
        return None
    return content if _fits(content, name, notices, limits) else None


def _fits(content: bytes, name: str, notices: Notices, limits: Limits) -> bool:
    if len(content) <= limits.file_bytes:
        return True
    notices.stop(
        say("The file is larger than %(limit)s MB.", limit=limits.file_bytes >> 20),
        name,
    )
    return False
