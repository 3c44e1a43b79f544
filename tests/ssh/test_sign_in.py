"""Signing in through a real sshd, on a real terminal: by key, by password, by token."""

from contextlib import suppress
from pathlib import Path

import pytest

from tests.ssh.conftest import World
from tests.ssh.prepare import PASSWORD as OWN
from tests.ssh.server import PASSWORD, SshServer
from tests.terminal import Terminal

Keys = dict[str, Path]
_F2, _F8 = "\x1bOQ", "\x1b[19~"


def _enter(terminal: Terminal, email: str, password: str) -> None:
    terminal.wait_for("Adresse e-mail", "F2")
    terminal.type(f"{email}\r")
    terminal.type(f"{password}\r")


def _refuse_in_process_list(*secrets: str) -> None:
    """No process of the machine, the console's among them, names a secret to others."""
    told = b""
    for process in Path("/proc").glob("[0-9]*"):
        for file in ("cmdline", "environ"):
            with suppress(OSError):
                told += (process / file).read_bytes()
    assert b"tui.ssh" in told  # else the console was not among them
    for secret in secrets:
        for form in (secret, secret.lower(), secret.replace("-", " ").lower()):
            assert form.encode() not in told


def test_a_key_of_an_account_opens_its_dashboard(server: SshServer, keys: Keys) -> None:
    with server.terminal(keys["director"]) as terminal:
        terminal.wait_for("Institut Saint-Aubert", "Director Dupuis", "98101")
        terminal.type("q")
        assert terminal.wait_for_end() == 0


def test_a_shared_key_leads_to_the_sign_in_screen(server: SshServer, keys: Keys) -> None:
    with server.terminal(keys["shared"]) as terminal:
        _enter(terminal, "director@ssh.example", OWN)
        terminal.wait_for("Institut Saint-Aubert", "Director Dupuis")
        terminal.type("q")
        assert terminal.wait_for_end() == 0


def test_without_a_key_the_console_asks_for_the_own_password(server: SshServer) -> None:
    with server.terminal(None) as terminal:
        terminal.wait_for("password:")
        terminal.type(f"{PASSWORD}\r")
        _enter(terminal, "helpdesk@ssh.example", OWN)
        terminal.wait_for("Helpdesk Dupuis")
        terminal.type("q")
        assert terminal.wait_for_end() == 0


def test_a_token_is_activated_over_ssh(world: World) -> None:
    server, token = world.server, world.tokens["j.lemaire94@boite.example"]
    password = "neuf lampes dorment au grenier"
    with server.terminal(world.keys["shared"]) as terminal:
        terminal.wait_for("Adresse e-mail", "F2")
        terminal.type(_F2)
        terminal.wait_for("Tapez le jeton")
        terminal.type(f"{token.lower().replace('-', ' ')}\r")
        terminal.wait_for("Lemaire", "Encore une fois")
        terminal.type(f"{password}\t{password}")
        terminal.type(_F8)
        terminal.wait_for("Mes accès", "Julie Lemaire")
        _refuse_in_process_list(token, password)
        terminal.type("q")
        assert terminal.wait_for_end() == 0
    # And the program behind sshd has written neither anywhere.
    told = server.told + server.noted
    assert token not in told and password not in told


@pytest.mark.parametrize("name", ["gone", "removed", "unknown"])
def test_a_key_of_nobody_opens_nothing(server: SshServer, keys: Keys, name: str) -> None:
    answer = server.ask(keys[name], "access")
    assert (answer.status, answer.out) == (255, b"")
    assert "Permission denied" in answer.err
