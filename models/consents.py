"""Signed consents: "this is my e-mail, and you may pass it on" (DOMAIN §2)."""

from datetime import date, datetime
from typing import Any

from sqlalchemy import Index
from sqlmodel import Field

from models.base import Instant, Table

#: What stands as the field of an address that came from a signed form.
SIGNED_FORM = "consent form"


class Consent(Table, table=True):
    """One signed form: a person agrees that a school passes one address on.

    It holds for that address alone and in that school, until it is withdrawn. `signed_on`
    is the date on the paper, in the school's zone.
    """

    __tablename__ = "consent"
    __table_args__: Any = (
        Index("ix_consent_person_id_school_id", "person_id", "school_id", "email_key"),
        {"sqlite_autoincrement": True},
    )

    id: int | None = Field(default=None, primary_key=True)
    person_id: int = Field(foreign_key="person.id")
    school_id: int = Field(foreign_key="school.id", index=True)
    post_id: int | None = Field(default=None, foreign_key="post.id")
    email: str
    email_key: str
    text_version: int
    signed_on: date
    recorded_at: datetime = Field(sa_type=Instant)
    withdrawn_at: datetime | None = Field(default=None, sa_type=Instant)


class PrintedForm(Table, table=True):
    """A form that was printed for a post: when, in which language, for which address."""

    __tablename__ = "printed_form"

    id: int | None = Field(default=None, primary_key=True)
    post_id: int = Field(foreign_key="post.id", index=True)
    school_id: int = Field(foreign_key="school.id", index=True)
    text_version: int
    language: str
    email: str | None = None
    printed_at: datetime = Field(sa_type=Instant)
