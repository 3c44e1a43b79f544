"""The life of a request: each step once, by whom it may be done, and who is told."""

from collections.abc import Callable
from contextlib import suppress
from datetime import date
from typing import Any

import pytest
from sqlalchemy import Engine, select, update
from sqlmodel import col

from models.database import OutOfScope, change
from models.language import say
from models.mail import Mail
from models.references import NotAWorkshop
from models.workshops import WorkshopParticipant, facts_of, next_due
from services import (
    drafts,
    plans,
    workshop_findings,
    workshop_page,
    workshop_participants,
    workshop_rules,
    workshops,
)
from services.workshop_form import FormRefused
from services.workshops import ChargeNotConfirmed, LateNotConfirmed, StepRefused, WorkshopNotFound
from tests.services.workshop_world import (
    CONTACT,
    NOW,
    OFFICE,
    Ateliers,
    form,
    make_ateliers,
)

LINK = "https://ib.example/r/1"


@pytest.fixture
def ateliers(sqlite_engine: Engine) -> Ateliers:
    return make_ateliers(sqlite_engine)


def status(ateliers: Ateliers, workshop: int) -> str:
    row = ateliers.row(workshop)
    assert row.due_on == next_due(row)
    return facts_of(row, ateliers.world.clock()).status


# --- asking -------------------------------------------------------------------------------


def test_a_request_is_sent_and_both_are_told(ateliers: Ateliers) -> None:
    mine = ateliers.world.mine
    ateliers.coordinator.write(drafts.save, workshops.draft_name(), form())
    sent = ateliers.coordinator.write(workshops.submit, mine, form())
    assert ateliers.coordinator.read(drafts.load, workshops.draft_name()) is None
    assert not sent.late and status(ateliers, sent.workshop_id) == "submitted"
    row = ateliers.row(sent.workshop_id)
    assert (row.answer_due, row.free_until) == (date(2026, 12, 6), date(2027, 2, 21))
    assert (row.attendance_due, row.invoice_due) == (date(2027, 3, 23), date(2027, 3, 30))
    (contact, received), (office, new) = ateliers.mails()
    assert (contact, office) == (CONTACT, OFFICE)
    assert sent.reference in received and "reçue" in received
    assert sent.reference in new
    assert ateliers.office.read(workshops.by_reference, sent.reference) == sent.workshop_id


def test_a_late_request_is_confirmed_and_a_past_one_refused(ateliers: Ateliers) -> None:
    mine, coordinator = ateliers.world.mine, ateliers.coordinator
    late = form(first_day="2027-01-16")
    with pytest.raises(LateNotConfirmed, match="21/11/2026"):
        coordinator.write(workshops.submit, mine, late)
    sent = coordinator.write(workshops.submit, mine, late, confirm_late=True)
    assert sent.late and ateliers.row(sent.workshop_id).late_confirmed_at is not None
    # It should have been answered already, and so stands before all others.
    assert ateliers.row(sent.workshop_id).due_on == date(2026, 11, 22)
    with pytest.raises(FormRefused) as refused:
        coordinator.write(workshops.submit, mine, form(first_day="21/11/2026"), confirm_late=True)
    assert refused.value.check and "first_day" in {m.field for m in refused.value.check.messages}
    assert len(ateliers.mails()) == 2


def test_only_who_may_asks(ateliers: Ateliers) -> None:
    mine = ateliers.world.mine
    with pytest.raises(OutOfScope):
        ateliers.director.write(workshops.submit, mine, form())
    with pytest.raises(FormRefused):
        ateliers.neighbour.write(workshops.submit, mine, form())
    workshop = ateliers.ask()
    for deed in (
        lambda desk: desk.write(workshops.take_up, workshop),
        lambda desk: desk.write(workshops.accept, workshop, LINK),
        lambda desk: desk.write(workshops.refuse, workshop, "complet"),
    ):
        with pytest.raises(OutOfScope):
            deed(ateliers.coordinator)
    with pytest.raises(OutOfScope):
        ateliers.director.write(workshops.cancel, workshop)
    with pytest.raises(WorkshopNotFound):
        ateliers.neighbour.write(workshops.cancel, workshop)
    assert ateliers.director.read(workshop_page.page, workshop).steps == ()


# --- answering ----------------------------------------------------------------------------


def test_a_request_is_taken_up_and_accepted(ateliers: Ateliers) -> None:
    workshop, office = ateliers.ask(), ateliers.office
    office.write(workshops.take_up, workshop)
    assert status(ateliers, workshop) == "in_treatment"
    with pytest.raises(StepRefused):
        office.write(workshops.take_up, workshop)
    for no_link in ("javascript:alert(1)", "http://ib.example/r/1", "ib.example/r/1", ""):
        with pytest.raises(StepRefused, match="https"):
            office.write(workshops.accept, workshop, no_link)
    with pytest.raises(StepRefused, match="début"):
        office.write(workshops.accept, workshop, LINK, date(2027, 3, 16))
    office.write(workshops.accept, workshop, LINK, date(2027, 3, 8))
    assert status(ateliers, workshop) == "accepted"
    row = ateliers.row(workshop)
    assert (row.registration_link, row.registration_until) == (LINK, date(2027, 3, 8))
    page = ateliers.coordinator.read(workshop_page.page, workshop)
    assert page.steps == ("participants", "cancel", "replace")
    assert [code for code, _at in page.history] == ["submitted", "in_treatment", "accepted"]
    assert page.plan.day("registration") == date(2027, 3, 8)
    assert ateliers.mails()[-1][0] == CONTACT and "accept" in ateliers.mails()[-1][1]
    for late in (workshops.refuse, workshops.take_up):
        with pytest.raises(StepRefused):
            office.write(late, workshop, *(["r"] if late is workshops.refuse else []))


def test_what_should_have_begun_is_no_longer_accepted(ateliers: Ateliers) -> None:
    workshop = ateliers.ask()
    ateliers.at("2027-03-15T08:00Z")
    with pytest.raises(StepRefused, match="commencer"):
        ateliers.office.write(workshops.accept, workshop, LINK)
    ateliers.office.write(workshops.refuse, workshop, "trop tard")


def test_a_refusal_needs_its_reason(ateliers: Ateliers) -> None:
    workshop = ateliers.ask()
    with pytest.raises(StepRefused):
        ateliers.office.write(workshops.refuse, workshop, "  ")
    ateliers.office.write(workshops.refuse, workshop, "aucun animateur")
    assert status(ateliers, workshop) == "refused"
    page = ateliers.coordinator.read(workshop_page.page, workshop)
    assert (page.refused_reason, page.due_on, page.steps) == ("aucun animateur", None, ())
    with pytest.raises(StepRefused):
        ateliers.coordinator.write(workshops.cancel, workshop)


def test_accepting_and_cancelling_at_once_leave_one_of_them(engine: Engine) -> None:
    """Whoever comes second is told, on both databases."""
    ateliers = make_ateliers(engine)
    workshop = ateliers.ask()
    ateliers.coordinator.write(workshops.cancel, workshop)
    with pytest.raises(StepRefused):
        ateliers.office.write(workshops.accept, workshop, LINK)
    assert status(ateliers, workshop) == "cancelled"
    assert ateliers.row(workshop).accepted_at is None


# --- cancelling and replacing -------------------------------------------------------------


@pytest.mark.parametrize(
    ("when", "accepted", "charged"),
    [
        ("2027-02-21T22:59Z", True, False),
        ("2027-02-21T23:00Z", True, True),
        ("2027-02-21T23:00Z", False, False),
        ("2027-03-15T07:59Z", True, True),
    ],
)
def test_cancelling_is_charged_once_it_is_late(
    ateliers: Ateliers, when: str, accepted: bool, charged: bool
) -> None:
    workshop = ateliers.accepted() if accepted else ateliers.ask()
    ateliers.at(when)
    coordinator = ateliers.coordinator
    assert coordinator.read(workshops.cancellation, workshop).charged is charged
    if charged:
        with pytest.raises(ChargeNotConfirmed, match="21/02/2027"):
            coordinator.write(workshops.cancel, workshop)
        assert status(ateliers, workshop) == "accepted"
    coordinator.write(workshops.cancel, workshop, "malade", confirm_charge=True)
    assert status(ateliers, workshop) == "cancelled"
    row = ateliers.row(workshop)
    assert row.charged is charged and row.due_on == (row.invoice_due if charged else None)
    told = {to for to, _subject in ateliers.mails()[-2:]}
    assert told == {CONTACT, OFFICE}


def test_what_has_begun_is_no_longer_cancelled(ateliers: Ateliers) -> None:
    workshop = ateliers.accepted()
    ateliers.at("2027-03-15T08:00Z")
    with pytest.raises(StepRefused):
        ateliers.coordinator.read(workshops.cancellation, workshop)
    with pytest.raises(StepRefused):
        ateliers.coordinator.write(workshops.cancel, workshop, confirm_charge=True)


def test_replacing_cancels_and_asks_anew_in_one_step(ateliers: Ateliers) -> None:
    coordinator, former = ateliers.coordinator, ateliers.accepted(further_schools="9902")
    entry = workshop_participants.Entry("Mme", "Peeters", "Lise", "lise@ecole.example", 9902)
    coordinator.write(workshop_participants.add, former, entry)
    values = coordinator.read(workshops.values_of, former)
    assert values == form(further_schools="9902", remarks="")
    sent = coordinator.write(
        workshops.replace, former, {**values, "first_day": "22/03/2027"}, reason="salle"
    )
    before, after = ateliers.row(former), ateliers.row(sent.workshop_id)
    assert (before.replaced_by_id, after.replaces_id) == (after.id, before.id)
    assert (status(ateliers, former), status(ateliers, sent.workshop_id)) == (
        "replaced",
        "submitted",
    )
    (person,) = coordinator.read(workshop_participants.listed, sent.workshop_id)
    assert (person.surname, person.fase_number) == ("Peeters", 9902)
    assert coordinator.read(workshop_page.page, former).replaced_by == sent.reference
    subjects = [subject for _to, subject in ateliers.mails()]
    assert any(sent.reference in subject and "remplac" in subject for subject in subjects)


def test_a_replacement_that_is_refused_changes_nothing(ateliers: Ateliers) -> None:
    workshop = ateliers.accepted()
    mails = ateliers.mails()
    wrong: list[tuple[type[Exception], dict[str, Any]]] = [
        (FormRefused, form(delivery_type="hybrid")),
        (LateNotConfirmed, form(first_day="2027-01-16")),
    ]
    for error, values in wrong:
        with pytest.raises(error):
            ateliers.coordinator.write(workshops.replace, workshop, values)
    ateliers.at("2027-03-01T08:00Z")
    with pytest.raises(ChargeNotConfirmed):
        ateliers.coordinator.write(workshops.replace, workshop, form(first_day="2027-06-01"))
    assert status(ateliers, workshop) == "accepted" and ateliers.mails() == mails


def test_a_replacement_that_is_charged_says_so(ateliers: Ateliers) -> None:
    workshop = ateliers.accepted()
    ateliers.at("2027-03-01T08:00Z")
    ateliers.coordinator.write(
        workshops.replace, workshop, form(first_day="2027-06-01"), confirm_charge=True
    )
    assert ateliers.row(workshop).charged
    told = [subject for _to, subject in ateliers.mails() if "remplacé" in subject]
    assert len(told) == 2 and all("facturé" in subject for subject in told), told


def test_a_late_request_is_accepted_with_a_deadline_to_come(ateliers: Ateliers) -> None:
    late = ateliers.ask(first_day="2026-12-01")
    assert ateliers.row(late).registration_until < NOW.date()
    with pytest.raises(StepRefused, match="17/11/2026"):
        ateliers.office.write(workshops.accept, late, "https://ib.example/r/1")
    ateliers.office.write(workshops.accept, late, "https://ib.example/r/1", date(2026, 11, 28))
    assert status(ateliers, late) == "accepted"


# --- several schools ----------------------------------------------------------------------


def test_a_further_school_sees_it_once_the_office_has_linked_it(ateliers: Ateliers) -> None:
    workshop = ateliers.ask(further_schools="9902, 77777")
    neighbour = ateliers.neighbour
    with pytest.raises(WorkshopNotFound):
        neighbour.read(workshop_page.page, workshop)
    assert not any(
        s.linked for s in ateliers.coordinator.read(workshop_page.page, workshop).further_schools
    )
    ateliers.office.write(workshops.take_up, workshop)
    linked = ateliers.coordinator.read(workshop_page.page, workshop).further_schools
    assert [(s.fase_number, s.linked) for s in linked] == [(9902, True), (77777, False)]
    seen = neighbour.read(workshop_page.page, workshop)
    assert not seen.own and seen.steps == () and seen.school == ""
    for deed in (workshops.cancel, workshops.replace):
        with pytest.raises(StepRefused, match="autre"):
            neighbour.write(deed, workshop, *([form()] if deed is workshops.replace else []))


def test_a_reference_of_something_else_is_told(ateliers: Ateliers) -> None:
    with pytest.raises(NotAWorkshop):
        ateliers.office.read(workshops.by_reference, "00K3-1W")
    with pytest.raises(WorkshopNotFound):
        ateliers.office.read(workshop_page.page, 4711)


def test_what_is_shared_is_not_changed_past_the_services(engine: Engine) -> None:
    """Neither by a session of the further school, nor by a plan that it computes."""
    ateliers = make_ateliers(engine)
    workshop = ateliers.accepted(further_schools="9902")
    entry = workshop_participants.Entry("", "Denis", "Jo", "jo@ailleurs.example", 9902)
    person = ateliers.coordinator.write(workshop_participants.add, workshop, entry)
    neighbour, mine = ateliers.neighbour, col(WorkshopParticipant.id) == person

    def by_flush(session: Any) -> None:
        row = session.scalars(select(WorkshopParticipant).where(mine)).one()
        row.surname = "Volé"
        session.flush()

    def by_plan(session: Any) -> None:
        draft = plans.PlanDraft("workshop_x", say("plan"), ateliers.world.other)
        change_ = plans.update_change(
            "workshop_participant", person, {"surname": "Denis"}, {"surname": "Volé"}
        )
        draft.items.append(plans.Item("information", "x", "x", say("x"), [change_]))
        plans.apply(session, plans.store(session, draft))

    tries: dict[str, Callable[[Any], Any]] = {
        "change": lambda s: change(s, WorkshopParticipant, mine, surname="Volé"),
        "update": lambda s: s.execute(
            update(WorkshopParticipant).where(mine).values(surname="Volé"),
            execution_options={"journaled": True, "synchronize_session": False},
        ),
        "flush": by_flush,
        "plan": by_plan,
    }
    for name, deed in tries.items():
        with suppress(OutOfScope):
            neighbour.write(deed)
        (row,) = neighbour.read(workshop_participants.listed, workshop)
        assert row.surname == "Denis", name


def test_a_coordinator_writes_no_other_mail_and_sees_none(ateliers: Ateliers) -> None:
    workshop = ateliers.ask()
    mine, desk = ateliers.world.mine, ateliers.coordinator
    mail = {
        "school_id": mine, "template": "test", "language": "fr", "recipient": "a@b.example",
        "queued_at": NOW, "expires_at": NOW, "next_attempt_at": NOW,
    }  # fmt: skip
    ateliers.world.desk.write(lambda s: s.add(Mail(**mail)))
    seen = desk.read(lambda s: [each.workshop_id for each in s.scalars(select(Mail))])
    assert seen == [workshop, workshop]
    for wrong in ({}, {"workshop_id": workshop, "school_id": ateliers.world.other}):
        with pytest.raises(OutOfScope):
            desk.write(lambda s, wrong=wrong: s.add(Mail(**{**mail, **wrong})))
    with pytest.raises(OutOfScope):
        desk.write(lambda s: change(s, Mail, col(Mail.workshop_id) == workshop, reply="x"))


def test_what_is_wrong_with_a_workshop_is_found(ateliers: Ateliers) -> None:
    def causes(workshop: int) -> list[str]:
        found = ateliers.coordinator.read(workshop_findings.findings, workshop)
        return [finding.cause for finding in found]

    late = ateliers.ask(first_day="16/01/2027")
    assert causes(late) == ["asked_late"]
    ateliers.at("2026-11-23T08:00Z")
    assert causes(late) == ["answer_overdue", "asked_late"]
    workshop = ateliers.accepted()
    assert causes(workshop) == ["few_participants"]
    ateliers.at("2027-03-02T08:00Z")
    assert causes(workshop) == ["cancelling_is_charged", "few_participants"]
    assert causes(late) == ["answer_overdue", "asked_late", "registration_closed"]
    ateliers.at("2027-03-24T08:00Z")
    assert causes(workshop) == ["attendance_overdue"]


def test_the_office_sets_the_figures(ateliers: Ateliers) -> None:
    office, before = ateliers.office, ateliers.ask()
    with pytest.raises(OutOfScope):
        ateliers.coordinator.write(workshop_rules.set_office, {"notice_days": 1})
    for figures, email in (({"notice_days": -1}, ""), ({"id": 3}, ""), ({}, "bureau@")):
        with pytest.raises(workshop_rules.RulesRefused):
            office.write(workshop_rules.set_office, figures, "", email)
    office.write(workshop_rules.set_office, {"notice_days": 30, "free_days": 10}, "B", OFFICE)
    office.write(workshop_rules.set_office, {"fewest": 10}, "B", OFFICE)
    rules = ateliers.coordinator.read(workshop_rules.office).rules
    assert (rules.notice_days, rules.free_days, rules.fewest) == (30, 10, 10)
    after = ateliers.ask(first_day="22/12/2026")
    assert ateliers.row(after).free_until == date(2026, 12, 12)
    assert ateliers.row(before).free_until == date(2027, 2, 21)  # fixed when it was sent
