"""The door to the data: reading and writing, scope, journal, and what is refused at start."""

from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest
from sqlalchemy import Engine, delete, event, exists, func, select, text, update
from sqlalchemy.exc import DBAPIError, StatementError
from sqlalchemy.orm import aliased
from sqlmodel import col

from models import journal
from models.access import Access, FactColumns, joined
from models.accounts import Account
from models.consents import Consent
from models.database import (
    SYSTEM,
    TABLES,
    ActorSession,
    DatabaseRefused,
    OutOfScope,
    change,
    is_safe_sqlite,
    make_engine,
    reading,
    writing,
)
from models.journal import JournalLine
from models.mail import Mail
from models.people import Person, Post
from models.rights import THINGS
from models.schools import School, Site
from models.scope import SHARED_SCOPES
from models.upgrades import differences, is_current
from services.desk import Desk
from tests.worlds import NOW, World, make_world


@pytest.fixture
def world(engine: Engine) -> World:
    return make_world(engine)


def test_migrations_make_exactly_the_tables_of_the_models(engine: Engine) -> None:
    assert is_current(engine)
    assert differences(engine) == []


def test_catalogues_are_filled_once(engine: Engine) -> None:
    make_world(engine)
    from models.upgrades import fill_catalogues

    with reading(engine, SYSTEM, NOW) as session:
        before = session.scalar(select(func.count()).select_from(JournalLine))
    fill_catalogues(engine, NOW)
    with reading(engine, SYSTEM, NOW) as session:
        assert session.scalar(select(func.count()).select_from(JournalLine)) == before


def test_a_reading_session_refuses_to_write(world: World) -> None:
    def add(session: ActorSession) -> None:
        session.add(Site(school_id=world.mine, fase_number=1))
        session.flush()

    def change_one(session: ActorSession) -> None:
        change(session, School, col(School.id) == world.mine, name="Autre")

    for deed in (add, change_one):
        with pytest.raises(RuntimeError, match="asked to write"):
            world.desk.read(deed)


def test_an_error_rolls_back_everything(world: World) -> None:
    def half(session: ActorSession) -> None:
        session.add(Site(school_id=world.mine, fase_number=1))
        session.flush()
        raise ValueError

    with pytest.raises(ValueError):
        world.desk.write(half)
    assert world.desk.read(lambda s: s.scalars(select(Site)).all()) == []


def test_a_director_sees_the_own_school_only(world: World) -> None:
    mine, theirs = world.person(surname="Mien"), world.person(world.other, surname="Autre")
    desk = world.director()
    for table, seen, hidden in (
        (School, world.mine, world.other),
        (Person, mine.person, theirs.person),
        (Post, mine.post, theirs.post),
        (Access, mine.access, theirs.access),
    ):
        found = set(desk.read(lambda s, t=table: s.scalars(select(t.id)).all()))
        assert seen in found and hidden not in found
        assert desk.read(lambda s, t=table, i=hidden: s.get(t, i)) is None


def test_every_table_has_a_scope_that_limits_a_director(world: World) -> None:
    """A stranger to every school sees no row of any table that belongs to one."""
    world.person()
    world.desk.write(lambda s: s.add(Site(school_id=world.mine, fase_number=7)))
    stranger = world.director(10_000)
    for table in TABLES:
        rows = stranger.read(lambda s, t=table: s.scalars(select(t)).all())
        assert not rows or table.scope in ("reference", "school_or_reference")


def test_a_question_that_is_kept_is_limited_for_each_who_asks(world: World) -> None:
    """The very same statement, asked by several in turn, and again."""
    mine, theirs = world.person(surname="Mien"), world.person(world.other, surname="Autre")
    kept = select(col(Person.id)).order_by(col(Person.id))
    asked_by: list[tuple[Desk, set[int]]] = [
        (world.director(), {mine.person}),
        (world.director(world.other), {theirs.person}),
        (world.director(10_000), set()),
        (world.desk, {mine.person, theirs.person}),
    ]
    for desk, seen in asked_by * 2:
        assert set(desk.read(lambda s: s.scalars(kept).all())) == seen


def test_many_other_questions_in_between_change_nothing(world: World) -> None:
    mine = world.person(surname="Mien")
    world.person(world.other, surname="Autre")
    kept = select(col(Person.id))
    for number in range(100):
        assert world.director().read(lambda s: s.scalars(kept).all()) == [mine.person]
        other = select(col(Person.id)).limit(number + 5)
        assert world.director().read(lambda s, q=other: s.scalars(q).all()) == [mine.person]


def test_an_alias_is_limited_like_its_table(world: World) -> None:
    mine, theirs = world.person(surname="Mien"), world.person(world.other, surname="Autre")
    for table, seen, hidden in (
        (School, world.mine, world.other),
        (Person, mine.person, theirs.person),
        (Post, mine.post, theirs.post),
        (Consent, mine.person, theirs.person),
    ):
        other: Any = aliased(table)
        column = other.person_id if table is Consent else other.id
        found = world.director().read(lambda s, c=column: s.scalars(select(c)).all())
        assert seen in found and hidden not in found
        inside = select(col(Post.id)).where(
            col(Post.id) == mine.post, exists(select(column).where(column == hidden))
        )
        assert world.director().read(lambda s, q=inside: s.scalars(q).all()) == []
        assert world.desk.read(lambda s, q=inside: s.scalars(q).all()) == [mine.post]


def test_a_scope_is_checked_row_by_row(sqlite_engine: Engine) -> None:
    """By an index it would be the whole school for each row: minutes for a large team."""
    world = make_world(sqlite_engine)
    world.person()
    asked: list[tuple[str, Any]] = []

    def note(_c: Any, _cursor: Any, statement: str, values: Any, *_rest: Any) -> None:
        asked.append((statement, values))

    event.listen(sqlite_engine, "before_cursor_execute", note)
    facts = FactColumns(NOW, NOW.date())
    team = joined(select(col(Access.id), facts.status).select_from(Access), NOW)
    world.director().read(lambda s: s.execute(team).all())
    event.remove(sqlite_engine, "before_cursor_execute", note)
    statement, values = asked[-1]
    with sqlite_engine.connect() as connection:
        steps = connection.exec_driver_sql(f"EXPLAIN QUERY PLAN {statement}", values)
        by_school = [step[3] for step in steps if "(school_id=?)" in step[3]]
    assert by_school == []


def test_a_director_can_not_write_elsewhere(world: World) -> None:
    def add(session: ActorSession) -> None:
        session.add(Site(school_id=world.other, fase_number=1))

    def move(session: ActorSession) -> None:
        session.add(site := Site(school_id=world.mine, fase_number=1))
        session.flush()
        site.school_id = world.other

    def reference(session: ActorSession) -> None:
        session.add(Account(email="x", email_key="x", created_at=NOW))

    for deed in (add, move, reference):
        with pytest.raises(OutOfScope):
            world.director().write(deed)
    renamed = world.director().write(
        lambda s: change(s, School, col(School.id).in_([world.mine, world.other]), name="Nouveau")
    )
    assert renamed == 1
    names = world.desk.read(lambda s: s.scalars(select(School.name)).all())  # type: ignore[call-overload]
    assert sorted(names) == ["Athénée de l’Essai", "Nouveau"]


def test_statements_that_can_not_be_limited_are_refused(world: World) -> None:
    table: Any = School.__table__  # type: ignore[attr-defined]
    for statement in (text("SELECT * FROM school"), select(table)):
        with pytest.raises(OutOfScope):
            world.director().read(lambda s, q=statement: s.execute(q))


def test_a_bulk_update_behind_the_journals_back_is_refused(world: World) -> None:
    for statement in (update(School).values(name="x"), delete(Site)):
        with pytest.raises(RuntimeError, match=r"models\.database\.change"):
            world.desk.write(lambda s, q=statement: s.execute(q))


def test_a_state_changes_once(world: World) -> None:
    member = world.person()
    inactive = (col(Access.id) == member.access) & col(Access.activated_at).is_(None)

    def activate(session: ActorSession) -> int:
        return change(session, Access, inactive, activated_at=session.at)

    assert [world.desk.write(activate), world.desk.write(activate)] == [1, 0]


def test_the_journal_tells_who_changed_what(world: World) -> None:
    world.director().write(
        lambda s: change(s, School, col(School.id) == world.mine, contact_name="Zoé")
    )
    line = world.desk.read(
        lambda s: s.scalars(select(JournalLine).order_by(col(JournalLine.id).desc())).first()
    )
    assert line is not None
    assert (line.actor, line.entity, line.school_id) == ("director", "school", world.mine)
    assert line.data == '{"before":{"contact_name":"Anne Lecomte"},"after":{"contact_name":"Zoé"}}'
    assert line.at == NOW


def test_a_password_hash_never_reaches_the_journal(world: World) -> None:
    def add(session: ActorSession) -> None:
        session.add(
            account := Account(
                email="a@b.example",
                email_key="a@b.example",
                password_hash="$argon2id$first",
                created_at=NOW,
            )
        )
        session.flush()
        account.password_hash = "$argon2id$second"
        session.flush()
        change(session, Account, col(Account.id) == account.id, password_hash="$argon2id$third")

    world.desk.write(add)
    lines = world.desk.read(lambda s: s.scalars(select(JournalLine.data)).all())  # type: ignore[call-overload]
    assert not any("argon2id" in line for line in lines)
    account = world.desk.read(lambda s: s.scalars(select(Account)).one())
    assert "argon2id" not in repr(account) and account.password_hash == "$argon2id$third"


def test_a_line_that_was_tampered_with_is_found(sqlite_engine: Engine) -> None:
    world = make_world(sqlite_engine)
    assert world.desk.read(journal.first_broken_line) is None
    with sqlite_engine.connect() as connection:
        connection.exec_driver_sql("DROP TRIGGER journal_no_update")
        connection.exec_driver_sql("UPDATE journal SET actor = 'someone else' WHERE id = 3")
        connection.commit()
    assert world.desk.read(journal.first_broken_line) == 3


@pytest.mark.parametrize("verb", ["UPDATE journal SET actor = 'x'", "DELETE FROM journal"])
@pytest.mark.every_case
def test_the_database_itself_keeps_the_journal(engine: Engine, verb: str) -> None:
    make_world(engine)
    with engine.connect() as connection, pytest.raises(DBAPIError):
        connection.exec_driver_sql(verb)


def test_identifiers_are_never_used_twice(world: World) -> None:
    def add() -> int:
        def deed(session: ActorSession) -> int:
            session.add(site := Site(school_id=world.mine, fase_number=1))
            session.flush()
            assert site.id is not None
            return site.id

        return world.desk.write(deed)

    first = add()
    world.desk.write(lambda s: s.delete(s.get_one(Site, first)))
    assert add() > first


def test_no_table_is_unscoped_by_mistake() -> None:
    known = {"reference", "school", "school_id", "school_or_reference", "person", "person_id",
             "person_pair", "account", "account_id", "owner", "journal",
             "nobody", *SHARED_SCOPES}  # fmt: skip
    assert {table.scope for table in TABLES} <= known
    assert set(THINGS) == {str(table.__tablename__) for table in TABLES}
    door = {name for name, thing in THINGS.items() if thing in ("door", "urns")}
    assert {table.__tablename__ for table in TABLES if table.scope == "nobody"} == door
    for table in TABLES:
        assert table.scope != "school_id" or "school_id" in table.model_fields or table is not Mail


def test_instants_are_aware_and_utc(world: World) -> None:
    member = world.person()
    access = world.desk.read(lambda s: s.get_one(Access, member.access))
    assert access.granted_at == NOW and access.granted_at.utcoffset() == timedelta(0)
    naive = NOW.replace(tzinfo=None)
    with (
        pytest.raises(StatementError, match="time zone"),
        writing(world.engine, SYSTEM, NOW) as session,
    ):
        change(session, Access, col(Access.id) > 0, activated_at=naive)


@pytest.mark.parametrize(
    ("version", "safe"),
    [
        ((3, 40, 1), False),
        ((3, 44, 5), False),
        ((3, 44, 6), True),
        ((3, 45, 0), False),
        ((3, 50, 7), True),
        ((3, 51, 2), False),
        ((3, 51, 3), True),
        ((3, 53, 4), True),
    ],
)
def test_affected_versions_of_sqlite_are_known(version: tuple[int, ...], safe: bool) -> None:
    assert is_safe_sqlite(version) is safe


def test_a_database_that_others_may_read_is_refused(tmp_path: Path) -> None:
    path = tmp_path / "open.db"
    path.touch(mode=0o644)
    path.chmod(0o644)
    with pytest.raises(DatabaseRefused):
        make_engine(f"sqlite:///{path}")
    make_engine(f"sqlite:///{tmp_path / 'new.db'}").dispose()
    assert (tmp_path / "new.db").stat().st_mode & 0o077 == 0


@pytest.mark.parametrize("url", ["mysql://x/y", "sqlite://"])
def test_other_databases_are_refused(url: str) -> None:
    with pytest.raises(DatabaseRefused):
        make_engine(url)


def test_sqlite_runs_as_measured(sqlite_engine: Engine) -> None:
    with writing(sqlite_engine, SYSTEM, NOW) as session:
        connection = session.connection()

        def pragma(name: str) -> Any:
            return connection.exec_driver_sql(f"PRAGMA {name}").scalar()

        assert [pragma(n) for n in ("journal_mode", "synchronous", "foreign_keys")] == ["wal", 2, 1]
        assert [pragma(n) for n in ("busy_timeout", "trusted_schema")] == [30000, 0]
