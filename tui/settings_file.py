"""The file of settings that the services, the administrator and OpenSSH's programs share.

Lines `TROUSSEAU_NAME=value`, as `EnvironmentFile` of systemd takes them: no quotes are
needed, and a pair around the whole value is dropped. Read by the program itself, for on a
command line of `env` everybody on the machine could read a password.
"""

from collections.abc import Iterator, MutableMapping
from pathlib import Path

_LARGEST = 65_536
#: Which variable names the file; only the launchers set it.
VARIABLE = "TROUSSEAU_SETTINGS"


def take_settings(environment: MutableMapping[str, str]) -> None:
    """Put the settings of the file that `VARIABLE` names into an environment.

    Whatever `TROUSSEAU_…` it held before is removed. Without a file nothing is set.
    """
    path = environment.get(VARIABLE, "")
    for name in [name for name in environment if name.startswith("TROUSSEAU_")]:
        del environment[name]
    if path:
        with Path(path).open(encoding="utf-8") as file:
            environment.update(_settings(file.read(_LARGEST)))


def _settings(text: str) -> Iterator[tuple[str, str]]:
    for line in text.splitlines():
        name, equals, value = line.strip().partition("=")
        value = value.strip()
        if len(value) > 1 and value[0] == value[-1] and value[0] in "'\"":
            value = value[1:-1]
        if equals and name.startswith("TROUSSEAU_") and name != VARIABLE:
            yield name, value
