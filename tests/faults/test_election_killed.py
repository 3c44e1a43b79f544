"""Five hundred schools vote from fifty processes at once that are killed: each vote counts once."""

import multiprocessing
from collections import Counter
from itertools import pairwise
from pathlib import Path
from random import Random
from typing import Any

import pytest

from services import election_results, election_voting, elections
from tests.faults.votes import Log, choice_of, nursery
from tests.services.election_world import make_scrutin

pytestmark = [pytest.mark.slow, pytest.mark.timeout(300)]

#: How many schools vote, and from how many processes at once.
SIZES = {"sqlite": (500, 50), "postgresql": (40, 12)}


def recount(lines: list[list[str]]) -> Counter[str]:
    """Count a list by nothing of the program: a vote for each number on a line."""
    found: Counter[str] = Counter()
    for _receipt, choice in lines:
        for word in choice.split(","):
            found[word] += 1
    return found


def test_whatever_is_killed_each_vote_counts_once(
    engine: Any, database_url: str, tmp_path: Path
) -> None:
    schools, processes = SIZES[engine.dialect.name]
    scrutin = make_scrutin(engine, schools - 2)
    election = scrutin.opened("Anne", "Bruno", "Chantal", "Denis", "Élise")
    engine.dispose()
    shuffled = Random(3).sample(scrutin.schools, schools)
    groups = [shuffled[place::processes] for place in range(processes)]
    # And some vote from two places, first here and last there, or the other way round.
    for one, other in pairwise(groups[: processes // 2]):
        other.append(one[-1])
    log = Log(tmp_path / "log")
    context = multiprocessing.get_context("forkserver")
    context.set_forkserver_preload(["tests.faults.votes"])
    parent = context.Process(
        target=nursery, args=(database_url, election, groups, str(log.file), 7)
    )
    parent.start()
    parent.join(240)
    assert parent.exitcode == 0

    said: dict[str, list[list[str]]] = {}
    for word, *rest in log.lines():
        said.setdefault(word, []).append(rest)
    assert len(said["killed"]) >= processes // 2, "hardly anything was killed"
    begun = {receipt: (int(school), choice) for school, receipt, choice in said["begun"]}
    assert len(begun) == len(said["begun"]), "no receipt twice"
    result = scrutin.closed(election)
    head = scrutin.head(shuffled[0])
    listed = [[b.receipt, b.choice] for b in head.read(election_results.ballots, election)]

    # Each vote that was told to be cast is there, with its choice; and each school once.
    there = dict(listed)
    for school, receipt, choice in said["cast"]:
        assert there[receipt] == choice, school
    assert Counter(begun[receipt][0] for receipt, _ in listed) == Counter(shuffled)
    candidates = head.read(elections.standing, election)
    assert all(there[r] == begun[r][1] == choice_of(begun[r][0], candidates)[0] for r in there)

    # Who was killed with the vote in the urn learned that by asking, or by voting again.
    unheard = {begun[receipt][0] for receipt in there} - {int(row[0]) for row in said["cast"]}
    assert unheard, "nobody was killed between the commit and the answer"
    assert unheard <= {int(row[0]) for row in said.get("found", []) + said.get("refused", [])}
    assert all(
        scrutin.head(school).read(election_voting.voted, election, school) for school in shuffled
    )

    # And the list, counted by anybody, is the result.
    counted = recount(listed)
    assert result.voters == schools
    assert {str(each.candidate.number): each.votes for each in result.candidates} == {
        str(number): counted[str(number)] for number in range(1, 6)
    }
    assert (result.blank, result.abstentions) == (counted["blank"], counted["abstention"])
