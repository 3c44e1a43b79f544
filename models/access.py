"""Accesses, and the one derivation of their status.

A status is never stored. `status_at` builds it in SQL for lists, `AccessFacts.status`
in Python for one person; both walk the same `STATUSES` in the same order, and a test
holds them against each other.
"""

from collections.abc import Callable
from dataclasses import dataclass
from datetime import date, datetime
from functools import cache
from typing import Any, ClassVar

from sqlalchemy import (
    ColumnElement,
    Index,
    String,
    UniqueConstraint,
    and_,
    case,
    exists,
    false,
    func,
    or_,
    select,
)
from sqlalchemy.orm import aliased
from sqlmodel import Field, col

from models.base import Instant, Table
from models.consents import Consent, PrintedForm
from models.invitations import Invitation
from models.mail import Mail
from models.people import Person, Post, SuspectedDouble
from models.roles import GUARDIAN
from models.schools import SchoolYear, Source
from models.statuses import first_to_hold, is_first_to_hold

#: Ordered by code points on both databases, whatever the language of the server.
SEARCH_KEY: Any = String().with_variant(String(collation="C"), "postgresql")


class Service(Table, table=True):
    """A service that accounts are opened for, with its policy as data (DESIGN §3)."""

    __tablename__ = "service"
    scope: ClassVar[str] = "reference"

    id: int | None = Field(default=None, primary_key=True)
    code: str = Field(unique=True)
    name: str
    granted_by_post: bool = False
    consent_needed: bool = True
    credential: str = "token"
    effective: str = "at_once"
    bound_to_year: bool = True
    token_days: int = 14


class ServiceRole(Table, table=True):
    """The role that a function gives in a service, unless something overrides it."""

    __tablename__ = "service_role"
    __table_args__: Any = (
        UniqueConstraint("service_id", "function"),
        {"sqlite_autoincrement": True},
    )
    scope: ClassVar[str] = "reference"

    id: int | None = Field(default=None, primary_key=True)
    service_id: int = Field(foreign_key="service.id")
    function: str
    role: str


class Access(Table, table=True):
    """One person in one school for one service and one school year.

    `activated_at` is when it began to count: `activation` is token, or known where the
    person's account existed already and no invitation was needed. A guardian's access rests
    on children and not on a post.

    `search_key` and `function_key` repeat what a team's list is ordered and searched by, so
    that a list of 100,000 reads one index and no other table. The database keeps them itself
    (triggers of the migration) whoever writes; a bulk insertion that gives `search_key_for`
    of its rows spares it the work.
    """

    __tablename__ = "access"
    __table_args__: Any = (
        UniqueConstraint("school_id", "school_year_id", "service_id", "person_id"),
        Index(
            "ix_access_team",
            "school_id",
            "school_year_id",
            "service_id",
            "search_key",
            "id",
            "function_key",
        ),
        {"sqlite_autoincrement": True},
    )

    id: int | None = Field(default=None, primary_key=True)
    person_id: int = Field(foreign_key="person.id", index=True)
    school_id: int = Field(foreign_key="school.id")
    school_year_id: int = Field(foreign_key="school_year.id")
    service_id: int = Field(foreign_key="service.id")
    post_id: int | None = Field(default=None, foreign_key="post.id", index=True)
    granted_at: datetime = Field(sa_type=Instant)
    activated_at: datetime | None = Field(default=None, sa_type=Instant)
    activation: str = ""
    search_key: str = Field(default="", sa_type=SEARCH_KEY, sa_column_kwargs={"server_default": ""})
    function_key: str = Field(default="", sa_column_kwargs={"server_default": ""})


#: Longest search key, in characters: an index entry of PostgreSQL ends at 2,700 bytes.
LONGEST_SEARCH_KEY = 400


def search_key_for(
    surname_key: str, first_name_key: str, personal_key: str | None, school_key: str | None
) -> str:
    """Return what an access is ordered and searched by: names, then both addresses."""
    parts = (surname_key, first_name_key, personal_key or "", school_key or "")
    return " ".join(parts)[:LONGEST_SEARCH_KEY]


class Suspension(Table, table=True):
    """A stretch of time during which an access is deactivated, and why."""

    __tablename__ = "suspension"
    __table_args__: Any = (
        Index("ix_suspension_access_id", "access_id", "from_at"),
        {"sqlite_autoincrement": True},
    )

    id: int | None = Field(default=None, primary_key=True)
    access_id: int = Field(foreign_key="access.id")
    school_id: int = Field(foreign_key="school.id", index=True)
    from_at: datetime = Field(sa_type=Instant)
    until_at: datetime | None = Field(default=None, sa_type=Instant)
    reason: str


class Mission(Table, table=True):
    """A particular task in a school for a school year; `role` replaces the person's role."""

    __tablename__ = "mission"
    __table_args__: Any = (
        Index("ix_mission_person_id", "person_id", "school_id", "school_year_id"),
        {"sqlite_autoincrement": True},
    )

    id: int | None = Field(default=None, primary_key=True)
    person_id: int = Field(foreign_key="person.id")
    school_id: int = Field(foreign_key="school.id", index=True)
    school_year_id: int = Field(foreign_key="school_year.id")
    code: str
    role: str | None = None
    given_at: datetime = Field(sa_type=Instant)
    removed_at: datetime | None = Field(default=None, sa_type=Instant)


@dataclass(frozen=True, slots=True)
class AccessFacts:
    """What the status of one access at one moment depends on."""

    suspended: bool = False
    over: bool = False
    activated: bool = False
    address: str | None = None
    consented: bool = True
    doubtful: bool = False
    role: str | None = None
    invited: bool = False
    bounced: bool = False
    refused: bool = False
    expired: bool = False
    uncertain: bool = False
    sent: bool = False

    @property
    def status(self) -> str:
        """The first status of `STATUSES` whose test holds."""
        return next(status for status, holds in STATUSES if holds(self))


#: Every status with its test, the deciding one first: an end counts before an activation,
#: an activation before what would block an invitation, a block before what became of one.
STATUSES: tuple[tuple[str, Callable[[AccessFacts], bool]], ...] = (
    ("deactivated", lambda f: f.suspended),
    ("ended", lambda f: f.over),
    ("active", lambda f: f.activated),
    ("no_address", lambda f: f.address is None),
    ("no_consent", lambda f: not f.consented),
    ("duplicate", lambda f: f.doubtful),
    ("no_role", lambda f: f.role is None),
    ("to_invite", lambda f: not f.invited),
    ("bounced", lambda f: f.bounced),
    ("refused", lambda f: f.refused),
    ("expired", lambda f: f.expired),
    ("uncertain", lambda f: f.uncertain),
    ("sent", lambda f: f.sent),
    ("queued", lambda f: True),
)
STATUS_CODES = tuple(status for status, _ in STATUSES)
#: What may be known of the consent for the address in force, in one school.
CONSENT_STATES = ("signed", "other_address", "withdrawn", "printed", "missing")
#: Statuses in which an invitation is out, and another may be asked for.
INVITED = ("queued", "sent", "uncertain", "refused", "bounced", "expired")


#: Statuses whose narrowing PostgreSQL would make a join, after the dearer question.
_NARROWED_FIRST = ("ended", "no_role")


def happened(moment: Any, at: datetime) -> ColumnElement[bool]:
    """SQL: the fact of this column had happened at `at`."""
    return and_(moment.is_not(None), moment <= at)


def holds(since: Any, until: Any, at: datetime) -> ColumnElement[bool]:
    """SQL: a stretch from `since` (inclusive) to `until` (exclusive, or open) contains `at`."""
    return and_(since <= at, or_(until.is_(None), until > at))


@cache
def another(table: Any) -> Any:
    """Return a table under another name, for questions beside one another: all use the same.

    Each name costs SQLAlchemy as much as the question that is asked of it.
    """
    return aliased(table)


class FactColumns:
    """The facts of `AccessFacts` as SQL expressions for the moment `at` and its `day`.

    Made for a statement that selects from `Access` joined by `joined`.
    """

    def __init__(self, at: datetime, day: date) -> None:
        self.at = at
        self.day = day
        self.post = Post
        self.person = Person
        self.year = SchoolYear
        self.source = Source
        self.invitation = Invitation
        self.mail = Mail

    @property
    def school_first(self) -> ColumnElement[bool]:
        return col(Source.address_rule) == "school_first"

    def _chosen(self, personal: Any, school: Any) -> ColumnElement[Any]:
        return case(
            (and_(self.school_first, col(Post.school_email).is_not(None)), school),
            (col(Person.personal_email).is_not(None), personal),
            else_=school,
        )

    @property
    def address(self) -> ColumnElement[str | None]:
        return self._chosen(col(Person.personal_email), col(Post.school_email))

    @property
    def address_key(self) -> ColumnElement[str | None]:
        return self._chosen(col(Person.personal_email_key), col(Post.school_email_key))

    @property
    def address_field(self) -> ColumnElement[str]:
        return self._chosen(col(Person.personal_email_field), col(Post.school_email_field))

    @property
    def suspended(self) -> ColumnElement[bool]:
        row: Any = another(Suspension)
        return exists(
            select(row.id)
            .where(row.access_id == Access.id, holds(row.from_at, row.until_at, self.at))
            .correlate_except(row)
        )

    @property
    def over(self) -> ColumnElement[bool]:
        return col(SchoolYear.access_ends) < self.day

    @property
    def activated(self) -> ColumnElement[bool]:
        return happened(col(Access.activated_at), self.at)

    def _standing(self, row: Any) -> tuple[ColumnElement[bool], ...]:
        """SQL: this consent holds for the person, the school and the address."""
        return (
            row.person_id == Access.person_id,
            row.school_id == Access.school_id,
            row.email_key == self.address_key,
            holds(row.recorded_at, row.withdrawn_at, self.at),
        )

    def latest_consent(self, column: str) -> ColumnElement[Any]:
        """SQL: a column of the last consent that holds for the address, or null.

        Of `id` or `recorded_at`, which grow together.
        """
        row: Any = another(Consent)
        # Not "order by … limit 1": for that SQLite walks a whole school's consents.
        found = select(func.max(getattr(row, column))).where(*self._standing(row))
        return found.correlate_except(row).scalar_subquery()

    @property
    def consented(self) -> ColumnElement[bool]:
        row: Any = another(Consent)
        standing = select(row.id).where(*self._standing(row)).correlate_except(row)
        return or_(col(Service.consent_needed).is_(False), exists(standing))

    @property
    def consent_state(self) -> ColumnElement[str]:
        """signed, other_address, withdrawn, printed or missing (see `CONSENT_STATES`)."""

        def given(*conditions: Callable[[Any], ColumnElement[bool]]) -> ColumnElement[bool]:
            row: Any = another(Consent)
            mine = (row.person_id == Access.person_id, row.school_id == Access.school_id)
            return exists(
                select(row.id)
                .where(*mine, *(holds_for(row) for holds_for in conditions))
                .correlate_except(row)
            )

        def live(row: Any) -> ColumnElement[bool]:
            return holds(row.recorded_at, row.withdrawn_at, self.at)

        def ended(row: Any) -> ColumnElement[bool]:
            return and_(row.recorded_at <= self.at, happened(row.withdrawn_at, self.at))

        form: Any = another(PrintedForm)
        printed = exists(
            select(form.id)
            .where(form.post_id == Access.post_id, form.printed_at <= self.at)
            .correlate_except(form)
        )
        return case(
            (given(live, lambda row: row.email_key == self.address_key), "signed"),
            (given(live), "other_address"),
            (given(ended), "withdrawn"),
            (printed, "printed"),
            else_="missing",
        )

    @property
    def doubtful(self) -> ColumnElement[bool]:
        def pair(column: str) -> ColumnElement[bool]:
            row: Any = another(SuspectedDouble)
            return exists(
                select(row.id)
                .where(
                    getattr(row, column) == Access.person_id,
                    holds(row.found_at, row.decided_at, self.at),
                )
                .correlate_except(row)
            )

        return or_(pair("person_id"), pair("other_id"))

    @property
    def mission_role(self) -> ColumnElement[str | None]:
        row: Any = another(Mission)
        return (
            select(row.role)
            .where(
                row.person_id == Access.person_id,
                row.school_id == Access.school_id,
                row.school_year_id == Access.school_year_id,
                row.role.is_not(None),
                holds(row.given_at, row.removed_at, self.at),
            )
            .order_by(row.id.desc())
            .limit(1)
            .correlate(Access)
            .scalar_subquery()
        )

    @property
    def role(self) -> ColumnElement[str | None]:
        """Mission, then the role recorded on the post, then the function's (DOMAIN §3).

        A guardian, who has no post, is one by the children alone.
        """
        of_post = func.coalesce(self.mission_role, Post.role, ServiceRole.role)
        return case((col(Access.post_id).is_(None), GUARDIAN), else_=of_post)

    @property
    def tests(self) -> dict[str, ColumnElement[bool]]:
        """The SQL of each test in `STATUSES`."""
        mail, at = Mail, self.at
        return {
            "deactivated": self.suspended,
            "ended": self.over,
            "active": self.activated,
            "no_address": self.address.is_(None),
            "no_consent": ~self.consented,
            "duplicate": self.doubtful,
            "no_role": self.role.is_(None),
            "to_invite": col(Invitation.id).is_(None),
            "bounced": happened(col(mail.bounced_at), at),
            "refused": happened(col(mail.refused_at), at),
            "expired": col(Invitation.valid_until) <= at,
            "uncertain": and_(
                happened(col(mail.uncertain_at), at), ~_true(happened(col(mail.sent_at), at))
            ),
            "sent": happened(col(mail.sent_at), at),
        }

    @property
    def status(self) -> ColumnElement[str]:
        return first_to_hold(STATUS_CODES, self.tests)

    def has_status(self, code: str, *, each: bool = False) -> ColumnElement[bool]:
        """SQL: the status is this one.

        With `each` it is found out for each access by itself, and the statement needs not to
        be `joined`; what is quicker depends on the database (see `each_by_itself`).
        """
        decided = is_first_to_hold(code, STATUS_CODES, self.tests)
        narrowed = self._narrowing(code)
        if not each:
            return and_(decided, *narrowed)
        found = self._of_each(decided)
        if code in _NARROWED_FIRST:
            return case((and_(*narrowed), found), else_=false())
        return and_(found, *narrowed)

    def has_consent_state(self, state: str, *, each: bool = False) -> ColumnElement[bool]:
        """SQL: the consent's state is this one; `each` as for `has_status`."""
        decided = self.consent_state == state
        return self._of_each(decided) if each else decided

    def _of_each(self, fact: ColumnElement[bool]) -> ColumnElement[bool]:
        """SQL: a fact about the access, whatever the statement is joined to."""
        found = select(fact).select_from(Post).where(col(Post.id) == Access.post_id)
        return _joined_to_post(found, self.at).correlate(Access).scalar_subquery()

    def _narrowing(self, code: str) -> list[ColumnElement[bool]]:
        """SQL: what must hold for each access of this status, and an index can tell.

        Without it, a page of a status that nobody has would ask everything about everybody.
        """
        narrower: dict[str, Callable[[], ColumnElement[bool]]] = {
            "deactivated": lambda: self.suspended,
            "ended": self._of_a_year_that_is_over,
            "active": lambda: col(Access.activated_at).is_not(None),
            "no_address": self._keeps_no_address,
            "duplicate": self._in_a_pair,
            "no_role": self._keeps_no_role,
            "bounced": lambda: self._mail_has("bounced_at"),
            "refused": lambda: self._mail_has("refused_at"),
            "uncertain": lambda: self._mail_has("uncertain_at"),
            "expired": self._may_have_expired,
        }
        return [narrower[code]()] if code in narrower else []

    def _of_a_year_that_is_over(self) -> ColumnElement[bool]:
        year: Any = aliased(SchoolYear)
        return col(Access.school_year_id).in_(select(year.id).where(year.access_ends < self.day))

    def _keeps_no_address(self) -> ColumnElement[bool]:
        cut = func.length(Access.search_key) >= LONGEST_SEARCH_KEY
        return or_(col(Access.search_key).not_like("%@%"), cut)

    def _keeps_no_role(self) -> ColumnElement[bool]:
        role: Any = aliased(ServiceRole)
        given = (role.service_id == Access.service_id, role.function == Access.function_key)
        return ~exists(select(role.id).where(*given))

    def _in_a_pair(self) -> ColumnElement[bool]:
        def open_ones(column: str) -> Any:
            row: Any = aliased(SuspectedDouble)
            return select(getattr(row, column)).where(holds(row.found_at, row.decided_at, self.at))

        theirs: Any = aliased(Access)
        pairs = open_ones("person_id").union_all(open_ones("other_id"))
        return col(Access.id).in_(select(theirs.id).where(theirs.person_id.in_(pairs)))

    def _mail_has(self, column: str) -> ColumnElement[bool]:
        row: Any = aliased(Invitation)
        mail: Any = aliased(Mail)
        mails = select(mail.id).where(getattr(mail, column).is_not(None))
        return col(Access.id).in_(select(row.access_id).where(row.mail_id.in_(mails)))

    def _may_have_expired(self) -> ColumnElement[bool]:
        row: Any = aliased(Invitation)
        return col(Access.id).in_(select(row.access_id).where(row.valid_until <= self.at))


def _true(condition: ColumnElement[bool]) -> ColumnElement[bool]:
    """`condition` with unknown taken as false, so that it can be negated."""
    return case((condition, True), else_=False)


def joined(statement: Any, at: datetime, *, of_guardians: bool = False) -> Any:
    """Join to a statement that selects from `Access` all that `FactColumns` speaks of.

    Only the invitation that was the latest at `at`, and was not cancelled by then, is joined.
    Accesses without a post are found where those of guardians are asked for, too.
    """
    posts = col(Post.id) == Access.post_id
    return _joined_to_post(statement.join(Post, posts, isouter=of_guardians), at)


def each_by_itself(dialect: str) -> bool:
    """Tell whether a list is to ask for a status of each access rather than of all joined.

    PostgreSQL takes a joined status to hold for one access in two hundred, and reads a team of
    100,000 (half a second) where the first few would do for a page. SQLite walks in order
    anyway, and asks the cheaper questions first only where all is joined.
    """
    return dialect == "postgresql"


def _joined_to_post(statement: Any, at: datetime) -> Any:
    latest = and_(
        col(Invitation.access_id) == Access.id,
        holds(col(Invitation.queued_at), col(Invitation.replaced_at), at),
        or_(col(Invitation.cancelled_at).is_(None), col(Invitation.cancelled_at) > at),
    )
    return (
        statement.join(Person, col(Person.id) == Access.person_id)
        .join(SchoolYear, col(SchoolYear.id) == Access.school_year_id)
        .join(Service, col(Service.id) == Access.service_id)
        .outerjoin(Source, col(Source.id) == Post.source_id)
        .outerjoin(
            ServiceRole,
            and_(
                col(ServiceRole.service_id) == Access.service_id,
                col(ServiceRole.function) == Post.function,
            ),
        )
        .outerjoin(Invitation, latest)
        .outerjoin(Mail, col(Mail.id) == Invitation.mail_id)
    )
