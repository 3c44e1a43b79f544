"""The letters as they leave: in both languages, with their calendar file, whatever they say."""

from email import message_from_bytes
from email.policy import default
from pathlib import Path
from typing import Any
from zoneinfo import ZoneInfo

import pytest
from icalendar import Calendar
from sqlalchemy import Engine, select
from sqlmodel import col

from models.database import SYSTEM, writing
from models.keys import Key
from models.language import LANGUAGES
from models.mail import Mail
from services import workshop_participants, workshops
from services.mail.sender import Letterhead, SendResult, send
from services.mail.templates import BatchValues, MessageValues, prepare
from services.mail.url import mail_settings
from services.workshop_letters import LETTERS, TEMPLATE, letter_in_words
from services.workshop_participants import Entry
from tests.models.test_workshops import workshop
from tests.services.workshop_world import CONTACT, NOW, OFFICE, Ateliers, make_ateliers

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


async def deliver(ateliers: Ateliers, folder: Path) -> tuple[SendResult, list[Any]]:
    """Send what is due; return what came of it, and every message that has left so far."""
    sent = await send(
        ateliers.world.engine, mail_settings(f"maildir:{folder}"), Key(bytes(range(32))),
        Letterhead("t@ecole.example"), clock=ateliers.world.clock,
    )  # fmt: skip
    files = [path for path in folder.rglob("*") if path.is_file()]
    return sent, [message_from_bytes(path.read_bytes(), policy=default) for path in files]


async def test_letters_leave_with_the_calendar_of_the_workshop(
    sqlite_engine: Engine, tmp_path: Path
) -> None:
    ateliers = make_ateliers(sqlite_engine)
    asked = ateliers.accepted()
    entry = Entry("Mme", "Peeters", "Lise", "lise@ecole.example")
    ateliers.coordinator.write(workshop_participants.add, asked, entry)
    await deliver(ateliers, tmp_path / "sent")
    ateliers.coordinator.write(workshops.cancel, asked, "malade")
    sent, messages = await deliver(ateliers, tmp_path / "sent")
    assert (len(messages), sent.remaining) == (len(ateliers.mails()), 0)
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
        CONTACT: [("TENTATIVE", 0, 4), ("CONFIRMED", 1, 4), ("CANCELLED", 2, 4)],
        OFFICE: [("CANCELLED", 2, 4)],
        "lise@ecole.example": [("CONFIRMED", 1, 1), ("CANCELLED", 2, 1)],
    }


async def test_an_end_that_is_charged_leaves_the_day_of_the_invoice(
    sqlite_engine: Engine, tmp_path: Path
) -> None:
    ateliers = make_ateliers(sqlite_engine)
    asked = ateliers.accepted()
    ateliers.at("2027-03-01T09:00:00+00:00")
    ateliers.coordinator.write(workshops.cancel, asked, "malade", confirm_charge=True)
    _sent, messages = await deliver(ateliers, tmp_path / "sent")
    (end,) = (m for m in messages if m["to"].addresses[0].addr_spec == CONTACT)
    (part,) = end.iter_attachments()
    taken = {str(each["UID"]) for each in Calendar.from_ical(part.get_content()).walk("VEVENT")}
    assert len(taken) == 3 and not any("-invoice@" in uid for uid in taken)


async def test_whoever_is_entered_again_has_the_workshop_back_in_the_calendar(
    sqlite_engine: Engine, tmp_path: Path
) -> None:
    ateliers = make_ateliers(sqlite_engine)
    asked, desk = ateliers.accepted(), ateliers.coordinator
    entry, found = Entry("", "Peeters", "Lise", "lise@ecole.example"), list[tuple[int, str]]()
    for hour in (9, 10):
        ateliers.at(f"2026-12-01T{hour:02}:00:00+00:00")
        person = desk.write(workshop_participants.add, asked, entry)
        await deliver(ateliers, tmp_path / "sent")
        if hour == 9:
            ateliers.at("2026-12-01T09:00:01+00:00")
            desk.write(workshop_participants.withdraw, person)
    _sent, messages = await deliver(ateliers, tmp_path / "sent")
    for message in messages:
        if message["to"].addresses[0].addr_spec == entry.email:
            (part,) = message.iter_attachments()
            (event,) = Calendar.from_ical(part.get_content()).walk("VEVENT")
            found.append((int(event["SEQUENCE"]), str(event["STATUS"])))
    assert [status for _sequence, status in sorted(found)] == [
        "CONFIRMED", "CANCELLED", "CONFIRMED",
    ]  # fmt: skip
    assert len({sequence for sequence, _status in found}) == 3


async def test_who_takes_part_no_more_is_not_invited_by_a_letter_that_waits(
    engine: Engine, tmp_path: Path
) -> None:
    ateliers = make_ateliers(engine)
    asked, desk = ateliers.accepted(), ateliers.coordinator

    def enter(name: str, *, workshop: int = asked) -> int:
        entry = Entry("", name.capitalize(), "Jo", f"{name}@ecole.example")
        return desk.write(workshop_participants.add, workshop, entry)

    gone, moved, stays = enter("gone"), enter("moved"), enter("stays")
    called_off = ateliers.accepted(title="Ailleurs")
    enter("elsewhere", workshop=called_off)
    desk.write(workshop_participants.withdraw, gone)
    another = Entry("", "Moved", "Jo", "arrived@ecole.example")
    desk.write(workshop_participants.correct, moved, another)
    # Only written otherwise: it is the same address, and the same letter.
    same = Entry("Mme", "Stays", "Jo", "Stays@ecole.example")
    desk.write(workshop_participants.correct, stays, same)
    desk.write(workshops.cancel, called_off)
    _sent, messages = await deliver(ateliers, tmp_path / "sent")
    registered = {
        message["to"].addresses[0].addr_spec
        for message in messages
        if "vous êtes inscrit" in message["subject"]
    }
    assert registered == {"arrived@ecole.example", "stays@ecole.example"}
    with writing(ateliers.world.engine, SYSTEM, ateliers.world.clock()) as session:
        never = session.scalars(select(Mail).where(col(Mail.cancelled_at).is_not(None))).all()
        assert sorted((mail.recipient, mail.sent_at) for mail in never) == [
            ("elsewhere@ecole.example", None),
            ("gone@ecole.example", None),
            ("moved@ecole.example", None),
        ]


def test_a_workshop_is_a_calendar_file_to_keep(sqlite_engine: Engine) -> None:
    ateliers = make_ateliers(sqlite_engine)
    asked = ateliers.ask()
    content = ateliers.coordinator.read(workshops.calendar_of, asked)
    events = Calendar.from_ical(content).walk("VEVENT")
    days = [event["DTSTART"].dt for event in events]
    assert [f"{day:%d/%m/%Y}" for day in days] == [
        "15/03/2027", "21/02/2027", "01/03/2027", "30/03/2027",
    ]  # fmt: skip
