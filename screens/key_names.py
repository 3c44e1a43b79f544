"""How keys are written for people."""

from collections.abc import Iterable, Mapping

from models.language import N_, _

_KEY_NAMES: Mapping[str, str] = {
    "question_mark": "?",
    "slash": "/",
    "up": "↑",
    "down": "↓",
    "left": "←",
    "right": "→",
    "escape": N_("Esc"),
    "enter": N_("Enter"),
    "space": N_("Space"),
    "tab": "Tab",
    "shift+tab": N_("Shift+Tab"),
    "pageup": N_("PgUp"),
    "pagedown": N_("PgDn"),
    "home": N_("Home"),
    "end": N_("End"),
    "delete": N_("Del"),
}
#: The same for those who have the screen read out.
_KEY_WORDS: Mapping[str, str] = {
    "up": N_("Arrow up"),
    "down": N_("Arrow down"),
    "left": N_("Arrow left"),
    "right": N_("Arrow right"),
}
_CONTROL = "ctrl+"
_words = False


def use_words_for_keys(words: bool) -> None:
    """Choose how `key_name` writes the arrows from now on, in the whole program."""
    global _words
    _words = words


def key_name(key: str) -> str:
    """Return how a key is written for people, in the current language."""
    if name := (_KEY_WORDS.get(key) if _words else None) or _KEY_NAMES.get(key):
        return _(name)
    if key.startswith(_CONTROL):
        return f"Ctrl+{key.removeprefix(_CONTROL).upper()}"
    return key.upper() if len(key) > 1 else key


def key_names(keys: str | Iterable[str]) -> str:
    """Return all keys of a command, as in `↓ j`."""
    parts = keys.split(",") if isinstance(keys, str) else keys
    return " ".join(key_name(key) for key in parts)
