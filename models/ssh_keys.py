"""Public SSH keys: what is accepted for an account, and the fingerprint by which it is found.

Light on purpose: the program that `sshd` asks at each offered key imports it, and nothing of
the data layer.
"""

import base64
import binascii
import hashlib
import re
from contextlib import suppress
from dataclasses import dataclass
from itertools import pairwise
from pathlib import Path

from models.errors import TrousseauError
from models.language import N_, say
from models.text import clean, squeeze

#: The kinds of keys that are accepted, the most advisable first. No DSA, no certificates.
KINDS = (
    "ssh-ed25519",
    "sk-ssh-ed25519@openssh.com",
    "ecdsa-sha2-nistp256",
    "ecdsa-sha2-nistp384",
    "ecdsa-sha2-nistp521",
    "sk-ecdsa-sha2-nistp256@openssh.com",
    "ssh-rsa",
)
SHORTEST_RSA = 3_072
LONGEST_LINE = 8_192
_LONGEST_COMMENT = 100
#: Characters of a file of keys that are looked at.
_LARGEST_FILE = 1_000_000
_FINGERPRINT = re.compile(r"SHA256:[A-Za-z0-9+/]{43}")
#: Bytes of the point of an elliptic curve, written uncompressed.
_POINTS = {"nistp256": 65, "nistp384": 97, "nistp521": 133}


class KeyRefused(TrousseauError):
    """The line is no public key that an account can have."""

    heading = N_("This key cannot be used")


@dataclass(frozen=True, slots=True)
class PublicKey:
    """A public key; `key` is its base64 part, `fingerprint` what `ssh-keygen -l` prints."""

    kind: str
    key: str
    fingerprint: str
    comment: str = ""


def parse_public_key(line: str) -> PublicKey:
    """Return the key of one line, as it stands in a `.pub` file.

    Options before the key are not taken: what a key may do is the house's affair. Raises
    `KeyRefused`, saying what is wrong with it.
    """
    if "PRIVATE KEY" in line[:LONGEST_LINE]:
        raise KeyRefused(
            say(
                "This is the private half of a key, which nobody else may ever see. "
                "Give the file that ends in .pub, and make a new pair."
            )
        )
    if len(line) > LONGEST_LINE or len(line.strip().splitlines()) != 1:
        raise KeyRefused(say("Give one public key: the one line of a file that ends in .pub."))
    kind, _blank, rest = line.strip().partition(" ")
    key, _blank, comment = rest.strip().partition(" ")
    if kind not in KINDS:
        raise KeyRefused(
            say(
                "A key begins with its kind, and nothing before it. Accepted are: %(kinds)s.",
                kinds=", ".join(KINDS),
            )
        )
    blob = _decoded(key)
    _check(kind, blob)
    canonical = base64.b64encode(blob).decode()
    return PublicKey(kind, canonical, fingerprint(blob), squeeze(clean(comment, _LONGEST_COMMENT)))


def fingerprint(blob: bytes) -> str:
    """Return the fingerprint of a key's binary form: `SHA256:` and 43 characters."""
    digest = base64.b64encode(hashlib.sha256(blob).digest()).decode()
    return f"SHA256:{digest.rstrip('=')}"


def is_fingerprint(text: str) -> bool:
    """Tell whether `text` is written as a fingerprint is."""
    return _FINGERPRINT.fullmatch(text) is not None


def _damaged() -> KeyRefused:
    return KeyRefused(say("The key is damaged or incomplete. Copy its whole line again."))


def _decoded(key: str) -> bytes:
    try:
        return base64.b64decode(key, validate=True)
    except (binascii.Error, ValueError):
        raise _damaged() from None


def fingerprints_in(path: Path) -> frozenset[str]:
    """Return the fingerprints of the keys in an `authorized_keys` file of OpenSSH, whatever
    options stand before them; none where there is no such file, or it is not ours to read."""
    try:
        with path.open(encoding="utf-8", errors="replace") as file:
            lines = file.read(_LARGEST_FILE).splitlines()
    except OSError:
        return frozenset()
    found = set()
    for line in lines:
        for kind, part in pairwise(() if line.startswith("#") else line.split()):
            if kind in KINDS:
                with suppress(ValueError):
                    found.add(fingerprint(base64.b64decode(part, validate=True)))
    return frozenset(found)


def _check(kind: str, blob: bytes) -> None:
    """Raise `KeyRefused` unless the binary form is a whole key of that kind, and strong enough."""
    parts = _parts(blob)
    if not parts or parts[0] != kind.encode():
        raise _damaged()
    match kind, parts[1:]:
        case "ssh-ed25519", [point]:
            good = len(point) == 32
        case "sk-ssh-ed25519@openssh.com", [point, application]:
            good = len(point) == 32 and bool(application)
        case "sk-ecdsa-sha2-nistp256@openssh.com", [b"nistp256", point, application]:
            good = _is_point("nistp256", point) and bool(application)
        case "ssh-rsa", [exponent, modulus]:
            good = int.from_bytes(exponent) % 2 == 1
            _check_rsa(modulus)
        case _, [curve, point] if kind == f"ecdsa-sha2-{curve.decode('ascii', 'replace')}":
            good = _is_point(curve.decode(), point)
        case _:
            good = False
    if not good:
        raise _damaged()


def _is_point(curve: str, point: bytes) -> bool:
    return len(point) == _POINTS[curve] and point[0] == 4


def _check_rsa(modulus: bytes) -> None:
    if int.from_bytes(modulus).bit_length() < SHORTEST_RSA:
        raise KeyRefused(
            say(
                "An RSA key needs at least %(bits)s bits. Make a new one: ssh-keygen -t ed25519",
                bits=SHORTEST_RSA,
            )
        )


def _parts(blob: bytes) -> list[bytes]:
    """Return the strings that the binary form is made of, none where it is not whole."""
    parts = []
    while blob:
        size = int.from_bytes(blob[:4])
        if len(blob) < 4 or size > len(blob) - 4:
            return []
        parts.append(blob[4 : 4 + size])
        blob = blob[4 + size :]
    return parts
