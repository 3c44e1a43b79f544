"""Whose rows are whose: what an actor sees and may change, table by table.

The rights stand in `models.rights`; here they become conditions on rows. Sessions are the
only ones who use this (`models.database`), so no screen or service can forget it.
"""

from collections.abc import Callable
from dataclasses import dataclass
from functools import cache, lru_cache
from typing import Any

from sqlalchemy import (
    Boolean,
    ColumnElement,
    Integer,
    and_,
    bindparam,
    exists,
    false,
    inspect,
    or_,
    select,
)
from sqlalchemy.ext.compiler import compiles
from sqlalchemy.orm import aliased, with_loader_criteria
from sqlalchemy.sql import coercions, roles
from sqlalchemy.sql.visitors import InternalTraversal
from sqlmodel import col

from models.access import Access
from models.accounts import SignInEvent
from models.base import Table
from models.errors import TrousseauError
from models.families import Guardianship, Pupil
from models.headnet import Headship
from models.language import say
from models.mail import Mail
from models.people import Post
from models.plans import Plan, PlanItem
from models.rights import THINGS, WORKSHOP_PLANS, may_see, right_to, rows_about, rows_read_about
from models.workshops import WorkshopParticipant, WorkshopSchool


class OutOfScope(TrousseauError):
    """A row outside the actor's reach was about to be read or written."""


@dataclass(frozen=True, slots=True)
class Actor:
    """Who works: the name for the journal, the console role, and how far it reaches.

    `schools` is None for those who see all of them. `person_id` is who the actor is, where
    that is known, `pupils` the children whom a guardian has chosen to look after just now.
    A head who came in with a HeadNet password has no account, but a headship and the
    `generation` of that password.
    """

    name: str
    role: str
    schools: frozenset[int] | None = frozenset()
    account_id: int | None = None
    person_id: int | None = None
    pupils: frozenset[int] = frozenset()
    headship_id: int | None = None
    generation: int | None = None

    @property
    def sees_all(self) -> bool:
        return self.schools is None

    @property
    def owner(self) -> str:
        """Whose drafts are: an account's or a headship's, for an address changes hands."""
        if self.account_id is not None:
            return f"account:{self.account_id}"
        return self.name if self.headship_id is None else f"headship:{self.headship_id}"


#: The program itself: migrations, the sender, the nightly update, the command line's owner.
SYSTEM = Actor("system", "system", None)


class _Checked(ColumnElement[int]):
    """A column in which a row is checked and by which it is not looked for.

    A scope comes on top of what a question asks. SQLite has no statistics, and would read
    all rows of the school again for each row of another table rather than the one that is
    joined: a team of 10,000, sorted by status, took a director minutes.
    """

    inherit_cache = True
    _traverse_internals = [("column", InternalTraversal.dp_clauseelement)]

    def __init__(self, column: Any) -> None:
        self.column = coercions.expect(roles.ExpressionElementRole, column)
        self.type = self.column.type


@compiles(_Checked)
def _as_it_is(checked: _Checked, compiler: Any, **options: Any) -> str:
    return str(compiler.process(checked.column, **options))


@compiles(_Checked, "sqlite")
def _by_no_index(checked: _Checked, compiler: Any, **options: Any) -> str:
    return f"+{compiler.process(checked.column, **options)}"


class _There(ColumnElement[bool]):
    """Somebody has a row in a table of those who are of a school, of one of some schools.

    Asked of each row, for as a list it would hold the staff of a whole school each time. And one
    thing rather than a select: SQLAlchemy copies a condition wherever it comes into a question,
    and would take longer to make a director's first page than the database to fill it.
    """

    inherit_cache = True
    type = Boolean()
    _traverse_internals = [
        ("table", InternalTraversal.dp_string),
        ("person", InternalTraversal.dp_clauseelement),
        ("schools", InternalTraversal.dp_clauseelement),
    ]

    def __init__(self, table: str, person: Any, schools: list[int]) -> None:
        self.table = table
        self.person = coercions.expect(roles.ExpressionElementRole, person)
        self.schools = bindparam("schools", schools, Integer(), unique=True, expanding=True)

    def self_group(self, against: Any = None) -> Any:
        # A database without booleans would be asked whether it equals 1.
        return self


@compiles(_There)
def _has_a_row(there: _There, compiler: Any, *, checked: str = "", **options: Any) -> str:
    person, schools = (compiler.process(e, **options) for e in (there.person, there.schools))
    return (
        f"EXISTS (SELECT 1 FROM {there.table} AS own "
        f"WHERE own.person_id = {person} AND {checked}own.school_id IN {schools})"
    )


@compiles(_There, "sqlite")
def _has_a_checked_row(there: _There, compiler: Any, **options: Any) -> str:
    """The person is looked for, and the school checked (see `_Checked`)."""
    return _has_a_row(there, compiler, checked="+", **options)


#: Tables whose rows are an account's own business.
_OF_ACCOUNTS = sorted(table for table, thing in THINGS.items() if thing == "accounts")

# --- reading ----------------------------------------------------------------------------

_Clause = ColumnElement[bool] | None


@lru_cache(maxsize=256)
def criteria(actor: Actor) -> tuple[Any, ...]:
    """Return the conditions under which rows are the actor's, made once for all sessions."""
    return tuple(
        with_loader_criteria(table, clause, include_aliases=True)
        for table in _tables()
        if (clause := _clause(table, actor)) is not None
    )


@cache
def _tables() -> tuple[type[Table], ...]:
    from models.database import TABLES

    return TABLES


def _clause(table: Any, actor: Actor) -> _Clause:
    """Return the condition under which a row of `table` is the actor's, None for no limit."""
    match right_to(actor.role, table.__tablename__).reach:
        case "all":
            return None
        case "schools":
            return _without_hidden(table, actor, _of_schools(table, actor))
        case "own":
            return _own(table, actor)
        case "children":
            return _of_children(table, actor)
    if things := rows_read_about(actor.role, table.__tablename__):
        return _about(things, table, sorted(actor.schools or ()))
    return false()


def _without_hidden(table: Any, actor: Actor, clause: _Clause) -> _Clause:
    """Take out of a school's mails and journal what is about things that the actor's role
    does not see: where a head's password goes, who has voted.
    """
    if clause is None:
        return None
    if table is Mail and not may_see(actor.role, "headnet"):
        return and_(clause, col(Mail.headship_id).is_(None))
    if table.scope == "journal":
        hidden = [t for t in THINGS if right_to(actor.role, t).reach == "none"]
        return and_(clause, table.entity.not_in(hidden))
    return clause


#: What tells of a mail which thing it is about, beside the school's own affairs.
_MAIL_ABOUT: dict[str, Any] = {"workshops": Mail.workshop_id, "headnet": Mail.headship_id}


def _about(things: tuple[str, ...], table: Any, schools: list[int]) -> ColumnElement[bool]:
    """The rows of mails, plans and the door's record about these things, of these schools."""
    if table is SignInEvent:
        headship: Any = aliased(Headship)
        theirs = _Checked(headship.school_id).in_(schools)
        return exists(select(headship.id).where(headship.id == table.headship_id, theirs))
    if table is Mail:
        known = or_(*(_MAIL_ABOUT[thing].is_not(None) for thing in things))
        return and_(known, _Checked(Mail.school_id).in_(schools))
    about = and_(col(Plan.kind).startswith(WORKSHOP_PLANS), _Checked(Plan.school_id).in_(schools))
    if table is Plan:
        return about
    return col(PlanItem.plan_id).in_(select(col(Plan.id)).where(about))


def _of_schools(table: Any, actor: Actor) -> _Clause:
    schools = sorted(actor.schools or ())
    columns = table.__table__.c

    def ours(school: Any) -> ColumnElement[bool]:
        return _Checked(school).in_(schools)

    def theirs(person: str) -> ColumnElement[bool]:
        """SQL: somebody is of these schools, by what the actor's role sees of them."""
        places = [p for p in ("post", "guardianship") if _sees_of_schools(actor.role, p)]
        return or_(false(), *(_There(place, columns[person], schools) for place in places))

    clauses: dict[str, Callable[[], _Clause]] = {
        "school": lambda: table.id.in_(schools),
        "school_id": lambda: ours(table.school_id),
        "school_or_reference": lambda: or_(table.school_id.is_(None), ours(table.school_id)),
        # And whoever was found to be one of them, so that the finding can be undone.
        "person": lambda: or_(theirs("id"), theirs("merged_into_id")),
        "person_id": lambda: theirs("person_id"),
        "person_pair": lambda: or_(theirs("person_id"), theirs("other_id")),
        # What belongs to no school but to a person of theirs: a name or an address changed. Not
        # what their account has: its address may be another than the one they passed on.
        "journal": lambda: or_(
            ours(table.school_id),
            and_(
                table.school_id.is_(None),
                theirs("person_id"),
                table.entity.not_in(_OF_ACCOUNTS),
            ),
        ),
    }
    clauses |= _of_workshops(table, ours)
    if table is PlanItem:
        plans = select(col(Plan.id)).where(col(Plan.school_id).in_(schools))
        return col(PlanItem.plan_id).in_(plans)
    return clauses[table.scope]()


def _sees_of_schools(role: str, table: str) -> bool:
    return right_to(role, table).reach in ("all", "schools")


def _of_workshops(table: Any, ours: Callable[[Any], Any]) -> dict[str, Callable[[], _Clause]]:
    """The conditions for workshops: the school that asks owns one, further ones see it.

    Of the participants, and of who was present, a further school sees its own.
    """
    place: Any = aliased(WorkshopSchool)
    person: Any = aliased(WorkshopParticipant)

    def shared(workshop: Any) -> ColumnElement[bool]:
        return exists(select(place.id).where(place.workshop_id == workshop, ours(place.other_id)))

    def from_there(own_place: Any) -> ColumnElement[bool]:
        return exists(select(place.id).where(place.id == own_place, ours(place.other_id)))

    def theirs(participant: Any) -> ColumnElement[bool]:
        mine = from_there(person.place_id)
        return exists(select(person.id).where(person.id == participant, mine))

    return {
        "workshop": lambda: or_(ours(table.school_id), shared(table.id)),
        "workshop_part": lambda: or_(ours(table.school_id), shared(table.workshop_id)),
        "workshop_school": lambda: or_(ours(table.school_id), ours(table.other_id)),
        "workshop_participant": lambda: or_(ours(table.school_id), from_there(table.place_id)),
        "workshop_attendance": lambda: or_(ours(table.school_id), theirs(table.participant_id)),
    }


def _own(table: Any, actor: Actor) -> ColumnElement[bool]:
    """What is about the actor's own person, or belongs to the actor's account."""
    if table.scope == "owner":
        return table.owner == actor.owner
    if table.scope in ("account", "account_id"):
        column = table.id if table.scope == "account" else table.account_id
        own: ColumnElement[bool] = column == actor.account_id
        return own if actor.account_id else false()
    mine = [] if actor.person_id is None else [_about_person(table, actor.person_id)]
    if actor.account_id is not None and "account_id" in table.__table__.c:
        mine.append(table.account_id == actor.account_id)
    return or_(false(), *mine)


def _about_person(table: Any, person_id: int) -> ColumnElement[bool]:
    """SQL: the row is about one person, by itself or through its access or post."""
    columns = table.__table__.c
    if table.scope == "person":
        return table.id == person_id
    if "person_id" in columns:
        return table.person_id == person_id
    if "access_id" in columns:
        own: Any = aliased(Access)
        return exists(select(own.id).where(own.id == table.access_id, own.person_id == person_id))
    post: Any = aliased(Post)
    return exists(select(post.id).where(post.id == table.post_id, post.person_id == person_id))


def _of_children(table: Any, actor: Actor) -> ColumnElement[bool]:
    """What is about the children chosen, and the guardian's own part in it."""
    children = sorted(actor.pupils)
    if table is Pupil:
        return col(Pupil.id).in_(children)
    if table is Guardianship:
        mine = col(Guardianship.person_id) == (actor.person_id or 0)
        return and_(col(Guardianship.pupil_id).in_(children), mine)
    return _own(table, actor)


# --- writing ----------------------------------------------------------------------------


def not_theirs() -> OutOfScope:
    return OutOfScope(say("This belongs to a school that is not one of yours."))


def not_allowed() -> OutOfScope:
    return OutOfScope(say("Your account is not allowed to change this."))


def require_change(actor: Actor, table: str) -> None:
    """Raise `OutOfScope` where an actor's role may change no row of a table."""
    if actor.sees_all or right_to(actor.role, table).change:
        return
    # Mails about these are written, and what became of one is nobody's to change.
    if table == "mail" or not rows_about(actor.role, table):
        raise not_allowed()


def may_write(session: Any, row: Any) -> bool:
    """Tell whether a new or changed row is one that the session's actor may write."""
    actor: Actor = session.actor
    right = right_to(actor.role, row.__tablename__)
    if not right.change:
        return _is_about(row, actor)
    if right.reach == "all":
        return True
    if right.reach == "own":
        return row.scope == "owner" and row.owner == actor.owner
    return right.reach == "schools" and _is_of_schools(session, row, actor.schools or frozenset())


def _is_about(row: Any, actor: Actor) -> bool:
    """Tell whether a mail or plan is about a workshop or a head of the actor's own schools."""
    things = rows_about(actor.role, row.__tablename__)
    if not things or row.__tablename__ == "plan_item":
        return False
    schools = actor.schools or frozenset()
    if row.__tablename__ == "mail":
        about = is_about(things, row.workshop_id, row.headship_id)
    else:
        about = row.kind.startswith(WORKSHOP_PLANS)
    return about and row.school_id in schools and _was_inside(row, schools)


def is_about(things: tuple[str, ...], workshop_id: Any, headship_id: Any) -> bool:
    """Tell whether a mail with these columns is about one of `things`."""
    about = {"workshops": workshop_id, "headnet": headship_id}
    return any(about[thing] for thing in things)


#: Scopes in which others see a row than the school that it belongs to, and alone changes it.
SHARED_SCOPES = frozenset(
    (
        "workshop",
        "workshop_part",
        "workshop_school",
        "workshop_participant",
        "workshop_attendance",
    )
)
#: Scopes in which the column `school_id` says whose a row is.
_BY_SCHOOL = SHARED_SCOPES | {"school_id", "school_or_reference"}


def _is_of_schools(session: Any, row: Any, schools: frozenset[int]) -> bool:
    scope = row.scope
    if scope in _BY_SCHOOL:
        return row.school_id in schools and _was_inside(row, schools)
    if scope == "school":
        return row.id in schools
    if scope in ("person", "person_id"):
        person = row.id if scope == "person" else row.person_id
        return person is not None and _is_theirs(session, person)
    if scope == "person_pair":
        return _is_theirs(session, row.person_id) or _is_theirs(session, row.other_id)
    return False


def _was_inside(row: Any, schools: frozenset[int]) -> bool:
    """A row can't be fetched out of another school by changing its `school_id`."""
    old = inspect(row).attrs["school_id"].history.deleted
    return all(value in schools for value in old or ())


def _is_theirs(session: Any, person_id: int) -> bool:
    tables: tuple[Any, ...] = (Post, Guardianship)
    with session.no_autoflush:
        return any(
            session.scalar(select(t.id).where(t.person_id == person_id).limit(1)) is not None
            for t in tables
        )
