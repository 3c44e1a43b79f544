"""Run by Alembic with the connection that `models.upgrades` hands over."""

from alembic import context
from sqlmodel import SQLModel

import models.database  # noqa: F401 (registers every table)


def run() -> None:
    connection = context.config.attributes["connection"]
    context.configure(
        connection=connection,
        target_metadata=SQLModel.metadata,
        render_as_batch=connection.dialect.name == "sqlite",
        compare_type=True,
        user_module_prefix="models.base.",
    )
    with context.begin_transaction():
        context.run_migrations()


run()
