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
from collections.abc import Iterable
from dataclasses import dataclass, field

from sqlalchemy import Table, func, insert, select, update
from sqlmodel import SQLModel

from models.database import ActorSession
from models.elections import ElectionUrn, ElectionVoter
from models.errors import TrousseauError
from models.keys import Key
from models.language import N_, say
from models.rights import may_change, may_see
from models.scope import not_allowed
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


class HeldUrn:
    """The urn of an election, held for a transaction alone until that ends."""

    __slots__ = ("_election_id", "_sealed", "_session")

    def __init__(self, session: ActorSession, election_id: int, sealed: bytes) -> None:
        self._session, self._election_id, self._sealed = session, election_id, sealed

    @property
    def is_empty(self) -> bool:
        return not self._sealed

    def ballots(self, key: Key, candidates: int) -> list[SealedBallot]:
        """Return what is in it, in the order of the receipts.

        Raises `UrnRefused` where it was sealed with another key, was changed, or holds
        another number of ballots than schools have voted.
        """
        found = unseal(key, self._election_id, candidates, self._sealed)
        schools = count_voters(self._session, [self._election_id])[self._election_id]
        if schools == len(found):
            return found
        raise UrnRefused(
            say(
                "The urn holds %(ballots)s ballots, and %(schools)s schools have voted: somebody"
                " has worked on the database past this program. Nothing was done.",
                ballots=len(found),
                schools=schools,
            )
        )

    def put(self, key: Key, candidates: int, ballots: Iterable[SealedBallot]) -> None:
        """Write it anew with these ballots."""
        self._write(seal(key, self._election_id, candidates, ballots))

    def clear(self) -> None:
        """Write it anew with nothing in it: what was there is published."""
        self._write(b"")

    def _write(self, sealed: bytes) -> None:
        urns = _urns()
        self._session.connection().execute(
            update(urns).where(urns.c.election_id == self._election_id).values(ballots=sealed)
        )


def make(session: ActorSession, election_id: int) -> None:
    """Put up the urn of a new election, with nothing in it. For who puts elections up."""
    actor = session.actor
    if not (actor.sees_all or may_change(actor.role, "elections")):
        raise not_allowed()
    session.connection().execute(insert(_urns()).values(election_id=election_id, ballots=b""))


def hold(session: ActorSession, election_id: int) -> HeldUrn:
    """Return the urn of an election, held until the end of the transaction.

    Whoever votes, corrects, cancels or publishes holds it first, so that what they read
    afterwards stays as it is. Raises `OutOfScope` for all others.
    """
    actor = session.actor
    if not session.writes or not (actor.sees_all or may_change(actor.role, "votes")):
        raise not_allowed()
    urns = _urns()
    question = select(urns.c.ballots).where(urns.c.election_id == election_id).with_for_update()
    sealed = session.connection().execute(question).scalar_one_or_none()
    if sealed is None:
        raise UrnRefused(say("There is no election with this number."))
    return HeldUrn(session, election_id, bytes(sealed))


def count_voters(session: ActorSession, election_ids: Iterable[int]) -> dict[int, int]:
    """Return how many schools have voted, by election: a number, for all who read elections."""
    wanted = list(election_ids)
    if not wanted:
        return {}
    if not (session.actor.sees_all or may_see(session.actor.role, "elections")):
        raise not_allowed()
    voters = SQLModel.metadata.tables[str(ElectionVoter.__tablename__)]
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
