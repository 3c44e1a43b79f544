"""Words that are looked for as people type them: half, with slips, as they sound.

Keys are normal forms (`models.text.name_key`). A vocabulary of 30,000 takes about three
megabytes: the keys stand in one text, and only what is compared key by key, their sounds,
are texts of their own.
"""

from array import array
from bisect import bisect_left
from collections import OrderedDict, defaultdict
from collections.abc import Callable, Iterable, Sequence
from functools import cache
from typing import Any

from models.sounds import sound_key, sound_of

#: What a difference costs, in slips of the hand: nothing where the key is what was typed.
Costs = dict[int, float]

#: A word of which only the beginning, or the last part, was typed (`Hondt` for `D'Hondt`).
_BEGUN, _EACH_MISSING, _MOST_MISSING = 0.05, 0.01, 12
#: A beginning with slips in it may be as well another word altogether.
_BEGUN_SO = 0.2
_LAST_PART, _SHORTEST_PART = 0.4, 3
#: What is nearer in sound than in writing, and the other way round, counts half.
_BY_SOUND = 0.5
#: However differently a sound is written, it costs no more than that.
_MOST_BY_SOUND = 1.0
#: From so many letters on one, two, three slips are thought of.
_SLIPS = ((9, 3), (5, 2), (3, 1))
_SHORTEST_BEGUN, _SHORT = 4, 5
_MOST_NEAR = 400
_MOST_KEPT = 24
_FEW = 8_000


def slips_in(length: int) -> int:
    """Return how many slips are thought of in so many letters."""
    for least, slips in _SLIPS:
        if length >= least:
            return slips
    return 0


@cache
def compare() -> tuple[Any, Any]:
    """Return what finds the nearest of many texts, and what counts the slips between two.

    Imported by whoever searches first, not by every program that starts.
    """
    from rapidfuzz import process
    from rapidfuzz.distance import OSA

    return process.extract, OSA.distance


class Words:
    """A vocabulary. Words are known by their places in the order of their keys."""

    def __init__(self, keys: Iterable[str]) -> None:
        found = sorted(set(keys))
        self._text = "\n" + "\n".join(found) + "\n"
        #: A short list is looked through sooner as one.
        self._few = found if len(found) <= _FEW else []
        self._starts = array("I", [0])
        self._by_length: dict[int, tuple[list[str], array[int]]] = {}
        place, start = 0, 1
        by_length: defaultdict[int, tuple[list[str], array[int]]] = defaultdict(
            lambda: ([], array("I"))
        )
        self._starts.pop()
        for place, key in enumerate(found):
            self._starts.append(start)
            start += len(key) + 1
            sounds, places = by_length[len(sound := sound_of(key))]
            sounds.append(sound)
            places.append(place)
        self._starts.append(start)
        self._by_length.update(by_length)
        self._kept: OrderedDict[tuple[str, str], Costs] = OrderedDict()

    def __len__(self) -> int:
        return len(self._starts) - 1

    def key(self, place: int) -> str:
        return self._text[self._starts[place] : self._starts[place + 1] - 1]

    def find(self, key: str) -> int | None:
        """Return the place of a key, None where there is none."""
        place = self._from(key)
        if self._few:
            return place if self._few[place : place + 1] == [key] else None
        return place if place < len(self) and self.key(place) == key else None

    def _from(self, key: str) -> int:
        if self._few:
            return bisect_left(self._few, key)
        return bisect_left(range(len(self)), key, key=self.key)

    def begun(self, typed: str) -> Costs:
        """Return the words that begin with what was typed, or are it."""
        if not typed:
            return {}
        found: Costs = {}
        for place in range(self._from(typed), self._from(typed + _LAST)):
            missing = self._starts[place + 1] - self._starts[place] - 1 - len(typed)
            cost = _BEGUN + _EACH_MISSING * min(missing, _MOST_MISSING) if missing else 0.0
            found[place] = cost
        return found

    def ending(self, typed: str) -> Costs:
        """Return the longer words of which what was typed is the last part."""
        found: Costs = {}
        if len(typed) < _SHORTEST_PART:
            return found
        wanted, at = typed + "\n", 0
        while (at := self._text.find(wanted, at + 1)) >= 0 and len(found) < _MOST_NEAR:
            if self._text[at - 1] != "\n":
                found[bisect_left(self._starts, at + 1) - 1] = _LAST_PART
        return found

    def near(self, typed: str) -> Costs:
        """Return the whole words that are a few slips from what was typed, or sound like it."""
        return self._asked(self._near, typed)

    def begun_near(self, typed: str) -> Costs:
        """Return the longer words that begin with something a few slips away."""
        return self._asked(self._begun_near, typed)

    def near_written(self, typed: str) -> Costs:
        """Return the whole words a few slips away, whatever they sound like."""
        return self._asked(self._near_written, typed)

    def cost(self, place: int, typed: str) -> float:
        """Return the slips between a word, or its beginning, and what was typed."""
        _extract, distance = compare()
        key = self.key(place)
        return float(min(distance(typed, key), distance(typed, key[: len(typed)]) + _BEGUN))

    def among(self, places: Sequence[int], typed: str, most: int) -> list[tuple[int, float]]:
        """Return those of these words that are at most so many slips from what was typed."""
        extract, distance = compare()
        keys = [self.key(place) for place in places]
        near = extract(typed, keys, scorer=distance, score_cutoff=most, limit=_MOST_KEPT)
        return [(places[at], float(slips)) for _key, slips, at in near]

    def forget(self) -> None:
        """Forget what was found for words typed before."""
        self._kept.clear()

    def _asked(self, question: Callable[[str], Costs], typed: str) -> Costs:
        # Of several words only the last one changes from one key pressed to the next.
        asked = question.__name__, typed
        if (kept := self._kept.get(asked)) is None:
            kept = self._kept[asked] = question(typed)
            if len(self._kept) > _MOST_KEPT:
                self._kept.popitem(last=False)
        return kept

    def _near(self, typed: str) -> Costs:
        extract, distance = compare()
        sound = sound_key(typed)
        slips = slips_in(len(typed))
        # One slip in a short word may make two sounds another.
        most = slips + (len(typed) <= _SHORT)
        found: Costs = {}
        for length in range(len(sound) - most, len(sound) + most + 1):
            if length not in self._by_length:
                continue
            sounds, places = self._by_length[length]
            for _sound, heard, at in extract(
                sound, sounds, scorer=distance, score_cutoff=most, limit=None
            ):
                written = distance(typed, self.key(places[at]))
                if min(written, heard) <= slips:
                    cost = (1 - _BY_SOUND) * written + _BY_SOUND * heard
                    found[places[at]] = min(cost, heard + _MOST_BY_SOUND)
        return _least(found)

    def _near_written(self, typed: str) -> Costs:
        extract, distance = compare()
        first, keys = self._beginning_alike(typed)
        near = extract(
            typed, keys, scorer=distance, score_cutoff=slips_in(len(typed)), limit=_MOST_NEAR
        )
        return {first + at: float(slips) for _key, slips, at in near}

    def _begun_near(self, typed: str) -> Costs:
        if len(typed) < _SHORTEST_BEGUN:
            return {}
        extract, distance = compare()
        first, keys = self._beginning_alike(typed)
        slips, size = slips_in(len(typed)), len(typed)
        beginnings = [key[:size] for key in keys]
        found: Costs = {}
        for _key, _slips, at in extract(
            typed, beginnings, scorer=distance, score_cutoff=slips + 1, limit=None
        ):
            key = keys[at]
            written = min(distance(typed, key[:end]) for end in (size - 1, size, size + 1))
            if written <= slips:
                missing = min(max(0, len(key) - size), _MOST_MISSING)
                found[first + at] = written + _BEGUN_SO + _EACH_MISSING * missing
        return _least(found)

    def _beginning_alike(self, typed: str) -> tuple[int, list[str]]:
        """Return the words with the same first letter: in most slips that one is right."""
        first, behind = self._from(typed[0]), self._from(typed[0] + _LAST)
        if first == behind:
            return first, []
        return first, self._text[self._starts[first] : self._starts[behind] - 1].split("\n")


#: Behind every character that a key has.
_LAST = "\U0010ffff"


def _least(costs: Costs) -> Costs:
    """Return the nearest ones alone where they are too many to look at each."""
    if len(costs) <= _MOST_NEAR:
        return costs
    return dict(sorted(costs.items(), key=lambda each: (each[1], each[0]))[:_MOST_NEAR])
