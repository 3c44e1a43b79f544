"""The sample schools' workshops: one of each status, and what is overdue of the oldest.

Told as in `services.demo`: through the services, by whoever would do it, days before today.
"""

from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from typing import Any

from models.database import Actor
from services import (
    demo_schools,
    plans,
    workshop_attendance,
    workshop_invoices,
    workshop_page,
    workshop_participants,
    workshop_rules,
    workshops,
)
from services.attendance_files import EventSession, read_attendance_table
from services.desk import Desk

OFFICE, OFFICE_EMAIL = "Bureau des ateliers", "ateliers@trousseau.example"
LINK = "https://inscriptions.example/ateliers/{number}"
#: An invented price, in hundredths, for each participant.
_FEE = 21_000
_HEADER = "Civilité;Nom;Prénom;E-mail;N° FASE\n"

#: Who takes part at the college; the last three are of the further school.
COLLEGE_PEOPLE = """\
M.;Claes;Wouter;w.claes@hautefagne.example;
Mme;Hanssen;Birgit;b.hanssen@hautefagne.example;
M.;Schmitz;Jürgen;j.schmitz@hautefagne.example;
Mme;Lambert;Anne;a.lambert@hautefagne.example;
Mme;Fontaine;Mathilde;ib@hautefagne.example;
M.;Kabongo;Trésor;t.kabongo@hautefagne.example;
Mme;Van den Eynde;Sofie;s.vandeneynde@hautefagne.example;
M.;Paquet;Arnaud;a.paquet@hautefagne.example;
Mme;Radoux;Émilie;e.radoux@hautefagne.example;
Mme;Bastin;Clotilde;c.bastin@hautefagne.example;
M.;O’Connor;Declan;d.oconnor@hautefagne.example;
Mme;Ruiz Peña;Lucía;l.ruiz@hautefagne.example;
M.;Thys;Gauthier;g.thys@hautefagne.example;
Mme;Leclercq;Maïté;m.leclercq@ecole-tilleuls.example;98102
M.;Thiry;Nicolas;n.thiry@ecole-tilleuls.example;98102
Mme;Denis;Véronique;v.denis@ecole-tilleuls.example;98102
"""
#: And at the main school.
MAIN_PEOPLE = """\
Mme;Gérard;Gaëlle;g.gerard@saint-aubert.example;
Mme;Vandenbroeck;Élise;e.vandenbroeck@saint-aubert.example;
M.;Nowak;Łukasz;l.nowak@saint-aubert.example;
M.;Adam;Sébastien;s.adam@saint-aubert.example;
Mme;Jacquemin;Hélène;h.jacquemin@saint-aubert.example;
M.;Delvaux;Philippe;p.delvaux@saint-aubert.example;
"""
_COORDINATOR = demo_schools.Contact("Mathilde Fontaine", "ib@hautefagne.example", "+32 80 00 03 04")
#: Who missed the second session.
MISSED = ("h.jacquemin@saint-aubert.example", "p.delvaux@saint-aubert.example")


@dataclass(slots=True)
class _Asked:
    """A workshop of the story; `id` once it has been asked for."""

    asker: Actor
    id: int = 0


@dataclass(frozen=True, slots=True)
class _Deed:
    """Something that was done to the workshops so many days ago."""

    ago: float
    actor: Actor
    do: Callable[[Any], object]


class DemoWorkshops:
    """Ten workshops, each from its request to where it stands today; `go_on` tells them.

    `desk` gives an actor's desk at a moment, `deliver` lets a mail server of the story take the
    letters that are due at one. `at` is the moment of the demonstration, `today` the day there.
    """

    def __init__(
        self,
        at: datetime,
        today: date,
        actors: Mapping[str, Actor],
        schools: Mapping[int, int],
        desk: Callable[[Actor, datetime], Desk],
        deliver: Callable[[datetime], object],
    ) -> None:
        self._at, self._today, self._schools = at, today, schools
        self._office, self._coordinator = actors["helpdesk"], actors["coordinator"]
        self._desk, self._deliver = desk, deliver
        self._deeds: list[_Deed] = []
        self._links = 0
        self._open_the_office()
        self._paid_late()
        self._refused()
        self._without_a_list()
        self._to_be_invoiced()
        self._called_off()
        self._to_come()
        self._replaced()
        self._in_treatment()
        self._late()

    def go_on(self, until: float) -> None:
        """Let happen what happened more than `until` days ago and was not told yet."""
        due = sorted((deed for deed in self._deeds if deed.ago > until), key=lambda d: -d.ago)
        self._deeds = [deed for deed in self._deeds if deed.ago <= until]
        for deed in due:
            at = self._at - timedelta(days=deed.ago)
            self._desk(deed.actor, at).write(deed.do)
            self._deliver(at + timedelta(minutes=5))

    # The workshops

    def _open_the_office(self) -> None:
        """Half a year ago: the office's address, and what a participant costs."""
        since = self._today - timedelta(days=400)

        def open_it(session: Any) -> None:
            workshop_rules.set_office(session, {}, OFFICE, OFFICE_EMAIL)
            workshop_invoices.add_fee(session, _FEE, since)

        self._then(180, self._office, open_it)

    def _paid_late(self) -> None:
        """A workshop of six weeks ago, whose invoice should have been paid by now."""
        asked = self._ask(-42, 130, title="Concevoir une unité interdisciplinaire", people="13",
                          programme="MYP")  # fmt: skip
        self._accept(asked, 125)
        self._enter(asked, 100, COLLEGE_PEOPLE, 13)
        self._attended(asked, 38, COLLEGE_PEOPLE, 13)
        self._then(36, self._office, lambda session: workshop_invoices.issue(session, asked.id))

    def _refused(self) -> None:
        """One that was asked for too late, and refused."""
        asked = self._ask(-75, 110, title="Introduction au Programme du diplôme", category="1")
        reason = "Aucun animateur n’est libre à cette date."
        self._then(107, self._office, lambda session: workshops.refuse(session, asked.id, reason))

    def _without_a_list(self) -> None:
        """One that is over, and whose attendance list was due the day before yesterday."""
        asked = self._ask(-10, 90, title="L’évaluation au Programme du diplôme", people="16",
                          further_schools=str(demo_schools.PRIMARY))  # fmt: skip
        self._accept(asked, 84)
        self._enter(asked, 60, COLLEGE_PEOPLE)

    def _to_be_invoiced(self) -> None:
        """One whose list has come: two people missed a session."""
        asked = self._ask(-8, 80, demo_schools.MAIN, title="Accueillir des élèves plurilingues",
                          people="6", programme="CP", category="3")  # fmt: skip
        self._accept(asked, 76)
        self._enter(asked, 50, MAIN_PEOPLE)
        self._attended(asked, 3, MAIN_PEOPLE)

    def _called_off(self) -> None:
        """One that was cancelled while that was free of charge."""
        asked = self._ask(12, 70, title="La théorie de la connaissance", people="15")
        self._accept(asked, 66)
        reason = "Trop peu d’inscrits."
        self._then(31, asked.asker, lambda session: workshops.cancel(session, asked.id, reason))

    def _to_come(self) -> None:
        """One that is accepted, with participants of two schools."""
        asked = self._ask(33, 40, title="Le mémoire et son accompagnement", people="16",
                          further_schools=str(demo_schools.PRIMARY))  # fmt: skip
        self._accept(asked, 36)
        self._enter(asked, 20, COLLEGE_PEOPLE)

    def _replaced(self) -> None:
        """One whose date was changed: cancelled and asked for anew in one step."""
        title = "Les approches de l’apprentissage"
        asked = self._ask(61, 12, title=title, people="18")
        later = self._form(75, title=title, people="18")

        def replace(session: Any) -> None:
            workshops.replace(session, asked.id, later, reason="Date mieux choisie.")

        self._then(4, asked.asker, replace)

    def _in_treatment(self) -> None:
        """One that the office has taken up."""
        asked = self._ask(66, 6, demo_schools.MAIN, title="Mener une enquête", category="1",
                          programme="MYP", people="15")  # fmt: skip
        self._then(5, self._office, lambda session: workshops.take_up(session, asked.id))

    def _late(self) -> None:
        """One that was asked for yesterday, too late: it was to be answered at once."""
        self._ask(30, 1, demo_schools.PRIMARY, title="Le jeu dans l’apprentissage",
                  programme="PYP", people="15")  # fmt: skip

    # What is done to one

    def _then(self, ago: float, actor: Actor, do: Callable[[Any], object]) -> None:
        self._deeds.append(_Deed(ago, actor, do))

    def _ask(self, first_day: int, ago: float, school: int | None = None, **values: str) -> _Asked:
        """Let a workshop in so many days from today be asked for so many days ago.

        By the coordinator for the college. The other schools have none and call the office.
        """
        asked = _Asked(self._coordinator if school is None else self._office)
        school_id = self._schools[school or demo_schools.COLLEGE]
        form = self._form(first_day, school, **values)

        def ask(session: Any) -> None:
            sent = workshops.submit(session, school_id, form, confirm_late=True)
            asked.id = sent.workshop_id

        self._then(ago, asked.asker, ask)
        return asked

    def _form(self, first_day: int, school: int | None = None, **values: str) -> dict[str, str]:
        contact = demo_schools.CONTACTS[school] if school else _COORDINATOR
        return {
            "programme": "DP",
            "category": "2",
            "language": "fr",
            "delivery_type": "virtual",
            "first_day": f"{self._today + timedelta(days=first_day):%d/%m/%Y}",
            "begins": "09:00",
            "ends": "16:00",
            "time_zone": "Europe/Brussels",
            "people": "20",
            "support_name": "Arnaud Paquet" if school is None else contact.name,
            "support_contact": contact.phone,
            "contact_name": contact.name,
            "contact_email": contact.email,
            **values,
        }

    def _accept(self, asked: _Asked, ago: float) -> None:
        self._links += 1
        link = LINK.format(number=2040 + self._links)
        self._then(ago, self._office, lambda session: workshops.accept(session, asked.id, link))

    def _enter(self, asked: _Asked, ago: float, people: str, most: int = 99) -> None:
        """Let the first of a list be entered by a plan."""
        content = _HEADER + _first(people, most)

        def enter(session: Any) -> None:
            entered = workshop_participants.plan_participants(session, asked.id, content)
            plans.apply(session, entered)

        self._then(ago, asked.asker, enter)

    def _attended(self, asked: _Asked, ago: float, people: str, most: int = 99) -> None:
        """Let a list of attendance be recorded by a plan, and declared complete."""
        content = _attendance(_first(people, most).splitlines())

        def record(session: Any) -> None:
            zone = workshop_page.page(session, asked.id).event.zone
            order = [
                EventSession(each.number, each.starts_at, each.ends_at)
                for each in workshop_attendance.sessions(session, asked.id)
            ]
            found = read_attendance_table(content, order, zone)
            plans.apply(session, workshop_attendance.plan_attendance(session, asked.id, found))
            workshop_attendance.complete(session, asked.id)

        self._then(ago, self._office, record)


def _first(people: str, most: int) -> str:
    return "".join(people.splitlines(keepends=True)[:most])


def _attendance(people: Iterable[str]) -> bytes:
    """Return the list of who was there as the office would have it."""
    lines = ["E-mail;Séance 1;Séance 2"]
    for line in people:
        email = line.split(";")[3]
        lines.append(f"{email};x;{'absent' if email in MISSED else 'x'}")
    return "\n".join(lines).encode()
