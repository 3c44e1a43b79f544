"""Files that commands read and write for the person who runs them."""

import os
import sys
from collections.abc import Sequence
from pathlib import Path
from typing import BinaryIO

from models.errors import TrousseauError, reason_of
from models.language import _, say

#: Longest line of words that is read from standard input, in bytes.
LONGEST_LINE = 2_000


class FileRefused(TrousseauError):
    """A file cannot be read or written."""


def write_private(path: Path, content: bytes) -> None:
    """Write a file that nobody else may read, whole or not at all.

    What was there under that name is replaced, as every command does with its output.
    Raises `FileRefused`.
    """
    draft = path.with_name(f".{path.name}.{os.getpid()}")
    try:
        handle = os.open(draft, os.O_CREAT | os.O_EXCL | os.O_WRONLY, 0o600)
        with os.fdopen(handle, "wb") as file:
            file.write(content)
        draft.replace(path)
    except OSError as error:
        draft.unlink(missing_ok=True)
        raise refused(path, error) from None


def read_limited(path: Path, limit: int) -> bytes:
    """Return the contents of a file, or of standard input for `-`, up to `limit` bytes.

    Raises `FileRefused` where it cannot be read or holds more.
    """
    try:
        if str(path) == "-":
            content = standard_input().read(limit + 1)
        else:
            with path.open("rb") as file:
                content = file.read(limit + 1)
    except OSError as error:
        raise refused(path, error) from None
    if len(content) > limit:
        raise FileRefused(
            say("%(file)s is larger than %(limit)s bytes.", file=str(path), limit=limit)
        )
    return content


def words_given(words: Sequence[str]) -> str:
    """Return words as one text; `-` alone stands for the first line of standard input.

    What stands on a command line can be read by everybody on the machine, and a token may be
    among the words. Raises `FileRefused` for a line that is too long or empty.
    """
    if list(words) != ["-"]:
        return " ".join(words)
    if sys.stdin.isatty():
        print(_("Words: "), end="", file=sys.stderr, flush=True)
    line = standard_input().readline(LONGEST_LINE + 1)
    if len(line) > LONGEST_LINE:
        raise FileRefused(
            say("The line is longer than %(limit)s bytes: nothing is searched.", limit=LONGEST_LINE)
        )
    text = line.decode("utf-8", "replace").strip()
    if not text:
        raise FileRefused(say("No words came on standard input: nothing is searched."))
    return text


def standard_input() -> BinaryIO:
    return sys.stdin.buffer


def refused(path: Path, error: OSError) -> FileRefused:
    """Return what to raise for a file that the system refuses."""
    reason = reason_of(error)
    return FileRefused(say("%(file)s: %(reason)s", file=str(path), reason=reason))
