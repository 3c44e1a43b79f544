"""Counting a published list anew, from its file alone: no database, no key, no program's word.

Nothing that counts in the console uses this, and it uses nothing of what does, so that the one
proves the other. It reads what `trousseau election ballots` prints: plain lines, CSV or JSON.
"""

import csv
import hashlib
import json
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any

from models.errors import TrousseauError
from models.language import N_, Wording, say
from models.text import clean

#: No list is larger, in bytes: 10,000 ballots are a tenth of it.
LARGEST = 4_000_000
_LONGEST_WORD = 40


#: Names by number, seats, digest and ballots, as far as a list has them.
_Read = tuple[dict[int, str], int | None, str, list[tuple[str, str]]]


class ListRefused(TrousseauError):
    """The file is no published list."""

    heading = N_("This list cannot be counted")


@dataclass(frozen=True, slots=True)
class Recount:
    """What a list says: votes by number, the most first, and names where the list has them.

    `seated` are the numbers whose votes are enough whatever happens, `tied` those that have
    equal votes for too few seats; both are empty where the number of seats is not known.
    `digest` is the SHA-256 of the list, `problems` are the lines that were not counted.
    """

    votes: Mapping[int, int]
    names: Mapping[int, str]
    blank: int
    abstentions: int
    ballots: int
    seats: int | None
    seated: tuple[int, ...]
    tied: tuple[int, ...]
    digest: str
    problems: tuple[Wording, ...]


def recount(content: str, seats: int | None = None) -> Recount:
    """Count a list; `seats` is how many are elected, where the list does not say.

    Raises `ListRefused` for what is no list.
    """
    names, said_seats, said_digest, rows = _read(content)
    seats = said_seats if seats is None else seats
    votes = dict.fromkeys(names, 0)
    blank = abstentions = ballots = 0
    seen: set[str] = set()
    problems = []
    for place, (receipt, choice) in enumerate(rows, 1):
        wrong = _problem(receipt, choice, seen, names, seats)
        if wrong is not None:
            told = clean(f"{receipt} {choice}", _LONGEST_WORD)
            problems.append(
                say("Ballot %(place)s (%(ballot)s): %(why)s", place=place, ballot=told, why=wrong)
            )
            continue
        seen.add(receipt)
        ballots += 1
        blank += choice == "blank"
        abstentions += choice == "abstention"
        for number in _numbers(choice) or ():
            votes[number] = votes.get(number, 0) + 1
    digest = _digest(rows)
    if said_digest not in ("", digest):
        problems.append(say("The list does not have the digest that stands in it."))
    seated, tied = _seats(votes, seats)
    ordered = dict(sorted(votes.items(), key=lambda item: (-item[1], item[0])))
    return Recount(
        ordered, names, blank, abstentions, ballots, seats, seated, tied, digest,
        tuple(problems),
    )  # fmt: skip


def _read(content: str) -> _Read:
    content = content.removeprefix("\ufeff").strip()
    if content.startswith("{"):
        return _from_json(content)
    return {}, None, "", list(_from_lines(content))


def _from_json(content: str) -> _Read:
    try:
        told: Any = json.loads(content)
        names = {int(each["number"]): clean(str(each["name"])) for each in told["candidates"]}
        rows = [(str(each["receipt"]), str(each["choice"])) for each in told["ballots"]]
        return names, int(told["seats"]), str(told.get("digest", "")), rows
    except (ValueError, KeyError, TypeError, RecursionError):
        raise ListRefused(say("This is no list of ballots as JSON.")) from None


def _from_lines(content: str) -> Iterator[tuple[str, str]]:
    lines = content.splitlines()
    if lines and ";" in lines[0]:
        for row in csv.reader(lines[1:], delimiter=";"):
            if row:
                yield row[0].strip(), ";".join(row[1:]).strip()
        return
    for line in lines:
        receipt, _space, choice = line.strip().partition(" ")
        if receipt:
            yield receipt, choice.strip()


def _problem(
    receipt: str, choice: str, seen: set[str], names: Mapping[int, str], seats: int | None
) -> Wording | None:
    if receipt in seen:
        return say("this receipt stands there twice.")
    if choice in ("blank", "abstention"):
        return None
    numbers = _numbers(choice)
    if numbers is None or len(set(numbers)) != len(numbers):
        return say("this is no choice.")
    if seats is not None and len(numbers) > seats:
        return say("it names more candidates than there are seats.")
    if names and not set(numbers) <= set(names):
        return say("nobody stands with this number.")
    return None


def _numbers(choice: str) -> tuple[int, ...] | None:
    words = choice.split(",")
    if not all(word.isascii() and word.isdigit() and 0 < len(word) < 5 for word in words):
        return None
    return tuple(map(int, words))


def _seats(votes: Mapping[int, int], seats: int | None) -> tuple[tuple[int, ...], tuple[int, ...]]:
    """Fill the seats from the most votes down, as long as all with equal votes find one."""
    seated: list[int] = []
    for number in sorted(set(votes.values()) - {0}, reverse=True):
        equal = sorted(each for each, received in votes.items() if received == number)
        if seats is None or len(seated) == seats:
            break
        if len(seated) + len(equal) > seats:
            return tuple(seated), tuple(equal)
        seated += equal
    return tuple(seated), ()


def _digest(rows: list[tuple[str, str]]) -> str:
    return hashlib.sha256("".join(f"{a} {b}\n" for a, b in rows).encode()).hexdigest()
