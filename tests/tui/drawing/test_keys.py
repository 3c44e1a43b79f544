"""What the keys of old and new terminals send arrives as the right key, whole or in pieces."""

import subprocess
import time
from collections.abc import Iterable

import pytest
from textual import constants, events

from tui.drawing.keys import KeyParser, decoder
from tui.environment import ESCAPE_DELAY

TERMS = ("vt100", "vt220", "linux", "screen", "tmux", "xterm-256color")
#: terminfo's names of keys, and Textual's.
KEYS = {
    **{f"kf{number}": f"f{number}" for number in range(1, 13)},
    "khome": "home",
    "kend": "end",
    "kpp": "pageup",
    "knp": "pagedown",
    "kdch1": "delete",
    "kich1": "insert",
    "kcuu1": "up",
    "kcud1": "down",
    "kcub1": "left",
    "kcuf1": "right",
    "kbs": "backspace",
    "kcbt": "shift+tab",
    "kfnd": "home",
    "kslt": "end",
}
#: What terminfo does not say: the other cursor mode, PuTTY's modes, rxvt, kitty.
MORE = {
    "up": ("\x1b[A", "\x1bOA"),
    "down": ("\x1b[B", "\x1bOB"),
    "right": ("\x1b[C", "\x1bOC"),
    "left": ("\x1b[D", "\x1bOD"),
    "home": ("\x1b[H", "\x1bOH", "\x1b[1~", "\x1b[7~"),
    "end": ("\x1b[F", "\x1bOF", "\x1b[4~", "\x1b[8~"),
    "f1": ("\x1bOP", "\x1b[11~", "\x1b[[A"),
    "f2": ("\x1bOQ", "\x1b[12~", "\x1b[[B"),
    "f3": ("\x1bOR", "\x1b[13~", "\x1b[[C"),
    "f4": ("\x1bOS", "\x1b[14~", "\x1b[[D"),
    "f5": ("\x1b[15~", "\x1b[[E", "\x1bOT"),
    "f6": ("\x1b[17~", "\x1bOU"),
    "f7": ("\x1b[18~", "\x1bOV"),
    "f8": ("\x1b[19~", "\x1bOW"),
    "f9": ("\x1b[20~", "\x1bOX"),
    "backspace": ("\x7f", "\x08"),
    "enter": ("\r", "\x1bOM"),
    "tab": ("\t",),
    "shift+tab": ("\x1b[Z", "\x1b\t"),
    "escape": ("\x1b[27u",),
    "delete": ("\x1b[3~",),
    "ctrl+u": ("\x15",),
    "ctrl+l": ("\x0c",),
    "ctrl+f": ("\x06",),
    "space": (" ",),
    "slash": ("/",),
    "question_mark": ("?",),
    "alt+g": ("\x1bg", "\x1b[103;3u"),
    "alt+8": ("\x1b8", "\x1b[56;3u"),
    "alt+shift+q": ("\x1bQ",),
}
#: Keys that we have no use for, and answers that nobody waits for any more.
FOREIGN = (
    "\x1b[25~",
    "\x1b[65~",
    "\x1b[27;5;105~",
    "\x1b[1;5A",
    "\x1b[Y",
    "\x1b[224z",
    "\x1b[?62;22c",
    "\x1b[>0;276;0c",
    "\x1b[200;5~",
    "\x1bO5P",
    "\x1bOE",
    "\x1b[E",
    "\x1b[8;24;80t",
)


def pressed(sequence: str, term: str = "", wait: bool = True) -> list[str]:
    """Return the keys that a sequence is read as."""
    return [event.key for event in events_of(sequence, term, wait)]


def events_of(sequence: str, term: str = "", wait: bool = True) -> list[events.Key]:
    parser = KeyParser(term=term)
    found = list(parser.feed(sequence))
    if wait:
        parser._timeout_time = 0.0 if parser._timeout_time is not None else None
        found += parser.tick()
    return [event for event in found if isinstance(event, events.Key)]


def of_terminfo(term: str) -> Iterable[tuple[str, str]]:
    """Yield each key of a terminal's entry, and what it sends."""
    entry = subprocess.run(["infocmp", "-1", term], capture_output=True, text=True)
    if entry.returncode:
        pytest.skip(f"terminfo has no entry for {term} here")
    for line in entry.stdout.splitlines():
        name, _equals, value = line.strip().rstrip(",").partition("=")
        if name in KEYS:
            control = {f"^{chr(64 + code)}": chr(code) for code in range(1, 32)}
            sent = value.replace("\\E", "\x1b").replace("^?", "\x7f")
            for written, code in control.items():
                sent = sent.replace(written, code)
            yield KEYS[name], sent


@pytest.mark.parametrize("term", TERMS)
def test_the_keys_of_terminfo(term: str) -> None:
    keys = list(of_terminfo(term))
    assert len(keys) > 12
    wrong = {sent: pressed(sent, term) for key, sent in keys if pressed(sent, term, False) != [key]}
    assert not wrong


@pytest.mark.parametrize(("key", "sent"), [(k, s) for k, all_of in MORE.items() for s in all_of])
def test_the_keys_of_other_modes(key: str, sent: str) -> None:
    assert pressed(sent, wait=False) == [key]


@pytest.mark.parametrize("sent", FOREIGN)
def test_what_is_not_a_key_of_ours_types_nothing(sent: str) -> None:
    typed = [event.character for event in events_of(f"{sent}x") if event.character]
    assert typed == ["x"]


def test_escape_is_waited_for_no_longer_than_its_delay() -> None:
    parser = KeyParser()
    assert list(parser.feed("\x1b")) == []
    assert parser._timeout_time is not None
    assert parser._timeout_time - time.monotonic() <= constants.ESCAPE_DELAY
    assert 200 <= ESCAPE_DELAY <= 300
    assert pressed("\x1b") == ["escape"]
    assert pressed("\x1b\x1b") == ["escape", "escape"]


@pytest.mark.parametrize("sent", ["\x1b[A", "\x1bOA", "\x1b[1;5A", "\x1b[19~", "\x1b[[C"])
def test_a_key_that_the_line_splits_is_one_key(sent: str) -> None:
    parser = KeyParser()
    found = [event for piece in sent for event in parser.feed(piece)]
    assert [type(event) for event in found] == [events.Key]
    assert [event.key for event in found] == pressed(sent, wait=False)  # type: ignore[attr-defined]
    assert "escape" not in found[0].key  # type: ignore[attr-defined]


def test_alt_and_a_letter_is_neither_escape_nor_the_letter() -> None:
    for code in range(0x21, 0x7F):
        character = chr(code)
        if character in "NOPX[]^_\\":
            continue  # they begin sequences
        found = events_of(f"\x1b{character}")
        assert [event.key for event in found] != ["escape"], character
        assert not [event for event in found if event.character], character


def test_escape_and_enter_held_back_by_the_line_are_both() -> None:
    assert pressed("\x1b\r") == ["escape", "enter"]


@pytest.mark.parametrize(
    ("codec", "pieces", "text"),
    [
        ("utf-8", [b"\xc3", b"\xa9"], "é"),
        ("utf-8", [b"caf\xe9 x"], "caf\ufffd x"),
        ("iso8859-1", [b"caf\xe9"], "café"),
        ("iso8859-15", [b"12 \xa4"], "12 €"),
        ("iso8859-1", [b"\x9bA\x8fP"], "\x1b[A\x1bOP"),
        ("cp437", [b"caf\x82"], "café"),
        ("ascii", [b"caf\xe9"], "caf\ufffd"),
    ],
)
def test_bytes_become_text_in_the_code_of_the_line(
    codec: str, pieces: list[bytes], text: str
) -> None:
    decode = decoder(codec)
    assert "".join(map(decode, pieces)) == text
