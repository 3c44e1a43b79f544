"""What is shipped for an administrator: it can be read by what reads it, and it agrees."""

import re
import shlex
import shutil
import subprocess
from pathlib import Path

import pytest

from tests.servers import Unavailable, make_folder
from tests.ssh.server import DEPLOY, SshServer
from tui.command_line import run
from tui.settings import Settings

UNITS = sorted((DEPLOY / "systemd").glob("*.*"))
SERVICES = [unit for unit in UNITS if unit.suffix == ".service"]
DROP_INS = sorted((DEPLOY / "systemd" / "postgresql").glob("*/*.conf"))
#: What every service must be held to.
HARDENED = {
    "NoNewPrivileges=yes", "ProtectSystem=strict", "ProtectHome=yes", "PrivateTmp=yes",
    "PrivateDevices=yes", "CapabilityBoundingSet=", "UMask=0077", "User=trousseau",
    "RestrictSUIDSGID=yes", "SystemCallFilter=@system-service", "LimitCORE=0",
}  # fmt: skip
SETTINGS = "EnvironmentFile=/etc/trousseau/environment"
#: The parent of the sessions, which is to see no setting and no database.
SERVE = "trousseau-serve"


@pytest.mark.parametrize("unit", SERVICES, ids=lambda unit: unit.name)
def test_every_service_is_hardened(unit: Path) -> None:
    lines = set(unit.read_text().splitlines())
    assert lines >= HARDENED
    assert (SETTINGS in lines) != (unit.stem == SERVE)


@pytest.mark.parametrize("unit", SERVICES, ids=lambda unit: unit.name)
def test_what_a_service_runs_is_a_command(unit: Path, capsys: pytest.CaptureFixture[str]) -> None:
    (told,) = re.findall(r"bin/trousseau ([a-z -]+[a-z])", unit.read_text())
    assert run([*shlex.split(told), "--help"]) == 0
    assert "Usage" in capsys.readouterr().out


def test_every_timer_has_its_service() -> None:
    timers = {unit.stem for unit in UNITS if unit.suffix == ".timer"}
    services = {unit.stem for unit in SERVICES}
    assert timers == {"trousseau-nightly", "trousseau-backup"} and timers < services
    assert {path.parent.name.removesuffix(".service.d") for path in DROP_INS} == services - {SERVE}


def test_systemd_understands_the_units(tmp_path: Path) -> None:
    analyze = shutil.which("systemd-analyze")
    if analyze is None:
        pytest.skip("there is no systemd-analyze to ask")
    root = tmp_path / "root"
    place = root / "etc" / "systemd" / "system"
    shutil.copytree(DEPLOY / "systemd", place)
    for drop_in in (place / "postgresql").iterdir():
        drop_in.rename(place / drop_in.name)
    for program in ("opt/trousseau/.venv/bin/trousseau", "bin/sh", "usr/bin/find",
                    "usr/bin/pg_dump"):  # fmt: skip
        (root / program).parent.mkdir(parents=True, exist_ok=True)
        (root / program).write_text("#!/bin/sh\n")
        (root / program).chmod(0o755)
    told = subprocess.run(
        [analyze, "verify", f"--root={root}", "--recursive-errors=no", *(u.name for u in UNITS)],
        capture_output=True, text=True, timeout=50,
    )  # fmt: skip
    assert told.returncode == 0 and not re.search(r"\.(service|timer).*:", told.stderr), told.stderr


def test_keys_alone_open_the_door_unless_more_is_wished() -> None:
    folder = make_folder()
    try:
        with SshServer(folder / "server", without_key=False) as server:
            found = server.settings()
            assert found["authenticationmethods"] == "publickey"
            assert found["passwordauthentication"] == "no"
            others = server.settings("somebody")
            assert others["disableforwarding"] == "no" and others["forcecommand"] == "none"
            answer = server.ask(None, options=["-o", "NumberOfPasswordPrompts=0"])
            assert answer.status == 255 and "(publickey)" in answer.err
    except Unavailable as error:
        pytest.skip(f"NOT TESTED OVER SSH: {error}")
    finally:
        shutil.rmtree(folder, ignore_errors=True)


@pytest.mark.parametrize("name", ["ssh", "keys", "trousseau"])
def test_the_wrappers_are_shell_and_hand_nothing_on(name: str) -> None:
    path = DEPLOY / "bin" / name
    assert path.stat().st_mode & 0o111
    assert subprocess.run(["sh", "-n", path], capture_output=True).returncode == 0
    text = path.read_text()
    assert re.search(r"^exec (\S+ )*env -i \\$", text, re.MULTILINE)
    assert name == "trousseau" or "/python -I " in text


def test_the_settings_that_are_shown_exist() -> None:
    text = (DEPLOY / "environment.example").read_text()
    named = {name.lower() for name in re.findall(r"^#?TROUSSEAU_([A-Z_]+)=", text, re.MULTILINE)}
    assert named and named <= set(Settings.model_fields)


def test_the_steps_speak_of_every_file() -> None:
    steps = (DEPLOY / "README.md").read_text()
    for path in [*(DEPLOY / "bin").iterdir(), *(DEPLOY / "sshd_config.d").iterdir(),
                 DEPLOY / "environment.example"]:  # fmt: skip
        assert f"deploy/{path.relative_to(DEPLOY)}" in steps, path.name
    for unit in SERVICES:
        assert unit.stem in steps
