"""The text of mails: prepared once for a batch, filled in as bytes once a message.

Building each message as an `EmailMessage` costs more than sending it (FACTS, Mail). Here
the parts that do not change are encoded once. What changes is put between them, each piece
quoted-printable for itself and joined by soft line breaks, so that no value can reach the
encoding, the structure or the headers around it.

A template is two files in `bodies/` for each language, `name.language.txt` and `.html`. The
text file begins with the subject and what is added to it when a mail is sent again. Places
are written `{name}`: those of `BatchValues`, of `MessageValues`, and `prepared_at`,
`prepared_time`, `zone`.
"""

import re
from base64 import b64encode, encodebytes
from binascii import b2a_qp
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from datetime import datetime
from email.utils import format_datetime
from functools import cache, lru_cache
from html import escape
from pathlib import Path
from typing import NamedTuple
from zoneinfo import ZoneInfo

from babel import Locale
from babel.dates import get_timezone, get_timezone_location

from models.addresses import parse_address, to_ascii
from models.language import LANGUAGES
from models.text import clean, squeeze

_FOLDER = Path(__file__).parent / "bodies"
#: Longest text that one value may bring into a mail; the rest is cut.
VALUE_LIMIT = 200
#: The same for one line of a letter.
LETTER_LIMIT = 2_000
#: What a letter consists of; empty in other mails, whose templates do not name it.
LETTER_PLACES = ("subject", "who", "what", "facts", "then")

# Quoted-printable writes "=" as "=3D": "=_" cannot occur in a part.
_BOUNDARY = b"=_trousseau_6f1d2a"
_OUTER_BOUNDARY = b"=_trousseau_9c04be"
_ALTERNATIVE = b'Content-Type: multipart/alternative; boundary="' + _BOUNDARY + b'"'
_MIXED = b'Content-Type: multipart/mixed; boundary="' + _OUTER_BOUNDARY + b'"'
# Other characters would have to be written as RFC 2231 asks, which mail programs read badly.
_FILE_NAME = re.compile(r"[A-Za-z0-9][A-Za-z0-9._-]{0,79}")
_MEDIA_TYPE = re.compile(r'[a-z]+/[a-z0-9.+-]+(?:; [a-z]+="?[A-Za-z0-9-]+"?)*')
#: Bytes of an attachment: what is larger has no place in a mail to many.
LARGEST_ATTACHMENT = 256 * 1024
_PLACE = re.compile(r"\{([a-z_]+)\}")
_MESSAGE_PLACES = frozenset(
    (
        "name",
        "identifier",
        "recipient",
        "token",
        "valid_until",
        "works_from",
        "number",
        "prepared_at",
        "prepared_time",
    )
)
#: What stands before the name of a place in HTML.
_HTML = "html:"
_MARK = re.compile(r"[A-Za-z0-9_.-]{1,100}")
# Words that may stand before an address, and a subject, without being encoded.
_PLAIN_PHRASE = re.compile(r"[A-Za-z0-9'-]+(?: [A-Za-z0-9'-]+)*")
_PLAIN_SUBJECT = re.compile(r"[A-Za-z0-9'.,:;()!?/-]+(?: [A-Za-z0-9'.,:;()!?/-]+)*")
_PLAIN_LENGTH = 60
# Bytes of text in an encoded word: its line, with the longest name of a header, stays under
# the 76 characters of RFC 2047.
_FIRST_WORD_BYTES = 36
_WORD_BYTES = 45


@dataclass(frozen=True, slots=True)
class BatchValues:
    """What is the same in all mails of a batch.

    `school` says from whom, `service` to what the access is, `sign_in_at` where to sign in
    (an address of a web page or a command), `contact` whom to ask: name, e-mail or telephone
    of the school's manager, in one line. `sender_address` is the `From`, `sender_name` what
    stands before it ("" for the school), `reply_to` where answers go ("" for the sender).
    `zone` is the school's time zone: all dates in the mail are in it. `letter` holds what the
    template `workshop` is filled with, and `facts` in it has a line for each.
    """

    school: str
    service: str
    sign_in_at: str
    contact: str
    sender_address: str
    zone: ZoneInfo
    sender_name: str = ""
    reply_to: str = ""
    letter: Mapping[str, str] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class MessageValues:
    """What differs from mail to mail.

    `mark` makes the Message-ID (`models.tokens.mark_for_message`); `prepared_at` is when the
    mail was asked for: it stays the same on every attempt, as everything here does, so that
    a message sent twice is the same message. `number` is the generation: from 2 on, the
    subject says so. `identifier` is the user name, `works_from` when a password of HeadNet
    begins to work. Instants are aware.
    """

    recipient: str
    name: str
    mark: str
    prepared_at: datetime
    number: int = 1
    identifier: str = ""
    token: str = ""
    valid_until: datetime | None = None
    works_from: datetime | None = None

    def __repr__(self) -> str:
        return f"MessageValues(mark={self.mark!r})"


@dataclass(frozen=True, slots=True)
class Attachment:
    """A file that goes with one mail. It is made when the mail is, and kept nowhere.

    `name` has ASCII letters, digits, dots, dashes; `media_type` is one with its parameters,
    such as `text/calendar; charset="utf-8"; method="PUBLISH"`.
    """

    name: str
    media_type: str
    content: bytes

    def __post_init__(self) -> None:
        if not (_FILE_NAME.fullmatch(self.name) and _MEDIA_TYPE.fullmatch(self.media_type)):
            raise ValueError("not the name or the type of an attachment")
        if len(self.content) > LARGEST_ATTACHMENT:
            raise ValueError("too large an attachment")


def prepare(template: str, language: str, batch: BatchValues) -> "Prepared":
    """Return the template of a batch ready to be filled in.

    Templates are `invitation`, `reminder` and `test`; languages those of `models.language`.
    Raises ValueError for others, `AddressError` for a sender that is no address.
    """
    if language not in LANGUAGES or not _known(template):
        raise ValueError(f"no template {template!r} in {language!r}")
    return Prepared(template, language, batch)


class Prepared:
    """A template with the values of its batch; `fill` makes a message of it."""

    def __init__(self, template: str, language: str, batch: BatchValues) -> None:
        self._language = language
        self._zone = batch.zone
        values = _batch_places(batch, language)
        subject, repeated, text = _text_file(template, language)
        self._subject = _join(_pieces(subject, values), {})
        self._subject_header = _header_text(self._subject)
        self._repeated = _pieces(repeated, values)
        sender = to_ascii(parse_address(batch.sender_address))
        self._domain = sender.rpartition("@")[2]
        self._fixed_headers = _fixed_headers(batch, sender, language)
        self._body = _body(text, _read(template, language, "html"), values)
        names = {piece for piece in self._body if isinstance(piece, str)}
        self._places_in_body = [(name, name.removeprefix(_HTML)) for name in names]

    def fill(self, message: MessageValues, attachment: Attachment | None = None) -> bytes:
        """Return the message, with CRLF line ends, ready for a transport.

        Any text is harmless in any value. It is UTF-8 in its headers where the recipient's
        address is not ASCII, and ASCII otherwise. The same values give the same bytes.
        Raises `AddressError` for a recipient that is not one address, ValueError for a mark
        that is not one.
        """
        places = self._places(message)
        encoded: dict[bytes | str, bytes] = {}
        for name, plain_name in self._places_in_body:
            value = places[plain_name]
            encoded[name] = _quoted(value if name == plain_name else escape(value))
        body = b"".join(
            [piece if isinstance(piece, bytes) else encoded[piece] for piece in self._body]
        )
        headers = self._headers(message, places)
        if attachment is None:
            return headers + _ALTERNATIVE + b"\r\n\r\n" + body
        return headers + _with_attachment(_ALTERNATIVE + b"\r\n\r\n" + body, attachment)

    def _places(self, message: MessageValues) -> dict[str, str]:
        prepared = self._written(message.prepared_at)
        valid, works_from = message.valid_until, message.works_from
        recipient = parse_address(message.recipient)
        identifier = _line(message.identifier)
        return {
            "name": _line(message.name) or identifier or recipient,
            "identifier": identifier,
            "recipient": recipient,
            "token": _line(message.token),
            "valid_until": self._written(valid).in_full if valid else "",
            "works_from": self._written(works_from).in_full if works_from else "",
            "number": str(message.number),
            "prepared_at": prepared.in_full,
            "prepared_time": prepared.time,
        }

    def _written(self, instant: datetime) -> "_Written":
        return _written(instant, self._zone, self._language)

    def _headers(self, message: MessageValues, places: Mapping[str, str]) -> bytes:
        if not _MARK.fullmatch(message.mark):
            raise ValueError("not a mark for a message")
        subject = self._subject_header
        if message.number > 1:
            subject = _header_text(f"{self._subject} ({_join(self._repeated, places)})")
        recipient = to_ascii(places["recipient"])
        return b"".join(
            (
                b"Date: " + self._written(message.prepared_at).header,
                b"\r\nTo: " + _mailbox(_line(message.name), recipient),
                b"\r\nSubject: " + subject,
                f"\r\nMessage-ID: <{message.mark}@{self._domain}>\r\n".encode(),
                self._fixed_headers,
            )
        )


def _fixed_headers(batch: BatchValues, sender: str, language: str) -> bytes:
    lines = [b"From: " + _mailbox(_line(batch.sender_name) or _line(batch.school), sender)]
    if batch.reply_to:
        lines.append(b"Reply-To: " + to_ascii(parse_address(batch.reply_to)).encode())
    lines += [
        b"MIME-Version: 1.0",
        b"Content-Language: " + language.encode(),
        b"Auto-Submitted: auto-generated",
        # Exchange answers with an absence notice in spite of Auto-Submitted. "All" would
        # suppress the report that a message cannot be delivered as well.
        b"X-Auto-Response-Suppress: OOF, AutoReply, DR, RN, NRN",
    ]
    return b"\r\n".join(lines) + b"\r\n"


def _with_attachment(message: bytes, attachment: Attachment) -> bytes:
    """Return the rest of the headers and a body of two parts: the message, and the file."""
    outer = b"\r\n--" + _OUTER_BOUNDARY
    # In base64: it survives every relay, whatever its line ends and letters.
    lines = encodebytes(attachment.content).replace(b"\n", b"\r\n")
    return b"".join(
        (
            _MIXED + b"\r\n" + outer + b"\r\n",
            message,
            outer,
            b"\r\nContent-Type: " + attachment.media_type.encode(),
            b"\r\nContent-Transfer-Encoding: base64",
            f'\r\nContent-Disposition: attachment; filename="{attachment.name}"'.encode(),
            b"\r\n\r\n" + lines,
            b"--" + _OUTER_BOUNDARY + b"--\r\n",
        )
    )


def _body(text: str, html: str, values: Mapping[str, str]) -> list[bytes | str]:
    """Return the two parts as ready bytes and, between them, the names of what is filled in."""
    escaped = {name: escape(value).replace("\n", "<br>\n") for name, value in values.items()}
    return _merged(
        [
            *_part(b"text/plain", _pieces(text, values), ""),
            *_part(b"text/html", _pieces(html, escaped), _HTML),
            b"\r\n--" + _BOUNDARY + b"--\r\n",
        ]
    )


def _part(kind: bytes, pieces: list[tuple[str, bool]], prefix: str) -> Iterator[bytes | str]:
    yield b"\r\n--" + _BOUNDARY + b"\r\nContent-Type: " + kind + b'; charset="utf-8"\r\n'
    yield b"Content-Transfer-Encoding: quoted-printable\r\n\r\n"
    for number, (piece, is_place) in enumerate(pieces):
        if number:
            yield b"=\r\n"
        yield prefix + piece if is_place else _quoted(piece)


def _merged(pieces: list[bytes | str]) -> list[bytes | str]:
    merged: list[bytes | str] = []
    for piece in pieces:
        last = merged[-1] if merged else ""
        if isinstance(piece, bytes) and isinstance(last, bytes):
            merged[-1] = last + piece
        else:
            merged.append(piece)
    return merged


def _pieces(template: str, values: Mapping[str, str]) -> list[tuple[str, bool]]:
    """Return the template as texts and names of places, told apart by the flag.

    It is cut up before anything is put in, so that a value that looks like a place is text.
    """
    pieces: list[tuple[str, bool]] = [("", False)]
    for number, part in enumerate(_PLACE.split(template)):
        if number % 2 and part in _MESSAGE_PLACES:
            pieces += [(part, True), ("", False)]
        else:
            pieces[-1] = (pieces[-1][0] + (values[part] if number % 2 else part), False)
    return [piece for piece in pieces if piece[0]]


def _join(pieces: list[tuple[str, bool]], places: Mapping[str, str]) -> str:
    return "".join([places[piece] if is_place else piece for piece, is_place in pieces])


def _batch_places(batch: BatchValues, language: str) -> dict[str, str]:
    zone = get_timezone(batch.zone.key)
    return {
        "school": _line(batch.school),
        "service": _line(batch.service),
        "sign_in_at": _line(batch.sign_in_at),
        "contact": _line(batch.contact),
        "zone": get_timezone_location(zone, locale=language, return_city=True),
        **_letter_places(batch.letter),
    }


def _letter_places(letter: Mapping[str, str]) -> dict[str, str]:
    places = {name: _line(letter.get(name, ""), LETTER_LIMIT) for name in LETTER_PLACES}
    lines = letter.get("facts", "").split("\n")
    return {**places, "facts": "\n".join(_line(line, LETTER_LIMIT) for line in lines)}


def _text_file(template: str, language: str) -> tuple[str, str, str]:
    head, _, text = _read(template, language, "txt").partition("\n\n")
    subject, _, repeated = head.partition("\n")
    return subject.removeprefix("Subject: "), repeated.removeprefix("Repeated: "), text


@cache
def _read(template: str, language: str, kind: str) -> str:
    return (_FOLDER / f"{template}.{language}.{kind}").read_text(encoding="utf-8")


@cache
def _known(template: str) -> bool:
    return template in {path.name.split(".")[0] for path in _FOLDER.glob("*.txt")}


def _line(value: str, limit: int = VALUE_LIMIT) -> str:
    return squeeze(clean(value, limit=limit))


def _quoted(text: str) -> bytes:
    encoded = b2a_qp(text.encode(), istext=True)
    return encoded.replace(b"\n", b"\r\n") if b"\n" in encoded else encoded


@cache
def _names(language: str) -> tuple[tuple[str, ...], tuple[str, ...]]:
    locale = Locale.parse(language)
    days, months = locale.days["format"]["wide"], locale.months["format"]["wide"]
    return tuple(days[i] for i in range(7)), tuple(months[i] for i in range(1, 13))


class _Written(NamedTuple):
    """An instant as it is written in a mail: day and time in full, the time, and `Date`."""

    in_full: str
    time: str
    header: bytes


@lru_cache(maxsize=256)
def _written(instant: datetime, zone: ZoneInfo, language: str) -> _Written:
    """Return an instant in words; those of a whole team are the same few."""
    local = instant.astimezone(zone)
    header = format_datetime(local).encode()
    return _Written(_moment(local, language), f"{local:%H:%M}", header)


def _moment(local: datetime, language: str) -> str:
    """Return day and time in full: “mardi 1er septembre 2026 à 14:03”.

    Written here because Babel takes longer for it than the rest of the message.
    """
    days, months = _names(language)
    day = "1er" if language == "fr" and local.day == 1 else str(local.day)
    at = "à" if language == "fr" else "at"
    date = f"{days[local.weekday()]} {day} {months[local.month - 1]} {local.year}"
    return f"{date} {at} {local:%H:%M}"


def _mailbox(name: str, address: str) -> bytes:
    """Return a display name and an address as a header takes them."""
    if not name:
        return address.encode()
    if len(name) <= _PLAIN_LENGTH and _PLAIN_PHRASE.fullmatch(name):
        words = name.encode()
    else:
        words = _encoded_words(name)
    return words + b"\r\n <" + address.encode() + b">"


def _header_text(text: str) -> bytes:
    if len(text) <= _PLAIN_LENGTH and _PLAIN_SUBJECT.fullmatch(text):
        return text.encode()
    return _encoded_words(text)


def _encoded_words(text: str) -> bytes:
    """Return `text` as encoded words (RFC 2047), a line each, no character cut in two."""
    words = []
    content = text.encode()
    start, size = 0, _FIRST_WORD_BYTES
    while start < len(content):
        end = start + size
        while end < len(content) and content[end] & 0xC0 == 0x80:
            end -= 1
        words.append(b"=?utf-8?b?" + b64encode(content[start:end]) + b"?=")
        start, size = end, _WORD_BYTES
    return b"\r\n ".join(words)
