"""Wide characters, with accents and without, drawn over each other in every alignment."""

from random import Random

import pytest

from tests.emulator import Emulator
from tui.drawing.abilities import recognise
from tui.drawing.picture import Picture

WIDTH, HEIGHT = 14, 2
#: What is drawn, by how many columns it fills. The marks join what stands before them.
_DRAWN = {
    1: ("a", "b", " ", "é", "e\u0301", "ก็", "─"),
    2: ("日", "本", "コ", "한", "Ａ", "🙂", "日\u0323", "コ\u3099"),
    0: ("\u0301", "\u0bbf"),
}
_PENS = ("", "", "", "\x1b[m", "\x1b[7m", "\x1b[31m", "\x1b[44m")


def _drawn(chance: Random) -> str:
    """Return what Textual writes of a part of one line: a move, and pens and characters."""
    place = chance.choice((0, 0, chance.randrange(WIDTH)))
    room, written = chance.choice((WIDTH, 5)), f"\x1b[{chance.randint(1, HEIGHT)};{place + 1}H"
    while (width := chance.choice((0, 1, 1, 1, 2, 2, 2))) <= min(room, WIDTH - place):
        written += chance.choice(_PENS) + chance.choice(_DRAWN[width])
        place, room = place + width, room - width
        if place == WIDTH:
            break
    return f"{written}\x1b[m"


@pytest.mark.parametrize("kind", ["xterm-256color", "screen"])
def test_wide_characters_are_drawn_over_in_every_alignment(kind: str) -> None:
    chance = Random("wide")
    meant, seen = Emulator(WIDTH, HEIGHT), Emulator(WIDTH, HEIGHT)
    picture = Picture(recognise({"TERM": kind, "LANG": "C.UTF-8"}), WIDTH, HEIGHT)
    for screen in (meant, seen):
        screen.write("\x1b[?7l\x1b[?25l")
    for _frame in range(500):
        for _part in range(chance.choice((1, 1, 2, 5))):
            written = _drawn(chance)
            meant.write(written)
            picture.read(written)
        seen.feed(picture.frame())
        assert list(seen.differences(meant)) == [], (seen.display, meant.display)
