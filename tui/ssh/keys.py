"""What `sshd` runs for each key that is offered (`AuthorizedKeysCommand`), as a program.

Given a fingerprint it prints that key if it is the live key of a live account, and nothing
otherwise. Exit 0 either way; 1 where the database could not be asked. Whose the key is, the
program that comes after finds by itself.
"""

import os
import sys
from collections.abc import Mapping
from pathlib import Path

from models.key_lookup import live_key
from tui.settings_file import take_settings

#: What a key may do, should the configuration of sshd ever be lost: a terminal, and no more.
OPTIONS = "restrict,pty"


def main() -> None:
    """Answer the question of this process's command line."""
    try:
        take_settings(os.environ)
        print(answer(sys.argv[1] if len(sys.argv) == 2 else "", os.environ), end="")
    except Exception as error:
        # sshd puts this into its log; a driver's own words may hold a password.
        sys.exit(f"trousseau: the keys cannot be looked up ({type(error).__name__})")


def answer(fingerprint: str, environment: Mapping[str, str]) -> str:
    """Return the line of `authorized_keys` for a fingerprint; empty for every other key."""
    found = live_key(_database(environment), fingerprint)
    return f"{OPTIONS} {found[0]} {found[1]}\n" if found else ""


def _database(environment: Mapping[str, str]) -> str:
    """Return the database's address as `tui.settings` does, without its library (0.1 s)."""
    if url := environment.get("TROUSSEAU_DATABASE_URL", "").strip():
        return url
    if home := environment.get("TROUSSEAU_HOME", "").strip():
        data = Path(home).expanduser().absolute() / "data"
    else:
        import platformdirs

        data = platformdirs.user_data_path("trousseau")
    return f"sqlite:///{data / 'trousseau.db'}"


if __name__ == "__main__":
    main()
