"""Looking after the installation: verify, back up and restore the data, and the doctor.

A backup holds everything but the key of the tokens, which is a file of its own and belongs
in another place. PostgreSQL has tools of its own for backups, and is left to them.
"""

import os
import stat
from collections.abc import Callable, Iterator, Mapping
from contextlib import closing, contextmanager
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from typing import TYPE_CHECKING, Any, Literal

from sqlalchemy import Engine, func, select, text
from sqlalchemy.exc import SQLAlchemyError

from models import journal
from models.accounts import Account
from models.database import SYSTEM, DatabaseRefused, gate, make_engine, reading
from models.errors import TrousseauError, reason_of
from models.keys import load_key
from models.language import N_, Wording, say, say_n
from models.nightly import Schedule
from models.upgrades import is_current, upgrade
from services import nightly, outbox
from services.mail.url import MailSettings

if TYPE_CHECKING:
    from services.bigbluebutton import MeetingServer

State = Literal["good", "warning", "wrong"]


class BackupRefused(TrousseauError):
    """The backup cannot be made, or is not one."""

    heading = N_("This backup cannot be used")


@dataclass(frozen=True, slots=True)
class Check:
    """One thing looked at: how it stands, in a sentence, and what to do if it is not well."""

    name: str
    state: State
    found: Wording
    remedy: Wording | None = None


def is_well(checks: list[Check]) -> bool:
    """Tell whether nothing is wrong; warnings are no harm."""
    return all(check.state != "wrong" for check in checks)


# --- verifying --------------------------------------------------------------------------


def verify(engine: Engine, at: datetime) -> list[Check]:
    """Look the whole database through: pages, references, migrations, the journal's chain.

    Reads everything once, which takes some seconds for each gigabyte.
    """
    checks = []
    if engine.dialect.name == "sqlite":
        checks.append(_pages(engine))
        if checks[0].state == "wrong":
            return checks  # whatever else is read from it says nothing
        checks.append(_references(engine))
    checks.append(_migrations(engine))
    if checks[-1].state == "good":
        checks.append(_chain(engine, at))
    return checks


def _pages(engine: Engine) -> Check:
    try:
        with engine.connect() as connection:
            said = connection.execute(text("PRAGMA integrity_check(10)")).scalars().all()
    except SQLAlchemyError:  # so damaged that it cannot even be opened
        said = []
    if list(said) == ["ok"]:
        return Check("pages", "good", say("The file is whole."))
    return Check("pages", "wrong", say("The file is damaged."), _RESTORE)


def _references(engine: Engine) -> Check:
    with engine.connect() as connection:
        lost = len(connection.execute(text("PRAGMA foreign_key_check")).all())
    if not lost:
        return Check("references", "good", say("Every reference leads somewhere."))
    return Check(
        "references",
        "wrong",
        say_n(
            "%(count)s row refers to something that is gone.",
            "%(count)s rows refer to something that is gone.",
            lost,
        ),
        _RESTORE,
    )


_RESTORE = say(
    "Bring back the latest backup that is whole: trousseau db verify tells, "
    "trousseau db restore FILE does it. The present file is kept aside."
)


def _migrations(engine: Engine) -> Check:
    if is_current(engine):
        return Check("migrations", "good", say("The tables are those of this version."))
    return Check(
        "migrations",
        "wrong",
        say("The tables are those of another version of the program."),
        say("Make a backup, then run: trousseau db upgrade"),
    )


def _chain(engine: Engine, at: datetime) -> Check:
    with reading(engine, SYSTEM, at) as session:
        broken = journal.first_broken_line(session)
    if broken is None:
        return Check("journal", "good", say("The journal is complete and unchanged."))
    return Check(
        "journal",
        "wrong",
        say("Line %(line)s of the journal, or one before it, was changed.", line=broken),
        say("Somebody has worked on the database past this program. Find out who and why."),
    )


# --- backup and restore -----------------------------------------------------------------


def backup(engine: Engine, target: Path) -> int:
    """Copy the database into a new file that nobody else may read; return its size in bytes.

    Others may go on working meanwhile. The file appears whole or not at all. Raises
    `BackupRefused` on PostgreSQL, where the file exists, or where it cannot be written.
    """
    _refuse_server(engine, "pg_dump")
    if target.exists():
        raise BackupRefused(say("%(file)s exists already. Choose another name.", file=str(target)))
    draft = target.with_name(f".{target.name}.{os.getpid()}")
    try:
        os.close(os.open(draft, os.O_CREAT | os.O_EXCL | os.O_WRONLY, 0o600))
        _copy_into(engine, draft)
        os.link(draft, target)  # fails where somebody else has just taken the name
        return target.stat().st_size
    except OSError as error:
        raise _unusable(target, error) from error
    finally:
        draft.unlink(missing_ok=True)


def _copy_into(engine: Engine, file: Path) -> None:
    with _raw(engine) as source, closing(_module(engine).connect(str(file))) as copy:
        source.backup(copy)
        # One file, not three: a backup is carried about.
        copy.execute("PRAGMA journal_mode=DELETE")
    with file.open("rb") as written:
        os.fsync(written.fileno())


def restore(engine: Engine, file: Path, at: datetime) -> Path:
    """Replace the contents of the database by those of a backup.

    The backup is verified first; what was there before is kept aside, in the file that is
    returned. It is one transaction: others see the old data or the new, and a killed
    process leaves the old. Raises `BackupRefused` where the file is no whole backup.
    """
    _refuse_server(engine, "pg_restore")
    _refuse_unless_whole(file, at)
    place = Path(str(engine.url.database))
    aside = place.with_name(f"{place.name}.before-{at:%Y%m%d-%H%M%S}")
    _keep_aside(engine, place, aside)
    with gate(engine), closing(_open_backup(engine, file)) as source, _raw(engine) as live:
        source.backup(live)
    engine.dispose()  # a connection may still hold what it knew of the former tables
    upgrade(engine)
    return aside


def _keep_aside(engine: Engine, place: Path, aside: Path) -> None:
    """Copy the present database, or where it can no longer be read, move it away."""
    try:
        backup(engine, aside)
    except (SQLAlchemyError, _module(engine).Error):
        engine.dispose()
        for ending in ("", "-wal", "-shm"):
            if (part := Path(f"{place}{ending}")).exists():
                part.rename(f"{aside}{ending}")
        os.close(os.open(place, os.O_CREAT | os.O_RDWR, 0o600))


def _refuse_unless_whole(file: Path, at: datetime) -> None:
    if not file.is_file():
        raise BackupRefused(say("There is no file %(file)s.", file=str(file)))
    with _copied(file) as copy:
        try:
            engine = make_engine(f"sqlite:///{copy}")
            with engine.connect() as connection:
                connection.execute(text("SELECT version_num FROM alembic_version")).scalar_one()
            wrong = [check for check in verify(engine, at) if check.state == "wrong"]
            engine.dispose()
        except SQLAlchemyError as error:
            raise BackupRefused(
                say("%(file)s is not a backup of Trousseau.", file=str(file))
            ) from error
    if wrong := [check for check in wrong if check.name != "migrations"]:
        raise BackupRefused(
            say("%(file)s is not whole: %(reason)s", file=str(file), reason=wrong[0].found)
        )


@contextmanager
def _copied(file: Path) -> Iterator[Path]:
    """Yield a copy to look into: opening a database may change it, and it may be read-only."""
    import shutil
    import tempfile

    with tempfile.TemporaryDirectory(prefix="trousseau-") as folder:
        copy = Path(folder) / "backup.db"
        try:
            shutil.copyfile(file, copy)
        except OSError as error:
            raise _unusable(file, error) from error
        copy.chmod(0o600)
        yield copy


def _open_backup(engine: Engine, file: Path) -> Any:
    uri = f"{file.absolute().as_uri()}?mode=ro&immutable=1"
    return _module(engine).connect(uri, uri=True)


def _module(engine: Engine) -> Any:
    return engine.dialect.loaded_dbapi


@contextmanager
def _raw(engine: Engine) -> Iterator[Any]:
    """Yield the driver's own connection, which alone can copy pages."""
    pooled = engine.raw_connection()
    try:
        yield pooled.driver_connection
    finally:
        pooled.close()


def _refuse_server(engine: Engine, tool: str) -> None:
    if engine.dialect.name != "sqlite":
        raise BackupRefused(
            say(
                "The data are on a PostgreSQL server. Use its own tool there: %(tool)s",
                tool=tool,
            )
        )


def _unusable(file: Path, error: OSError) -> BackupRefused:
    reason = reason_of(error)
    return BackupRefused(say("%(file)s cannot be used: %(reason)s.", file=str(file), reason=reason))


# --- the doctor -------------------------------------------------------------------------


@dataclass(frozen=True)
class Installation:
    """What the doctor looks at. `mail` returns the settings or raises `TrousseauError`, and
    so do `nightly`, which returns when the nightly update is due, and `meetings`, which
    returns the server of the meetings, None where there is none.

    `database_url` may hold a password and is not shown. `streams` says for each of stdin
    and stdout whether it is a terminal.
    """

    folders: Mapping[str, Path]
    key_file: Path
    database_url: str
    mail: Callable[[], MailSettings]
    encoding: str
    streams: Mapping[str, bool]
    terminal: str
    nightly: Callable[[], Schedule] = Schedule
    meetings: Callable[[], "MeetingServer | None"] = lambda: None

    def __repr__(self) -> str:
        return "<Installation>"


def doctor(installation: Installation, at: datetime) -> list[Check]:
    """Return what is configured, what is wrong, and what to do. It changes nothing."""
    checks = [_folder(name, path) for name, path in installation.folders.items()]
    checks.append(_key(installation.key_file))
    checks += _database(installation, at)
    checks.append(_mail(installation.mail))
    checks.append(_meetings(installation.meetings))
    checks.append(_encoding(installation.encoding))
    checks.append(_terminal(installation))
    return checks


def _folder(name: str, path: Path) -> Check:
    if not path.exists():
        return Check(
            name, "warning", say("The folder %(path)s does not exist yet.", path=str(path)),
            say("It is made when the program is first used."),
        )  # fmt: skip
    if stat.S_IMODE(path.stat().st_mode) & 0o077:
        return Check(
            name, "wrong", say("Others may look into the folder %(path)s.", path=str(path)),
            say("Close it: chmod 700 %(path)s", path=str(path)),
        )  # fmt: skip
    if not os.access(path, os.W_OK | os.X_OK):
        return Check(
            name, "wrong", say("The folder %(path)s cannot be written to.", path=str(path)),
            say("Give it to the account that runs the program."),
        )  # fmt: skip
    return Check(name, "good", say("The folder %(path)s is ours alone.", path=str(path)))


def _key(path: Path) -> Check:
    if not path.exists():
        return Check(
            "key",
            "warning",
            say("There is no key file %(path)s yet.", path=str(path)),
            say("It is made with the first invitation. Then copy it to a safe place."),
        )
    try:
        key = load_key(path, create=False)
    except TrousseauError as error:
        return Check("key", "wrong", error.wording)
    return Check(
        "key",
        "good",
        say(
            "The key file %(path)s is readable by nobody else (key %(key)s).",
            path=str(path),
            key=key.fingerprint,
        ),
    )


def _database(installation: Installation, at: datetime) -> list[Check]:
    url = installation.database_url
    if url.startswith("sqlite") and not Path(url.partition("///")[2]).exists():
        return [
            Check(
                "database",
                "warning",
                say("There is no database yet."),
                say("It is made when the program is first used."),
            )
        ]
    try:
        engine = make_engine(url)
        try:
            return [*_contents(engine, at), *_nights(engine, installation, at)]
        finally:
            engine.dispose()
    except DatabaseRefused as error:
        return [Check("database", "wrong", error.wording)]
    except (SQLAlchemyError, ImportError):
        return [
            Check(
                "database",
                "wrong",
                say("The database does not answer."),
                say("Look at TROUSSEAU_DATABASE_URL, and whether the server runs."),
            )
        ]


def _contents(engine: Engine, at: datetime) -> list[Check]:
    with engine.connect() as connection:
        version = ".".join(str(n) for n in engine.dialect.server_version_info or ())
        connection.execute(text("SELECT 1"))
    name = {"sqlite": "SQLite", "postgresql": "PostgreSQL"}[engine.dialect.name]
    answered = say("%(name)s %(version)s answers.", name=name, version=version)
    checks = [Check("database", "good", answered), _migrations(engine)]
    if checks[-1].state == "good":
        checks += [_accounts(engine, at), _waiting_mail(engine, at)]
    return checks


def _accounts(engine: Engine, at: datetime) -> Check:
    with reading(engine, SYSTEM, at) as session:
        count = session.scalar(select(func.count()).select_from(Account)) or 0
    if not count:
        return Check("accounts", "warning", say("Nobody has an account yet."), FIRST_ACCOUNT)
    found = say_n("%(count)s account can sign in.", "%(count)s accounts can sign in.", count)
    return Check("accounts", "good", found)


#: Told wherever somebody stands before an installation without accounts.
FIRST_ACCOUNT = say("Make the first one with: trousseau account add EMAIL --role helpdesk")


def _waiting_mail(engine: Engine, at: datetime) -> Check:
    with reading(engine, SYSTEM, at) as session:
        waiting = outbox.counts(session).remaining
    if not waiting:
        return Check("outbox", "good", say("No mail is waiting."))
    return Check(
        "outbox",
        "warning",
        say_n("%(count)s mail is waiting.", "%(count)s mails are waiting.", waiting),
        say("Send with: trousseau send, or for good: trousseau send --watch"),
    )


def _nights(engine: Engine, installation: Installation, at: datetime) -> list[Check]:
    try:
        schedule = installation.nightly()
    except TrousseauError as error:
        return [Check("nightly", "wrong", error.wording)]
    if not is_current(engine):
        return []
    with reading(engine, SYSTEM, at) as session:
        last, overdue = nightly.last_finished(session), nightly.is_overdue(session, schedule)
    if last is None or last.finished_at is None:
        found = say("The nightly update has never run.")
        return [Check("nightly", "warning", found, _RUN_NIGHTLY)]
    when = last.finished_at.astimezone(schedule.zone)
    if overdue:
        due = schedule.due_at(schedule.night_at(at)).astimezone(schedule.zone)
        found = say(
            "The nightly update ran last on %(when)s, and has been due since %(due)s.",
            when=when,
            due=due,
        )
        return [Check("nightly", "warning", found, _RUN_NIGHTLY)]
    return [Check("nightly", "good", say("The nightly update ran last on %(when)s.", when=when))]


_RUN_NIGHTLY = say(
    "Run it now: trousseau nightly. A timer that runs it every hour does each night once."
)


def _mail(settings: Callable[[], MailSettings]) -> Check:
    try:
        found = settings()
    except TrousseauError as error:
        return Check("mail", "wrong", error.wording)
    if found.maildir is not None:
        return Check(
            "mail",
            "warning",
            say("Mail stays on this machine, in the folder %(path)s.", path=str(found.maildir)),
            say("To send it, set TROUSSEAU_MAIL_URL to smtp://user@host or smtps://user@host."),
        )
    return Check("mail", "good", say("Mail leaves through %(server)s.", server=found.shown))


def _meetings(settings: Callable[[], "MeetingServer | None"]) -> Check:
    """Ask the meeting server itself, which takes as long as its time-out where it is silent."""
    from services.bigbluebutton import prove

    try:
        server = settings()
        if server is None:
            return Check("meetings", "good", say("No meeting server is configured."))
        prove(server)
    except TrousseauError as error:
        return Check("meetings", "wrong", error.wording)
    answered = say("The meeting server %(server)s answers, and knows us.", server=server.shown)
    if server.callback_url:
        return Check("meetings", "good", answered)
    return Check(
        "meetings",
        "warning",
        answered,
        say(
            "It reports to nobody who was there: set TROUSSEAU_BIGBLUEBUTTON_CALLBACK, or take"
            " data.json from the server after each meeting."
        ),
    )


def _encoding(encoding: str) -> Check:
    if encoding.lower().replace("-", "") == "utf8":
        return Check("encoding", "good", say("Letters with accents are written as UTF-8."))
    return Check(
        "encoding",
        "wrong",
        say("Letters are written as %(encoding)s, which lacks some.", encoding=encoding),
        say("Set PYTHONUTF8=1, or a language such as LANG=fr_BE.UTF-8."),
    )


def _terminal(installation: Installation) -> Check:
    if not all(installation.streams.values()):
        return Check(
            "terminal",
            "warning",
            say("There is no terminal here: the console cannot be opened."),
            say("Over SSH, ask for one: ssh -t"),
        )
    if installation.terminal in ("", "dumb", "unknown"):
        return Check(
            "terminal",
            "wrong",
            say("The terminal does not say what it is (TERM)."),
            say("Set TERM, for instance to xterm-256color."),
        )
    return Check("terminal", "good", say("The terminal is %(kind)s.", kind=installation.terminal))
