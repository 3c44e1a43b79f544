"""The meeting server's report: what it proves, and whose minutes it counts."""

import hmac
import json
from base64 import urlsafe_b64encode
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from models.language import LANGUAGES
from models.text import is_clean
from services.attendance_files import WHOLE, AttendanceFile, AttendanceFileRefused, match
from services.meeting_reports import read_callback
from tests.meetings import SECRET
from tests.services.test_attendance_files import PEOPLE, SESSIONS, local, short


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


def test_a_report_without_its_times_tells_nothing_about_another_day() -> None:
    body = report(attendee("p1", (local(15, 9), local(15, 16))), start=None, finish=None)
    found = read(posted(body))
    assert short(found) == [("p1", 1, 180), ("p1", 2, 180)] and found.sessions == (1, 2)


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
