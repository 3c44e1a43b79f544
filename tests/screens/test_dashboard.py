"""The dashboard: what needs attention and where it leads, one school or all, the first steps."""

from datetime import timedelta
from typing import Any

from sqlalchemy import Engine, select
from sqlmodel import col
from textual.screen import Screen

from models.accounts import Account, SignInEvent
from models.database import SYSTEM, Actor, change, writing
from models.language import say
from models.nightly import NightlyRun
from models.schools import School
from models.upgrades import fill_catalogues
from screens.dashboard import DashboardScreen
from screens.widgets.findings import FindingLine, FindingList
from screens.workplace import Workplace
from services import plans, school_years
from services.desk import Desk
from services.invitations import plan_invitations
from tests.screens.conftest import NOW, MakeApp, screen_text, settled
from tests.screens.samples import HOSTILE
from tests.worlds import World


def helpdesk(world: World) -> Desk:
    return Desk(world.engine, Actor("helpdesk", "helpdesk", None), world.clock)


def team(world: World) -> None:
    world.people(3, consent=False)
    world.person(surname="Nowak", first_name="Łukasz", consent=False, email=None)
    world.person(surname="Vandenbroeck", first_name="Élise")
    world.person(surname="Peeters", first_name="Zoë", email="zoe@gmial.com")
    world.person(surname="Lefèvre", first_name="Étienne", present=False)


class Elsewhere(Screen[None]):
    """A place that remembers what it was asked to show."""

    def __init__(self, workplace: Workplace, place: str) -> None:
        super().__init__()
        self.wish = workplace.wished(place)
        self.place = place


def places(workplace: Workplace) -> dict[str, Any]:
    names = ("consents", "team-access", "invitations", "import", "school-years", "search")
    made = {name: lambda name=name: Elsewhere(workplace, name) for name in names}
    return {**made, "dashboard": lambda: DashboardScreen(workplace)}


def dashboard(console: MakeApp, workplace: Workplace, **chosen: Any) -> Any:
    """The console, with all places a line of the dashboard may lead to."""
    return console(DashboardScreen(workplace), places=places(workplace), **chosen)


def counted(screen: Any) -> dict[str, int]:
    return {line.cause: line.count for line in screen._lines}


async def test_a_line_that_is_no_longer_there_leads_nowhere(console: MakeApp, world: World) -> None:
    """What was told of a longer list may come after a shorter one is shown."""
    team(world)
    workplace = Workplace(helpdesk(world), who="H. Elpdesk", here=None)
    screen = DashboardScreen(workplace)
    app = console(screen, role="helpdesk", places=places(workplace))
    async with app.run_test() as pilot:
        await settled(pilot)
        gone = FindingLine(len(counted(screen)) + 50, say("It was here."))
        screen.post_message(FindingList.Highlighted(gone))
        screen.post_message(FindingList.Chosen(gone.key))
        await settled(pilot)
        assert app.screen is screen


async def test_enter_goes_to_what_the_line_is_about(console: MakeApp, world: World) -> None:
    team(world)
    workplace = Workplace(world.director())
    app = dashboard(console, workplace)
    async with app.run_test(size=(80, 24)) as pilot:
        await settled(pilot)
        lines = [line.cause for line in app.screen._lines]  # type: ignore[attr-defined]
        await pilot.press(*["down"] * lines.index("no_consent"), "enter")
        await settled(pilot)
        assert isinstance(app.screen, Elsewhere)
        assert (app.screen.place, app.screen.wish.status) == ("consents", "no_consent")
        await pilot.press("escape", str(lines.index("no_address") + 1))
        await settled(pilot)
        assert isinstance(app.screen, Elsewhere)
        assert (app.screen.place, app.screen.wish.status) == ("team-access", "no_address")


async def test_who_has_one_school_is_in_it(console: MakeApp, world: World) -> None:
    team(world)
    workplace = Workplace(world.director())
    async with dashboard(console, workplace).run_test(size=(80, 24)) as pilot:
        await settled(pilot)
        assert "Établissement, n° FASE 9901" in screen_text(pilot.app)
        assert workplace.chosen == (world.mine, world.year)


async def test_a_helpdesk_begins_with_all_schools(console: MakeApp, world: World) -> None:
    team(world)
    world.people(2, world.other, consent=False)
    workplace = Workplace(helpdesk(world))
    app = dashboard(console, workplace, role="helpdesk")
    async with app.run_test() as pilot:
        await settled(pilot)
        shown = screen_text(app)
        assert "2 écoles" in shown and counted(app.screen)["no_consent"] == 5
        assert workplace.here is None


async def test_x_goes_back_to_all_schools(console: MakeApp, world: World) -> None:
    team(world)
    desk = helpdesk(world)
    workplace = Workplace(desk, here=desk.read(school_years.here, world.mine))
    async with dashboard(console, workplace, role="helpdesk").run_test() as pilot:
        await settled(pilot)
        assert "Institut Saint-Exemple" in screen_text(pilot.app)
        await pilot.press("x")
        await settled(pilot)
        assert "2 écoles" in screen_text(pilot.app)


async def test_it_is_read_again_when_one_comes_back(console: MakeApp, world: World) -> None:
    team(world)
    workplace = Workplace(world.director())
    app = dashboard(console, workplace)
    async with app.run_test(size=(80, 24)) as pilot:
        await settled(pilot)
        assert counted(app.screen)["no_consent"] == 3
        await pilot.press("1")
        await settled(pilot)
        world.person(surname="Nouveau", consent=False)
        await pilot.press("escape")
        await settled(pilot)
        assert counted(app.screen)["no_consent"] == 4


async def test_the_first_steps_are_told(console: MakeApp, world: World) -> None:
    workplace = Workplace(world.director())
    app = dashboard(console, workplace)
    async with app.run_test(size=(80, 24)) as pilot:
        await settled(pilot)
        assert "importez le fichier du personnel" in screen_text(app)
        world.person(consent=False)
        await pilot.press("f5")
        await settled(pilot)
        assert "imprimez les formulaires" in screen_text(app)
        world.person(surname="Signé")
        await pilot.press("f5")
        await settled(pilot)
        assert "envoyez les invitations" in screen_text(app)
        desk = world.director()
        desk.write(plans.apply, desk.write(plan_invitations, world.mine, world.year))
        await pilot.press("f5")
        await settled(pilot)
        assert "Prochaine étape" not in screen_text(app)


async def test_hostile_names_are_harmless(console: MakeApp, world: World) -> None:
    for name in HOSTILE[:12]:
        if "\ud800" in name:
            continue
        with writing(world.engine, SYSTEM, NOW) as session:
            change(session, School, col(School.id) == world.mine, name=name)
        async with dashboard(console, Workplace(world.director())).run_test() as pilot:
            await settled(pilot)
            shown = screen_text(pilot.app)
            assert not any(ord(c) < 32 or 0x7F <= ord(c) < 0xA0 for c in shown.replace("\n", ""))


def test_at_80_by_24(console: MakeApp, world: World, snap_compare: Any) -> None:
    team(world)
    app = dashboard(console, Workplace(world.director(), who="A. Lambert"))
    assert snap_compare(app, terminal_size=(80, 24), run_before=settled)


def test_at_60_by_20(console: MakeApp, world: World, snap_compare: Any) -> None:
    team(world)
    app = dashboard(console, Workplace(world.director(), who="A. Lambert"))
    assert snap_compare(app, terminal_size=(60, 20), run_before=settled)


def test_in_english(console: MakeApp, world: World, snap_compare: Any) -> None:
    team(world)
    app = dashboard(console, Workplace(world.director(), who="A. Lambert"), language="en")
    assert snap_compare(app, terminal_size=(80, 24), run_before=settled)


def test_a_helpdesk_at_80_by_24(console: MakeApp, world: World, snap_compare: Any) -> None:
    team(world)
    world.people(2, world.other, consent=False)
    app = dashboard(console, Workplace(helpdesk(world), who="Helpdesk"), role="helpdesk")
    assert snap_compare(app, terminal_size=(80, 24), run_before=settled)


def house(world: World) -> None:
    """Two nights missed, and two new addresses that are other accounts'."""
    with writing(world.engine, SYSTEM, NOW) as session:
        nights = [NOW - timedelta(days=days, hours=5) for days in (2, 3)]
        session.add_all(NightlyRun(night=at.date(), started_at=at, finished_at=at) for at in nights)
        for name, address in (("Jeanne Dupont", "j.dupont"), ("Łukasz Nowak", "l.nowak")):
            email = f"{address}@ancienne.example"
            account = Account(email=email, email_key=email, name=name, created_at=NOW)
            session.add(account)
            session.flush()
            for kind, outcome in (("address", "taken"), ("password", "ok")):
                session.add(
                    SignInEvent(
                        at=NOW - timedelta(hours=2), last_at=NOW, kind=kind, outcome=outcome,
                        account_id=account.id, address=f"{address}@famille.example",
                    )
                )  # fmt: skip


async def test_a_helpdesk_reads_of_missed_nights_and_failed_addresses(
    console: MakeApp, world: World
) -> None:
    house(world)
    app = dashboard(console, Workplace(helpdesk(world)), role="helpdesk")
    async with app.run_test(size=(80, 24)) as pilot:
        await settled(pilot)
        causes = counted(app.screen)
        assert (causes["night_missed"], causes["address_taken"]) == (1, 2)
        await pilot.press("enter")  # leads nowhere
        await settled(pilot)
        assert isinstance(app.screen, DashboardScreen)
        # Done, and given: nothing is left to tell.
        with writing(world.engine, SYSTEM, NOW) as session:
            session.add(NightlyRun(night=NOW.date(), started_at=NOW, finished_at=NOW))
            for event in session.scalars(
                select(SignInEvent).where(col(SignInEvent.outcome) == "taken")
            ).all():
                session.add(
                    SignInEvent(at=NOW, kind="address", outcome="ok", account_id=event.account_id)
                )
        await pilot.press("f5")
        await settled(pilot)
        assert not {"night_missed", "address_taken"} & counted(app.screen).keys()


async def test_a_director_reads_nothing_of_the_door(console: MakeApp, world: World) -> None:
    house(world)
    async with dashboard(console, Workplace(world.director())).run_test() as pilot:
        await settled(pilot)
        assert not {"night_missed", "address_taken"} & counted(pilot.app.screen).keys()


def test_a_house_to_look_after(console: MakeApp, world: World, snap_compare: Any) -> None:
    team(world)
    house(world)
    app = dashboard(console, Workplace(helpdesk(world), who="Helpdesk"), role="helpdesk")
    assert snap_compare(app, terminal_size=(80, 24), run_before=settled)


def test_a_new_school(console: MakeApp, world: World, snap_compare: Any) -> None:
    app = dashboard(console, Workplace(world.director(), who="A. Lambert"))
    assert snap_compare(app, terminal_size=(80, 24), run_before=settled)


def test_a_new_installation(console: MakeApp, sqlite_engine: Engine, snap_compare: Any) -> None:
    fill_catalogues(sqlite_engine, NOW)
    desk = Desk(sqlite_engine, Actor("helpdesk", "helpdesk", None), lambda: NOW)
    app = dashboard(console, Workplace(desk, who="Helpdesk"), role="helpdesk")
    assert snap_compare(app, terminal_size=(80, 24), run_before=settled)
