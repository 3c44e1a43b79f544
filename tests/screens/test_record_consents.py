"""Working through returned forms by keyboard: the list, the draft, the plan, a file."""

from datetime import date
from pathlib import Path
from typing import Any

import pytest
from sqlalchemy import select
from textual.widgets import Input

from models.accounts import Draft
from models.consents import Consent
from models.references import make_reference
from screens.plan import PlanScreen
from screens.record_consents import RecordConsentsScreen
from screens.widgets.field import Field
from services import plans
from tests.screens.conftest import MakeApp, screen_text, settled
from tests.screens.test_consents import workplace
from tests.worlds import Member, World


def returned(world: World) -> list[Member]:
    return [
        world.person(surname="Vandenbroeck", first_name="Élise", consent=False),
        world.person(surname="Nowak", first_name="Łukasz", consent=False, email=None),
        world.person(surname="D’Hondt", first_name="Noémie", consent=False),
    ]


def consents_of(world: World) -> dict[int, tuple[str, date]]:
    rows = world.desk.read(lambda s: s.scalars(select(Consent)).all())
    return {row.person_id: (row.email, row.signed_on) for row in rows}


def field(app: Any, name: str) -> Field:
    return app.screen.query_one(f"#field-{name}", Field)


async def take_down(pilot: Any, member: Member, day: str = "", email: str = "") -> None:
    await pilot.press(*make_reference(member.post, 1), "enter")
    await settled(pilot)
    if day:
        await pilot.press("ctrl+u", *day)
    await pilot.press("enter")
    await settled(pilot)
    if email:
        await pilot.press("ctrl+u", *email)
    await pilot.press("enter")
    await settled(pilot)


async def test_a_pile_of_forms_is_recorded(console: MakeApp, world: World) -> None:
    first, second, third = returned(world)
    screen = RecordConsentsScreen(workplace(world))
    async with console(screen).run_test(size=(80, 24)) as pilot:
        await settled(pilot)
        await take_down(pilot, first, "28/08/2026")
        await take_down(pilot, second, email="lukasz@courriel.example")  # the date stays
        await take_down(pilot, third, "27.8.26", "noemie@courriel.example")
        shown = screen_text(pilot.app)
        assert "nouvelle adresse" in shown and "27/08/2026" in shown
        await pilot.press("f8")
        await settled(pilot)
        assert isinstance(pilot.app.screen, PlanScreen)
        await pilot.press("f8")
        await settled(pilot)
        await pilot.press("escape")
        await settled(pilot)
        assert pilot.app.screen is screen and screen._lines == []
    assert consents_of(world) == {
        first.person: ("vandenbroeck@courriel.example", date(2026, 8, 28)),
        second.person: ("lukasz@courriel.example", date(2026, 8, 28)),
        third.person: ("noemie@courriel.example", date(2026, 8, 27)),
    }
    kept = world.desk.read(lambda s: s.scalars(select(Draft.form)).all())  # type: ignore[call-overload]
    assert f"record-consents:{world.mine}" not in kept


async def test_the_person_is_shown_with_the_address_on_file(console: MakeApp, world: World) -> None:
    first, *_others = returned(world)
    async with console(RecordConsentsScreen(workplace(world))).run_test(size=(80, 24)) as pilot:
        await settled(pilot)
        await pilot.press(*make_reference(first.post, 1).lower(), "enter")
        await settled(pilot)
        assert "Vandenbroeck Élise" in screen_text(pilot.app)
        assert field(pilot.app, "email").value == "vandenbroeck@courriel.example"
        assert field(pilot.app, "signed_on").value == "01/09/2026"
        # Another reference: the person of the first is shown no longer, nor recorded for it.
        await pilot.press("shift+tab", "backspace")
        await settled(pilot)
        assert "Vandenbroeck Élise" not in screen_text(pilot.app)


@pytest.mark.parametrize(
    ("keys", "words"),
    [
        (["0", "0", "0", "enter"], "trop"),
        ([*"0001-17", "enter"], "faute de frappe"),
        ([*make_reference(4711, 1), "enter"], "Aucun"),
    ],
)
async def test_a_mistyped_reference_is_told_beside_it(
    console: MakeApp, world: World, keys: list[str], words: str
) -> None:
    returned(world)
    async with console(RecordConsentsScreen(workplace(world))).run_test(size=(80, 24)) as pilot:
        await settled(pilot)
        await pilot.press(*keys)
        await settled(pilot)
        line = next(x for x in screen_text(pilot.app).splitlines() if "Référence" in x)
        assert words in line


@pytest.mark.parametrize(
    ("day", "email", "words"),
    [
        ("31/02/2026", "", "Ce n’est pas une date"),
        ("02/09/2026", "", "pas encore"),
        ("28/08/2026", "a@b@c", "@"),
    ],
)
async def test_a_wrong_date_or_address_is_told_and_not_taken(
    console: MakeApp, world: World, day: str, email: str, words: str
) -> None:
    first, *_others = returned(world)
    screen = RecordConsentsScreen(workplace(world))
    async with console(screen).run_test(size=(80, 24)) as pilot:
        await settled(pilot)
        await take_down(pilot, first, day, email)
        assert words in screen_text(pilot.app)
        assert screen._lines == []


async def test_a_form_is_taken_down_once(console: MakeApp, world: World) -> None:
    first, *_others = returned(world)
    screen = RecordConsentsScreen(workplace(world))
    async with console(screen).run_test(size=(80, 24)) as pilot:
        await settled(pilot)
        await take_down(pilot, first)
        await pilot.press(*make_reference(first.post, 1), "enter")
        await settled(pilot)
        assert "déjà dans la liste" in " ".join(screen_text(pilot.app).split())
        assert len(screen._lines) == 1


async def test_a_form_of_another_school_is_not_known(console: MakeApp, world: World) -> None:
    theirs = world.person(world.other, surname="Ailleurs", consent=False)
    screen = RecordConsentsScreen(workplace(world, world.director(world.mine, world.other)))
    async with console(screen).run_test(size=(80, 24)) as pilot:
        await settled(pilot)
        await pilot.press(*make_reference(theirs.post, 1), "enter")
        await settled(pilot)
        assert "Ailleurs" not in screen_text(pilot.app)


async def test_a_dropped_line_costs_nothing(console: MakeApp, world: World) -> None:
    first, second, _third = returned(world)
    # Nothing of the first console is closed in good order before the second begins.
    async with console(RecordConsentsScreen(workplace(world))).run_test(size=(80, 24)) as pilot:
        await settled(pilot)
        await take_down(pilot, first, "28/08/2026")
        await pilot.press(*make_reference(second.post, 1))
        await settled(pilot)
        draft = world.desk.read(lambda s: s.scalars(select(Draft)).all())
        kept = next(d for d in draft if d.form == f"record-consents:{world.mine}")
        assert "Vandenbroeck" not in kept.contents  # the reference says whose it is
        again = RecordConsentsScreen(workplace(world))
        async with console(again).run_test(size=(80, 24)) as other:
            await settled(other)
            assert "Vandenbroeck Élise" in screen_text(other.app)
            assert field(other.app, "reference").value == make_reference(second.post, 1)
            assert [each.line.signed_on for each in again._lines] == [date(2026, 8, 28)]


async def test_a_line_is_taken_up_again_or_off(console: MakeApp, world: World) -> None:
    first, _second, third = returned(world)
    screen = RecordConsentsScreen(workplace(world))
    async with console(screen).run_test(size=(80, 24)) as pilot:
        await settled(pilot)
        await take_down(pilot, first, "28/08/2026")
        await take_down(pilot, third)
        screen._table.focus()
        await pilot.press("down", "enter")  # the older one stands below
        await settled(pilot)
        assert field(pilot.app, "reference").value == make_reference(first.post, 1)
        await pilot.press("ctrl+u", *"elise@courriel.example", "enter")
        await settled(pilot)
        assert [each.line.email for each in screen._lines] == [
            "dhondt@courriel.example", "elise@courriel.example"
        ]  # fmt: skip
        screen._table.focus()
        await pilot.press("delete")
        await settled(pilot)
        assert len(screen._lines) == 1


async def test_what_was_left_out_stays_on_the_list(console: MakeApp, world: World) -> None:
    first, _second, third = returned(world)
    screen = RecordConsentsScreen(workplace(world))
    async with console(screen).run_test(size=(80, 24)) as pilot:
        await settled(pilot)
        await take_down(pilot, first, "28/08/2026")
        await take_down(pilot, third)
        await pilot.press("f8")
        await settled(pilot)
        await pilot.press("space")
        await settled(pilot)
        await pilot.press("f8")
        await settled(pilot)
        await pilot.press("escape")
        await settled(pilot)
        assert [each.line.reference for each in screen._lines] == [make_reference(first.post, 1)]
    assert list(consents_of(world)) == [third.person]


async def test_a_plan_that_is_only_looked_at_leaves_the_list(
    console: MakeApp, world: World
) -> None:
    first, *_others = returned(world)
    screen = RecordConsentsScreen(workplace(world))
    async with console(screen).run_test(size=(80, 24)) as pilot:
        await settled(pilot)
        await take_down(pilot, first)
        await pilot.press("f8")
        await settled(pilot)
        await pilot.press("escape")
        await settled(pilot)
        assert len(screen._lines) == 1
    assert consents_of(world) == {}


async def test_a_file_adds_its_lines(console: MakeApp, world: World, tmp_path: Path) -> None:
    first, second, third = returned(world)
    listed = tmp_path / "rentrees.csv"
    listed.write_text(
        "\ufeffRéférence;Date de signature;E-mail\n"
        f"{make_reference(first.post, 1)};28/08/2026;\n"
        f"{make_reference(second.post, 1)};2026-08-27;lukasz@courriel.example\n"
        f"{make_reference(third.post, 1)};hier;\n"
        "????;28/08/2026;x@courriel.example\n",
        encoding="utf-8",
    )
    screen = RecordConsentsScreen(workplace(world))
    async with console(screen).run_test(size=(80, 24)) as pilot:
        await settled(pilot)
        await pilot.press("f3")
        await settled(pilot)
        pilot.app.screen.query_one(Input).value = str(listed)
        await pilot.press("enter")
        await settled(pilot)
        assert len(screen._lines) == 3
        await pilot.press("f8")
        await settled(pilot)
        (plan,) = world.desk.read(plans.list_plans)
        rows = world.desk.read(plans.rows, plan.id, 0, 10)
        assert [(row.action, row.line) for row in rows] == [
            ("record", 2), ("record", 3), ("refused", 5), ("refused", 4)
        ]  # fmt: skip
        await pilot.press("f8")
        await settled(pilot)
        await pilot.press("escape")
        await settled(pilot)
        assert [each.line.reference for each in screen._lines] == ["????"]
    assert set(consents_of(world)) == {first.person, second.person}


async def test_no_file_is_read_where_that_is_forbidden(console: MakeApp, world: World) -> None:
    screen = RecordConsentsScreen(workplace(world))
    async with console(screen, may_write_files=False).run_test(size=(80, 24)) as pilot:
        await settled(pilot)
        await pilot.press("f3")
        await settled(pilot)
        assert pilot.app.screen is screen


def test_at_80_by_24(console: MakeApp, world: World, snap_compare: Any) -> None:
    first, second, third = returned(world)

    async def work(pilot: Any) -> None:
        await settled(pilot)
        await take_down(pilot, first, "28/08/2026")
        await take_down(pilot, second, email="lukasz@gmial.com")
        await pilot.press(*make_reference(third.post, 1), "enter")
        await settled(pilot)
        await pilot.press("ctrl+u", *"31/02/2026", "tab")
        await settled(pilot)

    app = console(RecordConsentsScreen(workplace(world)))
    assert snap_compare(app, terminal_size=(80, 24), run_before=work)


def test_at_60_by_20(console: MakeApp, world: World, snap_compare: Any) -> None:
    first, *_others = returned(world)

    async def work(pilot: Any) -> None:
        await settled(pilot)
        await take_down(pilot, first, "28/08/2026")
        await pilot.press(*"0001-17", "enter")
        await settled(pilot)

    app = console(RecordConsentsScreen(workplace(world)))
    assert snap_compare(app, terminal_size=(60, 20), run_before=work)


def test_the_plan_at_80_by_24(console: MakeApp, world: World, snap_compare: Any) -> None:
    first, second, _third = returned(world)

    async def work(pilot: Any) -> None:
        await settled(pilot)
        await take_down(pilot, first, "28/08/2026")
        await take_down(pilot, second, email="lukasz@courriel.example")
        await pilot.press("f8")
        await settled(pilot)

    app = console(RecordConsentsScreen(workplace(world)))
    assert snap_compare(app, terminal_size=(80, 24), run_before=work)
