"""Consents: printed, returned, recorded, withdrawn; and what each state lets out."""

from datetime import date, timedelta

import pytest
from sqlalchemy import Engine, select
from sqlmodel import col

from models.consents import SIGNED_FORM, Consent, PrintedForm
from models.database import change
from models.invitations import Invitation
from models.language import say, use_language
from models.mail import Mail
from models.people import Person, Post
from models.references import ReferenceMistyped, make_reference
from models.schools import Source
from services import (
    consent_printing,
    consent_recording,
    consent_withdrawals,
    consents,
    invitations,
    plans,
)
from services.consent_recording import RecordLine
from services.consents import ConsentUnknown
from services.imports.roster import Notice
from services.plans import PlanStale
from tests.worlds import World, make_world

SIGNED = date(2026, 8, 28)


@pytest.fixture
def world(engine: Engine) -> World:
    use_language("en")
    return make_world(engine)


def _states(world: World) -> dict[str, str]:
    rows = world.director().read(consents.listed, world.mine, world.year)
    return {row.surname: row.state for row in rows}


def _record(world: World, *lines: RecordLine) -> list[plans.PlanRow]:
    desk = world.director()
    plan = desk.write(consent_recording.plan_record, world.mine, lines)
    rows = desk.read(plans.rows, plan, 0, 100)
    desk.write(plans.apply, plan)
    return rows


def test_each_state_is_told(world: World) -> None:
    world.person(surname="Signé")
    world.person(surname="Rien", consent=False)
    printed = world.person(surname="Imprimé", consent=False)
    moved = world.person(surname="Autre")
    gone = world.person(surname="Retiré")
    desk = world.director()
    sheets = desk.read(consent_printing.forms, world.mine, world.year, {printed.person})
    desk.write(consent_printing.note_printed, sheets)
    new = {"personal_email": "new@courriel.example", "personal_email_key": "new@courriel.example"}
    world.desk.write(lambda s: change(s, Person, col(Person.id) == moved.person, **new))
    assert desk.write(consent_withdrawals.withdraw, world.mine, gone.person) == 1
    assert _states(world) == {
        "Signé": "signed",
        "Rien": "missing",
        "Imprimé": "printed",
        "Autre": "other_address",
        "Retiré": "withdrawn",
    }
    counts = desk.read(consents.counts, world.mine, world.year)
    assert counts == dict.fromkeys(consents.STATES, 1)
    (row,) = desk.read(consents.listed, world.mine, world.year, state="other_address")
    assert (row.email, row.signed_email) == ("new@courriel.example", "autre@courriel.example")


def test_a_form_says_what_is_on_file(world: World) -> None:
    member = world.person(surname="Émond", language="en", function="educator")
    (form,) = world.director().read(consent_printing.forms, world.mine, world.year)
    assert form.reference == make_reference(member.post, 1)
    assert (form.surname, form.email, form.language) == ("Émond", "emond@courriel.example", "en")
    assert form.email_field == "e-mail privé"
    assert form.manager_contact == "Anne Lecomte, secretariat@ecole.example"
    assert form.school_year == "2026-2027"


def test_a_returned_form_is_found_by_its_reference(world: World) -> None:
    member = world.person(surname="Rendu", consent=False)
    theirs = world.person(world.other, surname="Ailleurs")
    typed = f" {make_reference(member.post, 1).lower().replace('-', ' ')}\r\n"
    assert world.director().read(consents.find_form, typed).person_id == member.person
    with pytest.raises(ConsentUnknown):
        world.director().read(consents.find_form, make_reference(theirs.post, 1))
    with pytest.raises(ReferenceMistyped):
        world.director().read(consents.find_form, "nothing")
    (row,) = world.director().read(
        consents.listed, world.mine, world.year, text=make_reference(member.post, 1)
    )
    assert row.person_id == member.person


def test_recording_makes_people_invitable(world: World) -> None:
    member = world.person(consent=False)
    before = world.desk.read(invitations.candidates, world.mine, world.year)
    (row,) = _record(world, RecordLine(make_reference(member.post, 1), SIGNED))
    after = world.desk.read(invitations.candidates, world.mine, world.year)
    assert (before[0].status, after[0].status) == ("no_consent", "to_invite")
    assert (row.level, row.action) == ("information", "record")
    consent = world.desk.read(lambda s: s.scalars(select(Consent)).one())
    assert (consent.signed_on, consent.email) == (SIGNED, "dupont@courriel.example")
    (again,) = _record(world, RecordLine(make_reference(member.post, 1), SIGNED))
    assert again.action == "known"


def test_the_address_of_the_signed_form_counts(world: World) -> None:
    member = world.person(consent=False, email=None, school_email="old@ecole.example")
    nobody = world.person(surname="Sans", consent=False, email=None)
    rows = _record(
        world,
        RecordLine(make_reference(member.post, 1), SIGNED, "jeanne@courriel.example"),
        RecordLine(make_reference(nobody.post, 1), SIGNED, "sans@courriel.example"),
    )
    assert [row.level for row in rows] == ["warning", "warning"]
    team = world.desk.read(invitations.candidates, world.mine, world.year)
    assert {(c.address, c.status) for c in team} == {
        ("jeanne@courriel.example", "to_invite"),
        ("sans@courriel.example", "to_invite"),
    }


def test_where_the_schools_address_comes_first_it_is_the_one_replaced(world: World) -> None:
    world.desk.write(
        lambda s: change(s, Source, col(Source.id) == world.source, address_rule="school_first")
    )
    member = world.person(consent=False, school_email="old@ecole.example")
    _record(world, RecordLine(make_reference(member.post, 1), SIGNED, "new@ecole.example"))
    (candidate,) = world.desk.read(invitations.candidates, world.mine, world.year)
    assert (candidate.address, candidate.status) == ("new@ecole.example", "to_invite")
    assert world.desk.read(lambda s: s.get_one(Post, member.post)).school_email_field == (
        SIGNED_FORM
    )


@pytest.mark.parametrize(
    ("reference", "signed_on", "email", "column", "words"),
    [
        ("garbage", SIGNED, "", "reference", ""),
        ("other school", SIGNED, "", "reference", "No form of your school"),
        ("future text", SIGNED, "", "reference", "text that does not exist"),
        ("mine", date(2026, 9, 2), "", "signed_on", "still to come"),
        ("mine", SIGNED, "a@b@c", "email", ""),
        ("nobody", SIGNED, "", "email", "Neither the form nor the file"),
    ],
)
def test_what_can_not_be_right_is_told_by_line_and_column(
    world: World, reference: str, signed_on: date, email: str, column: str, words: str
) -> None:
    mine = world.person(surname="Bien", consent=False)
    nobody = world.person(surname="Sans", consent=False, email=None)
    theirs = world.person(world.other, surname="Ailleurs", consent=False)
    references = {
        "other school": make_reference(theirs.post, 1),
        "future text": make_reference(mine.post, 9),
        "mine": make_reference(mine.post, 1),
        "nobody": make_reference(nobody.post, 1),
    }
    (row,) = _record(
        world,
        RecordLine(references.get(reference, reference), signed_on, email, "f.csv", 7),
    )
    assert (row.level, row.action, row.column) == ("error", "refused", column)
    assert (row.file, row.line) == ("f.csv", 7)
    assert words in row.text.text("en")
    assert world.desk.read(lambda s: s.scalars(select(Consent)).all()) == []


def test_one_bad_line_leaves_the_others(world: World) -> None:
    members = world.people(3, consent=False)
    lines = [RecordLine(make_reference(m.post, 1), SIGNED) for m in members]
    rows = _record(world, *lines, lines[0], RecordLine("?", SIGNED))
    assert [row.action for row in rows] == ["record"] * 3 + ["refused"] * 2
    assert set(_states(world).values()) == {"signed"}


def test_recording_is_refused_when_the_address_has_changed_since(world: World) -> None:
    member = world.person(consent=False)
    line = RecordLine(make_reference(member.post, 1), SIGNED)
    plan = world.director().write(consent_recording.plan_record, world.mine, [line])
    world.desk.write(
        lambda s: change(s, Person, col(Person.id) == member.person, personal_email="x@y.example")
    )
    with pytest.raises(PlanStale):
        world.director().write(plans.apply, plan)


def test_recording_can_be_undone(world: World) -> None:
    member = world.person(consent=False, email=None)
    line = RecordLine(make_reference(member.post, 1), SIGNED, "sans@courriel.example")
    plan = world.director().write(consent_recording.plan_record, world.mine, [line])
    world.director().write(plans.apply, plan)
    world.director().write(plans.undo, plan)
    assert _states(world) == {"Dupont": "missing"}
    assert world.desk.read(lambda s: s.get_one(Person, member.person)).personal_email is None


def test_withdrawing_stops_what_is_on_its_way(world: World) -> None:
    member, stays = world.person(surname="Retire"), world.person(surname="Reste")
    desk = world.director()
    plan = desk.write(invitations.plan_invitations, world.mine, world.year)
    desk.write(plans.apply, plan)
    world.clock.now += timedelta(minutes=1)
    desk.write(consent_withdrawals.withdraw, world.mine, member.person)
    assert desk.write(consent_withdrawals.withdraw, world.mine, member.person) == 0
    mails = {m.person_id: m for m in world.desk.read(lambda s: s.scalars(select(Mail)).all())}
    assert mails[member.person].cancelled_at == world.clock.now
    assert mails[stays.person].closed_at is None
    cancelled = world.desk.read(
        lambda s: s.scalars(select(Invitation.cancelled_at).order_by(col(Invitation.id))).all()  # type: ignore[call-overload]
    )
    assert sorted(c is None for c in cancelled) == [False, True]


def test_printing_is_noted_for_the_own_school_only(world: World) -> None:
    world.person(world.other)
    sheets = world.desk.read(consent_printing.forms, world.other, world.year)
    world.director().write(consent_printing.note_printed, sheets)
    assert world.desk.read(lambda s: s.scalars(select(PrintedForm)).all()) == []
    with pytest.raises(ConsentUnknown):
        world.director().read(consent_printing.forms, world.other, world.year)
    with pytest.raises(ConsentUnknown):
        world.director().write(consent_recording.plan_record, world.other, [])


def test_forms_left_to_print_are_those_without_valid_consent(world: World) -> None:
    world.person(surname="Signé")
    missing = world.person(surname="Absent", consent=False)
    printed = world.person(surname="Imprimé", consent=False)
    gone = world.person(surname="Retiré")
    desk = world.director()
    sheets = desk.read(consent_printing.forms, world.mine, world.year, {printed.person})
    desk.write(consent_printing.note_printed, sheets)
    desk.write(consent_withdrawals.withdraw, world.mine, gone.person)
    left = desk.read(consents.without_consent, world.mine, world.year)
    assert left == [missing.person, gone.person]


def test_what_withdrawing_would_do_is_foreseen(world: World) -> None:
    member = world.person()
    desk = world.director()
    desk.write(plans.apply, desk.write(invitations.plan_invitations, world.mine, world.year))
    foreseen = desk.read(consent_withdrawals.withdrawal, world.mine, member.person)
    assert foreseen.consents == (("dupont@courriel.example", SIGNED),)
    assert (foreseen.invitations, foreseen.active) == (1, False)
    desk.write(consent_withdrawals.withdraw, world.mine, member.person)
    after = desk.read(consent_withdrawals.withdrawal, world.mine, member.person)
    assert (after.consents, after.invitations) == ((), 0)


def test_people_are_found_by_name_address_and_reference(world: World) -> None:
    member = world.person(surname="D’Hondt", first_name="Noémie")
    world.person(surname="Dupont")

    def found(text: str) -> list[int]:
        rows = world.director().read(consents.listed, world.mine, world.year, text=text)
        total = world.director().read(consents.total, world.mine, world.year, text=text)
        assert total == len(rows)
        return [row.person_id for row in rows]

    for text in ("noemie dhondt", "D'HONDT", "dhondt@courriel", make_reference(member.post, 1)):
        assert found(text) == [member.person], text
    assert found("%") == []


def test_the_source_of_the_address_is_told(world: World) -> None:
    world.person()
    world.person(surname="Sans", email=None)
    rows = world.director().read(consents.listed, world.mine, world.year)
    assert [row.email_source for row in rows] == ["ProEco, e-mail privé", ""]


def test_a_form_is_looked_for_in_one_school(world: World) -> None:
    theirs = world.person(world.other, consent=False)
    desk = world.director(world.mine, world.other)
    reference = make_reference(theirs.post, 1)
    assert desk.read(consents.find_form, reference).person_id == theirs.person
    with pytest.raises(ConsentUnknown):
        desk.read(consents.find_form, reference, world.mine)
    with pytest.raises(ConsentUnknown):
        desk.read(consents.find_form, make_reference(theirs.post, 9))
    assert desk.read(consents.find_forms, [reference, "?"], world.mine) == {}


def test_what_a_file_has_got_wrong_stands_in_the_plan(world: World) -> None:
    member = world.person(consent=False)
    lines = [RecordLine(make_reference(member.post, 1), SIGNED, "", "f.csv", 2)]
    notices = [Notice("error", say("This is not a date: 24/08/2026 is."), "f.csv", 3, "signed_on")]
    desk = world.director()
    plan = desk.write(consent_recording.plan_record, world.mine, lines, notices)
    rows = desk.read(plans.rows, plan, 0, 10)
    assert [(row.action, row.line, row.column) for row in rows] == [
        ("record", 2, ""), ("refused", 3, "signed_on")
    ]  # fmt: skip
    desk.write(plans.apply, plan)
    assert set(_states(world).values()) == {"signed"}


def test_without_a_school_each_reference_says_which_it_is_of(world: World) -> None:
    """Whoever sees every school records the day's pile as it lies."""
    mine = world.person(surname="Ici", consent=False)
    theirs = world.person(world.other, surname="Ailleurs", consent=False)
    lines = [RecordLine(make_reference(m.post, 1), SIGNED) for m in (mine, theirs)]
    plan = world.desk.write(consent_recording.plan_record, None, lines)
    world.desk.write(plans.apply, plan)
    schools = world.desk.read(
        lambda s: s.scalars(select(Consent.school_id).order_by(col(Consent.id))).all()  # type: ignore[call-overload]
    )
    assert schools == [world.mine, world.other]


def test_without_a_school_a_director_stays_in_the_own_one(world: World) -> None:
    mine = world.person(surname="Ici", consent=False)
    theirs = world.person(world.other, surname="Ailleurs", consent=False)
    lines = [RecordLine(make_reference(m.post, 1), SIGNED) for m in (mine, theirs)]
    plan = world.director().write(consent_recording.plan_record, None, lines)
    rows = world.director().read(plans.rows, plan, 0, 10)
    assert (rows[0].label, rows[0].action) == ("Ici Jeanne", "record")
    assert rows[1].action == "refused" and "Ailleurs" not in rows[1].label
