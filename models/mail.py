"""The outbox: a mail is a row, written with the reason for it (DESIGN §2.5)."""

from datetime import datetime
from typing import Any, ClassVar

from sqlalchemy import JSON
from sqlmodel import Field

from models.base import Instant, Table, conditional_index, partial_index

#: What tells in `Mail.values` which letter about a workshop it is, and the one that invites.
LETTER_KIND, INVITES = "kind", "invited"
#: What asks in `Mail.values` for a file of text, and says where answers to the mail go.
TEXT_FILE, REPLY_TO = "text_file", "reply_to"
#: The template of the mail that brings a head's password.
HEADNET_PASSWORD = "headnet_password"


class Mail(Table, table=True):
    """One mail to one person: what it is for, and what became of it.

    Open while `closed_at` is empty. `uncertain_at` is set when the server took the message
    and gave no answer. `held_at` when our own side is at fault. `reply` holds the server's
    last words, `reason` ours (a wording as JSON) where no server spoke. Not journaled: its
    columns are themselves the record of what happened.
    """

    __tablename__ = "mail"
    __table_args__: Any = (
        conditional_index("ix_mail_due", "next_attempt_at", "id", where="closed_at IS NULL"),
        conditional_index("ix_mail_claimed", "claimed_by", where="claimed_by IS NOT NULL"),
        *(
            partial_index("mail", column)
            for column in (
                "bounced_at",
                "refused_at",
                "uncertain_at",
                "account_id",
                "workshop_id",
                "headship_id",
            )
        ),
        {"sqlite_autoincrement": True},
    )
    journaled: ClassVar[bool] = False

    id: int | None = Field(default=None, primary_key=True)
    school_id: int | None = Field(default=None, foreign_key="school.id", index=True)
    person_id: int | None = Field(default=None, foreign_key="person.id", index=True)
    access_id: int | None = Field(default=None, foreign_key="access.id", index=True)
    account_id: int | None = Field(default=None, foreign_key="account.id")
    workshop_id: int | None = Field(default=None, foreign_key="workshop.id")
    headship_id: int | None = Field(default=None, foreign_key="headship.id")
    template: str
    language: str
    generation: int = 1
    recipient: str
    values: Any = Field(default=None, sa_type=JSON, nullable=True)
    queued_at: datetime = Field(sa_type=Instant)
    expires_at: datetime = Field(sa_type=Instant)
    next_attempt_at: datetime = Field(sa_type=Instant)
    attempts: int = 0
    claimed_by: str | None = None
    lease_until: datetime | None = Field(default=None, sa_type=Instant)
    sent_at: datetime | None = Field(default=None, sa_type=Instant)
    uncertain_at: datetime | None = Field(default=None, sa_type=Instant)
    refused_at: datetime | None = Field(default=None, sa_type=Instant)
    bounced_at: datetime | None = Field(default=None, sa_type=Instant)
    held_at: datetime | None = Field(default=None, sa_type=Instant)
    cancelled_at: datetime | None = Field(default=None, sa_type=Instant)
    closed_at: datetime | None = Field(default=None, sa_type=Instant)
    reply: str = ""
    reason: Any = Field(default=None, sa_type=JSON, nullable=True)
