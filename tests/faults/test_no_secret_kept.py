"""The whole way in, and then everything that was kept is searched: no token, no password.

Searched are all tables, the bytes of the database with its WAL and of a dump, the journal,
the log and what is printed of the objects on the way.
"""

import asyncio
import logging
import re
import shutil
import sqlite3
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
from sqlalchemy import select
from sqlmodel import SQLModel

from models.accounts import Account
from models.errors import TrousseauError
from models.keys import Key
from models.mail import Mail
from services.activation import set_password
from services.admission import look_at_token
from services.forgotten_passwords import forgot_password
from services.mail.sender import Letterhead, send
from services.mail.url import mail_settings
from services.own_account import ask_for_address, change_password, confirm_address
from services.profiles import actor_for
from services.sign_in import SignedIn, sign_in
from tests.servers import MailServer
from tests.services.door_world import EMAIL, KEY, OTHER_PASSWORD, PASSWORD, House, make_house
from tui.crash import LOG_NAME, record

LETTERHEAD = Letterhead("trousseau@ecole.example", sign_in_at="https://console.example")
THIRD_PASSWORD = "six hérons récitent Villon"
NEW = "jeanne@ailleurs.example"
_TOKEN = re.compile(r"\b[0-9A-Z]{5}(?:-[0-9A-Z]{5}){4}\b")


def sent(house: House, server: MailServer) -> list[str]:
    """Send what waits, and return the tokens in what arrived."""
    settings = replace(mail_settings(server.url), timeout=5.0, final_timeout=5.0)
    before = len(server.messages)
    asyncio.run(
        send(house.world.engine, settings, KEY, LETTERHEAD, clock=house.world.clock, pause=0.0)
    )
    return [
        token
        for mail in server.messages[before:]
        for token in dict.fromkeys(_TOKEN.findall(mail.text))
    ]


def journey(house: House, server: MailServer) -> tuple[list[str], list[Any]]:
    """Walk every way in; return the tokens, and all that was returned or raised."""
    member = house.world.person(email=EMAIL)
    house.invite(member)
    house.edit(Mail, Mail.id == 1, sent_at=None, closed_at=None)  # type: ignore[arg-type]
    (invitation,) = sent(house, server)
    seen: list[Any] = [house.entrance, look_at_token(house.entrance, invitation)]
    house.later()
    signed_in = set_password(house.entrance, f" {invitation.lower()}", PASSWORD)
    for email, password in ((EMAIL, "wrong " + OTHER_PASSWORD), (PASSWORD, PASSWORD)):
        with pytest.raises(TrousseauError) as refused:
            sign_in(house.entrance, email, password)
        seen.append(refused.value)
    with pytest.raises(TrousseauError) as spent:
        look_at_token(house.entrance, invitation)
    forgot_password(house.entrance, EMAIL)
    (reset,) = sent(house, server)
    seen += [look_at_token(house.entrance, reset), spent.value]
    seen.append(set_password(house.entrance, reset, OTHER_PASSWORD))
    actor = actor_for(signed_in.identity, signed_in.identity.profiles[0])
    change_password(house.entrance, actor, OTHER_PASSWORD, THIRD_PASSWORD)
    ask_for_address(house.entrance, actor, THIRD_PASSWORD, NEW)
    (address,) = sent(house, server)
    seen += [look_at_token(house.entrance, address), confirm_address(house.entrance, address)]
    house.later()
    seen += [signed_in, sign_in(house.entrance, NEW, THIRD_PASSWORD)]
    sent(house, server)
    return [invitation, reset, address], seen


def forms(secret: str) -> list[bytes]:
    """Return how a secret could be written: as it is, without hyphens, in lower case."""
    plain = secret.replace("-", "")
    return [text.encode() for text in (secret, plain, secret.lower(), plain.lower())]


def everything(house: House) -> str:
    """Return every value of every table."""
    with house.world.engine.connect() as connection:
        return "\n".join(
            repr(tuple(row))
            for table in SQLModel.metadata.sorted_tables
            for row in connection.execute(select(table))
        )


def dumped(folder: Path, copy: Path) -> str:
    """Return what `.dump` writes of a copy of the database."""
    shutil.copytree(folder, copy)
    connection = sqlite3.connect(copy / "trousseau.db")
    try:
        return "\n".join(connection.iterdump())
    finally:
        connection.close()


def test_no_token_and_no_password_is_kept_anywhere(
    sqlite_engine: Any,
    mail_server: MailServer,
    tmp_path: Path,
    caplog: pytest.LogCaptureFixture,
    capsys: pytest.CaptureFixture[str],
) -> None:
    caplog.set_level(logging.DEBUG)
    caplog.set_level(logging.CRITICAL, "mail.log")  # the mail server of the test
    house = make_house(sqlite_engine, tmp_path)
    tokens, seen = journey(house, mail_server)
    assert len(set(tokens)) == 3
    folder = Path(str(sqlite_engine.url.database)).parent
    kept = b"".join(path.read_bytes() for path in sorted(folder.iterdir()))
    assert any(path.name.endswith("-wal") for path in folder.iterdir())
    dump = dumped(folder, tmp_path / "copy")
    accounts = house.rows(select(Account))
    printed = capsys.readouterr()
    texts = (everything(house), dump, caplog.text, repr(seen), repr(accounts), str(seen),
             printed.out, printed.err)  # fmt: skip
    kept += "\n".join(texts).encode()
    assert EMAIL.encode() in kept  # else this proved nothing
    for secret in (*tokens, PASSWORD, OTHER_PASSWORD, THIRD_PASSWORD, Key.__name__ + "(secret"):
        for form in forms(secret):
            assert form not in kept
    shown = caplog.text + repr(seen) + repr(accounts)
    assert "argon2" not in shown
    assert "argon2" not in "".join(
        line for line in dump.splitlines() if line.startswith('INSERT INTO "journal"')
    )


def test_a_crash_report_holds_neither(sqlite_engine: Any, tmp_path: Path) -> None:
    """The worst moment: the token spent, the password hashed, and the journal can't be written."""
    house = make_house(sqlite_engine, tmp_path)
    member = house.world.person(email=EMAIL)
    token = house.invite(member)
    with sqlite_engine.begin() as connection:
        connection.exec_driver_sql("ALTER TABLE journal RENAME TO lost")
    crashes = tmp_path / "state"
    for deed in (
        lambda: set_password(house.entrance, token, PASSWORD),
        lambda: set_password(house.entrance, token, None),  # type: ignore[arg-type]
        lambda: sign_in(house.entrance, EMAIL, {PASSWORD}),  # type: ignore[arg-type]
    ):
        with pytest.raises(Exception) as crashed:
            deed()
        record(crashed.value, crashes, house.world.clock())
    told = (crashes / LOG_NAME).read_text()
    assert told.count("reference") == 3 and "services.activation" in told
    for secret in (token, PASSWORD):
        assert not any(form.decode() in told for form in forms(secret))


def test_on_postgresql(postgresql_engine: Any, mail_server: MailServer, tmp_path: Path) -> None:
    house = make_house(postgresql_engine, tmp_path)
    tokens, seen = journey(house, mail_server)
    kept = (everything(house) + repr(seen)).encode()
    assert EMAIL.encode() in kept and isinstance(seen[-1], SignedIn)
    for secret in (*tokens, PASSWORD, OTHER_PASSWORD, THIRD_PASSWORD):
        for form in forms(secret):
            assert form not in kept
