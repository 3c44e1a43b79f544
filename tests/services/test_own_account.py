"""What a person changes about the own account: password and address; and what it shows."""

import base64
import struct
from dataclasses import replace
from datetime import timedelta
from typing import Any

import pytest
from sqlalchemy import select
from sqlmodel import col

from models.accounts import Account, AddressChange
from models.database import SYSTEM, Actor
from models.mail import Mail
from models.ssh_keys import KeyRefused
from services import outbox, own_account
from services.accounts import add_account
from services.activation import set_password
from services.admission import look_at_token
from services.forgotten_passwords import forgot_password
from services.own_account import ask_for_address, change_password, confirm_address
from services.passwords import PasswordRefused
from services.profiles import actor_as, actor_for
from services.sign_in import AccountLocked, SignInRefused, WrongPassword, sign_in, sign_in_by_key
from services.token_refusals import (
    AddressRefused,
    TokenExpired,
    TokenInvalid,
    TokenReplaced,
    TokenUsed,
    TokenWithdrawn,
)
from tests.services.door_world import EMAIL, OTHER_PASSWORD, PASSWORD, House

NEW = "jeanne@ailleurs.example"
OTHER = "aide@segec.example"
PUBLIC_KEY = (
    "ssh-ed25519 "
    + base64.b64encode(
        b"".join(struct.pack(">I", len(part)) + part for part in (b"ssh-ed25519", b"\x07" * 32))
    ).decode()
)


def come_in(house: House) -> Actor:
    _member, signed_in = house.activated()
    house.later()
    return actor_for(signed_in.identity, signed_in.identity.profiles[0])


def test_a_new_password(house: House) -> None:
    actor = come_in(house)
    change_password(house.entrance, actor, PASSWORD, OTHER_PASSWORD)
    assert [mail.recipient for mail in house.mails("password_changed")] == [EMAIL]
    assert sign_in(house.entrance, EMAIL, OTHER_PASSWORD)
    with pytest.raises(SignInRefused):
        sign_in(house.entrance, EMAIL, PASSWORD)


def test_the_present_password_is_asked_for_and_guesses_count(light: House) -> None:
    actor = come_in(light)
    with pytest.raises(PasswordRefused):
        change_password(light.entrance, actor, PASSWORD, "court")
    for _ in range(5):
        with pytest.raises(WrongPassword):
            change_password(light.entrance, actor, "wrong", OTHER_PASSWORD)
    with pytest.raises(AccountLocked):
        change_password(light.entrance, actor, PASSWORD, OTHER_PASSWORD)
    light.later()
    change_password(light.entrance, actor, PASSWORD, OTHER_PASSWORD)
    assert len(light.mails("password_changed")) == 1


def test_a_reset_asked_before_is_worthless_after(light: House) -> None:
    actor = come_in(light)
    forgot_password(light.entrance, EMAIL)
    change_password(light.entrance, actor, PASSWORD, OTHER_PASSWORD)
    with pytest.raises(TokenWithdrawn):
        look_at_token(light.entrance, light.reset_token(actor.account_id or 0))


def test_a_new_password_takes_back_the_address_that_somebody_else_asked_for(light: House) -> None:
    """Whoever knew the old password must not get the account by the mail that is on its way."""
    actor = come_in(light)
    assert actor.account_id is not None
    ask_for_address(light.entrance, actor, PASSWORD, NEW)
    change_password(light.entrance, actor, PASSWORD, OTHER_PASSWORD)
    with pytest.raises(TokenWithdrawn):
        confirm_address(light.entrance, light.address_token(actor.account_id))
    light.later()
    ask_for_address(light.entrance, actor, OTHER_PASSWORD, NEW)
    forgot_password(light.entrance, EMAIL)
    set_password(light.entrance, light.reset_token(actor.account_id), PASSWORD)
    with pytest.raises(TokenWithdrawn):
        confirm_address(light.entrance, light.address_token(actor.account_id, 2))
    assert own_account.page(light.entrance, actor).asked_email is None
    light.later()
    assert sign_in(light.entrance, EMAIL, PASSWORD)


def test_somebody_without_an_account_has_none_to_change(light: House) -> None:
    with pytest.raises(own_account.NotSignedIn):
        change_password(light.entrance, SYSTEM, PASSWORD, OTHER_PASSWORD)


def test_a_new_address_counts_once_it_is_confirmed(house: House) -> None:
    actor = come_in(house)
    assert actor.account_id is not None
    with pytest.raises(WrongPassword):
        ask_for_address(house.entrance, actor, "wrong", NEW)
    ask_for_address(house.entrance, actor, PASSWORD, NEW)
    (mail,) = house.mails("address_confirm")
    assert mail.recipient == NEW
    assert own_account.page(house.entrance, actor).asked_email == NEW
    assert sign_in(house.entrance, EMAIL, PASSWORD)
    token = house.address_token(actor.account_id)
    admission = look_at_token(house.entrance, token)
    assert (admission.kind, admission.email) == ("address", NEW)
    assert confirm_address(house.entrance, token) == NEW
    assert [mail.recipient for mail in house.mails("address_changed")] == [EMAIL]
    house.later()
    assert sign_in(house.entrance, NEW, PASSWORD).identity.email == NEW
    with pytest.raises(SignInRefused):
        sign_in(house.entrance, EMAIL, PASSWORD)
    with pytest.raises(TokenUsed):
        confirm_address(house.entrance, token)


def test_a_second_wish_replaces_the_first(light: House) -> None:
    actor = come_in(light)
    assert actor.account_id is not None
    ask_for_address(light.entrance, actor, PASSWORD, "faute@ailleurs.example")
    light.later()
    ask_for_address(light.entrance, actor, PASSWORD, NEW)
    with pytest.raises(TokenReplaced):
        confirm_address(light.entrance, light.address_token(actor.account_id))
    light.later(days=4)
    with pytest.raises(TokenExpired):
        confirm_address(light.entrance, light.address_token(actor.account_id, 2))


def test_the_address_of_another_account_is_not_written_to_and_not_told(light: House) -> None:
    light.world.person(surname="Autre", email="autre@courriel.example")
    other = light.activated(surname="Tiers", email="tiers@courriel.example")[1]
    actor = come_in(light)
    ask_for_address(light.entrance, actor, PASSWORD, "tiers@courriel.example")
    assert not light.mails("address_confirm")
    assert light.outcomes("address") == ["taken"]
    ask_for_address(light.entrance, actor, PASSWORD, NEW)
    assert light.outcomes("address") == ["taken", "queued"]
    # And where another becomes faster:
    second = actor_for(other.identity, other.identity.profiles[0])
    ask_for_address(light.entrance, second, PASSWORD, NEW)
    assert second.account_id is not None and actor.account_id is not None
    light.later()
    assert confirm_address(light.entrance, light.address_token(second.account_id)) == NEW
    with pytest.raises(AddressRefused):
        confirm_address(light.entrance, light.address_token(actor.account_id, 2))
    light.later()
    assert sign_in(light.entrance, EMAIL, PASSWORD)


def test_nobody_is_written_to_without_end(light: House) -> None:
    actor = come_in(light)
    light.activated(surname="Tiers", email="tiers@courriel.example")
    for address in (*(f"p{n}@courriel.example" for n in range(4)), "tiers@courriel.example"):
        ask_for_address(light.entrance, actor, PASSWORD, address)
    for address in ("victime@courriel.example", "tiers@courriel.example"):
        with pytest.raises(AddressRefused, match="5"):
            ask_for_address(light.entrance, actor, PASSWORD, address)
    assert len(light.mails("address_confirm")) == 4
    light.later(minutes=61)
    ask_for_address(light.entrance, actor, PASSWORD, NEW)
    assert len(light.mails("address_confirm")) == 5


def test_ones_own_page_does_not_tell_whether_an_address_is_somebody_elses(light: House) -> None:
    light.activated(surname="Tiers", email="tiers@courriel.example")
    actor = come_in(light)
    told = []
    for address in ("tiers@courriel.example", "personne@courriel.example"):
        light.later(minutes=61)
        ask_for_address(light.entrance, actor, PASSWORD, address)
        shown = own_account.page(light.entrance, actor)
        told.append((shown.sign_ins[0].kind, shown.sign_ins[0].outcome, shown.sign_ins[0].times))
    assert told[0] == told[1]
    assert light.outcomes("address") == ["taken", "queued"]  # as the helpdesk reads it


def test_only_a_token_of_an_address_confirms_one(light: House) -> None:
    actor = come_in(light)
    forgot_password(light.entrance, EMAIL)
    with pytest.raises(TokenInvalid):
        confirm_address(light.entrance, light.reset_token(actor.account_id or 0))


def test_a_key_is_added_with_the_present_password_alone(light: House) -> None:
    """Or a minute at somebody's console would be enough to come in for ever."""
    actor = come_in(light)
    for wrong in ("", "wrong"):
        with pytest.raises(WrongPassword):
            own_account.add_key(light.entrance, actor, wrong, PUBLIC_KEY, "portable")
    assert own_account.page(light.entrance, actor).keys == ()
    row = own_account.add_key(light.entrance, actor, PASSWORD, PUBLIC_KEY, "portable")
    assert own_account.page(light.entrance, actor).keys == (row,)
    assert row.name == "portable"
    for _ in range(3):  # after the two before
        with pytest.raises(WrongPassword):
            own_account.add_key(light.entrance, actor, "wrong", PUBLIC_KEY)
    with pytest.raises(AccountLocked):
        own_account.add_key(light.entrance, actor, PASSWORD, PUBLIC_KEY)


def test_a_key_signs_in_once_its_owner_has_come_with_it(house: House) -> None:
    """A public key is no secret: who adds another's must not draw them into the own account."""
    actor = come_in(house)
    row = own_account.add_key(house.entrance, actor, PASSWORD, PUBLIC_KEY, "portable")
    assert [mail.recipient for mail in house.mails("key_added")] == [EMAIL]
    # Its true owner comes with it, and is somebody else.
    with pytest.raises(SignInRefused):
        sign_in_by_key(house.entrance, row.fingerprint)
    with_key = replace(house.entrance, offered=row.fingerprint)
    house.world.desk.write(
        add_account, OTHER, "helpdesk", password_hash=house.entrance.hasher.hash(OTHER_PASSWORD)
    )
    theirs = sign_in(with_key, OTHER, OTHER_PASSWORD).identity
    with pytest.raises(SignInRefused):
        sign_in_by_key(house.entrance, row.fingerprint)
    # Nor does it keep them from their own key.
    own = own_account.add_key(with_key, actor_as(theirs, "helpdesk"), OTHER_PASSWORD, PUBLIC_KEY)
    assert own_account.page(house.entrance, actor).keys == ()
    (told,) = sign_in(with_key, OTHER, OTHER_PASSWORD).notices
    assert OTHER in told.text() and own.fingerprint in told.text()
    assert sign_in_by_key(house.entrance, own.fingerprint).identity.email == OTHER
    # From now on it is theirs.
    with pytest.raises(KeyRefused, match="déjà utilisée"):
        own_account.add_key(house.entrance, actor, PASSWORD, PUBLIC_KEY)
    assert not sign_in(with_key, OTHER, OTHER_PASSWORD).notices


def test_an_account_without_a_password_is_asked_for_none(light: House) -> None:
    actor = come_in(light)
    light.edit(Account, col(Account.id) == actor.account_id, password_hash=None)
    row = own_account.add_key(light.entrance, actor, "", PUBLIC_KEY)
    assert own_account.page(light.entrance, actor).keys == (row,)


def test_the_page(light: House) -> None:
    actor = come_in(light)
    light.later()
    sign_in(light.entrance, EMAIL, PASSWORD)
    page = own_account.page(light.entrance, actor)
    assert (page.email, page.name, page.asked_email, page.keys) == (
        EMAIL,
        "Jeanne Dupont",
        None,
        (),
    )
    assert [(row.kind, row.outcome) for row in page.sign_ins] == [
        ("password", "ok"), ("token", "ok"),
    ]  # fmt: skip
    assert len(page.profiles) == 1


def test_mails_of_a_token_that_counts_no_more_are_not_sent(house: House) -> None:
    actor = come_in(house)
    forgot_password(house.entrance, EMAIL)
    house.later()
    forgot_password(house.entrance, EMAIL)
    ask_for_address(house.entrance, actor, PASSWORD, "faute@ailleurs.example")
    ask_for_address(house.entrance, actor, PASSWORD, NEW)

    def claim(session: Any) -> list[tuple[str, int]]:
        claims = outbox.claim(session, outbox.worker_name(), 50, timedelta(minutes=5))
        return sorted((claim.template, claim.generation) for claim in claims)

    claimed = house.world.desk.write(claim)
    assert claimed == [("address_confirm", 2), ("password_reset", 2)]
    closed = [mail for mail in house.rows(select(Mail)) if mail.cancelled_at is not None]
    assert sorted((m.template, m.generation) for m in closed) == [
        ("address_confirm", 1), ("password_reset", 1),
    ]  # fmt: skip
    assert len(house.rows(select(AddressChange))) == 2
