"""Textual without what this program never shows."""

import sys
from types import ModuleType

#: What other modules of Textual take from the one of its command palette.
_NAMES = (
    "CommandListItem", "CommandPalette", "DiscoveryHit", "Hit", "Hits", "Provider",
    "SimpleProvider",
)  # fmt: skip


def load_textual() -> None:
    """Import Textual, but not its command palette with the lists and trees that it needs.

    The palette is switched off (`TrousseauApp.ENABLE_COMMAND_PALETTE`), and a twelfth of what
    Textual loads is there for it alone. Only the names stand in for it meanwhile: whoever
    imports it afterwards gets the real one.
    """
    palette = "textual.command"
    if palette in sys.modules or "textual.app" in sys.modules:
        return
    stand_in = ModuleType(palette)
    for name in _NAMES:
        setattr(stand_in, name, type(name, (), {}))
    sys.modules[palette] = stand_in
    try:
        import textual.app  # noqa: F401
    finally:
        del sys.modules[palette]
