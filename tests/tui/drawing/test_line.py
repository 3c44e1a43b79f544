"""The line to a terminal: nothing is lost, cut or waited for."""

import asyncio
import fcntl
import os
import pty
import socket
import tty
from collections.abc import Iterator

import pytest

from tui.drawing.line import open_line

#: More than a pseudo-terminal or a socket holds.
_MUCH = b"".join(b"%07d\n" % number for number in range(100_000))


@pytest.fixture(params=["a terminal", "something that cannot be opened anew"])
def ends(request: pytest.FixtureRequest) -> Iterator[tuple[int, int]]:
    """The descriptor that is written to, and the one that is read."""
    if request.param == "a terminal":
        read, write = pty.openpty()
        tty.setraw(write)
        yield write, read
        os.close(read)
        os.close(write)
    else:
        ours, theirs = socket.socketpair()
        yield ours.fileno(), theirs.fileno()
        ours.close()
        theirs.close()


async def _read(descriptor: int, count: int) -> bytes:
    """Read so many bytes without holding the loop up."""
    loop = asyncio.get_running_loop()
    content = b""
    while len(content) < count:
        content += await loop.run_in_executor(None, os.read, descriptor, 65_536)
    return content


async def test_everything_arrives_in_its_order(ends: tuple[int, int]) -> None:
    free = asyncio.Event()
    line = open_line(ends[0], asyncio.get_running_loop(), free.set)
    line.send(_MUCH)
    line.send(b"and more")
    assert line.busy
    assert await _read(ends[1], len(_MUCH) + 8) == _MUCH + b"and more"
    async with asyncio.timeout(5):
        await free.wait()
    assert not line.busy
    line.close()


async def test_draining_a_line_that_nobody_reads_gives_up(ends: tuple[int, int]) -> None:
    loop = asyncio.get_running_loop()
    line = open_line(ends[0], loop, lambda: None)
    line.send(_MUCH)
    began = loop.time()
    assert not line.drain(0.2)
    assert 0.15 < loop.time() - began < 2
    line.close()
    line.send(b"to nobody")
    assert not line.busy


async def test_draining_waits_no_longer_than_needed(ends: tuple[int, int]) -> None:
    line = open_line(ends[0], asyncio.get_running_loop(), lambda: None)
    line.send(b"a few words")
    assert line.drain(10)
    assert os.read(ends[1], 100) == b"a few words"
    line.close()


async def test_the_flags_of_the_descriptor_stay_as_they_are(ends: tuple[int, int]) -> None:
    before = fcntl.fcntl(ends[0], fcntl.F_GETFL)
    line = open_line(ends[0], asyncio.get_running_loop(), lambda: None)
    line.send(b"something")
    assert fcntl.fcntl(ends[0], fcntl.F_GETFL) == before
    line.close()


async def test_a_line_whose_other_side_has_gone_takes_what_is_sent_and_loses_it() -> None:
    read, write = pty.openpty()
    line = open_line(write, asyncio.get_running_loop(), lambda: None)
    os.close(read)
    line.send(b"to nobody")
    assert not line.busy
    assert line.drain(0)
    line.close()
    os.close(write)
