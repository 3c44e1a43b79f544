"""The vote on screen: marks, the receipt before casting, and one clear answer afterwards."""

from pathlib import Path
from typing import Any

import pytest
from sqlalchemy import Engine, event, select, text
from sqlmodel import col
from textual.pilot import Pilot

from models.accounts import Draft
from models.database import SYSTEM, writing
from models.elections import ElectionVoter
from screens.ballot import BallotScreen, CastScreen
from screens.election import ElectionScreen
from screens.voting_schools import VotingSchoolsScreen
from screens.whole_line import WholeLineScreen
from services import election_results, election_voting, elections
from tests.screens.ballots import as_head, press, shown, told
from tests.screens.conftest import MakeApp, settled
from tests.services.election_world import CLOSES, Scrutin, make_scrutin
from tui.app import TrousseauApp


@pytest.fixture
def scrutin(sqlite_engine: Engine) -> Scrutin:
    return make_scrutin(sqlite_engine, 2)


@pytest.fixture
def opened(scrutin: Scrutin) -> int:
    return scrutin.opened()


class Voting:
    """A head in front of the page of an election."""

    def __init__(self, console: MakeApp, scrutin: Scrutin, home: Path, election: int) -> None:
        self.place = as_head(scrutin, home)
        self.page = ElectionScreen(self.place, election)
        self.app: TrousseauApp = console(self.page, role="head")

    async def fill_in(self, pilot: Pilot[Any], *keys: str) -> None:
        await settled(pilot)
        await press(pilot, "f8", *keys)


@pytest.fixture
def voting(console: MakeApp, scrutin: Scrutin, home: Path, opened: int) -> Voting:
    return Voting(console, scrutin, home, opened)


def voters(scrutin: Scrutin) -> int:
    with writing(scrutin.world.engine, SYSTEM, scrutin.world.clock()) as session:
        return len(session.scalars(select(col(ElectionVoter.id))).all())


def counted(scrutin: Scrutin, election: int) -> dict[str, str]:
    """Let it close; return the published choices by their receipts."""
    scrutin.closed(election)
    found = scrutin.head().read(election_results.ballots, election)
    return {each.receipt: each.choice for each in found}


def receipt(screen: CastScreen) -> str:
    return screen._code.text.rpartition(" ")[2].rpartition("\u00a0")[2]


# --- marking ------------------------------------------------------------------------------


async def test_no_more_are_marked_than_there_are_seats(voting: Voting) -> None:
    async with voting.app.run_test(size=(80, 24)) as pilot:
        await voting.fill_in(pilot, "space", "down", "space")
        assert "Marqués : 2, au plus 2 candidats." in shown(pilot)
        await press(pilot, "down", "space")
        assert "Un bulletin nomme 2 candidats au plus" in shown(pilot)
        assert "[ ] 3. Chantal Dupont" in shown(pilot)
        await press(pilot, "up", "space")
        assert "Marqués : 1" in shown(pilot) and "[ ] 2. Bruno Maes" in shown(pilot)


async def test_blank_and_abstention_are_told_apart_and_take_the_names_away(
    voting: Voting,
) -> None:
    async with voting.app.run_test(size=(80, 24)) as pilot:
        await voting.fill_in(pilot, "space", "end")
        assert "Abstention : votre établissement laisse le choix aux autres" in shown(pilot)
        await press(pilot, "up")
        assert "Blanc : votre établissement vote, et pour aucun" in shown(pilot)
        await press(pilot, "space")
        assert "[x] Bulletin blanc" in shown(pilot) and "[ ] 1. Anne" in shown(pilot)
        await press(pilot, "down", "space")
        assert "[x] Abstention" in shown(pilot) and "[ ] Bulletin blanc" in shown(pilot)
        await press(pilot, "home", "space")
        assert "[x] 1. Anne" in shown(pilot) and "[ ] Abstention" in shown(pilot)


async def test_what_is_marked_is_told_in_words_to_a_screen_reader(voting: Voting) -> None:
    voting.app.accessible = True
    async with voting.app.run_test(size=(80, 24)) as pilot:
        await voting.fill_in(pilot, "space")
        assert "1. Anne Lecomte : choisi" in shown(pilot) and "[" not in shown(pilot)


async def test_a_statement_is_read_in_full(voting: Voting) -> None:
    async with voting.app.run_test(size=(80, 24)) as pilot:
        await voting.fill_in(pilot, "down", "enter")
        assert isinstance(pilot.app.screen, WholeLineScreen)
        assert "Je suis Bruno Maes." in shown(pilot)


async def test_nothing_marked_is_no_ballot(voting: Voting) -> None:
    async with voting.app.run_test(size=(80, 24)) as pilot:
        await voting.fill_in(pilot, "f8")
        assert isinstance(pilot.app.screen, BallotScreen)
        assert "Choisissez un candidat" in told(pilot)


# --- casting ------------------------------------------------------------------------------


async def test_the_receipt_is_shown_before_and_leads_to_the_ballot(
    voting: Voting, scrutin: Scrutin, opened: int
) -> None:
    async with voting.app.run_test(size=(80, 24)) as pilot:
        await voting.fill_in(pilot, "space", "f8")
        screen = pilot.app.screen
        assert isinstance(screen, CastScreen)
        assert "Pas encore déposé" in shown(pilot) and "1. Anne Lecomte" in shown(pilot)
        code = receipt(screen)
        assert len(code) == 19 and voters(scrutin) == 0
        await press(pilot, "f8")
        assert "Déposé le 23/11/2026 09:00. Votre établissement a voté." in shown(pilot)
        assert code in shown(pilot) and "Anne" not in shown(pilot)
        assert voters(scrutin) == 1
        await press(pilot, "f8", "escape")  # once is enough
        assert pilot.app.screen is voting.page
        assert "Institut Saint-Exemple a voté" in shown(pilot) and "F8" not in shown(pilot)
        await press(pilot, "f8")
        assert pilot.app.screen is voting.page
    assert counted(scrutin, opened) == {code: "1"}


@pytest.mark.parametrize(("key", "choice"), [("end", "abstention"), ("up", "blank")])
async def test_blank_and_abstention_are_cast(
    voting: Voting, scrutin: Scrutin, opened: int, key: str, choice: str
) -> None:
    async with voting.app.run_test(size=(80, 24)) as pilot:
        await voting.fill_in(pilot, "end", key, "space", "f8", "f8")
        assert "Déposé le" in shown(pilot)
    assert list(counted(scrutin, opened).values()) == [choice]


async def test_escape_casts_nothing_and_the_marks_are_there_still(
    voting: Voting, scrutin: Scrutin
) -> None:
    async with voting.app.run_test(size=(80, 24)) as pilot:
        await voting.fill_in(pilot, "space", "f8", "escape")
        assert isinstance(pilot.app.screen, BallotScreen)
        assert "[x] 1. Anne" in shown(pilot)
        await press(pilot, "escape", "f8")
        assert "Marqués : 0" in shown(pilot)  # another paper, with another code
    assert voters(scrutin) == 0


async def test_another_session_of_the_school_was_faster(
    voting: Voting, scrutin: Scrutin, opened: int
) -> None:
    async with voting.app.run_test(size=(80, 24)) as pilot:
        await voting.fill_in(pilot, "space", "f8")
        scrutin.cast(opened, scrutin.world.mine, kind="blank")
        await press(pilot, "f8")
        seen = shown(pilot)
        assert "Pas déposé. Votre établissement avait déjà voté, par un autre bulletin" in seen
        assert "dans aucune urne" in seen and "Anne" not in seen
        await press(pilot, "f8", "escape")
        assert pilot.app.screen is voting.page
    assert list(counted(scrutin, opened).values()) == ["blank"]


async def test_whoever_comes_too_late_is_told(voting: Voting, scrutin: Scrutin) -> None:
    async with voting.app.run_test(size=(80, 24)) as pilot:
        await voting.fill_in(pilot, "space", "f8")
        scrutin.at(CLOSES)
        await press(pilot, "f8")
        assert "Pas déposé." in shown(pilot) and "27/11/2026 18:00" in shown(pilot)
        await press(pilot, "escape")
        assert pilot.app.screen is voting.page and "= Clos" in shown(pilot)
    assert voters(scrutin) == 0


async def test_a_cancelled_election_takes_no_vote(
    voting: Voting, scrutin: Scrutin, opened: int
) -> None:
    async with voting.app.run_test(size=(80, 24)) as pilot:
        await voting.fill_in(pilot, "space", "f8")
        scrutin.helpdesk.write(elections.cancel, opened, "Une erreur de nom.")
        await press(pilot, "f8")
        assert "Pas déposé." in shown(pilot) and "Une erreur de nom." in shown(pilot)
    assert voters(scrutin) == 0


# --- a line or a database that goes away --------------------------------------------------


class Failing:
    """Lets the database fail at some statements, or after the vote is written."""

    def __init__(self, engine: Engine) -> None:
        self.engine, self.at = engine, ""
        event.listen(engine, "before_cursor_execute", self._before)

    def _before(self, _c: Any, _cursor: Any, statement: str, *_rest: Any) -> None:
        if self.at and self.at in statement:
            from sqlalchemy.exc import OperationalError

            raise OperationalError("", {}, Exception("gone"))

    def stop(self) -> None:
        event.remove(self.engine, "before_cursor_execute", self._before)


@pytest.fixture
def failing(scrutin: Scrutin) -> Any:
    found = Failing(scrutin.world.engine)
    yield found
    found.stop()


async def test_a_database_that_does_not_answer_is_asked_again(
    voting: Voting, scrutin: Scrutin, opened: int, failing: Failing
) -> None:
    async with voting.app.run_test(size=(80, 24)) as pilot:
        await voting.fill_in(pilot, "space", "f8")
        assert isinstance(pilot.app.screen, CastScreen)
        code = receipt(pilot.app.screen)
        failing.at = "INSERT INTO election_voter"
        await press(pilot, "f8")
        assert "Pas déposé : la base de données n’a pas répondu." in shown(pilot)
        assert voters(scrutin) == 0
        failing.at = "election_urn"
        await press(pilot, "f8")
        assert "ne dit pas si le bulletin est déposé" in shown(pilot)
        failing.at = ""
        await press(pilot, "f8")
        assert "Déposé le" in shown(pilot)
    assert counted(scrutin, opened) == {code: "1"}


async def test_an_answer_that_is_lost_after_the_vote_is_found_again(
    voting: Voting, scrutin: Scrutin, opened: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The vote is committed, and the connection ends before that is heard."""
    from services.desk import DataBusy, Desk

    write = Desk.write

    def deaf(desk: Desk, deed: Any, *args: Any, **kwargs: Any) -> Any:
        done = write(desk, deed, *args, **kwargs)
        if deed is election_voting.cast:
            raise DataBusy(election_voting.problem(election_voting.Choice.of(), 1, ()))  # type: ignore[arg-type]
        return done

    monkeypatch.setattr(Desk, "write", deaf)
    async with voting.app.run_test(size=(80, 24)) as pilot:
        await voting.fill_in(pilot, "space", "f8")
        assert isinstance(pilot.app.screen, CastScreen)
        code = receipt(pilot.app.screen)
        await press(pilot, "f8")
        assert "Déposé le 23/11/2026 09:00. Votre établissement a voté." in shown(pilot)
    monkeypatch.undo()
    assert counted(scrutin, opened) == {code: "1"}


# --- what stays behind --------------------------------------------------------------------


async def test_what_is_marked_stays_in_no_draft_no_log_and_no_title(
    voting: Voting, scrutin: Scrutin, home: Path
) -> None:
    async with voting.app.run_test(size=(80, 24)) as pilot:
        await voting.fill_in(pilot, "down", "space", "f8")
        assert "Bruno" not in repr(pilot.app.screen.__dict__.get("_choice"))
        await press(pilot, "f8")
        assert "Bruno" not in told(pilot) and "Bruno" not in shown(pilot)
        await press(pilot, "escape")
    with writing(scrutin.world.engine, SYSTEM, scrutin.world.clock()) as session:
        assert session.scalars(select(Draft)).all() == []
    with scrutin.world.engine.connect() as connection:
        rows = [row for row in connection.execute(text("SELECT * FROM journal")) if "head" in row]
    assert "election_voter" in str(rows) and "Bruno" not in str(rows)
    for file in home.rglob("*"):
        assert not file.is_file() or b"Bruno" not in file.read_bytes() or file.suffix == ".db"


# --- several schools ----------------------------------------------------------------------


async def test_who_heads_two_schools_votes_for_each(
    console: MakeApp, scrutin: Scrutin, home: Path, opened: int
) -> None:
    voting = Voting(console, scrutin, home, opened)
    voting.place.desk = scrutin.head(scrutin.world.mine, scrutin.world.other)
    voting.page = ElectionScreen(voting.place, opened)
    app = console(voting.page, role="head")
    async with app.run_test(size=(80, 24)) as pilot:
        await voting.fill_in(pilot)
        assert isinstance(pilot.app.screen, VotingSchoolsScreen)
        await press(pilot, "enter", "space", "f8", "f8", "escape")
        assert "1 de vos 2 établissements a voté." in shown(pilot)
        await press(pilot, "f8", "enter")
        assert "Cet établissement a voté." in told(pilot)
        await press(pilot, "down", "enter", "end", "space", "f8", "f8", "escape")
        assert "2 de vos 2 établissements ont voté." in shown(pilot)
    assert sorted(counted(scrutin, opened).values()) == ["1", "abstention"]


# --- pictures -----------------------------------------------------------------------------


async def _mark(pilot: Any) -> None:
    await settled(pilot)
    await press(pilot, "f8", "space", "down")


def test_picture(voting: Voting, snap_compare: Any) -> None:
    assert snap_compare(voting.app, terminal_size=(80, 24), run_before=_mark)


def test_picture_of_the_receipt(
    voting: Voting, snap_compare: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    _same_receipt(monkeypatch)

    async def look(pilot: Any) -> None:
        await _mark(pilot)
        await press(pilot, "f8")

    assert snap_compare(voting.app, terminal_size=(80, 24), run_before=look)


def test_picture_of_a_vote_that_is_cast(
    voting: Voting, snap_compare: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    _same_receipt(monkeypatch)

    async def look(pilot: Any) -> None:
        await _mark(pilot)
        await press(pilot, "f8", "f8")

    assert snap_compare(voting.app, terminal_size=(80, 24), run_before=look)


def test_picture_of_schools(
    console: MakeApp, scrutin: Scrutin, home: Path, opened: int, snap_compare: Any
) -> None:
    scrutin.cast(opened, scrutin.world.other, 1)
    place = as_head(scrutin, home)
    place.desk = scrutin.head(scrutin.world.mine, scrutin.world.other)

    async def look(pilot: Any) -> None:
        await settled(pilot)
        await press(pilot, "f8")

    app = console(ElectionScreen(place, opened), role="head")
    assert snap_compare(app, terminal_size=(80, 24), run_before=look)


def _same_receipt(monkeypatch: pytest.MonkeyPatch) -> None:
    """Draw a receipt that is the same in every picture."""
    monkeypatch.setattr("services.urn.new_receipt", lambda: "7K3M-Q2XW-91BT-HV5D")
