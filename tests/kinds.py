"""What terminals of several kinds understand, from their manuals.

It is written down here anew, so that nothing depends on what the program believes.
"""

import re
from dataclasses import dataclass

_COLOURS = {*range(30, 38), 39, *range(40, 48), 49}
_BRIGHT = {*range(90, 98), *range(100, 108)}
_VT100_SGR = frozenset({0, 1, 4, 5, 7})
_VT220_SGR = _VT100_SGR | {22, 24, 25, 27}
_LINUX_SGR = _VT220_SGR | _COLOURS | {2}
_ALL_SGR = _LINUX_SGR | _BRIGHT | {3, 8, 9, 23, 28, 29, 38, 48}
_VT220_FINALS = "ABCDHJKmrX"


@dataclass(frozen=True)
class Kind:
    """What terminals of a name understand: final letters, SGR numbers, private modes.

    `bce` tells whether what is erased takes the background that is set, `strings` whether
    control strings (OSC) are understood.
    """

    name: str
    finals: str
    renditions: frozenset[int]
    modes: frozenset[int]
    codec: str = "utf-8"
    bce: bool = True
    strings: bool = False

    def understands(self, found: "re.Match[str]") -> bool:
        """Tell whether it knows a text, control or sequence, as `tests.emulator` names its
        parts."""
        if found["final"]:
            return not found["between"] and self._knows_sequence(found)
        if found["string"]:
            return self.strings
        if found["control"]:
            return found["control"] in "\a\b\t\n\r"
        return not found["charset"] and found["short"] in (None, "M")

    def _knows_sequence(self, found: "re.Match[str]") -> bool:
        mark, final = found["mark"], found["final"]
        numbers = [int(number or 0) for number in re.split("[;:]", found["numbers"])]
        if mark == "?" and final in "hl":
            return self.modes.issuperset(numbers)
        if final == "m":
            return not mark and self.renditions >= _renditions(numbers)
        return not mark and final in self.finals


def _renditions(numbers: list[int]) -> set[int]:
    """Return the numbers of SGR that are not part of a colour that another one begins."""
    found, index = set(), 0
    while index < len(numbers):
        found.add(numbers[index])
        colour = numbers[index] in (38, 48)
        index += {5: 3, 2: 5}[numbers[index + 1]] if colour else 1
    return found


_KINDS = (
    Kind("vt100", "ABCDHJKmr", _VT100_SGR, frozenset({7}), "ascii", bce=False),
    Kind("vt220", _VT220_FINALS, _VT220_SGR, frozenset({7, 25}), "iso8859-1", bce=False),
    Kind("linux", _VT220_FINALS + "Gd", _LINUX_SGR, frozenset({7, 25})),
    Kind(
        "screen", "ABCDHJKmrGd", _LINUX_SGR, frozenset({7, 25, 1049, 2004}),
        bce=False, strings=True,
    ),
    Kind(
        "tmux-256color", "ABCDHJKmrGd", _ALL_SGR, frozenset({7, 25, 1049, 2004}),
        bce=False, strings=True,
    ),
    Kind(
        "xterm-256color", _VT220_FINALS + "Gd", _ALL_SGR, frozenset({7, 25, 1049, 2004}),
        strings=True,
    ),
    # A real xterm, which also repeats.
    Kind(
        "xterm", _VT220_FINALS + "Gdb", _ALL_SGR - {38, 48}, frozenset({7, 25, 1049, 2004}),
        strings=True,
    ),
)  # fmt: skip
KINDS = {kind.name: kind for kind in _KINDS}
