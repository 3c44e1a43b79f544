"""What a coordinator, a teacher, a parent and a stranger see and change: what the table says.

The rules are written here a second time, on purpose, by bare SQL and from the words of
DESIGN §9: `models.rights` and `models.scope` are under test.
"""

from collections.abc import Callable, Iterator
from dataclasses import dataclass, field, replace
from pathlib import Path
from random import Random
from typing import Any

import pytest
from sqlalchemy import Engine, select, update
from sqlalchemy.exc import NoResultFound

from models.base import Table
from models.database import TABLES, OutOfScope, make_engine, reading, writing
from models.errors import TrousseauError
from models.keys import Key
from models.rights import ROLES, THINGS, may_change, may_see, right, rows_about
from models.scope import Actor
from services.desk import DataBusy, Desk, told_in_words
from tests.faults import two_schools
from tests.faults.calls import Chooser, arguments, functions
from tests.faults.test_scope import scalars
from tests.faults.two_schools import Schools, all_ids, everything, watching

FUNCTIONS = functions()
#: Who tries, by the property of `Schools`.
WHO = ("teacher", "parent", "stranger")
CALLS = 3
#: Each call has a session of its own.
NO_SESSION: Any = None
#: Tables in which a call may leave something: one's own drafts, and who did it.
OWN = ("draft", "journal")


@dataclass(frozen=True)
class Before:
    """What stands in the database that every test begins with."""

    rows: dict[str, list[Any]]
    ids: dict[str, list[int]]
    found: dict[Actor, set[str]] = field(default_factory=dict)

    def secrets(self, actor: Actor) -> set[str]:
        if actor not in self.found:
            self.found[actor] = secrets_of_others(self.rows, actor)
        return self.found[actor]


@pytest.fixture(scope="module")
def before(full: tuple[Path, Schools]) -> Before:
    engine = make_engine(f"sqlite:///{full[0]}")
    try:
        return Before(everything(engine), all_ids(engine))
    finally:
        engine.dispose()


def test_only_the_coordinator_has_to_do_with_a_heads_password() -> None:
    assert [role for role in ROLES if may_see(role, "headnet")] == ["helpdesk", "coordinator"]
    assert [role for role in ROLES if may_change(role, "votes")] == ["head"]
    for thing in ("reading_room", "elections"):
        assert [role for role in ROLES if may_see(role, thing)] == ["helpdesk", "head"]
        assert [role for role in ROLES if may_change(role, thing)] == ["helpdesk"]


# --- rows ---------------------------------------------------------------------------------

Rule = Callable[[dict[str, Any]], bool]


def rules(actor: Actor, rows: dict[str, list[Any]]) -> dict[str, Rule]:
    """Return, table by table, which rows somebody with a person or children sees; else none."""
    me = actor.person_id or -1
    accesses = {row["id"] for row in rows["access"] if row["person_id"] == me}
    posts = {row["id"] for row in rows["post"] if row["person_id"] == me}
    schools = actor.schools or frozenset()

    def nobody(_row: Any) -> bool:
        return False

    def all_of(_row: Any) -> bool:
        return True

    def mine(row: Any) -> bool:
        return bool(row["person_id"] == me)

    def own_account(row: Any) -> bool:
        return bool(actor.account_id and row.get("account_id", row["id"]) == actor.account_id)

    everyone: dict[str, Rule] = {
        **dict.fromkeys(
            (
                "calendar",
                "school_year",
                "school_holiday",
                "governing_body",
                "service",
                "service_role",
            ),
            all_of,
        ),
        "school": lambda row: row["id"] in schools,
        "site": lambda row: row["school_id"] in schools,
        "person": lambda row: row["id"] == me,
        "person_key": mine,
        "access": mine,
        "suspension": lambda row: row["access_id"] in accesses,
        "invitation": lambda row: row["access_id"] in accesses,
        "mail": mine,
        "draft": lambda row: row["owner"] == actor.owner,
        "account": own_account,
    }
    staff: dict[str, Rule] = {
        "source": lambda row: row["school_id"] is None or row["school_id"] in schools,
        "post": mine,
        "mission": mine,
        "consent": mine,
        "printed_form": lambda row: row["post_id"] in posts,
    }
    parent: dict[str, Rule] = {
        "pupil": lambda row: row["id"] in actor.pupils,
        "guardianship": lambda row: row["pupil_id"] in actor.pupils and row["person_id"] == me,
    }
    by_role = {"staff": {**everyone, **staff}, "parent": {**everyone, **parent}}
    return {name: by_role.get(actor.role, {}).get(name, nobody) for name in rows}


def seen(desk: Desk, table: type[Table]) -> set[Any]:
    columns = [column.name for column in table.__table__.primary_key]  # type: ignore[attr-defined]
    with reading(desk.engine, desk.actor, desk.now()) as session:
        rows = session.scalars(select(table)).all()
        return {tuple(getattr(row, name) for name in columns) for row in rows}


def check_rows(desk: Desk) -> int:
    rows = everything(desk.engine)
    rule, count = rules(desk.actor, rows), 0
    for table in TABLES:
        name = str(table.__tablename__)
        columns = [column.name for column in table.__table__.primary_key]  # type: ignore[attr-defined]
        wanted = {tuple(row[c] for c in columns) for row in rows[name] if rule[name](row)}
        assert seen(desk, table) == wanted, (desk.actor.role, name)
        count += len(wanted)
    return count


@pytest.mark.parametrize("who", WHO)
def test_a_session_holds_what_the_table_of_rights_says(who: str, schools: Schools) -> None:
    count = check_rows(getattr(schools, who))
    assert count > 10 or (who == "stranger" and count == 0)


def test_the_same_on_postgresql(postgresql_engine: Engine) -> None:
    schools = two_schools.build(postgresql_engine)
    for who in WHO:
        check_rows(getattr(schools, who))


@pytest.mark.parametrize("who", WHO)
def test_nobody_changes_what_is_only_seen(who: str, schools: Schools) -> None:
    desk = getattr(schools, who)
    before = everything(desk.engine)
    for table in TABLES:
        if table.__tablename__ in OWN:
            continue
        column = next(iter(table.__table__.columns)).name  # type: ignore[attr-defined]
        value = getattr(table, column)
        with pytest.raises(OutOfScope), writing(desk.engine, desk.actor, desk.now()) as session:
            session.execute(
                update(table).values(**{column: value}), execution_options={"journaled": True}
            )
    assert everything(desk.engine) == before


# --- services -----------------------------------------------------------------------------


def secrets_of_others(rows: dict[str, list[Any]], actor: Actor) -> set[str]:
    """Return addresses and names that somebody has no business to read."""
    rule = rules(actor, rows)
    fields = {
        "person": ("surname", "personal_email"),
        "post": ("school_email",),
        "consent": ("email",),
        "mail": ("recipient",),
        "pupil": ("surname", "group"),
        "account": ("email",),
    }
    own, others = set[str](), set[str]()
    for table, columns in fields.items():
        for row in rows[table]:
            (own if rule[table](row) else others).update(
                row[column] for column in columns if row[column]
            )
    return others - own


@pytest.mark.parametrize("who", WHO)
@pytest.mark.parametrize("name", sorted(FUNCTIONS))
def test_no_function_lets_anybody_further(
    who: str, name: str, schools: Schools, before: Before, key: Key
) -> None:
    desk, random = getattr(schools, who), Random(f"{who} {name}")
    given: list[Any] = []
    with watching(desk.engine) as is_changed:
        for _ in range(CALLS):
            given.append(
                call(name, desk, Chooser(schools, random, before.ids, NO_SESSION, key), before)
            )
        after = everything(desk.engine) if is_changed() else before.rows
    changed = [t for t in after if t not in OWN and after[t] != before.rows[t]]
    assert not changed, f"{name} changed {changed}, called with {given}"


def call(name: str, desk: Desk, chooser: Chooser, before: "Before") -> Any:
    """Call a function with arguments of anybody's, look into what it returns; return those."""
    result: Any = None
    try:
        with told_in_words(), writing(desk.engine, desk.actor, desk.now()) as session:
            given = arguments(name, FUNCTIONS[name], replace(chooser, session=session))
            said = "\n".join(str(each) for each in scalars(given))
            result = FUNCTIONS[name](session, **given)
            if isinstance(result, Iterator):
                result = list(result)
    except DataBusy as error:
        if not isinstance(error.__cause__, NoResultFound):
            raise  # hides a mistake of the program
        result = error  # whose reference tables are empty finds not even a service
    except (TrousseauError, LookupError) as error:
        result = error
    told = "\n".join(str(each) for each in scalars(result))
    leaked = {
        secret for secret in before.secrets(desk.actor) if secret in told and secret not in said
    }
    assert not leaked, f"{name}({given}) tells {leaked}"
    return given


# --- the table itself ---------------------------------------------------------------------


#: What is the coordinator's and the head's, and no director's (DOMAIN §1, HeadNet).
OF_HEADNET = ("headnet", "reading_room", "elections", "votes", "urns", "readings")


def test_rights_become_fewer_from_role_to_role() -> None:
    reaches = ("none", "own", "children", "schools", "all")
    for thing in set(THINGS.values()):
        found = [right(role, thing) for role in ROLES]
        assert all(r.reach in reaches for r in found)
        widest, director = found[0], found[1]
        assert widest.reach == "all" or thing in ("drafts", "urns", "readings")
        if thing in OF_HEADNET:
            continue
        for narrower in found[2:]:
            assert reaches.index(narrower.reach) <= reaches.index(director.reach), thing
            assert not narrower.change or thing in ("drafts", "workshops"), thing


def test_only_the_coordinator_asks_for_workshops() -> None:
    assert [role for role in ROLES if may_change(role, "workshops")] == ["helpdesk", "coordinator"]
    assert [role for role in ROLES if may_change(role, "events")] == ["helpdesk"]
    assert [role for role in ROLES if rows_about(role, "mail")] == ["coordinator"]
    assert not rows_about("coordinator", "person")


def test_what_is_unknown_is_nobodys() -> None:
    assert not may_see("visitor", "people") and not may_change("visitor", "people")
    assert not may_see("director", "secrets") and not may_change("helpdesk", "secrets")
