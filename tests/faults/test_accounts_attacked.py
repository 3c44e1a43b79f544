"""Attacks on accounts by those who are in already, and by those who only stand at the door."""

from concurrent.futures import ThreadPoolExecutor
from typing import Any

from sqlalchemy import select
from sqlmodel import col

from models.accounts import Account, SignInEvent
from models.database import Actor, reading, writing
from models.journal import JournalLine
from services import drafts
from services.activation import set_password
from services.forgotten_passwords import forgot_password
from services.own_account import ask_for_address, change_password, confirm_address
from services.profiles import actor_for
from tests.services.door_world import EMAIL, PASSWORD, House

PRIVATE = "jeanne@chez-elle.example"


def test_a_school_does_not_read_an_accounts_own_address_in_the_journal(house: House) -> None:
    """It may be another than the one that its owner has agreed to pass on (DOMAIN §3)."""
    _member, token = house.invited()
    set_password(house.entrance, token, PASSWORD, address=PRIVATE)
    world = house.world
    director = Actor("director@ecole.example", "director", frozenset({world.mine}))
    with reading(world.engine, director, world.clock()) as session:
        lines = session.scalars(select(JournalLine)).all()
    assert {"person", "access"} <= {line.entity for line in lines}
    assert not [line.entity for line in lines if PRIVATE in line.data]


def test_drafts_stay_with_their_account_and_not_with_its_address(light: House) -> None:
    """An address that was given up may become somebody else's, and what was typed does not."""
    _member, signed_in = light.activated()
    actor = actor_for(signed_in.identity, signed_in.identity.profiles[0])
    with writing(light.world.engine, actor, light.world.clock()) as session:
        drafts.save(session, "form", "typed by Jeanne")
    ask_for_address(light.entrance, actor, PASSWORD, PRIVATE)
    light.later()
    confirm_address(light.entrance, light.address_token(actor.account_id or 0))
    _other, token = light.invited(surname="Tiers", email="tiers@courriel.example")
    other = set_password(light.entrance, token, PASSWORD, address=EMAIL)
    with reading(light.world.engine, actor_of(other), light.world.clock()) as session:
        assert session.actor.name == EMAIL
        assert drafts.load(session, "form") is None
    light.later()
    moved = sign_in_with(light, PRIVATE)
    with reading(light.world.engine, moved, light.world.clock()) as session:
        assert drafts.load(session, "form") == "typed by Jeanne"


def actor_of(signed_in: Any) -> Actor:
    return actor_for(signed_in.identity, signed_in.identity.profiles[0])


def sign_in_with(house: House, email: str) -> Actor:
    from services.sign_in import sign_in

    return actor_of(sign_in(house.entrance, email, PASSWORD))


def test_asking_twice_at_once_tells_nobody_that_there_is_an_account(house: House) -> None:
    house.activated()
    house.later()

    def ask(_number: int) -> str:
        try:
            forgot_password(house.entrance, EMAIL)
        except Exception as error:
            return type(error).__name__
        return ""

    for _ in range(5):
        with ThreadPoolExecutor(8) as pool:
            assert set(pool.map(ask, range(8))) == {""}
        assert len(house.mails("password_reset")) == 3


def test_addresses_made_up_do_not_fill_the_record(light: House) -> None:
    for number in range(60):
        forgot_password(light.entrance, f"made.up.{number}@courriel.example")
    assert len(light.rows(select(SignInEvent))) < 30
    assert light.rows(select(Account)) == []


def test_asking_while_the_password_is_set_locks_nobody_up(house: House) -> None:
    """Accounts are locked before their tokens, whoever comes first: else the two wait in a ring."""
    _member, signed_in = house.activated()
    account = signed_in.identity.account_id
    for generation in range(1, 9):
        house.later(minutes=61)
        forgot_password(house.entrance, EMAIL)
        actor = actor_of(signed_in)
        ask_for_address(house.entrance, actor, PASSWORD, f"neuve{generation}@courriel.example")
        reset = house.reset_token(account, len(house.mails("password_reset")))
        confirm = house.address_token(account, generation)
        deeds = (
            lambda reset=reset: set_password(house.entrance, reset, PASSWORD),
            lambda: forgot_password(house.entrance, EMAIL),
            lambda confirm=confirm: confirm_address(house.entrance, confirm),
            lambda actor=actor: change_password(house.entrance, actor, PASSWORD, PASSWORD),
        )
        with ThreadPoolExecutor(8) as pool:
            told = list(pool.map(_error_of, deeds * 2))
        assert "DataBusy" not in told
        house.edit(Account, col(Account.id) == account, email=EMAIL, email_key=EMAIL)


def _error_of(deed: Any) -> str:
    try:
        deed()
    except Exception as error:
        return type(error).__name__
    return ""
