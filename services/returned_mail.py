"""Taking in the mails that came back, each written down before it is filed away."""

from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import BinaryIO

from models.keys import Key
from services import outbox
from services.desk import Desk
from services.mail.bounces import BounceKind, BounceReport, file_away, read_bounces, read_maildir


@dataclass(slots=True)
class ReturnedMail:
    """How many mails were read, came back now, were known to have, and are none of ours."""

    read: int = 0
    bounced: int = 0
    known: int = 0
    ignored: int = 0


def take_in(desk: Desk, source: Path | BinaryIO, key: Key) -> ReturnedMail:
    """Write down every bounce in a Maildir, or the one in a file or stream.

    A mail of a Maildir is marked as seen once it is written down, so that whoever is killed
    between the two finds it again, and it is counted once all the same. Raises OSError
    where the source cannot be read.
    """
    found = ReturnedMail()
    for path, report in _reports(source, key):
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
    if isinstance(source, Path) and source.is_dir():
        yield from read_maildir(source, key)
    else:
        yield from ((None, report) for report in read_bounces(source, key))


def _words(report: BounceReport) -> str:
    return " ".join(part for part in (report.status, report.words) if part)
