"""Importing a staff file: read, planned, stored and applied, beside a script that just inserts.

The floor reads the same file with `csv` and writes rows of the same columns with
`executemany` into bare tables, without index, key or check, in one transaction. It gives
back no plan, finds nobody again and can't be undone.
"""

import csv
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from operator import itemgetter
from pathlib import Path
from typing import Any

from sqlalchemy import Engine

from benchmarks.databases import NAMES, NOW, Databases
from benchmarks.measuring import NO_GOAL, Figure, Goal, Line, NotMeasured, Race, timed
from benchmarks.people import FIRST_FASE, HEADER, schools_for, write_staff_file
from models import bulk
from models.database import SYSTEM
from services import plans
from services.desk import Desk
from services.imports.planning import ImportRequest, plan_roster
from services.imports.staff import read_staff

NAME = "import"
TITLE = "Import of a staff file"
SIZES = (1_000, 10_000, 100_000)
QUICK = (200, 2_000)
#: DESIGN §8: an import of 100,000 rows.
GOAL, GOAL_SIZE = Goal(ratio_most=4), 100_000

_TABLES = ("person", "person_key", "post", "access")


def measure(databases: Databases, sizes: Sequence[int], rounds: int) -> Iterator[Line]:
    """Yield a figure for each engine and size, and one for the same file a second time."""
    for kind in databases.kinds:
        _warm_up(databases, kind)
        for size in sizes:
            yield from _measure(databases, kind, size, 1 if size > 50_000 else rounds)
    if databases.refusal:
        yield NotMeasured(NAMES["postgresql"], databases.refusal)


def _warm_up(databases: Databases, kind: str) -> None:
    """Pay once for what a process pays once: modules, mappings, prepared statements."""
    file = write_staff_file(databases.folder / "staff-few.csv", 10)
    with databases.fresh(kind) as engine:
        _make_schools(engine, schools_for(10))
        import_file(engine, file, 10)
    file.unlink()


def _measure(databases: Databases, kind: str, size: int, rounds: int) -> Iterator[Line]:
    file = write_staff_file(databases.folder / f"staff-{size}.csv", size)
    times, again = Race(), Race()
    # The floor on both sides of the subject: one of the two may have had the worse moment.
    times.floor.append(timed_floor(databases, kind, file))
    for _round in range(rounds):
        with databases.fresh(kind) as engine:
            _make_schools(engine, schools_for(size))
            times.subject.append(timed(lambda: import_file(engine, file, size)))
            again.subject.append(timed(lambda: import_file(engine, file, 0)))
        times.floor.append(timed_floor(databases, kind, file))
    file.unlink()
    name = NAMES[kind]
    yield Figure(
        f"{name}: a new file",
        times.wall,
        "s",
        size,
        times.floor_wall,
        times.cpu_ratio if kind == "sqlite" else None,
        GOAL if size >= GOAL_SIZE else NO_GOAL,
    )
    again.floor = times.floor
    yield Figure(f"{name}: the same file again", again.wall, "s", size, times.floor_wall)


def import_file(engine: Engine, file: Path, expected: int) -> None:
    """Do what a person does with a file who looks at the plan and applies it whole."""
    desk = Desk(engine, SYSTEM, lambda: NOW)
    roster = read_staff(file)
    request = ImportRequest("proeco", "staff", NOW.date(), source_name="ProEco")
    draft = desk.read(plan_roster, roster, request)
    plan_id = desk.write(plans.store, draft)
    done = desk.write(plans.apply, plan_id, draft.confirm_number)
    made = done.created.get("person", 0)
    if made != expected:
        raise AssertionError(f"{made} people came in and not {expected}")


def _make_schools(engine: Engine, count: int) -> None:
    columns = (
        "name", "name_key", "kind", "fase_number", "calendar_id", "time_zone", "language",
        "enterprise_number", "network", "street", "postal_code", "locality", "contact_name",
        "contact_email", "contact_phone",
    )  # fmt: skip
    rows = [
        (f"École {i}", f"ecole {i}", "school", FIRST_FASE + i, 1, "Europe/Brussels", "fr")
        + ("",) * 8
        for i in range(count)
    ]
    with engine.execution_options(writes=True).begin() as connection:
        bulk.insert_rows(connection, "school", columns, rows)


# --- the floor ----------------------------------------------------------------------------


def timed_floor(databases: Databases, kind: str, file: Path) -> Any:
    """Return what reading and inserting takes; the connection is open and the tables are made."""
    with _bare_tables(databases, kind) as (cursor, mark, commit):

        def work() -> None:
            with file.open(newline="", encoding="utf-8") as opened:
                rows = csv.reader(opened, delimiter=";")
                next(rows)
                known = [[*row, number, *_ALIKE.values()] for number, row in enumerate(rows, 1)]
            for table in _TABLES:
                places = ", ".join([mark] * len(bulk.table_named(table).columns))
                values = map(_picked(table), known)
                cursor.executemany(f"INSERT INTO bare_{table} VALUES ({places})", values)
            commit()

        return timed(work)


#: What stands in every row of a table; the rest is in the file, or the row's number.
_ALIKE: dict[str, Any] = {
    "none": None,
    "empty": "",
    "one": 1,
    "no": 0,
    "yes": 1,
    "moment": "2026-09-01 08:00:00.000000",
}
_FROM_FILE = {
    "surname": "Nom", "surname_key": "Nom", "first_name": "Prénom", "first_name_key": "Prénom",
    "birth_date": "Date de naissance", "staff_number": "Matricule", "sex": "Sexe",
    "personal_email": "E-mail privé", "personal_email_key": "E-mail privé",
    "school_email": "E-mail école", "school_email_key": "E-mail école", "function": "Fonction",
    "function_key": "Fonction", "start_date": "Date entrée", "school_id": "N° FASE",
    "key": "Identifiant", "search_key": "E-mail privé",
}  # fmt: skip


def _picked(table: str) -> Callable[[Sequence[Any]], tuple[Any, ...]]:
    """Return what makes a row of a bare table of a line of the file."""
    places = [*HEADER, "number", *_ALIKE]

    def place(column: Any) -> int:
        if column.name in _FROM_FILE:
            return places.index(_FROM_FILE[column.name])
        if column.name in ("id", "person_id", "post_id"):
            return places.index("number")
        kind = str(column.type.python_type.__name__)
        if column.nullable:
            return places.index("none")
        alike = {"int": "one", "bool": "no", "datetime": "moment"}.get(kind, "empty")
        return places.index(alike)

    return itemgetter(*(place(column) for column in bulk.table_named(table).columns))


@contextmanager
def _bare_tables(databases: Databases, kind: str) -> Iterator[tuple[Any, str, Callable[[], Any]]]:
    """Yield a cursor in a transaction, the sign of a parameter, and what commits."""
    # The program's own engine, for its own settings of the connection.
    with databases.empty(kind) as engine:
        connection: Any = engine.raw_connection()
        try:
            cursor = connection.cursor()
            for table in _TABLES:
                columns = bulk.table_named(table).columns
                names = ", ".join(f'"{c.name}" {_bare_type(c)}' for c in columns)
                cursor.execute(f"CREATE TABLE bare_{table} ({names})")
            if kind == "sqlite":
                cursor.execute("BEGIN IMMEDIATE")
                yield cursor, "?", lambda: cursor.execute("COMMIT")
            else:
                connection.commit()
                yield cursor, "%s", connection.commit
            cursor.close()
        finally:
            connection.close()


def _bare_type(column: Any) -> str:
    """Text, but for the numbers: a bare table checks nothing."""
    from_file = column.name in _FROM_FILE
    numbers = not from_file and column.type.python_type in (int, bool)
    return "bigint" if numbers else "text"
