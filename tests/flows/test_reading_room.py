"""What a head of school reads: found, read, kept; and what becomes of it when it is replaced.

The head comes in with the HeadNet password, by keyboard alone; the helpdesk at the same console
publishes a newer version. Each step has its picture in snapshots/flows/.
"""

from collections.abc import Callable
from datetime import date, datetime, time, timedelta
from pathlib import Path

import pytest
from ical.calendar_stream import IcsCalendarStream
from syrupy.assertion import SnapshotAssertion

from models.database import SYSTEM, Actor, writing
from models.headnet import HEADNET_PURPOSE, HeadAddress, HeadnetPassword, Headship
from models.keys import load_key
from models.text import name_key
from models.tokens import make_token
from screens.committee import CommitteeScreen
from screens.conference import ConferenceScreen
from screens.dashboard import DashboardScreen
from screens.document import DocumentScreen
from screens.reading_room import ReadingRoomScreen
from screens.sign_in import SignInScreen
from services import accounts, committees, conferences, documents
from services.committees import Term
from services.conferences import ConferenceFacts
from services.desk import Desk
from services.document_files import Upload
from services.documents import DocumentFacts
from services.passwords import Hasher
from tests.both_drivers import Pair
from tests.calendars import read
from tests.flows.conftest import School
from tests.flows.test_workshop_life import Typist
from tests.screens.reading import INFORMATION, MINUTES, PURPOSE
from tui.app import TrousseauApp

pytestmark = pytest.mark.timeout(300)

HEAD, OFFICE, PASSWORD = "c@ecole.example", "b@reseau.example", "sept girafes"
#: A Thursday morning, when everything has been published for some weeks.
NOW = datetime.fromisoformat("2026-11-26T09:00:00+00:00")


def _head(school: School, language: str) -> str:
    """Record the head of the school, and return the password that counts."""
    known = {"school_id": school.world.mine, "surname": "Renard", "first_name": "Claire"}
    keys = {"surname_key": name_key("Renard"), "first_name_key": name_key("Claire")}
    before = NOW - timedelta(days=9)
    with writing(school.world.engine, SYSTEM, NOW) as session:
        headship = Headship(**known, **keys, since=before, language=language)
        session.add(headship)
        session.flush()
        assert headship.id is not None
        ours = {"headship_id": headship.id, "school_id": school.world.mine}
        counts = {"takes_effect_at": before, "in_force_at": before}
        address = HeadAddress(
            **ours, **counts, email=HEAD, email_key=HEAD, recorded_at=before, recorded_by="b"
        )
        session.add(address)
        session.flush()
        session.add(
            HeadnetPassword(
                **ours, **counts, generation=1, address_id=address.id, asked_at=before, asked_by="b"
            )
        )
        return make_token(load_key(school.home / "config" / "key"), HEADNET_PURPOSE, headship.id, 1)


def _fill(school: School) -> None:
    """Publish what heads read, and let the helpdesk in."""
    desk = Desk(school.world.engine, Actor("office", "helpdesk", None, account_id=1), school.clock)
    hashed = Hasher(school.home / "state").hash(PASSWORD)
    system = Desk(school.world.engine, SYSTEM, school.clock)
    system.write(
        accounts.add_account, OFFICE, "helpdesk", [], password_hash=hashed, name="Bureau du réseau"
    )
    office = desk.write(committees.add, "Bureau", PURPOSE)
    for term in (
        Term("Claire Renard", date(2025, 9, 1), None, "Institut Saint-Exemple", "présidente"),
        Term("Yusuf Demir", date(2026, 9, 1), date(2028, 8, 31), "Athénée de l’Essai"),
        Term("Paul Adam", date(2021, 9, 1), date(2025, 8, 31), "Lycée du Lac", "président"),
    ):
        desk.write(committees.add_term, office, term)
    minutes = DocumentFacts("minutes", "Réunion d’octobre", date(2026, 10, 3), office)
    desk.write(documents.publish, minutes, Upload("pv.md", MINUTES.encode()))
    rules = DocumentFacts("official", "Règlement d’ordre intérieur", date(2024, 6, 12))
    desk.write(documents.publish, rules, Upload("reglement.txt", b"Article premier.\n" * 90))
    spring = ConferenceFacts(
        "Conférence de printemps", date(2027, 3, 27), date(2027, 3, 28), time(9, 30), time(16),
        "Europe/London", "Londres", "https://reseau.example/printemps", INFORMATION,
    )  # fmt: skip
    desk.write(conferences.add, spring)


async def _comes_in(who: Typist, address: str, password: str) -> None:
    assert isinstance(who.app.screen, SignInScreen)
    await who.type(address, "enter")
    await who.type(password, "enter")


@pytest.mark.parametrize("way", ["french", "english", "monochrome"])
async def test_a_head_reads(
    way: str,
    school: School,
    open_console: Callable[[], TrousseauApp],
    picture: SnapshotAssertion,
    both_on_two_terminals: Pair,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    if way == "monochrome":
        monkeypatch.setenv("NO_COLOR", "1")
    school.clock.now = NOW
    _fill(school)
    password = _head(school, "en" if way == "english" else "fr")
    async with open_console().run_test(size=(80, 24)) as pilot:
        who = Typist(pilot, picture, both_on_two_terminals)
        await who.settled()
        await _comes_in(who, HEAD, password)
        await _read(who)
        if way == "french":
            await _keep_the_conference(who)
            await _look_at_the_committee(who)
            await who.press("g", "q")
            await _publish_anew(who, school)
            await _comes_in(who, HEAD, password)
            await _read_anew(who)


async def _read(head: Typist) -> None:
    """The dashboard leads to what is new; what is searched for stands in the text only."""
    assert isinstance(head.app.screen, DashboardScreen)
    await head.picture("01-dashboard")
    await head.press("enter")
    assert isinstance(head.app.screen, ReadingRoomScreen)
    assert head.app.screen.table.total == 2
    await head.press("f", "f", "f", "f", "f")
    await head.picture("02-room")
    await head.press("slash")
    await head.type("unanimite", "enter")
    await head.press("enter")
    assert isinstance(head.app.screen, DocumentScreen)
    head.sees("Le budget est adopté à l’unanimité.", "1")
    await head.picture("03-found")
    await head.press("escape", "escape", "escape")
    assert isinstance(head.app.screen, ReadingRoomScreen)
    assert head.app.screen._counts["unread"] == 1


async def _keep_the_conference(head: Typist) -> None:
    await head.press("slash")
    await head.type("londres", "enter")
    await head.press("enter")
    assert isinstance(head.app.screen, ConferenceScreen)
    head.sees("09:30 – 16:00 10:30 – 17:00", "assemblée")
    await head.picture("04-conference")
    folder = Path("~/agenda").expanduser()
    await head.press("f8", "ctrl+u")
    await head.type(str(folder), "enter")
    (made,) = folder.iterdir()
    strict = read(made.read_bytes()).all("VEVENT")
    other = IcsCalendarStream.calendar_from_ics(made.read_text()).events
    assert len(strict) == len(other) and "Conférence de printemps" in str(other[0].summary)
    await head.press("escape", "escape")


async def _look_at_the_committee(head: Typist) -> None:
    await head.press("slash")
    await head.type("demir", "enter")
    await head.press("enter")
    assert isinstance(head.app.screen, CommitteeScreen)
    head.sees("2 membres en fonction, 1 ancien mandat · 1 document", "- terminé")
    await head.picture("05-committee")
    await head.press("p")
    head.sees("Réunion d’octobre")
    head.sees_not("Règlement")
    await head.press("escape", "escape", "escape")


async def _publish_anew(office: Typist, school: School) -> None:
    file = school.folder / "pv-corrige.md"
    file.write_text(MINUTES.replace("1 200 €", "1 250 €"), encoding="utf-8")
    await _comes_in(office, OFFICE, PASSWORD)
    await office.press("g", "r", "slash")
    await office.type("réunion", "enter")
    await office.press("enter", "r")
    await office.type("pv-c", "f3", "tab")
    await office.type("la salle coûte plus", "f8")
    office.sees("version 2 du 26/11/2026 · la salle coûte plus", "1 250 €")
    await office.picture("06-published")
    await office.press("g", "q")


async def _read_anew(head: Typist) -> None:
    await head.press("enter")
    head.sees("[* Non lu 2]")
    await head.picture("07-unread-again")
    await head.press("enter")
    head.sees("version 2 du 26/11/2026 · la salle coûte plus", "1 250 €")
    await head.press("escape")
    assert isinstance(head.app.screen, ReadingRoomScreen)
    assert head.app.screen._counts["unread"] == 1
