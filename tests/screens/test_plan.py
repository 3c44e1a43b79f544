"""The plan screen: any plan shown, lines left out, applied, undone."""

from typing import Any

from textual.widgets import Input

from models.errors import TrousseauError
from models.language import say
from screens.confirm import ConfirmScreen, TypedConfirmScreen
from screens.plan import PlanScreen
from tests.screens.conftest import MakeApp, screen_text, settled
from tests.screens.samples import SamplePlan


def shown(plan: SamplePlan, **options: Any) -> PlanScreen:
    return PlanScreen(
        plan.calls, school="Institut Saint-Joseph", year="2026-2027", who="A. Lambert", **options
    )


async def test_apply_then_undo(console: MakeApp) -> None:
    plan = SamplePlan()
    async with console(shown(plan)).run_test() as pilot:
        await settled(pilot)
        await pilot.press("f8")
        await settled(pilot)
        assert (plan.state, plan.applied_with) == ("applied", [""])
        await pilot.press("f8", "u")
        await settled(pilot)
        assert (plan.state, plan.applied_with) == ("undone", [""])


async def test_levels_are_shown_one_at_a_time_or_all(console: MakeApp) -> None:
    screen = shown(SamplePlan(40))
    async with console(screen).run_test() as pilot:
        await settled(pilot)
        table = screen._table
        assert table.total == 40
        totals = {}
        for key in "123":
            await pilot.press(key)
            await settled(pilot)
            totals[key] = table.total
        assert totals == {"1": 16, "2": 16, "3": 8}
        await pilot.press("3")
        await settled(pilot)
        assert table.total == 40


async def test_a_line_is_left_out_and_put_back(console: MakeApp) -> None:
    plan = SamplePlan()
    async with console(shown(plan)).run_test() as pilot:
        await settled(pilot)
        await pilot.press("down", "space")
        await settled(pilot)
        assert [item.position for item in plan.items if item.left_out] == [1]
        await pilot.press("up", "space")
        await settled(pilot)
        assert not any(item.left_out for item in plan.items)


async def test_only_what_leaves_the_house_is_asked_about(console: MakeApp) -> None:
    plan = SamplePlan()
    question = say("%(count)s e-mails partiront. Continuer ?", count=120)
    async with console(shown(plan, leaves_the_house=question)).run_test() as pilot:
        await settled(pilot)
        await pilot.press("f8")
        await pilot.pause()
        assert isinstance(pilot.app.screen, ConfirmScreen)
        await pilot.press("enter", "n")
        await settled(pilot)
        assert plan.state == "open"
        await pilot.press("f8", "o")
        await settled(pilot)
        assert plan.state == "applied"


async def test_a_mass_change_wants_the_number_typed(console: MakeApp) -> None:
    plan = SamplePlan(confirm_number="1234")
    async with console(shown(plan)).run_test() as pilot:
        await settled(pilot)
        await pilot.press("f8", *"123", "enter")
        await pilot.pause()
        assert isinstance(pilot.app.screen, TypedConfirmScreen)
        assert plan.state == "open"
        await pilot.press(*"4 ", "enter")
        await settled(pilot)
        assert plan.applied_with == ["1234"]


async def test_a_plan_that_may_not_be_applied_offers_no_way_to(console: MakeApp) -> None:
    plan = SamplePlan(state="refused")
    async with console(shown(plan)).run_test() as pilot:
        await settled(pilot)
        await pilot.press("f8", "space", "u")
        await settled(pilot)
        assert plan.state == "refused"
        assert not any(item.left_out for item in plan.items)


async def test_an_error_is_told_and_leaves_the_plan_to_try_again(console: MakeApp) -> None:
    plan = SamplePlan()
    plan.error = TrousseauError(say("Les données ont changé entre-temps."))
    async with console(shown(plan)).run_test(notifications=True) as pilot:
        await settled(pilot)
        await pilot.press("f8")
        await settled(pilot)
        assert "entre-temps" in screen_text(pilot.app)
        plan.error = None
        await pilot.press("f8")
        await settled(pilot)
        assert plan.state == "applied"


async def test_the_result_tells_what_became_of_the_plan(console: MakeApp) -> None:
    results: list[Any] = []
    plan = SamplePlan()
    async with console(shown(SamplePlan())).run_test() as pilot:
        await settled(pilot)
        await pilot.app.push_screen(shown(plan), results.append)
        await settled(pilot)
        await pilot.press("escape")
        await pilot.app.push_screen(shown(plan, close_when_applied=True), results.append)
        await settled(pilot)
        await pilot.press("f8")
        await settled(pilot)
        assert results == [None, "applied"]


async def test_twenty_thousand_lines_are_read_by_pages(console: MakeApp) -> None:
    screen = shown(SamplePlan(20_000))
    async with console(screen).run_test() as pilot:
        await settled(pilot)
        await pilot.press("end")
        await settled(pilot)
        assert screen._table.row is not None
        assert screen._table.row.key == 19_999
        assert len(screen._rows) < 1_000


def test_picture(console: MakeApp, snap_compare: Any) -> None:
    async def second_line(pilot: Any) -> None:
        await settled(pilot)
        await pilot.press("space")
        await settled(pilot)

    assert snap_compare(console(shown(SamplePlan())), run_before=second_line)


def test_picture_errors_only(console: MakeApp, snap_compare: Any) -> None:
    async def errors(pilot: Any) -> None:
        await settled(pilot)
        await pilot.press("3")
        await settled(pilot)

    assert snap_compare(console(shown(SamplePlan(state="refused"))), run_before=errors)


def test_picture_mass_change(console: MakeApp, snap_compare: Any) -> None:
    async def typed_wrong(pilot: Any) -> None:
        await settled(pilot)
        await pilot.press("f8", *"12", "enter")
        await settled(pilot)
        assert pilot.app.screen.query_one(Input).value == "12"

    assert snap_compare(console(shown(SamplePlan(confirm_number="1234"))), run_before=typed_wrong)
