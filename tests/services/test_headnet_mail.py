"""A head's mails over real SMTP: what leaves, what is lost, and that the page shows it."""

from dataclasses import replace
from datetime import timedelta
from typing import Any

import pytest
from sqlalchemy import Engine
from sqlmodel import col

from models.database import SYSTEM, writing
from models.headnet import Headship
from models.tokens import read_bounce_mark
from services import head_addresses, headnet_passwords, heads, outbox
from services.headnet_checks import explain
from services.headnet_passwords import Asked
from services.headnet_rows import HeadnetRefused
from services.headnet_school import MailTold
from services.mail.sender import Letterhead, SendResult, send
from services.mail.url import mail_settings
from tests.faults.two_schools import everything
from tests.servers import DROP, MailServer
from tests.services.headnet_world import ADDRESS, HEAD, KEY, Heads, make_heads

LETTERHEAD = Letterhead("trousseau@ecole.example", bounces="retours@mail.ecole.example")
OTHER = "luc@autre.example"


async def deliver(house: Heads, server: MailServer) -> SendResult:
    settings = replace(mail_settings(server.url), timeout=5.0, final_timeout=5.0)
    world = house.world
    return await send(world.engine, settings, KEY, LETTERHEAD, clock=world.clock, pause=0.0)


def told(house: Heads) -> tuple[str, MailTold]:
    """Return the state of the latest password and of its mail, as the page shows them."""
    latest = house.page().latest
    assert latest is not None and latest.mail is not None
    return latest.state, latest.mail


def again(house: Heads) -> Asked:
    house.later(minutes=3)
    return house.ask()


def remedies(house: Heads) -> list[str]:
    """Return the keys that the page of the account offers against what is wrong."""
    found = house.coordinator.read(explain, house.world.mine)
    codes = (each.remedy.code for each in found if each.remedy is not None)
    return [code for code in codes if code.startswith("headnet_")]


@pytest.fixture
def light(sqlite_engine: Engine) -> Heads:
    return make_heads(sqlite_engine)


@pytest.mark.parametrize("language", ["fr", "en"])
async def test_the_password_comes_with_its_hour_and_the_three_checks(
    light: Heads, mail_server: MailServer, language: str
) -> None:
    head = light.record(language=language)
    asked = light.ask()
    assert (await deliver(light, mail_server)).sent == 1
    (mail,) = mail_server.messages
    assert mail.recipients == [ADDRESS]
    password = light.password(head)
    parts = [part.get_content() for part in mail.message.walk() if not part.is_multipart()]
    hour = {"fr": "lundi 23 novembre 2026 à 03:00", "en": "Monday 23 November 2026 at 03:00"}
    checks = {
        "fr": ("l’adresse à laquelle", "La mise à jour du", "l’e-mail le plus récent"),
        "en": ("the address at which", "the update of", "the latest e-mail"),
    }
    for part in parts:
        assert password in part and "Luc D’Hondt" in part and "IB HeadNet" in part
        assert part.count(hour[language]) >= 3, part
        places = [part.index(words) for words in checks[language]]
        assert places == sorted(places), "in this order"
    state, told_of = told(light)
    assert (state, told_of.state) == ("waiting", "sent")
    light.world.clock.now = asked.works_from
    light.night()
    assert light.tries(ADDRESS, password) == "ok"
    kept = repr(everything(light.world.engine)).upper()
    for each in (password, password.replace("-", ""), password[-17:]):
        assert each not in kept, "no row and no line of the journal holds it"


async def test_a_refused_mail_is_shown_and_sent_again(
    engine: Engine, mail_server: MailServer
) -> None:
    house = make_heads(engine)
    head = house.record()
    house.ask()
    mail_server.answer("RCPT", "550 5.1.1 unknown user", times=1)
    assert (await deliver(house, mail_server)).refused == 1
    state, mail = told(house)
    assert (state, mail.state) == ("never_delivered", "refused")
    assert "unknown user" in mail.reply and not mail.can_try_now
    assert remedies(house) == ["headnet_continue"]
    with pytest.raises(HeadnetRefused):
        house.coordinator.write(headnet_passwords.try_now, house.world.mine)
    plan = house.coordinator.read(headnet_passwords.prepare, house.world.mine, house.schedule)
    assert [one.state for one in plan.former] == ["never_delivered"]
    again(house)
    assert (await deliver(house, mail_server)).sent == 1
    (message,) = mail_server.messages
    assert "(n° 2, 14:03)" in message.message["subject"]
    assert told(house)[1].state == "sent"
    assert [one.state for one in house.page().passwords] == ["waiting", "replaced"]
    house.later(days=1)
    house.night()
    assert house.tries(ADDRESS, house.password(head)) == "replaced"
    assert house.tries(ADDRESS, house.password(head, 2)) == "ok"


async def test_a_delayed_mail_is_shown_and_can_be_tried_now(
    engine: Engine, mail_server: MailServer
) -> None:
    house = make_heads(engine)
    house.record()
    house.ask()
    mail_server.answer("RCPT", "451 4.7.1 try later", times=1)
    assert (await deliver(house, mail_server)).retry == 1
    state, mail = told(house)
    assert (state, mail.state, mail.attempts) == ("waiting", "delayed", 1)
    assert "try later" in mail.reply
    assert mail.next_try_at is not None and mail.next_try_at > house.world.clock()
    assert remedies(house) == ["headnet_try_now"]
    assert (await deliver(house, mail_server)).sent == 0
    house.coordinator.write(headnet_passwords.try_now, house.world.mine)
    assert (await deliver(house, mail_server)).sent == 1
    assert told(house)[1].state == "sent" and remedies(house) == []


async def test_a_mail_that_came_back_is_shown_until_the_head_signs_in(
    engine: Engine, mail_server: MailServer
) -> None:
    house = make_heads(engine)
    head = house.record()
    asked = house.ask()
    await deliver(house, mail_server)
    assert told(house)[1].state == "sent"
    mark = read_bounce_mark(KEY, mail_server.messages[0].sender)
    assert mark == (asked.mail_id, asked.generation)
    assert house.world.desk.write(outbox.record_bounce, *mark, "550 5.1.1 no such user")
    state, mail = told(house)
    assert (state, mail.state, mail.reply) == (
        "never_delivered",
        "bounced",
        "550 5.1.1 no such user",
    )
    house.world.clock.now = asked.works_from
    house.night()
    assert told(house)[0] == "never_delivered"
    house.later(hours=1)
    # Some forwarding came back, and the head has it all the same.
    house.edit(Headship, col(Headship.id) == head, last_sign_in_at=house.world.clock())
    assert told(house)[0] == "valid"


async def test_a_mail_that_got_no_answer_may_have_arrived(
    light: Heads, mail_server: MailServer
) -> None:
    light.record()
    light.ask()
    mail_server.answer("DATA", DROP, times=1)
    await deliver(light, mail_server)
    state, mail = told(light)
    assert (state, mail.state) == ("waiting", "uncertain") and mail.can_try_now


@pytest.mark.parametrize("meanwhile", ["newer", "address", "head", "leaves"])
async def test_what_is_of_no_use_any_more_is_not_sent(
    engine: Engine, mail_server: MailServer, meanwhile: str
) -> None:
    house = make_heads(engine)
    house.record()
    asked, mine = house.ask(), house.world.mine
    mail_server.answer("RCPT", "451 4.7.1 try later", address=ADDRESS, times=1)
    await deliver(house, mail_server)
    desk = house.coordinator
    match meanwhile:
        case "newer":
            again(house)
        case "address":
            desk.write(head_addresses.change_address, mine, OTHER, house.schedule)
            house.world.clock.now = asked.works_from
            house.night()
        case "head":
            new = desk.read(heads.prepare_new_head, mine, {**HEAD, "email": OTHER})
            desk.write(heads.record_new_head, new)
        case _:
            desk.write(heads.end_head, mine, desk.read(heads.prepare_end, mine))
    house.later(hours=2)
    await deliver(house, mail_server)
    sent = [mail.message["subject"] for mail in mail_server.messages]
    assert len(sent) == 1 and ("n° 2" in sent[0] or "Votre mot de passe" not in sent[0])
    first = next(mail for mail in house.mails("headnet_password") if mail.id == asked.mail_id)
    assert first.sent_at is None and first.closed_at is not None
    if meanwhile == "address":
        assert told(house)[0] == "never_delivered"


def claimed(house: Heads, worker: str) -> list[int]:
    with writing(house.world.engine, SYSTEM, house.world.clock()) as session:
        lease = timedelta(minutes=5)
        return [mail.mail_id for mail in outbox.claim(session, worker, 9, lease)]


def test_never_two_mails_of_one_head_are_on_their_way(engine: Engine) -> None:
    house = make_heads(engine)
    house.record()
    house.record(house.world.other)
    mine = house.world.mine
    house.coordinator.write(head_addresses.change_address, mine, OTHER, house.schedule)
    house.later(days=1)
    house.night()
    first = house.ask().mail_id
    house.ask(house.world.other)
    (changed,) = house.mails("head_address_changed")
    here, there = outbox.worker_name(), outbox.worker_name()
    taken = claimed(house, here)
    assert len(taken) == 2 and changed.id in taken and first not in taken
    assert claimed(house, there) == []
    newer = again(house).mail_id
    assert claimed(house, there) == []
    house.world.desk.write(outbox.release, here)
    assert changed.id in claimed(house, there)
    assert newer not in claimed(house, here)
    house.world.desk.write(_sent, there, changed.id)
    assert claimed(house, here) == [newer], "the first password is of no use any more"


def _sent(session: Any, worker: str, mail_id: int) -> None:
    outcome = outbox.Outcome(outbox.Result.SENT, 250)
    outbox.settle(session, worker, [outbox.Settled(mail_id, outcome, session.at)], None)  # type: ignore[arg-type]


@pytest.mark.parametrize("language", ["fr", "en"])
async def test_the_old_address_and_the_former_head_are_told(
    light: Heads, mail_server: MailServer, language: str
) -> None:
    light.record(language=language)
    mine, desk = light.world.mine, light.coordinator
    desk.write(head_addresses.change_address, mine, OTHER, light.schedule)
    light.later(days=1)
    light.night()
    desk.write(heads.end_head, mine, desk.read(heads.prepare_end, mine))
    assert (await deliver(light, mail_server)).sent == 2, "one after the other, in one run"
    changed, ended = mail_server.messages
    assert (changed.recipients, ended.recipients) == ([ADDRESS], [OTHER])
    for mail, words in (
        (changed, ("autre adresse", "another")),
        (ended, ("n’êtes plus", "longer")),
    ):
        for part in mail.message.walk():
            if not part.is_multipart():
                text = part.get_content()
                assert words[language == "en"] in text and "Institut Saint-Exemple" in text
                assert "Anne Lecomte" in text and "{" not in text
    assert OTHER not in changed.message.as_string(), "the old address learns no new one"
