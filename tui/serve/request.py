"""What a caller hands over, read by the fork that it is for."""

import array
import socket
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from tui.serve import messages
from tui.serve.parent import peer
from tui.serve.program import ROOT

#: The terminal, or with it the file of sshd.
_DESCRIPTORS = (3, 4)
_NUMBER = array.array("i").itemsize


@dataclass(frozen=True, slots=True)
class Request:
    """A caller with its terminal, as three descriptors, and its environment.

    `keys` is the open file in which sshd tells of the key, None where it did not. That it is
    the caller's word is enough: who runs as the program's own user needs none of ours.
    """

    caller: socket.socket
    process: int
    terminal: Sequence[int]
    keys: int | None
    environment: Mapping[str, str]


def received(caller: socket.socket) -> Request | None:
    """Return what a caller asks for; None where it is no whole request, or of another program.

    Raises `OSError` where nothing comes.
    """
    content, ancillary, flags, _address = caller.recvmsg(
        messages.LARGEST, socket.CMSG_SPACE(max(_DESCRIPTORS) * _NUMBER), socket.MSG_CMSG_CLOEXEC
    )
    descriptors = array.array("i")
    for level, kind, data in ancillary:
        if (level, kind) == (socket.SOL_SOCKET, socket.SCM_RIGHTS):
            descriptors.frombytes(data[: len(data) - len(data) % _NUMBER])
    word, fields = messages.unpacked(content)
    ours = {"protocol": messages.PROTOCOL, "root": str(ROOT)}
    process, _user = peer(caller)
    if (
        flags & (socket.MSG_TRUNC | socket.MSG_CTRUNC)
        or word != messages.ASK
        or not ours.items() <= fields.items()
        or len(descriptors) not in _DESCRIPTORS
        or process <= 0  # of a namespace that this one does not see into
    ):
        return None
    environment = {
        name.removeprefix(messages.VARIABLE): value
        for name, value in fields.items()
        if name.startswith(messages.VARIABLE)
    }
    terminal, keys = descriptors[:3], descriptors[3:]
    return Request(caller, process, terminal, keys[0] if keys else None, environment)
