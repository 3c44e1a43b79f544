"""Who comes in over SSH: from where, with which key, asking for what."""

import base64
import binascii
import ipaddress
import os
import stat
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

from models.ssh_keys import fingerprint

#: The file in which sshd tells how somebody was authenticated is much smaller.
_LARGEST_FILE = 65_536
#: Where the connection's other end is not told, all share one origin.
NOWHERE = "ssh"


@dataclass(frozen=True, slots=True)
class Visitor:
    """Somebody at the door.

    `origin` is the address of the network that tries are counted by, `fingerprint` the key
    that OpenSSH has checked, None where it was none; `asked` is the command, as it was sent.
    """

    origin: str
    fingerprint: str | None = None
    asked: str = ""

    @property
    def person(self) -> str:
        """By what sessions are counted: the key, or where it was none, the address."""
        return self.fingerprint or self.origin


def visitor_of(environment: Mapping[str, str]) -> Visitor:
    """Return who comes in, by what sshd says in its variables."""
    return Visitor(
        origin_in(environment.get("SSH_CONNECTION", "")),
        _fingerprint(environment.get("SSH_USER_AUTH", "")),
        environment.get("SSH_ORIGINAL_COMMAND", ""),
    )


def origin_in(connection: str) -> str:
    """Return the client's address, as long as it is one."""
    address = connection.partition(" ")[0].partition("%")[0]
    try:
        return str(ipaddress.ip_address(address))
    except ValueError:
        return NOWHERE


def _fingerprint(path: str) -> str | None:
    """Return the fingerprint of the key that sshd has checked, as its file tells."""
    try:
        handle = os.open(Path(path), os.O_RDONLY | os.O_NOFOLLOW | os.O_CLOEXEC | os.O_NONBLOCK)
    except (OSError, ValueError):
        return None
    try:
        return fingerprint_in(handle)
    finally:
        os.close(handle)


def fingerprint_in(handle: int) -> str | None:
    """Return the fingerprint of the key that sshd has checked, as its open file tells.

    The file must be one that sshd makes: its owner's alone. A line of it is
    `publickey ssh-ed25519 AAAA…`; with several methods the last key counts.
    """
    found = os.fstat(handle)
    private = found.st_uid == os.getuid() and not stat.S_IMODE(found.st_mode) & 0o077
    if not (stat.S_ISREG(found.st_mode) and private):
        return None
    lines = os.pread(handle, _LARGEST_FILE, 0).decode("ascii", "replace").splitlines()
    keys = [words[2] for line in lines if (words := line.split())[:1] == ["publickey"]
            and len(words) >= 3]  # fmt: skip
    try:
        return fingerprint(base64.b64decode(keys[-1], validate=True)) if keys else None
    except (binascii.Error, ValueError):
        return None
