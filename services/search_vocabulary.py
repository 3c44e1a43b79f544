"""The names, schools and addresses that an actor may find, kept while they hold.

Everything is read through the actor's own session and kept for that actor alone, so nothing
that one may see can come to another. What has changed since is told by the journal: a
few changes are read by themselves, many or unknown ones make it all be read anew.
"""

from collections import OrderedDict
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field
from functools import cache
from threading import Lock
from typing import Any
from weakref import WeakKeyDictionary

from sqlalchemy import Engine, and_, func, or_, select
from sqlmodel import col

from models.accounts import Account
from models.bulk import table_named
from models.database import Actor, ActorSession
from models.families import Guardianship
from models.headnet import HeadAddress, Headship
from models.people import Person, Post
from models.rights import may_see
from models.schools import School
from models.workshops import Workshop
from services.headnet_rows import is_manager
from services.search_addresses import Addresses
from services.search_names import Names
from services.search_schools import Schools

#: Vocabularies kept in one process, each a few megabytes; most processes serve one actor.
_MOST_KEPT = 3
#: So many changes are read one by one before everything is read anew.
_MOST_LATE = 400
#: Entities of the journal by which names and addresses change, and schools.
_OF_PEOPLE = ("person", "post", "guardianship", "access")
_OF_SCHOOLS = ("school",)
_OF_HEADS = ("headship", "head_address")
_CHUNK = 5_000
#: The latest ones; their references find the others, too.
_MOST_WORKSHOPS = 20_000


@dataclass(frozen=True, slots=True)
class _Version:
    """How far the journal and the tables had come; equal ones mean that nothing changed."""

    journal: int
    people: int
    posts: int
    schools: int
    accounts: int
    headships: int
    head_addresses: int
    workshops: int


@dataclass(frozen=True, slots=True)
class Heads:
    """The heads of school whom an actor may see, by name and by recorded address."""

    names: Names
    addresses: Addresses


@dataclass(slots=True)
class Vocabulary:
    """What an actor can find. `late` are the names of people changed since `names` was read.

    `heads` is None for whoever may see none; `workshops` are known by the words of their titles.
    """

    names: Names
    schools: Schools
    heads: Heads | None = None
    workshops: Schools | None = None
    late: Names | None = None
    addresses: Addresses | None = None
    late_addresses: Addresses | None = None
    lock: Lock = field(default_factory=Lock, repr=False)


@dataclass(frozen=True, slots=True)
class _Entry:
    """A vocabulary, how far the tables had come, and whom others have changed since it was read.

    Those may be anybody: what is read of them is what the actor sees.
    """

    vocabulary: Vocabulary
    version: _Version
    late_people: frozenset[int] = frozenset()


def vocabulary(session: ActorSession) -> Vocabulary:
    """Return the vocabulary of the session's actor as it is now.

    The first time in a process it reads every name that the actor sees (for 100,000 people
    about a second); afterwards it asks only whether anything has changed.
    """
    kept = _kept_for(session)
    with kept.lock:
        entry = kept.by_actor.get(session.actor)
        version = _version(session)
        if entry is None or entry.version != version:
            entry = kept.by_actor[session.actor] = _renewed(session, entry, version)
            kept.by_actor.move_to_end(session.actor)
            while len(kept.by_actor) > _MOST_KEPT:
                kept.by_actor.popitem(last=False)
        kept.by_actor.move_to_end(session.actor)
        return entry.vocabulary


def addresses(session: ActorSession, known: Vocabulary) -> list[Addresses]:
    """Return the addresses that the actor may find; they are read when they are first wanted."""
    with known.lock:
        if known.addresses is None:
            known.addresses = Addresses(_addresses(session))
        late = known.late_addresses
        return [known.addresses] if late is None else [known.addresses, late]


@dataclass(slots=True)
class _Kept:
    by_actor: OrderedDict[Actor, _Entry] = field(default_factory=OrderedDict)
    lock: Lock = field(default_factory=Lock)


_KEPT: WeakKeyDictionary[Any, _Kept] = WeakKeyDictionary()
_keeping = Lock()


def _kept_for(session: ActorSession) -> _Kept:
    """Return what is kept of the session's database: it goes with the engine's connections."""
    bind: Any = session.get_bind()
    with _keeping:
        return _KEPT.setdefault(bind.engine.pool, _Kept())


def forget(engine: Engine) -> None:
    """Forget what is kept of a database, as a process that begins has nothing."""
    with _keeping:
        _KEPT.pop(engine.pool, None)


def forget_typed(engine: Engine) -> None:
    """Forget what was found for words typed before, and keep the vocabularies."""
    with _keeping:
        kept = _KEPT.get(engine.pool)
    for entry in kept.by_actor.values() if kept else ():
        known = entry.vocabulary
        known.names.forget()
        known.schools.forget()
        if known.heads is not None:
            known.heads.names.forget()
        if known.workshops is not None:
            known.workshops.forget()


# --- what has changed ---------------------------------------------------------------------


def _version(session: ActorSession) -> _Version:
    """Return how far all tables have come, whoever asks: it tells nothing of what is in them."""
    row = session.connection().execute(_ends()).one()
    return _Version(*(value or 0 for value in row))


@cache
def _ends() -> Any:
    tables = (
        "journal", "person", "post", "school", "account", "headship", "head_address", "workshop",
    )  # fmt: skip
    return select(*(select(func.max(table_named(t).c.id)).scalar_subquery() for t in tables))


def _renewed(session: ActorSession, entry: _Entry | None, version: _Version) -> _Entry:
    changes = None if entry is None else _changes(session, entry.version)
    people = entry.late_people | changes.people if entry and changes else frozenset()
    if entry is None or changes is None or len(people) > _MOST_LATE:
        return _Entry(
            Vocabulary(_names(session), _schools(session), _heads(session), _workshops(session)),
            version,
        )
    known = entry.vocabulary
    fresh = Vocabulary(
        known.names,
        _schools(session) if changes.schools else known.schools,
        _heads(session) if changes.heads else known.heads,
        _workshops(session) if changes.workshops else known.workshops,
        known.late,
        known.addresses,
        known.late_addresses,
    )
    if changes.people:
        fresh.late = Names(_names_of(session, people))
        fresh.late_addresses = Addresses(_addresses_of(session, people))
    if changes.accounts:
        fresh.addresses = None  # read again when one is looked for
    return _Entry(fresh, version, people)


@dataclass(frozen=True, slots=True)
class _Changes:
    people: frozenset[int]
    schools: bool
    accounts: bool
    heads: bool
    workshops: bool


def _changes(session: ActorSession, since: _Version) -> _Changes | None:
    """Return who and what changed since, whoever they are; None where it is too much."""
    connection = session.connection()
    lines, person = table_named("journal"), table_named("person")
    titled = and_(lines.c.entity == "workshop", lines.c.data.like('%"title"%'))
    columns = (lines.c.entity, lines.c.entity_id, lines.c.person_id, titled.label("titled"))
    found = connection.execute(
        select(*columns).where(lines.c.id > since.journal).limit(10 * _MOST_LATE + 1)
    ).all()
    new = select(person.c.id).where(person.c.id > since.people).limit(_MOST_LATE + 1)
    people = set(connection.scalars(new))
    for entity, entity_id, person_id, _titled in found:
        if entity in _OF_PEOPLE:
            people.add(entity_id if entity == "person" else person_id)
    people.discard(None)
    if len(found) > 10 * _MOST_LATE or len(people) > _MOST_LATE:
        return None
    now = _version(session)
    if now.posts > since.posts and not found:
        return None  # written past the journal, as samples and benchmarks are
    entities = {row.entity for row in found}
    heads = (now.headships, now.head_addresses) != (since.headships, since.head_addresses)
    return _Changes(
        frozenset(people),
        bool(entities.intersection(_OF_SCHOOLS)) or now.schools != since.schools,
        "account" in entities or now.accounts != since.accounts,
        heads or bool(entities.intersection(_OF_HEADS)),
        now.workshops != since.workshops or any(row.titled for row in found),
    )


# --- reading, as the session lets it through ----------------------------------------------


def _read(session: ActorSession, statement: Any) -> Iterator[Any]:
    """Yield rows some thousands at a time, so that they never all lie in memory."""
    rows = session.execute(statement, execution_options={"yield_per": _CHUNK})
    for part in rows.partitions():
        yield from part


def _names(session: ActorSession) -> Names:
    columns = (col(Person.surname_key), col(Person.first_name_key))
    return Names(_read(session, _limited(session, *columns).order_by(*columns)))


def _limited(session: ActorSession, *columns: Any) -> Any:
    """Select from people; for the actor of some schools by way of those who are there.

    The session limits what is found in any case; but asked of everybody, whether they are of
    these schools, would take a director as long as the whole register.
    """
    wanted = select(*columns).select_from(Person).distinct()
    schools = session.actor.schools
    if schools is None or not schools:
        return wanted
    there = _there(Post, schools).union(_there(Guardianship, schools))
    return wanted.where(or_(col(Person.id).in_(there), col(Person.merged_into_id).in_(there)))


def _there(table: Any, schools: Iterable[int]) -> Any:
    return select(table.person_id).where(table.school_id.in_(sorted(schools)))


def _names_of(session: ActorSession, people: Iterable[int]) -> list[tuple[str, str]]:
    wanted = select(col(Person.surname_key), col(Person.first_name_key))
    rows = session.execute(wanted.where(col(Person.id).in_(sorted(people))))
    return sorted((surname, first_name) for surname, first_name in rows)


def _schools(session: ActorSession) -> Schools:
    wanted = select(col(School.id), col(School.name), col(School.locality)).order_by(col(School.id))
    return Schools((row[0], row[1], row[2]) for row in _read(session, wanted))


def _heads(session: ActorSession) -> Heads | None:
    """Return the heads, past ones too; None for a director, who sees nothing of HeadNet."""
    if not is_manager(session):
        return None
    named = (col(Headship.surname_key), col(Headship.first_name_key))
    address = col(HeadAddress.email_key)
    return Heads(
        Names(_read(session, select(*named).distinct().order_by(*named))),
        Addresses(_keys(session, select(address).distinct().order_by(address))),
    )


def _workshops(session: ActorSession) -> Schools | None:
    if not may_see(session.actor.role, "workshops") and not session.actor.sees_all:
        return None
    wanted = select(col(Workshop.id), col(Workshop.title)).order_by(col(Workshop.id).desc())
    found = Schools((row[0], row[1], "") for row in _read(session, wanted.limit(_MOST_WORKSHOPS)))
    return found if len(found) else None


def _addresses(session: ActorSession) -> Iterator[str]:
    of_person, of_post = col(Person.personal_email_key), col(Post.school_email_key)
    personal = _limited(session, of_person).where(of_person.is_not(None)).order_by(of_person)
    of_school = select(of_post).where(of_post.is_not(None)).distinct().order_by(of_post)
    yield from _keys(session, personal)
    yield from _keys(session, of_school)
    yield from _keys(session, select(col(Account.email_key)).order_by(col(Account.email_key)))


def _addresses_of(session: ActorSession, people: Iterable[int]) -> Iterator[str]:
    ids = sorted(people)
    personal = select(col(Person.personal_email_key)).where(col(Person.id).in_(ids))
    of_school = select(col(Post.school_email_key)).where(col(Post.person_id).in_(ids))
    yield from _keys(session, personal)
    yield from _keys(session, of_school)


def _keys(session: ActorSession, statement: Any) -> Iterator[str]:
    return (row[0] for row in _read(session, statement) if row[0])
