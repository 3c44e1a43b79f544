"""The same random pictures on a terminal that others wrote: tmux."""

import os
import shutil
import subprocess
import tty
from collections.abc import Iterator
from pathlib import Path

import pytest
from hypothesis import HealthCheck, given, settings

from tests.emulator import Emulator
from tests.tui.drawing.test_picture import _WIDE, _WORDS, HEIGHT, WIDTH, _fits, pictures, terminal
from tui.drawing.abilities import recognise
from tui.drawing.picture import Picture

pytestmark = pytest.mark.skipif(shutil.which("tmux") is None, reason="tmux is not installed")


class Pane:
    """A pane of tmux whose terminal is written to directly."""

    def __init__(self, socket: Path, name: str) -> None:
        self._socket, self._name = socket, name
        size = ("-x", str(WIDTH), "-y", str(HEIGHT))
        self._tmux("-f", os.devnull, "new-session", "-d", "-s", name, *size, "exec sleep 600")
        self._tmux("set", "-g", "status", "off")
        self._tmux("resize-window", "-t", name, *size)
        path = self._tmux("display", "-p", "-t", name, "#{pane_tty}").strip()
        self._terminal = os.open(path, os.O_RDWR | os.O_NOCTTY)
        tty.setraw(self._terminal)

    def close(self) -> None:
        os.close(self._terminal)
        self._tmux("kill-session", "-t", self._name)

    def empty(self) -> None:
        self.feed(b"\x1bc\x1b[?7l")

    def feed(self, data: bytes) -> None:
        """Write to the terminal, and wait until it has read it all."""
        os.write(self._terminal, data + b"\x1b[6n")
        answer = b""
        while not answer.endswith(b"R"):
            answer += os.read(self._terminal, 100)

    def seen(self) -> Emulator:
        """Return what the pane shows."""
        shown = terminal()
        captured = self._tmux("capture-pane", "-p", "-e", "-N", "-t", self._name)
        for y, line in enumerate(captured.split("\n")[:HEIGHT]):
            shown.write(f"\x1b[{y + 1};1H{line}")
        return shown

    def _tmux(self, *arguments: str) -> str:
        command = ("tmux", "-u", "-S", str(self._socket), *arguments)
        return subprocess.run(command, check=True, capture_output=True, text=True).stdout


@pytest.fixture(scope="module")
def panes(tmp_path_factory: pytest.TempPathFactory) -> Iterator[tuple[Pane, Pane]]:
    socket = tmp_path_factory.mktemp("tmux") / "socket"
    both = Pane(socket, "stock"), Pane(socket, "changes")
    yield both
    for pane in both:
        pane.close()


def _play(panes: tuple[Pane, Pane], session: list[str | None]) -> tuple[Emulator, Emulator]:
    """Play a session on both panes, and return what the stock driver and ours make of it."""
    stock, ours = panes
    for pane in panes:
        pane.empty()
    picture = Picture(recognise({"TERM": "tmux-256color"}), WIDTH, HEIGHT)
    for step in (*session, None):
        if step is None:
            ours.feed(picture.frame())
        elif _fits(step):
            stock.feed(step.replace("\n", "\r\n").encode())
            picture.read(step)
    return stock.seen(), ours.seen()


_settings = settings(
    max_examples=50, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture]
)


@_settings
@given(session=pictures(_WORDS))
def test_tmux_shows_the_same(panes: tuple[Pane, Pane], session: list[str | None]) -> None:
    stock, ours = _play(panes, session)
    assert ours.cells() == stock.cells()


@_settings
@given(session=pictures((*_WORDS, *_WIDE[:4], "日")))
def test_tmux_shows_the_same_wide_characters(
    panes: tuple[Pane, Pane], session: list[str | None]
) -> None:
    # Terminals differ in the colour of the blank that half of one leaves: xterm and VTE keep
    # that of the character, tmux takes its own.
    stock, ours = _play(panes, session)
    assert ours.text == stock.text
