"""A reading room: the helpdesk that fills it, two heads who read it, and samples for it."""

from dataclasses import dataclass
from datetime import UTC, date, datetime
from typing import Any

from sqlalchemy import Engine

from models.database import Actor
from services import committees, conferences, documents
from services.committees import Term
from services.conferences import ConferenceFacts
from services.desk import Desk
from services.document_files import Upload
from services.documents import DocumentFacts
from tests.worlds import World, make_world

NOW = datetime(2026, 11, 22, 8, 0, tzinfo=UTC)
DAY = date(2026, 10, 3)


@dataclass
class Room:
    """Two schools of a world with their heads, and the helpdesk."""

    world: World

    @property
    def helpdesk(self) -> Desk:
        return self.desk("helpdesk", None, account_id=1)

    @property
    def head(self) -> Desk:
        return self.desk("head", self.world.mine, headship_id=1)

    @property
    def other_head(self) -> Desk:
        return self.desk("head", self.world.other, headship_id=2)

    def desk(self, role: str, school: int | None, **who: Any) -> Desk:
        schools = None if school is None else frozenset({school})
        return Desk(self.world.engine, Actor(f"{role}{school}", role, schools, **who), self.clock)

    @property
    def clock(self) -> Any:
        return self.world.clock

    def at(self, text: str) -> None:
        """Let it be that instant."""
        self.world.clock.now = datetime.fromisoformat(text)

    def publish(
        self,
        title: str = "Procès-verbal du bureau",
        text: str | bytes = "# Ordre du jour\n\nLe budget est adopté.\n",
        file_name: str = "pv.md",
        **facts: Any,
    ) -> int:
        said = DocumentFacts(**{"kind": "minutes", "title": title, "dated_on": DAY, **facts})
        return self.helpdesk.write(documents.publish, said, upload(text, file_name))

    def replace(self, document: int, text: str | bytes, note: str = "") -> documents.Replaced:
        return self.helpdesk.write(documents.replace, document, upload(text), note)

    def committee(self, name: str = "Bureau", *terms: Term, purpose: str = "") -> int:
        made = self.helpdesk.write(committees.add, name, purpose)
        for term in terms:
            self.helpdesk.write(committees.add_term, made, term)
        return made

    def conference(self, title: str = "Conférence régionale", **facts: Any) -> int:
        said = ConferenceFacts(
            **{
                "title": title,
                "first_day": date(2027, 3, 27),
                "last_day": date(2027, 3, 28),
                **facts,
            }
        )
        return self.helpdesk.write(conferences.add, said)


def upload(text: str | bytes, file_name: str = "pv.md") -> Upload:
    return Upload(file_name, text.encode() if isinstance(text, str) else text)


def make_room(engine: Engine) -> Room:
    return Room(make_world(engine, NOW))
