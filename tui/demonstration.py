"""`trousseau demo`: the console over throw-away sample schools, signed in."""

import fcntl
import os
import shutil
import tempfile
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING

from models.language import current_language, say

if TYPE_CHECKING:
    from tui.door import Door, Entered

_PREFIX = "trousseau-demo-"
_LOCK = "in-use"
#: Where messages to the helpdesk would go: that of `services.demo_calls`; a test compares.
_HELPDESK = "helpdesk@trousseau.example"
#: Those of `services.demo_guests`, repeated, for that module loads the data layer; a test compares.
ROLES = ("helpdesk", "director", "coordinator", "head", "parent")
DEFAULT_ROLE = "director"


def role_in(options: Sequence[str]) -> str | None:
    """Return the role that the options of the command ask for.

    None where they do not hold that alone: then it is for the command line to say why.
    """
    match options:
        case []:
            return DEFAULT_ROLE
        case ["--role", role] if role in ROLES:
            return role
    return None


def demonstrate(role: str) -> int:
    """Run the console for somebody in a role of `ROLES`, and return the exit status."""
    from tui import demo_template
    from tui.cli.office import now
    from tui.environment import require_terminal
    from tui.light import load_textual

    require_terminal()
    remove_stale(Path(tempfile.gettempdir()))
    with throw_away_home() as home:
        kept = demo_template.template(now())
        builder = None if demo_template.copy(kept, home) else _build_aside(kept)
        load_textual()
        from tui.console import open_directly

        return open_directly(
            lambda door: _let_in(door, builder, role),
            say("The sample schools are being prepared…"),
        )


@contextmanager
def throw_away_home() -> Iterator[Path]:
    """Give the program a home of its own that is removed at the end, and forget all settings.

    The home is held by a lock while this process lives, so that another demonstration can
    tell one that was left behind by a process that was killed.
    """
    home = Path(tempfile.mkdtemp(prefix=_PREFIX))
    handle = os.open(home / _LOCK, os.O_CREAT | os.O_RDWR | os.O_CLOEXEC, 0o600)
    fcntl.flock(handle, fcntl.LOCK_EX)
    kept = ("TROUSSEAU_LANGUAGE", "TROUSSEAU_STYLE", "TROUSSEAU_DRIVER")
    for name in [n for n in os.environ if n.startswith("TROUSSEAU_") and n not in kept]:
        del os.environ[name]
    os.environ["TROUSSEAU_HOME"] = str(home)
    os.environ["TROUSSEAU_SUPPORT_ADDRESS"] = _HELPDESK
    try:
        yield home
    finally:
        shutil.rmtree(home, ignore_errors=True)
        os.close(handle)


def remove_stale(folder: Path) -> None:
    """Remove the homes of demonstrations that ended without doing so."""
    for home in folder.glob(f"{_PREFIX}*"):
        try:
            if home.is_symlink() or home.stat().st_uid != os.getuid():
                continue
            handle = os.open(home / _LOCK, os.O_RDWR | os.O_NOFOLLOW | os.O_CLOEXEC)
        except OSError:
            continue
        try:
            fcntl.flock(handle, fcntl.LOCK_EX | fcntl.LOCK_NB)
            shutil.rmtree(home, ignore_errors=True)
        except BlockingIOError:
            pass  # somebody is looking at it
        finally:
            os.close(handle)


def _build_aside(kept: Path) -> int:
    """Build the schools in a process of its own while this one paints; return its id."""
    builder = os.fork()
    if builder:
        return builder
    try:
        status = 1
        _build(kept)
        status = 0
    finally:
        os._exit(status)


def _build(kept: Path) -> None:
    from models.keys import load_key
    from services import demo as schools
    from services.opening import open_database
    from tui import demo_template
    from tui.cli.office import now
    from tui.settings import load_settings

    settings = load_settings()
    settings.folders.create()
    at = now()
    engine = open_database(settings.database(), embedded=True, at=at)
    schools.build(engine, load_key(settings.folders.key_file), at)
    engine.dispose()  # the last connection takes all into the one file
    demo_template.keep(Path(os.environ["TROUSSEAU_HOME"]), kept)


def _let_in(door: "Door", builder: int | None, role: str) -> "Entered":
    if builder is not None and os.waitpid(builder, 0)[1]:
        raise RuntimeError("the sample schools were not built")
    from models.database import SYSTEM
    from services import demo_guests
    from services.desk import Desk
    from tui.cli.office import now

    _settings, engine = door.open()
    who = Desk(engine, SYSTEM, now).read(demo_guests.somebody, role, current_language())
    return door.show(who)
