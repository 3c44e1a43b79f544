"""The form that asks for a workshop: messages beside fields, the plan while typing, drafts."""

from typing import Any

import pytest
from sqlalchemy import Engine
from textual.events import Paste
from textual.pilot import Pilot
from textual.screen import Screen

from models.workshops import facts_of
from screens.confirm import ConfirmScreen
from screens.workshop_calendar import WorkshopCalendarScreen
from screens.workshop_request import RequestField, WorkshopRequestScreen
from services import drafts, workshops
from tests.screens.ateliers import at_school, begin, press
from tests.screens.conftest import MakeApp, screen_text, settled
from tests.screens.samples import HOSTILE
from tests.services.workshop_world import CONTACT, OFFICE, Ateliers, make_ateliers


@pytest.fixture
def ateliers(sqlite_engine: Engine) -> Ateliers:
    return make_ateliers(sqlite_engine)


def opened(console: MakeApp, ateliers: Ateliers) -> Any:
    return console(WorkshopRequestScreen(at_school(ateliers)), role="coordinator")


async def enter(pilot: Pilot[Any], name: str, text: str) -> None:
    """Type into a field as a person does, from its end on."""
    entry = pilot.app.screen.query_one(f"#field-{name}", RequestField).entry
    entry.focus()
    await press(pilot, "end", *["backspace"] * len(entry.value), *text)


def beside(pilot: Pilot[Any], name: str) -> str:
    field = pilot.app.screen.query_one(f"#field-{name}", RequestField)
    return field._message.text if field._message.display else ""


def follows(pilot: Pilot[Any]) -> str:
    reader = pilot.app.screen.query_one("#follows")
    return " ".join(paragraph.text for paragraph in reader._paragraphs)


async def test_while_a_date_is_typed_what_follows_is_told(
    console: MakeApp, ateliers: Ateliers
) -> None:
    async with opened(console, ateliers).run_test(size=(80, 24)) as pilot:
        await settled(pilot)
        assert "Une date montre ici" in follows(pilot)
        await enter(pilot, "first_day", "15/03/202")
        assert beside(pilot, "first_day") == ""  # nobody is corrected while typing
        await press(pilot, "7")
        assert "et le 16/03/2027" in beside(pilot, "first_day")
        told = follows(pilot)
        assert "lun. 18/01/2027" in told and "dans 57 jours" in told
        assert "21/02/2027" in told and "30/03/2027" in told
        await enter(pilot, "first_day", "30/03/")
        await press(pilot, "tab")
        assert "Indiquez une date" in beside(pilot, "first_day") or "date" in beside(
            pilot, "first_day"
        )


async def test_days_off_are_pointed_out(console: MakeApp, ateliers: Ateliers) -> None:
    begin(ateliers, first_day="01/05/2027")
    async with opened(console, ateliers).run_test(size=(80, 24)) as pilot:
        await settled(pilot)
        told = beside(pilot, "first_day")
        assert "samedi" in told and "dimanche" in told and "férié" in told
        assert told.startswith("~")


@pytest.mark.parametrize("size", [(80, 24), (60, 20)])
async def test_all_that_is_said_of_a_day_is_in_sight(
    console: MakeApp, ateliers: Ateliers, size: tuple[int, int]
) -> None:
    app = opened(console, ateliers)
    async with app.run_test(size=size) as pilot:
        await settled(pilot)
        await press(pilot, "f8")  # messages above take their lines, too
        await enter(pilot, "first_day", "28/03/2027")
        shown = " ".join(screen_text(app).split())
        for said in ("28/03/2027 est un dimanche", "Pâques.", "Lundi de Pâques", "restent 70"):
            assert said in shown, said
        await pilot.resize_terminal(60, 20)
        await settled(pilot)
        field = app.screen.query_one("#field-first_day", RequestField)
        assert field._message.region.width > 40
        assert field.entry.region in app.screen.query_one("VerticalScroll").region


async def test_what_is_to_be_chosen_is_not_told_by_codes(
    console: MakeApp, ateliers: Ateliers
) -> None:
    async with opened(console, ateliers).run_test(size=(80, 24)) as pilot:
        await settled(pilot)
        await press(pilot, "f8")
        for name in ("programme", "category", "language"):
            assert beside(pilot, name) == "! À choisir avec Espace."


async def test_a_late_request_is_confirmed_and_sent(console: MakeApp, ateliers: Ateliers) -> None:
    results: list[int | None] = []
    begin(ateliers, first_day="11/01/2027")
    app = console(Screen(), role="coordinator")
    async with app.run_test(size=(80, 24)) as pilot:
        await app.push_screen(WorkshopRequestScreen(at_school(ateliers)), results.append)
        await settled(pilot)
        assert "En retard" in beside(pilot, "first_day")
        assert "17/01/2027" in follows(pilot)  # the first date still in time
        await press(pilot, "f8")
        assert isinstance(pilot.app.screen, ConfirmScreen)
        assert "retardée ou refusée" in screen_text(app)
        await press(pilot, "n")
        assert ateliers.mails() == []
        await press(pilot, "f8", "o")
    (asked,) = results
    assert asked is not None
    row = ateliers.row(asked)
    assert row.late_confirmed_at == ateliers.world.clock.now
    assert [recipient for recipient, _subject in ateliers.mails()] == [CONTACT, OFFICE]
    assert ateliers.coordinator.read(drafts.load, workshops.draft_name()) is None


async def test_a_mixed_form_is_refused_with_what_fits(console: MakeApp, ateliers: Ateliers) -> None:
    begin(ateliers)
    app = opened(console, ateliers)
    async with app.run_test(size=(80, 24)) as pilot:
        await settled(pilot)
        app.screen.query_one("#field-delivery_type", RequestField).entry.focus()
        for _form in range(4):
            await press(pilot, "right")
            assert beside(pilot, "delivery_type").startswith("!")
            assert "demandez" in beside(pilot, "delivery_type")
            await press(pilot, "f8")
            assert not isinstance(app.screen, ConfirmScreen)
        await press(pilot, "right")
        assert beside(pilot, "delivery_type") == ""
    assert ateliers.mails() == []


async def test_what_does_not_fit_is_told_beside_its_field(
    console: MakeApp, ateliers: Ateliers
) -> None:
    async with opened(console, ateliers).run_test(size=(80, 24)) as pilot:
        await settled(pilot)
        field = pilot.app.screen.query_one("#field-title", RequestField)
        field.entry.focus()
        field.entry.post_message(Paste("x" * 5_000))
        await settled(pilot)
        assert field.value == "" and "Trop long" in beside(pilot, "title")
        await press(pilot, "a")
        assert beside(pilot, "title") == ""


async def test_what_is_missing_is_told_beside_its_field_at_the_end(
    console: MakeApp, ateliers: Ateliers
) -> None:
    app = opened(console, ateliers)
    async with app.run_test(size=(80, 24)) as pilot:
        await settled(pilot)
        assert not any(beside(pilot, field.key) for field in app.screen.query(RequestField))
        await press(pilot, "f8")
        for name in ("programme", "title", "first_day", "people", "contact_email"):
            assert beside(pilot, name).startswith("!"), name
        assert beside(pilot, "remarks") == "" and beside(pilot, "begins") == ""


async def test_a_slip_in_an_address_is_hinted_at(console: MakeApp, ateliers: Ateliers) -> None:
    begin(ateliers, contact_email="anne@gmial.com", people="8")
    async with opened(console, ateliers).run_test(size=(80, 24)) as pilot:
        await settled(pilot)
        assert "gmail.com" in beside(pilot, "contact_email")
        assert beside(pilot, "people").startswith("~")


async def test_what_was_typed_is_there_after_the_line_has_dropped(
    console: MakeApp, ateliers: Ateliers
) -> None:
    async with opened(console, ateliers).run_test(size=(80, 24)) as pilot:
        await settled(pilot)
        await enter(pilot, "title", "L'oral au PP")
        await press(pilot, "tab", "right")
    async with opened(console, ateliers).run_test(size=(80, 24)) as pilot:
        await settled(pilot)
        values = pilot.app.screen.query_one("#form-workshop").values
        assert (values["title"], values["language"]) == ("L'oral au PP", "en")
        assert values["time_zone"] == "Europe/Brussels"


async def test_hours_elsewhere_are_told_by_the_clocks_of_the_school(
    console: MakeApp, ateliers: Ateliers
) -> None:
    begin(ateliers, time_zone="America/New_York")
    async with opened(console, ateliers).run_test(size=(80, 24)) as pilot:
        await settled(pilot)
        assert "14:00" in beside(pilot, "time_zone")  # the clocks there changed the day before
        assert "14:00 – 21:00" in follows(pilot)


async def test_a_request_is_replaced_in_one_step(console: MakeApp, ateliers: Ateliers) -> None:
    former = ateliers.accepted()
    ateliers.at("2027-03-01T09:00:00+00:00")
    app: Any = console(Screen(), role="coordinator")
    async with app.run_test(size=(80, 24)) as pilot:
        await app.push_screen(WorkshopRequestScreen(at_school(ateliers), replaces=former))
        await settled(pilot)
        assert app.screen._form.values["title"] == "L’évaluation au PP"
        await enter(pilot, "first_day", "17/05/2027")
        await enter(pilot, "reason", "Rentrée")
        await press(pilot, "f8")
        shown = screen_text(app)
        assert "facturées" in shown or "intégralité" in shown or "gratuit" in shown
        await press(pilot, "o")
        results = [each.message for each in app._notifications]
    row = ateliers.row(former)
    assert row.replaced_by_id is not None and row.charged and row.cancelled_reason == "Rentrée"
    assert ateliers.row(row.replaced_by_id).school_day.isoformat() == "2027-05-17"
    assert facts_of(row, ateliers.world.clock.now).status == "replaced"
    assert any("Envoyée" in str(told) for told in results)


async def test_a_day_is_taken_from_the_calendar(console: MakeApp, ateliers: Ateliers) -> None:
    begin(ateliers)
    app = opened(console, ateliers)
    async with app.run_test(size=(80, 24)) as pilot:
        await settled(pilot)
        await press(pilot, "f4")
        assert isinstance(app.screen, WorkshopCalendarScreen)
        await press(pilot, "right", "down", "enter")
        assert app.screen._form.values["first_day"] == "23/03/2027"
        assert "et le 24/03/2027" in beside(pilot, "first_day")


async def test_whatever_is_typed_breaks_nothing(console: MakeApp, ateliers: Ateliers) -> None:
    app = opened(console, ateliers)
    async with app.run_test(size=(80, 24)) as pilot:
        await settled(pilot)
        for name in ("title", "first_day", "time_zone", "people", "further_schools"):
            for value in HOSTILE:
                app.screen.query_one(f"#field-{name}", RequestField).value = value[:300]
        await settled(pilot)
        await press(pilot, "f8")
        assert isinstance(app.screen, WorkshopRequestScreen)
        assert all("\x1b" not in line for line in screen_text(app).splitlines())


def test_picture(console: MakeApp, ateliers: Ateliers, snap_compare: Any) -> None:
    begin(ateliers, first_day="11/01/2027", people="12", contact_email="anne@gmial.com")

    async def look(pilot: Pilot[Any]) -> None:
        await settled(pilot)
        pilot.app.screen.query_one("#field-first_day", RequestField).entry.focus()
        await settled(pilot)

    assert snap_compare(opened(console, ateliers), terminal_size=(80, 24), run_before=look)


async def test_on_a_narrow_screen_a_message_stands_below_its_field(
    console: MakeApp, ateliers: Ateliers
) -> None:
    begin(ateliers)
    app = console(WorkshopRequestScreen(at_school(ateliers)), role="coordinator")
    async with app.run_test(size=(60, 20)) as pilot:
        await settled(pilot)
        assert "+ et le 16/03/2027. Dans les délais, restent 57" in screen_text(app)
