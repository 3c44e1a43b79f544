"""Invitations: one row for each generation of a person's one-use token."""

from datetime import datetime
from typing import Any

from sqlalchemy import Index
from sqlmodel import Field

from models.base import Instant, Table, conditional_index

#: The purpose in a token's HMAC, so that no token serves for something else.
TOKEN_PURPOSE = "invitation"
#: The template of a mail that brings the token of an invitation back to mind.
REMINDER = "reminder"


class Invitation(Table, table=True):
    """An invitation of one generation, with the time of each fact.

    What became of its mail stands in the mail's row. The token itself is in no table: it is
    a function of the key file, `TOKEN_PURPOSE`, the access and the generation.
    """

    __tablename__ = "invitation"
    __table_args__: Any = (
        Index("uq_invitation_access_id_generation", "access_id", "generation", unique=True),
        conditional_index(
            "uq_invitation_latest", "access_id", where="replaced_at IS NULL", unique=True
        ),
        {"sqlite_autoincrement": True},
    )

    id: int | None = Field(default=None, primary_key=True)
    access_id: int = Field(foreign_key="access.id")
    school_id: int = Field(foreign_key="school.id", index=True)
    mail_id: int | None = Field(default=None, foreign_key="mail.id", index=True)
    generation: int
    queued_at: datetime = Field(sa_type=Instant)
    valid_until: datetime = Field(sa_type=Instant)
    used_at: datetime | None = Field(default=None, sa_type=Instant)
    reminded_at: datetime | None = Field(default=None, sa_type=Instant)
    replaced_at: datetime | None = Field(default=None, sa_type=Instant)
    cancelled_at: datetime | None = Field(default=None, sa_type=Instant)
