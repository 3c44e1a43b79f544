"""Sessions of the console on real terminals, opened, brought somewhere, and cut.

And what could be left of them: processes, locks, leases, files.
"""

import base64
import contextlib
import os
import select
import signal
import struct
import sys
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from datetime import UTC, datetime
from pathlib import Path
from random import Random
from typing import Any

from sqlalchemy import Engine
from sqlalchemy import select as sql_select
from sqlmodel import col

from models.accounts import Draft
from models.database import SYSTEM, reading
from models.keys import load_key
from models.mail import Mail
from models.nightly import NightlyRun
from services import account_keys, accounts, demo, outbox, plans
from services.accounts import DOOR
from services.desk import Desk
from services.invitations import plan_invitations
from services.opening import open_database
from services.passwords import Hasher
from tests.terminal import PROGRAM
from tests.tui.serve.running import CALLER, Line, Serving, is_alive, until

DIRECTOR, PASSWORD = "anne.essai@courriel.example", "quatre tortues lisent Kant"
#: How somebody comes in, and where they are when it ends.
WAYS = ("local", "ssh", "parent", "demo")
PLACES = ("beginning", "dashboard", "help", "list", "draft", "plan", "sending")
#: How it ends: the terminal goes, or a signal comes to the process that is ours.
ENDS = ("hang-up", "HUP", "TERM", "KILL")
#: With a parent, also to the one that waits for it.
ENDS_OF_TWO = (*ENDS, "caller HUP", "caller TERM", "caller KILL")
_LONGEST_BEGINNING = 1.2
_PARTS = (b"ssh-ed25519", b"\x05" * 32)


@dataclass
class Installation:
    """A home with the sample schools and a director who has a password and a key.

    `serving` holds the settings file, and the parent where one runs.
    """

    folder: Path
    engine: Engine
    serving: Serving
    school_id: int
    year_id: int
    ended: list[str] = field(default_factory=list)
    #: The processes of sessions that could end cleanly.
    clean: set[int] = field(default_factory=set)

    @property
    def home(self) -> Path:
        return self.folder / "home"

    @property
    def temporary(self) -> Path:
        return self.folder / "tmp"

    def environment(self, way: str) -> dict[str, str]:
        own = {"HOME": str(self.folder), "TMPDIR": str(self.temporary), "PATH": os.defpath}
        if way in ("local", "demo"):
            settings = self.serving.settings.read_text().splitlines()
            return own | dict(line.split("=", 1) for line in settings)
        told = {**own, **self.serving.environment, "SSH_USER_AUTH": str(self.folder / "auth")}
        return told if way == "parent" else {**told, "TROUSSEAU_SOCKET": ""}

    def open(self, way: str) -> Line:
        programs = {"local": [str(PROGRAM)], "demo": [str(PROGRAM), "demo"]}
        first, *rest = programs.get(way, [sys.executable, "-I", "-S", str(CALLER)])
        return Line(rest, program=Path(first), environment=self.environment(way))


def installation(folder: Path, serving: Serving, mail: str, url: str = "") -> Installation:
    """Make an installation in a folder, on SQLite there or at `url`, with its mail server.

    It sends three mails a second, so that somebody is in the middle of it for some time.
    """
    now, home = datetime.now(UTC), folder / "home"
    for name in ("config", "data", "state"):
        (home / name).mkdir(mode=0o700, parents=True)
    (folder / "tmp").mkdir()
    told: dict[str, Any] = {"SESSIONS_A_PERSON": 4_000, "SESSIONS": 4_000}
    told["MAIL_URL"], told["MAIL_FROM"] = f"{mail}?rate=3", "comptes@courriel.example"
    if url:
        told["DATABASE_URL"] = url
    serving.set(**told)
    url = url or f"sqlite:///{home / 'data' / 'trousseau.db'}"
    engine = open_database(url, embedded=True, at=now)
    built = demo.build(engine, load_key(home / "config" / "key"), now)
    hashed = Hasher(home / "state").hash(PASSWORD)
    Desk(engine, SYSTEM, lambda: now).write(
        accounts.add_account, DIRECTOR, "director", [built.school_id],
        password_hash=hashed, name="Anne Essai",
    )  # fmt: skip
    _give_key(Desk(engine, DOOR, lambda: now), folder)
    return Installation(folder, engine, serving, built.school_id, built.school_year_id)


def _give_key(desk: Desk, folder: Path) -> None:
    key = b"".join(struct.pack(">I", len(part)) + part for part in _PARTS)
    line = "ssh-ed25519 " + base64.b64encode(key).decode()
    desk.write(account_keys.add_key, desk.read(account_keys.account_named, DIRECTOR), line)
    auth = folder / "auth"
    auth.write_text(f"publickey {line}\n")
    auth.chmod(0o600)


# --- one session --------------------------------------------------------------------------


@dataclass
class Visit:
    """One session, by a way, to a place, to an end; `chance` chooses the moment of the end."""

    where: Installation
    way: str
    place: str
    end: str
    chance: Random

    @property
    def words(self) -> str:
        return f"{self.way}, {self.place}, {self.end}"

    def go(self) -> None:
        """Open it, bring it to its place, and cut it there."""
        known = set(self._children())
        with self.where.open(self.way) as line:
            self._read(line, self.chance.uniform(0.0, _LONGEST_BEGINNING) * self._is_beginning)
            if not self._is_beginning:
                self._come_in(line)
                getattr(self, f"_to_{self.place}")(line)
            ours = [process for process in self._children() if process not in known]
            self._cut(line, ours[0] if ours else line.process)
        self.where.ended.append(self.words)

    @property
    def _is_beginning(self) -> bool:
        return self.place == "beginning"

    def _children(self) -> list[int]:
        return self.where.serving.children() if self.way == "parent" else []

    def _cut(self, line: Line, session: int) -> None:
        if "KILL" not in self.end and not self._is_beginning:
            self.where.clean.add(session)
        if self.end == "hang-up":
            line.cut()
            return
        whom, _, name = self.end.rpartition(" ")
        with contextlib.suppress(ProcessLookupError):
            os.kill(line.process if whom else session, signal.Signals[f"SIG{name}"])
        line.wait_for_end()

    def _read(self, line: Line, seconds: float) -> None:
        """Read for so long what comes, as a terminal does."""
        end = time.monotonic() + seconds
        while (left := end - time.monotonic()) > 0:
            if select.select([line._line], [], [], left)[0]:
                try:
                    line._stream.feed(os.read(line._line, 65_536))
                except OSError:
                    return

    # To the places

    def _come_in(self, line: Line) -> None:
        if self.way == "local":
            line.wait_for("F8")
            line.type(f"{DIRECTOR}\r{PASSWORD}\r")
        line.wait_for("Tableau de bord", "Institut")

    def _to_dashboard(self, line: Line) -> None:
        self._read(line, self.chance.uniform(0.0, 0.2))

    def _leave_for(self, line: Line, letter: str) -> None:
        line.type("g")
        line.wait_for("Aller à", f" {letter}  ")
        line.type(letter)

    def _to_help(self, line: Line) -> None:
        line.type("?")
        line.wait_for("Échap ferme")

    def _to_list(self, line: Line) -> None:
        self._leave_for(line, "a")
        line.wait_for("Gestion des accès", "sur 3")
        line.type("\x1b[B" * self.chance.randint(0, 9))
        self._read(line, self.chance.uniform(0.0, 0.2))

    def _to_draft(self, line: Line) -> None:
        """Type the reference of a form that came back, until it is kept."""
        self._leave_for(line, "c")
        line.wait_for("Autorisations", "sur 3")
        line.type("r")
        line.wait_for("Les formulaires encodés")
        typed = f"{self.chance.randrange(10**6):06}"
        self._read(line, 0.3)  # the draft that an earlier session left has come by then
        line.type("\x15")
        self._read(line, 0.1)
        line.type(typed)
        line.wait_for(typed)
        if self.way != "demo":
            until(lambda: any(typed in d.contents for d in drafts(self.where)), "a draft")

    def _to_plan(self, line: Line) -> None:
        self._to_list(line)
        line.type("\x1b[19~")
        line.wait_for("À appliquer")

    def _to_sending(self, line: Line) -> None:
        """Send what waits, three mails a second; where nothing does somebody is invited again."""
        if self.way != "demo":
            queue_mails(self.where)
        self._leave_for(line, "i")
        line.wait_for("Invitations et e-mails", "en attente", "1–")
        line.type("\x1b[17~")
        self._read(line, self.chance.uniform(0.0, 1.0))


def queue_mails(where: Installation) -> None:
    """Invite again everybody who has not come in, unless some mails wait still."""
    desk = Desk(where.engine, SYSTEM, lambda: datetime.now(UTC))
    with reading(where.engine, SYSTEM, datetime.now(UTC)) as session:
        waiting = sql_select(col(Mail.id)).where(col(Mail.closed_at).is_(None))
        if len(session.scalars(waiting).all()) > 3:
            return
    plan = desk.write(plan_invitations, where.school_id, where.year_id, again=True)
    desk.write(plans.apply, plan)


def visits(where: Installation, way: str, count: int, seed: str) -> Iterator[Visit]:
    """Yield sessions by a way, chosen from a seed; each place and each end comes in turn."""
    chance = Random(f"{seed} {way}")
    ends = ENDS_OF_TWO if way == "parent" else ENDS
    # Both run one program, without a parent: between them two of each are cut in each way.
    first = 2 * (way == "ssh") if way in ("local", "ssh") else chance.randrange(len(ends))
    from_place = chance.randrange(len(PLACES))
    for number in range(count):
        place = PLACES[(from_place + number) % len(PLACES)]
        end = ends[(first + number) % len(ends)]
        yield Visit(where, way, place, end, Random(f"{seed} {way} {number}"))


# --- what is left -------------------------------------------------------------------------


def processes(folder: Path) -> list[str]:
    """Return the processes, apart from this one, that were started for a folder."""
    found = []
    for entry in Path("/proc").glob("[0-9]*"):
        number = int(entry.name)
        with contextlib.suppress(OSError):
            told = (entry / "environ").read_bytes() + (entry / "cmdline").read_bytes()
            if str(folder).encode() in told and number != os.getpid() and is_alive(number):
                found.append(f"{number} {(entry / 'cmdline').read_text()!r}")
    return found


def locks(folder: Path) -> list[str]:
    """Return the files below a folder that somebody else has locked."""
    told = [line.split() for line in Path("/proc/locks").read_text().splitlines()]
    held = {words[-3] for words in told if words[-4] != str(os.getpid())}
    return [
        str(path.relative_to(folder))
        for path in folder.rglob("*")
        if path.is_file() and _number(path) in held
    ]


def _number(path: Path) -> str:
    """Return a file as /proc/locks names it."""
    found = path.stat()
    return f"{os.major(found.st_dev):02x}:{os.minor(found.st_dev):02x}:{found.st_ino}"


def leases(where: Installation) -> list[str]:
    """Return who holds a mail or a night that somebody else would have to wait for."""
    now = datetime.now(UTC)
    with reading(where.engine, SYSTEM, now) as session:
        open_mails = sql_select(col(Mail.claimed_by)).where(
            col(Mail.closed_at).is_(None), col(Mail.lease_until) > now
        )
        nights = sql_select(col(NightlyRun.worker)).where(
            col(NightlyRun.finished_at).is_(None), col(NightlyRun.lease_until) > now
        )
        holders = [*session.scalars(open_mails), *session.scalars(nights)]
    return sorted({h for h in holders if h and not _is_free(where, h)})


def _is_free(where: Installation, holder: str) -> bool:
    """A lease of a killed process is no lease; a process that could clean up leaves none."""
    return outbox.is_gone(holder) and int(holder.split("|")[1]) not in where.clean


def drafts(where: Installation) -> list[Draft]:
    with reading(where.engine, SYSTEM, datetime.now(UTC)) as session:
        found = list(session.scalars(sql_select(Draft)))
        session.expunge_all()
        return found


#: Endings of files that are there for a moment only.
_HALF = (".part", ".tmp", ".new", "-journal")


def rubbish(where: Installation) -> list[str]:
    """Return the files and folders that somebody would have to tidy up, each home as one."""
    found = [str(path) for path in where.temporary.glob("*")]
    found += [str(path) for path in where.home.rglob("*") if path.name.endswith(_HALF)]
    found += [str(path) for path in where.home.glob("data/mails/tmp/*")]
    return found


def gone_within(seconds: float, left: Callable[[], list[str]]) -> list[str]:
    """Wait until nothing is left, so long at most; return what then is."""
    end = time.monotonic() + seconds
    while (found := left()) and time.monotonic() < end:
        select.select([], [], [], 0.05)
    return found
