"""The meeting server: published checksums, a server that answers, and all the ways it does not."""

import socket
import ssl
import subprocess
import sys
import threading
from collections.abc import Callable, Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any
from urllib.parse import parse_qs, urlsplit

import pytest
import trustme

from models.language import LANGUAGES
from services import bigbluebutton as bbb
from services.bigbluebutton import Meeting, MeetingServer, MeetingSettingsRefused, meeting_server
from tests.meetings import CREATED_AT, SECRET, Bigbluebutton, Running

AT = datetime(2027, 3, 15, 7, 30, tzinfo=UTC)
MEETING = Meeting("V-2027-0042-1", "Évaluer pour apprendre & enseigner", AT + timedelta(hours=7))


@pytest.fixture
def server() -> Iterator[Bigbluebutton]:
    with Running(Bigbluebutton()) as running:
        yield running


def client(server: Bigbluebutton, options: str = "", secret: str = SECRET) -> MeetingServer:
    callback = "https://console.example.org/attendance?house=7"
    return meeting_server(server.url + options, secret=secret, callback_url=callback)


# --- checksums and links ------------------------------------------------------------------


@pytest.mark.parametrize(
    ("call", "query", "secret", "hash_", "published"),
    [
        (
            "create",
            "name=Test+Meeting&meetingID=abc123&attendeePW=111222&moderatorPW=333444",
            SECRET,
            "sha1",
            "1fcbb0c4fc1f039f73aa6d697d2db9ba7f803f17",
        ),
        (
            "join",
            "param1=value1&param2=value2",
            "1234567890abcdefghijkl",
            "sha1",
            "67882ae54f49600f56f358c10d24697ef7d8c6b2",
        ),
        (
            "join",
            "param1=value1&param2=value2",
            "1234567890abcdefghijkl",
            "sha256",
            "0e7b1611809fad890a114dddae1a37fecf14c28971afc10ee3eac432da5b8b41",
        ),
    ],
)
def test_the_published_checksums(
    call: str, query: str, secret: str, hash_: bbb.Hash, published: str
) -> None:
    assert bbb.checksum(call, query, secret, hash_) == published


@pytest.mark.parametrize("hash_", bbb.HASHES)
@pytest.mark.parametrize("role", ["moderator", "viewer"])
def test_a_link_opens_the_meeting_whatever_the_name(
    server: Bigbluebutton, hash_: bbb.Hash, role: bbb.Role
) -> None:
    server.hashes = (hash_,)
    here = client(server, f"?hash={hash_}")
    for name in ("Zoë D’Hondt-Łukasz & Cie", "=a+b%20c", "王小明", "a&role=MODERATOR&checksum=0"):
        link = bbb.join_link(here, "V-1", name=name, user_id="p17", role=role)
        assert server.join(link) == ("p17", name, role.upper())
        assert SECRET not in link


def test_a_link_can_be_bound_to_one_meeting(server: Bigbluebutton) -> None:
    given = {"name": "Anne", "user_id": "p1", "role": "viewer"}
    free = bbb.join_link(client(server), "V-1", **given)  # type: ignore[arg-type]
    bound = bbb.join_link(client(server), "V-1", **given, create_time=CREATED_AT)  # type: ignore[arg-type]
    assert "createTime" not in parse_qs(urlsplit(free).query)
    assert parse_qs(urlsplit(bound).query)["createTime"] == [str(CREATED_AT)]


@pytest.mark.parametrize(
    ("meeting", "user", "name"),
    [("V 1", "p1", "Anne"), ("", "p1", "Anne"), ("V-1", "", "Anne"), ("V-1", "a@b", "Anne"),
     ("V-1", "p1", " \n"), ("V,1", "p1", "Anne"), ("V" * 65, "p1", "Anne")],
)  # fmt: skip
def test_a_link_for_what_the_server_would_not_take_is_not_made(
    server: Bigbluebutton, meeting: str, user: str, name: str
) -> None:
    with pytest.raises(ValueError):
        bbb.join_link(client(server), meeting, name=name, user_id=user, role="viewer")


# --- what succeeds ------------------------------------------------------------------------


def test_a_meeting_is_made_once_and_keeps_its_events(server: Bigbluebutton) -> None:
    here = client(server)
    assert bbb.create(here, MEETING, AT) == bbb.CreatedMeeting(MEETING.meeting_id, CREATED_AT)
    later = bbb.create(here, MEETING, AT + timedelta(minutes=1))
    assert later.already and later.create_time == CREATED_AT
    _, sent = server.calls[0]
    assert sent["name"] == MEETING.name
    assert (sent["record"], sent["meetingKeepEvents"]) == ("false", "true")
    assert sent["meta_analytics-callback-url"] == here.callback_url
    assert sent["duration"] == sent["meetingExpireIfNoUserJoinedInMinutes"] == "450"
    assert sent["meetingExpireWhenLastUserLeftInMinutes"] == "0"


def test_who_is_there(server: Bigbluebutton) -> None:
    here = client(server)
    bbb.create(here, MEETING, AT)
    assert not bbb.is_running(here, MEETING.meeting_id)
    for user, role in (("p1", "viewer"), ("l1", "moderator")):
        name = f"Zoë\u202e {user}"
        server.join(
            bbb.join_link(here, MEETING.meeting_id, name=name, user_id=user, role=role)  # type: ignore[arg-type]
        )
    server.present[MEETING.meeting_id].append(("p9", "\u202e]0;title<b>", "VIEWER"))
    assert bbb.is_running(here, MEETING.meeting_id)
    info = bbb.meeting_info(here, MEETING.meeting_id)
    assert info.name == MEETING.name and info.running and info.ended_at is None
    assert info.started_at == datetime.fromtimestamp((CREATED_AT + 19) / 1000, UTC)
    assert info.attendees[:2] == (
        bbb.Attendee("p1", "Zoë\ufffd p1", "viewer"),
        bbb.Attendee("l1", "Zoë\ufffd l1", "moderator"),
    )
    assert info.attendees[2].name == "\ufffd]0;title<b>"


def test_over_an_encrypted_line(tmp_path: Path) -> None:
    authority = trustme.CA()
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    authority.issue_cert("127.0.0.1").configure_cert(context)
    authority.cert_pem.write_to_path(tmp_path / "ca.pem")
    with Running(Bigbluebutton(), context) as server:
        bbb.prove(client(server, f"?ca={tmp_path / 'ca.pem'}"))
        with pytest.raises(bbb.ServerNotTrusted) as refused:
            bbb.prove(client(server))
    assert_told(refused.value)


# --- what does not ------------------------------------------------------------------------


def assert_told(error: bbb.MeetingRefused) -> None:
    """Something is said in each language, and nothing secret in any way it could be shown."""
    shown = [repr(error), str(error), repr(error.wording), str(error.__cause__)]
    shown += [error.wording.text(language) for language in LANGUAGES]
    assert all(len(text.split()) > 8 for text in shown[4:])
    assert not any(SECRET in text or "checksum=" in text for text in shown)


def test_another_secret(server: Bigbluebutton) -> None:
    with pytest.raises(bbb.ChecksumRefused) as refused:
        bbb.create(client(server, secret="another"), MEETING, AT)
    assert_told(refused.value)
    assert not server.meetings


def test_a_hash_that_the_server_does_not_take(server: Bigbluebutton) -> None:
    server.hashes = ("sha256",)
    with pytest.raises(bbb.ChecksumRefused, match="sha1"):
        bbb.prove(client(server, "?hash=sha1"))


def test_an_id_that_another_program_uses(server: Bigbluebutton) -> None:
    server.meetings[MEETING.meeting_id] = {"attendeePW": "ap", "moderatorPW": "mp"}
    with pytest.raises(bbb.MeetingTaken) as refused:
        bbb.create(client(server), MEETING, AT)
    assert_told(refused.value)


def test_a_meeting_that_is_not_known(server: Bigbluebutton) -> None:
    assert not bbb.is_running(client(server), "V-none")
    with pytest.raises(bbb.MeetingUnknown) as refused:
        bbb.meeting_info(client(server), "V-none")
    assert_told(refused.value)


def test_a_meeting_of_the_past_is_not_asked_for(server: Bigbluebutton) -> None:
    with pytest.raises(bbb.RequestRefused):
        bbb.create(client(server), MEETING, MEETING.ends_at + bbb.GRACE)
    assert not server.calls


def page(status: int, content: bytes, **headers: str) -> Callable[[Any], None]:
    def says(handler: Any) -> None:
        handler.send_response(status)
        for name, value in headers.items():
            handler.send_header(name, value)
        handler.end_headers()
        handler.wfile.write(content)

    return says


def raw(content: bytes) -> Callable[[Any], None]:
    return lambda handler: handler.wfile.write(content)


ENTITIES = b'<!DOCTYPE r [<!ENTITY a "SUCCESS">]><response><returncode>&a;</returncode></response>'
FORBIDDEN = b"<response><returncode>FAILED</returncode><messageKey>%s</messageKey></response>"
DEEPER = (
    b'<response><returncode>FAILED</returncode><errors><error key="checksumError" message="x"/>'
    b"</errors></response>"
)


CUT_SHORT = b"<response><returncode>SUCCESS</returncode><meetingID>V"


@pytest.mark.parametrize(
    ("says", "kind"),
    [
        (page(200, b"<html><body>Welcome</body></html>"), bbb.AnswerUnreadable),
        (page(404, b"<!DOCTYPE html><title>404</title>"), bbb.AnswerUnreadable),
        (page(502, b"Bad gateway"), bbb.AnswerUnreadable),
        (page(302, b"", Location="http://127.0.0.1:1/elsewhere"), bbb.AnswerUnreadable),
        (page(200, b"\x00\xff\x1b]0;x\x07" * 99), bbb.AnswerUnreadable),
        (page(200, b""), bbb.AnswerUnreadable),
        (page(200, CUT_SHORT), bbb.AnswerUnreadable),
        (page(200, b"<response><returncode>SUCCESS</returncode></response>"), bbb.AnswerUnreadable),
        (page(200, b"<response><returncode>MAYBE</returncode></response>"), bbb.AnswerUnreadable),
        (page(200, b"<other/>"), bbb.AnswerUnreadable),
        (page(200, ENTITIES), bbb.AnswerUnreadable),
        (page(200, ENTITIES.decode().encode("utf-16")), bbb.AnswerUnreadable),
        (page(200, b" " * (2 * 2**20 + 1)), bbb.AnswerUnreadable),
        (raw(b"SSH-2.0-OpenSSH_9.2\r\n"), bbb.AnswerUnreadable),
        (raw(b""), bbb.AnswerUnreadable),
        (raw(b"HTTP/1.0 200 OK\r\n" + b"X: y\r\n" * 200 + b"\r\n"), bbb.AnswerUnreadable),
        (page(200, FORBIDDEN % b"maxConcurrentMeetings"), bbb.RequestRefused),
        (page(200, FORBIDDEN % b"\xe2\x80\xae\xc2\x9b"), bbb.RequestRefused),
        (page(403, FORBIDDEN % b"checksumError"), bbb.ChecksumRefused),
        (page(200, DEEPER), bbb.ChecksumRefused),
    ],
)  # fmt: skip
def test_each_wrong_answer_is_told(
    server: Bigbluebutton, says: Callable[[Any], None], kind: type[bbb.MeetingRefused]
) -> None:
    server.says = says
    with pytest.raises(bbb.MeetingRefused) as refused:
        bbb.create(client(server), MEETING, AT)
    assert type(refused.value) is kind
    assert_told(refused.value)
    assert "\x9b" not in refused.value.wording.text("en")


@pytest.mark.parametrize("drips", [False, True])
def test_silence_ends_in_time_even_when_bytes_drip_in(server: Bigbluebutton, drips: bool) -> None:
    enough = threading.Event()

    def says(handler: Any) -> None:
        if drips:
            handler.wfile.write(b"HTTP/1.0 200 OK\r\n\r\n")
        while not enough.wait(0.02):
            if drips:
                handler.wfile.write(b" ")

    server.says = says
    with pytest.raises(bbb.ServerSilent) as refused:
        bbb.prove(client(server, "?timeout=0.1"))
    enough.set()
    assert_told(refused.value)


def test_nobody_is_there() -> None:
    with socket.socket() as nobody:
        nobody.bind(("127.0.0.1", 0))
        url = f"http://127.0.0.1:{nobody.getsockname()[1]}/bigbluebutton/"
        with pytest.raises(bbb.ServerUnreachable) as refused:
            bbb.prove(meeting_server(url, secret=SECRET))
    assert_told(refused.value)


def test_no_such_host() -> None:
    with pytest.raises(bbb.ServerUnreachable):
        bbb.prove(meeting_server("https://nowhere.invalid/bigbluebutton/", secret=SECRET))


# --- settings -----------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("url", "api"),
    [
        ("https://bbb.example.org", "https://bbb.example.org/bigbluebutton/api/"),
        ("https://bbb.example.org/bigbluebutton/", "https://bbb.example.org/bigbluebutton/api/"),
        ("HTTPS://bbb.example.org:8443/bbb/api", "https://bbb.example.org:8443/bbb/api/"),
        ("http://[::1]:8080/", "http://[::1]:8080/bigbluebutton/api/"),
    ],
)
def test_the_address_of_the_api(url: str, api: str) -> None:
    assert meeting_server(url, secret=SECRET).url == api


@pytest.mark.parametrize(
    "url",
    [
        "http://bbb.example.org/", "ftp://bbb.example.org/", "bbb.example.org", "https://",
        "https://u:p@bbb.example.org/", "https://bbb.example.org:99999/",
        "https://bbb.example.org/a?hash=md5", "https://bbb.example.org/?timeout=nan",
        "https://bbb.example.org/?secret=x", "https://bbb.example.org/#x",
        "https://bbb.example.org/?ca=nowhere.pem", "https://bbb.example.org/a b",
        "https://bbb.example.org\x1b/", "http://localhost.example.org/",
    ],
)  # fmt: skip
def test_an_address_that_cannot_be_used(url: str) -> None:
    with pytest.raises(MeetingSettingsRefused) as refused:
        meeting_server(url, secret=SECRET)
    for language in LANGUAGES:
        assert bbb.URL_VARIABLE in refused.value.wording.text(language)
    assert SECRET not in repr(refused.value.wording)


def settings(**values: str) -> MeetingServer | None:
    return bbb.meeting_server_from_environment(
        {f"TROUSSEAU_BIGBLUEBUTTON_{name}": value for name, value in values.items()}
    )


def test_the_secret_comes_from_the_environment_or_a_file(tmp_path: Path) -> None:
    url, file = "https://bbb.example.org", tmp_path / "secret"
    file.write_text(f"{SECRET}\n")
    file.chmod(0o640)
    for found in (settings(URL=url, SECRET=SECRET), settings(URL=url, SECRET_FILE=str(file))):
        assert found is not None
        assert found.secret == SECRET
        assert SECRET not in f"{found!r} {found} {found.shown}"
    assert settings(SECRET=SECRET) is None


def test_a_secret_that_is_missing_open_or_unreadable_is_refused(tmp_path: Path) -> None:
    url, file = "https://bbb.example.org", tmp_path / "secret"
    for content, mode in ((SECRET, 0o644), ("é" * 9, 0o600), ("x" * 5000, 0o600), ("", 0o600)):
        file.write_text(content)
        file.chmod(mode)
        with pytest.raises(MeetingSettingsRefused) as refused:
            settings(URL=url, SECRET_FILE=str(file))
        assert SECRET not in repr(refused.value.wording)
    for missing in ({"SECRET_FILE": str(tmp_path / "none")}, {"SECRET": "a\nb"}, {}):
        with pytest.raises(MeetingSettingsRefused):
            settings(URL=url, **missing)
    with pytest.raises(MeetingSettingsRefused):
        settings(URL=url, SECRET=SECRET, CALLBACK="http://elsewhere.example.org/")


def test_links_are_made_without_loading_what_talks_to_servers() -> None:
    program = (
        "import sys; from services.bigbluebutton import meeting_server; assert not"
        " {'http.client', 'ssl', 'hashlib', 'xml', 'socket', 'defusedxml'} & set(sys.modules)"
    )
    subprocess.run([sys.executable, "-c", program], check=True, timeout=30)
