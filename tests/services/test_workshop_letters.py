"""The letters as they leave: in both languages, with their calendar file, whatever they say."""

from email import message_from_bytes
from email.policy import default
from pathlib import Path
from typing import Any
from zoneinfo import ZoneInfo

import pytest
from icalendar import Calendar
from sqlalchemy import Engine

from models.keys import Key
from models.language import LANGUAGES
from services import workshop_participants, workshops
from services.mail.sender import Letterhead, send
from services.mail.templates import BatchValues, MessageValues, prepare
from services.mail.url import mail_settings
from services.workshop_letters import LETTERS, TEMPLATE, letter_in_words
from services.workshop_participants import Entry
from tests.models.test_workshops import workshop
from tests.services.workshop_world import CONTACT, NOW, OFFICE, make_ateliers

#: What the steps add to a letter.
VALUES: dict[str, Any] = {
    "notice": 56, "reason": "salle prise", "other": "00K3-Z1", "met": 3, "people": 4,
    "number": "AV-1", "amount": "200.00 EUR", "due": NOW.date(), "change": "Lise → Marc",
}  # fmt: skip


def render(letter: dict[str, str], language: str) -> Any:
    batch = BatchValues(
        "Institut", "", "", "", "t@ecole.example", ZoneInfo("Europe/Brussels"), letter=letter
    )
    message = MessageValues("anne@ecole.example", "", "m.1", NOW)
    content = prepare(TEMPLATE, language, batch).fill(message)
    return message_from_bytes(content, policy=default)


def parts(message: Any) -> list[str]:
    return [message.get_body((kind,)).get_content() for kind in ("plain", "html")]


@pytest.mark.parametrize("kind", LETTERS)
def test_every_letter_says_all_of_it_in_both_languages(kind: str) -> None:
    asked = workshop(id=4711, registration_link="https://ib.example/r/1")
    for language in LANGUAGES:
        letter = letter_in_words(asked, kind, "Anne Lecomte", language, **VALUES)
        message = render(letter, language)
        assert message["subject"] == letter["subject"] and "%(" not in str(letter)
        for text in parts(message):
            assert "Anne Lecomte" in text and "04K7-Z" in text and "{" not in text
    french, english = (letter_in_words(asked, kind, "", each, **VALUES) for each in LANGUAGES)
    assert french["what"] != english["what"] and french["subject"] != english["subject"]


def test_hostile_texts_are_texts() -> None:
    asked = workshop(id=1, title="<b>{token}</b>\r\nBcc: x@y.example", contact_name="{what}")
    letter = letter_in_words(asked, "invited", "<i>Anne</i>", "fr")
    letter["subject"] += "\r\nBcc: x@y.example"
    message = render(letter, "fr")
    assert message["bcc"] is None
    plain, html = parts(message)
    assert "{token}" in plain and "<b>" not in html and "&lt;i&gt;Anne" in html
    assert html.count("<br>") == len(letter["facts"].split("\n")) - 1


async def test_letters_leave_with_the_calendar_of_the_workshop(
    sqlite_engine: Engine, tmp_path: Path
) -> None:
    ateliers = make_ateliers(sqlite_engine)
    asked = ateliers.accepted()
    entry = Entry("Mme", "Peeters", "Lise", "lise@ecole.example")
    ateliers.coordinator.write(workshop_participants.add, asked, entry)
    ateliers.coordinator.write(workshops.cancel, asked, "malade")
    settings = mail_settings(f"maildir:{tmp_path / 'sent'}")
    sent = await send(
        ateliers.world.engine, settings, Key(bytes(range(32))), Letterhead("t@ecole.example"),
        clock=ateliers.world.clock,
    )  # fmt: skip
    assert (sent.sent, sent.remaining) == (len(ateliers.mails()), 0)
    files = [path for path in (tmp_path / "sent").rglob("*") if path.is_file()]
    messages = [message_from_bytes(path.read_bytes(), policy=default) for path in files]
    told: dict[str, list[tuple[str, int, int]]] = {}
    for message in messages:
        events = [
            event
            for part in message.iter_attachments()
            for event in Calendar.from_ical(part.get_content()).walk("VEVENT")
        ]
        if events:
            first = events[0]
            fact = (str(first["STATUS"]), int(first["SEQUENCE"]), len(events))
            told.setdefault(message["to"].addresses[0].addr_spec, []).append(fact)
    assert {to: sorted(facts, key=lambda fact: fact[1]) for to, facts in told.items()} == {
        CONTACT: [("TENTATIVE", 0, 4), ("CONFIRMED", 1, 4), ("CANCELLED", 2, 1)],
        OFFICE: [("CANCELLED", 2, 1)],
        "lise@ecole.example": [("CONFIRMED", 1, 1), ("CANCELLED", 2, 1)],
    }


def test_a_workshop_is_a_calendar_file_to_keep(sqlite_engine: Engine) -> None:
    ateliers = make_ateliers(sqlite_engine)
    asked = ateliers.ask()
    content = ateliers.coordinator.read(workshops.calendar_of, asked)
    events = Calendar.from_ical(content).walk("VEVENT")
    days = [event["DTSTART"].dt for event in events]
    assert [f"{day:%d/%m/%Y}" for day in days] == [
        "15/03/2027", "21/02/2027", "01/03/2027", "30/03/2027",
    ]  # fmt: skip
