"""The form of an election: what each field must hold, told beside it while typing.

`check` is a plain function of what is typed, quick enough for each key. Moments are typed as
day and time of day in the zone of the network.
"""

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import UTC, date, datetime, time, timedelta
from typing import Literal
from zoneinfo import ZoneInfo

from models.errors import TrousseauError
from models.language import N_, Wording, say
from models.text import clean, squeeze
from services.workshop_form import day_from, time_from

#: The fields, in their order on the form; the candidates follow.
FIELDS = (
    "title", "committee_id", "seats", "opens_on", "opens_at", "closes_on", "closes_at",
    "information",
)  # fmt: skip
#: The longest that each may be, in characters.
LONGEST = {"title": 200, "information": 4000, "name": 100, "school_name": 200, "statement": 4000}
MOST_CANDIDATES = 100

_NUMBER = re.compile(r"[0-9]{1,9}")
#: Ballots need their time, and a slip in the year of the close would keep an urn shut for long.
_LONGEST_VOTE = timedelta(days=366)


class ElectionFormRefused(TrousseauError):
    """The form holds what can't be an election; `check` says it field by field."""

    heading = N_("The election is not complete")

    def __init__(self, wording: Wording, check: "ElectionCheck | None" = None) -> None:
        super().__init__(wording)
        self.check = check


@dataclass(frozen=True, slots=True)
class CandidateEntry:
    """Somebody who stands, as typed; the place in the list is the place on the ballot."""

    name: str
    school_name: str = ""
    statement: str = ""


@dataclass(frozen=True, slots=True)
class ElectionMessage:
    """What stands beside a field. An error keeps the form from being kept.

    `field` is one of `FIELDS`, or `candidates`; `candidate` is the place (from 0) of the one
    that it is about.
    """

    field: str
    level: Literal["error", "warning"]
    sentence: Wording
    candidate: int | None = None


@dataclass(frozen=True, slots=True)
class Terms:
    """An election whose every field is right; moments are instants in UTC."""

    title: str
    committee_id: int | None
    seats: int
    opens_at: datetime
    closes_at: datetime
    information: str
    candidates: tuple[CandidateEntry, ...]


@dataclass(frozen=True, slots=True)
class ElectionCheck:
    """What is to be said of a form as it is typed; `terms` is there once everything is right."""

    messages: tuple[ElectionMessage, ...]
    terms: Terms | None = None

    def beside(self, name: str, candidate: int | None = None) -> tuple[ElectionMessage, ...]:
        """Return the messages of one field, errors first."""
        mine = [m for m in self.messages if m.field == name and m.candidate == candidate]
        return tuple(sorted(mine, key=lambda message: message.level))


def empty() -> dict[str, str]:
    """Return the values that a new form begins with."""
    return dict.fromkeys(FIELDS, "") | {"seats": "1", "opens_at": "09:00", "closes_at": "18:00"}


def check(
    values: Mapping[str, str], candidates: Sequence[CandidateEntry], zone: ZoneInfo, at: datetime
) -> ElectionCheck:
    """Return what is to be said of a form typed at `at` (an aware instant).

    `values` are texts as typed, by the names of `FIELDS`; a missing one is empty. `zone` is
    that of the network, in which the moments are meant.
    """
    return _Checking(values, candidates, zone, at).result()


def moment(day: date, clock: time, zone: ZoneInfo) -> datetime | None:
    """Return the instant, in UTC, at which the clocks of a zone show this; None for never.

    Of an hour that comes twice the first counts.
    """
    instant = datetime.combine(day, clock, zone).astimezone(UTC)
    shown = instant.astimezone(zone)
    return instant if (shown.date(), shown.time()) == (day, clock) else None


@dataclass
class _Checking:
    """One check of a form: collects messages, and the values that are right."""

    values: Mapping[str, str]
    candidates: Sequence[CandidateEntry]
    zone: ZoneInfo
    at: datetime
    messages: list[ElectionMessage] = field(default_factory=list)

    def result(self) -> ElectionCheck:
        title = self._text("title", needed=True)
        information = self._paragraphs("information", self.values.get("information", ""))
        committee = self._committee()
        candidates = self._candidates()
        seats = self._seats(len(candidates))
        opens, closes = self._moment("opens_on", "opens_at"), self._moment("closes_on", "closes_at")
        self._compare(opens, closes)
        terms = None
        if opens and closes and not any(message.level == "error" for message in self.messages):
            terms = Terms(title, committee, seats, opens, closes, information, candidates)
        return ElectionCheck(tuple(self.messages), terms)

    def _error(self, name: str, sentence: Wording, candidate: int | None = None) -> None:
        self.messages.append(ElectionMessage(name, "error", sentence, candidate))

    def _typed(self, name: str) -> str:
        return squeeze(clean(self.values.get(name, "")))

    def _text(self, name: str, *, needed: bool = False) -> str:
        return self._limited(name, self._typed(name), LONGEST[name], needed)

    def _limited(
        self, name: str, text: str, limit: int, needed: bool = False, candidate: int | None = None
    ) -> str:
        if needed and not text:
            self._error(name, say("This is needed."), candidate)
        elif len(text) > limit:
            self._error(name, say("At most %(limit)s characters.", limit=limit), candidate)
        return text

    def _paragraphs(self, name: str, text: str, candidate: int | None = None) -> str:
        return self._limited(
            "candidates" if candidate is not None else name,
            paragraphs(text[: 4 * LONGEST[name]]),
            LONGEST[name],
            candidate=candidate,
        )

    def _committee(self) -> int | None:
        text = self._typed("committee_id")
        if not text:
            return None
        if not _NUMBER.fullmatch(text):
            self._error("committee_id", say("Choose a committee, or none."))
            return None
        return int(text)

    def _seats(self, candidates: int) -> int:
        text = self._typed("seats")
        if not _NUMBER.fullmatch(text) or int(text) < 1:
            self._error("seats", say("Give how many are elected: at least 1."))
            return 1
        if candidates and int(text) > candidates:
            sentence = say(
                "There are more seats (%(seats)s) than candidates (%(candidates)s).",
                seats=int(text),
                candidates=candidates,
            )
            self._error("seats", sentence)
        elif int(text) == candidates:
            sentence = say("There are as many seats as candidates: nobody can be left out.")
            self.messages.append(ElectionMessage("seats", "warning", sentence))
        return int(text)

    def _candidates(self) -> tuple[CandidateEntry, ...]:
        if not self.candidates:
            self._error("candidates", say("At least one candidate is needed."))
        if len(self.candidates) > MOST_CANDIDATES:
            sentence = say("At most %(most)s candidates.", most=MOST_CANDIDATES)
            self._error("candidates", sentence)
            return ()
        found = tuple(self._candidate(n, each) for n, each in enumerate(self.candidates))
        seen: dict[tuple[str, str], int] = {}
        for place, each in enumerate(found):
            if each.name and seen.setdefault((each.name, each.school_name), place) != place:
                self._error("candidates", say("%(name)s stands twice.", name=each.name), place)
        return found

    def _candidate(self, place: int, entry: CandidateEntry) -> CandidateEntry:
        name = squeeze(clean(entry.name[:1000]))
        school = squeeze(clean(entry.school_name[:1000]))
        return CandidateEntry(
            self._limited("candidates", name, LONGEST["name"], True, place),
            self._limited("candidates", school, LONGEST["school_name"], candidate=place),
            self._paragraphs("statement", entry.statement, place),
        )

    def _moment(self, on: str, clock: str) -> datetime | None:
        day, hour = day_from(self._typed(on)), time_from(self._typed(clock))
        if day is None:
            self._error(on, say("Give a date, for example 15/03/2027."))
        if hour is None:
            self._error(clock, say("Give a time of day, for example 09:00."))
        if day is None or hour is None:
            return None
        found = moment(day, hour, self.zone)
        if found is None:
            sentence = say("The clocks are put forward then: this hour does not exist that day.")
            self._error(clock, sentence)
        return found

    def _compare(self, opens: datetime | None, closes: datetime | None) -> None:
        if opens is not None and opens <= self.at:
            self._error("opens_on", say("It must open later than now."))
        if opens is None or closes is None:
            return
        if closes <= opens:
            self._error("closes_on", say("It must close after it opens."))
        elif closes - opens > _LONGEST_VOTE:
            self._error("closes_on", say("It must close within a year."))


def paragraphs(text: str) -> str:
    """Return a text of several lines, each safe to show, without blank ones at the ends."""
    lines = (clean(line).rstrip() for line in text.replace("\r\n", "\n").split("\n"))
    return "\n".join(lines).strip("\n")
