"""What is sent, byte by byte, where it matters."""

import re
from itertools import pairwise

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from tests.emulator import Emulator
from tests.kinds import KINDS
from tests.tui.drawing.test_picture import _DISPUTED, _WIDE, _WORDS, HEIGHT, WIDTH, pictures
from tui.drawing.abilities import Abilities, recognise
from tui.drawing.picture import Picture

XTERM = recognise({"TERM": "xterm-256color"})
#: Names of one length, so that nothing is the same by chance.
_NAMES = [f"{number:02} {chr(97 + number % 26) * 30}" for number in range(60)]


def shown(text: str, abilities: Abilities = XTERM) -> Picture:
    """Return a picture of 40×12 that is on the terminal."""
    picture = Picture(abilities, 40, 12)
    picture.read(text)
    picture.frame()
    return picture


def sent(picture: Picture, text: str) -> str:
    """Return what is sent for what Textual writes next."""
    picture.read(text)
    return picture.frame().decode()


def _list(first: int, cursor: int = -1) -> str:
    lines = []
    for y in range(12):
        name = _NAMES[first + y].ljust(40)
        lines.append(f"\x1b[{y + 1};1H" + (f"\x1b[7m{name}\x1b[0m" if y == cursor else name))
    return "\n".join(lines)


def test_nothing_is_sent_where_nothing_has_changed() -> None:
    picture = shown(_list(0))
    assert sent(picture, _list(0)) == ""


def test_nothing_is_sent_for_a_cursor_that_nobody_sees() -> None:
    picture = shown(_list(0))
    assert sent(picture, "\x1b[7;9H") == ""


def test_a_cursor_that_is_seen_goes_where_it_belongs() -> None:
    picture = shown(_list(0))
    picture.show_cursor()
    assert sent(picture, "\x1b[7;9H") == "\x1b[7;9H\x1b[?25h"
    assert sent(picture, "\x1b[8;9H") == "\n"
    assert sent(picture, "\x1b[7;9H") == "\x1bM"


def test_a_terminal_that_cannot_hide_its_cursor_has_it_where_it_belongs() -> None:
    picture = shown("word", recognise({"TERM": "vt100"}))
    assert sent(picture, "\x1b[2;1H") == "\n\r"


def test_a_character_typed_is_one_byte() -> None:
    picture = shown("\x1b[3;1HNom: Dup")
    assert sent(picture, "\x1b[3;1HNom: Dupo") == "o"
    assert sent(picture, "\x1b[3;1HNom: Dupon") == "n"


def test_a_line_that_becomes_shorter_is_erased() -> None:
    picture = shown("\x1b[3;1HInstitut Saint-Aubert")
    assert sent(picture, "\x1b[3;1HInstitut             ").endswith("\x1b[K")


def test_blanks_between_are_erased_where_the_terminal_can() -> None:
    first, second = "│ Institut Saint-Aubert       │", "│                             │"
    assert "\x1b[2" in sent(shown(first), f"\x1b[H{second}")
    assert sent(shown(first), f"\x1b[H{second}").endswith("X")
    screen = shown(first, recognise({"TERM": "screen"}))
    assert "X" not in sent(screen, f"\x1b[H{second}")


def test_tabs_cross_what_stays_where_stops_are_known() -> None:
    abilities = XTERM._replace(tabs=False)
    for known, way in ((XTERM, "\t\ta"), (abilities, "\x1b[16C")):
        picture = shown("\x1b[H" + "a" * 40, known)
        assert sent(picture, "\x1b[Hb\x1b[1;18Hb") == f"\rb{way}b"


def test_a_colour_on_every_line_is_set_once() -> None:
    picture = shown(_list(0))
    lines = [f"\x1b[{y};1Hname{y:02}\x1b[33mlate\x1b[0m" for y in range(1, 13)]
    text = sent(picture, "".join(lines))
    assert text.count("\x1b[33m") == 1
    assert "\x1b[m" not in text  # nor ended, for nothing plain follows


def test_a_list_that_moves_by_one_is_scrolled() -> None:
    top, bottom = "\x1b[1;1HTitle", "\x1b[12;1HKeys of this screen"
    lines = "".join(f"\x1b[{y + 1};1H{_NAMES[y]}" for y in range(1, 11))
    moved = "".join(f"\x1b[{y + 1};1H{_NAMES[y + 1]}" for y in range(1, 11))
    picture = shown(top + lines + bottom)
    down = sent(picture, moved)
    assert down == f"\x1b[2;11r\x1b[11H\n\x1b[r\x1b[11H{_NAMES[11]}"
    up = sent(picture, lines)
    assert "\x1b[2;11r" in up
    assert "\x1bM" in up
    assert len(up) < 70


def test_scrolling_is_left_alone_where_it_is_not_understood() -> None:
    picture = shown(_list(0), XTERM._replace(scrolls=False))
    assert re.search(r"\x1b\[\d*;?\d*r|\x1bM", sent(picture, _list(1))) is None


def test_characters_are_repeated_only_where_that_is_sure() -> None:
    rule = "=" * 40
    assert sent(shown(""), rule) == f"\x1b[H{rule}"
    trusted = recognise({"TERM": "xterm", "XTERM_VERSION": "XTerm(390)"})
    if not trusted.repeats:
        pytest.skip("the terminfo database of this system does not know REP")
    assert sent(shown("", trusted), rule) == "\x1b[H=\x1b[38b="


def test_a_new_screen_begins_empty_where_that_is_shorter() -> None:
    picture = shown(_list(0, cursor=3))
    assert sent(picture, "\x1b[2J\x1b[6;18HWelcome") == "\x1b[2J\x1b[6;18HWelcome"


def test_a_pen_is_changed_by_what_differs() -> None:
    picture = shown("")
    assert sent(picture, "\x1b[1;36ma\x1b[0m") == "\x1b[H\x1b[1;36ma"
    assert sent(picture, "\x1b[;2H\x1b[36mb\x1b[0m") == "\x1b[22mb"
    assert sent(picture, "\x1b[;3Hc") == "\x1b[mc"


def test_a_terminal_without_colours_shows_a_ground_in_reverse() -> None:
    picture = shown("", recognise({"TERM": "vt100"}))
    assert sent(picture, "\x1b[30;46mline\x1b[0m") == "\x1b[7mline"


def test_eight_colours_have_no_bright_ones() -> None:
    linux = recognise({"TERM": "linux"})
    assert sent(shown("", linux), "\x1b[91mx\x1b[0m") == "\x1b[H\x1b[1;31mx"
    assert sent(shown("", linux), "\x1b[90mx\x1b[0m") == "\x1b[H\x1b[2mx"
    assert sent(shown("", linux), "\x1b[101mx\x1b[0m") == "\x1b[H\x1b[41mx"
    assert sent(shown("", linux), "\x1b[38;5;196mx\x1b[0m") == "\x1b[H\x1b[31mx"


def test_a_bell_goes_to_all_and_the_clipboard_to_whoever_has_one() -> None:
    clipboard = "\x1b]52;c;aGVsbG8=\x07"
    assert sent(shown(""), f"\a{clipboard}") == f"\a{clipboard}"
    assert sent(shown("", recognise({"TERM": "linux"})), f"\a{clipboard}") == "\a"


def test_a_line_that_takes_nothing_does_not_gather_bells() -> None:
    picture = shown("")
    for _ring in range(10_000):
        picture.read("\a")
    assert len(picture.frame()) < 100


@settings(max_examples=60, deadline=None)
@given(pictures((*_WORDS, *_WIDE, *_DISPUTED)), st.lists(st.integers(0, 400), max_size=9))
def test_output_may_be_cut_anywhere(session: list[str | None], cuts: list[int]) -> None:
    whole, cut = (Picture(XTERM, WIDTH, HEIGHT) for _reader in range(2))
    written = "".join(step for step in session if step)
    # Where a run is cut between a letter and its accent the accent joins the cell before it.
    whole.read(written)
    for start, end in pairwise([0, *sorted(min(at, len(written)) for at in cuts), len(written)]):
        cut.read(written[start:end])
    assert [whole.grid.line(y) for y in range(HEIGHT)] == [cut.grid.line(y) for y in range(HEIGHT)]
    assert whole.grid.pens == cut.grid.pens


_SCRAPS = st.sampled_from(
    [
        *("\x1b", "\x1b[", "\x1b[99;99H", "\x1b[1;", "m", "\x1b[38;5", "\x1b[38;5;999m"),
        *("\x1b]52;", "\x9b2J", "\x1b[9999999999m", "\x1bP", "\x1b[?1049l", "\t", "\r", "\b"),
        *("\n" * 9, "\ud800", "\u202e", "\x1b[A", "\x1b[9D", "\x1b[K", "\x1b[J"),
        *("\x1b[31;4m", "漢", "\u0301", "\x1b[7C"),
    ]
)


@pytest.mark.parametrize("kind", ["vt100", "vt220", "linux", "xterm-256color"])
@settings(max_examples=60, deadline=None)
@given(written=st.lists(st.one_of(_SCRAPS, st.text(max_size=30)), max_size=30))
def test_whatever_is_written_the_terminal_is_sent_what_it_understands(
    kind: str, written: list[str]
) -> None:
    picture = Picture(recognise({"TERM": kind}), WIDTH, HEIGHT)
    terminal = Emulator(WIDTH, HEIGHT, KINDS[kind])
    for text in written:
        picture.read(text)
        frame = picture.frame()
        if kind != "xterm-256color":  # what it does not know itself it leaves to an xterm
            terminal.feed(frame)
            assert not terminal.waits
        frame.decode(picture.codec)
