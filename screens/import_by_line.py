"""What stands in the place of the import where the console runs on somebody else's machine.

No file of that machine is named, read or offered: files come by standard input (`tui.ssh`).
"""

from __future__ import annotations

from typing import Any

from textual.app import ComposeResult
from textual.containers import Vertical
from textual.screen import Screen

from models.language import N_
from screens.commands import bindings
from screens.widgets.chrome import KeyBar, Sentence, TitleBar
from screens.workplace import Workplace


class ImportByLineScreen(Screen[Any]):
    """Say how a file gets here."""

    DEFAULT_CSS = """
    ImportByLineScreen > Vertical { padding: 1 0; }
    ImportByLineScreen Sentence { margin-bottom: 1; }
    ImportByLineScreen .typed { text-style: bold; margin-bottom: 0; padding: 0 6; }
    ImportByLineScreen .last { margin-bottom: 1; }
    """
    BINDINGS = [*bindings("app.back")]

    def __init__(self, workplace: Workplace) -> None:
        super().__init__()
        self._bar = TitleBar(N_("Import a file"), *workplace.title)

    def compose(self) -> ComposeResult:
        yield self._bar
        with Vertical():
            yield Sentence(
                N_(
                    "Over this connection no file of the machine that the console runs on is "
                    "read. Send yours from your own computer, with the same user and host as "
                    "you came in by, and an SSH key that belongs to your account:"
                )
            )
            yield Sentence("ssh … import staff < staff.csv", classes="typed")
            yield Sentence("ssh … import oneroster < oneroster.zip", classes="typed")
            yield Sentence("ssh … import sds < sds.zip", classes="typed")
            yield Sentence("ssh … import families < families.csv", classes="typed last")
            yield Sentence(
                N_(
                    "Nothing is changed by that: the plan is then in the list of plans (g, then "
                    "p), where you look at it and apply it. With --yes it is applied at once."
                )
            )
            yield Sentence(
                N_("You have no key yet? The page of your account tells how to add one.")
            )
        yield KeyBar()
