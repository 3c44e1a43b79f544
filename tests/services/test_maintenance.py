"""Backups that can be brought back, damage that is seen, and what the doctor finds."""

import stat
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest
from sqlalchemy import select, text

from models.database import SYSTEM, make_engine, reading, writing
from models.errors import TrousseauError
from models.keys import Key, load_key
from models.language import LANGUAGES, say
from models.nightly import Schedule
from models.schools import GoverningBody
from services.accounts import add_account
from services.bigbluebutton import meeting_server
from services.mail.url import MailSettings, mail_settings
from services.maintenance import (
    BackupRefused,
    Check,
    Installation,
    backup,
    doctor,
    is_well,
    restore,
    verify,
)
from services.nightly import Nightwork, run
from tests.meetings import SECRET, Bigbluebutton, Running

NOW = datetime(2026, 9, 1, 8, 0, tzinfo=UTC)


def found_a_body(engine: Any, name: str) -> None:
    with writing(engine, SYSTEM, NOW) as session:
        session.add(GoverningBody(name=name, name_key=name.lower()))


def bodies(engine: Any) -> list[str]:
    with reading(engine, SYSTEM, NOW) as session:
        return sorted(body.name for body in session.scalars(select(GoverningBody)))


def do_the_night(engine: Any, at: datetime) -> None:
    run(Nightwork(engine, lambda: at, lambda: Key(bytes(32))))


def states(checks: list[Check]) -> dict[str, str]:
    return {check.name: check.state for check in checks}


def place_of(engine: Any) -> Path:
    return Path(engine.url.database)


class TestVerify:
    def test_a_sound_database(self, engine: Any) -> None:
        found_a_body(engine, "PO")
        checks = verify(engine, NOW)
        assert is_well(checks)
        assert {"migrations", "journal"} <= set(states(checks))

    def test_a_changed_journal_is_seen(self, sqlite_engine: Any) -> None:
        found_a_body(sqlite_engine, "PO")
        with sqlite_engine.begin() as connection:
            triggers = connection.execute(
                text("SELECT name FROM sqlite_master WHERE type='trigger' AND tbl_name='journal'")
            ).scalars()
            for name in list(triggers):
                connection.execute(text(f"DROP TRIGGER {name}"))
            connection.execute(text("UPDATE journal SET actor = 'somebody else'"))
        checks = verify(sqlite_engine, NOW)
        assert states(checks)["journal"] == "wrong"
        assert not is_well(checks)

    def test_a_lost_reference_is_seen(self, sqlite_engine: Any) -> None:
        with sqlite_engine.connect() as connection:
            driver = connection.connection.driver_connection
            driver.execute("PRAGMA foreign_keys=OFF")
            driver.execute(
                "INSERT INTO account_role (account_id, role, school_id, given_at) "
                "VALUES (7, 'director', 7, '2026-09-01 00:00:00.000000')"
            )
        assert states(verify(sqlite_engine, NOW))["references"] == "wrong"

    def test_damaged_pages_are_seen(self, sqlite_engine: Any) -> None:
        for number in range(300):
            found_a_body(sqlite_engine, f"PO {number}")
        sqlite_engine.dispose()
        spoil(place_of(sqlite_engine))
        assert states(verify(sqlite_engine, NOW))["pages"] == "wrong"

    def test_tables_of_another_version_are_seen(self, sqlite_engine: Any) -> None:
        with sqlite_engine.begin() as connection:
            connection.execute(text("UPDATE alembic_version SET version_num = '0000'"))
        assert states(verify(sqlite_engine, NOW))["migrations"] == "wrong"


def spoil(file: Path) -> None:
    """Overwrite the middle of the file, as a failing disk would."""
    size = file.stat().st_size
    with file.open("r+b") as spoilt:
        spoilt.seek(size // 2 // 4096 * 4096)
        spoilt.write(b"\x5a" * (size // 4))


class TestBackup:
    def test_a_backup_brings_everything_back(self, sqlite_engine: Any, tmp_path: Path) -> None:
        found_a_body(sqlite_engine, "before")
        file = tmp_path / "backup.db"
        assert backup(sqlite_engine, file) == file.stat().st_size
        assert stat.S_IMODE(file.stat().st_mode) == 0o600
        assert [path.name for path in tmp_path.glob("*backup*")] == ["backup.db"]
        found_a_body(sqlite_engine, "after")
        aside = restore(sqlite_engine, file, NOW)
        assert bodies(sqlite_engine) == ["before"]
        assert bodies(make_engine(f"sqlite:///{aside}")) == ["after", "before"]
        found_a_body(sqlite_engine, "later")  # and work goes on
        assert is_well(verify(sqlite_engine, NOW))

    def test_another_process_sees_the_restored_data(
        self, sqlite_engine: Any, tmp_path: Path
    ) -> None:
        found_a_body(sqlite_engine, "before")
        backup(sqlite_engine, tmp_path / "backup.db")
        found_a_body(sqlite_engine, "after")
        other = make_engine(sqlite_engine.url)
        assert bodies(other) == ["after", "before"]
        restore(sqlite_engine, tmp_path / "backup.db", NOW)
        assert bodies(other) == ["before"]
        found_a_body(other, "later")
        assert bodies(sqlite_engine) == ["before", "later"]

    def test_a_damaged_database_is_replaced(self, sqlite_engine: Any, tmp_path: Path) -> None:
        found_a_body(sqlite_engine, "before")
        backup(sqlite_engine, tmp_path / "backup.db")
        sqlite_engine.dispose()
        place = place_of(sqlite_engine)
        place.write_bytes(b"this is no database at all" * 1000)
        aside = restore(sqlite_engine, tmp_path / "backup.db", NOW)
        assert bodies(sqlite_engine) == ["before"]
        assert aside.read_bytes().startswith(b"this is no database")
        assert stat.S_IMODE(place.stat().st_mode) == 0o600

    def test_nothing_is_overwritten(self, sqlite_engine: Any, tmp_path: Path) -> None:
        file = tmp_path / "backup.db"
        file.write_text("something dear to somebody")
        with pytest.raises(BackupRefused):
            backup(sqlite_engine, file)
        assert file.read_text() == "something dear to somebody"

    def test_a_folder_that_is_missing_is_told(self, sqlite_engine: Any, tmp_path: Path) -> None:
        with pytest.raises(BackupRefused) as refused:
            backup(sqlite_engine, tmp_path / "nowhere" / "backup.db")
        assert "nowhere" in refused.value.wording.text()

    @pytest.mark.parametrize("content", [None, b"", b"no database" * 500, "database"])
    def test_what_is_no_backup_is_refused(
        self, sqlite_engine: Any, tmp_path: Path, content: bytes | str | None
    ) -> None:
        found_a_body(sqlite_engine, "here")
        file = tmp_path / "backup.db"
        if isinstance(content, bytes):
            file.write_bytes(content)
        elif content:
            other = make_engine(f"sqlite:///{file}")
            with other.begin() as connection:
                connection.execute(text("CREATE TABLE other (id INTEGER)"))
            other.dispose()
        with pytest.raises(BackupRefused):
            restore(sqlite_engine, file, NOW)
        assert bodies(sqlite_engine) == ["here"]
        assert not list(place_of(sqlite_engine).parent.glob("*before*"))

    def test_a_damaged_backup_is_refused(self, sqlite_engine: Any, tmp_path: Path) -> None:
        for number in range(300):
            found_a_body(sqlite_engine, f"PO {number}")
        backup(sqlite_engine, tmp_path / "backup.db")
        spoil(tmp_path / "backup.db")
        found_a_body(sqlite_engine, "here")
        with pytest.raises(BackupRefused):
            restore(sqlite_engine, tmp_path / "backup.db", NOW)
        assert "here" in bodies(sqlite_engine)

    def test_postgresql_has_its_own_tools(self, postgresql_engine: Any, tmp_path: Path) -> None:
        with pytest.raises(BackupRefused) as refused:
            backup(postgresql_engine, tmp_path / "backup.db")
        assert "pg_dump" in refused.value.wording.text()
        with pytest.raises(BackupRefused):
            restore(postgresql_engine, tmp_path / "backup.db", NOW)


class TestDoctor:
    @pytest.fixture
    def folders(self, tmp_path: Path) -> dict[str, Path]:
        made = {name: tmp_path / "places" / name for name in ("config", "data", "state")}
        for folder in made.values():
            folder.mkdir(mode=0o700, parents=True)
        return made

    def installation(self, folders: dict[str, Path], **other: Any) -> Installation:
        facts: dict[str, Any] = {
            "folders": folders,
            "key_file": folders["config"] / "key",
            "database_url": f"sqlite:///{folders['data'] / 'trousseau.db'}",
            "mail": lambda: mail_settings("smtps://console@mail.example"),
            "encoding": "utf-8",
            "streams": {"stdin": True, "stdout": True},
            "terminal": "xterm-256color",
        }
        return Installation(**{**facts, **other})

    def test_a_working_installation(
        self, folders: dict[str, Path], database_url: str, engine: Any
    ) -> None:
        load_key(folders["config"] / "key")
        with writing(engine, SYSTEM, NOW) as session:
            add_account(session, "a@b.example", "helpdesk", password_hash="$")
        do_the_night(engine, NOW)
        checks = doctor(self.installation(folders, database_url=database_url), NOW)
        assert set(states(checks).values()) == {"good"}

    def test_a_nightly_update_that_is_missing_is_told_an_hour_after_it_was_due(
        self, folders: dict[str, Path], database_url: str, engine: Any
    ) -> None:
        def found(at: datetime) -> Check:
            checks = doctor(self.installation(folders, database_url=database_url), at)
            return next(check for check in checks if check.name == "nightly")

        assert found(NOW).state == "warning"
        do_the_night(engine, NOW)
        due = Schedule().next_due(NOW)
        assert found(due + timedelta(minutes=59)).state == "good"
        late = found(due + timedelta(hours=1))
        assert late.state == "warning" and late.remedy is not None
        assert "01/09/2026" in late.found.text("en") and "02/09/2026" in late.found.text("en")

    def test_a_time_that_is_none_is_told(
        self, folders: dict[str, Path], database_url: str, engine: Any
    ) -> None:
        def refuse() -> Schedule:
            raise TrousseauError(say("no time"))

        found = self.installation(folders, database_url=database_url, nightly=refuse)
        assert states(doctor(found, NOW))["nightly"] == "wrong"

    def test_a_new_installation_has_warnings_only(self, folders: dict[str, Path]) -> None:
        checks = doctor(self.installation(folders), NOW)
        assert is_well(checks)
        assert states(checks)["database"] == states(checks)["key"] == "warning"
        assert not (folders["data"] / "trousseau.db").exists()

    def test_an_empty_database_says_how_to_begin(
        self, folders: dict[str, Path], sqlite_url: str
    ) -> None:
        checks = doctor(self.installation(folders, database_url=sqlite_url), NOW)
        (accounts,) = [check for check in checks if check.name == "accounts"]
        assert accounts.state == "warning"
        assert accounts.remedy is not None
        assert "trousseau account add" in accounts.remedy.text()

    def test_what_is_open_to_others_is_wrong(
        self, folders: dict[str, Path], sqlite_url: str
    ) -> None:
        load_key(folders["config"] / "key")
        (folders["config"] / "key").chmod(0o644)
        folders["data"].chmod(0o755)
        Path(sqlite_url.removeprefix("sqlite:///")).chmod(0o644)
        found = states(doctor(self.installation(folders, database_url=sqlite_url), NOW))
        assert (found["key"], found["data"], found["database"]) == ("wrong", "wrong", "wrong")

    def test_a_server_that_does_not_answer(self, folders: dict[str, Path]) -> None:
        url = "postgresql+psycopg://somebody:s3cret-word@127.0.0.1:1/nothing"
        checks = doctor(self.installation(folders, database_url=url), NOW)
        assert states(checks)["database"] == "wrong"
        assert "s3cret-word" not in repr(checks)

    def test_mail_settings_that_cannot_be_used(self, folders: dict[str, Path]) -> None:
        def refuse() -> MailSettings:
            raise TrousseauError(say("The mail URL is wrong."))

        assert states(doctor(self.installation(folders, mail=refuse), NOW))["mail"] == "wrong"

    def test_a_meeting_server_is_asked_whether_it_knows_us(self, folders: dict[str, Path]) -> None:
        with Running(Bigbluebutton()) as server:
            for secret, callback, state in (
                (SECRET, "https://console.example/a", "good"),
                (SECRET, "", "warning"),
                ("another", "", "wrong"),
            ):
                found = meeting_server(server.url, secret=secret, callback_url=callback)
                checks = doctor(self.installation(folders, meetings=lambda: found), NOW)  # noqa: B023
                (check,) = [check for check in checks if check.name == "meetings"]
                assert check.state == state
                assert SECRET not in repr(check)

    def test_settings_of_a_meeting_server_that_cannot_be_used(
        self, folders: dict[str, Path]
    ) -> None:
        checks = doctor(
            self.installation(folders, meetings=lambda: meeting_server("http://a.be", secret="")),
            NOW,
        )
        assert states(checks)["meetings"] == "wrong"

    def test_no_terminal_and_no_utf8(self, folders: dict[str, Path]) -> None:
        found = states(
            doctor(
                self.installation(
                    folders, encoding="iso8859-1", streams={"stdin": False, "stdout": True}
                ),
                NOW,
            )
        )
        assert (found["encoding"], found["terminal"]) == ("wrong", "warning")
        dumb = states(doctor(self.installation(folders, terminal="dumb"), NOW))
        assert dumb["terminal"] == "wrong"

    def test_every_finding_can_be_read(self, folders: dict[str, Path], sqlite_url: str) -> None:
        folders["state"].rmdir()
        for check in doctor(self.installation(folders, database_url=sqlite_url), NOW):
            for language in LANGUAGES:
                assert check.found.text(language)
                assert check.state == "good" or check.remedy is not None
