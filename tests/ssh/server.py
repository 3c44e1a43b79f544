"""A real sshd on the loopback with the configuration of `deploy/`, and a real client.

The server runs in a mount namespace of its own, where /mnt is a folder of the tests and
passwd, shadow and group have one user more; nothing of this machine is changed. The
configuration and the wrappers are the shipped texts; only their paths and the port differ.
"""

import os
import shlex
import shutil
import socket
import subprocess
import sys
import time
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from types import TracebackType

import textual

from tests.servers import Unavailable
from tests.ssh.fetch import program
from tests.terminal import Terminal

ROOT = Path(__file__).parent.parent.parent
DEPLOY = ROOT / "deploy"
FETCHED = Path(sys.prefix) / "openssh"
USER = "trousseau"
UID = 64_123
PATIENCE = 40.0
#: The Unix user's password, which protects nothing, and its hash.
PASSWORD = "trousseau"
_HASH = (
    "$6$abcdefghijklmnop$"
    "L9rn21y9Ca7kGRClKwE1z5NrMq6Euv6UkM.RzzNQ3M3"
    "L47zbIZ4NoOnZ742S1iZcuI2Q5q1k6pMr6ZBeF53y5/"
)
#: Where things are in the shipped texts, and where they are below /mnt in the tests.
_PATHS = {
    "/opt/trousseau/.venv": "/mnt/venv",
    "/opt/trousseau/tui": "/mnt/program/tui",
    "/run/trousseau": "/mnt/serve",
    "/usr/local/lib/trousseau": "/mnt/lib",
    "/etc/trousseau": "/mnt/etc",
    "/var/lib/trousseau": "/mnt/home",
}
_AS_USER = ("setpriv", f"--reuid={UID}", f"--regid={UID}", "--clear-groups")
#: The folders whose files can be run.
_PROGRAMS = ("lib", "bin")
#: What an administrator may have set for others, and must not open anything here.
_MAIN = """
Include /mnt/sshd_config.d/*.conf
Port {port}
ListenAddress 127.0.0.1
HostKey /mnt/host_key
PidFile none
UsePAM no
X11Forwarding yes
AllowTcpForwarding yes
PermitTunnel yes
GatewayPorts yes
AcceptEnv LANG LC_* PYTHON* TEXTUAL* TROUSSEAU_* SSH_* ENV BASH_ENV TERM
Subsystem sftp internal-sftp
"""
_LAUNCH = """
set -e
mount --bind "$1" /mnt
mount --bind "$2" /mnt/program
mount --bind "$3" /mnt/packages
mount --bind "$4" /mnt/python
if [ -n "$5" ]; then
    # Its library is found by the path that it was built for.
    mount -t tmpfs -o mode=755 tmpfs "$5"
    mkdir -p "$4"
    mount --bind /mnt/python "$4"
fi
for name in passwd shadow group; do mount --bind /mnt/system/$name /etc/$name; done
mount -t tmpfs tmpfs /run
mkdir -m 755 /run/sshd
exec {sshd} -D -e -f /mnt/sshd_config
"""


@dataclass
class Answer:
    """How a client's session ended."""

    status: int
    out: bytes
    err: str


@dataclass
class SshServer:
    """The server below `folder`, which every user can pass through. Use it with `with`."""

    folder: Path
    without_key: bool = True
    port: int = 0
    _process: "subprocess.Popen[bytes] | None" = None
    _programs: dict[str, Path] = field(default_factory=dict)

    def __enter__(self) -> "SshServer":
        self._find_programs()
        self._lay_out()
        self._start()
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        if self._process is not None:
            self._process.terminate()
            self._process.wait(10)

    # Making it

    def _find_programs(self) -> None:
        if os.getuid():
            raise Unavailable("only root can give sshd a user of the tests' own")
        for name in ("sshd", "ssh", "scp", "sftp", "ssh-keygen"):
            found = program(name, FETCHED)
            if found is None:
                raise Unavailable(f"there is no {name}, and it could not be fetched")
            self._programs[name] = found
        for name in ("unshare", "nsenter", "setpriv", "mount"):
            if shutil.which(name) is None:
                raise Unavailable(f"there is no {name}")
        tried = subprocess.run(["unshare", "-m", "true"], capture_output=True, text=True)
        if tried.returncode:
            raise Unavailable(f"no mount namespace can be made: {tried.stderr.strip()[:100]}")

    def _lay_out(self) -> None:
        place = self.folder
        for name in ("program", "packages", "python", "lib", "etc", "system", "sshd_config.d"):
            (place / name).mkdir(parents=True)
        for name in ("home", "serve"):
            (place / name).mkdir(mode=0o700)
            os.chown(place / name, UID, UID)
        self._lay_out_deploy()
        self._lay_out_python()
        self._lay_out_users()
        self.keygen(place / "host_key")
        for path in place.rglob("*"):  # whatever the umask of whoever runs the tests
            if not path.is_symlink() and path.name not in ("home", "serve", "host_key"):
                path.chmod(0o755 if path.is_dir() or path.parent.name in _PROGRAMS else 0o644)

    def _lay_out_deploy(self) -> None:
        for name in ("ssh", "keys", "trousseau"):
            (self.folder / "lib" / name).write_text(shipped(f"bin/{name}"))
        names = ["50-trousseau.conf"] + ["40-trousseau-without-key.conf"] * self.without_key
        for name in names:
            text = shipped(f"sshd_config.d/{name}")
            (self.folder / "sshd_config.d" / name).write_text(text)
        (self.folder / "etc" / "shared_keys").touch()
        (self.folder / "etc" / "environment").write_text(
            "# read by the program\nTROUSSEAU_HOME=/mnt/home\nTROUSSEAU_LANGUAGE='fr'\n"
        )
        with socket.socket() as probe:
            probe.bind(("127.0.0.1", 0))
            self.port = probe.getsockname()[1]
        (self.folder / "sshd_config").write_text(_MAIN.format(port=self.port))

    def _lay_out_python(self) -> None:
        """An environment like the Makefile's, with the program of this checkout in it."""
        version = f"python{sys.version_info[0]}.{sys.version_info[1]}"
        venv = self.folder / "venv"
        packages = venv / "lib" / version / "site-packages"
        packages.mkdir(parents=True)
        (packages / "trousseau.pth").write_text("/mnt/program\n/mnt/packages\n")
        (venv / "pyvenv.cfg").write_text("home = /mnt/python/bin\n")
        (venv / "bin").mkdir()
        (venv / "bin" / "python").symlink_to(f"/mnt/python/bin/{version}")
        (venv / "bin" / "trousseau").write_text(
            "#!/mnt/venv/bin/python\nfrom tui.command_line import main\n\nmain()\n"
        )

    def _lay_out_users(self) -> None:
        system = self.folder / "system"
        entry = f"{USER}:x:{UID}:{UID}::/mnt/home:/mnt/lib/ssh\n"
        others = Path("/etc/passwd").read_text()
        if "\nsshd:" not in others:
            others += "sshd:x:64124:65534::/run/sshd:/usr/sbin/nologin\n"
        (system / "passwd").write_text(others + entry)
        (system / "shadow").write_text(f"{USER}:{_HASH}:19000:0:99999:7:::\n")
        (system / "group").write_text(Path("/etc/group").read_text() + f"{USER}:x:{UID}:\n")

    def _start(self) -> None:
        packages = Path(textual.__file__).parents[1]  # and not where .pth files alone may lie
        environment = {**os.environ, "LD_LIBRARY_PATH": self._libraries}
        with self.log.open("wb") as log:
            self._process = subprocess.Popen(
                ["unshare", "-m", "sh", "-c",
                 _LAUNCH.format(sshd=shlex.quote(str(self._programs["sshd"]))),
                 "sh", self.folder, ROOT, packages, sys.base_prefix, closed_above(sys.base_prefix)],
                env=environment, stdin=subprocess.DEVNULL, stdout=log, stderr=log,
            )  # fmt: skip
        end = time.monotonic() + PATIENCE
        while "Server listening" not in self.told:
            if self._process.poll() is not None or time.monotonic() > end:
                raise Unavailable(f"sshd does not start: {self.told.strip()[-300:]}")
            with socket.socket() as probe:  # waits for the port instead of for a time
                probe.settimeout(0.05)
                probe.connect_ex(("127.0.0.1", self.port))
            select_nothing(0.02)

    @property
    def _libraries(self) -> str:
        return ":".join(str(p) for p in FETCHED.glob("usr/lib/*-linux-gnu*"))

    # What it says

    @property
    def log(self) -> Path:
        return self.folder / "sshd.log"

    @property
    def told(self) -> str:
        """What sshd has logged."""
        return self.log.read_text(errors="replace")

    @property
    def noted(self) -> str:
        """What the program has logged."""
        path = self.folder / "home" / "state" / "ssh.jsonl"
        return path.read_text() if path.exists() else ""

    def settings(self, user: str = USER) -> dict[str, str]:
        """Return what sshd makes of the configuration for a user, by option."""
        asked = self._inside(
            [str(self._programs["sshd"]), "-T", "-f", "/mnt/sshd_config",
             "-C", f"user={user},host=localhost,addr=127.0.0.1"],
        )  # fmt: skip
        assert asked.returncode == 0, asked.stderr
        return dict(
            line.split(" ", 1) for line in asked.stdout.decode().splitlines() if " " in line
        )

    def _inside(
        self, command: Sequence[str], input: bytes | None = None
    ) -> "subprocess.CompletedProcess[bytes]":
        assert self._process is not None
        return subprocess.run(
            ["nsenter", "-t", str(self._process.pid), "-m", *command],
            input=input, capture_output=True, timeout=PATIENCE,
            env={"PATH": os.environ["PATH"], "LD_LIBRARY_PATH": self._libraries},
        )  # fmt: skip

    def as_user(self, *command: str, input: bytes | None = None) -> str:
        """Run a command on the server as the Unix user, and return what it prints."""
        done = self._inside(
            [*_AS_USER, "env", "-i", "PATH=/usr/bin:/bin", "HOME=/mnt/home", "PYTHONUTF8=1",
             "TROUSSEAU_HOME=/mnt/home", *command],
            input,
        )  # fmt: skip
        assert done.returncode == 0, done.stderr.decode()
        return done.stdout.decode()

    def python(self, *arguments: str, input: bytes | None = None) -> str:
        return self.as_user("/mnt/venv/bin/python", "-I", *arguments, input=input)

    def trousseau(self, *arguments: str, input: bytes | None = None) -> str:
        """Run a command line of the program on the server, as its administrator does."""
        done = self._inside(["/mnt/lib/trousseau", *arguments], input)
        assert done.returncode == 0, done.stderr.decode()
        return done.stdout.decode()

    @contextmanager
    def serving(self) -> Iterator[int]:
        """Run the parent of the sessions as the Unix user; gives its process."""
        assert self._process is not None
        place = self.folder / "serve" / "console"
        with self.folder.joinpath("serve.log").open("wb") as log:
            parent = subprocess.Popen(
                ["nsenter", "-t", str(self._process.pid), "-m", *_AS_USER, "env", "-i",
                 "PATH=/usr/bin:/bin", "HOME=/mnt/home", "RUNTIME_DIRECTORY=/mnt/serve",
                 "/mnt/venv/bin/trousseau", "serve"],
                stdin=subprocess.DEVNULL, stdout=log, stderr=log,
            )  # fmt: skip
        end = time.monotonic() + PATIENCE
        while not place.exists() and parent.poll() is None and time.monotonic() < end:
            select_nothing(0.05)
        try:
            yield parent.pid
        finally:
            parent.terminate()
            parent.wait(10)
            place.unlink(missing_ok=True)  # where it was killed

    def shell(self, *arguments: str) -> Answer:
        """Run the login shell of the Unix user with these arguments."""
        done = self._inside([*_AS_USER, "/mnt/lib/ssh", *arguments])
        return Answer(done.returncode, done.stdout, done.stderr.decode())

    def processes(self) -> list[int]:
        """Return the processes of the Unix user on this server, and on no other's."""
        assert self._process is not None
        here = (Path("/proc") / str(self._process.pid) / "ns" / "mnt").readlink()
        found = []
        for entry in Path("/proc").glob("[0-9]*"):
            try:
                if (
                    entry.stat().st_uid == UID
                    and (entry / "ns" / "mnt").readlink() == here
                    and "State:\tZ" not in (entry / "status").read_text()
                ):
                    found.append(int(entry.name))
            except OSError:
                continue
        return found

    # The client

    def keygen(self, path: Path) -> Path:
        subprocess.run(
            [self._programs["ssh-keygen"], "-q", "-t", "ed25519", "-N", "", "-C", "", "-f", path],
            check=True,
        )
        return path

    def options(self, key: Path | None, *more: str) -> list[str]:
        """Return the options of a client that knows this server, and uses this key or none."""
        return [
            "-F", "none", "-o", f"UserKnownHostsFile={self.folder / 'known_hosts'}",
            "-o", "StrictHostKeyChecking=no", "-o", "LogLevel=ERROR",
            "-o", "IdentitiesOnly=yes", "-o", "ConnectTimeout=10",
            "-o", f"IdentityFile={key or 'none'}",
            "-o", f"PreferredAuthentications={'publickey' if key else 'password'}",
            "-o", f"BatchMode={'yes' if key else 'no'}",
            *more,
        ]  # fmt: skip

    def client(self, key: Path | None, *words: str, options: Sequence[str] = ()) -> list[str]:
        """Return the command line of `ssh` with these words for the server."""
        named = [*self.options(key, *options), "-p", str(self.port), f"{USER}@127.0.0.1"]
        return [str(self._programs["ssh"]), *named, *words]

    def ask(
        self,
        key: Path | None,
        *words: str,
        input: bytes = b"",
        options: Sequence[str] = (),
        environment: dict[str, str] | None = None,
    ) -> Answer:
        """Run a client without a terminal to its end."""
        done = subprocess.run(
            self.client(key, *words, options=options), input=input, capture_output=True,
            timeout=PATIENCE, env={**os.environ, **(environment or {})},
        )  # fmt: skip
        return Answer(done.returncode, done.stdout, done.stderr.decode(errors="replace"))

    def copy(self, name: str, key: Path, *words: str, input: bytes = b"") -> Answer:
        """Run `scp` or `sftp` with these words."""
        program = [str(self._programs[name]), *self.options(key), "-P", str(self.port), *words]
        done = subprocess.run(program, input=input, capture_output=True, timeout=PATIENCE)
        return Answer(done.returncode, done.stdout, done.stderr.decode(errors="replace"))

    def terminal(self, key: Path | None, *words: str, **settings: object) -> Terminal:
        """Run a client on a terminal of its own."""
        ssh = self.client(key, "-t", *words)
        # Options may stand behind the host's name, but not behind the command's first word.
        return Terminal(ssh[1:], program=Path(ssh[0]), **settings)  # type: ignore[arg-type]


def shipped(name: str) -> str:
    """Return a text of `deploy/` with the paths of the tests."""
    text = (DEPLOY / name).read_text()
    for real, ours in _PATHS.items():
        text = text.replace(real, ours)
    return text


def closed_above(place: str) -> str:
    """Return the first folder above a place that not everybody may pass through, "" for none."""
    above = reversed(Path(place).parents)
    return str(next((f for f in above if not f.stat().st_mode & 0o001), ""))


def select_nothing(seconds: float) -> None:
    """Let other processes have the processor for a moment."""
    import select

    select.select([], [], [], seconds)
