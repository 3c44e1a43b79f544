"""Files that the program makes for a person: complete or not there, and theirs alone."""

import os
from pathlib import Path

from models.errors import TrousseauError, reason_of
from models.language import N_, say
from models.text import clean

#: A second file of one name gets a number behind it, up to this one.
_MOST_OF_A_NAME = 999
_SHOWN = 200


class NotWritten(TrousseauError):
    """A file could not be put where it was to go."""

    heading = N_("Nothing was written")


def write_new(content: bytes, folder: Path, name: str, ending: str) -> Path:
    """Write a new file `name.ending` into a folder, which is made where it is missing.

    The file is its owner's alone (0600) and takes no other's place: where the name is taken,
    it gets a number. `name` must be one of ours, safe in a path. Raises `NotWritten`.
    """
    try:
        folder.mkdir(mode=0o700, parents=True, exist_ok=True)
        target = _reserve(folder, name, ending)
        try:
            _fill(target, content)
        except OSError:
            target.unlink(missing_ok=True)
            target.with_suffix(".part").unlink(missing_ok=True)
            raise
        return target
    except OSError as error:
        raise NotWritten(
            say(
                "The file cannot be written to %(folder)s: %(reason)s.",
                folder=clean(str(folder), _SHOWN),
                reason=reason_of(error),
            )
        ) from None


def _fill(target: Path, content: bytes) -> None:
    """Put the content in place of the reserved file, whole or not at all."""
    unfinished = target.with_suffix(".part")
    with os.fdopen(os.open(unfinished, os.O_CREAT | os.O_EXCL | os.O_WRONLY, 0o600), "wb") as file:
        file.write(content)
        file.flush()
        os.fsync(file.fileno())
    unfinished.replace(target)


def _reserve(folder: Path, name: str, ending: str) -> Path:
    """Make an empty file of the first free name, so that nobody else takes it."""
    for number in range(1, _MOST_OF_A_NAME + 1):
        target = folder / (f"{name}.{ending}" if number == 1 else f"{name}-{number}.{ending}")
        try:
            os.close(os.open(target, os.O_CREAT | os.O_EXCL | os.O_WRONLY, 0o600))
            return target
        except FileExistsError:
            continue
    raise NotWritten(
        say(
            "The folder %(folder)s is full of files of this name: clear it.",
            folder=clean(str(folder), _SHOWN),
        )
    )
