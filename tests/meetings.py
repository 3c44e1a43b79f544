"""A BigBlueButton on the loopback that answers as its API documents, and misbehaves when asked.

It computes every checksum itself, from the line of the request as it came in. Nothing here
needs pytest.
"""

import hashlib
import ssl
import threading
from collections.abc import Callable
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any
from urllib.parse import parse_qsl
from xml.sax.saxutils import escape

SECRET = "639259d4-9dd8-4b25-bf01-95f9567eaf4b"
CREATED_AT = 1_804_000_000_000


@dataclass
class Bigbluebutton:
    """What the server holds and was asked. `says` answers in its place, with the raw bytes."""

    secret: str = SECRET
    hashes: tuple[str, ...] = ("sha1", "sha256", "sha384", "sha512")
    meetings: dict[str, dict[str, str]] = field(default_factory=dict)
    present: dict[str, list[tuple[str, str, str]]] = field(default_factory=dict)
    calls: list[tuple[str, dict[str, str]]] = field(default_factory=list)
    says: Callable[[Any], None] | None = None
    port: int = 0
    scheme: str = "http"

    @property
    def url(self) -> str:
        return f"{self.scheme}://127.0.0.1:{self.port}/bigbluebutton/"

    def join(self, path: str) -> tuple[str, str, str]:
        """Do what a browser that opens a join link would, and return user, name and role."""
        call, _, query = path.rpartition("/")[2].partition("?")
        assert call == "join" and self.knows(call, query)
        given = dict(parse_qsl(query))
        who = (given["userID"], given["fullName"], given["role"])
        self.present.setdefault(given["meetingID"], []).append(who)
        return who

    def knows(self, call: str, query: str) -> bool:
        bare, _, checksum = query.rpartition("checksum=")
        bare = bare.removesuffix("&")
        return any(
            hashlib.new(name, (call + bare + self.secret).encode()).hexdigest() == checksum
            for name in self.hashes
        )

    def answer(self, call: str, query: str) -> str:
        if not self.knows(call, query):
            return _failed("checksumError", "Checksums do not match")
        given = dict(parse_qsl(query))
        self.calls.append((call, given))
        meeting = given.get("meetingID", "")
        if call == "create":
            return self._create(meeting, given)
        if call == "isMeetingRunning":
            return _success(running="true" if self.present.get(meeting) else "false")
        if call == "getMeetingInfo":
            return self._info(meeting)
        return _failed("unsupportedRequest", "This request is not supported.")

    def _create(self, meeting: str, given: dict[str, str]) -> str:
        existing = self.meetings.setdefault(meeting, given)
        if any(existing.get(name) != given.get(name) for name in ("attendeePW", "moderatorPW")):
            return _failed("idNotUnique", "A meeting already exists with that meeting ID.")
        new = existing is given
        return _success(
            meetingID=meeting,
            internalMeetingID=f"640ab2bae07bedc4-{CREATED_AT}",
            attendeePW=given["attendeePW"],
            createTime=str(CREATED_AT),
            duration=given["duration"],
            messageKey="" if new else "duplicateWarning",
            message="" if new else "This conference was already in existence.",
        )

    def _info(self, meeting: str) -> str:
        if meeting not in self.meetings:
            return _failed("notFound", "A meeting with that ID does not exist")
        people = "".join(
            f"<attendee><userID>{user}</userID><fullName>{escape(name)}</fullName>"
            f"<role>{role}</role><isPresenter>false</isPresenter></attendee>"
            for user, name, role in self.present.get(meeting, [])
        )
        head = _success(
            meetingName=self.meetings[meeting]["name"],
            meetingID=meeting,
            createTime=str(CREATED_AT),
            running="true" if people else "false",
            startTime=str(CREATED_AT + 19),
            endTime="0",
        )
        return head.replace("</response>", f"<attendees>{people}</attendees></response>")


def _success(**values: str) -> str:
    return _response(returncode="SUCCESS", **values)


def _failed(key: str, message: str) -> str:
    return _response(returncode="FAILED", messageKey=key, message=message)


def _response(**values: str) -> str:
    inner = "".join(f"<{name}>{escape(value)}</{name}>" for name, value in values.items())
    return f"<response>{inner}</response>"


class _Server(ThreadingHTTPServer):
    daemon_threads = True

    def __init__(self, server: Bigbluebutton, context: ssl.SSLContext | None) -> None:
        class Handler(BaseHTTPRequestHandler):
            def do_GET(self) -> None:
                if server.says is not None:
                    server.says(self)
                    return
                call, _, query = self.path.partition("?")
                assert call.startswith("/bigbluebutton/api/")
                content = server.answer(call.rpartition("/")[2], query).encode()
                self.send_response(200)
                self.send_header("Content-Type", "text/xml;charset=utf-8")
                self.send_header("Content-Length", str(len(content)))
                self.end_headers()
                self.wfile.write(content)

            def log_message(self, *_: Any) -> None:
                pass

        super().__init__(("127.0.0.1", 0), Handler)
        if context is not None:
            self.socket = context.wrap_socket(self.socket, server_side=True)

    def handle_error(self, *_: Any) -> None:
        """The other side hung up, as some tests make it do."""


class Running:
    """A fake server while a `with` block lasts."""

    def __init__(self, server: Bigbluebutton, context: ssl.SSLContext | None = None) -> None:
        self.server = server
        self._http = _Server(server, context)
        server.port = self._http.server_address[1]
        server.scheme = "https" if context else "http"
        # Polled seldom: it is how long the end of each test would wait.
        self._thread = threading.Thread(target=self._http.serve_forever, args=(0.01,), daemon=True)

    def __enter__(self) -> Bigbluebutton:
        self._thread.start()
        return self.server

    def __exit__(self, *_: object) -> None:
        self._http.shutdown()
        self._http.server_close()
        self._thread.join()
