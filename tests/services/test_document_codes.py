"""Codes of the reading room: for whom, for what and for how long; guessed at in vain."""

from dataclasses import replace
from datetime import timedelta
from pathlib import Path

import pytest
from sqlalchemy import Engine, func, select
from sqlmodel import col

from models.accounts import Origin, SignInEvent
from models.database import SYSTEM, OutOfScope, reading
from models.errors import TrousseauError
from models.journal import JournalLine
from models.keys import Key
from models.tokens import make_token
from services import documents
from services.document_codes import (
    MINUTES,
    PURPOSE,
    CodeMistyped,
    CodeRefused,
    DownloadCode,
    code_for,
    fetch,
)
from services.passwords import Hasher
from services.reading_room_rules import NotInRoom
from services.sign_in import Entrance
from services.tries import OF_ORIGIN, TooManyTries
from tests.services.door_world import KEY
from tests.services.room_world import NOW, Room, make_room

CONTENTS = b"%PDF\x00\xff\x1b[31m\r\n"
ELSEWHERE = "198.51.100.9"
STRANGE = "This program has not given this code"


@pytest.fixture
def room(engine: Engine) -> Room:
    return make_room(engine)


@pytest.fixture
def door(room: Room, tmp_path: Path) -> Entrance:
    return Entrance(room.world.engine, Hasher(tmp_path), KEY, room.clock, "192.0.2.7")


@pytest.fixture
def plan(room: Room) -> int:
    return room.publish("Plan", CONTENTS, file_name="plan.pdf")


def code(room: Room, document: int, number: int = 1) -> DownloadCode:
    return room.head.read(code_for, KEY, document, number)


def version_id(room: Room, document: int) -> int:
    return room.helpdesk.read(documents.page, document).latest.id


def rows(room: Room, table: type) -> int:
    with reading(room.world.engine, SYSTEM, NOW) as session:
        return session.scalar(select(func.count(col(table.id)))) or 0  # type: ignore[attr-defined]


def changed(typed: str) -> str:
    """Return another code that is well formed, as a guesser would make one."""
    number, rest = typed[:6], typed[6:]
    other = make_token(Key(bytes(32)), PURPOSE, 1, 1)
    assert other[:6] == number and other[6:] != rest
    return other


def told(door: Entrance, typed: str, error: type[TrousseauError] = CodeRefused) -> str:
    """Return the English words with which a code is refused."""
    with pytest.raises(error) as refused:
        fetch(door, typed)
    return refused.value.wording.text("en")


def test_a_code_fetches_the_version_it_is_for(room: Room, door: Entrance, plan: int) -> None:
    first = code(room, plan)
    room.replace(plan, b"%PDF later")
    fetched = fetch(door, f" {first.text.lower().replace('-', ' ')} ")
    assert (fetched.contents.contents, fetched.contents.file_name) == (CONTENTS, "plan.pdf")
    page = room.helpdesk.read(documents.page, plan)
    assert fetched.version_id == page.versions[-1].id != page.latest.id
    assert fetch(door, code(room, plan, 2).text).contents.contents == b"%PDF later"
    assert fetch(door, first.text) == fetched  # a line may break: it counts more than once


def test_it_is_for_heads_without_an_account_and_for_what_they_see(room: Room, plan: int) -> None:
    for desk in (room.helpdesk, room.desk("head", room.world.mine, account_id=7),
                 room.desk("director", room.world.mine, account_id=8)):  # fmt: skip
        with pytest.raises(OutOfScope):
            desk.read(code_for, KEY, plan, 1)
    with pytest.raises(NotInRoom):
        code(room, plan, 2)
    room.helpdesk.write(documents.withdraw, plan)
    with pytest.raises(NotInRoom):
        code(room, plan)


def test_it_is_good_for_as_long_as_is_said(room: Room, door: Entrance, plan: int) -> None:
    room.at("2026-11-22T08:00:59+00:00")
    given = code(room, plan)
    assert given.until - room.clock() == timedelta(minutes=MINUTES)
    room.world.clock.now = given.until
    assert fetch(door, given.text).contents.contents == CONTENTS
    room.world.clock.now = given.until + timedelta(minutes=1)
    assert "has expired" in told(door, given.text)
    room.world.clock.now = given.until + timedelta(hours=3)
    assert STRANGE in told(door, given.text)


def test_a_clock_of_another_machine_may_be_a_little_behind(
    room: Room, door: Entrance, plan: int
) -> None:
    given = code(room, plan)
    room.world.clock.now -= timedelta(minutes=1)
    assert fetch(door, given.text).contents.contents == CONTENTS
    room.world.clock.now -= timedelta(minutes=1)
    assert STRANGE in told(door, given.text)


def test_what_is_withdrawn_meanwhile_is_not_fetched(room: Room, door: Entrance, plan: int) -> None:
    first = code(room, plan)
    room.replace(plan, b"%PDF later")
    second = code(room, plan, 2)
    room.helpdesk.write(documents.withdraw_version, plan, 1)
    with pytest.raises(NotInRoom):
        fetch(door, first.text)
    assert fetch(door, second.text).contents.number == 2
    room.helpdesk.write(documents.withdraw, plan)
    with pytest.raises(NotInRoom):
        fetch(door, second.text)
    room.helpdesk.write(documents.publish_again, plan)
    assert fetch(door, second.text).contents.number == 2


def test_a_slip_is_told_and_counts_as_no_try(room: Room, door: Entrance, plan: int) -> None:
    given = code(room, plan).text
    swapped = given[:7] + given[8] + given[7] + given[9:]
    assert swapped != given
    for typed, words in (
        (swapped, "characters of the code are wrong"),
        (given[:-1], "25 characters and 24 were typed"),
        (given + "7", "25 characters and 26 were typed"),
        ("", "25 characters and 0 were typed"),
        ("É" * 25, "characters of the code are wrong"),
        ("x" * 5_000, "25 characters"),
    ):
        assert words in told(door, typed, CodeMistyped)
    assert rows(room, Origin) == 0


def test_guessing_leads_nowhere_and_waits(room: Room, door: Entrance, plan: int) -> None:
    good = code(room, plan).text
    elsewhere = replace(door, origin=ELSEWHERE)
    none_such = make_token(Key(bytes(32)), PURPOSE, 2**30 - 1, 1)  # of no version at all
    others = [
        make_token(KEY, "invitation", 1, 1),
        make_token(KEY, PURPOSE, version_id(room, plan), 1),
        changed(good),
    ]
    for typed in (none_such, *others):
        assert STRANGE in told(door, typed)
    for _more in range(OF_ORIGIN.free - len(others) - 1):
        assert STRANGE in told(door, none_such)
    with pytest.raises(TooManyTries):
        fetch(door, none_such)
    with pytest.raises(CodeRefused):
        fetch(elsewhere, none_such)
    # Whoever has a code is not kept out by a guesser next door, and nothing piles up.
    assert fetch(door, good).contents.contents == CONTENTS
    assert (rows(room, Origin), rows(room, SignInEvent)) == (2, 0)


def test_nothing_of_a_code_is_kept(room: Room, door: Entrance, plan: int) -> None:
    before = rows(room, JournalLine)
    given = code(room, plan)
    fetched = fetch(door, given.text)
    assert rows(room, JournalLine) == before
    for shown in (repr(given), repr(fetched), str(given)):
        assert not any(part in shown for part in given.text.split("-")[1:])
    typed = changed(given.text)
    with pytest.raises(CodeRefused) as refused:
        fetch(door, typed)
    assert typed[7:] not in repr(refused.value) + refused.value.wording.text()
