"""The real program stopped, resumed and given another window by the system's own signals."""

import fcntl
import os
import signal
import struct
import termios
from pathlib import Path

from tests.terminal import Terminal


def test_a_stopped_program_gives_the_terminal_back_and_paints_all_when_it_goes_on(
    tmp_path: Path,
) -> None:
    environment = {"TROUSSEAU_HOME": str(tmp_path), "TROUSSEAU_LANGUAGE": "en"}
    with Terminal(environment=environment) as terminal:
        terminal.wait_for("Trousseau", "E-mail")
        process = terminal._process
        os.kill(process, signal.SIGTSTP)
        _pid, status = os.waitpid(process, os.WUNTRACED)
        assert os.WIFSTOPPED(status)
        assert not terminal.is_raw
        terminal._screen.reset()
        terminal._stream.feed(b"$ ls\r\nsome files\r\n")
        os.kill(process, signal.SIGCONT)
        terminal.wait_for("Trousseau", "E-mail")
        assert terminal.is_raw
        assert "some files" not in terminal.screen


def test_another_window_is_painted_in_its_size(tmp_path: Path) -> None:
    environment = {"TROUSSEAU_HOME": str(tmp_path), "TROUSSEAU_LANGUAGE": "en"}
    with Terminal(environment=environment) as terminal:
        terminal.wait_for("Trousseau", "E-mail")
        terminal._screen.resize(20, 60)
        terminal._screen.erase_in_display(2)
        size = struct.pack("HHHH", 20, 60, 0, 0)
        fcntl.ioctl(terminal._line, termios.TIOCSWINSZ, size)
        terminal.wait_for("Trousseau", "E-mail", "Keys")
        assert all(len(line) <= 60 for line in terminal.screen.split("\n"))
