"""Mails about an account, as they arrive: real SMTP, both languages, no school's business."""

import asyncio
import re
from dataclasses import replace
from typing import Any

from sqlmodel import col

from models.accounts import Account
from models.mail import Mail
from models.schools import School
from services.activation import set_password
from services.admission import look_at_token
from services.forgotten_passwords import forgot_password
from services.mail.sender import Letterhead, SendResult, send
from services.mail.url import mail_settings
from services.own_account import ask_for_address, change_password
from services.profiles import actor_for
from tests.servers import MailServer, Received
from tests.services.door_world import EMAIL, KEY, OTHER_PASSWORD, PASSWORD, House

LETTERHEAD = Letterhead("trousseau@segec.example", sign_in_at="https://console.example")
TOKEN = re.compile(r"^ {4}([0-9A-Z]{5}(?:-[0-9A-Z]{5}){4})\r?$", re.MULTILINE)


def deliver(house: House, server: MailServer) -> SendResult:
    settings = replace(mail_settings(server.url), timeout=5.0, final_timeout=5.0)
    return asyncio.run(
        send(house.world.engine, settings, KEY, LETTERHEAD, clock=house.world.clock, pause=0.0)
    )


def only(server: MailServer) -> Received:
    (mail,) = server.messages
    return mail


def test_a_forgotten_password_comes_with_a_token_that_works(
    house: House, mail_server: MailServer
) -> None:
    house.activated()
    house.later(hours=5, minutes=2)
    forgot_password(house.entrance, EMAIL)
    assert deliver(house, mail_server).sent == 1
    mail = only(mail_server)
    assert mail.recipients == [EMAIL]
    assert mail.message["subject"] == "Nouveau mot de passe pour Trousseau"
    assert "Institut Saint-Exemple" in mail.message["from"]
    assert "Bonjour Jeanne Dupont," in mail.text
    assert "Anne Lecomte, secretariat@ecole.example" in mail.text
    assert "mercredi 2 septembre 2026 à 15:03" in mail.text
    (token,) = TOKEN.findall(mail.text)
    assert look_at_token(house.entrance, token).kind == "reset"
    assert set_password(house.entrance, token, OTHER_PASSWORD)
    mail_server.messages.clear()
    deliver(house, mail_server)
    told = only(mail_server)
    assert told.message["subject"] == "Votre mot de passe pour Trousseau a été changé"
    assert not TOKEN.findall(told.text)


def test_a_second_mail_says_which_it_is_and_the_first_is_not_sent(
    light: House, mail_server: MailServer
) -> None:
    light.activated()
    forgot_password(light.entrance, EMAIL)
    light.later(minutes=3)
    forgot_password(light.entrance, EMAIL)
    deliver(light, mail_server)
    mail = only(mail_server)
    assert mail.message["subject"].endswith("(n°\u00a02, 10:04)")


def test_a_mail_that_expired_or_whose_account_is_closed_is_not_sent(
    light: House, mail_server: MailServer
) -> None:
    light.activated()
    forgot_password(light.entrance, EMAIL)
    light.later(hours=25)
    assert deliver(light, mail_server).sent == 0
    forgot_password(light.entrance, EMAIL)
    light.edit(Account, col(Account.email_key) == EMAIL, disabled_at=light.world.clock())
    assert deliver(light, mail_server).sent == 0
    assert [mail.closed_at is not None for mail in light.mails("password_reset")] == [True, True]


def test_in_english_for_somebody_of_no_school(light: House, mail_server: MailServer) -> None:
    from services.accounts import add_account

    light.world.desk.write(
        add_account, "agent@segec.example", "helpdesk", password_hash=None, name="Ann Agent",
        language="en",
    )  # fmt: skip
    forgot_password(light.entrance, "agent@segec.example")
    deliver(light, mail_server)
    mail = only(mail_server)
    assert mail.message["from"] == "Trousseau <trousseau@segec.example>"
    assert "Dear Ann Agent," in mail.text and "Please ask trousseau@segec.example" in mail.text
    (token,) = TOKEN.findall(mail.text)
    signed_in = set_password(light.entrance, token, PASSWORD)
    assert [profile.role for profile in signed_in.identity.profiles] == ["helpdesk"]


def test_a_new_key_is_told_in_both_languages(light: House, mail_server: MailServer) -> None:
    from services.account_keys import add_key, remove_key
    from tests.services.test_own_account import PUBLIC_KEY

    _member, signed_in = light.activated()
    desk, account = light.world.desk, signed_in.identity.account_id
    key = desk.write(add_key, account, PUBLIC_KEY)
    deliver(light, mail_server)
    (mail,) = [m for m in mail_server.messages if "clé" in str(m.message["subject"])]
    assert mail.message["subject"] == "Une nouvelle clé SSH pour votre compte de Trousseau"
    assert mail.recipients == [EMAIL] and "Anne Lecomte" in mail.text
    mail_server.messages.clear()
    light.edit(Account, col(Account.id) == account, language="en")
    desk.write(remove_key, account, key.id)
    desk.write(add_key, account, PUBLIC_KEY)
    deliver(light, mail_server)
    (mail,) = mail_server.messages
    assert mail.message["subject"] == "A new SSH key for your Trousseau account"
    assert "remove the key" in mail.text and not TOKEN.findall(mail.text)


def test_every_mail_of_an_account_is_of_no_school(light: House, mail_server: MailServer) -> None:
    _member, signed_in = light.activated()
    actor = actor_for(signed_in.identity, signed_in.identity.profiles[0])
    forgot_password(light.entrance, EMAIL)
    change_password(light.entrance, actor, PASSWORD, OTHER_PASSWORD)
    ask_for_address(light.entrance, actor, OTHER_PASSWORD, "moi@ailleurs.example")
    for template in ("password_reset", "password_changed", "address_confirm"):
        (mail,) = light.mails(template)
        assert (mail.school_id, mail.person_id, mail.access_id) == (None, None, None)
        assert mail.account_id == signed_in.identity.account_id
    seen = light.world.director().read(
        lambda session: [mail.template for mail in session.scalars(_all())]
    )
    assert set(seen) == {"invitation"}
    deliver(light, mail_server)
    (confirm,) = [mail for mail in mail_server.messages if "ailleurs" in mail.recipients[0]]
    assert "moi@ailleurs.example" in confirm.text and len(TOKEN.findall(confirm.text)) == 1


def _all() -> Any:
    from sqlalchemy import select

    return select(Mail)


def test_a_hostile_school_name_only_shows(light: House, mail_server: MailServer) -> None:
    light.activated()
    hostile = "x\r\nBcc: victim@example.be\x1b]0;y\x07"
    light.edit(School, col(School.id) == light.world.mine, name=hostile, contact_name="{token}")
    forgot_password(light.entrance, EMAIL)
    deliver(light, mail_server)
    mail = only(mail_server)
    assert mail.message["bcc"] is None and "{token}" in mail.text
    assert len(TOKEN.findall(mail.text)) == 1
