"""A parent whose sessions do what is typed at them: end, die, loop, eat memory, tell of themselves.

Run as `python -m tests.tui.serve.trial PLACE [BUILD]`, where the text of the file BUILD stands
for the program on the disk. Each fork takes so many seconds more as the variable
TRIAL_FORK_SECONDS says, as on a busy machine. All else is the program's own.
"""

import contextlib
import os
import random
import resource
import secrets
import signal
import ssl
import sys
import time
import tty
import uuid
from functools import partial
from pathlib import Path

from tui.serve.session import live  # first: see there

# isort: split
from textual.app import ComposeResult
from textual.binding import Binding
from textual.screen import Screen
from textual.widgets import Label

from tui.app import TrousseauApp, run
from tui.serve.__main__ import held
from tui.serve.parent import Parent
from tui.ssh.limits import limit_memory
from tui.ssh.visitor import Visitor
from tui.state import state_folder

LIMITS = (resource.RLIMIT_CORE, resource.RLIMIT_CPU, resource.RLIMIT_AS, resource.RLIMIT_NOFILE)


def main() -> None:
    """Be the parent, or a session of it."""
    place, build, *pairs = sys.argv[1:]
    command = [sys.executable, "-m", "tests.tui.serve.trial", place, build]
    trial = Parent(Path(place), lambda: hash(Path(build).read_text()), held(pairs), command)
    version = Path(build).read_text().strip()
    if slow := os.environ.get("TRIAL_FORK_SECONDS"):
        os.register_at_fork(before=partial(time.sleep, float(slow)))
    trial.listen()
    caller = trial.serve()
    if caller is not None:
        sys.exit(live(caller, lambda visitor: _talk(visitor, version)))


def _talk(visitor: Visitor, version: str) -> int:
    """Do what is typed, a line each, until something ends it."""
    signal.signal(signal.SIGWINCH, _tell_size)
    print(f"session {os.getpid()} of {version}", *os.get_terminal_size())
    for line in sys.stdin:
        word, *rest = line.split()
        match word:
            case "end":
                return int(rest[0])
            case "die":
                tty.setraw(0)
                print("\x1b[?1049h\x1b[?25l", end="", flush=True)
                os.kill(os.getpid(), int(rest[0]))
            case "raise":
                raise RuntimeError("on purpose")
            case "deaf":
                for number in (signal.SIGHUP, signal.SIGTERM, signal.SIGINT):
                    signal.signal(number, signal.SIG_IGN)
                print("it hears nothing")
            case "loop":
                print("it loops")
                while True:
                    pass
            case "app":
                limit_memory(256)
                return run(TrousseauApp(Hungry, state_folder=state_folder(os.environ)))
            case "eat":
                limit_memory(int(rest[0]))
                print(len(bytearray(2**32)))
            case "who":
                print(visitor.origin, visitor.fingerprint, os.environ.get("TERM"), "!")
            case "random":
                told = random.random(), uuid.uuid4(), secrets.token_hex(8), ssl.RAND_bytes(8)
                print(*(hash(each) % 10**9 for each in told), "!")
            case "limits":
                print(*(resource.getrlimit(which)[0] for which in LIMITS), "!")
            case "state":
                told = os.getsid(0) == os.getpid(), str(Path.cwd()), oct(os.umask(0o77))
                print(*told, Path("/proc/self/oom_score_adj").read_text().strip())
                print(len(list(Path("/proc/self/fd").iterdir())) - 1, "descriptors")
            case "wait":
                print("it waits")
                with contextlib.suppress(KeyboardInterrupt):
                    signal.pause()
    return 0


class Hungry(Screen[None]):
    """Takes more memory than there is, at a key."""

    BINDINGS = [Binding("m", "eat", "")]

    def compose(self) -> ComposeResult:
        yield Label("it is hungry")

    def action_eat(self) -> None:
        self.title = bytes(2**32).hex()


def _tell_size(*_signal: object) -> None:
    os.write(1, "now {} {}\n".format(*os.get_terminal_size()).encode())


if __name__ == "__main__":
    main()
