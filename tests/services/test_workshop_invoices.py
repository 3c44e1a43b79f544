"""Fees, invoices, and what is overdue on the dashboard."""

from datetime import date

import pytest
from sqlalchemy import Engine

from models.database import OutOfScope
from models.workshops import facts_of
from services import dashboard, workshop_attendance, workshop_invoices, workshops
from services import workshop_participants as participants
from services.workshop_attention import workshop_lines
from services.workshop_invoices import InvoiceRefused, shown_amount, told_amount
from services.workshop_participants import Entry
from services.workshops import StepRefused
from tests.services.workshop_world import CONTACT, Ateliers, make_ateliers

SOME_DAY = date(2026, 9, 1)


@pytest.fixture
def ateliers(sqlite_engine: Engine) -> Ateliers:
    return make_ateliers(sqlite_engine)


def attended(ateliers: Ateliers) -> int:
    workshop = ateliers.accepted()
    for surname in ("Adam", "Bodart"):
        entry = Entry("", surname, "Jo", f"{surname}@ecole.example")
        ateliers.coordinator.write(participants.add, workshop, entry)
    ateliers.at("2027-03-17T08:00Z")
    for person in ateliers.office.read(participants.listed, workshop):
        for number in (1, 2):
            ateliers.office.write(workshop_attendance.record, workshop, person.id, number, True)
    ateliers.office.write(workshop_attendance.complete, workshop)
    return workshop


def causes(ateliers: Ateliers, *, office: bool = True) -> list[str]:
    desk = ateliers.office if office else ateliers.coordinator
    return [line.cause for line in desk.read(workshop_lines)]


def test_the_line_that_says_most_about_a_workshop_counts(ateliers: Ateliers) -> None:
    office, workshop = ateliers.office, ateliers.ask(people="30")
    with pytest.raises(InvoiceRefused):
        office.read(workshop_invoices.quote, workshop)

    def quoted() -> tuple[int, int]:
        found = ateliers.coordinator.read(workshop_invoices.quote, workshop)
        return found.quantity, found.amount

    lines = (
        (100_00, {}, (30, 3_000_00)),
        (95_00, {"people": 25}, (30, 2_850_00)),
        (94_00, {"people": 31}, (30, 2_850_00)),
        (110_00, {"category": 2}, (30, 3_300_00)),
        (111_00, {"category": 1}, (30, 3_300_00)),
        (90_00, {"programme": "PYP"}, (30, 2_700_00)),
        (80_00, {"programme": "DP", "category": 2}, (30, 2_700_00)),
        (2_000_00, {"programme": "PYP", "category": 2, "unit": "workshop"}, (30, 2_000_00)),
    )
    for amount, line, expected in lines:
        office.write(workshop_invoices.add_fee, amount, SOME_DAY, **line)
        assert quoted() == expected, line
    of_later = {"programme": "PYP", "category": 2}
    office.write(workshop_invoices.add_fee, 1, date(2027, 3, 16), **of_later)
    assert quoted() == (30, 2_000_00)  # it holds from the day after the first
    office.write(workshop_invoices.add_fee, 70_00, date(2027, 3, 15), **of_later)
    assert quoted() == (30, 2_100_00)
    office.write(workshop_invoices.add_fee, 60_00, date(2027, 3, 15), **of_later)
    assert quoted() == (30, 1_800_00)  # in place of the same line
    first = office.read(workshop_invoices.fees)[1]
    office.write(workshop_invoices.remove_fee, first.id)
    assert quoted() == (30, 2_000_00)


def test_fees_are_the_offices(ateliers: Ateliers) -> None:
    with pytest.raises(OutOfScope):
        ateliers.coordinator.write(workshop_invoices.add_fee, 1, SOME_DAY)
    wrong = ({"unit": "hour"}, {"currency": "euro"}, {"programme": "X"}, {"category": 9})
    for line in wrong:
        with pytest.raises(InvoiceRefused):
            ateliers.office.write(workshop_invoices.add_fee, 1, SOME_DAY, **line)
    assert shown_amount(123_405, "EUR") == "1234.05 EUR"


def test_amounts_are_written_as_in_the_language() -> None:
    cases = (
        (5, "0.05 EUR", "0,05 EUR"),
        (450_00, "450.00 EUR", "450,00 EUR"),
        (1_234_05, "1,234.05 EUR", "1_234,05 EUR"),
        (1_000_000_00, "1,000,000.00 EUR", "1_000_000,00 EUR"),
    )
    for amount, english, french in cases:
        told = told_amount(amount, "EUR")
        assert told.text("en") == english
        assert told.text("fr") == french.replace("_", "\N{NO-BREAK SPACE}")


def test_an_invoice_is_issued_due_and_paid(engine: Engine) -> None:
    ateliers = make_ateliers(engine)
    office = ateliers.office
    office.write(workshop_invoices.add_fee, 100_00, SOME_DAY)
    early = ateliers.ask()
    with pytest.raises(StepRefused):
        office.write(workshop_invoices.issue, early)
    workshop = attended(ateliers)
    with pytest.raises(OutOfScope):
        ateliers.coordinator.write(workshop_invoices.issue, workshop)
    office.write(workshop_invoices.issue, workshop)
    found = ateliers.coordinator.read(workshop_invoices.invoice_of, workshop)
    assert found and (found.quantity, found.amount, found.due_on, found.overdue) == (
        2, 200_00, date(2027, 3, 30), False,
    )  # fmt: skip
    assert found.issued_on == date(2027, 3, 17) and found.number.startswith("AV-")
    assert ateliers.mails()[-1][0] == CONTACT and found.number in ateliers.mails()[-1][1]
    with pytest.raises(StepRefused):
        office.write(workshop_invoices.issue, workshop)
    with pytest.raises(InvoiceRefused):
        office.write(workshop_invoices.pay, workshop, date(2027, 3, 18))
    assert facts_of(ateliers.row(workshop), ateliers.world.clock()).status == "invoiced"
    assert [row.number for row in office.read(workshop_invoices.unpaid)] == [found.number]
    office.write(workshop_invoices.pay, workshop, date(2027, 3, 17))
    assert ateliers.row(workshop).due_on is None
    with pytest.raises(InvoiceRefused):
        office.write(workshop_invoices.pay, workshop, date(2027, 3, 17))


def test_what_is_overdue_stands_on_the_dashboard(ateliers: Ateliers) -> None:
    office = ateliers.office
    office.write(workshop_invoices.add_fee, 100_00, SOME_DAY)
    assert causes(ateliers) == []
    workshop = attended(ateliers)
    ateliers.at("2027-03-30T21:59Z")
    assert causes(ateliers) == []
    ateliers.at("2027-03-31T00:00Z")
    assert causes(ateliers) == ["workshop_invoice_missing"]
    assert causes(ateliers, office=False) == []
    office.write(workshop_invoices.issue, workshop)
    assert causes(ateliers) == causes(ateliers, office=False) == ["workshop_invoice_overdue"]
    (late,) = ateliers.coordinator.read(workshop_invoices.overdue)
    assert "30/03/2027" in workshop_invoices.overdue_sentence(late).text("fr")
    shown = ateliers.coordinator.read(dashboard.overview, ateliers.world.mine)
    assert "workshop_invoice_overdue" in [line.cause for line in shown.attention]
    office.write(workshop_invoices.pay, workshop, date(2027, 3, 31))
    assert causes(ateliers) == []


def test_requests_and_lists_that_wait_stand_on_the_offices_dashboard(ateliers: Ateliers) -> None:
    ateliers.ask()
    ateliers.at("2026-12-07T08:00Z")
    assert causes(ateliers) == ["workshop_answer_overdue"]
    assert causes(ateliers, office=False) == []
    workshop = ateliers.accepted()
    ateliers.at("2027-03-24T08:00Z")
    assert causes(ateliers) == ["workshop_answer_overdue", "workshop_attendance_overdue"]
    ateliers.at("2027-03-14T08:00Z")
    ateliers.coordinator.write(workshops.cancel, workshop, confirm_charge=True)
    ateliers.at("2027-03-31T08:00Z")
    assert causes(ateliers) == ["workshop_answer_overdue", "workshop_invoice_missing"]
    ateliers.at("2027-03-14T08:00Z")
    office = ateliers.office
    office.write(workshop_invoices.add_fee, 100_00, SOME_DAY)
    office.write(workshop_invoices.issue, workshop)  # a cancellation that is charged
    assert ateliers.row(workshop).due_on == date(2027, 3, 30)
