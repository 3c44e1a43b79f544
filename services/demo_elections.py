"""Three elections among the sample schools: one counted with a tie, one open, one to come."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import date, datetime, time, timedelta
from random import Random

from sqlalchemy import Engine, select
from sqlmodel import col

from models.database import Actor, ActorSession
from models.keys import Key
from models.reading_room import Committee
from services import demo_schools, election_results, election_voting, elections, urn
from services.desk import Desk
from services.election_form import CandidateEntry
from services.election_voting import Choice

_OPENS, _CLOSES = "09:00", "18:00"

_PROGRAMMES = (
    CandidateEntry(
        "Mathilde Fontaine",
        "Collège de la Haute-Fagne",
        "Coordinatrice depuis 2019, je voudrais que chaque établissement puisse lire les projets"
        " de guides avant leur publication.\n\nMa première proposition : une relecture croisée"
        " entre deux écoles, chaque trimestre.",
    ),
    CandidateEntry(
        "Catherine Mertens",
        "École des Tilleuls",
        "Le primaire est peu représenté dans le comité. Je m’engage à y porter ses questions.",
    ),
    CandidateEntry("Anne Lambert", "Institut Saint-Aubert", "Je suis candidate à ma succession."),
)
_CALENDAR = (
    CandidateEntry("Étienne Charlier", "Collège de la Haute-Fagne", "Un calendrier commun."),
    CandidateEntry("Anne Lambert", "Institut Saint-Aubert", "Des sessions mieux réparties."),
    CandidateEntry("Catherine Mertens", "École des Tilleuls", ""),
    CandidateEntry(
        "Jacques Poncelet", "Institut Saint-Aubert", "Une voix pour les petites villes."
    ),
)


@dataclass(frozen=True)
class _Deed:
    """What somebody did so many days ago, at a time of that day in the network's zone."""

    ago: int
    clock: time
    do: Callable[[datetime], object]


class DemoElections:
    """The elections of the sample schools: told with the rest, day by day.

    `helpdesk` puts them up, `schools` are their numbers by FASE number.
    """

    def __init__(
        self, engine: Engine, key: Key, today: date, helpdesk: Actor, schools: Mapping[int, int]
    ) -> None:
        self._engine, self._key, self._today = engine, key, today
        self._helpdesk, self._schools = helpdesk, schools
        self._chance = Random(7)
        self._deeds: list[_Deed] = []
        self._ids: dict[str, int] = {}
        self._counted()
        self._open()
        self._to_come()

    def go_on(self, until: int) -> None:
        """Let happen what happened more than `until` days ago and was not told yet."""
        due = sorted((d for d in self._deeds if d.ago > until), key=lambda d: (-d.ago, d.clock))
        self._deeds = [deed for deed in self._deeds if deed.ago <= until]
        for deed in due:
            day = self._today - timedelta(days=deed.ago)
            deed.do(datetime.combine(day, deed.clock, elections.NETWORK_ZONE))

    # The elections

    def _counted(self) -> None:
        """One that closed six days ago: two have equal votes for the second of two seats."""
        title = "Comité du calendrier"
        self._put_up(title, _CALENDAR, 34, (20, 6), seats=2)
        self._vote(title, 19, time(10, 12), demo_schools.MAIN, (2, 1))
        self._vote(title, 17, time(16, 40), demo_schools.COLLEGE, (2, 4))
        self._vote(title, 8, time(8, 5), demo_schools.PRIMARY, ())

        def count(at: datetime) -> None:
            desk = Desk(self._engine, self._helpdesk, lambda: at)
            election_results.publish_overdue(desk, lambda: self._key)

        self._deeds.append(_Deed(5, time(3), count))

    def _open(self) -> None:
        """One that is open for five days more, in which one school has voted."""
        title = "Comité des programmes"
        self._put_up(title, _PROGRAMMES, 18, (4, -5))
        self._vote(title, 3, time(11, 27), demo_schools.PRIMARY, (2,))

    def _to_come(self) -> None:
        """One that opens in nine days."""
        self._put_up("Comité des congrès", _CALENDAR[:2], 1, (-9, -23))

    # What is done

    def _put_up(
        self,
        title: str,
        candidates: tuple[CandidateEntry, ...],
        ago: int,
        days: tuple[int, int],
        seats: int = 1,
    ) -> None:
        opens, closes = (f"{self._today - timedelta(days=n):%d/%m/%Y}" for n in days)

        def put_up(session: ActorSession) -> int:
            values = {
                "title": title,
                "committee_id": str(self._committee(session, title) or ""),
                "seats": str(seats),
                "opens_on": opens,
                "opens_at": _OPENS,
                "closes_on": closes,
                "closes_at": _CLOSES,
                "information": "Chaque établissement a une voix. Le vote est secret.",
            }
            return elections.create(session, values, candidates)

        def do(at: datetime) -> None:
            self._ids[title] = Desk(self._engine, self._helpdesk, lambda: at).write(put_up)

        self._deeds.append(_Deed(ago, time(14, 30), do))

    def _committee(self, session: ActorSession, name: str) -> int | None:
        return session.scalars(
            select(col(Committee.id)).where(col(Committee.name) == name).limit(1)
        ).one_or_none()

    def _vote(self, title: str, ago: int, clock: time, fase: int, numbers: tuple[int, ...]) -> None:
        """Let the head of a school vote for these numbers, or hand in a blank ballot."""
        school = self._schools[fase]
        actor = Actor(demo_schools.CONTACTS[fase].email, "head", frozenset({school}))
        # Not of the paper: the sample schools are the same each time that they are built.
        receipt = urn.shown_receipt(self._chance.randbytes(urn.RECEIPT_BYTES))

        def do(at: datetime) -> None:
            desk, election = Desk(self._engine, actor, lambda: at), self._ids[title]
            standing = desk.read(elections.standing, election)
            chosen = (each.id for each in standing if each.number in numbers)
            choice = Choice.of(*chosen) if numbers else Choice.BLANK
            desk.write(election_voting.cast, self._key, election, school, choice, receipt)

        self._deeds.append(_Deed(ago, clock, do))
