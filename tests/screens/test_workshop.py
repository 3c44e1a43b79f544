"""The page of a workshop: its steps by keyboard, what they say before, who is offered them."""

from datetime import date
from pathlib import Path
from typing import Any

import pytest
from sqlalchemy import Engine
from textual.pilot import Pilot

from models.workshop_dates import STEPS
from screens.confirm import ConfirmScreen
from screens.workshop import WorkshopScreen
from screens.workshop_attendance import WorkshopAttendanceScreen
from screens.workshop_dialogs import AskLineScreen
from screens.workshop_meeting import WorkshopMeetingScreen
from screens.workshop_participants import WorkshopParticipantsScreen
from screens.workshop_request import RequestField, WorkshopRequestScreen
from services import workshop_invoices, workshop_page, workshops
from tests.screens.conftest import MakeApp, settled
from tests.screens.samples import HOSTILE
from tests.screens.workshop_place import (
    attended,
    coordinator,
    director,
    enter,
    office,
    shown,
    told,
    typed,
)
from tests.services.workshop_world import CONTACT, Ateliers, form, make_ateliers

LINK = "https://ib.example/r/7"


@pytest.fixture
def ateliers(sqlite_engine: Engine) -> Ateliers:
    return make_ateliers(sqlite_engine)


def status(ateliers: Ateliers, workshop: int) -> str:
    return ateliers.office.read(workshop_page.page, workshop).status


async def test_the_office_takes_up_and_accepts_with_a_link(
    console: MakeApp, ateliers: Ateliers
) -> None:
    workshop = ateliers.ask()
    enter(ateliers, workshop, "Adam")
    app = console(WorkshopScreen(office(ateliers), workshop), role="helpdesk")
    async with app.run_test(size=(80, 24)) as pilot:
        await settled(pilot)
        assert "Étape suivante (F8) : accepter la demande" in shown(pilot)
        await pilot.press("t")
        await settled(pilot)
        assert status(ateliers, workshop) == "in_treatment" and "En traitement" in shown(pilot)
        await pilot.press("f8", *"ici", "enter")
        await settled(pilot)
        assert isinstance(pilot.app.screen, AskLineScreen) and "https://" in shown(pilot)
        await pilot.press("ctrl+u", *LINK, "enter")
        await settled(pilot)
        assert "01/03/2027" in shown(pilot)  # the deadline that the rules give
        await pilot.press("enter")
        await settled(pilot)
        assert "Acceptée" in shown(pilot) and "e-mail" in told(pilot)
        assert "préparer la réunion" in shown(pilot)
    row = ateliers.row(workshop)
    assert (row.registration_link, row.registration_until) == (LINK, date(2027, 3, 1))
    assert [to for to, _subject in ateliers.mails()][-2:] == [CONTACT, "adam@ecole.example"]


async def test_a_refusal_needs_a_reason(console: MakeApp, ateliers: Ateliers) -> None:
    workshop = ateliers.ask()
    app = console(WorkshopScreen(office(ateliers), workshop), role="helpdesk")
    async with app.run_test(size=(80, 24)) as pilot:
        await settled(pilot)
        await pilot.press("n", "enter")
        await settled(pilot)
        assert status(ateliers, workshop) == "submitted"
        await pilot.press(*"Complet", "enter")
        await settled(pilot)
        assert "Refusée" in shown(pilot) and "Complet" in shown(pilot)
    assert status(ateliers, workshop) == "refused"


@pytest.mark.parametrize(
    ("at", "says", "charged"),
    [
        ("2027-02-21T12:00Z", "gratuite jusqu’au 21/02/2027", False),
        ("2027-02-22T12:00Z", "facturées en totalité", True),
    ],
)
async def test_what_cancelling_costs_is_said_before(
    console: MakeApp, ateliers: Ateliers, at: str, says: str, charged: bool
) -> None:
    workshop = ateliers.accepted()
    ateliers.at(at)
    app = console(WorkshopScreen(coordinator(ateliers), workshop), role="coordinator")
    async with app.run_test(size=(80, 24)) as pilot:
        await settled(pilot)
        await pilot.press("x")
        await settled(pilot)
        assert says in shown(pilot)
        await pilot.press(*"Grippe", "enter")
        await settled(pilot)
        assert isinstance(pilot.app.screen, ConfirmScreen) and says in shown(pilot)
        await pilot.press("n")
        await settled(pilot)
        assert status(ateliers, workshop) == "accepted"
        await pilot.press("x")
        await settled(pilot)
        await pilot.press(*"Grippe", "enter")
        await settled(pilot)
        await pilot.press("o")
        await settled(pilot)
        assert "Annulée : Grippe" in shown(pilot)
    row = ateliers.row(workshop)
    assert row.cancelled_reason == "Grippe" and row.charged is charged


@pytest.mark.parametrize("who", [coordinator, director])
async def test_nobody_else_is_offered_the_offices_steps(
    console: MakeApp, ateliers: Ateliers, who: Any
) -> None:
    workshop = ateliers.ask()
    place = who(ateliers)
    async with console(WorkshopScreen(place, workshop), role=place.role).run_test(
        size=(80, 24)
    ) as pilot:
        await settled(pilot)
        page = pilot.app.screen
        await pilot.press("t", "y", "o", "n", "m", "i", "e")
        await settled(pilot)
        assert pilot.app.screen is page and status(ateliers, workshop) == "submitted"
        if who is director:
            await pilot.press("f8", "x", "r")
            await settled(pilot)
            assert pilot.app.screen is page
            assert "Étape suivante" not in shown(pilot)
        else:
            await pilot.press("f8")
            await settled(pilot)
            assert isinstance(pilot.app.screen, WorkshopParticipantsScreen)


async def test_each_part_is_one_key_away(console: MakeApp, ateliers: Ateliers) -> None:
    workshop = ateliers.accepted()
    page = WorkshopScreen(office(ateliers), workshop)
    async with console(page, role="helpdesk").run_test(size=(80, 24)) as pilot:
        await settled(pilot)
        for key, screen in (
            ("p", WorkshopParticipantsScreen),
            ("e", WorkshopAttendanceScreen),
            ("m", WorkshopMeetingScreen),
            ("f8", WorkshopMeetingScreen),
        ):
            await pilot.press(key)
            await settled(pilot)
            assert isinstance(pilot.app.screen, screen)
            await pilot.press("escape")
            await settled(pilot)
            assert pilot.app.screen is page


async def test_a_remedy_is_shown_to_whoever_can_take_it(
    console: MakeApp, ateliers: Ateliers
) -> None:
    workshop = attended(ateliers)
    for place, role, offered in (
        (coordinator(ateliers), "coordinator", False),
        (office(ateliers), "helpdesk", True),
    ):
        app = console(WorkshopScreen(place, workshop), role=role)
        async with app.run_test(size=(80, 24)) as pilot:
            await settled(pilot)
            assert "La facture n’est pas encore" in shown(pilot)
            assert ("→ Faire la facture" in shown(pilot)) is offered


async def test_the_days_of_a_refused_request_are_gone(console: MakeApp, ateliers: Ateliers) -> None:
    workshop = ateliers.ask()
    ateliers.office.write(workshops.refuse, workshop, "Complet")
    app = console(WorkshopScreen(coordinator(ateliers), workshop), role="coordinator")
    async with app.run_test(size=(80, 24)) as pilot:
        await settled(pilot)
        assert "Complet" in shown(pilot) and "Fin de l’annulation gratuite" not in shown(pilot)


async def test_what_somebody_else_did_meanwhile_is_told_and_shown(
    console: MakeApp, ateliers: Ateliers
) -> None:
    workshop = ateliers.ask()
    app = console(WorkshopScreen(coordinator(ateliers), workshop), role="coordinator")
    async with app.run_test(size=(80, 24)) as pilot:
        await settled(pilot)
        ateliers.office.write(workshops.refuse, workshop, "Complet")
        await pilot.press("x")
        await settled(pilot)
        assert "la demande est « Refusée »" in " ".join(told(pilot).split())
        assert "! Refusée" in shown(pilot) and "Étape suivante" not in shown(pilot)


def test_what_is_done_or_over_is_not_what_comes_next(
    ateliers: Ateliers,
) -> None:
    """Once asked for, nobody is sent to ask; once cancelled, nothing comes any more."""
    workshop = ateliers.ask()

    def marked() -> list[tuple[str, str]]:
        page = ateliers.coordinator.read(workshop_page.page, workshop)
        comes = "" if page.coming is None else page.coming.code
        return [
            (code, ">" if code == comes else "+") for code in STEPS if code in {comes, *page.done}
        ]

    assert marked() == [("ask", "+"), ("free", ">")]
    ateliers.coordinator.write(workshops.cancel, workshop, "")
    assert marked() == [("ask", "+")]
    workshop = attended(ateliers)
    ateliers.office.write(workshop_invoices.add_fee, 450_00, date(2026, 9, 1))
    assert marked() == [("ask", "+"), ("attendance", "+"), ("invoice", ">")]
    ateliers.office.write(workshop_invoices.issue, workshop)
    assert marked()[-1] == ("invoice", ">")
    ateliers.office.write(workshop_invoices.pay, workshop, date(2027, 3, 17))
    assert marked() == [("ask", "+"), ("attendance", "+"), ("invoice", "+")]


async def test_invoice_and_payment(console: MakeApp, ateliers: Ateliers) -> None:
    workshop = attended(ateliers)
    app = console(WorkshopScreen(office(ateliers), workshop), role="helpdesk")
    async with app.run_test(size=(80, 24)) as pilot:
        await settled(pilot)
        assert "établir la facture" in shown(pilot)
        await pilot.press("f8")
        await settled(pilot)
        assert "table des tarifs" in told(pilot)
        ateliers.office.write(workshop_invoices.add_fee, 450_00, date(2026, 9, 1))
        await pilot.press("i")
        await settled(pilot)
        assert "1 350,00 EUR pour 3 participants" in shown(pilot)
        await pilot.press(*"F-12", "enter")
        await settled(pilot)
        assert "Facturée" in shown(pilot) and "noter le paiement" in shown(pilot)
        await pilot.press("f8")
        await settled(pilot)
        assert "17/03/2027" in shown(pilot)
        await pilot.press("enter")
        await settled(pilot)
        assert "Étape suivante (F8)" not in shown(pilot)
    invoice = ateliers.office.read(workshop_invoices.invoice_of, workshop)
    assert invoice and (invoice.number, invoice.paid_on) == ("F-12", date(2027, 3, 17))


async def test_the_calendar_file_goes_into_a_folder(
    console: MakeApp, ateliers: Ateliers, tmp_path: Path
) -> None:
    workshop = ateliers.accepted()
    app = console(WorkshopScreen(coordinator(ateliers), workshop), role="coordinator")
    async with app.run_test(size=(80, 24)) as pilot:
        await settled(pilot)
        await pilot.press("c", "ctrl+u", *str(tmp_path), "enter")
        await settled(pilot)
    (file,) = tmp_path.glob("atelier-*.ics")
    assert file.read_bytes().startswith(b"BEGIN:VCALENDAR")
    assert file.stat().st_mode & 0o077 == 0


async def test_over_a_line_that_may_write_no_file_that_is_told(
    console: MakeApp, ateliers: Ateliers
) -> None:
    page = WorkshopScreen(coordinator(ateliers), ateliers.accepted())
    app = console(page, role="coordinator", may_write_files=False)
    async with app.run_test(size=(80, 24)) as pilot:
        await settled(pilot)
        await pilot.press("c")
        await settled(pilot)
        assert "aucun fichier" in told(pilot) and pilot.app.screen is page


async def test_the_way_to_the_request_that_took_its_place(
    console: MakeApp, ateliers: Ateliers
) -> None:
    former = ateliers.ask()
    values = form(first_day="22/03/2027")
    ateliers.coordinator.write(workshops.replace, former, values)
    app = console(WorkshopScreen(coordinator(ateliers), former), role="coordinator")
    async with app.run_test(size=(80, 24)) as pilot:
        await settled(pilot)
        assert "Remplacée" in shown(pilot)
        await pilot.press("w")
        await settled(pilot)
        assert "Envoyée" in shown(pilot) and "22/03/2027" in shown(pilot)


async def test_replacing_leads_to_the_new_request(console: MakeApp, ateliers: Ateliers) -> None:
    former = ateliers.ask()
    app = console(WorkshopScreen(coordinator(ateliers), former), role="coordinator")
    async with app.run_test(size=(80, 24)) as pilot:
        await settled(pilot)
        await pilot.press("r")
        await settled(pilot)
        assert isinstance(pilot.app.screen, WorkshopRequestScreen)
        field = pilot.app.screen.query_one("#field-first_day", RequestField)
        field.entry.focus()
        await pilot.press("ctrl+u", *"22/03/2027", "f8")
        await settled(pilot)
        await pilot.press("o")
        await settled(pilot)
        assert "Envoyée" in shown(pilot) and "22/03/2027" in shown(pilot)
        await pilot.press("escape")
        await settled(pilot)
        assert "Remplacée" in shown(pilot)


async def test_hostile_words_are_harmless(console: MakeApp, ateliers: Ateliers) -> None:
    said = " ".join(text for text in HOSTILE if len(text) < 100)
    workshop = ateliers.ask(title=said[:200], remarks=said, support_name=HOSTILE[5])
    app = console(WorkshopScreen(coordinator(ateliers), workshop), role="coordinator")
    async with app.run_test(size=(80, 50)) as pilot:
        await settled(pilot)
        text = shown(pilot)
        assert "[@click=app.leave]Ann[/]" in text
        assert not any(ord(c) < 32 or 0x7F <= ord(c) < 0xA0 for c in text)


async def test_what_is_wrong_is_on_the_page(console: MakeApp, ateliers: Ateliers) -> None:
    workshop = ateliers.accepted()
    ateliers.at("2027-04-01T08:00Z")
    app = console(WorkshopScreen(office(ateliers), workshop), role="helpdesk")
    async with app.run_test(size=(80, 24)) as pilot:
        await settled(pilot)
        assert "! La liste de présence" in shown(pilot)
        assert "Étape suivante (F8) : enregistrer les présences" in shown(pilot)


# Pictures


def test_picture(console: MakeApp, ateliers: Ateliers, snap_compare: Any) -> None:
    workshop = ateliers.accepted()
    enter(ateliers, workshop)
    app = console(WorkshopScreen(coordinator(ateliers), workshop), role="coordinator")
    assert snap_compare(app, terminal_size=(80, 24), run_before=settled)


def test_picture_of_a_request_to_answer(
    console: MakeApp, ateliers: Ateliers, snap_compare: Any
) -> None:
    workshop = ateliers.ask(first_day="14/01/2027", time_zone="America/New_York")
    app = console(WorkshopScreen(office(ateliers), workshop), role="helpdesk")
    assert snap_compare(app, terminal_size=(80, 24), run_before=settled)


def test_picture_of_the_end(console: MakeApp, ateliers: Ateliers, snap_compare: Any) -> None:
    workshop = attended(ateliers)
    ateliers.office.write(workshop_invoices.add_fee, 450_00, date(2026, 9, 1))
    ateliers.office.write(workshop_invoices.issue, workshop)

    async def look(pilot: Pilot[Any]) -> None:
        await settled(pilot)
        await pilot.press("pagedown", "pagedown")
        await settled(pilot)

    app = console(WorkshopScreen(office(ateliers), workshop), role="helpdesk")
    assert snap_compare(app, terminal_size=(80, 24), run_before=look)


def test_picture_of_the_link(console: MakeApp, ateliers: Ateliers, snap_compare: Any) -> None:
    async def look(pilot: Pilot[Any]) -> None:
        await settled(pilot)
        await pilot.press("f8")
        await typed(pilot, "ib.example")
        await pilot.press("enter")
        await settled(pilot)

    app = console(WorkshopScreen(office(ateliers), ateliers.ask()), role="helpdesk")
    assert snap_compare(app, terminal_size=(80, 24), run_before=look)
