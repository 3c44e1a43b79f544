"""Accounts: who may have one, and what signing in answers, counts and forgets."""

import logging
from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest
from sqlalchemy import select, text
from sqlmodel import col

from models.accounts import Account
from models.database import SYSTEM, Actor, OutOfScope, change, reading, writing
from models.journal import JournalLine
from models.schools import Calendar, School
from models.upgrades import fill_catalogues
from services import accounts
from services.accounts import AccountRefused, SignInRefused, add_account, sign_in
from services.passwords import Hasher

NOW = datetime(2026, 9, 1, 8, 0, tzinfo=UTC)
PASSWORD = "quatre tortues lisent Kant"
EMAIL = "Anne.Lambert@ecole.example"


@pytest.fixture
def hasher(tmp_path: Path) -> Hasher:
    return Hasher(tmp_path / "locks")


@pytest.fixture
def schools(engine: Any) -> list[int]:
    fill_catalogues(engine, NOW)
    with writing(engine, SYSTEM, NOW) as session:
        calendar = session.scalars(select(Calendar)).one()
        made = [
            School(name=name, name_key=name.lower(), calendar_id=calendar.id)
            for name in ("Institut Saint-Joseph", "Athénée des Tilleuls")
        ]
        session.add_all(made)
        session.flush()
        return [school.id for school in made]


@pytest.fixture
def account(engine: Any, schools: list[int], hasher: Hasher) -> int:
    with writing(engine, SYSTEM, NOW) as session:
        return add_account(
            session, EMAIL, "director", schools[:1], password_hash=hasher.hash(PASSWORD),
            name="Anne Lambert",
        )  # fmt: skip


def at(moment: datetime) -> Any:
    return lambda: moment


def stored(engine: Any) -> Account:
    with reading(engine, SYSTEM, NOW) as session:
        return session.scalars(select(Account)).one()


def wrong(engine: Any, hasher: Hasher, email: str, password: str, moment: datetime = NOW) -> str:
    with pytest.raises(SignInRefused) as refused:
        sign_in(engine, hasher, email, password, at(moment))
    return refused.value.wording.text()


def test_signing_in_gives_the_actor(
    engine: Any, account: int, schools: list[int], hasher: Hasher
) -> None:
    signed_in = sign_in(engine, hasher, " anne.lambert@ECOLE.example ", PASSWORD, at(NOW))
    assert signed_in.actor == Actor(EMAIL, "director", frozenset(schools[:1]), account)
    assert (signed_in.name, signed_in.language) == ("Anne Lambert", "fr")


def test_the_helpdesk_sees_every_school(engine: Any, hasher: Hasher) -> None:
    with writing(engine, SYSTEM, NOW) as session:
        add_account(session, EMAIL, "helpdesk", password_hash=hasher.hash(PASSWORD))
    assert sign_in(engine, hasher, EMAIL, PASSWORD, at(NOW)).actor.sees_all


def test_every_refusal_says_the_same(engine: Any, account: int, hasher: Hasher) -> None:
    said = {
        wrong(engine, hasher, EMAIL, PASSWORD + "x"),
        wrong(engine, hasher, EMAIL, ""),
        wrong(engine, hasher, "nobody@ecole.example", PASSWORD),
        wrong(engine, hasher, "not an address", PASSWORD),
        wrong(engine, hasher, "", ""),
        wrong(engine, hasher, EMAIL, PASSWORD * 1000),
    }
    with writing(engine, SYSTEM, NOW) as session:
        change(session, Account, col(Account.id) == account, disabled_at=NOW)
    said.add(wrong(engine, hasher, EMAIL, PASSWORD))
    assert len(said) == 1


def test_an_account_without_a_password_lets_nobody_in(
    engine: Any, account: int, hasher: Hasher
) -> None:
    with writing(engine, SYSTEM, NOW) as session:
        change(session, Account, col(Account.id) == account, password_hash=None)
    wrong(engine, hasher, EMAIL, "")
    wrong(engine, hasher, EMAIL, PASSWORD)


def test_waits_grow_and_a_locked_account_refuses_the_right_password(
    engine: Any, account: int, hasher: Hasher
) -> None:
    for _ in range(5):
        wrong(engine, hasher, EMAIL, "wrong")
    locked = stored(engine)
    assert (locked.failed_tries, locked.locked_until) == (5, NOW + timedelta(seconds=30))
    wrong(engine, hasher, EMAIL, PASSWORD, NOW + timedelta(seconds=29))
    assert stored(engine).failed_tries == 5  # a try at a closed door counts for nothing
    later = NOW + timedelta(seconds=30)
    wrong(engine, hasher, EMAIL, "wrong", later)
    assert stored(engine).locked_until == later + timedelta(seconds=60)
    assert sign_in(engine, hasher, EMAIL, PASSWORD, at(later + timedelta(seconds=60)))
    opened = stored(engine)
    assert (opened.failed_tries, opened.locked_until) == (0, None)


def test_no_wait_is_longer_than_an_hour() -> None:
    waits = [accounts.wait_after(tries) for tries in range(200)]
    assert waits == sorted(waits)
    assert waits[4] == timedelta(0)
    assert waits[5] == timedelta(seconds=30)
    assert waits[-1] == timedelta(hours=1)


def test_guessing_in_parallel_gains_nothing(engine: Any, account: int, hasher: Hasher) -> None:
    def guess(number: int) -> None:
        wrong(engine, hasher, EMAIL, f"guess {number}")

    with ThreadPoolExecutor(8) as pool:
        list(pool.map(guess, range(24)))
    # Each try that reached the hash was counted before it; then the account was locked.
    assert stored(engine).failed_tries == 5


def test_no_password_and_no_hash_in_journal_log_or_repr(
    engine: Any, account: int, hasher: Hasher, caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level(logging.DEBUG)
    sign_in(engine, hasher, EMAIL, PASSWORD, at(NOW))
    wrong(engine, hasher, EMAIL, "a wrong secret")
    with reading(engine, SYSTEM, NOW) as session:
        journal = " ".join(session.scalars(select(JournalLine.data)))
    found = stored(engine)
    for told in (journal, caplog.text, repr(found), repr(hasher)):
        assert PASSWORD not in told
        assert "a wrong secret" not in told
        assert found.password_hash not in told
    assert "failed_tries" in journal


@pytest.mark.parametrize(
    ("email", "role", "with_school"),
    [
        ("not an address", "director", True),
        ("a@b.example, c@d.example", "director", True),
        ("other@ecole.example", "emperor", True),
        ("other@ecole.example", "director", False),
        ("other@ecole.example", "helpdesk", True),
        (EMAIL.upper(), "director", True),
    ],
)
def test_what_cannot_be_an_account_is_refused(
    engine: Any, account: int, schools: list[int], email: str, role: str, with_school: bool
) -> None:
    given = schools[:1] if with_school else []
    with pytest.raises(AccountRefused), writing(engine, SYSTEM, NOW) as session:
        add_account(session, email, role, given, password_hash="$")
    assert stored(engine).id == account


def test_a_director_makes_no_account(engine: Any, schools: list[int]) -> None:
    director = Actor("director@ecole.example", "director", frozenset(schools[:1]), 99)
    with pytest.raises(OutOfScope), writing(engine, director, NOW) as session:
        add_account(session, "other@ecole.example", "director", schools[:1], password_hash="$")


def test_the_list_names_the_schools(engine: Any, account: int) -> None:
    with reading(engine, SYSTEM, NOW) as session:
        (row,) = accounts.list_accounts(session)
    assert (row.email, row.role, row.schools) == (EMAIL, "director", ("Institut Saint-Joseph",))
    with reading(engine, Actor("x", "director", frozenset({99}), 98), NOW) as session:
        assert accounts.list_accounts(session) == []


def test_roles_have_names() -> None:
    from models.accounts import CONSOLE_ROLES

    assert len({accounts.role_label(role).text() for role in CONSOLE_ROLES}) == len(CONSOLE_ROLES)


def test_a_hash_is_not_computed_within_a_transaction(sqlite_engine: Any, tmp_path: Path) -> None:
    """Another writer can work while a password is being compared."""
    fill_catalogues(sqlite_engine, NOW)

    class Watching(Hasher):
        def fits(self, stored: str | None, password: str) -> bool:
            with sqlite_engine.execution_options(writes=True).begin() as connection:
                connection.execute(text("PRAGMA busy_timeout = 0"))
            return super().fits(stored, password)

    wrong(sqlite_engine, Watching(tmp_path), EMAIL, "x")
