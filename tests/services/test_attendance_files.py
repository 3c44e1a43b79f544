"""Attendance as people list it, and whose each row is."""

import io
from datetime import datetime
from typing import Any
from zoneinfo import ZoneInfo

import openpyxl
import pytest

from models.language import LANGUAGES
from services.attendance_files import (
    WHOLE,
    AttendanceFile,
    AttendanceFileRefused,
    EventSession,
    Expected,
    match,
    read_attendance_table,
)

ZONE = ZoneInfo("Europe/Brussels")


def local(day: int, hour: int, minute: int = 0) -> datetime:
    return datetime(2027, 3, day, hour, minute, tzinfo=ZONE)


SESSIONS = (
    EventSession(1, local(15, 9), local(15, 12)),
    EventSession(2, local(15, 13), local(15, 16)),
    EventSession(3, local(16, 9), local(16, 12)),
)
DAYS = (EventSession(1, local(15, 9), local(15, 16)), EventSession(2, local(16, 9), local(16, 16)))
PEOPLE = (
    Expected("p1", "D'Hondt", "Zoë", "zoe.dhondt@example.be"),
    Expected("p2", "Peeters", "Jean-Marc", "jm.peeters@example.be"),
    Expected("p3", "Martin", "Anne", "anne.martin@example.be"),
    Expected("p4", "Martin", "Anne", "am@example.be"),
)


def table(text: str, sessions: tuple[EventSession, ...] = SESSIONS, **more: Any) -> AttendanceFile:
    return read_attendance_table(text.encode(), sessions, ZONE, **more)


def short(found: AttendanceFile) -> list[tuple[str, int, int | bool | None]]:
    return [
        (r.user_id or r.email or r.name, r.session, r.present if r.minutes is None else r.minutes)
        for r in found.rows
    ]


# --- lists --------------------------------------------------------------------------------


def test_a_row_a_session_in_french_as_excel_writes_it() -> None:
    text = (
        "Liste des présences\r\n\r\nNom;Prénom;Adresse e-mail;Séance;Durée (min)\r\n"
        "D’Hondt;Zoë;zoe.dhondt@example.be;Séance 1;175\r\nD’Hondt;Zoë;;2;1 h 25\r\n"
        "Peeters;Jean-Marc;jm.peeters@example.be;16/03/2027;2:05:59\r\n"
    )
    found = read_attendance_table(text.encode("cp1252"), SESSIONS, ZONE)
    assert short(found) == [
        ("zoe.dhondt@example.be", 1, 175),
        ("Zoë D’Hondt", 2, 85),
        ("jm.peeters@example.be", 3, 125),
    ]
    assert [row.line for row in found.rows] == [4, 5, 6]
    assert (found.notices, found.sessions) == ((), (1, 2, 3))


def test_a_column_a_session_with_ticks() -> None:
    found = table("Name,Email,Session 1,S2,session no. 3,Session 9\nAnne,a@b.be,x,,absent,x\n")
    assert short(found) == [("a@b.be", 1, True), ("a@b.be", 2, False), ("a@b.be", 3, False)]
    (notice,) = found.notices
    assert (notice.level, notice.line) == ("warning", 1)


def test_days_stand_for_sessions_where_each_has_one() -> None:
    text = "Participant\tJour 1\tDay 2\nAnne Martin\t350\t0\n"
    assert short(table(text, DAYS)) == [("Anne Martin", 1, 350), ("Anne Martin", 2, False)]
    # The first day has two sessions here, so that its column does not say which.
    found = table(text)
    assert short(found) == [("Anne Martin", 3, False)]
    assert [(notice.level, notice.line) for notice in found.notices] == [("warning", 1)]


def test_the_list_that_the_meeting_server_lets_its_moderators_keep() -> None:
    text = (
        '"Name","Moderator","Activity Score","Talk time","Webcam Time","Messages","Duration"\n'
        '"Zoë D\'Hondt","FALSE","5","00:10:01","-","1","02:59:41"\n'
    )
    assert short(table(text, session=2)) == [("Zoë D'Hondt", 2, 179)]
    assert short(table(text)) == [("Zoë D'Hondt", WHOLE, 179)]


def test_a_workbook_and_seconds() -> None:
    book = openpyxl.Workbook()
    assert book.active is not None
    for row in (["user_id", "session", "seconds"], ["p1", 1, 10_799], ["p2", 2, 59]):
        book.active.append(row)
    content = io.BytesIO()
    book.save(content)
    found = read_attendance_table(content.getvalue(), SESSIONS, ZONE)
    assert short(found) == [("p1", 1, 179), ("p2", 2, 0)]


@pytest.mark.parametrize(
    ("row", "level"),
    [
        ("Anne,a@b.be,4,60", "error"), ("Anne,a@b.be,demain,60", "error"),
        ("Anne,a@b.be,15/03/2027,60", "error"), ("Anne,a@b.be,1,beaucoup", "error"),
        ("Anne,a@b.be,1,-5", "error"), ("Anne,a@b.be,1,1441", "error"), (",,1,60", "error"),
        ("Anne,a@b,1,60", "warning"), ("Anne,a@b.be,1,60,70,80", "error"),
        ("Anne,a@b.be,séance 99,60", "error"),
    ],
)  # fmt: skip
def test_what_is_wrong_with_a_row_is_told_with_its_line(row: str, level: str) -> None:
    found = table(f"name,email,session,minutes\nZoë,z@b.be,1,60\n{row}\n")
    (notice,) = found.notices
    assert (notice.level, notice.line) == (level, 3)
    assert len(found.rows) == (2 if level == "warning" else 1)


def test_the_longer_of_two_attendances_counts() -> None:
    found = table("email,session,minutes\na@b.be,1,60\nA@b.be,1,150\na@b.be,1,9\na@b.be,2,9\n")
    assert short(found) == [("A@b.be", 1, 150), ("a@b.be", 2, 9)]
    assert [notice.line for notice in found.notices] == [3, 4]


@pytest.mark.parametrize(
    "content",
    [
        b"", b"%PDF-1.7", b"PK\x03\x04", b"\x00" * 99, b"a,b\n1,2\n",
        b"session,minutes\n1,60\n", b"name,email\nAnne,a@b.be\n",
    ],
)  # fmt: skip
def test_a_file_that_is_no_attendance_is_refused(content: bytes) -> None:
    with pytest.raises(AttendanceFileRefused) as refused:
        read_attendance_table(content, SESSIONS, ZONE)
    assert all(refused.value.wording.text(language) for language in LANGUAGES)


def test_nothing_dangerous_comes_through() -> None:
    found = table("name,session,minutes\nAnne\x1b]52;c;x\x07\u202e,1,60\n")
    assert found.rows[0].name.isprintable()


# --- whose row it is ----------------------------------------------------------------------


def test_a_participant_is_found_by_identifier_address_or_name() -> None:
    found = table(
        "user_id,name,email,session,minutes\n"
        "p1,Somebody else,x@example.be,1,10\n,x,JM.Peeters@EXAMPLE.be,1,20\n"
        ",DHONDT Zoe,,2,30\n,Anne Martin,,1,40\n,Nobody,,1,50\n"
    )
    matched = match(found, PEOPLE)
    assert [(who.user_id, row.minutes) for who, row in matched.rows] == [
        ("p1", 10), ("p2", 20), ("p1", 30),
    ]  # fmt: skip
    assert [(n.level, n.line) for n in matched.notices] == [("error", 5), ("error", 6)]
    assert "Anne Martin" in matched.notices[0].text.text("en")


def test_two_ways_in_are_one_participant() -> None:
    found = table(
        "user_id,name,email,session,minutes\np1,,,1,10\n,Zoë D'Hondt,,1,90\n"
        ",,zoe.dhondt@example.be,1,30\n,Zoë D'Hondt,,2,5\n"
    )
    matched = match(found, PEOPLE)
    assert [(who.user_id, row.session, row.minutes) for who, row in matched.rows] == [
        ("p1", 1, 90), ("p1", 2, 5),
    ]  # fmt: skip
    assert [(n.level, n.line) for n in matched.notices] == [("warning", 3), ("warning", 4)]
    nameless = Expected("", "", "", "")
    assert match(found, [nameless]).rows == ()
