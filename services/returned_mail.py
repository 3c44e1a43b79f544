"""Taking in the mails that came back, each written down before it is filed away."""

import mailbox
from collections.abc import Callable, Iterator
from contextlib import closing
from dataclasses import dataclass
from pathlib import Path
from typing import BinaryIO

from models.keys import Key
from services import outbox
from services.desk import Desk
from services.mail.bounces import (
    BounceKind,
    BounceReport,
    file_away,
    read_bounce,
    read_bounces,
    read_maildir,
)


@dataclass(slots=True)
class ReturnedMail:
    """How many mails were read, came back now, were known to have, and are none of ours."""

    read: int = 0
    bounced: int = 0
    known: int = 0
    ignored: int = 0


def take_in(
    desk: Desk,
    source: Path | BinaryIO,
    key: Key,
    each: Callable[[], None] = lambda: None,
) -> ReturnedMail:
    """Write down every bounce in a Maildir, an mbox or a folder of mails, or the one in a
    file or stream.

    A mail of a Maildir is marked as seen once it is written down, so that whoever is killed
    between the two finds it again, and it is counted once all the same. An mbox and a folder
    are left as they are, and what was known counts as known. `each` is called before each
    mail is read, and may raise to end it. Raises OSError where the source cannot be read.
    """
    found = ReturnedMail()
    for path, report in _reports(source, key):
        each()
        found.read += 1
        if report.row_id is None or report.kind is BounceKind.NOT_A_BOUNCE:
            found.ignored += 1
        elif desk.write(
            outbox.record_bounce, report.row_id, report.generation or 0, _words(report)
        ):
            found.bounced += 1
        else:
            found.known += 1
        if path is not None:
            file_away(path)
    return found


def _reports(source: Path | BinaryIO, key: Key) -> Iterator[tuple[Path | None, BounceReport]]:
    if not isinstance(source, Path):
        yield from ((None, report) for report in read_bounces(source, key))
    elif (source / "new").is_dir() or (source / "cur").is_dir():
        yield from read_maildir(source, key)
    elif source.is_dir():
        for file in sorted(path for path in source.iterdir() if path.is_file()):
            yield from ((None, report) for report in read_bounces(file, key))
    elif _is_mbox(source):
        yield from ((None, read_bounce(content, key)) for content in _mbox(source))
    else:
        yield from ((None, report) for report in read_bounces(source, key))


def _is_mbox(file: Path) -> bool:
    with file.open("rb") as opened:
        return opened.read(5) == b"From "


def _mbox(file: Path) -> Iterator[bytes]:
    with closing(mailbox.mbox(file, create=False)) as box:
        for key in box.iterkeys():
            yield box.get_bytes(key)


def _words(report: BounceReport) -> str:
    return " ".join(part for part in (report.status, report.words) if part)
