"""What the line of configuration may say, and what it may not."""

from pathlib import Path

import pytest

from services.mail.url import (
    MailSettings,
    MailSettingsRefused,
    is_loopback,
    mail_settings,
    mail_settings_from_environment,
)


def test_a_relay_is_careful_by_default() -> None:
    found = mail_settings("smtp://anne@mail.example.be?tls=starttls", password="secret")
    assert (found.host, found.port, found.security) == ("mail.example.be", 587, "starttls")
    assert (found.user, found.password) == ("anne", "secret")
    assert (found.rate, found.connections) == (5.0, 2)
    assert mail_settings("smtp://mail.example.be").security == "starttls"


def test_everything_can_be_said() -> None:
    found = mail_settings(
        "smtps://anne%40example.be@mail.example.be:2465?rate=0.5&connections=4&messages=10"
        "&timeout=20&final_timeout=40&ca=/etc/ca.pem"
    )
    assert found == MailSettings(
        host="mail.example.be",
        port=2465,
        security="implicit",
        user="anne@example.be",
        rate=0.5,
        connections=4,
        messages=10,
        timeout=20,
        final_timeout=40,
        ca_file=Path("/etc/ca.pem"),
    )
    assert found.longest_delivery == 60


def test_this_machine_may_be_spoken_to_in_clear_text_and_nobody_else() -> None:
    for host in ("localhost", "127.0.0.1", "127.9.9.9", "[::1]"):
        found = mail_settings(f"smtp://{host}:2525")
        assert (found.security, found.rate) == ("none", 0)
        assert is_loopback(found.host)
    for host in ("mail.example.be", "192.0.2.1", "localhost.example.be", "128.0.0.1", "[::2]"):
        with pytest.raises(MailSettingsRefused) as caught:
            mail_settings(f"smtp://{host}?tls=none")
        assert "unencrypted" in caught.value.wording.text("en")


def test_a_maildir() -> None:
    assert mail_settings("maildir:/var/mail/out").maildir == Path("/var/mail/out")
    assert mail_settings("maildir:///var/mail/out").maildir == Path("/var/mail/out")
    assert mail_settings("maildir:mail%20out").maildir == Path("mail out")
    assert mail_settings("maildir:~/out").maildir == Path.home() / "out"


@pytest.mark.parametrize(
    "url",
    ["", "mail.example.be", "http://mail.example.be", "smtp:", "smtp://", "smtp://:25",
     "smtp://mail.example.be:x", "smtp://mail.example.be:99999", "smtp://[::1", "maildir:",
     "maildir:/x?rate=5", "smtp://localhost/inbox", "smtp://localhost#x",
     "smtp://localhost?tls=yes", "smtp://localhost?tls=", "smtps://localhost?tls=starttls",
     "smtp://localhost?rate=-1", "smtp://localhost?rate=nan", "smtp://localhost?rate=fast",
     "smtp://localhost?connections=0", "smtp://localhost?connections=1.5",
     "smtp://localhost?connections=1&connections=2", "smtp://localhost?unknown=1",
     "smtp://localhost?ca=", "smtp://local host", "smtp://localhost\u202e", "smtp://a\nb"],
)  # fmt: skip
def test_what_is_wrong_is_told(url: str) -> None:
    with pytest.raises(MailSettingsRefused) as caught:
        mail_settings(url)
    assert len(caught.value.wording.text("en")) > 20
    assert "%(" not in caught.value.wording.text("en")


def test_the_password_is_never_in_the_url_nor_shown() -> None:
    with pytest.raises(MailSettingsRefused) as caught:
        mail_settings("smtp://anne:hunter2@mail.example.be")
    assert "hunter2" not in str(caught.value)
    found = mail_settings("smtps://anne@mail.example.be", password="hunter2")
    assert "hunter2" not in repr(found) + found.shown
    assert found.shown == "smtps://anne@mail.example.be:465"
    with pytest.raises(MailSettingsRefused):
        mail_settings("smtps://mail.example.be", password="hunter2")


def test_the_environment(tmp_path: Path) -> None:
    assert mail_settings_from_environment({}, tmp_path) == MailSettings(maildir=tmp_path)
    url = {"TROUSSEAU_MAIL_URL": "smtps://anne@mail.example.be"}
    given = mail_settings_from_environment(url | {"TROUSSEAU_MAIL_PASSWORD": "a b"}, tmp_path)
    assert given.password == "a b"
    (tmp_path / "password").write_text(" pâté \n")
    file = {"TROUSSEAU_MAIL_PASSWORD_FILE": str(tmp_path / "password")}
    assert mail_settings_from_environment(url | file, tmp_path).password == " pâté "
    for content in (b"\xff", b"x" * 5_000):
        (tmp_path / "password").write_bytes(content)
        with pytest.raises(MailSettingsRefused):
            mail_settings_from_environment(url | file, tmp_path)
    (tmp_path / "password").unlink()
    with pytest.raises(MailSettingsRefused):
        mail_settings_from_environment(url | file, tmp_path)
