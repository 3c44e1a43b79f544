"""Accounts: who may have one, the roles that are given to it, and closing and unlocking it."""

import pytest
from sqlalchemy import select
from sqlmodel import col

from models.accounts import CONSOLE_ROLES, Account, AccountRole
from models.database import OutOfScope
from models.journal import JournalLine
from services import accounts
from services.accounts import (
    AccountRefused,
    NoSuchAccount,
    add_account,
    disable_account,
    enable_account,
    end_role,
    give_role,
    list_accounts,
    unlock_account,
)
from services.sign_in import SignInRefused, sign_in
from tests.services.door_world import PASSWORD, House

EMAIL = "anne.lambert@ecole.example"


@pytest.fixture
def account(house: House) -> int:
    return house.world.desk.write(
        add_account, EMAIL, "director", [house.world.mine],
        password_hash=house.entrance.hasher.hash(PASSWORD), name="  Anne\tLambert ",
    )  # fmt: skip


def roles(house: House) -> list[tuple[str, str | None]]:
    (row,) = house.world.desk.read(list_accounts)
    return [(role.role, role.school) for role in row.roles]


def test_an_account_made_can_sign_in(house: House, account: int) -> None:
    signed_in = sign_in(house.entrance, EMAIL, PASSWORD)
    assert (signed_in.identity.account_id, signed_in.identity.name) == (account, "Anne Lambert")


def test_a_second_role_goes_to_the_same_account(house: House, account: int) -> None:
    house.later()
    again = house.world.desk.write(
        add_account, EMAIL.upper(), "coordinator", [house.world.other], password_hash=None
    )
    assert again == account
    assert roles(house) == [
        ("director", "Institut Saint-Exemple"), ("coordinator", "Athénée de l’Essai"),
    ]  # fmt: skip
    assert sign_in(house.entrance, EMAIL, PASSWORD)  # the password stays


def test_the_same_role_twice_is_refused(house: House, account: int) -> None:
    with pytest.raises(AccountRefused):
        house.world.desk.write(give_role, EMAIL, "director", [house.world.mine])
    house.world.desk.write(give_role, EMAIL, "director", [house.world.mine, house.world.other])
    assert len(roles(house)) == 2


def test_a_role_ends_where_it_is_said(house: House, account: int) -> None:
    desk = house.world.desk
    desk.write(give_role, EMAIL, "director", [house.world.other])
    house.later()
    assert desk.write(end_role, EMAIL, "director", [house.world.mine]) == 1
    assert roles(house) == [("director", "Athénée de l’Essai")]
    assert desk.write(end_role, EMAIL, "director") == 1
    assert roles(house) == []
    with pytest.raises(AccountRefused):
        desk.write(end_role, EMAIL, "director")
    assert len(house.rows(select(AccountRole))) == 2  # they stay, with their time


@pytest.mark.parametrize(
    ("email", "role", "schools"),
    [
        ("no address", "director", [1]),
        (EMAIL, "king", [1]),
        (EMAIL, "helpdesk", [1]),
        (EMAIL, "director", []),
        ("a@x.be, b@x.be", "director", [1]),
    ],
)
def test_what_cannot_be_made(house: House, email: str, role: str, schools: list[int]) -> None:
    with pytest.raises(AccountRefused):
        house.world.desk.write(add_account, email, role, schools, password_hash=None)
    assert house.rows(select(Account)) == []


def test_an_account_that_does_not_exist(house: House) -> None:
    for deed in (disable_account, enable_account, unlock_account):
        with pytest.raises(NoSuchAccount):
            house.world.desk.write(deed, EMAIL)
    with pytest.raises(NoSuchAccount):
        house.world.desk.write(give_role, EMAIL, "helpdesk")


def test_a_closed_account_lets_nobody_in_until_it_is_opened(house: House, account: int) -> None:
    desk = house.world.desk
    assert desk.write(disable_account, EMAIL)
    assert not desk.write(disable_account, EMAIL)
    with pytest.raises(SignInRefused):
        sign_in(house.entrance, EMAIL, PASSWORD)
    assert desk.write(enable_account, EMAIL)
    assert sign_in(house.entrance, EMAIL, PASSWORD)


def test_unlocking_lets_the_owner_in_at_once_and_still_tells(house: House, account: int) -> None:
    for number in range(5):
        with pytest.raises(SignInRefused):
            sign_in(house.from_(f"198.51.100.{number}"), EMAIL, "wrong")
    house.later(seconds=5)
    with pytest.raises(SignInRefused):
        sign_in(house.entrance, EMAIL, PASSWORD)
    assert house.world.desk.write(unlock_account, EMAIL)
    signed_in = sign_in(house.entrance, EMAIL, PASSWORD)
    assert signed_in.notices[0].text("en").startswith("6 wrong tries")
    assert not house.world.desk.write(unlock_account, EMAIL)


def test_only_the_helpdesk_makes_accounts(house: House, account: int) -> None:
    with pytest.raises(OutOfScope):
        house.world.director().write(
            add_account, "neuf@x.example", "director", [house.world.mine], password_hash=None
        )
    with pytest.raises((OutOfScope, NoSuchAccount)):
        house.world.director().write(give_role, EMAIL, "director", [house.world.mine])
    assert house.world.director().read(list_accounts) == []


def test_no_hash_is_journaled(house: House, account: int) -> None:
    lines = " ".join(house.rows(select(JournalLine.data)))
    assert EMAIL in lines and "argon2" not in lines
    hashed = house.rows(select(Account).where(col(Account.id) == account))[0].password_hash
    assert hashed and hashed not in lines


def test_every_role_has_a_name() -> None:
    assert len({accounts.role_label(role).text() for role in CONSOLE_ROLES}) == len(CONSOLE_ROLES)
