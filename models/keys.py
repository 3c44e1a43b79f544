"""The key that every token is computed from: one small file outside the database.

The file holds 32 random bytes, belongs to the account that runs the program, and is
readable by nobody else. Whoever has it can compute every token; whoever loses it makes
every token that was mailed worthless. It is in no backup of the database.
"""

import hashlib
import hmac
import os
import secrets
import stat
from dataclasses import dataclass, field
from pathlib import Path

from models.errors import TrousseauError, reason_of
from models.language import N_, Wording, say

KEY_BYTES = 32


class KeyRefused(TrousseauError):
    """The key file cannot be trusted or read."""

    heading = N_("The key file cannot be used")


@dataclass(frozen=True, slots=True)
class Key:
    """The secret. It never shows in `repr`, and is used through `mac` alone."""

    secret: bytes = field(repr=False)

    def __post_init__(self) -> None:
        if len(self.secret) != KEY_BYTES:
            raise ValueError(f"a key has {KEY_BYTES} bytes")

    def mac(self, message: bytes) -> bytes:
        """Return HMAC-SHA-256 of `message`, 32 bytes."""
        return hmac.digest(self.secret, message, "sha256")

    @property
    def fingerprint(self) -> str:
        """Eight characters that tell two keys apart and say nothing of either."""
        return hashlib.sha256(b"trousseau key fingerprint|" + self.secret).hexdigest()[:8]


def load_key(path: Path, *, create: bool = True) -> Key:
    """Return the key kept in `path`, made now if there is none yet and `create` allows it.

    Any number of processes may do this at once: all get the same key. Raises `KeyRefused`
    when the file is readable by others, is not ours, has not 32 bytes, or is not a plain
    file; nothing is repaired, for a key that others may have read must be replaced.
    """
    try:
        return _read(path)
    except FileNotFoundError:
        if not create:
            raise KeyRefused(say("There is no key file %(path)s.", path=str(path))) from None
    except OSError as error:
        raise _unusable(path, error) from error
    try:
        _create(path)
        return _read(path)
    except OSError as error:
        raise _unusable(path, error) from error


def _read(path: Path) -> Key:
    # O_NOFOLLOW: somebody who may write the folder could otherwise point us at another file;
    # O_NONBLOCK: opening a named pipe would wait for ever.
    descriptor = os.open(path, os.O_RDONLY | os.O_NOFOLLOW | os.O_CLOEXEC | os.O_NONBLOCK)
    with os.fdopen(descriptor, "rb") as file:
        _check(path, os.fstat(descriptor))
        secret = file.read(KEY_BYTES + 1)
    if len(secret) != KEY_BYTES:
        raise KeyRefused(_wrong_size(path))
    return Key(secret)


def _check(path: Path, found: os.stat_result) -> None:
    if not stat.S_ISREG(found.st_mode):
        raise KeyRefused(say("%(path)s is not a file.", path=str(path)))
    if found.st_mode & 0o077:
        raise KeyRefused(
            say(
                "Others than its owner may read the key file %(path)s (mode %(mode)s). If nobody"
                " can have read it, set its mode to 600; otherwise remove it: a new key is made,"
                " and the invitations that are under way must be sent again.",
                path=str(path),
                mode=f"{stat.S_IMODE(found.st_mode):o}",
            )
        )
    if found.st_uid != os.geteuid():
        raise KeyRefused(say("The key file %(path)s belongs to another account.", path=str(path)))
    if found.st_size != KEY_BYTES:
        raise KeyRefused(_wrong_size(path))


def _create(path: Path) -> None:
    """Make the file whole or not at all; leave alone what another process made meanwhile."""
    path.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
    draft = path.with_name(f".{path.name}.{secrets.token_hex(8)}")
    descriptor = os.open(draft, os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_CLOEXEC, 0o600)
    try:
        with os.fdopen(descriptor, "wb") as file:
            file.write(secrets.token_bytes(KEY_BYTES))
            file.flush()
            os.fsync(descriptor)
        # A link fails where the name exists; a rename would replace the key of the process
        # that was faster, and with it the tokens that it has mailed.
        try:
            os.link(draft, path)
        except FileExistsError:
            pass
    finally:
        draft.unlink()
    _sync_folder(path.parent)


def _sync_folder(folder: Path) -> None:
    descriptor = os.open(folder, os.O_RDONLY | os.O_DIRECTORY)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)


def _wrong_size(path: Path) -> Wording:
    return say(
        "The key file %(path)s does not have %(size)s bytes: it is damaged or is something else."
        " Put back the right one.",
        path=str(path),
        size=KEY_BYTES,
    )


def _unusable(path: Path, error: OSError) -> KeyRefused:
    return KeyRefused(
        say(
            "The key file %(path)s cannot be read or made: %(reason)s.",
            path=str(path),
            reason=reason_of(error),
        )
    )
