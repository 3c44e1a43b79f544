"""Pens: the colours and attributes that a cell is written with, and the way from one to another.

A pen is a small number that stands for a foreground, a background and attributes, already
brought down to what the terminal can show. So two cells that look the same compare the same.
"""

import re
from typing import NamedTuple

from tui.drawing.abilities import Abilities

#: Attributes by the number that sets them, the one that ends them, and their bit.
_SETS = {
    "bold": (1, 22),
    "dim": (2, 22),
    "italic": (3, 23),
    "underline": (4, 24),
    "blink": (5, 25),
    "reverse": (7, 27),
    "conceal": (8, 28),
    "strike": (9, 29),
}
_BIT = {name: 1 << number for number, name in enumerate(_SETS)}
#: What a blank does not show.
_UNSEEN = _BIT["bold"] | _BIT["dim"] | _BIT["italic"]
_ALIASES = {6: "blink", 21: "underline"}
_STARTS = {start: name for name, (start, _end) in _SETS.items()} | _ALIASES
_ENDS = {
    end: sum(_BIT[name] for name, (_start, other) in _SETS.items() if other == end)
    for end in range(22, 30)
}
#: Kinds of underlining and the like, which no screen of ours asks for.
_SUB = re.compile(r":[\d:]*")


class Pen(NamedTuple):
    """What SGR sets: `fore` and `back` are its parameters, nothing for the terminal's own."""

    fore: str = ""
    back: str = ""
    bits: int = 0


class Pens:
    """The pens of one terminal. Number 0 writes in the terminal's own colours."""

    def __init__(self, abilities: Abilities) -> None:
        self._abilities = abilities
        self._shows = sum(_BIT[name] for name in abilities.attributes if name in _BIT)
        self._pens = [Pen()]
        self._numbers = {Pen(): 0}
        self._asked: list[Pen] = [Pen()]  # before it was brought down, by number
        self._asked_numbers = {Pen(): 0}
        self._read: dict[tuple[int, str], int] = {}
        self._drawn: list[int] = [0]
        self._turns: dict[tuple[int | None, int], str] = {}
        #: Whether a blank of this pen looks as erasing with it leaves it, by the pen's number.
        self.erased = [True]

    def read(self, asked: int, parameters: str) -> int:
        """Return what is asked for after SGR with these parameters, from `asked` on.

        The number is of this reading and only `drawn` makes a pen of it.
        """
        key = (asked, parameters)
        if (found := self._read.get(key)) is None:
            pen = _after(self._asked[asked], parameters)
            found = self._asked_numbers.setdefault(pen, len(self._asked))
            if found == len(self._asked):
                self._asked.append(pen)
                self._drawn.append(self._number(self._brought_down(pen)))
            self._read[key] = found
        return found

    def drawn(self, asked: int) -> int:
        """Return the pen that comes nearest to what is asked for."""
        return self._drawn[asked]

    def turn(self, old: int | None, new: int) -> str:
        """Return the shortest sequence from one pen to another; None where it is not known."""
        key = (old, new)
        if (found := self._turns.get(key)) is None:
            found = self._turns[key] = self._shortest(old, new)
        return found

    def _number(self, pen: Pen) -> int:
        number = self._numbers.setdefault(pen, len(self._pens))
        if number == len(self._pens):
            self._pens.append(pen)
            grounded = self._abilities.erases_in_colour or not pen.back
            self.erased.append(grounded and not pen.bits & ~_UNSEEN)
        return number

    def _shortest(self, old: int | None, new: int) -> str:
        if old == new:
            return ""
        pen = self._pens[new]
        ways = [["", *_codes(pen.bits), *filter(None, (pen.fore, pen.back))]]
        if old is not None:
            before = self._pens[old]
            ends = self._ends(before, pen)
            if ends is not None:
                ways.append(ends)
        return min((f"\x1b[{';'.join(way)}m" for way in ways), key=len)

    def _ends(self, old: Pen, new: Pen) -> list[str] | None:
        """Return the parameters that change what differs; None where some cannot be ended."""
        gone = old.bits & ~new.bits
        fades = (old.fore and not new.fore) or (old.back and not new.back)
        if (gone or fades) and not self._abilities.ends_one_attribute:
            return None
        ends = [end for end, bits in _ENDS.items() if gone & bits]
        kept = old.bits
        for end in ends:
            kept &= ~_ENDS[end]
        return [
            *map(str, ends),
            *_codes(new.bits & ~kept),
            *([new.fore or "39"] if new.fore != old.fore else ()),
            *([new.back or "49"] if new.back != old.back else ()),
        ]

    # What the terminal can show of it

    def _brought_down(self, pen: Pen) -> Pen:
        colours = self._abilities.colours
        bits = pen.bits
        fore, back = pen.fore, pen.back
        if colours < 8:
            # The ground tells which line is meant: without colours it is told in reverse.
            bits ^= _BIT["reverse"] if back else 0
            return Pen("", "", bits & self._shows)
        fore, back = _nearest(fore, colours), _nearest(back, colours)
        if colours == 8:
            if fore == "90":
                # Bold black is black on black on many; grey is the terminal's own, dimmed.
                fore, bits = "", bits | _BIT["dim"]
            elif fore.startswith("9"):
                fore, bits = f"3{fore[1]}", bits | _BIT["bold"]
            if back.startswith("10"):
                back = f"4{back[2]}"
        return Pen(fore, back, bits & self._shows)


def _codes(bits: int) -> list[str]:
    return [str(_SETS[name][0]) for name, bit in _BIT.items() if bits & bit]


def _after(pen: Pen, parameters: str) -> Pen:
    """Return a pen after SGR with these parameters. What is not known changes nothing."""
    fore, back, bits = pen
    numbers = [int(text or 0) for text in _SUB.sub("", parameters).split(";")]
    at = 0
    while at < len(numbers):
        number = numbers[at]
        at += 1
        if number == 0:
            fore, back, bits = "", "", 0
        elif name := _STARTS.get(number):
            bits |= _BIT[name]
        elif number in _ENDS:
            bits &= ~_ENDS[number]
        elif 30 <= number <= 37 or 90 <= number <= 97:
            fore = str(number)
        elif 40 <= number <= 47 or 100 <= number <= 107:
            back = str(number)
        elif number == 39:
            fore = ""
        elif number == 49:
            back = ""
        elif number in (38, 48):
            length = {5: 2, 2: 4}.get(numbers[at] if at < len(numbers) else 0, 0)
            values = (min(value, 255) for value in numbers[at : at + length])
            colour = ";".join(map(str, (number, *values)))
            if length and at + length <= len(numbers):
                fore, back = (colour, back) if number == 38 else (fore, colour)
            at += length or 1
    return Pen(fore, back, bits)


def _nearest(colour: str, colours: int) -> str:
    """Return the parameters of the nearest colour among so many, of 8 or more."""
    if not colour.startswith(("38;", "48;")) or colours > 256:
        return colour
    ground, kind, *rest = map(int, colour.split(";"))
    if kind == 5 and colours == 256:
        return colour
    number = rest[0] if kind == 5 and rest[0] < 16 else None
    if number is None:
        from rich.color import Color, ColorSystem

        exact = Color.from_ansi(rest[0]) if kind == 5 else Color.from_rgb(*rest[:3])
        system = ColorSystem.EIGHT_BIT if colours == 256 else ColorSystem.STANDARD
        number = exact.downgrade(system).number or 0
        if colours == 256 and number > 15:
            return f"{ground};5;{number}"
    base = ground - 8 if number < 8 else ground + 52 - 8
    return str(base + number)
