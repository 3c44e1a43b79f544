"""The near side of a session: hands its terminal to the parent's fork, and waits for its end.

`caller.py` is what the forced command runs. It replaces itself by the console where there is
no parent, where it is another user's or another version's, or says nothing in time.

What it takes to start is what somebody waits for, so it imports built-in modules alone:
`typing`, `socket` or `signal` would bring `re` and `enum`, and make 40 ms of 20, and 4.6 MB of
each waiting process instead of 3 (measured on 22 November 2026). A test names what it loads.
"""

import _signal as signal  # type: ignore[import-not-found]
import _socket as socket
import os
import select
import sys
import termios

from tui.serve import messages

TYPE_CHECKING = False  # as that of `typing`
if TYPE_CHECKING:
    from types import FrameType

#: Which variable names the parent's socket; the wrapper sets it.
VARIABLE = "TROUSSEAU_SOCKET"
#: Seconds for the parent to say that it is there. A console that starts by itself takes a third
#: of one.
PATIENCE = 2.0
#: Seconds for the session that it forks. When forty callers come at once, as after a line that
#: dropped, each has a fortieth of the machine: whoever would not wait would make it slower for
#: all, for a console by itself costs three times as much.
TURN = 60.0
#: Seconds that a session may take to end once the caller has been told to. Its own grace is 3.
GRACE = 4
#: Leaves the alternate screen, and undoes all else that a console asks of a terminal.
RESTORE = b"\x1b[?2004l\x1b[?1004l\x1b[?7h\x1b[r\x1b[0m\x1b[?1049l\x1b[?25h"
_ENDING = (signal.SIGHUP, signal.SIGTERM, signal.SIGINT)


class _TimeUp(Exception):
    """The session has not ended in its time."""


def main() -> None:
    """Have the session forked, else become the console; end with its exit status."""
    path = os.environ.get(VARIABLE, "")
    asked = os.environ.get("SSH_ORIGINAL_COMMAND", "")
    if path and not asked.strip() and all(os.isatty(number) for number in (0, 1, 2)):
        connection = begin(path)
        if connection is not None:
            sys.exit(attend(connection))
    os.execv(sys.executable, [sys.executable, "-I", "-m", "tui.ssh"])


# --- the beginning ------------------------------------------------------------------------


def begin(path: str) -> "socket.socket | None":
    """Return the connection to a session that has this terminal; None where there is none."""
    connection = socket.socket(
        socket.AF_UNIX,
        socket.SOCK_SEQPACKET | getattr(socket, "SOCK_CLOEXEC"),  # noqa: B009
    )
    try:
        connection.settimeout(PATIENCE)
        connection.connect(path)
        if _owner(connection) == os.geteuid() and _hears(connection, messages.HERE):
            _ask(connection)
            connection.settimeout(TURN)
            if _hears(connection, messages.READY):
                # From here on the terminal is the session's. One that is ready too late
                # finds the connection closed, and leaves the terminal alone.
                connection.send(messages.packed(messages.GO))
                return connection
    except (OSError, ValueError):
        pass
    connection.close()
    return None


def _hears(connection: "socket.socket", word: str) -> bool:
    return messages.unpacked(connection.recv(messages.LARGEST))[0] == word


def _owner(connection: "socket.socket") -> int:
    """Return as whom the other side runs: only our own user is handed a terminal."""
    told = connection.getsockopt(socket.SOL_SOCKET, socket.SO_PEERCRED, 12)
    return int.from_bytes(told[4:8], sys.byteorder)


def _ask(connection: "socket.socket") -> None:
    """Send the environment, the terminal and the file in which sshd tells of the key."""
    fields = {messages.VARIABLE + name: value for name, value in os.environ.items()}
    content = messages.packed(
        messages.ASK, {"protocol": messages.PROTOCOL, "root": sys.path[-1], **fields}
    )
    handle = _keys()
    descriptors = (0, 1, 2) if handle is None else (0, 1, 2, handle)
    numbers = b"".join(number.to_bytes(4, sys.byteorder) for number in descriptors)
    connection.sendmsg([content], [(socket.SOL_SOCKET, socket.SCM_RIGHTS, numbers)])
    if handle is not None:
        os.close(handle)


def _keys() -> int | None:
    """Open the file of sshd; the parent may see another /tmp, and none of its files."""
    try:
        path = os.environ["SSH_USER_AUTH"]
        return os.open(path, os.O_RDONLY | os.O_NOFOLLOW | os.O_CLOEXEC | os.O_NONBLOCK)
    except (KeyError, OSError, ValueError):
        return None


# --- the session --------------------------------------------------------------------------


def attend(connection: "socket.socket") -> int:
    """Wait for the end of a session, pass on to it what comes, and return the exit status.

    The terminal is put right where the session could not do so itself.
    """
    try:
        before = termios.tcgetattr(0)
    except termios.error:  # hung up already
        before = None
    told_to_end = _pass_signals_on(connection)
    connection.settimeout(None)
    word, status, words = messages.DEAD, 128 + signal.SIGKILL, ""
    try:
        while content := connection.recv(messages.LARGEST):
            word, fields = messages.unpacked(content)
            if word == messages.FAREWELL:
                words = fields.get("words", "")
            if word in (messages.ENDED, messages.DEAD):
                status = int(fields.get("status", status))
                break
        else:
            word = messages.DEAD
    except (OSError, _TimeUp):
        word = messages.DEAD
    _let_signals_end_this()
    if word == messages.DEAD:
        status = 128 + told_to_end[0] if told_to_end else status
        _put_right(before, "" if told_to_end else words)
    return status


def _pass_signals_on(connection: "socket.socket") -> list[int]:
    """Tell the session of signals; return the list to which those are added that end it."""
    told_to_end: list[int] = []

    def pass_on(number: int, _frame: "FrameType | None") -> None:
        if number == signal.SIGWINCH:
            _tell(connection, messages.packed(messages.WINDOW))
            return
        told_to_end.append(number)
        signal.alarm(GRACE)
        _tell(connection, messages.packed(messages.SIGNAL, {"number": str(int(number))}))

    def time_is_up(_number: int, _frame: "FrameType | None") -> None:
        raise _TimeUp

    signal.signal(signal.SIGALRM, time_is_up)
    for number in (*_ENDING, signal.SIGWINCH):
        signal.signal(number, pass_on)
    return told_to_end


def _tell(connection: "socket.socket", content: bytes) -> None:
    try:
        connection.send(content, socket.MSG_DONTWAIT)
    except OSError:
        pass  # it has ended, and waiting for it will tell


def _let_signals_end_this() -> None:
    """What is written now may have no reader, and must not keep this process."""
    for number in (*_ENDING, signal.SIGWINCH):
        signal.signal(number, signal.SIG_DFL)
    signal.signal(signal.SIGALRM, signal.SIG_DFL)
    signal.alarm(GRACE)


def _put_right(before: "list[object] | None", words: str) -> None:
    """Bring the terminal back from a session that is dead, and say so."""
    gone = select.poll()
    gone.register(1, 0)  # a hang-up is always reported
    if before is None or gone.poll(0):
        return
    try:
        os.set_blocking(1, True)
        termios.tcsetattr(0, termios.TCSANOW, before)  # type: ignore[arg-type]
        os.write(1, RESTORE + (f"{words}\r\n" if words else "").encode())
    except (OSError, termios.error):
        pass
