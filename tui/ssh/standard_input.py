"""Standard input over SSH: limited in size, and either whole or not taken at all.

When the line breaks, the program sees the end of its input, just as when a file has come to
its end. Half a staff list reads like one from which half of the staff has left; so at the
end it is asked whether there is still somebody at the other side.
"""

import io
import select

from models.errors import TrousseauError
from models.language import N_, say

LARGEST = 64 * 2**20


class InputRefused(TrousseauError):
    """What came on standard input is not taken, and nothing of it."""

    heading = N_("Nothing was taken in")


class WholeInput(io.RawIOBase):
    """Reads `stream` to its end, at most `largest` bytes; raises `InputRefused`.

    `other_side` is the descriptor of an output to the same person, by which it shows whether
    the line still stands.
    """

    def __init__(self, stream: io.RawIOBase, other_side: int, largest: int = LARGEST) -> None:
        self._stream, self._other_side, self._left = stream, other_side, largest
        self._largest = largest

    def readable(self) -> bool:
        return True

    def readinto(self, buffer: "memoryview") -> int:  # type: ignore[override]
        content = self._stream.read(len(buffer))
        if not content:
            self._require_somebody()
            return 0
        self._left -= len(content)
        if self._left < 0:
            raise InputRefused(
                say(
                    "More than %(limit)s MB came; nothing of it was taken in.",
                    limit=self._largest >> 20,
                )
            )
        buffer[: len(content)] = content
        return len(content)

    def _require_somebody(self) -> None:
        poll = select.poll()
        poll.register(self._other_side, 0)  # hang-up and errors are always reported
        if poll.poll(0):
            raise InputRefused(say("The line broke before the end; nothing was taken in."))
