"""One journey on old and new terminals, with UTF-8 and without, wide and narrow.

The real program on a pseudo-terminal, and behind it a terminal that refuses what its kind does
not understand. What is looked for are words: frames, colours and moves are the driver's tests.
"""

import os
import re
import shutil
import subprocess
import time
from collections.abc import Iterator, Sequence
from dataclasses import replace
from itertools import islice
from pathlib import Path

import pytest

from tests.emulator import Emulator
from tests.kinds import KINDS, Kind
from tests.terminal import PROGRAM, Terminal

pytestmark = pytest.mark.timeout(300)

UTF8, LATIN1 = "C.UTF-8", "fr_BE.ISO-8859-1"
#: Each terminal with both character sets, and at both sizes; with one of each the whole journey.
TERMINALS = [
    ("vt100", UTF8, 80, 24, "whole"), ("vt100", LATIN1, 60, 20, "begun"),
    ("vt220", UTF8, 60, 20, "begun"), ("vt220", LATIN1, 80, 24, "whole"),
    ("linux", UTF8, 80, 24, "begun"), ("linux", LATIN1, 60, 20, "whole"),
    ("screen", UTF8, 60, 20, "whole"), ("screen", LATIN1, 80, 24, "begun"),
    ("tmux", UTF8, 80, 24, "whole"), ("tmux", LATIN1, 60, 20, "begun"),
    ("xterm-256color", UTF8, 60, 20, "begun"), ("xterm-256color", LATIN1, 80, 24, "whole"),
]  # fmt: skip
#: Steps of a journey that is only begun: a list, and an accent that is typed and shown.
BEGUN = 3


@pytest.fixture(autouse=True)
def _sample_schools_of_this_run(run_folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Let the demonstrations of a run build their schools once, as those of a person do."""
    monkeypatch.setenv("XDG_CACHE_HOME", str(run_folder / "cache"))


class StrictLine(Terminal):
    """The program on a terminal of a kind, behind a line that carries one character set."""

    def __init__(self, term: str, locale: str, columns: int, lines: int, **more: str) -> None:
        self.codec = "iso8859-1" if locale == LATIN1 else "utf-8"
        self.shown = Emulator(columns, lines, _kind(term, self.codec))
        environment = {
            "TERM": term, "LANG": locale, "LC_ALL": "", "LC_CTYPE": "", "PYTHONUTF8": "1", **more,
        }  # fmt: skip
        arguments = ["demo", "--role", "director"]
        super().__init__(arguments, environment=environment, columns=columns, lines=lines)
        self._stream = self.shown  # type: ignore[assignment]

    @property
    def screen(self) -> str:
        return self.shown.text

    def type(self, keys: str) -> None:
        os.write(self._line, keys.encode(self.codec))

    def wait_for(self, *words: str) -> None:
        self._read_until(lambda: seen(words, self.screen), words)


def seen(words: Sequence[str], screen: str) -> bool:
    """Tell whether a screen shows these words, and none of those with `-` before them."""
    return all((word[1:] not in screen) if word[0] == "-" else word in screen for word in words)


def _kind(term: str, codec: str) -> Kind:
    return replace(KINDS[{"tmux": "tmux-256color"}.get(term, term)], codec=codec)


def journey() -> Iterator[tuple[str, tuple[str, ...]]]:
    """Yield what is typed, and the words that are to be seen then; `-` before those that are not.

    After Escape something is waited for: a letter straight behind it would be Alt's.
    """
    yield "", ("Tableau de bord", "38 accès")
    yield "ga", ("Gestion des accès", "Adam Sébastien", "sur 38")
    yield "/garcía", ("garcía", "Refusée", "1 sur 1")
    yield "\r\r", ("Fernández García Lucía", "Accès", "Statut")
    yield "\x1b", ("Gestion des accès", "garcía", "1 sur 1", "-Adresses connues")
    yield "?", ("Touches", "Ouvrir la ligne")
    yield "\x1b", ("Gestion des accès", "1 sur 1", "-Ouvrir la ligne")
    yield "gc", ("Autorisations", "Encoder", "imprimée")
    yield "\x06" + "8", ("Dossier pour le PDF",)  # Ctrl+F 8, where F8 does not arrive
    yield "\x1b", ("Autorisations", "Retirer", "-Dossier pour le PDF")


@pytest.mark.parametrize(("term", "locale", "columns", "lines", "how_far"), TERMINALS)
def test_the_journey(term: str, locale: str, columns: int, lines: int, how_far: str) -> None:
    with StrictLine(term, locale, columns, lines) as line:
        for keys, words in islice(journey(), None if how_far == "whole" else BEGUN):
            line.type(keys)
            line.wait_for(*words)
        line.type("q" if how_far == "whole" else "\rq")  # out of the line that was typed in
        assert line.wait_for_end() == 0


def test_without_colours_and_boxes_a_latin_1_line_gets_neither() -> None:
    """What a VT220 is sent is ASCII, Latin-1 and what it understands: nothing was refused."""
    with StrictLine("vt220", LATIN1, 80, 24) as line:
        line.wait_for("Tableau de bord", "38 accès")
        line.type("g")
        line.wait_for("+- Aller à ---", "|  c  Autorisations")
        line.type("\x1b")


def test_the_cursor_stands_on_the_focus_where_the_screen_is_read_out() -> None:
    with StrictLine("xterm-256color", UTF8, 80, 24, TROUSSEAU_STYLE="accessible") as line:
        line.wait_for("Tableau de bord", "38 accès")
        line.type("ga")
        line.wait_for("Adam Sébastien", "par Nom")
        line.type("\x1b[B")
        line.wait_for(">  Pas de rôle")
        at = line.screen.split("\n")[line.shown.y]
        assert line.shown.shows_cursor
        assert at.startswith(">  Pas de rôle")
        assert not re.search("[\u2500-\u259f]", line.screen)


# --- inside a real tmux ---------------------------------------------------------------------


class Tmux:
    """A tmux of our own, with one window in which the program runs."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder

    def __call__(self, *words: str) -> str:
        done = subprocess.run(
            ["tmux", "-L", "journey", "-f", os.devnull, *words],
            env={**os.environ, "TMUX_TMPDIR": str(self._folder), "TERM": "xterm-256color",
                 "LANG": UTF8, "LC_ALL": "", "LC_CTYPE": ""},
            capture_output=True, text=True, timeout=60, check=True,
        )  # fmt: skip
        return done.stdout

    def wait_for(self, *words: str) -> str:
        end = time.monotonic() + 60
        while not seen(words, shown := self("capture-pane", "-p")):
            if time.monotonic() > end:
                raise AssertionError(f"{words} did not come; tmux shows:\n{shown}")
            # tmux itself waits, so that nobody asks it a thousand times a second.
            self("run-shell", "-d", "0.1", "true")
        return shown


def _named(keys: str) -> Iterator[str]:
    """Yield keys as `tmux send-keys` names them."""
    names = {"\r": "Enter", "\x1b": "Escape", "\x06": "C-f"}
    for key in keys:
        yield names.get(key, key)


def test_the_journey_inside_tmux(tmp_path: Path) -> None:
    if shutil.which("tmux") is None:
        pytest.skip("tmux is not on this machine")
    tmux = Tmux(tmp_path)
    inside = f"TROUSSEAU_HOME={tmp_path}/home {PROGRAM} demo --role director"
    tmux("new-session", "-d", "-x", "80", "-y", "24", inside)
    try:
        tmux("set-option", "-g", "status", "off")
        tmux("resize-window", "-x", "80", "-y", "24")
        for keys, words in journey():
            for key in _named(keys):
                tmux("send-keys", key)
            tmux.wait_for(*words)
    finally:
        tmux("kill-server")
