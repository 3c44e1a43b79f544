"""Passwords: what is accepted, and how they are hashed and compared (FACTS, Passwords).

Argon2id with 19 MiB, two passes and one lane takes some 40 ms; at most two are computed at
once on a machine, so that guessing at the door cannot take the memory of those inside.
"""

import fcntl
import os
import unicodedata
from base64 import b64encode
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from typing import TYPE_CHECKING

from models.errors import TrousseauError
from models.language import N_, say
from models.text import name_key

if TYPE_CHECKING:
    from argon2 import PasswordHasher

SHORTEST = 15
#: Only a bound: what is longer is no password but a file pasted by mistake.
LONGEST = 1_024

_MEMORY_KIB = 19 * 1024
_PASSES = 2
_LANES = 1
_AT_ONCE = 2

#: Words that everybody tries first, in the form of `name_key`.
_COMMON = (
    "motdepasse", "password", "passwort", "wachtwoord", "iloveyou", "jetaime", "bonjour",
    "soleil", "doudou", "chouchou", "loulou", "marseille", "bruxelles", "belgique",
    "football", "princess", "dragon", "monkey", "letmein", "welcome", "bienvenue", "admin",
    "administrateur", "administrator", "secret", "ecole", "school", "directeur",
    "directrice", "direction", "trousseau", "extranet", "itschool", "headnet", "segec",
    "changeme", "test",
)  # fmt: skip
#: Rows of keys, and what is counted off; any four in a row are one try.
_ROWS = (
    "01234567890", "09876543210", "azertyuiop", "qsdfghjklm", "wxcvbn", "qwertyuiop",
    "asdfghjkl", "zxcvbnm", "abcdefghijklmnopqrstuvwxyz",
)  # fmt: skip
_SHORTEST_RUN = 4
#: Different characters that must be left once the words above are taken away.
_LEAST_LEFT = 5


class PasswordRefused(TrousseauError):
    """The password is too easy to guess, too short or too long."""

    heading = N_("Choose another password")


def check_password(password: str, *personal: str) -> None:
    """Raise `PasswordRefused` where a new password cannot be taken, saying why.

    `personal` are words that somebody who knows the person tries first: the address and
    the name. Nothing is asked about kinds of characters, and nothing expires.
    """
    password = _normal(password)
    if len(password) < SHORTEST:
        raise PasswordRefused(
            say(
                "A password has at least %(count)s characters. "
                "A few words that do not belong together are easy to remember.",
                count=SHORTEST,
            )
        )
    if len(password) > LONGEST:
        raise PasswordRefused(say("A password has at most %(count)s characters.", count=LONGEST))
    if _is_easy(password, personal):
        raise PasswordRefused(
            say("This password is among the first that anybody would try. Choose another.")
        )


def _normal(password: str) -> str:
    # The same key gives é as one character or as two, depending on the machine.
    return unicodedata.normalize("NFKC", password)


def _is_easy(password: str, personal: tuple[str, ...]) -> bool:
    rest = name_key(password)
    for word in sorted({*_COMMON, *_runs(), *_words_of(personal)}, key=len, reverse=True):
        rest = rest.replace(word, "")
    signs = {c for c in password if not c.isalnum() and not c.isspace()}
    return len(set(rest)) + len(signs) < _LEAST_LEFT


def _runs() -> Iterator[str]:
    for row in _ROWS:
        for size in range(_SHORTEST_RUN, len(row) + 1):
            yield from (row[start : start + size] for start in range(len(row) - size + 1))


def _words_of(personal: tuple[str, ...]) -> Iterator[str]:
    for text in personal:
        parts = text.replace("@", " ").replace(".", " ").replace("-", " ").split()
        yield from (word for part in (text, *parts) if len(word := name_key(part)) > 3)


@dataclass(frozen=True)
class Hasher:
    """Computes and compares Argon2id hashes. `folder` holds the lock files of the machine."""

    folder: Path

    @cached_property
    def _argon2(self) -> "PasswordHasher":
        from argon2 import PasswordHasher

        return PasswordHasher(time_cost=_PASSES, memory_cost=_MEMORY_KIB, parallelism=_LANES)

    def hash(self, password: str) -> str:
        """Return the hash to store. It takes some 40 ms: never within a transaction."""
        with self._turn():
            return self._argon2.hash(_normal(password))

    def fits(self, stored: str | None, password: str) -> bool:
        """Tell whether `password` has the hash `stored`; None takes as long and never fits."""
        from argon2.exceptions import InvalidHashError, VerificationError

        if len(password) > LONGEST:
            stored, password = None, ""
        with self._turn():
            try:
                self._argon2.verify(stored or hash_of_nobody(), _normal(password))
            except (VerificationError, InvalidHashError):
                return False
        return stored is not None

    @contextmanager
    def _turn(self) -> Iterator[None]:
        """Wait until fewer than two hashes are being computed on this machine."""
        self.folder.mkdir(mode=0o700, parents=True, exist_ok=True)
        handles = [self._open(number) for number in range(_AT_ONCE)]
        try:
            if not any(_locked(handle, fcntl.LOCK_NB) for handle in handles):
                _locked(handles[os.getpid() % _AT_ONCE], 0)
            yield
        finally:
            for handle in handles:
                os.close(handle)

    def _open(self, number: int) -> int:
        path = self.folder / f"password-{number}.lock"
        return os.open(path, os.O_CREAT | os.O_RDWR | os.O_CLOEXEC, 0o600)


def _locked(handle: int, how: int) -> bool:
    try:
        fcntl.flock(handle, fcntl.LOCK_EX | how)
    except BlockingIOError:
        return False
    return True


def hash_of_nobody(randomness: Callable[[int], bytes] = os.urandom) -> str:
    """Return the form of a hash that no password has, and that costs as much to compare with."""
    salt, digest = (b64encode(randomness(size)).decode().rstrip("=") for size in (16, 32))
    return f"$argon2id$v=19$m={_MEMORY_KIB},t={_PASSES},p={_LANES}${salt}${digest}"
