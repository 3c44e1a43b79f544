"""Accounts of the console itself: who may sign in, as what, and for which schools."""

from datetime import datetime
from typing import Any, ClassVar

from sqlalchemy import UniqueConstraint
from sqlmodel import Field

from models.base import Instant, Table

#: Roles of the console, the one with the widest view first (DESIGN §9).
CONSOLE_ROLES = ("helpdesk", "director", "coordinator", "head", "staff", "parent")


class Account(Table, table=True):
    """Somebody who may sign in. The password is an Argon2id hash, and never journaled."""

    __tablename__ = "account"
    scope: ClassVar[str] = "account"

    id: int | None = Field(default=None, primary_key=True)
    email: str
    email_key: str = Field(unique=True)
    role: str
    name: str = ""
    language: str = "fr"
    person_id: int | None = Field(default=None, foreign_key="person.id", index=True)
    password_hash: str | None = Field(
        default=None, repr=False, sa_column_kwargs={"info": {"secret": True}}
    )
    failed_tries: int = 0
    locked_until: datetime | None = Field(default=None, sa_type=Instant)
    created_at: datetime = Field(sa_type=Instant)
    disabled_at: datetime | None = Field(default=None, sa_type=Instant)


class AccountSchool(Table, table=True):
    """A school that an account works for."""

    __tablename__ = "account_school"
    scope: ClassVar[str] = "account_id"

    id: int | None = Field(default=None, primary_key=True)
    account_id: int = Field(foreign_key="account.id", index=True)
    school_id: int = Field(foreign_key="school.id", index=True)


class Draft(Table, table=True):
    """What somebody has typed into a form and not yet sent; a dropped line costs nothing."""

    __tablename__ = "draft"
    __table_args__: Any = (UniqueConstraint("owner", "form"), {"sqlite_autoincrement": True})
    scope: ClassVar[str] = "draft"
    journaled: ClassVar[bool] = False

    id: int | None = Field(default=None, primary_key=True)
    owner: str
    form: str
    contents: str
    saved_at: datetime = Field(sa_type=Instant)
