"""Workshops: the queue, a search, a month of the calendar, beside the same statements bare."""

from collections.abc import Callable, Iterator, Sequence
from datetime import UTC, date, datetime, time, timedelta
from random import Random
from typing import Any

from sqlalchemy import Engine

from benchmarks.databases import NAMES, NOW, Databases, settle_down
from benchmarks.lists import bare
from benchmarks.measuring import NO_GOAL, Figure, Goal, Line, NotMeasured, race_of_short_ones
from benchmarks.team import make_team
from models import bulk
from models.database import SYSTEM, Actor, writing
from models.upgrades import refresh_statistics
from services import workshop_queue
from services.desk import Desk
from services.workshop_queue import WorkshopQuery

NAME = "workshops"
TITLE = "Workshops"
SIZES = (1_000, 3_000, 10_000)
QUICK = (200, 500)
#: DESIGN §8 for lists; here at the 10,000 requests of the largest house thought of.
GOAL, GOAL_SIZE = Goal(most=50, ratio_most=3), 10_000
ROWS = 40
#: A school in fifty of the requests is the coordinator's.
_SHARE = 50
_TWO_YEARS = 730


def measure(databases: Databases, sizes: Sequence[int], rounds: int) -> Iterator[Line]:
    """Yield a figure for each engine, size, question and reader."""
    for kind in databases.kinds:
        for size in sizes:
            with databases.fresh(kind) as engine:
                make_team(engine, 1)
                _make(engine, size)
                yield from _measure(engine, size, NAMES[kind], rounds)
    if databases.refusal:
        yield NotMeasured(NAMES["postgresql"], databases.refusal)


def _measure(engine: Engine, size: int, kind: str, rounds: int) -> Iterator[Line]:
    actors = (Actor("office", "helpdesk", None), Actor("ib", "coordinator", frozenset({1})))
    for actor in actors:
        desk = Desk(engine, actor, lambda: NOW)
        for name, question in _questions(desk).items():
            with bare(engine, question) as (floor, _statements):
                times = race_of_short_ones(question, floor, 0.2 * rounds, least=1 + rounds)
            yield Figure(
                f"{kind}, {actor.role}: {name}", times.wall * 1e3, "ms", size,
                times.floor_wall * 1e3, goal=GOAL if size >= GOAL_SIZE else NO_GOAL,
            )  # fmt: skip


def _questions(desk: Desk) -> dict[str, Callable[[], object]]:
    def page(offset: int = 0, **query: Any) -> Callable[[], object]:
        asked = WorkshopQuery(**query)
        return lambda: desk.read(workshop_queue.page, asked, offset, ROWS, count=False)

    first, last = date(2027, 3, 1), date(2027, 3, 31)
    return {
        "queue by risk": page(),
        "queue by risk, next page": page(ROWS),
        "by date": page(sort="date"),
        "of one status": page(status="held"),
        "of a status that none has": page(status="replaced"),
        "a title typed": page(text="999"),
        "a month of the calendar": lambda: desk.read(workshop_queue.calendar, first, last),
    }


def _make(engine: Engine, size: int) -> None:
    """Write requests over two years: half are accepted, and a third of those attended."""
    random = Random(size)
    rows = [_row(random, number) for number in range(size)]
    columns = {name: [row[name] for row in rows] for name in rows[0]}
    with writing(engine, SYSTEM, NOW) as session:
        bulk.insert_columns(session.connection(), "workshop", columns, _ALIKE)
        refresh_statistics(session.connection())
    settle_down(engine)


_ALIKE: dict[str, Any] = {
    "programme": "PYP", "category": 2, "language": "fr", "delivery_type": "virtual",
    "begins": "09:00", "ends": "16:00", "time_zone": "Europe/Brussels", "people": 20,
    "support_name": "Paul Renard", "support_contact": "+32 2 256 70 11", "remarks": "",
    "contact_name": "Anne Lecomte", "contact_email": "anne@ecole.example",
    "contact_language": "fr", "registration_link": "", "refused_reason": "",
    "cancelled_reason": "", "charged": False,
}  # fmt: skip


def _row(random: Random, number: int) -> dict[str, Any]:
    day = NOW.date() + timedelta(days=random.randrange(_TWO_YEARS) - 200)
    begins = datetime.combine(day, time(8), UTC)
    accepted = random.random() < 0.5
    attended = accepted and random.random() < 0.3
    due = 15 if attended else (8 if accepted else -42)
    happened = {
        "submitted_at": begins - timedelta(days=90),
        "accepted_at": NOW if accepted else None,
        "attended_at": NOW if attended else None,
    }
    days = {
        "first_day": 0, "school_day": 0, "free_until": -22, "registration_until": -14,
        "answer_due": -42, "attendance_due": 8, "invoice_due": 15, "due_on": due,
    }  # fmt: skip
    values = {
        "school_id": 1 if number % _SHARE == 0 else 2,
        "title": f"Atelier {number}",
        "search_key": f"atelier {number} ecole anne lecomte",
        "starts_at": begins,
        "ends_at": begins + timedelta(hours=31),
        **happened,
        **{name: day + timedelta(days=offset) for name, offset in days.items()},
    }
    return {name: bulk.neutral(value) for name, value in values.items()}
