"""Random pictures through Textual's vocabulary: the terminal shows the same, in fewer bytes."""

from collections.abc import Iterable
from unicodedata import normalize

import pyte
import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st

from tests.emulator import Emulator
from tests.kinds import KINDS
from tui.drawing.abilities import Abilities, recognise
from tui.drawing.picture import Picture

WIDTH, HEIGHT = 24, 8
#: What all terminals show alike.
_WORDS = ("", " ", "x", "nom", "Éloïse", "a" * 12, " " * 14, "─" * 9, "│", "╭──╮", "…’→✓", "=" * 20)
_WIDE = ("漢字", "한글 ok", "ｆｕｌｌ", "e\u0301te\u0301", "a\u0308\u0323", "日")
#: What terminals dispute the width of.
_DISPUTED = ("👍", "❤\ufe0f", "👩\u200d🏫 a", "⌚", "🇧🇪", "\u0301", "क्षि")
_PENS = (
    "", "0", "1", "2", "3", "4", "7", "9", "1;31", "36", "30;46", "48;5;4", "92", "1;97;100",
    "38;5;200", "5;4;35", "44", "90",
)  # fmt: skip


def _abilities(kind: str) -> Abilities:
    environ = {"TERM": kind}
    if kind == "xterm":
        environ["XTERM_VERSION"] = "XTerm(390)"
    return recognise(environ)


def segments(words: Iterable[str]) -> st.SearchStrategy[str]:
    """Return what Textual writes of a segment: a move, a pen, a text, a reset."""

    def written(x: int, y: int, parts: list[tuple[str, str]]) -> str:
        styled = "".join(f"\x1b[{pen}m{text}\x1b[0m" if pen else text for pen, text in parts)
        return f"\x1b[{y + 1};{x + 1}H{styled}"

    parts = st.lists(st.tuples(st.sampled_from(_PENS), st.sampled_from(list(words))), max_size=3)
    return st.builds(written, st.integers(0, WIDTH - 1), st.integers(0, HEIGHT - 1), parts)


def lists(words: Iterable[str]) -> st.SearchStrategy[str]:
    """Return what Textual writes of a list: whole lines, perhaps those of before moved on."""

    def written(first: int, top: int, bottom: int, chosen: list[str]) -> str:
        lines = []
        for y in range(top, bottom):
            text = f"{first + y:3} {chosen[(first + y) % len(chosen)]}"[: WIDTH - 4]
            pen = "30;46" if (first + y) % 7 == 3 else "36"
            lines.append(f"\x1b[{y + 1};1H\x1b[{pen}m{text}\x1b[0m{' ' * (WIDTH - 4 - len(text))}")
        return "\n".join(lines)

    texts = st.lists(st.sampled_from(list(words)), min_size=3, max_size=5)
    return st.builds(written, st.integers(0, 9), st.integers(0, 3), st.integers(4, HEIGHT), texts)


def pictures(words: Iterable[str]) -> st.SearchStrategy[list[str | None]]:
    """Return a session: what is written, with None where a frame leaves."""
    simple = tuple(word for word in words if word.isascii())
    step = st.one_of(segments(words), lists(simple), st.just(None), st.just("\x1b[2J"))
    return st.lists(step, min_size=1, max_size=25)


def _fits(written: str) -> bool:
    """Tell whether Textual may write this: it never writes beyond the edge of a line."""
    beyond = Emulator(3 * WIDTH, HEIGHT)
    for y in range(HEIGHT):
        beyond.write(f"\x1b[{y + 1};{WIDTH + 1}H#")
    beyond.write(written.replace("\x1b[2J", ""))
    return all(line[WIDTH].text == "#" for line in beyond.rows)


def terminal(kind: str | None = None) -> Emulator:
    """Return a terminal as the program has it: without the wrapping of lines."""
    empty = Emulator(WIDTH, HEIGHT, KINDS[kind] if kind else None)
    empty.write("\x1b[?7l")
    return empty


def play(kind: str, session: list[str | None]) -> tuple[Emulator, Emulator, Picture]:
    """Play a session on two terminals: as Textual writes it, and as we send it."""
    stock, ours = terminal(), terminal(kind)
    picture = Picture(_abilities(kind), WIDTH, HEIGHT)
    for step in (*session, None):
        if step is None:
            ours.feed(picture.frame())
            assert not ours.waits
        elif _fits(step):
            stock.write(step)
            picture.read(step)
    return stock, ours, picture


@settings(max_examples=60, deadline=None)
@given(pictures((*_WORDS, *_WIDE)))
@example(["\x1b[1;1H漢字", None, "\x1b[1;2Hx"])
@example(["\x1b[1;1H漢字", None, "\x1b[1;3Hx"])
@example(["\x1b[1;23H漢", None, "\x1b[1;22H漢"])
@example(["\x1b[1;1He", "\u0301"])
def test_the_terminal_shows_what_the_stock_driver_makes_it_show(session: list[str | None]) -> None:
    stock, ours, _picture = play("xterm-256color", session)
    assert ours.cells() == stock.cells()


def _moved(first: int, top: int, bottom: int) -> str:
    """Return a part of a list of which one line stands on the screen a second time."""
    lines = (first + y for y in range(top, bottom))
    pens = {10: "30;46"}
    return "".join(
        f"\x1b[{number - first + 1};1H\x1b[{pens.get(number, 36)}m{number:3} {word:20}\x1b[0m"
        for number in lines
        for word in ["" if number == 11 else "=" * 16]
    )


@settings(max_examples=60, deadline=None)
@given(pictures(_WORDS))
@example([_moved(9, 0, 5), None, _moved(8, 2, 6)])
def test_pyte_as_it_is_shows_the_same_to_the_last_attribute(session: list[str | None]) -> None:
    stock, ours = (pyte.Screen(WIDTH, HEIGHT) for _driver in range(2))
    stream, changes = pyte.Stream(stock), pyte.ByteStream(ours)
    for screen in (stock, ours):
        screen.reset_mode(7, private=True)
    picture = Picture(recognise({"TERM": "xterm-256color"}), WIDTH, HEIGHT)
    for step in (*session, None):
        if step is None:
            changes.feed(picture.frame())
        elif _fits(step):
            stream.feed(step)
            picture.read(step)
    for y in range(HEIGHT):
        for x in range(WIDTH):
            assert ours.buffer[y][x] == stock.buffer[y][x], (x, y)


@pytest.mark.parametrize("kind", [kind for kind in KINDS if kind != "xterm-256color"])
@settings(max_examples=25, deadline=None)
@given(session=pictures((*_WORDS, *_WIDE)))
def test_each_kind_shows_the_picture_and_is_sent_nothing_it_does_not_understand(
    kind: str, session: list[str | None]
) -> None:
    _stock, ours, picture = play(kind, session)
    lines = [normalize("NFC", picture.grid.line(y)) for y in range(HEIGHT)]
    assert ours.text.split("\n") == lines
    assert ours.cells() == _painted_at_once(kind, picture).cells()


@settings(max_examples=40, deadline=None)
@given(pictures((*_WORDS, *_DISPUTED)))
def test_characters_of_disputed_width_displace_no_other(session: list[str | None]) -> None:
    _stock, ours, picture = play("xterm-256color", session)
    assert ours.cells() == _painted_at_once("xterm-256color", picture).cells()


def _painted_at_once(kind: str, picture: Picture) -> Emulator:
    whole = terminal(kind)
    picture.forget()
    whole.feed(picture.frame())
    return whole
