"""The sample schools' calls to the helpdesk, open, handed on and closed, and two messages.

Told as in `services.demo`: through the services, at moments before today. What was found is
what holds, as far as it held then.
"""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any, cast

from sqlalchemy import Engine, select
from sqlmodel import col

from models.database import Actor
from models.keys import Key
from models.language import say
from models.people import Person
from models.schools import School
from services import calls, demo_schools, support
from services.calls import About, Caller, Done
from services.desk import Desk
from services.diagnosis import diagnose_person, diagnose_school
from services.findings import Finding
from services.passwords import Hasher
from services.sign_in import Entrance

#: Where the messages go.
HELPDESK = "helpdesk@trousseau.example"
_SECOND_LINE = "deuxième ligne"
_TAKES = timedelta(minutes=4)


@dataclass(frozen=True, slots=True)
class _Call:
    """A call so long ago: who called, what was typed, about whom; and what became of it."""

    ago: timedelta
    searched: str
    school: int = demo_schools.MAIN
    email: str = ""
    caller: tuple[str, str] = ("", "")
    contact: str = ""
    remarks: str = ""
    closed: bool = False
    to: str = ""


def _days(number: float, *rest: Any, **facts: Any) -> _Call:
    return _Call(timedelta(days=number), *rest, **{"closed": True, **facts})


def _minutes(number: float, *rest: Any, **facts: Any) -> _Call:
    return _Call(timedelta(minutes=number), *rest, **facts)


_CALLS = (
    _days(9, "lejeune", email="fred.lejeune@ancienne-boite.example", contact="0498 00 00 11"),
    _days(8, "simon chloe", email="chloe.simon@saint-aubret.example", contact="0498 00 00 12"),
    _days(8.1, "98103", demo_schools.COLLEGE, caller=("Heinen", "Ulrike"),
          contact="secretariat@hautefagne.example"),
    _days(7, "bastin kevin", email="kevin.bastin@courriel.example", contact="0498 00 00 13"),
    _days(4, "poncelet", email="aurelie.poncelet@nouvelle-boite.example",
          contact="0498 00 00 14", remarks="Rapporte son formulaire signé lundi."),
    _days(3, "lejeune fredric", email="fred.lejeune@ancienne-boite.example",
          contact="0498 00 00 11"),
    _days(2, "tilleuls", demo_schools.PRIMARY, caller=("Piron", "Nathalie"),
          contact="n.piron@ecole-tilleuls.example"),
    _days(1, "maes", email="ingrid.maes@boite.example", contact="0498 00 00 15", closed=False,
          to=_SECOND_LINE, remarks="Veut qu’on la rappelle après 16 h."),
    _minutes(190, "claes wouter", email="wouter.claes@courriel.example",
             caller=("Lambert", "Anne"), contact="081 00 00 00", to="direction"),
    _minutes(65, "simon", email="chloe.simon@saint-aubret.example", contact="0498 00 00 12",
             remarks="Pas de réponse à la correction demandée."),
    _minutes(25, "wery", email="f.wery@messagerie.example", contact="0498 00 00 16"),
    _minutes(3, "98102", demo_schools.PRIMARY, caller=("Piron", "Nathalie"),
             contact="n.piron@ecole-tilleuls.example"),
)  # fmt: skip
#: What a director and the coordinator wrote, so many hours ago.
_MESSAGES = (
    (30, "director", "Deux collègues n’ont rien reçu depuis la rentrée. Que puis-je faire ?"),
    (5, "coordinator", "Le chef d’établissement n’a pas reçu son mot de passe HeadNet."),
)


class DemoCalls:
    """The calls of ten days; `tell` opens them all, the oldest first.

    `desk` gives an actor's desk at a moment, `deliver` lets a mail server of the story take the
    mails that are due at one. `at` is the moment of the demonstration.
    """

    def __init__(
        self,
        engine: Engine,
        key: Key,
        at: datetime,
        actors: Mapping[str, Actor],
        schools: Mapping[int, int],
        desk: Callable[[Actor, datetime], Desk],
        deliver: Callable[[datetime], object],
    ) -> None:
        self._engine, self._key, self._at = engine, key, at
        self._actors, self._schools = actors, schools
        self._desk, self._deliver = desk, deliver

    def tell(self) -> None:
        for call in sorted(_CALLS, key=lambda call: -call.ago):
            self._tell(call)
        for hours, role, words in _MESSAGES:
            self._write(self._at - timedelta(hours=hours), self._actors[role], words)

    def _tell(self, call: _Call) -> None:
        agent, then = self._actors["helpdesk"], self._at - call.ago
        opened = self._desk(agent, then).write(self._open, call, then)
        ended = self._desk(agent, min(then + _TAKES, self._at))
        if call.closed:
            ended.write(_close, opened)
        elif call.to:
            ended.write(calls.hand_on, opened, call.to)

    def _open(self, session: Any, call: _Call, then: datetime) -> int:
        school = session.get_one(School, self._schools[call.school])
        assert school.id is not None
        about, name = About(school_id=school.id), call.caller
        if call.email:
            person = _person(session, call.email)
            assert person.id is not None
            about = About(person.id, school.id)
            name = name if any(name) else (person.surname, person.first_name)
            found = diagnose_person(session, person.id, school.id).findings
        else:
            found = diagnose_school(session, school.id).findings
        caller = Caller(*name, school.fase_number, call.contact)
        known = [finding for finding in found if _held(finding, then)]
        return calls.open_call(session, call.searched, caller, about, known, call.remarks)

    def _write(self, then: datetime, actor: Actor, words: str) -> None:
        door = Entrance(self._engine, Hasher(Path()), self._key, lambda: then)
        form = support.beginning(door, actor)
        named = support.SupportForm(
            form.surname or "Peeters", form.first_name, form.fase_number, form.contact, words
        )
        support.contact_support(door, actor, named, HELPDESK)
        self._deliver(then + _TAKES)


def _person(session: Any, email: str) -> Person:
    wanted = select(Person).where(col(Person.personal_email) == email).order_by(col(Person.id))
    return cast(Person, session.scalars(wanted).one())


def _held(finding: Finding, then: datetime) -> bool:
    return all(each.at is None or each.at <= then for each in finding.evidence)


def _close(session: Any, call_id: int) -> None:
    calls.note_done(session, call_id, Done(say("Told to the caller.")))
    calls.close(session, call_id)
