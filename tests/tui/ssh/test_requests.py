"""What is understood of a request over SSH, without a server: quickly, and much more of it."""

import io
import os
import signal
import subprocess
import sys
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from models.rights import ROLES
from models.ssh_keys import fingerprint
from tests.test_project import ROOT
from tui.command_line import run
from tui.settings_file import take_settings
from tui.ssh import log
from tui.ssh.__main__ import serve
from tui.ssh.commands import COMMANDS, Command, RequestRefused, name_for_log, parse
from tui.ssh.limits import Limits, seat
from tui.ssh.standard_input import InputRefused, WholeInput
from tui.ssh.visitor import NOWHERE, Visitor, visitor_of


@pytest.mark.parametrize(
    ("asked", "arguments"),
    [
        ("import staff", ["import", "-", "--as=staff"]),
        ("trousseau import staff -", ["import", "-", "--as=staff"]),
        (
            "import oneroster - --year 2026-2027 --yes --json",
            ["import", "-", "--as=oneroster", "--year=2026-2027", "--yes", "--json"],
        ),
        ("export access --as director", ["export", "access", "--output=-"]),
        (
            "access --status=active --on 2026-10-03",
            ["access", "--status=active", "--on=2026-10-03"],
        ),
        ("'consent' list", ["consent", "list"]),
        ("headnet list --school 4321 --state waiting", ["headnet", "list", "--state=waiting"]),
        ("headnet show --school 4321 --json", ["headnet", "show", "--json"]),
        ("headnet send --yes --school=4321", ["headnet", "send", "--yes"]),
        (
            "headnet address luc@ecole.example --yes",
            ["headnet", "address", "luc@ecole.example", "--yes"],
        ),
        (
            "headnet new-head --first-name 'Jean Luc' --surname D’Hondt --email a@b.example",
            [
                "headnet",
                "new-head",
                "--first-name=Jean Luc",
                "--surname=D’Hondt",
                "--email=a@b.example",
            ],
        ),
        ("workshop list --status waiting", ["workshop", "list", "--status=waiting"]),
        ("workshop show 0001-ZZ --json", ["workshop", "show", "0001-ZZ", "--json"]),
        ("workshop show --json 0001-ZZ", ["workshop", "show", "0001-ZZ", "--json"]),
        (
            "trousseau workshop check-date 2027-03-15 --school 4321",
            ["workshop", "check-date", "2027-03-15"],
        ),
        ("search dupont 'jean marc' --json", ["search", "dupont jean marc", "--json"]),
        ("search D\\'Hondt --limit 5", ["search", "D'Hondt", "--limit=5"]),
        ("diagnose dupont jean --json", ["diagnose", "dupont jean", "--json"]),
        ("search - --limit 5", ["search", "-", "--limit=5"]),
        ("diagnose - --json", ["diagnose", "-", "--json"]),
        ("workshop attendance '0001 ZZ'", ["workshop", "attendance", "0001 ZZ"]),
        ("document list --unread", ["document", "list", "--unread"]),
        ("document get 7", ["document", "get", "--output=-", "7"]),
        ("document get --version 2 7", ["document", "get", "--output=-", "7", "--version=2"]),
        (
            "document fetch 00001-ABCDE-fghjk-MNPQR-STVWX",
            ["document", "fetch", "--output=-", "00001-ABCDE-fghjk-MNPQR-STVWX"],
        ),
        ("document fetch '0 1'", ["document", "fetch", "--output=-", "0 1"]),
        ("conference ics 3", ["conference", "ics", "--output=-", "3"]),
        ("committee show 3 --json", ["committee", "show", "3", "--json"]),
        ("election list --status open", ["election", "list", "--status=open"]),
        ("election ballots 12 --csv", ["election", "ballots", "12", "--csv"]),
    ],
)
def test_a_request_becomes_arguments(asked: str, arguments: list[str]) -> None:
    assert list(parse(asked).arguments) == arguments


def test_role_and_school_are_taken_apart() -> None:
    request = parse("invitations --as=director --school 'proeco:12 b' --json")
    assert (request.role, request.school) == ("director", "proeco:12 b")
    assert "--school" not in " ".join(request.arguments)


@given(st.one_of(st.text(max_size=60), st.lists(st.sampled_from(
    ["import", "export", "staff", "access", "-", "--as", "--year", "--school", "--output", "-o",
     "--help", ";", "$(id)", "`id`", "/etc/passwd", "../x", "--json", "--json=1", "4321", "'",
     "headnet", "send", "address", "new-head", "--email", "--surname=$x", "--yes",
     "workshop", "show", "attendance", "check-date", "0001-ZZ", "2027-03-15", "--ics", "--report",
     "document", "conference", "committee", "list", "get", "ics", "7", "--version", "publish",
     "fetch", "00001-ABCDE-FGHJK-MNPQR-STVWX", "search", "dupont", "--limit", "5", "diagnose"]
)).map(" ".join)))  # fmt: skip
def test_whatever_is_asked_names_no_file_and_no_other_command(asked: str) -> None:
    try:
        arguments = parse(asked).arguments
    except RequestRefused:
        return
    known = {command.arguments for command in COMMANDS}
    assert any(arguments[: len(each)] == each for each in known)
    for argument in arguments:
        assert "/" not in argument and "$" not in argument and not argument.startswith("-o")
        assert argument in ("-", "--output=-") or not argument.startswith("--output")


@pytest.mark.parametrize(
    "asked",
    ["access --on 2026-10-03 --on 2026-10-04", "access --json=x", "access --year", "access x",
     "x" * 1_001, "", "access --as boss", "workshop", "workshop show", "workshop show --ics -",
     "workshop show 0001-ZZ --ics=-", "workshop attendance 0001-ZZ list.csv",
     "workshop attendance 0001-ZZ -", "workshop check-date 15/03/2027", "workshop list 0001-ZZ",
     "document get", "document get 7 -o pv.md", "document get 7 --output pv.md", "document get -1",
     "document publish pv.md", "document withdraw 7", "document import .", "document import -",
     "document replace 7 -", "conference ics 3 --output=x.ics", "conference ics",
     "document get 7 8", "headnet address --yes", "headnet address -o --yes", "headnet send x",
     "headnet new-head --email /etc/passwd", "headnet list --search x", "document fetch",
     "document fetch -o x", "document fetch ABC -o x", "document fetch ABC --output=x",
     "document fetch ABC --as helpdesk", "document fetch ABC DEF", "document fetch /etc/passwd",
     "document fetch " + "A" * 81, "document fetch --help",
     "search", "search - dupont", "search dupont -", "search -- -", "search --json",
     "search dupont --output=x", "search /etc/passwd", "search dupont --json martin", "diagnose",
     "diagnose --json", "diagnose /etc/passwd", "diagnose dupont --limit 5", "diagnose - x"],
)  # fmt: skip
def test_what_cannot_be_meant_is_refused(asked: str) -> None:
    with pytest.raises(RequestRefused):
        parse(asked)


def test_only_who_may_change_a_team_imports_it() -> None:
    allowed = {c.name: {role for role in ROLES if c.is_for(role)} for c in COMMANDS}
    assert allowed["import staff"] == {"helpdesk", "director"}
    assert allowed["export consents"] == {"helpdesk", "director"}
    assert allowed["export access"] == {"helpdesk", "director", "coordinator"}
    managed = {name for name, roles in allowed.items() if name.startswith("headnet ")}
    assert len(managed) == 5
    assert all(allowed[name] == {"helpdesk", "coordinator"} for name in managed)
    assert allowed["diagnose"] == allowed["search"] == {"helpdesk", "director", "coordinator"}
    assert not any({"staff", "parent"} & roles for roles in allowed.values())


def test_a_head_asks_for_workshops_reading_room_and_elections_alone() -> None:
    asked = {c.name for c in COMMANDS if c.is_for("head")}
    room = {c.name for c in COMMANDS if c.thing == "reading_room"}
    other = {c.name for c in COMMANDS if c.words[0] in ("workshop", "election")}
    assert asked == room | other
    assert room == {
        "document list", "document show", "document get", "document fetch", "conference list",
        "conference ics", "committee list", "committee show",
    }  # fmt: skip
    for command in COMMANDS:
        if command.thing in ("reading_room", "elections"):
            able = {role for role in ROLES if command.is_for(role)}
            assert able == {"helpdesk", "head"} and not command.change, command.name
        if command.words[0] == "workshop":
            able = {role for role in ROLES if command.is_for(role)}
            assert able == {"helpdesk", "director", "coordinator", "head"}, command.name


def test_nothing_but_a_code_is_asked_for_at_the_door() -> None:
    assert [c.name for c in COMMANDS if c.at_the_door] == ["document fetch"]


@pytest.mark.parametrize(
    ("asked", "named"),
    [
        ("/usr/bin/scp -t x", "scp"),
        ("hunter2", "…"),
        ("", "…"),
        ("import my-secret", "import"),
        ("document fetch 00001-ABCDE", "document"),
        ("00001-ABCDE-FGHJK", "…"),
    ],
)
def test_the_log_repeats_known_names_only(asked: str, named: str) -> None:
    assert name_for_log(asked) == named


# --- who comes in -----------------------------------------------------------------------


@pytest.mark.parametrize(
    ("connection", "origin"),
    [
        ("192.0.2.7 51000 192.0.2.1 22", "192.0.2.7"),
        ("2001:db8:1:2:aaaa::1 51000 2001:db8::1 22", "2001:db8:1:2:aaaa::1"),
        ("fe80::1%eth0 51000 fe80::2 22", "fe80::1"),
        ("\x1b[31m 1 2 3", NOWHERE),
        ("UNKNOWN 65535 UNKNOWN 65535", NOWHERE),
        ("", NOWHERE),
    ],
)
def test_the_origin_is_the_clients_address(connection: str, origin: str) -> None:
    assert visitor_of({"SSH_CONNECTION": connection}).origin == origin


def test_the_key_is_the_one_that_sshd_names(tmp_path: Path) -> None:
    told = tmp_path / "sshauth.x"
    told.write_text("password\npublickey ssh-ed25519 AAAA\npublickey ssh-ed25519 QUJD\n")
    told.chmod(0o600)
    assert visitor_of({"SSH_USER_AUTH": str(told)}).fingerprint == fingerprint(b"ABC")
    for text in ("", "password\n", "publickey ssh-ed25519\n", "publickey ssh-ed25519 !!\n"):
        told.write_text(text)
        assert visitor_of({"SSH_USER_AUTH": str(told)}).fingerprint is None


def test_a_file_that_others_may_have_written_tells_nothing(tmp_path: Path) -> None:
    told = tmp_path / "sshauth.x"
    told.write_text("publickey ssh-ed25519 QUJD\n")
    told.chmod(0o644)
    link = tmp_path / "link"
    pipe = tmp_path / "pipe"
    os.mkfifo(pipe, 0o600)
    assert visitor_of({"SSH_USER_AUTH": str(told)}).fingerprint is None
    told.chmod(0o600)
    link.symlink_to(told)
    for path in (link, pipe, tmp_path, tmp_path / "none", "\0", ""):
        assert visitor_of({"SSH_USER_AUTH": str(path)}).fingerprint is None


# --- standard input, log, settings ------------------------------------------------------


def test_input_is_whole_or_nothing() -> None:
    there, here = os.pipe()
    try:
        whole = io.BufferedReader(WholeInput(io.BytesIO(b"x" * 100), here, 100))  # type: ignore[arg-type]
        assert whole.read(1_000) == b"x" * 100
        more = io.BufferedReader(WholeInput(io.BytesIO(b"x" * 101), here, 100))  # type: ignore[arg-type]
        with pytest.raises(InputRefused):
            more.read(1_000)
        os.close(there)
        with pytest.raises(InputRefused):
            WholeInput(io.BytesIO(b""), here).readinto(memoryview(bytearray(8)))  # type: ignore[arg-type]
    finally:
        os.close(here)


def test_nobody_holds_a_command_open_for_ever() -> None:
    """With an input that never ends, for instance."""
    program = (
        "import sys, tui.ssh.__main__ as ssh\n"
        "ssh.LONGEST_COMMAND = 1\n"
        "ssh._limit()\n"
        "try:\n    sys.stdin.read()\nexcept ssh.TimeUp:\n    print('time is up')\n"
    )
    silent, held = os.pipe()
    try:
        done = subprocess.run([sys.executable, "-c", program], cwd=ROOT, stdin=silent,
                              capture_output=True, text=True, timeout=30)  # fmt: skip
    finally:
        os.close(silent)
        os.close(held)
    assert done.stdout == "time is up\n", done.stderr


def test_the_log_is_private_and_bounded(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    from tests.demo_home import AT

    monkeypatch.setattr(log, "_LARGEST", 500)
    folder = tmp_path / "state"
    for number in range(30):
        log.record(folder, AT, "refused", reason="unknown", number=number, none=None)
    files = sorted(folder.iterdir())
    assert {path.name for path in files} in ({"ssh.jsonl.1"}, {"ssh.jsonl", "ssh.jsonl.1"})
    assert all(path.stat().st_mode & 0o077 == 0 for path in files)
    assert sum(path.stat().st_size for path in files) < 1_500
    log.record(files[0], AT, "nowhere")  # a log that cannot be written stops nobody


def test_settings_come_from_the_file_alone(tmp_path: Path) -> None:
    file = tmp_path / "environment"
    file.write_text(
        "# a comment\nTROUSSEAU_HOME=/var/lib/x\nTROUSSEAU_MAIL_FROM='a@b.example'\n"
        "PYTHONPATH=/evil\nexport X=1\nTROUSSEAU_DATABASE_URL=postgresql:///x?host=/run&a=b=c\n"
    )
    environment = {"TROUSSEAU_SETTINGS": str(file), "TROUSSEAU_LANGUAGE": "en", "TERM": "xterm"}
    take_settings(environment)
    assert environment == {
        "TROUSSEAU_HOME": "/var/lib/x",
        "TROUSSEAU_MAIL_FROM": "a@b.example",
        "TROUSSEAU_DATABASE_URL": "postgresql:///x?host=/run&a=b=c",
        "TERM": "xterm",
    }


@pytest.mark.parametrize("module", ["tui.ssh.keys", "tui.ssh.__main__"])
def test_what_sshd_waits_for_is_light(module: str) -> None:
    found = subprocess.run(
        [sys.executable, "-c", f"import {module}, sys; print('\\n'.join(sys.modules))"],
        cwd=ROOT, capture_output=True, text=True, timeout=50, check=True,
    )  # fmt: skip
    heavy = {"textual", "sqlmodel", "sqlalchemy", "pydantic", "babel", "typer"}
    assert not heavy & set(found.stdout.split())


@pytest.mark.parametrize("wrong", ["open", "garbage", "settings", "folder"])
def test_what_is_wrong_with_the_installation_is_not_for_strangers(
    home: Path, wrong: str, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    database = home / "data" / "trousseau.db"
    database.parent.mkdir(parents=True, mode=0o700)
    database.write_bytes(b"no database at all" * 500)
    database.chmod(0o644 if wrong == "open" else 0o600)
    if wrong == "settings":
        monkeypatch.setenv("TROUSSEAU_TOKEN_DAYS", "many")
    if wrong == "folder":
        monkeypatch.setenv("TROUSSEAU_HOME", str(database))
    monkeypatch.setattr(sys, "stdin", sys.stdin)  # it takes another, and an alarm
    alarm = signal.getsignal(signal.SIGALRM)
    try:
        assert serve(Visitor("192.0.2.7", "SHA256:" + "A" * 43, "access --json")) == 1
    finally:
        signal.alarm(0)
        signal.signal(signal.SIGALRM, alarm)
    told = capsys.readouterr()
    assert told.out == "" and len(told.err.splitlines()) == 1
    assert not any(word in told.err for word in (str(home), "TROUSSEAU", "Traceback", "sqlite"))


def test_strangers_are_counted_among_the_sessions(home: Path, tmp_path: Path) -> None:
    file = tmp_path / "environment"
    file.write_text(f"TROUSSEAU_HOME={home}\nTROUSSEAU_SESSIONS_A_PERSON=1\n")
    with seat(home / "state", "192.0.2.7", Limits()):
        found = subprocess.run(
            [sys.executable, "-m", "tui.ssh"], cwd=ROOT, capture_output=True, text=True, timeout=50,
            env={**os.environ, "TROUSSEAU_SETTINGS": str(file),
                 "SSH_CONNECTION": "192.0.2.7 1 192.0.2.1 22",
                 "SSH_ORIGINAL_COMMAND": "document fetch 00001-ABCDE-FGHJK-MNPQR-STVWX"},
        )  # fmt: skip
    assert (found.returncode, found.stdout) == (1, "") and found.stderr
    (line,) = (home / "state" / "ssh.jsonl").read_text().splitlines()
    assert '"reason": "NoRoom"' in line and "ABCDE" not in line


def test_a_database_that_does_not_answer_is_told_without_its_address(tmp_path: Path) -> None:
    file = tmp_path / "environment"
    file.write_text("TROUSSEAU_DATABASE_URL=postgresql+psycopg://u:hunter2@127.0.0.1:1/x\n")
    found = subprocess.run(
        [sys.executable, "-m", "tui.ssh.keys", "SHA256:" + "A" * 43], cwd=ROOT,
        env={**os.environ, "TROUSSEAU_SETTINGS": str(file)}, capture_output=True, text=True,
        timeout=50,
    )  # fmt: skip
    assert (found.returncode, found.stdout) == (1, "")
    assert "hunter2" not in found.stderr and "Traceback" not in found.stderr


@pytest.mark.parametrize("command", COMMANDS, ids=lambda command: command.name)
def test_every_command_of_the_list_is_one_of_the_command_line(
    command: Command, capsys: pytest.CaptureFixture[str]
) -> None:
    assert run([*command.arguments, "--help"]) == 0
    told = capsys.readouterr().out
    chosen_by = {"--as", "--school"} if command.school == "never" else {"--as"}
    for option in set(command.options) - chosen_by:
        assert option in told, option
