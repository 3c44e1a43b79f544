"""Real consoles from a real parent: what a person sees who comes in over SSH."""

import os
import signal
import subprocess
import sys
from pathlib import Path

from tests.tui.serve.running import Serving, is_alive, until

TROUSSEAU = Path(sys.executable).parent / "trousseau"


def test_the_sign_in_screen_is_a_console_on_the_callers_terminal(consoles: Serving) -> None:
    consoles.set()
    with consoles.call() as line:
        line.wait_for("Adresse e-mail", "F2")
        assert line.is_raw
        line.resize(60, 20)
        line.type("nobody@house")
        line.wait_for("nobody@house")
        line.type("\x1b")
        assert line.wait_for_end() == 0
        assert not line.is_raw


def test_a_person_may_have_so_many_sessions(consoles: Serving) -> None:
    """Whether forked or not: they are counted by locks that end with a process."""
    consoles.set(SESSIONS_A_PERSON=1)
    with consoles.call() as first:
        first.wait_for("Adresse e-mail")
        with consoles.call() as second:
            assert second.wait_for_end() == 1
            assert "Vous avez déjà 1 session ouverte" in second.screen
        with consoles.call(TROUSSEAU_SOCKET="") as alone:
            assert alone.wait_for_end() == 1
            assert "Vous avez déjà 1 session ouverte" in alone.screen
        with consoles.call(SSH_CONNECTION="192.0.2.8 5 192.0.2.1 22") as somebody_else:
            somebody_else.wait_for("Adresse e-mail")
            somebody_else.send(signal.SIGTERM)
            assert somebody_else.wait_for_end() == 143
        process = consoles.children()[0]
        first.send(signal.SIGKILL)
        until(lambda: not is_alive(process), "the first session's end")
    with consoles.call() as again:
        again.wait_for("Adresse e-mail")
        again.send(signal.SIGTERM)
        assert again.wait_for_end() == 143


def test_there_may_be_so_many_in_all(consoles: Serving) -> None:
    consoles.set(SESSIONS=1)
    with consoles.call() as first:
        first.wait_for("Adresse e-mail")
        with consoles.call(SSH_CONNECTION="192.0.2.8 5 192.0.2.1 22") as second:
            assert second.wait_for_end() == 1
            assert "autant de monde que de places" in second.screen
        first.send(signal.SIGTERM)
        assert first.wait_for_end() == 143


def test_it_comes_up_with_the_least_memory_that_may_be_set(consoles: Serving) -> None:
    consoles.set(SESSION_MEMORY=256)
    with consoles.call() as line:
        line.wait_for("Adresse e-mail", "F2")
        until(lambda: (consoles.folder / "home" / "data" / "trousseau.db").exists(), "a database")
        (session,) = consoles.children()
        limits = Path(f"/proc/{session}/limits").read_text()
        assert f"Max data size             {256 * 2**20}" in limits
        line.send(signal.SIGTERM)
        assert line.wait_for_end() == 143


def test_new_settings_hold_for_new_sessions(consoles: Serving) -> None:
    for language, word in (("en", "E-mail address"), ("fr", "Adresse e-mail")):
        consoles.set(LANGUAGE=language)
        with consoles.call() as line:
            line.wait_for(word)
            line.send(signal.SIGTERM)
            assert line.wait_for_end() == 143


def test_the_command_takes_no_setting_along(folder: Path) -> None:
    """What it is started with may hold a password, and the parent is to hold none."""
    settings = folder / "environment"
    settings.write_text("TROUSSEAU_MAIL_PASSWORD=quatre-chevaux-volants\n")
    server = Serving(folder, [str(TROUSSEAU), "serve", str(folder / "run" / "console")])
    server.set()
    server.start(TROUSSEAU_SETTINGS=str(settings), TROUSSEAU_DATABASE_URL="postgresql://x:y@z/")
    try:
        told = Path(f"/proc/{server.process}/environ").read_bytes()
        assert b"PATH=" in told and b"TROUSSEAU" not in told and b"chevaux" not in told
        with server.call() as line:
            line.wait_for("Adresse e-mail")
            assert len(server.children()) == 1
            line.send(signal.SIGTERM)
            assert line.wait_for_end() == 143
    finally:
        assert server.end() == 0
    assert os.listdir(folder / "run") == []


def test_a_folder_that_others_may_write_is_refused(folder: Path) -> None:
    place = folder / "run"
    place.mkdir()
    place.chmod(0o777)
    server = Serving(folder, [str(TROUSSEAU), "serve", str(place / "console")])
    told = subprocess.run(server._command, capture_output=True, text=True)
    assert told.returncode == 1 and "not its owner's alone" in told.stderr
