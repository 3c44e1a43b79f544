"""Fetch OpenSSH for the tests, from where this system gets its packages, without installing it.

Run as `python -m tests.ssh.fetch FOLDER`. Where there is an sshd already nothing happens; where
none can be had (no Debian, no network) a line says so, exit 1, and the tests skip.
"""

import os
import shutil
import subprocess
import sys
import tempfile
from collections.abc import Sequence
from pathlib import Path

#: The client is fetched only where there is none.
SERVER = ("openssh-server", "libwrap0")
CLIENT = ("openssh-client",)
PROGRAMS = ("sshd", "ssh", "scp", "sftp", "ssh-keygen")
_PLACES = ("/usr/sbin", "/usr/local/sbin", "/usr/bin", "/usr/local/bin")
_PATIENCE = 240


class NotFetched(Exception):
    """The packages cannot be had here, and the text says why."""


def program(name: str, folder: Path) -> Path | None:
    """Return the path of a program of OpenSSH: the system's, else the one below `folder`."""
    places = [Path(place) for place in _PLACES]
    places += [folder / "usr/sbin", folder / "usr/bin"]
    return next((place / name for place in places if os.access(place / name, os.X_OK)), None)


def fetch(folder: Path) -> None:
    """Unpack what is missing below `folder`, whole or not at all; raises `NotFetched`."""
    packages = list(SERVER if program("sshd", folder) is None else ())
    if any(program(name, folder) is None for name in PROGRAMS[1:]):
        packages += CLIENT
    if not packages:
        return
    if shutil.which("apt-get") is None or shutil.which("dpkg") is None:
        raise NotFetched("this is no Debian, and there is no sshd")
    folder.parent.mkdir(parents=True, exist_ok=True)
    with tempfile.TemporaryDirectory(dir=folder.parent) as name:
        draft = Path(name)
        _download(packages, draft)
        (draft / "x").mkdir()
        for archive in draft.glob("*.deb"):
            _run(["dpkg", "-x", str(archive), str(draft / "x")], draft)
        shutil.rmtree(folder, ignore_errors=True)
        (draft / "x").rename(folder)


def _download(packages: Sequence[str], draft: Path) -> None:
    try:
        _run(["apt-get", "download", *packages], draft)
    except NotFetched:
        # The lists may be missing or old; with lists of our own no right is needed to renew them.
        for part in ("lists/partial", "archives/partial"):
            (draft / part).mkdir(parents=True)
        own = ["-o", f"Dir::State::Lists={draft / 'lists'}", "-o", f"Dir::Cache={draft}"]
        _run(["apt-get", *own, "update"], draft)
        _run(["apt-get", *own, "download", *packages], draft)


def _run(command: Sequence[str], folder: Path) -> None:
    try:
        done = subprocess.run(
            command, cwd=folder, capture_output=True, text=True, timeout=_PATIENCE,
            stdin=subprocess.DEVNULL,
        )  # fmt: skip
    except (OSError, subprocess.TimeoutExpired) as error:
        raise NotFetched(f"{command[0]}: {type(error).__name__}") from None
    if done.returncode:
        last = (done.stderr.strip().splitlines() or ["?"])[-1]
        raise NotFetched(f"{' '.join(command[:2])}: {last[:200]}")


def main() -> None:
    """Fetch into the folder of the command line."""
    try:
        fetch(Path(sys.argv[1]).absolute())
    except NotFetched as error:
        sys.exit(f"NOT TESTED OVER SSH: {error}")


if __name__ == "__main__":
    main()
