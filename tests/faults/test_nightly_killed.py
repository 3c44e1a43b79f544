"""The nightly update by ten at once, and killed at any statement: its work is done once."""

import multiprocessing
from pathlib import Path
from random import Random
from typing import Any

import pytest
from sqlalchemy import select
from sqlmodel import col

from models.accounts import Account, AddressChange, Draft, Origin, SignInEvent
from models.database import SYSTEM, reading
from models.headnet import HeadAddress, HeadnetPassword
from models.journal import first_broken_line
from models.mail import Mail
from models.nightly import NightlyRun
from services import headnet_letters
from services.address_changes import ADDRESS_CHANGED
from services.nightly import run
from tests.faults.nights import work
from tests.nights import (
    NIGHT,
    account,
    bounces,
    count,
    fill_the_door,
    heads_wait,
    invited,
    nightwork,
    reminders,
    wants,
)
from tests.worlds import World

pytestmark = [pytest.mark.slow, pytest.mark.timeout(300)]

#: More of everything than one transaction takes, and as many as make a night of moments.
PEOPLE, BOUNCES, ADDRESSES, OLD, YOUNG = 230, 12, 5, 230, 3
AT_ONCE = 10
#: What comes into force for heads of school.
OF_HEADS = (HeadnetPassword, HeadAddress)


@pytest.fixture(scope="module")
def processes() -> Any:
    """Processes that start in a moment, from one that has imported everything."""
    context = multiprocessing.get_context("forkserver")
    context.set_forkserver_preload(["tests.faults.nights"])
    return context


@pytest.fixture
def world(engine: Any, tmp_path: Path) -> World:
    """A night with something to do in every step."""
    world = invited(engine, PEOPLE)
    for number in range(ADDRESSES):
        wants(world, account(world, f"old{number}@b.be"), f"new{number}@b.be")
    fill_the_door(world, OLD, YOUNG)
    heads_wait(world)
    bounces(world, tmp_path / "bounces", BOUNCES)
    engine.dispose()
    return world


def check(world: World, folder: Path) -> dict[str, int]:
    """Hold what a night has left behind against what it should; return its counts."""
    engine = world.engine
    given = reminders(engine)
    assert set(given.values()) == {1}, "one reminder each"
    assert len(given) == PEOPLE - BOUNCES
    assert count(engine, Mail, col(Mail.bounced_at).is_not(None)) == BOUNCES
    assert not list((folder / "new").iterdir())
    notices = count(engine, Mail, col(Mail.template) == ADDRESS_CHANGED)
    assert notices == ADDRESSES, "one notice each"
    assert count(engine, AddressChange, col(AddressChange.applied_at) == NIGHT) == ADDRESSES
    assert count(engine, Account, col(Account.email).like("new%")) == ADDRESSES
    in_force = [count(engine, table, col(table.in_force_at) == NIGHT) for table in OF_HEADS]
    assert in_force == [2, 2], "a password and an address of each head"
    assert count(engine, HeadAddress, col(HeadAddress.ended_at) == NIGHT) == 2
    told = count(engine, Mail, col(Mail.template) == headnet_letters.ADDRESS_CHANGED)
    assert told == 2, "one mail to each former address"
    assert [count(engine, table) for table in (SignInEvent, Origin, Draft)] == [YOUNG] * 3
    with reading(engine, SYSTEM, NIGHT) as session:
        (night,) = session.scalars(select(NightlyRun)).all()
        assert (night.finished_at, night.worker, night.lease_until) == (NIGHT, "", None)
        assert first_broken_line(session) is None
        return {name: state["count"] for name, state in night.done.items()}


EXPECTED = {
    "expired_mails": 0, "withdrawn_mails": 0, "ended_accesses": 0, "addresses": ADDRESSES,
    "reminders": PEOPLE - BOUNCES, "locks": OLD + YOUNG, "sign_ins": OLD, "origins": OLD,
    "drafts": OLD,
}  # fmt: skip


def test_ten_at_once_do_it_once(
    world: World, database_url: str, tmp_path: Path, processes: Any
) -> None:
    start = processes.Barrier(AT_ONCE)
    folder = tmp_path / "bounces"
    running = [
        processes.Process(target=work, args=(database_url, str(folder), None, start))
        for _ in range(AT_ONCE)
    ]
    for process in running:
        process.start()
    for process in running:
        process.join(120)
    assert sorted(process.exitcode for process in running) == [0] + [3] * (AT_ONCE - 1)
    counts = check(world, folder)
    assert counts.items() >= {**EXPECTED, "bounces": BOUNCES}.items()


@pytest.mark.parametrize("seed", range(2))
@pytest.mark.every_case
def test_killed_again_and_again_it_does_everything_once(
    world: World, database_url: str, tmp_path: Path, processes: Any, seed: int
) -> None:
    chance, folder = Random(seed), tmp_path / "bounces"
    killed = 0
    # Each dies a little further on at most: some while they take the night, some at its end.
    while killed < 30:
        dies_at = chance.randint(1, 90)
        process = processes.Process(target=work, args=(database_url, str(folder), dies_at))
        process.start()
        process.join(60)
        if process.exitcode == 0:
            break
        assert process.exitcode == -9
        killed += 1
    assert killed >= 3, "hardly anything was killed"
    last = run(nightwork(world, folder))
    assert last.finished
    counts = check(world, folder)
    assert counts.items() >= EXPECTED.items(), "a count is written with what it counts"
    assert counts["bounces"] <= BOUNCES
