"""A school of 200 is invited while its sender is killed at random: nobody is missing."""

import multiprocessing
import re
import time
from collections import Counter, defaultdict
from collections.abc import Callable, Iterator
from random import Random
from typing import Any

import pytest

from models.invitations import TOKEN_PURPOSE
from models.tokens import make_token
from services import invitation_status, plans
from services.activation import spend
from services.invitation_status import InvitationQuery, InvitationRow
from services.invitations import plan_invitations
from services.mail.sender import window
from tests.faults.sending import CONNECTIONS, KEY, run
from tests.servers import MailServer
from tests.worlds import Member, World, make_world

pytestmark = [pytest.mark.slow, pytest.mark.timeout(300)]

PEOPLE, KILLS = 200, 10
_TOKEN = re.compile(r"[0-9A-Z]{5}(?:-[0-9A-Z]{5}){4}")


@pytest.fixture(scope="module")
def processes() -> Iterator[Any]:
    """Processes that start in a moment, from one that has imported everything."""
    context = multiprocessing.get_context("forkserver")
    context.set_forkserver_preload(["tests.faults.sending"])
    return context


def wait_until(holds: Callable[[], bool], sender: Any) -> None:
    end = time.monotonic() + 20
    while not holds() and sender.is_alive():
        assert time.monotonic() < end
        time.sleep(0.001)


def rows(world: World) -> list[InvitationRow]:
    query = InvitationQuery(world.mine, world.year)
    return world.desk.read(invitation_status.rows, query)


def invited(engine: Any) -> tuple[World, list[Member]]:
    world = make_world(engine)
    members = world.people(PEOPLE)
    world.desk.write(plans.apply, world.desk.write(plan_invitations, world.mine, world.year))
    return world, members


@pytest.mark.parametrize("senders", [1, 2])
@pytest.mark.every_case
def test_nobody_is_missing_and_the_status_is_true(
    engine: Any, database_url: str, mail_server: MailServer, processes: Any, senders: int
) -> None:
    world, members = invited(engine)
    chance = Random(senders)
    targets = sorted(chance.sample(range(1, PEOPLE - 10), KILLS))

    def start() -> Any:
        process = processes.Process(target=run, args=(database_url, mail_server.url))
        process.start()
        return process

    running = [start() for _ in range(senders)]
    for target in targets:
        victim = running.pop(chance.randrange(senders))
        wait_until(lambda target=target: len(mail_server.messages) >= target, victim)  # type: ignore[misc]
        victim.kill()
        victim.join()
        known = {row.recipient for row in rows(world) if row.sent_at}
        assert known <= set(mail_server.recipients), "called sent, and the server has it not"
        running.append(start())
    for sender in running:
        sender.join(40)
        assert sender.exitcode == 0
    # The others may have found all claimed by one that was killed after they had looked.
    last = start()
    last.join(40)
    assert last.exitcode == 0
    check(world, members, mail_server, KILLS)


def check(world: World, members: list[Member], server: MailServer, kills: int) -> None:
    states = Counter(row.state for row in rows(world))
    assert states == {"sent": PEOPLE}
    copies: dict[str, list[bytes]] = defaultdict(list)
    for mail in server.messages:
        copies[mail.recipients[0]].append(mail.content)
    assert len(copies) == PEOPLE
    doubles = sum(len(contents) - 1 for contents in copies.values())
    assert doubles <= kills * window(CONNECTIONS)
    assert all(len(set(contents)) == 1 for contents in copies.values())
    tokens = {mail.recipients[0]: _TOKEN.findall(mail.text) for mail in server.messages}
    by_access = {row.access_id: row.recipient for row in rows(world)}
    for member in members:
        token = make_token(KEY, TOKEN_PURPOSE, member.access, 1)
        assert tokens[by_access[member.access]] == [token]
    activated = world.desk.write(
        lambda session: [spend(session, KEY, text, None) for (text,) in tokens.values()]
    )
    assert sorted(who.person_id or 0 for who in activated) == sorted(m.person for m in members)
