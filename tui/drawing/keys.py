"""Keys as terminals send them: what Textual's parser does not know, put right.

Textual's own (`textual._xterm_parser`, 8.2.8) types the rest of a sequence that it doesn't know
into whatever has the focus, reads Alt and a digit as a letter of a Mac's keyboard, and is
given text that was decoded as UTF-8 whatever the line carries: one accent on a Latin-1 line
ended the program.
"""

import codecs
import re
from collections.abc import Callable, Iterable, Mapping

from textual import events
from textual._xterm_parser import XTermParser
from textual.keys import Keys

#: PuTTY's function keys in its mode "VT100+"; the first four are everybody's.
_VT100_PLUS = {f"\x1bO{letter}": f"f{number}" for number, letter in enumerate("TUVWXYZ[", 5)}
#: A VT100 has four function keys; terminfo makes the others of its keypad, which sends
#: figures as long as nobody asks for anything else, and we don't.
_VT100 = dict(
    zip(map("\x1bO{}".format, "tuvlwx"), ("f5", "f6", "f7", "f8", "f9", "f10"), strict=True)
)
#: Escape and Enter come together where a slow line has held the one back. Enter alone would
#: answer the question that Escape was to close.
_HELD_BACK: Mapping[str, tuple[tuple[str, str], ...]] = {
    "\x1b\r": (("escape", "\x1b"), ("enter", "\r"))
}
#: Escape and one character: Alt. Those that begin a longer sequence are not among them.
_ALT = re.compile(r"\x1b[!-MQ-WYZ`a-~]")
#: Alt keys that edit a line everywhere: a word to the left, to the right, taken away.
_EDITING = frozenset({"\x1bb", "\x1bf", "\x1b\x7f"})
#: A whole sequence. Those that say something other than a key are left to Textual: the
#: mouse, the answers to what it asks; and `ESC [ [`, by which the Linux console begins F1.
_SEQUENCE = re.compile(r"\x1b\[(?!M)[?>=]?[0-9;:]*[@-Z\\^-~]|\x1bO[0-9;]*[@-~]")


class KeyParser(XTermParser):
    """Reads keys. `term` is the terminal's name: one sequence means two keys on some."""

    def __init__(self, debug: bool = False, *, term: str = "") -> None:
        self._of_this = {**_VT100_PLUS, **(_VT100 if term.startswith("vt1") else {})}
        super().__init__(debug)

    def _sequence_to_key_events(self, sequence: str, alt: bool = False) -> Iterable[events.Key]:
        if key := self._of_this.get(sequence):
            yield events.Key(key, None)
        elif sequence in _HELD_BACK:
            yield from (events.Key(*both) for both in _HELD_BACK[sequence])
        elif _ALT.fullmatch(sequence) and sequence not in _EDITING:
            yield from self._with_alt(sequence[1])
        else:
            found = list(super()._sequence_to_key_events(sequence, alt))
            if _is_foreign(sequence, found):
                found = [events.Key(Keys.Ignore, sequence)]
            yield from found

    def _with_alt(self, character: str) -> Iterable[events.Key]:
        # Without its character: in a field it would be typed.
        for event in super()._sequence_to_key_events(character, True):
            yield events.Key(event.key if "+" in event.key else f"alt+{event.key}", None)


def _is_foreign(sequence: str, found: list[events.Key]) -> bool:
    """Tell whether a whole sequence means nothing to Textual, or a letter by its number.

    Of a key that it doesn't know, `ESC [ 65 ~`, it makes the letter 65, an A.
    """
    numbered = sequence.startswith("\x1b[") and sequence.endswith("~")
    if numbered and any(event.character for event in found):
        return True
    return not found and bool(_SEQUENCE.fullmatch(sequence))


def decoder(codec: str) -> Callable[[bytes], str]:
    """Return what makes text of the bytes of a line in that codec; it keeps half a character.

    A byte that means nothing becomes U+FFFD and never an error. The 8-bit controls of a
    VT220 on a line of one byte a character become the sequences of 7 bits.
    """
    decode = codecs.getincrementaldecoder(codec)("replace").decode
    if not codecs.lookup(codec).name.startswith("iso8859"):
        return decode
    return lambda data: decode(data).replace("\x9b", "\x1b[").replace("\x8f", "\x1bO")
