"""The parent: it listens, forks a process for each caller, and finds those that have died.

It has one thread, no database, no key and no settings, and reads not a word of what callers
send: a fork does. It forks for callers of its own Unix user, as long as the program on the
disk is its own; whoever is not answered starts the console by itself.
"""

import array
import os
import select
import signal
import socket
import stat
import sys
import time
from collections.abc import Callable, Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path

from tui.serve import messages
from tui.serve.notices import tell_systemd

#: Seconds that a caller may take to say what it wants, on a machine that is busy with others.
PATIENCE = 5.0
#: Seconds that a session may live on after its caller: more than it takes to end cleanly.
GRACE = 4.0
#: Callers that have not asked yet, and sessions, at which no more are taken.
MOST_PENDING, MOST_SESSIONS = 256, 2_000
#: Seconds after which the parent looks after itself when nobody comes.
_ROUND = 5.0
_ENDING = (signal.SIGTERM, signal.SIGINT)
_SIGNALS = (*_ENDING, signal.SIGHUP, signal.SIGCHLD)


class PlaceRefused(Exception):
    """The parent cannot listen there; the text says why, for the log."""


@dataclass(slots=True)
class _Pending:
    connection: socket.socket
    until: float


@dataclass(slots=True)
class _Session:
    """A live session. It is killed at `kill_at` if it has not ended by itself."""

    connection: socket.socket
    kill_at: float | None = None


class Parent:
    """Listens at `place`. `build` tells which program lies on the disk.

    `held` are the sessions of the program before this one, by process and descriptor, and
    `command` is what starts the one after it, with pairs of these as its last arguments.
    """

    def __init__(
        self, place: Path, build: Callable[[], int], held: Mapping[int, int], command: Sequence[str]
    ) -> None:
        self.place, self._build_on_disk, self._command = place, build, command
        self._build, self._is_replaced = build(), False
        self._pending: dict[int, _Pending] = {}
        self._sessions: dict[int, _Session] = {}
        for process, descriptor in held.items():
            os.set_inheritable(descriptor, False)
            self._sessions[process] = _Session(socket.socket(fileno=descriptor))
        self._wake, self._woken = os.pipe2(os.O_CLOEXEC | os.O_NONBLOCK)
        self._asked_to: set[int] = set()
        self._poll = select.poll()

    # --- listening ------------------------------------------------------------------------

    def listen(self) -> None:
        """Take the place, over from whoever has it; raises `PlaceRefused`."""
        folder = self.place.parent
        try:
            if not folder.exists():
                folder.mkdir(mode=0o700, parents=True)
            found = folder.stat()
            if found.st_uid != os.geteuid() or stat.S_IMODE(found.st_mode) & 0o022:
                raise PlaceRefused(f"{folder} is not its owner's alone")
            self._listener = _listener(self.place)
        except OSError as error:
            raise PlaceRefused(f"{self.place}: {error.strerror or error}") from None
        self._identity = _identity(self.place)
        for number in _SIGNALS:
            signal.signal(number, lambda number, _frame: self._asked_to.add(number))
        signal.set_wakeup_fd(self._woken, warn_on_full_buffer=False)
        signal.pthread_sigmask(signal.SIG_UNBLOCK, {signal.SIGHUP})
        for descriptor in (self._wake, self._listener.fileno()):
            self._poll.register(descriptor, select.POLLIN)
        for session in self._sessions.values():
            self._poll.register(session.connection, 0)
        tell_systemd("READY=1")

    def serve(self) -> socket.socket | None:
        """Serve until asked to end; return None then, and in each fork its caller."""
        while not self._asked_to.intersection(_ENDING):
            self._reap()
            events = self._poll.poll(self._wait() * 1_000)
            for descriptor, _event in events:
                if (caller := self._answer(descriptor)) is not None:
                    return caller
                self._greet_all()  # a fork takes longer than a greeting
            self._drop_late_ones()
            tell_systemd("WATCHDOG=1")
            if _identity(self.place) != self._identity:
                break  # another parent has taken the place, and serves from here on
            if not events:
                self._look_for_another()
            if self._is_replaced or signal.SIGHUP in self._asked_to:
                self._begin_anew()
        tell_systemd("STOPPING=1")
        self._leave_place()
        return None

    def _look_for_another(self) -> bool:
        """Tell whether another program lies on the disk than the one that runs here."""
        self._is_replaced = self._is_replaced or self._build_on_disk() != self._build
        return self._is_replaced

    def _wait(self) -> float:
        times = [pending.until for pending in self._pending.values()]
        times += [s.kill_at for s in self._sessions.values() if s.kill_at is not None]
        return max(0.0, min([_ROUND, *(at - time.monotonic() for at in times)]))

    def _leave_place(self) -> None:
        if _identity(self.place) == self._identity:
            self.place.unlink(missing_ok=True)
        self._listener.close()

    def _begin_anew(self) -> None:
        """Become the program that lies on the disk, and keep the sessions.

        Nobody finds the place before that one has come up: callers start by themselves.
        """
        tell_systemd("RELOADING=1")
        self._leave_place()
        held = []
        for process, session in self._sessions.items():
            session.connection.set_inheritable(True)
            held.append(f"{process}:{session.connection.fileno()}")
        signal.pthread_sigmask(signal.SIG_BLOCK, {signal.SIGHUP})
        os.execv(self._command[0], [*self._command, *held])

    # --- callers --------------------------------------------------------------------------

    def _answer(self, descriptor: int) -> socket.socket | None:
        if descriptor == self._wake:
            with suppress(BlockingIOError):
                os.read(self._wake, 4_096)
        elif descriptor == self._listener.fileno():
            self._greet_all()
        elif descriptor in self._pending:
            caller = self._pending.pop(descriptor).connection
            self._poll.unregister(caller)
            return caller if self._forks(caller) else None
        else:
            self._forsaken(descriptor)
        return None

    def _greet_all(self) -> None:
        """Greet the callers that have come, and wait in their turn for what they want.

        One by one with the forks, the last of forty would have given up before it is greeted.
        """
        come = []
        with suppress(OSError):  # there is no other, or there are no descriptors left
            while True:
                come.append(self._listener.accept()[0])
                self._greet(come[-1])
        if come and self._look_for_another():  # while they write what they want
            for connection in come:
                self._drop(connection)

    def _greet(self, connection: socket.socket) -> None:
        full = len(self._pending) >= MOST_PENDING or len(self._sessions) >= MOST_SESSIONS
        if full or peer(connection)[1] != os.geteuid():
            connection.close()
            return
        connection.setblocking(False)
        with suppress(OSError):
            connection.send(messages.packed(messages.HERE))
        self._pending[connection.fileno()] = _Pending(connection, time.monotonic() + PATIENCE)
        self._poll.register(connection, select.POLLIN)

    def _forks(self, connection: socket.socket) -> bool:
        """Fork; tell the fork from the parent. No signal comes before each is what it is."""
        sys.stdout.flush()
        sys.stderr.flush()
        signal.pthread_sigmask(signal.SIG_BLOCK, _SIGNALS)
        try:
            process = os.fork()
            if process:
                self._sessions[process] = _Session(connection)
                self._poll.register(connection, 0)  # a hang-up is always reported
            else:
                self._forget(connection)
            return not process
        except OSError:  # no more processes, or no memory
            connection.close()
            return False
        finally:
            signal.pthread_sigmask(signal.SIG_UNBLOCK, _SIGNALS)

    def _forget(self, connection: socket.socket) -> None:
        """Close in a fork what is the parent's, and the other sessions'."""
        signal.set_wakeup_fd(-1)
        for number in _SIGNALS:
            signal.signal(number, signal.SIG_DFL)
        self._listener.close()
        os.close(self._wake)
        os.close(self._woken)
        for pending in self._pending.values():
            pending.connection.close()
        for session in self._sessions.values():
            session.connection.close()
        self._pending.clear()
        self._sessions.clear()

    def _drop(self, connection: socket.socket) -> None:
        """Leave a caller that has not asked to itself, if it is still there."""
        if self._pending.pop(connection.fileno(), None) is not None:
            self._poll.unregister(connection)
            connection.close()

    def _drop_late_ones(self) -> None:
        """Drop who never asked; kill the sessions that live on after their callers."""
        now = time.monotonic()
        for pending in list(self._pending.values()):
            if pending.until <= now:
                self._drop(pending.connection)
        for process, session in self._sessions.items():
            if session.kill_at is not None and session.kill_at <= now:
                session.kill_at = None
                with suppress(ProcessLookupError):
                    os.kill(process, signal.SIGKILL)

    # --- sessions -------------------------------------------------------------------------

    def _forsaken(self, descriptor: int) -> None:
        """Note that the caller of a session has gone, which then has its time to end."""
        for session in self._sessions.values():
            if session.connection.fileno() == descriptor:
                self._poll.unregister(descriptor)
                session.kill_at = time.monotonic() + GRACE

    def _reap(self) -> None:
        """Take note of sessions that have ended, and tell the callers of those that could not."""
        while True:
            try:
                process, status = os.waitpid(-1, os.WNOHANG)
            except ChildProcessError:
                return
            if not process:
                return
            if (session := self._sessions.pop(process, None)) is not None:
                self._tell_end(session, os.waitstatus_to_exitcode(status))

    def _tell_end(self, session: _Session, status: int) -> None:
        with suppress(KeyError):
            self._poll.unregister(session.connection)
        told = str(128 - status if status < 0 else status)
        with suppress(OSError):
            # Where the session has said so itself, this comes second, and is not read.
            session.connection.send(
                messages.packed(messages.DEAD, {"status": told}), socket.MSG_DONTWAIT
            )
        session.connection.close()


# --- sockets ------------------------------------------------------------------------------


def _listener(place: Path) -> socket.socket:
    """Return a socket that listens at `place`, which is taken over in one step."""
    listener = socket.socket(socket.AF_UNIX, socket.SOCK_SEQPACKET)
    aside = place.with_name(f"{place.name}.{os.getpid()}")
    try:
        aside.unlink(missing_ok=True)
        listener.bind(str(aside))
        aside.chmod(0o600)
        listener.listen(MOST_PENDING)
        listener.setblocking(False)
        aside.rename(place)
    except OSError:
        listener.close()
        aside.unlink(missing_ok=True)
        raise
    return listener


def _identity(place: Path) -> tuple[int, int] | None:
    try:
        found = place.stat()
    except OSError:
        return None
    return found.st_dev, found.st_ino


def peer(connection: socket.socket) -> tuple[int, int]:
    """Return process and user at the other end, as the kernel knows them."""
    told = array.array("i", connection.getsockopt(socket.SOL_SOCKET, socket.SO_PEERCRED, 12))
    return told[0], told[1]
