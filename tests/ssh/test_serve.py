"""Sessions through a real sshd while the parent of the sessions runs."""

import os
import signal
from pathlib import Path

from tests.ssh.prepare import PASSWORD as OWN
from tests.ssh.server import UID, SshServer
from tests.tui.serve.running import until

Keys = dict[str, Path]


def _children(parent: int) -> list[str]:
    return Path(f"/proc/{parent}/task/{parent}/children").read_text().split()


def test_a_journey_from_the_key_to_the_end(server: SshServer, keys: Keys) -> None:
    """The owner of a key is in, at the window's size; a command goes its own way."""
    with server.serving() as parent:
        with server.terminal(keys["director"]) as terminal:
            terminal.wait_for("Institut Saint-Aubert", "Director Dupuis", "98101")
            (session,) = _children(parent)
            assert Path(f"/proc/{session}").stat().st_uid == UID
            assert server.ask(keys["director"], "access", "--json").status == 0
            assert _children(parent) == [session]
            terminal.type("q")
            assert terminal.wait_for_end() == 0
        until(lambda: not _children(parent), "the session's end")
    until(lambda: not server.processes(), "nothing left")


def test_sign_in_by_password_through_the_parent(server: SshServer, keys: Keys) -> None:
    with server.serving() as parent, server.terminal(keys["shared"]) as terminal:
        terminal.wait_for("Adresse e-mail", "F2")
        assert len(_children(parent)) == 1
        terminal.type("director@ssh.example\r")
        terminal.type(f"{OWN}\r")
        terminal.wait_for("Institut Saint-Aubert", "Director Dupuis")
        terminal.type("q")
        assert terminal.wait_for_end() == 0


def test_a_line_that_is_cut_leaves_nothing(server: SshServer, keys: Keys) -> None:
    with server.serving() as parent:
        with server.terminal(keys["director"]) as terminal:
            terminal.wait_for("Institut Saint-Aubert")
            terminal.hang_up()
        until(lambda: not _children(parent), "the session's end")
        until(lambda: server.processes() == [parent], "nothing but the parent")


def test_it_goes_on_without_the_parent(server: SshServer, keys: Keys) -> None:
    with server.serving() as parent:
        terminal = server.terminal(keys["director"])
        with terminal:
            terminal.wait_for("Institut Saint-Aubert")
            (session,) = _children(parent)
            os.kill(parent, signal.SIGKILL)
            with server.terminal(keys["coordinator"]) as after:  # by itself
                after.wait_for("Hautefagne")
                after.type("q")
                assert after.wait_for_end() == 0
            terminal.type("?")
            terminal.wait_for("Quitter")
            terminal.type("\x1b")
            terminal.wait_for("Tableau de bord")
            terminal.type("q")
            assert terminal.wait_for_end() == 0
    until(lambda: not Path(f"/proc/{session}").exists(), "the session's end")
