"""Elections: put up, voted in, closed, counted; who may what, and when to the second."""

from collections import Counter
from datetime import UTC, date, datetime, timedelta
from typing import Any

import pytest
from sqlalchemy import select
from sqlalchemy import text as sql

from models.database import SYSTEM, OutOfScope, reading, writing
from models.keys import Key
from models.reading_room import Committee, CommitteeMember
from services import election_results, election_voting, elections, urn
from services.election_attention import election_lines
from services.election_form import CandidateEntry, check
from services.election_voting import AlreadyVoted, Choice, VoteRefused
from services.nightly import Nightwork, run
from tests.services.election_world import (
    CLOSES,
    KEY,
    NAMES,
    NOW,
    OPENS,
    Scrutin,
    candidates,
    form,
    make_scrutin,
)

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


# --- put up, corrected, cancelled ---------------------------------------------------------


def said(form: dict[str, str], entries: Any) -> dict[tuple[str, int | None], str]:
    found = check(form, entries, elections.NETWORK_ZONE, NOW)
    assert found.terms is None
    return {(m.field, m.candidate): m.sentence.message for m in found.messages}


@pytest.mark.parametrize(
    ("values", "names", "field", "words"),
    [
        ({"title": " "}, NAMES, ("title", None), "needed"),
        ({"seats": "5"}, NAMES, ("seats", None), "more seats"),
        ({"seats": "0"}, NAMES, ("seats", None), "at least 1"),
        ({"seats": "٣"}, NAMES, ("seats", None), "at least 1"),
        ({}, (), ("candidates", None), "At least one"),
        ({}, ("Anne", " "), ("candidates", 1), "needed"),
        ({}, ["Nom"] * 101, ("candidates", None), "At most"),
        ({"closes_on": "22/11/2026"}, NAMES, ("closes_on", None), "after it opens"),
        ({"closes_on": "23/11/2026", "closes_at": "9"}, NAMES, ("closes_on", None), "after it"),
        ({"closes_on": "23/11/2028"}, NAMES, ("closes_on", None), "a year"),
        ({"opens_on": "22/11/2026", "opens_at": "9"}, NAMES, ("opens_on", None), "later than now"),
        ({"opens_on": "30/02/2027"}, NAMES, ("opens_on", None), "date"),
        ({"opens_at": "25:00"}, NAMES, ("opens_at", None), "time of day"),
        ({"closes_on": "28/03/2027", "closes_at": "2:30"}, NAMES, ("closes_at", None), "forward"),
        ({"committee_id": "x"}, NAMES, ("committee_id", None), "committee"),
        ({"information": "x" * 4001}, NAMES, ("information", None), "At most"),
    ],
)
def test_what_is_wrong_stands_beside_its_field(
    values: dict[str, str], names: Any, field: tuple[str, int | None], words: str
) -> None:
    entries = [CandidateEntry(name) for name in names]
    assert words in said(form(**values), entries)[field]


def test_moments_are_typed_in_the_networks_zone_and_texts_made_safe(scrutin: Scrutin) -> None:
    election = scrutin.put_up("An\x1b[31mne", information="Un\x07\n\nDeux", seats="1")
    page = scrutin.head().read(elections.page, election)
    assert (page.row.opens_at, page.row.closes_at) == (OPENS, CLOSES)
    assert page.candidates[0].name == "An\ufffd[31mne"
    assert page.information == "Un\ufffd\n\nDeux"
    assert (page.row.status, page.steps) == ("coming", ())
    values, entries = scrutin.helpdesk.read(elections.form_of, election)
    assert check(values, entries, elections.NETWORK_ZONE, NOW).terms is not None


def test_an_hour_that_comes_twice_counts_the_first_time() -> None:
    values = form(opens_on="25/10/2026", opens_at="02:30", closes_on="26/10/2026")
    found = check(values, candidates(), elections.NETWORK_ZONE, NOW - timedelta(days=60))
    assert found.terms and found.terms.opens_at == datetime(2026, 10, 25, 0, 30, tzinfo=UTC)


def test_it_is_corrected_until_it_opens(scrutin: Scrutin) -> None:
    election = scrutin.put_up()
    before = scrutin.head().read(elections.standing, election)
    correct = (elections.correct, election)
    scrutin.helpdesk.write(*correct, form(title="Autre"), candidates())
    assert scrutin.head().read(elections.standing, election) == before, "nobody was replaced"
    scrutin.at(OPENS - SECOND)
    scrutin.helpdesk.write(*correct, form(title="Autre", seats="1"), candidates("Zoé", "Anne"))
    page = scrutin.head().read(elections.page, election)
    assert (page.row.title, page.row.seats) == ("Autre", 1)
    assert [(each.number, each.name) for each in page.candidates] == [(1, "Zoé"), (2, "Anne")]
    assert not {each.id for each in page.candidates} & {each.id for each in before}
    scrutin.at(OPENS)
    with pytest.raises(elections.ElectionRefused):
        scrutin.helpdesk.write(*correct, form(opens_on="24/11/2026"), candidates())
    # Who still has the former list on the screen votes for nobody by mistake.
    paper = scrutin.head().read(election_voting.ballot, election)
    with pytest.raises(VoteRefused):
        scrutin.head().write(
            election_voting.cast, KEY, election, scrutin.world.mine, Choice.of(before[0].id),
            paper.receipt,
        )  # fmt: skip


def test_cancelled_it_stays_sealed_and_says_why(scrutin: Scrutin) -> None:
    election = scrutin.opened()
    scrutin.cast(election, scrutin.world.mine, 1)
    with pytest.raises(elections.ElectionRefused):
        scrutin.helpdesk.write(elections.cancel, election, " ")
    scrutin.helpdesk.write(elections.cancel, election, "Une candidate s’est retirée.")
    with pytest.raises(VoteRefused, match="annulé"):
        scrutin.cast(election, scrutin.world.other, 1)
    scrutin.at(CLOSES)
    assert election_results.publish_overdue(scrutin.helpdesk, lambda: KEY) == ()
    with pytest.raises(elections.ElectionRefused):
        scrutin.head().read(election_results.ballots, election)
    page = scrutin.head().read(elections.page, election)
    assert (page.row.status, page.cancelled_reason) == ("cancelled", "Une candidate s’est retirée.")
    assert scrutin.urn(election), "nothing is destroyed"


def test_only_the_helpdesk_puts_up_and_nobody_publishes_by_hand(scrutin: Scrutin) -> None:
    with pytest.raises(OutOfScope):
        scrutin.head().write(elections.create, form(), candidates())
    election = scrutin.opened()
    for deed in (
        (elections.cancel, election, "x"),
        (elections.correct, election, form(), candidates()),
        (election_results.enter_members, election, date(2027, 1, 1)),
    ):
        with pytest.raises(OutOfScope):
            scrutin.head().write(*deed)  # type: ignore[arg-type]
    for desk in (scrutin.head(), scrutin.helpdesk):
        with pytest.raises(OutOfScope):
            desk.write(election_results.publish, KEY, election)


# --- ballots ------------------------------------------------------------------------------


@pytest.mark.parametrize("number", [1, 40])
def test_one_candidate_or_forty(scrutin: Scrutin, number: int) -> None:
    names = [f"Candidate {n}" for n in range(1, number + 1)]
    election = scrutin.opened(*names, seats=str(number))
    for school, numbers in zip(scrutin.schools, ((1,), range(1, number + 1)), strict=False):
        scrutin.cast(election, school, *numbers)
    sizes = {len(scrutin.urn(election))}
    found = scrutin.closed(election)
    assert [each.votes for each in found.candidates] == [2] + [1] * (number - 1)
    assert len(found.elected) == number and not found.tied_seats
    assert sizes == {1 + 8 + 12 + 16 + 2 * (10 + (number + 2 + 7) // 8)}


def test_what_is_no_choice_is_refused_in_words(scrutin: Scrutin) -> None:
    election = scrutin.opened()
    paper = scrutin.head().read(election_voting.ballot, election)
    ids = [each.id for each in paper.candidates]
    head, about = scrutin.head(), (KEY, election, scrutin.world.mine)
    wrong = [
        Choice.of(), Choice.of(*ids[:3]), Choice.of(0), Choice("blank", frozenset(ids[:1])),
    ]  # fmt: skip
    for choice in wrong:
        assert election_voting.problem(choice, paper.seats, paper.candidates)
        with pytest.raises(VoteRefused):
            head.write(election_voting.cast, *about, choice, paper.receipt)
    for receipt in ("", "x", paper.receipt[:-1], "U" * 16):
        with pytest.raises(VoteRefused, match="récépissé"):
            head.write(election_voting.cast, *about, Choice.of(ids[0]), receipt)
    assert scrutin.urn(election) == b""
    assert scrutin.head().read(election_voting.voted, election, scrutin.world.mine) is None


def test_receipts_are_unique_and_read_as_they_are_typed(scrutin: Scrutin) -> None:
    assert len({urn.new_receipt() for _ in range(5000)}) == 5000
    election = scrutin.opened()
    receipt = scrutin.cast(election, scrutin.world.mine, 3)
    other, about = scrutin.head(scrutin.world.other), (KEY, election, scrutin.world.other)
    with pytest.raises(VoteRefused, match="récépissé"):
        other.write(election_voting.cast, *about, Choice.BLANK, receipt)
    typed = receipt.lower().replace("-", " ").replace("0", "o").replace("1", "l")
    assert urn.shown_receipt(urn.read_receipt(typed) or b"") == receipt
    assert urn.read_receipt("abc") is None


# --- keys, interruptions, others at the same time ------------------------------------------


def test_with_another_key_nothing_is_done_and_nothing_lost(scrutin: Scrutin) -> None:
    election = scrutin.opened()
    scrutin.cast(election, scrutin.world.mine, 1)
    before, scrutin.key = scrutin.urn(election), Key(bytes(32))
    with pytest.raises(urn.UrnRefused, match="scellée avec la clé"):
        scrutin.cast(election, scrutin.world.other, 2)
    assert scrutin.head(scrutin.world.other).read(
        election_voting.voted, election, scrutin.world.other
    ) is None  # fmt: skip
    scrutin.at(CLOSES)
    with pytest.raises(urn.UrnRefused):
        election_results.publish_overdue(scrutin.helpdesk, lambda: scrutin.key)
    assert scrutin.urn(election) == before
    scrutin.key = KEY
    assert scrutin.closed(election).voters == 1


def test_an_urn_that_was_changed_or_put_back_is_told(scrutin: Scrutin) -> None:
    election, other = scrutin.opened(), scrutin.opened()
    empty = scrutin.urn(election)
    scrutin.cast(election, scrutin.world.mine, 1)
    scrutin.cast(other, scrutin.world.mine, 1)
    first = scrutin.urn(election)
    scrutin.cast(election, scrutin.world.other, 1)
    for wrong in (empty, first, first[:-1], b"x" * 60, scrutin.urn(other)):
        with scrutin.world.engine.begin() as connection:
            put = sql("UPDATE election_urn SET ballots = :b WHERE election_id = :id")
            connection.execute(put, {"b": wrong, "id": election})
        with pytest.raises(urn.UrnRefused):
            scrutin.cast(election, scrutin.schools[2], 1)


@pytest.mark.parametrize("place", ["seal", "put"])
@pytest.mark.every_case
def test_cut_off_between_the_voter_and_the_urn_neither_is_there(
    scrutin: Scrutin, monkeypatch: pytest.MonkeyPatch, place: str
) -> None:
    election = scrutin.opened()
    scrutin.cast(election, scrutin.world.other, 1)
    before = scrutin.urn(election)

    class Cut(BaseException):
        pass

    def cut(*_: Any) -> None:
        raise Cut

    monkeypatch.setattr(urn if place == "seal" else urn.HeldUrn, place, cut)
    with pytest.raises(Cut):
        scrutin.cast(election, scrutin.world.mine, 1)
    monkeypatch.undo()
    assert scrutin.urn(election) == before
    assert scrutin.head().read(election_voting.voted, election, scrutin.world.mine) is None
    scrutin.cast(election, scrutin.world.mine, 2)
    assert scrutin.closed(election).voters == 2


def test_a_vote_that_waited_while_it_was_counted_is_not_lost_unnoticed(scrutin: Scrutin) -> None:
    election = scrutin.opened()
    paper = scrutin.head().read(election_voting.ballot, election)
    scrutin.closed(election)
    scrutin.at(CLOSES - SECOND)  # its moment was in time, and the urn is counted
    with pytest.raises(VoteRefused, match="clos le"):
        scrutin.head().write(
            election_voting.cast, KEY, election, scrutin.world.mine, Choice.BLANK, paper.receipt
        )


def test_the_night_counts_what_it_can(scrutin: Scrutin) -> None:
    lost, other = scrutin.opened(), scrutin.opened()
    scrutin.key = Key(bytes(32))
    scrutin.cast(lost, scrutin.world.mine, 1)
    scrutin.key = KEY
    scrutin.cast(other, scrutin.world.mine, 1)
    scrutin.at(CLOSES)
    work = Nightwork(scrutin.world.engine, scrutin.world.clock, lambda: KEY, reminder_days=0)
    night = run(work)
    assert (night.done["elections"], len(night.troubles)) == (1, 1)
    assert scrutin.head().read(election_results.result, other).voters == 1
    scrutin.at(CLOSES + timedelta(hours=25))
    told = {line.cause for line in scrutin.helpdesk.read(election_lines)}
    assert told == {"vote_unpublished", "vote_published"}


# --- the result ---------------------------------------------------------------------------


def outcomes(received: dict[int, int], seats: int) -> tuple[dict[int, str], int, int]:
    standing = [elections.Standing(n, n, f"C{n}", "", "") for n in received]
    votes = Counter({str(n): count for n, count in received.items()})
    found, tied_seats, vacant = election_results._outcomes(standing, votes, seats)
    return {each.candidate.number: each.outcome for each in found}, tied_seats, vacant


@pytest.mark.parametrize(
    ("received", "seats", "elected", "tied", "tied_seats", "vacant"),
    [
        ({1: 5, 2: 3, 3: 1}, 1, {1}, set(), 0, 0),
        ({1: 3, 2: 3, 3: 1}, 1, set(), {1, 2}, 1, 0),
        ({1: 3, 2: 3, 3: 1}, 2, {1, 2}, set(), 0, 0),
        ({1: 5, 2: 3, 3: 3, 4: 3}, 3, {1}, {2, 3, 4}, 2, 0),
        ({1: 0, 2: 0}, 1, set(), set(), 0, 1),
        ({1: 2, 2: 0, 3: 0}, 2, {1}, set(), 0, 1),
        ({1: 1}, 1, {1}, set(), 0, 0),
    ],
)
def test_who_is_in_and_who_ties_for_which_seats(
    received: dict[int, int],
    seats: int,
    elected: set[int],
    tied: set[int],
    tied_seats: int,
    vacant: int,
) -> None:
    found, left, empty = outcomes(received, seats)
    assert {n for n, outcome in found.items() if outcome == "elected"} == elected
    assert {n for n, outcome in found.items() if outcome == "tied"} == tied
    assert (left, empty) == (tied_seats, vacant)


def test_the_elected_become_members_once(scrutin: Scrutin) -> None:
    with writing(scrutin.world.engine, SYSTEM, NOW) as session:
        committee = Committee(name="Comité", name_key="comite", published_at=NOW)
        session.add(committee)
    election = scrutin.opened(committee_id=str(committee.id))
    for school, numbers in zip(scrutin.schools, ((1, 2), (1, 3)), strict=False):
        scrutin.cast(election, school, *numbers)
    found = scrutin.closed(election)
    tied = [each.candidate.id for each in found.tied]
    enter = (election_results.enter_members, election, date(2027, 1, 1), date(2029, 12, 31))
    with pytest.raises(elections.ElectionRefused):
        scrutin.helpdesk.write(*enter, tied)  # two of them for one seat
    assert scrutin.helpdesk.write(*enter, tied[1:]) == 2
    with pytest.raises(elections.ElectionRefused, match="déjà"):
        scrutin.helpdesk.write(*enter)
    with reading(scrutin.world.engine, SYSTEM, NOW) as session:
        members = session.scalars(select(CommitteeMember)).all()
        assert {(m.name, m.election_id) for m in members} == {
            (NAMES[0], election), (NAMES[2], election),
        }  # fmt: skip


def test_a_list_that_was_changed_is_not_intact(scrutin: Scrutin) -> None:
    election = scrutin.opened()
    scrutin.cast(election, scrutin.world.mine, 1)
    assert scrutin.closed(election).intact
    with scrutin.world.engine.begin() as connection:
        connection.execute(sql("UPDATE election_ballot SET choice = '2'"))
    assert not scrutin.head().read(election_results.result, election).intact


def test_the_list_tells_each_what_is_theirs_to_know(scrutin: Scrutin) -> None:
    election, _coming = scrutin.put_up(), scrutin.put_up(title="Plus tard", opens_on="26/11/2026")
    scrutin.at(OPENS)
    (line,) = scrutin.head().read(election_lines)
    assert (line.cause, line.go_to) == ("vote_open", "elections")
    for school in scrutin.schools[:3]:
        scrutin.cast(election, school, 1)
    mine, later = scrutin.head().read(elections.elections)
    assert [each.school_id for each in mine.voted] == [scrutin.world.mine]
    assert (mine.voters, mine.schools, later.status) == (3, 8, "coming")
    assert len(scrutin.helpdesk.read(elections.elections)[0].voted) == 3
    assert scrutin.head().read(election_lines) == []
    assert scrutin.world.director().read(elections.elections) == []
