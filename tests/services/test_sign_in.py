"""Signing in: what is answered, counted, told and forgotten; and how little guessing gains."""

import logging
import statistics
import time
from concurrent.futures import ThreadPoolExecutor
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest
from sqlalchemy import select, text
from sqlmodel import col

from models.accounts import Account, Origin, SignInEvent
from models.journal import JournalLine
from services import account_keys, tries
from services.activation import set_password
from services.forgotten_passwords import forgot_password
from services.sign_in import SignInRefused, TooManyTries, sign_in, sign_in_by_key
from tests.services.door_world import EMAIL, OTHER_PASSWORD, PASSWORD, House, make_house

SSH_KEY = (
    "ssh-ed25519 AAAAC3NzaC1lZDI1NTE5AAAAIJgMV7WTBnIRgqkVZ2C0l7Or5uQmXoTzqmlF4vnLYfCi a@b.example"
)


@pytest.fixture
def house(engine: Any, tmp_path: Path) -> House:
    made = make_house(engine, tmp_path)
    made.activated()
    made.later()
    return made


@pytest.fixture
def light(sqlite_engine: Any, tmp_path: Path) -> House:
    made = make_house(sqlite_engine, tmp_path)
    made.activated()
    made.later()
    return made


def wrong(house: House, email: str = EMAIL, password: str = "wrong", origin: str = "") -> str:
    entrance = house.from_(origin) if origin else house.entrance
    with pytest.raises(SignInRefused) as refused:
        sign_in(entrance, email, password)
    return str(refused.value)


def stored(house: House) -> Account:
    account = house.account()
    assert account is not None
    return account


def test_whoever_signs_in_is_known(house: House) -> None:
    signed_in = sign_in(
        house.entrance, f" {EMAIL.upper()} ".replace("COURRIEL", "Courriel"), PASSWORD
    )
    assert signed_in.identity.name == "Jeanne Dupont"
    assert signed_in.notices == ()
    assert house.outcomes("password") == ["ok"]


def test_every_refusal_says_the_same_and_costs_one_hash(
    house: House, monkeypatch: pytest.MonkeyPatch
) -> None:
    from services.passwords import Hasher

    hashes = []
    fits = Hasher.fits
    monkeypatch.setattr(Hasher, "fits", lambda self, *given: hashes.append(1) or fits(self, *given))
    said = [
        wrong(house, origin="198.51.100.1"),
        wrong(house, password=""),
        wrong(house, password=PASSWORD * 1000),
        wrong(house, email="nobody@ecole.example"),
        wrong(house, email="no address"),
        wrong(house, email=""),
    ]
    for number in range(5):
        said.append(wrong(house, origin=f"198.51.100.{number}"))
    assert stored(house).locked_until is not None
    said.append(wrong(house, password=PASSWORD))  # locked, and right
    house.later(hours=2)
    house.edit(Account, col(Account.email_key) == EMAIL, password_hash=None)
    said.append(wrong(house, password=PASSWORD))
    house.edit(Account, col(Account.email_key) == EMAIL, disabled_at=house.world.clock())
    said.append(wrong(house, password=PASSWORD))
    assert len(set(said)) == 1
    assert len(hashes) == len(said)
    assert {"wrong", "unknown", "locked", "no_password", "disabled"} <= set(
        house.outcomes("password")
    )


@pytest.mark.usefixtures("true_hashes")
def test_how_long_a_refusal_takes_tells_nothing(
    light: House, capsys: pytest.CaptureFixture[str]
) -> None:
    """An unknown address and a wrong password differ by less than the hash itself varies."""
    light.world.person(surname="Autre", email="autre@courriel.example")
    spent: dict[str, list[float]] = {"known": [], "unknown": []}
    for number in range(12):
        for case, email in (("known", EMAIL), ("unknown", f"x{number}@courriel.example")):
            light.later(hours=2)
            begin = time.perf_counter()
            wrong(light, email=email, origin=f"198.51.{number}.{case == 'known':d}")
            spent[case].append(time.perf_counter() - begin)
    known, unknown = (statistics.median(spent[case]) for case in ("known", "unknown"))
    with capsys.disabled():
        print(f"\nrefused: known {known * 1e3:.1f} ms, unknown {unknown * 1e3:.1f} ms")
    assert abs(known - unknown) < 0.5 * min(known, unknown)


def test_asking_for_a_password_takes_the_same_time(light: House) -> None:
    from dataclasses import replace

    entrance = replace(light.entrance, least=0.15)
    for address in (EMAIL, "nobody@courriel.example", "no address"):
        begin = time.monotonic()
        forgot_password(entrance, address)
        assert time.monotonic() - begin >= 0.15


def test_waits_grow_and_the_right_password_waits_too(house: House) -> None:
    for number in range(5):
        wrong(house, origin=f"198.51.100.{number}")
    now = house.world.clock()
    assert stored(house).locked_until == now + timedelta(seconds=30)
    house.later(seconds=29)
    wrong(house, password=PASSWORD)
    house.later(seconds=1)
    wrong(house)
    assert stored(house).locked_until == house.world.clock() + timedelta(seconds=60)
    house.later(seconds=60)
    signed_in = sign_in(house.entrance, EMAIL, PASSWORD)
    assert (stored(house).failed_tries, stored(house).locked_until) == (0, None)
    (notice,) = signed_in.notices
    # Five, one at the closed door with the right password, and one more; told in local time.
    assert notice.text("en").startswith("7 wrong tries")
    assert "01/09/2026, 10:02" in notice.text("en")
    house.later()
    assert sign_in(house.entrance, EMAIL, PASSWORD).notices == ()


def test_no_wait_is_longer_than_an_hour() -> None:
    for rule in (tries.OF_ACCOUNT, tries.OF_ORIGIN):
        waits = [rule.wait_after(count) for count in range(200)]
        assert waits == sorted(waits)
        assert waits[rule.free - 1] == timedelta(0)
        assert waits[rule.free] == timedelta(seconds=30)
        assert waits[-1] == timedelta(hours=1)


def test_one_guesser_locks_himself_out_and_not_the_account(house: House) -> None:
    """The account is locked for 30 seconds by five tries; the guesser for as long as he goes on."""
    for number in range(20):
        wrong(house, email=f"guess{number}@courriel.example", origin="203.0.113.9")
    with pytest.raises(TooManyTries) as refused:
        sign_in(house.from_("203.0.113.9"), EMAIL, "wrong")
    assert refused.value.until == house.world.clock() + timedelta(seconds=30)
    with pytest.raises(TooManyTries) as unknown:
        sign_in(house.from_("203.0.113.9"), "nobody@courriel.example", "wrong")
    assert str(unknown.value) == str(refused.value)
    assert stored(house).failed_tries == 0
    assert sign_in(house.entrance, EMAIL, PASSWORD)


def test_an_origin_is_forgiven_in_time(light: House) -> None:
    for number in range(20):
        wrong(light, email=f"guess{number}@courriel.example")
    light.later(minutes=50)
    for number in range(10):
        wrong(light, email=f"guess{number}@courriel.example")
    with pytest.raises(TooManyTries):
        sign_in(light.entrance, EMAIL, PASSWORD)


def test_a_guesser_with_an_account_of_his_own_does_not_begin_anew(light: House) -> None:
    for _ in range(6):
        for number in range(3):
            wrong(light, email=f"guess{number}@courriel.example")
        sign_in(light.entrance, EMAIL, PASSWORD)
    (origin,) = light.rows(select(Origin))
    assert origin.failed_tries == 18


@pytest.mark.parametrize(
    ("text_", "name"),
    [
        ("192.0.2.7", "192.0.2.7"),
        ("2001:db8:1:2:3:4:5:6", "2001:db8:1:2::/64"),
        ("2001:db8:1:2::1", "2001:db8:1:2::/64"),
        ("fe80::1%eth0", "fe80::/64"),
        ("::ffff:192.0.2.7", "192.0.2.7"),
        ("", "local"),
        ("\x1b[2Juser:anne", "\ufffd[2Juser:anne"),
        ("x" * 500, "x" * 63 + "…"),
    ],
)
def test_the_name_of_an_origin(text_: str, name: str) -> None:
    assert tries.origin_name(text_) == name


def test_guessing_in_parallel_gains_nothing(house: House) -> None:
    def guess(number: int) -> None:
        wrong(house, password=f"guess {number}", origin=f"198.51.100.{number}")

    with ThreadPoolExecutor(8) as pool:
        list(pool.map(guess, range(24)))
    # Each try that reached the hash was counted before it; then the account was locked.
    assert stored(house).failed_tries == 5


def test_several_at_once_from_one_place_do_not_stand_in_each_others_way(house: House) -> None:
    def come(number: int) -> bool:
        if number % 2:
            return bool(sign_in(house.entrance, EMAIL, PASSWORD))
        return bool(wrong(house, email=f"x{number}@courriel.example"))

    with ThreadPoolExecutor(4) as pool:
        assert all(pool.map(come, range(24)))
    assert (stored(house).failed_tries, stored(house).locked_until) == (0, None)


def test_what_happens_again_is_counted_up(light: House) -> None:
    for _ in range(4):
        wrong(light, email="nobody@courriel.example")
    (event,) = light.rows(select(SignInEvent).where(col(SignInEvent.outcome) == "unknown"))
    assert (event.times, event.address) == (4, "nobody@courriel.example")
    light.later(hours=2)
    wrong(light, email="nobody@courriel.example")
    events = light.rows(select(SignInEvent).where(col(SignInEvent.outcome) == "unknown"))
    assert [event.times for event in events] == [4, 1]


def test_what_is_typed_instead_of_an_address_is_not_kept(light: House) -> None:
    wrong(light, email=PASSWORD)
    (event,) = light.rows(select(SignInEvent).where(col(SignInEvent.outcome) == "unknown"))
    assert (event.address, event.address_key) == ("", None)


def test_a_key_signs_in_past_a_locked_account(house: House) -> None:
    account = stored(house).id
    key = house.world.desk.write(account_keys.add_key, account, SSH_KEY)
    for number in range(6):
        wrong(house, origin=f"198.51.100.{number}")
    signed_in = sign_in_by_key(house.entrance, key.fingerprint)
    assert signed_in.identity.account_id == account
    assert "6" in signed_in.notices[0].text("en")
    house.edit(Account, col(Account.id) == account, disabled_at=house.world.clock())
    with pytest.raises(SignInRefused):
        sign_in_by_key(house.entrance, key.fingerprint)
    assert house.outcomes("key") == ["ok", "unknown"]


def test_guesses_do_not_fill_journal_or_log(light: House, caplog: pytest.LogCaptureFixture) -> None:
    caplog.set_level(logging.DEBUG)
    before = len(light.rows(select(JournalLine.id)))
    for number in range(12):
        wrong(light, password=f"a wrong secret {number}", origin=f"198.51.100.{number}")
    assert len(light.rows(select(JournalLine.id))) == before
    assert "secret" not in caplog.text and EMAIL not in caplog.text


def test_many_origins_against_one_account(light: House) -> None:
    """For a day, somebody else each time: few reach the password, and its owner comes in."""
    account, begin = stored(light).id, light.world.clock()
    compared = 0
    while light.world.clock() < begin + timedelta(hours=24):
        before = stored(light).failed_tries
        wrong(light, origin=f"2001:db8:{compared:x}:{light.world.clock().minute:x}::1")
        compared += stored(light).failed_tries - before
        light.later(minutes=10)
    assert compared < 35
    forgot_password(light.entrance, EMAIL)
    assert account is not None
    signed_in = set_password(light.entrance, light.reset_token(account), OTHER_PASSWORD)
    assert "144 wrong tries" in signed_in.notices[0].text("en")
    light.later()
    assert sign_in(light.entrance, EMAIL, OTHER_PASSWORD)


def test_nothing_shows_a_secret(light: House) -> None:
    shown = (
        repr(light.entrance) + str(stored(light)) + repr(sign_in(light.entrance, EMAIL, PASSWORD))
    )
    hashed = stored(light).password_hash
    assert hashed and hashed not in shown
    assert PASSWORD not in shown and "secret=" not in shown
    with light.entrance.looking() as session:
        assert session.scalar(text("SELECT count(*) FROM account")) == 1
