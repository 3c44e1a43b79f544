"""Twenty people who call the helpdesk, each with one cause of DOMAIN §5, in one database."""

from __future__ import annotations

import csv
import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from datetime import UTC, date, datetime
from email.message import EmailMessage
from pathlib import Path
from typing import Any

from sqlalchemy import select
from sqlmodel import col

from models.database import SYSTEM, change, writing
from models.headnet import HEADNET_PURPOSE, Headship
from models.invitations import TOKEN_PURPOSE
from models.keys import Key, load_key
from models.mail import Mail
from models.people import Person
from models.references import make_workshop_reference
from models.schools import School
from models.text import name_key
from models.tokens import make_token
from services import (
    accounts,
    headnet_sign_in,
    nightly,
    workshop_attendance,
    workshop_participants,
    workshop_rules,
)
from services.activation import set_password
from services.desk import Desk
from services.diagnosis import Diagnosis, diagnose_person
from services.passwords import Hasher
from services.sign_in import Entrance, sign_in
from services.workshop_participants import Entry
from tests.flows import conftest
from tests.services.diagnosis_world import Caller, Town
from tests.services.workshop_world import OFFICE, Ateliers
from tui.door import Door

HELPDESK, PASSWORD, NAME = "aide@ib.example", "sept girafes", "Agathe Maes"
NEW_PASSWORD = "cinq loutres jouent du tuba"
#: The head's new address, as it is told on the telephone.
NEW_HEAD = "direction@clairval.example"
LINK = "https://ib.example/r/12"
#: When a workshop was asked for that nobody has answered, when the calls come, and the night.
ASKED, CALLING = datetime(2026, 9, 15, 8, tzinfo=UTC), datetime(2026, 11, 24, 8, tzinfo=UTC)
NIGHT = datetime(2026, 11, 25, 2, tzinfo=UTC)

_TOKEN = re.compile(r"\b([0-9A-Z]{5}(?:-[0-9A-Z]{5})+)\b")

#: What is wrong with somebody who calls, and what the records say of them.
Who = tuple[tuple[str, ...], dict[str, Any]]
#: The number of a cause, with a letter where it is for another reason.
Number = int | str
#: Who calls, by the number of the cause.
WHO: dict[Number, Who] = {
    1: (("held",), {"surname": "Vandenbroeck", "first_name": "Élise"}),
    2: (("expired",), {"surname": "Lefèvre", "first_name": "Étienne"}),
    3: (("token_used",), {"surname": "El Amrani", "first_name": "Fatima"}),
    4: (("several_mails",), {"surname": "D’Hondt", "first_name": "Noémie"}),
    5: ((), {"surname": "Lejeune", "first_name": "Sabine"}),
    6: (("typing_error",), {"surname": "Peeters", "first_name": "Zoë",
                            "email": "zoe.peeters@gmial.com"}),
    7: (("no_post",), {"surname": "Benali", "first_name": "Aïcha"}),
    8: (("no_address",), {"surname": "Nguyen", "first_name": "Thi Lan",
                          "birth_date": date(1988, 4, 2), "staff_number": "28804021234"}),
    9: (("date_passed",), {"surname": "Wauters", "first_name": "Marc"}),
    10: (("lost_in_one_school",), {"surname": "Dupont", "first_name": "Jean-Marc"}),
    11: (("mission_not_renewed",), {"surname": "Gérard", "first_name": "Charlotte"}),
    12: (("former_head", "headnet_former_head"), {"surname": "Mertens", "first_name": "Olivier"}),
    13: (("no_consents_at_all",), {"surname": "Claessens", "first_name": "Anne"}),
    14: (("two_accounts",), {"surname": "Haddad", "first_name": "Samira",
                             "email": "samira.haddad@courriel.example"}),
    15: (("wrong_identifier",), {"surname": "Claes", "first_name": "Luc"}),
    16: (("reset_never_activated",), {"surname": "Lambert", "first_name": "Nathalie",
                                      "email": "nathalie.lambert@courriel.example"}),
    17: (("locked",), {"surname": "Janssens", "first_name": "Thomas"}),
    18: (("ended",), {"surname": "Collard", "first_name": "Pauline",
                      "birth_date": date(1990, 5, 6)}),
    19: (("headnet_mail_lost",), {"surname": "Fontaine", "first_name": "Claire",
                                  "function": "principal"}),
}  # fmt: skip
#: Who calls for the same causes, but for another of their reasons.
OTHERS: dict[Number, Who] = {
    "1b": (("not_invited",), {"surname": "Delvaux", "first_name": "Hélène"}),
    "1c": (("refused",), {"surname": "Vermeulen", "first_name": "Bart"}),
    "1d": (("no_consent",), {"surname": "Gilson", "first_name": "Martine"}),
    "6b": (("address_changed",), {"surname": "De Smet", "first_name": "Julie"}),
    "16b": (("shared_mailbox",), {"surname": "Hermans", "first_name": "Karim"}),
    "19b": (("headnet_waits",), {"surname": "Lemaire", "first_name": "Odile",
                                 "function": "principal"}),
    "19c": (("headnet_replaced",), {"surname": "Stevens", "first_name": "Lucas",
                                    "function": "principal"}),
    "19d": (("headnet_address",), {"surname": "Noël", "first_name": "Brigitte",
                                   "function": "principal"}),
}  # fmt: skip
#: The schools that somebody calls about, by the number of the cause, as they are called.
SCHOOLS: dict[Number, str] = {
    7: "Institut Sainte-Marie de Gozée",
    12: "Collège Notre-Dame de Clairval",
    13: "École fondamentale du Vieux-Moulin",
    18: "Athénée royal des Trois-Vallées",
    19: "Institut technique Saint-Gilbert",
    "19b": "Collège Sainte-Barbe de Fosses",
    "19c": "Athénée royal de Rochefort",
    "19d": "Institut Notre-Dame de Lourdes",
}


#: The head of the school before the one of number 12.
_FORMER = {
    "surname": "Renard", "first_name": "Paul", "surname_key": "renard", "first_name_key": "paul",
}  # fmt: skip


@dataclass
class Switchboard:
    """The installation, whoever calls by the number of the cause, and what they have in hand."""

    school: conftest.School
    town: Town
    key: Key
    callers: dict[Number, Caller] = field(default_factory=dict)
    workshops: dict[Number, int] = field(default_factory=dict)
    headnet_password: str = ""

    @property
    def desk(self) -> Desk:
        """The desk of the program itself, which sees everything."""
        return self.town.world.desk

    def token(self, number: Number, generation: int = 1) -> str:
        """Return the token of an invitation that was mailed to a caller."""
        return make_token(self.key, TOKEN_PURPOSE, self.callers[number].member.access, generation)

    def address(self, pattern: str, number: Number) -> str:
        """Return an address of a caller that was made with their running number."""
        return pattern.format(self.callers[number].facts["number"])

    def slip(self, number: Number) -> str:
        """Return the token with two letters changed for each other, as one reads them out."""
        token = self.token(number)
        at = next(i for i in range(6, len(token)) if len({*token[i : i + 2], "-"}) == 3)
        return token[:at] + token[at + 1] + token[at] + token[at + 2 :]

    def reference(self, number: Number) -> str:
        return make_workshop_reference(self.workshops[number])

    def fase(self, number: Number) -> str:
        return str(self.of_school(number).fase_number)

    def of_school(self, number: Number) -> School:
        key = self.callers[number].school
        found: School = self.rows(select(School).where(col(School.id) == key))[0]
        return found

    def rows(self, statement: Any) -> list[Any]:
        with writing(self.school.world.engine, SYSTEM, self.school.clock()) as session:
            return list(session.scalars(statement))

    def row(self, table: Any, key: int | None) -> Any:
        return self.rows(select(table).where(table.id == key))[0]

    # What holds now

    def diagnosed(self, number: Number) -> Diagnosis:
        """Return what holds for a caller now."""
        found: Diagnosis = self.desk.read(diagnose_person, self.callers[number].member.person)
        return found

    def causes(self, number: Number) -> list[str]:
        return [finding.cause for finding in self.diagnosed(number).findings]

    def statuses(self, number: Number) -> list[str]:
        return [standing.status for standing in self.diagnosed(number).standing]

    # Mails, and the doors that they open

    def mailed(self, email: str) -> list[str]:
        """Return the words of the mails that the server has taken for an address, once each."""
        taken = self.school.server.messages
        mine = [mail for mail in taken if email in mail.recipients]
        taken[:] = [mail for mail in taken if mail not in mine]
        return [_text_of(mail.message) for mail in mine]

    def token_mailed(self, number: Number) -> str:
        """Return the token in the only mail that has come to a caller."""
        (text,) = self.mailed(self.callers[number].email)
        (token,) = set(_TOKEN.findall(text))
        return str(token)

    def opens(self, number: Number) -> None:
        """Make a password with the token that was mailed, and sign in with it."""
        entrance = Entrance(
            self.school.world.engine,
            Hasher(self.school.home / "state"),
            self.key,
            self.school.clock,
            "192.0.2.9",
            least=0.0,
        )
        set_password(entrance, self.token_mailed(number), NEW_PASSWORD)
        sign_in(entrance, self.callers[number].email, NEW_PASSWORD)

    def headnet_token(self, number: Number, generation: int = 1) -> str:
        """Return a HeadNet password that was mailed to the head of a caller's school."""
        here = col(Headship.school_id) == self.callers[number].school
        (head,) = self.rows(select(Headship).where(here, col(Headship.ended_at).is_(None)))
        return make_token(self.key, HEADNET_PURPOSE, head.id, generation)

    def opens_headnet(self, number: Number, password: str, email: str = "") -> bool:
        email = email or self.callers[number].email
        verdict = self.desk.read(headnet_sign_in.accepts, self.key, email, password)
        return verdict.headship_id is not None

    def night(self) -> None:
        """Let the nightly update come, and be done."""
        self.school.clock.now = NIGHT
        settings, engine = Door().open()
        try:
            assert nightly.run(settings.nightwork(engine, self.school.clock)).finished
        finally:
            engine.dispose()

    # Files

    def new_list(self) -> Path:
        """Write the records of the new school year for the school of number 18."""
        path = self.school.folder / "nouvelle.csv"
        with path.open("w", newline="", encoding="cp1252") as file:
            lines = csv.writer(file, delimiter=";")
            lines.writerow(["Nom", "Prénom", "Né(e) le", "E-mail privé", "Fonction"])
            caller = self.callers[18]
            lines.writerow(["Collard", "Pauline", "06/05/1990", caller.email, "Enseignante"])
        return path


def unanswered(board: Switchboard) -> None:
    """Ask for a workshop that nobody answers."""
    board.workshops[20] = _ateliers(board).ask()


def other_workshops(board: Switchboard) -> None:
    """Ask for one too late, and hold one behind its closing date, and one that has been missed."""
    ateliers = _ateliers(board, fewest=1)
    for number, title, first_day in (
        ("20c", "Le carnet de recherche", "07/12/2026"),
        ("20d", "Les profils d’apprenant", "18/11/2026"),
    ):
        workshop = ateliers.accepted(title=title, first_day=first_day)
        lise = Entry("", "Peeters", "Lise", "lise@ecole.example")
        person = ateliers.coordinator.write(workshop_participants.add, workshop, lise)
        board.workshops[number] = workshop
    board.school.clock.now = CALLING
    board.workshops["20b"] = ateliers.ask(title="La langue d’accueil", first_day="15/01/2027")
    missed = workshop_attendance.record, board.workshops["20d"], person, 1, False
    ateliers.office.write(*missed)


def _ateliers(board: Switchboard, **figures: int) -> Ateliers:
    ateliers = Ateliers(board.town.world)
    ateliers.office.write(workshop_rules.set_office, figures, "Bureau des ateliers", OFFICE)
    return ateliers


def seed(
    school: conftest.School,
    who: Mapping[Number, Who] = WHO,
    ask: Callable[[Switchboard], None] = unanswered,
) -> Switchboard:
    """Put those who call into the database of an installation; it is the morning of the calls."""
    key = load_key(school.home / "config" / "key")
    board = Switchboard(school, Town(school.world), key)
    _let_in(school, board.desk)
    school.clock.now = ASKED
    ask(board)
    school.clock.now = CALLING
    for number, (troubles, facts) in who.items():
        first, last = (name_key(facts[part]) for part in ("first_name", "surname"))
        email = f"{first}.{last}@courriel.example".replace(" ", "")
        board.callers[number] = board.town.call(*troubles, **{"email": email, **facts})
    with writing(school.world.engine, SYSTEM, CALLING) as session:
        for number in SCHOOLS.keys() & board.callers:
            name = SCHOOLS[number]
            mine = col(School.id) == board.callers[number].school
            change(session, School, mine, name=name, name_key=name_key(name))
        held = col(Mail.held_at).is_not(None)
        change(session, Mail, held, reply="451 4.3.0 Temporary queue error")
        if 12 in who:
            theirs = col(Headship.school_id) == board.callers[12].school
            change(session, Headship, theirs, **_FORMER)
        before = col(Person.surname).startswith("Ancien")
        change(session, Person, before, **_FORMER)
        for end in ("sent_at", "refused_at", "bounced_at"):
            came = col(getattr(Mail, end)).is_not(None)
            change(session, Mail, came, closed_at=CALLING)
    return board


def _let_in(school: conftest.School, desk: Desk) -> None:
    hashed = Hasher(school.home / "state").hash(PASSWORD)
    desk.write(accounts.add_account, HELPDESK, "helpdesk", [], password_hash=hashed, name=NAME)


def _text_of(message: EmailMessage) -> str:
    body = message.get_body(("plain",))
    assert body is not None
    return str(body.get_content())
