"""One sshd for all tests of a worker, with the sample schools behind it, and keys to come in."""

import json
import shutil
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import pytest

from tests.servers import Unavailable, make_folder
from tests.ssh.prepare import ACCOUNTS
from tests.ssh.server import SshServer


@dataclass
class World:
    """The server, the private keys by name of account, and tokens by address."""

    server: SshServer
    keys: dict[str, Path]
    tokens: dict[str, str]


@pytest.fixture(scope="session")
def world() -> Iterator[World]:
    """A running server with the sample schools; skips loudly where there can be none."""
    folder = make_folder()
    try:
        with SshServer(folder / "server") as server:
            keys = {name: server.keygen(folder / name) for name in (*ACCOUNTS, "shared", "unknown")}
            lines = {name: keys[name].with_suffix(".pub").read_text() for name in keys}
            (server.folder / "etc" / "shared_keys").write_text(lines["shared"])
            given = json.dumps({name: lines[name] for name in ACCOUNTS}).encode()
            tokens = json.loads(server.python("-m", "tests.ssh.prepare", input=given))
            yield World(server, keys, tokens)
    except Unavailable as error:
        pytest.skip(f"NOT TESTED OVER SSH: {error}")
    finally:
        shutil.rmtree(folder, ignore_errors=True)


@pytest.fixture
def server(world: World) -> SshServer:
    return world.server


@pytest.fixture
def keys(world: World) -> dict[str, Path]:
    return world.keys
