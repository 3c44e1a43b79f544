"""Attendance: by hand, from a file, from the server; who meets the requirements."""

from dataclasses import dataclass
from datetime import UTC, date, datetime

import pytest
from sqlalchemy import Engine

from models.database import OutOfScope
from models.workshops import facts_of
from services import (
    plans,
    workshop_attendance,
    workshop_invoices,
    workshop_meetings,
    workshops,
)
from services import workshop_participants as participants
from services.attendance_files import AttendanceFile, AttendanceRow
from services.workshop_attendance import AttendanceRefused, Result, user_id_of
from services.workshop_participants import Entry
from services.workshops import StepRefused
from tests.services.workshop_world import CONTACT, Ateliers, make_ateliers

AFTER = "2027-03-17T08:00Z"


def said(
    user_id: str = "",
    email: str = "",
    name: str = "",
    session: int = 1,
    minutes: int | None = None,
    present: bool | None = None,
) -> AttendanceRow:
    """A row as a file's reader gives it."""
    return AttendanceRow(user_id, email, name, session, minutes, present, 2)


@dataclass
class Held:
    """A workshop of two sessions that is over, with three participants."""

    ateliers: Ateliers
    workshop: int
    people: list[int]

    def results(self) -> list[Result]:
        return self.ateliers.coordinator.read(workshop_attendance.results, self.workshop)

    def missed(self) -> list[tuple[str, tuple[int, ...], bool | None]]:
        return [(row.surname, row.missed, row.met) for row in self.results()]

    def record(self, person: int, number: int, present: bool | None) -> None:
        self.ateliers.office.write(
            workshop_attendance.record, self.workshop, self.people[person], number, present
        )

    def read(
        self, *rows: AttendanceRow, source: str = "file", sessions: tuple[int, ...] = ()
    ) -> list[tuple[str, str]]:
        office, found = self.ateliers.office, AttendanceFile(rows, (), sessions)
        plan = office.write(workshop_attendance.plan_attendance, self.workshop, found, source)
        told = [(row.level, row.label) for row in office.read(plans.rows, plan, 0, 50)]
        if office.read(plans.show, plan).state == "open":
            office.write(plans.apply, plan)
        return told


def held(engine: Engine) -> Held:
    ateliers = make_ateliers(engine)
    workshop = ateliers.accepted()
    people = [
        ateliers.coordinator.write(
            participants.add, workshop, Entry("", surname, "Jo", f"{surname}@ecole.example")
        )
        for surname in ("Adam", "Bodart", "Claes")
    ]
    ateliers.at(AFTER)
    return Held(ateliers, workshop, people)


@pytest.fixture
def over(sqlite_engine: Engine) -> Held:
    return held(sqlite_engine)


def test_who_was_at_all_sessions_meets_the_requirements(over: Held) -> None:
    for person, number, present in ((0, 1, True), (0, 2, True), (1, 1, True), (1, 2, False)):
        over.record(person, number, present)
    over.record(2, 1, True)
    assert over.missed() == [("Adam", (), True), ("Bodart", (2,), False), ("Claes", (), None)]
    findings = [row.finding and row.finding.cause for row in over.results()]
    assert findings == [None, "session_missed", None]
    with pytest.raises(AttendanceRefused, match="Claes"):
        over.ateliers.office.write(workshop_attendance.complete, over.workshop)
    over.record(2, 2, True)
    over.record(1, 2, None)
    over.record(1, 2, True)
    done = over.ateliers.office.write(workshop_attendance.complete, over.workshop)
    assert (done.met, done.people) == (3, 3)
    row = over.ateliers.row(over.workshop)
    assert facts_of(row, over.ateliers.world.clock()).status == "attended"
    assert row.due_on == row.invoice_due and over.ateliers.mails()[-1][0] == CONTACT
    with pytest.raises(StepRefused):
        over.ateliers.office.write(workshop_attendance.complete, over.workshop)


def test_once_invoiced_no_plan_changes_the_attendance(over: Held) -> None:
    office = over.ateliers.office
    rows = tuple(said(user_id_of(person), session=0, present=True) for person in over.people)
    over.read(*rows)
    (applied,) = [plan.id for plan in office.read(plans.list_plans) if plan.state == "applied"]
    found = AttendanceFile((said(user_id_of(over.people[0]), present=False),), (), ())
    waiting = office.write(workshop_attendance.plan_attendance, over.workshop, found)
    office.write(workshop_attendance.complete, over.workshop)
    office.write(workshop_invoices.add_fee, 100_00, date(2020, 1, 1))
    office.write(workshop_invoices.issue, over.workshop)
    for deed, plan in ((plans.apply, waiting), (plans.undo, applied)):
        with pytest.raises(StepRefused):
            office.write(deed, plan)


def test_attendance_is_the_offices_and_comes_after_the_beginning(over: Held) -> None:
    ateliers = over.ateliers
    with pytest.raises(OutOfScope):
        ateliers.coordinator.write(
            workshop_attendance.record, over.workshop, over.people[0], 1, True
        )
    with pytest.raises(OutOfScope):
        ateliers.coordinator.write(workshop_attendance.complete, over.workshop)
    ateliers.at("2027-03-15T12:00Z")
    over.record(0, 1, True)
    with pytest.raises(AttendanceRefused, match="commencé"):
        over.record(0, 2, True)
    with pytest.raises(StepRefused):
        ateliers.office.write(workshops.complete_attendance, over.workshop, 1, 1)
    for person, number in ((over.people[0] + 99, 1), (over.people[0], 3)):
        with pytest.raises(AttendanceRefused):
            ateliers.office.write(workshop_attendance.record, over.workshop, person, number, True)


def test_a_file_is_matched_by_id_address_and_name(engine: Engine) -> None:
    over = held(engine)
    told = over.read(
        said(user_id=user_id_of(over.people[0]), session=1, minutes=315),
        said(user_id=user_id_of(over.people[0]), session=2, minutes=314),
        said(email="BODART@ecole.example", session=1, present=True),
        said(name="Jo BODART", session=2, present=False),
        said(name="Inconnu", session=1, present=True),
        said(email="claes@ecole.example", session=3, present=True),
        said(email="claes@ecole.example", session=1),
        said(name="Claes Jo", session=1, present=True),
        said(name="Claes Jo", session=1, present=False),
    )
    levels = [level for level, _label in told]
    # Of two rows the longer counts; where only one is told, it is the one that says something.
    assert levels == [
        *["information"] * 4, "error", "information", "error", "warning", "warning",
    ]  # fmt: skip
    # Seven hours: 75 % are 315 minutes.
    assert over.missed() == [("Adam", (2,), False), ("Bodart", (2,), False), ("Claes", (), None)]


def test_what_was_typed_by_hand_stays(over: Held) -> None:
    over.record(0, 1, True)
    told = over.read(
        said(email="adam@ecole.example", session=1, present=False),
        said(email="adam@ecole.example", session=2, present=True),
    )
    assert [level for level, _label in told] == ["warning", "information"]
    assert over.missed()[0] == ("Adam", (), True)
    over.read(said(email="adam@ecole.example", session=2, present=False), source="server")
    assert over.missed()[0] == ("Adam", (2,), False)
    assert over.results()[0].sessions[1].source == "server"


def test_a_row_about_the_whole_event_says_what_it_can(over: Held) -> None:
    told = over.read(
        said(email="adam@ecole.example", session=0, minutes=0),
        # Fourteen hours: 840 minutes less those that one may miss of one session.
        said(email="bodart@ecole.example", session=0, minutes=735),
        said(email="claes@ecole.example", session=0, minutes=734),
    )
    assert [level for level, _label in told] == [*["information"] * 4, "warning"]
    assert over.missed() == [("Adam", (1, 2), False), ("Bodart", (), True), ("Claes", (), None)]


def test_who_is_not_in_a_list_that_tells_of_a_session_missed_it(over: Held) -> None:
    over.record(1, 2, True)
    over.read(
        said(email="adam@ecole.example", session=1, present=True),
        said(email="bodart@ecole.example", session=1, present=True),
        sessions=(1, 2),
    )
    # What was typed by hand stays, though the list does not know of it.
    assert over.missed() == [("Adam", (2,), False), ("Bodart", (), True), ("Claes", (1, 2), False)]


def test_a_list_of_nobody_is_refused(over: Held) -> None:
    assert over.read() == [("error", "")]
    told = over.read(said(email="autre@ailleurs.example", present=True), sessions=(1,))
    assert {level for level, _label in told} >= {"error"}
    assert [row.met for row in over.results()] == [None, None, None]


def test_sessions_are_set_before_anybody_is_recorded(over: Held) -> None:
    office = over.ateliers.office

    def at(day: int, hour: int) -> datetime:
        return datetime(2027, 3, day, hour, tzinfo=UTC)

    four = [(at(15, 8), at(15, 11)), (at(15, 12), at(15, 15)), (at(16, 8), at(16, 15))]
    office.write(workshop_attendance.set_sessions, over.workshop, four)
    found = office.read(workshop_attendance.sessions, over.workshop)
    assert [(each.number, each.starts_at) for each in found] == [
        (1, at(15, 8)), (2, at(15, 12)), (3, at(16, 8)),
    ]  # fmt: skip
    for wrong in ([], [(at(15, 8), at(15, 8))], [(at(14, 8), at(15, 9))], [*four, four[0]]):
        with pytest.raises(AttendanceRefused):
            office.write(workshop_attendance.set_sessions, over.workshop, wrong)
    over.record(0, 3, True)
    with pytest.raises(AttendanceRefused, match="déjà"):
        office.write(workshop_attendance.set_sessions, over.workshop, four)


def test_what_the_server_answered_is_kept_without_secret(over: Held) -> None:
    ateliers, workshop = over.ateliers, over.workshop
    office, name = ateliers.office, workshop_meetings.meeting_id_of(over.workshop)
    assert office.read(workshop_meetings.meeting_of, workshop) is None
    office.write(workshop_meetings.note_meeting, workshop, name, None, "checksumError")
    assert office.read(workshop_meetings.meeting_of, workshop).created_at is None  # type: ignore[union-attr]
    made = datetime(2027, 3, 15, 7, tzinfo=UTC)
    office.write(workshop_meetings.note_meeting, workshop, name, made, "SUCCESS")
    office.write(workshop_meetings.note_meeting, workshop, name, None, "idNotUnique")
    found = ateliers.coordinator.read(workshop_meetings.meeting_of, workshop)
    assert found and (found.created_at, found.reply) == (made, "idNotUnique")
    joiners = office.read(workshop_meetings.joiners, workshop)
    assert (joiners[0].user_id, joiners[0].name) == (user_id_of(over.people[0]), "Jo Adam")
    with pytest.raises(OutOfScope):
        ateliers.coordinator.write(workshop_meetings.note_meeting, workshop, name, made)
