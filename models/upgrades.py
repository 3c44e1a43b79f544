"""Bringing a database to the tables of this program, and filling the catalogues it ships."""

from pathlib import Path
from typing import Any

from sqlalchemy import Engine, inspect, select
from sqlmodel import SQLModel, col

from models.access import Service, ServiceRole
from models.base import CONDITION
from models.database import SYSTEM, ActorSession, gate, writing
from models.functions import FUNCTIONS
from models.roles import DEFAULT_ROLES
from models.school_years import shipped_school_years
from models.schools import DEFAULT_CALENDAR, Calendar, SchoolYear

MIGRATIONS = Path(__file__).parent / "migrations"

#: The services of the field (DOMAIN §1, DESIGN §3). A new one is a row, not code.
SERVICES: tuple[dict[str, Any], ...] = (
    {"code": "extranet", "name": "Extranet", "granted_by_post": True},
    {"code": "it_school", "name": "iT.SCHOOL", "consent_needed": False},
    {
        "code": "headnet",
        "name": "IB HeadNet",
        "consent_needed": False,
        "credential": "password",
        "effective": "nightly",
        "bound_to_year": False,
    },
    {"code": "console", "name": "Trousseau", "consent_needed": False, "bound_to_year": False},
)


def _config(connection: Any) -> Any:
    from alembic.config import Config

    config = Config()
    config.set_main_option("script_location", str(MIGRATIONS))
    config.attributes["connection"] = connection
    return config


def upgrade(engine: Engine) -> None:
    """Apply every migration that is missing, then fill the catalogues that are empty."""
    from alembic import command

    with gate(engine), engine.execution_options(writes=True).begin() as connection:
        command.upgrade(_config(connection), "head")


def is_current(engine: Engine) -> bool:
    """Tell whether the database has every migration of this program."""
    from alembic.runtime.migration import MigrationContext
    from alembic.script import ScriptDirectory

    with engine.connect() as connection:
        head = ScriptDirectory(str(MIGRATIONS)).get_current_head()
        return MigrationContext.configure(connection).get_current_revision() == head


#: Rows made at once after which the database is told how its tables look now.
MANY_ROWS = 500


def refresh_statistics(connection: Any) -> None:
    """Tell the database's planner what the tables hold, after many rows have come or gone.

    Without it SQLite takes a school for ten people and reads the whole of it for each page
    of a list (measured with 100,000: 122 ms instead of 2); PostgreSQL would find out itself,
    minutes later. Takes about 25 ms, 300 on PostgreSQL, within the caller's transaction.
    """
    if connection.dialect.name == "sqlite":
        connection.exec_driver_sql("PRAGMA analysis_limit=400")
    connection.exec_driver_sql("ANALYZE")


def differences(engine: Engine) -> list[Any]:
    """Return what Alembic would have to change to make the database match the models."""
    from alembic.autogenerate import compare_metadata
    from alembic.runtime.migration import MigrationContext

    with engine.connect() as connection:
        context = MigrationContext.configure(connection, opts={"compare_type": True})
        return [*compare_metadata(context, SQLModel.metadata), *_other_conditions(engine)]


def _other_conditions(engine: Engine) -> list[Any]:
    """Return the indexes that have another condition than in the models: Alembic looks past it."""
    found = {
        str(index["name"]): index.get("dialect_options", {}).get(f"{engine.dialect.name}_where")
        for indexes in inspect(engine).get_multi_indexes().values()
        for index in indexes
    }
    wanted = {
        str(index.name): index.info.get(CONDITION)
        for table in SQLModel.metadata.tables.values()
        for index in table.indexes
    }
    return [
        ("condition", name, str(where), wanted[name])
        for name, where in found.items()
        if name in wanted and _bare(where) != _bare(wanted[name])
    ]


def _bare(where: object) -> str | None:
    """Return a condition without the brackets that PostgreSQL puts around it."""
    return None if where is None else str(where).strip().removeprefix("(").removesuffix(")")


def fill_catalogues(engine: Engine, at: Any) -> None:
    """Write the shipped school years, services and default roles where there are none yet."""
    with writing(engine, SYSTEM, at) as session:
        if session.scalar(select(col(Calendar.id)).limit(1)) is None:
            _fill_calendar(session)
        if session.scalar(select(col(Service.id)).limit(1)) is None:
            _fill_services(session)


def _fill_calendar(session: ActorSession) -> None:
    calendar = Calendar(code=DEFAULT_CALENDAR, name="Fédération Wallonie-Bruxelles")
    session.add(calendar)
    session.flush()
    assert calendar.id is not None
    for year in shipped_school_years():
        session.add(
            SchoolYear(
                calendar_id=calendar.id,
                label=year.label,
                first_day=year.first_day,
                last_day=year.last_day,
                access_ends=year.access_ends,
                status=year.status,
            )
        )


def _fill_services(session: ActorSession) -> None:
    for policy in SERVICES:
        session.add(Service(**policy))
    session.flush()
    service = session.scalars(select(Service).where(col(Service.code) == "extranet")).one()
    assert service.id is not None
    for function in FUNCTIONS:
        if (role := DEFAULT_ROLES.get(function)) is not None:
            session.add(ServiceRole(service_id=service.id, function=function, role=role))
