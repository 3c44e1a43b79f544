"""The fee table and the rules, as the workshop office sets them."""

from datetime import date
from typing import Any

import pytest
from sqlalchemy import Engine
from textual.pilot import Pilot

from screens.workshop_fees import FeeScreen, WorkshopFeesScreen, WorkshopRulesScreen
from services import workshop_invoices, workshop_rules
from tests.screens.conftest import MakeApp, settled
from tests.screens.workshop_place import office, shown, told
from tests.services.workshop_world import OFFICE, Ateliers, make_ateliers


@pytest.fixture
def ateliers(sqlite_engine: Engine) -> Ateliers:
    return make_ateliers(sqlite_engine)


def fees(ateliers: Ateliers) -> list[tuple[str, int, int, str]]:
    rows = ateliers.office.read(workshop_invoices.fees)
    return [(row.programme, row.people, row.amount, row.unit) for row in rows]


async def test_a_fee_is_added_and_taken_out(console: MakeApp, ateliers: Ateliers) -> None:
    app = console(WorkshopFeesScreen(office(ateliers)), role="helpdesk")
    async with app.run_test(size=(80, 24)) as pilot:
        await settled(pilot)
        await pilot.press("f8")
        await settled(pilot)
        await pilot.press("right", "tab", "tab", "tab", *"450,5", "tab", "tab", "tab")
        await pilot.press(*"demain", "f8")
        await settled(pilot)
        assert isinstance(pilot.app.screen, FeeScreen) and "15/03/2027" in shown(pilot)
        await pilot.press("ctrl+u", *"01/09/2026", "f8")
        await settled(pilot)
        assert "450,50 EUR" in shown(pilot) and "PYP, toutes catégories" in shown(pilot)
        assert fees(ateliers) == [("PYP", 0, 450_50, "participant")]
        await pilot.press("x", "o")
        await settled(pilot)
        assert "Pas encore de tarif" in shown(pilot)
    assert fees(ateliers) == []


async def test_figures_of_the_rules_are_changed(console: MakeApp, ateliers: Ateliers) -> None:
    app = console(WorkshopFeesScreen(office(ateliers)), role="helpdesk")
    async with app.run_test(size=(80, 24)) as pilot:
        await settled(pilot)
        await pilot.press("r")
        await settled(pilot)
        assert isinstance(pilot.app.screen, WorkshopRulesScreen) and OFFICE in shown(pilot)
        await pilot.press("enter", "ctrl+u", *"zz", "enter")
        await settled(pilot)
        assert "nombre entier" in shown(pilot)
        await pilot.press("ctrl+u", *"999", "enter")
        await settled(pilot)
        assert "400" in told(pilot)
        await pilot.press("enter", "ctrl+u", *"70", "enter")
        await settled(pilot)
        await pilot.press("end", "enter", "ctrl+u", *"bureau@ib.example", "enter")
        await settled(pilot)
    found = ateliers.office.read(workshop_rules.office)
    assert (found.rules.notice_days, found.rules.free_days) == (70, 22)
    assert (found.name, found.email) == ("Bureau des ateliers", "bureau@ib.example")


@pytest.mark.parametrize("name", ["fees", "fee", "rules"])
def test_picture(console: MakeApp, ateliers: Ateliers, snap_compare: Any, name: str) -> None:
    add, day = workshop_invoices.add_fee, date(2026, 9, 1)
    ateliers.office.write(add, 450_00, day)
    ateliers.office.write(add, 420_00, day, people=25)
    ateliers.office.write(add, 9_000_00, day, programme="DP", category=3, unit="workshop")

    async def look(pilot: Pilot[Any]) -> None:
        await settled(pilot)
        await pilot.press(*{"fees": "", "fee": ["f8"], "rules": "r"}[name])
        await settled(pilot)

    app = console(WorkshopFeesScreen(office(ateliers)), role="helpdesk")
    assert snap_compare(app, terminal_size=(80, 24), run_before=look)
