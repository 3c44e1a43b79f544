"""Which program this is: the parent forks no session of one that has been replaced."""

import os
import sys
from collections.abc import Iterator
from pathlib import Path

#: The folder that the packages lie in.
ROOT = Path(__file__).resolve().parent.parent.parent
_PACKAGES = ("tui", "screens", "services", "models")


def build() -> int:
    """Return a number that changes with the program, its libraries and its interpreter.

    Looks at the time and size of every file of the program, and at the folder in which each
    library has one of its own: 3 ms for 300 files (measured on 22 November 2026).
    """
    return hash(tuple(_seen()))


def _seen() -> Iterator[object]:
    for package in _PACKAGES:
        yield from _files(str(ROOT / package))
    for place in sorted({*sys.path, sys.executable} - {"", str(ROOT)}):
        try:
            found = Path(place).stat()
        except OSError:
            continue
        yield place, found.st_mtime_ns, found.st_ino


def _files(folder: str) -> Iterator[object]:
    for entry in os.scandir(folder):
        if entry.is_dir(follow_symlinks=False):
            if entry.name != "__pycache__":
                yield from _files(entry.path)
        elif not entry.name.startswith("."):
            found = entry.stat()
            yield entry.path, found.st_mtime_ns, found.st_size
