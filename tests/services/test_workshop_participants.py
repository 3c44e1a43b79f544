"""Participants: typed, pasted, read from a file; changed until registration closes."""

import csv

import pytest
from sqlalchemy import Engine

from models.database import OutOfScope
from services import plans
from services import workshop_participants as participants
from services.workshop_participants import Entry, ParticipantRefused
from services.workshops import StepRefused, WorkshopNotFound
from tests.services.workshop_world import OFFICE, Ateliers, make_ateliers

LISE = Entry("Mme", "Peeters", "Lise", "lise@ecole.example")


@pytest.fixture
def ateliers(sqlite_engine: Engine) -> Ateliers:
    return make_ateliers(sqlite_engine)


def names(ateliers: Ateliers, workshop: int) -> list[str]:
    rows = ateliers.coordinator.read(participants.listed, workshop)
    return [f"{row.surname} {row.first_name} {row.email}" for row in rows]


def paste(ateliers: Ateliers, workshop: int, text: str | bytes) -> list[tuple[str, str, str]]:
    """Enter a list; return level, action and label of what the plan told."""
    desk = ateliers.coordinator
    plan = desk.write(participants.plan_participants, workshop, text)
    told = [(r.level, r.action, r.label) for r in desk.read(plans.rows, plan, 0, 50)]
    if desk.read(plans.show, plan).state == "open":
        desk.write(plans.apply, plan)
    return told


def test_one_is_entered_corrected_and_withdrawn(ateliers: Ateliers) -> None:
    workshop, desk = ateliers.accepted(), ateliers.coordinator
    person = desk.write(participants.add, workshop, LISE)
    assert ateliers.mails()[-1][0] == "lise@ecole.example"
    with pytest.raises(ParticipantRefused, match="déjà"):
        desk.write(participants.add, workshop, Entry("", "Autre", "Un", "LISE@ecole.example"))
    desk.write(participants.correct, person, Entry("", "Peeters", "Lise", "lise.p@ecole.example"))
    assert names(ateliers, workshop) == ["Peeters Lise lise.p@ecole.example"]
    told = [to for to, _subject in ateliers.mails()[-2:]]
    assert told == ["lise@ecole.example", "lise.p@ecole.example"]
    before = len(ateliers.mails())
    desk.write(participants.correct, person, Entry("Dr", "Peeters", "Lise", "lise.p@ecole.example"))
    assert len(ateliers.mails()) == before  # the address is the one that was told
    desk.write(participants.withdraw, person)
    assert names(ateliers, workshop) == [] and len(ateliers.mails()) == before + 1
    with pytest.raises(ParticipantRefused):
        desk.write(participants.withdraw, person)
    assert desk.write(participants.add, workshop, LISE) != person


@pytest.mark.parametrize(
    "entry",
    [
        Entry("", "", "Lise", "lise@ecole.example"),
        Entry("", "Peeters", "-", "lise@ecole.example"),
        Entry("", "Peeters", "Lise", "lise@ecole"),
        Entry("", "Peeters", "Lise", "a@b.example,c@d.example"),
        Entry("", "P" * 81, "Lise", "lise@ecole.example"),
        Entry("", "Peeters", "Lise", "lise@ecole.example", 9902),
    ],
)
def test_what_is_no_participant(ateliers: Ateliers, entry: Entry) -> None:
    workshop = ateliers.ask()
    with pytest.raises(ParticipantRefused):
        ateliers.coordinator.write(participants.add, workshop, entry)


def test_nobody_else_enters_anybody(ateliers: Ateliers) -> None:
    workshop = ateliers.accepted(further_schools="9902")
    with pytest.raises(OutOfScope):
        ateliers.director.write(participants.add, workshop, LISE)
    with pytest.raises(ParticipantRefused, match="demandé"):
        ateliers.neighbour.write(participants.add, workshop, LISE)
    person = ateliers.coordinator.write(
        participants.add, workshop, Entry("", "Denis", "Jo", "jo@ailleurs.example", 9902)
    )
    ateliers.coordinator.write(participants.add, workshop, LISE)
    seen = ateliers.neighbour.read(participants.listed, workshop)
    assert [row.surname for row in seen] == ["Denis"]  # a further school sees its own
    with pytest.raises((OutOfScope, ParticipantRefused)):
        ateliers.neighbour.write(participants.withdraw, person)
    other = ateliers.ask()
    with pytest.raises(WorkshopNotFound):
        ateliers.neighbour.read(participants.listed, other)


def test_after_registration_closed_a_message_goes_to_the_office(ateliers: Ateliers) -> None:
    workshop, desk = ateliers.accepted(), ateliers.coordinator
    ateliers.at("2027-03-01T22:59Z")
    person = desk.write(participants.add, workshop, LISE)
    ateliers.at("2027-03-01T23:00Z")
    for deed in (
        lambda: desk.write(participants.add, workshop, Entry("", "A", "B", "a@b.example")),
        lambda: desk.write(participants.withdraw, person),
        lambda: desk.write(participants.plan_participants, workshop, "a@b.example;A;B"),
    ):
        with pytest.raises(ParticipantRefused, match="01/03/2027"):
            deed()
    message = desk.read(participants.late_change, workshop, "Lise → Marc")
    assert message.recipient == OFFICE and "Lise → Marc" in message.lines[0]
    desk.write(participants.send_late_change, workshop, "Lise → Marc")
    assert ateliers.mails()[-1] == (OFFICE, message.subject)
    ateliers.office.write(participants.withdraw, person)  # who may still do it


def test_a_list_read_in_time_is_refused_when_it_is_applied_too_late(ateliers: Ateliers) -> None:
    workshop, desk = ateliers.accepted(), ateliers.coordinator
    ateliers.at("2027-03-01T22:59Z")
    entered = desk.write(participants.plan_participants, workshop, "Un;Jean;jean@ecole.example")
    late = desk.write(participants.plan_participants, workshop, "Deux;Ida;ida@ecole.example")
    desk.write(plans.apply, entered)
    ateliers.at("2027-03-01T23:00Z")
    for deed, plan in ((plans.apply, late), (plans.undo, entered)):
        with pytest.raises(ParticipantRefused, match="01/03/2027"):
            desk.write(deed, plan)
    assert names(ateliers, workshop) == ["Un Jean jean@ecole.example"]
    assert desk.read(plans.show, late).state == "open"
    ateliers.office.write(plans.apply, late)  # who is not bound by it
    assert len(names(ateliers, workshop)) == 2


def test_a_list_is_computed_anew_once_the_request_is_answered(engine: Engine) -> None:
    from services import workshops

    ateliers = make_ateliers(engine)
    desk, office = ateliers.coordinator, ateliers.office
    accepted, refused = ateliers.ask(), ateliers.ask()
    early, lost = (
        desk.write(participants.plan_participants, each, "Un;Jean;jean@ecole.example")
        for each in (accepted, refused)
    )
    office.write(workshops.accept, accepted, "https://ib.example/r/1")
    office.write(workshops.refuse, refused, "complet")
    with pytest.raises(plans.PlanStale):  # nobody would tell them that they are registered
        desk.write(plans.apply, early)
    with pytest.raises(StepRefused):
        desk.write(plans.apply, lost)
    paste(ateliers, accepted, "Un;Jean;jean@ecole.example")
    assert ateliers.mails()[-1][0] == "jean@ecole.example"


def test_a_cancelled_workshop_has_no_participants_to_change(ateliers: Ateliers) -> None:
    from services import workshops

    workshop = ateliers.ask()
    ateliers.coordinator.write(workshops.cancel, workshop)
    with pytest.raises(StepRefused):
        ateliers.coordinator.write(participants.add, workshop, LISE)


@pytest.mark.parametrize(
    "text",
    [
        "Civilité\tNom\tPrénom\tE-mail\nMme\tPeeters\tLise\tlise@ecole.example",
        "Nom;Prénom;Courriel\nPeeters;Lise;lise@ecole.example",
        "email,surname,first name\nlise@ecole.example,Peeters,Lise",
        "Mme;Peeters;Lise;lise@ecole.example",
        "Peeters\tLise\tlise@ecole.example\n",
        "PEETERS Lise;lise@ecole.example",
        "Nom et prénom;Adresse e-mail\nPEETERS Lise;lise@ecole.example",
        "\ufeffNom;Prénom;E-mail\r\nPeeters;Lise;lise@ecole.example\r\n\r\n".encode(),
    ],
)
def test_a_list_is_read_however_it_comes(ateliers: Ateliers, text: str | bytes) -> None:
    workshop = ateliers.accepted()
    told = paste(ateliers, workshop, text)
    assert [each[:2] for each in told] == [("information", "enter")]
    assert [name.casefold() for name in names(ateliers, workshop)] == [
        "peeters lise lise@ecole.example"
    ]
    assert ateliers.mails()[-1][0] == "lise@ecole.example"


def test_each_row_of_a_list_says_why_not(engine: Engine) -> None:
    ateliers = make_ateliers(engine)
    workshop = ateliers.ask(further_schools="9902")
    ateliers.coordinator.write(participants.add, workshop, LISE)
    told = paste(
        ateliers,
        workshop,
        "Nom;Prénom;E-mail;FASE\n"
        "Peeters;Lise;lise@ecole.example;\n"
        "Un;Jean;jean@gmial.com;9901\n"
        "Deux;Marc;marc@ecole;\n"
        "Trois;;trois@ecole.example;\n"
        "Quatre;Zoé;zoe@ecole.example;9902\n"
        "Quatre;Zoé;ZOE@ecole.example;9902\n"
        "Cinq;Léa;lea@ecole.example;12345\n",
    )
    assert [each[:2] for each in told] == [
        ("warning", "known"),
        ("warning", "enter"),
        ("error", "refused"),
        ("error", "refused"),
        ("information", "enter"),
        ("warning", "known"),
        ("error", "refused"),
    ]
    rows = ateliers.coordinator.read(participants.listed, workshop)
    assert [(row.surname, row.fase_number, bool(row.hint)) for row in rows] == [
        ("Peeters", None, False),
        ("Quatre", 9902, False),
        ("Un", None, True),
    ]
    assert rows[2].finding and rows[2].finding.cause == "typing_error"
    assert len(ateliers.mails()) == 2  # not accepted yet: nobody is told


@pytest.mark.parametrize("text", ["", "Nom;Prénom\nPeeters;Lise\n", "Lise Peeters"])
def test_a_list_without_addresses_enters_nobody(ateliers: Ateliers, text: str) -> None:
    workshop = ateliers.ask()
    assert {each[0] for each in paste(ateliers, workshop, text)} == {"error"}
    assert names(ateliers, workshop) == []


def test_a_plan_is_refused_once_the_workshop_is_cancelled(ateliers: Ateliers) -> None:
    from services import workshops

    workshop, desk = ateliers.ask(), ateliers.coordinator
    plan = desk.write(participants.plan_participants, workshop, "Un;Jean;jean@ecole.example")
    desk.write(workshops.cancel, workshop)
    with pytest.raises(StepRefused):
        desk.write(plans.apply, plan)


def test_a_list_that_was_entered_is_taken_back(ateliers: Ateliers) -> None:
    workshop, desk = ateliers.ask(), ateliers.coordinator
    plan = desk.write(participants.plan_participants, workshop, "Un;Jean;jean@ecole.example")
    desk.write(plans.apply, plan)
    desk.write(plans.undo, plan)
    assert names(ateliers, workshop) == []


def test_a_coordinators_plan_is_nobody_elses(ateliers: Ateliers) -> None:
    workshop = ateliers.ask()
    plan = ateliers.coordinator.write(
        participants.plan_participants, workshop, "Un;Jean;jean@ecole.example"
    )
    with pytest.raises(plans.PlanRefused):
        ateliers.neighbour.write(plans.apply, plan)
    with pytest.raises(OutOfScope):
        ateliers.director.write(plans.apply, plan)


def test_the_list_as_csv_is_safe_in_a_spreadsheet(ateliers: Ateliers) -> None:
    workshop = ateliers.ask()
    ateliers.coordinator.write(
        participants.add, workshop, Entry("=1+1", "O’Hara", "@Lise", "lise@ecole.example")
    )
    text = ateliers.coordinator.read(
        participants.as_csv, workshop, ("Titre", "Nom", "Prénom", "E-mail", "FASE")
    )
    assert list(csv.reader(text.splitlines()))[1] == [
        "'=1+1", "O’Hara", "'@Lise", "lise@ecole.example", "",
    ]  # fmt: skip
