"""Substitutes say the same in the same number of cells, in characters that the line carries."""

import unicodedata
from collections.abc import Iterator

import pytest
from rich.cells import cell_len

from tui.drawing.characters import on_linux_console, shown_as, substitutes, without_boxes

CODECS = ("ascii", "iso8859-1", "iso8859-15", "cp437", "cp850", "koi8-r", "utf-8")


def assigned() -> Iterator[str]:
    """Yield what Unicode has up to the ideographs, and some of what follows; no controls."""
    for code in (*range(0x20, 0x3400), *range(0x3400, 0x20000, 41)):
        if unicodedata.category(chr(code)) not in ("Cn", "Cs", "Cc"):
            yield chr(code)


@pytest.mark.parametrize("codec", CODECS)
def test_every_character_has_a_substitute_of_its_width(codec: str) -> None:
    wrong = []
    for character in assigned():
        stands = shown_as.__wrapped__(character, codec)
        if cell_len(stands) != cell_len(character) or not stands.encode(codec, "ignore"):
            wrong.append(character)
        stands.encode(codec)
    assert [c for c in wrong if cell_len(c)] == []


@pytest.mark.parametrize(
    ("codec", "text", "expected"),
    [
        ("utf-8", "╭─ Café “œuf”… €", "╭─ Café “œuf”… €"),
        ("iso8859-1", "╭─┬═╮│║┼╰╯", "+-+=+||+++"),
        ("iso8859-1", "Aurélie Vandevelde-Œil, 12 €…", "Aurélie Vandevelde-Oil, 12 E~"),
        ("iso8859-15", "Aurélie Vandevelde-Œil, 12 €…", "Aurélie Vandevelde-Œil, 12 €~"),
        ("ascii", "Françoise Łukasz d’Hondt “x”", 'Francoise Lukasz d\'Hondt "x"'),
        ("ascii", "↑ ↓ ← → ‹ › · « » – •", "^ v < > < > - < > - *"),
        ("ascii", "██▒▒░░ ▌⣿⠁", "##::.. #" + "#."),
        ("cp437", "╭─╮│é█░║", "┌─┐│é█░║"),
        ("ascii", "n°\u00a02\u202f000", "n. 2 000"),
    ],
)
def test_what_stands_there(codec: str, text: str, expected: str) -> None:
    assert "".join(shown_as(character, codec) for character in text) == expected


@pytest.mark.parametrize(
    ("cluster", "codec", "expected"),
    [
        ("e\u0301", "iso8859-1", "é"),
        ("e\u0301", "ascii", "e"),
        ("n\u0302", "iso8859-1", "n"),
        ("漢", "iso8859-1", "??"),
        ("Ａ", "ascii", "A "),
        ("👩\u200d👧", "ascii", "??"),
        ("Ω", "ascii", "?"),
        ("ﬁ", "ascii", "?"),
        ("\ufffd", "cp437", "?"),
    ],
)
def test_clusters(cluster: str, codec: str, expected: str) -> None:
    assert shown_as(cluster, codec) == expected


def test_no_control_character_passes() -> None:
    for code in (*range(0x20), *range(0x7F, 0xA0)):
        for codec in ("iso8859-1", "cp437", "ascii"):
            assert shown_as(chr(code), codec).strip("?") == ""


def test_boxes_alone_are_taken_away() -> None:
    assert "".join(map(without_boxes, "╭─╮│é…═█░漢")) == "+-+|é…=#.漢"


def test_the_linux_console_gets_what_its_fonts_have() -> None:
    assert "".join(map(on_linux_console, "╭─╮│é Œ…’→•█░┏漢Ω")) == "┌─┐│é Œ~'→•█░+??Ω"


def test_an_unknown_codec_is_a_mistake() -> None:
    with pytest.raises(LookupError):
        shown_as("é", "x-none")


@pytest.mark.parametrize(
    ("codec", "boxes", "rounded", "expected"),
    [
        ("utf-8", True, True, "╭é’漢"),
        ("utf-8", True, False, "┌é'??"),
        ("utf-8", False, False, "+é’漢"),
        ("iso8859-1", False, False, "+é'??"),
        ("cp437", True, False, "┌é'??"),
    ],
)
def test_each_terminal_gets_what_it_can_show(
    codec: str, boxes: bool, rounded: bool, expected: str
) -> None:
    show = substitutes(codec, boxes=boxes, rounded=rounded)
    assert "".join(map(show, "╭é’漢")) == expected
