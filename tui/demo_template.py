"""The sample schools as they were built once, kept in the person's cache and copied each time.

To build them takes as long as five starts. What is kept is of one day, for everything in the
schools happened so many days before today, and of one state of the program's files.
"""

import os
import shutil
import tempfile
import zlib
from collections.abc import Iterator
from datetime import datetime
from pathlib import Path
from zoneinfo import ZoneInfo

import platformdirs

from tui import __version__

#: That of the sample schools, whose day it is; a test compares.
ZONE = "Europe/Brussels"
#: What makes a home of sample schools: the key of their tokens, and the database.
_FILES = (Path("config/key"), Path("data/trousseau.db"))
_ROOT = Path(__file__).parents[1]


def template(at: datetime) -> Path:
    """Return where the schools as they stand on the day of `at` are kept, there or not."""
    day = at.astimezone(ZoneInfo(ZONE)).date()
    folder = platformdirs.user_cache_path("trousseau") / "demo"
    return folder / f"{__version__}-{_state():08x}-{day}"


def copy(kept: Path, home: Path) -> bool:
    """Make `home` one with the schools that are kept; False where there are none."""
    try:
        for file in _FILES:
            target = home / file
            target.parent.mkdir(mode=0o700)
            shutil.copyfile(kept / file.name, target)
            target.chmod(0o600)
    except OSError:
        return False
    return True


def keep(home: Path, kept: Path) -> None:
    """Keep what was built in `home`, whole or not at all, in the stead of what is older.

    Where nothing can be kept nothing is: the next demonstration builds its own.
    """
    try:
        kept.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
        new = Path(tempfile.mkdtemp(prefix=".new-", dir=kept.parent))
        try:
            for file in _FILES:
                shutil.copyfile(home / file, new / file.name)
                (new / file.name).chmod(0o600)
            _remove_older(kept, new)
            new.rename(kept)
        finally:
            shutil.rmtree(new, ignore_errors=True)
    except OSError:
        pass  # another has kept the same meanwhile, or the cache cannot be written


def _remove_older(kept: Path, new: Path) -> None:
    for folder in kept.parent.iterdir():
        if folder not in (kept, new):
            shutil.rmtree(folder, ignore_errors=True)


def _state() -> int:
    """Return a number that is another as soon as a file that makes the schools is changed."""
    state = 0
    for name, changed, size in sorted(_sources()):
        state = zlib.crc32(f"{name} {changed} {size}".encode(), state)
    return state


def _sources() -> Iterator[tuple[str, int, int]]:
    for package in ("models", "models/migrations/versions", "services", "services/imports"):
        with os.scandir(_ROOT / package) as files:
            for file in files:
                if file.name.endswith(".py"):
                    found = file.stat()
                    yield f"{package}/{file.name}", found.st_mtime_ns, found.st_size
