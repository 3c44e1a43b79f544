"""The connection dropped at each step of activation: the token works, nothing is half done.

A process of its own sets the password, and is killed without warning before the first, the
second, … statement that it gives the database. Whatever was reached, either everything has
happened or nothing, and the token opens what it opened before.
"""

import os
import signal
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from sqlalchemy import event, select

from models.access import Access
from models.accounts import Account, PasswordReset
from models.database import SYSTEM, make_engine, reading
from models.invitations import Invitation
from models.journal import first_broken_line
from models.keys import Key
from models.mail import Mail
from services.activation import set_password
from services.admission import look_at_token
from services.forgotten_passwords import forgot_password
from services.sign_in import Entrance, sign_in
from services.token_refusals import TokenUsed
from tests.services.door_world import EMAIL, OTHER_PASSWORD, PASSWORD, House, make_house

_DONE = 7


def killed_before(house: House, statement: int, what: Callable[[Entrance], Any]) -> bool:
    """Do something in a process that dies before its nth statement; tell whether it did die."""
    child = os.fork()
    if child == 0:
        try:
            _do_and_die(house, statement, what)
        finally:
            os._exit(1)
    _pid, status = os.waitpid(child, 0)
    if os.WIFSIGNALED(status):
        return True
    assert os.waitstatus_to_exitcode(status) == _DONE
    return False


def _do_and_die(house: House, statement: int, what: Callable[[Entrance], Any]) -> None:
    engine = make_engine(house.world.engine.url)
    given = 0

    def count(*_about: Any) -> None:
        nonlocal given
        given += 1
        if given == statement:
            os.kill(os.getpid(), signal.SIGKILL)

    event.listen(engine, "before_cursor_execute", count)
    event.listen(engine, "commit", count)
    hasher = _QuickHasher(house.entrance.hasher.folder)
    what(Entrance(engine, hasher, house.entrance.key, house.world.clock, "192.0.2.7", 0.0))
    os._exit(_DONE)


class _QuickHasher:
    """The real hash, made once: a hundred deaths need not wait for it."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder

    def hash(self, password: str) -> str:
        return (self._folder / "hash").read_text()


@pytest.fixture
def house(sqlite_engine: Any, tmp_path: Path) -> House:
    made = make_house(sqlite_engine, tmp_path)
    made.entrance.hasher.folder.mkdir()
    (made.entrance.hasher.folder / "hash").write_text(made.entrance.hasher.hash(OTHER_PASSWORD))
    return made


def snapshot(house: House) -> list[Any]:
    """Return all that an activation changes."""
    with reading(house.world.engine, SYSTEM, house.world.clock()) as session:
        assert first_broken_line(session) is None
        return [
            [(a.email, a.password_hash, a.failed_tries) for a in session.scalars(select(Account))],
            [(a.activated_at, a.activation) for a in session.scalars(select(Access))],
            [i.used_at for i in session.scalars(select(Invitation))],
            [(r.used_at, r.replaced_at) for r in session.scalars(select(PasswordReset))],
            [m.template for m in session.scalars(select(Mail))],
        ]


def deaths(house: House, token: str, what: Callable[[Entrance], Any]) -> int:
    """Let it die at each statement in turn, until it lives to the end; return how often."""
    before = snapshot(house)
    for statement in range(1, 200):
        if not killed_before(house, statement, what):
            assert snapshot(house) != before
            return statement - 1
        if snapshot(house) != before:
            # Only the very last death, after the commit was written, may find it done.
            with pytest.raises(TokenUsed):
                look_at_token(house.entrance, token)
            assert not killed_before(house, 10**6, lambda entrance: None)
            return statement
        assert look_at_token(house.entrance, token)
    raise AssertionError


def test_an_invitation(house: House) -> None:
    _member, token = house.invited()
    count = deaths(house, token, lambda at: set_password(at, token, OTHER_PASSWORD))
    assert count > 15
    assert sign_in(house.entrance, EMAIL, OTHER_PASSWORD)


def test_an_invitation_with_another_address(house: House) -> None:
    _member, token = house.invited()
    new = "ailleurs@courriel.example"
    deaths(house, token, lambda at: set_password(at, token, OTHER_PASSWORD, address=new))
    assert [mail.recipient for mail in house.mails("address_changed")] == [EMAIL]
    assert sign_in(house.entrance, new, OTHER_PASSWORD)


def test_a_forgotten_password(house: House) -> None:
    _member, signed_in = house.activated()
    forgot_password(house.entrance, EMAIL)
    token = house.reset_token(signed_in.identity.account_id)
    house.later()
    assert sign_in(house.entrance, EMAIL, PASSWORD)
    deaths(house, token, lambda at: set_password(at, token, OTHER_PASSWORD))
    assert len(house.mails("password_changed")) == 1
    assert sign_in(house.entrance, EMAIL, OTHER_PASSWORD)


def test_asking_for_a_new_password(house: House) -> None:
    """A mail is queued with its token's row, or neither."""
    house.activated()
    for statement in range(1, 60):
        done = not killed_before(house, statement, lambda at: forgot_password(at, EMAIL))
        mails, rows = house.mails("password_reset"), house.rows(select(PasswordReset))
        assert [mail.id for mail in mails] == [row.mail_id for row in rows]
        if done:
            break
    assert len(mails) >= 1


def test_two_processes_with_one_token(house: House) -> None:
    _member, token = house.invited()
    children = []
    for number in range(4):
        child = os.fork()
        if child == 0:
            code = 1
            try:
                engine = make_engine(house.world.engine.url)
                key = Key(house.entrance.key.secret)
                at = Entrance(engine, house.entrance.hasher, key, house.world.clock)
                set_password(at, token, f"{OTHER_PASSWORD} {number}")
                code = _DONE
            except TokenUsed:
                code = 3
            finally:
                os._exit(code)
        children.append(child)
    codes = [os.waitstatus_to_exitcode(os.waitpid(child, 0)[1]) for child in children]
    assert sorted(codes) == [3, 3, 3, _DONE]
    won = codes.index(_DONE)
    assert sign_in(house.entrance, EMAIL, f"{OTHER_PASSWORD} {won}")
