"""The folder of logs, found without the library of the settings: a crash may come before it."""

from collections.abc import Mapping
from pathlib import Path

import platformdirs


def state_folder(environ: Mapping[str, str]) -> Path:
    """Return the folder that `tui.settings.Folders.state` names too."""
    if home := environ.get("TROUSSEAU_HOME", "").strip():
        return Path(home).expanduser().absolute() / "state"
    return platformdirs.user_state_path("trousseau")
