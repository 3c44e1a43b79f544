"""The settings: what each variable does, what is refused, and that secrets stay hidden."""

import os
import stat
from pathlib import Path

import pytest
from textual.driver import Driver
from textual.drivers.linux_driver import LinuxDriver
from textual.screen import Screen

from models.language import LANGUAGES
from tui.app import TrousseauApp
from tui.appearance import STYLES, Appearance, appearance, driver
from tui.drawing.driver import ChangesDriver
from tui.settings import Settings, SettingsRefused, folders, load_settings

SECRET = "pa55-word-of-the-relay"


def test_without_any_variable_everything_has_its_default(
    monkeypatch: pytest.MonkeyPatch, home: Path
) -> None:
    monkeypatch.delenv("TROUSSEAU_HOME")
    settings = load_settings()
    assert settings.embedded
    assert settings.database().startswith("sqlite:///")
    assert settings.database().endswith("trousseau/trousseau.db")
    assert settings.mail().maildir == settings.folders.maildir
    assert settings.appearance == Appearance("fr", "colour")
    assert settings.token_days is None
    assert settings.mass_change_share == 0.25


def test_home_moves_every_folder(home: Path) -> None:
    settings = load_settings()
    for path in (settings.folders.config, settings.folders.data, settings.folders.state):
        assert path.is_relative_to(home)
    assert settings.database() == f"sqlite:///{home}/data/trousseau.db"
    assert settings.mail().maildir == home / "data" / "mail"
    assert not settings.folders.key_file.is_relative_to(settings.folders.data)


def test_a_relative_home_does_not_move_with_the_current_folder(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    monkeypatch.chdir(tmp_path)
    assert folders(Path("here")).data == tmp_path / "here" / "data"


def test_folders_are_made_for_their_owner_alone(home: Path) -> None:
    before = os.umask(0)
    try:
        load_settings().folders.create()
        load_settings().folders.create()
    finally:
        os.umask(before)
    made = [home, *(home / name for name in ("config", "data", "state"))]
    assert {stat.S_IMODE(path.stat().st_mode) for path in made} == {0o700}


def test_a_folder_that_cannot_be_made_is_told_in_words(home: Path) -> None:
    home.write_text("a file is in the way")
    with pytest.raises(SettingsRefused) as refused:
        load_settings().folders.create()
    assert str(home / "config") in refused.value.wording.text("en")


@pytest.mark.parametrize(
    ("variable", "value"),
    [
        ("TROUSSEAU_LANGUAGE", "nl"),
        ("TROUSSEAU_STYLE", "psychedelic"),
        ("TROUSSEAU_DRIVER", "curses"),
        ("TROUSSEAU_TOKEN_DAYS", "0"),
        ("TROUSSEAU_TOKEN_DAYS", "366"),
        ("TROUSSEAU_TOKEN_DAYS", "a fortnight"),
        ("TROUSSEAU_MASS_CHANGE_SHARE", "0"),
        ("TROUSSEAU_MASS_CHANGE_SHARE", "1.5"),
        ("TROUSSEAU_MASS_CHANGE_SHARE", "nan"),
    ],
)
def test_a_wrong_value_is_refused_by_the_name_of_its_variable(
    monkeypatch: pytest.MonkeyPatch, variable: str, value: str
) -> None:
    monkeypatch.setenv(variable, value)
    with pytest.raises(SettingsRefused) as refused:
        load_settings()
    for language in LANGUAGES:
        assert variable in refused.value.wording.text(language)


def test_the_limits_themselves_are_taken(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("TROUSSEAU_TOKEN_DAYS", "365")
    monkeypatch.setenv("TROUSSEAU_MASS_CHANGE_SHARE", " 1 ")
    settings = load_settings()
    assert (settings.token_days, settings.mass_change_share) == (365, 1.0)


def test_an_empty_variable_is_as_good_as_none(monkeypatch: pytest.MonkeyPatch) -> None:
    for name in ("DATABASE_URL", "MAIL_URL", "LANGUAGE", "TOKEN_DAYS"):
        monkeypatch.setenv(f"TROUSSEAU_{name}", "")
    settings = load_settings()
    assert settings.embedded
    assert settings.mail().maildir is not None
    assert settings.token_days is None


def test_the_mail_server_and_its_password(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    password = tmp_path / "password"
    password.write_text(SECRET + "\n")
    password.chmod(0o600)
    monkeypatch.setenv("TROUSSEAU_MAIL_URL", "smtps://console@mail.example.org")
    monkeypatch.setenv("TROUSSEAU_MAIL_PASSWORD_FILE", str(password))
    mail = load_settings().mail()
    assert (mail.host, mail.user, mail.password) == ("mail.example.org", "console", SECRET)


def test_the_meeting_server_and_its_secret(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    assert load_settings().meetings() is None
    secret = tmp_path / "secret"
    secret.write_text(SECRET + "\n")
    secret.chmod(0o600)
    monkeypatch.setenv("TROUSSEAU_BIGBLUEBUTTON_URL", "https://bbb.example.org/bigbluebutton/")
    monkeypatch.setenv("TROUSSEAU_BIGBLUEBUTTON_SECRET_FILE", str(secret))
    monkeypatch.setenv("TROUSSEAU_BIGBLUEBUTTON_CALLBACK", "https://console.example.org/a")
    found = load_settings().meetings()
    assert found is not None
    assert (found.shown, found.secret) == ("bbb.example.org", SECRET)
    assert found.callback_url == "https://console.example.org/a"


def test_no_secret_shows(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("TROUSSEAU_DATABASE_URL", f"postgresql+psycopg://u:{SECRET}@host/db")
    monkeypatch.setenv("TROUSSEAU_MAIL_URL", f"smtp://u:{SECRET}@host")
    monkeypatch.setenv("TROUSSEAU_MAIL_PASSWORD", SECRET)
    monkeypatch.setenv("TROUSSEAU_BIGBLUEBUTTON_SECRET", SECRET)
    settings = load_settings()
    assert not settings.embedded
    assert SECRET in settings.database()
    for shown in (repr(settings), str(settings), str(settings.model_dump())):
        assert SECRET not in shown
    with pytest.raises(ValueError) as invalid:
        Settings(token_days=SECRET)
    assert SECRET not in str(invalid.value)


def test_settings_do_not_come_from_a_file_in_the_current_folder(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    (tmp_path / ".env").write_text("TROUSSEAU_TOKEN_DAYS=3\n")
    monkeypatch.chdir(tmp_path)
    assert load_settings().token_days is None


@pytest.mark.parametrize("language", LANGUAGES)
@pytest.mark.parametrize("style", STYLES)
def test_appearance_agrees_with_the_settings(
    monkeypatch: pytest.MonkeyPatch, language: str, style: str
) -> None:
    monkeypatch.setenv("TROUSSEAU_LANGUAGE", language)
    monkeypatch.setenv("TROUSSEAU_STYLE", style)
    assert appearance() == load_settings().appearance == Appearance(language, style)


def test_appearance_survives_what_does_not_exist() -> None:
    assert appearance({"TROUSSEAU_LANGUAGE": "xx", "TROUSSEAU_STYLE": "?"}) == Appearance()
    assert appearance({"TROUSSEAU_LANGUAGE": " EN "}).language == "en"


@pytest.mark.parametrize(
    ("asked", "drawn_by"),
    [("", "changes"), ("changes", "changes"), (" Stock ", "stock"), ("curses", "changes")],
)
def test_who_draws(asked: str, drawn_by: str) -> None:
    assert driver({"TROUSSEAU_DRIVER": asked}) == drawn_by


@pytest.mark.parametrize(("asked", "kind"), [("stock", LinuxDriver), ("", ChangesDriver)])
def test_the_app_draws_with_the_driver_that_is_asked_for(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path, asked: str, kind: type[Driver]
) -> None:
    monkeypatch.setenv("TROUSSEAU_DRIVER", asked)
    assert TrousseauApp(Screen[None], state_folder=tmp_path).driver_class is kind
