"""What SQLAlchemy has worked out about a statement, kept for all databases of a process.

Each test has a database of its own and so an engine of its own; and an engine compiles each
statement the first time it gives it, which for a test is the only time. That would be a quarter
of the whole suite's time, spent on doing the same again: the program itself has one engine for
as long as it runs. So all engines of a process that speak to the same kind of database share the
dialect (it is part of a statement's key) and the statements compiled for it.
"""

from typing import Any

from sqlalchemy import Engine, create_engine, event

#: There are more statements in the tests together than in any one process of the program.
_STATEMENTS = 3000

_first: dict[str, Engine] = {}


def share_compiled_statements() -> None:
    """Let every engine that `models.database` makes from now on share with those before it."""
    from models import database

    database.create_engine = _create_engine  # type: ignore[assignment]


def _create_engine(url: Any, **options: Any) -> Engine:
    kind = url.get_backend_name()
    options["query_cache_size"] = _STATEMENTS
    if (first := _first.get(kind)) is None:
        engine = create_engine(url, **options)

        # After SQLAlchemy's own listener, by which the dialect has come to know the server.
        @event.listens_for(engine, "connect", once=True)
        def _connected(*_about: Any) -> None:
            _first.setdefault(kind, engine)

        return engine
    engine = create_engine(url, _initialize=False, **options)
    engine.dialect = engine.pool._dialect = first.dialect
    engine._compiled_cache = first._compiled_cache
    return engine
