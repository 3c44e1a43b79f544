"""Processes that vote, for tests that kill them: forked from one that has everything at hand."""

import gc
import os
import signal
from collections.abc import Callable, Sequence
from pathlib import Path
from random import Random
from typing import Any

from sqlalchemy import event

from models.database import Actor, make_engine
from models.scope import criteria
from services import election_voting
from services.desk import Desk
from services.election_voting import AlreadyVoted, Choice
from tests.services.election_world import KEY, OPENS
from tests.worked_out import share_compiled_statements

#: A vote takes some dozen statements: whoever is killed dies in one of the first six votes.
_LONGEST_LIFE = 70
#: Some die at the worst moment: the vote is in the urn, and nobody was told.
_UNHEARD, _SO_MANY_UNHEARD = -1, 4


class Log:
    """What processes have done, line by line: as it is written it is there, whoever dies."""

    def __init__(self, file: Path) -> None:
        self.file = file
        self._handle = os.open(file, os.O_CREAT | os.O_WRONLY | os.O_APPEND, 0o600)

    def write(self, *words: object) -> None:
        os.write(self._handle, (" ".join(map(str, words)) + "\n").encode())

    def lines(self) -> list[list[str]]:
        return [line.split() for line in self.file.read_text().splitlines()]


def choice_of(school: int, candidates: Sequence[Any]) -> tuple[str, Choice]:
    """Return what a school votes, as it is published and as it is cast; each test knows it."""
    chance = Random(school)
    if (kind := chance.choice(("blank", "abstention", "", "", "", ""))) != "":
        return kind, Choice(kind)  # type: ignore[arg-type]
    chosen = sorted(chance.sample(candidates, chance.randint(1, 2)), key=lambda each: each.number)
    return ",".join(str(each.number) for each in chosen), Choice.of(*(c.id for c in chosen))


def head_of(schools: Sequence[int]) -> Actor:
    """Return who votes for a group of schools: what somebody sees is worked out once for each."""
    return Actor("head", "head", frozenset(schools))


def vote(
    desk: Desk,
    election: int,
    school: int,
    log: Log,
    ask: bool,
    unheard: Callable[[], object] = lambda: None,
) -> None:
    """Vote for a school, and write down what is done and known when.

    Whoever cannot know whether it was done already asks first. `unheard` happens between the
    vote and the answer.
    """
    if ask and desk.read(election_voting.voted, election, school):
        log.write("found", school)
        return
    try:
        paper = desk.read(election_voting.ballot, election, school)
    except AlreadyVoted:
        log.write("refused", school)
        return
    shown, choice = choice_of(school, paper.candidates)
    log.write("begun", school, paper.receipt, shown)
    try:
        desk.write(election_voting.cast, KEY, election, school, choice, paper.receipt)
        unheard()
    except AlreadyVoted:
        log.write("refused", school)
    else:
        log.write("cast", school, paper.receipt, shown)


def _worker(
    url: str, election: int, schools: list[int], log: Log, dies_at: int | None, start: int | None
) -> None:
    engine = make_engine(url)
    left = [dies_at]

    def die() -> None:
        os.kill(os.getpid(), signal.SIGKILL)

    def count(*_: Any) -> None:
        if left[0] is not None and left[0] != _UNHEARD:
            left[0] -= 1
            if left[0] <= 0:
                die()

    # Before and behind each statement, and before a commit and behind it: at any of them.
    for moment in ("before_cursor_execute", "after_cursor_execute", "commit"):
        event.listen(engine, moment, count)
    event.listen(engine.pool, "checkin", count)
    if start is not None:
        os.read(start, 1)
    desk = Desk(engine, head_of(schools), lambda: OPENS)
    for school in schools:
        vote(desk, election, school, log, start is None, die if dies_at == _UNHEARD else count)
    engine.dispose()


def nursery(url: str, election: int, groups: list[list[int]], log_file: str, seed: int) -> None:
    """Let each group of schools vote from a process of its own, all at once.

    Most are killed at a random moment, and the one that goes on for them often again. Exits
    with 0 once all groups are through.
    """
    share_compiled_statements()
    log, chance = Log(Path(log_file)), Random(seed)
    engine = make_engine(url)
    # So that all is worked out for those to come.
    vote(Desk(engine, head_of(groups[0]), lambda: OPENS), election, groups[0].pop(0), log, ask=True)
    for schools in groups:
        criteria(head_of(schools))
    engine.dispose()
    gc.disable()
    start, go = os.pipe()
    running: dict[int, list[int]] = {}

    def fork(schools: list[int], chance_to_die: float, start: int | None = None) -> None:
        dies_at = chance.randint(1, _LONGEST_LIFE) if chance.random() < chance_to_die else None
        if start is not None and len(running) < _SO_MANY_UNHEARD:
            dies_at = _UNHEARD
        if pid := os.fork():
            running[pid] = schools
            return
        code = 1
        try:
            if start is not None:
                os.close(go)
            _worker(url, election, schools, log, dies_at, start)
            code = 0
        finally:
            os._exit(code)

    for schools in groups:
        fork(schools, 0.6, start)
    os.close(start)
    os.close(go)  # and all begin
    while running:
        pid, status = os.wait()
        schools = running.pop(pid)
        if os.WIFSIGNALED(status):
            log.write("killed", os.WTERMSIG(status))
            fork(schools, 0.3)
        else:
            assert os.WEXITSTATUS(status) == 0
