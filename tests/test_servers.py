"""The floor itself: databases of one's own, and a mail server that does as it is told."""

import os
import smtplib
import ssl
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
from sqlalchemy import Engine, inspect, select, text
from sqlalchemy.exc import OperationalError
from sqlmodel import SQLModel

from models.database import make_engine
from models.upgrades import is_current
from tests.servers import DROP, SILENCE, MailServer, PostgresDatabase, tls_contexts
from tests.worlds import make_world

MESSAGE = b"Subject: =?utf-8?q?Acc=C3=A8s?=\r\n\r\nBonjour\r\n"


class TestDatabases:
    @pytest.mark.parametrize("turn", [1, 2])
    def test_each_test_has_a_migrated_one_of_its_own(self, engine: Engine, turn: int) -> None:
        assert is_current(engine)
        assert "person" in inspect(engine).get_table_names()
        with engine.execution_options(writes=True).begin() as connection:
            # Would fail in the second turn, were it the same database.
            connection.execute(text("CREATE TABLE left_over (turn INTEGER)"))

    def test_both_engines_at_once(self, sqlite_engine: Engine, postgresql_engine: Engine) -> None:
        assert sqlite_engine.dialect.name == "sqlite"
        assert postgresql_engine.dialect.name == "postgresql"

    def test_the_server_is_closed_to_the_network(self, postgresql_engine: Engine) -> None:
        with postgresql_engine.connect() as connection:
            assert connection.scalar(text("SHOW listen_addresses")) == ""

    def test_a_copy_is_as_closed_as_the_original(self, sqlite_url: str) -> None:
        engine = make_engine(sqlite_url)
        assert Path(str(engine.url.database)).stat().st_mode & 0o077 == 0


class TestPostgresDatabase:
    """One database serves all tests of a worker, and each must find it as it was made."""

    @pytest.fixture
    def turn(self, postgresql_database: PostgresDatabase) -> Callable[[], Engine]:
        return lambda: make_engine(postgresql_database.url())

    def state(self, engine: Engine) -> list[Any]:
        about = (
            "SELECT sequencename, last_value FROM pg_sequences ORDER BY 1",
            (
                "SELECT relname, reltuples FROM pg_class WHERE oid >= 16384 AND relkind = 'r' "
                "AND relname <> 'alembic_version' ORDER BY 1"
            ),
            "SELECT tgname, tgenabled FROM pg_trigger ORDER BY oid",
            "SELECT indexname FROM pg_indexes ORDER BY 1",
            "SELECT version_num FROM alembic_version",
        )
        with engine.connect() as connection:
            rows = [
                [tuple(row) for row in connection.execute(select(table)).all()]
                for table in SQLModel.metadata.sorted_tables
            ]
            found = [rows, *(connection.execute(text(each)).all() for each in about)]
        engine.dispose()
        return found

    def test_what_one_test_wrote_the_next_does_not_find(self, turn: Callable[[], Engine]) -> None:
        before = self.state(turn())
        assert not any(before[0])
        first = make_world(engine := turn())
        assert first.person().person == 1
        engine.dispose()
        assert self.state(turn()) == before
        again = make_world(engine := turn())
        assert replace(again, engine=first.engine) == first
        engine.dispose()

    def test_a_session_left_open_is_ended(self, turn: Callable[[], Engine]) -> None:
        left = turn()
        with left.connect() as connection:
            connection.execute(text("INSERT INTO calendar (code, name) VALUES ('a', 'b')"))
            assert not any(self.state(turn())[0])
            with pytest.raises(OperationalError):
                connection.execute(text("SELECT 1"))
            connection.invalidate()
        left.dispose()

    @pytest.mark.parametrize(
        "statement",
        [
            "ALTER TABLE journal DISABLE TRIGGER ALL",
            "DROP INDEX ix_journal_row",
            "UPDATE alembic_version SET version_num = '9999'",
            "ANALYZE",
        ],
    )
    def test_another_schema_goes_away(self, turn: Callable[[], Engine], statement: str) -> None:
        before = self.state(engine := turn())
        with engine.begin() as connection:
            connection.execute(text(statement))
        engine.dispose()
        assert self.state(turn()) == before


def test_nothing_points_at_the_files_of_the_user(home: Path, tmp_path: Path) -> None:
    assert home.is_relative_to(tmp_path)
    assert os.environ["TROUSSEAU_HOME"] == str(home)
    assert Path.home().is_relative_to(tmp_path)


class TestMailServer:
    def send(self, server: MailServer, *recipients: str) -> dict[str, Any]:
        with smtplib.SMTP(server.host, server.port, timeout=5) as client:
            return client.sendmail("school@example.org", recipients, MESSAGE)

    def test_keeps_what_it_accepts(self, mail_server: MailServer) -> None:
        self.send(mail_server, "ada@example.org", "bob@example.org")
        (mail,) = mail_server.messages
        assert mail.sender == "school@example.org"
        assert mail.recipients == mail_server.recipients == ["ada@example.org", "bob@example.org"]
        assert mail.message["Subject"] == "Accès"
        assert mail.text.strip() == "Bonjour"
        assert not mail.tls
        assert mail_server.connections == mail_server.most_connections == 1

    def test_answers_as_it_is_told(self, mail_server: MailServer) -> None:
        mail_server.answer("RCPT", "550 5.1.1 unknown", address="ada@example.org")
        mail_server.answer("DATA", "451 4.3.0 later", times=1)
        with pytest.raises(smtplib.SMTPRecipientsRefused):
            self.send(mail_server, "ada@example.org")
        with pytest.raises(smtplib.SMTPDataError) as refused:
            self.send(mail_server, "bob@example.org")
        assert refused.value.smtp_code == 451
        refusals = self.send(mail_server, "ada@example.org", "bob@example.org")
        assert refusals == {"ada@example.org": (550, b"5.1.1 unknown")}
        mail_server.forget_answers()
        self.send(mail_server, "ada@example.org")
        assert mail_server.recipients == ["bob@example.org", "ada@example.org"]

    def test_may_leave_the_sender_in_the_dark(self, mail_server: MailServer) -> None:
        mail_server.answer("DATA", DROP, times=1)
        mail_server.answer("DATA", SILENCE, times=1)
        with pytest.raises(smtplib.SMTPServerDisconnected):
            self.send(mail_server, "ada@example.org")
        client = smtplib.SMTP(mail_server.host, mail_server.port, timeout=0.2)
        with pytest.raises(smtplib.SMTPServerDisconnected, match="timed out"):
            client.sendmail("school@example.org", "bob@example.org", MESSAGE)
        client.close()
        assert mail_server.recipients == ["ada@example.org", "bob@example.org"]

    @pytest.mark.parametrize("implicit", [False, True])
    def test_speaks_tls_and_asks_for_a_password(self, implicit: bool) -> None:
        context, trust, _authority = tls_contexts()
        trusting = ssl.create_default_context()
        trust(trusting)
        tls = (context, None) if implicit else (None, context)
        with MailServer(*tls, user="console", password="secret") as server:
            assert "secret" not in repr(server)
            for password in ("wrong", "secret"):
                client: smtplib.SMTP
                if implicit:
                    client = smtplib.SMTP_SSL(server.host, server.port, context=trusting, timeout=5)
                else:
                    client = smtplib.SMTP(server.host, server.port, timeout=5)
                    client.starttls(context=trusting)
                with client:
                    with pytest.raises(smtplib.SMTPSenderRefused):
                        client.sendmail("school@example.org", "ada@example.org", MESSAGE)
                    if password == "wrong":
                        with pytest.raises(smtplib.SMTPAuthenticationError):
                            client.login("console", password)
                    else:
                        client.login("console", password)
                        client.sendmail("school@example.org", "ada@example.org", MESSAGE)
            (mail,) = server.messages
            assert (mail.tls, mail.user) == (True, "console")
