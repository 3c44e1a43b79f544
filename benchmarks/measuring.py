"""Timing of a piece of work beside its floor, and the figure that comes of it."""

import gc
import time
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any

Work = Callable[[], object]

_SECOND = {"s": 1.0, "ms": 1e-3, "µs": 1e-6}


@dataclass(frozen=True, slots=True)
class Timing:
    """Seconds on the clock, and seconds of this process's CPU (its server's are not in it)."""

    wall: float
    cpu: float


@dataclass(frozen=True, slots=True)
class Goal:
    """What a figure is to reach: at most `most` of its unit, and a ratio within two bounds."""

    most: float | None = None
    ratio_most: float | None = None
    ratio_least: float | None = None

    def words(self, unit: str) -> str:
        """Return the goal as tables show it: `≤ 3 × and ≤ 50 ms`."""
        parts = []
        if self.ratio_most is not None:
            parts.append(f"≤ {self.ratio_most:g} ×")
        if self.ratio_least is not None:
            parts.append(f"≥ {self.ratio_least:g} ×")
        if self.most is not None:
            parts.append(f"≤ {self.most:,g} {unit}")
        return " and ".join(parts)

    def missed(self, value: float, ratio: float | None) -> str:
        """Return by how much the goal is missed, "" where it is reached."""
        faults = []
        if self.most is not None and value > self.most:
            faults.append(value / self.most if self.most else value + 1)
        if ratio is not None and self.ratio_most is not None and ratio > self.ratio_most:
            faults.append(ratio / self.ratio_most)
        if ratio is not None and self.ratio_least is not None and ratio < self.ratio_least:
            faults.append(self.ratio_least / ratio)
        return f"MISSED by {max(faults) - 1:.0%}" if faults else ""


NO_GOAL = Goal()


@dataclass(frozen=True, slots=True)
class Figure:
    """One cell of the table. `value` and `floor` are in `unit`; `size` is how many things.

    `series` names what was measured where several are set side by side: who draws, or the
    terminal. `ratio` is value to floor. `cpu_ratio` compares the CPU of this process alone, which
    other work on the machine disturbs less than the clock. `note` says what the line cannot.
    """

    what: str
    value: float
    unit: str
    size: int | None = None
    floor: float | None = None
    cpu_ratio: float | None = None
    goal: Goal = NO_GOAL
    note: str = ""
    series: str = ""

    @property
    def ratio(self) -> float | None:
        return self.value / self.floor if self.floor else None

    @property
    def each(self) -> float | None:
        """Microseconds for each thing, where the unit is one of time."""
        if self.size and self.unit in _SECOND:
            return self.value * _SECOND[self.unit] / self.size * 1e6
        return None

    @property
    def verdict(self) -> str:
        if self.goal == NO_GOAL:
            return ""
        return self.goal.missed(self.value, self.ratio) or "reached"

    def as_json(self) -> dict[str, Any]:
        return {
            "what": self.what,
            "size": self.size,
            "value": self.value,
            "unit": self.unit,
            "floor": self.floor,
            "each": self.each,
            "ratio": self.ratio,
            "cpu_ratio": self.cpu_ratio,
            "goal": self.goal.words(self.unit),
            "verdict": self.verdict,
            "note": self.note,
            "series": self.series,
        }


@dataclass(frozen=True, slots=True)
class NotMeasured:
    """What could not be measured, and why."""

    what: str
    reason: str

    def as_json(self) -> dict[str, Any]:
        return {"what": self.what, "not_measured": self.reason}


Line = Figure | NotMeasured


def timed(work: Work) -> Timing:
    """Do the work once and return what it took. Garbage of what came before is not its own."""
    gc.collect()
    wall, cpu = time.perf_counter(), time.process_time()
    work()
    return Timing(time.perf_counter() - wall, time.process_time() - cpu)


@dataclass(slots=True)
class Race:
    """The best times of a subject and its floor, run in turn.

    The best of several rounds, for whatever else the machine does only ever adds; in turn,
    for it does not do the same all the time.
    """

    subject: list[Timing] = field(default_factory=list)
    floor: list[Timing] = field(default_factory=list)

    @property
    def wall(self) -> float:
        return min(timing.wall for timing in self.subject)

    @property
    def floor_wall(self) -> float:
        return min(timing.wall for timing in self.floor)

    @property
    def cpu_ratio(self) -> float | None:
        """None where the floor took too little to be measured."""
        floor = min(timing.cpu for timing in self.floor)
        return min(timing.cpu for timing in self.subject) / floor if floor > 1e-5 else None


def race(subject: Work, floor: Work, rounds: int) -> Race:
    """Run both in turn, `rounds` times."""
    times = Race()
    for _round in range(rounds):
        times.floor.append(timed(floor))
        times.subject.append(timed(subject))
    return times


def race_of_short_ones(subject: Work, floor: Work, seconds: float, least: int) -> Race:
    """Run both in turn for about `seconds`, and `least` times at least; once before, unmeasured."""
    subject()
    floor()
    gc.collect()
    times, until = Race(), time.perf_counter() + seconds
    while len(times.subject) < least or time.perf_counter() < until:
        for work, kept in ((floor, times.floor), (subject, times.subject)):
            wall, cpu = time.perf_counter(), time.process_time()
            work()
            kept.append(Timing(time.perf_counter() - wall, time.process_time() - cpu))
        if len(times.subject) >= 200:
            break
    return times
