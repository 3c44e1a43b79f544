"""What the fork does: it becomes a process of its own on the caller's terminal, and a console.

Import this before all else in the parent, so that its last word is the last.
"""

import atexit
import os
import resource
import signal
import socket
import sys
import threading
import time
from collections.abc import Callable
from dataclasses import dataclass
from io import TextIOWrapper
from pathlib import Path
from typing import TYPE_CHECKING, NoReturn, cast

from tui.serve import messages
from tui.serve.request import Request, received

if TYPE_CHECKING:
    from tui.ssh.visitor import Visitor

#: Seconds for a caller to say that it still waits, on a machine that is busy with others.
_PATIENCE = 20.0
#: Seconds in which a session ends that was told to; then it is ended.
GRACE = 3.0
#: Added to what the kernel thinks when memory runs out: a session goes before the parent.
_BADNESS = 500
_LIMITS = (resource.RLIMIT_CORE, resource.RLIMIT_CPU, resource.RLIMIT_AS, resource.RLIMIT_NOFILE)
_MAY_COME = (signal.SIGHUP, signal.SIGINT, signal.SIGTERM)


@dataclass
class _Ending:
    """How this process ends, where it is a session."""

    connection: socket.socket | None = None
    status: int = 1


_ending = _Ending()


def live(caller: socket.socket, answer: "Callable[[Visitor], int] | None" = None) -> int:
    """Be the session that a caller asks for, to its end; return the exit status.

    `answer` serves the visitor on the terminal, as the forced command does if it is None.
    """
    request = _agreed(caller)
    if request is None:
        os._exit(1)
    caller.settimeout(None)
    _ending.connection = caller
    _take_terminal(request)
    threading.Thread(target=_hear, args=(caller,), name="caller", daemon=True).start()
    _ending.status = _open(request, answer)
    return _ending.status


def _agreed(caller: socket.socket) -> Request | None:
    """Read what a caller asks for, and become its process; None where it is not to be.

    It may have waited long enough, and be about to start by itself: it has the last word.
    """
    caller.settimeout(_PATIENCE)
    try:
        request = received(caller)
        if request is None:
            caller.send(messages.packed(messages.REFUSED))
            return None
        caller.send(messages.packed(messages.READY))
        _be_alone(request)
        agreed = messages.unpacked(caller.recv(messages.LARGEST))[0] == messages.GO
    except OSError:
        return None
    return request if agreed else None


def _open(request: Request, answer: "Callable[[Visitor], int] | None") -> int:
    """Open the console for whoever comes in, with what the forced command does before."""
    from tui.ssh.__main__ import ignore_keys, serve, settle
    from tui.ssh.visitor import Visitor, fingerprint_in, origin_in

    ignore_keys()
    connection = request.environment.get("SSH_CONNECTION", "")
    fingerprint = None
    if request.keys is not None:
        fingerprint = fingerprint_in(request.keys)
        os.close(request.keys)
    if status := settle():
        return status
    _say_what_to_tell(request.caller)
    return (answer or serve)(Visitor(origin_in(connection), fingerprint))


def _say_what_to_tell(connection: socket.socket) -> None:
    """Give the caller the sentence for a session that dies, in the person's language."""
    from models.language import _

    words = _("This session has ended because of a mistake. Nothing that was saved is lost.")
    connection.send(messages.packed(messages.FAREWELL, {"words": words}))


# --- a process of its own -----------------------------------------------------------------


def _be_alone(request: Request) -> None:
    """Become the leader of a session, with the caller's limits and environment."""
    os.setsid()
    for which in _LIMITS:
        resource.setrlimit(which, resource.prlimit(request.process, which))
    Path("/proc/self/oom_score_adj").write_text(str(_BADNESS))
    os.umask(0o077)
    os.chdir("/")
    os.environ.clear()
    os.environ.update(request.environment)
    time.tzset()
    signal.signal(signal.SIGINT, signal.default_int_handler)


def _take_terminal(request: Request) -> None:
    """Make the caller's terminal the standard streams.

    It stays the controlling terminal of the caller's session, and so sends this process no
    signal: hang-ups and sizes come by the connection.
    """
    for number, descriptor in enumerate(request.terminal):
        os.dup2(descriptor, number)
        os.close(descriptor)
    for stream in (sys.stdout, sys.stderr):  # they were a log's
        cast(TextIOWrapper, stream).reconfigure(line_buffering=True)


# --- what comes from the caller -----------------------------------------------------------


def _hear(connection: socket.socket) -> None:
    """Do what the caller tells, until it tells to end or has gone."""
    while True:
        try:
            word, fields = messages.unpacked(connection.recv(messages.LARGEST))
        except OSError:
            word, fields = "", {}
        if word == messages.WINDOW:
            os.kill(os.getpid(), signal.SIGWINCH)
        elif word == messages.SIGNAL and fields.get("number", "") in map(str, map(int, _MAY_COME)):
            _end(int(fields["number"]))
        else:
            _end(signal.SIGHUP)


def _end(number: int) -> NoReturn:
    """End this process by a signal, at once where it does not by itself."""
    os.kill(os.getpid(), number)
    threading.Event().wait(GRACE)
    os._exit(128 + number)


@atexit.register
def _say_the_last_word() -> None:
    """Report the end of a session when nothing is left to do, and end.

    The interpreter would free every object now, and so make copies of all that is shared.
    """
    if _ending.connection is None:
        return
    for stream in (sys.stdout, sys.stderr):
        try:
            stream.flush()
        except OSError:
            pass  # nobody reads it any more
    try:
        _ending.connection.send(
            messages.packed(messages.ENDED, {"status": str(_ending.status)}), socket.MSG_DONTWAIT
        )
    except OSError:
        pass
    os._exit(_ending.status)
