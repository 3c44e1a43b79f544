"""Mails that came back, written as the servers in use write them."""

import io
import time
from email.mime.text import MIMEText
from pathlib import Path

import pytest

from models.keys import Key
from models.tokens import mark_for_bounce
from services.mail.bounces import (
    MAX_BYTES,
    BounceKind,
    BounceReport,
    file_away,
    read_bounce,
    read_bounces,
    read_maildir,
)

KEY = Key(bytes(range(32)))
MARK = f"{mark_for_bounce(KEY, 41, 2)}@mail.example.be"

POSTFIX_TEXT = """\
This is the mail system at host mx.example.be.

I'm sorry to have to inform you that your message could not
be delivered to one or more recipients. It's attached below.

                   The mail system

<victim@example.be>: host mx.ecole.example.be[192.0.2.10] said: 550 5.1.1
    <anne@ecole.example.be>: Recipient address rejected: User unknown
"""

EXIM_TEXT = """\
This message was created automatically by mail delivery software.

A message that you sent could not be delivered to one or more of its
recipients. This is a permanent error. The following address(es) failed:

  anne@ecole.example.be
    {reason}

------ This is a copy of the message, including all the headers. ------

Return-path: <b+1.1.aaaaaaaaaa@mail.example.be>
Subject: 552 5.2.2 mailbox full
"""

EXCHANGE_2003_TEXT = """\
Votre message n'a pas atteint certains des destinataires ou n'a pas pu être remis.

      Objet :  Votre accès à l’Extranet
      Date :   24/08/2026 14:03

Impossible de joindre le(s) destinataire(s) suivant(s) :

      victim@example.be le 24/08/2026 14:04
            Le compte de messagerie n'existe pas dans l'organisation à laquelle
            ce message a été envoyé. Vérifiez l'adresse et réessayez.
            <serveur.ecole.example.be #5.1.1>
"""

EXCHANGE_2016_TEXT = """\
Échec de la remise pour ces destinataires ou groupes :

anne@ecole.example.be (anne@ecole.example.be)
La boîte aux lettres du destinataire est pleine et ne peut plus accepter de messages.

Informations de diagnostic pour les administrateurs :

Serveur de génération : SRV01.ecole.local

anne@ecole.example.be
#554 5.2.2 mailbox full; STOREDRV.Deliver.Exception:QuotaExceededException ##

En-têtes de message d'origine :

Received: from mail.example.be (192.0.2.10) by SRV01.ecole.local
Subject: 5.1.1
"""

QMAIL_TEXT = """\
Hi. This is the qmail-send program at mx.example.be.
I'm afraid I wasn't able to deliver your message to the following addresses.
This is a permanent error; I've given up. Sorry it didn't work out.

<anne@ecole.example.be>:
Sorry, no mailbox here by that name. (#5.1.1)
"""

OLD_SERVER_TEXT = """\
Hi. This is the qmail-send program at mx.example.be.
This one says nothing that is known elsewhere.

<anne@ecole.example.be>:
Sorry, no mailbox here by that name.
"""


def text_bounce(text: str, charset: str = "utf-8", **headers: str) -> bytes:
    message = MIMEText(text, "plain", charset)
    message["From"] = "Mail Delivery System <Mailer-Daemon@mx.example.be>"
    message["To"] = MARK
    for name, value in headers.items():
        del message[name.replace("_", "-")]
        message[name.replace("_", "-")] = value
    return message.as_bytes()


STANDARD = """\
From: MAILER-DAEMON@mx.example.be
To: {mark}
Subject: Undelivered Mail Returned to Sender
Auto-Submitted: auto-replied
MIME-Version: 1.0
Content-Type: multipart/report; report-type=delivery-status;
\tboundary="4F2.1787/mx.example.be"

This is a MIME-encapsulated message.

--4F2.1787/mx.example.be
Content-Description: Notification
Content-Type: text/plain; charset=utf-8

Voir ci-dessous.

--4F2.1787/mx.example.be
Content-Description: Delivery report
Content-Type: message/delivery-status

Reporting-MTA: dns; mx.example.be
X-Postfix-Queue-ID: 4F2

Final-Recipient: rfc822; victim@example.be
Original-Recipient: rfc822;victim@example.be
Action: {action}
Status: {status}
{diagnostic}
--4F2.1787/mx.example.be
Content-Description: Undelivered Message
Content-Type: message/rfc822

Subject: returned

550 5.7.1 not this

--4F2.1787/mx.example.be--
"""


def standard_bounce(action: str, status: str, diagnostic: str = "") -> bytes:
    """Return a report as RFC 3464 has it, with the message it returns."""
    if diagnostic:
        diagnostic = f"Remote-MTA: dns; mx\nDiagnostic-Code: smtp; {diagnostic}\n"
    text = STANDARD.format(mark=MARK, action=action, status=status, diagnostic=diagnostic)
    return text.encode()


@pytest.mark.parametrize(
    ("action", "status", "diagnostic", "kind", "found"),
    [
        ("failed", "5.1.1", "550 5.1.1 User unknown", BounceKind.PERMANENT, "5.1.1"),
        ("failed", "5.2.2", "552 5.2.2 Mailbox full", BounceKind.FULL, "5.2.2"),
        ("failed", "4.2.2", "452 4.2.2 Over quota", BounceKind.FULL, "4.2.2"),
        ("failed", "4.4.7", "", BounceKind.TEMPORARY, "4.4.7"),
        ("failed", "5.0.0", "550 5.1.10 RecipientNotFound", BounceKind.PERMANENT, "5.1.10"),
        ("failed", "5.0.0", "550 mailbox is full", BounceKind.FULL, "5.0.0"),
        ("Failed (permanent)", "5.7.1 (blocked)", "", BounceKind.PERMANENT, "5.7.1"),
        ("error", "5.1.1", "", BounceKind.PERMANENT, "5.1.1"),
        ("failed", "", "550 5.1.1 no", BounceKind.PERMANENT, "5.1.1"),
        ("failed", "", "450 try later", BounceKind.TEMPORARY, ""),
        ("delayed", "4.4.1", "", BounceKind.NOT_A_BOUNCE, ""),
        ("relayed", "2.0.0", "", BounceKind.NOT_A_BOUNCE, ""),
        ("delivered", "2.0.0", "", BounceKind.NOT_A_BOUNCE, ""),
        ("expanded", "2.0.0", "", BounceKind.NOT_A_BOUNCE, ""),
    ],
)
def test_standard_reports(
    action: str, status: str, diagnostic: str, kind: BounceKind, found: str
) -> None:
    report = read_bounce(standard_bounce(action, status, diagnostic), KEY)
    assert (report.row_id, report.generation) == (41, 2)
    assert (report.kind, report.status) == (kind, found)
    if diagnostic and kind is not BounceKind.NOT_A_BOUNCE:
        assert report.words == diagnostic


def test_our_own_fault_does_not_blame_the_address() -> None:
    assert read_bounce(standard_bounce("failed", "5.1.1"), KEY).blames_address
    for status in ("5.7.1", "5.4.4", "5.3.4"):
        report = read_bounce(standard_bounce("failed", status), KEY)
        assert report.kind is BounceKind.PERMANENT
        assert not report.blames_address
    assert not read_bounce(standard_bounce("failed", "5.2.2"), KEY).blames_address


@pytest.mark.parametrize(
    ("content", "kind", "status"),
    [
        (text_bounce(POSTFIX_TEXT), BounceKind.PERMANENT, "5.1.1"),
        (
            text_bounce(EXIM_TEXT.format(reason="Unrouteable address"),
                        X_Failed_Recipients="victim@example.be"),
            BounceKind.PERMANENT, "",
        ),
        (
            text_bounce(EXIM_TEXT.format(reason="SMTP error: 552 5.2.2 over quota"),
                        X_Failed_Recipients="victim@example.be"),
            BounceKind.FULL, "5.2.2",
        ),
        (
            text_bounce(EXIM_TEXT.format(reason="retry timeout exceeded"),
                        X_Failed_Recipients="victim@example.be"),
            BounceKind.TEMPORARY, "",
        ),
        (text_bounce(EXCHANGE_2003_TEXT), BounceKind.PERMANENT, "5.1.1"),
        (text_bounce(EXCHANGE_2003_TEXT, "cp1252", From="Administrateur système <s@e.be>",
                     Return_Path="<>"), BounceKind.PERMANENT, "5.1.1"),
        (text_bounce(EXCHANGE_2016_TEXT), BounceKind.FULL, "5.2.2"),
        (text_bounce(QMAIL_TEXT), BounceKind.PERMANENT, "5.1.1"),
        (text_bounce(OLD_SERVER_TEXT), BounceKind.PERMANENT, ""),
    ],
    ids=range(9),
)  # fmt: skip
def test_reports_in_words(content: bytes, kind: BounceKind, status: str) -> None:
    report = read_bounce(content, KEY)
    assert (report.row_id, report.generation) == (41, 2)
    assert (report.kind, report.status) == (kind, status)
    assert report.words


NOTICES = {
    "Exim's warning": text_bounce(
        "A message that you sent has not yet been delivered to one or more of its recipients"
        " after more than 24 hours on the queue. The address is anne@example.be.\n"
        "451 4.7.1 greylisted\nNo action is required on your part.\n",
        Auto_Submitted="auto-replied",
    ),
    "Postfix's warning": text_bounce(
        "# THIS IS A WARNING ONLY. YOU DO NOT NEED TO RESEND YOUR MESSAGE. #\n"
        "Your message could not be delivered for more than 4 hour(s).\n"
        "<anne@example.be>: connect to mx: 450 4.4.1 timed out\n"
    ),
    "Exchange's warning": text_bounce(
        "Remise retardée : le message n’a pas encore été remis. Serveur : #4.4.7\n"
        "Nous effectuerons de nouvelles tentatives. La remise n’a pas pu être remis.\n"
    ),
    "a holiday": text_bounce(
        "Je suis absente jusqu’au 1er septembre. Urgences : 081 500 550.\n",
        From="Anne <anne@example.be>",
        Auto_Submitted="auto-replied",
        Return_Path="<>",
    ),
    "a person who asks": text_bounce(
        "Bonjour, j’ai reçu « 550 5.1.1 User unknown: could not be delivered ». Que faire ?\n",
        From="Anne <anne@example.be>",
    ),
    "an automatic answer": text_bounce(
        "Your request could not be delivered to an agent. 550 5.1.1\n", X_Autoreply="yes"
    ),
    "a receipt": text_bounce("Lu.\n").replace(
        b"Content-Type: text/plain",
        b"Content-Type: multipart/report; report-type=disposition-notification; x=y",
    ),
    "nothing": b"",
    "noise": bytes(range(256)) * 50,
}


@pytest.mark.parametrize("name", NOTICES)
def test_notices_are_not_bounces(name: str) -> None:
    assert read_bounce(NOTICES[name], KEY).kind is BounceKind.NOT_A_BOUNCE


def test_only_a_genuine_mark_says_who() -> None:
    genuine = standard_bounce("failed", "5.1.1")
    for mark in ("b+41.2.aaaaaaaaaa@mail.example.be", "anne@example.be", "", "x" * 5_000):
        report = read_bounce(genuine.replace(MARK.encode(), mark.encode()), KEY)
        assert (report.row_id, report.generation) == (None, None)
    assert read_bounce(genuine, Key(bytes(32))).row_id is None
    inside = text_bounce(POSTFIX_TEXT + MARK, To="postmaster@mail.example.be")
    assert read_bounce(inside, KEY).row_id is None


def test_the_mark_is_found_however_it_was_delivered() -> None:
    for header in ("Delivered-To", "X-Original-To", "Envelope-To"):
        content = f"{header}: {MARK.upper()}\n".encode() + text_bounce(POSTFIX_TEXT, To="x@y.be")
        assert read_bounce(content, KEY).row_id == 41


def test_words_are_shown_harmless_and_short() -> None:
    content = standard_bounce("failed", "5.1.1", "550 \x1b]52;c;AA\x07 \u202e [b] " + "x" * 5_000)
    words = read_bounce(content, KEY).words
    assert words.startswith("550")
    assert len(words) <= 300
    assert not set(words) & {"\x1b", "\x07", "\u202e"}


def nested(levels: int) -> bytes:
    head = b"".join(
        b"Content-Type: multipart/mixed; boundary=b%d\n\n--b%d\n" % (i, i) for i in range(levels)
    )
    return b"From: mailer-daemon@x.be\nTo: " + MARK.encode() + b"\n" + head


@pytest.mark.parametrize(
    "content",
    [
        nested(5_000),
        b"Content-Type: multipart/report; boundary=b\n\n" + b"--b\n\n" * 100_000,
        b"Content-Type: message/rfc822\n\n" * 20_000,
        b"Content-Type: multipart/digest; boundary=b\n\n"
        + b"--b\n\nContent-Type: message/rfc822\n" * 9_000,
        b"X: y\n" * 100_000,
        b"From: mailer-daemon@x.be\n\n" + b"<style" * 100_000,
        b"From: mailer-daemon@x.be\nContent-Type: text/html\n\n" + b"<style><" * 100_000,
        b"From: mailer-daemon@x.be\n\ncould not be delivered " + b"5.1." * 100_000,
        b"From: mailer-daemon@x.be\n\n" + b"mailbox " * 100_000,
        b"From: mailer-daemon@x.be\n\n" + b"all hosts " * 100_000,
        b"From: mailer-daemon@x.be\n\n" + b"\n" * 300_000,
        b"To: " + b"b+1.1." * 100_000,
        b"Subject: " + b"=?utf-8?b?" * 30_000 + b"\n\nx",
        b"Content-Type: text/plain; charset=nothing\n\nx",
        b"From: mailer-daemon@x.be\nContent-Type: text/plain; charset=idna\n\n\xff\xfe==",
        b"Content-Type: multipart/report; boundary=\"\xff\"\n\n--\xff\nContent-Type: text/plain\n",
    ],
    ids=range(16),
)  # fmt: skip
def test_a_mail_made_to_hurt_costs_little(content: bytes) -> None:
    start = time.perf_counter()
    assert read_bounce(content, KEY).kind is BounceKind.NOT_A_BOUNCE
    # Far above what any takes here, far below what the unbounded reading of one would take.
    assert time.perf_counter() - start < 5


def test_a_report_before_a_huge_returned_message_is_read() -> None:
    content = standard_bounce("failed", "5.1.1") + b"x" * (2 * MAX_BYTES)
    assert read_bounce(content, KEY).kind is BounceKind.PERMANENT
    assert next(read_bounces(io.BytesIO(content), KEY)).kind is BounceKind.PERMANENT


def test_a_maildir_is_read_once(tmp_path: Path) -> None:
    for name in ("new", "cur", "tmp"):
        (tmp_path / name).mkdir()
    (tmp_path / "new" / "1").write_bytes(standard_bounce("failed", "5.1.1"))
    (tmp_path / "cur" / "2:2,F").write_bytes(standard_bounce("failed", "5.2.2"))
    (tmp_path / "cur" / "3:2,S").write_bytes(standard_bounce("failed", "5.2.2"))
    (tmp_path / "tmp" / "4").write_bytes(b"half")
    seen = list(read_maildir(tmp_path, KEY))
    assert [report.kind for _, report in seen] == [BounceKind.PERMANENT, BounceKind.FULL]
    assert len(list(read_bounces(tmp_path, KEY))) == 2, "nothing was filed away yet"
    for path, _ in seen:
        file_away(path)
        file_away(path)
    assert list(read_maildir(tmp_path, KEY)) == []
    assert sorted(p.name for p in (tmp_path / "cur").iterdir()) == ["1:2,S", "2:2,FS", "3:2,S"]


def test_files_streams_and_bytes_give_the_same(tmp_path: Path) -> None:
    content = standard_bounce("failed", "5.1.1", "550 5.1.1 no")
    (tmp_path / "bounce").write_bytes(content)
    reports = [list(read_bounces(source, KEY)) for source in (
        tmp_path / "bounce", io.BytesIO(content), content, b"From mailer Mon Aug 24\n" + content,
    )]  # fmt: skip
    expected = BounceReport(41, 2, BounceKind.PERMANENT, "5.1.1", "550 5.1.1 no")
    assert reports == [[expected]] * 4
