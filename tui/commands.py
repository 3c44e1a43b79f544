"""The program's side of the table of commands: the App's own bindings and a person's keymap."""

from collections.abc import Mapping

from textual.binding import BindingType, Keymap

from screens.commands import COMMANDS, PLACES, Command, Place, bindings, places_for

__all__ = ["APP_BINDINGS", "COMMANDS", "PLACES", "Command", "Place", "keymap", "places_for"]

#: What works on every screen; a focused field keeps the letters for itself.
APP_BINDINGS: list[BindingType] = [
    *bindings(
        "app.back",
        "app.help",
        "app.go",
        "app.search",
        "app.job",
        "app.language",
        "app.repaint",
        "app.function-key",
        "app.leave",
    ),
]


def keymap(chosen: Mapping[str, str]) -> Keymap:
    """Return what `App.set_keymap` takes from a person's choice of keys by command.

    Identifiers that the table does not know are left out, so that settings written by
    another version do no harm.
    """
    known = {command.id for command in COMMANDS}
    return {identifier: keys for identifier, keys in chosen.items() if identifier in known}
