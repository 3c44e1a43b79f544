"""Diagnoses: why a person, a school, a token or an address does not get in, and how long it
takes to find it, for the helpdesk and for a director.

The floor is the diagnosis's own SQL through the bare driver. Each is of somebody else every
time, for nobody asks twice. What a session needs for it is made ready while the search is
typed into; the first of a process that has searched for nothing is measured by itself, and so
is the command.
"""

import subprocess
import sys
from collections.abc import Callable, Iterator, Sequence
from datetime import timedelta
from functools import partial
from pathlib import Path
from random import Random
from typing import Any

from sqlalchemy import Engine

from benchmarks.console import short_answer
from benchmarks.databases import NAMES, NOW, Databases, settle_down
from benchmarks.lists import bare
from benchmarks.measuring import (
    NO_GOAL,
    Figure,
    Goal,
    Line,
    NotMeasured,
    race,
    race_of_short_ones,
    timed,
)
from benchmarks.people import schools_for
from benchmarks.register import Named, made_up_schools, make_register
from benchmarks.terminal import ROOT
from models import bulk
from models.database import Actor
from models.keys import Key
from models.text import name_key
from models.tokens import make_token
from services.desk import Desk
from services.diagnosis import (
    diagnose_address,
    diagnose_person,
    diagnose_school,
    diagnose_token,
    warm_up,
)

NAME = "diagnosis"
TITLE = "Diagnoses"
SIZES = (1_000, 10_000, 50_000)
QUICK = (500, 2_000)
GOAL, GOAL_SIZE = Goal(most=100), 50_000
_KEY = Key(b"k" * 32)
_DAY = timedelta(days=1)

Question = Callable[[], object]


def measure(databases: Databases, sizes: Sequence[int], rounds: int) -> Iterator[Line]:
    """Yield a figure for each engine, size, reader and kind of diagnosis."""
    for kind in databases.kinds:
        for size in sizes:
            with databases.fresh(kind) as engine:
                yield from _measure(engine, NAMES[kind], size, rounds, databases.folder / "home")
    if databases.refusal:
        yield NotMeasured(NAMES["postgresql"], databases.refusal)


def _measure(engine: Engine, kind: str, size: int, rounds: int, home: Path) -> Iterator[Line]:
    schools = schools_for(size)
    people, _schools = make_register(engine, size, made_up_schools(schools))
    _at_the_door(engine, people, schools)
    goal = GOAL if size >= GOAL_SIZE else NO_GOAL
    for reader in ("helpdesk", "director"):
        town = _Town(engine, people, schools, reader)
        first = min(town.first_of_a_process() for _round in range(1 + rounds))
        yield Figure(f"{kind}, {reader}: the first of a process", first, "ms", size, goal=goal)
        cold = timed(town.warm_up)
        yield Figure(f"{kind}, {reader}: made ready", cold.wall * 1e3, "ms", size)
        first = timed(town.person).wall * 1e3
        yield Figure(f"{kind}, {reader}: the first person", first, "ms", size, goal=goal)
        for name, question in town.questions().items():
            with bare(engine, question) as (floor, statements):
                times = race_of_short_ones(question, floor, 0.2 * rounds, least=1 + rounds)
            yield Figure(
                f"{kind}, {reader}: {name}", times.wall * 1e3, "ms", size,
                times.floor_wall * 1e3, goal=goal, note=f"{statements} statements",
            )  # fmt: skip
    yield _command(engine, kind, people[size // 2], size, home)


def _command(engine: Engine, kind: str, one: Named, size: int, home: Path) -> Line:
    """Measure the whole command, from nothing, beside `--help`."""
    home.mkdir(exist_ok=True)
    given = {"TROUSSEAU_DATABASE_URL": _url(engine)}
    asked = ("diagnose", f"{one.first} {one.second}")
    short_answer(("--help",), home)  # what is made in a home once is made now
    short_answer(asked, home, given)
    times = race(
        partial(short_answer, asked, home, given), partial(short_answer, ("--help",), home), 3
    )
    return Figure(
        f"{kind}, trousseau diagnose, beside --help", times.wall * 1e3, "ms", size,
        times.floor_wall * 1e3,
    )  # fmt: skip


def _url(engine: Engine) -> str:
    return engine.url.render_as_string(hide_password=False)


class _Town:
    """Who calls, in an order that is the same each time, and who looks it up."""

    def __init__(self, engine: Engine, people: Sequence[Named], schools: int, reader: str) -> None:
        self._school = 1 + len(people) // 2 % schools
        seen = None if reader == "helpdesk" else frozenset({self._school})
        self._desk = Desk(engine, Actor(reader, reader, seen), lambda: NOW)
        self._reader = reader
        self._schools = schools if seen is None else 1
        own = people if seen is None else [p for p in people if 1 + p.id % schools == self._school]
        self._choices, self._people = Random(20260901), own

    def questions(self) -> dict[str, Question]:
        """Return what is asked, by its name."""
        return {
            "person": self.person,
            "school": self._of_school,
            "token": partial(self._read, diagnose_token, self._token, _KEY),
            "address": partial(self._read, diagnose_address, _email),
            "address that nobody has": partial(
                self._read, diagnose_address, lambda one: f"personne{one.id}@courriel.example"
            ),
        }

    def first_of_a_process(self) -> float:
        """Return the milliseconds in a process of its own, in which nothing was searched for."""
        somebody = self._choices.choice(self._people).id
        asked = (_url(self._desk.engine), self._reader, str(self._school), str(somebody))
        command = (sys.executable, "-m", "benchmarks.first_diagnosis", *asked)
        done = subprocess.run(command, check=True, stdout=subprocess.PIPE, timeout=60, cwd=ROOT)
        return float(done.stdout)

    def warm_up(self) -> object:
        """What the search does while somebody types."""
        return self._desk.read(warm_up)

    def person(self) -> object:
        return self._read(diagnose_person, lambda one: one.id)

    def _read(self, diagnose: Any, what: Callable[[Named], Any], *more: Any) -> object:
        return self._desk.read(diagnose, what(self._choices.choice(self._people)), *more)

    def _of_school(self) -> object:
        other = self._choices.randrange(1, 1 + self._schools)
        return self._desk.read(diagnose_school, other if self._schools > 1 else self._school)

    @staticmethod
    def _token(one: Named) -> str:
        return make_token(_KEY, "invitation", one.id, 1)


def _email(one: Named) -> str:
    """Return the address that `make_register` gives somebody."""
    surname, first_name = name_key(one.first), name_key(one.second)
    return f"{first_name}.{surname}{one.id}@courriel{one.id % 40}.example"


def _at_the_door(engine: Engine, people: Sequence[Named], schools: int) -> None:
    """Invite everybody who has agreed; half have an account, and a wrong password typed."""
    at, until = bulk.neutral(NOW - 2 * _DAY), bulk.neutral(NOW + 12 * _DAY)
    invited = [p for p in people if p.id % 3]
    known = invited[::2]

    def insert(table: str, columns: str, rows: list[Any], **alike: Any) -> None:
        bulk.insert_rows(connection, table, columns.split(), rows, alike)

    with engine.execution_options(writes=True).begin() as connection:
        insert(
            "mail", "id person_id access_id school_id recipient",
            [(p.id, p.id, p.id, 1 + p.id % schools, _email(p)) for p in invited],
            template="invitation", language="fr", generation=1, queued_at=at, expires_at=until,
            next_attempt_at=at, attempts=1, reply="", sent_at=at, closed_at=at,
        )  # fmt: skip
        insert(
            "invitation", "id access_id mail_id school_id",
            [(p.id, p.id, p.id, 1 + p.id % schools) for p in invited],
            generation=1, queued_at=at, valid_until=until,
        )  # fmt: skip
        insert(
            "account", "id email email_key person_id name",
            [(p.id, _email(p), _email(p), p.id, p.first) for p in known],
            language="fr", failed_tries=1, password_hash="-", created_at=at,
        )  # fmt: skip
        insert(
            "sign_in_event", "account_id address address_key",
            [(p.id, _email(p), _email(p)) for p in known],
            at=at, last_at=at, times=2, kind="password", outcome="wrong", origin="192.0.2.7",
        )  # fmt: skip
    settle_down(engine)
