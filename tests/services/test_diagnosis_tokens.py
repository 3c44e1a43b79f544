"""Why a pasted token opens nothing, and what holds for an address, in the words of the door."""

from datetime import timedelta
from pathlib import Path

import pytest
from sqlalchemy import Engine
from sqlmodel import col

from models.access import Suspension
from models.accounts import Account
from models.consents import Consent
from models.database import Actor
from models.tokens import make_token
from services.access_rows import NotFound
from services.admission import look_at_token
from services.desk import Desk
from services.diagnosis import Diagnosis, diagnose, diagnose_address, diagnose_token
from services.forgotten_passwords import forgot_password
from services.sign_in import SignInRefused, sign_in
from services.token_refusals import TokenRefused
from tests.services.door_world import EMAIL, KEY, House, make_house
from tests.services.head_world import HEAD_EMAIL, make_head, ready


@pytest.fixture
def house(engine: Engine, tmp_path: Path) -> House:
    return make_house(engine, tmp_path)


def of_token(house: House, text: str, desk: Desk | None = None) -> Diagnosis:
    found: Diagnosis = (desk or house.world.desk).read(diagnose_token, text, KEY)
    return found


def of_address(house: House, text: str) -> Diagnosis:
    found: Diagnosis = house.world.desk.read(diagnose_address, text)
    return found


def causes(found: Diagnosis) -> list[str]:
    return [finding.cause for finding in found.findings]


def refusal(house: House, token: str) -> str:
    with pytest.raises(TokenRefused) as refused:
        look_at_token(house.entrance, token)
    return refused.value.wording.text("en")


# --- tokens --------------------------------------------------------------------------------


def test_a_token_that_opens_has_no_finding(house: House) -> None:
    _member, token = house.invited()
    found = of_token(house, f"  {token.lower()} ")
    assert causes(found) == []
    assert [standing.status for standing in found.standing] == ["sent"]


def test_a_mistyped_token_is_said_to_be_mistyped(house: House) -> None:
    _member, token = house.invited()
    assert causes(of_token(house, token[:-1])) == ["token_mistyped"]
    assert causes(of_token(house, make_token(KEY, "invitation", 4711, 1))) == ["token_unknown"]


def test_the_older_of_two_tokens_is_told_with_the_time_of_the_latest(house: House) -> None:
    member, token = house.invited()
    house.invite(member, again=True)
    found = of_token(house, token)
    assert causes(found) == ["token_replaced"]
    assert found.first is not None and found.first.tell is not None
    assert found.first.tell.text("en") == refusal(house, token)


def test_a_used_token_leads_to_a_new_password(house: House) -> None:
    member, token = house.invited(surname="Martin")
    from services.activation import set_password

    set_password(house.entrance, token, "quatre tortues lisent Kant")
    found = of_token(house, token)
    assert causes(found) == ["token_used"]
    assert found.first is not None and found.first.remedy is not None
    assert found.first.remedy.code == "reset_password"
    assert found.first.about.person_id == member.person


def test_an_expired_token_leads_to_a_new_invitation(house: House) -> None:
    _member, token = house.invited()
    house.later(days=15)
    found = of_token(house, token)
    assert causes(found) == ["expired"]
    assert found.first is not None and found.first.remedy is not None
    assert (found.first.remedy.code, found.first.remedy.kind) == ("invite_again", "plan")


def test_a_blocked_token_is_told_by_what_blocks_it(house: House) -> None:
    member, token = house.invited()
    house.world.person(surname="Signé")
    house.edit(Consent, col(Consent.person_id) == member.person, withdrawn_at=house.world.clock())
    assert causes(of_token(house, token))[:1] == ["consent_withdrawn"]
    house.add(
        Suspension(access_id=member.access, school_id=house.world.mine,
                   from_at=house.world.clock(), reason="sortie")
    )  # fmt: skip
    assert causes(of_token(house, token)) == ["deactivated"]


def test_a_token_of_another_school_is_unknown_to_a_director(house: House) -> None:
    _member, token = house.invited()
    stranger = house.world.director(house.world.other)
    assert causes(of_token(house, token, stranger)) == ["token_unknown"]
    assert causes(of_token(house, token, house.world.director())) == []


def test_an_older_headnet_password_is_told(house: House) -> None:
    head = ready(house)
    old = head.password()
    head.ask()
    head.mail(sent_at=house.world.clock(), closed_at=house.world.clock())
    head.night()
    assert causes(of_token(house, old)) == ["headnet_replaced"]
    assert causes(of_token(house, head.password())) == []


# --- addresses -----------------------------------------------------------------------------


def test_the_address_of_somebody_who_is_well_has_no_finding(house: House) -> None:
    house.activated()
    assert causes(of_address(house, f" {EMAIL.upper()} ")) == []


def test_somebody_who_signs_in_with_another_address_is_told(house: House) -> None:
    house.activated(school_email="j.dupont@ecole.example")
    found = of_address(house, "j.dupont@ecole.example")
    assert causes(found) == ["wrong_identifier"]
    assert found.first is not None and found.first.tell is not None
    assert EMAIL not in found.first.tell.text("en")


def test_an_address_that_nobody_has_is_told_with_what_is_meant(house: House) -> None:
    found = of_address(house, "jeanne@gmial.com")
    assert causes(found) == ["unknown_address"]
    assert found.first is not None and "gmail.com" in found.first.sentence.text("en")
    assert causes(of_address(house, "jeanne@")) == ["unknown_address"]


def test_tries_at_the_door_are_found_by_their_address(house: House) -> None:
    member, _signed_in = house.activated()
    house.later()
    with pytest.raises(SignInRefused):
        sign_in(house.entrance, EMAIL, "faux")
    assert causes(of_address(house, EMAIL)) == ["wrong_password"]
    house.edit(Account, col(Account.person_id) == member.person,
               locked_until=house.world.clock() + timedelta(minutes=9))  # fmt: skip
    assert causes(of_address(house, EMAIL)) == ["locked"]


def test_a_forgotten_password_of_somebody_not_yet_activated(house: House) -> None:
    house.invited()
    forgot_password(house.entrance, EMAIL)
    assert causes(of_address(house, EMAIL)) == ["reset_never_activated"]


def test_the_account_of_nobody_on_record_is_looked_at(house: House) -> None:
    now = house.world.clock()
    house.add(Account(email="bureau@ib.example", email_key="bureau@ib.example", name="Bureau",
                      password_hash="x", created_at=now,
                      locked_until=now + timedelta(minutes=9)))  # fmt: skip
    assert causes(of_address(house, "bureau@ib.example")) == ["locked"]


def test_the_address_of_a_head_leads_to_the_three_checks(house: House) -> None:
    head = make_head(house)
    head.ask()
    assert causes(of_address(house, HEAD_EMAIL))[:1] == ["headnet_waits"]


# --- whatever was typed --------------------------------------------------------------------


def test_the_best_match_of_the_search_is_looked_at(house: House) -> None:
    member = house.world.person(surname="Vandenbroeck", first_name="Élise", consent=False)
    desk = house.world.desk
    found = desk.read(diagnose, "vandenbrouk elise", KEY)
    assert (found.kind, found.id, causes(found)[0]) == (
        "person", member.person, "no_consents_at_all",
    )  # fmt: skip
    assert desk.read(diagnose, "inst st exemple", KEY).kind == "school"
    assert desk.read(diagnose, "9901", KEY).kind == "school"
    with pytest.raises(NotFound):
        desk.read(diagnose, "zzzzzz", KEY)


def test_a_director_asks_about_the_own_schools_only(house: House) -> None:
    house.world.person(house.world.other, surname="Ailleurs")
    actor = Actor("director", "director", frozenset({house.world.mine}))
    with pytest.raises(NotFound):
        Desk(house.world.engine, actor, house.world.clock).read(diagnose, "ailleurs", KEY)


def test_nothing_that_was_pasted_is_repeated(house: House) -> None:
    _member, token = house.invited()
    house.later(days=15)
    assert token not in repr(of_token(house, token))
    assert token.replace("-", "") not in repr(of_token(house, token))
