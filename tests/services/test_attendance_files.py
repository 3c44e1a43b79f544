"""Attendance as people list it and as the meeting server reports it."""

import hmac
import io
import json
from base64 import urlsafe_b64encode
from datetime import UTC, datetime, timedelta
from typing import Any
from zoneinfo import ZoneInfo

import openpyxl
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from models.language import LANGUAGES
from models.text import is_clean
from services.attendance_files import (
    WHOLE,
    AttendanceFile,
    AttendanceFileRefused,
    EventSession,
    Expected,
    match,
    read_attendance_table,
    read_callback,
)
from tests.meetings import SECRET

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


# --- the server's report ------------------------------------------------------------------


def encoded(part: bytes) -> bytes:
    return urlsafe_b64encode(part).rstrip(b"=")


def token(payload: Any, secret: str = SECRET, alg: str = "HS512", digest: str = "sha512") -> bytes:
    head = encoded(json.dumps({"typ": "JWT", "alg": alg}).encode())
    signed = head + b"." + encoded(json.dumps(payload).encode())
    return signed + b"." + encoded(hmac.new(secret.encode(), signed, digest).digest())


AT = datetime(2027, 3, 15, 16, tzinfo=UTC)
EXPIRY = {"exp": int((AT + timedelta(days=1)).timestamp())}


def written(at: datetime) -> str:
    return at.strftime("%Y-%m-%d %H:%M:%S %z")


def attendee(
    user: Any, *spans: tuple[datetime, datetime | None], moderator: bool = False
) -> dict[str, Any]:
    """One attendee as BBBEvents writes them: each span on a device of its own."""
    total = sum((b - a for a, b in spans if b is not None), timedelta())
    return {
        "ext_user_id": user, "name": f"Name {user}", "moderator": moderator,
        "joins": [written(a) for a, _ in spans], "leaves": [written(b) for _, b in spans if b],
        "duration": total.total_seconds(), "recent_talking_time": "",
        "engagement": {"chats": 3, "talks": 1, "talk_time": 26},
        "sessions": {
            f"w_{n}": {
                "joins": [{"timestamp": written(a), "userid": f"w_{n}", "event": "join"}],
                "lefts": [{"timestamp": written(b), "event": "left"}] if b else [],
            }
            for n, (a, b) in enumerate(spans)
        },
    }  # fmt: skip


def report(*attendees: dict[str, Any], **changes: Any) -> dict[str, Any]:
    return {
        "version": "1.0", "meeting_id": "V-42-1", "internal_meeting_id": "352a60fe-1691427974352",
        "data": {
            "metadata": {"meeting_name": "Évaluer", "is_breakout": "false"},
            "duration": 25_500, "start": written(local(15, 8, 55)),
            "finish": written(local(15, 16)), "attendees": list(attendees), "files": ["a.pdf"],
            "polls": [],
        } | changes,
    }  # fmt: skip


def posted(body: Any, proof: bytes | None = None) -> bytes:
    """Return a request as it came in, head and body."""
    head = b"POST /attendance HTTP/1.1\r\nContent-Type: application/json\r\nAuthorization: Bearer "
    content = body if isinstance(body, bytes) else json.dumps(body).encode()
    return head + (token(EXPIRY) if proof is None else proof) + b"\r\n\r\n" + content


def read(content: bytes, **more: Any) -> AttendanceFile:
    return read_callback(content, SESSIONS, **{"secret": SECRET, "meeting_id": "V-42-1", **more})


def test_minutes_are_counted_session_by_session() -> None:
    found = read(
        posted(
            report(
                attendee("p1", (local(15, 8, 56), local(15, 16))),
                # Two devices at once, then away over noon, then never left.
                attendee(
                    "p2", (local(15, 9, 30), local(15, 11)), (local(15, 10), local(15, 11, 30)),
                    (local(15, 14), None),
                ),
                attendee(45, (local(15, 12, 1), local(15, 12, 59))),
                attendee("l1", (local(15, 9), local(15, 16)), moderator=True),
            )
        ),
        received_at=AT,
    )  # fmt: skip
    assert short(found)[:6] == [
        ("p1", 1, 180), ("p1", 2, 180), ("p2", 1, 120), ("p2", 2, 120), ("45", 1, 0), ("45", 2, 0),
    ]  # fmt: skip
    assert [row.moderator for row in found.rows] == [False] * 6 + [True] * 2
    assert found.sessions == (1, 2)
    (notice,) = found.notices  # of p2, whose devices the server counts twice
    assert notice.level == "warning" and notice.line == 2
    matched = match(found, PEOPLE)
    assert [n.level for n in matched.notices] == ["warning", "error", "error", "information",
                                                  "information"]  # fmt: skip


def test_without_comings_and_goings_the_duration_counts() -> None:
    bare = {"ext_user_id": "p1", "name": "Zoë", "duration": 3_599.0}
    assert short(read(posted(report(bare)))) == [("p1", WHOLE, 59)]
    one = report(bare, start=written(local(16, 9)), finish=written(local(16, 12)))
    assert short(read(posted(one))) == [("p1", 3, 59)]


def test_the_file_that_the_server_keeps_has_no_proof_and_says_so() -> None:
    data = report(attendee("p1", (local(15, 9), local(15, 12))))["data"]
    data["metadata"]["meeting_id"] = "V-42-1"
    found = read(json.dumps(data).encode())
    assert short(found) == [("p1", 1, 180), ("p1", 2, 0)]
    (notice,) = found.notices
    assert notice.level == "warning"


def test_other_ways_to_write_an_instant() -> None:
    for begin, end in (
        ("2027-03-15T08:00:00Z", "2027-03-15T09:00:00.500Z"),
        (local(15, 9).timestamp(), local(15, 10).timestamp() * 1000),
        ("2027-03-15 09:00:00 +0100", "2027-03-15 08:30:00 -0030"),
    ):
        person = {"ext_user_id": "p1", "name": "Z", "joins": [begin], "leaves": [end]}
        assert short(read(posted(report(person))))[0] == ("p1", 1, 60)


def test_a_token_that_carries_the_report() -> None:
    body = report(attendee("p1", (local(15, 9), local(15, 12))))
    assert short(read(token(body | EXPIRY)))[0] == ("p1", 1, 180)


GOOD = report(attendee("p1", (local(15, 9), local(15, 12))))


@pytest.mark.parametrize(
    "content",
    [
        posted(GOOD, token(EXPIRY, "another")),
        posted(GOOD, token(EXPIRY, alg="none")),
        posted(GOOD, token(EXPIRY, alg="HS256")),
        posted(GOOD, token(EXPIRY, alg="HS256", digest="sha256")),
        posted(GOOD, token(EXPIRY).rpartition(b".")[0] + b"."),
        posted(GOOD, token(EXPIRY)[:-4] + b"AAAA"),
        posted(GOOD, b"x.y.z"),
        posted(GOOD, token({})),
        posted(GOOD, token({"exp": True})),
        posted(GOOD, token([1])),
        posted(GOOD, token({"exp": AT.timestamp() - 1})),
        token(GOOD | EXPIRY, "another"),
        posted(GOOD | {"meeting_id": "V-43-1"}),
        posted(report(metadata={"is_breakout": "true"})),
        posted(report(attendees={"p1": 1})),
        posted(b"[" * 100_000),
        posted(b'{"data": {"attendees": [NaN]}}'),
        posted(b'{"data": ' + b"9" * 5000 + b"}"),
        posted(b"\xff\xfe"),
        posted(b"[]"),
        b"",
        b"<html>",
        b" " * (16 * 2**20 + 1),
    ],
    ids=lambda content: str(len(content)),
)
def test_a_report_that_is_not_the_servers_is_refused(content: bytes) -> None:
    with pytest.raises(AttendanceFileRefused) as refused:
        read(content, received_at=AT)
    for language in LANGUAGES:
        text = refused.value.wording.text(language)
        assert text and SECRET not in text


def test_no_secret_proves_nothing() -> None:
    with pytest.raises(AttendanceFileRefused):
        read(posted(GOOD, token(EXPIRY, "")), secret="")


def test_entries_that_are_none_are_told_and_the_rest_read() -> None:
    odd = [None, 5, {}, {"ext_user_id": True, "name": ["x"]}]
    body = report(*odd, attendee("p1", (local(15, 9), local(15, 12))))  # type: ignore[arg-type]
    found = read(posted(body))
    assert [(n.level, n.line) for n in found.notices] == [("error", n) for n in (1, 2, 3, 4)]
    assert short(found)[0] == ("p1", 1, 180)


JSON = st.recursive(
    st.none()
    | st.booleans()
    | st.integers()
    | st.floats(allow_nan=False, allow_infinity=False)
    | st.text(max_size=20),
    lambda inner: (
        st.lists(inner, max_size=3)
        | st.dictionaries(
            st.sampled_from(
                ["ext_user_id", "name", "joins", "leaves", "lefts", "sessions", "duration"]
            ),
            inner,
            max_size=4,
        )
    ),
    max_leaves=8,
)


@given(st.lists(JSON, max_size=3), JSON, JSON)
@settings(max_examples=40, deadline=None)
def test_whatever_a_report_holds_is_read_or_told(people: Any, start: Any, finish: Any) -> None:
    found = read(posted(report(attendees=people, start=start, finish=finish)))
    assert all(is_clean(row.name) and is_clean(row.user_id) for row in found.rows)
