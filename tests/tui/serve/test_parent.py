"""The parent: whom it serves, what it outlives, how it is replaced, what it holds."""

import os
import shutil
import signal
import socket
import subprocess
import sys
from contextlib import ExitStack
from pathlib import Path

import pytest

from tests.test_project import ROOT
from tests.tui.serve.running import CALLER, Line, Serving, is_alive, until
from tui.serve import messages

#: What a console that has started by itself says of the settings that these callers have.
BY_ITSELF = "Les réglages de cette installation"


def _call_by_itself(trial: Serving, **variables: str) -> None:
    """See that a caller starts the console by itself, as one without settings, and ends."""
    with trial.call(TROUSSEAU_SETTINGS=str(trial.folder / "none"), **variables) as line:
        assert line.wait_for_end() == 1
        assert BY_ITSELF in line.screen


def _end(line: Line, status: int) -> None:
    line.type(f"end {status}\n")
    assert line.wait_for_end() == status


# --- no parent, or one that does not serve ----------------------------------------------


def test_without_a_parent_the_console_starts_by_itself(trial: Serving) -> None:
    trial.end()
    assert not trial.place.exists()
    _call_by_itself(trial)


def test_a_place_that_a_killed_parent_left_hinders_nobody(trial: Serving) -> None:
    trial.end(signal.SIGKILL)
    assert trial.place.exists()
    _call_by_itself(trial)
    trial.start()
    with trial.call() as line:
        line.session()
        _end(line, 0)


def test_a_parent_that_hangs_hinders_nobody(trial: Serving) -> None:
    """And it opens no session, later, on a terminal that another console has."""
    os.kill(trial.process, signal.SIGSTOP)
    _call_by_itself(trial)
    os.kill(trial.process, signal.SIGCONT)
    with trial.call() as line:
        line.session()
        until(lambda: len(trial.children()) == 1, "one session alone")
        _end(line, 0)


def test_whoever_comes_with_many_others_waits_for_his_turn(trial: Serving) -> None:
    """As when a line comes back and all sign in again: nobody has the machine to himself."""
    trial.end()
    trial.start(TRIAL_FORK_SECONDS="0.2")
    with ExitStack() as last:
        lines = [last.enter_context(trial.call()) for _number in range(14)]
        assert len({line.session() for line in lines}) == len(lines)
        assert len(trial.children()) == len(lines)
        for line in lines:
            _end(line, 0)


def test_a_caller_of_another_program_starts_by_itself(trial: Serving, folder: Path) -> None:
    for fields in ({"protocol": "0"}, {"root": "/elsewhere"}, {"protocol": ""}):
        with trial.ask(0, 1, 2, **fields) as connection:
            assert messages.unpacked(connection.recv(100))[0] == messages.REFUSED
    until(lambda: not trial.children(), "nothing left of those that were refused")


def test_a_command_never_goes_to_the_parent(steady: Serving) -> None:
    _call_by_itself(steady, SSH_ORIGINAL_COMMAND="access --json")


def test_without_a_terminal_nobody_goes_to_the_parent(steady: Serving) -> None:
    done = subprocess.run(
        [sys.executable, "-I", "-S", CALLER], env=steady.environment, capture_output=True, text=True
    )
    assert done.returncode == 2 and "terminal" in done.stderr


@pytest.mark.skipif(os.getuid() != 0, reason="NOT TESTED: only root can be somebody else")
@pytest.mark.parametrize("ours", [True, False])
def test_another_user_is_not_served(trial: Serving, folder: Path, ours: bool) -> None:
    """Nor is a terminal handed to another user's parent, with all folders open to both."""
    place = trial.place
    if ours:
        place.parent.chmod(0o755)
        place.chmod(0o777)
        script = f"""
import os, socket
os.setgid(65534); os.setuid(65534)
connection = socket.socket(socket.AF_UNIX, socket.SOCK_SEQPACKET)
connection.connect({str(place)!r})
print(connection.recv(100))
"""
        told = subprocess.run([sys.executable, "-c", script], capture_output=True, text=True)
        assert told.stdout == "b''\n", told.stderr
        assert trial.children() == []
    else:
        _refuse_to_hand_over(trial, folder)


def _refuse_to_hand_over(trial: Serving, folder: Path) -> None:
    trial.end()
    script = f"""
import os, socket
listener = socket.socket(socket.AF_UNIX, socket.SOCK_SEQPACKET)
listener.bind({str(trial.place)!r})
os.chmod({str(trial.place)!r}, 0o777)
os.setgid(65534); os.setuid(65534)
listener.listen()
print("listening", flush=True)
print(listener.accept()[0].recv(100), flush=True)
"""
    with subprocess.Popen([sys.executable, "-c", script], stdout=subprocess.PIPE) as other:
        assert other.stdout is not None
        assert other.stdout.readline() == b"listening\n"
        _call_by_itself(trial)
        assert other.stdout.readline() == b"b''\n"
    trial.place.unlink()


# --- garbage and silence ----------------------------------------------------------------


@pytest.mark.parametrize(
    "content", [b"\0", b"\xff" * 100, b"ask", b"ask\0protocol=1", b"go", b"x" * 16_384]
)
def test_garbage_is_refused_and_closed(steady: Serving, content: bytes) -> None:
    before = sorted(steady.descriptors())
    with steady.greeted() as connection, Path(os.devnull).open() as thing:
        socket.send_fds(connection, [content], [thing.fileno()] * 5)
        assert messages.unpacked(connection.recv(100))[0] == messages.REFUSED
        assert messages.unpacked(connection.recv(100))[0] == messages.DEAD
        assert connection.recv(100) == b""
    until(lambda: sorted(steady.descriptors()) == before, "nothing kept of it")
    until(lambda: not steady.children(), "nothing left of what was refused")


@pytest.mark.parametrize("count", [0, 1, 2, 5, 8, 60])
def test_a_wrong_number_of_descriptors_is_refused(steady: Serving, count: int) -> None:
    before = sorted(steady.descriptors())
    with Path(os.devnull).open() as thing, steady.ask(*[thing.fileno()] * count) as connection:
        assert messages.unpacked(connection.recv(100))[0] == messages.REFUSED
    until(lambda: sorted(steady.descriptors()) == before, "nothing kept of it")


def test_whoever_says_nothing_is_dropped_and_hinders_nobody(steady: Serving) -> None:
    silent = [steady.greeted() for _number in range(20)]
    with steady.call() as line:
        line.session()
        _end(line, 5)
    assert all(connection.recv(100) == b"" for connection in silent)
    for connection in silent:
        connection.close()


def test_a_caller_that_does_not_say_go_gets_no_session(steady: Serving) -> None:
    """What was asked for is given up, and nothing is written to the terminal."""
    ours, theirs = os.openpty()
    with steady.ask(theirs, theirs, theirs) as connection:
        assert messages.unpacked(connection.recv(100))[0] == messages.READY
        assert len(steady.children()) == 1
    until(lambda: not steady.children(), "the end of what was begun")
    os.close(theirs)
    os.set_blocking(ours, False)
    with pytest.raises(OSError, match="Input/output"):
        os.read(ours, 100)
    os.close(ours)


def test_what_is_no_terminal_opens_no_console(consoles: Serving) -> None:
    with Path(os.devnull).open("r+") as thing, consoles.ask(*[thing.fileno()] * 3) as connection:
        assert messages.unpacked(connection.recv(100))[0] == messages.READY
        connection.send(messages.packed(messages.GO))
        told = {}
        while messages.ENDED not in told:
            word, fields = messages.unpacked(connection.recv(messages.LARGEST))
            told[word] = fields
    assert told[messages.ENDED] == {"status": "2"}


# --- an end, another beginning, another program -----------------------------------------


@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGKILL])
def test_sessions_outlive_the_parent(trial: Serving, number: int) -> None:
    with trial.call() as one, trial.call() as two, trial.call() as three:
        first, second, third = one.session(), two.session(), three.session()
        trial.end(number)
        assert is_alive(first) and is_alive(second) and is_alive(third)
        one.resize(90, 30)
        one.wait_for("now 90 30")
        _end(one, 6)
        two.type("die 9\n")  # nobody is left to say by what
        assert two.wait_for_end() == 137
        assert three.cut() in (1, 129)
    for process in (first, second, third):
        until(lambda process=process: not is_alive(process), "the session's end")


def test_a_new_parent_takes_over_and_the_old_one_ends(trial: Serving) -> None:
    old = trial._started
    with trial.call() as before:
        process = before.session()
        trial.start()
        assert old.wait(45) == 0
        with trial.call() as after:
            after.session()
            assert trial.children() != [process]
            _end(after, 1)
        assert is_alive(process)
        _end(before, 2)


def test_after_an_upgrade_new_sessions_get_the_new_program(trial: Serving) -> None:
    with trial.call() as before:
        before.wait_for("of one")
        process = before.session()
        (trial.folder / "build").write_text("two")
        _call_by_itself(trial)
        until(lambda: _answers(trial), "a parent of the new program")
        with trial.call() as after:
            after.wait_for("of two")
            after.session()
            _end(after, 0)
        # It is still the parent of the session from before, and can tell how that one died.
        assert process in trial.children()
        before.type("die 11\n")
        assert before.wait_for_end() == 139


def _answers(trial: Serving) -> bool:
    try:
        with trial.connect() as connection:
            return connection.recv(100) != b""
    except OSError:
        return False


def test_asked_to_it_begins_anew_and_keeps_the_sessions(trial: Serving) -> None:
    with trial.call() as line:
        process = line.session()
        before = trial.place.stat().st_ino
        os.kill(trial.process, signal.SIGHUP)
        until(lambda: trial.place.exists() and trial.place.stat().st_ino != before, "a new one")
        assert trial.children() == [process]
        line.send(signal.SIGKILL)
        until(lambda: not trial.children(), "the end of a session of the one before")


# --- what it holds ----------------------------------------------------------------------


def test_the_parent_holds_no_data_no_key_and_no_connection(consoles: Serving) -> None:
    consoles.set(DATABASE_URL="", MAIL_PASSWORD="quatre-chevaux-volants")
    with consoles.call() as line:
        line.wait_for("Adresse e-mail", "F2")
        line.type("nobody@house.example\r")
        line.type("sept lampes bleues\r")
        until(lambda: (consoles.folder / "home" / "config" / "key").exists(), "a key")
        opened = consoles.descriptors()
        (session,) = consoles.children()
        until(lambda: "trousseau.db" in _opened(session), "a session with the database")
        assert "trousseau.db" not in "".join(opened)
        assert all(name.startswith(("socket:", "pipe:", "/dev/null")) or name.endswith("serve.log")
                   for name in opened)  # fmt: skip
        secret = (consoles.folder / "home" / "config" / "key").read_bytes()
        memory = _memory(consoles.process)
        for word in (secret, b"quatre-chevaux-volants", b"192.0.2.7"):
            assert word not in memory
        line.send(signal.SIGTERM)
        assert line.wait_for_end() == 143


def _opened(process: int) -> str:
    told = []
    for entry in Path(f"/proc/{process}/fd").iterdir():
        try:
            told.append(str(entry.readlink()))
        except OSError:
            continue
    return "\n".join(told)


def _memory(process: int) -> bytes:
    """Return all that a process can write to."""
    told = []
    with Path(f"/proc/{process}/mem").open("rb", buffering=0) as memory:
        for line in Path(f"/proc/{process}/maps").read_text().splitlines():
            where, modes, *_rest = line.split()
            if modes.startswith("rw"):
                first, last = (int(number, 16) for number in where.split("-"))
                memory.seek(first)
                told.append(memory.read(last - first))
    return b"".join(told)


def test_the_program_is_looked_at_as_a_whole(tmp_path: Path) -> None:
    """On a copy: the source tree is others' to read meanwhile."""
    for package in ("tui", "screens", "services", "models"):
        unread = shutil.ignore_patterns("__pycache__")
        shutil.copytree(ROOT / package, tmp_path / package, ignore=unread)
    script = "from tui.serve.program import ROOT, build; print(ROOT, build())"
    environment = {"PYTHONHASHSEED": "1", "PATH": os.defpath, "PYTHONDONTWRITEBYTECODE": "1"}

    def told() -> str:
        return subprocess.run(
            [sys.executable, "-c", script], cwd=tmp_path, env=environment, capture_output=True,
            text=True, check=True,
        ).stdout  # fmt: skip

    before = told()
    assert before.startswith(str(tmp_path))
    assert told() == before
    (tmp_path / "tui" / "serve" / "new_module.py").write_text("")
    assert told() != before
