"""A director never sees or changes another school's row, whatever is asked of the services."""

import dataclasses
import re
from collections import Counter
from collections.abc import Iterator, Mapping
from contextlib import suppress
from dataclasses import dataclass
from datetime import date, datetime
from pathlib import Path
from random import Random
from typing import Any

import pytest
from sqlalchemy import (
    Engine,
    delete,
    exists,
    func,
    insert,
    literal,
    select,
    text,
    true,
    update,
)
from sqlalchemy.orm import aliased
from sqlmodel import SQLModel, col

import services
from models.access import Mission
from models.accounts import Draft
from models.base import Table
from models.database import Actor, OutOfScope, change, reading, writing
from models.errors import TrousseauError
from models.keys import Key
from models.language import Wording
from models.mail import Mail
from models.people import Person, Post
from services import plans
from services.desk import DataBusy, Desk, told_in_words
from tests.faults import two_schools
from tests.faults.calls import Chooser, arguments, functions, hostile_plan
from tests.faults.two_schools import (
    BASE,
    MARKER,
    OTHER_NUMBER,
    Rows,
    Schools,
    all_ids,
    everything,
    foreign_of,
    foreign_rows,
    ids_of,
    watching,
)
from tests.worlds import NOW

FUNCTIONS = functions()
#: Calls of each function; the state that one leaves is where the next begins.
CALLS = 6
#: What services return and must not be looked into: the program's own, never shown.
_OPAQUE = (bool, date, datetime, Engine, Key)
#: Functions that no director's desk is given, and why.
NOT_FOR_DIRECTORS = {"demo_guests.somebody"}  # asks for the sample schools, and there are none here
#: Somebody of theirs may be one with somebody elsewhere: of whom the bare number is told, to
#: decide the pair by, and neither name nor school (DOMAIN §3, Identity).
TELL_OF_A_DOUBLE = ("doubles.open_pairs", "person.person_page")


# --- looking for leaks --------------------------------------------------------------------


def scalars(value: Any, depth: int = 0) -> Iterator[Any]:
    """Yield every text and number in a value, however it is packed."""
    if depth > 12 or value is None or isinstance(value, _OPAQUE):
        return
    if isinstance(value, str | int | float):
        yield value
    elif isinstance(value, bytes):
        yield value.decode(errors="replace")
    elif isinstance(value, Wording):
        yield value.text("en")
        yield from scalars(value.values, depth + 1)
    elif isinstance(value, Table):
        yield from scalars(dict(value.__dict__), depth + 1)
    elif dataclasses.is_dataclass(value) and not isinstance(value, type):
        for field in dataclasses.fields(value):
            yield from scalars(getattr(value, field.name, None), depth + 1)
    elif isinstance(value, Mapping):
        for key, inner in value.items():
            yield from scalars(key, depth + 1)
            yield from scalars(inner, depth + 1)
    elif isinstance(value, list | tuple | set | frozenset | Iterator):
        for inner in value:
            yield from scalars(inner, depth + 1)
    elif isinstance(value, TrousseauError):
        yield from scalars(vars(value), depth + 1)
        yield str(value)


def leaks(result: Any, given: Any, foreign_ids: frozenset[int]) -> list[Any]:
    """Return what of the other school is in a result and was not in what the caller gave."""
    said = list(scalars(given))
    texts = sorted({each for each in said if isinstance(each, str) and each}, key=len, reverse=True)
    numbers = {each for each in said if isinstance(each, int)}
    texts += [str(OTHER_NUMBER)] if OTHER_NUMBER in numbers else []
    found: list[Any] = []
    for each in scalars(result):
        if isinstance(each, int | float):
            if each in foreign_ids and each not in numbers:
                found.append(each)
            continue
        left = each
        for own in texts:
            left = left.replace(own, "")
        if MARKER in left or MARKER.upper() in left or str(OTHER_NUMBER) in left:
            found.append(each)
    return found


def test_leaks_are_found() -> None:
    mail = Mail(id=5, recipient=f"x@{MARKER}.example", reply="")
    packed = ([{"a": (mail, Wording("%(n)s", {"n": BASE}))}],)
    assert leaks(packed, None, frozenset({BASE})) == [f"x@{MARKER}.example", BASE]
    assert not leaks(f"no {MARKER}", [MARKER, BASE], frozenset({BASE}))


def test_what_is_committed_is_noticed_and_nothing_else(schools: Schools) -> None:
    desk = schools.director
    with watching(desk.engine) as is_changed:
        with writing(desk.engine, desk.actor, NOW) as session:
            session.scalars(select(Person)).all()
        assert not is_changed()
        with writing(desk.engine, desk.actor, NOW) as session:
            session.add(Draft(owner=desk.actor.owner, form="f", contents="{}", saved_at=NOW))
        assert is_changed()


# --- calling ------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class Seen:
    """What is in the database: the rows that are not an actor's, and all identifiers."""

    foreign: Rows
    ids: dict[str, list[int]]


def look(engine: Engine, actor: Actor) -> Seen:
    tables = everything(engine)
    return Seen(foreign_of(tables, actor), ids_of(tables))


def attack(
    name: str,
    schools: Schools,
    key: Key,
    random: Random,
    before: Seen | None = None,
    desk: Desk | None = None,
) -> tuple[str, Seen]:
    """Call one function as a director, or at another desk, with arguments of both schools.

    Return how it ended, and what is in the database afterwards: `before` of the next call.
    """
    function, desk = FUNCTIONS[name], desk or schools.director
    engine, actor = desk.engine, desk.actor
    before = look(engine, actor) if before is None else before
    result: Any = None
    with watching(engine) as is_changed:
        try:
            with told_in_words(), writing(engine, actor, desk.now()) as session:
                chooser = Chooser(schools, random, before.ids, session, key)
                given = arguments(name, function, chooser)
                said = list(scalars(given))  # before the function can change them
                result = function(session, **given)
                if isinstance(result, Iterator):
                    result = list(result)
            ending = "done"
        except DataBusy:
            raise  # hides a mistake of the program
        except TrousseauError as error:
            result, ending = error, type(error).__name__
        changed = is_changed()
    foreign = frozenset(
        n for table, n in before.foreign if isinstance(n, int) and n >= BASE and table != "journal"
    )
    if name in TELL_OF_A_DOUBLE:
        foreign = foreign - _others_of_doubles(engine)
    found = leaks(result, said, foreign)
    assert not found, f"{name}({given}) shows {found}"
    if not changed:
        return ending, before
    after = look(engine, actor)
    still = _still(before.foreign, after.foreign, engine)
    lost = [row for row in before.foreign if row not in still]
    assert not lost, f"{name}({given}) changed {lost}"
    new = [row for row in after.foreign if row not in before.foreign and row[0] != "journal"]
    assert not new, f"{name}({given}) made {new}"
    return ending, after


def _others_of_doubles(engine: Engine) -> frozenset[int]:
    pairs = SQLModel.metadata.tables["suspected_double"]
    with engine.connect() as connection:
        rows = connection.execute(select(pairs.c.person_id, pairs.c.other_id)).all()
    return frozenset(n for pair in rows if min(pair) < BASE for n in pair)


def _still(before: Rows, after: Rows, engine: Engine) -> set[Any]:
    """Return the rows that are as they were.

    A person may have become the director's, for a file may name somebody known elsewhere:
    then the row must be unchanged all the same.
    """
    same = {row for row, values in before.items() if after.get(row) == values}
    with engine.connect() as connection:
        for table, number in (row for row in before if row not in after):
            if table in ("person", "person_key", "suspected_double"):
                statement = f'SELECT * FROM "{table}" WHERE id = {number}'
                found = connection.exec_driver_sql(statement).first()
                if found is not None and tuple(found) == before[table, number]:
                    same.add((table, number))
    return same


@pytest.mark.parametrize("name", sorted(FUNCTIONS.keys() - NOT_FOR_DIRECTORS))
def test_no_function_lets_a_director_into_another_school(
    name: str, schools: Schools, key: Key
) -> None:
    random, rows = Random(name), None
    for _ in range(CALLS):
        _ending, rows = attack(name, schools, key, random, rows)


#: What an IB coordinator asks for and changes (DESIGN §9).
FOR_COORDINATORS = sorted(
    name
    for name in FUNCTIONS
    if name.startswith(("workshop", "head", "plans.", "school_holidays."))
)


def test_no_function_lets_a_coordinator_into_another_school(schools: Schools, key: Key) -> None:
    random, rows, done = Random(5), None, set[str]()
    for name in FOR_COORDINATORS:
        for _ in range(2):
            ending, rows = attack(name, schools, key, random, rows, schools.coordinator)
            done |= {name} if ending == "done" else set()
    assert len(done) > 15, done  # else this proved nothing


def test_no_plan_reaches_into_another_school(schools: Schools, key: Key) -> None:
    """Whoever computed it, and however: what is applied is looked at once more."""
    desk, random = schools.director, Random(11)
    ids = all_ids(desk.engine)
    before = foreign_rows(desk.engine, desk.actor)
    endings: Counter[str] = Counter()
    for _ in range(60):
        try:
            with told_in_words(), writing(desk.engine, desk.actor, desk.now()) as session:
                draft = hostile_plan(Chooser(schools, random, ids, session, key), desk.actor)
                plan = plans.store(session, draft)
                plans.apply(session, plan)
            endings["applied"] += 1
            desk.write(plans.undo, plan)
            endings["undone"] += 1
        except (OutOfScope, plans.PlanRefused, plans.PlanStale) as error:
            endings[type(error).__name__] += 1
        after = foreign_rows(desk.engine, desk.actor)
        new = [row for row in after if row not in before and row[0] != "journal"]
        assert {row: after.get(row) for row in before} == before and not new, draft.items[0].changes
    assert endings["OutOfScope"] > 20 and endings["undone"] > 0, endings


def test_attacks_reach_their_own_school(schools: Schools, key: Key) -> None:
    """Else the tests above would prove nothing."""
    wanted = {
        "team_access.page", "person.person_page", "consents.listed", "plans.rows", "plans.apply",
        "invitation_status.page", "outbox.try_now", "schools.search", "doubles.open_pairs",
    }  # fmt: skip
    random = Random(7)
    for name in sorted(wanted):
        assert any(attack(name, schools, key, random)[0] == "done" for _ in range(60)), name


def test_no_function_lets_a_director_in_on_postgresql(postgresql_engine: Engine, key: Key) -> None:
    schools, random = two_schools.build(postgresql_engine), Random(2026)
    names = sorted(FUNCTIONS.keys() - NOT_FOR_DIRECTORS)
    for name in random.sample(names, min(len(names), 25)):
        attack(name, schools, key, random)


# --- past the services --------------------------------------------------------------------


def _past_the_door(session: Any, schools: Schools) -> dict[str, Any]:
    """Return what a careless service might do, by what it is."""
    world, person = schools.world, schools.other[0].person
    everyone = aliased(Person)
    inner = select(col(Person.surname).label("name")).subquery()
    new = {
        "school_id": world.other, "template": "t", "language": "fr", "recipient": "a@b.example",
        "queued_at": NOW, "expires_at": NOW, "next_attempt_at": NOW,
    }  # fmt: skip
    return {
        "get": lambda: session.get(Person, person, populate_existing=True),
        "alias": lambda: session.execute(select(everyone.surname)).all(),
        "subquery": lambda: session.execute(select(inner.c.name)).all(),
        "function": lambda: session.scalar(select(func.max(Person.surname))),
        "join": lambda: session.execute(
            select(col(Post.id), col(Person.surname)).outerjoin(Person, true())
        ).all(),
        "union": lambda: session.execute(
            select(col(Person.surname)).union(select(everyone.surname))
        ).all(),
        "exists": lambda: session.scalar(
            select(literal(MARKER)).where(
                exists(select(col(Person.id)).where(col(Person.id) == person))
            )
        ),
        "bare text": lambda: session.execute(text("SELECT * FROM person")).all(),
        "bare table": lambda: session.execute(select(SQLModel.metadata.tables["mail"])).all(),
        "from text": lambda: session.scalars(
            select(Person).from_statement(text("SELECT * FROM person"))
        ).all(),
        "insert": lambda: session.execute(insert(Mail).values(**new)),
        "add": lambda: session.add(Mail(**new)),
        "update": lambda: session.execute(update(Mail).values(reply="taken")),
        "update by id": lambda: session.execute(
            update(Mail), [{"id": mail, "reply": "taken"} for mail in schools_mails(world.engine)]
        ),
        "delete": lambda: session.execute(delete(Draft)),
        "give away": lambda: change(session, Mission, col(Mission.id) > 0, school_id=world.other),
        "fetch": lambda: change(session, Mission, col(Mission.id) > 0, removed_at=NOW),
    }


def schools_mails(engine: Engine) -> list[int]:
    return [n for n in all_ids(engine)["mail"] if n >= BASE]


def test_a_joined_alias_is_refused(schools: Schools) -> None:
    """SQLAlchemy would limit the table and not its alias."""
    mail = aliased(Mail)
    inner = select(mail.id).join(mail, mail.person_id == Person.id).exists()
    statements = (
        select(col(Person.id), mail.recipient).join(mail, mail.person_id == Person.id),
        select(col(Mail.id)).outerjoin(mail, mail.id == Mail.id),
        select(col(Post.id)).where(inner),
    )
    desk = schools.director
    for statement in statements:
        with (
            reading(desk.engine, desk.actor, NOW) as session,
            pytest.raises(RuntimeError, match="alias"),
        ):
            session.execute(statement)


def test_the_session_itself_holds(schools: Schools) -> None:
    desk = schools.director
    before = foreign_rows(desk.engine, desk.actor)
    with reading(desk.engine, desk.actor, NOW) as session:
        names = list(_past_the_door(session, schools))
    for name in names:
        result: Any = None
        with suppress(OutOfScope), writing(desk.engine, desk.actor, NOW) as session:
            result = _past_the_door(session, schools)[name]()
            result = str(getattr(result, "surname", result))
            session.flush()
        assert MARKER not in str(result), name
        after = foreign_rows(desk.engine, desk.actor)
        assert {row: after.get(row) for row in before} == before, name
        assert {row for row in after.keys() - before.keys() if row[0] != "journal"} == set(), name


#: Where a service leaves the door on purpose, and why that is right. Whoever adds a place
#: adds it here with its reason.
PAST_THE_DOOR = {
    "services/plans.py": "applies what `_check_scope` has looked at row by row",
    "services/imports/drafting.py": "one person is one across schools: hidden ones are marked",
    "services/imports/matching.py": "the same; `Known.visible` decides what is told or changed",
    "services/imports/planning.py": "the code of a source is unique across schools",
    "services/imports/planning_people.py": "reads schools that are the actor's",
    "services/imports/planning_doubles.py": "pairs and activations, by their bare numbers",
    "services/imports/planning_schools.py": "schools are public; only own ones are changed",
    "services/invitations.py": "whether an account exists elsewhere, yes or no",
    "services/doubles.py": "whether a post exists elsewhere, yes or no",
    "services/belonging.py": "whether somebody belongs elsewhere too, yes or no",
    "services/outbox.py": "one prepared statement for what was sent, after `_within_sight`",
    "services/maintenance.py": "the whole installation, from the command line only",
    "services/opening.py": "the whole installation, from the command line only",
    "services/demo_headnet.py": "throw-away samples, in a database of their own",
    "services/demo.py": "throw-away samples, in a database of their own",
    "services/mail/sender.py": "sends for everybody, or for the actor's schools (`_within`)",
    "services/attention.py": "names the first column of a grouping",
    "services/guardians.py": "whether a guardian has a post anywhere, yes or no",
    "services/imports/planning_families.py": "as matching.py: `Known.visible` decides what is told",
    "services/imports/family_losses.py": "names guardians of pupils in the actor's schools",
    "services/nightly.py": "works for the whole installation, while nobody is there",
    "services/headnet_sign_in.py": "notes when a head came in, at the door; refuses all others",
    "services/urn.py": "a head’s ballot into the urn, which no session reads; bare numbers",
    "services/election_results.py": "publishes once what has closed, whoever opens the page",
    "services/search_vocabulary.py": "how far tables have come; names are read as the actor's",
    "services/tries.py": "counts tries at the door, where nobody is in yet; refuses all others",
}
_BARE = re.compile(
    r"\.connection\(\)|engine\.connect\(\)|__table__|table_named|\btext\(\s*f?[\"']|literal_column\("
    r"|from_statement|bulk_(save|insert|update)|exec_driver_sql|SYSTEM\b"
)


def test_every_way_past_the_door_is_known() -> None:
    root = Path(services.__path__[0])
    found = {
        str(file.relative_to(root.parent))
        for file in root.rglob("*.py")
        if _BARE.search(file.read_text())
    }
    assert found == set(PAST_THE_DOOR)
