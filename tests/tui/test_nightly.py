"""`trousseau nightly`, its settings, and the console that does what nobody else has done."""

import json
from datetime import time
from pathlib import Path
from zoneinfo import ZoneInfo

import pytest
from sqlalchemy import select

from models.database import SYSTEM, reading
from models.language import LANGUAGES
from models.nightly import NightlyRun
from screens.sign_in import SignInScreen
from services.nightly import STEPS
from tests.demo_home import demo_home, demo_template
from tui.cli.nightly import STEP_WORDS
from tui.cli.office import now
from tui.command_line import run
from tui.console import _console
from tui.door import Door
from tui.settings import SettingsRefused, load_settings

__all__ = ["demo_home", "demo_template"]


def test_it_prints_one_json_value(home: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert run(["nightly", "--json"]) == 0
    said = capsys.readouterr()
    first = json.loads(said.out)
    assert said.err == ""
    assert {"night", "done", "already", "seconds"} <= set(first)
    assert (first["already"], tuple(first["done"])) == (False, STEPS)
    assert run(["nightly", "--json"]) == 0
    second = json.loads(capsys.readouterr().out)
    assert (second["already"], second["night"]) == (True, first["night"])
    assert second["done"] == first["done"]


def test_it_tells_people_what_was_done(home: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert run(["nightly"]) == 0
    told = capsys.readouterr()
    assert STEP_WORDS["journal"].text("fr") in told.out
    assert len(told.out.splitlines()) == 1, "steps that did nothing are not listed"
    assert run(["nightly"]) == 0
    again = capsys.readouterr()
    assert again.err != told.err


def test_a_step_that_failed_is_exit_1_and_tried_again(
    home: Path,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
) -> None:
    monkeypatch.setenv("TROUSSEAU_BOUNCE_SOURCE", str(tmp_path / "missing"))
    assert run(["nightly", "--json"]) == 1
    said = capsys.readouterr()
    assert json.loads(said.out)["finished"] is False
    assert "missing" in said.err
    (tmp_path / "missing").mkdir()
    assert run(["nightly", "--json"]) == 0
    assert json.loads(capsys.readouterr().out)["finished"] is True


@pytest.mark.parametrize("language", LANGUAGES)
def test_each_step_has_its_words(language: str) -> None:
    words = {STEP_WORDS[step].text(language) for step in STEPS}
    assert len(words) == len(STEPS)


class TestSettings:
    def test_without_any_it_is_three_in_brussels(self, home: Path) -> None:
        settings = load_settings()
        assert settings.schedule().time == time(3)
        assert settings.schedule().zone == ZoneInfo("Europe/Brussels")
        assert settings.reminder_days == 7
        assert settings.bounce_source is None

    def test_each_can_be_set(self, home: Path, monkeypatch: pytest.MonkeyPatch) -> None:
        monkeypatch.setenv("TROUSSEAU_NIGHTLY_AT", "23:30 America/Toronto")
        monkeypatch.setenv("TROUSSEAU_REMINDER_DAYS", "0")
        settings = load_settings()
        assert settings.schedule().time == time(23, 30)
        assert settings.schedule().zone == ZoneInfo("America/Toronto")
        assert settings.reminder_days == 0

    @pytest.mark.parametrize(
        ("name", "value"),
        [
            ("NIGHTLY_AT", "3"),
            ("NIGHTLY_AT", "25:00"),
            ("NIGHTLY_AT", "03:00 Mars/Phobos"),
            ("REMINDER_DAYS", "-1"),
            ("REMINDER_DAYS", "soon"),
        ],
    )
    def test_what_is_none_is_refused_by_its_name(
        self, home: Path, monkeypatch: pytest.MonkeyPatch, name: str, value: str
    ) -> None:
        monkeypatch.setenv(f"TROUSSEAU_{name}", value)
        with pytest.raises(SettingsRefused) as refused:
            load_settings().schedule()
        assert f"TROUSSEAU_{name}" in refused.value.wording.text("en")


class TestConsole:
    @pytest.mark.parametrize(("role", "does_it"), [("helpdesk", True), ("director", False)])
    async def test_the_helpdesks_console_does_a_night_that_nobody_did(
        self, demo_home: Path, role: str, does_it: bool
    ) -> None:
        door = Door()
        console = _console(lambda: SignInScreen(door), door)
        async with console.run_test():
            console.role = role
            console.look_after_nights()
            await console.workers.wait_for_complete(
                [worker for worker in console.workers if worker.group == "nightly"]
            )
        _settings, engine = door.open()
        with reading(engine, SYSTEM, now()) as session:
            nights = session.scalars(select(NightlyRun)).all()
        engine.dispose()
        assert [night.finished_at is not None for night in nights] == [True] * does_it
