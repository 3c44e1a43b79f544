"""The sample schools: everything that a screen has to show is there, and nothing is real."""

import re
from collections import Counter
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest
from sqlalchemy import func, select
from sqlmodel import col

from models.access import STATUS_CODES
from models.calls import SupportRequest
from models.database import SYSTEM, Actor, make_engine, reading
from models.families import Guardianship, Pupil
from models.journal import JournalLine
from models.keys import load_key
from models.mail import Mail
from models.people import Person, Post
from models.plans import Plan
from models.schools import School
from models.workshops import STATUS_CODES as WORKSHOP_STATUSES
from models.workshops import Workshop, WorkshopParticipant
from services import (
    accounts,
    calls,
    committees,
    conferences,
    demo,
    demo_calls,
    demo_guests,
    documents,
    election_results,
    elections,
    families,
    headnet,
    headnet_school,
    plans,
    reading_room,
    school_years,
    support,
    team_access,
    workshop_attendance,
    workshop_form,
    workshop_queue,
)
from services.attention import attention
from services.headnet import HeadnetQuery
from services.lookup import team
from services.maintenance import is_well, verify
from services.opening import open_database
from services.reading_room import RoomQuery
from services.workshop_attention import workshop_lines
from services.workshop_queue import WorkshopQuery
from tests.demo_home import AT, demo_template
from tui import demonstration
from tui.demonstration import ROLES

__all__ = ["demo_template"]

A_YEAR = timedelta(days=365)


@pytest.fixture
def session(demo_template: Path) -> Any:
    engine = make_engine(f"sqlite:///{demo_template / 'data' / 'trousseau.db'}")
    with reading(engine, SYSTEM, AT) as session:
        yield session
    engine.dispose()


def statuses(session: Any, fase: str, year: str | None = None) -> Counter[str]:
    found = team(session, fase, year)
    rows = team_access.status_rows(session, found.school_id, found.school_year_id)
    return Counter(row.status for row in rows)


def test_every_status_is_there(session: Any) -> None:
    now = statuses(session, "98101")
    assert set(now) | set(statuses(session, "98101", "2025-2026")) == set(STATUS_CODES)
    assert set(now) == set(STATUS_CODES) - {"ended"}


def test_three_schools_and_about_sixty_people(session: Any) -> None:
    assert session.scalar(select(func.count(col(School.id)))) == 3
    staff = select(func.count(func.distinct(col(Post.person_id))))
    assert 55 <= session.scalar(staff) <= 65
    for fase in ("98101", "98102", "98103"):
        assert sum(statuses(session, fase).values()) >= 10


def test_what_makes_a_roster_hard_is_there(session: Any) -> None:
    people = list(session.scalars(select(Person)))
    names = Counter((person.surname_key, person.first_name_key) for person in people)
    assert max(names.values()) > 1  # namesakes
    mailboxes = Counter(p.personal_email_key for p in people if p.personal_email_key)
    assert max(mailboxes.values()) == 2  # a shared mailbox
    assert any(not person.personal_email for person in people)
    assert {"Łukasz", "Zoë", "Étienne"} <= {person.first_name for person in people}
    posts = list(session.scalars(select(Post)))
    this_year = max(post.school_year_id for post in posts)
    schools = Counter(post.person_id for post in posts if post.school_year_id == this_year)
    assert sorted(schools.values())[-2:] == [2, 2]  # two people in two schools
    left = [post for post in posts if post.exit_date and post.exit_date < AT.date()]
    assert {post.present for post in left} == {True, False}  # a leaver, and an anomaly
    assert any(post.disappeared_at for post in posts)


def test_there_are_families_of_every_kind(session: Any) -> None:
    assert session.scalar(select(func.count(col(Pupil.id)))) == 12
    guardians = set(session.scalars(select(col(Guardianship.person_id))))
    assert 14 <= len(guardians) <= 16
    assert guardians & set(session.scalars(select(col(Post.person_id))))  # a teacher
    rows = []
    for fase in ("98101", "98102"):
        found = team(session, fase)
        rows += families.all_rows(session, found.school_id, found.school_year_id)
    schools = Counter(row.person_id for row in rows)
    assert sorted(schools.values())[-1] == 2  # children in two schools
    assert {"active", "sent", "bounced", "no_address"} <= {row.status for row in rows}
    assert {"token", "known"} <= {row.activation for row in rows}
    mailboxes = Counter(row.email for row in rows if row.school_id == rows[0].school_id)
    assert mailboxes["famille.nguyen@boite.example"] == 2


def test_there_are_an_open_election_one_to_come_and_one_with_a_tie(session: Any) -> None:
    rows = {row.status: row for row in elections.elections(session)}
    assert set(rows) == {"open", "coming", "closed"}
    assert (rows["open"].voters, rows["open"].schools) == (1, 3)
    assert all(row.committee == row.title for row in rows.values())
    found = election_results.result(session, rows["closed"].id)
    assert (len(found.elected), len(found.tied), found.tied_seats) == (1, 2, 1)
    assert found.blank == 1 and found.intact


def test_there_are_calls_of_every_status_and_messages(session: Any) -> None:
    assert min(calls.counts(session).values()) >= 2
    waiting = calls.calls_page(session, calls.CallQuery(), 0, 50).rows
    assert {row.school for row in waiting} >= {"Institut Saint-Aubert"}
    assert sum(row.cause is not None for row in waiting) >= 3
    for day in (AT.date(), AT.date() - timedelta(days=7)):
        assert len(calls.commonest(session, day)) >= 3
    assert session.scalar(select(func.count(col(SupportRequest.id)))) == 2


def test_nothing_is_wrong_for_the_parent_who_signs_in(session: Any) -> None:
    parent = demo_guests.somebody(session, "parent", "fr").actor
    assert support.own_findings(session, parent) == []


def test_there_are_heads_of_every_kind(session: Any) -> None:
    rows = {row.fase_number: row for row in headnet.all_rows(session, HeadnetQuery())}
    assert {fase: row.state for fase, row in rows.items()} == {
        98101: "valid",
        98102: "never_delivered",
        98103: "waiting",
    }
    assert rows[98101].pending_email and rows[98101].last_sign_in_at
    college = headnet_school.school_page(session, rows[98103].school_id)
    assert [one.state for one in college.passwords] == ["waiting", "replaced", "replaced"]
    assert [head.name for head in college.former] == ["Ulrike Heinen"]
    old = headnet_school.passwords_of(session, college.former[0].headship_id)
    assert [one.state for one in old] == ["ended"]


def test_there_is_a_workshop_of_every_status(session: Any) -> None:
    rows = workshop_queue.all_rows(session, WorkshopQuery())
    assert Counter(row.status for row in rows).keys() == set(WORKSHOP_STATUSES)
    assert {row.status for row in rows if row.risk == "overdue"} == {
        "submitted", "held", "invoiced",
    }  # fmt: skip
    assert {row.participants for row in rows} >= {0, 6, 13, 16}
    assert any(row.late for row in rows)


def test_what_presses_among_the_workshops_is_told_to_whom_it_concerns(session: Any) -> None:
    causes = {line.cause for line in workshop_lines(session)}
    assert causes == {
        "workshop_answer_overdue", "workshop_attendance_overdue", "workshop_invoice_overdue",
    }  # fmt: skip
    held = WorkshopQuery(status="held")
    (row,) = workshop_queue.all_rows(session, held)
    people = workshop_attendance.results(session, row.id)
    assert len(people) == 16 and all(person.met is None for person in people)
    attended = workshop_queue.all_rows(session, WorkshopQuery(status="attended"))
    met = Counter(each.met for each in workshop_attendance.results(session, attended[0].id))
    assert met == {True: 4, False: 2}


@pytest.mark.parametrize(
    ("role", "schools"),
    [
        ("coordinator", {"Collège Notre-Dame de Hautefagne"}),
        ("director", {"Institut Saint-Aubert"}),
        ("parent", set()),
    ],
)
def test_each_sees_the_workshops_of_their_school(
    session: Any, role: str, schools: set[str]
) -> None:
    who = demo_guests.somebody(session, role, "fr")
    with reading(session.connection().engine, who.actor, AT) as theirs:
        rows = workshop_queue.all_rows(theirs, WorkshopQuery())
    assert {row.school for row in rows} == schools
    assert len(rows) == {"coordinator": 7, "director": 2, "parent": 0}[role]


def test_the_form_points_out_the_next_school_holidays(session: Any) -> None:
    school = session.scalars(select(School)).first()
    breaks = workshop_form.breaks_of(session, school.calendar_id)
    names = {each.name for each in breaks if AT.date() < each.last_day < AT.date() + A_YEAR}
    assert {"Vacances d’hiver (Noël)", "Vacances de printemps", "Vacances d’été"} <= names


def test_there_are_plans_and_they_have_a_history(session: Any) -> None:
    kinds = {plan.kind.partition("_")[0] for plan in session.scalars(select(Plan))}
    assert {"consents", "invitation", "workshop"} <= kinds
    assert any(kind.startswith("import") for kind in kinds)
    assert {plan.state for plan in plans.list_plans(session)} == {"applied"}
    assert session.scalar(select(func.count(col(JournalLine.id)))) > 100


def test_nothing_lies_in_the_future_and_nothing_is_due_but_what_waits(session: Any) -> None:
    assert session.scalar(select(func.max(col(JournalLine.at)))) <= AT
    waiting = list(session.scalars(select(Mail).where(col(Mail.closed_at).is_(None))))
    assert len(waiting) == 2


def test_no_address_can_belong_to_anybody(session: Any) -> None:
    addresses = {p.personal_email for p in session.scalars(select(Person)) if p.personal_email}
    addresses |= {p.school_email for p in session.scalars(select(Post)) if p.school_email}
    addresses |= set(session.scalars(select(col(WorkshopParticipant.email))))
    addresses |= set(session.scalars(select(col(Workshop.contact_email))))
    addresses |= {row.email for row in accounts.list_accounts(session)}
    assert all(re.fullmatch(r"[^@]+@[\w-]+\.example", address) for address in addresses)


def test_it_is_sound(demo_template: Path) -> None:
    engine = make_engine(f"sqlite:///{demo_template / 'data' / 'trousseau.db'}")
    assert is_well(verify(engine, AT))
    engine.dispose()


@pytest.mark.parametrize("role", demo_guests.ROLES)
def test_somebody_for_each_role(session: Any, role: str) -> None:
    who = demo_guests.somebody(session, role, "fr")
    assert who.actor.role == role
    assert who.actor.sees_all == (role == "helpdesk")
    assert (who.actor.account_id is None) == (who.actor.headship_id is not None) == (role == "head")
    assert bool(who.actor.pupils) == (role == "parent")


def test_the_director_is_the_main_schools(session: Any) -> None:
    who = demo_guests.somebody(session, "director", "fr")
    assert who.actor.schools == {team(session, "98101").school_id}


def test_the_command_offers_the_same_roles() -> None:
    assert ROLES == demo_guests.ROLES


def test_the_command_writes_to_the_same_helpdesk() -> None:
    assert demonstration._HELPDESK == demo_calls.HELPDESK


@pytest.mark.parametrize(
    "at",
    [
        datetime(2026, 8, 24, 0, 5, tzinfo=UTC),  # the first day of a school year
        datetime(2027, 8, 22, 23, 0, tzinfo=UTC),  # the last one
        datetime(2028, 2, 29, 12, 0, tzinfo=UTC),
    ],
)
def test_it_can_be_built_on_any_day(at: datetime, tmp_path: Path) -> None:
    engine = open_database(f"sqlite:///{tmp_path / 'demo.db'}", embedded=True, at=at)
    built = demo.build(engine, load_key(tmp_path / "key"), at)
    with reading(engine, built.actors["director"], at) as session:
        counts = team_access.counts(session, built.school_id, built.school_year_id)
        label = next(
            year.label
            for year in school_years.of_school(session, built.school_id)
            if year.id == built.school_year_id
        )
    engine.dispose()
    assert {code for code, count in counts.items() if count} == set(STATUS_CODES) - {"ended"}
    assert int(label[:4]) in (at.year, at.year - 1)


def test_the_same_moment_gives_the_same_rows(demo_template: Path, tmp_path: Path) -> None:
    engine = open_database(f"sqlite:///{tmp_path / 'demo.db'}", embedded=True, at=AT)
    demo.build(engine, load_key(tmp_path / "key"), AT)
    other = make_engine(f"sqlite:///{demo_template / 'data' / 'trousseau.db'}")
    assert _last_line(engine) == _last_line(other)
    engine.dispose()
    other.dispose()


def _last_line(engine: Any) -> tuple[int | None, str]:
    """The chain of hashes holds every change: the same end, the same rows."""
    with reading(engine, Actor("test", "system", None), AT + timedelta(days=1)) as session:
        last = session.scalars(select(JournalLine).order_by(col(JournalLine.id).desc())).first()
        return last.id, last.hash


@pytest.mark.parametrize("fase", ["98101", "98102", "98103"])
def test_what_needs_attention_is_the_same_from_numbers_that_are_known(
    session: Any, fase: str
) -> None:
    found = team(session, fase)
    known = team_access.counts(session, found.school_id, found.school_year_id)
    asked = (session, found.school_id, found.school_year_id)
    assert attention(*asked) == attention(*asked, counts=known) != []


# --- the reading room ---------------------------------------------------------------------


def test_the_reading_room_has_something_of_everything(session: Any) -> None:
    rows = reading_room.all_rows(session, RoomQuery())
    assert Counter(row.kind for row in rows).keys() == set(reading_room.KINDS)
    pages = [documents.page(session, row.id) for row in rows if row.is_document]
    assert {page.latest.media for page in pages} == {"markdown", "text", "file"}
    assert {page.language for page in pages} == {"fr", "en"}
    assert max(page.latest.number for page in pages) == 3
    for page in pages:
        said = documents.text(session, page.id)
        assert said.text or said.media == "file"
        assert "{" not in said.text and "\ufffd" not in said.text
    everybody = [
        member.state
        for row in committees.all_committees(session)
        for member in committees.page(session, row.id).members
    ]
    assert set(everybody) == {"present", "past", "coming"}
    assert conferences.coming(session) and conferences.past(session)
    assert conferences.withdrawn(session)
    assert reading_room.all_rows(session, RoomQuery(withdrawn=True))
    found = reading_room.all_rows(session, RoomQuery("biologie mathematiques"))
    assert [row.title for row in found] == ["Calendrier de la session de mai"]
