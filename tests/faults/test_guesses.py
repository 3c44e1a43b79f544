"""100,000 guesses at tokens and passwords: none succeeds, and the rightful user comes in.

The guesser knows everything but the secrets: the program, the addresses, the rows' numbers.
"""

import time
from collections import Counter
from dataclasses import replace
from datetime import timedelta
from pathlib import Path
from random import Random
from typing import Any

import pytest
from sqlalchemy import func, select
from sqlmodel import col

from models.accounts import SignInEvent
from models.invitations import TOKEN_PURPOSE, Invitation
from models.tokens import ALPHABET, TokenMistyped, matching_generation, parse_token
from services.activation import set_password
from services.admission import look_at_token
from services.passwords import Hasher
from services.sign_in import SignInRefused, TooManyTries, sign_in
from services.token_refusals import TokenInvalid
from tests.services.door_world import EMAIL, KEY, OTHER_PASSWORD, PASSWORD, House, make_house
from tests.services.head_world import HEAD_EMAIL, ready

TOKENS, PASSWORDS = 90_000, 10_000


@pytest.fixture
def house(sqlite_engine: Any, tmp_path: Path) -> House:
    return make_house(sqlite_engine, tmp_path)


def guessed_tokens(genuine: str, count: int) -> list[str]:
    """Return guesses as good as they can be made: the right row, and a check that fits."""
    chance, plain = Random(1), genuine.replace("-", "")
    guesses = []
    for _ in range(count):
        middle = "".join(chance.choices(ALPHABET, k=18))
        if chance.random() < 0.5:  # all but one character right
            place = chance.randrange(18)
            other = chance.choice([c for c in ALPHABET if c != plain[6 + place]])
            middle = plain[6 : 6 + place] + other + plain[7 + place : 24]
        guesses.append(plain[:6] + middle)
    return guesses


def test_no_token_is_guessed(house: House, capsys: pytest.CaptureFixture[str]) -> None:
    member, token = house.invited()
    begin, well_formed = time.perf_counter(), 0
    for body in guessed_tokens(token, TOKENS // len(ALPHABET)):
        for check in ALPHABET:
            try:
                parsed = parse_token(body + check)
            except TokenMistyped:
                continue
            well_formed += 1
            assert matching_generation(KEY, TOKEN_PURPOSE, parsed, 20) is None
    spent = time.perf_counter() - begin
    with capsys.disabled():
        print(f"\n{TOKENS} tokens: {spent:.1f} s, {well_formed} well formed")
    assert well_formed == TOKENS // len(ALPHABET)  # the check finds every other one
    assert look_at_token(house.entrance, token).access_id == member.access


def test_the_door_counts_tokens_that_were_never_given(house: House) -> None:
    _member, token = house.invited()
    guesser, refused = house.from_("203.0.113.9"), {"invalid": 0, "waiting": 0}
    for body in guessed_tokens(token, 60):
        guess = next(body + check for check in ALPHABET if _fits(body + check))
        try:
            look_at_token(guesser, guess)
        except TokenInvalid:
            refused["invalid"] += 1
        except TooManyTries:
            refused["waiting"] += 1
    assert refused == {"invalid": 20, "waiting": 40}
    # Nobody can guess one: so whoever holds one comes in, even from there.
    assert set_password(guesser, token, PASSWORD)
    assert not house.rows(select(Invitation).where(col(Invitation.used_at).is_(None)))


def _fits(text: str) -> bool:
    try:
        parse_token(text)
    except TokenMistyped:
        return False
    return True


def test_no_password_is_guessed(house: House, capsys: pytest.CaptureFixture[str]) -> None:
    """From one origin without a pause, over two days, and from 200 others as well."""
    _member, signed_in = house.activated()
    counting = _CountingHasher(house.entrance.hasher.folder)
    guesser = replace(house.from_("203.0.113.9"), hasher=counting)
    house.later()
    begin, started = time.perf_counter(), house.world.clock()
    step = timedelta(days=2) / PASSWORDS
    refused = waiting = 0
    for number in range(PASSWORDS):
        at = replace(guesser, origin=f"198.51.100.{number // 50}") if number % 50 == 0 else guesser
        try:
            sign_in(at, EMAIL, f"a guess of 15 characters {number}")
        except TooManyTries:
            waiting += 1
        except SignInRefused:
            refused += 1
        house.world.clock.now += step
    spent = time.perf_counter() - begin
    rows = house.rows(select(func.count(col(SignInEvent.id))))[0]
    with capsys.disabled():
        print(
            f"\n{PASSWORDS} passwords: {spent:.1f} s, {counting.compared} compared with the real "
            f"hash, {refused} counted, {waiting} turned away unread, {rows} rows of events"
        )
    assert refused + waiting == PASSWORDS
    assert counting.compared < 100
    assert rows < 1_200

    account = signed_in.identity.account_id
    from services.forgotten_passwords import forgot_password

    forgot_password(house.entrance, EMAIL)
    back = set_password(house.entrance, house.reset_token(account), OTHER_PASSWORD)
    (notice,) = back.notices
    assert f"since {started:%d/%m/%Y}, 10:02" in notice.text("en")
    house.later(hours=1)
    assert sign_in(house.entrance, EMAIL, OTHER_PASSWORD).notices == ()


def test_no_headnet_password_is_guessed(house: House, capsys: pytest.CaptureFixture[str]) -> None:
    """By somebody who knows the head's address and row, from one origin and from 30 others."""
    head = ready(house)
    counting = _CountingHasher(house.entrance.hasher.folder)
    elsewhere = replace(house.entrance, hasher=counting)
    outcomes: Counter[str] = Counter()
    said: set[str] = set()
    begin = time.perf_counter()
    for number, body in enumerate(guessed_tokens(head.password(), 120)):
        guess = next(body + check for check in ALPHABET if _fits(body + check))
        origin = "203.0.113.9" if number < 60 else f"198.51.100.{number % 30}"
        try:
            sign_in(replace(elsewhere, origin=origin), HEAD_EMAIL, guess)
        except TooManyTries:
            outcomes["waiting"] += 1
        except SignInRefused as refused:
            outcomes["refused"] += 1
            said.add(str(refused))
    spent = time.perf_counter() - begin
    rows = house.rows(select(func.count(col(SignInEvent.id))))[0]
    with capsys.disabled():
        print(f"\n120 HeadNet passwords: {spent:.1f} s, {dict(outcomes)}, {rows} rows of events")
    assert outcomes == {"refused": 80, "waiting": 40}
    assert said == {str(SignInRefused())}
    assert (counting.compared, rows) == (0, 31)  # one row an origin, and no account is asked
    (notice,) = head.comes().notices
    assert "80 wrong tries" in notice.text("en")


class _CountingHasher(Hasher):
    """Counts comparisons with an account's own hash; makes none, for no guess is right."""

    compared = 0

    def fits(self, stored: str | None, password: str) -> bool:
        object.__setattr__(self, "compared", self.compared + (stored is not None))
        return False
