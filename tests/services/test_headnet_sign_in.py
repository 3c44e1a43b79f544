"""Signing in with a HeadNet password: who comes in, who does not, and what that tells whom."""

import logging
import statistics
import time
from collections.abc import Callable
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest
from sqlalchemy import func, select
from sqlmodel import col

from models.accounts import Account, Origin, SignInEvent
from models.database import Actor, reading
from models.headnet import HeadnetPassword, Headship
from models.journal import JournalLine
from models.keys import Key
from models.tokens import make_token
from services import drafts, own_account
from services.headnet_sign_in import REFUSALS
from services.profiles import actor_for, still_holds
from services.sign_in import SignedIn, SignInRefused, TooManyTries, sign_in
from services.tries import OUTCOMES
from tests.services.door_world import EMAIL, PASSWORD, House, make_house
from tests.services.head_world import HEAD_EMAIL, Head, make_head, ready

WORDS = SignInRefused().wording.text("en")


@pytest.fixture
def head(house: House) -> Head:
    return ready(house)


def actor_of(who: SignedIn) -> Actor:
    return actor_for(who.identity, who.identity.profiles[0])


def holds(house: House, actor: Actor) -> bool:
    with house.entrance.looking() as session:
        return still_holds(session, actor)


def outcomes(house: House) -> list[tuple[str, str]]:
    events = house.rows(select(SignInEvent).order_by(col(SignInEvent.id)))
    return [(event.kind, event.outcome) for event in events]


# --- who comes in ---------------------------------------------------------------------------


def test_a_head_comes_in_and_is_head_of_that_school_alone(house: House, head: Head) -> None:
    typed = f" {head.password().lower().replace('-', '  ')} "
    who = head.comes(typed, f" {HEAD_EMAIL.replace('ecole', 'Ecole')} ")
    assert who.notices == ()
    assert (who.identity.name, who.identity.language) == ("Claire Fontaine", "fr")
    assert actor_of(who) == Actor(
        HEAD_EMAIL, "head", frozenset({house.world.mine}), headship_id=head.id, generation=1
    )
    assert who.identity.profiles[0].label.text("en") == "Head of school, Institut Saint-Exemple"
    assert outcomes(house) == [("headnet", "ok")]
    (event,) = head.events()
    assert (event.account_id, event.origin) == (None, "192.0.2.7")


def test_the_sign_in_is_noted_and_not_journaled(house: House, head: Head) -> None:
    before = house.rows(select(func.count(col(JournalLine.id))))[0]
    head.comes()
    assert head.row.last_sign_in_at == head.now
    assert house.rows(select(func.count(col(JournalLine.id))))[0] == before


def test_the_right_try_is_not_counted_against_where_it_came_from(house: House, head: Head) -> None:
    head.refused("wrong")
    head.comes()
    (origin,) = house.rows(select(Origin))
    assert origin.failed_tries == 1


def test_an_account_of_the_same_address_is_another_thing(house: House, head: Head) -> None:
    """Each password opens what it belongs to, and no more."""
    _member, whose = house.activated(email=HEAD_EMAIL)
    house.later()
    as_head = head.comes()
    assert (as_head.identity.account_id, as_head.identity.person_id) == (None, None)
    assert [p.role for p in as_head.identity.profiles] == ["head"]
    as_owner = head.comes(PASSWORD)
    assert as_owner.identity.account_id == whose.identity.account_id
    assert {p.headship_id for p in as_owner.identity.profiles} == {None}


def test_a_locked_account_of_the_same_address_keeps_no_head_out(house: House, head: Head) -> None:
    _member, whose = house.activated(email=HEAD_EMAIL)
    for number in range(6):
        with pytest.raises(SignInRefused):
            sign_in(house.from_(f"198.51.100.{number}"), HEAD_EMAIL, "wrong")
    locked = house.account(HEAD_EMAIL)
    assert locked is not None and locked.locked_until is not None
    assert head.comes().identity.account_id is None
    still = house.account(HEAD_EMAIL)
    assert still is not None and still.locked_until == locked.locked_until
    assert whose.identity.account_id == still.id


def test_a_genuine_password_that_is_refused_locks_no_account(house: House, head: Head) -> None:
    house.activated(email=HEAD_EMAIL)
    head.ask()
    for _ in range(8):
        head.refused()
    account = house.account(HEAD_EMAIL)
    assert account is not None
    assert (account.failed_tries, account.locked_until) == (0, None)


def test_one_address_may_be_head_of_several_schools(house: House, head: Head) -> None:
    other = ready(house, house.world.other)
    assert actor_of(head.comes()).schools == {house.world.mine}
    assert actor_of(other.comes()).schools == {house.world.other}
    head.refused("0000" + "1" * 20)  # of neither: both are told of it
    assert [[e.outcome for e in each.events()] for each in (head, other)] == [
        ["ok", "mistyped"], ["ok", "mistyped"],
    ]  # fmt: skip


# --- who does not ---------------------------------------------------------------------------


def test_it_works_from_the_update_on_and_not_before(house: House) -> None:
    head = make_head(house)
    head.ask()
    told = head.refused()
    assert "works from 02/09/2026, 03:00 on" in told
    house.world.clock.now += timedelta(hours=17, seconds=-1)
    head.update()
    assert head.refused() == told
    house.later(seconds=1)
    assert "the nightly update is late" in head.refused()
    head.update()
    assert head.comes()
    assert [(e.outcome, e.times) for e in head.events()] == [
        ("too_early", 1),
        ("too_early", 2),
        ("ok", 1),
    ]


def test_asking_again_ends_the_former_one_at_once(house: House, head: Head) -> None:
    assert head.comes()
    former = head.password()
    house.later(hours=7)
    head.ask()
    told = head.refused(former)
    assert "the one of 02/09/2026, 10:00 counts, from 03/09/2026, 03:00 on" in told
    head.night()
    assert "the one of 02/09/2026, 10:00 counts." in head.refused(former)
    assert head.comes()
    assert [e.outcome for e in head.events()] == ["ok", "replaced", "replaced", "ok"]


def test_of_several_that_wait_the_latest_works(house: House) -> None:
    head = make_head(house)
    passwords = [head.ask() for _ in range(3)]
    head.night()
    for older in passwords[:2]:
        assert "has replaced" in head.refused(older)
    assert head.comes(passwords[2])


def test_only_the_address_in_force_counts(house: House, head: Head) -> None:
    new = "direction@ecole.example"
    head.record(new)
    assert "not of this address" in head.refused(email=new)
    assert head.comes()
    head.night()
    assert "not of this address" in head.refused(email=HEAD_EMAIL)
    assert head.comes(email=new)
    assert [e.outcome for e in head.events()] == ["other_address", "ok", "other_address", "ok"]


def test_a_cancelled_change_of_address_never_counts(house: House, head: Head) -> None:
    head.record("first@ecole.example")
    head.record("second@ecole.example")
    head.night()
    assert "not of this address" in head.refused(email="first@ecole.example")
    assert head.comes(email="second@ecole.example")


def test_a_former_head_is_refused_and_the_next_one_comes_in(house: House, head: Head) -> None:
    head.end()
    following = make_head(house, email="paul.martin@ecole.example", surname="Martin")
    following.ask()
    following.night()
    assert "has ended" in head.refused()
    assert following.comes(email="paul.martin@ecole.example")
    assert [e.outcome for e in head.events()] == ["ended"]


@pytest.mark.parametrize("age", [3, 120])
def test_an_old_mail_is_known_for_what_it_is(house: House, head: Head, age: int) -> None:
    """As far back as a token is recognised; beyond that it is wrong like any other."""
    first = head.password()
    head.edit(HeadnetPassword, col(HeadnetPassword.generation) == 1, replaced_at=head.now)
    with house.entrance.acting() as session:
        session.add_all(
            HeadnetPassword(
                headship_id=head.id, school_id=head.school, generation=number, address_id=1,
                asked_at=head.now, asked_by="x", takes_effect_at=head.now, in_force_at=head.now,
            )
            for number in range(2, 2 + age)
        )  # fmt: skip
    told = head.refused(first)
    assert ("has replaced" in told) if age < 100 else (told == WORDS)


PAIRS: dict[tuple[str, str], Callable[[Head], tuple[str, str]]] = {}


def pair(*causes: str) -> Callable[[Any], Any]:
    def keep(make: Any) -> Any:
        PAIRS[causes] = make  # type: ignore[index]
        return make

    return keep


@pair("ended", "other_address")
def _(head: Head) -> tuple[str, str]:
    head.end()
    return head.password(), "else@ecole.example"


@pair("ended", "replaced")
def _(head: Head) -> tuple[str, str]:
    former = head.password()
    head.ask()
    head.end()
    return former, HEAD_EMAIL


@pair("ended", "too_early")
def _(head: Head) -> tuple[str, str]:
    head.ask()
    head.end()
    return head.password(), HEAD_EMAIL


@pair("other_address", "replaced")
def _(head: Head) -> tuple[str, str]:
    former = head.password()
    head.ask()
    head.night()
    return former, "else@ecole.example"


@pair("other_address", "too_early")
def _(head: Head) -> tuple[str, str]:
    head.ask()
    return head.password(), "else@ecole.example"


@pair("replaced", "too_early")
def _(head: Head) -> tuple[str, str]:
    former = head.ask()
    head.ask()
    return former, HEAD_EMAIL


@pytest.mark.parametrize("causes", PAIRS, ids="+".join)
def test_of_two_causes_the_one_is_told_that_comes_first(
    house: House, head: Head, causes: tuple[str, str]
) -> None:
    password, email = PAIRS[causes](head)
    head.refused(password, email)
    assert [e.outcome for e in head.events()] == [causes[0]]
    assert REFUSALS.index(causes[0]) < REFUSALS.index(causes[1])


def test_all_outcomes_are_known() -> None:
    assert {*REFUSALS, "ok", "wrong", "mistyped", "unknown"} <= set(OUTCOMES)


# --- what it tells strangers ----------------------------------------------------------------


def guess(head: Head) -> str:
    """Return what a guesser makes who knows the program and the number of the row."""
    return make_token(Key(bytes(32)), "headnet", head.id, 1)


def test_strangers_are_told_the_same_whatever_they_type(house: House, head: Head) -> None:
    waiting = make_head(house, house.world.other, "waits@ecole.example")
    waiting.ask()
    house.activated()
    house.later()
    typed = (guess(head), "wrong", "", PASSWORD + "!", make_token(Key(bytes(32)), "x", 9_999, 7))
    addresses = (HEAD_EMAIL, "waits@ecole.example", EMAIL, "nobody@ecole.example", "no address")
    said = set()
    for email in addresses:
        for password in typed:
            house.later(hours=2)
            said.add(head.refused(password, email))
    assert said == {WORDS}


def test_a_slip_is_told_alike_to_everybody(house: House, head: Head) -> None:
    house.activated()
    house.later()
    right = head.password()
    slip = right[:-1] + ("2" if right[-1] != "2" else "3")
    for typed, told in ((slip, "one or more characters"), (right[:-1], "24 were typed")):
        said = set()
        for email in (HEAD_EMAIL, EMAIL, "nobody@ecole.example", "no address"):
            house.later(hours=2)
            said.add(head.refused(typed, email))
        (one,) = said
        assert told in one and one.startswith(WORDS.partition(".")[0])
    assert {e.outcome for e in head.events()} == {"mistyped"}


def test_a_token_of_another_purpose_is_no_password(house: House, head: Head) -> None:
    _member, token = house.invited()
    assert head.refused(token) == WORDS
    assert head.refused(house.reset_token(head.id)) == WORDS
    assert head.refused(head.password(2)) == WORDS  # not asked for yet


def test_a_refusal_costs_one_hash(
    house: House, head: Head, monkeypatch: pytest.MonkeyPatch
) -> None:
    from services.passwords import Hasher

    hashes: list[int] = []
    fits = Hasher.fits
    monkeypatch.setattr(Hasher, "fits", lambda self, *given: hashes.append(1) or fits(self, *given))
    former = head.password()
    head.ask()
    cases = [
        (former, HEAD_EMAIL), (head.password(), HEAD_EMAIL), (guess(head), HEAD_EMAIL),
        (head.password(), "nobody@ecole.example"), (guess(head), "nobody@ecole.example"),
        ("wrong", HEAD_EMAIL), (former[:-1], HEAD_EMAIL),
    ]  # fmt: skip
    for password, email in cases:
        head.refused(password, email)
    assert len(hashes) == len(cases)


@pytest.mark.usefixtures("true_hashes")
def test_how_long_a_refusal_takes_tells_nothing(
    light: House, capsys: pytest.CaptureFixture[str]
) -> None:
    head = ready(light)
    spent: dict[str, list[float]] = {"head": [], "stranger": []}
    for number in range(8):
        for case, email in (("head", HEAD_EMAIL), ("stranger", f"x{number}@ecole.example")):
            light.later(hours=2)
            begin = time.perf_counter()
            head.refused(guess(head), email)
            spent[case].append(time.perf_counter() - begin)
    known, unknown = (statistics.median(spent[case]) for case in ("head", "stranger"))
    with capsys.disabled():
        print(f"\nrefused: head {known * 1e3:.1f} ms, stranger {unknown * 1e3:.1f} ms")
    assert abs(known - unknown) < 0.5 * min(known, unknown)


# --- what is kept ---------------------------------------------------------------------------


def test_wrong_tries_are_told_to_the_head_once(house: House, head: Head) -> None:
    head.refused(guess(head))
    head.refused("something else")
    (notice,) = head.comes().notices
    assert notice.text("en").startswith("2 wrong tries to sign in with your address since 02/09")
    house.later()
    assert head.comes().notices == ()


def test_tries_are_written_down_for_whom_they_are_about(house: House, head: Head) -> None:
    house.activated(email=HEAD_EMAIL)
    house.later()
    for password, email in (
        ("no such password", HEAD_EMAIL),  # the account's affair
        (guess(head), HEAD_EMAIL),  # of both
        (guess(head), "nobody@ecole.example"),
        ("no such password", "nobody@ecole.example"),
    ):
        head.refused(password, email)
    assert outcomes(house) == [
        ("token", "ok"), ("password", "wrong"), ("headnet", "wrong"), ("headnet", "unknown"),
        ("password", "unknown"),
    ]  # fmt: skip
    account = house.account(HEAD_EMAIL)
    assert account is not None and account.failed_tries == 2
    assert [e.address for e in head.events()] == [HEAD_EMAIL]


def test_an_accounts_own_password_may_look_like_one(house: House, head: Head) -> None:
    """It opens the account, and leaves no wrong try behind."""
    _member, whose = house.activated(email=HEAD_EMAIL)
    typed = guess(head)
    own_account.change_password(house.entrance, actor_of(whose), PASSWORD, typed)
    house.later()
    assert head.comes(typed).identity.account_id == whose.identity.account_id
    assert ("headnet", "wrong") not in outcomes(house)
    assert ("password", "wrong") not in outcomes(house)


def test_a_password_is_kept_nowhere(
    light: House, caplog: pytest.LogCaptureFixture, capsys: pytest.CaptureFixture[str]
) -> None:
    caplog.set_level(logging.DEBUG)
    head = ready(light)
    former = head.password()
    head.ask()
    secrets = {former, head.password(), former.replace("-", ""), head.password().replace("-", "")}
    shown = []
    for password, email in (
        (former, HEAD_EMAIL), (head.password(), HEAD_EMAIL), (head.password(), head.password()),
        (former[:-1], HEAD_EMAIL),
    ):  # fmt: skip
        with pytest.raises(SignInRefused) as refused:
            head.comes(password, email)
        shown.append(repr(refused.value) + refused.value.wording.text())
        shown += [repr(frame.frame.f_locals.get("attempt")) for frame in refused.traceback]
        shown += [repr(frame.frame.f_locals.get("typed")) for frame in refused.traceback[1:]]
    head.night()
    shown.append(repr(head.comes()))
    shown.append(caplog.text)
    shown += [repr(row) for row in light.rows(select(SignInEvent))]
    shown += [repr(row.__dict__) for row in light.rows(select(JournalLine))]
    shown += [repr(row.__dict__) for row in light.rows(select(Headship))]
    text = "".join(shown)
    assert HEAD_EMAIL in text
    for secret in secrets:
        assert secret not in text and secret[6:28] not in text and secret[:-1] not in text
    assert not [e for e in light.rows(select(SignInEvent)) if "0000" in e.address]


# --- while they are in ----------------------------------------------------------------------


def test_a_session_lasts_until_a_newer_password_is_in_force(house: House, head: Head) -> None:
    actor = actor_of(head.comes())
    assert holds(house, actor)
    head.ask()
    assert holds(house, actor)
    head.ask()
    assert holds(house, actor)
    head.night()
    assert not holds(house, actor)
    assert holds(house, actor_of(head.comes()))


def test_a_session_ends_with_the_headship(house: House, head: Head) -> None:
    actor = actor_of(head.comes())
    head.record("new@ecole.example")
    head.night()
    assert holds(house, actor)
    head.end()
    assert not holds(house, actor)


def test_a_head_without_an_account_has_no_page_of_one(house: House, head: Head) -> None:
    with pytest.raises(own_account.NotSignedIn):
        own_account.page(house.entrance, actor_of(head.comes()))


def test_drafts_are_the_headships_own(house: House, head: Head) -> None:
    """And neither another headship's of the same address, nor an account's."""
    other = ready(house, house.world.other)
    actor, engine = actor_of(head.comes()), house.world.engine
    from models.database import writing

    with writing(engine, actor, head.now) as session:
        drafts.save(session, "form", {"a": 1})
    with reading(engine, actor, head.now) as session:
        assert drafts.load(session, "form") == {"a": 1}
    with reading(engine, actor_of(other.comes()), head.now) as session:
        assert drafts.load(session, "form") is None


# --- floods -------------------------------------------------------------------------------


def test_where_too_many_come_from_heads_wait_too(house: House, head: Head) -> None:
    for number in range(20):
        head.refused(guess(head), f"guess{number}@ecole.example")
    with pytest.raises(TooManyTries):
        head.comes()
    assert sign_in(house.from_("203.0.113.8"), HEAD_EMAIL, head.password())


def test_guesses_are_counted_up_in_one_row(tmp_path: Path, sqlite_engine: Any) -> None:
    head = ready(make_house(sqlite_engine, tmp_path))
    for _ in range(15):
        head.refused(guess(head))
    (event,) = head.events()
    assert (event.outcome, event.times, event.address) == ("wrong", 15, HEAD_EMAIL)
    assert not head.house.rows(select(Account))
