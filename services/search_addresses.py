"""E-mail addresses on file, looked for by their beginning, a part of them, or with slips."""

from collections import defaultdict
from collections.abc import Iterable, Iterator

from services.search_words import compare

_MOST_SLIPS = 3
_LONGEST = 254
_BEGUN, _INSIDE = 0.1, 0.5
_SHORTEST_BEGUN, _SHORTEST_INSIDE = 3, 5
_MOST_FOUND = 40


class Addresses:
    """The normal forms of addresses (`models.addresses.address_key`), one text a length.

    So 100,000 take little more memory than their letters, and only those that are as long as
    what was typed, within the slips that are thought of, are compared with it.
    """

    def __init__(self, keys: Iterable[str]) -> None:
        by_length: defaultdict[int, bytearray] = defaultdict(lambda: bytearray(b"\n"))
        for key in keys:
            by_length[len(key)] += f"{key}\n".encode()
        self._by_length = {length: by_length[length].decode() for length in sorted(by_length)}

    def find(self, typed: str, most: int = _MOST_FOUND) -> dict[str, float]:
        """Return the addresses that may have been meant, each with what differs, in slips."""
        typed = typed.casefold()[:_LONGEST]
        found: dict[str, float] = {}
        for key in self._with(f"\n{typed}", most):
            found[key] = 0.0 if key == typed else _BEGUN
        if len(found) < most and len(typed) >= _SHORTEST_INSIDE:
            for key in self._with(typed, most - len(found)):
                found.setdefault(key, _INSIDE)
        if "@" in typed and 0.0 not in found.values():
            for key, slips in self._near(typed):
                found.setdefault(key, slips)
        chosen = sorted(found.items(), key=lambda each: (each[1], each[0]))
        return dict(chosen[:most])

    def _with(self, wanted: str, most: int) -> Iterator[str]:
        least = len(wanted.strip("\n"))
        if least < _SHORTEST_BEGUN:
            return
        left = most
        for length, text in self._by_length.items():
            at = -1 if length >= least else None
            while at is not None and left > 0:
                if (at := text.find(wanted, at + 1)) < 0:
                    break
                start = text.rfind("\n", 0, at + 1) + 1
                yield text[start : start + length]
                left -= 1

    def _near(self, typed: str) -> list[tuple[str, float]]:
        """Return the addresses one slip away; where there is none, those a few slips away."""
        return list(self._within(typed, 1)) or list(self._within(typed, _MOST_SLIPS))

    def _within(self, typed: str, most: int) -> Iterator[tuple[str, float]]:
        extract, distance = compare()
        for length in range(len(typed) - most, len(typed) + most + 1):
            if text := self._by_length.get(length):
                keys = text[1:-1].split("\n")
                for key, slips, _at in extract(
                    typed, keys, scorer=distance, score_cutoff=most, limit=_MOST_FOUND
                ):
                    yield key, float(slips)
