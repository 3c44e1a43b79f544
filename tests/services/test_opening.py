"""Opening a database: empty, ready, older, newer."""

from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest
from sqlalchemy import func, select, text
from sqlmodel import col

from models.access import Service
from models.database import SYSTEM, DatabaseRefused, reading
from models.upgrades import MIGRATIONS, is_current
from services.opening import UpgradeNeeded, newest_version, open_database, upgrade_database, version

NOW = datetime(2026, 9, 1, 8, 0, tzinfo=UTC)


def set_version(engine: Any, number: str) -> None:
    with engine.begin() as connection:
        connection.execute(text("UPDATE alembic_version SET version_num = :n"), {"n": number})


def test_an_empty_place_becomes_a_database(tmp_path: Path) -> None:
    url = f"sqlite:///{tmp_path / 'new' / 'trousseau.db'}"
    engine = open_database(url, embedded=True, at=NOW)
    assert is_current(engine)
    with reading(engine, SYSTEM, NOW) as session:
        assert session.scalar(select(func.count()).select_from(Service)) == 4
    engine.dispose()
    again = open_database(url, embedded=True, at=NOW)
    assert version(again) == newest_version()
    again.dispose()


def test_the_newest_version_is_the_head_of_the_migrations() -> None:
    from alembic.script import ScriptDirectory

    assert newest_version() == ScriptDirectory(str(MIGRATIONS)).get_current_head()


def test_a_shared_database_of_an_earlier_version_is_left_to_its_owner(
    engine: Any, database_url: str
) -> None:
    set_version(engine, "0000")
    with pytest.raises(UpgradeNeeded) as refused:
        open_database(database_url, embedded=False, at=NOW)
    assert "trousseau db upgrade" in refused.value.wording.text("en")


def test_a_database_of_a_later_version_is_not_touched(engine: Any, database_url: str) -> None:
    set_version(engine, "9999")
    with pytest.raises(UpgradeNeeded):
        open_database(database_url, embedded=True, at=NOW)
    assert version(engine) == "9999"


def test_upgrading_twice_changes_nothing(engine: Any) -> None:
    upgrade_database(engine, NOW)
    upgrade_database(engine, NOW)
    with reading(engine, SYSTEM, NOW) as session:
        assert session.scalar(select(func.count()).select_from(Service)) == 4


def test_another_kind_of_database_is_refused() -> None:
    with pytest.raises(DatabaseRefused):
        open_database("mysql://localhost/trousseau", embedded=False, at=NOW)


def test_the_life_of_tokens_is_a_setting(tmp_path: Path) -> None:
    url = f"sqlite:///{tmp_path / 'trousseau.db'}"
    for wanted, expected in ((None, 14), (30, 30), (None, 30)):
        engine = open_database(url, embedded=True, at=NOW, token_days=wanted)
        with reading(engine, SYSTEM, NOW) as session:
            service = session.scalars(select(Service).where(col(Service.code) == "extranet")).one()
        engine.dispose()
        assert service.token_days == expected
