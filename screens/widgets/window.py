"""The rows a list holds: chunks around what is shown, and what is known of the total."""

from collections.abc import Callable, Sequence
from typing import Generic, TypeVar

T = TypeVar("T")

#: Rows read at a time. Twice the tallest ordinary terminal, so that paging stays ahead.
CHUNK = 64
#: Chunks held: what the tallest terminal shows (250 lines) lies across five; what an ordinary
#: one shows with a page on either side lies across four at most.
HELD = 6


class Window(Generic[T]):
    """A part of a long list, by chunks of `CHUNK` rows."""

    def __init__(self) -> None:
        self._chunks: dict[int, tuple[T, ...]] = {}
        self._question = 0
        self._known = 0
        self.total: int | None = None

    @property
    def held(self) -> int:
        return sum(len(rows) for rows in self._chunks.values())

    @property
    def known(self) -> int:
        """How many rows there are, or are at least while the total is not known."""
        return self._known if self.total is None else self.total

    @staticmethod
    def chunk_at(index: int) -> int:
        return index - index % CHUNK

    def get(self, index: int) -> T | None:
        rows = self._chunks.get(self.chunk_at(index), ())
        place = index % CHUNK
        return rows[place] if 0 <= place < len(rows) else None

    def put(self, question: int, offset: int, rows: Sequence[T], total: int | None) -> None:
        """Keep the chunk at `offset`; what an older question brought is forgotten."""
        if question != self._question:
            self._chunks, self.total, self._known = {}, None, 0
            self._question = question
        self._chunks[offset] = tuple(rows)
        end = offset + len(rows)
        if total is not None:
            self.total = total
        elif len(rows) < CHUNK and (rows or not offset or self._is_full(offset - CHUNK)):
            self.total = end
        # One more than read: there is something below to go to, and so to read.
        self._known = max(self._known, end + (len(rows) == CHUNK))
        self.forget_far_from(offset)

    def _is_full(self, offset: int) -> bool:
        return len(self._chunks.get(offset, ())) == CHUNK

    def forget_far_from(self, index: int) -> None:
        while len(self._chunks) > HELD:
            del self._chunks[max(self._chunks, key=lambda offset: abs(offset - index))]

    def covers(self, first: int, end: int) -> bool:
        return self.missing(first, end) is None

    def missing(self, first: int, end: int) -> int | None:
        """Return the offset of the first chunk to read for the rows `first` up to `end`."""
        for offset in range(self.chunk_at(max(0, first)), min(end, self.known), CHUNK):
            if offset not in self._chunks:
                return offset
        return None

    def find(self, matches: Callable[[T], bool]) -> int | None:
        for offset, rows in self._chunks.items():
            for place, row in enumerate(rows):
                if matches(row):
                    return offset + place
        return None

    def replace(self, matches: Callable[[T], bool], row: T) -> int | None:
        index = self.find(matches)
        if index is not None:
            offset = self.chunk_at(index)
            rows = list(self._chunks[offset])
            rows[index - offset] = row
            self._chunks[offset] = tuple(rows)
        return index
