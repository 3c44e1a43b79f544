"""The life of a virtual workshop, from the request to the invoice, by keyboard alone.

The coordinator of a school and the workshop office take turns at the console that `trousseau`
opens. Its mails go to a real mail server, its meeting to a server that answers as
BigBlueButton's API documents. Each step has its picture in snapshots/flows/.
"""

from collections.abc import AsyncIterator, Callable, Iterator
from contextlib import asynccontextmanager
from dataclasses import dataclass
from datetime import UTC, date, datetime
from email.message import EmailMessage
from pathlib import Path
from zoneinfo import ZoneInfo

import pytest
from ical.calendar_stream import IcsCalendarStream
from pypdf import PdfReader
from syrupy.assertion import SnapshotAssertion
from textual.widgets import Static

from models.database import SYSTEM
from screens.workshop import WorkshopScreen
from screens.workshop_meeting import JoinLinkScreen
from services import (
    accounts,
    heads,
    workshop_invoices,
    workshop_participants,
    workshop_rules,
    workshops,
)
from services.desk import Desk
from services.passwords import Hasher
from services.workshop_attendance import user_id_of
from services.workshop_meetings import meeting_id_of
from tests import calendars
from tests.both_drivers import Pair
from tests.flows import conftest
from tests.flows.conftest import School
from tests.meetings import SECRET, Bigbluebutton, Running
from tests.services.test_meeting_reports import attendee, posted, report
from tests.services.workshop_world import form
from tui.app import TrousseauApp

pytestmark = pytest.mark.timeout(300)

OpenConsole = Callable[[], TrousseauApp]

COORDINATOR, CONTACT = "c@ecole.example", "anne@ecole.example"
OFFICE, OFFICE_MAIL = "b@ib.example", "ateliers@ib.example"
PASSWORD = "sept girafes"
HEAD = {"first_name": "Luc", "surname": "Hondt", "email": "luc@ecole.example", "language": "fr"}
LISE, MARC, ZOE = "lise@ecole.example", "marc@ecole.example", "zoe@ecole.example"
LINK = "https://ib.example/r/7"
#: Copied from a spreadsheet; one address ends too early.
PASTED = f"Nom\tPrénom\tE-mail\nDubois\tMarc\t{MARC}\nClaes\tZoé\t{ZOE}\nFaure\tInès\tines@\n"

#: When each part happens: at nine or ten in the morning, by the clocks of the school.
ENTERING, TOO_LATE = datetime(2027, 2, 22, 8, tzinfo=UTC), datetime(2027, 3, 5, 8, tzinfo=UTC)
FIRST_DAY, AFTER = datetime(2027, 3, 15, 7, tzinfo=UTC), datetime(2027, 3, 17, 8, tzinfo=UTC)
OVERDUE = datetime(2027, 4, 5, 8, tzinfo=UTC)
ZONE = ZoneInfo("Europe/Brussels")


# --- where it happens ---------------------------------------------------------------------


class Typist(conftest.Typist):
    """Somebody at the console of whom the password is known."""

    async def comes_in(self, address: str, password: str = PASSWORD) -> None:
        await super().comes_in(address, password)

    async def opens_the_workshop(self) -> None:
        await self.press("g", "v", "enter")
        assert isinstance(self.app.screen, WorkshopScreen)


@dataclass
class Ateliers:
    """The school and the office, the meeting server, and the console where they take turns."""

    school: School
    server: Bigbluebutton
    open_console: OpenConsole
    picture: SnapshotAssertion
    pair: Pair

    @asynccontextmanager
    async def console(self) -> AsyncIterator[Typist]:
        async with self.open_console().run_test(size=(80, 24)) as pilot:
            who = Typist(pilot, self.picture, self.pair)
            await who.settled()
            yield who

    @property
    def folder(self) -> Path:
        """Where whoever sits at the console keeps files."""
        return Path("~/ateliers").expanduser()

    def desk(self) -> Desk:
        return Desk(self.school.world.engine, SYSTEM, self.school.clock)

    def at(self, now: datetime) -> None:
        self.school.clock.now = now

    def mailed(self) -> list[tuple[str, str, str]]:
        """Return to whom mails went since this was asked last, and with which subject; and of
        the calendar file that came along, its status and how many entries both readers found."""
        messages = [mail.message for mail in self.school.server.messages]
        self.school.server.messages.clear()
        return sorted((str(m["to"]), str(m["subject"]), _calendar_of(m)) for m in messages)


def _calendar_of(message: EmailMessage) -> str:
    told = [_read_calendar(part.get_content()) for part in message.iter_attachments()]
    return " ".join(told)


def _read_calendar(content: str | bytes) -> str:
    text = content if isinstance(content, str) else content.decode()
    strict = calendars.read("\r\n".join(text.splitlines()).encode() + b"\r\n").all("VEVENT")
    other = IcsCalendarStream.calendar_from_ics(text).events
    assert {event["UID"].value: event["SUMMARY"].text for event in strict} == {
        event.uid: event.summary for event in other
    }
    (status,) = {event["STATUS"].value for event in strict}
    return f"{status} {len(strict)}"


@pytest.fixture
def ateliers(
    school: School,
    open_console: OpenConsole,
    picture: SnapshotAssertion,
    both_on_two_terminals: Pair,
    monkeypatch: pytest.MonkeyPatch,
) -> Iterator[Ateliers]:
    with Running(Bigbluebutton()) as server:
        monkeypatch.setenv("TROUSSEAU_BIGBLUEBUTTON_URL", server.url)
        monkeypatch.setenv("TROUSSEAU_BIGBLUEBUTTON_SECRET", SECRET)
        found = Ateliers(school, server, open_console, picture, both_on_two_terminals)
        _let_in(school, found.desk())
        yield found


def _let_in(school: School, desk: Desk) -> None:
    """Make the accounts of the two, and what the office has set."""
    hashed = Hasher(school.home / "state").hash(PASSWORD)
    for address, role, schools, name in (
        (COORDINATOR, "coordinator", [school.world.mine], "Anne Lecomte"),
        (OFFICE, "helpdesk", [], "Bureau des ateliers"),
    ):
        desk.write(accounts.add_account, address, role, schools, password_hash=hashed, name=name)
    for school_id in (school.world.mine, school.world.other):  # or the dashboard tells of it
        desk.write(heads.record_head, school_id, HEAD)
    desk.write(workshop_rules.set_office, {"fewest": 3}, "Bureau des ateliers", OFFICE_MAIL)
    desk.write(workshop_invoices.add_fee, 450_00, date(2026, 9, 1))


# --- the life -----------------------------------------------------------------------------


async def test_the_life_of_a_workshop(ateliers: Ateliers) -> None:
    async with ateliers.console() as anne:
        await _begin_to_ask(anne)  # and here the line drops
    async with ateliers.console() as who:
        await _ask(who, ateliers)
        await _accept(who, ateliers)
        await _enter_participants(who, ateliers)
        await _change_too_late(who, ateliers)
        await _open_the_meeting(who, ateliers)
        await _record_attendance(who, ateliers)
        await _bring_to_an_end(who, ateliers)
        await _be_overdue(who, ateliers)
        await _refuse_and_be_paid(who, ateliers)


async def _begin_to_ask(anne: Typist) -> None:
    await anne.comes_in(COORDINATOR)
    anne.sees_not("Importe", "Prochaine étape")  # which is not hers
    await anne.press("g", "v", "f8", "right", "tab", "right", "right", "tab")
    await anne.type("Évaluer", "tab", "right", "right", "tab", "tab")
    await anne.type("15/03/2027")


async def _ask(anne: Typist, ateliers: Ateliers) -> None:
    """What was typed is there again; one field is forgotten, and told of."""
    await anne.comes_in(COORDINATOR)
    await anne.press("g", "v")
    anne.sees("Brouillon 1")
    await anne.press("f8")
    anne.sees("Évaluer", "15/03/2027", "Dans les délais, restent 140 jours")
    await anne.press(*["tab"] * 5)
    await anne.picture("01-form")
    await anne.press(*["tab"] * 4)
    await anne.type("4", "tab", "tab")
    await anne.type("Paul Renard", "tab")
    await anne.type("02 256 70 11", "tab")
    await anne.type("Anne Lecomte", "f8")
    anne.sees("! L’adresse e-mail manque", "1 champ manque ou est erroné")
    await anne.picture("02-one-is-missing")
    await anne.type(CONTACT, "f8")
    await anne.picture("03-to-be-sent")
    await anne.press("o")
    anne.sees("Le bureau des ateliers répond pour le 14/09/2026", "> 21/02/2027")
    await anne.picture("04-asked")
    assert ateliers.mailed() == [
        (CONTACT, "Atelier 0001-ZZ : votre demande est reçue", "TENTATIVE 4"),
        (OFFICE_MAIL, "Atelier 0001-ZZ : nouvelle demande", ""),
    ]
    await anne.press("g", "q")


async def _accept(office: Typist, ateliers: Ateliers) -> None:
    await office.comes_in(OFFICE)
    await office.press("g", "v")
    await office.picture("05-queue")
    await office.press("enter", "t", "f8")
    await office.type(LINK)
    await office.picture("06-accept")
    await office.press("enter")
    office.sees("Dernier jour pour s’inscrire", "01/03/2027")
    await office.press("enter")
    office.sees("+ Acceptée", "0 participant est encodé, moins de 3")
    await office.picture("07-accepted")
    assert ateliers.mailed() == [
        (CONTACT, "Atelier 0001-ZZ : accepté", "CONFIRMED 4"),
        (CONTACT, "Atelier 0001-ZZ : votre demande est en traitement", ""),
    ]
    await office.press("g", "q")


async def _enter_participants(anne: Typist, ateliers: Ateliers) -> None:
    """One is typed, three are pasted; of those one address is no address."""
    ateliers.at(ENTERING)
    await anne.comes_in(COORDINATOR)
    await anne.opens_the_workshop()
    await anne.press("f8", "f8", "tab")
    await anne.type("Lise", "tab")
    await anne.type("Peeters", "tab")
    await anne.type("lise@gmial.com", "tab")
    anne.sees("Vouliez-vous dire lise@gmail.com ?")
    await anne.picture("08-typed")
    await anne.press("shift+tab", "ctrl+u")
    await anne.type(LISE, "f8", "escape")
    await anne.paste(PASTED)
    anne.sees("2 informations", "1 erreur", "La partie après le @")
    await anne.picture("09-pasted")
    await anne.press("f8", "o")
    anne.sees("Appliqué")
    await anne.press("escape")
    anne.sees("Encodés : 3, demandés : 4")
    await anne.picture("10-participants")
    told = "Atelier « Évaluer » : vous êtes inscrit"
    assert ateliers.mailed() == [(each, told, "CONFIRMED 1") for each in (LISE, MARC, ZOE)]
    await anne.press("g", "q")


async def _change_too_late(anne: Typist, ateliers: Ateliers) -> None:
    ateliers.at(TOO_LATE)
    await anne.comes_in(COORDINATOR)
    await anne.opens_the_workshop()
    await anne.press("f8", "f8")
    await anne.type("Zoé Claes ne vient pas.")
    await anne.picture("11-change-by-message")
    await anne.press("f8")
    told = "Atelier 0001-ZZ : changement après la clôture des inscriptions"
    assert ateliers.mailed() == [(OFFICE_MAIL, told, "")]
    await anne.press("g", "q")


async def _open_the_meeting(office: Typist, ateliers: Ateliers) -> None:
    """The server refuses it at first; then it is there, and people join it by their links."""
    ateliers.at(FIRST_DAY)
    await office.comes_in(OFFICE)
    await office.opens_the_workshop()
    await office.press("f8")
    ateliers.server.secret = "another secret"
    await office.press("f8")
    office.sees("n’accepte pas notre somme de contrôle")
    await office.picture("12-refused-by-the-server")
    ateliers.server.secret = SECRET
    await office.press("f8")
    office.sees("La réunion est ouverte sur le serveur")
    await office.picture("13-meeting")
    await office.press("enter")
    assert isinstance(office.app.screen, JoinLinkScreen)
    link = str(office.app.screen.query_one("#link", Static).render())
    assert ateliers.server.join(link) == (user_id_of(3), "Zoé Claes", "VIEWER")
    await office.press("escape", "m")
    await office.type("Marie Leroy", "enter")
    link = str(office.app.screen.query_one("#link", Static).render())
    assert ateliers.server.join(link)[1:] == ("Marie Leroy", "MODERATOR")
    await office.press("escape", "g", "q")


async def _record_attendance(office: Typist, ateliers: Ateliers) -> None:
    """The first day by the server's report, the second by hand."""
    ateliers.at(AFTER)
    _write_report(ateliers)
    await office.comes_in(OFFICE)
    await office.opens_the_workshop()
    await office.picture("14-held")
    await office.press("f8", "f3")
    await office.type("~/ateliers/rapport.json", "enter")
    await office.picture("15-report")
    await office.press("f8", "escape")
    await office.press("right", "space", "down", "space", "down", "space", "space")
    office.sees("présents 2, absents 1", "x non remplies")
    await office.picture("16-attendance")


def _write_report(ateliers: Ateliers) -> None:
    found = ateliers.desk().read(workshop_participants.listed, 1)
    there = (datetime(2027, 3, 15, 9, tzinfo=ZONE), datetime(2027, 3, 15, 16, tzinfo=ZONE))
    sent = report(*(attendee(user_id_of(each.id), there) for each in found))
    sent["meeting_id"] = meeting_id_of(1)
    ateliers.folder.mkdir(mode=0o700, parents=True)
    (ateliers.folder / "rapport.json").write_bytes(posted(sent))


async def _bring_to_an_end(office: Typist, ateliers: Ateliers) -> None:
    await office.press("f8")
    await office.picture("17-complete")
    await office.press("o", "c")
    await office.type("Marie Leroy", "enter", "ctrl+u")
    await office.type("~/ateliers", "enter")
    office.sees("2 attestations sont dans")
    await office.picture("18-certificates")
    (pdf,) = ateliers.folder.glob("*.pdf")
    pages = [page.extract_text() for page in PdfReader(pdf).pages]
    assert ["Zoé Claes" in pages[0], "Marc Dubois" in pages[1], len(pages)] == [True, True, 2]
    await office.press("escape", "f8")
    office.sees("1 350,00 EUR pour 3 participants")
    await office.picture("19-invoice")
    await office.press("enter", "pagedown")
    await office.picture("20-invoiced")
    assert ateliers.mailed() == [
        (CONTACT, "Atelier 0001-ZZ : facture AV-0001-ZZ", ""),
        (CONTACT, "Atelier 0001-ZZ : présences complètes", ""),
    ]
    await office.press("g", "q")


async def _be_overdue(anne: Typist, ateliers: Ateliers) -> None:
    """The invoice is not paid in time; another workshop is to be on another date."""
    ateliers.at(OVERDUE)
    _ask_for_another(ateliers)
    await anne.comes_in(COORDINATOR)
    anne.sees("1 facture d’atelier est en retard de paiement.")
    await anne.picture("21-overdue")
    await anne.press("enter", "down", "enter", "r", *["tab"] * 5, "ctrl+u")
    await anne.type("10/05/2027", "f8")
    await anne.picture("22-late")
    await anne.press("o")
    anne.sees("Retard lu et confirmé : 05/04/2027 10:00")
    await anne.press("w")
    anne.sees("> Remplacée", "Remplacée par 0003-ZQ : w y mène.")
    await anne.picture("23-replaced")
    assert ateliers.mailed() == [
        (CONTACT, "Atelier 0002-ZK : accepté", "CONFIRMED 4"),
        (CONTACT, "Atelier 0002-ZK : remplacé par 0003-ZQ", "CANCELLED 4"),
        (CONTACT, "Atelier 0002-ZK : votre demande est reçue", "TENTATIVE 4"),
        (CONTACT, "Atelier 0003-ZQ : votre demande est reçue, en retard", "TENTATIVE 4"),
        (OFFICE_MAIL, "Atelier 0002-ZK : nouvelle demande", ""),
        (OFFICE_MAIL, "Atelier 0002-ZK : remplacé par 0003-ZQ", "CANCELLED 4"),
        (OFFICE_MAIL, "Atelier 0003-ZQ : nouvelle demande", ""),
    ]
    await anne.press("g", "q")


def _ask_for_another(ateliers: Ateliers) -> None:
    values = form(title="Enseigner", first_day="13/09/2027", contact_email=CONTACT, people="4")
    desk, school = ateliers.desk(), ateliers.school.world.mine
    sent = desk.write(workshops.submit, school, values)
    desk.write(workshops.accept, sent.workshop_id, LINK)


async def _refuse_and_be_paid(office: Typist, ateliers: Ateliers) -> None:
    await office.comes_in(OFFICE)
    await office.press("enter")
    office.sees("À payer : en retard de 6 jours")
    await office.picture("24-queue")
    await office.press("enter", "f8")
    office.sees("05/04/2027")
    await office.press("enter")
    office.sees("Le paiement est noté")
    office.sees_not("Étape suivante")
    await office.press("escape", "home", "enter", "n")
    await office.type("Aucun formateur n’est libre.")
    await office.picture("25-refuse")
    await office.press("enter")
    office.sees("Refusée : Aucun formateur n’est libre.")
    await office.picture("26-refused")
    assert ateliers.mailed() == [(CONTACT, "Atelier 0003-ZQ : refusé", "CANCELLED 4")]
