"""Everything that a session of the program may use, loaded in one go.

For a process that starts sessions of others and so has the time beforehand. A program that
is started by itself loads what is asked for, when it is.
"""

import pkgutil
from importlib import import_module

#: Ours that are not for a session: the migrations belong to Alembic, and a `__main__` acts.
_NOT_OURS = ("models.migrations",)
#: What our modules load when they need it, and so would be loaded once in each session.
LIBRARIES = (
    "argon2",
    "babel.numbers",
    "cryptography.hazmat.primitives.ciphers.aead",
    "email_validator",
    "flufl.bounce",
    "holidays",
    "icalendar",
    "idna",
    "markdown_it",
    "openpyxl",
    "psycopg",
    "pysqlite3.dbapi2",
    "rapidfuzz.distance",
    "rapidfuzz.process",
    "sqlalchemy.dialects.postgresql.psycopg",
    "sqlalchemy.dialects.sqlite.pysqlite",
    "textual.drivers.linux_driver",
    "typer",
)


def load_everything() -> None:
    """Import our four packages with all that they use, and let SQLAlchemy put itself together.

    Takes about two seconds. Opens no file, no database and no connection.
    """
    for package in ("models", "services", "screens", "tui"):
        _load(package)
    for library in LIBRARIES:
        import_module(library)
    from sqlalchemy.orm import configure_mappers

    configure_mappers()


def _load(package: str) -> None:
    path = import_module(package).__path__
    for module in pkgutil.iter_modules(path, f"{package}."):
        if module.name in _NOT_OURS or module.name.endswith("__main__"):
            continue
        import_module(module.name)
        if module.ispkg:
            _load(module.name)
