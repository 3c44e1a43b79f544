"""Accounts: who may sign in, with what, as what; and what is asked and tried at the door.

An account is one identity with one password. What it may be chosen for (a school, a role, a
child) is derived: `AccountRole` rows, the person's accesses, the person's children.
"""

from datetime import datetime
from typing import Any, ClassVar

from sqlalchemy import Index, UniqueConstraint
from sqlmodel import Field

from models.base import Instant, Table, conditional_index, partial_index
from models.rights import ROLES

#: Roles of the console, the one with the widest view first (DESIGN §9).
CONSOLE_ROLES = ROLES

#: The purposes in a token's HMAC; the row is the account's (see `models.tokens`).
PASSWORD_PURPOSE = "password"
ADDRESS_PURPOSE = "address"


class Account(Table, table=True):
    """Somebody who may sign in; `email` is the reference address and the user name.

    `address_proved_at` is when a token that was mailed to exactly this address was used; None
    for one that was only typed. What a school knows of a person counts as the account's only
    where it is this address, proved: schools say what they like (`services.invitations`).

    The password is an Argon2id hash, and never journaled. `tries_since` is when the wrong
    tries began that the rightful user has not been told of, `failed_tries` how many they are.
    """

    __tablename__ = "account"
    scope: ClassVar[str] = "account"

    id: int | None = Field(default=None, primary_key=True)
    email: str
    email_key: str = Field(unique=True)
    address_proved_at: datetime | None = Field(default=None, sa_type=Instant)
    name: str = ""
    language: str = "fr"
    person_id: int | None = Field(default=None, foreign_key="person.id", index=True)
    password_hash: str | None = Field(
        default=None, repr=False, sa_column_kwargs={"info": {"secret": True}}
    )
    password_set_at: datetime | None = Field(default=None, sa_type=Instant)
    failed_tries: int = 0
    tries_since: datetime | None = Field(default=None, sa_type=Instant)
    locked_until: datetime | None = Field(default=None, sa_type=Instant)
    created_at: datetime = Field(sa_type=Instant)
    disabled_at: datetime | None = Field(default=None, sa_type=Instant)


class AccountRole(Table, table=True):
    """A role that was given to an account, for one school; the helpdesk's is for all."""

    __tablename__ = "account_role"
    __table_args__: Any = (
        Index("ix_account_role_account_id", "account_id"),
        {"sqlite_autoincrement": True},
    )
    scope: ClassVar[str] = "account_id"

    id: int | None = Field(default=None, primary_key=True)
    account_id: int = Field(foreign_key="account.id")
    role: str
    school_id: int | None = Field(default=None, foreign_key="school.id", index=True)
    given_at: datetime = Field(sa_type=Instant)
    ended_at: datetime | None = Field(default=None, sa_type=Instant)


class AccountKey(Table, table=True):
    """A public SSH key that signs an account in; it belongs to one account at a time.

    `key` is the base64 part, `fingerprint` the one that `ssh-keygen -l` prints (SHA256:…). It
    signs in from `proved_at` on: anybody may paste the public half of somebody else's key.
    """

    __tablename__ = "account_key"
    __table_args__: Any = (
        conditional_index(
            "uq_account_key_live", "fingerprint", where="removed_at IS NULL", unique=True
        ),
        {"sqlite_autoincrement": True},
    )
    scope: ClassVar[str] = "account_id"

    id: int | None = Field(default=None, primary_key=True)
    account_id: int = Field(foreign_key="account.id", index=True)
    kind: str
    key: str
    fingerprint: str
    name: str = ""
    added_at: datetime = Field(sa_type=Instant)
    proved_at: datetime | None = Field(default=None, sa_type=Instant)
    removed_at: datetime | None = Field(default=None, sa_type=Instant)
    last_used_at: datetime | None = Field(default=None, sa_type=Instant)


class PasswordReset(Table, table=True):
    """A forgotten password: one row for each generation of the account's one-use token."""

    __tablename__ = "password_reset"
    __table_args__: Any = (
        UniqueConstraint("account_id", "generation"),
        {"sqlite_autoincrement": True},
    )
    scope: ClassVar[str] = "account_id"

    id: int | None = Field(default=None, primary_key=True)
    account_id: int = Field(foreign_key="account.id")
    generation: int
    mail_id: int | None = Field(default=None, foreign_key="mail.id", index=True)
    asked_at: datetime = Field(sa_type=Instant)
    valid_until: datetime = Field(sa_type=Instant)
    used_at: datetime | None = Field(default=None, sa_type=Instant)
    replaced_at: datetime | None = Field(default=None, sa_type=Instant)


class AddressChange(Table, table=True):
    """A new reference address that was asked for, until its owner confirms it by a token.

    From `takes_effect_at` on it counts: at once, or with a nightly update, as the service
    has it (DESIGN §3). `applied_at` is when the account was given it.
    """

    __tablename__ = "address_change"
    __table_args__: Any = (
        UniqueConstraint("account_id", "generation"),
        {"sqlite_autoincrement": True},
    )
    scope: ClassVar[str] = "account_id"

    id: int | None = Field(default=None, primary_key=True)
    account_id: int = Field(foreign_key="account.id")
    generation: int
    email: str
    email_key: str
    mail_id: int | None = Field(default=None, foreign_key="mail.id", index=True)
    asked_at: datetime = Field(sa_type=Instant)
    valid_until: datetime = Field(sa_type=Instant)
    confirmed_at: datetime | None = Field(default=None, sa_type=Instant)
    takes_effect_at: datetime | None = Field(default=None, sa_type=Instant)
    applied_at: datetime | None = Field(default=None, sa_type=Instant)
    cancelled_at: datetime | None = Field(default=None, sa_type=Instant)


class Origin(Table, table=True):
    """Where tries at the door come from (an address of the network, a user of this machine).

    Not journaled: guessing would fill the journal.
    """

    __tablename__ = "origin"
    scope: ClassVar[str] = "nobody"
    journaled: ClassVar[bool] = False

    id: int | None = Field(default=None, primary_key=True)
    name: str = Field(unique=True)
    failed_tries: int = 0
    locked_until: datetime | None = Field(default=None, sa_type=Instant)
    last_try_at: datetime = Field(sa_type=Instant)


class SignInEvent(Table, table=True):
    """What somebody tried at the door, and how it ended; for the helpdesk alone.

    `kind` is password, headnet, token, key, reset or address; `outcome` a code of
    `services.tries.OUTCOMES`. `address` is what was typed where it is an address. What
    happens again within the hour is counted up: `times`, until `last_at`. Not
    journaled: it is itself the record.
    """

    __tablename__ = "sign_in_event"
    __table_args__: Any = (
        partial_index("sign_in_event", "account_id"),
        partial_index("sign_in_event", "address_key"),
        partial_index("sign_in_event", "headship_id"),
        {"sqlite_autoincrement": True},
    )
    scope: ClassVar[str] = "nobody"
    journaled: ClassVar[bool] = False

    id: int | None = Field(default=None, primary_key=True)
    at: datetime = Field(sa_type=Instant, index=True)
    last_at: datetime | None = Field(default=None, sa_type=Instant)
    times: int = 1
    kind: str
    outcome: str
    origin: str = ""
    account_id: int | None = Field(default=None, foreign_key="account.id")
    access_id: int | None = Field(default=None, foreign_key="access.id", index=True)
    headship_id: int | None = Field(default=None, foreign_key="headship.id")
    address: str = ""
    address_key: str | None = None


class Draft(Table, table=True):
    """What somebody has typed into a form and not yet sent; a dropped line costs nothing."""

    __tablename__ = "draft"
    __table_args__: Any = (UniqueConstraint("owner", "form"), {"sqlite_autoincrement": True})
    scope: ClassVar[str] = "owner"
    journaled: ClassVar[bool] = False

    id: int | None = Field(default=None, primary_key=True)
    owner: str
    form: str
    contents: str
    saved_at: datetime = Field(sa_type=Instant)
