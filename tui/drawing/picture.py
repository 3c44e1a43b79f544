"""The picture of one terminal: Textual's output in, the bytes of what changed out.

No terminal is touched here and nothing waits, so that the same picture serves the driver,
the tests and whoever replays a session.
"""

from collections.abc import Callable

from tui.drawing.abilities import Abilities
from tui.drawing.cells import Grid, Reader
from tui.drawing.changes import Changes
from tui.drawing.characters import substitutes
from tui.drawing.pens import Pens

#: Sequences that wait for a line which takes none; a bell or two say as much as a hundred.
_MOST_PASSING = 16


class Picture:
    """What a terminal should show, and what it shows. The sizes are in cells."""

    def __init__(self, abilities: Abilities, width: int, height: int) -> None:
        self._abilities = abilities
        pens = Pens(abilities)
        self._reader = Reader(Grid(width, height), pens, _substitutes(abilities))
        self._changes = Changes(abilities, pens, width, height)

    @property
    def grid(self) -> Grid:
        """What the terminal should show."""
        return self._reader.grid

    @property
    def codec(self) -> str:
        """The character set that a frame is in."""
        return self._abilities.codec

    def read(self, data: str) -> None:
        """Take what Textual writes to its driver."""
        self._reader.read(data)
        del self._reader.passing[_MOST_PASSING:]

    def show_cursor(self, shown: bool = True) -> None:
        """Show the cursor where Textual puts it, or hide it, from the next frame on."""
        self._reader.cursor_shown = shown

    def frame(self) -> bytes:
        """Return what brings the terminal up to date, to be sent whole; nothing where it is."""
        reader = self._reader
        passing = self._passing()
        if passing:
            self._changes.disturbed()
        change = self._changes.to(reader.grid, reader.x, reader.y, reader.cursor_shown)
        return (passing + change).encode(self.codec, "replace")

    def forget(self) -> None:
        """Paint everything with the next frame: the terminal may show anything now."""
        self._changes.forget()

    def resize(self, width: int, height: int) -> bool:
        """Take the size of the window anew, and paint everything with the next frame.

        Where it is another size the picture is empty until Textual has painted, and True is
        returned.
        """
        self._changes.forget()
        if (width, height) == (self.grid.width, self.grid.height):
            return False
        self._reader.moved_to(Grid(width, height))
        return True

    def leave(self) -> bytes:
        """Return what ends drawing in colour."""
        return self._changes.leave().encode("ascii")

    def _passing(self) -> str:
        """Return what is no picture and the terminal understands, in its order.

        A bell goes to all. What remains is the vocabulary of xterm (the clipboard, the shape of
        the pointer, modes), and a terminal that is no descendant of it would print it.
        """
        passing = self._reader.passing
        if not passing:
            return ""
        kept = [what for what in passing if what == "\a" or self._abilities.alternate_screen]
        passing.clear()
        return "".join(kept)


def _substitutes(abilities: Abilities) -> Callable[[str], str] | None:
    if abilities.utf8 and abilities.rounded:
        return None
    return substitutes(abilities.codec, boxes=abilities.boxes, rounded=abilities.rounded)
