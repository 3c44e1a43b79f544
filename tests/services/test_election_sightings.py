"""What has become of a ballot whose casting was cut off: asked past the urn, never in doubt."""

import pytest
from sqlalchemy import Engine

from models.keys import Key
from models.scope import OutOfScope
from services import election_voting, urn
from services.election_voting import Sighting
from services.urn import UrnRefused
from tests.services.election_world import Scrutin, make_scrutin


def sighted(scrutin: Scrutin, election: int, receipt: str, school: int | None = None) -> Sighting:
    number = school or scrutin.world.mine
    head = scrutin.head(number)
    return head.write(election_voting.sighted, scrutin.key, election, number, receipt)


def test_a_ballot_is_cast_or_it_is_not(engine: Engine) -> None:
    scrutin = make_scrutin(engine)
    election, other = scrutin.opened(), urn.new_receipt()
    assert sighted(scrutin, election, other) == Sighting(None, cast=False)
    receipt = scrutin.cast(election, scrutin.world.mine, 1)
    found = sighted(scrutin, election, receipt)
    assert found.cast and found.seen is not None and found.seen.voted_at == scrutin.world.clock()
    assert not sighted(scrutin, election, other).cast  # the school has voted with another one
    assert sighted(scrutin, election, other).seen == found.seen
    assert sighted(scrutin, election, receipt, scrutin.world.other).seen is None
    scrutin.closed(election)
    assert sighted(scrutin, election, receipt) == found
    assert not sighted(scrutin, election, other).cast


def test_who_heads_another_school_is_told_nothing(sqlite_engine: Engine) -> None:
    scrutin = make_scrutin(sqlite_engine)
    election = scrutin.opened()
    receipt = scrutin.cast(election, scrutin.world.mine, 1)
    asked = (election_voting.sighted, scrutin.key, election, scrutin.world.mine, receipt)
    for desk in (scrutin.head(scrutin.world.other), scrutin.helpdesk, scrutin.world.director()):
        with pytest.raises(OutOfScope):
            desk.write(*asked)


def test_without_the_key_of_the_urn_nothing_is_claimed(sqlite_engine: Engine) -> None:
    scrutin = make_scrutin(sqlite_engine)
    election = scrutin.opened()
    receipt = scrutin.cast(election, scrutin.world.mine, 1)
    scrutin.key = Key(bytes(32))
    with pytest.raises(UrnRefused):
        sighted(scrutin, election, receipt)
