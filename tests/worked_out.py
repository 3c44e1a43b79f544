"""What libraries work out anew for each database or console, kept for all those of a process.

*Statements.* Each test has a database of its own and so an engine of its own; and an engine
compiles each statement the first time it gives it, which for a test is the only time. That was a
quarter of the CPU of a test of a service, spent on doing the same again: the program itself has
one engine for as long as it runs. So all engines of a process that speak to the same kind of
database share the dialect (it is part of a statement's key) and what is compiled for it.

*Style sheets.* Each console parses those of every widget that it shows, for some 40 ms.
"""

from typing import Any

from sqlalchemy import Engine, create_engine, event
from textual.css.model import RuleSet
from textual.css.stylesheet import Stylesheet

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


def share_parsed_style_sheets() -> None:
    """Let every console use the rules that one before it has parsed, with the same variables."""
    parse = Stylesheet._parse_rules
    parsed: dict[Any, list[RuleSet]] = {}

    def parse_once(sheet: Stylesheet, *what: Any, **more: Any) -> list[RuleSet]:
        key = (_variables(sheet), what, tuple(more.items()))
        if (rules := parsed.get(key)) is None:
            rules = parsed[key] = parse(sheet, *what, **more)
        return rules

    Stylesheet._parse_rules = parse_once  # type: ignore[method-assign]


def _variables(sheet: Any) -> Any:
    """Return what tells apart the variables of a style sheet, which are replaced as a whole."""
    known, told = sheet.__dict__.get("_told_apart", (None, None))
    if known is not sheet._variables:
        known, told = sheet._told_apart = sheet._variables, frozenset(sheet._variables.items())
    return told
