"""How many sessions there may be, and how much memory each may take.

A session holds a byte of a file by a lock that ends with its process, however that ends; so
they are counted whoever started them, and nothing is left to be tidied up.
"""

import fcntl
import os
import resource
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from hashlib import sha256
from pathlib import Path

from models.errors import TrousseauError
from models.language import N_, say, say_n

_FILE = "sessions"
#: No limit of the settings is larger; each person has so many bytes of the file.
MOST = 4_096


class NoRoom(TrousseauError):
    """There are as many sessions as there may be, of one person or of all."""

    heading = N_("No room")


@dataclass(frozen=True, slots=True)
class Limits:
    """Sessions of one person and in all, and megabytes of memory for each."""

    a_person: int = 20
    in_all: int = 200
    memory: int = 1_024


def limits(environment: Mapping[str, str]) -> Limits:
    """Return the limits that the settings ask for, read here without their library (0.1 s).

    A value that `tui.settings` refuses gives the default.
    """
    usual = Limits()
    return Limits(
        _number(environment, "TROUSSEAU_SESSIONS_A_PERSON", usual.a_person, MOST),
        _number(environment, "TROUSSEAU_SESSIONS", usual.in_all, MOST),
        _number(environment, "TROUSSEAU_SESSION_MEMORY", usual.memory, 65_536, least=256),
    )


def _number(
    environment: Mapping[str, str], name: str, usual: int, most: int, least: int = 1
) -> int:
    text = environment.get(name, "").strip()
    if text.isascii() and text.isdigit() and least <= int(text[:9]) <= most:
        return int(text)
    return usual


def limit_memory(megabytes: int) -> None:
    """Let this process write to so much memory and no more: it then fails, and nobody else."""
    _soft, hard = resource.getrlimit(resource.RLIMIT_DATA)
    most = megabytes * 2**20
    if hard == resource.RLIM_INFINITY or most < hard:
        resource.setrlimit(resource.RLIMIT_DATA, (most, most))


@contextmanager
def seat(folder: Path, person: str, limits: Limits) -> Iterator[None]:
    """Count this process among the sessions of a person; raises `NoRoom`.

    `folder` is that of the state, on this machine. Where it cannot be written nobody is
    counted, and opening the installation tells what is wrong.
    """
    try:
        folder.mkdir(parents=True, exist_ok=True, mode=0o700)
        handle = os.open(folder / _FILE, os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o600)
    except OSError:
        yield
        return
    try:
        _take(handle, person, limits)
        yield
    finally:
        os.close(handle)


def _take(handle: int, person: str, limits: Limits) -> None:
    if not _hold(handle, _place_of(person), limits.a_person):
        raise NoRoom(
            say_n(
                "You have %(count)s session open already. Close it, and come in again.",
                "You have %(count)s sessions open already. Close one, and come in again.",
                limits.a_person,
            )
        )
    if not _hold(handle, 0, limits.in_all):
        raise NoRoom(say("There are as many people in as there is room for. Come back later."))


def _place_of(person: str) -> int:
    """Return the first of a person's bytes; the first `MOST` of all are everybody's."""
    return (1 + int.from_bytes(sha256(person.encode()).digest()[:6])) * MOST


def _hold(handle: int, first: int, count: int) -> bool:
    """Lock one of the bytes from `first` on; tell whether one was free."""
    for place in range(first, first + count):
        try:
            fcntl.lockf(handle, fcntl.LOCK_EX | fcntl.LOCK_NB, 1, place)
            return True
        except OSError:
            continue
    return False
