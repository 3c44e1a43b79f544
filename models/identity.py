"""Who is the same person as whom: certain, suspected, or cleared (DOMAIN §3, Identity)."""

from collections import defaultdict
from collections.abc import Callable, Hashable, Iterable, Iterator, Sequence
from dataclasses import dataclass
from datetime import date
from itertools import combinations, islice, product

#: Where the score starts, and above which value two people are a suspected double.
BASE_SCORE = 2
SUSPECTED_ABOVE = 3

#: Largest group of people alike in which every pair is looked at, and the number of partners
#: that `suspected_pairs` looks for, for each person of a larger group.
WHOLE_GROUP = 50
PARTNERS_IN_LARGE_GROUP = 20


@dataclass(frozen=True, slots=True)
class Identity:
    """What identifies one person. Empty text, None and an empty set mean *not known*.

    Names are normal forms (`models.text.name_key`), addresses are `address_key`s, and each
    source key is (source, identifier in that source).
    """

    surname_key: str = ""
    first_name_key: str = ""
    birth_date: date | None = None
    staff_number: str | None = None
    email_keys: frozenset[str] = frozenset()
    source_keys: frozenset[tuple[Hashable, str]] = frozenset()


def is_contradicted(a: Identity, b: Identity) -> bool:
    """Tell whether something says that these are two people.

    Two birth dates, two staff numbers, or two identifiers in one source. One e-mail address
    with two birth dates, a shared mailbox, falls under the first.
    """
    if a.birth_date and b.birth_date and a.birth_date != b.birth_date:
        return True
    if a.staff_number and b.staff_number and a.staff_number != b.staff_number:
        return True
    return bool(a.source_keys and b.source_keys) and _told_apart_by_a_source(a, b)


def same_person(a: Identity, b: Identity) -> bool:
    """Tell whether these are certainly one person.

    One identifier in the same source, which outweighs a corrected birth date; or surname,
    first name and birth date, all three known and equal, with nothing that speaks against.
    """
    if a.source_keys & b.source_keys and not _told_apart_by_a_source(a, b):
        return True
    return (
        bool(a.surname_key and a.first_name_key and a.birth_date)
        and a.surname_key == b.surname_key
        and a.first_name_key == b.first_name_key
        and a.birth_date == b.birth_date
        and not is_contradicted(a, b)
    )


def double_score(a: Identity, b: Identity) -> int:
    """Return 2, and 1 more for each of surname, first name, birth date and e-mail in common.

    What is not known is never in common. The score says nothing of what speaks against.
    """
    return (
        BASE_SCORE
        + (bool(a.surname_key) and a.surname_key == b.surname_key)
        + (bool(a.first_name_key) and a.first_name_key == b.first_name_key)
        + (a.birth_date is not None and a.birth_date == b.birth_date)
        + (not a.email_keys.isdisjoint(b.email_keys))
    )


def is_suspected(a: Identity, b: Identity) -> bool:
    """Tell whether two records may be one person, so that someone must decide."""
    return double_score(a, b) > SUSPECTED_ABOVE and not is_contradicted(a, b)


def suspected_pairs(people: Sequence[Identity]) -> Iterator[tuple[int, int]]:
    """Yield the suspected doubles among `people`, each pair once, as indices with i < j.

    Two of the four marks must agree, so only people who share two are compared. A group of
    more than `WHOLE_GROUP` who share the same two (homonyms, a shared mailbox) is not
    compared pair by pair: for each person of it, up to `PARTNERS_IN_LARGE_GROUP` partners are
    looked for. So whoever is suspected is in at least one pair, not every pair is named, and
    both cost and pairs stay in proportion to the number of people.
    """
    seen: set[tuple[int, int]] = set()
    for marks in _MARKS:
        for group in _groups(people, marks):
            for pair in _pairs_in_group(people, group):
                if pair not in seen:
                    seen.add(pair)
                    yield pair


def _told_apart_by_a_source(a: Identity, b: Identity) -> bool:
    common = {source for source, _ in a.source_keys} & {source for source, _ in b.source_keys}
    return any(
        {key for s, key in a.source_keys if s == source}.isdisjoint(
            key for s, key in b.source_keys if s == source
        )
        for source in common
    )


# --- Groups of people who share two marks ---

_Marks = Callable[[Identity], Iterable[Hashable]]


def _by_names(p: Identity) -> Iterable[Hashable]:
    return ((p.surname_key, p.first_name_key),) if p.surname_key and p.first_name_key else ()


def _by_surname_and_birth(p: Identity) -> Iterable[Hashable]:
    return ((p.surname_key, p.birth_date),) if p.surname_key and p.birth_date else ()


def _by_first_name_and_birth(p: Identity) -> Iterable[Hashable]:
    return ((p.first_name_key, p.birth_date),) if p.first_name_key and p.birth_date else ()


def _by_email_and_surname(p: Identity) -> Iterable[Hashable]:
    return ((email, p.surname_key) for email in p.email_keys if p.surname_key)


def _by_email_and_first_name(p: Identity) -> Iterable[Hashable]:
    return ((email, p.first_name_key) for email in p.email_keys if p.first_name_key)


def _by_email_and_birth(p: Identity) -> Iterable[Hashable]:
    return ((email, p.birth_date) for email in p.email_keys if p.birth_date)


_MARKS: tuple[_Marks, ...] = (
    _by_names,
    _by_surname_and_birth,
    _by_first_name_and_birth,
    _by_email_and_surname,
    _by_email_and_first_name,
    _by_email_and_birth,
)


def _groups(people: Sequence[Identity], marks: _Marks) -> Iterator[list[int]]:
    groups: defaultdict[Hashable, list[int]] = defaultdict(list)
    for index, person in enumerate(people):
        for mark in marks(person):
            groups[mark].append(index)
    return (group for group in groups.values() if len(group) > 1)


def _pairs_in_group(people: Sequence[Identity], group: list[int]) -> Iterator[tuple[int, int]]:
    """Yield the pairs of a group, in which nothing but a contradiction clears a suspicion."""
    if len(group) > WHOLE_GROUP:
        yield from _LargeGroup(people, group).pairs()
        return
    for i, j in combinations(group, 2):
        if not is_contradicted(people[i], people[j]):
            yield i, j


_Sources = frozenset[Hashable]
_Alike = defaultdict[tuple[object, object], defaultdict[_Sources, list[int]]]


class _LargeGroup:
    """Finds for each person of a group some whom nothing tells apart, without trying them all.

    People are kept by birth date, staff number and the sources that know them, with `_ANY` as
    a joker in the first two. Two people in disjoint sources, with the same or an unknown
    birth date and staff number, are never told apart, so whole lists need no comparison; the
    few who share a source are found by the identifier that they must then share, too.
    """

    _ANY = object()

    def __init__(self, people: Sequence[Identity], group: list[int]) -> None:
        self.people = people
        self.group = group
        self.sources: dict[int, _Sources] = {}
        self.alike: _Alike = defaultdict(lambda: defaultdict(list))
        self.by_key: defaultdict[tuple[Hashable, str], list[int]] = defaultdict(list)
        for index in group:
            self._add(index)

    def _add(self, index: int) -> None:
        person = self.people[index]
        sources = frozenset(source for source, _ in person.source_keys)
        self.sources[index] = sources
        for birth in (person.birth_date, self._ANY):
            for number in (person.staff_number or None, self._ANY):
                self.alike[birth, number][sources].append(index)
        for key in person.source_keys:
            self.by_key[key].append(index)

    def pairs(self) -> Iterator[tuple[int, int]]:
        for i in self.group:
            for j in islice(self._partners(i), PARTNERS_IN_LARGE_GROUP):
                yield min(i, j), max(i, j)

    def _partners(self, i: int) -> Iterator[int]:
        person = self.people[i]
        births = (person.birth_date, None) if person.birth_date else (self._ANY,)
        numbers = (person.staff_number, None) if person.staff_number else (self._ANY,)
        for facts in product(births, numbers):
            # Not `[]`, which would add an empty entry.
            candidates = self.alike.get(facts)
            for sources, found in candidates.items() if candidates else ():
                if sources.isdisjoint(self.sources[i]):
                    yield from (j for j in found if j != i)
        for key in person.source_keys:
            # An identifier names one person in its source, so these lists are short; the
            # limit holds for data that breaks this.
            for j in islice(self.by_key[key], WHOLE_GROUP):
                if j != i and not is_contradicted(person, self.people[j]):
                    yield j
