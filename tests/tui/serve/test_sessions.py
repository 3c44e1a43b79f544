"""One session through a real parent: what goes to and fro, and every way in which it ends."""

import base64
import os
import signal
import sys
from pathlib import Path

import pytest

from models.ssh_keys import fingerprint
from tests.tui.serve.running import CALLER, Serving, is_alive, until


def test_a_session_has_the_terminal_and_its_status_comes_back(steady: Serving) -> None:
    with steady.call() as line:
        process = line.session()
        line.wait_for("of one 80 24")
        assert steady.children() == [process] and line.process != process
        line.type("end 7\n")
        assert line.wait_for_end() == 7
    until(lambda: not is_alive(process), "the session's end")


def test_it_is_told_of_another_size(steady: Serving) -> None:
    with steady.call() as line:
        line.session()
        line.resize(100, 30)
        line.wait_for("now 100 30")
        line.resize(60, 20)
        line.wait_for("now 60 20")
        line.type("end 0\n")
        assert line.wait_for_end() == 0


def test_who_comes_in_is_what_sshd_says(steady: Serving, folder: Path) -> None:
    key = "AAAAC3NzaC1lZDI1NTE5AAAAIGxvcmVtaXBzdW1kb2xvcnNpdGFtZXRjb25zZWN0ZXR1"
    told = folder / "auth"
    told.write_text(f"publickey ssh-ed25519 {key}\n")
    told.chmod(0o600)
    expected = fingerprint(base64.b64decode(key))
    with steady.call(SSH_USER_AUTH=str(told), TERM="vt220") as line:
        line.session()
        line.type("who\n")
        line.wait_for(f"192.0.2.7 {expected} vt220 !")
        line.type("end 0\n")
        line.wait_for_end()


def test_a_file_that_others_may_write_names_no_key(steady: Serving, folder: Path) -> None:
    told = folder / "auth"
    told.write_text("publickey ssh-ed25519 AAAA\n")
    told.chmod(0o644)
    with steady.call(SSH_USER_AUTH=str(told)) as line:
        line.session()
        line.type("who\n")
        line.wait_for("192.0.2.7 None")
        line.type("end 0\n")
        line.wait_for_end()


def test_it_is_a_process_of_its_own(steady: Serving) -> None:
    """Leader of a session, in no folder, and with nothing open but terminal and connection."""
    with steady.call() as line:
        line.session()
        line.type("state\n")
        line.wait_for("True / 0o77 500", "4 descriptors")
        line.type("end 0\n")
        line.wait_for_end()


def test_it_has_the_limits_that_the_wrapper_has_set(steady: Serving) -> None:
    limits = "ulimit -c 0; ulimit -t 1800; ulimit -v 6291456; ulimit -n 256"
    shell = ["/bin/sh", "-c", f'{limits}; exec "$@"', "sh", sys.executable, "-I", "-S", str(CALLER)]
    with steady.call(shell) as line:
        line.session()
        line.type("limits\n")
        line.wait_for(f"0 1800 {6291456 * 1024} 256 !")
        line.type("end 0\n")
        line.wait_for_end()


def test_no_two_draw_the_same_lots(steady: Serving) -> None:
    told = []
    for _round in range(2):
        with steady.call() as line:
            line.session()
            line.type("random\n")
            line.wait_for("!")
            (found,) = [text for text in line.screen.splitlines() if text.endswith("!")]
            told.append(set(found.split()[:-1]))
            line.type("end 0\n")
            line.wait_for_end()
    assert len(told[0]) == 4 and not told[0] & told[1]


# --- how it ends ------------------------------------------------------------------------


def test_a_terminal_that_closes_ends_it(steady: Serving) -> None:
    with steady.call() as line:
        process = line.session()
        line.type("wait\n")
        line.wait_for("it waits")
        assert line.cut() == 129
    until(lambda: not is_alive(process), "the session's end")


def test_a_caller_that_is_killed_ends_it(steady: Serving) -> None:
    with steady.call() as line:
        process = line.session()
        line.send(signal.SIGKILL)
        until(lambda: not is_alive(process), "the session's end")


@pytest.mark.parametrize("number", [signal.SIGHUP, signal.SIGTERM])
def test_a_signal_to_the_caller_ends_it(steady: Serving, number: int) -> None:
    with steady.call() as line:
        process = line.session()
        line.send(number)
        assert line.wait_for_end() == 128 + number
    until(lambda: not is_alive(process), "the session's end")


def test_one_that_does_not_want_to_end_is_ended(steady: Serving) -> None:
    with steady.call() as line:
        process = line.session()
        line.type("deaf\n")
        line.wait_for("it hears nothing")
        line.send(signal.SIGHUP)
        assert line.wait_for_end() == 129
    until(lambda: not is_alive(process), "the session's end")


@pytest.mark.parametrize("number", [signal.SIGSEGV, signal.SIGKILL, signal.SIGXCPU])
def test_one_that_dies_leaves_the_terminal_as_it_was(steady: Serving, number: int) -> None:
    with steady.call() as line, steady.call() as other:
        line.session()
        before, another = line.modes, other.session()
        line.type(f"die {int(number)}\n")
        assert line.wait_for_end() == 128 + number
        assert "Cette session s’est terminée" in line.screen
        assert line.modes == before
        assert is_alive(another)  # and the others go on
        other.type("end 3\n")
        assert other.wait_for_end() == 3


def test_one_that_loops_hinders_nobody(steady: Serving) -> None:
    with steady.call() as line, steady.call() as other:
        process = line.session()
        line.type("loop\n")
        line.wait_for("it loops")
        other.session()
        other.type("end 4\n")
        assert other.wait_for_end() == 4
        assert line.cut() == 129
    until(lambda: not is_alive(process), "the end of the one that loops")


def test_one_that_eats_memory_gets_no_more(steady: Serving) -> None:
    with steady.call() as line, steady.call() as other:
        line.session()
        line.type("eat 512\n")
        assert line.wait_for_end() == 1
        assert "MemoryError" in line.screen
        other.session()
        other.type("end 0\n")
        assert other.wait_for_end() == 0


def test_a_console_without_memory_ends_with_a_sentence(steady: Serving) -> None:
    with steady.call() as line, steady.call() as other:
        line.session()
        line.type("app\n")
        line.wait_for("it is hungry")
        line.type("m")
        assert line.wait_for_end() == 1
        assert "une erreur du programme" in line.screen
        assert "MemoryError" in (steady.folder / "home" / "state" / "crashes.jsonl").read_text()
        other.session()
        other.type("end 0\n")
        assert other.wait_for_end() == 0


def test_nothing_of_a_session_stays_with_the_parent(steady: Serving) -> None:
    before = sorted(steady.descriptors())
    for _round in range(5):
        with steady.call() as line:
            line.session()
            line.type("end 0\n")
            line.wait_for_end()
    until(lambda: sorted(steady.descriptors()) == before, "the descriptors of before")
    assert steady.children() == []
    assert os.listdir(steady.place.parent) == [steady.place.name]
