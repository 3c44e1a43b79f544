"""Schools by name and place: half typed, with slips, abbreviated as people say them.

Every word of a name, of its place and of its address's commune is looked for by itself, in
any order; a word that few schools have says more than `école`, which a thousand have.
"""

import re
from array import array
from collections import defaultdict
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from heapq import nsmallest
from itertools import pairwise
from math import log
from operator import itemgetter

from models.text import name_key
from services.search_words import Costs, Words, slips_in

#: What people write of words that are not merely cut short.
_WRITTEN = {
    "st": "saint",
    "ste": "sainte",
    "sts": "saints",
    "stes": "saintes",
    "ec": "ecole",
    "ecl": "ecole",
    "bxl": "bruxelles",
    "ndame": "nd",
}
#: What people say of words that stand side by side; they are looked for by either.
_SAID = {
    ("notre", "dame"): "nd",
    ("athenee", "royal"): "ar",
    ("promotion", "sociale"): "eps",
    ("sacre", "coeur"): "sc",
    ("louvain", "neuve"): "lln",
}
_IN_FULL = {said: words for words, said in _SAID.items()}
#: Words that join others and say nothing.
_NOTHING_SAID = "a au aux d de des du en et l la le les sur sous pour par"
_JOINING = frozenset(_NOTHING_SAID.split())
_HYPHEN = re.compile(r"(\w{2,})-(?=(\w{2,}))")
_NOT_A_WORD = re.compile(r"[^\w]+|_")
_SHORTEST_ACRONYM, _LONGEST_ACRONYM = 2, 5
_JOINED, _SAID_SO = 0.4, 0.1
#: With fewer slips than that, two words without a space are not thought of.
_FEW_SLIPS, _FEW_OF = 1.5, 0.2
_WORST = 0.45
_LEAST_FOUND = 0.5
_OF_ITS_OWN = 0.12


@dataclass(frozen=True, slots=True)
class SchoolFound:
    """A school, and how well it fits what was typed: 1 is every word as it stands."""

    fit: float
    id: int


class Schools:
    """The words of schools' names and places, and the schools that have each."""

    def __init__(self, schools: Iterable[tuple[int, str, str]]) -> None:
        """`schools` are (id, name, place)."""
        having: defaultdict[str, array[int]] = defaultdict(lambda: array("H"))
        self._ids = array("I")
        own_words: list[list[str]] = []
        for number, (school_id, name, place) in enumerate(schools):
            self._ids.append(school_id)
            words = words_of(name)
            own = list(dict.fromkeys([*words, *words_of(place)]))
            own_words.append(own)
            for word in dict.fromkeys(
                [*own, *_said(own), *_joined(name), *_joined(place), *_acronyms(words)]
            ):
                having[word].append(number)
        self._words = Words(having)
        self._schools, self._starts = array("H"), array("I", (0,))
        self._weights = array("f")
        for place_of in range(len(self._words)):
            its = having[self._words.key(place_of)]
            self._schools.extend(its)
            self._starts.append(len(self._schools))
            self._weights.append(log(1 + len(self._ids) / len(its)))
        weights = {self._words.key(place): weight for place, weight in enumerate(self._weights)}
        self._whole = array("f", (sum(map(weights.__getitem__, own)) or 1.0 for own in own_words))

    def __len__(self) -> int:
        return len(self._ids)

    def find(self, text: str, most: int) -> list[SchoolFound]:
        """Return the schools that may have been meant, the likeliest first, at most `most`."""
        typed = words_of(text)
        if not typed:
            return []
        had: dict[int, float] = defaultdict(float)
        own: dict[int, float] = defaultdict(float)
        asked = 0.0
        for meant in self._meant(typed):
            asked += self._add(meant, had, own)
        if not had:
            return []
        found = []
        for number, share in had.items():
            if share >= _LEAST_FOUND * asked:
                of_its_own = own[number] / self._whole[number]
                fit = (1 - _OF_ITS_OWN) * share / asked + _OF_ITS_OWN * of_its_own
                found.append((-round(fit, 4), self._ids[number], fit))
        return [SchoolFound(fit, school) for _rank, school, fit in nsmallest(most, found)]

    def forget(self) -> None:
        """Forget what was found for words typed before."""
        self._words.forget()

    def _add(self, found: "_Meant", had: dict[int, float], own: dict[int, float]) -> float:
        """Add what one word finds to the schools; return the weight of what was asked."""
        best: dict[int, int] = {}
        # The dearest first, so that of each school the nearest word is kept.
        for place, _its_cost in sorted(found.costs.items(), key=_cost, reverse=True):
            its = self._schools[self._starts[place] : self._starts[place + 1]]
            best.update(dict.fromkeys(its, place))
        weights = {place: self._weights[place] for place in set(best.values())}
        # What nothing is found for was meant for something: it weighs like a rare word.
        asked = max(weights.values(), default=3.0) * found.share
        fits = {place: 1 - found.costs[place] / found.length for place in weights}
        shares = {place: fit * fit * asked for place, fit in fits.items()}
        of_own = {place: fit * weights[place] for place, fit in fits.items()}
        for number, place in best.items():
            had[number] += shares[place]
            own[number] += of_own[place]
        return asked

    def _meant(self, typed: list[str]) -> Iterator["_Meant"]:
        """Yield for each word typed, or two that are one, which words may have been meant."""
        place = 0
        while place < len(typed):
            word = typed[place]
            pair = word + typed[place + 1] if place + 1 < len(typed) else ""
            if pair and self._words.find(pair) is not None and self._words.find(word) is None:
                yield _Meant(self._as_typed(pair), len(pair))
                place += 2
                continue
            yield from self._one(word)
            place += 1

    def _one(self, word: str) -> Iterator["_Meant"]:
        costs = self._as_typed(word)
        if not costs or min(costs.values()) > 0:
            near = self._words.near(word) if slips_in(len(word)) else {}
            costs = _cheapest(costs, near)
        if not costs or min(costs.values()) >= max(_FEW_SLIPS, _FEW_OF * len(word)):
            if halves := self._halves(word):
                yield from halves
                return
            costs = _cheapest(costs, self._words.begun_near(word))
        most = _WORST * len(word)
        yield _Meant({p: c for p, c in costs.items() if c <= most}, max(len(word), 2))

    def _as_typed(self, word: str) -> Costs:
        """Return the words that are or begin so; the shorter it is, the less a beginning says."""
        begun = self._words.begun(word)
        dearer = 1 + 6 / len(word) ** 2
        costs = {place: cost * dearer for place, cost in begun.items()}
        if (written := _WRITTEN.get(word)) is not None:
            more = self._words.begun(written)
            costs = _cheapest(costs, {place: cost + _SAID_SO for place, cost in more.items()})
        return costs

    def _halves(self, word: str) -> list["_Meant"]:
        """Return what two words without the space between them may mean."""
        for end in range(len(word) - 2, 2, -1):
            first, second = word[:end], word[end:]
            left = self._words.find(first)
            if left is not None and (right := self._words.begun(second)):
                return [
                    _Meant({left: _JOINED / 2}, len(first), 0.5),
                    _Meant({p: c + _JOINED / 2 for p, c in right.items()}, len(second), 0.5),
                ]
        return []


@dataclass(frozen=True, slots=True)
class _Meant:
    """What a word of so many letters may mean, and which share it has in what was typed."""

    costs: Costs
    length: int
    share: float = 1.0


_cost = itemgetter(1)


def words_of(text: str) -> list[str]:
    """Return the normal forms of the words of a name; signs part them, joining ones go."""
    found = [key for word in _NOT_A_WORD.split(text) if (key := name_key(word))]
    found = list(_single_letters_joined(found))
    words = [word for word in found if word not in _JOINING]
    return words or found


def _single_letters_joined(words: list[str]) -> Iterator[str]:
    """Yield words with `n d` and `a r` as the `nd` and `ar` that they are."""
    letters = ""
    for word in words:
        if len(word) == 1 and word.isalpha():
            letters += word
            continue
        if letters:
            yield letters
        letters = ""
        yield word
    if letters:
        yield letters


def _said(words: Sequence[str]) -> Iterator[str]:
    """Yield what else the words of a name are looked for by."""
    for pair in pairwise(words):
        if pair in _SAID:
            yield _SAID[pair]
    for word in words:
        if word in _WRITTEN:
            yield _WRITTEN[word]
        yield from _IN_FULL.get(word, ())


def _joined(name: str) -> Iterator[str]:
    """Yield what people write as one word where there is a hyphen: `outremeuse`."""
    for one, other in _HYPHEN.findall(name):
        yield name_key(one + other)


def _acronyms(words: Sequence[str]) -> Iterator[str]:
    """Yield the initials by which people call a school: `ar`, `ind`, `itn`."""
    initials = "".join(word[0] for word in words if not word[0].isdigit())
    for length in range(_SHORTEST_ACRONYM, min(_LONGEST_ACRONYM, len(initials)) + 1):
        yield initials[:length]


def _cheapest(one: Costs, other: Costs) -> Costs:
    if not one or not other:
        return one or other
    found = dict(one)
    for place, cost in other.items():
        if cost < found.get(place, cost + 1):
            found[place] = cost
    return found
