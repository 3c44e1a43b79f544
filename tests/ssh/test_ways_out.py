"""Ways out of the console that people have tried on others, through a real sshd.

Each is refused, is in a log, and tells nothing of the server. What is tried by the owner of a
helpdesk key is tried by whoever may do most.
"""

import json
import os
import socket
import sqlite3
import subprocess
import time
from collections.abc import Callable
from contextlib import closing
from pathlib import Path
from typing import TypeVar

import pytest

from tests.ssh.server import PATIENCE, UID, USER, Answer, SshServer, select_nothing
from tests.terminal import Terminal

Keys = dict[str, Path]
T = TypeVar("T")
#: What no answer to anybody may hold.
_OF_THE_SERVER = ("/mnt", "/opt", "/etc/", "/tmp", "python", "Traceback", "root:", "uid=", str(UID))
_SIGN_IN = "Adresse e-mail"


def nothing_is_shown(answer: Answer, *typed: str) -> None:
    """Fail where an answer shows something of the server that was not typed by whoever asked."""
    told = answer.err
    for word in typed:
        told = told.replace(word, "")
    assert not any(word in told for word in _OF_THE_SERVER), told
    assert "\x1b" not in told and "\a" not in told, repr(told)
    assert answer.out == b""


def reasons(noted: str) -> list[str]:
    return [json.loads(line).get("reason", "") for line in noted.splitlines()]


# --- commands ---------------------------------------------------------------------------


@pytest.mark.parametrize(
    "command",
    [
        "sh",
        "/bin/sh -c id",
        "env",
        "import staff; id",
        "import staff && id",
        "import staff $(id)",
        "import staff `id`",
        "import staff\nid",
        "import staff | tee x",
        "import staff /etc/passwd",
        "import /etc/passwd --as staff",
        "export access --output /var/tmp/out.csv",
        "access --school --help",
        "access '--school=--help'",
        "consent form --school 98101 -o out.pdf",
        "trousseau db backup out.db",
        "account add me@x.example --role helpdesk",
        "plan undo 1",
        "scp -t .",
        "rsync --server --sender . /",
        "import staff 'unbalanced",
        "\x1b]0;gotcha\x07\x1b[31mred",
        "access --status=\x9b31m",
    ],
)
def test_what_is_not_in_the_list_is_refused(server: SshServer, keys: Keys, command: str) -> None:
    before = server.noted
    answer = server.ask(keys["helpdesk"], command)
    assert answer.status == 2
    nothing_is_shown(answer, *command.split())
    (line,) = server.noted[len(before) :].splitlines()
    assert json.loads(line)["outcome"] == "refused"
    # What somebody typed may have been a password.
    assert "unbalanced" not in line and "gotcha" not in line and "me@x" not in line


def test_garbage_and_floods_are_refused(server: SshServer, keys: Keys) -> None:
    garbage = bytes(set(range(1, 256)) - set(b"\n")).decode("latin-1").encode("utf-8", "replace")
    for command in (os.fsdecode(b"import \xff\xfe\x80 staff"), os.fsdecode(garbage), "x" * 100_000):
        answer = server.ask(keys["helpdesk"], command)
        assert answer.status == 2, answer
        nothing_is_shown(answer)
    assert {"too-long", "unreadable"} <= set(reasons(server.noted))


def test_a_terminal_makes_no_command_of_it(server: SshServer, keys: Keys) -> None:
    for command in ("sh -i", "import staff"):
        answer = server.ask(keys["helpdesk"], command, options=["-tt"])
        assert answer.status == 2
        assert not any(word.encode() in answer.out for word in _OF_THE_SERVER)


def test_a_role_may_do_only_what_it_may(server: SshServer, keys: Keys) -> None:
    for name, command in (
        ("staff", "export access"),
        ("coordinator", "export consents"),
        ("director", "export access --as helpdesk"),
        ("director", "export access --school 98103"),
    ):
        answer = server.ask(keys[name], command)
        assert answer.status == 2, (name, command)
        nothing_is_shown(answer)


def test_a_key_of_no_account_has_no_commands(server: SshServer, keys: Keys) -> None:
    answer = server.ask(keys["shared"], "export access")
    assert answer.status == 2
    nothing_is_shown(answer)
    assert reasons(server.noted)[-1] == "no-account"


def test_without_a_terminal_there_is_no_console(server: SshServer, keys: Keys) -> None:
    answer = server.ask(keys["director"], options=["-T"])
    assert answer.status == 2 and "ssh -t" in answer.err
    nothing_is_shown(answer)


def test_the_login_shell_is_none(server: SshServer) -> None:
    """Whatever becomes of `ForceCommand`."""
    for arguments in (("-c", "id"), ("-l",), ("-i",), ("-c", "import staff")):
        answer = server.shell(*arguments)
        assert answer.status == 2
        nothing_is_shown(answer)


# --- files ------------------------------------------------------------------------------


@pytest.mark.parametrize("how", [[], ["-O"]], ids=["sftp", "rcp"])
def test_scp_copies_nothing(server: SshServer, keys: Keys, tmp_path: Path, how: list[str]) -> None:
    sent = tmp_path / "sent"
    sent.write_text("x")
    for source, target in (
        (str(sent), f"{USER}@127.0.0.1:sent"),
        (f"{USER}@127.0.0.1:/etc/passwd", str(tmp_path / "got")),
    ):
        assert server.copy("scp", keys["helpdesk"], *how, source, target).status != 0
    assert not (tmp_path / "got").exists()
    assert not (server.folder / "home" / "sent").exists()


def test_no_subsystem_is_one(server: SshServer, keys: Keys) -> None:
    told = server.copy("sftp", keys["helpdesk"], f"{USER}@127.0.0.1", input=b"ls /\n")
    assert told.status != 0 and b"mnt" not in told.out
    for name in ("sftp", "netconf"):
        answer = server.ask(keys["helpdesk"], name, options=["-s"])
        assert answer.status != 0
        nothing_is_shown(answer)


def test_files_of_the_home_open_nothing(server: SshServer, keys: Keys) -> None:
    """Whoever came to write there once could otherwise come again."""
    own = keys["unknown"].with_suffix(".pub").read_text()
    script = (
        "import pathlib, sys; d = pathlib.Path('/mnt/home/.ssh'); d.mkdir(0o700, exist_ok=True);"
        "(d / 'authorized_keys').write_text(sys.argv[1]);"
        "(d / 'environment').write_text('PYTHONPATH=/mnt/home\\n');"
        "(d / 'rc').write_text('touch /mnt/home/rc-ran\\n')"
    )
    server.python("-c", script, own)
    assert server.ask(keys["unknown"], "access").status == 255
    assert server.ask(keys["director"], "access --json").status == 0
    assert not (server.folder / "home" / "rc-ran").exists()


# --- forwarding -------------------------------------------------------------------------


def test_standard_input_is_forwarded_nowhere(server: SshServer, keys: Keys) -> None:
    answer = server.ask(keys["helpdesk"], options=["-W", f"127.0.0.1:{server.port}"])
    assert answer.status == 255
    assert b"SSH-2.0" not in answer.out
    assert "refused local port forward" in server.told


@pytest.mark.parametrize("asked", ["port", "socket"])
def test_nothing_listens_on_the_server(server: SshServer, keys: Keys, asked: str) -> None:
    where = "0:127.0.0.1:9" if asked == "port" else "/mnt/home/way.sock:127.0.0.1:9"
    options = ["-N", "-R", where, "-o", "ExitOnForwardFailure=yes"]
    assert server.ask(keys["helpdesk"], options=options).status == 255
    assert not (server.folder / "home" / "way.sock").exists()


def _free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


@pytest.mark.parametrize("how", ["-L", "-D"])
def test_no_port_leads_behind_the_server(server: SshServer, keys: Keys, how: str) -> None:
    port = _free_port()
    target = f"{port}:127.0.0.1:{server.port}" if how == "-L" else str(port)
    client = subprocess.Popen(
        server.client(keys["helpdesk"], options=["-N", how, target]),
        stdin=subprocess.DEVNULL, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL,
    )  # fmt: skip
    try:
        with _connected(port) as line:
            if how == "-D":
                line.sendall(b"\x05\x01\x00")
                assert line.recv(2) == b"\x05\x00"
                line.sendall(b"\x05\x01\x00\x01\x7f\x00\x00\x01" + server.port.to_bytes(2))
            assert b"SSH" not in _rest(line)
    finally:
        client.kill()
        client.wait()
    assert "refused local port forward" in server.told


def _connected(port: int) -> socket.socket:
    """Return a connection to a port that a client is about to listen on."""

    def try_it() -> socket.socket | None:
        try:
            return socket.create_connection(("127.0.0.1", port), timeout=PATIENCE)
        except ConnectionRefusedError:
            return None

    return _at_last(try_it)


def _rest(line: socket.socket) -> bytes:
    found = b""
    try:
        while content := line.recv(100):
            found += content
    except ConnectionResetError:
        pass
    return found


def test_the_configuration_says_no_to_everything_else(server: SshServer) -> None:
    """As sshd itself understood it, under a main file that allows all of this."""
    found = server.settings()
    assert {name: found[name] for name in (
        "disableforwarding", "allowtcpforwarding", "allowstreamlocalforwarding",
        "allowagentforwarding", "x11forwarding", "permittunnel", "gatewayports", "permituserrc",
        "permituserenvironment", "permitemptypasswords", "kbdinteractiveauthentication",
    )} == dict.fromkeys((
        "disableforwarding",), "yes") | dict.fromkeys((
        "allowtcpforwarding", "allowstreamlocalforwarding", "allowagentforwarding",
        "x11forwarding", "permittunnel", "gatewayports", "permituserrc", "permituserenvironment",
        "permitemptypasswords", "kbdinteractiveauthentication"), "no")  # fmt: skip
    assert (found["maxsessions"], found["clientaliveinterval"]) == ("1", "15")
    assert (found["exposeauthinfo"], found["permitopen"], found["permitlisten"]) == (
        "yes", "none", "none",
    )  # fmt: skip


# --- a second session, the environment, signals, the line -------------------------------


def _ready(terminal: Terminal) -> None:
    terminal.wait_for(_SIGN_IN, "F2")


def test_there_is_one_session_to_a_connection(server: SshServer, keys: Keys) -> None:
    control = server.folder / "mux"
    shared = ["-o", f"ControlPath={control}", "-o", "ControlMaster=auto"]
    with Terminal(
        server.client(keys["shared"], options=["-t", *shared])[1:],
        program=Path(server.client(None)[0]),
    ) as terminal:
        _ready(terminal)
        second = server.ask(keys["shared"], "access", options=shared)
        assert "Session open refused by peer" in second.err
        terminal.type("\x1b")
        assert terminal.wait_for_end() == 0


def _programs(server: SshServer) -> list[int]:
    return [process for process in server.processes() if _is_the_program(process)]


def _is_the_program(process: int) -> bool:
    """Tell whether it is the console or a command; what `sshd` asks about keys is neither."""
    try:
        command = (Path("/proc") / str(process) / "cmdline").read_bytes()
    except OSError:  # it has just ended
        return False
    return command.endswith(b"\0tui.ssh\0")


def _new_program(server: SshServer, others: set[int]) -> int:
    """Return the program that starts now beside the others."""
    return int(_at_last(lambda: next(iter(set(_programs(server)) - others), None)))


def _at_last(found: Callable[[], T | None]) -> T:
    """Ask until there is an answer, letting the server have the processor."""
    end = time.monotonic() + PATIENCE
    while (answer := found()) is None:
        assert time.monotonic() < end
        select_nothing(0.02)
    return answer


def test_nothing_of_the_clients_environment_arrives(server: SshServer, keys: Keys) -> None:
    sent = {
        "LC_ALL": "C", "LANG": "de_DE.ISO-8859-1", "PYTHONPATH": "/evil", "PYTHONINSPECT": "yes",
        "TEXTUAL_DRIVER": "os:system", "TEXTUAL_SCREENSHOT": "2", "TROUSSEAU_HOME": "/nowhere",
        "TROUSSEAU_LANGUAGE": "en", "SSH_USER_AUTH": "/etc/passwd", "BASH_ENV": "/etc/passwd",
        "TERM": "../../$(id)", "DISPLAY": ":0",
    }  # fmt: skip
    options = [part for name in sent for part in ("-o", f"SendEnv={name}")]
    command = server.client(keys["shared"], options=["-t", "-A", "-X", *options])
    others = set(_programs(server))
    with Terminal(command[1:], program=Path(command[0]), environment=sent) as terminal:
        _ready(terminal)
        (process,) = set(_programs(server)) - others
        content = (Path("/proc") / str(process) / "environ").read_bytes().decode()
        found = dict(each.split("=", 1) for each in content.split("\0") if each)
        assert set(found) == {
            "PATH", "PYTHONUTF8", "TERM", "HOME", "TROUSSEAU_SETTINGS", "TROUSSEAU_SOCKET",
            "SSH_CONNECTION", "SSH_USER_AUTH", "SSH_ORIGINAL_COMMAND",
        }  # fmt: skip
        assert not set(sent.values()) & set(found.values())
        assert found["TERM"] == "dumb"
        terminal.type("\x1b")
        assert terminal.wait_for_end() == 0


def test_no_key_suspends_or_kills_the_console(server: SshServer, keys: Keys) -> None:
    others = set(_programs(server))
    with server.terminal(keys["shared"]) as terminal:
        mine = _new_program(server, others)
        _at_last(lambda: terminal.is_raw or None)  # or the keys would end the client itself
        terminal.type("\x1a\x1c")  # Ctrl+Z and Ctrl+\, before the terminal is the console's
        _ready(terminal)
        # The client's own `~B` sends a break; Ctrl+P would open Textual's palette.
        terminal.type("\x1a\x1c\r~B\x10")
        terminal.type("secret")
        terminal.wait_for("••••••")
        assert "State:\tT" not in (Path("/proc") / str(mine) / "status").read_text()
        assert "screenshot" not in terminal.screen.lower()
        terminal.type("\x1b")
        assert terminal.wait_for_end() == 0


def test_the_console_ends_with_the_line(server: SshServer, keys: Keys) -> None:
    others = set(_programs(server))
    with server.terminal(keys["shared"]) as terminal:
        _ready(terminal)
        assert set(_programs(server)) - others
        terminal.hang_up()
        _at_last(lambda: None if set(_programs(server)) - others else True)


def test_a_name_full_of_escapes_is_a_name(server: SshServer, keys: Keys) -> None:
    command = server.client(keys["helpdesk"])
    command[-1] = "127.0.0.1"
    name = "x\x1b]0;gotcha\x07\x1b[31m"
    done = subprocess.run(
        [*command, "-l", name, "access"], stdin=subprocess.DEVNULL, capture_output=True,
        timeout=PATIENCE,
    )  # fmt: skip
    assert done.returncode == 255
    assert "\x1b" not in server.told and "\x07" not in server.told
    assert "\x1b" not in server.noted


def test_files_are_sent_and_not_named_in_the_console(server: SshServer, keys: Keys) -> None:
    with server.terminal(keys["director"]) as terminal:
        terminal.wait_for("Director Dupuis")
        terminal.type("g")
        terminal.wait_for("Aller à", "Importer un fichier")
        terminal.type("m")
        terminal.wait_for("ssh … import staff < staff.csv")
        terminal.type("q")
        assert terminal.wait_for_end() == 0


# --- standard input ---------------------------------------------------------------------


def _plans(server: SshServer) -> int:
    """Return how many plans there are; asked of the file, for a command takes a second."""
    path = server.folder / "home" / "data" / "trousseau.db"
    with closing(sqlite3.connect(f"file:{path}?mode=ro", uri=True)) as connection:
        return int(connection.execute("SELECT count(*) FROM plan").fetchone()[0])


def test_too_much_is_not_taken_in(server: SshServer, keys: Keys) -> None:
    before = _plans(server)
    flood = b"Nom;Pr\xc3\xa9nom\n" + b"x" * (64 * 2**20)
    answer = server.ask(keys["director"], "import staff --yes", input=flood)
    assert answer.status == 1 and "64" in answer.err
    nothing_is_shown(answer)
    assert _plans(server) == before


def test_garbage_is_refused_in_words(server: SshServer, keys: Keys) -> None:
    for content in (b"", bytes(range(256)) * 50, b"PK\x03\x04" + os.urandom(3_000)):
        answer = server.ask(keys["director"], "import staff --yes", input=content)
        assert answer.status == 1
        nothing_is_shown(Answer(1, b"", answer.err))


def test_half_a_file_is_no_file(server: SshServer, keys: Keys) -> None:
    """The line breaks after the half of a staff list: nobody has left the school by that."""
    before = _plans(server)
    others = set(_programs(server))
    client = subprocess.Popen(
        server.client(keys["director"], "import staff --yes --confirm 98101"),
        stdin=subprocess.PIPE, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL, bufsize=0,
    )  # fmt: skip
    assert client.stdin is not None
    client.stdin.write(
        "Nom;Prénom;Date de naissance;Fonction\nLambert;Anne;14/03/1974;Directrice\n".encode()
    )
    noted = server.noted
    program = _new_program(server, others)
    _at_last(lambda: _reads_its_input(program) or None)
    client.kill()
    client.wait()
    client.stdin.close()
    _at_last(lambda: None if set(_programs(server)) - others else True)
    assert _plans(server) == before
    (line,) = server.noted[len(noted) :].splitlines()[-1:]
    assert (json.loads(line)["outcome"], json.loads(line)["status"]) == ("done", 1)


def _reads_its_input(process: int) -> bool:
    """Tell whether a process waits in `read` for its standard input, the first descriptor."""
    return (Path("/proc") / str(process) / "syscall").read_text().split()[:2] == ["0", "0x0"]


def test_a_console_that_cannot_open_says_only_that(server: SshServer, keys: Keys) -> None:
    settings = server.folder / "etc" / "environment"
    right = settings.read_text()
    settings.write_text(right + "TROUSSEAU_DATABASE_URL=sqlite:////mnt/nowhere/x.db\n")
    try:
        answer = server.ask(keys["shared"], "access --json")
        assert answer.status == 1
        nothing_is_shown(answer)
        with server.terminal(keys["shared"]) as terminal:
            terminal.wait_for("inutilisable pour le moment")
            assert not any(word in terminal.screen for word in _OF_THE_SERVER)
            terminal.type("\x1b")
            assert terminal.wait_for_end() == 0
    finally:
        settings.write_text(right)
