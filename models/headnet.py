"""IB HeadNet: the head of a school, the recorded address, and the passwords that were mailed.

A headship is the access of HeadNet (DESIGN §3: a password, effective with the nightly update,
not bound to a school year). It has tables of its own, for others may see and change it than
the accesses of a team: the coordinator and the helpdesk, and nobody else (DOMAIN §1).

A password is a function of a key, the headship and its generation, as a token is
(`models.tokens`); no row holds one. Asking for one cancels the former ones at once, and the
new one is accepted from the nightly update on (DOMAIN §3, HeadNet).
"""

from datetime import datetime
from typing import Any

from sqlalchemy import Index, UniqueConstraint
from sqlmodel import Field

from models.base import Instant, Table, conditional_index, partial_index

#: The purpose in a password's HMAC; the row is the headship's (see `models.tokens`).
HEADNET_PURPOSE = "headnet"


class Headship(Table, table=True):
    """That somebody is head of a school, from `since` until `ended_at`; one at a time.

    `last_sign_in_at` is not journaled: the record of the door has every one.
    """

    __tablename__ = "headship"
    __table_args__: Any = (
        conditional_index("uq_headship_live", "school_id", where="ended_at IS NULL", unique=True),
        Index("ix_headship_school_id", "school_id", "id"),
        {"sqlite_autoincrement": True},
    )

    id: int | None = Field(default=None, primary_key=True)
    school_id: int = Field(foreign_key="school.id")
    surname: str
    first_name: str
    surname_key: str
    first_name_key: str
    language: str = "fr"
    since: datetime = Field(sa_type=Instant)
    ended_at: datetime | None = Field(default=None, sa_type=Instant)
    last_sign_in_at: datetime | None = Field(default=None, sa_type=Instant)


class HeadAddress(Table, table=True):
    """An address recorded for a head: it counts from `in_force_at` until `ended_at`.

    A change waits for the nightly update that is due at `takes_effect_at`; a later change
    cancels it (`cancelled_at`) until then. The first address of a headship counts at once.
    """

    __tablename__ = "head_address"
    __table_args__: Any = (
        Index("ix_head_address_headship_id", "headship_id", "id"),
        Index("ix_head_address_email_key", "email_key"),
        conditional_index(
            "ix_head_address_waiting", "takes_effect_at", where="in_force_at IS NULL"
        ),
        {"sqlite_autoincrement": True},
    )

    id: int | None = Field(default=None, primary_key=True)
    headship_id: int = Field(foreign_key="headship.id")
    school_id: int = Field(foreign_key="school.id", index=True)
    email: str
    email_key: str
    recorded_at: datetime = Field(sa_type=Instant)
    recorded_by: str
    takes_effect_at: datetime = Field(sa_type=Instant)
    in_force_at: datetime | None = Field(default=None, sa_type=Instant)
    cancelled_at: datetime | None = Field(default=None, sa_type=Instant)
    ended_at: datetime | None = Field(default=None, sa_type=Instant)


class HeadnetPassword(Table, table=True):
    """One generation of a head's password: asked for, mailed, in force, replaced.

    `takes_effect_at` is when the update is due that brings it into force, and what the screen
    said before; `in_force_at` when an update did. `replaced_at` is when a newer one was asked
    for, from when on this one is refused.
    """

    __tablename__ = "headnet_password"
    __table_args__: Any = (
        UniqueConstraint("headship_id", "generation"),
        conditional_index(
            "ix_headnet_password_waiting", "takes_effect_at", where="in_force_at IS NULL"
        ),
        partial_index("headnet_password", "mail_id"),
        {"sqlite_autoincrement": True},
    )

    id: int | None = Field(default=None, primary_key=True)
    headship_id: int = Field(foreign_key="headship.id")
    school_id: int = Field(foreign_key="school.id", index=True)
    generation: int
    address_id: int = Field(foreign_key="head_address.id")
    mail_id: int | None = Field(default=None, foreign_key="mail.id")
    asked_at: datetime = Field(sa_type=Instant)
    asked_by: str
    takes_effect_at: datetime = Field(sa_type=Instant)
    in_force_at: datetime | None = Field(default=None, sa_type=Instant)
    replaced_at: datetime | None = Field(default=None, sa_type=Instant)
