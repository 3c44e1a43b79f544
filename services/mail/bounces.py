"""Mails that came back: which message it was, and what that says about its address.

*Who* is told by the authenticated mark in the address the bounce was sent to, and by
nothing else: the addresses that a bounce names are never looked at. *What* is told by a
status code (RFC 3463), or by the words of servers known to send none. A notice that a
message is late, was relayed, or that somebody is on holiday is not a bounce (FACTS, Mail).
"""

import re
from collections.abc import Iterator
from dataclasses import dataclass
from email import message_from_bytes
from email.errors import MessageError
from email.header import decode_header, make_header
from email.message import Message
from email.parser import BytesHeaderParser
from enum import StrEnum
from html import unescape
from pathlib import Path
from typing import BinaryIO

from models.keys import Key
from models.tokens import read_bounce_mark
from services.mail.replies import is_full, is_our_fault, says_full, server_words

#: What lies beyond is not read: the report stands before the message it returns.
MAX_BYTES = 256 * 1024
MAX_PARTS = 50
_MAX_DEPTH = 4
_MAX_TEXT = 64 * 1024

_RECIPIENT_HEADERS = (
    "Delivered-To",
    "X-Original-To",
    "Envelope-To",
    "X-Envelope-To",
    "X-Delivered-To",
    "To",
    "Cc",
)
_MARKED = re.compile(r"[A-Za-z0-9_.-]{1,64}\+[A-Za-z0-9.]{5,64}", re.ASCII)
# Subjects end at 7 (RFC 3463): "Exim 4.96.1" is no status.
_STATUS = re.compile(r"(?<![\d.])([245])\.([0-7])\.(\d{1,3})(?![\d.]*\d)", re.ASCII)
_REPLY = re.compile(r"(?<![\d.:-])([45]\d\d)[ -](?:#?([45]\.[0-7]\.\d{1,3})(?!\d))?", re.ASCII)
_TAG = re.compile(r"<[^<>]{0,500}>")


def _phrases(pattern: str) -> re.Pattern[str]:
    """Return a pattern in which every space also stands for the end of a line."""
    return re.compile(pattern.replace(" ", r"\s+"), re.IGNORECASE | re.MULTILINE | re.DOTALL)


# Where the returned message begins in reports that are one text.
_RETURNED = _phrases(
    r"^.{0,20}(?:this is a copy of (?:the|your) message|original message (?:headers|follows)"
    r"|below this line is a copy|the following is a copy|message d.origine"
    r"|en-têtes (?:du message|de message) d.origine|unsent message below).*",
)
_FAILURE = _phrases(
    r"could not be delivered|couldn.t be delivered|was(?:n.t| not) delivered|undeliver"
    r"|not able to deliver|unable to deliver|delivery (?:has )?failed|delivery failure"
    r"|delivery to the following recipients? failed|did not reach the following"
    r"|returned to sender|permanent (?:fatal )?error"
    r"|n.a pas pu être (?:remis|distribué|délivré)|n.ont pas pu être (?:remis|distribué)"
    r"|échec de la (?:remise|distribution)|échec de remise|impossible de (?:remettre|joindre le)"
    r"|non remis|n.a pas atteint",
)
_DELAY = _phrases(
    r"delayed|has not yet been delivered|no action is required|still being retried"
    r"|will (?:be retried|continue|keep trying|retry)|warning: (?:message|could not send)"
    r"|do not need to resend|retard(?:é|ée)?\b|n.a pas encore été remis|sera (?:encore )?retent"
    r"|nouvelles? tentatives?",
)
_GAVE_UP_WAITING = _phrases(
    r"retry time[\s-]?out|retry time not reached|all hosts .{0,40}have been failing|timed?\s?out"
    r"|(?:queue|delivery) time .{0,20}expired|too long|délai .{0,40}expiré",
)
_MACHINE = re.compile(r"mailer-daemon|postmaster|mail delivery|microsoftexchange", re.IGNORECASE)


class BounceKind(StrEnum):
    """What a mail that came back says."""

    PERMANENT = "permanent"
    TEMPORARY = "temporary"  #: the server gave up after trying for days
    FULL = "full"
    NOT_A_BOUNCE = "not_a_bounce"


@dataclass(frozen=True, slots=True)
class BounceReport:
    """What one mail says. `row_id` and `generation` are None without a genuine mark.

    `status` is like `5.1.1`, or "" where none was given; `words` what the server said, safe
    to show.
    """

    row_id: int | None
    generation: int | None
    kind: BounceKind
    status: str = ""
    words: str = ""

    @property
    def blames_address(self) -> bool:
        """Whether the address is at fault, and not our own side (policy, routing, content)."""
        return self.kind is BounceKind.PERMANENT and not is_our_fault(self.status)


def read_bounces(source: Path | BinaryIO | bytes, key: Key) -> Iterator[BounceReport]:
    """Yield a report for each mail in a Maildir, or for the one in a file, stream or bytes.

    Raises OSError when the source cannot be read.
    """
    if isinstance(source, Path) and source.is_dir():
        for _path, report in read_maildir(source, key):
            yield report
    elif isinstance(source, Path):
        yield read_bounce(_beginning(source), key)
    elif isinstance(source, bytes):
        yield read_bounce(source, key)
    else:
        yield read_bounce(source.read(MAX_BYTES), key)


def read_maildir(folder: Path, key: Key) -> Iterator[tuple[Path, BounceReport]]:
    """Yield file and report for each mail of a Maildir that is not marked as seen.

    The caller stores the report, and only then calls `file_away`: whoever is killed between
    the two finds the mail again.
    """
    waiting = [p for name in ("new", "cur") for p in _files(folder / name) if not _seen(p)]
    for path in waiting:
        try:
            content = _beginning(path)
        except FileNotFoundError:
            continue  # another process was faster
        yield path, read_bounce(content, key)


def file_away(path: Path) -> None:
    """Mark a mail of a Maildir as seen, so that it is not read again."""
    name, _, flags = path.name.partition(":2,")
    seen = path.parent.parent / "cur" / f"{name}:2,{''.join(sorted({*flags, 'S'}))}"
    try:
        path.rename(seen)
    except FileNotFoundError:
        pass  # another process was faster


def read_bounce(content: bytes, key: Key) -> BounceReport:
    """Return what one mail says. Any bytes give a report; nothing raises."""
    content = content[:MAX_BYTES]
    head = _header(content)
    row_id, generation = _mark(head, key) or (None, None)
    kind, status, words = _reading(_Mail(content), head)
    return BounceReport(row_id, generation, kind, status, words)


_Reading = tuple[BounceKind, str, str]
_NOT_A_BOUNCE: _Reading = (BounceKind.NOT_A_BOUNCE, "", "")


class _Mail:
    """The parts of a mail that can hold a report: no deeper, longer or more than the limits.

    Written here because the standard parser reads all of it first, and a mail of nothing
    but nested parts costs it minutes or its stack.
    """

    def __init__(self, content: bytes) -> None:
        self.statuses: list[str] = []
        self.texts: list[str] = []
        self._left = MAX_PARTS
        self.too_many = False
        self._read(content, _MAX_DEPTH)

    def _read(self, content: bytes, depth: int) -> None:
        if not self._left:
            self.too_many = True
            return
        self._left -= 1
        part = _header(content)
        kind = part.get_content_type()
        if kind.startswith("multipart/") and depth:
            for inner in _split(_after_header(content), part.get_boundary()):
                self._read(inner, depth - 1)
        elif kind in ("message/delivery-status", "message/global-delivery-status"):
            self.statuses.append(_text(part, _after_header(content)))
        elif kind in ("text/plain", "text/html"):
            text = _text(part, _after_header(content))
            self.texts.append(_TAG.sub(" ", text) if kind == "text/html" else text)

    @property
    def text(self) -> str:
        """What a person would read, without the message that is returned."""
        joined = "\n".join(self.texts)[:_MAX_TEXT]
        return _RETURNED.sub("", unescape(joined))


def _reading(mail: _Mail, head: Message) -> _Reading:
    report_type = str(head.get_param("report-type", "")).lower()
    if report_type == "disposition-notification":
        return _NOT_A_BOUNCE
    if mail.statuses:
        return _from_status_parts(mail)
    if head.get("X-Failed-Recipients"):
        return _from_text(mail.text, certain=True)
    if _is_automatic_answer(head) or not _is_from_a_machine(head):
        return _NOT_A_BOUNCE
    found = _from_text(mail.text, certain=False)
    return found if found[0] is not BounceKind.NOT_A_BOUNCE else _from_known_formats(mail, head)


# --- Reports by the standard (RFC 3464) ---


def _from_status_parts(mail: _Mail) -> _Reading:
    for part in mail.statuses:
        for block in re.split(r"\r?\n[ \t]*\r?\n", part):
            fields = _header(block.strip().encode("utf-8", "replace") + b"\n\n")
            # OpenSMTPD says "error" where the standard has "failed".
            if str(fields.get("Action", "")).strip().lower().startswith(("fail", "error")):
                return _from_fields(fields, mail.text)
    return _NOT_A_BOUNCE


def _from_fields(fields: Message, text: str) -> _Reading:
    diagnostic = re.sub(r"^\s*[\w-]{1,40}\s*;\s*", "", str(fields.get("Diagnostic-Code", "")))
    stated = _STATUS.search(str(fields.get("Status", "")))
    status = stated[0] if stated else ""
    # "5.0.0" says no more than that it failed; the server's own answer mostly says why.
    if not status or status.endswith(".0.0"):
        status = _status_in(diagnostic) or status
    words = diagnostic or _telling_line(text)
    return _kind(status, diagnostic or text), status, server_words(words)


# --- Reports in words ---


def _from_text(text: str, *, certain: bool) -> _Reading:
    """Read a report that is text alone; `certain` when something else says that it is one."""
    failed = _FAILURE.search(text)
    if not failed and (not certain or _DELAY.search(text)):
        return _NOT_A_BOUNCE
    if failed and _DELAY.search(text, 0, failed.start()):
        return _NOT_A_BOUNCE
    status = _status_in(text)
    if not (status or certain or says_full(text) or _REPLY.search(text)):
        return _NOT_A_BOUNCE
    return _kind(status, text), status, server_words(_telling_line(text))


def _from_known_formats(mail: _Mail, head: Message) -> _Reading:
    """Ask flufl.bounce, which knows old servers; only *that* it bounced is taken from it."""
    if mail.too_many or not mail.texts or _DELAY.search(mail.text):
        return _NOT_A_BOUNCE
    from flufl.bounce import all_failures

    # It gets the text alone: it believes what stands in the message that is returned.
    rebuilt = b"From: mailer-daemon@localhost\nSubject: " + _subject(head) + b"\n\n"
    try:
        temporary, permanent = all_failures(
            message_from_bytes(rebuilt + mail.text[:16_384].encode("utf-8", "replace"))
        )
    except Exception:  # its detectors raise whatever a text they did not foresee makes them
        return _NOT_A_BOUNCE
    words = server_words(_telling_line(mail.text))
    if permanent:
        return _kind("", mail.text), "", words
    return (
        (BounceKind.TEMPORARY, "", words)
        if temporary and not _DELAY.search(mail.text)
        else _NOT_A_BOUNCE
    )


def _kind(status: str, text: str) -> BounceKind:
    if is_full(status) or (status in ("", "5.0.0", "4.0.0", "5.2.0") and says_full(text)):
        return BounceKind.FULL
    if status:
        return BounceKind.TEMPORARY if status.startswith("4") else BounceKind.PERMANENT
    code = _REPLY.search(text)
    if code:
        return _kind_of_code(int(code[1]))
    return BounceKind.TEMPORARY if _GAVE_UP_WAITING.search(text) else BounceKind.PERMANENT


def _kind_of_code(code: int) -> BounceKind:
    if code == 552:
        return BounceKind.FULL
    return BounceKind.TEMPORARY if code < 500 else BounceKind.PERMANENT


def _status_in(text: str) -> str:
    """Return the enhanced status that stands in a text: after a reply code, else alone."""
    for reply in _REPLY.finditer(text):
        if reply[2]:
            return reply[2]
    for found in _STATUS.finditer(text):
        if found[1] != "2":
            return found[0]
    return ""


def _telling_line(text: str) -> str:
    """Return the line that says why: with a status, a code, or the first that says "failed"."""
    lines = [line.strip() for line in text.splitlines() if line.strip()]
    for pattern in (_STATUS, _REPLY, _FAILURE):
        for line in lines:
            if pattern.search(line):
                return line
    return lines[0] if lines else ""


def _is_automatic_answer(head: Message) -> bool:
    """Tell whether this is a holiday notice or the like, by its own headers (RFC 3834)."""
    submitted = str(head.get("Auto-Submitted", "")).lower()
    if head.get("X-Autoreply") or head.get("X-Autorespond") or head.get("Vacation"):
        return True
    precedence = str(head.get("Precedence", "")).strip().lower()
    return precedence in ("auto_reply", "auto-reply") or submitted.startswith("auto-notified")


def _is_from_a_machine(head: Message) -> bool:
    """Tell whether a mail server wrote this: a person may well quote a bounce and ask."""
    if str(head.get("Return-Path", "-")).strip() in ("<>", ""):
        return True
    return _MACHINE.search(str(head.get("From", ""))[:500]) is not None


# --- Reading a mail within limits ---


def _mark(head: Message, key: Key) -> tuple[int, int] | None:
    for name in _RECIPIENT_HEADERS:
        for value in head.get_all(name, [])[:10]:
            for candidate in _MARKED.findall(str(value)[:2000]):
                if mark := read_bounce_mark(key, candidate):
                    return mark
    return None


def _header(content: bytes) -> Message:
    try:
        return BytesHeaderParser().parsebytes(content[: _header_length(content)])
    except (MessageError, ValueError, IndexError):
        return Message()


def _header_length(content: bytes) -> int:
    found = re.search(rb"\r?\n\r?\n", content)
    if content.startswith((b"\n", b"\r\n")):
        return 0
    return found.end() if found else len(content)


def _after_header(content: bytes) -> bytes:
    return content[_header_length(content) :].lstrip(b"\r\n")


def _split(body: bytes, boundary: str | None) -> list[bytes]:
    if not boundary:
        return []
    line = rb"(?:^|\r?\n)--" + re.escape(boundary.encode("utf-8", "replace"))
    # One more than may be read, so that having left some out is noticed.
    pieces = re.split(line + rb"(?=--|[ \t]*\r?\n)", body, maxsplit=MAX_PARTS + 2)[1:]
    parts = []
    for piece in pieces:
        if piece.startswith(b"--"):
            break
        # The rest of the boundary's line goes; an empty line then means "no header".
        parts.append(re.sub(rb"^[ \t]*\r?\n", b"", piece, count=1))
    return parts


def _text(part: Message, body: bytes) -> str:
    part.set_payload(body[:_MAX_TEXT].decode("ascii", "surrogateescape"))
    try:
        decoded = part.get_payload(decode=True)
    except (ValueError, LookupError):
        decoded = body
    raw = decoded if isinstance(decoded, bytes) else body
    charset = str(part.get_content_charset("utf-8"))
    try:
        return raw.decode(charset, "strict" if charset == "utf-8" else "replace")
    except (LookupError, ValueError):
        return raw.decode("cp1252", "replace")


def _subject(head: Message) -> bytes:
    try:
        subject = str(make_header(decode_header(str(head.get("Subject", ""))[:500])))
    except (MessageError, ValueError, LookupError):
        subject = ""
    return server_words(subject).encode("ascii", "replace")


def _files(folder: Path) -> list[Path]:
    return sorted(p for p in folder.iterdir() if p.is_file()) if folder.is_dir() else []


def _seen(path: Path) -> bool:
    return "S" in path.name.partition(":2,")[2]


def _beginning(path: Path) -> bytes:
    with path.open("rb") as file:
        return file.read(MAX_BYTES)
