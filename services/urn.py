"""The urn of an election: its ballots, sealed, and how many schools have voted.

An urn is one row, written anew with each vote (`models.elections`). Opened, it is the ballots
in the order of their receipts, each of the same length: ten random bytes, and one bit each for
blank, abstention and every candidate. Sealed, it is AES-256-GCM of that under a key derived
from the installation's key file, with a fresh nonce each time. So without the key it is random
bytes, whose length tells the number of votes and nothing else; election and number are
authenticated, so that no other urn, and no part of one, passes for it.

A head's session may not read the table, nor count the voters of other schools; here, and
nowhere else, that is done past the session, with what a vote needs and a bare number.
What this protects from and what not is told in docs/elections.md.
"""

import secrets
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field

from sqlalchemy import Table, func, insert, select, update
from sqlmodel import SQLModel

from models.database import ActorSession
from models.elections import ElectionUrn, ElectionVoter
from models.errors import TrousseauError
from models.keys import Key
from models.language import N_, say
from models.tokens import ALPHABET

RECEIPT_BYTES = 10
_RECEIPT_CHARACTERS = 16  # five bits each
_GROUP = 4
_FORMAT = b"\x01"
_NAME_BYTES, _NONCE_BYTES, _TAG_BYTES = 8, 12, 16
_HEADER_BYTES = len(_FORMAT) + _NAME_BYTES + _NONCE_BYTES
_VALUES = {character: value for value, character in enumerate(ALPHABET)}
_SAME_SHAPE = str.maketrans("OIL", "011")

#: The lowest bits of a ballot; that of the candidate with the number n is `2 << n`.
BLANK, ABSTENTION = 1, 2


class UrnRefused(TrousseauError):
    """The urn cannot be opened, or does not hold what it should. It is left as it is."""

    heading = N_("The urn cannot be opened")


@dataclass(frozen=True, slots=True, order=True)
class SealedBallot:
    """A ballot as the urn holds it; it shows nothing of itself."""

    receipt: bytes = field(repr=False)
    marks: int = field(repr=False)


# --- receipts -----------------------------------------------------------------------------


def new_receipt() -> str:
    """Return a receipt that nobody has: 80 random bits, as `XXXX-XXXX-XXXX-XXXX`."""
    return shown_receipt(secrets.token_bytes(RECEIPT_BYTES))


def shown_receipt(receipt: bytes) -> str:
    number = int.from_bytes(receipt, "big")
    text = "".join(
        ALPHABET[number >> 5 * place & 31] for place in range(_RECEIPT_CHARACTERS - 1, -1, -1)
    )
    return "-".join(text[i : i + _GROUP] for i in range(0, _RECEIPT_CHARACTERS, _GROUP))


def read_receipt(text: str) -> bytes | None:
    """Return the bytes of a receipt as it was typed, None for what is none.

    Hyphens, spaces and case do not matter, O is read as 0, I and L as 1.
    """
    if len(text) > 10 * _RECEIPT_CHARACTERS:
        return None
    typed = "".join(text.upper().replace("-", "").split()).translate(_SAME_SHAPE)
    if len(typed) != _RECEIPT_CHARACTERS or any(letter not in _VALUES for letter in typed):
        return None
    number = 0
    for letter in typed:
        number = number << 5 | _VALUES[letter]
    return number.to_bytes(RECEIPT_BYTES, "big")


# --- the row ------------------------------------------------------------------------------


def make(session: ActorSession, election_id: int) -> None:
    """Put up the urn of a new election, with nothing in it."""
    session.connection().execute(insert(_urns()).values(election_id=election_id, ballots=b""))


def hold(session: ActorSession, election_id: int) -> bytes:
    """Return the sealed urn, held for this transaction alone until it ends.

    Whoever votes, corrects, cancels or publishes holds it first, so that what they read
    afterwards stays as it is.
    """
    if not session.writes:
        raise RuntimeError("only whoever writes may hold an urn")
    urns = _urns()
    question = select(urns.c.ballots).where(urns.c.election_id == election_id).with_for_update()
    return bytes(session.connection().execute(question).scalar_one())


def put(session: ActorSession, election_id: int, sealed: bytes) -> None:
    """Replace the sealed urn; it is held."""
    urns = _urns()
    session.connection().execute(
        update(urns).where(urns.c.election_id == election_id).values(ballots=sealed)
    )


def refuse_unless_complete(
    session: ActorSession, election_id: int, ballots: Sequence[SealedBallot]
) -> None:
    """Raise `UrnRefused` where an urn holds another number of ballots than schools voted."""
    schools = count_voters(session, [election_id])[election_id]
    if schools != len(ballots):
        raise UrnRefused(
            say(
                "The urn holds %(ballots)s ballots, and %(schools)s schools have voted: somebody"
                " has worked on the database past this program. Nothing was done.",
                ballots=len(ballots),
                schools=schools,
            )
        )


def count_voters(session: ActorSession, election_ids: Iterable[int]) -> dict[int, int]:
    """Return how many schools have voted, by election: a number, whoever asks."""
    voters = SQLModel.metadata.tables[str(ElectionVoter.__tablename__)]
    wanted = list(election_ids)
    question = (
        select(voters.c.election_id, func.count())
        .where(voters.c.election_id.in_(wanted))
        .group_by(voters.c.election_id)
    )
    found = {row[0]: int(row[1]) for row in session.connection().execute(question)}
    return {election: found.get(election, 0) for election in wanted}


def count_schools(session: ActorSession) -> int:
    """Return how many schools there are in the network: a number, whoever asks."""
    schools = SQLModel.metadata.tables["school"]
    question = select(func.count()).select_from(schools).where(schools.c.kind == "school")
    return int(session.connection().scalar(question) or 0)


def _urns() -> Table:
    return SQLModel.metadata.tables[str(ElectionUrn.__tablename__)]


# --- sealing ------------------------------------------------------------------------------


def seal(key: Key, election_id: int, candidates: int, ballots: Iterable[SealedBallot]) -> bytes:
    """Return the urn with these ballots, in the order of their receipts and under a new nonce.

    `candidates` is how many stand, and with it how many bits a ballot has.
    """
    from cryptography.hazmat.primitives.ciphers.aead import AESGCM

    in_order = sorted(ballots)
    width = _width(candidates)
    plain = b"".join(each.receipt + each.marks.to_bytes(width, "big") for each in in_order)
    nonce = secrets.token_bytes(_NONCE_BYTES)
    about = _about(election_id, candidates, len(in_order))
    sealed = AESGCM(_key(key, election_id)).encrypt(nonce, plain, about)
    return _FORMAT + key.fingerprint.encode() + nonce + sealed


def unseal(key: Key, election_id: int, candidates: int, sealed: bytes) -> list[SealedBallot]:
    """Return the ballots of an urn; raises `UrnRefused` where it was sealed with another key.

    An urn that nobody has voted into is empty, and needs no key.
    """
    if not sealed:
        return []
    from cryptography.exceptions import InvalidTag
    from cryptography.hazmat.primitives.ciphers.aead import AESGCM

    length = RECEIPT_BYTES + _width(candidates)
    count, rest = divmod(len(sealed) - _HEADER_BYTES - _TAG_BYTES, length)
    if not sealed.startswith(_FORMAT) or count < 0 or rest:
        raise UrnRefused(_DAMAGED)
    name = sealed[len(_FORMAT) :][:_NAME_BYTES]
    if name != key.fingerprint.encode():
        raise _other_key(name, key)
    nonce = sealed[_HEADER_BYTES - _NONCE_BYTES : _HEADER_BYTES]
    about = _about(election_id, candidates, count)
    try:
        plain = AESGCM(_key(key, election_id)).decrypt(nonce, sealed[_HEADER_BYTES:], about)
    except InvalidTag:
        raise UrnRefused(_DAMAGED) from None
    parts = (plain[place : place + length] for place in range(0, len(plain), length))
    return [
        SealedBallot(part[:RECEIPT_BYTES], int.from_bytes(part[RECEIPT_BYTES:], "big"))
        for part in parts
    ]


_DAMAGED = say(
    "The urn of this election was changed or damaged. Nothing was done: it stays as it is."
    " Compare with a backup."
)


def _other_key(name: bytes, key: Key) -> UrnRefused:
    known = say(
        "The urn was sealed with the key %(sealed)s, and the key file here is %(here)s. Nothing"
        " was done, and no vote is lost: put back the right key file.",
        sealed=name.decode("ascii", "replace"),
        here=key.fingerprint,
    )
    return UrnRefused(known)


def _key(key: Key, election_id: int) -> bytes:
    return key.mac(f"trousseau urn|{election_id}".encode())


def _about(election_id: int, candidates: int, ballots: int) -> bytes:
    return f"election {election_id}, {candidates} candidates, {ballots} ballots".encode()


def _width(candidates: int) -> int:
    return (candidates + 2 + 7) // 8
