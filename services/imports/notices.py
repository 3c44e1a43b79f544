"""What is told while a file is read; a file of a million faults stays readable."""

from collections import Counter

from models.language import Wording, say, say_n
from services.imports.roster import Level, Notice

#: Beyond this many rows with one and the same remark, they are counted instead of listed.
SAME_REMARK_LIMIT = 1_000
#: Beyond this many refused rows the file is taken for another kind of file.
REFUSED_LIMIT = 10_000


class Notices:
    """The notices of one reading, in the order in which they were found."""

    def __init__(self) -> None:
        self._notices: list[Notice] = []
        self._same: Counter[tuple[Level, str, str, str]] = Counter()
        self._refused = 0
        self.hard = False

    def copy(self) -> "Notices":
        """Return a collection that begins with these notices and goes on by itself."""
        other = Notices()
        other._notices = list(self._notices)
        other._same = Counter(self._same)
        other._refused, other.hard = self._refused, self.hard
        return other

    def information(self, text: Wording, file: str = "", line: int = 0, column: str = "") -> None:
        self._add("information", text, file, line, column)

    def warning(self, text: Wording, file: str = "", line: int = 0, column: str = "") -> None:
        self._add("warning", text, file, line, column)

    def error(self, text: Wording, file: str = "", line: int = 0, column: str = "") -> None:
        """Tell that a row is refused; the rest comes through."""
        self._refused += 1
        if self._refused <= REFUSED_LIMIT:
            self._notices.append(Notice("error", text, file, line, column))
        elif self._refused == REFUSED_LIMIT + 1:
            self.stop(
                say(
                    "More than %(limit)s rows are refused: this is probably another kind of file.",
                    limit=REFUSED_LIMIT,
                ),
                file,
            )

    def stop(self, text: Wording, file: str = "", line: int = 0, column: str = "") -> None:
        """Tell that the file cannot be trusted as a whole, so that nothing is imported."""
        self.hard = True
        self._notices.append(Notice("error", text, file, line, column, hard=True))

    def all(self) -> list[Notice]:
        """Return the notices, with one more for each remark that was only counted."""
        return self._notices + [
            Notice(level, _not_listed(n - SAME_REMARK_LIMIT), file, 0, column)
            for (level, _, file, column), n in self._same.items()
            if n > SAME_REMARK_LIMIT
        ]

    def _add(self, level: Level, text: Wording, file: str, line: int, column: str) -> None:
        key = (level, text.message, file, column)
        self._same[key] += 1
        if self._same[key] <= SAME_REMARK_LIMIT:
            self._notices.append(Notice(level, text, file, line, column))


def _not_listed(count: int) -> Wording:
    return say_n(
        "%(count)s more row has the same remark and is not listed.",
        "%(count)s more rows have the same remark and are not listed.",
        count,
    )
