"""The page of an election on screen, the published ballots, and what the helpdesk does there."""

from hashlib import sha256
from pathlib import Path
from typing import Any

import pytest
from sqlalchemy import Engine
from textual.pilot import Pilot
from textual.widgets import Input

from models.keys import Key
from screens.ballot import BallotScreen
from screens.election import ElectionScreen
from screens.election_form import CandidateScreen, ElectionFormScreen
from screens.election_office import ElectionVotersScreen, EnterElectedScreen
from screens.published_ballots import PublishedBallotsScreen
from services import committees, drafts, election_results, elections
from services.election_recount import recount
from tests.screens.ballots import as_head, as_helpdesk, press, shown, tied, told, typed
from tests.screens.conftest import MakeApp, settled
from tests.services.election_world import CLOSES, NOW, Scrutin, make_scrutin


@pytest.fixture
def scrutin(sqlite_engine: Engine) -> Scrutin:
    return make_scrutin(sqlite_engine, 6)


async def all_of(pilot: Pilot[Any]) -> str:
    """Page to the end of a text; return all of it."""
    seen = shown(pilot)
    for _page in range(4):
        await press(pilot, "pagedown")
        seen += " " + shown(pilot)
    return seen


# --- what a head reads --------------------------------------------------------------------


async def test_the_candidates_are_read_in_full(
    console: MakeApp, scrutin: Scrutin, home: Path
) -> None:
    election = scrutin.opened()
    screen = ElectionScreen(as_head(scrutin, home), election)
    async with console(screen, role="head").run_test(size=(80, 24)) as pilot:
        await settled(pilot)
        assert "jusqu’au 27/11/2026 18:00. Votre établissement n’a pas encore voté." in shown(pilot)
        assert "Étape suivante (F8) : remplir le bulletin." in shown(pilot)
        seen = await all_of(pilot)
        assert "1. Anne Lecomte, École 1" in seen and "Je suis Denis Adam." in seen
        assert "Ouvert du 23/11/2026 09:00 au 27/11/2026 18:00 (Europe/Brussels)" in seen
        assert "Comment le vote reste secret" in seen and "pas de brouillon" in seen


async def test_an_election_that_is_to_come_has_no_ballot_yet(
    console: MakeApp, scrutin: Scrutin, home: Path
) -> None:
    screen = ElectionScreen(as_head(scrutin, home), scrutin.put_up())
    async with console(screen, role="head").run_test(size=(80, 24)) as pilot:
        await settled(pilot)
        assert "il s’ouvre le 23/11/2026 09:00" in shown(pilot)
        await press(pilot, "f8", "f2", "x", "v", "b")  # none of which is offered
        assert pilot.app.screen is screen


async def test_a_ballot_that_opens_after_a_vote_elsewhere_is_refused(
    console: MakeApp, scrutin: Scrutin, home: Path
) -> None:
    election = scrutin.opened()
    screen = ElectionScreen(as_head(scrutin, home), election)
    async with console(screen, role="head").run_test(size=(80, 24)) as pilot:
        await settled(pilot)
        scrutin.cast(election, scrutin.world.mine, 1)
        await press(pilot, "f8")
        assert not isinstance(pilot.app.screen, BallotScreen)
        assert "a voté" in told(pilot) and "Étape suivante" not in shown(pilot)


# --- after the close ----------------------------------------------------------------------


async def test_the_first_who_looks_after_the_close_sees_the_result(
    console: MakeApp, scrutin: Scrutin, home: Path
) -> None:
    election, _receipts = tied(scrutin)
    screen = ElectionScreen(as_head(scrutin, home), election)
    async with console(screen, role="head").run_test(size=(80, 24)) as pilot:
        await settled(pilot)
        seen = await all_of(pilot)
        for words in (
            "+ Anne Lecomte : 3 voix, élu(e)",
            "= Bruno Maes : 2 voix, à égalité",
            "= Chantal Dupont : 2 voix, à égalité",
            ". Denis Adam : 0 voix, pas élu(e)",
            "Égalité pour 1 siège entre Bruno Maes, Chantal Dupont.",
            "Participation : 6 sur 8 établissements (75 %)",
            "Avec des noms : 4",
            "Blancs : 1",
            "Abstentions : 1",
        ):
            assert words in seen, words


async def test_the_page_is_read_where_the_urn_cannot_be_opened(
    console: MakeApp, scrutin: Scrutin, home: Path
) -> None:
    election, _receipts = tied(scrutin)
    scrutin.key = Key(bytes(32))
    screen = ElectionScreen(as_head(scrutin, home), election)
    async with console(screen, role="head").run_test(size=(80, 24)) as pilot:
        await settled(pilot)
        seen = await all_of(pilot)
        assert "Le résultat" not in seen and "4. Denis Adam" in seen
        assert Key(bytes(range(32))).fingerprint in seen  # of the key that is needed


async def test_a_receipt_is_found_as_it_was_noted(
    console: MakeApp, scrutin: Scrutin, home: Path
) -> None:
    election, receipts = tied(scrutin)
    screen = ElectionScreen(as_head(scrutin, home), election)
    async with console(screen, role="head").run_test(size=(80, 24)) as pilot:
        await settled(pilot)
        await press(pilot, "b")
        ballots = pilot.app.screen
        assert isinstance(ballots, PublishedBallotsScreen) and ballots.table.total == 6
        mine = receipts[scrutin.world.mine]
        await press(pilot, "slash")
        await typed(pilot, mine.lower().replace("-", " ").replace("1", "l").replace("0", "o"))
        assert ballots.table.total == 1
        assert f"{mine} : 1. Anne Lecomte; 2. Bruno Maes" in shown(pilot)
        await press(pilot, "ctrl+u")
        await typed(pilot, "0000-0000")
        assert "Aucun bulletin ne porte ce code" in shown(pilot)


async def test_the_list_is_written_as_it_is_counted(
    console: MakeApp, scrutin: Scrutin, home: Path, tmp_path: Path
) -> None:
    election, _receipts = tied(scrutin)
    result = scrutin.closed(election)
    place = as_head(scrutin, home)
    page = place.desk.read(elections.page, election)
    screen = PublishedBallotsScreen(place, page)
    async with console(screen, role="head").run_test(size=(80, 24)) as pilot:
        await settled(pilot)
        await press(pilot, "c")
        pilot.app.screen.query_one(Input).value = str(tmp_path / "liste")
        await press(pilot, "enter")
        (made,) = (tmp_path / "liste").iterdir()
        assert sha256(made.read_bytes()).hexdigest() == result.digest
        anew = recount(made.read_text(encoding="utf-8"), 2)
        assert (anew.digest, anew.blank, anew.abstentions) == (result.digest, 1, 1)
        assert made.name in told(pilot)


async def test_over_a_line_the_command_is_told(
    console: MakeApp, scrutin: Scrutin, home: Path
) -> None:
    election, _receipts = tied(scrutin)
    scrutin.closed(election)
    place = as_head(scrutin, home)
    screen = PublishedBallotsScreen(place, place.desk.read(elections.page, election))
    app = console(screen, role="head", may_write_files=False)
    async with app.run_test(size=(80, 24)) as pilot:
        await settled(pilot)
        await press(pilot, "c")
        assert pilot.app.screen is screen and f"election ballots {election}" in told(pilot)


# --- the helpdesk -------------------------------------------------------------------------


async def test_an_election_is_prepared_and_its_draft_kept(
    console: MakeApp, scrutin: Scrutin, home: Path
) -> None:
    scrutin.at(NOW)
    place = as_helpdesk(scrutin, home)
    screen = ElectionFormScreen(place)
    async with console(screen, role="helpdesk").run_test(size=(80, 24)) as pilot:
        await settled(pilot)
        await typed(pilot, "Bulletins")
        await press(pilot, "tab", "tab", "tab")
        await typed(pilot, "23/11/2026")
        await press(pilot, "f4")
        assert isinstance(pilot.app.screen, CandidateScreen)
        await typed(pilot, "Zoé Claes")  # and here the line drops
    screen = ElectionFormScreen(place)
    made: list[int | None] = []
    app = console(lambda: ElectionScreen(place, 0), role="helpdesk")
    async with app.run_test(size=(80, 24)) as pilot:
        await settled(pilot)
        app.push_screen(screen, made.append)
        await settled(pilot)
        assert "Bulletins" in shown(pilot) and "23/11/2026" in shown(pilot)
        await press(pilot, "f4")
        assert "Zoé Claes" in shown(pilot)
        await press(pilot, "tab")
        await typed(pilot, "École du Lac")
        await press(pilot, "tab")
        await typed(pilot, "Bonjour")
        await press(pilot, "enter")
        await typed(pilot, "à tous.")
        await press(pilot, "f8", "f4")
        await typed(pilot, "Adam Petit")
        await press(pilot, "f8", "f8")
        assert "! voir dessous" in shown(pilot)  # it closes on no day yet
        assert pilot.app.screen is screen
        await typed(pilot, "27/11/2026")
        assert "Tout y est." in shown(pilot)
        await press(pilot, *["tab"] * 3, "d")
        assert shown(pilot).index("Adam") < shown(pilot).index("Zoé")
        await press(pilot, "f8")
        assert "Le scrutin est enregistré" in told(pilot)
    assert made and made[0] is not None
    page = place.desk.read(elections.page, made[0])
    assert [(each.name, each.school_name, each.statement) for each in page.candidates] == [
        ("Adam Petit", "", ""),
        ("Zoé Claes", "École du Lac", "Bonjour\nà tous."),
    ]
    assert place.desk.read(drafts.load, elections.draft_name()) is None


async def test_an_election_is_corrected_until_it_opens(
    console: MakeApp, scrutin: Scrutin, home: Path
) -> None:
    election = scrutin.put_up()
    screen = ElectionScreen(as_helpdesk(scrutin, home), election)
    async with console(screen, role="helpdesk").run_test(size=(80, 24)) as pilot:
        await settled(pilot)
        await press(pilot, "f2", "ctrl+u")
        await typed(pilot, "Autre titre")
        await press(pilot, *["tab"] * 8, "end", "x", "enter")
        await typed(pilot, "-Leroy")
        await press(pilot, "f8", "f8")
        assert pilot.app.screen is screen and "Autre titre" in shown(pilot)
        scrutin.at(CLOSES)
        await press(pilot, "f5", "f2")
        assert pilot.app.screen is screen
    names = [each.name for each in scrutin.helpdesk.read(elections.page, election).candidates]
    assert names == ["Anne Lecomte", "Bruno Maes", "Chantal Dupont-Leroy"]


async def test_an_election_is_cancelled_with_a_reason(
    console: MakeApp, scrutin: Scrutin, home: Path
) -> None:
    screen = ElectionScreen(as_helpdesk(scrutin, home), scrutin.opened())
    async with console(screen, role="helpdesk").run_test(size=(80, 24)) as pilot:
        await settled(pilot)
        await press(pilot, "x", "enter")
        assert "Il faut quelques mots." in shown(pilot)
        await typed(pilot, "Une erreur de nom.")
        await press(pilot, "enter", "n")
        assert "Annulé le" not in shown(pilot)
        await press(pilot, "x")
        await typed(pilot, "Une erreur de nom.")
        await press(pilot, "enter", "o")
        assert "Annulé le 23/11/2026 09:00 : Une erreur de nom." in shown(pilot)


async def test_the_helpdesk_sees_who_has_voted_and_not_what(
    console: MakeApp, scrutin: Scrutin, home: Path
) -> None:
    election = scrutin.opened()
    scrutin.cast(election, scrutin.world.mine, 4)
    screen = ElectionScreen(as_helpdesk(scrutin, home), election)
    async with console(screen, role="helpdesk").run_test(size=(80, 24)) as pilot:
        await settled(pilot)
        assert "Établissements qui ont voté : 1 sur 8" in shown(pilot)
        await press(pilot, "v")
        assert isinstance(pilot.app.screen, ElectionVotersScreen)
        seen = shown(pilot)
        assert "Institut Saint-Exemple 23/11/2026 09:00" in seen
        assert "Athénée" not in seen and "Denis" not in seen


async def test_those_elected_are_entered_with_one_of_the_tied(
    console: MakeApp, scrutin: Scrutin, home: Path
) -> None:
    committee = scrutin.helpdesk.write(committees.add, "Comité des programmes", "")
    election, _receipts = tied(scrutin, committee_id=str(committee))
    screen = ElectionScreen(as_helpdesk(scrutin, home), election)
    async with console(screen, role="helpdesk").run_test(size=(80, 24)) as pilot:
        await settled(pilot)
        await press(pilot, "e")
        assert isinstance(pilot.app.screen, EnterElectedScreen)
        assert "Élus : Anne Lecomte." in shown(pilot)
        await typed(pilot, "01/01/2027")
        await press(pilot, "tab", "tab", "right", "tab", "right", "f8")
        assert "1 au plus" in told(pilot)
        await press(pilot, "left", "f8")
        assert "2 membres du comité sont inscrits." in told(pilot)
        assert pilot.app.screen is screen
    members = scrutin.helpdesk.read(committees.page, committee)
    assert "Bruno Maes" in str(members) and "Chantal" not in str(members)


# --- pictures -----------------------------------------------------------------------------


def _page(console: MakeApp, scrutin: Scrutin, home: Path, which: str) -> Any:
    if which == "open":
        return console(ElectionScreen(as_head(scrutin, home), scrutin.opened()), role="head")
    committee = scrutin.helpdesk.write(committees.add, "Comité des programmes", "")
    election, _receipts = tied(scrutin, committee_id=str(committee))
    place = as_head(scrutin, home) if which == "result" else as_helpdesk(scrutin, home)
    return console(ElectionScreen(place, election), role=place.role)


@pytest.fixture
def in_order(monkeypatch: pytest.MonkeyPatch) -> None:
    """Draw receipts that are the same in every picture."""
    drawn = iter(f"{n}K3M-Q2XW-91BT-HV5D" for n in (5, 2, 7, 1, 6, 3))
    monkeypatch.setattr("services.urn.new_receipt", lambda: next(drawn))


KEYS = {
    "open": (),
    "result": (),
    "ballots": ("b",),
    "voters": ("v",),
    "elected": ("e",),
}


@pytest.mark.parametrize("which", KEYS)
@pytest.mark.usefixtures("in_order")
def test_picture(
    console: MakeApp, scrutin: Scrutin, home: Path, snap_compare: Any, which: str
) -> None:
    async def look(pilot: Any) -> None:
        await settled(pilot)
        await press(pilot, *KEYS[which])

    app = _page(console, scrutin, home, "result" if which == "ballots" else which)
    assert snap_compare(app, terminal_size=(80, 24), run_before=look)


@pytest.mark.parametrize("key", ["form", "candidate"])
def test_picture_of_the_form(
    console: MakeApp, scrutin: Scrutin, home: Path, snap_compare: Any, key: str
) -> None:
    async def look(pilot: Any) -> None:
        await settled(pilot)
        if key == "candidate":
            await press(pilot, *["tab"] * 8, "enter")

    screen = ElectionFormScreen(as_helpdesk(scrutin, home), scrutin.put_up())
    assert snap_compare(console(screen, role="helpdesk"), terminal_size=(80, 24), run_before=look)


def test_the_result_is_there_only_after_the_close(scrutin: Scrutin) -> None:
    election = scrutin.opened()
    with pytest.raises(elections.ElectionRefused):
        scrutin.head().read(election_results.result, election)
