"""Questions that are asked again and again: compiled once, executed by the driver.

What SQLAlchemy does for each execution of a statement (its key, the search for its SQL, a row
object for each row) takes longer than the database does for a page of a list (measured: 0.4 ms
beside 0.1 ms for a director, whose limits are part of the key). A question that a service
keeps is compiled once for each actor and kind of database instead.
"""

from collections import namedtuple
from collections.abc import Callable, Mapping, Sequence
from functools import lru_cache
from typing import Any

from sqlalchemy import Dialect, Select

from models.database import ActorSession, let_through

_Processor = Callable[[Any], Any] | None


def fetch(session: ActorSession, question: Select[Any], values: Mapping[str, Any]) -> list[Any]:
    """Return the rows of a select that is kept by whoever asks: the same object each time.

    Rows are named tuples of the columns selected, never of whole tables. `values` are those
    of its named parameters; expanding ones take a sequence. Raises `OutOfScope` for what
    can't be limited to the schools of the session's actor.
    """
    if session.writes:
        session.flush()
    limited = let_through(session, question)
    connection = session.connection()
    prepared = _prepared(limited, connection.dialect, _sizes(values))
    result = connection.exec_driver_sql(prepared.sql, prepared.parameters(values))
    return prepared.rows(result.all())


def fetch_value(session: ActorSession, question: Select[Any], values: Mapping[str, Any]) -> Any:
    """Return the first column of the first row, None where there is none."""
    rows = fetch(session, question, values)
    return rows[0][0] if rows else None


_Sizes = tuple[tuple[str, int], ...]


def _sizes(values: Mapping[str, Any]) -> _Sizes:
    """Return how many parameters each sequence takes."""
    return tuple(
        [(name, _size(value)) for name, value in values.items() if isinstance(value, list | tuple)]
    )


def _size(sequence: Sequence[Any]) -> int:
    """Return a length of which there are few, or each would have SQL of its own."""
    length = len(sequence)
    return -(-length // 8) * 8 if length <= 64 else 1 << (length - 1).bit_length()


class _Prepared:
    """The SQL of one statement, where its parameters come from, and how its rows are read."""

    def __init__(self, statement: Select[Any], dialect: Dialect, sizes: _Sizes) -> None:
        compiled: Any = statement.compile(dialect=dialect)
        needed = {name for name, bound in compiled.binds.items() if bound.required}
        asked = {**dict.fromkeys(needed), **{name: [None] * size for name, size in sizes}}
        state = compiled.construct_expanded_state(asked)
        self.sql: str = state.statement
        self._positional = compiled.positional
        self._constants = dict(state.parameters)
        self._named: list[tuple[str, _Processor]] = []
        self._members: list[tuple[str, str, int, _Processor]] = []
        expanded = {
            member: (name, place)
            for name, members in state.parameter_expansion.items()
            for place, member in enumerate(members)
        }
        for name, value in state.parameters.items():
            source, place = expanded.get(name, (name, None))
            kind = compiled.binds[source].type
            processor = kind.dialect_impl(dialect).bind_processor(dialect)
            if source not in needed:
                self._constants[name] = processor(value) if processor else value
            elif place is None:
                self._named.append((name, processor))
            else:
                self._members.append((name, source, place, processor))
        self._order: tuple[str, ...] = tuple(state.positiontup or ())
        self._read_as, self._readers = _reading(statement, dialect)

    def parameters(self, values: Mapping[str, Any]) -> Any:
        """Return what the driver is given: a tuple or a dictionary."""
        found = self._constants.copy()
        for name, processor in self._named:
            value = values[name]
            found[name] = value if processor is None else processor(value)
        for name, source, place, processor in self._members:
            members = values[source]
            value = members[place] if place < len(members) else members[-1]
            found[name] = value if processor is None else processor(value)
        return tuple([found[name] for name in self._order]) if self._positional else found

    def rows(self, raw: Sequence[Any]) -> list[Any]:
        """Return rows as the driver gave them as rows of Python's own types."""
        if not raw or not self._readers:
            return list(raw)
        columns: list[Any] = list(zip(*raw, strict=True))
        for place, read in self._readers:
            # No type of ours makes anything else of an empty value.
            columns[place] = [None if v is None else read(v) for v in columns[place]]
        return list(map(self._read_as, zip(*columns, strict=True)))


_prepared = lru_cache(maxsize=512)(_Prepared)


def _reading(
    statement: Select[Any], dialect: Dialect
) -> tuple[Callable[[Any], Any], list[tuple[int, Any]]]:
    """Return what makes a row, and how the values of which columns are read."""
    columns = statement.selected_columns
    named: Any = namedtuple("Row", columns.keys(), rename=True)  # type: ignore[misc]
    readers = [
        (place, read)
        for place, column in enumerate(columns)
        if (read := column.type.dialect_impl(dialect).result_processor(dialect, None))
    ]
    return named._make, readers
