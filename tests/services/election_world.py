"""An election of two seats among four candidates, and as many schools with heads as it takes."""

from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from typing import Any

from sqlalchemy import Engine
from sqlalchemy import text as sql

from models.database import SYSTEM, Actor, writing
from models.keys import Key
from models.schools import School
from models.text import name_key
from services import election_results, election_voting, elections
from services.desk import Desk
from services.election_form import CandidateEntry
from services.election_voting import Choice
from tests.worlds import World, make_world

NOW = datetime(2026, 11, 22, 8, 0, tzinfo=UTC)
OPENS = datetime(2026, 11, 23, 8, 0, tzinfo=UTC)
CLOSES = datetime(2026, 11, 27, 17, 0, tzinfo=UTC)
KEY = Key(bytes(range(32)))
NAMES = ("Anne Lecomte", "Bruno Maes", "Chantal Dupont", "Denis Adam")


def form(**values: str) -> dict[str, str]:
    """Return a form in which everything is right, but for what is given."""
    return {
        "title": "Comité des programmes",
        "committee_id": "",
        "seats": "2",
        "opens_on": "23/11/2026",
        "opens_at": "9:00",
        "closes_on": "27/11/2026",
        "closes_at": "18h",
        "information": "Deux sièges sont à pourvoir.",
        **values,
    }


def candidates(*names: str) -> list[CandidateEntry]:
    return [
        CandidateEntry(name, f"École {place}", f"Je me présente.\n\nJe suis {name}.")
        for place, name in enumerate(names or NAMES, 1)
    ]


@dataclass
class Scrutin:
    """A world with heads of schools, and the helpdesk that puts elections up."""

    world: World
    key: Key = KEY
    schools: list[int] = field(default_factory=list)

    @property
    def helpdesk(self) -> Desk:
        return Desk(self.world.engine, Actor("helpdesk", "helpdesk", None), self.world.clock)

    def head(self, *schools: int) -> Desk:
        actor = Actor("head", "head", frozenset(schools or {self.world.mine}), headship_id=1)
        return Desk(self.world.engine, actor, self.world.clock)

    def at(self, moment: datetime) -> None:
        """Let it be that instant."""
        self.world.clock.now = moment

    def put_up(self, *names: str, **values: str) -> int:
        """Put an election up the day before it opens."""
        self.at(NOW)
        return self.helpdesk.write(elections.create, form(**values), candidates(*names))

    def opened(self, *names: str, **values: str) -> int:
        election = self.put_up(*names, **values)
        self.at(OPENS)
        return election

    def cast(self, election: int, school: int, *numbers: int, kind: str = "") -> str:
        """Cast a vote for these numbers, or `kind`; return the receipt."""
        head = self.head(school)
        paper = head.read(election_voting.ballot, election, school)
        choice = Choice(kind) if kind else None  # type: ignore[arg-type]
        if choice is None:
            choice = Choice.of(*(each.id for each in paper.candidates if each.number in numbers))
        head.write(election_voting.cast, self.key, election, school, choice, paper.receipt)
        return paper.receipt

    def closed(self, election: int) -> "election_results.ElectionResult":
        """Let it close; return the result."""
        self.at(CLOSES)
        election_results.publish_overdue(self.helpdesk, lambda: self.key)
        return self.head().read(election_results.result, election)

    def urn(self, election: int) -> bytes:
        """Return the bytes of the urn as they are in the database."""
        with self.world.engine.connect() as connection:
            question = sql("SELECT ballots FROM election_urn WHERE election_id = :id")
            return bytes(connection.execute(question, {"id": election}).scalar_one())


def make_scrutin(engine: Engine, more_schools: int = 0, **facts: Any) -> Scrutin:
    world = make_world(engine, NOW - timedelta(hours=1))
    with writing(engine, SYSTEM, NOW) as session:
        calendar = session.get_one(School, world.mine).calendar_id
        rows = [
            School(
                name=(name := f"École {place:03}"),
                name_key=name_key(name),
                fase_number=10_000 + place,
                calendar_id=calendar,
            )
            for place in range(more_schools)
        ]
        session.add_all(rows)
        session.flush()
        ids = [world.mine, world.other, *(row.id for row in rows if row.id)]
    return Scrutin(world, schools=ids, **facts)
