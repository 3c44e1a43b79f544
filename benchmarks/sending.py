"""Sending invitations with a durable *sent* for each, beside mere delivery of ready bytes.

The floor is `aiosmtplib.SMTP.sendmail` of one ready message again and again, over as many
connections to the same server: nothing is looked up, checked, rendered or written down.
"""

import asyncio
from collections.abc import Iterator, Sequence
from time import monotonic
from zoneinfo import ZoneInfo

import aiosmtplib
from sqlalchemy import Engine, update
from sqlmodel import SQLModel

from benchmarks import sink
from benchmarks.databases import NAMES, NOW, Databases
from benchmarks.measuring import Figure, Goal, Line, NotMeasured
from benchmarks.team import Team, make_team
from models.keys import Key
from services import plans
from services.invitations import plan_invitations
from services.mail.sender import Letterhead, send
from services.mail.templates import BatchValues, MessageValues, prepare
from services.mail.url import mail_settings

NAME = "sending"
TITLE = "Sending invitations"
SIZES = (200, 1_000, 5_000)
QUICK = (200, 1_000)
GOAL = Goal(ratio_least=0.5)
CONNECTIONS = (1, 2, 4)
_MANY = 1_000

_KEY = Key(b"a key of the benchmarks alone...")
_LETTERHEAD = Letterhead("trousseau@ecole.example")
_SENDER, _RECIPIENT = "b@ecole.example", "membre1@courriel1.example"


def measure(databases: Databases, sizes: Sequence[int], rounds: int) -> Iterator[Line]:
    """Yield a figure for each engine, number of connections and size, in messages a second."""
    with sink.running() as port:
        for kind in databases.kinds:
            for size in sizes:
                with databases.fresh(kind) as engine:
                    team = make_team(engine, size, ready=True)
                    message = _fill_outbox(team, port)
                    for connections in CONNECTIONS:
                        yield _measure(engine, kind, size, connections, port, message, rounds)
    if databases.refusal:
        yield NotMeasured(NAMES["postgresql"], databases.refusal)


def _measure(
    engine: Engine, kind: str, size: int, connections: int, port: int, message: bytes, rounds: int
) -> Figure:
    ours, bare = [], []
    # A fifth of a second on a shared machine says little: the few are sent more often.
    for _round in range(rounds * max(1, _MANY // size)):
        bare.append(asyncio.run(_deliver(port, connections, size, message)))
        _queue_again(engine)
        ours.append(_send(engine, port, connections, size))
    lines = "connection" if connections == 1 else "connections"
    return Figure(
        f"{NAMES[kind]}, {connections} {lines}",
        size / min(ours),
        "/s",
        size,
        size / min(bare),
        goal=GOAL,
    )


def _fill_outbox(team: Team, port: int) -> bytes:
    """Queue an invitation for everybody, send all once, and return one message as it is sent."""
    plan_id = team.director.write(plan_invitations, team.school_id, team.school_year_id)
    summary = team.director.read(plans.show, plan_id)
    team.director.write(plans.apply, plan_id, summary.confirm_number)
    _send(team.engine, port, 2, team.size)
    return _message()


def _message() -> bytes:
    """Return a message of the size that an invitation has: text and HTML, 3 kB."""
    batch = BatchValues(
        school="École 1", service="Extranet", sign_in_at="Extranet", contact="Anne Lecomte",
        sender_address=_LETTERHEAD.sender, zone=ZoneInfo("Europe/Brussels"), reply_to="",
    )  # fmt: skip
    return prepare("invitation", "fr", batch).fill(
        MessageValues(
            recipient=_RECIPIENT, name="Anne Dupont", mark="0" * 20, prepared_at=NOW, number=1,
            identifier=_RECIPIENT, token="ABCDE-FGHIJ-KLMNO-PQRST-UVWXY", valid_until=NOW,
        )
    )  # fmt: skip


def _send(engine: Engine, port: int, connections: int, size: int) -> float:
    settings = mail_settings(f"smtp://127.0.0.1:{port}?rate=0&connections={connections}")
    started = monotonic()
    done = asyncio.run(send(engine, settings, _KEY, _LETTERHEAD, clock=lambda: NOW))
    seconds = monotonic() - started
    if done.sent != size:
        raise AssertionError(f"{done.sent} of {size} messages were sent: {done}")
    return seconds


def _queue_again(engine: Engine) -> None:
    """Make every mail as due as it was before it was sent."""
    mail = SQLModel.metadata.tables["mail"]
    as_before = update(mail).values(sent_at=None, closed_at=None, attempts=0, reply="")
    with engine.execution_options(writes=True).begin() as connection:
        connection.execute(as_before)


async def _deliver(port: int, connections: int, size: int, message: bytes) -> float:
    """Deliver `size` times over so many connections; return the seconds it took."""
    left = iter(range(size))

    async def work() -> None:
        smtp = aiosmtplib.SMTP(
            hostname="127.0.0.1", port=port, start_tls=False, local_hostname="localhost"
        )
        async with smtp:
            for _number in left:
                await smtp.sendmail(_SENDER, [_RECIPIENT], message)

    started = monotonic()
    await asyncio.gather(*(work() for _connection in range(connections)))
    return monotonic() - started
