"""The same keys on other terminals and in other styles: bytes of the sample list, by our driver.

What a terminal cannot do costs bytes, or saves them: a VT100 has no colours, and without UTF-8
a character is one byte.
"""

from collections.abc import Iterator, Sequence
from statistics import median

from benchmarks.databases import Databases
from benchmarks.keys import sample_program, script
from benchmarks.measuring import Figure, Line, NotMeasured
from benchmarks.terminal import Way, opened

NAME = "terminals"
TITLE = "Bytes of keys on other terminals, sample list of 500, 80×24"
SIZES = (500,)
QUICK = (500,)

#: By the head of its column.
WAYS: dict[str, Way] = {
    **{
        name: Way(term=name)
        for name in ("xterm-256color", "tmux-256color", "screen", "linux", "vt220")
    },
    "vt100, no UTF-8": Way(term="vt100", locale="C"),
    "monochrome": Way(style="monochrome"),
    "accessible": Way(style="accessible"),
}


def measure(databases: Databases, sizes: Sequence[int], rounds: int) -> Iterator[Line]:
    """Yield the bytes of each key, terminal by terminal."""
    home = databases.folder / "home"
    home.mkdir(exist_ok=True)
    for name, way in WAYS.items():
        with opened(sample_program(home, sizes[0]), home, way) as terminal:
            paints = {"first paint": [terminal.first_paint()]}
            for step in script(b"c", 1):
                paints.setdefault(step.what, []).append(terminal.press(step.keys))
            if terminal.ended:
                yield NotMeasured(name, terminal.last_words)
                continue
        for what, found in paints.items():
            if what:
                count = median(paint.bytes for paint in found)
                yield Figure(what, float(count), "bytes", series=name)
