"""The sample schools are built once a day and copied: whole, privately, and never stale."""

import os
import shutil
import stat
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from models.database import SYSTEM, make_engine, reading
from models.schools import DEFAULT_TIME_ZONE
from services.dashboard import overview
from tests.demo_home import AT, demo_template
from tests.terminal import Terminal
from tui import demo_template as kept_schools

__all__ = ["demo_template"]


@pytest.fixture
def kept(tmp_path: Path, demo_template: Path) -> Path:
    """Where the sample schools are kept, as the first demonstration has left them there."""
    kept = tmp_path / "cache" / "demo" / "now"
    kept_schools.keep(demo_template, kept)
    return kept


def test_a_copy_is_what_was_built_and_private(kept: Path, tmp_path: Path) -> None:
    home = tmp_path / "copy"
    home.mkdir(mode=0o700)
    assert kept_schools.copy(kept, home)
    for name in ("config/key", "data/trousseau.db"):
        copied, built = home / name, kept / Path(name).name
        assert copied.read_bytes() == built.read_bytes()
        assert {stat.S_IMODE(file.stat().st_mode) for file in (copied, built)} == {0o600}
    engine = make_engine(f"sqlite:///{home / 'data' / 'trousseau.db'}")
    with reading(engine, SYSTEM, AT) as session:
        assert overview(session).schools == 3
    engine.dispose()


def test_where_nothing_or_half_is_kept_nothing_is_copied(kept: Path, tmp_path: Path) -> None:
    first, second = tmp_path / "first", tmp_path / "second"
    first.mkdir()
    second.mkdir()
    assert not kept_schools.copy(kept.parent / "another-day", first)
    (kept / "trousseau.db").unlink()
    assert not kept_schools.copy(kept, second)


def test_what_is_older_and_what_a_killed_builder_left_goes(kept: Path, demo_template: Path) -> None:
    left = kept.parent / ".new-killed"
    shutil.copytree(kept, left)
    tomorrow = kept.with_name("tomorrow")
    kept_schools.keep(demo_template, tomorrow)
    assert {path.name for path in kept.parent.iterdir()} == {"tomorrow"}


def test_of_two_that_build_at_once_the_first_is_kept(kept: Path, demo_template: Path) -> None:
    before = kept.stat().st_ino
    kept_schools.keep(demo_template, kept)
    assert kept.stat().st_ino == before
    assert [path.name for path in kept.parent.iterdir()] == [kept.name]


def test_without_a_cache_nothing_is_kept_and_nothing_is_wrong(
    tmp_path: Path, demo_template: Path
) -> None:
    (tmp_path / "file").write_text("in the way")
    kept_schools.keep(demo_template, tmp_path / "file" / "demo" / "now")
    assert (tmp_path / "file").read_text() == "in the way"


def test_each_day_in_brussels_has_its_own(monkeypatch: pytest.MonkeyPatch) -> None:
    assert kept_schools.ZONE == DEFAULT_TIME_ZONE
    evening = datetime(2026, 11, 20, 22, 59, tzinfo=UTC)
    assert kept_schools.template(evening) == kept_schools.template(evening - timedelta(hours=20))
    assert kept_schools.template(evening) != kept_schools.template(evening + timedelta(minutes=1))


@pytest.mark.parametrize("changed", ["models/schools.py", "services/imports/new.py"])
def test_a_changed_file_of_the_program_makes_another(
    changed: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    root = tmp_path / "program"
    for package in ("models", "services"):
        shutil.copytree(kept_schools._ROOT / package, root / package)
    monkeypatch.setattr(kept_schools, "_ROOT", root)
    before = kept_schools.template(AT)
    assert kept_schools.template(AT) == before
    with (root / changed).open("a") as file:
        file.write("# more\n")
    assert kept_schools.template(AT) != before


def test_the_second_demonstration_is_a_copy_that_leaves_the_kept_one_alone(
    tmp_path: Path,
) -> None:
    cache = tmp_path / "cache"
    environment = {"XDG_CACHE_HOME": str(cache), "TMPDIR": str(tmp_path)}
    found = []
    for _time in range(2):
        with Terminal(["demo"], environment=environment) as terminal:
            terminal.wait_for("Institut Saint-Aubert", "98101", "Anne Lambert")
            terminal.type("q")
            assert terminal.wait_for_end() == 0
        (database,) = cache.rglob("trousseau.db")
        found.append((database.stat().st_ino, database.stat().st_mtime_ns))
        assert os.listdir(database.parent.parent) == [database.parent.name]
    assert found[0] == found[1]
    assert not list(tmp_path.glob("trousseau-demo-*"))
