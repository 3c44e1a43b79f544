"""`trousseau workshop`: what scripts rely on, what people read, and what is refused."""

import json
from functools import partial
from pathlib import Path
from typing import Any

import pytest
from icalendar import Calendar
from sqlalchemy import Engine

from models.references import make_reference, make_workshop_reference
from models.workshop_dates import STEPS
from models.workshops import STATUS_CODES
from services import workshop_attendance, workshop_participants, workshops
from services.workshop_meetings import meeting_id_of
from services.workshop_participants import Entry
from tests.services.workshop_world import Ateliers, make_ateliers
from tui.cli import office
from tui.command_line import run

SCHOOL = ("--school", "9901")


@pytest.fixture
def ateliers(served: Engine, monkeypatch: pytest.MonkeyPatch) -> Ateliers:
    made = make_ateliers(served)
    monkeypatch.setattr(office, "now", made.world.clock)
    return made


@pytest.fixture
def command(ateliers: Ateliers, command: Any) -> Any:
    """Run `trousseau workshop …`."""
    return partial(command, "workshop")


# --- the requests -------------------------------------------------------------------------


def test_the_list_is_by_risk_and_as_documented(
    ateliers: Ateliers, command: Any, as_json: Any
) -> None:
    late = ateliers.ask(first_day="10/12/2026", title="Bientôt")
    accepted = ateliers.accepted()
    ateliers.at("2026-11-24T08:00Z")
    rows = as_json("list")
    assert [row["title"] for row in rows] == ["Bientôt", "L’évaluation au PP"]
    assert rows[0] == {
        "reference": make_workshop_reference(late),
        "status": "submitted",
        "title": "Bientôt",
        "programme": "PYP",
        "category": 2,
        "language": "fr",
        "school": "Institut Saint-Exemple",
        "first_day": "2026-12-10",
        "next_step": "To answer",
        "due_on": "2026-11-22",
        "days_left": -2,
        "risk": "overdue",
        "late": True,
        "people": 20,
        "participants": 0,
        "submitted_at": "2026-11-22T08:00:00+00:00",
    }
    assert [row["title"] for row in as_json("list", "--sort", "newest")][1] == "Bientôt"
    for arguments, found in (
        (("--status", "accepted"), [accepted]),
        (("--status", "open", "--search", "bientot"), [late]),
        (("--school", "9902"), []),
    ):
        listed = [row["reference"] for row in as_json("list", *arguments)]
        assert listed == [make_workshop_reference(each) for each in found]
    status, out, _err = command("list")
    assert status == 0 and len(out.splitlines()) == 3
    assert "-2 !" in out and "o Submitted" in out and "+ Accepted" in out


@pytest.mark.parametrize(
    "arguments",
    [
        ("list", "--status", "happy"),
        ("list", "--sort", "colour"),
        ("show",),
        ("check-date", "2027-03-15"),
        ("check-date", "soon", *SCHOOL),
        ("check-date", "2027-02-29", *SCHOOL),
        ("check-date", "1999-12-31", *SCHOOL),
        ("check-date", "9999-12-31", *SCHOOL),
        ("attendance", "00K3-1W", "--yes"),
        ("attendance", "00K3-1W", "--report"),
    ],
)
def test_a_mistake_in_the_arguments_is_exit_2(command: Any, arguments: tuple[str, ...]) -> None:
    status, out, err = command(*arguments)
    assert (status, out) == (2, "") and err


@pytest.mark.parametrize(
    ("reference", "said"),
    [
        (make_workshop_reference(77), "no such workshop"),
        (make_reference(77, 1), "consent form"),
        ("00K3-1X", "mistyped"),
    ],
)
@pytest.mark.parametrize("name", ["show", "attendance"])
def test_a_reference_of_nothing_is_told(command: Any, name: str, reference: str, said: str) -> None:
    status, out, err = command(name, reference, "--json")
    assert (status, out) == (1, "") and said in err


def test_one_request_with_all_that_is_known(ateliers: Ateliers, command: Any, as_json: Any) -> None:
    workshop = ateliers.accepted(further_schools="9902", remarks="En ligne, merci")
    reference = make_workshop_reference(workshop)
    told = as_json("show", reference.lower().replace("-", " "))
    assert (told["reference"], told["status"]) == (reference, "accepted")
    assert told["event"]["starts_at"] == "2027-03-15T08:00:00+00:00"
    assert told["days_there"][1]["ends"] == "2027-03-16T16:00:00+01:00"
    assert told["further_schools"] == [{"fase": 9902, "school": "Athénée de l’Essai"}]
    assert [step["step"] for step in told["plan"]] == list(STEPS)
    assert told["plan"][1] == {
        "step": "free", "day": "2027-02-21", "days_left": 91, "who": "school",
        "text": "Free cancellation until",
    }  # fmt: skip
    assert [each["what"] for each in told["history"]] == ["submitted", "in_treatment", "accepted"]
    assert [each["cause"] for each in told["findings"]] == ["few_participants"]
    assert told["invoice"] is None and "cancel" in told["steps"]
    status, out, _err = command("show", reference)
    assert status == 0
    for part in ("+ Accepted", "9902", "PYP, Category 2: delivery", "https://ib.example/r/1",
                 "21/02/2027", "the workshop office", "Taken up", "! 0 participants",
                 "En ligne, merci"):  # fmt: skip
        assert part in out, part


def test_an_invoice_is_told_in_figures(ateliers: Ateliers, as_json: Any) -> None:
    from datetime import date

    from services import workshop_invoices

    workshop = held(ateliers)
    ateliers.office.write(workshop_invoices.add_fee, 21_050, date(2026, 1, 1))
    for number in (1, 2):
        for person in ateliers.office.read(workshop_participants.listed, workshop):
            ateliers.office.write(workshop_attendance.record, workshop, person.id, number, True)
    ateliers.office.write(workshop_attendance.complete, workshop)
    ateliers.office.write(workshop_invoices.issue, workshop, "F-7")
    told = as_json("show", make_workshop_reference(workshop))["invoice"]
    assert told == {
        "number": "F-7", "quantity": 2, "amount": "421.00", "currency": "EUR",
        "issued_on": "2027-03-17", "due_on": "2027-03-30", "paid_on": None, "overdue": False,
    }  # fmt: skip


def test_the_calendar_file_is_written_or_printed(
    ateliers: Ateliers, command: Any, tmp_path: Path
) -> None:
    reference = make_workshop_reference(ateliers.ask())
    file = tmp_path / "atelier.ics"
    assert command("show", reference, "--ics", str(file))[0] == 0
    assert file.stat().st_mode & 0o777 == 0o600
    status, out, _err = command("show", reference, "--ics", "-")
    for content in (file.read_bytes(), out.encode()):
        assert len(Calendar.from_ical(content).walk("VEVENT")) == 4
    assert status == 0 and out.startswith("BEGIN:VCALENDAR")


# --- days -----------------------------------------------------------------------------------


def test_the_whole_backward_plan_of_a_date(command: Any, as_json: Any) -> None:
    told = as_json("check-date", "2027-03-15", *SCHOOL)
    assert told == {
        "school": "Institut Saint-Exemple",
        "fase": 9901,
        "zone": "Europe/Brussels",
        "today": "2026-11-22",
        "first_day": "2027-03-15",
        "second_day": "2027-03-16",
        "verdict": "in_time",
        "text": "In time: it can be asked for until 18/01/2027. Days left: 57.",
        "last_day": "2027-01-18",
        "days_left": 57,
        "first_in_time": "2027-01-17",
        "plan": [
            {"step": step, "day": day, "days_left": left, "who": who, "text": text}
            for step, day, left, who, text in (
                ("ask", "2027-01-18", 57, "school", "Last day to ask in time"),
                ("free", "2027-02-21", 91, "school", "Free cancellation until"),
                ("registration", "2027-03-01", 99, "school", "Registration closes"),
                ("first_day", "2027-03-15", 113, "everybody", "Workshop, first day"),
                ("second_day", "2027-03-16", 114, "everybody", "Workshop, second day"),
                ("attendance", "2027-03-23", 121, "office", "Attendance list due"),
                ("invoice", "2027-03-30", 128, "school", "Invoice due"),
            )
        ],
        "notes": [],
    }
    status, out, _err = command("check-date", "15/03/2027", *SCHOOL)
    assert status == 0
    for part in ("In time", "18/01/2027", "Invoice due", "the workshop office", "30/03/2027"):
        assert part in out


@pytest.mark.parametrize(
    ("at", "verdict", "left"),
    [("2027-01-18T22:59Z", "in_time", 0), ("2027-01-18T23:00Z", "late", -1)],
)
def test_the_last_day_ends_at_midnight_of_the_school(
    ateliers: Ateliers, as_json: Any, at: str, verdict: str, left: int
) -> None:
    ateliers.at(at)
    told = as_json("check-date", "2027-03-15", *SCHOOL)
    assert (told["verdict"], told["days_left"]) == (verdict, left)


def test_a_date_that_has_gone_by_is_refused_with_its_reason(command: Any) -> None:
    status, out, err = command("check-date", "2026-11-21", *SCHOOL, "--json")
    assert status == 1 and json.loads(out)["verdict"] == "past"
    assert "gone by" in err


def test_what_speaks_against_a_day_is_told(command: Any, as_json: Any) -> None:
    notes = as_json("check-date", "2027-05-01", *SCHOOL)["notes"]
    assert [(note["day"], note["kind"]) for note in notes] == [
        ("2027-05-01", "weekend"), ("2027-05-01", "public_holiday"), ("2027-05-02", "weekend"),
    ]  # fmt: skip
    assert notes[1]["name"] in notes[1]["text"]
    assert "! " + notes[0]["text"] in command("check-date", "2027-05-01", *SCHOOL)[1]


def test_what_today_is_the_last_day_for(command: Any, as_json: Any) -> None:
    told = as_json("check-date", *SCHOOL)
    assert told["today"] == "2026-11-22"
    assert told["first_days"][0] == {
        "step": "ask", "first_day": "2027-01-17", "who": "school",
        "text": "Last day to ask in time",
    }  # fmt: skip
    assert {each["step"] for each in told["first_days"]} == set(STEPS)
    assert "17/01/2027" in command("check-date", *SCHOOL)[1]


def test_a_school_that_nobody_knows_is_told(command: Any) -> None:
    status, out, err = command("check-date", "2027-03-15", "--school", "12345", "--json")
    assert (status, out) == (1, "") and "12345" in err


# --- attendance -----------------------------------------------------------------------------


def held(ateliers: Ateliers) -> int:
    """Return a workshop of two sessions that is over, with two participants."""
    workshop = ateliers.accepted()
    for name in ("Adam", "Bodart"):
        entry = Entry("", name, "Jo", f"{name.lower()}@ecole.example")
        ateliers.coordinator.write(workshop_participants.add, workshop, entry)
    ateliers.at("2027-03-17T08:00Z")
    return workshop


LIST = "E-mail;Séance 1;Séance 2\nadam@ecole.example;x;x\nbodart@ecole.example;x;absent\n"


def test_a_list_is_recorded_by_a_plan(
    ateliers: Ateliers, command: Any, as_json: Any, tmp_path: Path
) -> None:
    reference = make_workshop_reference(held(ateliers))
    before = as_json("attendance", reference)
    assert (before["plan"], before["unknown"]) == (None, 2)
    assert before["sessions"][0] == {
        "session": 1,
        "starts_at": "2027-03-15T08:00:00+00:00",
        "ends_at": "2027-03-15T15:00:00+00:00",
    }
    file = tmp_path / "presences.csv"
    file.write_text(LIST)
    dry = as_json("attendance", reference, str(file), "--dry-run")
    assert (dry["plan"]["applied"], dry["plan"]["information"], dry["unknown"]) == (False, 4, 2)
    status, _out, err = command("attendance", reference, str(file))
    assert status == 1 and "plan apply" in err  # nobody was there to say yes
    done = as_json("attendance", reference, str(file), "--yes")
    assert done["plan"]["applied"] and (done["met"], done["not_met"]) == (1, 1)
    assert set(done["plan"]["messages"][0]) == {"level", "file", "line", "column", "text"}
    assert done["participants"][1] == {
        "participant": done["participants"][1]["participant"],
        "title": "",
        "surname": "Bodart",
        "first_name": "Jo",
        "sessions": [
            {"session": 1, "present": True, "minutes": None, "source": "file"},
            {"session": 2, "present": False, "minutes": None, "source": "file"},
        ],
        "missed": [2],
        "met": False,
    }
    status, out, _err = command("attendance", reference)
    assert status == 0 and "Bodart Jo" in out and "not met" in out and "Session 2" in out
    assert "@" not in out
    assert run(["plan", "undo", str(done["plan"]["plan"])]) == 0
    assert as_json("attendance", reference)["unknown"] == 2


def test_the_list_of_another_workshop_is_refused(
    ateliers: Ateliers, command: Any, tmp_path: Path
) -> None:
    reference = make_workshop_reference(held(ateliers))
    file = tmp_path / "presences.csv"
    file.write_text("E-mail;Séance 1\nautre@ecole.example;x\n")
    status, out, err = command("attendance", reference, str(file), "--yes", "--json")
    told = json.loads(out)["plan"]
    assert status == 1 and told["refused"] and not told["applied"] and err
    file.write_bytes(b"%PDF-1.7")
    status, out, err = command("attendance", reference, str(file), "--yes")
    assert (status, out) == (1, "") and err


def test_the_servers_report_is_recorded_in_minutes(
    ateliers: Ateliers, as_json: Any, tmp_path: Path
) -> None:
    workshop = held(ateliers)
    person = ateliers.office.read(workshop_participants.listed, workshop)[0].id
    times = {"joins": ["2027-03-15T08:00:00Z"], "leaves": ["2027-03-15T14:30:00Z"]}
    attendee = {
        "ext_user_id": workshop_attendance.user_id_of(person), "name": "Jo Adam",
        "moderator": False, "duration": 23_400, "sessions": {"one": times},
    }  # fmt: skip
    report = {
        "meeting_id": meeting_id_of(workshop),
        "data": {
            "start": "2027-03-15T07:55:00Z",
            "finish": "2027-03-15T15:00:00Z",
            "attendees": [attendee],
        },
    }
    file = tmp_path / "data.json"
    file.write_text(json.dumps(report))
    reference = make_workshop_reference(workshop)
    done = as_json("attendance", reference, str(file), "--report", "--yes")
    assert done["plan"]["warning"] >= 1  # nothing proves where the file is from
    adam, bodart = done["participants"]
    first = {"session": 1, "present": True, "minutes": 390, "source": "server"}
    assert adam["sessions"][0] == first and bodart["missed"] == [1]


def test_every_status_can_be_asked_for(ateliers: Ateliers, as_json: Any) -> None:
    ateliers.ask()
    ateliers.coordinator.write(workshops.cancel, ateliers.ask())
    found = {code: len(as_json("list", "--status", code)) for code in STATUS_CODES}
    assert found == dict.fromkeys(STATUS_CODES, 0) | {"submitted": 1, "cancelled": 1}
