"""Sessions are cut wherever they are, however they end: five seconds later nothing is left.

Real processes on real terminals, by each way in. `TROUSSEAU_SOAK_SESSIONS` says how many of
each way, `TROUSSEAU_SOAK_SEED` what they are chosen by.
"""

import os
import subprocess
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.servers import MailServer
from tests.sessions import (
    WAYS,
    Installation,
    drafts,
    gone_within,
    installation,
    leases,
    locks,
    processes,
    rubbish,
    visits,
)
from tests.terminal import PROGRAM
from tests.tui.serve.running import Serving, serving
from tui.serve import __main__ as parents

pytestmark = [pytest.mark.slow, pytest.mark.timeout(36_000)]

#: Sessions of each way in an ordinary run: by the parent, where one costs little, each place
#: once and each end; in the demonstration each end, and between them by the two others.
COUNTS = {"parent": 7, "local": 2, "ssh": 2, "demo": 4}
#: Seconds after which nothing may be left.
SECONDS = 5.0


@pytest.fixture
def server(folder: Path) -> Iterator[Serving]:
    with serving(folder, lambda place: parents.command(str(place))) as server:
        yield server


@pytest.mark.parametrize("way", WAYS)
def test_nothing_is_left(way: str, folder: Path, server: Serving, mail_server: MailServer) -> None:
    where = installation(folder, server, mail_server.url)
    count = int(os.environ.get("TROUSSEAU_SOAK_SESSIONS", COUNTS[way]))
    seed = os.environ.get("TROUSSEAU_SOAK_SEED", "cut")
    for number, visit in enumerate(visits(where, way, count, seed)):
        try:
            visit.go()
        except AssertionError as error:
            error.add_note(f"session {number} of {seed!r}: {visit.words}")
            raise
    check(where, server)


def check(where: Installation, server: Serving) -> None:
    """Hold what is left against what may be: the parent, the drafts, the mails that wait."""

    def others() -> list[str]:
        found = processes(where.folder)
        sessions = [told for told in found if not told.startswith(f"{server.process} ")]
        # A process that ends gives back its memory first, and with it what tells whose it is;
        # then what it has open and locked, and last it is no child any more.
        return [*sessions, *map(str, server.children()), *locks(where.folder)]

    assert gone_within(SECONDS, others) == []
    assert leases(where) == []
    killed_demos = [words for words in where.ended if "demo" in words and "KILL" in words]
    assert len(rubbish(where)) <= len(killed_demos), rubbish(where)
    typed = [words for words in where.ended if "draft" in words and "demo" not in words]
    assert bool(drafts(where)) == bool(typed)
    for command in (["send", "--json"], ["db", "verify"]):
        done = subprocess.run(
            [PROGRAM, *command], env=where.environment("local"), capture_output=True, timeout=120,
            check=False,
        )  # fmt: skip
        assert done.returncode == 0, done.stderr.decode()
    assert leases(where) == []
