"""The mails themselves: read back as a mail program reads them."""

import random
import time
from datetime import UTC, datetime
from email import message_from_bytes
from email.header import decode_header, make_header
from email.message import EmailMessage
from email.policy import default
from html import unescape
from zoneinfo import ZoneInfo

import pytest

from models.addresses import AddressError
from models.keys import Key
from models.text import clean
from models.tokens import make_token, mark_for_message, parse_token
from services.mail.templates import (
    LARGEST_ATTACHMENT,
    VALUE_LIMIT,
    Attachment,
    BatchValues,
    MessageValues,
    Prepared,
    prepare,
)

KEY = Key(bytes(range(32)))
BATCH = BatchValues(
    school="Institut Saint-Éloi",
    service="Extranet",
    sign_in_at="https://console.example.be",
    contact="Mme Dupont, direction@saint-eloi.example.be, 081 00 00 00",
    sender_address="acces@saint-eloi.example.be",
    zone=ZoneInfo("Europe/Brussels"),
)
PREPARED_AT = datetime(2026, 8, 24, 12, 3, tzinfo=UTC)
VALID_UNTIL = datetime(2026, 9, 1, 21, 59, tzinfo=UTC)


def values(**changes: object) -> MessageValues:
    row, number = 7, int(str(changes.get("number", 1)))
    usual: dict[str, object] = {
        "recipient": "anne.leclercq@example.be",
        "name": "Anne Leclercq",
        "mark": mark_for_message(KEY, "invitation", row, number),
        "prepared_at": PREPARED_AT,
        "identifier": "anne.leclercq@example.be",
        "token": make_token(KEY, "invitation", row, number),
        "valid_until": VALID_UNTIL,
    }
    return MessageValues(**(usual | changes))  # type: ignore[arg-type]


def read(content: bytes) -> EmailMessage:
    message = message_from_bytes(content, policy=default)
    assert isinstance(message, EmailMessage)
    return message


def parts(message: EmailMessage) -> tuple[str, str]:
    text, html = message.iter_parts()
    assert (text.get_content_type(), html.get_content_type()) == ("text/plain", "text/html")
    return text.get_content(), html.get_content()


def as_shown(value: str) -> str:
    return " ".join(clean(value, limit=VALUE_LIMIT).split())


def test_a_french_invitation_says_everything_it_must() -> None:
    message = read(prepare("invitation", "fr", BATCH).fill(values()))
    text, html = parts(message)
    token = make_token(KEY, "invitation", 7, 1)
    assert message["subject"] == "Votre accès à Extranet – Institut Saint-Éloi"
    assert message["from"].addresses[0].display_name == "Institut Saint-Éloi"
    assert message["to"] == "Anne Leclercq <anne.leclercq@example.be>"
    assert message["date"].datetime == PREPARED_AT
    assert message["auto-submitted"] == "auto-generated"
    assert message["content-language"] == "fr"
    for body in (text, unescape(html)):
        assert "Bonjour Anne Leclercq," in body
        assert "Institut Saint-Éloi" in body
        assert token in body
        assert "mardi 1er septembre 2026 à 23:59" in body
        assert "Bruxelles" in body
        assert "https://console.example.be" in body
        assert "Mme Dupont, direction@saint-eloi.example.be, 081 00 00 00" in body
        assert "lundi 24 août 2026 à 14:03" in body
        assert "Seul le plus récent compte" in body
        assert "{" not in body.replace("{font", "")
    assert '<html lang="fr">' in html


def test_an_english_invitation_says_the_same() -> None:
    text, html = parts(read(prepare("invitation", "en", BATCH).fill(values())))
    for body in (text, unescape(html)):
        assert "Dear Anne Leclercq," in body
        assert "Tuesday 1 September 2026 at 23:59" in body
        assert "Brussels" in body
        assert "Only the latest counts" in body


@pytest.mark.parametrize(
    ("language", "subject"),
    [
        ("fr", "Votre accès à Extranet – Institut Saint-Éloi (n°\u00a02, 14:03)"),
        ("en", "Your access to Extranet – Institut Saint-Éloi (no. 2, 14:03)"),
    ],
)
def test_a_repeated_mail_says_which_one_it_is(language: str, subject: str) -> None:
    prepared = prepare("invitation", language, BATCH)
    first, second = read(prepared.fill(values())), read(prepared.fill(values(number=2)))
    assert second["subject"] == subject
    assert second["message-id"] != first["message-id"]


def test_the_same_values_give_the_same_bytes() -> None:
    fills = {prepare("invitation", "fr", BATCH).fill(values(number=3)) for _ in range(3)}
    assert len(fills) == 1


def test_the_test_message_is_complete_in_both_languages() -> None:
    for language, word in (("fr", "essai"), ("en", "test message")):
        plain = values(token="", identifier="", valid_until=None)
        message = read(prepare("test", language, BATCH).fill(plain))
        for body in parts(message):
            assert word in body
            assert "Anne Leclercq" in body
        assert message["subject"].endswith("Institut Saint-Éloi")


def test_an_international_address_stands_in_its_header() -> None:
    prepared = prepare("invitation", "fr", BATCH)
    message = read(prepared.fill(values(recipient="anne@écoles.example.be")))
    assert message["to"].addresses[0].addr_spec == "anne@xn--coles-9ra.example.be"
    raw = prepared.fill(values(recipient="andré@example.be"))
    assert "\r\n <andré@example.be>\r\n".encode() in raw
    assert prepared.fill(values()).isascii()


def test_what_is_not_one_address_is_refused() -> None:
    prepared = prepare("invitation", "fr", BATCH)
    for recipient in ("", "a@x.be, b@x.be", "a@x.be\r\nBcc: b@x.be", "p@x.be SIZE=1", "<a@x.be>"):
        with pytest.raises(AddressError):
            prepared.fill(values(recipient=recipient))
    with pytest.raises(ValueError):
        prepared.fill(values(mark="x>\r\nBcc: b@x.be"))
    for template, language in (("nothing", "fr"), ("invitation", "de"), ("../x", "fr")):
        with pytest.raises(ValueError):
            prepare(template, language, BATCH)


def test_an_absent_name_leaves_a_sensible_greeting() -> None:
    message = read(prepare("invitation", "fr", BATCH).fill(values(name=" \u200b\t"[:1])))
    assert "Bonjour anne.leclercq@example.be," in parts(message)[0]
    assert message["to"] == "anne.leclercq@example.be"


HOSTILE = [
    "x\r\nBcc: victim@example.be",
    "x\nSubject: other",
    "x\r\n\r\n<html>body",
    "\x1b]52;c;AAAA\x07",
    "\u202emoc.elpmaxe",
    "=?utf-8?q?forged?=",
    "=?utf-8?b?Zm9yZ2Vk?= <a@b.be>",
    "<script>alert(1)</script>",
    '"><img src=x onerror=alert(1)>',
    "</title></head><body>",
    "&lt;b&gt; &amp; &#60;",
    "{token}",
    "{school} {html:token} {0} %(name)s %s",
    "=_trousseau_6f1d2a",
    "--=_trousseau_6f1d2a--",
    "=3D=\r\n=20",
    "a=",
    "trailing ",
    ".",
    "..",
    "\r\n.\r\nMAIL FROM:<a@b.be>",
    "From here",
    '"Quoted" (comment) [bracket] a@b.be, c@d.be; <e@f.be>',
    "D'Hondt-Ørsted, Łukasz",
    "Éléonore de la Tour d’Auvergne " * 12,
    "x" * 10_000,
    "é" * 10_000,
    "𝔘𝔫𝔦𝔠𝔬𝔡𝔢 👩🏽‍🏫",
    "e\u0301" * 60,
    "\ud800 lone",
    "\x00nul",
    "=cmd|' /C calc'!A0",
    "مدرسة",
    "[bold]x[/b]",
    "ﬀ\u00a0\u3000\u2003x",
]


def hostile_values() -> list[str]:
    source = random.Random(20260824)
    alphabet = "aé ≠\r\n\t\x00\x1b\x85<>&\"'=?_.,:;@(){}[]\\%-\u2028\u202e\ufeff\ud83d😀\u0301"
    made = [
        "".join(source.choices(alphabet, k=source.randrange(1, 120)))
        for _ in range(300 - len(HOSTILE))
    ]
    return HOSTILE + made


def display_name(message: EmailMessage, header: str) -> str:
    """Return the name before the address; the default policy of Python 3.11 puts a space
    between encoded words, against RFC 2047, so that long names are read by `decode_header`."""
    source = dict(message.raw_items())[header.title()]
    if source.count("=?") > 1:
        return str(make_header(decode_header(source.rpartition("<")[0].rstrip())))
    return str(message[header].addresses[0].display_name)


def check_hostile(message: EmailMessage, value: str, header: str) -> None:
    shown = as_shown(value)
    text, html = parts(message)
    token = make_token(KEY, "invitation", 7, 1)
    assert not message.defects
    assert message["to"].addresses[0].addr_spec == "anne.leclercq@example.be"
    assert len(message["to"].addresses) == 1
    assert sorted(set(message.keys())) == sorted(message.keys())
    assert "bcc" not in message
    if shown:
        assert shown in text
        assert shown in unescape(html)
        assert display_name(message, header) == shown
    assert "<script" not in html
    assert "<img" not in html
    assert html.count("</body>") == 1
    assert text.count(token) == 1


def test_no_value_however_hostile_does_anything_but_show() -> None:
    samples = hostile_values()
    assert len(samples) == 300
    prepared = prepare("invitation", "fr", BATCH)
    for value in samples:
        content = prepared.fill(values(name=value))
        assert max(map(len, content.split(b"\r\n"))) <= 100
        assert b"\n" not in content.replace(b"\r\n", b"")
        check_hostile(read(content), value, "to")


def test_no_school_however_named_does_anything_but_show() -> None:
    for value in hostile_values():
        batch = BatchValues(value, value, value, value, BATCH.sender_address, BATCH.zone)
        message = read(prepare("invitation", "fr", batch).fill(values()))
        check_hostile(message, value, "from")
        if as_shown(value):
            assert message["subject"].startswith(f"Votre accès à {as_shown(value)} – ")


def test_the_token_survives_the_mail() -> None:
    prepared = prepare("invitation", "fr", BATCH)
    for row in range(1, 200):
        token = make_token(KEY, "invitation", row, 1)
        text, _ = parts(read(prepared.fill(values(token=token))))
        line = next(
            line for line in text.splitlines() if line.startswith("    ") and "@" not in line
        )
        assert parse_token(line).row_id == row


def test_nothing_secret_shows_in_a_traceback() -> None:
    assert make_token(KEY, "invitation", 7, 1) not in repr(values())


def test_filling_is_measured(capsys: pytest.CaptureFixture[str]) -> None:
    prepared: Prepared = prepare("invitation", "fr", BATCH)
    messages = [
        values(recipient=f"p{i}@example.be", name=f"Prénom{i} Nom-{i}", number=1 + i % 2)
        for i in range(2_000)
    ]
    start = time.perf_counter()
    size = sum(len(prepared.fill(message)) for message in messages)
    spent = (time.perf_counter() - start) / len(messages)
    with capsys.disabled():
        print(f"\nfill: {spent * 1e6:.0f} µs a message of {size // len(messages)} bytes")
    assert size > 0


# --- a file that goes with it ---


def test_a_file_goes_beside_the_message_and_changes_nothing_in_it() -> None:
    prepared = prepare("invitation", "fr", BATCH)
    content = bytes(range(256)) * 30
    raw = prepared.fill(values(), Attachment("V-42.ics", "text/calendar; method=PUBLISH", content))
    message = read(raw)
    inner, file = message.iter_parts()
    assert isinstance(inner, EmailMessage)
    assert parts(inner) == parts(read(prepared.fill(values())))
    assert file.get_payload(decode=True) == content
    assert file.get_content_disposition() == "attachment"
    assert message["message-id"] == read(prepared.fill(values()))["message-id"]
    assert raw.isascii() and b"\n" not in raw.replace(b"\r\n", b"")
    assert max(map(len, raw.split(b"\r\n"))) <= 998
    assert not message.defects and not inner.defects and not file.defects


@pytest.mark.parametrize(
    ("name", "media_type", "size"),
    [
        ('a".ics', "text/calendar", 1), ("a\r\nBcc: x", "text/calendar", 1), ("", "text/plain", 1),
        ("a.ics", "text/calendar\r\nBcc: x", 1), ("a.ics", "", 1),
        ("a.ics", "text/calendar", LARGEST_ATTACHMENT + 1),
    ],
)  # fmt: skip
def test_a_file_that_would_break_the_mail_is_refused(name: str, media_type: str, size: int) -> None:
    with pytest.raises(ValueError):
        Attachment(name, media_type, b"x" * size)
