"""One sshd for all tests of a worker, with the sample schools behind it, and keys to come in."""

import json
import os
import shutil
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import pytest

from tests.servers import Unavailable, alone, make_folder
from tests.ssh.prepare import ACCOUNTS
from tests.ssh.server import UID, SshServer


@dataclass
class World:
    """The server, the private keys by name of account, and tokens by address."""

    server: SshServer
    keys: dict[str, Path]
    tokens: dict[str, str]


@pytest.fixture(scope="session")
def world(run_folder: Path) -> Iterator[World]:
    """A running server with the sample schools; skips loudly where there can be none."""
    folder = make_folder()
    try:
        with SshServer(folder / "server") as server:
            with alone(run_folder, "ssh"):
                tokens = _fill(server, run_folder / "ssh")
            keys = {name: run_folder / "ssh" / name for name in (*ACCOUNTS, "shared", "unknown")}
            line = keys["shared"].with_suffix(".pub").read_text()
            (server.folder / "etc" / "shared_keys").write_text(line)
            yield World(server, keys, tokens)
    except Unavailable as error:
        pytest.skip(f"NOT TESTED OVER SSH: {error}")
    finally:
        shutil.rmtree(folder, ignore_errors=True)


def _fill(server: SshServer, built: Path) -> dict[str, str]:
    """Give the server the home that is built once a run, with the keys; return the tokens."""
    home = server.folder / "home"
    if built.exists():
        shutil.copytree(built / "home", home, dirs_exist_ok=True)
        for path in home.rglob("*"):
            os.chown(path, UID, UID)
    else:
        unfinished = built.with_name("unfinished-ssh")
        shutil.rmtree(unfinished, ignore_errors=True)  # of one who did not come to the end
        unfinished.mkdir(mode=0o700)
        keys = {n: server.keygen(unfinished / n) for n in (*ACCOUNTS, "shared", "unknown")}
        lines = {name: keys[name].with_suffix(".pub").read_text() for name in ACCOUNTS}
        told = server.python("-m", "tests.ssh.prepare", input=json.dumps(lines).encode())
        (unfinished / "tokens.json").write_text(told)
        shutil.copytree(home, unfinished / "home")
        unfinished.rename(built)
    tokens: dict[str, str] = json.loads((built / "tokens.json").read_text())
    return tokens


@pytest.fixture
def server(world: World) -> SshServer:
    return world.server


@pytest.fixture
def keys(world: World) -> dict[str, Path]:
    return world.keys
