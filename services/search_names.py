"""People by name: surname and first name in any order, half typed, with slips.

Which first names occur with which surname stands in two arrays, so that all readings of what
was typed are weighed without asking the database; it is asked for the best names alone.
"""

from array import array
from bisect import bisect_right
from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass
from functools import cache, partial

from models.text import name_key
from services.search_words import Costs, Words, slips_in

#: Words of a surname that some write and others leave out (DOMAIN §3, particles apart).
_LEFT_OUT = (
    "al ben d da de del della den der des di do dos du el la le les ter ten van vander vanden vd "
    "von zu"
)
_PARTICLES = frozenset(_LEFT_OUT.split())
_NO_FIRST_NAME, _NO_SURNAME, _TURNED_ROUND = 0.15, 0.5, 0.05
_PARTICLE_LEFT_OUT, _SPACE_LEFT_OUT = 0.6, 0.5
#: Names that differ in more than this share of what was typed are no answer.
_MOST_WRONG = 0.36
_SHORTEST_HALF = 3
#: In more words a space is not sought, and not every first name compared.
_MOST_WORDS = 4
_MOST_SPLITS = 3
#: So many good answers are enough; with nothing nearer than that, everything is tried.
_ENOUGH, _FAR = 8, 1.6
#: For so many of the nearest surnames all their first names are compared, however wrong.
_MOST_SURNAMES, _FIRST_NAME_WRONG = 40, 0.5
#: Of a surname beside a first name that is right, so many slips or this share may be wrong.
_LEAST_WRONG, _SURNAME_WRONG = 2, 0.4


@dataclass(frozen=True, slots=True, order=True)
class NameFound:
    """A surname with a first name, as keys, and what differs from what was typed, in slips."""

    cost: float
    surname: str
    first_name: str


@dataclass(frozen=True, slots=True)
class _Reading:
    """One way to read what was typed: these words are the surname, those the first name."""

    surname: str
    first_name: str
    cost: float


class Names:
    """The names that occur among people."""

    def __init__(self, pairs: Iterable[Sequence[str]]) -> None:
        """`pairs` are (surname, first name); those of one surname stand together."""
        surnames: list[str] = []
        starts, numbered = array("I"), array("H")
        numbers: dict[str, int] = {}
        for surname, first_name in pairs:
            if not surnames or surnames[-1] != surname:
                surnames.append(surname)
                starts.append(len(numbered))
            numbered.append(numbers.setdefault(first_name, len(numbers)))
        starts.append(len(numbered))
        self.surnames, self.first_names = Words(surnames), Words(numbers)
        self._pairs, self._starts = array("H"), array("I", (0,))
        places = array("H", (self.first_names.find(name) or 0 for name in numbers))
        for at in sorted(range(len(surnames)), key=surnames.__getitem__):
            its = numbered[starts[at] : starts[at + 1]]
            self._pairs.extend(sorted({places[number] for number in its}))
            self._starts.append(len(self._pairs))
        self._bytes = self._pairs.tobytes()

    def find(self, words: Sequence[str], most: int, *, steps: int = 4) -> list[NameFound]:
        """Return the names that may have been meant, the likeliest first, at most `most`.

        `words` are normal forms. The dearer questions are asked only where the cheaper ones
        have not found enough, and of the four steps at most `steps` are gone.
        """
        typed = [word for word in words if word]
        return _Search(self, typed, most).best(steps) if typed and len(self.surnames) else []

    def forget(self) -> None:
        """Forget what was found for words typed before."""
        self.surnames.forget()
        self.first_names.forget()

    def pairs_of(self, surname: int) -> "array[int]":
        return self._pairs[self._starts[surname] : self._starts[surname + 1]]

    def surnames_with(self, first_name: int) -> Iterator[int]:
        """Yield the surnames that occur with a first name, in order."""
        wanted, at = array("H", (first_name,)).tobytes(), -1
        while (at := self._bytes.find(wanted, at + 1)) >= 0:
            if at % 2 == 0:
                yield bisect_right(self._starts, at // 2) - 1


class _Search:
    """One search: what has been found, and how far it has to go."""

    def __init__(self, names: Names, words: list[str], most: int) -> None:
        self.names, self.words, self.most = names, words, most
        self.typed = "".join(words)
        self.limit = max(1.0, _MOST_WRONG * len(self.typed))
        self.found: dict[tuple[int, int], float] = {}
        self.readings = list(_readings(words))
        # Several readings have the same surname or first name, and so have the steps.
        self.as_typed = cache(_as_typed)
        self.with_slips = cache(partial(_with_slips, self.as_typed))

    def best(self, steps: int) -> list[NameFound]:
        for step, dearest, alone in (
            (self._as_typed, 0.6, -1.0),
            (self._with_slips, 1.1, 0.6),
            (self._with_more, 1.6, _FAR),
            (self._as_written, 0.0, 0.0),
        )[:steps]:
            step()
            costs = sorted(self.found.values())[:_ENOUGH]
            # What the next step may find would come after what is found.
            if costs and (costs[0] <= alone or (len(costs) == _ENOUGH and costs[-1] <= dearest)):
                break
        chosen = sorted(self.found.items(), key=lambda each: (each[1], each[0]))[: self.most]
        return [
            NameFound(cost, self.names.surnames.key(s), self.names.first_names.key(f))
            for (s, f), cost in chosen
        ]

    def _as_typed(self) -> None:
        """Names that are or begin with what was typed, or end so (`Hondt` for `D'Hondt`)."""
        for reading in self.readings:
            self._join(
                self.as_typed(self.names.surnames, reading.surname),
                self.as_typed(self.names.first_names, reading.first_name),
                reading,
            )

    def _with_slips(self) -> None:
        for reading in self.readings:
            # First names are fewer, and so asked first.
            firsts = self.with_slips(self.names.first_names, reading.first_name)
            if firsts or not reading.first_name:
                surnames = self.with_slips(self.names.surnames, reading.surname)
                self._join(surnames, firsts, reading)

    def _with_more(self) -> None:
        """Only the beginnings, and those with slips; the space between the two left out."""
        for reading in self.readings:
            firsts = self._begun_near(self.names.first_names, reading.first_name)
            if firsts or not reading.first_name:
                surnames = self._begun_near(self.names.surnames, reading.surname)
                self._join(surnames, firsts, reading)
        if len(self.words) <= _MOST_WORDS:
            self._without_space()
            self._with_first_name()

    def _with_first_name(self) -> None:
        """Any surname, however wrong, of those who have exactly this first name."""
        for reading in self.readings:
            first = self.names.first_names.find(reading.first_name) if reading.surname else None
            if first is None:
                continue
            places = list(self.names.surnames_with(first))
            most = max(_LEAST_WRONG, int(_SURNAME_WRONG * len(reading.surname)))
            for place, cost in self.names.surnames.among(places, reading.surname, most):
                self._keep(place, first, cost + reading.cost)

    def _as_written(self) -> None:
        """Names that few slips have made sound otherwise; any first name of a known surname."""
        if len(self.words) > _MOST_WORDS:
            return
        for reading in self.readings:
            if not reading.surname:
                continue
            surnames = _cheapest(
                self.with_slips(self.names.surnames, reading.surname),
                self.names.surnames.near_written(reading.surname),
            )
            if not reading.first_name:
                self._join_surnames(surnames, reading.cost)
                continue
            near = sorted(surnames.items(), key=lambda each: (each[1], each[0]))
            for surname, its in near[:_MOST_SURNAMES]:
                for first in self.names.pairs_of(surname):
                    cost = self.names.first_names.cost(first, reading.first_name)
                    if cost <= _FIRST_NAME_WRONG * max(4, len(reading.first_name)):
                        self._keep(surname, first, its + cost + reading.cost)

    def _begun_near(self, words: Words, typed: str) -> Costs:
        return _cheapest(self.with_slips(words, typed), words.begun_near(typed) if typed else {})

    def _without_space(self) -> None:
        """`dupontmarie`, `mariedupont`: one half is known as it stands, the other nearly."""
        typed, names = self.typed, self.names
        tried = {True: 0, False: 0}
        for end in range(len(typed) - _SHORTEST_HALF, _SHORTEST_HALF - 1, -1):
            for turned, (surname, first) in (
                (False, (typed[:end], typed[end:])),
                (True, (typed[end:], typed[:end])),
            ):
                reading = _Reading(surname, first, _SPACE_LEFT_OUT + turned * _TURNED_ROUND)
                if names.surnames.find(surname) is not None:
                    self._join(
                        names.surnames.begun(surname),
                        self.with_slips(names.first_names, first),
                        reading,
                    )
                elif names.first_names.find(first) is not None and tried[turned] < _MOST_SPLITS:
                    tried[turned] += 1
                    surnames = names.surnames.near(surname)
                    self._join(surnames, names.first_names.begun(first), reading)

    # --- joining ----------------------------------------------------------------------------

    def _join(self, surnames: Costs, firsts: Costs, reading: _Reading) -> None:
        if reading.surname and reading.first_name:
            self._join_both(surnames, firsts, reading.cost)
        elif reading.surname:
            self._join_surnames(surnames, reading.cost)
        else:
            self._join_first_names(firsts, reading.cost)

    def _join_both(self, surnames: Costs, firsts: Costs, cost: float) -> None:
        if not firsts:
            return
        for surname, its in surnames.items():
            for first in self.names.pairs_of(surname):
                theirs = firsts.get(first)
                if theirs is not None:
                    self._keep(surname, first, its + theirs + cost)

    def _join_surnames(self, surnames: Costs, cost: float) -> None:
        kept = 0
        for surname, its in sorted(surnames.items(), key=lambda each: (each[1], each[0])):
            for first in self.names.pairs_of(surname)[: self.most]:
                self._keep(surname, first, its + cost + _NO_FIRST_NAME)
                kept += 1
            if kept >= 2 * self.most:
                return

    def _join_first_names(self, firsts: Costs, cost: float) -> None:
        kept = 0
        for first, its in sorted(firsts.items(), key=lambda each: (each[1], each[0])):
            for surname in self.names.surnames_with(first):
                self._keep(surname, first, its + cost + _NO_SURNAME)
                kept += 1
                if kept >= 2 * self.most:
                    return

    def _keep(self, surname: int, first: int, cost: float) -> None:
        if cost <= self.limit and cost < self.found.get((surname, first), cost + 1):
            self.found[surname, first] = cost


def _readings(words: list[str]) -> Iterator[_Reading]:
    """Yield in which ways words are surname and first name, each once, the likeliest first."""
    seen: set[tuple[str, str]] = set()
    for turned in (False, True):
        for end in range(len(words), -1, -1):
            parts = (words[:end], words[end:])
            surname, first = (parts[1], parts[0]) if turned else parts
            cost = _TURNED_ROUND if turned and surname and first else 0.0
            for left_out, its in _without_particles(surname):
                reading = _Reading("".join(its), "".join(first), cost + left_out)
                if (reading.surname, reading.first_name) not in seen:
                    seen.add((reading.surname, reading.first_name))
                    yield reading


def _without_particles(surname: list[str]) -> Iterator[tuple[float, list[str]]]:
    yield 0.0, surname
    bare = [word for word in surname if word not in _PARTICLES]
    if bare and len(bare) < len(surname):
        yield _PARTICLE_LEFT_OUT, bare


def _as_typed(words: Words, typed: str) -> Costs:
    return _cheapest(words.ending(typed), words.begun(typed)) if typed else {}


def _with_slips(as_typed: Callable[[Words, str], Costs], words: Words, typed: str) -> Costs:
    if not typed:
        return {}
    found = as_typed(words, typed)
    return _cheapest(found, words.near(typed)) if slips_in(len(typed)) else found


def _cheapest(one: Costs, other: Costs) -> Costs:
    if not one or not other:
        return one or other
    found = dict(one)
    for place, cost in other.items():
        if cost < found.get(place, cost + 1):
            found[place] = cost
    return found


def words_of(text: str) -> list[str]:
    """Return the normal forms of the words of a text; an apostrophe or hyphen joins two."""
    return [key for word in text.split() if (key := name_key(word))]
