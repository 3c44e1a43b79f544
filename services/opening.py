"""Opening the database for use: made where there is none, brought up to date where it is ours."""

from datetime import datetime

from sqlalchemy import Engine, inspect, select, text
from sqlmodel import col

from models.access import Service
from models.database import SYSTEM, change, make_engine, reading, writing
from models.errors import TrousseauError
from models.language import N_, say
from models.upgrades import MIGRATIONS, fill_catalogues, upgrade
from services.desk import told_in_words


class UpgradeNeeded(TrousseauError):
    """The tables are not those of this version of the program."""

    heading = N_("The database is of another version")


def open_database(
    url: str, *, embedded: bool, at: datetime, token_days: int | None = None
) -> Engine:
    """Return an engine on a database that is ready for use.

    `token_days`, where it is given, becomes the life of the tokens that are sent from now
    on, in every service that gives tokens. An empty database gets its tables and catalogues,
    whoever owns it; one of an earlier version is upgraded if it is `embedded`, the program's
    own file (DESIGN §4). Raises `UpgradeNeeded`, or `DatabaseRefused` where the database
    can't be used safely.
    """
    engine = make_engine(url)
    try:
        with told_in_words():
            _make_ready(engine, embedded, at)
            if token_days is not None:
                _set_life_of_tokens(engine, token_days, at)
    except BaseException:
        engine.dispose()
        raise
    return engine


def _make_ready(engine: Engine, embedded: bool, at: datetime) -> None:
    found, newest = version(engine), newest_version()
    if found is None or (embedded and found < newest):
        upgrade_database(engine, at)
    elif found < newest:
        raise UpgradeNeeded(
            say(
                "The database is of an earlier version. Make a backup, then run: "
                "trousseau db upgrade"
            )
        )
    elif found > newest:
        raise UpgradeNeeded(
            say("A later version of Trousseau has worked on this database. Use that one.")
        )


def _set_life_of_tokens(engine: Engine, days: int, at: datetime) -> None:
    other = (col(Service.credential) == "token") & (col(Service.token_days) != days)
    with reading(engine, SYSTEM, at) as session:
        if session.scalar(select(col(Service.id)).where(other).limit(1)) is None:
            return
    with writing(engine, SYSTEM, at) as session:
        change(session, Service, other, token_days=days)


def upgrade_database(engine: Engine, at: datetime) -> None:
    """Bring the tables up to date and fill the catalogues that are empty."""
    upgrade(engine)
    fill_catalogues(engine, at)


def version(engine: Engine) -> str | None:
    """Return the version of the tables, None where there are none yet."""
    with engine.connect() as connection:
        if not inspect(connection).has_table("alembic_version"):
            return None
        found = connection.execute(text("SELECT version_num FROM alembic_version")).scalar()
        return str(found) if found is not None else None


def newest_version() -> str:
    """Return the version of this program's tables.

    Read off the names of the migrations, for importing Alembic takes 0.3 s and a start of
    the program has better things to do (measured on 21 November 2026).
    """
    names = (path.name for path in (MIGRATIONS / "versions").glob("[0-9]*_*.py"))
    return max(name.partition("_")[0] for name in names)
