"""What is known of a terminal by its name and the locale."""

import json
import subprocess
import sys
from pathlib import Path

import pytest

from tui.drawing import terminfo
from tui.drawing.abilities import Abilities, recognise

KINDS = ("vt100", "vt220", "linux", "screen", "tmux", "tmux-256color", "xterm", "xterm-256color")
#: So that no entry is found, as on a system without the database.
_NOTHING = {"TERMINFO": "", "TERMINFO_DIRS": "", "HOME": ""}
_ASK_CURSES = """
import json, re, sys, _curses
_curses.setupterm(sys.argv[1], 1)
text = lambda name: re.sub(rb"\\$<[^>]*>", b"", _curses.tigetstr(name) or b"").decode("latin-1")
print(json.dumps([{name: text(name) for name in sys.argv[2].split()},
    {name: _curses.tigetflag(name) == 1 for name in ("am", "xenl", "bce")},
    _curses.tigetnum("colors")]))
"""


@pytest.mark.parametrize("term", KINDS)
def test_an_entry_is_read_as_curses_reads_it(term: str) -> None:
    found = terminfo.entry(term, {})
    if found is None:
        pytest.skip(f"the terminfo database of this system has no {term}")
    names = " ".join(terminfo._STRINGS)
    answer = subprocess.run(
        (sys.executable, "-c", _ASK_CURSES, term, names), check=True, capture_output=True
    )
    strings, flags, colours = json.loads(answer.stdout)
    assert {name: text for name, text in strings.items() if text} == {
        name: text.decode("latin-1") for name, text in found.strings.items() if text
    }
    assert found.flags == {name for name, holds in flags.items() if holds}
    assert found.numbers.get("colors", -1) == colours


@pytest.mark.parametrize("term", KINDS)
def test_without_the_database_nothing_is_thought_to_be_understood_that_is_not(
    term: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    with_entry = recognise({"TERM": term})
    monkeypatch.setattr(terminfo, "_FOLDERS", ())
    without = recognise({"TERM": term, **_NOTHING})
    assert without.colours <= with_entry.colours
    assert without.attributes <= with_entry.attributes
    for name in Abilities._fields:
        if isinstance(getattr(without, name), bool):
            assert getattr(without, name) <= getattr(with_entry, name), name


def test_a_vt100_is_given_no_more_than_it_has() -> None:
    assert recognise({"TERM": "vt100"}) == Abilities(term="vt100")


@pytest.mark.parametrize(
    "term", ["", "no-such-terminal", "../../../etc/passwd", "x" * 5_000, "a\0b", "é", "/dev/tty"]
)
def test_a_name_that_nobody_knows_is_a_vt100_that_may_have_unicode(term: str) -> None:
    found = recognise({"TERM": term})
    assert found == Abilities(term=term, codec="utf-8", boxes=True, rounded=True)


@pytest.mark.parametrize(
    ("environ", "codec"),
    [
        ({}, "utf-8"),
        ({"LANG": "C"}, "utf-8"),
        ({"LANG": "POSIX"}, "utf-8"),
        ({"LANG": "fr_BE"}, "utf-8"),
        ({"LANG": "fr_BE.UTF-8"}, "utf-8"),
        ({"LANG": "fr_BE.utf8"}, "utf-8"),
        ({"LANG": "fr_BE.ISO-8859-1"}, "iso8859-1"),
        ({"LANG": "fr_BE.ISO8859-15@euro"}, "iso8859-15"),
        ({"LANG": "fr_BE@euro"}, "iso8859-15"),
        ({"LANG": "en_US.ANSI_X3.4-1968"}, "ascii"),
        ({"LANG": "fr_BE.UTF-8", "LC_CTYPE": "fr_BE.ISO-8859-1"}, "iso8859-1"),
        ({"LANG": "fr_BE.ISO-8859-1", "LC_ALL": "C.UTF-8"}, "utf-8"),
        ({"LANG": "fr_BE.ISO-8859-1", "LC_ALL": ""}, "iso8859-1"),
        ({"LANG": "fr_BE.ISO-8859-1", "LC_CTYPE": "C.UTF-8"}, "iso8859-1"),
        ({"LC_CTYPE": "C.UTF-8"}, "utf-8"),
        ({"LANG": "x.rot13"}, "ascii"),
        ({"LANG": "x.utf-16"}, "ascii"),
        ({"LANG": "x.../../evil"}, "ascii"),
        ({"TERM": "vt100"}, "ascii"),
        ({"TERM": "vt100", "LANG": "C"}, "ascii"),
        ({"TERM": "vt100", "LANG": "fr_BE.UTF-8"}, "utf-8"),
        ({"TERM": "vt220"}, "iso8859-1"),
        ({"TERM": "linux"}, "utf-8"),
    ],
)
def test_the_character_set(environ: dict[str, str], codec: str) -> None:
    found = recognise(environ)
    assert found.codec == codec
    assert found.boxes == (codec == "utf-8")


def test_the_console_of_linux_has_straight_corners_only() -> None:
    found = recognise({"TERM": "linux"})
    assert found.boxes and not found.rounded


def test_repeating_is_not_believed_of_what_only_claims_to_be_an_xterm() -> None:
    entry = terminfo.entry("xterm", {})
    if entry is None or "rep" not in entry.strings:
        pytest.skip("the terminfo database of this system says nothing of it")
    assert not recognise({"TERM": "xterm"}).repeats
    assert recognise({"TERM": "xterm", "XTERM_VERSION": "XTerm(390)"}).repeats
    assert not recognise({"TERM": "tmux", "XTERM_VERSION": "XTerm(390)"}).repeats


@pytest.mark.parametrize(
    "content",
    [b"", b"\x1a\x01", b"x" * 4_096, b"\x1a\x01" + b"\xff" * 40, b"\x1a\x01" + b"\x7f" * 40],
)
def test_an_entry_that_is_damaged_is_as_good_as_none(content: bytes, tmp_path: Path) -> None:
    (tmp_path / "d").mkdir()
    (tmp_path / "d" / "damaged").write_bytes(content)
    environ = {"TERM": "damaged", "TERMINFO": str(tmp_path)}
    assert recognise(environ).colours == 0
    assert terminfo.entry("damaged", environ) is None


def test_an_entry_of_ones_own_is_found_first(tmp_path: Path) -> None:
    source = next(
        (Path(f) / "v" / "vt100" for f in terminfo._FOLDERS if (Path(f) / "v" / "vt100").exists()),
        None,
    )
    if source is None:
        pytest.skip("the terminfo database of this system has no vt100")
    (tmp_path / "x").mkdir()
    (tmp_path / "x" / "xterm").write_bytes(source.read_bytes())
    found = recognise({"TERM": "xterm", "TERMINFO": str(tmp_path)})
    assert not found.moves_to_column
