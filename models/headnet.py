"""IB HeadNet: the head of a school, the recorded address, and the passwords that were mailed.

A headship is the access of HeadNet (DESIGN §3: a password, effective with the nightly update,
not bound to a school year). It has tables of its own, for others may see and change it than
the accesses of a team: the coordinator and the helpdesk, and nobody else (DOMAIN §1).

A password is a function of a key, the headship and its generation, as a token is
(`models.tokens`); no row holds one. Asking for one cancels the former ones at once, and the
new one is accepted from the nightly update on (DOMAIN §3, HeadNet).
"""

from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from sqlalchemy import ColumnElement, Index, UniqueConstraint, and_, case, or_
from sqlmodel import Field

from models.access import happened
from models.base import Instant, Table, conditional_index, partial_index
from models.mail import Mail
from models.statuses import first_to_hold

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


# --- what became of a mail ----------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class MailFacts:
    """What the state of one mail at one moment depends on."""

    bounced: bool = False
    refused: bool = False
    sent: bool = False
    uncertain: bool = False
    withdrawn: bool = False
    over: bool = False
    held: bool = False
    tried: bool = False

    @property
    def state(self) -> str:
        """The first state of `MAIL_STATES` whose test holds."""
        return next(state for state, holds in MAIL_STATES if holds(self))


#: Every state of a mail with its test, the deciding one first. That it came back is known last;
#: one that may have arrived is not called lost, whatever was decided afterwards.
MAIL_STATES: tuple[tuple[str, Callable[[MailFacts], bool]], ...] = (
    ("bounced", lambda f: f.bounced),
    ("refused", lambda f: f.refused),
    ("sent", lambda f: f.sent),
    ("uncertain", lambda f: f.uncertain),
    ("withdrawn", lambda f: f.withdrawn),
    ("expired", lambda f: f.over),
    ("held", lambda f: f.held),
    ("delayed", lambda f: f.tried),
    ("queued", lambda f: True),
)
MAIL_STATE_CODES = tuple(state for state, _ in MAIL_STATES)
#: States in which the head has not received the mail, and never will.
LOST = ("bounced", "refused", "withdrawn", "expired")
#: States in which it may still leave, and can be tried at once.
UNDER_WAY = ("uncertain", "held", "delayed", "queued")


def mail_facts_of(mail: Mail, at: datetime) -> MailFacts:
    """Return the facts of a mail as they had happened at `at`."""

    def had(moment: datetime | None) -> bool:
        return moment is not None and moment <= at

    return MailFacts(
        bounced=had(mail.bounced_at),
        refused=had(mail.refused_at),
        sent=had(mail.sent_at),
        uncertain=had(mail.uncertain_at),
        withdrawn=had(mail.cancelled_at),
        over=had(mail.closed_at) or mail.expires_at <= at,
        held=had(mail.held_at),
        tried=mail.attempts > 0,
    )


# --- what holds for a password ------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class PasswordFacts:
    """What the status of one password at one moment depends on.

    `lost` is whether its mail never arrived, `used` whether the head has signed in since it is
    in force, which only the latest password opens; `due` whether its update should have been.
    """

    ended: bool = False
    replaced: bool = False
    lost: bool = False
    used: bool = False
    in_force: bool = False
    due: bool = False

    @property
    def status(self) -> str:
        """The first status of `STATUSES` whose test holds."""
        return next(status for status, holds in STATUSES if holds(self))


#: Every status of a password with its test, the deciding one first. What makes it worthless
#: counts before the update, for that it waits is then of no use to anybody.
STATUSES: tuple[tuple[str, Callable[[PasswordFacts], bool]], ...] = (
    ("ended", lambda f: f.ended),
    ("replaced", lambda f: f.replaced),
    ("never_delivered", lambda f: f.lost and not f.used),
    ("waiting", lambda f: not f.in_force and not f.due),
    ("overdue", lambda f: not f.in_force),
    ("valid", lambda f: True),
)
STATUS_CODES = tuple(status for status, _ in STATUSES)
#: Statuses of a password that a new one makes worthless.
LIVE = ("never_delivered", "waiting", "overdue", "valid")


def facts_of(
    password: HeadnetPassword, mail: Mail | None, headship: Headship, at: datetime
) -> PasswordFacts:
    """Return the facts of a password as they had happened at `at`."""

    def had(moment: datetime | None) -> bool:
        return moment is not None and moment <= at

    signed_in, in_force = headship.last_sign_in_at, password.in_force_at
    return PasswordFacts(
        ended=had(headship.ended_at),
        replaced=had(password.replaced_at),
        lost=mail is None or mail_facts_of(mail, at).state in LOST,
        used=signed_in is not None and in_force is not None and in_force <= signed_in <= at,
        in_force=had(in_force),
        due=password.takes_effect_at <= at,
    )


class PasswordColumns:
    """The facts of `MailFacts` and `PasswordFacts` as SQL expressions for the moment `at`.

    For a statement that joins passwords with their mails and headships; the tables can be
    given as aliases.
    """

    def __init__(
        self, at: Any, password: Any = HeadnetPassword, mail: Any = Mail, headship: Any = Headship
    ) -> None:
        self.at, self._password, self._mail, self._headship = at, password, mail, headship

    @property
    def mail_state(self) -> ColumnElement[str]:
        return first_to_hold(MAIL_STATE_CODES, self._mail_tests)

    @property
    def _mail_tests(self) -> dict[str, ColumnElement[bool]]:
        """The SQL of each test in `MAIL_STATES`, but the last, which always holds."""
        mail = self._mail
        return {
            "bounced": happened(mail.bounced_at, self.at),
            "refused": happened(mail.refused_at, self.at),
            "sent": happened(mail.sent_at, self.at),
            "uncertain": happened(mail.uncertain_at, self.at),
            "withdrawn": happened(mail.cancelled_at, self.at),
            "expired": or_(happened(mail.closed_at, self.at), mail.expires_at <= self.at),
            "held": happened(mail.held_at, self.at),
            "delayed": mail.attempts > 0,
        }

    @property
    def status(self) -> ColumnElement[str]:
        return first_to_hold(STATUS_CODES, self.tests)

    @property
    def tests(self) -> dict[str, ColumnElement[bool]]:
        """The SQL of each test in `STATUSES`, but the last, which always holds."""
        password, signed_in = self._password, self._headship.last_sign_in_at
        in_force = happened(password.in_force_at, self.at)
        lost = or_(self._mail.id.is_(None), self.mail_state.in_(LOST))
        used = and_(in_force, happened(signed_in, self.at), signed_in >= password.in_force_at)
        # Of an empty value nothing is true, and its contrary is not, either.
        never_used = case((used, False), else_=True)
        not_yet = case((in_force, False), else_=True)
        return {
            "ended": happened(self._headship.ended_at, self.at),
            "replaced": happened(password.replaced_at, self.at),
            "never_delivered": and_(lost, never_used),
            "waiting": and_(not_yet, password.takes_effect_at > self.at),
            "overdue": not_yet,
        }


def in_force(address: Any) -> ColumnElement[bool]:
    """SQL: an address of a head counts now."""
    return and_(address.in_force_at.is_not(None), address.ended_at.is_(None))


def is_waiting(address: Any) -> ColumnElement[bool]:
    """SQL: a change of a head's address waits for the nightly update."""
    return and_(address.in_force_at.is_(None), address.cancelled_at.is_(None))
