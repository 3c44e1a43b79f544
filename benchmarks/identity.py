"""Suspected doubles among many people, beside one pass over them with a dictionary."""

from collections import defaultdict
from collections.abc import Iterator, Sequence

from benchmarks.databases import Databases
from benchmarks.measuring import Figure, Line, race
from benchmarks.people import members
from models.identity import Identity, suspected_pairs

NAME = "identity"
TITLE = "Suspected doubles"
SIZES = (1_000, 10_000, 100_000)
QUICK = (500, 5_000)


def measure(databases: Databases, sizes: Sequence[int], rounds: int) -> Iterator[Line]:
    """Yield a figure for each size; the time for each person should stay the same."""
    for size in sizes:
        people = identities(size)
        found: list[tuple[int, int]] = []

        def subject(people: list[Identity] = people, found: list[tuple[int, int]] = found) -> None:
            found[:] = suspected_pairs(people)

        def floor(people: list[Identity] = people) -> None:
            same = defaultdict(list)
            for number, one in enumerate(people):
                same[one.surname_key, one.first_name_key].append(number)

        times = race(subject, floor, rounds)
        yield Figure(
            "everybody compared",
            times.wall * 1e3,
            "ms",
            size,
            times.floor_wall * 1e3,
            times.cpu_ratio,
            note=f"{len(found):,} pairs",
        )


def identities(size: int) -> list[Identity]:
    """Return people of whom a third have no birth date, as in real records (DOMAIN §3)."""
    return [
        Identity(
            *one.keys,
            one.birth_date if one.number % 3 else None,
            one.staff_number if one.number % 3 else None,
            frozenset({one.email}),
        )
        for one in members(size)
    ]
