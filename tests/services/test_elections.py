"""Elections: put up, voted in, closed, counted; who may what, and when to the second."""

from datetime import timedelta
from typing import Any

import pytest

from models.database import OutOfScope
from services import election_results, election_voting, elections
from services.election_voting import AlreadyVoted, Choice, VoteRefused
from tests.services.election_world import CLOSES, KEY, NOW, OPENS, Scrutin, make_scrutin

SECOND = timedelta(seconds=1)


@pytest.fixture
def scrutin(engine: Any) -> Scrutin:
    return make_scrutin(engine, 6)


def test_votes_are_counted_and_ties_told(scrutin: Scrutin) -> None:
    election = scrutin.opened()
    schools = iter(scrutin.schools)
    receipts = [
        scrutin.cast(election, next(schools), 1, 2),
        scrutin.cast(election, next(schools), 1, 3),
        scrutin.cast(election, next(schools), 1),
        scrutin.cast(election, next(schools), 2, 3),
        scrutin.cast(election, next(schools), kind="blank"),
        scrutin.cast(election, next(schools), kind="abstention"),
    ]
    found = scrutin.closed(election)
    assert [(each.candidate.number, each.votes, each.outcome) for each in found.candidates] == [
        (1, 3, "elected"), (2, 2, "tied"), (3, 2, "tied"), (4, 0, "not_elected"),
    ]  # fmt: skip
    assert (found.blank, found.abstentions, found.voters, found.schools) == (1, 1, 6, 8)
    assert (found.tied_seats, found.vacant, found.intact) == (1, 0, True)
    listed = scrutin.head().read(election_results.ballots, election)
    assert [each.receipt for each in listed] == sorted(receipts)
    chosen = {each.receipt: each.choice for each in listed}
    assert [chosen[each] for each in receipts] == ["1,2", "1,3", "1", "2,3", "blank", "abstention"]


def test_a_school_votes_once_and_is_told_when(scrutin: Scrutin) -> None:
    election = scrutin.opened()
    scrutin.at(OPENS + timedelta(minutes=30))
    scrutin.cast(election, scrutin.world.mine, 2)
    scrutin.at(OPENS + timedelta(hours=5))
    with pytest.raises(AlreadyVoted) as refused:
        scrutin.cast(election, scrutin.world.mine, 3)
    assert str(refused.value) == "Institut Saint-Exemple a voté le 23/11/2026 09:30."
    seen = scrutin.head().read(election_voting.voted, election, scrutin.world.mine)
    assert seen is not None and seen.voted_at == OPENS + timedelta(minutes=30)
    assert scrutin.closed(election).voters == 1


def test_it_is_open_to_the_second(scrutin: Scrutin) -> None:
    election = scrutin.put_up()
    head = scrutin.head()
    scrutin.at(OPENS)
    paper = head.read(election_voting.ballot, election)
    choice = Choice.of(paper.candidates[0].id)
    cast = (election_voting.cast, KEY, election, scrutin.world.mine, choice, paper.receipt)
    for moment in (NOW, OPENS - SECOND, CLOSES, CLOSES + SECOND):
        scrutin.at(moment)
        with pytest.raises(VoteRefused):
            head.write(*cast)
        with pytest.raises(VoteRefused):
            head.read(election_voting.ballot, election)
        assert scrutin.urn(election) == b""
    scrutin.at(CLOSES - SECOND)
    head.write(*cast)
    with pytest.raises(elections.ElectionRefused):
        head.read(election_results.result, election)
    assert scrutin.closed(election).voters == 1


def test_nobody_votes_for_a_school_that_is_not_theirs(scrutin: Scrutin) -> None:
    election = scrutin.opened()
    paper = scrutin.head().read(election_voting.ballot, election)
    choice = Choice.of(paper.candidates[0].id)
    for desk in (scrutin.head(), scrutin.helpdesk, scrutin.world.desk, scrutin.world.director()):
        with pytest.raises(OutOfScope):
            desk.write(
                election_voting.cast, KEY, election, scrutin.world.other, choice, paper.receipt
            )
    assert scrutin.urn(election) == b""
