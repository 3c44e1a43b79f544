"""Finding the people of a roster again: within the file, then among those known.

By source and identifier first, then by identity (DOMAIN §3): surname, first name and birth
date, or the staff number, all known and equal with nothing that speaks against. A name alone
never merges two people; but a row whose source gives neither is taken for the person whom
the same source named so in the same school before, or every import would double them.
"""

from collections import Counter, defaultdict
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field
from datetime import date
from typing import Any

from sqlalchemy import Connection, or_, select

from models.addresses import address_key
from models.bulk import table_named
from models.identity import Identity, double_score, suspected_pairs
from models.text import name_key
from services.belonging import beyond
from services.imports.roster import PersonRecord

#: Up to this many people in a file, only those who may be meant are read from the database.
_FEW = 300

#: The columns of a person that an import fills, in the order of `Known.values`.
PERSON = (
    "surname", "first_name", "surname_key", "first_name_key", "birth_date", "staff_number",
    "sex", "language", "personal_email", "personal_email_key", "personal_email_field",
)  # fmt: skip


@dataclass(slots=True, eq=False)
class Known:
    """A person in the database. `values` are neutral, as in `PERSON`; `key` is the source's.

    `shared` with a school that a limited actor does not see, so that the address stays.
    """

    id: int
    values: list[Any]
    keys: dict[int, set[str]] = field(default_factory=dict)
    visible: bool = True
    shared: bool = False
    claimed: bool = False
    guardian_only: bool = False

    @property
    def email_key(self) -> str | None:
        found: str | None = self.values[9]
        return found


@dataclass(slots=True, eq=False)
class Incoming:
    """A person of the file, whichever rows name them. `ref` is the id, or below 0 when new."""

    record: PersonRecord
    surname_key: str
    first_name_key: str
    birth: str | None
    number: str | None
    key: str | None
    email_key: str | None
    known: Known | None = None
    ref: int = 0
    removed: bool = False
    by_name: bool = False

    @property
    def label(self) -> str:
        if not self.surname_key and self.known is not None:
            return f"{self.known.values[0]} {self.known.values[1]}"
        return f"{self.record.surname} {self.record.first_name}"


@dataclass(slots=True)
class Matched:
    """The result: whom each record of the roster is about (None where it was refused)."""

    who: list[Incoming | None]
    reused_keys: list[int] = field(default_factory=list)
    hidden_keys: list[int] = field(default_factory=list)


class Register:
    """The people in the database, as far as a roster may mean them."""

    def __init__(self, people: Iterable[Known], source_id: int) -> None:
        self.source_id = source_id
        self.by_id: dict[int, Known] = {}
        self.by_key: dict[str, Known] = {}
        self.by_identity: defaultdict[tuple[str, str, str], list[Known]] = defaultdict(list)
        self.by_number: defaultdict[str, list[Known]] = defaultdict(list)
        for person in people:
            self.by_id[person.id] = person
            for key in person.keys.get(source_id, ()):
                self.by_key[key] = person
            values = person.values
            if values[2] and values[3] and values[4]:
                self.by_identity[values[2], values[3], values[4]].append(person)
            if values[5]:
                self.by_number[values[5]].append(person)

    def find(self, new: Incoming) -> Known | None:
        """Return the person who certainly is `new`, by key, then by identity."""
        if new.key is not None and (found := self.by_key.get(new.key)):
            return found
        candidates: list[Known] = []
        if new.birth and new.surname_key and new.first_name_key:
            wanted = (new.surname_key, new.first_name_key, new.birth)
            candidates += self.by_identity.get(wanted, ())
        if new.number:
            candidates += self.by_number.get(new.number, ())
        return next((one for one in candidates if not self.contradicts(one, new)), None)

    def contradicts(self, known: Known, new: Incoming) -> bool:
        """Tell whether something says that these are two people (DOMAIN §3, Identity)."""
        birth, number = known.values[4], known.values[5]
        if birth and new.birth and birth != new.birth:
            return True
        if number and new.number and number != new.number:
            return True
        keys = known.keys.get(self.source_id, ())
        return bool(keys) and new.key is not None and new.key not in keys


# --- reading the people known -----------------------------------------------------------


def load_register(
    connection: Connection,
    records: list[PersonRecord],
    source_id: int,
    schools: frozenset[int],
    owned: frozenset[int] | None,
) -> Register:
    """Read the people whom `records` may mean, and all with a post in `schools`.

    Everybody is looked at, whoever asks: one person is one account across schools. Whom a
    limited actor does not see is marked, and never shown or changed by the planner.
    """
    person = table_named("person")
    columns = [person.c.id, *(person.c[name] for name in PERSON), person.c.merged_into_id]
    statement = select(*columns)
    if len(records) <= _FEW:
        statement = statement.where(_may_be_meant(records, source_id, schools))
    texts = Days()
    people: dict[int, Known] = {}
    merged: dict[int, int] = {}
    for row in connection.execute(statement):
        values = list(row[1:12])
        values[4] = texts[values[4]]
        people[row[0]] = Known(row[0], values)
        if row[12] is not None:
            merged[row[0]] = row[12]
    _add_keys(connection, people, _take_merged_out(people, merged))
    for person_id in _guardians_without_post(connection):
        if person_id in people:
            people[person_id].guardian_only = True
    if owned is not None:
        visible = _visible(connection, owned)
        shared = beyond(connection, owned, people)
        for known in people.values():
            known.visible = known.id in visible
            known.shared = known.id in shared
    return Register(people.values(), source_id)


def _may_be_meant(records: list[PersonRecord], source_id: int, schools: frozenset[int]) -> Any:
    person, key, post = table_named("person"), table_named("person_key"), table_named("post")
    emails = {address_key(r.personal_email) for r in records if r.personal_email}
    own_keys = [r.key for r in records if r.key is not None]
    by_key = select(key.c.person_id).where(key.c.source_id == source_id, key.c.key.in_(own_keys))
    return or_(
        person.c.surname_key.in_({name_key(r.surname) for r in records}),
        person.c.birth_date.in_({r.birth_date for r in records if r.birth_date}),
        person.c.personal_email_key.in_(emails),
        person.c.staff_number.in_({r.staff_number for r in records if r.staff_number}),
        person.c.id.in_(by_key),
        person.c.id.in_(select(post.c.person_id).where(post.c.school_id.in_(sorted(schools)))),
    )


def _take_merged_out(people: dict[int, Known], merged: dict[int, int]) -> dict[int, int]:
    """Take out those who were merged into another; return into whom, by their id."""
    for gone in merged:
        people.pop(gone, None)
    into: dict[int, int] = {}
    for gone in merged:
        final = merged[gone]
        while final in merged:
            final = merged[final]
        into[gone] = final
    return into


def _add_keys(connection: Connection, people: dict[int, Known], into: dict[int, int]) -> None:
    key = table_named("person_key")
    if not people:
        return
    statement = select(key.c.person_id, key.c.source_id, key.c.key)
    if len(people) + len(into) <= _FEW:
        statement = statement.where(key.c.person_id.in_([*people, *into]))
    for person_id, source_id, text in connection.execute(statement):
        known = people.get(into.get(person_id, person_id))
        if known is not None:
            known.keys.setdefault(source_id, set()).add(text)


def _guardians_without_post(connection: Connection) -> set[int]:
    guardianship, post = table_named("guardianship"), table_named("post")
    guardians = set(connection.scalars(select(guardianship.c.person_id).distinct()))
    if not guardians:
        return guardians
    return guardians - set(connection.scalars(select(post.c.person_id).distinct()))


def _visible(connection: Connection, owned: frozenset[int]) -> set[int]:
    found: set[int] = set()
    for name in ("post", "guardianship"):
        table = table_named(name)
        theirs = select(table.c.person_id).where(table.c.school_id.in_(sorted(owned)))
        found |= set(connection.scalars(theirs))
    return found


class Days(dict[date | None, str | None]):
    """Days as neutral text; a birth date stands in many rows, and is written once."""

    def __missing__(self, day: date | None) -> str | None:
        text = self[day] = None if day is None else day.isoformat()
        return text


# --- matching ---------------------------------------------------------------------------


#: The people who had a post from this source in some schools, by surname and first name.
Home = dict[tuple[str, str], list[Known]]


def match(records: list[PersonRecord], register: Register, homes: list[Home]) -> Matched:
    """Say who each record is about.

    `homes[i]` are the people who had a post from this source in the schools of record i:
    only among them may a name alone be enough.
    """
    result = Matched([])
    unsure: dict[int, tuple[list[Known], list[Incoming]]] = {}
    everybody = _within_the_file(records, result)
    nobody_known = not register.by_id
    for index, new in everybody:
        if nobody_known:
            continue
        found = register.find(new)
        if found is not None and not found.visible and not _names_agree(found, new):
            # A limited actor learns nothing by guessing identifiers.
            result.hidden_keys.append(index)
            continue
        if found is None:
            namesakes = homes[index].get((new.surname_key, new.first_name_key))
            if namesakes:
                unsure.setdefault(id(namesakes), (namesakes, []))[1].append(new)
            continue
        _claim(new, found)
    for namesakes, group in unsure.values():
        _match_by_name(group, namesakes, register)
    return result


def _claim(new: Incoming, found: Known) -> None:
    new.known, new.ref, found.claimed = found, found.id, True


def _names_agree(known: Known, new: Incoming) -> bool:
    return bool(known.values[2] == new.surname_key and known.values[3] == new.first_name_key)


def _within_the_file(
    records: list[PersonRecord], result: Matched
) -> Iterator[tuple[int, Incoming]]:
    """Merge the rows of one person; yield each person once, with the first row's index."""
    by_key: dict[str, Incoming] = {}
    by_identity: dict[tuple[str, str, str], Incoming] = {}
    by_number: dict[str, Incoming] = {}
    texts = Days()
    found: list[tuple[int, Incoming]] = []
    add = result.who.append
    for index, record in enumerate(records):
        email = record.personal_email
        new = Incoming(
            record,
            name_key(record.surname),
            name_key(record.first_name),
            texts[record.birth_date],
            record.staff_number,
            record.key,
            address_key(email) if email else None,
            removed=record.removed,
        )
        identity = (new.surname_key, new.first_name_key, new.birth or "")
        same = by_key.get(new.key) if new.key is not None else None
        if same is not None and _is_another(same, new):
            result.reused_keys.append(index)
            add(None)
            continue
        if same is None and new.birth:
            same = _unless_contradicted(by_identity.get(identity), new)
        if same is None and new.number:
            same = _unless_contradicted(by_number.get(new.number), new)
        if same is None:
            same = new
            found.append((index, new))
        else:
            _fill_in(same, new)
        add(same)
        if same.key is not None:
            by_key.setdefault(same.key, same)
        if same.birth:
            by_identity.setdefault(identity, same)
        if same.number:
            by_number.setdefault(same.number, same)
    return iter(found)


def _is_another(one: Incoming, other: Incoming) -> bool:
    """Tell whether one identifier names two people in one file, which is a fault of the file."""
    if one.birth and other.birth:
        return one.birth != other.birth
    return one.surname_key != other.surname_key and one.first_name_key != other.first_name_key


def _unless_contradicted(one: Incoming | None, other: Incoming) -> Incoming | None:
    if one is None or (one.birth and other.birth and one.birth != other.birth):
        return None
    if one.number and other.number and one.number != other.number:
        return None
    return None if one.key and other.key and one.key != other.key else one


def _fill_in(same: Incoming, more: Incoming) -> None:
    """Complete what the first row leaves out with what a later row of the same person says."""
    mine, theirs = same.record, more.record
    same.birth, same.number = same.birth or more.birth, same.number or more.number
    same.key = same.key if same.key is not None else more.key
    same.removed = same.removed and more.removed
    if same.email_key is None and more.email_key is not None:
        same.email_key = more.email_key
        mine.personal_email = theirs.personal_email
        mine.personal_email_field = theirs.personal_email_field
    mine.sex, mine.language = mine.sex or theirs.sex, mine.language or theirs.language


def _match_by_name(group: list[Incoming], namesakes: list[Known], register: Register) -> None:
    """Match rows of one name with those of that name in the same school and source before.

    Equal addresses first, so that two of one name do not change places; then in order.
    """
    for same_address in (True, False):
        for new in [new for new in group if new.known is None]:
            for one in namesakes:
                if one.claimed or register.contradicts(one, new):
                    continue
                if same_address and (new.email_key is None or new.email_key != one.email_key):
                    continue
                _claim(new, one)
                new.by_name = True
                break


# --- suspected doubles ------------------------------------------------------------------


def doubles(
    people: list[Incoming], register: Register
) -> Iterator[tuple[Incoming, Incoming | Known, int]]:
    """Yield whom a new or changed person may be the same as, with the score.

    Two of the four marks must agree (`models.identity`), so all but those who share two with
    somebody are left aside before anything is compared.
    """
    sharing = _Sharing(people, register)
    everyone: list[Incoming | Known] = [*sharing.incoming, *sharing.known]
    identities = [_identity(one, register) for one in everyone]
    incoming = len(sharing.incoming)
    for i, j in suspected_pairs(identities):
        first, second = everyone[i], everyone[j]
        if i >= incoming or first is second:
            continue
        assert isinstance(first, Incoming)
        if isinstance(second, Known) and (first.known is second or _only_a_namesake(first, second)):
            continue
        yield first, second, double_score(identities[i], identities[j])


def _only_a_namesake(one: Incoming, known: Known) -> bool:
    """Of a guardian who is no staff a name alone says nothing: no birth date tells more."""
    return known.guardian_only and (one.email_key is None or one.email_key != known.email_key)


class _Sharing:
    """Who shares two marks with somebody else whom nothing certain tells apart.

    Whom one source knows by two identifiers are two people, so those of the file who have an
    identifier are compared with others only; in most files that leaves nothing to compare.
    """

    def __init__(self, people: list[Incoming], register: Register) -> None:
        own = {one.ref for one in people}
        known = [one for one in register.by_id.values() if one.id not in own]
        loose = [one for one in people if one.key is None]
        keyed = [one for one in people if one.key is not None] if loose or known else []
        loose_marks = Counter(mark for one in loose for mark in _marks_of(one))
        keyed_marks = {mark for one in keyed for mark in _marks_of(one)}
        self.known = [
            one
            for one in known
            if any(m in loose_marks or m in keyed_marks for m in _marks(*_named(one)))
        ]
        known_marks = {mark for one in self.known for mark in _marks(*_named(one))}
        self.incoming = [
            one
            for one in loose
            if any(
                loose_marks[m] > 1 or m in keyed_marks or m in known_marks for m in _marks_of(one)
            )
        ]
        self.incoming += [
            one
            for one in keyed
            if any(mark in loose_marks or mark in known_marks for mark in _marks_of(one))
        ]


def _marks_of(one: Incoming) -> list[tuple[Any, ...]]:
    return _marks(one.surname_key, one.first_name_key, one.birth, one.email_key)


def _named(one: Known) -> tuple[str, str, str | None, str | None]:
    return one.values[2], one.values[3], one.values[4], one.values[9]


def _marks(
    surname: str, first_name: str, birth: str | None, email: str | None
) -> list[tuple[Any, ...]]:
    """Return what two people must share one of, to be suspected."""
    marks: list[tuple[Any, ...]] = []
    if surname and first_name:
        marks.append((surname, first_name))
    if birth:
        marks += [(1, surname, birth), (2, first_name, birth)]
    if email:
        marks += [(3, email, surname), (4, email, first_name)]
        if birth:
            marks.append((5, email, birth))
    return marks


def _identity(one: Incoming | Known, register: Register) -> Identity:
    if isinstance(one, Known):
        values = one.values
        keys = frozenset((s, key) for s, found in one.keys.items() for key in found)
        birth, number, email = values[4], values[5], values[9]
        names = (values[2], values[3])
    else:
        keys = frozenset({(register.source_id, one.key)} if one.key is not None else ())
        if one.known is not None:
            keys |= {(s, key) for s, found in one.known.keys.items() for key in found}
        birth, number, email = one.birth, one.number, one.email_key
        names = (one.surname_key, one.first_name_key)
    return Identity(
        *names,
        date.fromisoformat(birth) if birth else None,
        number,
        frozenset((email,)) if email else frozenset(),
        keys,
    )
