"""The meetings of workshops on a BigBlueButton server: made, joined and asked about (DOMAIN §3).

Every request carries a checksum, a hash of the call's name, the query exactly as it is sent,
and a secret shared with the server. The secret leaves this module in no other form. A join
link is made here without asking the server, and lets in whoever has it.

Whatever goes wrong is a `MeetingRefused` whose wording says what happened, what it means and
what to do. Nothing is tried twice: `create` may be called again at any time.
"""

import re
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import TYPE_CHECKING, Literal
from urllib.parse import SplitResult, parse_qsl, urlencode, urlsplit, urlunsplit

from models.errors import TrousseauError, reason_of
from models.language import N_, Wording, say
from models.text import clean, is_clean, squeeze
from services.mail.url import is_loopback

if TYPE_CHECKING:
    from http.client import HTTPConnection, HTTPResponse
    from socket import socket
    from xml.etree.ElementTree import Element

URL_VARIABLE = "TROUSSEAU_BIGBLUEBUTTON_URL"
SECRET_VARIABLE = "TROUSSEAU_BIGBLUEBUTTON_SECRET"
SECRET_FILE_VARIABLE = "TROUSSEAU_BIGBLUEBUTTON_SECRET_FILE"
CALLBACK_VARIABLE = "TROUSSEAU_BIGBLUEBUTTON_CALLBACK"

Hash = Literal["sha1", "sha256", "sha384", "sha512"]
Role = Literal["moderator", "viewer"]

HASHES: tuple[Hash, ...] = ("sha1", "sha256", "sha384", "sha512")
#: A meeting stays open for this long after its last session, for those who say goodbye.
GRACE = timedelta(minutes=30)

_MAX_ANSWER = 2 * 2**20
_MAX_SECRET_BYTES = 4096
_SHOWN = 200
# What the API's manual asks of a meeting's id; its server takes names of 2 to 64 characters.
_IDENTIFIER = re.compile(r"[A-Za-z0-9_-]{2,64}")
_USER = re.compile(r"[A-Za-z0-9_-]{1,64}")
_LONGEST_NAME = 64
_HOST = re.compile(r"[A-Za-z0-9._:-]{1,253}")
_PATH = re.compile(r"(?:/[A-Za-z0-9._~-]+)*/?")


# --- what can go wrong --------------------------------------------------------------------


class MeetingSettingsRefused(TrousseauError):
    """The settings of the meeting server are wrong or unsafe."""

    heading = N_("The settings of the meeting server cannot be used")


class MeetingRefused(TrousseauError):
    """The meeting server did not do what it was asked."""

    heading = N_("The meeting server did not do it")


class ServerUnreachable(MeetingRefused):
    """No connection: refused, no such host, no network."""


class ServerSilent(MeetingRefused):
    """A connection, but no whole answer in time. What was asked may have been done."""


class ServerNotTrusted(MeetingRefused):
    """The encrypted connection failed, or the certificate is not one to trust."""


class AnswerUnreadable(MeetingRefused):
    """An answer that no BigBlueButton gives."""


class ChecksumRefused(MeetingRefused):
    """The server computes another checksum: another secret, or a hash it does not take."""


class MeetingUnknown(MeetingRefused):
    """The server has no meeting of that id: not made yet, or over."""


class MeetingTaken(MeetingRefused):
    """Somebody else's meeting has that id."""


class RequestRefused(MeetingRefused):
    """Any other refusal, with the server's own words."""


# --- settings -----------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class MeetingServer:
    """A BigBlueButton server. `url` is that of its API, with a slash at the end.

    `callback_url` is where it reports who was there, once a meeting is over ("" for nowhere).
    `timeout` (seconds) bounds a whole request.
    """

    url: str
    secret: str = field(repr=False)
    hash: Hash = "sha256"
    callback_url: str = field(default="", repr=False)
    timeout: float = 10.0
    ca_file: Path | None = None

    @property
    def shown(self) -> str:
        """The server's name, for the doctor."""
        return urlsplit(self.url).netloc


def meeting_server_from_environment(environment: Mapping[str, str]) -> MeetingServer | None:
    """Return the server that the variables describe, None where there is none.

    Raises `MeetingSettingsRefused`; never with the secret in it.
    """
    url = environment.get(URL_VARIABLE, "").strip()
    if not url:
        return None
    secret = environment.get(SECRET_VARIABLE, "")
    if file := environment.get(SECRET_FILE_VARIABLE, ""):
        secret = _secret_from(Path(file).expanduser())
    callback = environment.get(CALLBACK_VARIABLE, "").strip()
    return meeting_server(url, secret=secret.strip(), callback_url=callback)


def meeting_server(url: str, *, secret: str, callback_url: str = "") -> MeetingServer:
    """Return the server of an address such as `https://bbb.example.org/bigbluebutton/`.

    After it may follow `?hash=sha512&timeout=20&ca=FILE`. Raises `MeetingSettingsRefused`.
    """
    parts = _split(url, URL_VARIABLE)
    if not secret or not secret.isprintable():
        raise MeetingSettingsRefused(
            say(
                "The secret shared with the meeting server is missing. Put it in a file that"
                " %(file_variable)s names, or in the variable %(variable)s; the server prints it"
                " with bbb-conf --secret.",
                file_variable=SECRET_FILE_VARIABLE,
                variable=SECRET_VARIABLE,
            )
        )
    hash_, timeout, ca_file = _options(parts.query)
    if callback_url:
        _split(callback_url, CALLBACK_VARIABLE)
    address = urlunsplit((parts.scheme.lower(), parts.netloc, _api_path(parts.path), "", ""))
    return MeetingServer(address, secret, hash_, callback_url, timeout, ca_file)


def _split(url: str, variable: str) -> SplitResult:
    try:
        parts = urlsplit(url)
        parts.port  # noqa: B018 (reading it is what checks it)
    except ValueError:
        raise _wrong(variable, say("host or port are not written as in https://host")) from None
    if not is_clean(url) or not url.isascii() or " " in url:
        raise _wrong(variable, say("it contains characters that no address has"))
    if parts.username is not None or parts.password is not None:
        raise _wrong(variable, say("no user and no password have a place in it"))
    if not parts.hostname or not _HOST.fullmatch(parts.hostname):
        raise _wrong(variable, say("the name of the server is missing or is not one"))
    if parts.fragment or not _PATH.fullmatch(parts.path):
        raise _wrong(variable, say("what follows the name of the server is not an address"))
    if parts.scheme.lower() != "https" and not (
        parts.scheme.lower() == "http" and is_loopback(parts.hostname)
    ):
        raise _wrong(
            variable,
            say("it must begin with https://, for names and links would be read on the way"),
        )
    return parts


def _api_path(path: str) -> str:
    """Return the path of the API below what `bbb-conf --secret` prints."""
    path = path.rstrip("/") or "/bigbluebutton"
    return f"{path}/" if path.endswith("/api") else f"{path}/api/"


def _options(query: str) -> tuple[Hash, float, Path | None]:
    options = dict(parse_qsl(query, keep_blank_values=True))
    wanted = options.pop("hash", "sha256").lower()
    hash_ = next((each for each in HASHES if each == wanted), None)
    if hash_ is None:
        raise _wrong(URL_VARIABLE, say("hash= must be one of %(known)s", known=", ".join(HASHES)))
    try:
        timeout = float(options.pop("timeout", "10"))
    except ValueError:
        timeout = 0
    if not 0.05 <= timeout <= 120:  # refuses NaN too
        raise _wrong(URL_VARIABLE, say("timeout= must be a number of seconds up to 120"))
    ca_file = options.pop("ca", "")
    if options:
        name = clean(next(iter(options)), limit=40)
        raise _wrong(
            URL_VARIABLE,
            say("%(name)s= is unknown; known are %(known)s", name=name, known="hash, timeout, ca"),
        )
    if ca_file and not Path(ca_file).expanduser().is_file():
        raise _wrong(URL_VARIABLE, say("ca= names a file that does not exist"))
    return hash_, timeout, Path(ca_file).expanduser() if ca_file else None


def _secret_from(path: Path) -> str:
    try:
        with path.open("rb") as file:
            content = file.read(_MAX_SECRET_BYTES + 1)
            open_to_all = bool(path.stat().st_mode & 0o007)
        if len(content) > _MAX_SECRET_BYTES:
            raise ValueError
        secret = content.decode("ascii")
    except (OSError, ValueError):
        raise MeetingSettingsRefused(
            say(
                "The file %(path)s with the meeting server’s secret cannot be read.", path=str(path)
            )
        ) from None
    if open_to_all:
        raise MeetingSettingsRefused(
            say(
                "Everybody may read the file %(path)s with the meeting server’s secret."
                " Close it: chmod 600 %(path)s",
                path=str(path),
            )
        )
    return secret


def _wrong(variable: str, reason: Wording) -> MeetingSettingsRefused:
    return MeetingSettingsRefused(
        say("%(variable)s is wrong: %(reason)s.", variable=variable, reason=reason)
    )


# --- links --------------------------------------------------------------------------------


def checksum(call: str, query: str, secret: str, hash_: Hash = "sha256") -> str:
    """Return what proves that whoever sends this call and query knows the secret."""
    import hashlib

    return hashlib.new(hash_, f"{call}{query}{secret}".encode()).hexdigest()


def join_link(
    server: MeetingServer,
    meeting_id: str,
    *,
    name: str,
    user_id: str,
    role: Role,
    create_time: int | None = None,
) -> str:
    """Return the address by which one person enters a meeting, in the role it names.

    `user_id` comes back in attendance (`ext_user_id`) and is all that tells who was there;
    `name` is what the others see. With `create_time`, that of `CreatedMeeting`, the link is
    good for that very meeting and for none that is made later under the same id. The meeting
    need not exist yet. Raises ValueError for an id that the server would not take.
    """
    if not _USER.fullmatch(user_id):
        raise ValueError("not the id of a participant")
    shown = squeeze(clean(name, limit=_LONGEST_NAME))
    if not shown:
        raise ValueError("a participant needs a name")
    parameters = [
        ("fullName", shown),
        ("meetingID", _checked(meeting_id)),
        ("role", role.upper()),
        ("userID", user_id),
    ]
    if create_time is not None:
        parameters.append(("createTime", str(create_time)))
    return server.url + _signed(server, "join", parameters)


def _signed(server: MeetingServer, call: str, parameters: Sequence[tuple[str, str]]) -> str:
    query = urlencode(parameters)
    proof = checksum(call, query, server.secret, server.hash)
    return f"{call}?{query}&checksum={proof}"


def _checked(meeting_id: str) -> str:
    if not _IDENTIFIER.fullmatch(meeting_id):
        raise ValueError("not the id of a meeting")
    return meeting_id


# --- calls --------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class Meeting:
    """A meeting to be made. `ends_at` is when its last session ends (an aware instant)."""

    meeting_id: str
    name: str
    ends_at: datetime


@dataclass(frozen=True, slots=True)
class CreatedMeeting:
    """What the server made. `already` tells that it had been made before, by ourselves.

    `create_time` is the server's, in milliseconds, and tells two meetings of one id apart.
    """

    meeting_id: str
    create_time: int
    already: bool = False


@dataclass(frozen=True, slots=True)
class Attendee:
    """Somebody who is in a meeting now."""

    user_id: str
    name: str
    role: Role


@dataclass(frozen=True, slots=True)
class MeetingInfo:
    """How a meeting stands. Instants are UTC, None where it has not come to that."""

    meeting_id: str
    name: str
    running: bool
    create_time: int
    started_at: datetime | None
    ended_at: datetime | None
    attendees: tuple[Attendee, ...]


def create(server: MeetingServer, meeting: Meeting, at: datetime) -> CreatedMeeting:
    """Make a meeting, not recorded, whose attendance the server keeps and reports.

    It is there at once, and stays, with people or without, until half an hour after
    `meeting.ends_at`, when the server ends it. Called again it changes nothing and says
    `already`. Raises `MeetingTaken` where another program uses the id, and the other kinds of
    `MeetingRefused`.
    """
    left = meeting.ends_at + GRACE - at
    if left <= timedelta(0):
        raise RequestRefused(
            say("The meeting would be over before it begins: its last session has ended.")
        )
    minutes = str(-(-left // timedelta(minutes=1)))
    name = squeeze(clean(meeting.name, limit=_LONGEST_NAME))
    answer = _call(
        server,
        "create",
        [
            ("name", name if len(name) > 1 else meeting.meeting_id),
            ("meetingID", _checked(meeting.meeting_id)),
            # The server tells its caller's meetings from another's by these, and by nothing
            # else; nobody ever types them, for links name a role.
            ("attendeePW", _password(server, meeting.meeting_id, "viewer")),
            ("moderatorPW", _password(server, meeting.meeting_id, "moderator")),
            ("record", "false"),
            ("meetingKeepEvents", "true"),
            ("duration", minutes),
            ("meetingExpireIfNoUserJoinedInMinutes", minutes),
            # By itself the server ends a meeting a minute after the last one left for lunch.
            ("meetingExpireWhenLastUserLeftInMinutes", "0"),
            *_callback(server),
        ],
    )
    if not (created := _number(answer, "createTime")):
        raise _unreadable(200, b"")
    already = _text(answer, "messageKey") == "duplicateWarning"
    return CreatedMeeting(meeting.meeting_id, created, already)


def _callback(server: MeetingServer) -> list[tuple[str, str]]:
    return [("meta_analytics-callback-url", server.callback_url)] if server.callback_url else []


def is_running(server: MeetingServer, meeting_id: str) -> bool:
    """Tell whether somebody is in the meeting; a meeting that is not known is not running."""
    answer = _call(server, "isMeetingRunning", [("meetingID", _checked(meeting_id))])
    return _text(answer, "running").lower() == "true"


def meeting_info(server: MeetingServer, meeting_id: str) -> MeetingInfo:
    """Return how a meeting stands and who is in it now; raises `MeetingUnknown` and others."""
    answer = _call(server, "getMeetingInfo", [("meetingID", _checked(meeting_id))])
    return MeetingInfo(
        meeting_id,
        _text(answer, "meetingName"),
        _text(answer, "running").lower() == "true",
        _number(answer, "createTime"),
        _instant(answer, "startTime"),
        _instant(answer, "endTime"),
        tuple(_attendee(each) for each in answer.findall("attendees/attendee")),
    )


def prove(server: MeetingServer) -> None:
    """Ask the server something that changes nothing: it answers, and the secret is right."""
    try:
        is_running(server, "trousseau-doctor")
    except MeetingUnknown:
        pass


def _password(server: MeetingServer, meeting_id: str, role: Role) -> str:
    import hashlib
    import hmac

    text = f"trousseau|{role}|{meeting_id}"
    return hmac.new(server.secret.encode(), text.encode(), hashlib.sha256).hexdigest()[:32]


def _attendee(answer: "Element") -> Attendee:
    role: Role = "moderator" if _text(answer, "role").upper() == "MODERATOR" else "viewer"
    return Attendee(_text(answer, "userID"), _text(answer, "fullName"), role)


# --- answers ------------------------------------------------------------------------------


def _call(server: MeetingServer, call: str, parameters: Sequence[tuple[str, str]]) -> "Element":
    """Return the answer to a call that succeeded; raises `MeetingRefused` for any other."""
    status, content = _fetch(server, _signed(server, call, parameters))
    if 300 <= status < 400:
        raise AnswerUnreadable(
            say(
                "The meeting server sends us on to another address, which we do not follow."
                " Check %(variable)s: it must be the server’s own address.",
                variable=URL_VARIABLE,
            )
        )
    answer = _read(status, content)
    if _text(answer, "returncode").upper() == "SUCCESS":
        return answer
    raise _refusal(server, answer)


def _read(status: int, content: bytes) -> "Element":
    # Says no to entities and to a document type: no answer of the API has one.
    from defusedxml import DefusedXmlException
    from defusedxml.ElementTree import ParseError, fromstring

    try:
        answer: Element = fromstring(content, forbid_dtd=True)
    except (ParseError, DefusedXmlException, ValueError, LookupError):
        raise _unreadable(status, content) from None
    if answer.tag != "response" or _text(answer, "returncode").upper() not in _RETURN_CODES:
        raise _unreadable(status, content)
    return answer


_RETURN_CODES = ("SUCCESS", "FAILED")


def _unreadable(status: int, content: bytes) -> AnswerUnreadable:
    start = content[:512].lstrip().lower()
    if status >= 500:
        return AnswerUnreadable(
            say(
                "The meeting server is out of order (error %(status)s). Try again later; if it"
                " lasts, tell whoever runs it.",
                status=status,
            )
        )
    if status >= 400 or start.startswith((b"<!doctype html", b"<html")):
        return AnswerUnreadable(
            say(
                "A web page answered in place of the meeting server (code %(status)s). Check"
                " %(variable)s: it must end as bbb-conf --secret prints it on the server.",
                status=status,
                variable=URL_VARIABLE,
            )
        )
    return AnswerUnreadable(
        say(
            "The meeting server’s answer cannot be read: it is cut short, or not an answer of"
            " BigBlueButton. What was asked may have been done; it is safe to ask again."
        )
    )


def _refusal(server: MeetingServer, answer: "Element") -> MeetingRefused:
    key, words = _text(answer, "messageKey"), _text(answer, "message")
    if not key and (error := answer.find("errors/error")) is not None:
        key = clean(error.get("key", ""), _SHOWN)
        words = clean(error.get("message", ""), _SHOWN)
    if key == "checksumError":
        return ChecksumRefused(
            say(
                "The meeting server does not accept our checksum (%(hash)s): the secret here is"
                " not the server’s, or it does not take this hash. Compare with what"
                " bbb-conf --secret prints there, and correct %(variable)s.",
                hash=server.hash,
                variable=SECRET_FILE_VARIABLE,
            )
        )
    if key in ("notFound", "invalidMeetingIdentifier", "invalidMeetingId"):
        return MeetingUnknown(
            say(
                "The meeting server knows no such meeting: it has not been opened yet, or is over."
                " Open it again before anybody can join."
            )
        )
    if key == "idNotUnique":
        return MeetingTaken(
            say(
                "Another program has opened a meeting under the same identifier on this server."
                " Nothing was changed. Ask whoever runs the server to end that meeting."
            )
        )
    return RequestRefused(
        say(
            "The meeting server refused: “%(words)s” (%(key)s). Nothing was changed.",
            words=words or "?",
            key=key or "?",
        )
    )


def _text(answer: "Element", name: str) -> str:
    return squeeze(clean(answer.findtext(name) or "", _SHOWN))


def _number(answer: "Element", name: str) -> int:
    text = _text(answer, name)
    return int(text) if text.isascii() and text.isdigit() and len(text) < 16 else 0


def _instant(answer: "Element", name: str) -> datetime | None:
    milliseconds = _number(answer, name)
    try:
        return datetime.fromtimestamp(milliseconds / 1000, UTC) if milliseconds else None
    except (OverflowError, ValueError, OSError):
        return None


# --- the line -----------------------------------------------------------------------------


def _fetch(server: MeetingServer, target: str) -> tuple[int, bytes]:
    """Return status and content of one request; no proxy, no redirect, nothing kept open."""
    import ssl
    from http.client import HTTPException

    try:
        connection = _connection(server)
        try:
            connection.connect()
            with _no_longer_than(server.timeout, connection.sock):
                path = urlsplit(server.url).path
                connection.request("GET", path + target, headers=_HEADERS)
                with connection.getresponse() as response:
                    return response.status, _content(response)
        finally:
            connection.close()
    except TimeoutError:
        raise _silent(server) from None
    except ssl.SSLError as error:
        raise _not_trusted(server, error) from None
    except (HTTPException, ValueError):
        raise _unreadable(200, b"") from None
    except OSError as error:
        raise _unreachable(server, error) from None


_HEADERS = {"Accept": "application/xml, text/xml", "User-Agent": "Trousseau", "Connection": "close"}


def _connection(server: MeetingServer) -> "HTTPConnection":
    import ssl
    from http.client import HTTPConnection, HTTPSConnection

    parts = urlsplit(server.url)
    host = parts.hostname or ""
    if parts.scheme == "http":
        return HTTPConnection(host, parts.port, timeout=server.timeout)
    context = ssl.create_default_context(cafile=str(server.ca_file) if server.ca_file else None)
    context.minimum_version = ssl.TLSVersion.TLSv1_2
    return HTTPSConnection(host, parts.port, timeout=server.timeout, context=context)


@contextmanager
def _no_longer_than(seconds: float, line: "socket") -> Iterator[None]:
    """Raise TimeoutError where the work takes longer, however busy the line is meanwhile.

    The time-out of a socket begins anew with every byte that comes.
    """
    from threading import Event, Timer

    over = Event()

    def hang_up() -> None:
        over.set()
        _shut(line)

    timer = Timer(seconds, hang_up)
    timer.daemon = True
    timer.start()
    try:
        yield
    except Exception:
        if over.is_set():
            raise TimeoutError from None
        raise
    finally:
        timer.cancel()
    if over.is_set():
        raise TimeoutError


def _shut(line: "socket") -> None:
    import socket

    try:
        # Not the encrypted one's own, which would touch what another thread is reading with.
        socket.socket.shutdown(line, socket.SHUT_RDWR)
    except OSError:
        pass


def _content(response: "HTTPResponse") -> bytes:
    content = response.read(_MAX_ANSWER + 1)
    if len(content) > _MAX_ANSWER:
        raise ValueError("too long for an answer")
    return content


def _silent(server: MeetingServer) -> ServerSilent:
    return ServerSilent(
        say(
            "The meeting server %(server)s did not answer within %(seconds)s seconds. What was"
            " asked may have been done; it is safe to ask again.",
            server=server.shown,
            seconds=f"{server.timeout:g}",
        )
    )


def _not_trusted(server: MeetingServer, error: Exception) -> ServerNotTrusted:
    reason = clean(str(getattr(error, "verify_message", "") or ""), _SHOWN)
    if reason:
        return ServerNotTrusted(
            say(
                "The certificate of the meeting server %(server)s is not trusted: %(reason)s."
                " Nothing was sent. Tell whoever runs the server.",
                server=server.shown,
                reason=reason,
            )
        )
    return ServerNotTrusted(
        say(
            "The encrypted connection to the meeting server %(server)s failed. Nothing was sent."
            " Check the address, and tell whoever runs the server.",
            server=server.shown,
        )
    )


def _unreachable(server: MeetingServer, error: OSError) -> ServerUnreachable:
    return ServerUnreachable(
        say(
            "The meeting server %(server)s cannot be reached: %(reason)s. Check the network and"
            " %(variable)s, and try again.",
            server=server.shown,
            reason=reason_of(error),
            variable=URL_VARIABLE,
        )
    )
