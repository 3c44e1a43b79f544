"""Plans: every action on many rows, as it was computed, shown, applied and undone."""

from datetime import datetime
from typing import Any, ClassVar

from sqlalchemy import JSON, Index
from sqlmodel import Field

from models.base import Instant, Table, partial_index


class Plan(Table, table=True):
    """A set of changes that is shown before it is applied in one transaction.

    `school_id` is empty where the plan touches several schools. `first_ids` says, for each
    table, the identifier given to the first row that was made, so that undoing finds them.
    """

    __tablename__ = "plan"
    __table_args__: Any = (
        partial_index("plan", "applied_at"),
        {"sqlite_autoincrement": True},
    )

    id: int | None = Field(default=None, primary_key=True)
    kind: str = Field(index=True)
    title: Any = Field(sa_type=JSON)
    school_id: int | None = Field(default=None, foreign_key="school.id", index=True)
    actor: str
    created_at: datetime = Field(sa_type=Instant)
    applied_at: datetime | None = Field(default=None, sa_type=Instant)
    undone_at: datetime | None = Field(default=None, sa_type=Instant)
    request: Any = Field(default=None, sa_type=JSON)
    summary: Any = Field(default=None, sa_type=JSON)
    columns: Any = Field(default=None, sa_type=JSON)
    first_ids: Any = Field(default=None, sa_type=JSON)
    refused: bool = False
    confirm_number: str = ""


class PlanItem(Table, table=True):
    """One line of a plan: what is told, about whom, and the changes behind it."""

    __tablename__ = "plan_item"
    __table_args__: Any = (
        Index("ix_plan_item_plan_id_level", "plan_id", "level", "position"),
        partial_index("plan_item", "person_id"),
        {"sqlite_with_rowid": False},
    )
    journaled: ClassVar[bool] = False

    plan_id: int = Field(foreign_key="plan.id", primary_key=True)
    position: int = Field(primary_key=True)
    level: str
    action: str
    label: str
    text: str
    file: str = ""
    line: int = 0
    column: str = ""
    person_id: int | None = None
    school_id: int | None = None
    changes: str = ""
    left_out: bool = False
