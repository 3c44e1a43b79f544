"""The list of elections on screen: a head's own, and the helpdesk's; the lines of the dashboard."""

from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest
from sqlalchemy import Engine

from screens.dashboard import DashboardScreen
from screens.election import ElectionScreen
from screens.election_form import ElectionFormScreen
from screens.elections import ElectionsScreen
from services import dashboard, elections
from services.election_attention import election_lines
from tests.screens.ballots import as_head, as_helpdesk, press, shown
from tests.screens.conftest import MakeApp, settled
from tests.services.election_world import (
    CLOSES,
    OPENS,
    Scrutin,
    candidates,
    form,
    make_scrutin,
)


@pytest.fixture
def scrutin(sqlite_engine: Engine) -> Scrutin:
    return make_scrutin(sqlite_engine, 6)


def some(scrutin: Scrutin) -> dict[str, int]:
    """Elections in every status, on the second day of the one that is open."""
    made = {}
    scrutin.at(datetime(2026, 11, 9, 8, tzinfo=UTC))
    for name, opens, closes in (
        ("closed", "16/11/2026", "20/11/2026"),
        ("cancelled", "18/11/2026", "25/11/2026"),
    ):
        values = form(title=f"Comité {name}", opens_on=opens, closes_on=closes)
        made[name] = scrutin.helpdesk.write(elections.create, values, candidates())
    scrutin.helpdesk.write(elections.cancel, made["cancelled"], "Plus de sièges.")
    scrutin.at(datetime(2026, 11, 17, 8, tzinfo=UTC))
    scrutin.cast(made["closed"], scrutin.world.mine, 1)
    made["open"] = scrutin.put_up(title="Comité des programmes")
    values = {"title": "Groupe de travail", "opens_on": "30/11/2026", "closes_on": "04/12/2026"}
    made["coming"] = scrutin.put_up(**values)
    scrutin.at(datetime(2026, 11, 24, 8, tzinfo=UTC))
    return made


async def test_a_head_sees_what_is_to_vote_on_first(
    console: MakeApp, scrutin: Scrutin, home: Path
) -> None:
    made = some(scrutin)
    screen = ElectionsScreen(as_head(scrutin, home))
    async with console(screen, role="head").run_test(size=(80, 24)) as pilot:
        await settled(pilot)
        assert screen.table.row and screen.table.row.key == made["open"]
        seen = shown(pilot)
        assert "! à voter" in seen and "+ a voté" in seen
        assert "Votre établissement n’a pas encore voté." in seen
        totals = []
        for _press in range(5):
            await press(pilot, "f")
            totals.append(screen.table.total)
        assert totals == [1, 1, 1, 1, 4]
        await press(pilot, "slash", *"travail", "enter", "enter")
        assert isinstance(pilot.app.screen, ElectionScreen)
        assert "Groupe de travail" in shown(pilot)


async def test_a_head_is_not_offered_to_prepare_one(
    console: MakeApp, scrutin: Scrutin, home: Path
) -> None:
    screen = ElectionsScreen(as_head(scrutin, home))
    async with console(screen, role="head").run_test(size=(80, 24)) as pilot:
        await settled(pilot)
        assert "F8" not in shown(pilot) and "Aucun scrutin encore." in shown(pilot)
        await press(pilot, "f8")
        assert pilot.app.screen is screen


async def test_the_helpdesk_sees_the_turnout(
    console: MakeApp, scrutin: Scrutin, home: Path
) -> None:
    made = some(scrutin)
    scrutin.cast(made["open"], scrutin.schools[3], kind="blank")
    screen = ElectionsScreen(as_helpdesk(scrutin, home))
    async with console(screen, role="helpdesk").run_test(size=(80, 24)) as pilot:
        await settled(pilot)
        assert "1 sur 8" in shown(pilot) and "voté" not in shown(pilot)
        await press(pilot, "f8")
        assert isinstance(pilot.app.screen, ElectionFormScreen)


async def test_who_heads_two_schools_is_told_of_both(
    console: MakeApp, scrutin: Scrutin, home: Path
) -> None:
    made = some(scrutin)
    scrutin.cast(made["open"], scrutin.world.other, 1)
    workplace = as_head(scrutin, home)
    workplace.desk = scrutin.head(scrutin.world.mine, scrutin.world.other)
    async with console(ElectionsScreen(workplace), role="head").run_test(size=(80, 24)) as pilot:
        await settled(pilot)
        assert "1 de vos 2 établissements a voté." in shown(pilot)


def lines(scrutin: Scrutin, desk: Any) -> list[tuple[str, str]]:
    found = desk.read(election_lines)
    return [(each.cause, each.sentence.text("en")) for each in found]


def test_the_dashboard_tells_a_head_of_an_open_ballot_until_she_has_voted(
    scrutin: Scrutin,
) -> None:
    election = scrutin.put_up()
    head = scrutin.head()
    assert lines(scrutin, head) == []
    scrutin.at(OPENS)
    told = (
        "The vote “Comité des programmes” is open until 27/11/2026, 18:00: your school has not "
        "voted."
    )
    assert lines(scrutin, head) == [("vote_open", told)]
    both = scrutin.head(scrutin.world.mine, scrutin.world.other)
    assert len(lines(scrutin, both)) == 2
    scrutin.cast(election, scrutin.world.mine, 1)
    assert lines(scrutin, head) == []
    assert len(lines(scrutin, both)) == 1
    scrutin.at(CLOSES)
    assert lines(scrutin, both) == []


def test_the_dashboard_tells_the_helpdesk_what_comes(scrutin: Scrutin) -> None:
    election = scrutin.put_up()
    seen = [lines(scrutin, scrutin.helpdesk)]
    scrutin.at(OPENS)
    seen.append(lines(scrutin, scrutin.helpdesk))
    scrutin.at(CLOSES)
    seen.append(lines(scrutin, scrutin.helpdesk))
    scrutin.closed(election)
    seen.append(lines(scrutin, scrutin.helpdesk))
    causes = [[cause for cause, _told in each] for each in seen]
    assert causes == [["vote_opens"], ["vote_closes"], ["vote_unpublished"], ["vote_published"]]
    assert lines(scrutin, scrutin.world.director()) == []


async def test_a_head_finds_the_open_ballot_on_the_dashboard(
    console: MakeApp, scrutin: Scrutin, home: Path
) -> None:
    some(scrutin)
    workplace = as_head(scrutin, home)
    app = console(
        DashboardScreen(workplace),
        role="head",
        places={"elections": lambda: ElectionsScreen(workplace)},
    )
    async with app.run_test(size=(80, 24)) as pilot:
        await settled(pilot)
        assert "votre établissement n’a pas voté" in shown(pilot)
        assert "0 accès" not in shown(pilot)  # a head has no team
        await press(pilot, "enter")
        assert isinstance(pilot.app.screen, ElectionsScreen)
        assert "[* Ouvert 1]" in shown(pilot)
    assert workplace.desk.read(dashboard.overview).counts == {}


def test_picture(console: MakeApp, scrutin: Scrutin, home: Path, snap_compare: Any) -> None:
    some(scrutin)
    app = console(ElectionsScreen(as_head(scrutin, home)), role="head")
    assert snap_compare(app, terminal_size=(80, 24), run_before=settled)


def test_picture_of_the_helpdesks_list(
    console: MakeApp, scrutin: Scrutin, home: Path, snap_compare: Any
) -> None:
    some(scrutin)
    app = console(ElectionsScreen(as_helpdesk(scrutin, home)), role="helpdesk")
    assert snap_compare(app, terminal_size=(80, 24), run_before=settled)
